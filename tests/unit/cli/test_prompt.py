"""The prompt on the command line: where it is found, what names it, and what beats it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import ANSWER, BAR, FOO, Tapfix, laid, lay, tapfix

__all__ = ["tapfix"]

MAIN = "Put everything into a single file named `%s`.\n"
ASKED = MAIN % "stack.tf"


def announced(name: str, prompt: str = ASKED) -> str:
    from tapfix.contract import Contract

    return f"{name} is read as the prompt: {len(Contract.from_prompt(prompt).stated)} clauses; --no-prompt ignores it"


def test_apply_reads_the_prompt_beside_the_input_and_says_so(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": ASKED})
    done = tapfix("apply", "response.md", "-o", "out")
    assert done.code == 0
    assert laid(Path("out")) == {"stack.tf": BAR}
    assert done.err.splitlines()[0] == announced("PROMPT.md")
    assert tapfix("apply", "response.md", "-o", "out", "-q").err == ""
    assert laid()["PROMPT.md"] == ASKED


@pytest.mark.parametrize("command", ["apply", "diff", "check", "grade", "extract"])
def test_every_command_takes_a_prompt(tapfix: Tapfix, command: str) -> None:
    lay({"in/response.md": ANSWER, "in/PROMPT.md": ASKED, "other.md": MAIN % "other.tf"})
    found = tapfix(command, "in/response.md")
    assert announced("in/PROMPT.md") in found.err
    assert "stack.tf" in found.out.replace("tap_stack.tf", "")
    named = tapfix(command, "in/response.md", "--prompt", "other.md")
    assert "is read as the prompt" not in named.err
    assert "other.tf" in named.out
    none = tapfix(command, "in/response.md", "--no-prompt")
    assert "is read as the prompt" not in none.err
    assert "tap_stack.tf" in none.out


def test_a_prompt_from_standard_input(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": MAIN % "wrong.tf"})
    done = tapfix("diff", "response.md", "--prompt", "-", "--format", "json", stdin=ASKED.encode())
    contract = json.loads(done.out)["contract"]
    assert contract["prompt"] == "standard input"
    assert contract["clauses"][0]["because"]["file"] == "standard input"
    assert "--- a/stack.tf" in tapfix("diff", "response.md", "--prompt", "-", stdin=ASKED.encode()).out


def test_an_answer_from_standard_input_has_the_prompt_of_the_working_folder(tapfix: Tapfix) -> None:
    lay({"PROMPT.md": ASKED})
    done = tapfix("apply", "-", stdin=ANSWER.encode())
    assert announced("PROMPT.md") in done.err
    assert laid() == {"PROMPT.md": ASKED, "stack.tf": BAR}


def test_the_contract_file_beats_the_prompt(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": ASKED, "tapfix.toml": '[deliverable]\nmain = "mine.tf"\n'})
    lay({"other.toml": '[deliverable]\nmain = "other.tf"\n'})
    assert "--- a/mine.tf" in tapfix("diff", "response.md").out
    assert "--- a/mine.tf" in tapfix("diff", "response.md", "--prompt", "PROMPT.md").out
    assert "--- a/other.tf" in tapfix("diff", "response.md", "--contract", "other.toml").out
    report = json.loads(tapfix("diff", "response.md", "--format", "json").out)["contract"]
    assert (report["file"], report["prompt"]) == ("tapfix.toml", "PROMPT.md")


def test_options_beat_the_contract_and_the_prompt(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": ASKED, "tapfix.toml": '[rules]\nignore = ["TOY001"]\n'})
    assert tapfix("check", "response.md", "--ignore", "TOY002,TOY").code == 2  # no rule of that name: it was read
    assert "TOY001" not in tapfix("check", "response.md").out


def test_a_folder_has_the_prompt_in_it_or_beside_it(tapfix: Tapfix) -> None:
    lay({"m/main.tf": FOO, "PROMPT.md": ASKED})
    assert announced("PROMPT.md") in tapfix("check", "m").err
    lay({"m/PROMPT.md": MAIN % "main.tf"})
    done = tapfix("apply", "m")
    assert announced("m/PROMPT.md") in done.err
    assert laid(Path("m")) == {"main.tf": BAR, "PROMPT.md": MAIN % "main.tf"}


def test_a_prompt_that_was_found_and_is_no_text_is_left_out(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": b"caf\xe9"})
    done = tapfix("apply", "response.md", "-o", "out")
    assert done.code == 0
    assert laid(Path("out")) == {"tap_stack.tf": BAR}
    assert "warning: the prompt is left out: PROMPT.md is not UTF-8 text: byte 3" in done.err
    assert "is read as the prompt" not in done.err


def test_extract_warns_of_a_prompt_that_is_no_text(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "PROMPT.md": b"\0"})
    assert "the prompt is left out: PROMPT.md is a binary file" in tapfix("extract", "response.md", "-o", "out").err


BAD: dict[str, tuple[list[str], str]] = {
    "no such prompt": (["apply", "a.md", "--prompt", "gone.md"], "gone.md: no such file"),
    "a prompt that is a folder": (["apply", "a.md", "--prompt", "in"], "in: cannot be read"),
    "a prompt that is no text": (["apply", "a.md", "--prompt", "bad.md"], "bad.md is not UTF-8 text: byte 3"),
    "two things on standard input": (["apply", "-", "--prompt", "-"], "--prompt - and INPUT -"),
    "a prompt and none": (["apply", "a.md", "--prompt", "p.md", "--no-prompt"], "contradict"),
    "no such prompt to extract": (["extract", "a.md", "--prompt", "gone.md"], "gone.md: no such file"),
    "no such prompt to grade": (["grade", "a.md", "--prompt", "gone.md"], "gone.md: no such file"),
    "no such prompt of a batch": (["batch", "b.jsonl", "o.jsonl", "--prompt", "gone.md"], "gone.md: no such file"),
    "a folder with columns": (["batch", "in", "o.jsonl", "--prompt-column", "p"], "does not go with a folder"),
    "a column and a prompt": (
        ["batch", "b.jsonl", "o.jsonl", "--prompt-column", "p", "--prompt", "p.md"], "does not go with --prompt",
    ),
    "a column and none": (
        ["batch", "b.jsonl", "o.jsonl", "--prompt-column", "p", "--no-prompt"], "does not go with --no-prompt",
    ),
    "an answer that is a prompt alone": (["batch", "prompts", "o.jsonl"], "no file in prompts matches"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_prompts(tapfix: Tapfix, name: str) -> None:
    arguments, said = BAD[name]
    lay({"a.md": ANSWER, "p.md": ASKED, "bad.md": b"caf\xe9", "b.jsonl": "{}\n", "prompts/PROMPT.md": ASKED})
    lay({"in/a.md": ANSWER})
    before = laid(Path("in"))
    done = tapfix(*arguments, stdin=ANSWER.encode())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("tapfix: ")
    assert done.err.count("\n") == 1
    assert not Path("o.jsonl").exists()
    assert not Path("tap_stack.tf").exists()
    assert laid(Path("in")) == before


# --- many answers -----------------------------------------------------------------------------------------------------


def rows(path: str = "out.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_batch_takes_the_prompts_of_a_column(tapfix: Tapfix) -> None:
    given = [
        {"id": "one", "response": ANSWER, "task": ASKED},
        {"id": "two", "response": ANSWER, "task": None},
        {"id": "three", "response": ANSWER},
        {"id": "four", "response": ANSWER, "task": 4},
        {"id": "five", "response": ANSWER, "task": ""},
    ]
    lay({"in.jsonl": "".join(json.dumps(row) + "\n" for row in given), "PROMPT.md": MAIN % "wrong.tf"})
    done = tapfix("batch", "in.jsonl", "out.jsonl", "-j", "1", "--prompt-column", "task")
    assert done.code == 1
    written = rows()
    assert [row["files"] for row in written] == [
        {"stack.tf": BAR}, {"tap_stack.tf": BAR}, {}, {}, {"tap_stack.tf": BAR},
    ]  # fmt: skip
    assert written[2]["error"] == "row 3 has no text in 'task'; it has id, response"
    assert written[3]["error"] == "row 4 has no text in 'task'; it has id, response, task"
    report = written[0]["report"]
    assert isinstance(report, dict)
    assert report["contract"]["prompt"] == "prompt"
    assert tapfix("batch", "in.jsonl", "plain.jsonl", "-j", "1").code == 0
    assert {tuple(row["files"]) for row in rows("plain.jsonl")} == {("tap_stack.tf",)}  # type: ignore[arg-type]


def test_batch_takes_the_prompts_of_a_parquet_column(tapfix: Tapfix) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    parquet.write_table(pyarrow.table({"response": [ANSWER, ANSWER], "task": [ASKED, None]}), "in.parquet")
    assert tapfix("batch", "in.parquet", "out.jsonl", "-j", "1", "--prompt-column", "task").code == 0
    assert [row["files"] for row in rows()] == [{"stack.tf": BAR}, {"tap_stack.tf": BAR}]
    wrong = tapfix("batch", "in.parquet", "o.jsonl", "--prompt-column", "ask")
    assert (wrong.code, "has no column 'ask'; it has response, task" in wrong.err) == (2, True)
    same = tapfix("batch", "in.parquet", "same.jsonl", "-j", "1", "--column", "response", "--prompt-column", "response")
    assert same.code == 0


def test_batch_takes_the_prompt_in_each_answers_folder(tapfix: Tapfix) -> None:
    lay({"in/a/response.md": ANSWER, "in/a/PROMPT.md": ASKED, "in/b/response.md": ANSWER, "in/PROMPT.md": ASKED})
    done = tapfix("batch", "in", "out.jsonl", "-j", "1")
    assert {str(row["id"]): list(row["files"]) for row in rows()} == {  # type: ignore[call-overload]
        "a/response.md": ["stack.tf"],
        "b/response.md": ["tap_stack.tf"],
    }
    assert done.err.splitlines() == [
        "PROMPT.md is read as the prompt of 1 answer; --no-prompt ignores it",
        "2 answers: 2 done, 0 with something left, 0 failed",
    ]
    done = tapfix("batch", "in", "plain.jsonl", "-j", "2", "--no-prompt")
    assert {tuple(row["files"]) for row in rows("plain.jsonl")} == {("tap_stack.tf",)}  # type: ignore[arg-type]
    assert "is read as the prompt" not in done.err


def test_batch_takes_one_prompt_for_all_answers(tapfix: Tapfix) -> None:
    lay({"in/a.md": ANSWER, "in/b.md": ANSWER, "in/PROMPT.md": MAIN % "wrong.tf", "task.md": ASKED})
    done = tapfix("batch", "in", "out.jsonl", "-j", "1", "--prompt", "task.md")
    assert [list(row["files"]) for row in rows()] == [["stack.tf"], ["stack.tf"]]  # type: ignore[call-overload]
    assert "is read as the prompt" not in done.err
    tapfix("batch", "in", "piped.jsonl", "-j", "1", "--prompt", "-", stdin=ASKED.encode())
    assert [list(row["files"]) for row in rows("piped.jsonl")] == [["stack.tf"]] * 2  # type: ignore[call-overload]
