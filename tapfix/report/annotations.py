"""Workflow commands of GitHub Actions: each finding becomes a note on its line of the changed file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapfix.result import ResultData

_LEVEL = {"critical": "error", "high": "error", "medium": "warning", "low": "notice"}
_DIAGNOSIS_LEVEL = {"error": "error", "warning": "warning"}


def render(result: ResultData) -> str:
    """A line for each finding that is not suppressed, and for each diagnostic."""
    lines = []
    for diagnosis in result.diagnostics:
        level = _DIAGNOSIS_LEVEL.get(diagnosis.severity, "notice")
        place: dict[str, str | int] = {"file": diagnosis.file, "line": diagnosis.line, "col": diagnosis.column}
        lines.append(_command(level, place, diagnosis.message))
    for finding, stands in result.placed:
        status = finding.status.value
        if status == "suppressed":
            continue
        place = {
            "file": stands.file,
            "line": stands.line,
            "endLine": stands.end_line,
            "title": f"{finding.rule} {finding.name} ({status})",
        }
        message = f"{finding.address}: {finding.message}" if finding.address else finding.message
        lines.append(_command(_LEVEL[finding.severity.value], place, f"{message}\n{finding.reason}".strip()))
    return "".join(lines)


def _command(level: str, properties: dict[str, str | int], message: str) -> str:
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value != "")
    return f"::{level} {given}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
