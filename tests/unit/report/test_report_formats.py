"""The formats: each contains all findings, and in none do the words of an answer become markup."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

import tapfix
from tapfix.contract import Because
from tapfix.engine import registry
from tapfix.report import annotations as workflow_annotations
from tapfix.report import formats, github, rdjson, rules, sarif, text, wording

MIXED = "locals {\n  foo    = 1\n  danger = 2\n  wordy  = 3\n}\n"


@pytest.fixture
def result(toys: Path) -> tapfix.Result:
    return tapfix.fix(MIXED, fixers=registry.folder_fixers(toys), select=["TOY"])


def test_text(result: tapfix.Result) -> None:
    *findings, summary = text.render(result).splitlines()
    assert findings == [
        "tap_stack.tf:2:3: TOY001 poor-name low [fixed] local.foo: foo says nothing",
        "    why: the built-in contract",
        "tap_stack.tf:3:3: TOY001 poor-name low [refused] local.danger: danger is poor | too",
        "    only its author knows what it *means*",
        "    why: the built-in contract",
        "tap_stack.tf:4:3: TOY001 poor-name low [suggested] local.wordy: wordy could be shorter",
        "    why: the built-in contract",
    ]
    assert summary.startswith("text: 3 findings: 1 fixed, 1 refused, 1 suggested")


def test_text_is_coloured_on_a_terminal_only(result: tapfix.Result) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, coloured in ((io.StringIO(), False), (Terminal(), True)):
        text.show(text.lines(result), stream)
        assert ("\x1b[" in stream.getvalue()) is coloured
        assert "danger is poor | too" in stream.getvalue()


def test_github_shows_what_is_left_first_and_escapes(result: tapfix.Result) -> None:
    comment = github.render(result)
    rows = [line for line in comment.splitlines() if line.startswith("| ") and "TOY001" in line]
    assert [row.split(" | ")[0] for row in rows] == ["| refused", "| suggested", "| fixed"]
    assert r"danger is poor \| too<br>*only its author knows what it \*means\**" in rows[0]
    assert "```diff\ndiff --git" in comment


@pytest.mark.parametrize("lines", [10, 3_000, 30_000])
def test_github_keeps_to_the_limit(toys: Path, lines: int) -> None:
    body = "".join(f"  danger = {n}\n}}\nlocals {{\n" for n in range(lines // 10)) + "".join(
        f"  v{n} = 1\n" for n in range(lines)
    )
    result = tapfix.fix(f"locals {{\n  foo = 1\n{body}}}\n", fixers=registry.folder_fixers(toys), select=["TOY"])
    assert len(github.render(result)) <= github.LIMIT
    many = result._replace(placed=result.placed * 2_000)
    assert len(github.render(many)) <= github.LIMIT
    assert "more findings are in the full report" in github.render(many)


def test_a_diff_with_fences_in_it_stays_in_its_own(toys: Path) -> None:
    answer = "locals {\n  foo  = 1\n  text = <<-EOT\n    ````\n    @someone </details>\n    ````\n  EOT\n}\n"
    comment = github.render(tapfix.fix(answer, fixers=registry.folder_fixers(toys), select=["TOY"]))
    assert "\n`````diff\n" in comment


def test_annotations(result: tapfix.Result) -> None:
    first, second, _ = workflow_annotations.render(result).splitlines()
    assert first == (
        "::notice file=tap_stack.tf,line=2,endLine=2,title=TOY001 poor-name (fixed)::local.foo: foo says nothing"
        "%0Awhy: the built-in contract"
    )
    assert second.endswith(
        "::local.danger: danger is poor | too%0Aonly its author knows what it *means*%0Awhy: the built-in contract"
    )


def test_sarif(result: tapfix.Result) -> None:
    (run,) = json.loads(sarif.render(result))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["TOY001"]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "tap_stack.tf"
    assert place["region"]["startLine"] == 3


def test_rdjson_counts_columns_in_bytes(toys: Path) -> None:
    answer = "locals { /* é */ danger = 1 }\n"
    result = tapfix.fix(answer, fixers=registry.folder_fixers(toys), select=["TOY"])
    (found,) = json.loads(rdjson.render(result))["diagnostics"]
    assert found["location"]["range"]["start"] == {"line": 1, "column": 19}


CHECKOUT = Path(__file__).parents[3]


@pytest.mark.parametrize("format", formats.Format)
def test_every_format_renders(result: tapfix.Result, format: formats.Format) -> None:
    rendered = formats.render(result, format)
    assert rendered.endswith("\n")
    assert "foo" in rendered


@pytest.mark.parametrize("format", formats.GradeFormat)
def test_every_format_of_a_grade_renders(result: tapfix.Result, format: formats.GradeFormat) -> None:
    assert "TOY001" in formats.render_grade(result, result.grade(), format)


def test_the_docs_list_every_format() -> None:
    section = (CHECKOUT / "docs/pipelines.md").read_text().split("## Formats")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [format.value for format in formats.Format]
    section = (CHECKOUT / "README.md").read_text().split("### In a pull request")[1].split("\n### ")[0]
    assert {format.value for format in formats.Format} <= set(re.findall(r"`(\w+)`", section))
    grades = (CHECKOUT / "docs/grade.md").read_text()
    assert {format.value for format in formats.GradeFormat} <= set(re.findall(r"^\| `(\w+)` \|", grades, re.MULTILINE))


def test_a_finding_is_worded_once(result: tapfix.Result) -> None:
    said = [wording.addressed(placed.finding) for placed in wording.effective(result.placed)]
    assert said == [
        "local.foo: foo says nothing\nwhy: the built-in contract",
        "local.danger: danger is poor | too\nonly its author knows what it *means*\nwhy: the built-in contract",
        "local.wordy: wordy could be shorter\nwhy: the built-in contract",
    ]


@pytest.mark.parametrize(("number", "expected"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_count(number: int, expected: str) -> None:
    assert wording.count(number, "file") == expected


SENTENCE = "Every resource carries the tags Environment, Owner and CostCenter, "
GROUNDS = [
    (Because("prompt", "Use `single`\n  quotes.", "PROMPT.md", 12), 'PROMPT.md:12 asks for "Use `single` quotes."'),
    (
        Because("prompt", SENTENCE * 3, "in/PROMPT.md", 3),
        f'in/PROMPT.md:3 asks for "{SENTENCE}Every resource carries the tags Environment, Owner…"',
    ),
    (Because("prompt", "x" * 200, "PROMPT.md", 3), f'PROMPT.md:3 asks for "{"x" * 120}…"'),
    (Because("prompt", "One region.", "PROMPT.md"), 'PROMPT.md asks for "One region."'),
    (Because("prompt"), "the prompt asks for it"),
    (Because("contract", "tags.keys", "tapfix.toml", 3), "tapfix.toml:3 states tags.keys"),
    (Because("contract"), "the contract states it"),
    (
        Because("aws", "A name has at most 32 characters.", reference="https://docs.aws.amazon.com/x"),
        "AWS: A name has at most 32 characters (https://docs.aws.amazon.com/x)",
    ),
    (Because("terraform", "a call needs a source"), "Terraform: a call needs a source"),
    (Because("built-in", "an AMI can be overridden"), "the built-in contract: an AMI can be overridden"),
    (Because("built-in"), "the built-in contract"),
]


@pytest.mark.parametrize(("because", "said"), GROUNDS)
def test_what_a_finding_rests_on_is_worded_once(because: Because, said: str) -> None:
    assert wording.ground(because) == said
    assert wording.why(because) == f"why: {said}"
    assert "\n" not in said


def test_several_grounds_are_the_first_and_a_number() -> None:
    keys, region = Because("contract", "tags.keys"), Because("contract", "topology.regions")
    assert wording.grounds([keys, keys]) == "the contract states tags.keys"
    assert wording.grounds([keys, region, keys]) == "the contract states tags.keys; and 1 other ground"


@pytest.mark.parametrize("format", [format for format in formats.Format if format != "diff"])
def test_every_format_shows_what_a_finding_rests_on(result: tapfix.Result, format: formats.Format) -> None:
    because = Because("prompt", "Names are short.", "PROMPT.md", 7)
    placed = tuple(p._replace(finding=p.finding._replace(because=because)) for p in result.placed)
    rendered = formats.render(result._replace(placed=placed), format)
    if format in ("json", "sarif"):
        assert json.loads(rendered)
        assert rendered.count('"text": "Names are short."') >= len(placed)
    if format != "json":
        said = 'why: PROMPT.md:7 asks for "Names are short."'
        plain = rendered.replace('\\"', '"').replace("\\", "").replace("why: PROMPT.md:7, as above", said)
        assert plain.count(said) == len(placed)


def test_text_quotes_a_sentence_once(result: tapfix.Result) -> None:
    because = Because("prompt", "Names are short.", "PROMPT.md", 7)
    placed = tuple(p._replace(finding=p.finding._replace(because=because)) for p in result.placed)
    shown = [line.strip() for line in text.render(result._replace(placed=placed)).splitlines() if "why: " in line]
    assert shown == ['why: PROMPT.md:7 asks for "Names are short."', *["why: PROMPT.md:7, as above"] * 2]


def test_the_page_of_a_rule_says_what_it_rests_on(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fixer,) = registry.folder_fixers(toys)
    assert "rests on" not in rules.page(fixer)
    monkeypatch.setattr(type(fixer), "because", Because("aws", "names are long", reference="https://docs.aws/x"))
    assert "A finding rests on AWS: names are long (https://docs.aws/x), unless it names" in rules.page(fixer)
