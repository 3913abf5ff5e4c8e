"""TAP150: the stack breaks a clause of the contract, and only a person can repair it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, File, Module
from tapfix.module.values import UNKNOWN

from ..shared.block_values import block_values, includes_every_address
from ..shared.grounds import stated_by
from .version_ranges import is_within

_REGION = r'"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]?"'
_LOCAL = r"\blocal\.([A-Za-z_][\w-]*)"
_WILDCARD = r'"(?:\*|[a-z0-9-]+:\*)"'
_POLICY_KEYS = r"(?i)\b(actions?|resources?)\"?\s*[=:]\s*(\[[^\]]*\]|\"[^\"\n]*\")"
_NAMES: Final = (
    "name",
    "name_prefix",
    "bucket",
    "bucket_prefix",
    "identifier",
    "identifier_prefix",
    "cluster_identifier",
    "replication_group_id",
    "function_name",
    "family",
)
_NAMES_NOT_CHECKED: Final = ("aws_iam_role_policy", "aws_route53_")
"""Types whose names are local to another resource, or are domain names."""
_INHERITED: Final = ("replicate_source_db", "snapshot_identifier", "replication_source_identifier", "source_engine")
"""Arguments of a database that takes its encryption from another database."""
_ENCRYPTION: Final[Mapping[str, str]] = {
    "aws_db_instance": "storage_encrypted",
    "aws_rds_cluster": "storage_encrypted",
    "aws_docdb_cluster": "storage_encrypted",
    "aws_neptune_cluster": "storage_encrypted",
    "aws_ebs_volume": "encrypted",
    "aws_efs_file_system": "encrypted",
    "aws_redshift_cluster": "encrypted",
    "aws_elasticache_replication_group": "at_rest_encryption_enabled",
}
_VOLUMES: Final = ("root_block_device", "ebs_block_device", "ebs")
"""Blocks of an instance or a launch template that create volumes."""
_MODULE_REASONS: Final = {
    "none": "write out the resources of the module, or allow modules in the contract",
    "local": "use a module of the answer, or allow other modules in the contract",
}


class ContractClauses(Fixer):
    """The stack breaks a clause of the contract, and only a person can repair it.

    A prompt demands more than a tool can add: outputs that somebody reads, certain resources, regions, versions, who
    has access. This rule compares the stack with each such clause of `tapfix.toml`. A clause that is absent demands
    nothing, and the built-in contract has none of these clauses.

    **Suggestion.** Each finding states what is missing or forbidden, and where. The rule judges only known values, in
    each environment. A value that is unknown before Terraform runs is assumed to be right.
    """

    rule = "TAP150"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "Demands of the prompt that the stack does not meet"
    cause = "A demand was overlooked, or given less weight than something else."
    reference = "https://developer.hashicorp.com/terraform/language/style"
    effect = "The stack is not what was asked for, and a person has to change it."
    order = 99
    examples = tuple(
        Example(title=title, contract=contract, before=before, after=None)
        for title, contract, before in (
            (
                "A variable, an output and subnets that are missing",
                '[require]\nvariables = ["owner"]\noutputs = ["vpc_id"]\nresources = { aws_subnet = 2 }\n',
                'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n',
            ),
            (
                "Versions other than the prompt's",
                '[require]\nterraform_version = ">= 1.5"\naws_provider_version = "~> 5.0"\n',
                'terraform {\n  required_version = ">= 1.0"\n}\n',
            ),
            (
                "A provider and a module that are forbidden",
                '[deliverable]\nprovider_block = false\nmodules = "none"\n',
                'provider "aws" {\n  region = "us-east-1"\n}\n\n'
                'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n',
            ),
            (
                "A forbidden resource, in a region that is not allowed",
                '[forbid]\nresources = ["aws_iam_user*"]\n\n[topology]\nallowed_regions = ["eu-west-3"]\n',
                'resource "aws_iam_user" "ci" {\n  name = "ci"\n}\n\nprovider "aws" {\n  region = "us-west-2"\n}\n',
            ),
            (
                "Ingress from every address",
                "[forbid]\nopen_ingress = true\nopen_ports = [80, 443]\n",
                'resource "aws_security_group" "web" {\n  ingress {\n    from_port   = 22\n    to_port     = 22\n'
                '    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n',
            ),
            (
                "Wildcards in a policy",
                "[forbid]\niam_wildcards = true\n",
                'resource "aws_iam_policy" "all" {\n  policy = jsonencode({\n    Statement = [{ Effect = "Allow", '
                'Action = "s3:*", Resource = "*" }]\n  })\n}\n',
            ),
            (
                "A name without the suffix",
                '[names]\nsuffix_variable = "suffix"\n',
                'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n',
            ),
            (
                "Data that is not stored as demanded",
                '[data]\nencrypted = true\nlog_retention_days = 30\nengine_versions = { postgres = "15" }\n',
                'resource "aws_db_instance" "main" {\n  engine         = "postgres"\n  engine_version = "14.9"\n}\n\n'
                'resource "aws_cloudwatch_log_group" "app" {\n'
                '  name              = "app"\n  retention_in_days = 7\n}\n',
            ),
        )
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if module.main is None:
            return
        checks = (*_CHECKS_OF_EACH_MODULE, *(_CHECKS_OF_THE_ROOT if module.is_root else ()))
        for clause, check in checks:
            because = stated_by(context.contract, clause)
            for finding in check(self, module, context):
                yield finding._replace(because=because)


Check = Callable[[ContractClauses, Module, Context], Iterator[Finding]]

# --- what the stack must contain


def _home(module: Module) -> File:
    """The file at which a finding about the whole stack is reported."""
    assert module.main is not None
    return module.main


def _variables(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    return _declarations(rule, module, "variable", context.contract.require.variables, module.variables)


def _outputs(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    return _declarations(rule, module, "output", context.contract.require.outputs, module.outputs)


def _declarations(
    rule: ContractClauses, module: Module, kind: str, wanted: tuple[str, ...], there: Mapping[str, Block]
) -> Iterator[Finding]:
    for name in wanted:
        if name not in there:
            message = f'{kind} "{name}" is demanded by the contract and not declared'
            yield rule.suggest(_home(module), message, f"declare the {kind}")


def _resource_counts(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    for type, least in context.contract.require.resources:
        least_known, is_exact = _count(type, context)
        if is_exact and least_known < least:
            message = f"the contract demands {least} of {type}, and the stack has {least_known or 'none'}"
            yield rule.suggest(_home(module), message, "add what is missing")


def _terraform_version(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    wanted = context.contract.require.terraform_version
    return _versions(rule, module, "Terraform", wanted, _terraform_versions(module))


def _aws_provider_version(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    wanted = context.contract.require.aws_provider_version
    return _versions(rule, module, "the AWS provider", wanted, _provider_versions(module))


def _versions(
    rule: ContractClauses, module: Module, name: str, wanted: str, stated: list[tuple[Element, str]]
) -> Iterator[Finding]:
    if not wanted:
        return
    if not stated:
        message = f"no version of {name} is required, where the contract demands {wanted}"
        yield rule.suggest(_home(module), message, "state it")
    for at, version in stated:
        if not is_within(version, wanted):
            message = f"{name} is required as {version}, where the contract demands {wanted}"
            yield rule.suggest(at, message, "change one of the two")


def _count(type: str, context: Context) -> tuple[int, bool]:
    """The number of resources of a type in all modules, and whether it is certain and equal in all environments."""
    total, is_exact = 0, True
    for module in context.project.modules:
        is_exact &= not module.blocks_of("module") or type.startswith("aws_vpc")
        for block in module.resources(type):
            count = block.get("count")
            value = 1 if count is None else context.value(count)
            is_exact &= block.get("for_each") is None and value is not UNKNOWN
            total += int(value) if isinstance(value, int | float) else 1
    return total, is_exact


def _terraform_versions(module: Module) -> list[tuple[Element, str]]:
    found = [block.get("required_version") for block in module.blocks_of("terraform")]
    return [(attribute, attribute.value.strip('"')) for attribute in found if attribute is not None]


def _provider_versions(module: Module) -> list[tuple[Element, str]]:
    found: list[tuple[Element, str]] = []
    for block in module.blocks_of("terraform"):
        for inner in block.blocks_of("required_providers"):
            aws = inner.get("aws")
            version = re.search(r'version\s*=\s*"([^"]*)"', aws.value) if aws is not None else None
            if aws is not None and version is not None:
                found.append((aws, version[1]))
    return found


# --- what the stack must not contain
# --------------------------------------------------------------------------------------------


def _modules(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    allowed = context.contract.deliverable.modules
    for call in module.blocks_of("module") if allowed != "any" else ():
        if allowed == "none" or context.project.called_folder(call) is None:
            what = "modules" if allowed == "none" else "modules from elsewhere"
            yield rule.suggest(call, f"it calls a module, where the contract forbids {what}", _MODULE_REASONS[allowed])


def _provider_blocks(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    if not context.contract.deliverable.provider_block:
        for block in module.blocks_of("provider"):
            yield rule.suggest(
                block, "the files contain a provider block, where the contract forbids one", "take it out"
            )


def _resources(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources():
        for pattern in context.contract.forbid.resources:
            if fnmatchcase(block.labels[0], pattern):
                yield rule.suggest(block, f"the contract forbids {pattern}", "do without it")


def _regions(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    allowed = context.contract.topology.allowed_regions
    for block in module.blocks if allowed else ():
        strange = sorted({region for region in re.findall(_REGION, block.text()) if region not in allowed})
        if strange:
            message = f"it names {', '.join(strange)}, where the contract allows {', '.join(allowed)}"
            yield rule.suggest(block, message, "use the allowed region")


def _open_ingress(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    return _ingress(rule, module, context) if context.contract.forbid.open_ingress else iter(())


def _closed_ports(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    forbid = context.contract.forbid
    return _ingress(rule, module, context) if forbid.closed_ports and not forbid.open_ingress else iter(())


def _ingress(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    for block in module.resources("aws_security_group", "aws_default_security_group"):
        for ingress in block.blocks_of("ingress"):
            yield from _open(rule, context, ingress)
    for block in module.resources("aws_security_group_rule"):
        kind = block.get("type")
        if kind is not None and "ingress" in context.values(kind).values():
            yield from _open(rule, context, block)
    for block in module.resources("aws_vpc_security_group_ingress_rule"):
        yield from _open(rule, context, block)


def _open(rule: ContractClauses, context: Context, block: Block) -> Iterator[Finding]:
    """The first network of a rule that admits every address on a port that is not allowed, in some environment."""
    forbid = context.contract.forbid
    for name in ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"):
        for networks, first, last in block_values(context, block, name, "from_port", "to_port"):
            is_allowed = isinstance(first, int | float) and first == last and int(first) in forbid.open_ports
            if not forbid.open_ingress:
                is_allowed = not _includes_any(first, last, forbid.closed_ports)
            if includes_every_address(networks) and not is_allowed:
                ports = "every port" if first in (None, 0, -1) else f"port {_shown(first)}"
                message = f"it lets the whole world in on {ports}, which the contract forbids"
                yield rule.suggest(block.attributes[name], message, "name the networks")
                return


def _includes_any(first: object, last: object, ports: tuple[int, ...]) -> bool:
    """Whether a range of ports includes one of these. A range without bounds, or from 0 or -1 to 0, is every port."""
    if not isinstance(first, int | float) or not isinstance(last, int | float) or last <= 0:
        return True
    return any(first <= port <= last for port in ports)


def _iam_wildcards(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    if not context.contract.forbid.iam_wildcards:
        return
    for block in (*module.resources(), *module.data("aws_iam_policy_document")):
        if "aws_iam" not in block.labels[0]:
            continue
        text = block.text()
        wide = sorted(
            {key.lower().rstrip("s") for key, value in re.findall(_POLICY_KEYS, text) if re.search(_WILDCARD, value)}
        )
        if wide:
            message = f"the policy has a wildcard as {' and as '.join(wide)}, which the contract forbids"
            yield rule.suggest(block, message, "name the actions and the resources")


# --- names, data ------------------------------------------------------------------------------------------------------


def _suffix(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    variable = context.contract.names.suffix_variable
    if not variable:
        return
    wanted = re.compile(rf"\b(?:var|local)\.{re.escape(variable)}\b")
    for block in module.resources():
        for name in _NAMES:
            attribute = block.get(name)
            if (
                attribute is None
                or not block.labels[0].startswith("aws_")
                or block.labels[0].startswith(_NAMES_NOT_CHECKED)
            ):
                continue
            text = _with_locals(module, attribute.value)
            is_passed_in = not module.is_root and "var." in text
            if not wanted.search(text) and not is_passed_in and not _is_reference(attribute):
                yield rule.suggest(
                    attribute, f"{name} does not hold var.{variable}, which every name has to", "add it to the name"
                )
            break


def _encryption(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    if not context.contract.data.encrypted:
        return
    for block in module.resources(*_ENCRYPTION):
        name = _ENCRYPTION[block.labels[0]]
        if any(block.get(source) is not None for source in _INHERITED):
            continue
        yield from _unencrypted(rule, context, block, name)
    for block in module.resources("aws_instance", "aws_launch_template"):
        for volume in block.walk():
            # A volume from a snapshot takes the encryption of the snapshot.
            if volume.type in _VOLUMES and volume.get("snapshot_id") is None:
                yield from _unencrypted(rule, context, volume, "encrypted")


def _unencrypted(rule: ContractClauses, context: Context, block: Block, name: str) -> Iterator[Finding]:
    attribute = block.get(name)
    if attribute is None:
        yield rule.suggest(block, f"{name} is not set, where the contract demands encryption", f"{name} = true")
    elif any(value is False for value in context.values(attribute).values()):
        yield rule.suggest(attribute, f"{name} is false, where the contract demands encryption", f"{name} = true")


def _log_retention(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    days = context.contract.data.log_retention_days
    for block in module.resources("aws_cloudwatch_log_group") if days else ():
        attribute = block.get("retention_in_days")
        if attribute is None:
            message = f"the log group is kept for ever, where the contract demands {days} days"
            yield rule.suggest(block, message, "set retention_in_days")
            continue
        kept = dict.fromkeys(value for value in context.values(attribute).values() if isinstance(value, int | float))
        wrong = [_shown(value) for value in kept if value != days]
        if wrong:
            message = f"the log group is kept for {' or '.join(wrong)} days, where the contract demands {days}"
            yield rule.suggest(attribute, message, "change retention_in_days")


def _engine_versions(rule: ContractClauses, module: Module, context: Context) -> Iterator[Finding]:
    wanted = dict(context.contract.data.engine_versions)
    for block in (
        module.resources("aws_db_instance", "aws_rds_cluster", "aws_elasticache_replication_group") if wanted else ()
    ):
        for engine, version in block_values(context, block, "engine", "engine_version"):
            demanded = wanted.get(engine) if isinstance(engine, str) else None
            if demanded is None or version is None or version is UNKNOWN:
                continue
            if not f"{_shown(version)}.".startswith(f"{demanded}."):
                message = f"{engine} is of version {_shown(version)}, where the contract demands {demanded}"
                yield rule.suggest(block.attributes["engine_version"], message, "change engine_version")
                break


_CHECKS_OF_THE_ROOT: Final[tuple[tuple[str, Check], ...]] = (
    ("require.variables", _variables),
    ("require.outputs", _outputs),
    ("require.resources", _resource_counts),
    ("require.terraform_version", _terraform_version),
    ("require.aws_provider_version", _aws_provider_version),
)
"""Each check with the clause on which its findings rest."""
_CHECKS_OF_EACH_MODULE: Final[tuple[tuple[str, Check], ...]] = (
    ("deliverable.modules", _modules),
    ("deliverable.provider_block", _provider_blocks),
    ("forbid.resources", _resources),
    ("topology.allowed_regions", _regions),
    ("forbid.open_ingress", _open_ingress),
    ("forbid.closed_ports", _closed_ports),
    ("forbid.iam_wildcards", _iam_wildcards),
    ("names.suffix_variable", _suffix),
    ("data.encrypted", _encryption),
    ("data.log_retention_days", _log_retention),
    ("data.engine_versions", _engine_versions),
)


def _shown(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _with_locals(module: Module, text: str) -> str:
    """A text, and the texts of the local values to which it refers, directly or through others."""
    parts, waiting, seen = [text], [text], set[str]()
    while waiting:
        for name in re.findall(_LOCAL, waiting.pop()):
            value = module.locals.get(name)
            if value is not None and name not in seen:
                seen.add(name)
                parts.append(f"local.{name} {value.value}")
                waiting.append(value.value)
    return "\n".join(parts)


def _is_reference(attribute: Attribute) -> bool:
    """Whether a name is that of another resource, such as the bucket of a bucket policy.

    It is checked at that resource.
    """
    return re.match(r"(?:aws_|data\.|module\.|each\.|random_)", attribute.value) is not None
