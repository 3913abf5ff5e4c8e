"""The table of AWS services, and TAP009's list."""

from __future__ import annotations

import json

import pytest

from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context, Finding
from tapfix.module import Project
from tapfix.schema import load
from tapfix.schema.services import services

STACK = 'resource "aws_sqs_queue" "q" {\n}\nresource "aws_kms_key" "k" {\n}\n'


def findings(stack: str, entries: object, **files: str) -> list[Finding]:
    metadata = json.dumps({"aws_services": entries}, indent=2)
    return checked({"tap_stack.tf": stack, "metadata.json": metadata, **files})


def checked(files: dict[str, str]) -> list[Finding]:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP009")
    project = Project(files)
    return list(fixer.check(project.root, Context(Contract.default(), project)))


def fitting(finding: Finding) -> object:
    """The list that the finding's fix writes."""
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    return json.loads(edit.text)


def test_every_resource_type_has_a_service() -> None:
    table = services()
    types = {type for major in (5, 6) for type in load(major).resource_types() if type.startswith("aws_")}
    assert len(types) > 1500
    assert sorted(type for type in types if table.service_of(type) is None) == []


@pytest.mark.parametrize(
    ("type", "service"),
    [
        ("aws_lb_listener", "ALB"),
        ("aws_cloudwatch_event_rule", "EventBridge"),
        ("aws_cloudwatch_log_group", "CloudWatch"),
        ("aws_kinesis_firehose_delivery_stream", "Kinesis Data Firehose"),
        ("aws_kinesis_stream", "Kinesis"),
        ("aws_autoscaling_group", "EC2"),
        ("aws_appautoscaling_target", "Application Auto Scaling"),
        ("aws_route53_resolver_rule", "Route 53 Resolver"),
        ("aws_vpc_endpoint", "VPC"),
    ],
)
def test_service_of_a_type(type: str, service: str) -> None:
    found = services().service_of(type)
    assert found is not None
    assert found.name == service


@pytest.mark.parametrize(
    ("spelling", "service"),
    [
        ("ec2", "EC2"),
        ("Amazon S3", "S3"),
        ("S3 Bucket", "S3"),
        ("SecretsManager", "Secrets Manager"),
        ("AWS Identity and Access Management (IAM)", "IAM"),
        ("NAT Gateways", "VPC"),
        ("InternetGateway", "VPC"),
        ("CloudWatch LogGroup", "CloudWatch"),
        ("WAFv2", "WAF"),
        ("Route53", "Route 53"),
    ],
)
def test_spellings(spelling: str, service: str) -> None:
    assert [meaning.service for meaning in services().meanings(spelling)] == [service]


def test_brackets_hold_further_names() -> None:
    assert {m.service for m in services().meanings("EC2 (VPC Peering, Security Groups)")} == {"EC2", "VPC"}
    assert services().meanings("random_id") == ()


def test_listed_and_used_agree() -> None:
    assert findings(STACK, ["SQS", "KMS", "random_id"]) == []
    assert findings(STACK, "SQS, AWS KMS") == []


def test_a_service_that_only_an_iam_action_shows_counts_as_used() -> None:
    stack = STACK + 'locals {\n  actions = ["xray:PutTraceSegments", "sagemaker:InvokeEndpoint"]\n}\n'
    assert findings(stack, ["SQS", "KMS", "X-Ray", "SageMaker Runtime"]) == []


def test_unused_and_missing_services_are_reported_with_the_right_list() -> None:
    (finding,) = findings(STACK, ["Lambda", "SQS"])
    assert finding.message == (
        "metadata.json lists Lambda, which the stack does not use and leaves out KMS, which the stack uses"
    )
    assert fitting(finding) == ["SQS", "KMS"]


@pytest.mark.parametrize(
    ("entries", "right"),
    [
        (["lambda", "sqs"], ["sqs", "kms"]),
        (["Amazon SQS", "AWS Lambda", "Amazon S3"], ["Amazon SQS", "AWS KMS"]),
        (["Lambda", "S3", "SQS"], ["KMS", "SQS"]),
        (["SQS", "Lambda", "S3"], ["SQS", "KMS"]),
        ("Lambda, SQS", "SQS, KMS"),
    ],
)
def test_the_list_keeps_its_spelling_and_order(entries: list[str] | str, right: list[str] | str) -> None:
    (finding,) = findings(STACK, entries)
    assert fitting(finding) == right


def test_what_goes_from_the_list_covers_nothing() -> None:
    stack = STACK + 'resource "aws_cloudwatch_metric_alarm" "a" {\n}\n'
    (finding,) = findings(stack, ["SQS", "KMS", "CloudWatch LogGroup"])
    assert fitting(finding) == ["SQS", "KMS", "CloudWatch"]


def test_modules_that_are_not_at_hand_may_use_anything() -> None:
    stack = STACK + 'module "net" {\n  source = "./net"\n}\n'
    assert findings(stack, ["SQS", "KMS", "Lambda"]) == []
    assert findings(stack, ["SQS", "KMS", "Lambda"], **{"net/main.tf": "locals {}\n"})


def test_metadata_that_is_no_json() -> None:
    (finding,) = checked({"tap_stack.tf": STACK, "metadata.json": "{"})
    assert "not JSON" in finding.message
    assert finding.fix is None
    assert checked({"tap_stack.tf": STACK, "metadata.json": "{}"}) == []
