"""The steps of the ladder that need nothing but tapfix report what is wrong, and nothing else."""

from __future__ import annotations

import pytest

from tapfix.module import Project
from tapfix.verify import Problem, check, check_project, steps

VALID = (
    """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "s3" {}
}
provider "aws" {
  region = var.region
  default_tags { tags = local.tags }
  dynamic "assume_role" {
    for_each = var.role == null ? [] : [var.role]
    content { role_arn = assume_role.value }
  }
}
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
variable "region" { type = string }
variable "role" {
  type    = string
  default = null
}
variable "cfg" {
  type = object({
    name  = string
    size  = optional(number, 2)
    rules = optional(list(object({ port = number, cidrs = optional(list(string), []) })), [])
    tags  = optional(map(string), {})
  })
  default = { name = "x" }
  validation {
    condition     = length(var.cfg.name) > 0 && var.cfg.size < 10
    error_message = "bad"
  }
}
variable "subnets" {
  type    = map(object({ cidr = string, az = string, public = bool }))
  default = { a = { cidr = "10.0.0.0/24", az = "us-east-1a", public = true } }
}
variable "anything" {
  type    = any
  default = {}
}
variable "names" { default = ["a", "b"] }
"""
    """
locals {
  tags    = merge({ App = "x" }, var.cfg.tags)
  public  = { for k, s in var.subnets : k => s if s.public }
  pairs   = flatten([for k, s in var.subnets : [for r in var.cfg.rules : { key = "${k}-${r.port}", port = r.port }]])
  grouped = { for k, s in var.subnets : s.az => k... }
  env     = lookup({ dev = { n = 1 }, prod = { n = 3 } }, terraform.workspace, { n = 2 })
  n       = local.env.n
  first   = try(local.pairs[0].port, 80)
  ok      = can(regex("^a", var.cfg.name)) ? "yes" : "no"
  x       = var.anything.foo.bar[0].baz
  z       = [for i in range(3) : cidrsubnet("10.0.0.0/16", 8, i)]
  t       = <<-EOT
    %{for k, v in var.subnets~}
    ${k}=${v.cidr}
    %{endfor~}
    %{if var.role != null}${var.role}%{else}none%{endif}
  EOT
  mixed   = { a = 1, "b" = "two", (var.region) = true }
  nested  = { dev = { azs = ["a"] }, prod = { azs = ["a", "b"] } }
  cur     = local.nested["dev"].azs
  cur2    = local.nested[var.region].azs
  neg     = -local.n + 2 * 3
  cmp     = local.n > 2 && var.cfg.name != "x" || !var.subnets["a"].public
  tuple   = ["a", 1, true]
  tt      = local.tuple[1] + 1
  vals    = values(var.subnets)[*].cidr
  one     = one(aws_nat_gateway.this[*].id)
  splat   = aws_subnet.s2.*.id
  arn     = provider::aws::arn_build("aws", "iam", "", "123456789012", "role/x")
}
data "aws_availability_zones" "az" { state = "available" }
data "aws_iam_policy_document" "doc" {
  dynamic "statement" {
    for_each = var.cfg.rules
    iterator = it
    content {
      sid       = "S${it.key}"
      resources = ["arn:aws:s3:::${it.value.port}"]
      dynamic "condition" {
        for_each = it.value.cidrs
        content {
          test     = "IpAddress"
          variable = "aws:SourceIp"
          values   = [condition.value]
        }
      }
    }
  }
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  depends_on = [aws_vpc.main]
  lifecycle {
    ignore_changes        = [tags, tags["x"], tags_all]
    create_before_destroy = true
    precondition {
      condition     = data.aws_availability_zones.az.names[0] != ""
      error_message = "no"
    }
    postcondition {
      condition     = self.id != ""
      error_message = "no"
    }
  }
}
resource "aws_subnet" "s" {
  for_each                = local.public
  vpc_id                  = aws_vpc.main.id
  cidr_block              = each.value.cidr
  map_public_ip_on_launch = "true"
  tags                    = { Name = each.key, Count = 3 }
}
resource "aws_subnet" "s2" {
  count      = length(data.aws_availability_zones.az.names) > 2 ? 3 : "2"
  provider   = aws.west
  vpc_id     = aws_vpc.main.id
  cidr_block = local.z[count.index]
}
resource "aws_nat_gateway" "this" {
  count         = var.role == null ? 0 : 1
  allocation_id = aws_eip.e.id
  subnet_id     = values(aws_subnet.s)[0].id
  depends_on    = [aws_vpc.main, data.aws_availability_zones.az, aws_subnet.s2[0]]
}
resource "aws_eip" "e" { domain = "vpc" }
resource "aws_security_group" "sg" {
  name   = "web"
  vpc_id = aws_vpc.main.id
  ingress = [{
    description = "", from_port = 1, to_port = "2", protocol = "tcp", cidr_blocks = [], ipv6_cidr_blocks = [],
    prefix_list_ids = [], security_groups = [], self = false
  }]
  dynamic "egress" {
    for_each = toset(["80", "443"])
    content {
      from_port   = egress.value
      to_port     = egress.key
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = var.anything.type
  root_block_device {
    volume_size = "20"
    encrypted   = true
  }
  provisioner "local-exec" {
    when       = destroy
    on_failure = continue
    command    = "echo ${self.id}"
  }
  connection {
    type = "ssh"
    host = self.public_ip
  }
  timeouts { create = "5m" }
}
resource "aws_acm_certificate" "c" {
  domain_name       = "x.example.com"
  validation_method = "DNS"
}
resource "aws_route53_record" "r" {
  for_each = {
    for o in aws_acm_certificate.c.domain_validation_options : o.domain_name => { name = o.resource_record_name }
  }
  zone_id  = "Z1"
  name     = each.value.name
  type     = "CNAME"
  ttl      = 60
  records  = ["x"]
}
resource "terraform_data" "d" { input = { a = [1, "x"] } }
resource "some_other" "thing" {
  whatever = 1
  any { thing = var.region }
}
output "a" { value = aws_instance.i.root_block_device[0].volume_id }
output "b" { value = { for k, s in aws_subnet.s : k => s.id } }
output "c" { value = aws_subnet.s["a"].arn }
output "d" { value = terraform_data.d.output.a }
output "e" { value = aws_security_group.sg.ingress }
output "f" { value = some_other.thing.no.one.knows[0] }
moved {
  from = aws_vpc.old
  to   = aws_vpc.main
}
check "health" {
  data "aws_vpc" "v" { id = aws_vpc.main.id }
  assert {
    condition     = data.aws_vpc.v.state == "available"
    error_message = "x"
  }
}
"""
)


def problems(text: str, **files: str) -> tuple[Problem, ...]:
    texts = {"main.tf": text, **{name.replace("__", "/").replace("_tf", ".tf"): body for name, body in files.items()}}
    return check_project(Project(texts))


def kinds(text: str, **files: str) -> list[str]:
    return [problem.kind for problem in problems(text, **files)]


def test_what_terraform_takes_is_no_problem() -> None:
    """Terraform 1.11.4 with the AWS provider 5.100.0 validates this text (except the provider that does not exist)."""
    assert problems(VALID) == ()


BAD = [
    ('resource "aws_vpc" "a" {', "syntax"),
    ('output "x" { value = var.gone }', "undeclared-variable"),
    ('output "x" { value = local.gone }', "undeclared-local"),
    ('output "x" { value = module.gone.y }', "undeclared-module"),
    ('output "x" { value = aws_vpc.gone.id }', "undeclared-resource"),
    ('output "x" { value = data.aws_vpc.gone.id }', "undeclared-resource"),
    ('output "x" { value = try(aws_vpc.gone.id, "") }', "undeclared-resource"),
    ('output "x" { value = somewhere }', "invalid-reference"),
    ('output "x" { value = each.key }', "invalid-reference"),
    ('output "x" { value = count.index }', "invalid-reference"),
    ('output "x" { value = path.home }', "invalid-reference"),
    ('output "x" { value = lenght("a") }', "unknown-function"),
    ('output "x" { value = lookup({}) }', "argument-count"),
    ('output "x" { value = upper(["a"]) }', "wrong-type"),
    ('output "x" { value = "a" + 1 }', "invalid-operand"),
    ('output "x" { value = true ? {} : toset(["a"]) }', "wrong-type"),
    ('output "x" { value = true ? "a" : ["a"] }', "wrong-type"),
    ('output "x" { value = "${[1]}-a" }', "wrong-type"),
    ("locals {\n  a = { b = 1 }\n  c = local.a.d\n}", "unsupported-attribute"),
    ("locals {\n  a = [1]\n  c = local.a[3]\n}", "invalid-index"),
    ("locals {\n  a = local.b\n  b = local.a\n}", "cycle"),
    ("locals {\n  a = local.a\n}", "self-reference"),
    ("locals {\n  a = 1\n}\nlocals {\n  a = 2\n}", "duplicate"),
    ('variable "a" {}\nvariable "a" {}', "duplicate"),
    ('variable "a" {\n  type = "string"\n}', "invalid-type"),
    ('variable "a" {\n  type    = number\n  default = "x"\n}', "wrong-type"),
    ('variable "a" {\n  default = timestamp()\n}', "not-constant"),
    ('variable "count" {}', "invalid-name"),
    ('variable "a" {\n  typ = string\n}', "unknown-argument"),
    ('output "x" {}', "missing-argument"),
    ('resouce "aws_vpc" "a" {}', "unknown-block"),
    ('resource "aws_vpc" {}', "wrong-labels"),
    ('provider "aws" {\n  for_each = toset([])\n}', "reserved-argument"),
    ('module "m" {\n  source = "./gone"\n}', "missing-module"),
    ('resource "aws_vpcs" "a" {}', "unknown-type"),
    ('data "aws_no_such_thing" "a" {}', "unknown-type"),
    ('resource "aws_vpc" "a" {\n  cidr = "10.0.0.0/16"\n}', "unknown-argument"),
    ('resource "aws_vpc" "a" {\n  arn = "x"\n}', "computed-argument"),
    ('resource "aws_vpc" "a" {\n  tags {\n    Name = "x"\n  }\n}', "argument-for-block"),
    ('resource "aws_vpc" "a" {\n  tags = "x"\n}', "wrong-type"),
    ('resource "aws_vpc" "a" {\n  count = "many"\n}', "wrong-type"),
    ('resource "aws_vpc" "a" {\n  for_each = ["a"]\n}', "wrong-type"),
    ('resource "aws_subnet" "a" {\n  cidr_block = "10.0.0.0/24"\n}', "missing-argument"),
    ('resource "aws_iam_role" "a" {\n  assume_role_policy = null\n}', "missing-argument"),
    ('resource "aws_lb_listener" "a" {\n  load_balancer_arn = "arn:aws:x:y:z:q"\n}', "too-few-blocks"),
    ('resource "aws_lb" "a" {\n  subnets     = ["a"]\n  access_logs = { bucket = "x" }\n}', "block-for-argument"),
    ('resource "aws_vpc" "a" {\n  lifecycle {\n    prevent_destroy = var.x\n  }\n}\nvariable "x" {}', "not-constant"),
    ('resource "aws_vpc" "a" {\n  lifecycle {\n    ignore_changes = [nothing]\n  }\n}', "unknown-attribute"),
    ('resource "aws_vpc" "a" {\n  provisioner "shell" {}\n}', "unknown-provisioner"),
    ('resource "aws_vpc" "a" {\n  depends_on = [aws_vpc.b.id]\n}\nresource "aws_vpc" "b" {}', "invalid-dependency"),
    (
        'check "a" {\n  data "aws_vpc" "b" {\n    count = 1\n  }\n'
        '  assert {\n    condition     = true\n    error_message = "x"\n  }\n}',
        "unknown-argument",
    ),
    ('resource "aws_vpc" "a" {\n  provider = aws.x[0]\n}', "invalid-provider"),
    ('resource "aws_vpc" "a" {}\noutput "x" { value = aws_vpc.a.nothing }', "unknown-attribute"),
    ('resource "aws_vpc" "a" {}\noutput "x" { value = aws_vpc.a[0].id }', "unexpected-instance"),
    ('resource "aws_vpc" "a" {\n  count = 2\n}\noutput "x" { value = aws_vpc.a.id }', "missing-instance"),
    ('resource "aws_vpc" "a" {\n  cidr_block = aws_vpc.a.id\n}', "self-reference"),
    (
        'resource "aws_vpc" "a" {\n  tags = { x = aws_eip.b.id }\n}\n'
        'resource "aws_eip" "b" {\n  depends_on = [aws_vpc.a]\n}',
        "cycle",
    ),
]


@pytest.mark.parametrize(("text", "kind"), BAD, ids=[f"{kind}-{number}" for number, (_, kind) in enumerate(BAD)])
def test_what_terraform_refuses_is_named(text: str, kind: str) -> None:
    found = problems(text)
    assert kind in {problem.kind for problem in found}
    assert len(found) <= 2  # One fault does not cause many problems.


def test_places() -> None:
    (problem,) = problems('resource "aws_vpc" "a" {\n  cidr_block = var.gone\n}\n')
    assert (problem.step, problem.address, problem.file, problem.line, problem.column) == (
        "references",
        "aws_vpc.a",
        "main.tf",
        2,
        16,
    )
    assert str(problem) == 'main.tf:2: aws_vpc.a: the variable "gone" is not declared'


def test_a_problem_keeps_its_key_when_lines_move() -> None:
    text = 'resource "aws_vpc" "a" {\n  cidr_block = var.gone\n}\n'
    assert [p.key for p in problems(text)] == [p.key for p in problems("# moved\n\n" + text)]


def test_names_in_broken_text_count_as_declared() -> None:
    text = 'output "x" { value = aws_vpc.a.id }\nresource "aws_vpc" "a" {\n  cidr_block = "10.0\n'
    assert {problem.step for problem in problems(text)} == {"parses"}


def test_undeclared_aliases_are_warnings() -> None:
    (problem,) = problems('resource "aws_vpc" "a" {\n  provider = aws.west\n}')
    assert (problem.kind, problem.severity) == ("undeclared-provider", "warning")


def test_versions_of_the_provider() -> None:
    head = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "%s" }\n  }\n}\n'
    text = 'resource "aws_vpc" "a" {\n  region = "us-east-1"\n}'
    assert kinds(head % "~> 5.0" + text) == ["unknown-argument"]
    assert kinds(head % "~> 6.0" + text) == []
    assert kinds(head % "~> 4.0" + text) == []  # The data does not have this version.


def test_other_hcl_is_none_of_the_modules_files() -> None:
    files = {
        "main.tf": 'resource "aws_vpc" "a" {}',
        "backend.hcl": 'bucket = "x"\n',
        "live/terragrunt.hcl": "inputs = {\n",
    }
    project = Project(files)
    assert check_project(project) == ()
    assert [module.folder for module in project.modules] == [""]
    assert [file.path for file in project.root.configuration] == ["main.tf"]


def test_other_providers_of_the_same_name_are_unknown() -> None:
    head = 'terraform {\n  required_providers {\n    aws = { source = "example/aws" }\n  }\n}\n'
    assert kinds(head + 'resource "aws_vpc" "a" {\n  anything = 1\n}') == []


def test_calls_of_modules() -> None:
    child = 'variable "a" {}\nvariable "b" {\n  type    = number\n  default = 1\n}\noutput "out" { value = var.a }'
    call = 'module "m" {\n  source = "./m"\n%s}\noutput "x" { value = module.m.%s }'
    assert kinds(call % ("  a = 1\n", "out"), m__main_tf=child) == []
    assert kinds(call % ("", "out"), m__main_tf=child) == ["missing-argument"]
    assert kinds(call % ("  a = 1\n  c = 1\n", "out"), m__main_tf=child) == ["unknown-argument"]
    assert kinds(call % ("  a = 1\n  b = []\n", "out"), m__main_tf=child) == ["wrong-type"]
    assert kinds(call % ("  a = 1\n", "gone"), m__main_tf=child) == ["unsupported-attribute"]


def test_files_that_functions_read() -> None:
    text = 'output "x" { value = file("${path.module}/a.sh") }\noutput "y" { value = filebase64sha256("b.zip") }'
    project = Project({"main.tf": text})
    assert check(project.root, project) == ()
    found = check(project.root, project, files={"main.tf"})
    assert [(p.kind, p.severity) for p in found] == [("missing-file", "error"), ("missing-file", "warning")]
    assert check(project.root, project, files={"main.tf", "a.sh", "b.zip"}) == ()


def test_values_of_the_environments() -> None:
    text = 'variable "a" {}\nvariable "n" {\n  type = number\n}\nvariable "s" {\n  sensitive = true\n}'
    files = {"main.tf": text, "dev.tfvars": 'a = 1\nn = "x"\nz = 1\n', "prod.tfvars": "n = 1\n"}
    found = check_project(Project(files))
    assert sorted((p.kind, p.address or p.file) for p in found) == [
        ("undeclared-value", "dev.tfvars"),
        ("unset-variable", "var.a"),
        ("wrong-value", "dev.tfvars"),
    ]
    always = files | {"terraform.tfvars": "a = 2\n"}
    assert "unset-variable" not in {p.kind for p in check_project(Project(always))}


def test_values_that_the_provider_refuses() -> None:
    def found(body: str, type: str = "aws_cloudwatch_log_group") -> list[str]:
        return kinds(f'variable "days" {{\n  default = 13\n}}\nresource "{type}" "a" {{\n{body}\n}}')

    assert found("retention_in_days = 14") == []
    assert found("retention_in_days = 15") == ["refused-value"]
    assert found("retention_in_days = var.days") == ["refused-value"]
    assert found('retention_in_days = 14\n  log_group_class = "NONE"') == ["refused-value"]
    assert found('name = "a"\n  name_prefix = "b"') == ["conflict"] * 2
    assert found('name_prefix = "sg-x"', "aws_security_group") == ["refused-value"]
    assert found('recovery_window_in_days = 0\n  name = "x"', "aws_secretsmanager_secret") == []
    assert found('recovery_window_in_days = 3\n  name = "x"', "aws_secretsmanager_secret") == ["refused-value"]


def test_values_that_a_call_passes() -> None:
    child = 'variable "name" {}\nresource "aws_route53_zone" "z" {\n  %sname = var.name\n}\n'
    call = 'module "m" {\n  source = "./m"\n  name   = ""\n}\n'
    assert kinds(call, m__main_tf=child % "") == ["refused-value"]
    assert kinds(call, m__main_tf=child % 'count = var.name != "" ? 1 : 0\n  ') == []


def test_networks() -> None:
    vpc = 'variable "net" {\n  default = "10.0"\n}\nresource "aws_vpc" "a" {\n  cidr_block = "${var.net}.0.0/16"\n}\n'
    subnet = 'resource "aws_subnet" "s%s" {\n  vpc_id     = aws_vpc.a.id\n  cidr_block = "%s"\n}\n'
    assert kinds(vpc + subnet % (1, "10.0.1.0/24") + subnet % (2, "10.0.2.0/24")) == []
    assert kinds(vpc + subnet % (1, "10.1.1.0/24")) == ["outside-network"]
    assert kinds(vpc + subnet % (1, "10.0.0.0/23") + subnet % (2, "10.0.1.0/24")) == ["overlap"]
    assert kinds(vpc + subnet % (1, "10.0.1.7/24")) == ["refused-value"]


def test_names_as_aws_takes_them() -> None:
    assert kinds('resource "aws_lb_target_group" "a" {\n  name = "%s"\n}' % ("x" * 33)) == ["refused-value"]
    assert kinds('resource "aws_s3_bucket" "a" {\n  bucket = "Tap-Stack"\n}') == ["refused-value"]
    assert kinds('resource "aws_s3_bucket" "a" {\n  bucket = "tap-${terraform.workspace}"\n}') == []


def test_steps() -> None:
    found = steps({"main.tf": 'resource "aws_vpc" "a" {\n  cidr = var.gone\n}'})
    assert [(step.step, step.status) for step in found] == [
        ("parses", "passed"),
        ("references", "failed"),
        ("schema", "failed"),
        ("values", "passed"),
    ]
    assert found[1].detail == 'main.tf:2: aws_vpc.a: the variable "gone" is not declared'


@pytest.mark.parametrize("depth", [100, 3_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [("(", ")"), ("[", "]"), ("{a=", "}"), ("upper(", ")"), ('"${', '}"')],
)
def test_depth_is_no_problem(depth: int, before: str, after: str) -> None:
    assert problems(f"locals {{\n  a = {before * depth}1{after * depth}\n}}\n") == ()


def test_deep_blocks_and_long_chains_are_no_problem() -> None:
    assert problems('resource "x_y" "a" {\n' + "b {\n" * 3_000 + "}\n" * 3_000 + "}\n") == ()
    chain = "".join(f"  l{number + 1} = local.l{number}\n" for number in range(3_000))
    assert problems(f"locals {{\n  l0 = 1\n{chain}}}\n") == ()


def test_values_that_double_do_not_blow_up() -> None:
    rows = "".join(f"  l{number + 1} = [local.l{number}, local.l{number}]\n" for number in range(60))
    assert problems(f'locals {{\n  l0 = [1]\n{rows}}}\noutput "x" {{ value = local.l60[0] }}\n') == ()


def test_a_long_stack_without_a_flaw_gives_no_alarm() -> None:
    """Fifteen hundred lines are checked. bench/ measures the time."""
    text = "".join(
        f'resource "aws_subnet" "s{number}" {{\n  vpc_id     = aws_vpc.main.id\n'
        f'  cidr_block = cidrsubnet("10.0.0.0/16", 8, {number})\n'
        f'  tags = merge(local.tags, {{ Name = "s-${{var.env}}-{number}" }})\n}}\n\n'
        for number in range(250)
    )
    head = 'variable "env" {}\nlocals {\n  tags = { App = "x" }\n}\n'
    head += 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n'
    project = Project({"main.tf": head + text})
    assert project.root.configuration[0].tree.diagnostics == ()
    assert check_project(project) == ()


def doubts(text: str) -> list[tuple[str, str]]:
    """The messages of warnings, which do not fail a step."""
    found = problems(text)
    assert [p for p in found if p.severity == "error"] == []
    return [(p.kind, p.message) for p in found]


DATABASE = """
resource "aws_db_instance" "a" {{
  instance_class    = "db.t3.micro"
  allocated_storage = 20
{body}
}}
"""


@pytest.mark.parametrize(
    "body",
    [
        'engine = "postgres"\n  engine_version = "15.4"',
        'engine = "postgres"\n  engine_version = "11"',  # Old, but still accepted.
        'engine = "mysql"\n  engine_version = "5.7"\n  username = "admin"',
        'engine = "mysql"\n  engine_version = "8.4.3"',
        'engine = "mariadb"\n  engine_version = "10.11"',
        'engine = "oracle-se2"\n  engine_version = "19.0.0.0.ru-2024-01.rur-2024-01.r1"',
        'engine = "sqlserver-ex"\n  engine_version = "15.00.4345.5.v1"\n  db_name = "any-thing"',
        'engine = "custom-oracle-ee"\n  engine_version = "whatever"',
        'engine = "postgres"\n  db_name = "app_db1"\n  username = "db_admin"\n  password = "Correct-Horse-9"',
        "engine = var.engine",
    ],
)
def test_databases_that_aws_makes(body: str) -> None:
    assert doubts('variable "engine" {}\n' + DATABASE.format(body=body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('engine = "postgresql"', 'there is no engine "postgresql"; there is postgres'),
        ('engine = "postgres"\n  engine_version = "8.0.35"', "8.0.35 is not a version of postgres"),
        ('engine = "mysql"\n  engine_version = "15.4"', "15.4 is not a version of mysql"),
        ('engine = "mariadb"\n  engine_version = "8.0"', "8.0 is not a version of mariadb"),
        ('engine = "postgres"\n  username = "admin"', '"admin" is a reserved word of postgres'),
        ('engine = "mysql"\n  username = "db-admin"', "a user's name has letters"),
        ('engine = "postgres"\n  db_name = "app-db"', "a database's name has letters"),
        ('engine = "postgres"\n  password = "p@ssword1"', 'a password has no "/"'),
        ('engine = "postgres"\n  password = "short"', "a password has 8 characters at least"),
        ('engine = "mysql"\n  password = "%s"' % ("x" * 42), "a password has 41 characters at most"),
    ],
)
def test_databases_that_aws_does_not_make(body: str, said: str) -> None:
    """The provider plans all of these, so they are warnings."""
    ((kind, message),) = doubts(DATABASE.format(body=body))
    assert kind == "doubtful-value"
    assert said in message
    assert "p@ssword1" not in message


def test_passwords_that_are_drawn_by_lot() -> None:
    drawn = 'resource "random_password" "p" {\n  length = 16\n%s}\n' + DATABASE.format(
        body='engine = "postgres"\n  password = random_password.p.result'
    )
    assert [kind for kind, _ in doubts(drawn % "")] == ["doubtful-password"]
    assert [kind for kind, _ in doubts(drawn % '  override_special = "!@#"\n')] == ["doubtful-password"]
    assert doubts(drawn % '  override_special = "!#$"\n') == []
    assert doubts(drawn % "  special = false\n") == []


def test_old_runtimes() -> None:
    function = (
        'resource "aws_lambda_function" "f" {\n  function_name = "f"\n  role = "arn:aws:iam::123456789012:role/f"\n'
        '  runtime = "%s"\n  handler = "a.b"\n  filename = "f.zip"\n}'
    )
    assert doubts(function % "python3.12") == []
    assert doubts(function % "nodejs16.x") == []
    assert [kind for kind, _ in doubts(function % "nodejs12.x")] == ["doubtful-value"]
    assert [p.kind for p in problems(function % "nodejs20")] == ["refused-value"]


def test_versions_of_caches_and_passwords_of_warehouses() -> None:
    cache = (
        'resource "aws_elasticache_replication_group" "a" {\n  replication_group_id = "a"\n  description = "a"\n'
        '  engine_version = "%s"\n}'
    )
    assert [kinds(cache % version) for version in ("7.0", "6.x", "5.0.6")] == [[], [], []]
    assert [kinds(cache % version) for version in ("7.0.5", "redis7")] == [["refused-value"]] * 2
    warehouse = (
        'resource "aws_redshift_cluster" "a" {\n  cluster_identifier = "a"\n  node_type = "ra3.large"\n'
        '  master_password = "%s"\n}'
    )
    assert kinds(warehouse % "Correct1Horse") == []
    assert kinds(warehouse % "p@ssword1A") == ["refused-value"]
    assert kinds(warehouse % "alllowercase1") == ["refused-value"]


def test_what_to_do() -> None:
    """Every kind of problem in these tests has a remedy, except those whose message says what to do."""
    told = {problem.kind for text, _ in BAD for problem in problems(text) if problem.remedy}
    assert {kind for _, kind in BAD} - told <= {
        "invalid-type", "invalid-name", "reserved-argument", "invalid-provider", "unknown-provisioner"
    }  # fmt: skip
