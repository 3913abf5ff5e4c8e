"""Rules that only report judge the value of an argument in each environment, however it gets there.

The value may come from a default, from `terraform.tfvars`, from the tfvars file of an environment, or from the caller
of a local module.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from mending import mended

from tapfix import fix
from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context
from tapfix.module import Project
from tapfix.verify import check_project

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


# The environment's variable in any spelling -------------------------------------------------------------------------

SPELLINGS = (
    *("environment", "env", "stage", "environment_name", "environment_suffix", "Environment", "EnvironmentName"),
    *("environmentSuffix", "envSuffix", "deployment_environment", "environment_tag", "env_name", "env_suffix"),
    *("resource_suffix", "deploymentEnvironment", "ENV"),
)
NAMED = """\
variable "%s" {
  type    = string
  default = "prod"
}
locals { stack = "shop-${var.%s}" }
resource "aws_sqs_queue" "jobs" { name = "${local.stack}-q" }
resource "aws_iam_role" "jobs" { name = "${local.stack}-r" }
resource "aws_dynamodb_table" "jobs" { name = "${local.stack}-t" }
"""


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_variable_of_the_environment_is_found_in_any_spelling(name: str) -> None:
    files = {"tap_stack.tf": NAMED % (name, name)}
    assert messages("TAP113", "", files) == []
    assert messages("TAP007", 'topology.environments = ["dev"]', files) == ["dev.tfvars is missing"]
    result = mended("TAP007", files, 'topology.environments = ["dev"]')
    assert result.texts["dev.tfvars"] == f'{name} = "dev"\n'


@pytest.mark.parametrize("name", ["project", "workload", "colour"])
def test_any_variable_in_a_name_is_evidence_that_it_can_differ(name: str) -> None:
    assert messages("TAP113", "", {"main.tf": NAMED % (name, name)}) == []


@pytest.mark.parametrize(
    "values",
    [{"terraform.tfvars": 'project = "a"\n'}, {"dev.tfvars": 'project = "a"\n', "prod.tfvars": 'project = "a"\n'}],
)
def test_a_variable_that_is_the_same_in_all_environments_is_no_evidence(values: dict[str, str]) -> None:
    assert len(messages("TAP113", "", {"main.tf": NAMED % ("project", "project"), **values})) == 1


# The files that Terraform reads by itself ---------------------------------------------------------------------------

OPEN = """\
variable "environment" { type = string }
variable "ssh_cidr" { default = "0.0.0.0/0" }
variable "tags" { default = {} }
resource "aws_security_group" "web" {
  name_prefix = "web-"
  tags        = var.tags
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = [var.ssh_cidr]
  }
}
"""
STATED = 'environment = "prod"\nssh_cidr    = "10.0.0.0/8"\ntags        = { Environment = "production" }\n'
TAGGED = "the tag is 'production' in every environment, although var.environment distinguishes them"


@pytest.mark.parametrize("name", ["terraform.tfvars", "x.auto.tfvars"])
def test_values_that_every_environment_gets_are_judged_as_such(name: str) -> None:
    files = {"main.tf": OPEN, name: STATED}
    assert messages("TAP114", "", files) == []
    assert messages("TAP113", "", files) == [TAGGED]


@pytest.mark.parametrize("folder", ["", "environments/"])
def test_the_file_of_an_environment_beats_those_for_all(folder: str) -> None:
    prod = f"{folder}prod.tfvars"
    files = {"main.tf": OPEN, "terraform.tfvars": STATED, prod: 'ssh_cidr = "0.0.0.0/0"\n'}
    assert ["port 22" in message for message in messages("TAP114", "", files)] == [True]
    assert messages("TAP113", "", files) == [TAGGED]
    assert messages("TAP113", "", {**files, prod: 'tags = { Environment = "production" }\n'}) == []


# The environments' files in folders ---------------------------------------------------------------------------------

PLACES = (
    *("environments/NAME.tfvars", "env/NAME.tfvars", "envs/NAME/terraform.tfvars", "tfvars/NAME.tfvars"),
    *("NAME/terraform.tfvars", "envs/NAME/NAME.tfvars"),
)
ASKED = 'topology.environments = ["dev", "staging", "prod"]\ndeliverable.tfvars = true\n'
QUEUE = """\
variable "environment" { type = string }
variable "cost_center" { type = string }
resource "aws_sqs_queue" "jobs" { name = "jobs-${var.environment}-${var.cost_center}" }
"""
TWO_REGIONS = """\
variable "environment" { type = string }
variable "cost_center" { type = string }
provider "aws" {
  region = "us-east-1"
}
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
resource "aws_vpc" "us_east_1" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "app-${var.environment}-us-east-1-vpc", CostCenter = var.cost_center }
}
resource "aws_vpc" "us_west_2" {
  provider   = aws.west
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "app-${var.environment}-us-west-2-vpc", CostCenter = var.cost_center }
}
"""


def in_folders(place: str, stack: str, *environments: str, values: str = "") -> dict[str, str]:
    """A stack with the tfvars file of each environment at a place."""
    text = 'environment = "%s"\ncost_center = "A-1"\n' + values
    return {"main.tf": stack, **{place.replace("NAME", name): text % name for name in environments}}


@pytest.mark.parametrize("place", PLACES)
class TestFilesInFolders:
    def test_they_are_the_environments_files(self, place: str) -> None:
        files = in_folders(place, QUEUE, "dev", "staging", "prod")
        assert messages("TAP007", ASKED, files) == []
        assert check_project(Project(files)) == ()

    def test_as_an_answer_they_stay_where_they_are(self, place: str) -> None:
        files = in_folders(place, QUEUE, "dev", "staging", "prod")
        answer = "\n\n".join(f"`{path}`\n\n```hcl\n{text}```" for path, text in files.items())
        result = fix(f"# Stack\n\n{answer}\n", contract=Contract.from_toml(ASKED))
        assert dict(result.files) == files
        assert not [finding for finding in result.findings if finding.rule == "TAP007"]

    def test_a_collapse_writes_into_them(self, place: str) -> None:
        files = in_folders(place, TWO_REGIONS, "dev", "staging", "prod")
        texts = mended("TAP001", files, ASKED + 'topology.regions = "single"\n').texts
        assert set(texts) == set(files)
        for name in ("dev", "staging", "prod"):
            text = texts[place.replace("NAME", name)]
            assert "main_cidr_block = " in text
            assert text.count("cost_center") == 1
        assert "us-west-2" not in "".join(texts.values())

    def test_a_collapse_makes_a_missing_one_beside_them(self, place: str) -> None:
        files = in_folders(place, TWO_REGIONS, "dev", "prod")
        texts = mended("TAP001", files, ASKED + 'topology.regions = "single"\n').texts
        assert set(texts) == {*files, place.replace("NAME", "staging")}

    def test_a_value_is_changed_in_them(self, place: str) -> None:
        database = 'variable "protected" { type = bool }\n' + DATABASE.replace("%s = var.x", PROTECTED)
        files = in_folders(place, QUEUE + database, "dev", "staging", "prod", values="protected = true\n")
        texts = mended("TAP002", files, ASKED).texts
        assert set(texts) == set(files)
        assert all(text.endswith("\nprotected   = false\n") for path, text in texts.items() if path != "main.tf")

    def test_the_proof_counts_them(self, place: str) -> None:
        files = in_folders(place, QUEUE, "dev", "prod")
        prod = place.replace("NAME", "prod")
        problems = check_project(Project({**files, prod: 'environment = "prod"\n'}))
        assert [problem.kind for problem in problems] == ["unset-variable"]
        assert prod in problems[0].message


PROTECTED = "deletion_protection = var.protected\n  skip_final_snapshot = true"
