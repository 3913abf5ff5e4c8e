"""How many stacks there are, and in what they differ: regions and environments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from tapfix.contract.prompt.scopes import Cover
from tapfix.contract.prompt.sentences import Sentence

Stated = Iterator[tuple[str, Any]]
"""The clauses that a sentence states: `table.key` and the value in the form of TOML."""

_REGION: Final = re.compile(
    r"(?<![\w-])(?:us-gov|us|eu|ap|sa|ca|me|af|il|mx)-(?:north|south|east|west|central|northeast|northwest"
    r"|southeast|southwest)"
    r"-[1-9](?![\w-])"
)
_ENVIRONMENT: Final = r"(?:dev|development|test|testing|qa|uat|stage|staging|preprod|prod|production)"
_SHORT: Final = {"development": "dev", "production": "prod", "stage": "staging", "testing": "test"}

# --- regions ----------------------------------------------------------------------------------------------------------

_SEVERAL: Final = re.compile(
    r"(?P<multi>\b(?:multi|dual|two|cross)[- ]?region(?:al)?\b)"
    r"|\b(?:two|2|three|3|four|4|multiple|several|at least two"
    r"|different)\s+(?:(?!availability)[\w/-]+\s+){0,3}regions\b"
    r"|\b(?:secondary|second|standby|failover|fail-over|dr|disaster recovery|recovery|passive)\s+(?:aws\s+)?region\b"
    r"|\bprimary and secondary\s+(?:aws\s+)?regions?\b|\bactive[/-](?:active|passive) (?:across"
    r"|in) (?:\w+ )?regions\b",
    re.IGNORECASE,
)
_BOTH: Final = re.compile(
    r"\bboth (?:\w+ )?regions\b|\b(?:in|for|to|from) (?:each|every) region\b|\bacross (?:the )?(?:two )?regions\b",
    re.IGNORECASE,
)
_COPY: Final = re.compile(rf"\breplica(?:te|tion|ting)?\b[^.;]{{0,80}}\b(?:in|to) {_REGION.pattern}", re.IGNORECASE)
_ALL_IN_ONE: Final = re.compile(
    rf"\b(?:all (?:\w+ )?(?:resources?|infrastructure|components?|services)|everything)\b[^.;]{{0,60}}\b(?:in"
    rf"|to) (?:the )?(?:aws )?(?:region )?{_REGION.pattern}(?!,? and)",
    re.IGNORECASE,
)
_PART: Final = re.compile(
    r"^[-\s]*(?:(?:and|aws|customer|managed)[-\s]+){0,2}(?:\w+[-\s]+){0,2}?(?:keys?|kms|trails?|cloudtrail"
    r"|replicat\w+|replicas?|access points?"
    r"|mrap|backups?|buckets?|tables?|logging|logs|secrets?|snapshots?|copy|copies|encryption|aggregat\w+|read"
    r"|resilien\w+"
    r"|search|inference|capab\w+|dashboards?|metrics?|support|compatib\w+|ready|readiness|expansion)\b",
    re.IGNORECASE,
)
"""Words after "multi-region" that make it the quality of one part of the stack."""
_OF_A_PART: Final = re.compile(
    r"\b(?:trails?|cloudtrail|kms|keys?|global tables?|replicat(?:e|es|ed|ion|ing)|backups?|snapshots?"
    r"|access points?|make it"
    r"|aggregators?|security ?hub|guardduty|config|cloudfront|cost|prices?|latency)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_STACK: Final = re.compile(
    r"^[-,\s]*(?:\w+[-,\s]+){0,4}(?:deployments?|set-?up|architectures?|infrastructures?|stacks?|applications?"
    r"|apps?|systems?"
    r"|topolog\w+|environments?|high availability|ha|disaster|dr|failover|aws|platforms?|web|networks?"
    r"|solutions?|design|active"
    r"|availability|redundancy|services?|production|landing|vpc|serverless|api|support for failover)\b"
    r"|^\W*$|^\s*[:.(]|^\s+(?:in|with|across|between|for|using|on|so|to|and|that)\b",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"\b(?:in|into|to|across|between|spanning|spans?|within|on|target(?:ing|s)?|use|using|regions?|primary"
    r"|secondary|deploy\w*"
    r"|launch\w*|host\w*|aws|locked|enforces?|is|as)\b|[:=]",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(
    r"\b(?:acm|certificates?|cloudfront|wafv?2?|billing|iam is global|state|backend|lambda@edge|endpoints?|arn)\b",
    re.IGNORECASE,
)
_FROM: Final = re.compile(
    r"\bfrom\W*$|\b(?:source|legacy|old|current|existing|former|original)\b[^.;,]{0,25}$", re.IGNORECASE
)
_DEFAULT: Final = re.compile(r"\bdefault(?:s|ed|ing)?\b(?: (?:value|region|of|is|to|=|:))*\W*$", re.IGNORECASE)
_SINGLE: Final = re.compile(
    r"(?<![\w-])(?:single|one|1)[- ](?:aws )?region\b(?!s)|\bonly one (?:aws )?region\b|\bsame (?:aws )?region\b",
    re.IGNORECASE,
)
_PLURAL: Final = re.compile(
    r"\bregions\b|\bmulti-?region|\bcross-?region|\bglobal tables?\b|\bdisaster recovery\b|\bDR\b"
    r"|\b(?:replica|secondary|failover|standby|second|another|other|backup|dr) (?:aws )?region\b",
    re.IGNORECASE,
)
_ALL_REGIONS: Final = re.compile(
    r"\b(?:all|any|every|other|many|which|each|respective) (?:aws )?regions?\b|\bregions\s+(?=[a-z]{2}-\w+-\d)",
    re.IGNORECASE,
)
_BY_ENVIRONMENT: Final = re.compile(
    rf"\b{_ENVIRONMENT}\b[\"']?\W{{0,3}}(?:->|=>|\u2192|:|=|in|uses?|to|goes to|runs in|is|region)?[\s:=]*[\"']?$",
    re.IGNORECASE,
)


class NamedRegion(NamedTuple):
    """A region that a sentence names, and what it is named as."""

    region: str
    role: str
    """place, environment, possible, aside, background, excluded"""
    sentence: Sentence
    start: int


def regions(sentences: Sequence[Sentence]) -> Iterator[tuple[str, Any, tuple[Sentence, ...]]]:
    """The clauses on regions, which follow from all sentences together, each with the sentences that state it."""
    mentions = [mention for sentence in sentences for mention in _mentions(sentence)]
    by_role: dict[str, dict[str, Sentence]] = {}
    for mention in mentions:
        by_role.setdefault(mention.role, {}).setdefault(mention.region, mention.sentence)
    environment = by_role.get("environment", {})
    places = {**environment, **by_role.get("place", {})}
    several = _several(sentences, mentions, len(by_role.get("place", {})))
    doubtful = {*by_role.get("possible", {}), *by_role.get("background", {})} - set(places)
    if several is not None:
        yield "topology.regions", "multi", (several,)
    else:
        single = _single(sentences, places, environment, bool(doubtful))
        if single is not None:
            yield "topology.regions", "single", (single,)
    allowed = {**places, **(by_role.get("aside", {}) if places else {})}
    allowed = {region: sentence for region, sentence in allowed.items() if region not in by_role.get("excluded", {})}
    if allowed and not doubtful and not (several is not None and len(allowed) < 2):
        order = [mention.region for mention in mentions if mention.region in allowed]
        kept = list(dict.fromkeys(order))
        sources = dict.fromkeys((id(allowed[region]), region) for region in kept)
        seen: dict[int, Sentence] = {identity: allowed[region] for identity, region in sources}
        yield "topology.allowed_regions", kept, tuple(seen.values())


def _mentions(sentence: Sentence) -> Iterator[NamedRegion]:
    text = sentence.plain
    if not any(end in text for end in ("-1", "-2", "-3", "-4", "-5", "-6", "-7")):
        return
    for match in _REGION.finditer(text):
        covers = sentence.scopes.of(*match.span())
        before = text[max(0, match.start() - 90) : match.start()]
        if Cover.NEGATED in covers or Cover.EXCEPTED in covers:
            role = "excluded"
        elif Cover.CONDITIONAL in covers or Cover.EXAMPLE in covers or re.search(r"\bor\W*$", before[-6:]):
            role = "possible"
        elif Cover.BACKGROUND in covers or _FROM.search(before[-40:]):
            role = "background"
        elif _DEFAULT.search(before):
            role = "possible"
        elif _ASIDE.search(before[-60:]) or text[match.start() - 1 : match.start()] in (".", "/"):
            role = "aside"
        elif _BY_ENVIRONMENT.search(before[-40:]):
            role = "environment"
        else:
            role = "place"
        yield NamedRegion(match[0], role, sentence, match.start())


def _several(sentences: Sequence[Sentence], mentions: Sequence[NamedRegion], places: int) -> Sentence | None:
    """The sentence that asks for a stack in several regions."""
    weak: Sentence | None = None
    is_in_one = any(_ALL_IN_ONE.search(sentence.plain) for sentence in sentences)
    for sentence in sentences:
        if "region" in sentence.lower:
            if any(_asks_for_several(sentence, match) for match in _SEVERAL.finditer(sentence.plain)):
                return sentence
            both = _BOTH.search(sentence.plain) if weak is None and places > 1 else None
            if both is not None and sentence.scopes.affirms(*both.span()):
                weak = sentence
        if weak is None and places > 1 and not is_in_one:
            copy = _COPY.search(sentence.plain)
            weak = sentence if copy is not None and sentence.scopes.affirms(*copy.span()) else None
        own = [mention for mention in mentions if mention.sentence is sentence and mention.role == "place"]
        if len({mention.region for mention in own}) > 1 and _names_two_places(sentence, own):
            return sentence
    return weak


def _asks_for_several(sentence: Sentence, match: re.Match[str]) -> bool:
    if not sentence.scopes.affirms(*match.span()):
        return False
    text = sentence.plain
    before, after = text[max(0, match.start() - 100) : match.start()], text[match.end() : match.end() + 100]
    if _OF_A_PART.search(before):
        return False
    if match["multi"]:
        if _PART.search(after):
            return False
        is_whole = _STACK.search(after) is not None
        if match["multi"].lower().startswith("cross"):
            return bool(
                re.match(r"[-\s]+(?:failover|disaster|dr\b|deployment|architecture|vpc|high avail)", after, re.I)
            )
        return is_whole
    return True


def _names_two_places(sentence: Sentence, own: Sequence[NamedRegion]) -> bool:
    text = sentence.plain
    first, last = own[0].start, own[-1].start
    before, between = text[max(0, first - 60) : first], text[first:last]
    if _OF_A_PART.search(before) or re.search(r"\bpeer(?:ed|ing)?\b", before, re.IGNORECASE):
        return False
    if re.search(r"\b(?:or|vs\.?|versus|from|cheaper|than|price|cost)\b", between, re.IGNORECASE):
        return False
    return _PLACE.search(before) is not None or re.search(r"\(|\bprimary\b|\bas\b", between, re.IGNORECASE) is not None


def _single(
    sentences: Sequence[Sentence], places: dict[str, Sentence], environment: dict[str, Sentence], is_doubtful: bool
) -> Sentence | None:
    """The sentence that asks for one region, at least for each environment."""
    if len(environment) > 1 and len(environment) == len(places):
        return next(iter(environment.values()))
    for sentence in sentences:
        match = _SINGLE.search(sentence.plain) if "region" in sentence.lower else None
        if match and sentence.scopes.affirms(*match.span()):
            return sentence
        several = _SEVERAL.search(sentence.plain) if "region" in sentence.lower else None
        if several and several["multi"] and sentence.scopes.negates(*several.span()):
            return sentence
    if len(places) != 1 or is_doubtful:
        return None
    for sentence in sentences:
        if _PLURAL.search(_ALL_REGIONS.sub("", sentence.plain)):
            return None
    sentence = next(iter(places.values()))
    return sentence if _PLACE.search(sentence.plain) else None


# --- environments -----------------------------------------------------------------------------------------------------

_ITEM: Final = rf"[\"']?(?:env\w{0, 12}/|tfvars/)?\b{_ENVIRONMENT}\b(?:\.tfvars\b)?[\"']?"
_RUN: Final = re.compile(
    rf"{_ITEM}(?:\s{{0,2}}(?:,|/|&|\||\band\b|\bor\b)\s{{0,2}}(?:(?:and|or)\s)?{_ITEM}){{1,5}}", re.IGNORECASE
)
_SAME_STACK: Final = re.compile(
    r"\btfvars\b|\bacross\b|\bdeploy(?:ed|able|s)?\b|\bmulti-env\w*\b|\benvironments? (?:are|will be|must)\b"
    r"|\btopology\b|\bparity\b"
    r"|\bsupports?\b|\benvironment-specific\b|\bidentical\b|\bconsisten\w+\b"
    r"|\bvariable\b[^.]{0,60}\b(?:accepts?|allowed|validat\w+|one of)\b"
    r"|\bvar files?\b|\bany environment\b",
    re.IGNORECASE,
)
_IN_ONE_STACK: Final = re.compile(
    r"\bseparate (?:vpcs?|buckets?|accounts?|networks?|environments)\b|\bown (?:vpc|bucket|account|network)s?\b"
    r"|\bflips?\b"
    r"|\bworkspaces?\b|\bworkspace-|\bbetween (?:these|the) (?:two )?environments\b|\bdays?\b|\bbuckets? for\b",
    re.IGNORECASE,
)


def environments(sentence: Sentence) -> Stated:
    """The environments to which one stack is deployed, and whether each has a tfvars file."""
    text = sentence.plain
    for run in _RUN.finditer(text):
        words = re.findall(rf"\b{_ENVIRONMENT}\b(?!/)", run[0], re.IGNORECASE)
        has_tfvars = run[0].lower().count(".tfvars") > 0
        is_plain = all(word.islower() for word in words) or re.match(r"\W{0,3}environments\b", text[run.end() :])
        covers = sentence.scopes.of(*run.span()) - {Cover.EXAMPLE}
        if covers or not is_plain or len(set(words)) < 2:
            continue
        if not has_tfvars and (_IN_ONE_STACK.search(text) or not _SAME_STACK.search(text)):
            continue
        names = [_SHORT.get(word.lower(), word.lower()) for word in words]
        yield "topology.environments", list(dict.fromkeys(names))
        if has_tfvars:
            yield "deliverable.tfvars", True
        return


_TFVARS: Final = re.compile(r"\b(?:\w+[-.])?tfvars\b", re.IGNORECASE)


def tfvars(sentence: Sentence) -> Stated:
    """Whether each environment has a tfvars file."""
    for match in _TFVARS.finditer(sentence.plain):
        covers = sentence.scopes.of(*match.span()) - {Cover.EXAMPLE}
        around = sentence.lower[max(0, match.start() - 80) : match.end() + 60]
        if covers == {Cover.NEGATED}:
            yield "deliverable.tfvars", False
            return
        is_per_environment = re.search(
            r"\b(?:each|per|every|individual|respective|environment-specific|workspace-specific)\b", around
        )
        if not covers and is_per_environment and "terraform.tfvars" not in around:
            yield "deliverable.tfvars", True
            return
