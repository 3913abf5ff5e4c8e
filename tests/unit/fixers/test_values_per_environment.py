"""Rules that only report judge the value of an argument in each environment, however it gets there.

The value may come from a default, from `terraform.tfvars`, from the tfvars file of an environment, or from the caller
of a local module.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context
from tapfix.module import Project

DATABASE = 'resource "aws_db_instance" "d" {\n  engine = "postgres"\n  %s = var.x\n}\n'
PORT = (
    'resource "aws_security_group" "g" {\n  ingress {\n    from_port = 22\n    to_port = 22\n    protocol = "tcp"\n'
    "    cidr_blocks = [var.x]\n  }\n}\n"
)
LOGS = 'resource "aws_cloudwatch_log_group" "g" {\n  retention_in_days = var.x\n}\n'
PASSWORD = (
    'resource "random_password" "p" {\n  override_special = var.x\n}\n'
    'resource "aws_db_instance" "d" {\n  password = random_password.p.result\n}\n'
)

CASES = [
    ("TAP112", "", DATABASE % "engine_version", '"16.8"', '"15.4"', "AWS makes no new databases of postgres 15.4"),
    ("TAP112", "", PASSWORD, '"!#"', '"!@"', "the password may hold @"),
    ("TAP114", "", DATABASE % "publicly_accessible", "false", "true", "the database has a public address"),
    ("TAP114", "", PORT, '"10.0.0.0/8"', '"0.0.0.0/0"', "gets in on port 22"),
    ("TAP150", "data.encrypted = true", DATABASE % "storage_encrypted", "true", "false", "storage_encrypted is false"),
    ("TAP150", "data.log_retention_days = 30", LOGS, "30", "7", "kept for 7 days"),
    ("TAP150", 'data.engine_versions = { postgres = "15" }', DATABASE % "engine_version", '"15.9"', '"14.20"', "14.20"),
    ("TAP150", "forbid.open_ingress = true", PORT, '"10.0.0.0/8"', '"0.0.0.0/0"', "the whole world in on port 22"),
]


def messages(rule: str, contract: str, files: Mapping[str, str]) -> list[str]:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == rule)
    project = Project(files)
    context = Context(Contract.from_toml(contract), project)
    return [finding.message for module in project.modules for finding in fixer.check(module, context)]


def variable(default: str) -> str:
    return f'variable "x" {{\n  default = {default}\n}}\n'


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[5]}")
class TestValue:
    def test_from_terraform_tfvars(self, case: tuple[str, ...]) -> None:
        rule, contract, stack, good, bad, message = case
        for default, stated, is_reported in ((good, bad, True), (bad, good, False), (good, good, False)):
            files = {"main.tf": variable(default) + stack, "terraform.tfvars": f"x = {stated}\n"}
            assert [message in found for found in messages(rule, contract, files)] == [True] * is_reported

    def test_from_the_tfvars_of_an_environment(self, case: tuple[str, ...]) -> None:
        rule, contract, stack, good, bad, message = case
        for default, prod, is_reported in ((good, bad, True), (bad, good, False)):
            values = {"dev.tfvars": f"x = {good}\n", "prod.tfvars": f"x = {prod}\n"}
            files = {"main.tf": variable(default) + stack, **values}
            assert [message in found for found in messages(rule, contract, files)] == [True] * is_reported

    def test_from_the_caller_of_a_local_module(self, case: tuple[str, ...]) -> None:
        rule, contract, stack, good, bad, message = case
        for default, passed, is_reported in ((good, bad, True), (bad, good, False)):
            call = f'module "m" {{\n  source = "./m"\n  x = {passed}\n}}\n'
            files = {"main.tf": call, "m/main.tf": variable(default) + stack}
            assert [message in found for found in messages(rule, contract, files)] == [True] * is_reported


BUCKETS = 'variable "environment" {\n}\nresource "aws_s3_bucket" "b" {\n  bucket = var.x\n}\n'


@pytest.mark.parametrize(("dev", "prod", "is_fixed"), [('"a"', '"a"', True), ('"a"', '"b"', False)])
def test_a_name_is_hard_coded_if_all_environments_have_it(dev: str, prod: str, is_fixed: bool) -> None:
    files = {"dev.tfvars": f"x = {dev}\n", "prod.tfvars": f"x = {prod}\n"}
    found = messages("TAP113", "", {"main.tf": variable('"z"') + BUCKETS, **files})
    assert ["has a name" in message for message in found] == [True] * is_fixed


@pytest.mark.parametrize("name", ["environment", "environmentSuffix", "env_name", "stage", "resource_suffix"])
def test_a_name_with_the_environment_in_it_is_not_hard_coded(name: str) -> None:
    stack = f'variable "{name}" {{\n}}\nresource "aws_s3_bucket" "b" {{\n  bucket = %s\n}}\n'
    assert messages("TAP113", "", {"main.tf": stack % f'"x-${{var.{name}}}"'}) == []
    assert len(messages("TAP113", "", {"main.tf": stack % '"x"'})) == 1


@pytest.mark.parametrize("source", ["./m", "./m/", "./a/../m"])
def test_a_called_module_is_found_by_any_spelling_of_its_folder(source: str) -> None:
    files = {
        "main.tf": f'module "m" {{\n  source = "{source}"\n}}\n',
        "m/main.tf": 'resource "aws_sqs_queue" "q" {\n}\n',
        "metadata.json": '{"aws_services": ["SQS", "Lambda"]}',
    }
    (message,) = messages("TAP009", "", files)
    assert message == "metadata.json lists Lambda, which the stack does not use"


def test_the_tfvars_of_an_environment_set_its_variable_in_any_spelling() -> None:
    stack = 'variable "environmentSuffix" {\n  type = string\n}\n'
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP007")
    project = Project({"tap_stack.tf": stack})
    (finding,) = fixer.check(project.root, Context(Contract.from_toml('topology.environments = ["dev"]'), project))
    assert finding.fix is not None
    assert [edit.text for edit in finding.fix.edits] == ['environmentSuffix = "dev"\n']
