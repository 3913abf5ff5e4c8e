"""What the parser builds from the values of a rule's right side when it reduces by the rule."""

from __future__ import annotations

from typing import Final

PASS: Final = 0
"""The only value stays unchanged."""
NODE: Final = 1
"""The values are the children of a node."""
LIST: Final = 2
"""The values begin a list, which a node further up takes in."""
GROW: Final = 3
"""The first value is such a list, and the others are added to it."""
SPLICED_NODE: Final = 4
"""As `NODE`, but each list among the values is replaced by its own values."""
SPLICED_LIST: Final = 5
"""As `LIST`, but each list among the values is replaced by its own values."""
