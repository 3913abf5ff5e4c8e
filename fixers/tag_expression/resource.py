"""The tags of one resource: its own, and those of what it makes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tapfix.edits import Edit
from tapfix.fixer import Finding
from tapfix.module import Attribute, Block, Element, compose, item_key, item_value, object_items
from tapfix.module.nodes import META_ARGUMENTS, body_elements, element_name

from ..shared.wording import listed
from .conforming import NewEntry, Unclear, conform
from .maps import NO_KEYS, Keys, TagMaps, flattened, plain_address
from .names import name_of
from .work import Tagged, TagWork

NESTED_MAPS = ("tag_specifications", "root_block_device", "ebs_block_device", "launch_specification")
"""Blocks whose `tags` are those of something that the resource makes: its instances, its volumes."""

FEW_TAGS = {"aws_s3_object": 10, "aws_s3_bucket_object": 10, "aws_s3_object_copy": 10}
"""Types that take fewer tags than the 50 that AWS takes elsewhere.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

_LAST = (META_ARGUMENTS - {"count", "for_each", "provider", "providers"}) | {"timeouts"}
"""Arguments and blocks about a resource's life, which end it by convention."""


class ResourceTags:
    """Gives one resource the contract's tags, in one fix."""

    def __init__(self, work: TagWork, tagged: Tagged) -> None:
        self.work = work
        self.block, self.schema = tagged
        self.edits: list[Edit] = []
        self.done: list[str] = []

    def findings(self) -> Iterator[Finding]:
        """What is refused, and the fix."""
        for reason in self._plan():
            yield self.work.refuse(self.block, f"the tags do not follow {self.work.contract}", reason)
        if self.edits:
            place = self.block.get("tags") or self.block
            yield self.work.fix(place, "; ".join(self.done), self.edits)

    def _plan(self) -> Iterator[str]:
        """Collect the edits, and give the reasons for what is refused."""
        attribute = self.block.get("tags")
        if attribute is None and any(b.type in ("tags", "dynamic") for b in self.block.blocks_of("tags")):
            yield "tags is written as a block; it is an argument: tags = { … }"
        elif attribute is None:
            reason = self._hindrance(NO_KEYS, has_common=False)
            if reason:
                yield reason
            else:
                self._add_tags()
        else:
            yield from self._conform("its tags", attribute, self.defaults)
        for what, nested in self._nested():
            yield from self._conform(f"the tags of its {what}", nested, NO_KEYS, nested=True)

    def _nested(self) -> Iterator[tuple[str, Attribute]]:
        """The maps of tags of what the resource makes, with a word for it."""
        volume = self.block.get("volume_tags")
        if volume is not None and self.schema.attributes.get("volume_tags") is not None:
            yield "volumes", volume
        for name in NESTED_MAPS:
            known = self.schema.blocks.get(name)
            if known is not None and "tags" in known.block.attributes:
                for block in self.block.blocks_of(name):
                    body = next(iter(block.blocks_of("content")), None) if block.type == "dynamic" else block
                    tags = body.get("tags") if body is not None else None
                    if tags is not None:
                        yield name, tags

    def _conform(self, what: str, attribute: Attribute, elsewhere: Keys, *, nested: bool = False) -> Iterator[str]:
        maps, contract = self.work.maps, self.work.contract
        outcome = conform(maps, attribute, attribute.expr, self.entries, elsewhere=elsewhere)
        if outcome is None:
            return
        if isinstance(outcome, Unclear):
            reason: str | None = outcome.reason
        else:
            keys = maps.keys(attribute, attribute.expr)
            has_common = f"local.{contract.common}" in maps.held(attribute, attribute.expr)
            reason = self._hindrance(keys, has_common=has_common, nested=nested)
        if reason:
            yield reason if what == "its tags" else f"{what}: {reason}"
        elif not isinstance(outcome, Unclear):
            self.edits += outcome.edits
            lack = f"lack {listed(outcome.lacked)}" if outcome.lacked else f"are not merged as {contract}"
            self.done.append(f"{what} {lack}")

    @cached_property
    def entries(self) -> tuple[NewEntry, ...]:
        """The entries that the contract wants, with what gives their texts."""
        return tuple(
            (e.key, self._name if e.text is None else lambda text=e.text: text) for e in self.work.contract.entries
        )

    def _name(self) -> str:
        """The expression of the resource's name: that of its tags, if they have one already."""
        attribute = self.block.get("tags")
        keys = [e.key for e in self.work.contract.entries if e.text is None]
        if attribute is not None:
            for part in flattened(attribute, attribute.expr):
                for item in object_items(part) if part.kind == "object" else ():
                    if item_key(item) in keys:
                        return attribute.text(item_value(item))
        return name_of(self.work.module, self.work.context, self.block, self.schema).text

    @cached_property
    def defaults(self) -> Keys:
        """The keys that the resource gets from its provider."""
        return self.work.default_keys(self.block)

    def _add_tags(self) -> None:
        contract, maps = self.work.contract, self.work.maps
        entries = {key: text() for key, text in self.entries if key not in self.defaults.certain}
        own = [compose.object_of(entries, one_line=maps.one_line)] if entries else []
        maps_of_it = [*contract.shared, *own]
        text = maps_of_it[0] if len(maps_of_it) == 1 else compose.call("merge", *maps_of_it)
        self.edits.append(insert_last(self.block, f"tags = {text}"))
        source = name_of(self.work.module, self.work.context, self.block, self.schema).argument
        name = f"; its Name is that of `{source}`" if source else "; its Name is made of its label"
        wants_name = any(e.text is None for e in contract.entries)
        self.done.append(f"it has no tags, and gets {contract}{name if wants_name else ''}")

    # --- hindrances ---------------------------------------------------------------------------------------------------

    def _hindrance(self, own: Keys, *, has_common: bool, nested: bool = False) -> str | None:
        """Why the shared maps cannot be put in front of a map; None if they can.

        `has_common`: the map contains the common map already. `nested`: it is a map of something that the resource
        makes.
        """
        common = self.work.contract.common
        shared = self.work.maps.keys_of_all_shared()
        keys = shared.with_(own).with_(Keys(frozenset(), self.work.contract.keys))
        reason = self._too_alike(keys) or self._too_many(keys)
        if reason is not None or common is None or has_common:
            return reason
        if self.block.address in self.work.common_dependencies:
            return f"local.{common} is computed from this resource, which therefore cannot use it"
        return None if nested else self._against_defaults(own)

    def _too_alike(self, keys: Keys) -> str | None:
        """Keys that differ only in case are one key to IAM.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
        """
        spellings: dict[str, str] = {}
        for key in sorted(keys.possible or ()) if self.schema.name.startswith("aws_iam_") else ():
            other = spellings.setdefault(key.casefold(), key)
            if other != key:
                return f"it would have the tags {other} and {key}, which IAM takes for one key: decide on one spelling"
        return None

    def _too_many(self, keys: Keys) -> str | None:
        limit = FEW_TAGS.get(self.schema.name)
        if limit is None or keys.possible is None or len(keys.possible) <= limit:
            return None
        return f"it would have {len(keys.possible)} tags, and {self.schema.name} takes {limit}"

    def _against_defaults(self, own: Keys) -> str | None:
        """Why the common map would give a tag another value than the provider's default tags do."""
        for source, common in self.work.common_sources():
            keys = source.keys(common, common.expr)
            names = {self._common, *filter(None, map(plain_address, flattened(common, common.expr)))}
            for maps, tags in self.work.defaults_of(self.block):
                for part in reversed(flattened(tags, tags.expr)):
                    if maps is source and plain_address(part) in names:
                        break  # the maps before it lose to it in the default tags as well
                    both = keys.common(maps.keys(tags, part))
                    if both is None:
                        return f"{self._common} may give the provider's default_tags other values"
                    for key in sorted(both - own.certain):
                        reason = self._another_value(key, (source, common), (maps, tags))
                        if reason is not None:
                            return reason
        return None

    @property
    def _common(self) -> str:
        return f"local.{self.work.contract.common}"

    def _another_value(
        self, key: str, common: tuple[TagMaps, Attribute], tags: tuple[TagMaps, Attribute]
    ) -> str | None:
        """Why a key has another value in the common map than in the default tags; None if it is the same."""
        here, there = (maps.literal(holder, holder.expr, key) for maps, holder in (common, tags))
        if here is not None and _same(common[0], here, tags[0], there):
            return None
        return (
            f"the provider's default_tags give {key} the value {there or 'of another map'}, and {self._common} "
            f"gives {here or 'that of another map'}: decide which is meant"
        )


def _same(source: TagMaps, here: str, maps: TagMaps, there: str | None) -> bool:
    """Whether two expressions are the same, each in its own module."""
    if maps is not source and here.startswith("var."):
        given = [call.get(here.removeprefix("var.")) for _, call in source.callers]
        return bool(given) and all(a is not None and a.value == there for a in given)
    return here == there and (maps is source or here.startswith('"'))


def insert_last(block: Block, text: str) -> Edit:
    """Put lines at the end of a resource, but before what is about its life: `depends_on`, `lifecycle` and the like."""
    elements = body_elements(block.body)
    if not elements or block.one_line:
        return block.insert(text)
    keep = [e for e in elements if element_name(e) not in _LAST]
    if elements[-1] in keep or not keep:
        return block.insert(f"\n{text}")
    after = Element(block.file, block.base, keep[-1], block)
    edit = block.insert(f"\n{text}", after=after)
    following = block.file.text[edit.start : block.file.line_end(edit.start)]
    return edit if not following.strip() else edit._replace(text=f"{edit.text}\n")
