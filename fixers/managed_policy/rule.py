"""TAP105: ARNs of policies that AWS does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Block, Expr, Module, walk

_POLICY = "iam::aws:policy/"
_ARN = r"(?P<head>arn:aws(?:-cn|-us-gov)?:iam::aws:policy/)(?P<path>(?:[\w-]+/)*)(?P<name>[\w+=@-]+)"


class ManagedPolicy(Fixer):
    """The ARN of a policy that AWS manages is wrong.

    The ARNs of some AWS policies contain a path (`service-role/`, `job-function/`), those of others do not, and a few
    names that are common on the web belong to no policy. The plan does not check it, and the apply fails when the
    policy is attached.

    **What it does.** A list of the policies of AWS (`fixers/managed_policy/policies.py`) contains the path of each. A
    known name under a wrong path gets the right one. `ConfigRole` and similar names become
    `service-role/AWS_ConfigRole`, the policy for roles of AWS Config. A name that is not in the list is left as it is,
    since AWS adds new policies.

    **Safety: safe.** No policy has the ARN that is replaced, and only one has its name.
    """

    rule = "TAP105"
    severity = Severity.HIGH
    safety = Safety.SAFE
    title = "A managed policy that AWS does not have"
    cause = "The policy's path or name was made up or left out."
    reference = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"
    because = Because("aws", "a policy that AWS manages has exactly one ARN", reference=reference)
    effect = "The apply fails when the policy is attached."
    examples = (
        Example(
            title="a wrong path, and a name that no policy has",
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
                        start = block.span(part).start + match.start("path")
                        end = block.span(part).start + match.end("name")
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
    """The path and name of the policy in AWS, if those of the ARN differ from them."""
    from .policies import MEANT  # A long list, which only a stack with the ARN of a policy needs.

    name = MEANT.get(match["name"], match["name"])
    path = _paths().get(name)
    if path is None or (path + name) == match["path"] + match["name"]:
        return None
    return path + name


@cache
def _paths() -> dict[str, str]:
    from .policies import BY_PATH

    return {name: f"{path}/" if path else "" for path, names in BY_PATH.items() for name in names.split()}
