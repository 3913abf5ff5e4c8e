"""The expected files of the corpus, with terraform and the AWS provider.

Each stack without findings is planned, and some are applied and destroyed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapfix.verify import Step, ladder
from tapfix.verify.problem import StepName

pytestmark = pytest.mark.terraform

CORPUS = Path(__file__).parents[2] / "corpus"
APPLIED = ("good", "several")
"""Stacks that need nothing from outside. The others refer to networks that an emulator does not have."""


def is_done(name: str) -> bool:
    """Whether nothing is left to fix in a stack, and the AWS provider is the only one that it needs."""
    files = CORPUS.joinpath(name, "expected").rglob("*.tf")
    aws_alone = not any(f'"{provider}' in file.read_text() for file in files for provider in ("random_", "archive_"))
    return aws_alone and json.loads((CORPUS / name / "findings.json").read_text())["exit_code"] == 0


PLANNED = [folder.name for folder in sorted(CORPUS.iterdir()) if folder.is_dir() and is_done(folder.name)]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_db_password", "correct-horse-9")


def climb(name: str, upto: StepName, emulator: str) -> tuple[Step, ...]:
    steps = ladder(CORPUS / name / "expected", upto=upto, emulator=emulator, environments=["dev"])
    missing = [step for step in steps if step.status == "skipped" and "provider is not at hand" in step.detail]
    if missing:
        pytest.skip(f"terraform cannot be used: {missing[0].detail}")
    return steps


@pytest.mark.parametrize("name", [name for name in PLANNED if name not in APPLIED])
def test_it_plans(name: str, emulator: str) -> None:
    assert [(s.step, s.detail) for s in climb(name, "plan", emulator) if s.status != "passed"] == []


@pytest.mark.parametrize("name", APPLIED)
def test_it_is_applied_and_destroyed(name: str, emulator: str) -> None:
    assert [(s.step, s.detail) for s in climb(name, "destroy", emulator) if s.status != "passed"] == []
