"""The value of each environment where two regions had different values.

The first environment gets the kept region's value and the second one that of the other region. The values of further
environments are derived: CIDR ranges do not overlap, and sizes do not shrink on the way to production. A value that
makes sense only in the region that goes (an AMI, a zone, an ARN) is not used.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from tapfix.module import Attribute, Expr, File, call_arguments, item_key, item_value, object_items

from .names import REGION

_CIDR = r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})/(\d{1,2})(?!\d)"
_SIZE = r"\b(?:db\.|cache\.)?[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|xlarge|\d+xlarge|metal)\b"
_KIND = (
    r"(^|_)(class|type|version|mode|level|tier|sku|policy|schedule|schedule_expression|recurrence|window|tenancy"
    r"|algorithm|edition|plan)$"
)
"""Names of arguments whose text says what kind a thing is."""
_VPC_ADDRESSES = 2**16
"""The addresses of a /16, the largest network that a VPC may have (docs.aws.amazon.com, "VPC CIDR blocks")."""
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
_BOUND = r"\b(?:ami|subnet|vpc|sg|i|vol|snap|rtb|igw|nat|eipalloc)-[0-9a-f]{8,17}\b|\barn:aws"


def region_bound(text: str) -> bool:
    """Whether a value belongs to one region and to no other."""
    return REGION.search(text) is not None or re.search(_BOUND, text) is not None


def is_network(text: str) -> bool:
    """Whether a value is a CIDR range, a list or a map of some, or the first numbers of one."""
    return re.search(_CIDR, text) is not None or re.match(r'"?\d{1,3}(\.\d{1,3})+', text) is not None


def per_environment(environments: Sequence[str], values: Sequence[str], name: str = "") -> dict[str, str]:
    """The value of each environment, in HCL. `values` are those of the regions, that of the kept one first.

    The constants in a list or a map are chosen one by one, if all regions had a list or a map of one shape. `name` is
    the argument, key or variable that has the value.
    """
    constants = _constants(values, name)
    if constants is None:
        return dict(zip(environments, _chosen(len(environments), values, name), strict=True))
    texts, at = [""] * len(environments), 0
    for constant in constants:
        chosen = _chosen(len(environments), constant.values, constant.name)
        texts = [text + values[0][at : constant.start] + own for text, own in zip(texts, chosen, strict=True)]
        at = constant.end
    return {e: text + values[0][at:] for e, text in zip(environments, texts, strict=True)}


def varies(name: str, text: str) -> bool:
    """Whether the environments of one region may have different values, and this is such a value."""
    return _scales(text, name) and not region_bound(text)


def network_prefixes(environments: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """`per_environment` for the first numbers of an address, such as `"10.0"` of `"10.0.${count.index}.0/24"`."""
    count = values[0].count(".") + 1
    networks = [f'"{v[1:-1]}{".0" * (4 - count)}/{8 * count}"' for v in values]
    chosen = per_environment(environments, networks)
    return {e: '"' + ".".join(network[1:-1].split(".")[:count]) + '"' for e, network in chosen.items()}


def _chosen(count: int, values: Sequence[str], name: str) -> list[str]:
    """The values of a number of environments, in their order."""
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


class _Constant(NamedTuple):
    """A constant in the kept region's value, its key, and what the regions have at its place.

    Offsets count from the beginning of the value.
    """

    start: int
    end: int
    name: str
    values: list[str]


def _constants(values: Sequence[str], name: str) -> list[_Constant] | None:
    """The constants in lists or maps of one shape; None for single values and values of different shapes."""
    if not values[0].startswith(("{", "[")):
        return None
    parsed = [File("value.tfvars", f"x = {value}\n").attributes.get("x") for value in values]
    attributes = [attribute for attribute in parsed if attribute is not None]
    if len(attributes) != len(values):
        return None
    return _constants_in(attributes, [attribute.expr for attribute in attributes], name)


def _constants_in(attributes: Sequence[Attribute], nodes: Sequence[Expr], name: str) -> list[_Constant] | None:
    """The constants in nodes of the regions' values; None where their shapes differ."""
    first = nodes[0]
    if any(node.kind != first.kind for node in nodes):
        return None
    if first.kind == "tuple":
        rows = [call_arguments(node) for node in nodes]
    elif first.kind == "object":
        rows = [_ordered(object_items(node), object_items(first)) for node in nodes]
    else:
        whole = attributes[0].expr.start
        texts = [attribute.text(node) for attribute, node in zip(attributes, nodes, strict=True)]
        return [_Constant(first.start - whole, first.end - whole, name, texts)]
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    found: list[_Constant] = []
    for parts in zip(*rows, strict=True):
        if first.kind == "object":
            inner = _constants_in(attributes, [item_value(item) for item in parts], item_key(parts[0]) or name)
        else:
            inner = _constants_in(attributes, parts, name)
        if inner is None:
            return None
        found += inner
    return found


def _ordered(items: tuple[Expr, ...], first: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The items of an object in the order of another one with the same keys; as they are if the keys differ."""
    keys, order = [item_key(item) for item in items], [item_key(item) for item in first]
    if sorted(map(str, keys)) != sorted(map(str, order)):
        return items
    return tuple(sorted(items, key=lambda item: order.index(item_key(item))))


def _scales(text: str, name: str) -> bool:
    """Whether a value is an amount, a kind or a network: environments of one region may differ in nothing else.

    A key pair, an account or a bucket of the other region is of no use here.
    """
    if text in ("true", "false") or re.search(_CIDR, text) or re.search(_SIZE, text):
        return True
    if re.fullmatch(r"-?\d+(\.\d+)?", text) is not None:
        return True
    return text.startswith('"') and "$" not in text and re.search(_KIND, name) is not None


def _next(chosen: Sequence[str], usable: Sequence[str]) -> str:
    """A further value: for CIDR ranges the next one at the same distance, for all else the last one again."""
    last, before = chosen[-1], chosen[-2]
    cidrs, earlier = re.findall(_CIDR, last), re.findall(_CIDR, before)
    if not cidrs or len(cidrs) != len(earlier):
        return usable[-1]
    taken = [n for text in chosen for n in _networks(text)]
    step = _number(cidrs[0][0]) - _number(earlier[0][0])
    further = range(1, 64)
    # First upwards at the same distance, then downwards, then by the size of a VPC: a VPC and its subnets, whose values
    # are chosen one by one, then move alike.
    for distance in (
        *(step * n for n in further),
        *(-step * n for n in further),
        *(_VPC_ADDRESSES * n for n in further),
    ):
        moved = _with_moved_networks(last, distance)
        fresh = _networks(moved)
        if "?" not in moved and fresh and not any(a.overlaps(b) for a in fresh for b in taken):
            return moved
    return usable[-1]


def _with_moved_networks(text: str, by: int) -> str:
    return re.sub(_CIDR, lambda match: _moved(match[1], match[2], by), text)


def _moved(address: str, length: str, by: int) -> str:
    """A network moved by a number of addresses; `?` if it leaves the private range."""
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
