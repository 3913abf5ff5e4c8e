"""What a token is, mode by mode.

The scanner keeps a stack of modes, because the same character is another token in another place: a new line counts
in a body and between the items of an object and nowhere else, a `}` may end a block or a `${`, and inside quotes
nothing is a token but the template's own marks. For each mode there is one pattern, tried at the place where the last
token ended, which matches the prefix and the token behind it in one go; all repetitions are possessive, so that no text
makes a pattern try twice. The loop that drives them is the parser's (loop.py): only the parser knows which brace it is.

The compiled variant matches the patterns for code and quotes by hand (matching.py), to the same tokens.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from . import _tables, matching

LINES, BRACKETS, INTERPOLATION, QUOTED, HEREDOC = range(5)
"""The modes: bodies and objects; everything else in brackets; `${ }` and `%{ }`; quoted templates; heredocs."""

TERMINAL: Final[dict[str, int]] = {name: code for code, name in enumerate(_tables.TERMINALS)}

MARK_NAMES: Final = {
    "{": "O_BRACE", "}": "C_BRACE", "[": "O_BRACK", "]": "C_BRACK", "(": "O_PAREN", ")": "C_PAREN",
    ",": "COMMA", ".": "DOT", ":": "COLON", "::": "DOUBLE_COLON", "?": "QUESTION", "=": "EQUAL", "=>": "FAT_ARROW",
    "...": "ELLIPSIS", "*": "STAR", "+": "PLUS", "-": "MINUS", "/": "SLASH", "%": "PERCENT", "&&": "AND", "||": "OR",
    "!": "BANG", "==": "EQUAL_OP", "!=": "NOT_EQUAL", "<": "LESS_THAN", "<=": "LESS_THAN_EQ", ">": "GREATER_THAN",
    ">=": "GREATER_THAN_EQ", "~}": "TEMPLATE_SEQ_END",
}  # fmt: skip

MARK: Final[dict[str, int]] = {mark: TERMINAL[name] for mark, name in MARK_NAMES.items()}
"""The terminals of punctuation and operators."""

KEYWORD: Final[dict[str, int]] = {
    word: TERMINAL[word.upper()] for word in ("for", "in", "if", "else", "endif", "endfor")
}
"""Identifiers that are a terminal of their own where the table asks for it."""

# A name, with every character beyond ASCII taken for a part of one. The classes say what is not in them: to list what is,
# up to the last character of Unicode, would make the patterns take longer to compile than most files to parse.
_NO_START = r"\x00-@\[-^`{-\x7f"
_NO_PART = r"\x00-,./:-@\[-^`{-\x7f"
_IDENTIFIER = rf"[^{_NO_START}][^{_NO_PART}]*+"
_ASCII_NAME = r"[A-Za-z_][A-Za-z0-9_\-]*+"
_DOTTED = rf"{_ASCII_NAME}(?:\.{_ASCII_NAME})*+"
_PLAIN = r'"[^"\\$%\r\n]*+"'
# A quoted template in which nothing needs a second look: text, and `${var.x}`.
_TEMPLATE = rf'"(?:[^"\\$%\r\n]++|\$\{{{_DOTTED}\}})*+"'
_SIMPLE = rf"(?:{_TEMPLATE}|{_DOTTED}|[0-9]++)"
# `[for` does not open a list.
_LIST = rf"\[[ \t]*+(?!for(?![A-Za-z0-9_\-]))(?:{_SIMPLE}[ \t]*+(?:,[ \t]*+{_SIMPLE}[ \t]*+)*+(?:,[ \t]*+)?+)?+\]"
# `$$${x}` is a dollar sign and the escape `$${`: each alternative takes one sign where it can.
_ESCAPED = r"\$\$\{|%%\{|[$%](?!\{)"
_BLOCK_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"

BY_HAND: Final = not matching.__file__.endswith(".py")
"""Is matching.py compiled? Only then is it the quicker way."""


class Patterns:
    """The patterns of the modes for code, and for quotes. Those for code match the prefix and the token, or tokens, behind it
    in one go; their groups are named in matching.py."""

    __slots__ = ("elements", "for_ahead", "free", "free_prefix", "line", "line_prefix", "quoted", "start")

    free: re.Pattern[str] | matching.CodePattern
    """Where new lines do not count, and behind one that did."""
    line: re.Pattern[str] | matching.CodePattern
    """Where new lines count."""
    start: re.Pattern[str] | matching.CodePattern
    """Where a line may begin: a whole one, which most lines are, or a token. A whole line is `name = value` with a simple value
    or a list of such; or it opens a block, or closes it. Its last group says which (`SETTING_END`, `OPENING_END`, `CLOSING_END`);
    the groups of a token count on from there."""
    quoted: re.Pattern[str] | matching.QuotedPattern
    """Inside quotes: a literal, a whole `${var.x}`, the start of an interpolation or a directive, or the closing quote."""
    elements: re.Pattern[str] | matching.ElementsPattern
    """The elements of a list of simple values: the space before one, the value, and the space before the comma, and the comma."""
    for_ahead: re.Pattern[str]
    """Behind the opening brace of an expression: does a `for` follow? Then new lines do not count before it, nor after."""

    def __init__(self, block_comments: bool = True, runs: bool = True, by_hand: bool = BY_HAND) -> None:
        """`runs` can be switched off, and `by_hand` either way, which changes nothing but the speed: for tests."""
        comment = f"{_BLOCK_COMMENT}|" if block_comments else ""
        # What may stand before a token where new lines count: a comment to the line's end leaves the newline alone.
        line_prefix = rf"(?:[ \t]++|{comment}(?:\#|//)[^\r\n]*+(?:\r(?!\n)[^\r\n]*+)*+)*+"
        # And where they do not; a byte order mark may begin a file, and only a file.
        free_prefix = rf"(?:\A\ufeff)?+(?:[ \t\n]++|\r\n|{comment}(?:\#|//)[^\n]*+)*+"
        self.line_prefix = re.compile(line_prefix, re.VERBOSE)
        self.free_prefix = re.compile(free_prefix, re.VERBOSE)
        self.for_ahead = re.compile(rf"{free_prefix}for(?![^{_NO_PART}])", re.VERBOSE)
        if by_hand:
            self.line = matching.CodePattern(False, False, block_comments, runs)
            self.free = matching.CodePattern(True, False, block_comments, runs)
            self.start = matching.CodePattern(True, True, block_comments, runs)
            self.quoted = matching.QuotedPattern(runs)
            self.elements = matching.ElementsPattern()
            return
        never = "(?!)"
        token = rf"""(?:
            ({_DOTTED if runs else _ASCII_NAME}(?![^\x00-\x7f]))
          | ({_IDENTIFIER})
          | (<<-?{_IDENTIFIER}\r?\n)
          | (==|=>|>=|<=|!=|&&|\|\||::|\.\.\.|~\}}|[{{}}\[\]().,*/%+=!?:<>\-])
          | (\r?\n)
          | ({_TEMPLATE if runs else never})
          | ([0-9](?:\.*+(?:[0-9]|[eE][+-]?[0-9]))*+)
          | (")
          | (\Z)
        )"""
        line_end = rf"({line_prefix})(\r?\n)"
        whole_line = rf"""
            ({_ASCII_NAME})(?:
                ([ \t]*+)=([ \t]*+)({_SIMPLE}|{_LIST}){line_end}
              | ((?:[ \t]*+{_PLAIN})*+)([ \t]*+)\{{{line_end}
            )
          | (\}}){line_end}
        """
        self.line = re.compile(f"({line_prefix}){token}", re.VERBOSE)
        self.free = re.compile(f"({free_prefix}){token}", re.VERBOSE)
        self.start = re.compile(f"({free_prefix})(?:{'' if runs else never}(?:{whole_line})|{token})", re.VERBOSE)
        self.elements = re.compile(rf"([ \t]*+)({_SIMPLE})([ \t]*+)(,?)")
        self.quoted = re.compile(
            rf"""((?:[^"\\$%\r\n]++|\\[^\r\n]|{_ESCAPED})++)|{"" if runs else never}\$\{{({_DOTTED})\}}|([$%]\{{~?)|(")"""
        )


@cache
def patterns(block_comments: bool) -> Patterns:
    """The patterns; and those for where no block comment can end any more.

    The second are for speed, and lest a text of many `/*` without an end be searched for it over and over.
    """
    return Patterns(block_comments)


LINE_END: Final = re.compile(r"([ \t]*+)(\r?\n)")

# What Go's strings.TrimSpace trims, but for the two of a line's end.
_SPACE = r"[^\S\r\n\x1c-\x1f]"

VALID_ESCAPE: Final = re.compile(r"\\(?:[nrt\"\\]|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")

SOUND_ESCAPES: Final = re.compile(r"(?:[^\\]|\\[nrt\"\\])*+")
"""A literal whose escapes need no second look."""

SURROGATES: Final = re.compile("[\ud800-\udfff]+")

VALID_NUMBER: Final = re.compile(r"[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?")


class Heredoc:
    """The patterns for what stands in a heredoc."""

    __slots__ = ("closing", "marker", "token")

    def __init__(self, marker: str) -> None:
        self.marker = marker
        line = f"{_SPACE}*+{re.escape(marker)}{_SPACE}*+\r?\n"
        text = rf"[^$%\r\n]++|{_ESCAPED}"
        self.token = re.compile(
            rf"((?:{text}|\r?\n(?!{line}))++(?:\r?\n(?={line}))?+|\r?\n(?={line}))|\$\{{({_DOTTED})\}}|([$%]\{{~?)"
        )
        """A literal, a whole `${var.x}`, or the start of an interpolation or a directive; not for the closing line."""
        self.closing = re.compile(
            rf"^({_SPACE}*+)({re.escape(marker)}(?:[ \t]*+[^\S\r\n\x1c-\x1f \t])*+)(?=[ \t]*+\r?\n)", re.MULTILINE
        )
        """The line that closes it: the space before the marker, and the marker.

        Spaces and tabs behind the marker are left to the newline's prefix; the odder kinds of space, which only a
        heredoc takes, go with the marker.
        """


@lru_cache(maxsize=64)
def heredoc(marker: str) -> Heredoc:
    """The patterns for a heredoc with this marker."""
    return Heredoc(marker)


# Where Python's idea of an identifier (XID) and the one of Unicode's ID_Start and ID_Continue, which Go takes, part:
# compatibility characters that only ID has.
_ID_ONLY = "\u037a\u0e33\u0eb3\u309b\u309c\ufc5e-\ufc63\ufdfa\ufdfb\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e"
_ID_ONLY_START = re.compile(f"[{_ID_ONLY}\uff9e\uff9f]")


def identifier_length(word: str) -> int:
    """How many characters at the start of `word` are an identifier; 0 if it does not begin like one.

    The patterns take every character beyond ASCII for a part of a name, because a class of all letters that there are
    would cost every run; this is the second look, at the few words that have one.
    """
    for index, character in enumerate(word):
        if character == "-" and index:
            continue
        known = (character if index == 0 else "a" + character).isidentifier()
        if not known and not _ID_ONLY_START.match(character):
            return index
    return len(word)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class SourceText:
    """A text, with what is found out about it once and asked again and again."""

    __slots__ = (
        "_last_lines",
        "_next_opener",
        "_searched_from",
        "is_utf8",
        "last_comment_end",
        "nested_openers",
        "open_heredocs",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.last_comment_end = text.rfind("*/")
        """No block comment ends behind here."""
        self.is_utf8 = text.isascii() or _is_utf8(text)
        """Bytes that are no UTF-8 reach a text as lone surrogates; Terraform takes them in comments only."""
        self.open_heredocs: set[str] = set()
        """Markers of heredocs that nothing closes: whatever comes later with the same marker, nothing closes either."""
        self.nested_openers = True
        """May a line that opens a top-level block stand in another block? As long as every block is closed, why not."""
        self._searched_from = self._next_opener = -1
        self._last_lines: dict[str, int] | None = None

    def patterns(self, position: int) -> Patterns:
        """The patterns for what begins here."""
        return patterns(position <= self.last_comment_end)

    def next_opener(self, position: int) -> int:
        """Where the next line after `position` begins that opens a top-level block; the text's length if none does."""
        if not self._searched_from <= position <= self._next_opener:
            found = OPENER.search(self.text, position)
            self._searched_from = position
            self._next_opener = found.start() if found else len(self.text)
        return self._next_opener

    def has_end(self, marker: str, position: int) -> bool:
        """Does any line from here on close a heredoc with this marker?"""
        if marker in self.open_heredocs or (
            self._last_lines is not None and self._last_lines.get(marker, -1) < position
        ):
            return False
        if heredoc(marker).closing.search(self.text, position):
            return True
        self.open_heredocs.add(marker)
        if self._last_lines is None:
            self._last_lines = self._lines_by_their_words()
        return False

    def _lines_by_their_words(self) -> dict[str, int]:
        """Where the last line begins that holds nothing but these words, for all lines: lest a text of many heredocs without an end,
        each with a marker of its own, be searched to its end for every one."""
        begins = 0
        found: dict[str, int] = {}
        for line in self.text.split("\n"):
            found[line.strip()] = begins
            begins += len(line) + 1
        return found


OPENER: Final = re.compile(
    r"^(?:"
    r'(?:resource|data|ephemeral|variable|output|module|provider|check|run|mock_provider|mock_resource)[ \t]+"'
    r"|(?:locals|terraform|moved|removed|import)[ \t]*\{"
    r")",
    re.MULTILINE,
)
"""A line that opens a block which Terraform knows at the top level only: whatever came before it is over."""
