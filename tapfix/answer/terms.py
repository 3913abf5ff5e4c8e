"""What holds for an input: options beat `tapfix.toml`, that beats the prompt, and that beats the built-in contract.

The library, the commands and the batch all ask `terms_for`.
"""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

from tapfix.answer.decode import decode, read_file
from tapfix.answer.files import PROMPT_FILE, Remark
from tapfix.contract import Contract
from tapfix.errors import InputError


class Prompt(NamedTuple):
    """The text of a prompt, and what its places are called."""

    text: str
    name: str = "prompt"


GivenPrompt = Prompt | str | PathLike[str] | Literal[False] | None
"""A prompt as a caller gives it: its text, the path of its file, False or an empty text for none, and None for the
`PROMPT.md` beside the input, if there is one.
"""


class Terms(NamedTuple):
    """The contract that holds for an input, and how it was found."""

    contract: Contract
    remarks: tuple[Remark, ...] = ()
    notice: str = ""
    """A line for a person, if a prompt was read that nobody named."""


def terms_for(near: Path | None, contract: Contract | None = None, prompt: GivenPrompt = None) -> Terms:
    """The terms of the input `near`, a file or a folder, or of a text without a place if it is None.

    `contract` is by default the `tapfix.toml` in the input's folder or above it. A prompt that the caller names must be
    readable, else InputError is raised; one that was merely found and cannot be read is left out with a remark. Raises
    ContractError if the contract file is wrong.
    """
    if contract is None:
        contract = Contract.default() if near is None else Contract.find(_folder_of(near))
    if prompt is not None:
        named = _given(prompt)
        return Terms(contract.over(Contract.from_prompt(*named)) if named else contract)
    path = None if near is None else find_prompt(near)
    if path is None:
        return Terms(contract)
    try:
        found = read_prompt(path)
    except InputError as error:
        return Terms(contract, (Remark("warning", f"the prompt is left out: {error}"),))
    asked = Contract.from_prompt(*found)
    clauses = "1 clause" if len(asked.stated) == 1 else f"{len(asked.stated)} clauses"
    notice = f"{found.name} is read as the prompt: {clauses}; --no-prompt ignores it"
    return Terms(contract.over(asked), notice=notice)


def find_prompt(near: Path) -> Path | None:
    """The `PROMPT.md` beside a file; of a folder, the one in it, else the one beside it. The input itself is none."""
    folders = [_folder_of(near)]
    if os.path.isdir(near):
        folders.append(Path(os.path.normpath(near / os.pardir)))
    for folder in folders:
        path = folder / PROMPT_FILE
        if path != near and path.is_file():
            return path
    return None


def read_prompt(path: Path) -> Prompt:
    """The prompt in a file, under the path's name. Raises InputError if it cannot be read or is not text."""
    return Prompt(decode(read_file(path), str(path)), str(path))


def _given(prompt: GivenPrompt) -> Prompt | None:
    if isinstance(prompt, Prompt):
        return prompt
    if isinstance(prompt, PathLike):
        return read_prompt(Path(prompt))
    if isinstance(prompt, str):
        return Prompt(prompt) if prompt else None
    if prompt is False:
        return None
    raise InputError(f"a prompt is a text or a path, not {type(prompt).__name__}")


def _folder_of(near: Path) -> Path:
    return near if os.path.isdir(near) else near.parent
