"""Two functions for the tests of a rule: `mended` runs it alone, `refused` returns its reasons for changing nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tapfix import parse
from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Finding, Status

MAIN = "tap_stack.tf"


class Mended(NamedTuple):
    """The outcome of one rule."""

    texts: Mapping[str, str]
    findings: tuple[Finding, ...]

    @property
    def main(self) -> str:
        return self.texts[MAIN]

    def of(self, status: Status) -> list[Finding]:
        return [finding for finding in self.findings if finding.status is status]


def mended(rule: str, files: str | Mapping[str, str], contract: str = "") -> Mended:
    """Run one rule. It must not raise, a second run must change nothing, and text that parses must still parse."""
    texts = {MAIN: files} if isinstance(files, str) else files
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == rule)
    terms = Contract.from_toml(contract) if contract else Contract.default()
    options = Options(strict=True, guard=False)
    outcome = repair(texts, [fixer], terms, options=options)
    again = repair(outcome.texts, [fixer], terms, options=options)
    assert again.texts == outcome.texts
    assert all(placed.finding.status is not Status.FIXED for placed in again.placed)
    for name, text in outcome.texts.items():
        assert len(parse(text).diagnostics) <= len(parse(texts.get(name, "")).diagnostics), text
    return Mended(outcome.texts, tuple(placed.finding for placed in outcome.placed))


def refused(rule: str, files: str | Mapping[str, str], contract: str = "") -> list[str]:
    """The reasons of a rule that refuses to fix anything in some files."""
    result = mended(rule, files, contract)
    assert not result.of(Status.FIXED), result.findings
    assert dict(result.texts) == ({MAIN: files} if isinstance(files, str) else dict(files))
    return [finding.reason for finding in result.of(Status.REFUSED)]
