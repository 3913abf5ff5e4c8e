"""What a provider accepts, as read-only objects over the compact records of the data file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any, Final, Literal, NamedTuple

# A type in cty's JSON form: "string", ["list", "string"], ["object", {"name": "string"}], "dynamic".
CtyType = Any
TypeKind = Literal["resource", "data", "ephemeral", "provider"]
Nesting = Literal["single", "list", "set", "map", "group"]

# The index of a flag is the number of its bit in a record, so new flags go to the end.
FLAGS: Final = ("required", "optional", "computed", "deprecated", "sensitive", "write_only")
NESTINGS: Final[tuple[Nesting, ...]] = ("single", "list", "set", "map", "group")


class AttributeSchema(NamedTuple):
    """One attribute of a block: its type and who may set it."""

    type: CtyType
    required: bool = False
    optional: bool = False
    computed: bool = False
    deprecated: bool = False
    sensitive: bool = False
    write_only: bool = False

    @property
    def settable(self) -> bool:
        """Whether a configuration may set it."""
        return self.required or self.optional

    @property
    def as_blocks(self) -> bool:
        """Whether it may also be written as blocks: a list or set of objects, such as a security group's `ingress`.

        Source: https://developer.hashicorp.com/terraform/language/attr-as-blocks
        """
        kind = self.type
        return (
            isinstance(kind, list)
            and kind[0] in ("list", "set")
            and isinstance(kind[1], list)
            and kind[1][0] == "object"
        )


@cache
def _flags(number: int) -> tuple[bool, ...]:
    """The flags that a number in a record encodes, in the order of `FLAGS`."""
    return tuple(bool(number >> bit & 1) for bit in range(len(FLAGS)))


class BlockSchema:
    """The attributes and nested blocks of one block. Equal blocks of a type share one object."""

    def __init__(self, record: Record, index: int) -> None:
        self._record = record
        self._index = index

    @cached_property
    def attributes(self) -> Mapping[str, AttributeSchema]:
        found = {}
        for kind, flags, names in self._record.rows[self._index][0]:
            attribute = AttributeSchema(kind, *_flags(flags))
            for name in names.split():
                found[name] = attribute
        return found

    @cached_property
    def blocks(self) -> Mapping[str, NestedBlock]:
        return {
            name: NestedBlock(NESTINGS[nesting], least, most, self._record, index)
            for name, (nesting, least, most, index) in self._record.rows[self._index][1].items()
        }

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The attributes that must be set."""
        return tuple(name for name, attribute in self.attributes.items() if attribute.required)

    @cached_property
    def required_blocks(self) -> tuple[str, ...]:
        """The nested blocks that must be present."""
        return tuple(name for name, nested in self.blocks.items() if nested.min_items)

    def inner(self, path: Iterable[str]) -> BlockSchema | None:
        """The nested block at a path of block names: this block for an empty path, None if there is no such block."""
        found: BlockSchema = self
        for name in path:
            nested = found.blocks.get(name)
            if nested is None:
                return None
            found = nested.block
        return found

    def __contains__(self, name: str) -> bool:
        return name in self.attributes or name in self.blocks

    def __iter__(self) -> Iterator[str]:
        yield from self.attributes
        yield from self.blocks

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self)})"


class NestedBlock:
    """A block inside a block: how often it may occur there, and its own schema."""

    def __init__(self, nesting: Nesting, min_items: int, max_items: int, record: Record, index: int) -> None:
        self.nesting = nesting
        self.min_items = min_items
        self.max_items: int | None = max_items or (1 if nesting in ("single", "group") else None)
        self._record = record
        self._index = index

    @property
    def block(self) -> BlockSchema:
        return self._record.block(self._index)

    def __repr__(self) -> str:
        return f"NestedBlock({self.nesting}, {self.min_items}..{self.max_items or ''})"


class TypeSchema(BlockSchema):
    """The schema of one resource type, data source, ephemeral resource or provider configuration."""

    def __init__(self, name: str, kind: TypeKind, provider: str, rows: list[Any]) -> None:
        super().__init__(Record(rows), 0)
        self.name = name
        self.kind = kind
        self.provider = provider

    @cached_property
    def taggable(self) -> bool:
        """Whether `tags` contains the resource's AWS tags: an optional map next to the provider's `tags_all`.

        Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging
        """
        tags = self.attributes.get("tags")
        return tags is not None and tags.optional and tags.type == ["map", "string"] and "tags_all" in self.attributes


class Record:
    """One type's record in the data file: its distinct blocks, the type's own block first.

    A row is `[attributes, blocks]`. The attributes are grouped by type and flags, as `[type, flags, "names"]`. The
    blocks are `name: [nesting, min, max, row]`.
    """

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows
        self._blocks: dict[int, BlockSchema] = {}

    def block(self, index: int) -> BlockSchema:
        return self._blocks.get(index) or self._blocks.setdefault(index, BlockSchema(self, index))
