"""What all tests share: the switch for golden files, and what happens where terraform is missing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator

import pytest

_MISSING = re.compile(r"(?i)\bno terraform\b|\bterraform (is not|finds no|cannot)\b|\bmirror\b|\bmoto\b")
"""By this a test's own reason says that it was skipped for want of terraform, its provider or its emulator."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the corpus's expected files anew")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("terraform") and shutil.which("terraform") is None:
        pytest.skip("there is no terraform on the PATH")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that is skipped for want of terraform, its provider or its emulator fails: it would prove nothing
    there.
    """
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if item.get_closest_marker("terraform") or _MISSING.search(reason):
            report.outcome = "failed"
            report.longrepr = f"{reason} (in CI that is a failure)"
    return report
