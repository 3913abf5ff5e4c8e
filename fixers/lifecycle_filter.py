"""TAP104 `lifecycle-filter`: rules of a bucket's lifecycle that do not say which objects they apply to."""

from __future__ import annotations

from collections.abc import Iterable

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Block, Module


class LifecycleFilter(Fixer):
    """A lifecycle rule of a bucket does not say which objects it applies to.

    Each rule of an `aws_s3_bucket_lifecycle_configuration` needs a `filter` (or the older `prefix`). Without one the
    provider warns that this will be an error, and a later version refuses it.

    **What it does.** It adds an empty `filter {}`: the rule applies to all objects, as a rule without a filter does.

    **Safety: safe.** The rule means the same.
    """

    rule = "TAP104"
    severity = Severity.MEDIUM
    safety = Safety.SAFE
    title = "A lifecycle rule without a filter"
    cause = "The rule is meant for all objects, and an older provider took it without saying so."
    reference = (
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_lifecycle_configuration"
    )
    because = Because(
        "terraform",
        "each lifecycle rule states with a filter or a prefix which objects it applies to",
        reference=reference,
    )
    effect = "The provider warns, and will refuse it."
    examples = (
        Example(
            title="a rule for all objects",
            before="""\
resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }
}
""",
            after="""\
resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }
}
""",
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        for block in module.resources("aws_s3_bucket_lifecycle_configuration"):
            for rule in block.blocks_of("rule"):
                for body in rule.blocks_of("content") if rule.type == "dynamic" else (rule,):
                    if body.get("prefix") is None and body.get("filter") is None and not body.blocks_of("filter"):
                        yield self._added(body)

    def _added(self, body: Block) -> Finding:
        last = max(body.attributes.values(), key=lambda a: a.start, default=None)
        following = body.file.text[body.file.line_end(last.end) :].lstrip(" \t") if last is not None else ""
        crowded = following[:1] not in ("\n", "\r", "}", "")
        text = "filter {}" if crowded else "\nfilter {}"
        name = body.get("id")
        which = f"the rule {name.value}" if name is not None else "a rule"
        missing = f"{which} has no `filter`, which a later version of the provider refuses"
        message = f"{missing}: an empty one, for all objects, is added"
        return self.fix(body, message, [body.insert(text, after=last, first=last is None)])
