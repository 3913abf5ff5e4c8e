"""How a time leaves a text: with its separator, and with the words that introduce it."""

from __future__ import annotations

import re

from tapfix.module import Expr
from tapfix.module.nodes import template_parts, template_start

SEPARATORS = "-_./:+ "

_DONE = (
    "applied built changed created deployed expires generated initialized installed launched made modified "
    "provisioned refreshed released rotated started taken updated valid"
)
_WHEN = "as at by from of on since until"
_TIME = "build creation date datetime deployment time timestamp update"
_OTHER = "automatically first is it last latest the this was"
_CLAUSE_WORDS = frozenset(f"{_DONE} {_WHEN} {_TIME} {_OTHER}".split())
"""The words of a clause that says nothing without the time."""

_PREPOSITION = rf"(?i)\s*\b(?:as\s+of|{_WHEN.replace(' ', '|')})\s*$"
_INTRODUCTION = (
    rf"(?i)[\s,]*(?:(?:\b(?:automatically|last)\s+)?\b(?:{_DONE.replace(' ', '|')})\b)?"
    rf"(?:\s*\b(?:{_WHEN.replace(' ', '|')})\b)*"
    rf"(?:\s*(?:\b(?:{_TIME.replace(' ', '|')})\b\s*)*[:=@])?\s*$"
)
"""The words that introduce a time: `last updated on`, `, build date:`."""
_CLAUSE_BEGINS = r"[,;|(\[\n]\s*|\.\s+|\s[-–—]\s+"
_CLAUSE_ENDS = r"\s*(?:$|[,;|)\]\n]|\.(?=\s|$)|\s[-–—](?=\s))"
_ZONE = r"\s*(?:UTC|GMT)\b"
_GOES_ON = r",\s*(?=(?:by|for|from|in|to|using|via|with)\b)"


def gap(template: Expr, interpolation: Expr, *, in_prose: bool) -> tuple[int, int]:
    """The range of a template to remove with an interpolation: its separator, and in prose the words that introduce it.

    Offsets are those of the nodes (start, end).
    """
    parts = template_parts(template)
    at = next(i for i, part in enumerate(parts) if part is interpolation)
    left, right = _literal(parts, at - 1), _literal(parts, at + 1)
    start, end = interpolation.start, interpolation.end
    is_last = at == len(parts) - 1
    if in_prose:
        is_first = at <= (1 if left else 0)
        clause = _clause(left, right, is_first, is_last or (bool(right) and at == len(parts) - 2))
        if clause is not None:
            return start - clause[0], end + clause[1]
    if left.endswith(("(", "[")) and right.startswith((")", "]")):
        return start - len(left) + len(left[:-1].rstrip()), end + 1
    separated_left, separated_right = left[-1:] in tuple(SEPARATORS), right[:1] in tuple(SEPARATORS)
    if at == 0 and separated_right:
        return start, end + len(right) - len(right.lstrip(SEPARATORS))
    if separated_left and separated_right:
        return start, end + 1
    if separated_left and (is_last or right[:1] in tuple("\n,;)")):
        return start - (len(left) - len(left.rstrip(SEPARATORS))), end
    return start, end


def _literal(parts: tuple[Expr, ...], at: int) -> str:
    """The text of a literal part of a template; empty where there is none."""
    if not 0 <= at < len(parts) or parts[at].kind not in ("QuotedLit", "StringLit"):
        return ""
    return parts[at].text


def _clause(left: str, right: str, is_first: bool, is_last: bool) -> tuple[int, int] | None:
    """How many characters before and after a time go with it, so that the rest reads as before; None if none do."""
    zone = re.match(_ZONE, right)
    extra = zone.end() if zone is not None else 0
    right = right[extra:]
    ends = re.match(_CLAUSE_ENDS, right)
    if ends is not None and ends[0] == "" and not is_last:
        ends = None  # another interpolation follows
    begins = max(re.finditer(_CLAUSE_BEGINS, left), key=lambda m: m.start(), default=None)
    inner = left[begins.end() :] if begins is not None else left
    words = re.findall(r"[\w'’]+", inner)
    if ends is None:
        preposition = re.search(_PREPOSITION, left) if right[:1].isspace() else None
        return (len(preposition[0]), extra) if preposition is not None else None
    if (begins is None and not is_first) or not _CLAUSE_WORDS.issuperset(word.lower() for word in words):
        introduction = re.search(_INTRODUCTION, left)
        return (len(introduction[0]), extra) if introduction is not None and introduction[0] else None
    if begins is None:
        return _first_clause(left, right, ends, extra)
    if begins[0].startswith(("(", "[")) and right.startswith((")", "]")):
        return len(left) - len(left[: begins.start()].rstrip()), extra + 1
    keep = 1 if begins[0].startswith(".") and not right.startswith(".") else 0
    return len(left) - begins.start() - keep, extra


def _first_clause(left: str, right: str, ends: re.Match[str], extra: int) -> tuple[int, int]:
    """The same for a clause that begins the text."""
    goes_on = re.match(_GOES_ON, right)
    if goes_on is not None and left.strip():
        preposition = re.search(_PREPOSITION, left.rstrip())
        return len(preposition[0]) + len(left) - len(left.rstrip()) - 1 if preposition else 0, extra + goes_on.end()
    rest = right[ends.end() :]
    return len(left), extra + ends.end() + len(rest) - len(rest.lstrip())


def text_without(template: Expr, start: int, end: int) -> str:
    """The source of a template's text without a range of it. Offsets are those of the nodes."""
    first = template_start(template)
    inside = "".join(part.code() for part in template_parts(template))
    return inside[: start - first] + inside[end - first :]
