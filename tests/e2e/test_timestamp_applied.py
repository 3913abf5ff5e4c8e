"""A stack with the time in each place where it is allowed: its second plan has changes, and has none after TAP003.

Where a name has to stay unique, TAP003 uses the `random` provider, which these tests may not have. The unit tests cover
those places.
"""

from __future__ import annotations

import shutil

import pytest

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Status
from tapfix.verify import Step, ladder
from tapfix.verify.emulator import python_with_moto

pytestmark = pytest.mark.terraform

STACK = {
    "main.tf": """\
provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = {
      Project  = "shop"
      Deployed = formatdate("YYYY-MM-DD", timestamp())
    }
  }
}

locals {
  now = formatdate("YYYYMMDDhhmmss", timestamp())
  tags = {
    CreatedAt = timestamp()
    Team      = "core"
  }
}

resource "aws_sns_topic" "tag" {
  name = "tag"
  tags = merge(local.tags, { Made = local.now })
}

resource "aws_iam_role" "described" {
  name               = "described"
  description        = "The role, made on ${timestamp()}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_sqs_queue" "named" {
  name = "named-${local.now}-queue"
}

resource "aws_ssm_parameter" "kept" {
  name  = "kept"
  type  = "String"
  value = timestamp()
}

resource "aws_launch_template" "script" {
  name = "script"

  user_data = base64encode(<<-EOT
    #!/bin/bash
    echo "up since ${timestamp()}"
  EOT
  )
}

output "deployed_at" {
  value = timestamp()
}
""",
}


@pytest.mark.skipif(python_with_moto() is None, reason="moto[server] is not installed")
def test_the_second_plan_is_empty_only_after_the_fixes() -> None:
    fixers = [fixer for fixer in builtin_fixers() if fixer.rule == "TAP003"]
    outcome = repair(STACK, fixers, Contract.default(), options=Options(strict=True, guard=False))
    assert {placed.finding.status for placed in outcome.placed} == {Status.FIXED}
    before, after = (_second_plan(texts) for texts in (STACK, outcome.texts))
    assert {problem.address for problem in before.problems} == {
        "aws_iam_role.described",
        "aws_launch_template.script",
        "aws_sns_topic.tag",
        "aws_sqs_queue.named",
        "aws_ssm_parameter.kept",
    }
    assert (after.status, after.problems) == ("passed", ())


def _second_plan(texts: dict[str, str]) -> Step:
    steps = {step.step: step for step in ladder(texts, upto="destroy")}
    if steps["init"].status == "skipped" or shutil.which("terraform") is None:
        pytest.skip(f"terraform cannot be used: {steps['init'].detail}")
    assert [s.detail for s in steps.values() if s.status != "passed" and s.step != "replan"] == []
    return steps["replan"]
