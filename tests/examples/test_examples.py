"""The examples of the rules: the outcome is the one shown, a second run changes nothing, and the stack is no worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity, Status
from tapfix.module import Module
from tapfix.syntax.formatter import format_text


def _examples() -> list[object]:
    return [
        pytest.param(fixer, example, id=f"{fixer.rule}-{number}-{example.title.replace(' ', '-')}")
        for fixer in builtin_fixers()
        for number, example in enumerate(fixer.examples, 1)
    ]


def _texts(text: str | Mapping[str, str]) -> dict[str, str]:
    return {"tap_stack.tf": text} if isinstance(text, str) else dict(text)


def _run(fixer: Fixer, example: Example, texts: Mapping[str, str], *, guard: bool = False) -> Outcome:
    contract = Contract.from_toml(example.contract) if example.contract else Contract.default()
    return repair(texts, [fixer], contract, options=Options(strict=True, guard=guard))


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_example(fixer: Fixer, example: Example) -> None:
    before = _texts(example.before)
    outcome = _run(fixer, example, before)
    if example.after is None or _texts(example.after) == before:
        assert outcome.texts == before
        assert all(p.finding.status is not Status.FIXED for p in outcome.placed)
        return
    assert outcome.texts == _texts(example.after)
    assert any(p.finding.status is Status.FIXED for p in outcome.placed)


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_the_outcome_is_no_worse(fixer: Fixer, example: Example) -> None:
    """The guard, which takes back a fix that adds a problem to the stack, takes nothing back."""
    free = _run(fixer, example, _texts(example.before))
    guarded = _run(fixer, example, _texts(example.before), guard=True)
    taken_back = [p.finding.reason for p in guarded.placed if p.finding.status is Status.REFUSED]
    assert guarded.texts == free.texts, taken_back


class _Worse(Fixer):
    """The acl of a bucket becomes a variable that nothing declares."""

    rule = "TOY002"
    severity = Severity.LOW
    safety = Safety.SAFE

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for acl in (bucket.get("acl") for bucket in module.resources("aws_s3_bucket")):
            if acl is not None and acl.value != "var.nowhere":
                yield self.fix(acl, "it is a literal", [acl.replace("var.nowhere")])


def test_an_outcome_that_is_worse_is_seen() -> None:
    before = 'resource "aws_s3_bucket" "b" {\n  acl = "private"\n}\n'
    example = Example(before=before, after=before.replace('"private"', "var.nowhere"))
    test_example(_Worse(), example)
    with pytest.raises(AssertionError, match="nowhere"):
        test_the_outcome_is_no_worse(_Worse(), example)


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_every_finding_rests_on_something(fixer: Fixer, example: Example) -> None:
    """Each finding has a ground in words, and the documentation where Terraform or AWS requires it."""
    for placed in _run(fixer, example, _texts(example.before)).placed:
        because = placed.finding.because
        assert because.text, placed.finding.message
        if because.source in ("terraform", "aws"):
            assert because.reference.startswith("https://"), placed.finding.message


@pytest.mark.parametrize("fixer", builtin_fixers(), ids=lambda fixer: fixer.rule)
def test_a_rule_rests_on_something_or_on_clauses(fixer: Fixer) -> None:
    assert bool(fixer.because.text) != (fixer.rule in _OF_CLAUSES)
    assert (fixer.because.source in ("terraform", "aws")) == bool(fixer.because.reference)


_OF_CLAUSES = {"TAP007", "TAP010", "TAP150"}
"""The rules that report only what a clause demands that somebody stated."""


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_second_run_changes_nothing(fixer: Fixer, example: Example) -> None:
    once = _run(fixer, example, _texts(example.before))
    twice = _run(fixer, example, once.texts)
    assert twice.texts == once.texts


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_the_outcome_is_formatted_where_the_input_is(fixer: Fixer, example: Example) -> None:
    before = _texts(example.before)
    if example.after is None or any(format_text(t) != t for p, t in before.items() if p.endswith((".tf", ".tfvars"))):
        pytest.skip("the input is not formatted as by terraform fmt, or nothing is fixed")
    outcome = _run(fixer, example, before)
    for path, text in outcome.texts.items():
        if path.endswith((".tf", ".tfvars")):
            assert format_text(text) == text


@pytest.mark.parametrize("fixer", builtin_fixers(), ids=lambda f: f.rule)
def test_every_fixer_explains_itself(fixer: Fixer) -> None:
    assert fixer.summary.endswith("."), "the first line is a sentence"
    assert len(fixer.page.split("\n\n")) > 1, "the page has more than its first line"
    assert fixer.examples, "a fixer has examples"
