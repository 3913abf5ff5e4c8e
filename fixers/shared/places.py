"""What rules that work by a table share: the rows of a resource type, and the places where it sets an argument.

The dotted name of an argument has a dot between it and the nested block that contains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol, TypeVar

from tapfix.module import Attribute, Block


class _TypedRow(Protocol):
    """A row of a table that is about some resource types."""

    @property
    def types(self) -> str:
        """The resource types, with spaces between."""


_Row = TypeVar("_Row", bound=_TypedRow)


def by_type(table: Iterable[_Row]) -> Callable[[str], tuple[_Row, ...]]:
    """A function that finds the rows of a table that are about a resource type."""

    @cache
    def rows_of(type: str) -> tuple[_Row, ...]:
        return tuple(row for row in table if type in row.types.split())

    return rows_of


def places(block: Block, argument: str) -> Iterator[Attribute | Block]:
    """The attributes and blocks of a dotted name, those in `dynamic` blocks too."""
    name, _, rest = argument.partition(".")
    if not rest:
        attribute = block.get(name)
        if attribute is not None:
            yield attribute
        yield from block.blocks_of(name)
        return
    for nested in block.blocks_of(name):
        for body in nested.blocks_of("content") if nested.type == "dynamic" else (nested,):
            yield from places(body, rest)


def attributes_at(block: Block, argument: str) -> Iterator[Attribute]:
    """The attributes of a dotted name."""
    return (place for place in places(block, argument) if isinstance(place, Attribute))
