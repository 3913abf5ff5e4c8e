"""The `ignore_changes` of a resource: what it names, and how to add to it and to take from it."""

from __future__ import annotations

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, call_arguments


def ignored(block: Block) -> Attribute | None:
    """The `ignore_changes` argument of a resource."""
    return next((a for b in block.blocks_of("lifecycle") if (a := b.get("ignore_changes"))), None)


def ignores(block: Block, argument: str, key: str | None = None) -> bool:
    """Whether a resource ignores changes of an argument, or of one key of it: `tags` or `tags["Key"]`."""
    names = ignored(block)
    if names is None:
        return False
    if names.value == "all":
        return True
    items = [names.text(i) for i in call_arguments(names.expr)] if names.expr.kind == "tuple" else []
    return any(
        item == argument or (key is not None and item in (f'{argument}["{key}"]', f"{argument}.{key}"))
        for item in items
    )


def ignore(block: Block, argument: str) -> Edit:
    """Have a resource ignore changes of an argument."""
    names = ignored(block)
    if names is not None and names.expr.kind == "tuple":
        items = call_arguments(names.expr)
        if not items:
            return names.replace(f"[{argument}]")
        last = items[-1]
        at = names.base + last.end
        line = names.file.line_start(names.base + last.start)
        before = names.file.text[line : names.base + last.start]
        return Edit(names.file.path, at, at, f", {argument}" if before.strip() else f",\n{before}{argument}")
    lifecycles = block.blocks_of("lifecycle")
    if lifecycles:
        return lifecycles[0].insert(f"ignore_changes = [{argument}]")
    return block.insert(f"\nlifecycle {{\n  ignore_changes = [{argument}]\n}}")


def stop_ignoring(block: Block, argument: str) -> list[Edit]:
    """Take an argument out of `ignore_changes`; the list and the block go with it if they hold nothing else."""
    names = ignored(block)
    if names is None or names.expr.kind != "tuple" or names.parent is None:
        return []
    items = call_arguments(names.expr)
    item = next((i for i in items if names.text(i) == argument), None)
    if item is None:
        return []
    if len(items) > 1:
        return [names.remove_member(names.expr, item)]
    alone = len(names.parent.attributes) == 1 and not names.parent.blocks
    return [(names.parent if alone else names).remove()]
