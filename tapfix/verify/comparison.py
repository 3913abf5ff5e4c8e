"""Whether a stack became worse: which problems of the one are no problems of the other.

Fixes move lines, rename blocks, put one block in place of two. A problem that went along is not new. But neither does a problem that
one fix mended make up for one that another fix made: what is new is told one by one, not by counting.
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
"""What a problem belongs to: a module's folder and an address in it, or the folder and the file where it has no address."""

_OF_NAMES: Final = frozenset({"undeclared-variable", "undeclared-local", "undeclared-module", "undeclared-resource"})
"""What is missing here is a name, wherever it is used: a fix that uses it once more makes nothing worse."""


def new_problems(before: Iterable[Problem], after: Iterable[Problem], was: Project, came: Project) -> list[Problem]:
    """The problems of `after` that those of `before` do not account for, in their order; `was` and `came` are the two stacks."""
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
        if not _follows(problem, left[problem.step, problem.kind], was, came) and not _is_revealed(problem, was, came)
    ]


def _follows(problem: Problem, left: Counter[tuple[Owner, str]], was: Project, came: Project) -> bool:
    """Whether a problem is one that was there before in other words or at another address; that one is used up."""
    owner = _owner(problem)
    fresh = not _has(was, owner)
    for (other, message), number in left.items():
        if number and (other == owner or (fresh and not _has(came, other))):
            left[other, message] -= 1
            return True
    return False


def _had_no_value(problem: Problem, was: Project) -> bool:
    """Whether nothing gave the variable a value before either: the file that does not set it now was not there then."""
    folder, address = _owner(problem)
    for module in was.modules:
        if module.folder == folder:
            block = module.variables.get(address.removeprefix("var."))
            if block is None:
                return bool(module.references_to(address))
            return block.get("default") is None and not any(block.name in file.attributes for file in module.tfvars)
    return False


def _is_revealed(problem: Problem, was: Project, came: Project) -> bool:
    """Whether the argument with the problem is as it was, and only its value was not known before.

    A fix that declares a variable or puts a tfvars file beside the stack lets the proof see a value that the answer had all along.
    """
    if problem.step != "values":
        return False
    folder, address = _owner(problem)
    block, old = (next((m.find(address) for m in p.modules if m.folder == folder), None) for p in (came, was))
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
