"""TAP008: a variable in front of each image."""

from __future__ import annotations

import re

import pytest
from mending import MAIN, mended, refused

from tapfix.fixer import Safety, Status

RULE = "TAP008"

DATA = """\
data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}
"""

LITERAL = '"ami-0abcdef1234567890"'
ENVIRONMENTS = {f"{e}.tfvars": f'environment = "{e}"\n' for e in ("dev", "staging", "prod")}

ARGUMENTS = {
    "aws_instance": "ami",
    "aws_spot_instance_request": "ami",
    "aws_launch_template": "image_id",
    "aws_launch_configuration": "image_id",
}

STAY = (
    "data.aws_ami.amazon_linux_2.id",
    "data.aws_ami.amazon_linux_2.image_id",
    "data.aws_ssm_parameter.image.value",
    '"resolve:ssm:/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"',
    "local.images[var.aws_region]",
    'lookup(local.images, var.aws_region, "ami-1")',
    'var.aws_region == "us-east-1" ? data.aws_ami.amazon_linux_2.id : data.aws_ami.other.id',
)
"""What stays as the default behind the variable."""

DECIDED = (
    "var.image",
    'var.image != "" ? var.image : data.aws_ami.amazon_linux_2.id',
    "coalesce(var.image, data.aws_ami.amazon_linux_2.id)",
    "var.images[var.aws_region]",
    "lookup(var.images, var.aws_region)",
    "local.image",
    "local.image_or_default",
)

VARIABLES = """\
variable "aws_region" {
  type = string
}

variable "image" {
  type    = string
  default = null
}

variable "images" {
  type    = map(string)
  default = { us-east-1 = "ami-1" }
}

locals {
  image            = var.image
  image_or_default = var.image == null ? data.aws_ami.amazon_linux_2.id : var.image
  images           = { us-east-1 = "ami-1", us-west-2 = "ami-2" }
}
"""


def runs(value: str, type: str = "aws_launch_template", name: str = "app") -> str:
    return f'resource "{type}" "{name}" {{\n  {ARGUMENTS[type]} = {value}\n}}\n'


def spaceless(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("type", ARGUMENTS)
@pytest.mark.parametrize("value", STAY)
def test_default_stays(type: str, value: str) -> None:
    before = f"{VARIABLES}\n{DATA}\n{runs(value, type)}"
    result = mended(RULE, before)
    assert f"{ARGUMENTS[type]} = coalesce(var.ami_id, {value})" in result.main
    (finding,) = result.of(Status.FIXED)
    assert finding.safety is Safety.SAFE
    assert (
        'variable "ami_id" { description = "AMI of the instances (null: the default image)" type = string default = null }'
        in spaceless(result.main)
    )


@pytest.mark.parametrize("value", DECIDED)
def test_a_variable_decides_already(value: str) -> None:
    before = f"{VARIABLES}\n{DATA}\n{runs(value)}"
    result = mended(RULE, before)
    assert result.main == before and not result.findings


def test_the_module_s_habit() -> None:
    before = (
        f'variable "key" {{\n  type    = string\n  default = ""\n}}\n\n{DATA}\n{runs("data.aws_ami.amazon_linux_2.id")}'
    )
    after = mended(RULE, before).main
    assert 'image_id = var.ami_id != "" ? var.ami_id : data.aws_ami.amazon_linux_2.id' in after
    assert 'default = ""' in spaceless(after.partition('"ami_id"')[2])


def test_literal_moves_to_the_environments() -> None:
    result = mended(RULE, {MAIN: f"{DATA}\n{runs(LITERAL)}", **ENVIRONMENTS})
    assert "image_id = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in result.main
    assert LITERAL not in result.main and result.main.count('data "aws_ami"') == 1
    for environment in ENVIRONMENTS:
        assert f"ami_id = {LITERAL}" in result.texts[environment]
    (finding,) = result.of(Status.FIXED)
    assert finding.safety is Safety.UNSAFE


def test_literals_by_environment() -> None:
    value = 'var.environment == "prod" ? "ami-0aaaaaaaaaaaaaaaa" : "ami-0bbbbbbbbbbbbbbbb"'
    result = mended(RULE, {MAIN: f'variable "environment" {{\n  type = string\n}}\n\n{runs(value)}', **ENVIRONMENTS})
    assert (
        "ami-0aaaaaaaaaaaaaaaa" in result.texts["prod.tfvars"] and "ami-0bbbbbbbbbbbbbbbb" in result.texts["dev.tfvars"]
    )
    assert "image_id = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in result.main


def test_the_data_source_is_made() -> None:
    after = spaceless(mended(RULE, {MAIN: runs(LITERAL), **ENVIRONMENTS}).main)
    assert 'data "aws_ami" "amazon_linux_2"' in after and "amzn2-ami-hvm-*-x86_64-gp2" in after
    arm = runs(f'{LITERAL}\n  instance_type = "t4g.small"')
    assert "amzn2-ami-hvm-*-arm64-gp2" in mended(RULE, {MAIN: arm, **ENVIRONMENTS}).main
    west = runs(f"{LITERAL}\n  provider = aws.west")
    assert "provider = aws.west most_recent" in spaceless(mended(RULE, {MAIN: west, **ENVIRONMENTS}).main)


def test_literal_local() -> None:
    result = mended(RULE, {MAIN: f"locals {{\n  image = {LITERAL}\n}}\n\n{runs('local.image')}", **ENVIRONMENTS})
    assert "image = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in result.main
    assert "image_id = local.image" in result.main


def test_literal_default_of_a_variable() -> None:
    before = {
        MAIN: f'variable "ami_id" {{\n  type    = string\n  default = {LITERAL}\n}}\n\n{runs("var.ami_id")}',
        **ENVIRONMENTS,
    }
    before["prod.tfvars"] = 'ami_id = "ami-1"\n'
    result = mended(RULE, before)
    assert "image_id = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in result.main
    assert "default = null" in spaceless(result.main)
    assert f"ami_id = {LITERAL}" in result.texts["dev.tfvars"] and result.texts["prod.tfvars"] == 'ami_id = "ami-1"\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (runs("aws_ami_copy.own.id"), "the stack makes the image itself"),
        (runs("module.images.id"), "a module decides"),
        (runs('each.value\n  for_each = { a = "ami-1" }'), "differs from copy to copy"),
        (runs("local.images[count.index]\n  count = 2"), "differs from copy to copy"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    assert reason in " ".join(refused(RULE, text))


def variable(more: str = "") -> str:
    return f'variable "ami_id" {{\n  type    = string\n  default = {LITERAL}{more}\n}}\n'


def test_literal_without_environments() -> None:
    """Terraform reads terraform.tfvars by itself: what was planned stays."""
    for text in (runs(LITERAL), f"{variable()}\n{runs('var.ami_id')}"):
        result = mended(RULE, text)
        assert "image_id = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in result.main
        assert result.texts["terraform.tfvars"] == f"ami_id = {LITERAL}\n"
    there = mended(RULE, {MAIN: runs(LITERAL), "terraform.tfvars": "size = 1\n"})
    assert there.texts["terraform.tfvars"] == f"size = 1\n\nami_id = {LITERAL}\n"


def test_a_comment_goes_where_the_literal_goes() -> None:
    for text in (runs(f"{LITERAL} # tested in May"), f"{variable(' # tested in May')}\n{runs('var.ami_id')}"):
        result = mended(RULE, {MAIN: text, **ENVIRONMENTS})
        assert "# tested" not in result.main
        assert f"ami_id = {LITERAL} # tested in May" in result.texts["prod.tfvars"]
    set_already = dict.fromkeys(ENVIRONMENTS, f"ami_id = {LITERAL}\n")
    result = mended(RULE, {MAIN: f"{variable(' # tested in May')}\n{runs('var.ami_id')}", **set_already})
    assert "# tested in May" in result.main and "tested" not in result.texts["prod.tfvars"]


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ('startswith(var.ami_id, "ami-")', 'var.ami_id == "" || startswith(var.ami_id, "ami-")'),
        ("length(var.ami_id) > 4", 'var.ami_id == "" || (length(var.ami_id) > 4)'),
    ],
)
def test_a_validation_lets_an_unset_variable_pass(condition: str, after: str) -> None:
    text = variable(f'\n\n  validation {{\n    condition     = {condition}\n    error_message = "no"\n  }}')
    result = mended(RULE, {MAIN: f"{text}\n{runs('var.ami_id')}", **ENVIRONMENTS})
    assert f"condition     = {after}\n" in result.main and 'default = ""' in result.main
    assert 'image_id = var.ami_id != "" ? var.ami_id : data.aws_ami.amazon_linux_2.id' in result.main


@pytest.mark.parametrize(
    ("image", "unset"),
    [
        ("coalesce(var.ami_id, data.aws_ami.other.id)", "null"),
        ('var.ami_id != "" ? var.ami_id : data.aws_ami.other.id', '""'),
        ('var.ami_id == "" ? data.aws_ami.other.id : var.ami_id', '""'),
        ("var.ami_id != null ? var.ami_id : data.aws_ami.other.id", "null"),
    ],
)
def test_a_literal_default_before_a_fallback(image: str, unset: str) -> None:
    result = mended(RULE, {MAIN: f"{variable()}\n{runs(image)}", **ENVIRONMENTS})
    assert f"image_id = {image}\n" in result.main and f"default = {unset}\n" in result.main
    assert f"ami_id = {LITERAL}" in result.texts["dev.tfvars"]


@pytest.mark.parametrize(
    "text",
    [
        f'{variable()}\n{runs("var.ami_id")}\noutput "image" {{\n  value = var.ami_id\n}}\n',
        f"{variable(' # Ubuntu 22.04')}\n{runs('var.ami_id')}",
        variable() + runs("var.ami_id\n  user_data = <<-EOF\n    apt-get update\n  EOF"),
        runs(f'{LITERAL}\n  user_data = "<powershell>ls</powershell>"'),
        runs(f"{LITERAL}\n  user_data = local.s") + 'locals {\n  s = "echo ECS_CLUSTER=a >> /etc/ecs/ecs.config"\n}\n',
    ],
)
def test_where_no_other_image_can_take_its_place(text: str) -> None:
    """The variable has no default, and each environment has the id."""
    result = mended(RULE, {MAIN: text, **ENVIRONMENTS})
    assert re.search(r"image_id += var\.ami_id\n", result.main)
    assert "default" not in result.main and 'data "' not in result.main
    assert f"ami_id = {LITERAL}" in result.texts["dev.tfvars"]


def test_amazon_linux_2023() -> None:
    after = mended(RULE, runs(f"{LITERAL} # Amazon Linux 2023")).main
    assert "coalesce(var.ami_id, data.aws_ami.amazon_linux_2023.id)" in after and "al2023-ami-2023.*-x86_64" in after


def test_one_module_in_two_regions() -> None:
    """An AMI id is valid in one region: each call has a variable of its own."""
    call = 'module "{0}" {{\n  source    = "./app"\n  providers = {{\n    aws = aws.{0}\n  }}\n}}\n\n'
    image = f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id')}"
    texts = mended(RULE, {MAIN: call.format("east") + call.format("west"), "app/main.tf": image}).texts
    assert "ami_id = var.east_ami_id" in texts[MAIN] and "ami_id = var.west_ami_id" in texts[MAIN]
    assert texts[MAIN].count("variable ") == 2


def test_each_value_of_a_variable_is_accepted() -> None:
    before = 'variable "servers" {\n  type = map(object({ ami = string }))\n}\n\n' + runs(
        "each.value.ami\n  for_each = var.servers"
    )
    assert mended(RULE, before).main == before


def test_several_images_have_several_variables() -> None:
    text = (
        f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id', name='web')}\n{runs('data.aws_ami.other.id', name='worker')}"
    )
    result = mended(RULE, text)
    assert "coalesce(var.web_ami_id, data.aws_ami.amazon_linux_2.id)" in result.main
    assert "coalesce(var.worker_ami_id, data.aws_ami.other.id)" in result.main
    assert len(result.of(Status.FIXED)) == 2


def test_one_image_has_one_variable() -> None:
    text = f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id', name='web')}\n{runs('data.aws_ami.amazon_linux_2.id', 'aws_instance', 'worker')}"
    result = mended(RULE, text)
    assert result.main.count("coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)") == 2
    assert len(result.of(Status.FIXED)) == 1


def test_a_variable_that_was_forgotten() -> None:
    before = (
        'variable "ami_id" {\n  type    = string\n  default = ""\n}\n\n'
        + f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id')}"
    )
    after = mended(RULE, before).main
    assert 'image_id = var.ami_id != "" ? var.ami_id : data.aws_ami.amazon_linux_2.id' in after
    assert after.count('variable "ami_id"') == 1


def test_spot_fleet() -> None:
    before = f'{DATA}\nresource "aws_spot_fleet_request" "app" {{\n  launch_specification {{\n    ami = data.aws_ami.amazon_linux_2.id\n  }}\n}}\n'
    assert "ami = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in mended(RULE, before).main


def test_local_module() -> None:
    files = {MAIN: 'module "app" {\n  source = "./app"\n}\n', "app/main.tf": runs(LITERAL), "dev.tfvars": ""}
    texts = mended(RULE, files).texts
    assert "ami_id = var.ami_id" in texts[MAIN] and 'variable "ami_id"' in texts[MAIN]
    assert "coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)" in texts["app/main.tf"]
    assert f"ami_id = {LITERAL}" in texts["dev.tfvars"]


def test_the_contract_names_the_variable() -> None:
    text = f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id')}"
    assert "coalesce(var.image, " in mended(RULE, text, '[compute]\nami_variable = "image"\n').main
    result = mended(RULE, text, '[compute]\nami_variable = ""\n')
    assert result.main == text and not result.findings


@pytest.mark.parametrize(
    "text",
    [
        runs(""),
        'resource "aws_instance" "a" {}\n',
    ],
)
def test_what_names_no_image_stays_as_it_is(text: str) -> None:
    assert mended(RULE, text).main == text


def test_a_local_value_that_names_itself_is_followed_once() -> None:
    text = 'resource "aws_instance" "a" {\n  ami = local.a\n}\n\nlocals {\n  a = local.a\n}\n'
    after = mended(RULE, text).main
    assert "ami = local.a\n" in after and "  a = coalesce(var.ami_id, local.a)\n" in after


def test_two_modules_with_other_images() -> None:
    calls = "".join(f'module "{n}" {{\n  source = "./{n}"\n}}\n\n' for n in ("web", "worker"))
    image = f"{DATA}\n{runs('data.aws_ami.amazon_linux_2.id')}"
    same = mended(RULE, {MAIN: calls, "web/main.tf": image, "worker/main.tf": image}).texts
    assert same[MAIN].count("ami_id = var.ami_id") == 2
    other = image.replace("amzn2-", "al2023-")
    texts = mended(RULE, {MAIN: calls, "web/main.tf": image, "worker/main.tf": other}).texts
    assert "web_ami_id = var.web_ami_id" in texts[MAIN] and "worker_ami_id = var.worker_ami_id" in texts[MAIN]


# Values that tfvars files and callers set -----------------------------------------------------------------------------

TYPED = f'variable "type" {{\n  default = "t3.micro"\n}}\n\n{runs(f"{LITERAL}{chr(10)}  instance_type = var.type")}'


@pytest.mark.parametrize(
    ("in_prod", "machine"), [("t4g.small", "arm64"), ("t3.large", "x86_64")], ids=["Graviton", "Intel"]
)
def test_the_machine_that_the_environments_choose(in_prod: str, machine: str) -> None:
    files = {MAIN: TYPED, **dict.fromkeys(ENVIRONMENTS, f'type = "{in_prod}"\n')}
    assert f"amzn2-ami-hvm-*-{machine}-gp2" in mended(RULE, files).main
    call = f'module "app" {{\n  source = "./app"\n  type   = "{in_prod}"\n}}\n'
    assert f"amzn2-ami-hvm-*-{machine}-gp2" in mended(RULE, {MAIN: call, "app/main.tf": TYPED}).texts["app/main.tf"]


def test_the_data_source_whose_pattern_the_environments_set_is_used() -> None:
    """It is Amazon Linux in each environment, though its default is another system."""
    pattern = DATA.replace('["amzn2-ami-hvm-*-x86_64-gp2"]', "[var.pattern]")
    text = f'variable "pattern" {{\n  default = "ubuntu/*"\n}}\n\n{pattern}\n{runs(LITERAL)}'
    files = {MAIN: text, **dict.fromkeys(ENVIRONMENTS, 'pattern = "amzn2-ami-hvm-*-x86_64-gp2"\n')}
    assert mended(RULE, files).main.count('data "aws_ami"') == 1
    assert mended(RULE, text).main.count('data "aws_ami"') == 2
