"""Values that have exactly one right completion: `aws_iam_role.lambda`, where a string is wanted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.module import Attribute, Block, Expr, Module, call_arguments, expression_references
from tapfix.module.nodes import step_name
from tapfix.schema import Schema, TypeSchema

from .missing import Missing

TAKEN_FROM = {("aws_rds_cluster_instance", "engine"): "cluster_identifier"}
"""Arguments that must be those of the resource that another argument names, with that argument."""

ARN_ROLES = frozenset({"aws_lambda_function", "aws_transfer_user", "aws_elastictranscoder_pipeline", "aws_pipes_pipe"})
"""Types whose `role` is an ARN. In IAM's own types it is a name."""

BY_ID = frozenset({"subnets", "security_groups", "bucket", "ami", "image_id"})
BY_ARN = frozenset({"alarm_actions", "ok_actions", "insufficient_data_actions", "task_definition", "target_group_arns"})
BY_NAME = frozenset({"user", "group", "users", "groups", "roles", "rule", "iam_instance_profile"})

_SAME_ID_AND_NAME = frozenset(
    {"aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_instance_profile", "aws_s3_bucket"}
)
"""Types whose `id` is their name."""


class Target(NamedTuple):
    """A resource or data source that an expression names as a whole object."""

    block: Block
    schema: TypeSchema
    is_indexed: bool
    """Whether the expression names one of several: `aws_subnet.public[0]`."""


def engine_of_cluster(block: Block, part: Missing) -> str | None:
    """The expression of a missing argument that must be that of the resource which another argument names."""
    via = block.get(TAKEN_FROM.get((block.labels[0], part.name), ""))
    if via is None or via.expr.kind != "traversal":
        return None
    references = expression_references(via, via.expr)
    if len(references) != 1 or references[0].node is not via.expr or not references[0].steps:
        return None
    last = references[0].steps[-1]
    if last.kind != "get_attr":
        return None
    return via.value[: last.start - via.expr.start] + f".{part.name}"


def whole_objects(
    module: Module, block: Block, known: TypeSchema, schema: Schema
) -> Iterator[tuple[Attribute, Expr, Target]]:
    """Resources and data sources that are named whole where the schema wants a string or a list of strings."""
    for attribute in block.attributes.values():
        wanted = known.attributes.get(attribute.name)
        if wanted is None:
            continue
        takes_list = isinstance(wanted.type, list) and wanted.type[0] in ("list", "set") and wanted.type[1] == "string"
        if wanted.type != "string" and not takes_list:
            continue
        is_list = takes_list and attribute.expr.kind == "tuple"
        for expr in call_arguments(attribute.expr) if is_list else (attribute.expr,):
            target = _target(module, attribute, expr, schema)
            if target is not None and (expr is not attribute.expr or not takes_list or is_repeated(target.block)):
                yield attribute, expr, target


def _target(module: Module, attribute: Attribute, expr: Expr, schema: Schema) -> Target | None:
    """The resource that an expression names, with an index at most; None for another expression."""
    if expr.kind != "traversal":
        return None
    references = [r for r in expression_references(attribute, expr) if r.node is expr]
    if len(references) != 1:
        return None
    steps = references[0].steps
    if len(steps) > 1 or any(step.kind != "index" for step in steps):
        return None
    block = module.find(references[0].address)
    if not isinstance(block, Block) or block.type not in ("resource", "data") or len(block.labels) != 2:
        return None
    known = schema.of(block.type, block.labels[0])
    return Target(block, known, bool(steps)) if known is not None else None


def completion(module: Module, block: Block, attribute: Attribute, expr: Expr, target: Target) -> str | None:
    """The expression that a whole object is completed to; None where more than one is possible."""
    name = attribute_for(block.labels[0], attribute.name, target)
    if name is None or name not in target.schema.attributes or target.schema.attributes[name].type != "string":
        return None
    name = _as_elsewhere(module, block, attribute, target, name)
    text = attribute.text(expr)
    if not is_repeated(target.block) or target.is_indexed:
        return f"{text}.{name}"
    if expr is attribute.expr and target.block.get("count") is not None:
        return f"{text}[*].{name}"
    if expr is attribute.expr:
        return f"values({text})[*].{name}"
    return None


def attribute_for(holder: str, argument: str, target: Target) -> str | None:
    """The attribute of a resource that an argument takes; `holder` is the type that has the argument."""
    type = target.schema.name
    if argument.endswith("policy") and type == "aws_iam_policy_document":
        return "json"
    if argument == "role" and type == "aws_iam_role":
        return "arn" if holder in ARN_ROLES else "name" if holder.startswith("aws_iam_") else None
    if argument.endswith(("_arn", "_arns")) or argument in BY_ARN:
        return "arn"
    if type == "aws_kms_key" and argument in ("kms_key_id", "kms_master_key_id", "kms_key"):
        return "arn"
    if argument in BY_NAME:
        return "name"
    alike = _is_named_after(argument, type.removeprefix("aws_"))
    if argument.endswith("_name") and alike:
        return argument if argument in target.schema.attributes else "name"
    if argument in BY_ID:
        return "id"
    if argument.endswith(("_id", "_ids")) and alike:
        return argument if argument in target.schema.attributes and argument.endswith("_id") else "id"
    given = target.schema.attributes.get(argument)
    return argument if given is not None and argument.endswith("_id") and not given.settable else None


def _is_named_after(argument: str, type: str) -> bool:
    """Whether an argument names a type: `db_subnet_ids` names `subnet`."""
    stem = re.sub(r"_(ids?|arns?|names?)$", "", argument)
    return type.endswith(stem) or stem.endswith((type, type.rpartition("_")[2]))


def _as_elsewhere(module: Module, block: Block, attribute: Attribute, target: Target, name: str) -> str:
    """`id` or `name`, where they are the same, as the module writes the same argument elsewhere."""
    if target.schema.name not in _SAME_ID_AND_NAME:
        return name
    same = {"id", "name", "bucket"} if name != "arn" else {"arn"}
    written: Counter[str] = Counter()
    for other in module.resources(block.labels[0]):
        argument = other.get(attribute.name)
        for reference in expression_references(argument, argument.expr) if argument is not None else ():
            last = reference.steps[-1] if reference.steps else None
            if reference.address.startswith(f"{target.schema.name}.") and last is not None and last.kind == "get_attr":
                written[step_name(last) or ""] += 1
    fitting = [n for n, _ in written.most_common() if n in same and n in target.schema.attributes]
    return fitting[0] if fitting else name


def is_repeated(block: Block) -> bool:
    """Whether a resource is a list or a map of instances."""
    return block.get("count") is not None or block.get("for_each") is not None
