"""What words such as "no", "except", "if" and "such as" cover in a sentence.

The method is that of NegEx and ConText (Chapman and others, 2001; Harkema and others, 2009), which read
clinical notes: a
trigger opens a scope that goes forward, backward or both ways, and ends at a terminator: a semicolon, a dash,
a "but", a
comma before a new clause. Some phrases only look like triggers ("not only", "no later than"). A reader asks what covers
the words on which its clause rests. What is covered by anything that it does not expect states no clause.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from tapfix.contract.prompt.sentences import Sentence


class Cover(Enum):
    """How words are meant that are not simply demanded."""

    NEGATED = auto()
    EXCEPTED = auto()
    CONDITIONAL = auto()
    EXAMPLE = auto()
    BACKGROUND = auto()
    """They describe what there is or was, not what is to be built."""


class Scope(NamedTuple):
    """The characters that a trigger covers, half open."""

    cover: Cover
    start: int
    end: int


_FORWARD: Final = {
    Cover.NEGATED: "no|not|never|without|none|neither|nor|avoid|avoiding|cannot|can't|don't|dont|doesn't|mustn't"
    "|shouldn't"
    "|won't"
    "|isn't|aren't|needn't|rather than|instead of|free of|zero|nothing|no one|refrain from|omit|skip|forbid|forbidden"
    "|prohibit|prohibited|disallow|disallowed|exclude|excludes|excluded|excluding|remove",
    Cover.EXCEPTED: "except|excepting|other than|apart from|aside from|unless|but not|save for|outside of",
    Cover.CONDITIONAL: "if|whether|optionally|optional|in case|when needed|where needed|consider|could|might|may|maybe"
    "|perhaps"
    "|can be|nice to have|bonus|eventually|in future|in the future|future|later|down the road|assuming"
    "|only when|depending on"
    "|would be nice",
    Cover.EXAMPLE: "e.g.|e.g|eg.|for example|for instance|such as|example|examples",
    Cover.BACKGROUND: "source|on-premises|on-premise|on-prem|legacy|existing|migrate from|migrates from|migrated from"
    "|migrating from"
    "|migration from|moving from|currently|previously|used to|suffers|suffer|difficult to|hard to|struggle|struggles"
    "|struggling|away from|had been",
}
"""Triggers whose scope goes forward."""
_BACKWARD: Final = {
    Cover.NEGATED: "|".join(
        f"{verb} {word}"
        for verb in ("is not", "are not", "be not", "is never", "isn't", "aren't", "is n't", "not")
        for word in ("needed", "required", "allowed", "permitted", "wanted", "necessary", "used", "included", "part")
    )
    + "|"
    + "|".join(
        f"{verb} {word}"
        for verb in ("is", "are", "be")
        for word in (
            "forbidden",
            "prohibited",
            "disallowed",
            "excluded",
            "off limits",
            "avoided",
            "unacceptable",
            "omitted",
        )
    )
    + "|out of scope|must not|should not|shall not|cannot|mustn't|shouldn't|must never|should never",
    Cover.CONDITIONAL: "optional|is optional|are optional|if needed|if possible|if required|where possible|later"
    "|in future"
    "|in the future|later on|eventually|down the road|nice to have|as an option",
}
"""Triggers whose scope goes backward."""
_PSEUDO: Final = (
    "not only|not just|or later|or newer|or higher|no later than|no less than|no fewer than|no more than"
    "|not more than"
    "|no matter|if any|no longer than|could you|could we|can you|may i|may we|could use|no downtime|without downtime"
    "|without issues|without conflicts|without conflict|without risk|without manual|without errors|without breaking"
    "|avoid conflicts|avoid conflict|avoid naming conflicts|avoid collisions|no conflicts|no single point of failure"
    "|no single points of failure|no points of failure|whether it|nothing fancy|not be limited to|not limited to"
    "|for the future|don't forget|do not forget|without fail|no exceptions|no exception|zero trust|zero-trust"
    "|zero-downtime|zero downtime|can't wait|open source|data source|data sources|event source|source code"
    "|source of truth|source bucket|not exceed|can't be an afterthought"
)
"""Phrases that contain a trigger, and cover nothing."""


def _phrases(*groups: tuple[str, str]) -> str:
    """A pattern of named groups, each of phrases."""
    return "|".join(
        f"(?P<{name}>{'|'.join(map(re.escape, sorted(phrases.split('|'), key=len, reverse=True)))})"
        for name, phrases in groups
    )


def _named(triggers: dict[Cover, str]) -> list[tuple[str, str]]:
    return [(cover.name, phrases) for cover, phrases in triggers.items()]


_WORDS: Final = re.compile(rf"(?<![\w.-])(?:{_phrases(('PSEUDO', _PSEUDO), *_named(_FORWARD))})(?![\w-])")
_AFTER: Final = re.compile(rf"(?<![\w-])(?<!or )(?:{_phrases(*_named(_BACKWARD))})(?![\w-])")
_PERMITS: Final = ("may", "can be", "might")
_FIRST: Final = frozenset(
    word
    for phrases in (*_FORWARD.values(), *_BACKWARD.values())
    for phrase in phrases.split("|")
    for word in (re.split(r"[ .-]", phrase)[0],)
)
"""The first word of each trigger. A sentence without any of them has no scope of its own."""
_WORD: Final = re.compile(r"[a-z']+")
_VERBS = (
    "use|using|deploy|create|make|keep|add|set|put|write|give|provide|build|include|ensure|implement|define"
    "|declare|name|tag|"
    "enable|generate|output|return|just|only|it|we|they|i|you|this|that|these|everything|all|each|every|please|"
    "must|should|which|who|so|as|since|because|therefore|always|instead|there|run|allow|restrict|store|apply|follow|"
    "then|do|don't|but|while|where"
)
_END: Final = re.compile(
    r"[;\u2014]|\s[-\u2013]{1,2}\s|:(?=\s|$)|[.!?](?=\s|$)"
    r"|(?:,\s{0,2}|\s{1,2})(?:(?:and|or)\s{1,2})?(?<![a-z]\s)(?=(?:no|not|never|without|nor)\b)|\s{1,2}(?:and"
    r"|or)\s{1,2}(?=(?:no|not|never|without)\b)"
    rf"|,\s{{1,2}}(?=(?:and\s{{1,2}}|so\s{{1,2}}|then\s{{1,2}}|or\s{{1,2}})?(?:{_VERBS})\b)"
    rf"|\s{{1,2}}and\s{{1,2}}(?=(?:it|we|they|this|must|should|use|keep|make|deploy|ensure|provide|set|tag|put"
    rf"|write|define)\b)"
    r"|\b(?:but|however|although|though|whereas|while|because|since|so that|in order to|instead|rely on)\b"
)
_START: Final = re.compile(r"[;,:.\u2014]\s|\s[-\u2013]{1,2}\s|\b(?:but|however|although|while|because|since)\b")
_WHOLE_IF: Final = re.compile(r"\W{0,4}(if|when|unless|in case|should you|for example|e\.g|example|currently)\b")
_ASIDE_HEADING: Final = re.compile(
    r"\b(?:optional|nice[- ]to[- ]have|bonus|stretch|future|out of scope|non-goals?|later|phase (?:2|two)"
    r"|examples?|not included)\b",
    re.IGNORECASE,
)
_BACKGROUND_HEADING: Final = re.compile(
    r"\b(?:current (?:state|setup|situation|environment)|existing|today)\b", re.IGNORECASE
)


class Scopes:
    """The scopes of one sentence, with those that the introduction of its list and its heading pass on to it."""

    def __init__(self, sentence: Sentence) -> None:
        text, lower = sentence.plain, sentence.lower
        self.all: list[Scope] = []
        self.inherited = _inherited(sentence)
        if _FIRST.isdisjoint(_WORD.findall(lower)):
            return
        brackets = _brackets(text) if "(" in text else []
        ends: list[int] | None = None
        for match in _WORDS.finditer(lower):
            name = match.lastgroup or ""
            if name == "PSEUDO":
                continue
            if ends is None:
                ends = [end.start() for end in _END.finditer(lower)]
            if match[0] in _PERMITS and any(scope.cover is Cover.NEGATED for scope in self.all):
                continue  # "No security group may …" is no condition.
            self.all.append(Scope(Cover[name], match.end(), _end(match.end(), ends, brackets, len(text))))
        starts: list[int] | None = None
        for match in _AFTER.finditer(lower):
            if starts is None:
                starts = [start.end() for start in _START.finditer(lower)]
            self.all.append(Scope(Cover[match.lastgroup or ""], _start(match.start(), starts, brackets), match.start()))
        if self.all and (whole := _WHOLE_IF.match(lower)):
            self.all.append(Scope(Cover.BACKGROUND if whole[1] == "currently" else Cover.CONDITIONAL, 0, len(text)))

    def of(self, start: int, end: int) -> frozenset[Cover]:
        """What covers the characters from `start` to `end`, or a part of them. A double negation covers
        nothing known."""
        covers = [scope.cover for scope in self.all if scope.start < end and start < scope.end]
        if self.inherited:
            covers += self.inherited
        if covers.count(Cover.NEGATED) > 1:
            return frozenset({*covers, Cover.CONDITIONAL})
        return frozenset(covers)

    def affirms(self, start: int, end: int) -> bool:
        """Whether these characters are simply demanded."""
        return not self.of(start, end)

    def negates(self, start: int, end: int) -> bool:
        """Whether these characters are simply forbidden."""
        return self.of(start, end) == {Cover.NEGATED}

    @property
    def has_exception(self) -> bool:
        """Whether the sentence makes an exception anywhere."""
        return any(scope.cover is Cover.EXCEPTED for scope in self.all)


_NEAR_THE_END: Final = 5
"""How many words may follow a trigger in an introduction whose items it covers."""


def _inherited(sentence: Sentence) -> tuple[Cover, ...]:
    """What covers all items of a list: "Do not use:", "Optional:", or such a heading."""
    covers: list[Cover] = []
    intro = sentence.intro
    if intro is not None and intro is not sentence:
        text = intro.plain.rstrip(" :*")
        own = intro.scopes
        covers += [
            scope.cover
            for scope in own.all
            if scope.start <= len(text) <= scope.end and text.count(" ", scope.start) <= _NEAR_THE_END
        ]
        if text.lower() in ("optional", "avoid", "don't", "do not", "never", "no", "must not", "examples", "example"):
            covers.append(
                Cover.CONDITIONAL
                if text.lower() == "optional"
                else Cover.EXAMPLE
                if text.lower().startswith("example")
                else Cover.NEGATED
            )
        covers += own.inherited
    elif sentence.heading and sentence.plain != sentence.heading:
        if _ASIDE_HEADING.search(sentence.heading):
            covers.append(Cover.CONDITIONAL)
        elif _BACKGROUND_HEADING.search(sentence.heading):
            covers.append(Cover.BACKGROUND)
    return tuple(dict.fromkeys(covers))


def _brackets(text: str) -> list[tuple[int, int]]:
    """Start and end of each outermost pair of round brackets, without the brackets."""
    found, depth, opened = [], 0, 0
    for position, character in enumerate(text):
        if character == "(":
            if depth == 0:
                opened = position + 1
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            if depth == 0:
                found.append((opened, position))
    return found


def _end(position: int, ends: list[int], brackets: list[tuple[int, int]], length: int) -> int:
    """Where a scope that goes forward from `position` ends. It leaves its own brackets never, and skips those
    of others."""
    own = next(((start, end) for start, end in brackets if start <= position <= end), None)
    for end in ends[bisect_left(ends, position) :]:
        if own is not None and end >= own[1]:
            return own[1]
        if own is not None or not any(start <= end < stop for start, stop in brackets):
            return end
    return own[1] if own is not None else length


def _start(position: int, starts: list[int], brackets: list[tuple[int, int]]) -> int:
    """Where a scope that goes backward from `position` starts."""
    own = next((start for start, end in brackets if start <= position <= end), None)
    for start in reversed(starts[: bisect_left(starts, position + 1)]):
        if own is not None and start <= own:
            return own
        if own is not None or not any(first <= start < stop for first, stop in brackets):
            return start
    return own or 0
