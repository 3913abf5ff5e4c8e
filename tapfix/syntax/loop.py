"""The loop over the parser's table: text to one item.

It asks the scanner's patterns for a token, reduces as long as the table says so, and shifts. Two things make it fast.
First, reductions that build nothing are already made in the table (`LANDINGS`). Second, the most common runs of tokens
are matched and built in one step: a quoted template, `var.x.y`, `${var.x}`, and three kinds of whole lines. These are a
line that opens a block, one that closes it, and `name = value` with a simple value or a list of simple values. The
table still decides where a run may be. plain.py is the same parser without shortcuts, and tests compare the two.
"""

from __future__ import annotations

import re
from typing import Any, Final

from . import making
from ._tables import ACCEPT, ACTIONS, GOTO, LANDING, LANDINGS, LEAF_KINDS, NONTERMINALS, RULES, TERMINALS
from .building import GROW, LIST, PASS, SPLICED_LIST, SPLICED_NODE
from .checks import complaints
from .matching import (
    AFTER_LINES,
    CLOSING_END,
    CLOSING_QUOTE,
    DOTTED,
    DOTTED_PART,
    IDENTIFIER,
    LITERAL,
    MARKS,
    NAME,
    NEWLINE,
    NUMBER,
    OPEN_HEREDOC,
    QUOTE,
    SETTING_END,
    TEMPLATE,
    ElementsPattern,
    Match,
)
from .recovery import ParseFailure
from .scanner import (
    BRACKETS,
    HEREDOC,
    INTERPOLATION,
    KEYWORD,
    LINES,
    MARK,
    OPENER,
    QUOTED,
    SOUND_ESCAPES,
    TERMINAL,
    VALID_NUMBER,
    Heredoc,
    SourceText,
    heredoc,
    identifier_length,
)
from .tree import EmptyBody, Item, Leaf, Node, SyntaxElement

_IDENTIFIER: Final = TERMINAL["IDENTIFIER"]
_NUMBER_LIT: Final = TERMINAL["NUMBER_LIT"]
_NEWLINE: Final = TERMINAL["NEWLINE"]
_EOF: Final = TERMINAL["EOF"]
_O_QUOTE: Final = TERMINAL["O_QUOTE"]
_C_QUOTE: Final = TERMINAL["C_QUOTE"]
_QUOTED_LIT: Final = TERMINAL["QUOTED_LIT"]
_O_HEREDOC: Final = TERMINAL["O_HEREDOC"]
_C_HEREDOC: Final = TERMINAL["C_HEREDOC"]
_STRING_LIT: Final = TERMINAL["STRING_LIT"]
_INTERP: Final = TERMINAL["TEMPLATE_INTERP"]
_CONTROL: Final = TERMINAL["TEMPLATE_CONTROL"]
_SEQUENCE_END: Final = TERMINAL["TEMPLATE_SEQ_END"]
_O_BRACE: Final = TERMINAL["O_BRACE"]
_C_BRACE: Final = TERMINAL["C_BRACE"]
_STAR: Final = TERMINAL["STAR"]
_FOR: Final = TERMINAL["FOR"]

_TERM: Final = NONTERMINALS.index("term")
_INTERPOLATION: Final = NONTERMINALS.index("interpolation")
_STEPS: Final = next(n for n, name in enumerate(NONTERMINALS) if name.startswith("__traversal_plus"))

_LABELS: Final = next(n for n, name in enumerate(NONTERMINALS) if name.startswith("__block_star"))
_LABEL: Final = NONTERMINALS.index("label")

# Numbers for the runs that are not tokens: a line `name = value`, a line that opens a block, and `${var.x}`.
SETTING, OPENING, INTERPOLATED = 100, 101, 102

_KEEP, _POP = -1, -2
_MODE_AFTER: Final[list[int]] = [
    {
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
    }.get(name, _KEEP)
    for name in TERMINALS
]


def _whole_templates() -> dict[int, int]:
    """Maps the state after an opening quote to the nonterminal of a whole template there: a label or an expression."""
    found: dict[int, int] = {}
    for actions in ACTIONS:
        quoted = actions[_O_QUOTE]
        if quoted > 0:
            closed = ACTIONS[quoted][_C_QUOTE]
            found[quoted] = RULES[-min(ACTIONS[closed])][1]
    return found


_TEMPLATE: Final = _whole_templates()


def _whole_lines() -> dict[int, tuple[str, int]]:
    """Maps each state in which a line `name = value` may be to the node's kind, and to the state after it and its
    newline.

    If that is the same state, there are lines before it already, and the last value is their list.
    """
    found: dict[int, tuple[str, int]] = {}
    for kind, place in (("attribute", "__body_star"), ("object_item", "__object_star")):
        one = NONTERMINALS.index(kind)
        many = next(n for n, name in enumerate(NONTERMINALS) if name.startswith(place))
        after_lines = {row[many] for row in GOTO}
        for state in range(1, len(GOTO)):
            following = GOTO[state][many] or (state if state in after_lines else 0)
            if GOTO[state][one] and following:
                found[state] = (kind, following)
    return found


_LINES: Final = _whole_lines()
_BODIES: Final = {following for kind, following in _LINES.values() if kind == "attribute"}
"""The states in which the last value is the list of a body's lines."""
_NO_LINES: Final = ("", 0)


def parse_item(source: SourceText, base: int) -> Item | ParseFailure:  # noqa: C901
    """The item that begins at `base`: an attribute, a block, or the end of the text; or where it stops making sense.

    It is one long function for speed: on the same files a parse with it reaches 2.7 MB/s in plain Python and 12.3 MB/s
    compiled, and 0.7 MB/s with its specification, `plain.parse_item`, which gives the same results (CPython 3.11).
    """
    text = source.text
    # Local names: the compiled loop knows their types, and plain Python finds them faster.
    actions = ACTIONS
    goto = GOTO
    landing = LANDING
    landings = LANDINGS
    rules = RULES
    kinds = LEAF_KINDS
    patterns = source.patterns(base)
    at_free = patterns.free
    at_line = patterns.line
    at_start = patterns.start
    at_quoted = patterns.quoted
    elements = patterns.elements
    for_ahead = patterns.for_ahead
    states: list[int] = [0]
    values: list[SyntaxElement | list[SyntaxElement]] = []
    modes: list[int] = [LINES]
    heredocs: list[Heredoc] = []
    state = 0
    mode = LINES
    free = True  # New lines do not count here: in brackets, and after a new line that did count.
    nested_openers = source.nested_openers
    suspect = not source.is_utf8  # The item has something in it that only checks.py can judge.
    position = base
    match: re.Match[str] | Match | None
    line: re.Match[str] | Match | None = None  # A whole line: `name = value`, or one that opens or closes a block.
    ahead: re.Match[str] | Match | None = None  # The match after a whole line.
    size = len(text)
    run = 0  # The run of tokens that was matched in one step; 0 if it is a single token.
    lines: list[SyntaxElement]
    while True:
        # The scanner's part: the next token, or run of tokens.
        if not free and position < size and text[position] == "\n":
            # The most common token where new lines count. It has no prefix, so no pattern is needed.
            terminal = _NEWLINE
            prefix = ""
            value = "\n"
            start = position
            position += 1
            run = 0
        elif mode < QUOTED:
            line_may_begin = free and mode == LINES
            if line_may_begin and not nested_openers and len(modes) > 1 and OPENER.match(text, position):
                return ParseFailure(position, "", state)
            if ahead is not None:
                match = ahead
                ahead = None
            elif line_may_begin:
                match = at_start.match(text, position)
            elif free:
                match = at_free.match(text, position)
            else:
                match = at_line.match(text, position)
            if match is None:
                trivia = (patterns.free_prefix if free else patterns.line_prefix).match(text, position)
                assert trivia is not None
                start = trivia.end()
                return ParseFailure(start, text[start : start + 1], state)
            run = match.lastindex or 0
            prefix = match.group(1)
            if line_may_begin and run <= CLOSING_END:
                line = match
                start = position + len(prefix)
                if run != CLOSING_END:
                    terminal = _IDENTIFIER
                    value = match.group(NAME)
                    run = SETTING if run == SETTING_END else OPENING
                elif state in _BODIES:
                    # The last value is the list of a body's lines: the block is whole.
                    position = match.end()
                    if _repeats_a_name(values[-1]):
                        suspect = True
                    at = start - base
                    block = _closed(values, states, making.leaf("CBrace", "}", prefix, at))
                    rest, newline = making.closing(match)
                    block_newline = making.leaf("Newline", newline, rest, at + 1 + len(rest))
                    modes.pop()
                    if not values:
                        diagnostics = tuple(complaints(block)) if suspect else ()
                        return Item(base, text[base:position], block, block_newline, diagnostics)
                    state = _add_lines(values, states, [block, block_newline])
                    continue
                else:
                    terminal = _C_BRACE
                    value = "}"
                    position = start + 1
                    run = 0
            else:
                value = match.group(run)
                position = match.end()
                start = position - len(value)
                if line_may_begin:
                    run -= AFTER_LINES
                if run == DOTTED:
                    terminal = _IDENTIFIER
                    dot = value.find(".")
                    head = value if dot < 0 else value[:dot]
                    if head in KEYWORD and actions[state][KEYWORD[head]]:
                        terminal = KEYWORD[head]
                    if dot < 0:
                        run = 0
                elif run == MARKS:
                    terminal = MARK[value]
                    if terminal == _C_BRACE and mode == INTERPOLATION:
                        terminal = _SEQUENCE_END
                    elif terminal == _SEQUENCE_END and mode != INTERPOLATION:
                        return ParseFailure(start, value, state)
                    elif terminal == _STAR:
                        if _last_kind(values) == "Dot":
                            suspect = True
                        elif len(modes) > 1 and modes[-2] == LINES and _last_kind(values) == "OBrack":
                            # `a[*]` is one mark to Terraform: the brackets of a full splat hide no new line.
                            if "\n" in prefix:
                                return ParseFailure(start, value, state)
                            modes[-1] = mode = LINES
                elif run == NEWLINE:
                    terminal = _NEWLINE
                elif run in (TEMPLATE, QUOTE):
                    terminal = _O_QUOTE
                elif run == NUMBER:
                    terminal = _NUMBER_LIT
                    if not value.isdigit() and (_last_kind(values) == "Dot" or not VALID_NUMBER.fullmatch(value)):
                        suspect = True
                elif run == IDENTIFIER:
                    terminal = _IDENTIFIER
                    length = identifier_length(value)
                    if not length:
                        return ParseFailure(start, value[0], state)
                    position = start + length
                    value = value[:length]
                elif run == OPEN_HEREDOC:
                    terminal = _O_HEREDOC
                    marker = value[2:].lstrip("-").rstrip("\r\n")
                    if identifier_length(marker) != len(marker):
                        return ParseFailure(start, "<<", state)
                    if not source.has_end(marker, position):
                        return ParseFailure(len(text), "", state)
                    heredocs.append(heredoc(marker))
                else:
                    terminal = _EOF
                    if not values:
                        prefix = text[base:]
                        return Item(base, prefix, making.leaf("EOF", "", prefix, len(prefix)), None)
        else:
            prefix = ""
            start = position
            run = 0
            closing: re.Match[str] | None = None
            part = 0
            if mode == QUOTED:
                match = at_quoted.match(text, position)
                if match is not None:
                    value = match.group()
                    part = match.lastindex or 0
            else:
                if text[position - 1] == "\n":
                    closing = heredocs[-1].closing.match(text, position)
                found = closing or heredocs[-1].token.match(text, position)
                if found is not None:
                    value = found[0]
                    part = found.lastindex or 0
            if not part:
                reason = "nothing closes this string on its line" if mode == QUOTED else ""
                return ParseFailure(position, text[position : position + 1], state, reason)
            position += len(value)
            if closing is not None:
                prefix = closing[1]
                value = closing[2]
                start = position - len(value)
                terminal = _C_HEREDOC
                heredocs.pop()
            elif part == LITERAL:
                if mode == HEREDOC:
                    terminal = _STRING_LIT
                else:
                    terminal = _QUOTED_LIT
                    if "\\" in value and not SOUND_ESCAPES.fullmatch(value):
                        suspect = True
            elif part == CLOSING_QUOTE:
                terminal = _C_QUOTE
            elif part == DOTTED_PART:
                terminal = _INTERP
                run = INTERPOLATED
            elif value[0] == "$":
                terminal = _INTERP
            else:
                terminal = _CONTROL
                suspect = True

        # The parser's part: reduce as long as the table says so, then shift.
        while True:
            row = actions[state]
            action = row[terminal]
            if action > 0:
                break
            if action == 0:
                if run == TEMPLATE:
                    value = '"'
                elif run == DOTTED:
                    value = value.partition(".")[0]
                elif run == INTERPOLATED:
                    value = "${"
                return ParseFailure(start, value, state)
            rule = rules[-action]
            length, left, build, kind = rule
            if build == PASS:
                row = landing[states[-2]]
                row = landings[row[left]]
                state = row[terminal]
                states[-1] = state
                continue
            if length == 0:
                values.append(EmptyBody(start - len(prefix) - base))
            else:
                # Lists are among the values just where `build` says so, which mypy cannot know.
                taken = making.taken(values, states, length)
                if build == GROW:
                    grown = taken[0]
                    assert isinstance(grown, list)
                    grown.extend(taken[1:])  # type: ignore[arg-type]
                    values.append(grown)
                else:
                    if build in (SPLICED_NODE, SPLICED_LIST):
                        taken = _spliced(taken)
                    if build in (LIST, SPLICED_LIST):
                        values.append(taken)  # type: ignore[arg-type]
                    else:
                        if kind == "body" and _repeats_a_name(taken):
                            suspect = True
                        values.append(making.node(kind, tuple(taken)))  # type: ignore[arg-type]
            row = landing[states[-1]]
            row = landings[row[left]]
            state = row[terminal]
            states.append(state)

        at = start - base
        if run == SETTING:
            assert line is not None
            kind, following = _LINES.get(state, _NO_LINES)
            if following:
                lines = []
                while True:
                    _add_setting(lines, kind, line, elements, position - base)
                    position = line.end()
                    if not nested_openers:
                        break
                    ahead = at_start.match(text, position)
                    if ahead is None or ahead.lastindex != SETTING_END:
                        break
                    line = ahead
                state = _add_lines(values, states, lines)
                free = True
                continue
            position = start + len(value)
        elif run == OPENING:
            assert line is not None
            labels, gap, rest, newline = making.opening(line)
            following = goto[action][_LABELS] if labels else action
            opened = actions[following][_O_BRACE]
            if opened > 0:
                values.append(making.leaf("Identifier", value, prefix, at))
                states.append(action)
                at += len(value)
                if labels:
                    values.append(_labels(labels, at))
                    states.append(following)
                at += len(labels) + len(gap)
                values.append(making.leaf("OBrace", "{", gap, at))
                states.append(opened)
                values.append(making.leaf("Newline", newline, rest, at + 1 + len(rest)))
                state = actions[opened][_NEWLINE]
                states.append(state)
                modes.append(LINES)
                position = line.end()
                continue
            position = start + len(value)
        elif run == TEMPLATE:
            template = _TEMPLATE[action]
            if template != _LABEL or "$" not in value:
                values.append(_template(value, prefix, at))
                state = goto[state][template]
                states.append(state)
                free = mode != LINES
                continue
            value = '"'
            position = start + 1
        elif run == DOTTED:
            if terminal == _IDENTIFIER and goto[state][_TERM]:
                names = value.split(".")
                values.append(making.leaf("Identifier", names[0], prefix, at))
                state = goto[state][_TERM]
                states.append(state)
                values.append(_steps(names, at))
                state = goto[state][_STEPS]
                states.append(state)
                free = mode != LINES
                continue
            value = value[: value.index(".")]
            position = start + len(value)
        elif run == INTERPOLATED:
            values.append(_interpolation(value[2:-1], at))
            state = goto[state][_INTERPOLATION]
            states.append(state)
            continue
        elif action == ACCEPT:
            node_of_item = values[0]
            assert isinstance(node_of_item, Node)
            diagnostics = tuple(complaints(node_of_item)) if suspect else ()
            if terminal == _EOF:
                return Item(base, text[base : position - len(prefix)], node_of_item, None, diagnostics)
            return Item(base, text[base:position], node_of_item, making.leaf("Newline", value, prefix, at), diagnostics)

        values.append(making.leaf(kinds[terminal], value, prefix, at))
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
            if terminal == _O_BRACE and actions[state][_FOR] and for_ahead.match(text, position):
                change = BRACKETS
            modes.append(change)
            mode = change
        free = mode != LINES


def _quoted(text: str, prefix: str, at: int) -> Node:
    """A quoted template that is nothing but text."""
    opening = making.leaf("OQuote", '"', prefix, at)
    closing = making.leaf("CQuote", '"', "", at + 1 + len(text))
    if not text:
        return making.node("template", (opening, closing))
    return making.node("template", (opening, making.leaf("QuotedLit", text, "", at + 1), closing))


def _template(value: str, prefix: str, at: int) -> Node:
    """A quoted template of text and `${var.x}` only."""
    if "$" not in value:
        return _quoted(value[1:-1], prefix, at)
    parts: list[SyntaxElement] = [making.leaf("OQuote", '"', prefix, at)]
    end = len(value) - 1
    done = 1
    while done < end:
        opened = value.find("${", done)
        if opened < 0:
            opened = end
        if opened > done:
            parts.append(making.leaf("QuotedLit", value[done:opened], "", at + done))
        if opened == end:
            break
        done = value.index("}", opened) + 1
        parts.append(_interpolation(value[opened + 2 : done - 1], at + opened))
    parts.append(making.leaf("CQuote", '"', "", at + end))
    return making.node("template", tuple(parts))


def _interpolation(dotted: str, at: int) -> Node:
    opened = making.leaf("TemplateInterp", "${", "", at)
    closed = making.leaf("TemplateSeqEnd", "}", "", at + 2 + len(dotted))
    return making.node("interpolation", (opened, _reference(dotted, "", at + 2), closed))


def _reference(dotted: str, prefix: str, at: int) -> SyntaxElement:
    """A name, or a traversal such as `var.x`."""
    names = dotted.split(".")
    root = making.leaf("Identifier", names[0], prefix, at)
    return root if len(names) == 1 else making.node("traversal", (root, *_steps(names, at)))


def _steps(names: list[str], at: int) -> list[SyntaxElement]:
    steps: list[SyntaxElement] = []
    at += len(names[0])
    for name in names[1:]:
        steps.append(
            making.node("get_attr", (making.leaf("Dot", ".", "", at), making.leaf("Identifier", name, "", at + 1)))
        )
        at += len(name) + 1
    return steps


def _tuple(value: str, prefix: str, at: int, elements: re.Pattern[str] | ElementsPattern) -> Node:
    """A list of simple values on one line."""
    end = len(value) - 1
    children: list[SyntaxElement] = [making.leaf("OBrack", "[", prefix, at)]
    done = 1
    for space, element, gap, comma in elements.findall(value, 1, end):
        done += len(space)
        children.append(_simple(element, space, at + done))
        done += len(element)
        if comma:
            done += len(gap)
            children.append(making.leaf("Comma", ",", gap, at + done))
            done += 1
    children.append(making.leaf("CBrack", "]", value[done:end], at + end))
    return making.node("tuple", tuple(children))


def _simple(value: str, prefix: str, at: int) -> SyntaxElement:
    """A simple value: a template, a reference, or a number."""
    first = value[0]
    if first == '"':
        return _template(value, prefix, at)
    if "0" <= first <= "9":
        return making.leaf("NumberLit", value, prefix, at)
    return _reference(value, prefix, at)


def _add_setting(
    lines: list[SyntaxElement],
    kind: str,
    line: re.Match[str] | Match,
    elements: re.Pattern[str] | ElementsPattern,
    at: int,
) -> None:
    """Add a whole line `name = value` and its newline to the lines before it."""
    prefix = line.group(1)
    name = line.group(NAME)
    gap, indent, value, rest, newline = making.setting(line)
    at += len(prefix)
    name_leaf = making.leaf("Identifier", name, prefix, at)
    at += len(name) + len(gap)
    equal = making.leaf("Equal", "=", gap, at)
    at += 1 + len(indent)
    element = _tuple(value, indent, at, elements) if value[0] == "[" else _simple(value, indent, at)
    lines.append(making.node(kind, (name_leaf, equal, element)))
    at += len(value) + len(rest)
    lines.append(making.leaf("Newline", newline, rest, at))


def _add_lines(values: list[SyntaxElement | list[SyntaxElement]], states: list[int], lines: list[SyntaxElement]) -> int:
    """Add whole lines and their newlines to the lines before them, or begin their list. Returns the next state."""
    state = states[-1]
    following = _LINES[state][1]
    if following == state:
        before = values[-1]
        assert isinstance(before, list)
        before.extend(lines)
    else:
        values.append(lines)
        states.append(following)
    return following


def _closed(values: list[SyntaxElement | list[SyntaxElement]], states: list[int], brace: Leaf) -> Node:
    """The block that `brace` closes. Takes its name, labels, brace, newline and body lines off the stack."""
    labelled = type(values[-4]) is list
    lines: Any
    *opening, lines = making.taken(values, states, 5 if labelled else 4)
    if labelled:
        opening = _spliced(opening)
    children: Any = (*opening, making.node("body", tuple(lines)), brace)
    return making.node("block", children)


def _labels(labels: str, at: int) -> list[SyntaxElement]:
    """The quoted labels of a block."""
    made: list[SyntaxElement] = []
    pieces = labels.split('"')
    for n in range(1, len(pieces), 2):
        gap = pieces[n - 1]
        piece = pieces[n]
        at += len(gap)
        made.append(_quoted(piece, gap, at))
        at += len(piece) + 2
    return made


def _last_kind(values: list[SyntaxElement | list[SyntaxElement]]) -> str:
    """The kind of the last value if it is a leaf; else empty."""
    last = values[-1] if values else None
    return last.kind if isinstance(last, Leaf) else ""


def _spliced(values: list[SyntaxElement | list[SyntaxElement]]) -> list[SyntaxElement | list[SyntaxElement]]:
    """The values, with each list among them replaced by its own values."""
    spliced: list[SyntaxElement | list[SyntaxElement]] = []
    for value in values:
        if type(value) is list:
            spliced.extend(value)
        else:
            spliced.append(value)
    return spliced


def _repeats_a_name(elements: Any) -> bool:
    names: list[str] = []
    for element in elements:
        if type(element) is Node:
            node: Node = element
            if node.kind == "attribute":
                names.append(node.children[0].value)
    return len(names) > 1 and len(names) != len(set(names))
