"""Every answer of the project's own corpus that is collapsed is, in an environment, what its kept region was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from equivalence import differences, side_of

import tapfix
from tapfix.contract import Contract
from tapfix.fixer import Status
from tapfix.module import Project

CORPUS = Path(__file__).parents[2] / "corpus"
DOUBLED = sorted(
    path.parent.name
    for path in CORPUS.glob("*/response.md")
    if re.search(r"provider\s*=\s*aws\.\w", path.read_text("utf-8"))
)
WORDS = {
    "us-east-1": ("us-east-1", "us_east_1", "use1", "us east 1", "primary"),
    "us-west-2": ("us-west-2", "us_west_2", "usw2", "us west 2", "secondary"),
    "eu-west-1": ("eu-west-1", "eu_west_1", "euw1", "eu west 1", "secondary"),
}


def test_the_corpus_holds_doubled_answers() -> None:
    assert DOUBLED


@pytest.mark.parametrize("name", DOUBLED)
def test_a_collapsed_answer_is_its_kept_region(name: str) -> None:
    text = (CORPUS / name / "response.md").read_text("utf-8")
    contract = Contract.from_toml('[topology]\nregions = "single"\n')
    result = tapfix.fix(text, select=["TAP001"], contract=contract, moved=True)
    if not any(f.status is Status.FIXED for f in result.findings):
        assert any(f.status is Status.REFUSED for f in result.findings)
        return
    before = {result.source.renamed.get(path, path): held for path, held in result.base.items()}
    sides = [s for b in Project(before).root.blocks if b.type in ("resource", "data", "module") and (s := side_of(b))]
    kept, *others = dict.fromkeys(sides)
    words = {s: WORDS[s.replace("_", "-")] for s in (kept, *others)}
    assert differences(before, result.files, kept=kept, others=others, words=words) == []
