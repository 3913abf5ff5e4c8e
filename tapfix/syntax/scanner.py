"""What a token is, mode by mode.

The scanner keeps a stack of modes, because the same character can be different tokens. A new line counts only in a body
and between the items of an object. A `}` may end a block or a `${`. Inside quotes only the template's own marks are
tokens. Each mode has one pattern. It is tried where the last token ended, and matches the prefix and the next token in
one step. All repetitions are possessive, so that no text makes a pattern try twice. The parser's loop (loop.py) drives
the patterns, because only the parser knows what a brace belongs to.

The compiled variant matches the patterns for code and quotes by hand (matching.py), with the same tokens.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from . import _tables, matching

LINES, BRACKETS, INTERPOLATION, QUOTED, HEREDOC = range(5)
"""The modes: bodies and objects; any other brackets; `${ }` and `%{ }`; quoted templates; heredocs."""

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
"""Identifiers that are a terminal of their own where the table has an action for it."""

# A name. Every character beyond ASCII counts as a part of it. The classes list what is not in them: a list of what is,
# up to the last character of Unicode, would make the patterns take longer to compile than most files take to parse.
_NO_START = r"\x00-@\[-^`{-\x7f"
_NO_PART = r"\x00-,./:-@\[-^`{-\x7f"
_IDENTIFIER = rf"[^{_NO_START}][^{_NO_PART}]*+"
_ASCII_NAME = r"[A-Za-z_][A-Za-z0-9_\-]*+"
_DOTTED = rf"{_ASCII_NAME}(?:\.{_ASCII_NAME})*+"
_PLAIN = r'"[^"\\$%\r\n]*+"'
# A quoted template of text and `${var.x}`, without escapes.
_TEMPLATE = rf'"(?:[^"\\$%\r\n]++|\$\{{{_DOTTED}\}})*+"'
_SIMPLE = rf"(?:{_TEMPLATE}|{_DOTTED}|[0-9]++)"
# `[for` does not open a list.
_LIST = rf"\[[ \t]*+(?!for(?![A-Za-z0-9_\-]))(?:{_SIMPLE}[ \t]*+(?:,[ \t]*+{_SIMPLE}[ \t]*+)*+(?:,[ \t]*+)?+)?+\]"
# `$$${x}` is a dollar sign and the escape `$${`: each alternative takes one sign where it can.
_ESCAPED = r"\$\$\{|%%\{|[$%](?!\{)"
_BLOCK_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"

BY_HAND: Final = not matching.__file__.endswith(".py")
"""Is matching.py compiled? Only then is it faster than the regular expressions."""


class Patterns:
    """The patterns of the modes for code and for quotes.

    Those for code match the prefix and the token or tokens after it in one step. matching.py names their groups.
    """

    __slots__ = ("elements", "for_ahead", "free", "free_prefix", "line", "line_prefix", "quoted", "start")

    free: re.Pattern[str] | matching.CodePattern
    """Where new lines do not count, and after a new line that did count."""
    line: re.Pattern[str] | matching.CodePattern
    """Where new lines count."""
    start: re.Pattern[str] | matching.CodePattern
    """Where a line may begin: a whole line, which most lines are, or a token.

    A whole line is `name = value` with a simple value or a list of simple values, or it opens or closes a block. The
    number of its last group says which (`SETTING_END`, `OPENING_END`, `CLOSING_END`). The groups of a token follow
    these.
    """
    quoted: re.Pattern[str] | matching.QuotedPattern
    """Inside quotes: a literal, a whole `${var.x}`, the start of any other sequence, or the closing quote."""
    elements: re.Pattern[str] | matching.ElementsPattern
    """An element of a list of simple values: the space before it, the value, the space before the comma, the comma."""
    for_ahead: re.Pattern[str]
    """After the opening brace of an expression: a `for`. Then new lines do not count before it, nor after it."""

    def __init__(self, block_comments: bool = True, runs: bool = True, by_hand: bool = BY_HAND) -> None:
        """`runs` and `by_hand` change nothing but the speed. Tests switch them."""
        comment = f"{_BLOCK_COMMENT}|" if block_comments else ""
        # The prefix of a token where new lines count: a line comment does not include the newline.
        line_prefix = rf"(?:[ \t]++|{comment}(?:\#|//)[^\r\n]*+(?:\r(?!\n)[^\r\n]*+)*+)*+"
        # The prefix where new lines do not count. A byte order mark may be at the start of a file only.
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
            rf"""((?:[^"\\$%\r\n]++|\\[^\r\n]|{_ESCAPED})++)"""
            rf"""|{"" if runs else never}\$\{{({_DOTTED})\}}|([$%]\{{~?)|(")"""
        )


@cache
def patterns(block_comments: bool) -> Patterns:
    """The patterns, with or without block comments.

    Those without are for the part of a text after the last `*/`. They are faster, and a text of many `/*` without an
    end is not searched for the end again and again.
    """
    return Patterns(block_comments)


LINE_END: Final = re.compile(r"([ \t]*+)(\r?\n)")

# What Go's strings.TrimSpace trims, except for carriage return and line feed.
_SPACE = r"[^\S\r\n\x1c-\x1f]"

VALID_ESCAPE: Final = re.compile(r"\\(?:[nrt\"\\]|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")

SOUND_ESCAPES: Final = re.compile(r"(?:[^\\]|\\[nrt\"\\])*+")
"""A literal with only the simple escapes, which are always valid."""

SURROGATES: Final = re.compile("[\ud800-\udfff]+")

VALID_NUMBER: Final = re.compile(r"[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?")


class Heredoc:
    """The patterns inside a heredoc with a certain marker."""

    __slots__ = ("closing", "marker", "token")

    def __init__(self, marker: str) -> None:
        self.marker = marker
        line = f"{_SPACE}*+{re.escape(marker)}{_SPACE}*+\r?\n"
        text = rf"[^$%\r\n]++|{_ESCAPED}"
        self.token = re.compile(
            rf"((?:{text}|\r?\n(?!{line}))++(?:\r?\n(?={line}))?+|\r?\n(?={line}))|\$\{{({_DOTTED})\}}|([$%]\{{~?)"
        )
        """A literal, a whole `${var.x}`, or the start of an interpolation or a directive; never the closing line."""
        self.closing = re.compile(
            rf"^({_SPACE}*+)({re.escape(marker)}(?:[ \t]*+[^\S\r\n\x1c-\x1f \t])*+)(?=[ \t]*+\r?\n)", re.MULTILINE
        )
        """The line that closes it: the space before the marker, and the marker.

        Spaces and tabs after the marker belong to the newline's prefix. Other kinds of space, which only a heredoc
        allows, belong to the marker.
        """


@lru_cache(maxsize=64)
def heredoc(marker: str) -> Heredoc:
    """The patterns for a heredoc with this marker."""
    return Heredoc(marker)


# Python's identifiers follow Unicode's XID_Start and XID_Continue, Go's follow ID_Start and ID_Continue. These are the
# compatibility characters that only ID has.
_ID_ONLY = "\u037a\u0e33\u0eb3\u309b\u309c\ufc5e-\ufc63\ufdfa\ufdfb\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e"
_ID_ONLY_START = re.compile(f"[{_ID_ONLY}\uff9e\uff9f]")


def identifier_length(word: str) -> int:
    """How many characters at the start of `word` are an identifier; 0 if there is none.

    The patterns take every character beyond ASCII for a part of a name, because a class of all letters of Unicode would
    slow down every run. This function checks the few words that have such a character.
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
    """A text, and facts about it that are computed once and needed often."""

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
        """The offset of the last `*/`; -1 if there is none."""
        self.is_utf8 = text.isascii() or _is_utf8(text)
        """Bytes that are not UTF-8 are lone surrogates in a text. Terraform allows them in comments only."""
        self.open_heredocs: set[str] = set()
        """Markers of heredocs that nothing closes. Nothing closes a later heredoc with the same marker either."""
        self.nested_openers = True
        """May a line that opens a top-level block be inside another block? True until a block is not closed."""
        self._searched_from = self._next_opener = -1
        self._last_lines: dict[str, int] | None = None

    def patterns(self, position: int) -> Patterns:
        """The patterns for an item that begins at `position`."""
        return patterns(position <= self.last_comment_end)

    def next_opener(self, position: int) -> int:
        """The start of the next line that opens a top-level block; the length of the text if there is none."""
        if not self._searched_from <= position <= self._next_opener:
            found = OPENER.search(self.text, position)
            self._searched_from = position
            self._next_opener = found.start() if found else len(self.text)
        return self._next_opener

    def has_end(self, marker: str, position: int) -> bool:
        """Does any line from `position` on close a heredoc with this marker?"""
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
        """Maps each stripped line to the start of the last line that has this text.

        So a text of many heredocs without an end, each with another marker, is not searched to its end for each of
        them.
        """
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
"""A line that opens a block which Terraform allows at the top level only: everything before it has ended."""
