"""Terraform's built-in functions, as data: how many arguments each takes, and since which version it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

DATA_FILE: Final = Path(__file__).with_name("functions.json")


class Function(NamedTuple):
    """A built-in function's signature; `most` is None where the last parameter repeats (its name ends in `...`)."""

    name: str
    least: int
    most: int | None
    parameters: tuple[tuple[str, Any], ...]
    """Names and types, in cty's JSON form."""
    returns: Any
    since: str

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def parameter_type(self, index: int) -> Any:
        """The type that the argument at a place must have."""
        return self.parameters[min(index, len(self.parameters) - 1)][1]


@cache
def functions() -> Mapping[str, Function]:
    """All functions by name. `core::name` is the same function as `name` and not listed."""
    found = {}
    for name, row in json.loads(DATA_FILE.read_text("utf-8"))["functions"].items():
        found[name] = Function(
            name,
            row["least"],
            row["most"],
            tuple((parameter, kind) for parameter, kind in row["parameters"]),
            row["returns"],
            row["since"],
        )
    return found


def function(name: str) -> Function | None:
    return functions().get(name.removeprefix("core::"))
