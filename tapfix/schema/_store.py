"""A data file of records by name. Each type has a small compressed record, so that reading a type unpacks one record.

    magic line | header line (JSON: lengths, sources) | sections | preset dictionary | records

A catalog is one provider at one version, such as `aws@5`. Each kind of its types has a section, which contains the
names of the types and, for each, where its record begins and ends. A section is unpacked at its first use. Equal
records are stored once, since most of version 6 equals version 5. The preset dictionary contains text that many records
share, which halves the size of small compressed records.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tapfix.schema._model import FLAGS, NESTINGS

MAGIC: Final = b"tapfix-records 2\n"
# zlib looks back at most 32 KB, so a longer dictionary would not help.
DICTIONARY_SIZE: Final = 32_000
_OFFSET_SIZE: Final = 4
"""The size of an offset in a section, in bytes."""

Catalogs = Mapping[str, Mapping[str, Mapping[str, bytes]]]


class Store:
    """An opened data file."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise ValueError("not a tapfix data file of this version")
        end = data.index(b"\n", len(MAGIC))
        header = json.loads(data[len(MAGIC) : end])
        self.sources: list[Mapping[str, str]] = header["sources"]
        self._sections: dict[str, dict[str, Section | slice]] = {}
        start = end + 1
        for catalog, kinds in header["catalogs"].items():
            for kind, length in kinds.items():
                self._sections.setdefault(catalog, {})[kind] = slice(start, start + length)
                start += length
        self._records = start + header["dictionary"]
        self._dictionary = zlib.decompress(data[start : self._records])
        self._data = data

    @property
    def catalogs(self) -> Collection[str]:
        """The names of the catalogs."""
        return self._sections.keys()

    def names(self, catalog: str, kind: str) -> Collection[str]:
        """The sorted names of a catalog's types of one kind."""
        section = self._section(catalog, kind)
        return section.names.keys() if section is not None else ()

    def record(self, catalog: str, kind: str, name: str) -> list[Any] | None:
        """The record of a type; None if the data has none."""
        section = self._section(catalog, kind)
        span = section.span(name) if section is not None else None
        if span is None:
            return None
        inflate = zlib.decompressobj(wbits=-15, zdict=self._dictionary)
        packed = self._data[self._records + span[0] : self._records + span[1]]
        rows: list[Any] = json.loads(inflate.decompress(packed))
        return rows

    def _section(self, catalog: str, kind: str) -> Section | None:
        kinds = self._sections.get(catalog, {})
        found = kinds.get(kind)
        if isinstance(found, slice):
            found = kinds[kind] = Section(zlib.decompress(self._data[found]))
        return found


class Section:
    """The names of the types of one kind, and the offsets of their records."""

    def __init__(self, data: bytes) -> None:
        names, _, self._offsets = data.partition(b"\n")
        self.names = {name: number for number, name in enumerate(names.decode().split())}

    def span(self, name: str) -> tuple[int, int] | None:
        """The start and the end of a type's record, counted from the first record; None for an unknown name."""
        number = self.names.get(name)
        if number is None:
            return None
        at = 2 * _OFFSET_SIZE * number
        start, end = self._offsets[at : at + _OFFSET_SIZE], self._offsets[at + _OFFSET_SIZE : at + 2 * _OFFSET_SIZE]
        return int.from_bytes(start, "little"), int.from_bytes(end, "little")


def pack(catalogs: Catalogs, sources: Iterable[Mapping[str, str]]) -> bytes:
    """The bytes of a data file. The same facts give the same bytes."""
    catalogs = {catalog: dict(sorted(kinds.items())) for catalog, kinds in sorted(catalogs.items())}
    types = [types for kinds in catalogs.values() for types in kinds.values()]
    records = list(dict.fromkeys(record for each in types for _, record in sorted(each.items())))
    dictionary = _dictionary(records)
    offsets: dict[bytes, bytes] = {}
    packed: list[bytes] = []
    end = 0
    for record in records:
        deflate = zlib.compressobj(9, wbits=-15, zdict=dictionary)
        packed.append(deflate.compress(record) + deflate.flush())
        start, end = end, end + len(packed[-1])
        offsets[record] = start.to_bytes(_OFFSET_SIZE, "little") + end.to_bytes(_OFFSET_SIZE, "little")
    sections = [
        zlib.compress(
            " ".join(sorted(each)).encode() + b"\n" + b"".join(offsets[each[name]] for name in sorted(each)), 9
        )
        for each in types
    ]
    lengths = iter(map(len, sections))
    shared = zlib.compress(dictionary, 9)
    header = {
        "catalogs": {catalog: {kind: next(lengths) for kind in kinds} for catalog, kinds in catalogs.items()},
        "dictionary": len(shared),
        "sources": list(sources),
    }
    return b"".join([MAGIC, _json(header), b"\n", *sections, shared, *packed])


def encode(schema: Mapping[str, Any]) -> bytes:
    """One type's record, from a block in the form of `terraform providers schema -json`.

    Equal blocks are stored once.
    """
    rows: list[Any] = []
    seen: dict[bytes, int] = {}

    def row_of(block: Mapping[str, Any]) -> int:
        groups: dict[tuple[str, int], list[str]] = {}
        for name, attribute in sorted(block.get("attributes", {}).items()):
            flags = sum(1 << bit for bit, flag in enumerate(FLAGS) if attribute.get(flag))
            groups.setdefault((_json(attribute["type"]).decode(), flags), []).append(name)
        attributes = [[json.loads(kind), flags, " ".join(names)] for (kind, flags), names in groups.items()]
        index = len(rows)
        rows.append(None)  # the outermost block must be row 0, so a block takes its row before its children do
        blocks = {
            name: [
                NESTINGS.index(nested["nesting_mode"]),
                nested.get("min_items", 0),
                nested.get("max_items", 0),
                child,
            ]
            for name, nested in sorted(block.get("block_types", {}).items())
            for child in [row_of(nested["block"])]
        }
        row = [attributes, blocks]
        known = seen.setdefault(_json(row), index)
        if known == index:
            rows[index] = row
        else:
            del rows[index:]  # all its children were known too, so no row after it is in use
        return known

    row_of(schema)
    return _json(rows)


def _dictionary(records: list[bytes]) -> bytes:
    """An even sample of all records, at most `DICTIONARY_SIZE` bytes."""
    step = max(1, len(records) // 40)
    return b"".join(record[:2_000] for record in records[::step])[-DICTIONARY_SIZE:]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=False).encode()
