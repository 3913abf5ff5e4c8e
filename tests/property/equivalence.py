"""Compares a collapsed stack with the kept region of the original, from the two trees alone.

Nothing here knows the rule. Both trees are normalized for one environment: variables and local values are replaced by
what they evaluate to, and words that name a side, a region or the environment are removed. What still differs then is a
difference in meaning.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tapfix.module import (
    Attribute,
    Block,
    Expr,
    Module,
    Project,
    call_arguments,
    call_name,
    item_key,
    item_value,
    object_items,
    string_value,
    traversal_address,
)
from tapfix.module.evaluate import Evaluator, is_known
from tapfix.module.nodes import step_name

_MADE = ("resource", "data", "module")
_REDUNDANT = frozenset({"provider", "providers", "depends_on"})
_ENVIRONMENTS = ("dev", "development", "staging", "stage", "prod", "production")
"""Words in names for an environment. After the collapse they mean the environment that is planned."""

_ENVIRONMENT_TAGS = frozenset({"environment", "env"})


class Half:
    """A module in one environment, with its expressions normalized: without the words of its side."""

    def __init__(
        self, module: Module, given: Mapping[str, object], words: Iterable[str], beside: Sequence[Half] = ()
    ) -> None:
        self.module = module
        self.evaluator = Evaluator(module, given)
        self.beside = beside
        """The sides that are removed. What a list or a map contains for them is left out."""
        spelled = sorted({w for w in words if w}, key=lambda w: (-len(w), w))
        self.words = r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, spelled)) + r")(?=[a-f]?(?![a-z0-9]))"

    def plain(self, text: str) -> str:
        """A text without the words and the separators next to them."""
        text = text.lower()
        for other in self.beside:
            text = re.sub(rf"(?:,| and| &| or|/)\s*{other.words}", "", text)
        return re.sub(r"[-_ ]+", "-", re.sub(self.words, "", text)).strip("-")

    def name(self, label: str) -> str:
        """A block's name. One that consisted of a side's word only is `main` or `this` after the collapse."""
        plain = self.plain(label)
        return "" if plain in ("main", "this") else plain

    def alone(self, parts: Sequence[Expr], depth: int) -> Iterator[Expr]:
        """The parts of a container without those for removed sides that correspond to a part for this side."""
        if not self.beside:
            yield from parts
            return
        said = [self._known_by(part, depth) for part in parts]
        for part, mine in zip(parts, said, strict=True):
            theirs = [other._known_by(part, depth) for other in self.beside]
            if not any(t != mine and t in said for t in theirs):
                yield part

    def _known_by(self, part: Expr, depth: int) -> str:
        if part.kind != "object_item":
            return self.form(part, depth)
        key = item_key(part)
        return self.plain(key) if key is not None else self.form(part.children[0], depth).strip('"')

    def form(self, expr: Expr, depth: int = 0) -> str:
        """An expression in normal form, to be compared with the other tree."""
        kind = expr.kind
        if kind in ("tuple", "object") or call_name(expr) in _GATHERING:
            return self._container(expr, depth)
        value = self.evaluator.evaluate(expr)
        if is_known(value):
            return json.dumps(self._bare(value), sort_keys=True)
        if kind == "traversal":
            return self._traversal(expr, depth)
        if kind in ("paren", "interpolation"):
            return self.form(expr.children[1], depth)
        if kind in ("template", "heredoc"):
            return self._template(expr, depth)
        if call_name(expr) == "lookup" and (inside := self._looked_up(expr, depth)) is not None:
            return inside
        if not expr.children:
            return expr.value  # type: ignore[union-attr]
        return f"{kind}(" + " ".join(self.form(c, depth) for c in expr.children if c.kind not in _QUIET) + ")"

    def _container(self, expr: Expr, depth: int) -> str:
        """A list or a map without the parts for other sides. A map by region with one entry left is that entry."""
        parts: Sequence[Expr] = object_items(expr) if expr.kind == "object" else call_arguments(expr)
        if expr.kind == "call" and all(p.kind == "object" for p in parts):
            parts = [item for p in parts for item in object_items(p)]
        left = list(self.alone(parts, depth))
        if all(p.kind == "object_item" for p in left) and expr.kind != "tuple":
            rows = {self._known_by(i, depth): i for i in left if not _is_environment(i)}
            if list(rows) == [""]:
                return self.form(item_value(rows[""]), depth)
            said = sorted((json.dumps(key), self.form(item_value(i), depth)) for key, i in rows.items())
            return "{" + ", ".join(f"{key}: {value}" for key, value in said) + "}"
        forms = [self.form(p, depth) for p in left]
        if expr.kind == "call" and len(forms) == 1:
            return forms[0]
        return ("[" if expr.kind == "tuple" else f"{call_name(expr)}[") + ", ".join(forms) + "]"

    def _bare(self, value: object) -> object:
        if isinstance(value, str):
            return self.plain(value)
        if isinstance(value, list):
            return [self._bare(v) for v in value]
        if isinstance(value, dict):
            return {self.plain(k): self._bare(v) for k, v in value.items() if k.lower() not in _ENVIRONMENT_TAGS}
        return value

    def _template(self, expr: Expr, depth: int) -> str:
        pieces = []
        for child in expr.children[1:-1]:
            if child.kind == "interpolation":
                said = self.form(child.children[1], depth)
                pieces.append(said[1:-1] if said.startswith('"') else "${" + said + "}")
            else:
                pieces.append(child.text)
        return '"' + self.plain("".join(pieces)) + '"'

    def _traversal(self, expr: Expr, depth: int) -> str:
        found = traversal_address(expr)
        if found is None:
            return " ".join(self.form(c, depth) if c.children else c.value for c in expr.children)
        address, used = found
        steps = expr.children[used:]
        target = self.module.find(address)
        if isinstance(target, Attribute) and depth < 8:
            inner: Expr = target.expr
            rest = list(steps)
            while rest and (below := _below(inner, rest[0])) is not None:
                inner = below
                rest.pop(0)
            return self.form(inner, depth + 1) + self._steps(rest, depth)
        kind, _, label = address.rpartition(".")
        return f"{kind}.{self.name(label)}" + self._steps(steps, depth)

    def _steps(self, steps: Sequence[Expr], depth: int) -> str:
        return "".join(
            f"[{self.form(s.children[1], depth)}]" if s.kind == "index" else f".{self.plain(s.text)}" for s in steps
        )

    def _looked_up(self, expr: Expr, depth: int) -> str | None:
        looked_in, looked_for = call_arguments(expr)[:2]
        found = traversal_address(looked_in)
        target = self.module.find(found[0]) if found else None
        if isinstance(target, Attribute) and target.expr.kind == "object":
            for item in object_items(target.expr):
                if item_key(item) == string_value(looked_for):
                    return self.form(item_value(item), depth + 1)
        return None

    def arguments(self, block: Block, path: str = "") -> Iterator[tuple[str, str]]:
        """Each argument of a block and of its nested blocks, with its path and its normal form."""
        for name, attribute in block.attributes.items():
            if name not in _REDUNDANT:
                yield f"{path}{name}", self.form(attribute.expr)
        count: Counter[str] = Counter()
        for inner in block.blocks:
            said = ".".join((inner.type, *inner.labels))
            yield from self.arguments(inner, f"{path}{said}[{count[said]}].")
            count[said] += 1


_GATHERING = frozenset({"merge", "concat", "tomap", "distinct", "flatten", "compact"})
_QUIET = frozenset({"Newline", "Comma"})


def _is_environment(item: Expr) -> bool:
    return (item_key(item) or "").lower() in _ENVIRONMENT_TAGS


def _below(expr: Expr, step: Expr) -> Expr | None:
    """The value that a step selects from an object expression; None if it is no such thing."""
    name = string_value(step.children[1]) if step.kind == "index" else step_name(step)
    if expr.kind != "object" or name is None:
        return None
    return next((item_value(i) for i in object_items(expr) if item_key(i) == name), None)


def side_of(block: Block) -> str:
    """The provider alias that a block names; empty if it names none."""
    for argument in (block.get("provider"), block.get("providers")):
        if argument is not None and (found := re.search(r"\baws\.([\w-]+)", argument.value)):
            return found[1]
    return ""


def differences(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    kept: str,
    others: Sequence[str],
    words: Mapping[str, Sequence[str]],
    environment: str = "dev",
) -> list[str]:
    """The differences between an environment of the outcome and the kept region and global resources of the original.

    `kept` and `others` are aliases, empty for the default provider. `words` are the names of an alias's side. The
    outcome must have `moved` blocks with the old names of resources.
    """
    old, new = Project(before).root, Project(after).root
    values = next(f for f in new.tfvars if f.path.rpartition("/")[2] == f"{environment}.tfvars")
    reader = Evaluator(new)
    given = {name: reader.evaluate(a.expr) for name, a in values.attributes.items()}
    theirs = [Half(old, {}, [*words[o], *_ENVIRONMENTS]) for o in others]
    mine = Half(old, {}, [*words[kept], *_ENVIRONMENTS], theirs)
    now = Half(new, given, [*words[kept], *_ENVIRONMENTS])
    was = {m.get("to").value: m.get("from").value for m in new.blocks_of("moved")}  # type: ignore[union-attr]
    found: list[str] = []
    came_from: set[str] = set()
    for block in (b for b in new.blocks if b.type in _MADE):
        origin = old.find(was.get(block.address, block.address))
        if not isinstance(origin, Block):
            named = [
                b
                for b in old.blocks
                if b.type == block.type and b.labels[:-1] == block.labels[:-1] and side_of(b) in ("", kept)
            ]
            same = [b for b in named if mine.name(b.name) == now.name(block.name)]
            origin = same[0] if same else None
        if origin is None:
            found.append(f"{block.address} was not there before")
            continue
        came_from.add(origin.address)
        if side_of(origin) in others and side_of(origin) != kept:
            found.append(f"{block.address} was {origin.address}, of another side")
        found += [f"{block.address}: {said}" for said in _unlike(mine, origin, now, block)]
    made = Counter(b.labels[0] for b in new.resources())
    expected = Counter(b.labels[0] for b in old.resources() if b.address in came_from)
    if made != expected:
        found.append(f"{made - expected} too many, {expected - made} missing")
    found += [
        f"{b.address} is gone"
        for b in old.resources()
        if b.address not in came_from and not _may_go(old, b, others, words)
    ]
    return found


def _unlike(mine: Half, origin: Block, now: Half, block: Block) -> Iterator[str]:
    """The arguments in which a block of the outcome differs from its original."""
    old, new = dict(mine.arguments(origin)), dict(now.arguments(block))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name, "null") != new.get(name, "null"):
            yield f"{name} was {old.get(name)} and is {new.get(name)}"


def _may_go(old: Module, block: Block, others: Sequence[str], words: Mapping[str, Sequence[str]]) -> bool:
    """Does a block belong to a removed side, by its provider, or without one by its name?"""
    if side_of(block):
        return side_of(block) in others
    return any(Half(old, {}, words[o]).plain(block.name) != block.name.lower().replace("_", "-") for o in others)
