"""Where a value is decided: follows an argument's expression to the smallest place that can be set right.

`deletion_protection = var.protected` is decided by the variable's default and the tfvars, if the variable serves nothing
else; by the argument itself, if it does. The same goes for locals, and for items of the objects that locals and variables
hold.
"""

from __future__ import annotations

import posixpath
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
from tapfix.module.evaluate import UNKNOWN, Evaluator, is_known
from tapfix.module.nodes import step_key, step_name, unwrapped
from tapfix.module.values import same

_MAX_DEPTH = 12


class Wish(NamedTuple):
    """The value that is wanted of an expression, its spelling in HCL, and whether `null` will do as well."""

    value: object
    text: str
    null: bool = False

    def met_by(self, value: object) -> bool:
        """Whether a value is the wanted one; Terraform takes `"true"` for `true`."""
        if value is None:
            return self.null
        if isinstance(self.value, bool) and isinstance(value, str):
            return value == self.text
        return is_known(value) and same(value, self.value)

    def negated(self) -> Wish | None:
        """What is wanted of `x` if this is wanted of `!x`."""
        return Wish(not self.value, "false" if self.value else "true") if isinstance(self.value, bool) else None


class Origins:
    """Finds the edits that make wishes come true that are had of expressions of one module.

    `wishes` has all of them, by the places of the expressions: a variable is set only where all that use it want the same.
    """

    def __init__(self, module: Module, context: Context, wishes: Mapping[Span, Wish]) -> None:
        self.module = module
        self.context = context
        self.wishes = wishes
        self._defaults = Evaluator(module)
        self._evaluators = list(context.evaluators(module, undecided="unknown").values())

    def values(self, expr: Expr) -> list[object]:
        """What the expression comes to, in each environment."""
        return [evaluator.evaluate(expr) for evaluator in self._evaluators]

    def possible(self, expr: Expr) -> list[object]:
        """What the expression may come to: in each environment, and by the defaults where an environment leaves it open."""
        found = self.values(expr)
        known = [value for value in found if value is not UNKNOWN]
        return [*known, self._defaults.evaluate(expr)] if len(known) < len(found) else known

    def edits(self, holder: Element, expr: Expr, wish: Wish, depth: int = 0) -> list[Edit]:
        """The edits that make the wish come true; none if it is true already, in every environment."""
        if depth > _MAX_DEPTH or all(map(wish.met_by, self.values(expr))):
            return []
        inner = unwrapped(expr)
        negated = wish.negated()
        if inner.kind == "unary" and negated is not None:
            below = self.edits(holder, inner.children[1], negated, depth + 1)
            spelled_out = [holder.edit(inner.children[1], negated.text)]
            return [holder.edit(expr, wish.text)] if below == spelled_out else below
        address, steps = spelled(inner)
        if address is not None and self._serves_only(address, _names(steps), wish, depth):
            found = self._at_source(address, steps, wish, depth + 1)
            if found is not None:
                return found
        return [holder.edit(expr, wish.text)]

    def _at_source(self, address: str, steps: Sequence[Expr], wish: Wish, depth: int) -> list[Edit] | None:
        """The edits at the local value or variable that an address names; None where it cannot be followed."""
        kind, _, name = address.partition(".")
        if kind == "local":
            attribute = self.module.locals.get(name)
            further, taken = spelled(unwrapped(attribute.expr)) if attribute is not None else (None, ())
            if steps and further is not None:
                steps = (*taken, *steps)
                follow = depth <= _MAX_DEPTH and self._serves_only(further, _names(steps), wish, depth)
                return self._at_source(further, steps, wish, depth + 1) if follow else None
            return self._in([attribute] if attribute is not None else [], steps, wish, depth)
        variable = self.module.variables.get(name)
        if variable is None or not (steps or self._passes_validation(variable, wish)):
            return None
        default = variable.get("default")
        settings = [f.attributes[name] for f in self.module.tfvars if name in f.attributes]
        edits = self._in([*([default] if default else []), *settings], steps, wish, depth)
        if edits is None:
            return None
        if default is None:
            if steps:
                return edits if self._set_everywhere(settings) else None
            edits.append(variable.insert(f"default = {wish.text}", after=variable.get("type")))
        for caller, argument in self._callers(name, wish):
            edits.extend(caller.edits(argument, argument.expr, wish, depth))
        return edits

    def _in(self, holders: Iterable[Attribute], steps: Sequence[Expr], wish: Wish, depth: int) -> list[Edit] | None:
        """The edits in the settings of a local value or variable, at what the steps lead to; None if they lead nowhere."""
        edits: list[Edit] = []
        for holder in holders:
            for place in _descend(holder.expr, steps):
                if place is None:
                    return None
                edits.extend(self.edits(holder, place, wish, depth))
        return edits

    def _set_everywhere(self, settings: Iterable[Attribute]) -> bool:
        """Whether each environment of the contract has one of the settings in its own tfvars file."""
        stems = {posixpath.basename(setting.file.path).partition(".")[0] for setting in settings}
        return stems.issuperset(self.context.environments)

    def _passes_validation(self, variable: Block, wish: Wish) -> bool:
        """Whether the variable's own validation lets the value pass."""
        evaluator = Evaluator(self.module, {variable.name: wish.value})
        conditions = [block.get("condition") for block in variable.blocks_of("validation")]
        return all(evaluator.evaluate(c.expr) is True for c in conditions if c is not None)

    def _serves_only(self, address: str, names: Sequence[str], wish: Wish, depth: int) -> bool:
        """Whether all that is made of a local value or variable, or of a part of it, wants the same. Outputs have no say."""
        for reference in self.module.references_to(address):
            if reference.block is not None and (reference.block.type == "output" or reference.block.address == address):
                continue
            theirs = _names(reference.steps)
            if any(a != b and "*" not in (a, b) for a, b in zip(theirs, names, strict=False)):
                continue
            rest = names[len(theirs) :]
            if not (self._passed_on(reference, rest, wish, depth) if rest else self._wished(reference, wish, depth)):
                return False
        return True

    def _passed_on(self, reference: Reference, names: Sequence[str], wish: Wish, depth: int) -> bool:
        """Whether a reference only gives an object another name, and all that is made of a part of that wants the same."""
        holder = reference.holder
        if depth > _MAX_DEPTH or holder is None or holder.parent is None or holder.parent.type != "locals":
            return False
        alone = unwrapped(holder.expr) is reference.node
        return alone and self._serves_only(f"local.{holder.name}", names, wish, depth + 1)

    def _wished(self, reference: Reference, wish: Wish, depth: int) -> bool:
        end = reference.start + reference.node.end - reference.node.start
        known = self.wishes.get(Span(reference.file.path, reference.start, end))
        if known is not None:
            return same(known.value, wish.value)
        holder = reference.holder
        if depth > _MAX_DEPTH or holder is None or holder.parent is None or holder.parent.type != "locals":
            return False
        alone = unwrapped(holder.expr) is reference.node
        return alone and self._serves_only(f"local.{holder.name}", (), wish, depth + 1)

    def _callers(self, name: str, wish: Wish) -> Iterator[tuple[Origins, Attribute]]:
        """The arguments by which other modules of the project set a variable of this one."""
        for call in self.context.project.callers(self.module):
            argument = call.get(name)
            if argument is not None:
                caller = self.context.project.module_of(call.file)
                yield Origins(caller, self.context, {argument.span(unwrapped(argument.expr)): wish}), argument


def wished_places(holder: Element, expr: Expr, wish: Wish) -> dict[Span, Wish]:
    """The wish that is had of an expression, and what it means for the traversal in it, by place."""
    inner = unwrapped(expr)
    negated = wish.negated()
    if inner.kind == "unary" and negated is not None:
        return wished_places(holder, inner.children[1], negated)
    return {holder.span(inner): wish}


def spelled(expr: Expr) -> tuple[str | None, Sequence[Expr]]:
    """The address of the local value or variable that an expression names, and the steps into it."""
    if expr.kind != "traversal" or expr.children[0].text not in ("var", "local"):
        return None, ()
    name = step_name(expr.children[1])
    return (f"{expr.children[0].text}.{name}" if name else None), expr.children[2:]


def _names(steps: Sequence[Expr]) -> tuple[str, ...]:
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
