"""TAP010: keys that a clause demands, brought in by the module's own way of tagging."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import dedent

import pytest

from tapfix.contract import Because, Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Status
from tapfix.syntax.formatter import format_text

FIXER = next(f for f in builtin_fixers() if f.rule == "TAP010")
ENVIRONMENT = 'variable "environment" {\n  type = string\n}\n\n'
PROVIDER = 'provider "aws" {\n  region = "eu-west-1"\n}\n\n'
QUEUE = 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n'
TOPIC = 'resource "aws_sns_topic" "alerts" {\n  name = "alerts"\n  tags = { Name = "alerts" }\n}\n'


def run(texts: str | Mapping[str, str], *keys: str, sentence: str = "", contract: str = "") -> Outcome:
    files = {"main.tf": texts} if isinstance(texts, str) else dict(texts)
    listed = ", ".join(f'"{key}"' for key in keys)
    stated = Contract.from_toml(f"[tags]\nkeys = [{listed}]\n{contract}")
    if sentence:
        stated = Contract(tags=stated.tags, stated=(("tags.keys", Because("prompt", sentence, "PROMPT.md", 3)),))
    outcome = repair(files, [FIXER], stated, options=Options(strict=True, guard=False))
    again = repair(outcome.texts, [FIXER], stated, options=Options(strict=True, guard=False))
    assert again.texts == outcome.texts
    assert [p for p in again.placed if p.finding.status is Status.FIXED] == []
    for path, text in outcome.texts.items():
        assert format_text(text) == text or format_text(files[path]) != files[path]
    return outcome


def added(texts: str | Mapping[str, str], *keys: str, **more: str) -> list[str]:
    """The lines that the rule adds or lays out anew, without white space around them and without lone brackets."""
    outcome = run(texts, *keys, **more)
    left = [line for text in outcome.before.texts.values() for line in text.splitlines()]
    new = []
    for line in (line for text in outcome.texts.values() for line in text.splitlines()):
        if line in left:
            left.remove(line)
        elif re.search(r"\w", line):
            new.append(" ".join(line.split()))
    return new


def reasons(outcome: Outcome) -> list[str]:
    return [p.finding.reason for p in outcome.placed if p.finding.status is Status.REFUSED]


# --- which way ----------------------------------------------------------------------------------------------------


def test_default_tags_give_what_is_missing_and_no_resource_repeats_it() -> None:
    provider = 'provider "aws" {\n  default_tags {\n    tags = {\n      Team = "web"\n    }\n  }\n}\n\n'
    assert added(ENVIRONMENT + provider + QUEUE + TOPIC, "Environment", "Team") == [
        "Environment = var.environment",
        'Team = "web"',
    ]


def test_default_tags_that_name_a_local_value() -> None:
    text = (
        ENVIRONMENT
        + 'locals {\n  base = {\n    Team = "web"\n  }\n}\n\n'
        + 'provider "aws" {\n  default_tags {\n    tags = local.base\n  }\n}\n\n'
        + 'provider "aws" {\n  alias = "west"\n}\n\n'
        + QUEUE
        + 'resource "aws_sns_topic" "west" {\n  provider = aws.west\n  name     = "west"\n}\n'
    )
    assert added(text, "Environment", "Team") == [
        "Environment = var.environment",
        'Team = "web"',
        "default_tags {",
        "tags = local.base",
    ]


def test_default_tags_of_a_variable_are_merged() -> None:
    text = (
        ENVIRONMENT
        + 'variable "tags" {\n  default = {}\n}\n\n'
        + 'provider "aws" {\n  default_tags {\n    tags = var.tags\n  }\n}\n\n'
        + QUEUE
    )
    assert added(text, "Environment")[0] == "tags = merge(var.tags, {"


@pytest.mark.parametrize("name", ["common_tags", "base_tags", "standard", "tags"])
def test_the_common_map_keeps_its_name(name: str) -> None:
    text = (
        ENVIRONMENT
        + f'locals {{\n  {name} = {{\n    Team = "web"\n  }}\n}}\n\n'
        + f'resource "aws_sqs_queue" "a" {{\n  tags = local.{name}\n}}\n\n'
        + f'resource "aws_sqs_queue" "b" {{\n  tags = merge(local.{name}, {{ Name = "b" }})\n}}\n\n'
        + PROVIDER
        + TOPIC
    )
    assert added(text, "Environment", "Team") == [
        "Environment = var.environment",
        'Team = "web"',
        f'tags = merge(local.{name}, {{ Name = "alerts" }})',
    ]


def test_the_common_map_may_be_a_variable_that_has_the_keys() -> None:
    text = (
        'variable "tags" {\n  default = { Owner = "web" }\n}\n\n'
        + "".join(
            f'resource "aws_sqs_queue" "{n}" {{\n  tags = merge(var.tags, {{ Name = "{n}" }})\n}}\n' for n in "ab"
        )
        + QUEUE
    )
    assert added(text, "Owner") == ["tags = var.tags"]


def test_a_provider_without_default_tags_gets_them() -> None:
    assert added(ENVIRONMENT + PROVIDER + QUEUE + TOPIC, "Environment", "ManagedBy") == [
        "default_tags {", "tags = {", "Environment = var.environment", 'ManagedBy = "terraform"',
    ]  # fmt: skip


@pytest.mark.parametrize("provider", ["", PROVIDER])
def test_without_a_provider_block_there_is_a_new_common_map(provider: str) -> None:
    forbidden = "[deliverable]\nprovider_block = false\n" if provider else ""
    outcome = run(ENVIRONMENT + provider + QUEUE + "\n" + TOPIC, "Environment", contract=forbidden)
    text = outcome.texts["main.tf"]
    assert "locals {\n  common_tags = {\n    Environment = var.environment\n  }\n}\n" in text
    assert '  name = "jobs"\n\n  tags = local.common_tags\n}' in text
    assert '  tags = merge(local.common_tags, { Name = "alerts" })\n' in text
    assert "default_tags" not in text


def test_where_most_resources_write_the_keys_out_the_others_do_as_well() -> None:
    literal = 'resource "aws_sqs_queue" "{}" {{\n  tags = {{\n    Owner = "web"\n  }}\n}}\n'
    text = PROVIDER + "".join(map(literal.format, "abc")) + QUEUE
    assert added(text, "Owner") == ["tags = {", 'Owner = "web"']


def test_a_module_of_the_answer_inherits_from_the_provider_of_the_root() -> None:
    files = {
        "main.tf": ENVIRONMENT + PROVIDER + 'module "jobs" {\n  source = "./jobs"\n}\n',
        "jobs/main.tf": QUEUE + "\n" + TOPIC,
    }
    outcome = run(files, "Environment")
    assert outcome.texts["jobs/main.tf"] == files["jobs/main.tf"]
    assert "default_tags {\n    tags = {\n      Environment = var.environment\n    }\n  }" in outcome.texts["main.tf"]


def test_a_module_that_is_given_another_provider_inherits_from_that() -> None:
    west = 'provider "aws" {\n  alias  = "west"\n  region = "us-west-2"\n}\n\n'
    call = 'module "jobs" {\n  source = "./jobs"\n\n  providers = {\n    aws = aws.west\n  }\n}\n'
    outcome = run({"main.tf": ENVIRONMENT + PROVIDER + west + call, "jobs/main.tf": QUEUE}, "Environment")
    head, _, tail = outcome.texts["main.tf"].partition('alias  = "west"')
    assert "default_tags" not in head
    assert "default_tags" in tail


def test_a_key_that_a_caller_passes_is_not_missing() -> None:
    files = {
        "main.tf": 'module "jobs" {\n  source = "./jobs"\n  tags   = { Owner = "web" }\n}\n',
        "jobs/main.tf": 'variable "tags" {\n  type = map(string)\n}\n\n'
        'resource "aws_sqs_queue" "a" {\n  tags = merge(var.tags, { Name = "a" })\n}\n',
    }
    outcome = run(files, "Owner")
    assert outcome.texts == files
    assert not outcome.placed


def test_a_module_that_is_given_the_common_map_gets_the_keys_by_it() -> None:
    files = {
        "main.tf": ENVIRONMENT + 'locals {\n  common_tags = {\n    Team = "web"\n  }\n}\n\n'
        'module "jobs" {\n  source = "./jobs"\n  tags   = local.common_tags\n}\n',
        "jobs/main.tf": 'variable "tags" {\n  type = map(string)\n}\n\n'
        'resource "aws_sqs_queue" "a" {\n  tags = merge(var.tags, { Name = "a" })\n}\n\n'
        'resource "aws_sqs_queue" "b" {\n  tags = var.tags\n}\n\n' + QUEUE,
    }
    assert added(files, "Environment", "Team") == [
        "Environment = var.environment",
        'Team = "web"',
        "tags = var.tags",
    ]


@pytest.mark.parametrize(
    ("version", "way"), [("~> 5.0", "default_tags"), ("~> 4.67", "common_tags"), (">= 4.0", "default_tags")]
)
def test_before_version_5_default_tags_would_repeat_what_resources_have(version: str, way: str) -> None:
    required = f'terraform {{\n  required_providers {{\n    aws = {{\n      version = "{version}"\n    }}\n  }}\n}}\n\n'
    literal = 'resource "aws_sqs_queue" "{}" {{\n  tags = {{ Environment = var.environment }}\n}}\n\n'
    text = required + ENVIRONMENT + PROVIDER + literal.format("a") + QUEUE + "\n" + TOPIC
    assert any(way in line for line in added(text, "Environment"))


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": 'locals {\n  tags = { Owner = "me" }\n}\n\nresource "aws_vpc" "a" {\n  tags = local.tags\n}\n'},
        {"main.tf": 'resource "aws_route" "r" {\n}\n'},
        {
            "main.tf": 'variable "tags" {\n}\n\nresource "aws_vpc" "a" {\n  tags = { for k, v in var.tags : k => v }\n}\n'
        },
        {
            "main.tf": 'provider "aws" {\n  default_tags {\n    tags = { Owner = "me" }\n  }\n}\n\n'
            'module "a" {\n  source = "./a"\n}\n',
            "a/main.tf": 'resource "aws_vpc" "a" {\n}\n',
        },
    ],
)
def test_nothing_is_missing(files: dict[str, str]) -> None:
    outcome = run(files, "Owner")
    assert outcome.texts == files
    assert not outcome.placed


# --- what default_tags do not reach -------------------------------------------------------------------------------

GROUP = """\
resource "aws_launch_template" "web" {
  tag_specifications {
    resource_type = "instance"
    tags = {
      Name = "web"
    }
  }
}

resource "aws_autoscaling_group" "web" {
  min_size = 1
  max_size = 2
%s}
"""
TAG = '\n  tag {\n    key                 = "%s"\n    value               = %s\n    propagate_at_launch = %s\n  }\n'


def test_a_scaling_group_and_what_a_launch_template_starts_have_the_keys_themselves() -> None:
    own = TAG % ("Name", '"web"', "false")
    outcome = run(ENVIRONMENT + PROVIDER + GROUP % own, "Environment")
    text = outcome.texts["main.tf"]
    assert text.count("default_tags") == 1
    assert own + TAG % ("Environment", "var.environment", "false") in text
    assert '    tags = {\n      Environment = var.environment\n      Name        = "web"\n    }\n' in text


def test_a_scaling_group_with_a_dynamic_block_over_the_common_map() -> None:
    dynamic = (
        '\n  dynamic "tag" {\n    for_each = local.tags\n    content {\n      key                 = tag.key\n'
        "      value               = tag.value\n      propagate_at_launch = true\n    }\n  }\n"
    )
    text = ENVIRONMENT + 'locals {\n  tags = {\n    Team = "a"\n  }\n}\n\n' + GROUP % dynamic
    assert "Environment = var.environment" in added(text, "Environment", "Team")
    assert dynamic in run(text, "Environment", "Team").texts["main.tf"]


def test_a_scaling_group_whose_tags_are_known_is_left_alone() -> None:
    own = TAG % ("Environment", '"prod"', "true")
    text = PROVIDER + GROUP.replace('Name = "web"', 'Environment = "prod"') % own
    assert "tag {" not in " ".join(added(text, "Environment"))


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "more", "value"),
    [
        ("Environment", 'variable "environmentSuffix" {\n  type = string\n}\n', "var.environmentSuffix"),
        ("Env", 'variable "stage" {\n}\n', "var.stage"),
        ("CostCenter", 'variable "cost_center" {\n  type = string\n}\n', "var.cost_center"),
        ("Project", 'variable "project_name" {\n  type = string\n}\n', "var.project_name"),
        ("Owner", 'locals {\n  owner = "web"\n}\n', "local.owner"),
        ("ManagedBy", "", '"terraform"'),
        ("Owner", 'resource "aws_sqs_queue" "b" {\n  tags = { Owner = "ops" }\n}\n', '"ops"'),
    ],
)
def test_where_a_value_comes_from(key: str, more: str, value: str) -> None:
    assert f"{key} = {value}" in added(more + "\n" + PROVIDER + QUEUE + TOPIC, key)


def test_a_module_spells_a_value_as_the_root_does() -> None:
    files = {
        "main.tf": 'module "jobs" {\n  source = "./jobs"\n}\n\n'
        'resource "aws_sqs_queue" "a" {\n  tags = { ManagedBy = "Terraform" }\n}\n',
        "jobs/main.tf": QUEUE,
    }
    assert added(files, "ManagedBy") == ["tags = {", 'ManagedBy = "Terraform"']


@pytest.mark.parametrize(
    "more",
    [
        "",
        'variable "owners" {\n  type = list(string)\n}\n',
        'variable "owner" {\n  type = object({ name = string })\n}\n',
        'locals {\n  owner = ["web"]\n}\n',
        "locals {\n  owner = aws_sqs_queue.jobs.name\n}\n",
        'resource "aws_sqs_queue" "a" {\n  tags = { Owner = "a" }\n}\nresource "aws_sqs_queue" "b" {\n  tags = { Owner = "b" }\n}\n',
    ],
)
def test_a_value_that_nobody_knows_is_refused_by_name(more: str) -> None:
    text = more + "\n" + PROVIDER + QUEUE + TOPIC
    outcome = run(text, "Owner")
    assert outcome.texts["main.tf"] == text
    (reason,) = reasons(outcome)
    assert reason.startswith("decide the value of Owner")


def test_what_is_known_is_brought_in_beside_what_is_refused() -> None:
    outcome = run(ENVIRONMENT + PROVIDER + QUEUE, "Environment", "Owner", "CostCenter")
    assert "Environment = var.environment" in outcome.texts["main.tf"]
    assert [r.partition(":")[0] for r in reasons(outcome)] == ["decide the value of Owner and CostCenter"]


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("Tag everything with Environment and Owner, with Owner = Security.", '"Security"'),
        ('Every resource is tagged with Owner: "platform-team" and Environment.', '"platform-team"'),
        ("Use `Owner=ops@example.com`, Environment=Production.", '"ops@example.com"'),
        ("Tag all resources with 'Owner:self', 'Environment:Production'.", '"self"'),
        ("Tags: Environment, Owner: var.owner", None),
        ("Tag everything with Environment and Owner (the team).", None),
        ("CodeOwner = web, and tags Environment and Owner.", None),
        ("Owner = lookup(var.owners, var.team)", None),
    ],
)
def test_a_value_that_the_sentence_states(sentence: str, value: str | None) -> None:
    outcome = run(ENVIRONMENT + PROVIDER + QUEUE, "Owner", sentence=sentence)
    assert (f"Owner = {value}" in outcome.texts["main.tf"]) is (value is not None)
    assert bool(reasons(outcome)) is (value is None)
    assert {p.finding.because.source for p in outcome.placed} == {"prompt"}


@pytest.mark.parametrize(
    ("default", "value"),
    [("production", "var.environment"), ("dev", '"production"')],
)
def test_a_variable_that_contradicts_the_sentence_is_not_taken(default: str, value: str) -> None:
    variable = f'variable "environment" {{\n  type    = string\n  default = "{default}"\n}}\n\n'
    sentence = "Tag all resources with Environment=production."
    outcome = run(variable + PROVIDER + QUEUE, "Environment", sentence=sentence)
    assert f"Environment = {value}" in outcome.texts["main.tf"]
    files = {"main.tf": variable + PROVIDER + QUEUE}
    files |= {f"{name}.tfvars": f'environment = "{name}"\n' for name in ("dev", "staging", "prod")}
    assert "Environment = var.environment" in run(files, "Environment", sentence=sentence).texts["main.tf"]


def test_a_key_in_another_spelling_is_a_question() -> None:
    text = PROVIDER + QUEUE + 'resource "aws_sns_topic" "a" {\n  tags = { owner = "web" }\n}\n'
    outcome = run(text, "Owner")
    assert outcome.texts["main.tf"] == text
    assert reasons(outcome) == ["decide on one spelling: AWS takes owner and Owner for two tags"]


def test_a_name_is_each_resources_own() -> None:
    text = ENVIRONMENT + PROVIDER + QUEUE + "\n" + TOPIC
    outcome = run(text, "Environment", "Name").texts["main.tf"]
    assert '  name = "jobs"\n\n  tags = {\n    Name = "jobs"\n  }\n' in outcome
    assert outcome.endswith(TOPIC)
    assert outcome.count("Environment = var.environment") == 1


# --- what stays ---------------------------------------------------------------------------------------------------


def test_a_tag_keeps_its_value() -> None:
    text = (
        ENVIRONMENT
        + 'locals {\n  common_tags = {\n    Team = "web"\n  }\n}\n\n'
        + 'resource "aws_sqs_queue" "a" {\n  tags = merge({ Environment = "special" }, local.common_tags)\n}\n'
        + 'resource "aws_sqs_queue" "b" {\n  tags = local.common_tags\n}\n'
    )
    outcome = run(text, "Environment")
    assert outcome.texts["main.tf"] == text
    assert any("would win over Environment" in reason for reason in reasons(outcome))


def test_each_finding_rests_on_the_clause() -> None:
    outcome = run(ENVIRONMENT + PROVIDER + QUEUE + GROUP % "", "Environment", "Owner")
    grounds = {(p.finding.because.source, p.finding.because.text, p.finding.because.line) for p in outcome.placed}
    assert grounds == {("contract", "tags.keys", 2)}


COMMON = """
locals { common_tags = { Team = "a" } }
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = local.common_tags
}
resource "aws_api_gateway_stage" "s" {
  rest_api_id   = "a"
  deployment_id = "b"
  stage_name    = "live"
}
"""

KEPT = [
    # A network, in the manner of the public modules
    """
    locals {
      len_public_subnets = length(var.public_subnets)
      create_vpc         = var.create_vpc
    }

    resource "aws_vpc" "this" {
      count = local.create_vpc ? 1 : 0

      cidr_block = var.use_ipam_pool ? null : var.cidr

      tags = merge(
        { "Name" = var.name },
        var.tags,
        var.vpc_tags,
      )
    }

    resource "aws_subnet" "public" {
      count = local.create_vpc ? local.len_public_subnets : 0

      vpc_id = aws_vpc.this[0].id

      tags = merge(
        {
          Name = format("${var.name}-${var.public_subnet_suffix}-%s", element(var.azs, count.index))
        },
        var.tags,
        lookup(var.public_subnet_tags_per_az, element(var.azs, count.index), {})
      )
    }
    """,
    # A bucket
    """
    resource "aws_s3_bucket" "this" {
      count = var.create_bucket ? 1 : 0

      bucket        = var.bucket
      bucket_prefix = var.bucket_prefix
      force_destroy = var.force_destroy
      tags          = var.tags
    }

    resource "aws_s3_bucket_versioning" "this" {
      count = var.create_bucket ? 1 : 0

      bucket = aws_s3_bucket.this[0].id

      versioning_configuration {
        status = "Enabled"
      }
    }
    """,
    # A group of instances
    """
    resource "aws_launch_template" "this" {
      name_prefix = "${var.name}-"

      dynamic "tag_specifications" {
        for_each = var.tag_specifications
        content {
          resource_type = tag_specifications.value.resource_type
          tags          = merge(var.tags, tag_specifications.value.tags)
        }
      }

      tags = merge(var.tags, var.launch_template_tags)
    }

    resource "aws_autoscaling_group" "this" {
      name_prefix = "${var.name}-"
      min_size    = var.min_size
      max_size    = var.max_size

      dynamic "tag" {
        for_each = merge({ "Name" = var.instance_name }, var.tags)
        content {
          key                 = tag.key
          value               = tag.value
          propagate_at_launch = true
        }
      }
    }
    """,
    # A role
    """
    data "aws_iam_policy_document" "assume" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "Service"
          identifiers = var.trusted_services
        }
      }
    }

    resource "aws_iam_role" "this" {
      name               = var.name
      assume_role_policy = data.aws_iam_policy_document.assume.json
      tags               = merge(var.tags, { "Role" = var.name })
    }

    resource "aws_iam_instance_profile" "this" {
      name = var.name
      role = aws_iam_role.this.name
      tags = var.tags
    }
    """,
    # A database
    """
    resource "aws_db_subnet_group" "this" {
      name       = var.name
      subnet_ids = var.subnet_ids

      tags = merge(
        var.tags,
        {
          "Name" = format("%s", var.name)
        },
      )
    }

    resource "aws_db_parameter_group" "this" {
      name   = var.name
      family = var.family

      tags = merge(var.tags, { Name = var.name })

      lifecycle {
        create_before_destroy = true
      }
    }
    """,
]


@pytest.mark.parametrize(
    "text",
    [COMMON, *map(dedent, KEPT)],
    ids=["a_map_that_all_share", "network", "bucket", "instances", "role", "database"],
)
def test_without_a_clause_every_module_comes_out_as_it_went_in(text: str) -> None:
    names = sorted(set(re.findall(r"\bvar\.(\w+)", text)))
    files = {"main.tf": text, "variables.tf": "\n".join(f'variable "{name}" {{\n}}\n' for name in names)}
    rules = [f for f in builtin_fixers() if f.rule in ("TAP007", "TAP010")]
    outcome = repair(files, rules, Contract.default(), options=Options(strict=True, guard=False))
    assert outcome.texts == files
    assert not outcome.placed
