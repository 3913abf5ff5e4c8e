"""TAP004: what was declared and never finished."""

from __future__ import annotations

from collections.abc import Iterator

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Element, Module
from tapfix.module.nodes import step_name
from tapfix.schema import Schema, TypeSchema

from ..shared.wording import listed
from .completions import TAKEN_FROM, completion, engine_of_cluster, whole_objects
from .cut_off import CutOff, Verdict, cut_off, is_head_only, verdict
from .missing import Missing, missing_in, quoted_names, reason_to_keep, with_what_it_needed


class IncompleteResource(Fixer):
    """Declared and left unfinished.

    A language model that runs out of room leaves a policy without its document, a block without its end, or an object
    where a string is wanted: `role = aws_iam_role.lambda`. Terraform refuses all of it, and with it the whole stack.

    The provider's schema says which arguments and nested blocks are required. They may be written as arguments, as
    blocks or as `dynamic` blocks. An empty policy counts as missing.

    * **Completed** where exactly one completion is right. An object gets `.id`, `.name`, `.arn` or `.json`, depending
      on what the argument takes; where two attributes have the same value, the module's own habit decides. A
      cluster's instance gets the engine of its cluster. A block that lacks only its end gets its closing brace. A
      last argument that was cut off is completed where only one value is possible (`vpc_id = aws_vpc.main.`,
      `encrypted = tr`). It is left out where the resource does the same without it: `tags` (TAP010 writes them anew),
      a description, the type of a variable.
    * **Removed** where nothing refers to the block and it does nothing without the missing part: a policy, an
      attachment or another link, a group or role that nothing names, an output without a value. Its leading comment
      goes too, and so do the data sources and local values that existed only for it. The finding names them.
    * **Refused** otherwise; the finding says what is missing. Either the written part of the block would be lost, or
      something refers to it, or it has an argument that the schema does not know and that may be the missing one under
      another name.

    tapfix never invents a permission and never adds an optional argument. Types that the schema does not know are left
    alone.

    **Why unsafe:** a block is removed, or gets a value that was not written. No stack that Terraform accepts is
    changed.
    """

    rule = "TAP004"
    severity = Severity.HIGH
    safety = Safety.UNSAFE
    title = "Incomplete resource"
    cause = "The resource was begun and not finished: the answer was cut off, or its content was left out."
    reference = "https://developer.hashicorp.com/terraform/language/resources/syntax"
    because = Because(
        "terraform", "a block gives a value to every argument that its type requires", reference=reference
    )
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
                yield self._valueless(module, output, context)
        for file in module.configuration:
            for broken in file.broken[-1:]:
                if broken.end >= len(file.text.rstrip()):
                    yield from self._cut_off(module, broken, schema)

    def _check(self, module: Module, block: Block, known: TypeSchema, schema: Schema) -> Iterator[Finding]:
        """What a block lacks, and the values in it that are whole objects."""
        edits, done, unclear = [], [], []
        for attribute, expr, target in whole_objects(module, block, known, schema):
            completed = completion(module, block, attribute, expr, target)
            if completed is None:
                unclear.append(f"`{attribute.name}` wants a string, and {attribute.text(expr)} is a whole object")
            else:
                edits.append(attribute.edit(expr, completed))
                done.append(f"`{attribute.name}` wants a string: it is {completed} now")
        missing = []
        for part in missing_in(block, known):
            text = engine_of_cluster(block, part) if part.parent is block else None
            if text is None:
                missing.append(part)
                continue
            edits.append(block.insert(f"{part.name} = {text}", after=block.get(TAKEN_FROM[block.labels[0], part.name])))
            done.append(f"`{part.name}` is missing: it is taken from {text}")
        if missing:
            what = f"not finished: {_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            reason = reason_to_keep(module, block, known, missing)
            if reason is None:
                gone = with_what_it_needed(module, block)
                yield self.fix(block, _removed(what, gone), [element.remove() for element in gone])
                return
            yield self.refuse(block, what, reason)
        for message in unclear:
            reason = "more than one of its attributes may be meant: write the attribute after the address"
            yield self.refuse(block, message, reason)
        if edits:
            yield self.fix(block, "; ".join(done), edits)

    def _valueless(self, module: Module, output: Block, context: Context) -> Finding:
        what = "not finished: its `value` is missing"
        if module.is_root:
            return self.fix(output, f"{what}; nothing can refer to it, so it is removed", [output.remove()])
        if _is_read(module, output.name, context):
            return self.refuse(output, what, "another module may read it: write the value that it is to give")
        return self.fix(output, f"{what}; nothing refers to it, so it is removed", [output.remove()])

    def _cut_off(self, module: Module, broken: Element, schema: Schema) -> Iterator[Finding]:
        """A block that the answer ends in the middle of."""
        if is_head_only(broken):
            words = " ".join(broken.text().split())
            message = f"the answer ends in the head of a block ({words}), so it is removed"
            yield self.fix(broken, message, [broken.remove()])
            return
        cut = cut_off(module, broken, schema)
        if cut is None:
            return
        where = f"in `{cut.argument}`" if cut.argument else "after its last argument"
        what = f"{cut.head.address} is cut off {where}"
        match verdict(cut):
            case Verdict.CLOSE:
                left = f", and its `{cut.argument}`, which was not finished, is left out" if cut.rest else ""
                edit = _ended(broken, (cut.finished or "").rstrip())
                yield self.fix(broken, f"{what}: it is closed there{left}", [edit])
            case Verdict.REMOVE:
                yield self.fix(broken, f"{what}; nothing refers to it, so it is removed", [broken.remove()])
            case Verdict.COMPLETE:
                assert cut.tail is not None
                message = f"{what}: only `{cut.tail.meant}` can be meant, and it is closed there"
                kept = broken.text().rstrip().removesuffix(cut.tail.written)
                yield self.fix(broken, message, [_ended(broken, kept, cut.tail.meant)])
            case Verdict.REFUSE:
                yield self.refuse(broken, what, _what_it_needs(cut))


def _ended(broken: Element, kept: str, last: str = "") -> Edit:
    """Keep the beginning of a block that was cut off, and close it after some last words."""
    file = broken.file
    return Edit(file.path, broken.start + len(kept), len(file.text), f"{last}\n}}\n")


def _what_it_needs(cut: CutOff) -> str:
    """What a person has to do with a block that was cut off, and why tapfix does not remove it."""
    needs = f"{quoted_names(cut.missing)} and its end are missing" if cut.missing else "its end is missing"
    why = ""
    if cut.is_referred:
        why = " and other blocks refer to it"
    elif not cut.is_idle:
        why = ", and it would do something of its own"
    return f"{needs}{why}: finish it, or take it out"


def _is_read(module: Module, output: str, context: Context) -> bool:
    """Whether a module that calls this one may read an output of it."""
    for call in context.project.callers(module):
        caller = context.project.module_of(call.file)
        for reference in caller.references_to(call.address):
            names = [step_name(step) for step in reference.steps[:2] if step.kind == "get_attr"]
            if not names or names[0] == output:
                return True
        if any(call.address in broken.text() for file in caller.configuration for broken in file.broken):
            return True
    return False


def _removed(what: str, gone: list[Block | Attribute]) -> str:
    others = [e.address if isinstance(e, Block) else f"local.{e.name}" for e in gone[1:]]
    with_it = f", and {', '.join(others)} with it" if others else ""
    return f"{what}; nothing refers to it and it does nothing without, so it is removed{with_it}"


def _listed(missing: list[Missing]) -> str:
    return listed(dict.fromkeys(map(str, missing)))
