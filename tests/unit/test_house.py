"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Fixer

CHECKOUT = Path(__file__).parents[2]
RULES = CHECKOUT / "fixers"
FIXERS = sorted(RULES.rglob("*.py"))
SOURCES = [*sorted(CHECKOUT.joinpath("tapfix").rglob("*.py")), *FIXERS]

DOORS = {
    "syntax": {"", "formatter", "stops"},
    "module": {"", "compose", "environments", "evaluate", "literals", "nodes", "values", "variables"},
    "contract": {"", "asking", "proposing"},
    "schema": {"", "constraints", "engines", "functions", "services"},
    "answer": {"decode", "files", "outline", "source", "terms", "writer", "writing"},
    "verify": {"", "comparison", "problem"},
    "engine": {"guard", "passes", "registry"},
    "report": {"diff", "formats", "grade", "json", "rules", "text", "wording"},
    "cli": {"app"},
}
"""The modules of each room that other rooms may import; "" is the room itself."""

LONGEST = 500
LONG_ON_PURPOSE = {
    "tapfix/syntax/_tables.py": "data",
    "tapfix/syntax/loop.py": "the hot loop",
    "fixers/managed_policy/policies.py": "data",
}
"""Files of more than 500 lines, and why."""


def imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """Level, module and name of each import, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_a_room_is_entered_by_its_doors(path: Path) -> None:
    """No import of another room's private names, or of a module of it that is not a door."""
    top, *inner = path.relative_to(CHECKOUT).parts
    own = inner[0] if top == "tapfix" and len(inner) > 1 else ""
    for level, module, name in imports(path):
        package, _, rest = module.partition(".")
        room, _, door = rest.partition(".")
        if level or package != "tapfix" or room not in DOORS or room == own:
            continue
        if not door and CHECKOUT.joinpath("tapfix", room, f"{name}.py").exists() and name not in ("parse",):
            door, name = name, ""
        assert door in DOORS[room], f"{path.name} imports {module}, which is not a door of {room}"
        assert not name.startswith("_"), f"{path.name} imports {module}.{name}, which is private"


def test_every_room_has_its_doors() -> None:
    rooms = {path.parent.name for path in CHECKOUT.joinpath("tapfix").glob("*/__init__.py")}
    assert rooms == DOORS.keys()
    for room, doors in DOORS.items():
        folder = CHECKOUT / "tapfix" / room
        assert not [door for door in doors if door and not folder.joinpath(f"{door}.py").exists()], room


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    if path.relative_to(CHECKOUT).as_posix() not in LONG_ON_PURPOSE:
        assert len(path.read_text().splitlines()) <= LONGEST


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name.lstrip("_"), []).append(path.relative_to(CHECKOUT).as_posix())
    assert not {name: places for name, places in homes.items() if len(places) > 1}


@pytest.mark.parametrize("path", FIXERS, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_a_fixer_imports_what_is_public_and_what_is_shared(path: Path) -> None:
    """A part of a family imports its own family and `shared`; nothing of `shared` imports a rule."""
    family = path.parent.name if path.parent != RULES else ""
    for level, module, name in imports(path):
        first, *inner = module.split(".") if module else [name]
        if level == 1 and not family:
            assert first == "shared", f"{path.name} imports another rule, {first}"
        elif level == 2:
            assert family and first == "shared", f"{path} imports another rule, {first}"
        elif level == 0:
            assert first == "tapfix" or first in sys.stdlib_module_names, f"{path.name} imports {module}"
            private = [word for word in (*inner, name) if word.startswith("_")] if first == "tapfix" else []
            assert not private, f"{path.name} imports {module}.{name}, which is private"


@pytest.mark.parametrize("fixer", builtin_fixers(), ids=lambda fixer: fixer.name)
def test_a_fixer_has_examples_and_a_page(fixer: Fixer) -> None:
    assert fixer.examples
    assert fixer.summary.endswith("."), "the first line is a sentence"
    assert len(fixer.page.splitlines()) > 2, "the docstring is the rule's page: a line, a blank line, and what it does"


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "common", "misc"])
def test_no_module_is_called_nothing_in_particular(name: str) -> None:
    assert not [p for folder in ("tapfix", "fixers") for p in CHECKOUT.joinpath(folder).rglob(f"{name}.py")]


def test_what_is_heavy_is_imported_late(tmp_path: Path) -> None:
    """A diff of a file that goes into a pipe needs neither Lark, nor rich, nor a Markdown parser."""
    (tmp_path / "tap_stack.tf").write_text('locals {\n  tags = { Environment = "dev" }\n}\n')
    code = (
        "import sys; from tapfix.cli.app import run; run(['diff', 'tap_stack.tf', '-q']);"
        "print(sorted({'lark', 'markdown_it', 'jsonschema', 'pyarrow', 'multiprocessing'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_is_in_the_docs() -> None:
    from tapfix.cli.app import app_with_all_commands

    app = app_with_all_commands()
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {
        f"{group.name} {command.callback.__name__}"
        for group in app.registered_groups
        for command in (group.typer_instance.registered_commands if group.typer_instance else ())
        if command.callback
    }
    for page in ("README.md", "docs/command.md"):
        told = set(re.findall(r"^\| `tapfix (\w+(?: [a-z]+)?)", (CHECKOUT / page).read_text(), re.MULTILINE))
        assert told == commands, page
