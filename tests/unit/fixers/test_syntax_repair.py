"""TAP102: what is repaired, and what is left because a repair would be a guess."""

from __future__ import annotations

import random
import re

import pytest
from mending import MAIN, mended

import tapfix

HEAD = 'resource "aws_lb" "main" {\n'

MENDED = {
    "semicolons on one line": (
        'variable "x" { type = string; default = null; }\n',
        'variable "x" {\n  type    = string\n  default = null\n}\n',
    ),
    "a semicolon at a line's end": (HEAD + '  name = "main";\n}\n', HEAD + '  name = "main"\n}\n'),
    "semicolons in an object": (
        "locals {\n  a = { x = 1; y = 2 }\n}\n",
        "locals {\n  a = { x = 1, y = 2 }\n}\n",
    ),
    "commas between the arguments of a block": (
        'output "x" { value = 1, sensitive = true }\n',
        'output "x" {\n  value     = 1\n  sensitive = true\n}\n',
    ),
    "no comma in an object": ('locals {\n  a = { b = "c" d = "e" }\n}\n', 'locals {\n  a = { b = "c", d = "e" }\n}\n'),
    "a comma before a comment": (
        'locals {\n  a = [\n    "x" # first\n    "y"\n  ]\n}\n',
        'locals {\n  a = [\n    "x", # first\n    "y"\n  ]\n}\n',
    ),
    "a comma between blocks of JSON": (
        "locals {\n  a = [\n    {\n      b = 1\n    }\n    {\n      b = 2\n    }\n  ]\n}\n",
        "locals {\n  a = [\n    {\n      b = 1\n    },\n    {\n      b = 2\n    }\n  ]\n}\n",
    ),
    "a comma behind an argument": ("locals {\n  a = 1, # one\n  b = 2,\n}\n", "locals {\n  a = 1 # one\n  b = 2\n}\n"),
    "an open call": (
        "locals {\n  a = merge(local.x,\n    { b = 1 }\n  c = 2\n}\n",
        "locals {\n  a = merge(local.x,\n    { b = 1 }\n  )\n  c = 2\n}\n",
    ),
    "an open call behind its object": (
        "locals {\n  a = jsonencode({\n    b = 1\n  }\n}\n",
        "locals {\n  a = jsonencode({\n    b = 1\n  })\n}\n",
    ),
    "an open object": (
        "locals {\n  a = {\n    b = {\n      c = 1 # one\n    d = 2\n  }\n}\n",
        "locals {\n  a = {\n    b = {\n      c = 1 # one\n    }\n    d = 2\n  }\n}\n",
    ),
    "the last brace, before the next block": (
        HEAD + '  name = "main" # short\n\noutput "x" {\n  value = 1\n}\n',
        HEAD + '  name = "main" # short\n}\n\noutput "x" {\n  value = 1\n}\n',
    ),
    "several things": (
        "locals {\n  a: 'x',\n  b = [1, 2\n  c = 3 }\n",
        'locals {\n  a = "x"\n  b = [1, 2]\n  c = 3\n}\n',
    ),
    "sentences between the blocks": (
        "locals {\n}\n\nContinuing where I left off, with the groups:\nThey are two.\n\n# One\nlocals {\n}\n",
        "locals {\n}\n\n# Continuing where I left off, with the groups:\n# They are two.\n\n# One\nlocals {\n}\n",
    ),
    "typographic quotes": ("locals {\n  a = \u201cx\u201d\n}\n", 'locals {\n  a = "x"\n}\n'),
    "the backslash of Markdown": (
        'locals {\n  a = "${var.bucket_arn}/\\*"\n  b = "x\\_y"\n}\n',
        'locals {\n  a = "${var.bucket_arn}/*"\n  b = "x_y"\n}\n',
    ),
    "the backslash of a pattern": (
        'locals {\n  a = replace("x", "/\\d+\\.y$/", "\\n")\n}\n',
        'locals {\n  a = replace("x", "/\\\\d+\\\\.y$/", "\\n")\n}\n',
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_it_repairs(name: str) -> None:
    before, after = MENDED[name]
    assert tapfix.parse(before).diagnostics
    assert mended("TAP102", before).main == after


LEFT = {
    "a sentence with an argument in it": "locals {\n}\n\nThe name is name = var.x here.\n",
    "a block without its quotes": "locals {\n}\n\nresource aws_lb main\n",
    "two words": "locals {\n}\n\nand so\n",
    "an escaped star in a pattern, or one of Markdown's": 'locals {\n  a = can(regex("^[a-z]\\*$", var.x))\n}\n',
    "an escaped dot that is in no pattern": 'locals {\n  a = "1\\. this"\n}\n',
    "the rest": HEAD + "  ...\n}\n",
    "prose": HEAD + "  add the other arguments here\n}\n",
    "a sentence in a tuple": "locals {\n  a = [this is\n  prose]\n}\n",
    "an open quote": HEAD + '  name = "main\n}\n',
    "an open heredoc": "locals {\n  a = <<EOT\n  b\n}\n",
    "an apostrophe": "locals {\n  a = 'it's'\n}\n",
    "single quotes around an interpolation": "locals {\n  a = '${b}'\n}\n",
    "an escape that may mean two things": 'locals {\n  a = "\\q"\n}\n',
    "an argument that was set twice": "locals {\n  a = 1\n  a = 2\n}\n",
    "cut off": HEAD + '  name = "main"\n',
    "cut off within": 'output "x" {\n  value = 1\n}\n\n' + HEAD + "  subnets = [\n    aws_subnet.a.id,\n",
    "no value": HEAD + "  name =\n}\n",
    "no layout to tell where the object ends": "locals {\na = {\nb = 1\nc = 2\n}\n",
}


@pytest.mark.parametrize("name", LEFT)
def test_it_leaves_what_it_would_have_to_guess(name: str) -> None:
    assert mended("TAP102", LEFT[name]).main == LEFT[name]


def test_one_refused_place_leaves_its_block_and_the_other_blocks_are_repaired() -> None:
    half = HEAD + "  name = 'main';\n  ...\n}\n"
    other = "locals {\n  a = 1;\n}\n"
    assert mended("TAP102", half + other).main == half + "locals {\n  a = 1\n}\n"


def test_line_endings_stay() -> None:
    assert mended("TAP102", "locals {\r\n  a = 1; b = 2\r\n}\r\n").main == "locals {\r\n  a = 1\r\n  b = 2\r\n}\r\n"


def test_problems_that_a_repair_reveals_do_not_take_it_back() -> None:
    """Terraform reports an undeclared reference only where the text parses: the outcome is not worse."""
    text = 'output "x" {\n  value = [\n    local.gone\n    1\n  ]\n}\n'
    assert tapfix.fix(text).files["tap_stack.tf"] == text.replace("local.gone\n", "local.gone,\n")


def test_much_broken_text_takes_little_time() -> None:
    """The number of attempts has a bound. Without it this test would not end."""
    for piece in ("a = [1\n", "/* ", "<<A\n", "{ ", '" ', "a = {;", "x { a = [", "'"):
        text = "locals {\n" + piece * 2_000 + "\n}\n"
        assert mended("TAP102", text).main == text


@pytest.mark.parametrize("seed", range(40))
def test_a_repair_restores_the_text_that_was_damaged(seed: int) -> None:
    """One bracket or comma at a line's end is removed from a text that parses: it comes back, or nothing changes."""
    dice = random.Random(seed)
    whole = _module(dice)
    places = [m.start(1) for m in re.finditer(r"^[^#\n\"]*([\])},])$", whole, re.MULTILINE)]
    at = dice.choice(places)
    damaged = whole[:at] + whole[at + 1 :]
    after = mended("TAP102", {MAIN: damaged}).main
    if tapfix.parse(after).diagnostics:
        assert after == damaged
    elif tapfix.parse(damaged).diagnostics:
        assert re.sub(r"\s+", "", after) == re.sub(r"\s+", "", whole)


def _module(dice: random.Random) -> str:
    """A module, formatted as by terraform fmt, with brackets of every kind over several lines."""

    def value(depth: int, indent: str) -> str:
        kind = dice.randrange(4) if depth else 3
        inner = indent + "  "
        if kind == 0:
            rows = [f"{inner}{value(depth - 1, inner)}" for _ in range(dice.randrange(1, 4))]
            return "[\n" + ",\n".join(rows) + f"\n{indent}]"
        if kind == 1:
            return "{\n" + arguments(depth, inner) + indent + "}"
        if kind == 2:
            return f"merge(local.m, {{\n{arguments(depth, inner)}{indent}}})"
        return dice.choice(('"text"', "var.x", "aws_lb.main.arn", "7"))

    def arguments(depth: int, indent: str) -> str:
        names = dice.sample("abcdef", dice.randrange(1, 4))
        return "".join(f"{indent}{name} = {value(depth - 1, indent)}\n" for name in names)

    blocks = [f"{HEAD.replace('main', name)}{arguments(3, '  ')}}}\n" for name in dice.sample("abcdefgh", 3)]
    return tapfix.format("\n".join(blocks) + '\noutput "last" {\n  value = 1\n}\n')
