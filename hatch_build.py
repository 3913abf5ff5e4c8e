"""The build hook: what the wheel contains beside the Python files of `tapfix/`.

`grammar/` and `fixers/` are at the top of the checkout, where people look for them. In the wheel they are
`tapfix/grammar` and `tapfix/fixers`. The modules that take most time are compiled, if Cython and a C compiler are
there. Otherwise the wheel is plain Python, and does the same (docs/compiled.md).

An editable install reads the checkout itself (tapfix/packaged.py finds the folders in either place).
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDERS = ("grammar", "fixers")


class WheelContents(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the folders and the compiled modules."""

    PLUGIN_NAME = "custom"

    _scratch = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is built."""
        if version != "standard":
            return
        included = build_data["force_include"]
        for folder in _FOLDERS:
            included[str(Path(self.root, folder))] = f"tapfix/{folder}"
        self._scratch = tempfile.mkdtemp(prefix="tapfix-build-")
        modules = self._compiled(Path(self._scratch))
        for module in modules:
            included[str(module)] = f"tapfix/syntax/{module.name}"
        if modules:
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling after a wheel was built."""
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _compiled(self, scratch: Path) -> list[Path]:
        """The compiled modules; none where they cannot be made. The package itself is not imported for it."""
        spec = importlib.util.spec_from_file_location("compiling", Path(self.root, "tapfix", "syntax", "compiling.py"))
        assert spec is not None and spec.loader is not None
        compiling = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(compiling)
        modules: list[Path] = compiling.compiled(Path(self.root, "tapfix"), scratch)
        return modules
