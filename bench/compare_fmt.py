"""How often do `tapfix fmt` and `terraform fmt` agree, byte for byte?

    python -m bench.compare_fmt FOLDER [--show N]

The texts are every `hcl`, `terraform` and `tfvars` fence of the Markdown files in the folder, and every `.tf` and
`.tfvars` file. terraform formats all of them in one run, as files of a scratch folder. `terraform fmt -` runs the same
code, but always ends its output with a new line.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tapfix.syntax.formatter import format_text, unformatted

FENCE = re.compile(
    r"^( *)(`{3,})[ \t]*(?:hcl|terraform|tf|tfvars)\b[^\n]*\n(.*?)(?:^ *\2`*[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
"""A fence: its indent, its marks, its text. An unclosed fence ends with the file."""

REFUSED = re.compile(r"on (\S+\.tf) line", re.MULTILINE)


class Sample(NamedTuple):
    """One text, and its origin."""

    name: str
    text: str


class Outcome(NamedTuple):
    """A sample, and the output of terraform for it: None if terraform refused it."""

    sample: Sample
    wanted: str | None


def samples(folder: Path) -> Iterator[Sample]:
    """All HCL below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".tf", ".tfvars"):
            yield Sample(str(path.relative_to(folder)), _read(path))
        elif path.suffix == ".md":
            for number, fence in enumerate(FENCE.finditer(_read(path)), 1):
                text = re.sub(f"^ {{0,{len(fence[1])}}}", "", fence[3], flags=re.MULTILINE)
                yield Sample(f"{path.relative_to(folder)}#{number}", text)


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def formatted_by_terraform(texts: list[Sample]) -> list[Outcome]:
    """The output of `terraform fmt` for each sample."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch, f"{number:06}.tf") for number in range(len(texts))]
        for path, sample in zip(paths, texts, strict=True):
            path.write_bytes(sample.text.encode("utf-8", "surrogateescape"))
        environment = os.environ | {"TF_CLI_CONFIG_FILE": os.devnull}
        run = subprocess.run(
            ["terraform", "fmt", "-no-color", "-list=false", "."],
            cwd=scratch,
            env=environment,
            capture_output=True,
            check=False,
        )
        refused = {Path(found).name for found in REFUSED.findall((run.stdout + run.stderr).decode("utf-8", "replace"))}
        return [
            Outcome(sample, None if path.name in refused else _read(path))
            for path, sample in zip(paths, texts, strict=True)
        ]


def main() -> int:
    """Compares the outputs and prints the figures. Returns 1 if there is a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=3, metavar="N", help="print the first N differences (3)")
    options = parser.parse_args()

    outcomes = formatted_by_terraform(list(samples(options.folder)))
    accepted = [(sample, wanted) for sample, wanted in outcomes if wanted is not None]
    started = time.perf_counter()
    formatted = [format_text(sample.text) for sample, _ in accepted]
    seconds = time.perf_counter() - started
    differing = [
        (sample, wanted, found) for (sample, wanted), found in zip(accepted, formatted, strict=True) if wanted != found
    ]
    unsettled = [
        sample.name for (sample, _), found in zip(accepted, formatted, strict=True) if format_text(found) != found
    ]
    altered = [sample.name for sample, wanted in outcomes if wanted is None and format_text(sample.text) != sample.text]
    missed = [sample.name for sample, wanted in accepted if bool(unformatted(sample.text)) != (wanted != sample.text)]

    size = sum(len(sample.text) for sample, _ in accepted)
    print(f"texts {len(outcomes)}, accepted by terraform {len(accepted)} ({size / 1e6:.2f} MB)")
    print(f"changed by terraform {sum(wanted != sample.text for sample, wanted in accepted)}")
    print(f"byte-identical {len(accepted) - len(differing)} of {len(accepted)}, in {seconds:.2f} s")
    print(f"no fixed point {len(unsettled)}; --check wrong {len(missed)}; refused, yet changed {len(altered)}")
    for name in [*unsettled, *missed, *altered]:
        print("  ", name)
    for sample, wanted, found in differing[: options.show]:
        sys.stdout.writelines(
            difflib.unified_diff(
                wanted.splitlines(True), found.splitlines(True), f"{sample.name} terraform", "tapfix", n=1
            )
        )
    return 1 if differing or unsettled or altered or missed else 0


if __name__ == "__main__":
    sys.exit(main())
