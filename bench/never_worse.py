"""Does `tapfix apply` make any answer worse, according to an independent judge?

    python -m bench.never_worse ANSWERS WORK --judge judge.py [--name MODEL_RESPONSE.md] [--only Pr1,Pr2]
    [--before-only]

ANSWERS contains answers as Markdown files, at any depth. Each answer is written as it came (`tapfix extract`) and as
tapfix repairs it (`tapfix apply`). The judge is a command that takes `DIR --upto validate|plan --var-file FILE` and
prints a JSON object with one key for each step. It judges both folders. An answer that did not validate before is not
planned; one that planned before is planned in every environment of the outcome. WORK keeps both folders of each
answer and the verdicts by text, so that a second run judges only texts that changed.

Exits 1 if an answer is worse: it validated before and does not now, or it planned before and does not now in each
environment.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

Verdict = dict[str, Any]


class Judge(NamedTuple):
    """The command that judges a folder."""

    command: Path

    def __call__(self, folder: Path, upto: str, var_file: Path | None) -> Verdict:
        """The judge's verdict on a folder, with one key for each step, or that the judge itself failed."""
        arguments = ["--var-file", str(var_file)] if var_file else []
        run = subprocess.run(
            [sys.executable, str(self.command), str(folder), "--upto", upto, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            found: Verdict = json.loads(run.stdout)
        except json.JSONDecodeError:
            found = {"validate": {"ok": False, "errors": [f"the judge failed: {run.stderr[-300:]}"]}}
        return found


class Outcome(NamedTuple):
    """An answer before and after: the number of errors by step, or None for a step that was not judged."""

    name: str
    before: dict[str, int | None]
    after: dict[str, int | None]

    @property
    def verdict(self) -> str:
        """`worse`, `better` or `same`, by the steps that pass. The number of messages does not count."""
        worse = [rung for rung, errors in self.before.items() if errors == 0 and self.after.get(rung) != 0]
        better = [rung for rung, errors in self.after.items() if errors == 0 and self.before.get(rung) not in (0, None)]
        return "worse" if worse else "better" if better else "same"


def root(folder: Path) -> Path:
    """The folder of the root module: the uppermost one with `.tf` files, with folders of modules last."""
    if list(folder.glob("*.tf")):
        return folder
    inner = {path.parent for path in folder.rglob("*.tf")}
    ordered = sorted(inner, key=lambda p: (len(p.parts), "module" in p.parts[len(folder.parts)], p.parts))
    return ordered[0] if ordered else folder


Judged = tuple[dict[str, int | None], list[str]]
"""The errors of a module by step, and their texts."""


def known_or_judged(judge: Judge, folder: Path, upto: str, cache: Path) -> Judged:
    """The verdict on a folder, from this run or from an earlier one on the same text."""
    digest = sha256(upto.encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    kept = cache / f"{digest.hexdigest()}.json"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(judged(judge, folder, upto), indent=1))
    errors, texts = json.loads(kept.read_text())
    return errors, texts


def judged(judge: Judge, folder: Path, upto: str) -> Judged:
    """The verdict on a folder; with `plan`, the verdict on the worst of its environments."""
    module = root(folder)
    found: dict[str, int | None] = {"validate": None, "plan": None}
    texts: list[str] = []
    var_files: list[Path | None] = [*sorted(module.glob("*.tfvars"))] if upto == "plan" else []
    for var_file in var_files or [None]:
        verdict = judge(module, upto, var_file)
        for rung in found:
            if rung in verdict:
                errors = verdict[rung]["errors"] or ([] if verdict[rung]["ok"] else ["no message"])
                found[rung] = max(found[rung] or 0, len(errors))
                where = f" ({var_file.name})" if var_file else ""
                texts += [f"{rung}{where}: {error}" for error in errors]
    return found, texts


def written(command: str, answer: Path, folder: Path, options: list[str]) -> str:
    """Lets tapfix write an answer into a folder. Returns its message if it cannot."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run = subprocess.run(
        [sys.executable, "-m", "tapfix", command, str(answer), "-o", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr.strip() if run.returncode not in (0, 1) else ""


def main() -> int:
    """Judges every answer before and after, and prints a line for each and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--name", default="*.md", help="pattern of the answers' file names (default: %(default)s)")
    parser.add_argument("--only", default="", help="names of answers, separated by commas")
    parser.add_argument("--before-only", action="store_true", help="judge only the answers as they came")
    given = parser.parse_args()
    judge = Judge(given.judge)
    outcomes: list[Outcome] = []
    for answer in sorted(given.answers.rglob(given.name)):
        name = "-".join(answer.relative_to(given.answers).parent.parts) or answer.stem
        if given.only and name not in given.only.split(","):
            continue
        work = given.work / name
        trouble = written("extract", answer, work / "before", [])
        if trouble:
            print(f"{name}: nothing to judge: {trouble.splitlines()[0]}", flush=True)
            continue
        before, old = known_or_judged(judge, work / "before", "plan", given.work / "said")
        if given.before_only:
            print(f"{name}: {before}", flush=True)
            continue
        trouble = written("apply", answer, work / "after", ["--report", str(work / "report.json")])
        if trouble:
            after, new = {"validate": 1, "plan": None}, [trouble]
        else:
            upto = "plan" if before["validate"] == 0 else "validate"
            after, new = known_or_judged(judge, work / "after", upto, given.work / "said")
        outcome = Outcome(name, before, after)
        outcomes.append(outcome)
        print(f"{name}: {outcome.verdict}: {before} -> {after}", flush=True)
        if outcome.verdict == "worse":
            for text in new:
                if text not in old:
                    print(f"   {text}", flush=True)
    for verdict in ("better", "same", "worse"):
        names = [outcome.name for outcome in outcomes if outcome.verdict == verdict]
        print(f"{verdict}: {len(names)} {' '.join(names) if verdict != 'same' else ''}")
    for rung in ("validate", "plan"):
        print(
            f"{rung}: {sum(o.before[rung] == 0 for o in outcomes)} held before,"
            f" {sum(o.after[rung] == 0 for o in outcomes)} hold after"
        )
    return int(any(outcome.verdict == "worse" for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
