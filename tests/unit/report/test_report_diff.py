"""The diff: whatever the two states are, `git apply` and `patch -p1` turn the one into the other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tapfix.report import diff

LONG = "".join(f"line {n}\n" for n in range(400))

CASES: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "one line": ({"a.tf": "x = 1\ny = 2\n"}, {"a.tf": "x = 1\ny = 3\n"}, {}),
    "added and removed": ({"old.tf": "x\n"}, {"new.tf": "y\n"}, {}),
    "added in a folder": ({"a.tf": "x\n"}, {"a.tf": "x\n", "modules/net/main.tf": "y\nz\n"}, {}),
    "no newline before": ({"a.tf": "x\ny"}, {"a.tf": "x\ny\n"}, {}),
    "no newline after": ({"a.tf": "x\ny\n"}, {"a.tf": "x\ny"}, {}),
    "no newline in either": ({"a.tf": "x\ny"}, {"a.tf": "z\ny"}, {}),
    "no newline in a new file": ({}, {"a.tf": "x"}, {}),
    "windows line endings": ({"a.tf": "x\r\ny\r\n"}, {"a.tf": "x\r\nz\r\n"}, {}),
    "mixed line endings": ({"a.tf": "x\r\ny\nz\n"}, {"a.tf": "x\ny\nz\r\n"}, {}),
    "other line breaks": ({"a.tf": "x\x0cy\x85\u2028z\n1\n"}, {"a.tf": "x\x0cy\x85\u2028z\n2\n"}, {}),
    "a lone carriage return": ({"a.tf": "x\ry\n1\n"}, {"a.tf": "x\ry\n2\n"}, {}),
    "a space in the name": ({"my stack.tf": "x\n"}, {"my stack.tf": "y\n"}, {}),
    "a new file with a space in its name": ({}, {"my stack.tf": "y\n"}, {}),
    "a copy": (
        {"main.tf": LONG}, {"tap_stack.tf": LONG.replace("line 7\n", "line seven\n")}, {"tap_stack.tf": "main.tf"},
    ),
    "a plain copy": ({"main.tf": LONG}, {"tap_stack.tf": LONG}, {"tap_stack.tf": "main.tf"}),
    "a copy, changed beyond recognition": ({"main.tf": "x\n"}, {"tap_stack.tf": "y\n"}, {"tap_stack.tf": "main.tf"}),
    "emptied": ({"a.tf": "x\n"}, {"a.tf": ""}, {}),
    "filled": ({"a.tf": ""}, {"a.tf": "x\n"}, {}),
    "lines that look like headers": ({"a.tf": "-- a\n++ b\n@@ x\n"}, {"a.tf": "++ b\n-- a\n@@ y\n"}, {}),
    "a heading far from the rest": ({"a.tf": LONG}, {"a.tf": "new\n" + LONG.replace("line 390\n", "")}, {}),
    "a byte order mark": ({"a.tf": "\ufeffx\n"}, {"a.tf": "\ufeffy\n"}, {}),
}  # fmt: skip
ONLY_GIT: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "a new empty file": ({"a.tf": "x\n"}, {"a.tf": "y\n", "dev.tfvars": ""}, {}),
    "a name that is not ASCII": ({"größe.tf": "x\n"}, {"größe.tf": "y\n"}, {}),
    "a name with a quote in it": ({'a"b\\c\td.tf': "x\n"}, {'a"b\\c\td.tf': "y\n"}, {}),
}
"""What some versions of `patch` do not take: an empty file without a hunk, and quoted names."""


def lay(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def laid(folder: Path) -> dict[str, str]:
    paths = (p for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes().decode() for p in paths}


def expected(before: Mapping[str, str], after: Mapping[str, str], copies: Mapping[str, str]) -> dict[str, str]:
    """A file that was copied from stays."""
    return {**{old: before[old] for old in copies.values()}, **after}


@pytest.mark.parametrize("name", [*CASES, *ONLY_GIT])
def test_git_applies_it(name: str, tmp_path: Path) -> None:
    before, after, copies = {**CASES, **ONLY_GIT}[name]
    lay(tmp_path, before)
    text = diff.render(before, after, copies)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert laid(tmp_path) == expected(before, after, copies)


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch on the PATH")
@pytest.mark.parametrize("name", CASES)
def test_patch_applies_it(name: str, tmp_path: Path) -> None:
    before, after, copies = CASES[name]
    lay(tmp_path, before)
    text = diff.render(before, after, copies)
    done = subprocess.run(
        ["patch", "-p1", "--no-backup-if-mismatch"], cwd=tmp_path, input=text.encode(), capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()
    assert laid(tmp_path) == expected(before, after, copies)


def test_nothing_changed_is_no_diff() -> None:
    assert diff.render({"a.tf": "x\n"}, {"a.tf": "x\n"}) == ""


def test_says_what_git_says(tmp_path: Path) -> None:
    before, after = "".join(f"{n}\n" for n in range(1, 30)), "".join(f"{n}\n" for n in range(1, 30) if n != 15)
    lay(tmp_path, {"a/x.tf": before, "b/x.tf": after})
    made = subprocess.run(
        ["git", "diff", "--no-index", "--no-prefix", "a/x.tf", "b/x.tf"], cwd=tmp_path, capture_output=True, text=True
    ).stdout
    lines = [line for line in made.splitlines() if not line.startswith("index ")]
    # After the numbers of a hunk, Git repeats the line above the hunk.
    lines = [f"{line[: line.index('@@', 2)]}@@" if line.startswith("@@") else line for line in lines]
    assert diff.render({"x.tf": before}, {"x.tf": after}).splitlines() == lines


def test_a_large_file_with_a_small_change_is_quick() -> None:
    text = "".join(f"resource {n % 50}\n}}\n" for n in range(100_000))
    assert diff.render({"a.tf": text}, {"a.tf": text.replace("resource 7\n", "resource seven\n", 1)}).count("\n") == 12
