"""Markdown as language models write it: headings, paragraphs and fences, with their lines.

markdown-it-py finds the blocks, with one rule replaced. In CommonMark only a bare line of backticks closes a fence.
Models put a fence of the same width into a README, forget the closing line and continue with the next file, or lose a
list's indent half way down. The rule here reads those as they were meant. Inline markup is not parsed: `names` finds
the few forms that can name a file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

LINE_END = re.compile(r"\r\n?|\n")
FENCE_LINE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*?)[ \t]*$")
MARKDOWN_LABELS = frozenset({"markdown", "md", "mdx"})

_ZERO_WIDTH_BEFORE_FENCE = re.compile(r"(?m)^([ \t>]*)[\u200b\u200c\u200d\u2060\ufeff]+(?=```|~~~)")
_PART_HEADING = re.compile(r"#{1,6}[ \t]*(?:final[ \t]+)?(?:answer|response)[ \t]*:?[ \t]*$", re.IGNORECASE)
_PART_TAG = re.compile(r"</?(?:think|thinking|reasoning|scratchpad|answer|response)>[ \t]*$", re.IGNORECASE)
_RULE = re.compile(r"(?:-[ \t]*){3,}$|(?:\*[ \t]*){3,}$|(?:_[ \t]*){3,}$")
_HEREDOC = re.compile(r"<<[-~]?[ \t]*['\"]?([A-Za-z_]\w*)['\"]?")
_ONE_WORD = re.compile(r"[A-Za-z_]\w*$")
_FILE_HEADING = r"(?:#{1,6}|\*\*|`).*\.\w+"
_SENTENCE = r"[A-Z][^{}=\"]*\s[^{}=\"]*[.:]$"
_NESTED_FENCES_AT_MOST = 64


class MarkdownBlock(NamedTuple):
    """One block of an answer: `heading`, `paragraph`, `rule` or `fence`.

    `line` is the 1-based line that it starts on; for a fence, the line with the backticks. The `text` of a fence is its
    content, with its line endings and without the fence's own indent, and `info` is its info string.
    """

    kind: str
    text: str
    line: int
    info: str = ""
    closed: bool = True
    level: int = 0
    """The level of a heading, 1 to 6; else 0."""

    @property
    def label(self) -> str:
        """The language that a fence's info string names, in lower case."""
        return re.split(r"[\s:,={]", self.info.lstrip("{. "), maxsplit=1)[0].lower()


def markdown_blocks(text: str) -> list[MarkdownBlock]:
    """The blocks of a text in order. Those inside quotes and lists are among the others."""
    source = LINE_END.sub("\n", text).replace("\0", "\ufffd")
    source = _ZERO_WIDTH_BEFORE_FENCE.sub(r"\1", source)
    parser = _parser()
    tokens: list[Token] = []
    parser.block.parse(source, parser, {"tapfix": _Document(text, source)}, tokens)
    return list(_from_tokens(tokens))


def _from_tokens(tokens: list[Token]) -> list[MarkdownBlock]:
    found = []
    for position, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            found.append(MarkdownBlock("heading", tokens[position + 1].content, line, level=int(token.tag[1:])))
        elif token.type == "paragraph_open":
            found.append(MarkdownBlock("paragraph", tokens[position + 1].content, line))
        elif token.type == "hr":
            found.append(MarkdownBlock("rule", "", line))
        elif token.type == "fence":
            found.append(MarkdownBlock("fence", token.content, line, token.info, bool(token.meta["closed"])))
    return found


@cache
def _parser() -> MarkdownIt:
    """A parser of blocks only. Indented code and HTML are off, because both would hide a fence."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"maxNesting": 20})
    parser.enable(["blockquote", "hr", "list", "heading", "lheading"])
    parser.block.ruler.before("blockquote", "answer_fence", _fence, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


class _Document:
    """Tables of the whole answer for the fence rule. Each is made once, so that the rule takes linear time."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        ends = list(LINE_END.finditer(text))
        self.endings = [end[0] for end in ends]
        self.offsets = [0, *(end.end() for end in ends), len(text)]
        self.fences: list[int] = []
        self.words: dict[str, list[int]] = {}
        for number, line in enumerate(source.split("\n")):
            bare = line.strip(" \t>")
            if bare.startswith(("```", "~~~")):
                self.fences.append(number)
            elif _ONE_WORD.match(bare):
                self.words.setdefault(bare, []).append(number)

    def next_fence(self, line: int) -> int | None:
        """The first line after `line` that starts with a fence."""
        at = bisect_right(self.fences, line)
        return self.fences[at] if at < len(self.fences) else None

    def next_word(self, word: str, line: int) -> int | None:
        """The first line after `line` that has `word` and nothing else: where a heredoc ends."""
        lines = self.words.get(word, ())
        at = bisect_right(lines, line)
        return lines[at] if at < len(lines) else None

    def slice(self, state: StateBlock, start: int, stop: int, indent: int) -> str:
        """The lines from `start` up to `stop` as they are in the answer, without the marks of a list or a quote."""
        if stop <= start:
            return ""
        if state.level == 0 and indent == 0:
            return self.text[self.offsets[start] : self.offsets[stop]]
        # Where a line is further left than its fence, all lines keep the indent beyond the leftmost one.
        indent = min([indent, *(state.sCount[line] for line in range(start, stop) if not state.isEmpty(line))])
        return "".join(
            state.getLines(line, line + 1, indent, False) + (self.endings[line] if line < len(self.endings) else "")
            for line in range(start, stop)
        )


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The block rule of markdown-it-py: a fence, with the end that its writer had in mind."""
    opening = FENCE_LINE.match(_line(state, start))
    if opening is None:
        return False
    if silent:
        return True
    fence = _OpenFence(state, start, end, opening[1][0], len(opening[1]), opening[2])
    content_end, after, closed = fence.find_end()
    document: _Document = state.env["tapfix"]
    state.line = after
    token = state.push("fence", "code", 0)
    token.info = opening[2]
    token.map = [start, after]
    token.meta = {"closed": closed}
    token.content = document.slice(state, start + 1, content_end, state.sCount[start])
    return True


def _line(state: StateBlock, line: int) -> str:
    """The text of a line, without its indent and the marks of a list or a quote around it."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


class _OpenFence(NamedTuple):
    """A fence whose end is not found yet. `mark` is its character, `width` the number of them."""

    state: StateBlock
    start: int
    end: int
    mark: str
    width: int
    info: str

    def find_end(self) -> tuple[int, int, bool]:
        """The line after the content, the line where reading continues, and whether there is a closing line."""
        document: _Document = self.state.env["tapfix"]
        holds_markdown = self.info.split(" ")[0].lower() in MARKDOWN_LABELS
        inner_open = False
        line = self.start
        while (line := line + 1) < self.end:
            text = _line(self.state, line)
            if not text:
                continue
            if self.state.sCount[line] < self.state.blkIndent and not self._closes_after(line, document):
                return line, line, False
            if text[0] in "#<" and self._starts_a_part(line, text):
                return line, line, False
            if text[0] != self.mark:
                if "<<" in text and not holds_markdown:
                    line = self._after_heredoc(line, text, document)
                continue
            fence = self._fence_at(line)
            if fence is None:
                continue
            bare = not fence
            if inner_open:
                inner_open = not bare
            elif bare and not (holds_markdown and self._opens_inside(line, document)):
                return line, line + 1, True
            elif holds_markdown:
                inner_open = True
            else:
                return *self._before_headings(line), False
        return self.end, self.end, False

    def _fence_at(self, line: int) -> str | None:
        """The info string of a line that has a fence at least as wide as this one; None if it has none."""
        match = FENCE_LINE.match(_line(self.state, line))
        if match is None or match[1][0] != self.mark or len(match[1]) < self.width:
            return None
        return match[2]

    def _closes_after(self, line: int, document: _Document) -> bool:
        """Whether a line further left than the fence's list is still in the fence: the next fence line closes it."""
        following = document.next_fence(line - 1)
        return following is not None and following < self.end and self._fence_at(following) == ""

    def _opens_inside(self, line: int, document: _Document) -> bool:
        """Whether a bare fence line in a Markdown file opens a fence of that file, instead of ending the file.

        It does if the next fence line is bare as well. After the end of the file comes the opening line of the next
        file, which has a language, or nothing.
        """
        following = document.next_fence(line)
        if following is None or following >= self.end or self._fence_at(following) != "":
            return False
        return not any(re.match(_FILE_HEADING, _line(self.state, between)) for between in range(line + 1, following))

    def _starts_a_part(self, line: int, text: str) -> bool:
        """Whether the answer proper begins here: the reasoning ended inside a fence that was never closed."""
        if _PART_TAG.match(text):
            return True
        if not _PART_HEADING.match(text):
            return False
        following = line + 1
        while following < self.end and not _line(self.state, following):
            following += 1
        return following >= self.end or _RULE.match(_line(self.state, following)) is not None

    def _after_heredoc(self, line: int, text: str, document: _Document) -> int:
        """The last line of a heredoc that starts on `line`, if it contains whole fences; else `line` itself."""
        match = _HEREDOC.search(text)
        last = document.next_word(match[1], line) if match else None
        following = document.next_fence(line)
        if last is None or last >= self.end or following is None or following > last:
            return line
        inner_open = False
        for _ in range(_NESTED_FENCES_AT_MOST):
            if following is None or following > last:
                return line if inner_open else last
            if inner_open and self._fence_at(following):
                return line
            inner_open = not inner_open
            following = document.next_fence(following)
        return line

    def _before_headings(self, line: int) -> tuple[int, int]:
        """Where the content ends if the next file's fence opens on `line` while this one is still open.

        The headings and sentences right before that line are about the next file, so they are not content. The result
        is the line after the content, and the line where reading continues.
        """
        first = line
        while first - 1 > self.start:
            text = _line(self.state, first - 1)
            if text and not (re.match(_FILE_HEADING, text) or _RULE.match(text) or re.match(_SENTENCE, text)):
                break
            first -= 1
        after = first
        while after < line and not _line(self.state, after):
            after += 1
        return first, after
