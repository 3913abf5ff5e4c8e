"""Nodes of the tree by what they are: a call's name and arguments, an object's items, a block's labels (docs/tree.md).

The functions take and return nodes alone; they know no file.
"""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.syntax import Leaf, Node

Expr = Node | Leaf

META_ARGUMENTS = frozenset(
    {"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "provisioner", "connection"}
)
"""What Terraform itself takes in a resource, whatever the provider's schema says."""


def label_nodes(block: Node) -> tuple[Expr, ...]:
    brace = [child.kind for child in block.children].index("OBrace")
    return block.children[1:brace]


def block_labels(block: Node) -> tuple[str, ...]:
    labels = label_nodes(block)
    return tuple(["".join([part.value for part in n.children[1:-1]]) if n.children else n.value for n in labels])


def block_body(block: Node) -> Node:
    for child in block.children:
        if child.kind == "body":
            return child  # type: ignore[return-value]
    raise ValueError("a block without a body")


def string_value(expr: Expr) -> str | None:
    """The text of a quoted string without interpolation and escapes, else None."""
    if expr.kind != "template":
        return None
    parts = expr.children[1:-1]
    if any(p.kind != "QuotedLit" for p in parts):
        return None
    text = "".join(p.value for p in parts)
    return None if "\\" in text or "$${" in text or "%%{" in text else text


def call_name(expr: Expr) -> str | None:
    """The function's name of a call, else None."""
    if expr.kind != "call":
        return None
    names = []
    for child in expr.children:
        if child.kind == "OParen":
            break
        names.append(child.value)
    return "".join(names)


def call_arguments(expr: Expr) -> tuple[Expr, ...]:
    """The arguments of a call, the elements of a tuple: its expressions without brackets and commas."""
    children = expr.children
    if expr.kind == "call":
        children = children[next(i for i, c in enumerate(children) if c.kind == "OParen") :]
    return tuple(
        c for c in children if c.kind not in ("OParen", "CParen", "OBrack", "CBrack", "Comma", "Ellipsis", "Newline")
    )


def object_items(expr: Expr) -> tuple[Node, ...]:
    """The items of an object."""
    return tuple(c for c in expr.children if c.kind == "object_item")  # type: ignore[misc]


def item_key(item: Node) -> str | None:
    """The key of an object's item where it is plain: an identifier or a string; else None."""
    key = item.children[0]
    return key.value if isinstance(key, Leaf) and key.kind == "Identifier" else string_value(key)


def item_value(item: Node) -> Expr:
    return item.children[2]


def walk(node: Expr) -> Iterator[Expr]:
    """The node and all below it, in the order of the source."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += node.children[::-1]


def iterator_name(dynamic: Node, body: Node) -> str:
    """What a `dynamic` block calls the element that it makes a block of."""
    for child in body.children:
        if child.kind == "attribute" and child.children[0].value == "iterator":
            return child.children[2].text
    labels = block_labels(dynamic)
    return labels[-1] if labels else ""


def for_names(node: Expr) -> Iterator[str]:
    for child in node.children[2:]:
        if child.kind == "Identifier":
            if child.value == "in":
                return
            yield child.value


def traversal_address(node: Expr) -> tuple[str, int] | None:
    """The address that a traversal names, and how many of its children spell it; None where it names none."""
    if node.kind != "traversal":
        return None
    root, *steps = node.children
    used = 2 if root.value == "data" else 1
    if root.kind != "Identifier" or len(steps) < used or steps[0].kind != "get_attr":
        return None
    address = f"{root.value}.{steps[0].children[1].value}"
    if used == 2:
        if steps[1].kind != "get_attr":
            return None
        address = f"{address}.{steps[1].children[1].value}"
    return address, 1 + used
