"""Evidence that a doubled stack is no mere mirror: that somebody wants its second region.

Where nobody states how many regions there are, a stack is collapsed only without any evidence: its sides are named by
their regions, each resource has its twin, twins are equal but for names, regions and networks, nothing joins the sides,
and the answer says nothing of what the second region is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from tapfix.answer.files import Answer
from tapfix.module import Attribute, Block, Element, File, Reference, Span

from ..shared.account_names import NAME_ARGUMENTS
from .comparison import Difference
from .environment_values import is_network, region_bound
from .extent import Extent
from .names import SideNames, region_in
from .obstacles import GLOBAL, Obstacle, across_regions, contrast
from .sides import DEFAULT
from .speech import Said, purposes_said, regions_said
from .twins import Twins

EvidenceKind = Literal[
    "joined", "tied", "ranked", "said", "crossing", "outputs", "regions", "lone", "unlike", "unnamed"
]  # fmt: skip

KINDS: dict[EvidenceKind, str] = {
    "joined": "a resource joins the regions, as a peering connection does",
    "tied": "an argument ties a resource to the other region, as `replicate_source_db` does",
    "ranked": "the sides are called by roles, as `primary` and `secondary`",
    "said": "a comment, a name, a string or the text around the files speaks of what a second region is for",
    "crossing": "one side refers to the other",
    "outputs": "the stack hands out the values of each region",
    "regions": "the text around the files names both regions",
    "lone": "a resource has no twin",
    "unlike": "twins differ in more than names, regions and networks",
    "unnamed": "the sides are not named by their regions",
}
"""The kinds of evidence, the strongest first, and what each shows."""

_RANKS = frozenset(
    "primary secondary tertiary main dr failover standby backup replica source destination target active passive"
    " recovery fallback hot warm cold leader follower".split()
)
"""Words of names that rank the sides."""
_DIRECTIONS = frozenset(
    "us eu ap sa ca af me il mx cn gov east west north south central northeast southeast northwest southwest region aws"
    " americas america europe asia pacific".split()
)
"""Words of names that say where something is."""
_TEXTS = frozenset({"description", "comment", "alias", "key_name", "Name", *NAME_ARGUMENTS})
_SHORT_REGION = r"(us|eu|ap|sa|ca|af|me|il)(-?(n|s|e|w|c|ne|nw|se|sw)-?)\d?"


class Evidence(NamedTuple):
    """A sign that the second region is wanted, with its place and its words."""

    kind: EvidenceKind
    text: str
    """What was seen, as a clause: `aws_vpc_peering_connection.p connects the regions' networks`."""
    at: Element | Reference | None = None
    span: Span | None = None
    """Where the words are; None for what is in the text around the files, or at an element."""
    quote: str = ""
    """The line with the words, where the clause does not contain them."""

    @property
    def rank(self) -> int:
        """The place among the kinds, 0 for the strongest."""
        return list(KINDS).index(self.kind)


def evidence(
    twins: Twins, extent: Extent, obstacles: list[Obstacle], files: Iterable[File], answer: Answer | None
) -> list[Evidence]:
    """All evidence that the second region is wanted, the strongest first.

    `files` are those that may speak of it: of the whole project, for a module that the stack calls speaks as well.
    """
    found = [
        *_joined(twins),
        *(_of_obstacle(obstacle) for obstacle in obstacles),
        *_ranked(twins),
        *map(_of_said, purposes_said(files, answer)),
        *_handed_out(twins),
        *_regions(twins, answer),
        *_lone(twins),
        *_unlike(twins, extent),
        *_unnamed(twins),
    ]
    return sorted(found, key=lambda sign: sign.rank)


# --- what joins the sides ---------------------------------------------------------------------------------------------


def _joined(twins: Twins) -> Iterator[Evidence]:
    """Blocks that make sense only across regions, anywhere in the stack."""
    for block in twins.module.blocks:
        if block.type in ("resource", "data", "module"):
            for obstacle in across_regions(block):
                yield _of_obstacle(obstacle)


def _of_obstacle(obstacle: Obstacle) -> Evidence:
    block = obstacle.at.block if isinstance(obstacle.at, Reference) else obstacle.at.outermost
    name = f"{block.address}: " if isinstance(block, Block) else ""
    return Evidence(obstacle.kind, f"{name}{obstacle.why}", obstacle.at)


def _of_said(said: Said) -> Evidence:
    return Evidence("said", f"{said.where} speaks of {said.what}", None, said.span, said.quote)


def _regions(twins: Twins, answer: Answer | None) -> Iterator[Evidence]:
    regions = [twins.sides.names[side].region for side in (twins.sides.kept, *twins.sides.others)]
    said = regions_said(answer, [region for region in regions if region is not None])
    if said is not None:
        yield Evidence("regions", f"{said.where} names {said.what}", None, None, said.quote)


def _handed_out(twins: Twins) -> Iterator[Evidence]:
    """Outputs that hand out the same value of each region."""
    for gone, kept in twins.pairs.items():
        element = twins.module.find(gone)
        if gone.startswith("output.") and isinstance(element, Block):
            names = " and ".join(address.removeprefix("output.") for address in (kept, gone))
            yield Evidence("outputs", f"the outputs {names} hand out the values of each region", element)
    for output in twins.module.outputs.values():
        targets = {reference.address for reference in output.references}
        for gone, kept in twins.pairs.items():
            if {gone, kept} <= targets and not gone.startswith(("var.", "local.")):
                yield Evidence("outputs", f"{output.address} hands out the values of each region", output)
                break


# --- what the sides are called ----------------------------------------------------------------------------------------


def _words(label: str) -> list[str]:
    return [word for word in re.split(r"[-_.\s]+", label.lower()) if word]


def _ranked(twins: Twins) -> Iterator[Evidence]:
    """Aliases, and twins, whose names rank the sides."""
    for side in (twins.sides.kept, *twins.sides.others):
        ranks = _RANKS.intersection(_words(side.removeprefix(DEFAULT)))
        if ranks:
            element = twins.module.find(side)
            yield Evidence("ranked", f"one side is called {side.removeprefix('provider.')}", element)
    for gone, kept in twins.pairs.items():
        mine, theirs = _words(kept.rpartition(".")[2]), _words(gone.rpartition(".")[2])
        if _RANKS.intersection(set(mine) ^ set(theirs)):
            yield Evidence("ranked", f"twins are called {kept} and {gone}", twins.module.find(gone))
            return


def _unnamed(twins: Twins) -> Iterator[Evidence]:
    """Sides that are not named by their regions."""
    regions = set()
    for side in (twins.sides.kept, *twins.sides.others):
        names = twins.sides.names[side]
        alias = side.removeprefix(DEFAULT).removeprefix(".")
        regions.add(names.region or alias)
        if alias and not _is_place(alias, names):
            text = f"the side {side.removeprefix('provider.')} is not named by a region"
            yield Evidence("unnamed", text, twins.module.find(side))
        elif not alias and not _labels_speak(twins):
            yield Evidence("unnamed", "one side is the default provider's, and the other one is added to it")
    if len(regions) <= len(twins.sides.others):
        yield Evidence("unnamed", "the answer does not say that the sides are in different regions")


def _is_place(alias: str, names: SideNames) -> bool:
    """Whether an alias says where its side is: `us_east_1`, `use1`, `west`, `oregon`."""
    spelled = SideNames(names.region, ())
    rest = spelled.label(alias) if spelled.pattern is not None else alias
    return all(
        word in _DIRECTIONS or word.isdigit() or re.fullmatch(_SHORT_REGION, word) is not None for word in _words(rest)
    )


def _labels_speak(twins: Twins) -> bool:
    """Whether the resources of the default provider that have a twin are named by their region."""
    names = SideNames(twins.sides.names[DEFAULT].region, ())
    labels = [
        address.rpartition(".")[2]
        for pair in twins.pairs.items()
        for address in pair
        if twins.sides.side_of.get(address) == DEFAULT and not GLOBAL.match(address)
    ]
    return bool(labels) and all(names.speaks(label) for label in labels)


# --- what twins are ---------------------------------------------------------------------------------------------------


def _lone(twins: Twins) -> Iterator[Evidence]:
    """Regional resources and module calls that are made in one region only."""
    paired = set(twins.pairs) | set(twins.pairs.values())
    for block in twins.module.blocks:
        side = twins.sides.side_of.get(block.address)
        if side is None or block.type == "data" or (block.type == "module" and side == DEFAULT):
            continue
        is_regional = block.type == "module" or (
            block.labels[0].startswith("aws_") and not GLOBAL.match(block.labels[0])
        )
        if not is_regional:
            continue
        missing = block.address not in paired or any(
            block.address in twins.pairs.values() and block.address not in twins.gone_by_side[other]
            for other in twins.sides.others
        )
        if missing:
            yield Evidence("lone", f"{block.address} is in one region only", block)


def _unlike(twins: Twins, extent: Extent) -> Iterator[Evidence]:
    """Twins, and entries of maps by region, that differ in more than names, regions and networks."""
    for gone, differences in twins.differences.items():
        for difference in differences:
            if not _is_of_mirror(difference):
                kept = twins.pairs[gone]
                text = f"{kept} and {gone} differ in `{difference.what}`: {contrast(difference)}"
                at = difference.kept if difference.kept_node is not None else difference.gone
                yield Evidence("unlike", text, at)
    for part in extent.parts:
        for difference in part.differences:
            if not _is_of_mirror(difference):
                text = f"the regions differ in `{part.holder.name}`: {contrast(difference)}"
                yield Evidence("unlike", text, part.holder)


def _is_of_mirror(difference: Difference) -> bool:
    """Whether the same thing in two regions may differ so: in its name, its region, or its network."""
    if difference.kind == "words" or difference.what in ("depends_on", "description"):
        return True
    if difference.kept_node is None or difference.gone_node is None:
        return False
    mine, theirs = difference.kept.text(difference.kept_node), difference.gone.text(difference.gone_node)
    if all(is_network(text) for text in (mine, theirs)) or all(_is_regional(text) for text in (mine, theirs)):
        return True
    return difference.kind == "literal" and _is_name(difference)


def _is_regional(text: str) -> bool:
    return region_bound(text) or region_in(text) is not None


def _is_name(difference: Difference) -> bool:
    """Whether a difference is in a name: an argument that names, or the value of a variable for one."""
    holder = difference.kept.outermost
    if isinstance(holder, Block) and holder.type == "variable":
        return re.search(r"(^|_)(name|prefix|suffix)(_|$)", holder.labels[-1]) is not None
    name = difference.kept.name if isinstance(difference.kept, Attribute) else difference.what
    return difference.what in _TEXTS or name in _TEXTS or "tags" in name
