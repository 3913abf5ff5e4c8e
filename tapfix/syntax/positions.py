"""Offsets to lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate


class LineIndex:
    """The line starts of a text, to turn many offsets into positions."""

    __slots__ = ("_length", "_starts")

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
        self._length = len(text)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset. An offset outside the text counts as the nearest end of the text.

        Columns count characters: a tab is one column, and so is a wide character. The carriage return of a CRLF belongs
        to its line.
        """
        offset = min(max(offset, 0), self._length)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int = 1) -> int:
        """The offset of a 1-based position. A line or column past an end counts as that end."""
        line = min(max(line, 1), len(self._starts))
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else self._length
        return min(start + max(column, 1) - 1, end)


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of one offset in a text. Build a `LineIndex` for many offsets."""
    offset = min(max(offset, 0), len(text))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
