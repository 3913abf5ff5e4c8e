"""Compares the problems of a stack before and after fixes, to find the new ones.

Fixes move lines, rename blocks and replace two blocks by one. A problem that moved with them is not new. But if one fix
solves a problem, that does not make up for a problem that another fix causes: problems are compared one by one, not
counted.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from tapfix.module import Attribute, Block, Project
from tapfix.module.environments import Environments
from tapfix.module.evaluate import is_known
from tapfix.verify.problem import Problem

Owner = tuple[str, str]
"""What a problem belongs to: a module's folder and an address in it, or without an address the folder and the file."""

_OF_NAMES: Final = frozenset({"undeclared-variable", "undeclared-local", "undeclared-module", "undeclared-resource"})
"""Problems about a missing name. A fix that uses the name once more makes nothing worse."""


def new_problems(before: Iterable[Problem], after: Iterable[Problem], was: Project, now: Project) -> list[Problem]:
    """The problems of `after`, in their order, that correspond to none of `before`. The stacks are `was` and `now`."""
    left: dict[tuple[str, str], Counter[tuple[Owner, str]]] = defaultdict(Counter)
    named = set[str]()
    for problem in before:
        left[problem.step, problem.kind][_owner(problem), problem.message] += 1
        if problem.kind in _OF_NAMES:
            named.add(problem.message)
    others = []
    for problem in after:
        known = left[problem.step, problem.kind]
        own = (_owner(problem), problem.message)
        if known[own]:
            known[own] -= 1
        elif problem.message not in named and not (problem.kind == "unset-variable" and _had_no_value(problem, was)):
            others.append(problem)
    return [
        problem
        for problem in others
        if not _corresponds(problem, left[problem.step, problem.kind], was, now) and not _is_revealed(problem, was, now)
    ]


def seen_before(before: Project, problems: Iterable[Problem]) -> list[Problem]:
    """Those of the problems that `before` would have shown if it had had them.

    A stack does not show problems in blocks that do not parse, nor in calls of modules that have such blocks.
    """
    files = [file for module in before.modules for file in (*module.configuration, *module.tfvars)]
    unparsed = [broken.text() for file in files for broken in file.broken]
    if not unparsed:
        return list(problems)
    parsed = {block.address for file in files for block in file.blocks}
    calls = _calls_of_unparsed(before)

    def is_hidden(address: str) -> bool:
        if address in calls:
            return True
        names = address.split(".")
        return address not in parsed and any(all(name in text for name in names) for text in unparsed)

    return [problem for problem in problems if not problem.address or not is_hidden(problem.address)]


def _calls_of_unparsed(project: Project) -> frozenset[str]:
    """The addresses of the calls of modules that do not parse whole, so that nobody knows what they declare."""
    return frozenset(
        call.address
        for module in project.modules
        for call in module.blocks_of("module")
        if (callee := project.callee(call)) is not None and any(file.broken for file in callee.configuration)
    )


def _corresponds(problem: Problem, left: Counter[tuple[Owner, str]], was: Project, now: Project) -> bool:
    """Was the problem there before, with another message or at another address? Uses that earlier problem up."""
    owner = _owner(problem)
    is_new_owner = not _has(was, owner)
    for (other, message), number in left.items():
        if number and (other == owner or (is_new_owner and not _has(now, other))):
            left[other, message] -= 1
            return True
    return False


def _had_no_value(problem: Problem, was: Project) -> bool:
    """Had the variable no value before either? The tfvars file that does not set it now may not have existed then."""
    folder, address = _owner(problem)
    for module in was.modules:
        if module.folder == folder:
            block = module.variables.get(address.removeprefix("var."))
            if block is None:
                return bool(module.references_to(address))
            return block.get("default") is None and not any(block.name in file.attributes for file in module.tfvars)
    return False


def _is_revealed(problem: Problem, was: Project, now: Project) -> bool:
    """Is the argument with the problem unchanged, and was only its value unknown before?

    A fix that declares a variable or adds a tfvars file reveals values that the stack had before.
    """
    if problem.step != "values":
        return False
    folder, address = _owner(problem)
    block, old = (next((m.find(address) for m in p.modules if m.folder == folder), None) for p in (now, was))
    if not isinstance(block, Block) or not isinstance(old, Block):
        return False
    argument = next((a for a in _arguments(block) if a.start <= problem.start < a.end), None)
    if argument is None:
        return False
    environments = Environments(was)
    return any(
        not all(map(is_known, environments.values(other, other.expr).values()))
        for other in _arguments(old)
        if other.name == argument.name and other.value == argument.value
    )


def _arguments(block: Block) -> Iterator[Attribute]:
    return (attribute for inner in block.walk() for attribute in inner.attributes.values())


def _owner(problem: Problem) -> Owner:
    return posixpath.dirname(problem.file), problem.address or problem.file


def _has(project: Project, owner: Owner) -> bool:
    folder, name = owner
    if name in project.files:
        return True
    return any(module.folder == folder and module.find(name) is not None for module in project.modules)
