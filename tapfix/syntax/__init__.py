"""HCL's native syntax: text to a lossless tree and back. What the tree looks like is in docs/tree.md.

This is the only room that knows Lark, and only `lalr.py` in it, which no ordinary run imports.
"""

from __future__ import annotations

from . import tree as _tree
from .parse import parse, reparse
from .positions import LineIndex, position
from .tree import Item, Leaf, Node, SyntaxDiagnostic, SyntaxElement, Tree

COMPILED: bool = not _tree.__file__.endswith(".py")
"""Are the hot modules compiled? The plain ones do the same, byte for byte, only slower."""

__all__ = [
    "COMPILED",
    "Item",
    "Leaf",
    "LineIndex",
    "Node",
    "SyntaxDiagnostic",
    "SyntaxElement",
    "Tree",
    "parse",
    "position",
    "reparse",
]
