"""The edits that collapse a stack of twins into one topology, with an environment in each tfvars file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from tapfix.answer.files import Answer
from tapfix.contract import Contract
from tapfix.edits import Edit, clashes
from tapfix.module import Attribute, Block, Expr, File, Module, compose, item_value, walk
from tapfix.module.nodes import attribute_name_node

from .evidence import Evidence, evidence
from .extent import Extent, lookup_of, value_type
from .obstacles import Obstacle, all_obstacles, joined
from .sides import DEFAULT
from .twins import Twins
from .variables import NewVariables
from .wording import Wording


class Collapse:
    """What the collapse of a stack changes. It may be made where `obstacles` is empty."""

    def __init__(self, twins: Twins, contract: Contract, *, moved: bool = False) -> None:
        self.twins = twins
        self.module: Module = twins.module
        self.contract = contract
        self.moved = moved
        """Whether `moved` blocks are wanted."""
        self.extent = Extent(twins)
        self._obstacles = all_obstacles(twins, self.extent.removed, self.extent.kept_references())

    @property
    def obstacles(self) -> list[Obstacle]:
        """What rules the collapse out, one reason for each block."""
        return joined(self._obstacles)

    def evidence(self, files: Iterable[File], answer: Answer | None) -> list[Evidence]:
        """What shows that the second region is wanted, the strongest first; `files` are those of the project."""
        return evidence(self.twins, self.extent, self._obstacles, files, answer)

    def edits(self) -> Iterator[Edit]:
        """All edits, worked out when the first is asked for."""
        edits = [Edit(f, start, end, "") for f, ranges in self.extent.removals.items() for start, end in ranges]
        edits += self._renamings()
        edits += self._unwrappings()
        edits += NewVariables(self.extent, self.contract).edits()
        edits += Wording(self.extent).edits()
        edits += self._provider_regions()
        if self.moved:
            edits += self._moved_blocks()
        yield from _without_clashes(edits)

    def _renamings(self) -> Iterator[Edit]:
        """New names for what stays, where it is declared, set and referred to."""
        for address, new in self.extent.names.items():
            element = self.module.find(address)
            label = new.rpartition(".")[2]
            if isinstance(element, Block):
                node = element.label_nodes[-1]
                yield element.edit(node, compose.quoted(label) if node.children else label)
            elif isinstance(element, Attribute):
                yield element.edit(attribute_name_node(element.node), label)
            for file in self.module.tfvars if address.startswith("var.") else ():
                if (value := file.attributes.get(address.removeprefix("var."))) is not None:
                    yield value.edit(attribute_name_node(value.node), label)
        for reference in self.extent.kept_references():
            if (part := self.extent.unwrapped.get(reference.address)) is not None:
                span = lookup_of(reference, part.kept)
                assert span is not None
                yield Edit(*span, self.extent.names.get(reference.address, reference.address))
            elif reference.address in self.extent.names:
                yield reference.edit(self.extent.names[reference.address])

    def _unwrappings(self) -> Iterator[Edit]:
        """The lines and the type of a value that replaces a map by region."""
        for part in self.extent.unwrapped.values():
            yield from _outdented(part.holder, item_value(part.kept))
            variable = part.holder.parent
            if isinstance(variable, Block) and variable.type == "variable" and (type := variable.get("type")):
                yield type.replace(value_type(type) or "any")

    def _provider_regions(self) -> Iterator[Edit]:
        """The default provider takes its region from the variable, if the answer says which region stays."""
        if not self.extent.has_region_variable and self.extent.home_region() is None:
            return
        region = f"var.{self.extent.region}"
        for block in self.module.blocks_of("provider"):
            argument = block.get("region")
            if argument is None or argument.value == region or block.address not in (self.twins.sides.kept, DEFAULT):
                continue
            if not self.extent.goes(argument.file.path, argument.start, argument.end):
                yield argument.replace(region)

    def _moved_blocks(self) -> Iterator[Edit]:
        """A `moved` block for each renamed resource and module call, at the end of the main file."""
        blocks = [
            compose.block("moved", body=compose.attributes({"from": old, "to": new}))
            for old, new in self.extent.names.items()
            if isinstance(block := self.module.find(old), Block) and block.type in ("resource", "module")
        ]
        main = self.module.main
        if blocks and main is not None:
            text = "\n".join(blocks)
            broken = [element.base for element in main.broken]
            yield Edit(main.path, broken[0], broken[0], f"{text}\n") if broken else main.append(text)


def _outdented(holder: Attribute, value: Expr) -> Iterator[Edit]:
    """Move the lines of a value that lost the braces around it to the left, but not the lines of a heredoc."""
    file = holder.file
    path, start, end = holder.span(value)
    before = file.text[file.line_start(start) : start]
    surplus = len(before) - len(before.lstrip()) - len(holder.indent)
    heredocs = [holder.span(node) for node in walk(value) if node.kind == "heredoc"]
    line = file.line_end(start)
    while line < end and surplus > 0:
        width = 0
        while width < surplus and file.text[line + width] in " \t":
            width += 1
        if width and not any(heredoc.start < line <= heredoc.end for heredoc in heredocs):
            yield Edit(path, line, line + width, "")
        line = file.line_end(line)


def _without_clashes(edits: Sequence[Edit]) -> list[Edit]:
    """The edits in order, without those in text that goes. If two edits are at one place, the first stays.

    Insertions at one point become one, in the order in which they came.
    """
    kept: dict[str, list[Edit]] = {}
    for edit in dict.fromkeys(edits):
        in_file = kept.setdefault(edit.file, [])
        at = bisect_right(in_file, (edit.start, edit.end), key=lambda e: (e.start, e.end))
        # The edits of the file are sorted and do not overlap, so only the neighbours can clash.
        beside = in_file[max(0, at - 2) : at + 2]
        same = [e for e in beside if e.start == e.end == edit.start == edit.end]
        if same:
            in_file[in_file.index(same[0], max(0, at - 2))] = same[0]._replace(text=same[0].text + edit.text)
        elif not any(clashes(edit, e) for e in beside):
            in_file.insert(at, edit)
    return [edit for in_file in kept.values() for edit in in_file]
