"""The findings of a module whose contract states an expression of tags."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.fixer import Because, Context, Finding, Fixer
from tapfix.module import Module, compose

from .maps import TagContract
from .preparation import Preparation
from .resource import ResourceTags
from .scaling_group import ScalingGroupTags
from .work import TagWork


def findings_by_expression(
    rule: Fixer, expression: str, module: Module, context: Context, because: Because
) -> Iterator[Finding]:
    """What differs from the expression in a module; one refusal if tapfix does not understand the expression."""
    contract = TagContract.read(expression)
    if contract is not None:
        yield from _findings(TagWork(rule, module, context, contract, because))
    elif module.is_root and module.main is not None:
        reason = "tapfix follows a merge of locals and variables with one object at the end; state it so in tapfix.toml"
        message = f"the contract's tag expression is not understood: {expression}"
        yield rule.refuse(module.main, message, reason, because=because)


def _findings(work: TagWork) -> Iterator[Finding]:
    """The findings of a module: what it needs first, or what each resource and each call of a module needs."""
    if not (work.tagged or work.groups or work.incomplete_calls):
        return
    preparation = list(Preparation(work).findings())
    yield from preparation
    if preparation:
        return
    for tagged in work.tagged:
        yield from ResourceTags(work, tagged).findings()
    for tagged in work.groups:
        yield from ScalingGroupTags(work, tagged).findings()
    for call, names in work.incomplete_calls:
        message = f"the module is not given {', '.join(f'var.{n}' for n in names)}, so its resources lack those tags"
        text = compose.attributes({name: f"var.{name}" for name in names})
        yield work.fix(call, message, [call.insert(text)])
