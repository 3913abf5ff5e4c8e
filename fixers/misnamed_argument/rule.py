"""TAP103 `misnamed-argument`: arguments under a name that the provider does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from textwrap import dedent

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module
from tapfix.schema import BlockSchema, Schema

from ..shared.places import attributes_at
from .misnomers import MISNOMERS, NESTED, Misnomer, Nested


class MisnamedArgument(Fixer):
    """An argument stands under a name that the provider does not know.

    Models remember arguments under the name that an older provider, the console or a sister resource has for them. Terraform
    stops at the first one.

    **What it does.** A table (`fixers/_misnomers.py`) tells the right name: `log_destination_arn` of a flow log is
    `log_destination`, `vpc = true` of an address is `domain = "vpc"`. A block whose arguments are the resource's own, such as
    `deployment_configuration` of an ECS service, is dissolved. `tags` of a resource that AWS cannot tag go. Each row counts only
    where the provider's schema says that the one name is wrong and the other right, and where the right one does not stand
    there already.

    **Safety: safe.** As it stands, the stack cannot be planned; under the right name the argument says what was meant.

    **What it refuses.** A value that the right argument has no word for: `vpc = var.in_vpc`.
    """

    rule = "TAP103"
    severity = Severity.CRITICAL
    safety = Safety.SAFE
    title = "Arguments under names that they do not have"
    cause = "The name is that of another resource, of an older provider, or of the AWS interface."
    reference = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs"
    effect = "`terraform validate` fails."
    examples = (
        Example(
            title="another name",
            before="""\
resource "aws_flow_log" "main" {
  log_destination_arn = aws_cloudwatch_log_group.main.arn
  traffic_type        = "ALL"
}

resource "aws_eip" "nat" {
  vpc = true
}
""",
            after="""\
resource "aws_flow_log" "main" {
  log_destination = aws_cloudwatch_log_group.main.arn
  traffic_type    = "ALL"
}

resource "aws_eip" "nat" {
  domain = "vpc"
}
""",
        ),
        Example(
            title="a block that is none",
            before="""\
resource "aws_ecs_service" "app" {
  name = "app"

  deployment_configuration {
    maximum_percent         = 200
    minimum_healthy_percent = 50

    deployment_circuit_breaker {
      enable   = true
      rollback = true
    }
  }
}
""",
            after="""\
resource "aws_ecs_service" "app" {
  name = "app"

  deployment_maximum_percent         = 200
  deployment_minimum_healthy_percent = 50

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
}
""",
        ),
        Example(
            title="tags on what cannot be tagged",
            before="""\
resource "aws_route_table_association" "a" {
  subnet_id = aws_subnet.a.id
  tags      = { Name = "a" }
}
""",
            after="""\
resource "aws_route_table_association" "a" {
  subnet_id = aws_subnet.a.id
}
""",
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        for block in module.resources():
            schema = context.schema.resource(block.labels[0])
            if schema is None:
                continue
            for row in _misnomers_of(block.labels[0]):
                yield from self._misnomer(block, row, context.schema)
            for nested in _nested_of(block.labels[0]):
                yield from self._nested(block, nested, schema)
            tags = block.get("tags")
            if tags is not None and "tags" not in schema and schema.provider == "aws":
                yield self.fix(
                    tags, f"an `{block.labels[0]}` cannot be tagged: its `tags` are removed", [tags.remove()]
                )

    def _misnomer(self, block: Block, row: Misnomer, schema: Schema) -> Iterator[Finding]:
        for attribute in attributes_at(block, row.wrong):
            assert attribute.parent is not None
            known = _schema_at(schema, block.labels[0], row.wrong)
            wrong = known.attributes.get(attribute.name) if known is not None else None
            if known is None or (wrong is not None and wrong.settable and not wrong.deprecated):
                continue
            if not row.right:
                yield self.fix(attribute, f"there is no argument `{attribute.name}`: removed", [attribute.remove()])
            elif row.right in known.attributes and attribute.parent.get(row.right) is None:
                yield self._renamed(attribute, row)

    def _renamed(self, attribute: Attribute, row: Misnomer) -> Finding:
        if not row.value:
            message = f"there is no argument `{attribute.name}`: it is called `{row.right}`"
            return self.fix(attribute, message, [attribute.edit(attribute.node.children[0], row.right)])
        message = f"`{attribute.name} = {attribute.value}` is written `{row.right} = {row.value}`"
        if attribute.value == "true":
            return self.fix(attribute, message, [attribute.edit(None, f"{row.right} = {row.value}")])
        if attribute.value in ("false", "null"):
            return self.fix(
                attribute, f"`{attribute.name} = {attribute.value}` says nothing: removed", [attribute.remove()]
            )
        reason = f"`{row.right}` is a string: say for which values of `{attribute.value}` it is {row.value}."
        return self.refuse(attribute, f"there is no argument `{attribute.name}` any more", reason)

    def _nested(self, block: Block, row: Nested, schema: BlockSchema) -> Iterator[Finding]:
        names = dict(row.arguments)
        for nested in block.blocks:
            if nested.type != row.block or row.block in schema or not all(name in names for name in nested.attributes):
                continue
            if any(inner.type not in schema.blocks for inner in nested.blocks):
                continue
            message = f"there is no block `{row.block}`: its arguments are the resource's own"
            yield self.fix(nested, message, [_dissolved(nested, names)])


def _dissolved(nested: Block, names: dict[str, str]) -> Edit:
    """The block replaced by what is in it, under the names that the resource has for it."""
    text, at = "", nested.start
    inside = nested.file.text
    opening = next(c for c in nested.node.children if c.kind == "OBrace")
    start, end = nested.base + opening.end, nested.base + nested.node.children[-1].start
    at = start
    for attribute in nested.attributes.values():
        name = attribute.span(attribute.node.children[0])
        text += inside[at : name.start] + names[attribute.name]
        at = name.end
    text += inside[at:end]
    lines = dedent(text.strip("\n").rstrip()).split("\n")
    return nested.edit(None, ("\n" + nested.indent).join(lines).replace("\n" + nested.indent + "\n", "\n\n"))


def _schema_at(schema: Schema, type: str, argument: str) -> BlockSchema | None:
    """The schema of the block that a dotted argument stands in."""
    known = schema.resource(type)
    return known.inner(argument.split(".")[:-1]) if known is not None else None


@cache
def _misnomers_of(type: str) -> tuple[Misnomer, ...]:
    return tuple(row for row in MISNOMERS if type in row.types.split())


@cache
def _nested_of(type: str) -> tuple[Nested, ...]:
    return tuple(row for row in NESTED if type in row.types.split())
