"""AWS services: which of them a resource type belongs to, and what project files call them.

The data is ``services.txt`` beside this module; its head says how it reads. A name resolves to a :class:`Service` or
to a :class:`Feature` of one, however it is spelled: ``Amazon EC2``, ``ec2``, ``Elastic Compute Cloud (EC2)``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

DATA_FILE: Final = Path(__file__).with_name("services.txt")

_VENDORS = {"A": "Amazon ", "W": "AWS ", "-": ""}
_WORD = re.compile(r"[a-z0-9]+")
_ACTION = re.compile(r"[\"']([a-z0-9-]+):(?:[A-Z*])")


class Feature(NamedTuple):
    """A part of a service that lists name by itself: ``NAT Gateway`` of ``VPC``."""

    name: str
    service: str
    prefixes: tuple[str, ...]
    """Its resource types, without ``aws_``, each standing for all that begin with it and an underscore."""
    words: tuple[str, ...]
    """Words of a configuration that show that it is used."""

    def holds(self, type: str) -> bool:
        """Whether a resource type is of this part of the service."""
        return any(f"{type}_".startswith(f"aws_{prefix}_") for prefix in self.prefixes)


class Service(NamedTuple):
    """A service. Listed, it covers all its features."""

    name: str
    vendor: str
    prefixes: tuple[str, ...]
    actions: tuple[str, ...]
    """How its IAM actions start, without the colon."""
    words: tuple[str, ...]

    @property
    def service(self) -> str:
        return self.name

    @property
    def full_name(self) -> str:
        """``Amazon S3``, ``AWS Lambda``."""
        return _VENDORS[self.vendor] + self.name


class Table(NamedTuple):
    """All services."""

    services: dict[str, Service]
    by_prefix: dict[str, str]
    names: dict[str, Service | Feature]

    def service_of(self, type: str) -> Service | None:
        """The service of a resource type such as ``aws_lb_listener``; ``None`` if it is not AWS's, or unknown."""
        if not type.startswith("aws_"):
            return None
        words = type[4:].split("_")
        for length in range(len(words), 0, -1):
            name = self.by_prefix.get("_".join(words[:length]))
            if name is not None:
                return self.services[name]
        return None

    def meanings(self, name: str) -> tuple[Service | Feature, ...]:
        """What a listed name means: itself; or what stands before its brackets, and each thing inside of them."""
        if (whole := self.names.get(normal(name))) is not None:
            return (whole,)
        outside, _, inside = name.partition("(")
        parts = (self.names.get(normal(part)) for part in (outside, *inside.rstrip(") ").split(",")))
        return tuple(dict.fromkeys(part for part in parts if part is not None))


def normal(name: str) -> str:
    """A name without what spellings differ in: case, spaces, vendor and plural."""
    words = _WORD.findall(name.lower())
    text = "".join(words[1:] if len(words) > 1 and words[0] in ("amazon", "aws") else words)
    return text[:-1] if len(text) > 4 and text.endswith("s") and not text.endswith("ss") else text


def uses(found: Service | Feature, types: frozenset[str], actions: frozenset[str], text: str) -> bool:
    """Whether a stack with those resource types, IAM actions and that text shows that it uses what was listed."""
    table = services()
    if isinstance(found, Service):
        # Networks, their firewalls and their addresses are parts of EC2's interface, and listed as EC2 by many.
        if found.name == "EC2" and uses(table.services["VPC"], types, actions, text):
            return True
        if any((service := table.service_of(type)) is not None and service.name == found.name for type in types):
            return True
        if any(action in actions for action in found.actions):
            return True
    elif any(found.holds(type) for type in types):
        return True
    return any(word in text for word in found.words)


def actions_in(text: str) -> frozenset[str]:
    """The beginnings of the IAM actions in a configuration: ``s3`` for ``"s3:GetObject"``."""
    return frozenset(_ACTION.findall(text))


@cache
def services() -> Table:
    """The table, read once."""
    table = Table({}, {}, {})
    service: Service | None = None
    for line in DATA_FILE.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, *cells = line.split("|")
        name = name.strip()
        if line.startswith(" "):
            assert service is not None
            aliases, shown = cells
            entry: Service | Feature = Feature(name, service.name, *_sorted_out(shown))
        else:
            vendor, aliases, types, told = cells
            prefixes, _ = _sorted_out(types)
            entry = service = Service(name, vendor.strip(), prefixes, *_sorted_out(told))
            table.services[name] = service
            for prefix in prefixes:
                table.by_prefix.setdefault(prefix, name)
        for alias in (name, *_items(aliases)):
            table.names.setdefault(normal(alias), entry)
    return table


def _sorted_out(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The plain items of a cell, and the words among them that stand in quotes."""
    items = _items(cell)
    if '"' not in cell:
        return tuple(items), ()
    plain = tuple(item for item in items if not item.startswith('"'))
    return plain, tuple(item.strip('"') for item in items if item.startswith('"'))


def _items(cell: str) -> list[str]:
    return [item for item in map(str.strip, cell.split(",")) if item]
