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

from tapfix.contract import Because
from tapfix.edits import Edit, Fix, Safety
from tapfix.module import Attribute, Element, Expr, File, Module, Project, Reference, Span

__all__ = ["Because", "Context", "Example", "Finding", "Fixer", "Safety", "Severity", "Status"]

if TYPE_CHECKING:
    from tapfix.answer.files import Answer
    from tapfix.contract import Contract
    from tapfix.module.environments import Environments, Undecided
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
    because: Because = Because("built-in")
    """What the finding rests on."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the finding among those of its pass, wherever in its file the text has moved."""
        return self.rule, self.span.file, self.address, self.message


class Example(NamedTuple):
    """A text before and after the fixes of a rule. The examples of a rule are its tests, and its page shows them.

    `before` and `after` are the text of `tap_stack.tf`, or texts by file name. `after=None`: nothing is changed (a
    refusal, or what the rule accepts as it is). `contract` is a tapfix.toml that the example needs. Only this rule
    runs.
    """

    before: str | Mapping[str, str]
    after: str | Mapping[str, str] | None
    title: str = ""
    contract: str = ""


class Context:
    """What a fixer may ask besides the module: the contract, the schema, the project, the answer, values."""

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

    @cached_property
    def schema(self) -> Schema:
        """What the AWS provider accepts."""
        from tapfix.schema import load

        return load()

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments that the contract asks for."""
        return self.contract.topology.environments

    @cached_property
    def _environments(self) -> Environments:
        from tapfix.module.environments import Environments

        return Environments(self.project, self.environments)

    def values(self, at: Element, node: Expr | None = None, *, undecided: Undecided = "default") -> dict[str, object]:
        """What an attribute, or an expression in an element, evaluates to in each environment, by the environment's
        name.

        The values come through the tfvars files, the defaults, the local values and the callers of a local module;
        UNKNOWN is the value of what the text does not say. Without any tfvars file there is one environment, "".
        `undecided` says what a variable evaluates to that an environment without a tfvars file may still set: its
        default, or UNKNOWN.
        """
        if node is None:
            assert isinstance(at, Attribute), "an attribute, or a node of an element, is wanted"
            node = at.expr
        return self._environments.values(at, node, undecided)

    def value(self, at: Element | None, node: Expr | None = None, *, undecided: Undecided = "default") -> object:
        """The one value that an attribute, or an expression in an element, has in all environments; UNKNOWN if they
        differ.

        The value of an attribute that is absent is None.
        """
        if at is None:
            return None
        from tapfix.module.environments import agreed

        return agreed(list(self.values(at, node, undecided=undecided).values()))

    def evaluators(self, module: Module, *, undecided: Undecided = "default") -> Mapping[str, Evaluator]:
        """The evaluators of a module's expressions, by environment: for texts that are known only in part."""
        return self._environments.evaluators(module, undecided)


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
    because: ClassVar[Because] = Because("built-in")
    """What the rule's findings rest on, where a finding does not say it itself."""
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
        because: Because | None = None,
    ) -> Finding:
        """A finding that is mended by edits, made whole or not at all.

        The edits of an exclusive fix are not computed in a pass in which another fix was accepted before it. `because`
        is what the finding rests on, by default what the rule rests on.
        """
        fix = Fix(edits if exclusive else tuple(edits), exclusive, tuple(removes))
        return self._finding(at, message, Status.FIXED, "", node, safety or self.safety, fix, because)

    def refuse(
        self,
        at: Element | Reference | File,
        message: str,
        reason: str,
        *,
        node: Expr | None = None,
        because: Because | None = None,
    ) -> Finding:
        """A finding that cannot be mended without losing meaning; `reason` says what a person would have to decide."""
        return self._finding(at, message, Status.REFUSED, reason, node, self.safety, None, because)

    def suggest(
        self,
        at: Element | Reference | File,
        message: str,
        reason: str = "",
        *,
        node: Expr | None = None,
        because: Because | None = None,
    ) -> Finding:
        """A finding that is shown and never mended; `reason` says the way out."""
        return self._finding(at, message, Status.SUGGESTED, reason, node, Safety.SUGGESTION, None, because)

    def _finding(
        self,
        at: Element | Reference | File,
        message: str,
        status: Status,
        reason: str,
        node: Expr | None,
        safety: Safety,
        fix: Fix | None,
        because: Because | None,
    ) -> Finding:
        span, address = _place(at, node)
        ground = because or self.because
        return Finding(self.rule, self.name, self.severity, safety, status, message, reason, address, span, fix, ground)


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
    """What a finding points to: the head line of an element, or all of it if it has only one."""
    start, end = element.start, element.end
    line_end = element.file.line_end(start)
    return Span(element.file.path, start, min(end, line_end - 1 if line_end > start else end))
