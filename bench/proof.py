"""How long do the first steps of the proof take, compared with `terraform validate` on the same module?

    python -m bench.proof ANSWER... [--rounds N]

Each round starts a new interpreter, as a command does, so that the schema and the checks are loaded again. It
measures the first check of a process without the parse, and then a second check. `terraform validate` runs in a
folder that is already initialised. The tools take turns, so that other load affects all of them; the result is the
median of the wall-clock time. terraform must find the AWS provider (TF_CLI_CONFIG_FILE).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tapfix.answer.source import read_text
from tapfix.contract import Contract
from tapfix.module import Project
from tapfix.verify import surroundings

ONCE = """\
import json, sys, time
from tapfix.module import Project
from tapfix.verify import check_project
texts = json.load(sys.stdin)
times = []
for _ in range(2):
    start = time.perf_counter()
    project = Project(texts)
    for file in project.files.values():
        file.tree
    parsed = time.perf_counter()
    found = check_project(project, set(texts))
    times += [parsed - start, time.perf_counter() - parsed]
print(json.dumps([*times, len(found)]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    for path in given.answers:
        texts = read_text(path.read_text("utf-8"), Contract.default()).relative()
        lines = sum(text.count("\n") for text in texts.values())
        print(f"{path.name}: {lines} lines, medians of {given.rounds} rounds")
        for name, seconds in measure(texts, given.rounds).items():
            print(f"  {name:32} {seconds * 1000:8.0f} ms")


def measure(texts: dict[str, str], rounds: int) -> dict[str, float]:
    columns: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        for name, text in {**texts, **surroundings.settings(Project(texts).root)}.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        environment = dict(os.environ, CHECKPOINT_DISABLE="1")
        # As in an installation, the bytecode of the modules exists before the first round.
        compiled = dict(os.environ, PYTHONPYCACHEPREFIX=f"{cache}", PYTHONDONTWRITEBYTECODE="")
        run = {"cwd": folder, "env": environment, "capture_output": True, "check": False}
        subprocess.run(["terraform", "init", "-input=false"], **run)  # type: ignore[call-overload]
        for number in range(rounds + 1):
            done = subprocess.run(
                [sys.executable, "-c", ONCE],
                input=json.dumps(texts),
                capture_output=True,
                text=True,
                check=True,
                env=compiled,
            )
            *times, _ = json.loads(done.stdout)
            start = time.perf_counter()
            subprocess.run(["terraform", "validate", "-json"], **run)  # type: ignore[call-overload]
            if number:  # round 0 writes the bytecode
                columns.append([*times, time.perf_counter() - start])
    first_parse, first, second_parse, second, validate = (
        statistics.median(column) for column in zip(*columns, strict=True)
    )
    print(
        f"  validate takes {validate / first:.0f} times as long as the first check, "
        f"{validate / second:.0f} times as the second"
    )
    return {
        "parse, first": first_parse,
        "check, first": first,
        "parse, second": second_parse,
        "check, second": second,
        "terraform validate": validate,
    }


if __name__ == "__main__":
    main()
