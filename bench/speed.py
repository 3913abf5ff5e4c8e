"""How fast are parsing and printing, compared with the peers, and how long does a whole command take?

    python -m bench.speed FOLDER [--files N] [--rounds N] [--answer FILE] [--write FILE]
    python -m bench.speed --growth [--write FILE]

All parsers read the same files: the longest ```hcl fences of the Markdown answers in FOLDER that parse, or its `.tf`
files. They take turns, so that other load affects all of them. The figures are the processor time of this process and
of the processes that it starts. The peers are measured if they are installed: `pip install python-hcl2 tree-sitter
tree-sitter-hcl`. python-hcl2 has two trees: that of its rules, which `parses` returns and the rest of it uses, and
the raw tree of Lark, which is faster. It prints both.

`--growth` measures how the cost grows with the text: ten times the text should take at most eleven times as long.
`--write` writes the tables into a file, in place of the tables with the same headings. bench/FIGURES.md contains the
latest figures.
"""

from __future__ import annotations

import argparse
import gc
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.recovery import FENCE, texts
from tapfix.syntax import COMPILED, Leaf, parse


def tapfix_parse_and_print(text: str) -> None:
    """Parses a text into the lossless tree and prints it."""
    assert parse(text).code() == text


def tapfix_with_a_walk(text: str) -> None:
    """Parses a text and visits every leaf."""
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

        def hcl2_tree_round(text: str) -> None:
            hcl2.reconstruct(hcl2.parses_to_tree(text))

        def hcl2_rules_round(text: str) -> None:
            hcl2.reconstruct(hcl2.parses(text))

        found["python-hcl2, rules and back"] = hcl2_rules_round
        found["python-hcl2, raw tree and back"] = hcl2_tree_round
        found["python-hcl2, raw tree alone"] = hcl2_tree
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


def measured(
    runners: dict[str, Callable[[str], None]],
    sample: list[str],
    rounds: int,
    commands: dict[str, tuple[list[str], bytes]],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Megabytes a second of the runners, and milliseconds of the commands, round by round.

    A peer that is a hundred times slower gets every tenth file.
    """
    speeds: dict[str, list[float]] = {name: [] for name in runners}
    costs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, run in runners.items():
            share = sample[::10] if name.startswith("python-hcl2") else sample
            started = time.process_time()
            for text in share:
                run(text)
            taken = time.process_time() - started
            speeds[name].append(sum(len(text.encode()) for text in share) / taken / 1e6)
        for name, (command, read) in commands.items():
            costs[name].append(milliseconds(command, read))
    return speeds, costs


def milliseconds(command: list[str], read: bytes) -> float:
    """The processor time of a process, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def whole_runs(answer: Path) -> dict[str, tuple[list[str], bytes]]:
    """The commands by name, each with its input: tapfix with an answer, terraform with the stack in it."""
    tapfix = [sys.executable, "-m", "tapfix"]
    hcl = max(FENCE.findall(answer.read_text(encoding="utf-8")), key=len, default="")
    found = {
        "python -c pass": ([sys.executable, "-c", "pass"], b""),
        "tapfix --version": ([*tapfix, "--version"], b""),
        "tapfix diff": ([*tapfix, "diff", str(answer)], b""),
    }
    if shutil.which("terraform"):
        found["terraform fmt -"] = (["terraform", "fmt", "-"], hcl.encode())
    else:
        print("terraform is not installed: `tapfix diff` is measured without it", file=sys.stderr)
    return found


def heading(kind: str) -> str:
    """The heading of a table, with the variant of tapfix that was measured."""
    return f"## {kind}, {'compiled' if COMPILED else 'plain Python'}"


def speed_table(speeds: dict[str, list[float]], sample: list[str], rounds: int) -> str:
    """The figures of the parsers as Markdown."""
    size = sum(len(text.encode()) for text in sample) / 1e6
    lines = [
        heading("Parse and print"),
        "",
        f"{len(sample)} files, {size:.1f} MB, {rounds} rounds, interleaved; processor time; "
        f"CPython {platform.python_version()}.",
        "",
        "| what | median MB/s | min | max | parse and print is … times that |",
        "|---|---|---|---|---|",
    ]
    ours = statistics.median(speeds["tapfix, parse and print"])
    for name, values in speeds.items():
        median = statistics.median(values)
        lines.append(f"| {name} | {median:.2f} | {min(values):.2f} | {max(values):.2f} | {ours / median:.2f} |")
    return "\n".join(lines) + "\n"


def process_table(costs: dict[str, list[float]], rounds: int) -> str:
    """The figures of whole processes as Markdown."""
    others = [name for name in costs if not name.startswith("tapfix")]
    lines = [
        heading("Whole processes"),
        "",
        f"{rounds} rounds, interleaved with the above; processor time.",
        "",
        f"| what | median ms | min | max | in units of {' | '.join(others)} |",
        "|---|---|---|---|" + "---|" * len(others),
    ]
    for name, values in costs.items():
        median = statistics.median(values)
        units = [
            median / statistics.median(others) for other, others in costs.items() if not other.startswith("tapfix")
        ]
        cells = [f"{value:.1f}" for value in (median, min(values), max(values))] + [f"{unit:.2f}" for unit in units]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


ORDINARY = """resource "aws_instance" "web_{n}" {{
  ami           = var.ami_id # the newest
  instance_type = "t3.micro"
  user_data     = base64encode("#!/bin/bash\\necho ${{var.name}}\\n")

  tags = merge(local.tags, {{
    Name = "${{var.name}}-{n}"
    Zone = data.aws_availability_zones.all.names[{n} % 3]
  }})
}}

"""


def growing() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Texts of one kind with their names, each ten times as long as the one before."""
    block = len(ORDINARY.format(n=1000))
    sizes = [("100 KB", 100_000), ("1 MB", 1_000_000), ("10 MB", 10_000_000)]
    yield "blocks", [(name, "".join(ORDINARY.format(n=n) for n in range(size // block))) for name, size in sizes]
    yield "broken blocks", [(name, 'resource "a" "b" {\n  c = [1, 2\n' * (size // 31)) for name, size in sizes]
    sizes = [("50 KB", 50_000), ("500 KB", 500_000), ("5 MB", 5_000_000)]
    yield "a heredoc", [(name, "a = <<EOT\n" + "some text\n" * (size // 10) + "EOT\n") for name, size in sizes]
    yield "a line", [(name, 'a = "' + "x" * size + '"\n') for name, size in sizes]
    yield "a list on a line", [(name, "a = [" + "1, " * (size // 3) + "]\n") for name, size in sizes]
    levels = [100, 1_000, 10_000]
    yield "brackets within brackets", [(f"{n} levels", "a = " + "[" * n + "]" * n + "\n") for n in levels]


def growth_table() -> str:
    """The cost of ten times the text, as Markdown."""
    lines = [
        heading("Growth"),
        "",
        "Parse and print, processor time, the best of three or more; each text is ten times the one before. Python's",
        "garbage collector is off, as in the command: its cost grows faster than the tree.",
        "",
        "| text | ms | times the one before |",
        "|---|---|---|",
    ]
    for kind, texts_of_a_kind in growing():
        before = 0.0
        for name, text in texts_of_a_kind:
            taken = best_milliseconds(text)
            lines.append(f"| {kind}, {name} | {taken:.2f} | {f'{taken / before:.1f}' if before else ''} |")
            before = taken
    return "\n".join(lines) + "\n"


def best_milliseconds(text: str) -> float:
    """The least time to parse and print, in at least three runs and a tenth of a second."""
    runs: list[float] = []
    while len(runs) < 3 or sum(runs) < 0.1:
        gc.collect()
        gc.disable()
        started = time.process_time()
        tapfix_parse_and_print(text)
        runs.append(time.process_time() - started)
        gc.enable()
    return 1000 * min(runs)


def write(tables: list[str], path: Path) -> None:
    """Writes the tables into a file, each in place of the one with the same heading."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# The last figures\n\nWritten by bench.speed.\n\n"
    opening, *sections = re.split(r"(?m)^(?=## )", text)
    known = {section.partition("\n")[0]: section.strip() + "\n" for section in sections}
    known.update({table.partition("\n")[0]: table for table in tables})
    path.write_text(opening + "\n".join(known.values()), encoding="utf-8")


def main() -> int:
    """Measures, and prints the tables or writes them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--answer", type=Path, help="also measure the whole command on this answer")
    options.add_argument(
        "--growth", action="store_true", help="measure how the cost grows with the text, and nothing else"
    )
    options.add_argument("--write", type=Path)
    given = options.parse_args()
    if given.growth:
        tables = [growth_table()]
    elif given.folder is None:
        options.error("FOLDER is wanted, or --growth")
    else:
        sample = [text for _, text in zip(range(given.files), texts(given.folder), strict=False)]
        runners = {"tapfix, parse and print": tapfix_parse_and_print, "tapfix, parse and a walk": tapfix_with_a_walk}
        commands = whole_runs(given.answer) if given.answer else {}
        speeds, costs = measured({**runners, **peers()}, sample, given.rounds, commands)
        tables = [speed_table(speeds, sample, given.rounds)]
        if costs:
            tables.append(process_table(costs, given.rounds))
    if given.write:
        write(tables, given.write)
    print("\n".join(tables))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
