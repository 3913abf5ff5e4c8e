"""TAP010: the contract's tag expression on every taggable resource."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Module, compose

from .maps import TagContract
from .preparation import Preparation
from .resource import ResourceTags
from .scaling_group import ScalingGroupTags
from .work import TagWork


class TagExpression(Fixer):
    """Tags that do not follow the prescribed expression.

    The contract prescribes how every taggable resource is tagged, for example with
    `merge(local.tags, var.extra_tags, { Name = NAME })`: the tags that all resources share, those that the person who
    runs the stack adds, and those of the resource itself. A later map wins over an earlier one. An answer that writes
    all tags by hand, or that merges `var.extra_tags` somewhere else, cannot be given a cost centre without an edit.

    **First the module, in one fix.** The map that most resources name becomes `local.tags`: a local value of another
    name is renamed everywhere, a variable becomes the value of `local.tags`. Without such a map, `local.tags` is made
    of the provider's `default_tags`, else of the entries that all literal maps share, else of `Environment` (if the
    module has `var.environment`) and `ManagedBy`. `variable "extra_tags"` is declared. If `local.tags` itself
    contains `var.extra_tags`, that is taken out, and each use of `local.tags` names both from then on.

    **Then each resource**, in one fix per resource: its `tags`, the tags of its `tag_specifications` and volumes, the
    `tag` blocks of an Auto Scaling group. The shared maps go first (only `data.aws_default_tags` stays before them).
    The resource's own tags stay as they are, comments included, and still win. A missing `Name` gets the expression
    of the resource's own name argument, else its label joined with the environment. The provider's schema says which
    types take tags; types that it does not know are left alone.

    **Why unsafe:** resources get tags that they did not have. No tag that they had gets another value: the keys of
    every map are followed through local values, variables and tfvars files, and no map moves past another that may
    set the same key.

    **Refused**, with the reason:

    - a shared map that follows another one which may set the same keys;
    - a common map that gives a tag another value than the provider's `default_tags` do;
    - a common map that is computed from the resource itself;
    - a `local.tags` that is not a map of tags;
    - keys that differ only in case on IAM resources, which AWS takes for one;
    - more tags than the type takes;
    - a `dynamic "tag"` over something else than a map.
    """

    rule = "TAP010"
    severity = Severity.LOW
    safety = Safety.UNSAFE
    title = "Tags that do not follow the prescribed expression"
    cause = "The tags are put together in another place or another order than the prompt prescribes."
    reference = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
    effect = "Extra tags cannot be told apart from the stack's own, and a reviewer cannot check them by pattern."
    order = 80
    examples = (
        Example(
            title="The common map swallows the extra tags",
            before="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

locals {
  tags = merge(
    {
      Environment = var.environment
    },
    var.extra_tags
  )
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, {
    Name = "vpc-${var.environment}" # as the network plan has it
  })
}

resource "aws_autoscaling_group" "main" {
  min_size = 1
  max_size = 2

  tag {
    key                 = "Name"
    value               = "asg-${var.environment}"
    propagate_at_launch = false
  }

  dynamic "tag" {
    for_each = local.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }
}
""",
            after="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

locals {
  tags = {
    Environment = var.environment
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, var.extra_tags, {
    Name = "vpc-${var.environment}" # as the network plan has it
  })
}

resource "aws_autoscaling_group" "main" {
  min_size = 1
  max_size = 2

  tag {
    key                 = "Name"
    value               = "asg-${var.environment}"
    propagate_at_launch = false
  }

  dynamic "tag" {
    for_each = merge(local.tags, var.extra_tags)
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }
}
""",
        ),
        Example(
            title="The common map has another name",
            before="""\
variable "app" {
  type = string
}

locals {
  common_tags = {
    Application = var.app
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "${var.app}-jobs"
  tags = local.common_tags
}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = merge(local.common_tags, {
    Name = "${var.app}-nat"
  })
}
""",
            after="""\
variable "app" {
  type = string
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Application = var.app
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "${var.app}-jobs"
  tags = merge(local.tags, var.extra_tags, {
    Name = "${var.app}-jobs"
  })
}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = merge(local.tags, var.extra_tags, {
    Name = "${var.app}-nat"
  })
}
""",
        ),
        Example(
            title="No common map",
            before="""\
variable "environment" {
  type = string
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = {
    Name    = "vpc"
    Project = "shop"
  }
}

resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"

  tags = {
    Project = "shop"
    Owner   = "ops"
  }
}

resource "aws_kms_key" "data" {
  description = "for the data"
}
""",
            after="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, var.extra_tags, {
    Name = "vpc"
  })
}

resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"

  tags = merge(local.tags, var.extra_tags, {
    Name  = "alerts-${var.environment}"
    Owner = "ops"
  })
}

resource "aws_kms_key" "data" {
  description = "for the data"

  tags = merge(local.tags, var.extra_tags, {
    Name = "data-kms-key-${var.environment}"
  })
}
""",
        ),
        Example(
            title="Refused: it is not clear which of two maps is to win",
            before="""\
variable "extra_tags" {
  type = map(string)
}

locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = merge(local.tags, { Name = "vpc" }, var.extra_tags)
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        expression = context.contract.tags.expression
        if not expression or module.main is None:
            return
        contract = TagContract.read(expression)
        if contract is not None:
            yield from _findings(TagWork(self, module, context, contract))
        elif module.is_root:
            reason = (
                "tapfix follows a merge of locals and variables with one object at the end; state it so in tapfix.toml"
            )
            yield self.refuse(module.main, f"the contract's tag expression is not understood: {expression}", reason)


def _findings(work: TagWork) -> Iterator[Finding]:
    """The findings of a module: what it needs first, or what each resource and each call of a module needs."""
    if not (work.tagged or work.groups or work.incomplete_calls):
        return
    preparation = list(Preparation(work).findings())
    yield from preparation
    if preparation:
        return
    for tagged in work.tagged:
        yield from ResourceTags(work, tagged).findings()
    for tagged in work.groups:
        yield from ScalingGroupTags(work, tagged).findings()
    for call, names in work.incomplete_calls:
        message = f"the module is not given {', '.join(f'var.{n}' for n in names)}, so its resources lack those tags"
        text = compose.attributes({name: f"var.{name}" for name in names})
        yield work.fixer.fix(call, message, [call.insert(text)])
