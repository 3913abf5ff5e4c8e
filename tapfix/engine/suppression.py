"""Suppression comments: `# tapfix: ignore[TAP002] reason` on a line or the line above it, `# tapfix:
ignore-file[TAP010]`.

On the head line of a block, or above it, it covers all that is found in the block.

A suppression that nothing matches is a finding of its own, so that none outlives its cause.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from tapfix.fixer import Because, Finding, Safety, Severity, Status
from tapfix.module import File, Project, Span

RULE = "TAP100"
NAME = "unused-suppression"
BECAUSE = Because("built-in", "a suppression covers a finding")

_COMMENT = r"(?:#|//)[ \t]*tapfix:[ \t]*(ignore|ignore-file)\[([^\]\n]*)\][ \t]*([^\r\n]*)"


class _Suppression:
    def __init__(self, file: File, match: re.Match[str]) -> None:
        self.span = Span(file.path, match.start(), match.end())
        self.words = tuple(w.strip() for w in match[2].split(",") if w.strip())
        self.reason = match[3].strip()
        self.used: set[str] = set()
        line_start, line_end = file.line_start(match.start()), file.line_end(match.start())
        alone = not file.text[line_start : match.start()].strip()
        self.whole_file = match[1] == "ignore-file"
        self.start = line_start
        self.end = file.line_end(line_end) if alone else line_end

    def covers(self, offset: int) -> bool:
        return self.whole_file or self.start <= offset < self.end


class Suppressions:
    """The suppressions of a snapshot; `judge` marks what they cover and remembers which of them were needed."""

    def __init__(self, by_file: dict[str, list[_Suppression]], project: Project) -> None:
        self._by_file = by_file
        self._project = project

    def _places(self, finding: Finding) -> tuple[int, ...]:
        """Where the finding is, and where the block begins that holds it."""
        at = finding.span.start
        items = self._project.files[finding.span.file].items
        index = bisect_right(items, at, key=lambda item: item.start) - 1
        return (at, items[index].start + items[index].node.start) if index >= 0 else (at,)

    def judge(self, finding: Finding) -> Finding:
        """The finding, as suppressed and without its fix where a comment says so."""
        for suppression in self._by_file.get(finding.span.file, ()):
            for word in suppression.words:
                if word in (finding.rule, finding.name) and any(map(suppression.covers, self._places(finding))):
                    suppression.used.add(word)
                    reason = suppression.reason or "suppressed by a comment"
                    return finding._replace(status=Status.SUPPRESSED, fix=None, reason=reason)
        return finding

    def unused(self, running: Iterable[str]) -> Iterator[Finding]:
        """A finding for each word of a suppression that nothing matched, of the rules that ran."""
        running = set(running)
        for suppressions in self._by_file.values():
            for s in suppressions:
                for word in s.words:
                    if word not in s.used and (word in running or not word.startswith("TAP")):
                        message = f"the suppression of {word} matches nothing; take it out"
                        yield Finding(
                            RULE,
                            NAME,
                            Severity.LOW,
                            Safety.SUGGESTION,
                            Status.SUGGESTED,
                            message,
                            "",
                            "",
                            s.span,
                            because=BECAUSE,
                        )


def of(project: Project) -> Suppressions:
    """The suppressions in the comments of a project's HCL files."""
    found: dict[str, list[_Suppression]] = {}
    for file in project.files.values():
        if file.kind == "other" or "tapfix:" not in file.text:
            continue
        comments = _comment_ranges(file)
        for match in re.finditer(_COMMENT, file.text):
            if any(start <= match.start() < end for start, end in comments):
                found.setdefault(file.path, []).append(_Suppression(file, match))
    return Suppressions(found, project)


def _comment_ranges(file: File) -> list[tuple[int, int]]:
    """The prefixes that hold a comment: only there is `# tapfix:` a comment, and not text of a heredoc."""
    ranges = []
    for item in file.items:
        for leaf in item.node.leaves():
            if "tapfix:" in leaf.prefix:
                ranges.append((item.start + leaf.start - len(leaf.prefix), item.start + leaf.start))
        start = item.start + item.node.end
        ranges.append((start, item.start + len(item.text)))
    return ranges
