"""The commands that read an input and repair it: apply, diff, check, grade and extract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tapfix.cli.console import DONE, LEFT, put, put_diff, say, standard_input
from tapfix.cli.options import (
    ForceOption,
    FormatOption,
    InputArgument,
    MessageOptions,
    MovedOption,
    OutputOption,
    ReportOption,
    RuleOptions,
    TermOptions,
)
from tapfix.report.formats import Format, GradeFormat, render, render_grade

if TYPE_CHECKING:
    from tapfix.answer.source import Source
    from tapfix.api import Result
    from tapfix.contract import Contract

commands = typer.Typer()


@commands.command()
def apply(
    input: InputArgument,
    *,
    terms: TermOptions,
    rules: RuleOptions,
    output: OutputOption = None,
    format: FormatOption = Format.DIFF,
    report: ReportOption = None,
    response: Annotated[
        Path | None, typer.Option("--response", metavar="FILE", help="Write the repaired answer to FILE as well.")
    ] = None,
    moved: MovedOption = False,
    force: ForceOption = False,
    messages: MessageOptions,
) -> int:
    """Write the repaired files, and print the diff."""
    from tapfix.answer.writing import WritePlan
    from tapfix.report import json
    from tapfix.report.wording import count

    result = _repair(input, terms, rules, messages.quiet, moved)
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
    _print(result, format, messages)
    if not messages.quiet:
        say(f"wrote {count(len(written), 'file')} to {folder}" if written else f"{folder}: nothing to write")
    return DONE if result.is_done else LEFT


@commands.command()
def diff(
    input: InputArgument,
    *,
    terms: TermOptions,
    rules: RuleOptions,
    format: FormatOption = Format.DIFF,
    report: ReportOption = None,
    moved: MovedOption = False,
    messages: MessageOptions,
) -> int:
    """Print the diff that apply would make, and write nothing."""
    return _show(_repair(input, terms, rules, messages.quiet, moved), format, report, messages)


@commands.command()
def check(
    input: InputArgument,
    *,
    terms: TermOptions,
    rules: RuleOptions,
    format: FormatOption = Format.TEXT,
    report: ReportOption = None,
    messages: MessageOptions,
) -> int:
    """Print the findings: what is wrong, and what apply would do about it."""
    return _show(_repair(input, terms, rules, messages.quiet), format, report, messages)


@commands.command()
def grade(
    input: InputArgument,
    *,
    terms: TermOptions,
    rules: RuleOptions,
    format: Annotated[
        GradeFormat, typer.Option("--format", help="The format of standard output.")
    ] = GradeFormat.MARKDOWN,
    report: ReportOption = None,
) -> int:
    """Print what was wrong, what was repaired, what is left, and a score."""
    result = _repair(input, terms, rules)
    _write_report(result, report)
    graded = result.grade()
    put(render_grade(result, graded, format))
    return LEFT if any(failure.is_left for failure in graded.failures) else DONE


@commands.command()
def extract(
    input: InputArgument,
    *,
    terms: TermOptions,
    output: OutputOption = None,
    force: ForceOption = False,
    messages: MessageOptions,
) -> int:
    """Write the files as the answer holds them, unchanged: the base of the diff."""
    from tapfix.answer.writing import WritePlan

    source, _ = _read(input, terms, messages.quiet)
    folder = output or source.folder or Path()
    plan = WritePlan(source.paths, force=force)
    files = source.base()
    for path, text in files.items():
        plan.put(folder, path, text)
    plan.carry_out()
    put("".join(f"{folder / path}\n" for path in files))
    if not messages.quiet:
        for remark in source.remarks:
            if messages.verbose or remark.severity != "note":
                say(f"{source.name}:{remark.line}: {remark.severity}: {remark.message}")
    return DONE


def _repair(input: str, terms: TermOptions, rules: RuleOptions, is_quiet: bool = False, moved: bool = False) -> Result:
    from tapfix.api import fix_source
    from tapfix.engine.passes import Options
    from tapfix.engine.registry import all_fixers

    source, contract = _read(input, terms, is_quiet)
    options = Options(safe_only=rules.safe_only, moved=moved)
    return fix_source(source, contract, all_fixers(rules.fixers or ()), rules.selected, rules.ignored, options)


def _read(input: str, options: TermOptions, is_quiet: bool) -> tuple[Source, Contract]:
    """What INPUT names, and the contract that holds for it. A prompt that was found by itself is announced."""
    from tapfix.answer.source import read_bytes, read_path
    from tapfix.answer.terms import terms_for
    from tapfix.contract import Contract

    path = Path(input)  # of standard input, the folder is the working folder
    given = Contract.load(options.contract) if options.contract else None
    terms = terms_for(path, given, options.given_prompt(input))
    source = read_bytes(standard_input(), terms.contract) if input == "-" else read_path(path, terms.contract)
    if terms.notice and not is_quiet:
        say(terms.notice)
    return source.remarked(terms.remarks), terms.contract


def _show(result: Result, format: Format, report: Path | None, messages: MessageOptions) -> int:
    """Print a result whose files are not written. Gives the exit code."""
    _write_report(result, report)
    _print(result, format, messages)
    has_findings = any(finding.status != "suppressed" for finding in result.findings)
    return LEFT if result.changed or has_findings or not result.is_sound else DONE


def _write_report(result: Result, path: Path | None) -> None:
    """Write the JSON report, if the option gives a path for it."""
    if path is None:
        return
    from tapfix.answer.writing import WritePlan
    from tapfix.report import json

    plan = WritePlan()
    plan.put_file(path, json.render(result), force=True)
    plan.carry_out()


def _print(result: Result, format: Format, messages: MessageOptions) -> None:
    """Print the result in a format, and to standard error a summary of what was found."""
    from tapfix.report import text

    has_notes = messages.verbose > 0
    if format is Format.TEXT:
        text.show(text.lines(result, notes=has_notes), sys.stdout)
        return
    (put_diff if format is Format.DIFF else put)(render(result, format))
    if not messages.quiet:
        text.show(text.lines(result, fixed=has_notes, notes=has_notes), sys.stderr)
