"""What became of an input, as plain data: what the reports, the grade and the batch read.

`tapfix.api.Result` adds the questions whose answers need a report: the diff, the grade, the JSON report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tapfix.fixer import Finding, Status

if TYPE_CHECKING:
    from tapfix.answer.files import Remark
    from tapfix.answer.source import Source
    from tapfix.contract import Contract
    from tapfix.verify.problem import Step


class Place(NamedTuple):
    """A range of a file of the input. Lines and columns are 1-based; columns count characters."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Placed(NamedTuple):
    """A finding with its place in the input."""

    finding: Finding
    place: Place


class ResultData(NamedTuple):
    """What became of an input."""

    source: Source
    contract: Contract
    files: Mapping[str, str]
    """The text of every file of the outcome, by path."""
    placed: tuple[Placed, ...]
    """The findings with their places in the input's files, in reading order."""
    diagnostics: tuple[Remark, ...]
    """What no rule reports: what does not parse, what the reader of the answer decided, which rule failed."""
    verify: tuple[Step, ...]
    """The steps of the proof that need nothing but tapfix, taken on the outcome."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was wrong, and what became of it."""
        return tuple(placed.finding for placed in self.placed)

    @property
    def base(self) -> dict[str, str]:
        """The files as the input held them, by their paths in the input: the left side of the diff."""
        return self.source.base()

    @property
    def named_base(self) -> dict[str, str]:
        """The files as the input held them, by their paths in the outcome."""
        return {self.source.path(path).outcome: text for path, text in self.base.items()}

    @property
    def changed(self) -> bool:
        """Whether the outcome differs from the input in any file. A new name alone is no difference."""
        return dict(self.files) != self.named_base

    @property
    def left(self) -> tuple[Finding, ...]:
        """The findings that are still there after repair: refused, or only suggested."""
        return tuple(f for f in self.findings if f.status in (Status.REFUSED, Status.SUGGESTED))

    @property
    def is_sound(self) -> bool:
        """Whether no step of the proof failed."""
        return all(step.status != "failed" for step in self.verify)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to fix: no finding, and no failed step of the proof."""
        return not self.left and self.is_sound
