"""What a module declares, and the problems that the checks find in it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Final, Literal

from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    File,
    Module,
    Project,
    item_key,
    item_value,
    object_items,
    string_value,
)
from tapfix.module.nodes import interpolated, template_parts
from tapfix.schema import Schema, TypeSchema, load
from tapfix.syntax import Leaf, LineIndex, Node
from tapfix.verify.problem import Problem, StepName
from tapfix.verify.types import DYNAMIC, InvalidType, Type, parse_constraint

_DECLARED: Final = r'(?m)^[ \t]*(resource|data|variable|module|output)[ \t]+"([\w-]+)"(?:[ \t]+"([\w-]+)")?'
_SET: Final = r"(?m)^[ \t]*([A-Za-z_][\w-]*)[ \t]*=[^=]"
_CONSTRAINT: Final = re.compile(r"(~>|>=|<=|!=|=|<|>)?\s*v?(\d+)((?:\.\d+)*)")


class Declarations:
    """The names of one module and their types. The checks add to `problems`."""

    def __init__(self, module: Module, project: Project | None = None, files: Collection[str] | None = None) -> None:
        self.module = module
        self.project = project
        self.files = files
        """The paths of all files of the stack, of any kind, if they are known."""
        self.problems: list[Problem] = []
        self._lines: dict[str, LineIndex] = {}
        self._seen: set[tuple[str, int, str]] = set()
        self._types: dict[tuple[str, str], TypeSchema | None] = {}

    # --- reporting ----------------------------------------------------------------------------------------------

    def report(
        self,
        step: StepName,
        kind: str,
        message: str,
        at: Element | None,
        node: Expr | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Add a problem at a node of an element, or at the whole element. The same problem is not added twice."""
        if at is None:
            self.problems.append(Problem(step, kind, message, "", severity=severity))
            return
        span = at.span(node)
        if (span.file, span.start, kind) in self._seen:
            return
        self._seen.add((span.file, span.start, kind))
        outer = at.outermost
        address = outer.address if isinstance(outer, Block) else ""
        if isinstance(outer, Block) and outer.type == "locals" and isinstance(at, Attribute):
            address = f"local.{at.name}"
        line, column = self.lines(at.file).position(span.start)
        self.problems.append(
            Problem(step, kind, message, address, span.file, span.start, span.end, line, column, severity)
        )

    def lines(self, file: File) -> LineIndex:
        if file.path not in self._lines:
            self._lines[file.path] = LineIndex(file.text)
        return self._lines[file.path]

    # --- names --------------------------------------------------------------------------------------------------

    @cached_property
    def _broken(self) -> Mapping[str, frozenset[str]]:
        """What the stretches that do not parse seem to declare: addresses, and names that may be local values."""
        addresses, names = set[str](), set[str]()
        for text in self._broken_texts():
            for kind, first, second in re.findall(_DECLARED, text):
                addresses.add(
                    {"resource": f"{first}.{second}", "data": f"data.{first}.{second}", "variable": f"var.{first}"}.get(
                        kind, f"{kind}.{first}"
                    )
                )
            names.update(re.findall(_SET, text))
        return {"addresses": frozenset(addresses), "names": frozenset(names)}

    def _broken_texts(self) -> Iterator[str]:
        for file in self.module.configuration:
            for item in file.items:
                if item.kind == "broken" or any(True for _ in _find_broken(item.node)):
                    yield item.text

    def declares(self, address: str) -> bool:
        """Is an address declared, or does a stretch that does not parse seem to declare it?"""
        if self.module.find(address) is not None or address in self._broken["addresses"]:
            return True
        return address.startswith("local.") and address[6:] in self._broken["names"]

    @cached_property
    def variable_types(self) -> Mapping[str, Type]:
        """The type of each variable; `DYNAMIC` if it has no type or an invalid one."""
        found: dict[str, Type] = {}
        for name, block in self.module.variables.items():
            kind = block.get("type")
            try:
                found[name] = parse_constraint(kind.expr) if kind else DYNAMIC
            except InvalidType:
                found[name] = DYNAMIC
        return found

    # --- providers ----------------------------------------------------------------------------------------------

    @cached_property
    def required_providers(self) -> Mapping[str, tuple[str, str]]:
        """The source and version constraint of each provider that the module requires."""
        found = {}
        for block in self.module.blocks_of("terraform"):
            for nested in block.blocks_of("required_providers"):
                for name, attribute in nested.attributes.items():
                    found[name] = _requirement(attribute.expr)
        return found

    @cached_property
    def schema(self) -> Schema | None:
        """The schema with the AWS provider that the module requires; None if the data has no such version."""
        version = self.required_providers.get("aws", ("", ""))[1]
        majors = [major for major in (5, 6) if admits(version, major)]
        return load(majors[0]) if majors else None

    def knows_provider(self, name: str) -> bool:
        """Does a local name mean the provider that the data has under this name?"""
        source = self.required_providers.get(name, ("", ""))[0]
        return not source or source in (
            name,
            f"hashicorp/{name}",
            f"registry.terraform.io/hashicorp/{name}",
            f"registry.opentofu.org/hashicorp/{name}",
        )

    def type_schema(self, kind: str, name: str) -> TypeSchema | None:
        """The schema of a type; None if it is unknown."""
        if (kind, name) not in self._types:
            self._types[kind, name] = self._known_type(kind, name)
        return self._types[kind, name]

    def _known_type(self, kind: str, name: str) -> TypeSchema | None:
        schema = self.schema if name.startswith("aws_") or self.schema else load()
        provider = name.partition("_")[0]
        if schema is None or not self.knows_provider(provider):
            return None
        return schema.of(kind, name)

    def rules_out(self, kind: str, name: str) -> bool:
        """Is it certain that no such type exists?"""
        provider = name.partition("_")[0]
        schema = self.schema
        if (
            kind not in ("resource", "data")
            or schema is None
            or provider not in schema.providers
            or not self.knows_provider(provider)
        ):
            return False
        return self.type_schema(kind, name) is None

    # --- modules ------------------------------------------------------------------------------------------------

    def callee(self, call: Block) -> Module | None:
        """The module that a `module` block calls; None if it is not in the project."""
        return None if self.project is None else self.project.callee(call)

    def lacks_callee(self, call: Block) -> bool:
        """Does a `module` block call a folder of the project that has no module?"""
        if self.project is None:
            return False
        folder = self.project.called_folder(call)
        return folder is not None and not folder.startswith("..") and self.project.callee(call) is None

    def lacks_file(self, expr: Expr) -> str | None:
        """The path of the missing file that an expression spells; None if the file exists or the path is not known."""
        if self.files is None or expr.kind != "template":
            return None
        parts = template_parts(expr)
        based = bool(parts) and parts[0].kind == "interpolation"
        folder = ""
        if based:
            base = interpolated(parts[0]).text
            if base not in ("path.module", "path.root", "path.cwd"):
                return None
            folder, parts = (self.module.folder if base == "path.module" else ""), parts[1:]
        text = parts[0].value if len(parts) == 1 and isinstance(parts[0], Leaf) else "\\"
        if "\\" in text:  # Not plain text, or with escapes.
            return None
        path = posixpath.normpath(posixpath.join(folder, text.lstrip("/") if based else text))
        return None if path in self.files or path.startswith(("..", "/", "~")) else path


def _find_broken(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Node):
        yield from node.find("broken")


def _requirement(expr: Expr) -> tuple[str, str]:
    if expr.kind != "object":
        return "", string_value(expr) or ""  # `aws = "~> 5.0"`, the form of Terraform 0.12
    values = {item_key(item): string_value(item_value(item)) or "" for item in object_items(expr)}
    return values.get("source", ""), values.get("version", "")


def admits(constraint: str, major: int) -> bool:
    """Does a version constraint admit some version with this major number? Compares major numbers only."""
    for operator, number, rest in _CONSTRAINT.findall(constraint):
        wanted = int(number)
        fits = {
            ">=": major >= wanted,
            ">": major >= wanted,
            "<=": major <= wanted,
            "<": major < wanted or (major == wanted and rest.strip(".0") != ""),
            "!=": True,
        }.get(operator, major == wanted)
        if not fits:
            return False
    return True
