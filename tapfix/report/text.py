"""Text for a person: each finding, with what it rests on, and a summary.

A terminal gets colours; only then is Rich imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

from tapfix.report.wording import count, why

if TYPE_CHECKING:
    from tapfix.answer.files import Remark
    from tapfix.contract import Because
    from tapfix.result import Placed, ResultData
    from tapfix.verify import Problem, Step

_STATUS_STYLE = {"fixed": "green", "refused": "red", "suggested": "yellow", "suppressed": "dim"}
_SEVERITY_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}
_STEP_STYLE = {"passed": "green", "failed": "red", "skipped": "yellow"}
_LEVEL_STYLE = {"error": "red", "warning": "yellow", "note": "dim"}


class Styled(NamedTuple):
    """A piece of a line and the style that a terminal shows it in."""

    text: str
    style: str = ""


StyledLine = tuple[Styled, ...]


def render(result: ResultData) -> str:
    """All remarks, findings and failed steps of a result, and its summary."""
    return "".join(_plain(line) + "\n" for line in lines(result))


def lines(result: ResultData, *, fixed: bool = True, notes: bool = True) -> Iterator[StyledLine]:
    """The lines with their styles: the remarks, the findings, the failed steps of the proof, and the summary.

    `fixed` lists the findings that were fixed or suppressed as well; `notes` lists remarks of the severity note.
    """
    for remark in result.diagnostics:
        if notes or remark.severity != "note":
            yield _remark(remark)
    known: set[Because] = set()
    for placed in result.placed:
        if fixed or placed.finding.status.value not in ("fixed", "suppressed"):
            yield from _finding(placed, known)
    yield from (_step(taken) for taken in result.verify if taken.status == "failed")
    yield (Styled(summary(result), "bold"),)


def summary(result: ResultData) -> str:
    """One line: how many findings were fixed, how many are left, and how each step of the proof ended."""
    statuses = [finding.status.value for finding in result.findings]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in _STATUS_STYLE if status in statuses)
    findings = f"{count(len(statuses), 'finding')}: {counts}" if counts else "nothing found"
    proof = ", ".join(f"{step.step} {step.status}" for step in result.verify)
    return f"{result.source.name}: {findings}" + (f" ({proof})" if proof else "")


def ladder(steps: Iterable[Step]) -> Iterator[StyledLine]:
    """The lines of a proof: each step, below it each of its problems, and below that what to do about it."""
    for taken in steps:
        yield _step(taken._replace(detail="") if taken.problems and taken.status == "failed" else taken)
        for problem in taken.problems:
            yield _problem(problem)
            if problem.remedy:
                yield (Styled(f"      {problem.remedy}", "dim"),)


def _problem(problem: Problem) -> StyledLine:
    place = _place(problem.file, problem.line, problem.column)
    severity = "" if problem.severity == "error" else f"{problem.severity}: "
    address = f"{problem.address}: " if problem.address else ""
    return (Styled(f"  {place}", "bold"), Styled(severity, "yellow"), Styled(f"{address}{problem.message}"))


def show(text: Iterator[StyledLine], stream: IO[str]) -> None:
    """Write lines to a stream, in colour if it is a terminal."""
    if not stream.isatty():
        stream.writelines(_plain(line) + "\n" for line in text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in text:
        console.print(Text.assemble(*((span.text, span.style) for span in line)))


def _finding(placed: Placed, known: set[Because]) -> Iterator[StyledLine]:
    """The lines of a finding. `known` are the grounds that were shown before it."""
    finding, place = placed
    where = _place(place.file, place.line, place.column)
    status = finding.status.value
    yield (
        Styled(where, "bold"),
        Styled(f"{finding.rule} {finding.name}", "cyan"),
        Styled(f" {finding.severity.value}", _SEVERITY_STYLE[finding.severity.value]),
        Styled(" "),
        Styled(f"[{status}]", _STATUS_STYLE[status]),
        Styled(f" {finding.address}: " if finding.address else " "),
        Styled(finding.message),
    )
    if finding.reason:
        yield (Styled(f"    {finding.reason}", "dim"),)
    yield (Styled(f"    {why(finding.because, is_known=finding.because in known)}", "dim"),)
    known.add(finding.because)


def _step(taken: Step) -> StyledLine:
    name = f"{taken.step} ({taken.environment})" if taken.environment else taken.step
    detail = f": {taken.detail}" if taken.detail else ""
    return (Styled(f"{name} {taken.status}", _STEP_STYLE[taken.status]), Styled(detail))


def _remark(remark: Remark) -> StyledLine:
    where = _place(remark.file, remark.line, remark.column)
    severity = remark.severity
    return (Styled(where, "bold"), Styled(f"{severity}: ", _LEVEL_STYLE[severity]), Styled(remark.message))


def _place(file: str, line: int, column: int) -> str:
    return f"{file}:{line}:{column}: " if file else ""


def _plain(line: StyledLine) -> str:
    return "".join(span.text for span in line)
