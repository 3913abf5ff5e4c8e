"""Text that does not parse: where the broken stretch ends, and its message."""

from __future__ import annotations

import re
from typing import Final

from . import _tables
from .scanner import OPENER, SourceText, heredoc

# A line that is meant to be an item, however broken. The brackets that it opens belong to it, up to where they close.
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
    """The place at which an item stops making sense."""

    __slots__ = ("found", "offset", "reason", "state")

    def __init__(self, offset: int, found: str, state: int, reason: str = "") -> None:
        self.offset = offset
        """In the file."""
        self.found = found
        """The token or character that does not belong there."""
        self.state = state
        """The parser's state, which knows the tokens that may be there."""
        self.reason = reason
        """The message, if the parser knows it."""


def is_prose(text: str, start: int) -> bool:
    """Is the text at `start` not even meant to be an attribute or a block?"""
    return _INTENT.match(text, start) is None


class Stretch:
    """A broken stretch: its range, and the bracket or heredoc in it that seems not to be closed."""

    __slots__ = ("culprit", "end", "noticed", "start")

    def __init__(self, start: int, end: int, culprit: tuple[int, str] | None = None, noticed: int = 0) -> None:
        self.start = start
        self.end = end
        self.culprit = culprit
        """The offset in the file of what is not closed, and its text."""
        self.noticed = noticed
        """The start of the line whose indent shows that the culprit is not closed."""


class _OpenBracket:
    """An open bracket, and the indent of its line."""

    __slots__ = ("indent", "mark", "offset")

    def __init__(self, mark: str, offset: int, indent: int) -> None:
        self.mark = mark
        self.offset = offset
        self.indent = indent


def broken_stretch(source: SourceText, start: int) -> Stretch:
    """The broken stretch that begins at `start`. It ends at the end of a line, without the newline.

    A stretch that is meant to be an item continues to where its brackets are balanced, or to a `}` in the first column,
    but never past a line that opens the next block. Any other stretch is one line.
    """
    line_end = _line_end(source.text, start)
    if is_prose(source.text, start):
        return Stretch(start, line_end)
    return _MeantItem(source, start, source.next_opener(line_end)).stretch()


class _MeantItem:
    """A broken stretch that is meant to be an item, read piece by piece."""

    def __init__(self, source: SourceText, start: int, limit: int) -> None:
        self._source = source
        self._text = source.text
        self._start = start
        self._limit = limit
        self._first_column = start == 0 or self._text[start - 1] in "\n\ufeff"
        self._last_comment_end = self._text.rfind("*/", start, limit) if start <= source.last_comment_end else -1
        self._opened: list[_OpenBracket] = []
        self._culprit: tuple[int, str] | None = None
        self._noticed = limit
        self._indent = 0

    def stretch(self) -> Stretch:
        """The stretch: up to where its brackets are balanced, or to the limit."""
        at = self._start
        while at < self._limit:
            piece = _PIECE.match(self._text, at)
            assert piece is not None
            at = piece.end()
            if piece["line"]:
                end = self._end_before(at)
                if end is not None:
                    return Stretch(self._start, end, self._culprit, self._noticed)
            elif piece["mark"]:
                self._read_mark(piece["mark"], at - 1)
            elif piece["string"]:
                # A quote that nothing closes must not hide the brace at the end of its line: `resource "a" "b {`.
                string = piece["string"].rstrip()
                if string.endswith("{") and not string.endswith("${"):
                    self._open("{", piece.start() + len(string) - 1)
            elif piece["comment"]:
                if at <= self._last_comment_end:
                    at = self._text.find("*/", at) + 2
            elif piece["heredoc"]:
                end = _heredoc_end(self._source, piece["marker"], at, self._limit)
                if end == at and self._culprit is None:
                    self._culprit = piece.start(), piece["heredoc"].rstrip()
                at = max(end, at - 1)
        end = _without_trivia(self._text, self._start, self._limit)
        return Stretch(self._start, end, self._culprit, self._noticed)

    def _open(self, mark: str, offset: int) -> None:
        self._opened.append(_OpenBracket(mark, offset, self._indent))

    def _read_mark(self, mark: str, offset: int) -> None:
        """Open or close a bracket. A `}` closes all brackets up to its `{`."""
        opened = self._opened
        if mark in "{[(":
            self._open(mark, offset)
        elif mark == "}":
            while opened and opened.pop().mark != "{":
                pass
        elif mark in "])" and opened and opened[-1].mark == _CLOSES[mark]:
            opened.pop()

    def _end_before(self, line: int) -> int | None:
        """Where the stretch ends, if it ends before or with the line that begins at `line`."""
        if not self._opened:
            return line - 1
        if self._first_column and self._text.startswith("}", line):
            if len(self._opened) > 1:
                self._blame_innermost()
            return _line_end(self._text, line)
        first = _INDENT.match(self._text, line)
        if first:
            self._indent = first.end(1) - line
            if self._culprit is None and _is_over(self._opened, self._indent, first[2]):
                self._blame_innermost()
                self._noticed = line
        return None

    def _blame_innermost(self) -> None:
        """The innermost open bracket is the culprit, unless there is one already."""
        if self._culprit is None:
            self._culprit = self._opened[-1].offset, self._opened[-1].mark


def _is_over(opened: list[_OpenBracket], indent: int, first: str) -> bool:
    """Does the indent of a line show that the innermost bracket should have been closed before it?"""
    innermost = opened[-1].indent
    return len(opened) > 1 and (indent < innermost or (indent == innermost and first not in "}])"))


def _heredoc_end(source: SourceText, marker: str, at: int, limit: int) -> int:
    """The end of a heredoc's closing line; `at` if nothing closes it before `limit`."""
    if not source.has_end(marker, at):
        return at
    closing = heredoc(marker).closing.search(source.text, at, limit)
    return closing.end() if closing else at


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _without_trivia(text: str, start: int, end: int) -> int:
    """`end` without blank lines and first-column comments before it, which belong to what follows."""
    while True:
        stripped = len(text[start:end].rstrip(" \t\r\n")) + start
        line = text.rfind("\n", start, stripped) + 1
        if line <= start or not text.startswith(("#", "//"), line):
            return stripped
        end = line


def explained(source: SourceText, failure: ParseFailure, stretch: Stretch) -> tuple[str, int, int]:
    """The message for a failure in a broken stretch, and the start and end in the file that it points to."""
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
    """Is there nothing but white space and comments from `at` on?"""
    trivia = source.patterns(at).free_prefix.match(source.text, at)
    return trivia is not None and trivia.end() == len(source.text)


def wanted(state: int) -> str:
    """The part of a message that says what the parser wanted in this state; empty if that would not help."""
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
