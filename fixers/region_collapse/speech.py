"""What an answer says of a second region's purpose: in comments, names and strings, and in the text around its files.

A word counts with its scope. `failover` in a sentence on availability zones is a database's own, `secondary` before
`cidr` is a range, "no disaster recovery" denies it, and the names of arguments (`backup_retention_period`, `multi_az`)
are the provider's and not the answer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tapfix.answer.files import Answer
from tapfix.module import Block, Expr, File, Span, item_key
from tapfix.module.nodes import attribute_name_node, block_body, item_key_node

_ZONES = r"multi[\s_-]*az|(?-i:\bAZs?\b)|availability[\s_-]*zones?|(?:two|three|multiple|across|both)[\s_-]*zones?"
_PIECES = (
    r"nodes?|shards?|tasks?|pods?|containers?|number of|count|desired|redis|cache|memcached|replication[\s_-]*group"
    r"|\bDMS\b|data(?:base)?[\s_-]*migration|nat[\s_-]*gateways?"
)


class RegionPurpose(NamedTuple):
    """A purpose that a second region has, and the words for it."""

    what: str
    words: str
    """A pattern. White space, `_` and `-` separate words."""
    unless: str = ""
    """A pattern that gives the words another meaning where it is in the same sentence."""


PURPOSES = (
    RegionPurpose(
        "disaster recovery",
        r"disaster[\s_-]*recovery|(?-i:DR)|pilot[\s_-]*light|business[\s_-]*continuity|(?-i:RTO|RPO)",
    ),
    RegionPurpose(
        "several regions",
        r"(?:multi|cross|inter|dual|each|every)[\s_-]*(?:aws[\s_-]*)?region(?:s|al)?"
        r"|(?:multiple|both|two|three|four|[2-9]|several|many|all|different|separate|across|between)"
        r"[\s_-]*(?:the[\s_-]*|different[\s_-]*|separate[\s_-]*)?(?:aws[\s_-]*)?regions"
        r"|geo(?:graphic\w*)?[\s_-]*redundan\w+",
        r"trail|access[\s_-]*analyzer",
    ),
    RegionPurpose(
        "a second region's role",
        r"secondary(?![\s_-]*(?:cidr|ip|ipv[46]|private|address|range|eni|nic|network[\s_-]*interface|volume|index|key"
        r"|dns|zone|az|subnet|node|user)s?(?![a-z]))"
        r"|(?:backup|recovery|alternate|fallback|remote|second)[\s_-]*(?:aws[\s_-]*)?(?:region|site|location|stack)",
    ),
    RegionPurpose(
        "an active and a passive side",
        r"active[\s_/-]*(?:and[\s_-]*)?(?:active|passive|standby)|passive[\s_-]*(?:region|site|side|stack|cluster)",
    ),
    RegionPurpose("a standby", r"(?:hot|warm|cold)?[\s_-]*stand[\s_-]?by", f"{_ZONES}|{_PIECES}"),
    RegionPurpose("failover", r"fail[\s_-]?over|fail(?:s|ing)[\s_-]over", f"{_ZONES}|{_PIECES}"),
    RegionPurpose("replicas", r"replicas?|replication|replicate[sd]?", f"{_ZONES}|{_PIECES}"),
    RegionPurpose(
        "routing between regions",
        r"latency[\s_-]*(?:based|routing|routed|records?|policy)|(?:nearest|closest)[\s_-]*region"
        r"|geo(?:location|proximity)?[\s_-]*routing|global[\s_-]*(?:accelerator|load[\s_-]*balanc\w+|traffic)",
    ),
    RegionPurpose(
        "what is shared worldwide",
        r"global(?:ly)?[\s_-]*(?:distributed|tables?|databases?|clusters?|replicat\w+)",
    ),
    RegionPurpose(
        "the failure of a region", r"region(?:al)?[\s_-]*(?:redundan\w+|resilien\w+|failures?|outages?|isolation)"
    ),
)
"""Purposes, the strongest first."""

_NAMED = r"(?<![A-Za-z0-9])(?i:dr)(?![A-Za-z0-9])"
"""Disaster recovery in a name: `app-dr`. In a sentence it is written in capitals."""
_DENIED = (
    r"(?i)(?:\b(?:no|not|never|without|instead of|rather than|avoids?|avoiding|non)\b|n't)[\s-]+(?:\w+[\s,]+){0,2}$"
)
_SENTENCE_END = re.compile(r"[.;!?](?=\s)|\n")
_LONGEST_QUOTE = 100
_PLAIN = (".md", ".txt")
"""Endings of files that are text for people."""


class Said(NamedTuple):
    """A place where the answer speaks of a purpose."""

    what: str
    where: str
    """The place in words: `a comment`, `line 3 of the answer`."""
    quote: str
    """The line with the words."""
    span: Span | None
    """None in the text around the files."""

    @property
    def rank(self) -> int:
        """The place among the purposes, 0 for the strongest."""
        return next((n for n, purpose in enumerate(PURPOSES) if purpose.what == self.what), len(PURPOSES))


class _SpokenText(NamedTuple):
    """A text of the answer's own, and its place."""

    text: str
    where: str
    file: File | None = None
    offset: int = 0
    is_name: bool = False


def purposes_said(files: Iterable[File], answer: Answer | None) -> list[Said]:
    """Where the files and the answer around them speak of a second region's purpose, the strongest first."""
    found = [said for text in _texts(files, answer) for said in _said_in(text)]
    return sorted(found, key=lambda said: said.rank)


def regions_said(answer: Answer | None, regions: Sequence[str]) -> Said | None:
    """The first sentence around the files that names one of the regions, if all of them are named there."""
    if answer is None or len(regions) < 2:
        return None
    prose = [part for part in answer.prose if any(region in part.text.lower() for region in regions)]
    if not all(any(region in part.text.lower() for part in prose) for region in regions):
        return None
    text = prose[0].text.strip()
    return Said(" and ".join(regions), f"line {prose[0].line} of the answer", _quoted(text, 0, 0), None)


@cache
def _any_purpose() -> re.Pattern[str]:
    """A pattern for the words of all purposes: most texts have none."""
    return re.compile("|".join([*(_bounded(purpose.words) for purpose in PURPOSES), _NAMED]), re.I)


def _bounded(words: str) -> str:
    return f"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])"


def _said_in(text: _SpokenText) -> Iterator[Said]:
    """The first place in a text for each purpose."""
    if _any_purpose().search(text.text) is None:
        return
    for purpose in PURPOSES:
        for match in re.finditer(_bounded(purpose.words), text.text, re.I):
            if _means(purpose, text, match):
                yield _found(purpose.what, text, match)
                break
    named = re.search(_NAMED, text.text) if text.is_name else None
    if named is not None:
        yield _found(PURPOSES[0].what, text, named)


def _means(purpose: RegionPurpose, text: _SpokenText, match: re.Match[str]) -> bool:
    """Whether the words have the purpose's meaning in their sentence."""
    ends = [end.end() for end in _SENTENCE_END.finditer(text.text)]
    start = max((end for end in ends if end <= match.start()), default=0)
    end = min((end for end in ends if end >= match.end()), default=len(text.text))
    if re.search(_DENIED, text.text[start : match.start()]) is not None:
        return False
    return not purpose.unless or re.search(purpose.unless, text.text[start:end], re.I) is None


def _found(what: str, text: _SpokenText, match: re.Match[str]) -> Said:
    if text.file is None:
        at = text.offset + text.text.count("\n", 0, match.start())
        return Said(what, f"{text.where} {at} of the answer", _quoted(text.text, *match.span()), None)
    start, end = text.offset + match.start(), text.offset + match.end()
    return Said(what, text.where, _quoted(text.file.text, start, end), Span(text.file.path, start, end))


def _quoted(text: str, start: int, end: int) -> str:
    """The line with the words from `start` to `end`; of a long line, what is around them."""
    first = text.rfind("\n", 0, start) + 1
    last = len(text) if (at := text.find("\n", end)) < 0 else at
    line = text[first:last].strip()
    if len(line) <= _LONGEST_QUOTE:
        return line
    from_word = text.rfind(" ", first, max(first, start - _LONGEST_QUOTE // 2)) + 1 or first
    to_word = text.find(" ", end + _LONGEST_QUOTE // 4, last)
    before, after = "..." if from_word > first else "", "..." if to_word > 0 else ""
    return f"{before}{text[from_word : to_word if to_word > 0 else last].strip()}{after}"


# --- the texts --------------------------------------------------------------------------------------------------------


def _texts(files: Iterable[File], answer: Answer | None) -> Iterator[_SpokenText]:
    """The answer's own words: around its files, in comments, in names, and in strings."""
    for part in answer.prose if answer is not None else ():
        yield _SpokenText(part.text, "the heading in line" if part.is_heading else "line", None, part.line)
    for file in files:
        if _any_purpose().search(file.text) is None:
            continue
        if file.path.endswith(_PLAIN):
            yield _SpokenText(file.text, file.path, file)
        if file.kind == "other":
            continue
        yield from _comments(file)
        for block in file.blocks:
            yield from _names(block)
            yield from _strings(file, block.base, block.body)


def _comments(file: File) -> Iterator[_SpokenText]:
    for item in file.items:
        if not any(mark in item.text for mark in ("#", "//", "/*")):
            continue
        for leaf in item.node.leaves():
            if "#" in leaf.prefix or "/" in leaf.prefix:
                yield _SpokenText(leaf.prefix, "a comment", file, item.start + leaf.start - len(leaf.prefix))
        tail = item.start + item.node.end
        yield _SpokenText(file.text[tail : item.start + len(item.text)], "a comment", file, tail)


def _names(block: Block) -> Iterator[_SpokenText]:
    """The names that the answer gave: the last label of a block, local values, the alias of a provider."""
    if block.type in ("resource", "data", "module", "variable", "output") and block.label_nodes:
        yield _name(block, block.label_nodes[-1], f"the name of {block.address}")
    if block.type == "locals":
        for name, attribute in block.attributes.items():
            yield _SpokenText(name, f"the name of local.{name}", block.file, attribute.start, is_name=True)


def _name(block: Block, node: Expr, where: str) -> _SpokenText:
    span = block.span(node)
    return _SpokenText(block.file.text[span.start : span.end], where, block.file, span.start, is_name=True)


def _strings(file: File, base: int, node: Expr) -> Iterator[_SpokenText]:
    """The literal parts of strings, and the keys of maps, in what a block contains."""
    todo: list[tuple[Expr, str]] = [(node, "a text")]
    while todo:
        part, kind = todo.pop()
        if part.kind == "attribute":
            name = attribute_name_node(part).value
            kind = "a description" if name == "description" else "a tag" if "tags" in name else "a text"
        elif part.kind == "object_item" and item_key(part):
            key = item_key_node(part)
            yield _SpokenText(
                file.text[base + key.start : base + key.end], "a key", file, base + key.start, is_name=True
            )
        if part.kind in ("QuotedLit", "StringLit"):
            yield _SpokenText(part.value, kind, file, base + part.start, is_name=" " not in part.value.strip())
        children = (block_body(part),) if part.kind == "block" else part.children
        todo.extend((child, kind) for child in reversed(children))
