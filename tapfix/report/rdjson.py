"""reviewdog's rdjson: reviewdog comments each finding on its line of a pull request. Columns count bytes of UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapfix.report.wording import LEVELS, addressed, effective

if TYPE_CHECKING:
    from tapfix.result import Placed, ResultData

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}
"""What rdjson calls each level."""


def render(result: ResultData) -> str:
    """The findings that are not suppressed and have a place in a file."""
    from json import dumps

    lines = {path: text.split("\n") for path, text in result.source.files.items()}
    diagnostics = [
        _diagnostic(placed, lines.get(placed.place.file, [""]))
        for placed in effective(result.placed)
        if placed.place.file
    ]
    document = {"source": {"name": "tapfix"}, "diagnostics": diagnostics}
    return dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(placed: Placed, lines: list[str]) -> dict[str, Any]:
    finding, place = placed
    return {
        "message": addressed(finding),
        "location": {
            "path": place.file,
            "range": {
                "start": _position(lines, place.line, place.column),
                "end": _position(lines, place.end_line, place.end_column),
            },
        },
        "severity": _SEVERITIES[LEVELS[finding.severity.value]],
        "code": {"value": f"{finding.rule} {finding.name}"},
    }


def _position(lines: list[str], line: int, column: int) -> dict[str, int]:
    return {"line": line, "column": len(lines[line - 1][: column - 1].encode()) + 1}
