"""The reader against real answers, whose files were written down by hand.

The answers are third-party text and not a part of the project. If their folder is not beside the checkout, the test is
skipped. For each answer, `tests/data/answers.json` has its digest and its files: path, first and last line in the
answer. Two of them are essays with excerpts instead of an answer. Their entry is the stack that the excerpts make when
they are put together.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tapfix.answer.decode import decode
from tapfix.answer.outline import is_answer
from tapfix.answer.reader import read_answer
from tapfix.errors import InputError

HERE = Path(__file__).resolve()
EXPECTED: dict[str, Any] = json.loads((HERE.parents[2] / "data" / "answers.json").read_text())
CORPUS = Path(os.environ.get("TAPFIX_ANSWERS", HERE.parents[4] / "shared" / "corpus"))


@pytest.mark.parametrize("name", EXPECTED)
def test_finds_the_files_of_a_real_answer(name: str) -> None:
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"no real answers at {CORPUS}; name their folder in TAPFIX_ANSWERS")
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == EXPECTED[name]["sha256"]
    text = decode(data)
    expected = [tuple(file) for file in EXPECTED[name]["files"]]
    if not expected:
        with pytest.raises(InputError, match="no HCL"):
            read_answer(text)
        return
    answer = read_answer(text)
    assert [(file.path, file.line, file.last_line) for file in answer.files] == expected
    lines = text.split("\n")
    for file in answer.files:
        content = file.text.split("\n")[:-1]
        if is_answer(text) and "\r" not in text:
            for number in (1, len(content) // 2 + 1, len(content)):
                assert lines[file.answer_line(number) - 1].strip() == content[number - 1].strip()
