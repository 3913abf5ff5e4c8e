"""The table of AWS services, and TAP009's list."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context, Finding, Fixer, Safety, Severity, Status
from tapfix.module import Module, Project
from tapfix.schema import load
from tapfix.schema.services import services

STACK = 'resource "aws_sqs_queue" "q" {\n}\nresource "aws_kms_key" "k" {\n}\n'


def findings(stack: str, entries: object, **files: str) -> list[Finding]:
    metadata = json.dumps({"aws_services": entries}, indent=2)
    return checked({"tap_stack.tf": stack, "metadata.json": metadata, **files})


def checked(files: dict[str, str], contract: Contract | None = None) -> list[Finding]:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP009")
    project = Project(files)
    return list(fixer.check(project.root, Context(contract or Contract.default(), project)))


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


def test_what_the_stack_uses_is_added_and_nothing_is_removed() -> None:
    asked, added = findings(STACK, ["Lambda", "SQS"])
    assert asked.message == "metadata.json lists Lambda, which the stack does not use"
    assert asked.reason == "add what is missing to the stack, or remove the name"
    assert (asked.status, asked.fix) == (Status.SUGGESTED, None)
    assert added.message == "metadata.json leaves out KMS, which the stack uses"
    assert fitting(added) == ["Lambda", "SQS", "KMS"]


@pytest.mark.parametrize(
    ("entries", "right"),
    [
        (["lambda", "sqs"], ["lambda", "sqs", "kms"]),
        (["Amazon SQS", "AWS Lambda", "Amazon S3"], ["Amazon SQS", "AWS Lambda", "Amazon S3", "AWS KMS"]),
        (["Lambda", "S3", "SQS"], ["KMS", "Lambda", "S3", "SQS"]),
        (["SQS", "Lambda", "S3"], ["SQS", "Lambda", "S3", "KMS"]),
        ("Lambda, SQS", "Lambda, SQS, KMS"),
        ([], ["KMS", "SQS"]),
    ],
)
def test_the_list_keeps_its_spelling_and_order(entries: list[str] | str, right: list[str] | str) -> None:
    assert fitting(findings(STACK, entries)[-1]) == right


@pytest.mark.parametrize(
    "stack",
    [
        "",
        'provider "aws" {\n  region = "us-east-1"\n}\n',
        'resource "aws_sns_topic" "t" {\n  name = "t"\n}\n\nresource "aws_lambda_function" "f" {\n  role = aws',
        'resource "aws_sns_topic" "alarms" {\n  name = = "alarms"\n}\n',
    ],
)
def test_a_stack_that_is_cut_off_does_not_parse_or_is_empty_is_not_judged(stack: str) -> None:
    assert findings(stack, ["S3", "RDS"]) == []


@pytest.mark.parametrize("stack", ['provider "aws" {\n}\n', 'resource "aws_sns_topic" "t" {\n}\nresource "aws_lam'])
def test_nothing_is_taken_from_the_list_by_all_rules_together(stack: str) -> None:
    metadata = '{"aws_services": ["SNS", "Lambda", "S3"]}'
    outcome = repair({"tap_stack.tf": stack, "metadata.json": metadata}, builtin_fixers(), Contract.default())
    assert outcome.texts["metadata.json"] == metadata


def test_the_stack_is_judged_as_the_other_fixes_leave_it() -> None:
    files = {"tap_stack.tf": STACK, "metadata.json": '{"aws_services": ["S3"]}'}
    rule = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP009")
    outcome = repair(files, [_WithoutKeys(), rule], Contract.default(), options=Options(strict=True, guard=False))
    assert outcome.texts["metadata.json"] == '{"aws_services": ["S3", "SQS"]}'
    assert [placed.finding.message for placed in outcome.placed if placed.finding.rule == "TAP009"] == [
        "metadata.json leaves out SQS, which the stack uses",
        "metadata.json lists S3, which the stack does not use",
    ]


class _WithoutKeys(Fixer):
    """Remove all keys."""

    rule = "TOY001"
    severity = Severity.LOW
    safety = Safety.SAFE

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for key in module.resources("aws_kms_key"):
            yield self.fix(key, "it goes", [key.remove()])


def test_the_ground_is_the_clause_or_the_built_in_contract() -> None:
    assert findings(STACK, ["SQS"])[0].because.source == "built-in"
    contract = Contract.from_toml('[services]\nmetadata = "metadata.json"\n')
    files = {"tap_stack.tf": STACK, "metadata.json": '{"aws_services": ["SQS", "S3"]}'}
    assert {finding.because.source for finding in checked(files, contract)} == {"contract"}


def test_what_the_stack_does_not_use_covers_nothing() -> None:
    stack = STACK + 'resource "aws_cloudwatch_metric_alarm" "a" {\n}\n'
    finding = findings(stack, ["SQS", "KMS", "CloudWatch LogGroup"])[-1]
    assert fitting(finding) == ["SQS", "KMS", "CloudWatch LogGroup", "CloudWatch"]


def test_modules_that_are_not_at_hand_may_use_anything() -> None:
    stack = STACK + 'module "net" {\n  source = "./net"\n}\n'
    assert findings(stack, ["SQS", "KMS", "Lambda"]) == []
    assert findings(stack, ["SQS", "KMS", "Lambda"], **{"net/main.tf": "locals {}\n"})


def test_metadata_that_is_no_json() -> None:
    (finding,) = checked({"tap_stack.tf": STACK, "metadata.json": "{"})
    assert "not JSON" in finding.message
    assert finding.fix is None
    assert checked({"tap_stack.tf": STACK, "metadata.json": "{}"}) == []
