"""What several of these tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tapfix.verify.emulator import Emulator, EmulatorError


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """The URL of an AWS emulator that runs for the tests of a module; without one they are skipped."""
    try:
        with Emulator() as running:
            yield running.url
    except EmulatorError as error:
        pytest.skip(f"terraform has nothing to plan against: {error}")
