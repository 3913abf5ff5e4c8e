"""The results of the proof: its steps and the problems that they find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

StepName = Literal["parses", "references", "schema", "values", "init", "validate", "plan", "apply", "replan", "destroy"]
Status = Literal["passed", "failed", "skipped"]

CHEAP_STEPS: Final[tuple[StepName, ...]] = ("parses", "references", "schema", "values")
"""The steps that need nothing but tapfix."""
TERRAFORM_STEPS: Final[tuple[StepName, ...]] = ("init", "validate", "plan", "apply", "replan", "destroy")
"""The steps that need a terraform or tofu binary."""


REMEDIES: Final[Mapping[str, str]] = {
    "syntax": "Close what is open, or add the missing separator. What follows is checked once this parses.",
    "undeclared-variable": "Declare it with a variable block, or use one that is declared.",
    "undeclared-local": "Set it in a locals block, or use one that is set.",
    "undeclared-module": "Write the module block, or use a module that is called.",
    "undeclared-resource": "Write its block, or refer to one that is there.",
    "undeclared-provider": "Write a provider block with this alias, or leave the argument out.",
    "invalid-reference": "Put a text in quotes; write a reference in full.",
    "unsupported-attribute": "Use an attribute that it has.",
    "unknown-attribute": "Use an attribute that the provider's documentation lists for the type.",
    "invalid-index": "Use an index that is there, or count the elements first.",
    "missing-instance": "Name one instance, or all of them with [*] (values() for for_each).",
    "unexpected-instance": "Leave the index out.",
    "cycle": "Take one of the references out; of security groups, put the rules into resources of their own.",
    "self-reference": "Take the reference to itself out, or use self where it is allowed.",
    "duplicate": "Take one of the two out, or rename it.",
    "missing-module": "Add the folder with its .tf files, or correct the path in source.",
    "missing-file": "Add the file, or put its content into the configuration.",
    "unknown-function": "Use a function that Terraform has.",
    "argument-count": "Give as many arguments as the function takes.",
    "missing-argument": "Set it.",
    "missing-choice": "Set one of them.",
    "unknown-argument": "Take it out, or give it the name that the provider's documentation has.",
    "computed-argument": "Take it out.",
    "argument-for-block": "Write it with an equals sign.",
    "block-for-argument": "Write it without the equals sign.",
    "unknown-block": "Take it out, or give it the name that the documentation has.",
    "unknown-type": "Use a type that the provider has, or require the provider's version that has it.",
    "too-few-blocks": "Write the block.",
    "too-many-blocks": "Leave one of them.",
    "wrong-labels": "Give the block its labels: type and name for a resource, the name alone for most others.",
    "wrong-type": "Give a value of the type that is wanted.",
    "invalid-operand": "Give a value of the type that is wanted.",
    "not-constant": "Write the value itself; what has to be worked out belongs into a local value.",
    "invalid-dependency": "Name the whole block, without an attribute.",
    "count-and-each": "Leave one of them out.",
    "refused-value": "Give a value that is taken.",
    "conflict": "Leave one of them out.",
    "outside-network": "Choose a part of the VPC's network, with cidrsubnet() say.",
    "overlap": "Choose networks that do not share addresses, with cidrsubnet() say.",
    "undeclared-value": "Declare the variable, or take the line out.",
    "wrong-value": "Give a value of the variable's type.",
    "unset-variable": "Set it in this file, or give the variable a default.",
}
"""The remedy for each kind of problem."""


class Problem(NamedTuple):
    """A fault of a stack. `start` and `end` are offsets in the file, `line` and `column` are 1-based."""

    step: StepName
    kind: str
    """The kind of problem: `undeclared-variable`, `missing-argument`."""
    message: str
    """The problem in one sentence, without its place in a file."""
    address: str
    """The address of the top-level block that contains it; empty if there is none."""
    file: str = ""
    start: int = 0
    end: int = 0
    line: int = 0
    column: int = 0
    severity: Literal["error", "warning"] = "error"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the problem even if lines move."""
        return self.step, self.kind, self.address, self.message

    @property
    def remedy(self) -> str:
        """What to do about it, in one sentence; empty if the message says it already."""
        return REMEDIES.get(self.kind, "")

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
    """The environment whose values were used; empty if there was none."""
    output: str = ""
    """What terraform printed, for the report."""
    seconds: float = 0.0
