"""Nodes of the tree by what they are: a call's arguments, an object's items, the parts of a conditional
(docs/tree.md).

The functions here take and return nodes; they know no file. Code outside `syntax/` reads the children of a node
through them and not by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tapfix.syntax import Leaf, Node

Expr = Node | Leaf

META_ARGUMENTS = frozenset(
    {"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "provisioner", "connection"}
)
"""The arguments and blocks that Terraform itself takes in a resource, whatever the provider's schema says."""


# --- bodies -----------------------------------------------------------------------------------------------------------


def label_nodes(block: Expr) -> tuple[Expr, ...]:
    """The nodes of a block's labels: a template of one QuotedLit, or an Identifier."""
    brace = [child.kind for child in block.children].index("OBrace")
    return block.children[1:brace]


def block_labels(block: Expr) -> tuple[str, ...]:
    """The labels of a block, without quotes."""
    labels = label_nodes(block)
    return tuple(["".join([part.value for part in n.children[1:-1]]) if n.children else n.value for n in labels])


def block_body(block: Expr) -> Expr:
    """The body of a block. Raises ValueError for a node that is no block."""
    for child in block.children:
        if child.kind == "body":
            return child
    raise ValueError("a block without a body")


def body_elements(body: Expr) -> tuple[Expr, ...]:
    """The attributes and blocks of a body, in order."""
    return tuple(child for child in body.children if child.kind in ("attribute", "block"))


def element_name(element: Expr) -> str:
    """The name of an attribute, the type of a block."""
    return element.children[0].value


def attribute_name(attribute: Expr) -> str:
    """The name of an attribute's node."""
    return attribute.children[0].value


def attribute_name_node(attribute: Expr) -> Expr:
    """The node of an attribute's name."""
    return attribute.children[0]


def attribute_expr(attribute: Expr) -> Expr:
    """The expression of an attribute's node."""
    return attribute.children[2]


def iterator_name(dynamic: Expr) -> str:
    """The name by which a `dynamic` block refers to the element that it makes a block of."""
    for child in block_body(dynamic).children:
        if child.kind == "attribute" and attribute_name(child) == "iterator":
            return attribute_expr(child).text
    labels = block_labels(dynamic)
    return labels[-1] if labels else ""


# --- templates --------------------------------------------------------------------------------------------------------


def string_value(expr: Expr) -> str | None:
    """The text of a quoted string without interpolation and escapes, else None."""
    if expr.kind != "template":
        return None
    parts = expr.children[1:-1]
    if any(p.kind != "QuotedLit" for p in parts):
        return None
    text = "".join(p.value for p in parts)
    return None if "\\" in text or "$${" in text or "%%{" in text else text


def template_parts(expr: Expr) -> tuple[Expr, ...]:
    """The literals, interpolations and directives of a quoted template or a heredoc, without its marks."""
    return expr.children[1:-1]


def opening_mark(expr: Expr) -> str:
    """What opens a quoted template or a heredoc: its quotation mark, or `<<-EOT` with its newline."""
    return expr.children[0].value


def trims_before(part: Expr) -> bool:
    """Whether an interpolation or directive removes the white space before it: `${~` or `%{~`. False for a literal."""
    return bool(part.children) and part.children[0].value.endswith("~")


def trims_after(part: Expr) -> bool:
    """Whether an interpolation or directive removes the white space after it: `~}`. False for a literal."""
    return bool(part.children) and part.children[-1].value.startswith("~")


def template_start(expr: Expr) -> int:
    """Where the text of a quoted template or a heredoc begins in the item, after its opening mark."""
    return expr.children[0].end


def interpolated(part: Expr) -> Expr:
    """The expression of an `interpolation`, a `${ }`."""
    return part.children[1]


def sole_interpolation(expr: Expr) -> Expr | None:
    """The expression of a template or heredoc that is one `${ }` and nothing else; None for another expression."""
    if expr.kind not in ("template", "heredoc") or len(expr.children) != 3 or expr.children[1].kind != "interpolation":
        return None
    return interpolated(expr.children[1])


def unwrapped(expr: Expr) -> Expr:
    """The expression without the parentheses, and without the `"${ }"`, around it."""
    while True:
        if expr.kind == "paren":
            expr = parenthesized(expr)
        elif expr.kind == "template" and (inner := sole_interpolation(expr)) is not None:
            expr = inner
        else:
            return expr


def parenthesized(expr: Expr) -> Expr:
    """The expression in a pair of parentheses."""
    return expr.children[1]


def is_negation(unary: Expr) -> bool:
    """Whether a node of the kind `unary` is `!x`, and not `-x`."""
    return unary.children[0].kind == "Bang"


def unary_operand(expr: Expr) -> Expr:
    """The `x` of `!x` and of `-x`."""
    return expr.children[1]


# --- calls, lists, objects --------------------------------------------------------------------------------------------


def call_name(expr: Expr) -> str | None:
    """The name of the function that a call calls; None for another expression."""
    if expr.kind != "call":
        return None
    names = []
    for child in expr.children:
        if child.kind == "OParen":
            break
        names.append(child.value)
    return "".join(names)


def call_name_node(call: Expr) -> Expr:
    """The node of the name of the function that a call calls; the first part of a name with `::`."""
    return call.children[0]


def call_arguments(expr: Expr) -> tuple[Expr, ...]:
    """The arguments of a call, or the elements of a tuple, without brackets and commas."""
    children = expr.children
    if expr.kind == "call":
        children = children[next(i for i, c in enumerate(children) if c.kind == "OParen") :]
    return tuple(
        c for c in children if c.kind not in ("OParen", "CParen", "OBrack", "CBrack", "Comma", "Ellipsis", "Newline")
    )


def call_around(expr: Expr, name: str, argument: Expr) -> Expr | None:
    """The call of the function `name`, in an expression, that has the node `argument` as one of its arguments."""
    for node in walk(expr):
        if call_name(node) == name and any(each is argument for each in call_arguments(node)):
            return node
    return None


def expands(call: Expr) -> bool:
    """Whether `...` follows the last argument of a call: it is a list of arguments."""
    return any(child.kind == "Ellipsis" for child in call.children)


def opening(expr: Expr) -> Expr:
    """The parenthesis, bracket or brace that opens the arguments of a call, a list or an object."""
    return next(child for child in expr.children if child.kind in ("OParen", "OBrack", "OBrace"))


def closing(expr: Expr) -> Expr:
    """The last leaf of a call, a list, an object or a template: what closes it."""
    return expr.children[-1]


def is_multi_line(expr: Expr) -> bool:
    """Whether a line break follows the opening brace of an object."""
    return expr.children[1].kind == "Newline"


def opening_newline(expr: Expr) -> Expr:
    """The line break after the opening brace of a multi-line object."""
    return expr.children[1]


def has_trailing_comma(expr: Expr) -> bool:
    """Whether a comma follows the last argument of a call."""
    return len(expr.children) > 1 and expr.children[-2].kind == "Comma"


def object_items(expr: Expr) -> tuple[Expr, ...]:
    """The items of an object."""
    return tuple(c for c in expr.children if c.kind == "object_item")


def item_key(item: Expr) -> str | None:
    """The key of an object's item if it is an identifier or a plain string, else None."""
    key = item.children[0]
    return key.value if isinstance(key, Leaf) and key.kind == "Identifier" else string_value(key)


def item_key_node(item: Expr) -> Expr:
    """The node of the key of an object's item."""
    return item.children[0]


def item_value(item: Expr) -> Expr:
    """The value of an object's item."""
    return item.children[2]


def members(container: Expr) -> tuple[Expr, ...]:
    """The elements of a list, the items of an object, the arguments of a call."""
    return object_items(container) if container.kind == "object" else call_arguments(container)


def comma_after(container: Expr, member: Expr) -> Expr | None:
    """The comma that follows a member of a list, an object or a call; None if none does."""
    children = iter(container.children)
    for child in children:
        if child is member:
            break
    following = next((child for child in children if child.kind != "Newline"), None)
    return following if following is not None and following.kind == "Comma" else None


# --- operators, conditionals and loops --------------------------------------------------------------------------------


def operands(binary: Expr) -> tuple[Expr, ...]:
    """The operands of a node of the kind `binary`, which has no precedence: two or more."""
    return binary.children[::2]


def operators(binary: Expr) -> tuple[Expr, ...]:
    """The operators between the operands of a node of the kind `binary`."""
    return binary.children[1::2]


class Conditional(NamedTuple):
    """The parts of `condition ? yes : no`."""

    condition: Expr
    yes: Expr
    no: Expr

    @classmethod
    def of(cls, expr: Expr) -> Conditional:
        """The parts of a node of the kind `conditional`."""
        return cls(*expr.children[::2])


class ForExpr(NamedTuple):
    """The parts of a `for` expression, of a tuple or of an object."""

    names: tuple[str, ...]
    """One name for the element, or two, for the key and the element."""
    source: Expr
    key: Expr | None
    """The key of an object's `for`; None for a tuple's."""
    value: Expr
    grouped: bool
    """Whether `...` follows the value: the values of one key become a list."""
    condition: Expr | None

    @classmethod
    def of(cls, expr: Expr) -> ForExpr:
        """The parts of a node of the kind `for_tuple` or `for_object`."""
        children = expr.children[2:-1]
        at = next(i for i, c in enumerate(children) if i and c.kind == "Identifier" and c.value == "in")
        names = tuple(c.value for c in children[:at] if c.kind == "Identifier")
        source, rest, key = children[at + 1], children[at + 3 :], None
        if expr.kind == "for_object":
            key, rest = rest[0], rest[2:]
        condition = next((i for i, c in enumerate(rest) if i and c.kind == "Identifier" and c.value == "if"), -1)
        return cls(
            names=names,
            source=source,
            key=key,
            value=rest[0],
            grouped=any(c.kind == "Ellipsis" for c in rest),
            condition=rest[condition + 1] if condition > 0 else None,
        )


# --- traversals -------------------------------------------------------------------------------------------------------


def step_name(step: Expr) -> str | None:
    """The name or number of a step `.name` or `.0` of a traversal; None for another step."""
    return step.children[1].text if step.kind in ("get_attr", "legacy_index") else None


def step_name_node(step: Expr) -> Expr:
    """The node of the name or number of a step `.name` or `.0`."""
    return step.children[1]


def step_key(step: Expr) -> str | None:
    """The name by which a step goes into an object, `.name` or `["name"]`; None for a key that is computed."""
    return string_value(step.children[1]) if step.kind == "index" else step_name(step)


def index_expr(step: Expr) -> Expr:
    """The expression in the brackets of a step of the kind `index`."""
    return step.children[1]


def traversal_root(expr: Expr) -> Expr:
    """The node that a traversal begins with."""
    return expr.children[0]


def traversal_steps(expr: Expr) -> tuple[Expr, ...]:
    """The steps of a traversal, after its root."""
    return expr.children[1:]


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


def whole_address(expr: Expr) -> str | None:
    """The address that an expression names and nothing else: `var.x`, but not `var.x.y`."""
    found = traversal_address(expr)
    return found[0] if found is not None and found[1] == len(expr.children) else None


def is_splat(step: Expr) -> bool:
    """Whether a step of a traversal is `[*]` or `.*`."""
    return step.kind in ("full_splat", "attr_splat")


def walk(node: Expr) -> Iterator[Expr]:
    """The node and all below it, in the order of the source."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += node.children[::-1]
