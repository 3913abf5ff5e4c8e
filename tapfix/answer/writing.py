"""Writing an outcome: all of its files or none, and never outside the folder it goes to.

New text goes into files beside the old ones first; then each takes its place by a rename, which is one step for every reader. If one of
them cannot, those before it are put back.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from secrets import token_hex

from tapfix.errors import OutputError


def _target(folder: Path, path: str) -> Path:
    """Where a file goes, with all links followed; it has to be inside the folder even then."""
    try:
        home = folder.resolve()
        target = (home / path).resolve()
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError
        raise OutputError(f"{folder / path}: cannot be written: {error}") from None
    if not target.is_relative_to(home) or target == home:
        raise OutputError(f"{folder / path}: leads out of {folder}, nothing is written there")
    return target


class WritePlan:
    """What is to be written where.

    `readable` are the files whose text was read, and which the new text came from: they may be written over. Any other file that is there
    and says something else may be only with `force`.
    """

    def __init__(self, readable: Collection[Path] = (), *, force: bool = False) -> None:
        self._readable = readable
        self._force = force
        self._new: dict[Path, bytes | None] = {}
        self._called: dict[Path, Path] = {}
        self._staged: dict[Path, Path] = {}
        self._kept: dict[Path, Path] = {}
        self._placed: list[Path] = []
        self._folders: list[Path] = []

    def put(self, folder: Path, path: str, text: str, *, force: bool = False) -> None:
        """Plan a file, by its path in a folder that it must not lead out of. A file that says the same already is left alone."""
        target = _target(folder, path)
        data = text.encode()
        try:
            if target.is_dir():
                raise OutputError(f"{folder / path}: cannot be written: it is a folder")
            old = target.read_bytes() if target.exists() else None
        except OSError as error:
            raise OutputError(f"{folder / path}: cannot be written: {error.strerror}") from None
        if old == data:
            return
        if old is not None and not (force or self._force or target in self._readable):
            raise OutputError(f"{folder / path} is there already and was not read; --force writes over it")
        self._new[target] = data
        self._called[target] = folder / path

    def put_file(self, path: Path, text: str, *, force: bool = False) -> None:
        """Plan a file that is named by itself."""
        self.put(path.parent, path.name, text, force=force)

    def take_away(self, folder: Path, path: str) -> None:
        """Plan the removal of a file that was read."""
        target = _target(folder, path)
        if target in self._readable and target.exists():
            self._new[target] = None
            self._called[target] = folder / path

    def carry_out(self) -> list[Path]:
        """Do it all, and say which files changed; or do nothing, and raise OutputError."""
        target = Path()
        try:
            for target, data in self._new.items():
                self._stage(target, data)
            for target in self._new:
                self._place(target)
        except BaseException as error:
            self._undo()
            if isinstance(error, OSError):
                raise OutputError(f"{self._called[target]}: cannot be written: {error.strerror}") from None
            raise
        for path in self._kept.values():
            path.unlink(missing_ok=True)
        return list(self._new)

    def _stage(self, target: Path, data: bytes | None) -> None:
        """Write the new file beside its place, and a copy of the old one."""
        self._make_folder(target.parent)
        mode = target.stat().st_mode & 0o7777 if target.exists() else None
        if data is not None:
            self._staged[target] = _write_beside(target, data, mode)
        if mode is not None:
            self._kept[target] = _write_beside(target, target.read_bytes(), mode)

    def _make_folder(self, folder: Path) -> None:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir()
            self._folders.append(path)

    def _place(self, target: Path) -> None:
        if target in self._staged:
            os.replace(self._staged[target], target)
        else:
            target.unlink()
        self._placed.append(target)

    def _undo(self) -> None:
        """Put everything back; what cannot be is left beside its place, under its other name."""
        for target in self._placed:
            if target in self._kept:
                os.replace(self._kept.pop(target), target)
            else:
                target.unlink(missing_ok=True)
        for path in (*self._staged.values(), *self._kept.values()):
            path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            try:
                folder.rmdir()
            except OSError:
                pass


def _write_beside(target: Path, data: bytes, mode: int | None) -> Path:
    """A new file with a name of its own in the target's folder; without a mode it gets that of any new file."""
    path = target.with_name(f".{target.name[:40]}.{token_hex(6)}.tapfix")
    with open(path, "xb") as file:
        file.write(data)
    if mode is not None:
        path.chmod(mode)
    return path
