"""TAP106: parameters of databases that only a reboot can set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Block, Module

_GROUPS: Final = (
    "aws_db_parameter_group",
    "aws_rds_cluster_parameter_group",
    "aws_docdb_cluster_parameter_group",
    "aws_neptune_cluster_parameter_group",
    "aws_neptune_parameter_group",
)

# The parameters with the apply type "static". A dynamic parameter accepts `pending-reboot` too, so a name too many
# does no harm. Sources:
#   https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
#   https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html
STATIC: Final = frozenset(
    """
    autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age huge_pages max_connections
    max_files_per_process max_locks_per_transaction max_logical_replication_workers max_pred_locks_per_transaction
    max_prepared_transactions max_replication_slots max_wal_senders max_worker_processes rds.logical_replication
    shared_buffers shared_preload_libraries superuser_reserved_connections track_activity_query_size
    track_commit_timestamp wal_buffers wal_level pg_stat_statements.max cron.database_name rds.babelfish_status
    back_log gtid-mode gtid_mode enforce_gtid_consistency innodb_autoinc_lock_mode innodb_buffer_pool_instances
    innodb_ft_cache_size innodb_ft_max_token_size innodb_ft_min_token_size innodb_log_file_size innodb_open_files
    innodb_page_cleaners innodb_purge_threads innodb_read_io_threads innodb_rollback_on_timeout
    innodb_sort_buffer_size innodb_write_io_threads lower_case_table_names performance_schema query_cache_type
    relay_log_space_limit skip_name_resolve skip_show_database table_open_cache_instances thread_stack tls
    neptune_streams neptune_lookup_cache
    """.split()
)


class StaticParameter(Fixer):
    """A parameter that only a reboot can set is set with the immediate apply method.

    Some parameters of a database are static: AWS applies them only at the next reboot. Without an `apply_method`
    Terraform asks for `immediate`, and the apply fails with *cannot use immediate apply method for static parameter*.
    The plan does not show it.

    **What it does.** It sets `apply_method = "pending-reboot"` for parameters that are known to be static, such as
    `shared_preload_libraries`, `max_connections` and `innodb_log_file_size`, where the method is missing or
    `immediate`.

    **Safety: safe.** The other method never works for these parameters, and a new database starts with its parameters
    in both cases.
    """

    rule = "TAP106"
    severity = Severity.HIGH
    safety = Safety.SAFE
    title = "A static parameter that is to change at once"
    cause = "A parameter that a database reads at its start is set as one that takes effect immediately."
    reference = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html"
    because = Because(
        "aws", "a static parameter changes with a reboot, so AWS refuses to change it at once", reference=reference
    )
    effect = "The apply fails when the parameter group is made."
    examples = (
        Example(
            title="a library that is loaded at the start",
            before="""\
resource "aws_db_parameter_group" "main" {
  family = "postgres15"

  parameter {
    name  = "shared_preload_libraries"
    value = "pg_stat_statements"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
}
""",
            after="""\
resource "aws_db_parameter_group" "main" {
  family = "postgres15"

  parameter {
    name         = "shared_preload_libraries"
    value        = "pg_stat_statements"
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
}
""",
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        for group in module.resources(*_GROUPS):
            for parameter in group.blocks_of("parameter"):
                attribute = parameter.get("name")
                names = context.values(attribute).values() if attribute is not None else ()
                static = next((n for n in names if isinstance(n, str) and n.lower() in STATIC), None)
                if static is not None:
                    yield from self._parameter(parameter, static.lower())

    def _parameter(self, parameter: Block, name: str) -> Iterable[Finding]:
        method = parameter.get("apply_method")
        message = f"AWS sets `{name}` with a reboot only, at once is an error: `apply_method` is `pending-reboot` now"
        if method is None:
            last = max(parameter.attributes.values(), key=lambda a: a.start)
            yield self.fix(parameter, message, [parameter.insert('apply_method = "pending-reboot"', after=last)])
        elif method.value == '"immediate"':
            yield self.fix(method, message, [method.replace('"pending-reboot"')])
