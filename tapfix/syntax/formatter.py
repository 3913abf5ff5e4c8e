"""The layout of Terraform code: what `terraform fmt` makes of a text, and the part of it that a fix may have.

`terraform fmt` does two things. It rewrites four small forms (`_rewritten` tells which), and it sets the white space anew:

- a **line** ends at a new line that stands outside templates, so a heredoc belongs to the line that opens it;
- a line is indented by two blanks for each line above it that left brackets open and whose brackets are still open;
- inside a line each pair of tokens has one blank between them or none, whatever was there before;
- a line falls into up to three **cells**: its lead, its assignment (from the first `=`, if what follows closes the brackets that
  it opens) and its trailing comment. The assignments of neighbouring lines stand in one column, and so do their comments.

Blank lines, line endings, the insides of templates and the text of comments stay as they are.

Since all this is a matter of tokens, the formatter works on a flat list of them and asks the tree only where attributes and
labels are. Nothing reaches across a line without assignment and comment, hence texts fall into **sections** that can be laid out
each by itself; that is what makes `format_changed` cheap.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tapfix.syntax.graphemes import count_graphemes
from tapfix.syntax.parse import parse
from tapfix.syntax.tree import Item, Leaf, Node, Tree

__all__ = ["format_changed", "format_text", "unformatted"]


def format_text(text: str) -> str:
    """The text as `terraform fmt` would write it. A text that does not parse comes back as it is."""
    layout = _Layout(parse(text))
    if layout.broken:
        return text
    return "".join(line.text for section in layout.sections for line in _laid_out(section))


def unformatted(text: str) -> tuple[int, ...]:
    """The numbers (from 1) of the lines that `terraform fmt` would change: none in a formatted text, or one that does not parse.

    What `terraform fmt` takes for one line, a whole heredoc for instance, is named by its first.
    """
    layout = _Layout(parse(text))
    if layout.broken:
        return ()
    numbers = []
    number, counted = 1, 0
    for start, _ in layout.changes():
        number += text.count("\n", counted, start)
        counted = start
        numbers.append(number)
    return tuple(numbers)


def format_changed(
    before: str | Tree,
    after: str | Tree,
    touched: Sequence[tuple[int, int]],
    replaced: Sequence[tuple[int, int]] | None = None,
) -> str:
    """The layout pass after fixes: `after`, with what the fixes wrote laid out as `terraform fmt` would.

    `touched` are the half-open ranges of `after` that fixes wrote, ascending, empty ones where something went. `replaced` are the
    ranges of `before` that they took the place of, one for each; without them they are looked for, which may go wrong where the
    text repeats itself.

    A line takes its new form if a fix touched it, or if its counterpart in `before` already had the form that `terraform fmt`
    wanted there: so the neighbours of a longer name move along where they were aligned, and stay where they were not. All else
    stays, byte for byte, and so does every top-level item that does not parse. If `before` is formatted, so is the outcome.
    """
    new, old = _Layout(_tree(after)), _Layout(_tree(before))
    stretches = _Stretches(old.text, new.text, touched, replaced)
    pieces: list[str] = []
    done = 0
    for section in new.sections_at(touched):
        start = done
        for line in _laid_out(section, settled=True):
            source = new.text[line.start : line.end]
            if line.text == source:
                continue
            counterpart = stretches.counterpart(line.start, line.end)
            if counterpart is None or not old.changes_in(*counterpart):
                pieces += new.text[start : line.start], line.text
                start = line.end
        done = start
    pieces.append(new.text[done:])
    return "".join(pieces)


def _tree(source: str | Tree) -> Tree:
    return parse(source) if isinstance(source, str) else source


# -- Tokens


class _Token(NamedTuple):
    """A token as hclsyntax has it: new lines inside brackets and comments are tokens too, and a line comment holds its line's end.

    Kinds are those of the leaves, with `Comment` and, since terraform spaces it by a rule of its own, `In`.
    """

    kind: str
    text: str
    end: int
    """Where it ends in the source. A token that was put in ends where its neighbour does."""


_TRIVIA = re.compile(r"(?P<Comment>(?:#|//)[^\n]*\n?|/\*.*?\*/)|(?P<Newline>\r?\n)", re.DOTALL)
_HEREDOC_TEXT = frozenset({"StringLit", "CHeredoc"})


def _leaf_tokens(leaf: Leaf, base: int, tokens: list[_Token]) -> None:
    """Append the tokens that a leaf stands for: those of its prefix, then itself."""
    kind, text, prefix, end = leaf.kind, leaf.value, leaf.prefix, base + leaf.end
    if not prefix or kind in _HEREDOC_TEXT:
        # The blanks before a heredoc's end marker are text, like the heredoc's own.
        text = prefix + text
    elif prefix.strip(" \t"):
        start = base + leaf.start - len(prefix)
        trivia = [_Token(found.lastgroup or "", found[0], start + found.end()) for found in _TRIVIA.finditer(prefix)]
        if kind == "Newline" and trivia and trivia[-1].text.startswith(("#", "//")):
            kind, text = "Comment", trivia.pop().text + text
        tokens += trivia
    if kind == "EOF":
        # terraform keeps the width in bytes of what stands behind the last token, and fills it with blanks.
        behind = prefix[max((found.end() for found in _TRIVIA.finditer(prefix)), default=0) :]
        text = " " * len(behind.encode(errors="replace"))
    elif kind == "Identifier" and text == "in":
        kind = "In"
    tokens.append(_Token(kind, text, end))


def _leaves(root: Node | Leaf) -> Iterator[Leaf]:
    """The leaves under a node, without recursion: brackets nest as deep as they like."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            yield node
        else:
            stack.extend(reversed(node.children))


def _tokens(items: Iterable[Item], settled: bool) -> list[_Token]:
    """The tokens of top-level items, with terraform's rewritings made."""
    tokens: list[_Token] = []
    for item in items:
        base = item.start
        # A node comes with the type of the block that it stands in, where that is a top-level one.
        stack: list[tuple[Node | Leaf, str]] = [(part, "") for part in _parts(item)]
        while stack:
            node, block = stack.pop()
            if isinstance(node, Leaf):
                _leaf_tokens(node, base, tokens)
            elif node.kind == "block":
                within = "nested" if block else node.children[0].text
                rest = _heading_tokens(node, base, tokens)
                stack.extend((child, within) for child in reversed(rest))
            elif node.kind == "body":
                stack.extend((child, block) for child in reversed(node.children))
            elif node.kind == "attribute":
                _attribute_tokens(node, base, tokens, block == "variable", settled)
    return tokens


# -- What terraform rewrites


def _heading_tokens(block: Node, base: int, tokens: list[_Token]) -> Sequence[Node | Leaf]:
    """Append a block's type and labels, the latter quoted and free of comments; the block's other children come back."""
    head, *rest = block.children
    for leaf in _leaves(head):
        _leaf_tokens(leaf, base, tokens)
    for index, child in enumerate(rest):
        if child.kind == "OBrace":
            return rest[index:]
        leaves = list(_leaves(child))
        end = base + leaves[-1].end
        label = "".join(leaf.value for leaf in leaves)
        tokens.append(_Token("OQuote", '"', end))
        tokens.append(_Token("QuotedLit", _label(label.strip('"')), end))
        tokens.append(_Token("CQuote", '"', end))
    return ()


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt\"\\]))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPES = {char: "\\" + name for name, char in _ESCAPED.items()}


def _label(source: str) -> str:
    """A label's source text as terraform writes it: the same string, normalized, with only the escapes that it needs."""
    if source.isascii() and "\\" not in source:
        return source
    if "$${" in source or "%%{" in source:
        # Here terraform loses the whole label, and with it the block's address. That is no layout to be faithful to.
        return source
    try:
        value = _ESCAPE.sub(_unescaped, source)
    except (ValueError, OverflowError):
        return source
    return "".join(map(_escaped, unicodedata.normalize("NFC", value)))


def _unescaped(escape: re.Match[str]) -> str:
    short, long, name = escape.groups()
    return _ESCAPED[name] if name else chr(int(short or long, 16))


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == " " or unicodedata.category(char)[0] in "LMNPS":
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _attribute_tokens(attribute: Node, base: int, tokens: list[_Token], in_variable: bool, settled: bool) -> None:
    """Append the tokens of an attribute in a body, whose value terraform may rewrite.

    terraform unwraps one interpolation a run, so that `"${"${x}"}"` takes it two; `settled` unwraps them all.
    """
    name, equal, *rest = attribute.children
    for part in (name, equal):
        for leaf in _leaves(part):
            _leaf_tokens(leaf, base, tokens)
    value: list[_Token] = []
    for part in rest:
        for leaf in _leaves(part):
            _leaf_tokens(leaf, base, value)
    # What stands between the sign and the value is not the value's.
    start = next((index for index, token in enumerate(value) if token.kind not in _TRIVIAL), 0)
    tokens += value[:start]
    value = value[start:]
    if in_variable and name.text == "type":
        value = _type_expression(value)
    elif value and value[0].kind == "OQuote":
        unwrapped = _unwrapped(value)
        while settled and unwrapped is not value:
            value, unwrapped = unwrapped, _unwrapped(unwrapped)
        value = unwrapped
    tokens += value


def _unwrapped(value: list[_Token]) -> list[_Token]:
    """`x` for `"${x}"`, in parentheses where it takes several lines. Any other value comes back as the same object."""
    if [token.kind for token in value[:2] + value[-2:]] != ["OQuote", "TemplateInterp", "TemplateSeqEnd", "CQuote"]:
        return value
    inside = value[2:-2]
    quotes = 0
    for token in inside:
        if token.kind == "OQuote":
            quotes += 1
        elif token.kind == "CQuote":
            quotes -= 1
        elif quotes == 0 and token.kind in _TEMPLATE_PARTS:
            return value
    while inside and inside[0].kind == "Newline":
        inside = inside[1:]
    while inside and inside[-1].kind == "Newline":
        inside = inside[:-1]
    if not inside or not any(token.kind == "Newline" for token in inside):
        return inside
    if inside[0].kind == "OParen" and inside[-1].kind == "CParen":
        return inside
    return [_Token("OParen", "(", inside[0].end), *inside, _Token("CParen", ")", inside[-1].end)]


def _type_expression(value: list[_Token]) -> list[_Token]:
    """The type of a variable without the forms of old: `string` for `"string"`, `list(any)` for `list`."""
    kinds = [token.kind for token in value]
    if kinds == ["Identifier"] and value[0].text in _COLLECTIONS:
        name, of = value[0].text, "any"
    elif kinds == ["OQuote", "QuotedLit", "CQuote"] and value[1].text in _OLD_TYPES:
        name, of = value[1].text, "string"
    else:
        return value
    end = value[-1].end
    outer = _Token("Identifier", name, end)
    if name == "string":
        return [outer]
    return [outer, _Token("OParen", "(", end), _Token("Identifier", of, end), _Token("CParen", ")", end)]


# -- Lines


class _Line:
    """A line in its cells, and the range of the source that it comes from."""

    __slots__ = ("assign", "assign_columns", "assign_gap", "comment", "comment_gap", "end", "lead", "lead_columns", "start")

    def __init__(self, start: int, end: int, lead: str) -> None:
        self.start = start
        self.end = end
        self.lead = lead
        self.assign = ""
        self.comment = ""
        # Of the columns only those that an alignment asks for are ever counted.
        self.lead_columns = self.assign_columns = 0
        self.assign_gap = self.comment_gap = 0

    @property
    def text(self) -> str:
        return f"{self.lead}{' ' * self.assign_gap}{self.assign}{' ' * self.comment_gap}{self.comment}"


def _lines(tokens: Iterable[_Token]) -> list[_Line]:
    """The lines that the tokens make, indented and spaced, but not yet aligned."""
    lines: list[_Line] = []
    depths: list[int] = []
    pending: list[_Token] = []
    start = 0
    for token in tokens:
        pass
    return lines
