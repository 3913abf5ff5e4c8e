"""What a person reads: one line a finding, and a summary. Rich is imported only where there is a terminal to colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tapfix.answer.files import Remark
    from tapfix.result import Placed, ResultData
    from tapfix.verify import Problem, Step

_STATUS_STYLE = {"fixed": "green", "refused": "red", "suggested": "yellow", "suppressed": "dim"}
_SEVERITY_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}
_STEP_STYLE = {"passed": "green", "failed": "red", "skipped": "yellow"}
_DIAGNOSIS_STYLE = {"error": "red", "warning": "yellow", "note": "dim"}


class Span(NamedTuple):
    """A piece of a line and the style that a terminal shows it in."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def render(result: ResultData) -> str:
    """All that there is to say of a result."""
    return "".join(_plain(line) + "\n" for line in lines(result))


def lines(result: ResultData, *, fixed: bool = True, notes: bool = True) -> Iterator[Line]:
    """The lines, styled: what the reader and the parser said, the findings, the proof, the summary.

    `fixed`: whether the findings that were fixed are listed, and those that were suppressed. `notes`: whether mere notes are.
    """
    for diagnosis in result.diagnostics:
        if notes or diagnosis.severity != "note":
            yield _diagnosis(diagnosis)
    for placed in result.placed:
        if fixed or placed.finding.status.value not in ("fixed", "suppressed"):
            yield from _finding(placed)
    yield from (_step(taken) for taken in result.verify if taken.status == "failed")
    yield (Span(summary(result), "bold"),)


def summary(result: ResultData) -> str:
    """One line: how much was fixed and how much is left."""
    counts = {status: sum(f.status.value == status for f in result.findings) for status in _STATUS_STYLE}
    said = [f"{count} {status}" for status, count in counts.items() if count]
    findings = f"{_count(len(result.findings), 'finding')}: {', '.join(said)}" if said else "nothing found"
    proof = ", ".join(f"{step.step} {step.status}" for step in result.verify)
    return f"{result.source.name}: {findings}" + (f" ({proof})" if proof else "")


def ladder(steps: Iterable[Step]) -> Iterator[Line]:
    """The lines of a proof: one a step, and below it one a problem, with what to do about it."""
    for taken in steps:
        yield _step(taken._replace(detail="") if taken.problems and taken.status == "failed" else taken)
        for problem in taken.problems:
            yield _problem(problem)
            if problem.remedy:
                yield (Span(f"      {problem.remedy}", "dim"),)


def _problem(problem: Problem) -> Line:
    place = f"{problem.file}:{problem.line}:{problem.column}: " if problem.file else ""
    severity = "" if problem.severity == "error" else f"{problem.severity}: "
    address = f"{problem.address}: " if problem.address else ""
    return (Span(f"  {place}", "bold"), Span(severity, "yellow"), Span(f"{address}{problem.message}"))


def show(text: Iterator[Line], stream: IO[str]) -> None:
    """Write lines to a stream, in colour if it is a terminal."""
    if not stream.isatty():
        stream.writelines(_plain(line) + "\n" for line in text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in text:
        console.print(Text.assemble(*((span.text, span.style) for span in line)))


def _finding(placed: Placed) -> Iterator[Line]:
    finding, place = placed
    where = f"{place.file}:{place.line}:{place.column}: " if place.file else ""
    status = finding.status.value
    yield (
        Span(where, "bold"),
        Span(f"{finding.rule} {finding.name}", "cyan"),
        Span(f" {finding.severity.value}", _SEVERITY_STYLE[finding.severity.value]),
        Span(" "),
        Span(f"[{status}]", _STATUS_STYLE[status]),
        Span(f" {finding.address}: " if finding.address else " "),
        Span(finding.message),
    )
    if finding.reason:
        yield (Span(f"    {finding.reason}", "dim"),)


def _step(taken: Step) -> Line:
    name = f"{taken.step} ({taken.environment})" if taken.environment else taken.step
    detail = f": {taken.detail}" if taken.detail else ""
    return (Span(f"{name} {taken.status}", _STEP_STYLE[taken.status]), Span(detail))


def _diagnosis(diagnosis: Remark) -> Line:
    where = f"{diagnosis.file}:{diagnosis.line}:{diagnosis.column}: " if diagnosis.file else ""
    severity = diagnosis.severity
    return (Span(where, "bold"), Span(f"{severity}: ", _DIAGNOSIS_STYLE.get(severity, "")), Span(diagnosis.message))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _plain(line: Line) -> str:
    return "".join(span.text for span in line)
