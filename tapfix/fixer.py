"""What a fixer is: one small class in one file of `fixers/`; the file's name is the rule's name.

class Timestamp(Fixer):
    \"\"\"One line that says what is wrong.

    The rest is the rule's page, in Markdown.
    \"\"\"
    rule = "TAP003"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    examples = (Example(before=..., after=...),)

    def check(self, module, context):
        for ...:
            yield self.fix(block, "what is wrong and what was done", edits)
            yield self.refuse(block, "what is wrong", reason="what a person must decide")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tapfix.edits import Edit, Fix, Safety
from tapfix.module import Element, Expr, File, Module, Project, Reference, Span

__all__ = ["Context", "Example", "Finding", "Fixer", "Safety", "Severity", "Status"]

if TYPE_CHECKING:
    from tapfix.answer.files import Answer
    from tapfix.contract import Contract
    from tapfix.module.evaluate import Evaluator
    from tapfix.schema import Schema


class Severity(StrEnum):
    """How much a failure costs whoever merges the answer."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Status(StrEnum):
    """What became of a finding."""

    FIXED = "fixed"
    REFUSED = "refused"
    SUGGESTED = "suggested"
    SUPPRESSED = "suppressed"


class Finding(NamedTuple):
    """One thing that is wrong, and what became of it. With a `fix` it is a proposal; the engine decides."""

    rule: str
    name: str
    severity: Severity
    safety: Safety
    status: Status
    message: str
    reason: str
    address: str
    span: Span
    fix: Fix | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells the finding apart from others of its pass, wherever in its file its text has moved."""
        return self.rule, self.span.file, self.address, self.message


class Example(NamedTuple):
    """A before and an after that stand in the rule: they are its tests and its page.

    `before` and `after` are the text of `tap_stack.tf`, or texts by file name. `after=None`: nothing is changed (a
    refusal, or what the rule accepts as it is). `contract` is a tapfix.toml that the example needs. Only this rule runs.
    """

    before: str | Mapping[str, str]
    after: str | Mapping[str, str] | None
    title: str = ""
    contract: str = ""


class Context:
    """What a fixer may know beside the module: the contract, the schema, the whole project, the answer it came in."""

    def __init__(
        self,
        contract: Contract,
        project: Project,
        *,
        answer: Answer | None = None,
        moved: bool = False,
    ) -> None:
        self.contract = contract
        self.project = project
        self.answer = answer
        self.moved = moved
        """Whether `moved` blocks are wanted for what gets another address."""
        self._evaluators: dict[Module, Mapping[str, Evaluator]] = {}

    @cached_property
    def schema(self) -> Schema:
        """What the AWS provider accepts."""
        from tapfix.schema import load

        return load()

    def evaluators(self, module: Module) -> Mapping[str, Evaluator]:
        """What works expressions out in each environment that has a tfvars file; under the name "" if there is none.

        They are the same for all rules, so that a variable and a local value are worked out once.
        """
        if module not in self._evaluators:
            from tapfix.module.evaluate import Evaluator, variables_per_environment

            given = variables_per_environment(module, self.contract)
            self._evaluators[module] = {name: Evaluator(module, values) for name, values in given.items()}
        return self._evaluators[module]

    def values(self, module: Module, holder: Element, expr: Expr) -> list[object]:
        """What an expression comes to in each of these environments."""
        return [evaluator.evaluate(holder, expr) for evaluator in self.evaluators(module).values()]


class Fixer:
    """The base of all fixers. Stateless: one instance serves many threads."""

    rule: ClassVar[str]
    severity: ClassVar[Severity]
    safety: ClassVar[Safety]
    title: ClassVar[str] = ""
    """What the grade calls the failure; by default the summary."""
    cause: ClassVar[str] = ""
    """Why answers have this failure, in a sentence for the failure analysis."""
    reference: ClassVar[str] = ""
    """The address of the documentation that says what is right."""
    effect: ClassVar[str] = ""
    """What the failure costs whoever uses the stack, in a sentence."""
    examples: ClassVar[tuple[Example, ...]] = ()
    order: ClassVar[int] = 50
    """Among fixes that clash, the one of the lower order is made first, the other waits for the next pass."""

    name: str = ""
    """The file's name with dashes; the registry sets it."""

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        """Say what is wrong in the module."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.__doc__ or "").strip().split("\n", 1)[0]

    @property
    def page(self) -> str:
        """The docstring and the rule's table, as Markdown."""
        from inspect import cleandoc

        return "\n\n".join(filter(None, (cleandoc(self.__doc__ or ""), self.table.strip())))

    @property
    def table(self) -> str:
        """The data that the rule works by, as Markdown, for its page; empty if it has none."""
        return ""

    def fix(
        self,
        at: Element | Reference | File,
        message: str,
        edits: Iterable[Edit],
        *,
        node: Expr | None = None,
        exclusive: bool = False,
        removes: Iterable[str] = (),
        safety: Safety | None = None,
    ) -> Finding:
        """A finding that is mended by edits, made whole or not at all.

        Those of an exclusive fix are not worked out in a pass in which another fix was taken before it.
        """
        fix = Fix(edits if exclusive else tuple(edits), exclusive, tuple(removes))
        return self._finding(at, message, Status.FIXED, "", node, safety or self.safety, fix)

    def refuse(self, at: Element | Reference | File, message: str, reason: str, *, node: Expr | None = None) -> Finding:
        """A finding that cannot be mended without losing meaning; `reason` says what a person would have to decide."""
        return self._finding(at, message, Status.REFUSED, reason, node, self.safety, None)

    def suggest(
        self, at: Element | Reference | File, message: str, reason: str = "", *, node: Expr | None = None
    ) -> Finding:
        """A finding that is shown and never mended; `reason` says the way out."""
        return self._finding(at, message, Status.SUGGESTED, reason, node, Safety.SUGGESTION, None)

    def _finding(
        self,
        at: Element | Reference | File,
        message: str,
        status: Status,
        reason: str,
        node: Expr | None,
        safety: Safety,
        fix: Fix | None,
    ) -> Finding:
        span, address = _place(at, node)
        return Finding(self.rule, self.name, self.severity, safety, status, message, reason, address, span, fix)


def _place(at: Element | Reference | File, node: Expr | None) -> tuple[Span, str]:
    if isinstance(at, File):
        return Span(at.path, 0, 0), ""
    if isinstance(at, Reference):
        return Span(at.file.path, at.start, at.end), at.block.address if at.block else ""
    outer = at.outermost
    address = getattr(outer, "address", "")
    if address == "locals":
        holder: Element | None = at
        while holder is not None and holder.parent is not outer:
            holder = holder.parent
        address = f"local.{holder.name}" if holder is not None and hasattr(holder, "name") else address
    span = at.span(node) if node is not None or at.parent is not None else _head(at)
    return span, address


def _head(element: Element) -> Span:
    """Of a top-level block its head line, which is what a reader wants to see; of others all."""
    start, end = element.start, element.end
    line_end = element.file.line_end(start)
    return Span(element.file.path, start, min(end, line_end - 1 if line_end > start else end))
