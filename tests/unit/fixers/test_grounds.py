"""What the findings of a rule rest on: the clause where somebody states it, else the built-in contract."""

from __future__ import annotations

import pytest

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Because

BUCKET = 'resource "aws_s3_bucket" "b" {\n  force_destroy = false\n}\n'
INSTANCE = (
    'resource "aws_instance" "web" {\n  count         = 2\n  ami           = var.ami_id\n'
    '  instance_type = "t3.micro"\n  subnet_id     = aws_subnet.a.id\n}\n'
)
INGRESS = (
    'resource "aws_security_group" "g" {\n  ingress {\n    from_port   = 22\n    to_port     = 22\n'
    '    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'
)


def grounds(rule: str, text: str, contract: Contract) -> set[Because]:
    """The grounds of the findings of a rule in a stack."""
    fixers = [fixer for fixer in builtin_fixers() if fixer.rule == rule]
    return {placed.finding.because for placed in repair({"tap_stack.tf": text}, fixers, contract).placed}


@pytest.mark.parametrize(
    ("rule", "text", "clause"),
    [("TAP002", BUCKET, "lifecycle.destroyable"), ("TAP005", INSTANCE, "compute.autoscaling")],
)
def test_the_ground_is_the_clause_where_it_is_stated_else_the_built_in_contract(
    rule: str, text: str, clause: str
) -> None:
    (built_in,) = grounds(rule, text, Contract.default())
    assert (built_in.source, bool(built_in.text)) == ("built-in", True)
    (stated,) = grounds(rule, text, Contract.from_toml(f"{clause} = true\n"))
    assert (stated.source, stated.line) == ("contract", 1)


def test_the_ground_is_the_sentence_of_the_prompt() -> None:
    contract = Contract.from_prompt("Build a bucket.\nEverything must be destroyable.\n")
    (ground,) = grounds("TAP002", BUCKET, contract)
    assert ground == Because("prompt", "Everything must be destroyable.", "PROMPT.md", 2)


@pytest.mark.parametrize(
    ("clause", "value", "text"),
    [
        ("require.variables", '["owner"]', BUCKET),
        ("require.outputs", '["url"]', BUCKET),
        ("require.resources", "{ aws_vpc = 1 }", BUCKET),
        ("require.terraform_version", '">= 1.5"', BUCKET),
        ("require.aws_provider_version", '"~> 5.0"', BUCKET),
        ("forbid.resources", '["aws_s3_*"]', BUCKET),
        ("forbid.open_ingress", "true", INGRESS),
        ("forbid.closed_ports", "[22]", INGRESS),
        ("data.log_retention_days", "7", 'resource "aws_cloudwatch_log_group" "l" {\n}\n'),
        ("topology.allowed_regions", '["eu-west-1"]', 'provider "aws" {\n  region = "us-east-1"\n}\n'),
    ],
)
def test_a_demand_rests_on_its_own_clause(clause: str, value: str, text: str) -> None:
    contract = Contract.from_toml(f"{clause} = {value}\n")
    assert grounds("TAP150", text, contract) == {contract.because(clause)}


def test_a_suppression_that_covers_nothing_has_a_ground() -> None:
    (ground,) = grounds("TAP003", f"# tapfix: ignore[TAP003]\n{BUCKET}", Contract.default())
    assert (ground.source, bool(ground.text)) == ("built-in", True)


@pytest.mark.parametrize("type", ["aws_alb", "aws_lb"])
def test_a_limit_rests_on_the_page_of_the_resource_type(type: str) -> None:
    (ground,) = grounds("TAP101", f'resource "{type}" "l" {{\n  name = "internal-lb"\n}}\n', Contract.default())
    assert ground.reference == "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lb"
