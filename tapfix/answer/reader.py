"""Reading an answer: which files are in the reply of a language model.

A reply is prose with fences in it. The name of the file in a fence is in a heading, in bold, in a comment, in the
fence's info string, in the sentence before it, or nowhere. There are drafts before the answer, several files in one
fence, shell commands and directory trees under an `hcl` label. `read_answer` decides, and its remarks say what it left
out and why: nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tapfix.answer.assembly import assemble, lines_of
from tapfix.answer.decode import MARK
from tapfix.answer.fences import Fence, divided, fences_of, note, with_final_newline
from tapfix.answer.files import DEFAULT_MAIN, DEFAULT_VALUES, Answer, Prose
from tapfix.answer.markdown import MARKDOWN_LABELS, markdown_blocks
from tapfix.answer.names import comment_text, name_from_comment, name_in_comment
from tapfix.answer.outline import BLOCK_LABELS, Outline, TextKind, is_answer, outline
from tapfix.errors import InputError

_CODE_LINE = (
    r"[ \t]*(?:(?:resource|data|variable|output|module|provider|check|ephemeral)[ \t]+\"|(?:terraform|locals)[ \t]*\{"
    r"|[A-Za-z_][\w-]*[ \t]*=[ \t]*\S|[}\])])"
)


def read_answer(
    text: str,
    *,
    main: str = DEFAULT_MAIN,
    environments: Sequence[str] = ("dev", "staging", "prod"),
    name: str = "the answer",
) -> Answer:
    """The files of the reply `text`. `main` is the path of the stack where the reply gives none.

    Raises InputError, which calls the reply `name`, if there is no HCL in it, and UnsafePathError if it names a file
    outside its folder.
    """
    text = text.removeprefix(MARK)
    if not is_answer(text):
        return _read_bare(text, main, name)
    blocks = markdown_blocks(text)
    fences, has_prose, remarks = fences_of(blocks)
    if not any(fence.kind is TextKind.STACK for fence in fences):
        # The whole reply may be in one fence.
        for fence in fences:
            if fence.label in MARKDOWN_LABELS and is_answer(fence.text):
                return _shifted(read_answer(fence.text, main=main, environments=environments, name=name), fence.line)
    answer = assemble(fences, main, environments, remarks)
    if not any(file.is_hcl for file in answer.files):
        raise InputError(f"no HCL in {name}")
    files = {file.line for file in answer.files}
    prose = (Prose(b.text, b.line, b.kind == "heading") for b in blocks if b.kind in ("heading", "paragraph"))
    return answer._replace(has_prose=has_prose or len(files) < len(fences), prose=tuple(prose))


def _shifted(answer: Answer, line: int) -> Answer:
    """The answer as part of a text in which its first line is `line`."""
    by = line - 1
    files = tuple(
        file._replace(line=file.line + by, spans=tuple((own, there + by) for own, there in file.spans))
        for file in answer.files
    )
    remarks = tuple(remark._replace(line=remark.line + by) for remark in answer.remarks)
    return Answer(files, remarks, True, tuple(part._replace(line=part.line + by) for part in answer.prose))


# --- replies without fences -------------------------------------------------------------------------------------------


def _read_bare(text: str, main: str, name: str) -> Answer:
    """The file of a reply without fences: HCL from end to end, or with prose around it."""
    content = outline(text)
    if content.kind not in (TextKind.STACK, TextKind.VALUES) or not content.statements:
        raise InputError(f"no HCL in {name}")
    first, last = _bare_limits(text, content)
    lines = lines_of(text)
    body = with_final_newline("".join(lines[first - 1 : last]))
    around = (("".join(lines[: first - 1]), 1), ("".join(lines[last:]), last + 1))
    prose = tuple(Prose(text, line) for text, line in around if text.strip())
    remarks = [note(first, "no-fence", "the answer has no fence; its HCL is taken as it is")]
    fence = Fence(body, first, True, "hcl", outline(body), "", False, name_from_comment(body))
    if fence.name is not None and not fence.name.is_hcl:
        fence = fence._replace(name=None)
    fences = list(divided(fence, remarks))
    answer = assemble(fences, main if content.kind is TextKind.STACK else DEFAULT_VALUES, (), remarks)
    if not any(file.is_hcl for file in answer.files):
        raise InputError(f"no HCL in {name}")
    return answer._replace(has_prose=bool(prose), prose=prose)


def _bare_limits(text: str, content: Outline) -> tuple[int, int]:
    """First and last line of the HCL: from the first block, with the comments that touch it, to the last one."""
    lines = text.split("\n")
    named = [line for line, comment in content.comments if name_in_comment(comment) is not None]
    code = [
        statement
        for statement in content.statements
        if (statement.is_block and statement.keyword in BLOCK_LABELS)
        or content.kind is TextKind.VALUES
        or (named and statement.first > named[0] and not statement.is_block)
    ]
    first = code[0].first
    while first > 1 and comment_text(lines[first - 2]) is not None:
        first -= 1
    if all(not line.strip() or comment_text(line) is not None for line in lines[: first - 1]):
        first = 1
    total = text.count("\n") + (0 if text.endswith("\n") else 1)
    if content.depth:
        return first, total
    start, last = code[-1].first, code[-1].last
    closing = next((at for at in range(last, start - 1, -1) if re.match(_CODE_LINE, lines[at - 1])), last)
    ends_in_prose = any(line.strip() and comment_text(line) is None for line in lines[closing:last])
    return first, closing if ends_in_prose or last < total else last
