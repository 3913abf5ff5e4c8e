"""Finds the values that differ in every plan: calls of `timestamp()` and the like, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from tapfix.module import (
    Attribute,
    Block,
    Expr,
    Module,
    call_arguments,
    call_name,
    item_key,
    item_value,
    string_value,
)
from tapfix.module.nodes import Conditional, step_key, template_parts, traversal_root, traversal_steps

TIME_CALLS = frozenset({"timestamp()", "plantimestamp()"})
CALLS = TIME_CALLS | {"uuid()", "bcrypt()"}
_NAMES = frozenset(call.removesuffix("()") for call in CALLS)

_DERIVING = frozenset(
    """
    abs base64encode base64sha256 base64sha512 chomp element floor formatdate lower md5 nonsensitive
    parseint regex replace sensitive sha1 sha256 sha512 split strrev substr timeadd title tonumber tostring
    trim trimprefix trimspace trimsuffix upper urlencode
    """.split()
)
"""Functions whose result is another form of their first argument, or of a time."""


class VolatileUse(NamedTuple):
    """A place where a volatile value is used."""

    function: str
    """The call that makes it volatile."""
    source: Expr
    """That call, or the reference to a local value that is computed from it."""
    unit: Expr
    """The largest expression that is just the volatile value in another form."""
    around: tuple[Expr, ...]
    """The nodes of the attribute that contain the unit, the innermost first."""
    holder: Attribute
    block: Block
    """The top-level block."""

    @property
    def kind(self) -> str:
        """What the unit is.

        `whole` value of an attribute, `item` of an object, `element` of a list, `part` of a text, or `other`.
        """
        if not self.around:
            return "whole"
        kinds = {"object_item": "item", "tuple": "element", "interpolation": "part"}
        kind = kinds.get(self.around[0].kind, "other")
        return kind if kind != "item" or item_value(self.around[0]) is self.unit else "other"

    @property
    def key(self) -> str | None:
        """The key of the item that the unit is the value of."""
        return item_key(self.around[0]) if self.kind == "item" else None

    @property
    def local(self) -> str | None:
        """The name of the local value that contains it."""
        return self.holder.name if self.block.type == "locals" else None


def uses(module: Module) -> list[VolatileUse]:
    """All uses of volatile values, those through locals as well, in the order of the source."""
    volatile: dict[str, str] = {}
    while True:
        words = {*_NAMES, "local"} if volatile else _NAMES
        blocks = [block for block in module.blocks if _says(block, words)]
        found = [use for block in blocks for use in _uses_in(block, block, volatile)]
        fresh = {_address(use): use.function for use in found if use.function in TIME_CALLS and _is_value(use)}
        if fresh.keys() <= volatile.keys():
            return found
        volatile.update(fresh)


def _says(block: Block, words: Set[str]) -> bool:
    """Whether the text of a block contains any of the words."""
    text = block.text()
    return any(word in text for word in words)


def _is_value(use: VolatileUse) -> bool:
    """Whether a local value, or an item of the object that it is, is volatile as a whole."""
    if use.local is None:
        return False
    return use.kind == "whole" or (use.kind == "item" and use.key is not None and len(use.around) == 2)


def _address(use: VolatileUse) -> str:
    return f"local.{use.local}" if use.kind == "whole" else f"local.{use.local}.{use.key}"


def _uses_in(block: Block, top: Block, volatile: Mapping[str, str]) -> Iterator[VolatileUse]:
    for attribute in block.attributes.values():
        yield from _uses_of(attribute, top, volatile)
    for nested in block.blocks:
        yield from _uses_in(nested, top, volatile)


def _uses_of(holder: Attribute, top: Block, volatile: Mapping[str, str]) -> Iterator[VolatileUse]:
    stack: list[tuple[Expr, tuple[Expr, ...]]] = [(holder.expr, ())]
    while stack:
        node, around = stack.pop()
        function = _volatile_function(node, volatile)
        if function is not None:
            unit, rest = _climb(node, around)
            yield VolatileUse(function, node, unit, rest, holder, top)
            if node.kind == "traversal":
                continue
        stack.extend((child, (node, *around)) for child in reversed(node.children) if child.children)


def _volatile_function(node: Expr, volatile: Mapping[str, str]) -> str | None:
    name = call_name(node)
    if name is not None:
        return f"{name}()" if f"{name}()" in CALLS else None
    if node.kind != "traversal" or traversal_root(node).text != "local" or not volatile:
        return None
    names = [step_key(step) for step in traversal_steps(node)[:2]]
    for length in (1, 2):
        if len(names) >= length and None not in names[:length]:
            found = volatile.get(".".join(["local", *(n for n in names[:length] if n)]))
            if found is not None:
                return found
    return None


def _climb(node: Expr, around: tuple[Expr, ...]) -> tuple[Expr, tuple[Expr, ...]]:
    """The largest expression with a volatile one and nothing else worth keeping, and the nodes around it."""
    while around:
        parent = around[0]
        if (
            parent.kind == "paren"
            or (parent.kind == "call" and _derives(parent))
            or (parent.kind == "traversal" and traversal_root(parent) is node)
            or (parent.kind == "conditional" and all(c is node or _is_nothing(c) for c in Conditional.of(parent)[1:]))
        ):
            node, around = parent, around[1:]
        elif parent.kind == "interpolation" and around[1].kind == "template" and len(template_parts(around[1])) == 1:
            node, around = around[1], around[2:]
        else:
            break
    return node, around


def _derives(call: Expr) -> bool:
    name = call_name(call)
    if name == "format":
        arguments = call_arguments(call)
        return len(arguments) == 2 and string_value(arguments[0]) in ("%s", "%v", "%d")
    return name in _DERIVING


def _is_nothing(expr: Expr) -> bool:
    return expr.text in ("null", '""')
