"""For any text: its tree prints back to it, and keeps all other promises of a tree."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from tapfix.packaged import packaged_folder
from tapfix.syntax import Item, Leaf, Node, Tree, matching, parse, reparse, scanner

EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

SPACES = st.sampled_from(["", " ", "  ", "\t", " /* c */ ", " ", " "])
NAMES = st.sampled_from(["a", "b_1", "x-y", "for", "in", "if", "null", "é", "名"])


def spaced(*values: str) -> st.SearchStrategy[str]:
    return st.builds(lambda space, value: space + value, SPACES, st.sampled_from(values))


TERMINALS: dict[str, st.SearchStrategy[str]] = {
    "IDENTIFIER": st.builds(lambda space, name: " " + space + name, SPACES, NAMES),
    "NUMBER_LIT": spaced("0", "12", "1.5", "1e5", "08"),
    "NEWLINE": st.sampled_from(["\n", "\n", "\r\n", " # c\n", "\n\n", " // c\r\n"]),
    "EOF": st.just(""),
    "O_QUOTE": spaced('"'),
    "QUOTED_LIT": st.sampled_from(["x", " ", "$", "%", "$${", "%%{", "\\n", '\\"', "#", "é", "\\u00e9", "{}"]),
    "C_QUOTE": st.just('"'),
    "O_HEREDOC": spaced("<<E\n", "<<-E\n", "<<E\r\n"),
    "STRING_LIT": st.sampled_from(["x\n", "\n", "  y\n", "$\n", "EE\n", "\\q\n", "x"]),
    "C_HEREDOC": st.sampled_from(["E", "  E", "\tE "]),
    "TEMPLATE_INTERP": st.sampled_from(["${", "${~"]),
    "TEMPLATE_CONTROL": st.sampled_from(["%{", "%{~"]),
    "TEMPLATE_SEQ_END": spaced("}", "~}"),
    "ELLIPSIS": spaced("..."),
    "DOUBLE_COLON": spaced("::"),
    "FAT_ARROW": spaced("=>"),
    **{name: st.just(f" {name.lower()} ") for name in ("FOR", "IN", "IF", "ELSE", "ENDIF", "ENDFOR")},
    **{
        name: spaced(mark)
        for mark, name in scanner.MARK_NAMES.items()
        if name not in ("ELLIPSIS", "DOUBLE_COLON", "FAT_ARROW", "TEMPLATE_SEQ_END")
    },
}

GRAMMAR = Lark((packaged_folder("grammar") / "hcl2.lark").read_text(encoding="utf-8"), parser="lalr", lexer="basic")

items = from_lark(GRAMMAR, start="start", explicit=TERMINALS)
files = st.lists(items, max_size=4).map("".join)

PIECES = [
    "a = 1\n", "a", " ", "\n", "\r\n", "\r", "=", "{", "}", "[", "]", "(", ")", '"', "${", "%{", "~}", "<<E\n", "E\n",
    "E", "#", "//", "/*", "*/", ",",
    ".", "*", "?", ":", "::", "=>", "...", "for", "in", "if", "1", "'", "`", "\\", "\ufeff", "é", "\t",
    "resource \"a\" \"b\" {\n", "}\n", "locals {\n",
    "\ud800", "\u2028", "$", "%", "$${", "&&", "-", "~", "\x00", "prose about (it\n", "```\n",
]  # fmt: skip
soup = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@st.composite
def mutated(draw: Callable[..., str]) -> str:
    text = draw(files)
    for _ in range(draw(st.integers(1, 3))):  # type: ignore[call-overload]
        at = draw(st.integers(0, len(text)))  # type: ignore[arg-type]
        gone = draw(st.integers(0, 3))  # type: ignore[arg-type]
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + gone :]  # type: ignore[operator]
    return text


texts = st.one_of(files, mutated(), soup, st.text(max_size=80))


def check(text: str) -> Tree:
    """Parse a text and check everything that a tree promises."""
    tree = parse(text)
    assert tree.code() == text
    assert tree.text == text
    assert "".join(item.text for item in tree.items) == text
    offset = 0
    for item in tree.items:
        assert item.start == offset
        assert item.code() == item.text
        offset += len(item.text)
        inside = 0
        for leaf in leaves(item):
            assert item.text.startswith(leaf.prefix, inside)
            inside += len(leaf.prefix)
            assert leaf.start == inside
            assert item.text.startswith(leaf.value, inside)
            inside = leaf.end
        assert inside == len(item.text)
        for node in item.node.find("body", "attribute", "traversal", "template", "object", "tuple"):
            assert item.text[node.start : node.end] == node.text
    assert [item.kind for item in tree.items].count("EOF") == 1
    assert tree.items[-1].kind == "EOF"
    assert bool(tree.diagnostics) or "broken" not in {item.kind for item in tree.items}
    assert all(0 <= d.offset <= d.end <= len(text) for d in tree.diagnostics)
    assert [d.offset for d in tree.diagnostics] == sorted(d.offset for d in tree.diagnostics)
    return tree


def leaves(item: Item) -> Iterator[Leaf]:
    yield from item.node.leaves()
    if item.newline is not None:
        yield item.newline


def shape(tree: Tree) -> list[object]:
    """A tree as data that can be compared."""

    def of(element: Node | Leaf) -> object:
        if isinstance(element, Leaf):
            return element.kind, element.value, element.prefix, element.start
        return element.kind, element.start, [of(child) for child in element.children]

    return [(item.start, item.text, of(item.node), item.newline and of(item.newline)) for item in tree.items]


@EXAMPLES
@given(texts)
def test_prints_back(text: str) -> None:
    check(text)


@EXAMPLES
@given(items)
def test_texts_of_the_grammar(text: str) -> None:
    tree = check(text)
    assert tree.items[0].kind in ("attribute", "block", "broken")


@EXAMPLES
@given(texts, st.data())
def test_reparsing_is_parsing(text: str, data: st.DataObject) -> None:
    tree = parse(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6)))
    edits = [
        (start, end, data.draw(st.sampled_from(["", *PIECES])))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    expected = text
    for start, end, replacement in reversed(edits):
        expected = expected[:start] + replacement + expected[end:]
    again = reparse(tree, edits)
    whole = parse(expected)
    assert again.text == expected
    assert shape(again) == shape(whole)
    assert again.diagnostics == whole.diagnostics


@EXAMPLES
@given(texts)
def test_pickles(text: str) -> None:
    tree = parse(text)
    again = pickle.loads(pickle.dumps(tree))
    assert shape(again) == shape(tree)
    assert again.diagnostics == tree.diagnostics


@EXAMPLES
@given(texts)
def test_runs_of_tokens_make_the_same_tree(text: str) -> None:
    quick = parse(text)
    with pytest.MonkeyPatch.context() as patched:
        slow = {known: scanner.Patterns(known, runs=False) for known in (True, False)}
        patched.setattr(scanner, "patterns", slow.__getitem__)
        long = parse(text)
    assert shape(quick) == shape(long)
    assert quick.diagnostics == long.diagnostics


PATTERNS = [
    (scanner.Patterns(known, runs, by_hand=False), scanner.Patterns(known, runs, by_hand=True))
    for known in (True, False)
    for runs in (True, False)
]


def same_matches(text: str) -> None:
    """At every place of the text each pattern by hand matches the same as its regular expression."""
    for expressions, by_hand in PATTERNS:
        for name in ("line", "free", "start", "quoted"):
            expression, hand = getattr(expressions, name), getattr(by_hand, name)
            for position in range(len(text) + 1):
                match, own = expression.match(text, position), hand.match(text, position)
                assert (match is None) == (own is None), (name, position)
                if match is None:
                    continue
                assert (own.lastindex, own.end()) == (match.lastindex, match.end()), (name, position)
                if name == "quoted":
                    assert own.group() == match.group()
                elif name == "start" and match.lastindex <= matching.CLOSING_END:
                    assert own.groups() == match.groups()[: matching.CLOSING_END]
                    assert own.group(1) == match[1]
                    if match[matching.NAME]:
                        assert own.group(matching.NAME) == match[matching.NAME]
                    value = match[matching.SETTING_END - 2]
                    if value and value.startswith("["):
                        inside = value, 1, len(value) - 1
                        assert by_hand.elements.findall(*inside) == expressions.elements.findall(*inside)
                else:
                    assert (own.group(1), own.group(own.lastindex)) == (match[1], match[match.lastindex]), (
                        name,
                        position,
                    )


@EXAMPLES
@given(texts)
def test_patterns_by_hand_match_what_the_regular_expressions_do(text: str) -> None:
    same_matches(text)


@pytest.mark.parametrize(
    "characters", ["19.eE+-", "aé-.", "<-aé\r\n", "=>!&|:~}.", '"\\$%{}~a.\r\n', "/*# \r\n", "\ufeffa= \t1\n"]
)
def test_patterns_by_hand_on_every_short_text(characters: str) -> None:
    for letters in itertools.product(characters, repeat=4):
        same_matches("".join(letters))


@pytest.mark.parametrize(
    ("before", "characters"),
    [("a=", '[,"1a ]f'), ("a=[", "for1,-] "), ('a="', '${a.}"%'), ("a", ' "b{=#'), ("}", "} #\r/*")],
)
def test_whole_lines_by_hand_with_every_short_text(before: str, characters: str) -> None:
    for letters in itertools.product(characters, repeat=4):
        same_matches(before + "".join(letters) + "\n")
