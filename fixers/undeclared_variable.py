"""TAP107: variables that are used and declared nowhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Module, Reference
from tapfix.module.compose import quoted
from tapfix.module.environments import CALL_ARGUMENTS, environment_files, environment_variable, is_environment_name
from tapfix.module.nodes import interpolated, template_parts
from tapfix.module.variables import Variable, declare
from tapfix.schema import Schema

_NAME = re.compile(r"[^\W\d][\w-]*")

_ENVIRONMENTS = r"(?i)\b(prod|production|stag|stage|staging|stg|dev|development|test|qa|uat|sandbox)\b"

_ALIKE = 0.9
"""The likeness (difflib's ratio) from which on a name may be a misspelling of a declared one."""


class UndeclaredVariable(Fixer):
    """A variable that is used and declared nowhere.

    Answers use `var.environment_suffix` or `var.aws_region` as if somebody else had declared them, and a module uses
    what its call passes to it without declaring it. Terraform accepts neither. The variable is declared, after those
    that are declared already:

    * its type is the type of the arguments whose whole value it is, by the provider's schema; it is a string where it
      is part of a text, and `any` where neither is known;
    * it gets no default, and no value is made up. If the environments have tfvars files, each file has to set the
      variable already. Only if its name says that its value is the environment's own name (`environment_suffix`, `env`,
      `stage`) does each file get that value;
    * if another variable is declared that is the environment's name, as `env` beside an undeclared `var.environment`,
      the references name that one: one variable distinguishes the environments;
    * in a local module it is declared if every call passes it. What a call passes and the module neither declares nor
      uses is removed from the call.

    **Refused** otherwise: only a person knows the value. Also refused if a declared variable has nearly the same name
    (which of the two is meant?), and if the declaration seems to be in text that does not parse.

    **Why unsafe:** the stack asks for a value that it did not ask for before. No stack that Terraform accepts is
    changed.
    """

    rule = "TAP107"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    title = "A variable that nobody declares"
    cause = (
        "The answer was written as if another file declared it, or a module takes up what is handed down without "
        "declaring it."
    )
    reference = "https://developer.hashicorp.com/terraform/language/values/variables"
    because = Because("terraform", "every variable that is used is declared", reference=reference)
    effect = "Terraform refuses the module: the reference names nothing."
    order = 8
    examples = (
        Example(
            title="The environment's name, and a number",
            before={
                "tap_stack.tf": """\
resource "aws_cloudwatch_log_group" "app" {
  name              = "/app/${var.environment_suffix}"
  retention_in_days = var.retention
}
""",
                "dev.tfvars": "retention = 7\n",
                "prod.tfvars": "retention = 90\n",
            },
            after={
                "tap_stack.tf": """\
variable "environment_suffix" {
  description = "Environment suffix"
  type        = string
}

variable "retention" {
  description = "Retention"
  type        = number
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/app/${var.environment_suffix}"
  retention_in_days = var.retention
}
""",
                "dev.tfvars": 'retention = 7\n\nenvironment_suffix = "dev"\n',
                "prod.tfvars": 'retention = 90\n\nenvironment_suffix = "prod"\n',
            },
            contract='[topology]\nenvironments = ["dev", "prod"]\n',
        ),
        Example(
            title="Handed down, and not taken up",
            before={
                "main.tf": 'module "network" {\n  source = "./modules/network"\n  cidr   = "10.0.0.0/16"\n}\n',
                "modules/network/main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n',
            },
            after={
                "main.tf": 'module "network" {\n  source = "./modules/network"\n  cidr   = "10.0.0.0/16"\n}\n',
                "modules/network/main.tf": """\
variable "cidr" {
  description = "Cidr"
  type        = string
}

resource "aws_vpc" "main" {
  cidr_block = var.cidr
}
""",
            },
        ),
        Example(
            title="Refused: the environments' files do not say its value",
            before={
                "tap_stack.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n',
                "dev.tfvars": 'name = "dev"\n',
            },
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        used: dict[str, list[Reference]] = {}
        for reference in module.references:
            if reference.address.startswith("var.") and module.find(reference.address) is None:
                used.setdefault(reference.address.removeprefix("var."), []).append(reference)
        meant = _environment_meant(module, context, used)
        wanted: list[Variable] = []
        for name, references in used.items():
            message = f"var.{name} is used and declared nowhere"
            if meant and name != meant and is_environment_name(name):
                what = f"{message}; var.{meant} is the environment's name"
                yield self.fix(references[0], what, _renamed(module, name, references, meant))
                continue
            reason = _why_not(module, context, name)
            if reason:
                yield self.refuse(references[0], message, reason)
            else:
                wanted.append(_variable(module, context, name, references))
        if wanted:
            names = ", ".join(f"var.{variable.name}" for variable in wanted)
            are = "is" if len(wanted) == 1 else "are"
            first = used[wanted[0].name][0]
            yield self.fix(
                first, f"{names} {are} used and declared nowhere", declare(module, context.environments, wanted)
            )
        yield from self._not_taken(module, context)

    def _not_taken(self, module: Module, context: Context) -> Iterator[Finding]:
        """What calls pass to this module, and it neither declares nor uses."""
        if module.is_root or any(file.broken for file in module.configuration) or not module.blocks:
            return
        for call in context.project.callers(module):
            for name, attribute in call.attributes.items():
                address = f"var.{name}"
                if name in CALL_ARGUMENTS or module.find(address) or module.references_to(address):
                    continue
                message = f"{call.address} hands down `{name}`, which {module.folder} neither declares nor uses"
                yield self.fix(attribute, message, [attribute.remove()])


def _environment_meant(module: Module, context: Context, used: Iterable[str]) -> str:
    """The one variable that is the environment's name: the declared one, else the first of the undeclared ones.

    Empty where a call hands down the undeclared one, and where the declared one is not certain to be that name: `stage`
    may be the stage of an API.
    """
    strays = [name for name in used if is_environment_name(name)]
    calls = () if module.is_root else context.project.callers(module)
    if any(name in call.attributes for name in strays for call in calls):
        return ""
    declared = environment_variable(module)
    if declared is None:
        return strays[0] if strays else ""
    default = declared.get("default")
    if "stage" in declared.name.lower() and default is not None and not re.search(_ENVIRONMENTS, default.value):
        return ""
    return declared.name


def _renamed(module: Module, name: str, references: Iterable[Reference], meant: str) -> Iterator[Edit]:
    """Edits that let references, and the tfvars files, name the declared variable in place of an undeclared one."""
    for reference in references:
        yield reference.edit(f"var.{meant}")
    for file in module.tfvars if module.is_root else ():
        attribute = file.attributes.get(name)
        if attribute is not None:
            yield attribute.remove() if meant in file.attributes else attribute.rename(meant)


def _why_not(module: Module, context: Context, name: str) -> str:
    """Why a variable cannot be declared; empty if it can."""
    if any(f'variable "{name}"' in broken.text() for file in module.configuration for broken in file.broken):
        return "it seems to be declared in text that does not parse: mend that first"
    damaged = next((other for other in module.variables if not _NAME.fullmatch(other)), None)
    if damaged is not None:
        return f"the name of {damaged} is not valid, and this name may be a part of it: mend that first"
    alike = get_close_matches(name, module.variables, 1, _ALIKE)
    if alike:
        return f"{alike[0]} is declared: decide whether it is meant"
    if not module.is_root:
        calls = context.project.callers(module)
        without = next((call.address for call in calls if name not in call.attributes), None)
        if not calls or without:
            what = f"{without} does not hand it down" if without else "no call in the answer hands it down"
            return f"{what}: declare it and say its value"
        return ""
    if is_environment_name(name):
        return ""
    silent = [
        env for env, file in environment_files(module, context.environments).items() if name not in file.attributes
    ]
    return f"its value for {', '.join(silent)} is set nowhere: declare it and set it there" if silent else ""


def _variable(module: Module, context: Context, name: str, references: Sequence[Reference]) -> Variable:
    types = {found for reference in references if (found := _type_at(reference, context.schema))}
    values: Mapping[str, str] = {}
    if module.is_root and is_environment_name(name):
        values = {environment: quoted(environment) for environment in environment_files(module, context.environments)}
        types = {"string"}
    words = name.replace("_", " ").replace("-", " ").strip()
    return Variable(name, types.pop() if len(types) == 1 else "any", words[:1].upper() + words[1:], values=values)


def _type_at(reference: Reference, schema: Schema) -> str:
    """The type that a variable must have for a reference to it, in HCL; empty if any type may do."""
    holder = reference.holder
    if reference.steps or holder is None:
        return ""
    if holder.expr is reference.node:
        return _argument_type(holder, schema)
    if holder.expr.kind not in ("template", "heredoc"):
        return ""
    parts = template_parts(holder.expr)
    part = parts[bisect_right(parts, reference.node.start, key=lambda part: part.start) - 1]
    return "string" if part.kind == "interpolation" and interpolated(part) is reference.node else ""


def _argument_type(attribute: Attribute, schema: Schema) -> str:
    """The type of an argument of a resource or data source, in HCL; empty if it is not known."""
    path: list[str] = []
    element = attribute.parent
    while element is not None and element.parent is not None:
        path.append(element.labels[0] if element.type == "dynamic" else element.type)
        element = element.parent
    if element is None or len(element.labels) != 2 or element.type not in ("resource", "data"):
        return ""
    resource = schema.of(element.type, element.labels[0])
    holder = resource.inner(reversed([name for name in path if name != "content"])) if resource is not None else None
    known = holder.attributes.get(attribute.name) if holder is not None else None
    return _hcl_type(known.type) if known is not None else ""


def _hcl_type(type: object) -> str:
    """A type of the schema in HCL; empty for a type of objects."""
    if isinstance(type, str):
        return type if type in ("string", "number", "bool") else ""
    if isinstance(type, list) and type[0] in ("list", "set", "map") and isinstance(type[1], str):
        # A list converts to a set, and is what a person writes.
        return f"{'map' if type[0] == 'map' else 'list'}({type[1]})"
    return ""
