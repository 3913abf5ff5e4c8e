"""What refers to instances that become an Auto Scaling group, and the edits that make it refer to the group.

Each kind of reference is handled in its own way. A reference that none of them fits is a reason to leave the instances
as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
    compose,
    expression_references,
    item_key,
    item_value,
    object_items,
    traversal_address,
    walk,
)
from tapfix.module.evaluate import is_known
from tapfix.module.nodes import step_name, step_name_node

from .copies import COPY_NAMES, Loop, Unscalable, tells_copies
from .metrics import alarm_edits, dashboard_edits
from .sizes import number_of
from .uses import OF_TEMPLATE, InstanceUse, Replacement, address_of, named, replaced

ATTACHMENTS = {
    "aws_lb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_alb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_elb_attachment": ("elb", "instance"),
}
"""What attaches one instance to a load balancer: the arguments that name the load balancer and the instance."""

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

_GROUP_TAG = "aws:ResourceTag/aws:autoscaling:groupName"
_ANY_INSTANCE = '"arn:aws:ec2:*:*:instance/*"'


class Rewritten(NamedTuple):
    """The edits of the references, and what the group has to name because of them."""

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


def rewritten(module: Module, context: Context, instance: Block, replacement: Replacement) -> Rewritten:
    """The references to the instances, rewritten. Raises `Unscalable` for one that needs a certain machine."""
    return _References(module, context, instance, replacement).all()


class _References:
    def __init__(self, module: Module, context: Context, instance: Block, replacement: Replacement) -> None:
        self.module = module
        self.context = context
        self.instance = instance
        self.replacement = replacement
        self.loop = Loop.of(instance)
        self.target_groups: list[str] = []
        self.load_balancers: list[str] = []
        self.notes: list[str] = []
        self.attached: dict[str, set[str]] = {}
        """By load balancer, the indexes of the instances that are attached to it, `*` for all."""

    def all(self) -> Rewritten:
        by_block: dict[int, tuple[Block, list[InstanceUse]]] = {}
        for reference in self.module.references_to(self.instance.address):
            block = reference.block
            if block is None or block.address == self.instance.address:
                continue
            by_block.setdefault(id(block), (block, []))[1].append(InstanceUse(reference))
        for block, uses in by_block.values():
            if block.resource_type in BOUND and any(u.name != "depends_on" for u in uses):
                raise Unscalable(f"{BOUND[block.resource_type]} ({block.address})")
        edits: list[Edit] = []
        outputs: list[tuple[Block, list[InstanceUse]]] = []
        for block, uses in by_block.values():
            if block.type == "output":
                outputs.append((block, uses))
            else:
                edits.extend(self._edits(block, uses))
        edits.extend(self._outputs(outputs))
        for group, which in self.attached.items():
            if "*" not in which and any(len(which) != number for number in self._numbers(self.loop)):
                raise Unscalable(f"only some of the copies are attached to {group}")
        return Rewritten(
            tuple(edits),
            tuple(dict.fromkeys(self.target_groups)),
            tuple(dict.fromkeys(self.load_balancers)),
            tuple(dict.fromkeys(self.notes)),
        )

    def _numbers(self, loop: Loop) -> list[int | None]:
        """The number of copies in each environment."""
        if loop.attribute is None:
            return [1 for _ in self.context.evaluators(self.module)]
        return [number_of(value) for value in self.context.values(loop.attribute).values()]

    def _edits(self, block: Block, uses: list[InstanceUse]) -> Iterator[Edit]:
        """The edits of one block that refers to the instances."""
        depends = [u for u in uses if u.name == "depends_on"]
        uses = [u for u in uses if u.name != "depends_on"]
        type = block.resource_type or (block.labels[0] if block.type == "data" else block.type)
        if uses and type in ATTACHMENTS:
            yield from self._attachment(block, uses)
            return
        yield from (u.reference.edit(self.replacement.group) for u in depends)
        if not uses:
            return
        if type == "aws_elb" and all(u.name == "instances" for u in uses):
            yield from self._classic(block, uses)
        elif type == "aws_cloudwatch_metric_alarm":
            yield from alarm_edits(self.module, block, uses, self.replacement, self.loop)
        elif type == "aws_cloudwatch_dashboard":
            yield from dashboard_edits(block, uses, self.replacement)
        elif type in POLICIES or type == "aws_iam_policy_document":
            for use in uses:
                yield from self._in_policy(block, use)
        else:
            yield from (replaced(use, block, self.replacement) for use in uses)

    # --- load balancers -----------------------------------------------------------------------------------------------

    def _attachment(self, block: Block, uses: list[InstanceUse]) -> Iterator[Edit]:
        where, which = ATTACHMENTS[block.labels[0]]
        balancer, target = block.get(where), block.get(which)
        if balancer is None or target is None:
            raise Unscalable(f"{block.address} is unfinished")
        if tells_copies(balancer, balancer.expr):
            raise Unscalable(f"{block.address} attaches each copy to another `{where}`")
        self._attached_copies(block, uses, target, balancer.value)
        for other in self.module.references_to(block.address):
            if other.holder is None or other.holder.name != "depends_on":
                raise Unscalable(f"{address_of(other)} refers to {block.address}, which goes")
            yield other.edit(self.replacement.group)
        if block.labels[0] == "aws_elb_attachment":
            self.load_balancers.append(balancer.value)
        else:
            yield from self._target_group(block, balancer)
        yield block.remove()

    def _attached_copies(self, block: Block, uses: list[InstanceUse], target: Attribute, balancer: str) -> None:
        """Note which copies an attachment attaches; in the end, all of them must be."""
        loop = Loop.of(block)
        attached = self.attached.setdefault(balancer, set())
        direct = [u for u in uses if u.holder is not None and u.holder.start == target.start]
        loops = [u for u in uses if u not in direct]
        if any(u.name not in ("count", "for_each") for u in loops):
            raise Unscalable(f"{block.address} refers to the instances in more than its target")
        if loop.attribute is None:
            attached.update("*" if use.index is None else target.text(use.index) for use in direct)
        elif loops or loop.same_as(self.loop) or self._as_many(loop):
            by_index = any(u.index is not None and not tells_copies(target, u.index) for u in direct)
            if loop.attribute.name == "count" and not loops and by_index:
                raise Unscalable(f"{block.address} attaches one copy more than once")
            references = expression_references(loop.attribute, loop.attribute.expr)
            addresses = {r.address for r in references if r.address.startswith("aws_instance.")}
            if not addresses <= {self.instance.address}:
                raise Unscalable(f"{block.address} attaches other instances as well")
            attached.add("*")
        elif self.loop.attribute is None:
            attached.add("*")
        else:
            raise Unscalable(f"whether {block.address} attaches all copies is not known")

    def _as_many(self, loop: Loop) -> bool:
        """Whether the `count` of an attachment is the number of instances, in each environment."""
        if loop.attribute is None or loop.attribute.name != "count":
            return False
        numbers = self._numbers(loop)
        return None not in numbers and numbers == self._numbers(self.loop)

    def _target_group(self, block: Block, balancer: Attribute) -> Iterator[Edit]:
        found = traversal_address(balancer.expr)
        group = self.module.find(found[0]) if found is not None else None
        self.target_groups.append(balancer.value)
        if not isinstance(group, Block) or found is None:
            return
        self._not_served(group)
        kind = group.get("target_type")
        if self.context.value(kind) not in ("instance", None):
            raise Unscalable(f"{group.address} takes targets by address, and a group registers machines by their id")
        port, default = block.get("port"), group.get("port")
        if port is None or default is None or self._same_port(port, default):
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

    def _same_port(self, port: Attribute, default: Attribute) -> bool:
        """Whether two ports are the same in each environment; `"80"` is 80."""
        if port.value == default.value:
            return True
        ports, defaults = (list(self.context.values(a).values()) for a in (port, default))
        known = all(map(is_known, [*ports, *defaults]))
        return known and list(map(str, ports)) == list(map(str, defaults))

    def _not_served(self, group: Block) -> None:
        for reference in self.module.references_to(group.address):
            block = reference.block
            if block is not None and block.resource_type in ("aws_autoscaling_group", "aws_autoscaling_attachment"):
                raise Unscalable(
                    f"{block.address} serves {group.address} already; "
                    "only its author knows whether these instances are a part of it, or may go"
                )

    def _classic(self, block: Block, uses: list[InstanceUse]) -> Iterator[Edit]:
        instances = block.attributes["instances"]
        if any(r.address != self.instance.address for r in expression_references(instances, instances.expr)):
            raise Unscalable(f"{block.address} serves other instances as well")
        if self.loop.attribute is not None and not all(u.splat for u in uses):
            raise Unscalable(f"{block.address} serves only some of the copies")
        self.load_balancers.append(f"{block.address}.name")
        yield instances.remove()

    # --- policies -----------------------------------------------------------------------------------------------------

    def _in_policy(self, block: Block, use: InstanceUse) -> Iterator[Edit]:
        """Put the ARN of any instance with the group's tag in place of the instances' ARNs."""
        if use.attribute != "arn" or use.holder is None:
            yield replaced(use, block, self.replacement)
            return
        if use.name == "resources" and use.holder.parent is not None and self._is_all(use.holder, use.holder.expr):
            grant = use.holder.parent
            values = {
                "test": '"StringEquals"',
                "variable": f'"{_GROUP_TAG}"',
                "values": f"[{self.replacement.group}.name]",
            }
            condition = compose.block("condition", body=compose.attributes(values))
            yield use.holder.replace(f"[{_ANY_INSTANCE}]")
            yield grant.insert(f"\n{condition}", after=use.holder)
            return
        statements = [o for o in walk(use.holder.expr) if o.kind == "object"]
        for statement in reversed(statements):
            items = {item_key(i): i for i in object_items(statement)}
            resource = items.get("Resource")
            if resource is None or not use.is_within(use.holder, resource):
                continue
            if "Condition" in items or not self._is_all(use.holder, item_value(resource)):
                break
            resource_start = use.holder.span(resource).start
            indent = " " * (resource_start - use.holder.file.line_start(resource_start))
            condition = f'{{\n{indent}  StringEquals = {{ "{_GROUP_TAG}" = {self.replacement.group}.name }}\n{indent}}}'
            yield use.holder.edit(item_value(resource), f"{_ANY_INSTANCE}\n{indent}Condition = {condition}")
            return
        raise Unscalable(f"{block.address} grants something on these instances among others, or under a condition")

    def _is_all(self, holder: Attribute, expr: Expr) -> bool:
        """Whether an expression names these instances and nothing else."""
        addresses = {r.address for r in expression_references(holder, expr)}
        return len(_elements(expr)) == 1 and addresses <= {self.instance.address}

    # --- outputs ------------------------------------------------------------------------------------------------------

    def _outputs(self, outputs: Sequence[tuple[Block, list[InstanceUse]]]) -> Iterator[Edit]:
        """Make the first output of the instances one of the group's name, and remove those of what a group lacks."""
        whole: list[tuple[Block, list[InstanceUse]]] = []
        for block, uses in outputs:
            if any(u.name == "depends_on" for u in uses):
                yield from (u.reference.edit(self.replacement.group) for u in uses if u.name == "depends_on")
                uses = [u for u in uses if u.name != "depends_on"]
            value = block.get("value")
            if not uses or value is None:
                continue
            if all(u.counted_by() is not None for u in uses):
                yield from (replaced(u, block, self.replacement) for u in uses)
            elif len(uses) == 1 and uses[0].attribute in OF_TEMPLATE and self._only(value):
                yield value.replace(f"{self.replacement.template}.{OF_TEMPLATE[uses[0].attribute]}")
            elif self._only(value):
                whole.append((block, uses))
            else:
                yield from self._mixed(block, value, uses)
        whole.sort(key=lambda w: not any(self._names_machines(w[0], u) for u in w[1]))
        taken = self.replacement.output in self.module.outputs or any(
            r.address == self.replacement.group
            for r in self.module.references
            if r.block is not None and r.block.type == "output"
        )
        for i, (block, _) in enumerate(whole):
            if i or taken:
                self.notes.append(f"output `{block.name}` is removed: the machines of a group come and go")
                yield from self._without_output(self.module, block)
            else:
                self.notes.append(f"output `{block.name}` is now `{self.replacement.output}`")
                yield from self._renamed_output(self.module, block, f"{self.replacement.group}.name")

    def _only(self, value: Attribute) -> bool:
        """Whether an output's value is of these instances and of nothing else."""
        return {r.address for r in expression_references(value, value.expr)} <= {self.instance.address, *COPY_NAMES}

    def _names_machines(self, block: Block, use: InstanceUse) -> bool:
        """Whether an output is of ids or ARNs, and not of addresses."""
        if use.attribute:
            return use.attribute in ("id", "arn")
        value = block.attributes["value"].value
        return re.search(r"\.(id|arn)\b", value) is not None

    def _mixed(self, block: Block, value: Attribute, uses: list[InstanceUse]) -> Iterator[Edit]:
        """The edits of an output of these instances and of something else."""
        by_name = [u for u in uses if u.attribute in ("id", "arn") and u.counted_by() is None]
        edits = {named(u, value, self.replacement) for u in by_name}
        yield from edits
        for use in uses:
            if any(e.start <= use.reference.start < e.end for e in edits):
                continue
            if use.counted_by() is not None:
                yield replaced(use, block, self.replacement)
                continue
            for node in walk(value.expr):
                items = object_items(node) if node.kind == "object" else ()
                item = next((i for i in items if use.is_within(value, i)), None)
                if item is not None and self._is_all(value, item_value(item)):
                    self.notes.append(
                        f"`{item_key(item)}` of output `{block.name}` is removed: the machines of a group come and go"
                    )
                    yield value.remove_member(node, item)
                    break
            else:
                yield replaced(use, block, self.replacement)

    def _renamed_output(self, module: Module, block: Block, value: str) -> Iterator[Edit]:
        name = self.replacement.output
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
                yield reference.holder.edit(step_name_node(step), name)
            else:
                raise Unscalable(f"{address_of(reference)} refers to the instances through output `{block.name}`")

    def _without_output(self, module: Module, block: Block) -> Iterator[Edit]:
        yield block.remove()
        for call, reference in self._callers(module, block):
            outer = reference.block
            if outer is None or outer.type != "output" or not _is_whole(reference):
                raise Unscalable(f"{address_of(reference)} refers to the instances through output `{block.name}`")
            yield from self._without_output(call, outer)

    def _callers(self, module: Module, output: Block) -> Iterator[tuple[Module, Reference]]:
        for call in self.context.project.callers(module):
            caller = self.context.project.module_of(call.file)
            for reference in caller.references_to(call.address):
                step = reference.steps[0] if reference.steps else None
                if step is not None and step.kind == "get_attr" and step_name(step) == output.name:
                    yield caller, reference


def _is_whole(reference: Reference) -> bool:
    return reference.holder is not None and reference.node is reference.holder.expr and reference.holder.name == "value"


def _elements(expr: Expr) -> Sequence[Expr]:
    """The elements of a list, or the expression itself."""
    return [e for a in call_arguments(expr) for e in _elements(a)] if expr.kind == "tuple" else [expr]
