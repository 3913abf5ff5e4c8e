"""Whether a collapsed stack is what the kept region was in the original, worked out from the two trees alone.

Nothing here knows the rule. Both trees are brought to a form in which variables and local values are replaced by their
values in one environment, and which leaves out the words for a side, a region or the environment. What still differs
then is a difference in meaning.
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
from tapfix.module.nodes import index_expr, interpolated, item_key_node, step_key, template_parts, unwrapped

_MADE = ("resource", "data", "module")
_LEFT_OUT = frozenset({"provider", "providers", "depends_on"})
_ENVIRONMENTS = ("dev", "development", "staging", "stage", "prod", "production")
"""What named one of these environments in a name names the environment that is planned, afterwards."""

_ENVIRONMENT_TAGS = frozenset({"environment", "env"})


class Half:
    """A module in one environment, and how its expressions read without the words of its side."""

    def __init__(
        self, module: Module, given: Mapping[str, object], words: Iterable[str], beside: Sequence[Half] = ()
    ) -> None:
        self.module = module
        self.evaluator = Evaluator(module, given)
        self.beside = beside
        """The sides that go: what a list or a map contains for them is left out."""
        spelled = sorted({w for w in words if w}, key=lambda w: (-len(w), w))
        self.words = r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, spelled)) + r")(?=[a-f]?(?![a-z0-9]))"

    def plain(self, text: str) -> str:
        """A text without the words, and without the separators around them."""
        text = text.lower()
        for other in self.beside:
            text = re.sub(rf"(?:,| and| &| or|/)\s*{other.words}", "", text)
        return re.sub(r"[-_ ]+", "-", re.sub(self.words, "", text)).strip("-")

    def name(self, label: str) -> str:
        """A block's name without the words. A name of nothing but such words becomes `main` or `this`."""
        plain = self.plain(label)
        return "" if plain in ("main", "this") else plain

    def alone(self, holder: Attribute, parts: Sequence[Expr], depth: int) -> Iterator[Expr]:
        """The parts of a container without those for a side that goes, if there is one for this side in their place."""
        if not self.beside:
            yield from parts
            return
        keys = [self._known_by(holder, part, depth) for part in parts]
        for part, key in zip(parts, keys, strict=True):
            theirs = [other._known_by(holder, part, depth) for other in self.beside]
            if not any(other != key and other in keys for other in theirs):
                yield part

    def _known_by(self, holder: Attribute, part: Expr, depth: int) -> str:
        """What a part is known by: the key of an item, else the whole part."""
        if part.kind != "object_item":
            return self.form(holder, part, depth)
        key = item_key(part)
        return self.plain(key) if key is not None else self.form(holder, item_key_node(part), depth).strip('"')

    def form(self, holder: Attribute, expr: Expr, depth: int = 0) -> str:
        """An expression in the form that is compared with that of another tree."""
        kind = expr.kind
        if kind in ("tuple", "object") or call_name(expr) in _GATHERING:
            return self._container(holder, expr, depth)
        value = self.evaluator.evaluate(expr)
        if is_known(value):
            return json.dumps(self._bare(value), sort_keys=True)
        if kind == "traversal":
            return self._traversal(holder, expr, depth)
        if kind in ("paren", "interpolation"):
            return self.form(holder, unwrapped(expr) if kind == "paren" else interpolated(expr), depth)
        if kind in ("template", "heredoc"):
            return self._template(holder, expr, depth)
        if call_name(expr) == "lookup" and (inside := self._looked_up(holder, expr, depth)) is not None:
            return inside
        if not expr.children:
            return expr.value
        return f"{kind}(" + " ".join(self.form(holder, c, depth) for c in expr.children if c.kind not in _QUIET) + ")"

    def _container(self, holder: Attribute, expr: Expr, depth: int) -> str:
        """A list or a map without what is for other sides; a map by region with one entry left is that entry."""
        parts: Sequence[Expr] = object_items(expr) if expr.kind == "object" else call_arguments(expr)
        if expr.kind == "call" and all(p.kind == "object" for p in parts):
            parts = [item for p in parts for item in object_items(p)]
        left = list(self.alone(holder, parts, depth))
        if all(p.kind == "object_item" for p in left) and expr.kind != "tuple":
            rows = {self._known_by(holder, i, depth): i for i in left if not _is_environment(i)}
            if list(rows) == [""]:
                return self.form(holder, item_value(rows[""]), depth)
            items = sorted((json.dumps(key), self.form(holder, item_value(i), depth)) for key, i in rows.items())
            return "{" + ", ".join(f"{key}: {value}" for key, value in items) + "}"
        forms = [self.form(holder, p, depth) for p in left]
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

    def _template(self, holder: Attribute, expr: Expr, depth: int) -> str:
        pieces = []
        for part in template_parts(expr):
            if part.kind == "interpolation":
                form = self.form(holder, interpolated(part), depth)
                pieces.append(form[1:-1] if form.startswith('"') else "${" + form + "}")
            else:
                pieces.append(holder.text(part))
        return '"' + self.plain("".join(pieces)) + '"'

    def _traversal(self, holder: Attribute, expr: Expr, depth: int) -> str:
        found = traversal_address(expr)
        if found is None:
            return " ".join(self.form(holder, c, depth) if c.children else c.value for c in expr.children)
        address, used = found
        steps = expr.children[used:]
        target = self.module.find(address)
        if isinstance(target, Attribute) and depth < 8:
            inner: Expr = target.expr
            rest = list(steps)
            while rest and (below := _below(inner, rest[0])) is not None:
                inner = below
                rest.pop(0)
            return self.form(target, inner, depth + 1) + self._steps(holder, rest, depth)
        kind, _, label = address.rpartition(".")
        return f"{kind}.{self.name(label)}" + self._steps(holder, steps, depth)

    def _steps(self, holder: Attribute, steps: Sequence[Expr], depth: int) -> str:
        return "".join(
            f"[{self.form(holder, index_expr(s), depth)}]" if s.kind == "index" else f".{self.plain(holder.text(s))}"
            for s in steps
        )

    def _looked_up(self, holder: Attribute, expr: Expr, depth: int) -> str | None:
        looked_in, looked_for = call_arguments(expr)[:2]
        found = traversal_address(looked_in)
        target = self.module.find(found[0]) if found else None
        if isinstance(target, Attribute) and target.expr.kind == "object":
            for item in object_items(target.expr):
                if item_key(item) == string_value(looked_for):
                    return self.form(target, item_value(item), depth + 1)
        return None

    def arguments(self, block: Block, path: str = "") -> Iterator[tuple[str, str]]:
        """Each argument of a block and of the blocks in it, with its place and its form."""
        for name, attribute in block.attributes.items():
            if name not in _LEFT_OUT:
                yield f"{path}{name}", self.form(attribute, attribute.expr)
        count: Counter[str] = Counter()
        for inner in block.blocks:
            head = ".".join((inner.type, *inner.labels))
            yield from self.arguments(inner, f"{path}{head}[{count[head]}].")
            count[head] += 1


_GATHERING = frozenset({"merge", "concat", "tomap", "distinct", "flatten", "compact"})
_QUIET = frozenset({"Newline", "Comma"})


def _is_environment(item: Expr) -> bool:
    return (item_key(item) or "").lower() in _ENVIRONMENT_TAGS


def _below(expr: Expr, step: Expr) -> Expr | None:
    """The value that a step looks up in an object that is written out."""
    name = step_key(step)
    if expr.kind != "object" or name is None:
        return None
    return next((item_value(i) for i in object_items(expr) if item_key(i) == name), None)


def side_of(block: Block) -> str:
    """The alias that a block names; empty if it names none."""
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
    """In what an environment of the outcome differs from the kept region and the global resources of the original.

    `kept` and `others` are aliases, empty for the default provider; `words` are the words for each side, by its
    alias. The outcome must contain the `moved` blocks, which say what a resource was called.
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
        found += [f"{block.address}: {difference}" for difference in _unlike(mine, origin, now, block)]
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
    """The arguments in which a block of the outcome is not what it was."""
    old, new = dict(mine.arguments(origin)), dict(now.arguments(block))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name, "null") != new.get(name, "null"):
            yield f"{name} was {old.get(name)} and is {new.get(name)}"


def _may_go(old: Module, block: Block, others: Sequence[str], words: Mapping[str, Sequence[str]]) -> bool:
    """Whether a block belongs to a side that goes: by its provider, or by its name if it has none."""
    if side_of(block):
        return side_of(block) in others
    return any(Half(old, {}, words[o]).plain(block.name) != block.name.lower().replace("_", "-") for o in others)
