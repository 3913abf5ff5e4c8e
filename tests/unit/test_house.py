"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FIXERS = sorted(CHECKOUT.joinpath("fixers").glob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """Level, module and name of each import, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("path", FIXERS, ids=lambda path: path.stem)
def test_a_fixer_imports_what_is_public_and_what_is_shared(path: Path) -> None:
    for level, module, name in imports(path):
        if level:
            shared = module or name
            assert level == 1 and shared.startswith("_"), f"{path.name} imports another fixer, {shared}"
        else:
            first, *inner = module.split(".")
            assert first == "tapfix" or first in sys.stdlib_module_names, f"{path.name} imports {module}"
            if first == "tapfix":
                private = [word for word in (*inner, name) if word.startswith("_")]
                assert not private, f"{path.name} imports {module}.{name}, which is private"


@pytest.mark.parametrize("path", [p for p in FIXERS if not p.stem.startswith("_")], ids=lambda path: path.stem)
def test_a_fixer_has_examples_and_a_page(path: Path) -> None:
    from tapfix.registry import builtin_fixers

    fixer = next(f for f in builtin_fixers() if f.name == path.stem.replace("_", "-"))
    assert fixer.examples
    assert fixer.summary.endswith(".")
    assert len(fixer.page.splitlines()) > 3


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "common", "misc"])
def test_no_module_is_called_nothing_in_particular(name: str) -> None:
    assert not [p for folder in ("tapfix", "fixers") for p in CHECKOUT.joinpath(folder).rglob(f"{name}.py")]


def test_what_is_heavy_is_imported_late(tmp_path: Path) -> None:
    """A diff of a file that goes into a pipe needs neither Lark, nor rich, nor a Markdown parser."""
    (tmp_path / "tap_stack.tf").write_text('locals {\n  tags = { Environment = "dev" }\n}\n')
    code = (
        "import sys; from tapfix.cli import run; run(['diff', 'tap_stack.tf', '-q']);"
        "print(sorted({'lark', 'markdown_it', 'jsonschema', 'pyarrow', 'multiprocessing'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_is_in_the_docs() -> None:
    from tapfix.cli import app

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
