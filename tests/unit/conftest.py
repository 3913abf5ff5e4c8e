"""Fixers for the tests of the command line, the library and the batch, which must not depend on the real rules."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXER = '''
import os

from tapfix import Edit, Fixer, Safety, Severity


class PoorName(Fixer):
    """A local value that is called foo.

    Foo says nothing.
    """

    rule = "TOY001"
    severity = Severity.LOW
    safety = Safety.SAFE

    def check(self, module, context):
        for name, value in module.locals.items():
            if name == "foo":
                yield self.fix(value, "foo says nothing", [Edit(value.file.path, value.start, value.start + 3, "bar")])
            if name == "deadly":
                os._exit(3)
            if name == "danger":
                yield self.refuse(value, "danger is poor | too", "only its author knows what it *means*")
            if name == "wordy":
                yield self.suggest(value, "wordy could be shorter")
        for environment in context.contract.topology.environments:
            path = f"{environment}.tfvars"
            if module.is_root and "wants_values" in module.locals and path not in context.project.files:
                yield self.fix(module.locals["wants_values"], f"{path} is missing", [Edit(path, 0, 0, "size = 1\\n")])
'''


@pytest.fixture
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one fixer, TOY001, which renames, refuses, suggests, makes files, and kills its process."""
    folder = tmp_path_factory.mktemp("toys")
    (folder / "poor_name.py").write_text(FIXER)
    return folder
