"""The values that the AWS provider refuses: unknown words, numbers out of range, arguments that exclude each other.

    for constraint in constraints("resource", "aws_lb").of("ip_address_type"):
        constraint.refuses("ipv5")        # 'one of "ipv4", "dualstack" is wanted'

`tapfix.schema._probe` writes the data, from messages of version 5 of the provider. `_OF_AWS` contains what AWS itself
requires of names and networks.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from tapfix.schema._store import Store

DATA_FILE: Final = Path(__file__).with_name("constraints.bin")
CATALOG: Final = "aws@5"

ConstraintKind = Literal[
    "enum", "numbers", "range", "length", "pattern", "arn", "json", "account", "port", "port0", "cidr", "prefix"
]
GroupKind = Literal["conflict", "one", "some"]

# What AWS requires of names and networks, and the probe does not find out. A row is `[argument, kind, operands…]`; the
# argument is a dotted path. Sources:
#   load balancers   https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
#   target groups    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
#   security groups  https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
#   buckets          https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
#   databases        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
#   roles, policies  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
#   functions        https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
#   keys             https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
#   log groups       https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
#   queues, topics   https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
#                    https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
#   caches           https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
#   warehouses       https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
#   launch templates https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
#   networks         https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_BALANCER: Final[list[list[Any]]] = [
    ["name", "length", 1, 32],
    ["name", "pattern", "^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?$"],
    ["name_prefix", "length", 1, 6],
]
_DATABASE: Final = "^[A-Za-z](-?[0-9A-Za-z])*$"
_OF_AWS: Final[dict[str, list[list[Any]]]] = {
    "resource.aws_alb": [*_BALANCER, ["name", "prefix", "internal-"]],
    "resource.aws_lb": [*_BALANCER, ["name", "prefix", "internal-"]],
    "resource.aws_alb_target_group": _BALANCER,
    "resource.aws_lb_target_group": _BALANCER,
    "resource.aws_security_group": [
        ["name", "prefix", "sg-"],
        ["name_prefix", "prefix", "sg-"],
        ["name", "length", 1, 255],
        ["description", "length", None, 255],
        ["description", "pattern", r"^[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*$"],
        ["ingress.cidr_blocks", "cidr"],
        ["egress.cidr_blocks", "cidr"],
    ],
    "resource.aws_s3_bucket": [
        ["bucket", "length", 3, 63],
        ["bucket", "pattern", "^[a-z0-9][a-z0-9.-]*[a-z0-9]$"],
    ],
    "resource.aws_db_instance": [["identifier", "length", 1, 63], ["identifier", "pattern", _DATABASE]],
    "resource.aws_rds_cluster": [
        ["cluster_identifier", "length", 1, 63],
        ["cluster_identifier", "pattern", _DATABASE],
        ["engine", "pattern", "^(aurora-mysql|aurora-postgresql|mysql|postgres|custom-.*)$"],
    ],
    "resource.aws_rds_cluster_instance": [["identifier", "length", 1, 63], ["identifier", "pattern", _DATABASE]],
    "resource.aws_db_subnet_group": [["name", "pattern", r"^[0-9a-z ._-]{1,255}$"]],
    "resource.aws_cloudwatch_log_group": [["name", "length", 1, 512], ["name", "pattern", r"^[0-9A-Za-z._/#-]*$"]],
    "resource.aws_sqs_queue": [["name", "pattern", r"^([0-9A-Za-z_-]{1,80}|[0-9A-Za-z_-]{1,75}\.fifo)$"]],
    "resource.aws_sns_topic": [["name", "pattern", r"^([0-9A-Za-z_-]{1,256}|[0-9A-Za-z_-]{1,251}\.fifo)$"]],
    "resource.aws_launch_template": [["name", "length", 1, 125], ["name", "pattern", r"^[0-9A-Za-z()./_-]*$"]],
    # Constraints of the provider 5.100.0 that the probe cannot reach: other arguments exclude these, or a set has them.
    "resource.aws_cloudwatch_event_rule": [["name", "length", 1, 64], ["name", "pattern", r"^[0-9A-Za-z_.-]+$"]],
    "resource.aws_security_group_rule": [["cidr_blocks", "cidr"]],
    "resource.aws_route": [["destination_cidr_block", "network", 0, 32]],
    "resource.aws_dynamodb_table": [["attribute.type", "enum", ["S", "N", "B"]]],
    "resource.aws_eip": [["domain", "enum", ["vpc", "standard"]]],
    "resource.aws_s3_bucket_server_side_encryption_configuration": [
        ["rule.apply_server_side_encryption_by_default.sse_algorithm", "enum", ["AES256", "aws:kms", "aws:kms:dsse"]]
    ],
    "resource.aws_elasticache_replication_group": [
        ["engine_version", "pattern", r"^((?:[6-9]|\d\d)\.(x|\d+)|[1-5]\.\d+\.\d+)$"],
        ["auth_token", "pattern", r"""^[^@"/]{16,128}$"""],
    ],
    "resource.aws_redshift_cluster": [
        ["master_password", "length", 8, 64],
        ["master_password", "pattern", r"""^[^/@"' ]*$"""],
        ["master_password", "pattern", "[A-Z]"],
        ["master_password", "pattern", "[a-z]"],
        ["master_password", "pattern", "[0-9]"],
    ],
    "resource.aws_iam_role": [
        ["name", "length", 1, 64],
        ["name_prefix", "length", 1, 38],
        ["name", "pattern", r"^[\w+=,.@-]*$"],
    ],
    "resource.aws_iam_policy": [
        ["name", "length", 1, 128],
        ["name", "pattern", r"^[\w+=,.@-]*$"],
        ["policy", "json"],
    ],
    "resource.aws_iam_instance_profile": [["name", "length", 1, 128], ["name", "pattern", r"^[\w+=,.@-]*$"]],
    "resource.aws_lambda_function": [["function_name", "pattern", r"^(arn:.*|[0-9A-Za-z_-]{1,64})$"]],
    "resource.aws_kms_alias": [["name", "pattern", "^alias/[0-9A-Za-z/_-]+$"]],
    "resource.aws_vpc": [["cidr_block", "network", 16, 28]],
    "resource.aws_subnet": [["cidr_block", "network", 16, 28]],
}
_ARN: Final = r"(?s)arn:[\w-]*:[\w.-]*:[\w-]*:[\w-]*:.+"


class Constraint(NamedTuple):
    """What the value of an argument must be. Each element of a list must be so."""

    choices: tuple[Choice, ...]
    """The value must satisfy at least one of these. The provider's messages do not show whether all of them must hold,
    so only a value that satisfies none is refused."""

    def refuses(self, value: object) -> str | None:
        """What is wanted instead of a value; None if the value is accepted or of a type that cannot be judged."""
        if isinstance(value, list):
            return next((reason for item in value if (reason := self.refuses(item))), None)
        if isinstance(value, bool) or value is None:
            return None
        reasons = [choice.refuses(value) for choice in self.choices]
        return None if None in reasons else " or ".join(dict.fromkeys(reason for reason in reasons if reason))


class Choice(NamedTuple):
    """One condition on a value, such as a range or a pattern."""

    kind: ConstraintKind
    operands: tuple[Any, ...]

    def refuses(self, value: object) -> str | None:
        if self.kind in ("range", "numbers", "port", "port0"):
            return self._number(value)
        return self._text(value) if isinstance(value, str) else None

    def _number(self, value: object) -> str | None:
        if not isinstance(value, str | int | float):
            return None
        try:
            number = float(value)
        except ValueError:
            return None
        if self.kind == "numbers":
            return None if number in self.operands[0] else f"one of {', '.join(map(str, self.operands[0]))} is wanted"
        low, high = {"port": (1, 65535), "port0": (0, 65535)}.get(self.kind) or self.operands
        if low is not None and number < low:
            return f"at least {low} is wanted"
        return f"at most {high} is wanted" if high is not None and number > high else None

    def _text(self, value: str) -> str | None:
        match self.kind:
            case "enum":
                words = self.operands[0]
                if value in words or any(value.lower() == word.lower() for word in words):
                    # The provider compares some lists without regard to case, and its messages do not show which.
                    return None
                shown = ", ".join(f'"{word}"' for word in words[:12])
                return f"one of {shown}{', …' if len(words) > 12 else ''} is wanted"
            case "length":
                low, high = self.operands
                if low is not None and len(value) < low:
                    return f"at least {low} characters are wanted"
                return f"at most {high} characters are wanted" if high is not None and len(value) > high else None
            case "pattern":
                return (
                    None if re.search(self.operands[0], value) else f"a text of the form {self.operands[0]} is wanted"
                )
            case "prefix":
                return f'a name may not begin with "{self.operands[0]}"' if value.startswith(self.operands[0]) else None
            case "arn":
                return None if value == "" or re.fullmatch(_ARN, value) else "an ARN is wanted"
            case "account":
                return None if re.fullmatch(r"\d{12}", value) or value == "" else "an account's 12 digits are wanted"
            case "json":
                return None if value == "" or _is_json(value) else "a JSON document is wanted"
            case "network":
                return _network_misfit(value, *self.operands)
            case "cidr":
                return None if value == "" or _is_cidr(value) else "a CIDR block is wanted"
        return None


class ArgumentGroup(NamedTuple):
    """Arguments that exclude each other (`conflict`, `one`), or at least one of which must be set (`some`)."""

    path: tuple[str, ...]
    kind: GroupKind
    others: tuple[tuple[str, ...], ...]


class TypeConstraints:
    """The constraints on the blocks of one type. A row of the data becomes a `Constraint` at its first use."""

    def __init__(self, rows: list[list[Any]], of_aws: list[list[Any]]) -> None:
        self._rows: dict[str, list[list[Any]]] = {}
        self._of_aws: dict[str, list[list[Any]]] = {}
        self._constraints: dict[str, tuple[Constraint, ...]] = {}
        groups = []
        for row in rows:
            if row[1] in ("conflict", "one", "some"):
                groups.append(_group(*row))
            else:
                self._rows.setdefault(row[0], []).append(row)
        for row in of_aws:
            self._of_aws.setdefault(row[0], []).append(row)
        self.groups = tuple(groups)
        """The arguments that exclude or need each other."""

    @cached_property
    def blocks(self) -> frozenset[str]:
        """The dotted paths of the blocks whose arguments have constraints. The type's own block has the empty path."""
        found = {""} if self._rows or self._of_aws else set()
        for path in (*self._rows, *self._of_aws):
            while "." in path:
                path = path.rpartition(".")[0]
                found.add(path)
        return frozenset(found)

    def of(self, path: str) -> tuple[Constraint, ...]:
        """The constraints on one argument, by its dotted path."""
        if path not in self._constraints:
            of_aws = (Constraint((_choice(row),)) for row in self._of_aws.get(path, ()))
            self._constraints[path] = (*self._of_provider(path), *of_aws)
        return self._constraints[path]

    def _of_provider(self, path: str) -> Iterator[Constraint]:
        """What the provider requires. Lengths and patterns must all hold if the argument has nothing else."""
        choices = tuple([_choice(row) for row in self._rows.get(path, ())])
        if all(choice.kind in ("length", "pattern") for choice in choices):
            yield from (Constraint((choice,)) for choice in choices)
        else:
            yield Constraint(choices)


def _choice(row: list[Any]) -> Choice:
    _path, kind, *operands = row
    return Choice(kind, tuple(operands))


def _group(path: str, kind: GroupKind, others: str | list[str]) -> ArgumentGroup:
    named = [others] if isinstance(others, str) else others
    return ArgumentGroup(tuple(path.split(".")), kind, tuple([tuple(other.split(".")) for other in named]))


@cache
def constraints(kind: str, type: str) -> TypeConstraints:
    """The constraints on a type. `kind` is the type of its block, `resource` or `data`."""
    return TypeConstraints(_store().record(CATALOG, kind, type) or [], _OF_AWS.get(f"{kind}.{type}", []))


@cache
def _store() -> Store:
    return Store(DATA_FILE.read_bytes())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _network_misfit(text: str, low: int, high: int) -> str | None:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return "a network's CIDR block is wanted, without bits set after its prefix"
    return None if "/" in text and low <= network.prefixlen <= high else f"a prefix from /{low} to /{high} is wanted"
