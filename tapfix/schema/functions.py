"""Terraform's built-in functions, as data: how many arguments each takes, and since which version it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

DATA_FILE: Final = Path(__file__).with_name("functions.json")


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function's signature; `most` is None where the last parameter repeats."""

    name: str
    least: int
    most: int | None
    parameters: tuple[str, ...]
    returns: Any
    since: str

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)


@cache
def functions() -> Mapping[str, Function]:
    """All functions by name. `core::name` is the same function as `name` and not listed."""
    found = {}
    for name, row in json.loads(DATA_FILE.read_text("utf-8"))["functions"].items():
        found[name] = Function(name, row["least"], row["most"], tuple(row["parameters"]), row["returns"], row["since"])
    return found


def function(name: str) -> Function | None:
    return functions().get(name.removeprefix("core::"))
