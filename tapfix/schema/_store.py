"""The data file: one small compressed record a type behind an index, so that one type costs one record.

    magic line | header line (JSON: lengths, sources) | index | preset dictionary | records

The index (compressed JSON) maps `catalog -> kind -> type name -> record number`; a catalog is one provider at one
version, such as `aws@5`. Equal records are stored once: most of version 6 equals version 5. The preset dictionary
holds what records have in common; small records compress to about half with it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tapfix.schema._model import FLAGS, NESTINGS

MAGIC: Final = b"tapfix-schema 1\n"
# zlib looks back 32 KB at most, so a longer dictionary would be dead weight.
DICTIONARY_SIZE: Final = 32_000

Catalogs = Mapping[str, Mapping[str, Mapping[str, bytes]]]


class Store:
    """An opened data file."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise ValueError("not a tapfix schema file of this version")
        end = data.index(b"\n", len(MAGIC))
        self.header: dict[str, Any] = json.loads(data[len(MAGIC) : end])
        start = end + 1
        index = json.loads(zlib.decompress(data[start : start + self.header["index"]]))
        self.catalogs: dict[str, dict[str, dict[str, int]]] = index["catalogs"]
        self._ends: list[int] = index["ends"]
        start += self.header["index"]
        self._records = start + self.header["dictionary"]
        self._dictionary = zlib.decompress(data[start : self._records])
        self._data = data

    def record(self, number: int) -> list[Any]:
        start = self._ends[number - 1] if number else 0
        inflate = zlib.decompressobj(wbits=-15, zdict=self._dictionary)
        packed = self._data[self._records + start : self._records + self._ends[number]]
        rows: list[Any] = json.loads(inflate.decompress(packed))
        return rows


def pack(catalogs: Catalogs, sources: Iterable[Mapping[str, str]]) -> bytes:
    """The bytes of a data file. The same facts give the same bytes."""
    records: dict[bytes, int] = {}
    numbers = {
        catalog: {
            kind: {name: records.setdefault(types[name], len(records)) for name in sorted(types)}
            for kind, types in sorted(kinds.items())
        }
        for catalog, kinds in sorted(catalogs.items())
    }
    dictionary = _dictionary(list(records))
    packed, ends, end = [], [], 0
    for record in records:
        deflate = zlib.compressobj(9, wbits=-15, zdict=dictionary)
        packed.append(deflate.compress(record) + deflate.flush())
        end += len(packed[-1])
        ends.append(end)
    index = zlib.compress(_json({"catalogs": numbers, "ends": ends}), 9)
    shared = zlib.compress(dictionary, 9)
    header = {"index": len(index), "dictionary": len(shared), "sources": list(sources)}
    return b"".join([MAGIC, _json(header), b"\n", index, shared, *packed])


def encode(schema: Mapping[str, Any]) -> bytes:
    """One type's record from a block in the form of `terraform providers schema -json`, equal blocks stored once."""
    rows: list[Any] = []
    seen: dict[bytes, int] = {}

    def number(block: Mapping[str, Any]) -> int:
        groups: dict[tuple[str, int], list[str]] = {}
        for name, attribute in sorted(block.get("attributes", {}).items()):
            flags = sum(1 << bit for bit, flag in enumerate(FLAGS) if attribute.get(flag))
            groups.setdefault((_json(attribute["type"]).decode(), flags), []).append(name)
        attributes = [[json.loads(kind), flags, " ".join(names)] for (kind, flags), names in groups.items()]
        place = len(rows)
        rows.append(None)  # the outermost block must be row 0, so its place is taken before its children's
        blocks = {
            name: [
                NESTINGS.index(nested["nesting_mode"]),
                nested.get("min_items", 0),
                nested.get("max_items", 0),
                child,
            ]
            for name, nested in sorted(block.get("block_types", {}).items())
            for child in [number(nested["block"])]
        }
        row = [attributes, blocks]
        known = seen.setdefault(_json(row), place)
        if known == place:
            rows[place] = row
        else:
            del rows[place:]  # its children were all known too, so nothing behind it is in use
        return known

    number(schema)
    return _json(rows)


def _dictionary(records: list[bytes]) -> bytes:
    """A sample of all records, evenly spread; zlib finds what is near the end most cheaply."""
    step = max(1, len(records) // 40)
    return b"".join(record[:2_000] for record in records[::step])[-DICTIONARY_SIZE:]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=False).encode()
