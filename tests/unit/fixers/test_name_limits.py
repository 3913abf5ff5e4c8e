"""TAP101: the names that AWS accepts, and the smallest change that corrects one."""

from __future__ import annotations

import re

import pytest
from mending import mended, refused

from fixers.name_limits.limits import LIMITS, Limit
from tapfix.fixer import Safety, Status
from tapfix.schema import BlockSchema, load
from tapfix.schema.constraints import constraints

ROWS = [(type, row) for row in LIMITS for type in row.types.split()]
IDS = [f"{type}.{row.argument}{'.' + row.when if row.when else ''}" for type, row in ROWS]


def named(type: str, argument: str, value: str, more: str = "") -> str:
    *path, name = argument.split(".")
    inner = f"{name} = {value}"
    for step in path:
        inner = f"{step} {{\n{inner}\n}}"
    return f'resource "{type}" "x" {{\n  {more}{inner}\n}}\n'


def value_of(text: str, argument: str) -> str:
    found = re.search(rf"\b{argument.rpartition('.')[2]}\s*= (.*)", text)
    assert found is not None
    return found[1]


# The table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_the_provider_knows_the_argument(type: str, row: Limit) -> None:
    block: BlockSchema | None = load().resource(type)
    *path, name = row.argument.split(".")
    for step in path:
        assert block is not None
        attribute = block.attributes.get(step)
        if attribute is not None and attribute.as_blocks:
            return
        block = block.blocks[step].block
    assert block is not None
    assert block.attributes[name].settable
    if row.when:
        assert block.attributes[row.when].type == "bool"


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_a_name_at_the_limit_is_left_alone(type: str, row: Limit) -> None:
    name = row.begins + "a" * (row.longest - len(row.begins) - len(row.ends)) + row.ends
    stack = named(type, row.argument, f'"{name}"', f"{row.when} = true\n  " if row.when else "")
    assert mended("TAP101", stack).findings == ()


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_a_longer_name_is_reported(type: str, row: Limit) -> None:
    name = row.begins + "a" * (row.longest + 1 - len(row.begins) - len(row.ends)) + row.ends
    stack = named(type, row.argument, f'"{name}"', f"{row.when} = true\n  " if row.when else "")
    result = mended("TAP101", stack)
    assert len(result.findings) == 1
    if result.findings[0].status is Status.FIXED:
        assert len(value_of(result.main, row.argument).strip('"')) == row.longest


@pytest.mark.parametrize(("type", "row"), [pair for pair in ROWS if pair[1].reserved])
def test_reserved_beginnings_are_removed(type: str, row: Limit) -> None:
    for word in row.reserved:
        if word.startswith(row.begins):
            main = mended("TAP101", named(type, row.argument, f'"{word}abc"')).main
            assert not value_of(main, row.argument).startswith(f'"{word}')


# Each remedy -------------------------------------------------------------------------------------------------------

SG, LB, TG, DB, BUCKET = "aws_security_group", "aws_lb", "aws_lb_target_group", "aws_db_instance", "aws_s3_bucket"


@pytest.mark.parametrize(
    ("type", "argument", "before", "after"),
    [
        (SG, "name", '"sg-web"', '"web"'),
        (SG, "name_prefix", '"sg-web-"', '"web-"'),
        (SG, "name", '"sg-${var.env}"', "var.env"),
        (SG, "name", '"sg-${var.a}-${var.b}"', '"${var.a}-${var.b}"'),
        (SG, "name", "local.sg", 'trimprefix(local.sg, "sg-")'),
        (SG, "name", '"${local.sg}-${var.env}"', 'trimprefix("${local.sg}-${var.env}", "sg-")'),
        (SG, "name", 'var.x ? "sg-a" : "b"', 'var.x ? "a" : "b"'),
        (SG, "name", '"my-sg-web"', '"my-sg-web"'),
        (SG, "name", "var.env", "var.env"),
        (SG, "description", '"Doesn\'t allow – all"', '"Doesnt allow  all"'),
        (LB, "name", '"internal-web"', '"web"'),
        (LB, "name", '"web_lb"', '"web-lb"'),
        (LB, "name", '"-web-"', '"web"'),
        (LB, "name", '"${var.env}-"', "var.env"),
        (LB, "name", "local.under", 'replace(local.under, "_", "-")'),
        (LB, "name", "local.dirty", 'replace(local.dirty, "/[^0-9A-Za-z-]/", "-")'),
        (TG, "name_prefix", '"tg-prod-"', '"tg-pro"'),
        (TG, "name_prefix", '"web-${local.under}"', 'substr(replace("web-${local.under}", "_", "-"), 0, 6)'),
        (TG, "name_prefix", '"-ab"', '"ab"'),
        (DB, "identifier", '"Main--DB_"', '"main-db"'),
        (DB, "identifier", '"${local.ends}-db"', 'replace("${local.ends}-db", "/-+/", "-")'),
        (DB, "identifier", "local.ends", 'trimsuffix(local.ends, "-")'),
        (DB, "db_name", '"my-app"', '"myapp"'),
        (DB, "db_name", '"${local.ends}db"', 'replace("${local.ends}db", "-", "")'),
        (BUCKET, "bucket", '"MyBucket_${var.env}"', '"mybucket-${var.env}"'),
        (BUCKET, "bucket", "local.upper", "lower(local.upper)"),
        (BUCKET, "bucket", '"a..b"', '"a.b"'),
        ("aws_kms_alias", "name", '"${var.env}-key"', '"${var.env}-key"'),
        ("aws_kms_alias", "name", '"key-${var.env}"', '"alias/key-${var.env}"'),
        ("aws_kms_alias", "name", "local.upper", '"alias/${local.upper}"'),
        ("aws_athena_database", "name", '"my-db"', '"my_db"'),
        ("aws_iam_role", "name", '"a role/x"', '"a-role-x"'),
    ],
)
def test_remedies(type: str, argument: str, before: str, after: str) -> None:
    locals_ = 'locals {\n  sg    = "sg-x"\n  under = "a_b"\n  dirty = "a_b c"\n  ends  = "a-"\n  upper = "AbC"\n}\n\n'
    result = mended("TAP101", locals_ + named(type, argument, before))
    assert value_of(result.main.split("}\n\n", 1)[1], argument) == after
    assert bool(result.findings) == (before != after)
    assert all(f.safety is Safety.SAFE for f in result.findings)


def test_the_name_of_a_fifo_queue_ends_with_fifo() -> None:
    fifo = "fifo_queue = true\n  "
    unknown = named("aws_sqs_queue", "name", '"orders-${var.env}"', fifo)
    assert mended("TAP101", unknown).main == unknown  # var.env may end with it
    known = 'variable "env" {\n  default = "dev"\n}\n' + unknown
    assert '"orders-${var.env}.fifo"' in mended("TAP101", known).main
    assert '"orders.fifo"' in mended("TAP101", named("aws_sqs_queue", "name", '"orders"', fifo)).main
    assert '"orders"' in mended("TAP101", named("aws_sqs_queue", "name", '"orders"')).main


def test_a_name_that_another_resource_has_gets_an_ending() -> None:
    stack = f'resource "{SG}" "a" {{\n  name = "web"\n}}\nresource "{SG}" "b" {{\n  name = "sg-web"\n}}\n'
    assert '  name = "web-sg"\n' in mended("TAP101", stack).main
    taken = stack + f'resource "{SG}" "c" {{\n  name = "web-sg"\n}}\n'
    assert "another resource" in refused("TAP101", taken)[0]


def test_tags_accept_any_name() -> None:
    stack = f'resource "{SG}" "a" {{\n  name = "web"\n  tags = {{\n    Name = "sg-web"\n  }}\n}}\n'
    assert mended("TAP101", stack).findings == ()


@pytest.mark.parametrize(
    ("type", "argument", "value", "reason"),
    [
        (SG, "name", '"sg-"', "nothing would be left"),
        (DB, "identifier", '"1db"', "begin with a letter"),
        (LB, "name", f'"{"a" * 33}-${{aws_vpc.v.id}}"', "not known before the apply"),
        (LB, "name", '"-"', "nothing would be left"),
    ],
)
def test_refusals(type: str, argument: str, value: str, reason: str) -> None:
    assert reason in refused("TAP101", named(type, argument, value))[0]


# Environments ------------------------------------------------------------------------------------------------------

ENVIRONMENTS = {f"{env}.tfvars": f'environment = "{env}"\n' for env in ("dev", "staging", "prod")}
VARIABLE = 'variable "environment" {\n  default = "dev"\n}\n'


def test_a_name_is_evaluated_in_each_environment() -> None:
    stack = VARIABLE + named(LB, "name", '"${var.environment}-the-balancer-of-the-shops"')
    for files in ({}, ENVIRONMENTS):
        result = mended("TAP101", {"tap_stack.tf": stack, **files})
        assert value_of(result.main, "name") == 'substr("${var.environment}-the-balancer-of-the-shops", 0, 32)'
        (finding,) = result.findings
        assert "it has 33 characters in staging, AWS accepts 32" in finding.message
        assert finding.safety is Safety.UNSAFE


def test_a_cut_leaves_no_hyphen_at_the_end() -> None:
    literal = mended("TAP101", named(LB, "name", f'"{"a" * 31}-bcd"')).main
    assert value_of(literal, "name") == f'"{"a" * 31}"'
    name = '"${var.environment}-the-balancer-of-shops-abc"'
    main = mended("TAP101", {"tap_stack.tf": VARIABLE + named(LB, "name", name), **ENVIRONMENTS}).main
    assert value_of(main, "name") == f"substr({name}, 0, 32)"
    ending = '"${var.environment}-the-balancer-of-a-shops-a"'
    main = mended("TAP101", {"tap_stack.tf": VARIABLE + named(LB, "name", ending), **ENVIRONMENTS}).main
    assert value_of(main, "name") == f'trimsuffix(substr({ending}, 0, 32), "-")'


def test_a_cut_that_makes_names_equal_is_refused() -> None:
    long = "a" * 30
    by_environment = VARIABLE + named(LB, "name", f'"{long}-${{var.environment}}"')
    fixed = mended("TAP101", {"tap_stack.tf": by_environment, **ENVIRONMENTS})
    assert "substr" in fixed.main  # a letter of the environment is left
    longer = VARIABLE + named(LB, "name", f'"{long}aa-${{var.environment}}"')
    assert "in several environments" in refused("TAP101", {"tap_stack.tf": longer, **ENVIRONMENTS})[0]
    two = f'resource "{LB}" "a" {{\n  name = "{long}aaa1"\n}}\nresource "{LB}" "b" {{\n  name = "{long}aaa2"\n}}\n'
    assert all("another resource" in reason for reason in refused("TAP101", two))


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_the_provider_accepts_what_the_table_accepts(type: str, row: Limit) -> None:
    """The longest name that the table allows, held against the rules of the provider."""
    name = row.begins + "a" * (row.longest - len(row.begins) - len(row.ends)) + row.ends
    refusals = [constraint.refuses(name) for constraint in constraints("resource", type).of(row.argument)]
    assert not any(refusals), refusals


@pytest.mark.parametrize("variable", ["environment", "environmentSuffix", "env_suffix", "Stage"])
def test_the_environments_of_the_contract_are_the_values_of_any_such_variable(variable: str) -> None:
    name = f'"${{var.{variable}}}-the-balancer-of-the-shops"'
    stack = VARIABLE.replace("environment", variable) + named(LB, "name", name)
    (finding,) = mended("TAP101", stack).findings
    assert "it has 33 characters in staging" in finding.message
