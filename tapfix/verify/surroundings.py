"""What a module needs from outside to be planned in a scratch folder.

These are provider settings for an emulator, a local backend, values for variables that have none, and archives that a
build would make.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tapfix.module import Block, Module, string_value
from tapfix.verify.declarations import Declarations
from tapfix.verify.types import DYNAMIC, kind_of

OVERRIDE: Final = "tapfix_override.tf"
PROVIDERS: Final = "tapfix_providers.tf"
VALUES: Final = "tapfix.auto.tfvars.json"

# The smallest ZIP archive: an end record and nothing before it.
EMPTY_ARCHIVE: Final = b"PK\x05\x06" + bytes(18)

_REGION: Final = re.compile(
    r"(us|eu|ap|sa|ca|af|me|il)[_-]?(gov[_-])?(north|south|east|west|central|northeast|southeast|northwest|southwest)[_-]?(\d)"
)
_ARCHIVE: Final = re.compile(r'"(?:\$\{path\.(?:module|root)\}/)?((?:[\w.-]+/)*[\w.-]+\.zip)"')
_ALIAS: Final = re.compile(r"aws\.([A-Za-z_][\w-]*)")

# Arguments of a provider block about credentials, which the emulator does not need.
_CREDENTIALS: Final = ("profile", "shared_credentials_files", "shared_config_files", "token", "allowed_account_ids")
_SETTINGS: Final = (
    ("access_key", '"test"'),
    ("secret_key", '"test"'),
    ("skip_credentials_validation", "true"),
    ("skip_metadata_api_check", "true"),
    ("skip_requesting_account_id", "true"),
    ("s3_use_path_style", "true"),
)

# Values that work in the emulator, by a word in a variable's name. The first word that the name contains counts.
_BY_NAME: Final = (
    ("arn", "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"),
    ("region", "us-east-1"),
    ("cidr", "10.0.0.0/16"),
    ("ami", "ami-12c6146b"),
    ("email", "ops@example.com"),
    ("env", "dev"),
    ("instance_type", "t3.micro"),
    ("instance_class", "db.t3.micro"),
    ("engine_version", "15.4"),
    ("password", "Correct-Horse-9"),
    ("secret", "Correct-Horse-9"),
    ("user", "dbadmin"),
    ("account", "123456789012"),
    ("domain", "example.com"),
    ("vpc", "vpc-12345678"),
    ("subnet", "subnet-12345678"),
    ("port", "8080"),
    ("bucket", "tapfix-proof-bucket"),
)


def settings(module: Module) -> dict[str, str]:
    """The files that direct a module's AWS providers to an emulator and keep its state in the scratch folder."""
    declared: dict[str, Block] = {}
    for block in module.blocks_of("provider"):
        if block.labels == ("aws",):
            named = block.get("alias")
            declared[(string_value(named.expr) or named.value) if named else ""] = block
    override = ['terraform {\n  backend "local" {}\n}']
    fresh = []
    for alias in sorted({"", *declared, *_aliases(module)}):
        body = [f'  alias = "{alias}"'] if alias else []
        body += [f"  {name} = {value}" for name, value in _SETTINGS]
        if alias in declared:
            body += [f"  {name} = null" for name in _CREDENTIALS if declared[alias].get(name)]
            override.append("\n".join(['provider "aws" {', *body, "}"]))
        else:
            fresh.append("\n".join(['provider "aws" {', *body, f'  region = "{region_of(alias)}"', "}"]))
    files = {OVERRIDE: "\n".join(override) + "\n"}
    if fresh:
        files[PROVIDERS] = "\n".join(fresh) + "\n"
    return files


def _aliases(module: Module) -> set[str]:
    """The AWS provider aliases that the module's blocks name."""
    found = set()
    for block in module.blocks:
        attribute = block.get("providers" if block.type == "module" else "provider")
        if attribute is not None and block.type in ("resource", "data", "module"):
            found.update(
                _ALIAS.findall(attribute.value.partition("=")[2] if block.type == "module" else attribute.value)
            )
    return found


def region_of(alias: str) -> str:
    """The region that an alias names. An alias such as `replica` means another region than the default one."""
    match = _REGION.search(alias.lower())
    if match:
        return "-".join(part for part in (match[1], (match[2] or "").rstrip("_-"), match[3], match[4]) if part)
    return "us-west-2" if re.search(r"west|second|dr|replica|backup|peer", alias) else "us-east-1"


def values(module: Module, given: Iterable[str]) -> dict[str, Any]:
    """Placeholder values for the variables that have neither a default nor a given value."""
    types = Declarations(module).variable_types
    have = set(given)
    return {
        name: placeholder(name, types.get(name, DYNAMIC))
        for name, block in module.variables.items()
        if name not in have and block.get("default") is None
    }


def placeholder(name: str, kind: Any) -> Any:
    """A value of a type, suggested by a variable's name."""
    low = name.lower()
    match kind_of(kind):
        case "number":
            return 2
        case "bool":
            return False
        case "list" | "set":
            if "cidr" in low or "subnet" in low:
                return [f"10.0.{number}.0/24" for number in (1, 2, 3)]
            if "zone" in low or re.search(r"(^|_)azs?($|_)", low):
                return ["us-east-1a", "us-east-1b"]
            return [placeholder(name, kind[1])] if kind[1] != "string" else ["a", "b"]
        case "map":
            return {"Project": "proof"} if kind[1] in ("string", DYNAMIC) else {}
        case "object":
            return {member: placeholder(member, wanted) for member, wanted in kind[1].items()}
        case "tuple":
            return [placeholder(name, wanted) for wanted in kind[1]]
    return next((value for word, value in _BY_NAME if word in low), "dev")


def archives(texts: Mapping[str, str]) -> list[str]:
    """The ZIP files in the module that the configuration names by a plain path."""
    found = {name for path, text in texts.items() if path.endswith(".tf") for name in _ARCHIVE.findall(text)}
    return sorted(name for name in found if ".." not in name.split("/"))


def write_values(folder: Path, made_up: Mapping[str, Any]) -> None:
    if made_up:
        (folder / VALUES).write_text(json.dumps(made_up), "utf-8")
