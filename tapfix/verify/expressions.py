"""What expressions come to: their types, and what is wrong in them.

`Typer.value` walks an expression once, as Terraform's evaluator would with every variable unknown: it gives the type back as far as it
can be known, and reports on the way what no value of the variables could make right. What is unknown stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from tapfix.module import Block, Element, Expr, call_arguments, call_name, item_key, item_value, object_items
from tapfix.module.evaluate import unescaped
from tapfix.module.nodes import step_name
from tapfix.schema import BlockSchema, NestedBlock
from tapfix.schema.functions import function
from tapfix.syntax import Leaf
from tapfix.verify.declarations import Declarations
from tapfix.verify.language import PATH_NAMES, TERRAFORM_NAMES
from tapfix.verify.types import (
    DYNAMIC,
    NULL,
    PRIMITIVES,
    UNKNOWN,
    Type,
    Value,
    as_value,
    element_of,
    is_collection,
    is_small,
    kind_of,
    misfit,
    plain,
)

Names = Mapping[str, Value]
"""The names that `for` expressions and `dynamic` blocks bind, and `self`, `each`, `count` where they are there."""

STRING: Final = Value("string")
NUMBER: Final = Value("number")
BOOL: Final = Value("bool")

_ARITHMETIC: Final = frozenset({"Plus", "Minus", "Star", "Slash", "Percent"})
_ORDERING: Final = frozenset({"LessThan", "LessThanEq", "GreaterThan", "GreaterThanEq"})
_EQUALITY: Final = frozenset({"EqualOp", "NotEqual"})
_LOGIC: Final = frozenset({"And", "Or"})
_MAX_DEPTH: Final = 80
_ROOTS: Final = frozenset({"var", "local", "module", "data", "each", "count", "self", "path", "terraform", "ephemeral"})
# Inside these, an error of evaluation is a value like any other.
_FORGIVING: Final = frozenset({"try", "can"})
_FILE_READERS: Final = frozenset(
    [
        "file",
        "filebase64",
        "filebase64sha256",
        "filebase64sha512",
        "filemd5",
        "filesha1",
        "filesha256",
        "filesha512",
        "templatefile",
    ]
)
# These Terraform finds before it evaluates anything, so that try() is of no help.
_STATIC: Final = frozenset(
    {
        "undeclared-variable",
        "undeclared-local",
        "undeclared-module",
        "undeclared-resource",
        "missing-instance",
        "unexpected-instance",
        "unknown-attribute",
        "invalid-reference",
    }
)
_COLLECTIONS: Final = {"toset": "set", "tolist": "list", "tomap": "map"}


class Typer:
    """Types the expressions of one module."""

    def __init__(self, declarations: Declarations) -> None:
        self.declarations = declarations
        self._locals: dict[str, Value] = {}
        self._open: set[str] = set()
        self._forgiving = 0
        self._depth = 0

    # --- entry points -------------------------------------------------------------------------------------------

    def value(self, expr: Expr, at: Element, names: Names) -> Value:
        """The value of an expression of an element; problems in it are reported. What nests too deep is unknown."""
        if isinstance(expr, Leaf):
            return self._leaf(expr, at, names)
        if self._depth == _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return self._node(expr, at, names)
        finally:
            self._depth -= 1

    def local(self, name: str) -> Value:
        """The value of a local; unknown where it leads back to itself."""
        if name not in self._locals:
            attribute = self.declarations.module.locals.get(name)
            if attribute is None or name in self._open:
                return UNKNOWN
            self._open.add(name)
            forgiving, self._forgiving = self._forgiving, 0
            try:
                value = self.value(attribute.expr, attribute, {})
                # A local that doubles another grows with each in a row: past all measure, it is unknown.
                self._locals[name] = value if is_small(value.type) else UNKNOWN
            finally:
                self._open.discard(name)
                self._forgiving = forgiving
        return self._locals[name]

    def expect(self, expr: Expr, wanted: Type, at: Element, names: Names, subject: str) -> Value:
        """The value of an expression where a type is wanted; one that cannot be made it is reported."""
        value = self.value(expr, at, names)
        reason = misfit(value, wanted)
        if reason:
            self._report("schema", "wrong-type", f"{subject} does not fit: {reason}", at, expr)
        return value

    # --- reporting ----------------------------------------------------------------------------------------------

    def _report(self, step: Any, kind: str, message: str, at: Element, node: Expr | None = None) -> None:
        if not self._forgiving or kind in _STATIC:
            self.declarations.report(step, kind, message, at, node)

    @contextmanager
    def _forgive(self) -> Iterator[None]:
        self._forgiving += 1
        try:
            yield
        finally:
            self._forgiving -= 1

    # --- leaves and operators -----------------------------------------------------------------------------------

    def _leaf(self, leaf: Leaf, at: Element, names: Names) -> Value:
        if leaf.kind == "NumberLit":
            try:
                return Value("number", float(leaf.value))
            except ValueError:
                return NUMBER
        if leaf.kind != "Identifier":
            return UNKNOWN
        word = leaf.value
        if word in ("true", "false"):
            return Value("bool", word == "true")
        if word == "null":
            return NULL
        if word in names:
            return names[word]
        if word in _ROOTS:
            what = f'"{word}" names nothing by itself: a dot and a name must follow'
        else:
            what = f'"{word}" names nothing: a reference to a resource has its type and its name, and a text stands in quotes'
        self._report("references", "invalid-reference", what, at, leaf)
        return UNKNOWN

    def _node(self, node: Expr, at: Element, names: Names) -> Value:
        typed = _KINDS.get(node.kind)
        return typed(self, node, at, names) if typed is not None else UNKNOWN

    def _tuple(self, node: Expr, at: Element, names: Names) -> Value:
        return Value(["tuple", [self.value(item, at, names) for item in call_arguments(node)]])

    def _paren(self, node: Expr, at: Element, names: Names) -> Value:
        return self.value(node.children[1], at, names)

    def _template(self, node: Expr, at: Element, names: Names) -> Value:
        parts = node.children[1:-1]
        if node.kind == "template" and len(parts) == 1 and parts[0].kind == "interpolation":
            return self.value(parts[0].children[1], at, names)
        literal = True
        bound = _directive_names(parts)
        names = {**names, **bound} if bound else names
        for part in parts:
            if part.kind == "interpolation":
                literal = False
                value = self.value(part.children[1], at, names)
                if is_collection(value.type):
                    what = f"a {_word(value.type)} cannot stand in a text: a string is wanted"
                    self._report("schema", "wrong-type", what, at, part.children[1])
            elif part.kind == "directive":
                literal = False
                for child in _directive_expressions(part):
                    self.value(child, at, names)
        if not literal or node.kind == "heredoc":
            return STRING
        return Value("string", unescaped("".join(part.value for part in parts if isinstance(part, Leaf))))

    def _unary(self, node: Expr, at: Element, names: Names) -> Value:
        operator, operand = node.children[0], node.children[-1]
        value = self.value(operand, at, names)
        want = "bool" if operator.kind == "Bang" else "number"
        self._operand(value, want, at, operand)
        if want == "number" and isinstance(value.constant, float):
            return Value("number", -value.constant)
        return Value(want)

    def _binary(self, node: Expr, at: Element, names: Names) -> Value:
        # `node` is flat: operand, operator, operand, … Arithmetic binds strongest, then order, equality, logic.
        children = node.children
        operators = [child.kind for child in children[1::2]]
        for place, operand in enumerate(children[::2]):
            value = self.value(operand, at, names)
            beside = set(operators[max(0, place - 1) : place + 1])
            if beside & (_ARITHMETIC | _ORDERING):
                self._operand(value, "number", at, operand)
            elif beside <= _LOGIC:
                self._operand(value, "bool", at, operand)
        return BOOL if any(kind not in _ARITHMETIC for kind in operators) else NUMBER

    def _operand(self, value: Value, wanted: str, at: Element, node: Expr) -> None:
        if misfit(value, wanted):
            self._report("schema", "invalid-operand", f"a {wanted} is wanted here, not a {_word(value.type)}", at, node)

    def _conditional(self, node: Expr, at: Element, names: Names) -> Value:
        condition, yes, no = node.children[0], node.children[2], node.children[4]
        asked = self.value(condition, at, names)
        if misfit(asked, "bool"):
            self._report("schema", "wrong-type", f"a condition is a bool, not a {_word(asked.type)}", at, condition)
        first, second = self.value(yes, at, names), self.value(no, at, names)
        if plain(first.type) == plain(second.type):
            return Value(plain(first.type))
        if {kind_of(first.type), kind_of(second.type)} <= PRIMITIVES:
            return STRING
        shapes = {_shape(first.type), _shape(second.type)}
        if "" not in shapes and len(shapes) > 1:
            what = f"both results of a condition are of one type, not a {_word(first.type)} and a {_word(second.type)}"
            self._report("schema", "wrong-type", what, at, node)
        return UNKNOWN

    # --- collections --------------------------------------------------------------------------------------------

    def _object(self, node: Expr, at: Element, names: Names) -> Value:
        members: dict[str, Any] = {}
        complete = True
        for item in object_items(node):
            key = item.children[0]
            name = item_key(item)
            if name is None:
                if key.kind in ("paren", "template"):
                    self.value(key, at, names)
                complete = False
            value = self.value(item_value(item), at, names)
            if name is not None:
                members[name] = value
        return Value(["object", members]) if complete else Value(["map", DYNAMIC])

    def _for(self, node: Expr, at: Element, names: Names) -> Value:
        bound: list[str] = []
        rest = iter(node.children[2:])
        for child in rest:
            if isinstance(child, Leaf) and child.kind == "Identifier":
                if child.value == "in":
                    break
                bound.append(child.value)
        parts = [
            child
            for child in rest
            if child.kind not in ("Colon", "FatArrow", "Ellipsis", "CBrack", "CBrace", "Newline")
        ]
        if not parts:
            return UNKNOWN
        over = self.value(parts[0], at, names)
        if kind_of(over.type) in PRIMITIVES:
            self._report(
                "schema",
                "wrong-type",
                f"nothing to go through in a {_word(over.type)}: a list, a set or a map is wanted",
                at,
                parts[0],
            )
        inner = {**names, **dict(zip(bound, _iteration(over.type, len(bound)), strict=False))}
        results = []
        for part in parts[1:]:
            if isinstance(part, Leaf) and part.kind == "Identifier" and part.value == "if":
                continue
            results.append(self.value(part, at, inner))
        grouped = any(child.kind == "Ellipsis" for child in node.children)
        if node.kind == "for_tuple":
            return Value(["list", plain(results[0].type) if results else DYNAMIC])
        return Value(["map", DYNAMIC if grouped or len(results) < 2 else plain(results[1].type)])

    # --- calls --------------------------------------------------------------------------------------------------

    def _call(self, node: Expr, at: Element, names: Names) -> Value:
        name = call_name(node) or ""
        arguments = call_arguments(node)
        if name in _FORGIVING:
            with self._forgive():
                for argument in arguments:
                    self.value(argument, at, names)
            return BOOL if name == "can" else UNKNOWN
        values = [self.value(argument, at, names) for argument in arguments]
        if name.startswith("provider::"):
            return UNKNOWN
        known = function(name)
        if known is None:
            self._report("references", "unknown-function", f'there is no function "{name}"', at, node.children[0])
            return UNKNOWN
        expanded = any(child.kind == "Ellipsis" for child in node.children)
        if not expanded:
            if not known.takes(len(values)):
                self._report(
                    "schema", "argument-count", _count_message(name, known.least, known.most, len(values)), at, node
                )
                return UNKNOWN
            for index, (argument, value) in enumerate(zip(arguments, values, strict=True)):
                reason = misfit(value, known.parameter_type(index))
                if reason:
                    what = f"argument {index + 1} of {name}() does not fit: {reason}"
                    self._report("schema", "wrong-type", what, at, argument)
        if name in _FILE_READERS and arguments and not self._forgiving:
            self._file(arguments[0], at)
        return self._result(name, known.returns, values, expanded)

    def _file(self, argument: Expr, at: Element) -> None:
        """A file that a function reads while the stack is planned is there."""
        path = self.declarations.lacks_file(argument)
        if path is not None:
            # An archive is what a build makes: its place is empty until then.
            severity: Literal["error", "warning"] = "warning" if path.endswith((".zip", ".jar")) else "error"
            self.declarations.report(
                "references", "missing-file", f"the file {path} is not there", at, argument, severity
            )

    def _result(self, name: str, returns: Type, values: Sequence[Value], expanded: bool) -> Value:
        if name in _COLLECTIONS and values:
            return Value([_COLLECTIONS[name], element_of(values[0].type)])
        if name == "merge" and not expanded:
            return Value(_merged([value.type for value in values]))
        return Value(returns)

    # --- references ---------------------------------------------------------------------------------------------

    def _traversal(self, node: Expr, at: Element, names: Names) -> Value:
        root, steps = node.children[0], list(node.children[1:])
        if isinstance(root, Leaf) and root.kind == "Identifier" and root.value not in names:
            value = self._resolve(root.value, steps, at, names, node)
        else:
            value = self.value(root, at, names)
        return self._follow(value, steps, at, names)

    def _follow(self, value: Value, steps: list[Expr], at: Element, names: Names) -> Value:
        """Take steps, one by one; behind a splat they go on from each element."""
        while steps:
            step = steps.pop(0)
            if step.kind in ("attr_splat", "full_splat"):
                element = (
                    Value(element_of(value.type))
                    if kind_of(value.type) in ("list", "set", "tuple")
                    else Value(value.type)
                )
                return Value(["list", plain(self._follow(element, steps, at, names).type)])
            if step.kind == "index":
                value = self._index(value, self.value(step.children[1], at, names), at, step)
            elif step.kind == "legacy_index":
                value = self._index(value, NUMBER, at, step)
            else:
                value = self._member(value, step_name(step), at, step)
        return value

    def _index(self, value: Value, key: Value, at: Element, step: Expr) -> Value:
        kind = value.type
        match kind_of(kind):
            case "string" | "number" | "bool":
                self._report("references", "invalid-index", f"a {_word(kind)} has no elements", at, step)
            case "set":
                self._report("references", "invalid-index", "the elements of a set have no index", at, step)
            case "list" | "tuple":
                if misfit(key, "number"):
                    self._report("references", "invalid-index", "an element of a list is named by a number", at, step)
                elif kind_of(kind) == "tuple" and isinstance(key.constant, float):
                    place = int(key.constant)
                    if not 0 <= place < len(kind[1]):
                        self._report("references", "invalid-index", f"there is no element {place}", at, step)
                        return UNKNOWN
                    return as_value(kind[1][place])
                return Value(element_of(kind))
            case "map":
                return Value(kind[1])
            case "object":
                if isinstance(key.constant, str):
                    return self._member(value, key.constant, at, step)
        return UNKNOWN

    def _member(self, value: Value, name: str | None, at: Element, step: Expr) -> Value:
        kind = value.type
        if name is None:
            return UNKNOWN
        if isinstance(kind, BlockSchema):
            return self._schema_member(kind, name, at, step)
        match kind_of(kind):
            case "object":
                if name in kind[1]:
                    return as_value(kind[1][name])
                self._report("references", "unsupported-attribute", f'the object has no attribute "{name}"', at, step)
            case "map":
                return Value(kind[1])
            case "list" | "set" | "tuple":
                what = f'a {_word(kind)} has no attribute "{name}": name one of its elements first'
                self._report("references", "unsupported-attribute", what, at, step)
            case "string" | "number" | "bool":
                self._report(
                    "references", "unsupported-attribute", f'a {_word(kind)} has no attribute "{name}"', at, step
                )
        return UNKNOWN

    def _schema_member(self, block: BlockSchema, name: str, at: Element, step: Expr) -> Value:
        attribute = block.attributes.get(name)
        if attribute is not None:
            return Value(attribute.type)
        nested = block.blocks.get(name)
        if nested is not None:
            return Value(_nested_type(nested))
        owner = getattr(block, "name", "the block")
        self._report("references", "unknown-attribute", f'{owner} has no attribute "{name}"', at, step)
        return UNKNOWN

    def _resolve(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        """The value that the first names of a traversal spell; they are taken off `steps`."""
        resolver = _RESOLVERS.get(root, Typer._resource)
        return resolver(self, root, steps, at, names, node)

    def _next_name(self, steps: list[Expr]) -> str | None:
        """Take the next step off if it is a plain name."""
        if steps and steps[0].kind == "get_attr":
            return step_name(steps.pop(0))
        return None

    def _variable(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        name = self._next_name(steps)
        if name is None:
            return self._incomplete(root, steps, at, node)
        if not self.declarations.declares(f"var.{name}"):
            self._report("references", "undeclared-variable", f'the variable "{name}" is not declared', at, node)
            steps.clear()
            return UNKNOWN
        return Value(_without_optional(self.declarations.variable_types.get(name, DYNAMIC)))

    def _local(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        name = self._next_name(steps)
        if name is None:
            return self._incomplete(root, steps, at, node)
        if not self.declarations.declares(f"local.{name}"):
            self._report("references", "undeclared-local", f'the local value "{name}" is not declared', at, node)
            steps.clear()
            return UNKNOWN
        return self.local(name)

    def _module(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        name = self._next_name(steps)
        if name is None:
            return self._incomplete(root, steps, at, node)
        if not self.declarations.declares(f"module.{name}"):
            self._report("references", "undeclared-module", f'the module "{name}" is not declared', at, node)
            steps.clear()
            return UNKNOWN
        block = self.declarations.module.find(f"module.{name}")
        if not isinstance(block, Block):
            return UNKNOWN
        if not self._instance(block, steps, at, node):
            return UNKNOWN
        child = self.declarations.child(block)
        if (
            child is None
            or not steps
            or steps[0].kind != "get_attr"
            or any(f.tree.diagnostics for f in child.configuration)
        ):
            return UNKNOWN
        output = step_name(steps[0])
        if output not in child.outputs:
            self._report(
                "references", "unsupported-attribute", f'the module "{name}" has no output "{output}"', at, steps[0]
            )
            steps.clear()
        return UNKNOWN

    def _resource(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        name = self._next_name(steps)
        if name is None:
            return self._incomplete(root, steps, at, node)
        return self._declared("resource", root, f"{root}.{name}", steps, at, names, node)

    def _data(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        kind, name = self._next_name(steps), self._next_name(steps)
        if kind is None or name is None:
            return self._incomplete(root, steps, at, node)
        return self._declared(root, kind, f"{root}.{kind}.{name}", steps, at, names, node)

    def _ephemeral(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        return UNKNOWN

    def _declared(
        self, kind: str, type: str, address: str, steps: list[Expr], at: Element, names: Names, node: Expr
    ) -> Value:
        """The object of a resource or data source, or the collection of them where it is counted."""
        if not self.declarations.declares(address):
            if kind == "data" and _in_check(self.declarations, address):
                return UNKNOWN
            what = "data source" if kind == "data" else "resource"
            self._report("references", "undeclared-resource", f"the {what} {address} is not declared", at, node)
            steps.clear()
            return UNKNOWN
        block = self.declarations.module.find(address)
        if not isinstance(block, Block) or not self._instance(block, steps, at, node):
            return UNKNOWN
        schema = self.declarations.type_schema(kind, type)
        instance: Type = DYNAMIC if schema is None else schema
        if not _is_counted(block):
            return Value(instance)
        if steps and steps[0].kind in ("index", "legacy_index"):
            step = steps.pop(0)
            if step.kind == "index":
                key = self.value(step.children[1], at, names)
                if block.get("count") is not None and misfit(key, "number"):
                    self._report(
                        "references", "invalid-index", f"the instances of {address} are named by numbers", at, step
                    )
            return Value(instance)
        return Value(["list" if block.get("count") else "map", instance])

    def _instance(self, block: Block, steps: list[Expr], at: Element, node: Expr) -> bool:
        """Whether a reference names an instance just where there are some; what is wrong is reported."""
        counted = _is_counted(block)
        if counted and steps and steps[0].kind == "get_attr":
            by = "count" if block.get("count") else "for_each"
            index = "[0]" if by == "count" else "[each.key]"
            what = f"{block.address} has {by}: one of its instances must be named, such as {block.address}{index}"
            self._report("references", "missing-instance", what, at, node)
            steps.clear()
            return False
        if not counted and steps and steps[0].kind in ("index", "legacy_index"):
            what = f"{block.address} has neither count nor for_each: there are no instances to name by an index"
            self._report("references", "unexpected-instance", what, at, node)
            steps.clear()
            return False
        return True

    def _each(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        self._report("references", "invalid-reference", f'"{root}" is there only where {_NEEDS[root]}', at, node)
        steps.clear()
        return UNKNOWN

    def _path(self, root: str, steps: list[Expr], at: Element, names: Names, node: Expr) -> Value:
        known = PATH_NAMES if root == "path" else TERRAFORM_NAMES
        name = self._next_name(steps)
        if name is None:
            return self._incomplete(root, steps, at, node)
        if name not in known:
            what = f'"{root}" has no attribute "{name}", only {", ".join(sorted(known))}'
            self._report("references", "invalid-reference", what, at, node)
            steps.clear()
            return UNKNOWN
        return STRING

    def _incomplete(self, root: str, steps: list[Expr], at: Element, node: Expr) -> Value:
        self._report("references", "invalid-reference", f'a dot and a name must follow "{root}"', at, node)
        steps.clear()
        return UNKNOWN


_KINDS: Final[Mapping[str, Callable[[Typer, Expr, Element, Names], Value]]] = {
    "template": Typer._template,
    "heredoc": Typer._template,
    "traversal": Typer._traversal,
    "call": Typer._call,
    "object": Typer._object,
    "tuple": Typer._tuple,
    "binary": Typer._binary,
    "unary": Typer._unary,
    "conditional": Typer._conditional,
    "paren": Typer._paren,
    "for_tuple": Typer._for,
    "for_object": Typer._for,
}
_RESOLVERS: Final[Mapping[str, Callable[[Typer, str, list[Expr], Element, Names, Expr], Value]]] = {
    "var": Typer._variable,
    "local": Typer._local,
    "module": Typer._module,
    "data": Typer._data,
    "ephemeral": Typer._ephemeral,
    "each": Typer._each,
    "count": Typer._each,
    "self": Typer._each,
    "path": Typer._path,
    "terraform": Typer._path,
}
_NEEDS: Final = {
    "each": "the block has for_each",
    "count": "the block has count",
    "self": "a provisioner, a connection or a postcondition speaks of its own resource",
}


def _is_counted(block: Block) -> bool:
    return block.get("count") is not None or block.get("for_each") is not None


def _in_check(declarations: Declarations, address: str) -> bool:
    checks = declarations.module.blocks_of("check")
    return any(f"data.{'.'.join(inner.labels)}" == address for check in checks for inner in check.blocks_of("data"))


def _iteration(kind: Type, count: int) -> tuple[Value, ...]:
    """The key and the value that a `for` binds, or the value alone."""
    value = Value(element_of(kind))
    if count == 1:
        return (value,)
    key = {"list": NUMBER, "tuple": NUMBER, "map": STRING, "object": STRING}.get(kind_of(kind), UNKNOWN)
    return (key, value)


def _nested_type(nested: NestedBlock) -> Type:
    if nested.nesting in ("single", "group"):
        return nested.block
    return [nested.nesting, nested.block]


def _without_optional(kind: Type) -> Type:
    return ["object", kind[1]] if kind_of(kind) == "object" and isinstance(kind, list) else kind


def _merged(kinds: Sequence[Type]) -> Type:
    """What merge() comes to: an object of all members where every argument is an object of known ones."""
    if not kinds or any(not isinstance(kind, list) or kind[0] != "object" for kind in kinds):
        maps = [kind for kind in kinds if isinstance(kind, list) and kind[0] in ("map", "object")]
        return ["map", DYNAMIC] if kinds and len(maps) == len(kinds) else DYNAMIC
    members: dict[str, Any] = {}
    for kind in kinds:
        members.update(kind[1])
    return ["object", members]


def _shape(kind: Type) -> str:
    """What two types must have in common for one to become the other; empty for what is unknown."""
    shapes = {"list": "sequence", "set": "sequence", "tuple": "sequence", "map": "mapping", "object": "mapping"}
    word = kind_of(kind)
    return "" if word == DYNAMIC else shapes.get(word, "primitive")


def _word(kind: Type) -> str:
    word = kind_of(kind)
    return {"tuple": "list"}.get(word, word)


def _count_message(name: str, least: int, most: int | None, given: int) -> str:
    wanted = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
    return f"{name}() takes {wanted} argument{'' if wanted == '1' else 's'}, not {given}"


def _directive_names(parts: Sequence[Expr]) -> dict[str, Value]:
    """What the `%{ for }` directives of a template bind; they are in force in all of it, which is near enough."""
    found: dict[str, Value] = {}
    for part in parts:
        if part.kind == "directive":
            words = [child.value for child in part.children if isinstance(child, Leaf) and child.kind == "Identifier"]
            if words and words[0] == "for" and "in" in words:
                found.update(dict.fromkeys(words[1 : words.index("in")], UNKNOWN))
    return found


def _directive_expressions(part: Expr) -> Iterator[Expr]:
    """The expressions of a directive: behind `if`, and behind the `in` of a `for`."""
    started = False
    for child in part.children:
        if isinstance(child, Leaf) and child.kind == "Identifier" and not started and child.value in ("if", "in"):
            started = True
        elif started and child.kind != "TemplateSeqEnd":
            yield child
