"""How the loop makes the parts of the tree.

The compiled loop uses the functions of `making.pxd` instead. They do the same, but fill in an object's fields without
calling its class. The loop makes two million objects in a second, and would spend much of its time on arguments
otherwise.
"""

from __future__ import annotations

import re

from .matching import CLOSING_END, OPENING_END, SETTING_END, Match
from .tree import Leaf as leaf
from .tree import Node as node
from .tree import SyntaxElement

__all__ = ["closing", "leaf", "node", "opening", "setting", "taken"]


def setting(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line `name = value` after its name: the space on either side of `=`, value, rest, newline."""
    return line.groups()[2:SETTING_END]


def opening(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line that opens a block, after its name: labels, the space before the brace, rest, newline."""
    return line.groups()[SETTING_END:OPENING_END]


def closing(line: re.Match[str] | Match) -> tuple[str, ...]:
    """The parts of a line that closes a block, after the brace: rest, newline."""
    return line.groups()[OPENING_END + 1 : CLOSING_END]


def taken(
    values: list[SyntaxElement | list[SyntaxElement]], states: list[int], length: int
) -> list[SyntaxElement | list[SyntaxElement]]:
    """Take the values of a rule's right side, and their states, off the stack. Returns the values."""
    last = values[-length:]
    del values[-length:]
    del states[-length:]
    return last
