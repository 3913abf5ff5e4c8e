"""The `Name` of a resource that has none: its own name argument's expression, else its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import Attribute, Block, Module, compose, string_value
from tapfix.module.environments import environment_variable
from tapfix.module.evaluate import Evaluator
from tapfix.module.nodes import Conditional
from tapfix.schema import TypeSchema

_GENERIC = ("name", "identifier")
_PARTICULAR = {
    "aws_acm_certificate": "domain_name",
    "aws_ecs_task_definition": "family",
    "aws_key_pair": "key_name",
    "aws_ssmcontacts_contact": "alias",
}
"""Name arguments whose names do not contain the type's."""
_SUFFIXES = ("_name", "_identifier", "_id")
_NOT_FOR_TAGS = r"[^\w\s.:/=+\-@]"
"""Characters that no tag of AWS may have: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""


class TagName(NamedTuple):
    """The expression of a resource's `Name`, and the argument that it comes from (empty: from the label)."""

    text: str
    argument: str


def name_of(module: Module, context: Context, block: Block, schema: TypeSchema) -> TagName:
    """The `Name` of a resource that has none."""
    for name in name_arguments(schema):
        for argument, is_prefix in ((name, False), (f"{name}_prefix", True)):
            attribute = block.get(argument)
            text = _usable(module, context, attribute, is_prefix) if attribute is not None else None
            if text is not None:
                return TagName(text, argument)
    return TagName(_from_label(module, block), "")


def name_arguments(schema: TypeSchema) -> Iterator[str]:
    """The arguments that name the resource itself, and not another that it belongs to; the likeliest first."""
    for name in (*_GENERIC, _PARTICULAR.get(schema.name, "")):
        if name in schema.attributes:
            yield name
    for name, attribute in schema.attributes.items():
        if attribute.settable and attribute.type == "string" and name not in _GENERIC:
            stems = [name, *(name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix))]
            if any(schema.name.endswith(f"_{stem}") for stem in stems):
                yield name


def _usable(module: Module, context: Context, attribute: Attribute, is_prefix: bool) -> str | None:
    """The text of a name argument, if a tag can have it in each environment, and where the defaults apply."""
    expr, text = attribute.expr, attribute.value
    if "\n" in text or expr.kind in ("conditional", "NumberLit", "Identifier") or re.search(r"\bnull\b", text):
        return None
    for evaluator in (Evaluator(module), *context.evaluators(module).values()):
        parts = evaluator.parts(expr)
        if parts == ("",) or any(isinstance(part, str) and re.search(_NOT_FOR_TAGS, part) for part in parts):
            return None
    if not is_prefix:
        return text
    if expr.kind != "template":
        return None
    trimmed = text[:-1].rstrip("-_. ") + '"'
    return trimmed if len(trimmed) > 2 else None


def _from_label(module: Module, block: Block) -> str:
    """The label, the words of the type that it lacks, the environment, and the key of one of several."""
    label = re.sub(r"[_-]+", "-", block.labels[1]).strip("-") or "main"
    words = block.labels[0].split("_")[1:]
    held = label.split("-")
    if words and words[-1] not in held:
        held += [w for w in words if w not in held]
    parts = ["-".join(held)]
    environment = environment_variable(module)
    if environment is not None:
        parts.append(compose.interpolation(f"var.{environment.name}"))
    if block.get("for_each") is not None:
        parts.append(compose.interpolation("each.key"))
    elif (count := block.get("count")) is not None and not _is_switch(count):
        parts.append(compose.interpolation("count.index + 1"))
    return f'"{"-".join(parts)}"'


def _is_switch(count: Attribute) -> bool:
    """Whether a count only says whether the resource exists."""
    expr = count.expr
    if expr.kind == "conditional":
        _, yes, no = Conditional.of(expr)
        return {count.text(yes), count.text(no)} <= {"0", "1"}
    return count.value in ("0", "1") or string_value(expr) == "1"
