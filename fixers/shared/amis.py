"""Amazon Machine Images: where resources name one, where the value comes from, and which system an image has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    call_arguments,
    call_name,
    expression_references,
    item_value,
    object_items,
    string_value,
    traversal_address,
)
from tapfix.module.nodes import Conditional, parenthesized, sole_interpolation

AMI_ARGUMENTS = {
    "aws_instance": "ami",
    "aws_spot_instance_request": "ami",
    "aws_launch_template": "image_id",
    "aws_launch_configuration": "image_id",
    "aws_spot_fleet_request": "ami",
}
"""The argument that names the image, by resource type; a spot fleet has it in its `launch_specification` blocks."""

AMI_ID = re.compile(r"ami-[0-9a-z]+")
_MAX_DEPTH = 16
_FIRST = frozenset({"element", "nonsensitive", "one", "sensitive", "tostring", "trimspace"})
"""Functions whose value is their first argument, or an element of it."""
_ALL = frozenset({"coalesce", "try"})
"""Functions whose value is one of their arguments."""


class ImageSource(NamedTuple):
    """Where a value comes from in the end: an expression, and the element that contains it."""

    holder: Element
    expr: Expr

    @property
    def address(self) -> str:
        found = traversal_address(self.expr)
        return found[0] if found is not None else ""


def ami_places(module: Module) -> Iterator[tuple[Block, Attribute]]:
    """The resources that name an image, each with the attribute that does."""
    for resource in module.resources(*AMI_ARGUMENTS):
        for block in resource.walk():
            attribute = block.get(AMI_ARGUMENTS[resource.labels[0]])
            if attribute is not None and (block is resource or block.type == "launch_specification"):
                yield resource, attribute


def sources(module: Module, holder: Element, expr: Expr, depth: int = 0) -> Iterator[ImageSource]:
    """What can be the value of an expression, through conditionals, fallbacks and locals; null and "" do not count."""
    if depth > _MAX_DEPTH:
        yield ImageSource(holder, expr)
        return
    name, inside = call_name(expr), sole_interpolation(expr) if expr.kind == "template" else None
    inner: tuple[Expr, ...] | None = None
    if expr.kind == "paren":
        inner = (parenthesized(expr),)
    elif expr.kind == "conditional":
        _, yes, no = Conditional.of(expr)
        inner = (yes, no)
    elif inside is not None:
        inner = (inside,)
    elif expr.kind == "object" and depth:
        inner = tuple(item_value(item) for item in object_items(expr))
    elif (expr.kind == "tuple" and depth) or name in _ALL:
        inner = call_arguments(expr)
    elif name in _FIRST:
        inner = call_arguments(expr)[:1]
    elif name == "lookup":
        inner = call_arguments(expr)[::2]
    if inner is not None:
        for part in inner:
            yield from sources(module, holder, part, depth + 1)
        return
    found = traversal_address(expr)
    local = module.locals.get(found[0].removeprefix("local.")) if found and found[0].startswith("local.") else None
    if local is not None:
        yield from sources(module, local, local.expr, depth + 1)
    elif expr.text != "null" and string_value(expr) != "":
        yield ImageSource(holder, expr)


class Release(NamedTuple):
    """A release of Amazon Linux."""

    label: str
    """The label of a data source for it."""
    words: str
    """Its name in a message."""
    pattern: str
    """The pattern of its images' names, with `{machine}` for the architecture."""

    def is_found_by(self, context: Context, block: Block) -> bool:
        """Whether a `data "aws_ami"` looks for it."""
        start = self.pattern.partition("-ami-")[0] + "-ami"
        patterns = _name_patterns(context, block)
        return any(p.startswith(start) and not re.search("ecs|eks|minimal", p) for p in patterns)


AMAZON_LINUX_2 = Release("amazon_linux_2", "Amazon Linux 2", "amzn2-ami-hvm-*-{machine}-gp2")
AMAZON_LINUX_2023 = Release("amazon_linux_2023", "Amazon Linux 2023", "al2023-ami-2023.*-{machine}")

_FOR_OTHERS = (
    r"(?i)\bapt(-get)?\b|<powershell>|\bzypper\b|\bubuntu\b|\bdebian\b|\bwindows\b|\brhel\b|red hat|/etc/e[ck]s/"
)
"""Words of other systems, and of images of Amazon Linux with more on them (the agents of ECS and EKS)."""
_FOR_2023 = re.compile(r"\bdnf\b|amazon[ -]linux[ -]2023|\bal2023\b", re.IGNORECASE)


def release_of(module: Module, resource: Block, comment: str) -> Release | None:
    """The Amazon Linux that a resource runs, by its script and by a comment on its image; None for another system."""
    text = comment + _script(module, resource)
    if re.search(_FOR_OTHERS, text):
        return None
    return AMAZON_LINUX_2023 if _FOR_2023.search(text) else AMAZON_LINUX_2


def _script(module: Module, resource: Block) -> str:
    """The source of a resource's user data, with that of the local values in it."""
    attribute = resource.get("user_data") or resource.get("user_data_base64")
    if attribute is None:
        return ""
    used = [r.address for r in expression_references(attribute, attribute.expr)]
    names = {a.removeprefix("local.") for a in used if a.startswith("local.")}
    return "\n".join([attribute.value, *(module.locals[n].value for n in names if n in module.locals)])


def _name_patterns(context: Context, block: Block) -> list[str]:
    """The names that a `data "aws_ami"` looks for, in all environments."""
    patterns: dict[str, None] = {}
    for filter in block.blocks_of("filter"):
        name, values = filter.get("name"), filter.get("values")
        if name is not None and values is not None and string_value(name.expr) == "name":
            for found in context.values(values).values():
                if isinstance(found, list):
                    patterns.update(dict.fromkeys(v for v in found if isinstance(v, str)))
    return list(patterns)


class RootDevice(NamedTuple):
    """The name of a root device."""

    expr: str
    """The name as an expression."""
    because: str = ""
    """Why the name is assumed; empty where the image itself has it."""


_XVDA, _SDA1 = '"/dev/xvda"', '"/dev/sda1"'


def root_device(module: Module, context: Context, resource: Block, attribute: Attribute) -> RootDevice:
    """The name of the root device of an instance's image."""
    for source in sources(module, attribute, attribute.expr):
        block = module.find(source.address)
        if source.address.startswith("data.aws_ami."):
            return _device_of_ami(context, source, block)
        if source.address.startswith("data.aws_ssm_parameter."):
            name = block.get("name") if isinstance(block, Block) else None
            paths = [str(path) for path in context.values(name).values()] if name is not None else [""]
            if all("ami-amazon-linux" in path for path in paths):
                return RootDevice(_XVDA)
            if all("canonical" in path or "windows" in path for path in paths):
                return RootDevice(_SDA1)
    text = _script(module, resource)
    if re.search(r"\bapt(-get)?\b|<powershell>", text):
        return RootDevice(_SDA1, "its script is written for Ubuntu or Windows")
    if re.search(r"\b(yum|dnf|amazon-linux-extras)\b", text):
        return RootDevice(_XVDA, "its script is written for Amazon Linux")
    return RootDevice(_XVDA, "that is how Amazon Linux names it")


def _device_of_ami(context: Context, source: ImageSource, block: Element | None) -> RootDevice:
    """The name of the root device of the image that a `data "aws_ami"` finds."""
    patterns = _name_patterns(context, block) if isinstance(block, Block) else []
    if patterns and all(p.startswith(("amzn2-", "al2023-", "amzn-")) for p in patterns):
        return RootDevice(_XVDA)
    if patterns and all(p.lower().startswith(("ubuntu", "windows", "rhel", "debian")) for p in patterns):
        return RootDevice(_XVDA if patterns[0].startswith("debian") else _SDA1)
    named = expression_references(source.holder, source.expr)[0]
    steps = source.holder.text(source.expr)[len(named.address) :]
    return RootDevice(f"{source.address}{'[0]' if steps.startswith('[') else ''}.root_device_name")
