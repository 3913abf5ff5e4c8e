"""AWS services: the service of each resource type, and the names that project files use for services.

The data is ``services.txt`` in this folder; its first lines explain the format. A name leads to a :class:`Service` or
to a :class:`Feature`, in any of its spellings: ``Amazon EC2``, ``ec2``, ``Elastic Compute Cloud (EC2)``.
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
    """A part of a service that lists often name by itself, such as ``NAT Gateway`` of ``VPC``."""

    name: str
    service: str
    prefixes: tuple[str, ...]
    """Beginnings of its resource types, in whole words and without ``aws_``."""
    words: tuple[str, ...]
    """Words in a configuration that show that it is used."""

    def includes(self, type: str) -> bool:
        """Whether a resource type belongs to this part of the service."""
        return any(f"{type}_".startswith(f"aws_{prefix}_") for prefix in self.prefixes)


class Service(NamedTuple):
    """A service. A list that names it covers all its features."""

    name: str
    vendor: str
    prefixes: tuple[str, ...]
    actions: tuple[str, ...]
    """The prefixes of its IAM actions, without the colon."""
    words: tuple[str, ...]

    @property
    def service(self) -> str:
        return self.name

    @property
    def full_name(self) -> str:
        """``Amazon S3``, ``AWS Lambda``."""
        return _VENDORS[self.vendor] + self.name


class ServiceCatalog(NamedTuple):
    """All services, by name, by resource type and by every name that lists use."""

    services: dict[str, Service]
    by_prefix: dict[str, str]
    names: dict[str, Service | Feature]

    def service_of(self, type: str) -> Service | None:
        """The service of a resource type such as ``aws_lb_listener``; ``None`` if the type is unknown or not of AWS."""
        if not type.startswith("aws_"):
            return None
        words = type[4:].split("_")
        for length in range(len(words), 0, -1):
            name = self.by_prefix.get("_".join(words[:length]))
            if name is not None:
                return self.services[name]
        return None

    def meanings(self, name: str) -> tuple[Service | Feature, ...]:
        """The meanings of a listed name: of the whole name, or else of the parts before and in its brackets."""
        if (whole := self.names.get(normal(name))) is not None:
            return (whole,)
        outside, _, inside = name.partition("(")
        parts = (self.names.get(normal(part)) for part in (outside, *inside.rstrip(") ").split(",")))
        return tuple(dict.fromkeys(part for part in parts if part is not None))


def normal(name: str) -> str:
    """A name without that in which spellings differ: case, spaces, vendor and plural."""
    words = _WORD.findall(name.lower())
    text = "".join(words[1:] if len(words) > 1 and words[0] in ("amazon", "aws") else words)
    return text[:-1] if len(text) > 4 and text.endswith("s") and not text.endswith("ss") else text


def uses(found: Service | Feature, types: frozenset[str], actions: frozenset[str], text: str) -> bool:
    """Whether a stack with these resource types, prefixes of IAM actions and text uses a listed service or feature."""
    catalog = services()
    if isinstance(found, Service):
        # Networks, firewalls and addresses are parts of the EC2 API, and many lists name them EC2.
        if found.name == "EC2" and uses(catalog.services["VPC"], types, actions, text):
            return True
        if any((service := catalog.service_of(type)) is not None and service.name == found.name for type in types):
            return True
        if any(action in actions for action in found.actions):
            return True
    elif any(found.includes(type) for type in types):
        return True
    return any(word in text for word in found.words)


def actions_in(text: str) -> frozenset[str]:
    """The prefixes of the IAM actions in a configuration: ``s3`` for ``"s3:GetObject"``."""
    return frozenset(_ACTION.findall(text))


@cache
def services() -> ServiceCatalog:
    """The catalog in ``services.txt``."""
    catalog = ServiceCatalog({}, {}, {})
    service: Service | None = None
    for line in DATA_FILE.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, *cells = line.split("|")
        name = name.strip()
        if line.startswith(" "):
            assert service is not None
            aliases, shown = cells
            entry: Service | Feature = Feature(name, service.name, *_prefixes_and_words(shown))
        else:
            vendor, aliases, types, shown = cells
            prefixes, _ = _prefixes_and_words(types)
            entry = service = Service(name, vendor.strip(), prefixes, *_prefixes_and_words(shown))
            catalog.services[name] = service
            for prefix in prefixes:
                catalog.by_prefix.setdefault(prefix, name)
        for alias in (name, *_items(aliases)):
            catalog.names.setdefault(normal(alias), entry)
    return catalog


def _prefixes_and_words(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The items of a cell without quotes, and those in quotes."""
    items = _items(cell)
    if '"' not in cell:
        return tuple(items), ()
    plain = tuple(item for item in items if not item.startswith('"'))
    return plain, tuple(item.strip('"') for item in items if item.startswith('"'))


def _items(cell: str) -> list[str]:
    return [item for item in map(str.strip, cell.split(",")) if item]
