"""The grade of an answer, as given and after repair: its failures, each with its places, and a score from 0 to 10.

The score is `10 * 0.5 ** (penalty / 12)`. A failure is a rule with at least one finding, or a step of the proof that
the outcome does not pass. The penalty is the sum of the failures' weights, which depend on the severity: critical 4,
high 2, medium 1, low 0.25. Each further finding of the same rule, up to five, adds a tenth of the weight. After repair
only the findings that are left count, and the score is lowered by up to a tenth for the distance of the repair, which
is the share of lines that it changed. `grading.toml` holds the numbers.

What is broken or was asked for counts. A suggestion that rests on the built-in contract alone takes no points. A stack
without resources, or without any of a type that a clause demands, cannot pass: its score has a cap, and that it lacks
them is a failure that is left.

A grade depends on the result and on nothing else, so that an answer has the same grade everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tapfix.contract import Because
from tapfix.fixer import Severity, Status
from tapfix.report.completeness import ANY, lacking

if TYPE_CHECKING:
    from tapfix.contract import Contract
    from tapfix.fixer import Finding, Fixer
    from tapfix.result import Placed, ResultData
    from tapfix.verify import Problem, Step

_EXCERPT = 8
"""The number of lines of an excerpt, at most."""
_SHOWN = 3
"""The number of findings of a failure that are shown with excerpts."""
_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file, with the 1-based number of the first one in the file and in the answer."""

    file: str
    line: int
    text: str
    answer_line: int | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One finding of a failure: its message, the text of the answer, and the text of the outcome."""

    message: str
    reason: str
    status: str
    address: str
    file: str
    line: int
    issue: Excerpt | None
    blocks: ChangedBlocks | None = field(repr=False, compare=False)
    """The blocks that the repair changed; none for a step of the proof."""

    @property
    def fix(self) -> str:
        """The new lines of the outcome; empty if there are none to show."""
        if self.blocks is None or self.status != Status.FIXED.value:
            return ""
        return self.blocks.new_lines(self.address, self.file)


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that has findings, or a step of the proof that failed."""

    rule: str
    name: str
    title: str
    severity: Severity
    count: int
    left: int
    """The number of its findings that are still there after repair."""
    instances: tuple[Instance, ...]
    """The first few of its findings."""
    cause: str
    reference: str
    effect: str
    because: tuple[Because, ...]
    """What its findings rest on, each ground once."""

    @property
    def is_left(self) -> bool:
        return self.left > 0


@dataclass(frozen=True, slots=True)
class Rating:
    """The score of an answer as given, or after repair, and what it is made of."""

    score: float
    penalty: float
    failures: int
    by_severity: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "penalty": self.penalty,
            "failures": self.failures,
            "by_severity": dict(self.by_severity),
        }


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of an answer."""

    name: str
    failures: tuple[Failure, ...]
    before: Rating
    after: Rating
    distance: float
    """The share of lines that the repair changed, from 0 to 1."""
    unchecked: tuple[str, ...]
    """The steps of the proof that were not taken on the outcome."""

    @property
    def score(self) -> float:
        """The score of the answer as given."""
        return self.before.score

    def to_dict(self) -> dict[str, Any]:
        """The grade as plain data, as in the JSON report."""
        return {
            "score": self.score,
            "by_severity": dict(self.before.by_severity),
            "before": self.before.to_dict(),
            "after": {**self.after.to_dict(), "distance": self.distance, "unchecked": list(self.unchecked)},
            "failures": [_failure_data(failure) for failure in self.failures],
        }


def grade(result: ResultData) -> Grade:
    """The grade of a result."""
    from tapfix.verify import CHEAP_STEPS, TERRAFORM_STEPS

    lacks = lacking(result.contract, result.named_base), lacking(result.contract, result.files)
    failures = [*_failures(result), *_failed_steps(result), *_incomplete(*lacks, result.contract)]
    failures.sort(key=lambda failure: (_ORDER.index(failure.severity), failure.rule))
    far = distance(result.named_base, result.files)
    return Grade(
        name=result.source.name,
        failures=tuple(failures),
        before=_rating([(failure, failure.count) for failure in failures], is_whole=not lacks[0]),
        after=_rating([(failure, failure.left) for failure in failures if failure.is_left], far, is_whole=not lacks[1]),
        distance=far,
        unchecked=tuple(
            name
            for name in (*CHEAP_STEPS, *TERRAFORM_STEPS)
            if not any(step.step == name and step.status != "skipped" for step in result.verify)
        ),
    )


def distance(before: Mapping[str, str], after: Mapping[str, str]) -> float:
    """The share of lines that are not in both states of the files, from 0 to 1. Each state maps a path to its text."""
    old = Counter(line for text in before.values() for line in text.splitlines())
    new = Counter(line for text in after.values() for line in text.splitlines())
    total = old.total() + new.total()
    return round(1 - 2 * (old & new).total() / total, 4) if total else 0.0


def score(counts: Iterable[tuple[Severity, int]], far: float = 0.0) -> tuple[float, float]:
    """The score and the penalty of failures. Each failure is a severity and the number of its findings."""
    formula = words()["formula"]
    penalty = 0.0
    for severity, count in counts:
        further = min(count - 1, formula["repeats_at_most"])
        penalty += formula["weights"][severity.value] * (1 + formula["repeat"] * further)
    whole: float = formula["highest"] * 0.5 ** (penalty / formula["half"]) * (1 - formula["distance"] * far)
    return round(whole, 1), round(penalty, 2)


@cache
def words() -> dict[str, Any]:
    """The formula's numbers, and the words for the steps of the proof; each rule holds its own words."""
    import tomllib

    return tomllib.loads(files("tapfix.report").joinpath("grading.toml").read_text("utf-8"))


# --- failures ---------------------------------------------------------------------------------------------------------


def _failures(result: ResultData) -> list[Failure]:
    """The findings that count, by rule: neither suppressed ones, nor those about text that a fix itself inserted."""
    by_rule: dict[str, list[Placed]] = {}
    blocks = ChangedBlocks(result)
    for placed in result.placed:
        if _is_demanded(placed.finding) and not _is_of_the_repair(placed, blocks):
            by_rule.setdefault(placed.finding.rule, []).append(placed)
    return [_failure(rule, found, result, blocks) for rule, found in by_rule.items()]


def _is_demanded(finding: Finding) -> bool:
    """Whether somebody asks for what the finding says. A suggestion on the built-in contract is mere advice."""
    if finding.status is Status.SUGGESTED:
        return finding.because.source != "built-in"
    return finding.status is not Status.SUPPRESSED


def _failure(rule: str, found: list[Placed], result: ResultData, blocks: ChangedBlocks) -> Failure:
    findings = [placed.finding for placed in found]
    severity = min((finding.severity for finding in findings), key=_ORDER.index)
    fixer = _builtin(rule)
    if fixer is not None and severity != fixer.severity:
        fixer = None  # the rule's words describe its own failure, not a less severe one
    return Failure(
        rule=rule,
        name=findings[0].name,
        title=(fixer.title or fixer.summary.rstrip(".")) if fixer is not None else findings[0].message,
        severity=severity,
        count=len(found),
        left=sum(finding.status is not Status.FIXED for finding in findings),
        instances=tuple(_instance(placed, result, blocks) for placed in found[:_SHOWN]),
        cause=fixer.cause if fixer is not None else "",
        reference=fixer.reference if fixer is not None else "",
        effect=fixer.effect if fixer is not None else "",
        because=tuple(dict.fromkeys(finding.because for finding in findings)),
    )


def _is_of_the_repair(placed: Placed, blocks: ChangedBlocks) -> bool:
    """Whether a finding was fixed and was about a block that another fix had inserted."""
    finding, place = placed
    has_no_text = (place.line, place.column) == (place.end_line, place.end_column)
    return finding.status is Status.FIXED and has_no_text and bool(finding.address) and not blocks.had(finding.address)


def _builtin(rule: str) -> Fixer | None:
    """The rule, if it is one of tapfix's own."""
    from tapfix.engine.registry import builtin_fixers

    return next((fixer for fixer in builtin_fixers() if fixer.rule == rule), None)


def _failed_steps(result: ResultData) -> list[Failure]:
    """The steps of the proof that failed. tapfix never makes a stack worse, so the input failed them as well."""
    return [_failed_step(step) for step in result.verify if step.status == "failed"]


def _failed_step(step: Step) -> Failure:
    severities = words()["formula"]["steps"]
    said = words()["steps"].get(step.step, {})
    problems: tuple[Problem, ...] = getattr(step, "problems", ())
    errors = [problem for problem in problems if problem.severity == "error"]
    instances = tuple(
        Instance(problem.message, "", "refused", problem.address, problem.file, problem.line, None, None)
        for problem in errors[:_SHOWN]
    )
    count = max(1, len(errors))
    return Failure(
        rule=f"verify-{step.step}",
        name=step.step,
        title=said.get("title") or f"The outcome does not pass the step {step.step!r} of the proof",
        severity=Severity(severities.get(step.step, "high")),
        count=count,
        left=count,
        instances=instances or (Instance(step.detail, "", "refused", "", "", 0, None, None),),
        cause=said.get("cause", ""),
        reference=said.get("reference", ""),
        effect=said.get("effect", ""),
        because=(Because("terraform", said.get("effect", ""), reference=said.get("reference", "")),),
    )


def _rating(failures: list[tuple[Failure, int]], far: float = 0.0, *, is_whole: bool = True) -> Rating:
    counts = Counter(failure.severity for failure, _ in failures)
    points, penalty = score(((failure.severity, count) for failure, count in failures), far)
    if not is_whole:
        points = min(points, words()["formula"]["incomplete"])
    by_severity = {severity.value: counts[severity] for severity in _ORDER}
    return Rating(points, penalty, len(failures), by_severity)


# --- what the stack lacks ---------------------------------------------------------------------------------------------


def _incomplete(before: tuple[str, ...], after: tuple[str, ...], contract: Contract) -> list[Failure]:
    """The failure of a stack that lacks resources, as given or after repair."""
    lacks = after or before
    if not lacks:
        return []
    is_empty = lacks == (ANY,)
    said = words()["incomplete"]["empty" if is_empty else "missing"]
    because = None if is_empty else contract.because("require.resources")
    status = Status.REFUSED if after else Status.FIXED
    messages = ["the stack has no resources"] if is_empty else [f"the stack has no {type}" for type in lacks]
    return [
        Failure(
            rule="grade-resources",
            name="resources",
            severity=Severity.CRITICAL,
            count=len(lacks),
            left=len(after),
            instances=tuple(
                Instance(message, "add what is missing", status.value, "", "", 0, None, None)
                for message in messages[:_SHOWN]
            ),
            because=(because or Because("built-in", "what is begun is finished"),),
            **said,
        )
    ]


# --- excerpts ---------------------------------------------------------------------------------------------------------


class ChangedBlocks:
    """The top-level blocks of the files that the repair changed, before and after, parsed when first asked for."""

    def __init__(self, result: ResultData) -> None:
        before, after = result.named_base, result.files
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        self._before = {path: before[path] for path in changed if path in before}
        self._after = {path: after[path] for path in changed if path in after}

    def had(self, address: str) -> bool:
        """Whether the input had the block, in a file that the repair changed."""
        return address in self._old

    def new_lines(self, address: str, path: str) -> str:
        """Some lines of a block that the input had not; of a JSON file if there is not an address."""
        if address in self._new and address in self._old:
            before, after = self._old[address], self._new[address]
        elif not address and path.endswith(".json") and path in self._after:
            before, after = self._before.get(path, "").split("\n"), self._after[path].split("\n")
        else:
            return ""
        known = set(before)
        return "\n".join([line for line in after if line.strip() and line not in known][:_EXCERPT])

    @cached_property
    def _old(self) -> dict[str, list[str]]:
        return _lines_by_address(self._before)

    @cached_property
    def _new(self) -> dict[str, list[str]]:
        return _lines_by_address(self._after)


def _lines_by_address(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of each block with an address of its own, up to the next such block."""
    from tapfix.module import File

    found: dict[str, list[str]] = {}
    for path, text in texts.items():
        if path.endswith(".tf"):
            blocks = [block for block in File(path, text).blocks if block.labels]
            ends = [*(block.start for block in blocks[1:]), len(text)]
            for block, end in zip(blocks, ends, strict=False):
                found.setdefault(block.address, text[block.start : end].split("\n"))
    return found


def _instance(placed: Placed, result: ResultData, blocks: ChangedBlocks) -> Instance:
    finding, place = placed
    return Instance(
        message=finding.message,
        reason=finding.reason,
        status=finding.status.value,
        address=finding.address,
        file=place.file,
        line=place.line,
        issue=_excerpt(placed, result),
        blocks=blocks,
    )


def _excerpt(placed: Placed, result: ResultData) -> Excerpt | None:
    """The text of the input at the place of a finding, without the common indent."""
    place = placed.place
    text = result.base.get(place.file)
    is_the_file = not placed.finding.address and (place.line, place.end_line, place.end_column) == (1, 1, 1)
    if text is None or is_the_file:
        return None
    from textwrap import dedent

    lines = text.split("\n")
    last = min(place.end_line, place.line + _EXCERPT - 1)
    if last == place.line and lines[last - 1].rstrip().endswith("{"):
        last = min(place.line + 3, len(lines))
    shown = dedent("\n".join(line.rstrip() for line in lines[place.line - 1 : last])).strip("\n")
    answer = result.source.answer.file(place.file) if result.source.answer is not None else None
    return Excerpt(place.file, place.line, shown, answer.answer_line(place.line) if answer is not None else None)


def _failure_data(failure: Failure) -> dict[str, Any]:
    return {
        "rule": failure.rule,
        "name": failure.name,
        "title": failure.title,
        "severity": failure.severity.value,
        "count": failure.count,
        "left": failure.left,
        "because": [because._asdict() for because in failure.because],
    }
