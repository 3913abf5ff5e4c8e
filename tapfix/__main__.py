"""The entry point of the command. It answers `--version` itself, which then costs no more than starting Python."""

from __future__ import annotations

import gc
import sys

_OBJECTS = 200_000
"""How many net allocations start the garbage collector."""


def main() -> None:
    """Run the command line, and exit with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from tapfix import __version__

        print(f"tapfix {__version__}")
        return
    # The trees of an answer live until the end. A collection every few hundred objects, as Python does it by default,
    # would free nothing.
    gc.set_threshold(_OBJECTS)
    try:
        from tapfix.cli.app import run

        code = run(arguments)
    except KeyboardInterrupt:  # while the command line was being imported
        code = 130
    # Python looks for cycles among all objects when it exits. That would free nothing either.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
