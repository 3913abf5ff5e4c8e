"""TAP008: a variable overrides the AMI of everything that runs instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, string_value
from tapfix.module.environments import AUTOMATIC, environment_files, is_automatic
from tapfix.module.nodes import unwrapped
from tapfix.module.variables import Variable

from ..shared.amis import AMI_ID, Release, release_of
from ..shared.module_calls import call_prefix, hand_down, joined, size_variables
from .images import Image, decided_elsewhere, images_of, newest

_NAMES_AMI = re.compile(r"(^|_)ami(_|$)")


class AmiVariable(Fixer):
    """An AMI that nobody can override.

    The contract names a variable (`compute.ami_variable`, by default `ami_id`) that overrides the image of every launch
    template, instance, launch configuration and spot request. A missing variable is declared, and takes precedence
    over what decided before. While it is not set, it is null or empty, like the module's other optional variables:

    - a data source, an SSM parameter, a map by region, `resolve:ssm:…`: these stay the default;
    - a literal `ami-…`: an AMI id is valid in one region, so it becomes the variable's value in each environment's
      tfvars file (without environments in `terraform.tfvars`), together with the comment after it. The default is the
      newest Amazon Linux 2, by a data source. The data source that the module has is used, else one is added: for arm64
      where the instance type is a Graviton one, of Amazon Linux 2023 where the script or a comment mentions it.
      Machines that run another system, or the agents of ECS or EKS, get no default, because plain Amazon Linux would
      not run what they run;
    - a literal default of a variable moves to the tfvars files in the same way, and a validation of the variable lets
      it be empty. A variable that is used for more than images only loses its default;
    - a local value is followed, and the variable goes into the local value.

    Several different images get several variables, named after what runs them. In a local module the variable is handed
    down from the root; where the calls of the module run with different providers, that is in different regions, each
    call has a variable of its own. A variable that decides already, alone or with a fallback, is accepted as it is.

    **Safe** where a data source decided: while the variable is not set, the plan is the same. **Unsafe** where a
    literal id moves: environments with a tfvars file keep it, and a plan without one gets the newest Amazon Linux 2.

    **Refused**: an image that differs by `each` or `count.index`, and an image that a module or the stack itself makes.
    """

    rule = "TAP008"
    severity = Severity.MEDIUM
    safety = Safety.SAFE
    title = "An AMI that nobody can override"
    cause = "The image is fixed in the configuration or taken from a data source without a variable that overrides it."
    reference = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/ami"
    because = Because("built-in", "an AMI can be overridden")
    effect = "A hardened or pinned image cannot be used without changing the stack."
    order = 46
    examples = (
        Example(
            title="A data source stays the default",
            before="""\
variable "key_name" {
  type    = string
  default = ""
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]
}

resource "aws_launch_template" "web" {
  image_id      = data.aws_ami.amazon_linux_2.id
  instance_type = "t3.micro"
}
""",
            after="""\
variable "key_name" {
  type    = string
  default = ""
}

variable "ami_id" {
  description = "AMI of the instances (empty: the default image)"
  type        = string
  default     = ""
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]
}

resource "aws_launch_template" "web" {
  image_id      = var.ami_id != "" ? var.ami_id : data.aws_ami.amazon_linux_2.id
  instance_type = "t3.micro"
}
""",
        ),
        Example(
            title="A literal id moves to the environments",
            before={
                "tap_stack.tf": """\
resource "aws_instance" "web" {
  ami           = "ami-0abcdef1234567890" # tested in May
  instance_type = "t3.micro"
}
""",
                "dev.tfvars": """\
environment = "dev"
""",
            },
            after={
                "tap_stack.tf": """\
variable "ami_id" {
  description = "AMI of the instances (null: the newest Amazon Linux 2)"
  type        = string
  default     = null
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

resource "aws_instance" "web" {
  ami           = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type = "t3.micro"
}
""",
                "dev.tfvars": """\
environment = "dev"

ami_id = "ami-0abcdef1234567890" # tested in May
""",
            },
        ),
        Example(
            title="Accepted: a variable decides",
            before="""\
variable "image" {
  type = string
}

resource "aws_launch_template" "web" {
  image_id = var.image
}
""",
            after="""\
variable "image" {
  type = string
}

resource "aws_launch_template" "web" {
  image_id = var.image
}
""",
        ),
        Example(
            title="Refused: each copy has an image of its own",
            before="""\
resource "aws_launch_template" "web" {
  for_each = { web = "ami-0abcdef1234567890", worker = "ami-0123456789abcdef0" }
  image_id = each.value
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not context.contract.compute.ami_variable:
            return
        images = list(images_of(module))
        open_ones: dict[str, list[Image]] = {}
        deciding: dict[str, list[Image]] = {}
        for image in images:
            variables = {s.address.removeprefix("var.") for s in image.sources if s.address.startswith("var.")}
            for name in variables:
                deciding.setdefault(name, []).append(image)
            if variables or not image.sources:
                continue
            reason = decided_elsewhere(module, image)
            if reason is None:
                open_ones.setdefault(image.key, []).append(image)
            elif reason:
                yield self.refuse(image.holder, f"the AMI of {image.names} cannot be overridden", reason)
        several = len(open_ones) + len(deciding) > 1
        for same in open_ones.values():
            yield self._overridden(module, context, same, several, taken=frozenset(deciding))
        for name, using in deciding.items():
            yield from self._without_literal(module, context, name, using)

    # --- what no variable decides -------------------------------------------------------------------------------------

    def _overridden(
        self, module: Module, context: Context, same: Sequence[Image], several: bool, taken: frozenset[str]
    ) -> Finding:
        """Give a variable precedence over what decides so far."""
        image = same[0]
        names = ", ".join(i.names for i in same)
        values = _literal_ids(module, context, image)
        name, null = self._variable(module, context, same, several, taken)
        message = f"the AMI of {names} could not be overridden; `var.{name}` does it now"
        whose = f"AMI{f' of {_titled(name, context)}' if several else ' of the instances'}"
        unset_words, unset = ("null", "null") if null else ("empty", '""')
        if values is None:
            variable = Variable(name, "string", f"{whose} ({unset_words}: the default image)", unset)
            edits = hand_down(context, module, [variable], ahead_of=size_variables(module), regional=True)
            edits.extend(i.holder.replace(_with_override(name, null, i.holder.value)) for i in same)
            return self.fix(image.holder, f"{message}, and what decided before is its default", edits)
        comment = _comment_after(image.holder)
        release = release_of(module, image.resources[0], comment)
        variable = Variable(
            name,
            "string",
            f"{whose} ({unset_words}: the newest {release.words})" if release else whose,
            unset if release else None,
            values=_quoted(values, comment),
        )
        fallback, made = newest(module, context, image.resources[0], release) if release else ("", [])
        edits = hand_down(context, module, [variable], ahead_of=size_variables(module), regional=True)
        edits = joined([*edits, *made, *_without_comment(image.holder)])
        text = _with_override(name, null, fallback) if release else f"var.{name}"
        edits.extend(i.holder.replace(text) for i in same)
        message += f", {_where(values)}, and {_default_now(release)}"
        return self.fix(image.holder, message, edits, safety=Safety.UNSAFE)

    def _variable(
        self, module: Module, context: Context, same: Sequence[Image], several: bool, taken: frozenset[str]
    ) -> tuple[str, bool]:
        """The variable's name, and whether it is null (and not empty) when it is not set."""
        wanted = context.contract.compute.ami_variable
        if not several:
            declared = [wanted, *(n for n in module.variables if _NAMES_AMI.search(n))]
            for name in declared:
                if name in module.variables and not module.references_to(f"var.{name}") and _takes_text(module, name):
                    return name, not _is_empty(module, name)
        name = call_prefix(context, module, lambda other: _has_images(other, same[0], module)) + wanted
        if several or name in module.variables:
            resources = [r for image in same for r in image.resources]
            address = same[0].sources[0].address
            label = (
                address.rpartition(".")[2] if len(resources) > 1 and address.startswith("data.") else resources[0].name
            )
            name = f"{name.removesuffix(wanted)}{_snake(label)}_{wanted}"
        return module.unused_name(name, {**module.variables, **dict.fromkeys(taken)}), _habit_is_null(module)

    # --- a variable that is a literal id unless it is set -------------------------------------------------------------

    def _without_literal(
        self, module: Module, context: Context, name: str, using: Sequence[Image]
    ) -> Iterator[Finding]:
        block = module.variables.get(name)
        default = block.get("default") if block is not None else None
        if block is None or default is None:
            return
        literal = string_value(unwrapped(default.expr))  # the default as such: what is set elsewhere stays there
        if literal is None or not AMI_ID.fullmatch(literal):
            return
        calls = context.project.callers(module)
        if calls and all(name in call.attributes for call in calls):
            return
        message = f"the default of `var.{name}` is a literal AMI id, which is valid in one region"
        values = dict.fromkeys(_environments(context, module) or [""], literal)
        unset = self._unset(module, block, name, using)
        comment = _comment_after(default) if _is_to_be_set(context, module, name) else ""
        description = block.get("description")
        release = release_of(module, using[0].resources[0], comment + (description.value if description else ""))
        plain = [i for i in using if i.holder.value == f"var.{name}"]
        if unset is None or (plain and release is None):
            unset, plain = None, []
        variable = Variable(name, "string", "", unset, values=_quoted(values, comment))
        edits = hand_down(context, module, [variable], ahead_of=size_variables(module), regional=True)
        if unset is None:
            edits.append(_without_default(default, comment))
            message += f"; {_where(values)}, and it has no default any more"
            yield self.fix(default, message, edits, safety=Safety.UNSAFE)
            return
        edits += _without_comment(default) if comment else []
        edits.append(default.replace(unset))
        edits += [_let_pass(v, name) for v in block.blocks_of("validation") if "condition" in v.attributes]
        if plain and release is not None:
            fallback, made = newest(module, context, plain[0].resources[0], release)
            edits += made
            edits += [i.holder.replace(_with_override(name, unset == "null", fallback)) for i in plain]
        now = _default_now(release) if plain else "its fallback is the default"
        message += f"; {_where(values)}, and {now}"
        yield self.fix(default, message, joined(edits), safety=Safety.UNSAFE)

    def _unset(self, module: Module, block: Block, name: str, using: Sequence[Image]) -> str | None:
        """The default with which a variable is not set; None if it is used for more than images, or needs a value."""
        holders = [i.holder for i in using]
        for reference in module.references_to(f"var.{name}"):
            inside = any(
                reference.file is h.file and h.start <= reference.start and reference.end <= h.end for h in holders
            )
            if not inside and reference.block is not block:
                return None
        shapes = {_unset_in(holder, name) for holder in holders}
        if None in shapes:
            return None
        shapes.discard("")
        if block.blocks_of("validation"):
            shapes.add('""')
        return None if len(shapes) > 1 else shapes.pop() if shapes else "null" if _habit_is_null(module) else '""'


def _unset_in(holder: Attribute, name: str) -> str | None:
    """The value that an expression treats as not set: `null`, `""`, or nothing for both; None if it takes neither."""
    text = re.sub(r"\s+", "", holder.value)
    if text == f"var.{name}" or text.startswith(f"coalesce(var.{name},"):
        return ""
    found = re.match(rf'var\.{name}(!=|==)(null|"")\?(.*)', text)
    if found is None:
        return None
    where_set, where_not_set = found[3].startswith(f"var.{name}:"), found[3].endswith(f":var.{name}")
    return found[2] if (where_set if found[1] == "!=" else where_not_set) else None


def _let_pass(validation: Block, name: str) -> Edit:
    """Let the empty text pass a validation."""
    condition = validation.attributes["condition"]
    text = condition.value
    text = f"({text})" if condition.expr.kind in ("binary", "conditional") else text
    return condition.replace(f'var.{name} == "" || {text}')


def _comment_after(holder: Attribute) -> str:
    """The comment after an attribute on its line, unless it is one for tapfix."""
    rest = holder.file.text[holder.end : holder.file.line_end(holder.end)].strip()
    return rest if rest.startswith(("#", "//")) and "tapfix:" not in rest else ""


def _without_comment(holder: Attribute) -> list[Edit]:
    """The edits that remove the comment after an attribute, because it goes where the literal goes."""
    comment = _comment_after(holder)
    at = holder.file.text.index(comment, holder.end) if comment else holder.end
    return [Edit(holder.file.path, holder.end, at + len(comment), "")] if comment else []


def _without_default(default: Attribute, moved: str) -> Edit:
    """Remove a variable's default; a comment after it that has not moved stays on a line of its own."""
    comment = _comment_after(default)
    if not comment or moved:
        return default.remove(comments=False)
    return Edit(default.file.path, default.start, default.file.text.index(comment, default.end), "")


def _is_to_be_set(context: Context, module: Module, name: str) -> bool:
    """Whether a tfvars file gets a value for a variable."""
    root = _root(context, module)
    environments = list(environment_files(root, context.environments).values())
    automatic = [file for file in root.tfvars if is_automatic(root, file)]
    there = [name in file.attributes for file in environments or automatic]
    return not all(there) if environments else not any(there)


def _where(values: Mapping[str, str]) -> str:
    return f"the id is its value in {AUTOMATIC} now" if "" in values else "the id is its value in each environment now"


def _default_now(release: Release | None) -> str:
    if release is None:
        return "no other image takes its place, since the machines are not plain Amazon Linux"
    return f"the newest {release.words} its default"


def _literal_ids(module: Module, context: Context, image: Image) -> Mapping[str, str] | None:
    """The literal id by environment, "" where there is no tfvars file; None if the image is not a literal."""
    if image.holder.expr.kind == "traversal" and not image.holder.value.startswith("local."):
        return None
    if any(s.address for s in image.sources) or any(s.holder is not image.holder for s in image.sources):
        return None
    found = context.values(image.holder, image.holder.expr)
    if not all(isinstance(v, str) and AMI_ID.fullmatch(v) for v in found.values()):
        return None
    return {e: str(found.get(e, found.get("", ""))) for e in _environments(context, module) or [""]}


def _environments(context: Context, module: Module) -> Sequence[str]:
    """The environments that have a tfvars file, in the module's folder or in that of the root that calls it."""
    return list(environment_files(_root(context, module), context.environments))


def _root(context: Context, module: Module) -> Module:
    """The module that nobody calls, upwards along the first call of each module."""
    for _ in range(8):
        calls = context.project.callers(module)
        if not calls:
            break
        module = context.project.module_of(calls[0].file)
    return module


def _quoted(values: Mapping[str, str], comment: str) -> dict[str, str]:
    return {environment: f'"{value}" {comment}'.rstrip() for environment, value in values.items()}


def _with_override(name: str, null: bool, fallback: str) -> str:
    return f"coalesce(var.{name}, {fallback})" if null else f'var.{name} != "" ? var.{name} : {fallback}'


def _habit_is_null(module: Module) -> bool:
    """Whether the module's optional strings are null, and not empty, where they are not set."""
    defaults = [_default(module, name) for name in module.variables if _takes_text(module, name)]
    return defaults.count('""') <= defaults.count("null")


def _default(module: Module, name: str) -> str | None:
    attribute = module.variables[name].get("default")
    return attribute.value if attribute is not None else None


def _is_empty(module: Module, name: str) -> bool:
    return _default(module, name) == '""'


def _takes_text(module: Module, name: str) -> bool:
    type = module.variables[name].get("type")
    return type is None or type.value.strip('"') == "string"


def _has_images(other: Module, image: Image, module: Module) -> bool:
    """Whether another module has images that differ from an image of a module."""
    mine = image.texts(module)
    return any(i.texts(other) != mine for i in images_of(other))


def _snake(label: str) -> str:
    return re.sub(r"\W+", "_", label).strip("_").lower()


def _titled(name: str, context: Context) -> str:
    return re.sub(rf"_{context.contract.compute.ami_variable}(?=_|$)", "", name).replace("_", " ")
