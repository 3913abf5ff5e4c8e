"""Checks the bodies of blocks against their schemas: unknown and missing arguments and blocks, and wrong types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from tapfix.module import Attribute, Block
from tapfix.schema import BlockSchema, NestedBlock
from tapfix.verify.expressions import Typer
from tapfix.verify.types import DYNAMIC, UNKNOWN, Names, Value, element_of

_MAX_DEPTH: Final = 60
"""How deep nested blocks are checked. No provider nests them nearly as deep."""


class Bodies:
    """Checks the bodies of a module's blocks, and types the expressions in them."""

    def __init__(self, typer: Typer) -> None:
        self.typer = typer

    def _report(self, kind: str, message: str, at: Block | Attribute) -> None:
        self.typer.declarations.report("schema", kind, message, at)

    def unknown(self, block: Block, names: Names, skip: Iterable[str] = ()) -> None:
        """Check the expressions in the body of a block without a schema. `skip` are names that are not checked."""
        if _depth(block) > _MAX_DEPTH:
            return
        skipped = frozenset(skip)
        if block.type == "dynamic":
            names = self._dynamic_names(block, names)
        for name, attribute in block.attributes.items():
            if name not in skipped and not (block.type == "dynamic" and name in ("iterator", "for_each")):
                self.typer.value(attribute.expr, attribute, names)
        for nested in block.blocks:
            if nested.type not in skipped:
                self.unknown(nested, names)

    def check(
        self,
        block: Block,
        schema: BlockSchema,
        names: Names,
        own: frozenset[str] | set[str],
        own_blocks: frozenset[str],
    ) -> None:
        """Check a body against its schema. `own` and `own_blocks` are the names that belong to Terraform itself."""
        if _depth(block) > _MAX_DEPTH:
            return
        for name, attribute in block.attributes.items():
            if name not in own:
                self._argument(block, schema, name, attribute, names)
        for name in schema.required:
            as_blocks = schema.attributes[name].as_blocks
            if name not in block.attributes and not (as_blocks and block.blocks_of(name)):
                self._report("missing-argument", f'the argument "{name}" of {title(block)} is missing', block)
        written: dict[str, int] = {}
        dynamic: set[str] = set()
        for nested in block.blocks:
            if nested.type in own_blocks:
                continue
            if nested.type == "dynamic" and len(nested.labels) == 1:
                dynamic.add(nested.labels[0])
                self._dynamic(block, schema, nested, names)
            else:
                written[nested.type] = written.get(nested.type, 0) + 1
                self._nested(block, schema, nested.type, nested, nested, names)
        for name in schema.required_blocks:
            self._least(block, name, schema.blocks[name].min_items, written.get(name, 0), name in dynamic)
        for name, number in written.items():
            self._most(block, name, schema.blocks.get(name), number)

    def _argument(self, block: Block, schema: BlockSchema, name: str, attribute: Attribute, names: Names) -> None:
        known = schema.attributes.get(name)
        if known is not None and known.settable:
            value = self.typer.expect(attribute.expr, known.type, attribute, names, f'"{name}"')
            if known.required and value.constant is None:
                self._report("missing-argument", f'the argument "{name}" of {title(block)} is null', attribute)
            return
        self.typer.value(attribute.expr, attribute, names)
        if known is not None:
            self._report(
                "computed-argument", f'"{name}" of {title(block)} cannot be set: the provider decides it', attribute
            )
        elif name in schema.blocks:
            self._report(
                "block-for-argument", f'"{name}" of {title(block)} is a block: it takes no equals sign', attribute
            )
        else:
            near = suggestion(name, schema)
            self._report("unknown-argument", f'{title(block)} has no argument "{name}"{near}', attribute)

    def _dynamic(self, block: Block, schema: BlockSchema, dynamic: Block, names: Names) -> None:
        names = self._dynamic_names(dynamic, names)
        contents = dynamic.blocks_of("content")
        if len(contents) != 1 or dynamic.get("for_each") is None:
            self._report("invalid-dynamic", "a dynamic block has for_each and one content block", dynamic)
        for content in contents:
            self._nested(block, schema, dynamic.labels[0], dynamic, content, names)

    def _dynamic_names(self, dynamic: Block, names: Names) -> Names:
        """The names in a dynamic block's content, which include the iterator."""
        each, iterator = dynamic.get("for_each"), dynamic.get("iterator")
        element = self.typer.value(each.expr, each, names).type if each else DYNAMIC
        bound = iterator.value if iterator else dynamic.name
        return {**names, bound: Value(["object", {"key": UNKNOWN, "value": Value(element_of(element))}])}

    def _nested(self, block: Block, schema: BlockSchema, name: str, head: Block, body: Block, names: Names) -> None:
        """Check a nested block: a block of its own (`head` is `body`), or the content of a dynamic block `head`."""
        rule = schema.blocks.get(name)
        if rule is not None:
            if head is body and head.labels and rule.nesting != "map":
                self._report("wrong-labels", f'a block "{name}" of {title(block)} has no label', head)
            self.check(body, rule.block, names, frozenset(), frozenset())
            return
        known = schema.attributes.get(name)
        if known is not None and known.as_blocks:
            self._object_block(body, known.type[1][1], names)
            return
        self.unknown(body, names)
        if known is not None:
            self._report(
                "argument-for-block", f'"{name}" of {title(block)} is an argument: it needs an equals sign', head
            )
        else:
            near = suggestion(name, schema)
            self._report("unknown-block", f'{title(block)} has no block "{name}"{near}', head)

    def _object_block(self, block: Block, members: Mapping[str, object], names: Names) -> None:
        """Check a block that is one object of an attribute. All of the object's members are optional."""
        for name, attribute in block.attributes.items():
            if name in members:
                self.typer.expect(attribute.expr, members[name], attribute, names, f'"{name}"')
            else:
                self.typer.value(attribute.expr, attribute, names)
                self._report(
                    "unknown-argument",
                    f'a block "{block.type}" has no argument "{name}"{suggestion(name, members)}',
                    attribute,
                )
        for nested in block.blocks:
            self.unknown(nested, names)
            if nested.type not in members and nested.type != "dynamic":
                self._report("unknown-block", f'a block "{block.type}" has no block "{nested.type}"', nested)

    def _least(self, block: Block, name: str, least: int, written: int, dynamic: bool) -> None:
        if written < least and not dynamic:
            few = f"at least {least}" if least > 1 else "a"
            self._report("too-few-blocks", f'{few} block "{name}" of {title(block)} is missing', block)

    def _most(self, block: Block, name: str, rule: NestedBlock | None, written: int) -> None:
        if rule is not None and rule.max_items is not None and written > rule.max_items:
            extra = [nested for nested in block.blocks if nested.type == name][rule.max_items]
            self._report(
                "too-many-blocks", f'no more than {rule.max_items} block "{name}" may be in {title(block)}', extra
            )


def _depth(block: Block) -> int:
    depth, around = 0, block.parent
    while around is not None:
        depth, around = depth + 1, around.parent
    return depth


def title(block: Block) -> str:
    """The name of a block in a message."""
    if block.parent is None:
        return block.labels[0] if block.labels else block.type
    if block.type == "content" and isinstance(block.parent, Block) and block.parent.type == "dynamic":
        return f"the block {block.parent.name}"
    return f"the block {block.type}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message that names the known name that is probably meant; empty if there is none."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.8) or [each for each in names if each.startswith(f"{name}_")]
    return f'; "{near[0]}" is meant, perhaps' if len(near) == 1 else ""
