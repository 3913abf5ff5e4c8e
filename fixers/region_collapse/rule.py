"""TAP001 region-collapse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity, Status
from tapfix.module import Block, Element, Module

if TYPE_CHECKING:
    from .collapse import Collapse
    from .evidence import Evidence
    from .sides import Sides


_MIRROR = Because(
    "built-in",
    "a stack that is a mere mirror over regions becomes one topology with a file of values for each environment",
)
"""The ground where nobody states how many regions are wanted."""


class RegionCollapse(Fixer):
    """A stack written once per region through provider aliases, where one topology per environment was asked for.

    Before, the answer has every block once per region, and each half names its provider:

    ```mermaid
    flowchart LR
      subgraph answer["tap_stack.tf"]
        subgraph east["provider = aws.us_east_1"]
          v1[aws_vpc.main_us_east_1] --> l1[aws_lb.app_us_east_1] --> d1[aws_db_instance.main_us_east_1]
        end
        subgraph west["provider = aws.us_west_2"]
          v2[aws_vpc.main_us_west_2] --> l2[aws_lb.app_us_west_2] --> d2[aws_db_instance.main_us_west_2]
        end
        role[aws_iam_role.app]
      end
      east --> role
      west --> role
    ```

    Afterwards there is one topology, and an environment is a file of values:

    ```mermaid
    flowchart LR
      dev["dev.tfvars: 10.1.0.0/16"] --> stack
      staging["staging.tfvars: 10.2.0.0/16"] --> stack
      prod["prod.tfvars: 10.3.0.0/16"] --> stack
      subgraph stack["tap_stack.tf with var.environment"]
        v[aws_vpc.main] --> l[aws_lb.app] --> d[aws_db_instance.main]
        l --> role[aws_iam_role.app]
      end
    ```

    **What it does.** tapfix finds twins, the blocks that are one thing in two regions, by their structure; names only
    decide between equals. The blocks in the region of `aws_region` stay. Their twins go, and with them what served only
    the twins: variables, local values, data sources, outputs, entries of maps and lists, and global resources that were
    doubled by accident. The differences between twins are resolved by kind:

    | twins differ in | outcome |
    |---|---|
    | the words for the region | the environment's name; `var.aws_region` where the region is meant |
    | a number, a switch, a size, a CIDR range, a kind (`engine_version`) | a variable with a value per environment |
    | the first numbers of an address, `"10.0.${count.index}.0/24"` | a variable in their place |
    | a constant that only the other twin sets | a variable; `null` for the first environment |
    | a constant that only the kept twin sets | it stays |
    | what makes sense only in the other region: an AMI, an ID, an ARN, a name | the kept twin's value stays |
    | a map by region, looked up by the region's name | the value itself; a variable if the values differ |
    | anything else | refused |

    The first environment gets the kept region's values and the next one those of the other region. The values of
    further environments are derived from both: CIDR ranges do not overlap, and sizes do not shrink on the way to
    production. Names and tags contain the environment's name instead of the region's. Names that must be unique in an
    account contain it as well, so that the environments can exist side by side. With `--moved`, `moved` blocks lead
    from the kept region's old addresses to the new ones.

    **When it runs.** `topology.regions` decides, in `tapfix.toml` or in the prompt:

    - `"single"`: the stack is collapsed; if only the prompt states it, no evidence below may be against it;
    - `"multi"`: it stays;
    - nothing is stated (`"mirror"`, the built-in contract): it is collapsed only if the doubling is a mere mirror. Else
      the rule makes a suggestion that says what it saw.

    A mirror is a stack whose sides are named by their regions (`us_east_1`, `use1`, `west`). Each of its resources has
    a twin on each side, and twins are equal but for names, regions and networks. Any of these keeps the stack as it is:

    | evidence that the second region is wanted | for example |
    |---|---|
    | a resource joins the regions | a peering connection, a global cluster, a replica key |
    | an argument ties a resource to the other region | `replicate_source_db`, a failover or latency policy |
    | the sides are called by roles | `primary` and `secondary`, `main` and `dr` |
    | the answer speaks of a purpose | "disaster recovery", "multi-region", "failover", "standby" |
    | one side refers to the other | `aws_vpc.east.id` on the other side |
    | the stack hands out the values of each region | `output "vpc_id_us_west_2"` |
    | the text around the files names both regions | "deployed to us-east-1 and us-west-2" |
    | a resource has no twin | a bucket in one region only |
    | twins differ in more than names, regions and networks | another size or count |
    | the sides are not named by their regions | `aws.a` and `aws.b` |

    The answer speaks in comments, names, strings and the text around its files. A word counts with its sentence:
    failover between availability zones, a multi-region trail and "no disaster recovery" are no evidence. Nor are the
    names of arguments (`backup_retention_period`, `multi_az`).

    **Unsafe**: half of what the answer declared is no longer created.

    **What it refuses.** A refusal concerns the whole stack and names the blocks. Nothing is collapsed in part, because
    what is left would refer to what is gone. tapfix refuses:

    - what makes sense only across regions: replicas of databases, buckets, keys, secrets and tables, global clusters,
      peering and transit gateways, failover, latency and weighted records, accelerators, copies of backups;
    - a module that is given the providers of several regions;
    - a reference from one side to the other, or from what stays to what would go;
    - a block without a twin in a region that goes, and a block of the default provider that would move to another
      region;
    - twins that differ in an expression, a nested block, `count`, `for_each` or `lifecycle`: no variable can express
      that.

    Resources that must be in us-east-1, such as a certificate or a web ACL of CloudFront, are left alone, with their
    alias.

    **What to do then.** Decide whether the second region is wanted. If it is, say so in `tapfix.toml`:

    ```toml
    [topology]
    regions = "multi"
    ```

    If it is not, state `regions = "single"`. Remove the blocks that a refusal names, or give the twins the same
    arguments, and run tapfix again.
    """

    rule = "TAP001"
    severity = Severity.CRITICAL
    safety = Safety.UNSAFE
    title = "Fundamental architecture mismatch: regions instead of environments"
    cause = (
        '"Several environments" was read as "several regions": the stack was doubled over provider aliases, where '
        "one topology with values per environment was asked for."
    )
    reference = "https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files"
    because = _MIRROR
    effect = "Everything runs, costs and has to be changed twice, and no environment differs from another."
    order = 10

    examples = (
        Example(
            title="A mirror over two aliases",
            before="""\
variable "aws_region" {
  type    = string
  default = "us-east-1"
}

variable "cidr_us_east_1" {
  type    = string
  default = "10.1.0.0/16"
}

variable "cidr_us_west_2" {
  type    = string
  default = "10.2.0.0/16"
}

# Network - US-EAST-1
resource "aws_vpc" "main_us_east_1" {
  provider   = aws.us_east_1
  cidr_block = var.cidr_us_east_1

  tags = {
    Name = "app-vpc-us-east-1"
  }
}

# Network - US-WEST-2
resource "aws_vpc" "main_us_west_2" {
  provider   = aws.us_west_2
  cidr_block = var.cidr_us_west_2

  tags = {
    Name = "app-vpc-us-west-2"
  }
}
""",
            after={
                "tap_stack.tf": """\
variable "aws_region" {
  type    = string
  default = "us-east-1"
}

variable "cidr" {
  type    = string
  default = "10.1.0.0/16"
}

variable "environment" {
  description = "Environment to deploy (dev, staging, prod)"
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment must be one of: dev, staging, prod."
  }
}

# Network
resource "aws_vpc" "main" {
  cidr_block = var.cidr

  tags = {
    Name = "app-vpc-${var.environment}"
  }
}
""",
                "dev.tfvars": """\
# dev.tfvars

# Environment
environment = "dev"
aws_region  = "us-east-1"

# What tells the environments apart
cidr = "10.1.0.0/16"
""",
                "staging.tfvars": """\
# staging.tfvars

# Environment
environment = "staging"
aws_region  = "us-east-1"

# What tells the environments apart
cidr = "10.2.0.0/16"
""",
                "prod.tfvars": """\
# prod.tfvars

# Environment
environment = "prod"
aws_region  = "us-east-1"

# What tells the environments apart
cidr = "10.3.0.0/16"
""",
            },
        ),
        Example(
            title="A comment speaks of disaster recovery: a suggestion",
            before="""\
# Multi-region network: primary and disaster recovery
resource "aws_vpc" "us_east_1" {
  provider   = aws.us_east_1
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc" "us_west_2" {
  provider   = aws.us_west_2
  cidr_block = "10.1.0.0/16"
}
""",
            after=None,
        ),
        Example(
            title="Sides named by roles, and a contract that states one region",
            before="""\
variable "env" {
  type    = string
  default = "dev"
}

variable "aws_region" {
  type    = string
  default = "us-east-1"
}

provider "aws" {
  alias  = "primary"
  region = "us-east-1"
}

provider "aws" {
  alias  = "dr"
  region = "us-west-2"
}

resource "aws_sqs_queue" "primary" {
  provider = aws.primary
  name     = "orders-${var.env}-primary"
  tags     = { Environment = "dev" }
}

resource "aws_sqs_queue" "dr" {
  provider = aws.dr
  name     = "orders-${var.env}-dr"
  tags     = { Environment = "dev" }
}
""",
            after={
                "tap_stack.tf": """\
variable "env" {
  type    = string
  default = "dev"

  validation {
    condition     = contains(["dev"], var.env)
    error_message = "The environment must be one of: dev."
  }
}

variable "aws_region" {
  type    = string
  default = "us-east-1"
}

provider "aws" {
  region = var.aws_region
}

resource "aws_sqs_queue" "main" {
  name = "orders-${var.env}"
  tags = { Environment = var.env }
}
""",
                "dev.tfvars": """\
# dev.tfvars

# Environment
env        = "dev"
aws_region = "us-east-1"
""",
            },
            contract='[topology]\nregions = "single"\nenvironments = ["dev"]\n',
        ),
        Example(
            title="A replica in the other region is refused, where one region is stated",
            before="""\
resource "aws_db_instance" "main" {
  identifier     = "app"
  instance_class = "db.t3.micro"
}

resource "aws_vpc" "primary" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc" "replica" {
  provider   = aws.replica
  cidr_block = "10.1.0.0/16"
}

resource "aws_db_instance" "replica" {
  provider            = aws.replica
  identifier          = "app-replica"
  instance_class      = "db.t3.micro"
  replicate_source_db = aws_db_instance.main.arn
}
""",
            after=None,
            contract='[topology]\nregions = "single"\n',
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not any(map(_names_a_provider, module.blocks)):
            return
        # This is the largest family of rules, and most stacks are in one region.
        from .obstacles import must_be_in_us_east_1
        from .twins import Twins

        twins = Twins(module)
        if not twins.sides.aliases:
            return
        aliased = twins.sides.aliased_blocks()
        first = aliased[0] if aliased else module.find(twins.sides.aliases[0])
        if first is None:
            return
        wanted, because = context.contract.topology.regions, context.contract.because("topology.regions")
        if wanted == "multi":
            yield self._stands_down(first, twins.sides)._replace(because=because or self.because)
        elif not module.is_root:
            return
        elif not any(_is_made(module.find(gone)) for gone in twins.pairs):
            if wanted == "single" and not must_be_in_us_east_1(aliased, twins.sides):
                yield self._alias_alone(first, aliased, twins.sides)._replace(because=because or self.because)
        else:
            from .collapse import Collapse

            collapse = Collapse(twins, context.contract, moved=context.moved)
            # A sentence may be about one region and mean several: against what the answer says, a person decides.
            is_doubtful = wanted == "mirror" or (because is not None and because.source == "prompt")
            seen = collapse.evidence(context.project.files.values(), context.answer) if is_doubtful else []
            if seen:
                yield self._suggested(first, collapse, seen[0], because)
            elif collapse.obstacles:
                yield from self._refused(collapse, because)
            else:
                ground = because if wanted == "single" else _MIRROR
                yield self._collapsed(first, collapse, context.environments, ground)

    def _stands_down(self, first: Element, sides: Sides) -> Finding:
        """Report that several regions were asked for, which is not a failure of the answer."""
        aliases = _listed(sides.aliases)
        message = f"the stack uses {aliases}, and stays in several regions"
        found = self.suggest(first, message, "the contract asks for several regions")
        return found._replace(status=Status.SUPPRESSED)

    def _alias_alone(self, first: Element, aliased: Sequence[Block], sides: Sides) -> Finding:
        """Refuse aliases without twins: an alias alone does not make a stack of two regions."""
        verb = "uses" if aliased else "declares"
        return self.refuse(
            first,
            f"the stack {verb} {_listed(sides.aliases)}, where one region was asked for",
            "nothing in it is written twice, so there is nothing to collapse; decide whether the alias is wanted "
            'and say `regions = "multi"` in tapfix.toml, or take it out',
        )._replace(severity=Severity.MEDIUM)

    def _suggested(self, first: Element, collapse: Collapse, sign: Evidence, because: Because | None) -> Finding:
        """Say what shows that the second region may be wanted, and which line decides."""
        message = f"the stack is doubled over {_both(collapse.twins.sides)}, and stays: {sign.text}"
        quote = f'it says "{sign.quote}"; ' if sign.quote else ""
        effect = "shows what has to go first" if collapse.obstacles else "collapses the stack"
        found = self.suggest(
            sign.at or first,
            message,
            f"{quote}{'the prompt seems to ask for one region' if because else 'nobody states how many are wanted'}"
            f': under [topology] in tapfix.toml, `regions = "single"` '
            f'{effect}, and `regions = "multi"` keeps it as it is',
            because=because or _MIRROR,
        )
        if sign.span is not None:
            found = found._replace(span=sign.span, address="")
        return found._replace(severity=Severity.MEDIUM)

    def _refused(self, collapse: Collapse, because: Because | None) -> Iterator[Finding]:
        for obstacle in collapse.obstacles:
            yield self.refuse(
                obstacle.at,
                f"the stack is doubled over {_both(collapse.twins.sides)}, and this cannot be collapsed",
                f"{obstacle.why}; decide whether the second region is wanted "
                '(`regions = "multi"` in tapfix.toml) or take it out',
                because=because,
            )

    def _collapsed(
        self, first: Element, collapse: Collapse, environments: Sequence[str], because: Because | None
    ) -> Finding:
        gone = [collapse.module.find(address) for address in collapse.twins.pairs]
        count = sum(isinstance(block, Block) and block.type in ("resource", "module") for block in gone)
        pairs = "a pair of resources" if count == 1 else f"{count} pairs of resources"
        files = ", ".join(f"{environment}.tfvars" for environment in environments)
        return self.fix(
            first,
            f"the stack is doubled over {_both(collapse.twins.sides)}: {pairs} became one topology, with {files}",
            collapse.edits(),
            exclusive=True,
            because=because,
        )


def _names_a_provider(block: Block) -> bool:
    """Whether a block may say that something is made by another provider than the default one."""
    return not {"alias", "provider", "providers"}.isdisjoint(block.attributes)


def _is_made(element: Element | None) -> bool:
    """Whether an element is more than a value: a block, but not of a variable."""
    return isinstance(element, Block) and element.type != "variable"


def _both(sides: Sides) -> str:
    """The kept side and the others, in words."""
    from .sides import DEFAULT

    kept = "the default provider" if sides.kept == DEFAULT else _listed([sides.kept])
    return f"{kept} and {_listed(sides.others)}"


def _listed(sides: Iterable[str]) -> str:
    return ", ".join(side.removeprefix("provider.") for side in sides)
