"""Instances that are written out one by one and differ only in their numbers: one block with `count` instead.

`web_1` and `web_2` behind one target group are copies that are written out. They may differ by a number in tags and
scripts, and in the subnet; all else has to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, File, Module

from .bodies import comments_in
from .copies import Unscalable, natural_cut

_SPREAD = frozenset({"availability_zone", "subnet_id"})
"""Where a copy runs: a list replaces the single values."""

_NUMBERED = frozenset({"tags", "user_data", "volume_tags"})
"""Arguments that may contain a copy's number."""


_NUMBER = re.compile(r"(?:[_-](?:[a-f]|one|two|three|first|second|third)|[_-]?\d+)$")


class Merger(NamedTuple):
    """One block for all copies: its label, and the edits that replace the copies by it."""

    label: str
    edits: tuple[Edit, ...]


def stem(label: str) -> str:
    """A label without the number at its end; empty if it has none."""
    return label[: found.start()] if (found := _NUMBER.search(label)) is not None else ""


def merged(module: Module, twins: Sequence[Block]) -> Merger:
    """One counted block in place of single ones. Raises `Unscalable` if they differ in more than their numbers."""
    first, *others = twins
    label = _label(module, twins)
    names = ", ".join(t.address for t in twins)
    changes = sorted(_changes(twins, names))
    text = first.text()
    for edit in reversed(changes):
        at = edit.start - first.start
        text = text[:at] + edit.text + text[at + edit.end - edit.start :]
    head = first.text(first.label_nodes[-1])
    text = text.replace(head, f'"{label}"', 1) if first.labels[0] != first.name else text
    brace = text.index("{") + 1
    text = f"{text[:brace]}\n  count = {len(twins)}{text[brace:]}"
    expected = sum("count.index" in e.text for e in changes)
    written = File("merged.tf", f"{text}\n").blocks
    if len(written) != 1 or sum(r.address == "count.index" for r in written[0].references) != expected:
        raise Unscalable(f"{names} differ in a number that is not part of a text")
    edits = [
        *_heading(twins),
        first.edit(None, _own_comments(twins) + text),
        *(other.remove() for other in others),
    ]
    for number, twin in enumerate(twins):
        for reference in module.references_to(twin.address):
            if reference.block is not None and reference.block.address != twin.address:
                depends = reference.holder is not None and reference.holder.name == "depends_on"
                edits.append(reference.edit(f"aws_instance.{label}" if depends else f"aws_instance.{label}[{number}]"))
    return Merger(label, tuple(edits))


def _label(module: Module, twins: Sequence[Block]) -> str:
    """What the labels have in common: `web` for `web_1` and `web_2`."""
    stems = {stem(t.name) for t in twins}
    common = stems.pop() if len(stems) == 1 else ""
    return common if common and module.find(f"aws_instance.{common}") is None else twins[0].name


def _heading(twins: Sequence[Block]) -> Iterator[Edit]:
    """The edits of the comment above the first that remove the number that distinguishes it from the others."""
    first = twins[0]
    parts = [re.split(r"(\d+)", t.leading_comment) for t in twins]
    if len({tuple(p[::2]) for p in parts}) != 1:
        return
    at = first.comment_start
    for i, number in enumerate(parts[0]):
        if i % 2 and len({p[i] for p in parts}) > 1:
            before, after = parts[0][i - 1].rpartition("\n")[2], parts[0][i + 1].partition("\n")[0]
            cut = natural_cut(before, after, at_start=False)
            if cut is not None:
                yield Edit(first.file.path, at - cut[0], at + len(number) + cut[1], "")
        at += len(number)


def _own_comments(twins: Sequence[Block]) -> str:
    """The comments of the others that the first does not have, whatever the numbers in them."""
    first, *others = twins
    seen = {_numberless(line) for line in [*first.leading_comment.splitlines(), *comments_in(first.node)]}
    lines: list[str] = []
    for other in others:
        for line in [*other.leading_comment.splitlines(), *comments_in(other.node)]:
            if _numberless(line) not in seen:
                seen.add(_numberless(line))
                lines.append("\n".join(part.strip() for part in line.splitlines()))
    return "".join(f"{line}\n" for line in lines)


def _numberless(text: str) -> str:
    return " ".join(re.sub(r"\d+", "0", text).split())


def _changes(twins: Sequence[Block], names: str) -> Iterator[Edit]:
    """The edits of the first block that make it one for all copies."""
    first, *others = twins
    if any(list(t.attributes) != list(first.attributes) for t in others) and any(
        set(t.attributes) != set(first.attributes) for t in others
    ):
        raise Unscalable(f"{names} do not set the same arguments, and a group holds copies of one template")
    for name, attribute in first.attributes.items():
        values = [t.attributes[name].value for t in twins]
        if len({_plain(v) for v in values}) == 1:
            continue
        if name in _SPREAD:
            yield attribute.replace(f"[{', '.join(values)}][count.index]")
        elif name in _NUMBERED:
            yield from _numbered(attribute, values, names)
        else:
            raise Unscalable(f"{names} differ in `{name}`, and a group holds copies of one template")
    if any(len(t.blocks) != len(first.blocks) for t in others):
        raise Unscalable(f"{names} do not have the same blocks, and a group holds copies of one template")
    for blocks in zip(*(t.blocks for t in twins), strict=True):
        texts = [b.text() for b in blocks]
        if len({_plain(t) for t in texts}) == 1:
            continue
        tags = [b.get("tags") for b in blocks]
        bare = {_plain(t.replace(a.text(), "") if a is not None else t) for t, a in zip(texts, tags, strict=True)}
        if len(bare) > 1 or tags[0] is None:
            raise Unscalable(f"{names} differ in a `{blocks[0].type}` block, and a group holds copies of one template")
        yield from _numbered(tags[0], [a.value for a in tags if a is not None], names)


def _numbered(attribute: Attribute, values: Sequence[str], names: str) -> Iterator[Edit]:
    """The edits that put `count.index` in place of the copy's number, where that is the only difference."""
    parts = [re.split(r"(\d+)", value) for value in values]
    if len({tuple(p[::2]) for p in parts}) != 1:
        raise Unscalable(f"{names} differ in `{attribute.name}`, and a group holds copies of one template")
    at = attribute.span(attribute.expr).start
    for i, part in enumerate(parts[0]):
        numbers = [p[i] for p in parts]
        if i % 2 and len(set(numbers)) > 1:
            start = int(numbers[0])
            if start > 1 or [int(n) for n in numbers] != list(range(start, start + len(numbers))):
                raise Unscalable(f"{names} differ in `{attribute.name}`, and a group holds copies of one template")
            index = f"${{count.index + {start}}}" if start else "${count.index}"
            yield Edit(attribute.file.path, at, at + len(part), index)
        at += len(part)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(?m)(?:^|\s)(?:#(?!!)|//)[^\n\"]*$", "", text)).strip()
