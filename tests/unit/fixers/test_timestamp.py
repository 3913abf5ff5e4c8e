"""TAP003: each place where a volatile value can be used, and its own remedy."""

from __future__ import annotations

import pytest
from mending import mended, refused

from tapfix.fixer import Status


def role(argument: str, value: str) -> str:
    return f'resource "aws_iam_role" "r" {{\n  {argument} = {value}\n}}\n'


STAMP = '${formatdate("YYYYMMDD", timestamp())}'


@pytest.mark.parametrize(
    ("argument", "before", "after"),
    [
        ("name", f'"app-{STAMP}"', '"app"'),
        ("name", f'"{STAMP}-app"', '"app"'),
        ("name", f'"app-{STAMP}-db"', '"app-db"'),
        ("name", f'"app_{STAMP}_db"', '"app_db"'),
        ("name", f'"app-{STAMP}db"', '"app-db"'),
        ("name", f'"app{STAMP}"', '"app"'),
        ("name", f'"/app/{STAMP}"', '"/app"'),
        ("name", f'"app/{STAMP}/db"', '"app/db"'),
        ("name_prefix", f'"app-{STAMP}-"', '"app-"'),
        ("name", f'"${{var.app}}-{STAMP}"', "var.app"),
        ("name", f'"${{var.app}}-{STAMP}-${{var.env}}"', '"${var.app}-${var.env}"'),
        ("name", f'"${{var.app}}{STAMP}"', "var.app"),
        ("name", '"app-${replace(substr(timestamp(), 0, 10), "-", "")}"', '"app"'),
        ("name", '"app-${plantimestamp()}"', '"app"'),
        ("name", '"app-${split("T", timestamp())[0]}"', '"app"'),
        ("name", '"app-${format("%s", timestamp())}"', '"app"'),
        ("name", '"app-${var.x ? timestamp() : ""}"', '"app"'),
        ("name", '"${lower("App-${timestamp()}")}"', 'lower("App")'),
        ("name", f'var.env == "prod" ? "app-{STAMP}" : null', 'var.env == "prod" ? "app" : null'),
        ("name", 'join("-", ["app", timestamp()])', 'join("-", ["app"])'),
    ],
)
def test_parts_of_texts(argument: str, before: str, after: str) -> None:
    assert mended("TAP003", role(argument, before)).main == role(argument, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The app, made @", "The app"),
        ("The app. Created on @", "The app."),
        ("The app. Created on @.", "The app."),
        ("The role (made on @).", "The role."),
        ("The role (@).", "The role."),
        ("The role (${var.env}, @)", "The role (${var.env})"),
        ("Made @, by Terraform", "Made by Terraform"),
        ("Created on @ by Terraform", "Created by Terraform"),
        ("Created by Terraform at @ UTC", "Created by Terraform"),
        ("Backup of the app made on @", "Backup of the app"),
        ("Snapshot taken on @ before destroy", "Snapshot taken before destroy"),
        ("Deployed version ${var.v} at @", "Deployed version ${var.v}"),
        ("Cluster of ${var.env}, created: @, owner: me", "Cluster of ${var.env}, owner: me"),
        ("Launched @; owned by ${var.owner}", "owned by ${var.owner}"),
        ("Timestamp: @ | of ${var.env}", "of ${var.env}"),
        ("The app of ${var.env} - deployed @", "The app of ${var.env}"),
        ("The app, build date: @", "The app"),
        ("Role for the build @", "Role for the build"),
        ("Image @ for the app", "Image for the app"),
        ("@: the app", "the app"),
        ("app-@", "app"),
    ],
)
def test_prose_reads_as_before(before: str, after: str) -> None:
    stack = role("description", f'"{before}"')
    assert mended("TAP003", stack.replace("@", "${timestamp()}")).main == stack.replace(before, after)


@pytest.mark.parametrize("text", ["Created at @", "Last updated: @", "It was deployed on @ UTC", "Build date: @"])
def test_prose_that_says_nothing_else_goes(text: str) -> None:
    text = text.replace("@", "${timestamp()}")
    rest = 'resource "aws_iam_role" "r" {\n  name = "r"\n}\n'
    assert mended("TAP003", rest.replace("}", f'  description = "{text}"\n}}')).main == rest
    assert mended("TAP003", rest.replace("}", f'  tags = {{ About = "{text}" }}\n}}')).main == rest
    group = 'resource "aws_autoscaling_group" "a" {\n  max_size = 1\n}\n'
    tag = f'  tag {{\n    key   = "About"\n    value = "{text}"\n  }}\n}}'
    assert mended("TAP003", group.replace("}", tag)).main == group
    assert mended("TAP003", f'output "o" {{\n  value = "{text}"\n}}\n{rest}').main == rest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            'resource "aws_vpc" "v" {\n  tags = {\n    A = 1\n    At = timestamp()\n  }\n}\n',
            'resource "aws_vpc" "v" {\n  tags = {\n    A = 1\n  }\n}\n',
            id="a tag",
        ),
        pytest.param(
            'resource "aws_vpc" "v" {\n  tags = { A = 1, At = timestamp(), B = 2 }\n}\n',
            'resource "aws_vpc" "v" {\n  tags = { A = 1, B = 2 }\n}\n',
            id="a tag in a line",
        ),
        pytest.param(
            'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n  tags       = { At = timestamp() }\n}\n',
            'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n}\n',
            id="the only tag",
        ),
        pytest.param(
            'resource "aws_vpc" "v" {\n  tags = merge(local.t, {\n    At = timestamp()\n  })\n}\n',
            'resource "aws_vpc" "v" {\n  tags = local.t\n}\n',
            id="the only tag beside a merge",
        ),
        pytest.param(
            'provider "aws" {\n  default_tags {\n    tags = {\n      A  = 1\n      At = timestamp()\n    }\n  }\n}\n',
            'provider "aws" {\n  default_tags {\n    tags = {\n      A = 1\n    }\n  }\n}\n',
            id="a default tag",
        ),
        pytest.param(
            'resource "aws_autoscaling_group" "a" {\n  max_size = 1\n  tag {\n    key   = "At"\n    value = timestamp()\n  }\n}\n',
            'resource "aws_autoscaling_group" "a" {\n  max_size = 1\n}\n',
            id="a tag block",
        ),
        pytest.param(
            'resource "aws_autoscaling_group" "a" {\n  max_size = 1\n  dynamic "tag" {\n    for_each = merge(local.tags, { At = timestamp(), A = 1 })\n'
            "    content {\n      key   = tag.key\n      value = tag.value\n    }\n  }\n}\n",
            'resource "aws_autoscaling_group" "a" {\n  max_size = 1\n  dynamic "tag" {\n    for_each = merge(local.tags, { A = 1 })\n'
            "    content {\n      key   = tag.key\n      value = tag.value\n    }\n  }\n}\n",
            id="a tag of a dynamic block",
        ),
        pytest.param(
            "locals {\n  now = timestamp()\n  tags = {\n    At = local.now\n    B  = 1\n  }\n}\n"
            'resource "aws_vpc" "v" {\n  tags = local.tags\n}\n',
            'locals {\n  tags = {\n    B = 1\n  }\n}\nresource "aws_vpc" "v" {\n  tags = local.tags\n}\n',
            id="a tag through two locals",
        ),
        pytest.param(
            "locals {\n  meta = merge(var.m, {\n    at = timestamp()\n    b  = 1\n  })\n}\n"
            'resource "aws_vpc" "v" {\n  tags = merge(local.meta, { C = 1 })\n}\n',
            "locals {\n  meta = merge(var.m, {\n    b = 1\n  })\n}\n"
            'resource "aws_vpc" "v" {\n  tags = merge(local.meta, { C = 1 })\n}\n',
            id="a local map that only tags are made of",
        ),
        pytest.param(
            'locals {\n  name = "app-${timestamp()}"\n}\nresource "aws_iam_role" "r" {\n  name = local.name\n}\n',
            'locals {\n  name = "app"\n}\nresource "aws_iam_role" "r" {\n  name = local.name\n}\n',
            id="a name in a local",
        ),
        pytest.param(
            'output "at" {\n  value = timestamp()\n}\noutput "b" {\n  value = 1\n}\n',
            'output "b" {\n  value = 1\n}\n',
            id="an output",
        ),
        pytest.param(
            'output "o" {\n  value = {\n    at = timestamp()\n    b  = 1\n  }\n}\n',
            'output "o" {\n  value = {\n    b = 1\n  }\n}\n',
            id="an item of an output",
        ),
        pytest.param(
            'resource "aws_db_instance" "d" {\n  skip_final_snapshot = true\n  final_snapshot_identifier = timestamp()\n'
            "  lifecycle {\n    ignore_changes = [engine]\n  }\n}\n",
            'resource "aws_db_instance" "d" {\n  skip_final_snapshot = true\n'
            "  lifecycle {\n    ignore_changes = [engine]\n  }\n}\n",
            id="a snapshot's name that means nothing",
        ),
        pytest.param(
            'resource "aws_launch_template" "l" {\n  user_data = base64encode(<<-EOT\n    #!/bin/bash\n'
            '    echo "up ${timestamp()}"\n  EOT\n  )\n}\n',
            'resource "aws_launch_template" "l" {\n  user_data = base64encode(<<-EOT\n    #!/bin/bash\n'
            '    echo "up $(date -u +%Y-%m-%dT%H:%M:%SZ)"\n  EOT\n  )\n}\n',
            id="a shell script",
        ),
        pytest.param(
            'resource "aws_autoscaling_schedule" "s" {\n  start_time = timeadd(timestamp(), "1h")\n'
            "  lifecycle {\n    ignore_changes = [max_size]\n  }\n}\n",
            'resource "aws_autoscaling_schedule" "s" {\n  start_time = timeadd(timestamp(), "1h")\n'
            "  lifecycle {\n    ignore_changes = [max_size, start_time]\n  }\n}\n",
            id="a time beside what is ignored already",
        ),
        pytest.param(
            'resource "aws_iam_user_login_profile" "p" {\n  x = bcrypt(random_password.p.result)\n}\n',
            'resource "aws_iam_user_login_profile" "p" {\n  x = random_password.p.bcrypt_hash\n}\n',
            id="the hash of a drawn password",
        ),
        pytest.param(
            'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n\n'
            'resource "aws_s3_bucket" "b" {\n  bucket = "x-${timestamp()}"\n}\n',
            'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n'
            '    random = {\n      source  = "hashicorp/random"\n      version = "~> 3.0"\n    }\n  }\n}\n\n'
            'resource "random_id" "b" {\n  byte_length = 4\n}\n\n'
            'resource "aws_s3_bucket" "b" {\n  bucket = "x-${random_id.b.hex}"\n}\n',
            id="a bucket, in a module that names its providers",
        ),
        pytest.param(
            'resource "aws_iam_role" "a" {\n  name = "app"\n}\n\nresource "aws_iam_role" "b" {\n  name = "app-${timestamp()}"\n}\n',
            'resource "aws_iam_role" "a" {\n  name = "app"\n}\n\nresource "random_id" "b" {\n  byte_length = 4\n}\n\n'
            'resource "aws_iam_role" "b" {\n  name = "app-${random_id.b.hex}"\n}\n',
            id="a name that would be another's",
        ),
    ],
)
def test_fixes(before: str, after: str) -> None:
    assert mended("TAP003", before).main == after


@pytest.mark.parametrize(
    "stack",
    [
        'resource "null_resource" "n" {\n  triggers = {\n    t = timestamp()\n  }\n}\n',
        'resource "null_resource" "n" {\n  triggers = {\n    t = uuid()\n  }\n}\n',
        'resource "terraform_data" "n" {\n  triggers_replace = timestamp()\n}\n',
        'resource "terraform_data" "n" {\n  input = timestamp()\n}\n',
        'resource "aws_api_gateway_deployment" "d" {\n  stage_description = "at ${timestamp()}"\n}\n',
        'locals {\n  now = timestamp()\n}\nresource "null_resource" "n" {\n  triggers = { t = local.now }\n}\n',
        'locals {\n  run = uuid()\n}\nresource "null_resource" "n" {\n  triggers = { t = local.run }\n}\n',
    ],
)
def test_triggers_are_refused(stack: str) -> None:
    reasons = refused("TAP003", stack)
    assert len(reasons) == 1
    assert "what it should run for" in reasons[0]


@pytest.mark.parametrize(
    "stack",
    [
        'resource "aws_lambda_function" "f" {\n  environment {\n    variables = {\n      AT = timestamp()\n    }\n  }\n}\n',
        'module "m" {\n  source = "./m"\n  at     = timestamp()\n}\n',
        'locals {\n  meta = { at = timestamp() }\n}\nresource "aws_s3_object" "o" {\n  content = jsonencode(local.meta)\n}\n',
        'resource "aws_s3_object" "o" {\n  content = "made ${timestamp()} x"\n}\n',
        'resource "x_y" "z" {\n  b {\n    c = bcrypt(var.p)\n  }\n}\n',
        'resource "aws_vpc" "v" {\n  count = timestamp() == "" ? 1 : 0\n}\n',
        'data "aws_ami" "a" {\n  executable_users = timestamp()\n}\n',
    ],
)
def test_what_might_be_missed_is_refused(stack: str) -> None:
    assert len(refused("TAP003", stack)) == 1


@pytest.mark.parametrize(
    "stack",
    [
        'resource "aws_vpc" "v" {\n  tags = { At = timestamp() }\n  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n',
        'resource "aws_vpc" "v" {\n  tags = { At = timestamp() }\n  lifecycle {\n    ignore_changes = [tags["At"]]\n  }\n}\n',
        'resource "aws_vpc" "v" {\n  x = uuid()\n  lifecycle {\n    ignore_changes = all\n  }\n}\n',
        'resource "a_b" "c" {\n  d {\n    e = timestamp()\n  }\n  lifecycle {\n    ignore_changes = [d]\n  }\n}\n',
        'check "c" {\n  assert {\n    condition     = plantimestamp() < "2030"\n    error_message = "x"\n  }\n}\n',
        'resource "aws_vpc" "v" {\n  lifecycle {\n    postcondition {\n      condition     = plantimestamp() < "2030"\n'
        '      error_message = "x"\n    }\n  }\n}\n',
        'locals {\n  s = "timestamp()"\n}\n# timestamp()\n',
        'resource "aws_lambda_function" "f" {\n  x = <<-EOT\n    print(time.timestamp())\n  EOT\n}\n',
    ],
)
def test_what_makes_no_difference_is_left_alone(stack: str) -> None:
    result = mended("TAP003", stack)
    assert result.main == stack
    assert result.findings == ()


def test_a_provisioner_is_only_spoken_of() -> None:
    stack = (
        'resource "null_resource" "n" {\n  provisioner "local-exec" {\n    command = "echo ${timestamp()}"\n  }\n}\n'
    )
    result = mended("TAP003", stack)
    assert result.main == stack
    assert [f.status for f in result.findings] == [Status.SUGGESTED]


def test_uuids_are_drawn_once_each() -> None:
    stack = 'resource "aws_iam_role" "r" {\n  name = "a-${uuid()}"\n  path = "/${uuid()}/"\n}\n'
    main = mended("TAP003", stack).main
    assert main.count('resource "random_uuid"') == 2
    assert "random_uuid.r.result" in main
    assert "random_uuid.r_2.result" in main
    assert " uuid()" not in main


def test_the_messages_name_the_remedy() -> None:
    messages = [f.message for f in mended("TAP003", role("name", '"a-${timestamp()}"')).findings]
    assert messages == ["`timestamp()` in `name` is another value in every plan: it goes from the text"]
