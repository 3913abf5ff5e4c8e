"""TAP108 `duplicate-declaration`: two declarations of one address."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, Expr, Module

_DESCRIPTIVE = {"variable": frozenset({"description"}), "output": frozenset({"description"})}
"""Arguments that only describe. Two declarations that differ in nothing else are equal."""


class DuplicateDeclaration(Fixer):
    """Two declarations of one address.

    A variable is in `variables.tf` and once more in the stack, or a log group is beside the trail and among the logs:
    Terraform refuses the module. Where both declarations are equal, whatever their layout, the order of their
    arguments and their descriptions, the second is removed. One of two variables or outputs may say more (a default,
    a validation): that one stays.

    **Refused** where the declarations differ, or where a comment would be lost: a person has to decide which of the
    two is meant. Blocks in text that does not parse do not count.

    **Why safe:** the declaration that stays says everything that the removed one said. A stack that Terraform accepts
    is not changed.
    """

    rule = "TAP108"
    severity = Severity.HIGH
    safety = Safety.SAFE
    title = "Declared twice"
    cause = "A part of the answer was written a second time, in another file or further down."
    reference = "https://developer.hashicorp.com/terraform/language/files#configuration-syntax"
    because = Because("terraform", "a module declares each address once", reference=reference)
    effect = "Terraform refuses the module: each address is declared once."
    order = 4
    examples = (
        Example(
            title="Equal, in another order; and one that says more",
            before="""\
variable "name" {
  type = string
}

variable "name" {
  description = "Name of the stack"
  type        = string
  default     = "web"
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/trail/${var.name}"
  retention_in_days = 7
}

locals {
  days = 7
}

# Logs
resource "aws_cloudwatch_log_group" "trail" {
  retention_in_days = 7
  name              = "/trail/${var.name}"
}
""",
            after="""\
variable "name" {
  description = "Name of the stack"
  type        = string
  default     = "web"
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/trail/${var.name}"
  retention_in_days = 7
}

locals {
  days = 7
}
""",
        ),
        Example(
            title="Refused: which of the two?",
            before="""\
locals {
  days = 7
}

locals {
  days = 30
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        first: dict[str, Element] = {}
        for address, element in module.declarations:
            other = first.setdefault(address, element)
            if other is element or (isinstance(element, Block) and element.type == "provider"):
                continue
            message = f"{address} is declared a second time"
            goes, stays = (other, element) if _says_more(element, other) else (element, other)
            if not _says_all(stays, goes):
                yield self.refuse(element, message, f"{_line_of(other)} says something else: decide which is meant")
            elif not _comments(goes) <= _comments(stays):
                yield self.refuse(element, message, f"each has comments of its own; {_line_of(other)} says the same")
            else:
                first[address] = stays
                yield self.fix(element, f"{message}, and says what {_line_of(other)} says", [_removed(goes)])


def _removed(element: Element) -> Edit:
    """The edit that removes a declaration, and the `locals` block with its last local value."""
    holder = element.parent
    if holder is not None and sum(child.kind in ("attribute", "block") for child in holder.body.children) == 1:
        return holder.remove()
    return element.remove()


def _says_more(element: Element, other: Element) -> bool:
    """Whether `element` stays instead of the earlier `other`: a variable or output that says more."""
    return (
        isinstance(element, Block)
        and isinstance(other, Block)
        and element.type in _DESCRIPTIVE
        and not _says_all(other, element)
    )


def _says_all(element: Element, other: Element) -> bool:
    """Whether `element` says everything that `other` says. Other blocks than variables and outputs have to be equal."""
    if isinstance(element, Block) and isinstance(other, Block):
        mine, its = _content(element), _content(other)
        return its <= mine if element.type in _DESCRIPTIVE else its == mine
    return isinstance(element, Attribute) and isinstance(other, Attribute) and _code(element.expr) == _code(other.expr)


def _content(block: Block) -> frozenset[tuple[object, ...]]:
    """The arguments of a block by name, and its nested blocks by their order, without layout."""
    left_out = _DESCRIPTIVE.get(block.type, frozenset()) if block.parent is None else frozenset()
    arguments = {(name, _code(a.expr)) for name, a in block.attributes.items() if name not in left_out}
    nested = [(inner.type, *inner.labels, _content(inner)) for inner in block.blocks]
    return frozenset({*arguments, *((place, *row) for place, row in enumerate(nested))})


def _code(expr: Expr) -> str:
    """The tokens of an expression, without white space, comments and trailing commas."""
    words = [leaf.value for leaf in expr.leaves() if leaf.kind != "Newline"]
    return " ".join(
        word for word, following in zip(words, [*words[1:], ""], strict=True) if (word, following[:1]) not in _TRAILING
    )


_TRAILING = {(",", "]"), (",", "}"), (",", ")")}


def _comments(element: Element) -> set[str]:
    """The comments in a declaration, without those above it."""
    _, *rest = element.node.leaves()
    return {line.strip() for leaf in rest for line in leaf.prefix.split("\n") if line.strip()}


def _line_of(element: Element) -> str:
    line = element.file.text.count("\n", 0, element.start) + 1
    return f"the one in line {line} of {element.file.path}"
