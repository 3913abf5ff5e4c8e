"""Names that must be unique in an AWS account (or worldwide), and how each environment gets one of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tapfix.edits import Edit
from tapfix.module import Attribute, Expr, File, Module, compose, expression_references, string_value

NAME_ARGUMENTS = (
    "name", "bucket", "identifier", "cluster_identifier", "function_name", "replication_group_id", "cluster_id",
    "alarm_name", "dashboard_name", "domain_name", "family", "repository_name", "pool_name", "application_name",
    "broker_name", "cluster_name",
)  # fmt: skip
"""The arguments that name a resource to AWS."""

NOT_ACCOUNT_WIDE = frozenset({
    "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_security_group", "aws_route53_record",
    "aws_route53_zone", "aws_lb_listener_rule", "aws_autoscaling_policy", "aws_appautoscaling_policy",
    "aws_cloudwatch_log_stream", "aws_acm_certificate", "aws_cloudfront_distribution", "aws_ecs_service",
    "aws_cloudwatch_log_metric_filter", "aws_api_gateway_authorizer", "aws_apigatewayv2_stage",
    "aws_apigatewayv2_domain_name", "aws_api_gateway_domain_name", "aws_ses_domain_identity",
    "aws_sesv2_email_identity", "aws_api_gateway_model", "aws_service_discovery_service",
    "aws_service_discovery_private_dns_namespace", "aws_cognito_user_pool_client", "aws_cognito_user_group",
    "aws_eks_addon", "aws_lambda_alias", "aws_db_option_group_option", "aws_config_configuration_recorder",
    "aws_config_delivery_channel", "aws_cloudwatch_event_target", "aws_network_acl", "aws_ssm_maintenance_window_task",
    "aws_cloudwatch_log_subscription_filter", "aws_s3_bucket_notification", "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_versioning", "aws_elasticsearch_domain_policy",
})  # fmt: skip
"""Types whose name is unique only within a parent, or is a DNS name or the name of a singleton (the AWS provider's
documentation of each)."""

_MAX_DEPTH = 8
"""How many local values are followed, one after another."""


def suffix_account_names(module: Module, environment: str, wanted: Callable[[Attribute], bool]) -> Iterator[Edit]:
    """Edits that append `-${var.environment}` to names that are the same in each environment, also where other strings
    repeat them.

    A name that refers to a random id or to another resource is unique already. `wanted` may exclude a name;
    `environment` is the name of the variable.
    """
    renamed: list[str] = []
    done: set[tuple[str, int]] = set()
    for block in module.resources():
        if block.labels[0] in NOT_ACCOUNT_WIDE or not block.labels[0].startswith("aws_"):
            continue
        for argument in NAME_ARGUMENTS:
            holder = block.get(argument)
            if holder is None or not wanted(holder) or _differs_by_environment(module, holder, environment):
                continue
            edit = _suffixed(holder, environment)
            if edit is None:
                continue
            if holder.expr.kind == "template" and len(holder.value) > 8:
                renamed.append(holder.value[1:-1])
            done.add((edit.file, edit.start))
            yield edit
    for name in dict.fromkeys(renamed):
        for holder, at in _mentions(module, name):
            if (holder.file.path, at) in done or not wanted(holder):
                continue
            if not _differs_by_environment(module, holder, environment):
                done.add((holder.file.path, at))
                yield Edit(holder.file.path, at, at, _suffix(environment))


def _differs_by_environment(module: Module, holder: Attribute, environment: str) -> bool:
    """Whether a name differs between environments: by the environment's variable or something else."""
    shared = ("var.", "local.", "data.", "each.", "count.", "module.", "path.")

    def own(address: str) -> bool:
        if address in (f"var.{environment}", "terraform.workspace") or "suffix" in address:
            return True
        return not address.startswith(shared)

    return reaches(module, holder, holder.expr, own)


def reaches(module: Module, holder: Attribute, node: Expr, wanted: Callable[[str], bool], depth: int = 0) -> bool:
    """Whether an expression refers, directly or through local values, to an address that is wanted."""
    for reference in expression_references(holder, node):
        if wanted(reference.address):
            return True
        target = module.find(reference.address) if reference.address.startswith("local.") else None
        if (
            isinstance(target, Attribute)
            and depth < _MAX_DEPTH
            and reaches(module, target, target.expr, wanted, depth + 1)
        ):
            return True
    return False


def _suffix(environment: str) -> str:
    return "-" + compose.interpolation(f"var.{environment}")


def _suffixed(holder: Attribute, environment: str) -> Edit | None:
    """Append the suffix to a template or a variable; None for another name, a path or a pattern."""
    expr, suffix = holder.expr, _suffix(environment)
    if expr.kind == "template":
        if string_value(expr) is not None and holder.value.rstrip('"').endswith(("/", "*")):
            return None
        path, _, end = holder.span(expr)
        return Edit(path, end - 1, end - 1, suffix)
    if expr.kind == "traversal" and holder.value.startswith("var."):
        return holder.replace(f'"{compose.interpolation(holder.value)}{suffix}"')
    return None


def _mentions(module: Module, name: str) -> Iterator[tuple[Attribute, int]]:
    """The attributes that contain a name as a part of an ARN, a path or the like, with the offset of its end."""
    pattern = re.compile("[/:]" + re.escape(name) + r"(?=[/:*\"]|$)")
    for file in module.configuration:
        if f":{name}" not in file.text and f"/{name}" not in file.text:
            continue
        for match in pattern.finditer(file.text):
            holder = _attribute_at(file, match.start() + 1)
            if holder is not None:
                yield holder, match.end()


def _attribute_at(file: File, offset: int) -> Attribute | None:
    """The attribute of a resource, data source, local value or output that an offset is in."""
    for block in file.blocks:
        if block.type in ("resource", "data", "locals", "output") and block.start <= offset < block.end:
            for inner in block.walk():
                for attribute in inner.attributes.values():
                    if attribute.start <= offset < attribute.end:
                        return attribute
    return None
