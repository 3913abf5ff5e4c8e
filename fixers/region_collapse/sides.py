"""The sides of a stack that is written once per region: which one stays, and what the answer calls them.

A side is the address of a provider, `provider.aws` or `provider.aws.ALIAS`, and all the blocks that name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from tapfix.module import Attribute, Block, Module, string_value, traversal_address

from .names import REGION, SideNames, label_difference, region_in, role_words

DEFAULT = "provider.aws"
"""The side of the blocks that name no provider."""

MOST = 0.6
"""The share from which on two blocks, or two sides, are alike enough to be twins."""

_SIDED_TYPES = ("resource", "data", "module")
_REGION_VARIABLES = ("aws_region", "region", "primary_region")
_DEFAULT_WORDS = ("primary", "main_region")
"""What answers call the side of the default provider, which has no alias to name it."""


class Sides:
    """The sides of a module. Without twins, `others` and `names` are empty."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.side_of = dict(_sides(module))
        """The side of each resource, data source and module call, by its address."""
        self._declared_names = {side: self._names_of(side) for side in (DEFAULT, *self.aliases)}
        self.kept, self.others = self._choose()
        self.names = self._learned_names() if self.others else {}
        """The words for each side, by the side."""

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """The provider aliases that are declared, in that order, and after them those that are only used."""
        used = [side for side in self.side_of.values() if side != DEFAULT]
        declared = [b.address for b in self.module.blocks_of("provider") if b.labels == ("aws",) and b.get("alias")]
        return tuple(dict.fromkeys([*declared, *used]))

    @property
    def kept_names(self) -> SideNames:
        """The words for the side that stays."""
        return self.names[self.kept]

    def region_of(self, side: str) -> str | None:
        """The region that a side's provider block or alias names."""
        return self._declared_names[side].region

    def aliased_blocks(self) -> list[Block]:
        """The blocks that name a provider which is not the default one."""
        return [block for block in self.module.blocks if self.side_of.get(block.address, DEFAULT) != DEFAULT]

    # -- which side stays ----------------------------------------------------------------------------------------------

    def _choose(self) -> tuple[str, tuple[str, ...]]:
        """The side that stays and its twins. The side with most twins in the others stays."""
        if not self.aliases:
            return DEFAULT, ()
        used = set(self.side_of.values())
        sides = [DEFAULT, *(alias for alias in self.aliases if alias in used)]
        blocks: dict[str, Counter[tuple[str, str]]] = {side: Counter() for side in sides}
        for address, side in self.side_of.items():
            blocks[side][neutral_address(address, self._declared_names[side])] += 1

        def common(side: str, other: str) -> int:
            return sum((blocks[side] & blocks[other]).values())

        ranks = []
        for number, side in enumerate(sides):
            twins = sum(common(side, other) for other in sides if other not in (side, DEFAULT))
            if twins:
                ranks.append((twins, self._preference(side), -number))
        if not ranks:
            return self._choose_by_types(sides)
        kept = sides[-max(ranks)[2]]
        others = tuple(side for side in sides if side not in (kept, DEFAULT) and common(kept, side))
        if kept != DEFAULT and all(self._alike_in_types(DEFAULT, side) for side in (kept, *others)):
            # The default provider's blocks may be named in another way; it is a side like the others, and the first.
            return DEFAULT, (kept, *others)
        return kept, others

    def _preference(self, side: str) -> int:
        """Which of two sides with as many twins stays: the one in the home region, else the default provider's."""
        if self._home_region is not None and self.region_of(side) == self._home_region:
            return 2
        return 1 if side == DEFAULT else 0

    @cached_property
    def _home_region(self) -> str | None:
        """The region that is the default of the variable for the region."""
        for name in _REGION_VARIABLES:
            variable = self.module.variables.get(name)
            default = variable.get("default") if variable else None
            if default is not None:
                return region_in(default.value)
        return None

    def _choose_by_types(self, sides: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The choice among sides without common names: twins are sides that have the same types equally often."""
        for side in sides:
            others = tuple(
                other
                for other in sides
                if other not in (side, DEFAULT)
                and self._types_of(other).total() >= 2
                and self._alike_in_types(side, other)
            )
            if others:
                return side, others
        return DEFAULT, ()

    def _alike_in_types(self, side: str, other: str) -> bool:
        """Whether a side has most of the resource types of another, equally often."""
        mine, theirs = self._types_of(side), self._types_of(other)
        return sum((mine & theirs).values()) >= MOST * sum(theirs.values())

    def _types_of(self, side: str) -> Counter[str]:
        return Counter(address.rpartition(".")[0] for address, own in self.side_of.items() if own == side)

    # -- what they are called ------------------------------------------------------------------------------------------

    def _names_of(self, side: str) -> SideNames:
        """What the side's alias and its provider block call it."""
        alias = side.removeprefix(DEFAULT).removeprefix(".")
        provider = self.module.find(side)
        region = None
        if isinstance(provider, Block) and (argument := provider.get("region")):
            region = self._region_in_argument(argument)
        region = region or region_in(alias)
        words = [alias, alias.replace("_", "-"), *role_words(alias)] if alias else list(_DEFAULT_WORDS)
        return SideNames(region, words)

    def _region_in_argument(self, argument: Attribute) -> str | None:
        """The region that an argument spells, or the variable or local value that it refers to."""
        literal = string_value(argument.expr)
        if literal is not None:
            return region_in(literal)
        found = traversal_address(argument.expr)
        target = self.module.find(found[0]) if found else None
        if isinstance(target, Block):
            default = target.get("default")
            return region_in(default.value) if default else None
        return region_in(target.value) if isinstance(target, Attribute) else None

    def _learned_names(self) -> dict[str, SideNames]:
        """The sides' names, with the words in which the labels of blocks of one shape differ between the sides."""
        names = {side: self._declared_names[side] for side in (self.kept, *self.others)}
        for side, region in self._mentioned_regions().items():
            names[side] = names[side].of(region)
        for other in self.others:
            seen: Counter[tuple[str, str]] = Counter()
            for kept, gone in self._lookalikes(self.kept, other):
                difference = label_difference(kept.rpartition(".")[2], gone.rpartition(".")[2])
                if difference:
                    seen[difference] += 1
            for (kept_word, gone_word), count in seen.items():
                if count >= 2:
                    names[self.kept] = names[self.kept].learned(_spellings(kept_word))
                    names[other] = names[other].learned(_spellings(gone_word))
        for side in list(names):
            elsewhere = {w for other in names if other != side for w in (*names[other].roles, *names[other].regional)}
            names[side] = names[side].without(elsewhere)
        return names

    def _mentioned_regions(self) -> dict[str, str]:
        """The regions of the sides whose provider names none: the one that only this side's blocks mention."""
        unknown = [side for side in (self.kept, *self.others) if self.region_of(side) is None]
        if not unknown:
            return {}
        mentioned: dict[str, Counter[str]] = {side: Counter() for side in (self.kept, *self.others)}
        for address, side in self.side_of.items():
            block = self.module.find(address)
            if side in mentioned and block is not None:
                mentioned[side].update({r for m in REGION.finditer(block.text()) if (r := region_in(m[0]))})
        found = {}
        for side in unknown:
            elsewhere = {region for other, regions in mentioned.items() if other != side for region in regions}
            own = [region for region, _ in mentioned[side].most_common() if region not in elsewhere]
            if own:
                found[side] = own[0]
        return found

    def _lookalikes(self, side: str, other: str) -> Iterator[tuple[str, str]]:
        """Addresses on two sides of blocks of one type and shape that no further block of their side has."""
        shapes: dict[str, dict[tuple[str, str], list[str]]] = {side: {}, other: {}}
        for address, own in self.side_of.items():
            block = self.module.find(address)
            if own in shapes and isinstance(block, Block):
                shapes[own].setdefault((address.rpartition(".")[0], _shape(block)), []).append(address)
        for shape, mine in shapes[side].items():
            theirs = shapes[other].get(shape, [])
            if len(mine) == len(theirs) == 1:
                yield mine[0], theirs[0]


def neutral_address(address: str, names: SideNames) -> tuple[str, str]:
    """The type that an address begins with, and its name without the words for a side."""
    type, _, label = address.rpartition(".")
    return type, names.label(label)


def _sides(module: Module) -> Iterator[tuple[str, str]]:
    """The address of each resource, data source and module call, with the provider that it names."""
    for block in module.blocks:
        if block.type not in _SIDED_TYPES:
            continue
        side = DEFAULT
        for reference in block.references:
            if (
                reference.address.startswith("provider.")
                and reference.holder is not None
                and reference.holder.name in ("provider", "providers")
            ):
                side = reference.address
                break
        if side.startswith(DEFAULT):
            yield block.address, side


def _spellings(word: str) -> list[str]:
    return [word, word.replace("_", "-")] if word else []


def _shape(block: Block) -> str:
    """The blocks and arguments of a block with the kinds of their expressions, without names, texts and numbers."""
    parts = []
    for inner in block.walk():
        parts.append(inner.type)
        parts.extend(sorted(f"{a.name}:{a.expr.kind}" for a in inner.attributes.values() if a.name != "provider"))
    return " ".join(parts)
