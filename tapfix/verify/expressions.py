"""The types of expressions, and the problems in them.

`Typer.value` walks an expression once, as Terraform's evaluator would with every variable unknown. It returns the type
as far as it is known, and reports problems that no values of the variables could solve. What is unknown stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from tapfix.module import Element, Expr, call_arguments, call_name, item_key, item_value, object_items
from tapfix.module.literals import unescaped
from tapfix.module.nodes import (
    Conditional,
    ForExpr,
    call_name_node,
    expands,
    index_expr,
    interpolated,
    is_negation,
    item_key_node,
    operands,
    operators,
    parenthesized,
    step_name,
    template_parts,
    traversal_root,
    traversal_steps,
    unary_operand,
)
from tapfix.schema import BlockSchema, NestedBlock
from tapfix.schema.functions import function
from tapfix.syntax import Leaf
from tapfix.verify.declarations import Declarations
from tapfix.verify.problem import StepName
from tapfix.verify.references import ROOTS, Resolution
from tapfix.verify.types import (
    DYNAMIC,
    NULL,
    PRIMITIVES,
    UNKNOWN,
    Names,
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

STRING: Final = Value("string")
NUMBER: Final = Value("number")
BOOL: Final = Value("bool")

_ARITHMETIC: Final = frozenset({"Plus", "Minus", "Star", "Slash", "Percent"})
_ORDERING: Final = frozenset({"LessThan", "LessThanEq", "GreaterThan", "GreaterThanEq"})
_EQUALITY: Final = frozenset({"EqualOp", "NotEqual"})
_LOGIC: Final = frozenset({"And", "Or"})
_MAX_DEPTH: Final = 80
_FORGIVING: Final = frozenset({"try", "can"})
"""Functions that catch the errors of their arguments."""
_FILE_READERS: Final = frozenset(
    "file filebase64 filebase64sha256 filebase64sha512 filemd5 filesha1 filesha256 filesha512 templatefile".split()
)
# Terraform finds these before it evaluates anything, so try() does not catch them.
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
        """The value of an expression of an element, which is unknown if it nests too deep. Reports problems in it."""
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
        """The value of a local value; unknown if it needs itself."""
        if name not in self._locals:
            attribute = self.declarations.module.locals.get(name)
            if attribute is None or name in self._open:
                return UNKNOWN
            self._open.add(name)
            forgiving, self._forgiving = self._forgiving, 0
            try:
                value = self.value(attribute.expr, attribute, {})
                # If each local value contains the one before twice, types grow exponentially. Large ones are unknown.
                self._locals[name] = value if is_small(value.type) else UNKNOWN
            finally:
                self._open.discard(name)
                self._forgiving = forgiving
        return self._locals[name]

    def expect(self, expr: Expr, wanted: Type, at: Element, names: Names, subject: str) -> Value:
        """The value of an expression. Reports it if it cannot be converted to the wanted type."""
        value = self.value(expr, at, names)
        reason = misfit(value, wanted)
        if reason:
            self.report("schema", "wrong-type", f"{subject} does not fit: {reason}", at, expr)
        return value

    # --- reporting ----------------------------------------------------------------------------------------------

    def report(self, step: StepName, kind: str, message: str, at: Element, node: Expr | None = None) -> None:
        """Report a problem at a node of an element, unless `try` or `can` would catch it."""
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
        if word in ROOTS:
            what = f'"{word}" names nothing by itself: a dot and a name must follow'
        else:
            what = (
                f'"{word}" names nothing: a reference to a resource has its type and its name, and a text is in quotes'
            )
        self.report("references", "invalid-reference", what, at, leaf)
        return UNKNOWN

    def _node(self, node: Expr, at: Element, names: Names) -> Value:
        typed = _KINDS.get(node.kind)
        return typed(self, node, at, names) if typed is not None else UNKNOWN

    def _tuple(self, node: Expr, at: Element, names: Names) -> Value:
        return Value(["tuple", [self.value(item, at, names) for item in call_arguments(node)]])

    def _paren(self, node: Expr, at: Element, names: Names) -> Value:
        return self.value(parenthesized(node), at, names)

    def _template(self, node: Expr, at: Element, names: Names) -> Value:
        parts = template_parts(node)
        if node.kind == "template" and len(parts) == 1 and parts[0].kind == "interpolation":
            return self.value(interpolated(parts[0]), at, names)
        literal = True
        bound = _directive_names(parts)
        names = {**names, **bound} if bound else names
        for part in parts:
            if part.kind == "interpolation":
                literal = False
                value = self.value(interpolated(part), at, names)
                if is_collection(value.type):
                    what = f"a {_word(value.type)} cannot be part of a text: a string is wanted"
                    self.report("schema", "wrong-type", what, at, interpolated(part))
            elif part.kind == "directive":
                literal = False
                for child in _directive_expressions(part):
                    self.value(child, at, names)
        if not literal or node.kind == "heredoc":
            return STRING
        return Value("string", unescaped("".join(part.value for part in parts if isinstance(part, Leaf))))

    def _unary(self, node: Expr, at: Element, names: Names) -> Value:
        operand = unary_operand(node)
        value = self.value(operand, at, names)
        want = "bool" if is_negation(node) else "number"
        self._operand(value, want, at, operand)
        if want == "number" and isinstance(value.constant, float):
            return Value("number", -value.constant)
        return Value(want)

    def _binary(self, node: Expr, at: Element, names: Names) -> Value:
        # `node` is flat: operand, operator, operand, … Arithmetic binds strongest, then ordering, equality and logic.
        between = [operator.kind for operator in operators(node)]
        for place, operand in enumerate(operands(node)):
            value = self.value(operand, at, names)
            beside = set(between[max(0, place - 1) : place + 1])
            if beside & (_ARITHMETIC | _ORDERING):
                self._operand(value, "number", at, operand)
            elif beside <= _LOGIC:
                self._operand(value, "bool", at, operand)
        return BOOL if any(kind not in _ARITHMETIC for kind in between) else NUMBER

    def _operand(self, value: Value, wanted: str, at: Element, node: Expr) -> None:
        if misfit(value, wanted):
            self.report("schema", "invalid-operand", f"a {wanted} is wanted here, not a {_word(value.type)}", at, node)

    def _conditional(self, node: Expr, at: Element, names: Names) -> Value:
        condition, yes, no = Conditional.of(node)
        asked = self.value(condition, at, names)
        if misfit(asked, "bool"):
            self.report("schema", "wrong-type", f"a condition is a bool, not a {_word(asked.type)}", at, condition)
        first, second = self.value(yes, at, names), self.value(no, at, names)
        if plain(first.type) == plain(second.type):
            return Value(plain(first.type))
        if {kind_of(first.type), kind_of(second.type)} <= PRIMITIVES:
            return STRING
        shapes = {_shape(first.type), _shape(second.type)}
        if "" not in shapes and len(shapes) > 1:
            what = f"both results of a condition are of one type, not a {_word(first.type)} and a {_word(second.type)}"
            self.report("schema", "wrong-type", what, at, node)
        return UNKNOWN

    # --- collections --------------------------------------------------------------------------------------------

    def _object(self, node: Expr, at: Element, names: Names) -> Value:
        members: dict[str, Any] = {}
        complete = True
        for item in object_items(node):
            key = item_key_node(item)
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
        loop = ForExpr.of(node)
        over = self.value(loop.source, at, names)
        if kind_of(over.type) in PRIMITIVES:
            what = f"nothing to go through in a {_word(over.type)}: a list, a set or a map is wanted"
            self.report("schema", "wrong-type", what, at, loop.source)
        inner = {**names, **dict(zip(loop.names, _iteration(over.type, len(loop.names)), strict=False))}
        if loop.key is not None:
            self.value(loop.key, at, inner)
        value = self.value(loop.value, at, inner)
        if loop.condition is not None:
            self.value(loop.condition, at, inner)
        if node.kind == "for_tuple":
            return Value(["list", plain(value.type)])
        return Value(["map", DYNAMIC if loop.grouped else plain(value.type)])

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
            self.report("references", "unknown-function", f'there is no function "{name}"', at, call_name_node(node))
            return UNKNOWN
        expanded = expands(node)
        if not expanded:
            if not known.takes(len(values)):
                self.report(
                    "schema", "argument-count", _count_message(name, known.least, known.most, len(values)), at, node
                )
                return UNKNOWN
            for index, (argument, value) in enumerate(zip(arguments, values, strict=True)):
                reason = misfit(value, known.parameter_type(index))
                if reason:
                    what = f"argument {index + 1} of {name}() does not fit: {reason}"
                    self.report("schema", "wrong-type", what, at, argument)
        if name in _FILE_READERS and arguments and not self._forgiving:
            self._file(arguments[0], at)
        return self._result(name, known.returns, values, expanded)

    def _file(self, argument: Expr, at: Element) -> None:
        """Check that a file exists that a function reads during the plan."""
        path = self.declarations.lacks_file(argument)
        if path is not None:
            # A build makes archives, so an archive may be missing until then.
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
        root, steps = traversal_root(node), list(traversal_steps(node))
        if isinstance(root, Leaf) and root.kind == "Identifier" and root.value not in names:
            value = Resolution(self, root.value, steps, at, names, node).value()
        else:
            value = self.value(root, at, names)
        return self._follow(value, steps, at, names)

    def _follow(self, value: Value, steps: list[Expr], at: Element, names: Names) -> Value:
        """The value after the steps, which are removed from the list. After a splat they apply to each element."""
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
                value = self._index(value, self.value(index_expr(step), at, names), at, step)
            elif step.kind == "legacy_index":
                value = self._index(value, NUMBER, at, step)
            else:
                value = self._member(value, step_name(step), at, step)
        return value

    def _index(self, value: Value, key: Value, at: Element, step: Expr) -> Value:
        kind = value.type
        match kind_of(kind):
            case "string" | "number" | "bool":
                self.report("references", "invalid-index", f"a {_word(kind)} has no elements", at, step)
            case "set":
                self.report("references", "invalid-index", "the elements of a set have no index", at, step)
            case "list" | "tuple":
                if misfit(key, "number"):
                    self.report("references", "invalid-index", "an element of a list is named by a number", at, step)
                elif kind_of(kind) == "tuple" and isinstance(key.constant, float):
                    place = int(key.constant)
                    if not 0 <= place < len(kind[1]):
                        self.report("references", "invalid-index", f"there is no element {place}", at, step)
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
                self.report("references", "unsupported-attribute", f'the object has no attribute "{name}"', at, step)
            case "map":
                return Value(kind[1])
            case "list" | "set" | "tuple":
                what = f'a {_word(kind)} has no attribute "{name}": name one of its elements first'
                self.report("references", "unsupported-attribute", what, at, step)
            case "string" | "number" | "bool":
                self.report(
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
        self.report("references", "unknown-attribute", f'{owner} has no attribute "{name}"', at, step)
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


def _iteration(kind: Type, count: int) -> tuple[Value, ...]:
    """The values of the names that a `for` binds: key and value, or the value alone."""
    value = Value(element_of(kind))
    if count == 1:
        return (value,)
    key = {"list": NUMBER, "tuple": NUMBER, "map": STRING, "object": STRING}.get(kind_of(kind), UNKNOWN)
    return (key, value)


def _nested_type(nested: NestedBlock) -> Type:
    if nested.nesting in ("single", "group"):
        return nested.block
    return [nested.nesting, nested.block]


def _merged(kinds: Sequence[Type]) -> Type:
    """The type of merge(): an object of all members if every argument is an object with known members."""
    if not kinds or any(not isinstance(kind, list) or kind[0] != "object" for kind in kinds):
        maps = [kind for kind in kinds if isinstance(kind, list) and kind[0] in ("map", "object")]
        return ["map", DYNAMIC] if kinds and len(maps) == len(kinds) else DYNAMIC
    members: dict[str, Any] = {}
    for kind in kinds:
        members.update(kind[1])
    return ["object", members]


def _shape(kind: Type) -> str:
    """A type's shape. Two types of different shapes cannot be converted to each other. Empty if the type is unknown."""
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
    """The names that the `%{ for }` directives of a template bind, as if they held in the whole template."""
    found: dict[str, Value] = {}
    for part in parts:
        if part.kind == "directive":
            words = [child.value for child in part.children if isinstance(child, Leaf) and child.kind == "Identifier"]
            if words and words[0] == "for" and "in" in words:
                found.update(dict.fromkeys(words[1 : words.index("in")], UNKNOWN))
    return found


def _directive_expressions(part: Expr) -> Iterator[Expr]:
    """The expressions of a directive: after `if`, and after the `in` of a `for`."""
    started = False
    for child in part.children:
        if isinstance(child, Leaf) and child.kind == "Identifier" and not started and child.value in ("if", "in"):
            started = True
        elif started and child.kind != "TemplateSeqEnd":
            yield child
