"""The mapping from instances to launch templates and groups, as rows of data: what is put in, what must come out.

Each row is put into a stack that is whole, so that what comes out can be held against the provider's schema, and a part of the
rows against the real terraform.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

SHARED = """\
variable "environment" {
  type    = string
  default = "dev"
}

variable "servers" {
  type    = number
  default = 3
}

variable "enabled" {
  type    = bool
  default = true
}

variable "zones" {
  type    = list(string)
  default = ["us-east-1a", "us-east-1b"]
}

locals {
  tags = {
    Project = "shop"
  }
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = var.zones[count.index]
}

resource "aws_security_group" "app" {
  vpc_id = aws_vpc.main.id
}

resource "aws_iam_role" "app" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_instance_profile" "app" {
  role = aws_iam_role.app.name
}

resource "aws_kms_key" "main" {
  description = "volumes"
}

resource "aws_lb_target_group" "app" {
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.main.id
}
"""


class InstanceRow(NamedTuple):
    """A line or block of the instance, what goes beside it, and what must come out (white space does not count)."""

    name: str
    lines: str = ""
    beside: str = ""
    wants: tuple[str, ...] = ()
    refused: str = ""
    sets: tuple[str, ...] = ()
    """The usual lines that this one replaces: `count`, `subnet_id`, `tags`, `vpc_security_group_ids`, `attachment`."""
    on_emulator: bool = False


USUAL = {
    "count": "count = 2",
    "ami": "ami = data.aws_ami.amazon_linux_2.id",
    "instance_type": 'instance_type = "t3.micro"',
    "subnet_id": "subnet_id = aws_subnet.private[count.index % length(aws_subnet.private)].id",
    "vpc_security_group_ids": "vpc_security_group_ids = [aws_security_group.app.id]",
    "tags": 'tags = {\n    Name = "app-${var.environment}-${count.index + 1}"\n  }',
}

ATTACHMENT = """\
resource "aws_lb_target_group_attachment" "app" {
  count            = length(aws_instance.app)
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = aws_instance.app[count.index].id
}
"""


def stack(*rows: InstanceRow) -> str:
    """A stack with one block of instances that has all that the rows say."""
    replaced = {name for row in rows for name in row.sets}
    lines = [line for name, line in USUAL.items() if name not in replaced]
    lines += [row.lines for row in rows if row.lines]
    body = "".join(f"  {line}\n" for line in lines)
    beside = "".join(f"\n{row.beside}" for row in rows if row.beside)
    attachment = "" if "attachment" in replaced else f"\n{ATTACHMENT}"
    return f'{SHARED}\n# The application\nresource "aws_instance" "app" {{\n{body}}}\n{attachment}{beside}'


ARGUMENTS = (
    InstanceRow("key_name", 'key_name = "ops"', wants=('key_name = "ops"',)),
    InstanceRow("ebs_optimized", "ebs_optimized = true", wants=("ebs_optimized = true",), on_emulator=True),
    InstanceRow("disable_api_stop", "disable_api_stop = false", wants=("disable_api_stop = false",), on_emulator=True),
    InstanceRow(
        "disable_api_termination",
        "disable_api_termination = false",
        wants=("disable_api_termination = false",),
        on_emulator=True,
    ),
    InstanceRow(
        "shutdown_behavior",
        'instance_initiated_shutdown_behavior = "terminate"',
        wants=('instance_initiated_shutdown_behavior = "terminate"',),
        on_emulator=True,
    ),
    InstanceRow(
        "profile_by_name",
        "iam_instance_profile = aws_iam_instance_profile.app.name # may read the bucket",
        wants=("iam_instance_profile { name = aws_iam_instance_profile.app.name # may read the bucket }",),
        on_emulator=True,
    ),
    InstanceRow(
        "monitoring",
        "monitoring = true",
        wants=("monitoring { enabled = true }",),
        on_emulator=True,
    ),
    InstanceRow("hibernation", "hibernation = false", wants=("hibernation_options { configured = false }",)),
    InstanceRow(
        "cpu_counts",
        "cpu_core_count = 1\n  cpu_threads_per_core = 2",
        wants=("cpu_options { core_count = 1 threads_per_core = 2 }",),
        on_emulator=True,
    ),
    InstanceRow(
        "credits",
        'credit_specification {\n    cpu_credits = "standard"\n  }',
        wants=('credit_specification { cpu_credits = "standard" }',),
        on_emulator=True,
    ),
    InstanceRow(
        "metadata_options",
        'metadata_options {\n    http_tokens   = "required" # IMDSv2\n    http_endpoint = "enabled"\n  }',
        wants=('metadata_options { http_tokens = "required" # IMDSv2 http_endpoint = "enabled" }',),
        on_emulator=True,
    ),
    InstanceRow(
        "enclave_options", "enclave_options {\n    enabled = false\n  }", wants=("enclave_options { enabled = false }",)
    ),
    InstanceRow(
        "maintenance_options",
        'maintenance_options {\n    auto_recovery = "default"\n  }',
        wants=('maintenance_options { auto_recovery = "default" }',),
        on_emulator=True,
    ),
    InstanceRow(
        "private_dns_name_options",
        'private_dns_name_options {\n    hostname_type = "ip-name"\n  }',
        wants=('private_dns_name_options { hostname_type = "ip-name" }',),
    ),
    InstanceRow(
        "reservation",
        'capacity_reservation_specification {\n    capacity_reservation_preference = "open"\n  }',
        wants=('capacity_reservation_specification { capacity_reservation_preference = "open" }',),
    ),
    InstanceRow("tenancy", 'tenancy = "default"', wants=('placement { tenancy = "default" }',), on_emulator=True),
    InstanceRow(
        "placement_group",
        'placement_group            = "near"\n  placement_partition_number = 1',
        wants=('placement { group_name = "near" partition_number = 1 }',),
    ),
    InstanceRow("host", 'host_id = "h-0123456789abcdef0"', wants=('placement { host_id = "h-0123456789abcdef0" }',)),
    InstanceRow(
        "public_address",
        "associate_public_ip_address = true",
        wants=(
            "network_interfaces { associate_public_ip_address = true delete_on_termination = true "
            "security_groups = [aws_security_group.app.id] }",
        ),
        on_emulator=True,
    ),
    InstanceRow("ipv6", "ipv6_address_count = 1", wants=("ipv6_address_count = 1",)),
    InstanceRow("primary_ipv6", "enable_primary_ipv6 = true", wants=("primary_ipv6 = true",)),
    InstanceRow(
        "groups_by_id",
        "security_groups = [aws_security_group.app.id]",
        wants=("vpc_security_group_ids = [aws_security_group.app.id]",),
        sets=("vpc_security_group_ids",),
        on_emulator=True,
    ),
    InstanceRow(
        "root_volume",
        'root_block_device {\n    # fast enough\n    volume_type = "gp3"\n    volume_size = 20\n    encrypted   = true\n    kms_key_id  = aws_kms_key.main.arn\n  }',
        wants=(
            'block_device_mappings { device_name = "/dev/xvda" ebs { # fast enough volume_type = "gp3" volume_size = 20 encrypted = true '
            "kms_key_id = aws_kms_key.main.arn } }",
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "data_volumes",
        'ebs_block_device {\n    device_name = "/dev/sdf"\n    volume_size = 10\n    encrypted   = true\n  }\n'
        '  ebs_block_device {\n    device_name = "/dev/sdg"\n    volume_size = 20\n  }',
        wants=(
            'block_device_mappings { device_name = "/dev/sdf" ebs { volume_size = 10 encrypted = true } }',
            'block_device_mappings { device_name = "/dev/sdg" ebs { volume_size = 20 } }',
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "volumes_by_list",
        'dynamic "ebs_block_device" {\n    for_each = ["/dev/sdh", "/dev/sdi"]\n    content {\n'
        "      device_name = ebs_block_device.value\n      volume_size = 5\n    }\n  }",
        wants=(
            'dynamic "block_device_mappings" { for_each = ["/dev/sdh", "/dev/sdi"] iterator = ebs_block_device '
            "content { device_name = ebs_block_device.value ebs { volume_size = 5 } } }",
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "ephemeral",
        'ephemeral_block_device {\n    device_name  = "/dev/sdb"\n    virtual_name = "ephemeral0"\n  }',
        wants=('block_device_mappings { device_name = "/dev/sdb" virtual_name = "ephemeral0" }',),
    ),
    InstanceRow(
        "script",
        "user_data = <<-EOF\n    #!/bin/bash\n    yum install -y httpd\n  EOF",
        wants=("user_data = base64encode(<<-EOF #!/bin/bash yum install -y httpd EOF )",),
        on_emulator=True,
    ),
    InstanceRow(
        "volume_tags",
        'volume_tags = {\n    Name = "data"\n  }',
        wants=('tag_specifications { resource_type = "volume" tags = { Name = "data" } }',),
        on_emulator=True,
    ),
    InstanceRow(
        "merged_tags",
        'tags = merge(local.tags, {\n    Name = "app-${count.index + 1}" # one of many\n  })',
        wants=(
            'tag_specifications { resource_type = "instance" tags = merge(local.tags, { Name = "app" }) }',
            'tag_specifications { resource_type = "volume" tags = merge(local.tags, { Name = "app" }) }',
            'tags = merge(local.tags, { Name = "app" # one of many })',
            'dynamic "tag" { for_each = merge(local.tags, { Name = "app" })',
        ),
        sets=("tags",),
        on_emulator=True,
    ),
    InstanceRow("no_tags", sets=("tags",), wants=('name_prefix = "app-"',)),
    InstanceRow(
        "depends_on",
        "depends_on = [aws_iam_role.app]",
        wants=("} depends_on = [aws_iam_role.app] }",),
        on_emulator=True,
    ),
    InstanceRow(
        "lifecycle",
        "lifecycle {\n    create_before_destroy = true\n    ignore_changes        = [ami, private_ip]\n  }",
        wants=("lifecycle { create_before_destroy = true ignore_changes = [image_id] }",),
        on_emulator=True,
    ),
    InstanceRow(
        "replace_on_change", "user_data_replace_on_change = true", wants=("instance_refresh {",), on_emulator=True
    ),
    InstanceRow("source_dest_check", "source_dest_check = true", wants=("target_group_arns",), on_emulator=True),
    InstanceRow("timeouts", 'timeouts {\n    create = "20m"\n  }', wants=("target_group_arns",), on_emulator=True),
)
"""Each alone, and each with each."""

REFUSED_ARGUMENTS = (
    InstanceRow("private_ip", 'private_ip = "10.0.0.${count.index + 10}"', refused="a fixed private address"),
    InstanceRow("secondary", 'secondary_private_ips = ["10.0.0.9"]', refused="fixed private addresses"),
    InstanceRow("nat", "source_dest_check = false", refused="forwards traffic"),
    InstanceRow(
        "interface",
        'network_interface {\n    device_index         = 0\n    network_interface_id = "eni-1"\n  }',
        refused="network interfaces of its own",
    ),
    InstanceRow("provisioner", 'provisioner "remote-exec" {\n    inline = ["ls"]\n  }', refused="a provisioner"),
    InstanceRow(
        "role_by_number", 'key_name = count.index == 0 ? "a" : "b"', refused="`key_name` differs from copy to copy"
    ),
    InstanceRow(
        "leader",
        "user_data = <<-EOF\n    #!/bin/bash\n    export NODE_ID=${count.index}\n  EOF",
        refused="NODE_ID",
    ),
    InstanceRow(
        "role_tag",
        'tags = {\n    Name = "a"\n    Role = count.index == 0 ? "leader" : "follower"\n  }',
        refused="differs from copy to copy",
        sets=("tags",),
    ),
    InstanceRow(
        "given_to_script",
        'user_data = templatefile("${path.module}/init.sh", { id = count.index })',
        refused="the script is given `count.index`",
    ),
    InstanceRow("nowhere", sets=("subnet_id",), refused="it names no subnet"),
    InstanceRow(
        "preconditions",
        'lifecycle {\n    precondition {\n      condition     = true\n      error_message = "no"\n    }\n  }',
        refused="speaks of one machine",
    ),
)

SUBNETS = (
    ("aws_subnet.private[count.index].id", "aws_subnet.private[*].id"),
    ("aws_subnet.private[count.index % 2].id", "aws_subnet.private[*].id"),
    ("element(aws_subnet.private[*].id, count.index)", "aws_subnet.private[*].id"),
    ("element(aws_subnet.private.*.id, count.index)", "aws_subnet.private.*.id"),
    ("element(aws_subnet.private, count.index).id", "aws_subnet.private[*].id"),
    ("aws_subnet.private[0].id", "[aws_subnet.private[0].id]"),
    (
        "[aws_subnet.private[0].id, aws_subnet.private[1].id][count.index]",
        "[aws_subnet.private[0].id, aws_subnet.private[1].id]",
    ),
    (
        "count.index == 0 ? aws_subnet.private[0].id : aws_subnet.private[1].id",
        "[aws_subnet.private[0].id, aws_subnet.private[1].id]",
    ),
    (
        "aws_subnet.private[(count.index + 1) % 2].id",
        "[for index in range(2) : aws_subnet.private[(index + 1) % 2].id]",
    ),
)
"""`subnet_id` of the copies, and the group's subnets."""

COUNTS = (
    (
        "2",
        ("min_size = var.asg_min_size", "max_size = var.asg_max_size", "desired_capacity = var.asg_desired_capacity"),
        (2, 4, 2),
    ),
    (
        "var.servers",
        ("min_size = var.asg_min_size", "max_size = var.asg_max_size", "desired_capacity = var.servers"),
        (3, 6, None),
    ),
    ("length(aws_subnet.private)", ("desired_capacity = var.asg_desired_capacity",), (2, 4, 2)),
    (
        'var.environment == "prod" ? 4 : 2',
        (
            'max_size = coalesce(var.asg_max_size, 2 * (var.environment == "prod" ? 4 : 2))',
            'desired_capacity = coalesce(var.asg_desired_capacity, var.environment == "prod" ? 4 : 2)',
        ),
        (1, None, None),
    ),
    (
        "length(var.zones)",
        ("desired_capacity = coalesce(var.asg_desired_capacity, length(var.zones))",),
        (1, None, None),
    ),
    (
        "var.enabled ? 2 : 0",
        (
            "min_size = var.enabled ? var.asg_min_size : 0",
            "desired_capacity = var.enabled ? var.asg_desired_capacity : 0",
        ),
        (2, 4, 2),
    ),
)
"""`count`, what the group says, and the defaults of smallest, largest, desired."""

EACH = (
    InstanceRow(
        "of_subnets",
        "for_each = toset(aws_subnet.private[*].id)\n  subnet_id = each.value",
        wants=("vpc_zone_identifier = aws_subnet.private[*].id", 'name_prefix = "app-"'),
        sets=("count", "subnet_id", "tags", "attachment"),
    ),
    InstanceRow(
        "of_names",
        'for_each = toset(["a", "b"])\n  subnet_id = aws_subnet.private[0].id\n  tags = {\n    Name = "app-${each.key}"\n  }',
        wants=("vpc_zone_identifier = [aws_subnet.private[0].id]", 'name_prefix = "app-"'),
        sets=("count", "subnet_id", "tags", "attachment"),
    ),
    InstanceRow(
        "of_map",
        "for_each = { a = 0, b = 1 }\n  subnet_id = aws_subnet.private[each.value].id\n  tags = {\n    Name = each.key\n  }",
        wants=(
            "vpc_zone_identifier = [for key, value in { a = 0, b = 1 } : aws_subnet.private[value].id]",
            'Name = "app"',
        ),
        sets=("count", "subnet_id", "tags", "attachment"),
        on_emulator=True,
    ),
    InstanceRow(
        "ids_of_names",
        'for_each = toset(["a", "b"])\n  subnet_id = aws_subnet.private[0].id\n  tags = {\n    Name = "${var.environment}-${each.key}"\n  }',
        beside='output "all" {\n  value = {\n    vpc = aws_vpc.main.id\n    ids = values(aws_instance.app)[*].id\n  }\n}\n',
        wants=(
            "ids = aws_autoscaling_group.app.name }",
            "Name = var.environment",
            'name_prefix = "${var.environment}-"',
        ),
        sets=("count", "subnet_id", "tags", "attachment"),
    ),
    InstanceRow(
        "of_roles",
        'for_each = { a = "t3.micro", b = "t3.large" }\n  instance_type = each.value\n  subnet_id = aws_subnet.private[0].id',
        refused="`instance_type` differs from copy to copy",
        sets=("count", "subnet_id", "tags", "attachment", "instance_type"),
    ),
)

REFERENCES = (
    InstanceRow(
        "ids",
        beside='output "app_ids" {\n  description = "Ids"\n  value       = aws_instance.app[*].id\n}\n',
        wants=(
            'output "autoscaling_group_name" { description = "Name of the Auto Scaling group" value = aws_autoscaling_group.app.name }',
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "addresses_as_well",
        beside='output "app_ips" {\n  value = aws_instance.app[*].private_ip\n}\n\noutput "app_ids" {\n  value = [for i in aws_instance.app : i.id]\n}\n',
        wants=('output "autoscaling_group_name" { value = aws_autoscaling_group.app.name }',),
    ),
    InstanceRow(
        "number",
        beside='output "size" {\n  value = length(aws_instance.app)\n}\n',
        wants=("value = aws_autoscaling_group.app.desired_capacity",),
        on_emulator=True,
    ),
    InstanceRow(
        "type",
        beside='output "type" {\n  value = aws_instance.app[0].instance_type\n}\n',
        wants=("value = aws_launch_template.app.instance_type",),
        on_emulator=True,
    ),
    InstanceRow(
        "alarm_each",
        beside="""\
resource "aws_cloudwatch_metric_alarm" "cpu" {
  count               = length(aws_instance.app)
  alarm_name          = "app-cpu-${count.index + 1}"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 80

  dimensions = {
    InstanceId = aws_instance.app[count.index].id
  }
}
""",
        wants=('alarm_name = "app-cpu"', "dimensions = { AutoScalingGroupName = aws_autoscaling_group.app.name }"),
        on_emulator=True,
    ),
    InstanceRow(
        "alarm_says_which",
        beside="""\
resource "aws_cloudwatch_metric_alarm" "busy" {
  alarm_name          = "busy"
  alarm_description   = "On ${join(", ", aws_instance.app[*].id)}, ${length(aws_instance.app)} machines"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 80
  dimensions          = { InstanceId = aws_instance.app[0].id }
}
""",
        wants=('"On ${aws_autoscaling_group.app.name}, ${aws_autoscaling_group.app.desired_capacity} machines"',),
    ),
    InstanceRow(
        "alarm_recovers",
        beside="""\
resource "aws_cloudwatch_metric_alarm" "status" {
  alarm_name          = "status"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "StatusCheckFailed_System"
  namespace           = "AWS/EC2"
  alarm_actions       = ["arn:aws:automate:us-east-1:ec2:recover"]
  dimensions          = { InstanceId = aws_instance.app[0].id }
}
""",
        refused="acts on one certain machine",
    ),
    InstanceRow(
        "dashboard",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = jsonencode({
    widgets = [{ type = "metric", properties = { region = "us-east-1", metrics = [["AWS/EC2", "CPUUtilization", "InstanceId", aws_instance.app[0].id]] } }]
  })
}
""",
        wants=('["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.app.name]',),
        on_emulator=True,
    ),
    InstanceRow(
        "dashboard_for",
        beside="""\
resource "aws_cloudwatch_dashboard" "each" {
  dashboard_name = "each"
  dashboard_body = jsonencode({
    widgets = [{ type = "metric", properties = { region = "us-east-1", metrics = [
      for i in aws_instance.app : ["AWS/EC2", "CPUUtilization", "InstanceId", i.id]
    ] } }]
  })
}
""",
        wants=(
            'metrics = [ ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.app.name] ] }',
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "dashboard_by_number",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = jsonencode({
    widgets = [for m in ["CPUUtilization", "NetworkIn"] : { type = "metric", properties = { region = "us-east-1",
      metrics = [for i in range(length(aws_instance.app)) : ["AWS/EC2", m, "InstanceId", aws_instance.app[i].id]]
    } }]
  })
}
""",
        wants=(
            'widgets = [for m in ["CPUUtilization", "NetworkIn"] : {',
            'metrics = [["AWS/EC2", m, "AutoScalingGroupName", aws_autoscaling_group.app.name]]',
        ),
    ),
    InstanceRow(
        "dashboard_of_ids",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = jsonencode({
    widgets = [for id in aws_instance.app[*].id : { type = "metric", properties = { region = "us-east-1", metrics = [["AWS/EC2", "CPUUtilization", "InstanceId", id]] } }]
  })
}
""",
        wants=('widgets = [{ type = "metric", properties', '"AutoScalingGroupName", aws_autoscaling_group.app.name]]'),
    ),
    InstanceRow(
        "dashboard_rows",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = jsonencode({
    widgets = [{ type = "metric", properties = { region = "us-east-1", metrics = [
      ["AWS/EC2", "CPUUtilization", "InstanceId", aws_instance.app[0].id],
      [".", ".", ".", aws_instance.app[1].id],
      ["...", aws_instance.app[1].id],
      ["AWS/EC2", "NetworkIn", "InstanceId", aws_instance.app[0].id],
      ["AWS/EC2", "NetworkIn", "InstanceId", aws_instance.app[1].id],
    ] } }]
  })
}
""",
        wants=(
            'metrics = [ ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.app.name], '
            '["AWS/EC2", "NetworkIn", "AutoScalingGroupName", aws_autoscaling_group.app.name], ] }',
        ),
    ),
    InstanceRow(
        "dashboard_labels",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = jsonencode({
    widgets = [for n, i in aws_instance.app : { title = "Server ${n}", metrics = [["AWS/EC2", "CPUUtilization", "InstanceId", i.id]] }]
  })
}
""",
        refused="aws_cloudwatch_dashboard.app needs the machines one by one",
    ),
    InstanceRow(
        "dashboard_text",
        beside="""\
resource "aws_cloudwatch_dashboard" "app" {
  dashboard_name = "app"
  dashboard_body = <<-JSON
    {"widgets": [{"type": "metric", "properties": {"region": "us-east-1", "metrics": [
      ["AWS/EC2", "CPUUtilization", "InstanceId", "${aws_instance.app[0].id}"]
    ]}}]}
  JSON
}
""",
        wants=('["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", "${aws_autoscaling_group.app.name}"]',),
    ),
    InstanceRow(
        "policy_for",
        beside="""\
resource "aws_iam_policy" "restart" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ec2:RebootInstances"
      Resource = [for i in aws_instance.app : i.arn]
    }]
  })
}
""",
        wants=('Resource = "arn:aws:ec2:*:*:instance/*" Condition = { StringEquals',),
        on_emulator=True,
    ),
    InstanceRow(
        "ids_among_others",
        beside='output "all" {\n  value = {\n    vpc  = aws_vpc.main.id\n    ids  = [for i in aws_instance.app : i.id]\n'
        "    ips  = [for i in aws_instance.app : i.private_ip]\n    arns = aws_instance.app[*].arn\n  }\n}\n",
        wants=("ids = aws_autoscaling_group.app.name arns = aws_autoscaling_group.app.arn }",),
        on_emulator=True,
    ),
    InstanceRow(
        "ids_in_expressions",
        beside="""\
output "made_of_ids" {
  value = {
    vpc     = aws_vpc.main.id
    joined  = join(",", aws_instance.app[*].id)
    shown   = "ids: ${join(", ", aws_instance.app[*].id)}"
    loud    = [for id in aws_instance.app[*].id : upper(id)]
    both    = [aws_instance.app[0].id, aws_instance.app[1].id]
    mixed   = concat([aws_vpc.main.id], aws_instance.app[*].id)
    maybe   = var.enabled ? aws_instance.app[*].id : []
    first   = try(aws_instance.app[0].id, null)
    counted = length(aws_instance.app[*].id)
  }
}
""",
        wants=(
            "joined = aws_autoscaling_group.app.name",
            'shown = "ids: ${aws_autoscaling_group.app.name}"',
            "loud = aws_autoscaling_group.app.name",
            "both = [aws_autoscaling_group.app.name]",
            "mixed = concat([aws_vpc.main.id], [aws_autoscaling_group.app.name])",
            "maybe = var.enabled ? [aws_autoscaling_group.app.name] : []",
            "first = aws_autoscaling_group.app.name",
            "counted = aws_autoscaling_group.app.desired_capacity",
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "policy",
        beside="""\
resource "aws_iam_policy" "reboot" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "ec2:RebootInstances"
        Resource = aws_instance.app[*].arn
      }
    ]
  })
}
""",
        wants=(
            'Resource = "arn:aws:ec2:*:*:instance/*" Condition = { StringEquals = '
            '{ "aws:ResourceTag/aws:autoscaling:groupName" = aws_autoscaling_group.app.name } }',
        ),
        on_emulator=True,
    ),
    InstanceRow(
        "policy_document",
        beside="""\
data "aws_iam_policy_document" "reboot" {
  statement {
    actions   = ["ec2:RebootInstances"]
    resources = aws_instance.app[*].arn
  }
}
""",
        wants=(
            'resources = ["arn:aws:ec2:*:*:instance/*"] condition { test = "StringEquals" '
            'variable = "aws:ResourceTag/aws:autoscaling:groupName" values = [aws_autoscaling_group.app.name] }',
        ),
    ),
    InstanceRow(
        "waits",
        beside='resource "aws_sns_topic" "ready" {\n  depends_on = [aws_instance.app, aws_lb_target_group_attachment.app]\n}\n',
        wants=("depends_on = [aws_autoscaling_group.app, aws_autoscaling_group.app]",),
    ),
    # The provider crashes on the emulator's classic load balancers, with instances as well as with a group.
    InstanceRow(
        "classic",
        beside='resource "aws_elb" "app" {\n  instances = aws_instance.app[*].id\n  subnets   = aws_subnet.private[*].id\n\n'
        '  listener {\n    instance_port     = 80\n    instance_protocol = "http"\n    lb_port           = 80\n    lb_protocol       = "http"\n  }\n}\n',
        wants=("load_balancers = [aws_elb.app.name]", 'resource "aws_elb" "app" { subnets'),
        sets=("attachment",),
    ),
    InstanceRow(
        "attached_by_map",
        beside="""\
resource "aws_lb_target_group_attachment" "each" {
  for_each         = { for i, instance in aws_instance.app : i => instance.id }
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = each.value
  port             = 8080
}
""",
        wants=("target_group_arns = [aws_lb_target_group.app.arn]", "port = 8080"),
        sets=("attachment",),
    ),
    InstanceRow(
        "attached_one_by_one",
        beside="".join(
            f'resource "aws_lb_target_group_attachment" "n{i}" {{\n  target_group_arn = aws_lb_target_group.app.arn\n'
            f"  target_id        = aws_instance.app[{i}].id\n}}\n\n"
            for i in (0, 1)
        ),
        wants=("target_group_arns = [aws_lb_target_group.app.arn]",),
        sets=("attachment",),
    ),
    InstanceRow(
        "one_attached",
        beside='resource "aws_lb_target_group_attachment" "n" {\n  target_group_arn = aws_lb_target_group.app.arn\n'
        "  target_id        = aws_instance.app[0].id\n}\n",
        refused="only some of the copies are attached",
        sets=("attachment",),
    ),
    InstanceRow(
        "by_address",
        beside='resource "aws_lb_target_group" "ip" {\n  port        = 80\n  protocol    = "HTTP"\n  vpc_id      = aws_vpc.main.id\n  target_type = "ip"\n}\n\n'
        'resource "aws_lb_target_group_attachment" "ip" {\n  count            = 2\n  target_group_arn = aws_lb_target_group.ip.arn\n'
        "  target_id        = aws_instance.app[count.index].private_ip\n}\n",
        refused="takes targets by address",
        sets=("attachment",),
    ),
    InstanceRow(
        "eip",
        beside='resource "aws_eip" "app" {\n  count    = 2\n  instance = aws_instance.app[count.index].id\n}\n',
        refused="an Elastic IP address is bound to it (aws_eip.app)",
    ),
    InstanceRow(
        "volume",
        beside='resource "aws_volume_attachment" "app" {\n  device_name = "/dev/sdh"\n  volume_id   = "vol-1"\n  instance_id = aws_instance.app[0].id\n}\n',
        refused="a volume is attached to it",
    ),
    InstanceRow(
        "dns",
        beside='resource "aws_route53_record" "app" {\n  zone_id = "Z1"\n  name    = "app"\n  type    = "A"\n  ttl     = 60\n  records = aws_instance.app[*].private_ip\n}\n',
        refused="a DNS record names its address",
    ),
    InstanceRow(
        "association",
        beside='resource "aws_ssm_association" "app" {\n  name        = "x"\n  instance_id = aws_instance.app[0].id\n}\n',
        refused="an SSM association names it",
    ),
    InstanceRow(
        "local",
        beside='locals {\n  first = aws_instance.app[0].private_dns\n}\n\noutput "first" {\n  value = local.first\n}\n',
        refused="local.first needs `private_dns`",
    ),
    InstanceRow(
        "group_there",
        beside='resource "aws_autoscaling_group" "other" {\n  min_size            = 1\n  max_size            = 2\n'
        "  target_group_arns   = [aws_lb_target_group.app.arn]\n  vpc_zone_identifier = aws_subnet.private[*].id\n"
        '  launch_template {\n    id = "lt-1"\n  }\n}\n',
        refused="serves aws_lb_target_group.app already",
    ),
    InstanceRow(
        "template_there",
        beside='resource "aws_launch_template" "app" {\n  image_id = "ami-1"\n}\n',
        refused="aws_launch_template.app is there already",
    ),
)

SCRIPTS = (
    (
        'echo "<h1>Hi from ${var.environment} - Instance ${count.index + 1}</h1>"',
        'echo "<h1>Hi from ${var.environment}</h1>"',
    ),
    ('echo "<h1>Server ${count.index + 1}</h1>"', 'echo "<h1>Server</h1>"'),
    ('echo "Web (instance #${count.index})" > x', 'echo "Web" > x'),
    ("hostnamectl set-hostname web-${count.index + 1}", "hostnamectl set-hostname web"),
    ("hostnamectl set-hostname web-${count.index}.internal", "hostnamectl set-hostname web.internal"),
    ("# node ${count.index}", "# node"),
    ('echo "This is host ${count.index + 1}, welcome"', 'echo "This is host, welcome"'),
    ("ID=${count.index}", None),
    ("run --shard ${count.index}", None),
    ("run --shard-${count.index}", None),
    ("ip addr add 10.0.0.${count.index}/24 dev eth0", None),
    ('if [ "${count.index}" = "0" ]; then', None),
    ("mkfs /dev/xvd${count.index}", None),
    ("listen 808${count.index}", None),
    ("broker.id=${count.index}", None),
    ("name: ${var.names[count.index]}", None),
)
"""A line of a script, and the line that is left; None: refused."""

NAMES = (
    ('"app-${count.index + 1}"', '"app"'),
    ('"app-${count.index + 1}-${var.environment}"', '"app-${var.environment}"'),
    ('"${var.environment}-${count.index}"', "var.environment"),
    ('"${var.environment}${count.index}"', "var.environment"),
    ('"${count.index}-app"', '"app"'),
    ('"Web Server ${count.index + 1}"', '"Web Server"'),
    ('"web (${count.index})"', '"web"'),
    ('"web${count.index}"', '"web"'),
    ('format("%s-app-%02d", var.environment, count.index + 1)', 'format("%s-app", var.environment)'),
    ('format("%02d-app", count.index)', 'format("app")'),
    ('join("-", [var.environment, "app", count.index + 1])', 'join("-", [var.environment, "app"])'),
    ('"app-${format("%03d", count.index + 1)}"', '"app"'),
    ("count.index", '"app"'),
    ('"${var.names[count.index]}"', None),
    ("element(var.names, count.index)", None),
    ('count.index == 0 ? "a" : "b"', None),
)
"""A `Name` of the copies, and the one of the group; None: refused."""

COMMENTED = """\
# above it
resource "aws_instance" "app" { # opens
  # above count
  count = 2 # behind count

  # above the image
  ami = data.aws_ami.amazon_linux_2.id # behind the image
  instance_type = "t3.micro" // behind the type
  subnet_id = element( # in the subnet
    aws_subnet.private[*].id, count.index
  ) # behind the subnet
  availability_zone = "us-east-1a" # behind the zone
  vpc_security_group_ids = [
    # in the list
    aws_security_group.app.id, # behind an element
  ]
  # above the profile
  iam_instance_profile = aws_iam_instance_profile.app.name /* behind the profile */
  # above monitoring
  monitoring = true # behind monitoring
  associate_public_ip_address = false # behind the address
  get_password_data = false # behind the password
  # above replacing
  user_data_replace_on_change = true

  user_data = base64encode( # in the call
    file("${path.module}/init.sh") # behind the script
  )

  # above the root volume
  root_block_device { # opens the root volume
    # above the size
    volume_size = 20 # behind the size
    tags = { # in the volume's tags
      A = "b"
    }
    # ends the root volume
  } # closes the root volume

  ebs_block_device { # opens another
    device_name = "/dev/sdf" # behind the device
  }

  dynamic "ebs_block_device" { # opens a dynamic one
    # above for_each
    for_each = ["/dev/sdh"] # behind for_each
    content { # opens content
      device_name = ebs_block_device.value # behind its name
    }
    # ends dynamic
  }

  metadata_options { # opens metadata
    http_tokens = "required" # behind tokens
  }

  credit_specification { cpu_credits = "standard" /* inside */ } # behind credits

  timeouts { # opens timeouts
    create = "20m" # behind create
  }

  # above volume tags
  volume_tags = { # in volume tags
    Name = "data"
  }

  # above the tags
  tags = merge(local.tags, { # in the tags
    # above the name
    Name = "app-${count.index + 1}" # behind the name
    Zone = var.zones[count.index] # behind the zone tag
  }) # behind the tags

  # above lifecycle
  lifecycle { # opens lifecycle
    # above ignored
    ignore_changes = [ # in ignored
      private_ip, # behind ignored
    ]
    # ends lifecycle
  } # closes lifecycle

  # above depends
  depends_on = [
    aws_iam_role.app, # behind a dependency
  ] # behind depends

  # ends it
} # behind it
"""
"""Instances with a comment in every place that can have one."""


def matrix() -> Iterator[tuple[str, str]]:
    """Every stack that is rewritten: each row alone, each argument with each, each `count`, subnet, name and script."""
    for row in (*ARGUMENTS, *EACH, *REFERENCES):
        if not row.refused:
            yield row.name, stack(row)
    for a, b in combinations(ARGUMENTS, 2):
        if not set(a.sets) & set(b.sets):
            yield f"{a.name}-{b.name}", stack(a, b)
    yield "commented", f"{SHARED}\n{COMMENTED}"
    yield from counted()
    for i, (subnet, _) in enumerate(SUBNETS):
        yield f"subnet-{i}", stack(InstanceRow("subnet", f"subnet_id = {subnet}", sets=("subnet_id",)))
    for i, (name, left) in enumerate(NAMES):
        if left is not None:
            yield f"name-{i}", stack(InstanceRow("name", f"tags = {{\n    Name = {name}\n  }}", sets=("tags",)))
    for i, (line, left) in enumerate(SCRIPTS):
        if left is not None:
            yield f"script-{i}", stack(InstanceRow("script", f"user_data = <<-EOF\n    #!/bin/bash\n    {line}\n  EOF"))


def counted() -> Iterator[tuple[str, str]]:
    """A stack for each form of `count`."""
    for i, (count, _, _) in enumerate(COUNTS):
        yield f"count-{i}", stack(InstanceRow("count", f"count = {count}", sets=("count",)))
