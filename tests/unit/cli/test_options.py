"""Groups of options: Typer sees the options, the command sees the group."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest

from tapfix.cli.app import app_with_all_commands
from tapfix.cli.options import InputArgument, MessageOptions, RuleOptions, TermOptions, with_flat_options


def command(
    input: InputArgument, *, terms: TermOptions, rules: RuleOptions, messages: MessageOptions
) -> tuple[object, ...]:
    """Says what it got."""
    return input, terms, rules, messages


def test_a_group_is_flat_for_typer_and_whole_for_the_command() -> None:
    flat = with_flat_options(command)
    assert (flat.__name__, flat.__doc__) == ("command", "Says what it got.")
    assert list(signature(flat).parameters) == [
        "input", *TermOptions._fields, *RuleOptions._fields, *MessageOptions._fields,
    ]  # fmt: skip
    given = {name: parameter.default for name, parameter in signature(flat).parameters.items()}
    terms = TermOptions(contract=Path("a.toml"))
    got = flat(**{**given, "input": "x", "contract": Path("a.toml")})
    assert got == ("x", terms, RuleOptions(), MessageOptions())


def test_a_command_without_groups_stays_as_it_is() -> None:
    def plain(input: InputArgument) -> int:
        return len(input)

    assert with_flat_options(plain) is plain


def test_an_option_may_be_given_many_times_with_many_words_each() -> None:
    rules = RuleOptions(select=["TAP001,TAP002", "exposed  timestamp"])
    assert rules.selected == ("TAP001", "TAP002", "exposed", "timestamp")
    assert rules.ignored == ()


@pytest.mark.parametrize("name", ["apply", "diff", "check", "grade"])
def test_the_repairing_commands_choose_rules_alike(name: str) -> None:
    (info,) = [c for c in app_with_all_commands().registered_commands if c.callback and c.callback.__name__ == name]
    assert info.callback is not None
    assert set(RuleOptions._fields) < set(signature(with_flat_options(info.callback)).parameters)


@pytest.mark.parametrize("name", ["apply", "diff", "check", "grade", "extract", "batch"])
def test_the_commands_that_read_an_answer_take_a_contract_and_a_prompt_alike(name: str) -> None:
    (info,) = [c for c in app_with_all_commands().registered_commands if c.callback and c.callback.__name__ == name]
    assert info.callback is not None
    assert set(TermOptions._fields) < set(signature(with_flat_options(info.callback)).parameters)
