"""Where the folders `grammar` and `fixers` are: in the package if it is installed, at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def packaged_folder(name: str) -> Path:
    """The folder `name` (`grammar`, `fixers`) of this tapfix: `tapfix/NAME` in a wheel, `NAME` in a checkout.

    An installed tapfix never reads a folder that happens to be beside it.
    """
    return (_PACKAGE if is_installed() else _PACKAGE.parent) / name


def is_installed() -> bool:
    """Whether this tapfix was installed from a wheel: a checkout has no `tapfix/fixers`."""
    return (_PACKAGE / "fixers").is_dir()
