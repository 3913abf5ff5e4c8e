"""TAP113: a constant where the environments differ or must differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, item_key, item_value, object_items, string_value, walk
from tapfix.module.environments import environment_files, environment_variable, is_automatic, is_environment_name

from .shared.account_names import reaches
from .shared.wording import listed

_SUFFIX: Final = r"(?:\w+_)?suffix"
"""Names of a variable that distinguishes names, and so the environments."""
_ENVIRONMENTS: Final = frozenset(
    {"dev", "development", "test", "testing", "qa", "stage", "staging", "prod", "production"}
)
_QUOTED_ENVIRONMENTS: Final = tuple(f'"{name}"' for name in sorted(_ENVIRONMENTS))
_ENVIRONMENT_KEYS: Final = frozenset({"environment", "env"})
_PLACEHOLDER: Final = r"(?i)placeholder\w*|change[-_ ]?me\w*|replace[-_ ]?me\w*|todo|tbd|your[-_]\w+|<[^>]*>"
_ZONE: Final = re.compile(r'"([a-z]{2}(?:-[a-z]+)+-\d[a-f])"')
_NAMES: Final = {
    "aws_s3_bucket": "bucket",
    "aws_iam_role": "name",
    "aws_iam_policy": "name",
    "aws_iam_instance_profile": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_lambda_function": "function_name",
    "aws_kms_alias": "name",
    "aws_sns_topic": "name",
    "aws_sqs_queue": "name",
    "aws_dynamodb_table": "name",
    "aws_db_instance": "identifier",
    "aws_rds_cluster": "cluster_identifier",
    "aws_db_subnet_group": "name",
    "aws_lb": "name",
    "aws_lb_target_group": "name",
    "aws_ecs_cluster": "name",
    "aws_ecr_repository": "name",
    "aws_secretsmanager_secret": "name",
    "aws_ssm_parameter": "name",
}
"""The argument for the name, by type, where names are unique in an account, or for buckets among all accounts."""
_SHOWN: Final = 3
_FEWEST: Final = 3
"""The fewest fixed names that are reported in a stack without a variable for environments. Fewer may be intended."""


class HardCoded(Fixer):
    """A constant is used where the environments differ or must differ.

    A tag with the value `production` in every environment, zones that another account does not have, a bucket name that
    another account already uses, names that clash with those of a second stack in the account: each works only once.

    **Suggestion.** A person has to decide on the right value. Values in the tfvars files of environments are not
    reported, since such files are the place for them; the tag of one environment in `terraform.tfvars`, which all
    environments get, is. A name with a variable in it can differ, unless the tfvars files say that it does not. If
    the contract demands a suffix in names (`names.suffix_variable`), `contract-clauses` (TAP150) checks them, and this
    rule does not.
    """

    rule = "TAP113"
    severity = Severity.MEDIUM
    safety = Safety.SUGGESTION
    title = "Hard-coded environments, zones and names"
    cause = "What is right for one environment, one account or one moment was written out."
    reference = "https://developer.hashicorp.com/terraform/language/values/variables"
    because = Because("built-in", "what differs between environments, accounts and regions is not a constant")
    effect = "A second environment clashes with the first one, or is taken for it."
    examples = (
        Example(
            title="An environment and zones that are always the same",
            before="""\
variable "environment" {
  type = string
}

resource "aws_subnet" "a" {
  count             = 2
  cidr_block        = "10.0.${count.index}.0/24"
  availability_zone = ["us-east-1a", "us-east-1b"][count.index]

  tags = {
    Environment = "production"
  }
}
""",
            after=None,
        ),
        Example(
            title="Names that are taken already",
            before="""\
variable "environment" {
  type = string
}

resource "aws_s3_bucket" "logs" {
  bucket = "my-app-logs"
}

resource "aws_iam_role" "app" {
  name = "my-app"
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        yield from self._environments(module)
        yield from self._placeholders(module)
        yield from self._zones(module)
        yield from self._names(module, context)

    def _environments(self, module: Module) -> Iterator[Finding]:
        variable = _distinguishing_variable(module)
        if variable is None:
            return
        for block in module.blocks:
            if block.type not in ("resource", "provider"):
                continue
            for inner in block.walk():
                for name, attribute in inner.attributes.items():
                    if name.endswith("tags") and any(map(attribute.value.lower().__contains__, _QUOTED_ENVIRONMENTS)):
                        yield from self._tags(attribute, variable)
                if inner.type == "selection_tag":
                    yield from self._selection(inner, variable)
        for file in module.tfvars:
            for name, attribute in file.attributes.items() if is_automatic(module, file) else ():
                if name.lower().endswith("tags") and not _is_set_in_each(module, name):
                    yield from self._tags(attribute, variable)

    def _tags(self, attribute: Attribute, variable: str) -> Iterator[Finding]:
        for node in walk(attribute.expr):
            for item in object_items(node) if node.kind == "object" else ():
                value = string_value(item_value(item))
                if (item_key(item) or "").lower() in _ENVIRONMENT_KEYS and (value or "").lower() in _ENVIRONMENTS:
                    message = f"the tag is {value!r} in every environment, although var.{variable} distinguishes them"
                    yield self.suggest(attribute, message, f"use var.{variable}", node=item)

    def _selection(self, block: Block, variable: str) -> Iterator[Finding]:
        key, value = (string_value(a.expr) if (a := block.get(name)) else None for name in ("key", "value"))
        if (key or "").lower() in _ENVIRONMENT_KEYS and (value or "").lower() in _ENVIRONMENTS:
            message = f"it selects the tag {value!r} in every environment, although var.{variable} distinguishes them"
            yield self.suggest(block, message, f"use var.{variable}")

    def _placeholders(self, module: Module) -> Iterator[Finding]:
        for block in module.resources("aws_ssm_parameter", "aws_secretsmanager_secret_version"):
            is_set_elsewhere = any("ignore_changes" in inner.attributes for inner in block.blocks_of("lifecycle"))
            for name in ("value", "secret_string"):
                attribute = block.get(name)
                said = string_value(attribute.expr) if attribute is not None else None
                if attribute is not None and not is_set_elsewhere and said and re.fullmatch(_PLACEHOLDER, said):
                    yield self.suggest(
                        attribute, f"{said!r} is a placeholder for a value that is missing", "take it as a variable"
                    )

    def _zones(self, module: Module) -> Iterator[Finding]:
        """One finding for all zones. A single zone may be intended."""
        named = {
            block: list(dict.fromkeys(_ZONE.findall(block.text())))
            for file in module.configuration
            if _ZONE.search(file.text)
            for block in file.blocks
            if block.type in ("resource", "variable", "locals", "module") and not block.blocks_of("validation")
        }
        zones = list(dict.fromkeys(zone for found in named.values() for zone in found))
        if len(zones) > 1:
            yield self.suggest(
                next(block for block, found in named.items() if found),
                f"the stack names {listed(zones)}, which another account or region may not have",
                "take them from data.aws_availability_zones",
            )

    def _names(self, module: Module, context: Context) -> Iterator[Finding]:
        """One finding for all names, since one decision repairs them all."""
        if not module.is_root or context.contract.names.suffix_variable:
            return
        fixed = [
            block
            for block in module.resources(*_NAMES)
            if (name := block.get(_NAMES[block.labels[0]])) is not None and _is_fixed(module, context, name)
        ]
        variable = _distinguishing_variable(module)
        if not fixed or (variable is None and len(fixed) < _FEWEST):
            return
        further = f" and {len(fixed) - _SHOWN} more" if len(fixed) > _SHOWN else ""
        shown = ", ".join(block.address for block in fixed[:_SHOWN])
        where = "the world" if any(block.resource_type == "aws_s3_bucket" for block in fixed) else "the account"
        yield self.suggest(
            fixed[0],
            f"{shown}{further} {'have names that are' if len(fixed) > 1 else 'has a name that is'} the same in every "
            f"environment: a second stack in {where} clashes",
            f"put var.{variable} into the names"
            if variable
            else "put a variable that distinguishes the stacks into the names",
        )


def _distinguishing_variable(module: Module) -> str | None:
    """The name of the variable that distinguishes the environments, or else of one that is a suffix of names."""
    variable = environment_variable(module)
    if variable is not None:
        return variable.name
    return next((name for name in module.variables if re.fullmatch(_SUFFIX, name)), None)


def _is_set_in_each(module: Module, name: str) -> bool:
    """Whether the tfvars file of each environment sets a variable, so that its value for all of them is not used."""
    files = environment_files(module, None).values()
    return bool(files) and all(name in file.attributes for file in files)


def _is_fixed(module: Module, context: Context, name: Attribute) -> bool:
    """Whether a name is known and the same in all environments."""
    return isinstance(context.value(name), str) and not _from_environment(module, name)


def _from_environment(module: Module, name: Attribute) -> bool:
    """Whether a name contains a variable that distinguishes or may distinguish the environments, or the workspace."""
    set_by_all = {key for file in module.tfvars if is_automatic(module, file) for key in file.attributes}
    is_open = not environment_files(module, None)  # Nobody says yet what the environments set.

    def distinguishes(address: str) -> bool:
        variable = address.removeprefix("var.") if address.startswith("var.") else ""
        is_suffix = re.fullmatch(_SUFFIX, variable) is not None
        may_differ = is_open and variable in module.variables and variable not in set_by_all
        return address == "terraform.workspace" or is_environment_name(variable) or is_suffix or may_differ

    return reaches(module, name, name.expr, distinguishes)
