"""Maps of tags: the contract's expression, what a map certainly or possibly holds, and how one comes to follow the contract.

Later arguments of `merge` win. A map is brought into the contract's shape by putting the shared maps in front (but for the
provider's default tags, which lose to all else), so that whatever it held still wins; nothing is moved past a map that may set
the same key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from tapfix.edits import Edit
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
    expression_references,
    item_key,
    item_value,
    object_items,
    traversal_address,
)

NAME_PLACEHOLDER = "NAME"
"""What stands for the resource's own name in the contract's expression."""

Piece = str | tuple[int, int]
"""New text, or a stretch of the file that is kept."""


class Entry(NamedTuple):
    """An entry that the contract wants in every map; `text` is its expression, None for the resource's name."""

    key: str
    text: str | None


class TagContract(NamedTuple):
    """The contract's expression: the shared maps, and the entries of the object behind them."""

    shared: tuple[str, ...]
    entries: tuple[Entry, ...]

    @classmethod
    @cache
    def read(cls, expression: str) -> TagContract | None:
        """The contract that an expression states; None if it is not a `merge` of locals, variables and one object at the end."""
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
                entries.append(Entry(key, None if text == NAME_PLACEHOLDER else text))
        else:
            shared.append(last)
        addresses = tuple(plain_address(expr) or "" for expr in shared)
        if not addresses or not all(a.startswith(("local.", "var.")) for a in addresses):
            return None
        return cls(addresses, tuple(entries))

    @property
    def common(self) -> str | None:
        """The name of the local value that holds what all resources share."""
        return next((a.removeprefix("local.") for a in self.shared if a.startswith("local.")), None)

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(a.removeprefix("var.") for a in self.shared if a.startswith("var."))

    def __str__(self) -> str:
        items = ", ".join(f"{e.key} = {e.text or '…'}" for e in self.entries)
        return f"merge({', '.join(self.shared)}{', { ' + items + ' }' if items else ''})"


class Keys(NamedTuple):
    """The keys that a map certainly has, and those that it may have (`None`: any)."""

    certain: frozenset[str]
    possible: frozenset[str] | None

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
        """The keys that both may have; `None` where that cannot be told."""
        if self.possible is None or other.possible is None:
            sure = other.possible if self.possible is None else self.possible
            return NO_NAMES if sure is not None and not sure else None
        return self.possible & other.possible


NO_NAMES: frozenset[str] = frozenset()
NO_KEYS = Keys(NO_NAMES, NO_NAMES)
ANY_KEYS = Keys(NO_NAMES, None)


class Conformed(NamedTuple):
    """How a map comes to follow the contract, and what it lacked: addresses of shared maps and keys."""

    edits: tuple[Edit, ...]
    lacked: tuple[str, ...]


class Unclear(NamedTuple):
    """Why a map cannot be brought into the contract's shape without a decision."""

    reason: str


class TagMaps:
    """The maps of tags of one module; what a caller gives its variables is looked up in the caller's."""

    def __init__(
        self, module: Module, context: Context, rule: TagContract, known: dict[str, TagMaps] | None = None
    ) -> None:
        self.module = module
        self.rule = rule
        self._context = context
        self._known = known if known is not None else {}
        self._known[module.folder] = self
        self._shared_keys: dict[str, Keys] = {}

    def of(self, module: Module) -> TagMaps:
        """The maps of another module of the project."""
        return self._known.get(module.folder) or TagMaps(module, self._context, self.rule, self._known)

    @cached_property
    def callers(self) -> tuple[tuple[TagMaps, Block], ...]:
        """The calls of this module in the project, with the maps of the module that each stands in."""
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

    # --- what a map holds ---------------------------------------------------------------------------------------------

    def keys(self, holder: Element, expr: Expr, seen: frozenset[str] = NO_NAMES) -> Keys:
        """The keys of a map, in all environments."""
        if expr.kind == "object":
            return self._object_keys(expr)
        if expr.kind == "paren":
            return self.keys(holder, expr.children[1], seen)
        if expr.kind == "conditional":
            return self.keys(holder, expr.children[2], seen).or_(self.keys(holder, expr.children[4], seen))
        if call_name(expr) in ("merge", "tomap") and not _expands(expr):
            found = NO_KEYS
            for argument in call_arguments(expr):
                found = found.with_(self.keys(holder, argument, seen))
            return found
        address = plain_address(expr) or ""
        local = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
        if local is not None:
            return ANY_KEYS if address in seen else self.keys(local, local.expr, seen | {address})
        if address.startswith("var.") and not self.module.is_root:
            return self._given_keys(address.removeprefix("var."))
        return self._evaluated_keys(holder, expr)

    def _given_keys(self, variable: str) -> Keys:
        """The keys of a variable that callers may give a value."""
        found: Keys | None = None
        for maps, call in self.callers:
            given = call.get(variable)
            block = self.module.variables.get(variable)
            default = block.get("default") if block is not None else None
            keys = ANY_KEYS
            if given is not None:
                keys = maps.keys(given, given.expr)
            elif default is not None:
                keys = self.keys(default, default.expr)
            found = keys if found is None else found.or_(keys)
        return found or ANY_KEYS

    def shared_keys(self, address: str) -> Keys:
        """The keys of one of the shared maps; none if it is not there yet."""
        if address not in self._shared_keys:
            self._shared_keys[address] = self._keys_of_shared(address)
        return self._shared_keys[address]

    def _keys_of_shared(self, address: str) -> Keys:
        scope, _, name = address.partition(".")
        if scope == "local":
            attribute = self.module.locals.get(name)
            return self.keys(attribute, attribute.expr) if attribute is not None else NO_KEYS
        if name not in self.module.variables:
            return NO_KEYS
        if not self.module.is_root:
            return self._given_keys(name)
        text = File("probe.tf", f"tags = {address}\n").attributes["tags"]
        return self._evaluated_keys(text, text.expr)

    def _object_keys(self, expr: Expr) -> Keys:
        names = [item_key(item) for item in object_items(expr)]
        known = frozenset(n for n in names if n is not None)
        return Keys(known, None if None in names else known)

    def _evaluated_keys(self, holder: Element, expr: Expr) -> Keys:
        if not self.module.is_root and "var." in holder.text(expr):
            return ANY_KEYS  # a caller gives the value
        found: Keys | None = None
        for value in self._context.values(holder, expr).values():
            names = frozenset(value) if isinstance(value, dict) else NO_NAMES
            keys = Keys(names, names) if value is None or isinstance(value, dict) else ANY_KEYS
            found = keys if found is None else found.or_(keys)
        return found or ANY_KEYS

    def literal(self, holder: Element, expr: Expr, key: str, seen: frozenset[str] = NO_NAMES) -> str | None:
        """The text of the entry that gives a key its value, where it is written out and nothing behind it may set it."""
        for part in reversed(flattened(holder, expr)):
            if part.kind == "object":
                found = next((i for i in reversed(object_items(part)) if item_key(i) == key), None)
                if found is not None:
                    return holder.text(item_value(found))
            address = plain_address(part) or ""
            local = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
            if local is not None and address not in seen:
                text = self.literal(local, local.expr, key, seen | {address})
                if text is not None:
                    return text
            if self.keys(holder, part).may_have(key):
                return None
        return None

    def shared_in(self, expr: Expr, seen: frozenset[str] = NO_NAMES) -> tuple[str, ...] | None:
        """The shared maps that an expression is just another name for; None if it is a map of its own."""
        address = plain_address(expr)
        if address is None or address in seen:
            return None
        if address in self.rule.shared:
            return (address,)
        common = self.module.locals.get(self.rule.common or "")
        if common is not None and plain_address(common.expr) == address:
            return (f"local.{self.rule.common}",)
        alias = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
        if alias is None:
            return None
        parts = [self.shared_in(part, seen | {address}) for part in flattened(alias, alias.expr)]
        if not parts or None in parts:
            return None
        return tuple(a for part in parts if part for a in part)

    def held(self, holder: Element, expr: Expr) -> frozenset[str]:
        """The shared maps among the arguments of a map."""
        return frozenset(a for part in flattened(holder, expr) for a in self.shared_in(part) or ())

    # --- how a map comes to follow the contract -----------------------------------------------------------------------

    def conform(
        self,
        holder: Element,
        expr: Expr,
        entries: Iterable[tuple[str, Callable[[], str]]],
        *,
        elsewhere: Keys = NO_KEYS,
    ) -> Conformed | Unclear | None:
        """Bring a map into the contract's shape. `entries` are what it must have, `elsewhere` what others give the resource already.

        None: it follows the contract as it stands.
        """
        first, arguments = _after_defaults(_arguments(holder, expr))
        shares = [self.shared_in(a.expr) for a in arguments]
        own = [a for a, share in zip(arguments, shares, strict=True) if share is None]
        own_keys = [self.keys(holder, a.expr) for a in own]
        held = [address for share in shares for address in share or ()]
        given = elsewhere
        for address in held:
            given = given.with_(self.shared_keys(address))
        present = given.certain.union(*(k.certain for k in own_keys))
        kept = given.possible or NO_NAMES  # what a shared map may set, an entry behind it would override
        wanted = [(key, text) for key, text in entries if key not in present | kept]
        lacked = (*(a for a in self.rule.shared if a not in held), *(key for key, _ in wanted))
        if self._follows(expr, held) and not wanted:
            return None
        unclear = self._overtaken(holder, arguments, shares)
        if unclear:
            return unclear
        if any("#" in c.prefix or "/" in c.prefix for c in _commas(expr)):
            return Unclear("a comment stands before a comma of its merge, and would end up elsewhere")
        return Conformed(self._edits(holder, expr, first, arguments, own, own_keys, wanted), lacked)

    def _follows(self, expr: Expr, held: Sequence[str]) -> bool:
        direct = call_arguments(expr) if is_merge(expr) else (expr,)
        direct = direct[1:] if direct and _is_defaults(direct[0]) else direct
        spelled = tuple(plain_address(a) for a in direct[: len(self.rule.shared)])
        return spelled == self.rule.shared and len(held) == len(self.rule.shared)

    def _overtaken(
        self, holder: Element, arguments: Sequence[_Argument], shares: Sequence[tuple[str, ...] | None]
    ) -> Unclear | None:
        """Whether a shared map would move past one that may set the same key."""
        before: list[tuple[str, Keys, int]] = []
        for argument, share in zip(arguments, shares, strict=True):
            if share is None:
                before.append(
                    (_short(holder.text(argument.expr)), self.keys(holder, argument.expr), len(self.rule.shared))
                )
                continue
            for address in share:
                keys, rank = self.shared_keys(address), self.rule.shared.index(address)
                for name, others, other_rank in before:
                    both = keys.common(others)
                    if other_rank > rank and (both is None or both):
                        what = (
                            f"both may set {', '.join(sorted(both))}"
                            if both
                            else "nothing tells whether they set the same keys"
                        )
                        return Unclear(
                            f"{address} stands behind {name} and wins over it; the contract has it in front, and {what}: "
                            f"decide which of the two is to win"
                        )
                before.append((address, keys, rank))
        return None

    def _edits(
        self,
        holder: Element,
        expr: Expr,
        defaults: Sequence[_Argument],
        arguments: Sequence[_Argument],
        own: Sequence[_Argument],
        own_keys: Sequence[Keys],
        wanted: Sequence[tuple[str, Callable[[], str]]],
    ) -> tuple[Edit, ...]:
        base, call = holder.base, is_merge(expr)
        everything = (*defaults, *arguments)
        spread = call and bool(everything) and "\n" in everything[0].lead
        indent = holder.file.text[holder.file.line_start(holder.start) : holder.start]
        indent = indent[: len(indent) - len(indent.lstrip())]
        inner = _last_line(everything[0].lead) if spread else indent
        lead = f"\n{inner}" if spread else " "
        alone = len(everything) == 1 and everything[0].expr.kind == "object" and not call

        segments: list[tuple[str, list[Piece]]] = [
            (d.lead, [(base + d.expr.start, base + d.expr.end)]) for d in defaults
        ]
        carried = ""
        kept: dict[str, _Argument] = {}
        first_own = own[0].expr.start if own else expr.end
        for argument in arguments:
            address = plain_address(argument.expr)
            in_front = address in self.rule.shared and argument.expr.start < first_own
            if in_front and all(self.rule.shared.index(a) < self.rule.shared.index(address or "") for a in kept):
                kept[address or ""] = argument
                continue
            if argument not in own and has_comment(argument.lead):
                carried += argument.lead.rstrip()
        for address in self.rule.shared:
            there = kept.get(address)
            body: list[Piece] = [(base + there.expr.start, base + there.expr.end)] if there else [address]
            segments.append((there.lead if there else lead, body))

        barrier = next((i for i, keys in enumerate(own_keys) if any(keys.may_have(k) for k, _ in wanted)), len(own))
        literals = [i for i in range(barrier) if own[i].expr.kind == "object"]
        entries = [(key, text()) for key, text in wanted]
        fresh = _new_object(entries, inner, self.one_line) if entries else ""
        if entries and not literals and barrier < len(own):
            segments.append((lead, [fresh]))
        for i, argument in enumerate(own):
            inside = entries if literals and i == literals[-1] else []
            drop = self._repeated(holder, argument.expr) if alone else frozenset()
            segments.append((argument.lead or lead, _object_pieces(holder, argument.expr, inside, drop)))
        if entries and not literals and barrier == len(own):
            segments.append((lead, [fresh]))

        pieces: list[Piece] = []
        if call:
            opening = next(c for c in expr.children if c.kind == "OParen")
            pieces.append((base + expr.start, base + opening.end))
        else:
            pieces.append("merge(")
        for i, (before, body) in enumerate(segments):
            if i == 0:
                before = before if spread else ""
            if carried and i == len(defaults) + len(self.rule.shared):
                before, carried = carried + (before if "\n" in before else f"\n{inner}"), ""
            pieces += [",", before] if i else [before]
            pieces += body
        if call:
            closing = expr.children[-1]
            pieces += [_trailing(expr), carried + closing.prefix, (base + closing.start, base + closing.end)]
        else:
            pieces.append(")")
        return edits_of(holder.file, base + expr.start, base + expr.end, pieces)

    def _repeated(self, holder: Element, expr: Expr) -> frozenset[Expr]:
        """The entries of an object that say once more what the common map says."""
        common = self.module.locals.get(self.rule.common or "")
        if common is None:
            return frozenset()
        others = [self.shared_keys(a) for a in self.rule.shared if a != f"local.{self.rule.common}"]
        repeated = []
        for item in object_items(expr):
            key = item_key(item)
            if (
                key is None
                or any(keys.may_have(key) for keys in others)
                or any(key == e.key for e in self.rule.entries)
            ):
                continue
            if self.literal(common, common.expr, key) == holder.text(item_value(item)):
                repeated.append(item)
        return frozenset(repeated)


class _Argument(NamedTuple):
    """An argument of a flattened merge, and the white space and comments before it."""

    expr: Expr
    lead: str


def _after_defaults(arguments: Sequence[_Argument]) -> tuple[Sequence[_Argument], Sequence[_Argument]]:
    """The provider's default tags at the head of a merge, which all else wins over, and what stands behind them."""
    at = 1 if arguments and _is_defaults(arguments[0].expr) else 0
    return arguments[:at], arguments[at:]


def _is_defaults(expr: Expr) -> bool:
    found = traversal_address(expr)
    return found is not None and found[0].startswith("data.aws_default_tags.")


def plain_address(expr: Expr) -> str | None:
    """`local.x` or `var.x` where an expression is that and nothing else."""
    if expr.kind != "traversal" or len(expr.children) != 2 or expr.children[1].kind != "get_attr":
        return None
    return f"{expr.children[0].text}.{expr.children[1].children[1].text}"


def flattened(holder: Element, expr: Expr) -> list[Expr]:
    """The maps that an expression merges, in order: through nested merges, `tomap` and parentheses; empty maps are left out."""
    return [a.expr for a in _arguments(holder, expr)]


def _arguments(holder: Element, expr: Expr) -> list[_Argument]:
    return list(_flat(holder, expr, "", outermost=True))


def _flat(holder: Element, expr: Expr, lead: str, *, outermost: bool = False) -> Iterator[_Argument]:
    if _is_empty(holder, expr):
        return
    parts: Sequence[Expr] = ()
    if expr.kind == "paren":
        parts = (expr.children[1],)
    elif call_name(expr) in ("merge", "tomap") and not _expands(expr):
        parts = call_arguments(expr)
    ending = holder.file.text[holder.base + parts[-1].end : holder.base + expr.end] if parts else ""
    if not parts or (has_comment(ending) and not outermost):
        yield _Argument(expr, lead)
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
    return call_name(expr) == "merge" and not _expands(expr)


def _expands(expr: Expr) -> bool:
    return any(c.kind == "Ellipsis" for c in expr.children)


def _commas(expr: Expr) -> Iterator[Expr]:
    if call_name(expr) == "merge":
        for child in expr.children:
            if child.kind == "Comma":
                yield child
            yield from _commas(child)


def _trailing(expr: Expr) -> str:
    """The comma behind the last argument, if there is one."""
    return "," if len(expr.children) > 1 and expr.children[-2].kind == "Comma" else ""


def has_comment(text: str) -> bool:
    """Whether white space between tokens holds a comment."""
    return "#" in text or "//" in text or "/*" in text


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:37] + "…"


def _new_object(entries: Sequence[tuple[str, str]], indent: str, one_line: bool) -> str:
    if one_line:
        return "{ " + ", ".join(f"{key} = {text}" for key, text in entries) + " }"
    return "{\n" + "".join(f"{indent}  {key} = {text}\n" for key, text in entries) + indent + "}"


def _object_pieces(
    holder: Element, expr: Expr, entries: Sequence[tuple[str, str]], drop: frozenset[Expr]
) -> list[Piece]:
    """An expression as it stands; of an object without the items to drop, and with new entries as its first."""
    start, end = holder.base + expr.start, holder.base + expr.end
    if expr.kind != "object" or not (entries or drop):
        return [(start, end)]
    file, brace, items = holder.file, expr.children[0], object_items(expr)
    quoted = bool(items) and all(i.children[0].kind == "template" for i in items)
    rows = [f'"{key}" = {text}' if quoted else f"{key} = {text}" for key, text in entries]
    if expr.children[1].kind != "Newline":
        kept = [holder.text(i) for i in items if i not in drop]
        if drop:
            return [f"{{ {', '.join([*rows, *kept])} }}"]
        point = holder.base + brace.end
        return [(start, point), "".join(f" {row}," for row in rows), (point, end)]
    point = holder.base + expr.children[1].end
    indent = _last_line(items[0].prefix) if items else ""
    pieces: list[Piece] = [(start, point), "".join(f"{indent}{row}\n" for row in rows)]
    at = point
    for item in items:
        line = file.line_start(holder.base + item.start)
        line_end = file.line_end(holder.base + item.end)
        around = file.text[line : holder.base + item.start] + file.text[holder.base + item.end : line_end]
        if item in drop and not around.strip(" \t\r\n,") and not has_comment(item.prefix) and line_end <= end:
            pieces.append((at, line))
            at = line_end
    return [*pieces, (at, end)]


def edits_of(file: File, start: int, end: int, pieces: Iterable[Piece]) -> tuple[Edit, ...]:
    """The edits that make `text[start:end]` the sequence of the pieces; what is kept stands in the order of the file."""
    edits = []
    at, new = start, ""
    for piece in (*pieces, (end, end)):
        if isinstance(piece, str):
            new += piece
            continue
        old = file.text[at : piece[0]]
        if old != new:
            edits.append(_trimmed(file, at, piece[0], old, new))
        at, new = piece[1], ""
    return tuple(edits)


def _trimmed(file: File, start: int, end: int, old: str, new: str) -> Edit:
    """An edit without the text that it would put back as it was."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Edit(file.path, start + head, end - tail, new[head : len(new) - tail])


def dependencies(module: Module, address: str) -> frozenset[str]:
    """All that an address leads to, over any number of references."""
    found: set[str] = set()
    todo = [address]
    while todo:
        element = module.find(todo.pop())
        if element is None:
            continue
        if isinstance(element, Attribute):
            references = expression_references(element, element.expr)
        else:
            references = getattr(element, "references", ())
        for reference in references:
            if reference.address not in found:
                found.add(reference.address)
                todo.append(reference.address)
    return frozenset(found)
