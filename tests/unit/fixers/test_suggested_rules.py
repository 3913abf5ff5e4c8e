"""TAP112 to TAP114: what they suggest, and where they report nothing."""

from __future__ import annotations

import pytest

from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context, Status
from tapfix.module import Project


def messages(rule: str, stack: str, contract: str = "", **files: str) -> list[str]:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == rule)
    project = Project({"tap_stack.tf": stack, **files})
    found = list(fixer.check(project.root, Context(Contract.from_toml(contract), project)))
    assert all(finding.status is Status.SUGGESTED and finding.reason and finding.fix is None for finding in found)
    return [finding.message for finding in found]


DATABASE = 'resource "aws_db_instance" "d" {\n  engine = "%s"\n  engine_version = %s\n}\n'
PASSWORD = 'resource "aws_db_instance" "d" {\n  password = random_password.p.result\n}\nresource "random_password" "p" {\n%s}\n'
VOLUME = 'resource "aws_db_instance" "d" {\n  engine = "mysql"\n  storage_type = "gp3"\n  allocated_storage = %s\n  iops = 3000\n}\n'
REDIS = 'resource "aws_elasticache_replication_group" "r" {\n%s}\noutput "o" {\n  value = aws_elasticache_replication_group.r.%s\n}\n'
CERTIFICATE = 'resource "aws_acm_certificate" "c" {\n  validation_method = "%s"\n}\n'
LISTENER = 'resource "aws_lb_listener" "l" {\n  certificate_arn = aws_acm_certificate.c.arn\n}\n'
RECORD = 'resource "aws_route53_record" "r" {\n  for_each = { for o in aws_acm_certificate.c.domain_validation_options : o.domain_name => o }\n}\n'
LOGS = 'resource "aws_cloudwatch_log_group" "g" {\n  kms_key_id = aws_kms_key.k.arn\n}\nresource "aws_kms_key" "k" {\n%s}\n'
ALLOWED = '  policy = jsonencode({ Principal = { Service = "logs.us-east-1.amazonaws.com" } })\n'
ACL = 'resource "aws_s3_bucket" "b" {\n}\nresource "aws_s3_bucket_acl" "a" {\n  bucket = aws_s3_bucket.b.id\n}\n'
OWNERSHIP = 'resource "aws_s3_bucket_ownership_controls" "o" {\n  bucket = aws_s3_bucket.b.id\n}\n'
TRAIL = (
    'resource "aws_s3_bucket" "b" {\n}\nresource "aws_cloudtrail" "t" {\n  s3_bucket_name = aws_s3_bucket.b.id\n%s}\n'
)
POLICY = 'resource "aws_s3_bucket_policy" "p" {\n  bucket = aws_s3_bucket.b.id\n}\n'
WAIT = 'resource "time_sleep" "w" {\n  depends_on = [aws_s3_bucket_policy.p]\n}\n'
QUEUE = (
    'resource "aws_sns_topic" "t" {\n%s}\nresource "aws_sqs_queue" "q" {\n  fifo_queue = true\n}\n'
    'resource "aws_sns_topic_subscription" "s" {\n  topic_arn = aws_sns_topic.t.arn\n  endpoint = aws_sqs_queue.q.arn\n}\n'
)
FIREWALL = 'resource "aws_wafv2_web_acl" "w" {\n  rule {\n    %s {\n    }\n    statement {\n      managed_rule_group_statement {\n      }\n    }\n  }\n}\n'
ROUTE = (
    'resource "aws_apigatewayv2_api" "a" {\n  protocol_type = "WEBSOCKET"\n}\nresource "aws_apigatewayv2_route" "r" {\n'
    '  api_id = aws_apigatewayv2_api.a.id\n  route_key = "%s"\n  authorization_type = "AWS_IAM"\n}\n'
)
GROUPED = "  parameter_group_name = aws_elasticache_parameter_group.p.name\n"
GROUP = 'resource "aws_elasticache_parameter_group" "p" {\n%s}\n'
KEY_POLICY = 'resource "aws_kms_key_policy" "p" {\n  key_id = aws_kms_key.k.id\n' + ALLOWED + "}\n"
WAITING = LOGS.replace(
    "kms_key_id = aws_kms_key.k.arn", "kms_key_id = aws_kms_key.k.arn\n  depends_on = [aws_kms_key_policy.p]"
)
FIREHOSE = (
    'resource "aws_kinesis_firehose_delivery_stream" "f" {\n  extended_s3_configuration {\n    buffering_size = %s\n'
    "    dynamic_partitioning_configuration {\n      enabled = true\n    }\n  }\n}\n"
)
MIGRATION = 'resource "aws_dms_replication_instance" "i" {\n  engine_version = "%s"\n}\n'
ENDPOINT = 'resource "aws_dms_endpoint" "e" {\n  engine_name = "%s"\n  ssl_mode = "require"\n}\n'
MAPPING = (
    'resource "aws_lambda_event_source_mapping" "m" {\n  event_source_arn = aws_sqs_queue.q.arn\n  function_name = aws_lambda_function.f.arn\n}\n'
    'resource "aws_sqs_queue" "q" {\n}\nresource "aws_lambda_function" "f" {\n  role = aws_iam_role.r.arn\n}\nresource "aws_iam_role" "r" {\n}\n'
)
ROLE_POLICY = (
    'resource "aws_iam_role_policy" "p" {\n  role = aws_iam_role.r.id\n  policy = jsonencode({ Action = ["%s"] })\n}\n'
)
ATTACHED = (
    'resource "aws_iam_role_policy_attachment" "a" {\n  role = aws_iam_role.r.name\n  policy_arn = aws_iam_policy.p.arn\n}\n'
    'resource "aws_iam_policy" "p" {\n  policy = data.aws_iam_policy_document.d.json\n}\n'
    'data "aws_iam_policy_document" "d" {\n  statement {\n    actions = ["sqs:*"]\n  }\n}\n'
)
BACKEND = 'terraform {\n  backend "%s" {\n%s  }\n}\n'


@pytest.mark.parametrize(
    ("taken", "refused", "message"),
    [
        (DATABASE % ("postgres", '"15"'), DATABASE % ("postgres", '"15.4"'), "no new databases of postgres 15.4"),
        (DATABASE % ("postgres", '"15.14"'), DATABASE % ("aurora-postgresql", '"15.4"'), "of aurora-postgresql 15.4"),
        (DATABASE % ("mysql", '"8.0"'), DATABASE % ("mysql", '"8.0.35"'), "of mysql 8.0.35"),
        (DATABASE % ("postgres", "var.v"), DATABASE % ("postgres", "var.v") + 'variable "v" {\n  default = "13.7"\n}\n', "of postgres 13.7"),
        (PASSWORD % "  special = false\n", PASSWORD % "", "the password may hold @, which aws_db_instance.d refuses"),
        (PASSWORD % '  override_special = "!#"\n', PASSWORD % '  override_special = "!/"\n', "may hold /"),
        (VOLUME % "400", VOLUME % "20", "iops cannot be set for gp3 below 400 GiB, and there are 20"),
        (REDIS % ("", "primary_endpoint_address"), REDIS % ("", "configuration_endpoint_address"), "is not a cluster"),
        (REDIS % ("  num_node_groups = 2\n", "configuration_endpoint_address"), REDIS % ("", "configuration_endpoint_address"), "is not a cluster"),
        (REDIS % (GROUPED, "primary_endpoint_address") + GROUP % "", REDIS % (GROUPED, "configuration_endpoint_address") + GROUP % "", "is not a cluster"),
        (
            REDIS % (GROUPED, "configuration_endpoint_address") + GROUP % '  parameter {\n    name = "cluster-enabled"\n  }\n',
            REDIS % ('  parameter_group_name = "default.redis7"\n', "configuration_endpoint_address"),
            "is not a cluster",
        ),
        (WAITING % "" + KEY_POLICY, LOGS % "" + KEY_POLICY, "nothing makes the log group wait for aws_kms_key_policy.p"),
        (FIREHOSE % "64", FIREHOSE % "1", "the buffer has to be of 64 MiB at least, and it is of 1"),
        (MIGRATION % "3.5.4", MIGRATION % "3.5.1", "DMS makes no new instances of version 3.5.1"),
        (ENDPOINT % "aurora-postgresql", ENDPOINT % "oracle", "an endpoint for Oracle does not accept ssl_mode require"),
        (MAPPING + ROLE_POLICY % "sqs:ReceiveMessage", MAPPING, "aws_iam_role.r is not granted sqs:ReceiveMessage"),
        (
            MAPPING.replace("q.arn", "q[each.key].arn") + ROLE_POLICY % "sqs:Receive*",
            MAPPING.replace("q.arn", "q[each.key].arn").replace("f.arn", "f[each.key].arn"),
            "is not granted sqs:ReceiveMessage",
        ),
        (MAPPING + ATTACHED, MAPPING + ROLE_POLICY % "sqs:SendMessage", "without which Lambda does not accept aws_sqs_queue.q as a source"),
        (
            MAPPING + 'resource "aws_iam_role_policy_attachment" "a" {\n  role = aws_iam_role.r.name\n  policy_arn = var.policy\n}\n',
            MAPPING + ROLE_POLICY % "logs:*",
            "aws_iam_role.r is not granted",
        ),
        (CERTIFICATE % "DNS", CERTIFICATE % "DNS" + LISTENER, "so aws_lb_listener.l never gets it"),
        (CERTIFICATE % "DNS" + LISTENER + RECORD, CERTIFICATE % "DNS" + LISTENER, "no record validates the certificate"),
        (CERTIFICATE % "EMAIL" + LISTENER, CERTIFICATE % "DNS" + LISTENER, "no record validates the certificate"),
        (LOGS % ALLOWED, LOGS % "", "the policy of aws_kms_key.k does not let CloudWatch Logs use it"),
        (LOGS % "  policy = var.policy\n", LOGS % "  policy = jsonencode({})\n", "the policy of aws_kms_key.k"),
        (LOGS % '  policy = file("key.json")\n', LOGS % "", "the policy of aws_kms_key.k"),
        (
            LOGS % "  policy = data.aws_iam_policy_document.d.json\n" + 'data "aws_iam_policy_document" "d" {\n  statement {\n    sid = "logs.x"\n  }\n}\n',
            LOGS % "  policy = data.aws_iam_policy_document.d.json\n" + 'data "aws_iam_policy_document" "d" {\n}\n',
            "the policy of aws_kms_key.k",
        ),
        (ACL + OWNERSHIP, ACL, "aws_s3_bucket.b takes no ACL"),
        (TRAIL % "  depends_on = [aws_s3_bucket_policy.p]\n" + POLICY, TRAIL % "" + POLICY, "nothing makes the trail wait for aws_s3_bucket_policy.p"),
        (TRAIL % "  depends_on = [time_sleep.w]\n" + WAIT + POLICY, TRAIL % "", "has no policy that lets CloudTrail write to it"),
        (BACKEND % ("local", ""), BACKEND % ("s3", "    key = 1\n"), "the backend leaves bucket open"),
        (QUEUE % "  fifo_topic = true\n", QUEUE % "", "a FIFO queue cannot subscribe to a standard topic"),
        (FIREWALL % "override_action", FIREWALL % "action", "a group of rules takes no action of its own"),
        (ROUTE % "$connect", ROUTE % "$disconnect", "only $connect takes an authorization"),
    ],
)  # fmt: skip
def test_what_aws_refuses(taken: str, refused: str, message: str) -> None:
    assert messages("TAP112", taken) == []
    (found,) = messages("TAP112", refused)
    assert message in found


ENVIRONMENT = 'variable "environment" {\n  default = "dev"\n}\n'
BUCKET = 'resource "aws_s3_bucket" "%s" {\n  bucket = %s\n}\n'
PARAMETER = 'resource "aws_ssm_parameter" "p" {\n  value = %s\n}\n'
SUBNET = 'resource "aws_subnet" "%s" {\n  availability_zone = %s\n}\n'
TAGGED = 'resource "aws_vpc" "v" {\n  tags = merge(local.tags, { Environment = %s })\n}\n'


@pytest.mark.parametrize(
    ("open", "written_out", "message"),
    [
        (ENVIRONMENT + TAGGED % "var.environment", ENVIRONMENT + TAGGED % '"Production"', "the tag is 'Production' in every environment"),
        (TAGGED % '"production"', ENVIRONMENT + TAGGED % '"production"', "var.environment distinguishes them"),
        (
            ENVIRONMENT + 'resource "aws_backup_selection" "s" {\n  selection_tag {\n    key = "Backup"\n    value = "prod"\n  }\n}\n',
            ENVIRONMENT + 'resource "aws_backup_selection" "s" {\n  selection_tag {\n    key = "Environment"\n    value = "prod"\n  }\n}\n',
            "it selects the tag 'prod' in every environment",
        ),
        (PARAMETER % '"real"', PARAMETER % '"placeholder"', "'placeholder' is a placeholder for a value that is missing"),
        (PARAMETER % '"CHANGE_ME"\n  lifecycle {\n    ignore_changes = [value]\n  }', PARAMETER % '"CHANGE_ME"', "'CHANGE_ME' is a placeholder for"),
        (SUBNET % ("a", '"us-east-1a"'), SUBNET % ("a", '"us-east-1a"') + SUBNET % ("b", '"us-east-1b"'), "names us-east-1a and us-east-1b"),
        (ENVIRONMENT + BUCKET % ("a", '"x-${var.environment}"'), ENVIRONMENT + BUCKET % ("a", '"x"'), "aws_s3_bucket.a has a name that is the same"),
        (
            ENVIRONMENT + 'locals {\n  name = "x-${var.environment}"\n}\n' + BUCKET % ("a", "local.name"),
            ENVIRONMENT + 'locals {\n  name = "x"\n}\n' + BUCKET % ("a", "local.name"),
            "aws_s3_bucket.a has a name",
        ),
        (ENVIRONMENT + BUCKET % ("a", '"x-${terraform.workspace}"'), ENVIRONMENT + BUCKET % ("a", '"x"'), "aws_s3_bucket.a has a name"),
        (BUCKET % ("a", '"x"'), "".join(BUCKET % (n, '"x"') for n in "abcd"), "aws_s3_bucket.a, aws_s3_bucket.b, aws_s3_bucket.c and 1 more have"),
        (ENVIRONMENT + BUCKET % ("a", "data.aws_caller_identity.me.account_id"), ENVIRONMENT + BUCKET % ("a", '"x"'), "has a name"),
    ],
)  # fmt: skip
def test_constants(open: str, written_out: str, message: str) -> None:
    assert messages("TAP113", open) == []
    (found,) = messages("TAP113", written_out)
    assert message in found


def test_names_that_the_contract_checks_are_left_to_it() -> None:
    assert messages("TAP113", ENVIRONMENT + BUCKET % ("a", '"x"'), 'names.suffix_variable = "environment"') == []


def test_tfvars_may_distinguish_names() -> None:
    stack = ENVIRONMENT + 'variable "bucket" {\n}\n' + BUCKET % ("a", "var.bucket")
    assert messages("TAP113", stack, **{"dev.tfvars": 'bucket = "a"\n', "prod.tfvars": 'bucket = "b"\n'}) == []


INGRESS = 'resource "aws_security_group" "g" {\n  ingress {\n    from_port = %s\n    to_port = %s\n    protocol = "%s"\n    cidr_blocks = %s\n  }\n}\n'
GRANT = 'resource "aws_iam_role_policy" "p" {\n  policy = jsonencode({ Statement = [{ Effect = "%s", Action = [%s], Resource = %s }] })\n}\n'
DOCUMENT = (
    'data "aws_iam_policy_document" "d" {\n  statement {\n    actions = ["s3:GetObject"]\n    resources = ["*"]\n  }\n}\n'
    'resource "%s" "p" {\n  policy = data.aws_iam_policy_document.d.json\n}\n'
)


@pytest.mark.parametrize(
    ("narrow", "wide", "message"),
    [
        (INGRESS % (443, 443, "tcp", '["0.0.0.0/0"]'), INGRESS % (22, 22, "tcp", '["0.0.0.0/0"]'), "gets in on port 22 (SSH)"),
        (INGRESS % (22, 22, "tcp", '["10.0.0.0/8"]'), INGRESS % (0, 65535, "tcp", '["0.0.0.0/0"]'), "port 22 (SSH), 3389"),
        (INGRESS % (22, 22, "tcp", "var.admins"), INGRESS % (0, 0, "-1", '["::/0"]'), "on every port"),
        (
            'resource "aws_security_group_rule" "r" {\n  type = "egress"\n  protocol = "-1"\n  cidr_blocks = ["0.0.0.0/0"]\n}\n',
            'resource "aws_security_group_rule" "r" {\n  type = "ingress"\n  protocol = "-1"\n  cidr_blocks = ["0.0.0.0/0"]\n}\n',
            "on every port",
        ),
        (GRANT % ("Allow", '"s3:GetObject"', "aws_s3_bucket.b.arn"), GRANT % ("Allow", '"s3:GetObject"', '"*"'), "grants s3:GetObject on every resource"),
        (GRANT % ("Deny", '"*"', '"*"'), GRANT % ("Allow", '"*"', '["*"]'), "grants everything on every resource"),
        (GRANT % ("Allow", '"ec2:DescribeInstances"', '"*"'), GRANT % ("Allow", '"ec2:*"', '"*"'), "grants ec2:* on every resource"),
        (DOCUMENT % "aws_kms_key", DOCUMENT % "aws_iam_policy", "grants s3:GetObject on every resource"),
        (
            'resource "aws_db_instance" "d" {\n  publicly_accessible = false\n}\n',
            'resource "aws_db_instance" "d" {\n  publicly_accessible = true\n}\n',
            "the database has a public address",
        ),
    ],
)  # fmt: skip
def test_what_is_open(narrow: str, wide: str, message: str) -> None:
    assert messages("TAP114", narrow) == []
    (found,) = messages("TAP114", wide)
    assert message in found


def test_what_the_contract_forbids_is_not_reported_twice() -> None:
    contract = "forbid = { open_ingress = true, iam_wildcards = true }"
    assert (
        messages("TAP114", INGRESS % (22, 22, "tcp", '["0.0.0.0/0"]') + GRANT % ("Allow", '"*"', '"*"'), contract) == []
    )
