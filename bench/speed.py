"""How fast text becomes a tree and text again, beside the peers.

    python -m bench.speed FOLDER [--files N] [--rounds N] [--write FILE]

The same files for everybody (the longest ```hcl fences of the Markdown answers in FOLDER that parse, or its `.tf`
files), round by round and peer after peer, so that a noisy minute hits them all. What counts is the processor time of this
process. The peers are measured if they are installed: `pip install python-hcl2 tree-sitter tree-sitter-hcl`.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.recovery import texts
from tapfix.syntax import COMPILED, Leaf, parse


def tapfix_parse_and_print(text: str) -> None:
    """Text to the lossless tree and back: what both bars are about."""
    assert parse(text).code() == text


def tapfix_with_a_walk(text: str) -> None:
    """The same, and a visit to every leaf."""
    count = 0
    for item in parse(text).items:
        for leaf in item.node.leaves():
            count += isinstance(leaf, Leaf)


def peers() -> dict[str, Callable[[str], None]]:
    """The peers that are installed, by name."""
    found: dict[str, Callable[[str], None]] = {}
    try:
        import hcl2
    except ImportError:
        print("python-hcl2 is not installed", file=sys.stderr)
    else:

        def hcl2_tree(text: str) -> None:
            hcl2.parses_to_tree(text)

        def hcl2_round(text: str) -> None:
            hcl2.reconstruct(hcl2.parses_to_tree(text))

        found["python-hcl2, tree"] = hcl2_tree
        found["python-hcl2, tree and back"] = hcl2_round
    try:
        import tree_sitter
        import tree_sitter_hcl
    except ImportError:
        print("tree-sitter-hcl is not installed", file=sys.stderr)
    else:
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))

        def tree_sitter_parse(text: str) -> None:
            parser.parse(text.encode())

        def tree_sitter_walk(text: str) -> None:
            cursor = parser.parse(text.encode()).walk()
            while True:
                if cursor.goto_first_child():
                    continue
                while not cursor.goto_next_sibling():
                    if not cursor.goto_parent():
                        return

        found["tree-sitter-hcl, tree"] = tree_sitter_parse
        found["tree-sitter-hcl, tree and a walk"] = tree_sitter_walk
    return found


def measured(runners: dict[str, Callable[[str], None]], sample: list[str], rounds: int) -> dict[str, list[float]]:
    """Megabytes a second, round by round. A peer that is a hundred times slower gets every tenth file."""
    speeds: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            share = sample[::10] if name.startswith("python-hcl2") else sample
            started = time.process_time()
            for text in share:
                run(text)
            taken = time.process_time() - started
            speeds[name].append(sum(len(text.encode()) for text in share) / taken / 1e6)
    return speeds


def table(speeds: dict[str, list[float]], sample: list[str], rounds: int) -> str:
    """The figures as Markdown."""
    size = sum(len(text.encode()) for text in sample) / 1e6
    lines = [
        f"{len(sample)} files, {size:.1f} MB, {rounds} rounds, interleaved; processor time; CPython"
        f" {platform.python_version()}; tapfix is {'compiled' if COMPILED else 'plain Python'}.",
        "",
        "| what | median MB/s | min | max |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |"
        for name, values in speeds.items()
    ]
    ours = statistics.median(speeds["tapfix, parse and print"])
    lines.append("")
    lines += [
        f"tapfix, parse and print, is {ours / statistics.median(values):.2f} times {name}."
        for name, values in speeds.items()
        if not name.startswith("tapfix")
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, and print the table, or write it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--write", type=Path)
    given = options.parse_args()
    sample = [text for _, text in zip(range(given.files), texts(given.folder), strict=False)]
    runners = {"tapfix, parse and print": tapfix_parse_and_print, "tapfix, parse and a walk": tapfix_with_a_walk}
    result = table(measured({**runners, **peers()}, sample, given.rounds), sample, given.rounds)
    if given.write:
        given.write.write_text(result, encoding="utf-8")
    print(result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
