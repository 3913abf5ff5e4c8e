"""The grade: the formula, the failures, the analysis and JUnit."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tapfix.answer.outline import is_answer
from tapfix.answer.source import read_text
from tapfix.api import Result, fix
from tapfix.contract import Because, Contract
from tapfix.contract.because import Ground
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Fixer, Severity, Status
from tapfix.report import analysis, junit
from tapfix.report.grade import distance, grade, score, words
from tapfix.verify import Problem, Step

ANSWER = """Here is `the` stack:

```hcl
variable "environment" {
  type = string
}

resource "aws_db_instance" "main" {
  deletion_protection = true
  skip_final_snapshot = false
}
```
"""


NO_PROSE = Contract.from_toml("[deliverable]\nprose = false\n")
QUEUE = 'resource "aws_sqs_queue" "jobs" {\n}\n'


def result(text: str, *rules: str, contract: Contract = Contract.default()) -> Result:  # noqa: B008
    """A result of some rules alone, without the proof."""
    source = read_text(text, contract, "answer.md")
    fixers = [fixer for fixer in builtin_fixers() if fixer.rule in rules]
    options = Options(strict=True, guard=False)
    outcome = repair(source.relative(), fixers, contract, answer=source.answer, options=options)
    return Result(source, contract, outcome.texts, outcome.placed, outcome.remarks, ())


@pytest.mark.parametrize(
    ("failures", "far", "expected"),
    [
        ([], 0.0, (10.0, 0.0)),
        ([(Severity.CRITICAL, 1)], 0.0, (7.9, 4.0)),
        ([(Severity.CRITICAL, 2)], 0.0, (7.8, 4.4)),
        ([(Severity.CRITICAL, 1000)], 0.0, (7.1, 6.0)),
        ([(Severity.CRITICAL, 1), (Severity.HIGH, 1), (Severity.MEDIUM, 1), (Severity.LOW, 1)], 0.0, (6.6, 7.25)),
        ([(Severity.CRITICAL, 1)] * 3, 0.0, (5.0, 12.0)),
        ([], 1.0, (9.0, 0.0)),
    ],
)
def test_formula(failures: list[tuple[Severity, int]], far: float, expected: tuple[float, float]) -> None:
    assert score(failures, far) == expected


def test_distance() -> None:
    assert distance({}, {}) == 0.0
    assert distance({"a": "x\ny\n"}, {"a": "x\ny\n"}) == 0.0
    assert distance({"a": "x\ny\n"}, {"b": "y\nz\n"}) == 0.5
    assert distance({"a": "x\n"}, {"a": "z\n"}) == 1.0


@pytest.mark.parametrize("fixer", builtin_fixers(), ids=lambda fixer: fixer.name)
def test_a_rule_says_what_the_grade_writes_about_it(fixer: Fixer) -> None:
    """The words are optional, so that a new rule is one file; what a rule does say has to be of use."""
    assert not fixer.title.endswith(".")
    assert fixer.cause == "" or fixer.cause.endswith(".")
    assert fixer.effect == "" or fixer.effect.endswith(".")
    assert fixer.reference == "" or fixer.reference.startswith("https://")


def test_every_step_has_words() -> None:
    for step in words()["formula"]["steps"]:
        assert set(words()["steps"][step]) == {"title", "cause", "reference", "effect"}
        assert words()["steps"][step]["reference"].startswith("https://")


def test_a_rule_without_words_takes_its_title_from_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    fixer = next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP003")
    for word in ("title", "cause", "reference", "effect"):
        monkeypatch.setattr(type(fixer), word, "")
    graded = grade(result(f"```hcl\nlocals {{\n  at = timestamp()\n}}\n{QUEUE}```\n", "TAP003"))
    (failure,) = graded.failures
    assert failure.title == fixer.summary.rstrip(".")
    assert "**Root Cause**" not in analysis.render(graded)


def test_what_is_less_grave_than_the_rules_failure_speaks_for_itself() -> None:
    text = 'provider "aws" {\n  alias = "east"\n  region = "us-east-1"\n}\n'
    single = Contract.from_toml('[topology]\nregions = "single"\n')
    (failure,) = grade(result(f"```hcl\n{text}{QUEUE}```\n", "TAP001", contract=single)).failures
    assert failure.severity is Severity.MEDIUM
    assert failure.title == "the stack declares aws.east, where one region was asked for"
    assert failure.cause == ""


def test_grade_of_an_answer() -> None:
    graded = grade(result(ANSWER, "TAP002", "TAP007", contract=NO_PROSE))
    rules = [failure.rule for failure in graded.failures]
    assert rules == ["TAP002", "TAP007"]
    assert graded.score == graded.before.score < graded.after.score
    assert 0 < graded.distance < 1
    assert graded.failures[0].severity is Severity.CRITICAL
    assert not any(failure.is_left for failure in graded.failures)
    shown = graded.failures[0].instances[0]
    assert shown.issue is not None
    assert "deletion_protection = true" in shown.issue.text or "aws_db_instance" in shown.issue.text
    assert shown.issue.answer_line == shown.issue.line + 3
    data = graded.to_dict()
    assert list(data) == ["score", "by_severity", "before", "after", "failures"]
    assert data["by_severity"]["critical"] == 1
    assert data["after"]["by_severity"] == {"critical": 0, "high": 0, "medium": 0, "low": 0}


def test_grade_is_the_same_every_time() -> None:
    first, second = (analysis.render(grade(result(ANSWER, "TAP002", "TAP007", contract=NO_PROSE))) for _ in range(2))
    assert first == second


def test_analysis_says_what_graders_say() -> None:
    text = analysis.render(grade(result(ANSWER, "TAP002", "TAP007", contract=NO_PROSE)))
    for part in (
        "# Failures Analysis",
        "## Critical Failures",
        "### 1. ",
        "**Impact Level**: Critical",
        "**Root Cause**",
    ):
        assert part in text
    assert "**MODEL_RESPONSE Issue** (`tap_stack.tf`, line " in text
    assert "**AWS Documentation Reference**: <https://" in text
    assert "| 1 | TAP002 |" in text
    assert text.endswith("after repair\n")
    assert is_answer(text)


def test_a_step_of_the_proof_that_fails_is_a_failure() -> None:
    problem = Problem(
        "references", "undeclared", 'the variable "x" is not declared', "aws_vpc.a", "tap_stack.tf", line=3
    )
    step = Step("references", "failed", "2 problems", (problem, problem))
    failed = result(f"```hcl\n{QUEUE}```\n")
    graded = grade(failed._replace(verify=(Step("parses", "passed"), step)))
    (failure,) = graded.failures
    assert (failure.rule, failure.severity, failure.count, failure.left) == ("verify-references", Severity.HIGH, 2, 2)
    assert graded.before.score == graded.after.score == 8.8
    assert "tap_stack.tf" in analysis.render(graded)


def test_nothing_found() -> None:
    graded = grade(result(f"```hcl\n{QUEUE}```\n"))
    assert (graded.before.score, graded.after.score, graded.distance) == (10.0, 10.0, 0.0)
    assert "**Total failures**: 0" in analysis.render(graded)
    assert analysis.as_text(graded) == (
        "answer.md: 10.0 as given, 10.0 after repair\n"
        "  not checked after repair: parses, references, schema, values, init, validate, plan, apply, replan, destroy\n"
    )
    assert ElementTree.fromstring(junit.render(graded)).get("failures") == "0"


def test_junit() -> None:
    given = result(ANSWER, "TAP002", "TAP007", contract=NO_PROSE)
    left = {"TAP007": {"status": Status.REFUSED, "reason": "vpc_id has no value"}}
    placed = tuple(p._replace(finding=p.finding._replace(**left.get(p.finding.rule, {}))) for p in given.placed)
    suites = ElementTree.fromstring(junit.render(grade(given._replace(placed=placed))))
    (suite,) = suites
    assert suite.get("name") == "answer.md"
    assert [case.get("name", "")[:6] for case in suite.iter("testcase")] == ["TAP002", "TAP007"]
    assert suite.get("failures") == "1"
    (failure,) = suite.iter("failure")
    assert failure.get("type") == "medium"
    assert "vpc_id" in (failure.text or "")


TEN = {f"TAP{number:03}" for number in range(1, 11)}
CORPUS = Path(__file__).resolve().parents[3] / "corpus"


def test_three_answers_of_the_corpus_show_the_ten_failures_between_them_and_no_other() -> None:
    named = {
        name: {failure.rule for failure in grade(fix(CORPUS / name / "response.md")).failures}
        for name in ("region_pair", "services", "several")
    }
    assert named["region_pair"] == {"TAP001"}
    assert named["services"] == {"TAP009"}
    assert named["several"] == TEN - {"TAP001", "TAP009"}


def test_what_is_mended_in_the_metadata_is_shown() -> None:
    graded = grade(fix(CORPUS / "services" / "response.md"))
    text = analysis.render(graded)
    assert "**MODEL_RESPONSE Issue** (`metadata.json`, line 4): " in text
    assert '```json\n"aws_services": ["Lambda", "DynamoDB"]\n```' in text
    assert '```json\n  "aws_services": ["Lambda", "DynamoDB", "SQS"]\n```' in text


def test_a_changed_file_may_hold_no_block_with_a_label() -> None:
    text = (
        "```hcl\nlocals {\n  at = timestamp()\n}\n```\n"
        '```hcl\n# b.tf\nresource "aws_sqs_queue" "q" {\n  name = local.at\n}\n```\n'
    )
    (failure,) = grade(result(text, "TAP003")).failures
    assert failure.rule == "TAP003"


def test_text_in_a_heredoc_that_looks_like_a_block_is_no_block() -> None:
    heredoc = '  text = <<-EOT\n    resource "aws_vpc" "inner" {\n    }\n  EOT\n'
    text = f'```hcl\nresource "aws_db_instance" "a" {{\n{heredoc}  deletion_protection = true\n}}\n```\n'
    (failure,) = grade(result(text, "TAP002")).failures
    assert "deletion_protection = false" in failure.instances[0].fix


def test_what_a_repair_wrote_and_mended_is_no_failure_of_the_answer() -> None:
    text = (
        'resource "aws_instance" "web" {\n'
        '  count = 2\n  ami = "ami-0c02fb55956c7d316"\n  instance_type = "t3.micro"\n}\n'
    )
    graded = grade(result(f"```hcl\n{text}```\n", "TAP005", "TAP008"))
    assert {failure.rule for failure in graded.failures} == {"TAP005", "TAP008"}
    for failure in graded.failures:
        assert [instance.address for instance in failure.instances] == ["aws_instance.web"]


SEED = Path(os.environ.get("TAPFIX_ANSWERS", Path(__file__).resolve().parents[4] / "shared" / "corpus")) / "seed"


@pytest.mark.skipif(not SEED.is_dir(), reason=f"no real answers at {SEED}; name their folder in TAPFIX_ANSWERS")
def test_the_two_answers_show_all_ten_failures_between_them() -> None:
    named = {}
    for name in ("launch_template", "multi_region"):
        graded = grade(fix(SEED / f"{name}.md"))
        named[name] = {failure.rule for failure in graded.failures} & TEN
        assert graded.before.score < graded.after.score
    assert named["launch_template"] | named["multi_region"] == TEN
    assert {"TAP007", "TAP008", "TAP010"} <= named["launch_template"]
    assert {"TAP001", "TAP002", "TAP003", "TAP004", "TAP005", "TAP006"} <= named["multi_region"]
    assert "TAP001" not in named["launch_template"]


# --- what counts, and what cannot pass --------------------------------------------------------------------------------

DEMANDS = "[require]\nresources = { aws_sqs_queue = 1, aws_vpc = 1 }\n"


def test_a_stack_without_resources_cannot_pass() -> None:
    graded = grade(result('```hcl\nprovider "aws" {\n}\n```\n'))
    (failure,) = graded.failures
    assert (failure.rule, failure.severity, failure.is_left) == ("grade-resources", Severity.CRITICAL, True)
    assert (graded.before.score, graded.after.score) == (4.0, 4.0)
    assert "A stack without resources" in analysis.render(graded)
    assert "the stack has no resources" in analysis.render(graded)
    assert ElementTree.fromstring(junit.render(graded)).get("failures") == "1"


def test_a_stack_without_a_resource_that_a_clause_demands_cannot_pass() -> None:
    graded = grade(result(f"```hcl\n{QUEUE}```\n", contract=Contract.from_toml(DEMANDS)))
    (failure,) = graded.failures
    assert (failure.rule, failure.count, failure.left) == ("grade-resources", 1, 1)
    assert [instance.message for instance in failure.instances] == ["the stack has no aws_vpc"]
    assert failure.because == (Because("contract", "require.resources", "tapfix.toml", 2),)
    assert (graded.before.score, graded.after.score) == (4.0, 4.0)
    assert "tapfix.toml:2 states require.resources" in analysis.render(graded)


def test_the_cap_is_no_gift() -> None:
    """A stack that is worse than the cap keeps its own score."""
    failures = [Step(step, "failed", "it does") for step in ("parses", "references", "schema", "values")]
    empty = result("```hcl\nlocals {\n}\n```\n")._replace(verify=tuple(failures * 4))
    assert grade(empty).score < 4.0


def test_advice_that_nobody_asked_for_takes_no_points() -> None:
    given = result(ANSWER.replace("```hcl\n", '```hcl\nvariable "vpc_id" {\n}\n'), "TAP002")
    (found, *_) = given.placed

    def graded(status: Status, source: Ground) -> list[str]:
        finding = found.finding._replace(status=status, because=Because(source))
        return [f.rule for f in grade(given._replace(placed=(found._replace(finding=finding),))).failures]

    assert graded(Status.SUGGESTED, "built-in") == []
    for source in ("terraform", "aws", "prompt", "contract"):
        assert graded(Status.SUGGESTED, source) == ["TAP002"]
    for status in (Status.FIXED, Status.REFUSED):
        assert graded(status, "built-in") == ["TAP002"]


def test_the_grade_says_why_and_what_was_not_checked() -> None:
    given = result(ANSWER, "TAP002")._replace(verify=(Step("parses", "passed"), Step("plan", "skipped")))
    ground = Because("prompt", "All resources must be destroyable.", "PROMPT.md", 12)
    placed = tuple(p._replace(finding=p.finding._replace(because=ground)) for p in given.placed)
    graded = grade(given._replace(placed=placed))
    said = 'PROMPT.md:12 asks for "All resources must be destroyable."'
    assert f"**Why**: {said}" in analysis.render(graded)
    assert f"    why: {said}\n" in analysis.as_text(graded)
    assert f"why: {said}" in "".join(ElementTree.fromstring(junit.render(graded)).itertext())
    steps = "references, schema, values, init, validate, plan, apply, replan, destroy"
    assert f"- **Not checked after repair**: {steps}\n" in analysis.render(graded)
    assert f"  not checked after repair: {steps}\n" in analysis.as_text(graded)
    assert f'name="after.unchecked" value="{steps}"' in junit.render(graded)
    assert graded.to_dict()["after"]["unchecked"] == steps.split(", ")
    assert graded.to_dict()["failures"][0]["because"] == [ground._asdict()]
