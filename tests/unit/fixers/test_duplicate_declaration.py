"""TAP108: one of two equal declarations is removed; two that differ both stay."""

from __future__ import annotations

import pytest
from mending import mended, refused

LOG = 'resource "aws_cloudwatch_log_group" "a" {\n  name = "a"\n%s}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LOG % "" + "\n" + LOG % "", LOG % ""),
        (
            'output "a" {\n  value = 1\n}\n\noutput "a" {\n  description = "A"\n  value       = 1\n}\n',
            'output "a" {\n  value = 1\n}\n',
        ),
        ("locals {\n  a = [1, 2]\n}\n\nlocals {\n  a = [\n    1,\n    2,\n  ]\n}\n", "locals {\n  a = [1, 2]\n}\n"),
        ("locals {\n  a = 1\n}\n\nlocals {\n  b = 2\n  a = 1\n}\n", "locals {\n  a = 1\n}\n\nlocals {\n  b = 2\n}\n"),
        (
            'variable "a" {\n}\n\nvariable "a" {\n  default = 1\n}\n\nvariable "a" {\n}\n',
            'variable "a" {\n  default = 1\n}\n',
        ),
    ],
)
def test_one_of_two_is_removed(before: str, after: str) -> None:
    assert mended("TAP108", before).main == after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LOG % "" + "\n" + LOG % "  retention_in_days = 7\n", "decide which is meant"),
        ('variable "a" {\n  default = 1\n}\n\nvariable "a" {\n  default = 2\n}\n', "decide which is meant"),
        ('output "a" {\n  value = 1\n}\n\noutput "a" {\n  value = 2\n}\n', "decide which is meant"),
        (LOG % "" + "\n" + LOG % "  # For the auditors\n", "comments"),
    ],
)
def test_what_differs_is_left_to_a_person(text: str, reason: str) -> None:
    assert reason in refused("TAP108", text)[0]


def test_the_files_of_a_module_are_one() -> None:
    files = {"main.tf": 'variable "a" {\n}\n', "variables.tf": 'variable "a" {\n}\n\nvariable "b" {\n}\n'}
    assert mended("TAP108", files).texts == {"main.tf": 'variable "a" {\n}\n', "variables.tf": 'variable "b" {\n}\n'}


def test_another_folder_is_another_module() -> None:
    files = {"main.tf": 'variable "a" {\n}\n', "modules/m/main.tf": 'variable "a" {\n}\n'}
    assert mended("TAP108", files).texts == files
