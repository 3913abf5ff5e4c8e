"""tapfix turns a Terraform answer that a language model wrote into one that a team would merge, and proves it.

    import tapfix
    result = tapfix.fix(Path("response.md"))
    result.files, result.diff(), result.findings

Importing the package loads nothing else: each name is fetched when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapfix.api import Result as Result
    from tapfix.api import fix as fix
    from tapfix.contract import Contract as Contract
    from tapfix.contract import ContractError as ContractError
    from tapfix.edits import Edit as Edit
    from tapfix.edits import Fix as Fix
    from tapfix.edits import Safety as Safety
    from tapfix.errors import ConvergenceError as ConvergenceError
    from tapfix.errors import FixerError as FixerError
    from tapfix.errors import InputError as InputError
    from tapfix.errors import InternalError as InternalError
    from tapfix.errors import OutputError as OutputError
    from tapfix.errors import TapfixError as TapfixError
    from tapfix.fixer import Example as Example
    from tapfix.fixer import Finding as Finding
    from tapfix.fixer import Fixer as Fixer
    from tapfix.fixer import Severity as Severity
    from tapfix.fixer import Status as Status
    from tapfix.response import UnsafePathError as UnsafePathError
    from tapfix.syntax import parse as parse
    from tapfix.syntax.formatter import format_text as format

__version__ = "0.1.0"

_HOME = {
    "Contract": "tapfix.contract",
    "ContractError": "tapfix.contract",
    "ConvergenceError": "tapfix.errors",
    "Edit": "tapfix.edits",
    "Example": "tapfix.fixer",
    "Finding": "tapfix.fixer",
    "Fix": "tapfix.edits",
    "Fixer": "tapfix.fixer",
    "FixerError": "tapfix.errors",
    "InputError": "tapfix.errors",
    "InternalError": "tapfix.errors",
    "OutputError": "tapfix.errors",
    "Result": "tapfix.api",
    "Safety": "tapfix.edits",
    "Severity": "tapfix.fixer",
    "Status": "tapfix.fixer",
    "TapfixError": "tapfix.errors",
    "UnsafePathError": "tapfix.response",
    "fix": "tapfix.api",
    "format": "tapfix.syntax.formatter",
    "parse": "tapfix.syntax",
}
"""The module that each public name lives in."""

_NAME_THERE = {"format": "format_text"}
"""What a public name is called in its module, where that differs."""

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOME[name]), _NAME_THERE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
