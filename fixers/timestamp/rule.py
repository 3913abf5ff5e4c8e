"""TAP003 `timestamp`: values that differ in every plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Module, call_arguments

from .volatile import TIME_CALLS, VolatileUse, uses

if TYPE_CHECKING:
    from .purposes import Purpose

_EVERY_PLAN = "is another value in every plan"

_TRIGGER = (
    "Say what it should run for: the hash of a file (`filesha256`), an id, a version. If it really has to run at every "
    "apply, keep it, and live with a plan that is never empty."
)


class Timestamp(Fixer):
    """`timestamp()` and similar functions make a difference in every plan.

    Terraform evaluates `timestamp()`, `plantimestamp()`, `uuid()` and `bcrypt()` anew each time it runs. A value that
    is made of them differs from the applied one, so no plan is ever empty: tags are written again, outputs change, and
    where the argument cannot be changed in place, resources are replaced.

    **What it does.** Each use has its own remedy, also if it goes through local values:

    - a tag that contains a time is removed; so is an output, or an item of one;
    - from a name, a description or a snapshot's name the interpolation is removed, with its separator:
      `"${var.app}-final-${formatdate("YYYYMMDD", timestamp())}"` becomes `"${var.app}-final"`. In prose the words that
      introduce the time are removed with it: `"The app, made on ${timestamp()}"` becomes `"The app"`. A text that
      contains nothing else is removed as a whole;
    - a `random_id` replaces the time in a name that must be unique in the world (a bucket's), and in a name that would
      be that of another resource without the time;
    - `uuid()` becomes a `random_uuid`, which is drawn once; `bcrypt(random_password.x.result)` becomes
      `random_password.x.bcrypt_hash`;
    - a time in a shell script of user data is taken when the machine starts: `$(date -u +%Y-%m-%dT%H:%M:%SZ)`;
    - any other argument of a resource that is a time keeps the time of the creation: `ignore_changes` names it;
    - a local value that nothing uses any more is removed.

    A use in a condition makes no difference in a plan, and neither does one in an argument that `ignore_changes` names.
    Both are left alone.

    **Safety: unsafe.** The stack no longer says when it was applied, and names lose a part.

    **What it refuses.** Triggers and keepers: whoever wrote `always_run = timestamp()` wanted it to run each time, and
    only a person can say what it should run for instead. And every place where something may need the value: an
    environment variable, a file's content, an argument of a module.
    """

    rule = "TAP003"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    title = "A timestamp in the configuration"
    cause = "A unique name was wanted, and a function was used that gives another value on every run."
    reference = "https://developer.hashicorp.com/terraform/language/functions/timestamp"
    because = Because("built-in", "a second plan after an apply is empty")
    effect = "Every plan shows a change, so that no plan is ever empty."
    examples = (
        Example(
            title="a tag",
            before="""\
locals {
  tags = {
    Project   = "shop"
    CreatedAt = timestamp()
  }
}

resource "aws_vpc" "main" {
  tags = local.tags
}
""",
            after="""\
locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  tags = local.tags
}
""",
        ),
        Example(
            title="a part of a name, through a local",
            before="""\
locals {
  now = formatdate("YYYYMMDD", timestamp())
}

resource "aws_iam_role" "main" {
  name        = "${var.app}-role-${local.now}"
  description = "The role of ${var.app}, made on ${local.now}"
}
""",
            after="""\
resource "aws_iam_role" "main" {
  name        = "${var.app}-role"
  description = "The role of ${var.app}"
}
""",
        ),
        Example(
            title="a name that must be like no other",
            before="""\
resource "aws_s3_bucket" "logs" {
  bucket = "logs-${formatdate("YYYYMMDDhhmmss", timestamp())}"
}
""",
            after="""\
resource "random_id" "logs" {
  byte_length = 4
}

resource "aws_s3_bucket" "logs" {
  bucket = "logs-${random_id.logs.hex}"
}
""",
        ),
        Example(
            title="uuid()",
            before="""\
locals {
  suffix = substr(uuid(), 0, 4)
}

resource "aws_iam_role" "main" {
  name = "role-${local.suffix}"
}
""",
            after="""\
locals {
  suffix = substr(random_uuid.suffix.result, 0, 4)
}

resource "random_uuid" "suffix" {}

resource "aws_iam_role" "main" {
  name = "role-${local.suffix}"
}
""",
        ),
        Example(
            title="a time that is an argument of its own",
            before="""\
resource "aws_appsync_api_key" "main" {
  api_id  = "a"
  expires = timeadd(timestamp(), "8760h")
}
""",
            after="""\
resource "aws_appsync_api_key" "main" {
  api_id  = "a"
  expires = timeadd(timestamp(), "8760h")

  lifecycle {
    ignore_changes = [expires]
  }
}
""",
        ),
        Example(
            title="a trigger that wants to run each time",
            before="""\
resource "null_resource" "build" {
  triggers = {
    always_run = timestamp()
  }
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        found = uses(module)
        if not found:
            return
        from .purposes import is_harmless  # Only a stack with such a function needs the rest of the rule.

        for use in found:
            if not is_harmless(use):
                yield from self._use(use, module, _number(use, found))
        used = {reference.address for reference in module.references}
        for use in found:
            if use.local is not None and use.kind == "whole" and f"local.{use.local}" not in used:
                message = f"nothing uses the local value `{use.local}` (`{use.function}`): removed"
                yield self.fix(use.holder, message, [_without_local(use)])

    def _use(self, use: VolatileUse, module: Module, number: int) -> Iterator[Finding]:
        if use.local is not None and use.kind == "whole" and use.function in TIME_CALLS:
            return  # each use of the local value has its own finding
        from .purposes import Purpose, purpose_of

        purpose = purpose_of(use, module)
        if purpose is Purpose.PROVISIONER:
            message = f"`{use.function}` in a provisioner is evaluated only when that runs, and changes no plan"
            yield self.suggest(use.holder, message, "It may stay.", node=use.source)
        elif purpose is Purpose.TRIGGER:
            message = f"`{use.function}` in the trigger `{use.key or use.holder.name}` {_EVERY_PLAN}"
            yield self.refuse(use.holder, message, _TRIGGER, node=use.source)
        elif use.function == "uuid()":
            yield self._drawn(use, module, number)
        elif use.function == "bcrypt()":
            yield self._hashed(use)
        else:
            yield self._time(use, purpose, module)

    def _time(self, use: VolatileUse, purpose: Purpose, module: Module) -> Finding:
        from .remedies import kept, remedy_of

        remedy = remedy_of(use, purpose, module) or kept(use)
        message = f"`{use.function}` in `{use.holder.name}` {_EVERY_PLAN}"
        if remedy is None:
            return self.refuse(use.holder, message, _reason(use), node=use.source)
        return self.fix(use.holder, f"{message}: {remedy.what}", remedy.edits, node=use.source)

    def _drawn(self, use: VolatileUse, module: Module, number: int) -> Finding:
        from .remedies import StandIn

        stand_in = StandIn("random_uuid", "", module, use, number)
        edits = [use.holder.edit(use.source, f"{stand_in.address}.result"), *stand_in.edits]
        message = f"`uuid()` in `{use.holder.name}` {_EVERY_PLAN}: `{stand_in.address}`, drawn once, replaces it"
        return self.fix(use.holder, message, edits, node=use.source)

    def _hashed(self, use: VolatileUse) -> Finding:
        from .remedies import kept

        message = f"`bcrypt()` in `{use.holder.name}` {_EVERY_PLAN}, since its salt is new each time"
        arguments = call_arguments(use.source)
        password = use.holder.text(arguments[0]) if arguments else ""
        if re.fullmatch(r"random_password\.[\w-]+(\[[\w.]+\])?\.result", password) and len(arguments) == 1:
            hash = password.removesuffix(".result") + ".bcrypt_hash"
            edits = [use.holder.edit(use.source, hash)]
            return self.fix(use.holder, f"{message}: `{hash}` replaces it", edits, node=use.source)
        remedy = kept(use)
        if remedy is not None:
            return self.fix(use.holder, f"{message}: {remedy.what}", remedy.edits, node=use.source)
        reason = "Hash the password once, outside, and pass the hash as a sensitive variable."
        return self.refuse(use.holder, message, reason, node=use.source)


def _number(use: VolatileUse, found: Iterable[VolatileUse]) -> int:
    """Which of the uses of its function in its block, or in its local value, a use is; the first is 1."""
    alike = [u for u in found if u.function == use.function and u.block is use.block and u.local == use.local]
    return 1 + next(i for i, other in enumerate(alike) if other is use)


def _without_local(use: VolatileUse) -> Edit:
    """Remove the local value, or the whole block of it if the block contains nothing else."""
    block = use.block
    return (block if len(block.attributes) == 1 and not block.blocks else use.holder).remove()


def _reason(use: VolatileUse) -> str:
    if use.block.type == "module":
        return "The called module has to say what it is for: pass a variable, or take it out."
    if use.local is not None:
        return f"`local.{use.local}` is used for more than tags: say whether its uses need the time, or take it out."
    return "Something may read it: take it out if nothing does, or pass a variable that is set on purpose."
