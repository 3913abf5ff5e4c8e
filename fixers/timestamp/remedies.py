"""What replaces a volatile value, or how it is removed."""

from __future__ import annotations

import re
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, Expr, Module, call_arguments, call_name, compose
from tapfix.module.literals import unescaped
from tapfix.module.nodes import members, template_parts
from tapfix.module.variables import insert_block

from ..shared.lifecycle import ignore, stop_ignoring
from .purposes import PROSE_ARGUMENTS, TAG_ARGUMENTS, Purpose, is_tag_block
from .texts import SEPARATORS, gap, text_without
from .volatile import VolatileUse

_NAMES_OF_SNAPSHOTS = frozenset({"final_snapshot_identifier", "final_snapshot_name"})


class Remedy(NamedTuple):
    """What is done, in a few words, and the edits that do it."""

    what: str
    edits: list[Edit]


def remedy_of(use: VolatileUse, purpose: Purpose, module: Module) -> Remedy | None:
    """How a time is removed or replaced; None where something may need it."""
    parent = use.holder.parent
    if use.block.type == "output":
        return _of_output(use, module)
    if use.kind == "item" and purpose is Purpose.TAGS:
        return Remedy(f"the tag {use.key} goes", _without_item(use))
    if use.kind == "whole" and parent is not None and is_tag_block(use):
        return Remedy("the tag goes", [parent.remove()])
    if use.kind == "whole" and use.holder.name in _NAMES_OF_SNAPSHOTS and _skips_snapshot(parent):
        return Remedy("the argument means nothing and goes", _without_argument(use.holder))
    if use.kind == "part" and purpose is not Purpose.TEXT:
        return _of_text(use, purpose, module)
    if use.kind == "element" and call_name(use.around[1] if len(use.around) > 1 else use.unit) == "join":
        return Remedy("it goes", [use.holder.remove_member(use.around[0], use.unit)])
    return None


def kept(use: VolatileUse) -> Remedy | None:
    """Let an argument keep the value of its creation, where it is a resource's own and no tag."""
    block, argument = use.block, use.holder.name
    is_own = block.type == "resource" and use.holder.parent is block and argument not in ("count", "for_each", "tags")
    if not is_own or use.kind != "whole":
        return None
    return Remedy("the value of the creation is kept (`ignore_changes`)", [ignore(block, argument)])


def _skips_snapshot(block: Block | None) -> bool:
    skip = block.get("skip_final_snapshot") if block is not None else None
    return skip is not None and skip.value == "true"


def _without_argument(attribute: Attribute) -> list[Edit]:
    assert attribute.parent is not None
    return [attribute.remove(), *stop_ignoring(attribute.parent, attribute.name)]


def _without_item(use: VolatileUse) -> list[Edit]:
    """Remove the item. An object that would be empty then leaves its `merge`, or goes with its attribute."""
    item, object_, *outer = use.around
    if len(members(object_)) > 1 or use.local is not None:
        return [use.holder.remove_member(object_, item)]
    if not outer:
        return [use.holder.remove()]
    if call_name(outer[0]) == "merge":
        others = [a for a in call_arguments(outer[0]) if a is not object_]
        if len(others) == 1:
            return [use.holder.edit(outer[0], use.holder.text(others[0]))]
        return [use.holder.remove_member(outer[0], object_)]
    return [use.holder.remove_member(object_, item)]


def _of_output(use: VolatileUse, module: Module) -> Remedy | None:
    """An output has no effect: the part of it that changes is removed, unless a calling module reads it."""
    if not module.is_root and use.kind != "part":
        return None
    if use.kind == "whole" and use.holder.name == "value":
        return Remedy("the output goes", [use.block.remove()])
    if use.kind == "item":
        item, object_ = use.around[:2]
        if len(members(object_)) == 1:
            return Remedy("the output goes", [use.block.remove()])
        return Remedy(f"the item {use.key} goes", [use.holder.remove_member(object_, item)])
    return _of_text(use, Purpose.PROSE, module) if use.kind == "part" else None


# --- texts ------------------------------------------------------------------------------------------------------------


def _of_text(use: VolatileUse, purpose: Purpose, module: Module) -> Remedy | None:
    """Remove an interpolation from a text, or replace it."""
    interpolation, template = use.around[:2]
    if purpose is Purpose.SCRIPT:
        return _in_script(use, template)
    if purpose is Purpose.UNIQUE or (purpose is Purpose.NAME and _meets_another(use, module)):
        stand_in = StandIn("random_id", compose.attributes({"byte_length": "4"}), module, use)
        edits = [use.holder.edit(use.unit, f"{stand_in.address}.hex"), *stand_in.edits]
        return Remedy(f"`{stand_in.address}`, drawn once, replaces it", edits)
    is_phrase = any(" " in part.text for part in template_parts(template) if not part.children)
    in_prose = purpose is Purpose.PROSE or (purpose is Purpose.TAGS and is_phrase)
    start, end = gap(template, interpolation, in_prose=in_prose)
    rest = text_without(template, start, end)
    if not rest.strip(SEPARATORS + "\n"):
        return _without_text(use)
    single = re.fullmatch(r"\$\{([^{}]*)\}", rest)
    if single is not None and template.kind == "template":
        return Remedy("it goes from the text", [use.holder.edit(template, single[1].strip())])
    base = use.holder.base
    return Remedy("it goes from the text", [Edit(use.holder.file.path, base + start, base + end, "")])


def _without_text(use: VolatileUse) -> Remedy | None:
    """Remove a text that contains nothing but a time: a tag, an output, a description."""
    text = use._replace(unit=use.around[1], around=use.around[2:])
    parent = use.holder.parent
    if text.kind == "item" and use.holder.name in TAG_ARGUMENTS:
        return Remedy(f"the tag {text.key} says nothing else and goes", _without_item(text))
    if text.kind != "whole" or parent is None:
        return None
    if is_tag_block(text):
        return Remedy("the tag says nothing else and goes", [parent.remove()])
    if use.block.type == "output" and use.holder.name == "value":
        return Remedy("the output says nothing else and goes", [use.block.remove()])
    if use.block.type == "resource" and parent is use.block and use.holder.name in PROSE_ARGUMENTS:
        return Remedy("the argument says nothing else and goes", _without_argument(use.holder))
    return None


def _in_script(use: VolatileUse, template: Expr) -> Remedy | None:
    """A shell script takes the time itself, when it runs."""
    parts = template_parts(template)
    if parts[0].kind not in ("QuotedLit", "StringLit") or not unescaped(parts[0].text).lstrip().startswith("#!"):
        return None
    before = "".join(part.code() for part in parts[: parts.index(use.around[0])])
    line = before.rpartition("\n")[2]
    if line.count("'") % 2 or "<<'" in before or '<<"' in before:
        return None
    date = "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    return Remedy("the script takes the time itself, when it runs", [use.holder.edit(use.around[0], date)])


def _meets_another(use: VolatileUse, module: Module) -> bool:
    """Whether the text without the interpolation is the name of another resource of the type."""
    interpolation, template = use.around[:2]
    rest = f'"{text_without(template, *gap(template, interpolation, in_prose=False))}"'
    others = module.resources(use.block.resource_type) if use.block.resource_type else ()
    same_name = (other.get(use.holder.name) for other in others if other is not use.block)
    return any(a is not None and a.value == rest and a.start != use.holder.start for a in same_name)


# --- stand-ins --------------------------------------------------------------------------------------------------------


class StandIn:
    """A resource of the `random` provider that replaces a volatile value.

    `number` says which of the volatile values of its block it replaces; the name of the resource is made of it.
    """

    def __init__(self, type: str, body: str, module: Module, use: VolatileUse, number: int = 1) -> None:
        taken = {block.name: block for block in module.resources(type)}
        wanted = use.local or use.block.name or use.holder.name
        name = module.unused_name(wanted if number == 1 else f"{wanted}_{number}", taken)
        self.address = f"{type}.{name}"
        text = compose.block("resource", type, name, body=body)
        if use.block.type == "resource":
            new = use.block.insert_before(text)
        elif use.block.type == "locals":
            new = use.block.insert_after(text)
        else:
            new = insert_block(module, "resource", text)
        self.edits = [new, *_required(module)]


def _required(module: Module) -> list[Edit]:
    """Name the `random` provider where the module names its providers."""
    for terraform in module.blocks_of("terraform"):
        for required in terraform.blocks_of("required_providers"):
            if required.get("random") is not None:
                return []
            source = {"source": compose.quoted("hashicorp/random"), "version": compose.quoted("~> 3.0")}
            return [required.insert(compose.attributes({"random": compose.object_of(source)}))]
    return []
