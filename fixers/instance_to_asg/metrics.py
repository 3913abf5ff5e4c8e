"""Alarms and dashboards that measure instances, made to measure the Auto Scaling group that replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tapfix.edits import Edit
from tapfix.module import (
    Attribute,
    Block,
    Expr,
    Module,
    call_arguments,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
    walk,
)
from tapfix.module.nodes import index_expr, interpolated, is_splat, item_key_node, template_parts

from .copies import Loop, Uncounted, Unscalable, tells_copies
from .uses import InstanceUse, ListLoop, Replacement, address_of, contains, list_loops, named, replaced

_ACTS_ON_A_MACHINE = r"ec2:(recover|reboot|stop|terminate)|EC2\.Instance(Recover|Reboot|Stop|Terminate)"
"""Actions of an alarm on the machine that it measures, as an ARN of `automate` or of Systems Manager spells them."""

_DIMENSION = '"AutoScalingGroupName"'


# --- alarms -----------------------------------------------------------------------------------------------------------


def alarm_edits(
    module: Module, block: Block, uses: Sequence[InstanceUse], replacement: Replacement, instances: Loop
) -> Iterator[Edit]:
    """The edits that make an alarm on machines one on the group; one alarm for each machine becomes a single one.

    Raises `Unscalable` for an alarm that needs a certain machine.
    """
    if re.search(_ACTS_ON_A_MACHINE, block.text()):
        raise Unscalable(f"{block.address} acts on one certain machine")
    loop = Loop.of(block)
    counted = loop.attribute is not None and (
        any(u.name in ("count", "for_each") for u in uses) or loop.same_as(instances)
    )
    done: set[int] = set()
    for inner in block.walk():
        dimensions = inner.get("dimensions")
        for item in object_items(dimensions.expr) if dimensions is not None else ():
            inside = [u for u in uses if dimensions is not None and u.is_within(dimensions, item)]
            by_loop = counted and dimensions is not None and tells_copies(dimensions, item_value(item))
            if dimensions is None or not (inside or by_loop):
                continue
            if item_key(item) != "InstanceId":
                raise Unscalable(f"{block.address} measures `{item_key(item)}`, which a group does not have")
            yield dimensions.edit(item_key_node(item), _DIMENSION.strip('"'))
            yield dimensions.edit(item_value(item), f"{replacement.group}.name")
            done.update(id(u) for u in inside)
    if counted and loop.attribute is not None:
        yield from _single(module, block, loop.attribute, uses, done, replacement)
    for use in uses:
        if id(use) in done:
            continue
        if use.attribute == "id" and use.holder is not None and use.counted_by() is None:
            yield named(use, use.holder, replacement)
        else:
            yield replaced(use, block, replacement)


def _single(
    module: Module,
    block: Block,
    loop: Attribute,
    uses: Sequence[InstanceUse],
    done: set[int],
    replacement: Replacement,
) -> Iterator[Edit]:
    """Turn the copies of a block, one for each instance, into a single block for the group."""
    yield loop.remove(comments=False)
    done.update(id(u) for u in uses if u.name == loop.name)
    uncounted = Uncounted(replacement.label.replace("_", "-"))
    for attribute in block.attributes.values():
        if attribute.name in (loop.name, "dimensions") or not tells_copies(attribute, attribute.expr):
            continue
        for reference in expression_references(attribute, attribute.expr):
            if reference.address == "each.value" and reference.node.text == "each.value.id":
                raise Unscalable(f"{block.address} names each machine in `{attribute.name}`")
        if any(id(u) not in done and u.holder is not None and u.holder.start == attribute.start for u in uses):
            continue
        yield from uncounted.edits(attribute, attribute.expr)
    for other in module.references_to(block.address):
        step = other.steps[0] if other.steps else None
        if step is None or is_splat(step):
            if step is None and not (other.holder and other.holder.name == "depends_on"):
                raise Unscalable(f"{address_of(other)} refers to all copies of {block.address}")
        elif step.kind == "index" and index_expr(step).text == "0" and other.holder is not None:
            yield other.holder.edit(step, "")
        elif step.kind == "index":
            raise Unscalable(f"{address_of(other)} refers to one copy of {block.address}")


# --- dashboards -------------------------------------------------------------------------------------------------------


def dashboard_edits(block: Block, uses: Sequence[InstanceUse], replacement: Replacement) -> Iterator[Edit]:
    """The edits that replace the metrics of machines on a dashboard by one of the group.

    Raises `Unscalable` for a dashboard that needs a certain machine.
    """
    done: set[int] = set()
    for use in uses:
        holder = use.holder
        for loop in list_loops(holder.expr) if holder is not None else ():
            if holder is None or id(use) in done or not loop.goes_through(use):
                continue
            inside = [u for u in uses if u.is_within(holder, loop.node)]
            done.update(map(id, inside))
            yield from _once(block, holder, loop, inside, replacement)
    for holder in {id(u.holder): u.holder for u in uses if u.holder is not None}.values():
        for edit, use in _repeated_metrics(holder, [u for u in uses if u.attribute == "id"]):
            if id(use) not in done:
                done.add(id(use))
                yield edit
    for use in uses:
        if id(use) not in done:
            yield from _metric(block, use, replacement)


def _once(
    block: Block, holder: Attribute, loop: ListLoop, inside: Sequence[InstanceUse], replacement: Replacement
) -> Iterator[Edit]:
    """Make for the group, once, what a `for` makes for each machine."""
    whole = next((u for u in inside if u.reference.node is loop.source), None)
    spelled = loop.names[-1] if whole is not None and whole.attribute == "id" else f"{loop.names[-1]}.id"
    metrics = [
        (before, element)
        for before, element in _metric_dimensions(loop.value)
        if (whole is not None and holder.text(element) == spelled)
        or any(u.whole is element and u.attribute == "id" for u in inside)
    ]
    elements = [element for _, element in metrics]
    left = [u for u in inside if not contains(loop.source, u.whole) and not any(u.whole is e for e in elements)]
    identifiers = (node for node in walk(loop.value) if node.kind == "Identifier")
    names = {node.text for node in identifiers if not any(contains(e, node) for e in elements)}
    _, keyword, *_ = loop.node.leaves()
    head = Edit(holder.file.path, holder.span(keyword).start, holder.span(loop.value).start, "")
    has_comment = re.search(r"#|//|/\*", holder.file.text[head.start : head.end]) is not None
    if not metrics or left or names & set(loop.names) or has_comment:
        raise Unscalable(f"{block.address} needs the machines one by one")
    yield head
    for before, element in metrics:
        yield holder.edit(before, _DIMENSION)
        yield holder.edit(element, f"{replacement.group}.name")


def _metric(block: Block, use: InstanceUse, replacement: Replacement) -> Iterator[Edit]:
    """The edits for `"InstanceId", aws_instance.x.id` of a metric, in an expression or in the text of a heredoc."""
    found = _in_expression(use, replacement) or _in_heredoc(use, replacement)
    yield from found or [replaced(use, block, replacement)]


def _in_expression(use: InstanceUse, replacement: Replacement) -> list[Edit]:
    if use.holder is not None and use.attribute == "id":
        for before, element in _metric_dimensions(use.holder.expr):
            if element is use.whole:
                return [use.holder.edit(before, _DIMENSION), use.replace(f"{replacement.group}.name")]
    return []


def _in_heredoc(use: InstanceUse, replacement: Replacement) -> list[Edit]:
    if use.holder is None or use.attribute != "id" or use.splat:
        return []
    for heredoc in walk(use.holder.expr):
        for text, value in pairwise(template_parts(heredoc) if heredoc.kind == "heredoc" else ()):
            if value.kind != "interpolation" or interpolated(value) is not use.whole:
                continue
            found = re.search(r'"InstanceId"(?=\s*,\s*"$)', text.text)
            if found is not None:
                start = use.holder.span(text).start + found.start()
                dimension = Edit(use.holder.file.path, start, start + len(found[0]), _DIMENSION)
                return [dimension, use.replace(f"{replacement.group}.name")]
    return []


def _metric_dimensions(expr: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The `"InstanceId"` of each metric, with its value."""
    for row in walk(expr):
        for before, element in pairwise(call_arguments(row) if row.kind == "tuple" else ()):
            if string_value(before) == "InstanceId":
                yield before, element


def _repeated_metrics(holder: Attribute, uses: Sequence[InstanceUse]) -> Iterator[tuple[Edit, InstanceUse]]:
    """The edits that remove metrics that repeat one above for another instance.

    In a list of metrics `"."` repeats the element above, and `"..."` all elements above (CloudWatch, "Dashboard body
    structure and syntax").
    """
    for metrics in walk(holder.expr):
        seen: set[tuple[str, ...]] = set()
        above: tuple[str, ...] = ()
        rows = call_arguments(metrics) if metrics.kind == "tuple" else ()
        for i, row in enumerate(rows):
            elements = call_arguments(row) if row.kind == "tuple" else ()
            use = next((u for u in uses if any(u.whole is e for e in elements)), None)
            if use is None:
                above = ()
                continue
            measured = tuple("" if e is use.whole else re.sub(r"\s+", "", holder.text(e)) for e in elements)
            shortened = measured == ('"..."', "") and above[-1:] == ("",)
            if shortened or (len(measured) == len(above) and set(measured) <= {"", '"."'}):
                measured = above
            before = holder.span(rows[i - 1]).end
            between = holder.file.text[before : holder.span(row).start]
            if measured in seen and re.fullmatch(r"\s*,\s*", between):
                yield Edit(holder.file.path, before, holder.span(row).end, ""), use
            seen.add(measured)
            above = measured
