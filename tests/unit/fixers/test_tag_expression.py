"""TAP010: maps of tags before and after the fix, refusals, and that no resource loses a tag."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Status
from tapfix.module import Project
from tapfix.module.evaluate import Evaluator
from tapfix.schema import load
from tapfix.syntax.formatter import format_text

STATED = '[tags]\nexpression = "merge(local.tags, var.extra_tags, { Name = NAME })"\n'
FIXER = next(f for f in builtin_fixers() if f.rule == "TAP010")
EXTRA = """
variable "extra_tags" {
  type    = map(string)
  default = {}
}
"""
COMMON = """
locals {
  tags = {
    Project = "shop"
  }
}
"""


def run(texts: str | Mapping[str, str], contract: str = STATED) -> Outcome:
    files = {"tap_stack.tf": texts} if isinstance(texts, str) else dict(texts)
    options = Options(strict=True, guard=False)
    return repair(files, [FIXER], Contract.from_toml(contract), options=options)


def fixed(text: str, contract: str = STATED) -> str:
    """The text, fixed; checked to be a fixed point of the rule and laid out."""
    outcome = run(text, contract)
    after = outcome.texts["tap_stack.tf"]
    again = run(after, contract)
    assert again.texts["tap_stack.tf"] == after
    assert [p.finding for p in again.placed if p.finding.status is Status.FIXED] == []
    return after


def refusals(texts: str | Mapping[str, str]) -> list[str]:
    outcome = run(texts)
    return [p.finding.reason for p in outcome.placed if p.finding.status is Status.REFUSED]


def tags_after(expression: str, *, extra: str = EXTRA, common: str = COMMON, more: str = "") -> str:
    """What becomes of the expression of a resource's tags, in a module that has all that the contract needs."""
    lines = indent(dedent(expression).strip(), "  ").strip()
    text = (
        f'{extra}{common}{more}\nresource "aws_vpc" "main" {{\n  cidr_block = "10.0.0.0/16"\n\n  tags = {lines}\n}}\n'
    )
    after = fixed(text)
    return dedent("  " + after.rpartition("  tags = ")[2].removesuffix("}\n").rstrip("\n"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A literal map
        ('{\n  Name = "n"\n}', 'merge(local.tags, var.extra_tags, {\n  Name = "n"\n})'),
        ('{ Name = "n" }', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('{ "Name" = "n", Tier = "a" }', 'merge(local.tags, var.extra_tags, { "Name" = "n", Tier = "a" })'),
        ('tomap({ Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('({ Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        # Comments and order stay
        (
            '{\n  # which tier\n  Tier = "a" # the first\n  Name = "n"\n}',
            'merge(local.tags, var.extra_tags, {\n  # which tier\n  Tier = "a" # the first\n  Name = "n"\n})',
        ),
        # What the common map says already goes, unless a comment speaks of it
        (
            '{\n  Name    = "n"\n  Project = "shop"\n}',
            'merge(local.tags, var.extra_tags, {\n  Name = "n"\n})',
        ),
        (
            '{\n  Name    = "n"\n  Project = "shop" # ours\n}',
            'merge(local.tags, var.extra_tags, {\n  Name    = "n"\n  Project = "shop" # ours\n})',
        ),
        ('{ Name = "n", Project = "shop" }', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        # merge, in one line and in several
        ('merge(local.tags, { Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('merge(local.tags, {\n  Name = "n"\n})', 'merge(local.tags, var.extra_tags, {\n  Name = "n"\n})'),
        (
            'merge(\n  local.tags,\n  {\n    Name = "n"\n  }\n)',
            'merge(\n  local.tags,\n  var.extra_tags,\n  {\n    Name = "n"\n  }\n)',
        ),
        (
            'merge(\n  # all of us\n  local.tags,\n  # this one\n  {\n    Name = "n"\n  },\n)',
            'merge(\n  # all of us\n  local.tags,\n  var.extra_tags,\n  # this one\n  {\n    Name = "n"\n  },\n)',
        ),
        ('merge(var.extra_tags, { Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('merge({ Name = "n" }, local.tags)', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('merge(local.tags, { Name = "n" }, var.extra_tags)', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('merge(var.extra_tags, local.tags, { Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        (
            'merge(merge(local.tags, var.extra_tags), { Name = "n" })',
            'merge(local.tags, var.extra_tags, { Name = "n" })',
        ),
        (
            'merge(merge(local.tags, { A = "a" }), { Name = "n" })',
            'merge(local.tags, var.extra_tags, { A = "a" }, { Name = "n" })',
        ),
        ('merge(local.tags, tomap({ Name = "n" }))', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ('merge(local.tags, {}, { Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        # A map of its own stays, and wins
        (
            'merge(local.web, { Name = "n" })',
            'merge(local.tags, var.extra_tags, local.web, { Name = "n" })',
        ),
        (
            'merge(local.tags, var.tiers["a"], { Name = "n" })',
            'merge(local.tags, var.extra_tags, var.tiers["a"], { Name = "n" })',
        ),
        # A Name is put in where nothing has one, and before what may have one
        ("local.tags", 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n})'),
        ("{}", 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n})'),
        ("null", 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n})'),
        ('{\n  Tier = "a"\n}', 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n  Tier = "a"\n})'),
        ('{ Tier = "a" }', 'merge(local.tags, var.extra_tags, { Name = "main-vpc", Tier = "a" })'),
        ('var.tiers["a"]', 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n}, var.tiers["a"])'),
        (
            'merge(local.tags, var.tiers["a"])',
            'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n}, var.tiers["a"])',
        ),
        ("local.named", "merge(local.tags, var.extra_tags, local.named)"),
        # Conditional maps
        (
            'var.on ? { Name = "a" } : { Name = "b" }',
            'merge(local.tags, var.extra_tags, var.on ? { Name = "a" } : { Name = "b" })',
        ),
        (
            'merge(local.tags, var.on ? { Name = "a" } : {})',
            'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n}, var.on ? { Name = "a" } : {})',
        ),
        (
            'merge(local.tags, { Name = "n" }, var.on ? { Tier = "a" } : {})',
            'merge(local.tags, var.extra_tags, { Name = "n" }, var.on ? { Tier = "a" } : {})',
        ),
        # The provider's default tags lose to all else
        (
            'merge(data.aws_default_tags.current.tags, { Name = "n" })',
            'merge(data.aws_default_tags.current.tags, local.tags, var.extra_tags, { Name = "n" })',
        ),
        (
            'merge(\n  data.aws_default_tags.current.tags,\n  { Name = "n" }\n)',
            'merge(\n  data.aws_default_tags.current.tags,\n  local.tags,\n  var.extra_tags,\n  { Name = "n" }\n)',
        ),
        (
            "data.aws_default_tags.current.tags",
            'merge(data.aws_default_tags.current.tags, local.tags, var.extra_tags, {\n  Name = "main-vpc"\n})',
        ),
        # Another name for the shared maps
        ("local.both", 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n})'),
        ('merge(local.both, { Name = "n" })', 'merge(local.tags, var.extra_tags, { Name = "n" })'),
        ("( # all\n  local.both)", 'merge(local.tags, var.extra_tags, # all\n  {\n    Name = "main-vpc"\n})'),
        ("merge(local.rows...)", 'merge(local.tags, var.extra_tags, merge(local.rows...), {\n  Name = "main-vpc"\n})'),
        ("merge(var.lists...)", 'merge(local.tags, var.extra_tags, {\n  Name = "main-vpc"\n}, merge(var.lists...))'),
    ],
)
def test_a_map_of_tags(before: str, after: str) -> None:
    more = """
variable "tiers" {
  type = map(map(string))
}

variable "on" {
  type = bool
}

variable "lists" {
  type = list(map(string))
}

locals {
  web   = { Tier = "web" }
  named = { Name = "all" }
  both  = merge(local.tags, var.extra_tags)
  rows  = [{ A = "a" }]
}
"""
    assert tags_after(before, more=more) == after


@pytest.mark.parametrize(
    "expression",
    [
        'merge(local.tags, var.extra_tags, { Name = "n" })',
        'merge(local.tags, var.extra_tags, {\n  Name = "n"\n})',
        'merge(\n  local.tags,\n  var.extra_tags,\n  { Name = "n", Tier = "a" },\n)',
        'merge(local.tags, var.extra_tags, { Name = "n" }, var.more)',
        'merge(data.aws_default_tags.current.tags, local.tags, var.extra_tags, { Name = "n" })',
    ],
)
def test_a_map_that_follows_the_contract_stays(expression: str) -> None:
    assert tags_after(expression) == expression


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ('"aws_iam_role" "worker" {\n  name = "${var.app}-worker"', '"${var.app}-worker"'),
        ('"aws_s3_bucket" "logs" {\n  bucket = local.bucket', "local.bucket"),
        ('"aws_lambda_function" "api" {\n  function_name = "api-${var.app}"', '"api-${var.app}"'),
        ('"aws_rds_cluster" "db" {\n  cluster_identifier = "db"', '"db"'),
        (
            '"aws_rds_cluster_instance" "db" {\n  cluster_identifier = "c"\n  identifier = "i-${count.index}"',
            '"i-${count.index}"',
        ),
        ('"aws_eks_node_group" "n" {\n  cluster_name = "c"\n  node_group_name = "n"', '"n"'),
        ('"aws_security_group" "web" {\n  name_prefix = "${var.app}-web-"', '"${var.app}-web"'),
        ('"aws_cloudwatch_metric_alarm" "cpu" {\n  alarm_name = "cpu"', '"cpu"'),
        ('"aws_ecs_task_definition" "api" {\n  family = "api"', '"api"'),
        # Not what a tag can hold, not sure to be there, or of another resource: the label then
        (
            '"aws_acm_certificate" "site" {\n  domain_name = "*.example.com"',
            '"site-acm-certificate-${var.environment}"',
        ),
        ('"aws_sqs_queue" "jobs" {\n  name = var.on ? "jobs" : null', '"jobs-sqs-queue-${var.environment}"'),
        (
            '"aws_lambda_event_source_mapping" "m" {\n  function_name = "f"',
            '"m-lambda-event-source-mapping-${var.environment}"',
        ),
        # Several of one label
        ('"aws_eip" "nat" {\n  count = 2', '"nat-eip-${var.environment}-${count.index + 1}"'),
        ('"aws_eip" "nat" {\n  count = var.on ? 1 : 0', '"nat-eip-${var.environment}"'),
        ('"aws_eip" "nat" {\n  for_each = var.zones', '"nat-eip-${var.environment}-${each.key}"'),
        ('"aws_vpc" "app_vpc" {\n  cidr_block = "10.0.0.0/16"', '"app-vpc-${var.environment}"'),
    ],
)
def test_a_name_for_a_resource_without_tags(arguments: str, name: str) -> None:
    environment = 'variable "environment" {\n  type = string\n}\n'
    text = f"{environment}{EXTRA}{COMMON}\nresource {arguments}\n}}\n"
    assert f"\n\n  tags = merge(local.tags, var.extra_tags, {{\n    Name = {name}\n  }})\n}}\n" in fixed(text)


def test_a_name_that_no_tag_can_have_in_one_environment_is_not_taken() -> None:
    certificate = 'resource "aws_acm_certificate" "site" {\n  domain_name = var.domain\n}\n'
    variable = 'variable "domain" {\n  type    = string\n  default = "example.com"\n}\n'
    texts = {"tap_stack.tf": EXTRA + COMMON + variable + certificate, "prod.tfvars": 'domain = "*.example.com"\n'}
    assert '    Name = "site-acm-certificate"\n' in run(texts).texts["tap_stack.tf"]
    assert "    Name = var.domain\n" in run({**texts, "prod.tfvars": ""}).texts["tap_stack.tf"]


def test_a_local_value_that_is_a_map_of_maps_in_one_environment_is_no_common_map() -> None:
    variable = 'variable "tags" {\n  type    = any\n  default = { Team = "ops" }\n}\n'
    texts = {
        "tap_stack.tf": EXTRA + variable + "locals {\n  tags = var.tags\n}\n" + vpc('{ Name = "n" }'),
        "prod.tfvars": 'tags = { web = { Team = "ops" } }\n',
    }
    assert any("no map of tags" in reason for reason in refusals(texts))
    assert refusals({**texts, "prod.tfvars": 'tags = { Team = "web" }\n'}) == []


def test_keys_of_a_map_that_a_caller_gives_are_known() -> None:
    texts = {
        "main.tf": f'{EXTRA}{COMMON}module "net" {{\n  source     = "./net"\n  extra_tags = var.extra_tags\n'
        '  tags       = { own = { Name = "given" } }\n}\n',
        "net/main.tf": f'{EXTRA}{COMMON}variable "tags" {{\n  type    = any\n  default = {{}}\n}}\n\n'
        + vpc('merge(var.tags["own"], local.tags)'),
    }
    after = run(texts).texts["net/main.tf"]
    assert 'tags       = merge(local.tags, var.extra_tags, var.tags["own"])\n' in after
    alone = {"main.tf": "locals {\n}\n", "net/main.tf": texts["net/main.tf"]}
    assert any("may set the same keys" in reason for reason in refusals(alone))


def test_a_map_that_is_made_of_a_list_can_be_the_common_map() -> None:
    common = 'locals {\n  tags = { for key in ["A", "B"] : key => "on" }\n}\n'
    assert "merge(local.tags, var.extra_tags, {" in fixed(EXTRA + common + vpc('{ Name = "n" }'))
    assert any("no map of tags" in r for r in refusals(EXTRA + common.replace('"on"', "[]") + vpc('{ Name = "n" }')))


def test_new_tags_stand_before_what_is_about_the_resources_life() -> None:
    text = EXTRA + COMMON + 'resource "aws_eip" "a" {\n  domain = "vpc"\n\n  depends_on = [aws_vpc.main]\n}\n'
    assert '  domain = "vpc"\n\n  tags = merge(' in fixed(text)
    assert "  })\n\n  depends_on = [" in fixed(text)


@pytest.mark.parametrize(
    "block",
    [
        'resource "aws_route" "r" {\n  route_table_id = "r"\n}\n',
        'resource "aws_no_such_thing" "x" {\n  tags = { a = "b" }\n}\n',
        'resource "random_id" "x" {\n  byte_length = 4\n}\n',
        'data "aws_vpc" "x" {\n  tags = { a = "b" }\n}\n',
    ],
)
def test_what_takes_no_tags_is_left_alone(block: str) -> None:
    assert fixed(block) == block


def test_every_type_that_takes_tags_gets_them_and_no_other() -> None:
    schema = load()
    blocks = [f'resource "{type}" "main" {{\n}}\n' for type in schema.resource_types()]
    (text,) = run(EXTRA + COMMON + "\n".join(blocks)).texts.values()
    tagged = {b.labels[0] for b in Project({"tap_stack.tf": text}).root.resources() if b.get("tags") is not None}
    known = {type: schema.resource(type) for type in schema.resource_types()}
    assert tagged == {type for type, found in known.items() if found is not None and found.taggable}
    assert len(tagged) > 700


# --- the module -------------------------------------------------------------------------------------------------------


def test_the_common_map_is_renamed_everywhere() -> None:
    before = """\
locals {
  common_tags = merge(var.common_tags, {
    Application = "shop"
  })
  web = merge(local.common_tags, { Tier = "web" })
}

variable "common_tags" {
  type    = map(string)
  default = { Team = "ops" }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = merge(local.common_tags, { Name = "vpc-${local.common_tags["Team"]}" })
}

module "net" {
  source = "./net"
  tags   = local.common_tags
}
"""
    after = fixed(before)
    assert "local.common_tags" not in after
    assert "  tags = merge(var.common_tags, {\n    Application" in after
    assert "web = merge(local.tags, { Tier" in after
    assert 'merge(local.tags, var.extra_tags, { Name = "vpc-${local.tags["Team"]}" })' in after
    assert "  tags   = local.tags\n" in after
    assert after.count('variable "extra_tags"') == 1


def test_a_variable_that_most_resources_name_becomes_the_common_map() -> None:
    before = """\
variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = merge(var.tags, { Name = "vpc" })
}
"""
    after = fixed(before)
    assert "locals {\n  tags = var.tags\n}\n" in after
    assert 'merge(local.tags, var.extra_tags, { Name = "vpc" })' in after


def test_what_literal_maps_do_not_share_makes_no_common_map() -> None:
    before = """\
variable "environment" {
  type = string
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "vpc" }
}

resource "aws_eip" "nat" {
  tags = { Name = "nat", Id = aws_vpc.main.id }
}
"""
    after = fixed(before)
    assert 'tags = {\n    Environment = var.environment\n    ManagedBy   = "terraform"\n  }\n' in after


def test_entries_that_come_from_resources_do_not_go_into_the_common_map() -> None:
    rows = "".join(
        f'resource "aws_eip" "{n}" {{\n  tags = {{ Name = "{n}", Vpc = aws_vpc.main.id, Team = "ops" }}\n}}\n'
        for n in "ab"
    )
    after = fixed(rows + 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n')
    assert 'locals {\n  tags = {\n    Team = "ops"\n  }\n}\n' in after
    assert after.count("Vpc = aws_vpc.main.id") == 2


@pytest.mark.parametrize(
    ("use", "after"),
    [
        ("local.tags", "merge(local.tags, var.extra_tags)"),
        ('local.tags["Team"]', 'merge(local.tags, var.extra_tags)["Team"]'),
        ("merge(local.tags, { A = 1 })", "merge(local.tags, var.extra_tags, { A = 1 })"),
        ("merge(local.tags, var.extra_tags, { A = 1 })", "merge(local.tags, var.extra_tags, { A = 1 })"),
        ("keys(local.tags)", "keys(merge(local.tags, var.extra_tags))"),
    ],
)
def test_a_common_map_that_swallows_the_extra_tags(use: str, after: str) -> None:
    before = (
        f'{EXTRA}\nlocals {{\n  tags = merge({{ Team = "ops" }}, var.extra_tags)\n}}\n\noutput "o" {{\n  value = {use}\n}}\n\n'
        'resource "aws_eip" "nat" {\n  tags = merge(local.tags, { Name = "nat" })\n}\n'
    )
    text = fixed(before)
    assert '  tags = { Team = "ops" }\n' in text
    assert f"  value = {after}\n" in text
    assert '  tags = merge(local.tags, var.extra_tags, { Name = "nat" })\n' in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("var.extra_tags", "{}"),
        ("merge(var.extra_tags)", "{}"),
        ("merge({ A = 1 }, var.extra_tags, { B = 2 })", "merge({ A = 1 }, { B = 2 })"),
        ("merge(var.extra_tags, { A = 1 }, { B = 2 })", "merge({ A = 1 }, { B = 2 })"),
        ("tomap(merge({ A = 1 }, var.extra_tags, { B = 2 }))", "merge({ A = 1 }, { B = 2 })"),
        ("merge(merge(local.base, var.extra_tags), { B = 2 })", "merge(local.base, { B = 2 })"),
        (
            "merge(\n    # ours\n    { A = 1 },\n    { B = 2 }, # and theirs\n    var.extra_tags,\n  )",
            "merge(\n    # ours\n    { A = 1 },\n    { B = 2 } # and theirs\n  )",
        ),
        (
            "merge(\n    # ours\n    { A = 1 },\n    # theirs\n    var.extra_tags,\n    { B = 2 }\n  )",
            "merge(\n    # ours\n    { A = 1 },\n    # theirs\n    { B = 2 }\n  )",
        ),
        (
            "merge(\n    { A = 1 }, # ours\n    var.extra_tags\n  )",
            "merge(\n    { A = 1 } # ours\n  )",
        ),
    ],
)
def test_what_is_left_of_a_common_map_without_the_extra_tags(before: str, after: str) -> None:
    text = f'{EXTRA}\nlocals {{\n  base = {{ C = 3 }}\n  tags = {before}\n}}\n\nresource "aws_eip" "nat" {{\n}}\n'
    assert f"  tags = {after}\n}}\n" in fixed(text)


def test_default_tags_become_the_common_map_and_keep_their_values() -> None:
    provider = 'provider "aws" {\n  %s\n  default_tags {\n    tags = {\n      Team = "ops"%s\n    }\n  }\n}\n\n'
    before = (
        provider % ('alias  = "east"', '\n      Region = "east"')
        + provider % ('region = "us-west-2"', "")
        + 'resource "aws_eip" "nat" {\n  tags = {\n    Name = "nat"\n  }\n}\n'
    )
    after = fixed(before)
    assert 'locals {\n  tags = {\n    Team = "ops"\n  }\n}\n' in after
    assert '    tags = merge(local.tags, {\n      Region = "east"\n    })\n' in after
    assert "    tags = local.tags\n" in after


def test_modules_of_the_answer_are_given_the_extra_tags() -> None:
    files = {
        "main.tf": 'variable "extra_tags" {\n  type    = map(string)\n  default = {}\n}\n\n'
        'locals {\n  tags = { Team = "ops" }\n}\n\nmodule "net" {\n  source = "./modules/net"\n  tags   = local.tags\n}\n',
        "modules/net/main.tf": 'variable "tags" {\n  type = map(string)\n}\n\nresource "aws_vpc" "main" {\n'
        '  cidr_block = "10.0.0.0/16"\n  tags       = merge(var.tags, { Name = "vpc" })\n}\n',
    }
    after = run(files).texts
    assert "  tags       = local.tags\n  extra_tags = var.extra_tags\n" in after["main.tf"]
    assert "tags = var.tags\n" in after["modules/net/main.tf"]
    assert 'merge(local.tags, var.extra_tags, { Name = "vpc" })' in after["modules/net/main.tf"]


def test_a_call_that_leads_out_of_the_project_is_left_alone() -> None:
    """Nobody knows whether the module outside declares the variable, so the call does not get it."""
    declared = 'variable "extra_tags" {\n  type    = map(string)\n  default = {}\n}\n\n'
    before = (
        declared + 'locals {\n  tags = {\n    Project = "shop"\n  }\n}\n\nmodule "outside" {\n  source = "../x"\n}\n'
    )
    assert run({"main.tf": before, "x/main.tf": declared}).texts["main.tf"] == before


def test_another_contract() -> None:
    contract = """[tags]\nexpression = 'merge(local.base, { Name = NAME, ManagedBy = "terraform" })'\n"""
    before = (
        'locals {\n  base = { Team = "ops" }\n}\n\nresource "aws_eip" "nat" {\n  tags = {\n    Name = "n"\n  }\n}\n'
    )
    after = fixed(before, contract)
    assert '  tags = merge(local.base, {\n    ManagedBy = "terraform"\n    Name      = "n"\n  })\n' in after
    assert fixed(before, '[tags]\nexpression = ""\n') == before


def test_a_contract_that_is_not_understood_is_refused() -> None:
    outcome = run('resource "aws_eip" "nat" {\n}\n', '[tags]\nexpression = "var.tags[NAME]"\n')
    assert [p.finding.status for p in outcome.placed] == [Status.REFUSED]


# --- maps of what a resource makes ------------------------------------------------------------------------------------


def test_tags_of_instances_and_volumes() -> None:
    before = (
        EXTRA
        + COMMON
        + """
resource "aws_launch_template" "web" {
  name = "web"

  tag_specifications {
    resource_type = "instance"
    tags = {
      Tier = "web"
    }
  }

  tags = merge(local.tags, var.extra_tags, {
    Name = "web-${terraform.workspace}"
  })
}

resource "aws_instance" "one" {
  volume_tags = { Name = "v" }

  root_block_device {
    tags = local.tags
  }

  tags = merge(local.tags, var.extra_tags, { Name = "one" })
}
"""
    )
    after = fixed(before)
    assert (
        '    tags = merge(local.tags, var.extra_tags, {\n      Name = "web-${terraform.workspace}"\n      Tier = "web"\n    })\n'
    ) in after
    assert '  volume_tags = merge(local.tags, var.extra_tags, { Name = "v" })\n' in after
    assert '    tags = merge(local.tags, var.extra_tags, {\n      Name = "one"\n    })\n' in after


GROUP = 'resource "aws_autoscaling_group" "web" {\n  name     = "web"\n  min_size = 1\n  max_size = 2\n%s}\n'
TAG = '\n  tag {\n    key                 = "%s"\n    value               = "v"\n    propagate_at_launch = true\n  }\n'
DYNAMIC = (
    '\n  dynamic "tag" {\n    for_each = %s\n    content {\n      key                 = tag.key\n'
    "      value               = tag.value\n      propagate_at_launch = true\n    }\n  }\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TAG % "Name", TAG % "Name" + DYNAMIC % "merge(local.tags, var.extra_tags)"),
        (
            TAG % "Name" + TAG % "Project",
            TAG % "Name"
            + TAG % "Project"
            + DYNAMIC
            % '{ for key, value in merge(local.tags, var.extra_tags) : key => value if !contains(["Project"], key) }',
        ),
        (TAG % "Name" + DYNAMIC % "local.tags", TAG % "Name" + DYNAMIC % "merge(local.tags, var.extra_tags)"),
        (
            DYNAMIC % '{ for k, v in local.tags : k => v if k != "Name" }',
            DYNAMIC % '{ for k, v in merge(local.tags, var.extra_tags) : k => v if k != "Name" }',
        ),
        (
            "",
            (TAG % "Name").replace('"v"', '"web"') + DYNAMIC % "merge(local.tags, var.extra_tags)",
        ),
        (
            DYNAMIC % 'merge(local.tags, { Name = "n" })',
            DYNAMIC % 'merge(local.tags, var.extra_tags, { Name = "n" })',
        ),
    ],
)
def test_a_scaling_group(before: str, after: str) -> None:
    assert fixed(EXTRA + COMMON + GROUP % before) == EXTRA + COMMON + GROUP % after


# --- refusals ---------------------------------------------------------------------------------------------------------


def vpc(tags: str) -> str:
    return f'resource "aws_vpc" "main" {{\n  cidr_block = "10.0.0.0/16"\n  tags       = {tags}\n}}\n'


OPEN_EXTRA = 'variable "extra_tags" {\n  type = map(string)\n}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OPEN_EXTRA + COMMON + vpc('merge(local.tags, { Name = "n" }, var.extra_tags)'), "var.extra_tags follows { Name = \"n\" } and wins"),
        (EXTRA + COMMON + vpc('merge({ Project = "x", Name = "n" }, local.tags)'), "both may set Project"),
        (
            EXTRA + 'locals {\n  tags = { web = { A = "a" } }\n}\n' + vpc('merge(local.tags.web, { Name = "n" })'),
            "no map of tags",
        ),
        ('variable "extra_tags" {\n  type = list(string)\n}\n' + COMMON + vpc('{ Name = "n" }'), "declared as list"),
        (
            EXTRA + "locals {\n  tags = { Vpc = aws_vpc.main.id }\n}\n" + vpc('{ Name = "n" }'),
            "computed from this resource",
        ),
        (
            'provider "aws" {\n  default_tags {\n    tags = { Project = "other" }\n  }\n}\n' + EXTRA + COMMON + vpc('{ Name = "n" }'),
            "default_tags give Project",
        ),
        (
            EXTRA + COMMON + 'resource "aws_iam_role" "r" {\n  name = "r"\n  tags = { project = "x" }\n}\n',
            "takes for one key",
        ),
        (
            OPEN_EXTRA + 'locals {\n  tags = merge(var.extra_tags, { A = "a" })\n}\n' + vpc('merge(local.tags, { Name = "n" })'),
            "it would win",
        ),
        (EXTRA + COMMON + GROUP % (DYNAMIC % "[for t in local.list : t]"), "over a list"),
        (EXTRA + COMMON + GROUP % (TAG % "Name").replace('"Name"', "var.key"), "computed"),
        (
            EXTRA + COMMON + 'resource "aws_s3_object" "o" {\n  key  = "o"\n  tags = {'
            + ", ".join(f'K{n} = "v"' for n in range(10)) + "}\n}\n",
            "takes 10",
        ),
    ],
)  # fmt: skip
def test_refused(text: str, words: str) -> None:
    outcome = run(text)
    assert outcome.texts["tap_stack.tf"] == text
    assert any(words in reason for reason in refusals(text)), refusals(text)


def test_a_broken_module_is_not_prepared_where_the_common_map_may_be_in_the_broken_text() -> None:
    text = vpc('{ Name = "n" }') + "\nlocals {\n  tags = {\n    Team = \n"
    assert any("does not parse" in reason for reason in refusals(text))


# --- no tag is lost ---------------------------------------------------------------------------------------------------

KEYS = ("Name", "Team", "Tier", "Owner", "Environment")
VARIABLES = ("extra_tags", "team_tags")
LOCALS = ("common_tags", "web_tags")

Tags = dict[str, str]
Map = tuple[str, Tags]
"""The text of an expression, and its value."""


@st.composite
def literal(draw: st.DrawFn) -> Map:
    tags = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("a", "b", "c")), max_size=3))
    items = [f'{key} = "{value}"' for key, value in tags.items()]
    if draw(st.booleans()):
        return "{ " + ", ".join(items) + " }" if items else "{}", tags
    return "{\n" + "".join(f"    {item}\n" for item in items) + "  }", tags


@st.composite
def expression(draw: st.DrawFn, known: Mapping[str, Tags], depth: int = 2) -> Map:
    kinds = [
        "literal",
        *(["named"] * 2 if known else []),
        *(["merge", "merge", "tomap", "conditional"] if depth else []),
    ]
    kind = draw(st.sampled_from(kinds))
    if kind == "named":
        address = draw(st.sampled_from(sorted(known)))
        return address, dict(known[address])
    if kind == "merge":
        parts = draw(st.lists(expression(known, depth - 1), min_size=1, max_size=3))
        tags: Tags = {}
        for _, part in parts:
            tags.update(part)
        joined = (
            ", ".join(t for t, _ in parts)
            if draw(st.booleans())
            else "\n    " + ",\n    ".join(t for t, _ in parts) + "\n  "
        )
        return f"merge({joined})", tags
    if kind == "tomap":
        text, tags = draw(literal())
        return f"tomap({text})", tags
    if kind == "conditional":
        (one, first), (other, second) = draw(literal()), draw(literal())
        value = draw(st.booleans())
        return f"{str(value).lower()} ? {one} : {other}", first if value else second
    return draw(literal())


@st.composite
def modules(draw: st.DrawFn) -> tuple[str, dict[str, Tags], Tags]:
    """A module's text, the tags of each resource, and the extra tags."""
    known: dict[str, Tags] = {}
    text = ""
    for name in draw(st.sets(st.sampled_from(VARIABLES))):
        default, tags = draw(literal())
        known[f"var.{name}"] = tags
        text += f'variable "{name}" {{\n  type = map(string)\n  default = {default}\n}}\n\n'
    for name in draw(st.sets(st.sampled_from((*LOCALS, "tags")))):
        value, tags = draw(expression(known, 1))
        known[f"local.{name}"] = tags
        text += f"locals {{\n  {name} = {value}\n}}\n\n"
    resources: dict[str, Tags] = {}
    for number in range(draw(st.integers(1, 4))):
        value, tags = draw(expression(known))
        resources[f"aws_eip.r{number}"] = tags
        text += f'resource "aws_eip" "r{number}" {{\n  tags = {value}\n}}\n\n'
    return text, resources, known.get("var.extra_tags", {})


def effective(text: str) -> dict[str, Tags]:
    module = Project({"tap_stack.tf": text}).root
    found = {}
    for block in module.resources():
        attribute = block.attributes["tags"]
        value = Evaluator(module).evaluate(attribute.expr)
        assert isinstance(value, dict), attribute.value
        found[block.address] = {k: str(v) for k, v in value.items()}
    return found


@settings(max_examples=60, deadline=None)
@given(modules())
def test_no_resource_loses_a_tag_or_gets_another_value(case: tuple[str, dict[str, Tags], Tags]) -> None:
    text, before, extra = case
    text = format_text(text)
    assert effective(text) == before
    outcome = run(text)
    after = outcome.texts["tap_stack.tf"]
    assert format_text(after) == after
    refused = any(p.finding.status is Status.REFUSED for p in outcome.placed)
    for address, tags in effective(after).items():
        for key, value in before[address].items():
            # The maps that the contract merges after the common map may win over that, and over nothing else.
            assert tags[key] in (value, extra.get(key)), (key, text, after)
            if not extra:
                assert tags[key] == value, (key, text, after)
        if not refused and "?" not in after:
            assert "Name" in tags


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the PATH")
def test_terraform_agrees_on_what_the_maps_come_to(tmp_path: Path) -> None:
    source = random.Random(7)
    for number in range(4):
        text = format_text(_some_module(source))
        after = run(text).texts["tap_stack.tf"]
        for name, stage in (("before", text), ("after", after)):
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            module = Project({"tap_stack.tf": stage}).root
            blocks = [b.text() for b in module.blocks if b.type in ("variable", "locals")]
            (folder / "main.tf").write_text("\n\n".join(blocks) + "\n")
            rows = {b.name: b.attributes["tags"].value for b in module.resources()}
            made = "".join(f"  {name} = {value}\n" for name, value in rows.items())
            (folder / "tags.tf").write_text(f"locals {{\n{made}}}\n")
            command = ["terraform", f"-chdir={folder}", "console"]
            asked = f"jsonencode([{', '.join(f'local.{name}' for name in rows)}])\n"
            done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
            assert json.loads(json.loads(done.stdout)) == list(effective(stage).values())


def _some_module(source: random.Random) -> str:
    """A module of merges; more than one map has each key."""

    def obj() -> str:
        keys = source.sample(KEYS, source.randint(1, 3))
        return "{ " + ", ".join(f'{k} = "{source.choice("abc")}"' for k in keys) + " }"

    rows = [
        f"merge({', '.join(source.sample(['local.common_tags', 'var.team_tags', obj(), obj()], 3))})" for _ in range(4)
    ]
    resources = "".join(f'resource "aws_eip" "r{n}" {{\n  tags = {row}\n}}\n\n' for n, row in enumerate(rows))
    return (
        f'variable "team_tags" {{\n  type    = map(string)\n  default = {obj()}\n}}\n\n'
        f"locals {{\n  common_tags = {obj()}\n}}\n\n{resources}"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'merge(\n  # mine\n  { Name = "n" }, # a\n  # shared\n  local.tags, # tail\n)',
            'merge(\n  local.tags,\n  var.extra_tags, # a\n  # shared\n  # mine\n  { Name = "n" }, # tail\n)',
        ),
        (
            'merge(\n  tomap(\n    # why\n    { Name = "n" }\n  ),\n  local.tags\n)',
            'merge(\n  local.tags,\n  var.extra_tags,\n  # why\n  { Name = "n" }\n)',
        ),
        ('merge(local.tags, /* c */ { Name = "n" })', 'merge(local.tags, var.extra_tags, /* c */ { Name = "n" })'),
        (
            "{ # all\n  # end\n}",
            'merge(local.tags, var.extra_tags, { # all\n  Name = "main-vpc"\n  # end\n})',
        ),
    ],
)
def test_no_comment_is_lost_where_arguments_move(before: str, after: str) -> None:
    assert tags_after(before) == after
