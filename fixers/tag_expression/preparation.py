"""What a module needs before its resources can follow the contract: the common map, and the contract's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tapfix.edits import Edit
from tapfix.fixer import Finding
from tapfix.module import Attribute, Element, Expr, Module, Reference, call_arguments, call_name, compose, walk
from tapfix.module.nodes import attribute_name, attribute_name_node, body_elements, closing
from tapfix.module.variables import Variable, declare, insert_block

from ..shared.module_calls import joined
from .common_map import MAP_TYPES, CommonMap, is_tag_map
from .conforming import Chunk, Unclear, edits_of
from .maps import flattened, has_comment, plain_address
from .work import TagWork


class Preparation:
    """Prepares the module, in one fix."""

    def __init__(self, work: TagWork) -> None:
        self.work = work
        self.address = f"local.{work.contract.common}"

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the module's common map and variables; nothing if they are as the contract wants them."""
        work, contract = self.work, self.work.contract
        unclear = self._unclear()
        if unclear is not None:
            place, reason = unclear
            yield work.refuse(place, f"the resources' tags do not follow {contract}", reason)
            return
        done: list[str] = []
        edits: list[Edit] = []
        common, exclusive = work.maps.common, False
        if common is not None:
            freed = self._freed(common)
            if isinstance(freed, Unclear):
                yield work.refuse(common, f"{self.address} contains what the contract merges in", freed.reason)
                return
            if freed is not None:
                names, more = freed
                edits += more
                exclusive = True
                uses = len(work.module.references_to(self.address))
                done.append(f"{self.address} no longer contains {names}, and its {uses} uses name both")
        elif contract.common is not None:
            finder = CommonMap(work)
            source = finder.under_another_name()
            if source is not None and source.startswith("local."):
                yield self._renamed(source.removeprefix("local."), contract.common)
                return
            made = finder.made(source)
            done.append(made.message)
            edits += [insert_local(work.module, f"{contract.common} = {made.text}"), *made.edits]
        missing = [v for v in contract.variables if v not in work.module.variables]
        if missing:
            done.append(f"{' and '.join(f'var.{v}' for v in missing)} is declared")
            fresh = [Variable(v, "map(string)", _description(v), "{}") for v in missing]
            edits = [*declare(work.module, work.context.environments, fresh), *edits]
        if edits:
            assert work.module.main is not None
            message = f"the tags do not follow {contract}: {'; '.join(done)}"
            yield work.fix(common or work.module.main, message, joined(edits), exclusive=exclusive)

    def _unclear(self) -> tuple[Element, str] | None:
        """What keeps the module from being prepared, and where."""
        module, contract = self.work.module, self.work.contract
        names = [*filter(None, [contract.common]), *contract.variables]
        for file in module.configuration:
            for broken in file.broken:
                for name in names:
                    if re.search(rf'\blocals\b[^"]*?^\s*{name}\s*=|\bvariable\s+"{name}"', broken.text(), re.M):
                        return broken, f"text that does not parse seems to contain {name}: correct that first"
        for name in contract.variables:
            block = module.variables.get(name)
            type = block.get("type") if block is not None else None
            if block is not None and type is not None and not re.match(MAP_TYPES, type.value):
                return block, f"var.{name} is declared as {type.value}; the contract merges it as a map of strings"
        others = [a for a in contract.shared if a.startswith("local.") and a != self.address]
        for address in others:
            if module.find(address) is None:
                return module.blocks[0], f"{address} is missing, and nothing says what it is to contain"
        common = self.work.maps.common
        if common is not None and not is_tag_map(self.work.context, common):
            return common, f"{contract.common} is a local value already, and no map of tags: give it another name"
        return None

    def _renamed(self, old: str, new: str) -> Finding:
        """Give the common map the contract's name, everywhere."""
        module = self.work.module
        definitions = [
            Attribute(block.file, block.base, child, block)
            for block in module.blocks_of("locals")
            for child in body_elements(block.body)
            if child.kind == "attribute" and attribute_name(child) == old
        ]
        edits = [d.edit(attribute_name_node(d.node), new) for d in definitions]
        edits += [r.edit(f"local.{new}") for r in module.references_to(f"local.{old}")]
        for file in module.configuration:
            for broken in file.broken:
                for match in re.finditer(rf"\blocal\.{re.escape(old)}\b", broken.text()):
                    start = broken.start + match.start() + len("local.")
                    edits.append(Edit(file.path, start, start + len(old), new))
        message = f"the common tags are local.{old}; the contract calls them local.{new}"
        return self.work.fix(definitions[0], message, edits, exclusive=True)

    # --- a common map that contains the contract's variables ----------------------------------------------------------

    def _freed(self, common: Attribute) -> tuple[str, list[Edit]] | Unclear | None:
        """Take the contract's variables out of the common map, and name them wherever it is used."""
        shared = self.work.contract.shared
        parts = flattened(common, common.expr)
        addresses = [plain_address(part) for part in parts]
        held = [a for a in addresses if a is not None and a in shared]
        if not held:
            return None
        for i, address in enumerate(addresses):
            if address is not None and address in shared:
                later = [part for part in parts[i + 1 :] if plain_address(part) not in shared]
                reason = self._loses(address, common, later)
                if reason is not None:
                    return Unclear(reason)
        own = [part for part, address in zip(parts, addresses, strict=True) if address not in shared]
        return " and ".join(held), [*_without(common, own), *self._spelled_out(common, held)]

    def _loses(self, address: str, common: Attribute, later: Iterable[Expr]) -> str | None:
        """Why a shared map cannot leave the common map: a later part of it may set the same keys."""
        for part in later:
            both = self.work.maps.shared_keys(address).common(self.work.maps.keys(common, part))
            if both is None or both:
                what = f"{', '.join(sorted(both))}" if both else "which may set the same keys"
                return (
                    f"later entries win over {address} ({what}); where the contract merges it, it would win: "
                    "decide which of the two is meant"
                )
        return None

    def _spelled_out(self, definition: Attribute, held: Sequence[str]) -> Iterator[Edit]:
        """Each use of the common map, with the variables that it no longer contains."""
        names = [a for a in self.work.contract.shared if a in held]
        for reference in self.work.module.references_to(self.address):
            if definition.start <= reference.start < definition.end and reference.file is definition.file:
                continue
            call = _call_around(reference)
            if call is None or reference.steps:
                yield reference.edit(compose.call("merge", self.address, *names))
                continue
            arguments = call_arguments(call)
            at = next(i for i, a in enumerate(arguments) if a is reference.node)
            following = [plain_address(a) for a in arguments[at + 1 : at + 1 + len(names)]]
            if following != names:
                gap = reference.node.prefix if "\n" in reference.node.prefix else " "
                yield reference.edit(f",{gap}".join((self.address, *names)))


def insert_local(module: Module, text: str) -> Edit:
    """Put a local value into the module's `locals` block, which is made if there is none."""
    blocks = module.blocks_of("locals")
    if not blocks:
        return insert_block(module, "locals", compose.block("locals", body=text))
    main = next((b for b in blocks if b.file is module.main), blocks[0])
    return main.insert(text if main.one_line or not main.body.children else f"\n{text}")


def _without(attribute: Attribute, own: Sequence[Expr]) -> Iterable[Edit]:
    """The common map with only its own parts, and with all of its comments."""
    base, expr = attribute.base, attribute.expr
    start, end = base + expr.start, base + expr.end
    parts = flattened(attribute, expr)
    tail = closing(expr).prefix if expr.children else ""
    if not own:
        return [attribute.replace("{}")]
    if len(own) == 1 and not any(has_comment(text) for text in (*(p.prefix for p in parts if p is not expr), tail)):
        only = own[0]
        return edits_of(attribute.file, start, end, _outdented(attribute, base + only.start, base + only.end))
    chunks: list[Chunk] = ["merge("]
    comments = ""
    for part in parts:
        if part not in own:
            comments += part.prefix.rstrip(" \t\n") if has_comment(part.prefix) else ""
            continue
        comma = "," if part is not own[0] else ""
        chunks += [f"{comma}{comments}{part.prefix}", (base + part.start, base + part.end)]
        comments = ""
    return edits_of(attribute.file, start, end, [*chunks, f"{comments}{tail}", ")"])


def _outdented(attribute: Attribute, start: int, end: int) -> list[Chunk]:
    """A range of lines, moved left so that its last line has the attribute's indent."""
    text = attribute.file.text
    last = text[attribute.file.line_start(end) : end]
    extra = len(last) - len(last.lstrip()) - len(attribute.indent) if "\n" in text[start:end] else 0
    if extra <= 0 or "<<" in text[start:end]:
        return [(start, end)]
    chunks: list[Chunk] = []
    at = start
    while True:
        line_end = attribute.file.line_end(at)
        if line_end >= end:
            return [*chunks, (at, end)]
        chunks.append((at, line_end))
        spaces = len(text[line_end:end]) - len(text[line_end:end].lstrip(" "))
        at = line_end + min(extra, spaces)


def _call_around(reference: Reference) -> Expr | None:
    """The `merge` that has a reference, and nothing more, as an argument."""
    if reference.holder is None:
        return None
    for node in walk(reference.holder.expr):
        if call_name(node) == "merge" and any(a is reference.node for a in call_arguments(node)):
            return node
    return None


def _description(variable: str) -> str:
    return "Additional tags for all resources" if variable == "extra_tags" else "Tags for all resources"
