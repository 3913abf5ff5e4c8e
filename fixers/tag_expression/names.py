"""The `Name` of a resource that has none: its own name argument's expression, else its label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.module import Attribute, Block, Module, string_value
from tapfix.module.evaluate import Evaluator
from tapfix.schema import TypeSchema

ENVIRONMENT_VARIABLES = ("environment", "env", "environment_name", "env_name", "environment_suffix", "stage")
"""What a module may call the variable that tells its environments apart, the likeliest first."""

_GENERIC = ("name", "identifier")
_PARTICULAR = {
    "aws_acm_certificate": "domain_name",
    "aws_ecs_task_definition": "family",
    "aws_key_pair": "key_name",
    "aws_ssmcontacts_contact": "alias",
}
"""Name arguments that say nothing of the type they name."""
_SUFFIXES = ("_name", "_identifier", "_id")
_NOT_FOR_TAGS = re.compile(r"[^\w\s.:/=+\-@]")
"""What AWS takes in no tag: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""


def environment_variable(module: Module) -> str | None:
    """The variable that tells the environments apart."""
    for name in ENVIRONMENT_VARIABLES:
        block = module.variables.get(name)
        if block is not None:
            type = block.get("type")
            if type is None or type.value in ("string", "any"):
                return name
    return None


def name_of(module: Module, block: Block, schema: TypeSchema) -> tuple[str, str]:
    """The expression of a resource's `Name`, and the argument that it comes from (empty: from the label)."""
    for name in name_arguments(schema):
        for argument, prefix in ((name, False), (f"{name}_prefix", True)):
            attribute = block.get(argument)
            text = _usable(module, attribute, prefix) if attribute is not None else None
            if text is not None:
                return text, argument
    return _from_label(module, block), ""


def name_arguments(schema: TypeSchema) -> Iterator[str]:
    """The arguments that name a resource of the type itself, and not another that it belongs to, the likeliest first."""
    for name in (*_GENERIC, _PARTICULAR.get(schema.name, "")):
        if name in schema.attributes:
            yield name
    for name, attribute in schema.attributes.items():
        if attribute.settable and attribute.type == "string" and name not in _GENERIC:
            stems = [name, *(name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix))]
            if any(schema.name.endswith(f"_{stem}") for stem in stems):
                yield name


def _usable(module: Module, attribute: Attribute, prefix: bool) -> str | None:
    """The text of a name argument, if it can stand in a tag."""
    expr, text = attribute.expr, attribute.value
    if "\n" in text or expr.kind in ("conditional", "NumberLit", "Identifier") or re.search(r"\bnull\b", text):
        return None
    parts = Evaluator(module).parts(expr)
    known = [part for part in parts if isinstance(part, str)]
    if any(_NOT_FOR_TAGS.search(part) for part in known) or parts == ("",):
        return None
    if not prefix:
        return text
    if expr.kind != "template":
        return None
    trimmed = text[:-1].rstrip("-_. ") + '"'
    return trimmed if len(trimmed) > 2 else None


def _from_label(module: Module, block: Block) -> str:
    label = re.sub(r"[_-]+", "-", block.labels[1]).strip("-") or "main"
    words = block.labels[0].split("_")[1:]
    held = label.split("-")
    if words and words[-1] not in held:
        held += [w for w in words if w not in held]
    parts = ["-".join(held)]
    environment = environment_variable(module)
    if environment is not None:
        parts.append(f"${{var.{environment}}}")
    if block.get("for_each") is not None:
        parts.append("${each.key}")
    elif (count := block.get("count")) is not None and not _is_switch(count):
        parts.append("${count.index + 1}")
    return f'"{"-".join(parts)}"'


def _is_switch(count: Attribute) -> bool:
    """Whether a count only says that the resource is there or not."""
    expr = count.expr
    if expr.kind == "conditional":
        return {count.text(expr.children[2]), count.text(expr.children[4])} <= {"0", "1"}
    return count.value in ("0", "1") or string_value(expr) == "1"
