"""One unified diff of all files, in git's form: `git apply` and `patch -p1` both take it.

Lines end at `\\n` and nowhere else, so that a file with `\\r\\n` or a form feed in it goes through unharmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tapfix.report.alignment import changes, hunks

if TYPE_CHECKING:
    from tapfix.result import ResultData

_CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file\n"
_C_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def diff_of(result: ResultData) -> str:
    """The diff between the files of an input and those of the outcome; empty if nothing changed."""
    return render(result.base, result.files, {new: old for old, new in result.source.renamed.items()})


def render(before: Mapping[str, str], after: Mapping[str, str], copied_from: Mapping[str, str] | None = None) -> str:
    """The diff between two states of a folder, by path; empty if nothing changed.

    `copied_from` maps a path of `after` to the path of `before` that it is a copy of; the original stays.
    """
    origin = copied_from or {}
    kept = set(origin.values())
    parts = []
    for path in sorted({*before, *after}):
        if path in origin:
            parts.append(_copied(origin[path], path, before[origin[path]], after[path]))
        elif path not in after:
            if path not in kept:
                parts.append(_removed(path, before[path]))
        elif path not in before:
            parts.append(_added(path, after[path]))
        elif before[path] != after[path]:
            parts.append(_changed(path, before[path], after[path]))
    return "".join(parts)


def _added(path: str, text: str) -> str:
    return _git_line(path, path) + "new file mode 100644\n" + _body(None, path, "", text)


def _removed(path: str, text: str) -> str:
    return _git_line(path, path) + "deleted file mode 100644\n" + _body(path, None, text, "")


def _changed(path: str, before: str, after: str) -> str:
    return _git_line(path, path) + _body(path, path, before, after)


def _copied(old: str, new: str, before: str, after: str) -> str:
    head = f"similarity index {_similarity(before, after)}%\ncopy from {_quoted(old)}\ncopy to {_quoted(new)}\n"
    return _git_line(old, new) + head + _body(old, new, before, after)


def _git_line(old: str, new: str) -> str:
    return f"diff --git {_quoted(f'a/{old}')} {_quoted(f'b/{new}')}\n"


def _body(old: str | None, new: str | None, before: str, after: str) -> str:
    """The lines `---` and `+++` and the hunks; empty if the texts are equal, as for an empty file or an exact copy."""
    hunks = "".join(_hunks(lines_of(before), lines_of(after)))
    if not hunks:
        return ""
    names = ("/dev/null" if old is None else f"a/{old}"), ("/dev/null" if new is None else f"b/{new}")
    return f"--- {_ended(names[0])}\n+++ {_ended(names[1])}\n{hunks}"


def lines_of(text: str) -> list[str]:
    """The lines of a text with their newlines. `str.splitlines` would also break at form feeds."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    for group in hunks(changes(before, after), _CONTEXT):
        # Both sides have the same number of lines of context, except at the ends of the text.
        head = min(_CONTEXT, group[0].start)
        tail = min(_CONTEXT, len(before) - group[-1].end)
        start, end = group[0].start - head, group[-1].end + tail
        yield f"@@ -{_range(start, end)} +{_range(group[0].new_start - head, group[-1].new_end + tail)} @@\n"
        for change in group:
            yield from (_line(" ", line) for line in before[start : change.start])
            yield from (_line("-", line) for line in before[change.start : change.end])
            yield from (_line("+", line) for line in after[change.new_start : change.new_end])
            start = change.end
        yield from (_line(" ", line) for line in before[start:end])


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}"


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _similarity(before: str, after: str) -> int:
    """The share of the larger text that is in both, in percent. Only equal texts have 100, as in git."""
    if before == after:
        return 100
    shared = Counter(lines_of(before)) & Counter(lines_of(after))
    length = sum(len(line) * count for line, count in shared.items())
    return min(99, 100 * length // max(len(before), len(after)))


def _ended(path: str) -> str:
    """The name on a `---` or `+++` line. After a name with a space comes a tab, as in git, for `patch`."""
    quoted = _quoted(path)
    return f"{quoted}\t" if " " in quoted and not quoted.startswith('"') else quoted


def _quoted(path: str) -> str:
    """The path as git writes it: in quotes, with C's escapes, if a byte of it is not plain."""
    data = path.encode()
    if all(32 <= byte < 127 and byte not in b'"\\' for byte in data):
        return path
    return '"' + "".join(_C_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in data) + '"'
