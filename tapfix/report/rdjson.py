"""reviewdog's rdjson, by which findings become comments on a pull request's lines on any forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapfix.api import Result
    from tapfix.engine import Placed

_SEVERITY = {"critical": "ERROR", "high": "ERROR", "medium": "WARNING", "low": "INFO"}


def render(result: Result) -> str:
    """All findings that are not suppressed and stand in a file."""
    from json import dumps

    told = [p for p in result.placed if p.finding.status.value != "suppressed" and p.place.file]
    document = {"source": {"name": "tapfix"}, "diagnostics": [_diagnostic(placed) for placed in told]}
    return dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(placed: Placed) -> dict[str, Any]:
    finding, place = placed
    said = f"{finding.message}\n{finding.reason}".strip()
    return {
        "message": f"{finding.address}: {said}" if finding.address else said,
        "location": {
            "path": place.file,
            "range": {
                "start": {"line": place.line, "column": place.column},
                "end": {"line": place.end_line, "column": place.end_column},
            },
        },
        "severity": _SEVERITY[finding.severity.value],
        "code": {"value": f"{finding.rule} {finding.name}"},
    }
