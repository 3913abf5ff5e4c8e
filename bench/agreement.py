"""How often do tapfix's own proof and `terraform validate` agree?

    python -m bench.agreement ANSWERS WORK [--mutants 300] [--name ANSWER.md] [--only answers|repaired|mutants]

The modules are real answers as given, the same answers as tapfix repairs them, and mutants of the valid ones. ANSWERS
contains answers as Markdown files, at any depth. WORK keeps the output of terraform for each text, so that a second run
only asks tapfix. terraform must find the AWS provider (TF_CLI_CONFIG_FILE).

Terraform does not check everything after a first error: it skips blocks that need a block with an error, schemas
after a bad reference, and all blocks after a bad line. A problem that tapfix reports in such a place counts as "not
comparable". `validate` also knows no values of variables, so it does not see what depends on one, such as the blocks
of a `for` or a `dynamic` block. A problem that `validate` does not confirm is therefore checked with `terraform
plan`, on an emulator.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from bench.mutants import mutate
from tapfix.answer.source import read_text
from tapfix.api import fix_source
from tapfix.contract import Contract
from tapfix.errors import TapfixError
from tapfix.module import Attribute, Block, Project
from tapfix.verify import Problem, check_project, ladder, surroundings

# Errors of the first stage of terraform, which stops after it.
FIRST_LOOK = re.compile(
    r"Duplicate|Invalid (escape|character|block|multi|string|single|variable name|attribute name|expression|default"
    r"|type|template|depends|quoted|provider configuration|resource name)|Unsupported block type"
    r"|Missing (expression|newline|name|attribute|item|close|key|validation)|Unclosed|Module not installed"
    r"|Argument or block|Extraneous|Unterminated|Reserved|Variables not allowed|Attribute redefined|Unexpected"
)
SYNTAX = re.compile(
    r"Invalid (escape|character|block|multi|string|single|expression)|Missing (expression|newline|attribute)"
    r"|Unclosed|Unterminated|Argument or block"
)


class Truth(NamedTuple):
    """The output of terraform for a module."""

    errors: list[dict[str, Any]]
    initialised: bool

    @property
    def clean(self) -> bool:
        return self.initialised and not self.errors


class Tally(NamedTuple):
    """The counts for one set of modules."""

    name: str
    named: int
    missed: list[str]
    true: int
    false: list[str]
    hidden: int
    later: int
    """Problems that terraform reports only when it plans."""

    def __str__(self) -> str:
        errors = self.named + len(self.missed)
        judged = self.true + len(self.false)
        return (
            f"{self.name:10} terraform's errors named {self.named}/{errors} ({self.named / max(errors, 1):.1%})   "
            f"tapfix's errors false {len(self.false)}/{judged} ({len(self.false) / max(judged, 1):.1%})   "
            f"not comparable {self.hidden}, confirmed by plan {self.later}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("answers", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--name", default="*.md", help="pattern of the answers' file names (default: %(default)s)")
    parser.add_argument("--only", choices=("answers", "repaired", "mutants"), action="append")
    given = parser.parse_args()
    answers, repaired = read(given.answers, given.name)
    sets = {"answers": answers, "repaired": repaired}
    if given.mutants:
        valid = {
            name: texts
            for name, texts in {**answers, **{f"{name}-repaired": texts for name, texts in repaired.items()}}.items()
            if not any("/" in path for path in texts) and ask(texts, given.work).clean
        }
        sets["mutants"] = dict(mutate(valid, given.mutants))
    for name, modules in sets.items():
        if given.only and name not in given.only:
            continue
        tally = compare(name, modules, given.work)
        print(f"{len(modules)} modules: {tally}")
        for line in tally.missed:
            print("  missed", line)
        for line in tally.false:
            print("  false ", line)


def read(folder: Path, pattern: str) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """The root module of each answer with the modules below it, as given and as tapfix repairs it."""
    contract = Contract.default()
    given, repaired = {}, {}
    for path in sorted(folder.rglob(pattern)):
        name = "-".join(path.relative_to(folder).with_suffix("").parts)
        try:
            source = read_text(path.read_text("utf-8"), contract)
            files = fix_source(source, contract).files
        except TapfixError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        root = f"{source.root}/" if source.root else ""
        given[name] = source.relative()
        repaired[name] = {path.removeprefix(root): text for path, text in files.items() if path.startswith(root)}
    return given, repaired


def ask(texts: Mapping[str, str], work: Path) -> Truth:
    """The output of terraform for a module, from this run or an earlier one."""
    cache = work / f"{_digest(texts)}.json"
    if cache.exists():
        known = json.loads(cache.read_text())
        return Truth([error for error in known["errors"] if not _of_the_surroundings(error)], known["initialised"])
    module = Project(texts).root
    environment = dict(os.environ, NO_COLOR="1", CHECKPOINT_DISABLE="1")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**texts, **surroundings.settings(module)}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        for name in surroundings.archives(texts):
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(surroundings.EMPTY_ARCHIVE)
        run = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
        started = subprocess.run(["terraform", "init", "-input=false"], **run, check=False)  # type: ignore[call-overload]
        done = subprocess.run(["terraform", "validate", "-json"], **run, check=False)  # type: ignore[call-overload]
    errors = [d for d in json.loads(done.stdout)["diagnostics"] if d["severity"] == "error"]
    work.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps({"errors": errors, "initialised": started.returncode == 0}))
    return Truth([error for error in errors if not _of_the_surroundings(error)], started.returncode == 0)


def planned(texts: Mapping[str, str], work: Path) -> frozenset[tuple[str, int]]:
    """The files and lines with errors when terraform plans a module on an emulator, from this run or an earlier one."""
    cache = work / f"plan-{_digest(texts)}.json"
    if not cache.exists():
        steps = ladder(texts, upto="plan")
        if all(step.status == "skipped" for step in steps if step.step == "plan") and steps[-2].status == "passed":
            sys.exit(f"no plan: {steps[-1].detail}")
        errors = [p for step in steps if step.step == "plan" for p in step.problems if p.severity == "error"]
        cache.write_text(json.dumps([(p.file, p.line, p.message) for p in errors]))
    return frozenset((file, line) for file, line, _ in json.loads(cache.read_text()))


def _digest(texts: Mapping[str, str]) -> str:
    return sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:24]


def _of_the_surroundings(error: Mapping[str, Any]) -> bool:
    """Whether an error is about an added file, or about a provider that this machine does not have."""
    own = (surroundings.OVERRIDE, surroundings.PROVIDERS)
    beside = (error.get("range") or {}).get("filename") in own
    return (
        beside
        or error["summary"] == "Missing required provider"
        or (not error.get("range") and "alias" in error["summary"] and not error["summary"].startswith("Cycle"))
    )


# --- comparing --------------------------------------------------------------------------------------------------


def compare(name: str, modules: Mapping[str, Mapping[str, str]], work: Path) -> Tally:
    named = true = hidden = later = 0
    missed: list[str] = []
    false: list[str] = []
    for module, texts in modules.items():
        case = _Case(texts, ask(texts, work))
        for error in case.truth.errors:
            if case.names(error):
                named += 1
            else:
                missed.append(
                    f"{module}: {error['summary']} {(error.get('range') or {}).get('filename')}:{_line(error)}"
                )
        for problem in case.problems:
            if case.is_true(problem):
                true += 1
            elif case.is_hidden(problem):
                hidden += 1
            elif case.truth.clean and (problem.file, problem.line) in planned(texts, work):
                later += 1
            elif problem.step == "values" and not case.truth.clean:
                hidden += 1
            else:
                false.append(f"{module}: {problem}")
    return Tally(name, named, missed, true, false, hidden, later)


class _Case:
    """One module: the problems of tapfix compared with the errors of terraform."""

    def __init__(self, texts: Mapping[str, str], truth: Truth) -> None:
        self.project = Project(texts)
        self.truth = truth
        self.problems: list[Problem] = [p for p in check_project(self.project, set(texts)) if p.severity == "error"]
        self.places = {(p.file, p.line) for p in self.problems}
        self.blocks = [block for module in self.project.modules for block in module.blocks]
        self.cycle = any(error["summary"].startswith("Cycle") for error in truth.errors)
        self.bad = {address for error in truth.errors if (address := self._address(error))}
        self.module_bad = any(address.startswith("module.") for _, address in self.bad) or any(
            folder for folder, _ in self.bad
        )
        self.stopped = not truth.initialised or any(self._stops(error) for error in truth.errors)
        self.needs: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for block in self.blocks:
            for reference in block.references:
                own = f"local.{reference.holder.name}" if block.type == "locals" and reference.holder else block.address
                self.needs[block.file.folder, own].add((block.file.folder, reference.address))

    def names(self, error: Mapping[str, Any]) -> bool:
        """Whether tapfix has a problem where terraform has one.

        The end of an unfinished text is the end of the file.
        """
        if not error.get("range"):
            return self.cycle and any(p.kind == "cycle" for p in self.problems)
        file = error["range"]["filename"]
        lines = range(_line(error), error["range"]["end"]["line"] + 1)
        if any((file, line) in self.places for line in lines):
            return True
        return bool(SYNTAX.match(error["summary"])) and any(
            p.step == "parses" and p.file == file for p in self.problems
        )

    def is_true(self, problem: Problem) -> bool:
        if problem.kind == "cycle" and self.cycle:
            return True
        for error in self.truth.errors:
            place = error.get("range") or {}
            if place.get("filename") == problem.file and (
                problem.step == "parses" or _line(error) <= problem.line <= place["end"]["line"]
            ):
                return True
        return False

    def is_hidden(self, problem: Problem) -> bool:
        """Whether terraform did not check this place."""
        if self.stopped or self.cycle:
            return True
        block = self._holder(problem.file, problem.line)
        if block is None:
            return False
        calls = block.type == "module" or any(r.address.startswith("module.") for r in block.references)
        if self.module_bad and (block.file.folder or calls):
            return True
        todo, seen = [(block.file.folder, problem.address)], set[tuple[str, str]]()
        if block.file.folder:  # terraform checks a module only after the values of its call
            todo += [("", call.address) for call in self.project.root.blocks_of("module")]
        if todo[0] in self.bad:
            return True
        while todo:
            for need in self.needs.get(todo.pop(), ()):
                if need in self.bad:
                    return True
                if need not in seen:
                    seen.add(need)
                    todo.append(need)
        return False

    def _stops(self, error: Mapping[str, Any]) -> bool:
        block = self._holder((error.get("range") or {}).get("filename", ""), _line(error))
        in_call = block is not None and block.type == "module" and "argument" in error["summary"]
        return in_call or bool(FIRST_LOOK.match(error["summary"]))

    def _address(self, error: Mapping[str, Any]) -> tuple[str, str] | None:
        block = self._holder((error.get("range") or {}).get("filename", ""), _line(error))
        if block is None:
            return None
        if block.type == "locals":
            for name, attribute in block.attributes.items():
                if _first_line(attribute) <= _line(error) <= _last_line(attribute):
                    return block.file.folder, f"local.{name}"
        return block.file.folder, block.address

    def _holder(self, file: str, line: int) -> Block | None:
        return next((b for b in self.blocks if b.file.path == file and _first_line(b) <= line <= _last_line(b)), None)


def _line(error: Mapping[str, Any]) -> int:
    return int((error.get("range") or {}).get("start", {}).get("line", 0))


def _first_line(element: Block | Attribute) -> int:
    return element.file.text.count("\n", 0, element.start) + 1


def _last_line(element: Block | Attribute) -> int:
    return element.file.text.count("\n", 0, element.end) + 1


if __name__ == "__main__":
    main()
