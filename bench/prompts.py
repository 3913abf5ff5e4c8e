"""How well prompts are read: precision and recall of the clauses against labels, and the time per prompt.

`python -m bench.prompts [--third measured|work] [--show]`; the prompts are those of TAPFIX_ANSWERS, by default
../shared/corpus, and the labels those of tests/data/prompt_labels.json. Two people made the labels independently, and
their differences were settled by reading the sentence. The "measured" third is the cases whose number is divisible by
three: it was not read while the patterns were written.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tapfix.contract.proposing import propose

ROOT = Path(__file__).resolve().parents[1]
PROMPTS = Path(os.environ.get("TAPFIX_ANSWERS", ROOT.parent / "shared" / "corpus")) / "cases"
LABELS = ROOT / "tests" / "data" / "prompt_labels.json"
DISPUTED = "?"
"""The value of a label on which the two people did not agree, and that was not settled. It is not counted."""


class Figures(NamedTuple):
    """What was counted over some prompts."""

    right: int
    wrong: int
    missed: int
    regions_right: int
    prompts: int
    milliseconds: float
    """Of one prompt on average, once everything is loaded."""
    faults: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def regions(self) -> float:
        return self.regions_right / max(1, self.prompts)


def measure(labels: dict[str, dict[str, Any]], folder: Path, is_measured: bool) -> Figures:
    """The figures over the cases of one part whose prompt is in `folder`."""
    counts: Counter[str] = Counter()
    faults: list[str] = []
    scored = {clause for row in labels.values() for clause in row}
    texts = {
        case: (folder / case / "PROMPT.md").read_text()
        for case in sorted(labels)
        if (int(re.sub(r"\D", "", case)) % 3 == 0) == is_measured and (folder / case / "PROMPT.md").is_file()
    }
    for case, text in texts.items():
        found = {f"{proposal.table}.{proposal.key}": proposal for proposal in propose(text)}
        wanted = labels[case]
        if is_equal(
            wanted.get("topology.regions"), found["topology.regions"].value if "topology.regions" in found else None
        ):
            counts["regions"] += 1
        for clause in sorted(scored & {*found, *wanted}):
            label, proposal = wanted.get(clause), found.get(clause)
            if label == DISPUTED:
                continue
            if proposal is not None and is_equal(label, proposal.value):
                counts["right"] += 1
                continue
            counts["wrong"] += proposal is not None
            counts["missed"] += label is not None
            said = f"{proposal.value!r} {proposal.sources[0]}" if proposal else "nothing"
            faults.append(f"{case} {clause}: {said}, where the label is {label!r}")
    start = time.perf_counter()
    for text in texts.values():
        propose(text)
    milliseconds = (time.perf_counter() - start) * 1000 / max(1, len(texts))
    return Figures(
        counts["right"], counts["wrong"], counts["missed"], counts["regions"], len(texts), milliseconds, tuple(faults)
    )


def is_equal(label: Any, value: Any) -> bool:
    """Whether two values of a clause mean the same: order, white space and the spelling of a variable aside."""
    return _normal(label) == _normal(value)


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(str(item) for item in value)
    if isinstance(value, str):
        bare = re.sub(r"[\s_]", "", value).lower()
        return re.sub(r"^([~>=]{1,2}\d+\.\d+)\.0$", r"\1", re.sub(r"^([~>=]{1,2}\d+)$", r"\1.0", bare))
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--third", choices=["measured", "work"], default="work")
    parser.add_argument("--show", action="store_true", help="print each fault")
    options = parser.parse_args()
    figures = measure(json.loads(LABELS.read_text()), PROMPTS, options.third == "measured")
    for fault in figures.faults if options.show else ():
        print(fault)
    print(
        f"{figures.prompts} prompts: precision {figures.precision:.3f} ({figures.right} of"
        f" {figures.right + figures.wrong}), "
        f"recall {figures.recall:.3f} ({figures.right} of {figures.right + figures.missed}), "
        f"regions right {figures.regions:.3f}, {figures.milliseconds:.1f} ms for a prompt"
    )


if __name__ == "__main__":
    main()
