"""New HCL as text, laid out as `terraform fmt` lays it out.

    from tapfix.module import compose

    compose.block("resource", "aws_vpc", "main", body=compose.attributes({"cidr_block":
    compose.quoted("10.0.0.0/16")}))

All functions return text. The text of a block or a body has no indent of its own: `Block.insert` and `indented` give
it one. Values are HCL: a string value is made by `quoted`. `expression` and `body_of` are the way back: they parse a
piece of HCL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tapfix.module.elements import Block, File
from tapfix.module.lines import indented
from tapfix.module.nodes import Expr


def quoted(text: str) -> str:
    """A text as a string literal of HCL, with its quotation marks, `${` and `%{` escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def interpolation(expr: str) -> str:
    """An expression within a template: `${expr}`."""
    return "${" + expr + "}"


def call(function: str, *arguments: str) -> str:
    """A call on one line."""
    return f"{function}({', '.join(arguments)})"


def list_of(elements: Iterable[str]) -> str:
    """A list on one line."""
    return f"[{', '.join(elements)}]"


def object_of(items: Mapping[str, str], *, one_line: bool = False) -> str:
    """An object, with an item a line and the values aligned, or on one line; `{}` without items."""
    if not items:
        return "{}"
    if one_line:
        return "{ " + ", ".join(f"{key} = {value}" for key, value in items.items()) + " }"
    return "{\n" + indented(attributes(items), "  ") + "}"


def attributes(values: Mapping[str, str]) -> str:
    """Attributes, a line each, ending with a newline. Neighbours on one line each have their `=` in one column."""
    lines: list[str] = []
    group: list[tuple[str, str]] = []

    def close_group() -> None:
        width = max((len(name) for name, _ in group), default=0)
        lines.extend(f"{name:<{width}} = {value}" for name, value in group)
        group.clear()

    for name, value in values.items():
        if "\n" in value:
            close_group()
            lines.append(f"{name} = {value}")
        else:
            group.append((name, value))
    close_group()
    return "".join(f"{line}\n" for line in lines)


def block(type: str, *labels: str, body: str = "") -> str:
    """A block, ending with a newline; `body` is the text within the braces, without indent. An empty body is `{}`."""
    head = " ".join([type, *map(quoted, labels)])
    return f"{head} {{\n{indented(body, '  ')}}}\n" if body.strip() else f"{head} {{}}\n"


def expression(text: str) -> Expr:
    """The node of an expression that is written as `text`."""
    return File("expression.tf", f"x = {text}\n").attributes["x"].expr


def body_of(text: str) -> Block:
    """A block whose body is `text`."""
    return File("body.tf", f"x {{\n{text.rstrip()}\n}}\n").blocks[0]
