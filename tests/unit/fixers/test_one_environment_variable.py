"""One variable distinguishes the environments: TAP107 and TAP001 where an answer has two, or names one in tags."""

from __future__ import annotations

import pytest

import tapfix
from tapfix.contract import Contract
from tapfix.fixer import Status
from tapfix.module import Block, Project

PROVIDERS = """\
provider "aws" {
  alias  = "use2"
  region = "us-east-2"
}
provider "aws" {
  alias  = "euw2"
  region = "eu-west-2"
}
"""
VPCS = """\
resource "aws_vpc" "use2" {
  provider   = aws.use2
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "app-${var.NAME}-use2-vpc", Environment = VALUE }
}
resource "aws_vpc" "euw2" {
  provider   = aws.euw2
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "app-${var.NAME}-euw2-vpc", Environment = VALUE }
}
"""
ENVIRONMENTS = ("dev", "staging", "prod")


def variable(name: str, default: str = "dev") -> str:
    return f'variable "{name}" {{\n  type    = string\n  default = "{default}"\n}}\n'


def vpcs(name: str, value: str) -> str:
    return VPCS.replace("NAME", name).replace("VALUE", value)


def mended(text: str | dict[str, str], *rules: str) -> Project:
    """The outcome of the rules, in which every reference and value is right."""
    given = text if isinstance(text, str) else "\n".join(f"## {n}\n```hcl\n{t}```\n" for n, t in text.items())
    contract = Contract.from_toml('[deliverable]\nmain = "main.tf"\n')
    result = tapfix.fix(given, select=rules or ["TAP001", "TAP107"], contract=contract)
    assert all(finding.status is Status.FIXED for finding in result.findings), result.findings
    assert result.is_sound
    return Project(result.files)


def set_in(project: Project, name: str) -> list[str]:
    return [project.files[f"{e}.tfvars"].attributes[name].value for e in ENVIRONMENTS]


def block(project: Project, address: str) -> Block:
    found = project.root.find(address)
    assert isinstance(found, Block)
    return found


@pytest.mark.parametrize(
    ("declared", "stray"),
    [
        ("env", "environment"),
        ("environment", "env"),
        ("environment_suffix", "environment"),
        ("environment", "environment_suffix"),
        ("env_name", "environment"),
        ("stage", "environment"),
    ],
)
def test_a_stray_variable_is_the_declared_one(declared: str, stray: str) -> None:
    tags = f"locals {{ common_tags = {{ Environment = var.{stray} }} }}\n"
    project = mended(variable(declared) + PROVIDERS + tags + vpcs(declared, f"var.{declared}"))
    assert stray not in project.root.variables
    assert set_in(project, declared) == ['"dev"', '"staging"', '"prod"']
    vpc = block(project, "aws_vpc.main")
    assert f'Name = "app-${{var.{declared}}}-vpc"' in vpc.text()
    assert project.root.locals["common_tags"].value == f"{{ Environment = var.{declared} }}"


def test_two_strays_become_one() -> None:
    project = mended('locals {\n  a = "a-${var.env}"\n  b = "b-${var.environment}"\n}\n', "TAP107")
    assert [name for name in project.root.variables if name.startswith("env")] == ["env"]
    assert project.root.locals["b"].value == '"b-${var.env}"'


def test_the_tfvars_set_what_is_declared() -> None:
    files = {
        "main.tf": variable("env") + 'locals {\n  a = "a-${var.environment}-${var.env}"\n}\n',
        "dev.tfvars": 'environment = "dev"\n',
        "prod.tfvars": 'environment = "prod"\nenv         = "prod"\n',
    }
    project = mended(files, "TAP107")
    assert [list(project.files[f"{e}.tfvars"].attributes) for e in ("dev", "prod")] == [["env"], ["env"]]


def test_the_stage_of_an_api_is_not_the_environment() -> None:
    text = variable("stage", "v1") + 'locals {\n  a = "${var.environment}-${var.stage}"\n}\n'
    project = mended(text, "TAP107")
    assert {"stage", "environment"} <= set(project.root.variables)


def test_what_a_call_hands_down_keeps_its_name() -> None:
    files = {
        "main.tf": 'variable "env" {\n  type = string\n}\nmodule "m" {\n  source      = "./m"\n  environment = var.env\n}\n',
        "m/main.tf": variable("env") + 'output "a" {\n  value = "${var.environment}-${var.env}"\n}\n',
    }
    project = mended(files, "TAP107")
    assert {"env", "environment"} == set(project.module_of(project.files["m/main.tf"]).variables)


def test_two_declared_variables_are_both_set() -> None:
    project = mended(variable("env") + variable("environment") + PROVIDERS + vpcs("env", "var.environment"), "TAP001")
    assert set_in(project, "env") == set_in(project, "environment") == ['"dev"', '"staging"', '"prod"']
    assert 'Name = "app-${var.env}-vpc"' in block(project, "aws_vpc.main").text()


@pytest.mark.parametrize("literal", ['"dev"', '"production"', '"Production"', '"staging"'])
def test_no_literal_environment_stays_in_the_tags(literal: str) -> None:
    project = mended(variable("env") + PROVIDERS + vpcs("env", literal), "TAP001")
    assert "Environment = var.env" in block(project, "aws_vpc.main").text()


def test_no_literal_environment_stays_in_default_tags_and_in_those_of_a_group() -> None:
    tags = '\n  default_tags {\n    tags = { Environment = "dev" }\n  }\n}'
    providers = PROVIDERS.replace("\n}", tags)
    group = """\
resource "aws_autoscaling_group" "SIDE" {
  provider = aws.SIDE
  min_size = 1
  max_size = 1
  tag {
    key                 = "Environment"
    value               = "production"
    propagate_at_launch = true
  }
}
"""
    groups = "".join(group.replace("SIDE", side) for side in ("use2", "euw2"))
    project = mended(variable("env") + providers + vpcs("env", "var.env") + groups, "TAP001")
    assert "Environment = var.env" in block(project, "provider.aws").text()
    assert "= var.env" in block(project, "aws_autoscaling_group.main").text()
    assert '"production"' not in block(project, "aws_autoscaling_group.main").text()


@pytest.mark.parametrize(
    ("tags", "is_set"),
    [("var.common", True), ('merge(var.common, { Environment = var.env })', False)],
)  # fmt: skip
def test_a_map_of_tags_with_one_environment_is_set_for_each(tags: str, is_set: bool) -> None:
    common = 'variable "common" {\n  type    = map(string)\n  default = { Environment = "Production", Team = "a" }\n}\n'
    queues = "".join(
        f'resource "aws_sqs_queue" "{side}" {{\n  provider = aws.{side}\n  tags     = {tags}\n}}\n' for side in ("use2", "euw2")
    )  # fmt: skip
    project = mended(variable("env") + common + PROVIDERS + vpcs("env", "var.env") + queues, "TAP001")
    if is_set:
        assert set_in(project, "common") == [f'{{ Environment = "{e}", Team = "a" }}' for e in ENVIRONMENTS]
    else:
        assert all("common" not in project.files[f"{e}.tfvars"].attributes for e in ENVIRONMENTS)
