"""Checks of values: versions, sizes, passwords and the combinations of arguments that AWS refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tapfix.fixer import Because, Context
from tapfix.module import Attribute, Block, Module
from tapfix.schema.engines import DEFAULT_SPECIAL_CHARACTERS

from ..shared.block_values import block_values
from .refusal import Check, Refusal, blocks_named, references_in, steps_after

_OLDEST_MINOR: Final[Mapping[tuple[str, str], int]] = {
    ("postgres", "13"): 17,
    ("postgres", "14"): 14,
    ("postgres", "15"): 9,
    ("postgres", "16"): 5,
    ("mysql", "8.0"): 36,
}
"""The oldest minor version with which Amazon RDS created new instances in 2025, by engine and major version.

Sources (for PostgreSQL, all releases before November 2024 are withdrawn):
https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html
A withdrawn version does not come back.
"""
_WITHDRAWN_AURORA: Final = frozenset({"15.2", "15.3", "15.4"})
"""Withdrawn versions of Aurora PostgreSQL. Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
"""
_WITHDRAWN_DMS: Final = r"3\.(?:[0-4]\.|5\.1$)"
"""Withdrawn versions of the DMS engine. Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReleaseNotes.html"""
_PASSWORDS: Final[Mapping[str, tuple[str, str]]] = {
    "aws_db_instance": ("password", '/@" '),
    "aws_rds_cluster": ("master_password", '/@" '),
    "aws_docdb_cluster": ("master_password", '/@" '),
    "aws_redshift_cluster": ("master_password", "/@\"' \\"),
}
"""The argument for the password of a database, and the characters that AWS refuses in it.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
"""
_GP3_LEAST: Final = 400
"""The least storage, in GiB, for which RDS accepts iops and throughput of gp3, for MariaDB, MySQL and PostgreSQL.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
"""
_PARTITIONED_LEAST: Final = 64
"""The least buffer, in MiB, of a Firehose stream with dynamic partitioning.

Source: https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html
"""
_BACKEND: Final = ("bucket", "key")


def _is_true(context: Context, attribute: Attribute | None) -> bool:
    """Whether an attribute is true in some environment."""
    return attribute is not None and any(value is True for value in context.values(attribute).values())


# --- databases --------------------------------------------------------------------------------------------------------


def _engine_versions(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_db_instance", "aws_rds_cluster"):
        version = block.get("engine_version")
        if version is None or block.get("snapshot_identifier") is not None:
            continue
        withdrawn = [
            (engine, number)
            for engine, number in block_values(context, block, "engine", "engine_version")
            if isinstance(engine, str) and isinstance(number, str) and _is_withdrawn(engine, number)
        ]
        if withdrawn:
            numbers = " or ".join(sorted({number for _, number in withdrawn}))
            yield Refusal(
                version,
                f"AWS makes no new databases of {withdrawn[0][0]} {numbers}",
                "name the major version alone, and AWS takes the newest minor one",
            )


def _is_withdrawn(engine: str, version: str) -> bool:
    if engine == "aurora-postgresql":
        return version in _WITHDRAWN_AURORA
    major, _, minor = version.rpartition(".")
    oldest = _OLDEST_MINOR.get((engine, major))
    return oldest is not None and minor.isdecimal() and int(minor) < oldest


def _passwords(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources(*_PASSWORDS):
        name, refused = _PASSWORDS[block.labels[0]]
        for source in blocks_named(module, block.get(name), "random_password"):
            drawn = "".join(_special_characters(context, source))
            wrong = [character for character in refused if character in drawn]
            if wrong:
                yield Refusal(
                    source,
                    f"the password may hold {' or '.join(wrong)}, which {block.address} refuses",
                    'give override_special without it: "!#$%&*()-_=+[]{}<>:?"',
                )


def _special_characters(context: Context, password: Block) -> Iterator[str]:
    """The special characters that a `random_password` may contain, for each environment."""
    for special, override in block_values(context, password, "special", "override_special"):
        characters = DEFAULT_SPECIAL_CHARACTERS if override is None else override
        if special is not False and isinstance(characters, str):
            yield characters


def _gp3(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_db_instance"):
        for name in ("iops", "storage_throughput"):
            attribute = block.get(name)
            if attribute is None:
                continue
            small = [
                size
                for size, type, engine, value in block_values(
                    context, block, "allocated_storage", "storage_type", "engine", name
                )
                if type == "gp3" and engine in ("postgres", "mysql", "mariadb")
                if isinstance(size, int | float) and size < _GP3_LEAST and isinstance(value, int | float)
            ]
            if small:
                yield Refusal(
                    attribute,
                    f"{name} cannot be set for gp3 below {_GP3_LEAST} GiB, and there are {min(small):g}",
                    "leave it out: the volume has 3000 IOPS and 125 MiB/s",
                )


def _redis_endpoints(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_elasticache_replication_group"):
        if block.blocks_of("cluster_mode") or block.get("num_node_groups") or block.get("cluster_mode"):
            continue
        if _may_cluster(module, context, block.get("parameter_group_name")):
            continue
        for reference in module.references_to(block.address):
            if reference.steps and steps_after(reference).startswith(".configuration_endpoint_address"):
                yield Refusal(
                    reference,
                    f"{block.address} is not a cluster, and has no configuration_endpoint_address",
                    "use primary_endpoint_address",
                )


def _may_cluster(module: Module, context: Context, group: Attribute | None) -> bool:
    """Whether the parameter group of a replication group may turn cluster mode on."""
    if group is None:
        return False
    names = list(context.values(group).values())
    if all(isinstance(name, str) for name in names):
        return any("cluster.on" in str(name) for name in names)
    sources = [module.find(reference.address) for reference in references_in(group)]
    return not sources or any(not isinstance(s, Block) or "cluster-enabled" in s.text() for s in sources)


def _migrations(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_dms_replication_instance"):
        version = block.get("engine_version")
        for stated in context.values(version).values() if version is not None else ():
            if version is not None and isinstance(stated, str) and re.match(_WITHDRAWN_DMS, stated):
                remedy = "leave it out, and the newest one is taken"
                yield Refusal(version, f"DMS makes no new instances of version {stated}", remedy)
                break
    for block in module.resources("aws_dms_endpoint"):
        mode = block.get("ssl_mode")
        for engine, stated in block_values(context, block, "engine_name", "ssl_mode") if mode is not None else ():
            if mode is not None and engine == "oracle" and stated in ("require", "verify-full"):
                message = f"an endpoint for Oracle does not accept ssl_mode {stated}"
                yield Refusal(mode, message, "it takes none or verify-ca")
                break


# --- streams, messages, firewalls, APIs, backends ---------------------------------------------------------------------


def _firehoses(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_kinesis_firehose_delivery_stream"):
        for target in block.blocks_of("extended_s3_configuration"):
            size = target.get("buffering_size") or target.get("buffer_size")
            partitioning = target.blocks_of("dynamic_partitioning_configuration")
            if size is None or not any(_is_true(context, inner.get("enabled")) for inner in partitioning):
                continue
            sizes = [value for value in context.values(size).values() if isinstance(value, int | float)]
            if sizes and min(sizes) < _PARTITIONED_LEAST:
                yield Refusal(
                    size,
                    f"with dynamic partitioning the buffer has to be of {_PARTITIONED_LEAST} MiB at least, "
                    f"and it is of {min(sizes):g}",
                    "make it larger",
                )


def _subscriptions(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_sns_topic_subscription"):
        topics = blocks_named(module, block.get("topic_arn"), "aws_sns_topic")
        endpoints = [module.find(reference.address) for reference in references_in(block.get("endpoint"))]
        has_fifo_queue = any(isinstance(q, Block) and _is_true(context, q.get("fifo_queue")) for q in endpoints)
        if has_fifo_queue and any(topic.get("fifo_topic") is None for topic in topics):
            message = "a FIFO queue cannot subscribe to a standard topic"
            yield Refusal(block, message, "make both FIFO, or neither of them")


def _managed_rules(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_wafv2_web_acl"):
        for inner in block.blocks_of("rule"):
            if inner.blocks_of("action") and any(
                statement.blocks_of("managed_rule_group_statement") for statement in inner.blocks_of("statement")
            ):
                message = "a group of rules takes no action of its own"
                yield Refusal(inner.blocks_of("action")[0], message, "write override_action { none {} }")


def _socket_routes(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_apigatewayv2_route"):
        authorization = block.get("authorization_type")
        if authorization is None or not _is_of_sockets(module, context, block):
            continue
        if any(
            isinstance(kind, str) and kind != "NONE" and key not in ("$connect", None)
            for kind, key in block_values(context, block, "authorization_type", "route_key")
        ):
            message = "of a WebSocket API only $connect takes an authorization"
            yield Refusal(authorization, message, "leave it out here")


def _is_of_sockets(module: Module, context: Context, route: Block) -> bool:
    """Whether the API of a route is a WebSocket API."""
    apis = [module.find(reference.address) for reference in references_in(route.get("api_id"))]
    return any(
        isinstance(api, Block) and "WEBSOCKET" in (kind for (kind,) in block_values(context, api, "protocol_type"))
        for api in apis
    )


def _backends(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.blocks_of("terraform"):
        for backend in block.blocks_of("backend"):
            missing = [name for name in _BACKEND if backend.get(name) is None]
            if backend.labels == ("s3",) and missing:
                yield Refusal(
                    backend,
                    f"the backend leaves {' and '.join(missing)} open, so that `terraform init` asks for them",
                    "state them, or give them by -backend-config",
                )


CHECKS: Final[tuple[tuple[Check, Because], ...]] = (
    (
        _engine_versions,
        Because(
            "aws",
            "AWS creates databases only of the versions that it supports",
            reference="https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html",
        ),
    ),
    (
        _passwords,
        Because(
            "aws",
            "a service limits the characters of a password",
            reference="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints",
        ),
    ),
    (
        _gp3,
        Because(
            "aws",
            "below a certain size the IOPS and the throughput of gp3 are fixed",
            reference="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage",
        ),
    ),
    (
        _redis_endpoints,
        Because(
            "aws",
            "only a cluster has a configuration endpoint",
            reference="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html",
        ),
    ),
    (
        _migrations,
        Because(
            "aws",
            "DMS supports certain engine versions and certain SSL modes",
            reference="https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReleaseNotes.html",
        ),
    ),
    (
        _firehoses,
        Because(
            "aws",
            "dynamic partitioning needs a buffer of a certain size",
            reference="https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html",
        ),
    ),
    (
        _subscriptions,
        Because(
            "aws",
            "a FIFO queue subscribes only to a FIFO topic",
            reference="https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html",
        ),
    ),
    (
        _managed_rules,
        Because(
            "aws",
            "a rule with a managed group overrides its action and has none of its own",
            reference="https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html",
        ),
    ),
    (
        _socket_routes,
        Because(
            "aws",
            "in a WebSocket API only the route $connect is authorized",
            reference="https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html",
        ),
    ),
    (
        _backends,
        Because(
            "terraform",
            "the S3 backend needs a bucket, a key and a region",
            reference="https://developer.hashicorp.com/terraform/language/backend/s3",
        ),
    ),
)
"""Each check with what its findings rest on."""
