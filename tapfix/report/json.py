"""The JSON report. Its shape is fixed by docs/report.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tapfix import __version__

if TYPE_CHECKING:
    from tapfix.answer.files import Remark
    from tapfix.contract import Contract
    from tapfix.result import Placed, ResultData
    from tapfix.verify import Step


def render(result: ResultData) -> str:
    """The report as a text."""
    from json import dumps

    return dumps(document(result), indent=2, ensure_ascii=False) + "\n"


def steps(taken: Iterable[Step]) -> str:
    """A proof by itself, as a text."""
    from json import dumps

    return dumps({"tapfix": __version__, "verify": [step(one) for one in taken]}, indent=2, ensure_ascii=False) + "\n"


def document(result: ResultData) -> dict[str, Any]:
    """The report as plain data."""
    from tapfix.report.grade import grade

    source = result.source
    return {
        "tapfix": __version__,
        "input": {"name": source.name, "kind": source.kind, "sha256": source.sha256},
        "contract": _contract(result.contract),
        "files": _files(result),
        "findings": [finding(placed) for placed in result.placed],
        "diagnostics": [_diagnostic(diagnosis) for diagnosis in result.diagnostics],
        "grade": grade(result).to_dict(),
        "verify": [step(s) for s in result.verify],
    }


def _contract(contract: Contract) -> dict[str, Any]:
    """Which contract file and which prompt were read, and the clauses that they state."""
    values = contract.to_dict()
    clauses = []
    for clause, because in contract.stated:
        table, key = clause.split(".")
        clauses.append({"clause": clause, "value": values[table][key], "because": because._asdict()})
    return {"file": contract.source, "prompt": contract.prompt, "clauses": clauses}


def _files(result: ResultData) -> list[dict[str, str]]:
    """Every file of the outcome, and those that are gone. A file that changes its name counts as the same one."""
    before = result.named_base
    found = []
    for path in sorted({*before, *result.files}):
        if path not in result.files:
            status = "removed"
        elif path not in before:
            status = "added"
        else:
            status = "unchanged" if before[path] == result.files[path] else "modified"
        text = result.files.get(path, before.get(path, ""))
        found.append({"path": path, "status": status, "sha256": sha256(text.encode()).hexdigest()})
    return found


def finding(placed: Placed) -> dict[str, Any]:
    """One finding."""
    found, place = placed
    return {
        "rule": found.rule,
        "name": found.name,
        "severity": found.severity.value,
        "safety": found.safety.value,
        "status": found.status.value,
        "because": found.because._asdict(),
        "message": found.message,
        "reason": found.reason,
        "address": found.address,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }


def _diagnostic(diagnosis: Remark) -> dict[str, Any]:
    return {
        "severity": diagnosis.severity,
        "message": diagnosis.message,
        "file": diagnosis.file,
        "line": diagnosis.line,
        "column": diagnosis.column,
    }


def step(taken: Step) -> dict[str, str]:
    """One step of the proof."""
    return {"step": taken.step, "environment": taken.environment, "status": taken.status, "detail": taken.detail}
