"""The outline of a text: what kind of text it is."""

from __future__ import annotations

import pytest

from tapfix.answer.outline import TextKind, is_answer, outline

VPC = 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n'
FENCED = f"```hcl\n{VPC}```\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VPC, False),
        ("# ```hcl\n" + VPC, False),
        ('locals {\n  x = "```"\n}\n', False),
        ("locals {\n  x = <<-EOT\n  ```bash\n  ls\n  ```\n  EOT\n}\n", False),
        ("/*\n```\nls\n```\n*/\n" + VPC, False),
        (FENCED, True),
        ("- " + FENCED, True),
        ("hello\n~~~\n" + VPC, True),
    ],
)
def test_what_is_an_answer(text: str, expected: bool) -> None:
    assert is_answer(text) is expected


def test_outline_kinds() -> None:
    assert outline(VPC).kind is TextKind.STACK
    assert outline("a = 1\nb = [\n  1,\n]\n").kind is TextKind.VALUES
    assert outline("a = var.b\n").kind is TextKind.FRAGMENT
    assert outline("# only\n").kind is TextKind.COMMENTS
    assert outline("├── a\n").kind is TextKind.TREE
    assert outline("@@ -1 +1 @@\n-a\n+b\n").kind is TextKind.DIFF
    assert outline("hello there\n").kind is TextKind.OTHER
    assert outline('a = <<E\n${"}\nE\n' + VPC).addresses == {"resource.aws_vpc.main"}
    assert outline(VPC + "locals {\n").depth == 1
