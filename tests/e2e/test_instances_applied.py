"""TAP005 with the real terraform, the real provider and an AWS emulator: what comes out applies, settles, and means the same."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))

from instance_rows import ARGUMENTS, EACH, REFERENCES, Row, stack

from tapfix.contract import Contract
from tapfix.engine import Options, repair
from tapfix.module import Project
from tapfix.registry import builtin_fixers
from tapfix.verify import ladder, surroundings
from tapfix.verify.emulator import Emulator, python_with_moto

MAIN = "tap_stack.tf"
FIXERS = [f for f in builtin_fixers() if f.rule in ("TAP005", "TAP006")]

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the PATH"),
    pytest.mark.skipif("TF_CLI_CONFIG_FILE" not in os.environ, reason="no mirror of the AWS provider is named"),
    pytest.mark.skipif(python_with_moto() is None, reason="moto[server] is not installed"),
]

_APPLIED = [row for row in ARGUMENTS if row.on_emulator]
_BESIDE = [row for row in REFERENCES if row.on_emulator]

STACKS = {
    "arguments": [row for row in _APPLIED if row.name != "cpu_counts"],
    "references": _BESIDE,
    "cores": [row for row in _APPLIED if row.name == "cpu_counts"],
    "each": [row for row in EACH if row.on_emulator],
}
"""A third of the rows, in four stacks."""


def grouped(before: str) -> str:
    return repair({MAIN: before}, FIXERS, Contract.default(), options=Options(strict=True, guard=False)).texts[MAIN]


@pytest.mark.parametrize("name", STACKS)
def test_applies_settles_and_goes(name: str) -> None:
    after = grouped(stack(*STACKS[name]))
    assert "aws_instance" not in after
    steps = ladder({MAIN: after}, upto="destroy")
    if any(step.step == "init" and step.status == "skipped" for step in steps):
        pytest.skip("terraform finds no AWS provider")
    assert [(s.step, s.status, s.detail) for s in steps if s.status != "passed"] == []


# --- what the plans say -----------------------------------------------------------------------------------------------

SEMANTIC = Row(
    "semantic",
    """\
iam_instance_profile        = aws_iam_instance_profile.app.name
  associate_public_ip_address = false
  monitoring                  = true

  metadata_options {
    http_tokens = "required"
  }

  user_data = base64encode(<<-EOF
    #!/bin/bash
    echo "<h1>${var.environment} - Instance ${count.index + 1}</h1>"
  EOF
  )

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
  }""",
)
DEFAULT_TAGS = 'provider "aws" {\n  region = "us-east-1"\n\n  default_tags {\n    tags = { Owner = "ops" }\n  }\n}\n\n'


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with Emulator() as emulator:
        yield emulator.url


def planned(text: str, folder: Path, endpoint: str) -> dict[str, dict[str, Any]]:
    """The planned values by address."""
    (folder / MAIN).write_text(text)
    for name, body in surroundings.settings(Project({MAIN: text}).root).items():
        (folder / name).write_text(body)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }

    def terraform(*words: str) -> str:
        done = subprocess.run(
            ["terraform", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        if words[0] == "init" and done.returncode:
            pytest.skip("terraform finds no AWS provider")
        assert not done.returncode, done.stderr
        return done.stdout

    terraform("init", "-input=false")
    terraform("plan", "-input=false", "-out=plan")
    shown = json.loads(terraform("show", "-json", "plan"))
    return {r["address"]: r["values"] for r in shown["planned_values"]["root_module"]["resources"]}


def test_plans_say_the_same(tmp_path: Path, endpoint: str) -> None:
    """For the first copy: script, profile, metadata, volumes and their encryption, address, tags; the network by its sources."""
    before = DEFAULT_TAGS + stack(SEMANTIC)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    one = planned(before, tmp_path / "before", endpoint)["aws_instance.app[0]"]
    resources = planned(grouped(before), tmp_path / "after", endpoint)
    template, group = resources["aws_launch_template.app"], resources["aws_autoscaling_group.app"]

    script = base64.b64decode(template["user_data"]).decode()
    first = script.replace("dev</h1>", "dev - Instance 1</h1>")
    assert (
        one["user_data"] == hashlib.sha1(first.encode()).hexdigest()
    )  # the provider keeps the sum of the script alone
    for name in ("instance_type", "image_id"):
        assert template[name] == one[{"image_id": "ami"}.get(name, name)]
    assert template["monitoring"] == [{"enabled": True}]
    assert template["network_interfaces"][0]["associate_public_ip_address"] == "false"
    assert template["metadata_options"][0]["http_tokens"] == one["metadata_options"][0]["http_tokens"]

    (mapping,) = template["block_device_mappings"]
    root, (volume,) = one["root_block_device"][0], mapping["ebs"]
    assert mapping["device_name"] == "/dev/xvda"
    assert (volume["volume_type"], volume["volume_size"]) == (root["volume_type"], root["volume_size"])
    assert volume["encrypted"] == str(root["encrypted"]).lower()

    tags = {spec["resource_type"]: spec["tags"] for spec in template["tag_specifications"]}
    assert tags["instance"] == {**one["tags_all"], "Name": "app-dev"}
    assert tags["volume"]["Owner"] == "ops"
    propagated = {tag["key"]: tag["value"] for tag in group["tag"] if tag["propagate_at_launch"]}
    assert propagated.items() <= tags["instance"].items()
    assert (group["min_size"], group["desired_capacity"], group["max_size"]) == (2, 2, 4)
