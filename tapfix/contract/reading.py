"""The contract file, read: from its text to tables, with line and column of whatever is wrong.

`tomllib` reads the text but keeps no positions, so the position of a key is searched when there is something to report.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from tapfix.contract.because import Because
from tapfix.contract.clauses import ContractError, Table, clauses_of, tables_of

AnyTable = TypeVar("AnyTable", bound=Table)

_HEADER = r"[ \t]*\[+[ \t]*([^\]\n]+?)[ \t]*\]"
_KEY = r"[ \t]*((?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*'))*)[ \t]*="


class ContractReader(NamedTuple):
    """Reads the text of one contract file."""

    content: str
    name: str
    """The file's name, for messages."""

    def read(self, contract: type[Table]) -> dict[str, Table]:
        """The tables that the file states, by name.

        Raises `ContractError` on text that is not TOML, on unknown names and on values of the wrong kind.
        """
        try:
            stated = tomllib.loads(self.content)
        except tomllib.TOMLDecodeError as error:
            message, line, column = _syntax_error(str(error), self.content)
            raise ContractError(message, self.name, line, column) from None
        known = tables_of(contract)
        found: dict[str, Table] = {}
        for name, values in stated.items():
            if name not in known:
                raise self._error(f"unknown table [{name}]{_suggestion(name, known)}", (name,))
            if not isinstance(values, dict):
                raise self._error(f"{name} is a table: write [{name}]", (name,))
            found[name] = self._table(name, known[name], values)
        return found

    def stated(self) -> Iterator[tuple[str, Because]]:
        """The clauses that the file states, as `table.key`, with their places. The text must be a valid contract."""
        for name, values in tomllib.loads(self.content).items():
            for key in values:
                line, _ = _position(self.content, (name, key))
                yield f"{name}.{key}", Because("contract", f"{name}.{key}", self.name, line)

    def _table(self, name: str, table: type[AnyTable], values: Mapping[str, Any]) -> AnyTable:
        known = clauses_of(table)
        read: dict[str, Any] = {}
        for key, value in values.items():
            if key not in known:
                raise self._error(f"unknown key {key!r} in [{name}]{_suggestion(key, known)}", (name, key))
            kind = known[key].kind
            try:
                read[key] = kind.read(value)
            except ValueError as error:
                path = (name, key, *map(str, error.args))
                wrong = value[error.args[0]] if error.args and isinstance(value, dict) else value
                raise self._error(f"{name}.{key} has to be {kind.expected}, not {_shown(wrong)}", path) from None
        return table(**read)

    def _error(self, message: str, path: tuple[str, ...]) -> ContractError:
        line, column = _position(self.content, path)
        return ContractError(message, self.name, line, column)


def _suggestion(word: str, known: Mapping[str, object]) -> str:
    """The end of a message about an unknown word: the known word that resembles it, or all known words."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def _shown(value: object) -> str:
    """A value as a message shows it; long ones only by their type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) < 60 else "that string"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]" if len(value) < 6 else "that list"
    return "a table" if isinstance(value, dict) else str(value)


def _syntax_error(message: str, content: str) -> tuple[str, int, int]:
    """The message of `tomllib` without the position at its end, then line and column of that position."""
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if match:
        return message[: match.start()], int(match[1]), int(match[2])
    return message.removesuffix(" (at end of document)"), content.count("\n") + 1, len(content) - content.rfind("\n")


def _position(content: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Line and column of a key.

    The text is valid TOML, so it is enough to look at headers and at the keys that begin a line. A key in an inline
    table is searched after the key of that table.
    """
    wanted = list(path)
    header: list[str] = []
    for number, line in enumerate(content.split("\n"), 1):
        if match := re.match(_HEADER, line):
            header = _parts_of(match[1])
            if header == wanted:
                return number, match.start(1) + 1
        elif match := re.match(_KEY, line):
            key = header + _parts_of(match[1])
            if key == wanted:
                return number, match.start(1) + 1
            if key == wanted[: len(key)]:
                inner = re.search(rf"[{{,.\s][\"']?({re.escape(wanted[-1])})[\"']?\s*=", line[match.end() :])
                return number, match.end() + inner.start(1) + 1 if inner else match.start(1) + 1
    return 1, 1


def _parts_of(key: str) -> list[str]:
    """The parts of a dotted key, without quotes."""
    return [part.strip().strip("\"'") for part in key.split(".")]
