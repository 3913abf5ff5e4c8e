"""The `ignore_changes` of a resource: what it lists, and how to add to it and to remove from it."""

from __future__ import annotations

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, Expr, compose
from tapfix.module.nodes import members


def ignored(block: Block) -> Attribute | None:
    """The `ignore_changes` argument of a resource."""
    return next((a for b in block.blocks_of("lifecycle") if (a := b.get("ignore_changes"))), None)


def _listed(names: Attribute) -> tuple[Expr, ...]:
    return members(names.expr) if names.expr.kind == "tuple" else ()


def ignores(block: Block, argument: str, key: str | None = None) -> bool:
    """Whether a resource ignores changes of an argument, or of one key of it: `tags` or `tags["Key"]`."""
    names = ignored(block)
    if names is None:
        return False
    if names.value == "all":
        return True
    spellings = {argument} if key is None else {argument, f'{argument}["{key}"]', f"{argument}.{key}"}
    return any(names.text(item) in spellings for item in _listed(names))


def ignore(block: Block, argument: str) -> Edit:
    """The edit that adds an argument to the `ignore_changes` of a resource."""
    names = ignored(block)
    if names is not None and names.expr.kind == "tuple":
        items = _listed(names)
        if not items:
            return names.replace(f"[{argument}]")
        last = names.span(items[-1])
        before = names.file.text[names.file.line_start(last.start) : last.start]
        text = f", {argument}" if before.strip() else f",\n{before}{argument}"
        return Edit(names.file.path, last.end, last.end, text)
    line = f"ignore_changes = [{argument}]"
    lifecycles = block.blocks_of("lifecycle")
    if lifecycles:
        return lifecycles[0].insert(line)
    return block.insert("\n" + compose.block("lifecycle", body=line).rstrip("\n"))


def stop_ignoring(block: Block, argument: str) -> list[Edit]:
    """The edits that remove an argument from `ignore_changes`, and the list or block that contains nothing else."""
    names = ignored(block)
    if names is None or names.parent is None:
        return []
    items = _listed(names)
    item = next((i for i in items if names.text(i) == argument), None)
    if item is None:
        return []
    if len(items) > 1:
        return [names.remove_member(names.expr, item)]
    alone = len(names.parent.attributes) == 1 and not names.parent.blocks
    return [(names.parent if alone else names).remove()]
