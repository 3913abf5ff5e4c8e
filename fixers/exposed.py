"""TAP114: the stack is open to more than it has to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, Expr, Module, item_key, item_value, object_items, walk
from tapfix.module.evaluate import evaluate

_WORLD: Final = frozenset({"0.0.0.0/0", "::/0"})
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
"""Ports that no service for the public stands on."""
_SCOPED: Final = (
    r'"((?:s3:(?:Get|Put|Delete)Object|dynamodb:(?:Get|Put|Update|Delete|BatchGet|BatchWrite)Item|dynamodb:Query|dynamodb:Scan'
    r"|sqs:(?:Send|Receive|Delete)Message|sns:Publish|secretsmanager:GetSecretValue|ssm:GetParameters?|lambda:InvokeFunction"
    r"|ecr:(?:BatchGetImage|GetDownloadUrlForLayer|PutImage)|iam:PassRole|sts:AssumeRole|states:StartExecution|kms:Decrypt"
    r'|kinesis:(?:GetRecords|PutRecords?)))"'
)
"""Actions that take the ARN of what they act upon.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""
_WHOLE_SERVICE: Final = r'"(\*|[a-z0-9-]+:\*)"'
_ALL: Final = re.compile(r'^\[?\s*"\*"\s*,?\s*\]?$')


class Exposed(Fixer):
    """The stack is open to more than it has to be.

    An administrator's or a database's port that the whole world may reach, a database with a public address, a policy that grants an action on
    every resource there is, where the action takes the ARN of one.

    **Suggestion**: who has to get in, and what a role has to reach, the stack does not say. What the contract forbids is told by TAP150, and
    not told twice.
    """

    rule = "TAP114"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "Open to more than it has to be"
    cause = "The widest setting was taken, since it always works."
    reference = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
    effect = "Whoever gets at one part of the stack gets at more than that."
    examples = (
        Example(
            title="SSH for everybody",
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
            yield from self._ports(module)
        if not context.contract.forbid.iam_wildcards:
            yield from self._policies(module)
        for block in module.resources("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster"):
            public = block.get("publicly_accessible")
            if public is not None and _value(module, public) is True:
                yield self.suggest(public, "the database has a public address", "publicly_accessible = false")

    def _ports(self, module: Module) -> Iterator[Finding]:
        for block in module.resources("aws_security_group", "aws_default_security_group"):
            for ingress in block.blocks_of("ingress"):
                yield from self._port(module, ingress)
        for block in module.resources("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
            kind = block.get("type")
            if kind is None or _value(module, kind) == "ingress":
                yield from self._port(module, block)

    def _port(self, module: Module, block: Block) -> Iterator[Finding]:
        at = next((a for name in _NETWORKS if (a := block.get(name)) and _is_world(_value(module, a))), None)
        if at is None:
            return
        first, last = (_value(module, block.get(name)) for name in ("from_port", "to_port"))
        protocol = _value(module, block.get("protocol") or block.get("ip_protocol"))
        if protocol in ("-1", -1, "all"):
            yield self.suggest(at, "the whole world gets in on every port", "name the ports and the networks")
        elif isinstance(first, int | float) and isinstance(last, int | float) and protocol in ("tcp", "6", 6):
            guarded = [f"{port} ({name})" for port, name in _GUARDED.items() if first <= port <= last]
            if guarded:
                yield self.suggest(at, f"the whole world gets in on port {', '.join(guarded[:3])}", "name the networks")

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


def _is_world(value: object) -> bool:
    values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return any(isinstance(one, str) and one in _WORLD for one in values)


def _value(module: Module, attribute: Attribute | None) -> object:
    return None if attribute is None else evaluate(module, attribute, attribute.expr)
