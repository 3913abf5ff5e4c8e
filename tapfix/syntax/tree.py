"""The tree of a text: read-only, lossless, with every byte of the text in exactly one leaf (docs/tree.md)."""

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
        """The offset behind `value` in the item."""
        return self.start + len(self.value)

    @property
    def text(self) -> str:
        """The leaf without its prefix."""
        return self.value

    def code(self) -> str:
        """The leaf as it stands in the source, prefix and all."""
        return self.prefix + self.value

    def leaves(self) -> Iterator[Leaf]:
        """Itself: so that nobody has to ask whether an expression is a leaf or a node."""
        yield self

    def find(self, *kinds: str) -> Iterator[SyntaxElement]:
        """Itself, if it is of one of these kinds."""
        if self.kind in kinds:
            yield self

    def __repr__(self) -> str:
        return f"Leaf({self.kind!r}, {self.value!r}, {self.prefix!r}, {self.start})"


class Node:
    """A piece of structure: its children, in the order of the text."""

    __slots__ = ("children", "kind")

    value = ""
    """A node spells nothing by itself; so `value` can be asked of whatever stands in an expression."""

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
        """The offset behind the last leaf in the item."""
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
        """The node as it stands in the source, without the prefix of its first leaf."""
        return self.code()[len(self.prefix) :]

    def code(self) -> str:
        """The node as it stands in the source, prefix and all."""
        parts: list[str] = []
        waiting: list[Iterator[SyntaxElement]] = []  # The nodes above, each at the child that is being printed.
        children: Iterator[SyntaxElement] = iter((self,))
        while True:
            for child in children:
                if type(child) is Leaf:
                    leaf: Leaf = child
                    if leaf.prefix:
                        parts.append(leaf.prefix)
                    parts.append(leaf.value)
                else:
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
        # Pickled flat: a nested pickle of ten thousand nested brackets would run out of stack.
        return _unflattened, (_flattened(self),)


class EmptyBody(Node):
    """The body of a block that holds nothing. It has no leaf to tell where it is, so it keeps that itself."""

    __slots__ = ("_place",)

    def __init__(self, place: int) -> None:
        super().__init__("body", ())
        self._place = place

    @property
    def start(self) -> int:
        """The offset behind the leaf before it."""
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
    """The leaves of a node in order, and behind the children of each node its kind and their number."""
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
    """Something wrong with a text: what, and where.

    `offset` and `end` count from the start of the item where an item holds the diagnostic, and from the start of the
    file where the tree does.
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
        """The same, `by` characters further on."""
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

    `text` is prefix, node and newline, as they print: `parse` has compared it with `code()`. The texts of all items, joined,
    are the file. Offsets in the item's leaves and
    diagnostics count from `start`, so that the item stays true wherever an edit before it moves it.
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
        """The item printed from its leaves. It is the same as `text`: `parse` gives nobody an item of which that is not true."""
        code = self.node.code()
        return code if self.newline is None else code + self.newline.code()

    def at(self, start: int) -> Item:
        """The same item where an edit has moved it to."""
        return self if start == self.start else Item(start, self.text, self.node, self.newline, self.diagnostics)

    def __repr__(self) -> str:
        return f"Item({self.start}, {self.node!r})"


class Tree:
    """The items of a text, the last of which is its EOF."""

    __slots__ = ("diagnostics", "items", "text")

    text: str
    items: tuple[Item, ...]
    diagnostics: tuple[SyntaxDiagnostic, ...]
    """What is wrong with the text, in its order; offsets count from the start of the file."""

    def __init__(self, text: str, items: tuple[Item, ...], diagnostics: tuple[SyntaxDiagnostic, ...]) -> None:
        self.text = text
        self.items = items
        self.diagnostics = diagnostics

    def code(self) -> str:
        """The text, put together from the items; that each of them prints to its own text, `parse` has seen to."""
        return "".join([item.text for item in self.items])

    def __repr__(self) -> str:
        return f"<Tree of {len(self.items)} items>"
