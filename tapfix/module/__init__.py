"""What a fixer sees: `Project`, `Module`, `File`, `Block`, `Attribute`, `Reference`.

All of it is a read-only view of one snapshot. A method that changes text returns an `Edit` and changes nothing.
"""

from __future__ import annotations

from tapfix.module.elements import (
    Attribute,
    Block,
    Element,
    File,
    Reference,
    Span,
    expression_references,
    kind_of,
)
from tapfix.module.lines import indented
from tapfix.module.nodes import (
    META_ARGUMENTS,
    Expr,
    call_arguments,
    call_name,
    item_key,
    item_value,
    object_items,
    string_value,
    traversal_address,
    walk,
)
from tapfix.module.project import Module, Project

__all__ = [
    "META_ARGUMENTS",
    "Attribute",
    "Block",
    "Element",
    "Expr",
    "File",
    "Module",
    "Project",
    "Reference",
    "Span",
    "call_arguments",
    "call_name",
    "expression_references",
    "indented",
    "item_key",
    "item_value",
    "kind_of",
    "object_items",
    "string_value",
    "traversal_address",
    "walk",
]
