"""What the collapse of a stack costs as the stack grows.

    python -m bench.regions [--blocks N,N,…] [--rounds N] [--profile]

The stack consists of networks, queues, keys and policies, once per region. The script measures the processor time of
this process for the rule alone (find twins, make edits) and for a whole run with it (parse, collapse, check, run again
until nothing changes).
"""

from __future__ import annotations

import argparse
import cProfile
import platform
import pstats
import time

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers, select
from tapfix.fixer import Context
from tapfix.module import Project

UNIT = """\
variable "cidr_NAME_SIDE" {
  type    = string
  default = "10.OCTET.0.0/16"
}

resource "aws_vpc" "NAME_SIDE" {
  provider   = aws.SIDE
  cidr_block = var.cidr_NAME_SIDE
  tags       = { Name = "NAME-REGION" }
}

resource "aws_subnet" "NAME_SIDE" {
  provider   = aws.SIDE
  count      = 2
  vpc_id     = aws_vpc.NAME_SIDE.id
  cidr_block = cidrsubnet(var.cidr_NAME_SIDE, 8, count.index)
}

# Work of NAME in REGION
resource "aws_sqs_queue" "NAME_SIDE" {
  provider                   = aws.SIDE
  name                       = "NAME-REGION"
  visibility_timeout_seconds = SECONDS
  kms_master_key_id          = aws_kms_key.NAME_SIDE.id
}

resource "aws_kms_key" "NAME_SIDE" {
  provider            = aws.SIDE
  description         = "NAME in REGION"
  enable_key_rotation = true
}

resource "aws_iam_policy" "NAME_SIDE" {
  name = "NAME-REGION"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:*"], Resource = [aws_sqs_queue.NAME_SIDE.arn] }]
  })
}

output "queue_NAME_SIDE" {
  value = aws_sqs_queue.NAME_SIDE.url
}
"""
BLOCKS_IN_UNIT = UNIT.count("\n}\n")
SIDES = (("us_east_1", "us-east-1", "1", "30"), ("us_west_2", "us-west-2", "2", "60"))


def stack(blocks: int) -> str:
    """A doubled stack of about this number of blocks."""
    parts = [f'provider "aws" {{\n  alias  = "{side}"\n  region = "{region}"\n}}\n' for side, region, _, _ in SIDES]
    for side, region, octet, seconds in SIDES:
        for number in range(max(1, blocks // BLOCKS_IN_UNIT // len(SIDES))):
            text = UNIT.replace("NAME", f"w{number}").replace("SIDE", side).replace("REGION", region)
            parts.append(text.replace("OCTET", octet).replace("SECONDS", seconds))
    return "\n".join(parts)


def measured(blocks: int, rounds: int) -> tuple[int, float, float]:
    """The number of blocks, and the best times in seconds of the rule alone and of a whole run."""
    text, contract = stack(blocks), Contract.from_toml('[topology]\nregions = "single"\n')
    (rule,) = select(builtin_fixers(), ["TAP001"])
    alone, whole = [], []
    for _ in range(rounds):
        project = Project({"tap_stack.tf": text})
        count = len(project.root.references) and len(project.root.blocks)
        started = time.process_time()
        findings = list(rule.check(project.root, Context(contract, project)))
        alone.append(time.process_time() - started)
        assert len(findings) == 1
        started = time.process_time()
        outcome = repair({"tap_stack.tf": text}, [rule], contract, options=Options(strict=True))
        whole.append(time.process_time() - started)
        assert "aws.us_" not in outcome.texts["tap_stack.tf"]
    return count, min(alone), min(whole)


def main() -> int:
    """Measure, and print a row for each size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--blocks", default="100,300,1000,3000,10000")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--profile", action="store_true", help="profile the rule on the largest stack instead")
    given = options.parse_args()
    sizes = [int(n) for n in given.blocks.split(",")]
    if given.profile:
        profile = cProfile.Profile()
        profile.runcall(measured, sizes[-1], 1)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(40)
        return 0
    print(f"CPython {platform.python_version()}, processor time, best of {given.rounds}\n")
    print("| blocks | the rule, s | ms a block | a whole run, s | ms a block |\n|---|---|---|---|---|")
    for size in sizes:
        count, alone, whole = measured(size, given.rounds)
        print(f"| {count} | {alone:.2f} | {alone / count * 1000:.2f} | {whole:.2f} | {whole / count * 1000:.2f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
