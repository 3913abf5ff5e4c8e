"""Broken text: the blocks around the damage are found, and the diagnostic is at the damage.

`bench/recovery.py` measures this on many files. This file has one case of each kind.
"""

from __future__ import annotations

import pytest

from tapfix.syntax import Tree, parse, position

BEFORE = 'variable "name" {\n  type = string\n}\n\n# About the next one.\n'
AFTER = '\n# About the last one.\nresource "aws_s3_bucket" "last" {\n  bucket = "b"\n}\n\nlocals {\n  x = 1\n}\n'

DAMAGED = {
    "unclosed block": ('resource "a" "b" {\n  c = 1\n', {6, 7}),
    "unclosed brace within": ('resource "a" "b" {\n  c {\n    d = 1\n\n  e = 2\n}\n', {7, 8, 9}),
    "unclosed object": ('resource "a" "b" {\n  tags = {\n    d = 1\n  e = f\n}\n', {7, 8, 9}),
    "unclosed quote": ('resource "a" "b" {\n  c = "d\n  e = 2\n}\n', {7}),
    "unclosed label": ('resource "a" "b {\n  c = 1\n}\n', {6}),
    "unclosed heredoc": ('resource "a" "b" {\n  c = <<EOT\n  text\n  d = 1\n}\n', {7}),
    "unclosed tuple": ('resource "a" "b" {\n  c = [1, 2\n  d = 1\n}\n', {7, 8}),
    "only the opener": ('resource "aws_launch\n', {6}),
    "semicolons": ('variable "v" { type = string; default = [] }\n', {6}),
    "missing comma": ('resource "a" "b" {\n  c = [\n    "d"\n    "e"\n  ]\n}\n', {8, 9}),
    "stray fence": ("```hcl\n", {6}),
    "stray fence within": ('resource "a" "b" {\n```\n  c = 1\n}\n', {7}),
    "prose": ("Here is what's left (see above):\n", {6}),
    "the rest": ('resource "a" "b" {\n  # ...\n  ...\n}\n', {8}),
    "single quotes": ('resource "a" "b" {\n  c = \'it is\'\n}\n', {7}),
    "shell": ('#!/bin/bash\nif [ -z "$X" ]; then\n  rm -rf /tmp/*; echo "it\'s ${X%%.*}" >> {out}\nfi\n', {7}),
    "one brace too many": ('resource "a" "b" {\n  c = 1\n  }\n  d = 2\n}\n', {8}),
    "stray brace": ("}\n", {6}),
}


def blocks(tree: Tree) -> list[tuple[str, ...]]:
    return [
        tuple(child.text for child in item.node.children if child.kind in ("Identifier", "template"))
        for item in tree.items
        if item.node.kind == "block"
    ]


@pytest.mark.parametrize("kind", DAMAGED)
def test_the_blocks_around_are_found(kind: str) -> None:
    damaged, lines = DAMAGED[kind]
    text = BEFORE + damaged + AFTER
    tree = parse(text)
    assert tree.code() == text
    assert blocks(tree) == [("variable", '"name"'), ("resource", '"aws_s3_bucket"', '"last"'), ("locals",)]
    assert [item.kind for item in tree.items].count("broken") == 1
    (diagnostic,) = tree.diagnostics
    assert position(text, diagnostic.offset)[0] in lines


@pytest.mark.parametrize("kind", DAMAGED)
def test_comments_belong_to_what_follows_them(kind: str) -> None:
    tree = parse(BEFORE + DAMAGED[kind][0] + AFTER)
    (last,) = (item for item in tree.items if item.text.rstrip().endswith('bucket = "b"\n}'))
    assert last.node.prefix.endswith("# About the last one.\n")


@pytest.mark.parametrize("cut", range(0, len(BEFORE + AFTER), 7))
def test_what_ended_before_a_cut_is_whole(cut: int) -> None:
    text = (BEFORE + AFTER)[:cut]
    tree = parse(text)
    assert tree.code() == text
    whole = [("variable", '"name"')] * (cut >= BEFORE.index("}") + 1)
    assert blocks(tree)[: len(whole)] == whole
    for diagnostic in tree.diagnostics:
        assert abs(position(text, diagnostic.offset)[0] - position(text, cut)[0]) <= 2


def test_a_block_may_hold_what_looks_like_the_next_one() -> None:
    assert blocks(parse('a {\nresource "b" "c" {\n}\n}\n')) == [("a",)]


def test_a_diagnostic_that_leaves_the_tree_whole() -> None:
    tree = parse('resource "a" "b" {\n  c = "\\q"\n  c = 1.2.3\n}\n')
    assert blocks(tree) == [("resource", '"a"', '"b"')]
    assert [diagnostic.message for diagnostic in tree.diagnostics] == [
        "`\\q` is not an escape sequence",
        "the attribute `c` was set already",
        "`1.2.3` is not a number",
    ]
