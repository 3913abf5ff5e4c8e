"""TAP004: what was declared and never finished."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import (
    META_ARGUMENTS,
    Attribute,
    Block,
    Element,
    Expr,
    File,
    Module,
    call_arguments,
    call_name,
    expression_references,
    item_key,
    item_value,
    object_items,
    string_value,
    walk,
)
from tapfix.schema import BlockSchema, Schema, TypeSchema

LINKS = r"_(policy|attachment|association|permission|membership|accepter|exclusive)$"
"""Types that only tie others together, or say what others may do."""

PASSIVE = (
    r"^aws_(security_group|iam_role|iam_instance_profile|iam_group|launch_template|launch_configuration|key_pair"
    r"|lb_target_group|alb_target_group|cloudwatch_event_rule|\w+_(subnet_group|parameter_group|option_group))$"
)
"""Types that do nothing until another resource names them."""

NAMING = frozenset({"name", "name_prefix", "description", "path", "tags", "bucket", "statement_id"})
"""Arguments that say what a resource is called, and not what it does."""

TAKEN_FROM = {("aws_rds_cluster_instance", "engine"): "cluster_identifier"}
"""Arguments that have to be those of the resource that another argument names."""

ARN_ROLES = frozenset({"aws_lambda_function", "aws_transfer_user", "aws_elastictranscoder_pipeline", "aws_pipes_pipe"})
"""Types whose `role` is an ARN; in IAM's own it is a name."""

BY_ID = frozenset({"subnets", "security_groups", "bucket", "ami", "image_id"})
BY_ARN = frozenset({"alarm_actions", "ok_actions", "insufficient_data_actions", "task_definition", "target_group_arns"})
BY_NAME = frozenset({"user", "group", "users", "groups", "roles", "rule", "iam_instance_profile"})

SAYS_ONLY = frozenset({"tags", "description", "alarm_description", "comment"})
"""Arguments that only say something of a resource: it does the same without."""

SAYS_ONLY_OF_A_VARIABLE = frozenset({"type", "description", "validation", "nullable"})
"""What a variable takes values without; a default is none of it."""

_CUT_LINES = 300
"""A block that was cut off is searched for its last finished line over so many lines."""

_HEAD = r'\s*(resource|data|output|variable|module)\s+"([\w-]+)"(?:\s+"([\w-]+)")?\s*\{'
_CUT_HEAD = r'\s*[a-z]+(\s+"[\w-]*"?){0,2}\s*'
"""A block of which not even the brace is there."""

_CUT_ARGUMENT = r"([\w-]+)[ \t]*=[ \t]*(\S+)"
_CUT_TRAVERSAL = r"((?:data\.)?[A-Za-z][\w-]*\.[\w-]+)\.([\w-]*)"

_INTERPOLATION = re.compile(r"\$\{[^{}]*\}")
"""A simple interpolation: its brace closes nothing of the block's."""


class IncompleteResource(Fixer):
    """Declared and left unfinished.

    A language model that runs out of room leaves a policy without a policy, a block without its end, or an object where a
    string is wanted: `role = aws_iam_role.lambda`. Terraform refuses all of it, and with it the whole stack.

    What is required says the provider's schema, for arguments and nested blocks, whether they are written as arguments, as
    blocks or as `dynamic` blocks. A policy that is empty counts as missing.

    * **Completed** where exactly one completion is right: `.id`, `.name`, `.arn` or `.json` by what the argument takes (and, where two
      name the same, as the same argument is written elsewhere in the module), the engine of a cluster's instance, a closing
      brace where nothing else is missing. A last argument that was cut off is completed where only one thing can be meant
      (`vpc_id = aws_vpc.main.`, `encrypted = tr`), and left out where the resource does the same without: `tags` (TAP010 writes them anew), a
      description, the type of a variable.
    * **Removed** where nothing refers to it and it does nothing without the missing part: a policy, an attachment or another link,
      a group or role that nobody names, an output without a value. With it go its leading comment and the data sources and
      local values that existed only for it. The finding says so.
    * **Refused** otherwise: the finding says what is missing. What the block does say would be lost, or something refers to it, or it
      holds an argument that the schema does not know and that may be the missing one under another name.

    A permission is never invented, and an optional argument never filled in. Types that the schema does not know are left alone.

    **Why unsafe:** a resource goes, or gets a value that was not written. No stack that Terraform accepts is changed.
    """

    rule = "TAP004"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    title = "Incomplete resource"
    cause = "The resource was begun and not finished: the answer was cut off, or its content was left out."
    reference = "https://developer.hashicorp.com/terraform/language/resources/syntax"
    effect = "`terraform validate` fails, and nothing else of the stack can be tried."
    order = 5
    examples = (
        Example(
            title="A policy without a policy, and with an object for its role",
            before="""\
resource "aws_iam_role" "worker" {
  name               = "worker"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
  }
}

# What the worker may read
resource "aws_iam_role_policy" "read" {
  name = "read"
  role = aws_iam_role.worker
}
""",
            after="""\
resource "aws_iam_role" "worker" {
  name               = "worker"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
  }
}
""",
        ),
        Example(
            title="Objects where strings are wanted",
            before="""\
resource "aws_subnet" "public" {
  count      = 2
  vpc_id     = aws_vpc.main
  cidr_block = cidrsubnet("10.0.0.0/16", 8, count.index)
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_lb" "main" {
  name    = "main"
  subnets = aws_subnet.public
}
""",
            after="""\
resource "aws_subnet" "public" {
  count      = 2
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet("10.0.0.0/16", 8, count.index)
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_lb" "main" {
  name    = "main"
  subnets = aws_subnet.public[*].id
}
""",
        ),
        Example(
            title="Cut off",
            before="""\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

# For the database
resource "aws_security_group" "db" {
  name   = "db"
  vpc_id = aws_vpc.
""",
            after="""\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
""",
        ),
        Example(
            title="Refused: a database is not thrown away",
            before="""\
resource "aws_db_proxy" "main" {
  name           = "main"
  engine_family  = "POSTGRESQL"
  role_arn       = "arn:aws:iam::123456789012:role/proxy"
  vpc_subnet_ids = ["subnet-1", "subnet-2"]
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        schema = context.schema
        for block in (*module.resources(), *module.data()):
            known = schema.of(block.type, block.labels[0])
            if known is not None:
                yield from self._check(module, block, known, schema)
        for output in module.blocks_of("output"):
            if output.get("value") is None and len(output.labels) == 1:
                yield from self._valueless(module, output, context)
        for file in module.configuration:
            for broken in file.broken[-1:]:
                if broken.end >= len(file.text.rstrip()):
                    yield from self._cut_off(module, broken, schema)

    def _check(self, module: Module, block: Block, known: TypeSchema, schema: Schema) -> Iterator[Finding]:
        missing = list(_missing(block, known))
        edits, said, unclear = [], [], []
        for attribute, expr, target in _objects_for_strings(module, block, known, schema):
            completed = _completion(module, block, attribute, expr, target)
            if completed is None:
                unclear.append(f"`{attribute.name}` wants a string, and {attribute.text(expr)} is a whole object")
            else:
                edits.append(attribute.edit(expr, completed))
                said.append(f"`{attribute.name}` wants a string: it is {completed} now")
        filled = {}
        for part in missing:
            text = _taken_from(block, part)
            if text is not None and part.parent is block:
                filled[part] = text
        missing = [part for part in missing if part not in filled]
        for part, text in filled.items():
            after = block.get(TAKEN_FROM[block.labels[0], part.name])
            edits.append(block.insert(f"{part.name} = {text}", after=after))
            said.append(f"`{part.name}` is missing: it is that of the other, {text}")
        if missing:
            what = f"not finished: {_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            reason = _keeps(module, block, known, missing)
            if reason is None:
                gone = _with_what_it_needed(module, block)
                yield self.fix(block, _removed(what, gone), [element.remove() for element in gone])
                return
            yield self.refuse(block, what, reason)
        for message in unclear:
            yield self.refuse(
                block, message, "nothing tells which attribute of it is meant: write it behind the address"
            )
        if edits:
            yield self.fix(block, "; ".join(said), edits)

    def _valueless(self, module: Module, output: Block, context: Context) -> Iterator[Finding]:
        what = "not finished: its `value` is missing"
        if module.is_root:
            yield self.fix(output, f"{what}; nothing can refer to it, so it is gone", [output.remove()])
            return
        steps = re.compile(rf"\bmodule\.[\w-]+(\[[^\]]*\])?\.{re.escape(output.name)}\b")
        if any(steps.search(f.text) for m in context.project.modules for f in m.configuration):
            yield self.refuse(output, what, "another module may read it: write what it is to give")
        else:
            yield self.fix(output, f"{what}; nothing refers to it, so it is gone", [output.remove()])

    def _cut_off(self, module: Module, broken: Element, schema: Schema) -> Iterator[Finding]:
        """A block that the answer ends in the middle of."""
        text = broken.text()
        if re.fullmatch(_CUT_HEAD, text):
            word = " ".join(text.split())
            yield self.fix(broken, f"the answer ends in the head of a block ({word}), so it is gone", [broken.remove()])
            return
        head = re.match(_HEAD, text)
        if head is None or text.rstrip().endswith("\n}") or text.count("\n") > _CUT_LINES:
            return
        address = _address(head)
        known = schema.of(head[1], head[2])
        finished = _finished(text)
        rest = text[len(finished) :].strip() if finished is not None else text[head.end() :].strip()
        cut = re.match(r"[\w-]+", rest)
        argument = cut.group() if cut else ""
        what = f"{address} is cut off {f'in `{argument}`' if cut else 'behind its last argument'}"
        tail = _tail_completed(module, head, rest, known, schema) if finished is not None else None
        whole = text.rstrip().removesuffix(tail.written) + tail.meant if tail is not None else finished
        block = _closed(whole) if whole is not None else None
        missing = [] if block is None or known is None else [p.name for p in _missing(block, known)]
        complete = block is not None and (known is not None or head[1] in ("output", "variable")) and not missing
        if complete and block is not None and head[1] == "output" and block.get("value") is None:
            complete, missing = False, ["value"]
        referred = _is_named(module, address, broken)
        idle = head[1] in ("data", "output", "variable") or (head[1] == "resource" and _does_nothing_alone(head[2]))
        holds = (block is not None and _has_substance(block)) or "}" in _INTERPOLATION.sub("", rest)
        spared = argument in (SAYS_ONLY_OF_A_VARIABLE if head[1] == "variable" and referred else SAYS_ONLY)
        if complete and finished is not None and (not rest or spared):
            left = f", and its `{argument}`, which was not finished, is left out" if rest else ""
            edit = Edit(broken.file.path, broken.start + len(finished.rstrip()), len(broken.file.text), "\n}\n")
            yield self.fix(broken, f"{what}: it is closed there{left}", [edit])
        elif idle and not referred and not holds:
            yield self.fix(broken, f"{what}; nothing refers to it, so it is gone", [broken.remove()])
        elif complete and tail is not None:
            start = broken.start + len(text.rstrip()) - len(tail.written)
            edit = Edit(broken.file.path, start, len(broken.file.text), f"{tail.meant}\n}}\n")
            yield self.fix(broken, f"{what}: only `{tail.meant}` can be meant, and it is closed there", [edit])
        else:
            needs = f"{_quoted(missing)} and its end are missing" if missing else "its end is missing"
            why = (
                " and other blocks refer to it"
                if referred
                else ""
                if idle
                else ", and it would do something of its own"
            )
            yield self.refuse(broken, what, f"{needs}{why}: finish it, or take it out")


class Missing(NamedTuple):
    """A required argument or block that is not there; `parent` is the block that lacks it."""

    name: str
    is_block: bool
    parent: Block


def _missing(block: Block, schema: BlockSchema) -> Iterator[Missing]:
    """What the schema requires in a block and all blocks in it, and is not there."""
    for name in schema.required:
        there = block.get(name)
        if (there is None and not block.blocks_of(name)) or (there is not None and _is_void(there)):
            yield Missing(name, False, block)
    for name, nested in schema.blocks.items():
        blocks = block.blocks_of(name)
        if nested.min_items and not blocks and block.get(name) is None:
            yield Missing(name, True, block)
        for inner in blocks:
            for body in inner.blocks_of("content") if inner.type == "dynamic" else (inner,):
                yield from _missing(body, nested.block)


def _is_void(attribute: Attribute) -> bool:
    """Whether an argument is `null`, or a policy that says nothing."""
    expr = attribute.expr
    if expr.kind == "Identifier":
        return expr.text == "null"
    if not attribute.name.endswith("policy"):
        return False
    if string_value(expr) == "":
        return True
    if call_name(expr) != "jsonencode":
        return False
    (document, *_) = call_arguments(expr) or (expr,)
    if document.kind != "object":
        return False
    rows = {item_key(item): item_value(item) for item in object_items(document)}
    statement = rows.get("Statement")
    return not rows or (statement is not None and statement.kind == "tuple" and not call_arguments(statement))


def _keeps(module: Module, block: Block, known: TypeSchema, missing: Sequence[Missing]) -> str | None:
    """Why an unfinished block cannot just go; None if it can."""
    unknown = [n for n in _names(block) if n not in known and n not in META_ARGUMENTS and n != "timeouts"]
    if unknown:
        return f"it has {_quoted(unknown)}, which the provider does not know and which may be what is missing: write it as it is called"
    if any(part.parent is not block for part in missing) or not (
        block.type == "data" or _does_nothing_alone(block.labels[0])
    ):
        return "the rest of it is written, and what it does would be lost with it: write the missing part"
    if _has_substance(block, void=missing):
        return "what it says would be lost with it: write the missing part"
    if _is_named(module, block.address, block):
        return "other blocks refer to it: write the missing part, or take it out of them"
    return None


def _names(block: Block) -> Iterator[str]:
    yield from block.attributes
    for nested in block.blocks:
        yield nested.labels[0] if nested.type == "dynamic" and nested.labels else nested.type


def _does_nothing_alone(type: str) -> bool:
    return bool(re.search(LINKS, type) or re.match(PASSIVE, type))


def _has_substance(block: Block, void: Sequence[Missing] = ()) -> bool:
    """Whether a block says something beside its name and whom it is for: a nested block, a document, a list."""
    if any(b.type not in META_ARGUMENTS for b in block.blocks):
        return True
    empty = {part.name for part in void}
    for attribute in block.attributes.values():
        if attribute.name in NAMING or attribute.name in META_ARGUMENTS or attribute.name in empty:
            continue
        if any(
            n.kind in ("object", "tuple", "heredoc", "call", "for_tuple", "for_object") for n in walk(attribute.expr)
        ):
            return True
        if any(
            r.address.startswith("data.aws_iam_policy_document.")
            for r in expression_references(attribute, attribute.expr)
        ):
            return True
    return False


def _is_named(module: Module, address: str, but: Element) -> bool:
    """Whether anything but the element itself refers to an address, or text that does not parse seems to."""
    for reference in module.references_to(address):
        if reference.file is not but.file or not but.start <= reference.start < but.end:
            return True
    word = re.compile(rf"(?<![\w.-]){re.escape(address)}(?![\w-])")
    texts = (b for f in module.configuration for b in f.broken if b.start != but.start or f is not but.file)
    return any(word.search(b.text()) for b in texts)


def _with_what_it_needed(module: Module, block: Block) -> list[Element]:
    """A block, and the data sources and local values that nothing but it refers to."""
    gone: list[Element] = [block]
    todo: list[Element] = [block]
    while todo:
        element = todo.pop()
        if isinstance(element, Block):
            references = element.references
        else:
            references = expression_references(element, element.expr) if isinstance(element, Attribute) else ()
        for address in dict.fromkeys(r.address for r in references):
            needed = module.find(address)
            if not address.startswith(("data.", "local.")) or needed is None or needed in gone:
                continue
            others = (r for r in module.references_to(address) if not any(_inside(r.file, r.start, g) for g in gone))
            if next(others, None) is None and not _is_named_in_broken(module, address):
                gone.append(needed)
                todo.append(needed)
    return gone


def _is_named_in_broken(module: Module, address: str) -> bool:
    return any(address in b.text() for f in module.configuration for b in f.broken)


def _inside(file: File, offset: int, element: Element) -> bool:
    return file is element.file and element.start <= offset < element.end


def _removed(what: str, gone: Sequence[Element]) -> str:
    extra = [getattr(e, "address", None) or f"local.{e.name}" for e in gone[1:] if isinstance(e, Block | Attribute)]
    with_it = f", and {', '.join(extra)} with it" if extra else ""
    return f"{what}; nothing refers to it and it does nothing without, so it is gone{with_it}"


# --- completions ------------------------------------------------------------------------------------------------------


def _taken_from(block: Block, part: Missing) -> str | None:
    """The expression of a missing argument that has to be that of the resource which another argument names."""
    via = block.get(TAKEN_FROM.get((block.labels[0], part.name), ""))
    if via is None or via.expr.kind != "traversal":
        return None
    references = expression_references(via, via.expr)
    if len(references) != 1 or references[0].node is not via.expr or not references[0].steps:
        return None
    last = references[0].steps[-1]
    return (
        via.value[: via.expr.end - via.expr.start - (last.end - last.start)] + f".{part.name}"
        if last.kind == "get_attr"
        else None
    )


class _Target(NamedTuple):
    """A resource or data source that is named whole."""

    block: Block
    schema: TypeSchema
    indexed: bool


def _objects_for_strings(
    module: Module, block: Block, known: TypeSchema, schema: Schema
) -> Iterator[tuple[Attribute, Expr, _Target]]:
    """Resources and data sources that stand, whole, where the schema wants a string or a list of strings."""
    for attribute in block.attributes.values():
        wanted = known.attributes.get(attribute.name)
        if wanted is None:
            continue
        takes_list = isinstance(wanted.type, list) and wanted.type[0] in ("list", "set") and wanted.type[1] == "string"
        if wanted.type != "string" and not takes_list:
            continue
        elements = (
            call_arguments(attribute.expr) if takes_list and attribute.expr.kind == "tuple" else (attribute.expr,)
        )
        for expr in elements:
            target = _target(module, attribute, expr, schema)
            if target is not None and (expr is not attribute.expr or not takes_list or _is_repeated(target.block)):
                yield attribute, expr, target


def _target(module: Module, attribute: Attribute, expr: Expr, schema: Schema) -> _Target | None:
    if expr.kind != "traversal":
        return None
    references = [r for r in expression_references(attribute, expr) if r.node is expr]
    if (
        len(references) != 1
        or any(step.kind != "index" for step in references[0].steps)
        or len(references[0].steps) > 1
    ):
        return None
    block = module.find(references[0].address)
    if not isinstance(block, Block) or block.type not in ("resource", "data") or len(block.labels) != 2:
        return None
    known = schema.of(block.type, block.labels[0])
    return _Target(block, known, bool(references[0].steps)) if known is not None else None


def _completion(module: Module, block: Block, attribute: Attribute, expr: Expr, target: _Target) -> str | None:
    """What an object is completed to; None if nothing tells."""
    name = _attribute_for(block.labels[0], attribute.name, target)
    if name is None or name not in target.schema.attributes or target.schema.attributes[name].type != "string":
        return None
    name = _as_elsewhere(module, block, attribute, target, name)
    text = attribute.text(expr)
    if not _is_repeated(target.block) or target.indexed:
        return f"{text}.{name}"
    if expr is attribute.expr and target.block.get("count") is not None:
        return f"{text}[*].{name}"
    if expr is attribute.expr:
        return f"values({text})[*].{name}"
    return None


def _attribute_for(holder: str, argument: str, target: _Target) -> str | None:
    """The attribute of a resource that an argument of a type takes."""
    type = target.schema.name
    own = type.removeprefix("aws_")
    stem = re.sub(r"_(ids?|arns?|names?)$", "", argument)
    alike = own.endswith(stem) or stem.endswith((own, own.rpartition("_")[2]))
    if argument.endswith("policy") and type == "aws_iam_policy_document":
        return "json"
    if argument == "role" and type == "aws_iam_role":
        return "arn" if holder in ARN_ROLES else "name" if holder.startswith("aws_iam_") else None
    if argument.endswith(("_arn", "_arns")) or argument in BY_ARN:
        return "arn"
    if type == "aws_kms_key" and argument in ("kms_key_id", "kms_master_key_id", "kms_key"):
        return "arn"
    if argument in BY_NAME:
        return "name"
    if argument.endswith("_name") and alike:
        return argument if argument in target.schema.attributes else "name"
    if argument in BY_ID:
        return "id"
    if argument.endswith(("_id", "_ids")) and alike:
        return argument if argument in target.schema.attributes and argument.endswith("_id") else "id"
    given = target.schema.attributes.get(argument)
    return argument if given is not None and argument.endswith("_id") and not given.settable else None


def _as_elsewhere(module: Module, block: Block, attribute: Attribute, target: _Target, name: str) -> str:
    """`id` or `name` where they are the same, as the module writes it in the same place elsewhere."""
    if target.schema.name not in (
        "aws_iam_role",
        "aws_iam_user",
        "aws_iam_group",
        "aws_iam_instance_profile",
        "aws_s3_bucket",
    ):
        return name
    same = {"id", "name", "bucket"} if name != "arn" else {"arn"}
    written: Counter[str] = Counter()
    for other in module.resources(block.labels[0]):
        there = other.get(attribute.name)
        for reference in expression_references(there, there.expr) if there is not None else ():
            last = reference.steps[-1] if reference.steps else None
            if reference.address.startswith(f"{target.schema.name}.") and last is not None and last.kind == "get_attr":
                written[last.children[1].text] += 1
    fitting = [n for n, _ in written.most_common() if n in same and n in target.schema.attributes]
    return fitting[0] if fitting else name


def _is_repeated(block: Block) -> bool:
    return block.get("count") is not None or block.get("for_each") is not None


# --- what was cut off -------------------------------------------------------------------------------------------------


def _finished(text: str) -> str | None:
    """The lines of a block that was cut off up to the last one behind which it could be closed; None if there is none."""
    lines = text.splitlines(keepends=True)
    for count in range(len(lines), 0, -1):
        candidate = "".join(lines[:count])
        block = _closed(candidate)
        if block is not None and (candidate.rstrip() != text.rstrip() or _ends_surely(block)):
            return candidate
    return None


def _ends_surely(block: Block) -> bool:
    """Whether the last word of a block is whole: a name or a number may have gone on."""
    elements = [c for c in block.body.children if c.kind in ("attribute", "block")]
    if not elements or elements[-1].kind == "block":
        return True
    *_, last = elements[-1].leaves()
    return last.kind not in ("Identifier", "NumberLit") or last.text in ("true", "false", "null")


class _Tail(NamedTuple):
    """What stands of a value that was cut off, and what it must be."""

    written: str
    meant: str


def _tail_completed(
    module: Module, head: re.Match[str], rest: str, known: TypeSchema | None, schema: Schema
) -> _Tail | None:
    """How the schema says that the argument must go on in which a block was cut off; None if it does not.

    That is a resource's attribute that was not named to its end (`vpc_id = aws_vpc.main.`), and `true` or `false`.
    """
    last = re.fullmatch(_CUT_ARGUMENT, rest)
    wanted = known.attributes.get(last[1]) if last is not None and known is not None else None
    if last is None or wanted is None:
        return None
    meant = next((w for w in ("true", "false") if w.startswith(last[2])), None) if wanted.type == "bool" else None
    if wanted.type == "string":
        meant = _attribute_completed(module, head[2], last[1], last[2], schema)
    return _Tail(last[2], meant) if meant is not None else None


def _attribute_completed(module: Module, type: str, argument: str, text: str, schema: Schema) -> str | None:
    """A traversal that was cut off behind a resource's address, with the attribute that the argument takes."""
    traversal = re.fullmatch(_CUT_TRAVERSAL, text)
    target = module.find(traversal[1]) if traversal is not None else None
    if traversal is None or not isinstance(target, Block) or len(target.labels) != 2 or _is_repeated(target):
        return None
    known = schema.of(target.type, target.labels[0])
    name = _attribute_for(type, argument, _Target(target, known, False)) if known is not None else None
    if known is None or name is None or name not in known.attributes or not name.startswith(traversal[2]):
        return None
    return f"{traversal[1]}.{name}" if known.attributes[name].type == "string" else None


def _closed(text: str) -> Block | None:
    """The block that a text makes with a closing brace behind it."""
    file = File("cut.tf", f"{text.rstrip()}\n}}\n")
    if file.broken or len(file.blocks) != 1 or file.tree.diagnostics:
        return None
    return file.blocks[0]


def _address(head: re.Match[str]) -> str:
    kind, first, second = head[1], head[2], head[3]
    match kind:
        case "resource":
            return f"{first}.{second}"
        case "data":
            return f"data.{first}.{second}"
        case "variable":
            return f"var.{first}"
    return f"{kind}.{first}"


def _listed(missing: Sequence[Missing]) -> str:
    names = []
    for part in missing:
        where = (
            ""
            if part.parent.parent is None
            else f" in `{part.parent.labels[0] if part.parent.labels else part.parent.type}`"
        )
        names.append(f"the block `{part.name}`{where}" if part.is_block else f"`{part.name}`{where}")
    return _joined(list(dict.fromkeys(names)))


def _quoted(names: Sequence[str]) -> str:
    return _joined([f"`{name}`" for name in names])


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
