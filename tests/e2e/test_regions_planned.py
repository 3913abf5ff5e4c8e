"""Plans of a collapsed stack and of its original: an environment has what the kept region contained, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import tapfix
from tapfix.contract import Contract
from tapfix.module import Project
from tapfix.verify import ladder

pytestmark = pytest.mark.terraform

ANSWER = Path(__file__).parents[2] / "corpus" / "region_pair" / "response.md"
CONTRACT = ANSWER.with_name("tapfix.toml")


def planned(files: Mapping[str, str], emulator: str) -> set[str]:
    """The addresses that a plan creates."""
    steps = {s.step: s for s in ladder(files, upto="plan", emulator=emulator, environments=["dev"])}
    if "provider is not at hand" in steps["init"].detail:
        pytest.skip(f"terraform cannot be used: {steps['init'].detail}")
    assert steps["plan"].status == "passed", steps["plan"].detail
    events = [json.loads(line) for line in steps["plan"].output.splitlines() if line.startswith("{")]
    changes = [e["change"] for e in events if e.get("type") == "planned_change"]
    return {c["resource"]["addr"] for c in changes if c["action"] == "create"}


def test_an_environment_plans_what_the_kept_region_contained(emulator: str) -> None:
    result = tapfix.fix(ANSWER.read_text("utf-8"), select=["TAP001"], contract=Contract.load(CONTRACT), moved=True)
    before = planned(result.base, emulator)
    after = planned(result.files, emulator)
    moved = Project(result.files).root.blocks_of("moved")
    was = {block.attributes["to"].value: block.attributes["from"].value for block in moved}
    kept = {was.get(a.partition("[")[0], a.partition("[")[0]) + "".join(a.partition("[")[1:]) for a in after}
    assert kept < before
    assert {a for a in before - kept if not a.partition("[")[0].endswith("_us_west_2")} == set()
    assert len(after) > 3
