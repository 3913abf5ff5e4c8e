"""Values that the AWS provider refuses: unknown words, numbers out of range, arguments that exclude each other.

A value is checked if it is known in some environment: it is a constant, or its variables have values there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from tapfix.module import Attribute, Block, Expr, Project, walk
from tapfix.module.environments import Environments, is_absent
from tapfix.module.evaluate import Evaluator, is_known
from tapfix.schema.constraints import ArgumentGroup, Constraint, constraints
from tapfix.syntax import Leaf
from tapfix.verify.bodies import title
from tapfix.verify.databases import check_databases
from tapfix.verify.declarations import Declarations
from tapfix.verify.networks import check_networks


def check_constraints(declarations: Declarations) -> None:
    """Report the known values that the provider refuses."""
    schema = declarations.schema
    if schema is None or not declarations.knows_provider("aws"):
        return
    project = declarations.project or Project({})
    evaluators = list(Environments(project).evaluators(declarations.module).values())
    check_networks(declarations, evaluators)
    check_databases(declarations, evaluators)
    if schema.major != 5:  # The rules were taken from version 5; a later one may accept more.
        return
    for block in declarations.module.blocks:
        if block.type in ("resource", "data") and len(block.labels) == 2 and block.labels[0].startswith("aws_"):
            known = constraints(block.type, block.labels[0])
            present = [evaluator for evaluator in evaluators if not is_absent(block, evaluator)]
            for path, attribute in _attributes(block, "", known.blocks):
                _judge(declarations, present, known.of(path), attribute)
            written = {*block.attributes, *(nested.type for nested in block.blocks)}
            for group in known.groups:
                # A missing argument excludes nothing.
                if group.kind == "some" or group.path[0] in written:
                    _check_group(declarations, block, group)


def _attributes(block: Block, path: str, within: Collection[str]) -> Iterator[tuple[str, Attribute]]:
    """The attributes of a block and of its nested blocks with paths in `within`, each with its dotted path."""
    if path not in within:
        return
    dotted = f"{path}." if path else ""
    for name, attribute in block.attributes.items():
        yield dotted + name, attribute
    for nested in block.blocks:
        if nested.type != "dynamic":
            yield from _attributes(nested, dotted + nested.type, within)
        elif len(nested.labels) == 1:
            for content in nested.blocks_of("content"):
                yield from _attributes(content, dotted + nested.name, within)


def _judge(
    declarations: Declarations, evaluators: Sequence[Evaluator], constraints: Iterable[Constraint], attribute: Attribute
) -> None:
    """Report the first constraint on an argument that one of its values breaks."""
    values: list[object] | None = None
    for constraint in constraints:
        if values is None:
            values = _values(evaluators, attribute)
        reason = next((reason for value in values if (reason := constraint.refuses(value))), None)
        if reason:
            what = f'the provider does not accept this value of "{attribute.name}": {reason}'
            declarations.report("values", "refused-value", what, attribute)
            return


def _values(evaluators: Sequence[Evaluator], attribute: Attribute) -> list[object]:
    """The known values of an argument. A constant has one value."""
    expr = attribute.expr
    if len(evaluators) > 1 and not any(node.kind in ("traversal", "call") for node in walk(expr)):
        evaluators = evaluators[:1]
    return [value for each in evaluators if is_known(value := each.evaluate(expr))]


def _check_group(declarations: Declarations, block: Block, group: ArgumentGroup) -> None:
    if len(group.path) > 1:
        for nested in _blocks(block, group.path[:-1]):
            if all(other[: len(group.path) - 1] == group.path[:-1] for other in group.others):
                _check_members(declarations, nested, group.path[-1], [other[-1] for other in group.others], group.kind)
    elif len(group.path) == 1 and all(len(other) == 1 for other in group.others):
        _check_members(declarations, block, group.path[0], [other[0] for other in group.others], group.kind)


def _check_members(declarations: Declarations, block: Block, name: str, others: Sequence[str], kind: str) -> None:
    if kind == "some":
        # An argument that may be null counts as set here, because it is not missing for certain.
        dynamic = {nested.labels[0] for nested in block.blocks if nested.type == "dynamic" and nested.labels}
        there = {*block.attributes, *(nested.type for nested in block.blocks), *dynamic}
        if not there.intersection(others):
            named = ", ".join(f'"{other}"' for other in others)
            declarations.report("values", "missing-choice", f"one of {named} of {title(block)} must be set", block)
        return
    if not _sets(block, name):
        return
    clashing = sorted(other for other in others if other != name and _sets(block, other))
    if clashing:
        named = " and ".join(f'"{each}"' for each in sorted([name, *clashing]))
        at = block.attributes.get(name) or block
        declarations.report("values", "conflict", f"{named} exclude each other", at)


def _sets(block: Block, name: str) -> bool:
    """Does a block set an argument for certain? One that may be null does not count, nor does a dynamic block."""
    attribute = block.get(name)
    if attribute is None:
        return any(nested.type == name for nested in block.blocks)
    if attribute.value.startswith(("var.", "each.", "local.", "module.")):
        return False
    return not any(node.kind in ("conditional", "call") or _is_null(node) for node in walk(attribute.expr))


def _is_null(node: Expr) -> bool:
    return isinstance(node, Leaf) and node.value == "null"


def _blocks(block: Block, path: Sequence[str]) -> Iterator[Block]:
    if not path:
        yield block
        return
    for nested in block.blocks:
        if nested.type == path[0]:
            yield from _blocks(nested, path[1:])
