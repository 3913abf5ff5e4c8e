"""The formatter: the output of `terraform fmt`, and the layout pass after fixes.

The expected texts are the output of terraform 1.11. If `terraform` is on the PATH, the last tests compare again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from messy_hcl import Messy

from tapfix.edits import Provenance, apply_edits
from tapfix.syntax.formatter import format_changed, format_text, unformatted
from tapfix.syntax.graphemes import count_graphemes
from tapfix.syntax.parse import parse

CASES = {
    "indent": ("a {\nb {\n        c=1\n}\n}\n", "a {\n  b {\n    c = 1\n  }\n}\n"),
    "indent, brackets opened together": ("a=[[\n1,\n],[\n2\n]]\n", "a = [[\n  1,\n  ], [\n  2\n]]\n"),
    "indent, brackets closed together": ("a=[\n[\n1\n]]\n", "a = [\n  [\n    1\n]]\n"),
    "assignments": ("a=1\nlonger=2\n\nb=3\n", "a      = 1\nlonger = 2\n\nb = 3\n"),
    "assignments end with a block": (
        "a=1\nb {\n}\nlonger=2\nc { d=1 }\n",
        "a = 1\nb {\n}\nlonger = 2\nc { d = 1 }\n",
    ),
    "an assignment that opens brackets": (
        "a=1\nlonger=[\n1\n]\nmid=2\n",
        "a = 1\nlonger = [\n  1\n]\nmid = 2\n",
    ),
    "assignments in objects": (
        'a={b=1,c:2\nlonger=3\n"q" = 4\n(r)= 5}\n',
        'a = { b = 1, c : 2\n  longer = 3\n  "q"    = 4\n(r) = 5 }\n',
    ),
    "comments": ("a=1#x\nlonger=2 // y\nb {} # z\n", "a      = 1 #x\nlonger = 2 // y\nb {}       # z\n"),
    "comments on lines of their own": (
        "a {\n# x\n// y\n/* z\n   z */\nb=1\n}\n",
        "a {\n  # x\n  // y\n  /* z\n   z */\n  b = 1\n}\n",
    ),
    "comments inside": (
        "a=/*x*/1/*y*/+/*z*/2\nb/*x*/=1/*y*/\n",
        "a       = /*x*/ 1 /*y*/ + /*z*/ 2\nb /*x*/ = 1 /*y*/\n",
    ),
    "comments in brackets": ("a=[#x\n1,#y\n222#z\n]#e\n", "a = [ #x\n  1,  #y\n  222 #z\n]     #e\n"),
    "operators": (
        "a=1+2-3*4/5%6\nb=!c&& !d||-e>=- f\ng=h?-1:2- -1\n",
        "a = 1 + 2 - 3 * 4 / 5 % 6\nb = !c && !d || -e >= -f\ng = h ? -1 : 2 - -1\n",
    ),
    "traversals": (
        "a=b . c [ 0 ] . d[*].e.*.f . 0\ng=[1] [0]\nh=f ()[ 0 ]\n",
        "a = b.c[0].d[*].e.*.f.0\ng = [1][0]\nh = f()[0]\n",
    ),
    "calls": (
        "a=f ( 1,2 , b ... )\nc=provider :: aws::arn ( )\n",
        "a = f(1, 2, b...)\nc = provider::aws::arn()\n",
    ),
    "for": (
        "a=[for b , c in[d]:b if c]\ne={for f in g:f=>f...if h}\n",
        "a = [for b, c in [d] : b if c]\ne = { for f in g : f => f... if h }\n",
    ),
    "braces": ("a={}\nb={ }\nc={d=1}\ne{}\n", "a = {}\nb = {}\nc = { d = 1 }\ne {}\n"),
    "templates": (
        'a="x${ b }y%{ if c }z%{ endif ~}${ d }${~ e ~}"\nf="${ {g=1} }h"\n',
        'a = "x${b}y%{if c}z%{endif~}${d}${~e~}"\nf = "${ { g = 1 } }h"\n',
    ),
    "heredocs": (
        "a{\nb=<<X\n  c=1 ${ d }\n X\nlonger=<<-Y\n\t e\n\tY\nf=1\n}\n",
        "a {\n  b      = <<X\n  c=1 ${d}\n X\n  longer = <<-Y\n\t e\n\tY\n  f      = 1\n}\n",
    ),
    "a heredoc in a call": (
        "a=f(<<X\n b\nX \n,1)\nc {\nd=1\n}\n",
        "a = f(<<X\n b\nX \n, 1)\nc {\n  d = 1\n}\n",
    ),
    "lines of an interpolation in a heredoc": (
        "a {\nb=<<X\n ${\nc\n}\nX\nd=1\n}\n",
        "a {\n  b = <<X\n ${\n  c\n}\nX\nd = 1\n}\n",
    ),
    "CRLF": (
        "a {\r\nb=1 # c\r\n\r\nlonger=<<X\r\n d\r\nX\r\n}\r\n",
        "a {\r\n  b = 1 # c\r\n\r\n  longer = <<X\r\n d\r\nX\r\n}\r\n",
    ),
    "byte order mark": ("\ufeffa=1\n", "a = 1\n"),
    "white space at the end": ("a=1\t\t", "a = 1  "),
    "a comment at the end": ("b=1\na=[1] # c", "b = 1\na = [1] # c"),
    "blank lines": ("\n\n  \n\ta=1\n \t\n\n", "\n\n\na = 1\n\n\n"),
    "nothing": ("", ""),
    "wide characters": (
        '日本="é"#a\nb="👨‍👩‍👧"#b\nc="🇬🇧x"#c\nd="e\u0301"#d\n',
        '日本 = "é"  #a\nb  = "👨‍👩‍👧"  #b\nc  = "🇬🇧x" #c\nd  = "e\u0301"  #d\n',
    ),
    "labels": (
        'a b "c" d{}\na/*x*/b/*y*/"c"/*z*/{}\na "\\u00e9\\u200b" {}\na "" {}\n',
        'a "b" "c" "d" {}\na "b" "c" /*z*/ {}\na "é\\u200b" {}\na "" {}\n',
    ),
    "unwrapped": (
        'a="${b}"\nc="${~d[0].e~}"\nf="${g("${h}")}"\n',
        'a = b\nc = d[0].e\nf = g("${h}")\n',
    ),
    "unwrapped over lines": (
        'a="${\n b\n}"\nc="${b\n+d}"\ne="${(\nf\n)}"\n',
        "a = b\nc = (b\n+ d)\ne = (\n  f\n)\n",
    ),
    "unwrapped with its comment": ('a="${b # c\n}"\nd=1\n', "a = b # c\n\nd = 1\n"),
    "unwrapped once": ('a="${"${b}"}"\n', 'a = "${b}"\n'),
    "wrapped for a reason": (
        'a="${b}${c}"\nd="x${b}"\ne=["${b}"]\nf=("${b}")\ng={h="${b}"}\n',
        'a = "${b}${c}"\nd = "x${b}"\ne = ["${b}"]\nf = ("${b}")\ng = { h = "${b}" }\n',
    ),
    "types": (
        'variable "a" {\ntype="string"\n}\nvariable "b" {\ntype=list\n}\nvariable "c" {\ntype="map"\n}\n',
        'variable "a" {\n  type = string\n}\nvariable "b" {\n  type = list(any)\n}\n'
        'variable "c" {\n  type = map(string)\n}\n',
    ),
    "types elsewhere": (
        'a "b" {\ntype="string"\nvariable "c" {\ntype=list\n}\n}\n',
        'a "b" {\n  type = "string"\n  variable "c" {\n    type = list\n  }\n}\n',
    ),
}
"""Source and output of terraform, by name."""

BROKEN = (
    "a = ",
    "a = 1 b = 2\n",
    "a {\n b=1\n",
    "a { b=1\n}\n",
    "a=1\na=2\n",
    'a="b\n',
    "a=<<X\nb\n",
    "```\na=1\n",
    "a=[1 2]\n",
)
"""Texts that do not parse, and so do not change."""


@pytest.mark.parametrize(("source", "wanted"), CASES.values(), ids=CASES)
def test_formats_as_terraform_does(source: str, wanted: str) -> None:
    assert format_text(source) == wanted
    assert bool(unformatted(source)) == (source != wanted)


@pytest.mark.parametrize("name", [name for name in CASES if name != "unwrapped once"])
def test_what_is_formatted_stays(name: str) -> None:
    formatted = CASES[name][1]
    assert format_text(formatted) == formatted
    assert unformatted(formatted) == ()


@pytest.mark.parametrize("source", BROKEN)
def test_what_does_not_parse_stays(source: str) -> None:
    assert format_text(source) == source
    assert unformatted(source) == ()


def test_a_label_is_never_lost() -> None:
    # terraform 1.11 drops a label with an escaped template mark, and so changes the block's address.
    assert format_text('a "x$${y}" {}\n') == 'a "x$${y}" {}\n'


def test_a_heredoc_keeps_the_new_line_that_ends_it() -> None:
    # terraform 1.11 unwraps this heredoc, and with the comment after it the closing line no longer closes it.
    source = 'a = "${<<X\nb\nX\n}" # c\n'
    assert format_text(source) == source


def test_unformatted_names_lines() -> None:
    assert unformatted("a = 1\nb=2\n\nc = <<X\n x\nX\n  # d\ne = 1\nffff = 1\n") == (2, 7, 8)


def test_deep_and_long_texts() -> None:
    assert format_text("a=" + "[" * 10_000 + "]" * 10_000 + "\n") == "a = " + "[" * 10_000 + "]" * 10_000 + "\n"
    assert format_text("a{b=[" + "1," * 50_000 + "]}\n") == "a { b = [" + "1, " * 50_000 + "] }\n"
    assert format_text("a=1\n" + "# x\n" * 50_000) == "a = 1\n" + "# x\n" * 50_000


@pytest.mark.parametrize("seed", range(60))
def test_cut_off_texts_do_no_harm(seed: int) -> None:
    source = Messy(seed).text()
    whole = format_text(source)
    assert bool(unformatted(source)) == (whole != source)
    for cut in range(0, len(source), 7):
        start = source[:cut]
        assert format_text(start) == start or not parse(start).diagnostics
        assert format_changed(source, start, []) == []
        format_changed(source[: cut // 2], start, [(cut // 2, cut)])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("é", 1),
        ("e\u0301\u0302", 1),
        ("日本", 2),
        ("👨‍👩‍👧", 1),
        ("👍🏽", 1),
        ("🇬🇧🇫🇷🇩", 3),
        ("각한", 2),
        ("\u1112\u1161\u11ab", 1),
        ("कि", 1),
        ("a\u200db", 2),
        ("\n\u0301", 2),
        ("\u0600a", 1),
    ],
)
def test_graphemes(text: str, count: int) -> None:
    assert count_graphemes(text) == count


# -- The layout pass after fixes


def laid_out(before: str, *edits: tuple[str, str]) -> str:
    """`before` with each first text replaced by the second, formatted. All ways to call `format_changed` must agree."""
    changes = sorted((before.index(old), before.index(old) + len(old), new) for old, new in edits)
    assert all(before.count(old) == 1 for old, _ in edits)
    after = apply_edits(before, changes)
    provenance = Provenance(len(before))
    provenance.apply([(*change, "rule") for change in changes])
    known = format_changed(before, after, provenance.touched(), provenance.original)
    assert format_changed(before, after, provenance.touched()) == known
    assert format_changed(parse(before), parse(after), provenance.touched(), provenance.original) == known
    return apply_edits(after, known)


def test_nothing_touched_nothing_changed() -> None:
    assert format_changed("a=1\n", "a=1\n", []) == []


def test_new_text_is_laid_out() -> None:
    before = "a {\n  b = 1\n  c = 2\n}\n"
    assert laid_out(before, ("c = 2", "c=[\n2]")) == "a {\n  b = 1\n  c = [\n  2]\n}\n"


def test_aligned_neighbours_move_with_the_longest_name() -> None:
    before = "a {\n  b      = 1 # x\n  longer = 2 # y\n}\n"
    assert laid_out(before, ("  longer = 2 # y\n", "")) == "a {\n  b = 1 # x\n}\n"
    assert laid_out(before, ("longer", "longest")) == "a {\n  b       = 1 # x\n  longest = 2 # y\n}\n"


def test_neighbours_that_were_not_aligned_stay() -> None:
    before = "a {\n    b = 1\n    longer = 2\n    mid = 3\n}\nc=1\n"
    assert laid_out(before, ("mid", "middle")) == "a {\n    b = 1\n    longer = 2\n    middle = 3\n}\nc=1\n"


def test_another_indent_is_kept_where_the_block_has_one() -> None:
    before = "a {\n    b   = 1\n    mid = 3\n    c {\n        d = 1\n    }\n}\n"
    after = "a {\n    b      = 1\n    middle = 3\n    c {\n        d = 1\n    }\n}\n"
    assert laid_out(before, ("mid", "middle")) == after
    tabs = "a {\n\tb   = 1\n\tmid = 3\n}\n"
    assert laid_out(tabs, ("mid", "middle")) == "a {\n\tb      = 1\n\tmiddle = 3\n}\n"
    inserted = "d = 1\n  e {\n  f = 2\n  }\n"
    within = "    c {\n        d = 1\n        e {\n            f = 2\n        }\n    }\n"
    assert laid_out(before, ("d = 1\n", inserted)) == before.replace("    c {\n        d = 1\n    }\n", within)


def test_an_aligned_group_in_an_unformatted_block_moves() -> None:
    before = "a {\n  b      = 1\n  longer = 2\n\n    x=1\n\n  c = 1\n}\n"
    assert laid_out(before, ("  longer = 2\n", "")) == "a {\n  b = 1\n\n    x=1\n\n  c = 1\n}\n"


def test_alignment_reaches_across_top_level_items() -> None:
    before = "a      = 1\nlonger = 2\n\nb=3\n"
    assert laid_out(before, ("longer", "l")) == "a = 1\nl = 2\n\nb=3\n"
    assert (
        laid_out("a {} # x\nbbbb {} # y\n".replace("{} # x", "{}    # x"), ("bbbb", "bb")) == "a {}  # x\nbb {} # y\n"
    )


def test_a_removed_gap_joins_groups() -> None:
    before = "a = 1\n\n# gone\nlonger = 2\n"
    assert laid_out(before, ("\n# gone\n", "")) == "a      = 1\nlonger = 2\n"


def test_broken_items_are_left_alone() -> None:
    before = "a  =  1\n\nb { = }\n\nc = 1\n"
    assert laid_out(before, ("c = 1", "c=2"), ("{ = }", "{ == }")) == "a  =  1\n\nb { == }\n\nc = 2\n"


def test_a_heredoc_keeps_its_text() -> None:
    before = "a {\n  b = <<X\n   x  y\nX\n}\n"
    assert laid_out(before, ("x  y", "x   z"), ("b =", "long =")) == "a {\n  long = <<X\n   x   z\nX\n}\n"


def test_new_text_is_unwrapped_for_good() -> None:
    assert laid_out("a = 1\n", ("1", '"${"${b}"}"')) == "a = b\n"


@pytest.mark.parametrize("seed", range(120))
def test_what_was_formatted_is_formatted_after_fixes(seed: int) -> None:
    before = Messy(seed).text()
    while format_text(before) != before:
        before = format_text(before)
    random = Random(seed)
    lines = before.splitlines(keepends=True)
    if parse(before).diagnostics or not lines:
        return
    offset, changes = 0, []
    for line in lines:
        kind = random.randrange(8)
        if kind == 0:
            changes.append((offset, offset + len(line), ""))
        elif kind == 1:
            changes.append((offset, offset, f"new_{offset}=   1 #new\n"))
        elif kind == 2 and "=" in line:
            changes.append((offset + line.index("="), offset + line.index("=") + 1, "  =  "))
        offset += len(line)
    after = apply_edits(before, changes)
    provenance = Provenance(len(before))
    provenance.apply([(*change, "rule") for change in changes])
    outcome = apply_edits(after, format_changed(before, after, provenance.touched(), provenance.original))
    if not parse(after).diagnostics:
        assert format_text(outcome) == outcome


# -- terraform itself

TERRAFORM = shutil.which("terraform")
needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="no terraform on the PATH to compare with")


def by_terraform(folder: Path, sources: list[str]) -> list[str]:
    """The output of `terraform fmt` for each text; the same text if it refuses it."""
    paths = [folder / f"{number:04}.tf" for number in range(len(sources))]
    for path, source in zip(paths, sources, strict=True):
        path.write_bytes(source.encode())
    environment = os.environ | {"TF_CLI_CONFIG_FILE": os.devnull}
    assert TERRAFORM is not None
    subprocess.run(
        [TERRAFORM, "fmt", "-list=false", "."], cwd=folder, env=environment, capture_output=True, check=False
    )
    return [path.read_bytes().decode() for path in paths]


@needs_terraform
def test_terraform_agrees_on_the_cases(tmp_path: Path) -> None:
    sources = [source for source, _ in CASES.values()]
    wanted = [wanted for _, wanted in CASES.values()]
    assert by_terraform(tmp_path, [*sources, *BROKEN]) == [*wanted, *BROKEN]


@needs_terraform
def test_terraform_agrees_on_messy_texts(tmp_path: Path) -> None:
    sources = [Messy(seed).text() for seed in range(300)]
    for source, wanted in zip(sources, by_terraform(tmp_path, sources), strict=True):
        assert format_text(source) == wanted
