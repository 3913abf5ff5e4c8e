"""Repairs text that does not parse, where only one thing can have been meant.

The parser reports the offset at which a text stops making sense. A few small changes are tried there, one after the
other. A change that lets the parser get further is kept, until the whole text parses. If no change helps, nothing is
repaired at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tapfix.edits import apply_edits
from tapfix.syntax.stops import stop

_LONGEST = 30_000
"""The most characters of a text that is tried: each change costs a parse."""

_OPENINGS = 100
"""The most comments and heredocs of a text: the end of one that nothing closes is searched to the text's end."""

_CHANGES = 80
"""The most changes of one text."""

_PIECE = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*+"?) | (?P<comment>(?:\#|//)[^\n]*+ | /\*.*?\*/)
      | <<-?(?P<marker>[^\W\d][\w-]*+)[ \t]*+\r?\n(?:.*?\n)??[ \t]*+(?P=marker)(?=[ \t]*+(?:\r?\n|\Z))
      | (?P<bracket>[{}\[\]()]) | (?P<line>\n[ \t]*+) | [^"#/<{}\[\]()\n]++ | .""",
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"{": "}", "[": "]", "(": ")"}
_BEGINS_ARGUMENT = re.compile(r"[^\W\d][\w-]*+[ \t]*+(?:=(?![=>])|(?:\"[^\"\n]*+\"[ \t]*+)*+\{)")
# The words of a sentence are not elements: on both sides of a missing comma there is more than a bare word.
_BEGINS_ELEMENT = re.compile(r"[\"{\[\d]|[^\W\d][\w-]*+[.(\[]")
_ENDS_ELEMENT = re.compile(r"(?:[\"}\])\d]|\.[\w-]+)\Z")
_SPACES = re.compile(r"[ \t]*+")
_CLOSES_OR_ENDS = re.compile(r"[ \t]*+(?:\Z|\r?\n|#|//|[}\],])")
_LITERAL = re.compile(
    r"['\u2018\u2019]([^'\u2018\u2019\"\\\n]*+)['\u2018\u2019]|[\u201c\u201d]([^\u201c\u201d\"\\\n]*+)[\u201c\u201d]"
)
_PATTERN_CALL = re.compile(r"\b(?:regex|regexall|replace)[ \t]*+\Z")
_CLASSES = frozenset("dDwWsS")
"""After a backslash these are classes of characters in a regular expression, and nothing in HCL."""
_MARKS_OF_A_PATTERN = frozenset(".-/()?^+|$")
"""After a backslash these are literal in a regular expression. `*` is left out: Markdown escapes it too."""
_MARKS_OF_MARKDOWN = frozenset("*_")
"""After a backslash these are literal in Markdown, which the answer was written in."""

Change = tuple[int, int, str]
"""The text between two offsets is replaced by another."""


class Attempt(NamedTuple):
    """Something that may be wrong at an offset, and the changes that would correct it."""

    what: str
    changes: tuple[Change, ...]
    """The changes that belong together, sorted."""


class Repair(NamedTuple):
    """The changes with which a text parses."""

    changes: tuple[Change, ...]
    """Sorted, with offsets in the text as it was."""
    what: tuple[str, ...]
    """What was wrong, each kind once."""


def repaired(text: str, *, cut_off: bool = False) -> Repair | None:
    """The repair of a text that should be one item (a block or an attribute); None if it would take a guess.

    `cut_off` says that nothing follows the text, so that its end is not known.
    """
    if len(text) > _LONGEST or text.count("/*") + text.count("<<") > _OPENINGS:
        return None
    draft = _Draft(text)
    what: list[str] = []
    place = stop(text)
    while place is not None and len(what) < _CHANGES:
        size, at = len(draft.text), place
        for attempt in _attempts(draft.text, at, cut_off):
            trial = draft.changed(attempt.changes)
            if trial is None:
                continue
            following = stop(trial.text)
            rest = -1 if following is None else len(trial.text) - following
            if rest < size - at and rest <= size - attempt.changes[-1][1]:
                draft, place = trial, following
                what.append(attempt.what)
                break
        else:
            return None
    return Repair(draft.changes, tuple(dict.fromkeys(what))) if place is None else None


class _Draft:
    """A text with changes made to it. The changes keep the offsets of the original text."""

    def __init__(self, original: str, changes: tuple[Change, ...] = ()) -> None:
        self.original = original
        self.changes = changes
        self.text = apply_edits(original, changes)

    def changed(self, changes: tuple[Change, ...]) -> _Draft | None:
        """The draft with more changes; None if one of them would change the text that an earlier one inserted."""
        made = {(start, end): text for start, end, text in self.changes}
        for start, end, text in changes:
            first, last = self._place(start), self._place(end)
            if first is None or last is None:
                return None
            covered = [(one, other) for (one, other), old in made.items() if first <= one < other <= last and not old]
            for place in covered:  # a removal within a larger replacement
                del made[place]
            if (first, last) in made and first != last:
                return None
            made[first, last] = made.get((first, last), "") + text
        ordered = sorted((start, end, text) for (start, end), text in made.items())
        if any(one[1] > other[0] for one, other in pairwise(ordered)):
            return None
        return _Draft(self.original, tuple(ordered))

    def _place(self, offset: int) -> int | None:
        """The offset in the original text; None for an offset within inserted text."""
        shift = 0
        for start, end, text in self.changes:
            if offset <= start + shift:
                break
            if offset < start + shift + len(text):
                return None
            shift += len(text) - (end - start)
        return offset - shift


def _attempts(text: str, at: int, cut_off: bool) -> Iterator[Attempt]:
    """What may be wrong at `at`, the likeliest first. The parser decides whether an attempt helps."""
    mark = text[at : at + 1]
    before = _code_end(text, at)
    if mark in (";", ","):
        yield from _separators(text, at, mark)
    elif mark == ":":
        yield Attempt("`:` for `=`", ((before, at + 1, " ="),))
    elif mark == "\\":
        yield from _escapes(text, at)
    elif mark == "" or (mark == "}" and not text[at + 1 :].strip()):
        yield from _unclosed_braces(text, before, cut_off)
    literal = _LITERAL.match(text, at)
    if literal and "${" not in literal[0] and "%{" not in literal[0]:
        content = literal[1] if literal[1] is not None else literal[2]
        yield Attempt("quotes other than double quotes", ((at, literal.end(), f'"{content}"'),))
    if mark and mark not in ";,:\\":
        yield from _missing(text, at, before)


def _escapes(text: str, at: int) -> Iterator[Attempt]:
    """A backslash that does not begin an escape sequence."""
    opened = _open_brackets(text, at)
    pattern = bool(opened) and opened[-1].mark == "(" and _PATTERN_CALL.search(text, 0, opened[-1].offset)
    following = text[at + 1 : at + 2]
    if following in _CLASSES or (pattern and following in _MARKS_OF_A_PATTERN):
        yield Attempt("a backslash that was not escaped", ((at, at, "\\"),))
    elif following in _MARKS_OF_MARKDOWN and not pattern:
        yield Attempt("a backslash of Markdown", ((at, at + 1, ""),))


def _separators(text: str, at: int, mark: str) -> Iterator[Attempt]:
    """A semicolon, or a comma where none is allowed."""
    what = f"`{mark}` between arguments" if mark == "," else "`;` for a comma or a new line"
    if _CLOSES_OR_ENDS.match(text, at + 1):
        yield Attempt(f"a `{mark}` too many", ((at, at + 1, ""),))
    if mark == ";":
        yield Attempt(what, ((at, at + 1, ","),))
    split = at, _after_spaces(text, at + 1), "\n"
    yield Attempt(what, (split,))
    opener = _opener_on_line(text, at)
    if opener is not None:
        yield Attempt(what, (_line_after(text, opener), split))


def _missing(text: str, at: int, before: int) -> Iterator[Attempt]:
    """A comma, a new line or a closing bracket that is missing before `at`; the code before it ends at `before`."""
    gap = text[before:at]
    argument = _BEGINS_ARGUMENT.match(text, at)
    opened = _open_brackets(text, at)
    innermost = opened[-1] if opened else None
    if innermost is not None and innermost.mark in "[(" and (argument or text[at] in _CLOSER.values()):
        closer = _CLOSER[innermost.mark]
        last_line = text.rfind("\n", 0, before) + 1
        inside = "\n" in text[innermost.offset : before]
        beside = not inside or re.match(re.escape(innermost.indent) + r"[}\])]", text[last_line:before])
        if beside:
            yield Attempt(f"a missing `{closer}`", ((before, before, closer),))
        yield Attempt(f"a missing `{closer}`", (_line_with(closer, innermost, text, before),))
    if not argument and _ENDS_ELEMENT.search(text, 0, before) and _BEGINS_ELEMENT.match(text, at):
        yield Attempt("a missing comma", ((before, before, ","),))
    if argument and "\n" not in gap:
        yield Attempt("a missing comma", ((before, before, ","),))
    if (argument or text[at] == "}") and "\n" not in gap:
        split = before, at, "\n"
        yield Attempt("a missing new line", (split,))
        opener = _opener_on_line(text, at)
        if opener is not None and opener + 1 < before:
            yield Attempt("a missing new line", (_line_after(text, opener), split))


def _unclosed_braces(text: str, end: int, cut_off: bool) -> Iterator[Attempt]:
    """A brace that nothing closes before the end of the text.

    It is closed before the first line whose indent shows that the line is outside of it, else at the end.
    """
    opened = _open_brackets(text, len(text), stop_at_outsider=True)
    if not opened:
        return
    innermost = opened[-1]
    if innermost.outsider is not None and innermost.mark == "{":
        before = _code_end(text, innermost.outsider)
        yield Attempt("a missing `}`", (_line_with("}", innermost, text, before),))
    elif not cut_off and len(opened) == 1 and innermost.mark == "{" and "\n" in text[innermost.offset : end]:
        yield Attempt("a missing `}`", (_line_with("}", innermost, text, end),))


def _line_with(closer: str, opened: _OpenBracket, text: str, before: int) -> Change:
    """The change that inserts a closing bracket on a line of its own, after the line on which its content ends."""
    end = text.find("\n", before)
    end = len(text) if end < 0 else end
    if not text[before:end].lstrip().startswith(("#", "//")):
        end = before
    return end, end, f"\n{opened.indent}{closer}"


class _OpenBracket:
    """A bracket that is not closed yet, and the indent of its line."""

    def __init__(self, mark: str, offset: int, indent: str) -> None:
        self.mark = mark
        self.offset = offset
        self.indent = indent
        self.deeper = False
        """Whether a line after the bracket has a larger indent than the bracket's line."""
        self.outsider: int | None = None
        """The offset of the first line that is not indented more than the bracket's line, and does not close it."""


def _open_brackets(text: str, end: int, *, stop_at_outsider: bool = False) -> list[_OpenBracket]:
    """The brackets that are open at `end`, the innermost last.

    With `stop_at_outsider`, those that are open at the first line whose indent shows that the innermost should be
    closed.
    """
    opened: list[_OpenBracket] = []
    indent = ""
    at = 0
    while at < end:
        piece = _PIECE.match(text, at)
        assert piece is not None
        at = piece.end()
        if piece["line"]:
            indent = piece["line"][1:]
            first = text[at : at + 1]
            if stop_at_outsider and len(opened) > 1 and first not in ("", "\n", "\r", "#", "/"):
                bound = len(opened[-1].indent)
                if len(indent) < bound or (len(indent) == bound and first not in "}])"):
                    opened[-1].outsider = at if opened[-1].deeper else None
                    return opened
                opened[-1].deeper |= len(indent) > bound
        elif piece["bracket"]:
            mark = piece["bracket"]
            if mark in _CLOSER:
                opened.append(_OpenBracket(mark, at - 1, indent))
            elif opened and _CLOSER[opened[-1].mark] == mark:
                opened.pop()
    return opened


def _opener_on_line(text: str, at: int) -> int | None:
    """The offset of the brace that is open at `at`, if it is on the same line."""
    opened = _open_brackets(text, at)
    if opened and opened[-1].mark == "{" and "\n" not in text[opened[-1].offset : at]:
        return opened[-1].offset
    return None


def _line_after(text: str, opener: int) -> Change:
    """The change that puts a new line after a brace, in place of the spaces there."""
    return opener + 1, _after_spaces(text, opener + 1), "\n"


def _after_spaces(text: str, at: int) -> int:
    spaces = _SPACES.match(text, at)
    assert spaces is not None
    return spaces.end()


def _code_end(text: str, at: int) -> int:
    """Where the last code before `at` ends: neither white space nor a comment."""
    end = reached = 0
    while reached < at:
        piece = _PIECE.match(text, reached, at)
        assert piece is not None
        reached = piece.end()
        if not piece["comment"] and piece[0].strip():
            end = piece.start() + len(piece[0].rstrip())
    return end
