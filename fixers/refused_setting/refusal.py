"""What a check of the rule finds, and what several checks need to know about references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import Attribute, Block, Element, Module, Reference, expression_references


class Refusal(NamedTuple):
    """A setting that AWS refuses: where it is, what is wrong, and what to do about it."""

    at: Element | Reference
    message: str
    remedy: str


Check = Callable[[Module, Context], Iterator[Refusal]]


def references_in(attribute: Attribute | None) -> tuple[Reference, ...]:
    """The references in an attribute; none if it is absent."""
    return () if attribute is None else expression_references(attribute, attribute.expr)


def blocks_named(module: Module, attribute: Attribute | None, type: str) -> list[Block]:
    """The resources of a type to which an attribute refers, one for each reference."""
    found = [module.find(reference.address) for reference in references_in(attribute)]
    return [block for block in found if isinstance(block, Block) and block.resource_type == type]


def steps_after(reference: Reference) -> str:
    """The text after the address of a reference, without the index of an instance."""
    text = reference.file.text[reference.end : reference.end + 80]
    return re.sub(r"^\[[^\]]*\]", "", text)
