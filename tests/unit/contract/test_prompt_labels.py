"""Real prompts against labels that people made, the time that reading takes, and texts that nobody would write."""

from __future__ import annotations

import importlib
import json
import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapfix.contract import Contract
from tapfix.contract.prompt.scopes import Scopes
from tapfix.contract.prompt.sentences import LONGEST, Sentence, sentences
from tapfix.contract.proposing import propose

CHECKOUT = Path(__file__).resolve().parents[3]
PROMPTS = Path(os.environ.get("TAPFIX_ANSWERS", CHECKOUT.parent / "shared" / "corpus")) / "cases"
LABELS = CHECKOUT / "tests" / "data" / "prompt_labels.json"
needs_prompts = pytest.mark.skipif(
    not PROMPTS.is_dir(), reason=f"no real prompts at {PROMPTS}; name their folder in TAPFIX_ANSWERS"
)


@needs_prompts
def test_precision_and_recall_on_the_two_thirds_do_not_fall() -> None:
    from bench.prompts import measure

    figures = measure(json.loads(LABELS.read_text()), PROMPTS, is_measured=False)
    assert figures.precision >= 0.99, figures.faults
    assert figures.recall >= 0.96, figures.faults
    assert figures.regions >= 0.97, figures.faults


@needs_prompts
def test_each_quote_is_in_the_prompt() -> None:
    texts = [path.read_text() for path in sorted(PROMPTS.glob("*/PROMPT.md"))]
    for text in texts:
        folded = " ".join(re.sub(r"^[ >]+", "", text, flags=re.MULTILINE).split())
        for proposal in propose(text):
            for line, sentence in proposal.sources:
                assert " ".join(sentence.split()) in folded
                assert sentence.split()[0] in text.splitlines()[line - 1]


PATTERNS = [
    (f"{module}.{name}[{key}]" if isinstance(found, dict) else f"{module}.{name}", pattern)
    for module in ("sentences", "scopes", "deliverable", "naming", "stack", "topology")
    for name, found in vars(importlib.import_module(f"tapfix.contract.prompt.{module}")).items()
    for key, pattern in (found.items() if isinstance(found, dict) else [("", found)])
    if isinstance(pattern, re.Pattern)
]
WORST = [
    "a", " ", "a, ", "and all ", "no ", "tags: ", "A=b, ", "`*", "(", "a-/", "us-east-1 and ", "two multi-region regions ",
    "dev.tfvars, ", "no provider ", "terraform 1.", "0.0.0.0/0 ", "only from the ", "30 days retention ", "\n",
    "a_suffix names ", "external or ", "merge(",
]  # fmt: skip


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_takes_linear_time(name: str, pattern: re.Pattern[str]) -> None:
    """A pattern sees one sentence at a time; a quadratic one would take long on text of twice the longest sentence."""
    for part in WORST:
        text = part * (2 * LONGEST // len(part))
        start = time.process_time()
        for _ in pattern.finditer(text):
            pass
        assert time.process_time() - start < 1, (name, part)


@pytest.mark.parametrize("part", WORST)
def test_a_prompt_of_anything_is_read_in_linear_time(part: str) -> None:
    start = time.process_time()
    propose(part * (20_000 // len(part)))
    assert time.process_time() - start < 4


WORDS = st.sampled_from(
    "no not all resources tag tags with Owner and , . : ; - ( ) ` ** * # | > 1. 0.0.0.0/0 us-east-1"
    " or in regions region two "
    "dev staging prod dev.tfvars main.tf provider block modules external if except such as \n \n\n"
    " ``` deploy single file "
    "Terraform 1.5+ AWS provider ~> 5.0 PostgreSQL 15.4 30 days retention log groups environment_suffix names İ ß \t \x00 \u2028".split(
        " "
    )
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    contract = Contract.from_prompt(text)
    assert len(contract.stated) == len(propose(text))
    for sentence in sentences(text):
        assert len(sentence.lower) == len(sentence.plain) and len(sentence.text) <= LONGEST
        assert isinstance(sentence, Sentence) and isinstance(sentence.scopes, Scopes)
