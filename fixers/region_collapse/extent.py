"""How far a collapse reaches: what of a stack of twins goes, what stays, and what it is called then."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

from tapfix.edits import Edit
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    Reference,
    Span,
    call_arguments,
    call_name,
    item_key,
    item_value,
    object_items,
    string_value,
    traversal_address,
    walk,
)
from tapfix.module.environments import environment_variable
from tapfix.module.nodes import members

from .names import is_side_word, region_in
from .twins import DEFAULT, Parts, Twins, map_items, owner_address, twin_parts

_HEAD = re.compile(r'(resource|data)[ \t]+"([\w-]+)"[ \t]+"([\w-]+)"')
_UNNAMED = frozenset({"provider", "terraform", "moved", "import", "removed", "check"})
"""Blocks whose labels and aliases are no names of things that the stack makes."""


class Extent:
    """What goes and what stays. `removals` are the ranges of text that go, `names` the new addresses of what stays."""

    def __init__(self, twins: Twins) -> None:
        self.twins = twins
        self.module: Module = twins.module
        self.parts: list[Parts] = self._twin_parts()
        self.removed = self._removed()
        self.unwrapped = self._unwrapped()
        self._keep_maps_that_differ()
        self.removals = self._removal_ranges()
        variable = environment_variable(self.module)
        self.environment = variable.name if variable is not None else "environment"
        self.region = "aws_region"
        """The variable that holds the region: what the answers' `provider.tf` reads."""

    # -- what goes ------------------------------------------------------------------------------------------------------

    def _twin_parts(self) -> list[Parts]:
        found: list[Parts] = []
        for _, element in self.staying():
            for side in self.twins.others:
                found.extend(twin_parts(self.twins, element, side))
        return found

    def staying(self) -> Iterator[tuple[str, Element]]:
        """What is not itself a twin that goes: blocks, and local values one by one."""
        for block in self.module.blocks:
            if block.type != "locals" and block.address not in self.twins.pairs:
                yield block.address, block
        for name, attribute in self.module.locals.items():
            if f"local.{name}" not in self.twins.pairs:
                yield f"local.{name}", attribute

    def _removed(self) -> set[str]:
        """The addresses that go: the twins, and what nothing uses any more once they are gone."""
        gone = set(self.twins.pairs)
        dropped = [(p.holder.file.path, p.holder.base + p.gone.start, p.holder.base + p.gone.end) for p in self.parts]
        regions = self._region_lists()
        while True:
            more = {
                address
                for address in self._removable()
                if address not in gone
                and (references := self.module.references_to(address))
                and all(self._goes_with(r, gone, dropped) for r in references)
            }
            more |= {a for a in regions if a not in gone and not self.module.references_to(a)}
            more |= {
                b.address for b in self.module.outputs.values() if b.address not in gone and self._only_of(b, gone)
            }
            if more <= gone:
                return gone
            gone |= more

    def _removable(self) -> Iterator[str]:
        """What may go when its last user goes: variables, local values and data sources."""
        for name in self.module.variables:
            yield f"var.{name}"
        for name in self.module.locals:
            yield f"local.{name}"
        for block in self.module.data():
            yield block.address

    def _region_lists(self) -> set[str]:
        """The local values that only list the sides' regions, or providers."""
        found = set()
        for name, attribute in self.module.locals.items():
            elements = [c for c in attribute.expr.children if c.kind == "template"]
            if attribute.expr.kind == "tuple" and len(elements) > 1:
                texts = [string_value(e) for e in elements]
                if all(t is not None and region_in(t) == t for t in texts):
                    found.add(f"local.{name}")
            values = [item_value(i) for i in object_items(attribute.expr)] if attribute.expr.kind == "object" else []
            sides = {self.twins.kept, *self.twins.others}
            if values and all((a := traversal_address(v)) and f"provider.{a[0]}" in sides for v in values):
                found.add(f"local.{name}")
        return found

    @staticmethod
    def _goes_with(reference: Reference, gone: set[str], dropped: Sequence[tuple[str, int, int]]) -> bool:
        if reference.block is not None and owner_address(reference) in gone:
            return True
        return any(f == reference.file.path and s <= reference.start < e for f, s, e in dropped)

    def _only_of(self, block: Block, gone: set[str]) -> bool:
        """Whether an output without a twin speaks of a side that goes, and of nothing else."""
        addresses = {r.address for r in block.references if r.address in gone or r.address in self.twins.pairs.values()}
        inside = [p for p in self.parts if p.holder.outermost.start == block.start]
        return bool(addresses) and addresses <= gone and not inside

    def _unwrapped(self) -> dict[str, Parts]:
        """The locals, outputs and variables that are a map by region and become what the kept region had: by address."""
        found: dict[str, Parts] = {}
        for part in self.parts:
            holder, parent = part.holder, part.holder.parent
            if part.container is not _whole_map(holder.expr) or not isinstance(parent, Block):
                continue
            left = [i for i in map_items(part.container) if not any(i is p.gone for p in self.parts)]
            if len(left) != 1 or not self._speaks_key(holder, left[0]):
                continue
            if parent.type == "locals":
                address = f"local.{holder.name}"
            elif parent.type == "output" and holder.name == "value":
                found[parent.address] = part
                continue
            elif parent.type == "variable" and holder.name == "default" and self._may_unwrap(parent):
                address = parent.address
            else:
                continue
            used = [r for r in self.module.references_to(address) if not self._in_gone(r)]
            if all(lookup_of(r, left[0]) is not None for r in used):
                found[address] = part
        return found

    def _may_unwrap(self, variable: Block) -> bool:
        """Whether a variable's map may give way to one value: nothing checks it or sets it, and its type tells that of the value."""
        if variable.blocks_of("validation") or any(variable.name in file.attributes for file in self.module.tfvars):
            return False
        type = variable.get("type")
        return type is None or value_type(type) is not None

    def _keep_maps_that_differ(self) -> None:
        """Entries that differ stay in their map, both of them, unless the map gives way to variables."""
        containers = {id(p.container) for p in self.unwrapped.values()}
        sound = [p for p in self.parts if not p.differences or id(p.container) in containers]
        if len(sound) != len(self.parts):
            self.parts = sound
            self.removed = self._removed()

    def _speaks_key(self, holder: Attribute, item: Expr) -> bool:
        key = item_key(item)
        return key is not None and (self.twins.names[self.twins.kept].speaks(key) or is_side_word(key))

    def _in_gone(self, reference: Reference) -> bool:
        return reference.block is not None and owner_address(reference) in self.removed

    # -- ranges that go -------------------------------------------------------------------------------------------------

    def _removal_ranges(self) -> dict[str, list[tuple[int, int]]]:
        """The text that goes, by file, as ranges that neither touch nor overlap."""
        edits = [self._removal(a) for a in self.removed]
        edits += _dropped(self.parts)
        edits += [e.remove() for f in self.module.configuration for e in f.broken if self._is_broken_twin(e)]
        for part in self.unwrapped.values():
            path, start, end = part.holder.span(part.holder.expr)
            value = item_value(part.kept)
            edits += [
                Edit(path, start, part.holder.base + value.start, ""),
                Edit(path, part.holder.base + value.end, end, ""),
            ]
        edits += list(self._provider_arguments())
        edits += list(self._provider_blocks())
        by_file: dict[str, list[tuple[int, int]]] = {}
        for edit in edits:
            if edit is not None:
                by_file.setdefault(edit.file, []).append((edit.start, edit.end))
        return {file: _merged(ranges) for file, ranges in by_file.items()}

    def _is_broken_twin(self, broken: Element) -> bool:
        """Whether a block that does not parse is, by its head, the twin of one that stays, on a side that goes."""
        head = _HEAD.match(broken.text())
        if head is None:
            return False
        kind = f"data.{head[2]}" if head[1] == "data" else head[2]
        kept = {
            a.rpartition(".")[2]
            for a, side in self.twins.side_of.items()
            if a.rpartition(".")[0] == kind and side == self.twins.kept
        }
        mine = self.twins.names[self.twins.kept]
        labels = {mine.label(name) for name in kept}
        return any(
            names.label(head[3]) in labels and head[3] not in kept
            for names in (self.twins.names[side] for side in self.twins.others)
        )

    def _removal(self, address: str) -> Edit | None:
        element = self.module.find(address)
        if element is None:
            return None
        return element.remove(comments=not self._comment_speaks_of_kept(address, element))

    def _comment_speaks_of_kept(self, address: str, element: Element) -> bool:
        """Whether the comment above what goes heads what stays: a banner, or a line above the first of two twins."""
        comment = element.leading_comment
        if not comment:
            return False
        if any(self.twins.names[s].speaks(comment) for s in self.twins.others):
            return False
        if re.search(r"[=#*-]{5,}", comment):
            return True
        kept = self.twins.pairs.get(address)
        twin = self.module.find(kept) if kept else None
        return twin is not None and twin.start > element.start and not twin.leading_comment

    def _provider_arguments(self) -> Iterator[Edit]:
        """The `provider` and `providers` arguments of what stays on the kept side."""
        for block in self.module.blocks:
            if block.address in self.removed or self.twins.side_of.get(block.address) != self.twins.kept:
                continue
            for name in ("provider", "providers"):
                if argument := block.get(name):
                    yield argument.remove()

    def _provider_blocks(self) -> Iterator[Edit]:
        """Provider blocks that nothing names any more; the kept side's becomes the default one, if there is none."""
        default = any(b.address == DEFAULT for b in self.module.blocks_of("provider"))
        for block in self.module.blocks_of("provider"):
            if block.address in self.twins.others or (
                block.address == self.twins.kept and block.get("alias") and default
            ):
                yield block.remove()
            elif block.address == self.twins.kept and (alias := block.get("alias")):
                yield alias.remove()
        for block in self.module.blocks_of("terraform"):
            for inner in block.walk():
                for attribute in inner.attributes.values():
                    for item in object_items(attribute.expr) if attribute.expr.kind == "object" else ():
                        if item_key(item) == "configuration_aliases" and not self._aliases_left():
                            yield attribute.remove_member(attribute.expr, item)

    def _aliases_left(self) -> bool:
        gone = {self.twins.kept, *self.twins.others, DEFAULT}
        return any(side not in gone for side in self.twins.side_of.values())

    def goes(self, file: str, start: int, end: int) -> bool:
        """Whether a stretch of text goes, whole."""
        ranges = self.removals.get(file, [])
        index = bisect_right(ranges, (start, 1 << 60)) - 1
        return index >= 0 and ranges[index][0] <= start and end <= ranges[index][1]

    def kept_references(self) -> Iterator[Reference]:
        for reference in self.module.references:
            if not self.goes(reference.file.path, reference.start, reference.end):
                yield reference

    # -- names ----------------------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[str, str]:
        """The new address of each kept one whose name spoke of its side."""
        names = self.twins.names[self.twins.kept]
        renamed: dict[str, str] = {}
        taken = {a for a, _ in self.staying() if a not in self.removed}
        paired = set(self.twins.pairs.values())
        if (variable := self._region_variable()) is not None:
            renamed[variable] = f"var.{self.region}"
        for address, _ in self.staying():
            if (
                address in renamed
                or address in self.removed
                or address.split(".", 1)[0] in _UNNAMED
                or not address.count(".")
            ):
                continue
            kind, _, label = address.rpartition(".")
            if (
                address not in paired
                and not (self._one_sided(address) and names.speaks(label))
                and address not in self.unwrapped
            ):
                continue
            wanted = names.label(label)
            if address in self.unwrapped and self._is_single(self.unwrapped[address]):
                wanted = _singular(wanted)
            if wanted == label:
                continue
            if not wanted or wanted[0].isdigit():
                wanted = next(n for n in ("main", "this", "primary_stack") if f"{kind}.{n}" not in taken)
            candidate, n = f"{kind}.{wanted}", 1
            while candidate in taken:
                n += 1
                candidate = f"{kind}.{wanted}_{n}"
            taken.add(candidate)
            renamed[address] = candidate
        return renamed

    @property
    def has_region_variable(self) -> bool:
        """Whether the variable that holds the region is declared, or comes of another's new name."""
        return self.region in self.module.variables or f"var.{self.region}" in self.names.values()

    def _region_variable(self) -> str | None:
        """The variable that holds the kept side's region, if that has another name than it is to have."""
        if self.region in self.module.variables:
            return None
        provider = self.module.find(self.twins.kept)
        argument = provider.get("region") if isinstance(provider, Block) else None
        found = traversal_address(argument.expr) if argument is not None else None
        if found is not None and found[0].startswith("var.") and self.module.find(found[0]) is not None:
            return found[0]
        names = self.twins.names[self.twins.kept]
        for name, variable in self.module.variables.items():
            default = variable.get("default")
            if default is not None and names.region and string_value(default.expr) == names.region:
                if names.label(name) == "region":
                    return variable.address
        return None

    @staticmethod
    def _is_single(part: Parts) -> bool:
        """Whether what a map held for the kept region is one thing, and no list."""
        return item_value(part.kept).kind != "tuple"

    def _one_sided(self, address: str) -> bool:
        """Whether an address belongs to the kept side alone: by its provider, or because it speaks of kept twins only."""
        if self.twins.side_of.get(address) == self.twins.kept or region_in(address.rpartition(".")[2]):
            return True
        element = self.module.find(address)
        kept = set(self.twins.pairs.values())
        if isinstance(element, Block):
            return any(r.address in kept for r in element.references) or element.type == "variable"
        return True

    def home_region(self) -> str | None:
        """The region that stays, in HCL; None where the answer does not tell."""
        block = self.module.variables.get(self.region)
        renamed = next((a for a, new in self.names.items() if new == f"var.{self.region}"), None)
        block = block or self.module.variables.get((renamed or "").removeprefix("var."))
        default = block.get("default") if block else None
        if default is not None:
            return default.value
        region = self.twins.names[self.twins.kept].region
        return f'"{region}"' if region is not None else None


def _singular(word: str) -> str:
    """`cidrs` gives `cidr`; what only looks like a plural stays (`alias`, `access`, `status`)."""
    if word.endswith(("ss", "us", "is", "as")) or not word.endswith("s"):
        return word
    if word.endswith(("aliases", "addresses", "classes", "statuses", "accesses", "indexes", "boxes")):
        return word[:-2]
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


def lookup_of(reference: Reference, item: Expr) -> Span | None:
    """The text that takes an item out of a map by its key, as `["us-east-1"]`, `.us_east_1` or `lookup(…)` do; None if it does not."""
    holder, key = reference.holder, item_key(item)
    if holder is None:
        return None
    if reference.steps:
        step, outer = reference.steps[0], reference.block or holder
        index, name = step.kind == "index", step.kind == "get_attr"
        same = index and string_value(step.children[1]) == key or name and step.children[1].value == key
        return Span(reference.file.path, reference.start, outer.base + step.end) if same else None
    for node in walk(holder.expr):
        if call_name(node) == "lookup":
            looked_in, looked_for = call_arguments(node)[:2]
            if looked_in is reference.node and string_value(looked_for) == key:
                return holder.span(node)
    return None


def value_type(type: Attribute) -> str | None:
    """The type of a map's values, as the map's own type tells it."""
    if type.value in ("any", "map"):
        return "any"
    if call_name(type.expr) == "map":
        (inner,) = call_arguments(type.expr)
        return type.text(inner)
    return None


def _whole_map(expr: Expr) -> Expr:
    """The map that an expression is, out of the `tomap()` around it."""
    return call_arguments(expr)[0] if call_name(expr) == "tomap" else expr


def _dropped(parts: Sequence[Parts]) -> Iterator[Edit]:
    """Take the parts that go out of their containers."""
    by_container: dict[int, list[Parts]] = {}
    for part in parts:
        by_container.setdefault(id(part.container), []).append(part)
    for group in by_container.values():
        holder, container = group[0].holder, group[0].container
        # In a `merge` of objects of one item each, the object goes with its item.
        around = [m for m in members(container) for p in group if m.start <= p.gone.start and p.gone.end <= m.end]
        yield from holder.remove_members(container, around)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
