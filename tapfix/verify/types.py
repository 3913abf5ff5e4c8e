"""Terraform's types, and whether a value of one type can be converted to another.

A type is cty's JSON form (`"string"`, `["list", "string"]`, `["object", {...}]`, `["tuple", [...]]`), a `BlockSchema`
for the object of a resource, or `DYNAMIC` if it is not known. Whatever is in doubt is `DYNAMIC`, and `DYNAMIC` fits
everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tapfix.module import Expr, call_arguments, call_name, item_key, item_value, object_items
from tapfix.schema import BlockSchema
from tapfix.syntax import Leaf

Type = Any
DYNAMIC: Final = "dynamic"
PRIMITIVES: Final = frozenset({"string", "number", "bool"})

# What cty's conversions accept: https://github.com/zclconf/go-cty/blob/main/docs/convert.md
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?0[xX][0-9a-fA-F]+"
_BOOLS: Final = frozenset({"true", "false", "0", "1"})


_MAX_DEPTH: Final = 60


class _Nothing:
    def __repr__(self) -> str:
        return "no constant"


NOTHING: Final = _Nothing()


class Value(NamedTuple):
    """What is known of an expression: its type, and its value if that is a constant string, number or bool."""

    type: Type
    constant: object = NOTHING


UNKNOWN: Final = Value(DYNAMIC)
NULL: Final = Value(DYNAMIC, None)

Names = Mapping[str, Value]
"""The names that `for` expressions and `dynamic` blocks bind, and `self`, `each` and `count` where they are known."""


def kind_of(kind: Type) -> str:
    """The name of a type, without the types of its elements or members."""
    if isinstance(kind, str):
        return kind
    return "object" if isinstance(kind, BlockSchema) else str(kind[0])


def is_collection(kind: Type) -> bool:
    return kind_of(kind) in ("list", "set", "tuple", "map", "object")


def as_value(item: Any) -> Value:
    """A member of a tuple or an object as a value. Members that an expression spells out are values already."""
    return item if isinstance(item, Value) else Value(item)


def plain(kind: Type) -> Type:
    """A type without its members' values."""
    match kind:
        case ["tuple", items]:
            return ["tuple", [plain(as_value(item).type) for item in items]]
        case ["object", members, *_]:
            return ["object", {name: plain(as_value(item).type) for name, item in members.items()}]
        case ["list" | "set" | "map" as collection, element]:
            return [collection, plain(element)]
    return kind


def is_small(kind: Type, limit: int = 5_000) -> bool:
    """Does a type have at most `limit` parts?"""
    todo, count = [kind], 0
    while todo and count <= limit:
        count += 1
        match as_value(todo.pop()).type:
            case ["tuple", items]:
                todo += items
            case ["object", members, *_]:
                todo += members.values()
            case ["list" | "set" | "map", element]:
                todo.append(element)
    return count <= limit


def element_of(kind: Type) -> Type:
    """The type of the elements of a collection if all have the same type; else DYNAMIC."""
    match plain(kind):
        case ["list" | "set" | "map", element]:
            return element
        case ["tuple", [first, *rest]] if all(other == first for other in rest):
            return first
        case ["object", members] if members:
            first, *rest = members.values()
            return first if all(other == first for other in rest) else DYNAMIC
    return DYNAMIC


def misfit(value: Value, wanted: Type) -> str | None:
    """Why a value cannot be converted to the wanted type, in Terraform's words; None if it can, or if nobody knows."""
    have = value.type
    if value.constant is None or have == DYNAMIC or wanted == DYNAMIC or isinstance(wanted, BlockSchema):
        return None
    kind, want = kind_of(have), kind_of(wanted)
    if want in PRIMITIVES:
        return _primitive_misfit(value, kind, want)
    if want in ("list", "set"):
        return _list_misfit(have, kind, want, wanted[1])
    if want == "map":
        return _map_misfit(have, kind, wanted[1])
    if want == "object":
        return _object_misfit(have, kind, wanted[1], frozenset(wanted[2]) if len(wanted) > 2 else frozenset())
    if want == "tuple":
        return _tuple_misfit(have, kind, wanted[1])
    return None


def _primitive_misfit(value: Value, kind: str, want: str) -> str | None:
    if kind not in PRIMITIVES:
        return f"{want} required"
    if kind == want or want == "string":
        return None
    if kind == "string":
        constant = value.constant
        if not isinstance(constant, str):
            return None
        fits = constant in _BOOLS if want == "bool" else re.fullmatch(_NUMBER, constant)
        return None if fits else f"a {want} is required"
    return f"a {want} is required"


def _list_misfit(have: Type, kind: str, want: str, element: Type) -> str | None:
    if kind in ("list", "set"):
        return _within("element", misfit(Value(have[1]), element))
    if kind == "tuple":
        for index, item in enumerate(have[1]):
            reason = misfit(as_value(item), element)
            if reason:
                return f"element {index}: {reason}"
        return None
    return f"{want} of {_plain(element)} required"


def _map_misfit(have: Type, kind: str, element: Type) -> str | None:
    if kind == "map":
        return _within("element", misfit(Value(have[1]), element))
    if kind == "object":
        for name, item in _members(have).items():
            reason = misfit(as_value(item), element)
            if reason:
                return f'element "{name}": {reason}'
        return None
    return f"map of {_plain(element)} required"


def _object_misfit(have: Type, kind: str, members: Mapping[str, Type], optional: frozenset[str]) -> str | None:
    if kind == "map":
        return None
    if kind != "object":
        return "object required"
    if isinstance(have, BlockSchema):
        return None
    given = _members(have)
    missing = [name for name in members if name not in given and name not in optional]
    if missing:
        named = ", ".join(f'"{name}"' for name in sorted(missing))
        return f"attribute{'s' if len(missing) > 1 else ''} {named} {'are' if len(missing) > 1 else 'is'} required"
    for name, wanted in members.items():
        item = given.get(name)
        if item is not None:
            reason = misfit(as_value(item), wanted)
            if reason:
                return f'attribute "{name}": {reason}'
    return None


def _tuple_misfit(have: Type, kind: str, wanted: list[Type]) -> str | None:
    if kind in ("list", "set"):
        return None
    if kind != "tuple" or len(have[1]) != len(wanted):
        return "tuple required"
    for index, (item, want) in enumerate(zip(have[1], wanted, strict=True)):
        reason = misfit(as_value(item), want)
        if reason:
            return f"element {index}: {reason}"
    return None


def _within(what: str, reason: str | None) -> str | None:
    return f"{what}: {reason}" if reason else None


def _members(kind: Type) -> Mapping[str, Any]:
    return {} if isinstance(kind, BlockSchema) else kind[1]


def _plain(kind: Type) -> str:
    return kind_of(kind) if not isinstance(kind, list) or kind[0] == "object" else f"{kind[0]} of {_plain(kind[1])}"


# --- type constraints -------------------------------------------------------------------------------------------


class InvalidType(ValueError):
    """A variable's `type` argument is not a type. The message says why."""


def parse_constraint(expr: Expr, depth: int = 0) -> Type:
    """The type that a variable's `type` argument spells. What nests too deep is unknown.

    The names of an object's optional members are its third part: `["object", {...}, ["name"]]`. Raises `InvalidType`.
    """
    if depth == _MAX_DEPTH:
        return DYNAMIC
    if isinstance(expr, Leaf):
        return _keyword(expr.value)
    if expr.kind == "template":
        raise InvalidType("a type is written without quotes: string, number, list(string)")
    name = call_name(expr)
    if name is None:
        raise InvalidType("a type is a keyword (string, number, bool, any) or a call such as list(string)")
    arguments = call_arguments(expr)
    if name in ("list", "set", "map"):
        if len(arguments) != 1:
            raise InvalidType(f"{name}() takes one type, the one of its elements")
        return [name, parse_constraint(arguments[0], depth + 1)]
    if name == "tuple":
        if len(arguments) != 1 or arguments[0].kind != "tuple":
            raise InvalidType("tuple() takes a list of types in brackets")
        return ["tuple", [parse_constraint(item, depth + 1) for item in call_arguments(arguments[0])]]
    if name == "object":
        if len(arguments) != 1 or arguments[0].kind != "object":
            raise InvalidType("object() takes the members' names and types in braces")
        return _object_constraint(arguments[0], depth + 1)
    raise InvalidType(f"{name}() is not a type")


def _keyword(word: str) -> Type:
    if word in PRIMITIVES:
        return word
    if word == "any":
        return DYNAMIC
    if word in ("list", "set", "map"):
        return [word, DYNAMIC]
    raise InvalidType(f"{word} is not a type")


def _object_constraint(body: Expr, depth: int) -> Type:
    members, optional = {}, []
    for item in object_items(body):
        name, value = item_key(item), item_value(item)
        if name is None:
            raise InvalidType("a member of object() has a plain name")
        if call_name(value) == "optional":
            optional.append(name)
            value = call_arguments(value)[0] if call_arguments(value) else value
        members[name] = parse_constraint(value, depth)
    return ["object", members, optional] if optional else ["object", members]
