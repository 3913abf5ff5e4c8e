"""TAP003 `timestamp`: what is another value in every plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Expr, Module, Reference, call_arguments, call_name
from tapfix.module.literals import unescaped
from tapfix.module.nodes import members
from tapfix.module.variables import insert_block

from ..shared.lifecycle import ignore, ignores, stop_ignoring
from .volatile import TIME_CALLS, Use, step_key, uses

_EVERY_PLAN = "is another value in every plan"


class Timestamp(Fixer):
    """`timestamp()` and its kin make a difference in every plan.

    `timestamp()`, `plantimestamp()`, `uuid()` and `bcrypt()` are worked out anew each time Terraform runs. What is made of
    them differs from what was applied, so that no plan is ever empty: tags are written again, outputs change, and where the
    argument cannot be changed in place, resources are replaced.

    **What it does.** Each use has its own remedy, also behind locals:

    - a tag that says when goes; so does an output, or an item of one;
    - in a name, a description or a snapshot's name the interpolation goes, with its separator:
      `"${var.app}-final-${formatdate("YYYYMMDD", timestamp())}"` becomes `"${var.app}-final"`. In prose the words go that led up to it:
      `"The app, made on ${timestamp()}"` becomes `"The app"`; what says nothing else goes whole;
    - where the name must be like no other in the world (a bucket's), or where it would be that of another resource without
      the time, a `random_id` stands in;
    - `uuid()` becomes a `random_uuid`, which is drawn once; `bcrypt(random_password.x.result)` becomes
      `random_password.x.bcrypt_hash`;
    - a time in a shell script of user data is taken when the machine starts: `$(date -u +%Y-%m-%dT%H:%M:%SZ)`;
    - any other argument of a resource that is a time keeps the one of its creation: `ignore_changes` names it;
    - a local value that nothing uses any more goes.

    What `ignore_changes` guards already, and what stands in a condition, makes no difference and is left alone.

    **Safety: unsafe.** The stack no longer says when it was applied, and names lose a part of theirs.

    **What it refuses.** Triggers and keepers: who wrote `always_run = timestamp()` wanted it to run each time, and only a
    person can say what it should run for instead. And wherever taking the value out might be missed: an environment variable,
    a file's content, an argument of a module.
    """

    rule = "TAP003"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    title = "A timestamp in the configuration"
    cause = "A unique name was wanted, and a function was used that gives another value on every run."
    reference = "https://developer.hashicorp.com/terraform/language/functions/timestamp"
    effect = "Every plan shows a change, so that no plan is ever empty."
    examples = (
        Example(
            title="a tag",
            before="""\
locals {
  tags = {
    Project   = "shop"
    CreatedAt = timestamp()
  }
}

resource "aws_vpc" "main" {
  tags = local.tags
}
""",
            after="""\
locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  tags = local.tags
}
""",
        ),
        Example(
            title="a part of a name, through a local",
            before="""\
locals {
  now = formatdate("YYYYMMDD", timestamp())
}

resource "aws_iam_role" "main" {
  name        = "${var.app}-role-${local.now}"
  description = "The role of ${var.app}, made on ${local.now}"
}
""",
            after="""\
resource "aws_iam_role" "main" {
  name        = "${var.app}-role"
  description = "The role of ${var.app}"
}
""",
        ),
        Example(
            title="a name that must be like no other",
            before="""\
resource "aws_s3_bucket" "logs" {
  bucket = "logs-${formatdate("YYYYMMDDhhmmss", timestamp())}"
}
""",
            after="""\
resource "random_id" "logs" {
  byte_length = 4
}

resource "aws_s3_bucket" "logs" {
  bucket = "logs-${random_id.logs.hex}"
}
""",
        ),
        Example(
            title="uuid()",
            before="""\
locals {
  suffix = substr(uuid(), 0, 4)
}

resource "aws_iam_role" "main" {
  name = "role-${local.suffix}"
}
""",
            after="""\
locals {
  suffix = substr(random_uuid.suffix.result, 0, 4)
}

resource "random_uuid" "suffix" {}

resource "aws_iam_role" "main" {
  name = "role-${local.suffix}"
}
""",
        ),
        Example(
            title="a time that is an argument of its own",
            before="""\
resource "aws_appsync_api_key" "main" {
  api_id  = "a"
  expires = timeadd(timestamp(), "8760h")
}
""",
            after="""\
resource "aws_appsync_api_key" "main" {
  api_id  = "a"
  expires = timeadd(timestamp(), "8760h")

  lifecycle {
    ignore_changes = [expires]
  }
}
""",
        ),
        Example(
            title="a trigger that wants to run each time",
            before="""\
resource "null_resource" "build" {
  triggers = {
    always_run = timestamp()
  }
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        found = uses(module)
        if not found:
            return
        for use in found:
            if not _is_harmless(use):
                yield from self._use(use, module, _number(use, found))
        used = {reference.address for reference in module.references}
        for use in found:
            if use.local is not None and use.kind == "whole" and f"local.{use.local}" not in used:
                yield self.fix(
                    use.holder, f"nothing uses the local value `{use.local}` (`{use.function}`): removed", [_gone(use)]
                )

    # One use -------------------------------------------------------------------------------------------------------

    def _use(self, use: Use, module: Module, number: int) -> Iterator[Finding]:
        if use.local is not None and use.kind == "whole" and use.function in TIME_CALLS:
            return  # what is made of it is what counts
        where = _where(use, module)
        if where == "provisioner":
            message = f"`{use.function}` in a provisioner is worked out only when that runs, and makes no difference in a plan"
            yield self.suggest(use.holder, message, "It may stay.", node=use.source)
        elif where == "trigger":
            yield self.refuse(
                use.holder,
                f"`{use.function}` in the trigger `{use.key or use.holder.name}` {_EVERY_PLAN}",
                _TRIGGER,
                node=use.source,
            )
        elif use.function == "uuid()":
            yield self._drawn(use, module, number)
        elif use.function == "bcrypt()":
            yield self._hashed(use)
        else:
            yield self._time(use, where, module)

    def _time(self, use: Use, where: str, module: Module) -> Finding:
        remedy = None
        if use.block.type == "output":
            remedy = _of_output(use, module)
        elif use.kind == "item" and where == "tags":
            remedy = Remedy(f"the tag {use.key} goes", _without_item(use))
        elif use.kind == "whole" and _is_tag_block(use):
            assert use.holder.parent is not None
            remedy = Remedy("the tag goes", [use.holder.parent.remove()])
        elif use.kind == "whole" and use.holder.name in _NAMES_OF_SNAPSHOTS and _skips_snapshot(use.holder.parent):
            assert use.holder.parent is not None
            remedy = Remedy("the argument means nothing and goes", _without_argument(use.holder))
        elif use.kind == "part" and where != "text":
            remedy = _of_text(use, where, module)
        elif use.kind == "element" and call_name(use.around[1] if len(use.around) > 1 else use.unit) == "join":
            remedy = Remedy("it goes", [use.holder.remove_member(use.around[0], use.unit)])
        remedy = remedy or _kept(use)
        message = f"`{use.function}` in `{use.holder.name}` {_EVERY_PLAN}"
        if remedy is None:
            return self.refuse(use.holder, message, _reason(use), node=use.source)
        return self.fix(use.holder, f"{message}: {remedy.what}", remedy.edits, node=use.source)

    def _drawn(self, use: Use, module: Module, number: int) -> Finding:
        stand_in = _StandIn("random_uuid", "", module, use, number)
        edits = [use.holder.edit(use.source, f"{stand_in.address}.result"), *stand_in.edits]
        message = f"`uuid()` in `{use.holder.name}` {_EVERY_PLAN}: `{stand_in.address}`, drawn once, stands in"
        return self.fix(use.holder, message, edits, node=use.source)

    def _hashed(self, use: Use) -> Finding:
        message = f"`bcrypt()` in `{use.holder.name}` {_EVERY_PLAN}, since it salts anew"
        arguments = call_arguments(use.source)
        password = use.holder.text(arguments[0]) if arguments else ""
        if re.fullmatch(r"random_password\.[\w-]+(\[[\w.]+\])?\.result", password) and len(arguments) == 1:
            hash = password.removesuffix(".result") + ".bcrypt_hash"
            return self.fix(
                use.holder, f"{message}: `{hash}` stands in", [use.holder.edit(use.source, hash)], node=use.source
            )
        remedy = _kept(use)
        if remedy is not None:
            return self.fix(use.holder, f"{message}: {remedy.what}", remedy.edits, node=use.source)
        reason = "Hash the password once, outside, and pass the hash as a sensitive variable."
        return self.refuse(use.holder, message, reason, node=use.source)


class Remedy(NamedTuple):
    """What is done, in a few words, and the edits that do it."""

    what: str
    edits: list[Edit]


_TRIGGER = (
    "Say what it should run for: the hash of a file (`filesha256`), an id, a version. If it really has to run at every apply, "
    "keep it, and live with a plan that is never empty."
)

_TRIGGERS = frozenset({"triggers", "triggers_replace", "keepers", "replacement_trigger", "redeployment"})
_TRIGGERED = frozenset({"aws_api_gateway_deployment", "aws_apigatewayv2_deployment"})
"""Types whose every argument triggers: a description that changes is a known trick to deploy again."""
_TAGS = frozenset({"tags", "tags_all", "volume_tags", "default_tags", "labels"})
_NAMES_OF_SNAPSHOTS = frozenset({"final_snapshot_identifier", "final_snapshot_name"})
_SCRIPTS = frozenset({"user_data", "user_data_base64", "userdata", "custom_data"})
_PROSE = frozenset({"description", "comment", "alarm_description", "stage_description"})
_CONDITIONS = frozenset({"precondition", "postcondition", "validation", "assert"})
_UNIQUE = frozenset(
    {
        ("aws_s3_bucket", "bucket"),
        ("aws_cognito_user_pool_domain", "domain"),
        ("aws_elastic_beanstalk_environment", "cname_prefix"),
        ("aws_lightsail_bucket", "name"),
        ("aws_opensearchserverless_collection", "name"),
    }
)
"""Names that no two in the world, or in a region, may share."""


# Where a use stands ------------------------------------------------------------------------------------------------


def _number(use: Use, found: Iterable[Use]) -> int:
    """Which of the uses of its function in its block, or in its local value, a use is."""
    alike = [u for u in found if u.function == use.function and u.block is use.block and u.local == use.local]
    return 1 + next(i for i, other in enumerate(alike) if other is use)


def _is_harmless(use: Use) -> bool:
    """Whether it makes no difference: in a condition, behind `ignore_changes`, or a local that its uses answer for."""
    if use.block.type == "check" or any(b.type in _CONDITIONS for b in _blocks_around(use)):
        return True
    return use.block.type == "resource" and ignores(use.block, _argument(use), use.key)


def _blocks_around(use: Use) -> Iterator[Block]:
    block = use.holder.parent
    while block is not None:
        yield block
        block = block.parent


def _argument(use: Use) -> str:
    """The argument or block of the resource that it stands in: what `ignore_changes` would name."""
    inner = [b for b in _blocks_around(use) if b.parent is not None]
    outermost = inner[-1] if inner else None
    if outermost is None:
        return use.holder.name
    return outermost.labels[0] if outermost.type == "dynamic" and outermost.labels else outermost.type


def _where(use: Use, module: Module) -> str:
    """What a use is for: `trigger`, `provisioner`, `tags`, `script`, `prose`, `unique` name, other `name`, or `text`."""
    if use.local is not None:
        return _where_local(use, module)
    if _is_tag_block(use) or _is_dynamic_tag(use):
        return "tags"
    return _where_in(use.block, [b.type for b in _blocks_around(use)], use.holder.name)


def _where_in(block: Block, around: Iterable[str], argument: str) -> str:
    around = set(around)
    if "provisioner" in around or "connection" in around:
        return "provisioner"
    if argument in _TRIGGERS or block.resource_type in _TRIGGERED:
        return "trigger"
    if block.resource_type == "terraform_data" and argument == "input":
        return "trigger"
    if argument in _TAGS or "default_tags" in around or (argument.endswith("tags") and block.type == "module"):
        return "tags"
    if argument in _SCRIPTS:
        return "script"
    if argument in _PROSE:
        return "prose"
    if (block.resource_type, argument) in _UNIQUE:
        return "unique"
    return "name" if re.search(r"(^|_)(name|identifier|prefix|id|bucket|alias|family)(_|$)", argument) else "text"


def _where_local(use: Use, module: Module) -> str:
    """What a local value is for, by all that is made of it, also through other locals."""
    assert use.local is not None
    places = {_where_in(r.block, [], r.holder.name) if r.holder and r.block else "text" for r in _ends(use, module)}
    places.discard("output")
    if "trigger" in places and use.kind in ("whole", "item"):
        return "trigger"
    if places <= {"tags"} or (use.kind == "item" and "tag" in use.local.lower()):
        return "tags"
    for place in ("text", "unique", "script", "name"):
        if place in places:
            return place
    return "prose"


def _ends(use: Use, module: Module) -> Iterator[Reference]:
    """The references outside of locals by which a local value, and others made of it, come to use."""
    assert use.local is not None
    seen, todo = {use.local}, [use.local]
    while todo:
        name = todo.pop()
        for reference in module.references_to(f"local.{name}"):
            if (
                use.kind == "item"
                and name == use.local
                and reference.steps
                and step_key(reference.steps[0]) not in (None, use.key)
            ):
                continue
            if reference.block is None or reference.block.type == "output":
                continue
            if reference.block.type != "locals":
                yield reference
            elif reference.holder is not None and reference.holder.name not in seen:
                seen.add(reference.holder.name)
                todo.append(reference.holder.name)


def _is_tag_block(use: Use) -> bool:
    parent = use.holder.parent
    return parent is not None and parent.type == "tag" and use.holder.name == "value"


def _is_dynamic_tag(use: Use) -> bool:
    parent = use.holder.parent
    return (
        parent is not None and parent.type == "dynamic" and parent.labels == ("tag",) and use.holder.name == "for_each"
    )


def _skips_snapshot(block: Block | None) -> bool:
    skip = block.get("skip_final_snapshot") if block is not None else None
    return skip is not None and skip.value == "true"


# Remedies ----------------------------------------------------------------------------------------------------------


def _gone(use: Use) -> Edit:
    """The local value, or the whole block of it if nothing else is in there."""
    block = use.block
    return (block if len(block.attributes) == 1 and not block.blocks else use.holder).remove()


def _without_argument(attribute: Attribute) -> list[Edit]:
    assert attribute.parent is not None
    return [attribute.remove(), *stop_ignoring(attribute.parent, attribute.name)]


def _without_item(use: Use) -> list[Edit]:
    """Take the item out; an object that is left empty goes from its `merge`, or with its attribute."""
    item, object_, *outer = use.around
    if len(members(object_)) > 1 or use.local is not None:
        return [use.holder.remove_member(object_, item)]
    if not outer:
        return [use.holder.remove()]
    if call_name(outer[0]) == "merge":
        others = [a for a in call_arguments(outer[0]) if a is not object_]
        if len(others) == 1:
            return [use.holder.edit(outer[0], use.holder.text(others[0]))]
        return [use.holder.remove_member(outer[0], object_)]
    return [use.holder.remove_member(object_, item)]


def _of_output(use: Use, module: Module) -> Remedy | None:
    """An output has no effect: what changes in it goes, unless a module around reads it."""
    if not module.is_root and use.kind != "part":
        return None
    if use.kind == "whole" and use.holder.name == "value":
        return Remedy("the output goes", [use.block.remove()])
    if use.kind == "item":
        alone = len(members(use.around[1])) == 1
        if alone:
            return Remedy("the output goes", [use.block.remove()])
        return Remedy(f"the item {use.key} goes", [use.holder.remove_member(use.around[1], use.around[0])])
    return _of_text(use, "prose", module) if use.kind == "part" else None


def _kept(use: Use) -> Remedy | None:
    """Let an argument keep the value of its creation, where it is a resource's own and no tag."""
    block = use.block
    if block.type != "resource" or use.holder.parent is not block or use.holder.name in ("count", "for_each", "tags"):
        return None
    if use.kind != "whole":
        return None
    return Remedy("the value of the creation is kept (`ignore_changes`)", [ignore(block, use.holder.name)])


def _reason(use: Use) -> str:
    if use.block.type == "module":
        return "The module that takes it has to say what it is for: pass a variable, or take it out."
    if use.local is not None:
        return (
            f"`local.{use.local}` is used for more than tags: say whether what uses it needs the time, or take it out."
        )
    return "Something may read it: take it out if nothing does, or pass a variable that is set on purpose."


# Texts -------------------------------------------------------------------------------------------------------------

_SEPARATORS = "-_./:+ "

_DONE = (
    "applied built changed created deployed expires generated initialized installed launched made modified provisioned refreshed "
    "released rotated started taken updated valid"
)
_WHEN = "as at by from of on since until"
_TIME = "build creation date datetime deployment time timestamp update"
_OTHER = "automatically first is it last latest the this was"
_CLAUSE_WORDS = frozenset(f"{_DONE} {_WHEN} {_TIME} {_OTHER}".split())
"""A clause of nothing but these says nothing without the time."""

_PREPOSITION = rf"(?i)\s*\b(?:as\s+of|{_WHEN.replace(' ', '|')})\s*$"
_INTRODUCTION = (
    rf"(?i)[\s,]*(?:(?:\b(?:automatically|last)\s+)?\b(?:{_DONE.replace(' ', '|')})\b)?"
    rf"(?:\s*\b(?:{_WHEN.replace(' ', '|')})\b)*"
    rf"(?:\s*(?:\b(?:{_TIME.replace(' ', '|')})\b\s*)*[:=@])?\s*$"
)
"""What leads up to a time, and goes with it: `last updated on`, `, build date:`."""
_CLAUSE_BEGINS = r"[,;|(\[\n]\s*|\.\s+|\s[-–—]\s+"
_CLAUSE_ENDS = r"\s*(?:$|[,;|)\]\n]|\.(?=\s|$)|\s[-–—](?=\s))"
_ZONE = r"\s*(?:UTC|GMT)\b"
_GOES_ON = r",\s*(?=(?:by|for|from|in|to|using|via|with)\b)"


def _of_text(use: Use, where: str, module: Module) -> Remedy | None:
    """Take an interpolation out of a text, or put something in its stead."""
    template = use.around[1]
    if where == "script":
        return _in_script(use, template)
    if where == "unique" or (where == "name" and _meets_another(use, module)):
        stand_in = _StandIn("random_id", "byte_length = 4", module, use)
        edits = [use.holder.edit(use.unit, f"{stand_in.address}.hex"), *stand_in.edits]
        return Remedy(f"`{stand_in.address}`, drawn once, stands in", edits)
    if where == "tags" and any(" " in part.text for part in template.children[1:-1] if not part.children):
        where = "prose"
    start, end = _gap(template, use.around[0], where)
    rest = _text_without(template, start, end)
    if not rest.strip(_SEPARATORS + "\n"):
        return _without_text(use)
    single = re.fullmatch(r"\$\{([^{}]*)\}", rest)
    if single is not None and template.kind == "template":
        return Remedy("it goes from the text", [use.holder.edit(template, single[1].strip())])
    base = use.holder.base
    return Remedy("it goes from the text", [Edit(use.holder.file.path, base + start, base + end, "")])


def _without_text(use: Use) -> Remedy | None:
    """Take out what says nothing but when: a tag, an output, a description."""
    text = use._replace(unit=use.around[1], around=use.around[2:])
    parent = use.holder.parent
    in_tags = use.holder.name in _TAGS
    if text.kind == "item" and in_tags:
        return Remedy(f"the tag {text.key} says nothing else and goes", _without_item(text))
    if text.kind != "whole" or parent is None:
        return None
    if _is_tag_block(text):
        return Remedy("the tag says nothing else and goes", [parent.remove()])
    if use.block.type == "output" and use.holder.name == "value":
        return Remedy("the output says nothing else and goes", [use.block.remove()])
    if use.block.type == "resource" and parent is use.block and use.holder.name in _PROSE:
        return Remedy("the argument says nothing else and goes", _without_argument(use.holder))
    return None


def _gap(template: Expr, gone: Expr, where: str) -> tuple[int, int]:
    """The stretch to take out: the interpolation with what would be left over of what introduced it, and a separator."""
    at = next(i for i, part in enumerate(template.children) if part is gone)
    before, after = template.children[at - 1], template.children[at + 1]
    left = before.text if before.kind in ("QuotedLit", "StringLit") else ""
    right = after.text if after.kind in ("QuotedLit", "StringLit") else ""
    is_first = at <= (2 if left else 1)
    is_last = after is template.children[-1]
    start, end = gone.start, gone.end
    if where == "prose":
        clause = _clause(
            left, right, is_first, is_last or (bool(right) and template.children[at + 2] is template.children[-1])
        )
        if clause is not None:
            return start - clause[0], end + clause[1]
    if left.endswith(("(", "[")) and right.startswith((")", "]")):
        return start - len(left) + len(left[:-1].rstrip()), end + 1
    is_first = before is template.children[0]
    if is_first and right[:1] in tuple(_SEPARATORS):
        return start, end + len(right) - len(right.lstrip(_SEPARATORS))
    if right[:1] in tuple(_SEPARATORS) and left[-1:] in tuple(_SEPARATORS):
        return start, end + 1
    if left[-1:] and left[-1] in _SEPARATORS and (is_last or right[:1] in tuple("\n,;)")):
        return start - (len(left) - len(left.rstrip(_SEPARATORS))), end
    return start, end


def _clause(left: str, right: str, is_first: bool, is_last: bool) -> tuple[int, int] | None:
    """How many characters before and behind a time go with it, so that what is left reads as before; None if none do."""
    zone = re.match(_ZONE, right)
    extra = zone.end() if zone is not None else 0
    right = right[extra:]
    ends = re.match(_CLAUSE_ENDS, right)
    if ends is not None and ends[0] == "" and not is_last:
        ends = None  # another interpolation follows
    begins = max(re.finditer(_CLAUSE_BEGINS, left), key=lambda m: m.start(), default=None)
    inner = left[begins.end() :] if begins is not None else left
    words = re.findall(r"[\w'’]+", inner)
    if ends is None:
        preposition = re.search(_PREPOSITION, left) if right[:1].isspace() else None
        return (len(preposition[0]), extra) if preposition is not None else None
    if (begins is None and not is_first) or not _CLAUSE_WORDS.issuperset(word.lower() for word in words):
        introduction = re.search(_INTRODUCTION, left)
        return (len(introduction[0]), extra) if introduction is not None and introduction[0] else None
    if begins is None:
        return _first_clause(left, right, ends, extra)
    if begins[0].startswith(("(", "[")) and right.startswith((")", "]")):
        return len(left) - len(left[: begins.start()].rstrip()), extra + 1
    keep = 1 if begins[0].startswith(".") and not right.startswith(".") else 0
    return len(left) - begins.start() - keep, extra


def _first_clause(left: str, right: str, ends: re.Match[str], extra: int) -> tuple[int, int]:
    """The same for a clause that the text begins with."""
    goes_on = re.match(_GOES_ON, right)
    if goes_on is not None and left.strip():
        preposition = re.search(_PREPOSITION, left.rstrip())
        return len(preposition[0]) + len(left) - len(left.rstrip()) - 1 if preposition else 0, extra + goes_on.end()
    rest = right[ends.end() :]
    return len(left), extra + ends.end() + len(rest) - len(rest.lstrip())


def _text_without(template: Expr, start: int, end: int) -> str:
    """The source of a template's inside without a stretch of it."""
    first = template.children[0].end
    inside = "".join(child.code() for child in template.children[1:-1])
    return inside[: start - first] + inside[end - first :]


def _in_script(use: Use, template: Expr) -> Remedy | None:
    """A shell script takes the time itself, when it runs."""
    first = template.children[1]
    if first.kind not in ("QuotedLit", "StringLit") or not unescaped(first.text).lstrip().startswith("#!"):
        return None
    before = "".join(child.code() for child in template.children[1 : template.children.index(use.around[0])])
    line = before.rpartition("\n")[2]
    if line.count("'") % 2 or "<<'" in before or '<<"' in before:
        return None
    date = "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    return Remedy("the script takes the time itself, when it runs", [use.holder.edit(use.around[0], date)])


def _meets_another(use: Use, module: Module) -> bool:
    """Whether the text without the interpolation is the name of another resource of the type."""
    template = use.around[1]
    start, end = _gap(template, use.around[0], "name")
    rest = f'"{_text_without(template, start, end)}"'
    others = module.resources(use.block.resource_type) if use.block.resource_type else ()
    same_name = (other.get(use.holder.name) for other in others if other is not use.block)
    return any(a is not None and a.value == rest and a.start != use.holder.start for a in same_name)


# What stands in ----------------------------------------------------------------------------------------------------


class _StandIn:
    """A resource of the `random` provider that stands in for a volatile value."""

    def __init__(self, type: str, body: str, module: Module, use: Use, number: int = 1) -> None:
        taken = {block.name: block for block in module.resources(type)}
        wanted = use.local or use.block.name or use.holder.name
        name = module.unused_name(wanted if number == 1 else f"{wanted}_{number}", taken)
        self.address = f"{type}.{name}"
        inside = f" {{\n  {body}\n}}" if body else " {}"
        text = f'resource "{type}" "{name}"{inside}\n'
        place = use.block.insert_before(text) if use.block.type == "resource" else None
        place = place or (
            use.block.insert_after(text) if use.block.type == "locals" else insert_block(module, "resource", text)
        )
        self.edits = [place, *_required(module)]


def _required(module: Module) -> list[Edit]:
    """Name the `random` provider where the module names its providers."""
    for terraform in module.blocks_of("terraform"):
        for required in terraform.blocks_of("required_providers"):
            if required.get("random") is None:
                text = 'random = {\n  source  = "hashicorp/random"\n  version = "~> 3.0"\n}'
                return [required.insert(text)]
            return []
    return []
