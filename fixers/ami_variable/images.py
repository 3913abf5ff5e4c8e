"""The images that a module's resources run: what decides on each, and the newest Amazon Linux for a literal id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import Attribute, Block, Module, compose
from tapfix.module.nodes import whole_address
from tapfix.module.variables import insert_block

from ..shared.amis import ImageSource, Release, ami_places, sources
from ..shared.module_calls import DEFAULT_TAGS

_GRAVITON = r"[a-z]+\d+g[a-z]*\."
"""The family of an instance type with an ARM processor: `t4g.`, `c7gn.`."""


class Image(NamedTuple):
    """An image that resources run."""

    holder: Attribute
    """The attribute that decides on it, of the resource or of a local value."""
    resources: tuple[Block, ...]
    sources: tuple[ImageSource, ...]

    @property
    def key(self) -> str:
        """The same text for attributes that name the same image."""
        return re.sub(r"\s+", " ", self.holder.value)

    @property
    def names(self) -> str:
        """The addresses of the resources, for a message."""
        return ", ".join(r.address for r in self.resources)

    def texts(self, module: Module) -> tuple[str, ...]:
        """What decides on the image where no variable does: the texts of its data sources, else of the expressions."""
        found = [s for s in self.sources if not s.address.startswith("var.")]
        blocks = [module.find(s.address) for s in found]
        return tuple(
            b.text() if isinstance(b, Block) else s.holder.text(s.expr) for s, b in zip(found, blocks, strict=True)
        )


def images_of(module: Module) -> Iterator[Image]:
    """The images of a module, one for each attribute that decides on one."""
    found: dict[tuple[str, int], tuple[Attribute, list[Block]]] = {}
    for resource, attribute in ami_places(module):
        holder = _deciding(module, attribute)
        _, resources = found.setdefault((holder.file.path, holder.start), (holder, []))
        if resource not in resources:
            resources.append(resource)
    for holder, resources in found.values():
        yield Image(holder, tuple(resources), tuple(sources(module, holder, holder.expr)))


def _deciding(module: Module, attribute: Attribute) -> Attribute:
    """The attribute itself, or the local value that it names and nothing else."""
    for _ in range(len(module.locals) + 1):
        address = whole_address(attribute.expr) or ""
        local = module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
        if local is None:
            break
        attribute = local
    return attribute


def decided_elsewhere(module: Module, image: Image) -> str | None:
    """Why a variable cannot override an image; "" where another way decides on it; None where a variable can."""
    for source in image.sources:
        root = source.address.partition(".")[0]
        if root in ("each", "count"):
            loop = image.resources[0].get("for_each") or image.resources[0].get("count")
            loops = sources(module, loop, loop.expr) if loop is not None else ()
            if any(s.address.startswith("var.") for s in loops):
                return ""
            return "it differs from copy to copy; make the map that they are made of a variable"
        if root == "module":
            return "a module decides on it; give that module a variable"
        if root and root not in ("data", "var", "local", "path", "each", "self"):
            return "the stack makes the image itself; a person has to say whether another may take its place"
    if ".index" in image.holder.value or "each." in image.holder.value:
        return "it differs from copy to copy; make the list that it is taken from a variable"
    return None


def newest(module: Module, context: Context, resource: Block, release: Release) -> tuple[str, list[Edit]]:
    """The id of a release's newest image for a resource, as an expression, and the edits that make its data source.

    A data source that the module has already is used.
    """
    provider = resource.get("provider")
    alias = provider.value if provider is not None else ""
    on_arm = _runs_on_arm(context, resource)
    for block in module.data("aws_ami"):
        of = block.get("provider")
        if (of.value if of is not None else "") != alias or block.get("count") or block.get("for_each"):
            continue
        if release.is_found_by(context, block) and ("arm64" in block.text()) == on_arm:
            return f"{block.address}.id", []
    label = f"{release.label}_arm64" if on_arm else release.label
    name = module.unused_name(label, {b.name: b for b in module.data("aws_ami")})
    pattern = release.pattern.format(machine="arm64" if on_arm else "x86_64")
    settings = {"provider": alias} if alias else {}
    body = compose.attributes({**settings, "most_recent": "true", "owners": '["amazon"]'})
    body += _filter("name", pattern) + _filter("virtualization-type", "hvm")
    text = compose.block("data", "aws_ami", name, body=body)
    return f"data.aws_ami.{name}.id", [insert_block(module, "data", text, leaving=DEFAULT_TAGS)]


def _filter(name: str, value: str) -> str:
    values = {"name": compose.quoted(name), "values": compose.list_of([compose.quoted(value)])}
    return "\n" + compose.block("filter", body=compose.attributes(values))


def _runs_on_arm(context: Context, resource: Block) -> bool:
    """Whether a resource has an instance type with an ARM processor in each environment."""
    type = resource.get("instance_type")
    values = context.values(type).values() if type is not None else (None,)
    return all(isinstance(value, str) and re.match(_GRAVITON, value) is not None for value in values)
