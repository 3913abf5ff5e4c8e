"""TAP006: user data is base64 exactly where the provider wants base64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module
from tapfix.module.nodes import attribute_name_node

from .shared.user_data import Coding, Payload, UserData, base64encoded, comments_around, ends_in_heredoc


class UserDataArgument(NamedTuple):
    """An argument that takes user data."""

    name: str
    encoded: bool
    """Whether it takes base64."""
    twin: str = ""
    """The argument of the same resource that takes the other kind."""


_BOTH = (
    UserDataArgument("user_data", False, "user_data_base64"),
    UserDataArgument("user_data_base64", True, "user_data"),
)

ARGUMENTS: dict[str, tuple[UserDataArgument, ...]] = {
    "aws_instance": _BOTH,
    "aws_spot_instance_request": _BOTH,
    "aws_launch_configuration": _BOTH,
    "aws_launch_template": (UserDataArgument("user_data", True),),
    "aws_spot_fleet_request": (UserDataArgument("user_data", False),),
    "aws_lightsail_instance": (UserDataArgument("user_data", False),),
    "aws_imagebuilder_image_recipe": (UserDataArgument("user_data_base64", True),),
}
"""The arguments for user data by resource type; nested blocks have them as well (a spot fleet's)."""

_CODES_ITSELF = frozenset(
    {"aws_instance", "aws_spot_instance_request", "aws_launch_configuration", "aws_spot_fleet_request"}
)
"""Resources whose `user_data` the provider encodes unless it is base64 already: an unknown value does no harm."""


class UserDataEncoding(Fixer):
    """User data that is base64 where it must not be, or is not where it must be.

    `aws_launch_template` passes its `user_data` on as it is, and EC2 requires base64: a plain script fails at the
    apply. `aws_instance` encodes its `user_data` itself; base64 belongs in `user_data_base64`. A machine with a script
    that was encoded twice runs nothing.

    The value is followed through locals, variables and their tfvars, calls of local modules, conditionals,
    `templatefile`, `file`, `filebase64`, `replace`, `format`, `join` and `cloudinit_config` (which encodes its result
    unless `base64_encode` is false). Then

    - plain text that has to be base64 is wrapped in `base64encode(…)`, where it is used;
    - what is encoded twice is encoded once;
    - what is in `base64encode(…)` and has to be plain is taken out of it, and a heredoc keeps its bytes;
    - what is base64 by other means (a local value, `filebase64`, `cloudinit_config`) moves to the argument that takes
      base64.

    **Safe**, since the machine gets the script that was written, and nothing else in the stack changes.

    **Refused** is a value that cannot be followed to its source (a variable without a value, an output of a module that
    is not in the answer) where the provider passes it on as it is: only its author knows whether it is base64.
    """

    rule = "TAP006"
    severity = Severity.MEDIUM
    safety = Safety.SAFE
    title = "User data in the wrong encoding"
    cause = (
        "Whether user data has to be base64 differs between an instance and a launch template, and was mixed up "
        "or done needlessly."
    )
    reference = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/launch_template#user_data"
    because = Because(
        "terraform",
        "the user data of a launch template is base64, and that of an instance is plain text",
        reference=reference,
    )
    effect = "The instance gets a script that it cannot run, or a diff that nobody can read."
    order = 45
    examples = (
        Example(
            title="An instance takes the script itself",
            before="""\
resource "aws_instance" "web" {
  ami           = "ami-0abc"
  instance_type = "t3.micro"

  user_data = base64encode(<<-EOF
    #!/bin/bash
    yum install -y httpd
  EOF
  )
}
""",
            after="""\
resource "aws_instance" "web" {
  ami           = "ami-0abc"
  instance_type = "t3.micro"

  user_data = <<-EOF
    #!/bin/bash
    yum install -y httpd
  EOF
}
""",
        ),
        Example(
            title="A launch template wants base64, once",
            before="""\
locals {
  script = templatefile("${path.module}/init.sh", { port = 8080 })
  ready  = base64encode(local.script)
}

resource "aws_launch_template" "web" {
  user_data = local.script
}

resource "aws_launch_template" "worker" {
  user_data = base64encode(local.ready)
}
""",
            after="""\
locals {
  script = templatefile("${path.module}/init.sh", { port = 8080 })
  ready  = base64encode(local.script)
}

resource "aws_launch_template" "web" {
  user_data = base64encode(local.script)
}

resource "aws_launch_template" "worker" {
  user_data = local.ready
}
""",
        ),
        Example(
            title="What is base64 already moves to the argument for it",
            before="""\
data "cloudinit_config" "web" {
  part {
    content = file("${path.module}/init.sh")
  }
}

resource "aws_instance" "web" {
  ami       = "ami-0abc"
  user_data = data.cloudinit_config.web.rendered
}
""",
            after="""\
data "cloudinit_config" "web" {
  part {
    content = file("${path.module}/init.sh")
  }
}

resource "aws_instance" "web" {
  ami              = "ami-0abc"
  user_data_base64 = data.cloudinit_config.web.rendered
}
""",
        ),
        Example(
            title="Refused: nobody says what the variable holds",
            before="""\
variable "script" {
  type = string
}

resource "aws_launch_template" "web" {
  user_data = var.script
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        data = UserData(module, context)
        for resource in module.resources(*ARGUMENTS):
            for block in resource.walk():
                for argument in ARGUMENTS[resource.labels[0]]:
                    attribute = block.get(argument.name)
                    if attribute is not None and (block is resource or not argument.encoded):
                        yield from self._judged(resource, block, argument, attribute, data)

    def _judged(
        self, resource: Block, block: Block, argument: UserDataArgument, attribute: Attribute, data: UserData
    ) -> Iterator[Finding]:
        payload = data.payload(attribute, attribute.expr)
        what = f"`{argument.name}` of {resource.address}"
        if payload.coding is Coding.NOTHING:
            return
        if not payload.known:
            branches = list(data.branches(attribute, attribute.expr))
            mixed = _branch_edits(attribute, argument, branches)
            if mixed:
                yield self.fix(attribute, f"{what} was base64 in one case and not in another; {_now(argument)}", mixed)
                return
            if argument.encoded and len(branches) > 1 and all(_is_base64(branch) for branch in branches):
                return
            if argument.encoded or resource.labels[0] not in _CODES_ITSELF:
                yield self.refuse(
                    attribute,
                    f"{what}: it is not known whether `{_short(attribute.text(payload.expr))}` is base64",
                    "follow it to its source, and put `base64encode()` around it if it is plain text"
                    if argument.encoded
                    else "follow it to its source, and take the encoding off if it is base64",
                )
            return
        if payload.encoded and not argument.encoded and not payload.layers:
            each = _branch_edits(attribute, argument, list(data.branches(attribute, attribute.expr)))
            if each:
                yield self.fix(attribute, f"{what} was base64 in each case; {_now(argument)}", each)
                return
        if payload.encoded and not argument.encoded and not argument.twin and resource.labels[0] not in _CODES_ITSELF:
            yield self.refuse(
                attribute, f"{what} is base64, and is passed on unchanged", "give it the script that was encoded"
            )
            return
        if payload.layers == _layers_wanted(argument, payload):
            return
        if argument.twin and _belongs_to_twin(argument, payload) and argument.twin in block.attributes:
            yield self.refuse(
                attribute, f"{what} has the wrong encoding", f"`{argument.twin}` is set as well: one of them has to go"
            )
            return
        yield self.fix(attribute, f"{what} {_mended(argument, payload)}", _edits(attribute, argument, payload))


def _is_base64(payload: Payload) -> bool:
    """Whether a payload with its encoding calls is encoded once, or nothing."""
    return payload.coding is Coding.NOTHING or payload.layers == (0 if payload.encoded else 1)


def _branch_edits(attribute: Attribute, argument: UserDataArgument, branches: Sequence[Payload]) -> list[Edit]:
    """Edits that give each side of a choice the encoding that an argument takes; none if that fails for one side."""
    edits: list[Edit] = []
    if len(branches) < 2 or any(not b.known or comments_around(attribute, b.whole, b.expr) for b in branches):
        return edits
    for branch in branches:
        whole, inner = attribute.span(branch.whole), attribute.span(branch.expr)
        if branch.encoded and not argument.encoded:
            return []
        if branch.coding is Coding.NOTHING or branch.layers == (1 if argument.encoded and not branch.encoded else 0):
            continue
        text = base64encoded(attribute, branch, attribute.indent) if argument.encoded else attribute.text(branch.expr)
        if ends_in_heredoc(branch.expr):
            return []
        before, _, after = text.partition(attribute.text(branch.expr))
        edits += [
            Edit(whole.file, whole.start, inner.start, before),
            Edit(whole.file, inner.end, whole.end, after),
        ]
    return edits


def _now(argument: UserDataArgument) -> str:
    return (
        "it is encoded in each now"
        if argument.encoded
        else "the provider encodes it itself, so it is the script in each now"
    )


def _layers_wanted(argument: UserDataArgument, payload: Payload) -> int:
    """How many encoding calls a payload needs; -1 if it belongs to the other argument."""
    if _belongs_to_twin(argument, payload):
        return -1
    return 1 if argument.encoded and not payload.encoded else 0


def _belongs_to_twin(argument: UserDataArgument, payload: Payload) -> bool:
    """Whether a payload belongs to the argument of the other kind: base64 for the one, a bare script for the other."""
    if not argument.twin:
        return False
    return not payload.layers and not payload.encoded if argument.encoded else payload.encoded


def _mended(argument: UserDataArgument, payload: Payload) -> str:
    if payload.encoded and payload.layers:
        return "was base64 of base64; it is encoded once now"
    if _belongs_to_twin(argument, payload):
        kind = "base64" if payload.encoded else "plain text"
        return f"was {kind}, which belongs in `{argument.twin}`; it is there now"
    if payload.layers > 1:
        return (
            "was base64 of base64; it is encoded once now"
            if argument.encoded
            else "was base64 of base64; the provider encodes it itself"
        )
    if argument.encoded:
        return "has to be base64 and was plain text; it is encoded now"
    return "was base64; the provider encodes it itself, so it is the script itself now"


def _edits(attribute: Attribute, argument: UserDataArgument, payload: Payload) -> Iterator[Edit]:
    """Edits around the payload's own text, which stays as it is."""
    whole, inner = attribute.span(attribute.expr), attribute.span(payload.expr)
    layers = 1 if argument.encoded and not payload.encoded and not _belongs_to_twin(argument, payload) else 0
    before, after = "", ""
    if layers:
        text = base64encoded(attribute, payload, attribute.indent)
        before, _, after = text.partition(attribute.text(payload.expr))
    comments = comments_around(attribute, attribute.expr, payload.expr)
    end = whole.end
    if ends_in_heredoc(payload.expr) and not layers:  # a heredoc's closing marker has its line to itself
        rest = attribute.file.text[whole.end : attribute.file.line_end(whole.end)].rstrip()
        comments += [rest.strip()] if rest.strip() else []
        end += len(rest)
    if comments:
        line = attribute.file.line_start(attribute.start)
        yield Edit(whole.file, line, line, "".join(f"{attribute.indent}{comment}\n" for comment in comments))
    if inner.end != end or after:
        yield Edit(whole.file, inner.end, end, after)
    if inner.start != whole.start or before:
        yield Edit(whole.file, whole.start, inner.start, before)
    if _belongs_to_twin(argument, payload):
        yield attribute.edit(attribute_name_node(attribute.node), argument.twin)


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 60 and line == text else f"{line[:57]}…"
