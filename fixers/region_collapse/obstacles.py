"""What rules out a collapse: resources that need two regions, and differences that no variable can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from tapfix.module import Block, Element, Expr, Reference, item_value

from .comparison import Difference, is_constant
from .environment_values import varies
from .sides import DEFAULT, Sides
from .twins import Twins

MEANINGFUL_TYPES = {
    "aws_db_instance_automated_backups_replication": "it copies backups to the other region",
    "aws_docdb_global_cluster": "a global cluster spans the regions",
    "aws_dynamodb_global_table": "a global table spans the regions",
    "aws_dynamodb_table_replica": "it is a replica in the other region",
    "aws_ec2_transit_gateway_peering_attachment": "it connects the regions' transit gateways",
    "aws_ec2_transit_gateway_peering_attachment_accepter": "it connects the regions' transit gateways",
    "aws_ecr_replication_configuration": "images are replicated to the other region",
    "aws_elasticache_global_replication_group": "a global replication group spans the regions",
    "aws_globalaccelerator_endpoint_group": "the accelerator spreads traffic over the regions",
    "aws_kms_replica_external_key": "it is a replica of the other region's key",
    "aws_kms_replica_key": "it is a replica of the other region's key",
    "aws_neptune_global_cluster": "a global cluster spans the regions",
    "aws_rds_global_cluster": "a global cluster spans the regions",
    "aws_s3_bucket_replication_configuration": "objects are replicated to the other region",
    "aws_s3control_multi_region_access_point": "the access point spans the regions",
    "aws_vpc_peering_connection": "it connects the regions' networks",
    "aws_vpc_peering_connection_accepter": "it connects the regions' networks",
    "aws_vpc_peering_connection_options": "it connects the regions' networks",
}
"""Resource types that make sense only across regions (the AWS provider's documentation of each)."""

MEANINGFUL_ARGUMENTS = {
    "replicate_source_db": "it is a read replica of the other region's database",
    "replication_source_identifier": "it is a replica of the other region's cluster",
    "global_cluster_identifier": "it is a member of a global cluster",
    "global_replication_group_id": "it is a member of a global replication group",
    "replica": "it is replicated to the other region",
    "replication_configuration": "it is replicated to the other region",
    "failover_routing_policy": "traffic fails over from one region to the other",
    "latency_routing_policy": "traffic is routed to the nearer region",
    "weighted_routing_policy": "traffic is divided between the regions",
    "geolocation_routing_policy": "traffic is divided between the regions",
    "copy_action": "backups are copied to the other region",
    "geoproximity_routing_policy": "traffic is divided between the regions",
    "origin_group": "requests fail over from one origin to the other",
    "source_ami_region": "it is copied from the other region",
    "source_region": "it is copied from the other region",
    "destination_region": "it is copied to the other region",
    "peer_region": "it connects the regions' networks",
    "primary_key_arn": "it is a replica of the other region's key",
    "replica_regions": "it is replicated to the other region",
}
"""Arguments and blocks that tie a resource to one in another region."""


GLOBAL = re.compile(
    r"aws_(iam_|cloudfront_|organizations_|budgets_|ce_|route53_(?!resolver)|globalaccelerator_|shield_)"
)
"""Types that belong to no region (docs.aws.amazon.com, "AWS services that are global")."""

_ONLY_IN_US_EAST_1 = re.compile(
    r"aws_(acm_certificate(_validation)?|cloudfront_\w+|cur_report_definition|ecrpublic_\w+|route53_\w+|shield_\w+)"
)
"""Types that AWS accepts in us-east-1 alone, or that belong to no region, and whose provider is named for that
(docs.aws.amazon.com: "Requirements for using SSL/TLS certificates with CloudFront", "AWS Cost and Usage Reports",
"Amazon ECR public registries")."""

_SHOWN_REASONS = 3
"""How many reasons are reported for one block: the first ones say most."""

_HOW_MANY = frozenset({"count", "for_each", "lifecycle"})
"""Meta-arguments that both twins must have, or neither."""


ObstacleKind = Literal["joined", "tied", "crossing", "lone", "unlike"]
"""What an obstacle shows: a resource that joins the regions, an argument that ties one to the other region, a reference
from one side to the other, a block without a twin, or twins that differ.
"""


class Obstacle(NamedTuple):
    """A reason not to collapse a stack, and where it is."""

    at: Element | Reference
    why: str
    kind: ObstacleKind = "unlike"


def joined(found: Sequence[Obstacle]) -> list[Obstacle]:
    """The reasons not to collapse, joined to one for each block, in the order of the files."""
    by_block: dict[tuple[str, int], list[Obstacle]] = {}
    for obstacle in found:
        block = obstacle.at.block if isinstance(obstacle.at, Reference) else obstacle.at.outermost
        by_block.setdefault((obstacle.at.file.path, (block or obstacle.at).start), []).append(obstacle)
    joined = [
        of_block[0]._replace(why="; ".join(dict.fromkeys(obstacle.why for obstacle in of_block[:_SHOWN_REASONS])))
        for of_block in by_block.values()
    ]
    return sorted(joined, key=lambda obstacle: (obstacle.at.file.path, obstacle.at.start))


def all_obstacles(twins: Twins, removed: set[str], kept_references: Iterator[Reference]) -> list[Obstacle]:
    """All reasons not to collapse; a block may have several.

    `removed` are the addresses that go, `kept_references` the references that stay.
    """
    return [
        *_needing_two_regions(twins),
        *_given_several_providers(twins),
        *_without_twin(twins, removed),
        *_moved_by_default(twins),
        *_across_sides(twins, removed, kept_references),
        *_in_differences(twins),
    ]


def _needing_two_regions(twins: Twins) -> Iterator[Obstacle]:
    """Resources that make sense only across regions, where they have to do with twins."""
    paired = set(twins.pairs) | set(twins.pairs.values())
    for block in twins.module.blocks:
        if block.type not in ("resource", "data", "module"):
            continue
        concerned = block.address in paired or twins.sides.side_of.get(block.address) in twins.sides.others
        if not concerned and not any(reference.address in paired for reference in block.references):
            continue
        yield from across_regions(block)


def across_regions(block: Block) -> Iterator[Obstacle]:
    """Why a block makes sense only across regions: by its type, or by its arguments and nested blocks."""
    if why := MEANINGFUL_TYPES.get(block.resource_type or ""):
        yield Obstacle(block, why, "joined")
        return
    for inner in block.walk():
        for name, attribute in inner.attributes.items():
            if name in MEANINGFUL_ARGUMENTS and attribute.value != "null":
                yield Obstacle(attribute, MEANINGFUL_ARGUMENTS[name], "tied")
        for nested in inner.blocks:
            name = nested.name if nested.type == "dynamic" else nested.type
            if name in MEANINGFUL_ARGUMENTS:
                yield Obstacle(nested, MEANINGFUL_ARGUMENTS[name], "tied")


def _given_several_providers(twins: Twins) -> Iterator[Obstacle]:
    """Calls of modules that are given the providers of several sides, and so work across them."""
    sides = {twins.sides.kept, *twins.sides.others}
    for block in twins.module.blocks_of("module"):
        passed = {r.address for r in block.references if r.holder is not None and r.holder.name == "providers"}
        if len(passed & sides) > 1:
            yield Obstacle(block, "it is given the providers of both regions", "joined")


def _without_twin(twins: Twins, removed: set[str]) -> Iterator[Obstacle]:
    """Blocks of a side that goes that have no twin, and are still used."""
    for address, side in twins.sides.side_of.items():
        if side in twins.sides.others and address not in twins.pairs and address not in removed:
            element = twins.module.find(address)
            if element is not None:
                yield Obstacle(element, "it has no twin in the region that stays", "lone")


def must_be_in_us_east_1(blocks: Sequence[Block], sides: Sides) -> bool:
    """Whether all these blocks are in us-east-1, and because AWS requires it: the stack was not written twice."""
    regions = {sides.region_of(sides.side_of[block.address]) for block in blocks}
    return regions == {"us-east-1"} and all(map(_is_bound_to_us_east_1, blocks))


def _is_bound_to_us_east_1(block: Block) -> bool:
    if _ONLY_IN_US_EAST_1.fullmatch(block.resource_type or ""):
        return True
    scope = block.get("scope")  # docs.aws.amazon.com, "AWS WAF: CreateWebACL": CLOUDFRONT requires us-east-1
    return (block.resource_type or "").startswith("aws_wafv2_") and scope is not None and "CLOUDFRONT" in scope.value


def _moved_by_default(twins: Twins) -> Iterator[Obstacle]:
    """Resources of the default provider, if this one has a region that is not the one that stays."""
    default, kept_side = twins.module.find(DEFAULT), twins.sides.kept
    if kept_side == DEFAULT or not isinstance(default, Block):
        return
    own, kept = twins.sides.region_of(DEFAULT), twins.sides.region_of(kept_side)
    if own is None or own == kept:
        return
    paired = set(twins.pairs) | set(twins.pairs.values())
    for block in twins.module.resources():
        if twins.sides.side_of.get(block.address) == DEFAULT and block.address not in paired:
            if block.labels[0].startswith("aws_") and not GLOBAL.match(block.labels[0]):
                why = f"it is in {own}, the default provider's region, and would move to {kept}"
                yield Obstacle(block, why, "lone")


def _across_sides(twins: Twins, removed: set[str], kept_references: Iterator[Reference]) -> Iterator[Obstacle]:
    """References from one side to the other, and from what stays to what goes."""
    for reference in kept_references:
        if reference.address in removed:
            why = f"it refers to {reference.address}, which belongs to the other region"
            yield Obstacle(reference, why, "crossing")
    kept = set(twins.pairs.values())
    for gone in twins.pairs:
        element = twins.module.find(gone)
        if isinstance(element, Block):
            for reference in element.references:
                if reference.address in kept:
                    why = f"{gone} refers to {reference.address}, which belongs to the other region"
                    yield Obstacle(reference, why, "crossing")


def _in_differences(twins: Twins) -> Iterator[Obstacle]:
    """Differences of twins that can be resolved in no way."""
    for gone, differences in twins.differences.items():
        for difference in differences:
            if not _is_resolved(difference):
                why = f"{twins.pairs[gone]} and {gone} differ in `{difference.what}`: {contrast(difference)}"
                at = difference.kept if difference.kept_node is not None else difference.gone
                yield Obstacle(at, why)


def _is_resolved(difference: Difference) -> bool:
    """Whether a variable can hold a difference, or the kept twin's value can simply stay."""
    # `depends_on` says only when a resource is made.
    if difference.kind == "words" or difference.what == "depends_on":
        return True
    if difference.kind == "one-sided":
        return _is_extra_resolved(difference)
    if difference.kind != "literal":
        return False
    holder = difference.kept.outermost
    if isinstance(holder, Block) and holder.type == "variable":
        return difference.what in ("default", "description")
    literal = difference.kept_node is not None and difference.kept_node.kind not in ("heredoc", "StringLit")
    return literal and _may_use_variables(difference.kept)


def _is_extra_resolved(difference: Difference) -> bool:
    """Whether only one twin may have an argument, or an entry of a map, while the other leaves it to its default."""
    holder = difference.kept.outermost
    if isinstance(holder, Block) and holder.type in ("variable", "output"):
        return difference.what == "description"
    if difference.what in _HOW_MANY or not _may_use_variables(difference.kept):
        return False
    if difference.kept_node is None:
        return difference.fits_variable and varies(difference.what, difference.gone.text(difference.gone_node))
    extra = difference.kept_node
    if extra.kind == "object_item":
        return is_constant(item_value(extra))
    return isinstance(difference.gone, Block) and is_constant(extra)


def _may_use_variables(element: Element) -> bool:
    """Whether an element may refer to a variable: Terraform reads some blocks before it knows the variables."""
    outer = element.outermost
    if isinstance(outer, Block) and outer.type in ("provider", "terraform", "moved", "import"):
        return False
    inner = element if isinstance(element, Block) else element.parent
    return not (isinstance(inner, Block) and inner.type in ("lifecycle", "dynamic"))


def contrast(difference: Difference) -> str:
    """What the two twins have, in words."""

    def side(element: Element, node: Expr | None) -> str:
        if node is None:
            return "nothing"
        text = " ".join(element.text(node).split())
        return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"

    return f"{side(difference.kept, difference.kept_node)} here, {side(difference.gone, difference.gone_node)} there"
