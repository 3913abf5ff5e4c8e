"""Compares twins without the words for their sides and the names of what is paired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    call_arguments,
    item_key,
    item_value,
    object_items,
    string_value,
    traversal_address,
)
from tapfix.module.nodes import (
    index_expr,
    interpolated,
    item_key_node,
    template_parts,
    traversal_root,
    traversal_steps,
)

from .names import SideNames

_CONSTANT_LEAVES = frozenset({"NumberLit", "QuotedLit", "StringLit"})
_CONSTANT_NODES = frozenset({"tuple", "object", "object_item", "template", "unary"})
_MARKS = frozenset("OQuote CQuote OBrack CBrack OBrace CBrace Comma Newline Equal Colon Minus Bang Identifier".split())
"""The leaves of a constant that are not values. An Identifier is the key of an object's item."""
_TAGS = frozenset({"tags", "tags_all", "volume_tags"})


DifferenceKind = Literal["words", "literal", "one-sided", "expression"]


class Difference(NamedTuple):
    """A place at which the twins of a pair differ.

    `kind` says what differs: `words` (free text, as in tags and descriptions), `literal` (two constants), `one-sided`
    (what one twin has alone) or `expression`. `what` is the argument or block, for messages. A node is None where a
    twin has nothing; its element is then the block that lacks it.
    """

    kind: DifferenceKind
    what: str
    kept: Element
    kept_node: Expr | None
    gone: Element
    gone_node: Expr | None

    @property
    def fits_variable(self) -> bool:
        """Whether a variable can hold it: two constants, or one of an argument that the kept twin does not set."""
        if self.kind != "one-sided":
            return self.kind == "literal"
        added = self.kept_node is None and isinstance(self.gone, Attribute) and self.gone.expr is self.gone_node
        return added and self.gone_node is not None and is_constant(self.gone_node)


class Comparison:
    """Compares the twin that stays with one that goes.

    `pairs` are the twins that are known, the kept address by the one that goes.
    """

    def __init__(self, module: Module, pairs: Mapping[str, str], kept_names: SideNames, gone_names: SideNames) -> None:
        self.module = module
        self.pairs = pairs
        self.kept_names = kept_names
        self.gone_names = gone_names
        self.differences: list[Difference] = []
        self.proposals: list[tuple[str, str]] = []
        """Addresses that the twins refer to at the same place, kept and gone: they may be twins as well."""
        self.same_text: set[int] = set()
        """Where text of the kept twin has words for its side and the other twin has the same: they mean no side."""

    def elements(self, kept: Element | None, gone: Element | None) -> None:
        """Compare two blocks or two attributes."""
        if isinstance(kept, Block) and isinstance(gone, Block):
            self.blocks(kept, gone)
        elif isinstance(kept, Attribute) and isinstance(gone, Attribute):
            self.expressions(kept, kept.expr, gone, gone.expr)

    def blocks(self, kept: Block, gone: Block) -> None:
        """Compare two blocks but for their providers."""
        for name in dict.fromkeys([*kept.attributes, *gone.attributes]):
            left, right = kept.get(name), gone.get(name)
            if name in ("provider", "providers"):
                continue
            if left is not None and right is not None:
                self.expressions(left, left.expr, right, right.expr)
            else:
                left_expr, right_expr = left.expr if left else None, right.expr if right else None
                self._add("one-sided", name, left or kept, left_expr, right or gone, right_expr)
        for head in dict.fromkeys(map(_head, (*kept.blocks, *gone.blocks))):
            mine = [block for block in kept.blocks if _head(block) == head]
            theirs = [block for block in gone.blocks if _head(block) == head]
            for left_block, right_block in zip(mine, theirs, strict=False):
                self.blocks(left_block, right_block)
            for extra in mine[len(theirs) :]:
                self._add("one-sided", head, extra, None, gone, None)
            for extra in theirs[len(mine) :]:
                self._add("one-sided", head, kept, None, extra, None)

    def expressions(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        """Compare two expressions, each within its attribute."""
        kind = kept.kind
        if kind != gone.kind:
            self._differ(kept_in, kept, gone_in, gone)
        elif not kept.children:
            if kept.value != gone.value:
                self._differ(kept_in, kept, gone_in, gone)
        elif kind == "traversal":
            self._traversals(kept_in, kept, gone_in, gone)
        elif kind == "tuple" and is_constant(kept) and is_constant(gone):
            if not self._same_constants(kept_in, kept, gone_in, gone):
                self._differ(kept_in, kept, gone_in, gone)
        elif kind in ("template", "heredoc"):
            self._templates(kept_in, kept, gone_in, gone)
        elif kind == "object":
            self._objects(kept_in, kept, gone_in, gone)
        elif kind == "object_item":
            self.expressions(kept_in, item_value(kept), gone_in, item_value(gone))
        else:
            self._children(kept_in, kept, gone_in, gone)

    def _children(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        left = [child for child in kept.children if child.kind not in ("Comma", "Newline")]
        right = [child for child in gone.children if child.kind not in ("Comma", "Newline")]
        if len(left) != len(right) or _leaf_kinds(left) != _leaf_kinds(right):
            self._differ(kept_in, kept, gone_in, gone)
            return
        for mine, theirs in zip(left, right, strict=True):
            self.expressions(kept_in, mine, gone_in, theirs)

    # -- references ----------------------------------------------------------------------------------------------------

    def _traversals(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        mine, theirs = traversal_address(kept), traversal_address(gone)
        if mine is None and theirs is None:
            self.expressions(kept_in, traversal_root(kept), gone_in, traversal_root(gone))
            left, right = traversal_steps(kept), traversal_steps(gone)
        elif mine is None or theirs is None:
            self._differ(kept_in, kept, gone_in, gone)
            return
        else:
            (kept_address, used), (gone_address, gone_used) = mine, theirs
            left, right = kept.children[used:], gone.children[gone_used:]
            if kept_address != gone_address and self.pairs.get(gone_address) != kept_address:
                if kept_address.rpartition(".")[0] != gone_address.rpartition(".")[0]:
                    self._differ(kept_in, kept, gone_in, gone)
                    return
                if self._are_missing_twins(kept_address, gone_address):
                    return
                self.proposals.append((kept_address, gone_address))
                self._add("expression", kept_in.name, kept_in, kept, gone_in, gone)
        if not self._same_steps(kept_in, left, gone_in, right):
            self._differ(kept_in, kept, gone_in, gone)

    def _are_missing_twins(self, kept: str, gone: str) -> bool:
        """Whether two addresses are not declared and their names agree: if they were declared, they would be twins."""
        if self.module.find(kept) is not None or self.module.find(gone) is not None:
            return False
        return self.kept_names.label(kept.rpartition(".")[2]) == self.gone_names.label(gone.rpartition(".")[2])

    def _same_steps(
        self, kept_in: Attribute, kept: tuple[Expr, ...], gone_in: Attribute, gone: tuple[Expr, ...]
    ) -> bool:
        """Whether the steps of two traversals agree; what is in the brackets of an index is compared by itself."""
        if len(kept) != len(gone):
            return False
        for mine, theirs in zip(kept, gone, strict=True):
            if mine.kind != theirs.kind:
                return False
            if mine.kind == "index":
                self.expressions(kept_in, index_expr(mine), gone_in, index_expr(theirs))
            elif mine.kind != "full_splat" and _step(mine, self.kept_names) != _step(theirs, self.gone_names):
                return False
        return True

    # -- texts ---------------------------------------------------------------------------------------------------------

    def _templates(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        if _kinds(kept) == _kinds(gone) and self._same_literals(kept, gone):
            for mine, theirs in zip(template_parts(kept), template_parts(gone), strict=True):
                if not mine.children and mine.value == theirs.value and self.kept_names.speaks(mine.value):
                    self.same_text.add(kept_in.base + mine.start)
            self._parts_of_one_shape(kept_in, kept, gone_in, gone)
            return
        left, right = _neutral_parts(kept, self.kept_names), _neutral_parts(gone, self.gone_names)
        if len(left) != len(right):
            self._differ(kept_in, kept, gone_in, gone)
            return
        for part, other in zip(left, right, strict=True):
            if isinstance(part, str) or isinstance(other, str):
                if part != other:
                    self._unlike_texts(kept_in, kept, gone_in, gone)
                    return
            elif part.kind == other.kind == "interpolation":
                self.expressions(kept_in, interpolated(part), gone_in, interpolated(other))
            elif kept_in.text(part) != gone_in.text(other):
                self._differ(kept_in, kept, gone_in, gone)
                return

    def _same_literals(self, kept: Expr, gone: Expr) -> bool:
        """Whether the literal parts of two templates of one shape agree without the words for the sides."""
        parts = zip(template_parts(kept), template_parts(gone), strict=True)
        return all(self._same_literal(mine.value, theirs.value) for mine, theirs in parts if not mine.children)

    def _same_literal(self, kept: str, gone: str) -> bool:
        return kept == gone or self.kept_names.neutral(kept) == self.gone_names.neutral(gone)

    def _parts_of_one_shape(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        """Compare the parts of two templates of one shape, one by one."""
        for mine, theirs in zip(template_parts(kept), template_parts(gone), strict=True):
            if mine.kind == "interpolation":
                self.expressions(kept_in, interpolated(mine), gone_in, interpolated(theirs))
            elif mine.children:
                if kept_in.text(mine) != gone_in.text(theirs):
                    self._differ(kept_in, kept, gone_in, gone)
            elif not self._same_literal(mine.value, theirs.value):
                self._add("literal", kept_in.name, kept_in, mine, gone_in, theirs)

    def _unlike_texts(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        """Two templates whose texts differ. If they have one shape, only the texts between the interpolations do."""
        one_shape = kept.kind == "template" and _kinds(kept) == _kinds(gone)
        if not one_shape or kept_in.name == "description" or kept_in.name in _TAGS or string_value(kept) is not None:
            self._differ(kept_in, kept, gone_in, gone)
        else:
            self._parts_of_one_shape(kept_in, kept, gone_in, gone)

    # -- lists and maps ------------------------------------------------------------------------------------------------

    def _same_constants(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> bool:
        """Whether two lists of constants agree without the words for the sides. A list is one value, not many."""
        left, right = call_arguments(kept), call_arguments(gone)
        return len(left) == len(right) and all(
            self.kept_names.neutral(kept_in.text(mine)) == self.gone_names.neutral(gone_in.text(theirs))
            for mine, theirs in zip(left, right, strict=True)
        )

    def _objects(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        by_key = {self.gone_names.neutral(_key(gone_in, item)): item for item in object_items(gone)}
        matched = set()
        for item in object_items(kept):
            key = self.kept_names.neutral(_key(kept_in, item))
            other = by_key.get(key)
            if other is None:
                self._add(_kind_of_extra(kept_in, item), item_key(item) or "an entry", kept_in, item, gone_in, gone)
                continue
            matched.add(key)
            self.expressions(kept_in, item_value(item), gone_in, item_value(other))
        for key, item in by_key.items():
            if key not in matched:
                self._add(_kind_of_extra(gone_in, item), item_key(item) or "an entry", kept_in, kept, gone_in, item)

    # -- results -------------------------------------------------------------------------------------------------------

    def _differ(self, kept_in: Attribute, kept: Expr, gone_in: Attribute, gone: Expr) -> None:
        """Add a difference of two expressions: of words, of literals, or one that no value can express."""
        constant = is_constant(kept) and is_constant(gone)
        if kept_in.name == "description" or constant and kept_in.name in _TAGS:
            self._add("words", kept_in.name, kept_in, kept, gone_in, gone)
        else:
            self._add("literal" if constant else "expression", kept_in.name, kept_in, kept, gone_in, gone)

    def _add(
        self,
        kind: DifferenceKind,
        what: str,
        kept: Element,
        kept_node: Expr | None,
        gone: Element,
        gone_node: Expr | None,
    ) -> None:
        self.differences.append(Difference(kind, what, kept, kept_node, gone, gone_node))


def is_constant(expr: Expr) -> bool:
    """Whether an expression refers to nothing and calls nothing."""
    if not expr.children:
        return expr.kind in _CONSTANT_LEAVES or (expr.kind == "Identifier" and expr.value in ("true", "false", "null"))
    return expr.kind in _CONSTANT_NODES and all(child.kind in _MARKS or is_constant(child) for child in expr.children)


def _head(block: Block) -> str:
    return block.type + " ".join(block.labels)


def _kinds(expr: Expr) -> list[str]:
    return [child.kind for child in expr.children]


def _leaf_kinds(nodes: list[Expr]) -> list[str]:
    return [node.kind for node in nodes if not node.children]


def _step(step: Expr, names: SideNames) -> str:
    """A step of a traversal without the words for a side."""
    return names.label("".join(leaf.value for leaf in step.children))


def _neutral_parts(template: Expr, names: SideNames) -> list[str | Expr]:
    """The parts of a template. Neighbouring texts are joined, without the words for a side; empty ones are left out."""
    parts: list[str | Expr] = []
    text = ""
    for child in template_parts(template):
        if child.children:
            if neutral := names.neutral(text):
                parts.append(neutral)
            parts.append(child)
            text = ""
        else:
            text += child.value
    if neutral := names.neutral(text):
        parts.append(neutral)
    return parts


def _key(holder: Attribute, item: Expr) -> str:
    return item_key(item) or holder.text(item_key_node(item))


def _kind_of_extra(holder: Attribute, item: Expr) -> Literal["words", "one-sided"]:
    """The kind of an entry that only one twin has: a constant tag is words."""
    return "words" if holder.name in _TAGS and is_constant(item_value(item)) else "one-sided"
