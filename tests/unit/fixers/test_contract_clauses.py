"""TAP150: each clause of the contract against a stack that keeps it and one that breaks it."""

from __future__ import annotations

import pytest

from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context
from tapfix.module import Project

GROUP = 'resource "aws_security_group" "web" {\n  ingress {\n    from_port = %s\n    to_port = %s\n    cidr_blocks = %s\n  }\n}\n'
LOGS = 'resource "aws_cloudwatch_log_group" "a" {\n  name = "a"\n%s}\n'


def messages(contract: str, stack: str, **files: str) -> list[str]:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP150")
    project = Project({"tap_stack.tf": stack, **files})
    context = Context(Contract.from_toml(contract), project)
    return [finding.message for module in project.modules for finding in fixer.check(module, context)]


@pytest.mark.parametrize(
    ("contract", "keeps", "breaks", "message"),
    [
        ('deliverable.modules = "none"', "locals {\n}\n", 'module "a" {\n  source = "./a"\n}\n', "it calls a module"),
        ('deliverable.modules = "local"', 'module "a" {\n  source = "./a"\n}\n', 'module "a" {\n  source = "a/b/c"\n}\n', "from elsewhere"),
        ("deliverable.provider_block = false", "locals {\n}\n", 'provider "aws" {\n}\n', "a provider block"),
        ('require.variables = ["a"]', 'variable "a" {\n}\n', "locals {\n}\n", 'variable "a" is demanded'),
        ('require.outputs = ["a"]', 'output "a" {\n  value = 1\n}\n', "locals {\n}\n", 'output "a" is demanded'),
        (
            "require.resources = {aws_subnet = 2}",
            'resource "aws_subnet" "a" {\n  count = 2\n}\n',
            'resource "aws_subnet" "a" {\n}\n',
            "demands 2 of aws_subnet, and the stack has 1",
        ),
        (
            "require.resources = {aws_subnet = 2}",
            'resource "aws_subnet" "a" {\n  for_each = var.zones\n}\n',
            "locals {\n}\n",
            "the stack has none",
        ),
        (
            'require.terraform_version = ">= 1.5"',
            'terraform {\n  required_version = ">=1.5.0"\n}\n',
            'terraform {\n  required_version = ">= 1.0"\n}\n',
            "Terraform is required as >= 1.0",
        ),
        (
            'require.aws_provider_version = "~> 5.0"',
            'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n      version = "~> 5.0"\n    }\n  }\n}\n',
            "terraform {\n}\n",
            "no version of the AWS provider is required",
        ),
        ('forbid.resources = ["aws_iam_user*"]', 'resource "aws_iam_role" "a" {\n}\n', 'resource "aws_iam_user" "a" {\n}\n', "forbids aws_iam_user*"),
        ('topology.allowed_regions = ["us-east-1"]', 'locals {\n  a = "us-east-1a"\n}\n', 'locals {\n  a = "eu-west-1"\n}\n', "it names eu-west-1"),
        ("forbid.open_ingress = true", GROUP % (22, 22, '["10.0.0.0/8"]'), GROUP % (22, 22, '["0.0.0.0/0"]'), "on port 22"),
        ("forbid.closed_ports = [22]", GROUP % (443, 443, '["0.0.0.0/0"]'), GROUP % (20, 25, '["0.0.0.0/0"]'), "on port 20"),
        ("forbid.closed_ports = [22]", GROUP % (22, 22, '["10.0.0.0/8"]'), GROUP % (0, 0, '["0.0.0.0/0"]'), "on every port"),
        ("forbid = {open_ingress = true, open_ports = [443]}", GROUP % (443, 443, '["0.0.0.0/0"]'), GROUP % (0, 0, '["::/0"]'), "on every port"),
        (
            "forbid.iam_wildcards = true",
            'resource "aws_iam_policy" "a" {\n  policy = jsonencode({ Action = ["s3:Get*"], Resource = "arn:aws:s3:::a/*" })\n}\n',
            'resource "aws_iam_policy" "a" {\n  policy = jsonencode({ Action = "s3:*", Resource = ["*"] })\n}\n',
            "a wildcard as action and as resource",
        ),
        (
            'names.suffix_variable = "suffix"',
            'locals {\n  prefix = "a-${var.suffix}"\n}\nresource "aws_lb" "a" {\n  name = "${local.prefix}-lb"\n}\n',
            'resource "aws_lb" "a" {\n  name = "lb"\n}\n',
            "name does not hold var.suffix",
        ),
        (
            "data.encrypted = true",
            'resource "aws_db_instance" "a" {\n  storage_encrypted = true\n}\n',
            'resource "aws_db_instance" "a" {\n}\n',
            "storage_encrypted is not set",
        ),
        (
            "data.encrypted = true",
            'resource "aws_instance" "a" {\n  root_block_device {\n    encrypted = true\n  }\n}\n',
            'resource "aws_launch_template" "a" {\n  block_device_mappings {\n    ebs {\n      encrypted = false\n    }\n  }\n}\n',
            "encrypted is false",
        ),
        ("data.log_retention_days = 30", LOGS % "  retention_in_days = 30\n", LOGS % "", "kept for ever"),
        ("data.log_retention_days = 30", LOGS % "  retention_in_days = var.days\n", LOGS % "  retention_in_days = 7\n", "kept for 7 days"),
        (
            'data.engine_versions = {postgres = "15"}',
            'resource "aws_db_instance" "a" {\n  engine = "postgres"\n  engine_version = "15.4"\n}\n',
            'resource "aws_db_instance" "a" {\n  engine = "postgres"\n  engine_version = "14.9"\n}\n',
            "postgres is of version 14.9",
        ),
    ],
)  # fmt: skip
def test_clause(contract: str, keeps: str, breaks: str, message: str) -> None:
    assert messages(contract, keeps) == []
    (found,) = messages(contract, breaks)
    assert message in found
    assert messages("", breaks) == []


def test_a_module_gets_its_names_from_outside() -> None:
    call = 'module "a" {\n  source = "./a"\n}\n'
    inner = 'resource "aws_lb" "a" {\n  name = "${var.prefix}-lb"\n}\n'
    assert messages('names.suffix_variable = "suffix"', call, **{"a/main.tf": inner}) == []


@pytest.mark.parametrize(
    ("stated", "wanted", "fits"),
    [
        (">= 1.5", ">=1.5.0", True),
        ("~> 1.5", ">= 1.5", True),
        (">= 1.4", ">= 1.5", False),
        ("~> 5.31", "~> 5.0", True),
        ("5.31.0", "~> 5.0", True),
        (">= 5.0, < 6.0", "~> 5.0", True),
        (">= 5.0", "~> 5.0", False),
        ("~> 5.0.0", "~> 5.0", True),
        ("~> 5.0", "~> 5.0.0", False),
        ("> 5, <= 5.9, != 5.3", "~> 5.0", True),
        ("~> 4", "~> 5.0", False),
        ("${var.v}", "~> 5.0", False),
        ("any", "any", True),
    ],
)
def test_versions_are_compared_by_what_they_allow(stated: str, wanted: str, fits: bool) -> None:
    stack = f'terraform {{\n  required_version = "{stated}"\n}}\n'
    assert (messages(f'require.terraform_version = "{wanted}"', stack) == []) is fits
