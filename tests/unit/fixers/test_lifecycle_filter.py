"""TAP104: where an empty filter goes, and where there is one already."""

from __future__ import annotations

import pytest
from mending import mended

HEAD = 'resource "aws_s3_bucket_lifecycle_configuration" "l" {\n'


@pytest.mark.parametrize(
    ("rule", "filtered"),
    [
        ("  rule {\n    id = 1\n  }\n", "  rule {\n    id = 1\n\n    filter {}\n  }\n"),
        (
            "  rule {\n    id = 1\n    expiration {\n    }\n  }\n",
            "  rule {\n    id = 1\n    filter {}\n    expiration {\n    }\n  }\n",
        ),
        (
            '  dynamic "rule" {\n    for_each = var.r\n    content {\n      id = 1\n    }\n  }\n',
            '  dynamic "rule" {\n    for_each = var.r\n    content {\n      id = 1\n\n      filter {}\n    }\n  }\n',
        ),
    ],
)
def test_an_empty_filter_is_added(rule: str, filtered: str) -> None:
    assert mended("TAP104", f"{HEAD}{rule}}}\n").main == f"{HEAD}{filtered}}}\n"


@pytest.mark.parametrize(
    "rule",
    [
        '  rule {\n    prefix = "a"\n  }\n',
        '  rule {\n    filter {\n      prefix = "a"\n    }\n  }\n',
        '  rule {\n    dynamic "filter" {\n      for_each = []\n      content {}\n    }\n  }\n',
    ],
)
def test_a_rule_that_has_one_is_left_alone(rule: str) -> None:
    assert mended("TAP104", f"{HEAD}{rule}}}\n").findings == ()
