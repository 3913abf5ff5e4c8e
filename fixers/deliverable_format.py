"""TAP007: the answer is not in the form that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.answer.outline import Kind, outline
from tapfix.edits import Edit, Safety
from tapfix.fixer import Context, Example, Finding, Fixer, Severity, Status
from tapfix.module import Block, File, Module
from tapfix.module.compose import quoted
from tapfix.module.environments import environment_files
from tapfix.module.variables import is_sensitive, unset_rows

_ENVIRONMENT_VARIABLES = ("environment", "env", "environment_name", "environment_suffix", "stage")
_COMMENTED = (
    r"(?m)^(?:[#/]+[ \t=*-]*\r?\n)?[#/]+[ \t=*-]*(?:[Ff]ile:?[ \t]*)?{name}[ \t=*:-]*\r?\n(?:[#/]+[ \t=*-]*\r?\n)?"
    r"(?:/\*[ \t]*\r?\n(?P<block>(?s:.*?))\*/[ \t]*(?:\r?\n|\Z)|(?P<lines>(?:[ \t]*#[^\n]*(?:\n|\Z))+))"
)
_LOCAL_SOURCE = ('"./', '"../')


class DeliverableFormat(Fixer):
    """The answer is not in the form that was asked for.

    A pipeline takes the files out of an answer by their fences; what stands around them, and what is not there, makes it fail before
    Terraform has read a line. This rule says

    - that there is prose around the files, or no fence at all, or a fence that is never closed: what tapfix writes is the files alone, and
      `--response` puts them into fences again,
    - that the stack stands in several files where the contract wants one (`deliverable.single_file`): they are joined, in the answer's
      order, unless there are local modules, which one file cannot hold,
    - that an environment of the contract has no `NAME.tfvars`. One that stands in a comment of the stack is made a file, one in another
      folder is moved beside the stack; otherwise a file is made if the stack says which variable tells environments apart and needs no further value.

    **Unsafe** where it makes files, since their values are the contract's environments and not the answer's words. It refuses to make a file
    where a value would have to be made up, and names the variables that need one.
    """

    rule = "TAP007"
    severity = Severity.MEDIUM
    safety = Safety.UNSAFE
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
        ),
        Example(
            title="A value that nobody knows",
            before='variable "environment" {\n  type = string\n}\n\nvariable "vpc_id" {\n  type = string\n}\n',
            after=None,
        ),
        Example(
            title="Files that stand in comments",
            before='variable "size" {\n  type = number\n}\n\n# dev.tfvars\n# size = 1\n\n# prod.tfvars\n/*\nsize = 3\n*/\n',
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
            contract="[deliverable]\nsingle_file = true\n[topology]\nenvironments = []\n",
        ),
        Example(
            title="Files in a folder of their own",
            before={"tap_stack.tf": 'variable "a" {\n}\n', "environments/dev.tfvars": "a = 1\n"},
            after={"tap_stack.tf": 'variable "a" {\n}\n', "dev.tfvars": "a = 1\n"},
            contract='[topology]\nenvironments = ["dev"]\n',
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        home = module.main
        if not module.is_root or home is None:
            return
        yield from self._form(home, context)
        yield from self._single_file(home, module, context)
        yield from self._environments(home, module, context)

    # -- what stands around the files

    def _form(self, home: File, context: Context) -> Iterator[Finding]:
        answer = context.answer
        if answer is None:
            return
        if any(note.kind == "no-fence" for note in answer.notes):
            yield self._mended(home, "the answer has no fence around its HCL")
        elif answer.has_prose and not context.contract.deliverable.prose:
            yield self._mended(home, "prose stands around the files, where nothing but the fenced files was asked for")
        for file in answer.files:
            if not file.closed and file.is_hcl:
                at = context.project.files.get(file.path, home)
                yield self._mended(
                    at, f"the fence of {file.path}, opened before line {file.line} of the answer, is never closed"
                )

    def _mended(self, at: File, message: str) -> Finding:
        """What the form of tapfix's own outcome mends, without an edit of any file."""
        return self.suggest(at, message)._replace(status=Status.FIXED, safety=Safety.SAFE)

    def _single_file(self, home: File, module: Module, context: Context) -> Iterator[Finding]:
        main = context.contract.deliverable.main.rpartition("/")[2]
        files = [file for file in module.configuration if file.path.endswith(".tf")]
        if not context.contract.deliverable.single_file or [file.path for file in files] == [main]:
            return
        message = f"the stack stands in {', '.join(file.path for file in files)}, where {main} alone was asked for"
        local = [
            call
            for call in module.blocks_of("module")
            if (at := call.get("source")) and at.value.startswith(_LOCAL_SOURCE)
        ]
        if local:
            yield self.refuse(
                local[0],
                message,
                "local modules are folders of their own; decide whether their blocks belong in the stack",
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
            )
            return
        there = context.project.files.get(main)
        others = [file for file in files if file is not there]
        rest = "\n".join(_as_part(file) for file in others)
        edit = Edit(main, 0, 0, rest) if there is None else Edit(main, len(there.text), len(there.text), f"\n{rest}")
        yield self.fix(home, message, [edit], exclusive=True, removes=[file.path for file in others])

    # -- what is not there

    def _unset(self, home: File, module: Module) -> Iterator[Finding]:
        """Where an answer was asked for no tfvars and has none, nothing says what these are; of the environment its user does."""
        if needed := _needed(module, _environment_variables(module)):
            verb = "has" if len(needed) == 1 else "have"
            yield self.refuse(
                home,
                f"{', '.join(needed)} {verb} no default, and the answer gives no value",
                "decide what they are, in a tfvars file or as defaults",
            )

    def _environments(self, home: File, module: Module, context: Context) -> Iterator[Finding]:
        there = environment_files(module, context.environments)
        if context.answer is not None and not context.environments and not module.tfvars:
            yield from self._unset(home, module)
        missing = [name for name in context.environments if name not in there]
        made = {name: fix for name in missing if (fix := _uncommented(home, module, name)) is not None}
        for name, (edits, line) in made.items():
            yield self.fix(
                home, f"{name}.tfvars stands in a comment on line {line} and not in a file of its own", edits
            )
        missing = [name for name in missing if name not in made]
        moved = {name: file for name in missing if (file := _elsewhere(context, name)) is not None}
        for name, file in moved.items():
            message = f"{file.path} stands in a folder of its own and not beside the stack"
            yield self.fix(file, message, [Edit(module.path(f"{name}.tfvars"), 0, 0, file.text)], removes=[file.path])
        missing = [name for name in missing if name not in moved]
        if not missing:
            return
        names = ", ".join(f"{name}.tfvars" for name in missing)
        message = f"{names} {'is' if len(missing) == 1 else 'are'} missing"
        variable = _environment_variable(module)
        others = [*there.values(), *moved.values()]
        own_values = bool(made) or any(set(f.attributes) - ({variable.name} if variable else set()) for f in others)
        reason = _why_not(module, missing, own_values)
        if reason:
            yield self.refuse(home, message, reason)
            return
        told = [block.name for block in _environment_variables(module)]
        _, secret = unset_rows(module, tuple(told))
        secrets = "".join(f"\n# {row.name}: {row.note}\n" for row in secret)
        edits = [
            Edit(module.path(f"{name}.tfvars"), 0, 0, "".join(f"{key} = {quoted(name)}\n" for key in told) + secrets)
            for name in missing
        ]
        # Alone in its pass, so that rules that set values per environment find the files.
        yield self.fix(home, message, edits, exclusive=True)


def _needed(module: Module, told: list[Block]) -> list[str]:
    """The variables that somebody has to set, but for those that are told, in the order of the alphabet."""
    return sorted(
        name
        for name, block in module.variables.items()
        if block not in told and block.get("default") is None and not is_sensitive(block)
    )


def _as_part(file: File) -> str:
    """The text of a file as a part of another one: its first comment says what it was, and names no file any more."""
    name = re.escape(file.path.rpartition("/")[2])
    title = re.compile(rf"\A(\s*(?:#|//|/\*)[ \t#=*-]*)(?:[Ff]ile(?:name)?:[ \t]*)?(?=(?:[\w.-]+/)*{name}\b)")
    text = title.sub(r"\1From ", file.text)
    return text if text.endswith("\n") else f"{text}{file.newline}"


def _elsewhere(context: Context, environment: str) -> File | None:
    """The tfvars file of an environment in another folder: `environments/dev.tfvars`, `envs/dev/terraform.tfvars`."""
    endings = (f"/{environment}.tfvars", f"/{environment}/terraform.tfvars")
    found = [file for file in context.project.files.values() if file.path.endswith(endings)]
    return found[0] if len(found) == 1 else None


def _environment_variable(module: Module) -> Block | None:
    """The variable that tells the environments apart."""
    return next((module.variables[name] for name in _ENVIRONMENT_VARIABLES if name in module.variables), None)


def _environment_variables(module: Module) -> list[Block]:
    """The variable that tells the environments apart, and further ones of that meaning that have to be set."""
    first = _environment_variable(module)
    there = [module.variables[name] for name in _ENVIRONMENT_VARIABLES if name in module.variables]
    return [block for block in there if block is first or block.get("default") is None]


def _why_not(module: Module, missing: list[str], others: bool) -> str:
    """Why the files cannot be made; empty if they can."""
    variable = _environment_variable(module)
    if others:
        return "the other environments have values of their own, and nobody but their owner knows the ones for this one: decide on them"
    if variable is None and any("terraform.workspace" in file.text for file in module.configuration):
        return (
            "the stack tells the environments apart by its workspace: decide whether it goes by workspaces, and say "
            "`environments = []` in tapfix.toml, or by a variable in tfvars files"
        )
    if variable is None:
        return f"no variable tells the environments apart: declare one, such as {_ENVIRONMENT_VARIABLES[0]!r}, and use it in names"
    told = _environment_variables(module)
    needed = _needed(module, told)
    if needed:
        return (
            f"the stack needs values that the answer does not give: {', '.join(needed)}; decide what they are in each "
            "environment, or give them defaults"
        )
    for block in told:
        allowed = block.text() if block.blocks_of("validation") else ""
        strange = [name for name in missing if "contains(" in allowed and f'"{name}"' not in allowed]
        if strange:
            return (
                f"the validation of {block.name!r} does not allow {', '.join(strange)}: decide which environments there are, "
                "and mend the validation or `environments` in tapfix.toml"
            )
    return ""


def _uncommented(home: File, module: Module, environment: str) -> tuple[list[Edit], int] | None:
    """The edits that make a file of a tfvars file in a comment, and the line it stands on."""
    name = f"{environment}.tfvars"
    match = re.search(_COMMENTED.format(name=re.escape(name)), home.text) if name in home.text else None
    if match is None:
        return None
    if match["block"] is not None:
        text = match["block"]
    else:
        text = re.sub(r"(?m)^[ \t]*#[ \t]?", "", match["lines"])
    content = outline(text)
    if content.kind is not Kind.VALUES or not content.attributes <= module.variables.keys():
        return None
    line = home.text.count("\n", 0, match.start()) + 1
    start = len(home.text[: match.start()].rstrip()) + len(home.newline) if home.text[: match.start()].strip() else 0
    return [Edit(module.path(name), 0, 0, text.strip("\r\n") + "\n"), Edit(home.path, start, match.end(), "")], line
