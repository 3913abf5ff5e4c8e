"""What expressions evaluate to in each environment: tfvars files, defaults, and the callers of a local module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tapfix.module import Project
from tapfix.module.environments import (
    Environments,
    Undecided,
    agreed,
    call_arguments_of,
    environment_files,
    environment_path,
    environment_variable,
    environment_variables,
    is_automatic,
    is_environment_name,
    tfvars_values,
)
from tapfix.module.evaluate import UNKNOWN

DECLARED = 'variable "size" {\n  default = 1\n}\n'
USED = DECLARED + "locals {\n  used = var.size\n}\n"
CONTRACT = ("dev", "prod")


def call(source: str, arguments: str = "", name: str = "m") -> str:
    return f'module "{name}" {{\n  source = "{source}"\n  {arguments}\n}}\n'


def values(
    files: Mapping[str, str],
    folder: str = "",
    names: Sequence[str] | None = CONTRACT,
    undecided: Undecided = "default",
) -> dict[str, object]:
    """The value of `local.used` of the module in a folder, by environment."""
    project = Project(files)
    module = next(module for module in project.modules if module.folder == folder)
    used = module.locals["used"]
    return Environments(project, names).values(used, used.expr, undecided)


# tfvars files ------------------------------------------------------------------------------------------------------


def test_a_module_without_tfvars_has_one_environment_without_a_name() -> None:
    assert values({"main.tf": USED}) == {"": 1}


def test_each_environment_has_a_tfvars_file() -> None:
    files = {"main.tf": USED, "prod.tfvars": "size = 3\n", "dev.tfvars": ""}
    assert list(values(files).items()) == [("dev", 1), ("prod", 3)]


def test_the_contract_says_which_tfvars_files_are_environments() -> None:
    files = {"main.tf": USED, "prod.tfvars": "size = 3\n", "example.tfvars": "size = 4\n"}
    assert values(files) == {"prod": 3}


def test_without_names_each_tfvars_file_is_an_environments() -> None:
    files = {
        "main.tf": USED,
        "prod.tfvars": "size = 3\n",
        "example.tfvars": "size = 4\n",
        "terraform.tfvars": "size = 5\n",
        "x.auto.tfvars": "",
    }
    assert values(files, names=None) == {"prod": 3, "example": 4}
    assert values({"main.tf": USED, "terraform.tfvars": "size = 5\n"}, names=None) == {"": 5}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"terraform.tfvars": "size = 2\n"}, {"": 2}, id="it beats the default"),
        pytest.param({"terraform.tfvars": "size = 2\n", "a.auto.tfvars": "size = 3\n"}, {"": 3}, id="auto beats it"),
        pytest.param({"a.auto.tfvars": "size = 2\n", "b.auto.tfvars": "size = 3\n"}, {"": 3}, id="the later auto wins"),
        pytest.param(
            {"terraform.tfvars": "size = 2\n", "terraform.auto.tfvars": "size = 3\n"}, {"": 3}, id="auto by this name"
        ),
        pytest.param(
            {"a.auto.tfvars": "size = 2\n", "dev.tfvars": "size = 3\n", "prod.tfvars": ""},
            {"dev": 3, "prod": 2},
            id="the environment's own beats auto",
        ),
    ],
)
def test_files_that_terraform_reads_by_itself_apply_to_all(files: dict[str, str], expected: dict[str, object]) -> None:
    assert values({"main.tf": USED, **files}) == expected


def test_which_files_terraform_reads_by_itself() -> None:
    names = ("terraform.tfvars", "x.auto.tfvars", "prod.tfvars", "auto.tfvars", "env/terraform.tfvars")
    project = Project(dict.fromkeys(names, ""))
    assert [is_automatic(project.root, project.files[name]) for name in names] == [True, True, False, False, False]


def test_the_files_of_environments_come_in_the_order_of_the_names() -> None:
    module = Project({"main.tf": "", "prod.tfvars": "", "dev.tfvars": ""}).root
    assert list(environment_files(module, ("dev", "staging", "prod"))) == ["dev", "prod"]


def test_the_values_of_a_tfvars_file() -> None:
    module = Project({"main.tf": "", "dev.tfvars": 'size = 2\nname = "web"\n'}).root
    assert tfvars_values(module, module.tfvars[0]) == {"size": 2, "name": "web"}


# What is not decided yet -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "default", "unknown"),
    [
        pytest.param({}, {"": 1}, {"": UNKNOWN}, id="no environment has a file"),
        pytest.param({"dev.tfvars": ""}, {"dev": 1}, {"dev": UNKNOWN}, id="one has none yet"),
        pytest.param({"dev.tfvars": "size = 2\n"}, {"dev": 2}, {"dev": 2}, id="a value that is set is known"),
        pytest.param({"terraform.tfvars": "size = 2\n"}, {"": 2}, {"": 2}, id="a value that is set for all is known"),
        pytest.param(
            {"dev.tfvars": "", "prod.tfvars": ""}, {"dev": 1, "prod": 1}, {"dev": 1, "prod": 1}, id="all have one"
        ),
    ],
)
def test_undecided(files: dict[str, str], default: dict[str, object], unknown: dict[str, object]) -> None:
    stack = {"main.tf": USED, **files}
    assert values(stack) == default
    assert values(stack, undecided="unknown") == unknown
    assert values(stack, names=None, undecided="unknown") == default


@pytest.mark.parametrize(
    "switch", ['variable "size" {\n  default = true\n}\n', 'variable "size" {\n  type = bool\n}\n']
)
def test_a_switch_is_its_default_however_undecided(switch: str) -> None:
    stack = {"main.tf": USED.replace(DECLARED, switch)}
    assert values(stack, undecided="unknown") == values(stack)


def test_what_a_call_leaves_undecided_is_unknown_in_the_module() -> None:
    files = {"main.tf": DECLARED + call("./m", "size = var.size"), "m/main.tf": USED}
    assert values(files, "m") == {"": 1}
    assert values(files, "m", undecided="unknown") == {"": UNKNOWN}


# Callers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        pytest.param(call("./m", "size = 2"), 2, id="one"),
        pytest.param(call("./m"), 1, id="one that leaves the default"),
        pytest.param(call("./m", "size = 2") + call("./m", "size = 2", "n"), 2, id="two that agree"),
        pytest.param(call("./m", "size = 2") + call("./m", "size = 3", "n"), UNKNOWN, id="two that differ"),
        pytest.param(call("./m", "size = 2") + call("./m", "", "n"), UNKNOWN, id="one of two leaves the default"),
        pytest.param(call("./m", "size = 1") + call("./m", "", "n"), 1, id="the other passes the default's value"),
        pytest.param(call("./m", "size = data.x.y.z"), UNKNOWN, id="a value that is not in the text"),
        pytest.param(call("./m", "count = 2"), 1, id="a meta-argument is no variable"),
    ],
)
def test_callers(main: str, expected: object) -> None:
    assert values({"main.tf": main, "m/main.tf": USED}, "m") == {"": expected}


def test_a_call_that_leaves_out_a_variable_without_default() -> None:
    module = USED.replace("  default = 1\n", "")
    assert values({"main.tf": call("./m"), "m/main.tf": module}, "m") == {"": UNKNOWN}


def test_the_environments_of_a_caller_are_those_of_the_module() -> None:
    files = {
        "main.tf": DECLARED + call("./m", "size = var.size + 1"),
        "m/main.tf": USED,
        "dev.tfvars": "",
        "prod.tfvars": "size = 3\n",
    }
    assert values(files, "m") == {"dev": 2, "prod": 4}


def test_calls_are_followed_through_modules_between() -> None:
    files = {
        "main.tf": call("./a", "size = 5"),
        "a/main.tf": DECLARED + call("./b", "size = var.size"),
        "a/b/main.tf": USED,
    }
    assert values(files, "a/b") == {"": 5}


def test_the_root_module_has_its_own_values_beside_its_callers() -> None:
    files = {"main.tf": USED, "examples/basic/main.tf": call("../../", "size = 2")}
    assert values(files) == {"": UNKNOWN}
    assert values({**files, "examples/basic/main.tf": call("../..", "size = 1")}) == {"": 1}


def test_a_caller_that_does_not_know_an_environment_has_no_say_in_it() -> None:
    files = {
        "main.tf": USED,
        "dev.tfvars": "",
        "prod.tfvars": "size = 3\n",
        "examples/basic/main.tf": DECLARED + call("../../", "size = var.size"),
        "examples/basic/dev.tfvars": "size = 9\n",
    }
    assert values(files) == {"dev": UNKNOWN, "prod": 3}


def test_a_caller_without_environments_passes_the_same_in_each() -> None:
    files = {
        "main.tf": USED,
        "dev.tfvars": "",
        "prod.tfvars": "size = 3\n",
        "examples/basic/main.tf": call("../../", "size = 3"),
    }
    assert values(files) == {"dev": UNKNOWN, "prod": 3}


def test_the_tfvars_of_a_module_that_is_called_are_not_read() -> None:
    files = {"main.tf": call("./m"), "m/main.tf": USED, "m/terraform.tfvars": "size = 9\n"}
    assert values(files, "m") == {"": 1}


def test_a_call_that_leads_out_of_the_project_calls_nothing() -> None:
    files = {"main.tf": USED, "m/main.tf": call("../../", "size = 9")}
    assert values(files) == {"": 1}


# Cycles and depth --------------------------------------------------------------------------------------------------


def test_what_a_cycle_of_calls_passes_is_unknown() -> None:
    files = {
        "main.tf": call("./a", "size = 2"),
        "a/main.tf": USED + call("../b", "size = var.size"),
        "b/main.tf": USED + call("../a", "size = var.size"),
    }
    assert values(files, "a") == {"": UNKNOWN}
    assert values(files, "b") == {"": UNKNOWN}


def test_a_module_that_calls_itself() -> None:
    assert values({"main.tf": USED + call("./", "size = 2")}) == {"": 1}


def test_many_calls_of_many_layers_cost_one_evaluation_a_module() -> None:
    layers = 12
    calls = "".join(call("../m{next}", "size = var.size", f"c{n}") for n in range(10))
    files = {"main.tf": call("./m0", "size = 2")}
    files |= {f"m{n}/main.tf": USED + calls.replace("{next}", str(n + 1)) for n in range(layers)}
    files[f"m{layers}/main.tf"] = USED + call("../m5", "size = 3", "back")
    assert values(files, "m3") == {"": 2}
    assert values(files, f"m{layers}") == {"": UNKNOWN}


def test_calls_that_are_nested_beyond_all_measure_are_unknown() -> None:
    files = {"main.tf": call("./m0", "size = 2")}
    files |= {f"m{n}/main.tf": USED + call(f"../m{n + 1}", "size = var.size") for n in range(300)}
    files["m300/main.tf"] = USED
    assert values(files, "m9") == {"": 2}
    assert values(files, "m300") == {"": UNKNOWN}


# Words -------------------------------------------------------------------------------------------------------------


def test_arguments_of_a_call_that_are_variables() -> None:
    text = call("./m", 'version = "1"\n  count = 2\n  providers = {}\n  depends_on = []\n  size = 3')
    module = Project({"main.tf": text}).root
    assert [a.name for a in call_arguments_of(module.blocks_of("module")[0])] == ["size"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1], 1),
        ([1, 1], 1),
        ([1, 2], UNKNOWN),
        ([UNKNOWN], UNKNOWN),
        ([UNKNOWN, UNKNOWN], UNKNOWN),
        ([1, "1"], UNKNOWN),
    ],
)
def test_the_value_that_several_agree_on(given: list[object], expected: object) -> None:
    assert agreed(given) == expected


@pytest.mark.parametrize(
    "name",
    ["environment", "Environment", "env", "environmentSuffix", "env_suffix", "environment_name", "stage", "stage-name"],
)
def test_names_of_the_variable_that_distinguishes_environments(name: str) -> None:
    assert is_environment_name(name)


@pytest.mark.parametrize("name", ["envs", "environments", "region", "environment_tags", "stages"])
def test_other_names(name: str) -> None:
    assert not is_environment_name(name)


def test_the_likeliest_variable_comes_first_and_other_types_are_left_out() -> None:
    text = (
        'variable "stage" {\n  type = string\n}\nvariable "env" {\n  type = map(string)\n}\n'
        'variable "environmentSuffix" {}\nvariable "Environment" {\n  type = any\n}\n'
    )
    module = Project({"main.tf": text}).root
    assert [v.name for v in environment_variables(module)] == ["Environment", "environmentSuffix", "stage"]
    found = environment_variable(module)
    assert found is not None
    assert found.name == "Environment"
    assert environment_variable(Project({"main.tf": ""}).root) is None


# tfvars files in folders -------------------------------------------------------------------------------------------


def tfvars(*paths: str) -> dict[str, list[str]]:
    """The paths of the tfvars files of each module, by its folder."""
    project = Project({path: DECLARED if path.endswith(".tf") else "" for path in paths})
    return {module.folder: [file.path for file in module.tfvars] for module in project.modules}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["main.tf", "environments/dev.tfvars", "envs/prod/terraform.tfvars"], ["dev", "prod"]),
        (["main.tf", "tfvars/dev.tfvars", "prod/terraform.tfvars"], ["dev", "prod"]),
        (["main.tf", "docs/dev.tfvars", "examples/env/dev.tfvars", "environments/terraform.tfvars"], []),
        (["main.tf", "environments/dev.auto.tfvars", "a/b/c/terraform.tfvars"], []),
    ],
)
def test_the_environments_of_files_in_folders(paths: list[str], expected: list[str]) -> None:
    project = Project(dict.fromkeys(paths, ""))
    assert sorted(environment_files(project.root, None)) == expected
    for file in project.root.tfvars:
        assert project.module_of(file) is project.root


def test_a_file_beside_the_module_wins() -> None:
    assert tfvars("main.tf", "dev.tfvars", "env/dev.tfvars") == {"": ["dev.tfvars"]}


def test_of_several_files_for_one_environment_none_is_taken() -> None:
    assert tfvars("main.tf", "envs/dev.tfvars", "env/dev.tfvars", "env/prod.tfvars") == {"": ["env/prod.tfvars"]}


def test_a_file_belongs_to_the_module_around_it() -> None:
    assert tfvars("lib/main.tf", "lib/env/dev.tfvars", "env/prod.tfvars") == {"lib": ["lib/env/dev.tfvars"]}
    assert tfvars("main.tf", "dev/main.tf", "dev/terraform.tfvars") == {"": [], "dev": ["dev/terraform.tfvars"]}


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ("main.tf", "qa.tfvars"),
        ("dev.tfvars", "qa.tfvars"),
        ("env/dev.tfvars", "env/qa.tfvars"),
        ("env/dev/terraform.tfvars", "env/qa/terraform.tfvars"),
        ("dev/terraform.tfvars", "qa/terraform.tfvars"),
        ("env/dev/dev.tfvars", "env/qa/qa.tfvars"),
    ],
)
def test_the_file_of_a_further_environment_is_beside_the_others(there: str, new: str) -> None:
    assert environment_path(Project({"main.tf": DECLARED, there: ""}).root, "qa") == new
