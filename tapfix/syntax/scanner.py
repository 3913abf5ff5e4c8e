"""What a token is, mode by mode.

The scanner keeps a stack of modes, because the same character is another token in another place: a new line counts
in a body and between the items of an object and nowhere else, a `}` may end a block or a `${`, and inside quotes
nothing is a token but the template's own marks. For each mode there is one pattern, tried at the place where the last
token ended, which matches the prefix and the token behind it in one go; all repetitions are possessive, so that no text
makes a pattern try twice. The loop that drives them is the parser's (parse.py): only the parser knows which brace it is.
"""

from __future__ import annotations

import re
from typing import Final

from . import _tables

LINES, BRACKETS, INTERPOLATION, QUOTED, HEREDOC = range(5)
"""The modes: bodies and objects; everything else in brackets; `${ }` and `%{ }`; quoted templates; heredocs."""

TERMINAL: Final[dict[str, int]] = {name: code for code, name in enumerate(_tables.TERMINALS)}

_MARKS: Final = {
    "{": "O_BRACE", "}": "C_BRACE", "[": "O_BRACK", "]": "C_BRACK", "(": "O_PAREN", ")": "C_PAREN",
    ",": "COMMA", ".": "DOT", ":": "COLON", "::": "DOUBLE_COLON", "?": "QUESTION", "=": "EQUAL", "=>": "FAT_ARROW",
    "...": "ELLIPSIS", "*": "STAR", "+": "PLUS", "-": "MINUS", "/": "SLASH", "%": "PERCENT", "&&": "AND", "||": "OR",
    "!": "BANG", "==": "EQUAL_OP", "!=": "NOT_EQUAL", "<": "LESS_THAN", "<=": "LESS_THAN_EQ", ">": "GREATER_THAN",
    ">=": "GREATER_THAN_EQ", "~}": "TEMPLATE_SEQ_END",
}  # fmt: skip

MARK: Final[dict[str, int]] = {mark: TERMINAL[name] for mark, name in _MARKS.items()}
"""The terminals of punctuation and operators."""

KEYWORD: Final[dict[str, int]] = {
    word: TERMINAL[word.upper()] for word in ("for", "in", "if", "else", "endif", "endfor")
}
"""Identifiers that are a terminal of their own where the table asks for it."""

# Bytes that are no UTF-8 reach a text as lone surrogates; Terraform takes them in comments only.
_SURROGATES = "\ud800-\udfff"
_IDENTIFIER = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\-\u0080-\U0010ffff]*+"
_BLOCK_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"

# What may stand before a token where new lines count: a comment to the line's end leaves the newline itself alone.
_LINE_PREFIX = rf"(?:[ \t]++|{_BLOCK_COMMENT}|(?:\#|//)[^\r\n]*+(?:\r(?!\n)[^\r\n]*+)*+)*+"
# And where they do not.
_FREE_PREFIX = rf"(?:[ \t\n]++|\r\n|{_BLOCK_COMMENT}|(?:\#|//)[^\n]*+)*+"

# Groups, in the order of the alternatives; the first is the prefix.
IDENTIFIER, OPEN_HEREDOC, MARKS, NEWLINE, PLAIN, NUMBER, QUOTE, END = range(2, 10)
"""Groups of the patterns for code. `PLAIN` is a whole quoted template in which nothing needs a second look."""

_TOKEN = rf"""(?:
    ({_IDENTIFIER})
  | (<<-?{_IDENTIFIER}\r?\n)
  | (==|=>|>=|<=|!=|&&|\|\||::|\.\.\.|~\}}|[{{}}\[\]().,*/%+=!?:<>\-])
  | (\r?\n)
  | ("[^"\\$%\r\n{_SURROGATES}]*+")
  | ([0-9](?:\.*+(?:[0-9]|[eE][+-]?[0-9]))*+)
  | (")
  | (\Z)
)"""

LINE: Final = re.compile(f"({_LINE_PREFIX}){_TOKEN}", re.VERBOSE)
FREE: Final = re.compile(f"({_FREE_PREFIX}){_TOKEN}", re.VERBOSE)
PREFIX: Final = re.compile(f"\ufeff?({_FREE_PREFIX})", re.VERBOSE)
"""What stands before an item: the byte order mark of a file, white space and comments."""

LINE_PREFIX: Final = re.compile(_LINE_PREFIX, re.VERBOSE)
LINE_END: Final = re.compile(r"([ \t]*+)(\r?\n)")

# `$$${x}` is a dollar sign and the escape `$${`: each alternative takes one sign where it can.
_ESCAPED = r"\$\$\{|%%\{|[$%](?!\{)"
QUOTED_TOKEN: Final = re.compile(rf'((?:[^"\\$%\r\n{_SURROGATES}]++|\\[^\r\n{_SURROGATES}]|{_ESCAPED})++)|(")|([$%]\{{~?)')
"""Inside quotes: a literal, the closing quote, or the start of an interpolation or a directive."""

QUOTED_LITERAL, CLOSING_QUOTE, SEQUENCE = 1, 2, 3

# What Go's strings.TrimSpace trims, but for the two of a line's end.
_ODD_SPACE = r"[\v\f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_SPACE = f"(?:[ \\t]|{_ODD_SPACE})"

VALID_ESCAPE: Final = re.compile(r"\\(?:[^nrt\"\\uU]|u(?![0-9A-Fa-f]{4})|U(?![0-9A-Fa-f]{8}))|\\u[dD][89a-fA-F]|\\U(?!0000|0010|000[1-9a-fA-F])")
VALID_ESCAPE: Final = re.compile(r"\\(?:[nrt\"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")

VALID_NUMBER: Final = re.compile(r"[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?")

FOR_AHEAD: Final = re.compile(f"{_FREE_PREFIX}for(?![A-Za-z0-9_\\-\u0080-\U0010ffff])", re.VERBOSE)
"""Behind the opening brace of an expression: does a `for` follow? Then new lines do not count before it, nor after."""

NAME: Final = re.compile(_IDENTIFIER)


def heredoc_tokens(marker: str) -> re.Pattern[str]:
    """The pattern for what may stand in the heredoc that `marker` closes.

    Its groups: a literal, and the start of an interpolation or a directive. It is not asked on the closing line.
    """
    closing = f"{_SPACE}*+{re.escape(marker)}{_SPACE}*+\r?\n"
    text = rf"[^$%\r\n{_SURROGATES}]++|{_ESCAPED}"
    return re.compile(rf"((?:{text}|\r?\n(?!{closing}))++(?:\r?\n(?={closing}))?+|\r?\n(?={closing}))|([$%]\{{~?)")


def closing_line(marker: str) -> re.Pattern[str]:
    """The pattern for the line that closes a heredoc: its groups are the space before the marker, and the marker.

    Spaces and tabs behind the marker are left to the newline's prefix; the odder kinds of space, which only a heredoc
    takes, go with the marker.
    """
    return re.compile(rf"({_SPACE}*+)({re.escape(marker)}(?:[ \t]*+{_ODD_SPACE})*+)(?=[ \t]*+\r?\n)")


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
