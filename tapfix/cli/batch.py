"""The command that repairs many answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tapfix.cli.console import DONE, LEFT, one_line, say
from tapfix.cli.options import ForceOption, MessageOptions, MovedOption, RuleOptions, TermOptions
from tapfix.errors import InputError

commands = typer.Typer()


@commands.command()
def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder, a .jsonl file or a .parquet file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .jsonl or a .parquet file; any other is a folder.")],
    *,
    column: Annotated[str, typer.Option(metavar="NAME", help="The key or column that holds the answers.")] = "response",
    prompt_column: Annotated[
        str | None, typer.Option("--prompt-column", metavar="NAME", help="The key or column that holds the prompts.")
    ] = None,
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="Which files of a folder are answers.")] = "**/*.md",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 means one per processor.")] = 0,
    terms: TermOptions,
    rules: RuleOptions,
    moved: MovedOption = False,
    force: ForceOption = False,
    messages: MessageOptions,
) -> int:
    """Repair many answers, and write a row or a folder for each."""
    from tapfix import batch as batches
    from tapfix.answer.terms import terms_for
    from tapfix.contract import Contract
    from tapfix.engine import registry
    from tapfix.engine.passes import Options
    from tapfix.report.wording import count

    if prompt_column is not None and (terms.no_prompt or terms.prompt is not None or source.is_dir()):
        other = "--no-prompt" if terms.no_prompt else "--prompt" if terms.prompt is not None else "a folder"
        raise InputError(f"--prompt-column does not go with {other}")
    prompt = terms.given_prompt("")
    given = Contract.load(terms.contract) if terms.contract else None
    contract = terms_for(source, given, prompt or False).contract
    settings = batches.Settings(
        contract,
        tuple(rules.fixers or ()),
        rules.selected,
        rules.ignored,
        Options(safe_only=rules.safe_only, moved=moved),
        finds_prompts=prompt is None,
    )
    # An unknown rule is an error now, once, instead of an error in every row.
    registry.select(
        registry.all_fixers(rules.fixers or ()),
        settings.select or contract.rules.select,
        settings.ignore or contract.rules.ignore,
    )
    tasks = batches.read_tasks(source, column=column, pattern=pattern, prompt_column=prompt_column)
    done = left = failed = prompted = 0
    with batches.open_sink(target, force=force) as sink:
        for row in batches.repair_all(tasks, settings, jobs or os.cpu_count() or 1):
            sink.put(row)
            failed += bool(row.error)
            done += not row.error and row.is_done
            left += not row.error and not row.is_done
            prompted += row.has_found_prompt
            if row.error and not messages.quiet:
                say(f"{row.id}: {one_line(row.error)}")
            elif messages.verbose:
                say(f"{row.id}: {'done' if row.is_done else 'something is left'}")
    if not messages.quiet:
        if prompted:
            say(f"PROMPT.md is read as the prompt of {count(prompted, 'answer')}; --no-prompt ignores it")
        answers = count(done + left + failed, "answer")
        say(f"{answers}: {done} done, {left} with something left, {failed} failed")
    return LEFT if left or failed else DONE
