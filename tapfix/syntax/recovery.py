"""Text that does not parse: where the broken stretch ends, and what to say about it."""

from __future__ import annotations

import re
from typing import Final

from . import _tables
from .scanner import closing_line

OPENER: Final = re.compile(
    r"^(?:"
    r'(?:resource|data|ephemeral|variable|output|module|provider|check|run|mock_provider|mock_resource)[ \t]+"'
    r"|(?:locals|terraform|moved|removed|import)[ \t]*\{"
    r")",
    re.MULTILINE,
)
"""A line that opens a block which Terraform knows at the top level only: whatever came before it is over."""

# A line that means to be an item, broken as it may be: what it opens is its own, down to where it closes.
_INTENT = re.compile(
    r"[^\W\d][\w-]*+[ \t]*+(?:=(?![=>])|(?:(?:\"[^\"\n]*+\"?|[^\W\d][\w-]*+)[ \t]*+)*+\{)|" + OPENER.pattern[1:]
)

_PIECE = re.compile(
    r"""(?P<skipped>[^"'{}\[\]()\#/<\n]++ | (?:\#|//)[^\n]*+ | "(?:[^"\\\n]|\\.)*+"?)
      | (?P<comment>/\*)
      | (?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*+)\r?\n)
      | (?P<line>\n)
      | (?P<mark>.)""",
    re.VERBOSE,
)
_CLOSES: Final = {"}": "{", "]": "[", ")": "("}


class Failure:
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


def broken_end(text: str, start: int) -> int:
    """Where the broken stretch that begins at `start` ends: at a line's end, its newline not included.

    A stretch that means to be an item goes on to where its brackets are balanced, or to a `}` in the first column,
    but never past a line that opens the next block. Any other stretch is one line.
    """
    line_end = _line_end(text, start)
    if is_prose(text, start):
        return line_end
    following = OPENER.search(text, line_end)
    limit = following.start() if following else len(text)
    first_column = start == 0 or text[start - 1] in "\n\ufeff"
    open_marks: list[str] = []
    at = start
    while at < limit:
        piece = _PIECE.match(text, at)
        assert piece is not None
        at = piece.end()
        if piece["line"]:
            if not open_marks:
                return at - 1
            if first_column and text.startswith("}", at):
                return _line_end(text, at)
        elif piece["mark"]:
            mark = piece["mark"]
            if mark in "{[(":
                open_marks.append(mark)
            elif mark == "}":
                while open_marks and open_marks.pop() != "{":
                    pass
            elif mark in "])" and open_marks and open_marks[-1] == _CLOSES[mark]:
                open_marks.pop()
        elif piece["comment"]:
            closing = text.find("*/", at, limit)
            at = closing + 2 if closing >= 0 else at
        elif piece["heredoc"]:
            at = _heredoc_end(text, piece["marker"], at, limit)
    return _without_trivia(text, start, limit)


def _heredoc_end(text: str, marker: str, at: int, limit: int) -> int:
    """Behind the closing line of a heredoc, or where it begins if nothing closes it in time."""
    closing = closing_line(marker)
    line = at
    while line < limit:
        match = closing.match(text, line)
        if match:
            return match.end()
        line = text.find("\n", line) + 1
        if not line:
            break
    return at


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


def explained(text: str, failure: Failure, end: int) -> tuple[str, int, int]:
    """What to say about a failure in a stretch that ends at `end`: the message, and where it points to."""
    if failure.offset >= end:
        return "this is not closed before the next block begins" if end < len(text) else "the text ends here, unfinished", max(end - 1, 0), end
    if failure.reason:
        return failure.reason, failure.offset, failure.offset + max(len(failure.found), 1)
    found = failure.found
    shown = "the end of the line" if found in ("\n", "\r\n") else "the end of the text" if not found else f"`{found}`"
    wanted = _wanted(failure.state)
    return f"{shown} does not belong here{wanted}", failure.offset, failure.offset + max(len(found), 1)


def _wanted(state: int) -> str:
    expected = [
        name for code, name in enumerate(_tables.TERMINALS) if _tables.ACTIONS[state + code]
    ]
    for terminal, words in (
        ("NUMBER_LIT", "an expression"),
        ("EQUAL", "`=`"),
    ):
        if terminal in expected:
            return f"; {words} is wanted"
    if "NEWLINE" in expected:
        return "; a new line is wanted"
    return ""


