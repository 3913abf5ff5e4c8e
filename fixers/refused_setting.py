"""TAP112: a setting that the plan takes and AWS refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, Reference, expression_references
from tapfix.module.evaluate import evaluate
from tapfix.schema.engines import DRAWN_BY_DEFAULT

_OLDEST_MINOR: Final[Mapping[tuple[str, str], int]] = {
    ("postgres", "13"): 17,
    ("postgres", "14"): 14,
    ("postgres", "15"): 9,
    ("postgres", "16"): 5,
    ("mysql", "8.0"): 36,
}
"""The oldest minor version of which Amazon RDS made new instances in 2025, by engine and major version.

https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html (all that is older than the releases of
November 2024) and https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html. A version that was withdrawn does not
come back.
"""
_WITHDRAWN_OF_AURORA: Final = frozenset({"15.2", "15.3", "15.4"})
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html"""
_PASSWORDS: Final[Mapping[str, tuple[str, str]]] = {
    "aws_db_instance": ("password", '/@" '),
    "aws_rds_cluster": ("master_password", '/@" '),
    "aws_docdb_cluster": ("master_password", '/@" '),
    "aws_redshift_cluster": ("master_password", "/@\"' \\"),
}
"""Where a database takes its password, and the characters that it refuses there.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
"""
_GP3_FROM: Final = 400
"""GiB from which RDS lets iops and throughput of gp3 be set, for MariaDB, MySQL and PostgreSQL.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
"""
_PARTITIONED_FROM: Final = 64
"""https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html"""
_WITHDRAWN_OF_DMS: Final = r"3\.(?:[0-4]\.|5\.1$)"
"""https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReleaseNotes.html"""
_POLLED: Final[Mapping[str, tuple[str, str]]] = {
    "aws_sqs_queue": ("sqs:ReceiveMessage", "AWSLambdaSQSQueueExecutionRole"),
    "aws_kinesis_stream": ("kinesis:GetRecords", "AWSLambdaKinesisExecutionRole"),
    "aws_dynamodb_table": ("dynamodb:GetRecords", "AWSLambdaDynamoDBExecutionRole"),
}
"""What Lambda reads events from, the action that its function's role needs for that, and AWS's policy that grants it.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html
"""
_BACKEND: Final = ("bucket", "key")
_FROM_ELSEWHERE: Final = r"\b(?:file|templatefile)\(|_policy_documents\b"
_LOGS_SERVICE: Final = r"\blogs\.|Principal\"?\s*[=:]\s*\"\*\"|identifiers\s*=\s*\[\s*\"\*\""


class RefusedSetting(Fixer):
    """A setting that the plan takes and AWS refuses.

    Some of what AWS demands the provider does not know: which versions a database may still be created with, which characters a password may
    hold, that a log group may use a key only if the key's policy says so. The plan goes through, and the apply stops half way.

    **Suggestion**: each finding says what AWS will say, and the way out; which of several ways is right depends on what the stack is for. Only
    what the stack itself tells is judged; a value that comes from outside is taken to be right.
    """

    rule = "TAP112"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "Settings that AWS refuses"
    cause = "The provider's schema takes what the service behind it does not, or does not take any more."
    reference = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"
    effect = "The plan goes through, and the apply stops half way."
    examples = (
        Example(
            title="A version that was withdrawn, and a password that may hold an @",
            before="""\
resource "random_password" "db" {
  length  = 16
  special = true
}

resource "aws_db_instance" "main" {
  engine         = "postgres"
  engine_version = "15.4"
  password       = random_password.db.result
}
""",
            after=None,
        ),
        Example(
            title="A certificate that nobody validates",
            before="""\
resource "aws_acm_certificate" "web" {
  domain_name       = "example.com"
  validation_method = "DNS"
}

resource "aws_lb_listener" "https" {
  certificate_arn = aws_acm_certificate.web.arn
}
""",
            after=None,
        ),
        Example(
            title="Logs under a key that does not know them",
            before="""\
resource "aws_kms_key" "logs" {
  enable_key_rotation = true
}

resource "aws_cloudwatch_log_group" "app" {
  kms_key_id = aws_kms_key.logs.arn
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for trouble in _TROUBLES:
            yield from trouble(self, module, context)


Trouble = Callable[[RefusedSetting, Module, Context], Iterator[Finding]]

# --- databases --------------------------------------------------------------------------------------------------------


def _engine_versions(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_db_instance", "aws_rds_cluster"):
        engine, version = block.get("engine"), block.get("engine_version")
        if engine is None or version is None or block.get("snapshot_identifier") is not None:
            continue
        name = evaluate(module, engine, engine.expr)
        stated = context.values(module, version, version.expr)
        gone = sorted({v for v in stated if isinstance(v, str) and isinstance(name, str) and _is_withdrawn(name, v)})
        if gone:
            yield rule.suggest(
                version,
                f"AWS makes no new databases of {name} {' or '.join(gone)}",
                "name the major version alone, and AWS takes the newest minor one",
            )


def _is_withdrawn(engine: str, version: str) -> bool:
    if engine == "aurora-postgresql":
        return version in _WITHDRAWN_OF_AURORA
    major, _, minor = version.rpartition(".")
    oldest = _OLDEST_MINOR.get((engine, major))
    return oldest is not None and minor.isdecimal() and int(minor) < oldest


def _passwords(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources(*_PASSWORDS):
        name, refused = _PASSWORDS[block.labels[0]]
        password = block.get(name)
        for reference in _references(password):
            source = module.find(reference.address)
            if not isinstance(source, Block) or source.resource_type != "random_password":
                continue
            if _value(module, source.get("special")) is False:
                continue
            drawn = _value(module, source.get("override_special"), DRAWN_BY_DEFAULT)
            wrong = [c for c in refused if isinstance(drawn, str) and c in drawn]
            if wrong:
                yield rule.suggest(
                    source,
                    f"the password may hold {' or '.join(wrong)}, which {block.address} refuses",
                    'give override_special without it: "!#$%&*()-_=+[]{}<>:?"',
                )


def _gp3(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_db_instance"):
        size = block.get("allocated_storage")
        if size is None or _value(module, block.get("storage_type")) != "gp3":
            continue
        if _value(module, block.get("engine")) not in ("postgres", "mysql", "mariadb"):
            continue
        sizes = context.values(module, size, size.expr)
        small = [v for v in sizes if isinstance(v, int | float) and v < _GP3_FROM]
        for name in ("iops", "storage_throughput"):
            attribute = block.get(name)
            if small and attribute is not None and isinstance(_value(module, attribute), int | float):
                yield rule.suggest(
                    attribute,
                    f"{name} cannot be set for gp3 below {_GP3_FROM} GiB, and there are {min(small):g}",
                    "leave it out: the volume has 3000 IOPS and 125 MiB/s",
                )


def _redis_endpoints(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_elasticache_replication_group"):
        if block.blocks_of("cluster_mode") or any(
            block.get(n) is not None for n in ("num_node_groups", "cluster_mode")
        ):
            continue
        if _may_cluster(module, block.get("parameter_group_name")):
            continue
        for reference in module.references_to(block.address):
            if reference.steps and _steps(reference).startswith(".configuration_endpoint_address"):
                yield rule.suggest(
                    reference,
                    f"{block.address} is no cluster, and has no configuration_endpoint_address",
                    "use primary_endpoint_address",
                )


def _may_cluster(module: Module, group: Attribute | None) -> bool:
    """Whether the parameters of a replication group make a cluster of it, as far as anybody can tell."""
    if group is None:
        return False
    name = _value(module, group)
    if isinstance(name, str):
        return "cluster.on" in name
    sources = [module.find(reference.address) for reference in _references(group)]
    return not sources or any(not isinstance(s, Block) or "cluster-enabled" in s.text() for s in sources)


# --- certificates, keys, buckets --------------------------------------------------------------------------------------


def _certificates(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_acm_certificate"):
        if _value(module, block.get("validation_method")) != "DNS":
            continue
        users = [
            reference
            for reference in module.references_to(block.address)
            if reference.block is not None and reference.block.type in ("resource", "module")
        ]
        if users and not any("domain_validation_options" in _steps(user) for user in users):
            yield rule.suggest(
                block,
                f"no record validates the certificate, and {users[0].block.address} waits for it in vain",  # type: ignore[union-attr]
                "make the aws_route53_record of its domain_validation_options, or take the ARN of a valid certificate as a variable",
            )


def _log_keys(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_cloudwatch_log_group"):
        for reference in _references(block.get("kms_key_id")):
            key = module.find(reference.address)
            if not isinstance(key, Block) or key.resource_type != "aws_kms_key":
                continue
            policy = _key_policy(module, key)
            if policy is not None and not re.search(_LOGS_SERVICE, policy):
                yield rule.suggest(
                    block,
                    f"the policy of {key.address} does not let CloudWatch Logs use it, and without that no log group can be made",
                    "allow logs.REGION.amazonaws.com to encrypt and decrypt in the key's policy",
                )
                continue
            for apart in _policies_apart(module, key):
                if not _leads_to(module, block, apart):
                    message = f"nothing makes the log group wait for {apart.address}, without which it cannot be made"
                    yield rule.suggest(block, message, f"depends_on = [{apart.address}]")


def _policies_apart(module: Module, key: Block) -> list[Block]:
    """The policies of a key that are resources of their own."""
    policies = module.resources("aws_kms_key_policy")
    return [policy for policy in policies if any(r.address == key.address for r in _references(policy.get("key_id")))]


def _key_policy(module: Module, key: Block) -> str | None:
    """The text of a key's policy, with the documents that it refers to; empty for the one that AWS gives, `None` for one that nobody can tell."""
    parts = [""]
    for attribute in (key.get("policy"), *(policy.get("policy") for policy in _policies_apart(module, key))):
        if attribute is None:
            continue
        parts.append(attribute.value)
        for reference in _references(attribute):
            source = module.find(reference.address)
            if reference.address.startswith(("var.", "module.")) and attribute.value.startswith(reference.address):
                return None
            parts.append(source.text() if source is not None else "")
    text = "\n".join(parts)
    return None if re.search(_FROM_ELSEWHERE, text) else text


def _bucket_acls(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    owned = {
        reference.address
        for block in module.resources("aws_s3_bucket_ownership_controls")
        for reference in block.references
    }
    for block in module.resources("aws_s3_bucket_acl"):
        for reference in _references(block.get("bucket")):
            bucket = module.find(reference.address)
            if isinstance(bucket, Block) and bucket.resource_type == "aws_s3_bucket" and bucket.address not in owned:
                yield rule.suggest(
                    block,
                    f"{bucket.address} takes no ACL: since April 2023 new buckets have them switched off",
                    "leave the ACL out, or allow it by aws_s3_bucket_ownership_controls",
                )


def _trails(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    policies = {
        reference.address: block
        for block in module.resources("aws_s3_bucket_policy")
        for reference in _references(block.get("bucket"))
    }
    for block in module.resources("aws_cloudtrail"):
        for reference in _references(block.get("s3_bucket_name")):
            bucket = module.find(reference.address)
            if not isinstance(bucket, Block) or bucket.resource_type != "aws_s3_bucket":
                continue
            policy = policies.get(bucket.address)
            if policy is None:
                message = (
                    f"{bucket.address} has no policy that lets CloudTrail write to it, so that no trail can be made"
                )
                yield rule.suggest(block, message, "allow cloudtrail.amazonaws.com by an aws_s3_bucket_policy")
            elif not _leads_to(module, block, policy) and not _leads_to(module, policy, block):
                message = f"nothing makes the trail wait for {policy.address}, without which it cannot be made"
                yield rule.suggest(block, message, f"depends_on = [{policy.address}]")


def _leads_to(module: Module, block: Block, wanted: Block) -> bool:
    """Whether a block refers to another one, be it by others between them."""
    waiting, seen = [block], set[str]()
    while waiting:
        for reference in waiting.pop().references:
            if reference.address == wanted.address:
                return True
            between = module.find(reference.address)
            if isinstance(between, Block) and reference.address not in seen:
                seen.add(reference.address)
                waiting.append(between)
    return False


def _backends(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.blocks_of("terraform"):
        for backend in block.blocks_of("backend"):
            missing = [name for name in _BACKEND if backend.get(name) is None]
            if backend.labels == ("s3",) and missing:
                yield rule.suggest(
                    backend,
                    f"the backend leaves {' and '.join(missing)} open, so that `terraform init` asks for them",
                    "state them, or give them by -backend-config",
                )


# --- streams, migrations ----------------------------------------------------------------------------------------------


def _firehoses(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_kinesis_firehose_delivery_stream"):
        for target in block.blocks_of("extended_s3_configuration"):
            size = target.get("buffering_size") or target.get("buffer_size")
            stated = _value(module, size)
            is_partitioned = any(
                _value(module, inner.get("enabled")) is True
                for inner in target.blocks_of("dynamic_partitioning_configuration")
            )
            if is_partitioned and size is not None and isinstance(stated, int | float) and stated < _PARTITIONED_FROM:
                yield rule.suggest(
                    size,
                    f"with dynamic partitioning the buffer has to be of {_PARTITIONED_FROM} MiB at least, and it is of {stated:g}",
                    "make it larger",
                )


def _migrations(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_dms_replication_instance"):
        version = block.get("engine_version")
        stated = _value(module, version)
        if version is not None and isinstance(stated, str) and re.match(_WITHDRAWN_OF_DMS, stated):
            yield rule.suggest(
                version, f"DMS makes no new instances of version {stated}", "leave it out, and the newest one is taken"
            )
    for block in module.resources("aws_dms_endpoint"):
        mode = block.get("ssl_mode")
        stated = _value(module, mode)
        if (
            mode is not None
            and _value(module, block.get("engine_name")) == "oracle"
            and stated in ("require", "verify-full")
        ):
            yield rule.suggest(
                mode, f"an endpoint for Oracle does not take ssl_mode {stated}", "it takes none or verify-ca"
            )


def _event_sources(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_lambda_event_source_mapping"):
        function = _only(module, block.get("function_name"), "aws_lambda_function")
        role = _only(module, function.get("role"), "aws_iam_role") if function is not None else None
        for kind, (action, managed) in _POLLED.items():
            source = _only(module, block.get("event_source_arn"), kind)
            if source is None or role is None:
                continue
            granted = _grants(module, role)
            service, _, verb = action.partition(":")
            wanted = rf"\b{service}:(?:{verb}\b|[A-Za-z]*\*)|\b{managed}\b|\bAdministratorAccess\b|actions?\"?\s*[=:]\s*\[?\s*\"\*\""
            if granted is not None and not re.search(wanted, granted, re.IGNORECASE):
                yield rule.suggest(
                    block,
                    f"{role.address} is not granted {action}, without which Lambda does not take {source.address} as a source",
                    f"grant it, or attach {managed}",
                )


def _only(module: Module, attribute: Attribute | None, type: str) -> Block | None:
    """The one block of a type that an attribute is made of, or all instances of it; `None` where there are several."""
    told = [r for r in _references(attribute) if not r.address.startswith(("each.", "count."))]
    found = module.find(told[0].address) if len(told) == 1 else None
    return found if isinstance(found, Block) and found.resource_type == type else None


def _grants(module: Module, role: Block) -> str | None:
    """The text of all policies of a role; `None` where one of them comes from elsewhere."""
    waiting = [
        reference.block
        for reference in module.references_to(role.address)
        if reference.block is not None and (reference.block.resource_type or "").startswith("aws_iam_")
    ]
    parts, seen = [role.text()], {role.address}
    while waiting:
        block = waiting.pop()
        if block.address in seen:
            continue
        seen.add(block.address)
        parts.append(block.text())
        for reference in block.references:
            source = module.find(reference.address)
            if reference.address.startswith(("var.", "module.", "each.")) and reference.holder is not None:
                if reference.holder.name in ("policy", "policy_arn", "policy_arns"):
                    return None
            elif isinstance(source, Block) and (
                source.type == "data" or (source.resource_type or "").startswith("aws_iam_policy")
            ):
                waiting.append(source)
            elif source is not None and reference.address.startswith("local."):
                parts.append(source.text())
    text = "\n".join(parts)
    return None if re.search(_FROM_ELSEWHERE, text) else text


# --- messages, firewalls ----------------------------------------------------------------------------------------------


def _subscriptions(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_sns_topic_subscription"):
        topics = [module.find(reference.address) for reference in _references(block.get("topic_arn"))]
        queues = [module.find(reference.address) for reference in _references(block.get("endpoint"))]
        if any(_is_fifo(module, queue, "fifo_queue") for queue in queues) and any(
            isinstance(topic, Block) and topic.resource_type == "aws_sns_topic" and topic.get("fifo_topic") is None
            for topic in topics
        ):
            yield rule.suggest(
                block, "a FIFO queue cannot subscribe to a standard topic", "make both FIFO, or neither of them"
            )


def _is_fifo(module: Module, queue: object, name: str) -> bool:
    return isinstance(queue, Block) and _value(module, queue.get(name)) is True


def _managed_rules(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_wafv2_web_acl"):
        for inner in block.blocks_of("rule"):
            if inner.blocks_of("action") and any(
                statement.blocks_of("managed_rule_group_statement") for statement in inner.blocks_of("statement")
            ):
                yield rule.suggest(
                    inner.blocks_of("action")[0],
                    "a group of rules takes no action of its own",
                    "write override_action { none {} }",
                )


def _socket_routes(rule: RefusedSetting, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_apigatewayv2_route"):
        apis = [module.find(reference.address) for reference in _references(block.get("api_id"))]
        sockets = any(isinstance(a, Block) and _value(module, a.get("protocol_type")) == "WEBSOCKET" for a in apis)
        kind, key = (_value(module, block.get(name)) for name in ("authorization_type", "route_key"))
        at = block.get("authorization_type")
        if sockets and at is not None and isinstance(kind, str) and kind != "NONE" and key not in ("$connect", None):
            yield rule.suggest(at, "of a WebSocket API only $connect takes an authorization", "leave it out here")


_TROUBLES: Final[tuple[Trouble, ...]] = (
    _firehoses,
    _migrations,
    _event_sources,
    _engine_versions,
    _passwords,
    _gp3,
    _redis_endpoints,
    _certificates,
    _log_keys,
    _bucket_acls,
    _trails,
    _backends,
    _subscriptions,
    _managed_rules,
    _socket_routes,
)


def _references(attribute: Attribute | None) -> tuple[Reference, ...]:
    return () if attribute is None else expression_references(attribute, attribute.expr)


def _steps(reference: Reference) -> str:
    """What follows the address of a reference, without the index of an instance."""
    text = reference.file.text[reference.end : reference.end + 80]
    return re.sub(r"^\[[^\]]*\]", "", text)


def _value(module: Module, attribute: Attribute | None, default: object = None) -> object:
    return default if attribute is None else evaluate(module, attribute, attribute.expr)
