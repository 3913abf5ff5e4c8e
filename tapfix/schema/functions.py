"""Terraform's built-in functions, as data: their parameters, and the version of Terraform that introduced each."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

DATA_FILE: Final = Path(__file__).with_name("functions.json")


class Function(NamedTuple):
    """A built-in function's signature. `most` is None if the last parameter repeats; its name then ends in `...`."""

    name: str
    least: int
    most: int | None
    parameters: tuple[tuple[str, Any], ...]
    """Names and types, in cty's JSON form."""
    returns: Any
    since: str
    """The version of Terraform that introduced it, such as "1.5"; "1.0" also for older functions."""

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def parameter_type(self, index: int) -> Any:
        """The type of the argument at an index, in cty's JSON form."""
        return self.parameters[min(index, len(self.parameters) - 1)][1]


@cache
def _rows() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = json.loads(DATA_FILE.read_text("utf-8"))["functions"]
    return rows


def functions() -> Collection[str]:
    """The names of all functions. `core::name` means the same function as `name` and is not listed."""
    return _rows().keys()


def function(name: str) -> Function | None:
    """The function with this name, or None."""
    name = name.removeprefix("core::")
    return _known(name) if name in _rows() else None


@cache
def _known(name: str) -> Function:
    row = _rows()[name]
    parameters = tuple((parameter, kind) for parameter, kind in row["parameters"])
    return Function(name, row["least"], row["most"], parameters, row["returns"], row["since"])
