"""Where a module's common map comes from, if it has none of the contract's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Expr,
    call_name,
    compose,
    expression_references,
    indented,
    item_key,
    item_value,
    object_items,
)
from tapfix.module.environments import environment_variable
from tapfix.module.nodes import ForExpr

from .maps import NO_NAMES, flattened, key_text, plain_address
from .work import TagWork

MAP_TYPES = r"map\b|any\b|object\b"
"""How the type of a variable begins that can be a map of tags."""

_FREE = r"var\.|local\.|terraform\.|path\.|data\.aws_(caller_identity|region|partition)\."
"""How the address of something begins that no resource of the module makes."""

TagRow = tuple[str, str]
"""A key, and the text of its value."""


class MadeMap(NamedTuple):
    """A new common map."""

    text: str
    message: str
    """Where it comes from, for the finding."""
    edits: Sequence[Edit] = ()
    """What changes with it elsewhere."""


class CommonMap:
    """Finds what the common map of a module is to be."""

    def __init__(self, work: TagWork) -> None:
        self.work = work
        self.address = f"local.{work.contract.common}"

    def under_another_name(self) -> str | None:
        """The local value or variable that is the common map under another name.

        That is the provider's default tags if all providers name the same map, else what most maps of tags begin with.
        """
        shared = self.work.contract.shared
        defaults = {plain_address(part) for a in self.work.default_tags for part in flattened(a, a.expr)[:1]}
        only = next(iter(defaults)) if len(defaults) == 1 else None
        if only is not None and only not in shared and self._may_be_common(only):
            return only
        counts: Counter[str] = Counter()
        tagged = 0
        for holder, expr in self.work.maps_of_tags():
            parts = flattened(holder, expr)
            tagged += bool(parts)
            address = plain_address(parts[0]) if parts else None
            if address is not None and address not in shared:
                counts[address] += 1
        counts = Counter({address: count for address, count in counts.items() if self._may_be_common(address)})
        if not counts:
            return None
        best, count = counts.most_common(1)[0]
        enough = count * 2 > counts.total() if best.startswith("local.") else count * 2 > tagged
        return best if enough else None

    def _may_be_common(self, address: str) -> bool:
        scope, _, name = address.partition(".")
        if scope == "local":
            attribute = self.work.module.locals.get(name)
            return attribute is not None and is_tag_map(self.work.context, attribute)
        block = self.work.module.variables.get(name)
        type = block.get("type") if block is not None else None
        return scope == "var" and (type is None or bool(re.match(MAP_TYPES, type.value)))

    def made(self, source: str | None) -> MadeMap:
        """A new common map: another name for `source`, else made of what the module's maps share."""
        if source is not None:
            return MadeMap(source, f"{self.address} is {source}, the map that most resources name")
        from_defaults = self._from_defaults()
        if from_defaults is not None:
            return from_defaults
        rows = self._shared_entries()
        if rows:
            keys = ", ".join(key for key, _ in rows)
            return MadeMap(_object(rows), f"{self.address} is made of what the literal maps share ({keys})")
        rows = list(self._least())
        keys = ", ".join(key for key, _ in rows) or "empty"
        return MadeMap(_object(rows), f"{self.address} is made ({keys})")

    def _from_defaults(self) -> MadeMap | None:
        """The entries that the `default_tags` of all providers share. Each provider names the common map instead."""
        maps = [(attribute, _literal(attribute)) for attribute in self.work.default_tags]
        known = [(attribute, entries) for attribute, entries in maps if entries is not None]
        shared = _shared([dict(entries) for _, entries in known], NO_NAMES) if len(known) == len(maps) else []
        if not shared:
            return None
        edits: list[Edit] = []
        names = {key for key, _ in shared}
        for attribute, entries in known:
            if "#" in attribute.value or "//" in attribute.value:
                continue  # the comment would be lost
            own = _object([(key, text) for key, text in entries if key not in names])
            merged = compose.call("merge", self.address, indented(own, attribute.indent).strip())
            new = self.address if own == "{}" else merged
            edits.append(attribute.replace(new))
        return MadeMap(_object(shared), f"{self.address} is made of the provider's default_tags", edits)

    def _shared_entries(self) -> list[TagRow]:
        """The entries that all literal maps have, with the same value."""
        maps = []
        for tagged in self.work.tagged:
            attribute = tagged.block.get("tags")
            entries = _literal(attribute) if attribute is not None else None
            if attribute is not None and entries is not None:
                usable = {key for key, value in _items(attribute) if self._is_free(attribute, value)}
                maps.append({k: v for k, v in entries if k in usable})
        if len(maps) < min(2, len(self.work.tagged)):
            return []
        return _shared(maps, self.work.contract.keys)

    def _is_free(self, holder: Attribute, value: Expr) -> bool:
        """Whether a local value that resources use can contain a value: nothing that resources make leads to it."""
        todo = list(expression_references(holder, value))
        seen = set()
        while todo:
            reference = todo.pop()
            if not re.match(_FREE, reference.address):
                return False
            local = self.work.module.locals.get(reference.address.removeprefix("local."))
            if reference.address.startswith("local.") and local is not None and reference.address not in seen:
                seen.add(reference.address)
                todo += expression_references(local, local.expr)
        return True

    def _least(self) -> Iterator[TagRow]:
        """What a common map contains where the maps share nothing.

        No key that a resource or a provider spells otherwise, and none that the default tags may have.
        """
        work, maps = self.work, self.work.maps
        possible = [maps.keys(holder, expr).possible or () for holder, expr in work.maps_of_tags()]
        taken = {key.casefold(): key for keys in possible for key in keys}
        defaults = [maps.keys(a, a.expr) for a in work.default_tags]
        if not work.module.is_root:
            defaults += [m.keys(a, a.expr) for t in work.tagged[:1] for m, a in work.defaults_of(t.block)]
        variable = environment_variable(work.module)
        environment = f"var.{variable.name}" if variable is not None else ""
        for key, text in (("Environment", environment), ("ManagedBy", '"terraform"')):
            if text and taken.get(key.casefold(), key) == key and not any(d.may_have(key) for d in defaults):
                yield key, text


def is_tag_map(context: Context, attribute: Attribute) -> bool:
    """Whether a local value can be one map of tags: not a list, a text, or a map of maps in any environment."""
    if attribute.expr.kind in ("tuple", "for_tuple", "template", "heredoc", "NumberLit", "Identifier"):
        return False
    if any(map(_is_map_of_maps, flattened(attribute, attribute.expr))):
        return False
    maps = [value for value in context.values(attribute).values() if isinstance(value, dict)]
    return not any(isinstance(v, dict | list) for value in maps for v in value.values())


def _is_map_of_maps(expr: Expr) -> bool:
    if expr.kind == "object":
        return any(item_value(i).kind in ("object", "tuple", "for_object") for i in object_items(expr))
    if expr.kind == "for_object":
        made = ForExpr.of(expr).value
        return made.kind in ("object", "tuple") or call_name(made) == "merge"
    return False


def _items(attribute: Attribute) -> list[tuple[str, Expr]]:
    """The entries of a map that is one object and no more."""
    parts = flattened(attribute, attribute.expr)
    if len(parts) != 1 or parts[0].kind != "object":
        return []
    return [(key, item_value(i)) for i in object_items(parts[0]) if (key := item_key(i)) is not None]


def _literal(attribute: Attribute) -> list[TagRow] | None:
    """The entries of a map that is one object and no more, as text; None for another, or if a key is computed."""
    parts = flattened(attribute, attribute.expr)
    if len(parts) != 1 or parts[0].kind != "object" or any(item_key(i) is None for i in object_items(parts[0])):
        return None
    return [(key, attribute.text(value)) for key, value in _items(attribute)]


def _shared(maps: Sequence[dict[str, str]], without: frozenset[str]) -> list[TagRow]:
    """The entries that all maps have, in the order of the first."""
    first = maps[0].items() if maps else ()
    return [(key, text) for key, text in first if key not in without and all(m.get(key) == text for m in maps)]


def _object(rows: Sequence[TagRow]) -> str:
    return compose.object_of({key_text(key): text for key, text in rows})
