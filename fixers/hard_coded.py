"""TAP113: what differs between environments, or has to, is written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, item_key, item_value, object_items, string_value, walk

from .shared.account_names import reaches

_TELLS_ENVIRONMENTS: Final = re.compile(r"^(?:environment|env|stage)(?:_(?:name|suffix))?$|^(?:\w+_)?suffix$")
_ENVIRONMENTS: Final = frozenset(
    {"dev", "development", "test", "testing", "qa", "stage", "staging", "prod", "production"}
)
_SPELLED: Final = tuple(f'"{name}"' for name in sorted(_ENVIRONMENTS))
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
"""Types of which an account, or for buckets the world, has one of each name, and the argument that names them."""
_SHOWN: Final = 3
_FEW: Final = 3
"""As many fixed names are a stack that can stand once; with fewer, and no variable for environments, they may be meant."""


class HardCoded(Fixer):
    """What differs between environments, or has to, is written out.

    A tag that says `production` in every environment, zones that the next account does not have, a bucket name that somebody in the world has
    taken already, names that are the same in the second stack of an account: each is right once.

    **Suggestion**: what belongs in its place is for a person to say. Values in tfvars files are what such files are for; names that the
    contract judges (`names.suffix_variable`) are left to TAP150.
    """

    rule = "TAP113"
    severity = Severity.MEDIUM
    safety = Safety.SUGGESTION
    title = "Hard-coded environments, zones and names"
    cause = "What is right for one environment, one account or one moment was written out."
    reference = "https://developer.hashicorp.com/terraform/language/values/variables"
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
            title="Names that somebody has already",
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
        variable = _environment_variable(module)
        if variable is None:
            return
        for block in module.blocks:
            if block.type not in ("resource", "provider"):
                continue
            for inner in block.walk():
                for name, attribute in inner.attributes.items():
                    if name.endswith("tags") and any(map(attribute.value.lower().__contains__, _SPELLED)):
                        yield from self._tags(attribute, variable)
                if inner.type == "selection_tag":
                    yield from self._selection(inner, variable)

    def _tags(self, attribute: Attribute, variable: str) -> Iterator[Finding]:
        for node in walk(attribute.expr):
            for item in object_items(node) if node.kind == "object" else ():
                value = string_value(item_value(item))
                if (item_key(item) or "").lower() in _ENVIRONMENT_KEYS and (value or "").lower() in _ENVIRONMENTS:
                    message = f"the tag says {value!r} in every environment, and var.{variable} tells them apart"
                    yield self.suggest(attribute, message, f"use var.{variable}", node=item)

    def _selection(self, block: Block, variable: str) -> Iterator[Finding]:
        key, value = (string_value(a.expr) if (a := block.get(name)) else None for name in ("key", "value"))
        if (key or "").lower() in _ENVIRONMENT_KEYS and (value or "").lower() in _ENVIRONMENTS:
            message = f"it selects what is tagged {value!r} in every environment, and var.{variable} tells them apart"
            yield self.suggest(block, message, f"use var.{variable}")

    def _placeholders(self, module: Module) -> Iterator[Finding]:
        for block in module.resources("aws_ssm_parameter", "aws_secretsmanager_secret_version"):
            is_set_elsewhere = any("ignore_changes" in inner.attributes for inner in block.blocks_of("lifecycle"))
            for name in ("value", "secret_string"):
                attribute = block.get(name)
                said = string_value(attribute.expr) if attribute is not None else None
                if attribute is not None and not is_set_elsewhere and said and re.fullmatch(_PLACEHOLDER, said):
                    yield self.suggest(
                        attribute, f"{said!r} stands for a value that is not there", "take it as a variable"
                    )

    def _zones(self, module: Module) -> Iterator[Finding]:
        """One finding for all zones; one zone alone may be what somebody wants."""
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
                f"the stack names {_and(zones)}, which another account or region may not have",
                "take them from data.aws_availability_zones",
            )

    def _names(self, module: Module, context: Context) -> Iterator[Finding]:
        """One finding for all names: they are mended by one decision."""
        if not module.is_root or context.contract.names.suffix_variable:
            return
        fixed = [
            block
            for block in module.resources(*_NAMES)
            if (name := block.get(_NAMES[block.labels[0]])) is not None and _is_fixed(module, context, name)
        ]
        variable = _environment_variable(module)
        if not fixed or (variable is None and len(fixed) < _FEW):
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
            else "put a variable into the names that tells the stacks apart",
        )


def _environment_variable(module: Module) -> str | None:
    """The variable that tells the environments apart."""
    return next((name for name in module.variables if _TELLS_ENVIRONMENTS.match(name)), None)


def _is_fixed(module: Module, context: Context, name: Attribute) -> bool:
    """Whether it is known what a name comes to, and the same in all environments."""
    values = context.values(module, name, name.expr)
    is_known = all(isinstance(value, str) and value == values[0] for value in values)
    return is_known and not _from_environment(module, name)


def _from_environment(module: Module, name: Attribute) -> bool:
    """Whether a name leads to a variable that tells environments apart, or to the workspace."""

    def tells(address: str) -> bool:
        is_variable = address.startswith("var.")
        return address == "terraform.workspace" or (is_variable and bool(_TELLS_ENVIRONMENTS.match(address[4:])))

    return reaches(module, name, name.expr, tells)


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
