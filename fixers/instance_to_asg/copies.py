"""Copies of a block: what distinguishes them (`count.index`, `each.key`, `each.value`), and how it is taken out.

A number that only distinguishes copies goes with its separator, so that the text around it stays natural. Where the
number decides something, `Unscalable` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit, apply_edits
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    call_arguments,
    call_name,
    compose,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
)
from tapfix.module.nodes import (
    Conditional,
    index_expr,
    interpolated,
    item_key_node,
    operands,
    operators,
    parenthesized,
    sole_interpolation,
    template_parts,
    traversal_root,
    traversal_steps,
    whole_address,
)
from tapfix.syntax import Leaf

COPY_NAMES = frozenset({"count.index", "each.key", "each.value"})


class Unscalable(Exception):
    """Why instances cannot become a group without a decision; the text is the reason that a person reads."""


def tells_copies(holder: Element, expr: Expr) -> bool:
    """Whether an expression differs from copy to copy."""
    return any(r.address in COPY_NAMES for r in expression_references(holder, expr))


def is_counter(expr: Expr) -> bool:
    """Whether an expression is the copy's number or key and nothing else: `count.index + 1`, `format("%02d", …)`."""
    if expr.kind == "paren":
        return is_counter(parenthesized(expr))
    if expr.kind == "traversal":
        return whole_address(expr) in COPY_NAMES
    if expr.kind == "binary":
        counters = [is_counter(operand) for operand in operands(expr)]
        others = (o for o, counter in zip(operands(expr), counters, strict=True) if not counter)
        return sum(counters) == 1 and all(other.kind == "NumberLit" for other in others)
    name, arguments = call_name(expr), call_arguments(expr) if expr.kind == "call" else ()
    if name == "format" and len(arguments) == 2:
        return re.fullmatch(r"%0?\d*[dsv]", string_value(arguments[0]) or "") is not None and is_counter(arguments[1])
    return name in ("title", "upper", "lower", "tostring") and len(arguments) == 1 and is_counter(arguments[0])


class Uncounted:
    """Takes out of expressions what distinguishes copies. `label` is the name that replaces a mere number."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.dropped: list[str] = []
        """Keys of objects that were removed, since each copy had its own value."""

    def text(self, holder: Element, expr: Expr, *, script: bool = False) -> str:
        """The source of an expression without what distinguishes copies."""
        return _edited(holder, expr, list(self.edits(holder, expr, script=script)))

    def edits(self, holder: Element, expr: Expr, *, script: bool = False) -> Iterator[Edit]:
        """The edits that take it out. Raises `Unscalable` where the number decides something.

        `script`: the text is run by a machine, where a number may configure something.
        """
        if not tells_copies(holder, expr):
            return
        name = call_name(expr)
        if expr.kind in ("template", "heredoc"):
            edits = list(self._template(holder, expr, script or expr.kind == "heredoc"))
            alone = _left_alone(holder, expr, edits)
            yield from [alone] if alone is not None else edits
        elif expr.kind == "object":
            yield from self._object(holder, expr, script)
        elif name == "format":
            yield from self._format(holder, expr)
        elif name == "join":
            yield from self._join(holder, expr)
        elif expr.kind == "paren":
            yield from self.edits(holder, parenthesized(expr), script=script)
        elif expr.kind == "call" and name != "lookup":
            for argument in call_arguments(expr):
                yield from self.edits(holder, argument, script=script or name == "base64encode")
        elif expr.kind == "conditional" and not tells_copies(holder, Conditional.of(expr).condition):
            _, yes, no = Conditional.of(expr)
            yield from self.edits(holder, yes, script=script)
            yield from self.edits(holder, no, script=script)
        else:
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")

    # --- objects ------------------------------------------------------------------------------------------------------

    def _object(self, holder: Element, expr: Expr, script: bool) -> Iterator[Edit]:
        for item in object_items(expr):
            key, value = item_key(item), item_value(item)
            if key is None and tells_copies(holder, item_key_node(item)):
                raise Unscalable(f"the key `{_short(holder.text(item_key_node(item)))}` differs from copy to copy")
            if not tells_copies(holder, value):
                continue
            alone = is_counter(value) or _is_only_counter(value)
            if script and (alone or value.kind == "traversal"):
                raise Unscalable(f"the script is given `{holder.text(value)}`, which differs from copy to copy")
            if alone and key == "Name":
                yield holder.edit(value, f'"{self.label}"')
            elif key != "Name" and (alone or value.kind == "traversal" or call_name(value) == "element"):
                self.dropped.append(str(key))
                yield holder.remove_member(expr, item)
            else:
                yield from self.edits(holder, value, script=script)

    # --- texts --------------------------------------------------------------------------------------------------------

    def _template(self, holder: Element, expr: Expr, script: bool) -> Iterator[Edit]:
        parts = template_parts(expr)
        for i, part in enumerate(parts):
            if isinstance(part, Leaf) or not tells_copies(holder, part):
                continue
            inner = interpolated(part) if part.kind == "interpolation" else None
            if inner is not None and is_counter(inner):
                yield self._number(holder, expr, i, script)
            elif inner is not None and call_name(inner) in ("format", "join"):
                yield from self.edits(holder, inner, script=script)
            else:
                raise Unscalable(
                    f"`{_short(holder.text(part))}` differs from copy to copy, and decides more than a name"
                )

    def _number(self, holder: Element, template: Expr, at: int, script: bool) -> Edit:
        """The edit that takes the number `parts[at]` out of a template, with what goes with it of the text around."""
        file, parts = holder.file, template_parts(template)
        ahead = parts[at - 1] if at and isinstance(parts[at - 1], Leaf) else None
        following = parts[at + 1] if at + 1 < len(parts) and isinstance(parts[at + 1], Leaf) else parts[at]
        _, start, end = holder.span(parts[at])
        low = holder.span(ahead).start if ahead is not None else start
        line, line_end = file.line_start(start), file.line_end(start)
        before = file.text[max(low, line) : start]
        after = file.text[end : holder.span(following).end].split("\n", 1)[0]
        found = natural_cut(before, after, at_start=not at or line >= low)
        if script and not _only_tells(file.text[line:start], before, after, file.text[line:line_end]):
            found = None
        if found is None:
            raise Unscalable(f"`{_short(file.text[line:line_end].strip())}` gives each copy a number of its own")
        return Edit(file.path, start - found[0], end + found[1], "")

    def _format(self, holder: Element, expr: Expr) -> Iterator[Edit]:
        arguments = call_arguments(expr)
        pattern = string_value(arguments[0]) if arguments else None
        if pattern is None:
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
        verbs = [m for m in re.finditer(r"%[-+0# ]*\d*(?:\.\d+)?[a-z%]", pattern) if not m[0].endswith("%")]
        at = holder.span(arguments[0]).start + 1
        for i, argument in enumerate(arguments[1:]):
            if not tells_copies(holder, argument):
                continue
            if not is_counter(argument):
                yield from self.edits(holder, argument)
                continue
            if i >= len(verbs):
                raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
            low = verbs[i - 1].end() if i else 0
            high = verbs[i + 1].start() if i + 1 < len(verbs) else len(pattern)
            found = natural_cut(pattern[low : verbs[i].start()], pattern[verbs[i].end() : high], at_start=not i)
            if found is None:
                raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
            yield Edit(holder.file.path, at + verbs[i].start() - found[0], at + verbs[i].end() + found[1], "")
            yield _deleted(holder, arguments[i].end, argument.end)

    def _join(self, holder: Element, expr: Expr) -> Iterator[Edit]:
        arguments = call_arguments(expr)
        if len(arguments) != 2 or arguments[1].kind != "tuple" or tells_copies(holder, arguments[0]):
            raise Unscalable(f"`{_short(holder.text(expr))}` differs from copy to copy")
        elements = call_arguments(arguments[1])
        for i, element in enumerate(elements):
            if not tells_copies(holder, element):
                continue
            if not is_counter(element):
                yield from self.edits(holder, element)
            elif i:
                yield _deleted(holder, elements[i - 1].end, element.end)
            else:
                after = elements[1].start if len(elements) > 1 else element.end
                yield _deleted(holder, element.start, after)


_WORDS = r"(?:instance|server|node|host|replica|worker|machine|copy|vm|number|no\.|id|index)"
_ASIDE = rf"(?i)(?:\s+[-–—|/:]+\s+|,\s+)(?:{_WORDS}[\s:#.]*)*#?$"
_BRACKETED = rf"(?i)\s*[(\[](?:{_WORDS}[\s:#.]*)*#?$"
_COUNTED = rf"(?i)\b{_WORDS}:?\s+#?$"
_SHOWN = r"(?i)\b(?:echo|printf|logger)\b|<(?:h\d|p|title|div|body|html|b|span|strong)\b|^\s*#"


def natural_cut(before: str, after: str, *, at_start: bool) -> tuple[int, int] | None:
    """How many characters before and after a number go with it; None where the rest would not be the same thing.

    `before` and `after` reach to the next value or to the end of the text; `at_start`: nothing is before `before`.
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
    """Whether a number in a script only distinguishes copies: in a text that is shown, or at a name's end.

    A number that configures something stays.
    """
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


def _edited(holder: Element, expr: Expr, edits: Sequence[Edit]) -> str:
    """The source of an expression with edits made."""
    base = holder.span(expr).start
    return apply_edits(holder.text(expr), sorted((e.start - base, e.end - base, e.text) for e in edits))


def _deleted(holder: Element, start: int, end: int) -> Edit:
    """The removal of a stretch of an element, by the offsets of nodes."""
    return Edit(holder.file.path, holder.base + start, holder.base + end, "")


def _left_alone(holder: Element, template: Expr, edits: Sequence[Edit]) -> Edit | None:
    """The value that is all that edits leave of a quoted text, without its quotes; None if more is left."""
    values = [p for p in template_parts(template) if p.kind == "interpolation" and not tells_copies(holder, p)]
    if template.kind != "template" or len(values) != 1:
        return None
    if _edited(holder, template, edits) != f'"{holder.text(values[0])}"':
        return None
    return holder.edit(template, holder.text(interpolated(values[0])))


def _is_only_counter(expr: Expr) -> bool:
    """Whether an expression is a quoted text of nothing but the copy's number or key."""
    inner = sole_interpolation(expr) if expr.kind == "template" else None
    return inner is not None and is_counter(inner)


# --- lists ------------------------------------------------------------------------------------------------------------


class Loop(NamedTuple):
    """What makes the copies of a block: its `count` or `for_each`; None for a single block."""

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
        one, two = (re.sub(r"\s+", "", loop.value) for loop in (self.attribute, other.attribute))
        return self.attribute.name == other.attribute.name and one == two


def all_values(holder: Element, expr: Expr, loop: Loop) -> str:
    """The list of what an expression is for all copies: the whole list where it takes one element of a list."""
    text = holder.text(expr)
    if loop.attribute is None or not tells_copies(holder, expr):
        return f"[{text}]"
    if expr.kind == "paren":
        return all_values(holder, parenthesized(expr), loop)
    if loop.by_key:
        return _by_key(holder, expr, loop)
    if expr.kind == "conditional":
        _, *branches = Conditional.of(expr)
        if not any(tells_copies(holder, b) for b in branches):
            return compose.list_of(dict.fromkeys(holder.text(b) for b in branches))
    if call_name(expr) == "element" and _counts(call_arguments(expr)[1]):
        return holder.text(call_arguments(expr)[0])
    if expr.kind == "traversal":
        found = _indexed_list(holder, expr)
        if found is not None:
            return found
    return f"[for index in range({loop.attribute.value}) : {_renamed(holder, expr, {'count.index': 'index'})}]"


def _indexed_list(holder: Element, expr: Expr) -> str | None:
    """`L` of `L[count.index]` or `element(L, count.index)`, with the steps that follow, taken of each element."""
    root = traversal_root(expr)
    if call_name(root) == "element" and _counts(call_arguments(root)[1]):
        whole, end = holder.text(call_arguments(root)[0]), root.end
    else:
        numbered = [c for c in traversal_steps(expr) if c.kind == "index" and tells_copies(holder, index_expr(c))]
        if len(numbered) != 1 or not _counts(index_expr(numbered[0])) or tells_copies(holder, root):
            return None
        whole, end = (
            holder.file.text[holder.span(expr).start : holder.span(numbered[0]).start].rstrip(),
            numbered[0].end,
        )
    rest = holder.file.text[holder.base + end : holder.span(expr).end]
    return f"{whole}[*]{rest}" if rest else whole


def _counts(expr: Expr) -> bool:
    """`count.index`, or the rest of its division by a length."""
    if expr.kind == "paren":
        return _counts(parenthesized(expr))
    if expr.kind == "binary":
        return operators(expr)[0].kind == "Percent" and _counts(operands(expr)[0])
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
    """The source of an expression with other names for some addresses."""
    references = expression_references(holder, expr)
    return _edited(holder, expr, [r.edit(names[r.address]) for r in references if r.address in names])


def copies_left(text: str) -> Sequence[str]:
    """The addresses that distinguish copies in a text of HCL that must not contain any."""
    return [r.address for r in compose.body_of(text).references if r.address in COPY_NAMES]


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 70 and line == text else f"{line[:67]}…"
