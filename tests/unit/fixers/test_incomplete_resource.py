"""TAP004: what is completed, what goes, and what is left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fixers.incomplete_resource.cut_off import CutOff, Tail, Verdict, verdict
from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Status
from tapfix.module import File
from tapfix.schema import load

FIXER = next(f for f in builtin_fixers() if f.rule == "TAP004")

ROLE = 'resource "aws_iam_role" "worker" {\n  name               = "worker"\n  assume_role_policy = "{}"\n}\n'
VPC = 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n'


def run(texts: str | Mapping[str, str]) -> Outcome:
    files = {"tap_stack.tf": texts} if isinstance(texts, str) else dict(texts)
    return repair(files, [FIXER], Contract.default(), options=Options(strict=True, guard=False))


def fixed(text: str) -> str:
    """The text, fixed, with nothing refused; checked to be a fixed point."""
    outcome = run(text)
    after = outcome.texts["tap_stack.tf"]
    assert [p.finding.reason for p in outcome.placed if p.finding.status is Status.REFUSED] == []
    assert run(after).texts["tap_stack.tf"] == after
    return after


def refusal(text: str) -> str:
    """What is said of a text in which one thing is refused and nothing changed."""
    outcome = run(text)
    assert outcome.texts["tap_stack.tf"] == text
    (placed,) = outcome.placed
    assert placed.finding.status is Status.REFUSED
    return f"{placed.finding.message}: {placed.finding.reason}"


# --- what goes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unfinished",
    [
        'resource "aws_iam_role_policy" "read" {\n  name = "read"\n  role = aws_iam_role.worker.id\n}\n',
        'resource "aws_iam_role_policy" "read" {\n  name = "read"\n  role = aws_iam_role.worker\n}\n',
        'resource "aws_iam_role_policy" "read" {\n  role   = aws_iam_role.worker.id\n  policy = ""\n}\n',
        'resource "aws_iam_role_policy" "read" {\n  role   = aws_iam_role.worker.id\n  policy = null\n}\n',
        'resource "aws_iam_role_policy" "read" {\n  role   = aws_iam_role.worker.id\n  policy = jsonencode({})\n}\n',
        'resource "aws_iam_role_policy" "read" {\n  role = aws_iam_role.worker.id\n'
        '  policy = jsonencode({\n    Version   = "2012-10-17"\n    Statement = []\n  })\n}\n',
        'resource "aws_iam_role_policy_attachment" "read" {\n  role = aws_iam_role.worker.name\n}\n',
        'resource "aws_sns_topic_policy" "read" {\n  arn = "arn"\n}\n',
        'resource "aws_route_table_association" "a" {\n  subnet_id = "subnet"\n}\n',
        'resource "aws_iam_policy" "read" {\n  name = "read"\n\n  tags = {\n    Name = "read"\n  }\n}\n',
        'data "aws_iam_policy" "read" {\n}\n\ndata "aws_ssm_parameter" "p" {\n}\n',
    ],
)
def test_what_does_nothing_without_the_missing_part_goes(unfinished: str) -> None:
    if unfinished.startswith("data"):
        assert "aws_ssm_parameter" not in fixed(f"{ROLE}\n# what it reads\n{unfinished}")
        return
    assert fixed(f"{ROLE}\n# what it reads\n# and why\n{unfinished}") == ROLE
    assert fixed(f"# what it reads\n{unfinished}\n{ROLE}") == ROLE


def test_what_existed_only_for_it_goes_with_it() -> None:
    text = (
        ROLE
        + '\nlocals {\n  only = "x-${local.also}"\n  also = data.aws_region.here.name\n  kept = data.aws_region.all.name\n}\n\n'
        + 'data "aws_region" "here" {\n}\n\ndata "aws_region" "all" {\n}\n\n'
        + 'resource "aws_iam_role_policy" "read" {\n  name = "${local.only}-${local.kept}"\n  role = aws_iam_role.worker.id\n}\n\n'
        + 'output "kept" {\n  value = local.kept\n}\n'
    )
    after = fixed(text)
    assert "only" not in after and "also" not in after and '"here"' not in after
    assert "kept = data.aws_region.all.name" in after
    (placed,) = run(text).placed
    assert placed.finding.message.endswith("so it is removed, and local.only, local.also, data.aws_region.here with it")


def test_an_output_without_a_value_goes() -> None:
    assert fixed(f'{VPC}\noutput "id" {{\n  description = "the id"\n}}\n') == VPC


def test_an_output_of_a_module_that_another_reads_is_refused() -> None:
    files = {
        "main.tf": 'module "net" {\n  source = "./net"\n}\n\noutput "id" {\n  value = module.net.id\n}\n',
        "net/main.tf": 'output "id" {\n  description = "the id"\n}\n\noutput "arn" {\n  description = "the ARN"\n}\n',
    }
    outcome = run(files)
    assert outcome.texts["net/main.tf"] == 'output "id" {\n  description = "the id"\n}\n'
    assert [p.finding.status for p in outcome.placed] == [Status.REFUSED, Status.FIXED]


@pytest.mark.parametrize(
    ("use", "status"),
    [
        ("module.net.arn", Status.FIXED),
        ("module.net.id", Status.REFUSED),
        ("module.net", Status.REFUSED),
        ("module.other.id", Status.FIXED),
    ],
)
def test_an_output_is_refused_only_if_a_caller_of_its_module_may_read_it(use: str, status: Status) -> None:
    files = {
        "main.tf": 'module "net" {\n  source = "./net"\n}\n\nmodule "other" {\n  source = "./other"\n}\n\n'
        f"locals {{\n  used = {use}\n}}\n",
        "net/main.tf": 'output "id" {\n  description = "the id"\n}\n\noutput "arn" {\n  value = "arn"\n}\n',
        "other/main.tf": 'output "id" {\n  value = "other"\n}\n',
    }
    assert [p.finding.status for p in run(files).placed] == [status]


# --- what is completed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "line", "after"),
    [
        ("aws_subnet", "vpc_id = aws_vpc.t", "aws_vpc.t.id"),
        ("aws_instance", "subnet_id = aws_subnet.t", "aws_subnet.t.id"),
        ("aws_instance", "vpc_security_group_ids = [aws_security_group.t]", "[aws_security_group.t.id]"),
        ("aws_instance", "iam_instance_profile = aws_iam_instance_profile.t", "aws_iam_instance_profile.t.name"),
        ("aws_instance", "ami = data.aws_ami.t", "data.aws_ami.t.id"),
        ("aws_lb_listener", "load_balancer_arn = aws_lb.t", "aws_lb.t.arn"),
        ("aws_autoscaling_group", "target_group_arns = [aws_lb_target_group.t]", "[aws_lb_target_group.t.arn]"),
        ("aws_lambda_function", "role = aws_iam_role.t", "aws_iam_role.t.arn"),
        ("aws_iam_instance_profile", "role = aws_iam_role.t", "aws_iam_role.t.name"),
        ("aws_lambda_alias", "function_name = aws_lambda_function.t", "aws_lambda_function.t.function_name"),
        ("aws_db_instance", "db_subnet_group_name = aws_db_subnet_group.t", "aws_db_subnet_group.t.name"),
        ("aws_db_instance", "kms_key_id = aws_kms_key.t", "aws_kms_key.t.arn"),
        ("aws_s3_bucket_versioning", "bucket = aws_s3_bucket.t", "aws_s3_bucket.t.id"),
        ("aws_s3_bucket_policy", "policy = data.aws_iam_policy_document.t", "data.aws_iam_policy_document.t.json"),
        ("aws_iam_role", "assume_role_policy = data.aws_iam_policy_document.t", "data.aws_iam_policy_document.t.json"),
        ("aws_route53_record", "zone_id = aws_route53_zone.t", "aws_route53_zone.t.zone_id"),
        ("aws_ecs_service", "task_definition = aws_ecs_task_definition.t", "aws_ecs_task_definition.t.arn"),
        ("aws_cloudwatch_metric_alarm", "alarm_actions = [aws_sns_topic.t]", "[aws_sns_topic.t.arn]"),
    ],
)
def test_an_object_where_a_string_is_wanted(resource: str, line: str, after: str) -> None:
    name, _, value = line.partition(" = ")
    address = value.strip("[]").split(".")
    kind, type = ("data", address[1]) if address[0] == "data" else ("resource", address[0])
    target = f'{kind} "{type}" "t" {{\n}}\n'
    outcome = run(f'{target}\nresource "{resource}" "r" {{\n  {line}\n}}\n')
    assert outcome.texts["tap_stack.tf"] == f'{target}\nresource "{resource}" "r" {{\n  {name} = {after}\n}}\n'


@pytest.mark.parametrize(
    ("repeat", "before", "after"),
    [
        ("count    = 2", "aws_eip.n[0]", "aws_eip.n[0].allocation_id"),
        ("count    = 2", "aws_eip.n[count.index]", "aws_eip.n[count.index].allocation_id"),
        ("for_each = var.zones", "aws_eip.n[each.key]", "aws_eip.n[each.key].allocation_id"),
    ],
)
def test_one_of_several(repeat: str, before: str, after: str) -> None:
    text = f'resource "aws_eip" "n" {{\n  {repeat}\n}}\n\nresource "aws_nat_gateway" "n" {{\n  subnet_id     = "s"\n  allocation_id = %s\n}}\n'
    assert fixed(text % before) == text % after


@pytest.mark.parametrize(
    ("repeat", "after"),
    [("count      = 2", "aws_subnet.s[*].id"), ("for_each   = var.zones", "values(aws_subnet.s)[*].id")],
)
def test_all_of_several(repeat: str, after: str) -> None:
    text = (
        f'resource "aws_subnet" "s" {{\n  {repeat}\n  vpc_id     = "v"\n  cidr_block = "c"\n}}\n\n'
        'resource "aws_db_subnet_group" "g" {\n  subnet_ids = %s\n}\n'
    )
    assert fixed(text % "aws_subnet.s") == text % after


def test_a_role_is_spelled_as_elsewhere_in_the_module() -> None:
    text = ROLE + (
        '\nresource "aws_iam_role_policy" "a" {\n  role   = aws_iam_role.worker.id\n  policy = "{\\"a\\": 1}"\n}\n'
        '\nresource "aws_iam_role_policy" "b" {\n  role   = aws_iam_role.worker%s\n  policy = "{\\"a\\": 1}"\n}\n'
    )
    assert fixed(text % "") == text % ".id"


def test_the_engine_of_a_clusters_instance_is_that_of_the_cluster() -> None:
    text = (
        'resource "aws_rds_cluster" "c" {\n  engine = "aurora-mysql"\n}\n\nresource "aws_rds_cluster_instance" "i" {\n'
        '  cluster_identifier = aws_rds_cluster.c.id\n%s  instance_class     = "db.r6g.large"\n}\n'
    )
    assert fixed(text % "") == text % "  engine             = aws_rds_cluster.c.engine\n"


# --- what is cut off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "after"),
    [
        ('resource "aws_security_group" "db" {\n  name   = "db"\n  vpc_id = aws_vpc.main.', ""),
        ('resource "aws_security_group" "db" {\n  name   = "d', ""),
        (
            '# for the queue\nresource "aws_iam_policy" "q" {\n  name = "q"\n  policy = jsonencode({\n    Statement = [',
            "",
        ),
        ('output "vpc" {\n  description = "The', ""),
        ('# Alarms\nresource "aws_cloudwatch_metric_', ""),
        ('resource "aws_eip" "na', ""),
        ("resour", ""),
        ('data "aws_ami" "a" {\n  most_recent = tr', ""),
        (
            'output "vpc" {\n  value = "x"\n',
            '\noutput "vpc" {\n  value = "x"\n}\n',
        ),
        (
            'resource "aws_sqs_queue" "q" {\n  name = "q"\n\n  tags = {\n    Name = ',
            '\nresource "aws_sqs_queue" "q" {\n  name = "q"\n}\n',
        ),
        (
            'resource "aws_sqs_queue" "q" {\n  name                    = "q"\n  sqs_managed_sse_enabled = tr',
            '\nresource "aws_sqs_queue" "q" {\n  name                    = "q"\n  sqs_managed_sse_enabled = true\n}\n',
        ),
        (
            'resource "aws_instance" "a" {\n  vpc_security_group_ids = [aws_security_group.db.id]\n}\n\n'
            'resource "aws_security_group" "db" {\n  # The one\n  vpc_id = aws_vpc.main.i',
            '\nresource "aws_instance" "a" {\n  vpc_security_group_ids = [aws_security_group.db.id]\n}\n\n'
            'resource "aws_security_group" "db" {\n  # The one\n  vpc_id = aws_vpc.main.id\n}\n',
        ),
        (
            'resource "aws_kms_key" "k" {\n  enable_key_rotation = true\n  description = "For the que',
            '\nresource "aws_kms_key" "k" {\n  enable_key_rotation = true\n}\n',
        ),
        (
            'output "n" {\n  value = var.rules\n}\n\nvariable "rules" {\n  description = "R"\n  type = list(object({\n    a = str',
            '\noutput "n" {\n  value = var.rules\n}\n\nvariable "rules" {\n  description = "R"\n}\n',
        ),
    ],
)
def test_cut_off(cut: str, after: str) -> None:
    assert fixed(f"{VPC}\n{cut}") == VPC + after


KNOWN = CutOff(
    head=File("a.tf", 'resource "aws_eip" "a" {\n}\n').blocks[0],
    finished="",
    rest="name = aws_vpc.main.",
    tail=None,
    missing=(),
    is_complete=False,
    is_referred=False,
    is_idle=False,
    has_substance=False,
)
TAIL = Tail("aws_vpc.main.", "aws_vpc.main.id")


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, Verdict.REFUSE),
        ({"is_complete": True}, Verdict.REFUSE),
        ({"is_complete": True, "rest": ""}, Verdict.CLOSE),
        ({"is_complete": True, "rest": "tags = {"}, Verdict.CLOSE),
        ({"is_complete": True, "rest": "tags = {", "is_idle": True}, Verdict.CLOSE),
        ({"is_complete": True, "tail": TAIL}, Verdict.COMPLETE),
        ({"is_complete": True, "tail": TAIL, "is_idle": True}, Verdict.REMOVE),
        ({"is_complete": True, "tail": TAIL, "is_idle": True, "is_referred": True}, Verdict.COMPLETE),
        ({"tail": TAIL}, Verdict.REFUSE),
        ({"rest": ""}, Verdict.REFUSE),
        ({"is_idle": True}, Verdict.REMOVE),
        ({"is_idle": True, "is_referred": True}, Verdict.REFUSE),
        ({"is_idle": True, "has_substance": True}, Verdict.REFUSE),
    ],
)
def test_the_verdict_on_a_block_that_was_cut_off(known: dict[str, Any], wanted: Verdict) -> None:
    assert verdict(KNOWN._replace(**known)) is wanted


@pytest.mark.parametrize(
    ("rest", "type", "is_referred", "spared"),
    [
        ('description = "a', "aws_eip", False, True),
        ("name = ", "aws_eip", False, False),
        ("type = list(", "variable", True, True),
        ("type = list(", "variable", False, False),
        ("default = 1", "variable", True, False),
    ],
)
def test_an_argument_that_a_block_does_the_same_without(rest: str, type: str, is_referred: bool, spared: bool) -> None:
    head = File("a.tf", f'{type} "x" {{\n}}\n').blocks[0]
    assert KNOWN._replace(head=head, rest=rest, is_referred=is_referred).is_spared is spared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            VPC + '\nresource "aws_db_instance" "db" {\n  identifier = "db"\n  instance_class =',
            "it would do something of its own",
        ),
        (
            'resource "aws_instance" "a" {\n  vpc_security_group_ids = [aws_security_group.db.id]\n}\n\n'
            'resource "aws_security_group" "db" {\n  vpc_id =',
            "other blocks refer to it",
        ),
        # an attribute of something that is not there, one that may be another, a name that may go on, a default
        (VPC + '\nresource "aws_nat_gateway" "a" {\n  allocation_id = aws_eip.none.', "its end"),
        (
            VPC + '\nresource "aws_ssm_parameter" "p" {\n  name = "p"\n  type = "String"\n  value = aws_vpc.main.',
            "its end",
        ),
        (VPC + '\nresource "aws_subnet" "s" {\n  vpc_id = aws_vpc.main', "its end"),
        (VPC + '\noutput "n" {\n  value = var.n\n}\n\nvariable "n" {\n  type = number\n  default = 1', "its end"),
        (
            VPC
            + '\nresource "aws_iam_policy" "p" {\n  policy = jsonencode({\n    Statement = [\n      { Effect = "Allow" },\n',
            "its end",
        ),
    ],
)
def test_cut_off_and_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_what_a_module_lacks_is_not_held_against_the_fix_that_shows_it() -> None:
    texts = {
        "main.tf": 'module "queue" {\n  source = "./queue"\n  owner  = "me"\n}\n',
        "queue/main.tf": 'resource "aws_sqs_queue" "q" {\n  name = "q"\n\n  tags = {\n    Name = ',
    }
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP004")
    outcome = repair(texts, [fixer], Contract.default())
    assert outcome.texts["queue/main.tf"] == 'resource "aws_sqs_queue" "q" {\n  name = "q"\n}\n'


def test_a_broken_block_that_has_its_end_is_not_cut_off() -> None:
    text = f'{VPC}\nresource "aws_iam_policy" "p" {{\n  name == "p"\n}}\n'
    assert run(text).placed == ()


# --- what is refused, and what is left alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('resource "aws_db_proxy" "p" {\n  name           = "p"\n  engine_family  = "MYSQL"\n  role_arn       = "r"\n'
         '  vpc_subnet_ids = ["s"]\n}\n', "the block `auth` is missing"),
        (ROLE + '\nresource "aws_iam_role_policy" "p" {\n  role            = aws_iam_role.worker.id\n'
         '  policy_document = "{}"\n}\n', "it has `policy_document`, which the provider does not know"),
        ('resource "aws_iam_role_policy" "p" {\n  policy = jsonencode({ Statement = [{ Effect = "Allow" }] })\n}\n',
         "`role` is missing: what it says would be lost"),
        (ROLE + '\nresource "aws_iam_policy" "p" {\n  name = "p"\n}\n\noutput "p" {\n  value = aws_iam_policy.p.arn\n}\n',
         "other blocks refer to it"),
        ('resource "aws_lb_listener" "l" {\n  load_balancer_arn = "a"\n}\n', "the block `default_action` is missing"),
        ('resource "aws_s3_bucket_versioning" "v" {\n  bucket = "b"\n\n  versioning_configuration {\n  }\n}\n',
         "`status` in `versioning_configuration` is missing"),
        ('resource "aws_iam_role" "a" {\n  assume_role_policy = "{}"\n}\n\nresource "aws_sqs_queue" "q" {\n  name = aws_iam_role.a\n}\n',
         "`name` wants a string"),
    ],
)  # fmt: skip
def test_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_every_type_that_is_empty_and_may_not_be_is_found() -> None:
    schema = load()
    known = {type: schema.resource(type) for type in schema.resource_types()}
    outcome = run("\n".join(f'resource "{type}" "main" {{\n}}\n' for type in known))
    found = {p.finding.address.removesuffix(".main") for p in outcome.placed}
    wanted = {
        type
        for type, s in known.items()
        if s and (any(a.required for a in s.attributes.values()) or any(b.min_items for b in s.blocks.values()))
    }
    assert found == wanted
    gone = {p.finding.address for p in outcome.placed if p.finding.status is Status.FIXED}
    assert "aws_iam_role_policy.main" in gone and "aws_db_proxy.main" not in gone


@pytest.mark.parametrize(
    "text",
    [
        # required blocks that are written as dynamic blocks, as arguments, or in them
        'resource "aws_lb_listener" "l" {\n  load_balancer_arn = "a"\n\n  dynamic "default_action" {\n    for_each = var.actions\n'
        '    content {\n      type = "forward"\n    }\n  }\n}\n',
        # types that nobody here knows
        'resource "aws_no_such_thing" "x" {\n}\n',
        'resource "example_thing" "x" {\n}\n',
        # an optional policy that says nothing, a value that is only known elsewhere
        'resource "aws_sqs_queue" "q" {\n  policy = ""\n}\n',
        'resource "aws_iam_policy" "p" {\n  policy = var.policy\n}\n',
        'resource "aws_sqs_queue" "q" {\n  name = module.names.queue\n}\n',
        'resource "aws_sqs_queue" "q" {\n  name = each.value\n}\n',
    ],
)
def test_left_alone(text: str) -> None:
    assert run(text).placed == ()
