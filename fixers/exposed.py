"""TAP114: the stack admits more than it needs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, Expr, Module, item_key, item_value, object_items, walk

from .shared.block_values import block_values, includes_every_address

_NETWORKS: Final = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
_GUARDED: Final = {
    22: "SSH",
    3389: "remote desktop",
    3306: "MySQL",
    5432: "PostgreSQL",
    1433: "SQL Server",
    1521: "Oracle",
    6379: "Redis",
    11211: "Memcached",
    27017: "MongoDB",
    9200: "Elasticsearch",
    2049: "NFS",
}
"""Ports of services that are not meant for the public."""
_SCOPED: Final = (
    r'"((?:s3:(?:Get|Put|Delete)Object|dynamodb:(?:Get|Put|Update|Delete|BatchGet|BatchWrite)Item|dynamodb:Query|dynamodb:Scan'
    r"|sqs:(?:Send|Receive|Delete)Message|sns:Publish|secretsmanager:GetSecretValue|ssm:GetParameters?|lambda:InvokeFunction"
    r"|ecr:(?:BatchGetImage|GetDownloadUrlForLayer|PutImage)|iam:PassRole|sts:AssumeRole|states:StartExecution|kms:Decrypt"
    r'|kinesis:(?:GetRecords|PutRecords?)))"'
)
"""Actions that accept the ARN of the resource on which they act.

Source:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""
_WHOLE_SERVICE: Final = r'"(\*|[a-z0-9-]+:\*)"'
_ALL: Final = re.compile(r'^\[?\s*"\*"\s*,?\s*\]?$')

_NETWORK: Final = Because(
    "aws",
    "a security group admits only the addresses and the ports that are needed",
    reference="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html",
)
_PUBLIC: Final = Because(
    "aws",
    "a database that only the network uses has no public address",
    reference="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
)


class Exposed(Fixer):
    """The stack admits more than it needs to.

    The rule reports a port for administration or of a database that is open to every address, a database with a public
    address, and a policy that grants an action on all resources although the action accepts the ARN of one.

    **Suggestion.** The stack does not state who needs access, or what a role needs to reach. If the contract forbids
    open ingress or IAM wildcards, `contract-clauses` (TAP150) reports them, and this rule does not.
    """

    rule = "TAP114"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "Open to more than it has to be"
    cause = "The widest setting was taken, since it always works."
    reference = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
    because = Because("aws", "a policy grants only what a task requires", reference=reference)
    effect = "Whoever gets at one part of the stack gets at more than that."
    examples = (
        Example(
            title="SSH from every address",
            before="""\
resource "aws_security_group" "bastion" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
""",
            after=None,
        ),
        Example(
            title="Every secret for one function",
            before="""\
resource "aws_iam_role_policy" "function" {
  role = aws_iam_role.function.id
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = "*"
    }]
  })
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        if not context.contract.forbid.open_ingress:
            yield from self._ports(module, context)
        if not context.contract.forbid.iam_wildcards:
            yield from self._policies(module)
        for block in module.resources("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster"):
            public = block.get("publicly_accessible")
            if public is not None and any(value is True for value in context.values(public).values()):
                message = "the database has a public address"
                yield self.suggest(public, message, "publicly_accessible = false", because=_PUBLIC)

    def _ports(self, module: Module, context: Context) -> Iterator[Finding]:
        for block in module.resources("aws_security_group", "aws_default_security_group"):
            for ingress in block.blocks_of("ingress"):
                yield from self._port(context, ingress)
        for block in module.resources("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
            kind = block.get("type")
            if kind is None or "ingress" in context.values(kind).values():
                yield from self._port(context, block)

    def _port(self, context: Context, block: Block) -> Iterator[Finding]:
        """The first network of a rule that is open to every address on a guarded port, in some environment."""
        for name in _NETWORKS:
            for networks, *ports, tcp, ip in block_values(
                context, block, name, "from_port", "to_port", "protocol", "ip_protocol"
            ):
                opened = _opened(ports, tcp if tcp is not None else ip) if includes_every_address(networks) else None
                if opened is not None:
                    way_out = "name the networks" if opened else "name the ports and the networks"
                    shown = f"port {', '.join(opened[:3])}" if opened else "every port"
                    message = f"the whole world gets in on {shown}"
                    yield self.suggest(block.attributes[name], message, way_out, because=_NETWORK)
                    return

    def _policies(self, module: Module) -> Iterator[Finding]:
        documents = {
            reference.address
            for block in module.resources()
            if block.labels[0].startswith("aws_iam_")
            for reference in block.references
        }
        for block in (*module.resources(), *module.data("aws_iam_policy_document")):
            if block.type == "data" and block.address in documents:
                for statement in block.blocks_of("statement"):
                    yield from self._statement(
                        statement,
                        *(a.value if (a := statement.get(n)) else "" for n in ("effect", "actions", "resources")),
                    )
            elif block.type == "resource" and block.labels[0].startswith("aws_iam_") and "Resource" in block.text():
                for inner in block.walk():
                    for attribute in inner.attributes.values():
                        yield from self._encoded(attribute)

    def _encoded(self, attribute: Attribute) -> Iterator[Finding]:
        for node in walk(attribute.expr):
            if node.kind != "object":
                continue
            items = {item_key(item): item_value(item) for item in object_items(node)}
            if {"Action", "Resource"} <= items.keys():
                said = (attribute.text(items[key]) if key in items else "" for key in ("Effect", "Action", "Resource"))
                yield from self._statement(attribute, *said, node=node)

    def _statement(
        self, at: Element, effect: str, actions: str, resources: str, *, node: Expr | None = None
    ) -> Iterator[Finding]:
        if effect == '"Deny"' or not _ALL.match(resources):
            return
        whole, scoped = re.findall(_WHOLE_SERVICE, actions), re.findall(_SCOPED, actions)
        if whole:
            what = "everything" if "*" in whole else ", ".join(dict.fromkeys(whole))
            yield self.suggest(at, f"the policy grants {what} on every resource", "name the actions", node=node)
        elif scoped:
            shown = ", ".join(dict.fromkeys(scoped))
            yield self.suggest(at, f"the policy grants {shown} on every resource", "name the resources", node=node)


def _opened(ports: list[object], protocol: object) -> list[str] | None:
    """The guarded ports in a range, as a message shows them: an empty list for every port, None if there is none."""
    if protocol in ("-1", -1, "all"):
        return []
    first, last = ports
    if not isinstance(first, int | float) or not isinstance(last, int | float) or protocol not in ("tcp", "6", 6):
        return None
    return [f"{port} ({name})" for port, name in _GUARDED.items() if first <= port <= last] or None
