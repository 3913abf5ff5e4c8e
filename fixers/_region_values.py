"""What tells the environments apart once a stack of twins is one: the variables, their values, and the tfvars files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from tapfix.contract import Contract
from tapfix.edits import Edit
from tapfix.environments import (
    Row,
    Variable,
    environment_files,
    insert_block,
    tfvars_text,
    unset_rows,
)
from tapfix.module import Attribute, Block, Expr, item_value, string_value

from ._environment_values import per_environment
from ._region_extent import Extent
from ._region_twins import Difference, key_of


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
        for name, (element, node, _) in self._literals.items():
            yield element.edit(node, f"var.{name}")
        yield from self._declarations()
        yield from self._environments()

    @cached_property
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
            base = self.extent.names.get(kept, kept).rpartition(".")[2]
            for d in differences:
                outer = d.kept.outermost
                if d.kind != "literal" or (isinstance(outer, Block) and outer.type == "variable"):
                    continue
                whole = kept.startswith("local.") and isinstance(d.kept, Attribute) and d.kept_node is d.kept.expr
                words = (base,) if whole or not isinstance(d.kept, Attribute) else (base, d.kept.name)
                yield words, side, d
        for address, part in self.extent.unwrapped.items():
            base = self.extent.names.get(address, address).rpartition(".")[2]
            for other in self.extent.parts:
                if other.container is part.container:
                    for d in other.differences:
                        assert d.kept_node is not None
                        whole = d.kept_node is item_value(part.kept)  # type: ignore[arg-type]
                        words = (base,) if whole else (base, key_of(part.holder, d.kept_node))
                        yield words, other.side, d

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
        if self.region not in self.module.variables and region is not None:
            wanted.append(Variable(self.region, "string", "AWS region to deploy into", region))
        for name, (holder, node, _) in self._literals.items():
            wanted.append(Variable(name, _type_of(node), self._meaning(name, holder)))
        if wanted:
            yield self._variables_edit("\n".join(v.block() for v in wanted))

    def _meaning(self, name: str, holder: Attribute) -> str:
        """A variable's description: the argument that it sets."""
        address = getattr(holder.outermost, "address", "")
        subject = self.extent.names.get(address, address)
        return f"{name} of the environment" if subject == "locals" else f"{holder.name} of {subject}"

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
            name = self.extent.names.get(kept, kept)[4:]
            sides = [kept, *(g for s in self.twins.others if (g := self.twins.taken[s].get(kept)))]
            values = [v for a in sides if (v := self._given(a[4:])) is not None]
            if len(values) == len(sides) and len(set(values)) > 1:
                chosen = per_environment(environments, values)
                if len(set(chosen.values())) > 1:
                    found[name] = chosen
        for name, (_, _, values) in self._literals.items():
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
