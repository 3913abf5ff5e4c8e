"""Copies of a block: what tells one from another (`count.index`, `each.key`, `each.value`), and how it is taken out.

A number that only tells copies apart goes with its separator, so that the text around it stays natural. Where the number decides
something, `Unscalable` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import apply_edits
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    File,
    call_arguments,
    call_name,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
)
from tapfix.syntax import Leaf

COPY_NAMES = frozenset({"count.index", "each.key", "each.value"})


class Unscalable(Exception):
    """Why instances cannot become a group without a decision; the text is the reason that a person reads."""


class Cut(NamedTuple):
    """A stretch of the file that goes, or is spelled otherwise."""

    start: int
    end: int
    text: str = ""


def tells_copies(holder: Element, expr: Expr) -> bool:
    """Whether an expression differs from copy to copy."""
    return any(r.address in COPY_NAMES for r in expression_references(holder, expr))


def is_counter(expr: Expr) -> bool:
    """Whether an expression is the copy's number or key and nothing else: `count.index + 1`, `format("%02d", …)`."""
    if expr.kind == "paren":
        return is_counter(expr.children[1])
    if expr.kind == "traversal":
        return len(expr.children) == 2 and f"{expr.children[0].text}.{expr.children[1].text[1:]}" in COPY_NAMES
    if expr.kind == "binary":
        operands = expr.children[::2]
        return sum(map(is_counter, operands)) == 1 and all(o.kind == "NumberLit" or is_counter(o) for o in operands)
    name, arguments = call_name(expr), call_arguments(expr) if expr.kind == "call" else ()
    if name == "format" and len(arguments) == 2:
        return re.fullmatch(r"%0?\d*[dsv]", string_value(arguments[0]) or "") is not None and is_counter(arguments[1])
    return name in ("title", "upper", "lower", "tostring") and len(arguments) == 1 and is_counter(arguments[0])


class Uncounted:
    """Takes out of expressions what tells copies apart."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.dropped: list[str] = []
        """Keys of objects that went, since each copy had its own value."""

    def text(self, holder: Element, expr: Expr, *, script: bool = False) -> str:
        """The source of an expression without what tells copies apart."""
        cuts = sorted(self.cuts(holder, expr, script=script))
        base = holder.base + expr.start
        return apply_edits(holder.text(expr), [(c.start - base, c.end - base, c.text) for c in cuts])

    def cuts(self, holder: Element, expr: Expr, *, script: bool = False) -> Iterator[Cut]:
        """What has to go. Raises `Unscalable` where the number decides something."""
        if not tells_copies(holder, expr):
            return
        name = call_name(expr)
        if expr.kind in ("template", "heredoc"):
            cuts = list(self._template(holder, expr, script or expr.kind == "heredoc"))
            alone = _left_alone(holder, expr, cuts)
            yield from [alone] if alone is not None else cuts
        elif expr.kind == "object":
            yield from self._object(holder, expr, script)
        elif name == "format":
            yield from self._format(holder, expr)
        elif name == "join":
            yield from self._join(holder, expr)
        elif expr.kind == "paren":
            yield from self.cuts(holder, expr.children[1], script=script)
        elif expr.kind == "call" and name != "lookup":
            for argument in call_arguments(expr):
                yield from self.cuts(holder, argument, script=script or name == "base64encode")
        elif expr.kind == "conditional" and not tells_copies(holder, expr.children[0]):
            yield from self.cuts(holder, expr.children[2], script=script)
            yield from self.cuts(holder, expr.children[4], script=script)
        else:
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")

    # --- objects ------------------------------------------------------------------------------------------------------

    def _object(self, holder: Element, expr: Expr, script: bool) -> Iterator[Cut]:
        for item in object_items(expr):
            key, value = item_key(item), item_value(item)
            if key is None and tells_copies(holder, item.children[0]):
                raise Unscalable(f"the key `{_short(holder.text(item.children[0]))}` differs from copy to copy")
            if not tells_copies(holder, value):
                continue
            alone = is_counter(value) or (value.kind == "template" and _is_only_counter(value))
            if script and (alone or value.kind == "traversal"):
                raise Unscalable(f"the script is given `{holder.text(value)}`, which differs from copy to copy")
            if alone and key == "Name":
                start = holder.base + value.start
                yield Cut(start, holder.base + value.end, f'"{self.label}"')
            elif key != "Name" and (alone or value.kind == "traversal" or call_name(value) == "element"):
                self.dropped.append(str(key))
                yield _without_item(holder, expr, item)
            else:
                yield from self.cuts(holder, value, script=script)

    # --- texts --------------------------------------------------------------------------------------------------------

    def _template(self, holder: Element, expr: Expr, script: bool) -> Iterator[Cut]:
        text = holder.file.text
        parts = expr.children[1:-1]
        for i, part in enumerate(parts):
            if isinstance(part, Leaf) or not tells_copies(holder, part):
                continue
            inner = part.children[1]
            if part.kind != "interpolation" or not is_counter(inner):
                if part.kind == "interpolation" and call_name(inner) in ("format", "join"):
                    yield from self.cuts(holder, inner, script=script)
                    continue
                raise Unscalable(
                    f"`{_short(holder.text(part))}` differs from copy to copy, and decides more than a name"
                )
            start, end = holder.base + part.start, holder.base + part.end
            first = i == 0
            low = holder.base + (expr.children[0].end if first else parts[i - 1].start)
            if not first and not isinstance(parts[i - 1], Leaf):
                low = start
            line = holder.file.line_start(start)
            high = holder.base + (
                parts[i + 1].end if i + 1 < len(parts) and isinstance(parts[i + 1], Leaf) else part.end
            )
            before = text[max(low, line) : start]
            after = text[end:high].split("\n", 1)[0]
            at_start = first or line >= low
            found = natural_cut(before, after, at_start=at_start)
            if script:
                whole = text[line : holder.file.line_end(start)]
                found = found if _only_tells(text[line:start], before, after, whole) else None
            if found is None:
                raise Unscalable(
                    f"`{_short(text[line : holder.file.line_end(start)].strip())}` gives each copy a number of its own"
                )
            yield Cut(start - found[0], end + found[1])

    def _format(self, holder: Element, expr: Expr) -> Iterator[Cut]:
        arguments = call_arguments(expr)
        pattern = string_value(arguments[0]) if arguments else None
        if pattern is None:
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
        verbs = [m for m in re.finditer(r"%[-+0# ]*\d*(?:\.\d+)?[a-z%]", pattern) if not m[0].endswith("%")]
        at = holder.base + arguments[0].start + 1
        for i, argument in enumerate(arguments[1:]):
            if not tells_copies(holder, argument):
                continue
            if not is_counter(argument):
                yield from self.cuts(holder, argument)
                continue
            if i >= len(verbs):
                raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
            low = verbs[i - 1].end() if i else 0
            high = verbs[i + 1].start() if i + 1 < len(verbs) else len(pattern)
            found = natural_cut(pattern[low : verbs[i].start()], pattern[verbs[i].end() : high], at_start=not i)
            if found is None:
                raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
            yield Cut(at + verbs[i].start() - found[0], at + verbs[i].end() + found[1])
            yield Cut(holder.base + arguments[i].end, holder.base + argument.end)

    def _join(self, holder: Element, expr: Expr) -> Iterator[Cut]:
        arguments = call_arguments(expr)
        if len(arguments) != 2 or arguments[1].kind != "tuple" or tells_copies(holder, arguments[0]):
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
        elements = call_arguments(arguments[1])
        for i, element in enumerate(elements):
            if not tells_copies(holder, element):
                continue
            if not is_counter(element):
                yield from self.cuts(holder, element)
            elif i:
                yield Cut(holder.base + elements[i - 1].end, holder.base + element.end)
            else:
                after = elements[1].start if len(elements) > 1 else element.end
                yield Cut(holder.base + element.start, holder.base + after)


_WORDS = r"(?:instance|server|node|host|replica|worker|machine|copy|vm|number|no\.|id|index)"
_ASIDE = rf"(?i)(?:\s+[-–—|/:]+\s+|,\s+)(?:{_WORDS}[\s:#.]*)*#?$"
_BRACKETED = rf"(?i)\s*[(\[](?:{_WORDS}[\s:#.]*)*#?$"
_COUNTED = rf"(?i)\b{_WORDS}:?\s+#?$"
_SHOWN = r"(?i)\b(?:echo|printf|logger)\b|<(?:h\d|p|title|div|body|html|b|span|strong)\b|^\s*#"


def natural_cut(before: str, after: str, *, at_start: bool) -> tuple[int, int] | None:
    """How much of the text before and after a number goes with it; None where what is left would not be the same thing.

    `before` and `after` reach to the next value or to the end of the text; `at_start`: nothing stands before `before`.
    """
    aside = re.search(_ASIDE, before)
    if aside is not None and (aside.start() or not at_start):
        return len(aside[0]), 0
    bracketed = re.search(_BRACKETED, before)
    if bracketed is not None and after[:1] in (")", "]"):
        return len(bracketed[0]), 1
    if re.search(r"\d[-_.]?$", before) and not re.search(r"[A-Za-z]\w*[-_]$", before):
        return None
    joint = re.search(r"[-_./]+$", before)
    if joint is not None:
        if joint.start() or not at_start:
            return len(joint[0]), 0
        follows = re.match(r"[-_.]+", after)
        return len(joint[0]), len(follows[0]) if follows else 0
    if not before and at_start:
        follows = re.match(r"[-_. ]+", after)
        return (0, len(follows[0])) if follows and len(follows[0]) < len(after) else None
    space = re.search(r"\s*#?\s*$", before)
    if space is not None and space[0]:
        return len(space[0]), 0
    return (0, 0) if not before or before[-1].isalpha() else None


def _only_tells(line_before: str, before: str, after: str, line: str) -> bool:
    """Whether a number in a script only tells copies apart: in a shown text, or at a name's end. What it configures stays."""
    token = re.split(r"[\s\"'(]", line_before)[-1]
    if token.startswith("-") or re.search(r"=[\"']?$", line_before):
        return False
    if (
        re.search(_ASIDE, before)
        or (re.search(_BRACKETED, before) and after[:1] in (")", "]"))
        or re.search(_COUNTED, before)
    ):
        return True
    if re.search(r"[A-Za-z}][\w}]*[-_]$", line_before) or (not token and re.match(r"[-_][A-Za-z$]", after)):
        return True
    return bool(re.search(_SHOWN, line) and re.search(r"\w\s+#?$", before))


def _left_alone(holder: Element, template: Expr, cuts: Sequence[Cut]) -> Cut | None:
    """The value that is all that a quoted text has left, which needs no quotes then."""
    values = [p for p in template.children[1:-1] if p.kind == "interpolation" and not tells_copies(holder, p)]
    if template.kind != "template" or len(values) != 1:
        return None
    base = holder.base + template.start
    left = apply_edits(holder.text(template), sorted((c.start - base, c.end - base, c.text) for c in cuts))
    if left != f'"{holder.text(values[0])}"':
        return None
    return Cut(base, holder.base + template.end, holder.text(values[0].children[1]))


def _is_only_counter(template: Expr) -> bool:
    parts = template.children[1:-1]
    return len(parts) == 1 and parts[0].kind == "interpolation" and is_counter(parts[0].children[1])


def _without_item(holder: Element, object: Expr, item: Expr) -> Cut:
    """The lines of an object's item; in a one-line object the item with its comma."""
    file, start, end = holder.file, holder.base + item.start, holder.base + item.end
    line, line_end = file.line_start(start), file.line_end(end)
    if not file.text[line:start].strip() and re.fullmatch(r",?\s*(?:(?:#|//)[^\n]*)?\n?", file.text[end:line_end]):
        return Cut(line, line_end)
    items = object_items(object)
    at = items.index(item)
    if at + 1 < len(items):
        return Cut(start, holder.base + items[at + 1].start)
    return Cut(holder.base + items[at - 1].end if at else start, end)


# --- lists ------------------------------------------------------------------------------------------------------------


class Loop(NamedTuple):
    """What makes the copies of a block: its `count` or `for_each`; None of a single block."""

    attribute: Attribute | None

    @classmethod
    def of(cls, block: Block) -> Loop:
        return cls(block.get("count") or block.get("for_each"))

    @property
    def by_key(self) -> bool:
        return self.attribute is not None and self.attribute.name == "for_each"

    def same_as(self, other: Loop) -> bool:
        """Whether two blocks are copied by the same expression."""
        if self.attribute is None or other.attribute is None:
            return self.attribute is other.attribute
        return self.attribute.name == other.attribute.name and _spaceless(self.attribute.value) == _spaceless(
            other.attribute.value
        )


def all_values(holder: Element, expr: Expr, loop: Loop) -> str:
    """The list of what an expression comes to for all copies: the whole list where it indexes one."""
    text = holder.text(expr)
    if loop.attribute is None or not tells_copies(holder, expr):
        return f"[{text}]"
    if expr.kind == "paren":
        return all_values(holder, expr.children[1], loop)
    if loop.by_key:
        return _by_key(holder, expr, loop)
    if expr.kind == "conditional":
        branches = (expr.children[2], expr.children[4])
        if not any(tells_copies(holder, b) for b in branches):
            return "[" + ", ".join(dict.fromkeys(holder.text(b) for b in branches)) + "]"
    if call_name(expr) == "element" and _counts(call_arguments(expr)[1]):
        return holder.text(call_arguments(expr)[0])
    if expr.kind == "traversal":
        found = _indexed_list(holder, expr)
        if found is not None:
            return found
    return f"[for index in range({loop.attribute.value}) : {_renamed(holder, expr, {'count.index': 'index'})}]"


def _indexed_list(holder: Element, expr: Expr) -> str | None:
    """`L` of `L[count.index]` or `element(L, count.index)`, with what follows of each of its elements."""
    root = expr.children[0]
    if call_name(root) == "element" and _counts(call_arguments(root)[1]):
        whole, at = holder.text(call_arguments(root)[0]), 0
    else:
        places = [i for i, c in enumerate(expr.children) if c.kind == "index" and tells_copies(holder, c.children[1])]
        if len(places) != 1 or not _counts(expr.children[places[0]].children[1]) or tells_copies(holder, root):
            return None
        at = places[0]
        whole = holder.file.text[holder.base + expr.start : holder.base + expr.children[at - 1].end]
    rest = holder.file.text[holder.base + expr.children[at].end : holder.base + expr.end]
    return f"{whole}[*]{rest}" if rest else whole


def _counts(expr: Expr) -> bool:
    """`count.index`, or the rest of its division by a length."""
    if expr.kind == "paren":
        return _counts(expr.children[1])
    if expr.kind == "binary":
        return expr.children[1].kind == "Percent" and _counts(expr.children[0])
    return is_counter(expr) and expr.kind == "traversal"


def _by_key(holder: Element, expr: Expr, loop: Loop) -> str:
    assert loop.attribute is not None
    text, over = holder.text(expr), loop.attribute.expr
    of_set = call_name(over) == "toset" and len(call_arguments(over)) == 1
    if of_set and text in ("each.value", "each.key"):
        return loop.attribute.text(call_arguments(over)[0])
    if text.startswith("each.value.") and over.kind == "traversal":
        return f"values({loop.attribute.value})[*]{text.removeprefix('each.value')}"
    names = {"each.key": "key", "each.value": "key" if of_set else "value"}
    uses = {r.address for r in expression_references(holder, expr)}
    bound = "key, value" if "each.value" in uses and not of_set else "key" if of_set else "key, _"
    return f"[for {bound} in {loop.attribute.value} : {_renamed(holder, expr, names)}]"


def _renamed(holder: Element, expr: Expr, names: dict[str, str]) -> str:
    base = holder.base + expr.start
    edits = [
        (r.start - base, r.end - base, names[r.address])
        for r in expression_references(holder, expr)
        if r.address in names
    ]
    return apply_edits(holder.text(expr), sorted(edits))


def copies_left(text: str) -> Sequence[str]:
    """What tells copies apart in a text of HCL that is not to hold any."""
    return [r.address for b in File("made.tf", text).blocks for r in b.references if r.address in COPY_NAMES]


def _spaceless(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 70 and line == text else f"{line[:67]}…"
