"""What an expression evaluates to, as far as the module's own text says: a value, or `UNKNOWN`.

    Evaluator(module).evaluate(attribute.expr)                          # with the variables' defaults
    Evaluator(module, {"environment": "prod"}).evaluate(attribute.expr)
    Evaluator(module).parts(attribute.expr)                             # ("alb-", UNKNOWN) of "alb-${aws_vpc.v.id}"

A rule asks `Context.values` instead, which knows the environments and the callers of a module. Nothing here raises
for what an answer contains: cycles, depth, size, wrong types and unknown functions all evaluate to `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from tapfix.module.literals import PRECEDENCE, operate, unescaped, unescaped_marks, without_indent
from tapfix.module.nodes import (
    Conditional,
    Expr,
    ForExpr,
    call_arguments,
    call_name,
    expands,
    index_expr,
    interpolated,
    is_negation,
    item_key,
    item_key_node,
    item_value,
    object_items,
    opening_mark,
    operands,
    operators,
    parenthesized,
    step_name,
    template_parts,
    traversal_root,
    traversal_steps,
    trims_after,
    trims_before,
    unary_operand,
    whole_address,
)
from tapfix.module.project import Module
from tapfix.module.values import (
    MAX_SIZE,
    UNKNOWN,
    Invalid,
    Unknown,
    as_set,
    is_known,
    number,
    same,
    size,
    to_bool,
    to_dict,
    to_number,
    to_string,
)
from tapfix.syntax import Leaf

__all__ = [
    "UNKNOWN",
    "Evaluator",
    "Unknown",
    "is_known",
]

_MAX_DEPTH: Final = 60
_MAX_STEPS: Final = 50_000

Scope = Mapping[str, object]
"""The names that the `for` expressions around bind."""

_NOTHING_BOUND: Final[Scope] = {}


class Evaluator:
    """Evaluates expressions of one module with one set of values for its variables; each local value is evaluated
    once.
    """

    def __init__(self, module: Module, variables: Mapping[str, object] | None = None) -> None:
        self.module = module
        self.given = variables or {}
        self._locals: dict[str, object] = {}
        self._variables: dict[str, object] = {}
        self._open: set[str] = set()
        self._depth = 0
        self._steps = 0

    def evaluate(self, expr: Expr) -> object:
        """What an expression of the module evaluates to; `UNKNOWN` in all doubt."""
        self._steps = 0
        try:
            return self._value(expr, _NOTHING_BOUND)
        except Invalid:
            return UNKNOWN

    def parts(self, expr: Expr) -> tuple[str | Unknown, ...]:
        """The text that an expression evaluates to, in parts: what is known of it as strings, `UNKNOWN` for each gap.

        Two known parts are never next to each other. A text that is known whole is one part, a text that is not known
        at all is one `UNKNOWN`.
        """
        self._steps = 0
        joined: list[str | Unknown] = []
        for piece in self._pieces(expr):
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            elif piece != "" and not (piece is UNKNOWN and joined and joined[-1] is UNKNOWN):
                joined.append(piece)
        return tuple(joined) or ("",)

    def _pieces(self, expr: Expr) -> Iterator[str | Unknown]:
        """The pieces of a text, not joined."""
        try:
            value = self._value(expr, _NOTHING_BOUND)
        except Invalid:
            value = UNKNOWN
        if value is not UNKNOWN:
            yield UNKNOWN if value is None or isinstance(value, list | dict) else to_string(value)
            return
        source = self._source(expr)
        if source is not None:
            name, inner = source
            if name in self._open or self._depth > _MAX_DEPTH:
                yield UNKNOWN
                return
            self._open.add(name)
            self._depth += 1
            try:
                yield from self._pieces(inner)
            finally:
                self._depth -= 1
                self._open.discard(name)
        elif expr.kind == "paren":
            yield from self._pieces(parenthesized(expr))
        elif expr.kind == "template" and all(p.kind in ("QuotedLit", "interpolation") for p in template_parts(expr)):
            for part in template_parts(expr):
                if isinstance(part, Leaf):
                    yield unescaped(part.value)
                else:
                    yield from self._pieces(interpolated(part))
        elif call_name(expr) in ("lower", "upper"):
            change: Callable[[str], str] = str.lower if call_name(expr) == "lower" else str.upper
            for argument in call_arguments(expr)[:1]:
                for piece in self._pieces(argument):
                    yield piece if isinstance(piece, Unknown) else change(piece)
        else:
            yield UNKNOWN

    def _source(self, expr: Expr) -> tuple[str, Expr] | None:
        """The name and expression of the local value that an expression names and nothing else."""
        address = whole_address(expr) or ""
        found = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
        return (address, found.expr) if found is not None else None

    # Expressions ---------------------------------------------------------------------------------------------------

    def _value(self, expr: Expr, scope: Scope) -> object:
        self._steps += 1
        if self._depth > _MAX_DEPTH or self._steps > _MAX_STEPS:
            return UNKNOWN
        kind = _KINDS.get(expr.kind)
        if kind is None:
            return UNKNOWN
        self._depth += 1
        try:
            return self._bounded(kind(self, expr, scope))
        finally:
            self._depth -= 1

    def _bounded(self, value: object) -> object:
        """The value, unless it has grown out of all proportion."""
        weight = size(value)
        self._steps += weight // 64
        return UNKNOWN if weight >= MAX_SIZE else value

    def _identifier(self, expr: Expr, scope: Scope) -> object:
        name = expr.text
        if name in scope:
            return scope[name]
        return {"true": True, "false": False, "null": None}.get(name, UNKNOWN)

    def _number(self, expr: Expr, scope: Scope) -> object:
        return to_number(expr.text)

    def _paren(self, expr: Expr, scope: Scope) -> object:
        return self._value(parenthesized(expr), scope)

    def _template(self, expr: Expr, scope: Scope) -> object:
        parts = template_parts(expr)
        if len(parts) == 1 and parts[0].kind == "interpolation":
            return self._value(interpolated(parts[0]), scope)
        if len(parts) == 1 and isinstance(parts[0], Leaf):
            return unescaped(parts[0].value)
        return self._join(parts, [p.value for p in parts], unescaped, scope)

    def _heredoc(self, expr: Expr, scope: Scope) -> object:
        parts = template_parts(expr)
        literals = [p.value for p in parts]
        if opening_mark(expr).startswith("<<-"):
            literals = without_indent(parts, literals)
        return self._join(parts, literals, unescaped_marks, scope)

    def _join(self, parts: Sequence[Expr], literals: list[str], plain: Callable[[str], str], scope: Scope) -> object:
        """The text of a template's parts, without the white space that `~` marks remove."""
        out = []
        for i, part in enumerate(parts):
            if part.kind == "interpolation":
                value = self._value(interpolated(part), scope)
                if value is UNKNOWN:
                    return UNKNOWN
                out.append(to_string(value))
            elif isinstance(part, Leaf):
                text = literals[i]
                if i > 0 and trims_after(parts[i - 1]):
                    text = text.lstrip()
                if i + 1 < len(parts) and trims_before(parts[i + 1]):
                    text = text.rstrip()
                out.append(plain(text))
            else:
                return UNKNOWN
        return "".join(out)

    def _tuple(self, expr: Expr, scope: Scope) -> object:
        return [self._value(c, scope) for c in call_arguments(expr)]

    def _object(self, expr: Expr, scope: Scope) -> object:
        found: dict[str, object] = {}
        for item in object_items(expr):
            key = item_key(item)
            if key is None:
                value = self._value(item_key_node(item), scope)
                if value is UNKNOWN:
                    return UNKNOWN
                key = to_string(value)
            found[key] = self._value(item_value(item), scope)
        return found

    def _conditional(self, expr: Expr, scope: Scope) -> object:
        condition, yes, no = Conditional.of(expr)
        decided = self._value(condition, scope)
        if decided is not UNKNOWN:
            return self._value(yes if to_bool(decided) else no, scope)
        one, other = self._value(yes, scope), self._value(no, scope)
        return one if is_known(one) and is_known(other) and same(one, other) else UNKNOWN

    def _unary(self, expr: Expr, scope: Scope) -> object:
        value = self._value(unary_operand(expr), scope)
        if value is UNKNOWN:
            return UNKNOWN
        return not to_bool(value) if is_negation(expr) else number(-to_number(value))

    def _binary(self, expr: Expr, scope: Scope) -> object:
        """The flat row of operands, folded from the operators that bind most to those that bind least."""
        values = [self._value(operand, scope) for operand in operands(expr)]
        between = [operator.kind for operator in operators(expr)]
        for level in PRECEDENCE:
            left, rest = [values[0]], []
            for operator, operand in zip(between, values[1:], strict=True):
                if operator in level:
                    left[-1] = operate(operator, left[-1], operand)
                else:
                    left.append(operand)
                    rest.append(operator)
            values, between = left, rest
        return values[0]

    def _call(self, expr: Expr, scope: Scope) -> object:
        name = (call_name(expr) or "").removeprefix("core::")
        arguments = call_arguments(expr)
        if name in ("try", "can"):
            return self._try(name, arguments, scope)
        values = [self._value(a, scope) for a in arguments]
        if expands(expr):
            last = values.pop() if values else UNKNOWN
            if not isinstance(last, list):
                return UNKNOWN
            values.extend(last)
        from tapfix.module.functions import call  # Most modules call no function whose result is needed.

        return call(name, values)

    def _try(self, name: str, arguments: Sequence[Expr], scope: Scope) -> object:
        for argument in arguments:
            try:
                value = self._value(argument, scope)
            except Invalid:
                continue
            if name == "can":
                return True if is_known(value) else UNKNOWN
            return value
        if name == "can":
            return False
        raise Invalid("nothing to try")

    # Traversals ----------------------------------------------------------------------------------------------------

    def _traversal(self, expr: Expr, scope: Scope) -> object:
        root, steps = traversal_root(expr), traversal_steps(expr)
        name = root.value if root.kind == "Identifier" else ""
        if name in ("var", "local") and name not in scope:
            wanted = step_name(steps[0])
            if wanted is None:
                return UNKNOWN
            value = self._variable(wanted) if name == "var" else self._local(wanted)
            steps = steps[1:]
        else:
            value = self._value(root, scope)
        return self._follow(value, steps, scope)

    def _follow(self, value: object, steps: Sequence[Expr], scope: Scope) -> object:
        for i, step in enumerate(steps):
            if value is UNKNOWN:
                return UNKNOWN
            if step.kind in ("attr_splat", "full_splat"):
                items = value if isinstance(value, list) else [] if value is None else [value]
                return [self._follow(v, steps[i + 1 :], scope) for v in items]
            key: object = step_name(step)
            if key is None:
                key = self._value(index_expr(step), scope)
            if key is UNKNOWN:
                return UNKNOWN
            value = _at(value, key)
        return value

    def variable(self, name: str) -> object:
        """The value of a variable of the module."""
        try:
            return self._variable(name)
        except Invalid:
            return UNKNOWN

    def _variable(self, name: str) -> object:
        if name not in self._variables:
            self._variables[name] = self._variable_value(name)
        return self._variables[name]

    def _variable_value(self, name: str) -> object:
        block = self.module.variables.get(name)
        if block is None:
            return UNKNOWN
        default = block.get("default")
        if name in self.given:
            value = self.given[name]
            nullable = block.get("nullable")
            if value is None and default is not None and nullable is not None and nullable.value == "false":
                value = self._value(default.expr, _NOTHING_BOUND)
        elif default is not None:
            value = self._value(default.expr, _NOTHING_BOUND)
        else:
            return UNKNOWN
        type = block.get("type")
        return self._converted(value, type.expr) if type is not None else value

    def _converted(self, value: object, type: Expr) -> object:
        """A value as a type constraint makes it."""
        if value is UNKNOWN or value is None:
            return value
        name = call_name(type) or type.text
        inner = call_arguments(type)[:1] if type.kind == "call" else ()
        if name in _PRIMITIVES:
            return _PRIMITIVES[name](value)
        if name in ("list", "set", "map") and inner:
            if isinstance(value, dict) and name == "map":
                return {k: self._converted(v, inner[0]) for k, v in value.items()}
            if isinstance(value, list) and name != "map":
                items = [self._converted(v, inner[0]) for v in value]
                return as_set(items) if name == "set" else items
            raise Invalid(f"a {name} is wanted")
        if name == "object" and inner and inner[0].kind == "object":
            return self._converted_object(to_dict(value), inner[0])
        return value

    def _converted_object(self, value: Mapping[str, object], type: Expr) -> object:
        found: dict[str, object] = {}
        for item in object_items(type):
            key, wanted = item_key(item), item_value(item)
            if key is None:
                return UNKNOWN
            optional = call_arguments(wanted) if call_name(wanted) == "optional" else ()
            if value.get(key) is not None:
                found[key] = self._converted(value[key], optional[0] if optional else wanted)
            elif len(optional) > 1:
                found[key] = self._converted(self._value(optional[1], _NOTHING_BOUND), optional[0])
            elif optional or key in value:
                found[key] = None
            else:
                raise Invalid(f"{key} is missing")
        return found

    def _local(self, name: str) -> object:
        if name not in self._locals:
            attribute = self.module.locals.get(name)
            if attribute is None or name in self._open:
                return UNKNOWN
            self._open.add(name)
            try:
                self._locals[name] = self._value(attribute.expr, _NOTHING_BOUND)
            finally:
                self._open.discard(name)
        return self._locals[name]

    # For expressions -----------------------------------------------------------------------------------------------

    def _for_tuple(self, expr: Expr, scope: Scope) -> object:
        loop = ForExpr.of(expr)
        rows = self._rows(loop, scope)
        if rows is None:
            return UNKNOWN
        return [self._value(loop.value, row) for row in rows]

    def _for_object(self, expr: Expr, scope: Scope) -> object:
        loop = ForExpr.of(expr)
        rows = self._rows(loop, scope)
        if rows is None or loop.key is None:
            return UNKNOWN
        found: dict[str, object] = {}
        for row in rows:
            key = self._value(loop.key, row)
            if key is UNKNOWN:
                return UNKNOWN
            name, value = to_string(key), self._value(loop.value, row)
            if loop.grouped:
                group = found.setdefault(name, [])
                assert isinstance(group, list)
                group.append(value)
            elif name in found:
                raise Invalid(f"{name} twice")
            else:
                found[name] = value
        return found

    def _rows(self, loop: ForExpr, scope: Scope) -> list[Scope] | None:
        """The names bound in each iteration of a loop; None if the iterations are not known."""
        source = self._value(loop.source, scope)
        if source is UNKNOWN:
            return None
        if isinstance(source, dict):
            pairs: Iterable[tuple[object, object]] = sorted(source.items())
        elif isinstance(source, list):
            pairs = enumerate(source)
        else:
            raise Invalid("nothing to loop over")
        rows: list[Scope] = []
        for key, value in pairs:
            row = {**scope, loop.names[-1]: value}
            if len(loop.names) == 2:
                row[loop.names[0]] = key
            if loop.condition is not None:
                keep = self._value(loop.condition, row)
                if keep is UNKNOWN:
                    return None
                if not to_bool(keep):
                    continue
            rows.append(row)
        return rows


_KINDS: Final[dict[str, Callable[[Evaluator, Expr, Scope], object]]] = {
    "Identifier": Evaluator._identifier,
    "NumberLit": Evaluator._number,
    "binary": Evaluator._binary,
    "call": Evaluator._call,
    "conditional": Evaluator._conditional,
    "for_object": Evaluator._for_object,
    "for_tuple": Evaluator._for_tuple,
    "heredoc": Evaluator._heredoc,
    "object": Evaluator._object,
    "paren": Evaluator._paren,
    "template": Evaluator._template,
    "traversal": Evaluator._traversal,
    "tuple": Evaluator._tuple,
    "unary": Evaluator._unary,
}

_PRIMITIVES: Final[dict[str, Callable[[object], object]]] = {"string": to_string, "number": to_number, "bool": to_bool}


def _at(value: object, key: object) -> object:
    """One step into a value."""
    if isinstance(value, dict):
        name = to_string(key)
        if name not in value:
            raise Invalid(f"no {name}")
        return value[name]
    if isinstance(value, list):
        index = to_number(key)
        if not isinstance(index, int) or not 0 <= index < len(value):
            raise Invalid(f"no element {index}")
        return value[index]
    raise Invalid("nothing to step into")
