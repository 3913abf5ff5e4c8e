"""TAP005 with the real terraform, the real provider and an AWS emulator.

The outcome is valid and is applied, its second plan is empty, and its plan says the same as before.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))

from instance_rows import ARGUMENTS, EACH, REFERENCES, InstanceRow, counted, matrix, stack

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.module import Project
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
"""More than a third of the rows, in four stacks. The first contains every pair of its arguments."""


def grouped(before: str) -> str:
    return repair({MAIN: before}, FIXERS, Contract.default(), options=Options(strict=True, guard=False)).texts[MAIN]


def as_modules(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One project with a module for each stack, so that terraform and the provider start only once."""
    files = {}
    calls = ""
    for name, text in texts:
        files[f"{name}/main.tf"] = grouped(text)
        calls += f'module "{name}" {{\n  source = "./{name}"\n}}\n\n'
    return {MAIN: calls, **files}


def test_the_whole_matrix_is_valid(tmp_path: Path) -> None:
    files = as_modules(matrix())
    assert len(files) > 600 and not [n for n, text in files.items() if 'resource "aws_instance"' in text]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        (path.parent / "init.sh").write_text("#!/bin/bash\n")
    started = subprocess.run(["terraform", "init", "-input=false"], cwd=tmp_path, capture_output=True, check=False)
    if started.returncode:
        pytest.skip("terraform finds no AWS provider")
    done = subprocess.run(["terraform", "validate", "-json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert [(d["summary"], d.get("range", {}).get("filename")) for d in found["diagnostics"]] == []


def test_each_count_applies() -> None:
    steps = ladder(as_modules(counted()), upto="destroy")
    if any(step.step == "init" and step.status == "skipped" for step in steps):
        pytest.skip("terraform finds no AWS provider")
    assert [(s.step, s.status, s.detail) for s in steps if s.status != "passed"] == []


@pytest.mark.parametrize("name", STACKS)
def test_is_applied_without_a_second_change_and_destroyed(name: str) -> None:
    after = grouped(stack(*STACKS[name]))
    assert "aws_instance" not in after
    steps = ladder({MAIN: after}, upto="destroy")
    if any(step.step == "init" and step.status == "skipped" for step in steps):
        pytest.skip("terraform finds no AWS provider")
    assert [(s.step, s.status, s.detail) for s in steps if s.status != "passed"] == []


# --- what the plans contain -------------------------------------------------------------------------------------------

SEMANTIC = InstanceRow(
    "semantic",
    """\
iam_instance_profile        = aws_iam_instance_profile.app.name
  associate_public_ip_address = false
  monitoring                  = true

  metadata_options {
    http_tokens                 = "required"
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
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
    kms_key_id  = aws_kms_key.main.arn
  }

  ebs_block_device {
    device_name           = "/dev/sdf"
    volume_size           = 10
    encrypted             = true
    delete_on_termination = true
  }""",
)
DEFAULT_TAGS = 'provider "aws" {\n  region = "us-east-1"\n\n  default_tags {\n    tags = { Owner = "ops" }\n  }\n}\n\n'


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with Emulator() as emulator:
        yield emulator.url


class Planned(NamedTuple):
    """A plan: the values of the resources and the expressions of the configuration, by address."""

    values: dict[str, dict[str, Any]]
    expressions: dict[str, dict[str, Any]]

    def sources(self, address: str, *path: str | int) -> set[str]:
        """The resources that an argument refers to."""
        found: Any = self.expressions[address]
        for step in path:
            found = found[step]
        return {r for r in found["references"] if r.startswith("aws_") and r.count(".") == 1}


def planned(text: str, folder: Path, endpoint: str) -> Planned:
    """The plan of a stack."""
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
    return Planned(
        {r["address"]: r["values"] for r in shown["planned_values"]["root_module"]["resources"]},
        {r["address"]: r.get("expressions", {}) for r in shown["configuration"]["root_module"]["resources"]},
    )


_VOLUME = ("volume_type", "volume_size", "iops", "throughput", "delete_on_termination")


def as_in_template(volume: dict[str, Any]) -> dict[str, Any]:
    """A volume of an instance's plan in the form of a launch template, without the values that are not known yet."""
    said = {name: volume.get(name) for name in (*_VOLUME, "encrypted")}
    return {n: str(v).lower() if isinstance(v, bool) else v for n, v in said.items() if v is not None}


def test_plans_say_the_same(tmp_path: Path, endpoint: str) -> None:
    """Script, profile, metadata, volumes and their encryption, addresses, network and tags of the first instance."""
    text = DEFAULT_TAGS + stack(SEMANTIC)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = planned(text, tmp_path / "before", endpoint)
    after = planned(grouped(text), tmp_path / "after", endpoint)
    one, instance = before.values["aws_instance.app[0]"], "aws_instance.app"
    template, group = after.values["aws_launch_template.app"], after.values["aws_autoscaling_group.app"]

    script = base64.b64decode(template["user_data"]).decode()
    first = script.replace("dev</h1>", "dev - Instance 1</h1>")
    assert one["user_data"] == hashlib.sha1(first.encode()).hexdigest()  # the provider keeps its hash only
    for name in ("instance_type", "image_id"):
        assert template[name] == one[{"image_id": "ami"}.get(name, name)]
    assert template["monitoring"] == [{"enabled": one["monitoring"]}]
    (interface,) = template["network_interfaces"]
    assert interface["associate_public_ip_address"] == str(one["associate_public_ip_address"]).lower()
    (options,), (metadata,) = one["metadata_options"], template["metadata_options"]
    said = ("http_tokens", "http_endpoint", "http_put_response_hop_limit", "instance_metadata_tags")
    assert [metadata[n] for n in said] == [options[n] for n in said]

    mappings = {m["device_name"]: m["ebs"][0] for m in template["block_device_mappings"]}
    (data,) = one["ebs_block_device"]
    assert mappings.keys() == {"/dev/xvda", data["device_name"]}
    for volume, mapping in (
        (one["root_block_device"][0], mappings["/dev/xvda"]),
        (data, mappings[data["device_name"]]),
    ):
        said = as_in_template(volume)
        assert said.items() <= mapping.items() | {("delete_on_termination", "true")} and said["encrypted"] == "true"

    template_at, group_at = "aws_launch_template.app", "aws_autoscaling_group.app"
    for was, now in (
        (("vpc_security_group_ids",), (template_at, "network_interfaces", 0, "security_groups")),
        (("subnet_id",), (group_at, "vpc_zone_identifier")),
        (("iam_instance_profile",), (template_at, "iam_instance_profile", 0, "name")),
        (("root_block_device", 0, "kms_key_id"), (template_at, "block_device_mappings", 0, "ebs", 0, "kms_key_id")),
    ):
        assert before.sources(instance, *was) == after.sources(*now) != set()

    tags = {spec["resource_type"]: spec["tags"] for spec in template["tag_specifications"]}
    assert tags["instance"] == {**one["tags_all"], "Name": "app-dev"}
    assert tags["volume"]["Owner"] == "ops"
    propagated = {tag["key"]: tag["value"] for tag in group["tag"] if tag["propagate_at_launch"]}
    assert propagated.items() <= tags["instance"].items()
    assert (group["min_size"], group["desired_capacity"], group["max_size"]) == (2, 2, 4)
