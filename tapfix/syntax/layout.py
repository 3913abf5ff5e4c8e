"""The layout of lines, as `terraform fmt` has it: their indent, the blanks between tokens, and the alignment of cells.

A line is up to three cells: its lead, its assignment and its trailing comment (formatter.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby

from .rewriting import tokens_of
from .tree import Item, Leaf

__all__ = ["WIDTH", "Line", "indent_width", "laid_out"]

WIDTH = "  "
"""terraform's indent for each level."""


class Line:
    """A line as cells, and its range in the source. Columns are counted only where needed."""

    __slots__ = (
        *("start", "end", "lead", "lead_columns"),
        *("assign_gap", "assign", "assign_columns", "comment_gap", "comment", "trailing"),
    )

    def __init__(self, start: int, end: int, lead: str) -> None:
        self.start = start
        self.end = end
        self.lead = lead
        self.assign = self.comment = self.trailing = ""
        self.lead_columns = self.assign_columns = 0
        self.assign_gap = self.comment_gap = 0

    @property
    def text(self) -> str:
        return f"{self.lead}{' ' * self.assign_gap}{self.assign}{' ' * self.comment_gap}{self.comment}{self.trailing}"

    @property
    def has_columns(self) -> bool:
        """Does it have an assignment or a comment, which may be aligned with those of the lines around it?"""
        return self.assign != "" or self.comment != ""

    @property
    def depth(self) -> int:
        """How many levels it is indented by."""
        return (len(self.lead) - len(self.lead.lstrip(" "))) // len(WIDTH)

    def is_formatted_in(self, text: str) -> bool:
        """Does the source have it in this form?"""
        form = self.text
        return text.startswith(form, self.start) and len(form) == self.end - self.start

    def is_indented_in(self, text: str) -> bool:
        """Does the source indent it by its depth?"""
        indented = self.start + len(WIDTH) * self.depth
        return text.startswith(WIDTH * self.depth, self.start) and not text.startswith((" ", "\t"), indented)

    def indented(self, width: str) -> str:
        """The line's text with another indent for each level."""
        return self.text if width == WIDTH else width * self.depth + self.text.lstrip(" ")


def laid_out(items: Sequence[Item], settled: bool) -> list[Line]:
    """The lines of adjacent top-level items, indented, spaced and aligned. `settled` as in `tokens_of`."""
    lines: list[Line] = []
    depths: list[int] = []
    pending: list[Leaf] = []
    start = items[0].start
    trailing = ""
    for item in items:
        for token in tokens_of(item, settled):
            kind = token.kind
            if kind == "EOF":
                trailing = token.value
                break
            pending.append(token)
            if kind == "Newline" or (kind == "Comment" and token.value.endswith("\n")):
                end = item.start + token.end
                lines.append(_line(pending, depths, start, end))
                start = end
                pending = []
    if pending:
        lines.append(_line(pending, depths, start, items[-1].end))
    elif start < items[-1].end:
        lines.append(Line(start, items[-1].end, ""))
    _align(lines)
    if trailing:
        lines[-1].trailing = trailing
    return lines


_BRACKETS = dict.fromkeys(("OBrace", "OBrack", "OParen", "TemplateControl", "TemplateInterp"), 1) | dict.fromkeys(
    ("CBrace", "CBrack", "CParen", "TemplateSeqEnd"), -1
)


def _line(tokens: list[Leaf], depths: list[int], start: int, end: int) -> Line:
    """The line of these tokens, indented. `depths` has the number of open brackets of each line above."""
    kinds = [token.kind for token in tokens]
    if kinds[0] == "Newline":
        return Line(start, end, tokens[0].value)
    stop = len(tokens)
    if stop > 1 and kinds[-1] == "Comment":
        stop -= 1
    split = _assignment(kinds, stop)
    line = Line(start, end, WIDTH * _depth(kinds, split, depths) + _spaced(tokens, kinds, 0, split))
    if split < stop:
        line.assign = _spaced(tokens, kinds, split, stop)
    if stop < len(tokens):
        line.comment = tokens[-1].value
        line.assign_columns = _columns(line.assign, tokens[split:stop])
    if split < len(tokens):
        line.lead_columns = _columns(line.lead, tokens[:split])
    return line


def _assignment(kinds: list[str], stop: int) -> int:
    """The index of the token that begins the assignment cell; `stop` if there is no such cell."""
    if "Equal" not in kinds:
        return stop
    index = next((index for index in range(1, stop) if kinds[index] == "Equal"), stop)
    return stop if sum(_BRACKETS[kind] for kind in kinds[index:stop] if kind in _BRACKETS) else index


def _depth(kinds: list[str], split: int, depths: list[int]) -> int:
    """A line's depth. Updates `depths`. Only the lead counts, because assignments are balanced."""
    change = 0
    for kind in kinds[:split]:
        if kind in _BRACKETS:
            change += _BRACKETS[kind]
        elif kind == "OHeredoc":
            # terraform stops counting here, so an interpolation of several lines in the heredoc changes the depth.
            break
    if change > 0:
        depths.append(change)
        return len(depths) - 1
    while change < 0 and depths:
        change += depths.pop()
        if change > 0:
            depths.append(change)
    return len(depths)


def _spaced(tokens: list[Leaf], kinds: list[str], start: int, stop: int) -> str:
    """The tokens of a cell with the white space between them."""
    parts = []
    before = subject = ""
    for index in range(start, stop):
        kind, text = kinds[index], tokens[index].value
        if subject and _has_space(before, subject, kind):
            parts.append(" ")
        parts.append(text)
        before, subject = subject, "In" if text == "in" and kind == "Identifier" else kind
    return "".join(parts)


_NAMES = frozenset({"Identifier", "In"})
_TEMPLATE_TEXT = frozenset({"QuotedLit", "StringLit"})
_BEFORE_SIGN = frozenset(
    (
        "",
        *("OParen", "OBrace", "OBrack", "Equal", "Colon", "Comma", "Question"),
        *("Plus", "Star", "Slash", "Percent", "Minus"),
        *("EqualOp", "NotEqual", "GreaterThan", "GreaterThanEq", "LessThan", "LessThanEq"),
        *("And", "Or", "Bang"),
    )
)
"""A minus after one of these is a sign: there is nothing to subtract from."""


@cache
def _has_space(before: str, left: str, right: str) -> bool:
    """Is there a blank between tokens of kind `left` and `right`, after one of kind `before` ("" if there is none)?

    The first rule that fits decides; their order is terraform's.
    """
    if right == "Newline":
        return False
    if (left in _NAMES and right in ("OParen", "DoubleColon")) or (left == "DoubleColon" and right in _NAMES):
        return False
    if "Dot" in (left, right):
        return False
    if right in ("Comma", "Ellipsis"):
        return False
    if left == "Comma":
        return True
    if left in _TEMPLATE_TEXT | {"OQuote", "OHeredoc"} or right in _TEMPLATE_TEXT | {"CQuote", "CHeredoc"}:
        return False
    if left == "In" and before in _NAMES:
        # `for x in [y]` is not an index.
        return True
    if right == "OBrack" and (left in _NAMES or left == "NumberLit" or _BRACKETS.get(left, 0) < 0):
        return False
    if left == "Bang":
        return False
    if left == "Minus":
        return before not in _BEFORE_SIGN
    if left == "OBrace" or right == "CBrace":
        return not (left == "OBrace" and right == "CBrace")
    if (left in ("TemplateInterp", "TemplateControl") and right == "OBrace") or (
        left == "CBrace" and right == "TemplateSeqEnd"
    ):
        return True
    if left == "TemplateSeqEnd" and right in ("TemplateInterp", "TemplateControl"):
        return False
    return _BRACKETS.get(left, 0) <= 0 and _BRACKETS.get(right, 0) >= 0


def _columns(cell: str, tokens: list[Leaf]) -> int:
    """The width of a cell in grapheme clusters, counted token by token as terraform counts them."""
    if cell.isascii() and "\r" not in cell:
        return len(cell)
    from .graphemes import count_graphemes

    blanks = len(cell) - sum(len(token.value) for token in tokens)
    columns = blanks + sum(count_graphemes(token.value) for token in tokens)
    # In a heredoc hclsyntax splits a CRLF after `$` or `%`, so it counts twice.
    texts = [token.value for token in tokens if token.kind == "StringLit"]
    return columns + sum(text.count("$\r\n") + text.count("%\r\n") for text in texts)


def _align(lines: list[Line]) -> None:
    """Set the gaps before assignments, and then the gaps before comments, which depend on them."""
    for aligned, group in groupby(lines, lambda line: line.assign != ""):
        if aligned:
            chain = list(group)
            widest = max(line.lead_columns for line in chain)
            for line in chain:
                line.assign_gap = widest - line.lead_columns + 1
    for aligned, group in groupby(lines, lambda line: line.comment != ""):
        if aligned:
            chain = list(group)
            columns = [line.lead_columns + line.assign_gap + line.assign_columns for line in chain]
            widest = max(columns)
            for line, width in zip(chain, columns, strict=True):
                line.comment_gap = widest - width + 1


def indent_width(lines: Iterable[Line], text: str) -> str:
    """The indent for each level that most of the lines have in `text`; terraform's if there is no such majority."""
    widths: Counter[str] = Counter()
    for line in lines:
        depth, source = line.depth, text[line.start : line.end]
        blanks = source[: len(source) - len(source.lstrip(" \t"))]
        if depth and source.strip():
            width = blanks[: len(blanks) // depth]
            widths[width if width * depth == blanks else WIDTH] += 1
    most = widths.most_common(1)
    return most[0][0] or WIDTH if most and 2 * most[0][1] > widths.total() else WIDTH
