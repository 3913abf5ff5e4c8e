"""The failure analysis in the form that graders use: what was wrong with an answer, what was repaired, what is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tapfix.report.prose import prose
from tapfix.report.wording import ground, grounds

if TYPE_CHECKING:
    from tapfix.report.grade import Failure, Grade, Instance

_GROUNDS = 5
"""The number of grounds of a failure that are shown, at most."""
_HEADINGS = {
    "critical": "Critical Failures",
    "high": "High Severity Failures",
    "medium": "Medium Severity Failures",
    "low": "Low Severity Failures",
}


def render(grade: Grade) -> str:
    """The analysis in Markdown."""
    return "\n".join(_lines(grade)).rstrip("\n") + "\n"


def as_text(grade: Grade) -> str:
    """The grade in a few lines."""
    lines = [f"{grade.name}: {grade.before.score:.1f} as given, {grade.after.score:.1f} after repair"]
    for failure in grade.failures:
        state = "left" if failure.is_left else "repaired"
        lines.append(f"  {failure.severity.value:8}  {state:8}  {failure.rule} {failure.title} ({failure.count})")
        lines.append(f"    why: {grounds(failure.because)}")
    lines.append(f"  not checked after repair: {unchecked(grade)}")
    return "\n".join(lines) + "\n"


def unchecked(grade: Grade) -> str:
    """The steps that the score after repair does not cover."""
    return ", ".join(grade.unchecked) or "nothing"


def _lines(grade: Grade) -> Iterator[str]:
    yield "# Failures Analysis"
    yield ""
    yield f"Of `{grade.name}`: **{grade.before.score:.1f}** of 10 as given, **{grade.after.score:.1f}** after repair."
    yield ""
    if grade.failures:
        yield from _table(grade)
    severity = ""
    for number, failure in enumerate(grade.failures, 1):
        if failure.severity.value != severity:
            severity = failure.severity.value
            yield f"## {_HEADINGS[severity]}"
            yield ""
        yield from _failure(number, failure)
    yield "## Summary"
    yield ""
    counts = ", ".join(f"{count} {severity}" for severity, count in grade.before.by_severity.items() if count)
    left = sum(failure.is_left for failure in grade.failures)
    yield f"- **Total failures**: {len(grade.failures)}{f' ({counts})' if counts else ''}"
    yield f"- **Repaired**: {len(grade.failures) - left}, **left**: {left}"
    yield f"- **Distance of the repair**: {100 * grade.distance:.0f} % of the lines"
    yield f"- **Not checked after repair**: {unchecked(grade)}"
    yield f"- **Score**: {grade.before.score:.1f}/10 as given, {grade.after.score:.1f}/10 after repair"


def _table(grade: Grade) -> Iterator[str]:
    yield "| # | Rule | Failure | Impact | Places | Outcome |"
    yield "|---|---|---|---|---|---|"
    for number, failure in enumerate(grade.failures, 1):
        impact = failure.severity.value.title()
        yield (
            f"| {number} | {failure.rule} | {_cell(failure.title)} | {impact} | {failure.count} | {_outcome(failure)} |"
        )
    yield ""


def _outcome(failure: Failure) -> str:
    if not failure.is_left:
        return "repaired"
    return "left" if failure.left == failure.count else f"{failure.left} of {failure.count} left"


def _failure(number: int, failure: Failure) -> Iterator[str]:
    yield f"### {number}. {failure.title} ({failure.rule})"
    yield ""
    yield f"**Impact Level**: {failure.severity.value.title()}"
    yield ""
    for instance in failure.instances:
        yield from _instance(instance)
    further = failure.count - len(failure.instances)
    if further > 0:
        yield f"And {further} more."
        yield ""
    for label, said in (
        ("Why", prose("; ".join(map(ground, failure.because[:_GROUNDS])))),
        ("Root Cause", failure.cause),
        ("AWS Documentation Reference", failure.reference and f"<{failure.reference}>"),
        ("Impact", failure.effect),
    ):
        if said:
            yield f"**{label}**: {said}"
            yield ""
    yield "---"
    yield ""


def _instance(instance: Instance) -> Iterator[str]:
    is_placed = instance.file and (instance.address or instance.issue is not None)
    where = f" (`{instance.file}`, line {instance.line})" if is_placed else ""
    if instance.issue is not None and instance.issue.answer_line is not None:
        where = f" (`{instance.file}`, line {instance.line}; line {instance.issue.answer_line} of the answer)"
    yield f"**MODEL_RESPONSE Issue**{where}: {_sentence(instance.message)}"
    yield ""
    if instance.issue is not None and instance.issue.text:
        yield from _fenced(instance.issue.text, instance.file)
    if instance.status == "fixed":
        yield "**Fix**: repaired by tapfix" + (":" if instance.fix else ".")
        yield ""
        if instance.fix:
            yield from _fenced(instance.fix, instance.file)
    else:
        yield f"**Fix**: {_sentence(instance.reason or 'left to a person')}"
        yield ""


def _fenced(text: str, path: str) -> Iterator[str]:
    """The text in a fence that is longer than any fence in it."""
    fence = "`" * max(3, max((len(run) + 1 for run in re.findall(r"`{3,}", text)), default=3))
    yield f"{fence}{'json' if path.endswith('.json') else 'hcl'}"
    yield text
    yield fence
    yield ""


def _sentence(text: str) -> str:
    """The words of a finding as a sentence in Markdown."""
    said = prose(text)
    return said if said.endswith((".", ":", "!", "?")) else f"{said}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
