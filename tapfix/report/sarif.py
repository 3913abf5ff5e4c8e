"""SARIF 2.1.0 for code scanning. Columns count characters, as Unicode code points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapfix import __version__
from tapfix.report.wording import LEVELS, statement

if TYPE_CHECKING:
    from tapfix.fixer import Finding
    from tapfix.result import Placed, ResultData

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(result: ResultData) -> str:
    """The log, with one run."""
    from json import dumps

    rules = {f.rule: f for f in result.findings}
    driver = {"name": "tapfix", "version": __version__, "rules": [_rule(rules[rule]) for rule in sorted(rules)]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(placed) for placed in result.placed],
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    return {"id": finding.rule, "name": finding.name, "defaultConfiguration": {"level": LEVELS[finding.severity.value]}}


def _result(placed: Placed) -> dict[str, Any]:
    finding, place = placed
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity.value],
        "message": {"text": statement(finding)},
        "properties": {
            "status": finding.status.value,
            "safety": finding.safety.value,
            "address": finding.address,
            "because": finding.because._asdict(),
        },
    }
    if place.file:
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
        artifact = {"uri": _uri(place.file)}
        result["locations"] = [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
    if finding.status.value == "suppressed":
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)
