"""The places where a resource sets an argument, by a dotted name: a dot separates it from its nested block."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.module import Attribute, Block


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
