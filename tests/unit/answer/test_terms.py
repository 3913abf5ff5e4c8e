"""What holds for an input: which contract and which prompt are found, and which of the two counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapfix.answer.terms import Prompt, find_prompt, read_prompt, terms_for
from tapfix.contract import Contract, ContractError
from tapfix.errors import InputError

ASKED = "Put everything into a single file named `stack.tf`.\nDeploy the stack to the dev and prod environments.\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_prompt_beats_the_built_in_contract_and_the_contract_file_beats_the_prompt() -> None:
    Path("PROMPT.md").write_text(ASKED)
    Path("tapfix.toml").write_text('[topology]\nenvironments = ["one"]\n')
    contract = terms_for(Path("a.md")).contract
    assert contract.deliverable.main == "stack.tf"
    assert contract.topology.environments == ("one",)
    assert contract.topology.regions == Contract.default().topology.regions
    assert (contract.source, contract.prompt) == ("tapfix.toml", "PROMPT.md")
    asked = contract.because("deliverable.main")
    assert asked is not None
    assert (asked.source, asked.file, asked.line) == ("prompt", "PROMPT.md", 1)
    stated = contract.because("topology.environments")
    assert stated is not None
    assert (stated.source, stated.file, stated.line) == ("contract", "tapfix.toml", 2)


def test_a_given_contract_takes_the_place_of_the_file_and_not_of_the_prompt() -> None:
    Path("PROMPT.md").write_text(ASKED)
    Path("tapfix.toml").write_text('[topology]\nenvironments = ["one"]\n')
    given = Contract.from_toml('[deliverable]\nmain = "mine.tf"\n', "x.toml")
    contract = terms_for(Path("a.md"), given).contract
    assert contract.deliverable.main == "mine.tf"
    assert contract.topology.environments == ("dev", "prod")


@pytest.mark.parametrize(
    ("near", "prompt", "found"),
    [
        ("a.md", "PROMPT.md", "PROMPT.md"),
        ("in/a.md", "in/PROMPT.md", "in/PROMPT.md"),
        ("in/a.md", "PROMPT.md", ""),
        ("in", "in/PROMPT.md", "in/PROMPT.md"),
        ("in", "PROMPT.md", "PROMPT.md"),
        ("in/lib", "in/PROMPT.md", "in/PROMPT.md"),
        ("in/lib", "PROMPT.md", ""),
        (".", "PROMPT.md", "PROMPT.md"),
        ("-", "PROMPT.md", "PROMPT.md"),
        ("PROMPT.md", "PROMPT.md", ""),
        ("in/a.md", "in/PROMPT.md/x", ""),
    ],
)
def test_where_a_prompt_is_found(near: str, prompt: str, found: str) -> None:
    Path("in/lib").mkdir(parents=True)
    Path(prompt).parent.mkdir(exist_ok=True)
    Path(prompt).write_text(ASKED)
    assert find_prompt(Path(near)) == (Path(found) if found else None)
    assert terms_for(Path(near)).contract.prompt == found


def test_a_folder_is_found_from_within(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "in/lib").mkdir(parents=True)
    (folder / "in/PROMPT.md").write_text(ASKED)
    (folder / "in/tapfix.toml").write_text("[tags]\nkeys = []\n")
    monkeypatch.chdir(folder / "in/lib")
    contract = terms_for(Path()).contract
    assert (contract.source, contract.prompt) == ("../tapfix.toml", "../PROMPT.md")


def test_what_a_caller_may_give_as_the_prompt() -> None:
    Path("PROMPT.md").write_text(ASKED)
    Path("other.md").write_bytes(b"\xef\xbb\xbf" + ASKED.encode())
    near = Path("a.md")
    assert terms_for(near, None, ASKED).contract.prompt == "prompt"
    assert terms_for(near, None, Prompt(ASKED, "standard input")).contract.prompt == "standard input"
    assert terms_for(near, None, Path("other.md")).contract.prompt == "other.md"
    for prompt in (ASKED, Prompt(ASKED), Path("other.md"), None):
        assert terms_for(near, None, prompt).contract.deliverable.main == "stack.tf"
    for none in ("", False):
        assert terms_for(near, None, none) == terms_for(None)  # type: ignore[arg-type]
    assert terms_for(None).contract.prompt == ""
    with pytest.raises(InputError, match="a prompt is a text or a path, not int"):
        terms_for(near, None, 3)  # type: ignore[arg-type]


def test_only_a_prompt_that_was_found_is_announced() -> None:
    Path("PROMPT.md").write_text(ASKED)
    clauses = len(Contract.from_prompt(ASKED).stated)
    assert clauses > 1
    notice = f"PROMPT.md is read as the prompt: {clauses} clauses; --no-prompt ignores it"
    assert terms_for(Path("a.md")).notice == notice
    assert terms_for(Path("a.md"), None, Path("PROMPT.md")).notice == ""
    Path("PROMPT.md").write_text("Make it nice.\n")
    assert "0 clauses" in terms_for(Path("a.md")).notice


@pytest.mark.parametrize("data", [b"\xff\xfex", b"caf\xe9", b"a\0b"])
def test_a_prompt_that_is_no_text(data: bytes) -> None:
    Path("PROMPT.md").write_bytes(data)
    found = terms_for(Path("a.md"))
    (remark,) = found.remarks
    assert found.contract == Contract.default()
    assert found.notice == ""
    assert remark.severity == "warning"
    assert remark.message.startswith("the prompt is left out: PROMPT.md is ")
    with pytest.raises(InputError, match=r"PROMPT\.md is "):
        terms_for(Path("a.md"), None, Path("PROMPT.md"))
    with pytest.raises(InputError, match=r"gone\.md: no such file"):
        read_prompt(Path("gone.md"))


def test_a_wrong_contract_file_is_an_error_with_and_without_a_prompt() -> None:
    Path("PROMPT.md").write_text(ASKED)
    Path("tapfix.toml").write_text("[nonsense]\n")
    with pytest.raises(ContractError, match=r"^tapfix\.toml:1:2: "):
        terms_for(Path("a.md"))
