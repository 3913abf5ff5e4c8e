"""The evaluator: values where the text tells them, UNKNOWN in all doubt."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

import pytest

from tapfix.contract import Contract
from tapfix.fixer import Context
from tapfix.module import Attribute, Module, Project
from tapfix.module.evaluate import UNKNOWN, Evaluator

MODULE = """
variable "environment" { default = "dev" }
variable "size" {
  type    = number
  default = "3"
}
variable "must" {}
variable "nothing" { default = null }
variable "kept" {
  default  = "kept"
  nullable = false
}
variable "settings" {
  type = object({
    name  = string
    port  = optional(number, "80")
    extra = optional(string)
  })
  default = { name = "web" }
}
variable "names" {
  type    = set(string)
  default = ["b", "a", "b"]
}
locals {
  prod   = var.environment == "prod"
  prefix = "app-${var.environment}"
  tags   = merge({ A = 1 }, { B = local.prefix })
  some   = { known = 1, open = aws_vpc.v.id }
  loop   = local.pool
  pool   = local.loop
}
"""


def module_of(text: str) -> Module:
    return Project({"main.tf": text}).root


def attribute_of(expr: str) -> tuple[Module, Attribute]:
    module = module_of(f"{MODULE}\nlocals {{\n  it = {expr}\n}}\n")
    attribute = module.locals["it"]
    assert isinstance(attribute, Attribute)
    return module, attribute


def value(expr: str, variables: Mapping[str, object] | None = None) -> object:
    module, attribute = attribute_of(expr)
    return Evaluator(module, variables).evaluate(attribute.expr)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"a"', "a"),
        (r'"a\n\"b\\ $${x} %%{y} \u00e9"', 'a\n"b\\ ${x} %{y} é'),
        ('"${1}"', 1),
        ('"${1}x"', "1x"),
        ('"${true}-${1.5}-${10 / 4}-${4 / 2}"', "true-1.5-2.5-2"),
        ('"a ${~ "b" ~} c"', "abc"),
        ("<<-EOT\n    a\n      b ${1}\n    c\n  EOT\n", "a\n  b 1\nc\n"),
        ("<<EOT\n  a $${b}\nEOT\n", "  a ${b}\n"),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("10 - 3 - 2", 5),
        ("-7 % 3", -1),
        ("2 > 1 && 1 >= 1 || false", True),
        ("true || false && false", True),
        ("1 + 1 == 2", True),
        ("!true != true", True),
        ("-(-2)", 2),
        ('"1" == 1', False),
        ("true == 1", False),
        ('"2" + 1', 3),
        ("null == null", True),
        ('[1, "a"]', [1, "a"]),
        ('{ a = 1, "b" : 2, ("c") = 3, "${var.environment}" = 4 }', {"a": 1, "b": 2, "c": 3, "dev": 4}),
        ("true ? 1 : 2", 1),
        ("aws_vpc.v.x ? 1 : 1", 1),
        ("var.environment", "dev"),
        ("var.size", 3),
        ("var.nothing", None),
        ("var.names", ["a", "b"]),
        ("var.settings", {"name": "web", "port": 80, "extra": None}),
        ("local.prod", False),
        ("local.tags", {"A": 1, "B": "app-dev"}),
        ("local.tags.B", "app-dev"),
        ('local.tags["B"]', "app-dev"),
        ("[1, 2, 3][1]", 2),
        ("[{ a = 1 }, { a = 2 }][*].a", [1, 2]),
        ("[{ a = 1 }, { a = 2 }].*.a", [1, 2]),
        ("local.some.known", 1),
        ("false && aws_vpc.v.x", False),
        ("aws_vpc.v.x || true", True),
        ("[for x in [1, 2, 3] : x * 2 if x > 1]", [4, 6]),
        ('[for k, v in { b = 1, a = 2 } : "${k}${v}"]', ["a2", "b1"]),
        ('{ for i, x in ["a", "b"] : x => i }', {"a": 0, "b": 1}),
        ('{ for x in ["a", "b", "a"] : x => upper(x)... }', {"a": ["A", "A"], "b": ["B"]}),
    ],
)
def test_known(expr: str, expected: object) -> None:
    found = value(expr)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("abs(-2)", 2),
        ('base64encode("a")', "YQ=="),
        ("ceil(1.2)", 2),
        ("chunklist([1, 2, 3], 2)", [[1, 2], [3]]),
        ('coalesce("", null, "a", "b")', "a"),
        ('compact(["a", "", null])', ["a"]),
        ("concat([1], [2], [aws_vpc.v.id])[1]", 2),
        ('contains(["a"], "a")', True),
        ('contains(["a", aws_vpc.v.id], "a")', True),
        ("distinct([1, 1, 2])", [1, 2]),
        ("element([1, 2], 3)", 2),
        ("flatten([1, [2, [3]]])", [1, 2, 3]),
        ('format("%s-%03d-%5.1f%%", "a", 7, 1.25)', "a-007-  1.2%"),
        ('formatlist("%s-%s", ["a", "b"], "x")', ["a-x", "b-x"]),
        ('join("-", ["a", "b"], ["c"])', "a-b-c"),
        ('jsonencode({ b = [1, true, null], a = "<" })', '{"a":"\\u003c","b":[1,true,null]}'),
        ('jsondecode("{}")', {}),
        ("keys({ b = 1, a = aws_vpc.v.id })", ["a", "b"]),
        ("length([1, aws_vpc.v.id])", 2),
        ('length("abc")', 3),
        ('lookup({ a = 1 }, "a", 2)', 1),
        ('lookup({ a = 1 }, "b", 2)', 2),
        ("lookup({ prod = true }, var.environment, false)", False),
        ('lower("AbC")', "abc"),
        ("max(1, 3, 2)", 3),
        ("merge({ a = 1 }, null, { a = 2 })", {"a": 2}),
        ("one([1])", 1),
        ("range(3)", [0, 1, 2]),
        ("range(1, 4, 2)", [1, 3]),
        ('regex("a(.)c", "abc")', ["b"]),
        ('replace("a-b-c", "-", "")', "abc"),
        ('replace("a1b2", "/[0-9]/", "")', "ab"),
        ('replace("ab", "/(a)(b)/", "$2$1")', "ba"),
        ("reverse([1, 2])", [2, 1]),
        ("setproduct([1, 2], [3])", [[1, 3], [2, 3]]),
        ("slice([1, 2, 3], 1, 3)", [2, 3]),
        ('sort(["b", "a"])', ["a", "b"]),
        ('split(",", "a,b")', ["a", "b"]),
        ('startswith("abc", "ab")', True),
        ('substr("hello", 1, -1)', "ello"),
        ('substr("hello", -3, 2)', "ll"),
        ("sum([1, 2.5])", 3.5),
        ('title("us-east it\'s")', "Us-East It'S"),
        ('tobool("true")', True),
        ('tolist(toset(["b", "a", "b"]))', ["a", "b"]),
        ("tomap({ a = 1 })", {"a": 1}),
        ('tonumber("1.5")', 1.5),
        ('trim("--a--", "-")', "a"),
        ('trimprefix("sg-a", "sg-")', "a"),
        ('trimspace(" a ")', "a"),
        ('try(var.settings.missing, "x")', "x"),
        ('try(local.tags["B"], 1)', "app-dev"),
        ("can(local.tags.none)", False),
        ("can(local.tags.A)", True),
        ('upper("a")', "A"),
        ('zipmap(["a"], [1])', {"a": 1}),
        ("max([1, 2]...)", 2),
        ('core::upper("a")', "A"),
    ],
)
def test_functions(expr: str, expected: object) -> None:
    found = value(expr)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "expr",
    [
        "var.must",
        "var.undeclared",
        "local.undeclared",
        "local.loop",
        "aws_vpc.v.id",
        "data.aws_region.r.name",
        "each.key",
        "count.index",
        "timestamp()",
        "uuid()",
        'file("x")',
        '"a-${aws_vpc.v.id}"',
        "aws_vpc.v.x ? 1 : 2",
        "true && aws_vpc.v.x",
        'contains(["a", aws_vpc.v.id], "b")',
        'coalesce(aws_vpc.v.id, "a")',
        "local.some.none",
        "local.some.open",
        "1 / 0",
        "[1][5]",
        "[1][-1]",
        '"a" + 1',
        '!"x"',
        '"x${[1]}"',
        '"%{if true}a%{endif}"',
        "range(100000)",
        'regex("(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab")',
        'format("%s")',
        'format("%s", 1, 2)',
        "[for x in aws_vpc.v : x]",
        '{ for x in ["a", "a"] : x => 1 }',
        "nope(1)",
        "lower()",
        "var",
        "var[0]",
    ],
)
def test_unknown(expr: str) -> None:
    assert value(expr) is UNKNOWN


def test_parts_of_a_collection_stay_known() -> None:
    assert value("local.some") == {"known": 1, "open": UNKNOWN}
    assert value("merge(local.some, { b = 2 })") == {"known": 1, "open": UNKNOWN, "b": 2}


def test_given_values_come_before_defaults_and_are_converted() -> None:
    assert value("local.prod", {"environment": "prod"}) is True
    assert value("var.size", {"size": "7"}) == 7
    assert value("var.must", {"must": "here"}) == "here"
    assert value("var.kept", {"kept": None}) == "kept"
    assert value("var.settings.port", {"settings": {"name": "x", "port": "8"}}) == 8


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('"sg-${aws_vpc.v.id}-${var.environment}"', ("sg-", UNKNOWN, "-dev")),
        ('"${aws_vpc.v.id}${var.must}"', (UNKNOWN,)),
        ('"sg-${local.prefix}"', ("sg-app-dev",)),
        ("var.must", (UNKNOWN,)),
        ('""', ("",)),
        ('lower("AB-${var.must}")', ("ab-", UNKNOWN)),
        ("local.loop", (UNKNOWN,)),
        ("[1]", (UNKNOWN,)),
    ],
)
def test_parts(expr: str, expected: tuple[object, ...]) -> None:
    module, attribute = attribute_of(expr)
    assert Evaluator(module).parts(attribute.expr) == expected


def test_parts_look_into_locals() -> None:
    module = module_of(
        'locals {\n  a = "x-${aws_vpc.v.id}"\n  b = "${local.a}-y"\n  c = "${local.d}z"\n  d = "${local.c}z"\n}\n'
    )
    b, c = module.locals["b"], module.locals["c"]
    assert Evaluator(module).parts(b.expr) == ("x-", UNKNOWN, "-y")
    assert Evaluator(module).parts(c.expr) == (UNKNOWN, "zzz")


def test_an_evaluator_for_each_environment() -> None:
    texts = {
        "main.tf": 'variable "env" {}\nvariable "n" { default = 1 }\nlocals {\n  it = "${var.env}-${var.n}"\n}\n',
        "dev.tfvars": 'env = "dev"\n',
        "prod.tfvars": 'env = "prod"\nn = 2\n',
        "terraform.tfvars": "n = 7\n",
    }

    def values(project: Project) -> dict[str, object]:
        it = project.root.locals["it"]
        evaluators = Context(Contract.default(), project).evaluators(project.root)
        return {name: evaluator.evaluate(it.expr) for name, evaluator in evaluators.items()}

    assert values(Project(texts)) == {"dev": "dev-7", "prod": "prod-2"}
    assert values(Project({"main.tf": texts["main.tf"]})) == {"": UNKNOWN}


def test_cycles_depth_and_growth_end_soon() -> None:
    doubling = "\n".join(f'  a{i} = "${{local.a{i - 1}}}${{local.a{i - 1}}}"' for i in range(1, 50))
    nested = "\n".join(f"  b{i} = [local.b{i - 1}, local.b{i - 1}]" for i in range(1, 50))
    deep = "[" * 2000 + "]" * 2000
    module = module_of(
        f'locals {{\n  a0 = "xx"\n{doubling}\n  b0 = [1]\n{nested}\n  deep = {deep}\n  up = jsonencode(local.b49)\n}}\n'
    )
    evaluator = Evaluator(module)
    for name in ("a49", "b49", "deep", "up"):
        attribute = module.locals[name]
        assert not isinstance(evaluator.evaluate(attribute.expr), str)


def test_unknown_is_one_and_no_truth() -> None:
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN
    with pytest.raises(TypeError):
        bool(UNKNOWN)
