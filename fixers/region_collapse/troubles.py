"""What stands against a collapse: meaning that lies in there being two regions, and differences that no variable can carry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.module import Block, Element, Reference, item_value

from .environment_values import varies
from .twins import DEFAULT, Difference, Trouble, Twins, is_constant

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
}
"""Arguments and blocks that tie a resource to one in another region."""


def troubles(twins: Twins, removable: set[str], kept_references: Iterator[Reference]) -> list[Trouble]:
    """All that stands against a collapse, in the order of the files.

    `removable` are the addresses that go; `kept_references` the references that would stay.
    """
    found = [
        *_meaning(twins),
        *_given_both(twins),
        *_alone(twins, removable),
        *_moved_by_default(twins),
        *_across(twins, removable, kept_references),
        *_differing(twins),
    ]
    by_block: dict[tuple[str, int], list[Trouble]] = {}
    for trouble in found:
        block = trouble.at.block if isinstance(trouble.at, Reference) else trouble.at.outermost
        by_block.setdefault((trouble.at.file.path, (block or trouble.at).start), []).append(trouble)
    told = [held[0]._replace(why="; ".join(dict.fromkeys(t.why for t in held[:_TOLD]))) for held in by_block.values()]
    return sorted(told, key=lambda t: (t.at.file.path, t.at.start))


_TOLD = 3
"""How many reasons are given for one block: the first ones say most."""


def _meaning(twins: Twins) -> Iterator[Trouble]:
    paired = set(twins.pairs) | set(twins.pairs.values())
    for block in twins.module.blocks:
        if block.type not in ("resource", "data", "module"):
            continue
        touches = block.address in paired or twins.side_of.get(block.address) in twins.others
        touches = touches or any(r.address in paired for r in block.references)
        if not touches:
            continue
        if why := MEANINGFUL_TYPES.get(block.resource_type or ""):
            yield Trouble(block, why)
            continue
        for inner in block.walk():
            for name, attribute in inner.attributes.items():
                if name in MEANINGFUL_ARGUMENTS and attribute.value != "null":
                    yield Trouble(attribute, MEANINGFUL_ARGUMENTS[name])
            for nested in inner.blocks:
                name = nested.name if nested.type == "dynamic" else nested.type
                if name in MEANINGFUL_ARGUMENTS:
                    yield Trouble(nested, MEANINGFUL_ARGUMENTS[name])


def _given_both(twins: Twins) -> Iterator[Trouble]:
    """Modules that are given the providers of several sides, and so work across them."""
    sides = {twins.kept, *twins.others}
    for block in twins.module.blocks_of("module"):
        passed = {r.address for r in block.references if r.holder is not None and r.holder.name == "providers"}
        if len(passed & sides) > 1:
            yield Trouble(block, "it is given the providers of both regions")


def _alone(twins: Twins, removable: set[str]) -> Iterator[Trouble]:
    """What stands on a side that goes and has no twin."""
    for address, side in twins.side_of.items():
        if side in twins.others and address not in twins.pairs and address not in removable:
            element = twins.module.find(address)
            if element is not None:
                yield Trouble(element, "it has no twin in the region that stays")


_GLOBAL = re.compile(
    r"aws_(iam_|cloudfront_|organizations_|budgets_|ce_|route53_(?!resolver)|globalaccelerator_|shield_)"
)
"""Types that belong to no region (docs.aws.amazon.com, "AWS services that are global")."""


_US_EAST_1_ALONE = re.compile(
    r"aws_(acm_certificate(_validation)?|cloudfront_\w+|cur_report_definition|ecrpublic_\w+|route53_\w+|shield_\w+)"
)
"""Types that AWS takes from us-east-1 alone, or that belong to no region, and whose provider is named for that (docs.aws.amazon.com:
"Requirements for using SSL/TLS certificates with CloudFront", "AWS Cost and Usage Reports", "Amazon ECR public registries")."""


def must_live_in_us_east_1(block: Block) -> bool:
    """Whether a block stands in us-east-1 because AWS wants it there, and not because the stack was written twice."""
    if _US_EAST_1_ALONE.fullmatch(block.resource_type or ""):
        return True
    scope = block.get("scope")  # docs.aws.amazon.com, "AWS WAF: CreateWebACL": CLOUDFRONT calls for us-east-1
    return (block.resource_type or "").startswith("aws_wafv2_") and scope is not None and "CLOUDFRONT" in scope.value


def _moved_by_default(twins: Twins) -> Iterator[Trouble]:
    """What the default provider makes in a region of its own, which is not the one that stays."""
    default = twins.module.find(DEFAULT)
    if twins.kept == DEFAULT or not isinstance(default, Block):
        return
    own, kept = twins.region_of(DEFAULT), twins.region_of(twins.kept)
    if own is None or own == kept:
        return
    paired = set(twins.pairs) | set(twins.pairs.values())
    for block in twins.module.resources():
        if twins.side_of.get(block.address) == DEFAULT and block.address not in paired:
            if block.labels[0].startswith("aws_") and not _GLOBAL.match(block.labels[0]):
                yield Trouble(block, f"it stands in {own}, the default provider's region, and would move to {kept}")


def _across(twins: Twins, removable: set[str], kept_references: Iterator[Reference]) -> Iterator[Trouble]:
    """References from one side to the other, and of what stays to what goes."""
    for reference in kept_references:
        if reference.address in removable:
            yield Trouble(reference, f"it refers to {reference.address}, which belongs to the other region")
    for gone in twins.pairs:
        element = twins.module.find(gone)
        if isinstance(element, Block):
            for reference in element.references:
                if reference.address in twins.pairs.values():
                    yield Trouble(reference, f"{gone} refers to {reference.address}, which belongs to the other region")


def _differing(twins: Twins) -> Iterator[Trouble]:
    for gone, differences in twins.differences.items():
        for difference in differences:
            if not _bearable(difference):
                why = f"{twins.pairs[gone]} and {gone} differ in `{difference.what}`: {_said(difference)}"
                at = difference.kept if difference.kept_node is not None else difference.gone
                yield Trouble(at, why)


_ORDER_ALONE = "depends_on"
"""The argument that says only when a resource is made."""

_HOW_MANY = frozenset({"count", "for_each", "lifecycle"})
"""Meta-arguments that one twin alone must not have."""


def _bearable(difference: Difference) -> bool:
    """Whether a variable, or plain words, can carry the difference, or it is the kept twin's own and stays as it is."""
    if difference.kind == "words" or difference.what == _ORDER_ALONE:
        return True
    if difference.kind == "one-sided":
        return _bearable_alone(difference)
    if difference.kind != "literal":
        return False
    holder = difference.kept.outermost
    if isinstance(holder, Block) and holder.type == "variable":
        return difference.what in ("default", "description")
    literal = difference.kept_node is not None and difference.kept_node.kind not in ("heredoc", "StringLit")
    return literal and _takes_variables(difference.kept)


def _bearable_alone(difference: Difference) -> bool:
    """Whether one twin may have an argument, or an entry of a map, that the other leaves to its default."""
    holder = difference.kept.outermost
    if isinstance(holder, Block) and holder.type in ("variable", "output"):
        return difference.what == "description"
    if difference.what in _HOW_MANY or not _takes_variables(difference.kept):
        return False
    if difference.kept_node is None:
        return difference.is_carried and varies(difference.what, difference.gone.text(difference.gone_node))
    item = difference.kept_node
    if item.kind == "object_item":
        return is_constant(item_value(item))
    return isinstance(difference.gone, Block) and is_constant(item)


def _takes_variables(element: Element) -> bool:
    """Whether a variable may stand in an element: Terraform reads some before it knows any."""
    outer = element.outermost
    if isinstance(outer, Block) and outer.type in ("provider", "terraform", "moved", "import"):
        return False
    inner = element if isinstance(element, Block) else element.parent
    return not (isinstance(inner, Block) and inner.type in ("lifecycle", "dynamic"))


def _said(difference: Difference) -> str:
    def side(element: Element, node: object) -> str:
        if node is None:
            return "nothing"
        text = " ".join(element.text(node).split())  # type: ignore[arg-type]
        return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"

    return f"{side(difference.kept, difference.kept_node)} here, {side(difference.gone, difference.gone_node)} there"
