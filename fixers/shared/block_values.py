"""The values of several attributes of a block together, in each environment, and what several rules ask of a value."""

from __future__ import annotations

from typing import Final

from tapfix.fixer import Context
from tapfix.module import Block

_EVERY_ADDRESS: Final = ("0.0.0.0/0", "::/0")


def block_values(context: Context, block: Block, *names: str) -> list[tuple[object, ...]]:
    """The values of these attributes, one tuple for each environment, equal tuples once.

    The value of an absent attribute is None; a value that the text does not determine is UNKNOWN.
    """
    columns = [
        None if attribute is None else list(context.values(attribute).values())
        for attribute in (block.get(name) for name in names)
    ]
    environments = max((len(column) for column in columns if column is not None), default=1)
    rows = zip(*([None] * environments if column is None else column for column in columns), strict=True)
    found: list[tuple[object, ...]] = []
    for row in rows:
        if row not in found:
            found.append(row)
    return found


def includes_every_address(networks: object) -> bool:
    """Whether a CIDR block, or one of a list of them, includes every address."""
    return any(network in _EVERY_ADDRESS for network in (networks if isinstance(networks, list) else (networks,)))
