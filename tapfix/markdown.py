"""Markdown as language models write it: headings, paragraphs and fences, with their lines.

The blocks are CommonMark's, read in the way of markdown-it (https://github.com/executablebooks/markdown-it-py), against which the tests
compare them; but for the rule of fences. CommonMark closes a fence at the first bare line of backticks and knows no other end; models nest
a fence in a README of the same width, forget the closing line and go on with the next file, or lose a list's indent half way down. The rule
here reads those as they were meant. Indented code and HTML are no blocks here: both would hide a fence from us. Inline markup is not read at
all: the few forms that can name a file are found by the caller.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

LINE_END = re.compile(r"\r\n?|\n")
FENCE_LINE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*?)[ \t]*$")
MARKDOWN_LABELS = frozenset({"markdown", "md", "mdx"})

_ZERO_WIDTH_BEFORE_FENCE = re.compile(r"(?m)^([ \t>]*)[\u200b\u200c\u200d\u2060\ufeff]+(?=```|~~~)")
_PART_HEADING = re.compile(r"#{1,6}[ \t]*(?:final[ \t]+)?(?:answer|response)[ \t]*:?[ \t]*$", re.IGNORECASE)
_PART_TAG = re.compile(r"</?(?:think|thinking|reasoning|scratchpad|answer|response)>[ \t]*$", re.IGNORECASE)
_HEREDOC = re.compile(r"<<[-~]?[ \t]*['\"]?([A-Za-z_]\w*)['\"]?")
_ONE_WORD = re.compile(r"[A-Za-z_]\w*$")
_FILE_HEADING = re.compile(r"(?:#{1,6}|\*\*|`).*\.\w+")
_SENTENCE = re.compile(r"[A-Z][^{}=\"]*\s[^{}=\"]*[.:]$")
_NESTED_FENCES_AT_MOST = 64
_DEEPEST = 20
"""So many containers in one another, a list and its item counted apart, and what stands deeper is passed over."""
_BLANKS = " \t"
_WHITE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What is taken off both ends of a paragraph."""


class Block(NamedTuple):
    """One block of an answer: ``heading``, ``paragraph``, ``rule`` or ``fence``.

    ``line`` is the 1-based line it starts on. For a fence, ``text`` is its content, line endings kept and the
    fence's own indent removed, ``info`` its info string, and ``line`` that of the opening line of backticks.
    """

    kind: str
    text: str
    line: int
    info: str = ""
    closed: bool = True
    level: int = 0
    """Of a heading: 1 to 6."""

    @property
    def label(self) -> str:
        """The language a fence says that it holds, in lower case."""
        return re.split(r"[\s:,={]", self.info.lstrip("{. "), maxsplit=1)[0].lower()


def blocks(text: str) -> list[Block]:
    """The blocks of ``text`` in order; those inside quotes and lists stand among the others."""
    reader = _Reader(text)
    reader.read(0, reader.count)
    return reader.blocks


class _Line:
    """A line as the containers around it leave it: ``raw`` is without their marks, ``text`` without its indent as well."""

    __slots__ = ("columns", "raw", "shift", "tabs", "text")

    def __init__(self, raw: str, shift: int, columns: int, tabs: int) -> None:
        self.raw = raw
        self.shift = shift
        """How many characters of it are indent; a list's mark counts among them."""
        self.columns = columns
        """How wide that is; -1 of a line that goes on with a quote's paragraph without the quote's mark."""
        self.tabs = tabs
        """The column that its tabs count from, less than nothing."""
        self.text = raw[shift:]

    @classmethod
    def plain(cls, raw: str) -> _Line:
        """A line that no container has looked at."""
        shift = len(raw) - len(raw.lstrip(_BLANKS))
        return cls(raw, shift, _width(raw[:shift], 0), 0)

    def without(self, indent: int) -> str:
        """The line without so many columns of its indent; of a tab that reaches further, blanks are left."""
        width = at = 0
        while at < len(self.raw) and width < indent:
            if self.raw[at] == "\t":
                width += 4 - (width + self.tabs) % 4
            elif self.raw[at] == " " or at < self.shift:
                width += 1
            else:
                break
            at += 1
        return " " * (width - indent) + self.raw[at:]

    def in_quote(self) -> _Line:
        """What is behind the mark of a quote, and behind the one blank that belongs to it."""
        start, behind = self.columns + 1, self.raw[self.shift + 1 :]
        inside, in_tab = behind, 0
        if behind.startswith("\t") and (self.tabs + start) % 4 != 3:
            in_tab = 1  # Of the tab, one column belongs to the mark.
        elif behind.startswith((" ", "\t")):
            start, inside = start + 1, behind[1:]
        shift = len(inside) - len(inside.lstrip(_BLANKS))
        tabs = self.columns + 1 + behind.startswith((" ", "\t"))
        return _Line(inside, shift, _width(inside[:shift], start + self.tabs + in_tab), tabs)

    def in_item(self, marker: str) -> tuple[_Line, int]:
        """What is behind the marker of a list's item, and the column that the item's lines are indented by."""
        start, behind = self.columns + len(marker), self.text[len(marker) :]
        blanks = len(behind) - len(behind.lstrip(_BLANKS))
        width = _width(behind[:blanks], start + self.tabs)
        inner = _Line(self.raw, self.shift + len(marker) + blanks, start + width, self.tabs)
        return inner, start + (width if inner.text and width <= 4 else 1)


def _width(blanks: str, start: int) -> int:
    """How many columns blanks and tabs take that begin in a column."""
    if "\t" not in blanks:
        return len(blanks)
    at = start
    for blank in blanks:
        at += 4 - at % 4 if blank == "\t" else 1
    return at - start


def _is_rule(text: str) -> bool:
    marks = text.replace(" ", "").replace("\t", "")
    return len(marks) >= 3 and marks[0] in "*-_" and not marks.strip(marks[0])


def _heading_level(text: str) -> int:
    """The level of a heading that begins with its marks, 0 of anything else."""
    level = len(text) - len(text.lstrip("#"))
    return level if 1 <= level <= 6 and text[level : level + 1] in ("", " ", "\t") else 0


def _heading_text(text: str) -> str:
    """The text of a heading without the marks before it and behind it."""
    text = text.lstrip("#").rstrip(_BLANKS)
    shorter = text.rstrip("#")
    return (shorter if shorter.endswith((" ", "\t")) else text).strip(_WHITE)


def _underline_level(text: str) -> int:
    """The level of the heading whose text a line underlines, 0 of any other line."""
    mark = text[:1]
    return {"=": 1, "-": 2}[mark] if mark in ("=", "-") and not text.lstrip(mark).strip(_BLANKS) else 0


def _list_marker(text: str) -> str:
    """The marker of a list's item that a line begins with: ``-``, ``*``, ``+``, ``1.`` or ``1)``; empty where there is none."""
    digits = len(text) - len(text.lstrip("0123456789"))
    length = digits + 1
    found = text[digits:length] in ((".", ")") if digits else ("-", "*", "+")) and digits <= 9
    return text[:length] if found and text[length : length + 1] in ("", " ", "\t") else ""


class _Reader:
    """Reads the blocks of an answer, line by line."""

    def __init__(self, text: str) -> None:
        source = LINE_END.sub("\n", text) if "\r" in text else text
        source = _ZERO_WIDTH_BEFORE_FENCE.sub(r"\1", source.replace("\0", "\ufffd"))
        raw = source.split("\n")
        if not raw[-1].strip(_BLANKS):
            raw.pop()
        self.blocks: list[Block] = []
        self.text = text
        self.lines = [*map(_Line.plain, raw), _Line("", 0, 0, 0)]
        """The lines, and an empty one behind the last."""
        self.count = len(raw)
        """How many lines there are; in a quote that something ended, up to that."""
        self.line = 0
        """The line where reading goes on."""
        self.indent = 0
        """The column that the lines of the list's item around are indented by."""
        self.level = 0
        self._source = source
        self._list_indent = -1
        """The column that the items of the list around are indented by; -1 where there is none."""

    # -- What the fence rule looks up about the whole answer; each table is made once, so that the rule stays linear.

    @cached_property
    def _as_written(self) -> list[str]:
        """The lines as they stand in the answer, with their endings."""
        endings = [*LINE_END.findall(self.text), ""]
        return [line + ending for line, ending in zip(LINE_END.split(self.text), endings, strict=True)]

    @cached_property
    def _fences(self) -> list[int]:
        """The lines that start with a fence."""
        marked = (line.lstrip(" \t>") for line in self._source.split("\n"))
        return [number for number, line in enumerate(marked) if line.startswith(("```", "~~~"))]

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        """The lines that hold one word and nothing else, by the word."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self._source.split("\n")):
            if _ONE_WORD.match(word := line.strip(" \t>")):
                found.setdefault(word, []).append(number)
        return found

    def next_fence(self, line: int) -> int | None:
        """The first line after ``line`` that starts with a fence."""
        at = bisect_right(self._fences, line)
        return self._fences[at] if at < len(self._fences) else None

    def next_word(self, word: str, line: int) -> int | None:
        """The first line after ``line`` that holds ``word`` and nothing else: where a heredoc ends."""
        lines = self._words.get(word, ())
        at = bisect_right(lines, line)
        return lines[at] if at < len(lines) else None

    def _between(self, start: int, stop: int, indent: int) -> str:
        """The lines from ``start`` to ``stop`` as they stand in the answer, without their container's marks."""
        if self.level == 0 and indent == 0:
            return "".join(self._as_written[start:stop])
        # Lines that stand further left than their fence keep their own indents: none of them is the fence's.
        lines = self.lines[start:stop]
        indent = min([indent, *(line.columns for line in lines if line.text)])
        written = self._as_written[start:stop]
        endings = (line[len(line.rstrip("\r\n")) :] for line in written)
        return "".join(line.without(indent) + ending for line, ending in zip(lines, endings, strict=True))

    # -- Blocks

    def read(self, start: int, end: int) -> None:
        """Read the lines from ``start`` to ``end``, or until one stands further left than the item around."""
        line = start
        while line < end:
            while line < self.count and not self.lines[line].text:
                line += 1
            self.line = line
            if line >= end or self.lines[line].columns < self.indent:
                return
            if self.level >= _DEEPEST:
                self.line = end
                return
            self._block(line, end)
            line = self.line
            if line < end and not self.lines[line].text:
                line += 1
                self.line = line

    def _block(self, line: int, end: int) -> None:
        text = self.lines[line].text
        if text.startswith(("```", "~~~")) and (opening := FENCE_LINE.match(text)):
            self._fence(line, end, opening)
        elif text[0] == ">":
            self._quote(line, end)
        elif _is_rule(text):
            self.line = line + 1
            self.blocks.append(Block("rule", "", line + 1))
        elif self._starts_list(line):
            self._list(line, end)
        elif level := _heading_level(text):
            self.line = line + 1
            self.blocks.append(Block("heading", _heading_text(text), line + 1, level=level))
        else:
            self._paragraph(line, end)

    def _fence(self, line: int, end: int, opening: re.Match[str]) -> None:
        """A fence, with the end that its writer had in mind."""
        fence = _OpenFence(self, line, end, opening[1][0], len(opening[1]), opening[2])
        content_end, self.line, closed = fence.find_end()
        text = self._between(line + 1, content_end, self.lines[line].columns)
        self.blocks.append(Block("fence", text, line + 1, opening[2], closed))

    def _paragraph(self, start: int, end: int) -> None:
        """A paragraph, or a heading that is underlined."""
        line, level = start + 1, 0
        while line < self.count and self.lines[line].text:
            columns = self.lines[line].columns
            if columns - self.indent <= 3:
                if line < end and columns >= self.indent and (level := _underline_level(self.lines[line].text)):
                    break
                if columns >= 0 and self._begins_another(line, in_paragraph=True):
                    break
            line += 1
        text = "\n".join(each.without(self.indent) for each in self.lines[start:line]).strip(_WHITE)
        self.line = line + 1 if level else line
        self.blocks.append(Block("heading" if level else "paragraph", text, start + 1, level=level))

    def _begins_another(self, line: int, *, in_paragraph: bool) -> bool:
        """Whether a line that might go on with what is before it begins a block of its own."""
        text = self.lines[line].text
        return self._divides(text) or self._starts_list(line, in_paragraph=in_paragraph) or _heading_level(text) > 0

    def _divides(self, text: str) -> bool:
        """Whether a line opens a fence or a quote, or is a rule: that ends whatever is before it."""
        is_fence = text.startswith(("```", "~~~")) and FENCE_LINE.match(text) is not None
        return is_fence or text.startswith(">") or _is_rule(text)

    def _starts_list(self, line: int, *, in_paragraph: bool = False) -> bool:
        """Whether a list begins on a line. One that is to end a paragraph begins with a 1, and not with an empty item."""
        columns, text = self.lines[line].columns, self.lines[line].text
        if self._list_indent >= 0 and columns - self._list_indent >= 4 and columns < self.indent:
            return False
        marker = _list_marker(text)
        if not marker or not in_paragraph or columns < self.indent:
            return bool(marker)
        return (not marker[0].isdigit() or int(marker[:-1]) == 1) and text[len(marker) :].strip(_BLANKS) != ""

    # -- Containers

    def _quote(self, start: int, end: int) -> None:
        outside = [self.lines[start]]
        self.lines[start] = self.lines[start].in_quote()
        was_empty = not self.lines[start].text
        count, indent = self.count, self.indent
        line = start + 1
        while line < end and self.lines[line].text:
            known = self.lines[line]
            if known.text[0] == ">" and known.columns >= indent:
                self.lines[line] = known.in_quote()
                was_empty = not self.lines[line].text
            elif was_empty:
                break
            elif self._begins_another(line, in_paragraph=False):
                # Paragraphs look below their container's end for lines that go on with them: here they shall not.
                self.count = line
                outside.append(known)
                self.lines[line] = _Line(known.raw, known.shift, known.columns - indent, known.tabs)
                break
            else:
                self.lines[line] = _Line(known.raw, known.shift, -1, known.tabs)
            outside.append(known)
            line += 1
        self.indent = 0
        self.level += 1
        self.read(start, line)
        self.level -= 1
        self.lines[start : start + len(outside)] = outside
        self.count, self.indent = count, indent

    def _list(self, start: int, end: int) -> None:
        marker = _list_marker(self.lines[start].text)
        kind = marker[-1]
        self.level += 1
        line = start
        while marker.endswith(kind):
            self._item(line, end, marker)
            line = self.line
            if line >= end or self.lines[line].columns < self.indent or self._divides(self.lines[line].text):
                break
            marker = _list_marker(self.lines[line].text)
        self.level -= 1
        self.line = line

    def _item(self, start: int, end: int, marker: str) -> None:
        known, indents = self.lines[start], (self.indent, self._list_indent)
        self.lines[start], indent = known.in_item(marker)
        self.indent, self._list_indent = indent, self.indent
        self.level += 1
        if self.lines[start].text or self.lines[start + 1].text:
            self.read(start, end)
        else:
            self.line = min(start + 2, end)  # An item that is empty, and so is the line behind it.
        self.level -= 1
        self.indent, self._list_indent = indents
        self.lines[start] = known


@dataclass(slots=True)
class _OpenFence:
    """A fence whose end is being looked for."""

    reader: _Reader
    start: int
    end: int
    mark: str
    width: int
    info: str

    def find_end(self) -> tuple[int, int, bool]:
        """The line after the content, the line where reading goes on, and whether a closing line was there."""
        holds_markdown = self.info.split(" ")[0].lower() in MARKDOWN_LABELS
        inner_open = False
        line = self.start
        while (line := line + 1) < self.end:
            text = self._text(line)
            if not text:
                continue
            if self.reader.lines[line].columns < self.reader.indent and not self._closes_after(line):
                return line, line, False
            if text[0] in "#<" and self._starts_a_part(line, text):
                return line, line, False
            if text[0] != self.mark:
                if "<<" in text and not holds_markdown:
                    line = self._after_heredoc(line, text)
                continue
            fence = self._fence_at(line)
            if fence is None:
                continue
            bare = not fence
            if inner_open:
                inner_open = not bare
            elif bare and not (holds_markdown and self._opens_inside(line)):
                return line, line + 1, True
            elif holds_markdown:
                inner_open = True
            else:
                return *self._before_headings(line), False
        return self.end, self.end, False

    def _text(self, line: int) -> str:
        """The text of a line, without its container's marks and its indent."""
        return self.reader.lines[line].text

    def _fence_at(self, line: int) -> str | None:
        """The info string of a fence line as wide as the open one at least; ``None`` where there is no such line."""
        match = FENCE_LINE.match(self._text(line))
        if match is None or match[1][0] != self.mark or len(match[1]) < self.width:
            return None
        return match[2]

    def _closes_after(self, line: int) -> bool:
        """Whether a line that left its list's indent is still inside the fence: the next fence line closes it."""
        following = self.reader.next_fence(line - 1)
        return following is not None and following < self.end and self._fence_at(following) == ""

    def _opens_inside(self, line: int) -> bool:
        """Whether a bare fence line in a Markdown file opens a fence of that file, instead of ending the file.

        It does if the next fence line is bare as well: a closing line of the file would be followed by the opening
        line of the next one, which has a language, or by nothing.
        """
        following = self.reader.next_fence(line)
        if following is None or following >= self.end or self._fence_at(following) != "":
            return False
        return not any(_FILE_HEADING.match(self._text(between)) for between in range(line + 1, following))

    def _starts_a_part(self, line: int, text: str) -> bool:
        """Whether the answer's next part begins here: the reasoning ended inside a fence that was never closed."""
        if _PART_TAG.match(text):
            return True
        if not _PART_HEADING.match(text):
            return False
        following = line + 1
        while following < self.end and not self._text(following):
            following += 1
        return following >= self.end or _is_rule(self._text(following))

    def _after_heredoc(self, line: int, text: str) -> int:
        """The end of a heredoc that starts on ``line``, if it holds whole fences; ``line`` itself otherwise."""
        match = _HEREDOC.search(text)
        last = self.reader.next_word(match[1], line) if match else None
        following = self.reader.next_fence(line)
        if last is None or last >= self.end or following is None or following > last:
            return line
        inner_open = False
        for _ in range(_NESTED_FENCES_AT_MOST):
            if following is None or following > last:
                return line if inner_open else last
            if inner_open and self._fence_at(following):
                return line
            inner_open = not inner_open
            following = self.reader.next_fence(following)
        return line

    def _before_headings(self, line: int) -> tuple[int, int]:
        """Where the content ended when the next file's fence opens on ``line`` with this one still open.

        The headings and sentences right before that line speak of the next file; Markdown goes on with them.
        """
        first = line
        while first - 1 > self.start:
            text = self._text(first - 1)
            if text and not (_FILE_HEADING.match(text) or _is_rule(text) or _SENTENCE.match(text)):
                break
            first -= 1
        after = first
        while after < line and not self._text(after):
            after += 1
        return first, after
