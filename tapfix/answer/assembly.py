"""From fences to files: which fence is a file, which is a further part or a change of one, and which is none."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tapfix.answer.fences import Fence, counted, note
from tapfix.answer.files import DEFAULT_VALUES, Answer, AnswerFile, NamedBy, Remark, RemarkKind
from tapfix.answer.names import HCL_LABELS, PLAIN_LABELS, comment_text
from tapfix.answer.outline import Outline, Statement, TextKind, outline
from tapfix.paths import UnsafePathError, common_root, safe_path

_ADDITION = (
    r"(?i)\b(?:add|append|insert|include|put)\b[^.\n]*\b(?:to|at|into|in)\b"
    r"|\bat the end\b|\bcontinu(?:ed|ation)\b|\bpart \d"
)
_EXAMPLE = (
    r"(?i)\b(?:usage|example|optional(?:ly)?|alternative(?:ly)?|instead|snippet|e\.g\.|for instance|troubleshoot\w*"
    r"|before|previously|not to do|wrong|incorrect|consider|suggest\w*|improve\w*|enhance\w*)\b"
)
_CHANGE = (
    r"(?i)\b(?:updat\w+|replac\w+|chang\w+|modif\w+|fix\w*|correct\w*|mend\w*|amend\w*|adjust\w*|revis\w+|rewrit\w+)\b"
)


def assemble(fences: list[Fence], main: str, environments: Sequence[str], remarks: list[Remark]) -> Answer:
    """The answer that the fences make, without the drafts, unless there is a stack in drafts only."""
    delivered = [fence for fence in fences if not fence.draft]
    if not any(fence.kind is TextKind.STACK for fence in delivered):
        delivered = fences
    assembly = _Assembly(remarks)
    if delivered is not fences:
        for fence in fences:
            if fence.draft:
                what = fence.name.path if fence.name else f"{fence.label or fence.kind.value} text"
                assembly.note(fence.line, "draft", f"{what} in the reasoning, before the answer")
    root = _root_of_names(delivered)
    for fence in delivered:
        if fence.name is not None:
            assembly.place_named(fence, fence.name.path, fence.name.by, root)
    main_path = posixpath.join(assembly.root, main)
    # Beside other .tf files with names, a first stack without a name may be an example.
    may_be_example = main_path not in assembly.files and any(path.endswith(".tf") for path in assembly.files)
    for fence in delivered:
        if fence.name is None:
            assembly.place_unnamed(fence, main_path, environments, may_be_example=may_be_example)
    _check_folders(assembly.files)
    files = tuple(sorted(assembly.files.values(), key=lambda file: file.line))
    return Answer(files, tuple(sorted(remarks, key=lambda remark: remark.line)))


def _root_of_names(fences: list[Fence]) -> str:
    """The folder of the root module, as far as the names with a folder show it."""
    paths = [fence.name.path.replace("\\", "/").removeprefix("./") for fence in fences if fence.name is not None]
    if any("/" not in path and path.endswith(".tf") for path in paths):
        return ""
    return common_root(posixpath.normpath(path) for path in paths if "/" in path and ".." not in path)


def _check_folders(files: Mapping[str, AnswerFile]) -> None:
    """Raises UnsafePathError if a file is in a "folder" that is a file as well."""
    for path, file in files.items():
        for parent in PurePosixPath(path).parents:
            if parent.as_posix() in files:
                raise UnsafePathError(path, f"{parent.as_posix()!r} is a file", file.line)


class _Assembly:
    """The files that were found so far, in order, and the remarks."""

    def __init__(self, remarks: list[Remark]) -> None:
        self._remarks = remarks
        self.files: dict[str, AnswerFile] = {}
        self._outlines: dict[str, Outline] = {}

    @property
    def root(self) -> str:
        """The folder of the root module."""
        return common_root(self.files)

    def note(self, line: int, kind: RemarkKind, message: str) -> None:
        self._remarks.append(note(line, kind, message))

    # -- which file a fence belongs to

    def place_named(self, fence: Fence, name: str, named_by: NamedBy, root: str) -> None:
        """Put a fence that has a name where it belongs. Raises UnsafePathError if its name leads out of the folder."""
        is_hcl = name.lower().endswith((".tf", ".tfvars"))
        try:
            path = safe_path(name, fence.line)
        except UnsafePathError:
            if is_hcl or fence.kind in (TextKind.STACK, TextKind.VALUES) or ".." in name:
                raise
            # A script for /etc is not a file of the module. A fence that would leave the folder is an attack.
            self.note(fence.line, "skipped", f"{name} belongs on a machine, not in the module")
            return
        if root and "/" not in path and named_by in ("prose", "code"):
            # "Create a `terraform.tfvars` file" means: beside the files of `lib/`.
            path = f"{root}/{path}"
        self._place(fence, path, named_by)

    def place_unnamed(self, fence: Fence, main_path: str, environments: Sequence[str], *, may_be_example: bool) -> None:
        """Put a fence without a name where it belongs, or say why it is left out."""
        if fence.label not in HCL_LABELS and not (fence.label in PLAIN_LABELS and fence.kind is TextKind.STACK):
            self.note(fence.line, "other", f"{fence.label or 'unlabelled'} text without a file name")
        elif fence.kind is TextKind.STACK:
            self._place_stack(fence, main_path, may_be_example=may_be_example)
        elif fence.kind is TextKind.VALUES:
            self._place_values(fence, environments)
        else:
            what = "a fragment" if fence.kind is TextKind.FRAGMENT else f"{fence.kind.value} text"
            self.note(fence.line, "fragment", f"{what} under the label {fence.label}, without a file name")

    def _place_stack(self, fence: Fence, main_path: str, *, may_be_example: bool) -> None:
        """A stack without a name: the main file, a further part of it, a change of a file, or an example."""
        declared = {address for known in self._outlines.values() for address in known.addresses}
        new = fence.outline.addresses
        changed = [path for path, known in self._outlines.items() if new and new <= known.addresses]
        is_example = re.search(_EXAMPLE, fence.before) is not None
        if changed and not is_example and self._is_change(changed[0], fence):
            self._patch(self.files[changed[0]], fence)
        elif main_path not in self.files and may_be_example and (is_example or (new and new <= declared)):
            self.note(fence.line, "example", "an example or excerpt beside the files that have names")
        elif main_path in self.files and is_example:
            self.note(fence.line, "example", "an example beside the stack, by what is said before it")
        else:
            self._place(fence, main_path, "default")

    def _is_change(self, path: str, fence: Fence) -> bool:
        """Whether the text before a fence says that it changes a few blocks of a file."""
        known = self._outlines[path].addresses
        return 2 * len(fence.outline.addresses) < len(known) and re.search(_CHANGE, fence.before) is not None

    def _place_values(self, fence: Fence, environments: Sequence[str]) -> None:
        """Values without a name: a tfvars file, if the stack declares what they set."""
        variables = {name for known in self._outlines.values() for name in known.labels_of("variable")}
        if variables and not fence.outline.attributes <= variables:
            self.note(fence.line, "fragment", "arguments that no variable of the stack declares")
            return
        said = fence.before.lower()
        named = [name for name in environments if re.search(rf"\b{re.escape(name.lower())}\b", said)]
        path = f"{named[0]}.tfvars" if len(named) == 1 else DEFAULT_VALUES
        self._place(fence, posixpath.join(self.root, path), "default")

    # -- what a fence means for a file

    def _place(self, fence: Fence, path: str, named_by: NamedBy) -> None:
        """Make a fence the file `path`. If there is one already, replace it, extend it, or leave the fence out."""
        old = self.files.get(path)
        if old is None:
            self._put(AnswerFile(path, fence.text, fence.line, fence.closed, named_by), fence.outline)
            return
        if old.text == fence.text:
            self.note(fence.line, "duplicate", f"{path} is in the answer twice, with the same text")
            return
        known, new = self._outlines[path], fence.outline
        both = known.addresses & new.addresses
        if not old.is_hcl or new.kind is TextKind.VALUES or not known.addresses:
            self._supersede(old, fence, named_by)
        elif new.kind is not TextKind.STACK:
            self.note(fence.line, "fragment", f"a fragment of {path}, which is no file by itself")
        elif re.search(_ADDITION, fence.before) or not both:
            self._append(old, fence)
        elif 2 * len(both) >= len(known.addresses):
            self._supersede(old, fence, named_by)
        elif re.search(_CHANGE, fence.before):
            self._patch(old, fence)
        else:
            what = f"{counted(len(both), 'block')} of {path}: {', '.join(sorted(both)[:3])}"
            self.note(fence.line, "fragment", f"another version of {what}; the whole file before it counts")

    def _put(self, file: AnswerFile, content: Outline) -> None:
        self.files[file.path] = file
        self._outlines[file.path] = content

    def _supersede(self, old: AnswerFile, fence: Fence, named_by: NamedBy) -> None:
        """Replace a file, which was a draft of the fence."""
        message = f"an earlier version of {old.path}; the one on line {fence.line} counts"
        self.note(old.line, "draft", message)
        del self.files[old.path]
        self._put(AnswerFile(old.path, fence.text, fence.line, fence.closed, named_by), fence.outline)

    def _append(self, old: AnswerFile, fence: Fence) -> None:
        """Put a fence at the end of a file, after an empty line."""
        ending = "\r\n" if old.text.endswith("\r\n") else "\n"
        text = old.text + ending
        spans = old.spans or ((1, old.line),)
        spans += ((text.count("\n") + 1, fence.line),)
        joined = old._replace(text=text + fence.text, spans=spans, closed=old.closed and fence.closed)
        self.note(fence.line, "joined", f"a further part of {old.path}, put at its end")
        self._put(joined, outline(joined.text))

    def _patch(self, old: AnswerFile, fence: Fence) -> None:
        """Replace the blocks of a file that a fence changes; further blocks of the fence go to the file's end."""
        lines = [(line, old.answer_line(number)) for number, line in enumerate(lines_of(old.text), 1)]
        fresh = [(line, fence.line + number) for number, line in enumerate(lines_of(fence.text))]
        known = {block.address: block for block in self._outlines[old.path].statements if block.address}
        replaced: dict[int, tuple[int, list[tuple[str, int]]]] = {}
        added: list[tuple[str, int]] = []
        for block in fence.outline.statements:
            first, last = _extent(fence.text, block)
            there = known.get(block.address or "")
            if there is None:
                added += [("\n", fresh[first - 1][1]), *fresh[first - 1 : last]]
            else:
                start, end = _extent(old.text, there)
                replaced[start] = (end, fresh[first - 1 : last])
        made: list[tuple[str, int]] = []
        number = 1
        while number <= len(lines):
            end, new = replaced.get(number, (number, lines[number - 1 : number]))
            made += new
            number = end + 1
        made += added
        text = "".join(line for line, _ in made)
        patched = old._replace(text=text, line=made[0][1], spans=_spans([place for _, place in made]))
        what = f"{counted(len(replaced), 'block')} of {old.path} changed"
        self.note(fence.line, "fragment", f"{what}: {', '.join(sorted(fence.outline.addresses)[:3])}")
        self._put(patched, outline(text))


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends. Only a newline ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _extent(text: str, block: Statement) -> tuple[int, int]:
    """First and last line of a block, without the comments and empty lines that follow it."""
    lines = text.split("\n")
    last = block.last
    while last > block.first and (not lines[last - 1].strip() or comment_text(lines[last - 1]) is not None):
        last -= 1
    return block.first, last


def _spans(places: list[int]) -> tuple[tuple[int, int], ...]:
    """The spans of a file whose lines come from these lines of the answer: one for each run of neighbours."""
    return tuple(
        (number, place) for number, place in enumerate(places, 1) if number == 1 or places[number - 2] + 1 != place
    )
