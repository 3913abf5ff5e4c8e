"""What the source text of templates and the operators of expressions mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tapfix.module.nodes import Expr
from tapfix.module.values import UNKNOWN, Invalid, is_known, number, same, to_bool, to_number
from tapfix.syntax import Leaf


def unescaped(text: str) -> str:
    """The text that a QuotedLit means, with its escapes resolved."""
    if "\\" in text:
        out, i = [], 0
        while i < len(text):
            char = text[i]
            if char != "\\" or i + 1 == len(text):
                out.append(char)
                i += 1
                continue
            mark = text[i + 1]
            width = {"u": 4, "U": 8}.get(mark, 0)
            digits = text[i + 2 : i + 2 + width]
            if width and len(digits) == width:
                try:
                    out.append(chr(int(digits, 16)))
                except (ValueError, OverflowError):
                    out.append(text[i : i + 2 + width])
            else:
                width = 0
                out.append({"n": "\n", "r": "\r", "t": "\t"}.get(mark, mark))
            i += 2 + width
        text = "".join(out)
    return unescaped_marks(text)


def unescaped_marks(text: str) -> str:
    """The text with `$${` and `%%{` as they are printed."""
    return text.replace("$${", "${").replace("%%{", "%{") if "{" in text else text


def without_indent(parts: Sequence[Expr], literals: list[str]) -> list[str]:
    """The literals of a `<<-` heredoc without the white space that all of its lines begin with."""
    text = "".join(s if isinstance(p, Leaf) else "\0" for p, s in zip(parts, literals, strict=True))
    indents = [len(line) - len(line.lstrip(" \t")) for line in text.split("\n") if line.strip(" \t\r")]
    width = min(indents, default=0)
    out, fresh = [], True
    for part, literal in zip(parts, literals, strict=True):
        if not isinstance(part, Leaf):
            out.append(literal)
            fresh = False
            continue
        lines = literal.split("\n")
        out.append(
            "\n".join(s[min(width, len(s) - len(s.lstrip(" \t"))) :] if i or fresh else s for i, s in enumerate(lines))
        )
        fresh = literal.endswith("\n")
    return out


PRECEDENCE: Final = (
    frozenset({"Star", "Slash", "Percent"}),
    frozenset({"Plus", "Minus"}),
    frozenset({"GreaterThan", "GreaterThanEq", "LessThan", "LessThanEq"}),
    frozenset({"EqualOp", "NotEqual"}),
    frozenset({"And"}),
    frozenset({"Or"}),
)
"""The operators, from those that bind most to those that bind least."""


def operate(operator: str, left: object, right: object) -> object:
    """The result of a binary operator, by the kind of its token; UNKNOWN if an unknown operand decides it."""
    if operator in ("And", "Or"):
        decides = operator == "Or"
        known = [to_bool(v) for v in (left, right) if v is not UNKNOWN]
        if decides in known:
            return decides
        return (not decides) if len(known) == 2 else UNKNOWN
    if operator in ("EqualOp", "NotEqual"):
        if not (is_known(left) and is_known(right)):
            return UNKNOWN
        return same(left, right) == (operator == "EqualOp")
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    try:
        return _ARITHMETIC[operator](to_number(left), to_number(right))
    except ArithmeticError as error:
        raise Invalid(str(error)) from error


def _remainder(left: float, right: float) -> object:
    """With the sign of the left operand, as Go has it."""
    rest = abs(left) % abs(right)
    return number(-rest if left < 0 else rest)


_ARITHMETIC: Final[dict[str, Callable[[float, float], object]]] = {
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEq": lambda a, b: a >= b,
    "LessThan": lambda a, b: a < b,
    "LessThanEq": lambda a, b: a <= b,
    "Minus": lambda a, b: number(a - b),
    "Percent": _remainder,
    "Plus": lambda a, b: number(a + b),
    "Slash": lambda a, b: number(a / b),
    "Star": lambda a, b: number(a * b),
}
