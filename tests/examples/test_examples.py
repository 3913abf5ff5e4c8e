"""The examples that stand in the fixers: before, after, and once more without a change."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Example, Fixer, Status
from tapfix.syntax.formatter import format_text


def _examples() -> list[object]:
    return [
        pytest.param(fixer, example, id=f"{fixer.rule}-{number}-{example.title.replace(' ', '-')}")
        for fixer in builtin_fixers()
        for number, example in enumerate(fixer.examples, 1)
    ]


def _texts(text: str | Mapping[str, str]) -> dict[str, str]:
    return {"tap_stack.tf": text} if isinstance(text, str) else dict(text)


def _run(fixer: Fixer, example: Example, texts: Mapping[str, str]) -> Outcome:
    contract = Contract.from_toml(example.contract) if example.contract else Contract.default()
    return repair(texts, [fixer], contract, options=Options(strict=True, guard=False))


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
def test_second_run_changes_nothing(fixer: Fixer, example: Example) -> None:
    once = _run(fixer, example, _texts(example.before))
    twice = _run(fixer, example, once.texts)
    assert twice.texts == once.texts


@pytest.mark.parametrize(("fixer", "example"), _examples())
def test_outcome_is_laid_out_where_the_input_was(fixer: Fixer, example: Example) -> None:
    before = _texts(example.before)
    if example.after is None or any(format_text(t) != t for p, t in before.items() if p.endswith((".tf", ".tfvars"))):
        pytest.skip("the input is not as terraform fmt has it, or nothing is fixed")
    outcome = _run(fixer, example, before)
    for path, text in outcome.texts.items():
        if path.endswith((".tf", ".tfvars")):
            assert format_text(text) == text


@pytest.mark.parametrize("fixer", builtin_fixers(), ids=lambda f: f.rule)
def test_every_fixer_explains_itself(fixer: Fixer) -> None:
    assert fixer.summary.endswith("."), "the first line is a sentence"
    assert len(fixer.page.split("\n\n")) > 1, "the docstring is the rule's page"
    assert fixer.examples, "a fixer has examples"
