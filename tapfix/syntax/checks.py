"""What the table cannot see: Terraform refuses these too, but the structure of the text is clear all the same.

So they make diagnostics and leave the tree as it is: a fixer can still see where it is and repair it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .scanner import SURROGATES, VALID_ESCAPE, VALID_NUMBER
from .tree import Diagnostic, Element, Item, Leaf


def complaints(node: Element) -> list[Diagnostic]:
    """What is wrong with an item that parsed, in the order of the text."""
    found: list[Diagnostic] = []
    rest: list[Element] = [node]
    while rest:
        element = rest.pop()
        kind = element.kind
        if kind == "QuotedLit":
            assert isinstance(element, Leaf)
            found.extend(_escapes(element))
            found.extend(_surrogates(element))
        elif kind == "StringLit":
            assert isinstance(element, Leaf)
            found.extend(_surrogates(element))
        elif kind == "NumberLit":
            if not VALID_NUMBER.fullmatch(element.text):
                found.append(Diagnostic(f"`{element.text}` is no number", element.start, element.end))
        elif kind in ("template", "heredoc"):
            found.extend(_directives(element))
        elif kind == "traversal":
            found.extend(_steps(element))
        elif kind == "body":
            found.extend(_redefined(element.children))
        rest.extend(reversed(element.children))
    found.sort(key=lambda diagnostic: diagnostic.offset)
    return found


def redefinitions(items: Sequence[Item]) -> list[Diagnostic]:
    """The top-level attributes that an earlier one has set already; offsets in the file."""
    found: list[Diagnostic] = []
    seen: set[str] = set()
    for item in items:
        if item.node.kind == "attribute":
            found.extend(diagnostic.moved(item.start) for diagnostic in _redefined((item.node,), seen))
    return found


def _redefined(elements: Sequence[Element], seen: set[str] | None = None) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    seen = set() if seen is None else seen
    for element in elements:
        if element.kind == "attribute":
            name = element.children[0]
            if name.text in seen:
                found.append(Diagnostic(f"the attribute `{name.text}` was set already", name.start, name.end))
            seen.add(name.text)
    return found


def _escapes(literal: Leaf) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    value = literal.value
    at = value.find("\\")
    while at >= 0:
        escape = VALID_ESCAPE.match(value, at)
        code = escape and (escape[1] or escape[2])
        if escape is None or (code and not _is_character(int(code, 16))):
            start = literal.start + at
            found.append(Diagnostic(f"`{value[at : at + 2]}` is no escape sequence", start, start + 2))
        at = value.find("\\", at + 2)
    return found


def _surrogates(literal: Leaf) -> list[Diagnostic]:
    return [
        Diagnostic("this is no UTF-8", literal.start + match.start(), literal.start + match.end())
        for match in SURROGATES.finditer(literal.value)
    ]


def _is_character(code: int) -> bool:
    return code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF


def _directives(template: Element) -> list[Diagnostic]:
    """Directives that are not balanced: an `if` without its `endif`, an `else` that belongs to none."""
    found: list[Diagnostic] = []
    open_directives: list[tuple[str, Element]] = []
    for part in template.children:
        if part.kind != "directive":
            continue
        word = part.children[1].text
        if word in ("if", "for"):
            open_directives.append((word, part))
            continue
        innermost = open_directives[-1][0] if open_directives else ""
        if word == "else" and innermost == "if":
            open_directives[-1] = ("else", open_directives[-1][1])
        elif (word == "endif" and innermost in ("if", "else")) or (word == "endfor" and innermost == "for"):
            open_directives.pop()
        else:
            found.append(Diagnostic(f"this `{word}` belongs to no directive before it", part.start, part.end))
    for word, part in open_directives:
        closing = "endfor" if word == "for" else "endif"
        found.append(Diagnostic(f"the directive has no `{closing}`", part.start, part.end))
    return found


def _steps(traversal: Element) -> list[Diagnostic]:
    """Legacy indexes that are fractions, and a splat within the attributes of another one."""
    found: list[Diagnostic] = []
    splat = False
    for step in traversal.children[1:]:
        if step.kind == "legacy_index" and "." in step.children[1].text:
            found.append(Diagnostic("two legacy indexes in a row: write `[n]`", step.start, step.end))
        elif step.kind == "attr_splat":
            if splat:
                found.append(Diagnostic("a splat within another splat's attributes", step.start, step.end))
            splat = True
        elif step.kind in ("index", "full_splat"):
            splat = False
    return found
