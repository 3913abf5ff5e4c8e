"""How a map of tags gets the contract's shape.

The shared maps go in front of the resource's own maps, so that whatever the resource says still wins. Only the
provider's default tags, which lose to all else, stay before them. No map moves past another one that may set the same
key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import (
    Element,
    Expr,
    File,
    call_arguments,
    call_name,
    compose,
    indented,
    item_key,
    item_value,
    object_items,
    traversal_address,
)
from tapfix.module.nodes import closing, has_trailing_comma, is_multi_line, item_key_node, opening, opening_newline

from .maps import (
    NO_KEYS,
    NO_NAMES,
    Keys,
    MergeArgument,
    TagMaps,
    has_comment,
    is_merge,
    key_text,
    merge_arguments,
    plain_address,
)

Chunk = str | tuple[int, int]
"""New text, or a range of the file that is kept (start, end)."""

NewEntry = tuple[str, Callable[[], str]]
"""A key, and what gives the text of its value when it is needed."""


class Conformed(NamedTuple):
    """The edits that make a map follow the contract, and what it lacked: addresses of shared maps and keys."""

    edits: tuple[Edit, ...]
    lacked: tuple[str, ...]


class Unclear(NamedTuple):
    """Why a map cannot get the contract's shape without a decision."""

    reason: str


def conform(
    maps: TagMaps, holder: Element, expr: Expr, entries: Iterable[NewEntry], *, elsewhere: Keys = NO_KEYS
) -> Conformed | Unclear | None:
    """Give a map the contract's shape; None if it has that shape.

    `entries` are those that it must have, `elsewhere` are the keys that the resource gets from others.
    """
    shared = maps.contract.shared
    everything = merge_arguments(holder, expr)
    defaults = everything[:1] if everything and _is_defaults(everything[0].expr) else []
    arguments = [_Merged.of(maps, holder, argument) for argument in everything[len(defaults) :]]
    own = [a for a in arguments if a.shares is None]
    held = [address for a in arguments for address in a.shares or ()]
    given = elsewhere
    for address in held:
        given = given.with_(maps.shared_keys(address))
    present = given.certain.union(*(a.keys.certain for a in own))
    kept = given.possible or NO_NAMES  # an entry would override the value that a shared map may set
    wanted = [(key, text) for key, text in entries if key not in present | kept]
    if _follows(expr, shared, held) and not wanted:
        return None
    reason = _overtaken(maps, holder, arguments)
    if reason is not None:
        return Unclear(reason)
    if any("#" in c.prefix or "/" in c.prefix for c in _commas(expr)):
        return Unclear("a comment precedes a comma of its merge, and would end up elsewhere")
    layout = _MapLayout.of(holder, expr, everything, maps.one_line)
    drop = _repeated(maps, holder, everything[0].expr) if layout.is_alone else frozenset()
    in_front = _in_place(shared, arguments)
    in_place = {id(argument) for argument in in_front.values()}
    left_out = [a.argument for a in arguments if a.shares is not None and id(a.argument) not in in_place]
    moved = _Moved(
        front=list(_front(shared, holder, layout, defaults, in_front)),
        own=_own(holder, layout, own, [(key, text()) for key, text in wanted], drop),
        comments="".join(argument.lead.rstrip() for argument in left_out if has_comment(argument.lead)),
    )
    start, end = holder.base + expr.start, holder.base + expr.end
    lacked = (*(a for a in shared if a not in held), *(key for key, _ in wanted))
    return Conformed(edits_of(holder.file, start, end, _chunks(holder, expr, layout, moved)), lacked)


# --- what is merged ---------------------------------------------------------------------------------------------------


class _Merged(NamedTuple):
    """An argument of the merge, after the provider's default tags."""

    argument: MergeArgument
    shares: tuple[str, ...] | None
    """The shared maps that it is another name for; None for a map of the resource's own."""
    keys: Keys
    """The keys of a map of the resource's own."""

    @classmethod
    def of(cls, maps: TagMaps, holder: Element, argument: MergeArgument) -> _Merged:
        shares = maps.shared_in(argument.expr)
        return cls(argument, shares, maps.keys(holder, argument.expr) if shares is None else NO_KEYS)


def _is_defaults(expr: Expr) -> bool:
    """Whether a map is the provider's default tags."""
    found = traversal_address(expr)
    return found is not None and found[0].startswith("data.aws_default_tags.")


def _follows(expr: Expr, shared: tuple[str, ...], held: Sequence[str]) -> bool:
    """Whether an expression begins with the shared maps, each once, in the contract's order."""
    direct = call_arguments(expr) if is_merge(expr) else (expr,)
    direct = direct[1:] if direct and _is_defaults(direct[0]) else direct
    spelled = tuple(plain_address(a) for a in direct[: len(shared)])
    return spelled == shared and len(held) == len(shared)


def _overtaken(maps: TagMaps, holder: Element, arguments: Sequence[_Merged]) -> str | None:
    """Why a shared map cannot move to the front: it would move past a map that may set the same key."""
    shared = maps.contract.shared
    before: list[tuple[str, Keys, int]] = []
    for argument, shares, own_keys in arguments:
        if shares is None:
            before.append((_short(holder.text(argument.expr)), own_keys, len(shared)))
            continue
        for address in shares:
            keys, rank = maps.shared_keys(address), shared.index(address)
            for name, others, other_rank in before:
                both = keys.common(others)
                if other_rank > rank and (both is None or both):
                    what = f"both may set {', '.join(sorted(both))}" if both else "they may set the same keys"
                    return (
                        f"{address} follows {name} and wins over it; the contract has it first, and {what}: "
                        f"decide which of the two is to win"
                    )
            before.append((address, keys, rank))
    return None


def _commas(expr: Expr) -> Iterator[Expr]:
    """The commas of a merge and of the merges in it."""
    if call_name(expr) == "merge":
        for child in expr.children:
            if child.kind == "Comma":
                yield child
            yield from _commas(child)


# --- what it becomes --------------------------------------------------------------------------------------------------


class _MapLayout(NamedTuple):
    """How the arguments of a map's merge are laid out."""

    is_call: bool
    """Whether the map is a merge already: its name and its parentheses are kept."""
    is_spread: bool
    """Whether each argument has a line of its own."""
    indent: str
    """The indent of the arguments, or of the line if they have no lines of their own."""
    is_alone: bool
    """Whether the map is one object without a merge."""
    one_line: bool
    """Whether the module writes small objects on one line."""

    @classmethod
    def of(cls, holder: Element, expr: Expr, arguments: Sequence[MergeArgument], one_line: bool) -> _MapLayout:
        is_call = is_merge(expr)
        is_spread = is_call and bool(arguments) and "\n" in arguments[0].lead
        indent = _last_line(arguments[0].lead) if is_spread else holder.indent
        is_alone = not is_call and len(arguments) == 1 and arguments[0].expr.kind == "object"
        return cls(is_call, is_spread, indent, is_alone, one_line)

    @property
    def lead(self) -> str:
        """The white space before a new argument."""
        return f"\n{self.indent}" if self.is_spread else " "


class _Slot(NamedTuple):
    """An argument as it will be written: the white space and comments before it, and its text."""

    lead: str
    text: Sequence[Chunk]


class _Moved(NamedTuple):
    """The arguments of the merge that the map becomes."""

    front: Sequence[_Slot]
    """The provider's default tags, and the shared maps."""
    own: Sequence[_Slot]
    """The resource's own maps, and its new entries."""
    comments: str
    """The comments of shared maps that were taken out of their place; they go before the own maps."""


def _in_place(shared: Sequence[str], arguments: Sequence[_Merged]) -> dict[str, MergeArgument]:
    """The shared maps that are in front, in the contract's order, by their own names."""
    kept: dict[str, MergeArgument] = {}
    for argument, shares, _ in arguments:
        if shares is None:
            break
        address = plain_address(argument.expr) or ""
        if address in shared and all(shared.index(other) < shared.index(address) for other in kept):
            kept[address] = argument
    return kept


def _front(
    shared: Sequence[str],
    holder: Element,
    layout: _MapLayout,
    defaults: Sequence[MergeArgument],
    kept: Mapping[str, MergeArgument],
) -> Iterator[_Slot]:
    """The provider's default tags and the shared maps: those that are in their place as they are, the others new."""
    for argument in defaults:
        yield _Slot(argument.lead, [_range(holder, argument.expr)])
    for address in shared:
        present = kept.get(address)
        if present is None:
            yield _Slot(layout.lead, [address])
        else:
            yield _Slot(present.lead, [_range(holder, present.expr)])


def _own(
    holder: Element,
    layout: _MapLayout,
    own: Sequence[_Merged],
    entries: Sequence[tuple[str, str]],
    drop: frozenset[Expr],
) -> list[_Slot]:
    """The resource's own maps, with the new entries.

    No map that may set the same keys precedes the entries: they go into the last object before such a map, else into an
    object of their own. `drop` are the items to leave out.
    """
    barrier = next((i for i, a in enumerate(own) if any(a.keys.may_have(key) for key, _ in entries)), len(own))
    literals = [i for i in range(barrier) if own[i].argument.expr.kind == "object"]
    slots = []
    for i, (argument, _, _) in enumerate(own):
        inside = entries if literals and i == literals[-1] else []
        slots.append(_Slot(argument.lead or layout.lead, _object_chunks(holder, argument.expr, inside, drop)))
    if entries and not literals:
        slots.insert(0 if barrier < len(own) else len(own), _Slot(layout.lead, [_new_object(entries, layout)]))
    return slots


def _chunks(holder: Element, expr: Expr, layout: _MapLayout, moved: _Moved) -> Iterator[Chunk]:
    """The text of the merge: what is kept of the old one, and what is new."""
    comments = moved.comments
    if not layout.is_call and not comments and len(moved.front) + len(moved.own) == 1:
        yield from (*moved.front, *moved.own)[0].text  # nothing to merge
        return
    if layout.is_call:
        yield holder.base + expr.start, holder.base + opening(expr).end
    else:
        yield "merge("
    for i, (lead, text) in enumerate((*moved.front, *moved.own)):
        if i == 0 and not layout.is_spread:
            lead = ""
        if comments and i == len(moved.front):
            lead, comments = comments + (lead if "\n" in lead else f"\n{layout.indent}"), ""
        yield f",{lead}" if i else lead
        yield from text
    if layout.is_call:
        trailing = "," if has_trailing_comma(expr) else ""
        yield f"{trailing}{comments}{closing(expr).prefix}"
        yield _range(holder, closing(expr))
    else:
        yield f"{comments}\n{layout.indent})" if comments else ")"


def _range(holder: Element, node: Expr) -> Chunk:
    return holder.base + node.start, holder.base + node.end


def _repeated(maps: TagMaps, holder: Element, expr: Expr) -> frozenset[Expr]:
    """The entries of an object that give a key the value that the common map gives it."""
    common = maps.common
    if common is None:
        return frozenset()
    others = [maps.shared_keys(a) for a in maps.contract.shared if a != f"local.{maps.contract.common}"]
    repeated = []
    for item in object_items(expr):
        key = item_key(item)
        if key is None or key in maps.contract.keys or any(keys.may_have(key) for keys in others):
            continue
        if maps.literal(common, common.expr, key) == holder.text(item_value(item)):
            repeated.append(item)
    return frozenset(repeated)


# --- objects ----------------------------------------------------------------------------------------------------------


def _new_object(entries: Sequence[tuple[str, str]], layout: _MapLayout) -> str:
    return indented(
        compose.object_of({key_text(key): text for key, text in entries}, one_line=layout.one_line), layout.indent
    ).strip()


def _object_chunks(
    holder: Element, expr: Expr, entries: Sequence[tuple[str, str]], drop: frozenset[Expr]
) -> list[Chunk]:
    """An expression as it is. An object gets new entries as its first ones, and loses the items to drop."""
    if expr.kind != "object" or not (entries or drop):
        return [_range(holder, expr)]
    items = object_items(expr)
    quoted = bool(items) and all(item_key_node(item).kind == "template" for item in items)
    rows = [f'"{key}" = {text}' if quoted else f"{key_text(key)} = {text}" for key, text in entries]
    if is_multi_line(expr):
        return _spread_object(holder, expr, rows, drop)
    if drop:
        kept = [holder.text(item) for item in items if item not in drop]
        return [f"{{ {', '.join([*rows, *kept])} }}"]
    start, end = holder.base + expr.start, holder.base + expr.end
    point = holder.base + opening(expr).end
    return [(start, point), "".join(f" {row}," for row in rows), (point, end)]


def _spread_object(holder: Element, expr: Expr, rows: Sequence[str], drop: frozenset[Expr]) -> list[Chunk]:
    """The same for an object whose items have a line of their own each."""
    file, items = holder.file, object_items(expr)
    at, end = holder.base + opening_newline(expr).end, holder.base + expr.end
    indent = _last_line(items[0].prefix) if items else ""
    chunks: list[Chunk] = [(holder.base + expr.start, at), "".join(f"{indent}{row}\n" for row in rows)]
    for item in items:
        start, item_end = holder.base + item.start, holder.base + item.end
        line, line_end = file.line_start(start), file.line_end(item_end)
        around = file.text[line:start] + file.text[item_end:line_end]
        if item in drop and not around.strip(" \t\r\n,") and not has_comment(item.prefix) and line_end <= end:
            chunks.append((at, line))
            at = line_end
    return [*chunks, (at, end)]


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:37] + "…"


# --- edits ------------------------------------------------------------------------------------------------------------


def edits_of(file: File, start: int, end: int, chunks: Iterable[Chunk]) -> tuple[Edit, ...]:
    """The edits that make `text[start:end]` the sequence of the chunks. Kept ranges are in the order of the file."""
    edits = []
    at, new = start, ""
    for chunk in (*chunks, (end, end)):
        if isinstance(chunk, str):
            new += chunk
            continue
        old = file.text[at : chunk[0]]
        if old != new:
            edits.append(_trimmed(file, at, chunk[0], old, new))
        at, new = chunk[1], ""
    return tuple(edits)


def _trimmed(file: File, start: int, end: int, old: str, new: str) -> Edit:
    """An edit without the text at both ends that old and new share."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Edit(file.path, start + head, end - tail, new[head : len(new) - tail])
