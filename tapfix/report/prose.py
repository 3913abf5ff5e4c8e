"""The words of findings as Markdown: text between backticks is code, and nothing else is markup."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(`[^`]+`)")
_MARKUP = re.compile(r"([\\|`*_\[\]#~])")


def prose(text: str) -> str:
    """One line of text with code spans as its only markup, and no mentions of users. It fits into a table."""
    parts = _SPAN.split(" ".join(text.split()))
    return "".join(code(part[1:-1]) if number % 2 else _plain(part) for number, part in enumerate(parts))


def code(text: str) -> str:
    """A code span that its text cannot end. Bars are escaped, because tables are split before code spans are read."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    gap = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{gap}{text}{gap}{fence}".replace("|", "\\|")


def _plain(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", safe).replace("@", "@&#8203;")
