"""Workflow commands of GitHub Actions, which show each finding as a note on its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapfix.report.wording import LEVELS, addressed, effective

if TYPE_CHECKING:
    from tapfix.result import ResultData

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
"""What GitHub calls each level."""


def render(result: ResultData) -> str:
    """A line for each remark, and for each finding that is not suppressed."""
    lines = []
    for remark in result.diagnostics:
        place: dict[str, str | int] = {"file": remark.file, "line": remark.line, "col": remark.column}
        lines.append(_command(_COMMANDS[remark.severity], place, remark.message))
    for finding, found in effective(result.placed):
        place = {
            "file": found.file,
            "line": found.line,
            "endLine": found.end_line,
            "title": f"{finding.rule} {finding.name} ({finding.status.value})",
        }
        lines.append(_command(_COMMANDS[LEVELS[finding.severity.value]], place, addressed(finding)))
    return "".join(lines)


def _command(level: str, properties: dict[str, str | int], message: str) -> str:
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value != "")
    return f"::{level} {given}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
