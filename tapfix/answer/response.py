"""Answers in, answers out: which files a language model's reply holds, and a reply made of files.

A reply is prose with fences in it, and the file that a fence holds is named in a heading, in bold, in a comment, in
the fence's info string, in the sentence before it, or nowhere. Drafts stand before the answer, several files in one
fence, shell and directory trees under an ``hcl`` label. :func:`read_answer` decides, and says in its notes what it
left out and why: nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from tapfix.answer.markdown import MARKDOWN_LABELS, Block, blocks
from tapfix.answer.outline import BLOCK_LABELS, Kind, Outline, Statement, heredoc_end, outline
from tapfix.errors import InputError, TapfixError

NamedBy = Literal["heading", "bold", "code", "info", "comment", "prose", "default"]

DEFAULT_MAIN = "tap_stack.tf"
DEFAULT_VALUES = "terraform.tfvars"

HCL_LABELS = frozenset({"hcl", "hcl2", "terraform", "tf", "tfvars", "opentofu", "tofu"})
PLAIN_LABELS = frozenset({"", "text", "txt", "plain", "plaintext", "code", "none"})
_LABELS_OF_ENDING = {
    "sh": {"bash", "sh", "shell", "zsh", "console"},
    "bash": {"bash", "sh", "shell"},
    "ps1": {"powershell", "ps1", "pwsh"},
    "py": {"python", "py", "python3"},
    "js": {"javascript", "js", "node", "nodejs"},
    "mjs": {"javascript", "js", "mjs"},
    "ts": {"typescript", "ts"},
    "json": {"json", "jsonc", "json5"},
    "yaml": {"yaml", "yml"},
    "yml": {"yaml", "yml"},
    "toml": {"toml", "ini"},
    "md": {"markdown", "md"},
    "csv": {"csv"},
    "go": {"go", "golang"},
    "rb": {"ruby", "rb"},
    "html": {"html"},
    "sql": {"sql"},
    "xml": {"xml"},
    "conf": {"conf", "nginx", "apache", "ini"},
    "cfg": {"cfg", "ini"},
    "ini": {"ini"},
    "env": {"env", "dotenv", "bash", "sh", "ini"},
}
"""Fence labels that a file of some ending may stand under; an ending that is not here may stand under any."""
_LABEL_OF_ENDING = {
    "tf": "hcl",
    "tfvars": "hcl",
    "hcl": "hcl",
    "sh": "bash",
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "yml": "yaml",
    "md": "markdown",
}

_ENDINGS = (
    "tfvars|tf|hcl|tftpl|tpl|tmpl|template|sh|bash|ps1|py|mjs|js|ts|jsonc|json|yaml|yml|toml|md|csv|go|rb|html|sql"
    "|xml|conf|cfg|ini|env|txt|service|example|sample"
)
_SEGMENT = r"[\w.-]"
_PATH = re.compile(
    rf"(?<![\w./\\~:*<>{{}}$@%-])((?:[A-Za-z]:[\\/]|~?[\\/])?(?:{_SEGMENT}+[\\/])*"
    rf"(?:{_SEGMENT}*\w\.(?:{_ENDINGS})|\.(?:gitignore|env|tflint\.hcl|terraform\.lock\.hcl)|Dockerfile|Makefile))"
    r"(?![\w/\\*<{-]|\.\w)",
    re.ASCII,
)
_OUTSIDE = re.compile(
    rf"(?:[A-Za-z]:[\\/]+|~?[\\/]{{1,4}}|(?:{_SEGMENT}+[\\/]+)*\.\.[\\/]+)(?:{_SEGMENT}+[\\/]+)*{_SEGMENT}+", re.ASCII
)
"""A path that leaves its folder; it needs no ending to be taken for one."""
_PREFIX = re.compile(r"(?:file(?:[ \t]*name|[ \t]*path)?|path)(?:[ \t]*\d+)?[ \t]*[:=][ \t]*", re.IGNORECASE)
_AFTER_NAME = r"[ \t]*(?:$|[-\u2013\u2014:|,(][ \t]*\S?|\*\*)"
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*|__([^_\n][^\n]*?)__")
_CODE = re.compile(r"`+([^`\n]+)`+")
_INFO_VALUE = re.compile(
    r"(?:title|file|filename|file_name|path|name)[ \t]*=[ \t]*[\"']?([^\"'}]+?)[\"']?(?:[ \t},]|$)"
)
_COMMENT_MARKS = re.compile(r"^[ \t]*(?:\#+|//+|/\*+|\*+/?|<!--|;+|--)?|(?:\*/|-->)[ \t]*$")
_DECORATION = "#=*~-+|[](){}`'\" \t\r"
_TYPOGRAPHIC = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'))
_ENTITIES = {"&quot;": '"', "&#34;": '"', "&lt;": "<", "&gt;": ">", "&#39;": "'", "&apos;": "'", "&amp;": "&"}
_ENTITY = "|".join(_ENTITIES)
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_FENCE_OR_SHELTER = re.compile(
    r"(?P<fence>^[ \t>\u200b\u200c\u200d\u2060\ufeff]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(?:```|~~~))|(?P<comment>^[ \t]*/\*)"
    r"|(?P<heredoc><<[-~]?[ \t]*['\"]?(?P<word>[A-Za-z_]\w*)['\"]?[^\n]*\n)",
    re.MULTILINE,
)

_ANSWER_HEADING = re.compile(r"[*_#\d. \t]*(?:final[ \t]+)?(?:answer|response)[ \t:*_]*$", re.IGNORECASE)
_REASONING_HEADING = (
    r"(?i)[*_# \t]*(?:reasoning(?:[ \t]+trace)?|thinking|thoughts?|chain[ \t]+of[ \t]+thought|scratchpad)[ \t:*_]*$"
)
_END_OF_REASONING = re.compile(r"</(?:think|thinking|reasoning|scratchpad)>\s*$", re.IGNORECASE)
_ADDITION = r"(?i)\b(?:add|append|insert|include|put)\b[^.\n]*\b(?:to|at|into|in)\b|\bat the end\b|\bcontinu(?:ed|ation)\b|\bpart \d"
_EXAMPLE = (
    r"(?i)\b(?:usage|example|optional(?:ly)?|alternative(?:ly)?|instead|snippet|e\.g\.|for instance|troubleshoot\w*"
    r"|before|previously|not to do|wrong|incorrect|consider|suggest\w*|improve\w*|enhance\w*)\b"
)
_CHANGE = (
    r"(?i)\b(?:updat\w+|replac\w+|chang\w+|modif\w+|fix\w*|correct\w*|mend\w*|amend\w*|adjust\w*|revis\w+|rewrit\w+)\b"
)
_ADVICE = re.compile(r"\b(?:consider|could|would|should|might|instead|rather than)\b", re.IGNORECASE)


class UnsafePathError(TapfixError):
    """An answer names a file outside the folder that its files would be written to. `line` is the answer's."""

    def __init__(self, path: str, reason: str, line: int, name: str = "the answer") -> None:
        super().__init__(f"{name}:{line}:1: unsafe path {path!r}: {reason}; name a file below the folder")
        self.path, self.reason, self.line, self.name = path, reason, line, name

    def __reduce__(self) -> tuple[type[UnsafePathError], tuple[str, str, int, str]]:
        return type(self), (self.path, self.reason, self.line, self.name)

    def of(self, name: str) -> UnsafePathError:
        """The same of an answer that has a name."""
        return UnsafePathError(self.path, self.reason, self.line, name)


class Note(NamedTuple):
    """Something the reader decided, with the line of the answer it is about."""

    line: int
    kind: Literal[
        "added", "commented", "decoded", "disagreement", "divided", "draft", "duplicate", "example", "fragment", "joined",
        "no-fence", "other", "skipped", "unclosed",
    ]  # fmt: skip
    message: str


class AnswerFile(NamedTuple):
    """One file of an answer.

    ``spans`` says where its lines came from, for a file put together from several fences: pairs of a line of the
    file and the line of the answer it stood on, both 1-based; ``answer_line`` reads it.
    """

    path: str
    text: str
    line: int
    closed: bool
    named_by: NamedBy
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def is_hcl(self) -> bool:
        """Whether Terraform reads the file, as configuration or as values."""
        return self.path.endswith((".tf", ".tfvars"))

    @property
    def last_line(self) -> int:
        """The line of the answer that the file's last line stood on."""
        return self.answer_line(max(1, self.text.count("\n")))

    def answer_line(self, line: int) -> int:
        """The line of the answer that a line of the file stood on."""
        start, origin = 1, self.line
        for candidate, answer in self.spans:
            if candidate > line:
                break
            start, origin = candidate, answer
        return origin + line - start


class Answer(NamedTuple):
    """What a reply holds."""

    files: tuple[AnswerFile, ...]
    notes: tuple[Note, ...] = ()
    has_prose: bool = False

    @property
    def root(self) -> str:
        """The folder of the root module, relative to the answer's own: ``""``, or ``"lib"`` for ``lib/main.tf``."""
        folders = [PurePosixPath(file.path).parent for file in self.files if file.path.endswith(".tf")]
        if not folders:
            return ""
        shallowest = min(folders, key=lambda folder: (len(folder.parts), folder.as_posix()))
        inside = all(folder == shallowest or shallowest in folder.parents for folder in folders)
        return "" if not inside or shallowest == PurePosixPath() else shallowest.as_posix()

    def file(self, path: str) -> AnswerFile | None:
        """The file of that path."""
        return next((file for file in self.files if file.path == path), None)


# --- bytes and text ---------------------------------------------------------------------------------------------------


def decode(data: bytes, name: str = "input") -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((encoding for mark, encoding in marks.items() if data.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in data:
        raise InputError(f"{name} is a binary file: byte {data.index(0)} is NUL")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not {encoding.upper().removesuffix('-SIG')} text: byte {error.start}") from None
    if "\0" in text:
        raise InputError(f"{name} is a binary file: character {text.index(chr(0))} is NUL")
    return text


def is_answer(text: str) -> bool:
    """Whether ``text`` is a reply with fences, and not HCL.

    A fence inside a heredoc or a block comment does not count: a Terraform file may well hold Markdown, for a
    dashboard's widget or a README that it writes.
    """
    if "```" not in text and "~~~" not in text:
        return False
    position = 0
    unending = False
    while found := _FENCE_OR_SHELTER.search(text, position):
        if found.lastgroup == "fence":
            return True
        position = found.end()
        if found.lastgroup == "comment":
            closing = text.find("*/", position)
            position = len(text) if closing < 0 else closing + 2
        else:
            end = None if unending else heredoc_end(text, found["word"], position)
            unending = end is None
            position = end or position
    return False


def safe_path(path: str, line: int) -> str:
    """``path`` in its normal form, or :class:`UnsafePathError` if it would leave the folder it is written to."""
    plain = path.replace("\\", "/").strip()
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    reason = ""
    if "\0" in plain or any(ord(character) < 32 for character in plain):
        reason = "it holds a control character"
    elif plain.startswith(("/", "~")) or re.match(r"[A-Za-z]:", plain):
        reason = "it is absolute"
    elif ".." in parts:
        reason = "it leads out of the folder"
    elif any(part.lower() == ".git" for part in parts):
        reason = "it is inside a Git folder"
    elif not parts or any(len(part) > 255 for part in parts):
        reason = "it is no file name"
    if reason:
        raise UnsafePathError(path, reason, line)
    return "/".join(parts)


# --- names ------------------------------------------------------------------------------------------------------------


class _Name(NamedTuple):
    """A name that some text gives to a fence; ``exact`` where the text says nothing else."""

    path: str
    by: NamedBy
    exact: bool = False

    @property
    def ending(self) -> str:
        return self.path.rsplit(".", 1)[-1].lower()

    @property
    def is_hcl(self) -> bool:
        return self.ending in ("tf", "tfvars")

    def fits(self, label: str, kind: Kind) -> bool:
        """Whether a fence of that label and content may be the file."""
        if self.is_hcl:
            if kind is Kind.STACK or kind is Kind.VALUES:
                return label in HCL_LABELS or label in PLAIN_LABELS or self.exact
            if kind is Kind.COMMENTS:
                return label in HCL_LABELS
            return self.exact and label in HCL_LABELS and kind in (Kind.FRAGMENT, Kind.OTHER)
        if kind is Kind.TREE and (label in HCL_LABELS or label in PLAIN_LABELS):
            return False
        allowed = _LABELS_OF_ENDING.get(self.ending)
        return allowed is None or label in allowed or label in PLAIN_LABELS or (self.exact and label not in HCL_LABELS)


def _clean(text: str) -> str:
    from html import unescape

    text = text.translate(_ZERO_WIDTH)
    return unescape(text) if "&" in text else text


def _exact_name(text: str, by: NamedBy) -> _Name | None:
    """The name that ``text`` is, but for decoration, a word such as ``File:`` and a description after it."""
    text = text.replace("**", "").strip(_DECORATION)
    prefix = _PREFIX.match(text)
    if prefix:
        text = text[prefix.end() :].lstrip(_DECORATION)
    outside = _OUTSIDE.match(text)
    match = outside or _PATH.match(text)
    if match is None:
        return None
    rest = text[match.end() :].lstrip("`*'\"")
    if rest and not re.match(_AFTER_NAME, rest):
        return None
    if outside and rest.strip(_DECORATION + ":"):
        return None
    return _Name(match[0], by, exact=not rest or prefix is not None)


def _names_in(text: str, by: NamedBy) -> list[_Name]:
    return [_Name(path, by) for path in dict.fromkeys(_PATH.findall(text.replace("**", "")))]


def _name_from_info(info: str) -> _Name | None:
    value = _INFO_VALUE.search(info)
    if value:
        return _exact_name(value[1], "info")
    first, _, rest = info.strip("{} ").partition(" ")
    language, colon, path = first.partition(":")
    if colon and path and language.isalnum() and len(language) > 1:
        return _exact_name(path, "info")
    return _exact_name(rest, "info") or (_exact_name(first, "info") if "." in first or "/" in first else None)


def _comment_text(line: str) -> str | None:
    """What a comment line says; ``None`` if the line is no comment."""
    line = line.strip().translate(_ZERO_WIDTH)
    if not line.startswith(("#", "//", "/*", "*", "<!--", ";", "--")) or line.startswith("#!"):
        return None
    return _COMMENT_MARKS.sub("", line).strip()


def _name_from_comment(text: str) -> _Name | None:
    """The name in the first comment of a file; a line of decoration or a shebang may stand before it."""
    for line in text.split("\n", 8)[:8]:
        if not line.strip() or line.startswith("#!"):
            continue
        said = _comment_text(line)
        if said is None:
            return None
        if said.strip(_DECORATION):
            return _exact_name(said, "comment")
    return None


def _names_from_paragraph(text: str) -> Iterator[_Name]:
    """The names in the paragraph before a fence, the most telling first."""
    lines = [line.strip() for line in _clean(text).splitlines() if line.strip()]
    if not lines:
        return
    last = lines[-1]
    bold = [found for match in _BOLD.finditer(last) for found in _names_in(match[1] or match[2] or "", "bold")]
    if (name := _exact_name(last, "bold" if bold else "code" if "`" in last else "prose")) is not None:
        yield name
    if len(bold) == 1:
        yield bold[0]
    code = [found for match in _CODE.finditer(last) for found in _names_in(match[1], "code")]
    if len(code) == 1 and len(last.split()) <= 6:
        yield code[0]
    if not _ADVICE.search(last):
        yield from _names_in(" ".join(lines), "prose")


# --- pieces -----------------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """A fence, or a part of one, on its way to a file."""

    text: str
    line: int
    closed: bool
    label: str
    outline: Outline
    before: str
    """The headings it stands under and the text right before it: what they say about it."""
    draft: bool
    name: _Name | None = None

    @property
    def kind(self) -> Kind:
        return Kind.OTHER if self.label in MARKDOWN_LABELS else self.outline.kind


class _Assembly:
    """The files as they are found, in order, and the notes."""

    def __init__(self, main: str, notes: list[Note]) -> None:
        self.main = main
        self.notes = notes
        self.files: dict[str, AnswerFile] = {}
        self.outlines: dict[str, Outline] = {}

    def note(self, line: int, kind: str, message: str) -> None:
        self.notes.append(Note(line, kind, message))  # type: ignore[arg-type]

    # -- putting a piece where it belongs

    def place(self, piece: _Piece, path: str, named_by: NamedBy) -> None:
        """Make ``piece`` the file ``path``, or what it means for the version that is there."""
        old = self.files.get(path)
        if old is None:
            self.put(AnswerFile(path, piece.text, piece.line, piece.closed, named_by), piece.outline)
            return
        if old.text == piece.text:
            self.note(piece.line, "duplicate", f"{path} stands in the answer twice, with the same text")
            return
        known, new = self.outlines[path], piece.outline
        both = known.addresses & new.addresses
        if not old.is_hcl or new.kind is Kind.VALUES or not known.addresses:
            self.supersede(old, piece, named_by)
        elif new.kind is not Kind.STACK:
            self.note(piece.line, "fragment", f"a fragment of {path}, which is no file by itself")
        elif re.search(_ADDITION, piece.before) or not both:
            self.append(old, piece)
        elif 2 * len(both) >= len(known.addresses):
            self.supersede(old, piece, named_by)
        elif re.search(_CHANGE, piece.before):
            self.patch(old, piece)
        else:
            self.note(
                piece.line,
                "fragment",
                f"another version of {_count(len(both), 'block')} of {path}: "
                f"{', '.join(sorted(both)[:3])}; the whole file before it counts",
            )

    def put(self, file: AnswerFile, content: Outline) -> None:
        self.files[file.path] = file
        self.outlines[file.path] = content

    def supersede(self, old: AnswerFile, piece: _Piece, named_by: NamedBy) -> None:
        self.note(old.line, "draft", f"an earlier version of {old.path}; the one on line {piece.line} counts")
        del self.files[old.path]
        self.put(AnswerFile(old.path, piece.text, piece.line, piece.closed, named_by), piece.outline)

    def append(self, old: AnswerFile, piece: _Piece) -> None:
        """Put ``piece`` behind the file, after an empty line."""
        ending = "\r\n" if old.text.endswith("\r\n") else "\n"
        text = old.text + ending
        spans = old.spans or ((1, old.line),)
        spans += ((text.count("\n") + 1, piece.line),)
        joined = old._replace(text=text + piece.text, spans=spans, closed=old.closed and piece.closed)
        self.note(piece.line, "joined", f"a further part of {old.path}, put at its end")
        self.put(joined, outline(joined.text))

    def patch(self, old: AnswerFile, piece: _Piece) -> None:
        """Put the blocks of ``piece`` in the place of those that they change; further ones go to the file's end."""
        lines = [(line, old.answer_line(number)) for number, line in enumerate(_lines(old.text), 1)]
        fresh = [(line, piece.line + number) for number, line in enumerate(_lines(piece.text))]
        known = {block.address: block for block in self.outlines[old.path].statements if block.address}
        replaced: dict[int, tuple[int, list[tuple[str, int]]]] = {}
        added: list[tuple[str, int]] = []
        for block in piece.outline.statements:
            first, last = _extent(piece.text, block)
            there = known.get(block.address or "")
            if there is None:
                added += [("\n", fresh[first - 1][1]), *fresh[first - 1 : last]]
            else:
                start, end = _extent(old.text, there)
                replaced[start] = (end, fresh[first - 1 : last])
        made: list[tuple[str, int]] = []
        number = 1
        while number <= len(lines):
            end, new = replaced.get(number, (number, lines[number - 1 : number]))
            made += new
            number = end + 1
        made += added
        text = "".join(line for line, _ in made)
        patched = old._replace(text=text, line=made[0][1], spans=_spans([place for _, place in made]))
        self.note(
            piece.line,
            "fragment",
            f"{_count(len(replaced), 'block')} of {old.path} changed: {', '.join(sorted(piece.outline.addresses)[:3])}",
        )
        self.put(patched, outline(text))


def _lines(text: str) -> list[str]:
    """The lines of a text with their ends, which are newlines and nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _extent(text: str, block: Statement) -> tuple[int, int]:
    """First and last line of a block, without the comments and empty lines that follow it."""
    lines = text.split("\n")
    last = block.last
    while last > block.first and (not lines[last - 1].strip() or _comment_text(lines[last - 1]) is not None):
        last -= 1
    return block.first, last


def _spans(places: list[int]) -> tuple[tuple[int, int], ...]:
    """Where runs of lines that follow each other in the answer start."""
    return tuple(
        (number, place) for number, place in enumerate(places, 1) if number == 1 or places[number - 2] + 1 != place
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


# --- reading ----------------------------------------------------------------------------------------------------------


def read_answer(
    text: str,
    *,
    main: str = DEFAULT_MAIN,
    environments: Sequence[str] = ("dev", "staging", "prod"),
    name: str = "the answer",
) -> Answer:
    """The files of the reply ``text``; ``main`` names the stack where the reply does not.

    Raises :class:`InputError` if there is no HCL in it, :class:`UnsafePathError` if it names a file outside its
    folder.
    """
    text = text.removeprefix("\ufeff")
    if not is_answer(text):
        return _read_bare(text, main, name)
    pieces, has_prose, notes = _pieces(blocks(text))
    if not any(piece.kind is Kind.STACK for piece in pieces):
        # The whole reply may stand in one fence: then what is in there is the reply.
        for piece in pieces:
            if piece.label in MARKDOWN_LABELS and is_answer(piece.text):
                return _shifted(read_answer(piece.text, main=main, environments=environments, name=name), piece.line)
    answer = _assemble(pieces, main, environments, notes)
    if not any(file.is_hcl for file in answer.files):
        raise InputError(f"no HCL in {name}")
    files = {file.line for file in answer.files}
    return answer._replace(has_prose=has_prose or len(files) < len(pieces))


def _shifted(answer: Answer, line: int) -> Answer:
    """``answer`` as part of a text in which its first line is ``line``."""
    by = line - 1
    files = tuple(
        file._replace(line=file.line + by, spans=tuple((own, there + by) for own, there in file.spans))
        for file in answer.files
    )
    return Answer(files, tuple(note._replace(line=note.line + by) for note in answer.notes), True)


def _pieces(found: Iterable[Block]) -> tuple[list[_Piece], bool, list[Note]]:
    """The fences, divided and named; whether there is anything else; what there is to say."""
    found = list(found)
    answer_from = _answer_part(found)
    pieces: list[_Piece] = []
    notes: list[Note] = []
    before: list[Block] = []
    headings: list[Block] = []
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
            notes.append(Note(block.line, "unclosed", "the fence is never closed"))
        draft = index < answer_from
        pieces.extend(_divide(_piece(block, before, headings, draft, notes), notes))
        before = []
    return pieces, has_prose, notes


def _answer_part(found: list[Block]) -> int:
    """The index of the block that the answer starts with: what is before it is reasoning, and its fences are drafts."""
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


def _piece(block: Block, before: list[Block], headings: list[Block], draft: bool, notes: list[Note]) -> _Piece:
    text = _decoded(_with_final_newline(block.text), block, notes)
    # Typographic quotes do not keep it from being what it is meant for; to mend them is the rules' business.
    content = outline(text.translate(_TYPOGRAPHIC))
    above = [heading for heading in headings if heading.level > 1 and heading not in before[-2:]]
    said = "\n".join(other.text for other in above + before[-2:])
    piece = _Piece(text, block.line + 1, block.closed, block.label, content, said, draft)
    return piece._replace(name=_choose_name(block, piece, before, notes))


def _decoded(text: str, block: Block, notes: list[Note]) -> str:
    """The text of a fence; one that went through HTML or a word processor, so that it has no quote left, as it was before."""
    if '"' in text or block.label not in HCL_LABELS | PLAIN_LABELS:
        return text
    plain = text.translate(_TYPOGRAPHIC)
    if "&quot;" in plain or "&#34;" in plain:
        plain = re.sub(_ENTITY, lambda entity: _ENTITIES[entity[0]], plain)
    if plain != text:
        notes.append(
            Note(block.line, "decoded", "the fence has no quotes but typographic ones or entities; they are decoded")
        )
    return plain


def _with_final_newline(text: str) -> str:
    if not text or text.endswith("\n"):
        return text
    return text + ("\r\n" if "\r\n" in text else "\n")


def _choose_name(block: Block, piece: _Piece, before: list[Block], notes: list[Note]) -> _Name | None:
    """The name of a fence: its info string says it best, then its own first comment, then the text before it."""
    inside = _name_from_info(_clean(block.info)) or _name_from_comment(piece.text)
    if inside is not None and not inside.fits(piece.label, piece.kind):
        inside = None
    outside = next((name for name in _names_before(before) if name.fits(piece.label, piece.kind)), None)
    if inside is None or outside is None or (not outside.exact and outside.by == "prose"):
        return inside or outside
    if outside.path.endswith("/" + inside.path):
        # A heading gives the folder as well: "## lib/main.tf" over "# main.tf".
        return outside
    if PurePosixPath(inside.path).name != PurePosixPath(outside.path).name:
        notes.append(
            Note(
                piece.line,
                "disagreement",
                f"the text before the fence says {outside.path}, the fence says {inside.path}, which counts",
            )
        )
    return inside


def _names_before(before: list[Block]) -> Iterator[_Name]:
    """The names that the text before a fence may give it, the nearest first."""
    if before and before[-1].kind == "paragraph":
        yield from _only_one(_names_from_paragraph(before[-1].text))
    for block in reversed(before):
        text = _clean(block.text)
        if block.kind == "heading":
            exact = _exact_name(_CODE.sub(r"\1", text), "heading")
            names = [exact] if exact else _names_in(text, "heading")
            if len(names) == 1:
                yield names[0]
        elif block is not before[-1] and block.kind == "paragraph":
            name = _exact_name(text, "bold")
            if name is not None and name.exact:
                yield name


def _only_one(names: Iterable[_Name]) -> Iterator[_Name]:
    """The names, without those in prose if the prose names several files of one kind."""
    found = list(names)
    told = {name.path for name in found if name.by == "prose" and not name.exact}
    endings = [path.rsplit(".", 1)[-1] for path in told]
    for name in found:
        if name.by != "prose" or name.exact or endings.count(name.ending) == 1:
            yield name


def _divide(piece: _Piece, notes: list[Note]) -> Iterator[_Piece]:
    """The files of a fence that holds several, divided by comments that name them."""
    if piece.kind not in (Kind.STACK, Kind.VALUES, Kind.COMMENTS) or piece.label not in HCL_LABELS | PLAIN_LABELS:
        yield piece
        return
    lines = piece.text.splitlines(keepends=True) if "\r" not in piece.text.replace("\r\n", "") else []
    code_lines = [statement.first for statement in piece.outline.statements]
    cuts: list[tuple[int, _Name]] = []
    for number, comment in piece.outline.comments:
        said = _comment_text(comment.split("\n", 1)[0])
        name = _exact_name(said, "comment") if said else None
        if name is None or not name.is_hcl or (code_lines and number < code_lines[0] and not cuts):
            continue
        cuts.append((number, name))
    cuts = [
        (number, name)
        for (number, name), following in zip(cuts, [*(cut[0] for cut in cuts[1:]), len(lines) + 1], strict=False)
        if any(number < code < following for code in code_lines) or _only_comments(piece, number, name, notes)
    ]
    if not cuts or not lines:
        yield piece
        return
    starts = [1, *(_banner_start(lines, number) for number, _ in cuts)]
    names = [piece.name, *(_beside(piece.name, name) for _, name in cuts)]
    notes.append(Note(piece.line, "divided", f"the fence holds {_count(len(starts), 'file')}"))
    for start, stop, name in zip(starts, [*starts[1:], len(lines) + 1], names, strict=True):
        text = _with_final_newline("".join(lines[start - 1 : stop - 1]))
        last = stop == len(lines) + 1
        yield piece._replace(
            text=text,
            line=piece.line + start - 1,
            closed=piece.closed or not last,
            outline=outline(text),
            name=name,
        )


def _only_comments(piece: _Piece, number: int, name: _Name, notes: list[Note]) -> bool:
    """Say that a file stands in comments only; it stays where it is."""
    notes.append(
        Note(piece.line + number - 1, "commented", f"{name.path} stands in the answer as a comment only, not as a file")
    )
    return False


def _banner_start(lines: list[str], number: int) -> int:
    """The line that the comment around a name starts on, with the line of ``# =====`` above it."""
    if number > 1 and (said := _comment_text(lines[number - 2])) is not None and not said.strip(_DECORATION):
        return number - 1
    return number


def _beside(neighbour: _Name | None, name: _Name) -> _Name:
    """``name``, in the folder of the file whose fence it stands in."""
    if neighbour is None or "/" in name.path or "/" not in neighbour.path:
        return name
    return name._replace(path=f"{neighbour.path.rsplit('/', 1)[0]}/{name.path}")


def _assemble(pieces: list[_Piece], main: str, environments: Sequence[str], notes: list[Note]) -> Answer:
    """Drafts apart, every piece to its file."""
    delivered = [piece for piece in pieces if not piece.draft]
    if not any(piece.kind is Kind.STACK for piece in delivered):
        delivered = pieces
    assembly = _Assembly(main, notes)
    for piece in pieces:
        if piece.draft and delivered is not pieces:
            what = piece.name.path if piece.name else f"{piece.label or piece.kind.value} text"
            assembly.note(piece.line, "draft", f"{what} in the reasoning, before the answer")
    root = _root_of_names(delivered)
    for piece in delivered:
        if piece.name is not None:
            _place_named(assembly, piece, root)
    unnamed = [piece for piece in delivered if piece.name is None]
    main_path = _main_path(assembly, main)
    had_main = main_path in assembly.files
    others = any(path.endswith(".tf") for path in assembly.files)
    for piece in unnamed:
        if piece.label not in HCL_LABELS and not (piece.label in PLAIN_LABELS and piece.kind is Kind.STACK):
            assembly.note(piece.line, "other", f"{piece.label or 'unlabelled'} text without a file name")
        elif piece.kind is Kind.STACK:
            _place_stack(assembly, piece, main_path, is_first=not others and not had_main)
        elif piece.kind is Kind.VALUES:
            _place_values(assembly, piece, environments)
        else:
            what = "a fragment" if piece.kind is Kind.FRAGMENT else f"{piece.kind.value} text"
            assembly.note(piece.line, "fragment", f"{what} under the label {piece.label}, without a file name")
    _check_folders(assembly.files)
    files = tuple(sorted(assembly.files.values(), key=lambda file: file.line))
    return Answer(files, tuple(sorted(notes, key=lambda note: note.line)))


def _root_of_names(pieces: list[_Piece]) -> str:
    """The folder of the root module, as far as the names that come with a folder tell."""
    paths = [piece.name.path.replace("\\", "/").removeprefix("./") for piece in pieces if piece.name is not None]
    files = [AnswerFile(path, "", 0, True, "default") for path in paths if "/" in path and ".." not in path]
    told = [path for path in paths if "/" not in path and path.endswith(".tf")]
    return "" if told else Answer(tuple(files)).root


def _place_named(assembly: _Assembly, piece: _Piece, root: str) -> None:
    assert piece.name is not None
    try:
        path = safe_path(piece.name.path, piece.line)
    except UnsafePathError:
        if piece.name.is_hcl or piece.kind in (Kind.STACK, Kind.VALUES) or ".." in piece.name.path:
            raise
        # A script for /etc is no file of the module; a fence that would leave the folder is an attack.
        assembly.note(piece.line, "skipped", f"{piece.name.path} belongs on a machine, not in the module")
        return
    if root and "/" not in path and piece.name.by in ("prose", "code"):
        # "Create a `terraform.tfvars` file" means: beside the files of `lib/`.
        path = f"{root}/{path}"
    assembly.place(piece, path, piece.name.by)


def _main_path(assembly: _Assembly, main: str) -> str:
    """Where the stack goes that nobody named: beside the files that have names."""
    root = Answer(tuple(assembly.files.values())).root
    return f"{root}/{main}" if root else main


def _place_stack(assembly: _Assembly, piece: _Piece, main_path: str, *, is_first: bool) -> None:
    """A stack without a name: the main file, a further part of it, or an example."""
    declared = {address for known in assembly.outlines.values() for address in known.addresses}
    new = piece.outline.addresses
    changed = [path for path, known in assembly.outlines.items() if new and new <= known.addresses]
    if changed and _is_change(assembly, changed[0], piece):
        assembly.patch(assembly.files[changed[0]], piece)
        return
    if main_path not in assembly.files:
        if not is_first and (re.search(_EXAMPLE, piece.before) or (new and new <= declared)):
            assembly.note(piece.line, "example", "an example or excerpt beside the files that have names")
            return
        assembly.place(piece, main_path, "default")
        return
    if re.search(_EXAMPLE, piece.before):
        assembly.note(piece.line, "example", "an example beside the stack, by what is said before it")
        return
    assembly.place(piece, main_path, "default")


def _is_change(assembly: _Assembly, path: str, piece: _Piece) -> bool:
    """Whether a piece without a name is told to change a few blocks of a file that is there."""
    known = assembly.outlines[path].addresses
    few = 2 * len(piece.outline.addresses) < len(known)
    return few and re.search(_CHANGE, piece.before) is not None and re.search(_EXAMPLE, piece.before) is None


def _place_values(assembly: _Assembly, piece: _Piece, environments: Sequence[str]) -> None:
    """Values without a name: a tfvars file if the stack declares what they set."""
    variables = {name for known in assembly.outlines.values() for name in known.labels_of("variable")}
    keys = piece.outline.attributes
    if variables and not keys <= variables:
        assembly.note(piece.line, "fragment", "arguments that no variable of the stack declares")
        return
    said = piece.before.lower()
    named = [name for name in environments if re.search(rf"\b{re.escape(name.lower())}\b", said)]
    path = f"{named[0]}.tfvars" if len(named) == 1 else DEFAULT_VALUES
    root = Answer(tuple(assembly.files.values())).root
    assembly.place(piece, f"{root}/{path}" if root else path, "default")


def _check_folders(files: Mapping[str, AnswerFile]) -> None:
    for path, file in files.items():
        for parent in PurePosixPath(path).parents:
            if parent.as_posix() in files:
                raise UnsafePathError(path, f"{parent.as_posix()!r} is a file", file.line)


# --- replies without fences -------------------------------------------------------------------------------------------

_CODE_LINE = (
    r"[ \t]*(?:(?:resource|data|variable|output|module|provider|check|ephemeral)[ \t]+\"|(?:terraform|locals)[ \t]*\{"
    r"|[A-Za-z_][\w-]*[ \t]*=[ \t]*\S|[}\])])"
)


def _read_bare(text: str, main: str, name: str) -> Answer:
    """The file of a reply without fences: HCL from end to end, or with prose around it."""
    content = outline(text)
    if content.kind not in (Kind.STACK, Kind.VALUES) or (content.kind is Kind.VALUES and not content.statements):
        raise InputError(f"no HCL in {name}")
    first, last = _bare_limits(text, content)
    lines = _lines(text)
    body = _with_final_newline("".join(lines[first - 1 : last]))
    has_prose = bool("".join(lines[: first - 1] + lines[last:]).strip())
    notes: list[Note] = [Note(first, "no-fence", "the answer has no fence; its HCL was taken as it stands")]
    piece = _Piece(body, first, True, "hcl", outline(body), "", False, _name_from_comment(body))
    if piece.name is not None and not piece.name.is_hcl:
        piece = piece._replace(name=None)
    pieces = list(_divide(piece, notes))
    answer = _assemble(pieces, main if content.kind is Kind.STACK else DEFAULT_VALUES, (), notes)
    if not any(file.is_hcl for file in answer.files):
        raise InputError(f"no HCL in {name}")
    return answer._replace(has_prose=has_prose)


def _tells_file(comment: str) -> bool:
    """Whether a comment names a file of HCL."""
    said = _comment_text(comment.split("\n", 1)[0])
    name = _exact_name(said, "comment") if said else None
    return name is not None and name.is_hcl


def _bare_limits(text: str, content: Outline) -> tuple[int, int]:
    """First and last line of the HCL: from the first block, with the comments that touch it, to the last one."""
    total = text.count("\n") + (0 if text.endswith("\n") else 1)
    told = [line for line, comment in content.comments if _tells_file(comment)]
    is_hcl = [
        statement
        for statement in content.statements
        if (statement.is_block and statement.keyword in BLOCK_LABELS)
        or content.kind is Kind.VALUES
        or (told and statement.first > told[0] and not statement.is_block)
    ]
    lines = text.split("\n")
    first = is_hcl[0].first
    while first > 1 and _comment_text(lines[first - 2]) is not None:
        first -= 1
    if all(not line.strip() or _comment_text(line) is not None for line in lines[: first - 1]):
        first = 1
    last = total
    if content.depth == 0:
        last = is_hcl[-1].last
        closing = next(
            (at for at in range(last, is_hcl[-1].first - 1, -1) if re.match(_CODE_LINE, lines[at - 1])), last
        )
        rest = [line for line in lines[closing:last] if line.strip()]
        if any(_comment_text(line) is None for line in rest) or last < total:
            last = closing
    return first, last


# --- writing ----------------------------------------------------------------------------------------------------------


def write_answer(files: Mapping[str, str], order: Iterable[str] = (), *, main: str = DEFAULT_MAIN) -> str:
    """A reply in the deliverable's form: the files in fences, ``order`` first, and nothing around them.

    Each fence is longer than any run of backticks that starts a line in its file. Every file but ``main``, and that
    one too where there are modules in folders, says its name: in its first comment where it has one, else in a comment
    put before it, or in the info string of a file that knows no ``#`` comments.
    """
    paths = [path for path in dict.fromkeys(order) if path in files]
    paths += [path for path in files if path not in paths]
    # Beside files in folders, one without a name would be taken for a file of theirs.
    has_modules = any("/" in path and path.endswith(".tf") for path in paths)
    return "\n".join(_fenced(path, files[path], named=has_modules or path != main) for path in paths)


def _fenced(path: str, text: str, *, named: bool) -> str:
    ending = path.rsplit(".", 1)[-1].lower()
    label = _LABEL_OF_ENDING.get(ending, ending if ending.isalnum() else "")
    told = _name_from_comment(text)
    body = _with_final_newline(text)
    if named and not (told is not None and told.path == path):
        if label == "hcl":
            body = f"# {path}\n{body}"
        else:
            label = f'{label or "text"} title="{path}"'
    longest = max((len(run) for run in re.findall(r"(?m)^[ \t]*(`{3,})", body)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{label}\n{body}{fence}\n"
