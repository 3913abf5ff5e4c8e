"""The pipeline door: many answers in, a row for each out, in their order, over all processors.

Answers come from a folder, a JSON Lines file or a Parquet file, and rows go to one of these. An answer that cannot be
read, or that ends a worker, becomes a row with an error. It does not stop the others.
"""

from __future__ import annotations

import json
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

from tapfix.answer.files import PROMPT_FILE
from tapfix.answer.source import read_path, read_text
from tapfix.answer.terms import terms_for
from tapfix.answer.writing import WritePlan
from tapfix.api import fix_source
from tapfix.contract import Contract
from tapfix.engine.passes import Options
from tapfix.engine.registry import all_fixers
from tapfix.errors import InputError, OutputError, TapfixError

if TYPE_CHECKING:
    from pyarrow import RecordBatch

_NO_OPTIONS = Options()

_ROWS_AT_ONCE = 256
"""How many rows of a Parquet file are read or written at once."""

_AHEAD = 4
"""How many answers wait for each worker: enough to keep it busy, few enough to use little memory."""


class Task(NamedTuple):
    """One answer: its text, or the path of its file."""

    id: str
    text: str = ""
    path: Path | None = None
    error: str = ""
    """Why there is no answer."""
    prompt: str | None = None
    """The text of its prompt, empty for none; None if it may be in a file beside the answer."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What became of one answer."""

    id: str
    files: dict[str, str]
    diff: str
    report: dict[str, Any]
    error: str = ""
    is_done: bool = False
    """Whether nothing is left to fix. It is not written."""
    has_found_prompt: bool = False
    """Whether the `PROMPT.md` beside the answer was read. It is not written."""

    def columns(self) -> dict[str, Any]:
        """What is written of it, by name."""
        return {"id": self.id, "files": self.files, "diff": self.diff, "report": self.report, "error": self.error}


@dataclass(frozen=True, slots=True)
class Settings:
    """How all answers of a batch are treated. It has the fixers' folders, because fixers of a folder do not pickle."""

    contract: Contract
    folders: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    options: Options = _NO_OPTIONS
    finds_prompts: bool = True
    """Whether a `PROMPT.md` beside an answer is its prompt."""


# --- in ---------------------------------------------------------------------------------------------------------------


def read_tasks(source: Path, *, column: str, pattern: str, prompt_column: str | None = None) -> Iterator[Task]:
    """The answers of a folder, or of a JSON Lines or a Parquet file.

    In a folder they are the files that `pattern` matches, but for prompts (`PROMPT.md`); in a file, the texts in
    `column`, with the prompts in `prompt_column`, if it is given. Raises InputError, before
    it yields the first answer, if there is no such folder or file, or if nothing in it can be an answer.
    """
    if os.path.isdir(source):
        paths = sorted(path for path in source.glob(pattern) if path.is_file() and path.name != PROMPT_FILE)
        if not paths:
            raise InputError(f"no file in {source} matches {pattern}")
        return (Task(path.relative_to(source).as_posix(), path=path) for path in paths)
    if not os.path.exists(source):
        raise InputError(f"{source}: no such file or folder")
    columns = _Columns(column, prompt_column)
    return _parquet_tasks(source, columns) if source.suffix == ".parquet" else _json_tasks(source, columns)


class _Columns(NamedTuple):
    """The keys or columns of a row that are read."""

    answer: str
    prompt: str | None

    def task(self, record: dict[str, Any], number: int) -> Task:
        """The task of a row. A row whose prompt is null has none."""
        name = str(record.get("id", number))
        if not isinstance(text := record.get(self.answer), str):
            return Task(name, error=_lacking(record, number, self.answer))
        if self.prompt is None:
            return Task(name, text)
        prompt = record.get(self.prompt, 0)
        if not isinstance(prompt, str | None):
            return Task(name, error=_lacking(record, number, self.prompt))
        return Task(name, text, prompt=prompt or "")


def _lacking(record: dict[str, Any], number: int, column: str) -> str:
    return f"row {number} has no text in {column!r}; it has {', '.join(map(str, record))}"


def _json_tasks(source: Path, columns: _Columns) -> Iterator[Task]:
    try:
        with source.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _json_task(line, number, columns)
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror}") from None


def _json_task(line: bytes, number: int, columns: _Columns) -> Task:
    try:
        record = json.loads(line)
    except ValueError as error:
        return Task(str(number), error=f"line {number} is not JSON: {error}")
    if not isinstance(record, dict):
        return Task(str(number), error=f"line {number} is not a JSON object")
    return columns.task(record, number)


def _parquet_tasks(source: Path, columns: _Columns) -> Iterator[Task]:
    parquet = _parquet()
    try:
        file = parquet.ParquetFile(source)
    except (OSError, ValueError) as error:
        raise InputError(f"{source} is not a Parquet file: {' '.join(str(error).split())}") from None
    with file:
        names = file.schema_arrow.names
        for column in filter(None, columns):
            if column not in names:
                raise InputError(f"{source} has no column {column!r}; it has {', '.join(names)}")
        wanted = [name for name in dict.fromkeys(("id", *columns)) if name in names]
        number = 0
        batch: RecordBatch
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=wanted):
            for record in batch.to_pylist():
                number += 1
                yield columns.task(record, number)


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError:
        raise InputError("Parquet files need pyarrow: pip install 'tapfix[batch]'") from None
    return parquet


# --- through ----------------------------------------------------------------------------------------------------------


def repair_all(tasks: Iterable[Task], settings: Settings, jobs: int) -> Iterator[AnswerRow]:
    """A row for each task, in order."""
    if jobs == 1:
        for task in tasks:
            yield repair_one(task, settings)
        return
    waiting = iter(tasks)
    while batch := list(islice(waiting, jobs * _AHEAD)):
        # An answer that ends its worker breaks the pool for all answers in it. They are tried again, each in a pool of
        # its own, so that only that answer is lost.
        rest: Sequence[Task] = batch
        try:
            with _pool(jobs) as pool:
                running: deque[tuple[Task, Future[AnswerRow]]] = deque()
                running.extend((task, pool.submit(repair_one, task, settings)) for task in batch)
                while running:
                    rest = [task for task, _ in running]
                    yield running[0][1].result()
                    running.popleft()
                    running.extend((task, pool.submit(repair_one, task, settings)) for task in islice(waiting, 1))
            rest = ()
        except BrokenProcessPool:
            pass
        for task in rest:
            yield _repair_apart(task, settings)


def _failed(task: Task, error: str) -> AnswerRow:
    return AnswerRow(task.id, files={}, diff="", report={}, error=error)


def _repair_apart(task: Task, settings: Settings) -> AnswerRow:
    try:
        with _pool(1) as pool:
            return pool.submit(repair_one, task, settings).result()
    except BrokenProcessPool:
        return _failed(task, "the worker died of this answer")


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Workers are started anew and not forked, because a fork copies the threads' locks of the caller.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent)
    try:
        yield pool
    finally:
        # After an error, or Ctrl-C, the answers that still wait are not wanted.
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def repair_one(task: Task, settings: Settings) -> AnswerRow:
    """The row of one task. It raises nothing: an error is in the row."""
    if task.error:
        return _failed(task, task.error)
    try:
        terms = terms_for(task.path, settings.contract, task.prompt if settings.finds_prompts else False)
        if task.path is None:
            source = read_text(task.text, terms.contract, task.id)
        else:
            source = read_path(task.path, terms.contract)
        fixers = all_fixers(settings.folders)
        source = source.remarked(terms.remarks)
        result = fix_source(source, terms.contract, fixers, settings.select, settings.ignore, settings.options)
        return AnswerRow(
            task.id,
            dict(result.files),
            result.diff(),
            result.to_dict(),
            is_done=result.is_done,
            has_found_prompt=bool(terms.notice),
        )
    except TapfixError as error:
        return _failed(task, str(error))
    except Exception as error:
        return _failed(task, f"internal error: {type(error).__name__}: {error}")


# --- out --------------------------------------------------------------------------------------------------------------


class Sink(Protocol):
    """Where rows go."""

    def put(self, row: AnswerRow) -> None:
        """Write one row, now or when the sink is closed."""


@contextmanager
def open_sink(target: Path, *, force: bool) -> Iterator[Sink]:
    """A sink for rows: a `.jsonl` or `.parquet` file, or else a folder.

    A file exists under its name only after all rows are in it. Raises OutputError if it exists already, unless
    `force` is set, or if it cannot be written.
    """
    if target.suffix not in (".jsonl", ".ndjson", ".parquet"):
        yield _Folder(target, force)
        return
    if os.path.isdir(target) or (os.path.exists(target) and not force):
        raise OutputError(f"{target} is there already; --force writes over it")
    unfinished = target.with_name(f".{target.name}.{token_hex(6)}.tapfix")
    try:
        with unfinished.open("xb") as file:
            sink = _Parquet(file) if target.suffix == ".parquet" else _JsonLines(file)
            yield sink
            sink.close()
        os.replace(unfinished, target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


class _JsonLines:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def put(self, row: AnswerRow) -> None:
        self._file.write(json.dumps(row.columns(), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """All rows are written already."""


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        import pyarrow

        texts = ["id", "diff", "report", "error"]
        files = pyarrow.map_(pyarrow.string(), pyarrow.string())
        self._arrow = pyarrow
        self._schema = pyarrow.schema([*((name, pyarrow.string()) for name in texts), ("files", files)])
        self._writer = _parquet().ParquetWriter(file, self._schema)
        self._held: list[dict[str, Any]] = []

    def put(self, row: AnswerRow) -> None:
        report = json.dumps(row.report, ensure_ascii=False)
        self._held.append({**row.columns(), "files": list(row.files.items()), "report": report})
        if len(self._held) >= _ROWS_AT_ONCE:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._held, schema=self._schema))
        self._held.clear()


class _Folder:
    """A folder for each answer, with its files, its report and its diff."""

    def __init__(self, folder: Path, force: bool) -> None:
        self._folder = folder
        self._force = force

    def put(self, row: AnswerRow) -> None:
        plan = WritePlan(force=self._force)
        # An id comes from outside. As a path, it must stay below the folder.
        home = "/".join(part for part in row.id.split("/") if part not in ("", ".", "..")) or "answer"
        for path, text in row.files.items():
            plan.put(self._folder, f"{home}/files/{path}", text)
        report = row.report or {"error": row.error}
        plan.put(self._folder, f"{home}/report.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        plan.put(self._folder, f"{home}/changes.diff", row.diff)
        plan.carry_out()
