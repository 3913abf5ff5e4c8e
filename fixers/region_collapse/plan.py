"""The edits that collapse a stack of twins into one topology with an environment per tfvars file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from tapfix.contract import Contract
from tapfix.edits import Edit, clashes
from tapfix.module import Attribute, Block, Expr, Module, item_value, walk

from .extent import Extent, lookup_of, value_type
from .troubles import troubles
from .twins import DEFAULT, Trouble, Twins
from .values import Differences
from .wording import Wording


class Plan:
    """What a collapse changes. `troubles` is empty where it may be made."""

    def __init__(self, twins: Twins, contract: Contract, *, moved: bool = False) -> None:
        self.twins = twins
        self.module: Module = twins.module
        self.contract = contract
        self.moved = moved
        self.extent = Extent(twins)
        self.troubles: list[Trouble] = troubles(twins, self.extent.removed, self.extent.kept_references())

    def edits(self) -> Iterator[Edit]:
        """All edits of the collapse, worked out when the first is asked for."""
        edits = [Edit(f, s, e, "") for f, ranges in self.extent.removals.items() for s, e in ranges]
        edits += self._renames()
        edits += self._unwraps()
        edits += Differences(self.extent, self.contract).edits()
        edits += Wording(self.extent).edits()
        edits += self._providers()
        if self.moved:
            edits += self._moved_blocks()
        yield from _without_clashes(edits)

    def _renames(self) -> Iterator[Edit]:
        for address, new in self.extent.names.items():
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
        for reference in self.extent.kept_references():
            if (part := self.extent.unwrapped.get(reference.address)) is not None:
                span = lookup_of(reference, part.kept)
                assert span is not None
                yield Edit(*span, self.extent.names.get(reference.address, reference.address))
            elif reference.address in self.extent.names:
                yield reference.edit(self.extent.names[reference.address])

    def _unwraps(self) -> Iterator[Edit]:
        """The lines of what a map by region held for the kept region move to the left."""
        for part in self.extent.unwrapped.values():
            holder, item = part.holder, part.kept
            value = item_value(item)
            yield from _dedents(holder, value)
            variable = holder.parent
            if isinstance(variable, Block) and variable.type == "variable" and (type := variable.get("type")):
                yield type.replace(value_type(type) or "any")

    def _providers(self) -> Iterator[Edit]:
        """The default provider's region is the variable, where the answer tells which region stays."""
        if not self.extent.has_region_variable and self.extent.home_region() is None:
            return
        for block in self.module.blocks_of("provider"):
            argument = block.get("region")
            becomes_default = block.address == self.twins.kept or block.address == DEFAULT
            if argument is not None and becomes_default and argument.value != f"var.{self.extent.region}":
                if not self.extent.goes(argument.file.path, argument.start, argument.end):
                    yield argument.replace(f"var.{self.extent.region}")

    def _moved_blocks(self) -> Iterator[Edit]:
        blocks = [
            f"moved {{\n  from = {old}\n  to   = {new}\n}}\n"
            for old, new in self.extent.names.items()
            if isinstance(block := self.module.find(old), Block) and block.type in ("resource", "module")
        ]
        main = self.module.main
        if blocks and main is not None:
            text = "\n".join(blocks)
            broken = [e.base for e in main.broken]
            yield Edit(main.path, broken[0], broken[0], f"{text}\n") if broken else main.append(text)


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
