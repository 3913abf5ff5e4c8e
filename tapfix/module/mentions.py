"""What a block refers to, found in its node alone: `Mention`s, whose offsets count from the beginning of the item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tapfix.module.nodes import (
    Expr,
    block_body,
    call_arguments,
    for_names,
    item_value,
    iterator_name,
    object_items,
    string_value,
    traversal_address,
)
from tapfix.syntax import Node

_UNREFERRING = frozenset({"ignore_changes"})


class Mention(NamedTuple):
    """A reference as its block says it, wherever that stands: offsets count from the beginning of the item."""

    address: str
    start: int
    end: int
    node: Expr
    steps: tuple[Node, ...]
    holder: Node | None
    """The innermost attribute that it stands in."""
    around: tuple[Node, ...]
    """The nested blocks around that, outermost first."""


def mentions(root: Expr) -> Iterator[Mention]:
    """Walk in the order of the source; names that a `for` or a `dynamic` block binds are no references."""
    outermost = root.children[0].value if root.kind == "block" else ""
    stack: list[tuple[Expr, Node | None, tuple[Node, ...], frozenset[str]]] = [(root, None, (), frozenset())]
    while stack:
        node, holder, around, bound = stack.pop()
        kind = node.kind
        if kind == "attribute":
            name, _, expr = node.children
            if name.value == "provider" and (address := _provider_address(expr)):
                yield Mention(address, expr.start, expr.end, expr, (), node, around)  # type: ignore[arg-type]
            elif name.value == "providers" and outermost == "module":
                yield from _passed_providers(node, expr, around)  # type: ignore[arg-type]
            elif expr.children and name.value not in _UNREFERRING and (name.value, outermost) != ("type", "variable"):
                if name.value == "depends_on":
                    yield from _quoted_dependencies(node, expr, around)  # type: ignore[arg-type]
                stack.append((expr, node, around, bound))  # type: ignore[arg-type]
        elif kind == "traversal":
            found = traversal_address(node)
            if found is not None and node.children[0].value not in bound:
                address, used = found
                end = node.children[used - 1].end
                yield Mention(address, node.start, end, node, node.children[used:], holder, around)  # type: ignore[arg-type]
            steps = node.children[1:]
            stack.extend((s.children[1], holder, around, bound) for s in reversed(steps) if s.kind == "index")
            if node.children[0].children:
                stack.append((node.children[0], holder, around, bound))
        elif kind in ("for_tuple", "for_object"):
            names = frozenset(for_names(node))
            later: list[tuple[Expr, Node | None, tuple[Node, ...], frozenset[str]]] = []
            seen_in = False
            for child in node.children[2:]:
                if not seen_in:
                    seen_in = child.kind == "Identifier" and child.value == "in"
                    continue
                later.append((child, holder, around, bound if not later else bound | names))
            stack.extend(reversed(later))
        elif kind == "block":
            inside = around if node is root else (*around, node)
            body = block_body(node)  # type: ignore[arg-type]
            if node.children[0].value == "dynamic":
                name_of_each = iterator_name(node, body)  # type: ignore[arg-type]
                for child in reversed(body.children):
                    if child.kind == "block":
                        stack.append((child, holder, inside, bound | {name_of_each}))  # type: ignore[arg-type]
                    elif child.kind == "attribute" and child.children[0].value != "iterator":
                        stack.append((child, holder, inside, bound))  # type: ignore[arg-type]
            else:
                stack.append((body, holder, inside, bound))  # type: ignore[arg-type]
        else:
            for child in reversed(node.children):
                if child.children:
                    stack.append((child, holder, around, bound))


def _provider_address(expr: Expr) -> str:
    if expr.kind == "Identifier":
        return f"provider.{expr.value}"
    if expr.kind == "template":
        name = string_value(expr)  # the quoted form of Terraform 0.11
        return f"provider.{name}" if name else ""
    if expr.kind == "traversal" and all(c.kind in ("Identifier", "get_attr") for c in expr.children):
        return "provider." + "".join(x.value for c in expr.children for x in ((c,) if not c.children else c.children))
    return ""


def _passed_providers(holder: Node, expr: Expr, around: tuple[Node, ...]) -> Iterator[Mention]:
    for item in object_items(expr):
        value = item_value(item)
        address = _provider_address(value)
        if address:
            yield Mention(address, value.start, value.end, value, (), holder, around)


def _quoted_dependencies(holder: Node, expr: Expr, around: tuple[Node, ...]) -> Iterator[Mention]:
    """`depends_on = ["aws_vpc.main"]`, the form of Terraform 0.11 that is still taken."""
    for node in call_arguments(expr) if expr.kind == "tuple" else ():
        address = string_value(node)
        if address:
            yield Mention(address, node.start + 1, node.end - 1, node, (), holder, around)
