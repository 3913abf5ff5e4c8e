"""What a volatile value is used for: a tag, a name, a trigger, …"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from tapfix.module import Block, Module, Reference
from tapfix.module.nodes import step_key

from ..shared.lifecycle import ignores
from .volatile import VolatileUse


class Purpose(Enum):
    """What a value is used for."""

    TRIGGER = "something runs again when it changes"
    PROVISIONER = "it is evaluated when a provisioner runs"
    TAGS = "a tag"
    SCRIPT = "a shell script"
    PROSE = "a text that people read"
    UNIQUE = "a name that must be unique in the world, or in a region"
    NAME = "another name"
    TEXT = "any other text"


TAG_ARGUMENTS = frozenset({"tags", "tags_all", "volume_tags", "default_tags", "labels"})
PROSE_ARGUMENTS = frozenset({"description", "comment", "alarm_description", "stage_description"})

_BY_ARGUMENT = {
    **dict.fromkeys(
        ("triggers", "triggers_replace", "keepers", "replacement_trigger", "redeployment"), Purpose.TRIGGER
    ),
    **dict.fromkeys(TAG_ARGUMENTS, Purpose.TAGS),
    **dict.fromkeys(("user_data", "user_data_base64", "userdata", "custom_data"), Purpose.SCRIPT),
    **dict.fromkeys(PROSE_ARGUMENTS, Purpose.PROSE),
}

_TRIGGERED = frozenset({"aws_api_gateway_deployment", "aws_apigatewayv2_deployment"})
"""Types whose every argument triggers: a description that changes is a known trick to deploy again."""

_UNIQUE = frozenset(
    {
        ("aws_s3_bucket", "bucket"),
        ("aws_cognito_user_pool_domain", "domain"),
        ("aws_elastic_beanstalk_environment", "cname_prefix"),
        ("aws_lightsail_bucket", "name"),
        ("aws_opensearchserverless_collection", "name"),
    }
)
"""Names that no two resources in the world, or in a region, may share."""

_NAME = r"(^|_)(name|identifier|prefix|id|bucket|alias|family)(_|$)"
"""Arguments that name something."""

_CONDITIONS = frozenset({"precondition", "postcondition", "validation", "assert"})


def is_harmless(use: VolatileUse) -> bool:
    """Whether a use makes no difference in a plan: in a condition, or in an argument that `ignore_changes` names."""
    if use.block.type == "check" or any(b.type in _CONDITIONS for b in _blocks_around(use)):
        return True
    return use.block.type == "resource" and ignores(use.block, _argument(use), use.key)


def _blocks_around(use: VolatileUse) -> Iterator[Block]:
    """The blocks that contain a use, the innermost first."""
    block = use.holder.parent
    while block is not None:
        yield block
        block = block.parent


def _argument(use: VolatileUse) -> str:
    """The argument or block of the resource that contains a use: `ignore_changes` would name it."""
    inner = [b for b in _blocks_around(use) if b.parent is not None]
    outermost = inner[-1] if inner else None
    if outermost is None:
        return use.holder.name
    return outermost.labels[0] if outermost.type == "dynamic" and outermost.labels else outermost.type


def purpose_of(use: VolatileUse, module: Module) -> Purpose:
    """What a use is for; a local value is for what its uses are for."""
    if use.local is not None:
        return _purpose_of_local(use, use.local, module)
    if is_tag_block(use) or _is_dynamic_tag(use):
        return Purpose.TAGS
    return _purpose_in(use.block, frozenset(b.type for b in _blocks_around(use)), use.holder.name)


def _purpose_in(block: Block, around: frozenset[str], argument: str) -> Purpose:
    """What an argument of a block is for; `around` are the types of the blocks that contain the argument."""
    if around & {"provisioner", "connection"}:
        return Purpose.PROVISIONER
    if block.resource_type in _TRIGGERED or (block.resource_type, argument) == ("terraform_data", "input"):
        return Purpose.TRIGGER
    if "default_tags" in around or (argument.endswith("tags") and block.type == "module"):
        return Purpose.TAGS
    if argument in _BY_ARGUMENT:
        return _BY_ARGUMENT[argument]
    if (block.resource_type, argument) in _UNIQUE:
        return Purpose.UNIQUE
    return Purpose.NAME if re.search(_NAME, argument) else Purpose.TEXT


def _purpose_of_local(use: VolatileUse, name: str, module: Module) -> Purpose:
    """What a local value is for, by all that is made of it, also through other local values."""
    found = {
        _purpose_in(r.block, frozenset(), r.holder.name) if r.holder and r.block else Purpose.TEXT
        for r in _ends(use, name, module)
    }
    if Purpose.TRIGGER in found and use.kind in ("whole", "item"):
        return Purpose.TRIGGER
    if found <= {Purpose.TAGS} or (use.kind == "item" and "tag" in name.lower()):
        return Purpose.TAGS
    for purpose in (Purpose.TEXT, Purpose.UNIQUE, Purpose.SCRIPT, Purpose.NAME):
        if purpose in found:
            return purpose
    return Purpose.PROSE


def _ends(use: VolatileUse, local: str, module: Module) -> Iterator[Reference]:
    """The references to a local value, and to others that are made of it, outside of local values and outputs."""
    seen, todo = {local}, [local]
    while todo:
        name = todo.pop()
        for reference in module.references_to(f"local.{name}"):
            is_item = use.kind == "item" and name == local and reference.steps
            if is_item and step_key(reference.steps[0]) not in (None, use.key):
                continue
            if reference.block is None or reference.block.type == "output":
                continue
            if reference.block.type != "locals":
                yield reference
            elif reference.holder is not None and reference.holder.name not in seen:
                seen.add(reference.holder.name)
                todo.append(reference.holder.name)


def is_tag_block(use: VolatileUse) -> bool:
    """Whether a use is in the value of a `tag` block."""
    parent = use.holder.parent
    return parent is not None and parent.type == "tag" and use.holder.name == "value"


def _is_dynamic_tag(use: VolatileUse) -> bool:
    """Whether a use is in the map of a `dynamic "tag"` block."""
    parent = use.holder.parent
    if parent is None or parent.type != "dynamic" or parent.labels != ("tag",):
        return False
    return use.holder.name == "for_each"
