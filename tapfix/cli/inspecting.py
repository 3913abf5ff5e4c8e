"""The commands that look at modules, rules and contracts, and repair nothing: verify, fmt, rules and contract."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tapfix.cli.console import DONE, IMPOSSIBLE, LEFT, put, put_diff, say, standard_input
from tapfix.cli.options import FixersOption, PlainFormat, PlainFormatOption, QuietOption
from tapfix.errors import InputError

commands = typer.Typer()
contracts = typer.Typer(help="Work on contracts, which say what a prompt demands.")


class LastStep(StrEnum):
    """The steps at which a proof can end."""

    SCHEMA = "schema"
    VALUES = "values"
    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    DESTROY = "destroy"


@commands.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a module.")],
    upto: Annotated[
        LastStep | None, typer.Option("--upto", help="The last step to take; fail if it is not reached.")
    ] = None,
    binary: Annotated[str | None, typer.Option(metavar="FILE", help="terraform or tofu, by name or path.")] = None,
    emulator: Annotated[
        str, typer.Option(metavar="auto|URL", help="The URL of an AWS emulator; auto starts moto's server.")
    ] = "auto",
    allow_real: Annotated[
        bool,
        typer.Option("--allow-real", help="Plan and apply in the AWS account of your credentials, not an emulator."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="How long each terraform command may take.")
    ] = 900,
    environment: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Plan with NAME.tfvars only; may be given several times.")
    ] = None,
    format: PlainFormatOption = PlainFormat.TEXT,
    quiet: QuietOption = False,
) -> int:
    """Prove a module step by step: parse it, resolve its references, check it, plan it, apply it, destroy it."""
    from tapfix.answer.source import read_path
    from tapfix.contract import Contract
    from tapfix.report import json, text
    from tapfix.verify import ladder

    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; to prove an answer, extract it first")
    if emulator != "auto" and not emulator.startswith(("http://", "https://")):
        raise InputError(f"--emulator {emulator}: auto or a URL is wanted")
    source = read_path(folder, Contract.find(folder))
    steps = ladder(
        folder / source.root,
        upto=(upto or LastStep.VALIDATE).value,
        binary=binary,
        emulator=emulator,
        allow_real=allow_real,
        timeout=timeout,
        environments=environment or None,
        progress=(lambda line: None) if quiet else say,
    )
    if format is PlainFormat.JSON:
        put(json.steps(steps))
    else:
        text.show(text.ladder(steps), sys.stdout)
    is_reached = upto is None or any(step.step == upto.value and step.status == "passed" for step in steps)
    return DONE if is_reached and all(step.status != "failed" for step in steps) else LEFT


@commands.command()
def fmt(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files and folders; - for standard input.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes instead of the names.")] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Format the files of subfolders as well.")
    ] = False,
) -> int:
    """Format files as terraform fmt does, and print the names of those that changed.

    A file that does not parse stays as it is.
    """
    from tapfix import formatting

    if paths == ["-"]:
        return _fmt_input(check, diff)
    changes, errors = formatting.changes([Path(path) for path in paths], recursive=recursive)
    if not check:
        formatting.write(changes)
    for change in changes:
        put_diff(change.diff()) if diff else put(f"{change.path}\n")
    for error in errors:
        say(f"tapfix: {error}")
    return IMPOSSIBLE if errors else LEFT if check and changes else DONE


def _fmt_input(check: bool, diff: bool) -> int:
    from tapfix.answer.decode import decode
    from tapfix.formatting import formatted_text
    from tapfix.report import diff as diffs

    text = decode(standard_input(), "standard input")
    formatted = formatted_text(text, "standard input")
    if diff:
        put_diff(diffs.render({"stdin": text}, {"stdin": formatted}))
    elif not check:
        put(formatted)
    return LEFT if check and formatted != text else DONE


@commands.command()
def rules(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="The id or name of a rule to explain.")] = None,
    fixers: FixersOption = None,
    format: PlainFormatOption = PlainFormat.TEXT,
) -> int:
    """List the rules, or explain one."""
    from tapfix.engine import registry
    from tapfix.report import rules as pages

    known = registry.all_fixers(fixers or ())
    chosen = known if rule is None else registry.select(known, [rule])
    if format is PlainFormat.JSON:
        put(pages.as_json(chosen))
    elif rule is not None and len(chosen) == 1:
        pages.show(pages.page(chosen[0]), sys.stdout)
    else:
        put(pages.table(chosen))
    return DONE


@contracts.command()
def init(
    prompt: Annotated[
        str, typer.Option("--from", metavar="PROMPT", help="The file that holds the prompt; - for standard input.")
    ],
    ask: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="Let a command read the prompt: it gets JSON with prompt and schema, and prints clauses with quotes.",
        ),
    ] = "",
) -> int:
    """Print the contract that a prompt states, for a person to edit and save as tapfix.toml."""
    from tapfix.answer.decode import decode, read_file
    from tapfix.contract import asking, proposing

    name = "standard input" if prompt == "-" else prompt
    text = decode(standard_input() if prompt == "-" else read_file(Path(prompt)), name)
    clauses = asking.ask(ask, text) if ask else proposing.propose(text)
    put(proposing.render(clauses, name))
    return DONE


@contracts.command()
def schema() -> int:
    """Print the JSON Schema of tapfix.toml, for editors."""
    from json import dumps

    from tapfix.contract import Contract

    put(dumps(Contract.schema(), indent=2) + "\n")
    return DONE
