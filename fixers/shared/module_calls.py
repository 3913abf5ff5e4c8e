"""New variables: where they are declared, and how they are handed down from the root module to a local one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from tapfix.edits import Edit
from tapfix.fixer import Context
from tapfix.module import META_ARGUMENTS, Attribute, Block, Element, File, Module, string_value
from tapfix.module.variables import Variable, declare

DEFAULT_TAGS = "aws_default_tags"
"""The data source of the provider's default tags, which is put next to its use and not among other data sources."""


SIZE_ROLES = {"min_size": "Smallest", "max_size": "Largest", "desired_capacity": "Desired"}
"""The three sizes of an Auto Scaling group, and the word with which the description of their variables begins."""


def size_description(role: str, of: str) -> str:
    """The description of the variable for a size; `of` says what is counted."""
    return f"{SIZE_ROLES[role]} number of {of}"


def is_size_variable(module: Module, name: str, role: str) -> bool:
    """Whether tapfix declared a variable for a size of a group: its description says so, which is always a literal."""
    block = module.variables.get(name)
    description = block.get("description") if block is not None else None
    text = string_value(description.expr) if description is not None else None
    return text is not None and text.startswith(size_description(role, "instances in the Auto Scaling group"))


def size_variables(module: Module) -> frozenset[str]:
    """The variables that tapfix declared for the sizes of groups. They stay the last ones, whatever a rule adds."""
    names = ((name, role) for name in module.variables for role in SIZE_ROLES if name.endswith(role))
    return frozenset(name for name, role in names if is_size_variable(module, name, role))


def call_prefix(context: Context, module: Module, has_its_own: Callable[[Module], bool]) -> str:
    """The beginning of names that are handed down to a local module: the call's name if other modules have them."""
    calls = context.project.callers(module)
    others = any(has_its_own(m) for m in context.project.modules if m.folder != module.folder)
    return f"{_label(calls[0])}_" if calls and others else ""


def has_default_tags(context: Context, module: Module, provider: str) -> bool:
    """Whether the provider configuration that a module's resources get (`aws`, `aws.west`) has default tags."""
    alias = provider.partition(".")[2]
    project = context.project
    modules = (module, *(project.module_of(call.file) for call in project.callers(module)), project.root)
    for configured in (b for m in modules for b in m.blocks_of("provider") if b.labels == ("aws",)):
        own = configured.get("alias")
        if ((string_value(own.expr) or "") if own is not None else "") == alias:
            return bool(configured.blocks_of("default_tags"))
    return False


def hand_down(
    context: Context,
    module: Module,
    variables: Sequence[Variable],
    *,
    title: str = "",
    ahead_of: frozenset[str] = frozenset(),
    regional: bool = False,
) -> list[Edit]:
    """Edits that declare variables in a module and in its callers, which pass them on.

    The values of the environments are set where the tfvars files are: in the folder of the module that nobody calls.
    New variables are the last ones, but for the variables `ahead_of`. A `regional` variable is one for each call, named
    after the call, where the calls run with different providers.
    """
    return list(_hand_down(context, module, variables, title, ahead_of, regional, frozenset()))


def _hand_down(
    context: Context,
    module: Module,
    variables: Sequence[Variable],
    title: str,
    ahead_of: frozenset[str],
    regional: bool,
    seen: frozenset[str],
) -> Iterator[Edit]:
    calls = [call for call in context.project.callers(module) if call.file.folder not in seen]
    if not calls:
        yield from _declared(context, module, variables, title, ahead_of)
        return
    yield from _declared(context, module, [v._replace(values={}) for v in variables], "", ahead_of)
    apart = regional and len({_providers(call) for call in calls}) > 1
    wanted: dict[str, tuple[Module, list[Variable]]] = {}
    for call in calls:
        missing = [v for v in variables if v.name not in call.attributes]
        if not missing:
            continue
        given = [v._replace(name=f"{_label(call)}_{v.name}") for v in missing] if apart else missing
        text = "\n".join(f"{v.name} = var.{g.name}" for v, g in zip(missing, given, strict=True))
        yield call.insert(text, after=_last_argument(call, ahead_of))
        known = wanted.setdefault(call.file.folder, (context.project.module_of(call.file), []))[1]
        known.extend(g for g in given if g not in known)
    for caller, given in wanted.values():
        yield from _hand_down(context, caller, given, title, ahead_of, regional, seen | {module.folder})


def _providers(call: Block) -> str:
    """The `providers` of a call, without white space."""
    providers = call.get("providers")
    return re.sub(r"\s+", "", providers.value) if providers is not None else ""


def _label(call: Block) -> str:
    return re.sub(r"\W+", "_", call.name)


def _declared(
    context: Context, module: Module, variables: Sequence[Variable], title: str, ahead_of: frozenset[str]
) -> Iterator[Edit]:
    for edit in declare(module, context.environments, variables, title=title):
        file = next((f for f in module.files if f.path == edit.file), None)
        if file is None:  # a new one
            yield edit
            continue
        last = list(_rows_at_end(file, ahead_of) if file.kind == "tfvars" else _variables_at_end(file, ahead_of))
        if not last:
            yield edit
            continue
        at = last[-1].comment_start
        yield Edit(edit.file, at, at, f"{edit.text.strip()}\n\n")


def _variables_at_end(file: File, names: frozenset[str]) -> Iterator[Block]:
    """The variables of these names that no other variable follows, the last one first."""
    for block in reversed([b for b in file.blocks if b.type == "variable"]):
        if block.name not in names:
            return
        yield block


def _rows_at_end(file: File, names: frozenset[str]) -> Iterator[Attribute]:
    """The rows of the last paragraphs that begin with one of these names, the last one first."""
    paragraph: list[Attribute] = []
    rows = list(file.attributes.values())
    for before, row in reversed(list(zip([None, *rows], rows, strict=False))):
        paragraph.append(row)
        if before is None or "\n\n" in file.text[before.end : row.start].replace("\r", ""):
            if row.name not in names:
                return
            yield from paragraph
            paragraph.clear()


def _last_argument(block: Block, ahead_of: frozenset[str]) -> Element | None:
    """The last attribute of a call that is not a meta-argument; new arguments go after it."""
    own = [a for name, a in block.attributes.items() if name not in META_ARGUMENTS]
    while len(own) > 1 and own[-1].name in ahead_of:
        own.pop()
    return own[-1] if own else None


def joined(edits: Iterable[Edit]) -> list[Edit]:
    """Edits of one fix, with the insertions at one place joined in their order."""
    found: dict[tuple[str, int, int], Edit] = {}
    for edit in edits:
        place = (edit.file, edit.start, edit.end)
        there = found.get(place)
        found[place] = edit if there is None or there == edit else edit._replace(text=there.text + edit.text)
    return list(found.values())
