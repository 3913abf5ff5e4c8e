"""Which fixed instances of a stack can become an Auto Scaling group, and the edits that make one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import Attribute, Block, Module, compose, indented, item_key, item_value, object_items
from tapfix.module.nodes import Conditional

from ..shared.module_calls import DEFAULT_TAGS, call_prefix, hand_down, has_default_tags
from ..shared.user_data import UserData
from .bodies import (
    BodyElement,
    BodyLines,
    at_no_indent,
    block_of,
    body_elements,
    comments_in,
    expression_at_no_indent,
    joined_lines,
    missing_comments,
    without_comments,
)
from .copies import Loop, Uncounted, Unscalable, all_values, copies_left
from .launch_template import LaunchTemplate, launch_template, name_prefix
from .mapping import OF_GROUP
from .numbered_twins import Merger, merged, stem
from .references import Rewritten, behind_load_balancer, rewritten
from .sizes import TITLE, Sizes, group_sizes, number_of, row_names
from .uses import Replacement

INSTANCE = "aws_instance"

ROLES = {
    "a bastion, which people reach by its address": r"bastion|jump|jumpbox|jumphost|jump_?host|jump_?server",
    "a NAT instance, which routes go through": r"nat",
    "a VPN server, which clients reach by its address": r"vpn|openvpn|wireguard",
    "a server with data of its own": (
        r"db|database|mysql|mariadb|postgres|postgresql|mongo|mongodb|cassandra|elasticsearch|kafka|zookeeper|etcd|consul|vault"
    ),
}
"""Machines that are not one of many: the words for one in a reason, and the pattern of its name."""

_LIMIT_TAGS = 6
"""The most literal tags that are written as `tag` blocks; more, or computed ones, are one `dynamic "tag"`."""


class Scaling(NamedTuple):
    """What a block of instances becomes: a launch template and an Auto Scaling group."""

    text: str
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]


def first_scaling(module: Module, context: Context, instance: Block) -> Scaling | Unscalable:
    """What an instance becomes if no other one does, or why it stays."""
    try:
        alone = _stays(module, instance)
        return alone or scaling_of(module, context, instance, several=False)
    except Unscalable as unscalable:
        return unscalable


# --- which instances --------------------------------------------------------------------------------------------------


def what_it_is(context: Context, instance: Block) -> str:
    """What is wrong with an instance, as the end of a sentence that its address begins."""
    loop = Loop.of(instance).attribute
    if loop is None or _is_at_most_one(loop):
        return "is a machine on its own"
    number = number_of(context.value(loop))
    return f"is {number} fixed machines" if number is not None and number > 1 else "is a fixed number of machines"


def _stays(module: Module, instance: Block) -> Unscalable | None:
    """Why an instance cannot be one of many, as far as its own text and its attachments say; None if it can."""
    words = "_".join([instance.name, *_name_words(instance)]).lower()
    for role, names in ROLES.items():
        if re.search(rf"(?:^|[-_ ])(?:{names})(?:[-_ \d]|$)", words):
            return Unscalable(f"it looks like {role}; it stays")
    if instance.blocks_of("launch_template") and Loop.of(instance).attribute is not None:
        return None
    if behind_load_balancer(module, instance) or len(twins_of(module, instance)) > 1:
        return None
    loop = Loop.of(instance).attribute
    if loop is None or _is_at_most_one(loop):
        return Unscalable(
            "it is behind no load balancer; a person has to say whether it may be replaced at any time, and by how many"
        )
    return None


def _is_at_most_one(loop: Attribute) -> bool:
    expr = loop.expr
    if loop.name == "count" and expr.kind == "conditional":
        _, yes, no = Conditional.of(expr)
        return {yes.text, no.text} <= {"0", "1"}
    return loop.value in ("0", "1")


def _name_words(instance: Block) -> list[str]:
    """The `Name` of an instance without what is computed in it."""
    tags = instance.get("tags")
    if tags is None:
        return []
    found = re.search(r'"?Name"?\s*[=:]\s*"([^"\n]*)"', tags.value)
    return [re.sub(r"\$\{[^}]*\}", "", found[1])] if found else []


def twins_of(module: Module, instance: Block) -> list[Block]:
    """The single instances that are copies of this one, itself included.

    They have the same target group, or (without one) names that differ by a number. A counted instance has no such
    copies.
    """
    if Loop.of(instance).attribute is not None:
        return [instance]
    groups, common = _target_groups(module, instance), stem(instance.name)
    return [
        other
        for other in module.resources(INSTANCE)
        if other.address == instance.address
        or (
            Loop.of(other).attribute is None
            and (
                not groups.isdisjoint(theirs := _target_groups(module, other))
                or (not groups and not theirs and common != "" and stem(other.name) == common)
            )
        )
    ]


def _target_groups(module: Module, instance: Block) -> set[str]:
    return {r.address for a in _attachments(module, instance) for r in a.references if "target_group" in r.address}


def merged_twins(module: Module, context: Context, twins: Sequence[Block]) -> Merger:
    """One counted block in place of copies that are written out. Raises `Unscalable` if it cannot become a group."""
    for twin in twins:
        scaling_of(module, context, twin, several=True)
    merger = merged(module, twins)
    edits = tuple(_disjoint(merger.edits))
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.file, []).append(edit)
    project = context.project.edited(by_file)
    then = Context(context.contract, project)
    after = next(m for m in project.modules if m.folder == module.folder)
    counted = after.find(f"{INSTANCE}.{merger.label}")
    assert isinstance(counted, Block)
    scaling_of(after, then, counted, several=True)
    return merger._replace(edits=edits)


def _attachments(module: Module, instance: Block) -> list[Block]:
    return [
        r.block
        for r in module.references_to(instance.address)
        if r.block is not None and (r.block.resource_type or "").endswith("target_group_attachment")
    ]


def _check_tier(module: Module, instance: Block) -> None:
    """Raise `Unscalable` if the tier of an instance has a launch template or a group already."""
    for type in ("aws_launch_template", "aws_autoscaling_group"):
        if module.find(f"{type}.{instance.name}") is not None:
            raise Unscalable(
                f"{type}.{instance.name} is there already; "
                "only its author knows whether it is to take the place of the instances"
            )
    mine = _security_groups(instance)
    for template in module.resources("aws_launch_template", "aws_launch_configuration"):
        if mine and _security_groups(template) == mine:
            raise Unscalable(
                f"{template.address} is there for the same tier (it has the same security groups); "
                "only its author knows whether it is to take the place of the instances"
            )


def _security_groups(block: Block) -> frozenset[str]:
    return frozenset(r.address for r in block.references if r.address.startswith("aws_security_group."))


# --- the scaling ------------------------------------------------------------------------------------------------------


def scaling_of(module: Module, context: Context, instance: Block, *, several: bool) -> Scaling:
    """What a block of instances becomes. Raises `Unscalable` with the reason if it has to stay."""
    label = instance.name
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    prefix = call_prefix(context, module, _has_groups) + (f"{words}_" if several else "")
    replacement = Replacement(instance.address, label, prefix)
    loop = Loop.of(instance)
    templates = instance.blocks_of("launch_template")
    uncounted = Uncounted(label.replace("_", "-"))
    made: list[Edit] = []
    references = rewritten(module, context, instance, replacement)
    if templates:
        template = _own_template(module, instance, uncounted)
    else:
        _check_tier(module, instance)
        default_tags, made = _default_tags(module, context, instance)
        template = launch_template(instance, UserData(module, context), uncounted, default_tags)
    of = f"the Auto Scaling group of {prefix.strip('_').replace('_', ' ')}" if prefix else "the Auto Scaling group"
    sizes = group_sizes(module, context, loop, prefix, f"instances in {of}")
    group = _group(instance, replacement, template, sizes, references)
    text = f"{template.text}\n{group}" if template.text else group
    text = missing_comments(comments_in(instance.node), text) + text
    left = copies_left(text)
    if left:
        raise Unscalable(f"`{left[0]}` decides more than a name in it")
    edits = [
        *made,
        instance.edit(None, text.rstrip("\n")),
        *references.edits,
        *hand_down(context, module, sizes.variables, title=TITLE),
    ]
    notes = [f"The sizes are {row_names(sizes.variables)}", *template.notes, *references.notes]
    if {"availability_zone", "subnet_id"} <= instance.attributes.keys():
        notes.append("`availability_zone` is removed: each subnet is in one")
    return Scaling(text, tuple(_disjoint(edits)), tuple(notes))


def _default_tags(module: Module, context: Context, instance: Block) -> tuple[str, list[Edit]]:
    """The map of the provider's default tags, or nothing, and the edits that make its data source.

    A launch template does not give these tags to its machines by itself.
    """
    provider = instance.get("provider")
    spelled = provider.value if provider is not None else ""
    if not has_default_tags(context, module, spelled):
        return "", []
    known = module.data(DEFAULT_TAGS)
    for block in known:
        of = block.get("provider")
        if (of.value if of is not None else "") == spelled:
            return f"{block.address}.tags", []
    name = module.unused_name("current", {b.name: b for b in known})
    body = f"provider = {spelled}" if spelled else ""
    comment = "# The provider's default tags: machines of a launch template do not get them by themselves"
    return f"data.{DEFAULT_TAGS}.{name}.tags", [
        instance.insert_before(f"{comment}\n{compose.block('data', DEFAULT_TAGS, name, body=body)}")
    ]


def _has_groups(module: Module) -> bool:
    """Whether a module has groups, or instances that can become one."""
    counted = (
        i for i in module.resources(INSTANCE) if Loop.of(i).attribute is not None or behind_load_balancer(module, i)
    )
    return bool(module.resources("aws_autoscaling_group")) or any(_stays(module, i) is None for i in counted)


def _own_template(module: Module, instance: Block, uncounted: Uncounted) -> LaunchTemplate:
    """What the group takes of an instance that has a launch template already."""
    if module.find(f"aws_autoscaling_group.{instance.name}") is not None:
        raise Unscalable(f"aws_autoscaling_group.{instance.name} is there already")
    taken = (OF_GROUP - {"availability_zone"}) | {"tags", "provider", "region"}
    overrides = [n for n in instance.attributes if n not in taken]
    overrides += [b.type for b in instance.blocks if b.type not in ("launch_template", "lifecycle")]
    if overrides:
        raise Unscalable(f"it overrides its launch template ({', '.join(f'`{o}`' for o in overrides)})")
    tags = instance.get("tags")
    text = expression_at_no_indent(uncounted.text(tags, tags.expr), tags) if tags is not None else None
    bare = without_comments(text) if text is not None else None
    dropped = ", ".join(uncounted.dropped)
    notes = [f"tags that differed from copy to copy are removed: {dropped}"] if dropped else []
    elements = tuple(body_elements(instance))
    return LaunchTemplate("", name_prefix(text, uncounted.label), bare, tuple(notes), elements)


def _group(
    instance: Block, replacement: Replacement, template: LaunchTemplate, sizes: Sizes, references: Rewritten
) -> str:
    """The text of the Auto Scaling group."""
    of_group = {p.element.name: p for p in template.of_group if isinstance(p.element, Attribute)}
    provider, region = instance.get("provider"), instance.get("region")
    lines = [BodyLines(f"{a.name} = {a.value}\n") for a in (provider, region) if a is not None]
    lines.append(BodyLines(f"name_prefix = {template.name_prefix}\n"))
    lines.append(_zones(of_group, Loop.of(instance)))
    count = of_group.get("count") or of_group.get("for_each")
    desired = f"desired_capacity = {sizes.desired}{count.tail if count else ''}\n"
    lines.append(BodyLines(f"min_size = {sizes.smallest}\n"))
    lines.append(BodyLines(f"max_size = {sizes.largest}\n"))
    lines.append(BodyLines(count.with_comments(count.lead + desired) if count else desired))
    if references.target_groups:
        lines.append(BodyLines(f"target_group_arns = {compose.list_of(references.target_groups)}\n"))
    if references.load_balancers:
        lines.append(BodyLines(f"load_balancers = {compose.list_of(references.load_balancers)}\n"))
    if references.target_groups or references.load_balancers:
        lines.append(BodyLines('health_check_type = "ELB"\n'))
        lines.append(BodyLines("health_check_grace_period = 300\n"))
    lines.append(BodyLines(_launch(instance, replacement), is_block=True))
    preferences = block_of("preferences", ["min_healthy_percentage = 50"]).rstrip("\n")
    lines.append(BodyLines(block_of("instance_refresh", ['strategy = "Rolling"', "", preferences]), is_block=True))
    lines.extend(BodyLines(text, is_block=True) for text in _tags(template.tags))
    lines.append(BodyLines(block_of("lifecycle", ["create_before_destroy = true"]), is_block=True))
    depends = of_group.get("depends_on")
    if depends is not None:
        text = at_no_indent(depends.element, depends.element.node)
        lines.append(BodyLines(depends.with_comments(f"{depends.lead}{text}{depends.tail}\n"), spaced=True))
    return f'resource "aws_autoscaling_group" "{replacement.label}" {{\n{indented(joined_lines(lines), "  ")}}}\n'


def _zones(of_group: dict[str, BodyElement], loop: Loop) -> BodyLines:
    """The subnets or zones in which the machines run."""
    targets = {"subnet_id": "vpc_zone_identifier", "availability_zone": "availability_zones"}
    parts = [of_group[name] for name in targets if name in of_group]
    if not parts:
        raise Unscalable("it names no subnet; a group has to be told where its machines run")
    part, *others = parts
    assert isinstance(part.element, Attribute)
    zones = all_values(part.element, part.element.expr, loop)
    text = part.with_comments(f"{part.lead}{targets[part.element.name]} = {zones}{part.tail}\n")
    return BodyLines("".join(other.with_comments("") for other in others) + text)


def _launch(instance: Block, replacement: Replacement) -> str:
    """The group's `launch_template` block."""
    launch = next(iter(instance.blocks_of("launch_template")), None)
    if launch is None:
        rows = [f"id = {replacement.template}.id", f"version = {replacement.template}.latest_version"]
        return block_of("launch_template", rows)
    rows = []
    for part in body_elements(launch):
        if isinstance(part.element, Attribute):
            rows.append(f"{part.lead}{at_no_indent(part.element, part.element.node)}{part.tail}")
    own = next((r.address for r in launch.references if r.address.startswith("aws_launch_template.")), None)
    version = launch.get("version")
    if own is not None and (version is None or version.value in ('"$Latest"', '"$$Latest"')):
        rows = [r for r in rows if not r.lstrip().startswith("version")] + [f"version = {own}.latest_version"]
    return block_of("launch_template", rows)


def _tags(tags: str | None) -> Iterator[str]:
    """The group's tags, which its machines get as well."""
    if tags is None:
        return
    expr = compose.expression(tags)
    items = object_items(expr) if expr.kind == "object" else ()
    if 0 < len(items) <= _LIMIT_TAGS and all(item_key(i) for i in items):
        for item in items:
            rows = [f'key = "{item_key(item)}"', f"value = {item_value(item).text}", "propagate_at_launch = true"]
            yield block_of("tag", rows)
        return
    content = block_of("content", ["key = tag.key", "value = tag.value", "propagate_at_launch = true"]).rstrip("\n")
    yield block_of("dynamic", [f"for_each = {tags}", "", content], "tag")


def _disjoint(edits: Sequence[Edit]) -> Iterator[Edit]:
    """The edits of one fix, with removals that overlap in blank lines joined. Raises `Unscalable` if others overlap."""
    last: Edit | None = None
    for edit in sorted(edits, key=lambda e: (e.file, e.start, e.end)):
        if last is not None and last.file == edit.file and edit.start < last.end:
            if edit.text or last.text:
                raise Unscalable("two of its references are in one expression")
            last = last._replace(end=max(last.end, edit.end))
            continue
        if last is not None:
            yield last
        last = edit
    if last is not None:
        yield last
