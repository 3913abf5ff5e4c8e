"""How large an Auto Scaling group is: the number of copies before, as variables with a value for each environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    call_arguments,
    call_name,
    expression_references,
    traversal_address,
)
from tapfix.module.environments import environment_files, is_automatic
from tapfix.module.evaluate import Evaluator
from tapfix.module.nodes import Conditional, parenthesized, whole_address
from tapfix.module.variables import Variable

from ..shared.module_calls import SIZE_ROLES, is_size_variable, size_description
from .copies import Loop, Unscalable

TITLE = "Auto Scaling"
"""The comment above the sizes in a tfvars file."""

_MAX_DEPTH = 12


class Sizes(NamedTuple):
    """The expressions of the three sizes, and the variables that they need."""

    smallest: str
    largest: str
    desired: str
    variables: tuple[Variable, ...]


def group_sizes(module: Module, context: Context, loop: Loop, prefix: str, of: str) -> Sizes:
    """The sizes of a group that replaces the copies of a block; `of` says what it is for, `prefix` begins the names.

    Raises `Unscalable` if an environment has no copies.
    """
    if loop.attribute is None:
        return _Sizing(module, context, prefix, of).numbers({}, 1)
    return _Sizing(module, context, prefix, of).of_expression(loop.attribute, loop.attribute.expr)


def unset_sizes(module: Module, context: Context) -> tuple[Variable, ...]:
    """The variables that this rule declared when there were no environments, with values for those that exist now."""
    environments = environment_files(module, context.environments)
    found: list[Variable] = []
    for name, block in module.variables.items():
        if not name.endswith("min_size"):
            continue
        prefix = name.removesuffix("min_size")
        sizes = {role: _default_size(module, f"{prefix}{role}", role) for role in SIZE_ROLES}
        smallest, largest = sizes["min_size"], sizes["max_size"]
        if smallest is None or largest != 2 * smallest or sizes["desired_capacity"] not in (smallest, None):
            continue
        names = {role: f"{prefix}{role}" for role, size in sizes.items() if size is not None}
        if any(n in file.attributes for file in environments.values() for n in names.values()):
            continue
        rows = _Sizing(module, context, prefix, "").rows({}, smallest)
        for at, role in enumerate(SIZE_ROLES):
            if role in names:
                values = {e: str(row[at]) for e, row in rows.items() if e in environments}
                found.append(Variable(names[role], "number", block.address, values=values))
        counted = _counting_variable(module, f"var.{names['min_size']}") if len(names) < len(SIZE_ROLES) else None
        if counted is not None and not any(counted in file.attributes for file in environments.values()):
            values = {e: str(row[2]) for e, row in rows.items() if e in environments}
            found.append(Variable(counted, "number", "", values=values))
    return tuple(found) if environments else ()


def _counting_variable(module: Module, smallest: str) -> str | None:
    """The variable that counted the instances and is the desired capacity of the group of a smallest size now."""
    for group in module.resources("aws_autoscaling_group"):
        least, desired = group.get("min_size"), group.get("desired_capacity")
        if least is not None and desired is not None and least.value == smallest:
            name = desired.value.removeprefix("var.")
            return name if desired.value == f"var.{name}" and name in module.variables else None
    return None


def _default_size(module: Module, name: str, role: str) -> int | None:
    """The default itself of a size variable that this rule declared, whatever is set; None for another variable."""
    default = module.variables[name].get("default") if is_size_variable(module, name, role) else None
    if default is None:
        return None
    return number_of(Evaluator(module).evaluate(default.expr))


class _Sizing:
    def __init__(self, module: Module, context: Context, prefix: str, of: str) -> None:
        self.module = module
        self.context = context
        self.prefix = prefix
        self.of = of
        self.last = context.environments[-1:]

    def of_expression(self, holder: Attribute, expr: Expr) -> Sizes:
        switch = self._switch(holder, expr)
        if switch is not None:
            condition, size, on = switch
            inner = self.of_expression(holder, size)
            switched = "{0} ? {1} : 0" if on else "{0} ? 0 : {1}"
            return Sizes(
                switched.format(condition, inner.smallest),
                switched.format(condition, inner.largest),
                switched.format(condition, inner.desired),
                inner.variables,
            )
        default = self._default(holder, expr)
        if default is None:
            default = self._of_resource(holder, expr)
        values = {e: number_of(v) for e, v in self.context.values(holder, expr).items() if e}
        if default == 0 or 0 in values.values():
            raise Unscalable(
                f"`{holder.name}` is 0 in one place and more in another; say which environments want a group"
            )
        address = whole_address(expr) if holder.name == "count" else None
        if address is not None and address.startswith("var."):
            return self._around(address, default, values)
        known = {e: n for e, n in values.items() if n is not None}
        fixed = not self._varies(holder, expr)
        if default is not None and (fixed or (known and len(known) == len(values))):
            return self.numbers({} if fixed else known, default)
        text = holder.text(expr)
        text = f"length({text})" if holder.name == "for_each" else text
        return self._computed(f"({text})" if expr.kind in ("binary", "conditional") else text, known)

    def numbers(self, values: Mapping[str, int], default: int) -> Sizes:
        """Three variables with numbers."""
        rows = self.rows(values, default)
        variables = [
            self._variable("min_size", str(default), {e: r[0] for e, r in rows.items()}),
            self._variable("max_size", str(2 * default), {e: r[1] for e, r in rows.items()}),
            self._variable("desired_capacity", str(default), {e: r[2] for e, r in rows.items()}),
        ]
        smallest, largest, desired = (f"var.{v.name}" for v in variables)
        return Sizes(smallest, largest, desired, tuple(variables))

    def _around(self, desired: str, default: int | None, values: Mapping[str, int | None]) -> Sizes:
        """Sizes with the variable that counted the copies as desired capacity; it gets a value in each environment."""
        name = desired.removeprefix("var.")
        known = {e: n for e, n in values.items() if n is not None}
        told = (
            known
            if self.context.project.callers(self.module)
            else {e: n for e, n in known.items() if self._is_set(name, e)}
        )
        rows = self.rows(told, default) if default is not None else self.rows(known, None)
        smallest = self._variable("min_size", str(default or 1), {e: r[0] for e, r in rows.items()})
        unset = {e: str(r[2]) for e, r in rows.items() if e not in told}
        counted = (Variable(name, "number", "", values=unset),) if unset else ()
        if default is None:
            largest = self._variable("max_size", None, {e: r[1] for e, r in rows.items()}, f"null: twice var.{name}")
            text = f"coalesce(var.{largest.name}, 2 * {desired})"
        else:
            largest = self._variable("max_size", str(2 * default), {e: r[1] for e, r in rows.items()})
            text = f"var.{largest.name}"
        return Sizes(f"var.{smallest.name}", text, desired, (smallest, largest, *counted))

    def _is_set(self, name: str, environment: str) -> bool:
        """Whether a tfvars file gives a variable its value in an environment."""
        files = environment_files(self.module, self.context.environments)
        always = [f for f in self.module.tfvars if f not in files.values() and is_automatic(self.module, f)]
        return any(name in f.attributes for f in (*always, files[environment]))

    def _computed(self, text: str, known: Mapping[str, int]) -> Sizes:
        """Sizes whose variables override the expression that counted the copies."""
        rows = self.rows(known, 1) if known else {}
        smallest = self._variable("min_size", "1", {})
        largest = self._variable(
            "max_size", None, {e: r[1] for e, r in rows.items()}, "null: twice as many as stood there"
        )
        desired = self._variable(
            "desired_capacity", None, {e: r[2] for e, r in rows.items()}, "null: as many as stood there"
        )
        bare = text.removeprefix("(").removesuffix(")") if text.startswith("(") else text
        return Sizes(
            f"var.{smallest.name}",
            f"coalesce(var.{largest.name}, 2 * {text})",
            f"coalesce(var.{desired.name}, {bare})",
            (smallest, largest, desired),
        )

    def rows(self, values: Mapping[str, int], default: int | None) -> dict[str, tuple[int, int, int]]:
        """The smallest, largest and desired size by environment.

        A number that an environment has stays what it is. The others get the default, and no fewer than an environment
        before them on the way to production, which gets room to grow.
        """
        rows: dict[str, tuple[int, int, int]] = {}
        for environment in self.context.environments:
            size = values.get(environment, default)
            if size is None:
                continue
            before = [max(column) for column in zip(*rows.values(), strict=True)] or [0, 0, 0]
            own = environment in values
            in_production = (environment,) == self.last and bool(rows)
            largest = max(2 * size, before[1])
            if in_production and size <= before[2]:
                largest = max(3 * size, 4, before[1])
            least = size if own else max(size, before[2], 2 if in_production else 0)
            rows[environment] = (least, max(largest, least), least)
        return rows

    def _variable(self, role: str, default: str | None, values: Mapping[str, int], note: str = "") -> Variable:
        name = self._name(role)
        description = size_description(role, self.of)
        return Variable(
            name,
            "number",
            f"{description} ({note})" if note else description,
            "null" if default is None else default,
            values={e: str(n) for e, n in values.items()},
        )

    def _name(self, role: str) -> str:
        """The name of a variable that was declared for a size and that nothing uses, else a new name."""
        if not self.prefix:
            word = role.partition("_")[0]
            pattern = re.compile(
                rf"(?:(?:asg|autoscaling|group|instance)_)?{word}(?:_(?:size|capacity|count|instances))?"
            )
            idle = [
                n for n in self.module.variables if pattern.fullmatch(n) and not self.module.references_to(f"var.{n}")
            ]
            if len(idle) == 1:
                return idle[0]
        return self.module.unused_name(f"{self.prefix or 'asg_'}{role}", self.module.variables)

    def _switch(self, holder: Attribute, expr: Expr) -> tuple[str, Expr, bool] | None:
        """`C ? N : 0` or `C ? 0 : N`: the condition, the number, and whether the condition turns it on."""
        while expr.kind == "paren":
            expr = parenthesized(expr)
        if expr.kind != "conditional" or holder.name != "count":
            return None
        condition, yes, no = Conditional.of(expr)
        if no.text == "0" and yes.text != "0":
            return holder.text(condition), yes, True
        return (holder.text(condition), no, False) if yes.text == "0" and no.text != "0" else None

    def _default(self, holder: Element, expr: Expr) -> int | None:
        """The number by the defaults of the variables, which becomes the default of a new variable.

        Without environments it is the number by what callers, and the tfvars files that Terraform reads by itself, set.
        """
        values = self.context.values(holder, expr)
        return number_of(values[""] if "" in values else Evaluator(self.module).evaluate(expr))

    def _of_resource(self, holder: Element, expr: Expr, depth: int = 0) -> int | None:
        """The number, as of `_default`, of a resource's copies in `length(aws_subnet.x)`, or if it is looped over."""
        arguments = call_arguments(expr) if call_name(expr) == "length" else (expr,)
        found = traversal_address(arguments[0]) if len(arguments) == 1 else None
        block = self.module.find(found[0]) if found is not None else None
        if not isinstance(block, Block) or block.type != "resource" or depth > _MAX_DEPTH:
            return None
        loop = Loop.of(block)
        if loop.attribute is None:
            return None
        value = self._default(loop.attribute, loop.attribute.expr)
        return value if value is not None else self._of_resource(loop.attribute, loop.attribute.expr, depth + 1)

    def _varies(self, holder: Element, expr: Expr, depth: int = 0) -> bool:
        """Whether an expression depends on a variable."""
        for reference in expression_references(holder, expr):
            if reference.address.startswith("var."):
                return True
            target = self.module.find(reference.address)
            if depth < _MAX_DEPTH and isinstance(target, Attribute) and self._varies(target, target.expr, depth + 1):
                return True
            loop = Loop.of(target).attribute if isinstance(target, Block) else None
            if depth < _MAX_DEPTH and loop is not None and self._varies(loop, loop.expr, depth + 1):
                return True
        return False


def number_of(value: object) -> int | None:
    """The number of copies that a `count`, or what `for_each` loops over, makes; None if it is not known."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return len(value) if isinstance(value, list | dict) else None


def row_names(variables: Sequence[Variable]) -> str:
    """The variables in the words of a message."""
    return ", ".join(f"`var.{v.name}`" for v in variables)
