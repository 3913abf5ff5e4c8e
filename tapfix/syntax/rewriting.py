"""The tokens of an item after what `terraform fmt` rewrites: old forms of interpolations, types and labels.

The tokens are the leaves of the tree. The comments and new lines in their prefixes are leaves of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .tree import Item, Leaf, Node

__all__ = ["LINE_COMMENT", "tokens_of"]

_TRIVIA = re.compile(r"(?P<Comment>(?:#|//)[^\n]*\n?|/\*.*?\*/)|(?P<Newline>\r?\n)", re.DOTALL)
_TRIVIA_KINDS = frozenset({"Comment", "Newline"})
LINE_COMMENT = ("#", "//")


def tokens_of(item: Item, settled: bool) -> list[Leaf]:
    """The tokens of a top-level item as hclsyntax has them, after terraform's rewritings.

    Comments and new lines inside brackets are tokens too. A line comment includes the end of its line. `settled` makes
    the rewritings that only repeated runs of `terraform fmt` make.
    """
    tokens: list[Leaf] = []
    # Each node, and the type of the block that contains it if that is a top-level block.
    stack: list[tuple[Node | Leaf, str]] = [(item.node, "")]
    while stack:
        node, block = stack.pop()
        if isinstance(node, Leaf):
            _add(node, tokens)
        elif node.kind == "attribute":
            _add_attribute(node, tokens, block == "variable", settled)
        elif node.kind == "block":
            within = "nested" if block else node.children[0].text
            stack += [(child, within) for child in reversed(_add_heading(node, tokens))]
        else:
            stack += [(child, block) for child in reversed(node.children)]
    if item.newline is not None:
        _add(item.newline, tokens)
    return tokens


def _add(element: Node | Leaf, tokens: list[Leaf]) -> None:
    """Append the tokens of an element."""
    rest = [element]
    while rest:
        element = rest.pop()
        if not isinstance(element, Leaf):
            rest += element.children[::-1]
        elif not element.prefix or (element.kind not in _MEETS_PREFIX and _is_blank(element.prefix, tokens)):
            tokens.append(element)
        else:
            _add_with_prefix(element, tokens)


_MEETS_PREFIX = frozenset({"Newline", "StringLit", "CHeredoc", "EOF"})
"""The kinds of tokens to which the text before them belongs, or may belong."""


def _is_blank(prefix: str, tokens: list[Leaf]) -> bool:
    """Is there nothing before a token but blanks that do not belong to a heredoc before it?"""
    return prefix == " " or (not prefix.strip(" \t") and not (tokens and tokens[-1].kind == "CHeredoc"))


def _add_with_prefix(leaf: Leaf, tokens: list[Leaf]) -> None:
    """Append the tokens in a leaf's prefix, then the leaf itself."""
    kind, text, prefix, start = leaf.kind, leaf.value, leaf.prefix, leaf.start
    if kind in ("StringLit", "CHeredoc"):
        # The blanks before a heredoc's end marker are text, like the heredoc's own.
        tokens.append(Leaf(kind, prefix + text, "", start - len(prefix)))
        return
    if tokens and tokens[-1].kind == "CHeredoc" and tokens[-1].end == start - len(prefix):
        # The blanks after it are text as well.
        marker = tokens[-1]
        blanks = prefix[: len(prefix) - len(prefix.lstrip(" \t"))]
        tokens[-1] = Leaf("CHeredoc", marker.value + blanks, "", marker.start)
        prefix = prefix[len(blanks) :]
    done = 0
    for found in _TRIVIA.finditer(prefix):
        tokens.append(Leaf(found.lastgroup or "", found[0], "", start - len(prefix) + found.start()))
        done = found.end()
    if kind == "EOF":
        # terraform keeps the width in bytes of the text after the last token, and fills it with blanks.
        tokens.append(Leaf(kind, " " * len(prefix[done:].encode(errors="replace")), "", start))
    elif kind == "Newline" and done == len(prefix) and prefix and tokens[-1].value.startswith(LINE_COMMENT):
        comment = tokens.pop()
        tokens.append(Leaf("Comment", comment.value + text, "", comment.start))
    else:
        tokens.append(leaf)


def _add_heading(block: Node, tokens: list[Leaf]) -> Sequence[Node | Leaf]:
    """Append a block's type and its quoted labels, without comments between them. Returns the children that follow."""
    _add(block.children[0], tokens)
    for index, child in enumerate(block.children[1:], 1):
        if child.kind == "OBrace":
            return block.children[index:]
        source = "".join(leaf.value for leaf in child.leaves() if leaf.kind not in ("OQuote", "CQuote"))
        tokens += _made(child.start, ("OQuote", '"'), ("QuotedLit", _label(source)), ("CQuote", '"'))
    return ()


def _made(start: int, *tokens: tuple[str, str]) -> list[Leaf]:
    """Tokens that are not in the source. They replace the source text that starts at `start`."""
    return [Leaf(kind, text, "", start) for kind, text in tokens]


_ESCAPE = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt\"\\]))"
_NAMED_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPES = {char: "\\" + name for name, char in _NAMED_ESCAPES.items()}


def _label(source: str) -> str:
    """A label's source text as terraform writes it: the same string, normalized, with as few escapes as possible."""
    if source.isascii() and "\\" not in source:
        return source
    if "$${" in source or "%%{" in source:
        # terraform drops such a label, and so changes the block's address. tapfix keeps the label.
        return source
    from unicodedata import normalize

    try:
        value = re.sub(_ESCAPE, _unescaped, source)
    except (ValueError, OverflowError):
        return source
    return "".join(map(_escaped, normalize("NFC", value)))


def _unescaped(escape: re.Match[str]) -> str:
    short, long, name = escape.groups()
    return _NAMED_ESCAPES[name] if name else chr(int(short or long, 16))


def _escaped(char: str) -> str:
    from unicodedata import category

    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == " " or category(char)[0] in "LMNPS":
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


_SETTLED_AFTER = 10
"""How many nested interpolations are unwrapped at most. Nobody writes more of them."""


def _add_attribute(attribute: Node, tokens: list[Leaf], in_variable: bool, settled: bool) -> None:
    """Append the tokens of an attribute in a body, whose value terraform may rewrite.

    terraform unwraps one interpolation in each run, and so needs two runs for `"${"${x}"}"`. `settled` unwraps all of
    them at once.
    """
    name, equal, *rest = attribute.children
    _add(name, tokens)
    _add(equal, tokens)
    value: list[Leaf] = []
    for part in rest:
        _add(part, value)
    # Comments between the equals sign and the value do not belong to the value.
    if value[0].kind in _TRIVIA_KINDS:
        start = next((index for index, token in enumerate(value) if token.kind not in _TRIVIA_KINDS), 0)
        tokens += value[:start]
        value = value[start:]
    if in_variable and name.text == "type":
        value = _type_expression(value)
    else:
        for _ in range(_SETTLED_AFTER if settled else 1):
            inner = _unwrapped(value)
            if inner is value:
                break
            value = inner
    tokens += value


def _unwrapped(value: list[Leaf]) -> list[Leaf]:
    """`x` for `"${x}"`, in parentheses if it takes several lines. Any other value is returned unchanged."""
    if len(value) < 4 or value[0].kind != "OQuote" or value[1].kind != "TemplateInterp":
        return value
    if value[-2].kind != "TemplateSeqEnd" or value[-1].kind != "CQuote":
        return value
    inside = value[2:-2]
    quotes = 0
    for token in inside:
        if token.kind == "OQuote":
            quotes += 1
        elif token.kind == "CQuote":
            quotes -= 1
        elif quotes <= 0 and token.kind in ("TemplateInterp", "TemplateSeqEnd", "QuotedLit"):
            return value
    lasting = [index for index, token in enumerate(inside) if token.kind != "Newline"]
    if not lasting or inside[lasting[-1]].kind == "CHeredoc":
        # Without the new line after it the heredoc would not end. terraform unwraps it all the same.
        return value
    first, last = lasting[0], lasting[-1]
    spans_lines = last - first + 1 > len(lasting)
    inside = inside[first : last + 1]
    if spans_lines and not (inside[0].kind == "OParen" and inside[-1].kind == "CParen"):
        return [*_made(inside[0].start, ("OParen", "(")), *inside, *_made(inside[-1].end, ("CParen", ")"))]
    return inside


def _type_expression(value: list[Leaf]) -> list[Leaf]:
    """A variable's type in today's form: `string` for `"string"`, `list(any)` for `list`."""
    kinds = [token.kind for token in value]
    if kinds == ["Identifier"] and value[0].value in ("list", "map", "set"):
        name, element = value[0].value, "any"
    elif kinds == ["OQuote", "QuotedLit", "CQuote"] and value[1].value in ("string", "list", "map"):
        name, element = value[1].value, "string"
    else:
        return value
    outer = _made(value[0].start, ("Identifier", name))
    if name == "string":
        return outer
    return outer + _made(value[-1].end, ("OParen", "("), ("Identifier", element), ("CParen", ")"))
