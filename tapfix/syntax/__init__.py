"""HCL's native syntax: text to a lossless tree and back. What the tree looks like is in docs/tree.md.

This is the only room that knows Lark, and only `lalr.py` in it, which no ordinary run imports.
"""

from __future__ import annotations

from .parse import parse, reparse
from .positions import LineIndex, position
from .tree import Diagnostic, Element, Item, Leaf, Node, Tree

__all__ = ["Diagnostic", "Element", "Item", "Leaf", "LineIndex", "Node", "Tree", "parse", "position", "reparse"]
