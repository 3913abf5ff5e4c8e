"""The steps of terraform, with a fake binary that gives prepared answers. tests/e2e/test_ladder.py has the real one."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tapfix.module import Project
from tapfix.verify import Step, ladder, surroundings

STACK = {
    "main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\nvariable "cidr" {}\n'
    'variable "db_password" {\n  sensitive = true\n}\n',
    "dev.tfvars": 'cidr = "10.0.0.0/16"\n',
    "prod.tfvars": 'cidr = "10.1.0.0/16"\n',
}

STAND_IN = """\
#!{python}
import json, os, sys, time
home = os.path.dirname(os.path.abspath(__file__))
told = json.load(open(os.path.join(home, "answers.json")))
words = sys.argv[1:]
name = "destroy" if "-destroy" in words else "replan" if "-detailed-exitcode" in words else words[0]
with open(os.path.join(home, "log.jsonl"), "a") as log:
    files = sorted(os.listdir("."))
    aws = {{k: v for k, v in os.environ.items() if k.startswith("AWS_")}}
    log.write(json.dumps({{"name": name, "words": words, "files": files, "aws": aws}}) + "\\n")
answer = told.get(name, {{}})
time.sleep(answer.get("sleep", 0))
print(answer.get("out", ""))
sys.exit(answer.get("code", 0))
"""


class StandIn:
    """A fake terraform that gives prepared answers and records its commands."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "terraform"
        self.path.write_text(STAND_IN.format(python=sys.executable))
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)
        self.answer({})

    def answer(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        (self.path.parent / "answers.json").write_text(json.dumps(answers))

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.path.parent / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    folder = tmp_path / "bin"
    folder.mkdir()
    return StandIn(folder)


def taken(steps: tuple[Step, ...]) -> list[tuple[str, str, str]]:
    return [(step.step, step.environment, step.status) for step in steps[4:]]


def climb(stand_in: StandIn, stack: Mapping[str, str] = STACK, **options: Any) -> tuple[Step, ...]:
    options.setdefault("upto", "destroy")
    options.setdefault("emulator", "http://127.0.0.1:1")
    return ladder(stack, binary=str(stand_in.path), **options)


def diagnostic(summary: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"severity": severity, "summary": summary, "detail": "in detail", **more}


def test_all_steps_for_each_environment(stand_in: StandIn) -> None:
    steps = climb(stand_in)
    each = ["plan", "apply", "replan", "destroy"]
    assert taken(steps) == [
        ("init", "", "passed"),
        ("validate", "", "passed"),
        *((name, environment, "passed") for environment in ("dev", "prod") for name in each),
    ]
    plan = next(step for step in steps if step.step == "plan")
    assert "db_password" in plan.detail
    planned = next(call for call in stand_in.log if call["name"] == "plan")
    assert "-var-file=dev.tfvars" in planned["words"]
    assert {surroundings.OVERRIDE, surroundings.PROVIDERS, surroundings.VALUES} <= set(planned["files"])


def test_the_files_of_environments_in_folders_are_planned_with(stand_in: StandIn) -> None:
    stack = {path if path == "main.tf" else f"environments/{path}": text for path, text in STACK.items()}
    steps = climb(stand_in, stack)
    assert [step.environment for step in steps if step.step == "plan"] == ["dev", "prod"]
    planned = [word for call in stand_in.log if call["name"] == "plan" for word in call["words"] if "var-file" in word]
    assert planned == ["-var-file=environments/dev.tfvars", "-var-file=environments/prod.tfvars"]


def test_real_credentials_are_out_of_reach(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    climb(stand_in, upto="validate")
    assert all(
        call["aws"]["AWS_SECRET_ACCESS_KEY"] == "test" and "AWS_PROFILE" not in call["aws"] for call in stand_in.log
    )
    climb(stand_in, upto="validate", allow_real=True)
    assert stand_in.log[-1]["aws"].items() >= {"AWS_PROFILE": "production", "AWS_SECRET_ACCESS_KEY": "real"}.items()
    assert surroundings.OVERRIDE not in stand_in.log[-1]["files"]


def test_what_validate_says(stand_in: StandIn) -> None:
    place = {
        "filename": "main.tf",
        "start": {"line": 2, "column": 3, "byte": 28},
        "end": {"line": 2, "column": 9, "byte": 34},
    }
    said = diagnostic("Unsupported argument", range=place, address="aws_vpc.main")
    stand_in.answer({"validate": {"code": 1, "out": json.dumps({"diagnostics": [said, diagnostic("Old", "warning")]})}})
    steps = climb(stand_in)
    assert taken(steps)[1:] == [
        ("validate", "", "failed"),
        *((name, "", "skipped") for name in ("plan", "apply", "replan", "destroy")),
    ]
    failed = steps[5]
    assert failed.detail == "main.tf:2: aws_vpc.main: Unsupported argument: in detail"
    assert [(p.kind, p.line, p.severity) for p in failed.problems] == [
        ("unsupported-argument", 2, "error"),
        ("old", 0, "warning"),
    ]


def test_a_provider_that_cannot_be_had_is_no_fault(stand_in: StandIn) -> None:
    stand_in.answer({"init": {"code": 1, "out": "Error: Failed to query available provider packages"}})
    steps = climb(stand_in)
    assert {status for _, _, status in taken(steps)} == {"skipped"}
    stand_in.answer({"init": {"code": 1, "out": "Error: Unreadable module directory\n\nno such folder"}})
    steps = climb(stand_in)
    assert taken(steps)[0] == ("init", "", "failed")
    assert steps[4].detail == "Unreadable module directory no such folder"


def test_a_stack_that_does_not_settle(stand_in: StandIn) -> None:
    change = {
        "@message": "x",
        "type": "planned_change",
        "change": {"action": "update", "resource": {"addr": "aws_vpc.main"}},
    }
    stand_in.answer({"replan": {"code": 2, "out": json.dumps(change)}})
    (replan,) = [step for step in climb(stand_in, environments=["dev"]) if step.step == "replan"]
    assert replan.status == "failed"
    assert replan.detail == "aws_vpc.main: a second plan wants to update it"


def test_what_an_apply_leaves_is_destroyed(stand_in: StandIn) -> None:
    event = {"@message": "x", "type": "diagnostic", "diagnostic": diagnostic("no such image")}
    stand_in.answer(
        {"apply": {"code": 1, "out": json.dumps(event)}, "state": {"out": "aws_vpc.main\ndata.aws_region.r\n"}}
    )
    steps = climb(stand_in, environments=["dev"])
    assert taken(steps)[3:] == [("apply", "dev", "failed"), ("replan", "dev", "skipped"), ("destroy", "dev", "failed")]
    assert steps[-1].detail == "aws_vpc.main: is still there after destroy"
    stand_in.answer({"apply": {"code": 1}})
    climb(stand_in, upto="apply", environments=["dev"])
    assert "destroy" in [call["name"] for call in stand_in.log]


def test_time_limit(stand_in: StandIn) -> None:
    stand_in.answer({"validate": {"sleep": 30}})
    steps = climb(stand_in, upto="validate", timeout=1.0)
    assert steps[-1].status == "failed"
    assert steps[-1].detail == "validate took more than 1 seconds"


def test_nothing_is_run_that_is_not_there() -> None:
    steps = ladder(STACK, upto="plan", binary="no-such-terraform")
    assert taken(steps) == [(name, "", "skipped") for name in ("init", "validate", "plan")]
    assert steps[-1].detail == "there is no no-such-terraform: install one, or name where it is (--binary)"
    broken = ladder({"main.tf": 'resource "aws_vpc" "a" {'}, upto="validate", binary="no-such-terraform")
    assert broken[-1].detail == "it does not parse"
    assert [step.step for step in ladder(STACK, upto="references")] == ["parses", "references"]


def test_paths_stay_in_the_scratch_folder(stand_in: StandIn) -> None:
    with pytest.raises(ValueError, match="leads out of the module"):
        ladder({"main.tf": "", "../out.tf": ""}, binary=str(stand_in.path))


def test_settings_for_the_emulator() -> None:
    text = """
provider "aws" {
  region  = "eu-west-1"
  profile = "mine"
}
provider "aws" {
  alias = "west"
}
resource "aws_vpc" "a" {
  provider = aws.replica_eu_central_1
}
module "m" {
  source    = "./m"
  providers = { aws = aws.west }
}
"""
    files = surroundings.settings(Project({"main.tf": text}).root)
    override, fresh = files[surroundings.OVERRIDE], files[surroundings.PROVIDERS]
    assert "profile = null" in override
    assert 'alias = "west"' in override
    assert 'backend "local" {}' in override
    assert "region" not in override
    assert 'alias = "replica_eu_central_1"' in fresh
    assert 'region = "eu-central-1"' in fresh


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("vpc_cidr", "string", "10.0.0.0/16"),
        ("private_subnets", ["list", "string"], ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]),
        ("azs", ["list", "string"], ["us-east-1a", "us-east-1b"]),
        ("enabled", "bool", False),
        ("count_of", "number", 2),
        ("settings", ["object", {"region": "string", "size": "number"}], {"region": "us-east-1", "size": 2}),
        ("anything", "dynamic", "dev"),
    ],
)
def test_placeholders(name: str, kind: Any, value: Any) -> None:
    assert surroundings.placeholder(name, kind) == value
