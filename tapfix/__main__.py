"""The command's entry point. It answers `--version` itself, so that asking costs no more than starting Python."""

from __future__ import annotations

import gc
import sys

_OBJECTS = 200_000
"""So many objects more than were freed, and the collector looks."""


def main() -> None:
    """Run the command line, and leave with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from tapfix import __version__

        print(f"tapfix {__version__}")
        return
    # The trees of an answer live until it is done: to look for what nobody holds any more every few hundred objects finds nothing.
    gc.set_threshold(_OBJECTS)
    try:
        from tapfix.cli.app import run

        code = run(arguments)
    except KeyboardInterrupt:  # while it was still being imported
        code = 130
    # Nor is there anything to find when Python, as it leaves, looks for cycles among all that was ever made.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
