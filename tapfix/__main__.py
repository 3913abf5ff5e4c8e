"""The command's entry point. It answers `--version` itself, so that asking costs no more than starting Python."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and leave with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from tapfix import __version__

        print(f"tapfix {__version__}")
        return
    try:
        from tapfix.cli import run

        sys.exit(run(arguments))
    except KeyboardInterrupt:  # while it was still being imported
        sys.exit(130)


if __name__ == "__main__":
    main()
