"""tapfix turns a Terraform answer that a language model wrote into one that a team would merge, and proves it.

    import tapfix
    result = tapfix.fix(Path("response.md"))
    result.files, result.diff(), result.findings

Importing the package loads nothing else: a name's module is imported when the name is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing it from typing would cost more than all the rest
if TYPE_CHECKING:
    from tapfix.api import Result, fix
    from tapfix.contract import Because, Contract, ContractError
    from tapfix.edits import Edit, Fix
    from tapfix.errors import ConvergenceError, FixerError, InputError, InternalError, OutputError, TapfixError
    from tapfix.fixer import Example, Finding, Fixer, Safety, Severity, Status
    from tapfix.paths import UnsafePathError
    from tapfix.syntax import parse
    from tapfix.syntax.formatter import format_text as format

__version__ = "0.1.0"

_HOME = {
    "Because": "tapfix.contract",
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
    "Safety": "tapfix.fixer",
    "Severity": "tapfix.fixer",
    "Status": "tapfix.fixer",
    "TapfixError": "tapfix.errors",
    "UnsafePathError": "tapfix.paths",
    "fix": "tapfix.api",
    "format": "tapfix.syntax.formatter",
    "parse": "tapfix.syntax",
}
"""The module of each public name."""

_OTHER_NAME = {"format": "format_text"}
"""The name in its module, for the public names where the two differ."""

__all__ = [
    "Because",
    "Contract",
    "ContractError",
    "ConvergenceError",
    "Edit",
    "Example",
    "Finding",
    "Fix",
    "Fixer",
    "FixerError",
    "InputError",
    "InternalError",
    "OutputError",
    "Result",
    "Safety",
    "Severity",
    "Status",
    "TapfixError",
    "UnsafePathError",
    "__version__",
    "fix",
    "format",
    "parse",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOME[name]), _OTHER_NAME.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
