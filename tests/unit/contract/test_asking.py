"""`--ask`: a command reads the prompt, and only what it can quote counts."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tapfix.contract.asking import AskError, answer_schema, ask
from tapfix.contract.proposing import Proposal

PROMPT = "# Stack\n\nTag all resources\nwith Owner.  Deploy it to us-east-1.\n"


def command(tmp_path: Path, code: str) -> str:
    script = tmp_path / "reader.py"
    script.write_text(code)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"


def answering(tmp_path: Path, *clauses: dict[str, Any]) -> str:
    return command(tmp_path, f"print({json.dumps({'clauses': clauses})!r})")


def test_a_clause_with_a_quote_is_kept_with_its_line(tmp_path: Path) -> None:
    asked = answering(
        tmp_path,
        {"clause": "topology.allowed_regions", "value": ["us-east-1"], "quote": "Deploy it to us-east-1."},
        {"clause": "tags.keys", "value": ["Owner"], "quote": "Tag all  resources with Owner."},
    )
    assert ask(asked, PROMPT) == (
        Proposal("topology", "allowed_regions", ["us-east-1"], ((4, "Deploy it to us-east-1."),)),
        Proposal("tags", "keys", ["Owner"], ((3, "Tag all resources with Owner."),)),
    )


@pytest.mark.parametrize(
    "clause",
    [
        {"clause": "tags.keys", "value": ["Owner"], "quote": "Tag everything with Owner."},
        {"clause": "tags.keys", "value": ["Owner"], "quote": "Owner"},
        {"clause": "tags.keys", "value": ["Owner"]},
        {"clause": "tags.keys", "value": "Owner", "quote": "Deploy it to us-east-1."},
        {"clause": "tags.colour", "value": ["Owner"], "quote": "Deploy it to us-east-1."},
        {"clause": "rules.ignore", "value": ["TAP"], "quote": "Deploy it to us-east-1."},
        {"clause": ["tags.keys"], "value": ["Owner"], "quote": "Deploy it to us-east-1."},
        {"clause": "deliverable.main", "value": "../x.tf", "quote": "Deploy it to us-east-1."},
        "tags.keys",
    ],
)
def test_what_is_not_quoted_or_not_a_clause_is_left_out(tmp_path: Path, clause: Any) -> None:
    assert ask(answering(tmp_path, clause), PROMPT) == ()


def test_the_command_gets_the_prompt_and_a_schema_that_its_answer_fits(tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        "given = json.load(sys.stdin)\n"
        "assert sorted(given) == ['prompt', 'schema']\n"
        "quote = given['prompt'].splitlines()[2]\n"
        "print(json.dumps({'clauses': [{'clause': 'tags.keys', 'value': ['Owner'], 'quote': quote}]}))\n"
    )
    assert ask(command(tmp_path, code), PROMPT)[0].sources == ((3, "Tag all resources"),)
    jsonschema.Draft7Validator.check_schema(answer_schema())
    jsonschema.validate(
        {"clauses": [{"clause": "tags.keys", "value": ["Owner"], "quote": "Tag all resources"}]}, answer_schema()
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"clauses": [{"clause": "tags.keys", "value": ["Owner"]}]}, answer_schema())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('Sure, here it is')", "did not print JSON"),
        ("print('[' * 100000)", "did not print JSON"),
        ("print('[]')", 'without a list "clauses"'),
        ("import sys\nsys.exit('no\\nkey')", "failed with exit code 1: key"),
        ("import sys\nsys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
    ],
)
def test_a_command_that_does_not_answer_as_agreed(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(AskError, match=message) as raised:
        ask(command(tmp_path, code), PROMPT)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("given", ["", "no-such-command-here", 'unclosed "', "/"])
def test_a_command_that_cannot_be_run(given: str) -> None:
    with pytest.raises(AskError) as raised:
        ask(given, PROMPT)
    assert "\n" not in str(raised.value)


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    start = time.monotonic()
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with pytest.raises(AskError, match="no answer within 1 seconds"):
        ask(command(tmp_path, code), PROMPT, timeout=1)
    assert time.monotonic() - start < 20


def test_a_command_that_reads_nothing(tmp_path: Path) -> None:
    assert ask(answering(tmp_path), PROMPT * 50_000) == ()
