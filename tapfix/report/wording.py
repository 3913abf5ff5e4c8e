"""The words that several formats share: how severe a finding is, what it says and what it rests on, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tapfix.contract import Because
    from tapfix.fixer import Finding
    from tapfix.result import Placed

Level = Literal["error", "warning", "note"]
"""How severe a message is, in the words of remarks and of most tools."""

LEVELS: dict[str, Level] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
"""The level of each severity."""


def count(number: int, what: str) -> str:
    """A number and a noun that takes an s in the plural, such as "1 finding" or "3 findings"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_SENTENCE = 120
"""The number of characters of a prompt's sentence that are quoted, at most."""


def ground(because: Because) -> str:
    """What a finding rests on, as a clause: `PROMPT.md:12 asks for "…"`, `tapfix.toml:3 states tags.keys`."""
    text = _shortened(because.text) if because.source == "prompt" else because.text.removesuffix(".")
    place = _place(because)
    if because.source == "prompt":
        return f"{place or 'the prompt'} asks for " + (f'"{text}"' if text else "it")
    if because.source == "contract":
        return f"{place or 'the contract'} states {text or 'it'}"
    who = {"terraform": "Terraform", "aws": "AWS"}.get(because.source, "the built-in contract")
    reference = f" ({because.reference})" if because.reference else ""
    return (f"{who}: {text}" if text else who) + reference


def why(because: Because, *, is_known: bool = False) -> str:
    """What a finding rests on, as a line of its own. A sentence that the reader has seen already is not repeated."""
    if is_known and because.source == "prompt" and because.line:
        return f"why: {_place(because)}, as above"
    return f"why: {ground(because)}"


def _place(because: Because) -> str:
    return f"{because.file}:{because.line}" if because.line else because.file


def grounds(found: Iterable[Because]) -> str:
    """What several findings rest on: the first ground, and how many others there are."""
    first, *others = dict.fromkeys(found)
    return ground(first) + (f"; and {count(len(others), 'other ground')}" if others else "")


def _shortened(sentence: str) -> str:
    """A sentence on one line, cut at a word if it is long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in sentence).split())
    if len(plain) <= _SENTENCE:
        return plain
    kept, gap, _ = plain[:_SENTENCE].rpartition(" ")
    return f"{kept if gap else plain[:_SENTENCE]}…"


def statement(finding: Finding) -> str:
    """What is wrong, and on lines of their own the reason, if there is one, and what the finding rests on."""
    return "\n".join(filter(None, (finding.message, finding.reason, why(finding.because))))


def addressed(finding: Finding) -> str:
    """The statement after the address that it is about, if there is one."""
    said = statement(finding)
    return f"{finding.address}: {said}" if finding.address else said


def effective(placed: Iterable[Placed]) -> Iterator[Placed]:
    """The findings that no comment in the input suppresses."""
    return (one for one in placed if one.finding.status.value != "suppressed")
