"""A reference to instances that become a group: which of them, what of them, and the edits that replace it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import (
    Attribute,
    Block,
    Expr,
    Reference,
    call_arguments,
    call_name,
    expression_references,
    walk,
)
from tapfix.module.nodes import ForExpr, call_around, index_expr, is_splat, step_name, traversal_root, traversal_steps

from .copies import Unscalable

OF_TEMPLATE = {"ami": "image_id", "instance_type": "instance_type", "key_name": "key_name"}
"""Attributes of an instance that its launch template has as well, and their names there."""

_LISTING = frozenset({"call", "for_tuple", "paren", "tuple"})
"""Expressions that make a text or a list of ids; made of one name they are nothing but the name."""

_AROUND = _LISTING | {"binary", "conditional", "for_object", "heredoc", "object", "template", "unary"}


class Replacement(NamedTuple):
    """What replaces the instances."""

    instance: str
    """The address of the instances."""
    label: str
    """The label of the launch template and of the group."""
    prefix: str
    """The beginning of names that distinguish several groups; empty for the only group."""

    @property
    def group(self) -> str:
        return f"aws_autoscaling_group.{self.label}"

    @property
    def template(self) -> str:
        return f"aws_launch_template.{self.label}"

    @property
    def output(self) -> str:
        return f"{self.prefix}autoscaling_group_name"


class InstanceUse:
    """A reference to the instances: which of them (`index`), and what of them (`attribute`)."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.block = reference.block
        self.holder = reference.holder
        steps = list(reference.steps)
        self.index: Expr | None = None
        self.splat = False
        if steps and steps[0].kind in ("index", "legacy_index"):
            self.index = index_expr(steps.pop(0))
        elif steps and is_splat(steps[0]):
            self.splat = True
            steps.pop(0)
        self.attribute = (step_name(steps[0]) or "") if steps and steps[0].kind == "get_attr" else ""
        self.rest = steps[1:]
        self.whole: Expr = reference.node
        """The traversal, or the expression that takes its attribute of each of the instances."""
        of_each = _of_each(self.holder, reference.node) if self.holder is not None and not self.attribute else None
        if of_each is not None and self.index is None:
            self.whole, self.attribute = of_each
            self.splat = True

    @property
    def name(self) -> str:
        """The name of the argument that contains the reference."""
        return self.holder.name if self.holder is not None else ""

    def replace(self, text: str) -> Edit:
        """Put another expression in place of the whole one."""
        base = self.reference.start - self.reference.node.start
        return Edit(self.reference.file.path, base + self.whole.start, base + self.whole.end, text)

    def counted_by(self) -> Expr | None:
        """The `length(…)` whose only argument is the reference."""
        return call_around(self.holder.expr, "length", self.whole) if self.holder is not None else None

    def is_within(self, holder: Attribute, node: Expr) -> bool:
        """Whether the reference is in a node of an attribute."""
        return (
            holder.span(node).start <= self.reference.start
            and self.reference.end <= holder.span(node).end
            and (self.holder is not None and self.holder.file is holder.file)
        )


def replaced(use: InstanceUse, block: Block, replacement: Replacement) -> Edit:
    """The edit for a use that needs no certain machine, wherever it is. Raises `Unscalable` for one that does."""
    call = use.counted_by()
    if call is not None and use.holder is not None:
        return use.holder.edit(call, f"{replacement.group}.desired_capacity")
    if use.attribute in OF_TEMPLATE and not use.rest and not use.splat:
        return use.replace(f"{replacement.template}.{OF_TEMPLATE[use.attribute]}")
    where = block.address if block.type != "locals" else f"local.{use.name}"
    if not use.attribute:
        raise Unscalable(f"{where} needs the machines one by one")
    raise Unscalable(f"{where} needs `{use.attribute}` of a certain machine")


def named(use: InstanceUse, holder: Attribute, replacement: Replacement) -> Edit:
    """The group's name or ARN in place of ids or ARNs, and of what is made of them alone: one text where a list was."""
    target, around = use.whole, ""
    outer_nodes = (n for n in walk(holder.expr) if n.kind in _AROUND and contains(n, use.whole) and n is not use.whole)
    for outer in sorted(outer_nodes, key=lambda node: node.end - node.start):
        addresses = {r.address for r in expression_references(holder, outer)}
        if outer.kind not in _LISTING or not addresses <= {replacement.instance}:
            around = outer.kind
            break
        target = outer
    text = f"{replacement.group}.{'name' if use.attribute == 'id' else 'arn'}"
    is_list = target.kind in ("tuple", "for_tuple") or (target is use.whole and use.splat)
    if target.kind == "tuple" or (is_list and around in ("call", "conditional", "tuple")):
        text = f"[{text}]"
    return holder.edit(target, text)


class ListLoop(NamedTuple):
    """A `for` that makes a list, without a condition."""

    node: Expr
    names: tuple[str, ...]
    source: Expr
    value: Expr

    def goes_through(self, use: InstanceUse) -> bool:
        """Whether it goes through the instances: over them, or over their numbers."""
        if self.node is use.whole:
            return False
        by_number = use.index is not None and use.index.text in self.names and contains(self.value, use.whole)
        return self.source is use.reference.node or by_number


def list_loops(expr: Expr) -> Iterator[ListLoop]:
    """The `for` expressions without a condition that make a list in an expression, the outer ones first."""
    for node in walk(expr):
        loop = ForExpr.of(node) if node.kind == "for_tuple" else None
        if loop is not None and loop.condition is None:
            yield ListLoop(node, loop.names, loop.source, loop.value)


def _of_each(holder: Attribute, instances: Expr) -> tuple[Expr, str] | None:
    """`[for i in instances : i.id]` or `values(instances)[*].id`: the expression, and what it takes of each."""
    for loop in list_loops(holder.expr):
        found = re.fullmatch(rf"{re.escape(loop.names[-1])}\.(\w+)", holder.text(loop.value))
        if loop.source is instances and found is not None:
            return loop.node, found[1]
    for node in walk(holder.expr):
        steps = traversal_steps(node) if node.kind == "traversal" else ()
        if len(steps) != 2 or call_name(traversal_root(node)) != "values":
            continue
        splat, step = steps
        of_all = is_splat(splat) and step.kind == "get_attr"
        if of_all and any(a is instances for a in call_arguments(traversal_root(node))):
            return node, step_name(step) or ""
    return None


def contains(outer: Expr, inner: Expr) -> bool:
    """Whether a node of an expression is in another one of it, or is that node."""
    return outer.start <= inner.start and inner.end <= outer.end


def address_of(reference: Reference) -> str:
    """The address of the block that contains a reference, for a reason."""
    return reference.block.address if reference.block is not None else "something"
