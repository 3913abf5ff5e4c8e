"""TAP106: which parameters wait for a reboot."""

from __future__ import annotations

import pytest
from mending import mended


def group(parameter: str, type: str = "aws_db_parameter_group") -> str:
    return f'resource "{type}" "g" {{\n  parameter {{\n{parameter}  }}\n}}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '    name  = "max_connections"\n    value = "9"\n',
            '    name         = "max_connections"\n    value        = "9"\n    apply_method = "pending-reboot"\n',
        ),
        (
            '    name         = "max_connections"\n    apply_method = "immediate"\n',
            '    name         = "max_connections"\n    apply_method = "pending-reboot"\n',
        ),
        (
            '    name         = "max_connections"\n    apply_method = var.method\n',
            '    name         = "max_connections"\n    apply_method = var.method\n',
        ),
        ('    name = "log_statement"\n', '    name = "log_statement"\n'),
        ("    name = var.name\n", "    name = var.name\n"),
    ],
)
@pytest.mark.parametrize("type", ["aws_db_parameter_group", "aws_rds_cluster_parameter_group"])
def test_static_parameters_wait(type: str, before: str, after: str) -> None:
    assert mended("TAP106", group(before, type)).main == group(after, type)
