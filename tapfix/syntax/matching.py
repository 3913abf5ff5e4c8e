# cython: wraparound=False
"""The scanner's patterns for code and quoted templates, matched by hand.

The compiled variant uses this module where the plain one uses `re` (docs/compiled.md), because a loop over characters
that is compiled to C is several times as fast. The patterns and matches here have those methods of `re.Pattern` and
`re.Match` that the loop calls. The regular expressions in scanner.py remain the definition of a token. The module also
runs uncompiled, but slowly, so that the tests can compare the two at every place of every text
(tests/property/test_lossless.py).
"""

from __future__ import annotations

from typing import Any, Final

DOTTED, IDENTIFIER, OPEN_HEREDOC, MARKS, NEWLINE, TEMPLATE, NUMBER, QUOTE, END = range(2, 11)
"""What matched in code, as the number of the group. The first group is the prefix. Two groups are runs of tokens,
because the most common runs should cost one match: `DOTTED` is a traversal such as `var.x.y`, and `TEMPLATE` a whole
quoted template of text and `${var.x}` without escapes."""

NAME, SETTING_END = 2, 7
OPENING_END, CLOSING_END = 11, 14
AFTER_LINES = CLOSING_END - 1
"""Groups of the pattern for a whole line (making.py names those between them). After them come the groups of a token:
`AFTER_LINES` is added to each."""

LITERAL, DOTTED_PART, SEQUENCE, CLOSING_QUOTE = range(1, 5)
"""What matched, inside quotes and in heredocs."""

_DOTTED: Final = DOTTED
_IDENTIFIER: Final = IDENTIFIER
_OPEN_HEREDOC: Final = OPEN_HEREDOC
_MARKS: Final = MARKS
_NEWLINE: Final = NEWLINE
_TEMPLATE: Final = TEMPLATE
_NUMBER: Final = NUMBER
_QUOTE: Final = QUOTE
_END: Final = END
_SETTING_END: Final = SETTING_END
_OPENING_END: Final = OPENING_END
_CLOSING_END: Final = CLOSING_END
_AFTER_LINES: Final = AFTER_LINES
_LITERAL: Final = LITERAL
_DOTTED_PART: Final = DOTTED_PART
_SEQUENCE: Final = SEQUENCE
_CLOSING_QUOTE: Final = CLOSING_QUOTE


class Match:
    """A prefix and the token after it; or a whole line, with the offsets at which its parts end."""

    __slots__ = ("_begin", "_end", "_first", "_rest", "_second", "_start", "_text", "_third", "_token_end", "lastindex")

    _text: str
    _begin: int
    _start: int
    _token_end: int
    _first: int
    _second: int
    _third: int
    _rest: int
    _end: int
    lastindex: int

    def group(self, group: int = 0) -> str:
        """Group 1 is the prefix, in code. Any other group is the token, or the name of a whole line."""
        if group == 1:
            return self._text[self._begin : self._start]
        return self._text[self._start : self._token_end]

    def groups(self) -> tuple[Any, ...]:
        """The parts of a whole line, as the groups of its pattern."""
        if self.lastindex == _SETTING_END:
            return (self.group(1), self.group(), *self.setting(), *(None,) * (_CLOSING_END - _SETTING_END))
        if self.lastindex == _OPENING_END:
            empty = (None,) * (_SETTING_END - 2)
            return (self.group(1), self.group(), *empty, *self.opening(), *(None,) * (_CLOSING_END - _OPENING_END))
        return (self.group(1), *(None,) * (_OPENING_END - 1), self.group(), *self.closing())

    def setting(self) -> tuple[str, str, str, str, str]:
        """After the name: the space on either side of `=`, the value, the rest, and the newline."""
        text = self._text
        return (
            text[self._token_end : self._first],
            text[self._first + 1 : self._second],
            text[self._second : self._third],
            text[self._third : self._rest],
            text[self._rest : self._end],
        )

    def opening(self) -> tuple[str, str, str, str]:
        """After the name: the labels, the space before the brace, the rest, and the newline."""
        text = self._text
        return (
            text[self._token_end : self._first],
            text[self._first : self._second],
            text[self._third : self._rest],
            text[self._rest : self._end],
        )

    def closing(self) -> tuple[str, str]:
        """The rest after the brace, and the newline."""
        text = self._text
        return text[self._third : self._rest], text[self._rest : self._end]

    def end(self) -> int:
        """Where the match ends."""
        return self._end


class CodePattern:
    """Matches in code: the prefix, and the token or run of tokens after it."""

    __slots__ = ("_block_comments", "_free", "_lines", "_runs")

    def __init__(self, free: bool, lines: bool, block_comments: bool = True, runs: bool = True) -> None:
        self._free = free
        """New lines do not count before a token, and belong to its prefix."""
        self._lines = lines
        """A whole line may be here."""
        self._block_comments = block_comments
        self._runs = runs

    def match(self, text: str, position: int) -> Match | None:
        """The match at `position`, as `re.Pattern.match` returns it."""
        start = self._prefix_end(text, position, self._free)
        lines = self._lines and self._runs
        shift = _AFTER_LINES if self._lines else 0
        size = len(text)
        if start == size:
            return _matched(text, position, start, start, _END + shift)
        first = text[start]
        at = start + 1
        if _begins_name(first):
            return self._named(text, position, start, lines, shift)
        if lines and first == "}":
            line = self._line(text, position, start, at, at, at, at, _CLOSING_END)
            if line is not None:
                return line
        if first > "\x7f":
            return _matched(text, position, start, _wide_name_end(text, at), _IDENTIFIER + shift)
        if first == '"':
            end = _template_end(text, at, True) if self._runs else 0
            if end:
                return _matched(text, position, start, end, _TEMPLATE + shift)
            return _matched(text, position, start, at, _QUOTE + shift)
        if first == "\n":
            return _matched(text, position, start, at, _NEWLINE + shift)
        if first == "\r":
            if at < size and text[at] == "\n":
                return _matched(text, position, start, at + 1, _NEWLINE + shift)
            return None
        if "0" <= first <= "9":
            return _matched(text, position, start, _number_end(text, at), _NUMBER + shift)
        if first == "<":
            end = _heredoc_opening_end(text, at)
            if end:
                return _matched(text, position, start, end, _OPEN_HEREDOC + shift)
        length = _mark_length(text, start)
        if length:
            return _matched(text, position, start, start + length, _MARKS + shift)
        return None

    def _prefix_end(self, text: str, at: int, free: bool) -> int:
        """The end of the white space and comments at `at`."""
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

    def _named(self, text: str, position: int, start: int, lines: bool, shift: int) -> Match:
        """What begins with a name: a whole line if `lines` may be here, else the name or traversal."""
        at = _name_end(text, start + 1)
        if lines:
            line = self._named_line(text, position, start, at)
            if line is not None:
                return line
        if self._runs:
            at = _dotted_end(text, at)
        if at < len(text) and text[at] > "\x7f":
            return _matched(text, position, start, _wide_name_end(text, start + 1), _IDENTIFIER + shift)
        return _matched(text, position, start, at, _DOTTED + shift)

    def _named_line(self, text: str, position: int, start: int, name_end: int) -> Match | None:
        """The whole line that begins with a name, if it is one: `name = value`, or a line that opens a block."""
        size = len(text)
        at = _spaces_end(text, name_end)
        if at < size and text[at] == "=":
            value = _spaces_end(text, at + 1)
            end = _list_end(text, value) if value < size and text[value] == "[" else _simple_end(text, value)
            return self._line(text, position, start, name_end, at, value, end, _SETTING_END) if end else None
        labels_end = name_end
        while at < size and text[at] == '"':
            labels_end = _template_end(text, at + 1, False)
            if not labels_end:
                return None
            at = _spaces_end(text, labels_end)
        if at < size and text[at] == "{":
            return self._line(text, position, start, name_end, labels_end, at, at + 1, _OPENING_END)
        return None

    def _line(
        self, text: str, begin: int, start: int, token_end: int, first: int, second: int, third: int, lastindex: int
    ) -> Match | None:
        """A whole line, if there is nothing but a comment between `third` and the newline."""
        rest = self._prefix_end(text, third, False)
        end = rest
        if end < len(text) and text[end] == "\r":
            end += 1
        if end == len(text) or text[end] != "\n":
            return None
        line = _matched(text, begin, start, token_end, lastindex)
        line._first = first
        line._second = second
        line._third = third
        line._rest = rest
        line._end = end + 1
        return line


class ElementsPattern:
    """Matches the elements of a list of simple values."""

    __slots__ = ()

    def findall(self, text: str, position: int, end: int) -> list[tuple[str, str, str, str]]:
        """For each element: the space before it, the element, the space after it, and the comma if there is one."""
        found: list[tuple[str, str, str, str]] = []
        while True:
            start = _spaces_end(text, position)
            element_end = _simple_end(text, start)
            if start >= end or not element_end:
                return found
            gap_end = _spaces_end(text, element_end)
            comma_end = gap_end + 1 if text[gap_end] == "," else gap_end
            found.append(
                (text[position:start], text[start:element_end], text[element_end:gap_end], text[gap_end:comma_end])
            )
            position = comma_end


class QuotedPattern:
    """Matches inside quotes: a literal, a whole `${var.x}`, the start of a sequence, or the closing quote."""

    __slots__ = ("_runs",)

    def __init__(self, runs: bool = True) -> None:
        self._runs = runs

    def match(self, text: str, position: int) -> Match | None:
        """The match at `position`, as `re.Pattern.match` returns it."""
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
    match = Match.__new__(Match)  # Faster than a constructor when compiled: its arguments would be objects.
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
    """The end of the ASCII name whose first character is before `at`."""
    size = len(text)
    while at < size and _continues_name(text[at]):
        at += 1
    return at


def _wide_name_end(text: str, at: int) -> int:
    """The same for a name with characters beyond ASCII. Each of them counts as a part of the name."""
    size = len(text)
    while at < size and (_continues_name(text[at]) or text[at] > "\x7f"):
        at += 1
    return at


def _dotted_end(text: str, at: int) -> int:
    """The end of the `.name` parts that follow a name."""
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
    """The end of a line comment. Where new lines count, a carriage return belongs to the new line."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    if not free and end > at and text[end - 1] == "\r":
        return end - 1
    return end


def _template_end(text: str, at: int, references: bool) -> int:
    """The end of a template of plain text; with `references`, also of `${var.x}`. 0 if there is anything else in it."""
    size = len(text)
    while at < size:
        character = text[at]
        if character == '"':
            return at + 1
        if character == "$":
            if not references or at + 2 >= size or text[at + 1] != "{" or not _begins_name(text[at + 2]):
                return 0
            at = _dotted_end(text, _name_end(text, at + 3))
            if at == size or text[at] != "}":
                return 0
        elif character == "%" or character == "\\" or character == "\n" or character == "\r":
            return 0
        at += 1
    return 0


def _simple_end(text: str, at: int) -> int:
    """The end of the simple value at `at`: a template, a traversal such as `var.x`, or digits. 0 if there is none."""
    size = len(text)
    if at == size:
        return 0
    first = text[at]
    if first == '"':
        return _template_end(text, at + 1, True)
    if _begins_name(first):
        return _dotted_end(text, _name_end(text, at + 1))
    end = at
    while end < size and "0" <= text[end] <= "9":
        end += 1
    return end if end > at else 0


def _list_end(text: str, at: int) -> int:
    """The end of the list of simple values whose bracket is at `at`; 0 if there is none."""
    size = len(text)
    at = _spaces_end(text, at + 1)
    if text.startswith("for", at) and (at + 3 == size or not _continues_name(text[at + 3])):
        return 0
    while at < size:
        if text[at] == "]":
            return at + 1
        at = _simple_end(text, at)
        if not at:
            return 0
        at = _spaces_end(text, at)
        if at < size and text[at] == ",":
            at = _spaces_end(text, at + 1)
        elif at == size or text[at] != "]":
            return 0
    return 0


def _number_end(text: str, at: int) -> int:
    """The end of the digits, points and exponents at `at`, whether or not they are a valid number."""
    size = len(text)
    while at < size:
        digit = at
        while digit < size and text[digit] == ".":
            digit += 1
        if digit < size and (text[digit] == "e" or text[digit] == "E"):
            digit += 1
            if digit < size and (text[digit] == "+" or text[digit] == "-"):
                digit += 1
        if digit == size or not "0" <= text[digit] <= "9":
            break
        at = digit + 1
    return at


def _heredoc_opening_end(text: str, at: int) -> int:
    """The end of the line, if `<` and a marker follow the `<` before `at`; else 0."""
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
    """The length of the mark at `at`; 0 if there is none."""
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
