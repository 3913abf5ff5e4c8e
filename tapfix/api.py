"""The library door: `fix` and its `Result`.

It reads what it is given and writes nothing, prints nothing and keeps no state; it may be called from many threads and processes at once.
What it raises is a `TapfixError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tapfix.answer.source import Source, read_path, read_text
from tapfix.contract import Contract
from tapfix.engine.passes import Diagnosis, Options, Placed, repair
from tapfix.errors import InputError, InternalError, TapfixError
from tapfix.fixer import Finding, Fixer, Status
from tapfix.module import File, Project
from tapfix.syntax import LineIndex

if TYPE_CHECKING:
    from tapfix.report.grade import Grade
    from tapfix.verify import Step

_MARK = "\ufeff"


_NO_OPTIONS = Options()


class Result(NamedTuple):
    """What became of an input."""

    source: Source
    contract: Contract
    files: Mapping[str, str]
    """The text of every file of the outcome, by path."""
    placed: tuple[Placed, ...]
    """The findings with their places in the files that the input held, in reading order."""
    diagnostics: tuple[Diagnosis, ...]
    """What there is to say that is no rule's finding: what does not parse, what the reader of the answer decided."""
    verify: tuple[Step, ...]
    """How far the proof of the outcome got, without Terraform's help."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was wrong, and what became of it."""
        return tuple(placed.finding for placed in self.placed)

    @property
    def base(self) -> dict[str, str]:
        """The files as the input held them: what the diff starts from."""
        return base_of(self.source)

    @property
    def changed(self) -> bool:
        """Whether any file is another than in the input."""
        return dict(self.files) != {self.source.renamed.get(path, path): text for path, text in self.base.items()}

    @property
    def left(self) -> tuple[Finding, ...]:
        """What is still wrong: refused, or only suggested."""
        return tuple(f for f in self.findings if f.status in (Status.REFUSED, Status.SUGGESTED))

    @property
    def is_sound(self) -> bool:
        """Whether no step of the proof failed."""
        return all(step.status != "failed" for step in self.verify)

    def diff(self) -> str:
        """One unified diff of all files, which `git apply` and `patch -p1` take; empty if nothing changed."""
        from tapfix.report import diff

        return diff.render(self.base, self.files, {new: old for old, new in self.source.renamed.items()})

    def response(self) -> str:
        """The answer put together again in the deliverable's form: the files in fences, and nothing around them.

        The metadata file that lay beside the input is no part of it.
        """
        from tapfix.answer.response import write_answer

        files = {path: text for path, text in self.files.items() if path != self.source.metadata}
        return write_answer(files, self.source.files, main=self.contract.deliverable.main)

    def grade(self) -> Grade:
        """What the answer is worth, as given and after repair."""
        from tapfix.report.grade import grade

        return grade(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON report (docs/report.schema.json)."""
        from tapfix.report import json

        return json.document(self)


def fix(
    text_or_path: str | PathLike[str],
    *,
    contract: Contract | None = None,
    fixers: Iterable[Fixer] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    safe_only: bool = False,
    moved: bool = False,
) -> Result:
    """Repair an answer.

    A `str` is the text of an answer or of a `.tf` file, and never a path, so that an answer cannot make tapfix read a file; name a file
    or a folder by a `pathlib.Path`. `contract` is by default the `tapfix.toml` beside or above a path, else the built-in one.
    `fixers` are by default the built-in and the installed ones. `select` and `ignore` take ids, names and beginnings of ids, and go before
    the contract's.
    """
    try:
        if isinstance(text_or_path, str):
            contract = contract or Contract.default()
            source = read_text(text_or_path, contract)
        elif isinstance(text_or_path, PathLike):
            path = Path(text_or_path)
            contract = contract or Contract.find(path if path.is_dir() else path.parent)
            source = read_path(path, contract)
        else:
            raise InputError(f"a text or a path is wanted, not {type(text_or_path).__name__}")
        return fix_source(source, contract, fixers, select, ignore, Options(safe_only=safe_only, moved=moved))
    except TapfixError:
        raise
    except Exception as error:
        raise InternalError(f"{type(error).__name__}: {error}") from error


def fix_source(
    source: Source,
    contract: Contract,
    fixers: Iterable[Fixer] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    options: Options = _NO_OPTIONS,
) -> Result:
    """Repair what was read already."""
    from tapfix import verify
    from tapfix.engine import registry

    known = registry.all_fixers() if fixers is None else tuple(fixers)
    chosen = registry.select(known, select or contract.rules.select, ignore or contract.rules.ignore)
    outcome = repair(source.relative(), chosen, contract, answer=source.relative_answer(), options=options)
    return Result(
        source=source,
        contract=contract,
        files=_marked(source.outcome(outcome.texts), {source.renamed.get(p, p) for p in source.marked}),
        placed=tuple(p._replace(place=p.place._replace(file=source.original(p.place.file))) for p in outcome.placed),
        diagnostics=(*_remarks(source), *_syntax_errors(source, outcome.before), *outcome.diagnoses),
        # A file that a function reads may lie beside the input and not in it.
        verify=verify.rungs([p for p in outcome.problems if p.kind != "missing-file"]),
    )


def base_of(source: Source) -> dict[str, str]:
    """The files of an input as it held them, to the byte."""
    return _marked(source.files, source.marked)


def _remarks(source: Source) -> list[Diagnosis]:
    return [Diagnosis(remark.severity, remark.message, source.name, remark.line, 1) for remark in source.remarks]


def _syntax_errors(source: Source, read: Project) -> list[Diagnosis]:
    """Where the input does not parse."""
    known = {source.original(path): file for path, file in read.files.items()}
    found = []
    for path, text in source.files.items():
        file = known.get(path) or File(path, text)
        if file.kind == "other" or not (diagnostics := file.tree.diagnostics):
            continue
        lines = LineIndex(text)
        found += [Diagnosis(d.severity, d.message, path, *lines.position(d.offset)) for d in diagnostics]
    return found


def _marked(files: Mapping[str, str], marked: Iterable[str]) -> dict[str, str]:
    """The files, with the byte order mark before those that had one."""
    return {path: _MARK + text if path in marked else text for path, text in files.items()}
