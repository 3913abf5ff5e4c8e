"""A contract proposed from a prompt: each clause that the prompt states plainly, with the sentence that states it.

A proposal decides nothing. It is TOML for a person to edit, with the sentence in a comment above each clause. Only
words that can be read in one way lead to a clause. What a prompt merely implies is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tapfix.contract.clauses import Contract, clauses_of, tables_of

_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ENVIRONMENTS = {"development": "dev", "production": "prod", "stage": "staging", "testing": "test"}
_ENGINES = {"postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mariadb", "redis": "redis"}
_NOT_TAG_KEYS = frozenset(
    {"AWS", "IAM", "All", "Tag", "Tags", "Terraform", "VPC", "EC2", "S3", "RDS", "ALB", "Every", "Apply", "Use"}
)
_NO_DEMAND: dict[tuple[str, str], Any] = {
    ("deliverable", "prose"): True,
    ("topology", "environments"): [],
    ("compute", "autoscaling"): False,
    ("compute", "ami_variable"): "",
    ("tags", "expression"): "",
}
"""Demands of the built-in contract that many prompts do not make, each with the value that turns it off."""
_LONGEST = 1000
"""A longer "sentence", in characters, is a table or code. It is left out, which bounds the time of every pattern."""
_REGION = r"(?:us|eu|ap|sa|ca|me|af|il)-[a-z]+-\d"
_NAME = r"`([a-z][a-z0-9_]*)`"
_TYPE = r"\baws_[a-z0-9_]+\b"
_SERVICE = re.compile(
    r"\b(?:S3|RDS|Aurora|DynamoDB|EBS|EFS|SQS|SNS|Redshift|ElastiCache|Kinesis|OpenSearch|SSE-S3|buckets?)\b"
)
_EVERYTHING = re.compile(
    r"\b(?:all|every|each)\s+(?:\w+\s+)?(?:data|resources?|storage|services?)\b|\beverything\b|\bdata at rest\b",
    re.IGNORECASE,
)
"""Words of a demand on everything. A demand on one service alone is left out, since no clause can state it."""
_ALL_LOGS = re.compile(
    r"\blogs? groups\b|\bloggroups\b|\b(?:all|every) (?:\w+ )?logs?\b|\blogs? (?:\w+ )?retention\b|\blogs have\b", re.I
)
_SOME_LOGS = re.compile(r"\b(?:audit|access|flow|trail|CloudTrail|dedicated|single|IAM|query|error)\b", re.IGNORECASE)
_SEVERAL_REGIONS = re.compile(
    r"\bmulti-region\b(?! (?:key|KMS|support))|\b(?:two|multiple|both|three)(?: \w+)? regions\b|\bsecondary region\b"
    rf"|\breplica(?:te|tion|ting)?\b.*\b(?:in|to) `?{_REGION}\b"
    rf"|\b(?:across|in both) `?{_REGION}`?,? (?:and )?`?{_REGION}\b",
    re.IGNORECASE,
)
_SAME_STACK = re.compile(
    r"\btfvars\b|\bacross\b|\bdeploy(?:ed|able)?\b|\bmulti-environment\b|\benvironments (?:are|will be)\b|\btopology\b",
    re.IGNORECASE,
)
"""Words that show that one stack is deployed to several environments, not that one stack contains several."""
_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+(?=[A-Z*`\-(])")
_MARKS = re.compile(r"^[\s>#*\-+\u2022\u2013\u2014]*(?:\d+[.)]\s*)?")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A clause, and the sentences of the prompt that state it."""

    table: str
    key: str
    value: Any
    """In the form of TOML."""
    sources: tuple[tuple[int, str], ...] = ()
    """Line (from 1) and text of each sentence; empty if the prompt does not state the clause."""


def propose(prompt: str) -> tuple[Proposal, ...]:
    """The clauses that a prompt states, in the contract's order. If two contradict each other, the first counts."""
    found: dict[tuple[str, str], Proposal] = {}
    for line, sentence in _sentences(prompt):
        for reader in _READERS:
            for table, key, value in reader(sentence):
                known = found.get((table, key))
                proposal = Proposal(table, key, value, ((line, sentence),))
                found[table, key] = proposal if known is None else _joined(known, proposal)
    for proposal in _region_clauses(prompt):
        found.setdefault((proposal.table, proposal.key), proposal)
    order = {(table, key): None for table, cls in tables_of(Contract).items() for key in clauses_of(cls)}
    return tuple(found[place] for place in order if place in found)


def unstated(proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Clauses that turn off the demands of the built-in contract that the prompt does not make."""
    stated = {(proposal.table, proposal.key) for proposal in proposals}
    return tuple(Proposal(*place, value) for place, value in _NO_DEMAND.items() if place not in stated)


def render(proposals: tuple[Proposal, ...], source: str) -> str:
    """A contract file for a person to edit. `source` names the prompt.

    The clauses that would turn off demands of the built-in contract are in comments: whether to drop such a demand is
    for the person to decide.
    """
    lines = [
        f"# Proposed from {' '.join(source.split())}: each clause that it states plainly, "
        "under the sentence that states it.",
        "# Read every clause before you use it. What is not here is as in the built-in contract.",
    ]
    order = list(tables_of(Contract))
    rows = [*proposals, *unstated(proposals)]
    table = ""
    for proposal in sorted(rows, key=lambda proposal: order.index(proposal.table)):
        if proposal.table != table:
            table = proposal.table
            lines += ["", f"[{table}]"]
        setting = f"{proposal.key} = {_toml(proposal.value)}"
        if proposal.sources:
            lines += [f"# line {line}: {_shortened(sentence)}" for line, sentence in proposal.sources]
            lines.append(setting)
        else:
            lines += ["# The prompt does not state this demand of the built-in contract. To drop it:", f"# {setting}"]
    return "\n".join(lines) + "\n"


def _sentences(prompt: str) -> Iterator[tuple[int, str]]:
    """The sentences of a prompt, each with its line. A sentence ends with its line."""
    for number, line in enumerate(prompt.splitlines(), 1):
        for sentence in _SENTENCE_END.split(_MARKS.sub("", line)):
            if 3 < len(sentence) <= _LONGEST:
                yield number, sentence.strip()


def _joined(known: Proposal, further: Proposal) -> Proposal:
    """Two proposals for one clause as one: lists and tables are united, of other values the first one counts."""
    if isinstance(known.value, list):
        value: Any = list(dict.fromkeys([*known.value, *further.value]))
    elif isinstance(known.value, dict):
        value = {**further.value, **known.value}
    else:
        return known
    if value == known.value:
        return known
    return Proposal(known.table, known.key, value, known.sources + further.sources)


def _shortened(sentence: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in sentence)
    return plain if len(plain) <= 160 else f"{plain[:157]}..."


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in sorted(value.items())) + " }"
    return json.dumps(value, ensure_ascii=False)


# --- what one sentence states -----------------------------------------------------------------------------------------

Stated = Iterator[tuple[str, str, Any]]
"""Table, key and value of each clause."""
SentenceReader = Callable[[str], Stated]


def _main_file(sentence: str) -> Stated:
    match = re.search(
        r"\bsingle[- ](?:terraform |hcl |valid |complete )*(?:file|configuration)\b"
        r"(?:[^.`]|\.(?=/))*?`?(?P<main>[\w./-]+\.tf)\b"
        r"|\b(?:everything|all (?:code|resources|logic|the code)|entire \w+)\b[^.]*\bin `?(?P<all>[\w./-]+\.tf)\b"
        r"|\bsingle file only\b[^.]*?`?(?P<only>[\w./-]+\.tf)\b"
        r"|\bone fenced\b[^.]*?`?(?P<fenced>[\w./-]+\.tf)\b",
        sentence,
        re.IGNORECASE,
    )
    if match:
        path = next(group for group in match.groups() if group).removeprefix("./")
        if ".." not in path and not path.startswith("/"):
            yield "deliverable", "main", path.rsplit("/", 1)[-1]
            yield "deliverable", "single_file", True


def _no_prose(sentence: str) -> Stated:
    if re.search(
        r"\bno (?:extra|additional|other) (?:prose|text|commentary|explanations?)\b|\bonly the code\b", sentence, re.I
    ):
        yield "deliverable", "prose", False


def _allowed_modules(sentence: str) -> Stated:
    if re.search(
        r"\bno (?:external|remote|third-party|proprietary|external/proprietary) modules\b", sentence, re.IGNORECASE
    ):
        yield "deliverable", "modules", "local"
    elif re.search(r"\b(?:no modules\b|without (?:any )?modules\b)", sentence, re.IGNORECASE):
        yield "deliverable", "modules", "none"


def _no_provider_block(sentence: str) -> Stated:
    if re.search(
        r"\b(?:no|without|not (?:include|add|declare|write) (?:a|any)) `?provider`? blocks?\b", sentence, re.IGNORECASE
    ):
        yield "deliverable", "provider_block", False


def _environments(sentence: str) -> Stated:
    words = r"dev|development|test|testing|qa|uat|stage|staging|prod|production"
    run = re.search(
        rf"`?\b(?:{words})\b`?(?:(?:\.tfvars`?)?(?:\s*[,/]\s*(?:and )?|\s+and\s+|\s+or\s+)`?\b(?:{words})\b`?){{1,5}}",
        sentence,
    )
    if run and _SAME_STACK.search(sentence) and not re.search(r"\bworkspaces?\b|\bworkspace-", sentence, re.IGNORECASE):
        names = re.findall(rf"\b(?:{words})\b", run[0])
        yield "topology", "environments", list(dict.fromkeys(_ENVIRONMENTS.get(name, name) for name in names))


def _destroyable(sentence: str) -> Stated:
    stated = re.search(
        r"\bdestroyable\b|\bno retain polic|\bcleanly destroy|\bdestroyed? cleanly\b", sentence, re.IGNORECASE
    )
    if stated and not re.search(r"\bnot (?:be )?destroyable\b|\bprevent_destroy\b", sentence, re.IGNORECASE):
        yield "lifecycle", "destroyable", True


def _instances_and_ami(sentence: str) -> Stated:
    if re.search(r"\bauto[- ]?scaling group\b|\bASG\b", sentence, re.IGNORECASE) and not re.search(
        r"\bno\b|\bwithout\b|\boutputs?\b", sentence, re.I
    ):
        yield "compute", "autoscaling", True
    if re.search(
        r"\bAMI\b(?: ID)?[^.]{0,40}\b(?:as|via|by|through|with) (?:a|an|the) (?:\w+ )?variable\b(?! list)", sentence
    ):
        named = re.search(_NAME, sentence)
        yield "compute", "ami_variable", named[1] if named and "ami" in named[1] else "ami_id"


def _tag_expression_and_keys(sentence: str) -> Stated:
    expression = re.search(r"`(?:tags\s*=\s*)?(merge\([^`]*\))`", sentence)
    if expression:
        said = re.sub(r"\"?Name\"?\s*=\s*(?:\"[^\"]*\"|[^,}\s]+)", "Name = NAME", expression[1])
        yield "tags", "expression", said
    listed = re.search(
        r"\btag(?:s|ged|ging)?\b[^.:]*?(?:with|include|:)[^A-Z`]*"
        r"((?:[`*]*[A-Z]\w+[`*]*(?:,? and |, |,? & ))+[`*]*[A-Z]\w+)",
        sentence,
    )
    if listed:
        keys = [key for key in re.findall(r"[A-Z]\w+", listed[1]) if key not in _NOT_TAG_KEYS]
        if len(keys) > 1:
            yield "tags", "keys", keys


def _required_declarations(sentence: str) -> Stated:
    for kind, key in (("variable", "variables"), ("output", "outputs")):
        if not re.search(rf"\b{kind}s?\b", sentence, re.IGNORECASE) or re.search(
            r"\b(?:no|not|without|avoid)\b", sentence, re.I
        ):
            continue
        if not re.search(r"\b(?:must|declare|define|include|require|need|output|expose)", sentence, re.IGNORECASE):
            continue
        direct = re.findall(rf"\b{kind}s?\b:?\**\s+(?:named |called )?{_NAME}", sentence, re.IGNORECASE)
        direct += re.findall(rf"{_NAME} {kind}\b", sentence, re.IGNORECASE)
        if direct:
            yield "require", key, list(dict.fromkeys(direct))


def _resource_types(sentence: str) -> Stated:
    forbids = re.search(rf"\b(?:no|never use|(?:do|must) not use|avoid) `?({_TYPE})", sentence, re.IGNORECASE)
    if forbids:
        yield "forbid", "resources", [forbids[1]]
        return
    for count, type in re.findall(rf"\b(\w+) `?({_TYPE})`? (?:resource|instance|block)", sentence):
        number = _NUMBERS.get(count.lower()) or (
            int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        )
        if number and re.search(r"\b(?:must|at least|exactly|should|create)\b", sentence, re.IGNORECASE):
            yield "require", "resources", {type: number}


def _required_versions(sentence: str) -> Stated:
    if re.search(r"\b1\.\d+\+? (?:native )?(?:syntax|features)\b", sentence):
        return  # This states which syntax may be used, not which version is required.
    terraform = re.search(
        r"\bTerraform[ (]+(?:version )?(?:(>=|~>|\u2265) ?)?v?(1\.\d+)(?:\.\d+)?"
        r"(\+| or (?:later|higher|newer|above)\b)?",
        sentence,
    )
    if terraform and (terraform[1] or terraform[3]):
        operator = "~>" if terraform[1] == "~>" else ">="
        yield "require", "terraform_version", f"{operator} {terraform[2]}"
    provider = re.search(r"\bAWS [Pp]rovider(?: version)?s?:? ?`?(?:(~>|>=) ?)?v?([4-6])(?:\.(\d+|x))?", sentence)
    if provider:
        minor = provider[3] if provider[3] and provider[3] != "x" else "0"
        yield "require", "aws_provider_version", f"{provider[1] or '~>'} {provider[2]}.{minor}"


def _wildcards_ingress_encryption(sentence: str) -> Stated:
    excepted = re.search(r"\b(?:unless|except|other than|apart from|only|sensitive)\b", sentence, re.IGNORECASE)
    if re.search(r"\bno (?:\w+ )?wildcards?\b|\bwithout wildcards?\b", sentence, re.IGNORECASE) and not excepted:
        yield "forbid", "iam_wildcards", True
    if re.search(r"\b(?:no|not|never|without)\b[^.]{0,60}(?<!\d)0\.0\.0\.0/0", sentence, re.IGNORECASE):
        ports = [
            int(port)
            for port in re.findall(r"\b\d{2,5}\b(?!\.\d|/)", sentence.replace("0.0.0.0/0", ""))
            if int(port) < 65536
        ]
        if not excepted or ports:
            yield "forbid", "open_ingress", True
        if ports and excepted:
            yield "forbid", "open_ports", list(dict.fromkeys(ports))
    if re.search(r"\bencrypt(?:ed|ion) at rest\b|\bat[- ]rest encryption\b", sentence, re.IGNORECASE) and (
        _EVERYTHING.search(sentence) or not _SERVICE.search(sentence)
    ):
        yield "data", "encrypted", True


def _name_suffix(sentence: str) -> Stated:
    match = re.search(
        r"\bnam(?:es?|ing)\b[^.]*\b(?:include|contain|use|end with|follow)\b[^.]*?"
        r"(environment_suffix|environmentSuffix|name_suffix|resource_suffix)",
        sentence,
        re.IGNORECASE,
    )
    if match:
        yield "names", "suffix_variable", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", match[1]).lower()


def _retention_and_engine_versions(sentence: str) -> Stated:
    days = re.search(
        r"\b(\d{1,4})[- ]days?\b[^.]{0,20}\bretention\b|\bretention\b[^.\d]{0,30}\b(\d{1,4}) days?\b", sentence, re.I
    )
    is_alone = len(re.findall(r"\b\d+[- ]days?\b", sentence)) == 1
    if days and is_alone and _ALL_LOGS.search(sentence) and not _SOME_LOGS.search(sentence):
        yield "data", "log_retention_days", int(days[1] or days[2])
    for name, version in re.findall(
        r"\b(PostgreSQL|Postgres|MySQL|MariaDB)\b (?:version |v)?(\d+(?:\.\d+)?)", sentence, re.IGNORECASE
    ):
        engine = _ENGINES[name.lower()]
        if re.search(r"\bAurora\b", sentence):
            engine = "aurora-postgresql" if engine == "postgres" else "aurora-mysql"
            if engine == "aurora-mysql":
                continue  # Aurora numbers its MySQL versions differently.
        yield "data", "engine_versions", {engine: version}


_READERS: tuple[SentenceReader, ...] = (
    _main_file,
    _no_prose,
    _allowed_modules,
    _no_provider_block,
    _environments,
    _destroyable,
    _instances_and_ami,
    _tag_expression_and_keys,
    _required_declarations,
    _resource_types,
    _required_versions,
    _wildcards_ingress_encryption,
    _name_suffix,
    _retention_and_engine_versions,
)


def _region_clauses(prompt: str) -> Iterator[Proposal]:
    """The clauses on regions, which follow from all sentences together."""
    named: dict[str, tuple[int, str]] = {}
    for line, sentence in _sentences(prompt):
        for region in re.findall(rf"\b{_REGION}\b", sentence):
            named.setdefault(region, (line, sentence))
    if named:
        yield Proposal("topology", "allowed_regions", list(named), tuple(dict.fromkeys(named.values())))
    for line, sentence in _sentences(prompt):
        if len(named) > 1 and _SEVERAL_REGIONS.search(sentence):
            yield Proposal("topology", "regions", "multi", ((line, sentence),))
            return
