"""Generates valid HCL with every form of the language in an unusual layout. The same seed gives the same text."""

from __future__ import annotations

from random import Random

_NAMES = ("a", "in", "name", "for_each", "if", "type", "größe", "availability_zone-1", "x" * 30, "list", "null", "true")
_LITERALS = (
    "",
    "x",
    "a b",
    "é",
    "日本",
    "👨‍👩‍👧 🇬🇧",
    "$",
    "100%",
    r"\"q\"\n",
    "$${x}",
    "%%{if}",
    "#no",
    "/*no*/",
    "e\u0301",
)
_OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||")


class Messy:
    """Generates texts. `depth` limits the nesting. Inside brackets there are new lines and comments almost anywhere."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.newline = self.random.choice(("\n", "\n", "\n", "\r\n"))

    def text(self) -> str:
        """A whole file."""
        start = self._one("", "", "", "\ufeff")
        body = self._body(3, allow_blocks=True)
        end = self._one("", "", " ", "\t \t", "# end", "  // end", "/* end */ ")
        return start + body + end

    def _one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _often(self, of_ten: int) -> bool:
        return self.random.randrange(10) < of_ten

    def _gap(self) -> str:
        """White space without new lines, or nothing."""
        return self._one("", "", " ", " ", "  ", "\t", " /* c */ ", "/*c*/") if self._often(9) else "/* two\n lines */"

    def _space(self) -> str:
        """As `_gap`, but never empty."""
        return self._gap() or " "

    def _wide(self) -> str:
        """White space inside brackets, which may contain new lines."""
        if self._often(8):
            return self._gap()
        return self._one("", " ", "\t") + self._one("", "# c", "//c") + self.newline + self._one("", "  ", self.newline)

    def _end(self) -> str:
        """The end of a line, with or without a comment."""
        return self._one("", "", "", " ", "\t", " # c", "#c", "  // ü d", " /* c */", "/* c */ # d") + self.newline

    def _between(self) -> str:
        """White space and comments between the items of a body."""
        if self._often(7):
            return self._one("", "", "  ", "\t")
        return self._one("", " ", "\t") + self._one("", "# c", "// c", "/* c */", "/* c\n   d */") + self.newline

    def _body(self, depth: int, allow_blocks: bool, in_variable: bool = False) -> str:
        parts = []
        for number in range(self.random.randrange(5)):
            parts.append(self._between())
            if allow_blocks and depth > 0 and self._often(4):
                parts.append(self._block(depth - 1))
                continue
            name = f"{self._one(*_NAMES)}{number}"
            value = self._expression(depth)
            if in_variable and number == 0:
                name, value = (
                    "type",
                    self._one("list", "map", "set", '"string"', '"list"', '"map"', "string", "list(any)", value),
                )
            parts.append(f"{name}{self._gap()}={self._gap()}{value}{self._end()}")
        return "".join(parts)

    def _block(self, depth: int) -> str:
        kind = self._one("resource", "variable", "dynamic", "b")
        labels = "".join(
            self._space() + self._one('"a"', "b", '"c.d"', '"e f"', '"größe"', r'"\u00e9"', r'"\"\\"', '""', "in")
            for _ in range(self.random.randrange(3))
        )
        head = f"{kind}{labels}{self._space()}{{"
        if self._often(2):
            return f"{head}{self._gap()}}}{self._end()}"
        if self._often(2):
            return f"{head}{self._gap()}a{self._gap()}={self._gap()}{self._expression(0)}{self._gap()}}}{self._end()}"
        body = self._body(depth, allow_blocks=True, in_variable=kind == "variable")
        return f"{head}{self._end()}{body}{self._between()}}}{self._end()}"

    def _expression(self, depth: int, wide: bool = False) -> str:
        """An expression; `wide` means inside brackets."""
        gap = self._wide if wide else self._gap
        forms = [self._name, self._number, self._string]
        if depth > 0:
            forms += [
                self._tuple,
                self._object,
                self._call,
                self._paren,
                self._traversal,
                self._for_tuple,
                self._for_object,
                self._heredoc,
            ]
            inner = depth - 1
            pick = self.random.randrange(12)
            if pick == 0:
                left, right = self._expression(inner, wide), self._expression(inner, wide)
                return f"{left}{gap() or ' '}{self._one(*_OPERATORS)}{gap() or ' '}{right}"
            if pick == 1:
                return self._one("-", "!") + self._gap() + self._expression(inner, wide)
            if pick == 2:
                parts = [self._expression(inner, wide) for _ in range(3)]
                return f"{parts[0]}{gap() or ' '}?{gap() or ' '}{parts[1]}{gap() or ' '}:{gap() or ' '}{parts[2]}"
            if pick == 3:
                inside = self._expression(inner, True)
                return self._harmless(f"${{{self._one('', '~')}{self._wide()}{inside}{self._wide()}}}")
        return self.random.choice(forms)(depth - 1)

    def _name(self, depth: int) -> str:
        return self._one(*_NAMES) + "_"

    def _number(self, depth: int) -> str:
        return self._one("0", "1", "42", "3.14", "1e3", "2.5E-2")

    def _string(self, depth: int) -> str:
        parts = []
        for _ in range(self.random.randrange(4)):
            parts.append(self._one(*_LITERALS))
            if depth > 0 and self._often(4):
                parts.append(self._interpolation(depth))
            elif depth > 0 and self._often(1):
                parts.append("%{" + self._gap() + f"if{self._space()}a" + self._gap() + "}x%{else}y%{ endif ~}")
        return self._harmless("".join(parts))

    def _harmless(self, template: str) -> str:
        """The quoted template, changed so that terraform does not unwrap a heredoc, which may break it."""
        return f'"x{template}"' if "EOT" in template and template.startswith("${") else f'"{template}"'

    def _interpolation(self, depth: int) -> str:
        inside = self._expression(depth - 1, True)
        return f"${{{self._one('', '', '~')}{self._wide()}{inside}{self._wide()}{self._one('', '', '~')}}}"

    def _heredoc(self, depth: int) -> str:
        lines = []
        for _ in range(self.random.randrange(4)):
            line = self._one("", "  ", "\t") + self._one(*_LITERALS)
            if depth > 0 and self._often(4):
                line += self._interpolation(depth) + self._one("", " x ")
            lines.append(line + self.newline)
        dash = self._one("", "-")
        indent = self._one("", "", "  ", "\t")
        # Only the end of a line may follow, and the item that the heredoc ends adds one.
        return f"<<{dash}EOT{self.newline}{''.join(lines)}{indent}EOT{self._one('', '', ' ')}{self.newline}"

    def _elements(self, depth: int) -> str:
        elements = [self._wide() + self._expression(depth, True) for _ in range(self.random.randrange(4))]
        comma = f"{self._wide()},"
        return comma.join(elements) + (comma if elements and self._often(3) else "") + self._wide()

    def _tuple(self, depth: int) -> str:
        return f"[{self._elements(depth)}]"

    def _call(self, depth: int) -> str:
        name = self._one("f", "merge", "provider::aws::arn", f"provider{self._gap()}::{self._gap()}a::b")
        arguments = self._elements(depth)
        if self._often(2):
            arguments = f"{self._wide()}a{self._wide()}...{self._wide()}"
        return f"{name}{self._one('', ' ')}({arguments})"

    def _paren(self, depth: int) -> str:
        return f"({self._wide()}{self._expression(depth, True)}{self._wide()})"

    def _traversal(self, depth: int) -> str:
        steps = []
        for _ in range(self.random.randrange(1, 4)):
            step = self.random.randrange(5)
            if step == 0:
                steps.append(f"{self._gap()}[{self._wide()}{self._expression(depth, True)}{self._wide()}]")
            elif step == 1:
                steps.append(f"[{self._one('', ' ')}*{self._one('', ' ')}]")
            elif step == 2:
                steps.append(".0")
            else:
                steps.append(f"{self._gap()}.{self._gap()}{self._one('a', 'in', 'b-c')}")
        return "var" + "".join(steps)

    def _object(self, depth: int) -> str:
        items = []
        for _ in range(self.random.randrange(4)):
            key = self._one("a", '"b"', "in", "(a)", '"${a}"', "1", "long_name_of_a_key", "größe", "a.b")
            value = self._expression(depth, self._often(3))
            end = self._one(
                self._end(), self._end(), "," + self._end(), "," + self._gap(), self._gap() + "," + self._end()
            )
            items.append(f"{self._between()}{key}{self._gap()}{self._one('=', '=', '=', ':')}{self._gap()}{value}{end}")
        return "{" + self._one("", " ", self._end()) + "".join(items) + self._between() + "}"

    def _for_head(self, depth: int) -> str:
        names = self._one("a", "a , b", "a,b")
        source = self._expression(depth, True)
        head = f"{self._wide()}for{self._space()}{names}{self._space()}in{self._space()}{source}"
        return f"{head}{self._wide() or ' '}:{self._wide()}"

    def _for_end(self, depth: int) -> str:
        if self._often(3):
            return f"{self._space()}if{self._space()}{self._expression(depth, True)}{self._wide()}"
        return self._wide()

    def _for_tuple(self, depth: int) -> str:
        return f"[{self._for_head(depth)}{self._expression(depth, True)}{self._for_end(depth)}]"

    def _for_object(self, depth: int) -> str:
        key, value = self._expression(depth, True), self._expression(depth, True)
        values = f"{key}{self._wide()}=>{self._wide()}{value}{self._one('', '...', ' ...')}"
        return f"{{{self._for_head(depth)}{values}{self._for_end(depth)}}}"
