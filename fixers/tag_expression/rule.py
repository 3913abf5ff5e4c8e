"""TAP010: the tags that a clause prescribes, by an expression or by keys."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Module

from ..shared.grounds import stated_by

_EXPRESSION = '[tags]\nexpression = "merge(local.tags, var.extra_tags, { Name = NAME })"\n'
"""A contract that states an expression, for the examples."""


class TagExpression(Fixer):
    """Tags that do not follow the prescribed expression, or lack a demanded key.

    Tags are the author's own matter unless the contract or a sentence of the prompt prescribes them: without a clause
    this rule does nothing. There are two clauses.

    ## `tags.keys`

    Every taggable resource must have these keys. Those that are missing are brought in by the module's own way of
    tagging; no map is renamed, no tag moves, and what a resource says still wins.

    - If a provider has `default_tags`, they give the keys, also to the provider's aliases. No resource repeats them.
    - Else the common map gives them: the local value that most tags merge, under its own name.
    - Else, if only some resources lack the keys and the others write them out, these resources get them too.
    - Else the provider blocks get `default_tags`; if there is no provider block, or none may be there, the module gets
      `local.common_tags`.

    `default_tags` do not reach Auto Scaling groups and what a launch template starts: their own tags get the keys. A
    `Name` is each resource's own.

    The value of a key is the one that the module gives it elsewhere; else the one that the sentence states
    (`Team = "web"`); else the variable or local value of that name, and for `Environment` the variable that
    distinguishes the environments. `ManagedBy` is `"terraform"`. A key whose value nobody knows is refused by name, and
    so is a key that the tags spell otherwise.

    ## `tags.expression`

    The contract prescribes how every taggable resource is tagged, for example with
    `merge(local.tags, var.extra_tags, { Name = NAME })`: the tags that all resources share, those that the person who
    runs the stack adds, and those of the resource itself. A later map wins over an earlier one.

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

    ## Safety

    **Why unsafe:** resources get tags that they did not have. No tag that they had gets another value: the keys of
    every map are followed through local values, variables and tfvars files, and no map moves past another that may
    set the same key.

    **Refused**, with the reason:

    - a key whose value nobody knows, or that the tags spell otherwise;
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
    title = "Tags that are not as prescribed"
    cause = "Some resources lack tags that the prompt prescribes, or their maps are merged in another way."
    reference = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
    effect = "Costs and owners cannot be looked up by tag, and a reviewer cannot check the tags by pattern."
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
            contract=_EXPRESSION,
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
            contract=_EXPRESSION,
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
            contract=_EXPRESSION,
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
            contract=_EXPRESSION,
        ),
        Example(
            title="Keys, with a common map of the module's own",
            before="""\
variable "environment" {
  type = string
}

locals {
  base_tags = {
    Owner = "web"
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
  tags = local.base_tags
}

resource "aws_sns_topic" "alerts" {
  name = "alerts"
  tags = merge(local.base_tags, { Tier = "ops" })
}

resource "aws_kms_key" "data" {
  description = "for the data"
}
""",
            after="""\
variable "environment" {
  type = string
}

locals {
  base_tags = {
    Environment = var.environment
    Owner       = "web"
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
  tags = local.base_tags
}

resource "aws_sns_topic" "alerts" {
  name = "alerts"
  tags = merge(local.base_tags, { Tier = "ops" })
}

resource "aws_kms_key" "data" {
  description = "for the data"

  tags = local.base_tags
}
""",
            contract='[tags]\nkeys = ["Environment", "Owner"]\n',
        ),
        Example(
            title="Keys, with a provider",
            before="""\
variable "environment" {
  type = string
}

provider "aws" {
  region = "eu-west-1"
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
""",
            after="""\
variable "environment" {
  type = string
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
""",
            contract='[tags]\nkeys = ["Environment", "ManagedBy"]\n',
        ),
        Example(
            title="Refused: a key whose value nobody knows",
            before='resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n',
            after=None,
            contract='[tags]\nkeys = ["CostCenter"]\n',
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        tags = context.contract.tags
        if module.main is None:
            return
        findings: list[Finding] = []
        if tags.expression:
            from .expression import findings_by_expression  # Most stacks have no such clause.

            because = stated_by(context.contract, "tags.expression")
            findings += findings_by_expression(self, tags.expression, module, context, because)
        if tags.keys and not any(finding.fix for finding in findings):
            from .keys import KeyTags

            findings += KeyTags(self, module, context, stated_by(context.contract, "tags.keys")).findings()
        yield from findings
