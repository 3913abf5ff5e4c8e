"""Text to tree: the loop over the parser's table, the items around it, and what is done again after an edit."""

from __future__ import annotations

from collections.abc import Sequence

from . import _tables
from .building import GROW, LIST, NODE, PASS, SPLICED_NODE
from .checks import complaints, redefinitions
from .recovery import Failure, broken_stretch, explained, is_prose
from .scanner import (
    BRACKETS,
    CLOSING_QUOTE,
    FOR_AHEAD,
    FREE,
    HEREDOC,
    IDENTIFIER,
    INTERPOLATION,
    KEYWORD,
    LINE,
    LINE_END,
    LINE_PREFIX,
    LINES,
    MARK,
    MARKS,
    NEWLINE,
    NUMBER,
    OPEN_HEREDOC,
    PLAIN,
    PREFIX,
    QUOTE,
    QUOTED,
    QUOTED_LITERAL,
    QUOTED_TOKEN,
    TERMINAL,
    VALID_NUMBER,
    closing_line,
    heredoc_tokens,
    identifier_length,
)
from .tree import Diagnostic, Element, EmptyBody, Item, Leaf, Node, Tree

_IDENTIFIER = TERMINAL["IDENTIFIER"]
_NUMBER_LIT = TERMINAL["NUMBER_LIT"]
_NEWLINE = TERMINAL["NEWLINE"]
_EOF = TERMINAL["EOF"]
_O_QUOTE, _QUOTED_LIT, _C_QUOTE = TERMINAL["O_QUOTE"], TERMINAL["QUOTED_LIT"], TERMINAL["C_QUOTE"]
_O_HEREDOC, _STRING_LIT, _C_HEREDOC = TERMINAL["O_HEREDOC"], TERMINAL["STRING_LIT"], TERMINAL["C_HEREDOC"]
_INTERP, _CONTROL = TERMINAL["TEMPLATE_INTERP"], TERMINAL["TEMPLATE_CONTROL"]
_SEQUENCE_END = TERMINAL["TEMPLATE_SEQ_END"]
_O_BRACE, _C_BRACE = TERMINAL["O_BRACE"], TERMINAL["C_BRACE"]
_STAR, _FOR = TERMINAL["STAR"], TERMINAL["FOR"]

_KEEP, _POP = -1, -2
_MODE_AFTER: list[int] = [_KEEP] * len(_tables.TERMINALS)
for _name, _mode in {
    "O_BRACE": LINES,
    "O_BRACK": BRACKETS,
    "O_PAREN": BRACKETS,
    "TEMPLATE_INTERP": INTERPOLATION,
    "TEMPLATE_CONTROL": INTERPOLATION,
    "O_QUOTE": QUOTED,
    "O_HEREDOC": HEREDOC,
    "C_BRACE": _POP,
    "C_BRACK": _POP,
    "C_PAREN": _POP,
    "TEMPLATE_SEQ_END": _POP,
    "C_QUOTE": _POP,
    "C_HEREDOC": _POP,
}.items():
    _MODE_AFTER[TERMINAL[_name]] = _mode


def parse_item(text: str, base: int) -> Item | Failure:
    """The item that begins at `base`: an attribute, a block, or the end of the text; or where it stops making sense."""
    actions = _tables.ACTIONS
    goto = _tables.GOTO
    kinds = _tables.LEAF_KINDS
    accept = _tables.ACCEPT
    states: list[int] = [0]
    values: list[Element | list[Element]] = []
    modes: list[int] = [LINES]
    markers: list[str] = []
    state = 0
    mode = LINES
    free = True
    suspect = False
    position = base
    while True:
        # The scanner's part: one token.
        if mode < QUOTED:
            start = position
            if position == 0 and text.startswith("\ufeff"):
                start = 1
            match = FREE.match(text, start) if free else LINE.match(text, start)
            if match is None:
                skipped = PREFIX.match(text, start)
                assert skipped is not None
                at = skipped.end() if free else _line_prefix_end(text, start)
                return Failure(at, text[at : at + 1], state, "")
            which = match.lastindex
            assert which is not None
            value = match[which]
            prefix = match[1] if start == position else "\ufeff" + match[1]
            position = match.end()
            if which == IDENTIFIER:
                terminal = _IDENTIFIER
                if value in KEYWORD and actions[state + KEYWORD[value]]:
                    terminal = KEYWORD[value]
                elif not value.isascii():
                    length = identifier_length(value)
                    position += length - len(value)
                    if not length:
                        return Failure(position, value[0], state)
                    value = value[:length]
            elif which == MARKS:
                terminal = MARK[value]
                if terminal == _C_BRACE and mode == INTERPOLATION:
                    terminal = _SEQUENCE_END
                elif terminal == _SEQUENCE_END and mode != INTERPOLATION:
                    return Failure(position - 2, value, state)
                elif terminal == _STAR:
                    suspect = True
                    if len(modes) > 1 and modes[-2] == LINES and _kind(values) == "OBrack":
                        # `a[*]` is one mark to Terraform: the brackets of a full splat do not hide a new line.
                        if "\n" in prefix:
                            return Failure(position - 1, value, state)
                        modes[-1] = mode = LINES
                        free = False
            elif which == NEWLINE:
                terminal = _NEWLINE
            elif which == PLAIN:
                terminal = _O_QUOTE
            elif which == NUMBER:
                terminal = _NUMBER_LIT
                if not value.isdigit() and (_kind(values) == "Dot" or not VALID_NUMBER.fullmatch(value)):
                    suspect = True
            elif which == QUOTE:
                terminal = _O_QUOTE
            elif which == OPEN_HEREDOC:
                terminal = _O_HEREDOC
                marker = value[2:].lstrip("-").rstrip("\r\n")
                if not marker.isascii() and identifier_length(marker) != len(marker):
                    return Failure(position - len(value), "<<", state)
                markers.append(marker)
            else:
                terminal = _EOF
                if not values:
                    return Item(base, text[base:], Leaf("EOF", "", prefix, len(prefix)), None)
        elif mode == QUOTED:
            which = PLAIN + 100
            prefix = ""
            match = QUOTED_TOKEN.match(text, position)
            if match is None:
                return Failure(position, text[position : position + 1], state, "the string is not closed on its line")
            value = match[0]
            position = match.end()
            if match.lastindex == QUOTED_LITERAL:
                terminal = _QUOTED_LIT
                if "\\" in value:
                    suspect = True
            elif match.lastindex == CLOSING_QUOTE:
                terminal = _C_QUOTE
            elif value[0] == "$":
                terminal = _INTERP
            else:
                terminal = _CONTROL
                suspect = True
        else:
            which = PLAIN + 100
            prefix = ""
            marker = markers[-1]
            closing = closing_line(marker).match(text, position) if text[position - 1] == "\n" else None
            if closing is not None:
                prefix, value = closing[1], closing[2]
                position = closing.end()
                terminal = _C_HEREDOC
                markers.pop()
            else:
                match = heredoc_tokens(marker).match(text, position)
                if match is None:
                    return Failure(position, text[position : position + 1], state, f"the heredoc `{marker}` is not closed")
                value = match[0]
                position = match.end()
                if match.lastindex == 1:
                    terminal = _STRING_LIT
                elif value[0] == "$":
                    terminal = _INTERP
                else:
                    terminal = _CONTROL
                    suspect = True

        # The parser's part: reduce as long as the table says so, then shift.
        while True:
            action = actions[state + terminal]
            if action > 0:
                break
            if action == 0:
                return Failure(position - len(value), value, state)
            rule = -action
            build = _tables.RULE_BUILD[rule]
            if build == PASS:
                state = goto[states[-2] + _tables.RULE_LEFT[rule]]
                states[-1] = state
                continue
            length = _tables.RULE_LENGTH[rule]
            if length == 0:
                at = position - len(value) - len(prefix) - base
                values.append(EmptyBody(at))
            elif build == NODE:
                node = Node(_tables.RULE_KIND[rule], tuple(values[-length:]))  # type: ignore[arg-type]
                del values[-length:]
                del states[-length:]
                values.append(node)
            elif build == GROW:
                del states[-length:]
                grown = values[-length]
                assert isinstance(grown, list)
                grown.extend(values[1 - length :])  # type: ignore[arg-type]
                del values[1 - length :]
            elif build == LIST:
                begun = values[-length:]
                del values[-length:]
                del states[-length:]
                values.append(begun)  # type: ignore[arg-type]
            else:
                spliced: list[Element] = []
                for part in values[-length:]:
                    if isinstance(part, list):
                        spliced.extend(part)
                    else:
                        spliced.append(part)
                del values[-length:]
                del states[-length:]
                if build == SPLICED_NODE:
                    kind = _tables.RULE_KIND[rule]
                    if kind == "body" and _repeats_a_name(spliced):
                        suspect = True
                    values.append(Node(kind, tuple(spliced)))
                else:
                    values.append(spliced)
            state = goto[states[-1] + _tables.RULE_LEFT[rule]]
            states.append(state)

        if action == accept:
            item_node = values[0]
            assert isinstance(item_node, Node)
            diagnostics = tuple(complaints(item_node)) if suspect else ()
            if terminal == _EOF:
                end = position - len(prefix)
                return Item(base, text[base:end], item_node, None, diagnostics)
            newline = Leaf("Newline", value, prefix, position - len(value) - base)
            return Item(base, text[base:position], item_node, newline, diagnostics)
        at = position - len(value) - base
        if which == PLAIN:
            # A whole template at once: what its tokens would have come to.
            quote = Leaf("OQuote", '"', prefix, at)
            end_quote = Leaf("CQuote", '"', "", position - 1 - base)
            if len(value) > 2:
                template = Node("template", (quote, Leaf("QuotedLit", value[1:-1], "", at + 1), end_quote))
            else:
                template = Node("template", (quote, end_quote))
            values.append(template)
            state = goto[state + _TEMPLATE[action]]
            states.append(state)
            free = mode != LINES
            continue
        values.append(Leaf(kinds[terminal], value, prefix, at))
        state = action
        states.append(state)
        change = _MODE_AFTER[terminal]
        if change == _KEEP:
            free = mode != LINES or terminal == _NEWLINE
            continue
        if change == _POP:
            modes.pop()
            mode = modes[-1]
        else:
            if terminal == _O_BRACE and actions[state + _FOR] and FOR_AHEAD.match(text, position):
                change = BRACKETS
            modes.append(change)
            mode = change
        free = mode != LINES


def _kind(values: list[Element | list[Element]]) -> str:
    """The kind of the token just read, if it is still one."""
    last = values[-1] if values else None
    return last.kind if isinstance(last, Leaf) else ""


def _repeats_a_name(elements: list[Element]) -> bool:
    names = [element.children[0].text for element in elements if element.kind == "attribute"]
    return len(names) != len(set(names))


def _line_prefix_end(text: str, start: int) -> int:
    match = LINE_PREFIX.match(text, start)
    assert match is not None
    return match.end()


def _label_and_template() -> dict[int, int]:
    """By the state behind an opening quote: the nonterminal that a whole quoted template comes to there."""
    found: dict[int, int] = {}
    for state in range(0, len(_tables.ACTIONS), _tables.WIDTH):
        quoted = _tables.ACTIONS[state + _O_QUOTE]
        if quoted > 0:
            closed = _tables.ACTIONS[quoted + _C_QUOTE]
            rule = -min(_tables.ACTIONS[closed : closed + _tables.WIDTH])
            found[quoted] = _tables.RULE_LEFT[rule]
    return found


_TEMPLATE = _label_and_template()


def _broken_item(text: str, base: int, failure: Failure) -> Item:
    skipped = PREFIX.match(text, base)
    assert skipped is not None
    start = skipped.end()
    stretch = broken_stretch(text, start)
    end = start + max(len(text[start : stretch.end].rstrip(" \t\r")), 1)
    message, at, to = explained(text, failure, stretch)
    return _assembled(text, base, start, end, (Diagnostic(message, at - base, to - base),))


def _assembled(text: str, base: int, start: int, end: int, diagnostics: tuple[Diagnostic, ...]) -> Item:
    """A broken item: the prefix from `base` to `start`, the broken bytes to `end`, and the newline behind them."""
    leaf = Leaf("Broken", text[start:end], text[base:start], start - base)
    newline: Leaf | None = None
    match = LINE_END.match(text, end)
    if match:
        newline = Leaf("Newline", match[2], match[1], match.start(2) - base)
        end = match.end()
    return Item(base, text[base:end], Node("broken", (leaf,)), newline, diagnostics)


def _next_item(text: str, base: int) -> Item:
    item = parse_item(text, base)
    if isinstance(item, Failure):
        return _broken_item(text, base, item)
    if item.code() != item.text:  # The promise, kept even if the code above has a mistake in it.
        return _broken_item(text, base, Failure(base, "", 0, "tapfix cannot print this back; please report it"))
    return item


def _add(items: list[Item], item: Item, text: str) -> None:
    """Add an item to those before it, or make it one with them where they are broken together."""
    if items and item.node.kind == "broken":
        start = item.start + item.node.start
        before = items[-1]
        if before.node.kind == "broken" and is_prose(text, start) and is_prose(text, before.start + before.node.start):
            # A paragraph is one stretch, and one complaint.
            _merge(items, len(items) - 1, item, text, before.diagnostics)
            return
        if text.startswith("}", start) and item.node.start == item.text.rfind("\n", 0, item.node.start) + 1:
            # A brace too many in a block ends the block too early; the brace that should have ended it comes alone.
            early = _closed_early(items)
            if early is not None:
                block = items[early].node
                diagnostic = Diagnostic("this `}` is one too many", block.end - 1, block.end)
                _merge(items, early, item, text, (diagnostic,))
                return
    items.append(item)


def _closed_early(items: list[Item]) -> int | None:
    """The block, if there is one, that a brace in its midst has ended, with its rest behind it as items of their own."""
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        lines = item.text[: item.node.start].rfind("\n") + 1
        if item.node.start > lines:
            continue  # Indented: it may have stood in the block.
        last = item.text.rfind("\n", 0, item.node.end) + 1
        if item.node.kind == "block" and last > item.node.start and item.node.end - 1 > last:
            return index
        break
    return None


def _merge(items: list[Item], index: int, last: Item, text: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    """Put one broken item in the place of all from `index` on and of the one that follows them."""
    first = items[index]
    del items[index:]
    items.append(
        _assembled(text, first.start, first.start + first.node.start, last.start + last.node.end, diagnostics)
    )


def parse(text: str) -> Tree:
    """The tree of a text. It never raises on text, and prints back to it; what is broken is in `diagnostics`."""
    items: list[Item] = []
    position = 0
    while True:
        item = _next_item(text, position)
        _add(items, item, text)
        position = item.end
        if item.node.kind == "EOF":
            return _tree(text, items)


def _tree(text: str, items: list[Item]) -> Tree:
    diagnostics = [diagnostic.moved(item.start) for item in items for diagnostic in item.diagnostics]
    repeated = redefinitions(items)
    if repeated:
        diagnostics = sorted(diagnostics + repeated, key=lambda diagnostic: diagnostic.offset)
    return Tree(text, tuple(items), tuple(diagnostics))


def reparse(tree: Tree, edits: Sequence[tuple[int, int, str]]) -> Tree:
    """The tree of the text that the edits make of a tree's: `(start, end, replacement)`, sorted, not overlapping.

    It is the same tree that `parse` gives, but the items that no edit touched are taken over as they are.
    Raises `ValueError` if the edits overlap, are not sorted, or reach outside the text.
    """
    pieces: list[str] = []
    reached = 0
    for start, end, replacement in edits:
        if not reached <= start <= end <= len(tree.text):
            raise ValueError(f"the edit ({start}, {end}) is out of order or outside the text")
        pieces += (tree.text[reached:start], replacement)
        reached = end
    pieces.append(tree.text[reached:])
    text = "".join(pieces)
    kept = _untouched(tree, edits)
    items: list[Item] = []
    position = 0
    while True:
        old = kept.get(position)
        item = _next_item(text, position) if old is None else old.at(position)
        _add(items, item, text)
        position = item.end
        if item.node.kind == "EOF":
            return _tree(text, items)


def _untouched(tree: Tree, edits: Sequence[tuple[int, int, str]]) -> dict[int, Item]:
    """The items that are the same after the edits, by where they then begin.

    An item that parsed ends with its newline, and nothing behind that can change it. A broken one, and one that the
    file's end ended, depend on what follows, and are always looked at again.
    """
    kept: dict[int, Item] = {}
    shift = 0
    index = 0
    for item in tree.items:
        # Edits that end before the item; an insertion where it begins comes before it as well.
        while index < len(edits) and edits[index][1] <= item.start and edits[index][0] < item.end:
            shift += len(edits[index][2]) - (edits[index][1] - edits[index][0])
            index += 1
        touched = index < len(edits) and edits[index][0] < item.end
        if touched or item.newline is None or item.node.kind == "broken":
            continue
        if item.start + shift and item.text.startswith("\ufeff"):
            continue
        kept[item.start + shift] = item
    return kept
