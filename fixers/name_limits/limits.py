"""The names that AWS accepts, as data: a new limit is one row.

The rows follow the API reference of each service. The provider checks most of them in the plan; the others fail in
the apply. Where an argument is a prefix, the provider adds 26 characters after it, and the row's number is smaller by
these (`id.UniqueIDSuffixLength` in https://github.com/hashicorp/terraform-plugin-sdk).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..shared.places import by_type


class Limit(NamedTuple):
    """The names that an argument accepts."""

    types: str
    """Resource types, with spaces between."""
    argument: str
    longest: int
    characters: str = ""
    """The characters that it may contain, as in the brackets of a regular expression; empty: any."""
    first: str = ""
    """The characters that it may begin with, in the same form; empty: any of `characters`."""
    no_edge: str = ""
    """A character that it may not end with, nor begin with if `first` is empty."""
    single: str = ""
    """A character that may not occur twice in a row."""
    reserved: tuple[str, ...] = ()
    """The words that it may not begin with."""
    begins: str = ""
    """The text that it has to begin with."""
    ends: str = ""
    """The text that it has to end with, if the argument `when` is true."""
    when: str = ""
    instead: str = "-"
    """The replacement for a character that it may not contain."""

    @property
    def is_prefix(self) -> bool:
        return self.argument.endswith("_prefix")


SUFFIX = 26
"""How many characters the provider adds after a prefix."""

_HYPHENED = "0-9A-Za-z-"
_LOWER = "0-9a-z-"
_WORD = "0-9A-Za-z_-"
_IAM = "0-9A-Za-z_+=,.@-"
_DESCRIPTION = r"0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-"

LIMITS = (
    # Security groups -----------------------------------------------------------------------------------------------
    Limit("aws_security_group", "name", 255, reserved=("sg-",)),
    Limit("aws_security_group", "name_prefix", 255 - SUFFIX, reserved=("sg-",)),
    Limit("aws_security_group aws_security_group_rule", "description", 255, _DESCRIPTION, instead=""),
    Limit("aws_security_group", "ingress.description", 255, _DESCRIPTION, instead=""),
    Limit("aws_security_group", "egress.description", 255, _DESCRIPTION, instead=""),
    Limit(
        "aws_vpc_security_group_ingress_rule aws_vpc_security_group_egress_rule",
        "description",
        255,
        _DESCRIPTION,
        instead="",
    ),
    # Load balancing ------------------------------------------------------------------------------------------------
    Limit("aws_lb aws_alb", "name", 32, _HYPHENED, no_edge="-", reserved=("internal-",)),
    Limit("aws_lb aws_alb", "name_prefix", 32 - SUFFIX, _HYPHENED, first="0-9A-Za-z", reserved=("internal-",)),
    Limit("aws_lb_target_group aws_alb_target_group", "name", 32, _HYPHENED, no_edge="-"),
    Limit("aws_lb_target_group aws_alb_target_group", "name_prefix", 32 - SUFFIX, _HYPHENED, first="0-9A-Za-z"),
    Limit("aws_elb", "name", 32, _HYPHENED, no_edge="-"),
    Limit("aws_elb", "name_prefix", 32 - SUFFIX, _HYPHENED, first="0-9A-Za-z"),
    # Databases -----------------------------------------------------------------------------------------------------
    Limit("aws_db_instance aws_rds_cluster_instance", "identifier", 63, _LOWER, "a-z", no_edge="-", single="-"),
    Limit("aws_db_instance aws_rds_cluster_instance", "identifier_prefix", 63 - SUFFIX, _LOWER, "a-z", single="-"),
    Limit(
        "aws_rds_cluster aws_docdb_cluster aws_neptune_cluster aws_redshift_cluster",
        "cluster_identifier",
        63,
        _LOWER,
        "a-z",
        no_edge="-",
        single="-",
    ),
    Limit(
        "aws_rds_cluster aws_docdb_cluster aws_neptune_cluster",
        "cluster_identifier_prefix",
        63 - SUFFIX,
        _LOWER,
        "a-z",
        single="-",
    ),
    Limit(
        "aws_docdb_cluster_instance aws_neptune_cluster_instance",
        "identifier",
        63,
        _LOWER,
        "a-z",
        no_edge="-",
        single="-",
    ),
    Limit("aws_db_instance", "db_name", 64, "0-9A-Za-z_", "A-Za-z_", instead=""),
    Limit("aws_rds_cluster", "database_name", 64, "0-9A-Za-z_", "A-Za-z_", instead=""),
    Limit("aws_db_subnet_group aws_docdb_subnet_group aws_neptune_subnet_group", "name", 255, r"0-9a-z_ .-"),
    Limit("aws_db_subnet_group", "name_prefix", 255 - SUFFIX, r"0-9a-z_ .-"),
    Limit(
        "aws_db_parameter_group aws_rds_cluster_parameter_group",
        "name",
        255,
        r"0-9a-z.-",
        "a-z",
        no_edge="-",
        single="-",
    ),
    Limit(
        "aws_db_parameter_group aws_rds_cluster_parameter_group",
        "name_prefix",
        255 - SUFFIX,
        r"0-9a-z.-",
        "a-z",
        single="-",
    ),
    Limit("aws_elasticache_cluster", "cluster_id", 50, _LOWER, "a-z", no_edge="-", single="-"),
    Limit(
        "aws_elasticache_replication_group", "replication_group_id", 40, _HYPHENED, "A-Za-z", no_edge="-", single="-"
    ),
    Limit("aws_opensearch_domain aws_elasticsearch_domain", "domain_name", 28, _LOWER, "a-z"),
    Limit("aws_dynamodb_table", "name", 255, "0-9A-Za-z_.-"),
    Limit("aws_athena_database", "name", 255, "0-9a-z_", instead="_"),
    # Buckets and registries ----------------------------------------------------------------------------------------
    Limit(
        "aws_s3_bucket",
        "bucket",
        63,
        "0-9a-z.-",
        "0-9a-z",
        no_edge="-",
        single=".",
        reserved=("xn--", "sthree-", "amzn-s3-demo-"),
    ),
    Limit(
        "aws_s3_bucket", "bucket_prefix", 63 - SUFFIX, "0-9a-z.-", "0-9a-z", single=".", reserved=("xn--", "sthree-")
    ),
    Limit("aws_ecr_repository", "name", 256, "0-9a-z_./-", "0-9a-z", no_edge="-"),
    # Identities ----------------------------------------------------------------------------------------------------
    Limit("aws_iam_role aws_iam_user", "name", 64, _IAM),
    Limit("aws_iam_role", "name_prefix", 64 - SUFFIX, _IAM),
    Limit(
        "aws_iam_policy aws_iam_role_policy aws_iam_user_policy aws_iam_group aws_iam_instance_profile",
        "name",
        128,
        _IAM,
    ),
    Limit("aws_iam_policy aws_iam_role_policy aws_iam_instance_profile", "name_prefix", 128 - SUFFIX, _IAM),
    Limit("aws_kms_alias", "name", 256, "0-9A-Za-z_/-", begins="alias/", reserved=("alias/aws/",)),
    Limit("aws_secretsmanager_secret", "name", 512, "0-9A-Za-z/_+=.@-"),
    Limit("aws_cognito_user_pool_domain", "domain", 63, r"0-9a-z.-", no_edge="-"),
    # Compute and messages ------------------------------------------------------------------------------------------
    Limit("aws_lambda_function", "function_name", 64, _WORD),
    Limit("aws_launch_template", "name", 125, r"0-9A-Za-z()./_-"),
    Limit("aws_ecs_cluster aws_ecs_service", "name", 255, _WORD),
    Limit("aws_ecs_task_definition", "family", 255, _WORD),
    Limit("aws_eks_cluster", "name", 100, _WORD, "0-9A-Za-z"),
    Limit("aws_eks_node_group", "node_group_name", 63, _WORD, "0-9A-Za-z"),
    Limit("aws_sqs_queue", "name", 80, "0-9A-Za-z_.-", ends=".fifo", when="fifo_queue"),
    Limit("aws_sns_topic", "name", 256, "0-9A-Za-z_.-", ends=".fifo", when="fifo_topic"),
    Limit("aws_cloudwatch_event_rule", "name", 64, "0-9A-Za-z_.-"),
    Limit("aws_cloudwatch_log_group", "name", 512, r"0-9A-Za-z_/#.-"),
    Limit("aws_sfn_state_machine", "name", 80, _WORD),
    Limit("aws_kinesis_stream", "name", 128, "0-9A-Za-z_.-"),
    Limit("aws_kinesis_firehose_delivery_stream", "name", 64, "0-9A-Za-z_.-"),
    Limit("aws_backup_vault", "name", 50, "0-9A-Za-z_.-"),
    Limit("aws_wafv2_web_acl", "name", 128, _WORD),
)


limits_of = by_type(LIMITS)
"""The limits of the arguments of a resource type."""


def page_of(type: str) -> str:
    """The address of the provider's page of a resource type, which states the names that it accepts."""
    page = re.sub(r"^aws_a?(?=lb)|^aws_", "", type)
    return f"https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/{page}"
