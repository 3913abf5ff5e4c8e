"""Errors that the parser's table cannot see, but Terraform reports. The structure of the text is clear all the same.

So they are diagnostics, and the tree stays whole: a fixer can still find the place and repair it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .scanner import SURROGATES, VALID_ESCAPE, VALID_NUMBER
from .tree import Item, Leaf, SyntaxDiagnostic, SyntaxElement


def complaints(node: SyntaxElement) -> list[SyntaxDiagnostic]:
    """What is wrong with an item that parsed, in the order of the text."""
    found: list[SyntaxDiagnostic] = []
    rest: list[SyntaxElement] = [node]
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
                found.append(SyntaxDiagnostic(f"`{element.text}` is not a number", element.start, element.end))
        elif kind in ("template", "heredoc"):
            found.extend(_directives(element))
        elif kind == "traversal":
            found.extend(_steps(element))
        elif kind == "body":
            found.extend(_redefined(element.children))
        rest.extend(reversed(element.children))
    found.sort(key=lambda diagnostic: diagnostic.offset)
    return found


def redefinitions(items: Sequence[Item]) -> list[SyntaxDiagnostic]:
    """Diagnostics for top-level attributes that are set twice. Their offsets count from the start of the file."""
    found: list[SyntaxDiagnostic] = []
    seen: set[str] = set()
    for item in items:
        if item.node.kind == "attribute":
            found.extend(diagnostic.moved(item.start) for diagnostic in _redefined((item.node,), seen))
    return found


def _redefined(elements: Sequence[SyntaxElement], seen: set[str] | None = None) -> list[SyntaxDiagnostic]:
    found: list[SyntaxDiagnostic] = []
    seen = set() if seen is None else seen
    for element in elements:
        if element.kind == "attribute":
            name = element.children[0]
            if name.text in seen:
                found.append(SyntaxDiagnostic(f"the attribute `{name.text}` was set already", name.start, name.end))
            seen.add(name.text)
    return found


def _escapes(literal: Leaf) -> list[SyntaxDiagnostic]:
    found: list[SyntaxDiagnostic] = []
    value = literal.value
    at = value.find("\\")
    while at >= 0:
        escape = VALID_ESCAPE.match(value, at)
        code = escape and (escape[1] or escape[2])
        if escape is None or (code and not _is_character(int(code, 16))):
            start = literal.start + at
            found.append(SyntaxDiagnostic(f"`{value[at : at + 2]}` is not an escape sequence", start, start + 2))
        at = value.find("\\", at + 2)
    return found


def _surrogates(literal: Leaf) -> list[SyntaxDiagnostic]:
    return [
        SyntaxDiagnostic("this is not UTF-8", literal.start + match.start(), literal.start + match.end())
        for match in SURROGATES.finditer(literal.value)
    ]


def _is_character(code: int) -> bool:
    return code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF


def _directives(template: SyntaxElement) -> list[SyntaxDiagnostic]:
    """Directives that are not balanced: an `if` without its `endif`, an `else` without its `if`."""
    found: list[SyntaxDiagnostic] = []
    open_directives: list[tuple[str, SyntaxElement]] = []
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
            found.append(SyntaxDiagnostic(f"this `{word}` belongs to no directive before it", part.start, part.end))
    for word, part in open_directives:
        closing = "endfor" if word == "for" else "endif"
        found.append(SyntaxDiagnostic(f"the directive has no `{closing}`", part.start, part.end))
    return found


def _steps(traversal: SyntaxElement) -> list[SyntaxDiagnostic]:
    """Legacy indexes such as `.0.1`, and a splat in the attributes of another splat."""
    found: list[SyntaxDiagnostic] = []
    splat = False
    for step in traversal.children[1:]:
        if step.kind == "legacy_index" and "." in step.children[1].text:
            found.append(SyntaxDiagnostic("two legacy indexes in a row: write `[n]`", step.start, step.end))
        elif step.kind == "attr_splat":
            if splat:
                found.append(SyntaxDiagnostic("a splat within another splat's attributes", step.start, step.end))
            splat = True
        elif step.kind in ("index", "full_splat"):
            splat = False
    return found
