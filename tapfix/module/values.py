"""Values of Terraform as values of Python, and how Terraform converts and compares them.

`None`, `bool`, `str`, `int`, `float`, `list` and `dict` are what they are in JSON; a set is a list without
duplicates, in order. `UNKNOWN` is a value that the text does not say; it may be an element of a list or a dict. A
conversion that Terraform would refuse raises `Invalid`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

MAX_SIZE: Final = 20_000
"""The size of the largest value that is computed, in characters of a text and elements of a collection."""


class Unknown:
    """The type of `UNKNOWN`, a value that only an apply shows, or that tapfix cannot compute."""

    _only: Unknown | None = None

    def __new__(cls) -> Unknown:
        cls._only = cls._only or super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false: compare with `is`")

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Invalid(Exception):
    """Terraform refuses the expression for the values in it."""


def is_known(value: object) -> bool:
    """Whether nothing in the value is unknown."""
    if isinstance(value, list):
        return all(map(is_known, value))
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    return value is not UNKNOWN


def size(value: object) -> int:
    """The size of a value, in characters and elements; it is counted up to `MAX_SIZE` only."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, (list, dict)):
        return value.bit_length() if isinstance(value, int) else 1
    count, stack = 0, [value]
    while stack and count < MAX_SIZE:
        for item in _elements(stack.pop()):
            count += 1 + (len(item) if isinstance(item, str) else 0)
            if isinstance(item, (list, dict)):
                stack.append(item)
    return min(count, MAX_SIZE)


def _elements(value: list[object] | dict[str, object]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value


def is_number(value: object) -> bool:
    """Whether a value is a number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float) -> int | float:
    """A number as an int if it is whole. Raises Invalid for infinity and for what is not a number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Invalid("not a finite number")
        return int(value) if value.is_integer() else value
    return value


def same(left: object, right: object) -> bool:
    """Terraform's `==`: values of different types are never equal."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(v, right[k]) for k, v in left.items())
    if is_number(left) and is_number(right):
        return left == right
    return type(left) is type(right) and left == right


def to_bool(value: object) -> bool:
    """The value as a bool. Raises Invalid for what Terraform does not convert; so do the functions below."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Invalid("a bool is wanted")


def to_number(value: object) -> int | float:
    """The value as a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return number(int(value) if re.fullmatch(r"-?\d{1,30}", value) else float(value))
        except ValueError:
            pass
    raise Invalid("a number is wanted")


def to_int(value: object) -> int:
    """The value as a whole number."""
    whole = to_number(value)
    if not isinstance(whole, int):
        raise Invalid("a whole number is wanted")
    return whole


def to_string(value: object) -> str:
    """The value as a string, with a number written as Terraform writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        if "e" in text:
            text = f"{value:.20f}".rstrip("0")
        return text
    raise Invalid("a string is wanted")


def to_list(value: object) -> list[object]:
    """The value, which must be a list."""
    if isinstance(value, list):
        return value
    raise Invalid("a list is wanted")


def to_dict(value: object) -> dict[str, object]:
    """The value, which must be a map or an object."""
    if isinstance(value, dict):
        return value
    raise Invalid("a map is wanted")


def unique(values: Iterable[object]) -> list[object]:
    """The values without duplicates, in the order of their first occurrence."""
    kept: list[object] = []
    seen: set[str] = set()
    for value in values:
        key = repr(value) if is_known(value) else ""
        if not key or key not in seen:
            kept.append(value)
            seen.add(key)
    return kept


def as_set(values: Iterable[object]) -> list[object]:
    """The values as a set: without duplicates, and strings in the order in which Terraform iterates over them."""
    kept = unique(values)
    return sorted(kept, key=str) if all(isinstance(v, str) for v in kept) else kept
