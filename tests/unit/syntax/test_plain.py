"""The loop does what its plain twin does: it gives the same items, and the same failures at the same places."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from messy_hcl import Messy
from test_parse_terraform import ACCEPTED, REFUSED, variations

from tapfix.syntax import Item, Leaf, _tables, parse, plain
from tapfix.syntax.loop import parse_item
from tapfix.syntax.recovery import ParseFailure, wanted
from tapfix.syntax.scanner import MARK_NAMES, SourceText
from tapfix.syntax.tree import SyntaxElement

CORPUS = Path(__file__).parents[3] / "corpus"
FENCE = re.compile(r"^```(?:hcl|terraform|tf)\b[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INSERTED = [
    *MARK_NAMES, '"', "${", "%{", "${~", "~}", "<<E\n", "<<-É\n", "E\n", "\nE\n", "#", "//", "/*", "*/", "\n", "\r\n",
    "\r", " ", "\t",
    "for", "in", "if", "else", "endif", "endfor", "[*]", "[\n*]", ".*", ".0", "1.5", "1.5.6", "é", "a²", "²", "\\q",
    "\\", "'", "\ufeff",
    "\ud800", "locals {\n", 'resource "a" "b" {\n', "}\n", "a = 1\n", "a {\n", "x", "x.y.z",
]  # fmt: skip


def fences() -> list[str]:
    """The HCL of the corpus."""
    found = [text for path in sorted(CORPUS.glob("*/*.md")) for text in FENCE.findall(path.read_text(encoding="utf-8"))]
    assert len(found) > 50
    return found


def mutated(text: str, rng: random.Random) -> str:
    """The text with one to three places cut out or overwritten."""
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        inserted = "" if rng.randrange(4) == 0 else rng.choice(INSERTED)
        text = text[:at] + inserted + text[at + rng.choice((0, 0, 1, 2, 8)) :]
    return text


def plain_data(result: Item | ParseFailure) -> object:
    """An item or a failure as data that can be compared."""

    def of(element: SyntaxElement) -> object:
        if isinstance(element, Leaf):
            return element.kind, element.value, element.prefix, element.start
        return type(element), element.kind, element.start, [of(child) for child in element.children]

    if isinstance(result, ParseFailure):
        # The loop reduces a run of tokens before it sees the next token, so its state may be a later one.
        return result.offset, result.found, wanted(result.state), result.reason
    return result.start, result.text, of(result.node), result.newline and of(result.newline), result.diagnostics


def compare(text: str) -> None:
    """Compare both parsers at the start of each line, with and without `nested_openers`."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for nested_openers in (True, False):
        source, plain_source = SourceText(text), SourceText(text)
        source.nested_openers = plain_source.nested_openers = nested_openers
        for start in starts:
            fast = plain_data(parse_item(source, start))
            assert fast == plain_data(plain.parse_item(plain_source, start)), (text, start)


@pytest.mark.parametrize("texts", [ACCEPTED, REFUSED], ids=["accepted", "refused"])
def test_on_the_table_of_what_is_easy_to_get_wrong(texts: list[str]) -> None:
    for text in texts:
        compare(text)


@pytest.mark.parametrize("seed", range(3))
def test_on_variations_of_the_table(seed: int) -> None:
    for text in variations(seed, 1000):
        compare(text)


def test_on_the_corpus() -> None:
    for text in fences():
        compare(text)


def test_on_the_corpus_mutated() -> None:
    rng = random.Random(1)
    for text in fences():
        for _ in range(5):
            at = rng.randrange(len(text) + 1)
            compare(mutated(text[at : at + 800], rng))


@pytest.mark.parametrize("seeds", [range(100), range(100, 200)], ids=str)
def test_on_messy_texts_whole_and_mutated(seeds: range) -> None:
    for seed in seeds:
        text = Messy(seed).text()
        compare(text)
        compare(mutated(text, random.Random(seed)))


def test_the_texts_hold_every_kind_of_token() -> None:
    kinds: set[str] = set()
    for text in [*ACCEPTED, *(Messy(seed).text() for seed in range(40))]:
        for item in parse(text).items:
            kinds.update(leaf.kind for leaf in item.node.leaves())
            kinds.update(leaf.kind for leaf in (item.newline,) if leaf)
    assert kinds >= set(_tables.LEAF_KINDS)
