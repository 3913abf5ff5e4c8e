"""The command line: exit codes, what goes where, and that nothing is written when something is wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tapfix.cli import app as cli

FOO = "locals {\n  foo = 1 # kept\n}\n"
BAR = "locals {\n  bar = 1 # kept\n}\n"
SIZE = 'variable "size" {\n  type    = number\n  default = 1\n}\n'
WANTS = f"{SIZE}\nlocals {{\n  wants_values = 1\n  foo          = var.size\n}}\n"
ANSWER = f"Here it is:\n\n```hcl\n{FOO}```\n\nEnjoy.\n"


class Run(NamedTuple):
    code: int
    out: str
    err: str


Tapfix = Callable[..., Run]


@pytest.fixture
def tapfix(
    toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Tapfix:
    """Runs a command in an empty folder, with the toy rule only."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *arguments: str | Path, stdin: bytes = b"") -> Run:
        with_rules = command in ("apply", "diff", "check", "grade", "batch")
        rules = ["--fixers", str(toys), "--select", "TOY"] if with_rules else []
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = cli.run([command, *map(str, arguments), *rules])
        out, err = capfdbinary.readouterr()
        return Run(code, out.decode(), err.decode())

    return run


def lay(files: Mapping[str, str | bytes], folder: Path = Path()) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def laid(folder: Path = Path()) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_bytes().decode() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- the main job -----------------------------------------------------------------------------------------------------


def test_apply_writes_the_files_and_prints_the_diff(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    done = tapfix("apply", "response.md", "-o", "out")
    assert done.code == 0
    assert laid(Path("out")) == {"tap_stack.tf": BAR}
    assert done.out == (
        "diff --git a/tap_stack.tf b/tap_stack.tf\n--- a/tap_stack.tf\n+++ b/tap_stack.tf\n"
        "@@ -1,3 +1,3 @@\n locals {\n-  foo = 1 # kept\n+  bar = 1 # kept\n }\n"
    )
    assert "1 fixed" in done.err
    assert "wrote 1 file to out" in done.err


def test_diff_prints_what_apply_prints_and_writes_nothing(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    shown = tapfix("diff", "response.md")
    assert laid() == {"response.md": ANSWER}
    assert shown.code == 1
    assert tapfix("apply", "response.md").out == shown.out
    assert laid() == {"response.md": ANSWER, "tap_stack.tf": BAR}


def test_apply_again_changes_nothing(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    tapfix("apply", "response.md")
    again = tapfix("apply", "tap_stack.tf")
    assert (again.code, again.out) == (0, "")
    assert tapfix("apply", "response.md").code == 0  # the same answer once more: what is there says the same
    assert tapfix("diff", "tap_stack.tf").code == 0


def test_a_tf_file_comes_out_under_the_contracts_name(tapfix: Tapfix) -> None:
    lay({"main.tf": FOO})
    done = tapfix("apply", "main.tf")
    assert laid() == {"main.tf": FOO, "tap_stack.tf": BAR}
    assert "copy from main.tf\ncopy to tap_stack.tf\n" in done.out
    assert "similarity index" in done.out


def test_a_tf_file_is_read_with_its_environments(tapfix: Tapfix) -> None:
    lay({"tap_stack.tf": WANTS, "dev.tfvars": "size = 7\n"})
    done = tapfix("apply", "tap_stack.tf")
    assert done.code == 0
    assert laid()["dev.tfvars"] == "size = 7\n"
    assert laid()["prod.tfvars"] == "size = 1\n"
    assert done.out.count("new file mode") == 2


def test_a_folder_keeps_its_names(tapfix: Tapfix) -> None:
    lay({"m/main.tf": FOO, "m/modules/net/main.tf": FOO, "m/.terraform/x.tf": FOO, "m/notes.txt": "hello\n"})
    done = tapfix("apply", "m")
    assert done.code == 0
    assert laid(Path("m")) == {
        "main.tf": BAR, "modules/net/main.tf": BAR, ".terraform/x.tf": FOO, "notes.txt": "hello\n",
    }  # fmt: skip
    assert done.out.count("diff --git") == 2


@pytest.mark.parametrize("name", ["response.md", "stack.tf", "m"])
def test_in_place_and_elsewhere_agree(tapfix: Tapfix, name: str) -> None:
    files = {"response.md": ANSWER, "stack.tf": FOO, "m/lib/main.tf": FOO}
    lay(files)
    tapfix("apply", name, "-o", "out")
    tapfix("apply", name)
    here = Path("m") if name == "m" else Path()
    written = laid(Path("out"))
    assert written
    assert {path: (here / path).read_text() for path in written} == written


def test_an_answer_below_a_folder_of_its_own(tapfix: Tapfix) -> None:
    lay({"response.md": f"**lib/tap_stack.tf**\n```hcl\n{WANTS}```\n"})
    done = tapfix("apply", "response.md", "-o", "out")
    assert done.code == 0
    assert sorted(laid(Path("out"))) == ["lib/dev.tfvars", "lib/prod.tfvars", "lib/staging.tfvars", "lib/tap_stack.tf"]
    assert "--- a/lib/tap_stack.tf" in done.out


def test_standard_input(tapfix: Tapfix) -> None:
    assert tapfix("diff", "-", stdin=ANSWER.encode()).code == 1
    assert tapfix("apply", "-", stdin=FOO.encode()).code == 0
    assert laid() == {"tap_stack.tf": BAR}


def test_line_endings_and_the_byte_order_mark_stay(tapfix: Tapfix) -> None:
    lay({"tap_stack.tf": b"\xef\xbb\xbf" + FOO.replace("\n", "\r\n").encode()})
    done = tapfix("apply", "tap_stack.tf")
    assert Path("tap_stack.tf").read_bytes() == b"\xef\xbb\xbf" + BAR.replace("\n", "\r\n").encode()
    assert "-  foo = 1 # kept\r\n" in done.out


def test_extract_writes_the_base_of_the_diff(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    done = tapfix("extract", "response.md", "-o", "base")
    assert (done.code, done.out) == (0, "base/tap_stack.tf\n")
    assert laid(Path("base")) == {"tap_stack.tf": FOO}
    patch = tapfix("diff", "response.md").out
    subprocess.run(["git", "apply", "-"], cwd="base", input=patch.encode(), check=True)
    assert laid(Path("base")) == {"tap_stack.tf": BAR}


def test_the_response_and_the_report_are_written_as_well(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    tapfix("apply", "response.md", "-o", "out", "--response", "out/response.md", "--report", "out/report.json")
    assert laid(Path("out"))["response.md"] == f"```hcl\n{BAR}```\n"
    report = json.loads(laid(Path("out"))["report.json"])
    assert report["files"] == [{"path": "tap_stack.tf", "status": "modified", "sha256": report["files"][0]["sha256"]}]


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "applied", "checked"),
    [("foo", 0, 1), ("fine", 0, 0), ("danger", 1, 1), ("wordy", 1, 1)],
)
def test_exit_codes(tapfix: Tapfix, value: str, applied: int, checked: int) -> None:
    lay({"tap_stack.tf": f"locals {{\n  {value} = 1\n}}\n"})
    assert tapfix("check", "tap_stack.tf").code == checked
    assert tapfix("diff", "tap_stack.tf").code == checked
    assert tapfix("apply", "tap_stack.tf").code == applied


def test_a_suppressed_finding_is_not_left(tapfix: Tapfix) -> None:
    lay({"tap_stack.tf": "locals {\n  foo = 1 # tapfix: ignore[TOY001] an old name\n}\n"})
    done = tapfix("check", "tap_stack.tf")
    assert done.code == 0
    assert "[suppressed]" in done.out
    assert "an old name" in done.out


# --- the other commands -----------------------------------------------------------------------------------------------


def test_grade(tapfix: Tapfix) -> None:
    queue = 'resource "aws_sqs_queue" "jobs" {\n}\n'
    lay({"good.tf": f"locals {{\n  fine = 1\n}}\n{queue}", "bad.tf": f"locals {{\n  danger = 1\n}}\n{queue}"})
    assert tapfix("grade", "good.tf").code == 0
    bad = tapfix("grade", "bad.tf", "--format", "json")
    assert bad.code == 1
    assert json.loads(bad.out)["grade"]["by_severity"]["low"] == 1
    assert "TOY001" in tapfix("grade", "bad.tf", "--format", "junit").out
    assert tapfix("grade", "bad.tf").out.startswith("#")


def test_verify(tapfix: Tapfix) -> None:
    lay({"m/main.tf": FOO, "n/main.tf": "locals {\n  a = local.b\n}\n"})
    sound = tapfix("verify", "m", "--upto", "schema", "-q")
    assert (sound.code, sound.out) == (0, "parses passed\nreferences passed\nschema passed\n")
    broken = tapfix("verify", "n", "--upto", "schema", "-q", "--format", "json")
    assert broken.code == 1
    steps = {step["step"]: step["status"] for step in json.loads(broken.out)["verify"]}
    assert steps["references"] == "failed"


FLAWS = """\
resource "aws_vpc" "a" {
  cidr = var.net
}
resource "aws_db_instance" "d" {
  engine         = "mysql"
  engine_version = "15.4"
  instance_class = "db.t3.micro"
}
"""


def test_verify_says_where_and_what_to_do(tapfix: Tapfix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    lay({"m/main.tf": FLAWS, "m/dev.tfvars": "size = 1\n"})
    done = tapfix("verify", "m", "-q")
    assert done.code == 1
    assert done.out.splitlines() == [
        "parses passed",
        "references failed",
        '  main.tf:2:10: aws_vpc.a: the variable "net" is not declared',
        "      Declare it with a variable block, or use one that is declared.",
        "schema failed",
        '  main.tf:2:3: aws_vpc.a: aws_vpc has no argument "cidr"; "cidr_block" is meant, perhaps',
        "      Take it out, or give it the name that the provider's documentation has.",
        "values failed",
        '  dev.tfvars:1:1: the variable "size" that is set here is not declared',
        "      Declare the variable, or take the line out.",
        '  main.tf:6:3: warning: aws_db_instance.d: AWS does not accept this value of "engine_version": '
        "15.4 is not a version of mysql",
        "init skipped: neither terraform nor tofu is on the PATH: install one, or name where it is (--binary)",
        "validate skipped: neither terraform nor tofu is on the PATH: install one, or name where it is (--binary)",
    ]


BINARY = """\
#!/bin/sh
echo "$0 $1 ${{AWS_SECRET_ACCESS_KEY:-none}} ${{AWS_ENDPOINT_URL:-nowhere}}" >> {log}
[ "$1" = validate ] && {validate}
exit 0
"""


def put_binary(name: str, validate: str = "true") -> Path:
    """A stand-in on the PATH; what it was called with goes to the file that is given back."""
    log = Path("log").resolve()
    binary = Path("bin", name)
    lay({str(binary): BINARY.format(log=log, validate=validate)})
    binary.chmod(0o755)
    return log


def test_verify_takes_tofu_where_there_is_no_terraform(tapfix: Tapfix, monkeypatch: pytest.MonkeyPatch) -> None:
    log = put_binary("tofu")
    monkeypatch.setenv("PATH", str(Path("bin").resolve()))
    lay({"m/main.tf": FOO})
    assert tapfix("verify", "m", "-q", "--upto", "validate").code == 0
    assert "/tofu init" in log.read_text()
    put_binary("terraform")
    assert tapfix("verify", "m", "-q", "--upto", "validate").code == 0
    assert "/terraform init" in log.read_text()


def test_verify_keeps_from_real_accounts_but_where_they_are_allowed(
    tapfix: Tapfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_binary("terraform")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "my-own-key")
    lay({"m/main.tf": FOO})
    known = ["verify", "m", "-q", "--binary", str(Path("bin/terraform").resolve()), "--upto", "plan"]
    assert tapfix(*known, "--emulator", "http://127.0.0.1:9").code == 0
    assert "my-own-key" not in log.read_text()
    assert "plan test http://127.0.0.1:9" in log.read_text()
    assert tapfix(*known, "--allow-real").code == 0
    assert log.read_text().splitlines()[-1].endswith("plan my-own-key nowhere")


def test_verify_ends_what_takes_too_long(tapfix: Tapfix) -> None:
    put_binary("terraform", validate="exec sleep 60")
    lay({"m/main.tf": FOO})
    binary = str(Path("bin/terraform").resolve())
    done = tapfix("verify", "m", "-q", "--binary", binary, "--timeout", "1", "--upto", "validate")
    assert done.code == 1
    assert "validate took more than 1 seconds" in done.out


def test_verify_fails_if_the_step_that_was_asked_for_is_not_reached(
    tapfix: Tapfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    lay({"m/main.tf": FOO})
    assert tapfix("verify", "m", "-q").code == 0
    assert tapfix("verify", "m", "-q", "--upto", "validate").code == 1


def test_the_schema_of_contracts(tapfix: Tapfix) -> None:
    done = tapfix("contract", "schema")
    assert done.code == 0
    assert json.loads(done.out)["properties"]["topology"]["additionalProperties"] is False


METADATA = '{"aws_services": []}\n'
QUEUE = 'resource "aws_sqs_queue" "jobs" {\n}\n'


@pytest.mark.parametrize(
    ("files", "input", "main"),
    [
        ({"a.md": f"```hcl\n{QUEUE}```\n"}, "a.md", "tap_stack.tf"),
        ({"tap_stack.tf": QUEUE}, "tap_stack.tf", "tap_stack.tf"),
        ({"main.tf": QUEUE}, "", "main.tf"),
        ({"lib/main.tf": QUEUE}, "", "lib/main.tf"),
    ],
)
def test_the_metadata_beside_the_input_is_mended(
    tapfix: Tapfix, files: dict[str, str | bytes], input: str, main: str
) -> None:
    lay({**files, "metadata.json": METADATA}, Path("in"))
    mended = METADATA.replace("[]", '["SQS"]')
    apply = ("apply", Path("in", input), "--select", "TAP009")
    elsewhere = tapfix(*apply, "-o", "out")
    assert elsewhere.code == 0
    assert "diff --git a/metadata.json b/metadata.json\n" in elsewhere.out
    assert laid(Path("out")) == {main: QUEUE, "metadata.json": mended}
    tapfix("extract", Path("in", input), "-o", "base")
    assert laid(Path("base")) == {main: QUEUE, "metadata.json": METADATA}
    assert tapfix(*apply).out == elsewhere.out
    assert Path("in/metadata.json").read_text() == mended


def test_metadata_that_was_not_read_is_not_written_over(tapfix: Tapfix) -> None:
    lay({"tap_stack.tf": QUEUE, "metadata.json": METADATA, "out/metadata.json": "mine"})
    done = tapfix("apply", "tap_stack.tf", "-o", "out")
    assert done.code == 2
    assert "out/metadata.json is there already" in done.err
    assert not Path("out/tap_stack.tf").exists()


def test_the_metadata_beside_an_answer_is_no_part_of_the_answer(tapfix: Tapfix) -> None:
    lay({"a.md": f"```hcl\n{QUEUE}```\n", "metadata.json": METADATA})
    tapfix("apply", "a.md", "--select", "TAP009", "-o", "out", "--response", "b.md")
    assert Path("b.md").read_text() == f"```hcl\n{QUEUE}```\n"


def test_contract_from_a_prompt(tapfix: Tapfix) -> None:
    lay({"PROMPT.md": "Deploy to the dev and prod environments.\n"})
    Path("tapfix.toml").write_text(tapfix("contract", "init", "--from", "PROMPT.md").out)
    lay({"tap_stack.tf": FOO})
    assert tapfix("apply", "tap_stack.tf").code == 0


# --- bad input: one line, exit 2, nothing written ---------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, str | bytes], list[str], str]] = {
    "no file": ({}, ["apply", "nothing.md"], "nothing.md: no such file"),
    "an empty file": ({"a.md": ""}, ["apply", "a.md"], "a.md is empty"),
    "a blank file": ({"a.tf": " \n\n"}, ["apply", "a.tf"], "a.tf is empty"),
    "a folder without HCL": ({"m/readme.txt": "x"}, ["apply", "m"], "no HCL in m"),
    "a folder of comments": ({"m/main.tf": "# nothing\n"}, ["apply", "m"], "no HCL in m"),
    "a folder with an answer in it": ({"m/response.md": ANSWER}, ["apply", "m"], "name its file: m/response.md"),
    "a binary": ({"a.md": b"\x7fELF\0\0\1"}, ["apply", "a.md"], "binary"),
    "another encoding": ({"a.tf": b"# caf\xe9\n"}, ["apply", "a.tf"], "not UTF-8"),
    "UTF-16": ({"a.tf": FOO.encode("utf-16")}, ["apply", "a.tf"], "UTF-16"),
    "no HCL in the answer": ({"a.md": "I cannot help.\n"}, ["apply", "a.md"], "no HCL in a.md"),
    "no HCL in the file": ({"a.tf": "# nothing\n"}, ["apply", "a.tf"], "no HCL in a.tf"),
    "values only": ({"a.md": "```hcl\n# dev.tfvars\na = 1\n```\n"}, ["apply", "a.md"], "no Terraform configuration"),
    "a path upwards": ({"a.md": f"**../../etc/passwd**\n```hcl\n{FOO}```\n"}, ["apply", "a.md"], "../../etc/passwd"),
    "an absolute path": ({"a.md": f"**/etc/main.tf**\n```hcl\n{FOO}```\n"}, ["apply", "a.md"], "/etc/main.tf"),
    "an output that is a file": ({"a.md": ANSWER, "f": "x"}, ["apply", "a.md", "-o", "f"], "f"),
    "an output below a file": ({"a.md": ANSWER, "f": "x"}, ["apply", "a.md", "-o", "f/out"], "f/out"),
    "a report below a file": ({"a.md": ANSWER, "f": "x"}, ["apply", "a.md", "-o", "o", "--report", "f/r"], "f/r"),
    "an unknown rule": ({"a.md": ANSWER}, ["apply", "a.md", "--ignore", "TOY999"], "TOY999: no such rule"),
    "no fixers there": ({"a.md": ANSWER}, ["apply", "a.md", "--fixers", "gone"], "gone: no such folder"),
    "a broken fixer": (
        {"a.md": ANSWER, "f/x.py": "1/0\n"}, ["apply", "a.md", "--fixers", "f"], "f/x.py: cannot be loaded",
    ),
    "no such contract": ({"a.md": ANSWER}, ["apply", "a.md", "--contract", "gone.toml"], "gone.toml"),
    "a bad contract": (
        {"a.md": ANSWER, "tapfix.toml": "[topology]\nregion = 1\n"}, ["apply", "a.md"], "tapfix.toml:2:1",
    ),
    "a file that is in the way": ({"a.md": ANSWER, "tap_stack.tf": "# mine\n"}, ["apply", "a.md"], "--force"),
    "a folder that is in the way": (
        {"a.md": ANSWER, "o/tap_stack.tf/x": ""}, ["apply", "a.md", "-o", "o"], "is a folder",
    ),
    "a response in the way": (
        {"a.md": ANSWER, "b.md": "mine"}, ["apply", "a.md", "-o", "o", "--response", "b.md"], "--force",
    ),
    "an unknown command": ({}, ["mend", "a.md"], "No such command 'mend'"),
    "a command with a slip in it": ({}, ["dif", "a.md"], "Did you mean 'diff'"),
    "an unknown option": ({"a.md": ANSWER}, ["extract", "a.md", "--quick"], "--quick"),
    "an unknown format": ({"a.md": ANSWER}, ["diff", "a.md", "--format", "pdf"], "pdf"),
    "no input": ({}, ["apply"], "INPUT"),
    "nothing to format": ({}, ["fmt", "gone.tf"], "gone.tf: no such file"),
    "something else to format": ({"a.txt": "x"}, ["fmt", "a.txt"], "a.txt"),
    "an unknown rule to explain": ({}, ["rules", "TOY999"], "TOY999: no such rule"),
    "nothing to prove": ({}, ["verify", "gone"], "gone is not a folder"),
    "a folder without HCL to prove": ({"m/a.txt": "x"}, ["verify", "m"], "no HCL in m"),
    "an emulator that is none": ({"m/main.tf": FOO}, ["verify", "m", "--emulator", "moto"], "auto or a URL is wanted"),
    "no time at all": ({"m/main.tf": FOO}, ["verify", "m", "--timeout", "0"], "--timeout"),
    "no prompt": ({}, ["contract", "init", "--from", "gone.md"], "gone.md: no such file"),
    "no batch": ({}, ["batch", "gone.jsonl", "out.jsonl"], "gone.jsonl: no such file"),
    "no answers in the batch's folder": ({"m/a.txt": "x"}, ["batch", "m", "out.jsonl"], "no file in m matches"),
    "a batch in the way": ({"b.jsonl": "{}\n", "o.jsonl": "x"}, ["batch", "b.jsonl", "o.jsonl"], "--force"),
    "no Parquet": ({"b.parquet": "x"}, ["batch", "b.parquet", "o.jsonl"], "not a Parquet file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(tapfix: Tapfix, name: str) -> None:
    files, arguments, said = BAD[name]
    lay(files)
    before = {p: p.read_bytes() if p.is_file() else None for p in Path().rglob("*")}
    done = tapfix(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    assert done.err.startswith("tapfix: ")
    assert done.err.count("\n") == 1
    assert {p: p.read_bytes() if p.is_file() else None for p in Path().rglob("*")} == before


def test_force_overwrites(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "tap_stack.tf": "# mine\n"})
    assert tapfix("apply", "response.md", "--force").code == 0
    assert laid()["tap_stack.tf"] == BAR


def test_an_answer_under_the_name_of_the_stack_is_overwritten(tapfix: Tapfix) -> None:
    lay({"tap_stack.tf": ANSWER})
    assert tapfix("apply", "tap_stack.tf").code == 0
    assert laid() == {"tap_stack.tf": BAR}


def test_a_link_out_of_the_folder_is_not_followed(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER, "elsewhere/x.txt": ""})
    Path("out").mkdir()
    Path("out/tap_stack.tf").symlink_to("../elsewhere/victim")
    done = tapfix("apply", "response.md", "-o", "out", "--force")
    assert done.code == 2
    assert "leads out of out" in done.err
    assert laid(Path("elsewhere")) == {"x.txt": ""}


def test_too_large(tapfix: Tapfix) -> None:
    with open("a.md", "wb") as file:
        file.truncate(33 * 1024 * 1024)
    done = tapfix("diff", "a.md")
    assert (done.code, done.err) == (2, "tapfix: a.md is larger than 32 MiB, which no answer is\n")


def test_an_unexpected_error_is_one_line(tapfix: Tapfix, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("tapfix.answer.source.read_path", broken)
    done = tapfix("diff", "a.md")
    assert done.code == 2
    assert done.err == (
        "tapfix: internal error: ZeroDivisionError: division by zero; please report it (-vv shows where it arose)\n"
    )
    assert "Traceback" in tapfix("diff", "a.md", "-vv").err


# --- what goes where --------------------------------------------------------------------------------------------------


def test_quiet_says_nothing(tapfix: Tapfix) -> None:
    lay({"response.md": ANSWER})
    assert tapfix("apply", "response.md", "-q").err == ""


def test_check_names_place_rule_and_status(tapfix: Tapfix) -> None:
    lay({"main.tf": "locals {\n  danger = 1\n}\n"})
    assert tapfix("check", "main.tf").out.splitlines()[:2] == [
        "main.tf:2:3: TOY001 poor-name low [refused] local.danger: danger is poor | too",
        "    only its author knows what it *means*",
    ]


def test_rules(tapfix: Tapfix, toys: Path) -> None:
    listed = tapfix("rules", "--fixers", toys)
    assert listed.code == 0
    assert any(line.split()[:4] == ["TOY001", "poor-name", "low", "safe"] for line in listed.out.splitlines())
    page = tapfix("rules", "poor-name", "--fixers", toys).out
    assert page.startswith("# TOY001 poor-name\n")
    assert "Foo says nothing." in page


def test_fmt(tapfix: Tapfix) -> None:
    lay({"a.tf": "a=1\n", "sub/b.tf": "b=1\n", "c.tf": "c = 1\n"})
    assert tapfix("fmt", ".", "--check") == (1, "a.tf\n", "")
    assert laid()["a.tf"] == "a=1\n"
    shown = tapfix("fmt", ".", "--check", "--diff", "-r")
    assert "-a=1\n+a = 1\n" in shown.out
    assert "+++ b/sub/b.tf" in shown.out
    assert tapfix("fmt", ".", "-r") == (0, "a.tf\nsub/b.tf\n", "")
    assert laid() == {"a.tf": "a = 1\n", "sub/b.tf": "b = 1\n", "c.tf": "c = 1\n"}
    assert tapfix("fmt", "-", stdin=b"a=1\n").out == "a = 1\n"


def test_fmt_says_what_does_not_parse_and_formats_the_rest(tapfix: Tapfix) -> None:
    lay({"a.tf": "a=1\n", "b.tf": "x {}\nb = [\n", "c.tf": "c=1\n"})
    code, out, err = tapfix("fmt", ".")
    assert (code, out) == (2, "a.tf\nc.tf\n")
    assert err.startswith("tapfix: b.tf:2:5: ")
    assert err.count("\n") == 1
    assert laid() == {"a.tf": "a = 1\n", "b.tf": "x {}\nb = [\n", "c.tf": "c = 1\n"}
    assert tapfix("fmt", "--check", "b.tf").code == 2
    code, out, err = tapfix("fmt", "-", stdin=b"b = [\n")
    assert (code, out) == (2, "")
    assert err.startswith("tapfix: standard input:1:5: ")


def test_batch(tapfix: Tapfix) -> None:
    rows = [{"id": "one", "response": ANSWER}, {"id": "two", "response": "no"}, {"id": "three", "answer": ""}]
    lay({"in.jsonl": "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"})
    done = tapfix("batch", "in.jsonl", "out.jsonl", "-j", "1")
    assert done.code == 1
    assert "4 answers: 1 done, 0 with something left, 3 failed" in done.err
    written = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in written] == ["one", "two", "three", "4"]
    assert written[0]["files"] == {"tap_stack.tf": BAR}
    assert [bool(row["error"]) for row in written] == [False, True, True, True]


def test_batch_over_processes_and_parquet(tapfix: Tapfix) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    lay({f"in/{n}.md": ANSWER.replace("= 1", f"= {n}") for n in range(6)})
    assert tapfix("batch", "in", "out.parquet", "-j", "2").code == 0
    rows = parquet.read_table("out.parquet").to_pylist()
    assert [row["id"] for row in rows] == [f"{n}.md" for n in range(6)]
    assert dict(rows[3]["files"])["tap_stack.tf"] == BAR.replace("= 1", "= 3")
    assert tapfix("batch", "in", "out", "-j", "1").code == 0
    assert "out/3.md/files/tap_stack.tf" in {p.as_posix() for p in Path("out").rglob("*.tf")}


def test_an_answer_that_brings_its_worker_down_is_lost_alone(tapfix: Tapfix) -> None:
    rows = [{"id": str(n), "response": ANSWER if n != 1 else ANSWER.replace("foo", "deadly")} for n in range(4)]
    lay({"in.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    assert tapfix("batch", "in.jsonl", "out.jsonl", "-j", "2").code == 1
    written = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in written] == [row["id"] for row in rows]
    assert [(row["id"], row["error"]) for row in written if row["error"]] == [("1", "the worker died of this answer")]


def start(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tapfix", *arguments], stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    lay({"a.tf": "".join(f"a{n}=1\n" for n in range(20_000))}, tmp_path)
    read, write = os.pipe()
    os.close(read)
    process = start("fmt", "a.tf", "--check", "--diff", cwd=tmp_path, stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, b"")


def test_an_interrupt_is_no_error(tmp_path: Path) -> None:
    # A shell that starts the tests in the background has them ignore interrupts, and they would hand that on.
    process = start(
        "diff", "-", cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)  # it reads until somebody closes the pipe
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


def test_the_version_names_parser_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    from tapfix.cli.app import run
    from tapfix.syntax import COMPILED

    for arguments in (["--version", "-v"], ["-v", "--version"]):
        assert run(arguments) == 0
        version, parser, python = capsys.readouterr().out.splitlines()
        assert version.startswith("tapfix ")
        assert parser == ("parser: compiled" if COMPILED else "parser: plain Python")
        assert sys.executable in python
    assert run(["-v"]) == 2


def test_the_version_costs_next_to_nothing() -> None:
    code = "import sys; sys.argv[1:] = ['--version']; from tapfix.__main__ import main; main(); print(len(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    version, modules = done.stdout.splitlines()
    bare = subprocess.run(
        [sys.executable, "-S", "-c", "import sys; print(len(sys.modules))"], capture_output=True, text=True
    )
    assert version.startswith("tapfix ")
    assert int(modules) - int(bare.stdout) <= 4
