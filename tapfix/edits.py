"""Edits: how a fix says what it changes, how fixes combine or clash, and which rule wrote each changed byte.

A fix is a set of edits on one snapshot, made whole or not at all. Edits are plain text replacements, so that text
that no edit names stays as it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple


class Safety(StrEnum):
    """How far a fix may be trusted."""

    SAFE = "safe"
    """The stack means the same afterwards."""
    UNSAFE = "unsafe"
    """The contract asks for a change in meaning."""
    SUGGESTION = "suggestion"
    """Shown, never applied."""


class Edit(NamedTuple):
    """Replace `text[start:end]` of `file` by `text`.

    An insertion has `start == end`; a file that is not there is made.
    """

    file: str
    start: int
    end: int
    text: str


class Fix:
    """Edits that belong together.

    `exclusive`: it renames or moves things all over, so no other fix may share its pass.
    """

    def __init__(self, edits: Iterable[Edit], exclusive: bool = False, removes: tuple[str, ...] = ()) -> None:
        self._edits = edits
        self.exclusive = exclusive
        self.removes = removes
        """Whole files that go."""

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """The edits. Those that come out of an iterator are worked out only when they are asked for."""
        return tuple(self._edits)


def clashes(edit: Edit, other: Edit) -> bool:
    """Whether two edits of one file cannot both be made.

    Edits that only touch do not clash, and equal edits merge. Two different insertions at one point clash, since
    nothing says which comes first.
    """
    if edit == other or edit.file != other.file:
        return False
    if edit.start == edit.end == other.start == other.end:
        return True
    return edit.start < other.end and other.start < edit.end or _inside(edit, other) or _inside(other, edit)


def _inside(insertion: Edit, other: Edit) -> bool:
    return insertion.start == insertion.end and other.start < insertion.start < other.end


def ensure_possible(fix: Fix, texts: Mapping[str, str]) -> None:
    """Raise ValueError if the edits of a fix cannot all be made: two of them clash, or one is none of these texts',
    by file.
    """
    edits = sorted(set(fix.edits))
    for edit, other in pairwise(edits):
        if clashes(edit, other):
            raise ValueError(f"the fix's own edits clash in {edit.file}: {edit[1:]} and {other[1:]}")
    for edit in edits:
        if not 0 <= edit.start <= edit.end <= len(texts.get(edit.file, "")):
            raise ValueError(f"the fix changes what is not there: {edit.file}, {edit.start} to {edit.end}")
        if edit.file not in texts and not _leads_inside(edit.file):
            raise ValueError(f"the fix writes {edit.file!r}, which is not a path inside of the stack")
    for file in fix.removes:
        if file not in texts:
            raise ValueError(f"the fix removes {file}, which does not exist")


def _leads_inside(path: str) -> bool:
    parts = path.split("/")
    return "\\" not in path and all(part not in ("", ".", "..") for part in parts)


class EditSet:
    """The edits accepted for one pass, by file; `accepts` refuses a fix that clashes with any of them, whole."""

    def __init__(self) -> None:
        self._edits: dict[str, list[Edit]] = {}
        self.removes: set[str] = set()
        self.closed = False
        """Whether this pass accepts no further fix: an exclusive fix was accepted, or is next."""
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def may_take(self, fix: Fix) -> bool:
        """Whether the fix may be accepted: not if the pass is closed, or if the fix is exclusive and not the first."""
        return not (self.closed or fix.exclusive and self._count)

    def accepts(self, fix: Fix) -> bool:
        """Accept the whole fix and return True, or leave the whole fix out and return False."""
        if not self.may_take(fix):
            # An exclusive fix is next: no fix after it may change the snapshot before it is made.
            self.closed = True
            return False
        mine = list(dict.fromkeys(fix.edits))
        if any(edit.file in self.removes for edit in mine) or any(file in self._edits for file in fix.removes):
            return False
        if any(clashes(edit, other) for edit in mine for other in self._near(edit)):
            return False
        for edit in mine:
            there = self._edits.setdefault(edit.file, [])
            if edit not in self._near(edit):
                there.insert(bisect_right(there, edit), edit)
        self.removes.update(fix.removes)
        self.closed = fix.exclusive
        self._count += 1
        return True

    def _near(self, edit: Edit) -> Sequence[Edit]:
        """The accepted edits of the same file that may touch this one. They are sorted and do not overlap."""
        there = self._edits.get(edit.file, [])
        high = bisect_right(there, (edit.file, edit.end, float("inf"), ""))
        low = bisect_right(there, (edit.file, edit.start, -1, ""))
        while low > 0 and there[low - 1].end >= edit.start:
            low -= 1
        return there[low:high]

    def by_file(self) -> dict[str, list[Edit]]:
        """The edits of each file, sorted by place; an insertion comes before a replacement at the same offset."""
        return self._edits


class Piece(NamedTuple):
    """A stretch of a text: `origin` is its offset in the original, or -1 if `rule` wrote it."""

    length: int
    origin: int
    rule: str


class Provenance:
    """Where every character of a text that went through passes came from."""

    def __init__(self, length: int, origin: int = 0, rule: str = "") -> None:
        self.pieces: list[Piece] = [Piece(length, origin, rule)] if length else []
        self._starts: list[int] | None = None
        self.gaps: list[int] = []
        """Offsets in the current text at which text was removed and none inserted."""

    def apply(self, edits: Iterable[tuple[int, int, str, str]]) -> None:
        """Follow edits `(start, end, new text, rule)`, sorted and not overlapping."""
        out: list[Piece] = []
        gaps: list[int] = []
        old_gaps = iter([*self.gaps, float("inf")])
        gap = next(old_gaps)
        todo = iter(self.pieces)
        piece: Piece | None = next(todo, None)
        offset = 0
        shift = 0

        def take(upto: int, keep: bool) -> None:
            nonlocal piece, offset
            while piece is not None and offset < upto:
                n = min(piece.length, upto - offset)
                rest = piece.length - n
                if keep:
                    out.append(piece._replace(length=n) if rest else piece)
                offset += n
                piece = (
                    Piece(rest, piece.origin + n if piece.origin >= 0 else -1, piece.rule) if rest else next(todo, None)
                )

        for start, end, text, rule in edits:
            while gap <= start:
                gaps.append(int(gap) + shift)
                gap = next(old_gaps)
            while gap < end:
                gap = next(old_gaps)
            take(start, True)
            take(end, False)
            if text:
                out.append(Piece(len(text), -1, rule))
            else:
                gaps.append(start + shift)
            shift += len(text) - (end - start)
        while gap != float("inf"):
            gaps.append(int(gap) + shift)
            gap = next(old_gaps)
        while piece is not None:
            out.append(piece)
            piece = next(todo, None)
        self.pieces = out
        self.gaps = gaps
        self._starts = None

    def original(self, offset: int) -> int:
        """The place in the original that answers to an offset of the current text: the nearest one before it."""
        if self._starts is None:
            self._starts, at = [], 0
            for piece in self.pieces:
                self._starts.append(at)
                at += piece.length
        index = bisect_right(self._starts, offset) - 1
        if index >= 0 and self.pieces[index].origin >= 0:
            piece = self.pieces[index]
            return piece.origin + min(offset - self._starts[index], piece.length)
        while index >= 0:
            piece = self.pieces[index]
            if piece.origin >= 0:
                return piece.origin + piece.length
            index -= 1
        return 0

    def touched(self) -> list[tuple[int, int]]:
        """The ranges of the current text that rules wrote, and the empty ones where they took something out, sorted."""
        ranges, at = [(gap, gap) for gap in self.gaps], 0
        for piece in self.pieces:
            if piece.origin < 0:
                ranges.append((at, at + piece.length))
            at += piece.length
        return sorted(ranges)


def apply_edits(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """The text with sorted edits that do not overlap made."""
    out, at = [], 0
    for start, end, new in edits:
        out.append(text[at:start])
        out.append(new)
        at = end
    out.append(text[at:])
    return "".join(out)
