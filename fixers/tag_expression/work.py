"""What the parts of TAP010 ask about one module: its tagged resources, its common map, its providers' default tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Finding, Fixer
from tapfix.module import Attribute, Block, Element, Expr, File, Module, expression_references
from tapfix.schema import TypeSchema

from .maps import NO_KEYS, Keys, TagContract, TagMaps, plain_address

SCALING_GROUP = "aws_autoscaling_group"
"""Takes its tags as `tag` blocks. Each of them says whether instances get the tag too."""


class Tagged(NamedTuple):
    """A resource of a type that the schema knows."""

    block: Block
    schema: TypeSchema


class TagWork:
    """The rule's work on one module: what all parts of the rule know of it."""

    def __init__(self, fixer: Fixer, module: Module, context: Context, contract: TagContract, because: Because) -> None:
        self.fixer = fixer
        self.module = module
        self.context = context
        self.contract = contract
        self.because = because
        """What the findings rest on: the clause that states the expression, or the keys."""
        self.maps = TagMaps(module, context, contract)

    def fix(self, at: Element | File, message: str, edits: Iterable[Edit], *, exclusive: bool = False) -> Finding:
        """A finding that is mended by edits."""
        return self.fixer.fix(at, message, edits, exclusive=exclusive, because=self.because)

    def refuse(self, at: Element | File, message: str, reason: str) -> Finding:
        """A finding that a person has to decide."""
        return self.fixer.refuse(at, message, reason, because=self.because)

    @cached_property
    def tagged(self) -> tuple[Tagged, ...]:
        """The resources that have an argument `tags`."""
        return tuple(t for t in self._known if t.schema.taggable)

    @cached_property
    def groups(self) -> tuple[Tagged, ...]:
        """The Auto Scaling groups."""
        return tuple(t for t in self._known if t.schema.name == SCALING_GROUP)

    @cached_property
    def _known(self) -> tuple[Tagged, ...]:
        found = []
        for block in self.module.resources():
            schema = self.context.schema.resource(block.labels[0])
            if schema is not None:
                found.append(Tagged(block, schema))
        return tuple(found)

    @cached_property
    def incomplete_calls(self) -> tuple[tuple[Block, tuple[str, ...]], ...]:
        """The calls of the project's own modules that do not pass the contract's variables on, with these variables."""
        found = []
        for call in self.module.blocks_of("module"):
            called = self.context.project.callee(call)
            if called is None or called is self.module or called.is_root:
                continue
            names = tuple(v for v in self.contract.variables if v in called.variables and call.get(v) is None)
            if names:
                found.append((call, names))
        return tuple(found)

    def maps_of_tags(self) -> Iterator[tuple[Attribute, Expr]]:
        """The maps of tags: of resources, dynamic `tag` blocks and providers, and those passed to called modules."""
        for tagged in self.tagged:
            attribute = tagged.block.get("tags")
            if attribute is not None:
                yield attribute, attribute.expr
        for tagged in self.groups:
            for block in tagged.block.blocks_of("tag"):
                each = block.get("for_each")
                if block.type == "dynamic" and each is not None:
                    yield each, each.expr
        for attribute in self.default_tags:
            yield attribute, attribute.expr
        for call in self.module.blocks_of("module"):
            for attribute in call.attributes.values():
                if attribute.name.endswith("tags"):
                    yield attribute, attribute.expr

    # --- the common map -----------------------------------------------------------------------------------------------

    @cached_property
    def common_dependencies(self) -> frozenset[str]:
        """The addresses that the common map is computed from."""
        return _dependencies(self.module, f"local.{self.contract.common}")

    def common_sources(self) -> Iterator[tuple[TagMaps, Attribute]]:
        """Where the common map is written: in the module, or in the calls that pass it."""
        common = self.maps.common
        if common is None:
            return
        variable = plain_address(common.expr) or ""
        calls = self.maps.callers if variable.startswith("var.") else ()
        given = [(maps, call.get(variable.removeprefix("var."))) for maps, call in calls]
        yield from [(maps, attribute) for maps, attribute in given if attribute is not None] or [(self.maps, common)]

    # --- the providers' default tags ----------------------------------------------------------------------------------

    @cached_property
    def default_tags(self) -> tuple[Attribute, ...]:
        """The `default_tags` of the AWS providers that the module configures."""
        return _default_tags(self.module)

    def defaults_of(self, block: Block) -> tuple[tuple[TagMaps, Attribute], ...]:
        """The default tags that a resource may get from its provider."""
        if not self.module.is_root:
            root = self.context.project.root
            return tuple((self.maps.of(root), tags) for tags in _default_tags(root))
        provider = block.get("provider")
        wanted = f"provider.{provider.value}" if provider is not None else "provider.aws"
        return tuple((self.maps, t) for t in self.default_tags if t.parent and t.parent.address == wanted)

    def default_keys(self, block: Block) -> Keys:
        """The keys that a resource gets from its provider."""
        found = NO_KEYS
        for maps, attribute in self.defaults_of(block):
            found = found.with_(maps.keys(attribute, attribute.expr))
        return found


def _default_tags(module: Module) -> tuple[Attribute, ...]:
    found = []
    for provider in module.blocks_of("provider"):
        if provider.labels == ("aws",):
            for block in provider.blocks_of("default_tags"):
                tags = block.get("tags")
                if tags is not None:
                    found.append(tags)
    return tuple(found)


def _dependencies(module: Module, address: str) -> frozenset[str]:
    """All addresses that an address leads to, over any number of references."""
    found: set[str] = set()
    todo = [address]
    while todo:
        element = module.find(todo.pop())
        if isinstance(element, Attribute):
            references = expression_references(element, element.expr)
        elif isinstance(element, Block):
            references = element.references
        else:
            continue
        fresh = [r.address for r in references if r.address not in found]
        found.update(fresh)
        todo += fresh
    return frozenset(found)
