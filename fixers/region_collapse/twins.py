"""Finds the twins of a stack that is written once per region, and in what the twins of each pair differ.

Twins are found by structure. Blocks of one type on two sides are compared without the words for the sides, the provider
arguments and the names of what is paired already. A pair then spreads to what its blocks refer to at the same place
(variables, local values, data sources, roles) and to what refers to them (policies, outputs). Names only decide between
equals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    Reference,
    call_arguments,
    call_name,
    expression_references,
    item_key,
    object_items,
    walk,
)
from tapfix.module.nodes import item_key_node

from .comparison import Comparison, Difference
from .names import SideNames, is_side_word
from .sides import DEFAULT, MOST, Sides, neutral_address

_LISTS = frozenset({"concat", "merge", "distinct", "flatten", "setunion", "compact", "toset", "tolist", "coalescelist"})
"""Functions whose arguments are equals, as the elements of a list are."""


class TwinParts(NamedTuple):
    """Two parts of a map, of a list or of a call's arguments that are one thing in two regions."""

    holder: Attribute
    container: Expr
    kept: Expr
    gone: Expr
    side: str
    """The side of the part that goes."""
    differences: tuple[Difference, ...] = ()
    """The literals in which two entries of a map by region differ."""


class Twins:
    """The pairs: a block, variable, local value or output that stays, and its twin that goes."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.sides = Sides(module)
        self.pairs: dict[str, str] = {}
        """The kept address by the address that goes."""
        self.gone_by_side: dict[str, dict[str, str]] = {side: {} for side in self.sides.others}
        """By side, the address that goes by the kept one."""
        self.differences: dict[str, tuple[Difference, ...]] = {}
        """In what twins differ, by the address that goes."""
        self.same_text: set[tuple[str, int]] = set()
        """File and offset of text that has words for the kept side and is the same in the other twin."""
        self._settled: dict[str, Comparison] = {}
        """Comparisons of twins that refer to twins only, by the address that goes: no further pair changes them."""
        if self.sides.others:
            self._find()

    def side_of_pair(self, gone: str, kept: str) -> str:
        """The side of the twin that goes."""
        return next(side for side in self.sides.others if self.gone_by_side[side].get(kept) == gone)

    def _find(self) -> None:
        for side in self.sides.others:
            self._pair_sided(side)
        known = 0
        while True:
            self._spread(list(self.pairs.items())[known:])
            known = len(self.pairs)
            for side in self.sides.others:
                self._pair_what_parts_refer_to(side)
                self._pair_what_refers_alike(side)
                self._pair_namesakes(side)
            if len(self.pairs) == known:
                break
        self._compare_all()

    def _bind(self, kept: str, gone: str, side: str) -> bool:
        """Make a pair, unless one of the two has a twin."""
        if gone in self.pairs or kept in self.gone_by_side[side] or kept in self.pairs or kept == gone:
            return False
        self.pairs[gone] = kept
        self.gone_by_side[side][kept] = gone
        return True

    # -- blocks that name a provider -----------------------------------------------------------------------------------

    def _pair_sided(self, side: str) -> None:
        """Pair the blocks of a side with those of the kept side: by their names, and then by likeness."""
        mine = [address for address, own in self.sides.side_of.items() if own == self.sides.kept]
        theirs = [address for address, own in self.sides.side_of.items() if own == side]
        by_name: dict[tuple[str, str], list[str]] = {}
        for address in mine:
            by_name.setdefault(neutral_address(address, self.sides.kept_names), []).append(address)
        for address in theirs:
            same = by_name.get(neutral_address(address, self.sides.names[side]), [])
            if len(same) == 1:
                self._bind(same[0], address, side)
        single: dict[str, tuple[list[str], list[str]]] = {}
        for group, addresses in ((0, mine), (1, theirs)):
            for address in addresses:
                if address not in self.pairs and address not in self.gone_by_side[side]:
                    single.setdefault(address.rpartition(".")[0], ([], []))[group].append(address)
        for single_mine, single_theirs in single.values():
            scored = [(self._likeness(kept, gone, side), kept, gone) for kept in single_mine for gone in single_theirs]
            for score, kept, gone in sorted(scored, key=lambda row: -row[0]):
                if score >= MOST:
                    self._bind(kept, gone, side)

    def _likeness(self, kept: str, gone: str, side: str) -> float:
        """The share of two blocks' arguments that agree, from 0 to 1; what is not paired yet may count as paired."""
        mine, theirs = self.module.find(kept), self.module.find(gone)
        if not isinstance(mine, Block) or not isinstance(theirs, Block):
            return 0.0
        comparison = self._comparison(side)
        comparison.blocks(mine, theirs)
        size = 1 + sum(len(block.attributes) + 1 for block in mine.walk())
        return max(0.0, 1.0 - len(comparison.differences) / size)

    def _comparison(self, side: str) -> Comparison:
        return Comparison(self.module, self.pairs, self.sides.kept_names, self.sides.names[side])

    # -- what twins refer to -------------------------------------------------------------------------------------------

    def _spread(self, todo: list[tuple[str, str]]) -> None:
        """Pair what the twins of new pairs refer to at the same place, if only they and their like do so.

        A pair is looked at once: what cannot be paired then can never be.
        """
        while todo:
            gone, kept = todo.pop()
            side = self.side_of_pair(gone, kept)
            comparison = self._compare(gone, kept)
            if not comparison.proposals:
                self._settled[gone] = comparison
            for mine, theirs in comparison.proposals:
                if self._may_pair(mine, theirs, side) and self._bind(mine, theirs, side):
                    todo.append((theirs, mine))

    def _compare(self, gone: str, kept: str) -> Comparison:
        comparison = self._comparison(self.side_of_pair(gone, kept))
        comparison.elements(self.module.find(kept), self.module.find(gone))
        return comparison

    def _compare_all(self) -> None:
        for gone, kept in self.pairs.items():
            comparison = self._settled.get(gone) or self._compare(gone, kept)
            self.differences[gone] = tuple(comparison.differences)
            element = self.module.find(kept)
            if element is not None:
                self.same_text.update((element.file.path, offset) for offset in comparison.same_text)

    def _may_pair(self, kept: str, gone: str, side: str) -> bool:
        """Whether what two twins refer to at the same place may be twins."""
        if self.module.find(kept) is None or self.module.find(gone) is None:
            return False
        if self.sides.side_of.get(kept, self.sides.kept) not in (self.sides.kept, DEFAULT):
            return False
        if self.sides.side_of.get(gone, side) not in (side, DEFAULT):
            return False
        mine = neutral_address(kept, self.sides.kept_names)
        theirs = neutral_address(gone, self.sides.names[side])
        if mine[0] != theirs[0]:
            return False
        if mine == theirs:
            return True
        # Names that do not agree may still be those of twins, if only the other side uses the one that would go.
        return self._sides_of_users(gone) <= {side} and self._sides_of_users(kept) <= {self.sides.kept}

    def _sides_of_users(self, address: str) -> set[str]:
        """The sides of what refers to an address, directly or through local values and blocks that name no provider."""
        sides: set[str] = set()
        seen = {address}
        todo = [address]
        while todo:
            for reference in self.module.references_to(todo.pop()):
                user = owner_address(reference)
                side = self.sides.side_of.get(user)
                if side is not None and (side != DEFAULT or self.sides.kept == DEFAULT):
                    sides.add(side)
                elif user not in seen:
                    seen.add(user)
                    todo.append(user)
        return sides

    # -- what refers to twins ------------------------------------------------------------------------------------------

    def _pair_what_refers_alike(self, side: str) -> None:
        """Pair blocks without a provider that refer in the same way to the twins of two sides."""
        taken = self.gone_by_side[side]
        mine: dict[tuple[str, frozenset[str]], list[str]] = {}
        theirs: list[tuple[str, tuple[str, frozenset[str]]]] = []
        for address, element in self._unsided_elements():
            targets = {reference.address for reference in references_in(element)}
            gone = {t for t in targets if t in self.pairs and taken.get(self.pairs[t]) == t}
            kept = {t for t in targets if t in taken}
            type = address.rpartition(".")[0]
            if gone and not kept and address not in self.pairs:
                theirs.append((address, (type, frozenset(self.pairs.get(t, t) for t in targets))))
            elif kept and not gone and address not in taken:
                mine.setdefault((type, frozenset(targets)), []).append(address)
        for address, key in theirs:
            name = neutral_address(address, self.sides.names[side])
            candidates = [a for a in mine.get(key, ()) if a not in taken]
            same = [a for a in candidates if neutral_address(a, self.sides.kept_names) == name]
            if same or (len(candidates) == 1 and self._likeness(candidates[0], address, side) >= MOST):
                self._bind((same or candidates)[0], address, side)

    def _pair_namesakes(self, side: str) -> None:
        """Pair blocks that name no provider and whose names agree: global resources that were doubled by accident."""
        mine: dict[tuple[str, str], list[str]] = {}
        theirs: list[str] = []
        names = self.sides.names[side]
        for address, element in self._unsided_elements():
            if not isinstance(element, Block) or element.type not in ("resource", "data") or address in self.pairs:
                continue
            if names.speaks(address.rpartition(".")[2]):
                theirs.append(address)
            elif address not in self.gone_by_side[side]:
                mine.setdefault(neutral_address(address, self.sides.kept_names), []).append(address)
        for address in theirs:
            candidates = mine.get(neutral_address(address, names), [])
            if len(candidates) == 1 and self._likeness(candidates[0], address, side) >= MOST:
                self._bind(candidates[0], address, side)

    def _pair_what_parts_refer_to(self, side: str) -> None:
        """Pair what two parts of one map or list refer to, one part of the kept side and one of the other."""
        for address, element in self._unsided_elements():
            if address in self.pairs:
                continue
            for parts in self.twin_parts(element, side):
                comparison = self._comparison(side)
                comparison.expressions(parts.holder, parts.kept, parts.holder, parts.gone)
                for mine, theirs in comparison.proposals:
                    if self._may_pair(mine, theirs, side):
                        self._bind(mine, theirs, side)

    def _unsided_elements(self) -> Iterator[tuple[str, Element]]:
        """What names no provider: resources, data sources, module calls, outputs, local values."""
        for block in self.module.blocks:
            if block.type in ("resource", "data", "module", "output"):
                if self.sides.side_of.get(block.address, DEFAULT) == DEFAULT:
                    yield block.address, block
        for name, attribute in self.module.locals.items():
            yield f"local.{name}", attribute

    # -- parts of one container ----------------------------------------------------------------------------------------

    def twin_parts(self, element: Element, side: str) -> Iterator[TwinParts]:
        """The twins among the parts of the containers in an element, as far as names and pairs say by now."""
        mine, theirs = self.sides.kept_names, self.sides.names[side]
        if not theirs.speaks(element.text()) and not any(r.address in self.pairs for r in references_in(element)):
            return
        for holder in attributes_in(element):
            for container in walk(holder.expr):
                parts = _parts(container)
                if len(parts) < 2:
                    continue
                texts = [(part, holder.text(part)) for part in parts]
                gone = [(p, t) for p, t in texts if _belongs(holder, p, t, theirs, mine, self.pairs)]
                kept = [(p, t) for p, t in texts if _belongs(holder, p, t, mine, theirs, self.gone_by_side[side])]
                for part, text in gone:
                    for other, other_text in kept:
                        differences = self._differences_of_parts(holder, other, other_text, part, text, side)
                        if differences is not None:
                            yield TwinParts(holder, container, other, part, side, differences)
                            break

    def _differences_of_parts(
        self, holder: Attribute, kept: Expr, kept_text: str, gone: Expr, gone_text: str, side: str
    ) -> tuple[Difference, ...] | None:
        """The literals in which two parts of one container differ, or None if they are not twins.

        Only entries of a map by region may differ: an element of a list is known by its value alone.
        """
        mine, theirs = self.sides.kept_names, self.sides.names[side]
        entries = kept.kind == gone.kind == "object_item"
        if entries:
            key = mine.neutral(holder.text(item_key_node(kept)))
            other_key = theirs.neutral(holder.text(item_key_node(gone)))
            if key != other_key and not (is_side_word(key) and not other_key):
                return None
        elif mine.neutral(kept_text) == theirs.neutral(gone_text):
            return ()
        comparison = self._comparison(side)
        comparison.expressions(holder, kept, holder, gone)
        found = comparison.differences
        paired = [pair for pair in comparison.proposals if self._may_pair(*pair, side)]
        unlike = [difference for difference in found if difference.kind == "expression"]
        literals = tuple(difference for difference in found if difference.kind == "literal")
        if len(unlike) != len(paired) or len(unlike) + len(literals) != len(found):
            return None
        return literals if entries or not literals else None


def _parts(node: Expr) -> tuple[Expr, ...]:
    """The parts of a node that are equals; none if it is not a container of equals."""
    if items := map_items(node):
        return items
    if node.kind == "tuple" or (node.kind == "call" and call_name(node) in _LISTS):
        return call_arguments(node)
    return ()


def map_items(node: Expr) -> tuple[Expr, ...]:
    """The items of a map, written as an object or as a `merge` of objects of one item each; none of another node."""
    if node.kind == "object":
        return object_items(node)
    if call_name(node) != "merge":
        return ()
    arguments = call_arguments(node)
    items = [object_items(argument) for argument in arguments if argument.kind == "object"]
    single = len(items) == len(arguments) > 1 and all(len(held) == 1 for held in items)
    return tuple(held[0] for held in items) if single else ()


def _belongs(
    holder: Attribute, part: Expr, text: str, own: SideNames, other: SideNames, paired: Mapping[str, str]
) -> bool:
    """Whether a part belongs to a side: it has words for this side and none for the other, or refers to its twins."""
    if own.speaks(text):
        return not other.speaks(text) or text.count("{") > 0 and own.speaks(text.split("=", 1)[0])
    return any(reference.address in paired for reference in expression_references(holder, part))


def attributes_in(element: Element) -> Iterator[Attribute]:
    """The attribute itself, or all attributes of a block and of the blocks in it."""
    if isinstance(element, Attribute):
        yield element
    elif isinstance(element, Block):
        for block in element.walk():
            yield from block.attributes.values()


def key_of(holder: Attribute, node: Expr) -> str:
    """The name of a part of a value: the nearest object key around it, else the attribute's."""
    name = holder.name
    for other in walk(holder.expr):
        if other.kind == "object_item" and other.start <= node.start and node.end <= other.end:
            name = item_key(other) or name
    return name


def owner_address(reference: Reference) -> str:
    """The address of what contains a reference: a block, or a local value."""
    block = reference.block
    if block is None:
        return ""
    if block.type != "locals":
        return block.address
    for name, attribute in block.attributes.items():
        if attribute.start <= reference.start < attribute.end:
            return f"local.{name}"
    return block.address


def references_in(element: Element) -> tuple[Reference, ...]:
    """The references in a block, or in an attribute of one."""
    outer = element.outermost
    if not isinstance(outer, Block):
        return ()
    if outer is element:
        return outer.references
    return tuple(reference for reference in outer.references if element.start <= reference.start < element.end)
