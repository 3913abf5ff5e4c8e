"""What each environment gets where two regions had different values.

The first environment gets what the kept region had, the second what the other had, and those after it values derived so that CIDR
ranges do not overlap and sizes do not shrink on the way to production. A value that only makes sense in the region that went (an
AMI id, a zone, an ARN) is nobody's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from ._region_names import REGION

_CIDR = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})/(\d{1,2})(?!\d)")
_SIZE = re.compile(r"\b(?:db\.|cache\.)?[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|xlarge|\d+xlarge|metal)\b")
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
_BOUND = re.compile(r"\b(?:ami|subnet|vpc|sg|i|vol|snap|rtb|igw|nat|eipalloc)-[0-9a-f]{8,17}\b|\barn:aws")


def region_bound(text: str) -> bool:
    """Whether a value belongs to one region and to no other."""
    return REGION.search(text) is not None or _BOUND.search(text) is not None


def per_environment(environments: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """The HCL value of each environment. `values` are what the regions had, that of the kept one first."""
    kept, *others = values
    usable = [v for v in others if _scales(v) and not region_bound(v)]
    if not usable or region_bound(kept):
        return dict.fromkeys(environments, kept)
    chosen = [kept]
    for index in range(1, len(environments)):
        chosen.append(usable[index - 1] if index - 1 < len(usable) else _next(chosen, usable))
    for index in range(1, len(chosen)):
        if _smaller(chosen[index], chosen[index - 1]):
            chosen[index] = chosen[index - 1]
    return dict(zip(environments, chosen, strict=True))


def _scales(text: str) -> bool:
    """Whether a value says how much or where in the network: only such may differ between environments of one region.

    A key pair, an account or a bucket of the other region is nobody's here.
    """
    if text in ("true", "false") or _CIDR.search(text) or _SIZE.search(text):
        return True
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _next(chosen: Sequence[str], usable: Sequence[str]) -> str:
    """A further value: for CIDR ranges the next step in the same distance, for all else the last one again."""
    last, before = chosen[-1], chosen[-2]
    cidrs, earlier = _CIDR.findall(last), _CIDR.findall(before)
    if not cidrs or len(cidrs) != len(earlier):
        return usable[-1]
    taken = [n for text in chosen for n in _networks(text)]
    step = _number(cidrs[0][0]) - _number(earlier[0][0])
    for factor in range(1, 64):
        moved = _CIDR.sub(lambda m, by=step * factor: _moved(m[1], m[2], by), last)  # type: ignore[misc]
        fresh = _networks(moved)
        if "?" not in moved and fresh and not any(a.overlaps(b) for a in fresh for b in taken):
            return moved
    return usable[-1]


def _moved(address: str, length: str, by: int) -> str:
    """A network moved by a number of addresses; `?` where that leaves the private range it was in."""
    number = _number(address) + by
    if not 0 <= number < 2**32:
        return "?"
    moved = ipaddress.ip_address(number)
    if ipaddress.ip_address(address).is_private != moved.is_private:
        return "?"
    return f"{moved}/{length}"


def _number(address: str) -> int:
    return int(ipaddress.ip_address(address))


def _networks(text: str) -> list[ipaddress.IPv4Network]:
    found = []
    for address, length in _CIDR.findall(text):
        try:
            found.append(ipaddress.IPv4Network(f"{address}/{length}", strict=False))
        except ValueError:
            return []
    return found


def _smaller(text: str, other: str) -> bool:
    """Whether a size is below another: switches, numbers, and instance classes."""
    if (text, other) == ("false", "true"):
        return True
    try:
        return float(text) < float(other)
    except ValueError:
        pass
    a, b = _SIZE.search(text), _SIZE.search(other)
    return bool(a and b and _rank(a[1]) < _rank(b[1]))


def _rank(size: str) -> float:
    if size in _SIZES:
        return _SIZES.index(size)
    return 100.0 if size == "metal" else len(_SIZES) + float(size.removesuffix("xlarge"))
