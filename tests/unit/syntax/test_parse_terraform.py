"""tapfix and `terraform fmt` agree on what is HCL, for a table of difficult texts and for generated ones.

Each disagreement that was found is in the table.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tapfix.syntax import parse

ACCEPTED = [
    # Files
    "", "\n\n", "# only a comment", "\ufeffa = 1\n", "a = 1", "a = 1 # c", "a = 1 // c\n", "/* c */ a = 1\n",
    "a = 1\r\nb = 2\r\n", "# one \r two\na = 1\n", "a = 1 /* x\ny */\n", "a = 1 /* x */ /* y */ # z\n",
    "a /* x */ = /* y\n */ 1\n", "\ta\t=\t1\t\n", "/**/a=1\n", "/***/a=1\n", "/* * / ** */ a = 1\n", "a = 1 #",
    # Names
    "é = 1\n", "名前 = 1\n", "a-b_c9 = 1\n", "_a = 1\n", "if = 1\n", "for = 1\nin = 2\nelse = 3\n", "true = 1\n",
    "a {\n  for = 1\n}\n", "a = { if = 1 }\n", "a = if\n", "a = for.in\n", "a = b[for]\n", "a = [in]\n",
    "a\u0301 = 1\n",
    # Blocks
    "a {}\n", "a {\n}\n", "a { }\n", "a {}", "a { b = 1 }\n", "a b \"c\" d {}\n", 'a "" {}\n', 'a "x$y" {}\n',
    'a "$${x}" {}\n', 'a "\\n" {}\n', "a {\n  b {\n    c {}\n  }\n}\n", "a { # c\n}\n", "a {\n\n\n# c\n\n}\n",
    "a /* */ {}\n",
    "a {\n b = <<E\nE\n}\n",
    # Numbers
    "a = 08\n", "a = 1e5\n", "a = 1E+5\n", "a = 1.e5\n", "a = 1.5e-3\n", "a = 1e400\n", "a = 1 .b\n",
    # Operators
    "a = -b\n", "a = --b\n", "a = !-b\n", "a = !!b\n", "a = 1 + -b\n", "a = 1 - -1\n", "a = b == c != d && e || f\n",
    "a = b<c\n", "a = b<=c\n", "a = b ? c : d ? e : f\n", "a = b ? c ? d : e : f\n", "a = -b.c[0]\n",
    "a = b % c / d * e\n",
    "a = (b\n+\nc)\n", "a = (\n1\n)\n", "a = b-c\n", "a = b -c\n", "a = (b)\n",
    "a = !b ? -c : !d\n", "a = b>=c ? 1:2\n", "a = b?c:d\n",
    # Calls
    "a = f()\n", "a = f(1,)\n", "a = f(1,2...)\n", "a = f(b...)\n", "a = f (1)\n", "a = provider::x::y(1)\n",
    "a = f(\n\n1\n,\n2\n)\n", "a = (foo\n(1))\n", "a = provider :: x :: y (1)\n", "a = if(1)\n", "a = f(g(h(1)))\n",
    # Traversals
    "a = b.c.d\n", "a = b.0\n", "a = b.0.c\n", "a = b.*.c[0]\n", "a = b[*].c\n", "a = (b[\n*])\n", "a = b.*[0].*\n",
    "a = b.*.0.c\n", "a = b[*][*]\n", "a = b [0] . c\n", "a = b[c.d][\"e\"]\n", "a = b[\n0\n]\n", "a = {}.b\n",
    "a = [1][0]\n",
    "a = \"x\".y\n", "a = f(1).b\n", "a = b.*\n", "a = b[*]\n", "a = b[-1]\n", "a = b[*].c.*.d\n", "a = (b).c\n",
    "a = b.if\n",
    "a = b.1e5\n", "a = 1[0]\n", "a = b.*.c[*].d\n",
    # Tuples and objects
    "a = []\n", "a = [1,\n2\n]\n", "a = [1,]\n", "a = [\n# c\n1 # d\n,\n]\n", "a = {}\n", "a = {\n}\n",
    "a = {b=1,c=2\nd=3\n}\n",
    "a = {b=1,\n\nc=2,}\n", "a = {b:1}\n", "a = {(b) = 1}\n", "a = {\"b\" = 1}\n", "a = {b.c = 1}\n", "a = {1 = 1}\n",
    "a = {\"${b}\" = 1}\n", "a = {b = 1 # c\n}\n", "a = {\n# c\nb = 1\n# d\n}\n", "a = { b = { c = [ { d = 1 } ] } }\n",
    "a = {b ? c : d = 1}\n", "a = {f(1) = 1}\n", "a = {b : c ? d : e}\n", "a = { b = 1, /* c */ }\n",
    "a = { b = 1\n\n\n\nc = 2 }\n",
    "a = {-1 = 2}\n", "a = { [] = 1 }\n", "a = {b = <<E\nE\nc = 1}\n", "a = { b = 1\nfor = 2 }\n",
    # For expressions
    "a = [for x in y : x]\n", "a = [for k, v in y : k if v]\n", "a = {for k, v in x : k => v... if v}\n",
    "a = {for k in x : k => {}}\n", "a = [for for in in : for]\n", "a = {\n#x\nfor k in v : k => k\n}\n",
    "a = {\n\nfor k\n,\nv\nin x\n:\nk\n=>\nv\nif\nk\n}\n",
    "a = [\nfor x in y :\nx\n]\n", "a = [for x in [for y in z : y] : {for k in x : k => k}]\n",
    "a = [for x in y : x ? 1 : 2]\n",
    "a = {for k in x : {\na = 1\n} => 2}\n", "a = [for if in x : if if if]\n",
    # Quoted templates
    'a = ""\n', 'a = "$"\n', 'a = "$$"\n', 'a = "%"\n', 'a = "%${x}"\n', 'a = "$$${x}"\n', 'a = "$${x}"\n',
    'a = "%%{x}"\n',
    'a = "$%{if x}y%{endif}"\n', 'a = "$\\""\n', 'a = "$\\n"\n', 'a = "$\\\\"\n', 'a = "x\\\\${y}"\n',
    'a = "\\u00e9\\U0001F600"\n',
    'a = "${"${"x"}"}"\n', 'a = "${\nx\n}"\n', 'a = "${x}${y}"\n', 'a = "${ {a=1} }"\n', 'a = "${ {\na=1\n} }"\n',
    'a = "${~ x ~}"\n',
    'a = "%{ if x }${~ y ~}%{~ else ~}b%{ endif }"\n', 'a = "%{ for k, v in x }${k}%{ endfor }"\n',
    'a = "# no // comment /* here"\n',
    'a = "é名\t"\n', 'a = "%{ if x }%{ if y }a%{ else }b%{ endif }%{ endif }"\n', 'a = "${f("}")}"\n', 'a = "$ {x}"\n',
    'a = "{}"\n',
    'a = "${x}$"\n', 'a = "$$$${x}"\n', 'a = "% %{ if x }%{ endif }"\n', 'a = "${[for x in y : "${x}"]}"\n',
    # Heredocs
    "a = <<EOT\nEOT\n", "a = <<EOT\nfoo\nEOT\n", "a = <<-EOT\n  foo\n  EOT\n", "a = <<EOT\n  foo\n   EOT  \n",
    "a = <<EOT\nfoo$\nEOT\n",
    "a = <<EOT\n$\nEOT\n", "a = <<EOT\nfoo%\nEOT\n", "a = <<EOT\n$${x}%%{y}\nEOT\n", "a = <<EOT\n${x}EOT\nEOT\n",
    "a = <<EOT\n${x}\nEOT\n",
    "a = (<<EOT\nx\nEOT\n)\n", "a = <<EOT\r\nfoo\r\nEOT\r\n", "a = <<-E-T\n  x\n  E-T\n", "a = -<<E\nE\n",
    "a = f(<<E\nx\nE\n, 1)\n",
    "a = [<<E\nE\n, 2]\n", "a = <<EOT\nEOTX\n EOT x\nEOT\n", "a = <<EOT\n\"'\\q /* # \nEOT\n", "a = <<É\nx\nÉ\n",
    "a = <<EOT\n\n\n\nEOT\n",
    "a = <<EOT\n%{ if x }\nfoo\n%{ else ~}\nbar\n%{ endif }\nEOT\n", "a = <<A\n${<<B\nx\nB\n}\nA\n",
    "a = <<A\n%{ for x in y ~}\n${x}\n%{ endfor ~}\nA\n",
    "a = <<EOT\n\t\u00a0EOT\u2003\n", "a = <<E\n${\n\"x\"\n}\nE\n", "a = {\nb = <<E\nE\n}\n",
    "a = <<EOT\n\\${x}\nEOT\n",
]  # fmt: skip

REFUSED = [
    # Files
    "a = 1\rb=2\n", "a = 1 /* x", "a = 1 /* x\n", "}\n", "a\n", "a = 1 }\n", "`a`\n", "a = 1;\n",
    "a = 1\n\ufeffb = 2\n", "a = 1 \u00a0\n",
    "a = 1\f\n", "a = 1\na = 2\n", "a {\n  b = 1\n  c = 2\n  b = 3\n}\n", "a = 'x'\n", "a: 1\n", '"a" = 1\n', "1 = 1\n",
    "a = \n", "a = b c\n",
    # Names
    "a² = 1\n", "-a = 1\n", "²a = 1\n", "a.b = 1\n", "€ = 1\n",
    # Blocks
    "a { b = 1\n}\n", "a { b {} }\n", "a {\n b {} }\n", "a {\n b = 1 }\n", "a { b = 1, }\n", "a { b = 1, c = 2 }\n",
    'a "b" = 1\n', 'a "x${b}" {}\n',
    "a\n{}\n", "a {} b {}\n", "a {", "a {\n", "a {\n b = 1\n", "a 1 {}\n", "a.b {}\n", 'a "\\q" {}\n',
    "a {\n b = 1, \n}\n", "a {};\n", "a [] {}\n", 'a "b {}\n',
    # Numbers
    "a = 1.5.6\n", "a = 0x1f\n", "a = 1a\n", "a = 1.\n", "a = .5\n", "a = 1..2\n", "a = 1_000\n", "a = 1e5e6\n",
    "a = 1e\n",
    # Operators
    "a = 1 +\n2\n", "a =\n1\n", "a\n= 1\n", "a = b ?? c\n", "a = 1 & 2\n", "a = b | c\n", "a = ~b\n", "a = b ^ c\n",
    "a = +b\n", "a = b ? c\n",
    "a = b ? c :\nd\n", "a = b = c\n", "a = (b\n", "a = (b))\n", "a = (b, c)\n", "a = ()\n", "a = b ** c\n",
    "a = b => c\n", "a = b ? c : \n", "a = * b\n",
    # Calls
    "a = f(1...,)\n", "a = f(...)\n", "a = f(1...2)\n", "a = f(,)\n", "a = f(1 2)\n", "a = f\n(1)\n", "a = b.c(1)\n",
    "a = b::c\n", "a = f(1;2)\n", "a = f(1)(2)\n",
    # Traversals
    "a = b.0.1\n", "a = b.0.1.c\n", "a = a[\n*]\n", "a = a[*\n]\n", "a = a.*.*\n", "a = a.*.b.*\n", "a = b.\n",
    "a = b.\"c\"\n", "a = b[]\n", "a = b[0\n", "a = b\n.c\n",
    "a = b.*.0.1\n", "a = b.-\n", "a = b[0, 1]\n", "a = b..c\n", "a = b[1:2]\n", "a = b.(c)\n",
    # Tuples and objects
    "a = [,]\n", "a = [1,,2]\n", "a = [1 2]\n", "a = [1\n2]\n", "a = {a=1\n,b=2}\n", "a = {a=1,,b=2}\n", "a = {\n,}\n",
    "a = {b}\n", "a = {b = 1 c = 2}\n", "a = {b =\n1}\n",
    "a = {b\n= 1}\n", "a = {b = 1;c = 2}\n", "a = [1;2]\n", "a = {= 1}\n", "a = {b => 1}\n", "a = [1\n", "a = {b = 1\n",
    "a = [}\n", "a = {]\n", "a = {b = [1}\n",
    # For expressions
    "a = [for]\n", "a = {for = 1}\n", "a = [for x in y]\n", "a = [for x : y]\n", "a = [for x in y : x => y]\n",
    "a = {for x in y : x}\n", "a = [for x in y : x...]\n", "a = {for k in x : k => v if v...}\n",
    "a = [for x, y, z in w : x]\n", "a = [for x in y : x,]\n", "a = [1, for x in y : x]\n", "a = [for 1 in y : 1]\n",
    "a = {for}\n", "a = {\nfor\n}\n", "a = [for x in y x]\n", "a = [for.x]\n",
    # Quoted templates
    'a = "x\ny"\n', 'a = "x\n', 'a = "x', 'a = "${x"\n', 'a = "${}"\n', 'a = "\\q"\n', 'a = "\\u12"\n',
    'a = "\\ud800"\n', 'a = "\\U00110000"\n', 'a = "\\U0000d800"\n', 'a = "\\', 'a = "\\"\n', 'a = "\\${x}"\n',
    'a = "%{if x}"\n', 'a = "%{else}"\n', 'a = "%{endif}"\n', 'a = "%{if x}%{endfor}"\n',
    'a = "%{if x}%{else}%{else}%{endif}"\n', 'a = "%{for x in y}%{else}%{endfor}"\n', 'a = "%{foo}"\n', 'a = "%{ }"\n',
    'a = "%{if}%{endif}"\n', 'a = "${x y}"\n', 'a = "${x:y}"\n', 'a = "x" "y"\n', 'a = "${"x}"\n',
    'a = "%{ if x y }%{ endif }"\n', 'a = "${x ~ }"\n', 'a = "~}" ~}\n', 'a = "\r"\n', 'a = "%{ for x }%{ endfor }"\n',
    'a = "x\\\ny"\n', 'a = "${ [ }"\n', 'a = "${ ( }"\n',
    # Heredocs
    "a = <<EOT\nfoo\nEOT", "a = <<EOT\nfoo\n", "a = <<EOT", "a = <<EOT\n", "a = << EOT\nEOT\n", 'a = <<"EOT"\nEOT\n',
    "a = <<EOT \nEOT\n", "a = <<1\n1\n", "a = <<EOT\nfo\ro\nEOT\n", "a = <<EOT\n${x\nEOT\n",
    "a = (<<EOT\nx\nEOT)\n", "a = <<EOT\n%{if x}\nEOT\n", "a = [<<E\nE, 2]\n", "a = <<EOT # c\nEOT\n",
    "a = <<--EOT\nEOT\n", "a = <<EOT\n${}\nEOT\n", "a = <<EOT\nx\nEOTX\n", "a = f(<<E\nE)\n",
    "a { b = <<E\nE\n}\n",
]  # fmt: skip


def accepts(text: str) -> bool:
    """Does tapfix parse a text without diagnostics?"""
    tree = parse(text)
    assert tree.code() == text
    return not tree.diagnostics


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert accepts(text), parse(text).diagnostics


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    assert not accepts(text)


def terraform_refuses(texts: list[str], folder: Path) -> set[int]:
    """The numbers of the texts that `terraform fmt` refuses, from one run for all texts."""
    for number, text in enumerate(texts):
        (folder / f"t{number}.tf").write_bytes(text.encode("utf-8", "surrogateescape"))
    run = subprocess.run(
        ["terraform", "fmt", "-no-color", "-write=false", "-list=false", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"TF_CLI_CONFIG_FILE": "/dev/null", "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    return {int(number) for number in re.findall(r"\bon t(\d+)\.tf line", run.stderr)}


needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on the PATH")


@needs_terraform
def test_terraform_says_the_same_of_the_table(tmp_path: Path) -> None:
    texts = ACCEPTED + REFUSED
    refused = terraform_refuses(texts, tmp_path)
    assert [texts[n] for n in range(len(texts)) if (n in refused) != (n >= len(ACCEPTED))] == []


_WORDS = re.compile(r"[A-Za-z_]+|\s|[0-9]+|\$\{|%\{|.", re.DOTALL)


def variations(seed: int, count: int) -> list[str]:
    """Texts of the table with a few words removed, added or replaced."""
    rng = random.Random(seed)
    table = [text for text in ACCEPTED + REFUSED if text]
    words = [word for text in table for word in _WORDS.findall(text)]
    found = []
    for _ in range(count):
        text = _WORDS.findall(rng.choice(table))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            at = rng.randrange(len(text) + 1)
            what = rng.random()
            if what < 0.4:
                text.insert(at, rng.choice(words))
            elif what < 0.6:
                del text[at : at + 1]
            elif what < 0.85:
                text[at : at + 1] = [rng.choice(words)]
            else:
                other = _WORDS.findall(rng.choice(table))
                start = rng.randrange(len(other) + 1)
                text[at:at] = other[start : rng.randrange(start, len(other) + 1)]
        found.append("".join(text))
    return found


@needs_terraform
@pytest.mark.parametrize("seed", range(3))
def test_terraform_says_the_same_of_variations(seed: int, tmp_path: Path) -> None:
    texts = variations(seed, 500)
    refused = terraform_refuses(texts, tmp_path)
    assert [text for n, text in enumerate(texts) if accepts(text) == (n in refused)] == []
