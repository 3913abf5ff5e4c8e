"""TAP103: the table against the schema, and what a wrong name becomes."""

from __future__ import annotations

import pytest
from mending import mended, refused

from fixers.misnamed_argument.misnomers import INVENTED_BLOCKS, MISNOMERS, InventedBlock, Misnomer
from tapfix.schema import load

ROWS = [(type, row) for row in MISNOMERS for type in row.types.split()]


@pytest.mark.parametrize(("type", "row"), ROWS, ids=[f"{type}.{row.wrong}" for type, row in ROWS])
def test_the_provider_refuses_one_name_and_accepts_the_other(type: str, row: Misnomer) -> None:
    schema = load().resource(type)
    assert schema is not None
    *path, wrong = row.wrong.split(".")
    block = schema.inner(path)
    assert block is not None
    old = block.attributes.get(wrong)
    assert old is None or not old.settable or old.deprecated
    assert not row.right or block.attributes[row.right].settable


@pytest.mark.parametrize("row", INVENTED_BLOCKS, ids=[row.block for row in INVENTED_BLOCKS])
def test_the_provider_does_not_have_the_block(row: InventedBlock) -> None:
    for type in row.types.split():
        schema = load().resource(type)
        assert schema is not None
        assert row.block not in schema
        assert all(schema.attributes[name].settable for _, name in row.arguments)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'resource "aws_eip" "e" {\n  vpc = true # for NAT\n}\n',
            'resource "aws_eip" "e" {\n  domain = "vpc" # for NAT\n}\n',
        ),
        ('resource "aws_eip" "e" {\n  vpc = false\n}\n', 'resource "aws_eip" "e" {\n}\n'),
        (
            'resource "aws_eip" "e" {\n  vpc    = true\n  domain = "vpc"\n}\n',
            'resource "aws_eip" "e" {\n  vpc    = true\n  domain = "vpc"\n}\n',
        ),
        (
            'resource "aws_ecs_service" "s" {\n  deployment_configuration {\n    strategy = "ROLLING"\n  }\n}\n',
            'resource "aws_ecs_service" "s" {\n  deployment_configuration {\n    strategy = "ROLLING"\n  }\n}\n',
        ),
        (
            'resource "aws_elasticache_replication_group" "g" {\n  description        = "d"\n'
            "  auth_token_enabled = true\n}\n",
            'resource "aws_elasticache_replication_group" "g" {\n  description = "d"\n}\n',
        ),
        ('resource "x_y" "z" {\n  tags = {}\n}\n', 'resource "x_y" "z" {\n  tags = {}\n}\n'),
        ('resource "aws_vpc" "v" {\n  tags = {}\n}\n', 'resource "aws_vpc" "v" {\n  tags = {}\n}\n'),
    ],
)
def test_fixes(before: str, after: str) -> None:
    assert mended("TAP103", before).main == after


def test_a_value_that_cannot_be_translated_is_refused() -> None:
    assert "say for which values" in refused("TAP103", 'resource "aws_eip" "e" {\n  vpc = var.v\n}\n')[0]
