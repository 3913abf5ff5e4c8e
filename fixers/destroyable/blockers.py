"""What keeps `terraform destroy` from finishing, as data: a new blocker is one row.

The rows were found by a search through the provider's schemas 5.100.0 and 6.25.0 for every argument that protects,
keeps, forces or locks. `since` marks an argument that only a later provider knows. Each row was compared with the
documentation of its resource (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/TYPE, where
TYPE has no `aws_`).

What has no row, and why:

* arguments that only leave something behind while destroy finishes: `skip_destroy`, `retain_on_delete`, `retain_stack`,
  `preserve` of an EKS addon, `data_deletion_policy`, `delete_automated_backups`, recovery and deletion windows of
  secrets and keys, final snapshots of caches, `delete_on_termination` of volumes;
* `apply_immediately`, which only delays a change: a stack that is applied for the first time has nothing to change;
* `force_destroy` of `aws_default_vpc` and `aws_default_subnet`: without it destroy only forgets them, and finishes;
* `force_destroy` of instances and DSQL clusters (provider 6): the provider accepts it only beside a protection, and the
  rule removes the protection;
* `ignore_deletion_error` of `aws_glacier_vault_lock`: the lock stays in any case, and is refused by a row of `LOCKS`;
* `lifecycle { prevent_destroy = true }`, which is Terraform's own and belongs to no type: the rule removes it without a
  row.
"""

from __future__ import annotations

from typing import NamedTuple


class Absence(NamedTuple):
    """What it means that a resource does not set an argument."""

    blocks: bool
    """Whether destroy does not finish then, so that the argument is added."""
    beside: str = ""
    """An argument or block of the resource: absence blocks only if this one is set. Empty: it always blocks."""


FINE = Absence(blocks=False)
"""Without the argument destroy finishes: nothing is added."""
BLOCKS = Absence(blocks=True)
"""Without the argument destroy does not finish: it is added."""


class Blocker(NamedTuple):
    """An argument that must have a certain value for destroy to finish."""

    types: str
    """Resource types, with spaces between."""
    argument: str
    """The argument's name. A dot separates it from the nested block that contains it."""
    wanted: str
    """The value with which destroy finishes, as HCL."""
    why: str
    """Why destroy does not finish otherwise: the end of a sentence."""
    absent: Absence = FINE
    """What it means that the argument is absent."""
    drops: str = ""
    """An argument that has no effect once this one has its value, and is removed."""
    since: str = "5.100"
    """The version of the provider that the argument was first found in."""


class BlockingItem(NamedTuple):
    """A value that a list must not contain for destroy to finish."""

    types: str
    """Resource types, with spaces between."""
    argument: str
    """The list."""
    value: str
    why: str
    """Why destroy does not finish otherwise: the end of a sentence."""


class Lock(NamedTuple):
    """A lock that no argument undoes once it is applied: the rule refuses it by name."""

    types: str
    """Resource types, with spaces between."""
    argument: str
    """The name of an argument or of a block. A dot separates it from the nested block that contains it."""
    values: tuple[object, ...]
    """The values that lock. Empty: every value locks, and so does a block of this name."""
    decision: str
    """What a person would have to decide: one or more sentences."""


_PROTECTED = "AWS refuses to delete it while it is protected"
_SNAPSHOT = "destroy stops and asks for the name of a final snapshot"
_BACKUP = "destroy makes a final backup first, and stops if that fails"
_OBJECTS = "destroy stops as soon as there is an object in it"
_INSTANCES = "its instances stay and hold the subnets and security groups"

BLOCKERS = (
    # Protection switches -------------------------------------------------------------------------------------------
    Blocker(
        "aws_db_instance aws_rds_cluster aws_rds_global_cluster aws_docdb_cluster aws_docdb_global_cluster "
        "aws_neptune_cluster aws_neptune_global_cluster",
        "deletion_protection",
        "false",
        _PROTECTED,
    ),
    Blocker("aws_neptunegraph_graph aws_qldb_ledger", "deletion_protection", "false", _PROTECTED, BLOCKS),
    Blocker("aws_eks_cluster", "deletion_protection", "false", _PROTECTED, since="6.25"),
    Blocker("aws_cognito_user_pool", "deletion_protection", '"INACTIVE"', _PROTECTED),
    Blocker("aws_verifiedpermissions_policy_store", "deletion_protection", '"DISABLED"', _PROTECTED, since="6.25"),
    Blocker(
        "aws_dynamodb_table aws_dynamodb_table_replica aws_dsql_cluster aws_pinpointsmsvoicev2_phone_number",
        "deletion_protection_enabled",
        "false",
        _PROTECTED,
    ),
    Blocker("aws_dynamodb_table", "replica.deletion_protection_enabled", "false", _PROTECTED, since="6.26"),
    Blocker("aws_cloudwatch_log_group", "deletion_protection_enabled", "false", _PROTECTED, since="6.25"),
    Blocker(
        "aws_pinpointsmsvoicev2_pool aws_pinpointsmsvoicev2_sender_id",
        "deletion_protection_enabled",
        "false",
        _PROTECTED,
        since="6.26",
    ),
    Blocker("aws_lb aws_alb", "enable_deletion_protection", "false", _PROTECTED),
    Blocker("aws_networkfirewall_firewall", "delete_protection", "false", _PROTECTED),
    Blocker(
        "aws_networkfirewall_firewall",
        "firewall_policy_change_protection",
        "false",
        "AWS refuses to replace its policy",
    ),
    Blocker(
        "aws_networkfirewall_firewall", "subnet_change_protection", "false", "AWS refuses to let go of its subnets"
    ),
    Blocker(
        "aws_networkfirewall_firewall",
        "availability_zone_change_protection",
        "false",
        "AWS refuses to let go of its zones",
        since="6.25",
    ),
    Blocker("aws_emr_cluster", "termination_protection", "false", "AWS refuses to terminate it"),
    Blocker("aws_cloudtrail_event_data_store", "termination_protection_enabled", "false", _PROTECTED, BLOCKS),
    Blocker("aws_quicksight_account_settings", "termination_protection_enabled", "false", _PROTECTED, since="5.100"),
    Blocker(
        "aws_instance aws_launch_template aws_spot_instance_request",
        "disable_api_termination",
        "false",
        "AWS refuses to terminate the instance",
    ),
    Blocker(
        "aws_instance aws_launch_template aws_spot_instance_request",
        "disable_api_stop",
        "false",
        "AWS refuses to stop or terminate the instance",
    ),
    Blocker("aws_route53_resolver_firewall_rule_group_association", "mutation_protection", '"DISABLED"', _PROTECTED),
    Blocker(
        "aws_ecs_capacity_provider",
        "auto_scaling_group_provider.managed_termination_protection",
        '"DISABLED"',
        "the group's instances are protected and its destroy never ends",
    ),
    Blocker(
        "aws_autoscaling_group", "protect_from_scale_in", "false", "its instances never go and its destroy never ends"
    ),
    Blocker(
        "aws_gamelift_fleet",
        "new_game_session_protection_policy",
        '"NoProtection"',
        "instances with a game session never go",
    ),
    Blocker(
        "aws_gamelift_game_server_group",
        "game_server_protection_policy",
        '"NO_PROTECTION"',
        "instances in use never go",
    ),
    # Final snapshots and backups -----------------------------------------------------------------------------------
    Blocker(
        "aws_db_instance aws_rds_cluster aws_docdb_cluster aws_neptune_cluster aws_redshift_cluster",
        "skip_final_snapshot",
        "true",
        _SNAPSHOT,
        BLOCKS,
        drops="final_snapshot_identifier",
    ),
    Blocker("aws_neptune_cluster_instance", "skip_final_snapshot", "true", _SNAPSHOT),
    Blocker("aws_lightsail_database", "skip_final_snapshot", "true", _SNAPSHOT, BLOCKS, drops="final_snapshot_name"),
    Blocker(
        "aws_fsx_windows_file_system aws_fsx_openzfs_file_system aws_fsx_ontap_volume aws_fsx_lustre_file_system",
        "skip_final_backup",
        "true",
        _BACKUP,
    ),
    # What is full --------------------------------------------------------------------------------------------------
    Blocker("aws_s3_bucket aws_s3_directory_bucket", "force_destroy", "true", _OBJECTS, BLOCKS),
    Blocker(
        "aws_s3tables_table_bucket aws_s3vectors_vector_bucket", "force_destroy", "true", _OBJECTS, BLOCKS, since="6.25"
    ),
    Blocker("aws_lightsail_bucket", "force_delete", "true", _OBJECTS, BLOCKS),
    Blocker(
        "aws_s3_object aws_s3_bucket_object aws_s3_object_copy",
        "force_destroy",
        "true",
        "a locked version of the object cannot be deleted",
        Absence(blocks=True, beside="object_lock_mode"),
    ),
    Blocker("aws_ecr_repository", "force_delete", "true", "destroy stops as soon as there is an image in it", BLOCKS),
    Blocker(
        "aws_ecrpublic_repository", "force_destroy", "true", "destroy stops as soon as there is an image in it", BLOCKS
    ),
    Blocker(
        "aws_backup_vault", "force_destroy", "true", "destroy stops as soon as there is a recovery point in it", BLOCKS
    ),
    Blocker("aws_athena_database", "force_destroy", "true", "destroy stops as soon as there is a table in it", BLOCKS),
    Blocker("aws_athena_workgroup", "force_destroy", "true", "destroy stops as soon as a query has run in it", BLOCKS),
    Blocker(
        "aws_codebuild_report_group",
        "delete_reports",
        "true",
        "destroy stops as soon as there is a report in it",
        BLOCKS,
    ),
    Blocker(
        "aws_service_discovery_service",
        "force_destroy",
        "true",
        "destroy stops as soon as an instance is registered with it",
        BLOCKS,
    ),
    Blocker(
        "aws_iam_user",
        "force_destroy",
        "true",
        "destroy stops if the user has an access key, a login or an MFA device that Terraform did not make",
    ),
    Blocker(
        "aws_route53_zone", "force_destroy", "true", "destroy stops if there are records that Terraform did not make"
    ),
    Blocker(
        "aws_transfer_server", "force_destroy", "true", "destroy stops if there are users that Terraform did not make"
    ),
    Blocker(
        "aws_dx_lag", "force_destroy", "true", "destroy stops if there are connections that Terraform did not make"
    ),
    Blocker("aws_dataexchange_revision_assets", "force_destroy", "true", "a finalized revision cannot be deleted"),
    Blocker("aws_cloudwatch_event_rule aws_cloudwatch_event_target", "force_destroy", "true", "a managed rule stays"),
    Blocker(
        "aws_rds_global_cluster",
        "force_destroy",
        "true",
        "the cluster that it was made of stays a member",
        Absence(blocks=True, beside="source_db_cluster_identifier"),
    ),
    Blocker("aws_rds_cluster_instance", "force_destroy", "true", "a member of a replica cluster cannot be deleted"),
    Blocker("aws_redshift_snapshot_schedule", "force_destroy", "true", "a schedule in use cannot be deleted"),
    # What is in use ------------------------------------------------------------------------------------------------
    Blocker(
        "aws_autoscaling_group", "force_delete", "true", "destroy waits for each instance and for its hooks to end"
    ),
    Blocker("aws_autoscaling_group", "force_delete_warm_pool", "true", "destroy waits for the warm pool to drain"),
    Blocker("aws_ecs_service aws_ecs_task_set", "force_delete", "true", "destroy waits for all tasks to stop"),
    Blocker("aws_elastic_beanstalk_application_version", "force_delete", "true", "a version in use cannot be deleted"),
    Blocker("aws_redshift_endpoint_authorization", "force_delete", "true", "an authorization in use stays"),
    Blocker(
        "aws_iam_role",
        "force_detach_policies",
        "true",
        "destroy stops if a policy was attached that Terraform did not make",
    ),
    Blocker("aws_volume_attachment", "force_detach", "true", "a volume in use stays attached"),
    Blocker("aws_volume_attachment", "stop_instance_before_detaching", "true", "a volume in use stays attached"),
    Blocker("aws_kinesis_stream", "enforce_consumer_deletion", "true", "destroy stops if the stream has consumers"),
    Blocker(
        "aws_vpc_ipam aws_vpc_ipam_pool", "cascade", "true", "destroy stops if there are pools or allocations in it"
    ),
    Blocker(
        "aws_security_group aws_default_security_group",
        "revoke_rules_on_delete",
        "true",
        "rules that name each other's groups hold them",
    ),
    Blocker("aws_kinesisanalyticsv2_application", "force_stop", "true", "an application that hangs cannot be deleted"),
    Blocker("aws_m2_deployment", "force_stop", "true", "a running application cannot be deleted"),
    Blocker(
        "aws_datazone_domain aws_datazone_project",
        "skip_deletion_check",
        "true",
        "destroy stops if there is something in it",
    ),
    Blocker(
        "aws_bedrockagent_agent aws_bedrockagent_agent_action_group",
        "skip_resource_in_use_check",
        "true",
        "an agent in use cannot be deleted",
    ),
    Blocker(
        "aws_directory_service_trust",
        "delete_associated_conditional_forwarder",
        "true",
        "the forwarder stays and holds the directory",
    ),
    Blocker(
        "aws_lambda_function",
        "replace_security_groups_on_destroy",
        "true",
        "its network interfaces hold the security groups",
    ),
    Blocker("aws_ec2_fleet", "terminate_instances", "true", _INSTANCES, BLOCKS),
    Blocker("aws_spot_fleet_request", "terminate_instances_on_delete", "true", _INSTANCES, BLOCKS),
    Blocker(
        "aws_launch_template",
        "network_interfaces.delete_on_termination",
        "true",
        "the instances' network interfaces stay and hold the subnets and security groups",
    ),
    Blocker(
        "aws_fsx_openzfs_file_system",
        "delete_options",
        '["DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"]',
        "destroy stops if there are volumes that Terraform did not make",
    ),
    Blocker(
        "aws_fsx_openzfs_volume",
        "delete_volume_options",
        '["DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"]',
        "destroy stops if there are volumes or snapshots in it",
    ),
    Blocker(
        "aws_fsx_ontap_volume",
        "bypass_snaplock_enterprise_retention",
        "true",
        "files under retention hold the volume",
        Absence(blocks=True, beside="snaplock_configuration"),
    ),
    Blocker(
        "aws_sagemaker_domain",
        "retention_policy.home_efs_file_system",
        '"Delete"',
        "its EFS file system stays and holds the subnets",
        BLOCKS,
    ),
    Blocker(
        "aws_odb_network", "delete_associated_resources", "true", "what belongs to the network holds it", since="6.25"
    ),
    Blocker(
        "aws_pinpointsmsvoicev2_phone_number",
        "force_disassociate",
        "true",
        "a number in a pool cannot be released",
        since="6.26",
    ),
    Blocker(
        "aws_sagemaker_training_job",
        "delete_vpc_enis_on_destroy",
        "true",
        "its network interfaces hold the security groups",
        since="6.26",
    ),
)

BLOCKING_ITEMS = (
    BlockingItem(
        "aws_autoscaling_group", "suspended_processes", "Terminate", "its instances never go and its destroy never ends"
    ),
)

_FORGET = "Keep it and give up destroying the stack until the retention ends, or take it out before the first apply."

_MFA = (
    "A version can only be deleted by the root user with an MFA device, so never by Terraform: disable it, or empty "
    "the bucket by hand before the destroy."
)

LOCKS = (
    Lock(
        "aws_s3_bucket_object_lock_configuration",
        "rule.default_retention.mode",
        ("COMPLIANCE",),
        f"Nobody, the root user included, can delete an object under it. {_FORGET} GOVERNANCE can be undone.",
    ),
    Lock(
        "aws_s3_bucket",
        "object_lock_configuration.rule.default_retention.mode",
        ("COMPLIANCE",),
        f"Nobody, the root user included, can delete an object under it. {_FORGET} GOVERNANCE can be undone.",
    ),
    Lock(
        "aws_s3_object aws_s3_bucket_object aws_s3_object_copy",
        "object_lock_mode",
        ("COMPLIANCE",),
        f"Nobody, the root user included, can delete the object. {_FORGET} GOVERNANCE can be undone.",
    ),
    Lock(
        "aws_s3_object aws_s3_bucket_object aws_s3_object_copy",
        "object_lock_legal_hold_status",
        ("ON",),
        "Whoever ordered the hold has to say whether it may go; `force_destroy = true` would lift it without asking.",
    ),
    Lock(
        "aws_s3_bucket_versioning",
        "versioning_configuration.mfa_delete",
        ("Enabled",),
        _MFA,
    ),
    Lock(
        "aws_s3_bucket",
        "versioning.mfa_delete",
        (True,),
        _MFA,
    ),
    Lock(
        "aws_backup_vault_lock_configuration",
        "changeable_for_days",
        (),
        "It locks the vault in compliance mode, for ever once the grace period is over. Without the argument the vault "
        "is locked in governance mode, which can be undone.",
    ),
    Lock(
        "aws_backup_logically_air_gapped_vault",
        "min_retention_days",
        (),
        f"No recovery point in it can be deleted before that time. {_FORGET}",
    ),
    Lock(
        "aws_glacier_vault_lock",
        "complete_lock",
        (True,),
        f"A completed lock can never be taken back. {_FORGET} With `complete_lock = false` it stays a test for 24 "
        "hours.",
    ),
    Lock("aws_rbin_rule", "lock_configuration", (), f"A locked rule can only go after its unlock delay. {_FORGET}"),
    Lock(
        "aws_fsx_ontap_volume",
        "snaplock_configuration.snaplock_type",
        ("COMPLIANCE",),
        f"Nobody can delete the volume before the retention of its files ends. {_FORGET} ENTERPRISE can be undone.",
    ),
    Lock(
        "aws_fsx_ontap_volume",
        "snaplock_configuration.privileged_delete",
        ("PERMANENTLY_DISABLED",),
        f"It can never be enabled again, so files under retention hold the volume. {_FORGET}",
    ),
    Lock(
        "aws_storagegateway_tape_pool",
        "retention_lock_type",
        ("COMPLIANCE",),
        f"Nobody can delete a tape of the pool before its time. {_FORGET} GOVERNANCE can be undone.",
    ),
)


def as_markdown() -> str:
    """The three tables for the rule's page."""
    return "\n".join(
        (
            "### Arguments that must have a value",
            "",
            "| resource types | argument | value | why |",
            "|---|---|---|---|",
            *(f"| {_code(b.types)} | `{b.argument}` | `{b.wanted}` | {b.why}{_since(b)} |" for b in BLOCKERS),
            "",
            "### Lists that must not contain a value",
            "",
            "| resource types | argument | value | why |",
            "|---|---|---|---|",
            *(f"| {_code(u.types)} | `{u.argument}` | `{u.value}` | {u.why} |" for u in BLOCKING_ITEMS),
            "",
            "### Locks that nothing undoes, which are refused",
            "",
            "| resource types | argument | value | what to decide |",
            "|---|---|---|---|",
            *(f"| {_code(k.types)} | `{k.argument}` | {_values(k)} | {k.decision} |" for k in LOCKS),
        )
    )


def _since(blocker: Blocker) -> str:
    return "" if blocker.since == Blocker._field_defaults["since"] else f" (provider {blocker.since} or later)"


def _code(words: str) -> str:
    return ", ".join(f"`{word}`" for word in words.split())


def _values(lock: Lock) -> str:
    shown = (str(value).lower() if isinstance(value, bool) else str(value) for value in lock.values)
    return ", ".join(f"`{value}`" for value in shown) or "any"
