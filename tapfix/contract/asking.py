"""A contract from any command that understands prose: `--ask COMMAND`.

The command reads a JSON object from its standard input: `prompt`, the text, and `schema`, the JSON Schema of
the answer.
It prints a JSON object: `{"clauses": [{"clause": "tags.keys", "value": ["Owner"], "quote": "Tag all with Owner."}]}`.
A clause is kept only if its value is one that the contract knows and its quote stands in the prompt, white
space folded:
what a language model makes up cannot get into a contract.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

from tapfix.contract.clauses import Clause, Contract, clauses_of, tables_of
from tapfix.contract.proposing import Proposal
from tapfix.errors import TapfixError

TIMEOUT = 120.0
"""Seconds that the command may take."""
_SHORTEST_QUOTE = 8
"""A shorter quote, in characters, shows nothing."""
_NOT_IN_PROMPTS = ("rules", "services")
"""Tables that are about tapfix, and that no prompt states."""


class AskError(TapfixError):
    """The command that was asked to read a prompt cannot be run, takes too long, or does not answer as agreed."""


def ask(command: str, prompt: str, *, timeout: float = TIMEOUT) -> tuple[Proposal, ...]:
    """The clauses that a command finds in a prompt, in the contract's order, each with the sentence that it quotes.

    `command` is split as a shell would split it, and is run without a shell. Raises `AskError`, whose message is one
    line, if the command is missing, fails, takes longer than `timeout` seconds, or prints something else than was
    agreed. A clause whose quote is not in the prompt, or whose value is of the wrong kind, is left out.
    """
    said = _run(command, json.dumps({"prompt": prompt, "schema": answer_schema()}), timeout)
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise AskError(f"--ask: the command did not print JSON: {_one_line(error)}") from None
    clauses = answer.get("clauses") if isinstance(answer, dict) else None
    if not isinstance(clauses, list):
        raise AskError('--ask: the command printed JSON without a list "clauses"')
    known = _clauses()
    text = _QuotedPrompt(prompt)
    found: dict[str, Proposal] = {}
    for entry in clauses:
        proposal = _proposal(entry, known, text)
        if proposal is not None:
            found.setdefault(f"{proposal.table}.{proposal.key}", proposal)
    return tuple(found[name] for name in known if name in found)


def answer_schema() -> dict[str, Any]:
    """The JSON Schema of what the command has to print."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The clauses that a prompt states, each with the sentence that states it",
        "type": "object",
        "required": ["clauses"],
        "properties": {
            "clauses": {
                "type": "array",
                "description": "Only what the prompt demands in so many words. Leave out what it merely implies.",
                "items": {"anyOf": [_entry_schema(name, clause) for name, clause in _clauses().items()]},
            }
        },
    }


def _entry_schema(name: str, clause: Clause) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["clause", "value", "quote"],
        "additionalProperties": False,
        "description": clause.meaning,
        "properties": {
            "clause": {"const": name},
            "value": dict(clause.kind.schema),
            "quote": {
                "type": "string",
                "minLength": _SHORTEST_QUOTE,
                "description": "The sentence of the prompt that states the clause, word for word.",
            },
        },
    }


def _clauses() -> dict[str, Clause]:
    return {
        f"{table}.{key}": clause
        for table, cls in tables_of(Contract).items()
        if table not in _NOT_IN_PROMPTS
        for key, clause in clauses_of(cls).items()
    }


def _run(command: str, given: str, timeout: float) -> str:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise AskError(f"--ask {command}: {_one_line(error)}") from None
    if not words:
        raise AskError("--ask: the command is empty")
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise AskError(f"--ask {words[0]}: cannot be run: {_one_line(reason)}") from None
    with process:
        try:
            printed, complaint = process.communicate(given.encode("utf-8", "replace"), timeout)
        except subprocess.TimeoutExpired:
            raise AskError(f"--ask {words[0]}: no answer within {timeout:g} seconds") from None
        finally:
            _stop(process)
    if process.returncode:
        lines = complaint.decode("utf-8", "replace").splitlines()
        last = _one_line(next((line for line in reversed(lines) if line.strip()), ""))
        raise AskError(f"--ask {words[0]}: failed with exit code {process.returncode}{': ' if last else ''}{last}")
    try:
        return printed.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AskError(f"--ask {words[0]}: what it printed is not UTF-8 text") from None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, and where the system has groups of processes, those that it started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _proposal(entry: Any, known: dict[str, Clause], text: _QuotedPrompt) -> Proposal | None:
    """The clause of an entry, or None if it is not one, or does not quote the prompt."""
    if not isinstance(entry, dict):
        return None
    name, quote = entry.get("clause"), entry.get("quote")
    clause = known.get(name) if isinstance(name, str) else None
    place = text.find(quote) if isinstance(quote, str) else None
    if clause is None or place is None:
        return None
    try:
        value = clause.kind.write(clause.kind.read(entry.get("value")))
    except ValueError:
        return None
    table, _, key = str(name).partition(".")
    return Proposal(table, key, value, (place,))


class _QuotedPrompt:
    """A prompt in which quotes are looked up, white space folded."""

    def __init__(self, prompt: str) -> None:
        self.folded = ""
        self.lines: list[tuple[int, int]] = []
        """For each line that is not empty, where it begins in the folded text, and its number."""
        parts, length = [], 0
        for number, words in self._words(prompt):
            self.lines.append((length, number))
            parts.append(words)
            length += len(words) + 1
        self.folded = " ".join(parts)

    @staticmethod
    def _words(prompt: str) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(prompt.split("\n"), 1):
            if words := " ".join(line.split()):
                yield number, words

    def find(self, quote: str) -> tuple[int, str] | None:
        """Line and text of a quote, or None if it is not in the prompt."""
        words = " ".join(quote.split())
        position = self.folded.find(words) if len(words) >= _SHORTEST_QUOTE else -1
        if position < 0:
            return None
        return next(number for start, number in reversed(self.lines) if start <= position), words


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:200]
