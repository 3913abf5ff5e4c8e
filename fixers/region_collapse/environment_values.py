"""What each environment gets where two regions had different values.

The first environment gets what the kept region had, the second what the other had, and those after it values derived so that CIDR
ranges do not overlap and sizes do not shrink on the way to production. A value that only makes sense in the region that went (an
AMI id, a zone, an ARN) is nobody's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from tapfix.module import Expr, call_arguments, item_key, item_value, object_items
from tapfix.syntax import parse

from .names import REGION

_CIDR = r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})/(\d{1,2})(?!\d)"
_SIZE = r"\b(?:db\.|cache\.)?[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|xlarge|\d+xlarge|metal)\b"
_KIND = r"(^|_)(class|type|version|mode|level|tier|sku|policy|schedule|schedule_expression|recurrence|window|tenancy|algorithm|edition|plan)$"
"""Names of arguments whose text says of which kind a thing is."""
_USUAL_VPC = 2**16
"""The addresses of a /16, the largest network that a VPC may have (docs.aws.amazon.com, "VPC CIDR blocks")."""
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
_BOUND = r"\b(?:ami|subnet|vpc|sg|i|vol|snap|rtb|igw|nat|eipalloc)-[0-9a-f]{8,17}\b|\barn:aws"


def region_bound(text: str) -> bool:
    """Whether a value belongs to one region and to no other."""
    return REGION.search(text) is not None or re.search(_BOUND, text) is not None


def per_environment(environments: Sequence[str], values: Sequence[str], name: str = "") -> dict[str, str]:
    """The HCL value of each environment. `values` are what the regions had, that of the kept one first.

    A list or a map is told apart leaf by leaf, where all regions had one of the same shape. `name` is the argument, key or variable
    that the value stands under.
    """
    leaves = _leaves(values, name)
    if leaves is None:
        return dict(zip(environments, _chosen(len(environments), values, name), strict=True))
    texts, at = [""] * len(environments), 0
    for start, end, under, spelled in leaves:
        chosen = _chosen(len(environments), spelled, under)
        texts = [text + values[0][at:start] + own for text, own in zip(texts, chosen, strict=True)]
        at = end
    return {e: text + values[0][at:] for e, text in zip(environments, texts, strict=True)}


def varies(name: str, text: str) -> bool:
    """Whether environments of one region may have a value each, of which this is one."""
    return _scales(text, name) and not region_bound(text)


def network_prefixes(environments: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """The same for the first numbers of an address, as `"10.0"` of `"10.0.${count.index}.0/24"`."""
    count = values[0].count(".") + 1
    networks = [f'"{v[1:-1]}{".0" * (4 - count)}/{8 * count}"' for v in values]
    return {
        e: '"' + ".".join(v[1:-1].split(".")[:count]) + '"' for e, v in per_environment(environments, networks).items()
    }


def _chosen(count: int, values: Sequence[str], name: str) -> list[str]:
    """The values of so many environments, in their order."""
    kept, *others = values
    usable = [v for v in others if varies(name, v)]
    if not usable or region_bound(kept):
        return [kept] * count
    chosen = [kept]
    for index in range(1, count):
        chosen.append(usable[index - 1] if index - 1 < len(usable) else _next(chosen, usable))
    for index in range(1, count):
        if _smaller(chosen[index], chosen[index - 1]):
            chosen[index] = chosen[index - 1]
    return chosen


_Leaf = tuple[int, int, str, list[str]]
"""Where a constant stands in the kept region's value, the key that it stands under, and what the regions have there."""


def _leaves(values: Sequence[str], name: str) -> list[_Leaf] | None:
    """The constants in lists or maps of one shape; None for single values and values of different shapes."""
    if not values[0].startswith(("{", "[")):
        return None
    parsed = [parse(f"{_HOLDER}{v}\n").items[0].node for v in values]
    if any(node.kind != "attribute" for node in parsed):
        return None
    nodes: list[Expr] = [node.children[2] for node in parsed]
    return _paired(nodes, values, name)


_HOLDER = "x = "


def _paired(nodes: Sequence[Expr], values: Sequence[str], name: str) -> list[_Leaf] | None:
    first = nodes[0]
    if any(node.kind != first.kind for node in nodes):
        return None
    if first.kind == "tuple":
        rows = [call_arguments(node) for node in nodes]
    elif first.kind == "object":
        rows = [object_items(node) for node in nodes]
        keys = [[item_key(i) for i in row] for row in rows]
        if any(sorted(map(str, k)) == sorted(map(str, keys[0])) for k in keys[1:]):
            rows = [sorted(row, key=lambda i, k=keys[0]: k.index(item_key(i))) for row in rows]  # type: ignore[misc]
    else:
        spelled = [v[n.start - len(_HOLDER) : n.end - len(_HOLDER)] for v, n in zip(values, nodes, strict=True)]
        return [(first.start - len(_HOLDER), first.end - len(_HOLDER), name, spelled)]
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    found: list[_Leaf] = []
    for parts in zip(*rows, strict=True):
        items = first.kind == "object"
        inner = _paired(
            [item_value(p) if items else p for p in parts],
            values,
            (item_key(parts[0]) or name) if items else name,
        )
        if inner is None:
            return None
        found += inner
    return found


def _scales(text: str, name: str) -> bool:
    """Whether a value says how much, of which kind or where in the network: only such may differ between environments of one region.

    A key pair, an account or a bucket of the other region is nobody's here.
    """
    if text in ("true", "false") or re.search(_CIDR, text) or re.search(_SIZE, text):
        return True
    if re.fullmatch(r"-?\d+(\.\d+)?", text) is not None:
        return True
    return text.startswith('"') and "$" not in text and re.search(_KIND, name) is not None


def _next(chosen: Sequence[str], usable: Sequence[str]) -> str:
    """A further value: for CIDR ranges the next step in the same distance, for all else the last one again."""
    last, before = chosen[-1], chosen[-2]
    cidrs, earlier = re.findall(_CIDR, last), re.findall(_CIDR, before)
    if not cidrs or len(cidrs) != len(earlier):
        return usable[-1]
    taken = [n for text in chosen for n in _networks(text)]
    step = _number(cidrs[0][0]) - _number(earlier[0][0])
    further = range(1, 64)
    # First on in the same distance, then back, then by the size of a usual VPC: a VPC and its subnets, which are told apart one by
    # one, then move alike.
    for distance in (*(step * n for n in further), *(-step * n for n in further), *(_USUAL_VPC * n for n in further)):
        moved = re.sub(_CIDR, lambda m, by=distance: _moved(m[1], m[2], by), last)  # type: ignore[misc]
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
    for address, length in re.findall(_CIDR, text):
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
    a, b = re.search(_SIZE, text), re.search(_SIZE, other)
    return bool(a and b and _rank(a[1]) < _rank(b[1]))


def _rank(size: str) -> float:
    if size in _SIZES:
        return _SIZES.index(size)
    return 100.0 if size == "metal" else len(_SIZES) + float(size.removesuffix("xlarge"))
