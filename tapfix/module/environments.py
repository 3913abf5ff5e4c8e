"""What expressions evaluate to in each environment: through tfvars files, defaults, and the calls of a local module.

An environment is a `NAME.tfvars` file in the root module's folder, or below it, such as `environments/NAME.tfvars` (see
`environment_of` in `tapfix.paths`). A module without known environments has one,
with the name "".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from tapfix.module.elements import Attribute, Block, Element, File
from tapfix.module.evaluate import UNKNOWN, Evaluator, is_known
from tapfix.module.nodes import META_ARGUMENTS, Expr
from tapfix.module.project import Module, Project
from tapfix.module.values import same
from tapfix.paths import environment_of

Undecided = Literal["default", "unknown"]
"""What a variable evaluates to while its environment has no tfvars file yet, which may still set it."""

AUTOMATIC: Final = "terraform.tfvars"
"""The tfvars file that Terraform reads by itself."""

CALL_ARGUMENTS: Final = META_ARGUMENTS | {"source", "version"}
"""The arguments of a `module` block that are not variables of the module that it calls."""

_MAX_DEPTH: Final = 30
"""How many calls of modules are followed upwards. What comes from further up is unknown."""

_ENVIRONMENT_VARIABLES: Final = (
    "environment", "env", "environmentname", "envname", "deploymentenvironment", "deployenvironment", "deployenv",
    "targetenvironment", "environmenttag", "envtag", "environmenttype", "envtype", "environmentsuffix", "envsuffix",
    "stage", "stagename", "deploymentstage", "resourcesuffix",
)  # fmt: skip
"""Names of the variable that distinguishes the environments, without case, `_` and `-`; the likeliest first."""


def is_automatic(module: Module, file: File) -> bool:
    """Whether Terraform reads the tfvars file by itself: from the module's own folder only."""
    name = file.path.rpartition("/")[2]
    return file.folder == module.folder and (name == AUTOMATIC or name.endswith(".auto.tfvars"))


def environment_files(module: Module, names: Sequence[str] | None) -> dict[str, File]:
    """The tfvars files of the environments, in the module's folder or below it, in the order of `names`.

    Without names, each tfvars file that Terraform does not read by itself is an environment's.
    """
    if names is None:
        return _by_environment(module)
    files = _by_environment(module)
    return {name: files[name] for name in names if name in files}


def environment_path(module: Module, environment: str, elsewhere: Mapping[str, File] | None = None) -> str:
    """The path for a new tfvars file of an environment: beside those of the other environments, and named as they are.

    `elsewhere` are further environments' files, by environment. Without any the path is in the module's folder.
    """
    for other, file in {**_by_environment(module), **(elsewhere or {})}.items():
        folder, base = posixpath.split(file.path)
        above, last = posixpath.split(folder)
        if last == other and folder != module.folder:
            folder = posixpath.join(above, environment)
        return posixpath.join(folder, f"{environment}.tfvars" if base == f"{other}.tfvars" else base)
    return module.path(f"{environment}.tfvars")


def _by_environment(module: Module) -> dict[str, File]:
    """All tfvars files that are an environment's, by its name."""
    named = ((environment_of(file.path, module.folder), file) for file in module.tfvars)
    return {name: file for name, file in named if name is not None}


def environment_variables(module: Module) -> tuple[Block, ...]:
    """The variables that distinguish the environments, in any of the known spellings, the likeliest first.

    A variable whose type is not a string is left out.
    """
    found: list[tuple[int, Block]] = []
    for name, block in module.variables.items():
        type = block.get("type")
        if is_environment_name(name) and (type is None or type.value in ("string", "any")):
            found.append((_ENVIRONMENT_VARIABLES.index(_plain(name)), block))
    return tuple(block for _, block in sorted(found, key=lambda pair: pair[0]))


def environment_variable(module: Module) -> Block | None:
    """The likeliest variable that distinguishes the environments, in most answers `environment`; None without one."""
    return next(iter(environment_variables(module)), None)


def is_environment_name(name: str) -> bool:
    """Whether a variable of this name distinguishes the environments: `environment`, `envSuffix`, `stage`, …"""
    return _plain(name) in _ENVIRONMENT_VARIABLES


def tfvars_values(module: Module, file: File) -> dict[str, object]:
    """The values that a tfvars file sets."""
    evaluator = Evaluator(module)
    return {name: evaluator.evaluate(attribute.expr) for name, attribute in file.attributes.items()}


def is_absent(block: Block, evaluator: Evaluator) -> bool:
    """Whether a resource has no instance in an environment: its `count` is 0, or its `for_each` is empty."""
    count, each = block.get("count"), block.get("for_each")
    if count is not None and evaluator.evaluate(count.expr) in (0, "0"):
        return True
    return each is not None and evaluator.evaluate(each.expr) in ([], {})


class Environments:
    """The environments of a project. Each variable and each local value is evaluated once for an environment.

    `names` are the environments of the contract; None: each tfvars file is an environment's.
    """

    def __init__(self, project: Project, names: Sequence[str] | None = None) -> None:
        self.project = project
        self.names = names
        self._evaluators: dict[tuple[Module, Undecided], Mapping[str, Evaluator]] = {}
        self._open: set[tuple[Module, Undecided]] = set()

    def evaluators(self, module: Module, undecided: Undecided = "default") -> Mapping[str, Evaluator]:
        """An evaluator of the module's expressions for each environment, by its name."""
        key = module, undecided
        if key in self._open or len(self._open) > _MAX_DEPTH:  # a cycle of calls, which Terraform refuses
            return {"": Evaluator(module, dict.fromkeys(module.variables, UNKNOWN))}
        if key not in self._evaluators:
            self._open.add(key)
            try:
                given = self._given(module, undecided)
            finally:
                self._open.discard(key)
            self._evaluators[key] = {name: Evaluator(module, values) for name, values in given.items()}
        return self._evaluators[key]

    def values(self, at: Element, expr: Expr, undecided: Undecided = "default") -> dict[str, object]:
        """The value of an expression of an element, by environment; UNKNOWN where the module's text does not say it."""
        evaluators = self.evaluators(self.project.module_of(at.file), undecided)
        return {name: evaluator.evaluate(expr) for name, evaluator in evaluators.items()}

    def _given(self, module: Module, undecided: Undecided) -> dict[str, dict[str, object]]:
        """The values that are given to the module's variables, by environment."""
        ways = [self._passed(call, undecided) for call in self.project.callers(module)]
        if module.is_root or not ways:
            ways.append(self._from_tfvars(module, undecided))
        return ways[0] if len(ways) == 1 else _merged(module, ways)

    def _from_tfvars(self, module: Module, undecided: Undecided) -> dict[str, dict[str, object]]:
        """The values that the tfvars files in the module's folder set.

        The files that Terraform reads by itself apply to all environments: first `terraform.tfvars`, then
        `*.auto.tfvars` in the order of their names; a later one wins
        (https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence).
        """
        always: dict[str, object] = {}
        for file in sorted(module.tfvars, key=lambda file: (_stem(file) != "terraform", file.path)):
            if is_automatic(module, file):
                always.update(tfvars_values(module, file))
        files = environment_files(module, self.names)
        given = {name: {**always, **tfvars_values(module, file)} for name, file in files.items()} or {"": always}
        if undecided == "default" or set(self.names or ()) <= set(given):
            return given
        # What is not a switch is unknown as long as the file of an environment is missing, so that
        # `var.environment == "prod"` does not evaluate to false because the default is `dev`.
        open_ones = {name: UNKNOWN for name, block in module.variables.items() if not _is_switch(block)}
        return {name: {**open_ones, **values} for name, values in given.items()}

    def _passed(self, call: Block, undecided: Undecided) -> dict[str, dict[str, object]]:
        """The values that a `module` block passes to the module that it calls, by environment."""
        evaluators = self.evaluators(self.project.module_of(call.file), undecided)
        arguments = tuple(call_arguments_of(call))
        return {name: {a.name: evaluator.evaluate(a.expr) for a in arguments} for name, evaluator in evaluators.items()}


def call_arguments_of(call: Block) -> Iterator[Attribute]:
    """The arguments of a `module` block that set variables of the module that it calls."""
    return (attribute for name, attribute in call.attributes.items() if name not in CALL_ARGUMENTS)


def _merged(module: Module, ways: Sequence[Mapping[str, Mapping[str, object]]]) -> dict[str, dict[str, object]]:
    """The values that several callers pass, by environment: a value where all pass the same, else UNKNOWN.

    A caller without environments passes the same values in each. A call that leaves a variable out passes its default.
    """
    defaults = Evaluator(module)
    found: dict[str, dict[str, object]] = {}
    for environment in dict.fromkeys(name for way in ways for name in way if name) or ("",):
        given = [way[name] for way in ways for name in (environment, "") if name in way]
        merged = found.setdefault(environment, {})
        for name in dict.fromkeys(name for values in given for name in values):
            merged[name] = agreed([values[name] if name in values else defaults.variable(name) for values in given])
    return found


def agreed(values: Sequence[object]) -> object:
    """The value that all of these are; UNKNOWN if they differ."""
    if len(values) == 1 or all(is_known(v) and same(v, values[0]) for v in values):
        return values[0]
    return UNKNOWN


def _is_switch(variable: Block) -> bool:
    """Whether a variable is a bool, by its type or its default."""
    type, default = variable.get("type"), variable.get("default")
    return (type is not None and type.value == "bool") or (default is not None and default.value in ("true", "false"))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _stem(file: File) -> str:
    """The name of a tfvars file without its folder and ending."""
    return file.path.rpartition("/")[2].removesuffix(".tfvars")
