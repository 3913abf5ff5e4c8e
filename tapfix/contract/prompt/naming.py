"""How resources are tagged and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tapfix.contract.prompt.scopes import Cover
from tapfix.contract.prompt.sentences import Sentence

Stated = Iterator[tuple[str, Any]]
"""The clauses that a sentence states: `table.key` and the value in the form of TOML."""

# --- tags -------------------------------------------------------------------------------------------------------------

_EXPRESSION: Final = re.compile(r"`(?:tags\s*=\s*)?(merge\([^`]{1,300}\))`")
_EVERYWHERE: Final = re.compile(r"\b(?:all|every|each|everywhere|everything|any)\b|\btags\b", re.IGNORECASE)
_TRIGGER: Final = re.compile(r"\b(?:tag(?:s|ged|ging)?|default_tags|labels?)\b", re.IGNORECASE)
_LEAD: Final = re.compile(
    r"(?:\b(?:with|include|includes|including|containing|contain|applying|apply|keys?(?: as)?|minimum|least"
    r"|must have|have|has|as|following|for|named|namely|using|by)\b|:|\()[\s:,*(]*"
    r"(?:(?:the|following|at least|at minimum|minimum|a|an|both|mandatory|required|keys?|tags?|as|standard"
    r"|consistent|least|these)[\s:,*(]+){0,4}",
    re.IGNORECASE,
)
_QUOTE: Final = "[\"'`*]{0,3}"
_VALUE: Final = (
    r"(?:\"[^\"]{0,60}\"|'[^']{0,60}'|\((?:\"[^\"]{0,60}\"|var\.\w+|'[^']{0,60}'|e\.g\.[^)]{0,60}"
    r"|(?:either )?[A-Za-z]{1,20} or [A-Za-z]{1,20})\)"
    r"|(?:var|local)\.\w+|\$\{[^}]{1,60}\}|\{[\w.-]+\}|[\w./-]{1,40})"
)
_KEY: Final = re.compile(
    rf"{_QUOTE}(?P<key>[A-Za-z][\w-]{{0,40}}(?::[A-Za-z][\w-]{{0,30}})?){_QUOTE}"
    rf"(?:\s*(?:=|:)\s*(?P<value>{_VALUE}){_QUOTE}|\s+(?P<quoted>\"[^\"]{{0,60}}\"|\((?:\"[^\"]{{0,60}}\""
    rf"|var\.\w+|'[^']{{0,60}}'|(?:either )?[A-Za-z]{{1,20}} or [A-Za-z]{{1,20}})\)))?"
)
_SEPARATOR: Final = re.compile(
    r"\s{0,2}(?:,\s?(?:and|&|or)?|\band\b|&|/|;|\+)\s{1,2}(?:an? )?(?:the )?|\s?,\s?", re.IGNORECASE
)
_SCOPED: Final = re.compile(
    r"\b(?:classification|level|value|values|snapshots?|volumes?|subnets?|buckets?|objects?|images?"
    r"|route tables?|containers?|docker|ecr"
    r"|roles?|bastion|instances?|lambdas?|functions?|databases?|clusters?|nodes?|vpcs?|log groups?|gateways?"
    r"|tables?|queues?|topics?"
    r"|keys|alb|policies|users?|events?|metrics?|alarms?|logs)\b",
    re.IGNORECASE,
)
_ALL: Final = re.compile(
    r"\b(?:all|every|each)\s+(?:\w+\s+){0,2}?(?:resources?|components?|assets|services|of (?:it|them|these)"
    r"|infrastructure)\b|\ball (?:two|three|four|five|of)\b"
    r"|\b(?:everything|resources|components|default_tags|mandatory|global|consistent|required tags|taggable"
    r"|whole stack|common tags|infrastructure)\b",
    re.IGNORECASE,
)
_WORDS: Final = frozenset(
    "aws iam all tag tags terraform vpc ec2 s3 rds alb every apply use the each everything resources"
    " resource proper appropriate "
    "consistent cost allocation tracking management identification name-value key keys value values"
    " and or with at minimum "
    "naming descriptive relevant meaningful identifiers conventions compliance-related metadata"
    " include following mandatory common "
    "lambda functions security groups subnets encryption logging monitoring clear comprehensive"
    " local locals merge var map standard "
    "best practices organization governance billing ownership-related required custom provided given these this that "
    "example optional etc more others properly it them".split()
)
_AFTER: Final = re.compile(r"\s{0,2}(?:tags?|keys?|as (?:tags|keys))\b", re.IGNORECASE)


def tags(sentence: Sentence) -> Stated:
    """The expression of every `tags`, and the keys that every resource must have."""
    expression = _EXPRESSION.search(sentence.text)
    if expression and (_EVERYWHERE.search(sentence.plain)):
        start = sentence.plain.find("merge(")
        if sentence.scopes.affirms(start, start + 6):
            said = re.sub(r"\"?\bName\"?\s*=\s*(?:\"[^\"]*\"|[^,}\s]+)", "Name = NAME", " ".join(expression[1].split()))
            yield "tags.expression", said
    if "tag" not in sentence.lower and "label" not in sentence.lower:
        return
    keys = _listed_keys(sentence) or _keys_of_items(sentence)
    if keys:
        yield "tags.keys", keys


def _listed_keys(sentence: Sentence) -> list[str]:
    """The keys after "tagged with", "tags:" and the like, where the sentence is about all resources."""
    text = sentence.plain
    triggers = list(_TRIGGER.finditer(text))
    for trigger in triggers:
        if sentence.scopes.of(trigger.start(), trigger.end()):
            continue
        region = text[trigger.end() : trigger.end() + 400]
        for lead in _LEAD.finditer(region[:160]):
            if re.search(r"[.;]\s", region[: lead.start()]):
                break
            keys, end, is_sure = _keys_at(region, lead.end())
            if not keys or not (is_sure or _AFTER.match(region, end)):
                continue
            if len(keys) == 1 and not is_sure:
                continue
            position = trigger.end() + lead.end()
            if sentence.scopes.of(position, position + 1) or _is_of_a_part(sentence, trigger, region[: lead.end()]):
                break
            return keys
    direct = _direct_keys(sentence, triggers)
    if direct:
        return direct
    before = re.search(r"([^.;()]{1,160}?)\s+tags?\b(?: (?:to|on|for) (?:all|every|each)\b)", text, re.IGNORECASE)
    if before:
        start = re.search(
            r"\b(?:add|apply|assign|set|use|include|put|attach)\s+(?:the |an? )?", before[1], re.IGNORECASE
        )
        if start and sentence.scopes.affirms(before.start(1) + start.end(), before.end(1)):
            keys, end, is_sure = _keys_at(before[1], start.end())
            if keys and end == len(before[1]):
                return keys
    return []


_HAS_TAG: Final = re.compile(
    r"\b(?:have|has|carry|carries|include|includes|need|needs|get|gets|require|requires)\s+(?:an? "
    r"|the )?(?=[\"'`]{0,2}[A-Z])",
    re.IGNORECASE,
)


def _direct_keys(sentence: Sentence, triggers: list[re.Match[str]]) -> list[str]:
    """The keys right after "the tags", or between "every resource must have" and "tag"."""
    text = sentence.plain
    if not _ALL.search(text):
        return []
    for trigger in triggers:
        keys, _, is_sure = _keys_at(text, trigger.end() + 1)
        if len(keys) > 1 and is_sure and trigger[0].lower() == "tags" and sentence.scopes.affirms(*trigger.span()):
            return keys
    for match in _HAS_TAG.finditer(text):
        keys, end, _ = _keys_at(text, match.end())
        if keys and re.match(r"\s+tags?\b", text[end:]) and sentence.scopes.affirms(match.end(), end):
            return keys
    return []


def _is_of_a_part(sentence: Sentence, trigger: re.Match[str], lead: str) -> bool:
    """Whether the tags are those of some resources only, or the words are values of one key."""
    before = sentence.plain[max(0, trigger.start() - 60) : trigger.start()]
    if _ALL.search(f"{before} {lead}") or _ALL.search(sentence.plain[:60]) or trigger[0].lower() == "default_tags":
        return bool(re.search(r"\b(?:classification|level)\s*$", before, re.IGNORECASE))
    if _SCOPED.search(f"{before} {lead}"):
        return True
    return bool(
        re.search(r"\b\w+\s*$", before) and re.search(r"\b(?:classification|level|environment|risk)\s*$", before, re.I)
    )


def _keys_at(text: str, position: int) -> tuple[list[str], int, bool]:
    """The keys of a list that starts here, where it ends, and whether their form shows that they are keys."""
    keys: list[str] = []
    marks = 0
    end = position
    while len(keys) < 12:
        match = _KEY.match(text, position)
        if not match or match["key"].lower() in _WORDS:
            break
        key = match["key"]
        has_value = bool(match["value"] or match["quoted"])
        stop = match.end()
        if ":" in key and not has_value and not match[0].lower().startswith(("'aws:", "aws:")):
            key, has_value = key.split(":", 1)[0], True
        is_marked = has_value or key[0].isupper() or match[0][0] in "\"'`" or "_" in key
        if not is_marked and not _ends_an_item(text, stop):
            break
        if key[0].isupper() or has_value or is_marked:
            marks += 1
        keys.append(key)
        end = stop
        separator = _SEPARATOR.match(text, stop)
        if not separator:
            break
        position = separator.end()
    is_sure = bool(keys) and marks == len(keys) and (len(keys) > 1 or _is_alone(text, end, keys[0]))
    is_plain_list = len(keys) > 2 and re.match(r"\W*$|\s*[.(]", text[end:]) is not None
    return keys, end, is_sure or (bool(keys) and marks > 0 and len(keys) > 1) or is_plain_list


def _is_alone(text: str, end: int, key: str) -> bool:
    """Whether a single key is written as one: with a value, or before the word "tag"."""
    return "=" in text[:end] or ":" in text[:end].split(key, 1)[-1] or _AFTER.match(text, end) is not None


def _ends_an_item(text: str, position: int) -> bool:
    return re.match(r"\s*(?:,|and\b|&|/|\.|$|\)|\bor\b)|\s+tags?\b", text[position:]) is not None


_INTRODUCES: Final = re.compile(
    r"\b(?:tag(?:s|ged|ging)?)\b[^.]{0,80}(?::|\b(?:with|include|following)\W*)$|^\W*(?:required |mandatory "
    r"|common |default )?tags?\W*$",
    re.IGNORECASE,
)
_ITEM_KEY: Final = re.compile(rf"{_QUOTE}([A-Z][\w-]{{0,40}}|[a-z][\w-]{{0,30}}){_QUOTE}\s*(?:$|[:=(\u2013\u2014,.-])")


def _keys_of_items(sentence: Sentence) -> list[str]:
    if not sentence.items or not _INTRODUCES.search(sentence.plain) or sentence.scopes.inherited:
        return []
    trigger = _TRIGGER.search(sentence.plain)
    if not trigger or sentence.scopes.of(*trigger.span()) or len(sentence.items) > 12:
        return []
    keys = []
    for item in sentence.items:
        match = _ITEM_KEY.match(item.plain)
        if not match or match[1].lower() in _WORDS or item.scopes.of(0, match.end()) or " " in match[1]:
            return []
        keys.append(match[1])
    return list(dict.fromkeys(keys))


# --- names ------------------------------------------------------------------------------------------------------------

_SUFFIX: Final = re.compile(
    r"(?<![\w.])(?:\$\{)?(?:var\.)?([a-z]+(?:_[a-z]+)*_suffix|[a-z]+(?:[A-Z][a-z]+)*Suffix)\b(?!\s*=)", re.ASCII
)
_NAMING: Final = re.compile(r"\bnam(?:e|es|ed|ing)\b", re.IGNORECASE)
_ALL_NAMES: Final = re.compile(
    r"\b(?:all|every|each|resources?|names must|throughout|unique\w*)\b[^.;]{0,200}\bnam(?:e|es|ed|ing)\b"
    r"|\bnam(?:e|es|ed|ing)\b[^.;]{0,200}\b(?:must|should|all|every|each|unique\w*|include|includes|throughout)\b",
    re.IGNORECASE,
)
_NOT_ALL_NAMES: Final = re.compile(
    r"\b(?:only|tags?|secrets? manager|optional|bucket names?|random_id)\b", re.IGNORECASE
)


def suffix(sentence: Sentence) -> Stated:
    """The variable that every name must contain, as the prompt spells it."""
    match = _SUFFIX.search(sentence.plain)
    if (
        not match
        or not _NAMING.search(sentence.plain)
        and not re.search(r"\bnaming\b", sentence.heading, re.IGNORECASE)
    ):
        return
    if not sentence.scopes.affirms(*match.span(1)) or not _ALL_NAMES.search(sentence.plain):
        return
    if _NOT_ALL_NAMES.search(sentence.plain) or Cover.EXAMPLE in sentence.scopes.of(*match.span(1)):
        return
    if match[1].lower().replace("_", "") in ("suffix", "randomsuffix", "uniquesuffix", "bucketsuffix"):
        return
    yield "names.suffix_variable", match[1]
