"""The command line. Results go to standard output, what is said to a person to standard error.

Every command returns its exit code: 0 nothing is left, 1 something is, 2 it could not be done, with one line that says why.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from copy import copy
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tapfix.errors import InputError, InternalError, TapfixError

if TYPE_CHECKING:
    from tapfix.answer.source import Source
    from tapfix.api import Result
    from tapfix.contract import Contract
    from tapfix.fixer import Fixer

DONE, LEFT, IMPOSSIBLE = 0, 1, 2
_INTERRUPTED, _PIPE_CLOSED = 130, 141
"""What a shell reports of a command that Ctrl-C or a closed pipe ended."""

app = typer.Typer(
    name="tapfix",
    help="Repairs Terraform answers written by language models, and proves that it did.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """What goes to standard output."""

    DIFF = "diff"
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    ANNOTATIONS = "annotations"
    SARIF = "sarif"
    RDJSON = "rdjson"


class PlainFormat(StrEnum):
    """What a list of rules or the steps of a proof go out as."""

    TEXT = "text"
    JSON = "json"


class GradeFormat(StrEnum):
    """What a grade goes out as."""

    MARKDOWN = "markdown"
    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class Rung(StrEnum):
    """How far a proof is to go."""

    SCHEMA = "schema"
    VALUES = "values"
    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    DESTROY = "destroy"


InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help="A .tf file, a folder, an answer in Markdown, or - for standard input.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where the files go; by default where INPUT is.")
]
ContractOption = Annotated[
    Path | None, typer.Option("--contract", metavar="FILE", help="By default tapfix.toml beside INPUT or above it.")
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="RULE", help="Run these rules only: ids, names, beginnings of ids."),
]
IgnoreOption = Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Do not run these rules.")]
SafeOption = Annotated[bool, typer.Option("--safe-only", help="Fix only what leaves the stack's meaning as it is.")]
FixersOption = Annotated[
    list[Path] | None, typer.Option("--fixers", metavar="DIR", help="Run the fixers in this folder, too.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="What goes to standard output.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the JSON report as well; replaces FILE.")
]
ResponseOption = Annotated[
    Path | None, typer.Option("--response", metavar="FILE", help="Write the answer put together again as well.")
]
MovedOption = Annotated[bool, typer.Option("--moved", help="Write moved blocks for what gets another address.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over files that were not read.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on standard error but why it failed.")]
VerboseOption = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv shows where an internal error arose.")
]


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code. It never raises."""
    try:
        code = _with_what_is_called(arguments)(
            args=list(arguments) or ["--help"], prog_name="tapfix", standalone_mode=False
        )
        sys.stdout.flush()
        return int(code or DONE) if arguments else IMPOSSIBLE
    except TapfixError as error:
        return _failed(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click makes the one of the other, and leaves in no other way here
        # Whoever read the output went away. Python would complain about the pipe once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:
        # Typer's own errors have no common class that it makes public, in any of its versions.
        if usage := getattr(error, "format_message", None):
            _say(f"tapfix: {_one_line(usage())}")
            return IMPOSSIBLE
        return _failed(error, arguments)


def _with_what_is_called(arguments: Sequence[str]) -> typer.Typer:
    """The app with that command alone which the arguments begin with, if they do: Typer makes a parser of every one that it holds."""
    word = arguments[0] if arguments else ""
    commands = [c for c in app.registered_commands if c.callback and c.callback.__name__ == word]
    groups = [g for g in app.registered_groups if g.name == word]
    if not commands and not groups:
        return app
    called = copy(app)
    called.registered_commands, called.registered_groups = commands, groups
    return called


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version; with -v, what it runs on.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, hidden=True)] = 0,
) -> None:
    if version:
        from tapfix import __version__

        _put(f"tapfix {__version__}\n")
        if verbose:
            _put(_what_it_runs_on())
        raise typer.Exit
    if verbose:
        raise typer.BadParameter("-v stands behind the command")


def _what_it_runs_on() -> str:
    import platform

    from tapfix.syntax import COMPILED

    variant = "compiled" if COMPILED else "plain Python"
    return (
        f"parser: {variant}\npython: {platform.python_implementation()} {platform.python_version()}, {sys.executable}\n"
    )


# --- repairing --------------------------------------------------------------------------------------------------------


@app.command()
def apply(
    input: InputArgument,
    output: OutputOption = None,
    contract: ContractOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    safe_only: SafeOption = False,
    fixers: FixersOption = None,
    format: FormatOption = Format.DIFF,
    report: ReportOption = None,
    response: ResponseOption = None,
    moved: MovedOption = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Write the patched files, and print the diff."""
    from tapfix.answer.writing import WritePlan
    from tapfix.report import json

    result = _repair(input, contract, select, ignore, fixers, safe_only, moved)
    folder = output or result.source.folder or Path()
    plan = WritePlan(result.source.paths, force=force)
    for path, text in result.files.items():
        plan.put(folder, path, text)
    for path in result.source.files:
        if path not in result.files and path not in result.source.renamed:
            plan.remove(folder, path)
    if report:
        plan.put_file(report, json.render(result), force=True)
    if response:
        plan.put_file(response, result.response())
    written = plan.carry_out()
    _tell(result, format, quiet, verbose)
    if not quiet:
        _say(f"wrote {_count(len(written), 'file')} to {folder}" if written else f"{folder}: nothing to write")
    return DONE if result.is_done else LEFT


@app.command()
def diff(
    input: InputArgument,
    contract: ContractOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    safe_only: SafeOption = False,
    fixers: FixersOption = None,
    format: FormatOption = Format.DIFF,
    report: ReportOption = None,
    moved: MovedOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Print the diff that apply would make, and write nothing."""
    return _look(_repair(input, contract, select, ignore, fixers, safe_only, moved), format, report, quiet, verbose)


@app.command()
def check(
    input: InputArgument,
    contract: ContractOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    safe_only: SafeOption = False,
    fixers: FixersOption = None,
    format: FormatOption = Format.TEXT,
    report: ReportOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Print the findings: what is wrong, and what apply would do about it."""
    return _look(_repair(input, contract, select, ignore, fixers, safe_only, False), format, report, quiet, verbose)


@app.command()
def grade(
    input: InputArgument,
    contract: ContractOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    safe_only: SafeOption = False,
    fixers: FixersOption = None,
    format: Annotated[
        GradeFormat, typer.Option("--format", help="What goes to standard output.")
    ] = GradeFormat.MARKDOWN,
    report: ReportOption = None,
) -> int:
    """Print what was wrong, what was repaired, what is left, and a score."""
    from tapfix.report import analysis, json, junit

    result = _repair(input, contract, select, ignore, fixers, safe_only, False)
    _report(result, report)
    graded = result.grade()
    match format:
        case GradeFormat.MARKDOWN:
            _put(analysis.render(graded))
        case GradeFormat.TEXT:
            _put(analysis.as_text(graded))
        case GradeFormat.JUNIT:
            _put(junit.render(graded))
        case GradeFormat.JSON:
            _put(json.render(result))
    return LEFT if any(failure.is_left for failure in graded.failures) else DONE


@app.command()
def extract(
    input: InputArgument,
    output: OutputOption = None,
    contract: ContractOption = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Write the files as the answer holds them, unchanged: the base of the diff."""
    from tapfix.answer.writing import WritePlan

    source, _ = _source(input, contract)
    folder = output or source.folder or Path()
    plan = WritePlan(source.paths, force=force)
    files = source.base()
    for path, text in files.items():
        plan.put(folder, path, text)
    plan.carry_out()
    _put("".join(f"{folder / path}\n" for path in files))
    if not quiet:
        for remark in source.remarks:
            if verbose or remark.severity != "note":
                _say(f"{source.name}:{remark.line}: {remark.severity}: {remark.message}")
    return DONE


def _look(result: Result, format: Format, report: Path | None, quiet: bool, verbose: int) -> int:
    """Say what there is to say, for the commands that leave the input alone."""
    _report(result, report)
    _tell(result, format, quiet, verbose)
    something = result.changed or not result.is_sound or any(f.status != "suppressed" for f in result.findings)
    return LEFT if something else DONE


def _report(result: Result, path: Path | None) -> None:
    """Write the JSON report, where one is asked for by name."""
    if path is None:
        return
    from tapfix.answer.writing import WritePlan
    from tapfix.report import json

    plan = WritePlan()
    plan.put_file(path, json.render(result), force=True)
    plan.carry_out()


def _repair(
    input: str,
    contract: Path | None,
    select: Iterable[str] | None,
    ignore: Iterable[str] | None,
    folders: Iterable[Path] | None,
    safe_only: bool,
    moved: bool,
) -> Result:
    from tapfix.api import fix_source
    from tapfix.engine.passes import Options

    source, terms = _source(input, contract)
    fixers = _fixers(folders)
    return fix_source(source, terms, fixers, _words(select), _words(ignore), Options(safe_only=safe_only, moved=moved))


def _source(input: str, contract: Path | None) -> tuple[Source, Contract]:
    """What INPUT names, and the contract that goes with it."""
    from tapfix.answer.source import read_bytes, read_path
    from tapfix.contract import Contract

    if input == "-":
        terms = Contract.load(contract) if contract else Contract.find(Path())
        return read_bytes(_standard_input(), terms), terms
    path = Path(input)
    folder = path if os.path.isdir(path) else path.parent
    terms = Contract.load(contract) if contract else Contract.find(folder)
    return read_path(path, terms), terms


def _standard_input() -> bytes:
    """What is on standard input, or a byte more of it than is taken."""
    from tapfix.answer.decode import LARGEST

    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InputError("standard input is larger than any answer is")
    return data


def _fixers(folders: Iterable[Path] | None) -> tuple[Fixer, ...]:
    from tapfix.engine.registry import all_fixers

    return all_fixers(folders or ())


def _words(options: Iterable[str] | None) -> tuple[str, ...]:
    """The words of an option that may be given many times, and take many words at once."""
    return tuple(word for option in options or () for word in option.replace(",", " ").split())


def _tell(result: Result, format: Format, quiet: bool, verbose: int) -> None:
    """The result in the format that was asked for, and to a person how it went."""
    from tapfix.report import text

    if format is Format.TEXT:
        text.show(text.lines(result, notes=verbose > 0), sys.stdout)
        return
    _put_diff(result.diff()) if format is Format.DIFF else _put(_rendered(result, format))
    if not quiet:
        text.show(text.lines(result, fixed=verbose > 0, notes=verbose > 0), sys.stderr)


def _rendered(result: Result, format: Format) -> str:
    return str(import_module(f"tapfix.report.{format.value}").render(result))


contracts = typer.Typer(help="Work on contracts: what a prompt demanded.")
app.add_typer(contracts, name="contract")


@contracts.command()
def init(
    prompt: Annotated[
        str, typer.Option("--from", metavar="PROMPT", help="The prompt, as a file; - for standard input.")
    ],
) -> int:
    """Print the contract that a prompt states, for a person to edit and save as tapfix.toml."""
    from tapfix.answer.decode import decode, read_file
    from tapfix.contract import proposing as propose

    name = "standard input" if prompt == "-" else prompt
    text = decode(_standard_input() if prompt == "-" else read_file(Path(prompt)), name)
    _put(propose.render(propose.propose(text), name))
    return DONE


@contracts.command()
def schema() -> int:
    """Print the JSON Schema of tapfix.toml, for editors."""
    from json import dumps

    from tapfix.contract import Contract

    _put(dumps(Contract.schema(), indent=2) + "\n")
    return DONE


# --- looking at modules and rules -------------------------------------------------------------------------------------


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A module, as it stands.")],
    upto: Annotated[Rung | None, typer.Option("--upto", help="How far to go; it fails if this is not reached.")] = None,
    binary: Annotated[str | None, typer.Option(metavar="FILE", help="terraform or tofu, by name or path.")] = None,
    emulator: Annotated[
        str, typer.Option(metavar="auto|URL", help="An AWS emulator that runs; auto starts moto's server.")
    ] = "auto",
    allow_real: Annotated[
        bool, typer.Option("--allow-real", help="No emulator: plan and apply on the account of your credentials.")
    ] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long one command may take.")] = 900,
    environment: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="WritePlan with NAME.tfvars only; may be given again.")
    ] = None,
    format: Annotated[PlainFormat, typer.Option("--format", help="What goes to standard output.")] = PlainFormat.TEXT,
    quiet: QuietOption = False,
) -> int:
    """Prove how far a module stands up: it parses, refers, fits the schema, validates, plans, applies, goes again."""
    from tapfix.answer.source import read_path
    from tapfix.contract import Contract
    from tapfix.report import json, text
    from tapfix.verify import ladder

    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; to prove an answer, extract it first")
    if emulator != "auto" and not emulator.startswith(("http://", "https://")):
        raise InputError(f"--emulator {emulator}: auto or a URL is wanted")
    source = read_path(folder, Contract.find(folder))
    steps = ladder(
        folder / source.root,
        upto=(upto or Rung.VALIDATE).value,
        binary=binary,
        emulator=emulator,
        allow_real=allow_real,
        timeout=timeout,
        environments=environment or None,
        progress=(lambda line: None) if quiet else _say,
    )
    if format is PlainFormat.JSON:
        _put(json.steps(steps))
    else:
        text.show(text.ladder(steps), sys.stdout)
    reached = upto is None or any(step.step == upto.value and step.status == "passed" for step in steps)
    return DONE if reached and all(step.status != "failed" for step in steps) else LEFT


@app.command()
def fmt(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files and folders; - for standard input.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what changes, instead of the names.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Go into subfolders, too.")] = False,
) -> int:
    """Format files as terraform fmt does, and print the names of those that changed. What does not parse stays as it is."""
    from tapfix import formatting

    if paths == ["-"]:
        return _fmt_input(check, diff)
    changes, errors = formatting.changes([Path(path) for path in paths], recursive=recursive)
    if not check:
        formatting.write(changes)
    for change in changes:
        _put_diff(change.diff()) if diff else _put(f"{change.path}\n")
    for error in errors:
        _say(f"tapfix: {error}")
    return IMPOSSIBLE if errors else LEFT if check and changes else DONE


def _fmt_input(check: bool, diff: bool) -> int:
    from tapfix.answer.decode import decode
    from tapfix.formatting import formatted_text
    from tapfix.report import diff as diffs

    text = decode(_standard_input(), "standard input")
    formatted = formatted_text(text, "standard input")
    if diff:
        _put_diff(diffs.render({"stdin": text}, {"stdin": formatted}))
    elif not check:
        _put(formatted)
    return LEFT if check and formatted != text else DONE


@app.command()
def rules(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="A rule's id or name: its page.")] = None,
    fixers: FixersOption = None,
    format: Annotated[PlainFormat, typer.Option("--format", help="What goes to standard output.")] = PlainFormat.TEXT,
) -> int:
    """List the rules, or explain one."""
    from tapfix.engine import registry
    from tapfix.report import rules as pages

    known = _fixers(fixers)
    chosen = known if rule is None else registry.select(known, [rule])
    if format is PlainFormat.JSON:
        _put(pages.as_json(chosen))
    elif rule is not None and len(chosen) == 1:
        pages.show(pages.page(chosen[0]), sys.stdout)
    else:
        _put(pages.table(chosen))
    return DONE


@app.command()
def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder, a .jsonl or a .parquet file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .jsonl or a .parquet file, or else a folder.")],
    column: Annotated[str, typer.Option(metavar="NAME", help="The key or column that holds the answers.")] = "response",
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="The files of a folder that are answers.")] = "**/*.md",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one a processor.")] = 0,
    contract: ContractOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    safe_only: SafeOption = False,
    fixers: FixersOption = None,
    moved: MovedOption = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Repair many answers, and write a row or a folder for each."""
    from tapfix import batch as batches
    from tapfix.contract import Contract
    from tapfix.engine.passes import Options
    from tapfix.engine.registry import select as selected

    folder = source if source.is_dir() else source.parent
    terms = Contract.load(contract) if contract else Contract.find(folder)
    options = Options(safe_only=safe_only, moved=moved)
    settings = batches.Settings(terms, tuple(fixers or ()), _words(select), _words(ignore), options)
    # An unknown rule is better told once, now, than in every row.
    selected(_fixers(fixers), settings.select or terms.rules.select, settings.ignore or terms.rules.ignore)
    tasks = batches.read_tasks(source, column=column, pattern=pattern)
    count = left = failed = 0
    with batches.open_sink(target, force=force) as sink:
        for row in batches.repair_all(tasks, settings, jobs or os.cpu_count() or 1):
            sink.put(row)
            count += 1
            failed += bool(row.error)
            left += not row.error and not row.is_done
            if row.error and not quiet:
                _say(f"{row.id}: {_one_line(row.error)}")
            elif verbose:
                _say(f"{row.id}: {'done' if row.is_done else 'something is left'}")
    if not quiet:
        _say(f"{_count(count, 'answer')}: {count - left - failed} done, {left} with something left, {failed} failed")
    return LEFT if left or failed else DONE


# --- what is put where ------------------------------------------------------------------------------------------------


def _put(text: str) -> None:
    """Put a result on standard output, in UTF-8 and with the line endings that it has, whatever the platform's are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


_DIFF_COLOURS = {"+": "32", "-": "31", "@": "36"}


def _put_diff(text: str) -> None:
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        _put(text)
        return
    coloured = []
    for line in text.split("\n"):
        header = line.startswith(("diff --git", "--- ", "+++ ", "new file", "deleted file", "copy ", "similarity"))
        colour = "1" if header else _DIFF_COLOURS.get(line[:1])
        coloured.append(f"\x1b[{colour}m{line}\x1b[0m" if colour else line)
    _put("\n".join(coloured))


def _say(line: str) -> None:
    """Say a line to the person at the terminal."""
    print(line, file=sys.stderr)


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Say in one line what went wrong. What is no TapfixError, or an internal one, is a mistake of tapfix's own."""
    own = not isinstance(error, TapfixError) or isinstance(error, InternalError)
    if own and _wants_traceback(arguments):
        import traceback

        traceback.print_exception(error)
    message = _one_line(str(error))
    if own:
        kind = "" if isinstance(error, TapfixError) else f"{type(error).__name__}: "
        _say(f"tapfix: internal error: {kind}{message}; please report it (-vv shows where it arose)")
    else:
        _say(f"tapfix: {message}")
    return IMPOSSIBLE


def _wants_traceback(arguments: Sequence[str]) -> bool:
    given = (a for a in arguments if a == "--verbose" or (a.startswith("-v") and set(a[1:]) == {"v"}))
    return sum(len(a) - 1 if a.startswith("-v") else 1 for a in given) >= 2


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
