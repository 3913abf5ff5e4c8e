"""The files of one folder as a module, and the modules of an input as a project."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from functools import cached_property

from tapfix.edits import Edit
from tapfix.module.elements import Attribute, Block, Element, File, Reference
from tapfix.module.nodes import string_value
from tapfix.paths import environment_of, module_folders

_HISTORY = frozenset({"moved", "removed"})
"""Blocks that speak of the state, and use nothing."""


class Module:
    """The `.tf` files of one folder, and the tfvars files of the module: those in the folder, and below it those of
    its environments.
    """

    def __init__(self, folder: str, files: Sequence[File], *, is_root: bool = True) -> None:
        self.folder = folder
        self.files = tuple(files)
        self.is_root = is_root
        """Whether Terraform is run here, and not through a `module` block of another folder."""

    def path(self, name: str) -> str:
        """The path of a file of the module's folder."""
        return posixpath.join(self.folder, name)

    @cached_property
    def configuration(self) -> tuple[File, ...]:
        """The `.tf` files."""
        return tuple(f for f in self.files if f.kind == "tf")

    @cached_property
    def tfvars(self) -> tuple[File, ...]:
        """The tfvars files, also those in folders such as `environments`. At most one file is an environment's."""
        return tuple(f for f in self.files if f.kind == "tfvars")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The top-level blocks of all `.tf` files, in order."""
        return tuple(b for f in self.configuration for b in f.blocks)

    def blocks_of(self, type: str) -> tuple[Block, ...]:
        return self._by_type.get(type, ())

    @cached_property
    def _by_type(self) -> dict[str, tuple[Block, ...]]:
        found: dict[str, list[Block]] = {}
        for block in self.blocks:
            found.setdefault(block.type, []).append(block)
        return {type: tuple(blocks) for type, blocks in found.items()}

    def resources(self, *types: str) -> tuple[Block, ...]:
        """The resources of the named types; of all types if none is named."""
        if not types:
            return self._resources
        if self._resource_types.isdisjoint(types):
            return ()
        return tuple(b for b in self._resources if b.labels[0] in types)

    @cached_property
    def _resources(self) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks_of("resource") if len(b.labels) == 2)

    @cached_property
    def _resource_types(self) -> frozenset[str]:
        return frozenset(b.labels[0] for b in self._resources)

    def data(self, *types: str) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks_of("data") if len(b.labels) == 2 and (not types or b.labels[0] in types))

    @cached_property
    def variables(self) -> Mapping[str, Block]:
        return {b.labels[0]: b for b in self.blocks_of("variable") if len(b.labels) == 1}

    @cached_property
    def outputs(self) -> Mapping[str, Block]:
        return {b.labels[0]: b for b in self.blocks_of("output") if len(b.labels) == 1}

    @cached_property
    def locals(self) -> Mapping[str, Attribute]:
        """The local values by name, of all `locals` blocks."""
        found: dict[str, Attribute] = {}
        for block in self.blocks_of("locals"):
            for name, attribute in block.attributes.items():
                found.setdefault(name, attribute)
        return found

    @cached_property
    def _by_address(self) -> dict[str, Element]:
        found: dict[str, Element] = {}
        for block in self.blocks:
            if block.type in ("resource", "data", "variable", "output", "module", "provider"):
                found.setdefault(block.address, block)
        for name, attribute in self.locals.items():
            found.setdefault(f"local.{name}", attribute)
        return found

    @cached_property
    def declarations(self) -> tuple[tuple[str, Element], ...]:
        """Whatever has an address, with it, in order; unlike in `find` and the mappings, what is declared twice is
        there twice.
        """
        found: list[tuple[str, Element]] = []
        for block in self.blocks:
            if block.type in ("resource", "data", "variable", "output", "module", "provider"):
                found.append((block.address, block))
            elif block.type == "locals":
                attributes = [c for c in block.body.children if c.kind == "attribute"]
                values = [Attribute(block.file, block.base, child, block) for child in attributes]
                found += [(f"local.{value.name}", value) for value in values]
        return tuple(found)

    def find(self, address: str) -> Element | None:
        """What an address names: a block, or the attribute of a local value."""
        return self._by_address.get(address)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All references in the `.tf` files, in order."""
        return tuple(r for b in self.blocks for r in b.references)

    @cached_property
    def _referring(self) -> dict[str, tuple[Reference, ...]]:
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            if reference.block is None or reference.block.type not in _HISTORY:
                found.setdefault(reference.address, []).append(reference)
        return {address: tuple(references) for address, references in found.items()}

    def references_to(self, address: str) -> tuple[Reference, ...]:
        """All references that use the address; a `moved` block only says what it was called."""
        return self._referring.get(address, ())

    @property
    def main(self) -> File | None:
        """The file that new blocks go to: the one with most resources."""
        return max(self.configuration, key=lambda f: sum(b.type == "resource" for b in f.blocks), default=None)

    def unused_name(self, wanted: str, taken: Mapping[str, object]) -> str:
        """`wanted`, or `wanted_2`, … if it is taken."""
        name, n = wanted, 1
        while name in taken:
            n += 1
            name = f"{wanted}_{n}"
        return name


class Project:
    """All files of an input, and the modules they make: one a folder that holds `.tf` files.

    A tfvars file in a folder without `.tf` files belongs to the module around it whose environment it is.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.files = {path: File(path, text) for path, text in texts.items()}

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each file, by path."""
        return {path: file.text for path, file in self.files.items()}

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The root module first (see `module_folders`); the others are called by it, or are roots of their own."""
        folders: dict[str, list[File]] = {}
        for file in self.files.values():
            folders.setdefault(file.folder, []).append(file)
        held = module_folders(self.files)
        root = held[0] if held else ""
        for folder, files in _values_below(folders, held).items():
            folders.setdefault(folder, []).extend(files)
        return tuple(Module(f, folders.get(f, ()), is_root=f == root) for f in held or [""])

    @property
    def root(self) -> Module:
        """The module in which Terraform is run."""
        return self.modules[0]

    @cached_property
    def _by_folder(self) -> dict[str, Module]:
        return {module.folder: module for module in self.modules}

    def module_of(self, file: File) -> Module:
        """The module that a file belongs to. Raises KeyError for a file that belongs to none."""
        module = self._by_folder.get(file.folder)
        return module if module is not None else self._by_values[file.path]

    @cached_property
    def _by_values(self) -> dict[str, Module]:
        return {file.path: module for module in self.modules for file in module.tfvars}

    def called_folder(self, call: Block) -> str | None:
        """The folder that a `module` block calls, relative to the project; None for a source that is not a local path.

        A folder outside of the project begins with `..`.
        """
        source = call.get("source")
        path = string_value(source.expr) if source is not None else None
        if path is None or not path.startswith(("./", "../")):
            return None
        folder = posixpath.normpath(posixpath.join(call.file.folder, path))
        return "" if folder == "." else folder

    def callee(self, call: Block) -> Module | None:
        """The module of the project that a `module` block calls; None where it calls none."""
        folder = self.called_folder(call)
        return None if folder is None else self._by_folder.get(folder)

    def callers(self, module: Module) -> tuple[Block, ...]:
        """The `module` blocks of the project, in other folders, that call a module."""
        return self._callers.get(module.folder, ())

    @cached_property
    def _callers(self) -> dict[str, tuple[Block, ...]]:
        found: dict[str, list[Block]] = {}
        for module in self.modules:
            for call in module.blocks_of("module"):
                folder = self.called_folder(call)
                if folder is not None and folder != module.folder:
                    found.setdefault(folder, []).append(call)
        return {folder: tuple(calls) for folder, calls in found.items()}

    def edited(self, edits: Mapping[str, Sequence[Edit]], removes: frozenset[str] = frozenset()) -> Project:
        """The project with sorted edits made. Files and items that no edit touched are reused as they are."""
        project = Project({})
        for path, file in self.files.items():
            if path in removes:
                continue
            changes = [
                (start, end, text) for _, start, end, text in edits.get(path, ()) if text != file.text[start:end]
            ]
            project.files[path] = file.edited(changes) if changes else file
        for path, new in edits.items():
            if path not in self.files:
                project.files[path] = File(path, "".join(e.text for e in new))
        return project


def _values_below(folders: Mapping[str, Sequence[File]], held: Sequence[str]) -> dict[str, list[File]]:
    """The tfvars files of environments in folders without `.tf` files, by the folder of their module.

    A file beside the module wins. Of several files for one environment none is taken, since which one counts is
    for the caller of Terraform to say.
    """
    found: dict[tuple[str, str], list[File]] = {}
    for folder, files in folders.items():
        values = [file for file in files if file.kind == "tfvars"] if folder not in held else ()
        around = [at for at in held if not at or folder.startswith(f"{at}/")] if values else ()
        home = max(around, key=len, default="")
        for file in values if around else ():
            environment = environment_of(file.path, home)
            if environment is not None:
                found.setdefault((home, environment), []).append(file)
    taken: dict[str, list[File]] = {}
    for (home, environment), files in found.items():
        beside = {file.path for file in folders.get(home, ())}
        if len(files) == 1 and posixpath.join(home, f"{environment}.tfvars") not in beside:
            taken.setdefault(home, []).extend(files)
    return taken
