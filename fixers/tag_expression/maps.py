"""Maps of tags: the contract's expression, the maps that an expression merges, and the keys that a map has.

Later arguments of `merge` win over earlier ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    File,
    Module,
    call_arguments,
    call_name,
    compose,
    item_key,
    item_value,
    object_items,
    traversal_address,
)
from tapfix.module.nodes import Conditional, expands, parenthesized

NAME_PLACEHOLDER = "NAME"
"""The word for the resource's own name in the contract's expression."""


class TagEntry(NamedTuple):
    """An entry that the contract wants in every map; `text` is its expression, None for the resource's name."""

    key: str
    text: str | None


class TagContract(NamedTuple):
    """The contract's expression: the addresses of the shared maps, and the entries of the object after them."""

    shared: tuple[str, ...]
    entries: tuple[TagEntry, ...]

    @classmethod
    @cache
    def read(cls, expression: str) -> TagContract | None:
        """The contract that an expression states.

        None unless the expression is a `merge` of local values and variables, with one object at the end.
        """
        attribute = File("contract.tf", f"tags = {expression}\n").attributes.get("tags")
        if attribute is None:
            return None
        *shared, last = flattened(attribute, attribute.expr) or [attribute.expr]
        entries = []
        if last.kind == "object":
            for item in object_items(last):
                key, text = item_key(item), attribute.text(item_value(item))
                if key is None:
                    return None
                entries.append(TagEntry(key, None if text == NAME_PLACEHOLDER else text))
        else:
            shared.append(last)
        addresses = tuple(plain_address(expr) or "" for expr in shared)
        if not addresses or not all(a.startswith(("local.", "var.")) for a in addresses):
            return None
        return cls(addresses, tuple(entries))

    @property
    def common(self) -> str | None:
        """The name of the local value that contains what all resources share."""
        return next((a.removeprefix("local.") for a in self.shared if a.startswith("local.")), None)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables among the shared maps."""
        return tuple(a.removeprefix("var.") for a in self.shared if a.startswith("var."))

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the entries that the contract wants in every map."""
        return frozenset(entry.key for entry in self.entries)

    def __str__(self) -> str:
        items = ", ".join(f"{e.key} = {e.text or '…'}" for e in self.entries)
        return f"merge({', '.join(self.shared)}{', { ' + items + ' }' if items else ''})"


# --- keys -------------------------------------------------------------------------------------------------------------


class Keys(NamedTuple):
    """The keys that a map certainly has, and those that it may have (`None`: any)."""

    certain: frozenset[str]
    possible: frozenset[str] | None

    @classmethod
    def exactly(cls, names: Iterable[str]) -> Keys:
        """The keys of a map whose keys are all known."""
        known = frozenset(names)
        return cls(known, known)

    def may_have(self, key: str) -> bool:
        return self.possible is None or key in self.possible

    def with_(self, other: Keys) -> Keys:
        """The keys of both maps, merged."""
        return Keys(self.certain | other.certain, self._possible_with(other))

    def or_(self, other: Keys) -> Keys:
        """The keys of the one map or the other."""
        return Keys(self.certain & other.certain, self._possible_with(other))

    def _possible_with(self, other: Keys) -> frozenset[str] | None:
        return None if self.possible is None or other.possible is None else self.possible | other.possible

    def common(self, other: Keys) -> frozenset[str] | None:
        """The keys that both may have; `None` where that is not known."""
        if self.possible is None or other.possible is None:
            sure = other.possible if self.possible is None else self.possible
            return NO_NAMES if sure is not None and not sure else None
        return self.possible & other.possible


NO_NAMES: frozenset[str] = frozenset()
NO_KEYS = Keys(NO_NAMES, NO_NAMES)
ANY_KEYS = Keys(NO_NAMES, None)


def _either(ways: Iterable[Keys]) -> Keys:
    """The keys of a map that is one of several; any, if there is none."""
    found: Keys | None = None
    for keys in ways:
        found = keys if found is None else found.or_(keys)
    return found or ANY_KEYS


def _keys_of_values(values: Iterable[object]) -> Keys:
    """The keys of a map that evaluates to these values, one for each environment."""
    return _either(
        Keys.exactly(value or ()) if value is None or isinstance(value, dict) else ANY_KEYS for value in values
    )


def _object_keys(expr: Expr) -> Keys:
    names = [item_key(item) for item in object_items(expr)]
    known = frozenset(n for n in names if n is not None)
    return Keys(known, None if None in names else known)


# --- the maps of a module ---------------------------------------------------------------------------------------------


class TagMaps:
    """The maps of tags of one module. What a caller gives to a variable is read in the caller's module."""

    def __init__(
        self, module: Module, context: Context, contract: TagContract, known: dict[str, TagMaps] | None = None
    ) -> None:
        self.module = module
        self.contract = contract
        self._context = context
        self._known = known if known is not None else {}
        self._known[module.folder] = self
        self._shared_keys: dict[str, Keys] = {}

    def of(self, module: Module) -> TagMaps:
        """The maps of another module of the project."""
        return self._known.get(module.folder) or TagMaps(module, self._context, self.contract, self._known)

    @cached_property
    def callers(self) -> tuple[tuple[TagMaps, Block], ...]:
        """The calls of this module in the project, with the maps of the calling module."""
        project = self._context.project
        return tuple((self.of(project.module_of(call.file)), call) for call in project.callers(self.module))

    @cached_property
    def one_line(self) -> bool:
        """Whether the module writes its small objects of tags on one line."""
        styles = Counter(
            "\n" in attribute.text(part)
            for block in self.module.resources()
            for attribute in (block.get("tags"),)
            if attribute is not None
            for part in flattened(attribute, attribute.expr)
            if part.kind == "object" and len(object_items(part)) == 1
        )
        return styles[False] > styles[True]

    @property
    def common(self) -> Attribute | None:
        """The local value that the contract calls the common map."""
        return self.module.locals.get(self.contract.common or "")

    def keys(self, holder: Element, expr: Expr, seen: frozenset[str] = NO_NAMES) -> Keys:
        """The keys of a map, in all environments. `seen` are the local values that led to it."""
        if expr.kind == "object":
            return _object_keys(expr)
        if expr.kind == "paren":
            return self.keys(holder, parenthesized(expr), seen)
        if expr.kind == "conditional":
            _, yes, no = Conditional.of(expr)
            return self.keys(holder, yes, seen).or_(self.keys(holder, no, seen))
        if _merges(expr):
            found = NO_KEYS
            for argument in call_arguments(expr):
                found = found.with_(self.keys(holder, argument, seen))
            return found
        address = plain_address(expr) or ""
        local = self._local(address)
        if local is not None:
            return ANY_KEYS if address in seen else self.keys(local, local.expr, seen | {address})
        if address.startswith("var.") and not self.module.is_root:
            return self._given_keys(address.removeprefix("var."))
        return self._evaluated_keys(holder, expr)

    def _local(self, address: str) -> Attribute | None:
        """The local value of an address; None for another address."""
        return self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None

    def _given_keys(self, variable: str) -> Keys:
        """The keys of a variable that callers may give a value."""
        return _either(self._keys_in_call(maps, call, variable) for maps, call in self.callers)

    def _keys_in_call(self, maps: TagMaps, call: Block, variable: str) -> Keys:
        """The keys that a variable has in one call of the module; `maps` are those of the caller."""
        given = call.get(variable)
        if given is not None:
            return maps.keys(given, given.expr)
        block = self.module.variables.get(variable)
        default = block.get("default") if block is not None else None
        return self.keys(default, default.expr) if default is not None else ANY_KEYS

    def shared_keys(self, address: str) -> Keys:
        """The keys of one of the contract's shared maps; none if the module does not have it yet."""
        if address not in self._shared_keys:
            self._shared_keys[address] = self._keys_of_shared(address)
        return self._shared_keys[address]

    def keys_of_all_shared(self, but: Iterable[str] = ()) -> Keys:
        """The keys of all of the contract's shared maps but some."""
        found = NO_KEYS
        for address in self.contract.shared:
            found = found if address in but else found.with_(self.shared_keys(address))
        return found

    def _keys_of_shared(self, address: str) -> Keys:
        scope, _, name = address.partition(".")
        if scope == "local":
            attribute = self.module.locals.get(name)
            return self.keys(attribute, attribute.expr) if attribute is not None else NO_KEYS
        if name not in self.module.variables:
            return NO_KEYS
        if not self.module.is_root:
            return self._given_keys(name)
        return _keys_of_values(e.variable(name) for e in self._context.evaluators(self.module).values())

    def _evaluated_keys(self, holder: Element, expr: Expr) -> Keys:
        if not self.module.is_root and not self.callers and "var." in holder.text(expr):
            return ANY_KEYS  # a caller that is not part of the answer gives the value
        return _keys_of_values(self._context.values(holder, expr).values())

    def literal(self, holder: Element, expr: Expr, key: str, seen: frozenset[str] = NO_NAMES) -> str | None:
        """The text of the entry that gives a key its value.

        None where no entry is written out for it, or where a later map may set the key.
        """
        for part in reversed(flattened(holder, expr)):
            if part.kind == "object":
                found = next((i for i in reversed(object_items(part)) if item_key(i) == key), None)
                if found is not None:
                    return holder.text(item_value(found))
            address = plain_address(part) or ""
            local = self._local(address)
            if local is not None and address not in seen:
                text = self.literal(local, local.expr, key, seen | {address})
                if text is not None:
                    return text
            if self.keys(holder, part).may_have(key):
                return None
        return None

    def shared_in(self, expr: Expr, seen: frozenset[str] = NO_NAMES) -> tuple[str, ...] | None:
        """The shared maps that an expression is just another name for; None if it is another map."""
        address = plain_address(expr)
        if address is None or address in seen:
            return None
        if address in self.contract.shared:
            return (address,)
        if self.common is not None and plain_address(self.common.expr) == address:
            return (f"local.{self.contract.common}",)
        alias = self._local(address)
        if alias is None:
            return None
        parts = [self.shared_in(part, seen | {address}) for part in flattened(alias, alias.expr)]
        if not parts or None in parts:
            return None
        return tuple(a for part in parts if part for a in part)

    def held(self, holder: Element, expr: Expr) -> frozenset[str]:
        """The shared maps among the arguments of a map."""
        return frozenset(a for part in flattened(holder, expr) for a in self.shared_in(part) or ())


# --- what an expression merges ----------------------------------------------------------------------------------------


class MergeArgument(NamedTuple):
    """An argument of a flattened merge, and the white space and comments before it."""

    expr: Expr
    lead: str


def plain_address(expr: Expr) -> str | None:
    """`local.x` or `var.x` where an expression is that and nothing else."""
    found = traversal_address(expr)
    return found[0] if found is not None and found[1] == len(expr.children) else None


def flattened(holder: Element, expr: Expr) -> list[Expr]:
    """The maps that an expression merges, in order, without empty ones; nested merges are looked into."""
    return [a.expr for a in merge_arguments(holder, expr)]


def merge_arguments(holder: Element, expr: Expr) -> list[MergeArgument]:
    """The same, with the white space and comments before each."""
    return list(_flat(holder, expr, "", outermost=True))


def _flat(holder: Element, expr: Expr, lead: str, *, outermost: bool = False) -> Iterator[MergeArgument]:
    if _is_empty(holder, expr):
        return
    parts: Sequence[Expr] = ()
    if expr.kind == "paren":
        parts = (parenthesized(expr),)
    elif _merges(expr):
        parts = call_arguments(expr)
    ending = holder.file.text[holder.base + parts[-1].end : holder.base + expr.end] if parts else ""
    if not parts or (has_comment(ending) and not outermost):
        yield MergeArgument(expr, lead)
        return
    for i, part in enumerate(parts):
        own, before = part.prefix, lead if i == 0 else ""
        both = (before.rstrip() if own.startswith("\n") else before) + own
        yield from _flat(holder, part, before if before and not has_comment(own) else both)


def _is_empty(holder: Element, expr: Expr) -> bool:
    if expr.kind in ("object", "tuple"):
        return all(
            c.kind in ("OBrace", "CBrace", "OBrack", "CBrack", "Newline") for c in expr.children
        ) and not has_comment(holder.text(expr))
    return expr.kind == "Identifier" and expr.text == "null"


def is_merge(expr: Expr) -> bool:
    """Whether an expression is a `merge` of maps that are written out, and not of a list of them."""
    return call_name(expr) == "merge" and not expands(expr)


def _merges(expr: Expr) -> bool:
    """Whether an expression is the maps that are its arguments, merged."""
    return call_name(expr) in ("merge", "tomap") and not expands(expr)


def key_text(key: str) -> str:
    """A key as an object writes it."""
    return key if re.fullmatch(r"[A-Za-z_][\w-]*", key) else compose.quoted(key)


def has_comment(text: str) -> bool:
    """Whether white space between tokens contains a comment."""
    return "#" in text or "//" in text or "/*" in text
