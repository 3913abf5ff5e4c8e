"""What the stack must and must not contain: its end, instances, access, data, resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tapfix.contract.prompt.scopes import Cover
from tapfix.contract.prompt.sentences import Sentence

Stated = Iterator[tuple[str, Any]]
"""The clauses that a sentence states: `table.key` and the value in the form of TOML."""

NUMBERS: Final = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
}

# --- the end ----------------------------------------------------------------------------------------------------------

_DESTROYABLE: Final = re.compile(
    r"\b(?:fully |cleanly |easily |easy to )?(?:destroyable|destroy(?:ed)? cleanly|cleanly destroy(?:ed)?"
    r"|easy to destroy|torn down|tear down"
    r"|clean up environments|environments can be cleaned up|can be destroyed|easily destroyed|destroy works)\b",
    re.IGNORECASE,
)
_CLEANLY: Final = re.compile(
    r"\bdestroyable|\bclean\w*|\beas(?:y|ily)|\bterraform destroy|\bwithout|\bcompletely|\bfully", re.IGNORECASE
)
_RETAIN: Final = re.compile(
    r"\bretain(?: polic\w+)?\b|\bremovalpolicy[.: ]{0,2}retain\b|\bprevent_destroy\b"
    r"|\bdeletion[_ -]?protection\b|\bretention policies that\b",
    re.IGNORECASE,
)
_ON: Final = re.compile(r"\s{0,2}(?:=|is|must be|set to|to be|:)?\s{0,2}(?:true|enabled|on)\b", re.IGNORECASE)
_OFF: Final = re.compile(
    r"\s{0,2}(?:=|is|must be|should be|set to|to be|:|flags?)?\s{0,2}(?:to |turned |be )?(?:false|disabled|off)\b",
    re.IGNORECASE,
)


def destroyable(sentence: Sentence) -> Stated:
    """Whether `terraform destroy` must remove everything."""
    text = sentence.plain
    for match in _DESTROYABLE.finditer(text):
        covers = sentence.scopes.of(*match.span())
        if covers == {Cover.NEGATED}:
            if "destroyable" in match[0].lower():
                yield "lifecycle.destroyable", False
                return
        elif not covers and (match[0].lower() != "tear down" or _CLEANLY.search(text)):
            yield "lifecycle.destroyable", True
            return
    for match in _RETAIN.finditer(text):
        covers = sentence.scopes.of(*match.span()) - {
            Cover.CONDITIONAL if "future" in sentence.lower else Cover.EXAMPLE
        }
        after = text[match.end() : match.end() + 40]
        name = match[0].lower()
        is_about_all = re.search(
            r"\b(?:everything|anything|all|any|anywhere|nothing|no retain|environments?)\b", text, re.I
        )
        if name.startswith(("retain", "removal", "retention")):
            if covers == {Cover.NEGATED} and ("polic" in name or "removal" in name):
                yield "lifecycle.destroyable", True
                return
        elif covers == {Cover.NEGATED}:
            if not _OFF.match(after) and (is_about_all or name == "prevent_destroy" or _ON.match(after)):
                yield "lifecycle.destroyable", True
                return
        elif not covers and _OFF.match(after) and (is_about_all or "skip_final_snapshot" in text):
            yield "lifecycle.destroyable", True
            return
        elif not covers and name.startswith("deletion") and _ON.match(after):
            yield "lifecycle.destroyable", False
            return


# --- instances --------------------------------------------------------------------------------------------------------

_GROUP: Final = re.compile(
    r"\bauto[- ]?scaling[- ]groups?\b|\bASGs?\b"
    r"|(?<!application )(?<!service )\bauto[- ]?scaling\b(?=[^.;]{0,40}\b(?:EC2|instances?)\b)"
    r"|\b(?:EC2|instances?|web servers?|servers)\b[^.;]{0,60}\b(?<!application )auto[- ]?scaling\b(?! (?:of"
    r"|for) (?:tasks|services))",
    re.IGNORECASE,
)
_NO_SERVERS: Final = re.compile(
    r"\b(?:outputs?|ecs|fargate|lambda|dynamodb|eks|tasks?|metrics?|alarms?|spot fleet|node groups?|iam"
    r"|permissions?|policy for)\b",
    re.IGNORECASE,
)
_AMI: Final = re.compile(
    r"\bAMI\b(?: ID)?[^.;]{0,40}?\b(?:as|via|by|through|with|using) (?:a|an|the|input)? ?(?:\w+ )?variable\b(?! list)"
)
_AMI_NAME: Final = re.compile(r"`((?:\w+_)?ami(?:_\w+)?)`")


def instances(sentence: Sentence) -> Stated:
    """Whether instances run in an Auto Scaling group, and which variable overrides the AMI."""
    text = sentence.plain
    match = _GROUP.search(text)
    if match:
        around = text[max(0, match.start() - 60) : match.end() + 40]
        covers = sentence.scopes.of(*match.span())
        if covers == {Cover.NEGATED} and re.search(r"group|asg", text[match.start() : match.end() + 8], re.IGNORECASE):
            yield "compute.autoscaling", False
        elif not covers and not _NO_SERVERS.search(
            around if "group" not in match[0].lower() else text[: match.start()][-40:]
        ):
            yield "compute.autoscaling", True
    ami = _AMI.search(text)
    if ami and sentence.scopes.affirms(*ami.span()):
        named = _AMI_NAME.search(sentence.text)
        yield "compute.ami_variable", named[1] if named else "ami_id"


# --- access -----------------------------------------------------------------------------------------------------------

_WILDCARD: Final = re.compile(r"\bwild-?cards?\b", re.IGNORECASE)
_WORLD: Final = re.compile(
    r"(?<!\d)0\.0\.0\.0/0|\bopen(?:ed|ing)?\b(?: \w+){0,3} (?:up )?to the (?:world|internet|public)\b"
    r"|\b(?:public|world) ingress\b",
    re.IGNORECASE,
)
_UP: Final = re.compile(r"\bopen(?:ing)?\b (?:\w+ )?(?:up )?to the (?:internet|world|public)\b", re.IGNORECASE)
_EGRESS: Final = re.compile(r"\b(?:egress|outbound|route|routes|routing|igw|nat|gateway)\b", re.IGNORECASE)
_PORT: Final = re.compile(r"(?<![\d./])(\d{2,5})(?![\d./]*\.\d|/\d|\d| ?days?| ?GB)")
_SSH: Final = re.compile(r"\b(?:ssh|rdp|port 22|22|3389|sensitive ports?|database|rds|db|bastion)\b", re.IGNORECASE)
_ONLY_FROM: Final = re.compile(
    r"\b(?:traffic|access|connections?|inbound|ingress|ports?)\b[^.;()]{0,60}?\bonly from\s+(?:an? |the )?"
    r"(?:(?:specific|approved|known|given|set of|trusted|corporate|allowed|defined"
    r"|restricted) ){1,3}(?:set of )?(?:\w+ )?(?:ips?|cidrs?|ip (?:address\w*|ranges?)|networks?|ranges)\b"
    r"|\b(?:traffic|connections?)\b[^.;()]{0,40}?\b(?:to|from) (?:the )?(?:specific|approved"
    r"|vpc) cidrs?(?: blocks?)? only\b"
    r"|\band only from (?:a )?specific (?:set of )?ip(?:s| addresses| ranges)\b",
    re.IGNORECASE,
)


def access(sentence: Sentence) -> Stated:
    """Wildcards in policies, and whom security groups admit."""
    text, scopes = sentence.plain, sentence.scopes
    for match in _WILDCARD.finditer(text):
        if (
            scopes.negates(*match.span())
            and not scopes.has_exception
            and not re.search(
                r"\b(?:sensitive|only|where|avoid\w*|possible|cors|dns|certificates?|domain|broad|rather)\b",
                text,
                re.IGNORECASE,
            )
        ):
            yield "forbid.iam_wildcards", True
            break
    yield from _ingress(sentence)


def _ingress(sentence: Sentence) -> Stated:
    text, scopes = sentence.plain, sentence.scopes
    for match in [*_WORLD.finditer(text), *_UP.finditer(text)]:
        if Cover.NEGATED not in scopes.of(*match.span()):
            continue
        if scopes.of(*match.span()) - {Cover.NEGATED, Cover.EXCEPTED} or _EGRESS.search(
            text[match.end() : match.end() + 25]
        ):
            continue
        other = re.search(
            r"\b(?:ports? )?(?:other than|except(?: for| on)?|apart from|but|unless[^.;]{0,40})\b([^.;]{0,60})",
            text[match.end() :],
            re.I,
        )
        if other:
            ports = [int(port) for port in _PORT.findall(other[1]) if int(port) < 65536 and int(port) not in (22, 3389)]
            if not ports and re.search(r"\b(?:load balancer|alb|elb)\b", other[0], re.IGNORECASE):
                ports = [80, 443]
            if not ports:
                return
            yield "forbid.open_ingress", True
            yield "forbid.open_ports", list(dict.fromkeys(ports))
            return
        if scopes.has_exception or re.search(r"\bsensitive\b", text, re.IGNORECASE):
            return
        words = _words_on_ports(text, match)
        if not words:
            yield "forbid.open_ingress", True
            return
        closed = [int(port) for port in _PORT.findall(words) if int(port) < 65536]
        closed += [port for name, port in (("ssh", 22), ("rdp", 3389)) if name in words.lower()]
        if closed:
            yield "forbid.closed_ports", list(dict.fromkeys(closed))
            return
    only = _ONLY_FROM.search(text)
    if (
        only
        and scopes.affirms(*only.span())
        and not _SSH.search(_without_listed(only[0]))
        and not re.search(
            r"\b(?:s3|buckets?|api|lambda|kms|database|rds|db|ssh to|bastion|restrict(?:ing)? ssh)\b",
            text,
            re.IGNORECASE,
        )
    ):
        yield "forbid.open_ingress", True


def _without_listed(text: str) -> str:
    """The text without an SSH that is one of several protocols, so that the sentence is about all traffic."""
    return re.sub(r"\b(?:https?|http)\b(?:,? and|,) ssh\b|\bssh (?:and|,) https?\b", "", text, flags=re.IGNORECASE)


def _words_on_ports(text: str, match: re.Match[str]) -> str:
    """The words of the same clause, if they are about SSH or some ports alone, so that others may stay open."""
    opened = text.rfind("(", 0, match.start())
    is_in_brackets = opened >= 0 and text.find(")", opened) >= match.end()
    clause = re.split(r"\s[-\u2013]{1,2}\s|[;\u2014]|(?<=[a-z])\. ", text[: match.start()])[-1]
    after = re.split(r"[;\u2014]|\s[-\u2013]{1,2}\s|,", text[match.end() :])[0]
    words = f"{text[: match.start()] if is_in_brackets else clause} {match[0]} {after}"
    return words.replace("0.0.0.0/0", "") if _SSH.search(words) else ""


# --- data -------------------------------------------------------------------------------------------------------------

_AT_REST: Final = re.compile(
    r"\bencrypt(?:ed|ion|s)?\b(?:[^.;]{0,30}\bat[- ]rest\b)|\bat[- ]rest (?:encryption|encrypted)\b"
    r"|\bencryption everywhere\b"
    r"|\b(?:everything|all data|all storage|every data store)\b[^.;]{0,40}\b(?:is|be|are) encrypted\b"
    r"|\bevery data store\b[^.;]{0,120}\bencryption\b|\bencrypt (?:all data|everything)\b"
    r"|\bencrypted data everywhere\b",
    re.IGNORECASE,
)
_SERVICE: Final = re.compile(
    r"\b(?:S3|RDS|Aurora|DynamoDB|EBS|EFS|SQS|SNS|Redshift|ElastiCache|Redis|Kinesis|OpenSearch|SSE-S3|buckets?"
    r"|databases?|tables?|volumes?"
    r"|snapshots?|backups?|queues?|clusters?|secrets?|keys? protect|sensitive|state|parameters?|streams?"
    r"|messages?)\b",
    re.IGNORECASE,
)
_EVERYTHING: Final = re.compile(
    r"\b(?:all|every|each)\s+(?:\w+\s+)?(?:data|resources?|storage|services?|components?)\b(?! (?:in|on|for) )"
    r"|\beverything\b|\bevery data store\b"
    r"|\beverywhere\b",
    re.IGNORECASE,
)


def encryption(sentence: Sentence) -> Stated:
    """Whether everything that can be encrypted at rest must be. A demand on one service alone is none on everything."""
    text = sentence.plain
    match = _AT_REST.search(text)
    if not match or not sentence.scopes.affirms(*match.span()):
        return
    if re.search(r"\bsensitive\b", text, re.IGNORECASE):
        return
    everything = _EVERYTHING.search(text)
    context = f"{sentence.heading} {sentence.intro.plain if sentence.intro else ''}"
    if everything or not (_SERVICE.search(text) or _SERVICE.search(context)):
        yield "data.encrypted", True


_DAYS: Final = re.compile(
    r"(?<!\d[\u2013-])\b(?P<n>\d{1,4}|"
    + "|".join(NUMBERS)
    + r")[- ](?P<unit>days?|years?|weeks?|months?)\b|\bretention_in_days\b[^.\d]{0,12}(?P<set>\d{1,4})\b",
    re.IGNORECASE,
)
_LOGS: Final = re.compile(
    r"\blog ?groups?\b|\bcloudwatch logs?\b|\b(?:all|every|application|cluster|lambda) (?:\w+ )?logs?\b"
    r"|\blogs? (?:\w+ )?retention\b|\blogs have\b"
    r"|\bretention (?:period )?for (?:\w+ )?logs\b",
    re.IGNORECASE,
)
_KEPT: Final = re.compile(
    r"\bretention\b|\bretain(?:ed)?\b|\bkeep(?:ing)?\b|\bkept\b|\bretention_in_days\b", re.IGNORECASE
)
_SOME_LOGS: Final = re.compile(
    r"\b(?:access logs?|audit logs?|flow logs?|cloudtrail|s3|buckets?|dedicated|query|error|slow|backups?"
    r"|archive|glacier|separate|rds|kinesis"
    r"|snapshots?|lifecycle|sqs|messages?|stream)\b",
    re.IGNORECASE,
)
_BY_ENVIRONMENT: Final = re.compile(
    r"\bper[- ]environment\b|\b(?:for|in) (?:dev|prod|staging|production|development)\b|\b(?:dev|staging"
    r"|prod)\b ?[=:]|\bconfigurable\b|\bdefault\b",
    re.IGNORECASE,
)
_DAYS_OF: Final = {"day": 1, "week": 7, "month": 30}
_YEARS: Final = {1: 365, 2: 731, 3: 1096, 5: 1827, 6: 2192, 7: 2557, 8: 2922, 9: 3288, 10: 3653}
"""The retention in days that CloudWatch Logs offers for a number of years."""


def retention(sentence: Sentence) -> Stated:
    """For how long log groups keep their events."""
    text = sentence.plain
    found = list(_DAYS.finditer(text))
    if len(found) != 1 or not _KEPT.search(text) or not _LOGS.search(text):
        return
    match = found[0]
    around = text[max(0, match.start() - 70) : match.end() + 40]
    if _SOME_LOGS.search(
        re.sub(r"\bvpc flow logs\b(?= (?:with|and))|\bfor ecs[^.;]{0,60}flow logs", "", around, flags=re.I)
    ):
        return
    if _BY_ENVIRONMENT.search(text) or not sentence.scopes.affirms(*match.span()):
        return
    if (
        re.search(r"\b(?:at most|up to|maximum|between)\b", around, re.IGNORECASE)
        or text[match.end() : match.end() + 2] == "-\u2013"
    ):
        return
    number = match["set"] or match["n"]
    count = NUMBERS.get(number.lower()) or int(number)
    unit = "day" if match["set"] else match["unit"].lower().rstrip("s")
    days = _YEARS.get(count) if unit == "year" else count * _DAYS_OF[unit]
    if days:
        yield "data.log_retention_days", days


_ENGINE: Final = re.compile(
    r"\b(Aurora )?\(?(PostgreSQL|Postgres|MySQL|MariaDB|Redis)\b\)?(?: engine| database"
    r"| compatible)?[ (]{1,2}(?:version |v)?(\d{1,2}(?:\.\d{1,2}){0,2})(?:\.x)?(?![\d.%:/]*\d)",
    re.IGNORECASE,
)
_COUNTS: Final = re.compile(
    r" ?(?:GB|nodes?|instances?|days?|replicas?|shards?|clusters?|tables?|databases?)\b", re.IGNORECASE
)
_ENGINES: Final = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "redis": "redis",
}


def engines(sentence: Sentence) -> Stated:
    """The versions of database engines."""
    for match in _ENGINE.finditer(sentence.plain):
        before = sentence.lower[max(0, match.start() - 60) : match.start()]
        if not sentence.scopes.affirms(*match.span()) or re.search(
            r"\b(?:source|from|on-prem\w*|legacy|old|client|driver)\b[^.;,]*$", before
        ):
            continue
        if "." not in match[3] and _COUNTS.match(sentence.plain, match.end()):
            continue
        if re.match(r"\s*(?:\+|or (?:later|higher|newer|above))", sentence.plain[match.end() :]):
            continue
        engine = _ENGINES[match[2].lower()]
        if match[1] or "aurora" in sentence.lower:
            if engine != "postgres":
                continue  # Aurora numbers its MySQL versions differently.
            engine = "aurora-postgresql"
        yield "data.engine_versions", {engine: match[3]}


# --- resources --------------------------------------------------------------------------------------------------------

_TYPE: Final = r"\baws_[a-z0-9_]+\b"
_NUMBER: Final = r"(\d{1,2}|" + "|".join(NUMBERS) + ")"
_COUNTED: Final = re.compile(rf"\b(?:(a|an)|{_NUMBER}) ({_TYPE}) (?:resource|instance|block)", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(
    rf"\b(?:no|never use|(?:do|must) not (?:use|create)|avoid(?: using)?|don't (?:use"
    rf"|create)) ({_TYPE})",
    re.IGNORECASE,
)
_SUBNETS: Final = re.compile(
    rf"\b{_NUMBER} (?:\w+ )?(public|private|database|isolated|data)(?:,? and {_NUMBER} (?:\w+ )?(public|private"
    rf"|database|isolated))? subnets\b",
    re.IGNORECASE,
)
_PLAIN: Final = {
    "aws_subnet": re.compile(rf"\b{_NUMBER} subnets\b", re.IGNORECASE),
    "aws_nat_gateway": re.compile(rf"\b{_NUMBER} nat gateways\b", re.IGNORECASE),
}
_CREATES: Final = re.compile(
    r"\b(?:create|deploy|provision|set up|has|have|having|include|with|containing|need|must|build|configure"
    r"|define|at least|exactly)\b",
    re.IGNORECASE,
)


def resources(sentence: Sentence) -> Stated:
    """Resource types that are forbidden, or that must be there, each with the least number."""
    text, scopes = sentence.plain, sentence.scopes
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        if not scopes.has_exception and Cover.CONDITIONAL not in scopes.of(*forbidden.span(1)):
            yield "forbid.resources", [forbidden[1]]
        return
    for match in _COUNTED.finditer(text):
        if scopes.affirms(*match.span()) and re.search(
            r"\b(?:must|at least|exactly|should|create)\b", text, re.IGNORECASE
        ):
            yield "require.resources", {match[3]: 1 if match[1] else _number(match[2])}
    if not _CREATES.search(text):
        return
    subnets: dict[str, int] = {}
    for match in _SUBNETS.finditer(text):
        if scopes.affirms(*match.span()):
            subnets.setdefault(match[2].lower(), _number(match[1]))
            if match[4]:
                subnets.setdefault(match[4].lower(), _number(match[3]))
    if subnets:
        yield "require.resources", {"aws_subnet": sum(subnets.values())}
    for type, pattern in _PLAIN.items():
        counted = pattern.search(text)
        if counted and scopes.affirms(*counted.span()) and not (type == "aws_subnet" and subnets):
            yield "require.resources", {type: _number(counted[1])}


def _number(word: str) -> int:
    return NUMBERS.get(word.lower()) or int(word)
