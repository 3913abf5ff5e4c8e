"""Reads provider schemas from the prebuilt CDK for Terraform packages on PyPI (`cdktf-cdktf-provider-NAME`).

HashiCorp generated those packages from `terraform providers schema`. The generated JavaScript keeps most facts:

    // arn - computed: true, optional: false, required: false
    get arn() {
        return this.getStringAttribute('arn');
    }
    get description() {
        return this.getStringAttribute('description');
    }
    resetDescription() {        // an attribute with a reset is optional
    get descriptionInput() {    // an attribute with an input can be set

It does not keep whether an optional simple value is also computed, the numbers of a block other than "at most one" and
"at least one", deprecations, and which values are sensitive.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

BlockData = dict[str, Any]
"""A block in the form of `terraform providers schema -json`: `attributes` and `block_types`."""
ProviderData = dict[str, dict[str, BlockData]]

_CLASS: Final = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FACTS: Final = re.compile(
    r"// \w+ - computed: (true|false), optional: (true|false), required: (true|false)\n\s+(?:get |this\._)(\w+)"
)
_GETTER: Final = re.compile(r"^    get (\w+)\(\) \{\s+return (.*?);?\n    \}", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"Attribute\('(\w+)'\)")
_FIELD: Final = re.compile(r'this\._(\w+) = new (?:(?!cdktf)\w+\.)?([\w.]+)\(this, "(\w+)"(?:, (true|false))?\)')
_TYPE: Final = re.compile(r'\.tfResourceType = "(\w+)"')
_HCL: Final = re.compile(
    r'(\w+): \{\s+value: [^\n]*\n\s+isBlock: (true|false),\s+type: "(\w+)",\s+storageClassType: "(\w+)"'
)
_AS_ATTRIBUTE: Final = re.compile(r"(\w+): cdktf\.listMapper\(\w+, false\)")
_HCL_FUNCTION: Final = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_TERRAFORM_FUNCTION: Final = re.compile(r"^function (\w+?)ToTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_VERSION: Final = re.compile(r"bindings for hashicorp/\w+ provider version (\S+)")

_SIMPLE: Final[dict[str, Any]] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "cdktf.StringMap": ["map", "string"],
    "cdktf.NumberMap": ["map", "number"],
    "cdktf.BooleanMap": ["map", "bool"],
    "cdktf.AnyMap": ["map", "dynamic"],
    "cdktf.StringMapList": ["list", ["map", "string"]],
    "cdktf.StringListMap": ["map", ["list", "string"]],
}
_STORAGE: Final[dict[str, Any]] = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "any": "dynamic",
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "booleanList": ["list", "bool"],
    "stringMap": ["map", "string"],
    "numberMap": ["map", "number"],
    "booleanMap": ["map", "bool"],
    "stringListList": ["list", ["list", "string"]],
    "stringMapList": ["list", ["map", "string"]],
    "stringMapMap": ["map", ["map", "string"]],
}


def read(wheel: Path) -> tuple[str, ProviderData]:
    """The provider's version, and its schema in the form of `terraform providers schema -json`."""
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(inner))) as package:
            version, folders = _sources(package)
    found: ProviderData = {"resource_schemas": {}, "data_source_schemas": {}}
    kinds = {"TerraformResource": "resource_schemas", "TerraformDataSource": "data_source_schemas"}
    for code in folders:
        for base, block in _TypeFolder(code).types():
            name = _TYPE.search(code)
            if name:
                found[kinds[base]][name[1]] = {"block": block}
    return version, found


def _sources(package: tarfile.TarFile) -> tuple[str, list[str]]:
    """The provider's version, and the code of each folder. Each type has a folder."""
    version, code = "", dict[str, str]()
    for member in package:
        path = member.name.split("/")
        stream = package.extractfile(member)
        if stream is None:
            continue
        if path[-1] == "README.md" and len(path) == 2:
            match = _VERSION.search(stream.read().decode())
            version = match[1] if match else ""
        elif len(path) > 3 and path[-1].endswith(".js"):
            code[path[2]] = code.get(path[2], "") + stream.read().decode()
    return version, [code[folder] for folder in sorted(code)]


class _Field(NamedTuple):
    """A member with a class of its own: its name in the schema, its class, and whether it is a set."""

    name: str
    class_name: str
    is_set: bool


class _TypeFolder:
    """The code of one folder of a package: the classes of one type."""

    def __init__(self, code: str) -> None:
        self.classes = {match[1]: (match[2], match[3]) for match in _CLASS.finditer(code)}
        self.hcl = {match[1]: match[2] for match in _HCL_FUNCTION.finditer(code)}
        self.terraform = {match[1]: match[2] for match in _TERRAFORM_FUNCTION.finditer(code)}
        self._blocks: dict[str, BlockData] = {}

    def types(self) -> Iterator[tuple[str, BlockData]]:
        for name, (base, body) in self.classes.items():
            if base in ("TerraformResource", "TerraformDataSource"):
                yield base, self.block(name, body, body)

    def block(self, name: str, hcl: str, terraform: str) -> BlockData:
        """A class as a block.

        The code in `hcl` marks the members that are blocks. The code in `terraform` marks those of them that are really
        attributes, since Terraform accepts block syntax for a list of objects.
        """
        if name in self._blocks:
            return self._blocks[name]
        body = self.classes[name][1]
        fields = {match[1]: _Field(match[3], match[2], match[4] == "true") for match in _FIELD.finditer(body)}
        shapes = {match[1]: (match[2] == "true", match[3], match[4]) for match in _HCL.finditer(hcl)}
        as_attribute = set(_AS_ATTRIBUTE.findall(terraform))
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        facts_of = {
            match[4]: dict(zip(("computed", "optional", "required"), match.groups(), strict=False))
            for match in _FACTS.finditer(body)
        }
        for camel, answer in _GETTER.findall(body):
            named = _NAME.search(answer)
            if named is None and not (camel in fields and answer == f"this._{camel}"):
                continue
            attribute = named[1] if named else fields[camel].name
            said = facts_of.get(camel) or _settable(camel, body)
            facts = {flag: True for flag, given in said.items() if given == "true"}
            is_block, nesting, storage = shapes.get(attribute, (False, "", ""))
            if is_block and attribute not in as_attribute and camel in fields and not facts.get("computed"):
                blocks[attribute] = self._nested(fields[camel], "required" in facts)
            else:
                attributes[attribute] = {
                    "type": self._attribute_type(answer, fields.get(camel), nesting, storage),
                    **facts,
                }
        found = self._blocks[name] = {"attributes": attributes, "block_types": blocks}
        return found

    def _nested(self, field: _Field, required: bool) -> BlockData:
        name, class_name, is_set = field
        base = self.classes[class_name][0]
        many = base in ("ComplexList", "ComplexMap")
        nesting = "map" if base == "ComplexMap" else "set" if is_set else "list"
        nested = {
            "nesting_mode": nesting,
            "min_items": int(required),
            "block": self._struct(_struct_name(class_name, base)),
        }
        if not many:
            nested["max_items"] = 1
        if name == "timeouts":
            nested["nesting_mode"] = "single"
        return nested

    def _struct(self, struct: str) -> BlockData:
        function = struct[:1].lower() + struct[1:]
        return self.block(struct + "OutputReference", self.hcl.get(function, ""), self.terraform.get(function, ""))

    def _attribute_type(self, answer: str, field: _Field | None, nesting: str, storage: str) -> Any:
        if field is not None:
            return self._field_type(field.class_name, field.is_set)
        if nesting == "set" and storage in _STORAGE:
            return ["set", _STORAGE[storage][1]]
        if storage in _STORAGE:
            return _STORAGE[storage]
        getter = re.search(r"this\.(get\w+)\(", answer)
        kind = _SIMPLE.get(getter[1], "dynamic") if getter else "dynamic"
        return ["set", kind[1]] if "tolist(" in answer and isinstance(kind, list) else kind

    def _field_type(self, class_name: str, is_set: bool) -> Any:
        if class_name in _SIMPLE:
            return _SIMPLE[class_name]
        base = self.classes.get(class_name, ("", ""))[0]
        struct = _struct_name(class_name, base)
        if struct + "OutputReference" not in self.classes:
            return "dynamic"
        element = ["object", _object(self._struct(struct))]
        if base == "ComplexMap":
            return ["map", element]
        return ["set" if is_set else "list", element] if base == "ComplexList" else element


def _struct_name(class_name: str, base: str) -> str:
    suffix = {"ComplexList": "List", "ComplexMap": "Map"}.get(base, "OutputReference")
    return class_name.removesuffix(suffix)


def _settable(camel: str, body: str) -> dict[str, str]:
    title = camel[:1].upper() + camel[1:]
    if f"    reset{title}()" in body:
        return {"optional": "true"}
    return {"required": "true"} if f"    get {camel}Input()" in body else {"computed": "true"}


def _object(block: BlockData) -> dict[str, Any]:
    fields = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    for name, nested in block["block_types"].items():
        fields[name] = [nested["nesting_mode"], ["object", _object(nested["block"])]]
    return fields
