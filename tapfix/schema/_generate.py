"""Writes `providers.bin` and `functions.json` from their sources.

    python -m tapfix.schema._generate --wheels FOLDER [--cli-config FILE] [--terraform BINARY]

Sources:
- AWS provider 5 and the functions: the output of `terraform providers schema -json` and `terraform metadata functions
  -json` for the real provider. `--cli-config` names a CLI configuration whose mirror contains the provider.
- AWS provider 6 and the utility providers: the prebuilt CDK for Terraform packages on PyPI, which HashiCorp generated
  from the output of the same command. `tapfix.schema._cdktf` reads them. If FOLDER has no wheel of a package, `pip
  download` fetches it.
- `external` and `template` have no such package. `DOCUMENTED` contains the facts of their public documentation.

The same sources give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tapfix.schema import DATA_FILE, _cdktf, functions
from tapfix.schema._store import encode, pack

KINDS: Final = {
    "resource_schemas": "resource",
    "data_source_schemas": "data",
    "ephemeral_resource_schemas": "ephemeral",
    "provider": "provider",
}
WHEELS: Final = {
    "aws": "21.22.1",
    "archive": "11.0.1",
    "cloudinit": "11.0.1",
    "http": "10.0.1",
    "local": "11.1.1",
    "null": "11.0.1",
    "random": "12.0.1",
    "time": "11.0.1",
    "tls": "11.0.1",
}


def _attributes(**kinds: str) -> dict[str, Any]:
    """Attributes in the form of the schema, from words such as `name="string required"`."""
    found = {}
    for name, words in kinds.items():
        kind, *flags = words.split()
        collection, _, element = kind.partition(":")
        found[name] = {"type": [collection, element] if element else kind, **dict.fromkeys(flags, True)}
    return {"id": {"type": "string", "computed": True}, **found}


_TEMPLATE_PART: Final = {
    "attributes": {
        name: value
        for name, value in _attributes(
            content="string required",
            content_type="string optional",
            filename="string optional",
            merge_type="string optional",
        ).items()
        if name != "id"
    }
}
# https://registry.terraform.io/providers/hashicorp/external/2.3.5/docs and …/hashicorp/template/2.2.0/docs
DOCUMENTED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "external": (
        "2.3.5",
        {
            "data_source_schemas": {
                "external": {
                    "block": {
                        "attributes": _attributes(
                            program="list:string required",
                            query="map:string optional",
                            working_dir="string optional",
                            result="map:string computed",
                        )
                    }
                }
            }
        },
    ),
    "template": (
        "2.2.0",
        {
            "data_source_schemas": {
                "template_file": {
                    "block": {
                        "attributes": _attributes(
                            template="string optional",
                            filename="string optional deprecated",
                            vars="map:string optional",
                            rendered="string computed",
                        )
                    }
                },
                "template_cloudinit_config": {
                    "block": {
                        "attributes": _attributes(
                            gzip="bool optional",
                            base64_encode="bool optional",
                            boundary="string optional",
                            rendered="string computed",
                        ),
                        "block_types": {"part": {"nesting_mode": "list", "min_items": 1, "block": _TEMPLATE_PART}},
                    }
                },
            }
        },
    ),
}

# The least and the greatest number of arguments of functions whose signature allows more than the function accepts.
# Source: the error message of each function for too few or too many arguments ("at least two arguments are required").
COUNTS: Final[Mapping[str, tuple[int, int | None]]] = {
    "bcrypt": (1, 2),
    "coalesce": (1, None),
    "coalescelist": (1, None),
    "concat": (1, None),
    "join": (2, None),
    "lookup": (2, 3),
    "max": (1, None),
    "min": (1, None),
    "range": (1, 3),
    "setproduct": (2, None),
    "try": (1, None),
}
# The functions that are newer than Terraform 1.0. Source: https://github.com/hashicorp/terraform/releases
SINCE: Final = {
    "endswith": "1.3",
    "startswith": "1.3",
    "timecmp": "1.3",
    "plantimestamp": "1.5",
    "strcontains": "1.5",
    "issensitive": "1.8",
    "templatestring": "1.9",
    "ephemeralasnull": "1.10",
}

_MODULE: Final = """\
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}
resource "terraform_data" "builtin" {}
"""


def terraform_arguments(description: str) -> argparse.ArgumentParser:
    """A parser of the arguments `--terraform` and `--cli-config`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cli-config", type=Path, help="terraform's CLI configuration file")
    parser.add_argument("--terraform", default="terraform")
    return parser


def terraform_environment(cli_config: Path | None) -> dict[str, str]:
    """The environment of this process, with which terraform reads the given CLI configuration."""
    return dict(os.environ) | ({"TF_CLI_CONFIG_FILE": str(cli_config.resolve())} if cli_config else {})


def main(arguments: list[str] | None = None) -> None:
    parser = terraform_arguments("Write the schema's data files from their sources.")
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the cdktf-cdktf-provider wheels")
    given = parser.parse_args(arguments)
    environment = terraform_environment(given.cli_config)

    catalogs: dict[str, dict[str, dict[str, bytes]]] = {}
    sources: list[dict[str, str]] = []

    def add(catalog: str, version: str, schema: Mapping[str, Any], source: str) -> None:
        catalogs[catalog] = {
            kind: {name: encode(value["block"]) for name, value in schema[key].items() if "block" in value}
            for key, kind in KINDS.items()
            if schema.get(key)
        }
        sources.append({"catalog": catalog, "version": version, "source": source})

    terraform, versions, aws, builtin = _schemas_of_terraform(given.terraform, environment)
    add("aws@5", versions["registry.terraform.io/hashicorp/aws"], aws, f"terraform {terraform} providers schema")
    add("terraform", terraform, builtin, f"terraform {terraform} providers schema")
    for name, release in WHEELS.items():
        wheel = _wheel(given.wheels, name, release)
        version, schema = _cdktf.read(wheel)
        if name == "aws":
            _add_lost_facts(schema, aws)
        add("aws@6" if name == "aws" else name, version, schema, f"PyPI cdktf-cdktf-provider-{name} {release}")
    for name, (version, documented) in DOCUMENTED.items():
        add(name, version, documented, "the provider's public documentation")
    DATA_FILE.write_bytes(pack(catalogs, sources))
    _write_functions(given.terraform, terraform, environment)
    for source in sources:
        kinds = ", ".join(f"{len(types)} {kind}" for kind, types in catalogs[source["catalog"]].items())
        print(f"{source['catalog']:10} {source['version']:8} {kinds} ({source['source']})")
    print(f"{DATA_FILE.name}: {DATA_FILE.stat().st_size / 1024:.0f} KiB", file=sys.stderr)


def _run(*command: str, folder: str | None = None, environment: Mapping[str, str]) -> Any:
    done = subprocess.run(command, cwd=folder, env=dict(environment), check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if "-json" in command else done.stdout


def _schemas_of_terraform(
    binary: str, environment: Mapping[str, str]
) -> tuple[str, dict[str, str], dict[str, Any], dict[str, Any]]:
    """The version of terraform, those of the providers, and the schemas of the AWS and the built-in provider."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(_MODULE)
        _run(binary, "init", "-input=false", folder=folder, environment=environment)
        version = _run(binary, "version", "-json", folder=folder, environment=environment)
        schemas = _run(binary, "providers", "schema", "-json", folder=folder, environment=environment)[
            "provider_schemas"
        ]
    aws = schemas["registry.terraform.io/hashicorp/aws"]
    aws["provider"] = {"aws": aws["provider"]}
    builtin = schemas["terraform.io/builtin/terraform"]
    del builtin["provider"]
    return version["terraform_version"], version["provider_selections"], aws, builtin


def _wheel(folder: Path, name: str, release: str) -> Path:
    project = f"cdktf-cdktf-provider-{name}"
    pattern = f"{project.replace('-', '_')}-{release}-*.whl"
    if not list(folder.glob(pattern)):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            str(folder),
            f"{project}=={release}",
        ]
        subprocess.run(command, check=True)
    return next(folder.glob(pattern))


def _add_lost_facts(newer: dict[str, Any], older: Mapping[str, Any]) -> None:
    """Adds to version 6 the facts of version 5 that the CDK package does not contain, where all else is equal.

    The configuration of the provider itself is taken from version 5: the CDK writes that class differently, and it
    changed little.
    """
    newer["provider"] = older["provider"]
    for key in ("resource_schemas", "data_source_schemas"):
        for name, value in newer.get(key, {}).items():
            if name in older.get(key, {}):
                _add_lost_facts_of_block(value["block"], older[key][name]["block"])


def _add_lost_facts_of_block(newer: dict[str, Any], older: Mapping[str, Any]) -> None:
    attributes, blocks = newer["attributes"], newer["block_types"]
    known_attributes, known_blocks = older.get("attributes", {}), older.get("block_types", {})
    # The CDK writes `any` for blocks that contain themselves (a WAF statement), and blocks for some attributes.
    for name in [name for name in attributes if name in known_blocks and attributes[name]["type"] == "dynamic"]:
        del attributes[name]
        blocks[name] = known_blocks[name]
    for name in [name for name in blocks if name in known_attributes]:
        del blocks[name]
        attributes[name] = known_attributes[name]
    for name, attribute in attributes.items():
        known = known_attributes.get(name, {})
        if _without_sets(known.get("type")) == _without_sets(attribute["type"]):
            attribute["type"] = known["type"]
            for flag in ("computed", "sensitive", "deprecated", "write_only"):
                if known.get(flag) and not attribute.get("required"):
                    attribute[flag] = True
    for name, nested in blocks.items():
        known = known_blocks.get(name)
        if known is None or known is nested:
            continue
        nested["nesting_mode"] = known["nesting_mode"]
        if nested["min_items"] == min(known.get("min_items", 0), 1):
            nested["min_items"] = known.get("min_items", 0)
        if "max_items" not in nested and known.get("max_items", 0) > 1:
            nested["max_items"] = known["max_items"]
        _add_lost_facts_of_block(nested["block"], known["block"])


def _without_sets(kind: Any) -> Any:
    """A type without the difference between a list and a set, which the CDK does not always keep."""
    return ["list", _without_sets(kind[1])] if isinstance(kind, list) and kind[0] == "set" else kind


def _write_functions(binary: str, version: str, environment: Mapping[str, str]) -> None:
    signatures = _run(binary, "metadata", "functions", "-json", environment=environment)["function_signatures"]
    rows = {}
    for name, signature in sorted(signatures.items()):
        if "::" in name:
            continue
        parameters = [[parameter["name"], parameter["type"]] for parameter in signature.get("parameters", [])]
        variadic = signature.get("variadic_parameter")
        least, most = COUNTS.get(name, (len(parameters), None if variadic else len(parameters)))
        if variadic:
            parameters.append([variadic["name"] + "...", variadic["type"]])
        rows[name] = {
            "least": least,
            "most": most,
            "parameters": parameters,
            "returns": signature["return_type"],
            "since": SINCE.get(name, "1.0"),
        }
    data = {"source": f"terraform {version} metadata functions", "functions": rows}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    functions.DATA_FILE.write_text(
        f'{{"source": {json.dumps(data["source"])}, "functions": {{\n{lines}\n}}}}\n', "utf-8"
    )


if __name__ == "__main__":
    main()
