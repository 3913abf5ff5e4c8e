"""What a fixer sees: `Project`, `Module`, `File`, `Block`, `Attribute`, `Reference`.

All of it is a read-only view of one snapshot. Whatever changes text gives an `Edit` back and changes nothing.
Expressions stay nodes of the tree (see docs/tree.md); the element that holds a node knows where it stands: `block.span(node)`,
`attribute.text(node)`, `block.edit(node, "new text")`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.syntax import Item, Leaf, Node, Tree, parse, reparse

Expr = Node | Leaf

META_ARGUMENTS = frozenset(
    {"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "provisioner", "connection"}
)
"""What Terraform itself takes in a resource, whatever the provider's schema says."""

_UNREFERRING = frozenset({"ignore_changes"})
_HISTORY = frozenset({"moved", "removed"})
"""Blocks that speak of the state, and use nothing."""


class Span(NamedTuple):
    """A stretch of a file, in characters, half open."""

    file: str
    start: int
    end: int


class Reference(NamedTuple):
    """A traversal that names something: `aws_subnet.public[0].id` names `aws_subnet.public`.

    `address` is the address as Terraform writes it (`var.x`, `local.x`, `data.T.N`, `module.x`, `T.N`, `each.key`; `provider.aws.west` for a
    provider alias). `start` and `end` enclose what spells the address, in the file; `node` is the whole traversal, `steps` what follows
    the address in it. `holder` is the innermost attribute that it stands in, `block` the top-level block.
    """

    address: str
    start: int
    end: int
    node: Expr
    steps: tuple[Node, ...]
    holder: Attribute | None
    block: Block | None
    file: File

    def edit(self, spelling: str) -> Edit:
        """Spell the address otherwise, and leave the steps after it."""
        return Edit(self.file.path, self.start, self.end, spelling)


class Element:
    """A stretch of a file that has a node: a block or an attribute."""

    __slots__ = ("__dict__", "base", "file", "node", "parent")

    def __init__(self, file: File, base: int, node: Node, parent: Block | None) -> None:
        self.file = file
        self.base = base
        self.node = node
        self.parent = parent

    @property
    def start(self) -> int:
        """Where it begins in the file, behind its prefix."""
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
        """The top-level block or attribute that this stands in (or is)."""
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
        """Where the comment lines begin that stand directly above it (no blank line between), else the start of its line."""
        text, at = self.file.text, self.file.line_start(self.start)
        while at > 0:
            above = self.file.line_start(at - 1)
            if not text[above:at].lstrip().startswith(("#", "//")):
                break
            at = above
        return at

    @property
    def leading_comment(self) -> str:
        """The comment lines directly above it, with their newlines; empty if there are none."""
        return self.file.text[self.comment_start : self.file.line_start(self.start)]

    def remove(self, *, comments: bool = True) -> Edit:
        """Take it out, with its line, the comment lines directly above it (unless `comments` is False) and one of two blank lines around."""
        text = self.file.text
        start = self.comment_start if comments else self.file.line_start(self.start)
        if text[self.file.line_start(self.start) : self.start].strip():
            return Edit(self.file.path, self.start, self.end, "")  # in a one-line block
        end = self.file.line_end(self.end)
        blank_above = start == 0 or text[:start].endswith(("\n\n", "\n\r\n")) or _opens(text, start)
        following = end
        while following < len(text) and not text[following : self.file.line_end(following)].strip():
            following = self.file.line_end(following)
        closes = following >= len(text) or text[following : self.file.line_end(following)].lstrip().startswith("}")
        if blank_above:
            end = following
        if closes and not _opens(text, start):
            above = self.file.line_start(start - 1) if start else 0
            if start and not text[above:start].strip():
                start = above
            end = following
        return Edit(self.file.path, start, end, "")


class Attribute(Element):
    """`name = expr`."""

    @property
    def name(self) -> str:
        return self.node.children[0].value

    @property
    def expr(self) -> Expr:
        return self.node.children[2]

    @property
    def value(self) -> str:
        """The source of the expression."""
        return self.text(self.expr)

    def replace(self, text: str) -> Edit:
        """Give it another expression."""
        return self.edit(self.expr, text)

    def insert_after(self, text: str) -> Edit:
        """Lines behind its own, in its indent. A heredoc in `text` is not indented with it: its lines are kept as they are."""
        assert self.parent is not None or self.file.kind == "tfvars"
        at = self.file.line_end(self.end)
        before = "" if self.file.text[:at].endswith("\n") else "\n"
        return Edit(self.file.path, at, at, before + indented(text, self.indent))


class Block(Element):
    """`type "label" … { body }`, at the top level or nested."""

    def __init__(self, file: File, base: int, node: Node, parent: Block | None) -> None:
        super().__init__(file, base, node, parent)
        self.type = node.children[0].value

    @cached_property
    def label_nodes(self) -> tuple[Expr, ...]:
        """The nodes of the labels: a template of one QuotedLit, or an Identifier."""
        return _label_nodes(self.node)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return _labels(self.node)

    @cached_property
    def body(self) -> Node:
        return _body(self.node)

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes of the body by name, in order; of a name that is set twice, the first."""
        found: dict[str, Attribute] = {}
        for child in self.body.children:
            if child.kind == "attribute":
                name = child.children[0].value
                if name not in found:
                    found[name] = Attribute(self.file, self.base, child, self)  # type: ignore[arg-type]
        return found

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks directly in the body."""
        return tuple(Block(self.file, self.base, c, self) for c in self.body.children if c.kind == "block")  # type: ignore[arg-type]

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
        """Whether the body stands on the line of its opening brace."""
        children = self.node.children
        brace = next(i for i, c in enumerate(children) if c.kind == "OBrace")
        return children[brace + 1].kind != "Newline"

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
        """The indent of what stands in the body."""
        if not self.one_line:
            for child in self.body.children:
                if child.kind in ("attribute", "block"):
                    return Element(self.file, self.base, child, self).indent  # type: ignore[arg-type]
        return self.indent + "  "

    def insert(self, text: str, *, after: Element | None = None, first: bool = False) -> Edit:
        """Put lines into the body: behind an element of it, as its first, or (by default) as its last ones.

        `text` is written without indent; it gets that of the body. A one-line block is opened up.
        """
        lines = indented(text, self.inner_indent)
        file = self.file
        if self.one_line:
            brace = next(c for c in self.node.children if c.kind == "OBrace")
            close = self.node.children[-1]
            inside = file.text[self.base + brace.end : self.base + close.start].strip()
            held = [f"{self.inner_indent}{inside}\n"] if inside else []
            parts = [lines, *held] if first else [*held, lines]
            return Edit(file.path, self.base + brace.end, self.base + close.start, "\n" + "".join(parts) + self.indent)
        if after is not None:
            at = file.line_end(after.end)
        elif first:
            at = file.line_end(self.base + next(c for c in self.node.children if c.kind == "OBrace").end)
        else:
            at = file.line_start(self.base + self.node.children[-1].start)
        return Edit(file.path, at, at, lines)

    def insert_after(self, text: str) -> Edit:
        """Put lines behind it, with a blank line between; `text` is at the block's own level and keeps its own indents."""
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
        self._mentions: dict[Node, tuple[_Mention, ...]] = {}
        self.kind = kind_of(path)

    def edited(self, edits: Sequence[tuple[int, int, str]]) -> File:
        """The file with sorted edits made. Items that no edit touched, and what they mention, are taken over."""
        tree = reparse(self.tree, edits)
        file = File(self.path, tree.text, tree)
        file._mentions = self._mentions  # by nodes, and so true of every tree that has them
        return file

    def mentions_in(self, node: Node) -> tuple[_Mention, ...]:
        """What a block refers to, found once for all the snapshots that hold it as it is."""
        if node not in self._mentions:
            self._mentions[node] = tuple(_mentions(node))
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
        return tuple(Block(self, i.start, i.node, None) for i in self.items if i.node.kind == "block")  # type: ignore[arg-type]

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The top-level attributes (a tfvars file's values), in order."""
        found: dict[str, Attribute] = {}
        for item in self.items:
            if item.node.kind == "attribute":
                attribute = Attribute(self, item.start, item.node, None)  # type: ignore[arg-type]
                found.setdefault(attribute.name, attribute)
        return found

    @cached_property
    def broken(self) -> tuple[Element, ...]:
        """The stretches that do not parse."""
        return tuple(Element(self, i.start, i.node, None) for i in self.items if i.node.kind == "broken")  # type: ignore[arg-type]

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset behind the newline of the line that `offset` stands in."""
        at = self.text.find("\n", offset)
        return len(self.text) if at < 0 else at + 1

    def append(self, text: str) -> Edit:
        """Put lines at the end of the file, with a blank line before them."""
        held = self.text.rstrip()
        at = self.line_end(len(held)) if held else 0
        gap = "" if not held else "\n" if self.text[:at].endswith("\n") else "\n\n"
        return Edit(self.path, at, len(self.text), f"{gap}{text.strip()}\n")


class Module:
    """The `.tf` files of one folder, and the tfvars beside them."""

    def __init__(self, folder: str, files: Sequence[File], *, is_root: bool = True) -> None:
        self.folder = folder
        self.files = tuple(files)
        self.is_root = is_root
        """Whether Terraform is run here, and not through a `module` block of another folder."""

    def path(self, name: str) -> str:
        """The path of a file of the module's folder."""
        return posixpath.join(self.folder, name)

    @cached_property
    def configuration(self) -> tuple[File, ...]:
        """The `.tf` files."""
        return tuple(f for f in self.files if f.kind == "tf")

    @cached_property
    def tfvars(self) -> tuple[File, ...]:
        return tuple(f for f in self.files if f.kind == "tfvars")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level blocks of all `.tf` files, in order."""
        return tuple(b for f in self.configuration for b in f.blocks)

    def blocks_of(self, type: str) -> tuple[Block, ...]:
        return self._by_type.get(type, ())

    @cached_property
    def _by_type(self) -> dict[str, tuple[Block, ...]]:
        found: dict[str, list[Block]] = {}
        for block in self.blocks:
            found.setdefault(block.type, []).append(block)
        return {type: tuple(blocks) for type, blocks in found.items()}

    def resources(self, *types: str) -> tuple[Block, ...]:
        """The resources of the named types; of all types if none is named."""
        if not types:
            return self._resources
        if self._resource_types.isdisjoint(types):
            return ()
        return tuple(b for b in self._resources if b.labels[0] in types)

    @cached_property
    def _resources(self) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks_of("resource") if len(b.labels) == 2)

    @cached_property
    def _resource_types(self) -> frozenset[str]:
        return frozenset(b.labels[0] for b in self._resources)

    def data(self, *types: str) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks_of("data") if len(b.labels) == 2 and (not types or b.labels[0] in types))

    @cached_property
    def variables(self) -> Mapping[str, Block]:
        return {b.labels[0]: b for b in self.blocks_of("variable") if len(b.labels) == 1}

    @cached_property
    def outputs(self) -> Mapping[str, Block]:
        return {b.labels[0]: b for b in self.blocks_of("output") if len(b.labels) == 1}

    @cached_property
    def locals(self) -> Mapping[str, Attribute]:
        """The local values by name, of all `locals` blocks."""
        found: dict[str, Attribute] = {}
        for block in self.blocks_of("locals"):
            for name, attribute in block.attributes.items():
                found.setdefault(name, attribute)
        return found

    @cached_property
    def _by_address(self) -> dict[str, Element]:
        found: dict[str, Element] = {}
        for block in self.blocks:
            if block.type in ("resource", "data", "variable", "output", "module", "provider"):
                found.setdefault(block.address, block)
        for name, attribute in self.locals.items():
            found.setdefault(f"local.{name}", attribute)
        return found

    @cached_property
    def declarations(self) -> tuple[tuple[str, Element], ...]:
        """Whatever has an address, with it, in order; unlike in `find` and the mappings, what is declared twice is there twice."""
        found: list[tuple[str, Element]] = []
        for block in self.blocks:
            if block.type in ("resource", "data", "variable", "output", "module", "provider"):
                found.append((block.address, block))
            elif block.type == "locals":
                attributes = [c for c in block.body.children if c.kind == "attribute"]
                values = [Attribute(block.file, block.base, child, block) for child in attributes]  # type: ignore[arg-type]
                found += [(f"local.{value.name}", value) for value in values]
        return tuple(found)

    def find(self, address: str) -> Element | None:
        """What an address names: a block, or the attribute of a local value."""
        return self._by_address.get(address)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All references in the `.tf` files, in order."""
        return tuple(r for b in self.blocks for r in b.references)

    @cached_property
    def _referring(self) -> dict[str, tuple[Reference, ...]]:
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            if reference.block is None or reference.block.type not in _HISTORY:
                found.setdefault(reference.address, []).append(reference)
        return {address: tuple(references) for address, references in found.items()}

    def references_to(self, address: str) -> tuple[Reference, ...]:
        """All references that use the address; a `moved` block only tells what it was called."""
        return self._referring.get(address, ())

    @property
    def main(self) -> File | None:
        """The file that new blocks go to: the one with most resources."""
        return max(self.configuration, key=lambda f: sum(b.type == "resource" for b in f.blocks), default=None)

    def unused_name(self, wanted: str, taken: Mapping[str, object]) -> str:
        """`wanted`, or `wanted_2`, … if it is taken."""
        name, n = wanted, 1
        while name in taken:
            n += 1
            name = f"{wanted}_{n}"
        return name


class Project:
    """All files of an input, and the modules they make: one a folder that holds `.tf` files."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.files = {path: File(path, text) for path, text in texts.items()}

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each file, by path."""
        return {path: file.text for path, file in self.files.items()}

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The root module first. It is the outermost folder that holds `.tf` files; the others are called by it, or stand alone."""
        folders: dict[str, list[File]] = {}
        for file in self.files.values():
            folders.setdefault(file.folder, []).append(file)
        held = [f for f, files in folders.items() if any(x.kind == "tf" for x in files)]
        held.sort(key=lambda f: (f.count("/") + 1 if f else 0, _is_library(f)))
        root = held[0] if held else ""
        return tuple(Module(f, folders.get(f, ()), is_root=f == root) for f in held or [""])

    @property
    def root(self) -> Module:
        return self.modules[0]

    def edited(self, edits: Mapping[str, Sequence[Edit]], removes: frozenset[str] = frozenset()) -> Project:
        """The project with sorted edits made. Files and items that no edit touched are taken over as they are."""
        project = Project({})
        for path, file in self.files.items():
            if path in removes:
                continue
            changes = [
                (start, end, text) for _, start, end, text in edits.get(path, ()) if text != file.text[start:end]
            ]
            project.files[path] = file.edited(changes) if changes else file
        for path, new in edits.items():
            if path not in self.files:
                project.files[path] = File(path, "".join(e.text for e in new))
        return project


def _is_library(folder: str) -> bool:
    """Whether a folder's name says that it holds modules that others call."""
    return folder.split("/", 1)[0] in ("modules", "module", "examples", "tests", "bootstrap")


def kind_of(path: str) -> str:
    """`tf`, `tfvars`, or `other` for what is not HCL that Terraform reads as a module's.

    `.hcl` is what other tools read (Terragrunt, Packer, TFLint), or Terraform elsewhere: a backend's settings, tests, the lock file.
    """
    if path.endswith(".tf"):
        return "tf"
    return "tfvars" if path.endswith(".tfvars") else "other"


def _label_nodes(block: Node) -> tuple[Expr, ...]:
    brace = [child.kind for child in block.children].index("OBrace")
    return block.children[1:brace]


def _labels(block: Node) -> tuple[str, ...]:
    labels = _label_nodes(block)
    return tuple(["".join([part.value for part in n.children[1:-1]]) if n.children else n.value for n in labels])


def _body(block: Node) -> Node:
    for child in block.children:
        if child.kind == "body":
            return child  # type: ignore[return-value]
    raise ValueError("a block without a body")


def string_value(expr: Expr) -> str | None:
    """The text of a quoted string without interpolation and escapes, else None."""
    if expr.kind != "template":
        return None
    parts = expr.children[1:-1]
    if any(p.kind != "QuotedLit" for p in parts):
        return None
    text = "".join(p.value for p in parts)
    return None if "\\" in text or "$${" in text or "%%{" in text else text


def call_name(expr: Expr) -> str | None:
    """The function's name of a call, else None."""
    if expr.kind != "call":
        return None
    names = []
    for child in expr.children:
        if child.kind == "OParen":
            break
        names.append(child.value)
    return "".join(names)


def call_arguments(expr: Expr) -> tuple[Expr, ...]:
    """The arguments of a call, the elements of a tuple: its expressions without brackets and commas."""
    children = expr.children
    if expr.kind == "call":
        children = children[next(i for i, c in enumerate(children) if c.kind == "OParen") :]
    return tuple(
        c for c in children if c.kind not in ("OParen", "CParen", "OBrack", "CBrack", "Comma", "Ellipsis", "Newline")
    )


def object_items(expr: Expr) -> tuple[Node, ...]:
    """The items of an object."""
    return tuple(c for c in expr.children if c.kind == "object_item")  # type: ignore[misc]


def item_key(item: Node) -> str | None:
    """The key of an object's item where it is plain: an identifier or a string; else None."""
    key = item.children[0]
    return key.value if isinstance(key, Leaf) and key.kind == "Identifier" else string_value(key)


def item_value(item: Node) -> Expr:
    return item.children[2]


def walk(node: Expr) -> Iterator[Expr]:
    """The node and all below it, in the order of the source."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += node.children[::-1]


def expression_references(holder: Element, expr: Expr) -> tuple[Reference, ...]:
    """The references in a part of an element."""
    start, end = holder.base + expr.start, holder.base + expr.end
    outer = holder.outermost
    if isinstance(outer, Block):
        return tuple(r for r in outer.references if start <= r.start and r.end <= end)
    return tuple(_references(holder.file, holder.base, _mentions(expr), None))


def indented(text: str, indent: str) -> str:
    """Lines with an indent before each that is not blank and does not stand in a heredoc; ends with a newline."""
    out, marker = [], None
    for line in text.rstrip("\n").split("\n"):
        if marker is not None:
            out.append(line)
            if line.strip() == marker:
                marker = None
            continue
        out.append(indent + line if line.strip() else line)
        head = line.rpartition("<<")[2] if "<<" in line else ""
        name = head.lstrip("-").strip()
        if head and name.isidentifier():
            marker = name
    return "\n".join(out) + "\n"


def _opens(text: str, line: int) -> bool:
    """Whether the line above opens a body, or there is none."""
    return (
        line == 0
        or text[:line].rstrip(" \t\r\n").endswith("{")
        and not text[text.rfind("{", 0, line) + 1 : line].strip()
    )


class _Mention(NamedTuple):
    """A reference as its block says it, wherever that stands: offsets count from the beginning of the item."""

    address: str
    start: int
    end: int
    node: Expr
    steps: tuple[Node, ...]
    holder: Node | None
    """The innermost attribute that it stands in."""
    around: tuple[Node, ...]
    """The nested blocks around that, outermost first."""


def _references(file: File, base: int, mentions: Iterable[_Mention], block: Block | None) -> Iterator[Reference]:
    """What is mentioned, in the snapshot and at the place where it stands now."""
    inner: dict[Node, Block] = {}
    node: Node | None = None
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


def _mentions(root: Expr) -> Iterator[_Mention]:
    """Walk in the order of the source; names that a `for` or a `dynamic` block binds are no references."""
    outermost = root.children[0].value if root.kind == "block" else ""
    stack: list[tuple[Expr, Node | None, tuple[Node, ...], frozenset[str]]] = [(root, None, (), frozenset())]
    while stack:
        node, holder, around, bound = stack.pop()
        kind = node.kind
        if kind == "attribute":
            name, _, expr = node.children
            if name.value == "provider" and (address := _provider_address(expr)):
                yield _Mention(address, expr.start, expr.end, expr, (), node, around)  # type: ignore[arg-type]
            elif name.value == "providers" and outermost == "module":
                yield from _passed_providers(node, expr, around)  # type: ignore[arg-type]
            elif expr.children and name.value not in _UNREFERRING and (name.value, outermost) != ("type", "variable"):
                if name.value == "depends_on":
                    yield from _quoted_dependencies(node, expr, around)  # type: ignore[arg-type]
                stack.append((expr, node, around, bound))  # type: ignore[arg-type]
        elif kind == "traversal":
            found = traversal_address(node)
            if found is not None and node.children[0].value not in bound:
                address, used = found
                end = node.children[used - 1].end
                yield _Mention(address, node.start, end, node, node.children[used:], holder, around)  # type: ignore[arg-type]
            steps = node.children[1:]
            stack.extend((s.children[1], holder, around, bound) for s in reversed(steps) if s.kind == "index")
            if node.children[0].children:
                stack.append((node.children[0], holder, around, bound))
        elif kind in ("for_tuple", "for_object"):
            names = frozenset(_for_names(node))
            later: list[tuple[Expr, Node | None, tuple[Node, ...], frozenset[str]]] = []
            seen_in = False
            for child in node.children[2:]:
                if not seen_in:
                    seen_in = child.kind == "Identifier" and child.value == "in"
                    continue
                later.append((child, holder, around, bound if not later else bound | names))
            stack.extend(reversed(later))
        elif kind == "block":
            inside = around if node is root else (*around, node)
            body = _body(node)  # type: ignore[arg-type]
            if node.children[0].value == "dynamic":
                name_of_each = _iterator(node, body)  # type: ignore[arg-type]
                for child in reversed(body.children):
                    if child.kind == "block":
                        stack.append((child, holder, inside, bound | {name_of_each}))  # type: ignore[arg-type]
                    elif child.kind == "attribute" and child.children[0].value != "iterator":
                        stack.append((child, holder, inside, bound))  # type: ignore[arg-type]
            else:
                stack.append((body, holder, inside, bound))  # type: ignore[arg-type]
        else:
            for child in reversed(node.children):
                if child.children:
                    stack.append((child, holder, around, bound))


def _iterator(dynamic: Node, body: Node) -> str:
    """What a `dynamic` block calls the element that it makes a block of."""
    for child in body.children:
        if child.kind == "attribute" and child.children[0].value == "iterator":
            return child.children[2].text
    labels = _labels(dynamic)
    return labels[-1] if labels else ""


def _for_names(node: Expr) -> Iterator[str]:
    for child in node.children[2:]:
        if child.kind == "Identifier":
            if child.value == "in":
                return
            yield child.value


def traversal_address(node: Expr) -> tuple[str, int] | None:
    """The address that a traversal names, and how many of its children spell it; None where it names none."""
    if node.kind != "traversal":
        return None
    root, *steps = node.children
    used = 2 if root.value == "data" else 1
    if root.kind != "Identifier" or len(steps) < used or steps[0].kind != "get_attr":
        return None
    address = f"{root.value}.{steps[0].children[1].value}"
    if used == 2:
        if steps[1].kind != "get_attr":
            return None
        address = f"{address}.{steps[1].children[1].value}"
    return address, 1 + used


def _provider_address(expr: Expr) -> str:
    if expr.kind == "Identifier":
        return f"provider.{expr.value}"
    if expr.kind == "template":
        name = string_value(expr)  # the quoted form of Terraform 0.11
        return f"provider.{name}" if name else ""
    if expr.kind == "traversal" and all(c.kind in ("Identifier", "get_attr") for c in expr.children):
        return "provider." + "".join(x.value for c in expr.children for x in ((c,) if not c.children else c.children))
    return ""


def _passed_providers(holder: Node, expr: Expr, around: tuple[Node, ...]) -> Iterator[_Mention]:
    for item in object_items(expr):
        value = item_value(item)
        address = _provider_address(value)
        if address:
            yield _Mention(address, value.start, value.end, value, (), holder, around)


def _quoted_dependencies(holder: Node, expr: Expr, around: tuple[Node, ...]) -> Iterator[_Mention]:
    """`depends_on = ["aws_vpc.main"]`, the form of Terraform 0.11 that is still taken."""
    for node in call_arguments(expr) if expr.kind == "tuple" else ():
        address = string_value(node)
        if address:
            yield _Mention(address, node.start + 1, node.end - 1, node, (), holder, around)
