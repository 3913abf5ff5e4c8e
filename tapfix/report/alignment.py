"""Which lines of two texts belong together, for the diff.

A line that both texts contain exactly once is a fixed point (Bram Cohen's patience diff), so that a `}` is never
matched with that of another block. Only the stretches between fixed points are searched, and only short ones, so that
no input makes the diff slow. At worst the diff is longer than necessary.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_SEARCHED_AT_MOST = 250_000
"""The most pairs of lines that are compared in a stretch without fixed points. A larger one counts as replaced."""


class Change(NamedTuple):
    """Lines `start:end` of the old text are lines `new_start:new_end` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """What changed between two texts, in order."""
    found = []
    at, new_at = 0, 0
    for start, new_start, length in (*sorted(_matches(old, new)), (len(old), len(new), 0)):
        if (at, new_at) != (start, new_start):
            found.append(Change(at, start, new_at, new_start))
        at, new_at = start + length, new_start + length
    return found


def hunks(found: Sequence[Change], context: int) -> Iterator[list[Change]]:
    """Groups of changes whose lines of context would touch or overlap."""
    group: list[Change] = []
    for change in found:
        if group and change.start - group[-1].end > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _matches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Stretches of equal lines: the index of the first line in each text, and the number of lines."""
    todo = [Change(0, len(old), 0, len(new))]
    while todo:
        start, end, new_start, new_end = todo.pop()
        head = 0
        limit = min(end - start, new_end - new_start)
        while head < limit and old[start + head] == new[new_start + head]:
            head += 1
        tail = 0
        while tail < limit - head and old[end - 1 - tail] == new[new_end - 1 - tail]:
            tail += 1
        if head:
            yield start, new_start, head
        if tail:
            yield end - tail, new_end - tail, tail
        inner = Change(start + head, end - tail, new_start + head, new_end - tail)
        if inner.start == inner.end or inner.new_start == inner.new_end:
            continue
        points = _fixed_points(old, new, inner)
        if points:
            # A fixed point becomes the first line of the stretch that follows it.
            corners = [(inner.start, inner.new_start), *points, (inner.end, inner.new_end)]
            todo += [Change(a, c, b, d) for (a, b), (c, d) in itertools.pairwise(corners)]
        elif (inner.end - inner.start) * (inner.new_end - inner.new_start) <= _SEARCHED_AT_MOST:
            yield from _searched(old, new, inner)


def _fixed_points(old: Sequence[str], new: Sequence[str], within: Change) -> list[tuple[int, int]]:
    """The indexes of lines that both stretches contain exactly once, and in the same order."""
    once = _once(old[within.start : within.end])
    new_once = _once(new[within.new_start : within.new_end])
    pairs = [(within.start + at, within.new_start + new_once[line]) for line, at in once.items() if line in new_once]
    return _longest_rising(pairs)


def _once(lines: Sequence[str]) -> dict[str, int]:
    count = Counter(lines)
    return {line: at for at, line in enumerate(lines) if count[line] == 1}


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise (by patience sorting). The first numbers rise already."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, value) in enumerate(pairs):
        pile = bisect_left(tops, value)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [value]
        piles[pile : pile + 1] = [index]
    run = []
    at = piles[-1] if piles else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _searched(old: Sequence[str], new: Sequence[str], within: Change) -> Iterator[tuple[int, int, int]]:
    matcher = SequenceMatcher(
        None, old[within.start : within.end], new[within.new_start : within.new_end], autojunk=False
    )
    for match in matcher.get_matching_blocks():
        if match.size:
            yield within.start + match.a, within.new_start + match.b, match.size
