"""Text to tree: parses a text item by item, and after an edit only the items that it touched."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from .checks import redefinitions
from .loop import parse_item
from .recovery import ParseFailure, broken_stretch, explained, is_prose
from .scanner import LINE_END, OPENER, SourceText
from .tree import Item, Leaf, Node, SyntaxDiagnostic, Tree


def parse(text: str) -> Tree:
    """The tree of a text, which prints back to it. Never raises: `diagnostics` of the tree has the syntax errors."""
    return _parse(text, {})


def reparse(tree: Tree, edits: Sequence[tuple[int, int, str]]) -> Tree:
    """The tree of the tree's text after the edits, which are `(start, end, replacement)`, sorted and not overlapping.

    It is the same tree that `parse` returns for that text, but the items that no edit touched are reused.
    Raises `ValueError` if the edits overlap, are not sorted, or reach outside the text.
    """
    pieces: list[str] = []
    reached = 0
    for start, end, replacement in edits:
        if not reached <= start <= end <= len(tree.text):
            raise ValueError(f"the edit ({start}, {end}) is out of order or outside the text")
        pieces += (tree.text[reached:start], replacement)
        reached = end
    pieces.append(tree.text[reached:])
    return _parse("".join(pieces), _untouched(tree, edits))


def _parse(text: str, kept: dict[int, Item]) -> Tree:
    """The tree of a text. `kept` has the items that are known already, by their start."""
    # A tree has many objects and no cycles. The garbage collector's search for cycles would cost a tenth of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _whole_tree(text, kept)
    finally:
        if collecting:
            gc.enable()


def _whole_tree(text: str, kept: dict[int, Item]) -> Tree:
    source = SourceText(text)
    items = _Items(text)
    position = 0
    while True:
        old = kept.get(position)
        if old is None or not (source.nested_openers or _is_single(old)):
            item = _next_item(source, position)
        else:
            item = old.at(position)
        items.add(item)
        position = item.end
        if item.node.kind == "EOF":
            break
    found = items.finished()
    diagnostics = [diagnostic.moved(item.start) for item in found for diagnostic in item.diagnostics]
    repeated = redefinitions(found)
    if repeated:
        diagnostics = sorted(diagnostics + repeated, key=lambda diagnostic: diagnostic.offset)
    return Tree(text, tuple(found), tuple(diagnostics))


def _untouched(tree: Tree, edits: Sequence[tuple[int, int, str]]) -> dict[int, Item]:
    """The items that are the same after the edits, by their start after the edits.

    An item that parsed ends with its newline, and no later text can change it. A broken item, and one that the end of
    the file ended, depend on what follows, and are always parsed again.
    """
    kept: dict[int, Item] = {}
    shift = 0
    index = 0
    for item in tree.items:
        # Edits that end before the item; an insertion where it begins comes before it as well.
        while index < len(edits) and edits[index][1] <= item.start and edits[index][0] < item.end:
            shift += len(edits[index][2]) - (edits[index][1] - edits[index][0])
            index += 1
        touched = index < len(edits) and edits[index][0] < item.end
        if touched or item.newline is None or item.node.kind == "broken":
            continue
        if item.start + shift and item.text.startswith("\ufeff"):
            continue
        kept[item.start + shift] = item
    return kept


def _is_single(item: Item) -> bool:
    """Does no line inside the item look as if it opened the next item?"""
    return OPENER.search(item.text, item.node.start + 1) is None


def _next_item(source: SourceText, base: int) -> Item:
    item = parse_item(source, base)
    if isinstance(item, ParseFailure):
        return _broken_item(source, base, item)
    if item.code() != item.text:  # Keeps the promise of `Tree.code` even if the loop has a bug.
        return _broken_item(source, base, ParseFailure(base, "", 0, "tapfix cannot print this back; please report it"))
    return item


def _broken_item(source: SourceText, base: int, failure: ParseFailure) -> Item:
    text = source.text
    trivia = source.patterns(base).free_prefix.match(text, base)
    assert trivia is not None
    start = trivia.end()
    stretch = broken_stretch(source, start)
    if not failure.found and failure.offset == len(text) and stretch.end < len(text):
        # Something is open to the end of the text. From here on each line that looks as if it began the next block
        # does so. To try each block as a part of the one before would take quadratic time in a text full of them.
        source.nested_openers = False
    end = start + max(len(text[start : stretch.end].rstrip(" \t\r")), 1)
    message, at, to = explained(source, failure, stretch)
    return _assembled(text, base, start, end, (SyntaxDiagnostic(message, at - base, to - base),))


def _assembled(text: str, base: int, start: int, end: int, diagnostics: tuple[SyntaxDiagnostic, ...]) -> Item:
    """A broken item: the prefix from `base` to `start`, the broken bytes to `end`, and the newline after them."""
    leaf = Leaf("Broken", text[start:end], text[base:start], start - base)
    newline: Leaf | None = None
    match = LINE_END.match(text, end)
    if match:
        newline = Leaf("Newline", match[2], match[1], match.start(2) - base)
        end = match.end()
    return Item(base, text[base:end], Node("broken", (leaf,)), newline, diagnostics)


class _Items:
    """Collects the items of a text. Broken items that belong together become one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._items: list[Item] = []
        self._prose: list[Item] = []
        """The first and the last line of a broken paragraph that may continue. It becomes one item."""

    def add(self, item: Item) -> None:
        """Add the next item."""
        if item.node.kind == "broken":
            start = item.start + item.node.start
            if self._text.startswith("}", start) and item.node.start == item.text.rfind("\n", 0, item.node.start) + 1:
                # An extra brace in a block ends the block too early, and the brace that should end it comes alone.
                early = None if self._prose else self._closed_early()
                if early is not None:
                    first = self._items[early]
                    diagnostic = SyntaxDiagnostic("this `}` is one too many", first.node.end - 1, first.node.end)
                    del self._items[early:]
                    self._items.append(self._merged(first, item, (diagnostic,)))
                    return
            if is_prose(self._text, start):
                self._prose[1:] = [item]
                return
        self._end_of_prose()
        self._items.append(item)

    def finished(self) -> list[Item]:
        """All items."""
        self._end_of_prose()
        return self._items

    def _end_of_prose(self) -> None:
        if self._prose:
            first, last = self._prose[0], self._prose[-1]
            self._items.append(first if first is last else self._merged(first, last, first.diagnostics))
            self._prose.clear()

    def _closed_early(self) -> int | None:
        """The index of the block, if any, that an extra brace ended too early, so that later items are its rest."""
        for index in range(len(self._items) - 1, -1, -1):
            item = self._items[index]
            if item.node.start > item.text.rfind("\n", 0, item.node.start) + 1:
                continue  # Indented: it may belong to the block.
            last_line = item.text.rfind("\n", 0, item.node.end) + 1
            if item.node.kind == "block" and last_line > item.node.start and item.node.end - 1 > last_line:
                return index
            break
        return None

    def _merged(self, first: Item, last: Item, diagnostics: tuple[SyntaxDiagnostic, ...]) -> Item:
        start = first.start + first.node.start
        return _assembled(self._text, first.start, start, last.start + last.node.end, diagnostics)
