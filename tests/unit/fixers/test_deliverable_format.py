"""TAP007: the text around an answer's files, and files that are missing."""

from __future__ import annotations

import pytest

from tapfix.answer.reader import read_answer
from tapfix.answer.writer import write_answer
from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Fixer

ENVIRONMENT = 'variable "environment" {\n  type = string\n}\n'
FILES = (
    "```hcl\n"
    + ENVIRONMENT
    + "```\n"
    + "".join(f'```hcl\n# {name}.tfvars\nenvironment = "{name}"\n```\n' for name in ("dev", "staging", "prod"))
)
ASKED = '[topology]\nenvironments = ["dev", "staging", "prod"]\n'
"""A contract that asks for environments."""


@pytest.fixture
def fixer() -> Fixer:
    return next(fixer for fixer in builtin_fixers() if fixer.rule == "TAP007")


def run(fixer: Fixer, text: str | dict[str, str], contract: str = "") -> Outcome:
    stated = Contract.from_toml(contract)
    answer = read_answer(text) if isinstance(text, str) else None
    files = text if isinstance(text, dict) else {file.path: file.text for file in read_answer(text).files}
    return repair(files, [fixer], stated, answer=answer, options=Options(strict=True, guard=False))


def said(outcome: Outcome) -> list[tuple[str, str]]:
    return [(placed.finding.status.value, placed.finding.message) for placed in outcome.placed]


def test_an_answer_in_form(fixer: Fixer) -> None:
    assert said(run(fixer, FILES, ASKED + "[deliverable]\nprose = false\nsingle_file = true\n")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Here is the stack.\n\n## main.tf\n" + FILES + "\nIt makes a queue.\n",
        "Here is the stack.\n\n## main.tf\n```hcl\n" + ENVIRONMENT + "```\n",
        ENVIRONMENT,
        "```hcl\n" + ENVIRONMENT,
        "```hcl\n# main.tf\nlocals {\n}\n```\n```hcl\n# lib/variables.tf\n" + ENVIRONMENT + "```\n",
        {"main.tf": ENVIRONMENT + "\n# dev.tfvars\n# environment = 1\n"},
        {"tap_stack.tf": ENVIRONMENT + 'variable "vpc_id" {\n}\n'},
        {"main.tf": ENVIRONMENT, "environments/dev.tfvars": 'environment = "dev"\n'},
    ],
)
def test_nothing_is_said_that_nobody_asked_for(fixer: Fixer, text: str | dict[str, str]) -> None:
    outcome = run(fixer, text)
    assert said(outcome) == []
    assert outcome.texts == outcome.before.texts


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        ("deliverable.prose", "Here you go:\n\n" + FILES),
        ("deliverable.single_file", {"a.tf": ENVIRONMENT, "b.tf": "locals {\n}\n"}),
        ("topology.environments", {"a.tf": ENVIRONMENT}),
        ("topology.environments", {"a.tf": "locals {\n}\n"}),
        ("topology.environments", {"a.tf": ENVIRONMENT + '\n# dev.tfvars\n# environment = "dev"\n'}),
    ],
)
def test_each_finding_rests_on_its_clause(fixer: Fixer, clause: str, text: str | dict[str, str]) -> None:
    contract = "[deliverable]\nprose = false\nsingle_file = true\n"
    outcome = run(fixer, text, ASKED if clause.startswith("topology") else contract)
    assert outcome.placed
    assert {(p.finding.because.source, p.finding.because.text) for p in outcome.placed} == {("contract", clause)}


def test_a_sentence_of_the_prompt_is_a_ground(fixer: Fixer) -> None:
    sentence = "Output only the code with no extra prose."
    contract = Contract.from_prompt(f"Make a queue.\n\n{sentence}\n")
    answer = read_answer("Here you go:\n\n" + FILES)
    files = {file.path: file.text for file in answer.files}
    (placed,) = repair(files, [fixer], contract, answer=answer, options=Options(strict=True, guard=False)).placed
    because = placed.finding.because
    assert (because.source, because.text, because.file, because.line) == ("prompt", sentence, "PROMPT.md", 3)


def test_prose(fixer: Fixer) -> None:
    ((status, message),) = said(run(fixer, "Here you go:\n\n" + FILES, "[deliverable]\nprose = false\n"))
    assert status == "fixed"
    assert message.startswith("there is text around the files")
    assert said(run(fixer, "Here you go:\n\n" + FILES, "[deliverable]\nprose = true\n")) == []


def test_no_fence_and_unclosed_fence(fixer: Fixer) -> None:
    none = "[deliverable]\nprose = false\n"
    assert said(run(fixer, ENVIRONMENT, none)) == [("fixed", "the answer has no fence around its HCL")]
    ((status, message),) = said(run(fixer, "```hcl\n" + ENVIRONMENT, none))
    assert (status, message) == (
        "fixed",
        "the fence of tap_stack.tf, opened before line 2 of the answer, is never closed",
    )


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        ("locals {\n}\n", "no variable distinguishes the environments"),
        ('locals {\n  name = "x-${terraform.workspace}"\n}\n', "decide whether workspaces do"),
        (ENVIRONMENT + 'variable "vpc_id" {\n}\n', "needs values that the answer does not give: vpc_id"),
        (
            'variable "environment" {\n  validation {\n    condition = contains(["qa", "dev"], var.environment)\n'
            '    error_message = "No."\n  }\n}\n',
            "does not allow staging, prod",
        ),
    ],
)
def test_files_that_cannot_be_made(fixer: Fixer, stack: str, reason: str) -> None:
    outcome = run(fixer, {"tap_stack.tf": stack}, ASKED)
    assert outcome.texts == {"tap_stack.tf": stack}
    (placed,) = outcome.placed
    assert placed.finding.status.value == "refused"
    assert reason in placed.finding.reason


def test_sensitive_variables_do_not_stand_in_the_way(fixer: Fixer) -> None:
    stack = ENVIRONMENT + 'variable "password" {\n  sensitive = true\n}\n'
    outcome = run(fixer, {"tap_stack.tf": stack}, ASKED)
    head, comment = outcome.texts["prod.tfvars"].split("\n\n")
    assert head == 'environment = "prod"'
    assert comment.startswith("# password: ") and "TF_VAR_password" in comment


def test_one_file_among_others_is_not_made_up(fixer: Fixer) -> None:
    stack = ENVIRONMENT + 'variable "size" {\n  default = 1\n}\n'
    outcome = run(fixer, {"tap_stack.tf": stack, "dev.tfvars": 'environment = "dev"\nsize = 2\n'}, ASKED)
    assert [status for status, _ in said(outcome)] == ["refused"]


def test_further_variables_that_tell_environments_are_set_as_well(fixer: Fixer) -> None:
    stack = ENVIRONMENT + 'variable "environment_suffix" {\n}\nvariable "stage" {\n  default = "x"\n}\n'
    outcome = run(fixer, {"tap_stack.tf": stack}, ASKED)
    assert outcome.texts["prod.tfvars"] == 'environment        = "prod"\nenvironment_suffix = "prod"\n'


def test_files_with_no_value_but_the_environment_are_completed(fixer: Fixer) -> None:
    outcome = run(fixer, {"tap_stack.tf": ENVIRONMENT, "dev.tfvars": 'environment = "dev"\n'}, ASKED)
    assert outcome.texts["prod.tfvars"] == 'environment = "prod"\n'
    assert [status for status, _ in said(outcome)] == ["fixed"]


def test_values_that_an_answer_without_tfvars_does_not_give(fixer: Fixer) -> None:
    none = "[topology]\nenvironments = []\n"
    stack = ENVIRONMENT + 'variable "vpc_id" {\n}\nvariable "key" {\n  sensitive = true\n}\n'
    assert said(run(fixer, f"```hcl\n{stack}```\n", none)) == [
        ("refused", "vpc_id has no default, and the answer gives no value")
    ]
    assert said(run(fixer, {"tap_stack.tf": stack}, none)) == []
    assert said(run(fixer, f'```hcl\n{stack}```\n```hcl\n# terraform.tfvars\nvpc_id = "v"\n```\n', none)) == []


@pytest.mark.parametrize(
    "name",
    [
        "environment", "env", "stage", "environment_name", "environment_suffix", "Environment", "EnvironmentName",
        "environmentSuffix", "envSuffix", "deployment_environment", "environment_tag", "env_name", "env_suffix",
        "resource_suffix", "ENV", "Env", "target_environment", "deploymentEnvironment", "deploy_env", "stage_name",
        "environment_type", "envTag",
    ],
)  # fmt: skip
def test_the_variable_that_distinguishes_the_environments_in_any_spelling(fixer: Fixer, name: str) -> None:
    outcome = run(fixer, {"main.tf": f'variable "{name}" {{\n  type = string\n}}\n'}, ASKED)
    assert [status for status, _ in said(outcome)] == ["fixed"]
    assert outcome.texts["prod.tfvars"] == f'{name} = "prod"\n'


def test_tfvars_in_a_folder_of_their_own_stay_there(fixer: Fixer) -> None:
    there = {f"environments/{name}.tfvars": f'environment = "{name}"\n' for name in ("dev", "staging")}
    outcome = run(fixer, {"main.tf": ENVIRONMENT, **there, "environments/prod.tfvars": "environment = 1\n"}, ASKED)
    assert said(outcome) == []
    assert outcome.texts == outcome.before.texts
    completed = run(fixer, {"main.tf": ENVIRONMENT, **there}, ASKED)
    assert completed.texts == {
        "main.tf": ENVIRONMENT, **there, "environments/prod.tfvars": 'environment = "prod"\n'
    }  # fmt: skip
    folders = {f"envs/{name}/terraform.tfvars": f'environment = "{name}"\n' for name in ("dev", "staging")}
    completed = run(fixer, {"main.tf": ENVIRONMENT, **folders}, ASKED)
    assert set(completed.texts) == {"main.tf", *folders, "envs/prod/terraform.tfvars"}


def test_a_comment_that_is_no_tfvars_stays(fixer: Fixer) -> None:
    stack = "locals {\n}\n\n# dev.tfvars\n# holds the values\n# of = each\n"
    assert run(fixer, {"tap_stack.tf": stack}, ASKED).texts["tap_stack.tf"] == stack


def test_single_file(fixer: Fixer) -> None:
    contract = "[deliverable]\nsingle_file = true\n[topology]\nenvironments = []\n"
    files = {"main.tf": "locals {\n}", "outputs.tf": 'output "a" {\n  value = 1\n}\n'}
    outcome = run(fixer, files, contract)
    assert outcome.texts == {"main.tf": 'locals {\n}\n\noutput "a" {\n  value = 1\n}\n'}
    named = run(fixer, files, f"{contract}[rules]\nignore = []\n".replace("single", 'main = "stack.tf"\nsingle', 1))
    assert named.texts == {"stack.tf": 'locals {\n}\n\noutput "a" {\n  value = 1\n}\n'}
    assert run(fixer, {"main.tf": ENVIRONMENT}, contract).texts == {"main.tf": ENVIRONMENT}
    beside = {**files, "roles/main.tf": "locals {\n}\n"}
    outcome = run(fixer, beside, contract)
    assert outcome.texts == beside
    assert "roles is beside it" in outcome.placed[0].finding.reason
    modular = {"main.tf": 'module "a" {\n  source = "./a"\n}\n', "a/main.tf": "locals {\n}\n"}
    outcome = run(fixer, modular, contract)
    assert outcome.texts == modular
    assert [status for status, _ in said(outcome)] == ["refused"]


def test_an_answer_merged_into_one_file_reads_back_as_one_file(fixer: Fixer) -> None:
    contract = '[deliverable]\nmain = "tap_stack.tf"\nsingle_file = true\n'
    text = (
        '```hcl\n# main.tf\nlocals {\n}\n```\n```hcl\n// File: outputs.tf - what comes out\noutput "a" {\n  value = 1\n}\n```\n'
        '```hcl\n# ==== variables.tf ====\nvariable "b" {\n}\n```\n'
    )
    outcome = run(fixer, text, contract)
    (merged,) = outcome.texts.values()
    for part in ("# From main.tf\n", "// From outputs.tf - what comes out\n", "# ==== From variables.tf ====\n"):
        assert part in merged
    (read,) = read_answer(write_answer(outcome.texts)).files
    assert (read.path, read.text) == ("tap_stack.tf", merged)
