"""Lines of HCL as text: indents, and what surrounds a line."""

from __future__ import annotations


def indented(text: str, indent: str) -> str:
    """Lines with an indent before each, except for blank lines and those of a heredoc; ends with a newline."""
    out, marker = [], None
    for line in text.rstrip("\n").split("\n"):
        if marker is not None:
            out.append(line)
            if line.strip() == marker:
                marker = None
            continue
        out.append(indent + line if line.strip() else line)
        head = line.rpartition("<<")[2] if "<<" in line else ""
        name = head.lstrip("-").strip()
        if head and name.isidentifier():
            marker = name
    return "\n".join(out) + "\n"


def ends_line(text: str) -> bool:
    """Whether the rest of a line contains nothing but a comment."""
    return not text.strip() or text.lstrip().startswith(("#", "//"))


def opens_body(text: str, line: int) -> bool:
    """Whether the line above opens a body, or no line is above."""
    return (
        line == 0
        or text[:line].rstrip(" \t\r\n").endswith("{")
        and not text[text.rfind("{", 0, line) + 1 : line].strip()
    )
