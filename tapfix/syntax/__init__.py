"""HCL's native syntax: text to a lossless tree and back. docs/tree.md describes the tree.

This is the only package that uses Lark, and only `lalr.py` does, which no ordinary run imports.
"""

from __future__ import annotations

from . import tree as _tree
from .parse import parse, reparse
from .positions import LineIndex, position
from .tree import Item, Leaf, Node, SyntaxDiagnostic, SyntaxElement, Tree

COMPILED: bool = not _tree.__file__.endswith(".py")
"""Are the hot modules compiled? The plain ones give the same results, byte for byte, and are slower."""

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
