"""Headings, paragraphs and rules, in quotes and lists of all depths, are those that markdown-it finds; fences are tapfix's own."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tapfix.markdown import blocks

REFERENCE = MarkdownIt("zero", {"maxNesting": 20}).enable(["blockquote", "hr", "list", "heading", "lheading"])

PIECES = st.sampled_from(
    [
        "> ",
        ">",
        "- ",
        "* ",
        "+ ",
        "-",
        "1. ",
        "2) ",
        "1.",
        "10. ",
        "1234567890. ",
        "# ",
        "#",
        "## a ##\n",
        "######",
        "#######",
    ]
    + ["---\n", "===\n", "***\n", "- - -\n", "__ _\n", "-\n", "=\n"]
    + [
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        " ",
        "  ",
        "    ",
        "\t",
        "a",
        "text here\n",
        "**b.tf**\n",
        "\u00a0",
        "\u0663. ",
        "\0",
        "é\n",
    ]
)


def expected(text: str) -> list[tuple[str, str, int, int]]:
    found = []
    tokens = REFERENCE.parse(text.replace("\r\n", "\n").replace("\r", "\n"))
    for place, token in enumerate(tokens):
        kind = {"heading_open": "heading", "paragraph_open": "paragraph", "hr": "rule"}.get(token.type)
        if kind is not None and token.map is not None:
            text = "" if kind == "rule" else tokens[place + 1].content
            found.append((kind, text, token.map[0] + 1, int(token.tag[1:]) if kind == "heading" else 0))
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
@example(">\t\tquoted\n- \tlisted\n   1. deeper\n\n   lazy\n")
@example("- " * 15 + "too deep\n\ntext\n---\n")
@example("> a\nlazy\n- b\n  > c\nlazy\n\n> d\n    ===\n")
def test_blocks_are_those_of_markdown_it(text: str) -> None:
    assert [(block.kind, block.text, block.line, block.level) for block in blocks(text)] == expected(text)
