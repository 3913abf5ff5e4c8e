"""The library: what it returns, that it touches nothing, and that it may be called from many threads."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest

import tapfix
from tapfix.batch import Settings, Task, repair_one
from tapfix.engine import registry
from tapfix.fixer import Fixer
from tapfix.result import ResultData

FOO = "locals {\n  foo = 1\n}\n"
ANSWER = f"Here:\n\n```hcl\n{FOO}```\n"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())


@pytest.fixture
def fixers(toys: Path) -> tuple[Fixer, ...]:
    return registry.folder_fixers(toys)


@pytest.fixture
def options(fixers: tuple[Fixer, ...]) -> dict[str, object]:
    return {"fixers": fixers, "select": ["TOY"]}


def fix(text: str | Path, options: dict[str, object]) -> tapfix.Result:
    return tapfix.fix(text, **options)  # type: ignore[arg-type]


def test_a_text_is_an_answer_or_a_file(options: dict[str, object]) -> None:
    for text in (ANSWER, FOO):
        result = fix(text, options)
        assert result.files == {"tap_stack.tf": "locals {\n  bar = 1\n}\n"}
        assert [f.message for f in result.findings] == ["foo says nothing"]
        assert result.changed
        assert result.diff().startswith("diff --git a/tap_stack.tf b/tap_stack.tf\n")


def test_a_string_is_never_a_path(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(FOO)
    with pytest.raises(tapfix.InputError):
        fix(str(tmp_path / "a.tf"), options)
    assert fix(tmp_path / "a.tf", options).changed


def test_nothing_to_do(options: dict[str, object]) -> None:
    result = fix("locals {\n  bar = 1\n}\n", options)
    assert not result.changed
    assert result.diff() == ""
    assert result.findings == ()


def test_the_contract_beside_a_path_is_used(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "tapfix.toml").write_text('[deliverable]\nmain = "stack.tf"\n')
    (tmp_path / "a.md").write_text(ANSWER)
    assert list(fix(tmp_path / "a.md", options).files) == ["stack.tf"]
    assert list(fix(ANSWER, options).files) == ["tap_stack.tf"]


def test_it_writes_nothing_and_prints_nothing(
    options: dict[str, object], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text(ANSWER)
    fix(tmp_path / "a.md", options).to_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]
    assert capfd.readouterr() == ("", "")


def test_a_result_pickles(options: dict[str, object]) -> None:
    result = fix(ANSWER + "```hcl\n# dev.tfvars\nx = 1\n```\n", options)
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.diff() == result.diff()


def test_a_result_is_plain_data_under_the_outcomes_names(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(FOO)
    result = fix(tmp_path / "main.tf", options)
    assert isinstance(result, ResultData)
    assert not hasattr(result, "__dict__")
    assert (result.base, result.named_base) == ({"main.tf": FOO}, {"tap_stack.tf": FOO})
    assert result.changed
    assert result.is_done


@pytest.mark.parametrize(
    ("name", "is_done"), [("fixed", True), ("suppressed", True), ("refused", False), ("suggested", False)]
)
def test_a_row_of_a_batch_is_done_where_the_result_is(name: str, is_done: bool, toys: Path) -> None:
    contract = tapfix.Contract.default()
    row = repair_one(Task("a", REPORTED[name]), Settings(contract, folders=(toys,), select=("TOY",)))
    assert row.is_done is is_done
    assert list(row.columns()) == ["id", "files", "diff", "report", "error"]
    assert not repair_one(Task("a", "no answer"), Settings(contract)).is_done


def test_errors_pickle() -> None:
    error = tapfix.ConvergenceError("rules A1, B1 undo each other", ("A1", "B1"))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.rules) == (str(error), error.rules)


def test_many_threads(options: dict[str, object]) -> None:
    texts = [ANSWER.replace("= 1", f"= {n}") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda text: fix(text, options), texts))
    assert [r.files["tap_stack.tf"] for r in results] == [f"locals {{\n  bar = {n}\n}}\n" for n in range(40)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "hello",
        "```hcl\n```\n",
        "\0",
        "\ud800",
        "a" * 40_000_000,
        f"**../x.tf**\n```hcl\n{FOO}```\n",
        None,
        7,
        b"x",
    ],
    ids=[
        "empty",
        "blank",
        "prose",
        "an empty fence",
        "a NUL",
        "a surrogate",
        "large",
        "a path upwards",
        "None",
        "7",
        "bytes",
    ],
)
def test_it_raises_its_own_errors_only(text: str, options: dict[str, object]) -> None:
    with pytest.raises(tapfix.TapfixError) as caught:
        fix(text, options)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, tapfix.InternalError)


def test_a_fault_of_its_own_is_an_internal_error(options: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapfix.api.repair", lambda *_, **__: 1 / 0)
    with pytest.raises(tapfix.InternalError, match="ZeroDivisionError"):
        fix(ANSWER, options)


def test_places_are_those_of_the_input(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("# one\nlocals {\n  aé = 1\n  foo = 1\n}\n")
    (found,) = fix(tmp_path / "main.tf", options).to_dict()["findings"]
    assert (found["file"], found["line"], found["column"]) == ("main.tf", 4, 3)


REPORTED = {
    "fixed": ANSWER,
    "refused": "locals {\n  danger = 1\n}\n",
    "suggested": "locals {\n  wordy = 1\n}\n",
    "suppressed": "locals {\n  foo = 1 # tapfix: ignore[TOY001]\n}\n",
    "files added": "locals {\n  wants_values = 1\n}\n",
    "broken": "locals {\n  foo = 1\n}\nresource \"aws_vpc\" {{{\n",
    "notes": f"Drafts:\n```hcl\n{FOO}```\nFinal:\n```hcl\n{FOO}```\n```bash\nls\n```\n",
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTED)
def test_the_report_is_what_its_schema_says(name: str, options: dict[str, object]) -> None:
    report = fix(REPORTED[name], options).to_dict()
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert json.loads(json.dumps(report)) == report


def test_what_does_not_parse_is_reported_with_its_place(options: dict[str, object]) -> None:
    result = fix(REPORTED["broken"], options)
    assert result.files["tap_stack.tf"].startswith("locals {\n  bar = 1\n}\n")
    (error,) = (d for d in result.to_dict()["diagnostics"] if d["severity"] == "error")
    assert (error["file"], error["line"]) == ("tap_stack.tf", 4)


def test_the_response_has_the_files_in_fences(options: dict[str, object]) -> None:
    assert fix(ANSWER, options).response() == "```hcl\nlocals {\n  bar = 1\n}\n```\n"


def test_every_public_name_is_there() -> None:
    for name in tapfix.__all__:
        assert getattr(tapfix, name) is not None
    assert set(tapfix.__all__) <= set(dir(tapfix))
    with pytest.raises(AttributeError):
        tapfix.nothing  # noqa: B018


def test_importing_loads_nothing() -> None:
    heavy = ("lark", "rich", "typer")
    code = f"import sys, tapfix; print([m for m in sys.modules if m.startswith('tapfix.') or m in {heavy}])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_parse_and_format() -> None:
    text = "a=1 # one\n"
    assert tapfix.parse(text).code() == text
    assert tapfix.format(text) == "a = 1 # one\n"


PROMPT = "# The task\n\nPut everything into a single file named `stack.tf`.\n"


def test_the_prompt_is_an_input(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ANSWER)
    (tmp_path / "PROMPT.md").write_text(PROMPT)
    (tmp_path / "other.md").write_text(PROMPT.replace("stack.tf", "other.tf"))
    path = tmp_path / "a.md"
    for input, prompt, main in (
        (path, None, "stack.tf"),
        (path, "", "tap_stack.tf"),
        (path, False, "tap_stack.tf"),
        (path, tmp_path / "other.md", "other.tf"),
        (ANSWER, None, "tap_stack.tf"),
        (ANSWER, PROMPT, "stack.tf"),
    ):
        assert list(fix(input, {**options, "prompt": prompt}).files) == [main]
    contract = tapfix.Contract.from_toml('[deliverable]\nmain = "mine.tf"\n')
    assert list(fix(path, {**options, "contract": contract}).files) == ["mine.tf"]
    with pytest.raises(tapfix.InputError, match="no such file"):
        fix(path, {**options, "prompt": tmp_path / "gone.md"})


def test_the_report_says_what_was_demanded(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "tapfix.toml").write_text('\n[topology]\nenvironments = ["dev"]\n')
    (tmp_path / "a.md").write_text(ANSWER)
    (tmp_path / "PROMPT.md").write_text(PROMPT)
    report = fix(tmp_path / "a.md", options).to_dict()
    jsonschema.validate(report, SCHEMA)
    contract = report["contract"]
    assert (contract["file"], contract["prompt"]) == (str(tmp_path / "tapfix.toml"), str(tmp_path / "PROMPT.md"))
    clauses = {clause["clause"]: clause for clause in contract["clauses"]}
    assert clauses["topology.environments"]["value"] == ["dev"]
    assert clauses["topology.environments"]["because"]["line"] == 3
    assert clauses["deliverable.main"] == {
        "clause": "deliverable.main",
        "value": "stack.tf",
        "because": {
            "source": "prompt",
            "text": "Put everything into a single file named `stack.tf`.",
            "file": str(tmp_path / "PROMPT.md"),
            "line": 3,
            "reference": "",
        },
    }
    bare = fix(ANSWER, options).to_dict()
    assert bare["contract"] == {"file": "", "prompt": "", "clauses": []}
    assert bare["findings"][0]["because"] == {"source": "built-in", "text": "", "file": "", "line": 0, "reference": ""}
    for wrong in ({"source": "hearsay"}, {"line": -1}, {"file": None}):
        finding = {**bare["findings"][0], "because": {**bare["findings"][0]["because"], **wrong}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**bare, "findings": [finding]}, SCHEMA)
    del bare["findings"][0]["because"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bare, SCHEMA)


def test_a_prompt_that_was_found_and_is_no_text_is_a_remark(options: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ANSWER)
    (tmp_path / "PROMPT.md").write_bytes(b"\xff")
    result = fix(tmp_path / "a.md", options)
    assert list(result.files) == ["tap_stack.tf"]
    assert [d.message for d in result.diagnostics if d.severity == "warning"] == [
        f"the prompt is left out: {tmp_path / 'PROMPT.md'} is not UTF-8 text: byte 0"
    ]
    jsonschema.validate(result.to_dict(), SCHEMA)


def test_the_reader_of_prompts_is_loaded_only_if_there_is_a_prompt() -> None:
    code = (
        "import sys, tapfix; tapfix.fix('locals {}\\n');"
        "assert 'tapfix.contract.proposing' not in sys.modules and 'markdown_it' not in sys.modules;"
        "tapfix.fix('locals {}\\n', prompt='One region.');"
        "assert 'tapfix.contract.proposing' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
