"""The wheel, built from the sdist and installed into a venv of its own, outside of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")

CHECKOUT = Path(__file__).parents[2]
ANSWER = "# Here you are\n\n```hcl\nlocals {\n  made = timestamp()\n}\n```\n"


def run(*command: str | Path, cwd: Path, expect: int | None = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, timeout=300)
    assert expect is None or done.returncode == expect, done.stderr.decode()
    return done.stdout.decode()  # `text=True` would change line endings


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, CHECKOUT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a venv with the wheel and its dependencies, and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin"


def test_has_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} <= {"tapfix", f"{'-'.join(wheel.stem.split('-')[:2])}.dist-info"}
    for folder in ("grammar", "fixers"):
        there = {p.relative_to(CHECKOUT).as_posix() for p in CHECKOUT.joinpath(folder).rglob("*") if p.is_file()}
        packed = {name.removeprefix("tapfix/") for name in names if name.startswith(f"tapfix/{folder}/")}
        assert packed == {name for name in there if "__pycache__" not in name}
    assert "tapfix/py.typed" in names
    assert not [name for name in names if name.endswith(".pyc") or "corpus" in name]


def test_knows_its_rules(installed: Path, tmp_path: Path) -> None:
    rules = json.loads(run(installed / "tapfix", "rules", "--format", "json", cwd=tmp_path))
    here = json.loads(run(sys.executable, "-m", "tapfix", "rules", "--format", "json", cwd=tmp_path))
    assert rules == here
    assert "TAP003" in {rule["rule"] for rule in rules}


def test_repairs(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "response.md").write_text(ANSWER)
    out = run(installed / "tapfix", "apply", "response.md", "-o", "out", cwd=tmp_path, expect=None)
    assert out.startswith("diff --git ")
    assert "timestamp()" not in (tmp_path / "out" / "tap_stack.tf").read_text()


def test_is_typed(installed: Path, tmp_path: Path) -> None:
    """A program that uses the library passes mypy's strict mode against the installed package."""
    (tmp_path / "uses.py").write_text(
        "import tapfix\n\n\ndef repaired(text: str) -> dict[str, str]:\n    return dict(tapfix.fix(text).files)\n"
    )
    run(sys.executable, "-m", "mypy", "--strict", "--python-executable", installed / "python", "uses.py", cwd=tmp_path)


def test_is_compiled_where_there_is_a_compiler(installed: Path, tmp_path: Path) -> None:
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("no C compiler on the PATH")
    assert "parser: compiled\n" in run(installed / "tapfix", "--version", "-v", cwd=tmp_path)


def test_is_plain_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiler the wheel is plain Python, and its name says that it fits every platform."""
    monkeypatch.setenv("CC", "/nowhere/cc")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, CHECKOUT, cwd=tmp_path)
    (built,) = tmp_path.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path / "unpacked")
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]
    asked = "from tapfix.syntax import COMPILED, parse; print(COMPILED, parse('a = 1').code())"
    assert run(sys.executable, "-c", asked, cwd=tmp_path / "unpacked") == "False a = 1\n"


def test_does_the_same_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    for answer in ("several", "region_pair", "cut_off", "windows_lines"):
        folder = tmp_path / answer
        folder.mkdir()
        for name in ("response.md", "tapfix.toml", "PROMPT.md", "metadata.json"):
            if (CHECKOUT / "corpus" / answer / name).exists():
                shutil.copy(CHECKOUT / "corpus" / answer / name, folder)
        out = run(installed / "tapfix", "diff", "response.md", "-q", cwd=folder, expect=1)
        with (CHECKOUT / "corpus" / answer / "expected.diff").open(newline="") as expected:
            assert out == expected.read()


def test_version(installed: Path, tmp_path: Path) -> None:
    asked = run(installed / "tapfix", "--version", cwd=tmp_path).split()
    told = run(
        installed / "python", "-c", "from importlib.metadata import version as v; print(v('tapfix'))", cwd=tmp_path
    )
    assert asked == ["tapfix", told.strip()]
