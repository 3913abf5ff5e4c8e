"""reviewdog's rdjson, by which findings become comments on a pull request's lines on any forge. Its columns count bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapfix.result import Placed, ResultData

_SEVERITY = {"critical": "ERROR", "high": "ERROR", "medium": "WARNING", "low": "INFO"}


def render(result: ResultData) -> str:
    """All findings that are not suppressed and stand in a file."""
    from json import dumps

    told = [p for p in result.placed if p.finding.status.value != "suppressed" and p.place.file]
    lines = {path: text.split("\n") for path, text in result.source.files.items()}
    diagnostics = [_diagnostic(placed, lines.get(placed.place.file, [""])) for placed in told]
    document = {"source": {"name": "tapfix"}, "diagnostics": diagnostics}
    return dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(placed: Placed, lines: list[str]) -> dict[str, Any]:
    finding, place = placed
    said = f"{finding.message}\n{finding.reason}".strip()
    return {
        "message": f"{finding.address}: {said}" if finding.address else said,
        "location": {
            "path": place.file,
            "range": {
                "start": _position(lines, place.line, place.column),
                "end": _position(lines, place.end_line, place.end_column),
            },
        },
        "severity": _SEVERITY[finding.severity.value],
        "code": {"value": f"{finding.rule} {finding.name}"},
    }


def _position(lines: list[str], line: int, column: int) -> dict[str, int]:
    return {"line": line, "column": len(lines[line - 1][: column - 1].encode()) + 1}
