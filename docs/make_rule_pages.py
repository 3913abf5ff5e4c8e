"""Writes docs/rules/: a page for each rule, and a list of them.

`make docs` runs it. The pages are not under version control.
"""

from __future__ import annotations

from pathlib import Path

from tapfix.engine.registry import builtin_fixers
from tapfix.report.rules import page


def main() -> None:
    """Write the pages, and delete those of rules that no longer exist."""
    folder = Path(__file__).parent / "rules"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    rows = ["# Rules\n", "| | name | severity | safety | finds |", "|---|---|---|---|---|"]
    for fixer in builtin_fixers():
        (folder / f"{fixer.name}.md").write_text(page(fixer))
        link = f"[{fixer.name}]({fixer.name}.md)"
        rows.append(f"| {fixer.rule} | {link} | {fixer.severity.value} | {fixer.safety.value} | {fixer.summary} |")
    (folder / "index.md").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
