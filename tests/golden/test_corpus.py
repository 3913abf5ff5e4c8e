"""The corpus: the outcome of each answer, byte for byte, and what is true of the outcome of every answer.

`pytest tests/golden --regenerate` (or `make golden`) writes the expected files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import tapfix
from tapfix.cli import app as cli
from tapfix.module import kind_of

CORPUS = Path(__file__).parents[2] / "corpus"
ANSWERS = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())
_INPUTS = ("response.md", "main.tf", "module")

answers = pytest.mark.parametrize("name", ANSWERS)


@pytest.fixture
def folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the answer's folder without the expected files, as the working folder: names in reports are short."""
    copy = tmp_path / "answer"
    shutil.copytree(CORPUS / name, copy, ignore=shutil.ignore_patterns("expected", "expected.diff", "findings.json"))
    monkeypatch.chdir(copy)
    return copy


def input_in(folder: Path) -> Path:
    return next(Path(name) for name in _INPUTS if (folder / name).exists())


def run(command: str, *arguments: str | Path, capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[int, bytes]:
    capfdbinary.readouterr()
    code = cli.run([command, *map(str, arguments)])
    out, err = capfdbinary.readouterr()
    assert code in (0, 1), err.decode()
    return code, out


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their relative path, without those of git."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@answers
def test_the_outcome(
    name: str, folder: Path, request: pytest.FixtureRequest, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, diff = run("apply", input_in(folder), "-o", "out", "--report", "report.json", capfdbinary=capfdbinary)
    report = json.loads((folder / "report.json").read_text())
    findings = json.dumps(
        {"exit_code": code, "findings": report["findings"], "diagnostics": report["diagnostics"]},
        indent=2,
        ensure_ascii=False,
    )
    made = {f"expected/{path}": data for path, data in files_in(folder / "out").items()}
    made |= {"expected.diff": diff, "findings.json": findings.encode() + b"\n"}
    if request.config.getoption("--regenerate"):
        shutil.rmtree(CORPUS / name / "expected", ignore_errors=True)
        write(CORPUS / name, made)
    there = files_in(CORPUS / name)
    wanted = {path: data for path, data in there.items() if path.startswith("expected") or path == "findings.json"}
    assert made.keys() == wanted.keys()
    for path, data in made.items():
        assert data.decode() == wanted[path].decode(), path


@answers
def test_a_second_apply_changes_nothing(name: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run("apply", input_in(folder), "-o", "out", capfdbinary=capfdbinary)
    for extra in ("tapfix.toml", "PROMPT.md", "metadata.json"):
        if (folder / extra).exists() and not (folder / "out" / extra).exists():
            shutil.copy(folder / extra, folder / "out")
    once = files_in(folder / "out")
    stack = folder / "out" / "tap_stack.tf"
    for again in (stack if stack.exists() else folder / "out", folder / "out"):
        _, diff = run("apply", again, capfdbinary=capfdbinary)
        assert diff == b""
        assert files_in(folder / "out") == once


@answers
def test_in_place_and_elsewhere_agree(name: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source = input_in(folder)
    before = files_in(folder)
    code, shown = run("diff", source, capfdbinary=capfdbinary)
    assert files_in(folder) == before
    expected = json.loads((CORPUS / name / "findings.json").read_text())
    something = shown or expected["exit_code"] or any(f["status"] != "suppressed" for f in expected["findings"])
    assert code == (1 if something else 0)
    _, elsewhere = run("apply", source, "-o", "out", capfdbinary=capfdbinary)
    written = files_in(folder / "out")
    shutil.rmtree(folder / "out")
    _, in_place = run("apply", source, capfdbinary=capfdbinary)
    assert shown == elsewhere == in_place
    home = source if source.is_dir() else folder
    assert {path: (home / path).read_bytes() for path in written} == written


@answers
def test_the_diff_applies(name: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """On the files of the answer, git and patch make exactly the written files from the diff."""
    source = input_in(folder)
    _, diff = run("apply", source, "-o", "out", capfdbinary=capfdbinary)
    run("extract", source, "-o", "base", capfdbinary=capfdbinary)
    for program in (("git", "apply", "-"), ("patch", "-p1", "--no-backup-if-mismatch")):
        patched = folder / program[0]
        shutil.copytree(folder / "base", patched)
        subprocess.run(["git", "init", "-q"], cwd=patched, check=True)
        if diff and shutil.which(program[0]):
            subprocess.run(program, cwd=patched, input=diff, check=True, capture_output=True)
            written = files_in(folder / "out")
            if source.suffix == ".tf" and source.name not in written:
                written[source.name] = source.read_bytes()  # the input stays; the stack is a copy of it
            assert files_in(patched) == written


@cache
def result_of(name: str) -> tapfix.Result:
    return tapfix.fix(next(path for n in _INPUTS if (path := CORPUS / name / n).exists()))


@answers
def test_new_text_is_formatted(name: str) -> None:
    """A file that was formatted before is formatted afterwards, and a new file always is."""
    result = result_of(name)
    for path, text in result.files.items():
        before = result.base.get(next((old for old, new in result.source.renamed.items() if new == path), path))
        if kind_of(path) != "other" and (before is None or tapfix.format(before) == before):
            assert tapfix.format(text) == text


@pytest.mark.terraform
def test_terraform_agrees_that_it_is_formatted(tmp_path: Path) -> None:
    """The same by `terraform fmt`, for all answers at once."""
    for result in map(result_of, ANSWERS):
        for path, text in result.files.items():
            before = result.base.get(path, "")
            was_formatted = tapfix.format(before) == before and not result.source.renamed
            if kind_of(path) != "other" and was_formatted and not tapfix.parse(text).diagnostics:
                write(tmp_path / result.source.name.replace("/", "_"), {path: text.encode()})
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "."], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@answers
def test_every_finding_can_be_understood(name: str) -> None:
    """It has a message, its position is in the file that it names, and a finding that was not fixed has a reason."""
    result = result_of(name)
    for finding in result.to_dict()["findings"]:
        assert finding["message"] and finding["message"].strip() == finding["message"]
        assert finding["reason"] or finding["status"] in ("fixed", "suggested"), finding
        if finding["file"] in result.base:
            lines = result.base[finding["file"]].split("\n")
            assert 1 <= finding["line"] <= finding["end_line"] <= len(lines)
            assert 1 <= finding["column"] <= len(lines[finding["line"] - 1]) + 1
