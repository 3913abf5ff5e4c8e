"""The build hook: what lies at the top of the checkout, where people look for it, goes into the wheel as part of the package.

An editable install reads the checkout itself, so only the standard wheel gets the copies (tapfix/packaged.py finds either).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDERS = ("grammar", "fixers")


class PackagedFolders(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the folders to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is built."""
        if version == "standard":
            for folder in _FOLDERS:
                build_data["force_include"][str(Path(self.root, folder))] = f"tapfix/{folder}"
