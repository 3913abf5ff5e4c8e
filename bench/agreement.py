"""How far tapfix's own proof agrees with `terraform validate`: on real answers, and on mutants of those that are valid.

    python bench/agreement.py ANSWERS WORK [--mutants 300] [--name ANSWER.md]

ANSWERS holds answers as Markdown files, at any depth. WORK keeps the modules read from them and what terraform said, so that a second
run only asks tapfix again. terraform has to find the AWS provider (TF_CLI_CONFIG_FILE).

Terraform does not look at everything once it found something: a block that needs one with an error is passed over, and so is a schema
behind a bad reference, or every block behind a bad line. A problem of tapfix's in such a place is counted as "not comparable".
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tapfix.contract import Contract
from tapfix.errors import TapfixError
from tapfix.module import Attribute, Block, Project, call_arguments, call_name, walk
from tapfix.response import read_answer
from tapfix.schema import BlockSchema, load
from tapfix.verify import Problem, check_project, surroundings

# Errors of the first look at the files: with one of these, terraform looks no further.
FIRST_LOOK = re.compile(
    r"Duplicate|Invalid (escape|character|block|multi|string|single|variable name|attribute name|expression|default|type|template|depends"
    r"|quoted|provider configuration|resource name)|Unsupported block type|Missing (expression|newline|name|attribute|item|close|key|validation)"
    r"|Unclosed|Module not installed|Argument or block|Extraneous|Unterminated|Reserved|Variables not allowed|Attribute redefined|Unexpected"
)
SYNTAX = re.compile(
    r"Invalid (escape|character|block|multi|string|single|expression)|Missing (expression|newline|attribute)|Unclosed|Unterminated|Argument or block"
)


class Truth(NamedTuple):
    """What terraform said of a module."""

    errors: list[dict[str, Any]]
    initialised: bool

    @property
    def clean(self) -> bool:
        return self.initialised and not self.errors


class Tally(NamedTuple):
    """The figures of one set of modules."""

    name: str
    named: int
    missed: list[str]
    true: int
    false: list[str]
    hidden: int
    later: int
    """Values that terraform sees only when it plans: it validates with no variable's value known."""

    def __str__(self) -> str:
        errors = self.named + len(self.missed)
        judged = self.true + len(self.false)
        return (
            f"{self.name:10} terraform's errors named {self.named}/{errors} ({self.named / max(errors, 1):.1%})   "
            f"tapfix's errors false {len(self.false)}/{judged} ({len(self.false) / max(judged, 1):.1%})   not comparable {self.hidden}, "
            f"values beyond validate {self.later}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("answers", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--name", default="*.md", help="which files hold answers (default: %(default)s)")
    given = parser.parse_args()
    modules = dict(read(given.answers, given.name))
    truths = {name: ask(texts, given.work / f"{name}.json") for name, texts in modules.items()}
    tallies = [compare("answers", modules, truths)]
    if given.mutants:
        clean = {
            name: texts
            for name, texts in modules.items()
            if truths[name].clean and not any("/" in path for path in texts)
        }
        mutants = dict(mutate(clean, given.mutants))
        tallies.append(compare("mutants", mutants, {n: ask(t, given.work / f"{n}.json") for n, t in mutants.items()}))
    for tally in tallies:
        print(tally)
        for line in tally.missed:
            print("  missed", line)
        for line in tally.false:
            print("  false ", line)


def read(folder: Path, pattern: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The root module of each answer, with the modules below it."""
    contract = Contract.default()
    for path in sorted(folder.rglob(pattern)):
        try:
            answer = read_answer(path.read_text("utf-8"), environments=contract.topology.environments)
        except TapfixError:
            continue
        root = f"{answer.root}/" if answer.root else ""
        texts = {file.path.removeprefix(root): file.text for file in answer.files if file.path.startswith(root)}
        if any(name.endswith(".tf") for name in texts):
            yield "-".join(path.relative_to(folder).with_suffix("").parts), texts


def ask(texts: Mapping[str, str], cache: Path) -> Truth:
    """What terraform says of a module, now or before."""
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
    errors = [d for d in errors if not _of_the_surroundings(d)]
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps({"errors": errors, "initialised": started.returncode == 0}))
    return Truth(errors, started.returncode == 0)


def _of_the_surroundings(error: Mapping[str, Any]) -> bool:
    """Whether an error speaks of what was put beside the answer, or of a provider that this machine does not have."""
    own = (surroundings.OVERRIDE, surroundings.PROVIDERS)
    beside = (error.get("range") or {}).get("filename") in own
    return (
        beside
        or error["summary"] == "Missing required provider"
        or (not error.get("range") and "alias" in error["summary"])
    )


# --- comparing --------------------------------------------------------------------------------------------------


def compare(name: str, modules: Mapping[str, Mapping[str, str]], truths: Mapping[str, Truth]) -> Tally:
    named = true = hidden = later = 0
    missed: list[str] = []
    false: list[str] = []
    for module, texts in modules.items():
        case = _Case(texts, truths[module])
        for error in truths[module].errors:
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
            elif problem.step == "values":
                later += 1
            else:
                false.append(f"{module}: {problem}")
    return Tally(name, named, missed, true, false, hidden, later)


class _Case:
    """One module: what tapfix says of it, beside what terraform said."""

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
        """Whether tapfix has a problem where terraform has one; an unfinished text's end is the file's."""
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
        """Whether terraform never came to look at the place."""
        if self.stopped or self.cycle:
            return True
        block = self._holder(problem.file, problem.line)
        if block is None:
            return False
        calls = block.type == "module" or any(r.address.startswith("module.") for r in block.references)
        if self.module_bad and (block.file.folder or calls):
            return True
        todo, seen = [(block.file.folder, problem.address)], set[tuple[str, str]]()
        if block.file.folder:  # a module is looked at once what it is called with is known
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


# --- mutants ----------------------------------------------------------------------------------------------------

Spot = tuple[str, int, int, str]
"""File, start, end, and what is put there."""


def mutate(modules: Mapping[str, Mapping[str, str]], number: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Modules with one thing wrong each, the ways to be wrong in equal shares; the same ones every time."""
    dice = random.Random(7)
    names = sorted(modules)
    counts: Counter[str] = Counter()
    for turn in range(number):
        way = list(WAYS)[turn % len(WAYS)]
        for _ in range(200):
            name = dice.choice(names)
            spots = list(WAYS[way](Project(modules[name])))
            if spots:
                file, start, end, text = dice.choice(spots)
                old = modules[name][file]
                counts[way] += 1
                yield f"{way}-{counts[way]:02d}-{name}", {**modules[name], file: old[:start] + text + old[end:]}
                break


def _bodies(project: Project) -> Iterator[tuple[Block, BlockSchema]]:
    """Every block of AWS types, and of those in them, with its schema."""
    schema = load(5)
    todo: list[tuple[Block, BlockSchema]] = []
    for block in project.root.blocks:
        if block.type in ("resource", "data") and len(block.labels) == 2 and block.labels[0].startswith("aws_"):
            found = (schema.resource if block.type == "resource" else schema.data_source)(block.labels[0])
            if found is not None:
                todo.append((block, found))
    while todo:
        block, known = todo.pop()
        yield block, known
        todo += [(nested, known.blocks[nested.type].block) for nested in block.blocks if nested.type in known.blocks]


def _resources(project: Project) -> list[Block]:
    return [block for block, _ in _bodies(project) if block.parent is None]


def _whole_lines(element: Block | Attribute) -> tuple[str, int, int]:
    return element.file.path, element.file.line_start(element.start), element.file.line_end(element.end)


def _inside(block: Block, text: str) -> Spot:
    at = block.file.line_end(block.start)
    return block.file.path, at, at, text


def _arguments(change: Callable[[Attribute, Any], Spot | None]) -> Callable[[Project], Iterator[Spot]]:
    def spots(project: Project) -> Iterator[Spot]:
        for block, known in _bodies(project):
            for name, attribute in block.attributes.items():
                spot = change(attribute, known.attributes[name]) if name in known.attributes else None
                if spot is not None:
                    yield spot

    return spots


def _wrong_type(attribute: Attribute, known: Any) -> Spot:
    wrong = {"number": '"many"', "bool": '"enabled"', "string": '["x"]'}.get(
        known.type if isinstance(known.type, str) else "", '"x"'
    )
    return (*attribute.span(attribute.expr), wrong)


def _as_block(attribute: Attribute, known: Any) -> Spot | None:
    if known.type != "string" or "\n" in attribute.value:
        return None
    return (*attribute.span(), f"{attribute.name} {{\n value = {attribute.value}\n}}")


def _drop_blocks(project: Project) -> Iterator[Spot]:
    for block, known in _bodies(project):
        yield from (
            (*_whole_lines(b), "") for b in block.blocks if b.type in known.blocks and known.blocks[b.type].min_items
        )


def _twice(project: Project) -> Iterator[Spot]:
    for block, known in _bodies(project):
        for nested in block.blocks:
            if nested.type in known.blocks and known.blocks[nested.type].max_items == 1:
                yield nested.file.path, nested.start, nested.start, nested.text() + "\n"


def _cycles(project: Project) -> Iterator[Spot]:
    for block in _resources(project):
        for reference in block.references:
            other = project.root.find(reference.address)
            if (
                isinstance(other, Block)
                and other is not block
                and {block.type, other.type} == {"resource"}
                and not other.get("depends_on")
            ):
                yield _inside(other, f"  depends_on = [{block.address}]\n")


def _references(kinds: tuple[str, ...], step: str | None, text: str) -> Callable[[Project], Iterator[Spot]]:
    """Change references: behind the address, or the step behind it."""

    def spots(project: Project) -> Iterator[Spot]:
        for reference in project.root.references:
            target = project.root.find(reference.address)
            kind = target.type if isinstance(target, Block) else "local"
            if target is None or kind not in kinds or reference.block is None:
                continue
            if step is None:
                yield reference.file.path, reference.end, reference.end, text
            elif reference.steps and reference.steps[0].kind == step and isinstance(target, Block):
                counted = bool(target.get("count") or target.get("for_each"))
                base, first = reference.block.base, reference.steps[0]
                if counted == (step == "index"):
                    if text == "[0]":
                        yield reference.file.path, reference.end, reference.end, text
                    else:
                        yield reference.file.path, base + first.start, base + first.end, text

    return spots


def _calls(project: Project) -> Iterator[tuple[Block, Any]]:
    for block in project.root.blocks:
        for node in walk(block.node) if block.type != "variable" else ():
            if node.kind == "call":
                yield block, node


def _unknown_functions(project: Project) -> Iterator[Spot]:
    for block, node in _calls(project):
        name = call_name(node) or ""
        yield block.file.path, block.base + node.start, block.base + node.start + len(name), name + "x"


def _fewer_arguments(project: Project) -> Iterator[Spot]:
    for block, node in _calls(project):
        arguments = call_arguments(node)
        if len(arguments) > 1 and call_name(node) in (
            "cidrsubnet",
            "element",
            "join",
            "replace",
            "substr",
            "lookup",
            "split",
        ):
            yield block.file.path, block.base + arguments[0].end, block.base + arguments[-1].end, ""


def _bad_defaults(project: Project) -> Iterator[Spot]:
    for block in project.root.variables.values():
        kind, default = block.get("type"), block.get("default")
        if kind and default and kind.value in ("number", "bool", "string"):
            yield (*default.span(default.expr), "{ a = 1 }" if kind.value == "string" else '"abc"')


WAYS: Mapping[str, Callable[[Project], Iterator[Spot]]] = {
    "drop-required": _arguments(lambda attribute, known: (*_whole_lines(attribute), "") if known.required else None),
    "misspell": _arguments(lambda a, known: (a.file.path, a.start, a.start + len(a.name), a.name[:-1] + "zq")),
    "argument-as-block": _arguments(_as_block),
    "wrong-type": _arguments(_wrong_type),
    "drop-block": _drop_blocks,
    "twice-a-block": _twice,
    "unknown-argument": lambda p: (_inside(block, "  not_an_argument = 1\n") for block in _resources(p)),
    "unknown-block": lambda p: (_inside(block, "  not_a_block {\n  }\n") for block in _resources(p)),
    "unknown-type": lambda p: ((*b.span(b.label_nodes[0]), f'"{b.labels[0]}_x"') for b in _resources(p)),
    "duplicate": lambda p: (
        (b.file.path, b.end, b.end, "\n\n" + b.text()) for b in p.root.blocks if b.labels and b.type != "provider"
    ),
    "cycle": _cycles,
    "dangling": _references(("resource", "data"), None, "_gone"),
    "undeclared": _references(("variable", "local"), None, "_gone"),
    "no-attribute": _references(("resource", "data"), "get_attr", ".not_there"),
    "index": _references(("resource",), "get_attr", "[0]"),
    "no-index": _references(("resource",), "index", ""),
    "function": _unknown_functions,
    "fewer-arguments": _fewer_arguments,
    "bad-default": _bad_defaults,
    "no-value": lambda p: (
        (*_whole_lines(o.attributes["value"]), "") for o in p.root.outputs.values() if o.get("value") and not o.one_line
    ),
}


if __name__ == "__main__":
    main()
