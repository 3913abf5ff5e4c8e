"""What refers to instances that become an Auto Scaling group, and what becomes of it.

Each kind of reference has its own way; what none of them takes is a reason to leave the instances alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Expr,
    Module,
    Reference,
    call_arguments,
    call_name,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
    traversal_address,
    walk,
)
from tapfix.module.evaluate import Evaluator

from .copies import COPY_NAMES, Loop, Uncounted, Unscalable, tells_copies

ATTACHMENTS = {
    "aws_lb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_alb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_elb_attachment": ("elb", "instance"),
}
"""What puts one instance behind a load balancer: where, and which."""

BOUND = {
    "aws_eip": "an Elastic IP address is bound to it",
    "aws_eip_association": "an Elastic IP address is bound to it",
    "aws_volume_attachment": "a volume is attached to it",
    "aws_network_interface_attachment": "a network interface is attached to it",
    "aws_network_interface": "a network interface is attached to it",
    "aws_route": "a route goes through it",
    "aws_route_table": "a route goes through it",
    "aws_route53_record": "a DNS record names its address",
    "aws_ssm_association": "an SSM association names it",
    "aws_ami_from_instance": "an image is made of it",
    "aws_ebs_snapshot": "a snapshot is made of it",
    "aws_backup_selection": "a backup selection names it",
}
"""Resources that need one certain machine."""

POLICIES = frozenset({"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"})

OF_TEMPLATE = {"ami": "image_id", "instance_type": "instance_type", "key_name": "key_name"}
"""Attributes of an instance that its launch template tells as well."""

_GROUP_TAG = "aws:ResourceTag/aws:autoscaling:groupName"
_ANY_INSTANCE = '"arn:aws:ec2:*:*:instance/*"'

_MADE_OF_THEM = frozenset({"call", "for_tuple", "paren", "tuple"})
"""Expressions that make a text or a list of ids, and of one name nothing else than the name."""

_AROUND = _MADE_OF_THEM | {"binary", "conditional", "for_object", "heredoc", "object", "template", "unary"}


class Names(NamedTuple):
    """What takes the instances' place."""

    instance: str
    label: str
    prefix: str
    """What goes in front of names that tell several groups apart; empty for the only group."""

    @property
    def group(self) -> str:
        return f"aws_autoscaling_group.{self.label}"

    @property
    def template(self) -> str:
        return f"aws_launch_template.{self.label}"

    @property
    def output(self) -> str:
        return f"{self.prefix}autoscaling_group_name"


class Use:
    """A reference to the instances: which of them (`index`), and what of them (`attribute`)."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.block = reference.block
        self.holder = reference.holder
        steps = list(reference.steps)
        self.index: Expr | None = None
        self.splat = False
        if steps and steps[0].kind in ("index", "legacy_index"):
            self.index = steps.pop(0).children[1]
        elif steps and steps[0].kind in ("full_splat", "attr_splat"):
            self.splat = True
            steps.pop(0)
        self.attribute = steps[0].children[1].text if steps and steps[0].kind == "get_attr" else ""
        self.rest = steps[1:]
        self.whole: Expr = reference.node
        """The traversal, or the expression that takes its attribute of each of the instances."""
        of_each = _of_each(self.holder, reference.node) if self.holder is not None and not self.attribute else None
        if of_each is not None and self.index is None:
            self.whole, self.attribute = of_each
            self.splat = True

    @property
    def name(self) -> str:
        return self.holder.name if self.holder is not None else ""

    def replace(self, text: str) -> Edit:
        """Put another expression in place of the whole one."""
        base = self.reference.start - self.reference.node.start
        return Edit(self.reference.file.path, base + self.whole.start, base + self.whole.end, text)

    def counted_by(self) -> Expr | None:
        """The `length(…)` that the reference stands in alone."""
        if self.holder is None:
            return None
        for call in walk(self.holder.expr):
            if call_name(call) == "length" and any(a is self.whole for a in call_arguments(call)):
                return call
        return None


class Rewritten(NamedTuple):
    """What the references came to."""

    edits: tuple[Edit, ...]
    target_groups: tuple[str, ...]
    load_balancers: tuple[str, ...]
    notes: tuple[str, ...]


def behind_load_balancer(module: Module, instance: Block) -> bool:
    """Whether an instance is attached to a target group or a load balancer."""
    return any(
        r.block is not None
        and (
            r.block.resource_type in ATTACHMENTS
            or (r.block.resource_type == "aws_elb" and r.holder and r.holder.name == "instances")
        )
        for r in module.references_to(instance.address)
    )


def rewritten(module: Module, context: Context, instance: Block, names: Names) -> Rewritten:
    """The references to the instances, rewritten. Raises `Unscalable` for one that needs a certain machine."""
    return _References(module, context, instance, names).all()


class _References:
    def __init__(self, module: Module, context: Context, instance: Block, names: Names) -> None:
        self.module = module
        self.context = context
        self.instance = instance
        self.names = names
        self.loop = Loop.of(instance)
        self.target_groups: list[str] = []
        self.load_balancers: list[str] = []
        self.notes: list[str] = []
        self.attached: dict[str, set[str]] = {}
        """By target group, the instances that are attached one by one, `*` for all."""

    def all(self) -> Rewritten:
        by_block: dict[int, tuple[Block, list[Use]]] = {}
        for reference in self.module.references_to(self.instance.address):
            block = reference.block
            if block is None or block.address == self.instance.address:
                continue
            by_block.setdefault(id(block), (block, []))[1].append(Use(reference))
        for block, uses in by_block.values():
            if block.resource_type in BOUND and any(u.name != "depends_on" for u in uses):
                raise Unscalable(f"{BOUND[block.resource_type]} ({block.address})")
        edits: list[Edit] = []
        outputs: list[tuple[Block, list[Use]]] = []
        for block, uses in by_block.values():
            if block.type == "output":
                outputs.append((block, uses))
            else:
                edits.extend(self._of(block, uses))
        edits.extend(self._outputs(outputs))
        for group, which in self.attached.items():
            if "*" not in which and len(which) != self._number():
                raise Unscalable(f"only some of the copies are attached to {group}")
        return Rewritten(
            tuple(edits),
            tuple(dict.fromkeys(self.target_groups)),
            tuple(dict.fromkeys(self.load_balancers)),
            tuple(dict.fromkeys(self.notes)),
        )

    def _number(self) -> int:
        if self.loop.attribute is None:
            return 1
        value = Evaluator(self.module).evaluate(self.loop.attribute.expr)
        return value if isinstance(value, int) else len(value) if isinstance(value, list | dict) else -1

    def _of(self, block: Block, uses: list[Use]) -> Iterator[Edit]:
        """The edits of one block that refers to the instances."""
        depends = [u for u in uses if u.name == "depends_on"]
        uses = [u for u in uses if u.name != "depends_on"]
        type = block.resource_type or (block.labels[0] if block.type == "data" else block.type)
        if uses and type in ATTACHMENTS:
            yield from self._attachment(block, uses)
            return
        yield from (u.reference.edit(self.names.group) for u in depends)
        if not uses:
            return
        if type == "aws_elb" and all(u.name == "instances" for u in uses):
            yield from self._classic(block, uses)
        elif type == "aws_cloudwatch_metric_alarm":
            yield from self._alarm(block, uses)
        elif type == "aws_cloudwatch_dashboard":
            yield from self._dashboard(block, uses)
        elif type in POLICIES or type == "aws_iam_policy_document":
            for use in uses:
                yield from self._in_policy(block, use)
        else:
            for use in uses:
                yield self._plain(block, use)

    def _plain(self, block: Block, use: Use) -> Edit:
        """A use that needs no certain machine, wherever it stands."""
        call = use.counted_by()
        if call is not None and use.holder is not None:
            return use.holder.edit(call, f"{self.names.group}.desired_capacity")
        if use.attribute in OF_TEMPLATE and not use.rest and not use.splat:
            return use.replace(f"{self.names.template}.{OF_TEMPLATE[use.attribute]}")
        where = block.address if block.type != "locals" else f"local.{use.name}"
        if not use.attribute:
            raise Unscalable(f"{where} needs the machines one by one")
        raise Unscalable(f"{where} needs `{use.attribute}` of a certain machine")

    # --- load balancers -----------------------------------------------------------------------------------------------

    def _attachment(self, block: Block, uses: list[Use]) -> Iterator[Edit]:
        where, which = ATTACHMENTS[block.labels[0]]
        balancer, target = block.get(where), block.get(which)
        if balancer is None or target is None:
            raise Unscalable(f"{block.address} is unfinished")
        if tells_copies(balancer, balancer.expr):
            raise Unscalable(f"{block.address} puts each copy behind another `{where}`")
        self._attached_copies(block, uses, target, balancer.value)
        for other in self.module.references_to(block.address):
            if other.holder is None or other.holder.name != "depends_on":
                raise Unscalable(
                    f"{other.block.address if other.block else 'something'} refers to {block.address}, which goes"
                )
            yield other.edit(self.names.group)
        if block.labels[0] == "aws_elb_attachment":
            self.load_balancers.append(balancer.value)
        else:
            yield from self._target_group(block, balancer)
        yield block.remove()

    def _attached_copies(self, block: Block, uses: list[Use], target: Attribute, balancer: str) -> None:
        """Note which copies an attachment attaches; all of them must be, in the end."""
        loop = Loop.of(block)
        attached = self.attached.setdefault(balancer, set())
        direct = [u for u in uses if u.holder is not None and u.holder.start == target.start]
        loops = [u for u in uses if u not in direct]
        if any(u.name not in ("count", "for_each") for u in loops):
            raise Unscalable(f"{block.address} refers to the instances in more than its target")
        if loop.attribute is None:
            for use in direct:
                attached.add("*" if use.index is None else target.text(use.index))
        elif loops or loop.same_as(self.loop) or self._as_many(loop):
            if (
                loop.attribute.name == "count"
                and not loops
                and any(u.index is not None and not tells_copies(target, u.index) for u in direct)
            ):
                raise Unscalable(f"{block.address} attaches one copy more than once")
            others = [
                r
                for r in expression_references(loop.attribute, loop.attribute.expr)
                if r.address.startswith("aws_instance.")
            ]
            if any(r.address != self.instance.address for r in others):
                raise Unscalable(f"{block.address} attaches other instances as well")
            attached.add("*")
        elif self.loop.attribute is None:
            attached.add("*")
        else:
            raise Unscalable(f"whether {block.address} attaches all copies cannot be told")

    def _as_many(self, loop: Loop) -> bool:
        if loop.attribute is None or loop.attribute.name != "count":
            return False
        value = Evaluator(self.module).evaluate(loop.attribute.expr)
        return isinstance(value, int) and value == self._number()

    def _target_group(self, block: Block, balancer: Attribute) -> Iterator[Edit]:
        found = traversal_address(balancer.expr)
        group = self.module.find(found[0]) if found is not None else None
        self.target_groups.append(balancer.value)
        if not isinstance(group, Block) or found is None:
            return
        self._not_served(group)
        kind = group.get("target_type")
        if kind is not None and Evaluator(self.module).evaluate(kind.expr) not in ("instance", None):
            raise Unscalable(f"{group.address} takes targets by address, and a group registers machines by their id")
        port, default = block.get("port"), group.get("port")
        if port is None or default is None or _same_port(self.module, port, default):
            return
        if tells_copies(port, port.expr):
            raise Unscalable(f"{block.address} gives each copy a port of its own")
        others = [
            r
            for r in self.module.references_to(group.address)
            if r.block and r.block.resource_type in ATTACHMENTS and r.block.address != block.address
        ]
        if others:
            raise Unscalable(f"{block.address} uses another port than {group.address}, which others use as well")
        self.notes.append(f"the port of {group.address} is now the one that the attachment used")
        yield default.replace(port.value)

    def _not_served(self, group: Block) -> None:
        for reference in self.module.references_to(group.address):
            block = reference.block
            if block is not None and block.resource_type in ("aws_autoscaling_group", "aws_autoscaling_attachment"):
                raise Unscalable(
                    f"{block.address} serves {group.address} already; whether these instances are a part of it, or may go, only its author knows"
                )

    def _classic(self, block: Block, uses: list[Use]) -> Iterator[Edit]:
        instances = block.attributes["instances"]
        if any(r.address != self.instance.address for r in expression_references(instances, instances.expr)):
            raise Unscalable(f"{block.address} serves other instances as well")
        if self.loop.attribute is not None and not all(u.splat for u in uses):
            raise Unscalable(f"{block.address} serves only some of the copies")
        self.load_balancers.append(f"{block.address}.name")
        yield instances.remove()

    # --- alarms, dashboards, policies ---------------------------------------------------------------------------------

    def _alarm(self, block: Block, uses: list[Use]) -> Iterator[Edit]:
        if re.search(r"ec2:(recover|reboot|stop|terminate)|EC2\.Instance(Recover|Reboot|Stop|Terminate)", block.text()):
            raise Unscalable(f"{block.address} acts on one certain machine")
        loop = Loop.of(block)
        counted = loop.attribute is not None and (
            any(u.name in ("count", "for_each") for u in uses) or loop.same_as(self.loop)
        )
        replaced: set[int] = set()
        for inner in block.walk():
            dimensions = inner.get("dimensions")
            for item in object_items(dimensions.expr) if dimensions is not None else ():
                inside = [u for u in uses if dimensions is not None and _within(dimensions, item, u)]
                by_loop = counted and dimensions is not None and tells_copies(dimensions, item_value(item))
                if dimensions is None or not (inside or by_loop):
                    continue
                if item_key(item) != "InstanceId":
                    raise Unscalable(f"{block.address} measures `{item_key(item)}`, which a group does not have")
                yield dimensions.edit(item.children[0], "AutoScalingGroupName")
                yield dimensions.edit(item_value(item), f"{self.names.group}.name")
                replaced.update(id(u) for u in inside)
        if counted and loop.attribute is not None:
            yield from self._single(block, loop.attribute, uses, replaced)
        for use in uses:
            if id(use) in replaced:
                continue
            if use.attribute == "id" and use.holder is not None and use.counted_by() is None:
                yield self._named(use.holder, use)
            else:
                yield self._plain(block, use)

    def _single(self, block: Block, loop: Attribute, uses: list[Use], replaced: set[int]) -> Iterator[Edit]:
        """Of the copies of a block, one for each instance, make one for the group."""
        yield loop.remove(comments=False)
        replaced.update(id(u) for u in uses if u.name == loop.name)
        uncounted = Uncounted(self.names.label.replace("_", "-"))
        for attribute in block.attributes.values():
            if attribute.name in (loop.name, "dimensions") or not tells_copies(attribute, attribute.expr):
                continue
            for reference in expression_references(attribute, attribute.expr):
                whole = attribute.file.text[
                    reference.start : reference.start + reference.node.end - reference.node.start
                ]
                if reference.address == "each.value" and whole == "each.value.id":
                    raise Unscalable(f"{block.address} names each machine in `{attribute.name}`")
            if any(id(u) not in replaced and u.holder is not None and u.holder.start == attribute.start for u in uses):
                continue
            yield from (
                Edit(attribute.file.path, c.start, c.end, c.text) for c in uncounted.cuts(attribute, attribute.expr)
            )
        for other in self.module.references_to(block.address):
            step = other.steps[0] if other.steps else None
            if step is None or step.kind in ("full_splat", "attr_splat"):
                if step is None and not (other.holder and other.holder.name == "depends_on"):
                    raise Unscalable(f"{_address(other)} refers to all copies of {block.address}")
                continue
            if step.kind == "index" and step.children[1].text == "0" and other.holder is not None:
                yield other.holder.edit(step, "")
            elif step.kind == "index":
                raise Unscalable(f"{_address(other)} refers to one copy of {block.address}")

    def _dashboard(self, block: Block, uses: list[Use]) -> Iterator[Edit]:
        """A metric of each machine becomes one of the group."""
        shown: set[int] = set()
        for use in uses:
            holder = use.holder
            for loop in _loops(holder.expr) if holder is not None else ():
                if holder is None or id(use) in shown or not _goes_through(loop, use):
                    continue
                inside = [u for u in uses if _within(holder, loop.node, u)]
                shown.update(map(id, inside))
                yield from self._once(block, holder, loop, inside)
        for holder in {id(u.holder): u.holder for u in uses if u.holder is not None}.values():
            for edit, use in _repeated_metrics(holder, [u for u in uses if u.attribute == "id"]):
                if id(use) not in shown:
                    shown.add(id(use))
                    yield edit
        for use in uses:
            if id(use) not in shown:
                yield from self._in_dashboard(block, use)

    def _once(self, block: Block, holder: Attribute, loop: For, inside: list[Use]) -> Iterator[Edit]:
        """What a `for` makes of each machine is made once, of the group."""
        whole = next((u for u in inside if u.reference.node is loop.over), None)
        spelled = loop.names[-1] if whole is not None and whole.attribute == "id" else f"{loop.names[-1]}.id"
        metrics = [
            (before, element)
            for before, element in _metric_dimensions(loop.body)
            if (whole is not None and holder.text(element) == spelled)
            or any(u.whole is element and u.attribute == "id" for u in inside)
        ]
        elements = [element for _, element in metrics]
        left = [u for u in inside if not _holds(loop.over, u.whole) and not any(u.whole is e for e in elements)]
        names = {n.text for n in walk(loop.body) if n.kind == "Identifier" and not any(_holds(e, n) for e in elements)}
        head = holder.file.text[holder.base + loop.node.children[1].start : holder.base + loop.body.start]
        if not metrics or left or names & set(loop.names) or re.search(r"#|//|/\*", head):
            raise Unscalable(f"{block.address} needs the machines one by one")
        yield Edit(holder.file.path, holder.base + loop.node.children[1].start, holder.base + loop.body.start, "")
        for before, element in metrics:
            yield holder.edit(before, '"AutoScalingGroupName"')
            yield holder.edit(element, f"{self.names.group}.name")

    def _in_dashboard(self, block: Block, use: Use) -> Iterator[Edit]:
        """`"InstanceId", aws_instance.x.id` of a metric, in an expression or in the text of a heredoc."""
        if use.holder is not None and use.attribute == "id":
            for before, element in _metric_dimensions(use.holder.expr):
                if element is use.whole:
                    yield use.holder.edit(before, '"AutoScalingGroupName"')
                    yield use.replace(f"{self.names.group}.name")
                    return
            for heredoc in walk(use.holder.expr):
                for text, value in pairwise(heredoc.children if heredoc.kind == "heredoc" else ()):
                    if value.kind != "interpolation" or value.children[1] is not use.whole or use.splat:
                        continue
                    found = re.search(r'"InstanceId"(?=\s*,\s*"$)', text.text)
                    if found is not None:
                        start = use.holder.base + text.start + found.start()
                        yield Edit(use.holder.file.path, start, start + len(found[0]), '"AutoScalingGroupName"')
                        yield use.replace(f"{self.names.group}.name")
                        return
        yield self._plain(block, use)

    def _in_policy(self, block: Block, use: Use) -> Iterator[Edit]:
        """The instances' ARNs become those of any instance that bears the group's tag."""
        if use.attribute != "arn" or use.holder is None:
            yield self._plain(block, use)
            return
        if use.name == "resources" and use.holder.parent is not None and self._is_all(use.holder, use.holder.expr):
            grant = use.holder.parent
            rows = ['test     = "StringEquals"', f'variable = "{_GROUP_TAG}"', f"values   = [{self.names.group}.name]"]
            yield use.holder.replace(f"[{_ANY_INSTANCE}]")
            yield grant.insert("\ncondition {\n" + "\n".join(f"  {r}" for r in rows) + "\n}", after=use.holder)
            return
        statements = [o for o in walk(use.holder.expr) if o.kind == "object"]
        for statement in reversed(statements):
            items = {item_key(i): i for i in object_items(statement)}
            resource = items.get("Resource")
            if resource is None or not _within(use.holder, resource, use):
                continue
            if "Condition" in items or not self._is_all(use.holder, item_value(resource)):
                break
            resource_start = use.holder.base + resource.start
            indent = " " * (resource_start - use.holder.file.line_start(resource_start))
            condition = f'{{\n{indent}  StringEquals = {{ "{_GROUP_TAG}" = {self.names.group}.name }}\n{indent}}}'
            yield use.holder.edit(item_value(resource), f"{_ANY_INSTANCE}\n{indent}Condition = {condition}")
            return
        raise Unscalable(f"{block.address} grants something on these instances among others, or under a condition")

    def _is_all(self, holder: Attribute, expr: Expr) -> bool:
        """Whether an expression names these instances and nothing else."""
        return len(_leaves(expr)) == 1 and {r.address for r in expression_references(holder, expr)} <= {
            self.instance.address
        }

    # --- outputs ------------------------------------------------------------------------------------------------------

    def _outputs(self, outputs: Sequence[tuple[Block, list[Use]]]) -> Iterator[Edit]:
        """The first output of the instances becomes one of the group's name; those of what a group does not have go."""
        whole: list[tuple[Block, list[Use]]] = []
        for block, uses in outputs:
            if any(u.name == "depends_on" for u in uses):
                yield from (u.reference.edit(self.names.group) for u in uses if u.name == "depends_on")
                uses = [u for u in uses if u.name != "depends_on"]
            value = block.get("value")
            if not uses or value is None:
                continue
            if all(u.counted_by() is not None for u in uses):
                yield from (self._plain(block, u) for u in uses)
            elif len(uses) == 1 and uses[0].attribute in OF_TEMPLATE and self._only(value):
                yield value.replace(f"{self.names.template}.{OF_TEMPLATE[uses[0].attribute]}")
            elif self._only(value):
                whole.append((block, uses))
            else:
                yield from self._mixed(block, value, uses)
        whole.sort(key=lambda w: not any(self._names_machines(w[0], u) for u in w[1]))
        taken = self.names.output in self.module.outputs or any(
            r.address == self.names.group
            for r in self.module.references
            if r.block is not None and r.block.type == "output"
        )
        for i, (block, _) in enumerate(whole):
            if i or taken:
                self.notes.append(f"output `{block.name}` went: the machines of a group come and go")
                yield from self._without_output(self.module, block)
            else:
                self.notes.append(f"output `{block.name}` is now `{self.names.output}`")
                yield from self._renamed_output(self.module, block, f"{self.names.group}.name")

    def _only(self, value: Attribute) -> bool:
        """Whether an output's value is of these instances and of nothing else."""
        return {r.address for r in expression_references(value, value.expr)} <= {self.instance.address, *COPY_NAMES}

    def _names_machines(self, block: Block, use: Use) -> bool:
        if use.attribute:
            return use.attribute in ("id", "arn")
        value = block.attributes["value"].value
        return re.search(r"\.(id|arn)\b", value) is not None

    def _mixed(self, block: Block, value: Attribute, uses: list[Use]) -> Iterator[Edit]:
        named = {self._named(value, u) for u in uses if u.attribute in ("id", "arn") and u.counted_by() is None}
        yield from named
        for use in uses:
            if any(e.start <= use.reference.start < e.end for e in named):
                continue
            if use.counted_by() is not None:
                yield self._plain(block, use)
                continue
            for node in walk(value.expr):
                items = object_items(node) if node.kind == "object" else ()
                item = next((i for i in items if _within(value, i, use)), None)
                if item is not None and self._is_all(value, item_value(item)):
                    line, end = (
                        value.file.line_start(value.base + item.start),
                        value.file.line_end(value.base + item.end),
                    )
                    self.notes.append(
                        f"`{item_key(item)}` of output `{block.name}` went: the machines of a group come and go"
                    )
                    yield Edit(value.file.path, line, end, "")
                    break
            else:
                yield self._plain(block, use)

    def _named(self, holder: Attribute, use: Use) -> Edit:
        """The group's name or ARN in place of ids or ARNs, and of what is made of them alone: one text where a list was."""
        target, around = use.whole, ""
        for outer in sorted((n for n in walk(holder.expr) if n.kind in _AROUND and _holds(n, use.whole)), key=_length):
            if outer is use.whole:
                continue
            of = {r.address for r in expression_references(holder, outer)}
            if outer.kind not in _MADE_OF_THEM or not of <= {self.instance.address}:
                around = outer.kind
                break
            target = outer
        text = f"{self.names.group}.{'name' if use.attribute == 'id' else 'arn'}"
        is_list = target.kind in ("tuple", "for_tuple") or (target is use.whole and use.splat)
        if target.kind == "tuple" or (is_list and around in ("call", "conditional", "tuple")):
            text = f"[{text}]"
        return holder.edit(target, text)

    def _renamed_output(self, module: Module, block: Block, value: str) -> Iterator[Edit]:
        name = self.names.output
        if name in module.outputs and module.outputs[name] is not block:
            yield from self._without_output(module, block)
            return
        yield block.edit(block.label_nodes[-1], f'"{name}"')
        yield block.attributes["value"].replace(value)
        description = block.get("description")
        if description is not None:
            yield description.replace('"Name of the Auto Scaling group"')
        for call, reference in self._callers(module, block):
            step = reference.steps[0]
            outer = reference.block
            if outer is not None and outer.type == "output" and reference.holder is not None and _is_whole(reference):
                yield from self._renamed_output(call, outer, f"{reference.address}.{name}")
            elif reference.holder is not None and len(reference.steps) == 1:
                yield reference.holder.edit(step.children[1], name)
            else:
                raise Unscalable(f"{_address(reference)} refers to the instances through output `{block.name}`")

    def _without_output(self, module: Module, block: Block) -> Iterator[Edit]:
        yield block.remove()
        for call, reference in self._callers(module, block):
            outer = reference.block
            if outer is None or outer.type != "output" or not _is_whole(reference):
                raise Unscalable(f"{_address(reference)} refers to the instances through output `{block.name}`")
            yield from self._without_output(call, outer)

    def _callers(self, module: Module, output: Block) -> Iterator[tuple[Module, Reference]]:
        for call in self.context.project.callers(module):
            caller = self.context.project.module_of(call.file)
            for reference in caller.references_to(call.address):
                step = reference.steps[0] if reference.steps else None
                if step is not None and step.kind == "get_attr" and step.children[1].text == output.name:
                    yield caller, reference


class For(NamedTuple):
    """A `for` that makes a list, without a condition."""

    node: Expr
    names: tuple[str, ...]
    over: Expr
    body: Expr


def _loops(expr: Expr) -> Iterator[For]:
    """The `for` expressions in an expression, the outer ones first."""
    for node in walk(expr):
        if node.kind != "for_tuple":
            continue
        at = next(i for i, child in enumerate(node.children) if child.kind == "Colon")
        names = tuple(c.text for c in node.children[2 : at - 2] if c.kind == "Identifier")
        if len(node.children) == at + 3:
            yield For(node, names, node.children[at - 1], node.children[at + 1])


def _of_each(holder: Attribute, instances: Expr) -> tuple[Expr, str] | None:
    """`[for i in instances : i.id]` or `values(instances)[*].id`: the expression, and what it takes of each."""
    for loop in _loops(holder.expr):
        found = re.fullmatch(rf"{re.escape(loop.names[-1])}\.(\w+)", holder.text(loop.body))
        if loop.over is instances and found is not None:
            return loop.node, found[1]
    for node in walk(holder.expr):
        if node.kind != "traversal" or call_name(node.children[0]) != "values" or len(node.children) != 3:
            continue
        splat, step = node.children[1:]
        of_all = splat.kind in ("full_splat", "attr_splat") and step.kind == "get_attr"
        if of_all and any(a is instances for a in call_arguments(node.children[0])):
            return node, step.children[1].text
    return None


def _goes_through(loop: For, use: Use) -> bool:
    """Whether a `for` goes through the instances: over them, or over their numbers."""
    if loop.node is use.whole:
        return False
    by_number = use.index is not None and use.index.text in loop.names and _holds(loop.body, use.whole)
    return loop.over is use.reference.node or by_number


def _metric_dimensions(expr: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The `"InstanceId"` of each metric, with its value."""
    for row in walk(expr):
        for before, element in pairwise(call_arguments(row) if row.kind == "tuple" else ()):
            if string_value(before) == "InstanceId":
                yield before, element


def _repeated_metrics(holder: Attribute, uses: Sequence[Use]) -> Iterator[tuple[Edit, Use]]:
    """The rows that measure of another machine what a row above measures (`"."` is what stands above, `"..."` all of it), taken out."""
    for metrics in walk(holder.expr):
        said: set[tuple[str, ...]] = set()
        above: tuple[str, ...] = ()
        rows = call_arguments(metrics) if metrics.kind == "tuple" else ()
        for i, row in enumerate(rows):
            elements = call_arguments(row) if row.kind == "tuple" else ()
            use = next((u for u in uses if any(u.whole is e for e in elements)), None)
            if use is None:
                above = ()
                continue
            measured = tuple("" if e is use.whole else re.sub(r"\s+", "", holder.text(e)) for e in elements)
            shortened = measured == ('"..."', "") and above[-1:] == ("",)
            if shortened or (len(measured) == len(above) and set(measured) <= {"", '"."'}):
                measured = above
            between = holder.file.text[holder.base + rows[i - 1].end : holder.base + row.start]
            if measured in said and re.fullmatch(r"\s*,\s*", between):
                yield Edit(holder.file.path, holder.base + rows[i - 1].end, holder.base + row.end, ""), use
            said.add(measured)
            above = measured


def _length(node: Expr) -> int:
    return node.end - node.start


def _holds(outer: Expr, inner: Expr) -> bool:
    """Whether a node of an expression stands in another one of it."""
    return outer.start <= inner.start and inner.end <= outer.end


def _within(holder: Attribute, node: Expr, use: Use) -> bool:
    """Whether a use stands in a node of an attribute."""
    return (
        holder.base + node.start <= use.reference.start
        and use.reference.end <= holder.base + node.end
        and (use.holder is not None and use.holder.file is holder.file)
    )


def _is_whole(reference: Reference) -> bool:
    return reference.holder is not None and reference.node is reference.holder.expr and reference.holder.name == "value"


def _leaves(expr: Expr) -> Sequence[Expr]:
    """The elements of a list, or the expression itself."""
    return [e for a in call_arguments(expr) for e in _leaves(a)] if expr.kind == "tuple" else [expr]


def _same_port(module: Module, port: Attribute, default: Attribute) -> bool:
    if port.value == default.value:
        return True
    one, other = (str(Evaluator(module).evaluate(a.expr)) for a in (port, default))
    return one == other != "UNKNOWN"


def _address(reference: Reference) -> str:
    return reference.block.address if reference.block is not None else "something"
