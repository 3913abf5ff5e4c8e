"""How the loop makes the parts of the tree.

The compiled loop does the same by the functions of `making.pxd`: an object is made without a call of its class, its fields filled in
place. A loop that makes two million of them a second spends a good part of its time on their arguments otherwise.
"""

from __future__ import annotations

from .tree import Element
from .tree import Leaf as leaf
from .tree import Node as node

__all__ = ["leaf", "node", "taken"]


def taken(values: list[Element | list[Element]], states: list[int], length: int) -> list[Element | list[Element]]:
    """The values of a rule's right side, off the stack, and their states with them."""
    last = values[-length:]
    del values[-length:]
    del states[-length:]
    return last
