"""Whether a stack has resources at all, and those that the contract demands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapfix.contract import Contract
    from tapfix.module import File

ANY = "resource"
"""What a stack without any resource lacks."""


def lacking(contract: Contract, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The resource types that a clause demands and of which the files have none; ANY if they have no resource.

    A call of a module that is not in the files may stand for resources of any type.
    """
    stack = _Stack(texts)
    if not stack.has("resource") and not stack.has("module"):
        return (ANY,)
    wanted = contract.require.resources
    if not wanted or stack.calls_elsewhere():
        return ()
    return tuple(type for type, _ in wanted if not stack.has("resource", type))


class _Stack:
    """The `.tf` files of a stack. A file is parsed only if its text leaves a doubt."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {path: text for path, text in texts.items() if path.endswith(".tf")}
        self._files: dict[str, File] = {}

    def has(self, kind: str, type: str = "") -> bool:
        """Whether there is a block of the kind, with `type` as its first label, if it is given."""
        head = re.compile(rf'^[ \t]*{kind}[ \t]+"?' + (rf'{re.escape(type)}"?[ \t]' if type else ""), re.MULTILINE)
        return any(self._has(path, head, kind, type) for path in self._texts)

    def calls_elsewhere(self) -> bool:
        """Whether a module is called that is in no local folder."""
        from tapfix.module.nodes import string_value

        if not self.has("module"):
            return False
        calls = (call for path in self._texts for call in self._file(path).blocks if call.type == "module")
        sources = (call.get("source") for call in calls)
        paths = (string_value(source.expr) if source is not None else None for source in sources)
        return any(path is None or not path.startswith(("./", "../")) for path in paths)

    def _has(self, path: str, head: re.Pattern[str], kind: str, type: str) -> bool:
        text = self._texts[path]
        found = head.search(text)
        if found is None:
            return False
        above = text[: found.start()]
        if "/*" not in above and "<<" not in above:
            return True
        # The line may be part of a comment or of a heredoc.
        file = self._file(path)
        return any(block.type == kind and type in ("", *block.labels[:1]) for block in file.blocks) or any(
            head.search(text[piece.start : piece.end]) for piece in file.broken
        )

    def _file(self, path: str) -> File:
        from tapfix.module import File

        if path not in self._files:
            self._files[path] = File(path, self._texts[path])
        return self._files[path]
