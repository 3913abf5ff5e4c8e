"""What an answer is worth, as given and after repair: the failures, each with its place, and a score from 0 to 10.

The score is ``10 * 0.5 ** (penalty / 12)``. The penalty is the sum over all failures of the weight of their severity
(critical 4, high 2, medium 1, low 0.25); a failure is a rule that found something, and each further finding of it, up
to five, adds a tenth of the weight. A step of the proof that the outcome does not pass is a failure as well. After
repair what was fixed no longer counts, and the score is lowered by up to a tenth for how far the repair had to go: the
share of lines that are not the same. The numbers stand in ``grading.toml``.

Everything here is a function of the result, so that one answer has one grade, everywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tapfix.fixer import Severity, Status

if TYPE_CHECKING:
    from tapfix.fixer import Fixer
    from tapfix.result import Placed, ResultData
    from tapfix.verify import Problem, Step

_EXCERPT = 8
"""How many lines an excerpt has at most."""
_SHOWN = 3
"""How many findings of a failure are shown with excerpts."""
_ORDER = tuple(Severity)
_HEAD = re.compile(
    r'^[ \t]*(resource|data|variable|output|module|provider)[ \t]+"([^"\n]+)"(?:[ \t]+"([^"\n]+)")?[ \t]*\{',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file, and where they stand in it and in the answer."""

    file: str
    line: int
    text: str
    answer_line: int | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One finding of a failure: what is said of it, what the answer has there, and what the outcome has instead."""

    message: str
    reason: str
    status: str
    address: str
    file: str
    line: int
    issue: Excerpt | None
    fix: str
    """The outcome's new lines; empty where there are none to show."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that found something, or a step of the proof that failed."""

    rule: str
    name: str
    title: str
    severity: Severity
    count: int
    left: int
    """How many of its findings are still there after repair."""
    instances: tuple[Instance, ...]
    """The first few of them."""
    cause: str
    reference: str
    effect: str

    @property
    def is_left(self) -> bool:
        return self.left > 0


@dataclass(frozen=True, slots=True)
class Worth:
    """The answer at one point: as given, or after repair."""

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
    before: Worth
    after: Worth
    distance: float
    """The share of lines that the repair did not leave as they were."""

    @property
    def score(self) -> float:
        """What the answer was worth as given."""
        return self.before.score

    def to_dict(self) -> dict[str, Any]:
        """The grade as the JSON report holds it."""
        return {
            "score": self.score,
            "by_severity": dict(self.before.by_severity),
            "before": self.before.to_dict(),
            "after": {**self.after.to_dict(), "distance": self.distance},
            "failures": [_failure_data(failure) for failure in self.failures],
        }


def grade(result: ResultData) -> Grade:
    """The grade of a result."""
    failures = [*_failures(result), *_failed_steps(result)]
    failures.sort(key=lambda failure: (_ORDER.index(failure.severity), failure.rule))
    far = distance(result.named_base, result.files)
    return Grade(
        name=result.source.name,
        failures=tuple(failures),
        before=_worth([(failure, failure.count) for failure in failures]),
        after=_worth([(failure, failure.left) for failure in failures if failure.is_left], far),
        distance=far,
    )


def distance(before: Mapping[str, str], after: Mapping[str, str]) -> float:
    """The share of lines that two states of the files do not share, from 0 to 1."""
    old = Counter(line for text in before.values() for line in text.splitlines())
    new = Counter(line for text in after.values() for line in text.splitlines())
    total = old.total() + new.total()
    return round(1 - 2 * (old & new).total() / total, 4) if total else 0.0


def score(counts: Iterable[tuple[Severity, int]], far: float = 0.0) -> tuple[float, float]:
    """Score and penalty of failures, each given by its severity and by how many findings it has."""
    formula = words()["formula"]
    penalty = 0.0
    for severity, count in counts:
        further = min(count - 1, formula["repeats_at_most"])
        penalty += formula["weights"][severity.value] * (1 + formula["repeat"] * further)
    whole: float = formula["highest"] * 0.5 ** (penalty / formula["half"]) * (1 - formula["distance"] * far)
    return round(whole, 1), round(penalty, 2)


@cache
def words() -> dict[str, Any]:
    """The formula's numbers and the rules' words."""
    import tomllib

    return tomllib.loads(files("tapfix.report").joinpath("grading.toml").read_text("utf-8"))


# --- failures ---------------------------------------------------------------------------------------------------------


def _failures(result: ResultData) -> list[Failure]:
    """The findings, by rule; suppressed ones are no failures, and what a repair wrote and mended on the way is none of the answer's."""
    by_rule: dict[str, list[Placed]] = {}
    blocks = _Blocks(result)
    for placed in result.placed:
        if placed.finding.status is not Status.SUPPRESSED and not _is_of_the_repair(placed, blocks):
            by_rule.setdefault(placed.finding.rule, []).append(placed)
    return [_failure(rule, found, result, blocks) for rule, found in by_rule.items()]


def _failure(rule: str, found: list[Placed], result: ResultData, blocks: _Blocks) -> Failure:
    findings = [placed.finding for placed in found]
    severity = min((finding.severity for finding in findings), key=_ORDER.index)
    fixer = _builtin(rule)
    # What is less grave than the rule's own failure is not that failure, and speaks for itself.
    is_the_failure = fixer is None or severity == fixer.severity
    said = words()["rules"].get(rule, {}) if is_the_failure else {}
    summary = fixer.summary.rstrip(".") if fixer is not None and is_the_failure else ""
    return Failure(
        rule=rule,
        name=findings[0].name,
        title=said.get("title") or summary or findings[0].message,
        severity=severity,
        count=len(found),
        left=sum(finding.status is not Status.FIXED for finding in findings),
        instances=tuple(_instance(placed, result, blocks) for placed in found[:_SHOWN]),
        cause=said.get("cause", ""),
        reference=said.get("reference", ""),
        effect=said.get("effect", ""),
    )


def _is_of_the_repair(placed: Placed, blocks: _Blocks) -> bool:
    """Whether a finding is mended and was about a block that another fix had put where nothing was before."""
    finding, place = placed
    stood_nowhere = (place.line, place.column) == (place.end_line, place.end_column)
    return (
        finding.status is Status.FIXED and stood_nowhere and bool(finding.address) and not blocks.had(finding.address)
    )


def _builtin(rule: str) -> Fixer | None:
    """The rule, where it is one of tapfix's own."""
    from tapfix.engine.registry import builtin_fixers

    return next((fixer for fixer in builtin_fixers() if fixer.rule == rule), None)


def _failed_steps(result: ResultData) -> list[Failure]:
    """The steps of the proof that failed. tapfix makes no stack worse, so the input failed them as well."""
    return [_failed_step(step) for step in result.verify if step.status == "failed"]


def _failed_step(step: Step) -> Failure:
    severities = words()["formula"]["steps"]
    said = words()["steps"].get(step.step, {})
    problems: tuple[Problem, ...] = getattr(step, "problems", ())
    errors = [problem for problem in problems if problem.severity == "error"]
    instances = tuple(
        Instance(problem.message, "", "refused", problem.address, problem.file, problem.line, None, "")
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
        instances=instances or (Instance(step.detail, "", "refused", "", "", 0, None, ""),),
        cause=said.get("cause", ""),
        reference=said.get("reference", ""),
        effect=said.get("effect", ""),
    )


def _worth(failures: list[tuple[Failure, int]], far: float = 0.0) -> Worth:
    counts = Counter(failure.severity for failure, _ in failures)
    worth, penalty = score(((failure.severity, count) for failure, count in failures), far)
    by_severity = {severity.value: counts[severity] for severity in _ORDER}
    return Worth(worth, penalty, len(failures), by_severity)


# --- excerpts ---------------------------------------------------------------------------------------------------------


class _Blocks:
    """The top-level blocks of the files that the repair changed, as given and in the outcome, by address; read when first asked for."""

    def __init__(self, result: ResultData) -> None:
        before, after = result.named_base, result.files
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        self._before = {path: before[path] for path in changed if path in before}
        self._after = {path: after[path] for path in changed if path in after}
        self._old: dict[str, list[str]] | None = None
        self._new: dict[str, list[str]] = {}

    def had(self, address: str) -> bool:
        """Whether the input had the block, in a file that the repair changed."""
        return address.replace("var.", "variable.", 1) in self._read()

    def new_lines(self, address: str, path: str) -> str:
        """The lines that the block, or a file that is no Terraform's, has in the outcome and did not have before; at most a few of them."""
        address = address.replace("var.", "variable.", 1)
        old = self._read()
        if address in self._new and address in old:
            before, after = old[address], self._new[address]
        elif not address and path.endswith(".json") and path in self._after:
            before, after = self._before.get(path, "").split("\n"), self._after[path].split("\n")
        else:
            return ""
        known = set(before)
        return "\n".join([line for line in after if line.strip() and line not in known][:_EXCERPT])

    def _read(self) -> dict[str, list[str]]:
        if self._old is None:
            self._old, self._new = _lines_by_address(self._before), _lines_by_address(self._after)
        return self._old


def _lines_by_address(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of each block, up to the next one; its head is enough to find it, since this is for excerpts alone."""
    found: dict[str, list[str]] = {}
    for path, text in texts.items():
        if path.endswith(".tf"):
            heads = list(_HEAD.finditer(text))
            ends = [*(head.start() for head in heads[1:]), len(text)]
            for head, end in zip(heads, ends, strict=False):
                kind, *labels = filter(None, head.groups())
                address = ".".join(labels if kind == "resource" else (kind, *labels))
                found.setdefault(address, text[head.start() : end].split("\n"))
    return found


def _instance(placed: Placed, result: ResultData, blocks: _Blocks) -> Instance:
    finding, place = placed
    fixed = finding.status is Status.FIXED
    return Instance(
        message=finding.message,
        reason=finding.reason,
        status=finding.status.value,
        address=finding.address,
        file=place.file,
        line=place.line,
        issue=_excerpt(placed, result),
        fix=blocks.new_lines(finding.address, place.file) if fixed else "",
    )


def _excerpt(placed: Placed, result: ResultData) -> Excerpt | None:
    """What the input has where the finding points, without the common indent."""
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
    }
