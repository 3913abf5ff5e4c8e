"""Which provider blocks of the project give a resource its default tags.

`default_tags` reach every resource that has `tags_all`. They do not reach Auto Scaling groups, nor what a launch
template starts: https://registry.terraform.io/providers/hashicorp/aws/latest/docs#default_tags-configuration-block
"""

from __future__ import annotations

import re

from tapfix.module import Attribute, Block, Module, Project, item_value, object_items
from tapfix.module.nodes import item_key_node

_MAX_DEPTH = 10
"""How many calls of modules are followed upwards."""


def providers_of(project: Project, module: Module, block: Block) -> tuple[Block, ...]:
    """The provider blocks that may configure a resource; none if one of them is not in the files."""
    chosen = block.get("provider")
    name = chosen.value if chosen is not None else "aws"
    if not re.fullmatch(r"[\w-]+(?:\.[\w-]+)?", name):  # chosen by an expression, so it may be any
        return tuple(provider for provider in module.blocks_of("provider") if provider.labels == ("aws",))
    return _configured(project, module, name, 0)


def default_tags_of(provider: Block) -> Attribute | None:
    """The map of a provider's default tags."""
    return next((tags for b in provider.blocks_of("default_tags") if (tags := b.get("tags")) is not None), None)


def takes_repeated_tags(module: Module) -> bool:
    """Whether resources may have a tag that `default_tags` give as well: before version 5, each plan changes it again.

    Source: https://support.hashicorp.com/hc/en-us/articles/4406026108435
    """
    for block in (inner for b in module.blocks_of("terraform") for inner in b.blocks_of("required_providers")):
        aws = block.get("aws")
        if aws is not None and re.search(r'version\s*=\s*"\s*(?:~>|=)?\s*v?[34]\b', aws.value):
            return False
    return True


def _configured(project: Project, module: Module, name: str, depth: int) -> tuple[Block, ...]:
    """The provider blocks that a module's name for a provider, such as `aws.west`, leads to."""
    own = [b for b in module.blocks_of("provider") if b.address == f"provider.{name}"]
    if own or module.is_root or depth > _MAX_DEPTH:
        return tuple(own)
    found: list[Block] = []
    for call in project.callers(module):
        given = call.get("providers")
        passed = _passed(given, name) if given is not None else None
        if passed is None and (name != "aws" or given is not None):
            return ()
        blocks = _configured(project, project.module_of(call.file), passed or name, depth + 1)
        if not blocks:
            return ()
        found += blocks
    return tuple(dict.fromkeys(found))


def _passed(given: Attribute, name: str) -> str | None:
    """What a call passes for a provider."""
    for item in object_items(given.expr) if given.expr.kind == "object" else ():
        if given.text(item_key_node(item)).strip() == name:
            return given.text(item_value(item)).strip()
    return None
