"""TAP002 across modules: a protection is found, and mended where its value is set: a call, a default, a tfvars file."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from mending import mended

from tapfix.fixer import Status

BARE = 'variable "protect" {\n  type = bool\n}\n'
OFF = 'variable "protect" {\n  type    = bool\n  default = false\n}\n'
ON = OFF.replace("false", "true")
DATABASE = (
    'resource "aws_db_instance" "d" {\n  identifier          = "d"\n  deletion_protection = var.protect\n'
    "  skip_final_snapshot = true\n}\n"
)
OBJECT = (
    'variable "db" {\n  type    = object({ size = number, protect = bool })\n'
    "  default = { size = 1, protect = false }\n}\n"
)
OBJECT_DATABASE = DATABASE.replace("var.protect", "var.db.protect")


def call(source: str, protect: str = "", name: str = "db") -> str:
    argument = f"  protect = {protect}\n" if protect else ""
    return f'module "{name}" {{\n  source  = "{source}"\n{argument}}}\n'


def check(before: Mapping[str, str], changed: Mapping[str, str]) -> None:
    """Hold that these files change, to these texts, and no other; and that something is reported just if any do."""
    result = mended("TAP002", before)
    assert {path: text for path, text in result.texts.items() if text != before[path]} == dict(changed)
    assert len(result.of(Status.FIXED)) == bool(changed)


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        pytest.param(
            {"main.tf": call("./db", "true"), "db/main.tf": OFF + DATABASE},
            {"main.tf": call("./db", "false")},
            id="the call, where the default is harmless",
        ),
        pytest.param(
            {"main.tf": call("./db", "true"), "db/main.tf": BARE + DATABASE},
            {"main.tf": call("./db", "false"), "db/main.tf": OFF + DATABASE},
            id="the call, where there is no default",
        ),
        pytest.param(
            {"main.tf": call("./db", "true"), "db/main.tf": ON + DATABASE},
            {"main.tf": call("./db", "false"), "db/main.tf": OFF + DATABASE},
            id="the call and the default",
        ),
        pytest.param(
            {"main.tf": call("./db", "false"), "db/main.tf": OFF + DATABASE},
            {},
            id="nothing, where the call is harmless",
        ),
        pytest.param(
            {"main.tf": ON + DATABASE, "examples/basic/main.tf": call("../../", "true")},
            {"main.tf": OFF + DATABASE, "examples/basic/main.tf": call("../../", "false")},
            id="a module and the example that calls it from below",
        ),
        pytest.param(
            {"main.tf": OFF + DATABASE, "examples/basic/main.tf": call("../../", "true")},
            {"examples/basic/main.tf": call("../../", "false")},
            id="the example alone, where the default is harmless",
        ),
        pytest.param(
            {"main.tf": OFF + DATABASE, "examples/basic/main.tf": call("../../../", "true")},
            {},
            id="a call that leads out of the project is left alone",
        ),
        pytest.param(
            {
                "main.tf": call("./a", "true"),
                "a/main.tf": OFF + call("./db", "var.protect"),
                "a/db/main.tf": OFF + DATABASE,
            },
            {"main.tf": call("./a", "false")},
            id="a module that is called through another",
        ),
        pytest.param(
            {
                "main.tf": call("./a"),
                "a/main.tf": ON + call("./db", "var.protect"),
                "a/db/main.tf": OFF + DATABASE,
            },
            {"a/main.tf": OFF + call("./db", "var.protect")},
            id="the default of the module between",
        ),
        pytest.param(
            {
                "main.tf": call("./a", "true"),
                "a/main.tf": OFF + "locals {\n  keep = var.protect\n}\n" + call("./db", "local.keep"),
                "a/db/main.tf": OFF + DATABASE,
            },
            {"main.tf": call("./a", "false")},
            id="a local value of the module between",
        ),
        pytest.param(
            {
                "main.tf": call("./db", "true") + call("./db", "false", "other"),
                "db/main.tf": OFF + DATABASE,
            },
            {"main.tf": call("./db", "false") + call("./db", "false", "other")},
            id="the one of several callers that protects",
        ),
        pytest.param(
            {"main.tf": call("./db", "true") + call("./db", "", "other"), "db/main.tf": OFF + DATABASE},
            {"main.tf": call("./db", "false") + call("./db", "", "other")},
            id="the one of several callers that sets it",
        ),
        pytest.param(
            {"main.tf": call("./db", 'var.environment == "prod"'), "db/main.tf": OFF + DATABASE},
            {"main.tf": call("./db", "false")},
            id="a condition in the call",
        ),
        pytest.param(
            {
                "main.tf": call("./a", "true"),
                "a/main.tf": OFF + DATABASE + call("../b", "var.protect"),
                "b/main.tf": OFF + call("../a", "var.protect"),
            },
            {"a/main.tf": OFF + DATABASE.replace("var.protect", "false") + call("../b", "var.protect")},
            id="the argument itself in a cycle of calls",
        ),
    ],
)
def test_calls(before: dict[str, str], changed: dict[str, str]) -> None:
    check(before, changed)


@pytest.mark.parametrize(
    ("main", "files", "changed"),
    [
        pytest.param(OFF + DATABASE, {"prod.tfvars": "protect = true\n"}, "prod.tfvars", id="an environment's file"),
        pytest.param(
            OFF + DATABASE, {"terraform.tfvars": "protect = true\n"}, "terraform.tfvars", id="terraform.tfvars"
        ),
        pytest.param(OFF + DATABASE, {"x.auto.tfvars": "protect = true\n"}, "x.auto.tfvars", id="x.auto.tfvars"),
        pytest.param(
            OFF + DATABASE,
            {"terraform.tfvars": "protect = false\n", "x.auto.tfvars": "protect = true\n"},
            "x.auto.tfvars",
            id="*.auto.tfvars beats terraform.tfvars, and protects",
        ),
        pytest.param(
            OFF + DATABASE,
            {"terraform.tfvars": "protect = true\n", "x.auto.tfvars": "protect = false\n"},
            "",
            id="*.auto.tfvars beats terraform.tfvars, and does not protect",
        ),
        pytest.param(
            OFF + DATABASE,
            {
                "x.auto.tfvars": "protect = true\n",
                **{f"{name}.tfvars": "protect = false\n" for name in ("dev", "staging", "prod")},
            },
            "",
            id="the files of the environments beat *.auto.tfvars",
        ),
    ],
)
@pytest.mark.parametrize("called", [False, True], ids=["in the root", "through a call"])
def test_tfvars(called: bool, main: str, files: dict[str, str], changed: str) -> None:
    stack = {"main.tf": OFF + call("./db", "var.protect"), "db/main.tf": main} if called else {"main.tf": main}
    check({**stack, **files}, {changed: "protect = false\n"} if changed else {})


def test_a_condition_on_the_environment_in_a_call() -> None:
    before = {
        "main.tf": 'variable "environment" {}\n' + call("./db", 'var.environment == "prod"'),
        "db/main.tf": OFF + DATABASE,
        "dev.tfvars": 'environment = "dev"\n',
        "prod.tfvars": 'environment = "prod"\n',
    }
    check(before, {"main.tf": 'variable "environment" {}\n' + call("./db", "false")})


def test_a_variable_that_its_caller_uses_otherwise_stays() -> None:
    use = 'resource "aws_lb" "l" {\n  internal = var.protect\n}\n'
    before = {"main.tf": ON + use + call("./db", "var.protect"), "db/main.tf": OFF + DATABASE}
    check(before, {"main.tf": ON + use + call("./db", "false")})


def test_the_part_of_an_object_that_a_call_passes() -> None:
    passed = 'module "db" {\n  source = "./db"\n  db     = { size = 2, protect = true }\n}\n'
    before = {"main.tf": passed, "db/main.tf": OBJECT + OBJECT_DATABASE}
    check(before, {"main.tf": passed.replace("true", "false")})


def test_an_object_that_a_call_does_not_spell_out() -> None:
    passed = 'module "db" {\n  source = "./db"\n  db     = var.databases["main"]\n}\n'
    before = {"main.tf": passed, "db/main.tf": OBJECT + OBJECT_DATABASE}
    check(before, {"db/main.tf": OBJECT + DATABASE.replace("var.protect", "false")})
