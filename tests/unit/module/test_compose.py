"""New HCL: what is composed parses, is what was meant, and is a fixed point of the formatter."""

from __future__ import annotations

import pytest

from tapfix import format as formatted
from tapfix import parse
from tapfix.module import item_key, object_items, string_value, walk
from tapfix.module.compose import (
    attributes,
    block,
    body_of,
    call,
    expression,
    interpolation,
    list_of,
    object_of,
    quoted,
)

TEXTS = {
    "attributes": attributes({"a": "1", "longer": '"x"', "list": "[\n  1,\n]", "b": "2", "cc": "3"}),
    "an empty block": block("resource", "aws_vpc", "main"),
    "a block in a block": block("a", "l", body=attributes({"x": "1"}) + "\n" + block("inner", body="y = 2")),
    "an object": "x = " + object_of({"a": "1", "bb": quoted("two")}) + "\n",
    "an object on one line": "x = " + object_of({"a": "1", "bb": "2"}, one_line=True) + "\n",
    "an empty object": "x = " + object_of({}) + "\n",
    "a call": "x = " + call("merge", "local.a", list_of(["1", "2"])) + "\n",
    "a template": f'x = "a-{interpolation("var.b")}"\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_composed_is_as_terraform_fmt_has_it(text: str) -> None:
    assert not parse(text).diagnostics
    assert formatted(text) == text


@pytest.mark.parametrize(
    "text", ["plain", 'a "quoted" word', "back\\slash", "two\nlines", "${no.reference}", "%{ if }", ""]
)
def test_a_quoted_text_is_a_literal(text: str) -> None:
    expr = expression(quoted(text))
    assert expr.kind == "template"
    assert not [part for part in walk(expr) if part.kind not in ("template", "OQuote", "QuotedLit", "CQuote")]


def test_a_piece_of_hcl_is_read() -> None:
    assert string_value(expression('"a"')) == "a"
    assert [item_key(item) for item in object_items(expression("{ a = 1, b = 2 }"))] == ["a", "b"]
    assert list(body_of("a = 1\nb {\n}").attributes) == ["a"]
