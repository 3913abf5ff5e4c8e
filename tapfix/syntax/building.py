"""What becomes of the values of a rule's right side when the parser reduces by it."""

from __future__ import annotations

from typing import Final

PASS: Final = 0
"""The one value stays as it is."""
NODE: Final = 1
"""The values are the children of a node."""
LIST: Final = 2
"""They begin a list, which a node further up will take in."""
GROW: Final = 3
"""The first one is such a list, and the others are added to it."""
SPLICED_NODE: Final = 4
"""As `NODE`, with a list somewhere among the values, in whose place its own values go."""
SPLICED_LIST: Final = 5
"""As `LIST`, likewise."""
