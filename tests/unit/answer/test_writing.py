"""Writing files: all or none, never outside the folder, never over a file that was not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tapfix.answer.writing import WritePlan
from tapfix.errors import OutputError


def laid(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_new_folders_and_files(tmp_path: Path) -> None:
    plan = WritePlan()
    plan.put(tmp_path / "out", "a.tf", "a")
    plan.put(tmp_path / "out", "modules/net/b.tf", "b")
    assert len(plan.carry_out()) == 2
    assert laid(tmp_path) == {"out/a.tf": "a", "out/modules/net/b.tf": "b"}


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_leaves_everything_as_it_was(tmp_path: Path, failing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tf").write_text("old a")
    (tmp_path / "b.tf").write_text("old b")
    before = laid(tmp_path)
    plan = WritePlan({(tmp_path / name).resolve() for name in ("a.tf", "b.tf")})
    plan.put(tmp_path, "a.tf", "new a")
    plan.put(tmp_path, "new/c.tf", "new c")
    plan.put(tmp_path, "b.tf", "new b")
    calls = 0
    replace = os.replace

    def fails(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("tapfix.answer.writing.os.replace", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        plan.carry_out()
    assert laid(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_removal_is_part_of_the_plan(tmp_path: Path) -> None:
    for name in ("a.tf", "mine.tf"):
        (tmp_path / name).write_text(name)
    plan = WritePlan({(tmp_path / "a.tf").resolve()})
    plan.remove(tmp_path, "a.tf")
    plan.remove(tmp_path, "mine.tf")  # it was never read
    plan.carry_out()
    assert laid(tmp_path) == {"mine.tf": "mine.tf"}


@pytest.mark.parametrize("path", ["../a.tf", "/etc/a.tf", "x/../../a.tf", "", "."])
def test_nothing_is_planned_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(OutputError):
        WritePlan(force=True).put(tmp_path / "out", path, "a")


def test_a_linked_folder_leads_out_as_well(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "lib").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="leads out of"):
        WritePlan(force=True).put(tmp_path / "out", "lib/a.tf", "a")


def test_a_link_within_the_folder_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.tf").write_text("old")
    (tmp_path / "a.tf").symlink_to("real.tf")
    plan = WritePlan({(tmp_path / "real.tf").resolve()})
    plan.put(tmp_path, "a.tf", "new")
    plan.carry_out()
    assert (tmp_path / "a.tf").is_symlink()
    assert (tmp_path / "real.tf").read_text() == "new"


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("old")
    (tmp_path / "a.sh").chmod(0o750)
    plan = WritePlan(force=True)
    plan.put(tmp_path, "a.sh", "new")
    plan.carry_out()
    assert (tmp_path / "a.sh").stat().st_mode & 0o777 == 0o750


def test_a_file_with_the_same_text_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text("same")
    plan = WritePlan()
    plan.put(tmp_path, "a.tf", "same")
    assert plan.carry_out() == []
