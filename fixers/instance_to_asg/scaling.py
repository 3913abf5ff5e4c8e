"""What becomes of the fixed instances of a stack: which of them may be a group, and the edits that make one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import Attribute, Block, File, Module, indented, item_key, item_value, object_items
from tapfix.module.evaluate import Evaluator

from ..shared.module_calls import DEFAULT_TAGS, call_prefix, hand_down, has_default_tags
from ..shared.user_data import UserData
from .copies import Loop, Uncounted, Unscalable, all_values, copies_left
from .launch_template import (
    Piece,
    Template,
    at_no_indent,
    block_text,
    joined_pieces,
    launch_template,
    name_prefix,
    without_comments,
)
from .numbered_twins import Merger, merged, stem
from .parts import Part, comments_in, missing_comments, parts_of
from .references import Names, Rewritten, behind_load_balancer, rewritten
from .sizes import TITLE, Sizes, group_sizes, row_names

INSTANCE = "aws_instance"

ROLES = {
    "a bastion, which people reach by its address": r"bastion|jump|jumpbox|jumphost|jump_?host|jump_?server",
    "a NAT instance, which routes go through": r"nat",
    "a VPN server, which clients reach by its address": r"vpn|openvpn|wireguard",
    "a server with data of its own": (
        r"db|database|mysql|mariadb|postgres|postgresql|mongo|mongodb|cassandra|elasticsearch|kafka|zookeeper|etcd|consul|vault"
    ),
}
"""What a name says of a machine that is not one of many; words of a resource's name."""

_LIMIT_TAGS = 6
"""Up to so many literal tags are written as `tag` blocks; more, or computed ones, as one `dynamic "tag"`."""


class Plan(NamedTuple):
    """What a block of instances becomes."""

    text: str
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]


def first_plan(module: Module, context: Context, instance: Block) -> Plan | Unscalable:
    """What an instance becomes if it is the only one, or why it stays."""
    try:
        alone = _standing_alone(module, instance)
        return alone or plan_of(module, context, instance, several=False)
    except Unscalable as unscalable:
        return unscalable


# --- which instances --------------------------------------------------------------------------------------------------


def what_it_is(module: Module, instance: Block) -> str:
    """Why a group would be better than the instance, as the end of a sentence about it."""
    loop = Loop.of(instance).attribute
    if loop is None or _is_at_most_one(loop):
        return "is a machine on its own"
    value = Evaluator(module).evaluate(loop.expr)
    number = value if isinstance(value, int) else len(value) if isinstance(value, list | dict) else None
    return f"is {number} fixed machines" if number is not None and number > 1 else "is a fixed number of machines"


def _standing_alone(module: Module, instance: Block) -> Unscalable | None:
    """Why an instance is not to be one of many, as far as it says so itself."""
    words = "_".join([instance.name, *_name_words(module, instance)]).lower()
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
            "it stands behind no load balancer; whether it may be replaced at any time, and by how many, a person has to say"
        )
    return None


def _is_at_most_one(loop: Attribute) -> bool:
    expr = loop.expr
    if loop.name == "count" and expr.kind == "conditional":
        return {expr.children[2].text, expr.children[4].text} <= {"0", "1"}
    return loop.value in ("0", "1")


def _name_words(module: Module, instance: Block) -> list[str]:
    tags = instance.get("tags")
    if tags is None:
        return []
    found = re.search(r'"?Name"?\s*[=:]\s*"([^"\n]*)"', tags.value)
    return [re.sub(r"\$\{[^}]*\}", "", found[1])] if found else []


def twins_of(module: Module, instance: Block) -> list[Block]:
    """Of a single instance, the single ones behind the same target group, itself among them; behind none, those with a number for a name."""
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
    """One block in place of twins, if a group can be made of it."""
    for twin in twins:
        plan_of(module, context, twin, several=True)
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
    plan_of(after, then, counted, several=True)
    return merger._replace(edits=edits)


def _attachments(module: Module, instance: Block) -> list[Block]:
    return [
        r.block
        for r in module.references_to(instance.address)
        if r.block is not None and (r.block.resource_type or "").endswith("target_group_attachment")
    ]


def _same_tier(module: Module, instance: Block) -> None:
    """Never make a second group for one tier."""
    for type in ("aws_launch_template", "aws_autoscaling_group"):
        if module.find(f"{type}.{instance.name}") is not None:
            raise Unscalable(
                f"{type}.{instance.name} is there already; whether it is to take the place of the instances, only its author knows"
            )
    mine = _security_groups(instance)
    for template in module.resources("aws_launch_template", "aws_launch_configuration"):
        if mine and _security_groups(template) == mine:
            raise Unscalable(
                f"{template.address} is there for the same tier (it has the same security groups); whether it is to take the place of the instances, only its author knows"
            )


def _security_groups(block: Block) -> frozenset[str]:
    return frozenset(r.address for r in block.references if r.address.startswith("aws_security_group."))


# --- the plan ---------------------------------------------------------------------------------------------------------


def plan_of(module: Module, context: Context, instance: Block, *, several: bool) -> Plan:
    """All that becomes of a block of instances. Raises `Unscalable`."""
    label = instance.name
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    prefix = call_prefix(context, module, _has_groups) + (f"{words}_" if several else "")
    names = Names(instance.address, label, prefix)
    loop = Loop.of(instance)
    templates = instance.blocks_of("launch_template")
    uncounted = Uncounted(label.replace("_", "-"))
    made: list[Edit] = []
    references = rewritten(module, context, instance, names)
    if templates:
        template = _joined(module, instance, templates[0], uncounted)
    else:
        _same_tier(module, instance)
        default_tags, made = _default_tags(module, context, instance)
        template = launch_template(module, instance, UserData(module, context), uncounted, default_tags)
    of = f"the Auto Scaling group of {prefix.strip('_').replace('_', ' ')}" if prefix else "the Auto Scaling group"
    sizes = group_sizes(module, context, loop, names.prefix, f"instances in {of}")
    group = _group(module, instance, names, template, sizes, references, loop)
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
        notes.append("`availability_zone` went: the subnets are in one each")
    return Plan(text, tuple(_disjoint(edits)), tuple(notes))


def _default_tags(module: Module, context: Context, instance: Block) -> tuple[str, list[Edit]]:
    """The provider's default tags, which a launch template does not give to its machines by itself."""
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
    body = f"{{\n  provider = {spelled}\n}}" if spelled else "{}"
    comment = "# The provider's default tags: machines of a launch template do not get them by themselves"
    return f"data.{DEFAULT_TAGS}.{name}.tags", [
        instance.insert_before(f'{comment}\ndata "{DEFAULT_TAGS}" "{name}" {body}')
    ]


def _has_groups(module: Module) -> bool:
    """Whether a module has groups, or instances that may become some."""
    counted = (
        i for i in module.resources(INSTANCE) if Loop.of(i).attribute is not None or behind_load_balancer(module, i)
    )
    return bool(module.resources("aws_autoscaling_group")) or any(_standing_alone(module, i) is None for i in counted)


def _joined(module: Module, instance: Block, launch: Block, uncounted: Uncounted) -> Template:
    """Of an instance that has a launch template already, what the group takes."""
    if module.find(f"aws_autoscaling_group.{instance.name}") is not None:
        raise Unscalable(f"aws_autoscaling_group.{instance.name} is there already")
    overrides = [
        n for n in instance.attributes if n not in ("count", "for_each", "subnet_id", "tags", "depends_on", "provider")
    ]
    overrides += [b.type for b in instance.blocks if b.type not in ("launch_template", "lifecycle")]
    if overrides:
        raise Unscalable(f"it overrides its launch template ({', '.join(f'`{o}`' for o in overrides)})")
    tags = instance.get("tags")
    text = at_no_indent(tags, tags.expr) if tags is not None else None
    if tags is not None:
        text = uncounted.text(tags, tags.expr)
        if tags.indent:
            text = text.replace(f"\n{tags.indent}", "\n")
    bare = without_comments(text) if text is not None else None
    notes = [f"tags that differed from copy to copy went: {', '.join(uncounted.dropped)}"] if uncounted.dropped else []
    return Template("", name_prefix(text, uncounted.label), bare, tuple(notes), tuple(parts_of(instance)))


def _group(
    module: Module,
    instance: Block,
    names: Names,
    template: Template,
    sizes: Sizes,
    references: Rewritten,
    loop: Loop,
) -> str:
    """The text of the Auto Scaling group."""
    moved = {p.element.name: p for p in template.moved if isinstance(p.element, Attribute)}
    pieces: list[Piece] = []
    provider = instance.get("provider")
    if provider is not None:
        pieces.append(Piece(f"provider = {provider.value}\n"))
    pieces.append(Piece(f"name_prefix = {template.name_prefix}\n"))
    pieces.append(_zones(moved, loop))
    count = moved.get("count") or moved.get("for_each")
    desired = f"desired_capacity = {sizes.desired}{count.tail if count else ''}\n"
    pieces.append(Piece(f"min_size = {sizes.smallest}\n"))
    pieces.append(Piece(f"max_size = {sizes.largest}\n"))
    pieces.append(Piece(count.kept(count.lead + desired) if count else desired))
    if references.target_groups:
        pieces.append(Piece(f"target_group_arns = {_list(references.target_groups)}\n"))
    if references.load_balancers:
        pieces.append(Piece(f"load_balancers = {_list(references.load_balancers)}\n"))
    if references.target_groups or references.load_balancers:
        pieces.append(Piece('health_check_type = "ELB"\n'))
        pieces.append(Piece("health_check_grace_period = 300\n"))
    pieces.append(Piece(_launch(module, instance, names), is_block=True))
    preferences = block_text("preferences", ["min_healthy_percentage = 50"]).rstrip("\n")
    pieces.append(Piece(block_text("instance_refresh", ['strategy = "Rolling"', "", preferences]), is_block=True))
    pieces.extend(Piece(text, is_block=True) for text in _tags(template.tags))
    pieces.append(Piece(block_text("lifecycle", ["create_before_destroy = true"]), is_block=True))
    depends = moved.get("depends_on")
    if depends is not None:
        text = at_no_indent(depends.element, depends.element.node)
        pieces.append(Piece(depends.kept(f"{depends.lead}{text}{depends.tail}\n"), spaced=True))
    return f'resource "aws_autoscaling_group" "{names.label}" {{\n{indented(joined_pieces(pieces), "  ")}}}\n'


def _zones(moved: dict[str, Part], loop: Loop) -> Piece:
    """Where the machines run."""
    targets = {"subnet_id": "vpc_zone_identifier", "availability_zone": "availability_zones"}
    parts = [moved[name] for name in targets if name in moved]
    if not parts:
        raise Unscalable("it names no subnet; a group has to be told where its machines run")
    part, *others = parts
    assert isinstance(part.element, Attribute)
    zones = all_values(part.element, part.element.expr, loop)
    text = part.kept(f"{part.lead}{targets[part.element.name]} = {zones}{part.tail}\n")
    return Piece("".join(other.kept("") for other in others) + text)


def _launch(module: Module, instance: Block, names: Names) -> str:
    launch = next(iter(instance.blocks_of("launch_template")), None)
    if launch is None:
        return block_text(
            "launch_template", [f"id = {names.template}.id", f"version = {names.template}.latest_version"]
        )
    rows = []
    for part in parts_of(launch):
        if isinstance(part.element, Attribute):
            rows.append(f"{part.lead}{at_no_indent(part.element, part.element.node)}{part.tail}")
    own = next((r.address for r in launch.references if r.address.startswith("aws_launch_template.")), None)
    version = launch.get("version")
    if own is not None and (version is None or version.value in ('"$Latest"', '"$$Latest"')):
        rows = [r for r in rows if not r.lstrip().startswith("version")] + [f"version = {own}.latest_version"]
    return block_text("launch_template", rows)


def _tags(tags: str | None) -> Iterator[str]:
    """The group's tags, which its machines get as well."""
    if tags is None:
        return
    holder = File("probe.tf", f"x = {tags}\n").attributes.get("x")
    items = object_items(holder.expr) if holder is not None and holder.expr.kind == "object" else ()
    if holder is not None and 0 < len(items) <= _LIMIT_TAGS and all(item_key(i) for i in items):
        for item in items:
            rows = [
                f'key = "{item_key(item)}"',
                f"value = {holder.text(item_value(item))}",
                "propagate_at_launch = true",
            ]
            yield block_text("tag", rows)
        return
    content = block_text("content", ["key = tag.key", "value = tag.value", "propagate_at_launch = true"]).rstrip("\n")
    yield block_text('dynamic "tag"', [f"for_each = {tags}", "", content])


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(values)}]"


def _disjoint(edits: Sequence[Edit]) -> Iterator[Edit]:
    """The edits of one fix, removals that share blank lines joined."""
    last: Edit | None = None
    for edit in sorted(edits, key=lambda e: (e.file, e.start, e.end)):
        if last is not None and last.file == edit.file and edit.start < last.end:
            if edit.text or last.text:
                raise Unscalable("two of its references stand in one expression")
            last = last._replace(end=max(last.end, edit.end))
            continue
        if last is not None:
            yield last
        last = edit
    if last is not None:
        yield last
