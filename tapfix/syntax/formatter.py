"""Formats Terraform code: `terraform fmt` for a whole text, or for the part of it that fixes wrote.

`terraform fmt` does two things. It rewrites a few old forms (rewriting.py), and it sets the white space anew
(layout.py):

- A **line** ends with a new line outside templates. So a heredoc belongs to the line that opens it.
- A line is indented by two blanks for each line above it with brackets that are still open.
- Between two tokens of a line there is one blank or none, whatever the source has.
- A line consists of up to three **cells**: its lead, its assignment (from the first `=`, if the brackets after it are
  balanced) and its trailing comment. The assignments of adjacent lines are aligned, and so are their comments.

Blank lines, line endings, the insides of heredocs and strings, and the text of comments keep their bytes.

All this depends on tokens only. So the formatter works on a flat list of them, and asks the tree only for attributes,
labels and top-level items. No alignment crosses a blank line or a line that is all comment. These cut a text into
**item groups** that can be laid out one by one, which is what makes `format_changed` cheap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from .layout import WIDTH, Line, indent_width, laid_out
from .parse import parse
from .rewriting import LINE_COMMENT
from .tree import Item, Tree

__all__ = ["format_changed", "format_text", "unformatted"]


def format_text(source: str | Tree) -> str:
    """The text as `terraform fmt` would write it. A text that does not parse is returned unchanged."""
    layout = _Layout(_tree(source))
    if layout.is_broken:
        return layout.text
    return "".join(line.text for group in layout.groups for line in group.lines())


def unformatted(text: str) -> tuple[int, ...]:
    """The numbers, from 1, of the lines that `terraform fmt` would change; empty if the text does not parse.

    If `terraform fmt` sees several lines as one, such as a heredoc, the number is that of the first.
    """
    layout = _Layout(parse(text))
    if layout.is_broken:
        return ()
    numbers = []
    number, counted = 1, 0
    for group in layout.groups:
        for start, _ in group.changes(text):
            number += text.count("\n", counted, start)
            counted = start
            numbers.append(number)
    return tuple(numbers)


def format_changed(
    before: str | Tree,
    after: str | Tree,
    touched: Sequence[tuple[int, int]],
    origin: Callable[[int], int] | None = None,
) -> list[tuple[int, int, str]]:
    """The layout pass after fixes: the edits of `after` that format what the fixes wrote, as `terraform fmt` would.

    `touched` are the half-open ranges of `after` that fixes wrote, sorted and not overlapping. A range is empty where
    a fix deleted text. `origin` maps the offset of an untouched character in `after` to its offset in `before`. Without
    it, the untouched stretches are searched for in `before` from the left, which may find the wrong one of two equal
    stretches.

    A line is formatted if a fix touched it, or if its counterpart in `before` was formatted: so the neighbours of a
    longer name move with it if they were aligned, and stay if they were not. Where the untouched lines are indented by
    another width than terraform's, the formatted lines get that width. Everything else, and every top-level item that
    does not parse, keeps its bytes. If `before` is formatted, so is the outcome.
    """
    new, old = _Layout(_tree(after)), _Layout(_tree(before))
    stretches = _Untouched(old.text, new.text, touched, origin)
    edits: list[tuple[int, int, str]] = []
    for group in new.groups_at(touched):
        lines = group.lines(settled=True)
        changed = [line for run in _runs(lines) for line in stretches.changed(lines, run, old)]
        width = indent_width((line for line in lines if not stretches.touch(line)), new.text) if changed else WIDTH
        if width != WIDTH and old.is_formatted:
            width = WIDTH  # The other width comes from lines whose depth changed.
        edits += [(line.start, line.end, line.indented(width)) for line in changed]
    return edits


def _tree(source: str | Tree) -> Tree:
    return parse(source) if isinstance(source, str) else source


def _runs(lines: Sequence[Line]) -> Iterator[slice]:
    """Slices of lines that may be aligned with one another. Every other line is a slice of its own."""
    first = 0
    for last in range(1, len(lines) + 1):
        if last == len(lines) or not (lines[last - 1].has_columns and lines[last].has_columns):
            yield slice(first, last)
            first = last


class ItemGroup:
    """Top-level items with nothing between them that stops an alignment from reaching from one to the next."""

    def __init__(self, items: Sequence[Item], is_broken: bool = False) -> None:
        self.start = items[0].start
        self.end = items[-1].end
        self.is_broken = is_broken
        """It does not parse, so it is not formatted."""
        self._items = items

    def lines(self, settled: bool = False) -> list[Line]:
        """The lines in their form; `settled` makes it the form that repeated runs of `terraform fmt` would end in."""
        return laid_out(self._items, settled)

    def changes(self, text: str, *, own_width: bool = False) -> list[tuple[int, int]]:
        """The ranges of the source that `terraform fmt` would change, line by line.

        With `own_width`, they are the ones that it would change if it indented by the group's own width.
        """
        if self.is_broken:
            return [(self.start, self.end)]
        lines = self.lines()
        width = indent_width(lines, text) if own_width else WIDTH
        return [(line.start, line.end) for line in lines if text[line.start : line.end] != line.indented(width)]


class _Layout:
    """A tree's text in item groups, which are laid out only on request."""

    def __init__(self, tree: Tree) -> None:
        self.text = tree.text
        self.groups = list(_item_groups(tree))
        self.is_broken = any(diagnostic.severity == "error" for diagnostic in tree.diagnostics)
        self._starts = [group.start for group in self.groups]
        self._changes: dict[int, list[tuple[int, int]]] = {}

    @cached_property
    def is_formatted(self) -> bool:
        """Would `terraform fmt` change nothing?"""
        return not any(group.changes(self.text) for group in self.groups)

    def groups_at(self, ranges: Sequence[tuple[int, int]]) -> Iterator[ItemGroup]:
        """The groups that parse and overlap or touch one of the ranges."""
        done = 0
        for start, end in ranges:
            first = max(done, bisect_left(self._starts, start) - 1)
            done = max(done, bisect_right(self._starts, end))
            yield from (group for group in self.groups[first:done] if not group.is_broken)

    def changes_in(self, start: int, end: int) -> bool:
        """Would `terraform fmt`, with the group's own indent, change any line in the range?

        True as well for text that does not parse, because nobody knows.
        """
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self.groups) and self._starts[index] < end:
            changes = self._changes.get(index)
            if changes is None:
                changes = self._changes[index] = self.groups[index].changes(self.text, own_width=True)
            at = bisect_right(changes, (start, start))
            if (at > 0 and changes[at - 1][1] > start) or (at < len(changes) and changes[at][0] < end):
                return True
            index += 1
        return False


def _item_groups(tree: Tree) -> Iterator[ItemGroup]:
    group: list[Item] = []
    for item in tree.items:
        is_broken = any(diagnostic.severity == "error" for diagnostic in item.diagnostics)
        # After an item without newline, what follows is on that item's line.
        if group and (is_broken or (group[-1].newline is not None and _begins_apart(item.text))):
            yield ItemGroup(group)
            group = []
        if is_broken:
            yield ItemGroup([item], is_broken=True)
        else:
            group.append(item)
    if group:
        yield ItemGroup(group)


def _begins_apart(text: str) -> bool:
    """Does an item begin with a blank line or a comment?"""
    return text.removeprefix("\ufeff").lstrip(" \t").startswith(("\n", "\r\n", *LINE_COMMENT))


class _Untouched:
    """The stretches of a text that no fix touched, and where each of them was before the fixes."""

    def __init__(
        self,
        before: str,
        after: str,
        touched: Sequence[tuple[int, int]],
        origin: Callable[[int], int] | None,
    ) -> None:
        self._before = before
        self._after = after
        self._starts = [0, *(end for _, end in touched)]
        self._ends = [*(start for start, _ in touched), len(after)]
        self._origins = []
        at = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            if origin is not None:
                at = origin(start)
            elif end == len(after) and start > 0:
                at = max(at, len(before) - (end - start))
            else:
                at = max(at, before.find(after[start:end], at))
            self._origins.append(at)
            at += end - start

    def touch(self, line: Line) -> bool:
        """Did a fix touch this line? If so, it ends after the untouched stretch in which it starts."""
        return line.end > self._ends[bisect_right(self._starts, line.start) - 1]

    def changed(self, lines: Sequence[Line], run: slice, old: _Layout) -> Iterator[Line]:
        """The lines of a run that have to be formatted: the touched ones, and those that were formatted before.

        A line that was formatted but for its indent counts as formatted.
        """
        may_have_moved: bool | None = None
        for line in lines[run]:
            if line.is_formatted_in(self._after):
                continue
            if self.touch(line):
                yield line
                continue
            if not line.text.strip():
                continue  # Blanks on an empty line are never in terraform's form.
            if may_have_moved is None:
                may_have_moved = self._may_have_moved(lines, run)
            if may_have_moved and self._was_formatted(line, old):
                yield line

    def _may_have_moved(self, lines: Sequence[Line], run: slice) -> bool:
        """May these lines have another form now than before the fixes?

        Only if a fix touched one of them or a line next to them, or if their depth changed. Otherwise a line that is
        not formatted now was not formatted before.
        """
        if run.start == 0 or run.stop == len(lines):
            return True
        # The first touched range that does not end before the line above.
        index = bisect_left(self._starts, lines[run.start - 1].start, 1) - 1
        depth = lines[run.start].depth
        return self._ends[index] <= lines[run.stop].end or any(
            line.depth != depth or not line.is_indented_in(self._after) for line in lines[run]
        )

    def _was_formatted(self, line: Line, old: _Layout) -> bool:
        """Was this untouched line formatted before the fixes, but for its indent?"""
        index = bisect_right(self._starts, line.start) - 1
        start = self._origins[index] + line.start - self._starts[index]
        end = start + line.end - line.start
        if not self._before.startswith(self._after[line.start : line.end], start):
            # The caller did not name all changes, so no fix asked for this line.
            return False
        began = start == 0 or self._before[start - 1] == "\n"
        ended = end == len(self._before) or self._before[end - 1] == "\n"
        # If text before or after the line was deleted, the line counts as touched.
        return not (began and ended) or not old.changes_in(start, end)
