"""The specification of `loop.parse_item`: the same parser, written to be read.

It takes one token at a time and makes one reduction at a time, without shortcuts. Its tokens are those of the regular
expressions in scanner.py, and its table is _tables.py. No run of tapfix uses this module. The tests compare the loop
with it, item by item and failure by failure (tests/unit/syntax/test_plain.py).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from . import matching, scanner
from ._tables import ACCEPT, ACTIONS, GOTO, LEAF_KINDS, RULES, TERMINALS
from .building import NODE, PASS, SPLICED_NODE
from .checks import complaints
from .recovery import ParseFailure
from .scanner import BRACKETS, HEREDOC, INTERPOLATION, KEYWORD, LINES, MARK, QUOTED, TERMINAL
from .tree import EmptyBody, Item, Leaf, Node, SyntaxElement

_BEGINS = {
    "O_BRACE": LINES,
    "O_BRACK": BRACKETS,
    "O_PAREN": BRACKETS,
    "TEMPLATE_INTERP": INTERPOLATION,
    "TEMPLATE_CONTROL": INTERPOLATION,
    "O_QUOTE": QUOTED,
    "O_HEREDOC": HEREDOC,
}
"""The terminals that begin a mode of the scanner, and the mode."""
_ENDS = frozenset({"C_BRACE", "C_BRACK", "C_PAREN", "TEMPLATE_SEQ_END", "C_QUOTE", "C_HEREDOC"})
"""The terminals that end the current mode."""


class Token(NamedTuple):
    """A token. `prefix` is the white space and the comments before it, `start` the offset of `value` in the file."""

    terminal: str
    value: str
    prefix: str
    start: int


class _Stop(Exception):
    """The text stops making sense. The only argument is the `ParseFailure`."""


@cache
def _patterns(block_comments: bool) -> scanner.Patterns:
    return scanner.Patterns(block_comments, runs=False, by_hand=False)


def parse_item(source: scanner.SourceText, base: int) -> Item | ParseFailure:
    """The item that begins at `base`: an attribute, a block, or the end of the text; or where it stops making sense."""
    try:
        return _Parser(source, base).item()
    except _Stop as stop:
        failure: ParseFailure = stop.args[0]
        return failure


class _Parser:
    def __init__(self, source: scanner.SourceText, base: int) -> None:
        self.source = source
        self.text = source.text
        self.base = base
        self.position = base
        self.patterns = _patterns(base <= source.last_comment_end)
        self.states = [0]
        self.values: list[SyntaxElement | list[SyntaxElement]] = []
        self.modes = [LINES]
        self.heredocs: list[scanner.Heredoc] = []
        self.free = True
        """New lines do not count here: in brackets, and after a new line that did count."""

    def item(self) -> Item:
        while True:
            token = self.template_token() if self.modes[-1] in (QUOTED, HEREDOC) else self.code_token()
            self.position = token.start + len(token.value)
            leaf = Leaf(LEAF_KINDS[TERMINAL[token.terminal]], token.value, token.prefix, token.start - self.base)
            if token.terminal == "EOF" and not self.values:
                return Item(self.base, token.prefix, leaf, None)
            while (action := ACTIONS[self.states[-1]][TERMINAL[token.terminal]]) < 0:
                self.reduce(-action, token)
            if action == 0:
                raise self.stop(token.start, token.value)
            if action == ACCEPT:
                return self.accepted(leaf)
            self.states.append(action)
            self.values.append(leaf)
            self.change_mode(token.terminal)

    def stop(self, offset: int, found: str, reason: str = "") -> _Stop:
        return _Stop(ParseFailure(offset, found, self.states[-1], reason))

    # The parser: what it does with a token

    def reduce(self, number: int, ahead: Token) -> None:
        """Replace the values of a rule's right side by what the rule makes of them."""
        length, left, build, kind = RULES[number]
        taken = self.values[len(self.values) - length :]
        del self.values[len(self.values) - length :], self.states[len(self.states) - length :]
        children = [child for value in taken for child in (value if isinstance(value, list) else [value])]
        if build == PASS:
            self.values += taken
        elif length == 0:
            self.values.append(EmptyBody(ahead.start - len(ahead.prefix) - self.base))
        elif build in (NODE, SPLICED_NODE):
            self.values.append(Node(kind, tuple(children)))
        else:
            self.values.append(children)
        self.states.append(GOTO[self.states[-1]][left])

    def accepted(self, last: Leaf) -> Item:
        """The finished item, which `last`, a newline or the end of the text, follows."""
        (node,) = self.values
        assert isinstance(node, Node)
        newline = last if last.kind == "Newline" else None
        end = self.base + (last.end if newline else last.start - len(last.prefix))
        return Item(self.base, self.text[self.base : end], node, newline, tuple(complaints(node)))

    def change_mode(self, terminal: str) -> None:
        """Begin or end a mode of the scanner, after this terminal was shifted."""
        if terminal in _ENDS:
            self.modes.pop()
        elif terminal in _BEGINS:
            may_begin_for = terminal == "O_BRACE" and ACTIONS[self.states[-1]][TERMINAL["FOR"]]
            is_for = may_begin_for and self.patterns.for_ahead.match(self.text, self.position)
            self.modes.append(BRACKETS if is_for else _BEGINS[terminal])
        self.free = self.modes[-1] != LINES or terminal == "NEWLINE"

    def last_kind(self) -> str:
        last = self.values[-1] if self.values else None
        return last.kind if isinstance(last, Leaf) else ""

    # The scanner: the next token

    def code_token(self) -> Token:
        """The next token outside templates."""
        text, at, patterns = self.text, self.position, self.patterns
        is_line_of_block = self.free and self.modes[-1] == LINES and len(self.modes) > 1
        if is_line_of_block and not self.source.nested_openers and scanner.OPENER.match(text, at):
            raise self.stop(at, "")
        match = (patterns.free if self.free else patterns.line).match(text, at)
        if match is None:
            trivia = (patterns.free_prefix if self.free else patterns.line_prefix).match(text, at)
            assert trivia is not None
            raise self.stop(trivia.end(), text[trivia.end() : trivia.end() + 1])
        kind = match.lastindex or 0
        prefix, value = match.group(1), match.group(kind)
        start = match.end() - len(value)
        if kind in (matching.DOTTED, matching.IDENTIFIER):
            return self.name(value, prefix, start)
        if kind == matching.MARKS:
            return Token(self.mark(value, prefix, start), value, prefix, start)
        if kind == matching.OPEN_HEREDOC:
            self.open_heredoc(value, start)
        return Token(_CODE_TERMINALS[kind], value, prefix, start)

    def name(self, value: str, prefix: str, start: int) -> Token:
        """A keyword, where the table asks for one, or an identifier."""
        if value in KEYWORD and ACTIONS[self.states[-1]][KEYWORD[value]]:
            return Token(TERMINALS[KEYWORD[value]], value, prefix, start)
        length = scanner.identifier_length(value)
        if not length:
            raise self.stop(start, value[0])
        return Token("IDENTIFIER", value[:length], prefix, start)

    def mark(self, value: str, prefix: str, start: int) -> str:
        """The terminal of a mark: `}` may end a `${`, and `[*]` is one mark to Terraform."""
        terminal = TERMINALS[MARK[value]]
        if terminal == "C_BRACE" and self.modes[-1] == INTERPOLATION:
            return "TEMPLATE_SEQ_END"
        if terminal == "TEMPLATE_SEQ_END" and self.modes[-1] != INTERPOLATION:
            raise self.stop(start, value)
        if terminal == "STAR" and self.last_kind() == "OBrack" and self.modes[-2] == LINES:
            # The brackets of a full splat do not hide new lines.
            if "\n" in prefix:
                raise self.stop(start, value)
            self.modes[-1] = LINES
        return terminal

    def open_heredoc(self, value: str, start: int) -> None:
        marker = value[2:].lstrip("-").rstrip("\r\n")
        if scanner.identifier_length(marker) != len(marker):
            raise self.stop(start, "<<")
        if not self.source.has_end(marker, start + len(value)):
            raise self.stop(len(self.text), "")
        self.heredocs.append(scanner.heredoc(marker))

    def template_token(self) -> Token:
        """The next token in quotes or in a heredoc, where nothing but the template's own marks is one."""
        text, at = self.text, self.position
        is_quoted = self.modes[-1] == QUOTED
        if not is_quoted and text[at - 1] == "\n" and (closing := self.heredocs[-1].closing.match(text, at)):
            self.heredocs.pop()
            return Token("C_HEREDOC", closing[2], closing[1], closing.start(2))
        match = (self.patterns.quoted if is_quoted else self.heredocs[-1].token).match(text, at)
        if match is None:
            raise self.stop(at, text[at : at + 1], "nothing closes this string on its line" if is_quoted else "")
        value = match.group()
        if match.lastindex == matching.LITERAL:
            return Token("QUOTED_LIT" if is_quoted else "STRING_LIT", value, "", at)
        if match.lastindex == matching.CLOSING_QUOTE:
            return Token("C_QUOTE", value, "", at)
        if match.lastindex == matching.DOTTED_PART:
            value = "${"  # A heredoc's pattern matches the whole of `${var.x}`.
        return Token("TEMPLATE_INTERP" if value[0] == "$" else "TEMPLATE_CONTROL", value, "", at)


_CODE_TERMINALS = {
    matching.OPEN_HEREDOC: "O_HEREDOC",
    matching.NEWLINE: "NEWLINE",
    matching.NUMBER: "NUMBER_LIT",
    matching.QUOTE: "O_QUOTE",
    matching.END: "EOF",
}
