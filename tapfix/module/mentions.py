"""What a block refers to, found in its node alone: `Mention`s, whose offsets count from the beginning of the item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tapfix.module.nodes import (
    Expr,
    ForExpr,
    block_body,
    call_arguments,
    element_name,
    index_expr,
    item_value,
    iterator_name,
    object_items,
    string_value,
    traversal_address,
    traversal_root,
    traversal_steps,
)

_UNREFERRING = frozenset({"ignore_changes"})
"""Attributes whose names are not references."""


class Mention(NamedTuple):
    """A reference without its file: offsets count from the beginning of the top-level item that contains it."""

    address: str
    start: int
    end: int
    node: Expr
    steps: tuple[Expr, ...]
    holder: Expr | None
    """The innermost attribute that contains it."""
    around: tuple[Expr, ...]
    """The nested blocks around that attribute, outermost first."""


_Visit = tuple[Expr, Expr | None, tuple[Expr, ...], frozenset[str]]
"""A node to visit, the attribute that contains it, the nested blocks around it, and the names that are bound there."""


def mentions(root: Expr) -> Iterator[Mention]:
    """The references below a node, in the order of the source.

    Names that a `for` or a `dynamic` block binds are not references.
    """
    outermost = element_name(root) if root.kind == "block" else ""
    stack: list[_Visit] = [(root, None, (), frozenset())]
    while stack:
        node, holder, around, bound = stack.pop()
        kind = node.kind
        if kind == "attribute":
            name, _, expr = node.children
            if name.value == "provider" and (address := _provider_address(expr)):
                yield Mention(address, expr.start, expr.end, expr, (), node, around)
            elif name.value == "providers" and outermost == "module":
                yield from _passed_providers(node, expr, around)
            elif expr.children and name.value not in _UNREFERRING and (name.value, outermost) != ("type", "variable"):
                if name.value == "depends_on":
                    yield from _quoted_dependencies(node, expr, around)
                stack.append((expr, node, around, bound))
        elif kind == "traversal":
            found = traversal_address(node)
            first = traversal_root(node)
            if found is not None and first.value not in bound:
                address, used = found
                end = node.children[used - 1].end
                yield Mention(address, node.start, end, node, node.children[used:], holder, around)
            steps = reversed(traversal_steps(node))
            stack.extend((index_expr(step), holder, around, bound) for step in steps if step.kind == "index")
            if first.children:
                stack.append((first, holder, around, bound))
        elif kind in ("for_tuple", "for_object"):
            stack.extend(_loop_parts(node, holder, around, bound))
        elif kind == "block":
            stack.extend(_block_parts(node, holder, around if node is root else (*around, node), bound))
        else:
            for child in reversed(node.children):
                if child.children:
                    stack.append((child, holder, around, bound))


def _loop_parts(expr: Expr, holder: Expr | None, around: tuple[Expr, ...], bound: frozenset[str]) -> Iterator[_Visit]:
    """The parts of a `for` expression, the last one first; its names are bound in all but the source."""
    loop = ForExpr.of(expr)
    inner = bound.union(loop.names)
    for part in (loop.condition, loop.value, loop.key):
        if part is not None:
            yield part, holder, around, inner
    yield loop.source, holder, around, bound


def _block_parts(block: Expr, holder: Expr | None, around: tuple[Expr, ...], bound: frozenset[str]) -> Iterator[_Visit]:
    """The body of a block; of a `dynamic` block its elements, the last one first, with its iterator bound in the
    blocks.
    """
    body = block_body(block)
    if element_name(block) != "dynamic":
        yield body, holder, around, bound
        return
    inner = bound | {iterator_name(block)}
    for child in reversed(body.children):
        if child.kind == "block":
            yield child, holder, around, inner
        elif child.kind == "attribute" and element_name(child) != "iterator":
            yield child, holder, around, bound


def _provider_address(expr: Expr) -> str:
    if expr.kind == "Identifier":
        return f"provider.{expr.value}"
    if expr.kind == "template":
        name = string_value(expr)  # the quoted form of Terraform 0.11
        return f"provider.{name}" if name else ""
    if expr.kind == "traversal" and all(c.kind in ("Identifier", "get_attr") for c in expr.children):
        return "provider." + "".join(x.value for c in expr.children for x in ((c,) if not c.children else c.children))
    return ""


def _passed_providers(holder: Expr, expr: Expr, around: tuple[Expr, ...]) -> Iterator[Mention]:
    for item in object_items(expr):
        value = item_value(item)
        address = _provider_address(value)
        if address:
            yield Mention(address, value.start, value.end, value, (), holder, around)


def _quoted_dependencies(holder: Expr, expr: Expr, around: tuple[Expr, ...]) -> Iterator[Mention]:
    """`depends_on = ["aws_vpc.main"]`, the form of Terraform 0.11, which Terraform still accepts."""
    for node in call_arguments(expr) if expr.kind == "tuple" else ():
        address = string_value(node)
        if address:
            yield Mention(address, node.start + 1, node.end - 1, node, (), holder, around)
