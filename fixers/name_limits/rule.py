"""TAP101 `name-limits`: names that AWS reserves or limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Expr, Module
from tapfix.module.compose import call, interpolation, quoted
from tapfix.module.environments import environment_variable
from tapfix.module.evaluate import UNKNOWN, Evaluator, Unknown
from tapfix.module.nodes import Conditional, interpolated, parenthesized, template_parts

from ..shared.places import attributes_at
from .limits import Limit, limits_of, page_of

NameParts = tuple[str | Unknown, ...]
"""A name as far as it is known: its known texts, and UNKNOWN for each gap between them."""


class NameLimits(Fixer):
    """A name that AWS does not accept.

    Each AWS service has its own rules for names: how long they may be, which characters they may contain, what they
    may not begin with. Terraform's plan checks some of these rules. The others fail in the middle of an apply.

    **What it does.** A table (`fixers/name_limits/limits.py`) says what each argument accepts. The rule evaluates
    names for each environment, as far as the text of the module decides them. Then it makes the smallest change that
    corrects the name: in a literal, or by a function call around the expression:

    - a reserved beginning is removed: `"sg-alb-${var.environment}-"` becomes `"alb-${var.environment}-"`; if another
      resource has that name, the beginning becomes an ending: `"alb-${var.environment}-sg"`;
    - upper case becomes lower case where only lower case is accepted; other characters become hyphens, or are removed;
    - hyphens at the end, and two hyphens in a row, are removed where they are not accepted;
    - `alias/` is added before the name of a key's alias, `.fifo` after the name of a queue;
    - a prefix that is too long is cut: the provider adds characters after it that keep names apart. A name is cut
      only if it still differs between the environments, and from the names of other resources of its kind.

    Tags accept any name, and are not changed.

    **Safety: safe.** AWS refuses to create a resource with the old name, so nothing can depend on it. A cut is
    **unsafe**, because it removes a part that somebody wrote.

    **What it refuses.** A name that is too long and is not known as a whole, or would be the name of another resource
    when cut; a name that would be empty; a name that begins with a digit where a letter is required.
    """

    rule = "TAP101"
    severity = Severity.HIGH
    safety = Safety.SAFE
    title = "Names that AWS reserves or limits"
    cause = "A name begins with what AWS keeps for itself, or is longer than the resource may be called."
    reference = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"
    because = Because("aws", "a name follows the rules of its service", reference=reference)
    effect = "Planning or applying fails, though the configuration is valid."
    examples = (
        Example(
            title="a reserved beginning; the tag keeps it",
            before="""\
resource "aws_security_group" "alb" {
  name_prefix = "sg-alb-${var.environment}-"

  tags = { Name = "sg-alb" }
}
""",
            after="""\
resource "aws_security_group" "alb" {
  name_prefix = "alb-${var.environment}-"

  tags = { Name = "sg-alb" }
}
""",
        ),
        Example(
            title="characters that are not accepted",
            before="""\
variable "app" {
  default = "My_App"
}

resource "aws_s3_bucket" "logs" {
  bucket = "${var.app}-logs"
}

resource "aws_db_instance" "main" {
  identifier = "Main_db"
}
""",
            after="""\
variable "app" {
  default = "My_App"
}

resource "aws_s3_bucket" "logs" {
  bucket = replace(lower("${var.app}-logs"), "_", "-")
}

resource "aws_db_instance" "main" {
  identifier = "main-db"
}
""",
        ),
        Example(
            title="a prefix that is too long",
            before="""\
resource "aws_lb_target_group" "app" {
  name_prefix = "shop-app-"
}
""",
            after="""\
resource "aws_lb_target_group" "app" {
  name_prefix = "shop-a"
}
""",
        ),
        Example(
            title="refused: cut, the name would be the same in all environments",
            before={
                "tap_stack.tf": """\
variable "environment" {}

resource "aws_lb" "main" {
  name = "the-load-balancer-of-the-shop-${var.environment}"
}
""",
                "dev.tfvars": 'environment = "dev-1"\n',
                "prod.tfvars": 'environment = "dev-2"\n',
            },
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterable[Finding]:
        names = _ModuleNames(module, context)
        for block in module.resources():
            for limit in limits_of(block.labels[0]):
                for attribute in attributes_at(block, limit.argument):
                    for expr in _alternatives(attribute.expr):
                        yield from self._checked(_ResourceName(names, block, attribute, expr, limit))

    def _checked(self, name: _ResourceName) -> Iterator[Finding]:
        because = self.because._replace(reference=page_of(name.block.labels[0]))
        for check in _CHECKS:
            violation = check(name)
            if violation is None:
                continue
            if violation.edits:
                message = f"`{name.limit.argument}`: {violation.what}; {violation.done}"
                yield self.fix(name.attribute, message, violation.edits, safety=violation.safety, because=because)
            else:
                message = f"`{name.limit.argument} = {name.shown}`: {violation.what}"
                yield self.refuse(name.attribute, message, violation.done, because=because)
            return


class Violation(NamedTuple):
    """What is wrong with a name, and what is done about it."""

    what: str
    done: str
    """What the edits do; without edits, what a person has to decide."""
    edits: list[Edit]
    safety: Safety = Safety.SAFE


# Names -------------------------------------------------------------------------------------------------------------


class _ModuleNames:
    """The names of one module, in each environment."""

    def __init__(self, module: Module, context: Context) -> None:
        self.module = module
        self.evaluators = context.evaluators(module)
        variable = environment_variable(module)
        if variable is not None and set(self.evaluators) == {""}:
            given = self.evaluators[""].given
            self.evaluators = {env: Evaluator(module, {**given, variable.name: env}) for env in context.environments}

    def parts(self, expr: Expr) -> dict[str, NameParts]:
        """The parts of a name in each environment."""
        return {env: evaluator.parts(expr) for env, evaluator in self.evaluators.items()}

    def others(self, block: Block, limit: Limit) -> dict[str, set[str]]:
        """The names of the other resources that a name must differ from, in each environment."""
        found: dict[str, set[str]] = {env: set() for env in self.evaluators}
        for other in self.module.resources(*limit.types.split()):
            for attribute in attributes_at(other, limit.argument) if other is not block else ():
                for env, parts in self.parts(attribute.expr).items():
                    whole = _whole(parts)
                    if whole is not None:
                        found[env].add(whole)
        return found


class _ResourceName:
    """An expression that names a resource."""

    def __init__(self, names: _ModuleNames, block: Block, attribute: Attribute, expr: Expr, limit: Limit) -> None:
        self.names = names
        self.block = block
        self.attribute = attribute
        self.expr = expr
        self.limit = limit
        self.parts = names.parts(expr)

    @property
    def shown(self) -> str:
        text = " ".join(self.attribute.text(self.expr).split())
        return text if len(text) <= 70 else text[:67] + "..."

    @property
    def texts(self) -> Iterator[str]:
        """All known parts, of all environments."""
        return (text for parts in self.parts.values() for text in _texts(parts))

    def first(self) -> Iterator[str]:
        """The part that it begins with, in each environment where that part is known."""
        return (p[0] for p in self.parts.values() if isinstance(p[0], str) and p[0])

    def last(self) -> Iterator[str]:
        """The part that it ends with, in each environment where that part is known."""
        return (p[-1] for p in self.parts.values() if isinstance(p[-1], str) and p[-1])

    @property
    def literals(self) -> Sequence[Expr]:
        """The literals of a quoted template; none if some of them contain escapes."""
        if self.expr.kind != "template":
            return ()
        found = [part for part in template_parts(self.expr) if part.kind == "QuotedLit"]
        return () if any("\\" in part.text or "{" in part.text for part in found) else found

    @property
    def opening(self) -> Expr | None:
        """The literal that it begins with."""
        return next((part for part in self.literals if part is template_parts(self.expr)[0]), None)

    @property
    def closing(self) -> Expr | None:
        """The literal that it ends with."""
        return next((part for part in self.literals if part is template_parts(self.expr)[-1]), None)

    @property
    def is_literal(self) -> bool:
        """Whether it is one literal and nothing else."""
        return len(self.literals) == 1 and len(template_parts(self.expr)) == 1

    @property
    def source(self) -> str:
        """The expression as it is written."""
        return self.attribute.text(self.expr)

    def replaced(self, text: str) -> list[Edit]:
        """The edits that replace the expression."""
        return [self.attribute.edit(self.expr, text)]

    def in_call(self, function: str, *more: str) -> list[Edit]:
        """The edits that pass the expression through a function, with more arguments after it."""
        return self.replaced(call(function, self.source, *more))

    def put_before(self, text: str) -> list[Edit]:
        """The edits that begin the name with a text."""
        if self.expr.kind == "template":
            return [self._inserted(self.attribute.span(self.expr).start + 1, text)]
        return self.replaced(f'"{text}{interpolation(self.source)}"')

    def put_after(self, text: str) -> list[Edit]:
        """The edits that end the name with a text."""
        if self.expr.kind == "template":
            return [self._inserted(self.attribute.span(self.expr).end - 1, text)]
        return self.replaced(f'"{interpolation(self.source)}{text}"')

    def _inserted(self, at: int, text: str) -> Edit:
        return Edit(self.attribute.file.path, at, at, text)

    def rewritten(self, change: Callable[[str], str]) -> list[Edit]:
        """The edits that change the literals; none if a part that comes from elsewhere needs the change too."""
        if not self.literals or any(change(text) != text for text in self._from_elsewhere()):
            return []
        changed = [(part, change(part.text)) for part in self.literals]
        return [self.attribute.edit(part, text) for part, text in changed if text != part.text]

    def _from_elsewhere(self) -> Iterator[str]:
        """The known texts of the parts that are not literals."""
        for part in template_parts(self.expr):
            if part.kind != "QuotedLit":
                for parts in self.names.parts(interpolated(part)).values():
                    yield from _texts(parts)


def _whole(parts: NameParts) -> str | None:
    """The name, if it is known as a whole."""
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else None


def _texts(parts: NameParts) -> list[str]:
    """The known parts of a name."""
    return [part for part in parts if isinstance(part, str)]


def _alternatives(expr: Expr) -> Iterator[Expr]:
    """The expressions that the name may be: the branches of conditionals, or the expression itself."""
    if expr.kind == "paren":
        yield from _alternatives(parenthesized(expr))
    elif expr.kind == "conditional":
        branches = Conditional.of(expr)
        yield from _alternatives(branches.yes)
        yield from _alternatives(branches.no)
    elif expr.value != "null":
        yield expr


def _is_on(block: Block, switch: str) -> bool:
    attribute = block.get(switch)
    return attribute is not None and attribute.value == "true"


# Checks ------------------------------------------------------------------------------------------------------------


def _missing_beginning(name: _ResourceName) -> Violation | None:
    begins = name.limit.begins
    if not begins or not any(not p.startswith(begins) and not begins.startswith(p) for p in name.first()):
        return None
    return Violation(f"it has to begin with `{begins}`", "that is added before it", name.put_before(begins))


def _missing_ending(name: _ResourceName) -> Violation | None:
    ends = name.limit.ends
    if not ends or not _is_on(name.block, name.limit.when) or all(p.endswith(ends) for p in name.last()):
        return None
    return Violation(f"it has to end with `{ends}`", "that is added after it", name.put_after(ends))


def _reserved(name: _ResourceName) -> Violation | None:
    word = next((word for word in name.limit.reserved if any(t.startswith(word) for t in name.first())), None)
    if word is None:
        return None
    what = f"AWS reserves names that begin with `{word}`"
    rests = {env: _without(parts, word) for env, parts in name.parts.items()}
    if any(rest == ("",) or rest[0] in ("-", ".") for rest in rests.values()):
        return Violation(what, "Without that nothing would be left: give it a name.", [])
    opening = name.opening
    if opening is None or not opening.text.startswith(word):
        return Violation(what, "that is removed", name.in_call("trimprefix", quoted(word)))
    edits = [name.attribute.edit(opening, opening.text.removeprefix(word))]
    if not name.limit.is_prefix and _is_taken(name, rests):
        ending = word.strip("-.")
        if _is_taken(name, {env: (*rest, f"-{ending}") for env, rest in rests.items()}):
            return Violation(what, "Without that it would be the name of another resource: give it another.", [])
        edits += name.put_after(f"-{ending}")
        return Violation(what, f"it is an ending now, since another resource has the name without `{word}`", edits)
    return Violation(what, "that is removed", edits)


def _without(parts: NameParts, word: str) -> NameParts:
    """The parts of a name without the word that it begins with."""
    if isinstance(parts[0], str) and parts[0].startswith(word):
        rest = parts[0].removeprefix(word)
        return (rest, *parts[1:]) if rest or len(parts) == 1 else parts[1:]
    return parts


def _is_taken(name: _ResourceName, new: Mapping[str, NameParts]) -> bool:
    """Whether a new name would be that of another resource, in some environment in which it is known."""
    others = name.names.others(name.block, name.limit)
    return any("".join(_texts(parts)) in others[env] for env, parts in new.items() if UNKNOWN not in parts)


def _upper_case(name: _ResourceName) -> Violation | None:
    allowed = name.limit.characters
    if not allowed or "A-Z" in allowed or all(text == text.lower() for text in name.texts):
        return None
    edits = name.rewritten(str.lower) or name.in_call("lower")
    return Violation("it may not have upper case letters", "they are lower case now", edits)


def _characters(name: _ResourceName) -> Violation | None:
    limit = name.limit
    wrong = re.compile(f"[^{limit.characters}]") if limit.characters else None
    bad = sorted({char for text in name.texts for char in wrong.findall(text)}) if wrong else []
    if not bad or wrong is None:
        return None
    instead = limit.instead
    edits = name.rewritten(lambda text: wrong.sub(instead, text))
    if not edits and len(bad) == 1:
        edits = name.in_call("replace", quoted(bad[0]), quoted(instead))
    elif not edits:
        edits = name.in_call("replace", quoted(f"/[^{limit.characters}]/"), quoted(instead))
    shown = " ".join(f"`{char}`" if char != " " else "a space" for char in bad)
    done = f"replaced by `{instead}`" if instead else "removed"
    return Violation(f"it may not have {shown}", done, edits)


def _beginning(name: _ResourceName) -> Violation | None:
    limit = name.limit
    if limit.first:
        bad = sorted({piece[0] for piece in name.first() if not re.match(f"[{limit.first}]", piece)})
    else:
        bad = [limit.no_edge] if limit.no_edge and any(p.startswith(limit.no_edge) for p in name.first()) else []
    if not bad:
        return None
    what = f"it may not begin with `{bad[0]}`"
    if bad[0].isalnum():
        return Violation(what, "It has to begin with a letter: say which word goes before it.", [])
    if all(set(text) <= set("-_.") for text in name.first()) and all(len(p) == 1 for p in name.parts.values()):
        return Violation(what, "Without that nothing would be left: give it a name.", [])
    opening = name.opening
    if opening is not None and opening.text.startswith(bad[0]):
        edits = [name.attribute.edit(opening, opening.text.lstrip("-_."))]
    else:
        edits = name.in_call("trimprefix", quoted(bad[0]))
    return Violation(what, "that is removed", edits)


def _ending(name: _ResourceName) -> Violation | None:
    edge = name.limit.no_edge
    if not edge or not any(text.endswith(edge) for text in name.last()):
        return None
    closing = name.closing
    if closing is not None and closing.text.endswith(edge):
        edits = [name.attribute.edit(closing, closing.text.rstrip(edge))]
    else:
        edits = name.in_call("trimsuffix", quoted(edge))
    return Violation(f"it may not end with `{edge}`", "that is removed", edits)


def _doubles(name: _ResourceName) -> Violation | None:
    mark = name.limit.single
    if not mark or not any(mark * 2 in text for text in name.texts):
        return None
    double = re.compile(re.escape(mark) + "{2,}")
    edits = name.rewritten(lambda text: double.sub(mark, text))
    if not edits:
        edits = name.in_call("replace", quoted(f"/{'[.]' if mark == '.' else mark}+/"), quoted(mark))
    return Violation(f"it may not have two `{mark}` in a row", "one is left", edits)


def _length(name: _ResourceName) -> Violation | None:
    longest = name.limit.longest
    known = {env: sum(map(len, _texts(parts))) for env, parts in name.parts.items()}
    worst = max(known, key=lambda env: known[env])
    if known[worst] <= longest:
        return None
    least = "at least " if UNKNOWN in name.parts[worst] else ""
    where = f" in {worst}" if worst and len(set(known.values())) > 1 else ""
    what = f"it has {least}{known[worst]} characters{where}, AWS accepts {longest}"
    if name.limit.is_prefix:
        done = "it is cut; the characters that the provider adds keep names apart"
        return Violation(what, done, _cut(name, longest, ""))
    reason = _why_not_to_cut(name, longest)
    if reason:
        return Violation(what, reason, [])
    return Violation(what, "it is cut", _cut(name, longest, name.limit.no_edge), Safety.UNSAFE)


def _cut(name: _ResourceName, longest: int, edge: str) -> list[Edit]:
    if name.is_literal:
        text = name.literals[0].text[:longest]
        return [name.attribute.edit(name.literals[0], text.rstrip(edge) if edge else text)]
    cut = call("substr", name.source, "0", str(longest))
    ends = edge and any((_whole(p) or "")[:longest].endswith(edge) for p in name.parts.values())
    return name.replaced(call("trimsuffix", cut, quoted(edge)) if ends else cut)


def _why_not_to_cut(name: _ResourceName, longest: int) -> str:
    """Why a name may not be cut; empty if it may."""
    wholes = {env: _whole(parts) for env, parts in name.parts.items()}
    if None in wholes.values():
        return "A part of it is not known before the apply: make the known part shorter."
    if name.limit.ends and any((whole or "").endswith(name.limit.ends) for whole in wholes.values()):
        return f"It has to end with `{name.limit.ends}`: make the rest shorter."
    edge = name.limit.no_edge
    cut = {env: (whole or "")[:longest].rstrip(edge) for env, whole in wholes.items()}
    if len(set(cut.values())) < len(set(wholes.values())):
        return "Cut to that length it would be the same in several environments: make another part of it shorter."
    others = name.names.others(name.block, name.limit)
    if any(
        text in others[env] or any(o[:longest].rstrip(edge) == text for o in others[env]) for env, text in cut.items()
    ):
        return "Cut to that length it would be the name of another resource: make another part of it shorter."
    return ""


_CHECKS: tuple[Callable[[_ResourceName], Violation | None], ...] = (
    _missing_beginning,
    _reserved,
    _upper_case,
    _characters,
    _beginning,
    _ending,
    _doubles,
    _missing_ending,
    _length,
)
"""In this order: a name is corrected step by step, one violation in each pass."""
