"""The library door: `fix` and its `Result`.

It reads what it is given, writes nothing, prints nothing and keeps no state. Many threads and processes may call it at
once. It raises `TapfixError` and its subclasses only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tapfix.answer.files import Remark
from tapfix.answer.source import Source, read_path, read_text
from tapfix.answer.terms import GivenPrompt, terms_for
from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.errors import InputError, InternalError, TapfixError
from tapfix.fixer import Fixer
from tapfix.module import File, Project
from tapfix.paths import FilePath
from tapfix.result import Placed, ResultData
from tapfix.syntax import LineIndex

if TYPE_CHECKING:
    from tapfix.report.grade import Grade

_NO_OPTIONS = Options()


class Result(ResultData):
    """What became of an input, with the reports on it. It compares, hashes and pickles as the plain data that it is."""

    __slots__ = ()

    def diff(self) -> str:
        """One unified diff of all files, which `git apply` and `patch -p1` take; empty if nothing changed."""
        from tapfix.report.diff import diff_of

        return diff_of(self)

    def response(self) -> str:
        """A reply made of the outcome: the files in fences, and nothing around them.

        The metadata file that was beside the input is not in it.
        """
        from tapfix.answer.writer import write_answer

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
    prompt: GivenPrompt = None,
    fixers: Iterable[Fixer] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    safe_only: bool = False,
    moved: bool = False,
) -> Result:
    """Repair an answer.

    A `str` is the text of an answer or of a `.tf` file, and never a path, so that an answer cannot make tapfix read a
    file. A `pathlib.Path` names a file or a folder. `contract` is by default the `tapfix.toml` beside or above a path,
    else the built-in one. What it does not state, the prompt states: `prompt` is the prompt's text, or a `pathlib.Path`
    of its file. By default it is the `PROMPT.md` beside a path, if there is one; False or an empty text means none.
    `fixers` are by default the built-in and the installed ones. `select` and `ignore` take ids, names and beginnings of
    ids, and replace those of the contract. `safe_only` makes only the fixes that leave the stack's meaning as it is.
    `moved` writes `moved` blocks for what gets another address.

    Raises InputError if the input cannot be read as Terraform, or a given prompt not at all; UnsafePathError if the
    input names a file outside its folder; ContractError if the contract is wrong; FixerError if a fixer is unknown; and
    InternalError for a fault of tapfix.
    """
    try:
        if isinstance(text_or_path, str):
            terms = terms_for(None, contract, prompt)
            source = read_text(text_or_path, terms.contract)
        elif isinstance(text_or_path, PathLike):
            path = Path(text_or_path)
            terms = terms_for(path, contract, prompt)
            source = read_path(path, terms.contract)
        else:
            raise InputError(f"a text or a path is wanted, not {type(text_or_path).__name__}")
        source = source.remarked(terms.remarks)
        return fix_source(source, terms.contract, fixers, select, ignore, Options(safe_only=safe_only, moved=moved))
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
    """Repair an input that was read already. For the parameters see `fix`."""
    from tapfix import verify
    from tapfix.engine import registry

    known = registry.all_fixers() if fixers is None else tuple(fixers)
    chosen = registry.select(known, select or contract.rules.select, ignore or contract.rules.ignore)
    outcome = repair(source.relative(), chosen, contract, answer=source.relative_answer(), options=options)
    seen = source.seen()
    return Result(
        source=source,
        contract=contract,
        files=source.outcome(outcome.texts),
        placed=tuple(_in_input(placed, source, seen) for placed in outcome.placed),
        diagnostics=(*source.remarks, *_syntax_errors(source, seen, outcome.before), *outcome.remarks),
        # A file that a function reads may be beside the input and not in it.
        verify=verify.rungs([p for p in outcome.problems if p.kind != "missing-file"]),
    )


def _in_input(placed: Placed, source: Source, seen: Mapping[str, FilePath]) -> Placed:
    """A finding with the path that its file has in the input, instead of the one that the rules know."""
    name = placed.place.file
    path = seen.get(name) or source.new_path(name)
    return placed._replace(place=placed.place._replace(file=path.given if name else ""))


def _syntax_errors(source: Source, seen: Mapping[str, FilePath], read: Project) -> Iterator[Remark]:
    """Where the input does not parse."""
    parsed = {path.given: read.files[name] for name, path in seen.items()}
    for path, text in source.files.items():
        file = parsed.get(path) or File(path, text)
        if file.kind == "other" or not (diagnostics := file.tree.diagnostics):
            continue
        lines = LineIndex(text)
        for d in diagnostics:
            severity: Literal["error", "warning"] = "warning" if d.severity == "warning" else "error"
            yield Remark(severity, d.message, path, *lines.position(d.offset))
