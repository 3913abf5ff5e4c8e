"""The values of several attributes of a block together, in each environment."""

from __future__ import annotations

from tapfix.fixer import Context
from tapfix.module import Block


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
