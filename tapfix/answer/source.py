"""Reading an input: a file, a folder or a text becomes the files that tapfix works on.

The files of a source are the left side of the diff: the files in an answer, or a file or a folder as it is on the disk.
Nothing is written here.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from tapfix.answer.decode import check_size, decode, has_mark, only_utf8, read_file, with_marks
from tapfix.answer.files import PROMPT_FILE, Answer, Remark
from tapfix.answer.outline import TextKind, is_answer, outline
from tapfix.errors import InputError
from tapfix.paths import FilePath, UnsafePathError, common_root, environment_of, environment_paths

if TYPE_CHECKING:
    from tapfix.contract import Contract


class Source(NamedTuple):
    """What was read. Paths are relative to the input's folder, with `/`."""

    name: str
    """The input as its reader called it: a path, `-`, or `text`."""
    kind: Literal["response", "file", "module"]
    data: bytes
    """What was read; for a folder, the digests and names of its files."""
    files: Mapping[str, str]
    """The text of each file, by its path in the input, without a byte order mark."""
    renamed: Mapping[str, str]
    """The path in the outcome, by the path in the input, for the files where the two differ."""
    root: str = ""
    """The folder that the root module and all other modules are in."""
    answer: Answer | None = None
    metadata: str = ""
    """The path of the contract's metadata file, where one was read beside the input. The rules know it by this path,
    wherever the root module is."""
    marked: frozenset[str] = frozenset()
    """The files that begin with a byte order mark, by their paths in the input."""
    folder: Path | None = None
    """Where the outcome goes by default."""
    paths: frozenset[Path] = frozenset()
    """The files that were read, resolved. Only these may be written over."""
    remarks: tuple[Remark, ...] = ()

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        return _digest(self.data)

    def path(self, given: str) -> FilePath:
        """All names of a file, by its path in the input."""
        outcome = self.renamed.get(given, given)
        if given == self.metadata:
            return FilePath(given, outcome, outcome)
        inside = outcome.startswith(self._prefix)
        return FilePath(given, outcome, outcome[len(self._prefix) :] if inside else "")

    def new_path(self, name: str) -> FilePath:
        """All names of a file that is not in the input, by what the rules call it."""
        path = self._prefix + name
        return FilePath(path, path, name)

    def seen(self) -> dict[str, FilePath]:
        """The files that the rules see, by what they call them. Files outside the root module's folder are left out."""
        found: dict[str, FilePath] = {}
        for given in self.files:
            path = self.path(given)
            if path.rules:
                found.setdefault(path.rules, path)
        return found

    def base(self) -> dict[str, str]:
        """The files as the input held them, to the byte, by their paths in the input."""
        return with_marks(self.files, self.marked)

    def relative(self) -> dict[str, str]:
        """The texts of the files that the rules see, by what the rules call them."""
        return {name: self.files[path.given] for name, path in self.seen().items()}

    def outcome(self, texts: Mapping[str, str]) -> dict[str, str]:
        """All files of the outcome, by their paths in it, from those that the rules made of `relative()`.

        A file that had a byte order mark has it again.
        """
        seen = self.seen()
        made = {path: text for path, text in self.files.items() if not self.path(path).rules}
        made |= {(seen.get(name) or self.new_path(name)).outcome: text for name, text in texts.items()}
        return with_marks(dict(sorted(made.items())), {self.path(path).outcome for path in self.marked})

    def relative_answer(self) -> Answer | None:
        """The answer, with its files named as the rules know them."""
        if self.answer is None or not self.root:
            return self.answer
        named = ((file, self.path(file.path).rules) for file in self.answer.files)
        return self.answer._replace(files=tuple(file._replace(path=name) for file, name in named if name))

    def remarked(self, remarks: tuple[Remark, ...]) -> Source:
        """The source with further remarks."""
        return self._replace(remarks=(*self.remarks, *remarks)) if remarks else self

    @property
    def _prefix(self) -> str:
        return f"{self.root}/" if self.root else ""


def read_path(path: Path, contract: Contract) -> Source:
    """Read a file or a folder. Raises InputError with one line that says what is wrong."""
    if os.path.isdir(path):  # unlike Path.is_dir, it is False for a name that no file system takes
        return _read_folder(path, contract)
    data = read_file(path)
    source = _from_bytes(data, str(path), contract, path.suffix == ".tf", path.name)
    folder = path.parent
    read = {path.resolve()}
    files, marked = dict(source.files), set(source.marked)
    if source.kind == "file":
        for environment in contract.topology.environments:
            for name in environment_paths(environment):
                values = folder / name
                is_a_module = values.parent != folder and any(values.parent.glob("*.tf"))
                if values.is_file() and not is_a_module:
                    _take(values, name, files, marked)
                    read.add(values.resolve())
    read_so_far = source._replace(files=files, marked=frozenset(marked), folder=folder, paths=frozenset(read))
    return _with_metadata(read_so_far, folder, contract)


def read_bytes(data: bytes, contract: Contract, name: str = "-") -> Source:
    """Read bytes that are already at hand, such as standard input; the outcome goes to the working folder."""
    check_size(len(data), name)
    folder = Path()
    return _with_metadata(_from_bytes(data, name, contract, None, "")._replace(folder=folder), folder, contract)


def read_text(text: str, contract: Contract, name: str = "text") -> Source:
    """Read an answer, or plain HCL, that is already at hand. No file is touched."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{name} is not Unicode text: character {error.start} is half of a surrogate pair") from None
    check_size(len(data), name)
    return _from_bytes(data, name, contract, None, "")


# --- one text ---------------------------------------------------------------------------------------------------------


def _from_bytes(data: bytes, name: str, contract: Contract, is_tf: bool | None, file_name: str) -> Source:
    """A source of one text.

    `is_tf` is whether its name ends in `.tf`: then it is HCL if it has no fence. It is None if the text has no name.
    """
    text = decode(data, name)
    if not text.strip():
        raise InputError(f"{name} is empty")
    if not is_answer(text) and (is_tf or (is_tf is None and _is_plain(text))):
        outcome = posixpath.basename(contract.deliverable.main)
        path = file_name or outcome
        if outline(text).kind is not TextKind.STACK:
            raise InputError(f"no HCL in {name}")
        only_utf8(data, name)
        marked = frozenset({path} if has_mark(data) else ())
        renamed = {path: outcome} if path != outcome else {}
        return Source(name, "file", data, {path: text}, renamed, marked=marked)
    return _from_answer(data, text, name, contract)


def _from_answer(data: bytes, text: str, name: str, contract: Contract) -> Source:
    from tapfix.answer.reader import read_answer

    main, environments = contract.deliverable.main, contract.topology.environments
    try:
        answer = read_answer(text, main=main, environments=environments, name=name)
    except UnsafePathError as error:
        raise error.of(name) from None
    if not any(file.path.endswith(".tf") for file in answer.files):
        raise InputError(f"no Terraform configuration in {name}, only {', '.join(file.path for file in answer.files)}")
    files = {file.path: file.text for file in answer.files}
    remarks = tuple(remark._replace(file=name) for remark in answer.remarks)
    renamed = _main_file(files, contract)
    return Source(name, "response", data, files, renamed, common_root(files), answer, remarks=remarks)


def _main_file(files: Mapping[str, str], contract: Contract) -> dict[str, str]:
    """The new name of the stack of an answer, if the stack is one file and somebody states what the file is called."""
    main = contract.deliverable.main
    stacks = [path for path in files if path.endswith(".tf")]
    is_stated = contract.because("deliverable.main") is not None
    if is_stated and len(stacks) == 1 and "/" not in stacks[0] and stacks[0] != main and main not in files:
        return {stacks[0]: main}
    return {}


def _is_plain(text: str) -> bool:
    """Whether text that has no name is HCL from end to end: a file, and not an answer that forgot its fences."""
    from tapfix.answer.reader import read_answer

    try:
        answer = read_answer(text)
    except InputError:
        return False
    return not answer.has_prose and len(answer.files) == 1


# --- a folder ---------------------------------------------------------------------------------------------------------


def _read_folder(folder: Path, contract: Contract) -> Source:
    files: dict[str, str] = {}
    marked: set[str] = set()
    read: set[Path] = set()
    remarks = []
    for path, relative in _terraform_files(folder):
        if relative.endswith(".tf.json"):
            message = f"{relative} is not read: tapfix knows HCL's own syntax only"
            remarks.append(Remark("warning", message, str(folder)))
            continue
        _take(path, relative, files, marked)
        read.add(path.resolve())
    if not any(path.endswith(".tf") and outline(text).kind is TextKind.STACK for path, text in files.items()):
        answers = sorted(p.name for p in folder.glob("*.md") if p.name != PROMPT_FILE)
        hint = f"; to read an answer, name its file: {folder / answers[0]}" if answers else ""
        raise InputError(f"no HCL in {folder}{hint}")
    source = Source(
        name=str(folder),
        kind="module",
        data=_checksums(files),
        files=files,
        renamed={},
        root=common_root(files),
        marked=frozenset(marked),
        folder=folder,
        paths=frozenset(read),
        remarks=tuple(remarks),
    )
    return _with_metadata(source, folder, contract)


def _terraform_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The `.tf` files below a folder, the tfvars beside them and those in folders of environments.

    Hidden folders, such as `.terraform`, are left out.
    """

    def unreadable(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}")

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        configured = any(name.endswith(".tf") for name in names)
        for name in sorted(names):
            path = Path(where, name)
            wanted = name.endswith((".tf", ".tf.json")) or (configured and name.endswith(".tfvars"))
            if not wanted and name.endswith(".tfvars"):
                parts = path.relative_to(folder).parts
                wanted = any(environment_of("/".join(parts[at:])) for at in range(len(parts) - 1))
            if wanted and not name.startswith(".") and path.is_file():
                yield path, path.relative_to(folder).as_posix()


def _take(path: Path, name: str, files: dict[str, str], marked: set[str]) -> None:
    """Read one file of several into `files` and `marked`. Raises InputError if all of them together are too large."""
    data = read_file(path)
    check_size(sum(map(len, files.values())) + len(data), str(path.parent))
    only_utf8(data, str(path))
    files[name] = decode(data, str(path))
    if has_mark(data):
        marked.add(name)


def _with_metadata(source: Source, folder: Path, contract: Contract) -> Source:
    """The source with the contract's metadata file, if the folder has one and the input has no file of that name.

    A metadata file that cannot be read is no reason to refuse an input: a remark names it, and it stays as it is.
    """
    name = contract.services.metadata
    path = folder / name
    if not name or name in source.files or name in source.seen() or not path.is_file():
        return source
    files, marked = dict(source.files), set(source.marked)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{path} is a link that leads out of its folder")
        _take(path, name, files, marked)
    except InputError as error:
        remark = Remark("warning", f"the metadata is left out: {error}", source.name)
        return source._replace(remarks=(*source.remarks, remark))
    paths = source.paths | {path.resolve()}
    return source._replace(files=files, marked=frozenset(marked), metadata=name, paths=paths)


def _checksums(files: Mapping[str, str]) -> bytes:
    """The files as `sha256sum` lists them, so that one digest covers texts and names."""
    return "".join(f"{_digest(text.encode())}  {path}\n" for path, text in sorted(files.items())).encode()


def _digest(data: bytes) -> str:
    from hashlib import sha256  # late, because it loads OpenSSL, which a diff does not need

    return sha256(data).hexdigest()
