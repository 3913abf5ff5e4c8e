"""TAP001 region-collapse."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity, Status
from tapfix.module import Block, Module


class RegionCollapse(Fixer):
    """A stack written out once per region through provider aliases, where one topology per environment was asked for.

    Before, every block stands there once a region, and each half names its provider:

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

    **What it does.** Twins are found by structure; names only decide between equals. The side that `aws_region` names stays, the others
    go, with the variables, local values, data sources and outputs that served them alone, entries of maps and lists that spoke of
    them, and global resources that were doubled by accident. What twins differ in is classified:

    | they differ in | what becomes of it |
    |---|---|
    | the region's own words, as in names, tags, ARNs | the environment's name, or `var.aws_region` where the region is meant |
    | a number, a switch, a size, a CIDR range, a kind (`engine_version`) | a variable with a value per environment |
    | the first numbers of an address, `"10.0.${count.index}.0/24"` | a variable in their place |
    | a constant that the other side alone sets | a variable; `null` for the first environment |
    | a constant that the kept side alone sets | it stays |
    | what only makes sense in the other region: an AMI, an id, an ARN, a name | it is nobody's: the kept one's stays |
    | a map by region, looked up by the region's name | the value itself, with one per environment if they differ |
    | anything else | refused |

    The first environment gets what the kept region had, the next the other region's values, and the rest values derived from both, so that
    CIDR ranges keep apart and sizes do not shrink on the way to production. Names and tags take the environment's name where they had the
    region's, and names that must be unique in an account get it as well, so that the environments can live side by side. With
    `--moved` there are `moved` blocks from the kept region's old addresses.

    **Unsafe**: half of what the answer declared is no longer made. It runs because the contract asks for one region
    (`topology.regions = "single"`); with `"multi"` it stands down.

    **What it refuses**, whole, with the blocks named; nothing is collapsed in part, because what is left would refer to what is gone:

    - what means something only across regions: replicas of databases, buckets, keys, secrets and tables, global clusters, peering and
      transit gateways, failover, latency and weighted records, accelerators, copies of backups;
    - a module that is given the providers of several regions;
    - a reference from one side to the other, or of what stays to what would go;
    - a block of a region that goes which has no twin, and one of the default provider that would move to another region;
    - twins that differ in an expression, a nested block, `count`, `for_each` or `lifecycle`: no variable can carry that.

    A certificate, a web ACL of CloudFront and the like that stand in us-east-1 because AWS wants them there are left alone, with their
    alias.

    **What to do then.** Decide whether the second region is wanted. If it is, say so in `tapfix.toml`:

    ```toml
    [topology]
    regions = "multi"
    ```

    If not, take the named blocks out, or make the twins agree in what they differ in, and run tapfix again.
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
    effect = "Everything runs, costs and has to be changed twice, and no environment differs from another."
    order = 10

    examples = (
        Example(
            title="Twins over two aliases",
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
            title="A replica in the other region is refused",
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
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not any(map(_names_a_provider, module.blocks)):
            return
        # The largest family of all, and most stacks are of one region.
        from .plan import Plan
        from .troubles import must_live_in_us_east_1
        from .twins import DEFAULT, Twins

        twins = Twins(module)
        if not twins.aliases:
            return
        blocks = [b for b in module.blocks if twins.side_of.get(b.address, DEFAULT) != DEFAULT]
        first = blocks[0] if blocks else module.find(twins.aliases[0])
        if first is None:
            return
        aliases = ", ".join(a.removeprefix("provider.") for a in twins.aliases)
        if context.contract.topology.regions == "multi":
            # Said, and no failure of the answer: what was asked for is there.
            yield self.suggest(
                first,
                f"the stack uses {aliases}, and stays in several regions",
                "the contract asks for several regions",
            )._replace(status=Status.SUPPRESSED)
            return
        if not module.is_root:
            return
        if not any(isinstance(module.find(a), Block) and module.find(a).type != "variable" for a in twins.pairs):  # type: ignore[union-attr]
            if blocks and all(twins.region_of(twins.side_of[b.address]) == "us-east-1" for b in blocks):
                if all(must_live_in_us_east_1(b) for b in blocks):
                    return  # one topology, as it was asked for
            # An alias by itself, as for a certificate of CloudFront, is no stack in two regions.
            yield self.refuse(
                first,
                f"the stack {'uses' if blocks else 'declares'} {aliases}, where one region was asked for",
                "nothing in it is written twice, so there is nothing to collapse; decide whether the alias is wanted "
                'and say `regions = "multi"` in tapfix.toml, or take it out',
            )._replace(severity=Severity.MEDIUM)
            return
        plan = Plan(twins, context.contract, moved=context.moved)
        kept = twins.kept.removeprefix("provider.") if twins.kept != DEFAULT else "the default provider"
        others = ", ".join(s.removeprefix("provider.") for s in twins.others)
        if plan.troubles:
            for trouble in plan.troubles:
                yield self.refuse(
                    trouble.at,
                    f"the stack is doubled over {kept} and {others}, and this cannot be collapsed",
                    f'{trouble.why}; decide whether the second region is wanted (`regions = "multi"` in tapfix.toml) or take it out',
                )
            return
        count = sum(
            1 for a in twins.pairs if isinstance(b := module.find(a), Block) and b.type in ("resource", "module")
        )
        yield self.fix(
            first,
            f"the stack is doubled over {kept} and {others}: {_pairs(count)} became one topology, "
            f"with {', '.join(f'{e}.tfvars' for e in context.environments)}",
            plan.edits(),
            exclusive=True,
        )


def _names_a_provider(block: Block) -> bool:
    """Whether a block may say that something is made elsewhere than by the default provider."""
    return not {"alias", "provider", "providers"}.isdisjoint(block.attributes)


def _pairs(count: int) -> str:
    return "a pair of resources" if count == 1 else f"{count} pairs of resources"
