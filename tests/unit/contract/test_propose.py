"""Contracts proposed from prompts: what is stated plainly, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tapfix.contract import Contract
from tapfix.contract.proposing import propose, render


def stated(prompt: str) -> dict[str, Any]:
    return {f"{proposal.table}.{proposal.key}": proposal.value for proposal in propose(prompt)}


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        (
            "Write a single Terraform file named `tap_stack.tf`.",
            {"deliverable.main": "tap_stack.tf", "deliverable.single_file": True},
        ),
        (
            "- Everything must be in `./lib/main.tf`.",
            {"deliverable.main": "main.tf", "deliverable.single_file": True},
        ),
        ("Only the code, no extra text.", {"deliverable.prose": False}),
        (
            "1. No external modules; no provider block.",
            {"deliverable.modules": "local", "deliverable.provider_block": False},
        ),
        (
            "Deploy it to dev, staging, and production environments.",
            {"topology.environments": ["dev", "staging", "prod"]},
        ),
        (
            "Values come from `dev.tfvars`, `prod.tfvars`.",
            {"topology.environments": ["dev", "prod"], "deliverable.tfvars": True},
        ),
        ("All resources must be destroyable with no Retain policies.", {"lifecycle.destroyable": True}),
        (
            "Run it in us-east-1.",
            {"topology.allowed_regions": ["us-east-1"], "topology.regions": "single"},
        ),
        (
            "A multi-region setup in us-east-1 and eu-west-1.",
            {"topology.allowed_regions": ["us-east-1", "eu-west-1"], "topology.regions": "multi"},
        ),
        ("The instances are in an Auto Scaling Group.", {"compute.autoscaling": True}),
        ("Launch Template (AMI as a variable).", {"compute.ami_variable": "ami_id"}),
        (
            'Set `merge(local.tags, var.extra_tags, { "Name" = "..." })` everywhere.',
            {"tags.expression": "merge(local.tags, var.extra_tags, { Name = NAME })"},
        ),
        (
            "Everything is tagged with `Environment`, `Owner` and `CostCenter`.",
            {"tags.keys": ["Environment", "Owner", "CostCenter"]},
        ),
        ("You must declare variables `aws_region`.", {"require.variables": ["aws_region"]}),
        ("Declare the output `vpc_id`.", {"require.outputs": ["vpc_id"]}),
        ("Create at least two `aws_subnet` resources.", {"require.resources": {"aws_subnet": 2}}),
        ("Do not use `aws_instance`.", {"forbid.resources": ["aws_instance"]}),
        (
            "Use Terraform 1.5+ and AWS provider ~> 5.0.",
            {"require.terraform_version": ">= 1.5", "require.aws_provider_version": "~> 5.0"},
        ),
        ("It requires Terraform 1.5 or higher.", {"require.terraform_version": ">= 1.5"}),
        ("A modular configuration (Terraform \u22651.5).", {"require.terraform_version": ">= 1.5"}),
        ("All storage, including EBS and RDS, is encrypted at rest.", {"data.encrypted": True}),
        (
            "Deployed across us-east-1 and eu-west-1.",
            {"topology.allowed_regions": ["us-east-1", "eu-west-1"], "topology.regions": "multi"},
        ),
        (
            "The bucket is in us-east-1. Replicate all objects to a bucket in `us-west-2`.",
            {"topology.allowed_regions": ["us-east-1", "us-west-2"], "topology.regions": "multi"},
        ),
        (
            "KMS multi-region keys are made in us-east-1. The logs are read in eu-west-1.",
            {"topology.allowed_regions": ["us-east-1", "eu-west-1"]},
        ),
        ("IAM policies have no wildcard actions.", {"forbid.iam_wildcards": True}),
        ("There is no ingress from 0.0.0.0/0.", {"forbid.open_ingress": True}),
        (
            "Do not allow 0.0.0.0/0 to ports other than 80 and 443.",
            {"forbid.open_ingress": True, "forbid.open_ports": [80, 443]},
        ),
        ("Data is encrypted at rest.", {"data.encrypted": True}),
        ("Resource names must include environmentSuffix.", {"names.suffix_variable": "environmentSuffix"}),
        ("Log groups with 30-day retention.", {"data.log_retention_days": 30}),
        ("Use PostgreSQL 15.4.", {"data.engine_versions": {"postgres": "15.4"}}),
    ],
)
def test_a_plain_statement(prompt: str, clauses: dict[str, Any]) -> None:
    assert stated(prompt) == clauses


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "We run a shop. It has to be fast, and cheap where it can be.",
        "Some people like modules. Logs should be kept for 30 days in dev and 90 days in prod, retention may vary.",
        "The team uses Terraform and the AWS provider. Name things well.",
        "No wildcards unless unavoidable. Inbound is denied, no 0.0.0.0/0 unless required.",
        "Write it to `../../etc/passwd.tf` as a single file.",
        "The subnets: A, B, and C. An `aws_vpc` resource exists already.",
        "Use separate VPCs for development, testing, and production environments.",
        "It is workspace-aware, and deployed to the dev, staging, and prod environments.",
        "A variable flips between staging and production environments.",
        "Stick to Terraform 1.5+ syntax and AWS provider 5.x resources.",
        "Set up RDS with encryption at rest.",
        "Configure a dedicated log group with 90-day retention. Audit logs have a 90-day retention.",
        "No security groups have permissive rules (0.0.0.0/0 on sensitive ports).",
        "Output the names of the VPC, the ASG and the alarms.",
    ],
)
def test_what_is_not_stated_is_not_proposed(prompt: str) -> None:
    assert stated(prompt) == {}


def test_lists_are_united_and_the_first_of_other_values_counts() -> None:
    prompt = "Declare the output `a`.\nDeclare the output `b`.\nUse AWS provider 5.x.\nUse AWS provider 4.x.\n"
    assert stated(prompt) == {"require.outputs": ["a", "b"], "require.aws_provider_version": "~> 5.0"}


def test_of_two_retentions_neither_holds_for_every_log_group() -> None:
    assert stated("Logs have 30-day retention.\nLogs have 60-day retention.\n") == {}


def test_each_clause_is_under_its_sentence() -> None:
    text = render(propose("Hello.\n\n* All data is encrypted at rest. No external modules.\n"), "PROMPT.md")
    lines = text.splitlines()
    assert lines[2:6] == ["", "[deliverable]", "# line 3: No external modules.", 'modules = "local"']
    assert lines[-4:] == ["", "[data]", "# line 3: All data is encrypted at rest.", "encrypted = true"]
    assert Contract.from_toml(text).data.encrypted


def test_a_clause_of_several_sentences_is_under_all_of_them() -> None:
    text = render(propose("Declare the output `a`.\nSay hello.\nDeclare the output `b`.\n"), "PROMPT.md")
    assert '# line 1: Declare the output `a`.\n# line 3: Declare the output `b`.\noutputs = ["a", "b"]\n' in text


def test_demands_that_the_prompt_does_not_make_are_turned_off_in_comments() -> None:
    text = render(propose("Deploy it to dev and prod environments."), "PROMPT.md")
    assert '# ami_variable = ""' in text.splitlines()
    assert "# environments = []" not in text.splitlines()
    assert Contract.from_toml(text).compute == Contract.default().compute
    loosened = Contract.from_toml(text.replace("# ami_var", "ami_var").replace("# autoscaling", "autoscaling"))
    assert loosened.compute.ami_variable == ""
    assert not loosened.compute.autoscaling


def test_strange_characters_cannot_break_the_file() -> None:
    text = render(propose('No external modules\x0b[evil]\u2028a = 1 "\\ \x00.\n'), "a\n[b]\n")
    assert Contract.from_toml(text).deliverable.modules == "local"


PROMPTS = Path(os.environ.get("TAPFIX_ANSWERS", Path(__file__).resolve().parents[4] / "shared" / "corpus")) / "cases"


@pytest.mark.skipif(not PROMPTS.is_dir(), reason=f"no real prompts at {PROMPTS}; name their folder in TAPFIX_ANSWERS")
def test_every_proposal_from_a_real_prompt_is_a_contract() -> None:
    count = 0
    for path in sorted(PROMPTS.glob("*/PROMPT.md")):
        proposals = propose(path.read_text())
        Contract.from_toml(render(proposals, path.name))
        count += len(proposals)
    assert count > 200
