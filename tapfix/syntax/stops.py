"""Where a text stops making sense. The rule that repairs syntax asks for it."""

from __future__ import annotations

from .loop import parse_item
from .recovery import ParseFailure
from .scanner import SourceText


def stop(text: str) -> int | None:
    """The offset at which `text` stops being one item; its length if the text ends too early.

    None if it is one whole item that only white space and comments follow.
    """
    source = SourceText(text)
    item = parse_item(source, 0)
    if isinstance(item, ParseFailure):
        return item.offset
    if item.diagnostics:
        return item.diagnostics[0].offset
    trivia = source.patterns(item.end).free_prefix.match(text, item.end)
    assert trivia is not None
    return None if trivia.end() == len(text) else trivia.end()
