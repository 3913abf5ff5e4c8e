"""The command that repairs many answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tapfix.cli.console import DONE, LEFT, one_line, say
from tapfix.cli.options import ForceOption, MessageOptions, MovedOption, RuleOptions

commands = typer.Typer()


@commands.command()
def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder, a .jsonl file or a .parquet file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .jsonl or a .parquet file; any other is a folder.")],
    *,
    column: Annotated[str, typer.Option(metavar="NAME", help="The key or column that holds the answers.")] = "response",
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="Which files of a folder are answers.")] = "**/*.md",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 means one per processor.")] = 0,
    rules: RuleOptions,
    moved: MovedOption = False,
    force: ForceOption = False,
    messages: MessageOptions,
) -> int:
    """Repair many answers, and write a row or a folder for each."""
    from tapfix import batch as batches
    from tapfix.contract import Contract
    from tapfix.engine import registry
    from tapfix.engine.passes import Options
    from tapfix.report.wording import count

    folder = source if source.is_dir() else source.parent
    contract = Contract.load(rules.contract) if rules.contract else Contract.find(folder)
    options = Options(safe_only=rules.safe_only, moved=moved)
    settings = batches.Settings(contract, tuple(rules.fixers or ()), rules.selected, rules.ignored, options)
    # An unknown rule is an error now, once, instead of an error in every row.
    registry.select(
        registry.all_fixers(rules.fixers or ()),
        settings.select or contract.rules.select,
        settings.ignore or contract.rules.ignore,
    )
    tasks = batches.read_tasks(source, column=column, pattern=pattern)
    done = left = failed = 0
    with batches.open_sink(target, force=force) as sink:
        for row in batches.repair_all(tasks, settings, jobs or os.cpu_count() or 1):
            sink.put(row)
            failed += bool(row.error)
            done += not row.error and row.is_done
            left += not row.error and not row.is_done
            if row.error and not messages.quiet:
                say(f"{row.id}: {one_line(row.error)}")
            elif messages.verbose:
                say(f"{row.id}: {'done' if row.is_done else 'something is left'}")
    if not messages.quiet:
        answers = count(done + left + failed, "answer")
        say(f"{answers}: {done} done, {left} with something left, {failed} failed")
    return LEFT if left or failed else DONE
