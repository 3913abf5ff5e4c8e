"""Markdown for a comment on a pull request: a summary, the findings as a table, and the diff, folded away.

A comment on GitHub has at most 65,536 characters. The diff is cut first, then the findings. The comment says what was
cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tapfix.report.diff import diff_of
from tapfix.report.prose import code, prose
from tapfix.report.wording import why

if TYPE_CHECKING:
    from tapfix.result import Placed, ResultData

LIMIT = 65_536
"""GitHub's limit for a comment, in characters."""

_ROOM = 500
"""More characters than the lines around the table and the diff need."""

_MARK = "<!-- tapfix -->"
"""The mark by which a workflow finds its earlier comment."""

_ORDER = ("refused", "suggested", "fixed", "suppressed")


def render(result: ResultData) -> str:
    """The comment."""
    head = _head(result)
    rows, cut = _rows(result, (LIMIT - len(head) - _ROOM) // 2)
    table = ""
    if rows:
        table = "| | Rule | Where | What |\n|---|---|---|---|\n" + "".join(rows)
        table += f"\n{cut} more findings are in the full report.\n" if cut else ""
        table += "\n"
    return head + table + _folded_diff(diff_of(result), LIMIT - len(head) - len(table) - _ROOM)


def _head(result: ResultData) -> str:
    statuses = [finding.status.value for finding in result.findings]
    counts = ", ".join(f"**{statuses.count(status)}** {status}" for status in _ORDER if status in statuses)
    lines = [_MARK, f"### tapfix: {prose(result.source.name)}", ""]
    lines.append(f"{counts}." if counts else "Nothing found.")
    lines += [
        f"\n:x: {prose(step.step)} failed: {prose(step.detail)[:2000]}"
        for step in result.verify
        if step.status == "failed"
    ]
    errors = [d for d in result.diagnostics if d.severity == "error"]
    lines += [f"\n:warning: {_place(d.file, d.line)}{prose(d.message)[:500]}" for d in errors[:10]]
    if len(errors) > 10:
        lines.append(f"\n:warning: {len(errors) - 10} more errors are in the full report.")
    return "\n".join(lines) + "\n\n"


def _rows(result: ResultData, room: int) -> tuple[list[str], int]:
    """The rows that fit into `room` characters, unfixed findings first, and the number of the others."""
    placed = sorted(result.placed, key=lambda p: _ORDER.index(p.finding.status.value))
    rows: list[str] = []
    for found in placed:
        row = _row(found)
        room -= len(row)
        if room < 0:
            break
        rows.append(row)
    return rows, len(placed) - len(rows)


def _row(placed: Placed) -> str:
    finding, place = placed
    what = prose(finding.message) + (f"<br>*{prose(finding.reason)}*" if finding.reason else "")
    what += f"<br>{prose(why(finding.because))}"
    where = _place(place.file, place.line) + (code(finding.address) if finding.address else "")
    return f"| {finding.status.value} | {finding.rule} {finding.name} | {where} | {what} |\n"


def _place(file: str, line: int) -> str:
    return f"{prose(file)}:{line} " if file else ""


def _folded_diff(diff: str, room: int) -> str:
    if not diff:
        return ""
    note = ""
    if len(diff) > room:
        kept = diff[: max(0, room)]
        kept = kept[: kept.rfind("\n") + 1]
        shown, all_lines = kept.count("\n"), diff.count("\n")
        note = f"\nThe diff was cut after {shown} of {all_lines} lines: a comment has no room for more.\n"
        diff = kept
    fence = "`" * max(3, max(map(len, re.findall("`+", diff)), default=0) + 1)
    return f"<details><summary>The diff</summary>\n\n{fence}diff\n{diff}{fence}\n{note}\n</details>\n"
