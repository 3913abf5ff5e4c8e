"""What tapfix raises: `TapfixError` and its subclasses, and nothing else.

Each message is one line: what is wrong, where, and what to do. The command line prints it as it is, and exits with 2.
"""


class TapfixError(Exception):
    """The base of all errors that tapfix raises on purpose."""


class InputError(TapfixError):
    """The input cannot be read as a Terraform answer: there is no such file, it is binary, or there is no HCL in it."""


class OutputError(TapfixError):
    """The outcome cannot be written: it would replace a file that was not read, or the folder cannot be written."""


class ConvergenceError(TapfixError):
    """Fixers undo each other, so that the files come back to an earlier state. `rules` has the fixers' ids."""

    def __init__(self, message: str, rules: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.rules = rules

    def __reduce__(self) -> tuple[type["ConvergenceError"], tuple[str, tuple[str, ...]]]:
        return type(self), (str(self), self.rules)


class FixerError(TapfixError):
    """A fixer cannot be loaded, is unknown, or failed. The message names it."""


class InternalError(TapfixError):
    """tapfix itself is at fault, and not the input. `__cause__` is the original error."""
