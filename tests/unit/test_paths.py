"""Paths: which are safe, and which folder is the root module."""

from __future__ import annotations

import pickle
from itertools import permutations

import pytest

from tapfix.answer.files import Answer, AnswerFile
from tapfix.answer.source import read_text
from tapfix.contract import Contract
from tapfix.errors import TapfixError
from tapfix.module import Project
from tapfix.paths import UnsafePathError, common_root, module_folders, safe_path


def test_safe_path_is_normal() -> None:
    assert safe_path("./lib//a\\main.tf", 1) == "lib/a/main.tf"
    with pytest.raises(UnsafePathError, match="control"):
        safe_path("a\0.tf", 1)
    with pytest.raises(UnsafePathError, match="no file name"):
        safe_path("./", 1)


def test_the_error_pickles_with_its_place() -> None:
    unsafe = UnsafePathError("../x.tf", "it leads out of the folder", 3).of("reply.md")
    error = pickle.loads(pickle.dumps(unsafe))
    assert isinstance(error, TapfixError)
    assert str(error) == str(unsafe)
    assert str(error).startswith("reply.md:3:1: ")


@pytest.mark.parametrize(
    ("paths", "root", "common"),
    [
        (["main.tf"], "", ""),
        (["main.tf", "modules/net/main.tf"], "", ""),
        (["lib/main.tf", "lib/modules/net/main.tf"], "lib", "lib"),
        (["lib/main.tf", "test/check.py"], "lib", "lib"),
        (["modules/net/main.tf", "modules/net/inner/main.tf"], "modules/net", "modules/net"),
        (["live/main.tf", "modules/net/main.tf"], "live", ""),
        (["modules/main.tf", "live/main.tf"], "live", ""),
        (["modules/iam/main.tf", "modules/storage/outputs.tf"], "modules/iam", ""),
        (["b/main.tf", "a/main.tf"], "a", ""),
        (["lib/main.tf", "library/main.tf"], "lib", ""),
        (["x/y/main.tf", "b/main.tf"], "b", ""),
        (["dev.tfvars"], "", ""),
    ],
)
def test_the_root_module_is_the_same_for_all_who_ask(paths: list[str], root: str, common: str) -> None:
    """The rules, the source and the answer agree, whatever the order of the files."""
    for order in permutations(paths):
        assert (module_folders(order) or [""])[0] == root
        assert common_root(order) == common
        assert Project(dict.fromkeys(order, "")).root.folder == root
        assert Answer(tuple(AnswerFile(path, "", 1, True, "default") for path in order)).root == common


def test_what_the_rules_call_the_root_module_is_relative_to_the_sources() -> None:
    answer = "".join(f"**{path}**\n```hcl\nlocals {{}}\n```\n" for path in ("lib/main.tf", "lib/modules/net/main.tf"))
    source = read_text(answer, Contract.default())
    assert source.root == "lib"
    assert Project(source.relative()).root.folder == ""


def test_the_order_of_the_files_does_not_decide_which_module_is_the_root() -> None:
    files = {
        "modules/storage/outputs.tf": 'output "a" {\n  value = "b"\n}\n',
        "modules/iam/main.tf": 'resource "aws_iam_role" "r" {\n  name = "${var.project_name}-role"\n}\n',
    }
    for order in permutations(files):
        assert Project({path: files[path] for path in order}).root.folder == "modules/iam"
