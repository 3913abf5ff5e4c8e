"""The options that several commands share.

A command takes a group of options as one parameter, whose type is a NamedTuple of this module. Typer knows no such
groups: `with_flat_options` gives it a function that has the options as parameters of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer

from tapfix.errors import InputError
from tapfix.report.formats import Format

if TYPE_CHECKING:
    from tapfix.answer.terms import GivenPrompt


class PlainFormat(StrEnum):
    """The formats of a list of rules, and of the steps of a proof."""

    TEXT = "text"
    JSON = "json"


InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help="A .tf file, a folder, an answer in Markdown, or - for standard input.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the files here; by default beside INPUT.")
]
FixersOption = Annotated[
    list[Path] | None, typer.Option("--fixers", metavar="DIR", help="Run the fixers of this folder as well.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="The format of standard output.")]
PlainFormatOption = Annotated[PlainFormat, typer.Option("--format", help="The format of standard output.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the JSON report to FILE as well.")
]
MovedOption = Annotated[bool, typer.Option("--moved", help="Write moved blocks for what gets another address.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite files that were not read.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors to standard error.")]
VerboseOption = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Print more; -vv shows where an internal error arose.")
]


class TermOptions(NamedTuple):
    """What was demanded: the contract and the prompt."""

    contract: Annotated[
        Path | None, typer.Option("--contract", metavar="FILE", help="By default tapfix.toml beside INPUT or above it.")
    ] = None
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", metavar="FILE", help="The prompt, or - for standard input; by default PROMPT.md beside INPUT."
        ),
    ] = None
    no_prompt: Annotated[bool, typer.Option("--no-prompt", help="Do not read the PROMPT.md beside INPUT.")] = False

    def given_prompt(self, input: str) -> GivenPrompt:
        """The prompt as `terms_for` takes it. Raises InputError if it cannot be read, or if the options contradict."""
        from tapfix.answer.terms import Prompt

        if self.no_prompt:
            if self.prompt is not None:
                raise InputError("--prompt and --no-prompt contradict each other")
            return False
        if self.prompt != "-":
            return None if self.prompt is None else Path(self.prompt)
        if input == "-":
            raise InputError("--prompt - and INPUT - cannot both be standard input")
        from tapfix.answer.decode import decode
        from tapfix.cli.console import standard_input

        return Prompt(decode(standard_input(), "standard input"), "standard input")


class RuleOptions(NamedTuple):
    """Which rules run."""

    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="RULE", help="Run these rules only: ids, names, beginnings of ids."),
    ] = None
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Do not run these rules.")] = None
    safe_only: Annotated[
        bool, typer.Option("--safe-only", help="Make only the fixes that do not change the stack's meaning.")
    ] = False
    fixers: FixersOption = None

    @property
    def selected(self) -> tuple[str, ...]:
        """The rules to run; all of them if empty."""
        return _words(self.select)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The rules not to run."""
        return _words(self.ignore)


class MessageOptions(NamedTuple):
    """How much a command prints for the person at the terminal."""

    quiet: QuietOption = False
    verbose: VerboseOption = 0


def _words(options: Iterable[str] | None) -> tuple[str, ...]:
    """The words of an option that may be given many times, with many words each."""
    return tuple(word for option in options or () for word in option.replace(",", " ").split())


def with_flat_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command as Typer can read it: each group of options is replaced by the options in it."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hasattr(hint, "_fields")}
    if not groups:
        return command
    parameters = []
    for name, parameter in signature(command).parameters.items():
        if name in groups:
            parameters += _options_of(groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY))

    def flat(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{option: given.pop(option) for option in group._fields})
        return command(**given)

    flat.__name__, flat.__doc__ = command.__name__, command.__doc__
    # Every function can have this attribute (PEP 362), but the type of functions does not declare it.
    flat.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return flat


def _options_of(group: Any) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    defaults = group._field_defaults
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name])
        for name in group._fields
    ]
