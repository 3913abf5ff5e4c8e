"""TAP002 `destroyable`: whatever keeps `terraform destroy` from finishing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, Module, Span, compose, string_value
from tapfix.module.evaluate import UNKNOWN
from tapfix.module.nodes import members
from tapfix.schema import load

from ..shared.lifecycle import stop_ignoring
from ..shared.places import attributes_at, by_type, places
from .blockers import BLOCKERS, BLOCKING_ITEMS, BLOCKS, LOCKS, Blocker, BlockingItem, Lock, as_markdown
from .origins import Origins, Wanted, wanted_by_place


class Destroyable(Fixer):
    """Something keeps `terraform destroy` from finishing.

    A stack that was applied for a test or a review has to be destroyed again, as a whole. Deletion protection, final
    snapshots and buckets that are not empty stop the destroy half-way. What is left costs money, and its names block
    the next apply.

    **What it does.** A table, below, lists the arguments that block, and the value with which they do not block:

    - an argument that blocks gets that value: `deletion_protection = false`;
    - an argument whose absence blocks is added: `skip_final_snapshot = true` of a database, `force_destroy = true` of a
      bucket;
    - an argument that has no effect any more is removed: `final_snapshot_identifier` beside
      `skip_final_snapshot = true`;
    - `prevent_destroy = true` is removed, and with it a `lifecycle` block that contains nothing else.

    A value that comes from a variable, a local value or an item of an object is changed where it is set (the
    variable's default, the tfvars files, the callers of the module, the local value), if it has no other use.
    Otherwise the argument itself is changed. An expression that blocks in some environments only
    (`var.environment == "prod"`) is replaced. Where the default of the AWS API lets destroy finish, nothing is
    changed.

    **Safety: unsafe.** The stack loses a protection that its author wrote down. The contract asks for that with
    `lifecycle.destroyable = true`, which is the default. With `false` the rule reports nothing.

    **What it refuses.** Locks that no argument undoes once they are applied: object lock in COMPLIANCE mode, legal
    holds, MFA delete, a backup vault that is locked for good, and similar ones. Each is reported by name, with what a
    person has to decide.
    """

    rule = "TAP002"
    severity = Severity.CRITICAL
    safety = Safety.UNSAFE
    title = "Resources that cannot be destroyed"
    cause = "Safety as in production was put before the demand that the stack can be taken down."
    reference = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"
    because = Because("built-in", "the stack can be destroyed")
    effect = "`terraform destroy` stops half way, and somebody has to clean up by hand."
    examples = (
        Example(
            title="a protected database with a final snapshot",
            before="""\
resource "aws_db_instance" "main" {
  identifier                = "main"
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "main-final"
}
""",
            after="""\
resource "aws_db_instance" "main" {
  identifier          = "main"
  deletion_protection = false
  skip_final_snapshot = true
}
""",
        ),
        Example(
            title="a bucket that cannot be destroyed once there is an object in it",
            before="""\
resource "aws_s3_bucket" "logs" {
  bucket = "logs"

  tags = { Name = "logs" }
}
""",
            after="""\
resource "aws_s3_bucket" "logs" {
  bucket        = "logs"
  force_destroy = true

  tags = { Name = "logs" }
}
""",
        ),
        Example(
            title="a switch without another use is changed where it is set; an environment's name is not touched",
            before={
                "tap_stack.tf": """\
variable "protected" {
  type    = bool
  default = true
}

variable "environment" {
  type = string
}

resource "aws_lb" "main" {
  enable_deletion_protection = var.protected
}

resource "aws_dynamodb_table" "main" {
  deletion_protection_enabled = var.environment == "prod"
}
""",
                "prod.tfvars": 'environment = "prod"\nprotected   = true\n',
            },
            after={
                "tap_stack.tf": """\
variable "protected" {
  type    = bool
  default = false
}

variable "environment" {
  type = string
}

resource "aws_lb" "main" {
  enable_deletion_protection = var.protected
}

resource "aws_dynamodb_table" "main" {
  deletion_protection_enabled = false
}
""",
                "prod.tfvars": 'environment = "prod"\nprotected   = false\n',
            },
        ),
        Example(
            title="an emptied lifecycle block goes",
            before="""\
resource "aws_kms_key" "main" {
  description = "main"

  lifecycle {
    prevent_destroy = true
  }
}
""",
            after="""\
resource "aws_kms_key" "main" {
  description = "main"
}
""",
        ),
        Example(
            title="what can never be undone is refused",
            before="""\
resource "aws_backup_vault_lock_configuration" "main" {
  backup_vault_name   = "main"
  changeable_for_days = 3
}
""",
            after=None,
        ),
    )

    @property
    def table(self) -> str:
        """The tables of what blocks a destroy, as Markdown."""
        return as_markdown()

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        if not context.contract.lifecycle.destroyable:
            return []
        because = context.contract.because("lifecycle.destroyable") or self.because
        return [finding._replace(because=because) for finding in self._findings(module, context)]

    def _findings(self, module: Module, context: Context) -> Iterator[Finding]:
        blocked = [(block, row) for block in module.resources() for row in _blockers_of(block.labels[0])]
        origins = Origins(module, context, _wanted_values(blocked))
        for block, row in blocked:
            yield from self._blocker(block, row, origins)
        for block in module.resources():
            for list_ in _blocking_items_of(block.labels[0]):
                yield from self._blocking_item(block, list_)
            for lock in _locks_of(block.labels[0]):
                yield from self._lock(block, lock, origins)
            yield from self._prevent_destroy(block)

    # Arguments that block ------------------------------------------------------------------------------------------

    def _blocker(self, block: Block, row: Blocker, origins: Origins) -> Iterator[Finding]:
        wanted = _wanted(row)
        attributes = list(attributes_at(block, row.argument))
        for place in attributes:
            edits = origins.edits(place, place.expr, wanted)
            here = _is_literal(edits, place)
            left_over = [e for name in row.drops.split() for e in _drop(block, name)] if here else []
            if edits:
                shown = f"`{row.argument} = {_shown(place)}`"
                elsewhere = "" if here else ", set where its value is decided"
                message = f"{shown} keeps `terraform destroy` from finishing ({row.why}): now `{row.wanted}`{elsewhere}"
                yield self.fix(place, message, [*edits, *left_over])
            elif left_over:
                message = f"`{row.drops}` has no effect beside `{row.argument} = {row.wanted}`: removed"
                yield self.fix(place, message, left_over)
        if not attributes and _absence_blocks(block, row):
            message = f"without `{row.argument} = {row.wanted}` `terraform destroy` may not finish ({row.why}): added"
            yield self.fix(block, message, _added(block, row))

    def _blocking_item(self, block: Block, row: BlockingItem) -> Iterator[Finding]:
        attribute = block.get(row.argument)
        if attribute is None or attribute.expr.kind != "tuple":
            return
        items = members(attribute.expr)
        for item in items:
            if string_value(item) != row.value:
                continue
            edit = attribute.remove_member(attribute.expr, item) if len(items) > 1 else attribute.remove()
            message = f"`{row.argument}` with {row.value} keeps `terraform destroy` from finishing ({row.why}): removed"
            yield self.fix(attribute, message, [edit])

    # What nobody can undo ------------------------------------------------------------------------------------------

    def _lock(self, block: Block, lock: Lock, origins: Origins) -> Iterator[Finding]:
        for place in places(block, lock.argument):
            if not lock.values:
                shown = f"`{lock.argument}`"
            elif isinstance(place, Attribute) and _may_be(origins.possible(place.expr), lock.values):
                shown = f"`{lock.argument} = {_shown(place)}`"
            else:
                continue
            yield self.refuse(
                place, f"{shown} can keep `terraform destroy` from finishing, and nothing undoes it", lock.decision
            )

    # lifecycle -----------------------------------------------------------------------------------------------------

    def _prevent_destroy(self, block: Block) -> Iterator[Finding]:
        for lifecycle in block.blocks_of("lifecycle"):
            attribute = lifecycle.get("prevent_destroy")
            if attribute is not None and attribute.value != "false":
                alone = len(lifecycle.attributes) == 1 and not lifecycle.blocks
                message = "`prevent_destroy` makes Terraform itself refuse every destroy: removed"
                yield self.fix(attribute, message, [(lifecycle if alone else attribute).remove()])


def _wanted_values(blocked: Iterable[tuple[Block, Blocker]]) -> dict[Span, Wanted]:
    """The values that the rows want, by the place of the expression."""
    found: dict[Span, Wanted] = {}
    for block, row in blocked:
        for place in attributes_at(block, row.argument):
            found.update(wanted_by_place(place, place.expr, _wanted(row)))
    return found


@cache
def _wanted(row: Blocker) -> Wanted:
    null = row.absent != BLOCKS
    if row.wanted in ("true", "false"):
        return Wanted(row.wanted == "true", row.wanted, null)
    if row.wanted.startswith("["):
        return Wanted(re.findall(r'"([^"]*)"', row.wanted), row.wanted, null)
    return Wanted(row.wanted.strip('"'), row.wanted, null)


# The table, by resource type ---------------------------------------------------------------------------------------


_blockers_of = by_type(BLOCKERS)
_blocking_items_of = by_type(BLOCKING_ITEMS)
_locks_of = by_type(LOCKS)


# Values -------------------------------------------------------------------------------------------------------------


def _is_literal(edits: Sequence[Edit], place: Attribute) -> bool:
    """Whether the argument is, or becomes with the edits, a literal: no variable decides its value."""
    if edits:
        return all(place.start <= e.start and e.end <= place.end and e.file == place.file.path for e in edits)
    return place.expr.kind in ("Identifier", "template", "tuple")


def _may_be(values: Iterable[object], locking: Sequence[object]) -> bool:
    return any(value is UNKNOWN or value in locking for value in values)


def _shown(attribute: Attribute) -> str:
    """The argument's source, short enough for a message."""
    text = " ".join(attribute.value.split())
    return text if len(text) <= 60 else text[:57] + "..."


# Edits -------------------------------------------------------------------------------------------------------------


def _absence_blocks(block: Block, row: Blocker) -> bool:
    """Whether destroy does not finish because the resource does not set the argument."""
    absent = row.absent
    if not absent.blocks or (absent.beside and not any(map(_is_set, places(block, absent.beside)))):
        return False
    return _accepts(block.labels[0], row.argument)


def _is_set(place: Attribute | Block) -> bool:
    return not isinstance(place, Attribute) or place.value != "null"


@cache
def _accepts(type: str, argument: str) -> bool:
    """Whether the provider accepts the argument: version 5, or version 6 for a type that 5 does not know."""
    *path, name = argument.split(".")
    schema = load().resource(type) or load(6).resource(type)
    block = schema.inner(path) if schema is not None else None
    return block is not None and name in block.attributes


def _added(block: Block, row: Blocker) -> list[Edit]:
    """The edits that add the argument, beside similar ones."""
    *path, name = row.argument.split(".")
    line = f"{name} = {row.wanted}"
    for i, step in enumerate(path):
        nested = block.blocks_of(step)
        if not nested:
            return [block.insert(_nested(path[i:], line))]
        block = nested[0]
        if block.type == "dynamic":
            block = next(iter(block.blocks_of("content")), block)
    dropped = next((a for n in row.drops.split() if (a := block.get(n))), None)
    if dropped is not None:
        return [dropped.edit(None, line), *stop_ignoring(block, dropped.name)]
    anchor = _anchor(block)
    return [block.insert(line, after=anchor, first=anchor is None)]


def _nested(path: Sequence[str], line: str) -> str:
    """The line in blocks in each other, after a blank line."""
    for step in reversed(path):
        line = compose.block(step, body=line)
    return "\n" + line.rstrip("\n")


_SIMILAR = ("deletion_protection", "bucket", "bucket_prefix", "name", "name_prefix", "identifier", "cluster_identifier")
"""The arguments after which a new one is inserted, the most similar first."""


def _anchor(block: Block) -> Element | None:
    """The element after which a new argument is inserted: a similar one, else the last of the first paragraph."""
    for name in _SIMILAR:
        found = block.get(name)
        if found is not None:
            return found
    anchor: Element | None = None
    for attribute in block.attributes.values():
        if anchor is not None and attribute.start > block.file.line_end(anchor.end) + len(attribute.indent):
            break
        if attribute.name == "tags" or "\n" in attribute.value:
            break
        anchor = attribute
    return anchor


def _drop(block: Block, name: str) -> list[Edit]:
    """The edits that remove an argument, from `ignore_changes` too."""
    attribute = block.get(name)
    return [attribute.remove(), *stop_ignoring(block, name)] if attribute is not None else []
