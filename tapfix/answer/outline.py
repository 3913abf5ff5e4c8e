"""The outline of HCL text without parsing it: top-level statements, comments, and what kind of text it is.

The reader of answers has to distinguish a stack from a fragment, a tfvars file from a shell script, and one file from
two, before it knows what to parse. One regular expression passes over strings, comments, heredocs and brackets; the
lines that start outside all of them are the outline. The text may be anything: `outline` never fails, and takes one
pass.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

BLOCK_LABELS = {
    "terraform": 0,
    "provider": 1,
    "variable": 1,
    "locals": 0,
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "module": 1,
    "output": 1,
    "moved": 0,
    "import": 0,
    "removed": 0,
    "check": 1,
}
"""Terraform's top-level blocks, and how many labels each has."""

_TOKEN = re.compile(
    r"""
    (?P<comment> \#[^\n]* | //[^\n]* | /\*(?s:.*?)(?:\*/|\Z) )
  | (?P<heredoc> <<[-~]?(?P<word>[A-Za-z_][\w-]*)[ \t]*\r?\n )
  | "(?:[^"\\\n]|\\.)*"?
  | (?P<open> [{\[(] )
  | (?P<close> [}\])] )
  | (?P<line> \n )
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(r"[ \t]*([A-Za-z_][\w-]*)((?:[ \t]+(?:\"[^\"\n]*\"|[A-Za-z_][\w-]*))*)[ \t]*\{")
_ATTRIBUTE = re.compile(r"[ \t]*\"?([A-Za-z_][\w-]*)\"?[ \t]*=(?![=>~])")
_LABEL = re.compile(r"\"([^\"\n]*)\"|([A-Za-z_][\w-]*)")
_STRING_OR_COMMENT = r"\"(?:[^\"\\\n]|\\.)*\"?|\#[^\n]*|//[^\n]*"
_COMPUTED = r"[A-Za-z_][\w-]*[ \t]*(?:\(|\.[A-Za-z_*]|\[)|[?]"
_META_ARGUMENTS = frozenset({"depends_on", "count", "for_each", "provider", "providers", "lifecycle"})
_FENCE_OR_SHELTER = (
    r"(?P<fence>^[ \t>\u200b\u200c\u200d\u2060\ufeff]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(?:```|~~~))"
    r"|(?P<comment>^[ \t]*/\*)|(?P<heredoc><<[-~]?[ \t]*['\"]?(?P<word>[A-Za-z_]\w*)['\"]?[^\n]*\n)"
)
"""A line that opens a fence, or the start of a comment or a heredoc that a fence may be part of."""
_TREE = "(?m)[├└│]|^[|+`]--"
_DIFF_HEADER = re.compile(r"(?:--- |\+\+\+ |@@ |diff --git )")


class TextKind(Enum):
    """What a text is, as far as its outline shows."""

    STACK = "stack"
    """It has a top-level block of Terraform."""
    VALUES = "values"
    """It has nothing but attributes with constant values: a tfvars file."""
    FRAGMENT = "fragment"
    """It has arguments or blocks of a resource, without the resource."""
    COMMENTS = "comments"
    """It has nothing but comments."""
    TREE = "tree"
    """It is a tree of folders and files, as `tree` prints it."""
    DIFF = "diff"
    OTHER = "other"


class Statement(NamedTuple):
    """A top-level statement; lines are 1-based and inclusive."""

    keyword: str
    labels: tuple[str, ...]
    is_block: bool
    first: int
    last: int

    @property
    def address(self) -> str | None:
        """The address that the block declares, if a module may declare it only once."""
        if not self.is_block or BLOCK_LABELS.get(self.keyword, 0) == 0 or not self.labels:
            return None
        if self.keyword == "provider":
            return None
        return ".".join((self.keyword, *self.labels))


class Outline(NamedTuple):
    """The top level of a text."""

    kind: TextKind
    statements: tuple[Statement, ...]
    comments: tuple[tuple[int, str], ...]
    """Line and text of each comment that is alone on top-level lines."""
    depth: int
    """How many brackets are still open at the end."""

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(address for statement in self.statements if (address := statement.address))

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset(statement.keyword for statement in self.statements if not statement.is_block)

    def labels_of(self, keyword: str) -> frozenset[str]:
        """The first labels of the blocks of one type, such as the names of all variables."""
        return frozenset(
            statement.labels[0]
            for statement in self.statements
            if statement.is_block and statement.keyword == keyword and statement.labels
        )


def is_answer(text: str) -> bool:
    """Whether a text is a reply with fences, and not HCL.

    A fence inside a heredoc or a block comment does not count: a Terraform file may contain Markdown, for a widget of a
    dashboard or a README that it writes.
    """
    if "```" not in text and "~~~" not in text:
        return False
    pattern = re.compile(_FENCE_OR_SHELTER, re.MULTILINE)
    position = 0
    unending = False
    while found := pattern.search(text, position):
        if found.lastgroup == "fence":
            return True
        position = found.end()
        if found.lastgroup == "comment":
            closing = text.find("*/", position)
            position = len(text) if closing < 0 else closing + 2
        else:
            end = None if unending else heredoc_end(text, found["word"], position)
            unending = end is None
            position = end or position
    return False


def outline(text: str) -> Outline:
    """The outline of a text, which may be anything."""
    starts, comments, depth = _top_level(text)
    statements = []
    strange = False
    total = text.count("\n") + (0 if text.endswith("\n") else 1)
    for index, (number, offset) in enumerate(starts):
        last = starts[index + 1][0] - 1 if index + 1 < len(starts) else total
        block = _BLOCK.match(text, offset)
        attribute = None if block else _ATTRIBUTE.match(text, offset)
        if block:
            labels = tuple(quoted or bare for quoted, bare in _LABEL.findall(block[2]))
            statements.append(Statement(block[1], labels, True, number, last))
        elif attribute:
            statements.append(Statement(attribute[1], (), False, number, last))
        elif text[offset : offset + 80].lstrip(" \t\r")[:1] not in ("}", "]", ")"):
            strange = True
    return Outline(_kind(text, statements, strange), tuple(statements), tuple(comments), depth)


def _top_level(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, str]], int]:
    """The lines that `outline` looks at.

    The number and the offset of each top-level line that is neither blank nor a comment; the comments; and how many
    brackets are open at the end.
    """
    starts: list[tuple[int, int]] = []
    comments: list[tuple[int, str]] = []
    depth = position = line_start = 0
    number = 1
    at_top = True
    seen_on_line = False
    while match := _TOKEN.search(text, position):
        if at_top and not seen_on_line and text[max(position, line_start) : match.start()].strip():
            starts.append((number, line_start))
            seen_on_line = True
        position = match.end()
        kind = match.lastgroup
        if kind == "line":
            number += 1
            line_start = position
            at_top = depth == 0
            seen_on_line = False
            continue
        if kind == "comment":
            if at_top and not seen_on_line:
                comments.append((number, match[0]))
            newlines = match[0].count("\n")
            if newlines:
                number += newlines
                line_start = match.start() + match[0].rindex("\n") + 1
            continue
        if at_top and not seen_on_line:
            starts.append((number, line_start))
            seen_on_line = True
        if kind == "heredoc":
            end = heredoc_end(text, match["word"], position) or len(text)
            number += text.count("\n", match.start(), end)
            position = end
            line_start = end
            at_top = depth == 0
            seen_on_line = False
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
    tail = text[max(position, line_start) :]
    if at_top and not seen_on_line and tail.strip():
        starts.append((number, line_start))
    return starts, comments, depth


def heredoc_end(text: str, word: str, start: int) -> int | None:
    """The offset after a heredoc's last line, which is `word` alone; None if the heredoc never ends.

    A caller that continues at that offset, or stops at the first None, takes linear time over all heredocs of a text.
    """
    match = re.compile(rf"^[ \t]*{re.escape(word)}[ \t]*\r?(?:\n|\Z)", re.MULTILINE).search(text, start)
    return match.end() if match else None


def _kind(text: str, statements: list[Statement], strange: bool) -> TextKind:
    has_block = any(statement.is_block and statement.keyword in BLOCK_LABELS for statement in statements)
    if not has_block and re.search(_TREE, text):
        return TextKind.TREE
    lines = [line for line in text.splitlines() if line.strip()]
    marked = sum(line.startswith(("+", "-", "@@")) for line in lines)
    if lines and (_DIFF_HEADER.match(lines[0]) or marked * 2 > len(lines)):
        return TextKind.DIFF
    if any(
        statement.is_block and BLOCK_LABELS.get(statement.keyword) == len(statement.labels) for statement in statements
    ):
        return TextKind.STACK
    if not statements:
        return TextKind.OTHER if strange else TextKind.COMMENTS
    if strange:
        return TextKind.OTHER
    if any(statement.is_block or statement.keyword in _META_ARGUMENTS for statement in statements):
        return TextKind.FRAGMENT
    return TextKind.FRAGMENT if _is_computed(text) else TextKind.VALUES


def _is_computed(text: str) -> bool:
    """Whether a value refers to something or calls a function, which is not possible in a tfvars file."""
    return "${" in text or re.search(_COMPUTED, re.sub(_STRING_OR_COMMENT, '""', text)) is not None
