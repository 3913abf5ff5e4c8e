"""The proof ladder: checks of a stack, from whether it parses to whether it can be applied and destroyed.

    check(module)                     # its problems, by the steps that need nothing but tapfix
    steps({"main.tf": "..."})         # the same as rungs: parses, references, schema, values
    ladder(folder, upto="apply")      # the same, and the steps of terraform or tofu against an emulator

The first steps follow Terraform's own rules. They do not report what they cannot know, because a false alarm would undo
a good fix.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from tapfix.module import Module, Project, kind_of
from tapfix.verify.problem import CHEAP_STEPS, TERRAFORM_STEPS, Problem, Step, StepName

__all__ = ["CHEAP_STEPS", "TERRAFORM_STEPS", "Problem", "Step", "check", "check_project", "ladder", "rungs", "steps"]

_MAX_NAMED: Final = 3


def check(module: Module, project: Project | None = None, files: Collection[str] | None = None) -> tuple[Problem, ...]:
    """The problems of one module, in reading order.

    With the project, calls of its modules are checked too. With `files`, the paths of all files of the stack, the files
    that functions read are checked too.
    """
    from tapfix.verify import graph
    from tapfix.verify.constraints import check_constraints
    from tapfix.verify.declarations import Declarations
    from tapfix.verify.providers import check_providers
    from tapfix.verify.structure import Structure
    from tapfix.verify.tfvars import check_values

    declarations = Declarations(module, project, files)
    for file in (*module.configuration, *module.tfvars):
        for d in file.tree.diagnostics:
            if d.severity == "error":
                line, column = declarations.lines(file).position(d.offset)
                problem = Problem("parses", "syntax", d.message, "", file.path, d.offset, d.end, line, column)
                declarations.problems.append(problem)
    graph.check_duplicates(declarations)
    Structure(declarations).check()
    graph.check_cycles(declarations)
    check_providers(declarations)
    check_values(declarations)
    check_constraints(declarations)
    return tuple(sorted(declarations.problems, key=lambda p: (CHEAP_STEPS.index(p.step), p.file, p.start)))


def check_project(project: Project, files: Collection[str] | None = None) -> tuple[Problem, ...]:
    """The problems of all modules of a project, the root module's first."""
    return tuple(problem for module in project.modules for problem in check(module, project, files))


def steps(texts: Mapping[str, str], files: Collection[str] | None = None) -> tuple[Step, ...]:
    """The rungs that need nothing but tapfix, on files by path. A failed rung does not stop the others."""
    return rungs(check_project(Project(texts), files))


def rungs(problems: Sequence[Problem]) -> tuple[Step, ...]:
    """The rungs of problems that are known already."""
    return tuple(_rung(name, tuple(p for p in problems if p.step == name)) for name in CHEAP_STEPS)


def ladder(
    target: Path | Mapping[str, str] | Module,
    *,
    upto: StepName = "validate",
    emulator: str | None = "auto",
    binary: str | None = None,
    allow_real: bool = False,
    environments: Sequence[str] | None = None,
    timeout: float = 900.0,
    progress: Callable[[str], None] | None = None,
) -> tuple[Step, ...]:
    """All rungs up to `upto`, on a folder, on files by path, or on a module.

    The first ones need nothing but tapfix. From `init` on, a terraform or tofu binary works in a scratch copy. From
    `plan` on it works against an AWS emulator, once for each environment: `auto` starts one, a URL names a running one.
    A rung is skipped, and says why, if it cannot run here or if an earlier one failed. `timeout` is in seconds, for one
    command.
    """
    folder = target if isinstance(target, Path) else None
    texts = _texts(target)
    found = [
        step
        for step in steps(texts)
        if upto not in CHEAP_STEPS or CHEAP_STEPS.index(step.step) <= CHEAP_STEPS.index(upto)
    ]
    if upto in CHEAP_STEPS:
        return tuple(found)
    from tapfix.verify.terraform import LadderOptions, terraform_steps

    options = LadderOptions(
        upto=upto,
        binary=binary,
        emulator=emulator,
        allow_real=allow_real,
        environments=environments,
        timeout=timeout,
        progress=progress or (lambda line: None),
    )
    if found[0].status == "failed":
        wanted = TERRAFORM_STEPS[: TERRAFORM_STEPS.index(upto) + 1]
        return (*found, *(Step(name, "skipped", "it does not parse") for name in wanted))
    return (*found, *terraform_steps(texts, folder, options))


def _files(folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _texts(target: Path | Mapping[str, str] | Module) -> Mapping[str, str]:
    if isinstance(target, Module):
        return {file.path: file.text for file in target.files}
    if not isinstance(target, Path):
        return target
    return {
        path.relative_to(target).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in sorted(target.rglob("*"))
        if kind_of(path.name) != "other" and ".terraform" not in path.parts and path.is_file()
    }


def _rung(name: StepName, problems: tuple[Problem, ...]) -> Step:
    errors = [problem for problem in problems if problem.severity == "error"]
    named = "; ".join(str(problem) for problem in errors[:_MAX_NAMED])
    more = f"; and {len(errors) - _MAX_NAMED} more" if len(errors) > _MAX_NAMED else ""
    return Step(name, "failed" if errors else "passed", named + more, problems)
