"""From the grammar to the parser's table. This is the only module that imports Lark, and no ordinary run imports it.

Lark reads `grammar/hcl2.lark` and computes the LALR(1) table. This module turns that table into a few tuples of
integers and writes them to `_tables.py`, which is checked in and shipped. So a run of tapfix does not wait for Lark (a
tenth of a second). Nor does it need a cache folder, which it may not be able to write, or which others may have written
to. After a change of the grammar:

    python -m tapfix.syntax.lalr

A test compares the file with the grammar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..packaged import packaged_folder
from .building import GROW, LIST, NODE, PASS, SPLICED_LIST, SPLICED_NODE


def leaf_kind(terminal: str) -> str:
    """The kind of the leaves of a terminal: hclsyntax's name (`O_BRACE` is `OBrace`); a keyword is an identifier."""
    if terminal in ("FOR", "IN", "IF", "ELSE", "ENDIF", "ENDFOR"):
        return "Identifier"
    return "EOF" if terminal == "EOF" else terminal.title().replace("_", "")


def tables(grammar: str) -> dict[str, Any]:
    """The table of a grammar, by the names that `_tables.py` gives its parts.

    Raises Lark's `GrammarError` if the grammar is not LALR(1).
    """
    from lark.parsers.lalr_analysis import Shift

    lark = _parser(grammar)
    table = lark.parser.parser._parse_table
    rules = list(lark.rules)
    terminals = sorted({str(symbol.name) for rule in rules for symbol in rule.expansion if symbol.is_term})
    nonterminals = list(dict.fromkeys(str(rule.origin.name) for rule in rules))
    order = _order(table)
    accepting = {
        state
        for state, actions in table.states.items()
        if actions and all(a is not Shift and r.origin.name == "start" for a, r in actions.values())
    }
    accept = len(order)
    actions = [[0] * len(terminals) for _ in order]
    goto = [[0] * len(nonterminals) for _ in order]
    for state, number in order.items():
        if state in accepting:
            continue
        for symbol, (action, target) in table.states[state].items():
            if symbol in nonterminals:
                goto[number][nonterminals.index(symbol)] = order[target]
            elif symbol == "$END":
                continue
            elif action is Shift:
                actions[number][terminals.index(symbol)] = accept if target in accepting else order[target]
            else:
                actions[number][terminals.index(symbol)] = -(rules.index(target) + 1)
    # Rules count from 1, because their numbers are negated to tell them from states.
    shapes = [(0, 0, PASS, "")]
    for rule, build in zip(rules, _builds(rules, nonterminals), strict=True):
        kind = str(rule.alias or rule.origin.name)
        shapes.append((len(rule.expansion), nonterminals.index(rule.origin.name), build, kind))
    landing, landings = _landings(actions, goto, shapes)
    return {
        "TERMINALS": tuple(terminals),
        "LEAF_KINDS": tuple(leaf_kind(terminal) for terminal in terminals),
        "NONTERMINALS": tuple(nonterminals),
        "ACCEPT": accept,
        "ACTIONS": tuple(map(tuple, actions)),
        "GOTO": tuple(map(tuple, goto)),
        "LANDING": tuple(map(tuple, landing)),
        "LANDINGS": tuple(landings),
        "RULES": tuple(shapes),
    }


def _parser(grammar: str) -> Any:
    """Lark's parser of a grammar, with its table."""
    from lark import Lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Lark needs a lexer to build a parser. Nothing asks this one for a token."""

        def __init__(self, conf: object) -> None: ...

        def lex(self, lexer_state: object, parser_state: object) -> Iterator[Any]:
            return iter(())

    return Lark(grammar, parser="lalr", lexer=NoLexer, keep_all_tokens=True, maybe_placeholders=False)


def _order(table: Any) -> dict[int, int]:
    """Numbers for Lark's states, in an order that is the same in every run.

    Lark numbers its states in the order of a set. The start state comes first here, and nothing ever shifts to it, so 0
    can mean "no action".
    """
    from lark.parsers.lalr_analysis import Shift

    start = table.start_states["start"]
    order: dict[int, int] = {start: 0}
    queue = [start]
    for state in queue:
        for _, (action, target) in sorted(table.states[state].items()):
            if action is Shift and target not in order:
                order[target] = len(order)
                queue.append(target)
    return order


def _builds(rules: Sequence[Any], nonterminals: Sequence[str]) -> list[int]:
    """For each rule, what the parser builds of the values of its right side (building.py)."""

    def is_transparent(name: str) -> bool:
        """Does this nonterminal always stand for one value, and make no node of it?"""
        own = [rule for rule in rules if rule.origin.name == name]
        named = name.startswith("_") or own[0].options.expand1
        return named and all(len(rule.expansion) == 1 and not rule.alias for rule in own)

    transparent = {name for name in nonterminals if is_transparent(name)}
    lists = {name for name in nonterminals if name.startswith("_") and name not in transparent}

    def build(rule: Any) -> int:
        name = rule.origin.name
        symbols = [symbol.name for symbol in rule.expansion]
        spliced = [symbol in lists for symbol in symbols]
        if name in transparent:
            return PASS
        if name in lists:
            if symbols[0] == name and not any(spliced[1:]):
                return GROW
            return SPLICED_LIST if any(spliced) else LIST
        return SPLICED_NODE if any(spliced) else NODE

    return [build(rule) for rule in rules]


def _landings(
    actions: Sequence[Sequence[int]], goto: Sequence[Sequence[int]], shapes: Sequence[tuple[int, int, int, str]]
) -> tuple[list[list[int]], list[tuple[int, ...]]]:
    """The states after a reduction and all reductions after it that build nothing (`LANDING` and `LANDINGS`).

    A name on its own is a term, an operand, an operation and an expression: four reductions that build nothing. Where
    they lead depends on the next token. With these rows the loop makes one step of them.
    """
    landings: list[tuple[int, ...]] = [(0,) * len(actions[0])]
    landing = [[0] * len(row) for row in goto]
    for below, after in enumerate(goto):
        for nonterminal, state in enumerate(after):
            if not state:
                continue
            row = []
            for terminal in range(len(actions[0])):
                number = state
                while actions[number][terminal] < 0 and shapes[-actions[number][terminal]][2] == PASS:
                    number = after[shapes[-actions[number][terminal]][1]]
                row.append(number)
            if tuple(row) not in landings:
                landings.append(tuple(row))
            landing[below][nonterminal] = landings.index(tuple(row))
    return landing, landings


_ROWS = "tuple[int, ...]"
_TYPES = {"ACTIONS": _ROWS, "GOTO": _ROWS, "LANDING": _ROWS, "LANDINGS": _ROWS, "RULES": "tuple[int, int, int, str]"}


_HEADER = '''\
"""The parser's table. Written by `python -m tapfix.syntax.lalr` from grammar/hcl2.lark: do not edit.

`ACTIONS[state][terminal]` is 0 (no such token here), a state to shift to, ACCEPT, or minus the number of a rule
to reduce by, counted from 1. There are few enough states for Python to keep an object of each of their numbers.

A rule is its length, its nonterminal, what to build of it (building.py) and the kind of the node. After a
reduction `GOTO[state][nonterminal]` is the next state, and `LANDINGS[LANDING[state][nonterminal]][terminal]`
is the one after the reductions that follow at once and build nothing.
"""

# fmt: off
# ruff: noqa
'''


def written(values: dict[str, Any]) -> str:
    """The text of `_tables.py`."""
    lines = _HEADER.splitlines()
    for name, value in values.items():
        if isinstance(value, int):
            lines.append(f"{name}: int = {value}")
        else:
            lines.append(f"{name}: tuple[{_TYPES.get(name, type(value[0]).__name__)}, ...] = (")
            lines.extend("    " + line for line in _wrapped([repr(entry) + "," for entry in value]))
            lines.append(")")
    return "\n".join(lines) + "\n"


def _wrapped(words: Sequence[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + len(word) > 114:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line


def current() -> str:
    """What `_tables.py` should contain for the current grammar."""
    return written(tables((packaged_folder("grammar") / "hcl2.lark").read_text(encoding="utf-8")))


if __name__ == "__main__":
    Path(__file__).with_name("_tables.py").write_text(current(), encoding="utf-8")
