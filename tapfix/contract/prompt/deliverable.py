"""What the answer consists of: files, prose, modules, provider blocks, versions, declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tapfix.contract.prompt.scopes import Cover
from tapfix.contract.prompt.sentences import Sentence

Stated = Iterator[tuple[str, Any]]
"""The clauses that a sentence states: `table.key` and the value in the form of TOML."""

# --- files ------------------------------------------------------------------------------------------------------------

_FILE: Final = re.compile(r"(?<![\w/.*-])((?:\.?/)?(?:[\w-]+/){0,4}([\w-]+\.tf))(?![\w.]*\w)")
_SINGLE_FILE: Final = re.compile(
    r"\b(?:single|one)\b[-\s,]+(?!fenced)(?:(?!file|code"
    r"|block)[\w,.'/-]+\s+){0,4}?(?:[\w./-]{0,40}\.tf\s+)?(?:file|configuration)\b(?! per)"
    r"|\bsingle[- ]file\b|\bin one file\b|\bone single file\b|\bthis (?:one|single) file\b",
    re.IGNORECASE,
)
_ALL_IN: Final = re.compile(
    r"\b(?:everything|all (?:of )?(?:the )?(?:\w+ )?(?:code|resources?|logic|infrastructure|terraform"
    r"|configuration|it|variables)"
    r"|entire \w+|whole \w+|complete \w+)\b[^.;]{0,80}?\b(?:in|inside|into|within|goes? in)\b\s+(?:a |one |the "
    r"|this )?(?:single )?$",
    re.IGNORECASE,
)
_DELIVER: Final = re.compile(
    r"\b(?:generate|produce|create|write|build|give|provide|deliver\w*|output|return|need|file|files"
    r"|configuration|deliverable"
    r"|implement\w*|should have|contains?|keep|put|define|declare|design|named|called|code)\b",
    re.IGNORECASE,
)
_OTHERS: Final = frozenset(
    {"provider.tf", "providers.tf", "variables.tf", "outputs.tf", "versions.tf", "locals.tf", "backend.tf"}
)
_ANOTHER_MAIN: Final = re.compile(
    r"\b(?:legacy|existing|current|break|refactor|split|reference\w*|already)\b", re.IGNORECASE
)


def files(sentences: Sequence[Sentence]) -> Iterator[tuple[str, Any, tuple[Sentence, ...]]]:
    """The main file, and whether it must be the only one: this follows from all sentences together."""
    single: Sentence | None = None
    main: tuple[str, Sentence] | None = None
    listed: dict[str, Sentence] = {}
    sentences = [sentence for sentence in sentences if ".tf" in sentence.lower or "file" in sentence.lower]
    for sentence in sentences:
        has_single = _asks_for_one_file(sentence)
        if has_single and single is None:
            single = sentence
        for match in _FILE.finditer(sentence.plain):
            name, path = match[2], match[1]
            if ".." in sentence.plain[max(0, match.start() - 4) : match.end()] or path.startswith("/"):
                single = None if single is sentence else single
                continue
            covers = sentence.scopes.of(*match.span())
            if covers or _ANOTHER_MAIN.search(sentence.plain[max(0, match.start() - 40) : match.start()]):
                continue
            listed.setdefault(name, sentence)
            if name in _OTHERS:
                continue
            before = sentence.plain[max(0, match.start() - 120) : match.start()]
            is_all = _ALL_IN.search(before) is not None
            if is_all and single is None:
                single = sentence
            if main is None and (has_single or is_all):
                main = (name, sentence)
    if single is not None and main is None:
        main = next(((name, sentence) for name, sentence in listed.items() if name not in _OTHERS), None)
    if main is None and single is None:
        name = next((name for name in ("main.tf", "tap_stack.tf", "tap-stack.tf") if name in listed), None)
        main = (name, listed[name]) if name is not None and _is_delivered(listed[name]) else None
    if main is not None:
        yield "deliverable.main", main[0], (main[1],)
    if single is not None and main is not None and not _asks_for_other_files(sentences, main[0]):
        yield "deliverable.single_file", True, (single,)


def _asks_for_one_file(sentence: Sentence) -> bool:
    return any(sentence.scopes.affirms(*match.span()) for match in _SINGLE_FILE.finditer(sentence.plain))


def _is_delivered(sentence: Sentence) -> bool:
    return sentence.is_item or _DELIVER.search(sentence.plain) is not None or sentence.plain.count(".tf") > 1


def _asks_for_other_files(sentences: Sequence[Sentence], main: str) -> bool:
    """Whether the prompt asks for further .tf files: it names them as a part of what is to be delivered."""
    for sentence in sentences:
        names = [match for match in _FILE.finditer(sentence.plain) if match[2] != main]
        for match in names:
            around = sentence.lower[max(0, match.start() - 60) : match.end() + 60]
            is_there = re.search(
                r"\b(?:already|existing|exists?|separate|another|elsewhere|handled|assume|modify|touch|legacy"
                r"|break|read|referenced"
                r"|referenc\w+|defined in|contains)\b",
                around,
            )
            asks = re.search(r"\b(?:code for|both|files?:|create|write|generate|organi[sz]ed?|organi[sz]e)\b", around)
            if asks and not is_there and sentence.scopes.affirms(*match.span()):
                return True
    return False


# --- what is around the code ------------------------------------------------------------------------------------------

_PROSE: Final = re.compile(
    r"\b(?:prose|other text|extra text|additional text|surrounding text|explanatory text|descriptive text"
    r"|text outside"
    r"|commentary|explanations?|narrative|additional content|text (?:before|after))\b",
    re.IGNORECASE,
)
_ONLY_CODE: Final = re.compile(
    r"\bonly (?:the )?(?:raw |complete |full |terraform |hcl |valid )*(?:code|hcl)\b(?! (?:in|for) )"
    r"|\b(?:terraform|hcl) code only\b"
    r"|\bcode only\b|\bonly (?:one|a single) (?:fenced )?(?:terraform )?code block\b|\bonly one fenced code block\b",
    re.IGNORECASE,
)


def prose(sentence: Sentence) -> Stated:
    """Whether the answer may contain text besides its files."""
    for match in _PROSE.finditer(sentence.plain):
        covers = sentence.scopes.of(*match.span())
        if covers == {Cover.NEGATED}:
            yield "deliverable.prose", False
            return
    only = _ONLY_CODE.search(sentence.plain)
    if only and sentence.scopes.affirms(*only.span()):
        yield "deliverable.prose", False


_WANTS_PROSE: Final = re.compile(
    r"\b(?:explain how|include (?:\w+ )?explanations?|provide (?:\w+ )?explanations?|explanations for"
    r"|deployment guide"
    r"|walk (?:me|us) through|explain (?:the|your|each|why))\b",
    re.IGNORECASE,
)


def wants_prose(sentence: Sentence) -> bool:
    """Whether the sentence asks for text besides the files."""
    match = _WANTS_PROSE.search(sentence.plain)
    return match is not None and sentence.scopes.affirms(*match.span())


# --- modules and provider blocks --------------------------------------------------------------------------------------

_MODULES: Final = re.compile(
    r"(?P<external>\b(?:external|remote|third[- ]party|3rd[- ]party|proprietary|registry|outside|pre-?built"
    r"|pre-?existing)(?:[ /](?:or )?(?:external|remote|third[- ]party|proprietary|public|community|registry"
    r"|terraform|tf|custom)){0,3}"
    r"\s+modules?\b(?! or references))|\b(?:terraform )?modules?(?: references?| blocks?| calls?)?\b"
    r"|\bmodular approach\b|\bmodule-based\b",
    re.IGNORECASE,
)
_RELATIVE: Final = re.compile(
    r"\b(?:relative|local) module (?:paths?|sources?)\b|\bonly local modules\b|\blocal modules only\b", re.I
)


def modules(sentence: Sentence) -> Stated:
    """Which modules may be called."""
    relative = _RELATIVE.search(sentence.plain)
    if relative and sentence.scopes.affirms(*relative.span()) and "only" in sentence.lower:
        yield "deliverable.modules", "local"
        return
    for match in _MODULES.finditer(sentence.plain):
        if not sentence.scopes.negates(*match.span()) or sentence.scopes.has_exception:
            continue
        if re.search(r"\b(?:official|approved|verified|trusted) modules\b", sentence.plain, re.IGNORECASE):
            return
        if match["external"]:
            yield "deliverable.modules", "local"
            return
        before = sentence.lower[max(0, match.start() - 40) : match.start()]
        after = sentence.lower[match.end() : match.end() + 40]
        is_all = re.search(
            r"(?:\bno|\bnot (?:use|create|reference|include)|\bwithout|n't (?:use|need|want)|\bavoid|\bany|\bor"
            r"|,|\bno nested or)\s+"
            r"(?:a |any |using |need |use |nested or |child |sub)*$",
            before,
        )
        if is_all and not re.match(r"\s*(?:that|which|for|from|outside|version|to)\b|[-\s]*specific", after):
            yield "deliverable.modules", "none"
            return


_PROVIDER: Final = re.compile(
    r"\bproviders?(?:/backend)? (?:or backend )?(?:blocks?|configurations?|configs?|declarations?"
    r"|definitions?)\b|\bthe provider again\b"
    r"|\bproviders? (?:is|are) (?:already )?(?:configured|handled|defined)\b|\bprovider(?:/backend)?(?= and| or|,)"
    r"|\b(?:re)?(?:define|declare) (?:the )?(?:aws )?providers?\b|\bprovider \"aws\" blocks?\b",
    re.IGNORECASE,
)
_KEEP_OUT: Final = re.compile(
    r"\bkeep (?:the )?provider (?:config\w*|blocks?)(?: \w+)? out\b|\bprovider config\w* (?:out|elsewhere)\b"
    r"|\bproviders? (?:setup|set-up|config\w*|blocks?) (?:is |are )?already (?:lives?|exists?|handled|defined"
    r"|configured|present)\b"
    r"|\bproviders? (?:setup|set-up|config\w*|blocks?) (?:is|are|will be|gets?) (?:handled|defined|managed"
    r"|configured|taken care of) (?:elsewhere|separately|outside)\b",
    re.IGNORECASE,
)
_OUGHT_NOT: Final = re.compile(r"\b(?:alias\w*|version|region|module|random|null|hardcod\w*)\b", re.IGNORECASE)


def provider_block(sentence: Sentence) -> Stated:
    """Whether the files may contain a `provider` block."""
    out = _KEEP_OUT.search(sentence.plain)
    if out and sentence.scopes.affirms(*out.span()):
        yield "deliverable.provider_block", False
        return
    for match in _PROVIDER.finditer(sentence.plain):
        if not sentence.scopes.negates(*match.span()) or sentence.scopes.has_exception:
            continue
        if "is " in match[0] or "are " in match[0]:
            continue
        after = sentence.plain[match.end() : match.end() + 30]
        before = sentence.plain[max(0, match.start() - 25) : match.start()]
        if match[0].lower() == "provider" and "block" not in sentence.lower[match.end() : match.end() + 50]:
            continue
        if _OUGHT_NOT.search(after.split(",")[0]) or re.search(r"\b(?:hardcod\w*|random|duplicate\w*)\b", before, re.I):
            continue
        yield "deliverable.provider_block", False
        return


# --- versions ---------------------------------------------------------------------------------------------------------

_LATER: Final = r"(\+|\s?(?:or|and) (?:later|higher|newer|above|greater|up)\b|\s?minimum\b)?"
_TERRAFORM: Final = re.compile(
    r"(?:\bterraform(?: cli| core)?[ (:]{1,2}(?:version |versions )?|\brequired_version\b[\s:=\"`(]{0,4}"
    r"|\bterraform version[:\s]{1,2}(?:constraint )?"
    r"|\bterraform block with version )"
    rf"(>=|~>|=|\u2265|>|at least|minimum|min)?\s?\"?(>=|~>)?\s?v?([01]\.\d+(?:\.\d+)?)(?:\.x)?{_LATER}",
    re.IGNORECASE,
)
_PROVIDER_VERSION: Final = re.compile(
    r"\baws(?:'s)? provider(?:'s)?(?: is)?(?: version| versions)?(?: constraint| is| constrained to| of"
    r"| pinned to| set to)*[\s:(=\"]{1,3}"
    rf"(~>|>=|=|\u2265|>|at least)?\s?v?([3-6])(?:\.(\d+|x))?(?:\.(\d+|x))?(?![\w%])\)?{_LATER}",
    re.IGNORECASE,
)
_PROVIDER_FAR: Final = re.compile(
    r"\b(?:aws provider|required_providers for aws|hashicorp/aws)\b[^.;]{0,70}?(?:version\s+|\()?(~>"
    r"|>=)\s?([3-6])(?:\.(\d+))?",
    re.IGNORECASE,
)


def versions(sentence: Sentence) -> Stated:
    """The versions of Terraform and of the AWS provider."""
    for match in _TERRAFORM.finditer(sentence.plain):
        covers = sentence.scopes.of(*match.span())
        operator = match[1] or match[2] or ""
        says_operator = match[1] or match[2] or match[4]
        if covers or not says_operator or operator == ">":
            continue
        if re.match(r" (?:native )?syntax\b", sentence.plain[match.end() :]):
            break
        yield "require.terraform_version", f"{'~>' if '~>' in operator else '>='} {match[3]}"
        break
    yield from _provider_version(sentence)


def _provider_version(sentence: Sentence) -> Stated:
    pessimistic = _PROVIDER_FAR.search(sentence.plain)
    match = _PROVIDER_VERSION.search(sentence.plain)
    if pessimistic is not None and (match is None or pessimistic.start() <= match.start()):
        if sentence.scopes.affirms(*pessimistic.span()) and not re.search(r"\bdocs?\b|\blatest\b", pessimistic[0]):
            minor = f".{pessimistic[3]}" if pessimistic[3] else ".0" if pessimistic[1] == "~>" else ""
            yield "require.aws_provider_version", f"{pessimistic[1]} {pessimistic[2]}{minor}"
        return
    if match is None or not sentence.scopes.affirms(*match.span()):
        return
    if re.match(r"\)? (?:resources|syntax|features)\b", sentence.plain[match.end() :]):
        return
    operator = {"=": "=", "~>": "~>", None: ""}.get(match[1], ">=")
    if match[5]:
        operator = ">="
    minor = match[3] if match[3] and match[3] != "x" else "0"
    yield "require.aws_provider_version", f"{operator or '~>'} {match[2]}.{minor}"


# --- declarations -----------------------------------------------------------------------------------------------------

_NAME: Final = r"([a-z][a-z0-9]*(?:_[a-z0-9]+)*)"
_DECLARED: Final = {
    kind: re.compile(
        rf"\b{kind}s?\b:?\**\s+(?:named |called )?[\"`]{{1,4}}{_NAME}[\"`]{{1,4}}|[\"`]{_NAME}[\"`]\s+{kind}\b"
        rf"|\b{kind} (?:named |called )([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b",
        re.IGNORECASE,
    )
    for kind in ("variable", "output")
}
_LISTED: Final = {
    "require.variables": re.compile(
        r"^(?:\W|\d)*(?:the |input |required |following |terraform |define |declare |these "
        r"|necessary ){0,4}variables?\b[^.]{0,60}:?\W*$",
        re.I,
    ),
    "require.outputs": re.compile(
        r"^(?:\W|\d)*(?:the |required |following |terraform |define |these |expose |provide "
        r"|stack ){0,4}outputs?\b[^.]{0,60}:?\W*$",
        re.I,
    ),
}
_LEADING_NAMES: Final = re.compile(r"^[`\"*]{1,4}([a-z][a-z0-9_]*)[`\"*]{1,4}(?=\s*(?:[,:;(\u2013\u2014.-]|$|\())")


def declarations(sentence: Sentence) -> Stated:
    """Variables and outputs that must be declared."""
    text = sentence.text
    for kind, key in (("variable", "require.variables"), ("output", "require.outputs")):
        if kind not in sentence.lower or re.search(r"\b(?:no|not|without|avoid)\b", sentence.plain, re.IGNORECASE):
            continue
        if not re.search(r"\b(?:must|declare|define|include|require|need|output|expose)", text, re.IGNORECASE):
            continue
        names = [next(filter(None, match.groups())) for match in _DECLARED[kind].finditer(text)]
        if names and sentence.scopes.affirms(0, len(sentence.plain)):
            yield key, list(dict.fromkeys(names))
    for key, pattern in _LISTED.items():
        if sentence.items and pattern.match(sentence.plain) and not sentence.scopes.inherited:
            names = [match[1] for item in sentence.items if (match := _LEADING_NAMES.match(item.text))]
            if len(names) == len(sentence.items):
                yield key, list(dict.fromkeys(names))
