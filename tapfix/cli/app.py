"""The command line: it finds the command that is called, runs it, and reports what went wrong in one line.

Every command returns its exit code; `console` says what the codes mean.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from copy import copy
from typing import Annotated

import typer
from typer.models import CommandInfo

from tapfix.cli import repairing
from tapfix.cli.console import DONE, IMPOSSIBLE, one_line, put, say
from tapfix.cli.options import with_flat_options
from tapfix.errors import InternalError, TapfixError

_INTERRUPTED, _PIPE_CLOSED = 130, 141
"""What a shell reports of a command that Ctrl-C or a closed pipe ended."""

_bare = typer.Typer(
    name="tapfix",
    help="Repairs Terraform answers written by language models, and proves that the outcome works.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code. It never raises."""
    try:
        code = _app_for(arguments)(args=list(arguments) or ["--help"], prog_name="tapfix", standalone_mode=False)
        sys.stdout.flush()
        return int(code or DONE) if arguments else IMPOSSIBLE
    except TapfixError as error:
        return _failed(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click turns a BrokenPipeError into a SystemExit, and raises no other here
        # The reader of the output went away. Without this, Python would complain about the pipe when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:
        # Typer's own errors have no common class that is public in all of its versions.
        if usage := getattr(error, "format_message", None):
            say(f"tapfix: {one_line(usage())}")
            return IMPOSSIBLE
        return _failed(error, arguments)


def app_with_all_commands() -> typer.Typer:
    """The app with every command, in the order of its help."""
    from tapfix.cli import batch, inspecting

    app = copy(_bare)
    groups = (repairing, inspecting, batch)
    app.registered_commands = [command for group in groups for command in group.commands.registered_commands]
    app.registered_groups = []
    app.add_typer(inspecting.contracts, name="contract")
    return app


def _app_for(arguments: Sequence[str]) -> typer.Typer:
    """An app with only the called command, because Typer builds a parser for each; with all if none is called."""
    word = arguments[0] if arguments else ""
    app = copy(_bare)
    app.registered_commands = _called(word, repairing.commands.registered_commands)
    if not app.registered_commands:
        app = app_with_all_commands()
        commands = _called(word, app.registered_commands)
        groups = [group for group in app.registered_groups if group.name == word]
        if commands or groups:
            app.registered_commands, app.registered_groups = commands, groups
    app.registered_commands = [_readable(command) for command in app.registered_commands]
    return app


def _called(word: str, commands: Sequence[CommandInfo]) -> list[CommandInfo]:
    return [command for command in commands if command.callback and command.callback.__name__ == word]


def _readable(command: CommandInfo) -> CommandInfo:
    """A command whose groups of options are flat, as Typer reads them."""
    readable = copy(command)
    if command.callback is not None:
        readable.callback = with_flat_options(command.callback)
    return readable


@_bare.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version; with -v also the parser and the Python.")
    ] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, hidden=True)] = 0,
) -> None:
    if version:
        from tapfix import __version__

        put(f"tapfix {__version__}\n")
        if verbose:
            put(_platform())
        raise typer.Exit
    if verbose:
        raise typer.BadParameter("-v goes after the command")


def _platform() -> str:
    """Which parser and which Python run, a line each."""
    import platform

    from tapfix.syntax import COMPILED

    parser = "compiled" if COMPILED else "plain Python"
    python = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    return f"parser: {parser}\npython: {python}\n"


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Print one line about an error. An error that is not a TapfixError, or an InternalError, is a fault of tapfix."""
    is_internal = not isinstance(error, TapfixError) or isinstance(error, InternalError)
    if is_internal and _wants_traceback(arguments):
        import traceback

        traceback.print_exception(error)
    message = one_line(str(error))
    if is_internal:
        kind = "" if isinstance(error, TapfixError) else f"{type(error).__name__}: "
        say(f"tapfix: internal error: {kind}{message}; please report it (-vv shows where it arose)")
    else:
        say(f"tapfix: {message}")
    return IMPOSSIBLE


def _wants_traceback(arguments: Sequence[str]) -> bool:
    """Whether the verbose option is given twice. The parser's own count is lost once a command has failed."""
    given = (a for a in arguments if a == "--verbose" or (a.startswith("-v") and set(a[1:]) == {"v"}))
    return sum(len(a) - 1 if a.startswith("-v") else 1 for a in given) >= 2
