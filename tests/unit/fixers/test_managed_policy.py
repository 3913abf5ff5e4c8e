"""TAP105: policies that AWS manages, under the ARN that they have."""

from __future__ import annotations

import pytest
from mending import mended


def attached(policy: str) -> str:
    return f'resource "aws_iam_role_policy_attachment" "a" {{\n  policy_arn = "arn:aws:iam::aws:policy/{policy}"\n}}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("AWSLambdaVPCAccessExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole"),
        ("AmazonECSTaskExecutionRolePolicy", "service-role/AmazonECSTaskExecutionRolePolicy"),
        ("service-role/AmazonSSMManagedInstanceCore", "AmazonSSMManagedInstanceCore"),
        ("ReadOnlyAccess", "ReadOnlyAccess"),
        ("ViewOnlyAccess", "job-function/ViewOnlyAccess"),
        ("service-role/AWSConfigRole", "service-role/AWS_ConfigRole"),
        ("service-role/AWS_ConfigRole", "service-role/AWS_ConfigRole"),
        ("SomethingThatIsNew", "SomethingThatIsNew"),
        ("service-role/${var.name}", "service-role/${var.name}"),
    ],
)
def test_the_path_is_the_policys_own(before: str, after: str) -> None:
    assert mended("TAP105", attached(before)).main == attached(after)


def test_arns_in_lists_heredocs_and_locals() -> None:
    stack = (
        'locals {\n  all = toset(["arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"])\n'
        "  doc = <<-EOT\n    arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole, and more\n  EOT\n}\n"
    )
    assert mended("TAP105", stack).main.count("policy/service-role/AWSLambdaBasicExecutionRole") == 2
