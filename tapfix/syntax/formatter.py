"""The layout of Terraform code: what `terraform fmt` makes of a text, and the part of it that a fix may have.

`terraform fmt` does two things. It rewrites a few forms of old (see "What terraform rewrites" below), and it sets the
white space anew:

- A **line** ends with a new line that stands outside templates; so a heredoc belongs to the line that opens it.
- A line is indented by two blanks for each line above it that opened brackets which are still open.
- Between two tokens of a line there is one blank or none, whatever was there before.
- A line falls into up to three **cells**: its lead, its assignment (from the first `=`, if what follows closes the
  brackets that it opens) and its trailing comment. The assignments of lines that follow one another stand in one
  column, and so do their comments.

Blank lines, line endings, the insides of heredocs and strings and the text of comments stay as they are.

All this is a matter of tokens, so the formatter works on a flat list of them and asks the tree only for attributes,
labels and top-level items. No alignment crosses a blank line or a line that is all comment: those cut a text into
**sections** that can be laid out each by itself, and that is what makes `format_changed` cheap.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import groupby

from .parse import parse
from .tree import Item, Leaf, Node, Tree

__all__ = ["format_changed", "format_text", "unformatted"]


def format_text(source: str | Tree) -> str:
    """The text as `terraform fmt` would write it. A text that does not parse comes back as it is."""
    layout = _Layout(_tree(source))
    if layout.is_broken:
        return layout.text
    return "".join(line.text for section in layout.sections for line in section.lines())


def unformatted(text: str) -> tuple[int, ...]:
    """The numbers, from 1, of the lines that `terraform fmt` would change: none if the text does not parse.

    What counts as one line for `terraform fmt`, a whole heredoc for instance, is named by its first.
    """
    layout = _Layout(parse(text))
    if layout.is_broken:
        return ()
    numbers = []
    number, counted = 1, 0
    for section in layout.sections:
        for start, _ in section.changes(text):
            number += text.count("\n", counted, start)
            counted = start
            numbers.append(number)
    return tuple(numbers)


def format_changed(
    before: str | Tree,
    after: str | Tree,
    touched: Sequence[tuple[int, int]],
    origin: Callable[[int], int] | None = None,
) -> list[tuple[int, int, str]]:
    """The layout pass after fixes: the edits that lay out in the text `after` what the fixes wrote, as `terraform fmt` would.

    `touched` are the half-open ranges of `after` that fixes wrote, sorted and not overlapping, an empty one where
    something went. `origin` tells where in `before` an untouched character of `after` stood; without it the untouched
    stretches are looked for in `before` from the left, which may find another place for one that occurs twice.

    A line takes its new form if a fix touched it, or if its counterpart in `before` had the form that `terraform fmt`
    gives it there: so the neighbours of a longer name move along where they were aligned, and stay where they were
    not. Between lines that stay and are indented by another width than terraform's, it takes that width. All else stays, byte for byte, and so does every top-level item that does not parse. If `before` is
    formatted, so is the outcome.
    """
    new, old = _Layout(_tree(after)), _Layout(_tree(before))
    stretches = _Stretches(old.text, new.text, touched, origin)
    edits: list[tuple[int, int, str]] = []
    for section in new.sections_at(touched):
        lines = section.lines(settled=True)
        changed = [line for run in _runs(lines) for line in stretches.changed(lines, run, old)]
        width = _width((line for line in lines if not stretches.touch(line)), new.text) if changed else _WIDTH
        if width != _WIDTH and old.is_formatted:
            width = _WIDTH  # a line is deeper now, or less deep
        edits += [(line.start, line.end, line.indented(width)) for line in changed]
    return edits


def _width(lines: Iterable[_Line], text: str) -> str:
    """What most of some lines are indented by for each level."""
    widths: Counter[str] = Counter()
    for line in lines:
        depth, source = line.depth, text[line.start : line.end]
        blanks = source[: len(source) - len(source.lstrip(" \t"))]
        if depth and source.strip():
            width = blanks[: len(blanks) // depth]
            widths[width if width * depth == blanks else _WIDTH] += 1
    most = widths.most_common(1)
    return most[0][0] or _WIDTH if most and 2 * most[0][1] > widths.total() else _WIDTH


def _tree(source: str | Tree) -> Tree:
    return parse(source) if isinstance(source, str) else source


# -- Tokens: the leaves, and as leaves of their own the comments and new lines that are in their prefixes


_TRIVIA = re.compile(r"(?P<Comment>(?:#|//)[^\n]*\n?|/\*.*?\*/)|(?P<Newline>\r?\n)", re.DOTALL)
_TRIVIAL = frozenset({"Comment", "Newline"})
_LINE_COMMENT = ("#", "//")


def _tokens(item: Item, settled: bool) -> list[Leaf]:
    """The tokens of a top-level item as hclsyntax has them, with terraform's rewritings made.

    New lines inside brackets and comments are tokens too, and a line comment holds the end of its line.
    """
    tokens: list[Leaf] = []
    # With each node goes the type of the block that it stands in, where that is a top-level one.
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
"""To these tokens belongs, or may belong, what stands before them."""


def _is_blank(prefix: str, tokens: list[Leaf]) -> bool:
    """Are there only blanks before a token, that are no part of the heredoc before it?"""
    return prefix == " " or (not prefix.strip(" \t") and not (tokens and tokens[-1].kind == "CHeredoc"))


def _add_with_prefix(leaf: Leaf, tokens: list[Leaf]) -> None:
    """Append the tokens that are in a leaf's prefix, then itself."""
    kind, text, prefix, start = leaf.kind, leaf.value, leaf.prefix, leaf.start
    if kind in ("StringLit", "CHeredoc"):
        # The blanks before a heredoc's end marker are text, like the heredoc's own.
        tokens.append(Leaf(kind, prefix + text, "", start - len(prefix)))
        return
    if tokens and tokens[-1].kind == "CHeredoc" and tokens[-1].end == start - len(prefix):
        # And so are those behind it.
        marker = tokens[-1]
        blanks = prefix[: len(prefix) - len(prefix.lstrip(" \t"))]
        tokens[-1] = Leaf("CHeredoc", marker.value + blanks, "", marker.start)
        prefix = prefix[len(blanks) :]
    behind = 0
    for found in _TRIVIA.finditer(prefix):
        tokens.append(Leaf(found.lastgroup or "", found[0], "", start - len(prefix) + found.start()))
        behind = found.end()
    if kind == "EOF":
        # terraform keeps the width in bytes of what stands behind the last token, and fills it with blanks.
        tokens.append(Leaf(kind, " " * len(prefix[behind:].encode(errors="replace")), "", start))
    elif kind == "Newline" and behind == len(prefix) and prefix and tokens[-1].value.startswith(_LINE_COMMENT):
        comment = tokens.pop()
        tokens.append(Leaf("Comment", comment.value + text, "", comment.start))
    else:
        tokens.append(leaf)


# -- What terraform rewrites


def _add_heading(block: Node, tokens: list[Leaf]) -> Sequence[Node | Leaf]:
    """Append a block's type and its labels, these quoted and rid of comments between them. What follows comes back."""
    _add(block.children[0], tokens)
    for index, child in enumerate(block.children[1:], 1):
        if child.kind == "OBrace":
            return block.children[index:]
        source = "".join(leaf.value for leaf in child.leaves() if leaf.kind not in ("OQuote", "CQuote"))
        tokens += _made(child.start, ("OQuote", '"'), ("QuotedLit", _label(source)), ("CQuote", '"'))
    return ()


def _made(start: int, *tokens: tuple[str, str]) -> list[Leaf]:
    """Tokens that are not in the source, to stand for what starts there."""
    return [Leaf(kind, text, "", start) for kind, text in tokens]


_ESCAPE = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt\"\\]))"
_NAMED_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPES = {char: "\\" + name for name, char in _NAMED_ESCAPES.items()}


def _label(source: str) -> str:
    """A label's source text as terraform writes it: the same string, normalized, with no escapes but those it needs."""
    if source.isascii() and "\\" not in source:
        return source
    if "$${" in source or "%%{" in source:
        # terraform loses such a label altogether, and with it the block's address. We do not follow it there.
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
"""So many interpolations in one another nobody writes, and beyond them unwrapping is not worth its time."""


def _add_attribute(attribute: Node, tokens: list[Leaf], in_variable: bool, settled: bool) -> None:
    """Append the tokens of an attribute in a body, whose value terraform may rewrite.

    terraform unwraps one interpolation a run, so that `"${"${x}"}"` takes it two; `settled` makes all of them at once.
    """
    name, equal, *rest = attribute.children
    _add(name, tokens)
    _add(equal, tokens)
    value: list[Leaf] = []
    for part in rest:
        _add(part, value)
    # Comments between the sign and the value are not the value's.
    if value[0].kind in _TRIVIAL:
        start = next((index for index, token in enumerate(value) if token.kind not in _TRIVIAL), 0)
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
    """`x` for `"${x}"`, in parentheses if it takes several lines. Any other value comes back as it is."""
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
        # Without the new line behind it a heredoc would not end. terraform does not mind.
        return value
    first, last = lasting[0], lasting[-1]
    spans_lines = last - first + 1 > len(lasting)
    inside = inside[first : last + 1]
    if spans_lines and not (inside[0].kind == "OParen" and inside[-1].kind == "CParen"):
        return [*_made(inside[0].start, ("OParen", "(")), *inside, *_made(inside[-1].end, ("CParen", ")"))]
    return inside


def _type_expression(value: list[Leaf]) -> list[Leaf]:
    """A variable's type without the forms of old: `string` for `"string"`, `list(any)` for `list`."""
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


# -- Lines

_WIDTH = "  "
"""What terraform indents by for each level."""


class _Line:
    """A line in its cells, and the range of the source that it comes from. Columns are counted only where needed."""

    __slots__ = (
        *("start", "end", "lead", "lead_columns"),
        *("assign_gap", "assign", "assign_columns", "comment_gap", "comment", "behind"),
    )

    def __init__(self, start: int, end: int, lead: str) -> None:
        self.start = start
        self.end = end
        self.lead = lead
        self.assign = self.comment = self.behind = ""
        self.lead_columns = self.assign_columns = 0
        self.assign_gap = self.comment_gap = 0

    @property
    def text(self) -> str:
        return f"{self.lead}{' ' * self.assign_gap}{self.assign}{' ' * self.comment_gap}{self.comment}{self.behind}"

    @property
    def has_columns(self) -> bool:
        """Has it an assignment or a comment, that stands in one column with those of the lines around?"""
        return self.assign != "" or self.comment != ""

    @property
    def depth(self) -> int:
        """How many levels it is indented by."""
        return (len(self.lead) - len(self.lead.lstrip(" "))) // len(_WIDTH)

    def stands_in(self, text: str) -> bool:
        """Whether the source has it in this form."""
        form = self.text
        return text.startswith(form, self.start) and len(form) == self.end - self.start

    def is_indented_in(self, text: str) -> bool:
        """Whether the source has it at its depth."""
        behind = self.start + len(_WIDTH) * self.depth
        return text.startswith(_WIDTH * self.depth, self.start) and not text.startswith((" ", "\t"), behind)

    def indented(self, width: str) -> str:
        """Its form with another indent for each level."""
        return self.text if width == _WIDTH else width * self.depth + self.text.lstrip(" ")


def _lines(items: Sequence[Item], settled: bool) -> list[_Line]:
    """The lines of top-level items that follow one another, indented, spaced and aligned."""
    lines: list[_Line] = []
    depths: list[int] = []
    pending: list[Leaf] = []
    start = items[0].start
    behind = ""
    for item in items:
        for token in _tokens(item, settled):
            kind = token.kind
            if kind == "EOF":
                behind = token.value
                break
            pending.append(token)
            if kind == "Newline" or (kind == "Comment" and token.value.endswith("\n")):
                end = item.start + token.end
                lines.append(_line(pending, depths, start, end))
                start = end
                pending = []
    if pending:
        lines.append(_line(pending, depths, start, items[-1].end))
    elif start < items[-1].end:
        lines.append(_Line(start, items[-1].end, ""))
    _align(lines)
    if behind:
        lines[-1].behind = behind
    return lines


_BRACKETS = dict.fromkeys(("OBrace", "OBrack", "OParen", "TemplateControl", "TemplateInterp"), 1) | dict.fromkeys(
    ("CBrace", "CBrack", "CParen", "TemplateSeqEnd"), -1
)


def _line(tokens: list[Leaf], depths: list[int], start: int, end: int) -> _Line:
    """The line of these tokens, indented; `depths` holds how many brackets each line above has still open."""
    kinds = [token.kind for token in tokens]
    if kinds[0] == "Newline":
        return _Line(start, end, tokens[0].value)
    stop = len(tokens)
    if stop > 1 and kinds[-1] == "Comment":
        stop -= 1
    split = _assignment(kinds, stop)
    line = _Line(start, end, _WIDTH * _depth(kinds, split, depths) + _spaced(tokens, kinds, 0, split))
    if split < stop:
        line.assign = _spaced(tokens, kinds, split, stop)
    if stop < len(tokens):
        line.comment = tokens[-1].value
        line.assign_columns = _columns(line.assign, tokens[split:stop])
    if split < len(tokens):
        line.lead_columns = _columns(line.lead, tokens[:split])
    return line


def _assignment(kinds: list[str], stop: int) -> int:
    """Where the assignment cell starts, which is at `stop` if there is none."""
    if "Equal" not in kinds:
        return stop
    index = next((index for index in range(1, stop) if kinds[index] == "Equal"), stop)
    return stop if sum(_BRACKETS[kind] for kind in kinds[index:stop] if kind in _BRACKETS) else index


def _depth(kinds: list[str], split: int, depths: list[int]) -> int:
    """How deep a line is indented; `depths` is brought up to date. Only the lead counts: assignments are balanced."""
    change = 0
    for kind in kinds[:split]:
        if kind in _BRACKETS:
            change += _BRACKETS[kind]
        elif kind == "OHeredoc":
            # terraform stops counting here; an interpolation in the heredoc that takes several lines costs a level.
            break
    if change > 0:
        depths.append(change)
        return len(depths) - 1
    while change < 0 and depths:
        change += depths.pop()
        if change > 0:
            depths.append(change)
    return len(depths)


def _spaced(tokens: list[Leaf], kinds: list[str], start: int, stop: int) -> str:
    """The tokens of a cell with the white space between them."""
    parts = []
    before = subject = ""
    for index in range(start, stop):
        kind, text = kinds[index], tokens[index].value
        if subject and _has_space(before, subject, kind):
            parts.append(" ")
        parts.append(text)
        before, subject = subject, "In" if text == "in" and kind == "Identifier" else kind
    return "".join(parts)


_NAMES = frozenset({"Identifier", "In"})
_TEMPLATE_TEXT = frozenset({"QuotedLit", "StringLit"})
_BEFORE_SIGN = frozenset(
    (
        "",
        *("OParen", "OBrace", "OBrack", "Equal", "Colon", "Comma", "Question"),
        *("Plus", "Star", "Slash", "Percent", "Minus"),
        *("EqualOp", "NotEqual", "GreaterThan", "GreaterThanEq", "LessThan", "LessThanEq"),
        *("And", "Or", "Bang"),
    )
)
"""Where a minus stands behind one of these, nothing is there to subtract from: it is a sign."""


@cache
def _has_space(before: str, left: str, right: str) -> bool:
    """Is there a blank between tokens of kind `left` and `right`, behind one of kind `before` ("" if they come first)?

    The first rule that fits decides; their order is terraform's.
    """
    if right == "Newline":
        return False
    if (left in _NAMES and right in ("OParen", "DoubleColon")) or (left == "DoubleColon" and right in _NAMES):
        return False
    if "Dot" in (left, right):
        return False
    if right in ("Comma", "Ellipsis"):
        return False
    if left == "Comma":
        return True
    if left in _TEMPLATE_TEXT | {"OQuote", "OHeredoc"} or right in _TEMPLATE_TEXT | {"CQuote", "CHeredoc"}:
        return False
    if left == "In" and before in _NAMES:
        # `for x in [y]` is not an index.
        return True
    if right == "OBrack" and (left in _NAMES or left == "NumberLit" or _BRACKETS.get(left, 0) < 0):
        return False
    if left == "Bang":
        return False
    if left == "Minus":
        return before not in _BEFORE_SIGN
    if left == "OBrace" or right == "CBrace":
        return not (left == "OBrace" and right == "CBrace")
    if (left in ("TemplateInterp", "TemplateControl") and right == "OBrace") or (
        left == "CBrace" and right == "TemplateSeqEnd"
    ):
        return True
    if left == "TemplateSeqEnd" and right in ("TemplateInterp", "TemplateControl"):
        return False
    return _BRACKETS.get(left, 0) <= 0 and _BRACKETS.get(right, 0) >= 0


def _runs(lines: Sequence[_Line]) -> Iterator[slice]:
    """The lines that may be aligned with one another, together, and every other line by itself."""
    first = 0
    for last in range(1, len(lines) + 1):
        if last == len(lines) or not (lines[last - 1].has_columns and lines[last].has_columns):
            yield slice(first, last)
            first = last


def _columns(cell: str, tokens: list[Leaf]) -> int:
    """How many columns a cell takes, in characters as a reader counts them; terraform counts them token by token."""
    if cell.isascii() and "\r" not in cell:
        return len(cell)
    from .graphemes import count_graphemes

    blanks = len(cell) - sum(len(token.value) for token in tokens)
    columns = blanks + sum(count_graphemes(token.value) for token in tokens)
    # In a heredoc hclsyntax splits a CRLF that follows one of these, so that it counts twice.
    texts = [token.value for token in tokens if token.kind == "StringLit"]
    return columns + sum(text.count("$\r\n") + text.count("%\r\n") for text in texts)


def _align(lines: list[_Line]) -> None:
    """Set the gaps before assignments, and then, which depends on them, those before comments."""
    for aligned, group in groupby(lines, lambda line: line.assign != ""):
        if aligned:
            chain = list(group)
            widest = max(line.lead_columns for line in chain)
            for line in chain:
                line.assign_gap = widest - line.lead_columns + 1
    for aligned, group in groupby(lines, lambda line: line.comment != ""):
        if aligned:
            chain = list(group)
            columns = [line.lead_columns + line.assign_gap + line.assign_columns for line in chain]
            widest = max(columns)
            for line, width in zip(chain, columns, strict=True):
                line.comment_gap = widest - width + 1


# -- Sections


class _Section:
    """Top-level items that follow one another directly, so that an alignment might reach from one to the next."""

    def __init__(self, items: Sequence[Item], is_broken: bool = False) -> None:
        self.start = items[0].start
        self.end = items[-1].end
        self.is_broken = is_broken
        """It does not parse, and so it is not laid out."""
        self._items = items

    def lines(self, settled: bool = False) -> list[_Line]:
        """The section laid out; `settled` makes it what repeated runs of `terraform fmt` would end in."""
        return _lines(self._items, settled)

    def changes(self, text: str, *, own_width: bool = False) -> list[tuple[int, int]]:
        """The ranges of the source that `terraform fmt` would change, line by line; if it indented by the section's own width."""
        if self.is_broken:
            return [(self.start, self.end)]
        lines = self.lines()
        width = _width(lines, text) if own_width else _WIDTH
        return [(line.start, line.end) for line in lines if text[line.start : line.end] != line.indented(width)]


class _Layout:
    """A tree's text in sections, which are laid out only when somebody asks for them."""

    def __init__(self, tree: Tree) -> None:
        self.text = tree.text
        self.sections = list(_sections(tree))
        self.is_broken = any(diagnostic.severity == "error" for diagnostic in tree.diagnostics)
        self._starts = [section.start for section in self.sections]
        self._changes: dict[int, list[tuple[int, int]]] = {}

    @cached_property
    def is_formatted(self) -> bool:
        """Would `terraform fmt` change nothing?"""
        return not any(section.changes(self.text) for section in self.sections)

    def sections_at(self, ranges: Sequence[tuple[int, int]]) -> Iterator[_Section]:
        """The sections that can be laid out and meet one of the ranges, if only at an end."""
        done = 0
        for start, end in ranges:
            first = max(done, bisect_left(self._starts, start) - 1)
            done = max(done, bisect_right(self._starts, end))
            yield from (section for section in self.sections[first:done] if not section.is_broken)

    def changes_in(self, start: int, end: int) -> bool:
        """Would `terraform fmt`, with the indent of the section, change any line in the range? Where the text does not parse, who knows: yes."""
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self.sections) and self._starts[index] < end:
            changes = self._changes.get(index)
            if changes is None:
                changes = self._changes[index] = self.sections[index].changes(self.text, own_width=True)
            at = bisect_right(changes, (start, start))
            if (at > 0 and changes[at - 1][1] > start) or (at < len(changes) and changes[at][0] < end):
                return True
            index += 1
        return False


def _sections(tree: Tree) -> Iterator[_Section]:
    group: list[Item] = []
    for item in tree.items:
        is_broken = any(diagnostic.severity == "error" for diagnostic in item.diagnostics)
        # What follows an item without newline, at the end of the file, is on that item's line.
        if group and (is_broken or (group[-1].newline is not None and _stands_apart(item.text))):
            yield _Section(group)
            group = []
        if is_broken:
            yield _Section([item], is_broken=True)
        else:
            group.append(item)
    if group:
        yield _Section(group)


def _stands_apart(text: str) -> bool:
    """Does an item begin with a blank line or a comment?"""
    return text.removeprefix("\ufeff").lstrip(" \t").startswith(("\n", "\r\n", *_LINE_COMMENT))


# -- What the fixes left


class _Stretches:
    """The stretches of a text that no fix touched, and where each of them stood before."""

    def __init__(
        self,
        before: str,
        after: str,
        touched: Sequence[tuple[int, int]],
        origin: Callable[[int], int] | None,
    ) -> None:
        self._before = before
        self._after = after
        self._starts = [0, *(end for _, end in touched)]
        self._ends = [*(start for start, _ in touched), len(after)]
        self._origins = []
        behind = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            if origin is not None:
                behind = origin(start)
            elif end == len(after) and start > 0:
                behind = max(behind, len(before) - (end - start))
            else:
                behind = max(behind, before.find(after[start:end], behind))
            self._origins.append(behind)
            behind += end - start

    def touch(self, line: _Line) -> bool:
        """Does a line end behind the stretch that it starts in?"""
        return line.end > self._ends[bisect_right(self._starts, line.start) - 1]

    def changed(self, lines: Sequence[_Line], run: slice, old: _Layout) -> Iterator[_Line]:
        """The lines of a run that take their form: those that were touched, and those that were formatted before, up to their indent."""
        may_have_moved: bool | None = None
        for line in lines[run]:
            if line.stands_in(self._after):
                continue
            if self.touch(line):
                yield line
                continue
            if not line.text.strip():
                continue  # Blanks on an empty line are out of form wherever it stands.
            if may_have_moved is None:
                may_have_moved = self._may_have_moved(lines, run)
            if may_have_moved and self._was_formatted(line, old):
                yield line

    def _may_have_moved(self, lines: Sequence[_Line], run: slice) -> bool:
        """May the form of these lines be another than before? Not if no fix touched one of them, nor a line beside them, and they stand as
        deep as they did. What is not in its form now was not in it then."""
        if run.start == 0 or run.stop == len(lines):
            return True
        # The first touched range that does not end before the line above.
        index = bisect_left(self._starts, lines[run.start - 1].start, 1) - 1
        depth = lines[run.start].depth
        return self._ends[index] <= lines[run.stop].end or any(
            line.depth != depth or not line.is_indented_in(self._after) for line in lines[run]
        )

    def _was_formatted(self, line: _Line, old: _Layout) -> bool:
        """Had a line that nobody touched the form that `terraform fmt` gives it, up to its indent?"""
        index = bisect_right(self._starts, line.start) - 1
        start = self._origins[index] + line.start - self._starts[index]
        end = start + line.end - line.start
        if not self._before.startswith(self._after[line.start : line.end], start):
            # Whoever called has not told all that changed. So nobody asked for this line.
            return False
        began = start == 0 or self._before[start - 1] == "\n"
        ended = end == len(self._before) or self._before[end - 1] == "\n"
        # Where text before or behind the line went, the line itself was touched.
        return not (began and ended) or not old.changes_in(start, end)
