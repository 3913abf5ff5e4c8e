"""What the AWS provider and the small utility providers accept, as data.

    schema = load()                                   # AWS provider 5; load(6) for version 6
    bucket = schema.resource("aws_s3_bucket")
    bucket.attributes["bucket"].type                  # "string"
    bucket.blocks["versioning"].max_items             # 1
    bucket.taggable                                   # True

The facts come from the providers themselves. `tapfix.schema._generate` writes the data, and `Schema.sources` names the
versions. A type that is not in the data is unknown, not wrong: every lookup returns None for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tapfix.schema._model import AttributeSchema, BlockSchema, CtyType, NestedBlock, Nesting, TypeKind, TypeSchema
from tapfix.schema._store import Store

__all__ = [
    "DATA_FILE",
    "AttributeSchema",
    "BlockSchema",
    "CtyType",
    "NestedBlock",
    "Nesting",
    "Schema",
    "TypeKind",
    "TypeSchema",
    "load",
]

DATA_FILE: Final = Path(__file__).with_name("providers.bin")

_KINDS_OF_BLOCKS: Final[Mapping[str, TypeKind]] = {"resource": "resource", "data": "data", "ephemeral": "ephemeral"}


@cache
def _store() -> Store:
    return Store(DATA_FILE.read_bytes())


@cache
def load(major: int = 5) -> Schema:
    """The schema with this major version of the AWS provider, or with the nearest version in the data."""
    known = sorted(int(name.removeprefix("aws@")) for name in _store().catalogs if name.startswith("aws@"))
    return Schema(min(known, key=lambda version: (abs(version - major), -version)))


class Schema:
    """The types of one AWS provider version and of the utility providers."""

    def __init__(self, major: int) -> None:
        store = _store()
        self.major = major
        self._catalogs = {
            catalog.partition("@")[0]: catalog
            for catalog in store.catalogs
            if not catalog.startswith("aws@") or catalog == f"aws@{major}"
        }
        self._types: dict[tuple[TypeKind, str], TypeSchema | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self.major,)

    @property
    def sources(self) -> tuple[Mapping[str, str], ...]:
        """The origin of each catalog: its name (`catalog`), the provider's `version`, and the `source` of the facts."""
        return tuple(_store().sources)

    @property
    def providers(self) -> Iterable[str]:
        """The local names of the providers whose types are known."""
        return self._catalogs.keys()

    def of(self, kind: str, name: str) -> TypeSchema | None:
        """A type by the type of its block: `resource`, `data` or `ephemeral`. None also for other block types."""
        found = _KINDS_OF_BLOCKS.get(kind)
        return None if found is None else self._type(found, name)

    def resource(self, name: str) -> TypeSchema | None:
        return self._type("resource", name)

    def data_source(self, name: str) -> TypeSchema | None:
        return self._type("data", name)

    def ephemeral(self, name: str) -> TypeSchema | None:
        return self._type("ephemeral", name)

    def provider(self, name: str) -> TypeSchema | None:
        """A provider's configuration. None also for the utility providers, whose configuration is not in the data."""
        return self._type("provider", name)

    def resource_types(self) -> tuple[str, ...]:
        return self._names("resource")

    def data_source_types(self) -> tuple[str, ...]:
        return self._names("data")

    def _names(self, kind: TypeKind) -> tuple[str, ...]:
        return tuple(name for catalog in self._catalogs.values() for name in _store().names(catalog, kind))

    def _type(self, kind: TypeKind, name: str) -> TypeSchema | None:
        try:
            return self._types[kind, name]
        except KeyError:
            found = self._types[kind, name] = self._read(kind, name)
            return found

    def _read(self, kind: TypeKind, name: str) -> TypeSchema | None:
        # The name of a type begins with the local name of its provider: aws_instance, random_id, terraform_data.
        provider = name.partition("_")[0]
        catalog = self._catalogs.get(provider)
        rows = _store().record(catalog, kind, name) if catalog is not None else None
        return None if rows is None else TypeSchema(name, kind, provider, rows)
