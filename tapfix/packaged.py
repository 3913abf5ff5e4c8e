"""Where the data folders are: beside the package once it is installed, beside the checkout while it is developed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def packaged_folder(name: str) -> Path:
    """The folder `name` (`grammar`, `fixers`) that belongs to this tapfix.

    A wheel carries it as `tapfix/NAME`. A checkout keeps it at its top, as `NAME`, where people look for it. The
    installed one comes first, so that an installed tapfix never reads a folder that happens to lie beside it.
    """
    return (_PACKAGE if is_installed() else _PACKAGE.parent) / name


def is_installed() -> bool:
    """Whether this tapfix came out of a wheel; a checkout has no `tapfix/fixers`."""
    return (_PACKAGE / "fixers").is_dir()
