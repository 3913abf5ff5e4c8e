"""Writing an answer: a reply in the deliverable's form, made of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tapfix.answer.fences import with_final_newline
from tapfix.answer.files import DEFAULT_MAIN
from tapfix.answer.names import name_from_comment

_LABEL_OF_ENDING = {
    "tf": "hcl",
    "tfvars": "hcl",
    "hcl": "hcl",
    "sh": "bash",
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "yml": "yaml",
    "md": "markdown",
}


def write_answer(files: Mapping[str, str], order: Iterable[str] = (), *, main: str = DEFAULT_MAIN) -> str:
    """A reply with the files in fences, those of `order` first, and nothing around them.

    Each fence is longer than any run of backticks that starts a line in its file. Every file but `main` says its name;
    `main` does as well if there are modules in folders. The name is in the file's first comment if it has one, else in
    a comment that is put before the file, or in the info string if the file's language has no `#` comments.
    """
    paths = [path for path in dict.fromkeys(order) if path in files]
    paths += [path for path in files if path not in paths]
    # Beside files in folders, a file without a name would be read as one of theirs.
    has_modules = any("/" in path and path.endswith(".tf") for path in paths)
    return "\n".join(_fenced(path, files[path], named=has_modules or path != main) for path in paths)


def _fenced(path: str, text: str, *, named: bool) -> str:
    ending = path.rsplit(".", 1)[-1].lower()
    label = _LABEL_OF_ENDING.get(ending, ending if ending.isalnum() else "")
    said = name_from_comment(text)
    body = with_final_newline(text)
    if named and (said is None or said.path != path):
        if label == "hcl":
            body = f"# {path}\n{body}"
        else:
            label = f'{label or "text"} title="{path}"'
    longest = max((len(run) for run in re.findall(r"(?m)^[ \t]*(`{3,})", body)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{label}\n{body}{fence}\n"
