"""Where a text stops making sense: for whoever tries to mend it."""

from __future__ import annotations

from .loop import parse_item
from .recovery import ParseFailure
from .scanner import SourceText


def stop(text: str) -> int | None:
    """The first place at which the one item that `text` should be does not fit; its length if the text ends too early.

    None if the item is whole, and nothing but white space and comments follows.
    """
    source = SourceText(text)
    item = parse_item(source, 0)
    if isinstance(item, ParseFailure):
        return item.offset
    if item.diagnostics:
        return item.diagnostics[0].offset
    behind = source.patterns(item.end).free_prefix.match(text, item.end)
    assert behind is not None
    return None if behind.end() == len(text) else behind.end()
