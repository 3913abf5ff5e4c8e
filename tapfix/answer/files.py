"""An answer as data: its files, and remarks on how they were found."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tapfix.paths import common_root

DEFAULT_MAIN = "tap_stack.tf"
DEFAULT_VALUES = "terraform.tfvars"
PROMPT_FILE = "PROMPT.md"
"""The name of a prompt that is read by itself. A file of that name is never an answer."""

NamedBy = Literal["heading", "bold", "code", "info", "comment", "prose", "default"]
"""What gave a file its name. `info` is the info string of a fence."""

RemarkKind = Literal[
    "", "added", "commented", "decoded", "disagreement", "divided", "draft", "duplicate", "example", "fragment",
    "joined", "no-fence", "other", "skipped", "unclosed",
]  # fmt: skip
"""What the reader of answers decided; empty for other remarks."""


class Remark(NamedTuple):
    """A message about an input, or about tapfix itself, that is not a rule's finding.

    `line` and `column` are 1-based. `file` is empty if the message is not about a file.
    """

    severity: Literal["note", "warning", "error"]
    message: str
    file: str = ""
    line: int = 1
    column: int = 1
    kind: RemarkKind = ""


class AnswerFile(NamedTuple):
    """One file of an answer."""

    path: str
    text: str
    line: int
    """The line of the answer that the file's first line comes from."""
    closed: bool
    """Whether its fence has a closing line. The last file of an answer that was cut off has none."""
    named_by: NamedBy
    spans: tuple[tuple[int, int], ...] = ()
    """For a file made of several fences: pairs of a line of the file and the line of the answer that it comes from.

    A pair is valid up to the line of the next pair. All lines are 1-based.
    """

    @property
    def is_hcl(self) -> bool:
        """Whether Terraform reads the file, as configuration or as values."""
        return self.path.endswith((".tf", ".tfvars"))

    @property
    def last_line(self) -> int:
        """The line of the answer that the file's last line comes from."""
        return self.answer_line(max(1, self.text.count("\n")))

    def answer_line(self, line: int) -> int:
        """The line of the answer that a line of the file comes from."""
        start, origin = 1, self.line
        for candidate, answer in self.spans:
            if candidate > line:
                break
            start, origin = candidate, answer
        return origin + line - start


class Prose(NamedTuple):
    """A heading or a paragraph around the files of an answer. `line` is its first line in the answer, from 1."""

    text: str
    line: int
    is_heading: bool = False


class Answer(NamedTuple):
    """The files of an answer, and what its reader decided."""

    files: tuple[AnswerFile, ...]
    remarks: tuple[Remark, ...] = ()
    has_prose: bool = False
    """Whether there is anything beside the files: text, or fences that were left out."""
    prose: tuple[Prose, ...] = ()
    """The text around the fences, in order."""

    @property
    def root(self) -> str:
        """The folder that the root module and all other modules are in: `""`, or `"lib"` for `lib/main.tf`."""
        return common_root(file.path for file in self.files)

    def file(self, path: str) -> AnswerFile | None:
        """The file of that path."""
        return next((file for file in self.files if file.path == path), None)
