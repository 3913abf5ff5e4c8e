"""Which modules have exactly one known error? Makes them from valid modules, for `bench.agreement`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tapfix.module import Attribute, Block, Project, call_arguments, call_name, walk
from tapfix.schema import BlockSchema, load

Spot = tuple[str, int, int, str]
"""File, start, end, and the new text."""


def mutate(modules: Mapping[str, Mapping[str, str]], number: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields `number` different mutants, with equal shares of each kind of error, and the same ones in each run."""
    dice = random.Random(7)
    spots: dict[str, dict[str, list[Spot]]] = {way: {} for way in WAYS}
    for name, texts in sorted(modules.items()):
        project = Project(texts)
        for way, find in WAYS.items():
            found = sorted(set(find(project)))
            if found:
                dice.shuffle(found)
                spots[way][name] = found
    made = 0
    while made < number:
        left = [way for way in WAYS if spots[way]]
        if not left:
            raise ValueError(f"these modules give {made} mutants, not {number}")
        for way in left[: number - made]:
            name = dice.choice(list(spots[way]))
            file, start, end, text = spots[way][name].pop()
            if not spots[way][name]:
                del spots[way][name]
            old = modules[name][file]
            made += 1
            yield f"{way}-{made:03d}-{name}", {**modules[name], file: old[:start] + text + old[end:]}


def _bodies(project: Project) -> Iterator[tuple[Block, BlockSchema]]:
    """Every block of an AWS type and every block in it, with its schema."""
    schema = load(5)
    todo: list[tuple[Block, BlockSchema]] = []
    for block in project.root.blocks:
        if block.type in ("resource", "data") and len(block.labels) == 2 and block.labels[0].startswith("aws_"):
            found = schema.of(block.type, block.labels[0])
            if found is not None:
                todo.append((block, found))
    while todo:
        block, known = todo.pop()
        yield block, known
        todo += [(nested, known.blocks[nested.type].block) for nested in block.blocks if nested.type in known.blocks]


def _resources(project: Project) -> list[Block]:
    return [block for block, _ in _bodies(project) if block.parent is None]


def _whole_lines(element: Block | Attribute) -> tuple[str, int, int]:
    return element.file.path, element.file.line_start(element.start), element.file.line_end(element.end)


def _inside(block: Block, text: str) -> Spot:
    at = block.file.line_end(block.start)
    return block.file.path, at, at, text


def _arguments(change: Callable[[Attribute, Any], Spot | None]) -> Callable[[Project], Iterator[Spot]]:
    def spots(project: Project) -> Iterator[Spot]:
        for block, known in _bodies(project):
            for name, attribute in block.attributes.items():
                spot = change(attribute, known.attributes[name]) if name in known.attributes else None
                if spot is not None:
                    yield spot

    return spots


def _wrong_type(attribute: Attribute, known: Any) -> Spot:
    wrong = {"number": '"many"', "bool": '"enabled"', "string": '["x"]'}.get(
        known.type if isinstance(known.type, str) else "", '"x"'
    )
    return (*attribute.span(attribute.expr), wrong)


def _as_block(attribute: Attribute, known: Any) -> Spot | None:
    if known.type != "string" or "\n" in attribute.value:
        return None
    return (*attribute.span(), f"{attribute.name} {{\n value = {attribute.value}\n}}")


def _drop_blocks(project: Project) -> Iterator[Spot]:
    for block, known in _bodies(project):
        yield from (
            (*_whole_lines(b), "") for b in block.blocks if b.type in known.blocks and known.blocks[b.type].min_items
        )


def _twice(project: Project) -> Iterator[Spot]:
    for block, known in _bodies(project):
        for nested in block.blocks:
            if nested.type in known.blocks and known.blocks[nested.type].max_items == 1:
                yield nested.file.path, nested.start, nested.start, nested.text() + "\n"


def _cycles(project: Project) -> Iterator[Spot]:
    for block in _resources(project):
        for reference in block.references:
            other = project.root.find(reference.address)
            if (
                isinstance(other, Block)
                and other is not block
                and {block.type, other.type} == {"resource"}
                and not other.get("depends_on")
            ):
                yield _inside(other, f"  depends_on = [{block.address}]\n")


def _references(kinds: tuple[str, ...], step: str | None, text: str) -> Callable[[Project], Iterator[Spot]]:
    """Changes references: the end of the address, or the step after it."""

    def spots(project: Project) -> Iterator[Spot]:
        for reference in project.root.references:
            target = project.root.find(reference.address)
            kind = target.type if isinstance(target, Block) else "local"
            if target is None or kind not in kinds or reference.block is None:
                continue
            if step is None:
                yield reference.file.path, reference.end, reference.end, text
            elif reference.steps and reference.steps[0].kind == step and isinstance(target, Block):
                counted = bool(target.get("count") or target.get("for_each"))
                base, first = reference.block.base, reference.steps[0]
                if counted == (step == "index"):
                    if text == "[0]":
                        yield reference.file.path, reference.end, reference.end, text
                    else:
                        yield reference.file.path, base + first.start, base + first.end, text

    return spots


def _calls(project: Project) -> Iterator[tuple[Block, Any]]:
    for block in project.root.blocks:
        for node in walk(block.node) if block.type != "variable" else ():
            if node.kind == "call":
                yield block, node


def _unknown_functions(project: Project) -> Iterator[Spot]:
    for block, node in _calls(project):
        name = call_name(node) or ""
        yield block.file.path, block.base + node.start, block.base + node.start + len(name), name + "x"


def _fewer_arguments(project: Project) -> Iterator[Spot]:
    for block, node in _calls(project):
        arguments = call_arguments(node)
        if len(arguments) > 1 and call_name(node) in (
            "cidrsubnet",
            "element",
            "join",
            "replace",
            "substr",
            "lookup",
            "split",
        ):
            yield block.file.path, block.base + arguments[0].end, block.base + arguments[-1].end, ""


def _bad_defaults(project: Project) -> Iterator[Spot]:
    for block in project.root.variables.values():
        kind, default = block.get("type"), block.get("default")
        if kind and default and kind.value in ("number", "bool", "string"):
            yield (*default.span(default.expr), "{ a = 1 }" if kind.value == "string" else '"abc"')


WAYS: Mapping[str, Callable[[Project], Iterator[Spot]]] = {
    "drop-required": _arguments(lambda attribute, known: (*_whole_lines(attribute), "") if known.required else None),
    "misspell": _arguments(lambda a, known: (a.file.path, a.start, a.start + len(a.name), a.name[:-1] + "zq")),
    "argument-as-block": _arguments(_as_block),
    "wrong-type": _arguments(_wrong_type),
    "drop-block": _drop_blocks,
    "twice-a-block": _twice,
    "unknown-argument": lambda p: (_inside(block, "  not_an_argument = 1\n") for block in _resources(p)),
    "unknown-block": lambda p: (_inside(block, "  not_a_block {\n  }\n") for block in _resources(p)),
    "unknown-type": lambda p: ((*b.span(b.label_nodes[0]), f'"{b.labels[0]}_x"') for b in _resources(p)),
    "duplicate": lambda p: (
        (b.file.path, b.end, b.end, "\n\n" + b.text()) for b in p.root.blocks if b.labels and b.type != "provider"
    ),
    "cycle": _cycles,
    "dangling": _references(("resource", "data"), None, "_gone"),
    "undeclared": _references(("variable", "local"), None, "_gone"),
    "no-attribute": _references(("resource", "data"), "get_attr", ".not_there"),
    "index": _references(("resource",), "get_attr", "[0]"),
    "no-index": _references(("resource",), "index", ""),
    "function": _unknown_functions,
    "fewer-arguments": _fewer_arguments,
    "bad-default": _bad_defaults,
    "no-value": lambda p: (
        (*_whole_lines(o.attributes["value"]), "") for o in p.root.outputs.values() if o.get("value") and not o.one_line
    ),
}
