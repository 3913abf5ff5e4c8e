"""TAP103 `misnamed-argument`: arguments with a name that the provider does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import dedent

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module
from tapfix.schema import BlockSchema, Schema

from ..shared.places import attributes_at, by_type
from .misnomers import INVENTED_BLOCKS, MISNOMERS, InventedBlock, Misnomer


class MisnamedArgument(Fixer):
    """An argument has a name that the provider does not know.

    Models use the name that an older provider, the AWS console or a similar resource has for an argument. Terraform
    stops at the first such name.

    **What it does.** A table (`fixers/misnamed_argument/misnomers.py`) has the right names: `log_destination_arn` of
    a flow log becomes `log_destination`, `vpc = true` of an address becomes `domain = "vpc"`. A block whose arguments
    belong to the resource itself, such as `deployment_configuration` of an ECS service, is replaced by its arguments.
    `tags` are removed from a resource that AWS cannot tag. A row of the table counts only where the provider's schema
    says that the one name is wrong and the other is right, and where the right one is not set already.

    **Safety: safe.** With the wrong name the stack cannot be planned. With the right name the argument says what was
    meant.

    **What it refuses.** A value that cannot be translated to the right argument: `vpc = var.in_vpc`.
    """

    rule = "TAP103"
    severity = Severity.CRITICAL
    safety = Safety.SAFE
    title = "Arguments under names that they do not have"
    cause = "The name is that of another resource, of an older provider, or of the AWS interface."
    reference = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs"
    because = Because("terraform", "a block contains only arguments and blocks that its type has", reference=reference)
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
            title="a block that the provider does not have",
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
            title="tags of a resource that cannot be tagged",
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
            for invented in _invented_blocks_of(block.labels[0]):
                yield from self._invented(block, invented, schema)
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
            return self.fix(attribute, message, [attribute.rename(row.right)])
        message = f"`{attribute.name} = {attribute.value}` is written `{row.right} = {row.value}`"
        if attribute.value == "true":
            return self.fix(attribute, message, [attribute.edit(None, f"{row.right} = {row.value}")])
        if attribute.value in ("false", "null"):
            message = f"`{attribute.name} = {attribute.value}` has no effect: removed"
            return self.fix(attribute, message, [attribute.remove()])
        reason = f"`{row.right}` is a string: say for which values of `{attribute.value}` it is {row.value}."
        return self.refuse(attribute, f"there is no argument `{attribute.name}` any more", reason)

    def _invented(self, block: Block, row: InventedBlock, schema: BlockSchema) -> Iterator[Finding]:
        names = dict(row.arguments)
        for nested in block.blocks:
            if nested.type != row.block or row.block in schema or not all(name in names for name in nested.attributes):
                continue
            if any(inner.type not in schema.blocks for inner in nested.blocks):
                continue
            message = f"there is no block `{row.block}`: its arguments are the resource's own"
            yield self.fix(nested, message, [_dissolved(nested, names)])


def _dissolved(nested: Block, names: dict[str, str]) -> Edit:
    """The edit that replaces a block by its content, with the resource's names for its arguments."""
    source = nested.file.text
    at, text = source.index("{", nested.start) + 1, ""
    for attribute in nested.attributes.values():
        text += source[at : attribute.start] + names[attribute.name]
        at = attribute.start + len(attribute.name)
    text += source[at : nested.end - 1]
    lines = dedent(text.strip("\n").rstrip()).split("\n")
    return nested.edit(None, ("\n" + nested.indent).join(lines).replace("\n" + nested.indent + "\n", "\n\n"))


def _schema_at(schema: Schema, type: str, argument: str) -> BlockSchema | None:
    """The schema of the block that contains the argument of a dotted name."""
    known = schema.resource(type)
    return known.inner(argument.split(".")[:-1]) if known is not None else None


_misnomers_of = by_type(MISNOMERS)
_invented_blocks_of = by_type(INVENTED_BLOCKS)
