"""Text that does not parse: where the broken stretch ends, and what to say about it."""

from __future__ import annotations

import re
from typing import Final

from . import _tables
from .scanner import OPENER, SourceText, heredoc

# A line that means to be an item, broken as it may be: what it opens is its own, down to where it closes.
_INTENT = re.compile(
    r"[^\W\d][\w-]*+[ \t]*+(?:=(?![=>])|(?:(?:\"[^\"\n]*+\"?|[^\W\d][\w-]*+)[ \t]*+)*+\{)|" + OPENER.pattern[1:]
)

_PIECE = re.compile(
    r"""(?P<skipped>[^"'{}\[\]()\#/<\n]++ | (?:\#|//)[^\n]*+ | "(?:[^"\\\n]|\\.)*+")
      | (?P<string>"(?:[^"\\\n]|\\.)*+)
      | (?P<comment>/\*)
      | (?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*+)\r?\n)
      | (?P<line>\n)
      | (?P<mark>.)""",
    re.VERBOSE,
)
_INDENT = re.compile(r"([ \t]*+)([^\s#/])")
_CLOSES: Final = {"}": "{", "]": "[", ")": "("}


class ParseFailure:
    """Where an item stopped making sense."""

    __slots__ = ("found", "offset", "reason", "state")

    def __init__(self, offset: int, found: str, state: int, reason: str = "") -> None:
        self.offset = offset
        """In the file."""
        self.found = found
        """The token, or character, that does not belong there."""
        self.state = state
        """The parser's state, which knows what would have belonged there."""
        self.reason = reason
        """The message, where it is known."""


def is_prose(text: str, start: int) -> bool:
    """Does what begins at `start` not even mean to be an attribute or a block?"""
    return _INTENT.match(text, start) is None


class Stretch:
    """A broken stretch: where it ends, and which bracket or heredoc in it seems to be the one that nothing closes."""

    __slots__ = ("culprit", "end", "noticed", "start")

    def __init__(self, start: int, end: int, culprit: tuple[int, str] | None = None, noticed: int = 0) -> None:
        self.start = start
        self.end = end
        self.culprit = culprit
        """Its offset in the file, and what it is."""
        self.noticed = noticed
        """The line whose indent gave it away."""


class _OpenBracket:
    """A bracket that is open, and the indent of the line on which it was opened."""

    __slots__ = ("indent", "mark", "offset")

    def __init__(self, mark: str, offset: int, indent: int) -> None:
        self.mark = mark
        self.offset = offset
        self.indent = indent


def broken_stretch(source: SourceText, start: int) -> Stretch:
    """The broken stretch that begins at `start`; it ends at a line's end, its newline not included.

    A stretch that means to be an item goes on to where its brackets are balanced, or to a `}` in the first column,
    but never past a line that opens the next block. Any other stretch is one line.
    """
    text = source.text
    line_end = _line_end(text, start)
    if is_prose(text, start):
        return Stretch(start, line_end)
    limit = source.next_opener(line_end)
    last_comment_end = text.rfind("*/", start, limit) if start <= source.last_comment_end else -1
    first_column = start == 0 or text[start - 1] in "\n\ufeff"
    opened: list[_OpenBracket] = []
    culprit: tuple[int, str] | None = None
    noticed = limit
    indent = 0
    at = start
    while at < limit:
        piece = _PIECE.match(text, at)
        assert piece is not None
        at = piece.end()
        if piece["line"]:
            if not opened:
                return Stretch(start, at - 1, culprit, noticed)
            if first_column and text.startswith("}", at):
                if culprit is None and len(opened) > 1:
                    culprit = opened[-1].offset, opened[-1].mark
                return Stretch(start, _line_end(text, at), culprit, noticed)
            first = _INDENT.match(text, at)
            if first:
                indent = first.end(1) - at
                if culprit is None and _is_over(opened, indent, first[2]):
                    culprit = opened[-1].offset, opened[-1].mark
                    noticed = at
        elif piece["mark"]:
            mark = piece["mark"]
            if mark in "{[(":
                opened.append(_OpenBracket(mark, at - 1, indent))
            elif mark == "}":
                while opened and opened.pop().mark != "{":
                    pass
            elif mark in "])" and opened and opened[-1].mark == _CLOSES[mark]:
                opened.pop()
        elif piece["string"]:
            # A quote that nothing closes must not hide the brace at its line's end: `resource "a" "b {`.
            string = piece["string"].rstrip()
            if string.endswith("{") and not string.endswith("${"):
                opened.append(_OpenBracket("{", piece.start() + len(string) - 1, indent))
        elif piece["comment"]:
            if at <= last_comment_end:
                at = text.find("*/", at) + 2
        elif piece["heredoc"]:
            end = _heredoc_end(source, piece["marker"], at, limit)
            if end == at and culprit is None:
                culprit = piece.start(), piece["heredoc"].rstrip()
            at = max(end, at - 1)
    return Stretch(start, _without_trivia(text, start, limit), culprit, noticed)


def _is_over(opened: list[_OpenBracket], indent: int, first: str) -> bool:
    """Does a line that begins so far to the left tell that the innermost bracket should have been closed before it?"""
    innermost = opened[-1].indent
    return len(opened) > 1 and (indent < innermost or (indent == innermost and first not in "}])"))


def _heredoc_end(source: SourceText, marker: str, at: int, limit: int) -> int:
    """Behind the closing line of a heredoc, or where it begins if nothing closes it in time."""
    if not source.has_end(marker, at):
        return at
    closing = heredoc(marker).closing.search(source.text, at, limit)
    return closing.end() if closing else at


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _without_trivia(text: str, start: int, end: int) -> int:
    """`end`, moved up over blank lines and over comments in the first column: they belong to what follows."""
    while True:
        stripped = len(text[start:end].rstrip(" \t\r\n")) + start
        line = text.rfind("\n", start, stripped) + 1
        if line <= start or not text.startswith(("#", "//"), line):
            return stripped
        end = line


def explained(source: SourceText, failure: ParseFailure, stretch: Stretch) -> tuple[str, int, int]:
    """What to say about a failure in a broken stretch: the message, and the span in the file that it points to."""
    text = source.text
    end = stretch.start + len(text[stretch.start : stretch.end].rstrip())
    if failure.offset >= end:
        if _ends(source, stretch.end):
            return "the text ends here, unfinished", max(end - 1, stretch.start), end
        if stretch.culprit:
            at, mark = stretch.culprit
            return f"nothing closes this `{mark}`", at, at + len(mark)
        return "this is not closed before the next block begins", max(end - 1, stretch.start), end
    if stretch.culprit and stretch.noticed <= failure.offset and failure.found in _CLOSES:
        at, mark = stretch.culprit
        return f"nothing closes this `{mark}`", at, at + len(mark)
    if failure.reason:
        return failure.reason, failure.offset, failure.offset + max(len(failure.found), 1)
    found = failure.found
    shown = "the end of the line" if found in ("\n", "\r\n") else "the end of the text" if not found else f"`{found}`"
    return f"{shown} does not belong here{wanted(failure.state)}", failure.offset, failure.offset + max(len(found), 1)


def _ends(source: SourceText, at: int) -> bool:
    """Is there nothing but white space and comments from here on?"""
    trivia = source.patterns(at).free_prefix.match(source.text, at)
    return trivia is not None and trivia.end() == len(source.text)


def wanted(state: int) -> str:
    """What a message about a failure says that the parser wanted in this state; empty if that would not help."""
    expected = [name for code, name in enumerate(_tables.TERMINALS) if _tables.ACTIONS[state][code]]
    for terminal, words in (
        ("NUMBER_LIT", "an expression"),
        ("EQUAL", "`=`"),
    ):
        if terminal in expected:
            return f"; {words} is wanted"
    if "NEWLINE" in expected:
        return "; a new line is wanted"
    return ""
