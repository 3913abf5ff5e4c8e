"""The contract: its defaults, its file, and the errors for a wrong file."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from tapfix.contract import Contract, ContractError
from tapfix.contract.clauses import Topology
from tapfix.errors import TapfixError

BUILT_IN = """
[deliverable]
main = "tap_stack.tf"
prose = true
[topology]
regions = "mirror"
environments = ["dev", "staging", "prod"]
[lifecycle]
destroyable = true
[compute]
autoscaling = true
ami_variable = "ami_id"
[tags]
expression = ""
[services]
metadata = "metadata.json"
[rules]
select = ["TAP"]
ignore = []
"""


def test_the_built_in_contract_is_the_one_of_the_design() -> None:
    assert Contract.from_toml(BUILT_IN) == Contract.default() == Contract.from_toml("")
    assert Contract.default().topology.environments == ("dev", "staging", "prod")


def test_a_contract_is_a_value() -> None:
    contract = Contract.from_toml('[topology]\nregions = "multi"\n', "x.toml")
    assert contract.source == "x.toml"
    assert pickle.loads(pickle.dumps(contract)) == contract
    assert len({contract, Contract.default(), Contract.from_toml('[topology]\nregions = "multi"\n')}) == 2
    with pytest.raises(AttributeError):
        contract.topology.regions = "single"  # type: ignore[misc]
    with pytest.raises(TypeError, match="Topology has no regoins"):
        Topology(regoins="single")


def test_plain_data_reads_back() -> None:
    data = Contract.from_toml("[require.resources]\naws_vpc = 1\n").to_dict()
    assert data["require"]["resources"] == {"aws_vpc": 1}
    assert data["topology"]["environments"] == ["dev", "staging", "prod"]
    assert Contract.from_toml(to_toml(data)) == Contract.from_toml("[require.resources]\naws_vpc = 1\n")


def to_toml(data: dict[str, dict[str, object]]) -> str:
    """The plain data as TOML, whose scalars and lists are written as in JSON."""
    lines = []
    for table, clauses in data.items():
        for key, value in clauses.items():
            inline = (
                "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + "}"
                if isinstance(value, dict)
                else ""
            )
            lines.append(f"{table}.{key} = {inline or json.dumps(value)}")
    return "\n".join(lines)


def test_the_schema_in_the_docs_is_the_contracts() -> None:
    import jsonschema

    path = Path(__file__).resolve().parents[3] / "docs" / "tapfix.schema.json"
    schema = Contract.schema()
    assert json.loads(path.read_text()) == schema, "tapfix contract schema > docs/tapfix.schema.json"
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(Contract.default().to_dict())
    for wrong in ({"topology": {"regoins": "single"}}, {"tagz": {}}, {"deliverable": {"prose": 1}}):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[topology]\nregoins = "x"\n', "t:2:1: unknown key 'regoins' in [topology]; did you mean 'regions'?"),
        ("[topologie]\n", "t:1:2: unknown table [topologie]; did you mean 'topology'?"),
        ("\ntopology = 3\n", "t:2:1: topology is a table: write [topology]"),
        (
            '[topology]\nregions = "both"\n',
            't:2:1: topology.regions has to be one of "mirror", "single", "multi", not "both"',
        ),
        ('topology = { a = 1, environments = "dev" }', "t:1:14: unknown key 'a' in [topology]; known are"),
        ("topology.environments = 3", "t:1:1: topology.environments has to be a list of different environment names"),
        ('[topology]\nenvironments = ["a", "a"]', "t:2:1: topology.environments has to be"),
        ('[topology]\nenvironments = ["../a"]', "t:2:1: topology.environments has to be"),
        ("[lifecycle]\n\n  destroyable = 1\n", "t:3:3: lifecycle.destroyable has to be true or false, not 1"),
        ('[deliverable]\nmain = "../x.tf"\n', "t:2:1: deliverable.main has to be a relative path that ends in .tf"),
        ('[deliverable]\nmain = "x.md"\n', "t:2:1: deliverable.main has to be a relative path that ends in .tf"),
        ('[services]\nmetadata = "/etc/passwd"\n', "t:2:1: services.metadata has to be a relative path"),
        ('[topology]\nregions = "single"\nregions = "multi"\n', "t:3:18: Cannot overwrite a value"),
        ("[topology\n", "t:1:10: Expected ']' at the end of a table declaration"),
        ("a = ", "t:1:5: Invalid value"),
        (
            "[require.resources]\naws_vpc = 0\n",
            "t:2:1: require.resources has to be a table of resource types and numbers from 1 up, not 0",
        ),
        ('[data]\nengine_versions = { mysql = "8.0", postgres = 15 }\n', "t:2:36: data.engine_versions has to be"),
        ("[data]\nengine_versions = 15\n", "t:2:1: data.engine_versions has to be a table of database engines"),
        ('[forbid]\nopen_ports = ["80"]\n', "t:2:1: forbid.open_ports has to be a list of different whole numbers"),
        ("[data]\nlog_retention_days = -1\n", "t:2:1: data.log_retention_days has to be a whole number, not -1"),
    ],
)
def test_the_error_for_a_wrong_file_names_the_position(text: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        Contract.from_toml(text, "t")
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, TapfixError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.line, again.column) == (str(caught.value), caught.value.line, caught.value.column)


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "tapfix.toml").write_text('[topology]\nenvironments = ["one"]\n')
    assert Contract.find(inner).topology.environments == ("one",)
    (inner / "tapfix.toml").write_bytes(b'\xef\xbb\xbf[topology]\nenvironments = ["two"]\n')
    assert Contract.find(inner).topology.environments == ("two",)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.toml: cannot be read: No such file"):
        Contract.load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(ContractError, match="not UTF-8 text: byte 0"):
        Contract.load(tmp_path / "bad.toml")


def test_the_page_shows_the_built_in_contract() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "contract.md").read_text()
    block = page.split("```toml\n", 1)[1].split("```", 1)[0]
    assert Contract.from_toml(block) == Contract.default()
    assert set(Contract.default().to_dict()) == {
        line[1:-1] for line in (x.strip().split(" ")[0] for x in block.splitlines()) if line.startswith("[")
    }
