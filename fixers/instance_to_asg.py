"""TAP005: instances to a launch template and an Auto Scaling group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit, Safety
from tapfix.environments import declare
from tapfix.evaluate import evaluate
from tapfix.fixer import Context, Example, Finding, Fixer, Severity
from tapfix.module import Attribute, Block, File, Module, indented, item_key, item_value, object_items

from ._copies import Loop, Uncounted, Unscalable, all_values, copies_left
from ._group_sizes import Sizes, group_sizes, row_names, unset_sizes
from ._instance_references import Names, Rewritten, behind_load_balancer, rewritten
from ._launch_template import (
    Piece,
    Template,
    at_no_indent,
    block_text,
    joined_pieces,
    launch_template,
    name_prefix,
    without_comments,
)
from ._module_calls import DEFAULT_TAGS, call_prefix, hand_down, has_default_tags
from ._numbered_twins import Merger, merged, stem
from ._parts import Part, comments_in, missing_comments, parts_of
from ._user_data import UserData

INSTANCE = "aws_instance"

ROLES = {
    "a bastion, which people reach by its address": r"bastion|jump|jumpbox|jumphost|jump_?host|jump_?server",
    "a NAT instance, which routes go through": r"nat",
    "a VPN server, which clients reach by its address": r"vpn|openvpn|wireguard",
    "a server with data of its own": (
        r"db|database|mysql|mariadb|postgres|postgresql|mongo|mongodb|cassandra|elasticsearch|kafka|zookeeper|etcd|consul|vault"
    ),
}
"""What a name says of a machine that is not one of many; words of a resource's name."""

TITLE = "Auto Scaling"
"""The comment above the sizes in a tfvars file."""

_LIMIT_TAGS = 6
"""Up to so many literal tags are written as `tag` blocks; more, or computed ones, as one `dynamic "tag"`."""


class Plan(NamedTuple):
    """What a block of instances becomes."""

    text: str
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]


class InstanceToAsg(Fixer):
    """Fixed instances where an Auto Scaling group was asked for.

    `aws_instance` with `count` or `for_each`, and a single one behind a target group, becomes an `aws_launch_template` and an
    `aws_autoscaling_group` in the same subnets and behind the same load balancer. A machine that fails is replaced, and the sizes
    are variables with a value in each environment.

    **The template** takes over what the instance said, argument by argument: the image, the type, user data (base64 exactly once),
    the instance profile, monitoring, metadata options, placement; volumes as `block_device_mappings` with their encryption; tags
    for instances and volumes; public addresses in `network_interfaces`, together with the security groups. **The group** takes the
    subnets (the whole list that `count.index` chose from), the load balancer, `depends_on`, and tags that it propagates. A new
    version of the template starts an instance refresh.

    **The sizes** start from what stood there: a number as it is, a variable that counted stays the desired capacity,
    `length(…)` and conditionals become the value of each environment, or stay as the default. `condition ? n : 0` stays a switch.

    **The copies' numbers** (`count.index`, `each.key`) go where they only told copies apart: at the end of names, in a shown text
    (` - Instance 2` with its separator). Where they decide something, nothing is rewritten.

    **References**: attachments become `target_group_arns`; alarms measure the group; an output of ids becomes one of the group's
    name, outputs of addresses go; `depends_on`, `length(…)`, dashboards and IAM policies follow.

    **Written out one by one** (`web_1`, `web_2`, or any behind one target group): where they differ in their numbers and subnets
    alone they become one block with `count` first, and then a group.

    **Why unsafe:** machines that had a number, an address and a life of their own become ones that come and go. The contract asks
    for it (`compute.autoscaling`); where it does not, the rule stands down.

    **Refused**, each with its reason: bastions, NAT and VPN servers, machines with data of their own (by their names, and by
    `source_dest_check = false`); fixed addresses, Elastic IPs, attached volumes, DNS records, routes; provisioners; a role or a
    configuration per copy; an argument without a counterpart; a target group that a scaling group serves already; a single
    instance behind no load balancer, since whether a group of one is wanted nobody said.
    """

    rule = "TAP005"
    severity = Severity.MEDIUM
    safety = Safety.UNSAFE
    order = 40
    examples = (
        Example(
            title="Two instances behind a target group",
            before={
                "tap_stack.tf": """\
variable "app_name" {
  type    = string
  default = "shop"
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

# The web servers
resource "aws_instance" "web" {
  count                  = 2
  ami                    = data.aws_ami.amazon_linux_2.id
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.private[count.index % length(aws_subnet.private)].id
  vpc_security_group_ids = [aws_security_group.web.id]
  iam_instance_profile   = aws_iam_instance_profile.web.name

  # Shows who answers
  user_data = <<-EOF
    #!/bin/bash
    yum install -y httpd
    echo "<h1>${var.app_name} - Instance ${count.index + 1}</h1>" > /var/www/html/index.html
  EOF

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.main.arn # the stack's own key
  }

  tags = merge(local.tags, {
    Name = "${var.app_name}-web-${count.index + 1}"
  })
}

resource "aws_lb_target_group_attachment" "web" {
  count            = length(aws_instance.web)
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
}

output "web_ids" {
  value = aws_instance.web[*].id
}
""",
                "dev.tfvars": """\
app_name = "shop"
""",
            },
            after={
                "tap_stack.tf": """\
variable "app_name" {
  type    = string
  default = "shop"
}

variable "asg_min_size" {
  description = "Smallest number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

variable "asg_max_size" {
  description = "Largest number of instances in the Auto Scaling group"
  type        = number
  default     = 4
}

variable "asg_desired_capacity" {
  description = "Desired number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

# The web servers
resource "aws_launch_template" "web" {
  name_prefix            = "${var.app_name}-web-"
  image_id               = data.aws_ami.amazon_linux_2.id
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]

  iam_instance_profile {
    name = aws_iam_instance_profile.web.name
  }

  # Shows who answers
  user_data = base64encode(<<-EOF
    #!/bin/bash
    yum install -y httpd
    echo "<h1>${var.app_name}</h1>" > /var/www/html/index.html
  EOF
  )

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted  = true
      kms_key_id = aws_kms_key.main.arn # the stack's own key
    }
  }

  tag_specifications {
    resource_type = "instance"

    tags = merge(local.tags, {
      Name = "${var.app_name}-web"
    })
  }

  tag_specifications {
    resource_type = "volume"

    tags = merge(local.tags, {
      Name = "${var.app_name}-web"
    })
  }

  tags = merge(local.tags, {
    Name = "${var.app_name}-web"
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "web" {
  name_prefix               = "${var.app_name}-web-"
  vpc_zone_identifier       = aws_subnet.private[*].id
  min_size                  = var.asg_min_size
  max_size                  = var.asg_max_size
  desired_capacity          = var.asg_desired_capacity
  target_group_arns         = [aws_lb_target_group.web.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 300

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, {
      Name = "${var.app_name}-web"
    })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

output "autoscaling_group_name" {
  value = aws_autoscaling_group.web.name
}
""",
                "dev.tfvars": """\
app_name = "shop"

# Auto Scaling
asg_min_size         = 2
asg_max_size         = 4
asg_desired_capacity = 2
""",
            },
        ),
        Example(
            title="Refused: an address is bound to the machine",
            before="""\
resource "aws_instance" "web" {
  count         = 2
  ami           = "ami-0abc"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.public[count.index].id
}

resource "aws_eip" "web" {
  count    = 2
  instance = aws_instance.web[count.index].id
}
""",
            after=None,
        ),
        Example(
            title="Refused: people reach a bastion by its address",
            before="""\
resource "aws_instance" "bastion" {
  count         = var.enable_bastion ? 1 : 0
  ami           = "ami-0abc"
  instance_type = "t3.nano"
  subnet_id     = aws_subnet.public[0].id
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not context.contract.compute.autoscaling:
            return
        plans = {instance: _first_plan(module, context, instance) for instance in module.resources(INSTANCE)}
        able = {_twins(module, i)[0].address for i, plan in plans.items() if isinstance(plan, Plan)}
        several = len(module.resources("aws_autoscaling_group")) + len(able) > 1
        joined: set[str] = set()
        for instance, plan in plans.items():
            if instance.address in joined:
                continue
            message = f"{instance.address} {_what_it_is(module, instance)}"
            if isinstance(plan, Unscalable):
                yield self.refuse(instance, message, str(plan))
                continue
            twins = _twins(module, instance)
            if len(twins) > 1:
                joined.update(t.address for t in twins)
                yield from self._written_out(module, context, twins)
                continue
            if several:
                plan = _plan(module, context, instance, several=True)
            label = instance.name
            template = "" if instance.blocks_of("launch_template") else f"launch template `{label}` and "
            message += f"; it is {template}Auto Scaling group `{label}` now"
            yield self.fix(instance, ". ".join([message, *map(_sentence, plan.notes)]), plan.edits)
        yield from self._sized(module, context)

    def _written_out(self, module: Module, context: Context, twins: Sequence[Block]) -> Iterator[Finding]:
        """Copies that nobody counted become one block."""
        names = ", ".join(t.address for t in twins)
        times = f"one machine written {len(twins)} times"
        try:
            merger = _merged(module, context, twins)
        except Unscalable as unscalable:
            yield self.refuse(twins[0], f"{names} look like {times}", str(unscalable))
            return
        yield self.fix(twins[0], f"{names} are {times}; they are one block with `count` now", merger.edits)

    def _sized(self, module: Module, context: Context) -> Iterator[Finding]:
        """Environments that came later get their sizes."""
        unset = unset_sizes(module, context)
        if unset:
            message = (
                f"the environments gave the Auto Scaling group no sizes; each has its own now ({row_names(unset)})"
            )
            edits = declare(module, context.contract, unset, title=TITLE)
            yield self.fix(module.variables[unset[0].name], message, edits)


def _first_plan(module: Module, context: Context, instance: Block) -> Plan | Unscalable:
    """What an instance becomes if it is the only one, or why it stays."""
    try:
        alone = _standing_alone(module, instance)
        return alone or _plan(module, context, instance, several=False)
    except Unscalable as unscalable:
        return unscalable


# --- which instances --------------------------------------------------------------------------------------------------


def _what_it_is(module: Module, instance: Block) -> str:
    loop = Loop.of(instance).attribute
    if loop is None or _is_at_most_one(loop):
        return "is a machine on its own"
    value = evaluate(module, loop, loop.expr)
    number = value if isinstance(value, int) else len(value) if isinstance(value, list | dict) else None
    return f"is {number} fixed machines" if number is not None and number > 1 else "is a fixed number of machines"


def _standing_alone(module: Module, instance: Block) -> Unscalable | None:
    """Why an instance is not to be one of many, as far as it says so itself."""
    words = "_".join([instance.name, *_name_words(module, instance)]).lower()
    for role, names in ROLES.items():
        if re.search(rf"(?:^|[-_ ])(?:{names})(?:[-_ \d]|$)", words):
            return Unscalable(f"it looks like {role}; it stays")
    if instance.blocks_of("launch_template") and Loop.of(instance).attribute is not None:
        return None
    if behind_load_balancer(module, instance) or len(_twins(module, instance)) > 1:
        return None
    loop = Loop.of(instance).attribute
    if loop is None or _is_at_most_one(loop):
        return Unscalable(
            "it stands behind no load balancer; whether it may be replaced at any time, and by how many, a person has to say"
        )
    return None


def _is_at_most_one(loop: Attribute) -> bool:
    expr = loop.expr
    if loop.name == "count" and expr.kind == "conditional":
        return {expr.children[2].text, expr.children[4].text} <= {"0", "1"}
    return loop.value in ("0", "1")


def _name_words(module: Module, instance: Block) -> list[str]:
    tags = instance.get("tags")
    if tags is None:
        return []
    found = re.search(r'"?Name"?\s*[=:]\s*"([^"\n]*)"', tags.value)
    return [re.sub(r"\$\{[^}]*\}", "", found[1])] if found else []


def _twins(module: Module, instance: Block) -> list[Block]:
    """Of a single instance, the single ones behind the same target group, itself among them; behind none, those with a number for a name."""
    if Loop.of(instance).attribute is not None:
        return [instance]
    groups, common = _target_groups(module, instance), stem(instance.name)
    return [
        other
        for other in module.resources(INSTANCE)
        if other.address == instance.address
        or (
            Loop.of(other).attribute is None
            and (
                not groups.isdisjoint(theirs := _target_groups(module, other))
                or (not groups and not theirs and common != "" and stem(other.name) == common)
            )
        )
    ]


def _target_groups(module: Module, instance: Block) -> set[str]:
    return {r.address for a in _attachments(module, instance) for r in a.references if "target_group" in r.address}


def _merged(module: Module, context: Context, twins: Sequence[Block]) -> Merger:
    """One block in place of twins, if a group can be made of it."""
    for twin in twins:
        _plan(module, context, twin, several=True)
    merger = merged(module, twins)
    edits = tuple(_disjoint(merger.edits))
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.file, []).append(edit)
    project = context.project.edited(by_file)
    then = Context(context.contract, project)
    after = next(m for m in project.modules if m.folder == module.folder)
    counted = after.find(f"{INSTANCE}.{merger.label}")
    assert isinstance(counted, Block)
    _plan(after, then, counted, several=True)
    return merger._replace(edits=edits)


def _attachments(module: Module, instance: Block) -> list[Block]:
    return [
        r.block
        for r in module.references_to(instance.address)
        if r.block is not None and (r.block.resource_type or "").endswith("target_group_attachment")
    ]


def _same_tier(module: Module, instance: Block) -> None:
    """Never make a second group for one tier."""
    for type in ("aws_launch_template", "aws_autoscaling_group"):
        if module.find(f"{type}.{instance.name}") is not None:
            raise Unscalable(
                f"{type}.{instance.name} is there already; whether it is to take the place of the instances, only its author knows"
            )
    mine = _security_groups(instance)
    for template in module.resources("aws_launch_template", "aws_launch_configuration"):
        if mine and _security_groups(template) == mine:
            raise Unscalable(
                f"{template.address} is there for the same tier (it has the same security groups); whether it is to take the place of the instances, only its author knows"
            )


def _security_groups(block: Block) -> frozenset[str]:
    return frozenset(r.address for r in block.references if r.address.startswith("aws_security_group."))


# --- the plan ---------------------------------------------------------------------------------------------------------


def _plan(module: Module, context: Context, instance: Block, *, several: bool) -> Plan:
    """All that becomes of a block of instances. Raises `Unscalable`."""
    label = instance.name
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    prefix = call_prefix(context, module, _has_groups) + (f"{words}_" if several else "")
    names = Names(instance.address, label, prefix)
    loop = Loop.of(instance)
    templates = instance.blocks_of("launch_template")
    uncounted = Uncounted(label.replace("_", "-"))
    made: list[Edit] = []
    references = rewritten(module, context, instance, names)
    if templates:
        template = _joined(module, instance, templates[0], uncounted)
    else:
        _same_tier(module, instance)
        default_tags, made = _default_tags(module, context, instance)
        template = launch_template(module, instance, UserData(module, context), uncounted, default_tags)
    of = f"the Auto Scaling group of {prefix.strip('_').replace('_', ' ')}" if prefix else "the Auto Scaling group"
    sizes = group_sizes(module, context, loop, names.prefix, f"instances in {of}")
    group = _group(module, instance, names, template, sizes, references, loop)
    text = f"{template.text}\n{group}" if template.text else group
    text = missing_comments(comments_in(instance.node), text) + text
    left = copies_left(text)
    if left:
        raise Unscalable(f"`{left[0]}` decides more than a name in it")
    edits = [
        *made,
        instance.edit(None, text.rstrip("\n")),
        *references.edits,
        *hand_down(context, module, sizes.variables, title=TITLE),
    ]
    notes = [f"The sizes are {row_names(sizes.variables)}", *template.notes, *references.notes]
    if {"availability_zone", "subnet_id"} <= instance.attributes.keys():
        notes.append("`availability_zone` went: the subnets are in one each")
    return Plan(text, tuple(_disjoint(edits)), tuple(notes))


def _default_tags(module: Module, context: Context, instance: Block) -> tuple[str, list[Edit]]:
    """The provider's default tags, which a launch template does not give to its machines by itself."""
    provider = instance.get("provider")
    spelled = provider.value if provider is not None else ""
    if not has_default_tags(context, module, spelled):
        return "", []
    known = module.data(DEFAULT_TAGS)
    for block in known:
        of = block.get("provider")
        if (of.value if of is not None else "") == spelled:
            return f"{block.address}.tags", []
    name = module.unused_name("current", {b.name: b for b in known})
    body = f"{{\n  provider = {spelled}\n}}" if spelled else "{}"
    comment = "# The provider's default tags: machines of a launch template do not get them by themselves"
    return f"data.{DEFAULT_TAGS}.{name}.tags", [
        instance.insert_before(f'{comment}\ndata "{DEFAULT_TAGS}" "{name}" {body}')
    ]


def _has_groups(module: Module) -> bool:
    """Whether a module has groups, or instances that may become some."""
    counted = (
        i for i in module.resources(INSTANCE) if Loop.of(i).attribute is not None or behind_load_balancer(module, i)
    )
    return bool(module.resources("aws_autoscaling_group")) or any(_standing_alone(module, i) is None for i in counted)


def _joined(module: Module, instance: Block, launch: Block, uncounted: Uncounted) -> Template:
    """Of an instance that has a launch template already, what the group takes."""
    if module.find(f"aws_autoscaling_group.{instance.name}") is not None:
        raise Unscalable(f"aws_autoscaling_group.{instance.name} is there already")
    overrides = [
        n for n in instance.attributes if n not in ("count", "for_each", "subnet_id", "tags", "depends_on", "provider")
    ]
    overrides += [b.type for b in instance.blocks if b.type not in ("launch_template", "lifecycle")]
    if overrides:
        raise Unscalable(f"it overrides its launch template ({', '.join(f'`{o}`' for o in overrides)})")
    tags = instance.get("tags")
    text = at_no_indent(tags, tags.expr) if tags is not None else None
    if tags is not None:
        text = uncounted.text(tags, tags.expr)
        if tags.indent:
            text = text.replace(f"\n{tags.indent}", "\n")
    bare = without_comments(text) if text is not None else None
    notes = [f"tags that differed from copy to copy went: {', '.join(uncounted.dropped)}"] if uncounted.dropped else []
    return Template("", name_prefix(text, uncounted.label), bare, tuple(notes), tuple(parts_of(instance)))


def _group(
    module: Module,
    instance: Block,
    names: Names,
    template: Template,
    sizes: Sizes,
    references: Rewritten,
    loop: Loop,
) -> str:
    """The text of the Auto Scaling group."""
    moved = {p.element.name: p for p in template.moved if isinstance(p.element, Attribute)}
    pieces: list[Piece] = []
    provider = instance.get("provider")
    if provider is not None:
        pieces.append(Piece(f"provider = {provider.value}\n"))
    pieces.append(Piece(f"name_prefix = {template.name_prefix}\n"))
    pieces.append(_zones(moved, loop))
    count = moved.get("count") or moved.get("for_each")
    desired = f"desired_capacity = {sizes.desired}{count.tail if count else ''}\n"
    pieces.append(Piece(f"min_size = {sizes.smallest}\n"))
    pieces.append(Piece(f"max_size = {sizes.largest}\n"))
    pieces.append(Piece(count.kept(count.lead + desired) if count else desired))
    if references.target_groups:
        pieces.append(Piece(f"target_group_arns = {_list(references.target_groups)}\n"))
    if references.load_balancers:
        pieces.append(Piece(f"load_balancers = {_list(references.load_balancers)}\n"))
    if references.target_groups or references.load_balancers:
        pieces.append(Piece('health_check_type = "ELB"\n'))
        pieces.append(Piece("health_check_grace_period = 300\n"))
    pieces.append(Piece(_launch(module, instance, names), is_block=True))
    preferences = block_text("preferences", ["min_healthy_percentage = 50"]).rstrip("\n")
    pieces.append(Piece(block_text("instance_refresh", ['strategy = "Rolling"', "", preferences]), is_block=True))
    pieces.extend(Piece(text, is_block=True) for text in _tags(template.tags))
    pieces.append(Piece(block_text("lifecycle", ["create_before_destroy = true"]), is_block=True))
    depends = moved.get("depends_on")
    if depends is not None:
        text = at_no_indent(depends.element, depends.element.node)
        pieces.append(Piece(depends.kept(f"{depends.lead}{text}{depends.tail}\n"), spaced=True))
    return f'resource "aws_autoscaling_group" "{names.label}" {{\n{indented(joined_pieces(pieces), "  ")}}}\n'


def _zones(moved: dict[str, Part], loop: Loop) -> Piece:
    """Where the machines run."""
    targets = {"subnet_id": "vpc_zone_identifier", "availability_zone": "availability_zones"}
    parts = [moved[name] for name in targets if name in moved]
    if not parts:
        raise Unscalable("it names no subnet; a group has to be told where its machines run")
    part, *others = parts
    assert isinstance(part.element, Attribute)
    zones = all_values(part.element, part.element.expr, loop)
    text = part.kept(f"{part.lead}{targets[part.element.name]} = {zones}{part.tail}\n")
    return Piece("".join(other.kept("") for other in others) + text)


def _launch(module: Module, instance: Block, names: Names) -> str:
    launch = next(iter(instance.blocks_of("launch_template")), None)
    if launch is None:
        return block_text(
            "launch_template", [f"id = {names.template}.id", f"version = {names.template}.latest_version"]
        )
    rows = []
    for part in parts_of(launch):
        if isinstance(part.element, Attribute):
            rows.append(f"{part.lead}{at_no_indent(part.element, part.element.node)}{part.tail}")
    own = next((r.address for r in launch.references if r.address.startswith("aws_launch_template.")), None)
    version = launch.get("version")
    if own is not None and (version is None or version.value in ('"$Latest"', '"$$Latest"')):
        rows = [r for r in rows if not r.lstrip().startswith("version")] + [f"version = {own}.latest_version"]
    return block_text("launch_template", rows)


def _tags(tags: str | None) -> Iterator[str]:
    """The group's tags, which its machines get as well."""
    if tags is None:
        return
    holder = File("probe.tf", f"x = {tags}\n").attributes.get("x")
    items = object_items(holder.expr) if holder is not None and holder.expr.kind == "object" else ()
    if holder is not None and 0 < len(items) <= _LIMIT_TAGS and all(item_key(i) for i in items):
        for item in items:
            rows = [
                f'key = "{item_key(item)}"',
                f"value = {holder.text(item_value(item))}",
                "propagate_at_launch = true",
            ]
            yield block_text("tag", rows)
        return
    content = block_text("content", ["key = tag.key", "value = tag.value", "propagate_at_launch = true"]).rstrip("\n")
    yield block_text('dynamic "tag"', [f"for_each = {tags}", "", content])


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(values)}]"


def _disjoint(edits: Sequence[Edit]) -> Iterator[Edit]:
    """The edits of one fix, removals that share blank lines joined."""
    last: Edit | None = None
    for edit in sorted(edits, key=lambda e: (e.file, e.start, e.end)):
        if last is not None and last.file == edit.file and edit.start < last.end:
            if edit.text or last.text:
                raise Unscalable("two of its references stand in one expression")
            last = last._replace(end=max(last.end, edit.end))
            continue
        if last is not None:
            yield last
        last = edit
    if last is not None:
        yield last


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
