"""What a stack lacks: resources, or those that a clause demands."""

from __future__ import annotations

import pytest

from tapfix.contract import Contract
from tapfix.report.completeness import lacking

QUEUE = 'resource "aws_sqs_queue" "q" {\n}\n'
CALL = 'module "m" {\n  source = "%s"\n}\n'
HEREDOC = 'locals {\n  a = <<-EOT\n    resource "aws_sqs_queue" "q" {\n    }\n  EOT\n}\n'


@pytest.mark.parametrize(
    ("text", "demanded", "lacks"),
    [
        (QUEUE, "", []),
        ("", "", ["resource"]),
        ('provider "aws" {\n}\n', "", ["resource"]),
        ('data "aws_vpc" "v" {\n}\n', "", ["resource"]),
        (f"/*\n{QUEUE}*/\n", "", ["resource"]),
        ('# resource "aws_sqs_queue" "q" {\n', "", ["resource"]),
        (HEREDOC, "", ["resource"]),
        (HEREDOC + QUEUE, "", []),
        (f"/* a queue */\n{QUEUE}", "aws_sqs_queue = 1", []),
        (f'{HEREDOC}resource "aws_vpc" "v" {{\n}}\n', "aws_sqs_queue = 1", ["aws_sqs_queue"]),
        ('/* cut off */\nresource "aws_sqs_queue" "q" {\n  name = "', "", []),
        (QUEUE, "aws_sqs_queue = 2", []),
        (QUEUE, "aws_vpc = 1, aws_sqs_queue = 1, aws_lb = 2", ["aws_lb", "aws_vpc"]),
        ('resource "aws_sqs_queue_policy" "p" {\n}\n', "aws_sqs_queue = 1", ["aws_sqs_queue"]),
        ("resource aws_sqs_queue q {\n}\n", "aws_sqs_queue = 1", []),
        (CALL % "terraform-aws-modules/vpc/aws", "aws_vpc = 1", []),
        (CALL % "./m", "aws_vpc = 1", ["aws_vpc"]),
    ],
)
def test_what_is_lacking(text: str, demanded: str, lacks: list[str]) -> None:
    contract = Contract.from_toml(f"[require]\nresources = {{ {demanded} }}\n")
    assert list(lacking(contract, {"tap_stack.tf": text})) == lacks


def test_every_file_counts_that_terraform_reads() -> None:
    contract = Contract.from_toml("[require]\nresources = { aws_sqs_queue = 1 }\n")
    assert lacking(contract, {"main.tf": CALL % "./q", "q/main.tf": QUEUE}) == ()
    assert lacking(contract, {"main.tf": "", "notes.md": QUEUE, "dev.tfvars": ""}) == ("resource",)
