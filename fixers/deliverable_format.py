"""TAP007: the answer does not have the form that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tapfix.answer.outline import TextKind, outline
from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity, Status
from tapfix.module import Block, File, Module
from tapfix.module.compose import quoted
from tapfix.module.environments import environment_files, environment_path, environment_variable, environment_variables
from tapfix.module.variables import is_sensitive, unset_rows

from .shared.grounds import stated_by

if TYPE_CHECKING:
    from tapfix.contract import Contract

_COMMENTED = (
    r"(?m)^(?:[#/]+[ \t=*-]*\r?\n)?[#/]+[ \t=*-]*(?:[Ff]ile:?[ \t]*)?{name}[ \t=*:-]*\r?\n(?:[#/]+[ \t=*-]*\r?\n)?"
    r"(?:/\*[ \t]*\r?\n(?P<block>(?s:.*?))\*/[ \t]*(?:\r?\n|\Z)|(?P<lines>(?:[ \t]*#[^\n]*(?:\n|\Z))+))"
)


class DeliverableFormat(Fixer):
    """The answer does not have the form that was asked for.

    A pipeline takes the files out of an answer by their fences. If it was promised nothing but the files, text around
    them makes it fail before Terraform reads a line; and a file that it was promised and that is missing does as well.
    An answer keeps its own form unless a clause of the contract, or a sentence of the prompt, asks for another one.
    This rule reports

    - `deliverable.prose = false`: text around the files, a missing fence, or a fence that is never closed. The output
      of tapfix is the files alone, and `--response` puts them into fences again.
    - `deliverable.single_file = true`: a stack in several files. The files are joined in the order of the answer, in
      the file that the contract names, else in the answer's `main.tf`. Local modules are refused, since one file
      cannot contain them.
    - `topology.environments`: an environment without its `NAME.tfvars`. If a comment of the stack contains the file,
      the comment becomes a file. A file in another folder, such as `environments/dev.tfvars`, counts, and stays where
      it is. Otherwise the rule creates a file if the stack has a variable that distinguishes the environments and
      needs no other value.
    - `topology.environments = []`: variables without a default to which the answer gives no value.

    **Unsafe** where it creates files, since their values come from the contract and not from the answer. It refuses to
    create a file if it would have to invent a value, and names the variables that need one.
    """

    rule = "TAP007"
    severity = Severity.MEDIUM
    safety = Safety.UNSAFE
    title = "The answer is not in the form that was asked for"
    cause = "The answer talks about the files instead of being them."
    reference = "https://spec.commonmark.org/0.31.2/#fenced-code-blocks"
    effect = "A pipeline that takes the files out of the answer gets too much or too little."
    order = 20
    examples = (
        Example(
            title="No file for any environment",
            before='variable "environment" {\n  type = string\n}\n',
            after={
                "tap_stack.tf": 'variable "environment" {\n  type = string\n}\n',
                "dev.tfvars": 'environment = "dev"\n',
                "staging.tfvars": 'environment = "staging"\n',
                "prod.tfvars": 'environment = "prod"\n',
            },
            contract='[topology]\nenvironments = ["dev", "staging", "prod"]\n',
        ),
        Example(
            title="A value that nobody knows",
            before='variable "environment" {\n  type = string\n}\n\nvariable "vpc_id" {\n  type = string\n}\n',
            after=None,
            contract='[topology]\nenvironments = ["dev", "staging", "prod"]\n',
        ),
        Example(
            title="Files in comments",
            before='variable "size" {\n  type = number\n}\n\n'
            "# dev.tfvars\n# size = 1\n\n# prod.tfvars\n/*\nsize = 3\n*/\n",
            after={
                "tap_stack.tf": 'variable "size" {\n  type = number\n}\n',
                "dev.tfvars": "size = 1\n",
                "prod.tfvars": "size = 3\n",
            },
            contract='[topology]\nenvironments = ["dev", "prod"]\n',
        ),
        Example(
            title="One file was asked for",
            before={"tap_stack.tf": "locals {\n  a = 1\n}\n", "outputs.tf": 'output "a" {\n  value = local.a\n}\n'},
            after={"tap_stack.tf": 'locals {\n  a = 1\n}\n\noutput "a" {\n  value = local.a\n}\n'},
            contract="[deliverable]\nsingle_file = true\n",
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        home = module.main
        if not module.is_root or home is None:
            return
        deliverable = context.contract.deliverable
        if not deliverable.prose:
            yield from self._form(home, context, stated_by(context.contract, "deliverable.prose"))
        if deliverable.single_file:
            yield from self._single_file(home, module, context)
        asked = context.contract.because("topology.environments")
        if asked is not None:
            yield from self._environments(home, module, context, asked)

    # -- around the files

    def _form(self, home: File, context: Context, because: Because) -> Iterator[Finding]:
        answer = context.answer
        if answer is None:
            return
        if any(remark.kind == "no-fence" for remark in answer.remarks):
            yield self._repaired_by_output(home, "the answer has no fence around its HCL", because)
        elif answer.has_prose:
            message = "there is text around the files, where only the fenced files were asked for"
            yield self._repaired_by_output(home, message, because)
        for file in answer.files:
            if not file.closed and file.is_hcl:
                at = context.project.files.get(file.path, home)
                message = f"the fence of {file.path}, opened before line {file.line} of the answer, is never closed"
                yield self._repaired_by_output(at, message, because)

    def _repaired_by_output(self, at: File, message: str, because: Because) -> Finding:
        """A finding that the form of the output repairs, without an edit of a file."""
        return self.suggest(at, message, because=because)._replace(status=Status.FIXED, safety=Safety.SAFE)

    def _single_file(self, home: File, module: Module, context: Context) -> Iterator[Finding]:
        because = stated_by(context.contract, "deliverable.single_file")
        files = [file for file in module.configuration if file.path.endswith(".tf")]
        main = _one_file(context.contract, [file.path for file in files])
        local = [call for call in module.blocks_of("module") if context.project.called_folder(call) is not None]
        if [file.path for file in files] == [main] and not local:
            return
        message = f"the stack is in {', '.join(file.path for file in files)}, where {main} alone was asked for"
        if local:
            yield self.refuse(
                local[0],
                f"the stack calls local modules, where {main} alone was asked for",
                "local modules are folders of their own; decide whether their blocks belong in the stack",
                because=because,
            )
            return
        apart = [
            other.folder for other in context.project.modules if other.folder != module.folder and other.configuration
        ]
        if apart:
            yield self.refuse(
                home,
                message,
                f"{', '.join(apart)} {'is' if len(apart) == 1 else 'are'} beside it, and nothing calls what is there; "
                "decide whether their blocks belong in the stack",
                because=because,
            )
            return
        there = context.project.files.get(main)
        others = [file for file in files if file is not there]
        rest = "\n".join(_as_part(file) for file in others)
        if there is None:
            edit = Edit(main, 0, 0, rest)
        else:
            gap = there.newline if there.text.endswith("\n") else 2 * there.newline
            edit = Edit(main, len(there.text), len(there.text), f"{gap}{rest}")
        removes = [file.path for file in others]
        yield self.fix(home, message, [edit], exclusive=True, removes=removes, because=because)

    # -- missing files

    def _unset(self, home: File, module: Module, because: Because) -> Iterator[Finding]:
        """Variables without a value, in an answer that was asked for no tfvars files and has none.

        The variables that distinguish the environments are left out: the user of the stack sets them.
        """
        if needed := _needed(module, _variables_to_set(module)):
            verb = "has" if len(needed) == 1 else "have"
            yield self.refuse(
                home,
                f"{', '.join(needed)} {verb} no default, and the answer gives no value",
                "decide what they are, in a tfvars file or as defaults",
                because=because,
            )

    def _environments(self, home: File, module: Module, context: Context, because: Because) -> Iterator[Finding]:
        there = environment_files(module, context.environments)
        if context.answer is not None and not context.environments and not module.tfvars:
            yield from self._unset(home, module, because)
        missing = [name for name in context.environments if name not in there]
        made = {name: fix for name in missing if (fix := _uncommented(home, module, name)) is not None}
        for name, (edits, line) in made.items():
            message = f"{name}.tfvars is in a comment on line {line} and not in a file of its own"
            yield self.fix(home, message, edits, because=because)
        missing = [name for name in missing if name not in made]
        elsewhere = {name: file for name in missing if (file := _elsewhere(context, name)) is not None}
        missing = [name for name in missing if name not in elsewhere]
        if not missing:
            return
        names = ", ".join(f"{name}.tfvars" for name in missing)
        message = f"{names} {'is' if len(missing) == 1 else 'are'} missing"
        variable = environment_variable(module)
        others = [*there.values(), *elsewhere.values()]
        own_values = bool(made) or any(set(f.attributes) - ({variable.name} if variable else set()) for f in others)
        reason = _why_not(module, missing, own_values)
        if reason:
            yield self.refuse(home, message, reason, because=because)
            return
        names_set = [block.name for block in _variables_to_set(module)]
        _, secret = unset_rows(module, tuple(names_set))
        secrets = "".join(f"\n# {row.name}: {row.note}\n" for row in secret)
        edits = [
            Edit(
                environment_path(module, name, elsewhere),
                0,
                0,
                "".join(f"{key} = {quoted(name)}\n" for key in names_set) + secrets,
            )
            for name in missing
        ]
        # The fix is alone in its pass, so that rules that set values for environments find the files.
        yield self.fix(home, message, edits, exclusive=True, because=because)


def _one_file(contract: Contract, paths: Sequence[str]) -> str:
    """The file that a stack in one file is in: the one that the contract names, else the answer's own."""
    main = contract.deliverable.main.rpartition("/")[2]
    if contract.because("deliverable.main") is not None or main in paths:
        return main
    if len(paths) == 1:
        return paths[0]
    return "main.tf" if "main.tf" in paths else main


def _needed(module: Module, known: list[Block]) -> list[str]:
    """The other variables that need a value from a person, in alphabetical order; `known` ones need none."""
    return sorted(
        name
        for name, block in module.variables.items()
        if block not in known and block.get("default") is None and not is_sensitive(block)
    )


def _as_part(file: File) -> str:
    """The text of a file as a part of another one. A first comment that names the file becomes "From NAME"."""
    name = re.escape(file.path.rpartition("/")[2])
    title = re.compile(rf"\A(\s*(?:#|//|/\*)[ \t#=*-]*)(?:[Ff]ile(?:name)?:[ \t]*)?(?=(?:[\w.-]+/)*{name}\b)")
    text = title.sub(r"\1From ", file.text)
    return text if text.endswith("\n") else f"{text}{file.newline}"


def _elsewhere(context: Context, environment: str) -> File | None:
    """The tfvars file of an environment in another folder: `environments/dev.tfvars`, `envs/dev/terraform.tfvars`."""
    endings = (f"/{environment}.tfvars", f"/{environment}/terraform.tfvars")
    found = [file for file in context.project.files.values() if file.path.endswith(endings)]
    return found[0] if len(found) == 1 else None


def _variables_to_set(module: Module) -> list[Block]:
    """The variable that distinguishes the environments, and further ones of that meaning without a default."""
    first, *others = environment_variables(module) or (None,)
    return [] if first is None else [first, *(block for block in others if block and block.get("default") is None)]


def _why_not(module: Module, missing: list[str], others: bool) -> str:
    """Why the files cannot be created; empty if they can."""
    variable = environment_variable(module)
    if others:
        return (
            "the other environments have values of their own, and only their owner knows those of this one: "
            "decide on them"
        )
    if variable is None and any("terraform.workspace" in file.text for file in module.configuration):
        return (
            "the workspace distinguishes the environments of the stack: decide whether workspaces do, and state "
            "`environments = []` in tapfix.toml, or whether a variable in tfvars files does"
        )
    if variable is None:
        return "no variable distinguishes the environments: declare one, such as 'environment', and use it in names"
    known = _variables_to_set(module)
    needed = _needed(module, known)
    if needed:
        return (
            f"the stack needs values that the answer does not give: {', '.join(needed)}; decide what they are in each "
            "environment, or give them defaults"
        )
    for block in known:
        allowed = block.text() if block.blocks_of("validation") else ""
        strange = [name for name in missing if "contains(" in allowed and f'"{name}"' not in allowed]
        if strange:
            return (
                f"the validation of {block.name!r} does not allow {', '.join(strange)}: decide which environments "
                "there are, and change the validation or `environments` in tapfix.toml"
            )
    return ""


def _uncommented(home: File, module: Module, environment: str) -> tuple[list[Edit], int] | None:
    """The edits that turn a tfvars file in a comment into a file, and the line of the comment."""
    name = f"{environment}.tfvars"
    match = re.search(_COMMENTED.format(name=re.escape(name)), home.text) if name in home.text else None
    if match is None:
        return None
    if match["block"] is not None:
        text = match["block"]
    else:
        text = re.sub(r"(?m)^[ \t]*#[ \t]?", "", match["lines"])
    content = outline(text)
    if content.kind is not TextKind.VALUES or not content.attributes <= module.variables.keys():
        return None
    line = home.text.count("\n", 0, match.start()) + 1
    start = len(home.text[: match.start()].rstrip()) + len(home.newline) if home.text[: match.start()].strip() else 0
    return [Edit(module.path(name), 0, 0, text.strip("\r\n") + "\n"), Edit(home.path, start, match.end(), "")], line
