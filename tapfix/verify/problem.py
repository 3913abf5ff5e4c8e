"""What the proof finds wrong, and how far it got."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

StepName = Literal["parses", "references", "schema", "values", "init", "validate", "plan", "apply", "replan", "destroy"]
Status = Literal["passed", "failed", "skipped"]

CHEAP_STEPS: Final[tuple[StepName, ...]] = ("parses", "references", "schema", "values")
"""The steps that need nothing but tapfix."""
TERRAFORM_STEPS: Final[tuple[StepName, ...]] = ("init", "validate", "plan", "apply", "replan", "destroy")
"""The steps that a terraform or tofu binary takes."""


class Problem(NamedTuple):
    """One thing that keeps the stack from standing. `start` and `end` are offsets in the file; line and column 1-based."""

    step: StepName
    kind: str
    """What sort of problem, as a word: `undeclared-variable`, `missing-argument`."""
    message: str
    """The problem in one sentence, without places in files."""
    address: str
    """The top-level block it stands in, as Terraform writes it; empty for none."""
    file: str = ""
    start: int = 0
    end: int = 0
    line: int = 0
    column: int = 0
    severity: Literal["error", "warning"] = "error"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays the same when lines move."""
        return self.step, self.kind, self.address, self.message

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.address}: {self.message}" if self.address else f"{place}{self.message}"


class Step(NamedTuple):
    """One rung of the proof ladder."""

    step: StepName
    status: Status
    detail: str = ""
    problems: tuple[Problem, ...] = ()
    environment: str = ""
    """The environment whose values were used; empty where none was asked for."""
    output: str = ""
    """What terraform printed, for the report."""
    seconds: float = 0.0
