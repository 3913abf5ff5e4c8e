"""TAP111: a value that names something that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, string_value

_EXAMPLE_ACCOUNTS = "123456789012|111122223333|000000000000|111111111111|012345678901"
"""Account ids from the examples in the AWS documentation, and ids that no account has."""

_ARN = re.compile(rf"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:{_EXAMPLE_ACCOUNTS}):\S+")


class PlaceholderValue(Fixer):
    """A value that names something that does not exist.

    `arn:aws:acm:us-east-1:123456789012:certificate/12345678-…` is an account and a certificate from the AWS
    documentation. The plan accepts it, and the apply fails with `CertificateNotFound`.

    **Unsafe.** If the default of the variable is empty, an answer usually turns off what needs the value by that
    default. So the environment gets the default. What the value turned on is then off until somebody sets a real
    value; the finding states it.

    **Refused** if the variable has no empty default, or if the ARN is in the stack itself. Only the owner of the
    account knows the real one.
    """

    rule = "TAP111"
    severity = Severity.MEDIUM
    safety = Safety.UNSAFE
    title = "A value that names something that does not exist"
    cause = "An example of the documentation was left in place of the real value."
    reference = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"
    because = Because("aws", "an ARN names a resource that exists", reference=reference)
    effect = "The plan takes it, and the apply fails."
    examples = (
        Example(
            title="A certificate that does not exist",
            before={
                "tap_stack.tf": 'variable "certificate_arn" {\n  type    = string\n  default = ""\n}\n',
                "prod.tfvars": 'certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234"\n',
            },
            after={
                "tap_stack.tf": 'variable "certificate_arn" {\n  type    = string\n  default = ""\n}\n',
                "prod.tfvars": 'certificate_arn = ""\n',
            },
        ),
        Example(
            title="A topic that the stack needs",
            before={
                "tap_stack.tf": 'variable "topic_arn" {\n  type = string\n}\n',
                "prod.tfvars": 'topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts"\n',
            },
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for file in module.tfvars:
            for attribute in file.attributes.values():
                if _is_placeholder(attribute):
                    yield self._value(attribute, module.variables.get(attribute.name))
        for block in module.resources():
            if "arn:" not in block.text():
                continue
            for inner in block.walk():
                for attribute in inner.attributes.values():
                    if attribute.expr.kind == "template" and _is_placeholder(attribute):
                        yield self.refuse(
                            attribute,
                            f"`{attribute.name}` of {block.address} is an example's ARN, and nothing is there",
                            "set it to what is really there, or make it a variable",
                        )

    def _value(self, attribute: Attribute, variable: Block | None) -> Finding:
        message = f"`{attribute.name}` in {attribute.file.path} is an example's ARN, and nothing is there"
        default = variable.get("default") if variable is not None else None
        if default is None or default.value not in ('""', "null"):
            return self.refuse(attribute, message, "set it to what is really there")
        done = f"{message}: it is {default.value}, the variable's default, until somebody sets a real one"
        return self.fix(attribute, done, [attribute.replace(default.value)])


def _is_placeholder(attribute: Attribute) -> bool:
    return _ARN.fullmatch(string_value(attribute.expr) or "") is not None
