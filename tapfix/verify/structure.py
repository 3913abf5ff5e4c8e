"""Checks the blocks of a module: those of Terraform itself, and resources against the schemas of their providers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tapfix.module import Attribute, Block, Expr, call_arguments, string_value, walk
from tapfix.module.nodes import traversal_root, traversal_steps
from tapfix.schema import TypeSchema
from tapfix.syntax import Leaf
from tapfix.verify.bodies import Bodies, suggestion
from tapfix.verify.declarations import Declarations
from tapfix.verify.expressions import NUMBER, STRING, Typer
from tapfix.verify.language import (
    FORMS,
    MODULE_ARGUMENTS,
    PROVIDER_RESERVED,
    PROVISIONERS,
    RESERVED_VARIABLES,
    RESOURCE_ARGUMENTS,
    RESOURCE_BLOCKS,
    Form,
)
from tapfix.verify.types import (
    DYNAMIC,
    UNKNOWN,
    InvalidType,
    Names,
    Value,
    element_of,
    kind_of,
    misfit,
    parse_constraint,
)

_NOTHING: Final[Names] = {}


class Structure:
    """Checks all blocks of a module, and types the expressions in them."""

    def __init__(self, declarations: Declarations) -> None:
        self.declarations = declarations
        self.typer = Typer(declarations)
        self.bodies = Bodies(self.typer)
        self.module = declarations.module

    def check(self) -> None:
        """Report all problems of the module's blocks."""
        for file in self.module.configuration:
            for attribute in file.attributes.values():
                what = f'an argument "{attribute.name}" is outside of all blocks'
                self.declarations.report("schema", "unknown-argument", what, attribute)
        for block in self.module.blocks:
            self._top(block)

    def _report(self, kind: str, message: str, at: Block | Attribute, node: Expr | None = None) -> None:
        self.declarations.report("schema", kind, message, at, node)

    # --- top-level blocks ---------------------------------------------------------------------------------------

    def _top(self, block: Block) -> None:
        form = FORMS.get(block.type)
        if form is None:
            near = suggestion(block.type, FORMS)
            self._report("unknown-block", f'there are no blocks of type "{block.type}"{near}', block)
            return
        if len(block.labels) != len(form.labels):
            wanted = f"{len(form.labels)} labels ({', '.join(form.labels)})" if form.labels else "no label"
            self._report("wrong-labels", f"a {block.type} block has {wanted}", block)
            return
        for label, node in zip(block.labels, block.label_nodes, strict=True):
            if block.type != "terraform" and not _is_name(label):
                what = f'"{label}" is not a name: letters, digits, _ and - after a letter or _'
                self._report("invalid-name", what, block, node)
        check = _CHECKS.get(block.type)
        if check is not None:
            check(self, block)
        else:
            self._language(block, form, _NOTHING)
            self._depends_on(block)

    def _locals(self, block: Block) -> None:
        for name in block.attributes:
            self.typer.local(name)
        for nested in block.blocks:
            what = f'a locals block has no blocks in it: "{nested.type}" needs an equals sign'
            self._report("unknown-block", what, nested)

    def _without_expressions(self, block: Block) -> None:
        self._language(block, FORMS[block.type], None)

    def _check_block(self, block: Block) -> None:
        self._language(block, FORMS["check"], _NOTHING)
        for inner in block.blocks_of("data"):
            for name in {"count", "for_each"} & inner.attributes.keys():
                what = f'the data block of a check takes no "{name}"'
                self._report("unknown-argument", what, inner.attributes[name])
            if len(inner.labels) == 2:
                self._resource(inner)

    def _language(self, block: Block, form: Form, names: Names | None) -> None:
        """Check a block of the language. `names` is None if its arguments are not expressions."""
        for name, attribute in block.attributes.items():
            if name not in form.arguments and not form.open:
                kind = "block-for-argument" if name in form.blocks else "unknown-argument"
                near = suggestion(name, form.arguments)
                self._report(kind, f'a {block.type} block has no argument "{name}"{near}', attribute)
            elif names is not None and name != "depends_on":
                self.typer.value(attribute.expr, attribute, names)
        for name in sorted(form.required):
            if name not in block.attributes:
                self._report("missing-argument", f'the argument "{name}" of the {block.type} block is missing', block)
        for nested in block.blocks:
            inner = form.blocks.get(nested.type)
            if inner is not None:
                if nested.type != "data":
                    self._language(nested, inner, names)
            elif form.open:
                if names is not None:
                    self.bodies.unknown(nested, names)
            elif nested.type in form.arguments:
                self._report(
                    "argument-for-block",
                    f'"{nested.type}" is an argument of the {block.type} block: it needs an equals sign',
                    nested,
                )
            else:
                near = suggestion(nested.type, form.blocks)
                self._report("unknown-block", f'a {block.type} block has no block "{nested.type}"{near}', nested)

    def _variable(self, block: Block) -> None:
        form = FORMS["variable"]
        if block.name in RESERVED_VARIABLES:
            self._report(
                "invalid-name",
                f'"{block.name}" is the name of a module block\'s own argument: no variable may have it',
                block,
            )
        names: Names = _NOTHING
        for name, attribute in block.attributes.items():
            if name not in form.arguments:
                near = suggestion(name, form.arguments)
                self._report("unknown-argument", f'a variable block has no argument "{name}"{near}', attribute)
            elif name != "type":
                self._constant(attribute)
        kind = block.get("type")
        wanted = DYNAMIC
        if kind is not None:
            try:
                wanted = parse_constraint(kind.expr)
            except InvalidType as error:
                self._report("invalid-type", str(error), kind)
        default = block.get("default")
        if default is not None and not _refers(default.expr):
            value = self.typer.value(default.expr, default, names)
            reason = misfit(value, wanted)
            if reason:
                self._report("wrong-type", f"the default does not fit the variable's type: {reason}", default)
        for nested in block.blocks:
            if nested.type == "validation":
                self._language(nested, form.blocks["validation"], names)
            else:
                self._report("unknown-block", f'a variable block has no block "{nested.type}"', nested)

    def _constant(self, attribute: Attribute) -> None:
        """Check an argument that Terraform reads before it knows any value."""
        for node in walk(attribute.expr):
            if node.kind == "call":
                self._report("not-constant", f'"{attribute.name}" takes no function calls here', attribute, node)
                return
            if node.kind == "traversal":
                self._report(
                    "not-constant", f'"{attribute.name}" takes no variables or other references here', attribute, node
                )
                return

    def _provider(self, block: Block) -> None:
        for name in PROVIDER_RESERVED & block.attributes.keys():
            self._report("reserved-argument", f'a provider block has no argument "{name}"', block.attributes[name])
        alias = block.get("alias")
        if alias is not None:
            text = string_value(alias.expr)
            if alias.expr.kind == "Identifier":
                text = alias.value
            if text is None or not _is_name(text):
                self._report("invalid-alias", "an alias is a plain name, the same for all instances", alias)
        schema = self.declarations.schema
        known = schema.provider(block.name) if schema and self.declarations.knows_provider(block.name) else None
        own = {"alias", "version"} | PROVIDER_RESERVED
        if known is None:
            self.bodies.unknown(block, _NOTHING, skip=own)
            return
        self.bodies.check(block, known, _NOTHING, own, frozenset())

    def _module(self, block: Block) -> None:
        names = self._instance_names(block)
        if "source" not in block.attributes:
            self._report("missing-argument", 'the argument "source" of the module block is missing', block)
        for nested in block.blocks:
            self._report("unknown-block", f'a module block has no block "{nested.type}"', nested)
        for name in ("source", "version"):
            attribute = block.get(name)
            if attribute is not None and string_value(attribute.expr) is None:
                self._report("not-constant", f'"{name}" is a plain text: nothing can be filled in', attribute)
        self._depends_on(block)
        if self.declarations.lacks_callee(block):
            what = f"the module's folder {block.attributes['source'].value} does not exist, or contains no .tf file"
            self.declarations.report("references", "missing-module", what, block)
        child = self.declarations.callee(block)
        types = Declarations(child).variable_types if child else {}
        complete = child is not None and not any(file.tree.diagnostics for file in child.configuration)
        for name, attribute in block.attributes.items():
            if name in MODULE_ARGUMENTS:
                continue
            if complete and child is not None and name not in child.variables:
                near = suggestion(name, child.variables)
                self._report("unknown-argument", f'the module has no variable "{name}"{near}', attribute)
            self.typer.expect(attribute.expr, types.get(name, DYNAMIC), attribute, names, f'"{name}"')
        if complete and child is not None:
            for name, variable in child.variables.items():
                if name not in block.attributes and variable.get("default") is None:
                    self._report("missing-argument", f'the argument "{name}" of the module is missing', block)

    # --- resources ----------------------------------------------------------------------------------------------

    def _resource(self, block: Block) -> None:
        kind, type = block.type, block.labels[0]
        if self.declarations.rules_out(kind, type):
            what = "data source" if kind == "data" else "resource type"
            self._report("unknown-type", f"the provider has no {what} {type}", block, block.label_nodes[0])
        names = self._instance_names(block)
        self._depends_on(block)
        schema = self.declarations.type_schema(kind, type)
        blocks = RESOURCE_BLOCKS if kind == "resource" else {"lifecycle": RESOURCE_BLOCKS["lifecycle"]}
        for nested in block.blocks:
            if nested.type in blocks and not (schema and nested.type in schema.blocks):
                self._meta_block(nested, blocks[nested.type], names, schema)
        if schema is None:
            self.bodies.unknown(block, names, skip=RESOURCE_ARGUMENTS | frozenset(blocks))
        else:
            self.bodies.check(block, schema, names, RESOURCE_ARGUMENTS, frozenset(blocks) - schema.blocks.keys())

    def _instance_names(self, block: Block) -> Names:
        """The names `each` and `count` in a block. Checks its arguments count and for_each."""
        names: dict[str, Value] = {}
        count, each = block.get("count"), block.get("for_each")
        if count is not None:
            self.typer.expect(count.expr, "number", count, _NOTHING, '"count"')
            names["count"] = Value(["object", {"index": NUMBER}])
        if each is not None:
            value = self.typer.value(each.expr, each, _NOTHING)
            kind = kind_of(value.type)
            if kind in ("list", "tuple", "string", "number", "bool"):
                word = "list" if kind == "tuple" else kind
                self._report("wrong-type", f"for_each takes a map or a set of strings, not a {word}", each)
            element = element_of(value.type)
            names["each"] = Value(["object", {"key": STRING, "value": STRING if kind == "set" else Value(element)}])
        if count is not None and each is not None:
            self._report("count-and-each", "a block has count or for_each, not both", each)
        return names

    def _meta_block(self, block: Block, form: Form, names: Names, schema: TypeSchema | None) -> None:
        if block.type != "lifecycle":
            if block.type == "provisioner" and (len(block.labels) != 1 or block.labels[0] not in PROVISIONERS):
                self._report("unknown-provisioner", f'there is no provisioner "{block.name}"', block)
            self.bodies.unknown(block, {**names, "self": UNKNOWN}, skip=("when", "on_failure"))
            return
        if block.outermost is not block and isinstance(block.parent, Block) and block.parent.type == "data":
            form = form._replace(arguments=frozenset())
        for name, attribute in block.attributes.items():
            if name not in form.arguments:
                self._report(
                    "unknown-argument",
                    f'a lifecycle block has no argument "{name}"{suggestion(name, form.arguments)}',
                    attribute,
                )
            elif name in ("prevent_destroy", "create_before_destroy"):
                if _refers(attribute.expr):
                    self._report("not-constant", f'"{name}" is true or false: nothing can be filled in', attribute)
            elif name == "ignore_changes":
                self._ignored(attribute, schema)
            else:
                self.typer.value(attribute.expr, attribute, names)
        for nested in block.blocks:
            if nested.type in form.blocks:
                inner = names if nested.type == "precondition" else {**names, "self": UNKNOWN}
                self._language(nested, form.blocks[nested.type], inner)
            else:
                self._report("unknown-block", f'a lifecycle block has no block "{nested.type}"', nested)

    def _ignored(self, attribute: Attribute, schema: TypeSchema | None) -> None:
        """Check that the attributes exist that ignore_changes names."""
        if attribute.expr.kind != "tuple":
            return
        for item in call_arguments(attribute.expr):
            root = traversal_root(item) if item.kind == "traversal" else item
            name = root.value if isinstance(root, Leaf) else string_value(item)
            if schema is not None and name is not None and name not in schema and name != "all":
                self._report(
                    "unknown-attribute",
                    f'{schema.name} has no attribute "{name}" whose changes could be ignored',
                    attribute,
                    item,
                )

    def _depends_on(self, block: Block) -> None:
        """Check that depends_on names whole blocks that exist."""
        attribute = block.get("depends_on")
        if attribute is None:
            return
        if attribute.expr.kind != "tuple":
            self._report("invalid-dependency", "depends_on takes a list of addresses in brackets", attribute)
            return
        for item in call_arguments(attribute.expr):
            if item.kind == "traversal":
                root = traversal_root(item)
                wanted = {"module": 2, "data": 3, "var": 2, "local": 2}.get(
                    root.value if isinstance(root, Leaf) else "", 2
                )
                steps = [step for step in traversal_steps(item) if step.kind == "get_attr"]
                if len(steps) >= wanted:
                    what = f"depends_on names whole blocks, not their attributes: {_spelling(item, wanted)}"
                    self._report("invalid-dependency", what, attribute, traversal_steps(item)[-1])
                else:
                    self.typer.value(item, attribute, _NOTHING)
            elif string_value(item) is None:
                self._report("invalid-dependency", "depends_on takes addresses, no expressions", attribute, item)


_CHECKS: Final[Mapping[str, Callable[[Structure, Block], None]]] = {
    "resource": Structure._resource,
    "data": Structure._resource,
    "ephemeral": Structure._resource,
    "provider": Structure._provider,
    "module": Structure._module,
    "locals": Structure._locals,
    "variable": Structure._variable,
    "terraform": Structure._without_expressions,
    "moved": Structure._without_expressions,
    "import": Structure._without_expressions,
    "removed": Structure._without_expressions,
    "check": Structure._check_block,
}
"""The check of each type of top-level block. Blocks of other types have only arguments and blocks of the language."""


def _is_name(text: str) -> bool:
    return text.replace("-", "_").isidentifier() and not text.startswith("-")


def _refers(expr: Expr) -> bool:
    return any(node.kind in ("traversal", "call") for node in walk(expr))


def _spelling(item: Expr, names: int) -> str:
    parts = [leaf.value for child in item.children[:names] for leaf in _leaves(child) if leaf.kind == "Identifier"]
    return ".".join(parts)


def _leaves(node: Expr) -> Iterator[Leaf]:
    return (child for child in walk(node) if isinstance(child, Leaf))
