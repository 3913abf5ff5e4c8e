"""TAP010: the contract's tag expression on every taggable resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    Reference,
    call_arguments,
    call_name,
    expression_references,
    indented,
    item_key,
    item_value,
    object_items,
    string_value,
    walk,
)
from tapfix.module.evaluate import Evaluator
from tapfix.module.variables import Variable, declare, insert_block
from tapfix.schema import TypeSchema

from .maps import (
    NO_KEYS,
    NO_NAMES,
    Conformed,
    Keys,
    Piece,
    TagContract,
    TagMaps,
    Unclear,
    dependencies,
    edits_of,
    flattened,
    has_comment,
    plain_address,
)
from .names import environment_variable, name_of

SCALING_GROUP = "aws_autoscaling_group"
"""Takes its tags as `tag` blocks, each with its own say on whether instances get it too."""

NESTED_MAPS = ("tag_specifications", "root_block_device", "ebs_block_device", "launch_specification")
"""Blocks whose `tags` are those of something that the resource makes: its instances, its volumes."""

FEW_TAGS = {"aws_s3_object": 10, "aws_s3_bucket_object": 10, "aws_s3_object_copy": 10}
"""Types that take fewer tags than the 50 that AWS takes elsewhere."""

_META = frozenset({"depends_on", "lifecycle", "timeouts", "provisioner", "connection"})


class TagExpression(Fixer):
    """Tags that do not follow the prescribed expression.

    The contract prescribes how every taggable resource is tagged, as it comes
    `merge(local.tags, var.extra_tags, { Name = NAME })`: what all resources share, what whoever runs the stack adds, and what
    the resource says itself, the later winning over the earlier. An answer that tags by hand, or that merges
    `var.extra_tags` somewhere else, cannot be given a cost centre without being edited.

    **First the module, in one fix.** The map that most resources name is `local.tags`: a local value of another name is
    renamed everywhere, a variable is taken up by `local.tags`. Without one, `local.tags` is made of the provider's
    `default_tags`, else of the entries that all literal maps share, else of `Environment` (where `var.environment` is there)
    and `ManagedBy`. `variable "extra_tags"` is declared. A `local.tags` that holds `var.extra_tags` itself lets go of it, and
    each place that used it names both from then on.

    **Then each resource**, in one fix a resource: its `tags`, the tags of its `tag_specifications` and volumes, the `tag`
    blocks of an Auto Scaling group. The shared maps go in front (`data.aws_default_tags` alone stays before them); what stood
    there stays as it is, where it is, comments and all, and still wins. A missing `Name` is the expression of the resource's
    own name argument, else its label joined with the environment. Which types take tags, the provider's schema says; a type
    that it does not know is left alone.

    **Why unsafe:** resources get tags that they did not have. None that they had gets another value: the keys of every map
    are followed through locals, variables and tfvars files, and nothing is moved past a map that may set the same key.

    **Refused**, with the reason: a shared map that stands behind another that may set the same keys; a common map that gives a
    tag another value than the provider's `default_tags` do; a common map that is computed from the resource itself; a
    `local.tags` that is no map of tags; keys that differ only in case on IAM resources, which AWS takes for one; more tags than
    the type takes; a `dynamic "tag"` over something else than a map.
    """

    rule = "TAP010"
    severity = Severity.LOW
    safety = Safety.UNSAFE
    title = "Tags that do not follow the prescribed expression"
    cause = "The tags are put together in another place or another order than the prompt prescribes."
    reference = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
    effect = "Extra tags cannot be told apart from the stack's own, and a reviewer cannot check them by pattern."
    order = 80
    examples = (
        Example(
            title="The common map swallows the extra tags",
            before="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

locals {
  tags = merge(
    {
      Environment = var.environment
    },
    var.extra_tags
  )
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, {
    Name = "vpc-${var.environment}" # as the network plan has it
  })
}

resource "aws_autoscaling_group" "main" {
  min_size = 1
  max_size = 2

  tag {
    key                 = "Name"
    value               = "asg-${var.environment}"
    propagate_at_launch = false
  }

  dynamic "tag" {
    for_each = local.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }
}
""",
            after="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

locals {
  tags = {
    Environment = var.environment
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, var.extra_tags, {
    Name = "vpc-${var.environment}" # as the network plan has it
  })
}

resource "aws_autoscaling_group" "main" {
  min_size = 1
  max_size = 2

  tag {
    key                 = "Name"
    value               = "asg-${var.environment}"
    propagate_at_launch = false
  }

  dynamic "tag" {
    for_each = merge(local.tags, var.extra_tags)
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }
}
""",
        ),
        Example(
            title="The common map has another name",
            before="""\
variable "app" {
  type = string
}

locals {
  common_tags = {
    Application = var.app
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "${var.app}-jobs"
  tags = local.common_tags
}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = merge(local.common_tags, {
    Name = "${var.app}-nat"
  })
}
""",
            after="""\
variable "app" {
  type = string
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Application = var.app
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "${var.app}-jobs"
  tags = merge(local.tags, var.extra_tags, {
    Name = "${var.app}-jobs"
  })
}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = merge(local.tags, var.extra_tags, {
    Name = "${var.app}-nat"
  })
}
""",
        ),
        Example(
            title="No common map",
            before="""\
variable "environment" {
  type = string
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = {
    Name    = "vpc"
    Project = "shop"
  }
}

resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"

  tags = {
    Project = "shop"
    Owner   = "ops"
  }
}

resource "aws_kms_key" "data" {
  description = "for the data"
}
""",
            after="""\
variable "environment" {
  type = string
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = merge(local.tags, var.extra_tags, {
    Name = "vpc"
  })
}

resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"

  tags = merge(local.tags, var.extra_tags, {
    Name  = "alerts-${var.environment}"
    Owner = "ops"
  })
}

resource "aws_kms_key" "data" {
  description = "for the data"

  tags = merge(local.tags, var.extra_tags, {
    Name = "data-kms-key-${var.environment}"
  })
}
""",
        ),
        Example(
            title="Refused: nothing tells which of two maps is to win",
            before="""\
variable "extra_tags" {
  type = map(string)
}

locals {
  tags = {
    Project = "shop"
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = merge(local.tags, { Name = "vpc" }, var.extra_tags)
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        expression = context.contract.tags.expression
        if not expression or module.main is None:
            return
        rule = TagContract.read(expression)
        if rule is None:
            if module.is_root:
                reason = "tapfix follows a merge of locals and variables with one object at the end; state it so in tapfix.toml"
                yield self.refuse(module.main, f"the contract's tag expression is not understood: {expression}", reason)
            return
        yield from _Work(self, module, context, rule).findings()


class _Tagged(NamedTuple):
    """A resource that takes tags."""

    block: Block
    schema: TypeSchema


class _Work:
    """The rule on one module."""

    def __init__(self, fixer: Fixer, module: Module, context: Context, rule: TagContract) -> None:
        self.fixer = fixer
        self.module = module
        self.context = context
        self.rule = rule
        self.maps = TagMaps(module, context, rule)

    def findings(self) -> Iterator[Finding]:
        calls = list(self._calls_to_pass_to())
        if not (self.tagged or self.groups or calls):
            return
        preparation = list(_Preparation(self).findings())
        yield from preparation
        if preparation:
            return
        for tagged in self.tagged:
            yield from _Resource(self, tagged).findings()
        for tagged in self.groups:
            yield from _ScalingGroup(self, tagged).findings()
        for call, names in calls:
            text = "\n".join(f"{name} = var.{name}" for name in names)
            what = ", ".join(f"var.{name}" for name in names)
            yield self.fixer.fix(
                call, f"the module is not given {what}, so its resources lack those tags", [call.insert(text)]
            )

    @cached_property
    def tagged(self) -> tuple[_Tagged, ...]:
        return tuple(t for t in self._known if t.schema.taggable)

    @cached_property
    def groups(self) -> tuple[_Tagged, ...]:
        return tuple(t for t in self._known if t.schema.name == SCALING_GROUP)

    @cached_property
    def _known(self) -> tuple[_Tagged, ...]:
        found = []
        for block in self.module.resources():
            schema = self.context.schema.resource(block.labels[0])
            if schema is not None:
                found.append(_Tagged(block, schema))
        return tuple(found)

    def _calls_to_pass_to(self) -> Iterator[tuple[Block, tuple[str, ...]]]:
        """The calls of the project's own modules that declare the contract's variables and are not given them."""
        for call in self.module.blocks_of("module"):
            called = self.context.project.callee(call)
            if called is None or called is self.module or called.is_root:
                continue
            names = tuple(v for v in self.rule.variables if v in called.variables and call.get(v) is None)
            if names:
                yield call, names

    @cached_property
    def common_dependencies(self) -> frozenset[str]:
        return dependencies(self.module, f"local.{self.rule.common}")

    @cached_property
    def default_tags(self) -> tuple[Attribute, ...]:
        """The `default_tags` of the AWS providers that are configured here."""
        return _default_tags(self.module)

    def common_sources(self) -> Iterator[tuple[TagMaps, Attribute]]:
        """Where the common map is written: in the module, or in the calls that give it one."""
        common = self.module.locals.get(self.rule.common or "")
        if common is None:
            return
        variable = plain_address(common.expr) or ""
        calls = self.maps.callers if variable.startswith("var.") else ()
        given = [(maps, call.get(variable.removeprefix("var."))) for maps, call in calls]
        yield from [(maps, attribute) for maps, attribute in given if attribute is not None] or [(self.maps, common)]

    def defaults_of(self, block: Block) -> tuple[tuple[TagMaps, Attribute], ...]:
        """The default tags that a resource may get from its provider."""
        if not self.module.is_root:
            root = self.context.project.root
            return tuple((self.maps.of(root), tags) for tags in _default_tags(root))
        provider = block.get("provider")
        wanted = f"provider.{provider.value}" if provider is not None else "provider.aws"
        return tuple((self.maps, t) for t in self.default_tags if t.parent and t.parent.address == wanted)


class _Preparation:
    """What the module needs before its resources can follow the contract: one fix."""

    def __init__(self, work: _Work) -> None:
        self.work = work
        self.fixer, self.module, self.rule, self.maps = work.fixer, work.module, work.rule, work.maps

    def findings(self) -> Iterator[Finding]:
        unclear = self._unclear()
        if unclear is not None:
            place, reason = unclear
            yield self.fixer.refuse(place, f"the resources' tags do not follow {self.rule}", reason)
            return
        common = self.rule.common
        done: list[str] = []
        edits: list[Edit] = []
        at: Element | None = None
        exclusive = False
        if common is not None and common not in self.module.locals:
            source = self._common_map()
            if source is not None and source.startswith("local."):
                yield self._rename(source)
                return
            text, said, more = self._made(source)
            done.append(said)
            edits += [self._insert_local(f"{common} = {text}"), *more]
        elif common is not None:
            at = self.module.locals[common]
            freed = self._freed(self.module.locals[common])
            if isinstance(freed, Unclear):
                yield self.fixer.refuse(at, f"local.{common} holds what the contract merges in itself", freed.reason)
                return
            if freed is not None:
                names, more = freed
                edits += more
                exclusive = True
                uses = len(self.module.references_to(f"local.{common}"))
                done.append(f"local.{common} holds {names} no longer, and its {uses} uses name both")
        missing = [v for v in self.rule.variables if v not in self.module.variables]
        if missing:
            done.append(f"{' and '.join(f'var.{v}' for v in missing)} is declared")
            fresh = [Variable(v, "map(string)", _description(v), "{}") for v in missing]
            edits = [*declare(self.module, self.work.context.environments, fresh), *edits]
        if edits:
            assert self.module.main is not None
            message = f"the tags do not follow {self.rule}: {'; '.join(done)}"
            yield self.fixer.fix(at or self.module.main, message, _joined_insertions(edits), exclusive=exclusive)

    def _unclear(self) -> tuple[Element, str] | None:
        """What keeps the module from being prepared, and where."""
        names = [*filter(None, [self.rule.common]), *self.rule.variables]
        for file in self.module.configuration:
            for broken in file.broken:
                for name in names:
                    if re.search(rf'\blocals\b[^"]*?^\s*{name}\s*=|\bvariable\s+"{name}"', broken.text(), re.M):
                        return broken, f"{name} seems to stand in text that does not parse: mend that first"
        for name in self.rule.variables:
            block = self.module.variables.get(name)
            type = block.get("type") if block is not None else None
            if block is not None and type is not None and not re.match(r"map\b|any\b|object\b", type.value):
                return block, f"var.{name} is declared as {type.value}; the contract merges it as a map of strings"
        others = [a for a in self.rule.shared if a.startswith("local.") and a != f"local.{self.rule.common}"]
        for address in others:
            if self.module.find(address) is None:
                return self.module.blocks[0], f"{address} is not there, and nothing tells what it is to hold"
        attribute = self.module.locals.get(self.rule.common or "")
        if attribute is not None and not _is_tag_map(self.module, attribute):
            return attribute, f"{self.rule.common} is a local value already, and no map of tags: give it another name"
        return None

    # --- where local.tags comes from ----------------------------------------------------------------------------------

    def _common_map(self) -> str | None:
        """The local or variable that is the common map: the provider's default tags, else what most maps of tags begin with."""
        defaults = {plain_address(part) for a in self.work.default_tags for part in flattened(a, a.expr)[:1]}
        only = next(iter(defaults)) if len(defaults) == 1 else None
        if only is not None and only not in self.rule.shared and self._may_be_common(only):
            return only
        counts: Counter[str] = Counter()
        tagged = 0
        for holder, expr in self._maps():
            parts = flattened(holder, expr)
            tagged += bool(parts)
            address = plain_address(parts[0]) if parts else None
            if address is not None and address not in self.rule.shared:
                counts[address] += 1
        counts = Counter({address: count for address, count in counts.items() if self._may_be_common(address)})
        if not counts:
            return None
        best, count = counts.most_common(1)[0]
        enough = count * 2 > counts.total() if best.startswith("local.") else count * 2 > tagged
        return best if enough else None

    def _maps(self) -> Iterator[tuple[Attribute, Expr]]:
        for tagged in self.work.tagged:
            attribute = tagged.block.get("tags")
            if attribute is not None:
                yield attribute, attribute.expr
        for tagged in self.work.groups:
            for block in tagged.block.blocks_of("tag"):
                each = block.get("for_each")
                if block.type == "dynamic" and each is not None:
                    yield each, each.expr
        for attribute in self.work.default_tags:
            yield attribute, attribute.expr
        for call in self.module.blocks_of("module"):
            for attribute in call.attributes.values():
                if attribute.name.endswith("tags"):
                    yield attribute, attribute.expr

    def _may_be_common(self, address: str) -> bool:
        scope, _, name = address.partition(".")
        if scope == "local":
            attribute = self.module.locals.get(name)
            return attribute is not None and _is_tag_map(self.module, attribute)
        block = self.module.variables.get(name)
        type = block.get("type") if block is not None else None
        return scope == "var" and (type is None or bool(re.match(r"map\b|any\b|object\b", type.value)))

    def _rename(self, address: str) -> Finding:
        old, new = address.removeprefix("local."), self.rule.common
        assert new is not None
        definitions = [
            Attribute(block.file, block.base, child, block)
            for block in self.module.blocks_of("locals")
            for child in block.body.children
            if child.kind == "attribute" and child.children[0].text == old
        ]
        edits = [d.edit(d.node.children[0], new) for d in definitions]
        edits += [r.edit(f"local.{new}") for r in self.module.references_to(address)]
        for file in self.module.configuration:
            for broken in file.broken:
                for match in re.finditer(rf"\blocal\.{re.escape(old)}\b", broken.text()):
                    start = broken.start + match.start() + len("local.")
                    edits.append(Edit(file.path, start, start + len(old), new))
        return self.fixer.fix(
            definitions[0],
            f"the common tags are local.{old}; the contract calls them local.{new}",
            edits,
            exclusive=True,
        )

    def _made(self, source: str | None) -> tuple[str, str, list[Edit]]:
        """The text of a new common map, what to say of it, and what else changes with it."""
        common = f"local.{self.rule.common}"
        if source is not None:
            return source, f"{common} is {source}, the map that most resources name", []
        from_defaults = self._from_defaults()
        if from_defaults is not None:
            rows, edits = from_defaults
            return _object(rows), f"{common} is made of the provider's default_tags", edits
        rows = self._shared_entries()
        if rows:
            return (
                _object(rows),
                f"{common} is made of what the literal maps share ({', '.join(k for k, _ in rows)})",
                [],
            )
        rows = list(self._least())
        return _object(rows), f"{common} is made ({', '.join(k for k, _ in rows) or 'empty'})", []

    def _from_defaults(self) -> tuple[list[tuple[str, str]], list[Edit]] | None:
        """The entries that the `default_tags` of all providers share, and the edits that put the common map in their place."""
        maps = [_literal(attribute) for attribute in self.work.default_tags]
        if not maps or any(m is None for m in maps):
            return None
        shared = _shared([dict(m or ()) for m in maps], NO_NAMES)
        if not shared:
            return None
        edits: list[Edit] = []
        names = {key for key, _ in shared}
        for attribute, entries in zip(self.work.default_tags, maps, strict=True):
            own = [(k, v) for k, v in entries or () if k not in names]
            comment = "#" in attribute.value or "//" in attribute.value
            common = f"local.{self.rule.common}"
            if not comment:
                new = f"merge({common}, {indented(_object(own), attribute.indent).strip()})" if own else common
                edits.append(attribute.replace(new))
        return shared, edits

    def _shared_entries(self) -> list[tuple[str, str]]:
        """The entries that all literal maps have, with the same value."""
        maps = []
        for tagged in self.work.tagged:
            attribute = tagged.block.get("tags")
            entries = _literal(attribute) if attribute is not None else None
            if attribute is not None and entries is not None:
                usable = {k for k, v in _items(attribute) if self._is_free(attribute, v)}
                maps.append({k: v for k, v in entries if k in usable})
        if len(maps) < min(2, len(self.work.tagged)):
            return []
        return _shared(maps, frozenset(e.key for e in self.rule.entries))

    def _is_free(self, holder: Attribute, value: Expr) -> bool:
        """Whether a value can stand in a local value that resources use: it comes from nothing that resources make."""
        allowed = re.compile(r"var\.|local\.|terraform\.|path\.|data\.aws_(caller_identity|region|partition)\.")
        todo = list(expression_references(holder, value))
        seen = set()
        while todo:
            reference = todo.pop()
            if not allowed.match(reference.address):
                return False
            local = self.module.locals.get(reference.address.removeprefix("local."))
            if reference.address.startswith("local.") and local is not None and reference.address not in seen:
                seen.add(reference.address)
                todo += expression_references(local, local.expr)
        return True

    def _least(self) -> Iterator[tuple[str, str]]:
        """What a common map holds where nothing is common; no key that a resource or provider spells otherwise."""
        taken = {k.casefold(): k for holder, expr in self._maps() for k in self.maps.keys(holder, expr).possible or ()}
        defaults = [self.maps.keys(a, a.expr) for a in self.work.default_tags]
        if not self.module.is_root:
            defaults += [m.keys(a, a.expr) for t in self.work.tagged[:1] for m, a in self.work.defaults_of(t.block)]
        variable = environment_variable(self.module)
        for key, text in (("Environment", f"var.{variable}" if variable else ""), ("ManagedBy", '"terraform"')):
            if text and taken.get(key.casefold(), key) == key and not any(d.may_have(key) for d in defaults):
                yield key, text

    def _insert_local(self, text: str) -> Edit:
        blocks = self.module.blocks_of("locals")
        if not blocks:
            return insert_block(self.module, "locals", f"locals {{\n{indented(text, '  ')}}}\n")
        main = next((b for b in blocks if b.file is self.module.main), blocks[0])
        return main.insert(text if main.one_line or not main.body.children else f"\n{text}")

    # --- a common map that swallows the variables ---------------------------------------------------------------------

    def _freed(self, attribute: Attribute) -> tuple[str, list[Edit]] | Unclear | None:
        """Take the contract's variables out of the common map, and name them wherever it is used."""
        parts = flattened(attribute, attribute.expr)
        held = [a for a in map(plain_address, parts) if a in self.rule.shared and a is not None]
        if not held:
            return None
        for i, part in enumerate(parts):
            address = plain_address(part)
            if address not in self.rule.shared or address is None:
                continue
            for later in parts[i + 1 :]:
                both = self.maps.shared_keys(address).common(self.maps.keys(attribute, later))
                if plain_address(later) not in self.rule.shared and (both is None or both):
                    what = (
                        f"{', '.join(sorted(both))}" if both else "what stands behind it may set the same keys, which"
                    )
                    return Unclear(
                        f"{address} stands before other entries and loses to them ({what}); where the contract has it, it "
                        "would win: decide which of the two is meant"
                    )
        own = [p for p in parts if plain_address(p) not in self.rule.shared]
        return " and ".join(held), [*self._without(attribute, own), *self._spelled_out(attribute, held)]

    def _without(self, attribute: Attribute, own: Sequence[Expr]) -> Iterable[Edit]:
        """The common map with only its own parts, and with all of its comments."""
        base, expr = attribute.base, attribute.expr
        start, end = base + expr.start, base + expr.end
        parts = flattened(attribute, expr)
        tail = expr.children[-1].prefix if expr.children else ""
        if not own:
            return [attribute.replace("{}")]
        if len(own) == 1 and not any(has_comment(text) for text in (*(p.prefix for p in parts if p is not expr), tail)):
            only = own[0]
            return edits_of(attribute.file, start, end, _outdented(attribute, base + only.start, base + only.end))
        pieces: list[Piece] = ["merge("]
        carried = ""
        for part in parts:
            if part not in own:
                carried += part.prefix.rstrip(" \t\n") if has_comment(part.prefix) else ""
                continue
            pieces += [
                *([","] if part is not own[0] else []),
                carried + part.prefix,
                (base + part.start, base + part.end),
            ]
            carried = ""
        pieces += [carried + tail, ")"]
        return edits_of(attribute.file, start, end, pieces)

    def _spelled_out(self, definition: Attribute, held: Sequence[str]) -> Iterator[Edit]:
        """Each use of the common map, with the variables that it no longer holds."""
        names = [a for a in self.rule.shared if a in held]
        address = f"local.{self.rule.common}"
        for reference in self.module.references_to(address):
            if definition.start <= reference.start < definition.end and reference.file is definition.file:
                continue
            call = _call_around(reference)
            if call is None or reference.steps:
                yield reference.edit(f"merge({', '.join((address, *names))})")
                continue
            arguments = call_arguments(call)
            at = next(i for i, a in enumerate(arguments) if a is reference.node)
            following = [plain_address(a) for a in arguments[at + 1 : at + 1 + len(names)]]
            if following != names:
                gap = reference.node.prefix if "\n" in reference.node.prefix else " "
                yield reference.edit(f",{gap}".join((address, *names)))


class _Resource:
    """The tags of one resource: one fix."""

    def __init__(self, work: _Work, tagged: _Tagged) -> None:
        self.work = work
        self.block, self.schema = tagged
        self.maps, self.rule, self.fixer = work.maps, work.rule, work.fixer
        self.edits: list[Edit] = []
        self.said: list[str] = []

    def findings(self) -> Iterator[Finding]:
        for reason in self._plan():
            yield self.fixer.refuse(self.block, f"the tags do not follow {self.rule}", reason)
        if self.edits:
            place = self.block.get("tags") or self.block
            yield self.fixer.fix(place, "; ".join(self.said), self.edits)

    def _plan(self) -> Iterator[str]:
        """Collect the edits; what comes out are the reasons for what is refused."""
        attribute = self.block.get("tags")
        if attribute is None and any(b.type in ("tags", "dynamic") for b in self.block.blocks_of("tags")):
            yield "tags is written as a block; it is an argument: tags = { … }"
        elif attribute is None:
            reason = self._hindrance(NO_KEYS, holds=False)
            if reason:
                yield reason
            else:
                self._add_tags()
        else:
            yield from self._conform("its tags", attribute, self.defaults)
        for what, nested in self._nested():
            yield from self._conform(f"the tags of its {what}", nested, NO_KEYS, nested=True)

    def _nested(self) -> Iterator[tuple[str, Attribute]]:
        volume = self.block.get("volume_tags")
        if volume is not None and self.schema.attributes.get("volume_tags") is not None:
            yield "volumes", volume
        for name in NESTED_MAPS:
            known = self.schema.blocks.get(name)
            if known is not None and "tags" in known.block.attributes:
                for block in self.block.blocks_of(name):
                    body = next(iter(block.blocks_of("content")), None) if block.type == "dynamic" else block
                    tags = body.get("tags") if body is not None else None
                    if tags is not None:
                        yield name, tags

    def _conform(self, what: str, attribute: Attribute, elsewhere: Keys, *, nested: bool = False) -> Iterator[str]:
        outcome = self.maps.conform(attribute, attribute.expr, self.entries, elsewhere=elsewhere)
        if outcome is None:
            return
        keys = self.maps.keys(attribute, attribute.expr)
        holds = f"local.{self.rule.common}" in self.maps.held(attribute, attribute.expr)
        reason = outcome.reason if isinstance(outcome, Unclear) else self._hindrance(keys, holds=holds, nested=nested)
        if reason:
            yield reason if what == "its tags" else f"{what}: {reason}"
        elif isinstance(outcome, Conformed):
            self.edits += outcome.edits
            self.said.append(
                f"{what} lack {_listed(outcome.lacked)}" if outcome.lacked else f"{what} are not merged as {self.rule}"
            )

    @cached_property
    def entries(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        return tuple((e.key, self._name if e.text is None else lambda text=e.text: text) for e in self.rule.entries)

    def _name(self) -> str:
        """The expression of the resource's name: that of its tags, if they have one already."""
        attribute = self.block.get("tags")
        keys = [e.key for e in self.rule.entries if e.text is None]
        if attribute is not None:
            for part in flattened(attribute, attribute.expr):
                for item in object_items(part) if part.kind == "object" else ():
                    if item_key(item) in keys:
                        return attribute.text(item_value(item))
        return name_of(self.work.module, self.block, self.schema)[0]

    @cached_property
    def defaults(self) -> Keys:
        found = NO_KEYS
        for maps, attribute in self.work.defaults_of(self.block):
            found = found.with_(maps.keys(attribute, attribute.expr))
        return found

    def _add_tags(self) -> None:
        entries = [(key, text()) for key, text in self.entries if key not in self.defaults.certain]
        shared = ", ".join(self.rule.shared)
        own = ""
        if entries and self.maps.one_line:
            own = ", { " + ", ".join(f"{k} = {v}" for k, v in entries) + " }"
        elif entries:
            own = ", {\n" + "".join(f"  {k} = {v}\n" for k, v in entries) + "}"
        self.edits.append(_insert_last(self.block, f"tags = merge({shared}{own})"))
        source = name_of(self.work.module, self.block, self.schema)[1]
        name = f"; its Name is that of `{source}`" if source else "; its Name is made of its label"
        wants_name = any(e.text is None for e in self.rule.entries)
        self.said.append(f"it has no tags, and gets {self.rule}{name if wants_name else ''}")

    def _hindrance(self, own: Keys, *, holds: bool, nested: bool = False) -> str | None:
        """Why the shared maps cannot be put in front of a map, if there is a reason. `holds`: the common one is there already."""
        common = self.rule.common
        shared = NO_KEYS
        for address in self.rule.shared:
            shared = shared.with_(self.maps.shared_keys(address))
        keys = shared.with_(own).with_(Keys(NO_NAMES, frozenset(e.key for e in self.rule.entries)))
        if self.schema.name.startswith("aws_iam_"):
            spellings: dict[str, str] = {}
            for key in sorted(keys.possible or ()):
                if spellings.setdefault(key.casefold(), key) != key:
                    other = spellings[key.casefold()]
                    return (
                        f"it would have the tags {other} and {key}, which IAM takes for one key: decide on one spelling"
                    )
        limit = FEW_TAGS.get(self.schema.name)
        if limit is not None and keys.possible is not None and len(keys.possible) > limit:
            return f"it would have {len(keys.possible)} tags, and {self.schema.name} takes {limit}"
        if common is None or holds:
            return None
        if self.block.address in self.work.common_dependencies:
            return f"local.{common} is computed from this resource, which therefore cannot use it"
        return None if nested else self._against_defaults(own)

    def _against_defaults(self, own: Keys) -> str | None:
        """Whether the common map would give a tag another value than the provider's default tags do."""
        name = f"local.{self.rule.common}"
        for source, common in self.work.common_sources():
            keys = source.keys(common, common.expr)
            names = {name, *filter(None, map(plain_address, flattened(common, common.expr)))}
            for maps, tags in self.work.defaults_of(self.block):
                for part in reversed(flattened(tags, tags.expr)):
                    if maps is source and plain_address(part) in names:
                        break  # what stands before it in the default tags loses to it there as well
                    both = keys.common(maps.keys(tags, part))
                    if both is None:
                        return f"nothing tells whether {name} gives the provider's default_tags other values"
                    for key in sorted(both - own.certain):
                        here, there = source.literal(common, common.expr, key), maps.literal(tags, tags.expr, key)
                        if here is None or not self._same(source, here, maps, there):
                            return (
                                f"the provider's default_tags give {key} the value {there or 'of another map'}, and {name} "
                                f"gives {here or 'that of another map'}: decide which is meant"
                            )
        return None

    @staticmethod
    def _same(source: TagMaps, here: str, maps: TagMaps, there: str | None) -> bool:
        """Whether two expressions are the same, each in its own module."""
        if maps is not source and here.startswith("var."):
            given = [call.get(here.removeprefix("var.")) for _, call in source.callers]
            return bool(given) and all(a is not None and a.value == there for a in given)
        return here == there and (maps is source or here.startswith('"'))


class _ScalingGroup(_Resource):
    """The `tag` blocks of an Auto Scaling group."""

    def _plan(self) -> Iterator[str]:
        if self.block.get("tags") is not None:
            yield "an Auto Scaling group takes no `tags` in version 5 of the provider: it wants `tag` blocks"
            return
        blocks = self.block.blocks_of("tag")
        fixed = [b for b in blocks if b.type == "tag"]
        names = [string_value(k.expr) if (k := b.get("key")) is not None else None for b in fixed]
        if None in names:
            yield "the key of one of its tag blocks is computed: nothing tells which tags it has"
            return
        known = frozenset(n for n in names if n is not None)
        dynamic = [b for b in blocks if b.type == "dynamic"]
        if len(dynamic) > 1:
            yield "it has several dynamic tag blocks: decide which of them follows the contract"
        elif dynamic:
            yield from self._conform_dynamic(dynamic[0], known)
        else:
            yield from self._add_dynamic(fixed, known)

    def _conform_dynamic(self, block: Block, known: frozenset[str]) -> Iterator[str]:
        each = block.get("for_each")
        content = next(iter(block.blocks_of("content")), None)
        iterator = block.get("iterator")
        name = iterator.value if iterator is not None else "tag"
        row = (
            [a.value if (a := content.get(k)) is not None else "" for k in ("key", "value")]
            if content is not None
            else []
        )
        if each is None or row != [f"{name}.key", f"{name}.value"]:
            yield 'its dynamic "tag" is not over a map of tags: write it as one over ' + str(self.rule)
            return
        expr = each.expr
        if expr.kind == "for_object":
            expr = _collection(expr)
        elif expr.kind == "for_tuple":
            yield 'its dynamic "tag" is over a list: write it as one over ' + str(self.rule)
            return
        entries = [(k, t) for k, t in self.entries if k not in known] if expr is each.expr else []
        held = self.maps.held(each, expr)
        outcome = self.maps.conform(each, expr, entries, elsewhere=Keys(known, known))
        if outcome is None:
            return
        fresh = NO_KEYS
        for address in self.rule.shared:
            fresh = fresh if address in held else fresh.with_(self.maps.shared_keys(address))
        twice = fresh.common(Keys(known, known))
        if isinstance(outcome, Unclear):
            yield outcome.reason
        elif expr is each.expr and (twice is None or twice):
            yield f"it would have {_listed(sorted(twice or known))} twice, in a tag block of its own and in the dynamic one"
        else:
            self.edits += outcome.edits
            self.said.append(
                f"its dynamic tags lack {_listed(outcome.lacked)}"
                if outcome.lacked
                else f"its dynamic tags are not merged as {self.rule}"
            )

    def _add_dynamic(self, fixed: Sequence[Block], known: frozenset[str]) -> Iterator[str]:
        if self.block.address in self.work.common_dependencies:
            yield f"local.{self.rule.common} is computed from this group, which therefore cannot use it"
            return
        propagate = self._propagates(fixed)
        rows = [(k, t()) for k, t in self.entries if k not in known]
        parts = [
            f'tag {{\n  key                 = "{k}"\n  value               = {v}\n  propagate_at_launch = {propagate}\n}}'
            for k, v in rows
        ]
        shared = NO_KEYS
        for address in self.rule.shared:
            shared = shared.with_(self.maps.shared_keys(address))
        own = known | {k for k, _ in rows}
        twice = shared.common(Keys(own, own))
        each = f"merge({', '.join(self.rule.shared)})"
        if twice is None or twice:
            names = ", ".join(f'"{n}"' for n in sorted(own if twice is None else twice))
            each = f"{{ for key, value in {each} : key => value if !contains([{names}], key) }}"
        parts.append(
            f'dynamic "tag" {{\n  for_each = {each}\n  content {{\n    key                 = tag.key\n'
            f"    value               = tag.value\n    propagate_at_launch = {propagate}\n  }}\n}}"
        )
        text = "\n" + "\n\n".join(parts)
        self.edits.append(self.block.insert(text, after=fixed[-1]) if fixed else _insert_last(self.block, text[1:]))
        self.said.append(f"its tag blocks lack {_listed([*self.rule.shared, *(k for k, _ in rows)])}")

    def _propagates(self, fixed: Sequence[Block]) -> str:
        """Whether instances get the new tags: not where a launch template tags them already, else as the tags that are there."""
        for template in self.work.module.resources("aws_launch_template"):
            if template.blocks_of("tag_specifications"):
                return "false"
        said = fixed[-1].get("propagate_at_launch") if fixed else None
        return said.value if said is not None else "true"


# --- small things -----------------------------------------------------------------------------------------------------


def _default_tags(module: Module) -> tuple[Attribute, ...]:
    found = []
    for provider in module.blocks_of("provider"):
        if provider.labels == ("aws",):
            for block in provider.blocks_of("default_tags"):
                tags = block.get("tags")
                if tags is not None:
                    found.append(tags)
    return tuple(found)


def _is_tag_map(module: Module, attribute: Attribute) -> bool:
    """Whether a local value can be one map of tags: not a list, a text, or a map of maps."""
    if attribute.expr.kind in ("tuple", "for_tuple", "template", "heredoc", "NumberLit", "Identifier"):
        return False
    parts = flattened(attribute, attribute.expr)
    for part in parts:
        if part.kind == "object" and any(
            item_value(i).kind in ("object", "tuple", "for_object") for i in object_items(part)
        ):
            return False
        if part.kind == "for_object" and any(c.kind in ("object", "tuple") for c in part.children):
            return False
        if part.kind == "for_object" and any(call_name(c) == "merge" for c in part.children[-3:]):
            return False
    value = Evaluator(module).evaluate(attribute.expr)
    return not isinstance(value, dict) or not any(isinstance(v, dict | list) for v in value.values())


def _items(attribute: Attribute) -> list[tuple[str, Expr]]:
    parts = flattened(attribute, attribute.expr)
    if len(parts) != 1 or parts[0].kind != "object":
        return []
    return [(key, item_value(i)) for i in object_items(parts[0]) if (key := item_key(i)) is not None]


def _literal(attribute: Attribute) -> list[tuple[str, str]] | None:
    """The entries of a map that is one object and no more, as text; None for another."""
    parts = flattened(attribute, attribute.expr)
    if len(parts) != 1 or parts[0].kind != "object" or any(item_key(i) is None for i in object_items(parts[0])):
        return None
    return [(key, attribute.text(value)) for key, value in _items(attribute)]


def _shared(maps: Sequence[dict[str, str]], without: frozenset[str]) -> list[tuple[str, str]]:
    """The entries that all maps have, in the order of the first."""
    first = maps[0].items() if maps else ()
    return [(key, text) for key, text in first if key not in without and all(m.get(key) == text for m in maps)]


def _object(rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return "{}"
    width = max(len(key) for key, _ in rows)
    return "{\n" + "".join(f"  {_key(key).ljust(width)} = {text}\n" for key, text in rows) + "}"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_][\w-]*", key) else f'"{key}"'


def _collection(expr: Expr) -> Expr:
    """What a `for` expression goes over."""
    children = expr.children
    at = next(i for i, c in enumerate(children) if c.kind == "Identifier" and c.text == "in")
    return children[at + 1]


def _call_around(reference: Reference) -> Expr | None:
    """The `merge` that a reference is an argument of, itself and nothing around it."""
    if reference.holder is None:
        return None
    for node in walk(reference.holder.expr):
        if call_name(node) == "merge" and any(a is reference.node for a in call_arguments(node)):
            return node
    return None


def _outdented(attribute: Attribute, start: int, end: int) -> list[Piece]:
    """A stretch of lines, moved left so that its last line stands under the attribute."""
    text = attribute.file.text
    last = text[attribute.file.line_start(end) : end]
    extra = len(last) - len(last.lstrip()) - len(attribute.indent) if "\n" in text[start:end] else 0
    if extra <= 0 or "<<" in text[start:end]:
        return [(start, end)]
    pieces: list[Piece] = []
    at = start
    while True:
        line_end = attribute.file.line_end(at)
        if line_end >= end:
            return [*pieces, (at, end)]
        pieces.append((at, line_end))
        spaces = len(text[line_end:end]) - len(text[line_end:end].lstrip(" "))
        at = line_end + min(extra, spaces)


def _insert_last(block: Block, text: str) -> Edit:
    """Put lines at the end of a resource, but before what is about its life: `depends_on`, `lifecycle` and the like."""
    elements = [c for c in block.body.children if c.kind in ("attribute", "block")]
    if not elements or block.one_line:
        return block.insert(text)
    keep = [e for e in elements if e.children[0].text not in _META]
    if elements[-1] in keep or not keep:
        return block.insert(f"\n{text}")
    after = Element(block.file, block.base, keep[-1], block)
    edit = block.insert(f"\n{text}", after=after)
    following = block.file.text[edit.start : block.file.line_end(edit.start)]
    return edit if not following.strip() else edit._replace(text=f"{edit.text}\n")


def _joined_insertions(edits: Iterable[Edit]) -> list[Edit]:
    """Edits, with those that insert at one point made one."""
    found: dict[tuple[str, int, int], Edit] = {}
    for edit in edits:
        there = found.get(edit[:3])
        found[edit[:3]] = edit if there is None else edit._replace(text=there.text + edit.text)
    return list(found.values())


def _description(variable: str) -> str:
    return "Additional tags for all resources" if variable == "extra_tags" else "Tags for all resources"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
