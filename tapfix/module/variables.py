"""Variables and their values per environment: how fixers declare one, and where its values go.

An environment is a tfvars file of the module, one for each name in the contract (see `environment_files`). A value
goes into a file only where that file is there: making the files is the business of the rules that want them. Where
there is no environment, what has to be kept goes into `terraform.tfvars`, which Terraform reads by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import compose
from tapfix.module.elements import Block
from tapfix.module.environments import AUTOMATIC, environment_files, is_automatic
from tapfix.module.project import Module


class Variable(NamedTuple):
    """A variable that a fixer wants: `type` and `default` are HCL (`None`: no default), `values` HCL by environment.

    A value under the name "" is kept where there is no environment.
    """

    name: str
    type: str
    description: str
    default: str | None = None
    values: Mapping[str, str] = {}
    body: str = ""
    """Further lines of the block, such as a validation block."""

    def block(self) -> str:
        """The text of the `variable` block."""
        values = {"description": compose.quoted(self.description), "type": self.type}
        if self.default is not None:
            values["default"] = self.default
        further = f"\n{self.body.strip()}\n" if self.body else ""
        return compose.block("variable", self.name, body=compose.attributes(values) + further)


def is_sensitive(variable: Block) -> bool:
    """Whether a variable's value may not be shown, and so must not be in a file that tapfix writes."""
    mark = variable.get("sensitive")
    return mark is not None and mark.value == "true"


def declare(
    module: Module, environments: Sequence[str], variables: Sequence[Variable], *, title: str = ""
) -> list[Edit]:
    """Edits that declare variables (those that are declared already are left alone) and set them in each
    environment's file.

    The blocks go after the module's last variable, the values to the end of the files, under a comment `title`.
    """
    fresh = [v for v in variables if v.name not in module.variables]
    edits: list[Edit] = []
    if fresh:
        edits.append(insert_block(module, "variable", "\n".join(v.block() for v in fresh)))
    for environment, file in environment_files(module, environments).items():
        rows = [
            f"{v.name} = {v.values[environment]}"
            for v in variables
            if environment in v.values and v.name not in file.attributes
        ]
        if rows:
            edits.append(file.append("\n".join([*([f"# {title}"] if title else []), *rows])))
    automatic = [file for file in module.tfvars if is_automatic(module, file)]
    kept = [
        f"{v.name} = {v.values['']}"
        for v in variables
        if "" in v.values and not any(v.name in file.attributes for file in automatic)
    ]
    if kept and not environment_files(module, environments):
        path = module.path(AUTOMATIC)
        there = next((file for file in automatic if file.path == path), None)
        text = "\n".join(kept)
        edits.append(there.append(text) if there is not None else Edit(path, 0, 0, f"{text}\n"))
    return edits


def insert_block(module: Module, type: str, text: str, *, leaving: str = "") -> Edit:
    """Insert a top-level block after the last one of its type, leaving out those with a first
    label `leaving`.

    If there is none, variables, locals and data sources go before the first block that could use them, others to the
    end.
    """
    same = [b for b in module.blocks_of(type) if not b.labels or b.labels[0] != leaving]
    if same:
        return _last_of_largest(same).insert_after(text)
    main = module.main
    if main is None:
        raise ValueError("a module without .tf files has no place for a block")
    ahead = ("terraform", "provider", "variable", "locals", "data")
    before = ahead[: ahead.index(type)] if type in ahead else ahead
    if type in ahead:
        earlier = [b for b in main.blocks if b.type in before]
        if earlier:
            return earlier[-1].insert_after(text)
        if main.blocks:
            return main.blocks[0].insert_before(text)
    return main.append(text)


def _last_of_largest(blocks: Iterable[Block]) -> Block:
    """The last block of the file that holds most of them."""
    by_file: dict[str, list[Block]] = {}
    for block in blocks:
        by_file.setdefault(block.file.path, []).append(block)
    return max(by_file.values(), key=len)[-1]


class Row(NamedTuple):
    """A line of a tfvars file: a value in HCL, or (`value=None`) a comment that says what to set, and why it is not
    here.
    """

    name: str
    value: str | None
    note: str = ""


def tfvars_text(environment: str, groups: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """A tfvars file: a head line with its name, and a comment a group."""
    parts = [f"# {environment}.tfvars"]
    for title, rows in groups:
        if not rows:
            continue
        lines = [f"# {title}"]
        for row in rows:
            lines.append(f"{row.name} = {row.value}" if row.value is not None else f"# {row.name}: {row.note}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def unset_rows(module: Module, known: Iterable[str] = ()) -> tuple[list[Row], list[Row]]:
    """Rows for the variables without default: those to be given a value by a person, and the sensitive ones.

    A sensitive value is never in a tfvars file; its row names the `TF_VAR_` to set. No value is made up.
    """
    known = set(known)
    plain, sensitive = [], []
    for name, variable in module.variables.items():
        if name in known or "default" in variable.attributes:
            continue
        if is_sensitive(variable):
            sensitive.append(Row(name, None, f"sensitive and without default; set TF_VAR_{name}"))
        else:
            plain.append(Row(name, None, "has no default; set it here"))
    return plain, sensitive
