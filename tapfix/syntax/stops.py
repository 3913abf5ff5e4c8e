"""Where a text stops making sense: for whoever tries to mend it."""

from __future__ import annotations

from typing import NamedTuple

from ._tables import ACTIONS, TERMINALS
from .loop import parse_item
from .recovery import Failure
from .scanner import Source


class Stop(NamedTuple):
    """The first place in an item's text that does not fit."""

    offset: int
    """In the text; its length if the text ends too early."""
    wanted: frozenset[str]
    """The terminals that the parser's state knows a move for: each that would fit is among them, and perhaps more."""


def stop(text: str) -> Stop | None:
    """Where the one item that `text` should be stops making sense; None if it is whole, and nothing but trivia follows."""
    source = Source(text)
    item = parse_item(source, 0)
    if isinstance(item, Failure):
        state = item.state
        return Stop(item.offset, frozenset(name for code, name in enumerate(TERMINALS) if ACTIONS[state + code]))
    if item.diagnostics:
        return Stop(item.diagnostics[0].offset, frozenset())
    behind = source.patterns(item.end).free_prefix.match(text, item.end)
    assert behind is not None
    return None if behind.end() == len(text) else Stop(behind.end(), frozenset({"EOF"}))
