"""Formatting files in place, as `terraform fmt` does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapfix.answer.response import decode
from tapfix.answer.source import LARGEST
from tapfix.answer.writing import Plan
from tapfix.errors import InputError
from tapfix.syntax import parse, position
from tapfix.syntax.formatter import format_text

_ENDINGS = (".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl")
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not formatted, and its text before and after."""

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """The change as a unified diff."""
        from tapfix.report import diff

        name = self.path.as_posix()
        return diff.render({name: self.before}, {name: self.after})


def changes(paths: Sequence[Path], *, recursive: bool = False) -> tuple[list[Change], list[InputError]]:
    """The files among `paths`, and in the folders among them, that are not formatted, and why others cannot be. Nothing is written."""
    found, errors = [], []
    for path in _files(paths, recursive):
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        if len(data) > LARGEST:
            raise InputError(f"{path} is too large")
        text = decode(data, str(path))
        try:
            formatted = formatted_text(text, str(path))
        except InputError as error:
            errors.append(error)
            continue
        if formatted != text:
            mark = _MARK if data.startswith(_MARK.encode()) else ""
            found.append(Change(path, mark + text, mark + formatted))
    return found, errors


def formatted_text(text: str, name: str) -> str:
    """The text as `terraform fmt` would write it. Raises InputError, as that command fails, if it does not parse."""
    tree = parse(text)
    if tree.diagnostics:
        first = tree.diagnostics[0]
        line, column = position(text, first.offset)
        raise InputError(f"{name}:{line}:{column}: {first.message}; it is not formatted before it parses")
    return format_text(tree)


def write(found: Sequence[Change]) -> None:
    """Write the formatted texts, all or none."""
    plan = Plan(frozenset(change.path.resolve() for change in found))
    for change in found:
        # The file may be a link: it is the one that was named, wherever it is.
        plan.put_file(change.path.resolve(), change.after)
    plan.carry_out()


def _files(paths: Sequence[Path], recursive: bool) -> Iterator[Path]:
    for path in paths:
        if os.path.isdir(path):
            yield from _files_in(path, recursive)
        elif not os.path.exists(path):
            raise InputError(f"{path}: no such file or folder")
        elif not path.name.endswith(_ENDINGS):
            raise InputError(f"{path}: only files that end in {', '.join(_ENDINGS)} are formatted")
        else:
            yield path


def _files_in(folder: Path, recursive: bool) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if recursive else []
        yield from (Path(where, name) for name in sorted(names) if name.endswith(_ENDINGS) and not name.startswith("."))
