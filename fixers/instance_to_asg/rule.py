"""TAP005: instances to a launch template and an Auto Scaling group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Block, Module
from tapfix.module.variables import declare


class InstanceToAsg(Fixer):
    """Fixed instances where an Auto Scaling group was asked for.

    `aws_instance` with `count` or `for_each`, or a single one behind a target group, becomes an `aws_launch_template`
    and an `aws_autoscaling_group` in the same subnets and behind the same load balancer. A machine that fails is
    replaced, and the sizes are variables with a value in each environment.

    **The template** has what the instance had, argument by argument: the image, the type, user data (encoded as base64
    once), the instance profile, monitoring, metadata options, placement; volumes as `block_device_mappings` with their
    encryption; tags for instances and volumes; public addresses in `network_interfaces`, together with the security
    groups. **The group** has the subnets (the whole list, if `count.index` took one of it), the load balancer,
    `depends_on`, and tags that it propagates. A new version of the template starts an instance refresh.

    **The sizes** start from the number of instances. A number stays as it is, and a variable that counted the instances
    is the desired capacity. `length(…)` and conditionals become the value of each environment, or stay as the default.
    `condition ? n : 0` stays a switch.

    **The numbers of the copies** (`count.index`, `each.key`) go where they only distinguished the copies: at the end of
    names, and in a text that is shown (` - Instance 2` with its separator). Where they decide something, nothing is
    rewritten.

    **References**: attachments become `target_group_arns`; alarms measure the group; an output of ids becomes one of
    the group's name, and outputs of addresses go; `depends_on`, `length(…)`, dashboards and IAM policies refer to the
    group.

    **Written out one by one** (`web_1`, `web_2`, or several behind one target group): instances that differ only in
    their numbers and subnets become one block with `count` first, and then a group.

    **Why unsafe:** each machine had a number and an address of its own, and now any machine can be replaced at any
    time. The contract asks for it (`compute.autoscaling`); where it does not, the rule does nothing.

    **Refused**, each with its reason: bastions, NAT and VPN servers, machines with data of their own (by their names,
    and by `source_dest_check = false`); fixed addresses, Elastic IPs, attached volumes, DNS records, routes;
    provisioners; a role or a configuration for each copy; an argument without a counterpart; a target group that a
    scaling group serves already; a single instance behind no load balancer, since nobody said whether a group of one is
    wanted.
    """

    rule = "TAP005"
    severity = Severity.MEDIUM
    safety = Safety.UNSAFE
    title = "Missing Auto Scaling group"
    cause = "A fixed number of instances was written where a launch template and an Auto Scaling group were asked for."
    reference = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/what-is-amazon-ec2-auto-scaling.html"
    because = Because("built-in", "instances belong to an Auto Scaling group")
    effect = "Nothing scales with load, and an instance that fails is not replaced."
    order = 40
    examples = (
        Example(
            title="Two instances behind a target group",
            before={
                "tap_stack.tf": """\
variable "app_name" {
  type    = string
  default = "shop"
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

# The web servers
resource "aws_instance" "web" {
  count                  = 2
  ami                    = data.aws_ami.amazon_linux_2.id
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.private[count.index % length(aws_subnet.private)].id
  vpc_security_group_ids = [aws_security_group.web.id]
  iam_instance_profile   = aws_iam_instance_profile.web.name

  # Shows who answers
  user_data = <<-EOF
    #!/bin/bash
    yum install -y httpd
    echo "<h1>${var.app_name} - Instance ${count.index + 1}</h1>" > /var/www/html/index.html
  EOF

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.main.arn # the stack's own key
  }

  tags = merge(local.tags, {
    Name = "${var.app_name}-web-${count.index + 1}"
  })
}

resource "aws_lb_target_group_attachment" "web" {
  count            = length(aws_instance.web)
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
}

output "web_ids" {
  value = aws_instance.web[*].id
}
""",
                "dev.tfvars": """\
app_name = "shop"
""",
            },
            after={
                "tap_stack.tf": """\
variable "app_name" {
  type    = string
  default = "shop"
}

variable "asg_min_size" {
  description = "Smallest number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

variable "asg_max_size" {
  description = "Largest number of instances in the Auto Scaling group"
  type        = number
  default     = 4
}

variable "asg_desired_capacity" {
  description = "Desired number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

# The web servers
resource "aws_launch_template" "web" {
  name_prefix            = "${var.app_name}-web-"
  image_id               = data.aws_ami.amazon_linux_2.id
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]

  iam_instance_profile {
    name = aws_iam_instance_profile.web.name
  }

  # Shows who answers
  user_data = base64encode(<<-EOF
    #!/bin/bash
    yum install -y httpd
    echo "<h1>${var.app_name}</h1>" > /var/www/html/index.html
  EOF
  )

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted  = true
      kms_key_id = aws_kms_key.main.arn # the stack's own key
    }
  }

  tag_specifications {
    resource_type = "instance"

    tags = merge(local.tags, {
      Name = "${var.app_name}-web"
    })
  }

  tag_specifications {
    resource_type = "volume"

    tags = merge(local.tags, {
      Name = "${var.app_name}-web"
    })
  }

  tags = merge(local.tags, {
    Name = "${var.app_name}-web"
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "web" {
  name_prefix               = "${var.app_name}-web-"
  vpc_zone_identifier       = aws_subnet.private[*].id
  min_size                  = var.asg_min_size
  max_size                  = var.asg_max_size
  desired_capacity          = var.asg_desired_capacity
  target_group_arns         = [aws_lb_target_group.web.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 300

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, {
      Name = "${var.app_name}-web"
    })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

output "autoscaling_group_name" {
  value = aws_autoscaling_group.web.name
}
""",
                "dev.tfvars": """\
app_name = "shop"

# Auto Scaling
asg_min_size         = 2
asg_max_size         = 4
asg_desired_capacity = 2
""",
            },
        ),
        Example(
            title="Refused: an address is bound to the machine",
            before="""\
resource "aws_instance" "web" {
  count         = 2
  ami           = "ami-0abc"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.public[count.index].id
}

resource "aws_eip" "web" {
  count    = 2
  instance = aws_instance.web[count.index].id
}
""",
            after=None,
        ),
        Example(
            title="Refused: people reach a bastion by its address",
            before="""\
resource "aws_instance" "bastion" {
  count         = var.enable_bastion ? 1 : 0
  ami           = "ami-0abc"
  instance_type = "t3.nano"
  subnet_id     = aws_subnet.public[0].id
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not context.contract.compute.autoscaling:
            return
        because = context.contract.because("compute.autoscaling") or self.because
        for finding in self._findings(module, context):
            yield finding._replace(because=because)

    def _findings(self, module: Module, context: Context) -> Iterator[Finding]:
        if instances := module.resources("aws_instance"):
            yield from self._grouped(module, context, instances)
        yield from self._sized(module, context)

    def _grouped(self, module: Module, context: Context, instances: Sequence[Block]) -> Iterator[Finding]:
        """Fixed instances become groups, or stay for a reason."""
        # Many modules, which a stack without instances does not need.
        from .copies import Unscalable
        from .scaling import Scaling, first_scaling, scaling_of, twins_of, what_it_is

        scalings = {instance: first_scaling(module, context, instance) for instance in instances}
        able = {twins_of(module, i)[0].address for i, scaling in scalings.items() if isinstance(scaling, Scaling)}
        several = len(module.resources("aws_autoscaling_group")) + len(able) > 1
        joined: set[str] = set()
        for instance, scaling in scalings.items():
            if instance.address in joined:
                continue
            message = f"{instance.address} {what_it_is(context, instance)}"
            if isinstance(scaling, Unscalable):
                yield self.refuse(instance, message, str(scaling))
                continue
            twins = twins_of(module, instance)
            if len(twins) > 1:
                joined.update(t.address for t in twins)
                yield from self._written_out(module, context, twins)
                continue
            if several:
                scaling = scaling_of(module, context, instance, several=True)
            label = instance.name
            template = "" if instance.blocks_of("launch_template") else f"launch template `{label}` and "
            message += f"; it is {template}Auto Scaling group `{label}` now"
            yield self.fix(instance, ". ".join([message, *map(_sentence, scaling.notes)]), scaling.edits)

    def _written_out(self, module: Module, context: Context, twins: Sequence[Block]) -> Iterator[Finding]:
        """Copies that are written out one by one become one block with `count`."""
        from .copies import Unscalable
        from .scaling import merged_twins

        names = ", ".join(t.address for t in twins)
        times = f"one machine written {len(twins)} times"
        try:
            merger = merged_twins(module, context, twins)
        except Unscalable as unscalable:
            yield self.refuse(twins[0], f"{names} look like {times}", str(unscalable))
            return
        yield self.fix(twins[0], f"{names} are {times}; they are one block with `count` now", merger.edits)

    def _sized(self, module: Module, context: Context) -> Iterator[Finding]:
        """Environments that were added later get their sizes."""
        if not any(name.endswith("min_size") for name in module.variables):
            return
        from .sizes import TITLE, row_names, unset_sizes

        unset = unset_sizes(module, context)
        if unset:
            message = (
                f"the environments gave the Auto Scaling group no sizes; each has its own now ({row_names(unset)})"
            )
            edits = declare(module, context.environments, unset, title=TITLE)
            yield self.fix(module.variables[unset[0].name], message, edits)


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
