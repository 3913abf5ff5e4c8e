"""A block that the answer ends in the middle of: what is known of it, and what becomes of it.

The regular expressions read text that does not parse: the last words of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from tapfix.module import Block, Element, File, Module
from tapfix.module.nodes import body_elements
from tapfix.schema import Schema, TypeSchema

from .completions import Target, attribute_for, is_repeated
from .missing import does_nothing_alone, has_substance, is_named, missing_in

SAYS_ONLY = frozenset({"tags", "description", "alarm_description", "comment"})
"""Arguments that only describe a resource: it does the same without."""

SAYS_ONLY_OF_A_VARIABLE = frozenset({"type", "description", "validation", "nullable"})
"""Arguments that a variable takes the same values without; a default is not one of them."""

_MAX_LINES = 300
"""A block that was cut off is searched for its last finished line over this many lines."""

_HEAD_ONLY = r'\s*[a-z]+(\s+"[\w-]*"?){0,2}\s*'
"""The head of a block without its brace."""

_ARGUMENT = r"([\w-]+)[ \t]*=[ \t]*(\S+)"
_TRAVERSAL = r"((?:data\.)?[A-Za-z][\w-]*\.[\w-]+)\.([\w-]*)"

_INTERPOLATION = r"\$\{[^{}]*\}"
"""A simple interpolation: its brace closes nothing of the block's."""

_ADDRESSED = frozenset({"resource", "data", "output", "variable", "module"})
"""The blocks that other blocks refer to."""


class Verdict(Enum):
    """What becomes of a block that was cut off."""

    CLOSE = "closed after its last finished argument"
    REMOVE = "removed"
    COMPLETE = "its last argument completed, and closed"
    REFUSE = "left to a person"


class CutOff(NamedTuple):
    """What is known of a block that was cut off."""

    head: Block
    """The block without its body."""
    finished: str | None
    """Its lines up to the last one after which it could be closed; None if there is none."""
    rest: str
    """What follows these lines: the beginning of an argument."""
    tail: Tail | None
    """How the last value must go on, if only one value is possible."""
    missing: tuple[str, ...]
    """What the block would lack if it were closed."""
    is_complete: bool
    """Whether it would be a whole block if it were closed."""
    is_referred: bool
    """Whether another block refers to it."""
    is_idle: bool
    """Whether it does nothing unless another block refers to it."""
    has_substance: bool
    """Whether it says more than its name and what it belongs to."""

    @property
    def argument(self) -> str:
        """The name of the argument that was cut off; empty if none was begun."""
        begun = re.match(r"[\w-]+", self.rest)
        return begun.group() if begun is not None else ""

    @property
    def is_spared(self) -> bool:
        """Whether the block does the same without the argument that was cut off."""
        if self.head.type == "variable" and self.is_referred:
            return self.argument in SAYS_ONLY_OF_A_VARIABLE
        return self.argument in SAYS_ONLY


_VERDICTS: tuple[tuple[Verdict, Callable[[CutOff], bool]], ...] = (
    (Verdict.CLOSE, lambda cut: cut.is_complete and (not cut.rest or cut.is_spared)),
    (Verdict.REMOVE, lambda cut: cut.is_idle and not cut.is_referred and not cut.has_substance),
    (Verdict.COMPLETE, lambda cut: cut.is_complete and cut.tail is not None),
    (Verdict.REFUSE, lambda cut: True),
)
"""The verdicts and when they hold; the first that holds is the block's."""


def verdict(cut: CutOff) -> Verdict:
    """What becomes of a block that was cut off."""
    return next(found for found, holds in _VERDICTS if holds(cut))


def is_head_only(broken: Element) -> bool:
    """Whether the answer ends in the head of a block, before its brace."""
    return re.fullmatch(_HEAD_ONLY, broken.text()) is not None


def cut_off(module: Module, broken: Element, schema: Schema) -> CutOff | None:
    """What is known of a block that the answer ends in; None for other text that does not parse."""
    text = broken.text()
    head = _head(text)
    if head is None or text.rstrip().endswith("\n}") or text.count("\n") > _MAX_LINES:
        return None
    known = schema.of(head.type, head.labels[0])
    finished = _finished(text)
    rest = text[len(finished) if finished is not None else text.index("{") + 1 :].strip()
    tail = _tail_completed(module, head, rest, known, schema) if finished is not None else None
    whole = text.rstrip().removesuffix(tail.written) + tail.meant if tail is not None else finished
    block = _closed(whole) if whole is not None else None
    missing = _missing(block, known) if block is not None else ()
    is_known = known is not None or head.type in ("output", "variable")
    return CutOff(
        head=head,
        finished=finished,
        rest=rest,
        tail=tail,
        missing=missing,
        is_complete=block is not None and is_known and not missing,
        is_referred=is_named(module, head.address, broken),
        is_idle=head.type in ("data", "output", "variable")
        or (head.type == "resource" and does_nothing_alone(head.labels[0])),
        has_substance=(block is not None and has_substance(block)) or "}" in re.sub(_INTERPOLATION, "", rest),
    )


def _missing(block: Block, known: TypeSchema | None) -> tuple[str, ...]:
    if block.type == "output" and block.get("value") is None:
        return ("value",)
    return tuple(part.name for part in missing_in(block, known)) if known is not None else ()


def _head(text: str) -> Block | None:
    """The block that the head of a text makes, without a body; None if nothing could refer to it."""
    head, brace, _ = text.partition("{")
    block = _closed(head + brace) if brace else None
    return block if block is not None and block.labels and block.type in _ADDRESSED else None


def _closed(text: str) -> Block | None:
    """The block that a text makes if a brace closes it."""
    file = File("cut.tf", f"{text.rstrip()}\n}}\n")
    if file.broken or len(file.blocks) != 1 or file.tree.diagnostics:
        return None
    return file.blocks[0]


def _finished(text: str) -> str | None:
    """The lines of a block up to the last one after which it could be closed; None if there is none."""
    lines = text.splitlines(keepends=True)
    for count in range(len(lines), 0, -1):
        candidate = "".join(lines[:count])
        block = _closed(candidate)
        if block is not None and (candidate.rstrip() != text.rstrip() or _ends_surely(block)):
            return candidate
    return None


def _ends_surely(block: Block) -> bool:
    """Whether the last word of a block is whole: a name or a number may have gone on."""
    elements = body_elements(block.body)
    if not elements or elements[-1].kind == "block":
        return True
    *_, last = elements[-1].leaves()
    return last.kind not in ("Identifier", "NumberLit") or last.text in ("true", "false", "null")


# --- a last value with one possible end -------------------------------------------------------------------------------


class Tail(NamedTuple):
    """The written part of a value that was cut off, and the value that it must be."""

    written: str
    meant: str


def _tail_completed(module: Module, head: Block, rest: str, known: TypeSchema | None, schema: Schema) -> Tail | None:
    """How the argument that was cut off must go on, by the schema; None if several ends are possible.

    That is a traversal without the last attribute (`vpc_id = aws_vpc.main.`), and `true` or `false`.
    """
    last = re.fullmatch(_ARGUMENT, rest)
    wanted = known.attributes.get(last[1]) if last is not None and known is not None else None
    if last is None or wanted is None:
        return None
    argument, written = last.groups()
    meant = None
    if wanted.type == "bool":
        meant = next((word for word in ("true", "false") if word.startswith(written)), None)
    elif wanted.type == "string":
        meant = _attribute_completed(module, head.labels[0], argument, written, schema)
    return Tail(written, meant) if meant is not None else None


def _attribute_completed(module: Module, type: str, argument: str, text: str, schema: Schema) -> str | None:
    """A traversal that was cut off after a resource's address, with the attribute that the argument takes."""
    traversal = re.fullmatch(_TRAVERSAL, text)
    target = module.find(traversal[1]) if traversal is not None else None
    if traversal is None or not isinstance(target, Block) or len(target.labels) != 2 or is_repeated(target):
        return None
    known = schema.of(target.type, target.labels[0])
    name = attribute_for(type, argument, Target(target, known, False)) if known is not None else None
    if known is None or name is None or name not in known.attributes or not name.startswith(traversal[2]):
        return None
    return f"{traversal[1]}.{name}" if known.attributes[name].type == "string" else None
