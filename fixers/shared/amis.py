"""Amazon Machine Images: where resources name one, where the value comes from, and which image a script was written for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

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
from tapfix.module.evaluate import Evaluator

AMI_ARGUMENTS = {
    "aws_instance": "ami",
    "aws_spot_instance_request": "ami",
    "aws_launch_template": "image_id",
    "aws_launch_configuration": "image_id",
    "aws_spot_fleet_request": "ami",
}
"""The argument that names the image; of a spot fleet in its `launch_specification` blocks."""

AMI_ID = re.compile(r"ami-[0-9a-z]+")
_MAX_DEPTH = 16
_FIRST = frozenset({"element", "nonsensitive", "one", "sensitive", "tostring", "trimspace"})
_ALL = frozenset({"coalesce", "try"})


class Source(NamedTuple):
    """Where a value comes from in the end: an expression, and the element that it stands in."""

    holder: Element
    expr: Expr

    @property
    def address(self) -> str:
        found = traversal_address(self.expr)
        return found[0] if found is not None else ""


def ami_places(module: Module) -> Iterator[tuple[Block, Attribute]]:
    """The resources that name an image, and the attributes that do it."""
    for resource in module.resources(*AMI_ARGUMENTS):
        for block in resource.walk():
            attribute = block.get(AMI_ARGUMENTS[resource.labels[0]])
            if attribute is not None and (block is resource or block.type == "launch_specification"):
                yield resource, attribute


def sources(module: Module, holder: Element, expr: Expr, depth: int = 0) -> Iterator[Source]:
    """What may become the value of an expression, through conditionals, fallbacks and locals; null and empty texts left out."""
    if depth > _MAX_DEPTH:
        yield Source(holder, expr)
        return
    name = call_name(expr)
    inner: tuple[Expr, ...] | None = None
    if expr.kind == "paren":
        inner = (expr.children[1],)
    elif expr.kind == "conditional":
        inner = (expr.children[2], expr.children[4])
    elif expr.kind == "template" and [c.kind for c in expr.children[1:-1]] == ["interpolation"]:
        inner = (expr.children[1].children[1],)
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
        yield Source(holder, expr)


class Release(NamedTuple):
    """A release of Amazon Linux: the name of a data source for it, how a person calls it, and its images by name."""

    label: str
    words: str
    pattern: str

    def is_meant_by(self, module: Module, block: Block) -> bool:
        """Whether a `data "aws_ami"` looks for it."""
        start = self.pattern.partition("-ami-")[0] + "-ami"
        patterns = list(_name_patterns(module, block))
        return any(p.startswith(start) and not re.search("ecs|eks|minimal", p) for p in patterns)


AMAZON_LINUX_2 = Release("amazon_linux_2", "Amazon Linux 2", "amzn2-ami-hvm-*-{machine}-gp2")
AMAZON_LINUX_2023 = Release("amazon_linux_2023", "Amazon Linux 2023", "al2023-ami-2023.*-{machine}")

_FOR_OTHERS = (
    r"(?i)\bapt(-get)?\b|<powershell>|\bzypper\b|\bubuntu\b|\bdebian\b|\bwindows\b|\brhel\b|red hat|/etc/e[ck]s/"
)
"""Other systems, and images of Amazon Linux that somebody put more on (the agents of ECS and EKS)."""
_FOR_2023 = re.compile(r"\bdnf\b|amazon[ -]linux[ -]2023|\bal2023\b", re.IGNORECASE)


def release_of(module: Module, resource: Block, said: str) -> Release | None:
    """The Amazon Linux that a resource runs, as its script and what is said of its image tell; None if it runs another system."""
    text = said + _script(module, resource)
    if re.search(_FOR_OTHERS, text):
        return None
    return AMAZON_LINUX_2023 if _FOR_2023.search(text) else AMAZON_LINUX_2


def _script(module: Module, resource: Block) -> str:
    """The user data of a resource as it is written, with the local values that it is made of."""
    attribute = resource.get("user_data") or resource.get("user_data_base64")
    if attribute is None:
        return ""
    used = [r.address for r in expression_references(attribute, attribute.expr)]
    names = {a.removeprefix("local.") for a in used if a.startswith("local.")}
    return "\n".join([attribute.value, *(module.locals[n].value for n in names if n in module.locals)])


def _name_patterns(module: Module, block: Block) -> Iterator[str]:
    for filter in block.blocks_of("filter"):
        name, values = filter.get("name"), filter.get("values")
        if name is not None and values is not None and string_value(name.expr) == "name":
            found = Evaluator(module).evaluate(values.expr)
            yield from (v for v in found if isinstance(v, str)) if isinstance(found, list) else ()


class RootDevice(NamedTuple):
    """The root device's name as an expression; `because` is empty where the image itself tells it."""

    expr: str
    because: str = ""


_XVDA, _SDA1 = '"/dev/xvda"', '"/dev/sda1"'


def root_device(module: Module, resource: Block, attribute: Attribute) -> RootDevice:
    """How the root device of an instance's image is called."""
    found = list(sources(module, attribute, attribute.expr))
    for source in found:
        if source.address.startswith("data.aws_ami."):
            block = module.find(source.address)
            patterns = list(_name_patterns(module, block)) if isinstance(block, Block) else []
            if patterns and all(p.startswith(("amzn2-", "al2023-", "amzn-")) for p in patterns):
                return RootDevice(_XVDA)
            if patterns and all(p.lower().startswith(("ubuntu", "windows", "rhel", "debian")) for p in patterns):
                return RootDevice('"/dev/xvda"' if patterns[0].startswith("debian") else _SDA1)
            instance = expression_references(source.holder, source.expr)[0]
            steps = source.holder.text(source.expr)[len(instance.address) :]
            index = "[0]" if steps.startswith("[") else ""
            return RootDevice(f"{source.address}{index}.root_device_name")
        if source.address.startswith("data.aws_ssm_parameter."):
            block = module.find(source.address)
            name = block.get("name") if isinstance(block, Block) else None
            path = str(Evaluator(module).evaluate(name.expr)) if name is not None else ""
            if "ami-amazon-linux" in path:
                return RootDevice(_XVDA)
            if "canonical" in path or "windows" in path:
                return RootDevice(_SDA1)
    text = _script(module, resource)
    if re.search(r"\bapt(-get)?\b|<powershell>", text):
        return RootDevice(_SDA1, "its script is written for Ubuntu or Windows")
    if re.search(r"\b(yum|dnf|amazon-linux-extras)\b", text):
        return RootDevice(_XVDA, "its script is written for Amazon Linux")
    return RootDevice(_XVDA, "that is how Amazon Linux names it")
