"""A body taken apart, each element with its comments, so that it can be written anew without losing one."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from tapfix.module import Attribute, Block, Expr, File

_COMMENT = re.compile(r"(?:#|//)[^\r\n]*|/\*.*?\*/", re.DOTALL)


class Part(NamedTuple):
    """An element of a body with the comments above it, at no indent; `tail` is the comment behind it on its line."""

    element: Attribute | Block
    lead: str
    tail: str
    spaced: bool
    """Whether a blank line stands above it."""

    def kept(self, text: str) -> str:
        """Lines of a body that take the element's place, with the comments of it that they do not hold above them."""
        said = [*_COMMENT.findall(self.lead), *comments_in(self.element.node), *_COMMENT.findall(self.tail)]
        lead = self.lead if text.startswith(self.lead) else ""
        return lead + missing_comments(said, text) + text.removeprefix(lead) if said else text


def missing_comments(said: list[str], text: str) -> str:
    """Of some comments those that lines of a body do not hold, as lines at no indent."""
    probe = File("probe.tf", f"x {{\n{text}}}\n")
    held = Counter(_squeezed(c) for block in probe.blocks for c in comments_in(block.node))
    lines = []
    for comment in said:
        if held[_squeezed(comment)]:
            held[_squeezed(comment)] -= 1
        else:
            lines.append(_lines_of_comments(comment))
    return "".join(lines)


def comments_in(node: Expr) -> list[str]:
    """The comments inside a node: all but those above it."""
    return [c.rstrip() for leaf in list(node.leaves())[1:] for c in _COMMENT.findall(leaf.prefix)]


def _squeezed(comment: str) -> str:
    return " ".join(comment.split())


def parts_of(block: Block) -> list[Part]:
    """The elements of a body with their comments."""
    file, parts = block.file, []
    if block.one_line:
        return [Part(e, "", "", False) for e in _elements(block)]
    at = file.line_end(_opening_end(block))
    for element in _elements(block):
        line = file.line_start(element.start)
        above = file.text[at:line]
        end = file.line_end(element.end)
        tail = file.text[element.end : end].strip()
        parts.append(
            Part(
                element,
                _lines_of_comments(above),
                f" {tail}" if tail else "",
                above.startswith(("\n", "\r\n", " ", "\t")) and not above.split("\n", 1)[0].strip(),
            )
        )
        at = end
    return parts


def opening_comment(block: Block) -> str:
    """The comment behind the brace that opens a body, as a line of its own."""
    if block.one_line:
        return ""
    at = _opening_end(block)
    return _lines_of_comments(block.file.text[at : block.file.line_end(at)])


def trailing_comments(block: Block) -> str:
    """The comments behind the last element of a body."""
    if block.one_line:
        return ""
    elements = _elements(block)
    at = block.file.line_end(elements[-1].end if elements else _opening_end(block))
    return _lines_of_comments(block.file.text[at : block.file.line_start(block.base + block.node.children[-1].start)])


def _opening_end(block: Block) -> int:
    return block.base + next(c for c in block.node.children if c.kind == "OBrace").end


def _elements(block: Block) -> list[Attribute | Block]:
    found: list[Attribute | Block] = [*block.attributes.values(), *block.blocks]
    return sorted(found, key=lambda e: e.start)


def _lines_of_comments(text: str) -> str:
    """Lines of comments at no indent, without the blank lines around them."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join(lines) + "\n" if lines else ""
