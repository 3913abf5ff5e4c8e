"""Checks that subnets lie in their VPC and do not overlap. AWS refuses others only during apply.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from tapfix.module import Attribute, Block, Module
from tapfix.module.evaluate import Evaluator
from tapfix.verify.declarations import Declarations


def check_networks(declarations: Declarations, evaluators: Sequence[Evaluator]) -> None:
    """Check the subnets with known networks. Blocks with count or for_each are ignored."""
    module = declarations.module
    for evaluator in evaluators:
        taken: dict[str, list[tuple[IPv4Network, Block]]] = {}
        for subnet in module.resources("aws_subnet"):
            vpc, block = _vpc(module, subnet), subnet.get("cidr_block")
            if vpc is None or block is None or _is_counted(subnet) or _is_counted(vpc):
                continue
            own = _network(evaluator, block)
            if own is None:
                continue
            outer = _network(evaluator, vpc.get("cidr_block"))
            if outer is not None and not own.subnet_of(outer) and not _has_more_networks(module, vpc):
                what = f"{own} is not a part of {vpc.address}, which has {outer}"
                declarations.report("values", "outside-network", what, block)
            for other, holder in taken.setdefault(vpc.address, []):
                if own.overlaps(other):
                    declarations.report("values", "overlap", f"{own} overlaps with {other} of {holder.address}", block)
            taken[vpc.address].append((own, subnet))


def _vpc(module: Module, subnet: Block) -> Block | None:
    attribute = subnet.get("vpc_id")
    named = attribute.value.removesuffix(".id") if attribute and attribute.value.endswith(".id") else ""
    found = module.find(named) if named.startswith("aws_vpc.") else None
    return found if isinstance(found, Block) else None


def _has_more_networks(module: Module, vpc: Block) -> bool:
    """Does the VPC have more networks than its first?"""
    associations = module.resources("aws_vpc_ipv4_cidr_block_association")
    return any(reference.address == vpc.address for block in associations for reference in block.references)


def _network(evaluator: Evaluator, attribute: Attribute | None) -> IPv4Network | None:
    value = evaluator.evaluate(attribute.expr) if attribute else None
    try:
        return IPv4Network(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_counted(block: Block) -> bool:
    return block.get("count") is not None or block.get("for_each") is not None
