"""Bodies of blocks: taken apart into elements with their comments, and written anew without losing one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.module import Attribute, Block, Element, Expr, compose, walk
from tapfix.module.nodes import opening

_COMMENT = re.compile(r"(?:#|//)[^\r\n]*|/\*.*?\*/", re.DOTALL)


# --- taken apart ------------------------------------------------------------------------------------------------------


class BodyElement(NamedTuple):
    """An element of a body with its comments, as lines at no indent."""

    element: Attribute | Block
    lead: str
    """The comments above it."""
    tail: str
    """The comment after it on its last line, with a space before it."""
    spaced: bool
    """Whether a blank line is above it."""

    def with_comments(self, text: str) -> str:
        """The lines of a body that replace the element, below those of its comments that the lines do not contain."""
        comments = [*_COMMENT.findall(self.lead), *comments_in(self.element.node), *_COMMENT.findall(self.tail)]
        lead = self.lead if text.startswith(self.lead) else ""
        return lead + missing_comments(comments, text) + text.removeprefix(lead) if comments else text


def body_elements(block: Block) -> list[BodyElement]:
    """The elements of a body with their comments."""
    file, found = block.file, []
    if block.one_line:
        return [BodyElement(e, "", "", False) for e in _elements(block)]
    at = file.line_end(_opening_end(block))
    for element in _elements(block):
        above = file.text[at : file.line_start(element.start)]
        end = file.line_end(element.end)
        tail = file.text[element.end : end].strip()
        spaced = above.startswith(("\n", "\r\n", " ", "\t")) and not above.split("\n", 1)[0].strip()
        found.append(BodyElement(element, _comment_lines(above), f" {tail}" if tail else "", spaced))
        at = end
    return found


def opening_comment(block: Block) -> str:
    """The comment after the brace that opens a body, as a line of its own."""
    if block.one_line:
        return ""
    at = _opening_end(block)
    return _comment_lines(block.file.text[at : block.file.line_end(at)])


def trailing_comments(block: Block) -> str:
    """The comments after the last element of a body."""
    if block.one_line:
        return ""
    elements = _elements(block)
    at = block.file.line_end(elements[-1].end if elements else _opening_end(block))
    return _comment_lines(block.file.text[at : block.file.line_start(block.end - 1)])


def comments_in(node: Expr) -> list[str]:
    """The comments inside a node: all but those above it."""
    return [c.rstrip() for leaf in list(node.leaves())[1:] for c in _COMMENT.findall(leaf.prefix)]


def missing_comments(comments: Sequence[str], text: str) -> str:
    """Those of some comments that the lines of a body do not contain, as lines at no indent."""
    contained = Counter(_squeezed(comment) for comment in comments_in(compose.body_of(text).node))
    lines = []
    for comment in comments:
        if contained[_squeezed(comment)]:
            contained[_squeezed(comment)] -= 1
        else:
            lines.append(_comment_lines(comment))
    return "".join(lines)


def without_comments(text: str) -> str:
    """An expression without its comments, for a copy of it that need not repeat them."""
    if not any(mark in text for mark in ("#", "//", "/*")):
        return text
    out: list[str] = []
    for leaf in compose.expression(text).leaves():
        prefix = re.sub(r"[ \t]*(?:(?:#|//)[^\n]*|/\*.*?\*/)", "", leaf.prefix, flags=re.DOTALL)
        if prefix != leaf.prefix:
            prefix = re.sub(r"\n[ \t]*(?=\n)", "", prefix)
            prefix = re.sub(r"^[ \t]*\n", "", prefix) if out and out[-1].endswith("\n") else prefix
        out.append(prefix + leaf.value)
    return "".join(out).strip()


def _squeezed(comment: str) -> str:
    return " ".join(comment.split())


def _opening_end(block: Block) -> int:
    return block.base + opening(block.node).end


def _elements(block: Block) -> list[Attribute | Block]:
    found: list[Attribute | Block] = [*block.attributes.values(), *block.blocks]
    return sorted(found, key=lambda e: e.start)


def _comment_lines(text: str) -> str:
    """Lines of comments at no indent, without the blank lines around them."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join(lines) + "\n" if lines else ""


# --- written anew -----------------------------------------------------------------------------------------------------


class BodyLines(NamedTuple):
    """Lines of a new body, at no indent."""

    text: str
    is_block: bool = False
    """Whether they are a block, which blank lines separate from what is around it."""
    spaced: bool = False
    """Whether a blank line goes above them."""
    from_argument: bool = False
    """Whether they are a block that arguments became, which goes after the arguments."""


def settled(lines: Sequence[BodyLines]) -> Iterator[BodyLines]:
    """The lines of a body in which each block that arguments became follows the run of arguments around them."""
    waiting: list[BodyLines] = []
    for each in lines:
        if each.from_argument:
            waiting.append(each)
            continue
        if each.is_block or each.spaced:
            yield from waiting
            waiting.clear()
        yield each
    yield from waiting


def joined_lines(lines: Sequence[BodyLines]) -> str:
    """The text of a body: with a blank line around each block, and where one was."""
    out = ""
    for i, each in enumerate(lines):
        if i and (each.is_block or lines[i - 1].is_block or each.spaced):
            out += "\n"
        out += each.text
    return out


def block_of(type: str, rows: Sequence[str], *labels: str) -> str:
    """A block of lines, ending with a newline."""
    return compose.block(type, *labels, body="\n".join(rows))


def at_no_indent(holder: Element, node: Expr) -> str:
    """The source of a node, its further lines without the indent of its element; a heredoc keeps its bytes."""
    return _at_no_indent(holder.text(node), holder, is_expression=node is not holder.node)


def expression_at_no_indent(text: str, holder: Element) -> str:
    """An expression in HCL, its further lines without the indent of an element; a heredoc keeps its bytes."""
    return _at_no_indent(text, holder, is_expression=True)


def _at_no_indent(text: str, holder: Element, *, is_expression: bool) -> str:
    indent = holder.indent
    if not indent or "\n" not in text:
        return text
    fixed = _heredoc_lines(f"x = {text}" if is_expression else text)
    first, *rest = text.split("\n")
    return "\n".join([first, *(s if n in fixed else s.removeprefix(indent) for n, s in enumerate(rest, 1))])


def _heredoc_lines(text: str) -> frozenset[int]:
    """The numbers, from 0, of the lines of a body that belong to a heredoc, but for the line that opens it."""
    if "<<" not in text:
        return frozenset()
    body = compose.body_of(text)
    found: set[int] = set()
    for node in walk(body.node):
        if node.kind == "heredoc":
            first, last = (body.file.text.count("\n", 0, body.base + at) - 1 for at in (node.start, node.end))
            found.update(range(first + 1, last + 1))
    return frozenset(found)
