"""From bytes to text: encodings, byte order marks, and how large an input may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from tapfix.errors import InputError

LARGEST = 32 * 1024 * 1024
"""How many bytes an input may have, all its files together. The longest answers have a few hundred thousand."""

MARK = "\ufeff"
"""The byte order mark. It is not part of a text that was decoded; who writes the text again puts it in front."""

_UTF8_MARK = MARK.encode()
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes, name: str = "input") -> str:
    """The text of a file, without a byte order mark: UTF-8, or UTF-16 with a mark.

    Raises InputError, which calls the file `name`, if it is anything else.
    """
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig" if has_mark(data) else "utf-8"
    if encoding != "utf-16" and b"\0" in data:
        raise InputError(f"{name} is a binary file: byte {data.index(0)} is NUL")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not {encoding.upper().removesuffix('-SIG')} text: byte {error.start}") from None
    if "\0" in text:
        raise InputError(f"{name} is a binary file: character {text.index(chr(0))} is NUL")
    return text


def has_mark(data: bytes) -> bool:
    """Whether UTF-8 text begins with a byte order mark."""
    return data.startswith(_UTF8_MARK)


def with_marks(texts: Mapping[str, str], marked: Collection[str]) -> dict[str, str]:
    """The texts by path, with the byte order mark in front of those in `marked`."""
    return {path: MARK + text if path in marked else text for path, text in texts.items()}


def only_utf8(data: bytes, name: str) -> None:
    """Raises InputError for UTF-16: Terraform reads UTF-8 only, and a diff against such a file would not apply."""
    if data.startswith(_UTF16_MARKS):
        raise InputError(f"{name} is UTF-16 text, which Terraform does not read; save it as UTF-8")


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises InputError if it cannot be read or is too large."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file or folder") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{name!r} is not a path") from None
    check_size(len(data), name)
    return data


def check_size(size: int, name: str) -> None:
    """Raises InputError if an input of so many bytes is too large."""
    if size > LARGEST:
        raise InputError(f"{name} is larger than {LARGEST // 1024 // 1024} MiB, which no answer is")
