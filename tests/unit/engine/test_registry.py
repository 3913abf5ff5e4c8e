"""The fixers that installed packages offer: found wherever a package may lie."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tapfix.engine.registry import installed_fixers
from tapfix.errors import FixerError

FIXER = '''
from tapfix.fixer import Fixer, Safety, Severity


class Offered(Fixer):
    """A rule of somebody's package."""

    rule = "SOME001"
    severity = Severity.LOW
    safety = Safety.SAFE

    def check(self, module, context):
        return []
'''
PACKAGE = {
    "some_rules_{}.py": FIXER,
    "some_{}-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: some-{}\nVersion: 1\n",
    "some_{}-1.dist-info/entry_points.txt": (
        "[console_scripts]\nsome = some:main\n\n[tapfix.fixers]\noffered = some_rules_{}\n"
    ),
}


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    installed_fixers.cache_clear()
    yield
    installed_fixers.cache_clear()


def package(name: str) -> dict[str, str]:
    """The files of an installed package; no two tests share a name, since Python loads a module once."""
    return {path.format(name): text.format(name) for path, text in PACKAGE.items()}


def test_a_package_in_a_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in package("folder").items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert [(fixer.rule, fixer.name) for fixer in installed_fixers()] == [("SOME001", "offered")]


def test_a_package_in_an_archive_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ZipFile(tmp_path / "some.zip", "w") as archive:
        for path, text in package("archive").items():
            archive.writestr(path, text)
    monkeypatch.syspath_prepend(tmp_path / "some.zip")
    assert [(fixer.rule, fixer.name) for fixer in installed_fixers()] == [("SOME001", "offered")]


def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "some-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[tapfix.fixers]\noffered = nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FixerError, match=r"entry point offered \(nothing_of_this_name\)"):
        installed_fixers()


def test_an_entry_that_cannot_be_looked_at_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("/" + "long" * 2_000)
    assert installed_fixers() == ()


def test_nothing_is_asked_where_nothing_is_offered() -> None:
    code = (
        "import sys; from tapfix.engine.registry import all_fixers; all_fixers(); "
        "print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
