"""The proof ladder with the real terraform, the real AWS provider and moto."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tapfix.verify import ladder
from tapfix.verify.emulator import python_with_moto

pytestmark = pytest.mark.terraform

STACK = {
    "main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\nvariable "cidr" {}\n'
    'variable "db_password" {\n  sensitive = true\n}\n',
    "dev.tfvars": 'cidr = "10.0.0.0/16"\n',
    "prod.tfvars": 'cidr = "10.1.0.0/16"\n',
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The real terraform with the AWS provider in a mirror."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the PATH")
    if "TF_CLI_CONFIG_FILE" not in os.environ:
        pytest.skip("TF_CLI_CONFIG_FILE does not name a CLI configuration whose mirror holds the AWS provider")
    folder = tmp_path_factory.mktemp("provider")
    (folder / "main.tf").write_text('provider "aws" {}\n')
    done = subprocess.run(["terraform", "init"], cwd=folder, capture_output=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip("terraform finds no AWS provider")


@pytest.mark.usefixtures("provider")
def test_the_real_terraform_validates() -> None:
    assert ladder(STACK)[-1].status == "passed"
    wrong = ladder({"main.tf": 'resource "aws_vpc" "a" {\n  cidr = "x"\n}\n'})
    assert wrong[-1].status == "failed"
    assert [p.line for p in wrong[-1].problems] == [2]


@pytest.mark.usefixtures("provider")
@pytest.mark.skipif(python_with_moto() is None, reason="moto[server] is not installed")
def test_the_real_terraform_applies_and_destroys() -> None:
    steps = ladder(STACK, upto="destroy", environments=["dev"])
    assert [step.status for step in steps[4:]] == ["passed"] * 6
    assert steps[-2].step == "replan"
