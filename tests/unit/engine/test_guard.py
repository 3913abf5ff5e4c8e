"""The guard: bad fixers, written by hand, try to make a stack worse, and none gets through.

Each is a file of a folder, as with `--fixers`; the tests call `tapfix.fix`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import tapfix
from tapfix.engine.registry import folder_fixers
from tapfix.fixer import Finding, Status
from tapfix.module import Project
from tapfix.verify import check_project
from tapfix.verify.comparison import new_problems

HEAD = """\
from tapfix.edits import Edit
from tapfix.fixer import Fixer, Safety, Severity
from tapfix.verify import check_project


class Hand(Fixer):
    \"\"\"A fixer of the test's own.\"\"\"

    rule = "{rule}"
    severity = Severity.HIGH
    safety = Safety.SAFE

    def check(self, module, context):
"""

STACK = """\
variable "cidr" {
  default = "10.0.0.0/16"
}

locals {
  names = ["a", "b"]
}

resource "aws_vpc" "main" {
  cidr_block = var.cidr
}

resource "aws_subnet" "one" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_subnet" "two" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.2.0/24"
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "app"
  retention_in_days = 14
}

output "vpc" {
  value = aws_vpc.main.id
}
"""

# Takes an argument out of a block, with its line.
DROP = """\
        for block in module.blocks:
            if block.address == "{address}" and block.get("{name}"):
                yield self.fix(block, "{name} is not wanted", [block.get("{name}").remove()])
"""
# Replaces a text that occurs in the stack once.
REPLACE = """\
        for file in module.configuration:
            at = file.text.find({old!r})
            if at >= 0:
                yield self.fix(file, "better so", [Edit(file.path, at, at + len({old!r}), {new!r})])
"""


class Folder:
    """A folder of fixers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, rule: str, body: str) -> None:
        self.path.mkdir(exist_ok=True)
        (self.path / f"{name}.py").write_text(HEAD.format(rule=rule) + body)

    def replace(self, name: str, rule: str, old: str, new: str) -> None:
        self.add(name, rule, REPLACE.format(old=old, new=new))

    def fix(self, text: str = STACK) -> tapfix.Result:
        return tapfix.fix(text, fixers=folder_fixers(self.path), select=["HND"])


@pytest.fixture
def hand(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "fixers")


def main(result: tapfix.Result) -> str:
    return result.files["tap_stack.tf"]


def refused(result: tapfix.Result) -> list[Finding]:
    return [f for f in result.findings if f.status is Status.REFUSED]


BAD = [
    ("syntax", '"10.0.1.0/24"', '"10.0.1.0/24'),
    ("syntax-tail", "value = aws_vpc.main.id\n}", "value = aws_vpc.main.id\n"),
    ("undeclared-variable", "var.cidr", "var.net"),
    ("undeclared-local", "var.cidr", "local.net"),
    ("undeclared-module", "var.cidr", "module.net.cidr"),
    ("undeclared-resource", "value = aws_vpc.main.id", "value = aws_vpc.other.id"),
    ("invalid-reference", "var.cidr", "each.value"),
    ("unknown-function", "var.cidr", "lowr(var.cidr)"),
    ("argument-count", "var.cidr", "cidrsubnet(var.cidr, 8)"),
    ("wrong-type", "= 14", '= "two weeks"'),
    ("invalid-operand", "= 14", '= "two" * 7'),
    ("unsupported-attribute", "var.cidr", "local.names.first"),
    ("invalid-index", "var.cidr", "local.names[2]"),
    ("cycle", "cidr_block = var.cidr", "cidr_block = var.cidr\n  depends_on = [aws_subnet.one]"),
    ("self-reference", "cidr_block = var.cidr", "cidr_block = aws_vpc.main.id"),
    ("duplicate", 'resource "aws_subnet" "two"', 'resource "aws_subnet" "one"'),
    ("not-constant", '"10.0.0.0/16"', "timestamp()"),
    ("unknown-argument", "retention_in_days", "retention_days"),
    ("computed-argument", "cidr_block = var.cidr", 'cidr_block = var.cidr\n  arn = "x"'),
    ("missing-argument", "  vpc_id     = aws_vpc.main.id\n  cidr_block = \"10.0.1.0/24\"\n", ""),
    (
        "too-few-blocks",
        'output "vpc"',
        'resource "aws_lb_listener" "l" {\n  load_balancer_arn = "arn:aws:x:y:z:q"\n}\noutput "vpc"',
    ),
    ("block-for-argument", "= 14", '= 14\n  timeouts = { create = "1m" }'),
    ("argument-for-block", 'cidr_block = var.cidr', 'cidr_block = var.cidr\n  tags {\n    Name = "x"\n  }'),
    ("unknown-block", 'output "vpc"', 'outputs "vpc"'),
    ("wrong-labels", 'output "vpc"', 'output "vpc" "id"'),
    ("unknown-type", '"aws_cloudwatch_log_group"', '"aws_log_group"'),
    ("unexpected-instance", "value = aws_vpc.main.id", "value = aws_vpc.main[0].id"),
    ("missing-instance", "cidr_block = var.cidr", "count = 1\n  cidr_block = var.cidr"),
    ("unknown-attribute", "value = aws_vpc.main.id", "value = aws_vpc.main.number"),
    ("invalid-dependency", '"10.0.2.0/24"', '"10.0.2.0/24"\n  depends_on = [aws_vpc.main.id]'),
    ("missing-file", "var.cidr", 'file("${path.module}/cidr.txt")'),
    ("refused-value", "= 14", "= 15"),
    ("conflict", 'name              = "app"', 'name        = "app"\n  name_prefix = "app"'),
    ("outside-network", '"10.0.2.0/24"', '"10.1.2.0/24"'),
    ("overlap", '"10.0.2.0/24"', '"10.0.1.0/25"'),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "new"), BAD, ids=[kind for kind, _, _ in BAD])
def test_every_kind_of_harm_is_taken_back(hand: Folder, kind: str, old: str, new: str) -> None:
    assert STACK.count(old) == 1 or kind == "missing-argument"
    hand.replace("harm", "HND001", old, new)
    result = hand.fix()
    assert main(result) == STACK
    (finding,) = refused(result)
    assert finding.rule == "HND001"
    assert finding.reason.startswith("the fix was taken back: with it, ")


def test_a_good_fix_stays_beside_a_bad_one(hand: Folder) -> None:
    hand.replace("good", "HND001", "= 14", "= 30")
    hand.replace("bad", "HND002", "var.cidr", "var.net")
    result = hand.fix()
    assert main(result) == STACK.replace("= 14", "= 30")
    assert [f.rule for f in refused(result)] == ["HND002"]


def test_what_one_fix_mends_does_not_pay_for_what_another_breaks(hand: Folder) -> None:
    """Before and after there is one missing argument: the count tells nothing."""
    broken = STACK.replace(
        '  vpc_id     = aws_vpc.main.id\n  cidr_block = "10.0.1.0/24"', '  cidr_block = "10.0.1.0/24"'
    )
    hand.replace(
        "good", "HND001", '  cidr_block = "10.0.1.0/24"', '  vpc_id = aws_vpc.main.id\n  cidr_block="10.0.1.0/24"'
    )
    hand.add("bad", "HND002", DROP.format(address="aws_subnet.two", name="vpc_id"))
    result = hand.fix(broken)
    assert [f.rule for f in refused(result)] == ["HND002"]
    assert main(result).count("vpc_id") == 2


def test_a_flaw_that_was_there_elsewhere_excuses_no_new_one(hand: Folder) -> None:
    """The message is the same to the letter, the block is another."""
    broken = STACK.replace(
        '  vpc_id     = aws_vpc.main.id\n  cidr_block = "10.0.1.0/24"', '  cidr_block = "10.0.1.0/24"'
    )
    hand.add("bad", "HND001", DROP.format(address="aws_subnet.two", name="vpc_id"))
    result = hand.fix(broken)
    assert main(result) == broken
    assert [f.rule for f in refused(result)] == ["HND001"]


def test_moved_lines_blame_nobody(hand: Folder) -> None:
    broken = STACK.replace("var.cidr", "var.net")
    hand.replace("moves", "HND001", 'variable "cidr" {\n', '# moved\n\n# down\n\nvariable "cidr" { # here\n')
    result = hand.fix(broken)
    assert refused(result) == []
    assert "# moved" in main(result)


def test_another_module_of_the_same_addresses_is_another(tmp_path: Path, hand: Folder) -> None:
    """The root's subnet is mended, the same subnet of the module is broken."""
    whole = 'resource "aws_subnet" "a" {\n  vpc_id     = "vpc-1"\n  cidr_block = "10.0.1.0/24"\n}\n'
    lacks = 'resource "aws_subnet" "a" {\n  cidr_block = "10.0.1.0/24"\n}\n'
    stack = tmp_path / "stack"
    (stack / "net").mkdir(parents=True)
    (stack / "main.tf").write_text(lacks + 'module "net" {\n  source = "./net"\n}\n')
    (stack / "net" / "main.tf").write_text(whole)
    hand.add(
        "trade",
        "HND001",
        """\
        for block in module.resources("aws_subnet"):
            at = block.file.line_end(block.start)
            if block.file.path == "main.tf" and not block.get("vpc_id"):
                yield self.fix(block, "mended", [Edit("main.tf", at, at, '  vpc_id     = "vpc-1"\\n')])
            if block.file.path == "net/main.tf" and block.get("vpc_id"):
                yield self.fix(block, "spoilt", [block.get("vpc_id").remove()])
""",
    )
    result = tapfix.fix(stack, fixers=folder_fixers(hand.path), select=["HND"])
    assert result.files["net/main.tf"] == whole
    assert "vpc-1" in result.files["main.tf"]


def test_what_depends_on_a_bad_fix_goes_with_it(hand: Folder) -> None:
    """One fix declares a variable, with a value of a wrong type; another uses it. Alone the second would be worse."""
    hand.replace(
        "declares",
        "HND001",
        'variable "cidr"',
        'variable "days" {\n  type    = number\n  default = "x"\n}\n\nvariable  "cidr"',
    )
    hand.add(
        "uses",
        "HND002",
        """\
        for block in module.resources("aws_cloudwatch_log_group"):
            days = block.get("retention_in_days")
            if days.value == "14":
                yield self.fix(block, "the days are a variable", [days.replace("var.days")])
""",
    )
    result = hand.fix()
    assert main(result) == STACK
    assert sorted({f.rule for f in refused(result)}) == ["HND001", "HND002"]


def test_two_fixers_that_do_the_same_harm(hand: Folder) -> None:
    """Equal edits merge: leaving out one of the two changes nothing. The good one stays."""
    hand.add("one", "HND001", DROP.format(address="aws_subnet.one", name="vpc_id"))
    hand.add("other", "HND002", DROP.format(address="aws_subnet.one", name="vpc_id"))
    hand.replace("good", "HND003", "= 14", "= 30")
    result = hand.fix()
    assert main(result) == STACK.replace("= 14", "= 30")
    assert sorted(f.rule for f in refused(result)) == ["HND001", "HND002"]


def test_only_the_bad_fix_of_a_rule_is_taken_back(hand: Folder) -> None:
    hand.add(
        "mixed",
        "HND001",
        """\
        for block in module.resources("aws_subnet"):
            if block.labels[1] == "one" and block.get("vpc_id"):
                yield self.fix(block, "spoilt", [block.get("vpc_id").remove()])
            if block.labels[1] == "two" and "10.0.2.0/24" in block.text():
                yield self.fix(block, "a larger net", [block.get("cidr_block").replace('"10.0.8.0/21"')])
""",
    )
    result = hand.fix()
    assert main(result) == STACK.replace("10.0.2.0/24", "10.0.8.0/21")
    assert [f.message for f in refused(result)] == ["spoilt"]


def test_a_renamed_block_keeps_its_old_flaw(hand: Folder) -> None:
    """The flaw goes along to the new address; it is no new one, and the fix stays."""
    broken = STACK.replace("retention_in_days = 14", "retention_in_days = 15")
    hand.replace("renames", "HND001", 'log_group" "app"', 'log_group" "web"')
    result = hand.fix(broken)
    assert refused(result) == []
    assert 'log_group" "web"' in main(result)


WRONG_EDITS = [
    "Edit(module.main.path, 5, 10**6, '')",
    "Edit(module.main.path, 9, 3, '')",
    "Edit(module.main.path, -1, 3, '')",
    "Edit('../outside.tf', 0, 0, 'locals {}')",
    "Edit('/etc/outside.tf', 0, 0, 'locals {}')",
    "Edit('new.tf', 4, 9, 'locals {}')",
]


@pytest.mark.parametrize("edit", WRONG_EDITS)
def test_edits_of_what_is_not_there(hand: Folder, edit: str) -> None:
    hand.add("wild", "HND001", f'        yield self.fix(module.main, "wild", [{edit}])\n')
    result = hand.fix()
    assert main(result) == STACK
    assert set(result.files) == {"tap_stack.tf"}
    (said,) = result.diagnostics
    assert said.message.startswith("HND001 wild failed on")


def test_a_file_that_is_not_there_is_not_taken_out(hand: Folder) -> None:
    hand.add("wild", "HND001", '        yield self.fix(module.main, "wild", [], removes=["gone.tf"])\n')
    result = hand.fix()
    assert main(result) == STACK
    assert "which does not exist" in result.diagnostics[0].message


@pytest.mark.parametrize(("text", "asked"), [(STACK, 1), (STACK.replace("var.cidr", "var.net"), 2)])
def test_the_input_is_asked_about_only_where_something_is_wrong_with_the_outcome(
    hand: Folder, monkeypatch: pytest.MonkeyPatch, text: str, asked: int
) -> None:
    hand.replace("longer", "HND1", "= 14", "= 30")
    projects: list[Project] = []
    monkeypatch.setattr("tapfix.verify.check_project", lambda p, files: projects.append(p) or check_project(p, files))
    assert "= 30" in main(hand.fix(text))
    assert len(projects) == asked


def _new(before: dict[str, str], after: dict[str, str]) -> list[str]:
    was, came = Project(before), Project(after)
    return [p.kind for p in new_problems(check_project(was), check_project(came), was, came)]


def test_a_variable_that_had_no_value_is_not_blamed_on_the_fix_that_makes_the_files() -> None:
    stack = 'variable "x" {\n  type = string\n}\n\noutput "o" {\n  value = var.x\n}\n'
    made = {"main.tf": stack, "dev.tfvars": "", "prod.tfvars": ""}
    assert _new({"main.tf": stack}, made) == []
    undeclared = 'output "o" {\n  value = var.x\n}\n'
    assert _new({"main.tf": undeclared}, made) == []
    assert _new({"main.tf": stack, "dev.tfvars": 'x = "a"\n'}, made)[:1] == ["unset-variable"]
    assert _new({"main.tf": "locals {\n}\n"}, made)[:1] == ["unset-variable"]


def test_a_value_that_a_fix_reveals_is_not_blamed_on_it() -> None:
    child = 'resource "aws_lb_target_group" "a" {\n  name = var.name\n}\n'
    declared = 'variable "name" {\n  type = string\n}\n'
    call = f'module "m" {{\n  source = "./m"\n  name   = "{"x" * 40}"\n}}\n'
    assert "refused-value" not in _new(
        {"main.tf": call, "m/main.tf": child}, {"main.tf": call, "m/main.tf": declared + child}
    )
    longer = call.replace("x" * 40, "x" * 20)
    assert _new(
        {"main.tf": longer, "m/main.tf": declared + child}, {"main.tf": call, "m/main.tf": declared + child}
    ) == ["refused-value"]
