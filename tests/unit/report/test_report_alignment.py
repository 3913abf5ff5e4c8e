"""The alignment of lines: it never invents or loses a line, and no input makes it slow."""

from __future__ import annotations

import random
from time import perf_counter

import pytest

from tapfix.report.alignment import changes, hunks


def patched(old: list[str], new: list[str]) -> list[str]:
    out, at = [], 0
    for change in changes(old, new):
        out += old[at : change.start] + new[change.new_start : change.new_end]
        at = change.end
    return out + old[at:]


@pytest.mark.parametrize("seed", range(200))
def test_changes_lead_from_one_to_the_other(seed: int) -> None:
    chance = random.Random(seed)
    words = [str(n) for n in range(chance.choice([2, 5, 50]))]
    old = chance.choices(words, k=chance.randrange(40))
    new = [chance.choice(words) if chance.random() < 0.2 else word for word in old if chance.random() > 0.1]
    assert patched(old, new) == new
    for before, after in zip(changes(old, new), changes(old, new)[1:], strict=False):
        assert before.end < after.start
        assert after.start - before.end == after.new_start - before.new_end


def test_a_closing_brace_stays_with_its_block() -> None:
    old = ["a {", "  x", "}", "", "b {", "  y", "}"]
    new = ["a {", "  x", "}", "", "new {", "  z", "}", "", "b {", "  y", "}"]
    ((start, end, new_start, new_end),) = changes(old, new)
    assert (start, end) in ((3, 3), (4, 4))
    assert new[new_start:new_end] in (["", "new {", "  z", "}"], ["new {", "  z", "}", ""])


def test_hunks_join_where_their_context_touches() -> None:
    old = [str(n) for n in range(30)]
    new = [word for word in old if word not in ("5", "12", "20")]
    assert [len(group) for group in hunks(changes(old, new), 3)] == [2, 1]


@pytest.mark.parametrize("words", [1, 2, 190, 50_000])
def test_no_input_makes_it_slow(words: int) -> None:
    old = [str(n % words) for n in range(100_000)]
    new = ["first", *(str(n * 7 % words) for n in range(100_000)), "last"]
    began = perf_counter()
    assert patched(old, new) == new
    assert perf_counter() - began < 5
