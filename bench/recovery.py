"""How well does the parser recover in broken text?

    python -m bench.recovery FOLDER [--show N]

Takes thirty files that parse (the ```hcl fences of the Markdown answers in FOLDER, or its `.tf` files). It
- cuts each at every newline and at 200 random offsets: the blocks that end before the cut must still be found;
- damages one block of each in ways in which answers really are damaged: all other blocks must still be found.

A block is found if the tree has a top-level block with its type, its labels and its exact text. A diagnostic is near
if it is within two lines of the damage. If the damage is a bracket, quote or heredoc that nothing closes, no reader
can tell where it should end, so the line of the opening counts as well as the line of the missing end.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tapfix.syntax import Item, LineIndex, Tree, parse, reparse

FILES = 30
CUTS = 200
FENCE = re.compile(r"^```(?:hcl|terraform|tf)\b[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)

SHELL = 'if [ -z "$X" ]; then\n  for f in /tmp/*; do echo "it\'s ${f%%.*}" >> out; done\nfi\n'


def texts(folder: Path) -> Iterator[str]:
    """All HCL texts in a folder that parse, the longest first."""
    found = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.tf"))]
    for path in sorted(folder.rglob("*.md")):
        found += FENCE.findall(path.read_text(encoding="utf-8"))
    for text in sorted(set(found), key=len, reverse=True):
        if not parse(text).diagnostics:
            yield text


def name(item: Item) -> tuple[str, ...]:
    """A block's type and labels."""
    return tuple(child.text for child in item.node.children if child.kind in ("Identifier", "template"))


def blocks(tree: Tree) -> Counter[tuple[str, ...]]:
    """The blocks of a tree: type, labels, and the block's own text."""
    return Counter(
        (*name(item), item.text[item.node.start : item.node.end]) for item in tree.items if item.kind == "block"
    )


def damaged_tree(whole: Tree, start: int, end: int, replacement: str) -> Tree:
    """The tree after the damage, by `reparse`; one in fifty is compared with a full parse."""
    tree = reparse(whole, [(start, end, replacement)])
    assert tree.code() == whole.text[:start] + replacement + whole.text[end:]
    if random.random() < 0.02:
        again = parse(tree.text)
        assert [repr(item) for item in tree.items] == [repr(item) for item in again.items]
        assert tree.diagnostics == again.diagnostics
    return tree


def damages(block: str, rng: random.Random) -> Iterator[tuple[str, str, set[int]]]:
    """Ways to damage a block: a name, the damaged block, and its lines where a diagnostic is right."""
    lines = block.split("\n")

    def line_of(offset: int) -> int:
        return block.count("\n", 0, offset)

    def without(pattern: str) -> Iterator[tuple[str, set[int]]]:
        found = list(re.finditer(pattern, block, re.MULTILINE))
        if found:
            match = rng.choice(found)
            start, end = match.span(1)
            yield block[:start] + block[end:], {line_of(start)}

    def inserted(text: str) -> tuple[str, set[int]]:
        at = rng.randrange(1, len(lines)) if len(lines) > 1 else 1
        return "\n".join(lines[:at] + [text.rstrip("\n")] + lines[at:]), set(range(at, at + text.count("\n") + 1))

    # The last brace of the block, and the last brace of a block or object in it.
    yield "unclosed block", block.rstrip()[:-1], {0, len(lines) - 1}
    for damaged, where in without(r"^[ \t]+(\})[ \t]*$"):
        opened = _opener(block, damaged)
        yield "unclosed brace within", damaged, where | {opened}
    for damaged, where in without(r"^[^#\n]*[^\\](\")[ \t]*$"):
        yield "unclosed quote", damaged, where
    for damaged, where in without(r"=[^#\n]*(\")\w"):
        yield "unopened quote", damaged, where
    heredocs = list(re.finditer(r"<<-?(\w+)\r?\n.*?^[ \t]*(\1)[ \t]*$", block, re.MULTILINE | re.DOTALL))
    if heredocs:
        match = rng.choice(heredocs)
        yield (
            "unclosed heredoc",
            block[: match.start(2)] + block[match.end(2) :],
            {line_of(match.start()), line_of(match.start(2))},
        )
    for damaged, where in without(r"^[^#\n\"]*\[[^\]\n]*(\])[ \t]*$"):
        yield "unclosed tuple, one line", damaged, where
    for damaged, where in without(r"^[ \t]+(\])[ \t]*$"):
        yield "unclosed tuple", damaged, where | {_opener(block, damaged)}
    yield "only the opener", lines[0][: max(lines[0].rfind('"'), 8)], {0}
    yield "semicolons", lines[0].rstrip("{ ") + " { type = string; default = [] }", {0}
    for damaged, where in without(r"^[ \t]+\"[^\"\n]*\"(,)[ \t]*$"):
        yield "missing comma", damaged, where | {line + 1 for line in where}
    for kind, text in {
        "stray fence": "```",
        "stray fence with a name": "```hcl",
        "prose": "This is where you'd add the rest (see above).",
        "prose with a quote": 'Then set "name to what you like:',
        "the rest": "  ...",
        "the rest, bracketed": "  [... same as above ...]",
        "single quotes": "  name = 'it is'",
        "shell": SHELL,
        "extra closing brace": "  }",
    }.items():
        damaged, where = inserted(text)
        yield kind, damaged, where


def _opener(block: str, damaged: str) -> int:
    """The line of the bracket that the damaged block no longer closes, by the indent of the removed text."""
    at = next((i for i, (a, b) in enumerate(zip(block, damaged, strict=False)) if a != b), len(damaged))
    line = block.count("\n", 0, at)
    lines = block.split("\n")
    indent = len(lines[line]) - len(lines[line].lstrip())
    for above in range(line - 1, -1, -1):
        if lines[above].strip() and len(lines[above]) - len(lines[above].lstrip()) <= indent:
            return above
    return 0


class Tally:
    """The blocks that were found among those expected, and the diagnostics near the damage among all."""

    def __init__(self) -> None:
        self.found = self.blocks = self.near = self.cases = 0

    def add(self, wanted: Counter[tuple[str, ...]], got: Counter[tuple[str, ...]], near: bool) -> bool:
        found = (wanted & got).total()
        self.found += found
        self.blocks += wanted.total()
        self.near += near
        self.cases += 1
        return found == wanted.total() and near

    def row(self, kind: str) -> str:
        found = 100 * self.found / self.blocks if self.blocks else 100.0
        return f"| {kind} | {self.cases} | {self.blocks} | {found:.2f} % | {100 * self.near / self.cases:.2f} % |"


def main() -> int:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0, help="show the first N cases that went wrong")
    options = parser.parse_args()
    rng = random.Random(3)
    sample = [text for text in texts(options.folder) if len(text) < 20_000 and len(parse(text).items) > 8]
    sample = sample[:: max(1, len(sample) // FILES)][:FILES]
    tallies: dict[str, Tally] = {}
    shown = 0
    for text in sample:
        whole = parse(text)
        index = LineIndex(text)
        for kind, cuts in {
            "cut at a newline": [match.start() for match in re.finditer("\n", text)],
            "cut anywhere": [rng.randrange(len(text)) for _ in range(CUTS)],
        }.items():
            for cut in cuts:
                wanted = Counter(
                    (*name(item), item.text[item.node.start : item.node.end])
                    for item in whole.items
                    if item.node.kind == "block" and item.start + item.node.end <= cut
                )
                tree = damaged_tree(whole, cut, len(text), "")
                complaint_lines = {index.position(d.offset)[0] for d in tree.diagnostics}
                line = index.position(cut)[0]
                near = not tree.diagnostics or any(abs(found - line) <= 2 for found in complaint_lines)
                tallies.setdefault(kind, Tally()).add(wanted, blocks(tree), near)
        chosen = [item for item in whole.items if item.node.kind == "block"]
        for item in rng.sample(chosen, min(12, len(chosen))):
            start, end = item.start + item.node.start, item.start + item.node.end
            wanted = blocks(whole) - Counter([(*name(item), item.node.text)])
            for kind, damaged_block, where in damages(text[start:end], rng):
                tree = damaged_tree(whole, start, end, damaged_block)
                first = index.position(start)[0]
                lines = LineIndex(tree.text)
                complaint_lines = {lines.position(d.offset)[0] - first for d in tree.diagnostics}
                near = not tree.diagnostics or any(abs(a - b) <= 2 for a in complaint_lines for b in where)
                good = tallies.setdefault(kind, Tally()).add(wanted, blocks(tree), near)
                if not good and shown < options.show:
                    shown += 1
                    missing = [m[:-1] for m in wanted - blocks(tree)]
                    print(f"--- {kind}: damage in lines {sorted(where)}, complaints in {sorted(complaint_lines)}")
                    print(
                        f"missing: {missing}\n{damaged_block}\n{[d.message for d in tree.diagnostics]}\n",
                        file=sys.stderr,
                    )
    print("| damage | cases | other blocks | found | complaint near |\n|---|---|---|---|---|")
    total = Tally()
    for kind, tally in tallies.items():
        print(tally.row(kind))
        for field in ("found", "blocks", "near", "cases"):
            setattr(total, field, getattr(total, field) + getattr(tally, field))
    print(total.row("**all**"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
