"""What "no", "except", "if" and "such as" cover."""

from __future__ import annotations

import pytest

from tapfix.contract.prompt.scopes import Cover
from tapfix.contract.prompt.sentences import sentences

N, X, C, E, B = Cover.NEGATED, Cover.EXCEPTED, Cover.CONDITIONAL, Cover.EXAMPLE, Cover.BACKGROUND


@pytest.mark.parametrize(
    ("text", "covers"),
    [
        ("Use WORD.", set()),
        ("Do not use WORD.", {N}),
        ("WORD is not allowed.", {N}),
        ("Use no modules, but use WORD.", set()),
        ("No modules - WORD is fine.", set()),
        ("No modules; use WORD.", set()),
        ("No modules, use WORD.", set()),
        ("No modules, blocks or WORD.", {N}),
        ("No modules, no blocks, no WORD.", {N}),
        ("Use WORD (not the other).", set()),
        ("Use the other (not WORD).", {N}),
        ("Do not allow all (as in the old one) on WORD.", {N}),
        ("Use not only blocks but WORD.", set()),
        ("Use all except WORD.", {X}),
        ("Use all other than WORD.", {X}),
        ("Excluding WORD.", {N}),
        ("If it is dear, use WORD.", {C}),
        ("Use WORD if needed.", {C}),
        ("Optionally use WORD.", {C}),
        ("WORD is optional.", {C}),
        ("WORD could come later.", {C}),
        ("Terraform 1.5 or later with WORD.", set()),
        ("Use a thing such as WORD.", {E}),
        ("Use a thing (e.g. WORD).", {E}),
        ("The source is WORD.", {B}),
        ("Migrating from WORD.", {B}),
        ("Could you use WORD?", set()),
    ],
)
def test_what_covers_a_word(text: str, covers: set[Cover]) -> None:
    sentence = next(sentence for sentence in sentences(text) if "WORD" in sentence.plain)
    start = sentence.plain.index("WORD")
    assert sentence.scopes.of(start, start + 4) == covers


def test_a_double_negation_covers_nothing_known() -> None:
    sentence = sentences("Do not work without modules.")[0]
    start = sentence.plain.index("modules")
    assert not sentence.scopes.affirms(start, start + 7)
    assert not sentence.scopes.negates(start, start + 7)


@pytest.mark.parametrize(
    ("prompt", "covers"),
    [
        ("Do not use:\n- WORD\n", {N}),
        ("Optional:\n- WORD\n", {C}),
        ("What we need:\n- WORD\n", set()),
        ("Security cannot be something that comes after the rest of all the work:\n- WORD\n", set()),
        ("# Out of scope\n\nWORD\n", {C}),
        ("# What we have\n\nWORD\n", set()),
    ],
)
def test_a_list_and_a_heading_pass_their_scope_on(prompt: str, covers: set[Cover]) -> None:
    sentence = next(sentence for sentence in sentences(prompt) if sentence.plain == "WORD")
    assert sentence.scopes.of(0, 4) == covers


def test_sentences_have_lines_headings_and_introductions() -> None:
    prompt = "# One\n\nFirst. Second\ngoes on.\n\nA list, e.g. this:\n\n1. **Item** one. More.\n   - Inner\n2. Item two\n\n```\nno\n```\n"
    found = [(s.line, s.plain, s.heading, s.intro.plain if s.intro else "") for s in sentences(prompt)]
    assert found == [
        (1, "One", "", ""),
        (3, "First.", "One", ""),
        (3, "Second goes on.", "One", ""),
        (6, "A list, e.g. this:", "One", ""),
        (8, "Item one.", "One", "A list, e.g. this:"),
        (8, "More.", "One", "A list, e.g. this:"),
        (9, "Inner", "One", "More."),
        (10, "Item two", "One", "A list, e.g. this:"),
    ]
