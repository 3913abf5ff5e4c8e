"""Finds the twins of a stack that was written once per region, and says how the twins of each pair differ.

Pairing goes by structure. Blocks of one type on two sides are held against each other with the sides' words, the provider
arguments and the names of what is paired already taken out; a pair spreads to what its blocks refer to at the same place (variables,
locals, data sources, roles) and to what refers to them (policies, outputs). Names only decide between equals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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
    item_value,
    object_items,
    string_value,
    traversal_address,
    walk,
)

from .names import REGION, SideNames, is_side_word, label_difference, region_in, role_words

DEFAULT = "provider.aws"
"""The side of what names no provider."""

_SIDED_TYPES = ("resource", "data", "module")
_ENOUGH = 0.6
"""How much of two blocks must agree before they count as twins without agreeing names."""


class Difference(NamedTuple):
    """Where the twins of a pair part. `kind` is `words` (free text), `literal`, `one-sided` or `expression`."""

    kind: str
    what: str
    kept: Element
    kept_node: Expr | None
    gone: Element
    gone_node: Expr | None

    @property
    def is_carried(self) -> bool:
        """Whether a variable may carry it: two constants, or one where the kept twin leaves the argument to its default."""
        if self.kind == "literal":
            return True
        added = self.kept_node is None and isinstance(self.gone, Attribute) and self.gone.expr is self.gone_node
        return self.kind == "one-sided" and added and is_constant(self.gone.expr)  # type: ignore[attr-defined]


class Trouble(NamedTuple):
    """A reason not to collapse: the element that carries it, and what it means."""

    at: Element | Reference
    why: str


class Twins:
    """The sides of a module and the pairs between the side that is kept and the others."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.side_of = dict(_sides(module))
        self._called = {side: self._names_of(side) for side in (DEFAULT, *self.aliases)}
        self.kept, self.others = self._choose()
        self.names = self._learn() if self.others else {}
        self.pairs: dict[str, str] = {}
        """The kept address by the address that goes."""
        self.taken: dict[str, dict[str, str]] = {side: {} for side in self.others}
        """By side, the address that goes by the kept one."""
        self._settled: dict[str, _Comparison] = {}
        """Comparisons of twins that refer to twins only, by the address that goes: no further pair changes them."""
        self.differences: dict[str, tuple[Difference, ...]] = {}
        self.same_text: set[tuple[str, int]] = set()
        """The literal text of kept twins that names the kept side and stands in the other twin as well, by file and offset."""
        if self.others:
            self._pair()

    # -- sides ----------------------------------------------------------------------------------------------------------

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """The provider aliases that are declared, in that order, and those that are only used."""
        used = [s for s in self.side_of.values() if s != DEFAULT]
        declared = [b.address for b in self.module.blocks_of("provider") if b.labels == ("aws",) and b.get("alias")]
        return tuple(dict.fromkeys([*declared, *used]))

    def _choose(self) -> tuple[str, tuple[str, ...]]:
        """The side to keep and those that are its twins: the side that finds most twins in the others."""
        if not self.aliases:
            return DEFAULT, ()
        used = set(self.side_of.values())
        sides = [DEFAULT, *(a for a in self.aliases if a in used)]
        names = self._called
        kinds = {s: Counter(self._kind(a, names[s]) for a, side in self.side_of.items() if side == s) for s in sides}
        home = self._home()

        def common(a: str, b: str) -> int:
            return sum((kinds[a] & kinds[b]).values())

        best: tuple[int, int, str] | None = None
        for n, side in enumerate(sides):
            found = sum(common(side, other) for other in sides if other != side and other != DEFAULT)
            rank = (found, 2 if names[side].region == home and home else 1 if side == DEFAULT else 0, -n)
            if found and (best is None or rank > (best[0], best[1], -sides.index(best[2]))):
                best = (rank[0], rank[1], side)
        if best is None:
            return self._by_shape(sides)
        kept = best[2]
        others = tuple(s for s in sides if s not in (kept, DEFAULT) and common(kept, s))
        if kept != DEFAULT and all(self._alike_in_types(DEFAULT, s) for s in (kept, *others)):
            # The default provider's half may name its blocks in a way of its own; it is a side like the others, and the first.
            return DEFAULT, (kept, *others)
        return kept, others

    def _alike_in_types(self, side: str, other: str) -> bool:
        """Whether a side holds most of the resource types of another, as often."""
        mine, theirs = self._types_of(side), self._types_of(other)
        return sum((mine & theirs).values()) >= _ENOUGH * sum(theirs.values())

    def _types_of(self, side: str) -> Counter[str]:
        return Counter(a.rpartition(".")[0] for a, s in self.side_of.items() if s == side)

    def _by_shape(self, sides: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """Sides whose names have nothing in common: those that hold the same types as often count as twins."""
        for side in sides:
            others = tuple(
                s
                for s in sides
                if s not in (side, DEFAULT) and self._types_of(s).total() >= 2 and self._alike_in_types(side, s)
            )
            if others:
                return side, others
        return DEFAULT, ()

    @staticmethod
    def _kind(address: str, names: SideNames) -> tuple[str, str]:
        kind, _, label = address.rpartition(".")
        return kind, names.label(label)

    def _home(self) -> str | None:
        """The region that `aws_region` (or `region`) defaults to."""
        for name in ("aws_region", "region", "primary_region"):
            block = self.module.variables.get(name)
            default = block.get("default") if block else None
            if default is not None:
                return region_in(default.value)
        return None

    def _names_of(self, side: str) -> SideNames:
        """What the side's alias and its provider block call it."""
        alias = side.removeprefix(DEFAULT).removeprefix(".")
        block = self.module.find(side)
        region = None
        if isinstance(block, Block) and (argument := block.get("region")):
            region = self._region_of(argument)
        region = region or region_in(alias)
        words = [alias, alias.replace("_", "-"), *role_words(alias)] if alias else list(_PRIMARY_ROLES)
        return SideNames(region, words)

    def region_of(self, side: str) -> str | None:
        """The region that a side's provider block or alias names."""
        return self._called[side].region

    def _region_of(self, argument: Attribute) -> str | None:
        literal = string_value(argument.expr)
        if literal is not None:
            return region_in(literal)
        found = traversal_address(argument.expr)
        target = self.module.find(found[0]) if found else None
        if isinstance(target, Block):
            default = target.get("default")
            return region_in(default.value) if default else None
        return region_in(target.value) if isinstance(target, Attribute) else None

    def _learn(self) -> dict[str, SideNames]:
        """The sides' names, with the words that tell apart the labels of what looks the same on two sides."""
        names = {s: self._called[s] for s in (self.kept, *self.others)}
        for side, region in self._spoken_regions().items():
            names[side] = names[side].of(region)
        for other in self.others:
            seen: Counter[tuple[str, str]] = Counter()
            for a, b in self._lookalikes(self.kept, other):
                difference = label_difference(a.rpartition(".")[2], b.rpartition(".")[2])
                if difference:
                    seen[difference] += 1
            for (left, right), count in seen.items():
                if count >= 2:
                    names[self.kept] = names[self.kept].learned([left, left.replace("_", "-")] if left else [])
                    names[other] = names[other].learned([right, right.replace("_", "-")] if right else [])
        for side in list(names):
            elsewhere = {w for other in names if other != side for w in (*names[other].roles, *names[other].regional)}
            names[side] = names[side].without(elsewhere)
        return names

    def _spoken_regions(self) -> dict[str, str]:
        """The regions of sides whose provider the answer does not tell: the one that a side's own blocks speak of, and no other side's."""
        untold = [side for side in (self.kept, *self.others) if self.region_of(side) is None]
        if not untold:
            return {}
        spoken: dict[str, Counter[str]] = {side: Counter() for side in (self.kept, *self.others)}
        for address, side in self.side_of.items():
            block = self.module.find(address)
            if side in spoken and block is not None:
                spoken[side].update({r for m in REGION.finditer(block.text()) if (r := region_in(m[0]))})
        found = {}
        for side in untold:
            elsewhere = {r for other, held in spoken.items() if other != side for r in held}
            own = [r for r, _ in spoken[side].most_common() if r not in elsewhere]
            if own:
                found[side] = own[0]
        return found

    def _lookalikes(self, side: str, other: str) -> Iterator[tuple[str, str]]:
        """Addresses of one type on two sides whose blocks have the same skeleton, which no other of their side has."""
        shapes: dict[str, dict[tuple[str, str], list[str]]] = {side: {}, other: {}}
        for address, own in self.side_of.items():
            block = self.module.find(address)
            if own in shapes and isinstance(block, Block):
                shapes[own].setdefault((address.rpartition(".")[0], _skeleton(block)), []).append(address)
        for shape, mine in shapes[side].items():
            theirs = shapes[other].get(shape, [])
            if len(mine) == len(theirs) == 1:
                yield mine[0], theirs[0]

    # -- pairing --------------------------------------------------------------------------------------------------------

    def _pair(self) -> None:
        for side in self.others:
            self._pair_blocks(side)
        spread = 0
        while True:
            self._spread(list(self.pairs.items())[spread:])
            spread = len(self.pairs)
            for side in self.others:
                self._pair_parts(side)
                self._pair_referring(side)
                self._pair_namesakes(side)
            if len(self.pairs) == spread:
                break
        self._compare_all()

    def _bind(self, kept: str, gone: str, side: str) -> bool:
        if gone in self.pairs or kept in self.taken[side] or kept in self.pairs or kept == gone:
            return False
        self.pairs[gone] = kept
        self.taken[side][kept] = gone
        return True

    def _pair_blocks(self, side: str) -> None:
        """Pair the blocks of a side with those of the kept side: those that names settle first, then by likeness."""
        mine = [a for a, s in self.side_of.items() if s == self.kept]
        theirs = [a for a, s in self.side_of.items() if s == side]
        by_kind: dict[tuple[str, str], list[str]] = {}
        for address in mine:
            by_kind.setdefault(self._kind(address, self.names[self.kept]), []).append(address)
        for address in theirs:
            same = by_kind.get(self._kind(address, self.names[side]), [])
            if len(same) == 1:
                self._bind(same[0], address, side)
        open_by_type: dict[str, tuple[list[str], list[str]]] = {}
        for group, addresses in ((0, mine), (1, theirs)):
            for address in addresses:
                if address not in self.pairs and address not in self.taken[side]:
                    open_by_type.setdefault(address.rpartition(".")[0], ([], []))[group].append(address)
        for open_mine, open_theirs in open_by_type.values():
            scored = sorted(
                ((self._likeness(a, b, side), a, b) for a in open_mine for b in open_theirs),
                key=lambda row: -row[0],
            )
            for score, a, b in scored:
                if score >= _ENOUGH:
                    self._bind(a, b, side)

    def _likeness(self, kept: str, gone: str, side: str) -> float:
        """The share of two blocks' arguments that agree, from 0 to 1; what is not paired yet may count as paired."""
        a, b = self.module.find(kept), self.module.find(gone)
        if not isinstance(a, Block) or not isinstance(b, Block):
            return 0.0
        comparison = _Comparison(self, side)
        comparison.blocks(a, b)
        size = 1 + sum(len(block.attributes) + 1 for block in a.walk())
        return max(0.0, 1.0 - len(comparison.found) / size)

    def _spread(self, todo: list[tuple[str, str]]) -> None:
        """Pair what the twins of new pairs refer to at the same place, where only they and their like do so.

        A pair is looked at once: what may not be paired then never may be.
        """
        while todo:
            gone, kept = todo.pop()
            side = self.side_of_pair(gone, kept)
            comparison = self._comparison(gone, kept)
            if not comparison.proposals:
                self._settled[gone] = comparison
            for mine, theirs in comparison.proposals:
                if self._may_pair(mine, theirs, side) and self._bind(mine, theirs, side):
                    todo.append((theirs, mine))

    def _comparison(self, gone: str, kept: str) -> _Comparison:
        comparison = _Comparison(self, self.side_of_pair(gone, kept))
        comparison.elements(self.module.find(kept), self.module.find(gone))
        return comparison

    def side_of_pair(self, gone: str, kept: str) -> str:
        return next(s for s in self.others if self.taken[s].get(kept) == gone)

    def _may_pair(self, mine: str, theirs: str, side: str) -> bool:
        if self.module.find(mine) is None or self.module.find(theirs) is None:
            return False
        if self.side_of.get(mine, self.kept) not in (self.kept, DEFAULT):
            return False
        if self.side_of.get(theirs, side) not in (side, DEFAULT):
            return False
        kind_mine, kind_theirs = self._kind(mine, self.names[self.kept]), self._kind(theirs, self.names[side])
        if kind_mine[0] != kind_theirs[0]:
            return False
        if kind_mine == kind_theirs:
            return True
        # Names that do not agree may still be twins where nothing but the other side uses the one that would go.
        users = self.users_sides(theirs)
        return users <= {side} and self.users_sides(mine) <= {self.kept}

    def users_sides(self, address: str) -> set[str]:
        """The sides of what refers to an address, directly or through locals and what names no provider."""
        sides: set[str] = set()
        seen = {address}
        todo = [address]
        while todo:
            for reference in self.module.references_to(todo.pop()):
                user = owner_address(reference)
                side = self.side_of.get(user)
                if side not in (None, DEFAULT) or (side == DEFAULT and self.kept == DEFAULT):
                    sides.add(side)
                elif user not in seen:
                    seen.add(user)
                    todo.append(user)
        return sides

    def _pair_referring(self, side: str) -> None:
        """Pair what names no provider and refers to one side only with what refers to the kept side's twins in the same way."""
        mine: dict[tuple[str, frozenset[str]], list[str]] = {}
        theirs: list[tuple[str, tuple[str, frozenset[str]]]] = []
        for address, element in self._neutral_elements():
            targets = {r.address for r in references_in(element)}
            gone = {t for t in targets if t in self.pairs and self.taken[side].get(self.pairs[t]) == t}
            kept = {t for t in targets if t in self.taken[side]}
            kind = address.rpartition(".")[0]
            if gone and not kept and address not in self.pairs:
                theirs.append((address, (kind, frozenset(self.pairs.get(t, t) for t in targets))))
            elif kept and not gone and address not in self.taken[side]:
                mine.setdefault((kind, frozenset(targets)), []).append(address)
        for address, key in theirs:
            label = self.names[side].label(address.rpartition(".")[2])
            candidates = [a for a in mine.get(key, ()) if a not in self.taken[side]]
            same = [a for a in candidates if self.names[self.kept].label(a.rpartition(".")[2]) == label]
            if same or (len(candidates) == 1 and self._likeness(candidates[0], address, side) >= _ENOUGH):
                self._bind((same or candidates)[0], address, side)

    def _pair_namesakes(self, side: str) -> None:
        """Pair what names no provider, and whose names agree but for the sides' words: global resources doubled by accident."""
        mine: dict[tuple[str, str], list[str]] = {}
        theirs: list[str] = []
        for address, element in self._neutral_elements():
            label = address.rpartition(".")[2]
            if not isinstance(element, Block) or element.type not in ("resource", "data"):
                continue
            if self.names[side].speaks(label) and address not in self.pairs:
                theirs.append(address)
            elif address not in self.taken[side] and address not in self.pairs:
                mine.setdefault(self._kind(address, self.names[self.kept]), []).append(address)
        for address in theirs:
            candidates = mine.get(self._kind(address, self.names[side]), [])
            if len(candidates) == 1 and self._likeness(candidates[0], address, side) >= _ENOUGH:
                self._bind(candidates[0], address, side)

    def _pair_parts(self, side: str) -> None:
        """Pair what the parts of one map or list refer to, where one part speaks of the kept side and one of the other."""
        for address, element in self._neutral_elements():
            if address in self.pairs:
                continue
            for part in twin_parts(self, element, side):
                comparison = _Comparison(self, side)
                comparison.values(part.holder, part.kept, part.holder, part.gone)
                for mine, theirs in comparison.proposals:
                    if self._may_pair(mine, theirs, side):
                        self._bind(mine, theirs, side)

    def _neutral_elements(self) -> Iterator[tuple[str, Element]]:
        """What stands on no side by a provider argument: resources and data without one, outputs, locals."""
        for block in self.module.blocks:
            if block.type in ("resource", "data", "module", "output"):
                if self.side_of.get(block.address, DEFAULT) == DEFAULT:
                    yield block.address, block
        for name, attribute in self.module.locals.items():
            yield f"local.{name}", attribute

    def _compare_all(self) -> None:
        for gone, kept in self.pairs.items():
            comparison = self._settled.get(gone) or self._comparison(gone, kept)
            self.differences[gone] = tuple(comparison.found)
            element = self.module.find(kept)
            if element is not None:
                self.same_text.update((element.file.path, offset) for offset in comparison.same_text)

    def likeness_of_parts(
        self, holder: Attribute, kept: Expr, kept_text: str, gone: Expr, gone_text: str, side: str
    ) -> tuple[Difference, ...] | None:
        """The literals in which two parts of one container differ, or None if they are no twins.

        Only entries of a map by region may differ; elements of a list have nothing but their value to be known by.
        """
        mine, theirs = self.names[self.kept], self.names[side]
        entries = kept.kind == gone.kind == "object_item"
        if entries:
            key, other_key = mine.neutral(holder.text(kept.children[0])), theirs.neutral(holder.text(gone.children[0]))
            if key != other_key and not (is_side_word(key) and not other_key):
                return None
        elif mine.neutral(kept_text) == theirs.neutral(gone_text):
            return ()
        comparison = _Comparison(self, side)
        comparison.values(holder, kept, holder, gone)
        paired = [p for p in comparison.proposals if self._may_pair(*p, side)]
        unlike = [d for d in comparison.found if d.kind == "expression"]
        literals = tuple(d for d in comparison.found if d.kind == "literal")
        if len(unlike) != len(paired) or len(unlike) + len(literals) != len(comparison.found):
            return None
        return literals if entries or not literals else None


class Parts(NamedTuple):
    """Two parts of a map, a list or a call's arguments that are one thing in two regions."""

    holder: Attribute
    container: Expr
    kept: Expr
    gone: Expr
    side: str
    """The side that the part which goes speaks of."""
    differences: tuple[Difference, ...] = ()
    """The literals in which two entries of a map by region differ."""


_LISTS = frozenset({"concat", "merge", "distinct", "flatten", "setunion", "compact", "toset", "tolist", "coalescelist"})
"""Functions whose arguments stand side by side, as the elements of a list do."""


def twin_parts(twins: Twins, element: Element, side: str) -> Iterator[Parts]:
    """The parts of the containers in an element that are alike on the two sides, as far as names and pairs tell by now."""
    mine, theirs = twins.names[twins.kept], twins.names[side]
    if not theirs.speaks(element.text()) and not any(r.address in twins.pairs for r in references_in(element)):
        return
    for holder in attributes_in(element):
        for node in walk(holder.expr):
            if items := map_items(node):
                parts: tuple[Expr, ...] = items
            elif node.kind == "tuple" or (node.kind == "call" and call_name(node) in _LISTS):
                parts = call_arguments(node)
            else:
                continue
            if len(parts) < 2:
                continue
            texts = [(p, holder.text(p)) for p in parts]
            gone = [(p, t) for p, t in texts if _is_of(twins, holder, p, t, theirs, mine, twins.pairs)]
            kept = [(p, t) for p, t in texts if _is_of(twins, holder, p, t, mine, theirs, twins.taken[side])]
            for part, text in gone:
                for other, other_text in kept:
                    differences = twins.likeness_of_parts(holder, other, other_text, part, text, side)
                    if differences is not None:
                        yield Parts(holder, node, other, part, side, differences)
                        break


def map_items(node: Expr) -> tuple[Expr, ...]:
    """The items of a map, written as an object or as a `merge` of objects of one item each; empty for all else."""
    if node.kind == "object":
        return object_items(node)
    if call_name(node) != "merge":
        return ()
    arguments = call_arguments(node)
    items = [object_items(argument) for argument in arguments if argument.kind == "object"]
    alone = len(items) == len(arguments) > 1 and all(len(held) == 1 for held in items)
    return tuple(held[0] for held in items) if alone else ()


def _is_of(
    twins: Twins, holder: Attribute, part: Expr, text: str, own: SideNames, other: SideNames, paired: Mapping[str, str]
) -> bool:
    """Whether a part belongs to a side: it speaks of it or refers to its twins, and speaks not of the other."""
    if own.speaks(text):
        return not other.speaks(text) or text.count("{") > 0 and own.speaks(text.split("=", 1)[0])
    return any(r.address in paired for r in expression_references(holder, part))


def attributes_in(element: Element) -> Iterator[Attribute]:
    """The attribute itself, or all attributes of a block and of the blocks in it."""
    if isinstance(element, Attribute):
        yield element
    elif isinstance(element, Block):
        for block in element.walk():
            yield from block.attributes.values()


def key_of(holder: Attribute, node: Expr) -> str:
    """The name under which a part of a value stands: the nearest object key, else the attribute's."""
    name = holder.name
    for other in walk(holder.expr):
        if other.kind == "object_item" and other.start <= node.start and node.end <= other.end:
            name = item_key(other) or name
    return name


_PRIMARY_ROLES = ("primary", "main_region")


def _sides(module: Module) -> Iterator[tuple[str, str]]:
    """The side of each resource, data source and module call: the provider that it names."""
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


def owner_address(reference: Reference) -> str:
    """The address of what holds a reference: a block, or the local value."""
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
    start, end = element.start, element.end
    return outer.references if outer is element else tuple(r for r in outer.references if start <= r.start < end)


def _skeleton(block: Block) -> str:
    """The structure of a block without any name, text or number in it."""
    parts = []
    for inner in block.walk():
        parts.append(inner.type)
        parts.extend(sorted(f"{a.name}:{a.expr.kind}" for a in inner.attributes.values() if a.name != "provider"))
    return " ".join(parts)


class _Comparison:
    """Two elements held against each other, the kept one first."""

    def __init__(self, twins: Twins, side: str) -> None:
        self.twins = twins
        self.mine = twins.names[twins.kept]
        self.theirs = twins.names[side]
        self.side = side
        self.found: list[Difference] = []
        self.proposals: list[tuple[str, str]] = []
        self.same_text: set[int] = set()
        """Where literal text speaks of the kept side and stands in the other twin, letter by letter: it means no side."""

    def elements(self, a: Element | None, b: Element | None) -> None:
        if isinstance(a, Block) and isinstance(b, Block):
            self.blocks(a, b)
        elif isinstance(a, Attribute) and isinstance(b, Attribute):
            self.values(a, a.expr, b, b.expr)

    def blocks(self, a: Block, b: Block) -> None:
        skipped = {"provider", "providers"}
        for name in dict.fromkeys([*a.attributes, *b.attributes]):
            left, right = a.get(name), b.get(name)
            if name in skipped:
                continue
            if left is not None and right is not None:
                self.values(left, left.expr, right, right.expr)
            else:
                self._differ(
                    "one-sided", name, left or a, left.expr if left else None, right or b, right.expr if right else None
                )
        types = dict.fromkeys(x.type + " ".join(x.labels) for x in (*a.blocks, *b.blocks))
        for type in types:
            mine = [x for x in a.blocks if x.type + " ".join(x.labels) == type]
            theirs = [x for x in b.blocks if x.type + " ".join(x.labels) == type]
            for left_block, right_block in zip(mine, theirs, strict=False):
                self.blocks(left_block, right_block)
            for extra in mine[len(theirs) :]:
                self._differ("one-sided", type, extra, None, b, None)
            for extra in theirs[len(mine) :]:
                self._differ("one-sided", type, a, None, extra, None)

    def values(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        """Compare two expressions; what differs is classified."""
        if x.kind != y.kind:
            self._part(a, x, b, y)
        elif not x.children:
            if x.value != y.value:
                self._part(a, x, b, y)
        elif x.kind == "traversal":
            self._traversals(a, x, b, y)
        elif x.kind == "tuple" and is_constant(x) and is_constant(y):
            if not self._same_constants(a, x, b, y):
                self._part(a, x, b, y)
        elif x.kind in ("template", "heredoc"):
            self._templates(a, x, b, y)
        elif x.kind == "object":
            self._objects(a, x, b, y)
        elif x.kind == "object_item":
            self.values(a, x.children[2], b, y.children[2])
        else:
            left = [c for c in x.children if c.kind not in ("Comma", "Newline")]
            right = [c for c in y.children if c.kind not in ("Comma", "Newline")]
            if len(left) != len(right) or [c.kind for c in left if not c.children] != [
                c.kind for c in right if not c.children
            ]:
                self._part(a, x, b, y)
                return
            for p, q in zip(left, right, strict=True):
                self.values(a, p, b, q)

    def _traversals(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        left, right = traversal_address(x), traversal_address(y)
        if left is None and right is None:
            left = right = ("", 1)
            self.values(a, x.children[0], b, y.children[0])
        elif left is None or right is None:
            self._part(a, x, b, y)
            return
        assert left is not None and right is not None
        rest_x, rest_y = x.children[left[1] :], y.children[right[1] :]
        if left[0] != right[0] and self.twins.pairs.get(right[0]) != left[0]:
            if left[0].rpartition(".")[0] != right[0].rpartition(".")[0]:
                self._part(a, x, b, y)
                return
            if self._phantoms(left[0], right[0]):
                return
            self.proposals.append((left[0], right[0]))
            self._differ("expression", a.name, a, x, b, y)
        if len(rest_x) != len(rest_y):
            self._part(a, x, b, y)
            return
        for p, q in zip(rest_x, rest_y, strict=True):
            if p.kind == q.kind == "index":
                self.values(a, p.children[1], b, q.children[1])
            elif p.kind != q.kind or (
                p.kind != "full_splat" and self._step(p, self.mine) != self._step(q, self.theirs)
            ):
                self._part(a, x, b, y)
                return

    def _phantoms(self, mine: str, theirs: str) -> bool:
        """Whether two addresses, neither of which is declared, have names that agree: what is missing would be twins."""
        if self.twins.module.find(mine) is not None or self.twins.module.find(theirs) is not None:
            return False
        return self.mine.label(mine.rpartition(".")[2]) == self.theirs.label(theirs.rpartition(".")[2])

    @staticmethod
    def _step(step: Expr, names: SideNames) -> str:
        return names.label("".join(leaf.value for leaf in step.children))

    def _templates(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        if [c.kind for c in x.children] == [c.kind for c in y.children]:
            texts = [(p, q) for p, q in zip(x.children, y.children, strict=True) if not p.children]
            if all(
                p.value == q.value or self.mine.neutral(p.value) == self.theirs.neutral(q.value) for p, q in texts[1:-1]
            ):
                self.same_text.update(
                    a.base + p.start for p, q in texts if p.value == q.value and self.mine.speaks(p.value)
                )
                for p, q in zip(x.children, y.children, strict=True):
                    if p.kind == "interpolation":
                        self.values(a, p.children[1], b, q.children[1])
                    elif p.children and a.text(p) != b.text(q):
                        self._part(a, x, b, y)
                return
        left, right = self._parts(x, self.mine), self._parts(y, self.theirs)
        if len(left) != len(right):
            self._part(a, x, b, y)
            return
        for part, other in zip(left, right, strict=True):
            if isinstance(part, str) or isinstance(other, str):
                if part != other:
                    self._text_parts(a, x, b, y)
                    return
            elif part.kind == other.kind == "interpolation":
                self.values(a, part.children[1], b, other.children[1])
            elif a.text(part) != b.text(other):
                self._part(a, x, b, y)
                return

    def _text_parts(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        """Two templates whose text is not the same: where only constant text between the same insertions differs, that is all."""
        same_shape = x.kind == "template" and [c.kind for c in x.children] == [c.kind for c in y.children]
        if not same_shape or a.name == "description" or _in_tags(a) or string_value(x) is not None:
            self._part(a, x, b, y)
            return
        for p, q in zip(x.children, y.children, strict=True):
            if p.kind == "interpolation":
                self.values(a, p.children[1], b, q.children[1])
            elif p.children and a.text(p) != b.text(q):
                self._part(a, x, b, y)
            elif not p.children and self.mine.neutral(p.value) != self.theirs.neutral(q.value):
                self._differ("literal", a.name, a, p, b, q)

    @staticmethod
    def _parts(template: Expr, names: SideNames) -> list[str | Expr]:
        """The parts of a template, literal text in its neutral form and joined, empty text left out."""
        parts: list[str | Expr] = []
        text = ""
        for child in template.children[1:-1]:
            if child.children:
                if neutral := names.neutral(text):
                    parts.append(neutral)
                parts.append(child)
                text = ""
            else:
                text += child.value
        if neutral := names.neutral(text):
            parts.append(neutral)
        return parts

    def _same_constants(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> bool:
        """Whether two lists of constants agree once the sides' words are taken out. A list is one value, not many."""
        left, right = call_arguments(x), call_arguments(y)
        return len(left) == len(right) and all(
            self.mine.neutral(a.text(p)) == self.theirs.neutral(b.text(q)) for p, q in zip(left, right, strict=True)
        )

    def _objects(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        left, right = object_items(x), object_items(y)
        by_key = {self.theirs.neutral(item_key(i) or b.text(i.children[0])): i for i in right}
        matched = set()
        for item in left:
            key = self.mine.neutral(item_key(item) or a.text(item.children[0]))
            other = by_key.get(key)
            if other is None:
                self._differ(self._one_sided(a, item), item_key(item) or "an entry", a, item, b, y)
                continue
            matched.add(key)
            self.values(a, item.children[2], b, other.children[2])
        for key, item in by_key.items():
            if key not in matched:
                self._differ(self._one_sided(b, item), item_key(item) or "an entry", a, x, b, item)

    @staticmethod
    def _one_sided(holder: Attribute, item: Expr) -> str:
        """The kind of an entry that one twin has alone: a constant tag is only words."""
        return "words" if _in_tags(holder) and is_constant(item_value(item)) else "one-sided"

    def _part(self, a: Attribute, x: Expr, b: Attribute, y: Expr) -> None:
        """Two expressions that are not the same: literals, free text, or something that cannot be told apart by a value."""
        if a.name == "description" or _in_tags(a):
            kind = "words" if is_constant(x) and is_constant(y) or a.name == "description" else "expression"
        else:
            kind = "literal" if is_constant(x) and is_constant(y) else "expression"
        self._differ(kind, a.name, a, x, b, y)

    def _differ(self, kind: str, what: str, a: Element, x: Expr | None, b: Element, y: Expr | None) -> None:
        self.found.append(Difference(kind, what, a, x, b, y))


def _in_tags(attribute: Attribute) -> bool:
    return attribute.name in ("tags", "tags_all", "volume_tags")


def is_constant(expr: Expr) -> bool:
    """Whether an expression refers to nothing and calls nothing."""
    if not expr.children:
        return expr.kind in ("NumberLit", "QuotedLit", "StringLit") or (
            expr.kind == "Identifier" and expr.value in ("true", "false", "null")
        )
    if expr.kind in ("tuple", "object", "object_item", "template", "unary"):
        return all(
            is_constant(c)
            or c.kind
            in (
                "OQuote",
                "CQuote",
                "OBrack",
                "CBrack",
                "OBrace",
                "CBrace",
                "Comma",
                "Newline",
                "Equal",
                "Colon",
                "Minus",
                "Bang",
                "Identifier",
            )
            for c in expr.children
        )
    return False
