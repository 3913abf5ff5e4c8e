"""A contract proposed from a prompt: each clause that the prompt states plainly, with the sentence that states it.

A proposal decides nothing. It is TOML for a person to edit, with the sentence in a comment above each clause. Only
words that can be read in one way lead to a clause. What a prompt merely implies is left out, and so is what a
negation, an exception, a condition or an example covers (`tapfix.contract.prompt.scopes`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tapfix.contract.clauses import Contract, clauses_of, tables_of

if TYPE_CHECKING:
    from tapfix.contract.kinds import ValueKind
    from tapfix.contract.prompt.sentences import Sentence

_NO_DEMAND: dict[tuple[str, str], Any] = {
    ("compute", "autoscaling"): False,
    ("compute", "ami_variable"): "",
}
"""Demands of the built-in contract that many prompts do not make, each with the value that turns it off."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A clause, and the sentences of the prompt that state it."""

    table: str
    key: str
    value: Any
    """In the form of TOML."""
    sources: tuple[tuple[int, str], ...] = ()
    """Line (from 1) and text of each sentence; empty if the prompt does not state the clause."""


def propose(prompt: str) -> tuple[Proposal, ...]:
    """The clauses that a prompt states, in the contract's order.

    Lists and tables of several sentences are united. Of other values that contradict each other, the first counts,
    except where a contradiction shows that no single value holds.
    """
    from tapfix.contract.prompt.sentences import sentences

    read = sentences(prompt)
    found: dict[str, Proposal] = {}
    disputed: set[str] = set()
    for name, value, sources in _statements(read):
        table, _, key = name.partition(".")
        proposal = Proposal(table, key, value, tuple((sentence.line, sentence.text) for sentence in sources))
        known = found.get(name)
        if known is not None and name in _ONE_VALUE and known.value != value:
            disputed.add(name)
        found[name] = proposal if known is None else _joined(known, proposal)
    kinds = {
        f"{table}.{key}": clause.kind
        for table, cls in tables_of(Contract).items()
        for key, clause in clauses_of(cls).items()
    }
    return tuple(
        found[name]
        for name, kind in kinds.items()
        if name in found and name not in disputed and _fits(kind, found[name])
    )


def _fits(kind: ValueKind, proposal: Proposal) -> bool:
    """Whether the contract accepts the value. A prompt can name what it does not, such as a path out of the folder."""
    try:
        kind.read(proposal.value)
    except ValueError:
        return False
    return True


_ONE_VALUE = frozenset({"lifecycle.destroyable", "data.log_retention_days", "compute.autoscaling", "deliverable.prose"})
"""Clauses that are left out if sentences contradict each other, since each is then about a part of the stack."""


def _statements(read: Sequence[Sentence]) -> Iterator[tuple[str, Any, tuple[Sentence, ...]]]:
    """Every clause that a sentence states, or that follows from all sentences together, with its sentences."""
    from tapfix.contract.prompt import deliverable, naming, stack, topology

    readers: tuple[tuple[tuple[str, ...], Callable[[Sentence], Iterator[tuple[str, Any]]]], ...] = (
        (("prose", "text", "comment", "expla", "only", "narrative"), deliverable.prose),
        (("modul",), deliverable.modules),
        (("provider",), deliverable.provider_block),
        (("terraform", "provider", "version"), deliverable.versions),
        (("variable", "output"), deliverable.declarations),
        (("dev", "prod", "stag", "test"), topology.environments),
        (("tfvars",), topology.tfvars),
        (("destroy", "retain", "retention", "torn", "tear", "deletion", "clean"), stack.destroyable),
        (("scaling", "asg", "ami"), stack.instances),
        (("wildcard", "wild-card", "0.0.0.0", "internet", "world", "only", "public"), stack.access),
        (("encrypt",), stack.encryption),
        (("retention", "retain", "keep", "kept"), stack.retention),
        (("postgres", "mysql", "mariadb", "redis"), stack.engines),
        (("aws_", "subnets", "nat gateways"), stack.resources),
        (("tag", "label"), naming.tags),
        (("suffix",), naming.suffix),
    )
    wants_prose = any("expla" in sentence.lower or "guide" in sentence.lower for sentence in read) and any(
        deliverable.wants_prose(sentence) for sentence in read
    )
    yield from deliverable.files(read)
    yield from topology.regions(read)
    for sentence in read:
        lower = sentence.lower
        for words, reader in readers:
            for word in words:
                if word in lower:
                    break
            else:
                continue
            for name, value in reader(sentence):
                if not (name == "deliverable.prose" and wants_prose):
                    yield name, value, (sentence,)


def unstated(proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Clauses that turn off the demands of the built-in contract that the prompt does not make."""
    stated = {(proposal.table, proposal.key) for proposal in proposals}
    return tuple(Proposal(*place, value) for place, value in _NO_DEMAND.items() if place not in stated)


def render(proposals: tuple[Proposal, ...], source: str) -> str:
    """A contract file for a person to edit. `source` names the prompt.

    The clauses that would turn off demands of the built-in contract are in comments: whether to drop such a demand is
    for the person to decide.
    """
    lines = [
        f"# Proposed from {' '.join(source.split())}: each clause that it states plainly, "
        "under the sentence that states it.",
        "# Read every clause before you use it. What is not here is as in the built-in contract.",
    ]
    order = list(tables_of(Contract))
    rows = [*proposals, *unstated(proposals)]
    table = ""
    for proposal in sorted(rows, key=lambda proposal: order.index(proposal.table)):
        if proposal.table != table:
            table = proposal.table
            lines += ["", f"[{table}]"]
        setting = f"{proposal.key} = {_toml(proposal.value)}"
        if proposal.sources:
            lines += [f"# line {line}: {_shortened(sentence)}" for line, sentence in proposal.sources]
            lines.append(setting)
        else:
            lines += ["# The prompt does not state this demand of the built-in contract. To drop it:", f"# {setting}"]
    return "\n".join(lines) + "\n"


def _joined(known: Proposal, further: Proposal) -> Proposal:
    """Two proposals for one clause as one: lists and tables are united, of other values the first one counts."""
    if isinstance(known.value, list):
        value: Any = list(dict.fromkeys([*known.value, *further.value]))
    elif isinstance(known.value, dict):
        value = {**further.value, **known.value}
    else:
        return known
    if value == known.value:
        return known
    return Proposal(known.table, known.key, value, known.sources + further.sources)


def _shortened(sentence: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in sentence)
    return plain if len(plain) <= 160 else f"{plain[:157]}..."


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in sorted(value.items())) + " }"
    return json.dumps(value, ensure_ascii=False)
