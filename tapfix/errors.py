"""What tapfix raises: `TapfixError` and its subclasses, and nothing else.

Each message is one line that says what is wrong, where, and what to do; the command line prints it as it is and exits with 2.
"""


class TapfixError(Exception):
    """The root of all that tapfix raises on purpose."""


class InputError(TapfixError):
    """The input cannot be read as a Terraform answer: no such file, binary, no HCL in it."""


class OutputError(TapfixError):
    """The outcome cannot be written: it would overwrite a file that was not read, or the folder cannot be written."""


class ConvergenceError(TapfixError):
    """Fixers undo each other: a state of the sources came back. `rules` names them."""

    def __init__(self, message: str, rules: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.rules = rules

    def __reduce__(self) -> tuple[type["ConvergenceError"], tuple[str, tuple[str, ...]]]:
        return type(self), (str(self), self.rules)


class FixerError(TapfixError):
    """A fixer cannot be loaded, is unknown, or failed; the message names it."""


class InternalError(TapfixError):
    """tapfix itself failed: a mistake in it, not in the input. The cause is attached."""
