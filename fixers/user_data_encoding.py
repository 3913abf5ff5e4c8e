"""TAP006: user data is base64 exactly where the provider wants base64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module

from .shared.user_data import Coding, Payload, UserData, base64encoded, comments_around, ends_in_heredoc


class Place(NamedTuple):
    """An argument that takes user data: base64 or not; `twin`: the argument of the other kind, where there is one."""

    name: str
    encoded: bool
    twin: str = ""


_BOTH = (Place("user_data", False, "user_data_base64"), Place("user_data_base64", True, "user_data"))

PLACES: dict[str, tuple[Place, ...]] = {
    "aws_instance": _BOTH,
    "aws_spot_instance_request": _BOTH,
    "aws_launch_configuration": _BOTH,
    "aws_launch_template": (Place("user_data", True),),
    "aws_spot_fleet_request": (Place("user_data", False),),
    "aws_lightsail_instance": (Place("user_data", False),),
    "aws_imagebuilder_image_recipe": (Place("user_data_base64", True),),
}
"""Which resources take user data, and how; in nested blocks (a spot fleet's `launch_specification`) as well."""

_CODES_ITSELF = frozenset(
    {"aws_instance", "aws_spot_instance_request", "aws_launch_configuration", "aws_spot_fleet_request"}
)
"""Where the provider encodes `user_data` unless it is base64 already: what cannot be followed does no harm there."""


class UserDataEncoding(Fixer):
    """User data that is base64 where it must not be, or is not where it must be.

    `aws_launch_template` hands its `user_data` on as it is, and EC2 wants base64: a plain script there fails at the apply.
    `aws_instance` encodes its `user_data` itself; base64 belongs into `user_data_base64`. A text that was encoded twice starts a
    machine that runs nothing.

    The value is followed through locals, variables and their tfvars, calls of local modules, conditionals, `templatefile`,
    `file`, `filebase64`, `replace`, `format`, `join` and `cloudinit_config` (which encodes its result unless `base64_encode` is
    false). Then

    - what is plain and has to be base64 is wrapped into `base64encode(…)`, where it is used;
    - what is encoded twice is encoded once;
    - what stands in `base64encode(…)` and has to be plain is taken out of it; a heredoc keeps its bytes;
    - what is base64 by other means (a local value, `filebase64`, `cloudinit_config`) moves to the argument that takes base64.

    **Safe**, since the machine gets the script that was written, and nothing else in the stack changes.

    **Refused** is a value that cannot be followed to its source (a variable without a value, the output of a foreign module)
    where the provider takes it as it comes: whether it is base64 only its author knows.
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
        for resource in module.resources(*PLACES):
            for block in resource.walk():
                for place in PLACES[resource.labels[0]]:
                    attribute = block.get(place.name)
                    if attribute is not None and (block is resource or not place.encoded):
                        yield from self._judged(resource, block, place, attribute, data)

    def _judged(
        self, resource: Block, block: Block, place: Place, attribute: Attribute, data: UserData
    ) -> Iterator[Finding]:
        payload = data.payload(attribute, attribute.expr)
        what = f"`{place.name}` of {resource.address}"
        if payload.coding is Coding.NOTHING:
            return
        if not payload.known:
            branches = list(data.branches(attribute, attribute.expr))
            mixed = _branch_edits(attribute, place, branches)
            if mixed:
                yield self.fix(attribute, f"{what} was base64 in one case and not in another; {_now(place)}", mixed)
                return
            if place.encoded and len(branches) > 1 and all(_is_base64(branch) for branch in branches):
                return
            if place.encoded or resource.labels[0] not in _CODES_ITSELF:
                yield self.refuse(
                    attribute,
                    f"{what}: it cannot be told whether `{_short(attribute.text(payload.expr))}` is base64",
                    "follow it to its source, and put `base64encode()` around it if it is plain text"
                    if place.encoded
                    else "follow it to its source, and take the encoding off if it is base64",
                )
            return
        if payload.encoded and not place.encoded and not payload.layers:
            each = _branch_edits(attribute, place, list(data.branches(attribute, attribute.expr)))
            if each:
                yield self.fix(attribute, f"{what} was base64 in each case; {_now(place)}", each)
                return
        if payload.encoded and not place.encoded and not place.twin and resource.labels[0] not in _CODES_ITSELF:
            yield self.refuse(
                attribute, f"{what} is base64, and is handed on as it comes", "give it the script that was encoded"
            )
            return
        if payload.layers == _layers_wanted(place, payload):
            return
        if place.twin and _belongs_to_twin(place, payload) and place.twin in block.attributes:
            yield self.refuse(
                attribute, f"{what} has the wrong encoding", f"`{place.twin}` is set as well: one of them has to go"
            )
            return
        yield self.fix(attribute, f"{what} {_mended(place, payload)}", _edits(attribute, place, payload))


def _is_base64(payload: Payload) -> bool:
    """Whether a payload with its calls is base64 once, or nothing."""
    return payload.coding is Coding.NOTHING or payload.layers == (0 if payload.encoded else 1)


def _branch_edits(attribute: Attribute, place: Place, branches: Sequence[Payload]) -> list[Edit]:
    """Edits that bring each side of a choice into the place's encoding; none where one of them cannot be brought there."""
    edits: list[Edit] = []
    if len(branches) < 2 or any(not b.known or comments_around(attribute, b.whole, b.expr) for b in branches):
        return edits
    for branch in branches:
        whole, inner = attribute.span(branch.whole), attribute.span(branch.expr)
        if branch.encoded and not place.encoded:
            return []
        if branch.coding is Coding.NOTHING or branch.layers == (1 if place.encoded and not branch.encoded else 0):
            continue
        text = base64encoded(attribute, branch, attribute.indent) if place.encoded else attribute.text(branch.expr)
        if ends_in_heredoc(branch.expr):
            return []
        ahead, _, behind = text.partition(attribute.text(branch.expr))
        edits += [
            Edit(whole.file, whole.start, inner.start, ahead),
            Edit(whole.file, inner.end, whole.end, behind),
        ]
    return edits


def _now(place: Place) -> str:
    return (
        "it is encoded in each now"
        if place.encoded
        else "the provider encodes it itself, so it is the script in each now"
    )


def _layers_wanted(place: Place, payload: Payload) -> int:
    """How many encoding calls are right around a payload."""
    if _belongs_to_twin(place, payload):
        return -1
    return 1 if place.encoded and not payload.encoded else 0


def _belongs_to_twin(place: Place, payload: Payload) -> bool:
    """Whether the argument of the other kind is where a payload belongs: base64 in sight for one, a bare script for the other."""
    if not place.twin:
        return False
    return not payload.layers and not payload.encoded if place.encoded else payload.encoded


def _mended(place: Place, payload: Payload) -> str:
    if payload.encoded and payload.layers:
        return "was base64 of base64; it is encoded once now"
    if _belongs_to_twin(place, payload):
        kind = "base64" if payload.encoded else "plain text"
        return f"was {kind}, which belongs into `{place.twin}`; it stands there now"
    if payload.layers > 1:
        return (
            "was base64 of base64; it is encoded once now"
            if place.encoded
            else "was base64 of base64; the provider encodes it itself"
        )
    if place.encoded:
        return "has to be base64 and was plain text; it is encoded now"
    return "was base64; the provider encodes it itself, so it is the script as it stands now"


def _edits(attribute: Attribute, place: Place, payload: Payload) -> Iterator[Edit]:
    """Edits that leave the payload's own text alone, but for a call that goes around it."""
    whole, inner = attribute.span(attribute.expr), attribute.span(payload.expr)
    layers = 1 if place.encoded and not payload.encoded and not _belongs_to_twin(place, payload) else 0
    ahead, behind = "", ""
    if layers:
        text = base64encoded(attribute, payload, attribute.indent)
        ahead, _, behind = text.partition(attribute.text(payload.expr))
    comments = comments_around(attribute, attribute.expr, payload.expr)
    end = whole.end
    if ends_in_heredoc(payload.expr) and not layers:  # a heredoc's closing marker has its line to itself
        rest = attribute.file.text[whole.end : attribute.file.line_end(whole.end)].rstrip()
        comments += [rest.strip()] if rest.strip() else []
        end += len(rest)
    if comments:
        line = attribute.file.line_start(attribute.start)
        yield Edit(whole.file, line, line, "".join(f"{attribute.indent}{comment}\n" for comment in comments))
    if inner.end != end or behind:
        yield Edit(whole.file, inner.end, end, behind)
    if inner.start != whole.start or ahead:
        yield Edit(whole.file, whole.start, inner.start, ahead)
    if _belongs_to_twin(place, payload):
        yield attribute.edit(attribute.node.children[0], place.twin)


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 60 and line == text else f"{line[:57]}…"
