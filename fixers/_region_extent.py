"""How far a collapse reaches: what of a stack of twins goes, what stays, and what it is called then."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from tapfix.edits import Edit
from tapfix.environments import environment_variable
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    Reference,
    item_key,
    item_value,
    object_items,
    string_value,
)

from ._region_names import is_side_word, region_in
from ._region_twins import DEFAULT, Parts, Twins, owner_address, twin_parts

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
        self.environment = environment_variable(self.module) or "environment"
        self.region = "aws_region"
        """The variable that holds the region: what the answers' `provider.tf` reads."""
        self.names = self._new_names()

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
        """The local values that only list the names of the sides' regions."""
        found = set()
        for name, attribute in self.module.locals.items():
            elements = [c for c in attribute.expr.children if c.kind == "template"]
            if attribute.expr.kind == "tuple" and len(elements) > 1:
                texts = [string_value(e) for e in elements]
                if all(t is not None and region_in(t) == t for t in texts):
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
        """The local values and outputs that are a map by region and become what the kept region had: by address."""
        found: dict[str, Parts] = {}
        for part in self.parts:
            holder = part.holder
            if part.container is not holder.expr or part.container.kind != "object":
                continue
            left = [i for i in object_items(part.container) if not any(i is p.gone for p in self.parts)]
            if len(left) != 1 or not self._speaks_key(holder, left[0]):
                continue
            parent = holder.parent
            if isinstance(parent, Block) and parent.type == "locals":
                address = f"local.{holder.name}"
                if all(self._indexes(r, left[0]) for r in self.module.references_to(address) if not self._in_gone(r)):
                    found[address] = part
            elif isinstance(parent, Block) and parent.type == "output" and holder.name == "value":
                found[parent.address] = part
        return found

    def _keep_maps_that_differ(self) -> None:
        """Entries that differ stay in their map, both of them, unless the map gives way to variables."""
        containers = {id(p.container) for p in self.unwrapped.values()}
        sound = [p for p in self.parts if not p.differences or id(p.container) in containers]
        if len(sound) != len(self.parts):
            self.parts = sound
            self.removed = self._removed()

    def _speaks_key(self, holder: Attribute, item: Expr) -> bool:
        key = item_key(item)  # type: ignore[arg-type]
        return key is not None and (self.twins.names[self.twins.kept].speaks(key) or is_side_word(key))

    def _in_gone(self, reference: Reference) -> bool:
        return reference.block is not None and owner_address(reference) in self.removed

    def _indexes(self, reference: Reference, item: Expr) -> bool:
        """Whether a reference takes the item by its key, as `["us-east-1"]` or `.us_east_1`."""
        if not reference.steps:
            return False
        step, key = reference.steps[0], item_key(item)  # type: ignore[arg-type]
        if step.kind == "index":
            return string_value(step.children[1]) == key
        return step.kind == "get_attr" and step.children[1].value == key

    # -- ranges that go -------------------------------------------------------------------------------------------------

    def _removal_ranges(self) -> dict[str, list[tuple[int, int]]]:
        """The text that goes, by file, as ranges that neither touch nor overlap."""
        edits = [self._removal(a) for a in self.removed]
        edits += [_drop_part(p) for p in self.parts]
        edits += [e.remove() for f in self.module.configuration for e in f.broken if self._is_broken_twin(e)]
        for part in self.unwrapped.values():
            path, start, end = part.holder.span(part.container)
            value = item_value(part.kept)  # type: ignore[arg-type]
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
                            yield _drop_line(attribute, item)

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

    def _new_names(self) -> dict[str, str]:
        """The new address of each kept one whose name spoke of its side."""
        names = self.twins.names[self.twins.kept]
        renamed: dict[str, str] = {}
        taken = {a for a, _ in self.staying() if a not in self.removed}
        paired = set(self.twins.pairs.values())
        for address, _ in self.staying():
            if address in self.removed or address.split(".", 1)[0] in _UNNAMED or not address.count("."):
                continue
            kind, _, label = address.rpartition(".")
            if (
                address not in paired
                and not (self._one_sided(address) and names.speaks(label))
                and address not in self.unwrapped
            ):
                continue
            wanted = names.label(label)
            if address in self.unwrapped and wanted.endswith("s") and not wanted.endswith("ss"):
                wanted = wanted[:-1]
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
        default = block.get("default") if block else None
        if default is not None:
            return default.value
        region = self.twins.names[self.twins.kept].region
        return f'"{region}"' if region is not None else None


def _drop_part(part: Parts) -> Edit:
    """Take a part out of its container, with its comma, and with its line where it has one of its own."""
    if part.gone.kind == "object_item":
        return _drop_line(part.holder, part.gone)
    holder, text = part.holder, part.holder.file.text
    children = part.container.children
    index = next(i for i, c in enumerate(children) if c is part.gone)
    start, end = holder.base + part.gone.start, holder.base + part.gone.end
    following = next((c for c in children[index + 1 :] if c.kind != "Newline"), None)
    if following is not None and following.kind == "Comma":
        end = holder.base + following.end
        line_start, line_end = holder.file.line_start(start), holder.file.line_end(end)
        if not text[line_start:start].strip() and not text[end:line_end].strip():
            return Edit(holder.file.path, line_start, line_end, "")
        while end < len(text) and text[end] in " \t":
            end += 1
        return Edit(holder.file.path, start, end, "")
    before = next((c for c in reversed(children[:index]) if c.kind not in ("Newline",)), None)
    if before is not None and before.kind == "Comma":
        start = holder.base + before.start
    return Edit(holder.file.path, start, end, "")


def _drop_line(holder: Attribute, item: Expr) -> Edit:
    """Take an object's item out, with its lines, its comma and the comment lines above it."""
    text, file = holder.file.text, holder.file
    start, end = holder.base + item.start, holder.base + item.end
    while end < len(text) and text[end] in " \t":
        end += 1
    if end < len(text) and text[end] == ",":
        end += 1
    line_start, line_end = file.line_start(start), file.line_end(end)
    rest = text[end:line_end].strip()
    if text[line_start:start].strip() or (rest and not rest.startswith(("#", "//"))):
        while end < len(text) and text[end] in " \t":
            end += 1
        return Edit(file.path, start, end, "")
    while line_start > 0:
        above = file.line_start(line_start - 1)
        if not text[above:line_start].lstrip().startswith(("#", "//")):
            break
        line_start = above
    return Edit(file.path, line_start, line_end, "")


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
