"""How the loop makes the parts of the tree.

The compiled loop does the same by the functions of `making.pxd`: an object is made without a call of its class, its fields filled in
place. A loop that makes two million of them a second spends a good part of its time on their arguments otherwise.
"""

from __future__ import annotations

import re

from .matching import CLOSING_END, OPENING_END, SETTING_END, Match
from .tree import Leaf as leaf
from .tree import Node as node
from .tree import SyntaxElement

__all__ = ["closing", "leaf", "node", "opening", "setting", "taken"]


def setting(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line `name = value` behind its name: the space on either side of `=`, value, what follows, newline."""
    return line.groups()[2:SETTING_END]


def opening(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line that opens a block, behind its name: labels, the space before the brace, what follows, newline."""
    return line.groups()[SETTING_END:OPENING_END]


def closing(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line that closes a block, behind the brace: what follows, newline."""
    return line.groups()[OPENING_END + 1 : CLOSING_END]


def taken(
    values: list[SyntaxElement | list[SyntaxElement]], states: list[int], length: int
) -> list[SyntaxElement | list[SyntaxElement]]:
    """The values of a rule's right side, off the stack, and their states with them."""
    last = values[-length:]
    del values[-length:]
    del states[-length:]
    return last
