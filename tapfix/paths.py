"""Paths of an input's files: which are safe, what they are called, and which folder is the root module.

A path is relative to the input's folder, in its normal form, with `/`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from tapfix.errors import TapfixError

_LIBRARIES = frozenset({"modules", "module", "examples", "tests", "bootstrap"})
"""Names of folders whose modules are called by others, or run on their own."""

_VALUES = frozenset({"environments", "environment", "envs", "env", "tfvars", "vars"})
"""Names of folders that hold the tfvars files of environments."""


class UnsafePathError(TapfixError):
    """An answer names a file outside the folder that its files would be written to. `line` is a line of the answer."""

    def __init__(self, path: str, reason: str, line: int, name: str = "the answer") -> None:
        super().__init__(f"{name}:{line}:1: unsafe path {path!r}: {reason}; name a file below the folder")
        self.path, self.reason, self.line, self.name = path, reason, line, name

    def __reduce__(self) -> tuple[type[UnsafePathError], tuple[str, str, int, str]]:
        return type(self), (self.path, self.reason, self.line, self.name)

    def of(self, name: str) -> UnsafePathError:
        """The same error for an answer that has a name."""
        return UnsafePathError(self.path, self.reason, self.line, name)


class FilePath(NamedTuple):
    """The names of one file of an input. Only `Source` makes it."""

    given: str
    """Its path in the input: what places, the diff's left side and messages use."""
    outcome: str
    """Its path in the outcome: what the diff's right side and the files on disk use."""
    rules: str
    """What the rules call it: its path in the outcome, relative to the root module. Empty if they do not see it."""


def safe_path(path: str, line: int) -> str:
    """The normal form of a path that line `line` of an answer gives.

    Raises UnsafePathError if the path would leave the folder that it is written to.
    """
    plain = path.replace("\\", "/").strip()
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    reason = ""
    if any(ord(character) < 32 for character in plain):
        reason = "it contains a control character"
    elif plain.startswith(("/", "~")) or _has_drive(plain):
        reason = "it is absolute"
    elif ".." in parts:
        reason = "it leads out of the folder"
    elif any(part.lower() == ".git" for part in parts):
        reason = "it is inside a Git folder"
    elif not parts or any(len(part) > 255 for part in parts):
        reason = "it is no file name"
    if reason:
        raise UnsafePathError(path, reason, line)
    return "/".join(parts)


def _has_drive(path: str) -> bool:
    """Whether a path starts with a Windows drive, such as `C:`."""
    return path[1:2] == ":" and path[0].isascii() and path[0].isalpha()


def module_folders(paths: Iterable[str]) -> list[str]:
    """The folders of the modules, which are those with a `.tf` file; `""` is the top. The root module is the first.

    For Terraform the root module is the folder that it is run in. Here it is the outermost module. Among several,
    modules that are not in a library folder, such as `modules`, come first; then the first by name. The order of
    `paths` makes no difference.
    """
    folders = {posixpath.dirname(path) for path in paths if path.endswith(".tf")}
    return sorted(folders, key=lambda folder: (_depth(folder), folder.split("/", 1)[0] in _LIBRARIES, folder))


def environment_of(path: str, folder: str = "") -> str | None:
    """The environment whose values a tfvars file holds, by the file's path and the folder of its module.

    It is `dev` for `dev.tfvars`, `environments/dev.tfvars` (also in `envs`, `tfvars`, …), `envs/dev/terraform.tfvars`
    and `dev/terraform.tfvars`. None for a file elsewhere, and for one that Terraform reads by itself.
    """
    if not path.endswith(".tfvars") or not f"/{path}".startswith(f"/{folder}/" if folder else "/"):
        return None
    *folders, name = path[len(folder) :].strip("/").removesuffix(".tfvars").split("/")
    if name.endswith(".auto"):
        return None
    if not folders:
        return None if name == "terraform" else name
    if not _LIBRARIES.isdisjoint(folders):
        return None
    *above, last = folders
    if name == "terraform":
        return None if last in _VALUES or (above and above[-1] not in _VALUES) else last
    return name if last in _VALUES or (last == name and (not above or above[-1] in _VALUES)) else None


def environment_paths(environment: str) -> list[str]:
    """The paths, from its module's folder, that the tfvars file of an environment may have (see `environment_of`)."""
    folders = sorted(_VALUES)
    return [
        f"{environment}.tfvars",
        f"{environment}/terraform.tfvars",
        *(f"{folder}/{environment}.tfvars" for folder in folders),
        *(f"{folder}/{environment}/terraform.tfvars" for folder in folders),
    ]


def common_root(paths: Iterable[str]) -> str:
    """The root module's folder, if all `.tf` files are in it or below it; else the top, `""`."""
    folders = module_folders(paths)
    root = folders[0] if folders else ""
    return root if all(f"{folder}/".startswith(f"{root}/") for folder in folders) else ""


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0
