"""Mending text that does not parse, where only one thing can have been meant.

The parser says where a text stops making sense. A few small changes are tried there, one after the other; one that lets the parser get
further is kept, and so on until the text is whole. What none of them gets past is not mended at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tapfix.edits import apply_edits
from tapfix.syntax.stops import stop

_LONGEST = 30_000
"""Characters of a text that is tried at all: each change costs a parse."""

_OPENINGS = 100
"""Comments and heredocs that a text may open: each that nothing closes is looked for to the text's end."""

_CHANGES = 80
"""How many changes one text may need."""

_PIECE = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*+"?) | (?P<comment>(?:\#|//)[^\n]*+ | /\*.*?\*/)
      | <<-?(?P<marker>[^\W\d][\w-]*+)[ \t]*+\r?\n(?:.*?\n)??[ \t]*+(?P=marker)(?=[ \t]*+(?:\r?\n|\Z))
      | (?P<bracket>[{}\[\]()]) | (?P<line>\n[ \t]*+) | [^"#/<{}\[\]()\n]++ | .""",
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"{": "}", "[": "]", "(": ")"}
_BEGINS_ARGUMENT = re.compile(r"[^\W\d][\w-]*+[ \t]*+(?:=(?![=>])|(?:\"[^\"\n]*+\"[ \t]*+)*+\{)")
# Words of a sentence are no elements: what stands at both ends of a missing comma is more than a bare word.
_BEGINS_ELEMENT = re.compile(r"[\"{\[\d]|[^\W\d][\w-]*+[.(\[]")
_ENDS_ELEMENT = re.compile(r"(?:[\"}\])\d]|\.[\w-]+)\Z")
_SPACES = re.compile(r"[ \t]*+")
_CLOSES_OR_ENDS = re.compile(r"[ \t]*+(?:\Z|\r?\n|#|//|[}\],])")
_LITERAL = re.compile(
    r"['\u2018\u2019]([^'\u2018\u2019\"\\\n]*+)['\u2018\u2019]|[\u201c\u201d]([^\u201c\u201d\"\\\n]*+)[\u201c\u201d]"
)
_PATTERN_CALL = re.compile(r"\b(?:regex|regexall|replace)[ \t]*+\Z")
_CLASSES = frozenset("dDwWsS")
"""Behind a backslash: classes of characters in a regular expression, and nothing in HCL."""
_MARKS_OF_A_PATTERN = frozenset(".-/()?^+|$")
"""Behind a backslash: themselves in a regular expression. `*` is not among them: it may have been escaped for Markdown."""
_MARKS_OF_MARKDOWN = frozenset("*_")
"""Behind a backslash: themselves in Markdown, which an answer's text went through before it came here."""

Change = tuple[int, int, str]


class Step(NamedTuple):
    """One change to try: what is wrong there, and the replacements that belong together, sorted."""

    what: str
    changes: tuple[Change, ...]


class Mended(NamedTuple):
    """What makes a text whole: the changes, sorted, and what was wrong, once each."""

    changes: tuple[Change, ...]
    what: tuple[str, ...]


def mended(text: str, *, cut_off: bool = False) -> Mended | None:
    """How the one item that `text` should be can be made whole without a guess; None if it cannot.

    `cut_off`: nothing follows the text, so that nobody knows what its end should have been.
    """
    if len(text) > _LONGEST or text.count("/*") + text.count("<<") > _OPENINGS:
        return None
    draft = _Draft(text)
    what: list[str] = []
    place = stop(text)
    while place is not None and len(what) < _CHANGES:
        size, at = len(draft.text), place
        for step in _steps(draft.text, at, cut_off):
            trial = draft.changed(step.changes)
            if trial is None:
                continue
            following = stop(trial.text)
            rest = -1 if following is None else len(trial.text) - following
            if rest < size - at and rest <= size - step.changes[-1][1]:
                draft, place = trial, following
                what.append(step.what)
                break
        else:
            return None
    return Mended(draft.changes, tuple(dict.fromkeys(what))) if place is None else None


class _Draft:
    """A text with changes made to it, which are kept in the offsets of the text as it was."""

    def __init__(self, original: str, changes: tuple[Change, ...] = ()) -> None:
        self.original = original
        self.changes = changes
        self.text = apply_edits(original, changes)

    def changed(self, changes: tuple[Change, ...]) -> _Draft | None:
        """The draft with more changes; None if one would change what another one wrote."""
        made = {(start, end): text for start, end, text in self.changes}
        for start, end, text in changes:
            first, last = self._place(start), self._place(end)
            if first is None or last is None:
                return None
            covered = [(one, other) for (one, other), old in made.items() if first <= one < other <= last and not old]
            for place in covered:  # What was taken out there stays out.
                del made[place]
            if (first, last) in made and first != last:
                return None
            made[first, last] = made.get((first, last), "") + text
        ordered = sorted((start, end, text) for (start, end), text in made.items())
        if any(one[1] > other[0] for one, other in pairwise(ordered)):
            return None
        return _Draft(self.original, tuple(ordered))

    def _place(self, offset: int) -> int | None:
        """The offset in the original text; None within what a change wrote."""
        shift = 0
        for start, end, text in self.changes:
            if offset <= start + shift:
                break
            if offset < start + shift + len(text):
                return None
            shift += len(text) - (end - start)
        return offset - shift


def _steps(text: str, at: int, cut_off: bool) -> Iterator[Step]:
    """What may be wrong at `at`, the likeliest first. Whether it helps, the parser says."""
    mark = text[at : at + 1]
    before = _code_end(text, at)
    if mark in (";", ","):
        yield from _separators(text, at, mark)
    elif mark == ":":
        yield Step("`:` for `=`", ((before, at + 1, " ="),))
    elif mark == "\\":
        yield from _escapes(text, at)
    elif mark == "" or (mark == "}" and not text[at + 1 :].strip()):
        yield from _unclosed_braces(text, before, cut_off)
    literal = _LITERAL.match(text, at)
    if literal and "${" not in literal[0] and "%{" not in literal[0]:
        content = literal[1] if literal[1] is not None else literal[2]
        yield Step("quotes that are no double quotes", ((at, literal.end(), f'"{content}"'),))
    if mark and mark not in ";,:\\":
        yield from _missing(text, at, before)


def _escapes(text: str, at: int) -> Iterator[Step]:
    """A backslash that begins no escape sequence."""
    opened = _open_brackets(text, at)
    pattern = bool(opened) and opened[-1].mark == "(" and _PATTERN_CALL.search(text, 0, opened[-1].offset)
    following = text[at + 1 : at + 2]
    if following in _CLASSES or (pattern and following in _MARKS_OF_A_PATTERN):
        yield Step("a backslash that was not escaped", ((at, at, "\\"),))
    elif following in _MARKS_OF_MARKDOWN and not pattern:
        yield Step("a backslash of Markdown's", ((at, at + 1, ""),))


def _separators(text: str, at: int, mark: str) -> Iterator[Step]:
    """A semicolon, or a comma where none may be."""
    what = f"`{mark}` between arguments" if mark == "," else "`;` for a comma or a new line"
    if _CLOSES_OR_ENDS.match(text, at + 1):
        yield Step(f"a `{mark}` too many", ((at, at + 1, ""),))
    if mark == ";":
        yield Step(what, ((at, at + 1, ","),))
    split = at, _behind_spaces(text, at + 1), "\n"
    yield Step(what, (split,))
    opener = _opener_on_line(text, at)
    if opener is not None:
        yield Step(what, (_line_behind(text, opener), split))


def _missing(text: str, at: int, before: int) -> Iterator[Step]:
    """A comma, a new line or a closing bracket that is missing before `at`; what comes before it ends at `before`."""
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
            yield Step(f"a `{closer}` that is missing", ((before, before, closer),))
        yield Step(f"a `{closer}` that is missing", (_line_with(closer, innermost, text, before),))
    if not argument and _ENDS_ELEMENT.search(text, 0, before) and _BEGINS_ELEMENT.match(text, at):
        yield Step("a comma that is missing", ((before, before, ","),))
    if argument and "\n" not in gap:
        yield Step("a comma that is missing", ((before, before, ","),))
    if (argument or text[at] == "}") and "\n" not in gap:
        split = before, at, "\n"
        yield Step("a new line that is missing", (split,))
        opener = _opener_on_line(text, at)
        if opener is not None and opener + 1 < before:
            yield Step("a new line that is missing", (_line_behind(text, opener), split))


def _unclosed_braces(text: str, end: int, cut_off: bool) -> Iterator[Step]:
    """The text ends with a brace open: the first line that its indent shows to stand outside tells which, else it is the last one."""
    opened = _open_brackets(text, len(text), stop_at_outsider=True)
    if not opened:
        return
    innermost = opened[-1]
    if innermost.outsider is not None and innermost.mark == "{":
        before = _code_end(text, innermost.outsider)
        yield Step("a `}` that is missing", (_line_with("}", innermost, text, before),))
    elif not cut_off and len(opened) == 1 and innermost.mark == "{" and "\n" in text[innermost.offset : end]:
        yield Step("a `}` that is missing", (_line_with("}", innermost, text, end),))


def _line_with(closer: str, opened: _Open, text: str, before: int) -> Change:
    """A line of its own for a closing bracket, below the line on which what it encloses ends."""
    end = text.find("\n", before)
    end = len(text) if end < 0 else end
    if not text[before:end].lstrip().startswith(("#", "//")):
        end = before
    return end, end, f"\n{opened.indent}{closer}"


class _Open:
    """A bracket that is open, with the indent of its line."""

    def __init__(self, mark: str, offset: int, indent: str) -> None:
        self.mark = mark
        self.offset = offset
        self.indent = indent
        self.deeper = False
        """Whether a line in it stands deeper than its own."""
        self.outsider: int | None = None
        """Where the first line begins that stands no deeper than the bracket's own, and does not close it."""


def _open_brackets(text: str, end: int, *, stop_at_outsider: bool = False) -> list[_Open]:
    """The brackets that are open at `end`, or where the first line shows that the innermost should have been closed."""
    opened: list[_Open] = []
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
                opened.append(_Open(mark, at - 1, indent))
            elif opened and _CLOSER[opened[-1].mark] == mark:
                opened.pop()
    return opened


def _opener_on_line(text: str, at: int) -> int | None:
    """The brace of a block or object that is open at `at` and was opened on the same line."""
    opened = _open_brackets(text, at)
    if opened and opened[-1].mark == "{" and "\n" not in text[opened[-1].offset : at]:
        return opened[-1].offset
    return None


def _line_behind(text: str, opener: int) -> Change:
    """A new line behind a brace, in place of the spaces there."""
    return opener + 1, _behind_spaces(text, opener + 1), "\n"


def _behind_spaces(text: str, at: int) -> int:
    spaces = _SPACES.match(text, at)
    assert spaces is not None
    return spaces.end()


def _code_end(text: str, at: int) -> int:
    """Where the last thing before `at` ends that is neither white space nor a comment."""
    end = reached = 0
    while reached < at:
        piece = _PIECE.match(text, reached, at)
        assert piece is not None
        reached = piece.end()
        if not piece["comment"] and piece[0].strip():
            end = piece.start() + len(piece[0].rstrip())
    return end
