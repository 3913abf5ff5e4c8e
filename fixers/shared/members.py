"""Taking a member out of a list, an object or a call, with its comma or its line."""

from __future__ import annotations

from collections.abc import Sequence

from tapfix.edits import Edit
from tapfix.module import Element, Expr, call_arguments, object_items


def members(container: Expr) -> Sequence[Expr]:
    """The elements of a list, the items of an object, the arguments of a call."""
    return object_items(container) if container.kind == "object" else call_arguments(container)


def without_member(holder: Element, container: Expr, member: Expr) -> Edit:
    """Take a member out: with its lines and the comment lines above where it has lines of its own, else with its comma."""
    text, file = holder.file.text, holder.file
    start, end = holder.base + member.start, holder.base + member.end
    line_start, line_end = file.line_start(start), file.line_end(end)
    rest = text[end:line_end].lstrip(" \t")
    alone = not text[line_start:start].strip() and (
        rest[:1] in ("", "\r", "\n", "#") or (rest[:1] == "," and _ends(rest[1:]))
    )
    everything = members(container)
    at = next(i for i, other in enumerate(everything) if other is member)
    if alone and (rest[:1] == "," or container.kind == "object" or at + 1 < len(everything)):
        while line_start > 0:
            above = file.line_start(line_start - 1)
            if not text[above:line_start].lstrip().startswith(("#", "//")):
                break
            line_start = above
        return Edit(file.path, line_start, line_end, "")
    if at + 1 < len(everything):
        return Edit(file.path, start, holder.base + everything[at + 1].start, "")
    if at > 0:
        return Edit(file.path, holder.base + everything[at - 1].end, end, "")
    return Edit(file.path, start, end, "")


def _ends(text: str) -> bool:
    """Whether nothing but a comment follows on the line."""
    return not text.strip() or text.lstrip().startswith(("#", "//"))
