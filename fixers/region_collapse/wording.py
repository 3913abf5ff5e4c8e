"""The words of a collapsed stack: texts that named the kept region name the environment, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.module import Attribute, Block, Expr, compose, item_key, item_value, object_items, string_value, walk
from tapfix.module.nodes import index_expr, item_key_node, template_parts

from ..shared.account_names import NAME_ARGUMENTS, reaches, suffix_account_names
from .extent import Extent
from .names import region_in
from .twins import attributes_in, references_in

_REGION_ARGUMENTS = re.compile(r"(^|_)region(s|_name)?$|^(availability_zones?|azs)$")
_ENVIRONMENT_WORD = re.compile(r"(?<=[-_/])(?:prod|production|prd|staging|stage|stg|dev|development)(?![A-Za-z0-9])")
ENVIRONMENT_KEYS = ("environment", "env")
_NAMING = re.compile(r"(^|_)(prefix|suffix|name|short|code|abbreviation)(_|$)")
_LIST_JOINT = (
    r"(?:[ \t]*,[ \t]*(?:and[ \t]+|or[ \t]+|&[ \t]*)?|[ \t]*[/&+|][ \t]*|[ \t]+(?:and|or|to|-+>?|→|<->|↔)[ \t]+)"
)
"""What joins the regions in a text that lists them."""
_PRIMARY = re.compile(r"[ \t]+(?:for|in|of)[ \t]+(?:the[ \t]+)?primary[ \t]+region\b|\bprimary[ \t]+", re.I)
_SERVICE_NAME = re.compile(r"(com\.amazonaws\.|\.amazonaws\.com)", re.I)
_PROSE_JOINT = r"(?:[ \t]*[-–—:,/][ \t]*|[ \t]+(?:for|in|of|at|to|from)(?:[ \t]+the)?[ \t]+|[ \t]*\(|[ \t]*\[|[ \t]+)?"
"""What joins a region to the text before it."""
_PARAGRAPH = re.compile(r"(?:[^\r\n]*\S[^\r\n]*(?:\r?\n|\Z))+(?:[ \t]*\r?\n)*")
_COMMENT_MARK = re.compile(r"[ \t]*(?:#+|//+|/?\*+)?[ \t]*")
_BARE_COMMENT = re.compile(r"[ \t]*(?:#+|//+)[ \t]*\r?\n?")


class Text(NamedTuple):
    """A string or a heredoc, and its place in a value."""

    node: Expr
    key: str
    """The name that it has there: the nearest object key, else the attribute's."""
    is_key: bool
    """Whether it is the key of an object's item."""
    is_index: bool
    """Whether it is in the brackets of an index."""


class Wording:
    """The edits of the texts that stay."""

    def __init__(self, extent: Extent) -> None:
        self.extent = extent
        self.twins = extent.twins
        self.module = extent.module
        self.names = extent.sides.kept_names
        self.others = [extent.sides.names[side] for side in extent.sides.others]
        self.environment = f"var.{extent.environment}"
        self.environments = {f"var.{name}" for name in extent.environment_variables} | {"terraform.workspace"}
        self.region = f"var.{extent.region}"

    def edits(self) -> Iterator[Edit]:
        """All of them; of two at one place the first is meant."""
        yield from self._texts()
        yield from self._comments()
        yield from self._environment_words()
        yield from suffix_account_names(self.module, self.extent.environment, self._lacks_environment)
        yield from self._environment_tags()

    # -- strings -------------------------------------------------------------------------------------------------------

    def _texts(self) -> Iterator[Edit]:
        """Strings that name the kept side refer to the variable of the environment, or of the region, instead."""
        if self.names.pattern is None:
            return
        paired = set(self.twins.pairs.values())
        for address, element in self.extent.staying():
            type = element.type if isinstance(element, Block) else ""
            if type in ("terraform", "provider", "moved", "import", "removed"):
                continue
            if not self.names.speaks(element.text()):
                continue
            for holder in attributes_in(element):
                if type in ("variable", "output") and holder.name == "description":
                    if holder.parent is element or type == "output":
                        yield from self._description(holder)
                elif type != "variable" and (address in paired or self._names_region(holder.value)):
                    yield from self._strings(holder)

    def _names_region(self, text: str) -> bool:
        pattern = self.names.region_pattern
        return pattern is not None and pattern.search(text) is not None

    def _strings(self, holder: Attribute) -> Iterator[Edit]:
        if self.names.speaks(holder.value):
            for text in _texts_in(holder):
                if any(self.names.speaks(child.value) for child in text.node.children):
                    yield from self._string(holder, text)

    def _string(self, holder: Attribute, text: Text) -> Iterator[Edit]:
        whole = string_value(text.node)
        if whole is not None and self._is_region(whole):
            yield holder.edit(text.node, f"({self.region})" if text.is_key else self.region)
        elif whole is not None and self._is_name_of_side(holder, text, whole):
            yield holder.edit(text.node, self.environment)
        elif not text.is_key and not text.is_index:  # a key stays as it is, and so does what looks it up
            yield from self._parts(holder, text, whole is not None)

    def _parts(self, holder: Attribute, text: Text, is_whole: bool) -> Iterator[Edit]:
        """Rewrite the literal parts of a string; `is_whole`: it is one literal."""
        insertion = compose.interpolation(self.environment)
        has_environment = self._has_environment(holder, text.node)
        for part in template_parts(text.node):
            if part.children or self._is_same_text(holder, part):
                continue
            new = self._rewritten(part.value, text, has_environment)
            if new == part.value:
                continue
            if is_whole and new == insertion:
                yield holder.edit(text.node, self.environment)
                return
            has_environment = has_environment or insertion in new
            yield holder.edit(part, new)

    def _is_region(self, text: str) -> bool:
        """Whether a text is the name of the kept region, as AWS spells it."""
        pattern = self.names.region_pattern
        return pattern is not None and region_in(text) == text.lower() and pattern.fullmatch(text) is not None

    def _is_name_of_side(self, holder: Attribute, text: Text, whole: str) -> bool:
        """Whether a string is a word for the kept side and nothing else, and serves as a name or as part of one."""
        if text.is_key or text.is_index or any(self._is_same_text(holder, part) for part in text.node.children):
            return False
        serves_as_name = text.key in NAME_ARGUMENTS or _NAMING.search(text.key) is not None
        return serves_as_name and self.names.pattern is not None and self.names.pattern.fullmatch(whole) is not None

    def _is_same_text(self, holder: Attribute, part: Expr) -> bool:
        """Whether the other twin has the same text at this place, so that its words mean no side."""
        return (holder.file.path, holder.span(part).start) in self.twins.same_text

    def _rewritten(self, text: str, place: Text, has_environment: bool) -> str:
        """A literal text with a variable, of the region or the environment, for each word for the kept side."""
        assert self.names.pattern is not None
        kept_alone = self._kept_alone(text)
        is_prose = place.node.kind == "heredoc" or kept_alone != text
        text = kept_alone
        is_name = " " not in text.strip() and not is_prose
        out, at = [], 0
        for match in self.names.pattern.finditer(text):
            spelled = match[0].lower()
            is_regional = region_in(spelled) is not None or spelled in self.names.regional
            if not is_regional and not is_name:
                continue
            if not is_regional and text.strip() == match[0] and len(place.node.children) == 3:
                continue  # the word for a role is the whole string: it says something of its own
            start, end = match.span()
            if spelled == self.names.region and (is_prose or _means_region(text, start, end, place.key)):
                out += [text[at:start], compose.interpolation(self.region)]
            elif has_environment:
                start, end = _with_separator(text, start, end)
                out.append(text[at:start])
            else:
                out += [text[at:start], compose.interpolation(self.environment)]
                has_environment = True
            at = end
        out.append(text[at:])
        return "".join(out)

    def _has_environment(self, holder: Attribute, node: Expr) -> bool:
        """Whether a text has the environment's name already, or will have it through a local value."""
        if reaches(self.module, holder, node, lambda address: address in self.environments):
            return True
        _, start, end = holder.span(node)
        targets = (self.module.find(r.address) for r in references_in(holder) if start <= r.start < end)
        return any(isinstance(target, Attribute) and self._environment_literals(target) for target in targets)

    # -- prose ---------------------------------------------------------------------------------------------------------

    def _description(self, holder: Attribute) -> Iterator[Edit]:
        is_renamed = isinstance(holder.outermost, Block) and holder.outermost.address in self.extent.names
        for node in walk(holder.expr):
            if node.kind == "QuotedLit":
                new = self._prose(node.value)
                if is_renamed and "primary" in self.names.roles:
                    new = _PRIMARY.sub("", new)
                if new != node.value:
                    yield holder.edit(node, new)

    def _prose(self, text: str) -> str:
        """Free text without the name of the region and the words that connect it."""
        pattern = self.names.region_pattern
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
        """The text with the kept region alone where it lists the sides' regions, as in `us-east-1 and us-west-2`."""
        patterns = [p for names in (self.names, *self.others) if (p := names.region_pattern) is not None]
        if len(patterns) < 2 or sum(len(pattern.findall(text)) for pattern in patterns) < 2:
            return text
        any_region = f"(?:{'|'.join(pattern.pattern for pattern in patterns)})"
        return re.sub(f"{any_region}(?:{_LIST_JOINT}{any_region})+", self._kept_of, text, flags=re.I)

    def _kept_of(self, match: re.Match[str]) -> str:
        kept = self.names.region_pattern
        found = kept.search(match[0]) if kept is not None else None
        return found[0] if found is not None else match[0]

    # -- comments ------------------------------------------------------------------------------------------------------

    def _comments(self) -> Iterator[Edit]:
        """Comments on what stays lose the name of the region; those that are only about what goes, go."""
        for file in self.module.configuration:
            for item in file.items:
                if not any(mark in item.text for mark in ("#", "//", "/*")):
                    continue
                first = next(item.node.leaves())
                tail = item.start + item.node.end
                goes = not first.value or self.extent.goes(file.path, item.start + item.node.start, tail)
                for leaf in (first,) if goes else item.node.leaves():
                    if "#" in leaf.prefix or "/" in leaf.prefix:
                        start = item.start + leaf.start - len(leaf.prefix)
                        yield from self._comment(file.path, start, leaf.prefix, goes)
                yield from self._comment(file.path, tail, file.text[tail : item.start + len(item.text)], False)

    def _comment(self, path: str, start: int, text: str, before_what_goes: bool) -> Iterator[Edit]:
        """Edit the comments between two leaves, a paragraph (lines without a blank line between) at a time."""
        others = [pattern for names in self.others if (pattern := names.region_pattern) is not None]
        for match in _PARAGRAPH.finditer(text):
            paragraph, at = match[0], start + match.start()
            if self.extent.goes(path, at, at + len(paragraph)):
                continue
            names_other = any(pattern.search(paragraph) for pattern in others)
            names_kept = self._names_region(paragraph)
            if names_other and not names_kept and before_what_goes:
                yield Edit(path, at, at + len(paragraph), "")
            elif names_kept and not names_other:
                yield from self._paragraph(path, at, paragraph)

    def _paragraph(self, path: str, at: int, paragraph: str) -> Iterator[Edit]:
        """Edit the lines of a comment that name the kept region; a line without any word left goes."""
        lines = paragraph.splitlines(True)
        edited = [self._comment_line(line) if self._names_region(line) else line for line in lines]
        if not re.search(r"\w", "".join(edited)):
            yield Edit(path, at, at + len(paragraph), "")
            return
        for old, new in zip(lines, edited, strict=True):
            if new != old:
                yield Edit(path, at, at + len(old), "" if _BARE_COMMENT.fullmatch(new) else new)
            at += len(old)

    def _comment_line(self, line: str) -> str:
        """A line of a comment without the region's name."""
        mark = _COMMENT_MARK.match(line)
        assert mark is not None
        return mark[0] + self._prose(line[mark.end() :])

    # -- environments --------------------------------------------------------------------------------------------------

    def _lacks_environment(self, holder: Attribute) -> bool:
        """Whether a name stays, and gets the environment's name in no other way."""
        return not (
            self.extent.goes(*holder.span())
            or self.names.speaks(holder.value)
            or self._environment_literals(holder)
            or any(r.address in self.extent.unwrapped or self._will_differ(r.address) for r in references_in(holder))
        )

    def _will_differ(self, address: str) -> bool:
        """Whether a local value will differ between environments, because it names its side or one environment."""
        local = self.module.find(address) if address.startswith("local.") else None
        if not isinstance(local, Attribute):
            return False
        return self.names.speaks(local.text()) or bool(self._environment_literals(local))

    def _environment_words(self) -> Iterator[Edit]:
        """The name of one environment in a name, as in `app-prod`, becomes that of the environment."""
        insertion = compose.interpolation(self.environment)
        for _, element in self.extent.staying():
            if isinstance(element, Attribute) or isinstance(element, Block) and element.type == "resource":
                for holder in attributes_in(element):
                    for literal in self._environment_literals(holder):
                        yield holder.edit(literal, _ENVIRONMENT_WORD.sub(insertion, literal.value))

    def _environment_literals(self, holder: Attribute) -> list[Expr]:
        """The literal texts of names (local values, arguments, Name tags) that contain an environment's name."""
        parent = holder.parent
        names: list[Expr] = []
        if isinstance(parent, Block) and parent.type == "locals":
            names = [holder.expr] if _NAMING.search(holder.name) else []
        elif isinstance(parent, Block) and parent.type == "resource":
            names = [holder.expr] if holder.name in NAME_ARGUMENTS else _name_tags(holder)
        return [
            literal
            for name in names
            if name.kind == "template"
            for literal in template_parts(name)
            if literal.kind == "QuotedLit" and _ENVIRONMENT_WORD.search(literal.value)
        ]

    def _environment_tags(self) -> Iterator[Edit]:
        """A constant `Environment` tag becomes the environment's name."""
        for _, element in self.extent.staying():
            if isinstance(element, Block) and element.type not in ("resource", "module", "provider"):
                continue
            for holder in attributes_in(element):
                if isinstance(element, Block) and "tags" not in holder.name or "env" not in holder.value.lower():
                    continue
                for value in environment_values(holder):
                    yield holder.edit(value, self.environment)
            for block in element.walk() if isinstance(element, Block) else ():
                # A group's `tag` block has its key beside its value.
                key, given = block.get("key"), block.get("value")
                if block.type == "tag" and key and given and string_value(given.expr) is not None:
                    if (string_value(key.expr) or "").lower() in ENVIRONMENT_KEYS:
                        yield given.replace(self.environment)


def environment_values(holder: Attribute) -> Iterator[Expr]:
    """The constant values of `Environment` in the maps of an attribute."""
    for node in walk(holder.expr):
        if node.kind == "object_item" and (item_key(node) or "").lower() in ENVIRONMENT_KEYS:
            if string_value(item_value(node)) is not None:
                yield item_value(node)


def _name_tags(holder: Attribute) -> list[Expr]:
    """The values of `Name` in a map of tags."""
    if holder.name != "tags":
        return []
    items = (item for node in walk(holder.expr) if node.kind == "object" for item in object_items(node))
    return [item_value(item) for item in items if item_key(item) == "Name"]


def _texts_in(holder: Attribute) -> Iterator[Text]:
    """The strings and heredocs of a value, in the order of the source."""
    rest: list[tuple[Expr, str, Expr | None]] = [(holder.expr, holder.name, None)]
    while rest:
        node, key, parent = rest.pop()
        if node.kind in ("template", "heredoc"):
            is_key = parent is not None and parent.kind == "object_item" and item_key_node(parent) is node
            is_index = parent is not None and parent.kind == "index" and index_expr(parent) is node
            yield Text(node, key, is_key, is_index)
        if node.kind == "object_item":
            key = item_key(node) or key
        rest.extend((child, key, node) for child in reversed(node.children) if child.children)


def _means_region(text: str, start: int, end: int, key: str) -> bool:
    """Whether the name of a region means the region: in an ARN, a service's name, a zone, a region argument."""
    is_field = text[start - 1 : start] == ":" and text[end : end + 1] == ":"
    is_zone = re.match(r"[a-f](?![A-Za-z0-9])", text[end : end + 2]) is not None
    is_service = _SERVICE_NAME.search(text) is not None
    return is_field or is_zone or is_service or _REGION_ARGUMENTS.search(key) is not None


def _with_separator(text: str, start: int, end: int) -> tuple[int, int]:
    """The range of a word with one separator beside it, so that what is left is still a name."""
    if start > 0 and text[start - 1] in "-_/. " and (end == len(text) or text[end] in "-_/. "):
        return start - 1, end
    if end < len(text) and text[end] in "-_":
        return start, end + 1
    return start, end
