"""The values that references name: the first names of a traversal, such as `var.x` or `aws_vpc.main[0]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tapfix.module import Block, Element, Expr
from tapfix.module.nodes import index_expr, step_name
from tapfix.verify.language import PATH_NAMES, TERRAFORM_NAMES
from tapfix.verify.types import DYNAMIC, UNKNOWN, Names, Type, Value, kind_of, misfit

if TYPE_CHECKING:
    from tapfix.verify.declarations import Declarations
    from tapfix.verify.expressions import Typer

ROOTS: Final = frozenset({"var", "local", "module", "data", "each", "count", "self", "path", "terraform", "ephemeral"})
"""The names that begin a reference to something other than a resource."""
_INDEXES: Final = ("index", "legacy_index")


class Resolution:
    """Finds the value that a traversal of an element names. Problems in it are reported.

    `steps` are the steps after the root. Those that belong to the name are removed from the list; all of them if the
    name is wrong.
    """

    __slots__ = ("at", "declarations", "names", "node", "root", "steps", "typer")

    def __init__(self, typer: Typer, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> None:
        self.typer = typer
        self.declarations: Declarations = typer.declarations
        self.root = root
        self.steps = steps
        self.at = at
        self.names = names
        self.node = node

    def value(self) -> Value:
        """The value; UNKNOWN if nobody can know it, or if the name is wrong."""
        return _BY_ROOT.get(self.root, Resolution._resource)(self)

    def _report(self, kind: str, message: str, node: Expr | None = None) -> None:
        self.typer.report("references", kind, message, self.at, node or self.node)

    def _failed(self, kind: str, message: str) -> Value:
        self._report(kind, message)
        self.steps.clear()
        return UNKNOWN

    def _incomplete(self) -> Value:
        return self._failed("invalid-reference", f'a dot and a name must follow "{self.root}"')

    def _next_name(self) -> str | None:
        """Remove the next step if it is a plain name, and return it."""
        if self.steps and self.steps[0].kind == "get_attr":
            return step_name(self.steps.pop(0))
        return None

    def _declared_name(self, kind: str, noun: str) -> str | None:
        """The name that the next step gives. None, with a problem reported, if it is missing or not declared."""
        name = self._next_name()
        if name is None:
            self._incomplete()
        elif not self.declarations.declares(f"{self.root}.{name}"):
            self._failed(kind, f'the {noun} "{name}" is not declared')
        else:
            return name
        return None

    def _variable(self) -> Value:
        name = self._declared_name("undeclared-variable", "variable")
        if name is None:
            return UNKNOWN
        return Value(_without_optional(self.declarations.variable_types.get(name, DYNAMIC)))

    def _local(self) -> Value:
        name = self._declared_name("undeclared-local", "local value")
        return UNKNOWN if name is None else self.typer.local(name)

    def _module(self) -> Value:
        name = self._declared_name("undeclared-module", "module")
        if name is None:
            return UNKNOWN
        call = self.declarations.module.find(f"module.{name}")
        if not isinstance(call, Block) or not self._has_right_index(call):
            return UNKNOWN
        callee = self.declarations.callee(call)
        if callee is None or any(file.tree.diagnostics for file in callee.configuration):
            return UNKNOWN
        if self.steps and self.steps[0].kind == "get_attr":
            output = step_name(self.steps[0])
            if output not in callee.outputs:
                what = f'the module "{name}" has no output "{output}"'
                self._report("unsupported-attribute", what, self.steps[0])
                self.steps.clear()
        return UNKNOWN

    def _resource(self) -> Value:
        name = self._next_name()
        return self._incomplete() if name is None else self._declared("resource", self.root, f"{self.root}.{name}")

    def _data(self) -> Value:
        type, name = self._next_name(), self._next_name()
        return (
            self._incomplete() if type is None or name is None else self._declared("data", type, f"data.{type}.{name}")
        )

    def _ephemeral(self) -> Value:
        return UNKNOWN

    def _declared(self, kind: str, type: str, address: str) -> Value:
        """The object of a resource or data source, or the collection of its instances."""
        if not self.declarations.declares(address):
            if kind == "data" and _is_in_check(self.declarations, address):
                return UNKNOWN
            what = "data source" if kind == "data" else "resource"
            return self._failed("undeclared-resource", f"the {what} {address} is not declared")
        block = self.declarations.module.find(address)
        if not isinstance(block, Block) or not self._has_right_index(block):
            return UNKNOWN
        schema = self.declarations.type_schema(kind, type)
        instance: Type = DYNAMIC if schema is None else schema
        if not _is_counted(block):
            return Value(instance)
        if self.steps and self.steps[0].kind in _INDEXES:
            step = self.steps.pop(0)
            if step.kind == "index":
                key = self.typer.value(index_expr(step), self.at, self.names)
                if block.get("count") is not None and misfit(key, "number"):
                    self._report("invalid-index", f"the instances of {address} are named by numbers", step)
            return Value(instance)
        return Value(["list" if block.get("count") else "map", instance])

    def _has_right_index(self, block: Block) -> bool:
        """Does the reference have an index exactly if the block has several instances? Reports it if not."""
        counted = _is_counted(block)
        if counted and self.steps and self.steps[0].kind == "get_attr":
            by = "count" if block.get("count") else "for_each"
            index = "[0]" if by == "count" else "[each.key]"
            what = f"{block.address} has {by}: one of its instances must be named, such as {block.address}{index}"
            self._failed("missing-instance", what)
            return False
        if not counted and self.steps and self.steps[0].kind in _INDEXES:
            what = f"{block.address} has neither count nor for_each: there are no instances to name by an index"
            self._failed("unexpected-instance", what)
            return False
        return True

    def _each(self) -> Value:
        return self._failed("invalid-reference", f'"{self.root}" is there only where {_NEEDS[self.root]}')

    def _path(self) -> Value:
        known = PATH_NAMES if self.root == "path" else TERRAFORM_NAMES
        name = self._next_name()
        if name is None:
            return self._incomplete()
        if name not in known:
            what = f'"{self.root}" has no attribute "{name}", only {", ".join(sorted(known))}'
            return self._failed("invalid-reference", what)
        return Value("string")


_BY_ROOT: Final[Mapping[str, Callable[[Resolution], Value]]] = {
    "var": Resolution._variable,
    "local": Resolution._local,
    "module": Resolution._module,
    "data": Resolution._data,
    "ephemeral": Resolution._ephemeral,
    "each": Resolution._each,
    "count": Resolution._each,
    "self": Resolution._each,
    "path": Resolution._path,
    "terraform": Resolution._path,
}
_NEEDS: Final = {
    "each": "the block has for_each",
    "count": "the block has count",
    "self": "a provisioner, a connection or a postcondition speaks of its own resource",
}


def _is_counted(block: Block) -> bool:
    return block.get("count") is not None or block.get("for_each") is not None


def _is_in_check(declarations: Declarations, address: str) -> bool:
    checks = declarations.module.blocks_of("check")
    return any(f"data.{'.'.join(inner.labels)}" == address for check in checks for inner in check.blocks_of("data"))


def _without_optional(kind: Type) -> Type:
    return ["object", kind[1]] if kind_of(kind) == "object" and isinstance(kind, list) else kind
