"""The tree of a text: read-only and lossless. Every byte of the text is in exactly one leaf (docs/tree.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

SyntaxElement: TypeAlias = "Node | Leaf"


class Leaf:
    """A token, with the white space and comments before it."""

    __slots__ = ("kind", "prefix", "start", "value")

    children = ()

    kind: str
    value: str
    prefix: str
    start: int
    """The offset of `value` in the item."""

    def __init__(self, kind: str, value: str, prefix: str, start: int) -> None:
        self.kind = kind
        self.value = value
        self.prefix = prefix
        self.start = start

    @property
    def end(self) -> int:
        """The offset of the end of `value` in the item."""
        return self.start + len(self.value)

    @property
    def text(self) -> str:
        """The leaf without its prefix."""
        return self.value

    def code(self) -> str:
        """The leaf as it is in the source, with its prefix."""
        return self.prefix + self.value

    def leaves(self) -> Iterator[Leaf]:
        """Itself, so that callers need not ask whether an expression is a leaf or a node."""
        yield self

    def find(self, *kinds: str) -> Iterator[SyntaxElement]:
        """Itself, if it is of one of these kinds."""
        if self.kind in kinds:
            yield self

    def __repr__(self) -> str:
        return f"Leaf({self.kind!r}, {self.value!r}, {self.prefix!r}, {self.start})"


class Node:
    """A syntax node: its kind, and its children in the order of the text."""

    __slots__ = ("children", "kind")

    value = ""
    """Empty, so that callers can ask any part of an expression for its `value`."""

    kind: str
    children: tuple[SyntaxElement, ...]

    def __init__(self, kind: str, children: tuple[SyntaxElement, ...]) -> None:
        self.kind = kind
        self.children = children

    @property
    def start(self) -> int:
        """The offset of the first leaf's value in the item."""
        element: SyntaxElement = self.children[0]
        while type(element) is Node:
            element = element.children[0]
        return element.start

    @property
    def end(self) -> int:
        """The offset of the end of the last leaf in the item."""
        element: SyntaxElement = self.children[-1]
        while type(element) is Node:
            element = element.children[-1]
        return element.end

    @property
    def prefix(self) -> str:
        """The prefix of the first leaf."""
        element: SyntaxElement = self.children[0]
        while type(element) is Node:
            element = element.children[0]
        return element.prefix

    @property
    def text(self) -> str:
        """The node as it is in the source, without the prefix of its first leaf."""
        return self.code()[len(self.prefix) :]

    def code(self) -> str:
        """The node as it is in the source, with its prefix."""
        parts: list[str] = []
        waiting: list[Iterator[SyntaxElement]] = []  # For each node above, the children that are not printed yet.
        children: Iterator[SyntaxElement] = iter((self,))
        while True:
            for child in children:
                if type(child) is Leaf:
                    leaf: Leaf = child
                    if leaf.prefix:
                        parts.append(leaf.prefix)
                    parts.append(leaf.value)
                else:
                    # `type(child) is Leaf` is faster than isinstance, but does not tell mypy that this is a node.
                    node: Node = child  # type: ignore[assignment]
                    waiting.append(children)
                    children = iter(node.children)
                    break
            else:
                if not waiting:
                    return "".join(parts)
                children = waiting.pop()

    def leaves(self) -> Iterator[Leaf]:
        """All leaves below, in the order of the text."""
        rest: list[SyntaxElement] = [self]
        while rest:
            element = rest.pop()
            if isinstance(element, Leaf):
                yield element
            else:
                rest.extend(element.children[::-1])

    def find(self, *kinds: str) -> Iterator[SyntaxElement]:
        """Every node and leaf of one of these kinds, this one and all below, in the order of the text."""
        rest: list[SyntaxElement] = [self]
        while rest:
            element = rest.pop()
            if element.kind in kinds:
                yield element
            rest.extend(element.children[::-1])

    def __repr__(self) -> str:
        code = self.text
        return f"<{self.kind} {code if len(code) <= 40 else code[:37] + '...'!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        # Pickled flat, because a nested pickle of ten thousand nested brackets would overflow the stack.
        return _unflattened, (_flattened(self),)


class EmptyBody(Node):
    """The body of an empty block. It has no leaf that knows its offset, so it stores the offset itself."""

    __slots__ = ("_place",)

    def __init__(self, place: int) -> None:
        super().__init__("body", ())
        self._place = place

    @property
    def start(self) -> int:
        """The offset of the end of the leaf before it."""
        return self._place

    @property
    def end(self) -> int:
        """The same as `start`."""
        return self._place

    @property
    def prefix(self) -> str:
        """Empty."""
        return ""

    def __reduce__(self) -> tuple[object, ...]:
        return EmptyBody, (self._place,)


def _flattened(node: Node) -> tuple[object, ...]:
    """The leaves of a node in order. After the children of each node come its kind and their number."""
    flat: list[object] = []
    rest: list[object] = [node]
    while rest:
        element = rest.pop()
        if type(element) is Node:
            rest.append((element.kind, len(element.children)))
            rest.extend(element.children[::-1])
        else:
            flat.append(element)
    return tuple(flat)


def _unflattened(flat: tuple[object, ...]) -> Node:
    built: list[SyntaxElement] = []
    for element in flat:
        if isinstance(element, tuple):
            kind, count = element
            children = tuple(built[len(built) - count :])
            del built[len(built) - count :]
            built.append(Node(kind, children))
        else:
            assert isinstance(element, (Leaf, Node))
            built.append(element)
    (node,) = built
    assert isinstance(node, Node)
    return node


class SyntaxDiagnostic:
    """A syntax error: its message and its place.

    `offset` and `end` count from the start of the item in `Item.diagnostics`, and from the start of the file in
    `Tree.diagnostics`.
    """

    __slots__ = ("end", "message", "offset", "severity")

    message: str
    offset: int
    end: int
    severity: str
    """`error`, or `warning`."""

    def __init__(self, message: str, offset: int, end: int, severity: str = "error") -> None:
        self.message = message
        self.offset = offset
        self.end = end
        self.severity = severity

    def moved(self, by: int) -> SyntaxDiagnostic:
        """The same diagnostic, `by` characters further on."""
        return SyntaxDiagnostic(self.message, self.offset + by, self.end + by, self.severity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SyntaxDiagnostic) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, int, int, str]:
        return self.message, self.offset, self.end, self.severity

    def __repr__(self) -> str:
        return f"SyntaxDiagnostic({self.message!r}, {self.offset}, {self.end}, {self.severity!r})"


class Item:
    """A top-level attribute, block or broken stretch, with everything around it up to the next one.

    `text` is prefix, node and newline as they print; `parse` compares it with `code()`. The joined texts of all items
    are the file. Offsets in the item's leaves and diagnostics count from `start`, so that they stay correct if an edit
    moves the item.
    """

    __slots__ = ("diagnostics", "newline", "node", "start", "text")

    start: int
    """Where the item begins in the file: at its prefix."""
    text: str
    node: SyntaxElement
    """The attribute, block or broken stretch; for the last item of a file, its EOF leaf."""
    newline: Leaf | None
    """The newline that ends the item; none where the file ends first."""
    diagnostics: tuple[SyntaxDiagnostic, ...]

    def __init__(
        self,
        start: int,
        text: str,
        node: SyntaxElement,
        newline: Leaf | None,
        diagnostics: tuple[SyntaxDiagnostic, ...] = (),
    ) -> None:
        self.start = start
        self.text = text
        self.node = node
        self.newline = newline
        self.diagnostics = diagnostics

    @property
    def end(self) -> int:
        """Where the next item begins in the file."""
        return self.start + len(self.text)

    @property
    def kind(self) -> str:
        """The kind of its node: `attribute`, `block`, `broken` or `EOF`."""
        return self.node.kind

    def code(self) -> str:
        """The item printed from its leaves. `parse` makes sure that it is the same as `text`."""
        code = self.node.code()
        return code if self.newline is None else code + self.newline.code()

    def at(self, start: int) -> Item:
        """The same item at another offset, after an edit moved it."""
        return self if start == self.start else Item(start, self.text, self.node, self.newline, self.diagnostics)

    def __repr__(self) -> str:
        return f"Item({self.start}, {self.node!r})"


class Tree:
    """The items of a text. The last one is its EOF."""

    __slots__ = ("diagnostics", "items", "text")

    text: str
    items: tuple[Item, ...]
    diagnostics: tuple[SyntaxDiagnostic, ...]
    """The syntax errors, in the order of the text. Their offsets count from the start of the file."""

    def __init__(self, text: str, items: tuple[Item, ...], diagnostics: tuple[SyntaxDiagnostic, ...]) -> None:
        self.text = text
        self.items = items
        self.diagnostics = diagnostics

    def code(self) -> str:
        """The joined texts of the items. `parse` makes sure that each item prints to its own text."""
        return "".join([item.text for item in self.items])

    def __repr__(self) -> str:
        return f"<Tree of {len(self.items)} items>"
