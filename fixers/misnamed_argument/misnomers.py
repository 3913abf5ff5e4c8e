"""Arguments that answers call by a wrong name, as data: a new one is one row.

Each row is checked against the provider's schema when it is used. It counts only where the provider does not accept
the wrong name (or only as a deprecated one) and accepts the right one.
"""

from __future__ import annotations

from typing import NamedTuple


class Misnomer(NamedTuple):
    """An argument under a wrong name."""

    types: str
    """Resource types, with spaces between."""
    wrong: str
    """The wrong name. A dot separates it from the nested block that contains it."""
    right: str = ""
    """The right name; empty: the provider has no such argument, and nothing is lost without it."""
    value: str = ""
    """The right value, where the wrong name says it (`vpc = true`); empty: the value stays."""


class InventedBlock(NamedTuple):
    """A block that the provider does not have: its arguments belong to the resource itself."""

    types: str
    """Resource types, with spaces between."""
    block: str
    arguments: tuple[tuple[str, str], ...]
    """The names of its arguments, and their names in the resource. Blocks in it keep their names."""


MISNOMERS = (
    Misnomer("aws_eip", "vpc", "domain", '"vpc"'),
    Misnomer("aws_flow_log", "log_destination_arn", "log_destination"),
    Misnomer("aws_db_instance", "name", "db_name"),
    Misnomer("aws_dynamodb_table", "deletion_protection", "deletion_protection_enabled"),
    Misnomer("aws_elasticache_replication_group", "replication_group_description", "description"),
    Misnomer("aws_elasticache_replication_group", "number_cache_clusters", "num_cache_clusters"),
    Misnomer("aws_elasticache_replication_group", "availability_zones", "preferred_cache_cluster_azs"),
    Misnomer("aws_elasticache_replication_group", "auth_token_enabled"),
    Misnomer("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.buffer_size", "buffering_size"),
    Misnomer("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.buffer_interval", "buffering_interval"),
    Misnomer("aws_apigatewayv2_stage", "default_route_settings.throttle_rate_limit", "throttling_rate_limit"),
    Misnomer("aws_apigatewayv2_stage", "default_route_settings.throttle_burst_limit", "throttling_burst_limit"),
    Misnomer("aws_cloudwatch_event_target", "retry_policy.maximum_event_age", "maximum_event_age_in_seconds"),
    Misnomer("aws_iam_role_policy_attachment aws_iam_user_policy_attachment", "policy", "policy_arn"),
    Misnomer("aws_lb aws_alb", "security_group_ids", "security_groups"),
    Misnomer("aws_lb aws_alb", "subnet_ids", "subnets"),
    Misnomer("aws_lb aws_alb", "deletion_protection", "enable_deletion_protection"),
    Misnomer("aws_rds_cluster aws_db_instance", "security_group_ids", "vpc_security_group_ids"),
    Misnomer("aws_instance aws_launch_template", "security_group_ids", "vpc_security_group_ids"),
    Misnomer("aws_sns_topic", "kms_key_id", "kms_master_key_id"),
    Misnomer("aws_sqs_queue", "kms_key_id", "kms_master_key_id"),
)

INVENTED_BLOCKS = (
    InventedBlock(
        "aws_ecs_service",
        "deployment_configuration",
        (
            ("maximum_percent", "deployment_maximum_percent"),
            ("minimum_healthy_percent", "deployment_minimum_healthy_percent"),
        ),
    ),
)
