"""The names that text gives to the files of an answer: in a fence's info string, a comment, a heading or a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.answer.files import NamedBy
from tapfix.answer.outline import TextKind

HCL_LABELS = frozenset({"hcl", "hcl2", "terraform", "tf", "tfvars", "opentofu", "tofu"})
PLAIN_LABELS = frozenset({"", "text", "txt", "plain", "plaintext", "code", "none"})

_ALLOWED_LABELS = {
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
"""The labels that the fence of a file may have, by the file's ending. For other endings any label fits."""

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
"""A path that leaves its folder. It needs no ending to be recognized."""
_PREFIX = re.compile(r"(?:file(?:[ \t]*name|[ \t]*path)?|path)(?:[ \t]*\d+)?[ \t]*[:=][ \t]*", re.IGNORECASE)
_AFTER_NAME = r"[ \t]*(?:$|[-\u2013\u2014:|,(][ \t]*\S?|\*\*)"
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*|__([^_\n][^\n]*?)__")
_CODE_SPAN = re.compile(r"`+([^`\n]+)`+")
_INFO_VALUE = re.compile(
    r"(?:title|file|filename|file_name|path|name)[ \t]*=[ \t]*[\"']?([^\"'}]+?)[\"']?(?:[ \t},]|$)"
)
_COMMENT_MARKS = re.compile(r"^[ \t]*(?:\#+|//+|/\*+|\*+/?|<!--|;+|--)?|(?:\*/|-->)[ \t]*$")
_DECORATION = "#=*~-+|[](){}`'\" \t\r"
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_ADVICE = re.compile(r"\b(?:consider|could|would|should|might|instead|rather than)\b", re.IGNORECASE)


class FileName(NamedTuple):
    """A name that some text gives to a fence."""

    path: str
    by: NamedBy
    exact: bool = False
    """Whether the text says nothing but the name."""

    @property
    def ending(self) -> str:
        return self.path.rsplit(".", 1)[-1].lower()

    @property
    def is_hcl(self) -> bool:
        """Whether Terraform reads a file of that name."""
        return self.ending in ("tf", "tfvars")

    def fits(self, label: str, kind: TextKind) -> bool:
        """Whether a fence with that label and content may be the file."""
        if self.is_hcl:
            return self._fits_hcl(label, kind)
        if kind is TextKind.TREE and (label in HCL_LABELS or label in PLAIN_LABELS):
            return False
        allowed = _ALLOWED_LABELS.get(self.ending)
        return allowed is None or label in allowed or label in PLAIN_LABELS or (self.exact and label not in HCL_LABELS)

    def _fits_hcl(self, label: str, kind: TextKind) -> bool:
        if kind in (TextKind.STACK, TextKind.VALUES):
            return label in HCL_LABELS or label in PLAIN_LABELS or self.exact
        if label not in HCL_LABELS:
            return False
        return kind is TextKind.COMMENTS or (self.exact and kind in (TextKind.FRAGMENT, TextKind.OTHER))


def without_entities(text: str) -> str:
    """Text of Markdown without zero-width characters, and with HTML entities decoded."""
    from html import unescape

    text = text.translate(_ZERO_WIDTH)
    return unescape(text) if "&" in text else text


def exact_name(text: str, by: NamedBy) -> FileName | None:
    """The name that `text` consists of, apart from decoration, a word such as `File:`, and a description after it."""
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
    return FileName(match[0], by, exact=not rest or prefix is not None)


def names_in(text: str, by: NamedBy) -> list[FileName]:
    """All names in a text, each once."""
    return [FileName(path, by) for path in dict.fromkeys(_PATH.findall(text.replace("**", "")))]


def name_from_info(info: str) -> FileName | None:
    """The name in the info string of a fence: `title="a.tf"`, `hcl:a.tf`, `hcl a.tf` or `a.tf`."""
    value = _INFO_VALUE.search(info)
    if value:
        return exact_name(value[1], "info")
    first, _, rest = info.strip("{} ").partition(" ")
    language, colon, path = first.partition(":")
    if colon and path and language.isalnum() and len(language) > 1:
        return exact_name(path, "info")
    return exact_name(rest, "info") or (exact_name(first, "info") if "." in first or "/" in first else None)


def comment_text(line: str) -> str | None:
    """What a comment line says; None if the line is not a comment."""
    line = line.strip().translate(_ZERO_WIDTH)
    if not line.startswith(("#", "//", "/*", "*", "<!--", ";", "--")) or line.startswith("#!"):
        return None
    return _COMMENT_MARKS.sub("", line).strip()


def is_decoration(line: str) -> bool:
    """Whether a line is a comment without words, such as `# =====`."""
    said = comment_text(line)
    return said is not None and not said.strip(_DECORATION)


def name_in_comment(comment: str) -> FileName | None:
    """The name of a file that Terraform reads, if the comment's first line consists of one."""
    said = comment_text(comment.split("\n", 1)[0])
    name = exact_name(said, "comment") if said else None
    return name if name is not None and name.is_hcl else None


def name_from_comment(text: str) -> FileName | None:
    """The name in the first comment of a file, which may follow a line of decoration or a shebang."""
    for line in text.split("\n", 8)[:8]:
        if not line.strip() or line.startswith("#!"):
            continue
        said = comment_text(line)
        if said is None:
            return None
        if said.strip(_DECORATION):
            return exact_name(said, "comment")
    return None


def names_from_heading(text: str) -> list[FileName]:
    """The names in a heading; the one that it consists of, if it does."""
    text = without_entities(text)
    exact = exact_name(_CODE_SPAN.sub(r"\1", text), "heading")
    return [exact] if exact else names_in(text, "heading")


def names_from_paragraph(text: str) -> Iterator[FileName]:
    """The names in the paragraph before a fence, the most reliable first."""
    lines = [line.strip() for line in without_entities(text).splitlines() if line.strip()]
    if not lines:
        return
    last = lines[-1]
    bold = [found for match in _BOLD.finditer(last) for found in names_in(match[1] or match[2] or "", "bold")]
    if (name := exact_name(last, "bold" if bold else "code" if "`" in last else "prose")) is not None:
        yield name
    if len(bold) == 1:
        yield bold[0]
    code = [found for match in _CODE_SPAN.finditer(last) for found in names_in(match[1], "code")]
    if len(code) == 1 and len(last.split()) <= 6:
        yield code[0]
    if not _ADVICE.search(last):
        yield from names_in(" ".join(lines), "prose")
