"""Formatting files in place, as `terraform fmt` does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapfix.answer.decode import MARK, decode, has_mark, read_file
from tapfix.answer.writing import WritePlan
from tapfix.errors import InputError
from tapfix.syntax import parse, position
from tapfix.syntax.formatter import format_text

_ENDINGS = (".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl")


@dataclass(frozen=True, slots=True)
class FormatChange:
    """A file that is not formatted, with its text before and after.

    Both texts have the file's byte order mark, if it has one.
    """

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """The change as a unified diff."""
        from tapfix.report import diff

        name = self.path.as_posix()
        return diff.render({name: self.before}, {name: self.after})


def changes(paths: Sequence[Path], *, recursive: bool = False) -> tuple[list[FormatChange], list[InputError]]:
    """The files that are not formatted, and an error for each file that does not parse. Nothing is written.

    `paths` are files and folders; `recursive` enters the folders of a folder as well, but not hidden ones. Raises
    InputError if a file cannot be read.
    """
    found, errors = [], []
    for path in _files(paths, recursive):
        data = read_file(path)
        text = decode(data, str(path))
        try:
            formatted = formatted_text(text, str(path))
        except InputError as error:
            errors.append(error)
            continue
        if formatted != text:
            mark = MARK if has_mark(data) else ""
            found.append(FormatChange(path, mark + text, mark + formatted))
    return found, errors


def formatted_text(text: str, name: str) -> str:
    """The text as `terraform fmt` would write it. Raises InputError, as that command fails, if it does not parse."""
    tree = parse(text)
    if tree.diagnostics:
        first = tree.diagnostics[0]
        line, column = position(text, first.offset)
        raise InputError(f"{name}:{line}:{column}: {first.message}; it is not formatted before it parses")
    return format_text(tree)


def write(found: Sequence[FormatChange]) -> None:
    """Write the formatted texts, all or none. Raises OutputError if one cannot be written."""
    plan = WritePlan(frozenset(change.path.resolve() for change in found))
    for change in found:
        # The file may be a link. Its target is written, wherever that is.
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
