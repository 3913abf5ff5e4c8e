# cython: wraparound=False
"""The scanner's patterns for code and quoted templates, matched by hand.

What `re` does for the plain variant this does for the compiled one (docs/compiled.md): a loop over characters that is compiled to
C is several times as fast. A pattern here takes the calls of a compiled regular expression, and its matches those of `re.Match`,
as far as the loop makes them; the regular expressions in scanner.py stay what says what a token is. The module runs
uncompiled as well, only slowly, so that the suite can hold the two against each other, at every place of every text.
"""

from __future__ import annotations

from typing import Any, Final

DOTTED, IDENTIFIER, OPEN_HEREDOC, MARKS, NEWLINE, TEMPLATE, NUMBER, QUOTE, END = range(2, 11)
"""What matched in code, as the number of the group; the first group is the prefix. `DOTTED` is a name with the names behind it,
`var.x.y`, and `TEMPLATE` a whole quoted template of text and `${var.x}`, in which nothing needs a second look: so that the
commonest runs of tokens cost one match."""

NAME, SETTING_END = 2, 7
OPENING_END, CLOSING_END = 11, 14
BEHIND_LINES = CLOSING_END - 1
"""Groups of the pattern for a whole line (making.py tells what stands between them), and what is added to those of a token there."""

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
_BEHIND_LINES: Final = BEHIND_LINES
_LITERAL: Final = LITERAL
_DOTTED_PART: Final = DOTTED_PART
_SEQUENCE: Final = SEQUENCE
_CLOSING_QUOTE: Final = CLOSING_QUOTE


class Match:
    """A prefix and the token behind it; or a whole line, with a mark at each place where one of its parts ends."""

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
        """The first group is the prefix of what matched in code; any other is the token, or the name of a whole line."""
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
        """Behind the name: the space on either side of `=`, the value, what follows it, and the newline."""
        text = self._text
        return (
            text[self._token_end : self._first],
            text[self._first + 1 : self._second],
            text[self._second : self._third],
            text[self._third : self._rest],
            text[self._rest : self._end],
        )

    def opening(self) -> tuple[str, str, str, str]:
        """Behind the name: the labels, the space before the brace, what follows that, and the newline."""
        text = self._text
        return (
            text[self._token_end : self._first],
            text[self._first : self._second],
            text[self._third : self._rest],
            text[self._rest : self._end],
        )

    def closing(self) -> tuple[str, str]:
        """What follows the brace, and the newline."""
        text = self._text
        return text[self._third : self._rest], text[self._rest : self._end]

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
        lines = self._lines and self._runs
        behind = _BEHIND_LINES if self._lines else 0
        size = len(text)
        if start == size:
            return _matched(text, position, start, start, _END + behind)
        first = text[start]
        at = start + 1
        if _begins_name(first):
            at = _name_end(text, at)
            if lines:
                line = self._named_line(text, position, start, at)
                if line is not None:
                    return line
            if self._runs:
                at = _dotted_end(text, at)
            if at < size and text[at] > "\x7f":
                at = _wide_name_end(text, start + 1)
                return _matched(text, position, start, at, _IDENTIFIER + behind)
            return _matched(text, position, start, at, _DOTTED + behind)
        if lines and first == "}":
            line = self._line(text, position, start, at, at, at, at, _CLOSING_END)
            if line is not None:
                return line
        if first > "\x7f":
            return _matched(text, position, start, _wide_name_end(text, at), _IDENTIFIER + behind)
        if first == '"':
            if self._runs:
                end = _template_end(text, at, True)
                if end:
                    return _matched(text, position, start, end, _TEMPLATE + behind)
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

    def _named_line(self, text: str, position: int, start: int, name_end: int) -> Match | None:
        """The whole line that begins with a name, if it is one: `name = value`, or one that opens a block."""
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
        """A whole line, if nothing but a comment stands between the last of its marks and the newline."""
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
    """The elements of a list of simple values, as a regular expression's `findall` gives them back."""

    __slots__ = ()

    def findall(self, text: str, position: int, end: int) -> list[tuple[str, str, str, str]]:
        """Of each element the space before it, the element, the space behind it, and the comma, if one follows."""
        found: list[tuple[str, str, str, str]] = []
        while True:
            start = _spaces_end(text, position)
            element_end = _simple_end(text, start)
            if start >= end or not element_end:
                return found
            gap_end = _spaces_end(text, element_end)
            behind = gap_end + 1 if text[gap_end] == "," else gap_end
            found.append(
                (text[position:start], text[start:element_end], text[element_end:gap_end], text[gap_end:behind])
            )
            position = behind


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


def _template_end(text: str, at: int, references: bool) -> int:
    """Behind the closing quote, if nothing before it needs a second look, but `${var.x}` where references may stand; or 0."""
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
    """Behind the simple value that stands here: a template, a name with the names behind it, digits; or 0."""
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
    """Behind the list of simple values whose bracket stands here; or 0."""
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
