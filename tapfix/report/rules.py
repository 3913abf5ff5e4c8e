"""The list of rules, and the page of each rule, which is on the documentation site as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING

from tapfix.report.prose import prose
from tapfix.report.wording import ground

if TYPE_CHECKING:
    from tapfix.fixer import Example, Fixer


def table(fixers: Sequence[Fixer]) -> str:
    """The rules in columns, one line each."""
    rows = [(f.rule, f.name, f.severity.value, f.safety.value, f.summary) for f in fixers]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return "".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1])) + "\n"
        for row in rows
    )


def as_json(fixers: Sequence[Fixer]) -> str:
    """The rules as a JSON array."""
    from json import dumps

    rows = [
        {
            "rule": f.rule,
            "name": f.name,
            "severity": f.severity.value,
            "safety": f.safety.value,
            "summary": f.summary,
            "page": f.page,
        }
        for f in fixers
    ]
    return dumps(rows, indent=2, ensure_ascii=False) + "\n"


def page(fixer: Fixer) -> str:
    """The page of a rule in Markdown: the words of its class and its examples, which are also its tests."""
    parts = [
        f"# {fixer.rule} {fixer.name}\n",
        f"Severity **{fixer.severity.value}**, safety **{fixer.safety.value}**.\n",
        f"{fixer.page}\n",
    ]
    if fixer.because.text:
        parts.append(f"A finding rests on {prose(ground(fixer.because))}, unless it names another ground.\n")
    if fixer.examples:
        parts.append("## Examples\n")
        parts += [_example(example) for example in fixer.examples]
    parts.append(
        f"## Suppression\n\n`# tapfix: ignore[{fixer.rule}] reason`, on the line of a finding or on the line above it, "
        "suppresses the rule there.\n"
    )
    return "\n".join(parts)


def show(markdown: str, stream: IO[str]) -> None:
    """Write a page: with its layout to a terminal, as plain Markdown elsewhere."""
    if not stream.isatty():
        stream.write(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=stream).print(Markdown(markdown))


def _example(example: Example) -> str:
    title = f"### {example.title}\n\n" if example.title else ""
    contract = f"With the contract\n\n```toml\n{example.contract.strip()}\n```\n\n" if example.contract else ""
    before = _files(example.before)
    if example.after is None:
        return f"{title}{contract}Left as it is, and reported:\n\n{before}"
    return f"{title}{contract}{before}\nbecomes\n\n{_files(example.after)}"


def _files(texts: str | Mapping[str, str]) -> str:
    if isinstance(texts, str):
        return _fence("", texts)
    return "\n".join(_fence(f"`{path}`\n\n", text) for path, text in _sorted(texts.items()))


def _sorted(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(items, key=lambda item: (not item[0].endswith(".tf"), item[0]))


def _fence(head: str, text: str) -> str:
    return f"{head}```hcl\n{text.strip(chr(10))}\n```\n"
