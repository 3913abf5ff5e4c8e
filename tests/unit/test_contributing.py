"""The promises of CONTRIBUTING.md: its example of a rule is pasted into a copy of the checkout, and the house's
checks run on it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
GUIDE = (CHECKOUT / "CONTRIBUTING.md").read_text()
RULE = "TAP190"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the checks read, with the rule of the guide in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("tapfix", "fixers", "grammar", "tests"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (path,) = re.findall(r'^"""(fixers/\w+\.py)"""', block)
    (folder / path).write_text(block)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)


def test_the_rule_passes_the_checks_of_its_style_and_types(copy: Path) -> None:
    path = "fixers/public_bucket.py"
    for check in (["mypy", path], ["ruff", "check", path], ["ruff", "format", "--check", path]):
        done = run(copy, "-m", *check)
        assert done.returncode == 0, done.stdout


def test_the_rule_passes_the_tests_of_rules(copy: Path) -> None:
    done = run(
        copy, "-m", "pytest", "-q", "tests/examples", "tests/unit/test_house.py", "-k", f"{RULE} or public_bucket"
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 5


def test_the_rule_is_complete_with_its_one_file(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_s3_bucket_acl" "a" {\n  bucket = "a"\n  acl    = "public-read"\n}\n'
    )
    assert "A bucket that everybody may read." in run(copy, "-m", "tapfix", "rules", "public-bucket").stdout
    graded = run(copy, "-m", "tapfix", "grade", str(tmp_path / "main.tf"))
    assert graded.returncode in (0, 1), graded.stderr
    assert "A bucket that everybody may read" in graded.stdout


def test_an_example_that_leaves_the_stack_worse_fails(copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    shutil.copytree(copy, folder)
    path = folder / "fixers" / "public_bucket.py"
    path.write_text(
        path.read_text().replace('acl    = "private"', "acl    = var.nowhere").replace("'\"private\"'", '"var.nowhere"')
    )
    done = run(folder, "-m", "pytest", "-q", "tests/examples", "-k", RULE)
    assert done.returncode == 1, done.stdout
    assert "var.nowhere" in done.stdout or "nowhere" in done.stdout


def test_every_file_that_the_guide_names_is_there() -> None:
    named = re.findall(r"`((?:fixers|tapfix|tests|docs|bench)/[\w./]+\.\w+)`", GUIDE)
    made_by_the_reader = {"fixers/public_bucket.py", "fixers/public_bucket/rule.py", "tapfix/report/NAME.py"}
    assert len(named) > 10
    assert not [name for name in named if name not in made_by_the_reader and not (CHECKOUT / name).exists()]
