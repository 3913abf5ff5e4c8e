"""Reading inputs: what belongs to one, what it is called, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapfix.answer.source import read_bytes, read_path, read_text
from tapfix.contract import Contract
from tapfix.errors import InputError

CONTRACT = Contract.default()
STACK = "locals {\n  a = 1\n}\n"


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(STACK if name.endswith(".tf") else "a = 1\n")


def test_a_folder_gives_its_modules_and_their_values(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "main.tf",
        "dev.tfvars",
        "modules/net/main.tf",
        "envs/prod.tfvars",
        "docs/prod.tfvars",
        ".terraform/x.tf",
        ".hidden.tf",
        "a.txt",
    )
    source = read_path(tmp_path, CONTRACT)
    assert sorted(source.files) == ["dev.tfvars", "envs/prod.tfvars", "main.tf", "modules/net/main.tf"]
    assert (source.kind, source.root) == ("module", "")
    assert source.paths == {(tmp_path / path).resolve() for path in source.files}


def test_the_root_module_may_be_in_a_folder(tmp_path: Path) -> None:
    lay(tmp_path, "lib/main.tf", "lib/dev.tfvars", "lib/modules/net/main.tf")
    source = read_path(tmp_path, CONTRACT)
    assert source.root == "lib"
    assert sorted(source.relative()) == ["dev.tfvars", "main.tf", "modules/net/main.tf"]
    assert source.outcome(source.relative()) == source.files
    assert source.seen()["main.tf"].given == "lib/main.tf"


def test_a_file_has_a_name_in_the_input_in_the_outcome_and_for_the_rules(tmp_path: Path) -> None:
    lay(tmp_path, "lib/main.tf", "lib/modules/net/main.tf")
    source = read_path(tmp_path, CONTRACT)
    assert source.path("lib/main.tf") == ("lib/main.tf", "lib/main.tf", "main.tf")
    assert source.path("README.md").rules == ""
    assert source.new_path("dev.tfvars") == ("lib/dev.tfvars", "lib/dev.tfvars", "dev.tfvars")
    alone = read_path(tmp_path / "lib" / "main.tf", CONTRACT)
    assert alone.path("main.tf") == ("main.tf", "tap_stack.tf", "tap_stack.tf")


def test_a_byte_order_mark_stays_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(STACK.encode("utf-8-sig"))
    source = read_path(tmp_path / "main.tf", CONTRACT)
    assert source.files == {"main.tf": STACK}
    assert source.base()["main.tf"].encode() == (tmp_path / "main.tf").read_bytes()
    assert source.outcome({"tap_stack.tf": "x", "new.tf": "y"}) == {"new.tf": "y", "tap_stack.tf": "\ufeffx"}


def test_two_modules_side_by_side_have_no_root_but_the_top(tmp_path: Path) -> None:
    lay(tmp_path, "a/main.tf", "b/main.tf")
    assert read_path(tmp_path, CONTRACT).root == ""


def test_files_outside_of_the_root_module_stay_as_they_are(tmp_path: Path) -> None:
    answer = f"**lib/main.tf**\n```hcl\n{STACK}```\n**test/check.py**\n```python\nprint(1)\n```\n"
    source = read_text(answer, CONTRACT)
    assert source.root == "lib"
    assert sorted(source.relative()) == ["main.tf"]
    assert source.outcome({"main.tf": "x"}) == {"lib/main.tf": "x", "test/check.py": "print(1)\n"}
    answered = source.relative_answer()
    assert answered is not None
    assert [file.path for file in answered.files] == ["main.tf"]


def test_json_syntax_is_reported_as_not_read(tmp_path: Path) -> None:
    lay(tmp_path, "main.tf", "more.tf.json")
    (remark,) = read_path(tmp_path, CONTRACT).remarks
    assert remark.message.startswith("more.tf.json is not read")


def test_a_file_without_fences_goes_by_its_ending(tmp_path: Path) -> None:
    lay(tmp_path, "main.tf")
    (tmp_path / "reply.txt").write_text(STACK)
    assert read_path(tmp_path / "main.tf", CONTRACT).kind == "file"
    assert read_path(tmp_path / "reply.txt", CONTRACT).kind == "response"
    assert read_bytes(STACK.encode(), CONTRACT).kind == "file"
    assert read_text(f"Here:\n\n{STACK}", CONTRACT).kind == "response"


def test_a_fence_makes_an_answer_whatever_the_ending(tmp_path: Path) -> None:
    (tmp_path / "stack.tf").write_text(f"```hcl\n{STACK}```\n")
    assert read_path(tmp_path / "stack.tf", CONTRACT).kind == "response"


def test_the_metadata_beside_the_input_is_one_of_its_files(tmp_path: Path) -> None:
    lay(tmp_path, "main.tf")
    assert read_path(tmp_path / "main.tf", CONTRACT).metadata == ""
    metadata = tmp_path / "metadata.json"
    metadata.write_text("{}")
    for input in (tmp_path / "main.tf", tmp_path):
        source = read_path(input, CONTRACT)
        assert source.metadata == "metadata.json"
        assert source.files["metadata.json"] == "{}"
        assert metadata.resolve() in source.paths


def test_the_rules_see_metadata_beside_an_answer_wherever_the_root_module_is(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("{}")
    (tmp_path / "a.md").write_text(f"**lib/main.tf**\n```hcl\n{STACK}```\n")
    source = read_path(tmp_path / "a.md", CONTRACT)
    assert source.relative() == {"main.tf": STACK, "metadata.json": "{}"}
    assert source.path("metadata.json").rules == "metadata.json"
    made = source.outcome({"main.tf": "1", "dev.tfvars": "2", "metadata.json": "3"})
    assert made == {"lib/dev.tfvars": "2", "lib/main.tf": "1", "metadata.json": "3"}


def test_metadata_in_an_answer_counts_more_than_metadata_beside_it(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("{}")
    for home in ("", "lib/"):
        text = f"**{home}main.tf**\n```hcl\n{STACK}```\n**{home}metadata.json**\n```json\n[]\n```\n"
        (tmp_path / "a.md").write_text(text)
        source = read_path(tmp_path / "a.md", CONTRACT)
        assert source.metadata == ""
        assert source.relative()["metadata.json"] == "[]\n"
        assert (tmp_path / "metadata.json").resolve() not in source.paths


@pytest.mark.parametrize("content", [b"\xff\xfe{\0}\0", b"\xe9", b"\0"])
def test_metadata_that_cannot_be_read_does_not_refuse_the_input(content: bytes, tmp_path: Path) -> None:
    lay(tmp_path, "main.tf")
    (tmp_path / "metadata.json").write_bytes(content)
    source = read_path(tmp_path, CONTRACT)
    assert source.metadata == ""
    assert [remark.severity for remark in source.remarks] == ["warning"]


def test_metadata_that_is_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lay(home, "main.tf")
    (tmp_path / "elsewhere.json").write_text("{}")
    (home / "metadata.json").symlink_to("../elsewhere.json")
    source = read_path(home, CONTRACT)
    assert source.metadata == ""
    assert "leads out of its folder" in source.remarks[0].message


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "no/such/file.tf"])
def test_a_path_without_a_file_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_path(tmp_path / name, CONTRACT)


def test_a_broken_link_is_left_out(tmp_path: Path) -> None:
    lay(tmp_path, "main.tf")
    (tmp_path / "gone.tf").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    assert list(read_path(tmp_path, CONTRACT).files) == ["main.tf"]
