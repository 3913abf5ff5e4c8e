"""Does another commit of tapfix give the same outcome for every answer, byte for byte?

    git worktree add ../old COMMIT
    python -m bench.same_outcomes ../old ANSWERS [ANSWERS …] [--show 3]

ANSWERS are files or folders; below a folder, every `.md` file with a Markdown fence is an answer. The old and the new
checkout each run in an interpreter of their own. Of each answer these are compared: the files of the outcome, the
diff, the JSON report, the grade, the answer in the deliverable's form, and the answer as `tapfix extract` gives it. A
difference in the files is of the kind `files`; one in the report is named after the part that differs, so that a
message in better words (`findings.message`) is told apart from another finding (`findings`).

Prints a line for each answer that differs and a table of the kinds. Exits 1 if the files of any outcome differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]

_RUN = """
import json, sys
from pathlib import Path
import tapfix

for name in sys.stdin.read().splitlines():
    try:
        result = tapfix.fix(Path(name))
        found = {
            "files": dict(result.files), "base": dict(result.base), "diff": result.diff(), "report": result.to_dict(),
            "response": result.response(), "grade": result.grade().to_dict(),
        }
    except tapfix.TapfixError as error:
        found = {"error": str(error)}
    print(json.dumps([name, found], sort_keys=True, default=str), flush=True)
"""


def answers(places: list[Path]) -> Iterator[Path]:
    """The answers below some places, in order."""
    for place in places:
        if place.is_file():
            yield place
        else:
            yield from (path for path in sorted(place.rglob("*.md")) if "```" in path.read_text(errors="replace"))


def outcomes(checkout: Path, paths: list[Path]) -> dict[str, dict[str, Any]]:
    """What one checkout makes of the answers, by path."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"},
        input="\n".join(str(path.resolve()) for path in paths),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: {done.stderr}")
    return dict(json.loads(line) for line in done.stdout.splitlines())


def kinds(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The parts in which two documents differ, as dotted paths; elements of a list are not told apart."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if path in ("files", "base"):
                yield from (path for _ in range(old.get(key) != new.get(key)))
            elif key not in old or key not in new:
                yield f"{path}.{key}".lstrip(".")
            else:
                yield from kinds(old[key], new[key], f"{path}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield from kinds(one, other, path)
    elif old != new:
        yield path


def shown(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """The lines that differ, of the files where they do, else of the whole documents."""
    ours, theirs = (found.get("files", {}) for found in (old, new))
    pairs = [(ours.get(path, ""), theirs.get(path, "")) for path in sorted({*ours, *theirs})]
    if ours == theirs:
        pairs = [(json.dumps(old, indent=1, sort_keys=True), json.dumps(new, indent=1, sort_keys=True))]
    for before, after in pairs:
        yield from unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("old", type=Path)
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--show", type=int, default=0, help="how many answers to show the differing lines of")
    options = parser.parse_args()
    paths = list(answers(options.answers))
    old, new = (outcomes(checkout, paths) for checkout in (options.old.resolve(), CHECKOUT))
    table: Counter[str] = Counter()
    left_to_show = options.show
    for name in old:
        found = Counter(kinds(old[name], new.get(name, {})))
        if not found:
            continue
        print(f"{name}: {', '.join(f'{kind} {count}' for kind, count in sorted(found.items()))}")
        table.update(dict.fromkeys(found, 1))
        if left_to_show:
            left_to_show -= 1
            print("\n".join(f"    {line}" for line in list(shown(old[name], new[name]))[:60]))
    print(f"{len(old)} answers, {sum(old[name] == new.get(name) for name in old)} the same in everything")
    for kind, count in sorted(table.items()):
        print(f"{count:6} differ in {kind}")
    return 1 if table["files"] else 0


if __name__ == "__main__":
    sys.exit(main())
