"""The kinds of values that a clause of the contract may hold.

Each states how it is read from TOML, how a message names it, and its JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast


class ValueKind(NamedTuple):
    """One kind of value."""

    expected: str
    """Its description in an error message, such as "true or false"."""
    read: Callable[[object], Any]
    """Turns a value of `tomllib` into the contract's own form. Raises `ValueError` if the value is not of this kind;
    the error's only argument, if it has one, is the key of the wrong item in a table of pairs."""
    schema: Mapping[str, Any]
    """Its JSON Schema."""
    write: Callable[[Any], Any] = lambda value: value
    """Turns the contract's form back into plain TOML and JSON data."""


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def boolean() -> ValueKind:
    def read(value: object) -> bool:
        _require(isinstance(value, bool))
        return cast(bool, value)

    return ValueKind("true or false", read, {"type": "boolean"})


def text(pattern: str = "", expected: str = "a string") -> ValueKind:
    """A string; where there is a `pattern`, the whole string matches it."""

    def read(value: object) -> str:
        _require(isinstance(value, str) and (not pattern or re.fullmatch(pattern, value) is not None))
        return cast(str, value)

    return ValueKind(expected, read, {"type": "string", **({"pattern": f"^(?:{pattern})$"} if pattern else {})})


def choice(*words: str) -> ValueKind:
    """One of these words."""

    def read(value: object) -> str:
        _require(value in words)
        return cast(str, value)

    return ValueKind("one of " + ", ".join(f'"{word}"' for word in words), read, {"enum": list(words)})


def number(least: int = 0, expected: str = "a whole number") -> ValueKind:
    """A whole number, not below `least`."""

    def read(value: object) -> int:
        _require(isinstance(value, int) and not isinstance(value, bool) and value >= least)
        return cast(int, value)

    return ValueKind(expected, read, {"type": "integer", "minimum": least})


def texts(pattern: str = "", expected: str = "a list of strings") -> ValueKind:
    """A list of different strings."""
    return _distinct(text(pattern), expected)


def numbers(expected: str = "a list of different whole numbers") -> ValueKind:
    """A list of different whole numbers from 0 up."""
    return _distinct(number(), expected)


def _distinct(item_kind: ValueKind, expected: str) -> ValueKind:
    """A list of different values of one kind. The contract keeps it as a tuple, which can be hashed."""

    def read(value: object) -> tuple[Any, ...]:
        _require(isinstance(value, list))
        items = tuple(item_kind.read(item) for item in cast(list[object], value))
        _require(len(set(items)) == len(items))
        return items

    return ValueKind(expected, read, {"type": "array", "items": item_kind.schema, "uniqueItems": True}, list)


def pairs(item_kind: ValueKind, expected: str) -> ValueKind:
    """A table of names with values of one kind. The contract keeps it as pairs sorted by name, which can be hashed."""

    def read(value: object) -> tuple[tuple[str, Any], ...]:
        _require(isinstance(value, dict))
        return tuple(sorted((name, read_item(name, item)) for name, item in cast(dict[str, object], value).items()))

    def read_item(name: str, item: object) -> Any:
        try:
            return item_kind.read(item)
        except ValueError:
            raise ValueError(name) from None

    return ValueKind(expected, read, {"type": "object", "additionalProperties": item_kind.schema}, dict)
