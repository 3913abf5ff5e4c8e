"""An `aws_instance` as a launch template: the template's text, made after the tables of `mapping.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Expr,
    call_arguments,
    call_name,
    compose,
    expression_references,
    indented,
    item_key,
    item_value,
    object_items,
)
from tapfix.module.nodes import iterator_name, template_parts

from ..shared.amis import root_device
from ..shared.user_data import Coding, UserData, base64encoded, ends_in_heredoc
from .bodies import (
    BodyElement,
    BodyLines,
    at_no_indent,
    block_of,
    body_elements,
    expression_at_no_indent,
    joined_lines,
    opening_comment,
    settled,
    trailing_comments,
    without_comments,
)
from .copies import Uncounted, Unscalable, tells_copies
from .mapping import (
    DEVICE_BLOCKS,
    DROPPED,
    IGNORED,
    INTO_BLOCKS,
    OF_GROUP,
    OF_MAPPING,
    ONE_MACHINE,
    RENAMED,
    SAME_BLOCKS,
)


class LaunchTemplate(NamedTuple):
    """What replaces an instance, but for its group."""

    text: str
    """The template's block; empty if the instance has a launch template already."""
    name_prefix: str
    tags: str | None
    """The expression of the tags, at no indent and without comments."""
    notes: tuple[str, ...]
    """What a person should know: what was dropped, what was assumed."""
    of_group: tuple[BodyElement, ...]
    """The elements of the instance that the group takes."""


def launch_template(instance: Block, data: UserData, uncounted: Uncounted, default_tags: str = "") -> LaunchTemplate:
    """The launch template of an instance. Raises `Unscalable` for what cannot be carried over.

    `default_tags` is the map of the provider's default tags, which a launch template does not give to its machines.
    """
    return _Composition(instance, data, uncounted, default_tags).template()


class _BlockOfArguments:
    """A block of the template that arguments of the instance become: where it goes, and what it contains."""

    def __init__(self, at: int, type: str) -> None:
        self.at = at
        self.type = type
        self.comments = ""
        self.rows = ["delete_on_termination = true"] if type == "network_interfaces" else []

    def add(self, argument: str, row: str, comments: str) -> None:
        self.comments += comments
        self.rows.insert(0 if argument == "associate_public_ip_address" else len(self.rows), row)

    @property
    def lines(self) -> BodyLines:
        return BodyLines(self.comments + block_of(self.type, self.rows), is_block=True, from_argument=True)


class _Composition:
    def __init__(self, instance: Block, data: UserData, uncounted: Uncounted, default_tags: str) -> None:
        self.default_tags = default_tags
        self.module = data.module
        self.context = data.context
        self.instance = instance
        self.data = data
        self.uncounted = uncounted
        self.lines: list[BodyLines] = []
        self.tag_lines: list[BodyLines] = []
        self.last: list[BodyLines] = []
        self.notes: list[str] = []
        self.of_group: list[BodyElement] = []
        self.blocks_of_arguments: dict[str, _BlockOfArguments] = {}
        tags = instance.get("tags")
        self.tags = self._shared(tags) if tags is not None else None
        self.into_blocks = dict(INTO_BLOCKS)
        if any(n in instance.attributes for n, (block, _) in INTO_BLOCKS.items() if block == "network_interfaces"):
            # EC2 takes security groups in the network interface or outside of it, not both.
            self.into_blocks["vpc_security_group_ids"] = ("network_interfaces", "security_groups")
            if "security_groups" in instance.attributes:
                self.into_blocks["security_groups"] = ("network_interfaces", "security_groups")

    def template(self) -> LaunchTemplate:
        children = self.instance.body.children
        if any(c.kind == "broken" for c in children):
            raise Unscalable("a part of it does not parse")
        if sum(c.kind == "attribute" for c in children) > len(self.instance.attributes):
            raise Unscalable("it sets an argument twice")
        if "ami" not in self.instance.attributes:
            raise Unscalable("it names no image")
        for part in body_elements(self.instance):
            if isinstance(part.element, Block):
                self._block(part, part.element)
            else:
                self._attribute(part, part.element)
        prefix = name_prefix(self.tags, self.uncounted.label)
        lines = indented(joined_lines(self._all_lines(prefix)), "  ")
        text = f'resource "aws_launch_template" "{self.instance.name}" {{\n{lines}}}\n'
        bare = without_comments(self.tags) if self.tags is not None else None
        if self.uncounted.dropped:
            names = ", ".join(dict.fromkeys(self.uncounted.dropped))
            self.notes.append(f"tags that differed from copy to copy are removed: {names}")
        return LaunchTemplate(text, prefix, bare, tuple(self.notes), tuple(self.of_group))

    def _all_lines(self, prefix: str) -> list[BodyLines]:
        """The lines of the template: what the instance set, the tags, the lifecycle; the name comes first."""
        for block in self.blocks_of_arguments.values():
            self.lines[block.at] = block.lines
        lines = list(settled(self.lines))
        if self.tags is None and self.default_tags:
            volumes_have_tags = any('"volume"' in each.text for each in lines)
            types = ("instance",) if volumes_have_tags else ("instance", "volume")
            lines += [BodyLines(tag_specification(t, self.default_tags), is_block=True) for t in types]
        lines += self.tag_lines
        lines += self.last or [BodyLines(block_of("lifecycle", ["create_before_destroy = true"]), is_block=True)]
        trailing = trailing_comments(self.instance)
        if trailing:
            lines.append(BodyLines(trailing, spaced=True))
        first = BodyLines(f"{opening_comment(self.instance)}name_prefix = {prefix}\n")
        at = next((i for i, each in enumerate(lines) if not each.text.startswith("provider")), 0)
        rest = [each._replace(spaced=each.spaced and i > 0) for i, each in enumerate(lines[at:])]
        return [*lines[:at], first, *rest]

    # --- attributes, in the order of the tables -----------------------------------------------------------------------

    def _attribute(self, part: BodyElement, attribute: Attribute) -> None:
        name = attribute.name
        if name in ONE_MACHINE:
            raise Unscalable(f"it has {ONE_MACHINE[name]} (`{name}`)")
        if name in OF_GROUP:
            self.of_group.append(part)
        elif name in self.into_blocks:
            self._into_block(part, attribute)
        elif name in RENAMED:
            self._renamed(part, attribute)
        elif name in DROPPED:
            self._checked(attribute)
            self._dropped(part, name)
        elif name == "tags":
            self._tags(part)
        elif name == "volume_tags":
            self._tags_of_volumes(part, attribute)
        elif name in ("user_data", "user_data_base64"):
            self._user_data(part, attribute)
        else:
            raise Unscalable(f"`{name}` has no counterpart in a launch template")

    def _same(self, attribute: Attribute) -> None:
        """All copies must have the same value."""
        if tells_copies(attribute, attribute.expr):
            raise Unscalable(f"`{attribute.name}` differs from copy to copy")

    def _into_block(self, part: BodyElement, attribute: Attribute) -> None:
        self._same(attribute)
        type, inner = self.into_blocks[attribute.name]
        if type in {b.type for b in self.instance.blocks}:
            raise Unscalable(f"both `{attribute.name}` and a `{type}` block are set")
        if attribute.name == "iam_instance_profile" and _is_arn(self.context, attribute):
            inner = "arn"
        row = f"{inner} = {at_no_indent(attribute, attribute.expr)}{part.tail}"
        comments = part.with_comments(f"{part.lead}{row}\n").removesuffix(f"{row}\n")
        if type not in self.blocks_of_arguments:
            self.blocks_of_arguments[type] = _BlockOfArguments(len(self.lines), type)
            self.lines.append(BodyLines(""))
        self.blocks_of_arguments[type].add(inner, row, comments)

    def _renamed(self, part: BodyElement, attribute: Attribute) -> None:
        self._same(attribute)
        target = RENAMED[attribute.name]
        by_id = re.search(r"\baws_security_group\.[\w\[\]*.]+\.id\b", attribute.value)
        if attribute.name == "security_groups" and by_id is not None:
            target = "vpc_security_group_ids"
        self._add(part, f"{target} = {at_no_indent(attribute, attribute.expr)}{part.tail}\n")

    def _checked(self, attribute: Attribute) -> None:
        """Raise `Unscalable` if an instance forwards the traffic of others."""
        if attribute.name == "source_dest_check" and self.context.value(attribute) is not True:
            raise Unscalable(
                "`source_dest_check` is off: it forwards traffic for others (NAT, a firewall) "
                "and is reached by its address"
            )

    def _dropped(self, part: BodyElement, name: str) -> None:
        self.notes.append(f"`{name}` is removed: {DROPPED[name]}")
        comments = part.with_comments("")
        if comments:
            self.lines.append(BodyLines(comments, is_block=True))

    def _user_data(self, part: BodyElement, attribute: Attribute) -> None:
        payload = self.data.payload(attribute, attribute.expr)
        if not payload.known:
            raise Unscalable(f"whether `{attribute.name}` is base64 is not known")
        text = self.uncounted.text(attribute, payload.expr, script=True)
        if payload.coding is Coding.NOTHING and payload.expr.text != "null":
            text = text if attribute.name == "user_data_base64" else f"try(base64encode({text}), null)"
        elif payload.coding not in (Coding.ENCODED, Coding.NOTHING):
            full = base64encoded(attribute, payload, "")
            text = full.replace(attribute.text(payload.expr), text)
        tail = part.tail
        if ends_in_heredoc(payload.expr) and text == attribute.text(payload.expr) and tail:
            part, tail = part._replace(lead=part.lead + tail.strip() + "\n"), ""
        line = f"user_data = {expression_at_no_indent(text, attribute)}{tail}\n"
        self._add(part, line, spaced="\n" in text)

    def _shared(self, attribute: Attribute) -> str:
        """The expression of an argument without what distinguishes copies."""
        return expression_at_no_indent(self.uncounted.text(attribute, attribute.expr), attribute)

    # --- tags ---------------------------------------------------------------------------------------------------------

    def _tags(self, part: BodyElement) -> None:
        assert self.tags is not None
        bare = without_comments(self.tags)
        volume = next((p for p in body_elements(self.instance) if p.element.name == "volume_tags"), None)
        for type, tags in (("instance", bare), ("volume", self._volume_tags(bare))):
            text = tag_specification(type, self._with_defaults(tags))
            commented = volume.with_comments(text) if type == "volume" and volume is not None else text
            self.tag_lines.append(BodyLines(commented, is_block=True))
        text = part.with_comments(f"{part.lead}tags = {self.tags}{part.tail}\n")
        self.tag_lines.append(BodyLines(text, spaced=True))

    def _tags_of_volumes(self, part: BodyElement, attribute: Attribute) -> None:
        """The volumes' tags of an instance without tags; `_tags` writes those of another one."""
        if "tags" not in self.instance.attributes:
            tags = self._with_defaults(without_comments(self._shared(attribute)))
            self._add(part, tag_specification("volume", tags), is_block=True)

    def _with_defaults(self, tags: str) -> str:
        """A map of tags merged over the provider's default tags."""
        if not self.default_tags:
            return tags
        if tags.startswith("merge("):
            rest = tags.removeprefix("merge(")
            indent = rest[: len(rest) - len(rest.lstrip())]
            return f"merge({indent}{self.default_tags},{indent or ' '}{rest.lstrip()}"
        return compose.call("merge", self.default_tags, tags)

    def _volume_tags(self, tags: str) -> str:
        """The tags that the instance sets for its volumes, else `tags`, those of the instance."""
        volume_tags = self.instance.get("volume_tags")
        if volume_tags is not None:
            return without_comments(self._shared(volume_tags))
        devices = [b.get("tags") for t in DEVICE_BLOCKS for b in self.instance.blocks_of(t) if b.type == t]
        texts = {without_comments(self._shared(a)) if a is not None else tags for a in devices}
        return texts.pop() if len(texts) == 1 else tags

    # --- blocks, in the order of the tables ---------------------------------------------------------------------------

    def _block(self, part: BodyElement, block: Block) -> None:
        type = block.name if block.type == "dynamic" else block.type
        if type in ONE_MACHINE:
            raise Unscalable(f"it has {ONE_MACHINE[type]} (`{type}`)")
        if type in SAME_BLOCKS:
            self._same_in(block)
            self._add(part, at_no_indent(block, block.node) + part.tail + "\n", is_block=True)
        elif type in DEVICE_BLOCKS:
            self._device(part, block, type)
        elif type == "timeouts":
            self._dropped(part, type)
        elif type == "lifecycle":
            self._lifecycle(part, block)
        else:
            raise Unscalable(f"a `{type}` block has no counterpart in a launch template")

    def _same_in(self, block: Block) -> None:
        for inner in block.walk():
            for attribute in inner.attributes.values():
                if attribute.name != "tags":
                    self._same(attribute)

    def _device(self, part: BodyElement, block: Block, type: str) -> None:
        self._same_in(block)
        key = next((b.get("kms_key_id") for b in block.walk() if "kms_key_id" in b.attributes), None)
        if key is not None and key.value != "null":
            self.notes.append(
                f"Auto Scaling's own role has to be allowed to use the key `{key.value}` (by its policy or a grant), "
                "unless it is the one that AWS manages"
            )
        if block.type == "dynamic":
            self._dynamic_device(part, block, type)
            return
        self._add(part, block_of("block_device_mappings", list(self._mapping(block, type))), is_block=True)

    def _mapping(self, block: Block, type: str) -> Iterator[str]:
        """The lines of a `block_device_mappings` block."""
        ebs: list[BodyLines] = []
        if type == "root_block_device":
            yield f"device_name = {self._root_device()}"
        for part in body_elements(block):
            element = part.element
            if isinstance(element, Block):
                raise Unscalable(f"a `{element.type}` block in `{type}` has no counterpart in a launch template")
            if element.name in ("tags", "volume_tags"):
                self._device_tags(element)
                continue
            text = f"{part.lead}{at_no_indent(element, element.node)}{part.tail}"
            if element.name in OF_MAPPING or not DEVICE_BLOCKS[type]:
                yield text
            else:
                ebs.append(BodyLines(text + "\n", spaced=part.spaced))
        trailing = trailing_comments(block)
        if trailing:
            ebs.append(BodyLines(trailing))
        if ebs:
            yield ""
            yield block_of("ebs", [joined_lines(ebs).rstrip("\n")]).rstrip("\n")

    def _device_tags(self, tags: Attribute) -> None:
        volume = self._volume_tags("")
        if without_comments(self._shared(tags)) != volume:
            self.notes.append("tags of single volumes are removed, since a launch template tags all volumes alike")
        elif "tags" not in self.instance.attributes:
            text = tag_specification("volume", self._with_defaults(volume))
            self.lines.append(BodyLines(text, is_block=True))

    def _dynamic_device(self, part: BodyElement, block: Block, type: str) -> None:
        content = next(iter(block.blocks_of("content")), None)
        elements = block.get("for_each")
        if content is None or elements is None:
            raise Unscalable(f'a `dynamic "{type}"` block has no content')
        rows = [f"for_each = {at_no_indent(elements, elements.expr)}", f"iterator = {iterator_name(block.node)}", ""]
        rows.append(block_of("content", list(self._mapping(content, type))).rstrip("\n"))
        self._add(part, block_of("dynamic", rows, "block_device_mappings"), is_block=True)

    def _root_device(self) -> str:
        device = root_device(self.module, self.context, self.instance, self.instance.attributes["ami"])
        if device.because:
            self.notes.append(f"the root device is taken to be {device.expr.strip(chr(34))}: {device.because}")
        return device.expr

    def _lifecycle(self, part: BodyElement, block: Block) -> None:
        if block.blocks:
            raise Unscalable(f"its lifecycle has a `{block.blocks[0].type}`, which speaks of one machine")
        rows = [] if "create_before_destroy" in block.attributes else ["create_before_destroy = true"]
        for inner in body_elements(block):
            attribute = inner.element
            assert isinstance(attribute, Attribute)
            text = at_no_indent(attribute, attribute.expr)
            if attribute.name == "ignore_changes":
                text = _ignored(text)
                if text == "[]":
                    continue
            elif attribute.name not in ("create_before_destroy", "prevent_destroy"):
                raise Unscalable(f"its lifecycle has a `{attribute.name}`, which speaks of one machine")
            rows.append(f"{inner.lead}{attribute.name} = {text}{inner.tail}")
        lines = part.with_comments(part.lead + block_of("lifecycle", rows))
        self.last.append(BodyLines(lines, is_block=True))

    def _add(self, part: BodyElement, text: str, *, is_block: bool = False, spaced: bool = False) -> None:
        self.lines.append(BodyLines(part.with_comments(part.lead + text), is_block, spaced or part.spaced))


# --- text -------------------------------------------------------------------------------------------------------------


def tag_specification(type: str, tags: str) -> str:
    """A `tag_specifications` block."""
    return block_of("tag_specifications", [f'resource_type = "{type}"', "", f"tags = {tags}"])


def _ignored(text: str) -> str:
    """The list of `ignore_changes` as the launch template has it: the arguments that it has, by their names there."""
    if text == "all":
        return text
    names = [n for n in re.findall(r"[\w.]+", text) if n in RENAMED or n in ("user_data", "user_data_base64", "tags")]
    return compose.list_of(dict.fromkeys(IGNORED.get(n, n) for n in names))


def name_prefix(tags: str | None, label: str) -> str:
    """A prefix for names: the `Name` of the tags where a name can contain it, else the label."""
    value = _name_of(compose.expression(tags)) if tags is not None else None
    if value is None:
        return f'"{label}-"'
    text = value.text
    if value.kind == "template":
        literal = "".join(part.text for part in template_parts(value) if not part.children)
        if re.fullmatch(r"[\w().\-/]*", literal):
            return f'{text[:-1].rstrip("-_")}-"'
    elif call_name(value) == "format":
        pattern = call_arguments(value)[0]
        if re.fullmatch(r'"(?:%0?\d*[sd]|[\w().\-/])*"', pattern.text):
            end = pattern.end - value.start
            return f"{text[: end - 1].rstrip('-_')}-{text[end - 1 :]}"
    elif value.kind in ("traversal", "call") and "\n" not in text:
        return f'"{compose.interpolation(text)}-"'
    return f'"{label}-"'


def _name_of(expr: Expr) -> Expr | None:
    """The value of the last `Name` that a map of tags, or a `merge` of such maps, contains."""
    if expr.kind == "object":
        return next((item_value(i) for i in reversed(object_items(expr)) if item_key(i) == "Name"), None)
    if call_name(expr) == "merge":
        found = (_name_of(a) for a in reversed(call_arguments(expr)))
        return next((f for f in found if f is not None), None)
    return None


def _is_arn(context: Context, attribute: Attribute) -> bool:
    """Whether an instance profile is named by its ARN."""
    references = expression_references(attribute, attribute.expr)
    if any(r.steps and r.steps[-1].text == ".arn" for r in references):
        return True
    if any(r.address.startswith("var.") and r.address.endswith("arn") for r in references):
        return True
    values = context.values(attribute).values()
    return all(isinstance(value, str) and value.startswith("arn:") for value in values)
