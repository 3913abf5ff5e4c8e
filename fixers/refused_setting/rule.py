"""TAP112: a setting that the plan accepts and AWS refuses."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Module

from . import permissions, values


class RefusedSetting(Fixer):
    """A setting that the plan accepts and AWS refuses.

    The provider does not know all that AWS requires: which versions of a database AWS still creates, which characters
    a password may contain, that a log group may use a key only if the key's policy allows it. So the plan succeeds, and
    the apply stops half way.

    **Suggestion.** Each finding states what AWS refuses, and a solution. Which of several solutions is right depends on
    the purpose of the stack. The rule judges only what the stack itself determines, in each of its environments. A
    value from outside is assumed to be right.
    """

    rule = "TAP112"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "Settings that AWS refuses"
    cause = "The provider's schema accepts what the AWS service refuses, or has refused since."
    reference = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"
    because = Because("aws", "a setting has a value that the service accepts", reference=reference)
    effect = "The plan goes through, and the apply stops half way."
    examples = (
        Example(
            title="A version that was withdrawn, and a password that may contain an @",
            before="""\
resource "random_password" "db" {
  length  = 16
  special = true
}

resource "aws_db_instance" "main" {
  engine         = "postgres"
  engine_version = "15.4"
  password       = random_password.db.result
}
""",
            after=None,
        ),
        Example(
            title="A certificate that no record validates",
            before="""\
resource "aws_acm_certificate" "web" {
  domain_name       = "example.com"
  validation_method = "DNS"
}

resource "aws_lb_listener" "https" {
  certificate_arn = aws_acm_certificate.web.arn
}
""",
            after=None,
        ),
        Example(
            title="Logs that a key does not admit",
            before="""\
resource "aws_kms_key" "logs" {
  enable_key_rotation = true
}

resource "aws_cloudwatch_log_group" "app" {
  kms_key_id = aws_kms_key.logs.arn
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for check, because in (*values.CHECKS, *permissions.CHECKS):
            for refusal in check(module, context):
                yield self.suggest(*refusal, because=because)
