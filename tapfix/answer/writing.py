"""Writing an outcome: all of its files or none, and never outside the folder that it goes to.

New text goes into new files beside the old ones first. Then each new file replaces the old one by a rename, which is
one step for every reader. If a rename fails, those before it are undone.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from secrets import token_hex

from tapfix.errors import OutputError


def _target(folder: Path, path: str) -> Path:
    """The place of a file with all links followed. Raises OutputError if that is not inside the folder."""
    try:
        home = folder.resolve()
        target = (home / path).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: the links form a circle
        raise OutputError(f"{folder / path}: cannot be written: {error}") from None
    if not target.is_relative_to(home) or target == home:
        raise OutputError(f"{folder / path}: leads out of {folder}, nothing is written there")
    return target


class WritePlan:
    """The files to write and to remove, and where.

    `readable` are the files that were read, resolved. They may be replaced. Another file that exists and has a
    different text may be replaced only with `force`.
    """

    def __init__(self, readable: Collection[Path] = (), *, force: bool = False) -> None:
        self._readable = readable
        self._force = force
        self._new: dict[Path, bytes | None] = {}
        self._names: dict[Path, Path] = {}
        self._staged: dict[Path, Path] = {}
        self._copies: dict[Path, Path] = {}
        self._placed: list[Path] = []
        self._folders: list[Path] = []

    def put(self, folder: Path, path: str, text: str, *, force: bool = False) -> None:
        """Plan a file, by its path in a folder. A file that has the text already is left alone.

        Raises OutputError if the path leads out of the folder, or if a file exists there that may not be replaced.
        """
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
        self._names[target] = folder / path

    def put_file(self, path: Path, text: str, *, force: bool = False) -> None:
        """Plan a file whose path is given as a whole."""
        self.put(path.parent, path.name, text, force=force)

    def remove(self, folder: Path, path: str) -> None:
        """Plan the removal of a file. A file that was not read is left alone."""
        target = _target(folder, path)
        if target in self._readable and target.exists():
            self._new[target] = None
            self._names[target] = folder / path

    def carry_out(self) -> list[Path]:
        """Carry out all of the plan and return the files that changed; or change nothing and raise OutputError."""
        target = Path()
        try:
            for target, data in self._new.items():
                self._stage(target, data)
            for target in self._new:
                self._place(target)
        except BaseException as error:
            self._undo()
            if isinstance(error, OSError):
                raise OutputError(f"{self._names[target]}: cannot be written: {error.strerror}") from None
            raise
        for path in self._copies.values():
            path.unlink(missing_ok=True)
        return list(self._new)

    def _stage(self, target: Path, data: bytes | None) -> None:
        """Write the new file and a copy of the old one beside the target."""
        self._make_folder(target.parent)
        mode = target.stat().st_mode & 0o7777 if target.exists() else None
        if data is not None:
            self._staged[target] = _write_beside(target, data, mode)
        if mode is not None:
            self._copies[target] = _write_beside(target, target.read_bytes(), mode)

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
        """Put everything back. A file that cannot be put back stays beside its target, under its temporary name."""
        for target in self._placed:
            if target in self._copies:
                os.replace(self._copies.pop(target), target)
            else:
                target.unlink(missing_ok=True)
        for path in (*self._staged.values(), *self._copies.values()):
            path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            try:
                folder.rmdir()
            except OSError:
                pass


def _write_beside(target: Path, data: bytes, mode: int | None) -> Path:
    """Write a file with a temporary name in the target's folder. Without `mode` it has the mode of any new file."""
    path = target.with_name(f".{target.name[:40]}.{token_hex(6)}.tapfix")
    with open(path, "xb") as file:
        file.write(data)
    if mode is not None:
        path.chmod(mode)
    return path
