"""The sentences of a prompt, each with its line, its heading, and the sentence that introduces its list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from tapfix.contract.prompt.scopes import Scopes

LONGEST = 2500
"""A longer "sentence", in characters, is data or code. It is left out, which bounds the time of every pattern."""
_SENTENCE_END = re.compile(r"[.;!?][*_`\")]{0,3}\s+(?=[A-Z*`\-(\"'])")
_ABBREVIATIONS = ("e.g.", "i.e.", "vs.", "etc.")
_BULLET = re.compile(
    r"[ \t>]{0,12}(?:[\u2022\u25aa\u25b8\u25b9\u25e6\u2013\u2014\u2714\u2705\u25cf*+-]{1,3}[ \t]{1,8}"
    r"|\(?\d{1,3}[.)][ \t]{1,8})"
)
_WRAPPED = re.compile(r"(?:,|\b(?:the|a|an|and|or|of|in|to|for|with|by|on|from|across|at|as|that|which))$")
_MARKUP = re.compile(r"(`+)|\*\*\*?|(?<!\w)[*_](?=\w)|(?<=[\w.!?)])[*](?!\w)|\\(?=[_*<>])")
_HAS_MARKUP = re.compile(r"[`*_\\]")
_DASHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2011": "-"})


@dataclass(slots=True)
class Sentence:
    """A sentence, a list item, or the part of an item that is one."""

    text: str
    """As it stands in the prompt."""
    line: int
    plain: str
    """The text without marks of emphasis and code, and with plain quotes and hyphens."""
    heading: str = ""
    intro: Sentence | None = None
    """The sentence that introduces the list of which this is an item."""
    items: list[Sentence] = field(default_factory=list)
    """The first sentences of the items of the list that this sentence introduces."""
    is_item: bool = False
    lower: str = ""
    known_scopes: Scopes | None = None

    @property
    def scopes(self) -> Scopes:
        """What "no", "if", "except" and the like cover."""
        if self.known_scopes is None:
            from tapfix.contract.prompt.scopes import Scopes

            self.known_scopes = Scopes(self)
        return self.known_scopes


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"maxNesting": 20})
    parser.enable(["blockquote", "hr", "list", "heading", "lheading", "fence", "table"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def sentences(prompt: str) -> tuple[Sentence, ...]:
    """The sentences of a prompt in its order. Tables and fenced code have none."""
    return tuple(_BlockReader(_parser().parse(prompt)).read())


class _BlockReader:
    """Goes through the blocks of the prompt, and knows the heading and the lists around each."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.heading = ""
        self.last: Sentence | None = None
        """The last sentence, if a list after it would be introduced by it."""
        self.intros: list[Sentence | None] = []
        self.in_table = 0
        self.is_first = False

    def read(self) -> Iterator[Sentence]:
        for position, token in enumerate(self.tokens):
            kind = token.type
            if kind in ("bullet_list_open", "ordered_list_open"):
                self.intros.append(self.last)
            elif kind in ("bullet_list_close", "ordered_list_close"):
                self.intros.pop()
                self.last = None
            elif kind == "list_item_open":
                self.is_first = True
            elif kind == "table_open":
                self.in_table += 1
            elif kind == "table_close":
                self.in_table -= 1
            elif kind == "inline" and not self.in_table:
                line = token.map[0] + 1 if token.map else 0
                if self.tokens[position - 1].type == "heading_open":
                    yield from self._heading(token.content, line)
                else:
                    yield from self._paragraph(token.content, line)

    def _heading(self, content: str, line: int) -> Iterator[Sentence]:
        heading = Sentence(content.strip(), line, plain_text(content).strip())
        heading.lower = _lower(heading.plain)
        self.heading = heading.plain
        yield heading
        self.last = heading

    def _paragraph(self, content: str, line: int) -> Iterator[Sentence]:
        outer = self.intros[-1] if self.intros else None
        before = self.last
        for start, text, is_bullet in _units(content):
            intro = outer
            is_item = self.is_first and outer is not None
            if is_bullet:
                intro, is_item = before, True
            for offset, part in _split(text):
                sentence = Sentence(part, line + content.count("\n", 0, start + offset), plain_text(part))
                sentence.lower = _lower(sentence.plain)
                sentence.heading = self.heading
                sentence.intro = intro
                sentence.is_item = is_item
                if intro is not None and is_item:
                    intro.items.append(sentence)
                is_item = False
                yield sentence
                self.last = sentence
                if not is_bullet:
                    before = sentence
            self.is_first = False


def _units(content: str) -> Iterator[tuple[int, str, bool]]:
    """Start, text and "is it an item of a list that Markdown does not know" of the parts that are on own lines."""
    if "\n" not in content:
        mark = _BULLET.match(content)
        yield (mark.end(), content[mark.end() :], True) if mark else (0, content, False)
        return
    start, position, is_bullet = 0, 0, False
    unit: list[str] = []
    lines = content.split("\n")
    longest = max(map(len, lines))
    for raw in lines:
        mark = _BULLET.match(raw)
        if unit and mark is None and _continues(unit[-1], raw, longest):
            unit.append(raw)
        else:
            if unit:
                yield start, "\n".join(unit), is_bullet
            bare = raw[mark.end() :] if mark else raw
            unit = [bare] if bare.strip() else []
            start, is_bullet = position + (mark.end() if mark else 0), mark is not None
        position += len(raw) + 1
    if unit:
        yield start, "\n".join(unit), is_bullet


def _continues(last: str, line: str, longest: int) -> bool:
    """Whether a line goes on with the sentence of the line before it."""
    before, after = last.rstrip(), line.lstrip()
    if not after or before.endswith((".", "!", "?", ":", ";")):
        return False
    if after[0].islower() or _WRAPPED.search(before.lower()):
        return True
    return len(before) >= 60 and longest <= 160


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Start and text of each sentence."""
    position = 0
    for end in _SENTENCE_END.finditer(text):
        if not text.endswith(_ABBREVIATIONS, position, end.start() + 1):
            yield from _bare(text, position, end.end())
            position = end.end()
    yield from _bare(text, position, len(text))


def _bare(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    part = text[start:end]
    bare = part.strip()
    if 1 < len(bare) <= LONGEST:
        yield start + len(part) - len(part.lstrip()), bare


def plain_text(text: str) -> str:
    """The text without marks of emphasis and code, in one line."""
    if not text.isascii():
        text = text.translate(_DASHES)
    if _HAS_MARKUP.search(text):
        text = _MARKUP.sub("", text)
    return " ".join(text.split())


def _lower(text: str) -> str:
    """The text in small letters, of the same length."""
    lower = text.lower()
    return (
        lower
        if len(lower) == len(text)
        else "".join(small if len(small := character.lower()) == 1 else character for character in text)
    )
