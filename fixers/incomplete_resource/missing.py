"""What a block lacks, and whether the block can go because of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.module import (
    META_ARGUMENTS,
    Attribute,
    Block,
    Element,
    File,
    Module,
    call_arguments,
    call_name,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
    walk,
)
from tapfix.schema import BlockSchema, TypeSchema

from ..shared.wording import listed

LINKS = r"_(policy|attachment|association|permission|membership|accepter|exclusive)$"
"""Types that only connect other resources, or say what others may do."""

PASSIVE = (
    r"^aws_(security_group|iam_role|iam_instance_profile|iam_group|launch_template|launch_configuration|key_pair"
    r"|lb_target_group|alb_target_group|cloudwatch_event_rule|\w+_(subnet_group|parameter_group|option_group))$"
)
"""Types that do nothing until another resource names them."""

NAMING = frozenset({"name", "name_prefix", "description", "path", "tags", "bucket", "statement_id"})
"""Arguments that say what a resource is called, and not what it does."""

_SUBSTANCE = frozenset({"object", "tuple", "heredoc", "call", "for_tuple", "for_object"})
"""Kinds of expressions that say what a resource does."""


class Missing(NamedTuple):
    """A required argument or block that is absent; `parent` is the block that lacks it."""

    name: str
    is_block: bool
    parent: Block

    def __str__(self) -> str:
        around = self.parent if self.parent.parent is not None else None
        where = f" in `{around.labels[0] if around.labels else around.type}`" if around is not None else ""
        return f"the block `{self.name}`{where}" if self.is_block else f"`{self.name}`{where}"


def missing_in(block: Block, schema: BlockSchema) -> Iterator[Missing]:
    """What the schema requires in a block and in all blocks in it, and what is absent."""
    for name in schema.required:
        attribute = block.get(name)
        absent = not block.blocks_of(name) if attribute is None else _is_void(attribute)
        if absent:
            yield Missing(name, False, block)
    for name, nested in schema.blocks.items():
        blocks = block.blocks_of(name)
        if nested.min_items and not blocks and block.get(name) is None:
            yield Missing(name, True, block)
        for inner in blocks:
            for body in inner.blocks_of("content") if inner.type == "dynamic" else (inner,):
                yield from missing_in(body, nested.block)


def _is_void(attribute: Attribute) -> bool:
    """Whether an argument is `null`, or a policy that says nothing."""
    expr = attribute.expr
    if expr.kind == "Identifier":
        return expr.text == "null"
    if not attribute.name.endswith("policy"):
        return False
    if string_value(expr) == "":
        return True
    if call_name(expr) != "jsonencode":
        return False
    (document, *_) = call_arguments(expr) or (expr,)
    if document.kind != "object":
        return False
    rows = {item_key(item): item_value(item) for item in object_items(document)}
    statement = rows.get("Statement")
    return not rows or (statement is not None and statement.kind == "tuple" and not call_arguments(statement))


# --- whether an unfinished block can go -------------------------------------------------------------------------------


def reason_to_keep(module: Module, block: Block, known: TypeSchema, missing: Sequence[Missing]) -> str | None:
    """Why an unfinished block cannot just go; None if it can."""
    unknown = [n for n in _names(block) if n not in known and n not in META_ARGUMENTS and n != "timeouts"]
    if unknown:
        return (
            f"it has {quoted_names(unknown)}, which the provider does not know and which may be what is missing: "
            "write it as it is called"
        )
    if any(part.parent is not block for part in missing) or not (
        block.type == "data" or does_nothing_alone(block.labels[0])
    ):
        return "the rest of it is written, and what it does would be lost with it: write the missing part"
    if has_substance(block, void=missing):
        return "what it says would be lost with it: write the missing part"
    if is_named(module, block.address, block):
        return "other blocks refer to it: write the missing part, or take it out of them"
    return None


def _names(block: Block) -> Iterator[str]:
    """The names of a block's arguments and nested blocks."""
    yield from block.attributes
    for nested in block.blocks:
        yield nested.labels[0] if nested.type == "dynamic" and nested.labels else nested.type


def does_nothing_alone(type: str) -> bool:
    """Whether a resource of a type does nothing unless another one names it or is named by it."""
    return bool(re.search(LINKS, type) or re.match(PASSIVE, type))


def has_substance(block: Block, void: Sequence[Missing] = ()) -> bool:
    """Whether a block says more than its name and what it belongs to: a nested block, a document, a list."""
    if any(b.type not in META_ARGUMENTS for b in block.blocks):
        return True
    names = NAMING | META_ARGUMENTS | {part.name for part in void}
    return any(_says_something(attribute) for attribute in block.attributes.values() if attribute.name not in names)


def _says_something(attribute: Attribute) -> bool:
    references = expression_references(attribute, attribute.expr)
    return any(node.kind in _SUBSTANCE for node in walk(attribute.expr)) or any(
        r.address.startswith("data.aws_iam_policy_document.") for r in references
    )


def is_named(module: Module, address: str, but: Element) -> bool:
    """Whether anything but the element itself refers to an address, or whether text that does not parse seems to."""
    for reference in module.references_to(address):
        if reference.file is not but.file or not but.start <= reference.start < but.end:
            return True
    word = re.compile(rf"(?<![\w.-]){re.escape(address)}(?![\w-])")
    texts = (b for f in module.configuration for b in f.broken if b.start != but.start or f is not but.file)
    return any(word.search(b.text()) for b in texts)


def with_what_it_needed(module: Module, block: Block) -> list[Block | Attribute]:
    """A block, and the data sources and local values that nothing but it refers to."""
    gone: list[Block | Attribute] = [block]
    todo = list(gone)
    while todo:
        element = todo.pop()
        if isinstance(element, Block):
            references = element.references
        else:
            references = expression_references(element, element.expr)
        for address in dict.fromkeys(r.address for r in references if r.address.startswith(("data.", "local."))):
            needed = module.find(address)
            if not isinstance(needed, Block | Attribute) or needed in gone:
                continue
            others = (r for r in module.references_to(address) if not any(_inside(r.file, r.start, g) for g in gone))
            if next(others, None) is None and not _is_named_in_broken(module, address):
                gone.append(needed)
                todo.append(needed)
    return gone


def _is_named_in_broken(module: Module, address: str) -> bool:
    return any(address in b.text() for f in module.configuration for b in f.broken)


def _inside(file: File, offset: int, element: Element) -> bool:
    return file is element.file and element.start <= offset < element.end


def quoted_names(names: Sequence[str]) -> str:
    """Names as code, joined: `a`, `b` and `c`."""
    return listed(f"`{name}`" for name in names)
