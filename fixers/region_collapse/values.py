"""What tells the environments apart once a stack of twins is one: the variables, their values, and the tfvars files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tapfix.contract import Contract
from tapfix.edits import Edit
from tapfix.module import Attribute, Block, Element, Expr, item_value, string_value, walk
from tapfix.module.environments import environment_files
from tapfix.module.variables import Row, Variable, insert_block, tfvars_text, unset_rows

from .environment_values import network_prefixes, per_environment, varies
from .extent import Extent
from .twins import Difference, Parts, key_of


class Carried(NamedTuple):
    """A constant in which twins differ and whose place a variable takes."""

    holder: Element
    """The attribute that holds it; the block that lacks it, where the kept twin does not set the argument at all."""
    node: Expr | None
    argument: str
    own: str
    """What the kept region has, in HCL."""
    type: str
    network: str = ""
    """What follows the shared part of an address in a template, where only its first numbers differ."""
    values: Mapping[str, str] = {}

    @classmethod
    def of(cls, difference: Difference) -> Carried:
        kept, node, gone = difference.kept, difference.kept_node, difference.gone_node
        assert gone is not None
        if node is None or not isinstance(kept, Attribute):
            return cls(kept, None, difference.what, "null", _type_of(gone))
        if node.kind == "QuotedLit":
            prefix = _common_prefix_of_network(difference)
            rest = kept.text(node)[len(prefix) :] if prefix else ""
            return cls(kept, node, difference.what, f'"{prefix or kept.text(node)}"', "string", rest)
        return cls(kept, node, difference.what, kept.text(node), _type_of(node))

    @property
    def at(self) -> int:
        """Where the constant stands, or the block that lacks it."""
        return self.holder.base + self.node.start if self.node is not None else self.holder.start

    @property
    def suffix(self) -> str:
        return "prefix" if self.network else ""

    def value_of(self, difference: Difference) -> str:
        """What the side that goes has instead."""
        node = difference.gone_node
        assert node is not None
        text = difference.gone.text(node)
        if self.node is None or self.node.kind != "QuotedLit":
            return text
        return f'"{text.removesuffix(self.network)}"' if self.network else self.own

    def with_values(self, environments: Sequence[str], others: Sequence[str]) -> Carried:
        """The same with the value of each environment."""
        if self.network:
            return self._replace(values=network_prefixes(environments, [self.own, *others]))
        return self._replace(values=per_environment(environments, [self.own, *others], self.argument))

    def edit(self, extent: Extent, name: str) -> Edit:
        """The variable in the constant's place."""
        if self.node is None:
            assert isinstance(self.holder, Block)
            path = self.holder.file.path
            staying = [a for a in self.holder.attributes.values() if not extent.goes(path, a.start, a.end)]
            return self.holder.insert(f"{self.argument} = var.{name}", after=staying[-1] if staying else None)
        if self.node.kind == "QuotedLit":
            return self.holder.edit(self.node, f"${{var.{name}}}{self.network}")
        return self.holder.edit(self.node, f"var.{name}")


def _common_prefix_of_network(difference: Difference) -> str:
    """The first numbers of the address that a template makes, where the text in which twins differ is that and little else."""
    holder, node, gone = difference.kept, difference.kept_node, difference.gone_node
    assert isinstance(holder, Attribute) and node is not None and gone is not None
    template = next(n for n in walk(holder.expr) if node in n.children)
    address = "".join("0" if c.children else c.value for c in template.children[1:-1])
    here, there = _NETWORK_PREFIX.match(holder.text(node)), _NETWORK_PREFIX.match(difference.gone.text(gone))
    if template.children[1] is not node or here is None or there is None or not _ADDRESS.fullmatch(address):
        return ""
    return here[1] if holder.text(node)[here.end() :] == difference.gone.text(gone)[there.end() :] else ""


_NETWORK_PREFIX = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})(?=\.)")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?")


class Differences:
    """The variables that carry what the twins differed in, and what each environment sets them to."""

    def __init__(self, extent: Extent, contract: Contract) -> None:
        self.extent = extent
        self.contract = contract
        self.twins = extent.twins
        self.module = extent.module
        self.environment = extent.environment
        self.region = extent.region

    def edits(self) -> Iterator[Edit]:
        """The literals give way to variables; those are declared, and set in each environment's file."""
        for name, carried in self._carried.items():
            yield carried.edit(self.extent, name)
        yield from self._declarations()
        yield from self._environments()

    @cached_property
    def _carried(self) -> dict[str, Carried]:
        """What becomes a variable, by the new variable's name."""
        found: dict[str, Carried] = {}
        names: dict[tuple[str, int, str], str] = {}
        values: dict[str, dict[str, str]] = {}
        for words, side, difference in self._literal_differences():
            carried = Carried.of(difference)
            place = (difference.kept.file.path, carried.at, carried.argument)
            if place not in names:
                wanted = re.sub(r"\W+", "_", "_".join(w for w in (*words, carried.suffix) if w))
                name, n = wanted, 1
                while name in found or name in self.module.variables:
                    n += 1
                    name = f"{wanted}_{n}"
                names[place] = name
                found[name] = carried
                values[name] = {}
            values[names[place]][side] = carried.value_of(difference)
        environments = self.contract.topology.environments
        rows: dict[str, Carried] = {}
        for name, carried in found.items():
            others = [values[name].get(side, carried.own) for side in self.twins.others]
            row = carried.with_values(environments, others)
            # A size that the other region had smaller is the same in each environment, and a person's to set all the same.
            if len(set(row.values.values())) > 1 or any(varies(carried.argument, other) for other in others):
                rows[name] = row
        return rows

    def _literal_differences(self) -> Iterator[tuple[tuple[str, ...], str, Difference]]:
        """What a variable may carry of how twins differ, with the words that name the variable and the side that differs."""
        for gone, differences in self.twins.differences.items():
            kept, side = self.twins.pairs[gone], self.twins.side_of_pair(gone, self.twins.pairs[gone])
            base = self.extent.names.get(kept, kept).rpartition(".")[2]
            for d in differences:
                outer = d.kept.outermost
                if not d.is_carried or (isinstance(outer, Block) and outer.type == "variable"):
                    continue
                whole = kept.startswith("local.") and isinstance(d.kept, Attribute) and d.kept_node is d.kept.expr
                words = (base,) if whole else (base, d.what)
                yield words, side, d
        for address, part in self.extent.unwrapped.items():
            if address.startswith("var."):
                continue
            base = self.extent.names.get(address, address).rpartition(".")[2]
            for other in self._beside(part):
                for d in other.differences:
                    assert d.kept_node is not None
                    whole = d.kept_node is item_value(part.kept)
                    words = (base,) if whole else (base, key_of(part.holder, d.kept_node))
                    yield words, other.side, d

    def _beside(self, part: Parts) -> Iterator[Parts]:
        """The parts of the same container."""
        return (other for other in self.extent.parts if other.container is part.container)

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
        region = self.extent.home_region()
        if not self.extent.has_region_variable and region is not None:
            wanted.append(Variable(self.region, "string", "AWS region to deploy into", region))
        for name, carried in self._carried.items():
            wanted.append(Variable(name, carried.type, self._meaning(name, carried)))
        if wanted:
            yield self._variables_edit("\n".join(v.block() for v in wanted))

    def _meaning(self, name: str, carried: Carried) -> str:
        """A variable's description: the argument that it sets."""
        address = getattr(carried.holder.outermost, "address", "")
        subject = self.extent.names.get(address, address)
        return f"{name} of the environment" if subject == "locals" else f"{carried.argument} of {subject}"

    def _variables_edit(self, text: str) -> Edit:
        """Insert variable blocks behind the last one that stays, where no removal swallows the place."""
        staying = [b for b in self.module.blocks_of("variable") if b.address not in self.extent.removed]
        if staying:
            by_file: dict[str, list[Block]] = {}
            for block in staying:
                by_file.setdefault(block.file.path, []).append(block)
            return max(by_file.values(), key=len)[-1].insert_after(text)
        edit = insert_block(self.module, "variable", text)
        for start, end in self.extent.removals.get(edit.file, []):
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
            sides = [kept, *(g for s in self.twins.others if (g := self.twins.taken[s].get(kept)))]
            values = [v for a in sides if (v := self._given(a[4:])) is not None]
            if len(values) == len(sides):
                found[self._new_name(kept)] = per_environment(environments, values, self._new_name(kept))
        for address, part in self.extent.unwrapped.items():
            if address.startswith("var."):
                by_side = {other.side: part.holder.text(item_value(other.gone)) for other in self._beside(part)}
                own = part.holder.text(item_value(part.kept))
                values = [own, *(by_side.get(side, own) for side in self.twins.others)]
                found[self._new_name(address)] = per_environment(environments, values, self._new_name(address))
        found = {name: values_of for name, values_of in found.items() if len(set(values_of.values())) > 1}
        return {**found, **{name: dict(carried.values) for name, carried in self._carried.items()}}

    def _new_name(self, address: str) -> str:
        """What a variable is called after the collapse."""
        return self.extent.names.get(address, address).removeprefix("var.")

    def _given(self, name: str) -> str | None:
        """The value of a variable as the answer has it: in a tfvars file that serves all, else its default."""
        for file in self.module.tfvars:
            if (
                file not in environment_files(self.module, self.contract.topology.environments).values()
                and name in file.attributes
            ):
                return file.attributes[name].value
        default = self.module.variables[name].get("default") if name in self.module.variables else None
        return default.value if default is not None else None

    def _environments(self) -> Iterator[Edit]:
        there = environment_files(self.module, self.contract.topology.environments)
        differences = self.values()
        region = self.extent.home_region()
        known = {
            self.environment,
            self.region,
            *differences,
            *(a[4:] for a in self.extent.removed if a.startswith("var.")),
        }
        known |= {a[4:] for a in self.extent.names if a.startswith("var.") and self.extent.names[a][4:] in differences}
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
                if f"var.{name}" in self.extent.removed:
                    yield file.attributes[name].remove()
            renamed = {self.extent.names[a][4:]: a[4:] for a in self.extent.names if a.startswith("var.")}
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
