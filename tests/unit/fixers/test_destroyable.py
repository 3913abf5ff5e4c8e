"""TAP002: each row of the table, as a literal, by a variable, by a conditional, absent; and what fixes change."""

from __future__ import annotations

import pytest
from mending import mended, refused

from fixers.destroyable.blockers import BLOCKERS, BLOCKING_ITEMS, BLOCKS, LOCKS, Blocker, Lock
from fixers.destroyable.rule import Destroyable
from tapfix.fixer import Status
from tapfix.schema import AttributeSchema, NestedBlock, load

ROWS = [(type, row) for row in BLOCKERS for type in row.types.split()]
LOCK_ROWS = [(type, row) for row in LOCKS for type in row.types.split()]
IDS = [f"{type}.{row.argument}" for type, row in ROWS]
LOCK_IDS = [f"{type}.{row.argument}" for type, row in LOCK_ROWS]


def resource(type: str, argument: str, value: str, more: str = "") -> str:
    *path, name = argument.split(".")
    inner = f"{name} = {value}" if value else ""
    for step in reversed(path):
        inner = f"{step} {{\n{inner}\n}}" if inner else ""
    return f'resource "{type}" "x" {{\n{more}{inner}\n}}\n'


def blocking(row: Blocker) -> str:
    return {"true": "false", "false": "true"}.get(row.wanted, "[]" if row.wanted[0] == "[" else '"OTHER"')


def plain(text: str) -> str:
    return " ".join(text.split())


def in_schema(type: str, argument: str, major: int) -> AttributeSchema | NestedBlock | None:
    """What a version of the provider knows under the dotted name of an argument or a block."""
    *path, name = argument.split(".")
    schema = load(major).resource(type)
    block = schema.inner(path) if schema is not None else None
    return (block.attributes.get(name) or block.blocks.get(name)) if block is not None else None


# The table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("type", "row"), [*ROWS, *LOCK_ROWS], ids=[*IDS, *LOCK_IDS])
def test_the_provider_knows_the_argument(type: str, row: Blocker | Lock) -> None:
    since = row.since if isinstance(row, Blocker) else "5.100"
    if since == "6.26":
        pytest.skip("newer than the schemas that tapfix carries")
    found = in_schema(type, row.argument, 5 if since == "5.100" else 6)
    assert found is not None
    assert isinstance(found, NestedBlock) or found.settable


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_the_wanted_value_fits_the_type(type: str, row: Blocker) -> None:
    found = in_schema(type, row.argument, 5) or in_schema(type, row.argument, 6)
    if found is None:
        pytest.skip("newer than the schemas that tapfix carries")
    assert isinstance(found, AttributeSchema)
    wanted = row.wanted
    kind = found.type if isinstance(found.type, str) else found.type[0]
    shape = "bool" if wanted in ("true", "false") else "list" if wanted[0] == "[" else "string"
    assert kind == shape or (kind, shape) in (("set", "list"), ("string", "bool"))


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_alone(type: str, row: Blocker) -> None:
    before = resource(type, row.argument, blocking(row))
    result = mended("TAP002", before)
    wanted = plain(resource(type, row.argument, row.wanted))
    assert wanted.split("{", 1)[1].rstrip(" }") in plain(result.main)
    assert [f.status for f in result.findings].count(Status.FIXED) >= 1


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_by_a_variable(type: str, row: Blocker) -> None:
    stack = f'variable "v" {{\n  default = {blocking(row)}\n}}\n' + resource(type, row.argument, "var.v")
    result = mended("TAP002", stack)
    assert f"default = {row.wanted}" in result.main
    assert "= var.v" in result.main


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_by_a_conditional(type: str, row: Blocker) -> None:
    value = f'var.environment == "prod" ? {blocking(row)} : {row.wanted}'
    stack = 'variable "environment" {\n  default = "dev"\n}\n' + resource(type, row.argument, value)
    result = mended("TAP002", stack)
    assert f"= {row.wanted}" in result.main
    assert "?" not in result.main


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_absent(type: str, row: Blocker) -> None:
    alone = resource(type, row.argument, "", "  count = 1\n")
    name = row.argument.rpartition(".")[2]
    result = mended("TAP002", alone)
    added = f"{name} = {row.wanted}" in plain(result.main)
    known = in_schema(type, row.argument, 5 if load(5).resource(type) else 6) is not None
    assert added == (row.absent == BLOCKS and known)


BESIDE = [(type, row) for type, row in ROWS if row.absent.beside]


@pytest.mark.parametrize(("type", "row"), BESIDE, ids=[f"{type}.{row.argument}" for type, row in BESIDE])
def test_absent_beside_what_makes_it_block(type: str, row: Blocker) -> None:
    beside = in_schema(type, row.absent.beside, 5)
    text = f"{row.absent.beside} {{\n  }}" if isinstance(beside, NestedBlock) else f'{row.absent.beside} = "x"'
    assert f"{row.argument} = {row.wanted}" in plain(mended("TAP002", resource(type, "x", "1", f"  {text}\n")).main)
    if isinstance(beside, AttributeSchema):
        unset = resource(type, "x", "1", f"  {row.absent.beside} = null\n")
        assert mended("TAP002", unset).main == unset


@pytest.mark.parametrize(("type", "row"), ROWS, ids=IDS)
def test_what_is_right_stays(type: str, row: Blocker) -> None:
    before = resource(type, row.argument, row.wanted)
    result = mended("TAP002", before)
    assert row.argument not in " ".join(f.message for f in result.findings)


@pytest.mark.parametrize(("type", "row"), LOCK_ROWS, ids=LOCK_IDS)
def test_locks_are_refused_by_name(type: str, row: Lock) -> None:
    for value in row.values or ("3",):
        text = str(value).lower() if isinstance(value, bool) else f'"{value}"'
        stack = resource(type, row.argument, text, "  force_destroy = true\n")
        if row.argument == "lock_configuration":
            stack = f'resource "{type}" "x" {{\n  lock_configuration {{\n  }}\n}}\n'
        reasons = [f.reason for f in mended("TAP002", stack).of(Status.REFUSED)]
        assert reasons == [row.decision]
        if row.values:
            harmless = mended("TAP002", resource(type, row.argument, '"GOVERNANCE"', "  force_destroy = true\n"))
            assert not harmless.of(Status.REFUSED)


def test_no_row_is_there_twice() -> None:
    assert len(set(IDS)) == len(IDS)


# What fixes change ---------------------------------------------------------------------------------------------------

SWITCH = 'variable "protect" {\n  type    = bool\n  default = true\n}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            SWITCH
            + 'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n  internal = var.protect\n}\n',
            SWITCH + 'resource "aws_lb" "a" {\n  enable_deletion_protection = false\n  internal = var.protect\n}\n',
            id="a variable with another use is left alone",
        ),
        pytest.param(
            SWITCH + 'resource "aws_lb" "a" {\n  enable_deletion_protection = !var.protect\n}\n',
            SWITCH + 'resource "aws_lb" "a" {\n  enable_deletion_protection = !var.protect\n}\n',
            id="a negation that is right already",
        ),
        pytest.param(
            SWITCH + 'resource "aws_s3_bucket" "a" {\n  force_destroy = !var.protect\n}\n'
            'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n}\n',
            SWITCH.replace("true", "false") + 'resource "aws_s3_bucket" "a" {\n  force_destroy = !var.protect\n}\n'
            'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n}\n',
            id="one switch for opposite arguments",
        ),
        pytest.param(
            'locals {\n  prod = var.environment == "prod"\n}\nresource "aws_s3_bucket" "a" {\n'
            "  force_destroy = !local.prod\n}\n"
            'output "prod" {\n  value = "${local.prod}-x"\n}\nresource "aws_eip" "a" {\n'
            "  count = local.prod ? 2 : 1\n}\n",
            'locals {\n  prod = var.environment == "prod"\n}\nresource "aws_s3_bucket" "a" {\n'
            "  force_destroy = true\n}\n"
            'output "prod" {\n  value = "${local.prod}-x"\n}\nresource "aws_eip" "a" {\n'
            "  count = local.prod ? 2 : 1\n}\n",
            id="a negation of a value with another use is replaced",
        ),
        pytest.param(
            "locals {\n  c = {\n    dev  = { n = 1, protect = false }\n"
            "    prod = { n = 2, protect = true }\n  }\n  now = local.c[var.env]\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = local.now.protect\n'
            "  idle_timeout = local.now.n\n}\n",
            "locals {\n  c = {\n    dev  = { n = 1, protect = false }\n"
            "    prod = { n = 2, protect = false }\n  }\n  now = local.c[var.env]\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = local.now.protect\n'
            "  idle_timeout = local.now.n\n}\n",
            id="the item of a map by environment, under another name",
        ),
        pytest.param(
            "locals {\n  c = {\n    prod = { protect = true }\n  }\n  now = local.c[var.env]\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = local.now.protect\n'
            "  internal = local.now.protect\n}\n",
            "locals {\n  c = {\n    prod = { protect = true }\n  }\n  now = local.c[var.env]\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = false\n  internal = local.now.protect\n}\n',
            id="an item under another name with another use",
        ),
        pytest.param(
            'variable "protect" {\n  type = bool\n}\nresource "aws_lb" "a" {\n'
            "  enable_deletion_protection = var.protect\n}\n",
            'variable "protect" {\n  type    = bool\n  default = false\n}\n'
            'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n}\n',
            id="a variable that nothing sets",
        ),
        pytest.param(
            'variable "p" {\n  default = true\n  validation {\n    condition     = var.p\n'
            '    error_message = "On."\n  }\n}\n'
            'resource "aws_lb" "a" {\n  enable_deletion_protection = var.p\n}\n',
            'variable "p" {\n  default = true\n  validation {\n    condition     = var.p\n'
            '    error_message = "On."\n  }\n}\n'
            'resource "aws_lb" "a" {\n  enable_deletion_protection = false\n}\n',
            id="a variable whose validation would reject the value",
        ),
        pytest.param(
            'locals {\n  p = var.environment == "prod"\n}\nresource "aws_lb" "a" {\n'
            "  enable_deletion_protection = local.p\n}\n",
            'locals {\n  p = false\n}\nresource "aws_lb" "a" {\n  enable_deletion_protection = local.p\n}\n',
            id="a local value",
        ),
        pytest.param(
            SWITCH
            + 'locals {\n  p = var.protect\n}\nresource "aws_lb" "a" {\n  enable_deletion_protection = local.p\n}\n',
            SWITCH.replace("true", "false")
            + 'locals {\n  p = var.protect\n}\nresource "aws_lb" "a" {\n  enable_deletion_protection = local.p\n}\n',
            id="a variable that a local value renames",
        ),
        pytest.param(
            "locals {\n  c = {\n    dev  = { n = 1, protect = false }\n    prod = { n = 2, protect = true }\n  }\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = local.c[var.env].protect\n'
            "  idle_timeout = local.c[var.env].n\n}\n",
            "locals {\n  c = {\n    dev  = { n = 1, protect = false }\n    prod = { n = 2, protect = false }\n  }\n}\n"
            'resource "aws_lb" "a" {\n  enable_deletion_protection = local.c[var.env].protect\n'
            "  idle_timeout = local.c[var.env].n\n}\n",
            id="the item of a map by environment",
        ),
        pytest.param(
            'locals {\n  c = { protect = true }\n}\nresource "aws_lb" "a" {\n'
            "  enable_deletion_protection = local.c.protect\n}\n"
            'output "c" {\n  value = local.c\n}\nresource "null_resource" "n" {\n  triggers = local.c\n}\n',
            'locals {\n  c = { protect = true }\n}\nresource "aws_lb" "a" {\n  enable_deletion_protection = false\n}\n'
            'output "c" {\n  value = local.c\n}\nresource "null_resource" "n" {\n  triggers = local.c\n}\n',
            id="an object that is used as a whole is left alone",
        ),
        pytest.param(
            'resource "aws_lb" "a" {\n  enable_deletion_protection = each.value.protect\n}\n',
            'resource "aws_lb" "a" {\n  enable_deletion_protection = false\n}\n',
            id="a value that is not known",
        ),
        pytest.param(
            'resource "aws_lb" "a" {\n  enable_deletion_protection = null\n}\n',
            'resource "aws_lb" "a" {\n  enable_deletion_protection = null\n}\n',
            id="null is the default",
        ),
        pytest.param(
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot = null\n}\n',
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot = true\n}\n',
            id="null where absence blocks",
        ),
        pytest.param(
            'resource "aws_db_instance" "a" {\n  identifier                = "a"\n'
            '  final_snapshot_identifier = "a-final"\n}\n',
            'resource "aws_db_instance" "a" {\n  identifier          = "a"\n  skip_final_snapshot = true\n}\n',
            id="a snapshot's name without the switch",
        ),
        pytest.param(
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot       = true\n'
            '  final_snapshot_identifier = "a"\n\n'
            "  lifecycle {\n    ignore_changes = [final_snapshot_identifier]\n  }\n}\n",
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot = true\n}\n',
            id="a snapshot's name without effect, which is also ignored",
        ),
        pytest.param(
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot       = false\n  final_snapshot_identifier = "a"\n'
            "  lifecycle {\n    ignore_changes = [password, final_snapshot_identifier, engine]\n  }\n}\n",
            'resource "aws_db_instance" "a" {\n  skip_final_snapshot = true\n'
            "  lifecycle {\n    ignore_changes = [password, engine]\n  }\n}\n",
            id="one of several that are ignored",
        ),
        pytest.param(
            'variable "skip" {\n  default = false\n}\nresource "aws_db_instance" "a" {\n'
            "  skip_final_snapshot       = var.skip\n"
            '  final_snapshot_identifier = "a"\n}\n',
            'variable "skip" {\n  default = true\n}\nresource "aws_db_instance" "a" {\n'
            "  skip_final_snapshot       = var.skip\n"
            '  final_snapshot_identifier = "a"\n}\n',
            id="a snapshot's name that a variable may still need",
        ),
        pytest.param(
            'resource "aws_kms_key" "a" {\n  lifecycle {\n    # Never.\n    prevent_destroy = true\n'
            "    ignore_changes  = [tags]\n  }\n}\n",
            'resource "aws_kms_key" "a" {\n  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n',
            id="prevent_destroy beside something else",
        ),
        pytest.param(
            'resource "aws_autoscaling_group" "a" {\n  suspended_processes = ["Launch", "Terminate"]\n}\n',
            'resource "aws_autoscaling_group" "a" {\n  suspended_processes = ["Launch"]\n}\n',
            id="one of the suspended processes",
        ),
        pytest.param(
            'resource "aws_s3_bucket" "a" {}\n',
            'resource "aws_s3_bucket" "a" {\n  force_destroy = true\n}\n',
            id="an empty block",
        ),
        pytest.param(
            'resource "aws_s3_bucket" "a" {\n  tags = {\n    A = 1\n  }\n}\n',
            'resource "aws_s3_bucket" "a" {\n  force_destroy = true\n  tags = {\n    A = 1\n  }\n}\n',
            id="a block without a plain argument",
        ),
        pytest.param(
            'resource "aws_sagemaker_domain" "a" {\n  domain_name = "a"\n}\n',
            'resource "aws_sagemaker_domain" "a" {\n  domain_name = "a"\n\n  retention_policy {\n'
            '    home_efs_file_system = "Delete"\n  }\n}\n',
            id="an argument in a block that is not there",
        ),
        pytest.param(
            'resource "aws_dynamodb_table" "a" {\n  dynamic "replica" {\n    for_each = var.r\n    content {\n'
            "      deletion_protection_enabled = true\n    }\n  }\n}\n",
            'resource "aws_dynamodb_table" "a" {\n  dynamic "replica" {\n    for_each = var.r\n    content {\n'
            "      deletion_protection_enabled = false\n    }\n  }\n}\n",
            id="an argument in a dynamic block",
        ),
        pytest.param(
            'resource "aws_lb" "a" {\n  enable_deletion_protection = "true"\n}\n',
            'resource "aws_lb" "a" {\n  enable_deletion_protection = false\n}\n',
            id="a bool in quotes",
        ),
        pytest.param(
            'data "aws_lb" "a" {\n  enable_deletion_protection = true\n}\n',
            'data "aws_lb" "a" {\n  enable_deletion_protection = true\n}\n',
            id="a data source has nothing to destroy",
        ),
    ],
)
def test_fixes(before: str, after: str) -> None:
    assert mended("TAP002", before).main == after


ENVIRONMENTS = {
    "dev.tfvars": 'environment = "dev"\nprotect     = false\n',
    "staging.tfvars": 'environment = "staging"\n',
    "prod.tfvars": 'environment = "prod"\nprotect     = true\n',
}


def test_values_of_environments_are_set_in_their_files() -> None:
    stack = SWITCH.replace("true", "false") + 'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n}\n'
    result = mended("TAP002", {"tap_stack.tf": stack, **ENVIRONMENTS})
    assert result.main == stack
    assert dict(result.texts) == {
        "tap_stack.tf": stack,
        **ENVIRONMENTS,
        "prod.tfvars": 'environment = "prod"\nprotect     = false\n',
    }


def test_an_expression_that_is_right_in_every_environment_stays() -> None:
    stack = (
        'variable "environment" {}\nresource "aws_lb" "a" {\n'
        '  enable_deletion_protection = var.environment == "live"\n}\n'
    )
    result = mended("TAP002", {"tap_stack.tf": stack, **ENVIRONMENTS})
    assert result.main == stack
    assert not result.findings
    alone = mended("TAP002", stack)
    assert "enable_deletion_protection = false" in alone.main


def test_arguments_of_module_calls_are_followed() -> None:
    files = {
        "main.tf": 'variable "keep" {\n  default = true\n}\n'
        'module "db" {\n  source  = "./modules/db"\n  protect = var.keep\n}\n',
        "modules/db/main.tf": SWITCH + 'resource "aws_lb" "a" {\n  enable_deletion_protection = var.protect\n}\n',
    }
    result = mended("TAP002", files)
    assert "default = false" in result.texts["main.tf"]
    assert "default = false" in result.texts["modules/db/main.tf"]
    assert "var.protect" in result.texts["modules/db/main.tf"]


def test_the_contract_can_ask_for_a_stack_that_stays() -> None:
    stack = 'resource "aws_lb" "a" {\n  enable_deletion_protection = true\n}\n'
    assert mended("TAP002", stack, "[lifecycle]\ndestroyable = false\n").findings == ()


def test_a_lock_that_only_a_default_would_set() -> None:
    stack = (
        'variable "mode" {\n  default = "COMPLIANCE"\n}\nresource "aws_s3_object" "a" {\n'
        "  object_lock_mode = var.mode\n}\n"
    )
    assert "object_lock_mode" in " ".join(f.message for f in mended("TAP002", stack).of(Status.REFUSED))
    assert refused("TAP002", stack.replace("var.mode", "null")) == []


def test_the_message() -> None:
    stack = 'resource "aws_lb" "a" {\n  enable_deletion_protection = true\n}\n'
    assert [f.message for f in mended("TAP002", stack).findings] == [
        "`enable_deletion_protection = true` keeps `terraform destroy` from finishing "
        "(AWS refuses to delete it while it is protected): now `false`"
    ]


def test_an_object_that_only_tfvars_set_is_mended_there() -> None:
    given = {f"{name}.tfvars": 'db = { name = "d", protect = false }\n' for name in ("dev", "staging")}
    stack = {
        "tap_stack.tf": 'variable "db" {\n  type = object({ name = string, protect = bool })\n}\n\n'
        'resource "aws_lb" "a" {\n  name                       = var.db.name\n'
        "  enable_deletion_protection = var.db.protect\n}\n",
        **given,
        "prod.tfvars": 'db = { name = "d", protect = true }\n',
    }
    result = mended("TAP002", stack)
    assert result.main == stack["tap_stack.tf"]
    assert result.texts["prod.tfvars"] == given["dev.tfvars"]
    del stack["staging.tfvars"]
    assert "enable_deletion_protection = false" in mended("TAP002", stack).main


def test_the_page_shows_every_row() -> None:
    page = Destroyable().page
    items = [(type, row) for row in BLOCKING_ITEMS for type in row.types.split()]
    for type, row in [*ROWS, *LOCK_ROWS, *items]:
        assert any(f"`{type}`" in line and f"| `{row.argument}` |" in line for line in page.splitlines())
