"""Members that are taken out of a list, an object or a call: what is left is what a person would have written."""

from __future__ import annotations

import pytest

from tapfix.edits import Edit
from tapfix.module import File
from tapfix.module.nodes import members

CASES = {
    "the last of a line": ("[a, b]", {1}, "[a]"),
    "the first of a line": ("[a, b]", {0}, "[b]"),
    "the one between": ("[a, b, c]", {1}, "[a, c]"),
    "the last two": ("[a, b, c]", {1, 2}, "[a]"),
    "all": ("[a, b]", {0, 1}, "[]"),
    "an argument of a call": ("concat(a, b)", {1}, "concat(a)"),
    "an item of an object on one line": ("{ a = 1, b = 2 }", {1}, "{ a = 1 }"),
    "the last, on the next line": ("[a,\n  b]", {1}, "[a]"),
    "a line": ("[\n  a,\n  b,\n  c\n]", {1}, "[\n  a,\n  c\n]"),
    "the last line, with the comma before it": ("[\n  a,\n  b\n]", {1}, "[\n  a\n]"),
    "the last lines, with the comma before them": ("[\n  a,\n  b,\n  c\n]", {1, 2}, "[\n  a\n]"),
    "the last line of a list that ends in a comma": ("[\n  a,\n  b,\n]", {1}, "[\n  a,\n]"),
    "a line with its comments": ("[\n  # of a\n  a,\n  # of b\n  b # b\n]", {1}, "[\n  # of a\n  a\n]"),
    "a comment of the line before": ("[\n  a, # of a\n  b # of b\n]", {1}, "[\n  a # of a\n]"),
    "a line of an object": ("{\n  a = 1\n  b = 2\n}", {0}, "{\n  b = 2\n}"),
    "a line of an object with commas": ("{\n  a = 1,\n  b = 2\n}", {1}, "{\n  a = 1\n}"),
}


@pytest.mark.parametrize("case", CASES)
def test_members_go_with_their_commas_and_lines(case: str) -> None:
    text, gone, wanted = CASES[case]
    attribute = File("x.tfvars", f"x = {text}\n").attributes["x"]
    everything = members(attribute.expr)
    edits = attribute.remove_members(attribute.expr, [everything[at] for at in gone])
    assert edited(attribute.file, edits) == f"x = {wanted}\n"
    if len(gone) == 1:
        edit = attribute.remove_member(attribute.expr, everything[min(gone)])
        assert edited(attribute.file, [edit]) == f"x = {wanted}\n"


def edited(file: File, edits: list[Edit]) -> str:
    return file.edited([(start, end, text) for _, start, end, text in edits]).text
