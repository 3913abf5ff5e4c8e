"""What distinguishes the environments of a collapsed stack: variables, their values, and the tfvars files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tapfix.contract import Contract
from tapfix.edits import Edit
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    call_arguments,
    compose,
    item_key,
    item_value,
    string_value,
    walk,
)
from tapfix.module.environments import environment_files, environment_path
from tapfix.module.nodes import template_parts
from tapfix.module.variables import Row, Variable, insert_block, tfvars_text, unset_rows

from .comparison import Difference
from .environment_values import network_prefixes, per_environment, varies
from .extent import Extent
from .twins import TwinParts, key_of
from .wording import ENVIRONMENT_KEYS, environment_values

_NETWORK_PREFIX = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})(?=\.)")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?")


class ReplacedConstant(NamedTuple):
    """A constant in which twins differ, and which a variable replaces."""

    holder: Element
    """The attribute with the constant; the block without it, if the kept twin does not set the argument at all."""
    node: Expr | None
    argument: str
    own: str
    """The kept region's value, in HCL."""
    type: str
    rest_of_address: str = ""
    """What follows the shared part of an address in a template, if only its first numbers differ."""
    values: Mapping[str, str] = {}
    """The value of each environment, in HCL."""

    @classmethod
    def of(cls, difference: Difference) -> ReplacedConstant:
        kept, node, gone = difference.kept, difference.kept_node, difference.gone_node
        assert gone is not None
        if node is None or not isinstance(kept, Attribute):
            return cls(kept, None, difference.what, "null", _type_of(gone))
        text = kept.text(node)
        if node.kind == "QuotedLit":
            prefix = _common_prefix_of_network(difference)
            rest = text[len(prefix) :] if prefix else ""
            return cls(kept, node, difference.what, f'"{prefix or text}"', "string", rest)
        return cls(kept, node, difference.what, text, _type_of(node))

    @property
    def at(self) -> int:
        """The offset of the constant, or of the block without it."""
        return self.holder.span(self.node).start

    @property
    def suffix(self) -> str:
        """The last word of the variable's name, beside the argument's."""
        return "prefix" if self.rest_of_address else ""

    def value_of(self, difference: Difference) -> str:
        """The value of the side that goes, in HCL."""
        node = difference.gone_node
        assert node is not None
        text = difference.gone.text(node)
        if self.node is None or self.node.kind != "QuotedLit":
            return text
        return f'"{text.removesuffix(self.rest_of_address)}"' if self.rest_of_address else self.own

    def with_values(self, environments: Sequence[str], others: Sequence[str]) -> ReplacedConstant:
        """The same with the value of each environment."""
        if self.rest_of_address:
            return self._replace(values=network_prefixes(environments, [self.own, *others]))
        return self._replace(values=per_environment(environments, [self.own, *others], self.argument))

    def edit(self, extent: Extent, name: str) -> Edit:
        """Put a variable in the constant's place."""
        if self.node is None:
            assert isinstance(self.holder, Block)
            path = self.holder.file.path
            staying = [a for a in self.holder.attributes.values() if not extent.goes(path, a.start, a.end)]
            return self.holder.insert(f"{self.argument} = var.{name}", after=staying[-1] if staying else None)
        if self.node.kind == "QuotedLit":
            return self.holder.edit(self.node, compose.interpolation(f"var.{name}") + self.rest_of_address)
        return self.holder.edit(self.node, f"var.{name}")


def _common_prefix_of_network(difference: Difference) -> str:
    """The first numbers of the address that a template makes, if twins differ in them and in nothing after them."""
    holder, node, gone = difference.kept, difference.kept_node, difference.gone_node
    assert isinstance(holder, Attribute) and node is not None and gone is not None
    parts = template_parts(next(template for template in walk(holder.expr) if node in template.children))
    address = "".join("0" if part.children else part.value for part in parts)
    text, other = holder.text(node), difference.gone.text(gone)
    here, there = _NETWORK_PREFIX.match(text), _NETWORK_PREFIX.match(other)
    if parts[0] is not node or here is None or there is None or not _ADDRESS.fullmatch(address):
        return ""
    return here[1] if text[here.end() :] == other[there.end() :] else ""


class NewVariables:
    """The variables for what twins differ in, and the values that each environment gives them."""

    def __init__(self, extent: Extent, contract: Contract) -> None:
        self.extent = extent
        self.environments: Sequence[str] = contract.topology.environments
        self.twins = extent.twins
        self.module = extent.module
        self.environment = extent.environment
        self.region = extent.region

    def edits(self) -> Iterator[Edit]:
        """Variables replace the constants; they are declared, and set in each environment's file."""
        for name, constant in self._constants.items():
            yield constant.edit(self.extent, name)
        yield from self._declarations()
        yield from self._environments()

    # -- constants that become variables -------------------------------------------------------------------------------

    @cached_property
    def _constants(self) -> dict[str, ReplacedConstant]:
        """The constants that variables replace, by the name of the variable."""
        found: dict[str, ReplacedConstant] = {}
        names: dict[tuple[str, int, str], str] = {}
        values: dict[str, dict[str, str]] = {}
        taken: dict[str, object] = dict(self.module.variables)
        for words, side, difference in self._literal_differences():
            constant = ReplacedConstant.of(difference)
            place = (difference.kept.file.path, constant.at, constant.argument)
            if place not in names:
                wanted = re.sub(r"\W+", "_", "_".join(word for word in (*words, constant.suffix) if word))
                name = self.module.unused_name(wanted, taken)
                names[place] = name
                found[name] = taken[name] = constant
                values[name] = {}
            values[names[place]][side] = constant.value_of(difference)
        constants: dict[str, ReplacedConstant] = {}
        for name, constant in found.items():
            others = [values[name].get(side, constant.own) for side in self.twins.sides.others]
            valued = constant.with_values(self.environments, others)
            # A size that the other region had smaller is the same in each environment, and still for a person to set.
            if len(set(valued.values.values())) > 1 or any(varies(constant.argument, other) for other in others):
                constants[name] = valued
        return constants

    def _literal_differences(self) -> Iterator[tuple[tuple[str, ...], str, Difference]]:
        """The differences that a variable can hold, with the words for its name and the side that differs."""
        for gone, differences in self.twins.differences.items():
            kept = self.twins.pairs[gone]
            side, base = self.twins.side_of_pair(gone, kept), self._new_label(kept)
            for difference in differences:
                holder = difference.kept
                outer = holder.outermost
                if not difference.fits_variable or (isinstance(outer, Block) and outer.type == "variable"):
                    continue
                is_whole_local = (
                    kept.startswith("local.") and isinstance(holder, Attribute) and difference.kept_node is holder.expr
                )
                yield (base,) if is_whole_local else (base, difference.what), side, difference
        for address, part in self.extent.unwrapped.items():
            if address.startswith("var."):
                continue
            base = self._new_label(address)
            for other in self._parts_beside(part):
                for difference in other.differences:
                    node = difference.kept_node
                    assert node is not None
                    words = (base,) if node is item_value(part.kept) else (base, key_of(part.holder, node))
                    yield words, other.side, difference

    def _parts_beside(self, part: TwinParts) -> Iterator[TwinParts]:
        """The parts of the same container."""
        return (other for other in self.extent.parts if other.container is part.container)

    def _new_label(self, address: str) -> str:
        """The last part of an address after the collapse."""
        return self.extent.names.get(address, address).rpartition(".")[2]

    # -- declarations --------------------------------------------------------------------------------------------------

    def _declarations(self) -> Iterator[Edit]:
        wanted = []
        declared = self.module.variables.get(self.environment)
        if declared is None:
            wanted.append(_environment_declaration(self.environment, self.environments))
        elif not declared.blocks_of("validation"):
            default = declared.get("default")
            given = string_value(default.expr) if default is not None else None
            allowed = dict.fromkeys([*self.environments, *([given] if given else [])])
            yield declared.insert("\n" + _validation(self.environment, tuple(allowed)))
        region = self.extent.home_region()
        if not self.extent.has_region_variable and region is not None:
            wanted.append(Variable(self.region, "string", "AWS region to deploy into", region))
        for name, constant in self._constants.items():
            wanted.append(Variable(name, constant.type, self._description(name, constant)))
        if wanted:
            yield self._declaration_edit("\n".join(variable.block() for variable in wanted))

    def _description(self, name: str, constant: ReplacedConstant) -> str:
        """A variable's description: the argument that it sets."""
        outer = constant.holder.outermost
        if not isinstance(outer, Block) or outer.type == "locals":
            return f"{name} of the environment"
        return f"{constant.argument} of {self.extent.names.get(outer.address, outer.address)}"

    def _declaration_edit(self, text: str) -> Edit:
        """Insert variable blocks after the last one that stays, and not in text that goes."""
        staying = [block for block in self.module.blocks_of("variable") if block.address not in self.extent.removed]
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

    # -- values --------------------------------------------------------------------------------------------------------

    def values(self) -> dict[str, dict[str, str]]:
        """The value of each environment for each variable in which they differ, by the variable's new name."""
        found: dict[str, dict[str, str]] = {}
        for kept in dict.fromkeys(self.twins.pairs.values()):
            if not kept.startswith("var."):
                continue
            twins = [self.twins.gone_by_side[side].get(kept) for side in self.twins.sides.others]
            addresses = [kept, *(gone for gone in twins if gone)]
            values = [value for address in addresses if (value := self._given(_variable(address))) is not None]
            if len(values) == len(addresses):
                name = self._new_label(kept)
                found[name] = per_environment(self.environments, values, name)
        for address, part in self.extent.unwrapped.items():
            if address.startswith("var."):
                name = self._new_label(address)
                by_side = {o.side: o.holder.text(item_value(o.gone)) for o in self._parts_beside(part)}
                own = part.holder.text(item_value(part.kept))
                values = [own, *(by_side.get(side, own) for side in self.twins.sides.others)]
                found[name] = per_environment(self.environments, values, name)
        found = {name: values_of for name, values_of in found.items() if len(set(values_of.values())) > 1}
        for variable in self.module.variables.values():
            name = self._new_label(variable.address)
            if variable.address not in self.extent.removed and name not in found:
                found.update(self._environment_tags(name, variable))
        return {**found, **{name: dict(constant.values) for name, constant in self._constants.items()}}

    def _environment_tags(self, name: str, variable: Block) -> Iterator[tuple[str, dict[str, str]]]:
        """The values of a variable for tags whose default has the name of one environment, as if all were that one."""
        default = variable.get("default")
        constants = list(environment_values(default)) if default is not None and default.expr.kind == "object" else []
        holders = [reference.holder for reference in self.module.references_to(variable.address)]
        if default is None or not constants or all(h and any(map(_names_environment, walk(h.expr))) for h in holders):
            return
        yield name, {e: _with_constants(default, constants, compose.quoted(e)) for e in self.environments}

    def _given(self, name: str) -> str | None:
        """The value of a variable in the answer: in a tfvars file that is no environment's, else its default."""
        of_environments = environment_files(self.module, self.environments).values()
        for file in self.module.tfvars:
            if file not in of_environments and name in file.attributes:
                return file.attributes[name].value
        variable = self.module.variables.get(name)
        default = variable.get("default") if variable else None
        return default.value if default is not None else None

    # -- files ---------------------------------------------------------------------------------------------------------

    def _environments(self) -> Iterator[Edit]:
        """The tfvars file of each environment: a new one, or further lines in the answer's."""
        files = environment_files(self.module, self.environments)
        differing = self.values()
        region = self.extent.home_region()
        required, sensitive = self._unset(differing)
        for environment in self.environments:
            head = [Row(name, compose.quoted(environment)) for name in self.extent.environment_variables]
            head += [Row(self.region, region)] if region else []
            rows = [Row(name, values[environment]) for name, values in differing.items()]
            if environment in files:
                file = files[environment]
                gone = [name for name in file.attributes if f"var.{name}" in self.extent.removed]
                yield from (file.attributes[name].remove() for name in gone)
                missing = [row for row in (*head, *rows) if not self._is_set(row.name, file.attributes)]
                if missing:
                    lines = "\n".join(f"{row.name} = {row.value}" for row in missing)
                    yield file.append(f"# What tells the environments apart\n{lines}")
                continue
            groups = (
                ("Environment", head),
                ("What tells the environments apart", rows),
                ("Required values", required),
                ("Secrets", sensitive),
            )
            yield Edit(environment_path(self.module, environment), 0, 0, tfvars_text(environment, groups))

    def _unset(self, differing: Mapping[str, object]) -> tuple[list[Row], list[Row]]:
        """Rows for the other variables without default: the ordinary ones, and the sensitive ones."""
        known = {*self.extent.environment_variables, self.region, *differing}
        known |= {_variable(address) for address in self.extent.removed if address.startswith("var.")}
        known |= {old for new, old in self._old_variables.items() if new in differing}
        required, sensitive = unset_rows(self.module, known)
        values = [(row, self._given(row.name)) for row in required]
        return [row if value is None else Row(row.name, value) for row, value in values], sensitive

    def _is_set(self, name: str, attributes: Mapping[str, Attribute]) -> bool:
        """Whether a tfvars file sets a variable, under its new name or its old one."""
        return name in attributes or self._old_variables.get(name) in attributes

    @cached_property
    def _old_variables(self) -> dict[str, str]:
        """The old name of each renamed variable, by the new one."""
        names = self.extent.names.items()
        return {_variable(new): _variable(old) for old, new in names if old.startswith("var.")}


def _names_environment(node: Expr) -> bool:
    """Whether a node is an entry of a map of tags for the environment, which wins over one that is merged before it."""
    return node.kind == "object_item" and (item_key(node) or "").lower() in ENVIRONMENT_KEYS


def _with_constants(attribute: Attribute, constants: Sequence[Expr], text: str) -> str:
    """The value of an attribute with a text in the place of some of its constants, in HCL."""
    value, start = attribute.value, attribute.expr.start
    for constant in reversed(constants):
        value = value[: constant.start - start] + text + value[constant.end - start :]
    return value


def _variable(address: str) -> str:
    return address.removeprefix("var.")


def _environment_declaration(name: str, environments: Sequence[str]) -> Variable:
    listed = ", ".join(environments)
    return Variable(name, "string", f"Environment to deploy ({listed})", None, {}, _validation(name, environments))


def _validation(name: str, environments: Sequence[str]) -> str:
    """A `validation` block that allows the environments' names only."""
    condition = compose.call("contains", compose.list_of(map(compose.quoted, environments)), f"var.{name}")
    message = compose.quoted(f"The environment must be one of: {', '.join(environments)}.")
    return compose.block("validation", body=compose.attributes({"condition": condition, "error_message": message}))


def _type_of(node: Expr) -> str:
    """The type of a constant, in HCL."""
    if node.kind in ("NumberLit", "unary"):
        return "number"
    if node.kind == "Identifier":
        return "bool"
    if node.kind == "tuple":
        elements = call_arguments(node)
        return f"list({_type_of(elements[0])})" if elements else "list(string)"
    return "any" if node.kind == "object" else "string"
