"""The edits that collapse a stack of twins into one topology with an environment per tfvars file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from tapfix.contract import Contract
from tapfix.edits import Edit, clashes
from tapfix.environments import (
    Row,
    Variable,
    environment_files,
    environment_variable,
    insert_block,
    tfvars_text,
    unset_rows,
)
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
    walk,
)

from ._account_names import NAME_ARGUMENTS, needs_environment
from ._environment_values import per_environment
from ._region_names import is_side_word, region_in
from ._region_troubles import troubles
from ._region_twins import (
    DEFAULT,
    Difference,
    Parts,
    Trouble,
    Twins,
    attributes_in,
    owner_address,
    references_in,
    twin_parts,
)

_REGION_ARGUMENTS = re.compile(r"(^|_)region(s|_name)?$|^(availability_zones?|azs)$")
_ENVIRONMENT_WORD = re.compile(r"(?<=[-_/])(?:prod|production|prd|staging|stage|stg|dev|development)(?![A-Za-z0-9])")
_NAMING = re.compile(r"(^|_)(prefix|suffix|name)(_|$)")
_HEAD = re.compile(r'(resource|data)[ \t]+"([\w-]+)"[ \t]+"([\w-]+)"')
_UNNAMED = frozenset({"provider", "terraform", "moved", "import", "removed", "check"})
"""Blocks whose labels and aliases are no names of things that the stack makes."""
_SERVICE_NAME = re.compile(r"(com\.amazonaws\.|\.amazonaws\.com)", re.I)
_PROSE_JOINT = r"(?:[ \t]*[-–—:,/][ \t]*|[ \t]+(?:for|in|of|at|to|from)(?:[ \t]+the)?[ \t]+|[ \t]*\(|[ \t]*\[|[ \t]+)?"


class Plan:
    """What a collapse changes. `troubles` is empty where it may be made."""

    def __init__(self, twins: Twins, contract: Contract, *, moved: bool = False) -> None:
        self.twins = twins
        self.module: Module = twins.module
        self.contract = contract
        self.moved = moved
        self.parts: list[Parts] = self._twin_parts()
        self.removed = self._removed()
        self.unwrapped = self._unwrapped()
        self._keep_maps_that_differ()
        self._removals = self._removal_ranges()
        self.troubles: list[Trouble] = troubles(twins, self.removed, self._kept_references())
        self.environment = environment_variable(self.module) or "environment"
        self.region = "aws_region"
        """The variable that holds the region: what the answers' `provider.tf` reads."""
        self.names = self._new_names()

    # -- what goes ------------------------------------------------------------------------------------------------------

    def _twin_parts(self) -> list[Parts]:
        found: list[Parts] = []
        for _, element in self._staying():
            for side in self.twins.others:
                found.extend(twin_parts(self.twins, element, side))
        return found

    def _staying(self) -> Iterator[tuple[str, Element]]:
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

    def _goes(self, file: str, start: int, end: int) -> bool:
        """Whether a stretch of text goes, whole."""
        ranges = self._removals.get(file, [])
        index = bisect_right(ranges, (start, 1 << 60)) - 1
        return index >= 0 and ranges[index][0] <= start and end <= ranges[index][1]

    def _kept_references(self) -> Iterator[Reference]:
        for reference in self.module.references:
            if not self._goes(reference.file.path, reference.start, reference.end):
                yield reference

    # -- names ----------------------------------------------------------------------------------------------------------

    def _new_names(self) -> dict[str, str]:
        """The new address of each kept one whose name spoke of its side."""
        names = self.twins.names[self.twins.kept]
        renamed: dict[str, str] = {}
        taken = {a for a, _ in self._staying() if a not in self.removed}
        paired = set(self.twins.pairs.values())
        for address, _ in self._staying():
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

    # -- edits ----------------------------------------------------------------------------------------------------------

    def edits(self) -> list[Edit]:
        """All edits of the collapse."""
        edits = [Edit(f, s, e, "") for f, ranges in self._removals.items() for s, e in ranges]
        edits += self._renames()
        edits += self._unwraps()
        edits += self._differences()
        edits += self._texts()
        edits += self._comments()
        edits += self._environment_words()
        edits += self._account_names()
        edits += self._environment_tags()
        edits += self._providers()
        edits += self._declarations()
        edits += self._environments()
        if self.moved:
            edits += self._moved_blocks()
        return _without_clashes(edits)

    def _renames(self) -> Iterator[Edit]:
        for address, new in self.names.items():
            element = self.module.find(address)
            label = new.rpartition(".")[2]
            if isinstance(element, Block):
                node = element.label_nodes[-1]
                yield element.edit(node, f'"{label}"' if node.children else label)
            elif isinstance(element, Attribute):
                yield element.edit(element.node.children[0], label)
            for file in self.module.tfvars if address.startswith("var.") else ():
                if (value := file.attributes.get(address[4:])) is not None:
                    yield value.edit(value.node.children[0], label)
        for reference in self._kept_references():
            if reference.address in self.unwrapped and reference.address.startswith("local."):
                new = self.names.get(reference.address, reference.address)
                step = reference.steps[0]
                outer = reference.block or reference.holder
                assert outer is not None
                yield Edit(reference.file.path, reference.start, outer.base + step.end, new)
            elif reference.address in self.names:
                yield reference.edit(self.names[reference.address])

    def _unwraps(self) -> Iterator[Edit]:
        """The lines of what a map by region held for the kept region move to the left."""
        for part in self.unwrapped.values():
            holder, item = part.holder, part.kept
            value = item_value(item)  # type: ignore[arg-type]
            yield from _dedents(holder, value)

    def _differences(self) -> Iterator[Edit]:
        """Arguments in which twins differ by a literal take a variable's place."""
        for name, (element, node, _) in self._literals().items():
            yield element.edit(node, f"var.{name}")

    def _literals(self) -> dict[str, tuple[Attribute, Expr, list[str]]]:
        """The new variable's name, the literal it stands for, and the values of the kept side and of the others in their order.

        A side that does not differ has the value of the kept one.
        """
        found: dict[str, tuple[Attribute, Expr, dict[str, str]]] = {}
        by_place: dict[tuple[str, int], str] = {}
        for words, side, difference in self._literal_differences():
            holder, kept, gone = difference.kept, difference.kept_node, difference.gone_node
            if kept is None or gone is None or not isinstance(holder, Attribute):
                continue
            place = (holder.file.path, holder.base + kept.start)
            if place not in by_place:
                wanted = re.sub(r"\W+", "_", "_".join(w for w in words if w))
                name, n = wanted, 1
                while name in found or name in self.module.variables:
                    n += 1
                    name = f"{wanted}_{n}"
                by_place[place] = name
                found[name] = (holder, kept, {})
            found[by_place[place]][2][side] = difference.gone.text(gone)
        environments = self.contract.topology.environments
        rows = {
            name: (holder, kept, [own := holder.text(kept), *(values.get(side, own) for side in self.twins.others)])
            for name, (holder, kept, values) in found.items()
        }
        return {n: row for n, row in rows.items() if len(set(per_environment(environments, row[2]).values())) > 1}

    def _literal_differences(self) -> Iterator[tuple[tuple[str, ...], str, Difference]]:
        """The literals in which twins differ, with the words that name the variable and the side that differs."""
        for gone, differences in self.twins.differences.items():
            kept, side = self.twins.pairs[gone], self.twins.side_of_pair(gone, self.twins.pairs[gone])
            base = self.names.get(kept, kept).rpartition(".")[2]
            for d in differences:
                outer = d.kept.outermost
                if d.kind != "literal" or (isinstance(outer, Block) and outer.type == "variable"):
                    continue
                whole = kept.startswith("local.") and isinstance(d.kept, Attribute) and d.kept_node is d.kept.expr
                words = (base,) if whole or not isinstance(d.kept, Attribute) else (base, d.kept.name)
                yield words, side, d
        for address, part in self.unwrapped.items():
            base = self.names.get(address, address).rpartition(".")[2]
            for other in self.parts:
                if other.container is part.container:
                    for d in other.differences:
                        assert d.kept_node is not None
                        whole = d.kept_node is item_value(part.kept)  # type: ignore[arg-type]
                        words = (base,) if whole else (base, self._key_of(part.holder, d.kept_node))
                        yield words, other.side, d

    def _texts(self) -> Iterator[Edit]:
        """Strings that name the kept side speak of the environment or of the region's variable instead."""
        names = self.twins.names[self.twins.kept]
        if names.pattern is None:
            return
        for address, element in self._staying():
            if isinstance(element, Block) and element.type in ("terraform", "provider", "moved", "import", "removed"):
                continue
            if not names.speaks(element.text()):
                continue
            for holder in attributes_in(element):
                if isinstance(element, Block) and element.type == "variable":
                    if holder.name == "description" and holder.parent is element:
                        yield from self._description(holder)
                    continue
                if isinstance(element, Block) and element.type == "output" and holder.name == "description":
                    yield from self._description(holder)
                    continue
                if address in self.twins.pairs.values() or self._speaks_region(holder):
                    yield from self._strings(holder)

    def _speaks_region(self, holder: Attribute) -> bool:
        pattern = self.twins.names[self.twins.kept].region_pattern
        return pattern is not None and pattern.search(holder.value) is not None

    def _description(self, holder: Attribute) -> Iterator[Edit]:
        for node in walk(holder.expr):
            if node.kind == "QuotedLit":
                new = self._prose(node.value)
                if new != node.value:
                    yield holder.edit(node, new)

    def _prose(self, text: str) -> str:
        """Free text without the name of the region and the words that tied it in."""
        pattern = self.twins.names[self.twins.kept].region_pattern
        if pattern is None:
            return text
        phrase = re.compile(_PROSE_JOINT + pattern.pattern + r"(?:[ \t]+region\b)?[ \t]*[)\]]?", re.I)
        return phrase.sub("", text)

    def _strings(self, holder: Attribute) -> Iterator[Edit]:
        for node in walk(holder.expr):
            if node.kind in ("template", "heredoc"):
                yield from self._string(holder, node)

    def _string(self, holder: Attribute, node: Expr) -> Iterator[Edit]:
        names = self.twins.names[self.twins.kept]
        key = self._key_of(holder, node)
        whole = string_value(node)
        if (
            whole is not None
            and region_in(whole) == whole.lower()
            and names.region_pattern
            and names.region_pattern.fullmatch(whole)
        ):
            yield holder.edit(node, f"var.{self.region}" if not self._is_key(holder, node) else f"(var.{self.region})")
            return
        if self._is_key(holder, node) or _is_index(holder, node):
            return  # a key and what looks it up stay as they are, and so agree
        environment_there = self._tells_environment(holder, node)
        for child in node.children[1:-1]:
            if child.children or (holder.file.path, holder.base + child.start) in self.twins.same_text:
                continue
            new = self._rewritten(child.value, key, node.kind == "heredoc", environment_there, node)
            if new != child.value:
                environment_there = environment_there or f"${{var.{self.environment}}}" in new
                yield holder.edit(child, new)

    def _rewritten(self, text: str, key: str, prose: bool, there: bool, node: Expr) -> str:
        names = self.twins.names[self.twins.kept]
        assert names.pattern is not None
        out, at = [], 0
        name_like = " " not in text.strip() and not prose
        for match in names.pattern.finditer(text):
            spelled = match[0].lower()
            regional = region_in(spelled) is not None or spelled in names.regional
            zone = text[match.end() : match.end() + 2]
            if not regional and not name_like:
                continue
            if not regional and text.strip() == match[0] and len(node.children) == 3:
                continue  # a word that stands alone says something of its own
            literal_region = spelled == names.region
            as_region = literal_region and (
                prose
                or _is_field(text, match.start(), match.end())
                or _SERVICE_NAME.search(text) is not None
                or _REGION_ARGUMENTS.search(key) is not None
                or re.match(r"[a-f](?![A-Za-z0-9])", zone) is not None
            )
            start, end = match.span()
            if as_region:
                out += [text[at:start], f"${{var.{self.region}}}"]
            elif there:
                start, end = _with_separator(text, start, end)
                out.append(text[at:start])
            else:
                out += [text[at:start], f"${{var.{self.environment}}}"]
                there = True
            at = end
        out.append(text[at:])
        return "".join(out)

    def _key_of(self, holder: Attribute, node: Expr) -> str:
        """The name under which a string stands: the nearest object key, else the attribute's."""
        name = holder.name
        for other in walk(holder.expr):
            if other.kind == "object_item" and other.start <= node.start and node.end <= other.end:
                name = item_key(other) or name  # type: ignore[arg-type]
        return name

    @staticmethod
    def _is_key(holder: Attribute, node: Expr) -> bool:
        return any(o.kind == "object_item" and o.children[0] is node for o in walk(holder.expr))

    def _tells_environment(self, holder: Attribute, node: Expr) -> bool:
        """Whether a text holds the environment's name already, or comes to hold it through a local value."""
        if _mentions(self.module, holder, node, frozenset({f"var.{self.environment}", "terraform.workspace"})):
            return True
        start, end = holder.base + node.start, holder.base + node.end
        targets = (self.module.find(r.address) for r in references_in(holder) if start <= r.start < end)
        return any(isinstance(t, Attribute) and self._words_in(t) for t in targets)

    def _comments(self) -> Iterator[Edit]:
        """Comments on what stays lose the name of the region; those that only head what goes, go."""
        for file in self.module.configuration:
            for item in file.items:
                leaves = list(item.node.leaves())
                goes = (
                    self._goes(file.path, item.start + item.node.start, item.start + item.node.end)
                    or not leaves[0].value
                )
                for number, leaf in enumerate(leaves):
                    if "#" in leaf.prefix or "/" in leaf.prefix:
                        start = item.start + leaf.start - len(leaf.prefix)
                        yield from self._comment(file.path, start, leaf.prefix, goes and number == 0)
                tail = item.start + item.node.end
                yield from self._comment(file.path, tail, file.text[tail : item.start + len(item.text)], False)

    def _comment(self, path: str, start: int, text: str, heads_what_goes: bool) -> Iterator[Edit]:
        """Edit the comment lines of a prefix, a paragraph (lines without a blank line between) at a time."""
        pattern = self.twins.names[self.twins.kept].region_pattern
        others = [p for s in self.twins.others if (p := self.twins.names[s].region_pattern) is not None]
        for match in re.finditer(r"(?:[^\r\n]*\S[^\r\n]*(?:\r?\n|\Z))+(?:[ \t]*\r?\n)*", text):
            paragraph, at = match[0], start + match.start()
            there = any(p.search(paragraph) for p in others)
            here = pattern is not None and pattern.search(paragraph) is not None
            if self._goes(path, at, at + len(paragraph)):
                continue
            if there and not here and heads_what_goes:
                yield Edit(path, at, at + len(paragraph), "")
            elif here and not there:
                lines = [
                    self._prose(line) if pattern and pattern.search(line) else line
                    for line in paragraph.splitlines(True)
                ]
                if not re.search(r"\w", "".join(lines)):
                    yield Edit(path, at, at + len(paragraph), "")
                    continue
                for old, new in zip(paragraph.splitlines(True), lines, strict=True):
                    if new != old:
                        bare = re.fullmatch(r"[ \t]*(?:#+|//+)[ \t]*\r?\n?", new)
                        yield Edit(path, at, at + len(old), "" if bare else new)
                    at += len(old)

    def _account_names(self) -> Iterator[Edit]:
        """Names that must be unique in an account and do not tell the environments apart get the environment's name."""
        yield from needs_environment(self.module, self.environment, self._stays_and_lacks)

    def _stays_and_lacks(self, holder: Attribute) -> bool:
        names = self.twins.names[self.twins.kept]
        if self._goes(holder.file.path, holder.start, holder.end):
            return False
        return not (
            names.speaks(holder.value)
            or self._words_in(holder)
            or any(r.address in self.unwrapped or self._local_speaks(r.address) for r in references_in(holder))
        )

    def _local_speaks(self, address: str) -> bool:
        """Whether a local value comes to tell the environments apart: it spoke of its side, or of one environment."""
        element = self.module.find(address) if address.startswith("local.") else None
        if not isinstance(element, Attribute):
            return False
        return self.twins.names[self.twins.kept].speaks(element.text()) or bool(self._words_in(element))

    def _environment_words(self) -> Iterator[Edit]:
        """`app-prod` in a name becomes the environment that it really is."""
        for _, element in self._staying():
            if isinstance(element, Attribute) or element.type == "resource":  # type: ignore[attr-defined]
                for holder in attributes_in(element):
                    for leaf in self._words_in(holder):
                        yield holder.edit(leaf, _ENVIRONMENT_WORD.sub(f"${{var.{self.environment}}}", leaf.value))

    def _words_in(self, holder: Attribute) -> list[Expr]:
        """The literal text in which a name speaks of one environment: of a local value for names, a name's argument, a Name tag."""
        parent = holder.parent
        if isinstance(parent, Block) and parent.type == "locals":
            roots = [holder.expr] if _NAMING.search(holder.name) else []
        elif isinstance(parent, Block) and parent.type == "resource":
            roots = [holder.expr] if holder.name in NAME_ARGUMENTS else _name_tags(holder)
        else:
            roots = []
        return [
            leaf
            for root in roots
            if root.kind == "template"
            for leaf in root.children
            if leaf.kind == "QuotedLit" and _ENVIRONMENT_WORD.search(leaf.value)
        ]

    def _environment_tags(self) -> Iterator[Edit]:
        """`Environment = "Production"` in tags becomes what the environment really is."""
        for _, element in self._staying():
            if isinstance(element, Block) and element.type not in ("resource", "module"):
                continue
            for holder in attributes_in(element):
                if isinstance(element, Block) and "tags" not in holder.name:
                    continue
                for node in walk(holder.expr):
                    if node.kind == "object_item" and (item_key(node) or "").lower() in ("environment", "env"):  # type: ignore[arg-type]
                        value = item_value(node)  # type: ignore[arg-type]
                        if string_value(value) is not None:
                            yield holder.edit(value, f"var.{self.environment}")

    def _providers(self) -> Iterator[Edit]:
        """The default provider's region is the variable, where the answer tells which region stays."""
        if self.region not in self.module.variables and self._home_region() is None:
            return
        for block in self.module.blocks_of("provider"):
            argument = block.get("region")
            becomes_default = block.address == self.twins.kept or block.address == DEFAULT
            if argument is not None and becomes_default and argument.value != f"var.{self.region}":
                if not self._goes(argument.file.path, argument.start, argument.end):
                    yield argument.replace(f"var.{self.region}")

    # -- variables and environments -------------------------------------------------------------------------------------

    def _declarations(self) -> Iterator[Edit]:
        wanted = []
        if self.environment not in self.module.variables:
            wanted.append(_environment_declaration(self.environment, self.contract.topology.environments))
        elif not self.module.variables[self.environment].blocks_of("validation"):
            default = self.module.variables[self.environment].get("default")
            given = string_value(default.expr) if default is not None else None
            allowed = dict.fromkeys([*self.contract.topology.environments, *([given] if given else [])])
            validation = _validation(self.environment, tuple(allowed))
            yield self.module.variables[self.environment].insert("\n" + validation)
        region = self._home_region()
        if self.region not in self.module.variables and region is not None:
            wanted.append(Variable(self.region, "string", "AWS region to deploy into", region))
        for name, (holder, node, _) in self._literals().items():
            wanted.append(Variable(name, _type_of(node), self._meaning(name, holder)))
        if wanted:
            yield self._variables_edit("\n".join(v.block() for v in wanted))

    def _meaning(self, name: str, holder: Attribute) -> str:
        """A variable's description: the argument that it sets."""
        address = getattr(holder.outermost, "address", "")
        subject = self.names.get(address, address)
        return f"{name} of the environment" if subject == "locals" else f"{holder.name} of {subject}"

    def _variables_edit(self, text: str) -> Edit:
        """Insert variable blocks behind the last one that stays, where no removal swallows the place."""
        staying = [b for b in self.module.blocks_of("variable") if b.address not in self.removed]
        if staying:
            by_file: dict[str, list[Block]] = {}
            for block in staying:
                by_file.setdefault(block.file.path, []).append(block)
            return max(by_file.values(), key=len)[-1].insert_after(text)
        edit = insert_block(self.module, "variable", text)
        for start, end in self._removals.get(edit.file, []):
            if start < edit.start < end:
                return edit._replace(start=start, end=start)
        return edit

    def values(self) -> dict[str, dict[str, str]]:
        """The value per environment of each variable that carries a difference, by its new name."""
        environments = self.contract.topology.environments
        found: dict[str, dict[str, str]] = {}
        for kept in dict.fromkeys(self.twins.pairs.values()):
            if not kept.startswith("var."):
                continue
            name = self.names.get(kept, kept)[4:]
            sides = [kept, *(g for s in self.twins.others if (g := self.twins.taken[s].get(kept)))]
            values = [v for a in sides if (v := self._given(a[4:])) is not None]
            if len(values) == len(sides) and len(set(values)) > 1:
                chosen = per_environment(environments, values)
                if len(set(chosen.values())) > 1:
                    found[name] = chosen
        for name, (_, _, values) in self._literals().items():
            found[name] = per_environment(environments, values)
        return found

    def _given(self, name: str) -> str | None:
        """The value of a variable as the answer has it: in a tfvars file that serves all, else its default."""
        for file in self.module.tfvars:
            if file not in environment_files(self.module, self.contract).values() and name in file.attributes:
                return file.attributes[name].value
        default = self.module.variables[name].get("default") if name in self.module.variables else None
        return default.value if default is not None else None

    def _environments(self) -> Iterator[Edit]:
        there = environment_files(self.module, self.contract)
        differences = self.values()
        region = self._home_region()
        known = {self.environment, self.region, *differences, *(a[4:] for a in self.removed if a.startswith("var."))}
        known |= {a[4:] for a in self.names if a.startswith("var.") and self.names[a][4:] in differences}
        unset, sensitive = unset_rows(self.module, known)
        shared = [self._shared(r) for r in unset]
        for environment in self.contract.topology.environments:
            rows = [Row(n, v[environment]) for n, v in differences.items()]
            head = [Row(self.environment, f'"{environment}"'), *([Row(self.region, region)] if region else [])]
            if environment not in there:
                groups = (
                    ("Environment", head),
                    ("What tells the environments apart", rows),
                    ("Required values", shared),
                    ("Secrets", sensitive),
                )
                yield Edit(self.module.path(f"{environment}.tfvars"), 0, 0, tfvars_text(environment, groups))
                continue
            file = there[environment]
            for name in list(file.attributes):
                if f"var.{name}" in self.removed:
                    yield file.attributes[name].remove()
            renamed = {self.names[a][4:]: a[4:] for a in self.names if a.startswith("var.")}
            fresh = [
                r
                for r in (*head, *rows)
                if r.name not in file.attributes and renamed.get(r.name) not in file.attributes
            ]
            if fresh:
                yield file.append(
                    "# What tells the environments apart\n" + "\n".join(f"{r.name} = {r.value}" for r in fresh)
                )

    def _shared(self, row: Row) -> Row:
        value = self._given(row.name)
        return Row(row.name, value) if value is not None else row

    def _home_region(self) -> str | None:
        """The region that stays, in HCL; None where the answer does not tell."""
        block = self.module.variables.get(self.region)
        default = block.get("default") if block else None
        if default is not None:
            return default.value
        region = self.twins.names[self.twins.kept].region
        return f'"{region}"' if region is not None else None

    def _moved_blocks(self) -> Iterator[Edit]:
        blocks = [
            f"moved {{\n  from = {old}\n  to   = {new}\n}}\n"
            for old, new in self.names.items()
            if isinstance(block := self.module.find(old), Block) and block.type in ("resource", "module")
        ]
        main = self.module.main
        if blocks and main is not None:
            text = "\n".join(blocks)
            broken = [e.base for e in main.broken]
            yield Edit(main.path, broken[0], broken[0], f"{text}\n") if broken else main.append(text)


def _environment_declaration(name: str, environments: Sequence[str]) -> Variable:
    listed = ", ".join(environments)
    return Variable(name, "string", f"Environment to deploy ({listed})", None, {}, _validation(name, environments))


def _validation(name: str, environments: Sequence[str]) -> str:
    quoted = ", ".join(f'"{e}"' for e in environments)
    listed = ", ".join(environments)
    return (
        "validation {\n"
        f"  condition     = contains([{quoted}], var.{name})\n"
        f'  error_message = "The environment must be one of: {listed}."\n'
        "}\n"
    )


def _type_of(node: Expr) -> str:
    if node.kind == "NumberLit" or node.kind == "unary":
        return "number"
    if node.kind == "Identifier":
        return "bool"
    if node.kind == "tuple":
        first = next((c for c in node.children if c.kind not in ("OBrack", "CBrack", "Comma")), None)
        return f"list({_type_of(first)})" if first is not None else "list(string)"
    return "any" if node.kind == "object" else "string"


def _mentions(module: Module, holder: Attribute, node: Expr, wanted: frozenset[str], depth: int = 0) -> bool:
    """Whether an expression refers to one of the addresses, directly or through local values."""
    outer = holder.outermost
    if not isinstance(outer, Block) or depth > 8:
        return False
    start, end = holder.base + node.start, holder.base + node.end
    for reference in outer.references:
        if start <= reference.start < end:
            if reference.address in wanted:
                return True
            target = module.find(reference.address)
            if isinstance(target, Attribute) and _mentions(module, target, target.expr, wanted, depth + 1):
                return True
    return False


def _name_tags(holder: Attribute) -> list[Expr]:
    """The values of `Name` in a map of tags."""
    if holder.name != "tags":
        return []
    items = (i for n in walk(holder.expr) if n.kind == "object" for i in object_items(n))
    return [item_value(i) for i in items if item_key(i) == "Name"]


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


def _dedents(holder: Attribute, value: Expr) -> Iterator[Edit]:
    """Move the lines of a value that lost the braces around it to the left, but not those of a heredoc."""
    text = holder.file.text
    start, end = holder.base + value.start, holder.base + value.end
    outer = holder.indent
    line = holder.file.line_end(start)
    own = holder.file.text[holder.file.line_start(start) : start]
    surplus = len(own) - len(own.lstrip()) - len(outer)
    heredocs = [(holder.base + n.start, holder.base + n.end) for n in walk(value) if n.kind == "heredoc"]
    while line < end and surplus > 0:
        width = 0
        while width < surplus and text[line + width] in " \t":
            width += 1
        if width and not any(s < line <= e for s, e in heredocs):
            yield Edit(holder.file.path, line, line + width, "")
        line = holder.file.line_end(line)


def _is_index(holder: Attribute, node: Expr) -> bool:
    """Whether a string stands between the brackets of an index."""
    return any(other.kind == "index" and other.children[1] is node for other in walk(holder.expr))


def _is_field(text: str, start: int, end: int) -> bool:
    """Whether a word is a field of its own between colons, as the region of an ARN is."""
    return text[start - 1 : start] == ":" and text[end : end + 1] == ":"


def _with_separator(text: str, start: int, end: int) -> tuple[int, int]:
    """The range of a word with one separator beside it, so that what is left stays a name."""
    if start > 0 and text[start - 1] in "-_/. " and (end == len(text) or text[end] in "-_/. "):
        return start - 1, end
    if end < len(text) and text[end] in "-_":
        return start, end + 1
    return start, end


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without_clashes(edits: Sequence[Edit]) -> list[Edit]:
    """The edits in order, without those that stand in text that goes; of two on one place the one that came first.

    Insertions on one point become one, in the order in which they came.
    """
    kept: dict[str, list[Edit]] = {}
    for edit in dict.fromkeys(edits):
        there = kept.setdefault(edit.file, [])
        at = bisect_right(there, (edit.start, edit.end), key=lambda e: (e.start, e.end))
        # What is there is sorted and does not overlap, so only the neighbours can clash.
        beside = there[max(0, at - 2) : at + 2]
        same = [e for e in beside if e.start == e.end == edit.start == edit.end]
        if same:
            there[there.index(same[0], max(0, at - 2))] = same[0]._replace(text=same[0].text + edit.text)
        elif not any(clashes(edit, e) for e in beside):
            there.insert(at, edit)
    return [e for edits_of_file in kept.values() for e in edits_of_file]
