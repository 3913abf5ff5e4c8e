"""TAP101 `name-limits`: names that AWS reserves or limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tapfix.edits import Edit, Safety
from tapfix.fixer import Context, Example, Finding, Fixer, Severity
from tapfix.module import Attribute, Block, Expr, Module
from tapfix.module.compose import quoted
from tapfix.module.evaluate import UNKNOWN, Evaluator, Unknown

from ..shared.places import attributes_at
from .limits import LIMITS, Limit

Pieces = tuple[str | Unknown, ...]
"""A name as far as it is known: texts, and a gap for what is not."""


class NameLimits(Fixer):
    """A name that AWS does not take.

    Each service has rules of its own for names: how long they may be, which characters they may have, what they may not begin
    with. Terraform's plan knows some of them; the others fail in the middle of an apply.

    **What it does.** A table (`fixers/_name_limits.py`) says what each argument takes. Names are worked out for each
    environment, as far as the text tells. Then the smallest change that mends the name is made, in the text itself where it
    stands there, else around the expression:

    - a reserved beginning goes: `"sg-alb-${var.environment}-"` becomes `"alb-${var.environment}-"`; if that is the name of
      another resource, it becomes an ending: `"alb-${var.environment}-sg"`;
    - upper case becomes lower case where only that is taken; other characters become hyphens, or go;
    - hyphens at the end, and two in a row, where they are not taken;
    - `alias/` before a key's alias, `.fifo` behind a queue's name;
    - a prefix that is too long is cut, since what the provider puts behind it keeps names apart; a name is cut only if it stays
      another one in each environment, and another one than those of its kind.

    Tags may be called anything, and stay.

    **Safety: safe.** AWS would never have made a resource of that name, so nothing can know it by that name. Cutting a name is
    **unsafe**: it loses a part that somebody wrote.

    **What it refuses.** A name that is too long and not known whole, or not to be cut without meeting another; one of which
    nothing would be left; one that begins with a digit where a letter is wanted.
    """

    rule = "TAP101"
    severity = Severity.HIGH
    safety = Safety.SAFE
    examples = (
        Example(
            title="a beginning that is reserved; the tag may keep it",
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
            title="characters that are not taken",
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
            title="a name that would be the same in all environments if it were cut",
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
        names = _Names(module, context)
        for block in module.resources():
            for limit in _limits_of(block.labels[0]):
                for attribute in attributes_at(block, limit.argument):
                    for expr in _alternatives(attribute.expr):
                        yield from self._name(_Name(names, block, attribute, expr, limit))

    def _name(self, name: _Name) -> Iterator[Finding]:
        for look in _LOOKS:
            trouble = look(name)
            if trouble is None:
                continue
            if trouble.edits:
                message = f"`{name.limit.argument}`: {trouble.what}; {trouble.done}"
                yield self.fix(name.attribute, message, trouble.edits, safety=trouble.safety)
            else:
                message = f"`{name.limit.argument} = {name.shown}`: {trouble.what}"
                yield self.refuse(name.attribute, message, trouble.done)
            return


class Trouble(NamedTuple):
    """What is wrong with a name, and what is done about it; without edits, what there is to decide."""

    what: str
    done: str
    edits: list[Edit]
    safety: Safety = Safety.SAFE


# Names -------------------------------------------------------------------------------------------------------------

_ENVIRONMENT = frozenset({"environment", "env", "stage", "environment_name"})


class _Names:
    """The names of one module, in each environment."""

    def __init__(self, module: Module, context: Context) -> None:
        self.module = module
        self.evaluators = context.evaluators(module)
        which = next((name for name in module.variables if name in _ENVIRONMENT), None)
        if which is not None and set(self.evaluators) == {""}:
            given = self.evaluators[""].given
            environments = context.environments
            self.evaluators = {env: Evaluator(module, {**given, which: env}) for env in environments}

    def pieces(self, attribute: Attribute, expr: Expr) -> dict[str, Pieces]:
        """A name in each environment."""
        return {env: evaluator.parts(expr) for env, evaluator in self.evaluators.items()}

    def others(self, block: Block, limit: Limit) -> dict[str, set[str]]:
        """The names of the other resources that a name must not meet, in each environment."""
        found: dict[str, set[str]] = {env: set() for env in self.evaluators}
        for other in self.module.resources(*limit.types.split()):
            for attribute in attributes_at(other, limit.argument) if other is not block else ():
                for env, pieces in self.pieces(attribute, attribute.expr).items():
                    whole = _whole(pieces)
                    if whole is not None:
                        found[env].add(whole)
        return found


class _Name:
    """One expression that gives a resource its name."""

    def __init__(self, names: _Names, block: Block, attribute: Attribute, expr: Expr, limit: Limit) -> None:
        self.names = names
        self.block = block
        self.attribute = attribute
        self.expr = expr
        self.limit = limit
        self.pieces = names.pieces(attribute, expr)

    @property
    def shown(self) -> str:
        text = " ".join(self.attribute.text(self.expr).split())
        return text if len(text) <= 70 else text[:67] + "..."

    @property
    def texts(self) -> Iterator[str]:
        """All pieces that are known, of all environments."""
        return (piece for pieces in self.pieces.values() for piece in pieces if isinstance(piece, str))

    def first(self) -> Iterator[str]:
        """What it begins with, in each environment where that is known."""
        return (p[0] for p in self.pieces.values() if isinstance(p[0], str) and p[0])

    def last(self) -> Iterator[str]:
        """What it ends with, in each environment where that is known."""
        return (p[-1] for p in self.pieces.values() if isinstance(p[-1], str) and p[-1])

    @property
    def literals(self) -> Sequence[Expr]:
        """The literal parts of a quoted template; none if some of them hold escapes."""
        if self.expr.kind != "template":
            return ()
        found = [part for part in self.expr.children[1:-1] if part.kind == "QuotedLit"]
        return () if any("\\" in part.text or "{" in part.text for part in found) else found

    @property
    def opening(self) -> Expr | None:
        """The literal that it begins with."""
        return next((part for part in self.literals if part is self.expr.children[1]), None)

    @property
    def closing(self) -> Expr | None:
        """The literal that it ends with."""
        return next((part for part in self.literals if part is self.expr.children[-2]), None)

    @property
    def is_literal(self) -> bool:
        """Whether it is a text and nothing else."""
        return len(self.literals) == 1 and len(self.expr.children) == 3

    def wrapped(self, before: str, after: str) -> list[Edit]:
        """A call around the expression."""
        return [self.attribute.edit(self.expr, f"{before}{self.attribute.text(self.expr)}{after}")]

    def rewritten(self, change: Callable[[str], str]) -> list[Edit]:
        """The literal parts changed; none where that would leave the trouble in another part."""
        if not self.literals or any(change(text) != text for text in self._given()):
            return []
        changed = [(part, change(part.text)) for part in self.literals]
        return [self.attribute.edit(part, text) for part, text in changed if text != part.text]

    def _given(self) -> Iterator[str]:
        """What is known of the parts that are no literals."""
        for part in self.expr.children[1:-1]:
            if part.kind != "QuotedLit":
                for pieces in self.names.pieces(self.attribute, part.children[1]).values():
                    yield from (piece for piece in pieces if isinstance(piece, str))


def _whole(pieces: Pieces) -> str | None:
    """A name that is known whole."""
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else None


def _alternatives(expr: Expr) -> Iterator[Expr]:
    """The expressions one of which is the name: the branches of a conditional."""
    if expr.kind == "paren":
        yield from _alternatives(expr.children[1])
    elif expr.kind == "conditional":
        yield from _alternatives(expr.children[2])
        yield from _alternatives(expr.children[4])
    elif expr.value != "null":
        yield expr


@cache
def _limits_of(type: str) -> tuple[Limit, ...]:
    return tuple(limit for limit in LIMITS if type in limit.types.split())


def _is_on(block: Block, switch: str) -> bool:
    attribute = block.get(switch)
    return attribute is not None and attribute.value == "true"


# Looks -------------------------------------------------------------------------------------------------------------


def _missing_beginning(name: _Name) -> Trouble | None:
    begins = name.limit.begins
    if not begins or not any(not p.startswith(begins) and not begins.startswith(p) for p in name.first()):
        return None
    if name.expr.kind == "template":
        at = name.attribute.base + name.expr.children[0].end
        edits = [Edit(name.attribute.file.path, at, at, begins)]
    else:
        edits = name.wrapped(f'"{begins}${{', '}"')
    return Trouble(f"it has to begin with `{begins}`", "that is put before it", edits)


def _missing_ending(name: _Name) -> Trouble | None:
    ends = name.limit.ends
    if not ends or not _is_on(name.block, name.limit.when) or all(p.endswith(ends) for p in name.last()):
        return None
    if name.expr.kind == "template":
        at = name.attribute.base + name.expr.children[-1].start
        edits = [Edit(name.attribute.file.path, at, at, ends)]
    else:
        edits = name.wrapped('"${', f'}}{ends}"')
    return Trouble(f"it has to end with `{ends}`", "that is put behind it", edits)


def _reserved(name: _Name) -> Trouble | None:
    for word in name.limit.reserved:
        if any(piece.startswith(word) for piece in name.first()):
            break
    else:
        return None
    what = f"AWS reserves names that begin with `{word}`"
    rests = {env: _without(pieces, word) for env, pieces in name.pieces.items()}
    if any(rest == ("",) or rest[0] in ("-", ".") for rest in rests.values()):
        return Trouble(what, "Without that nothing would be left: give it a name.", [])
    opening = name.opening
    if opening is None or not opening.text.startswith(word):
        return Trouble(what, "that goes", name.wrapped("trimprefix(", f", {quoted(word)})"))
    edits = [name.attribute.edit(opening, opening.text.removeprefix(word))]
    if not name.limit.is_prefix and _meets(name, rests):
        ending = word.strip("-.")
        if _meets(name, {env: (*rest, f"-{ending}") for env, rest in rests.items()}):
            return Trouble(what, "Without that it would be the name of another resource: give it another.", [])
        at = name.attribute.base + name.expr.children[-1].start
        edits.append(Edit(name.attribute.file.path, at, at, f"-{ending}"))
        return Trouble(what, f"it is an ending now, since another resource has the name without `{word}`", edits)
    return Trouble(what, "that goes", edits)


def _without(pieces: Pieces, word: str) -> Pieces:
    if isinstance(pieces[0], str) and pieces[0].startswith(word):
        rest = pieces[0].removeprefix(word)
        return (rest, *pieces[1:]) if rest or len(pieces) == 1 else pieces[1:]
    return pieces


def _meets(name: _Name, pieces: Mapping[str, Pieces]) -> bool:
    """Whether a new name would be another resource's in some environment, or spelled like another's."""
    others = name.names.others(name.block, name.limit)
    joined = {
        env: "".join(p) for env, ps in pieces.items() if all(isinstance(p, str) for p in ps) for p in [_texts(ps)]
    }
    return any(text in others[env] for env, text in joined.items())


def _texts(pieces: Pieces) -> list[str]:
    return [piece for piece in pieces if isinstance(piece, str)]


def _upper_case(name: _Name) -> Trouble | None:
    allowed = name.limit.characters
    if not allowed or "A-Z" in allowed or all(text == text.lower() for text in name.texts):
        return None
    edits = name.rewritten(str.lower) or name.wrapped("lower(", ")")
    return Trouble("it may not have upper case letters", "they are lower case now", edits)


def _characters(name: _Name) -> Trouble | None:
    limit = name.limit
    wrong = re.compile(f"[^{limit.characters}]") if limit.characters else None
    bad = sorted({char for text in name.texts for char in wrong.findall(text)}) if wrong else []
    if not bad or wrong is None:
        return None
    instead = limit.instead
    edits = name.rewritten(lambda text: wrong.sub(instead, text))
    if not edits and len(bad) == 1:
        edits = name.wrapped("replace(", f", {quoted(bad[0])}, {quoted(instead)})")
    elif not edits:
        edits = name.wrapped("replace(", f", {quoted(f'/[^{limit.characters}]/')}, {quoted(instead)})")
    shown = " ".join(f"`{char}`" if char != " " else "a space" for char in bad)
    done = f"`{instead}` stands there now" if instead else "taken out"
    return Trouble(f"it may not have {shown}", done, edits)


def _beginning(name: _Name) -> Trouble | None:
    limit = name.limit
    if limit.first:
        bad = sorted({piece[0] for piece in name.first() if not re.match(f"[{limit.first}]", piece)})
    else:
        bad = [limit.no_edge] if limit.no_edge and any(p.startswith(limit.no_edge) for p in name.first()) else []
    if not bad:
        return None
    what = f"it may not begin with `{bad[0]}`"
    if bad[0].isalnum():
        return Trouble(what, "It has to begin with a letter: say which word goes before it.", [])
    if all(set(text) <= set("-_.") for text in name.first()) and all(len(p) == 1 for p in name.pieces.values()):
        return Trouble(what, "Without that nothing would be left: give it a name.", [])
    opening = name.opening
    if opening is not None and opening.text.startswith(bad[0]):
        edits = [name.attribute.edit(opening, opening.text.lstrip("-_."))]
    else:
        edits = name.wrapped("trimprefix(", f", {quoted(bad[0])})")
    return Trouble(what, "that goes", edits)


def _ending(name: _Name) -> Trouble | None:
    edge = name.limit.no_edge
    if not edge or not any(piece.endswith(edge) for piece in name.last()):
        return None
    closing = name.closing
    if closing is not None and closing.text.endswith(edge):
        edits = [name.attribute.edit(closing, closing.text.rstrip(edge))]
    else:
        edits = name.wrapped("trimsuffix(", f", {quoted(edge)})")
    return Trouble(f"it may not end with `{edge}`", "that goes", edits)


def _doubles(name: _Name) -> Trouble | None:
    mark = name.limit.single
    if not mark or not any(mark * 2 in text for text in name.texts):
        return None
    double = re.compile(re.escape(mark) + "{2,}")
    edits = name.rewritten(lambda text: double.sub(mark, text))
    if not edits:
        edits = name.wrapped("replace(", f", {quoted('/' + ('[.]' if mark == '.' else mark) + '+/')}, {quoted(mark)})")
    return Trouble(f"it may not have two `{mark}` in a row", "one is left", edits)


def _length(name: _Name) -> Trouble | None:
    longest = name.limit.longest
    known = {env: sum(map(len, _texts(pieces))) for env, pieces in name.pieces.items()}
    worst = max(known, key=lambda env: known[env])
    if known[worst] <= longest:
        return None
    least = "at least " if UNKNOWN in name.pieces[worst] else ""
    where = f" in {worst}" if worst and len(set(known.values())) > 1 else ""
    what = f"it has {least}{known[worst]} characters{where}, AWS takes {longest}"
    if name.limit.is_prefix:
        return Trouble(what, "it is cut; what the provider puts behind it keeps names apart", _cut(name, longest, ""))
    reason = _why_not_to_cut(name, longest)
    if reason:
        return Trouble(what, reason, [])
    return Trouble(what, "it is cut", _cut(name, longest, name.limit.no_edge), Safety.UNSAFE)


def _cut(name: _Name, longest: int, edge: str) -> list[Edit]:
    if name.is_literal:
        text = name.literals[0].text[:longest]
        return [name.attribute.edit(name.literals[0], text.rstrip(edge) if edge else text)]
    ends = edge and any((_whole(p) or "")[:longest].endswith(edge) for p in name.pieces.values())
    if ends:
        return name.wrapped("trimsuffix(substr(", f", 0, {longest}), {quoted(edge)})")
    return name.wrapped("substr(", f", 0, {longest})")


def _why_not_to_cut(name: _Name, longest: int) -> str:
    """Why a name may not be cut; empty if it may."""
    wholes = {env: _whole(pieces) for env, pieces in name.pieces.items()}
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


_LOOKS: tuple[Callable[[_Name], Trouble | None], ...] = (
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
"""What is looked for, in this order: a name is mended step by step, one step a pass."""
