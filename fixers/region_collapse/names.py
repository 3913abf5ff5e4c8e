"""The spellings of a region, or of a region's role, in the names of answers: `us_east_1`, `use1`, `primary`, `west`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

REGION = re.compile(
    r"(?<![A-Za-z0-9])(us|eu|ap|sa|ca|af|me|il|mx|cn)[-_]?(?:gov[-_]?)?"
    r"(north|south|east|west|central|northeast|southeast|northwest|southwest)[-_]?([1-9])(?![0-9])",
    re.I,
)
"""A region's name as identifiers spell it (docs.aws.amazon.com, "AWS Regions")."""

_SHORT = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
    "northeast": "ne",
    "southeast": "se",
    "northwest": "nw",
    "southwest": "sw",
}
_ROLES = frozenset(
    "primary secondary tertiary main dr failover standby backup replica source destination target active passive"
    " east west north south central".split()
)
_SEPARATORS = "-_"
_SHORT_REGIONS = frozenset(
    {"us", "eu", "ap", "sa", "ca", "use1", "use2", "usw1", "usw2", "euw1", "euw2", "euc1", "apse1", "apse2", "apne1"}
)
"""Areas and regions as labels abbreviate them."""


_TITLES = {
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-southeast-3": "Asia Pacific (Jakarta)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-north-1": "Europe (Stockholm)",
    "eu-south-1": "Europe (Milan)",
    "eu-west-1": "Europe (Ireland)",
    "eu-west-2": "Europe (London)",
    "eu-west-3": "Europe (Paris)",
    "me-south-1": "Middle East (Bahrain)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}
"""The titles of AWS's regions (docs.aws.amazon.com, "AWS Regions")."""


def _title_spellings(title: str) -> Iterator[str]:
    """A region's title, as in comments, and its place alone, as in names: `virginia`, `cape_town`."""
    title = title.lower()
    yield title
    yield title.replace("europe (", "eu (")
    place = title.partition("(")[2].strip(")").removeprefix("n. ")
    if place != "central":
        yield from (place.replace(" ", joint) for joint in (" ", "-", "_", ""))


def region_in(text: str) -> str | None:
    """The region that a name contains, as AWS spells it, or None."""
    match = REGION.search(text)
    return f"{match[1]}-{match[2]}-{match[3]}".lower() if match else None


def region_spellings(region: str) -> tuple[str, ...]:
    """The ways in which answers spell a region in names."""
    area, direction, number = region.split("-")[-3:]
    short = _SHORT.get(direction, direction[:1])
    forms = {f"{area}{a}{direction}{b}{number}" for a, b in (("-", "-"), ("_", "_"), ("", ""), ("-", ""), ("_", ""))}
    forms |= {f"{area} {direction} {number}", f"{area} {direction}-{number}"}
    forms |= {f"{direction}{number}", f"{direction}-{number}", f"{direction}_{number}"}
    forms |= {
        f"{area}{short}{number}",
        f"{area}-{short}{number}",
        f"{area}_{short}{number}",
        f"{area}-{short}-{number}",
        f"{area}_{short}_{number}",
    }
    if title := _TITLES.get(region):
        forms |= set(_title_spellings(title))
    return tuple(sorted(forms, key=lambda f: (-len(f), f)))


class SideNames:
    """The words by which an answer distinguishes one side (one region's half of the stack) from another.

    `regional` are the spellings of the region, `roles` all other words, in lower case and the longest first.
    """

    def __init__(self, region: str | None, words: Iterable[str]) -> None:
        self.region = region
        spelled = set(region_spellings(region)) if region else set()
        self.regional = tuple(sorted(spelled | {w.lower() for w in words if region_in(w)}, key=_longest))
        self.roles = tuple(
            sorted({w.lower() for w in words if w and not region_in(w)} - set(self.regional), key=_longest)
        )
        self._words = (*self.regional, *self.roles)

    def learned(self, words: Iterable[str]) -> SideNames:
        """The same side with more words."""
        return SideNames(self.region, (*self.regional, *self.roles, *words))

    def of(self, region: str) -> SideNames:
        """The same side, now that its region is known."""
        return SideNames(region, (*self.regional, *self.roles))

    def without(self, words: Iterable[str]) -> SideNames:
        """The same side without roles that another side has as well, such as `west` of us-west-2 and eu-west-1."""
        return SideNames(self.region, (*self.regional, *(r for r in self.roles if r not in set(words))))

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """A pattern for any of the side's words, between separators; the letter of a zone may follow a region."""
        return _any_of(self.regional, self.roles)

    @cached_property
    def region_pattern(self) -> re.Pattern[str] | None:
        """A pattern for the spellings of the region alone."""
        return _any_of(self.regional, ())

    def neutral(self, text: str) -> str:
        """The text without the side's words: texts of two sides that say the same become equal."""
        if self.pattern is not None:
            text = self.pattern.sub("-", text)
        return "-".join(filter(None, text.replace("_", "-").split("-"))).strip(" ")

    def label(self, name: str) -> str:
        """An identifier without the side's words: `vpc_us_east_1` gives `vpc`, `primary` gives an empty text."""
        if self.pattern is None:
            return name
        return "_".join(filter(None, self.pattern.sub("", name).split("_"))).strip(_SEPARATORS)

    def speaks(self, text: str) -> bool:
        """Whether the text contains one of the side's words."""
        if not any(map(text.lower().__contains__, self._words)):
            return False  # true of most texts, and much faster than the pattern
        return self.pattern is not None and self.pattern.search(text) is not None


def _any_of(regional: tuple[str, ...], roles: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern for whole words; a zone's letter may follow a region, and anything a title in parentheses."""
    ends = (
        ([w for w in regional if w.endswith(")")], ""),
        ([w for w in regional if not w.endswith(")")], r"(?=[a-f]?(?![A-Za-z0-9]))"),
        (roles, r"(?![A-Za-z0-9])"),
    )
    parts = [f"(?:{'|'.join(map(re.escape, words))}){end}" for words, end in ends if words]
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(parts)})", re.I) if parts else None


def role_words(name: str) -> tuple[str, ...]:
    """The words of a name that are a role (`primary`, `dr`, `west`)."""
    return tuple(w for w in re.split(r"[-_]+", name.lower()) if w in _ROLES)


def is_side_word(text: str) -> bool:
    """Whether a text is nothing but a region or a word for a role."""
    word = text.strip('"').lower().replace("-", "_")
    return word in _ROLES or region_in(text) == text.strip('"').lower().replace("_", "-") or word in _SHORT_REGIONS


def label_difference(name: str, other: str) -> tuple[str, str] | None:
    """The words in which two names differ; None if there are none, or more than three in a row."""
    a, b = re.split(r"[-_]+", name), re.split(r"[-_]+", other)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    left, right = a[start : len(a) - end], b[start : len(b) - end]
    return ("_".join(left), "_".join(right)) if (left or right) and len(left) <= 3 and len(right) <= 3 else None


def _longest(word: str) -> tuple[int, str]:
    return -len(word), word
