"""Version constraints as ranges, and whether one range is within another."""

from __future__ import annotations

import re
from typing import Final

Version = tuple[int, ...]

_CONSTRAINT: Final = r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+)*)\s*"
_LENGTH: Final = 4
"""The number of parts by which versions are compared. A version of Terraform or of a provider has three."""
_ENDLESS: Final = (10**9,)


def is_within(stated: str, wanted: str) -> bool:
    """Whether `wanted` allows every version that `stated` allows. A text that is not a constraint is within itself.

    Source: https://developer.hashicorp.com/terraform/language/expressions/version-constraints
    """
    inner, outer = _range(stated), _range(wanted)
    if inner is None or outer is None:
        return "".join(stated.split()) == "".join(wanted.split())
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _range(constraints: str) -> tuple[Version, Version] | None:
    """The first allowed version, and the first later one that is not allowed; `!=` is ignored. None: no constraint."""
    low: Version = _padded((0,))
    high: Version = _ENDLESS
    for constraint in constraints.split(","):
        match = re.fullmatch(_CONSTRAINT, constraint)
        if match is None:
            return None
        version = tuple(int(part) for part in match[2].split("."))
        exact, after = _padded(version), (*_padded(version), 1)
        match match[1]:
            case None | "=":
                low, high = max(low, exact), min(high, after)
            case ">=":
                low = max(low, exact)
            case ">":
                low = max(low, after)
            case "<":
                high = min(high, exact)
            case "<=":
                high = min(high, after)
            case "~>":
                kept = version[:-1] if len(version) > 1 else version
                low, high = max(low, exact), min(high, _padded((*kept[:-1], kept[-1] + 1)))
    return low, high


def _padded(version: Version) -> Version:
    return (*version, *(0,) * (_LENGTH - len(version)))
