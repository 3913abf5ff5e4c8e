"""Reading an input: a file, a folder or a text becomes the files that tapfix works on.

The files of a source are the base of the diff: an answer's files as the answer held them, a file or a folder as it stands on the disk.
Nothing is written here.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from tapfix.answer.outline import Kind, outline
from tapfix.answer.response import Answer, UnsafePathError, decode, is_answer, read_answer
from tapfix.errors import InputError

if TYPE_CHECKING:
    from tapfix.contract import Contract

LARGEST = 32 * 1024 * 1024
"""How many bytes an input may have, all its files together. The longest answers have a few hundred thousand."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Remark(NamedTuple):
    """Something to say about the input itself; `line` is one of the file that was read."""

    severity: Literal["note", "warning"]
    message: str
    line: int = 1


class Source(NamedTuple):
    """What was read. Paths are relative to the input's folder, with `/`."""

    name: str
    """The input as its reader called it: a path, `-`, or `text`."""
    kind: Literal["response", "file", "module"]
    data: bytes
    """What was read; of a folder, the digests and names of its files."""
    files: Mapping[str, str]
    renamed: Mapping[str, str]
    """What a file is called in the outcome, by its path in `files`, where that is another name."""
    root: str = ""
    """The folder of the root module within `files`."""
    answer: Answer | None = None
    metadata: str = ""
    """The path in `files` of the contract's metadata file, where one was read beside the input. The rules see it by this name, wherever
    the root module is."""
    marked: frozenset[str] = frozenset()
    """The files that begin with a byte order mark. It is no part of the text in `files`."""
    folder: Path | None = None
    """Where the outcome goes if nothing else is said."""
    paths: frozenset[Path] = frozenset()
    """The files that were read, resolved: these alone may be written over."""
    remarks: tuple[Remark, ...] = ()

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        return _digest(self.data)

    def relative(self) -> dict[str, str]:
        """The files as the rules see them: named as in the outcome, relative to the root module; those outside of it are left out."""
        seen = ((self._seen(path), text) for path, text in self.files.items())
        return {name: text for name, text in seen if name}

    def outcome(self, texts: Mapping[str, str]) -> dict[str, str]:
        """All files of the outcome, named as in the outcome, from those that the rules made of `relative()`."""
        outside = {path: text for path, text in self.files.items() if not self._seen(path)}
        made = {path if path == self.metadata else self._prefix + path: text for path, text in texts.items()}
        return dict(sorted((outside | made).items()))

    def original(self, path: str) -> str:
        """The name in `files` of a file as the rules call it."""
        there = next((old for old in self.files if self._seen(old) == path), "")
        return there or (self._prefix + path if path else "")

    def _seen(self, path: str) -> str:
        """What the rules call a file; empty if they do not see it."""
        name = self.renamed.get(path, path)
        if path == self.metadata:
            return name
        return name[len(self._prefix) :] if name.startswith(self._prefix) else ""

    def relative_answer(self) -> Answer | None:
        """The answer with its files named as the rules see them."""
        if self.answer is None or not self.root:
            return self.answer
        inside = (file for file in self.answer.files if file.path.startswith(self._prefix))
        return self.answer._replace(files=tuple(file._replace(path=file.path[len(self._prefix) :]) for file in inside))

    @property
    def _prefix(self) -> str:
        return f"{self.root}/" if self.root else ""


def read_path(path: Path, contract: Contract) -> Source:
    """Read a file or a folder. Raises InputError with one line that says what is wrong."""
    if os.path.isdir(path):  # unlike Path.is_dir, it answers False to a name that no file system takes
        return _read_folder(path, contract)
    data = read_file(path)
    source = _of_bytes(data, str(path), contract, path.suffix == ".tf", path.name)
    folder = path.parent
    read = {path.resolve()}
    files, marked = dict(source.files), set(source.marked)
    if source.kind == "file":
        for environment in contract.topology.environments:
            values = folder / f"{environment}.tfvars"
            if values.is_file():
                _take(values, values.name, files, marked)
                read.add(values.resolve())
    read_so_far = source._replace(files=files, marked=frozenset(marked), folder=folder, paths=frozenset(read))
    return _with_metadata(read_so_far, folder, contract)


def read_bytes(data: bytes, contract: Contract, name: str = "-") -> Source:
    """Read what came from elsewhere, such as standard input; the outcome goes to the working folder."""
    if len(data) > LARGEST:
        raise InputError(_too_large(name))
    folder = Path()
    return _with_metadata(_of_bytes(data, name, contract, None, "")._replace(folder=folder), folder, contract)


def read_text(text: str, contract: Contract, name: str = "text") -> Source:
    """Read an answer, or plain HCL, that is already at hand. No file is touched."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{name} is not Unicode text: character {error.start} is half of a surrogate pair") from None
    if len(data) > LARGEST:
        raise InputError(_too_large(name))
    return _of_bytes(data, name, contract, None, "")


# --- one text ---------------------------------------------------------------------------------------------------------


def _of_bytes(data: bytes, name: str, contract: Contract, is_tf: bool | None, file_name: str) -> Source:
    """A source of one text. `is_tf` says what its ending says, if it has one: whether text without fences is one file of HCL."""
    text = decode(data, name)
    if not text.strip():
        raise InputError(f"{name} is empty")
    if not is_answer(text) and (is_tf or (is_tf is None and _is_plain(text))):
        main = contract.deliverable.main
        path = file_name or posixpath.basename(main)
        outcome = posixpath.basename(main)
        if outline(text).kind is not Kind.STACK:
            raise InputError(f"no HCL in {name}")
        _only_utf8(data, name)
        marked = frozenset({path} if data.startswith(_BYTE_ORDER_MARK) else ())
        renamed = {path: outcome} if path != outcome else {}
        return Source(name, "file", data, {path: text}, renamed, marked=marked)
    try:
        answer = read_answer(
            text, main=contract.deliverable.main, environments=contract.topology.environments, name=name
        )
    except UnsafePathError as error:
        raise error.of(name) from None
    if not any(file.path.endswith(".tf") for file in answer.files):
        raise InputError(f"no Terraform configuration in {name}, only {', '.join(file.path for file in answer.files)}")
    files = {file.path: file.text for file in answer.files}
    remarks = tuple(Remark("note", note.message, note.line) for note in answer.notes)
    renamed = _main_file(files, contract.deliverable.main)
    return Source(name, "response", data, files, renamed, _root(files), answer, remarks=remarks)


def _main_file(files: Mapping[str, str], main: str) -> dict[str, str]:
    """The stack of an answer that is one file takes the name that the contract gives it."""
    stacks = [path for path in files if path.endswith(".tf")]
    if len(stacks) == 1 and "/" not in stacks[0] and stacks[0] != main and main not in files:
        return {stacks[0]: main}
    return {}


def _is_plain(text: str) -> bool:
    """Whether text that has no name is HCL from end to end: a file, and not a reply that forgot its fences."""
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
            remarks.append(Remark("warning", f"{relative} is not read: tapfix knows HCL's own syntax only"))
            continue
        _take(path, relative, files, marked)
        read.add(path.resolve())
    if not any(path.endswith(".tf") and outline(text).kind is Kind.STACK for path, text in files.items()):
        answers = sorted(p.name for p in folder.glob("*.md"))
        hint = f"; to read an answer, name its file: {folder / answers[0]}" if answers else ""
        raise InputError(f"no HCL in {folder}{hint}")
    root = _root(files)
    source = Source(
        name=str(folder),
        kind="module",
        data=_listed(files),
        files=files,
        renamed={},
        root=root,
        marked=frozenset(marked),
        folder=folder,
        paths=frozenset(read),
        remarks=tuple(remarks),
    )
    return _with_metadata(source, folder, contract)


def _terraform_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The `.tf` files below a folder and the tfvars beside them; hidden folders, such as `.terraform`, are not entered."""

    def unreadable(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}")

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        configured = any(name.endswith(".tf") for name in names)
        for name in sorted(names):
            path = Path(where, name)
            wanted = name.endswith((".tf", ".tf.json")) or (configured and name.endswith(".tfvars"))
            if wanted and not name.startswith(".") and path.is_file():
                yield path, path.relative_to(folder).as_posix()


def _root(paths: Iterable[str]) -> str:
    """The folder of the root module: the one that all `.tf` files are in or below, if one of them is in it; else the top."""
    folders = {posixpath.dirname(path) for path in paths if path.endswith(".tf")}
    shallowest = min(folders, key=lambda folder: (folder.count("/"), folder), default="")
    return shallowest if all(f"{folder}/".startswith(f"{shallowest}/") for folder in folders) else ""


# --- bytes ------------------------------------------------------------------------------------------------------------


def _take(path: Path, name: str, files: dict[str, str], marked: set[str]) -> None:
    """Read one file of several, as long as all of them together are not too large."""
    data = read_file(path)
    if sum(map(len, files.values())) + len(data) > LARGEST:
        raise InputError(_too_large(str(path.parent)))
    _only_utf8(data, str(path))
    files[name] = decode(data, str(path))
    if data.startswith(_BYTE_ORDER_MARK):
        marked.add(name)


def read_file(path: Path) -> bytes:
    """The bytes of a file, if they are not too many."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file or folder") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{name!r} is no path") from None
    if len(data) > LARGEST:
        raise InputError(_too_large(name))
    return data


def _only_utf8(data: bytes, name: str) -> None:
    """Terraform reads UTF-8 only; a diff against a file in UTF-16 would fit nothing."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is UTF-16 text, which Terraform does not read; save it as UTF-8")


def _too_large(name: str) -> str:
    return f"{name} is larger than {LARGEST // 1024 // 1024} MiB, which no answer is"


def _with_metadata(source: Source, folder: Path, contract: Contract) -> Source:
    """The source with the contract's metadata file, where one lies in the folder and the input has none of that name.

    It is no reason to refuse an input: one that cannot be read is named, and left where it is.
    """
    name = contract.services.metadata
    path = folder / name
    if not name or name in source.files or name in source.relative() or not path.is_file():
        return source
    files, marked = dict(source.files), set(source.marked)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{path} is a link that leads out of its folder")
        _take(path, name, files, marked)
    except InputError as error:
        remark = Remark("warning", f"the metadata is left out: {error}")
        return source._replace(remarks=(*source.remarks, remark))
    paths = source.paths | {path.resolve()}
    return source._replace(files=files, marked=frozenset(marked), metadata=name, paths=paths)


def _listed(files: Mapping[str, str]) -> bytes:
    """The files as `sha256sum` lists them, so that one digest tells where each ends."""
    return "".join(f"{_digest(text.encode())}  {path}\n" for path, text in sorted(files.items())).encode()


def _digest(data: bytes) -> str:
    from hashlib import sha256  # OpenSSL with it, of which a diff needs nothing

    return sha256(data).hexdigest()
