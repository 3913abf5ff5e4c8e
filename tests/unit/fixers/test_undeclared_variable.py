"""TAP107: which variables are declared, with which type, and which are left to a person."""

from __future__ import annotations

import pytest
from mending import mended, refused

ONE = '[topology]\nenvironments = ["dev"]\n'


def declared(stack: str) -> str:
    """The variable blocks that were put before a stack."""
    main = mended("TAP107", stack).main
    assert main.endswith(stack)
    return main.removesuffix(stack)


@pytest.mark.parametrize(
    ("stack", "type"),
    [
        ('resource "aws_vpc" "a" {\n  cidr_block = var.x\n}\n', "string"),
        ('resource "aws_lb" "a" {\n  internal = var.x\n}\n', "bool"),
        ('resource "aws_lb" "a" {\n  subnets = var.x\n}\n', "list(string)"),
        ('resource "aws_lb" "a" {\n  tags = var.x\n}\n', "map(string)"),
        ('resource "aws_lb" "a" {\n  access_logs {\n    bucket = var.x\n  }\n}\n', "string"),
        ('locals {\n  a = "b-${var.x}"\n}\n', "string"),
        ("locals {\n  a = merge(var.x, {})\n}\n", "any"),
        ("locals {\n  a = var.x[0]\n}\n", "any"),
        ('resource "aws_vpc" "a" {\n  cidr_block = var.x\n}\n\nresource "aws_lb" "a" {\n  subnets = var.x\n}\n', "any"),
    ],
)
def test_the_type_is_what_the_places_tell(stack: str, type: str) -> None:
    assert f"type        = {type}\n" in declared(stack)
    assert "default" not in declared(stack)


def test_all_of_a_module_are_declared_at_once() -> None:
    main = declared('locals {\n  a = "${var.one}-${var.two}"\n}\n')
    assert main.index('variable "one"') < main.index('variable "two"')


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ('variable "enviroment" {\n}\n\nlocals {\n  a = var.environment\n}\n', "enviroment is declared"),
        ('locals {\n  a = var.x\n}\n\nvariable "x" {\n  type = \n', "does not parse"),
        ('variable "iam*user" {\n}\n\nlocals {\n  a = var.iam\n}\n', "is not valid"),
        ({"tap_stack.tf": "locals {\n  a = var.x\n}\n", "dev.tfvars": "b = 1\n"}, "its value for dev"),
        (
            {"main.tf": 'module "m" {\n  source = "./m"\n}\n', "m/main.tf": "locals {\n  a = var.x\n}\n"},
            "module.m does not hand it down",
        ),
        (
            {"main.tf": "locals {\n}\n", "modules/m/main.tf": "locals {\n  a = var.x\n}\n"},
            "no call in the answer hands it down",
        ),
    ],
)
def test_what_only_a_person_knows_is_refused(files: str | dict[str, str], reason: str) -> None:
    assert reason in refused("TAP107", files, ONE)[0]


def test_the_environment_s_own_name_is_set_for_each() -> None:
    files = {"tap_stack.tf": 'locals {\n  a = "b-${var.stage}"\n}\n', "dev.tfvars": "", "prod.tfvars": ""}
    texts = mended("TAP107", files, '[topology]\nenvironments = ["dev", "prod"]\n').texts
    assert texts["dev.tfvars"].strip() == 'stage = "dev"'
    assert texts["prod.tfvars"].strip() == 'stage = "prod"'


def test_what_a_module_neither_declares_nor_uses_is_not_handed_down() -> None:
    call = 'module "m" {\n  source = "./m"\n  a      = 1\n  b      = 2\n  c      = 3\n}\n'
    inside = 'variable "a" {\n}\n\nlocals {\n  x = var.b\n}\n'
    texts = mended("TAP107", {"main.tf": call, "m/main.tf": inside}).texts
    assert texts["main.tf"] == call.replace("  c      = 3\n", "")
    assert 'variable "b"' in texts["m/main.tf"]


def test_a_module_that_was_not_read_whole_may_take_anything() -> None:
    call = 'module "m" {\n  source = "./m"\n  a      = 1\n}\n'
    files = {"main.tf": call, "m/main.tf": 'locals {\n}\n\nvariable "\n'}
    assert mended("TAP107", files).texts == files
