"""How far a collapse reaches: what of a stack of twins goes, what stays, and what it is called then."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
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
from tapfix.module.environments import environment_variables
from tapfix.module.nodes import members, step_key

from .names import is_side_word, region_in
from .sides import DEFAULT
from .twins import TwinParts, Twins, map_items, owner_address

_ENVIRONMENT_NAMES = r"(?i)(prod|production|stag|stage|staging|stg|dev|development|test|testing|qa|uat|sandbox)?"
_BLOCK_HEAD = re.compile(r'(resource|data)[ \t]+"([\w-]+)"[ \t]+"([\w-]+)"')
_UNNAMED = frozenset({"provider", "terraform", "moved", "import", "removed", "check"})
"""Blocks whose labels and aliases are not names of things that the stack makes."""


class Extent:
    """What goes and what stays.

    `removed` are the addresses that go, `removals` the ranges of text that go, by file, `names` the new addresses of
    what stays. `unwrapped` are the maps by region that become their value for the kept region, by the address of the
    local value, output or variable that is the map.
    """

    def __init__(self, twins: Twins) -> None:
        self.twins = twins
        self.sides = twins.sides
        self.module: Module = twins.module
        self.parts: list[TwinParts] = self._twin_parts()
        self.removed = self._removed()
        self.unwrapped = self._unwrapped()
        self._keep_maps_that_differ()
        self.removals = self._removal_ranges()
        self.environment_variables = self._environment_variables()
        """The variables that are the environment's name. Each environment's file sets all of them."""
        self.environment = self.environment_variables[0]
        """The one that new text refers to."""
        self.region = "aws_region"
        """The variable for the region: the one that the answers' `provider.tf` reads."""

    def _environment_variables(self) -> tuple[str, ...]:
        """Those that are declared and used, and whose default, if there is one, is an environment's name."""
        declared = environment_variables(self.module)
        used = [block for block in declared if self.module.references_to(block.address)] or list(declared[:1])
        named = [block.name for block in used if block is used[0] or _is_environment(block)]
        return tuple(named) or ("environment",)

    # -- what goes -----------------------------------------------------------------------------------------------------

    def _twin_parts(self) -> list[TwinParts]:
        found: list[TwinParts] = []
        for _, element in self.staying():
            for side in self.sides.others:
                found.extend(self.twins.twin_parts(element, side))
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
        """The addresses that go: the twins, and what nothing uses once they are gone."""
        gone = set(self.twins.pairs)
        dropped = [part.holder.span(part.gone) for part in self.parts]
        region_lists = self._region_lists()
        while True:
            unused = {
                address
                for address in self._removable()
                if address not in gone
                and (references := self.module.references_to(address))
                and all(self._goes_with(reference, gone, dropped) for reference in references)
            }
            unused |= {a for a in region_lists if a not in gone and not self.module.references_to(a)}
            unused |= {
                output.address
                for output in self.module.outputs.values()
                if output.address not in gone and self._is_only_of(output, gone)
            }
            if unused <= gone:
                return gone
            gone |= unused

    def _removable(self) -> Iterator[str]:
        """What may go with its last user: variables, local values and data sources."""
        for name in self.module.variables:
            yield f"var.{name}"
        for name in self.module.locals:
            yield f"local.{name}"
        for block in self.module.data():
            yield block.address

    def _region_lists(self) -> set[str]:
        """The local values that only list the sides' regions, or providers."""
        found = set()
        sides = {self.sides.kept, *self.sides.others}
        for name, attribute in self.module.locals.items():
            if attribute.expr.kind == "tuple":
                texts = [string_value(element) for element in attribute.expr.children if element.kind == "template"]
                if len(texts) > 1 and all(text is not None and region_in(text) == text for text in texts):
                    found.add(f"local.{name}")
            elif attribute.expr.kind == "object":
                values = [traversal_address(item_value(item)) for item in object_items(attribute.expr)]
                if values and all(value and f"provider.{value[0]}" in sides for value in values):
                    found.add(f"local.{name}")
        return found

    @staticmethod
    def _goes_with(reference: Reference, gone: set[str], dropped: Sequence[Span]) -> bool:
        """Whether a reference is in what goes."""
        if reference.block is not None and owner_address(reference) in gone:
            return True
        return any(span.file == reference.file.path and span.start <= reference.start < span.end for span in dropped)

    def _is_only_of(self, output: Block, gone: set[str]) -> bool:
        """Whether an output without a twin refers to a side that goes, and to nothing of the kept side."""
        kept = self.twins.pairs.values()
        addresses = {r.address for r in output.references if r.address in gone or r.address in kept}
        has_parts = any(part.holder.outermost.start == output.start for part in self.parts)
        return bool(addresses) and addresses <= gone and not has_parts

    def _is_in_gone(self, reference: Reference) -> bool:
        return reference.block is not None and owner_address(reference) in self.removed

    # -- maps by region ------------------------------------------------------------------------------------------------

    def _unwrapped(self) -> dict[str, TwinParts]:
        """The maps by region that become what they have for the kept region: all users look this one entry up."""
        found: dict[str, TwinParts] = {}
        for part in self.parts:
            holder, parent = part.holder, part.holder.parent
            if part.container is not _whole_map(holder.expr) or not isinstance(parent, Block):
                continue
            left = [i for i in map_items(part.container) if not any(i is other.gone for other in self.parts)]
            if len(left) != 1 or not self._is_key_of_kept(left[0]):
                continue
            if parent.type == "output" and holder.name == "value":
                found[parent.address] = part
                continue
            if parent.type == "locals":
                address = f"local.{holder.name}"
            elif parent.type == "variable" and holder.name == "default" and self._may_unwrap(parent):
                address = parent.address
            else:
                continue
            users = [r for r in self.module.references_to(address) if not self._is_in_gone(r)]
            if all(lookup_of(reference, left[0]) is not None for reference in users):
                found[address] = part
        return found

    def _may_unwrap(self, variable: Block) -> bool:
        """Whether a variable's map may become one value: nothing checks or sets it, and its type is known."""
        if variable.blocks_of("validation") or any(variable.name in file.attributes for file in self.module.tfvars):
            return False
        type = variable.get("type")
        return type is None or value_type(type) is not None

    def _keep_maps_that_differ(self) -> None:
        """Entries that differ both stay in their map, unless the map becomes a variable."""
        containers = {id(part.container) for part in self.unwrapped.values()}
        alike = [part for part in self.parts if not part.differences or id(part.container) in containers]
        if len(alike) != len(self.parts):
            self.parts = alike
            self.removed = self._removed()

    def _is_key_of_kept(self, item: Expr) -> bool:
        """Whether the key of an item names the kept side."""
        key = item_key(item)
        return key is not None and (self.sides.kept_names.speaks(key) or is_side_word(key))

    # -- ranges that go ------------------------------------------------------------------------------------------------

    def _removal_ranges(self) -> dict[str, list[tuple[int, int]]]:
        """The text that goes, by file, as ranges that neither touch nor overlap."""
        edits = [edit for address in self.removed if (edit := self._removal(address)) is not None]
        edits += _without_parts(self.parts)
        edits += [e.remove() for file in self.module.configuration for e in file.broken if self._is_broken_twin(e)]
        for part in self.unwrapped.values():
            path, start, end = part.holder.span(part.holder.expr)
            value = part.holder.span(item_value(part.kept))
            edits += [Edit(path, start, value.start, ""), Edit(path, value.end, end, "")]
        edits += self._provider_arguments()
        edits += self._provider_blocks()
        edits += self._configuration_aliases()
        by_file: dict[str, list[tuple[int, int]]] = {}
        for edit in edits:
            by_file.setdefault(edit.file, []).append((edit.start, edit.end))
        return {file: _merged(ranges) for file, ranges in by_file.items()}

    def _is_broken_twin(self, broken: Element) -> bool:
        """Whether a block that does not parse is, by its head, on a side that goes and the twin of one that stays."""
        head = _BLOCK_HEAD.match(broken.text())
        if head is None:
            return False
        type = f"data.{head[2]}" if head[1] == "data" else head[2]
        addresses = [address.rpartition(".") for address, side in self.sides.side_of.items() if side == self.sides.kept]
        kept = {name for prefix, _, name in addresses if prefix == type}
        labels = {self.sides.kept_names.label(name) for name in kept}
        return any(
            self.sides.names[side].label(head[3]) in labels and head[3] not in kept for side in self.sides.others
        )

    def _removal(self, address: str) -> Edit | None:
        element = self.module.find(address)
        if element is None:
            return None
        return element.remove(comments=not self._is_comment_of_kept(address, element))

    def _is_comment_of_kept(self, address: str, element: Element) -> bool:
        """Whether the comment above what goes is about what stays: a banner, or a line above the first of two twins."""
        comment = element.leading_comment
        if not comment:
            return False
        if any(self.sides.names[side].speaks(comment) for side in self.sides.others):
            return False
        if re.search(r"[=#*-]{5,}", comment):
            return True
        kept = self.twins.pairs.get(address)
        twin = self.module.find(kept) if kept else None
        return twin is not None and twin.start > element.start and not twin.leading_comment

    def _provider_arguments(self) -> Iterator[Edit]:
        """The `provider` and `providers` arguments of what stays on the kept side."""
        for block in self.module.blocks:
            if block.address in self.removed or self.sides.side_of.get(block.address) != self.sides.kept:
                continue
            for name in ("provider", "providers"):
                if argument := block.get(name):
                    yield argument.remove()

    def _provider_blocks(self) -> Iterator[Edit]:
        """Provider blocks that nothing names any more; the kept side's becomes the default one, if there is none."""
        providers = self.module.blocks_of("provider")
        has_default = any(block.address == DEFAULT for block in providers)
        for block in providers:
            alias = block.get("alias")
            if block.address in self.sides.others or (block.address == self.sides.kept and alias and has_default):
                yield block.remove()
            elif block.address == self.sides.kept and alias:
                yield alias.remove()

    def _configuration_aliases(self) -> Iterator[Edit]:
        """`configuration_aliases` in a `terraform` block, if no alias is left."""
        if any(side not in {self.sides.kept, *self.sides.others, DEFAULT} for side in self.sides.side_of.values()):
            return
        for block in self.module.blocks_of("terraform"):
            for inner in block.walk():
                for attribute in inner.attributes.values():
                    for item in object_items(attribute.expr) if attribute.expr.kind == "object" else ():
                        if item_key(item) == "configuration_aliases":
                            yield attribute.remove_member(attribute.expr, item)

    def goes(self, file: str, start: int, end: int) -> bool:
        """Whether a range of text goes, as a whole."""
        ranges = self.removals.get(file, [])
        index = bisect_right(ranges, (start, 1 << 60)) - 1
        return index >= 0 and ranges[index][0] <= start and end <= ranges[index][1]

    def kept_references(self) -> Iterator[Reference]:
        """The references that stay."""
        for reference in self.module.references:
            if not self.goes(reference.file.path, reference.start, reference.end):
                yield reference

    # -- names ---------------------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[str, str]:
        """The new addresses of what stays, by the old ones, where the name has a word for the side."""
        renamed: dict[str, str] = {}
        taken = dict.fromkeys(address for address, _ in self.staying() if address not in self.removed)
        paired = set(self.twins.pairs.values())
        if (variable := self._region_variable()) is not None:
            renamed[variable] = f"var.{self.region}"
        for address, _ in self.staying():
            if address in renamed or address in self.removed or not self._may_rename(address, paired):
                continue
            new = self._new_address(address, taken)
            if new != address:
                taken[new] = None
                renamed[address] = new
        return renamed

    def _may_rename(self, address: str, paired: set[str]) -> bool:
        """Whether an address may get another name: that of the kept side, or of an unwrapped map."""
        if address.split(".", 1)[0] in _UNNAMED or "." not in address:
            return False
        if address in paired or address in self.unwrapped:
            return True
        return self.sides.kept_names.speaks(address.rpartition(".")[2]) and self._is_of_kept(address)

    def _new_address(self, address: str, taken: Mapping[str, None]) -> str:
        """An address without the words for the kept side, and different from those that are taken."""
        type, _, label = address.rpartition(".")
        wanted = self.sides.kept_names.label(label)
        if address in self.unwrapped and item_value(self.unwrapped[address].kept).kind != "tuple":
            wanted = _singular(wanted)
        if wanted == label:
            return address
        if not wanted or wanted[0].isdigit():
            wanted = next(name for name in ("main", "this", "primary_stack") if f"{type}.{name}" not in taken)
        return self.module.unused_name(f"{type}.{wanted}", taken)

    @property
    def has_region_variable(self) -> bool:
        """Whether the variable for the region is declared, or another variable gets its name."""
        return self.region in self.module.variables or f"var.{self.region}" in self.names.values()

    def _region_variable(self) -> str | None:
        """The address of the variable for the kept side's region, if it does not have the name that it should have."""
        if self.region in self.module.variables:
            return None
        provider = self.module.find(self.sides.kept)
        argument = provider.get("region") if isinstance(provider, Block) else None
        found = traversal_address(argument.expr) if argument is not None else None
        if found is not None and found[0].startswith("var.") and self.module.find(found[0]) is not None:
            return found[0]
        names = self.sides.kept_names
        for name, variable in self.module.variables.items():
            default = variable.get("default")
            if default is not None and names.region and string_value(default.expr) == names.region:
                if names.label(name) == "region":
                    return variable.address
        return None

    def _is_of_kept(self, address: str) -> bool:
        """Whether an address belongs to the kept side: by its provider, its region, or what it refers to."""
        if self.sides.side_of.get(address) == self.sides.kept or region_in(address.rpartition(".")[2]):
            return True
        element = self.module.find(address)
        if isinstance(element, Block):
            kept = set(self.twins.pairs.values())
            return element.type == "variable" or any(reference.address in kept for reference in element.references)
        return True

    def home_region(self) -> str | None:
        """The region that stays, in HCL; None if the answer does not say."""
        renamed = next((old for old, new in self.names.items() if new == f"var.{self.region}"), "")
        variables = self.module.variables
        block = variables.get(self.region) or variables.get(renamed.removeprefix("var."))
        default = block.get("default") if block else None
        if default is not None:
            return default.value
        region = self.sides.kept_names.region
        return f'"{region}"' if region is not None else None


def _is_environment(variable: Block) -> bool:
    """Whether a variable has no default, or one that is the name of an environment."""
    default = variable.get("default")
    given = string_value(default.expr) if default is not None else ""
    return given is not None and re.fullmatch(_ENVIRONMENT_NAMES, given) is not None


def _singular(word: str) -> str:
    """`cidrs` gives `cidr`; what only looks like a plural stays (`alias`, `access`, `status`)."""
    if word.endswith(("ss", "us", "is", "as")) or not word.endswith("s"):
        return word
    if word.endswith(("aliases", "addresses", "classes", "statuses", "accesses", "indexes", "boxes")):
        return word[:-2]
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


def lookup_of(reference: Reference, item: Expr) -> Span | None:
    """The text that looks an item up in a map: `map["us-east-1"]`, `map.us_east_1`, `lookup(map, "us-east-1")`.

    None if the reference does not look up this item.
    """
    holder, key = reference.holder, item_key(item)
    if holder is None:
        return None
    if reference.steps:
        step, outer = reference.steps[0], reference.block or holder
        same = step.kind in ("index", "get_attr") and step_key(step) == key
        return Span(reference.file.path, reference.start, outer.span(step).end) if same else None
    for node in walk(holder.expr):
        if call_name(node) == "lookup":
            looked_in, looked_for = call_arguments(node)[:2]
            if looked_in is reference.node and string_value(looked_for) == key:
                return holder.span(node)
    return None


def value_type(type: Attribute) -> str | None:
    """The type of a map's values, as the map's type says it; None if it does not."""
    if type.value in ("any", "map"):
        return "any"
    if call_name(type.expr) == "map":
        (inner,) = call_arguments(type.expr)
        return type.text(inner)
    return None


def _whole_map(expr: Expr) -> Expr:
    """The map that an expression is, without a `tomap()` around it."""
    return call_arguments(expr)[0] if call_name(expr) == "tomap" else expr


def _without_parts(parts: Sequence[TwinParts]) -> Iterator[Edit]:
    """Take the parts that go out of their containers."""
    by_container: dict[int, list[TwinParts]] = {}
    for part in parts:
        by_container.setdefault(id(part.container), []).append(part)
    for group in by_container.values():
        holder, container = group[0].holder, group[0].container
        # In a `merge` of objects of one item each, the object goes with its item.
        gone = [m for m in members(container) for p in group if m.start <= p.gone.start and p.gone.end <= m.end]
        yield from holder.remove_members(container, gone)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, with those that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
