"""Findings' words as Markdown."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tapfix.report.prose import code, prose

WORDS = [
    "`aws_s3_bucket.my_logs` has no `force_destroy`",
    "a | b, <script>, *x*, _y_, [z](w), @team, a&b",
    "an odd ` backtick",
    "a span of `a | b`",
    "# no heading\n\n- no list",
]


@pytest.mark.parametrize("words", WORDS)
def test_prose_says_what_it_was_given(words: str) -> None:
    html = MarkdownIt().render(prose(words).replace("\\|", "|"))
    shown = html.replace("<code>", "`").replace("</code>", "`").removeprefix("<p>").removesuffix("</p>\n")
    plain = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\u200b", "")
    assert plain == " ".join(words.split())


def test_names_in_code_keep_their_underscores() -> None:
    assert prose("`local.common_tags`") == "`local.common_tags`"
    assert code("a_b") == "`a_b`"
    assert code("a`b") == "``a`b``"
