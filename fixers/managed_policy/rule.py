"""TAP105 `managed-policy`: ARNs of policies that AWS does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Block, Expr, Module, walk

from .policies import BY_PATH, MEANT

_POLICY = "iam::aws:policy/"
_ARN = r"(?P<head>arn:aws(?:-cn|-us-gov)?:iam::aws:policy/)(?P<path>(?:[\w-]+/)*)(?P<name>[\w+=@-]+)"


class ManagedPolicy(Fixer):
    """The ARN of a policy that AWS manages is wrong.

    Some of AWS's own policies stand under a path (`service-role/`, `job-function/`), others do not, and a few names that are
    all over the web are no policy's. The plan knows nothing of that: the apply fails when the policy is attached.

    **What it does.** A list of AWS's policies (`fixers/_managed_policies.py`) tells the path of each: a known name under a wrong
    path gets the right one. `ConfigRole` and its like become `service-role/AWS_ConfigRole`, which is what AWS Config's roles
    take. A name that the list does not know is left alone, since AWS makes new ones.

    **Safety: safe.** No policy has the ARN that stood there, and only one has its name.
    """

    rule = "TAP105"
    severity = Severity.HIGH
    safety = Safety.SAFE
    title = "A managed policy that AWS does not have"
    cause = "The policy's path or name was made up or left out."
    reference = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"
    effect = "The apply fails when the policy is attached."
    examples = (
        Example(
            title="a wrong path, and a name that is none",
            before="""\
resource "aws_iam_role_policy_attachment" "lambda" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy_attachment" "config" {
  role       = aws_iam_role.config.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/ConfigRole"
}
""",
            after="""\
resource "aws_iam_role_policy_attachment" "lambda" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy_attachment" "config" {
  role       = aws_iam_role.config.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
}
""",
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        for block in module.blocks:
            for part in _literals(block):
                for match in re.finditer(_ARN, part.text):
                    right = _right(match)
                    if right is not None:
                        start = block.base + part.start + match.start("path")
                        end = block.base + part.start + match.end("name")
                        edit = Edit(block.file.path, start, end, right)
                        wrong = match["path"] + match["name"]
                        yield self.fix(block, f"AWS has no policy `{wrong}`: it is `{right}`", [edit], node=part)


def _literals(block: Block) -> Iterator[Expr]:
    if _POLICY not in block.text():
        return
    for node in walk(block.node):
        if node.kind in ("QuotedLit", "StringLit") and _POLICY in node.text:
            yield node


def _right(match: re.Match[str]) -> str | None:
    """Path and name as AWS has them, where the ARN has them otherwise."""
    name = MEANT.get(match["name"], match["name"])
    path = _paths().get(name)
    if path is None or (path + name) == match["path"] + match["name"]:
        return None
    return path + name


@cache
def _paths() -> dict[str, str]:
    return {name: f"{path}/" if path else "" for path, names in BY_PATH.items() for name in names.split()}
