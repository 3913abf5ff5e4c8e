"""The words of a collapsed stack: strings, descriptions and comments that named the kept region speak of the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, Expr, item_key, item_value, object_items, string_value, walk
from tapfix.syntax import Node

from ..shared.account_names import NAME_ARGUMENTS, needs_environment, reaches
from .extent import Extent
from .names import region_in
from .twins import attributes_in, references_in

_REGION_ARGUMENTS = re.compile(r"(^|_)region(s|_name)?$|^(availability_zones?|azs)$")
_ENVIRONMENT_WORD = re.compile(r"(?<=[-_/])(?:prod|production|prd|staging|stage|stg|dev|development)(?![A-Za-z0-9])")
_NAMING = re.compile(r"(^|_)(prefix|suffix|name|short|code|abbreviation)(_|$)")
_LIST_JOINT = (
    r"(?:[ \t]*,[ \t]*(?:and[ \t]+|or[ \t]+|&[ \t]*)?|[ \t]*[/&+|][ \t]*|[ \t]+(?:and|or|to|-+>?|→|<->|↔)[ \t]+)"
)
_PRIMARY = re.compile(r"[ \t]+(?:for|in|of)[ \t]+(?:the[ \t]+)?primary[ \t]+region\b|\bprimary[ \t]+", re.I)
_SERVICE_NAME = re.compile(r"(com\.amazonaws\.|\.amazonaws\.com)", re.I)
_PROSE_JOINT = r"(?:[ \t]*[-–—:,/][ \t]*|[ \t]+(?:for|in|of|at|to|from)(?:[ \t]+the)?[ \t]+|[ \t]*\(|[ \t]*\[|[ \t]+)?"


class Text(NamedTuple):
    """A string or a heredoc, and where it stands."""

    node: Expr
    key: str
    """The name that it has there: the nearest object key, else the attribute's."""
    is_key: bool
    """Whether it is the key of an object's item."""
    is_index: bool
    """Whether it stands between the brackets of an index."""


class Wording:
    """Edits of the text of what stays."""

    def __init__(self, extent: Extent) -> None:
        self.extent = extent
        self.twins = extent.twins
        self.module = extent.module
        self.environment = extent.environment
        self.region = extent.region

    def edits(self) -> Iterator[Edit]:
        """All of them; of two on one place the first holds."""
        yield from self._texts()
        yield from self._comments()
        yield from self._environment_words()
        yield from self._account_names()
        yield from self._environment_tags()

    def _texts(self) -> Iterator[Edit]:
        """Strings that name the kept side speak of the environment or of the region's variable instead."""
        names = self.twins.names[self.twins.kept]
        if names.pattern is None:
            return
        for address, element in self.extent.staying():
            if isinstance(element, Block) and element.type in ("terraform", "provider", "moved", "import", "removed"):
                continue
            if not names.speaks(element.text()):
                continue
            for holder in attributes_in(element):
                if isinstance(element, Block) and element.type == "variable":
                    if holder.name == "description" and holder.parent is element:
                        yield from self._description(holder)
                    continue
                if isinstance(element, Block) and element.type == "output" and holder.name == "description":
                    yield from self._description(holder)
                    continue
                if address in self.twins.pairs.values() or self._speaks_region(holder):
                    yield from self._strings(holder)

    def _speaks_region(self, holder: Attribute) -> bool:
        pattern = self.twins.names[self.twins.kept].region_pattern
        return pattern is not None and pattern.search(holder.value) is not None

    def _description(self, holder: Attribute) -> Iterator[Edit]:
        renamed = isinstance(holder.outermost, Block) and holder.outermost.address in self.extent.names
        for node in walk(holder.expr):
            if node.kind == "QuotedLit":
                new = self._prose(node.value)
                if renamed and "primary" in self.twins.names[self.twins.kept].roles:
                    new = _PRIMARY.sub("", new)
                if new != node.value:
                    yield holder.edit(node, new)

    def _prose(self, text: str) -> str:
        """Free text without the name of the region and the words that tied it in."""
        pattern = self.twins.names[self.twins.kept].region_pattern
        if pattern is None:
            return text
        text = self._kept_alone(text)
        phrase = re.compile(_PROSE_JOINT + pattern.pattern + r"(?:[ \t]+region\b)?[ \t]*[)\]]?", re.I)

        def between(match: re.Match[str]) -> str:
            before, after = text[: match.start()][-1:], text[match.end() :][:1]
            return " " if before.isalnum() and (after.isalnum() or after == "(") else ""

        if (first := pattern.match(text)) is not None:
            return re.sub(r"^[ \t]*(?:region\b)?[ \t]*[-–—:,/]*[ \t]*", "", text[first.end() :], flags=re.I)
        return phrase.sub(between, text)

    def _kept_alone(self, text: str) -> str:
        """The text with `us-east-1 and us-west-2`, and whatever else lists the sides' regions, down to the kept one."""
        sides = (self.twins.names[side].region_pattern for side in (self.twins.kept, *self.twins.others))
        patterns = [pattern for pattern in sides if pattern is not None]
        if len(patterns) < 2 or sum(len(pattern.findall(text)) for pattern in patterns) < 2:
            return text
        any_side = f"(?:{'|'.join(pattern.pattern for pattern in patterns)})"
        return re.sub(f"{any_side}(?:{_LIST_JOINT}{any_side})+", self._kept_of, text, flags=re.I)

    def _kept_of(self, match: re.Match[str]) -> str:
        kept = self.twins.names[self.twins.kept].region_pattern
        found = kept.search(match[0]) if kept is not None else None
        return found[0] if found is not None else match[0]

    def _strings(self, holder: Attribute) -> Iterator[Edit]:
        names = self.twins.names[self.twins.kept]
        if names.speaks(holder.value):
            for text in _texts_in(holder):
                if any(names.speaks(child.value) for child in text.node.children):
                    yield from self._string(holder, text)

    def _string(self, holder: Attribute, text: Text) -> Iterator[Edit]:
        names = self.twins.names[self.twins.kept]
        node, key = text.node, text.key
        whole = string_value(node)
        if (
            whole is not None
            and region_in(whole) == whole.lower()
            and names.region_pattern
            and names.region_pattern.fullmatch(whole)
        ):
            yield holder.edit(node, f"var.{self.region}" if not text.is_key else f"(var.{self.region})")
            return
        if whole is not None and self._is_name_of_side(holder, text, whole):
            yield holder.edit(node, f"var.{self.environment}")
            return
        if text.is_key or text.is_index:
            return  # a key and what looks it up stay as they are, and so agree
        environment_there = self._tells_environment(holder, node)
        for child in node.children[1:-1]:
            if child.children or (holder.file.path, holder.base + child.start) in self.twins.same_text:
                continue
            new = self._rewritten(child.value, key, node.kind == "heredoc", environment_there, node)
            if new != child.value:
                if whole is not None and new == f"${{var.{self.environment}}}":
                    yield holder.edit(node, f"var.{self.environment}")
                    return
                environment_there = environment_there or f"${{var.{self.environment}}}" in new
                yield holder.edit(child, new)

    def _is_name_of_side(self, holder: Attribute, text: Text, whole: str) -> bool:
        """Whether a string is the kept side's word and nothing else, where a name or a part of one is wanted."""
        names = self.twins.names[self.twins.kept]
        same = any((holder.file.path, holder.base + c.start) in self.twins.same_text for c in text.node.children)
        plain = not same and not text.is_key and not text.is_index
        named = text.key in NAME_ARGUMENTS or _NAMING.search(text.key) is not None
        return plain and named and names.pattern is not None and names.pattern.fullmatch(whole) is not None

    def _rewritten(self, text: str, key: str, prose: bool, there: bool, node: Expr) -> str:
        names = self.twins.names[self.twins.kept]
        assert names.pattern is not None
        out, at = [], 0
        alone = self._kept_alone(text)
        prose, text = prose or alone != text, alone
        name_like = " " not in text.strip() and not prose
        for match in names.pattern.finditer(text):
            spelled = match[0].lower()
            regional = region_in(spelled) is not None or spelled in names.regional
            zone = text[match.end() : match.end() + 2]
            if not regional and not name_like:
                continue
            if not regional and text.strip() == match[0] and len(node.children) == 3:
                continue  # a word that stands alone says something of its own
            literal_region = spelled == names.region
            as_region = literal_region and (
                prose
                or _is_field(text, match.start(), match.end())
                or _SERVICE_NAME.search(text) is not None
                or _REGION_ARGUMENTS.search(key) is not None
                or re.match(r"[a-f](?![A-Za-z0-9])", zone) is not None
            )
            start, end = match.span()
            if as_region:
                out += [text[at:start], f"${{var.{self.region}}}"]
            elif there:
                start, end = _with_separator(text, start, end)
                out.append(text[at:start])
            else:
                out += [text[at:start], f"${{var.{self.environment}}}"]
                there = True
            at = end
        out.append(text[at:])
        return "".join(out)

    def _tells_environment(self, holder: Attribute, node: Expr) -> bool:
        """Whether a text holds the environment's name already, or comes to hold it through a local value."""
        if reaches(self.module, holder, node, lambda a: a in (f"var.{self.environment}", "terraform.workspace")):
            return True
        start, end = holder.base + node.start, holder.base + node.end
        targets = (self.module.find(r.address) for r in references_in(holder) if start <= r.start < end)
        return any(isinstance(t, Attribute) and self._words_in(t) for t in targets)

    def _comments(self) -> Iterator[Edit]:
        """Comments on what stays lose the name of the region; those that only head what goes, go."""
        for file in self.module.configuration:
            for item in file.items:
                if not any(mark in item.text for mark in ("#", "//", "/*")):
                    continue
                first = next(item.node.leaves())
                goes = not first.value or self.extent.goes(
                    file.path, item.start + item.node.start, item.start + item.node.end
                )
                for leaf in (first,) if goes else item.node.leaves():
                    if "#" in leaf.prefix or "/" in leaf.prefix:
                        start = item.start + leaf.start - len(leaf.prefix)
                        yield from self._comment(file.path, start, leaf.prefix, goes)
                tail = item.start + item.node.end
                yield from self._comment(file.path, tail, file.text[tail : item.start + len(item.text)], False)

    def _comment(self, path: str, start: int, text: str, heads_what_goes: bool) -> Iterator[Edit]:
        """Edit the comment lines of a prefix, a paragraph (lines without a blank line between) at a time."""
        pattern = self.twins.names[self.twins.kept].region_pattern
        others = [p for s in self.twins.others if (p := self.twins.names[s].region_pattern) is not None]
        for match in re.finditer(r"(?:[^\r\n]*\S[^\r\n]*(?:\r?\n|\Z))+(?:[ \t]*\r?\n)*", text):
            paragraph, at = match[0], start + match.start()
            there = any(p.search(paragraph) for p in others)
            here = pattern is not None and pattern.search(paragraph) is not None
            if self.extent.goes(path, at, at + len(paragraph)):
                continue
            if there and not here and heads_what_goes:
                yield Edit(path, at, at + len(paragraph), "")
            elif here and not there:
                lines = [
                    self._comment_line(line) if pattern and pattern.search(line) else line
                    for line in paragraph.splitlines(True)
                ]
                if not re.search(r"\w", "".join(lines)):
                    yield Edit(path, at, at + len(paragraph), "")
                    continue
                for old, new in zip(paragraph.splitlines(True), lines, strict=True):
                    if new != old:
                        bare = re.fullmatch(r"[ \t]*(?:#+|//+)[ \t]*\r?\n?", new)
                        yield Edit(path, at, at + len(old), "" if bare else new)
                    at += len(old)

    def _comment_line(self, line: str) -> str:
        """A line of a comment without the region's name."""
        mark = re.match(r"[ \t]*(?:#+|//+|/?\*+)?[ \t]*", line)
        assert mark is not None
        return mark[0] + self._prose(line[mark.end() :])

    def _account_names(self) -> Iterator[Edit]:
        """Names that must be unique in an account and do not tell the environments apart get the environment's name."""
        yield from needs_environment(self.module, self.environment, self._stays_and_lacks)

    def _stays_and_lacks(self, holder: Attribute) -> bool:
        names = self.twins.names[self.twins.kept]
        if self.extent.goes(holder.file.path, holder.start, holder.end):
            return False
        return not (
            names.speaks(holder.value)
            or self._words_in(holder)
            or any(r.address in self.extent.unwrapped or self._local_speaks(r.address) for r in references_in(holder))
        )

    def _local_speaks(self, address: str) -> bool:
        """Whether a local value comes to tell the environments apart: it spoke of its side, or of one environment."""
        element = self.module.find(address) if address.startswith("local.") else None
        if not isinstance(element, Attribute):
            return False
        return self.twins.names[self.twins.kept].speaks(element.text()) or bool(self._words_in(element))

    def _environment_words(self) -> Iterator[Edit]:
        """`app-prod` in a name becomes the environment that it really is."""
        for _, element in self.extent.staying():
            if isinstance(element, Attribute) or element.type == "resource":  # type: ignore[attr-defined]
                for holder in attributes_in(element):
                    for leaf in self._words_in(holder):
                        yield holder.edit(leaf, _ENVIRONMENT_WORD.sub(f"${{var.{self.environment}}}", leaf.value))

    def _words_in(self, holder: Attribute) -> list[Expr]:
        """The literal text in which a name speaks of one environment: of a local value for names, a name's argument, a Name tag."""
        parent = holder.parent
        if isinstance(parent, Block) and parent.type == "locals":
            roots = [holder.expr] if _NAMING.search(holder.name) else []
        elif isinstance(parent, Block) and parent.type == "resource":
            roots = [holder.expr] if holder.name in NAME_ARGUMENTS else _name_tags(holder)
        else:
            roots = []
        return [
            leaf
            for root in roots
            if root.kind == "template"
            for leaf in root.children
            if leaf.kind == "QuotedLit" and _ENVIRONMENT_WORD.search(leaf.value)
        ]

    def _environment_tags(self) -> Iterator[Edit]:
        """`Environment = "Production"` in tags becomes what the environment really is."""
        for _, element in self.extent.staying():
            if isinstance(element, Block) and element.type not in ("resource", "module"):
                continue
            for holder in attributes_in(element):
                if isinstance(element, Block) and "tags" not in holder.name or "env" not in holder.value.lower():
                    continue
                for node in walk(holder.expr):
                    if node.kind == "object_item" and (item_key(node) or "").lower() in ("environment", "env"):
                        value = item_value(node)
                        if string_value(value) is not None:
                            yield holder.edit(value, f"var.{self.environment}")


def _name_tags(holder: Attribute) -> list[Expr]:
    """The values of `Name` in a map of tags."""
    if holder.name != "tags":
        return []
    items = (i for n in walk(holder.expr) if n.kind == "object" for i in object_items(n))
    return [item_value(i) for i in items if item_key(i) == "Name"]


def _texts_in(holder: Attribute) -> Iterator[Text]:
    """The strings and heredocs of a value, in the order of the source."""
    rest: list[tuple[Expr, str, Node | None]] = [(holder.expr, holder.name, None)]
    while rest:
        node, key, parent = rest.pop()
        if node.kind in ("template", "heredoc"):
            is_key = parent is not None and parent.kind == "object_item" and parent.children[0] is node
            is_index = parent is not None and parent.kind == "index" and parent.children[1] is node
            yield Text(node, key, is_key, is_index)
        if isinstance(node, Node):
            if node.kind == "object_item":
                key = item_key(node) or key
            rest.extend((child, key, node) for child in reversed(node.children) if child.children)


def _is_field(text: str, start: int, end: int) -> bool:
    """Whether a word is a field of its own between colons, as the region of an ARN is."""
    return text[start - 1 : start] == ":" and text[end : end + 1] == ":"


def _with_separator(text: str, start: int, end: int) -> tuple[int, int]:
    """The range of a word with one separator beside it, so that what is left stays a name."""
    if start > 0 and text[start - 1] in "-_/. " and (end == len(text) or text[end] in "-_/. "):
        return start - 1, end
    if end < len(text) and text[end] in "-_":
        return start, end + 1
    return start, end
