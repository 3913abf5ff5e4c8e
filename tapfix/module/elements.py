"""The elements of a file: `File`, `Block`, `Attribute`, `Reference`.

Expressions stay nodes of the tree; the element that holds a node knows where the node is in the file:
`block.span(node)`, `attribute.text(node)`, `block.edit(node, "new text")`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module.lines import ends_line, indented, opens_body
from tapfix.module.mentions import Mention, mentions
from tapfix.module.nodes import (
    Expr,
    attribute_expr,
    attribute_name,
    block_body,
    block_labels,
    closing,
    comma_after,
    element_name,
    label_nodes,
    members,
    opening,
    string_value,
)
from tapfix.syntax import Item, Tree, parse, reparse


class Span(NamedTuple):
    """A stretch of a file, in characters, half open."""

    file: str
    start: int
    end: int


class Reference(NamedTuple):
    """A traversal that names something: `aws_subnet.public[0].id` names `aws_subnet.public`.

    `address` is the address as Terraform writes it (`var.x`, `local.x`, `data.T.N`, `module.x`, `T.N`, `each.key`;
    `provider.aws.west` for a provider alias). `start` and `end` enclose what spells the address, in the file; `node`
    is the whole traversal, `steps` what follows the address in it. `holder` is the innermost attribute that contains
    it, `block` the top-level block.
    """

    address: str
    start: int
    end: int
    node: Expr
    steps: tuple[Expr, ...]
    holder: Attribute | None
    block: Block | None
    file: File

    def edit(self, spelling: str) -> Edit:
        """Spell the address otherwise, and leave the steps after it."""
        return Edit(self.file.path, self.start, self.end, spelling)


class Element:
    """A stretch of a file that has a node: a block or an attribute."""

    __slots__ = ("__dict__", "base", "file", "node", "parent")

    def __init__(self, file: File, base: int, node: Expr, parent: Block | None) -> None:
        self.file = file
        self.base = base
        self.node = node
        self.parent = parent

    @property
    def start(self) -> int:
        """The offset in the file of its first character, after its prefix."""
        return self.base + self.node.start

    @property
    def end(self) -> int:
        return self.base + self.node.end

    def span(self, node: Expr | None = None) -> Span:
        """The place of the element, or of a node in it."""
        node = node or self.node
        return Span(self.file.path, self.base + node.start, self.base + node.end)

    def text(self, node: Expr | None = None) -> str:
        """The source of the element, or of a node in it, without the prefix of its first leaf."""
        node = node or self.node
        return self.file.text[self.base + node.start : self.base + node.end]

    def edit(self, node: Expr | None, text: str) -> Edit:
        """Replace a node (`None`: the whole element) by a text."""
        return Edit(*self.span(node), text)

    @property
    def outermost(self) -> Element:
        """The top-level block or attribute that contains this element, or is it."""
        element: Element = self
        while element.parent is not None:
            element = element.parent
        return element

    @property
    def indent(self) -> str:
        """The white space before it on its line."""
        line = self.file.line_start(self.start)
        text = self.file.text[line : self.start]
        return text[: len(text) - len(text.lstrip())]

    @property
    def comment_start(self) -> int:
        """Where the comment lines directly above it begin (no blank line between), else the start of its line."""
        return self.file.comment_start(self.start)

    @property
    def leading_comment(self) -> str:
        """The comment lines directly above it, with their newlines; empty if there are none."""
        return self.file.text[self.comment_start : self.file.line_start(self.start)]

    def remove_member(self, container: Expr, member: Expr) -> Edit:
        """Take one member out of a list, an object or a call in the element, as `remove_members` does."""
        first, *rest = self.remove_members(container, [member])
        for edit in rest:
            first = first._replace(end=edit.end, text=self.file.text[first.end : edit.start])
        return first

    def remove_members(self, container: Expr, gone: Sequence[Expr]) -> list[Edit]:
        """Take members out of a list, an object or a call in the element.

        A member with lines of its own goes with them and with the comment lines above it; another one goes with its
        comma. Where the last members go, the comma before them goes too, unless the author put one after the last
        member. The edits only delete, and are in the order of the source.
        """
        everything = members(container)
        edits = [
            self._without(member, comma_after(container, member))
            for member in everything
            if any(member is other for other in gone)
        ]
        staying = [member for member in everything if not any(member is other for other in gone)]
        comma = comma_after(container, staying[-1]) if staying else None
        if comma is None or staying[-1] is everything[-1] or comma_after(container, everything[-1]) is not None:
            return edits
        path, start, end = self.span(comma)
        at, following = next((at, edit.start) for at, edit in enumerate(edits) if edit.start >= end)
        if following != self.file.line_start(following) and not self.file.text[end:following].strip():
            end = following
        return [*edits[:at], Edit(path, start, end, ""), *edits[at:]]

    def _without(self, member: Expr, comma: Expr | None) -> Edit:
        """Delete a member and the comma after it: with its lines if it has lines of its own."""
        text, file = self.file.text, self.file
        start, end = self.base + member.start, self.base + (comma or member).end
        line_end = file.line_end(end)
        if not text[file.line_start(start) : start].strip() and ends_line(text[end:line_end]):
            return Edit(file.path, file.comment_start(start), line_end, "")
        while comma is not None and text[end : end + 1] in (" ", "\t"):
            end += 1
        return Edit(file.path, start, end, "")

    def remove(self, *, comments: bool = True) -> Edit:
        """Take it out, with its line, the comment lines directly above it (unless `comments` is False) and one of two
        blank lines around.
        """
        text = self.file.text
        start = self.comment_start if comments else self.file.line_start(self.start)
        if text[self.file.line_start(self.start) : self.start].strip():
            return Edit(self.file.path, self.start, self.end, "")  # in a one-line block
        end = self.file.line_end(self.end)
        blank_above = start == 0 or text[:start].endswith(("\n\n", "\n\r\n")) or opens_body(text, start)
        following = end
        while following < len(text) and not text[following : self.file.line_end(following)].strip():
            following = self.file.line_end(following)
        closes = following >= len(text) or text[following : self.file.line_end(following)].lstrip().startswith("}")
        if blank_above:
            end = following
        if closes and not opens_body(text, start):
            above = self.file.line_start(start - 1) if start else 0
            if start and not text[above:start].strip():
                start = above
            end = following
        return Edit(self.file.path, start, end, "")


class Attribute(Element):
    """`name = expr`."""

    @property
    def name(self) -> str:
        return attribute_name(self.node)

    @property
    def expr(self) -> Expr:
        return attribute_expr(self.node)

    @property
    def value(self) -> str:
        """The source of the expression."""
        return self.text(self.expr)

    def rename(self, name: str) -> Edit:
        """The edit that gives the attribute another name."""
        return Edit(self.file.path, self.start, self.start + len(self.name), name)

    def replace(self, text: str) -> Edit:
        """Give it another expression."""
        return self.edit(self.expr, text)

    def insert_after(self, text: str) -> Edit:
        """Insert lines after its own, with its indent.

        A heredoc in `text` is not indented with it: its lines are kept as they are.
        """
        assert self.parent is not None or self.file.kind == "tfvars"
        at = self.file.line_end(self.end)
        before = "" if self.file.text[:at].endswith("\n") else "\n"
        return Edit(self.file.path, at, at, before + indented(text, self.indent))


class Block(Element):
    """`type "label" … { body }`, at the top level or nested."""

    def __init__(self, file: File, base: int, node: Expr, parent: Block | None) -> None:
        super().__init__(file, base, node, parent)
        self.type = element_name(node)

    @cached_property
    def label_nodes(self) -> tuple[Expr, ...]:
        """The nodes of the labels: a template of one QuotedLit, or an Identifier."""
        return label_nodes(self.node)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return block_labels(self.node)

    @cached_property
    def body(self) -> Expr:
        return block_body(self.node)

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes of the body by name, in order; of a name that is set twice, the first."""
        found: dict[str, Attribute] = {}
        for child in self.body.children:
            if child.kind == "attribute":
                name = attribute_name(child)
                if name not in found:
                    found[name] = Attribute(self.file, self.base, child, self)
        return found

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks directly in the body."""
        return tuple(Block(self.file, self.base, c, self) for c in self.body.children if c.kind == "block")

    def blocks_of(self, type: str) -> tuple[Block, ...]:
        """The nested blocks of a type, written out or as `dynamic "type"`."""
        return tuple(b for b in self.blocks if b.type == type or (b.type == "dynamic" and b.labels == (type,)))

    def get(self, name: str) -> Attribute | None:
        return self.attributes.get(name)

    @cached_property
    def address(self) -> str:
        """As Terraform writes it; for a nested block that of the block around it."""
        if self.parent is not None:
            return self.parent.address
        match self.type, self.labels:
            case "resource", (type, name):
                return f"{type}.{name}"
            case "data", (type, name):
                return f"data.{type}.{name}"
            case "variable", (name,):
                return f"var.{name}"
            case (("output" | "module" | "check"), (name,)):
                return f"{self.type}.{name}"
            case "provider", (name,):
                alias = self.attributes.get("alias")
                alias_name = string_value(alias.expr) if alias else None
                return f"provider.{name}.{alias_name}" if alias_name else f"provider.{name}"
        return ".".join((self.type, *self.labels))

    @property
    def resource_type(self) -> str | None:
        """`aws_vpc` of a resource, `None` of anything else."""
        return self.labels[0] if self.type == "resource" and len(self.labels) == 2 else None

    @property
    def name(self) -> str:
        """The last label: what the author called it."""
        return self.labels[-1] if self.labels else ""

    @cached_property
    def one_line(self) -> bool:
        """Whether the body begins on the line of its opening brace."""
        siblings = iter(self.node.children)
        next(child for child in siblings if child.kind == "OBrace")
        return next(siblings).kind != "Newline"

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All references in the block, in order."""
        return tuple(_references(self.file, self.base, self.file.mentions_in(self.node), self))

    def walk(self) -> Iterator[Block]:
        """The block and all blocks in it, outermost first."""
        yield self
        for block in self.blocks:
            yield from block.walk()

    @property
    def inner_indent(self) -> str:
        """The indent of the elements of the body."""
        if not self.one_line:
            for child in self.body.children:
                if child.kind in ("attribute", "block"):
                    return Element(self.file, self.base, child, self).indent
        return self.indent + "  "

    def insert(self, text: str, *, after: Element | None = None, first: bool = False) -> Edit:
        """Insert lines into the body: after an element of it, as its first lines, or (by default) as its last ones.

        `text` is written without indent; it gets that of the body. A one-line block is opened up.
        """
        lines = indented(text, self.inner_indent)
        file = self.file
        if self.one_line:
            brace, close = opening(self.node), closing(self.node)
            inside = file.text[self.base + brace.end : self.base + close.start].strip()
            held = [f"{self.inner_indent}{inside}\n"] if inside else []
            parts = [lines, *held] if first else [*held, lines]
            return Edit(file.path, self.base + brace.end, self.base + close.start, "\n" + "".join(parts) + self.indent)
        if after is not None:
            at = file.line_end(after.end)
        elif first:
            at = file.line_end(self.base + opening(self.node).end)
        else:
            at = file.line_start(self.base + closing(self.node).start)
        return Edit(file.path, at, at, lines)

    def insert_after(self, text: str) -> Edit:
        """Insert lines after it, with a blank line between; `text` is at the block's own level and keeps its own
        indents.
        """
        at = self.file.line_end(self.end)
        before = "" if self.file.text[:at].endswith("\n") else "\n"
        return Edit(self.file.path, at, at, f"{before}\n{text.rstrip()}\n")

    def insert_before(self, text: str) -> Edit:
        """Put lines before it and its leading comment, with a blank line between."""
        at = self.comment_start
        return Edit(self.file.path, at, at, f"{text.rstrip()}\n\n")


class File:
    """One file of the project."""

    def __init__(self, path: str, text: str, tree: Tree | None = None) -> None:
        self.path = path
        self.text = text
        self._tree = tree
        self._mentions: dict[Expr, tuple[Mention, ...]] = {}
        self.kind = kind_of(path)

    def edited(self, edits: Sequence[tuple[int, int, str]]) -> File:
        """The file with sorted edits made. Items that no edit touched are reused, with what they refer to."""
        tree = reparse(self.tree, edits)
        file = File(self.path, tree.text, tree)
        file._mentions = self._mentions  # by nodes, and so true of every tree that has them
        return file

    def mentions_in(self, node: Expr) -> tuple[Mention, ...]:
        """What a block refers to, found once for all the snapshots that hold it as it is."""
        if node not in self._mentions:
            self._mentions[node] = tuple(mentions(node))
        return self._mentions[node]

    @cached_property
    def tree(self) -> Tree:
        return self._tree if self._tree is not None else parse(self.text)

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @cached_property
    def newline(self) -> str:
        """The line ending of the file: that of its first line."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return self.tree.items

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level blocks, in order."""
        return tuple(Block(self, i.start, i.node, None) for i in self.items if i.node.kind == "block")

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The top-level attributes (a tfvars file's values), in order."""
        found: dict[str, Attribute] = {}
        for item in self.items:
            if item.node.kind == "attribute":
                attribute = Attribute(self, item.start, item.node, None)
                found.setdefault(attribute.name, attribute)
        return found

    @cached_property
    def broken(self) -> tuple[Element, ...]:
        """The stretches that do not parse."""
        return tuple(Element(self, i.start, i.node, None) for i in self.items if i.node.kind == "broken")

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset after the newline of the line that contains `offset`."""
        at = self.text.find("\n", offset)
        return len(self.text) if at < 0 else at + 1

    def comment_start(self, offset: int) -> int:
        """Where the comment lines directly above the line of an offset begin (no blank line between), else the start
        of that line.
        """
        at = self.line_start(offset)
        while at > 0:
            above = self.line_start(at - 1)
            if not self.text[above:at].lstrip().startswith(("#", "//")):
                break
            at = above
        return at

    def append(self, text: str) -> Edit:
        """Put lines at the end of the file, with a blank line before them."""
        held = self.text.rstrip()
        at = self.line_end(len(held)) if held else 0
        gap = "" if not held else "\n" if self.text[:at].endswith("\n") else "\n\n"
        return Edit(self.path, at, len(self.text), f"{gap}{text.strip()}\n")


def kind_of(path: str) -> str:
    """`tf`, `tfvars`, or `other` for what is not HCL that Terraform reads as a module's.

    `.hcl` is what other tools read (Terragrunt, Packer, TFLint), or Terraform elsewhere: a backend's settings, tests,
    the lock file.
    """
    if path.endswith(".tf"):
        return "tf"
    return "tfvars" if path.endswith(".tfvars") else "other"


def expression_references(holder: Element, expr: Expr) -> tuple[Reference, ...]:
    """The references in a part of an element."""
    start, end = holder.base + expr.start, holder.base + expr.end
    outer = holder.outermost
    if isinstance(outer, Block):
        return tuple(r for r in outer.references if start <= r.start and r.end <= end)
    return tuple(_references(holder.file, holder.base, mentions(expr), None))


def _references(file: File, base: int, mentions: Iterable[Mention], block: Block | None) -> Iterator[Reference]:
    """The references of a block at their places in this snapshot of the file."""
    inner: dict[Expr, Block] = {}
    node: Expr | None = None
    holder: Attribute | None = None
    for mention in mentions:
        if mention.holder is not node and mention.holder is not None:
            parent = block
            for outer in mention.around:
                parent = inner.get(outer) or inner.setdefault(outer, Block(file, base, outer, parent))
            holder = Attribute(file, base, mention.holder, parent)
        node = mention.holder
        start, end = base + mention.start, base + mention.end
        yield Reference(mention.address, start, end, mention.node, mention.steps, holder, block, file)
