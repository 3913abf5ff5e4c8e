"""TAP113: what differs between environments, or has to, is written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tapfix.edits import Safety
from tapfix.evaluate import values_per_environment
from tapfix.fixer import Context, Example, Finding, Fixer, Severity
from tapfix.module import Attribute, Block, Module, item_key, item_value, object_items, string_value, walk

_TELLS_ENVIRONMENTS: Final = re.compile(r"^(?:environment|env|stage)(?:_(?:name|suffix))?$|^(?:\w+_)?suffix$")
_ENVIRONMENTS: Final = frozenset(
    {"dev", "development", "test", "testing", "qa", "stage", "staging", "prod", "production"}
)
_ENVIRONMENT_KEYS: Final = frozenset({"environment", "env"})
_ZONE: Final = re.compile(r'"([a-z]{2}(?:-[a-z]+)+-\d[a-f])"')
_NAMES: Final = {
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
"""Types of which an account has one of each name, and the argument that names them."""
_SHOWN: Final = 3


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
    examples = (
        Example(
            title="An environment and a zone that are always the same",
            before="""\
variable "environment" {
  type = string
}

resource "aws_subnet" "a" {
  cidr_block        = "10.0.1.0/24"
  availability_zone = "us-east-1a"

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
        yield from self._zones(module)
        yield from self._buckets(module, context)
        yield from self._names(module, context)

    def _environments(self, module: Module) -> Iterator[Finding]:
        variable = next((name for name in module.variables if _TELLS_ENVIRONMENTS.match(name)), None)
        if variable is None:
            return
        for block in module.blocks:
            if block.type not in ("resource", "provider"):
                continue
            for inner in block.walk():
                for attribute in inner.attributes.values():
                    yield from self._tags(attribute, variable)
                if inner.type == "selection_tag":
                    yield from self._selection(inner, variable)

    def _tags(self, attribute: Attribute, variable: str) -> Iterator[Finding]:
        if not attribute.name.endswith("tags"):
            return
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

    def _zones(self, module: Module) -> Iterator[Finding]:
        for block in module.blocks:
            if block.type not in ("resource", "variable", "locals", "module"):
                continue
            zones = list(dict.fromkeys(_ZONE.findall(block.text())))
            if zones and not block.blocks_of("validation"):
                yield self.suggest(
                    block,
                    f"it names {_and(zones)}, which another account or region does not have",
                    "take them from data.aws_availability_zones",
                )

    def _buckets(self, module: Module, context: Context) -> Iterator[Finding]:
        for block in module.resources("aws_s3_bucket"):
            name = block.get("bucket")
            known = _fixed(module, context, name) if name is not None and module.is_root else None
            if name is not None and known is not None and not _from_environment(module, name):
                yield self.suggest(
                    name,
                    f"the bucket is called {known!r}, and no two buckets in the world have one name",
                    "put the account's id or a random suffix into the name",
                )

    def _names(self, module: Module, context: Context) -> Iterator[Finding]:
        """One finding for all names: they are mended by one decision."""
        if not module.is_root or context.contract.names.suffix_variable:
            return
        fixed = [
            block
            for block in module.resources(*_NAMES)
            if (name := block.get(_NAMES[block.labels[0]])) is not None
            and not _from_environment(module, name)
            and _fixed(module, context, name) is not None
        ]
        if fixed:
            further = f" and {len(fixed) - _SHOWN} more" if len(fixed) > _SHOWN else ""
            shown = ", ".join(block.address for block in fixed[:_SHOWN])
            yield self.suggest(
                fixed[0],
                f"{shown}{further} {'have names that are' if len(fixed) > 1 else 'has a name that is'} the same in every "
                "environment: a second stack in the account clashes",
                "put a variable into the names that tells the stacks apart",
            )


def _fixed(module: Module, context: Context, name: Attribute) -> str | None:
    """What a name comes to, where that is known and the same in all environments."""
    values = set(map(str, values_per_environment(module, context.contract, name, name.expr).values()))
    known = values_per_environment(module, context.contract, name, name.expr).values()
    return values.pop() if len(values) == 1 and all(isinstance(value, str) for value in known) else None


def _from_environment(module: Module, name: Attribute) -> bool:
    """Whether a name leads to a variable that tells environments apart, or to the workspace."""
    waiting, seen = [name.value], set[str]()
    while waiting:
        text = waiting.pop()
        if "terraform.workspace" in text:
            return True
        for kind, word in re.findall(r"\b(var|local)\.([A-Za-z_][\w-]*)", text):
            if kind == "var" and _TELLS_ENVIRONMENTS.match(word):
                return True
            local = module.locals.get(word) if kind == "local" else None
            if local is not None and word not in seen:
                seen.add(word)
                waiting.append(local.value)
    return False


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
