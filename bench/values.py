"""How often do tapfix's checks of values agree with `terraform plan` on an emulator, by kind of value?

    python -m bench.values [--show]

Each row of `CASES` is an argument of a resource, with values that AWS accepts and values that it refuses. Each value
becomes a block of one module. It reaches the block through a variable that dev.tfvars sets, so that only `plan` can
see it. Values that plan accepts are also applied to the emulator. terraform must find the AWS provider
(TF_CLI_CONFIG_FILE); moto[server] must be installed.

The table counts values. Of those that plan refuses, tapfix reports an error (named) or not (missed). Of those that
plan accepts, tapfix reports an error (beyond: AWS refuses them at the apply; the emulator confirms some) or warns. Of
those that AWS accepts, tapfix reports an error or warns, which is false.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tapfix.module import Project
from tapfix.verify import Problem, Step, check_project, ladder


class Case(NamedTuple):
    """One argument. Its values replace `VALUE` in `body`."""

    kind: str
    type: str
    body: str
    good: tuple[object, ...]
    bad: tuple[object, ...]


class Trial(NamedTuple):
    """One value of one argument."""

    case: Case
    value: object
    good: bool
    address: str

    def __str__(self) -> str:
        return f"{self.case.type}: {json.dumps(self.value)}"


APPLY_SECONDS = 150.0

LAMBDA = """\
  function_name = "f-NAME"
  role          = "arn:aws:iam::123456789012:role/f"
  handler       = "index.handler"
  s3_bucket     = "code"
  s3_key        = "f.zip"
"""
DATABASE = """\
  identifier          = "db-NAME"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  skip_final_snapshot = true
"""
USER = '  username            = "dbadmin"\n  password            = "Correct-Horse-9"\n'
POSTGRES = f'{DATABASE}{USER}  engine              = "postgres"\n'
CLUSTER = """\
  cluster_identifier  = "cl-NAME"
  master_username     = "dbadmin"
  skip_final_snapshot = true
"""
FUNCTION = f'{LAMBDA}  runtime       = "python3.12"\n'
CACHE = (
    '  replication_group_id = "rg-NAME"\n  description          = "cache"\n  node_type            = "cache.t3.micro"\n'
)
SERVICE = '  name = "s-NAME"\n'
SUBNET = '  vpc_id     = "vpc-12345678"\n'
RULE = '  type              = "ingress"\n  security_group_id = "sg-12345678"\n  cidr_blocks       = ["10.0.0.0/8"]\n  protocol          = "tcp"\n'
LONG = "x" * 33

CASES = (
    Case("names", "aws_security_group", "  name = VALUE\n", ("web-sg", "my-sg-1"), ("sg-web", "x" * 256)),
    Case("names", "aws_security_group", "  name_prefix = VALUE\n", ("web-",), ("sg-web-",)),
    Case("names", "aws_lb", '  internal = true\n  subnets = ["subnet-1", "subnet-2"]\n  name = VALUE\n', ("app", LONG[:32]), (LONG, "internal-app", "app_lb", "-app", "app-")),
    Case("names", "aws_lb", '  internal = true\n  subnets = ["subnet-1", "subnet-2"]\n  name_prefix = VALUE\n', ("app-",), ("application-",)),
    Case("names", "aws_lb_target_group", '  port = 80\n  protocol = "HTTP"\n  vpc_id = "vpc-1"\n  name = VALUE\n', ("tg",), (LONG, "tg_1", "tg-")),
    Case("names", "aws_s3_bucket", "  bucket = VALUE\n", ("tap-stack-1", "a.b.c"), ("Tap-Stack", "ab", "tap_stack", "x" * 64, "-tap")),
    Case("names", "aws_db_instance", POSTGRES.replace('"db-NAME"', "VALUE"), ("db-one",), ("1db", "db--one", "db_one", "db-", "x" * 64)),
    Case("names", "aws_iam_role", '  assume_role_policy = "{}"\n  name = VALUE\n', ("role+=,.@-_x",), ("role one", "x" * 65, "role/one")),
    Case("names", "aws_iam_role", '  assume_role_policy = "{}"\n  name_prefix = VALUE\n', ("role-",), ("x" * 39,)),
    Case("names", "aws_lambda_function", FUNCTION.replace('"f-NAME"', "VALUE"), ("f_one-1",), ("f one", "x" * 65, "f.one")),
    Case("names", "aws_kms_alias", '  target_key_id = "12345678-1234-1234-1234-123456789012"\n  name = VALUE\n', ("alias/app",), ("app", "alias/a b")),
    Case("names", "aws_cloudwatch_log_group", "  name = VALUE\n", ("/aws/app",), ("a b", "x" * 513, "a:b")),
    Case("names", "aws_db_subnet_group", '  subnet_ids = ["subnet-1", "subnet-2"]\n  name = VALUE\n', ("db-subnets",), ("DB-Subnets",)),
    Case("names", "aws_dynamodb_table", '  billing_mode = "PAY_PER_REQUEST"\n  hash_key = "id"\n  attribute {\n    name = "id"\n    type = "S"\n  }\n  name = VALUE\n', ("table.1",), ("ta", "a b c")),
    Case("names", "aws_sqs_queue", "  name = VALUE\n", ("queue-1",), ("a b", "x" * 81)),
    Case("names", "aws_sns_topic", "  name = VALUE\n", ("topic-1",), ("a b", "topic/1")),
    Case("names", "aws_ecr_repository", "  name = VALUE\n", ("team/app",), ("A",)),
    Case("names", "aws_launch_template", "  name = VALUE\n", ("lt-app",), ("x" * 129, "lt app!")),
    Case("names", "aws_cloudwatch_event_rule", '  schedule_expression = "rate(5 minutes)"\n  name = VALUE\n', ("rule.1",), ("a b", "x" * 65)),
    Case("networks", "aws_vpc", "  cidr_block = VALUE\n", ("10.0.0.0/16", "10.0.0.0/28"), ("10.0.0.0/8", "10.0.0.0/29", "10.0.0.1/16", "10.0.0.0", "10.0.256.0/24")),
    Case("networks", "aws_subnet", f"{SUBNET}  cidr_block = VALUE\n", ("10.0.1.0/24",), ("10.0.1.7/24", "10.0.0.0/15", "10.0.1.0/33")),
    Case("networks", "aws_security_group_rule", "  from_port = 80\n  to_port = 80\n" + RULE.replace('"10.0.0.0/8"', "VALUE"), ("0.0.0.0/0", "10.0.0.1/32"), ("10.0.0.0", "10.0.0.300/24", "anywhere")),
    Case("networks", "aws_security_group", '  name = "n-NAME"\n  ingress {\n    from_port = 80\n    to_port = 80\n    protocol = "tcp"\n    cidr_blocks = [VALUE]\n  }\n', ("0.0.0.0/0",), ("0.0.0.0", "10.0.0.0/40")),
    Case("networks", "aws_route", '  route_table_id = "rtb-1"\n  gateway_id = "igw-1"\n  destination_cidr_block = VALUE\n', ("0.0.0.0/0",), ("0.0.0.0", "10.0.0.1/24")),
    Case("ports", "aws_security_group_rule", f"{RULE}  to_port = 443\n  from_port = VALUE\n", (443, 0), (65536, -2)),
    Case("ports", "aws_lb_target_group", '  protocol = "HTTP"\n  vpc_id = "vpc-1"\n  port = VALUE\n', (80,), (0, 65536)),
    Case("words", "aws_dynamodb_table", '  name = "t-NAME"\n  hash_key = "id"\n  attribute {\n    name = "id"\n    type = "S"\n  }\n  billing_mode = VALUE\n', ("PAY_PER_REQUEST",), ("ON_DEMAND",)),
    Case("words", "aws_dynamodb_table", '  name = "u-NAME"\n  billing_mode = "PAY_PER_REQUEST"\n  hash_key = "id"\n  attribute {\n    name = "id"\n    type = VALUE\n  }\n', ("N",), ("String",)),
    Case("words", "aws_lb", '  name = "w-NAME"\n  internal = true\n  subnets = ["subnet-1", "subnet-2"]\n  load_balancer_type = VALUE\n', ("application",), ("classic", "alb")),
    Case("words", "aws_lb_target_group", '  name = "x-NAME"\n  port = 80\n  protocol = "HTTP"\n  vpc_id = "vpc-1"\n  target_type = VALUE\n', ("ip",), ("container",)),
    Case("words", "aws_ebs_volume", '  availability_zone = "us-east-1a"\n  size = 8\n  type = VALUE\n', ("gp3",), ("gp4", "ssd")),
    Case("words", "aws_ecs_service", '  cluster = "c"\n  task_definition = "t:1"\n' + SERVICE + "  launch_type = VALUE\n", ("FARGATE", "EC2"), ("SERVERLESS",)),
    Case("words", "aws_ecs_task_definition", '  family = "t-NAME"\n  container_definitions = "[]"\n  network_mode = VALUE\n', ("awsvpc",), ("vpc",)),
    Case("words", "aws_eip", "  domain = VALUE\n", ("vpc",), ("ec2",)),
    Case("words", "aws_s3_bucket_versioning", '  bucket = "b"\n  versioning_configuration {\n    status = VALUE\n  }\n', ("Enabled",), ("On", "true")),
    Case("words", "aws_s3_bucket_server_side_encryption_configuration", '  bucket = "b"\n  rule {\n    apply_server_side_encryption_by_default {\n      sse_algorithm = VALUE\n    }\n  }\n', ("aws:kms", "AES256"), ("aes-256", "KMS")),
    Case("words", "aws_cloudwatch_metric_alarm", '  alarm_name = "a-NAME"\n  evaluation_periods = 1\n  metric_name = "m"\n  namespace = "n"\n  period = 60\n  statistic = "Average"\n  threshold = 1\n  comparison_operator = VALUE\n', ("GreaterThanThreshold",), ("GreaterThan",)),
    Case("words", "aws_kms_key", "  customer_master_key_spec = VALUE\n", ("SYMMETRIC_DEFAULT",), ("AES_256",)),
    Case("words", "aws_autoscaling_group", '  min_size = 1\n  max_size = 1\n  availability_zones = ["us-east-1a"]\n  launch_configuration = "lc"\n  health_check_type = VALUE\n', ("ELB",), ("ALB",)),
    Case("ranges", "aws_lambda_function", f"{FUNCTION}  memory_size = VALUE\n", (128, 10240), (64, 20480)),
    Case("ranges", "aws_lambda_function", f"{FUNCTION}  timeout = VALUE\n", (900,), (901, 0)),
    Case("ranges", "aws_db_instance", f"{POSTGRES}  backup_retention_period = VALUE\n", (0, 35), (36,)),
    Case("ranges", "aws_db_instance", f"{POSTGRES}  monitoring_interval = VALUE\n", (60, 0), (20,)),
    Case("ranges", "aws_kms_key", "  deletion_window_in_days = VALUE\n", (7, 30), (6, 31)),
    Case("ranges", "aws_sqs_queue", '  name = "q-NAME"\n  visibility_timeout_seconds = VALUE\n', (43200,), (43201,)),
    Case("ranges", "aws_sqs_queue", '  name = "r-NAME"\n  message_retention_seconds = VALUE\n', (1209600,), (1209601, 59)),
    Case("ranges", "aws_lb_target_group", '  name = "y-NAME"\n  port = 80\n  protocol = "HTTP"\n  vpc_id = "vpc-1"\n  health_check {\n    interval = VALUE\n  }\n', (30,), (4, 301)),
    Case("ranges", "aws_secretsmanager_secret", '  name = "s-NAME"\n  recovery_window_in_days = VALUE\n', (0, 7), (1, 31)),
    Case("retention", "aws_cloudwatch_log_group", '  name = "l-NAME"\n  retention_in_days = VALUE\n', (0, 1, 30, 365, 3653), (10, 15, 45, 364, 999)),
    Case("runtimes", "aws_lambda_function", f"{LAMBDA}  runtime = VALUE\n", ("python3.12", "nodejs20.x", "provided.al2023", "java21", "python3.8", "nodejs16.x"), ("python3.99", "nodejs20", "python", "node20.x", "go1.21")),
    Case("runtimes no longer created", "aws_lambda_function", f"{LAMBDA}  runtime = VALUE\n", (), ("python2.7", "nodejs10.x", "nodejs12.x", "python3.6", "dotnetcore2.1", "ruby2.5")),
    Case("engines", "aws_db_instance", f"{DATABASE}{USER}  engine = VALUE\n", ("mysql", "postgres", "mariadb"), ("postgresql", "mongodb", "sqlserver")),
    Case("engines", "aws_rds_cluster", f'{CLUSTER}  master_password = "Correct-Horse-9"\n  engine = VALUE\n', ("aurora-mysql", "aurora-postgresql", "mysql"), ("aurora-postgres", "postgresql")),
    Case("engines", "aws_elasticache_replication_group", f"{CACHE}  engine = VALUE\n", ("redis", "valkey"), ("memcached", "redis7")),
    Case("engine versions", "aws_db_instance", f"{POSTGRES}  engine_version = VALUE\n", ("15.4", "16", "11.22", "13"), ("8.0.35", "5.7", "8.0")),
    Case("engine versions", "aws_db_instance", f'{DATABASE}{USER}  engine = "mysql"\n  engine_version = VALUE\n', ("8.0", "5.7", "8.4.3", "8.0.35"), ("15.4", "10.6", "13")),
    Case("engine versions", "aws_db_instance", f'{DATABASE}{USER}  engine = "mariadb"\n  engine_version = VALUE\n', ("10.6", "11.4"), ("8.0", "15.4")),
    Case("engine versions", "aws_rds_cluster", f'{CLUSTER}  master_password = "Correct-Horse-9"\n  engine = "aurora-postgresql"\n  engine_version = VALUE\n', ("15.4", "13.9"), ("8.0.mysql_aurora.3.04.0", "5.7")),
    Case("engine versions", "aws_rds_cluster", f'{CLUSTER}  master_password = "Correct-Horse-9"\n  engine = "aurora-mysql"\n  engine_version = VALUE\n', ("8.0.mysql_aurora.3.04.0", "5.7.mysql_aurora.2.11.2"), ("15.4", "13")),
    Case("engine versions", "aws_elasticache_replication_group", f'{CACHE}  engine = "redis"\n  engine_version = VALUE\n', ("7.0", "6.x", "6.2", "5.0.6", "7.1"), ("7.0.5", "6.2.6", "redis7", "7")),
    Case("engine versions", "aws_elasticache_cluster", '  cluster_id = "c-NAME"\n  engine = "redis"\n  node_type = "cache.t3.micro"\n  num_cache_nodes = 1\n  engine_version = VALUE\n', ("7.0", "5.0.6"), ("7.0.5", "latest")),
    Case("engine versions", "aws_docdb_cluster", CLUSTER + '  master_password = "Correct-Horse-9"\n  engine_version = VALUE\n', ("5.0.0", "4.0.0"), ("15.4",)),
    Case("database names", "aws_db_instance", f"{POSTGRES}  db_name = VALUE\n", ("app", "app_db1"), ("app-db", "1app", "app db")),
    Case("database names", "aws_rds_cluster", f'{CLUSTER}  master_password = "Correct-Horse-9"\n  engine = "aurora-mysql"\n  database_name = VALUE\n', ("app", "appdb1"), ("app-db", "1app")),
    Case("user names", "aws_db_instance", f'{DATABASE}  password = "Correct-Horse-9"\n  engine = "postgres"\n  username = VALUE\n', ("dbadmin", "postgres"), ("admin", "db-admin", "1admin", "rdsadmin")),
    Case("user names", "aws_db_instance", f'{DATABASE}  password = "Correct-Horse-9"\n  engine = "mysql"\n  username = VALUE\n', ("admin", "root"), ("db-admin", "rdsadmin")),
    Case("passwords", "aws_db_instance", f'{DATABASE}  username = "dbadmin"\n  engine = "postgres"\n  password = VALUE\n', ("Correct-Horse-9", "x" * 128), ("pass/word1", "p@ssword1", 'pass"word1', "pass word1", "short", "x" * 129)),
    Case("passwords", "aws_db_instance", f'{DATABASE}  username = "dbadmin"\n  engine = "mysql"\n  password = VALUE\n', ("x" * 41,), ("x" * 42, "p@ssword1")),
    Case("passwords", "aws_rds_cluster", f'{CLUSTER}  engine = "aurora-mysql"\n  master_password = VALUE\n', ("Correct-Horse-9",), ("p@ssword1", "short")),
    Case("passwords", "aws_docdb_cluster", f"{CLUSTER}  master_password = VALUE\n", ("Correct-Horse-9",), ("p@ssword1", "short")),
    Case("passwords", "aws_redshift_cluster", '  cluster_identifier = "rs-NAME"\n  node_type = "dc2.large"\n  master_username = "dbadmin"\n  skip_final_snapshot = true\n  master_password = VALUE\n', ("Correct1Horse",), ("p@ssword1A", "short1A", "alllowercase1")),
    Case("passwords", "aws_elasticache_replication_group", f"{CACHE}  transit_encryption_enabled = true\n  auth_token = VALUE\n", ("x" * 16,), ("short", "x" * 129)),
    Case("ARNs", "aws_lambda_function", FUNCTION.replace('"arn:aws:iam::123456789012:role/f"', "VALUE"), ("arn:aws:iam::123456789012:role/g",), ("role/f", "arn:aws:iam")),
    Case("documents", "aws_iam_policy", '  name = "p-NAME"\n  policy = VALUE\n', ('{"Version": "2012-10-17", "Statement": []}',), ("{", "not JSON")),
    Case("schedules", "aws_cloudwatch_event_rule", '  name = "e-NAME"\n  schedule_expression = VALUE\n', ("rate(5 minutes)", "cron(0 12 * * ? *)"), ("every day", "x" * 257)),
)  # fmt: skip

NETWORKS = """
resource "aws_vpc" "outer" {
  cidr_block = "10.20.0.0/16"
}
resource "aws_subnet" "inside" {
  vpc_id     = aws_vpc.outer.id
  cidr_block = "10.20.1.0/24"
}
resource "aws_subnet" "outside" {
  vpc_id     = aws_vpc.outer.id
  cidr_block = "10.21.1.0/24"
}
resource "aws_subnet" "overlapping" {
  vpc_id     = aws_vpc.outer.id
  cidr_block = "10.20.1.128/25"
}
"""


def trials() -> list[Trial]:
    found = [
        Trial(case, value, good, f"{case.type}.v{row:02}{'g' if good else 'b'}{place}")
        for row, case in enumerate(CASES)
        for good, values in ((True, case.good), (False, case.bad))
        for place, value in enumerate(values)
    ]
    network = Case("networks in networks", "aws_subnet", "", (), ())
    found.append(Trial(network, "10.20.1.0/24", True, "aws_subnet.inside"))
    found.append(Trial(network, "10.21.1.0/24", False, "aws_subnet.outside"))
    found.append(Trial(network, "10.20.1.128/25", False, "aws_subnet.overlapping"))
    return found


def module(chosen: Iterable[Trial]) -> dict[str, str]:
    """A module with one block for each trial."""
    blocks, values = ['provider "aws" {\n  region = "us-east-1"\n}\n'], []
    wanted = set()
    for trial in chosen:
        type, name = trial.address.split(".")
        if not trial.case.body:
            wanted.add(name)
            continue
        body = trial.case.body.replace("VALUE", f"var.{name}").replace("NAME", name)
        blocks.append(f'resource "{type}" "{name}" {{\n{body}}}\nvariable "{name}" {{}}\n')
        values.append(f"{name} = {json.dumps(trial.value)}\n")
    for text in NETWORKS.split("\n}\n"):
        if '"outer"' in text or any(f'"{name}"' in text for name in wanted):
            blocks.append(text + "\n}\n")
    return {"main.tf": "\n".join(blocks), "dev.tfvars": "".join(values)}


def refusals(steps: Iterable[Step], name: str) -> dict[str, str]:
    """The messages of a step by address. Errors without a block end the run."""
    found = {}
    for step in steps:
        if step.step == name and step.status == "skipped":
            sys.exit(f"no {name}: {step.detail}")
        for problem in step.problems if step.step == name else ():
            if problem.severity == "error":
                found[problem.address] = problem.message
    return found


def failures(steps: Iterable[Step]) -> frozenset[str]:
    """The addresses of the blocks that the apply could not create in its time; the emulator lets some wait for ever."""
    lines = (line for step in steps if step.step == "apply" for line in step.output.splitlines())
    events = (json.loads(line) for line in lines if line.startswith('{"') and '"apply_errored"' in line)
    return frozenset(event["hook"]["resource"]["addr"] for event in events)


def own(texts: Mapping[str, str]) -> dict[str, list[Problem]]:
    found = defaultdict(list)
    for problem in check_project(Project(texts)):
        found[problem.address].append(problem)
    return found


COLUMNS = (
    "values",
    "plan refuses",
    "named",
    "missed",
    "beyond",
    "confirmed",
    "warned of",
    "unnoticed",
    "good",
    "false",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--show", action="store_true", help="list what is missed, beyond and false")
    given = parser.parse_args()
    everything = trials()
    texts = module(everything)
    said = own(texts)
    planned = refusals(ladder(texts, upto="plan"), "plan")
    standing = [trial for trial in everything if trial.address not in planned]
    applied = failures(ladder(module(standing), upto="apply", timeout=APPLY_SECONDS))
    rows: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for trial in everything:
        row = rows[trial.case.kind]
        severities = {problem.severity for problem in said[trial.address]}
        word = ""
        if trial.good:
            row["good"] += 1
            if severities or trial.address in planned:
                row["false"] += bool(severities)
                word = "false" if severities else "plan refuses what was held to be good"
        else:
            row["values"] += 1
            row["plan refuses"] += trial.address in planned
            if trial.address in planned:
                word = "" if "error" in severities else "missed"
                row["missed" if word else "named"] += 1
            elif "error" in severities:
                word = "beyond"
                row["beyond"] += 1
                row["confirmed"] += trial.address in applied
            elif severities:
                word = "warned of"
                row["warned of"] += 1
                row["confirmed"] += trial.address in applied
            else:
                word = "unnoticed"
                row["unnoticed"] += 1
        if given.show and word:
            why = planned.get(trial.address, "the emulator refuses it" if trial.address in applied else "")
            mine = "; ".join(problem.message for problem in said[trial.address])
            print(f"{word}: {trial} [{mine}] {why[:160]}", file=sys.stderr)
    print("| kind | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for kind, row in [*rows.items(), ("all", {c: sum(row[c] for row in rows.values()) for c in COLUMNS})]:
        print(f"| {kind} | " + " | ".join(str(row[column]) for column in COLUMNS) + " |")


if __name__ == "__main__":
    main()
