"""The fences of an answer, each with its name and its line. A fence with several files is divided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from tapfix.answer.files import Remark, RemarkKind
from tapfix.answer.markdown import MARKDOWN_LABELS, MarkdownBlock
from tapfix.answer.names import (
    HCL_LABELS,
    PLAIN_LABELS,
    FileName,
    exact_name,
    is_decoration,
    name_from_comment,
    name_from_info,
    name_in_comment,
    names_from_heading,
    names_from_paragraph,
    without_entities,
)
from tapfix.answer.outline import Outline, TextKind, outline

_TYPOGRAPHIC = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'))
_ENTITIES = {"&quot;": '"', "&#34;": '"', "&lt;": "<", "&gt;": ">", "&#39;": "'", "&apos;": "'", "&amp;": "&"}
_ENTITY = "|".join(_ENTITIES)
_ANSWER_HEADING = re.compile(r"[*_#\d. \t]*(?:final[ \t]+)?(?:answer|response)[ \t:*_]*$", re.IGNORECASE)
_REASONING_HEADING = (
    r"(?i)[*_# \t]*(?:reasoning(?:[ \t]+trace)?|thinking|thoughts?|chain[ \t]+of[ \t]+thought|scratchpad)[ \t:*_]*$"
)
_END_OF_REASONING = re.compile(r"</(?:think|thinking|reasoning|scratchpad)>\s*$", re.IGNORECASE)


class Fence(NamedTuple):
    """The content of a fence, or a part of it, on its way to becoming a file."""

    text: str
    line: int
    """The line of the answer that `text` starts on."""
    closed: bool
    label: str
    """The language that the fence's info string names, in lower case."""
    outline: Outline
    before: str
    """The headings above it and the text right before it, which may say what it is."""
    draft: bool
    """Whether it is in the model's reasoning, before the answer proper."""
    name: FileName | None = None

    @property
    def kind(self) -> TextKind:
        return TextKind.OTHER if self.label in MARKDOWN_LABELS else self.outline.kind


def counted(number: int, what: str) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def note(line: int, kind: RemarkKind, message: str) -> Remark:
    """What the reader decided about a line of the answer."""
    return Remark("note", message, line=line, kind=kind)


def with_final_newline(text: str) -> str:
    """The text, ended by a newline of the kind that its lines have. An empty text stays empty."""
    if not text or text.endswith("\n"):
        return text
    return text + ("\r\n" if "\r\n" in text else "\n")


def fences_of(found: Iterable[MarkdownBlock]) -> tuple[list[Fence], bool, list[Remark]]:
    """The fences, divided and named; whether there is anything else; and remarks."""
    found = list(found)
    answer_from = _answer_part(found)
    fences: list[Fence] = []
    remarks: list[Remark] = []
    before: list[MarkdownBlock] = []
    headings: list[MarkdownBlock] = []
    has_prose = False
    for index, block in enumerate(found):
        if block.kind != "fence":
            has_prose = True
            if index == answer_from:
                before = []
            before.append(block)
            if block.kind == "heading":
                headings = [above for above in headings if above.level < block.level] + [block]
            continue
        if not block.text.strip():
            continue
        if not block.closed:
            remarks.append(note(block.line, "unclosed", "the fence is never closed"))
        fence = _fence(block, before, headings, index < answer_from, remarks)
        fences.extend(divided(fence, remarks))
        before = []
    return fences, has_prose, remarks


def _answer_part(found: list[MarkdownBlock]) -> int:
    """The index of the block that the answer proper starts with.

    What is before it is reasoning, and the fences in it are drafts.
    """
    start = 0
    for index, block in enumerate(found):
        if block.kind not in ("heading", "paragraph"):
            continue
        if _END_OF_REASONING.search(block.text):
            start = index
        elif _ANSWER_HEADING.match(block.text):
            following = found[index + 1].kind if index + 1 < len(found) else "rule"
            reasoned = any(
                re.match(_REASONING_HEADING, other.text.split("\n", 1)[0])
                for other in found[:index]
                if other.kind != "fence"
            )
            if following == "rule" or (block.kind == "heading" and reasoned):
                start = index
    return start


def _fence(
    block: MarkdownBlock, before: list[MarkdownBlock], headings: list[MarkdownBlock], draft: bool, remarks: list[Remark]
) -> Fence:
    text = _decoded(with_final_newline(block.text), block, remarks)
    # Typographic quotes do not change what the text is meant to be. The rules replace them.
    content = outline(text.translate(_TYPOGRAPHIC))
    above = [heading for heading in headings if heading.level > 1 and heading not in before[-2:]]
    said = "\n".join(other.text for other in above + before[-2:])
    fence = Fence(text, block.line + 1, block.closed, block.label, content, said, draft)
    return fence._replace(name=_choose_name(block, fence, before, remarks))


def _decoded(text: str, block: MarkdownBlock, remarks: list[Remark]) -> str:
    """The text of a fence. If it went through HTML or a word processor and has no plain quote left, that is undone."""
    if '"' in text or block.label not in HCL_LABELS | PLAIN_LABELS:
        return text
    plain = text.translate(_TYPOGRAPHIC)
    if "&quot;" in plain or "&#34;" in plain:
        plain = re.sub(_ENTITY, lambda entity: _ENTITIES[entity[0]], plain)
    if plain != text:
        message = "the fence has no quotes but typographic ones or entities; they are decoded"
        remarks.append(note(block.line, "decoded", message))
    return plain


# --- names ------------------------------------------------------------------------------------------------------------


def _choose_name(
    block: MarkdownBlock, fence: Fence, before: list[MarkdownBlock], remarks: list[Remark]
) -> FileName | None:
    """The name of a fence. Its info string counts most, then its own first comment, then the text before it."""
    inside = name_from_info(without_entities(block.info)) or name_from_comment(fence.text)
    if inside is not None and not inside.fits(fence.label, fence.kind):
        inside = None
    outside = next((name for name in _names_before(before) if name.fits(fence.label, fence.kind)), None)
    if inside is None or outside is None or (not outside.exact and outside.by == "prose"):
        return inside or outside
    if outside.path.endswith("/" + inside.path):
        # A heading gives the folder as well: "## lib/main.tf" over "# main.tf".
        return outside
    if PurePosixPath(inside.path).name != PurePosixPath(outside.path).name:
        message = f"the text before the fence says {outside.path}, the fence says {inside.path}, which counts"
        remarks.append(note(fence.line, "disagreement", message))
    return inside


def _names_before(before: list[MarkdownBlock]) -> Iterator[FileName]:
    """The names that the text before a fence may give it, the nearest first."""
    if before and before[-1].kind == "paragraph":
        yield from _without_ambiguous(names_from_paragraph(before[-1].text))
    for block in reversed(before):
        if block.kind == "heading":
            names = names_from_heading(block.text)
            if len(names) == 1:
                yield names[0]
        elif block is not before[-1] and block.kind == "paragraph":
            name = exact_name(without_entities(block.text), "bold")
            if name is not None and name.exact:
                yield name


def _without_ambiguous(names: Iterable[FileName]) -> Iterator[FileName]:
    """The names, without those in a sentence that names several files with the same ending."""
    found = list(names)
    in_prose = {name.path for name in found if name.by == "prose" and not name.exact}
    endings = [path.rsplit(".", 1)[-1] for path in in_prose]
    for name in found:
        if name.by != "prose" or name.exact or endings.count(name.ending) == 1:
            yield name


# --- several files in one fence ---------------------------------------------------------------------------------------


def divided(fence: Fence, remarks: list[Remark]) -> Iterator[Fence]:
    """The parts of a fence that has several files, divided at the comments that name them; else the fence itself."""
    kinds = (TextKind.STACK, TextKind.VALUES, TextKind.COMMENTS)
    if fence.kind not in kinds or fence.label not in HCL_LABELS | PLAIN_LABELS:
        yield fence
        return
    lines = fence.text.splitlines(keepends=True) if "\r" not in fence.text.replace("\r\n", "") else []
    cuts = _cuts(fence, len(lines), remarks)
    if not cuts or not lines:
        yield fence
        return
    starts = [1, *(_banner_start(lines, number) for number, _ in cuts)]
    names = [fence.name, *(_beside(fence.name, name) for _, name in cuts)]
    remarks.append(note(fence.line, "divided", f"the fence holds {counted(len(starts), 'file')}"))
    for start, stop, name in zip(starts, [*starts[1:], len(lines) + 1], names, strict=True):
        text = with_final_newline("".join(lines[start - 1 : stop - 1]))
        is_last = stop == len(lines) + 1
        yield fence._replace(
            text=text,
            line=fence.line + start - 1,
            closed=fence.closed or not is_last,
            outline=outline(text),
            name=name,
        )


def _cuts(fence: Fence, total: int, remarks: list[Remark]) -> list[tuple[int, FileName]]:
    """The lines of the comments that start a further file of a fence, with the files' names.

    A name that only comments follow is not a file: a remark says so. `total` is the number of lines.
    """
    code_lines = [statement.first for statement in fence.outline.statements]
    named: list[tuple[int, FileName]] = []
    for number, comment in fence.outline.comments:
        name = name_in_comment(comment)
        if name is not None and (not code_lines or number >= code_lines[0] or named):
            named.append((number, name))
    cuts = []
    for (number, name), following in zip(named, [*(cut[0] for cut in named[1:]), total + 1], strict=False):
        if any(number < code < following for code in code_lines):
            cuts.append((number, name))
        else:
            message = f"{name.path} is in the answer as a comment only, not as a file"
            remarks.append(note(fence.line + number - 1, "commented", message))
    return cuts


def _banner_start(lines: list[str], number: int) -> int:
    """The line that the comment around a name starts on: a line such as `# =====` above it belongs to it."""
    return number - 1 if number > 1 and is_decoration(lines[number - 2]) else number


def _beside(neighbour: FileName | None, name: FileName) -> FileName:
    """The name, in the folder of the file that starts the same fence."""
    if neighbour is None or "/" in name.path or "/" not in neighbour.path:
        return name
    return name._replace(path=f"{neighbour.path.rsplit('/', 1)[0]}/{name.path}")
