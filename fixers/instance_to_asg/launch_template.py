"""An `aws_instance` as a launch template: where each argument and block goes, and the template's text.

The tables are the mapping; names are those of the AWS provider's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    File,
    Module,
    call_arguments,
    call_name,
    expression_references,
    indented,
    item_key,
    item_value,
    object_items,
    walk,
)
from tapfix.module.evaluate import Evaluator

from ..shared.amis import root_device
from ..shared.user_data import Coding, UserData, base64encoded, ends_in_heredoc
from .copies import Uncounted, Unscalable, tells_copies
from .parts import Part, opening_comment, parts_of, trailing_comments

RENAMED = {
    "ami": "image_id",
    "disable_api_stop": "disable_api_stop",
    "disable_api_termination": "disable_api_termination",
    "ebs_optimized": "ebs_optimized",
    "instance_initiated_shutdown_behavior": "instance_initiated_shutdown_behavior",
    "instance_type": "instance_type",
    "key_name": "key_name",
    "security_groups": "security_group_names",
    "vpc_security_group_ids": "vpc_security_group_ids",
}
"""Arguments that the template takes as they are, some under another name."""

INTO_BLOCKS = {
    "iam_instance_profile": ("iam_instance_profile", "name"),
    "monitoring": ("monitoring", "enabled"),
    "hibernation": ("hibernation_options", "configured"),
    "cpu_core_count": ("cpu_options", "core_count"),
    "cpu_threads_per_core": ("cpu_options", "threads_per_core"),
    "tenancy": ("placement", "tenancy"),
    "placement_group": ("placement", "group_name"),
    "placement_partition_number": ("placement", "partition_number"),
    "host_id": ("placement", "host_id"),
    "host_resource_group_arn": ("placement", "host_resource_group_arn"),
    "associate_public_ip_address": ("network_interfaces", "associate_public_ip_address"),
    "enable_primary_ipv6": ("network_interfaces", "primary_ipv6"),
    "ipv6_address_count": ("network_interfaces", "ipv6_address_count"),
}
"""Arguments that the template takes in a block."""

SAME_BLOCKS = frozenset(
    {
        "capacity_reservation_specification",
        "cpu_options",
        "credit_specification",
        "enclave_options",
        "instance_market_options",
        "maintenance_options",
        "metadata_options",
        "private_dns_name_options",
    }
)
"""Blocks that the template takes as they are."""

DEVICE_BLOCKS = {"root_block_device": "ebs", "ebs_block_device": "ebs", "ephemeral_block_device": ""}
"""Blocks that become `block_device_mappings`, and the block in it that takes what is said of the volume."""

_OF_MAPPING = frozenset({"device_name", "no_device", "virtual_name"})

ELSEWHERE = frozenset({"availability_zone", "count", "depends_on", "for_each", "subnet_id"})
"""What the group takes."""

WITHOUT_COUNTERPART = {
    "get_password_data": "the password of a machine that comes and goes is nobody's",
    "source_dest_check": "true is the default",
    "timeouts": "the group has timeouts of its own",
    "user_data_replace_on_change": "the instance refresh replaces the machines",
}
"""What goes, and why nothing is lost."""

FIXED = {
    "private_ip": "a fixed private address",
    "secondary_private_ips": "fixed private addresses",
    "ipv6_addresses": "fixed IPv6 addresses",
    "network_interface": "network interfaces of its own",
    "connection": "a connection that provisioners use",
    "provisioner": "a provisioner, which runs once against one machine",
}
"""What a machine that comes and goes cannot have."""

_LIFECYCLE = {"ami": "image_id", "user_data_base64": "user_data"}


class Piece(NamedTuple):
    """Lines of a new body, at no indent. `spaced`: a blank line goes above it; `from_argument`: a block that an argument became."""

    text: str
    is_block: bool = False
    spaced: bool = False
    from_argument: bool = False


class Template(NamedTuple):
    """What an instance came to."""

    text: str
    name_prefix: str
    tags: str | None
    """The expression of the tags, at no indent and without comments."""
    notes: tuple[str, ...]
    """What a person should know: what was dropped, what was assumed."""
    moved: tuple[Part, ...]
    """What the group takes."""


def launch_template(
    module: Module, instance: Block, data: UserData, uncounted: Uncounted, default_tags: str = ""
) -> Template:
    """The launch template of an instance. Raises `Unscalable` for what cannot be carried over.

    `default_tags` is the map of the provider's default tags, which the template has to give to its machines itself.
    """
    return _Composition(module, instance, data, uncounted, default_tags).template()


class _Composition:
    def __init__(
        self, module: Module, instance: Block, data: UserData, uncounted: Uncounted, default_tags: str
    ) -> None:
        self.default_tags = default_tags
        self.module = module
        self.instance = instance
        self.data = data
        self.uncounted = uncounted
        self.pieces: list[Piece] = []
        self.tag_pieces: list[Piece] = []
        self.last: list[Piece] = []
        self.notes: list[str] = []
        self.moved: list[Part] = []
        self.groups: dict[str, tuple[int, list[str], str]] = {}
        tags = instance.get("tags")
        self.tags = self._shared(tags) if tags is not None else None
        own_network = any(n in instance.attributes for n, (b, _) in INTO_BLOCKS.items() if b == "network_interfaces")
        self.into_blocks = dict(INTO_BLOCKS)
        if own_network:
            self.into_blocks["vpc_security_group_ids"] = ("network_interfaces", "security_groups")
            if "security_groups" in instance.attributes:
                self.into_blocks["security_groups"] = ("network_interfaces", "security_groups")

    def template(self) -> Template:
        children = self.instance.body.children
        if any(c.kind == "broken" for c in children):
            raise Unscalable("a part of it does not parse")
        if sum(c.kind == "attribute" for c in children) > len(self.instance.attributes):
            raise Unscalable("it sets an argument twice")
        if "ami" not in self.instance.attributes:
            raise Unscalable("it names no image")
        for part in parts_of(self.instance):
            if isinstance(part.element, Block):
                self._block(part, part.element)
            else:
                self._attribute(part, part.element)
        for name, (at, rows, lead) in self.groups.items():
            self.pieces[at] = Piece(lead + block_text(name, rows), is_block=True, from_argument=True)
        self.pieces = list(_settled(self.pieces))
        if self.tags is None and self.default_tags:
            types = ("instance", "volume") if not self._specified() else ("instance",)
            self.pieces.extend(Piece(tag_specification(t, self.default_tags), is_block=True) for t in types)
        self.pieces += self.tag_pieces
        self.pieces += self.last or [Piece(block_text("lifecycle", ["create_before_destroy = true"]), is_block=True)]
        trailing = trailing_comments(self.instance)
        if trailing:
            self.pieces.append(Piece(trailing, spaced=True))
        prefix = name_prefix(self.tags, self.uncounted.label)
        first = Piece(f"{opening_comment(self.instance)}name_prefix = {prefix}\n")
        at = next((i for i, p in enumerate(self.pieces) if not p.text.startswith("provider")), 0)
        rest = [p._replace(spaced=p.spaced and i > 0) for i, p in enumerate(self.pieces[at:])]
        lines = indented(joined_pieces([*self.pieces[:at], first, *rest]), "  ")
        text = f'resource "aws_launch_template" "{self.instance.name}" {{\n{lines}}}\n'
        bare = without_comments(self.tags) if self.tags is not None else None
        if self.uncounted.dropped:
            self.notes.append(
                f"tags that differed from copy to copy went: {', '.join(dict.fromkeys(self.uncounted.dropped))}"
            )
        return Template(text, prefix, bare, tuple(self.notes), tuple(self.moved))

    # --- attributes ---------------------------------------------------------------------------------------------------

    def _attribute(self, part: Part, attribute: Attribute) -> None:
        name = attribute.name
        if name in FIXED:
            raise Unscalable(f"it has {FIXED[name]} (`{name}`)")
        if name in ELSEWHERE:
            self.moved.append(part)
        elif name == "tags":
            self._tags(part)
        elif name == "volume_tags":
            if "tags" not in self.instance.attributes:
                tags = self._with_defaults(without_comments(self._shared(attribute)))
                self._add(part, tag_specification("volume", tags), is_block=True)
        elif name in ("user_data", "user_data_base64"):
            self._user_data(part, attribute)
        elif name in self.into_blocks:
            self._into_block(part, attribute)
        elif name in WITHOUT_COUNTERPART:
            self._dropped(attribute)
            self._gone(part)
        elif name == "provider" or name in RENAMED:
            self._same(attribute)
            target = RENAMED.get(name, name)
            if name == "security_groups" and re.search(r"\baws_security_group\.[\w\[\]*.]+\.id\b", attribute.value):
                target = "vpc_security_group_ids"
            self._add(part, f"{target} = {at_no_indent(attribute, attribute.expr)}{part.tail}\n")
        else:
            raise Unscalable(f"`{name}` has no counterpart in a launch template")

    def _same(self, attribute: Attribute) -> None:
        """All copies must have the same."""
        if tells_copies(attribute, attribute.expr):
            raise Unscalable(f"`{attribute.name}` differs from copy to copy")

    def _dropped(self, attribute: Attribute) -> None:
        if attribute.name == "source_dest_check" and Evaluator(self.module).evaluate(attribute.expr) is not True:
            raise Unscalable(
                "`source_dest_check` is off: it forwards traffic for others (NAT, a firewall) and is reached by its address"
            )
        self.notes.append(f"`{attribute.name}` went: {WITHOUT_COUNTERPART[attribute.name]}")

    def _into_block(self, part: Part, attribute: Attribute) -> None:
        self._same(attribute)
        block, inner = self.into_blocks[attribute.name]
        if block in {b.type for b in self.instance.blocks}:
            raise Unscalable(f"both `{attribute.name}` and a `{block}` block are set")
        value = at_no_indent(attribute, attribute.expr)
        if attribute.name == "iam_instance_profile" and _is_arn(self.module, attribute):
            inner = "arn"
        row = f"{inner} = {value}{part.tail}"
        lead = part.kept(f"{part.lead}{row}\n").removesuffix(f"{row}\n")
        if block not in self.groups:
            self.groups[block] = (len(self.pieces), [], "")
            self.pieces.append(Piece(""))
            if block == "network_interfaces":
                self.groups[block][1].append("delete_on_termination = true")
        at, rows, above = self.groups[block]
        self.groups[block] = (at, rows, above + lead)
        if block == "network_interfaces" and inner == "associate_public_ip_address":
            rows.insert(0, row)
        else:
            rows.append(row)

    def _user_data(self, part: Part, attribute: Attribute) -> None:
        payload = self.data.payload(attribute, attribute.expr)
        if not payload.known:
            raise Unscalable(f"whether `{attribute.name}` is base64 cannot be told")
        text = self.uncounted.text(attribute, payload.expr, script=True)
        if payload.coding is Coding.NOTHING and payload.expr.text != "null":
            text = text if attribute.name == "user_data_base64" else f"try(base64encode({text}), null)"
        elif payload.coding not in (Coding.ENCODED, Coding.NOTHING):
            full = base64encoded(attribute, payload, "")
            text = full.replace(attribute.text(payload.expr), text)
        tail = part.tail
        if ends_in_heredoc(payload.expr) and text == attribute.text(payload.expr) and tail:
            part, tail = part._replace(lead=part.lead + tail.strip() + "\n"), ""
        self._add(part, f"user_data = {at_no_indent_text(text, attribute)}{tail}\n", spaced="\n" in text)

    def _shared(self, attribute: Attribute) -> str:
        cuts = self.uncounted.text(attribute, attribute.expr)
        return at_no_indent_text(cuts, attribute)

    def _tags(self, part: Part) -> None:
        assert self.tags is not None
        bare = without_comments(self.tags)
        volume = next((p for p in parts_of(self.instance) if p.element.name == "volume_tags"), None)
        for type, tags in (("instance", bare), ("volume", self._volume_tags(bare))):
            text = tag_specification(type, self._with_defaults(tags))
            said = volume.kept(text) if type == "volume" and volume is not None else text
            self.tag_pieces.append(Piece(said, is_block=True))
        text = part.kept(f"{part.lead}tags = {self.tags}{part.tail}\n")
        self.tag_pieces.append(Piece(text, spaced=True))

    def _with_defaults(self, tags: str) -> str:
        """A map of tags on top of the provider's default tags."""
        if not self.default_tags:
            return tags
        if tags.startswith("merge("):
            rest = tags.removeprefix("merge(")
            indent = rest[: len(rest) - len(rest.lstrip())]
            return f"merge({indent}{self.default_tags},{indent or ' '}{rest.lstrip()}"
        return f"merge({self.default_tags}, {tags})"

    def _specified(self) -> bool:
        """Whether the volumes have tags of their own."""
        return any('"volume"' in p.text for p in self.pieces)

    def _volume_tags(self, tags: str) -> str:
        """What the instance says of its volumes' tags, else its own."""
        said = self.instance.get("volume_tags")
        if said is not None:
            return without_comments(self._shared(said))
        devices = [b.get("tags") for t in DEVICE_BLOCKS for b in self.instance.blocks_of(t) if b.type == t]
        texts = {without_comments(self._shared(a)) if a is not None else tags for a in devices}
        return texts.pop() if len(texts) == 1 else tags

    # --- blocks -------------------------------------------------------------------------------------------------------

    def _block(self, part: Part, block: Block) -> None:
        type = block.name if block.type == "dynamic" else block.type
        if type in FIXED:
            raise Unscalable(f"it has {FIXED[type]} (`{type}`)")
        if type == "timeouts":
            self.notes.append(f"`timeouts` went: {WITHOUT_COUNTERPART['timeouts']}")
            self._gone(part)
        elif type == "lifecycle":
            self._lifecycle(part, block)
        elif type in DEVICE_BLOCKS:
            self._device(part, block, type)
        elif type in SAME_BLOCKS:
            self._same_in(block)
            self._add(part, at_no_indent(block, block.node) + part.tail + "\n", is_block=True)
        else:
            raise Unscalable(f"a `{type}` block has no counterpart in a launch template")

    def _same_in(self, block: Block) -> None:
        for inner in block.walk():
            for attribute in inner.attributes.values():
                if attribute.name != "tags":
                    self._same(attribute)

    def _device(self, part: Part, block: Block, type: str) -> None:
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
        self._add(part, block_text("block_device_mappings", list(self._mapping(block, type))), is_block=True)

    def _mapping(self, block: Block, type: str) -> Iterator[str]:
        """The lines of a `block_device_mappings` block."""
        ebs: list[Piece] = []
        if type == "root_block_device":
            yield f"device_name = {self._root_device()}"
        for part in parts_of(block):
            element = part.element
            if isinstance(element, Block):
                raise Unscalable(f"a `{element.type}` block in `{type}` has no counterpart in a launch template")
            if element.name in ("tags", "volume_tags"):
                self._device_tags(element)
                continue
            text = f"{part.lead}{at_no_indent(element, element.node)}{part.tail}"
            if element.name in _OF_MAPPING or not DEVICE_BLOCKS[type]:
                yield text
            else:
                ebs.append(Piece(text + "\n", spaced=part.spaced))
        trailing = trailing_comments(block)
        if ebs or trailing:
            yield ""
            yield f"ebs {{\n{indented(joined_pieces([*ebs, *([Piece(trailing)] if trailing else [])]), '  ')}}}"

    def _device_tags(self, tags: Attribute) -> None:
        volume = self._volume_tags("")
        if without_comments(self._shared(tags)) != volume:
            self.notes.append("tags of single volumes went, since a launch template tags all volumes alike")
        elif "tags" not in self.instance.attributes:
            text = tag_specification("volume", self._with_defaults(volume))
            self.pieces.append(Piece(text, is_block=True))

    def _dynamic_device(self, part: Part, block: Block, type: str) -> None:
        content = next(iter(block.blocks_of("content")), None)
        over = block.get("for_each")
        if content is None or over is None:
            raise Unscalable(f'a `dynamic "{type}"` block has no content')
        said = block.get("iterator")
        iterator = said.value if said is not None else type
        rows = [f"for_each = {at_no_indent(over, over.expr)}", f"iterator = {iterator}", ""]
        rows.append(block_text("content", list(self._mapping(content, type))).rstrip("\n"))
        self._add(part, block_text('dynamic "block_device_mappings"', rows), is_block=True)

    def _root_device(self) -> str:
        image = self.instance.attributes["ami"]
        device = root_device(self.module, self.instance, image)
        if device.because:
            self.notes.append(f"the root device is taken to be {device.expr.strip(chr(34))}: {device.because}")
        return device.expr

    def _lifecycle(self, part: Part, block: Block) -> None:
        if block.blocks:
            raise Unscalable(f"its lifecycle has a `{block.blocks[0].type}`, which speaks of one machine")
        rows = [] if "create_before_destroy" in block.attributes else ["create_before_destroy = true"]
        for inner in parts_of(block):
            attribute = inner.element
            assert isinstance(attribute, Attribute)
            text = at_no_indent(attribute, attribute.expr)
            if attribute.name == "ignore_changes":
                text = self._ignored(text)
                if text == "[]":
                    continue
            elif attribute.name not in ("create_before_destroy", "prevent_destroy"):
                raise Unscalable(f"its lifecycle has a `{attribute.name}`, which speaks of one machine")
            rows.append(f"{inner.lead}{attribute.name} = {text}{inner.tail}")
        self.last.append(Piece(part.kept(part.lead + block_text("lifecycle", rows)), is_block=True))

    def _ignored(self, text: str) -> str:
        names = re.findall(r"[\w.]+", text)
        if text == "all":
            return text
        kept = [_LIFECYCLE.get(n, n) for n in names if n in RENAMED or n in ("user_data", "user_data_base64", "tags")]
        return f"[{', '.join(dict.fromkeys(kept))}]"

    def _add(self, part: Part, text: str, *, is_block: bool = False, spaced: bool = False) -> None:
        self.pieces.append(Piece(part.kept(part.lead + text), is_block, spaced or part.spaced))

    def _gone(self, part: Part) -> None:
        """What was said of an element that goes stands on its own in its place."""
        said = part.kept("")
        if said:
            self.pieces.append(Piece(said, is_block=True))


# --- text -------------------------------------------------------------------------------------------------------------


def at_no_indent(holder: Element, node: Expr) -> str:
    """The source of a node whose further lines lose the indent that its element has; a heredoc keeps its bytes."""
    return at_no_indent_text(holder.text(node), holder)


def at_no_indent_text(text: str, holder: Element) -> str:
    indent = holder.indent
    if not indent or "\n" not in text:
        return text
    fixed = _lines_of_heredocs(text)
    first, *rest = text.split("\n")
    return "\n".join([first, *(s if n in fixed else s.removeprefix(indent) for n, s in enumerate(rest, 1))])


def _lines_of_heredocs(text: str) -> frozenset[int]:
    """The numbers, from 0, of the lines that belong to a heredoc but for the one that opens it."""
    if "<<" not in text:
        return frozenset()
    found: set[int] = set()
    for ahead in ("x = ", ""):
        file = File("probe.tf", f"{ahead}{text}\n")
        if file.broken:
            continue
        for item in file.items:
            for node in walk(item.node):
                if node.kind == "heredoc":
                    first, last = (file.text.count("\n", 0, item.start + at) for at in (node.start, node.end))
                    found.update(range(first + 1, last + 1))
    return frozenset(found)


def _settled(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces with the blocks that arguments became behind the run of arguments that they stood in."""
    waiting: list[Piece] = []
    for piece in pieces:
        if piece.from_argument:
            waiting.append(piece)
            continue
        if piece.is_block or piece.spaced:
            yield from waiting
            waiting.clear()
        yield piece
    yield from waiting


def joined_pieces(pieces: Sequence[Piece]) -> str:
    """The text of a body: a blank line around each block, and where one was."""
    out = ""
    for i, piece in enumerate(pieces):
        if i and (piece.is_block or pieces[i - 1].is_block or piece.spaced):
            out += "\n"
        out += piece.text
    return out


def block_text(head: str, rows: Sequence[str]) -> str:
    """A block of lines."""
    body = "\n".join(rows)
    return f"{head} {{\n{indented(body, '  ')}}}\n"


def tag_specification(type: str, tags: str) -> str:
    """A `tag_specifications` block."""
    return block_text("tag_specifications", [f'resource_type = "{type}"', "", f"tags = {tags}"])


def without_comments(text: str) -> str:
    """An expression without its comments: a copy of it that need not say them again."""
    holder = File("probe.tf", f"x = {text}\n").attributes.get("x")
    if holder is None or not any(mark in text for mark in ("#", "//", "/*")):
        return text
    out: list[str] = []
    for leaf in holder.expr.leaves():
        prefix = re.sub(r"[ \t]*(?:(?:#|//)[^\n]*|/\*.*?\*/)", "", leaf.prefix, flags=re.DOTALL)
        if prefix != leaf.prefix:
            prefix = re.sub(r"\n[ \t]*(?=\n)", "", prefix)
            prefix = re.sub(r"^[ \t]*\n", "", prefix) if out and out[-1].endswith("\n") else prefix
        out.append(prefix + leaf.value)
    return "".join(out).strip()


def name_prefix(tags: str | None, label: str) -> str:
    """A prefix for names: the `Name` of the tags where it may stand in a name, else the label."""
    holder = File("probe.tf", f"x = {tags}\n").attributes.get("x") if tags is not None else None
    value = _name_of(holder.expr) if holder is not None else None
    if holder is None or value is None:
        return f'"{label}-"'
    text = holder.text(value)
    if value.kind == "template":
        literal = "".join(c.text for c in value.children[1:-1] if not c.children)
        if re.fullmatch(r"[\w().\-/]*", literal):
            return f'{text[:-1].rstrip("-_")}-"'
    elif call_name(value) == "format":
        pattern = call_arguments(value)[0]
        if re.fullmatch(r'"(?:%0?\d*[sd]|[\w().\-/])*"', holder.text(pattern)):
            end = pattern.end - value.start
            return f"{text[: end - 1].rstrip('-_')}-{text[end - 1 :]}"
    elif value.kind in ("traversal", "call") and "\n" not in text:
        return f'"${{{text}}}-"'
    return f'"{label}-"'


def _name_of(expr: Expr) -> Expr | None:
    """The value of the last `Name` in sight."""
    if expr.kind == "object":
        return next((item_value(i) for i in reversed(object_items(expr)) if item_key(i) == "Name"), None)
    if call_name(expr) == "merge":
        found = (_name_of(a) for a in reversed(call_arguments(expr)))
        return next((f for f in found if f is not None), None)
    return None


def _is_arn(module: Module, attribute: Attribute) -> bool:
    references = expression_references(attribute, attribute.expr)
    if any(r.steps and r.steps[-1].text == ".arn" for r in references):
        return True
    if any(r.address.startswith("var.") and r.address.endswith("arn") for r in references):
        return True
    value = Evaluator(module).evaluate(attribute.expr)
    return isinstance(value, str) and value.startswith("arn:")
