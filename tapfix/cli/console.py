"""What commands read and print. Results go to standard output, messages for a person to standard error."""

from __future__ import annotations

import os
import sys

from tapfix.errors import InputError

DONE, LEFT, IMPOSSIBLE = 0, 1, 2
"""The exit codes: nothing is left to fix, something is left, or the command could not do its work."""

_DIFF_HEADERS = ("diff --git", "--- ", "+++ ", "new file", "deleted file", "copy ", "similarity")
_DIFF_COLOURS = {"+": "32", "-": "31", "@": "36"}


def standard_input() -> bytes:
    """The bytes on standard input. Raises InputError if they are more than an input may have."""
    from tapfix.answer.decode import LARGEST

    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InputError("standard input is larger than any answer is")
    return data


def put(text: str) -> None:
    """Write a result to standard output, in UTF-8 and with its own line endings, on every platform."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def put_diff(text: str) -> None:
    """Write a diff to standard output, in colour if that is a terminal."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        put(text)
        return
    coloured = []
    for line in text.split("\n"):
        colour = "1" if line.startswith(_DIFF_HEADERS) else _DIFF_COLOURS.get(line[:1])
        coloured.append(f"\x1b[{colour}m{line}\x1b[0m" if colour else line)
    put("\n".join(coloured))


def say(line: str) -> None:
    """Write a line for a person to standard error."""
    print(line, file=sys.stderr)


def one_line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())
