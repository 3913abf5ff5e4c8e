"""The words that several formats share: how severe a finding is, and what it says, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tapfix.fixer import Finding
    from tapfix.result import Placed

Level = Literal["error", "warning", "note"]
"""How severe a message is, in the words of remarks and of most tools."""

LEVELS: dict[str, Level] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
"""The level of each severity."""


def count(number: int, what: str) -> str:
    """A number and a noun that takes an s in the plural, such as "1 finding" or "3 findings"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def statement(finding: Finding) -> str:
    """What is wrong, and on a line of its own the reason, if there is one."""
    return f"{finding.message}\n{finding.reason}".strip()


def addressed(finding: Finding) -> str:
    """The statement after the address that it is about, if there is one."""
    said = statement(finding)
    return f"{finding.address}: {said}" if finding.address else said


def effective(placed: Iterable[Placed]) -> Iterator[Placed]:
    """The findings that no comment in the input suppresses."""
    return (one for one in placed if one.finding.status.value != "suppressed")
