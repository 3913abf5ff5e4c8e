"""Finds the fixers: built-in ones, those of installed packages, and those of a folder. One loader for all three.

A rule is a file with one subclass of `Fixer`, or a folder with such a file as its `rule.py`; the file's or folder's
name is the rule's name. A file that cannot be loaded is an error that names it, never a warning.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tapfix.errors import FixerError
from tapfix.fixer import Fixer
from tapfix.packaged import is_installed, packaged_folder

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ENTRY_POINTS = "tapfix.fixers"
"""The entry point group by which an installed package offers fixer modules."""

_RULE_OF_FOLDER = "rule.py"
"""The file of a folder that holds its rule."""


@cache
def builtin_fixers() -> tuple[Fixer, ...]:
    """The fixers that come with tapfix, by rule id."""
    folder = packaged_folder("fixers")
    package = "tapfix.fixers" if is_installed() else "fixers"
    _make_package(package, folder)
    return tuple(sorted((_load(place, package) for place in _places(folder)), key=_rule))


@cache
def installed_fixers() -> tuple[Fixer, ...]:
    """The fixers that other installed packages offer as entry points."""
    if not _may_be_offered():
        return ()
    from importlib.metadata import entry_points

    found = []
    for point in entry_points(group=ENTRY_POINTS):
        try:
            module = point.load()
        except Exception as error:
            raise FixerError(f"entry point {point.name} ({point.value}): {error}") from error
        found.append(_fixer_of(module, point.name, point.value))
    return tuple(sorted(found, key=_rule))


def folder_fixers(folder: Path) -> tuple[Fixer, ...]:
    """The fixers of a folder: a file each, or a folder with `rule.py`. What begins with an underscore is no rule."""
    if not folder.is_dir():
        raise FixerError(f"{folder}: no such folder of fixers")
    package = f"tapfix_fixers_{abs(hash(str(folder.resolve())))}"
    _make_package(package, folder)
    return tuple(sorted((_load(place, package, _ReadingLoader) for place in _places(folder)), key=_rule))


def all_fixers(folders: Iterable[Path] = ()) -> tuple[Fixer, ...]:
    """Built-in, installed and the folders' fixers, by rule id. Two of one id are an error."""
    found: dict[str, Fixer] = {}
    for fixer in (*builtin_fixers(), *installed_fixers(), *(f for folder in folders for f in folder_fixers(folder))):
        other = found.setdefault(fixer.rule, fixer)
        if other is not fixer:
            raise FixerError(f"{fixer.rule}: two fixers have this id, {other.name} and {fixer.name}")
    return tuple(sorted(found.values(), key=_rule))


def select(fixers: Sequence[Fixer], chosen: Sequence[str], ignored: Sequence[str] = ()) -> tuple[Fixer, ...]:
    """Those fixers that `chosen` names and `ignored` does not, by id, name, or the beginning of an id (`TAP`).

    Raises FixerError for a word that names no rule.
    """
    for word in (*chosen, *ignored):
        if not any(_names(word, fixer) for fixer in fixers):
            known = ", ".join(f"{f.rule} {f.name}" for f in fixers)
            raise FixerError(f"{word}: no such rule; there are {known}")
    return tuple(f for f in fixers if any(_names(w, f) for w in chosen) and not any(_names(w, f) for w in ignored))


def _may_be_offered() -> bool:
    """Whether something that is installed may offer fixers.

    importlib.metadata knows, but it takes longer than all fixers take to load. So it is asked only if a
    list of entry points names the group, or if packages lie where only it can look.
    """
    others = (finder for finder in sys.meta_path if finder is not PathFinder)
    return any(hasattr(finder, "find_distributions") for finder in others) or any(map(_may_offer, map(Path, sys.path)))


def _may_offer(entry: Path) -> bool:
    """Whether one of the packages in an entry of `sys.path` may offer fixers."""
    try:
        if entry.suffix == ".egg" or entry.is_file():
            return True
        return any(ENTRY_POINTS.encode() in file.read_bytes() for file in entry.glob("*-info/entry_points.txt"))
    except OSError:
        return True


def _names(word: str, fixer: Fixer) -> bool:
    return word in (fixer.rule, fixer.name) or (word.isalnum() and word.isupper() and fixer.rule.startswith(word))


def _rule(fixer: Fixer) -> str:
    return fixer.rule


def _places(folder: Path) -> list[Path]:
    """The files of the folder that hold a rule each, in the order of the rules' names."""
    files = [path for path in folder.glob("*.py") if not path.name.startswith("_")]
    return sorted([*files, *folder.glob(f"[!_]*/{_RULE_OF_FOLDER}")])


def _make_package(name: str, folder: Path) -> None:
    """Make the folder a package, so that a rule can import the other files in it; `__init__.py` may be missing."""
    if name in sys.modules:
        return
    init = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, init) if init.is_file() else ModuleSpec(name, None)
    assert spec is not None
    spec.submodule_search_locations = [str(folder)]
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    if spec.loader is not None:
        spec.loader.exec_module(package)


class _ReadingLoader(SourceFileLoader):
    """Loads a file without writing bytecode into its folder, which is the user's."""

    def set_data(self, path: str, data: ReadableBuffer, *, _mode: int = 0o666) -> None:
        """Keep nothing."""


def _load(path: Path, package: str, loader: type[SourceFileLoader] = SourceFileLoader) -> Fixer:
    """The fixer of a file of a package's folder, or of the `rule.py` of a folder in it."""
    rule = path.stem
    if path.name == _RULE_OF_FOLDER:
        rule = path.parent.name
        package = f"{package}.{rule}"
        _make_package(package, path.parent)
    name = f"{package}.{path.stem}"
    module = sys.modules.get(name) or _run(path, name, loader)
    return _fixer_of(module, rule, str(path))


def _run(path: Path, name: str, loader: type[SourceFileLoader]) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=loader(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise FixerError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _fixer_of(module: ModuleType, stem: str, where: str) -> Fixer:
    own = [
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Fixer) and c.__module__ == module.__name__ and "rule" in vars(c)
    ]
    if len(own) != 1:
        raise FixerError(f"{where}: one subclass of Fixer with a rule id is wanted, {len(own)} are there")
    for wanted in ("severity", "safety"):
        if not hasattr(own[0], wanted):
            raise FixerError(f"{where}: {own[0].__name__} has no `{wanted}`")
    if own[0].check is Fixer.check:
        raise FixerError(f"{where}: {own[0].__name__} has no `check`")
    fixer = own[0]()
    fixer.name = stem.replace("_", "-")
    return fixer
