"""Checks how the blocks of a module relate: no address is declared twice, and no block needs itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tapfix.module import Block, Element, Reference, string_value
from tapfix.verify.declarations import Declarations

_NODES = ("resource", "data", "ephemeral")


def check_duplicates(declarations: Declarations) -> None:
    """Report addresses that are declared twice."""
    first: dict[str, Element] = {}
    for address, element in declarations.module.declarations:
        if isinstance(element, Block) and element.type == "provider":
            address = _configured(element)
        _once(declarations, first, address, element)
    for block in declarations.module.blocks_of("terraform"):
        for nested in block.blocks:
            if nested.type in ("required_providers", "backend", "cloud"):
                _once(declarations, first, f"terraform.{nested.type}", nested)


def _configured(block: Block) -> str:
    """A provider's address with its alias, quoted or not. An alias that is not a plain name is ignored."""
    alias = block.get("alias")
    if alias is None:
        return block.address
    name = alias.value if alias.expr.kind == "Identifier" else string_value(alias.expr)
    return f"provider.{block.name}.{name}" if name else f"provider.{block.name}"


def _once(declarations: Declarations, first: dict[str, Element], address: str, element: Element) -> None:
    if first.setdefault(address, element) is not element:
        declarations.report("references", "duplicate", f"{address} is declared a second time", element)


def check_cycles(declarations: Declarations) -> None:
    """Report blocks that need themselves. Ignores modules: an output of theirs need not depend on every input."""
    edges = _edges(declarations)
    for cycle in _cycles(edges):
        elements = [element for address in cycle if (element := declarations.module.find(address)) is not None]
        if not elements:
            continue
        first = min(elements, key=lambda element: (element.file.path, element.start))
        if len(cycle) == 1:
            declarations.report("references", "self-reference", f"{cycle[0]} refers to itself", first)
        else:
            declarations.report(
                "references", "cycle", f"each needs the next, and the last the first: {', '.join(cycle)}", first
            )


def _edges(declarations: Declarations) -> dict[str, set[str]]:
    module = declarations.module
    edges: dict[str, set[str]] = {}
    for name in module.locals:
        edges[f"local.{name}"] = set()
    for block in module.blocks:
        if block.type in _NODES and len(block.labels) == 2:
            targets = edges.setdefault(block.address, set())
            targets.update(_targets(block.references))
            if not _names_itself(block):
                targets.discard(block.address)
            if block.get("provider") is None:
                targets.add(f"provider.{block.labels[0].partition('_')[0]}")
        elif block.type == "provider" and len(block.labels) == 1:
            edges.setdefault(block.address, set()).update(_targets(block.references))
        elif block.type == "locals":
            for reference in block.references:
                if reference.holder is not None:
                    edges[f"local.{reference.holder.name}"].update(_targets((reference,)))
    return edges


def _names_itself(block: Block) -> bool:
    """Does a block use its own values? Terraform allows its address in depends_on and replace_triggered_by."""
    return any(
        reference.address == block.address
        and (reference.holder is None or reference.holder.name not in ("depends_on", "replace_triggered_by"))
        for reference in block.references
    )


def _targets(references: Iterable[Reference]) -> set[str]:
    return {
        r.address
        for r in references
        if not r.address.startswith(("var.", "module.", "each.", "count.", "self.", "path.", "terraform."))
    }


def _cycles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components with a cycle, each sorted by name (Tarjan's algorithm, without recursion).

    `graphlib` finds one cycle only, and so would report one problem where there are several.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in edges:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        part.append(member)
                        if member == node:
                            break
                    if len(part) > 1 or node in edges[node]:
                        found.append(sorted(part))
    return found
