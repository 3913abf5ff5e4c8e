"""Where a value is set: follows an argument's expression to the places that decide its value, and edits those.

`deletion_protection = var.protected` gets its value from the variable's default, from the tfvars files and from the
callers of the module. These are edited if every use of the variable wants the same value; otherwise the argument
itself is. Local values are followed in the same way, and so are the items of the objects that local values and
variables hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    Reference,
    Span,
    item_key,
    item_value,
    object_items,
)
from tapfix.module.environments import environment_files
from tapfix.module.evaluate import UNKNOWN, Evaluator, is_known
from tapfix.module.nodes import step_key, step_name, traversal_root, traversal_steps, unary_operand, unwrapped
from tapfix.module.values import same

_MAX_DEPTH = 12
"""How many variables and local values are followed, one after the other."""


class Wanted(NamedTuple):
    """The value that an expression should have."""

    value: object
    text: str
    """The value as HCL."""
    null: bool = False
    """Whether `null` serves as well."""

    def met_by(self, value: object) -> bool:
        """Whether a value is the wanted one. Terraform accepts `"true"` for `true`."""
        if value is None:
            return self.null
        if isinstance(self.value, bool) and isinstance(value, str):
            return value == self.text
        return is_known(value) and same(value, self.value)

    def negated(self) -> Wanted | None:
        """The value that `x` should have if this is the one for `!x`; None for a value that is not a bool."""
        return Wanted(not self.value, "false" if self.value else "true") if isinstance(self.value, bool) else None


class Origins:
    """Finds the edits that give expressions of one module their wanted values.

    `wanted` maps the place of an expression to the value that it should have. A variable or local value is edited
    only if all of its uses are in this map with the same value.
    """

    def __init__(self, module: Module, context: Context, wanted: Mapping[Span, Wanted]) -> None:
        self.module = module
        self.context = context
        self.wanted = wanted
        self._defaults = Evaluator(module)
        self._evaluators = list(context.evaluators(module, undecided="unknown").values())

    def values(self, expr: Expr) -> list[object]:
        """The value of the expression in each environment; UNKNOWN where an environment may still set it."""
        return [evaluator.evaluate(expr) for evaluator in self._evaluators]

    def possible(self, expr: Expr) -> list[object]:
        """The known values of the expression; with its value by the defaults if an environment may still set it."""
        found = self.values(expr)
        known = [value for value in found if value is not UNKNOWN]
        return [*known, self._defaults.evaluate(expr)] if len(known) < len(found) else known

    def edits(self, holder: Element, expr: Expr, wanted: Wanted, depth: int = 0) -> list[Edit]:
        """The edits that give an expression of `holder` the wanted value; none if it has it in every environment."""
        if depth > _MAX_DEPTH or all(map(wanted.met_by, self.values(expr))):
            return []
        inner = unwrapped(expr)
        negated = wanted.negated()
        if inner.kind == "unary" and negated is not None:
            operand = unary_operand(inner)
            below = self.edits(holder, operand, negated, depth + 1)
            literal = [holder.edit(operand, negated.text)]  # `!true` is written as `false`
            return [holder.edit(expr, wanted.text)] if below == literal else below
        address, steps = named_value(inner)
        if address is not None and self._all_uses_want(wanted, address, _keys(steps), depth):
            found = self._at_source(address, steps, wanted, depth + 1)
            if found is not None:
                return found
        return [holder.edit(expr, wanted.text)]

    def _at_source(self, address: str, steps: Sequence[Expr], wanted: Wanted, depth: int) -> list[Edit] | None:
        """The edits at the declaration of a local value or variable; None if its value cannot be followed there."""
        kind, _, name = address.partition(".")
        if kind == "local":
            return self._at_local(name, steps, wanted, depth)
        variable = self.module.variables.get(name)
        return self._at_variable(variable, steps, wanted, depth) if variable is not None else None

    def _at_local(self, name: str, steps: Sequence[Expr], wanted: Wanted, depth: int) -> list[Edit] | None:
        attribute = self.module.locals.get(name)
        if attribute is None:
            return []
        further, taken = named_value(unwrapped(attribute.expr))
        if not steps or further is None:
            return self._in([attribute], steps, wanted, depth)
        steps = (*taken, *steps)
        if depth > _MAX_DEPTH or not self._all_uses_want(wanted, further, _keys(steps), depth):
            return None
        return self._at_source(further, steps, wanted, depth + 1)

    def _at_variable(self, variable: Block, steps: Sequence[Expr], wanted: Wanted, depth: int) -> list[Edit] | None:
        if not steps and not self._passes_validation(variable, wanted):
            return None
        default = variable.get("default")
        settings = [file.attributes[variable.name] for file in self.module.tfvars if variable.name in file.attributes]
        edits = self._in([*([default] if default else []), *settings], steps, wanted, depth)
        if edits is None:
            return None
        if default is None:
            if steps:
                return edits if self._is_set_everywhere(variable.name) else None
            edits.append(variable.insert(f"default = {wanted.text}", after=variable.get("type")))
        passed = self._in_callers(variable.name, steps, wanted, depth)
        return [*edits, *passed] if passed is not None else None

    def _in(self, holders: Iterable[Attribute], steps: Sequence[Expr], wanted: Wanted, depth: int) -> list[Edit] | None:
        """The edits in the values that `holders` set, where the steps lead; None if the steps cannot be followed."""
        edits: list[Edit] = []
        for holder in holders:
            for place in _descend(holder.expr, steps):
                if place is None:
                    return None
                edits.extend(self.edits(holder, place, wanted, depth))
        return edits

    def _in_callers(self, name: str, steps: Sequence[Expr], wanted: Wanted, depth: int) -> list[Edit] | None:
        """The edits in the `module` blocks that set a variable of this module; None if the steps cannot be followed."""
        edits: list[Edit] = []
        for call in self.context.project.callers(self.module):
            argument = call.get(name)
            if argument is None:
                continue
            caller = self.context.project.module_of(call.file)
            for place in _descend(argument.expr, steps):
                if place is None:
                    return None
                origins = Origins(caller, self.context, {argument.span(unwrapped(place)): wanted})
                edits.extend(origins.edits(argument, place, wanted, depth))
        return edits

    def _is_set_everywhere(self, name: str) -> bool:
        """Whether the tfvars file of each environment of the contract sets a variable."""
        environments = self.context.environments
        files = environment_files(self.module, environments)
        return all(e in files and name in files[e].attributes for e in environments)

    def _passes_validation(self, variable: Block, wanted: Wanted) -> bool:
        """Whether the variable's own validation accepts the value."""
        evaluator = Evaluator(self.module, {variable.name: wanted.value})
        conditions = [block.get("condition") for block in variable.blocks_of("validation")]
        return all(evaluator.evaluate(c.expr) is True for c in conditions if c is not None)

    def _all_uses_want(self, wanted: Wanted, address: str, keys: Sequence[str], depth: int) -> bool:
        """Whether each use of a local value or variable, or of the part of it that `keys` lead to, wants this value.

        Outputs do not count as uses.
        """
        for reference in self.module.references_to(address):
            if reference.block is not None and (reference.block.type == "output" or reference.block.address == address):
                continue
            theirs = _keys(reference.steps)
            if any(a != b and "*" not in (a, b) for a, b in zip(theirs, keys, strict=False)):
                continue  # a use of another part
            rest = keys[len(theirs) :]
            known = None if rest else self._wanted_at(reference)
            agrees = same(known.value, wanted.value) if known else self._renamed(reference, rest, wanted, depth)
            if not agrees:
                return False
        return True

    def _wanted_at(self, reference: Reference) -> Wanted | None:
        """The value that is wanted of a reference, if it is an argument's whole expression."""
        end = reference.start + reference.node.end - reference.node.start
        return self.wanted.get(Span(reference.file.path, reference.start, end))

    def _renamed(self, reference: Reference, keys: Sequence[str], wanted: Wanted, depth: int) -> bool:
        """Whether a reference is the whole expression of a local value, and all uses of that want the value."""
        holder = reference.holder
        if depth > _MAX_DEPTH or holder is None or holder.parent is None or holder.parent.type != "locals":
            return False
        alone = unwrapped(holder.expr) is reference.node
        return alone and self._all_uses_want(wanted, f"local.{holder.name}", keys, depth + 1)


def wanted_by_place(holder: Element, expr: Expr, wanted: Wanted) -> dict[Span, Wanted]:
    """The place of the expression without parentheses and negations, and the value that is wanted there."""
    inner = unwrapped(expr)
    negated = wanted.negated()
    if inner.kind == "unary" and negated is not None:
        return wanted_by_place(holder, unary_operand(inner), negated)
    return {holder.span(inner): wanted}


def named_value(expr: Expr) -> tuple[str | None, Sequence[Expr]]:
    """The address of the local value or variable that an expression names, and the steps into its value."""
    if expr.kind != "traversal" or traversal_root(expr).text not in ("var", "local"):
        return None, ()
    first, *further = traversal_steps(expr)
    name = step_name(first)
    return (f"{traversal_root(expr).text}.{name}" if name else None), further


def _keys(steps: Sequence[Expr]) -> tuple[str, ...]:
    """The keys that steps go by; `*` for one that is computed."""
    return tuple(step_key(step) or "*" for step in steps)


def _descend(expr: Expr, steps: Sequence[Expr]) -> Iterator[Expr | None]:
    """The expressions in nested objects that steps may lead to; None for each way that cannot be followed."""
    if not steps:
        yield expr
        return
    expr = unwrapped(expr)
    key = step_key(steps[0])
    items = [i for i in object_items(expr) if key is None or item_key(i) == key] if expr.kind == "object" else []
    if not items:
        yield None
    for item in items:
        yield from _descend(item_value(item), steps[1:])
