# cython: wraparound=False
"""The scanner's patterns for code and quoted templates, matched by hand.

What `re` does for the plain variant this does for the compiled one (docs/compiled.md): a loop over characters that is compiled to
C is several times as fast. A pattern here takes the calls of a compiled regular expression, and its matches those of `re.Match`,
as far as the loop makes them; the regular expressions in scanner.py stay what says what a token is. The module runs
uncompiled as well, only slowly, so that the suite can hold the two against each other, at every place of every text.
"""

from __future__ import annotations

from typing import Any, Final

DOTTED, IDENTIFIER, OPEN_HEREDOC, MARKS, NEWLINE, PLAIN, NUMBER, QUOTE, END = range(2, 11)
"""What matched in code, as the number of the group; the first group is the prefix. `DOTTED` is a name with the names behind it,
`var.x.y`, and `PLAIN` a whole quoted template in which nothing needs a second look: so that the commonest runs of tokens cost
one match."""

SIMPLE_PREFIX, SIMPLE_NAME = 1, 2
SIMPLE_REST, SIMPLE_END = 8, 9
BEHIND_SIMPLE = SIMPLE_END - 1
"""Groups of the pattern for a whole line; between these are the space around `=`, and the value's three forms."""

LITERAL, DOTTED_PART, SEQUENCE, CLOSING_QUOTE = range(1, 5)
"""What matched, inside quotes and in heredocs."""

_DOTTED: Final = DOTTED
_IDENTIFIER: Final = IDENTIFIER
_OPEN_HEREDOC: Final = OPEN_HEREDOC
_MARKS: Final = MARKS
_NEWLINE: Final = NEWLINE
_PLAIN: Final = PLAIN
_NUMBER: Final = NUMBER
_QUOTE: Final = QUOTE
_END: Final = END
_SIMPLE_END: Final = SIMPLE_END
_BEHIND_SIMPLE: Final = BEHIND_SIMPLE
_LITERAL: Final = LITERAL
_DOTTED_PART: Final = DOTTED_PART
_SEQUENCE: Final = SEQUENCE
_CLOSING_QUOTE: Final = CLOSING_QUOTE


class Match:
    """A prefix and the token behind it; or a whole line, `name = value`, with a mark behind each of its parts."""

    __slots__ = (
        "_begin",
        "_end",
        "_equal",
        "_rest",
        "_start",
        "_text",
        "_token_end",
        "_value",
        "_value_end",
        "_value_is",
        "lastindex",
    )

    _text: str
    _begin: int
    _start: int
    _token_end: int
    _equal: int
    _value: int
    _value_end: int
    _value_is: int
    _rest: int
    _end: int
    lastindex: int

    def group(self, group: int = 0) -> str:
        """The first group is the prefix of what matched in code; any other is the token, or the name of a whole line."""
        if group == 1:
            return self._text[self._begin : self._start]
        return self._text[self._start : self._token_end]

    def groups(self) -> tuple[Any, ...]:
        """The parts of a whole line."""
        text = self._text
        value = text[self._value : self._value_end]
        return (
            text[self._begin : self._start],
            text[self._start : self._token_end],
            text[self._token_end : self._equal],
            text[self._equal + 1 : self._value],
            value if self._value_is == _PLAIN else None,
            value if self._value_is == _DOTTED else None,
            value if self._value_is == _NUMBER else None,
            text[self._value_end : self._rest],
            text[self._rest : self._end],
        )

    def end(self) -> int:
        """Where the match ends."""
        return self._end


class CodePattern:
    """What stands in code: the prefix and the token, or run of tokens, behind it."""

    __slots__ = ("_block_comments", "_free", "_lines", "_runs")

    def __init__(self, free: bool, lines: bool, block_comments: bool = True, runs: bool = True) -> None:
        self._free = free
        """New lines do not count before a token, and belong to its prefix."""
        self._lines = lines
        """A whole line `name = value` may stand here."""
        self._block_comments = block_comments
        self._runs = runs

    def match(self, text: str, position: int) -> Match | None:
        """What stands here, as a regular expression's `match` gives it back."""
        start = self._prefix_end(text, position, self._free)
        if self._lines and self._runs:
            line = self._whole_line(text, position, start)
            if line is not None:
                return line
        behind = _BEHIND_SIMPLE if self._lines else 0
        size = len(text)
        if start == size:
            return _matched(text, position, start, start, _END + behind)
        first = text[start]
        at = start + 1
        if _begins_name(first):
            at = _name_end(text, at)
            if self._runs:
                at = _dotted_end(text, at)
            if at < size and text[at] > "\x7f":
                at = _wide_name_end(text, start + 1)
                return _matched(text, position, start, at, _IDENTIFIER + behind)
            return _matched(text, position, start, at, _DOTTED + behind)
        if first > "\x7f":
            return _matched(text, position, start, _wide_name_end(text, at), _IDENTIFIER + behind)
        if first == '"':
            if self._runs:
                end = _plain_end(text, at)
                if end:
                    return _matched(text, position, start, end, _PLAIN + behind)
            return _matched(text, position, start, at, _QUOTE + behind)
        if first == "\n":
            return _matched(text, position, start, at, _NEWLINE + behind)
        if first == "\r":
            if at < size and text[at] == "\n":
                return _matched(text, position, start, at + 1, _NEWLINE + behind)
            return None
        if "0" <= first <= "9":
            return _matched(text, position, start, _number_end(text, at), _NUMBER + behind)
        if first == "<":
            end = _heredoc_opening_end(text, at)
            if end:
                return _matched(text, position, start, end, _OPEN_HEREDOC + behind)
        length = _mark_length(text, start)
        if length:
            return _matched(text, position, start, start + length, _MARKS + behind)
        return None

    def _prefix_end(self, text: str, at: int, free: bool) -> int:
        """Behind the white space and the comments that stand here."""
        size = len(text)
        if free and at == 0 and size and text[0] == "\ufeff":
            at = 1
        while at < size:
            character = text[at]
            if character == " " or character == "\t" or (character == "\n" and free):
                at += 1
            elif character == "\r" and free:
                if at + 1 == size or text[at + 1] != "\n":
                    break
                at += 2
            elif character == "#":
                at = _comment_end(text, at + 1, free)
            elif character == "/" and at + 1 < size:
                following = text[at + 1]
                if following == "/":
                    at = _comment_end(text, at + 2, free)
                elif following == "*" and self._block_comments:
                    end = text.find("*/", at + 2)
                    if end < 0:
                        break
                    at = end + 2
                else:
                    break
            else:
                break
        return at

    def _whole_line(self, text: str, position: int, start: int) -> Match | None:
        """The whole line `name = value` that begins at `start`, if it is one."""
        size = len(text)
        if start == size or not _begins_name(text[start]):
            return None
        name_end = _name_end(text, start + 1)
        equal = _spaces_end(text, name_end)
        if equal == size or text[equal] != "=":
            return None
        value = _spaces_end(text, equal + 1)
        if value == size:
            return None
        first = text[value]
        if first == '"':
            end = _plain_end(text, value + 1)
            if not end:
                return None
            kind = _PLAIN
        elif _begins_name(first):
            end = _dotted_end(text, _name_end(text, value + 1))
            kind = _DOTTED
        elif "0" <= first <= "9":
            end = value + 1
            while end < size and "0" <= text[end] <= "9":
                end += 1
            kind = _NUMBER
        else:
            return None
        rest = self._prefix_end(text, end, False)
        behind = rest
        if behind < size and text[behind] == "\r":
            behind += 1
        if behind == size or text[behind] != "\n":
            return None
        line = _matched(text, position, start, name_end, _SIMPLE_END)
        line._equal = equal
        line._value = value
        line._value_end = end
        line._value_is = kind
        line._rest = rest
        line._end = behind + 1
        return line


class QuotedPattern:
    """What stands inside quotes: a literal, a whole `${var.x}`, the start of a sequence, or the closing quote."""

    __slots__ = ("_runs",)

    def __init__(self, runs: bool = True) -> None:
        self._runs = runs

    def match(self, text: str, position: int) -> Match | None:
        """What stands here, as a regular expression's `match` gives it back."""
        size = len(text)
        at = position
        while at < size:
            character = text[at]
            if character == '"' or character == "\n" or character == "\r":
                break
            if character == "\\":
                if at + 1 == size or text[at + 1] == "\n" or text[at + 1] == "\r":
                    break
                at += 2
            elif character == "$" or character == "%":
                if at + 1 < size and text[at + 1] == "{":
                    break
                if at + 2 < size and text[at + 1] == character and text[at + 2] == "{":
                    at += 2
                at += 1
            else:
                at += 1
        if at > position:
            return _matched(text, position, position, at, _LITERAL)
        if at == size:
            return None
        if text[at] == '"':
            return _matched(text, position, position, at + 1, _CLOSING_QUOTE)
        if text[at] != "$" and text[at] != "%":
            return None
        at += 2
        if self._runs and text[position] == "$" and at < size and _begins_name(text[at]):
            end = _dotted_end(text, _name_end(text, at + 1))
            if end < size and text[end] == "}":
                return _matched(text, position, position, end + 1, _DOTTED_PART)
        if at < size and text[at] == "~":
            at += 1
        return _matched(text, position, position, at, _SEQUENCE)


def _matched(text: str, begin: int, start: int, end: int, lastindex: int) -> Match:
    match = Match.__new__(Match)  # Compiled, that is quicker than a constructor, whose arguments would be objects.
    match._text = text
    match._begin = begin
    match._start = start
    match._token_end = end
    match._end = end
    match.lastindex = lastindex
    return match


def _begins_name(character: str) -> bool:
    return "a" <= character <= "z" or "A" <= character <= "Z" or character == "_"


def _continues_name(character: str) -> bool:
    return (
        "a" <= character <= "z"
        or "A" <= character <= "Z"
        or character == "_"
        or "0" <= character <= "9"
        or character == "-"
    )


def _name_end(text: str, at: int) -> int:
    """Behind the ASCII name whose first character stands before `at`."""
    size = len(text)
    while at < size and _continues_name(text[at]):
        at += 1
    return at


def _wide_name_end(text: str, at: int) -> int:
    """The same for a name with characters beyond ASCII, every one of which is taken for a part of it."""
    size = len(text)
    while at < size and (_continues_name(text[at]) or text[at] > "\x7f"):
        at += 1
    return at


def _dotted_end(text: str, at: int) -> int:
    """Behind the names, a dot before each, that follow a name."""
    size = len(text)
    while at + 1 < size and text[at] == "." and _begins_name(text[at + 1]):
        at = _name_end(text, at + 2)
    return at


def _spaces_end(text: str, at: int) -> int:
    size = len(text)
    while at < size and (text[at] == " " or text[at] == "\t"):
        at += 1
    return at


def _comment_end(text: str, at: int, free: bool) -> int:
    """Behind a comment that goes on to the line's end; where new lines count, a carriage return belongs to them."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    if not free and end > at and text[end - 1] == "\r":
        return end - 1
    return end


def _plain_end(text: str, at: int) -> int:
    """Behind the closing quote, if nothing before it needs a second look; or 0."""
    size = len(text)
    while at < size:
        character = text[at]
        if character == '"':
            return at + 1
        if character == "$" or character == "%" or character == "\\" or character == "\n" or character == "\r":
            return 0
        at += 1
    return 0


def _number_end(text: str, at: int) -> int:
    """Behind digits, points and exponents, which need not be a number yet."""
    size = len(text)
    while at < size:
        behind = at
        while behind < size and text[behind] == ".":
            behind += 1
        if behind < size and (text[behind] == "e" or text[behind] == "E"):
            behind += 1
            if behind < size and (text[behind] == "+" or text[behind] == "-"):
                behind += 1
        if behind == size or not "0" <= text[behind] <= "9":
            break
        at = behind + 1
    return at


def _heredoc_opening_end(text: str, at: int) -> int:
    """Behind the line's end, if `<` and a marker follow the `<` before `at`; or 0."""
    size = len(text)
    if at == size or text[at] != "<":
        return 0
    at += 1
    if at < size and text[at] == "-":
        at += 1
    if at == size or not (_begins_name(text[at]) or text[at] > "\x7f"):
        return 0
    at = _wide_name_end(text, at + 1)
    if at < size and text[at] == "\r":
        at += 1
    return at + 1 if at < size and text[at] == "\n" else 0


def _mark_length(text: str, at: int) -> int:
    """The length of the mark that stands here; 0 if none does."""
    size = len(text)
    first = text[at]
    second = text[at + 1] if at + 1 < size else "\0"
    if first in "{}[](),*/%+-?":
        return 1
    if first == ".":
        return 3 if second == "." and at + 2 < size and text[at + 2] == "." else 1
    if first == "=":
        return 2 if second == "=" or second == ">" else 1
    if first == "<" or first == ">" or first == "!":
        return 2 if second == "=" else 1
    if first == ":":
        return 2 if second == ":" else 1
    if first == "&" or first == "|":
        return 2 if second == first else 0
    if first == "~":
        return 2 if second == "}" else 0
    return 0
