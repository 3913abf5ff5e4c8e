"""User data and base64: what an expression is, followed through locals, variables, functions and data sources.

`UserData(module, context).payload(holder, expr)` takes the encoding calls off an expression and says what is left.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from tapfix.fixer import Context
from tapfix.module import (
    Attribute,
    Block,
    Element,
    Expr,
    Module,
    call_arguments,
    call_name,
    item_key,
    item_value,
    object_items,
    traversal_address,
)
from tapfix.module.evaluate import UNKNOWN
from tapfix.module.nodes import (
    Conditional,
    closing,
    parenthesized,
    sole_interpolation,
    step_key,
    step_name,
    template_parts,
    traversal_steps,
)
from tapfix.syntax import Leaf


class Coding(Enum):
    """What a text is."""

    PLAIN = "plain text"
    ENCODED = "base64"
    NOTHING = "nothing"
    """null or empty: right everywhere."""
    UNKNOWN = "unknown"


class Payload(NamedTuple):
    """User data without the encoding calls around it."""

    whole: Expr
    """The expression with the calls."""
    expr: Expr
    layers: int
    """How many calls were taken off."""
    coding: Coding

    @property
    def encoded(self) -> bool:
        """Whether what is left is base64 already."""
        return self.coding is Coding.ENCODED

    @property
    def known(self) -> bool:
        """Whether what is left is known. What the stack itself encodes is taken for plain text."""
        return self.coding is not Coding.UNKNOWN or self.layers > 0


_ENCODING = frozenset({"base64encode", "base64gzip", "filebase64", "textencodebase64"})
_PLAIN = frozenset(
    {"base64decode", "file", "jsonencode", "templatefile", "templatestring", "textdecodebase64", "yamlencode"}
)
_SAME = frozenset({"nonsensitive", "sensitive", "tostring", "trimspace", "chomp"})
"""Functions whose result is base64 if, and only if, their argument is."""
_ANY = frozenset({"coalesce", "try"})
_CHANGING = frozenset({"format", "indent", "join", "replace", "lower", "upper"})
"""Functions that make a text of texts: plain text of plain text, and something unknown of base64."""

_RENDERED = {
    "data.template_cloudinit_config": "rendered",
    "data.cloudinit_config": "rendered",
    "cloudinit_config": "rendered",
}
"""What encodes its result unless `base64_encode` is false, and the attribute with the result."""
_PLAIN_RESULTS = frozenset(
    {
        ("data.template_file", "rendered"),
        ("data.local_file", "content"),
        ("local_file", "content"),
        ("data.aws_s3_object", "body"),
        ("data.aws_s3_bucket_object", "body"),
    }
)
_ENCODED_RESULTS = frozenset({("data.local_file", "content_base64"), ("local_file", "content_base64")})

_COMMENT = r"(?s)(?:#|//)[^\r\n]*|/\*.*?\*/"
_SCRIPT = (
    r"#!|#cloud-|#include|#part-handler|## template:|<(powershell|script|persist)>"
    r"|Content-Type:|MIME-Version:|\[settings"
)
_BASE64 = r"[A-Za-z0-9+/\s]+={0,2}\s*"
_SAYS_BASE64 = r"(?i)base64|b64|encoded"
_MAX_DEPTH = 24


class UserData:
    """Follows user data through one module."""

    def __init__(self, module: Module, context: Context) -> None:
        self.module = module
        self.context = context

    def payload(self, holder: Element, expr: Expr) -> Payload:
        """The expression without parentheses and `base64encode` around it."""
        layers, inner = 0, expr
        while True:
            bare = inner
            while bare.kind == "paren":
                bare = parenthesized(bare)
            arguments = call_arguments(bare) if call_name(bare) == "base64encode" else ()
            if len(arguments) != 1:
                return Payload(expr, inner, layers, self.coding(holder, inner))
            layers, inner = layers + 1, arguments[0]

    def branches(self, holder: Element, expr: Expr) -> Iterator[Payload]:
        """The payloads among which an expression chooses, by a conditional, `coalesce` or `try`."""
        if expr.kind == "paren":
            yield from self.branches(holder, parenthesized(expr))
        elif expr.kind == "conditional":
            _, yes, no = Conditional.of(expr)
            for side in (yes, no):
                yield from self.branches(holder, side)
        elif call_name(expr) in _ANY:
            for argument in call_arguments(expr):
                yield from self.branches(holder, argument)
        else:
            yield self.payload(holder, expr)

    def coding(self, holder: Element, expr: Expr, depth: int = 0) -> Coding:
        """What an expression is."""
        if depth > _MAX_DEPTH:
            return Coding.UNKNOWN
        match expr.kind:
            case "paren":
                return self.coding(holder, parenthesized(expr), depth + 1)
            case "conditional":
                _, *sides = Conditional.of(expr)
                return self._common(self.coding(holder, side, depth + 1) for side in sides)
            case "template" | "heredoc":
                return self._template(holder, expr, depth)
            case "call":
                return self._call(holder, expr, depth)
            case "traversal":
                return self._traversal(holder, expr, depth)
            case "Identifier":
                return Coding.NOTHING if expr.text == "null" else Coding.UNKNOWN
        return Coding.UNKNOWN

    def _template(self, holder: Element, expr: Expr, depth: int) -> Coding:
        inner = sole_interpolation(expr)
        if inner is not None:
            return self.coding(holder, inner, depth + 1)
        known = self._of_values(holder, expr)
        if known is not None:
            return known
        text = "".join(p.value for p in template_parts(expr) if isinstance(p, Leaf))
        return Coding.PLAIN if re.match(_SCRIPT, text.lstrip()) or re.search(r"\S\s+\S|\\n", text) else Coding.UNKNOWN

    def _call(self, holder: Element, expr: Expr, depth: int) -> Coding:
        name, arguments = call_name(expr) or "", call_arguments(expr)
        if name in _ENCODING:
            return Coding.ENCODED
        if name in _PLAIN:
            return Coding.PLAIN
        if name in _SAME and len(arguments) == 1:
            return self.coding(holder, arguments[0], depth + 1)
        if name in _ANY:
            return self._common(self.coding(holder, a, depth + 1) for a in arguments)
        if name in _CHANGING:
            codings = {self.coding(holder, e, depth + 1) for a in arguments for e in _elements(a)}
            return Coding.PLAIN if Coding.PLAIN in codings and Coding.ENCODED not in codings else Coding.UNKNOWN
        return self._of_values(holder, expr) or Coding.UNKNOWN

    def _of_values(self, holder: Element, expr: Expr) -> Coding | None:
        """What the texts are that an expression evaluates to in the environments; None if one of them is not known."""
        values = list(self.context.values(holder, expr).values())
        texts = [value for value in values if isinstance(value, str)]
        return self._common(map(coding_of, texts)) if len(texts) == len(values) else None

    def _traversal(self, holder: Element, expr: Expr, depth: int) -> Coding:
        found = traversal_address(expr)
        if found is None:
            return Coding.UNKNOWN
        address, used = found
        steps = traversal_steps(expr)[used - 1 :]
        if address.startswith("local.") and not steps:
            local = self.module.locals.get(address.removeprefix("local."))
            return self.coding(local, local.expr, depth + 1) if local is not None else Coding.UNKNOWN
        if address.startswith("var.") and not steps:
            return self._variable(address.removeprefix("var."), depth)
        if address.startswith(("local.", "var.")):
            return self._element(holder, expr, address, steps, depth)
        if address == "each.value":
            return self._each(holder, steps, depth)
        last = steps[-1] if steps else None
        attribute = (step_name(last) or "") if last is not None and last.kind == "get_attr" else ""
        if address.startswith("module."):
            return (
                self._output(address.removeprefix("module."), attribute, depth) if len(steps) == 1 else Coding.UNKNOWN
            )
        type = address.rpartition(".")[0]
        if _RENDERED.get(type) == attribute:
            return self._rendered(address)
        if (type, attribute) in _PLAIN_RESULTS:
            return Coding.PLAIN
        return Coding.ENCODED if (type, attribute) in _ENCODED_RESULTS else Coding.UNKNOWN

    def _element(self, holder: Element, expr: Expr, address: str, steps: Sequence[Expr], depth: int) -> Coding:
        """What an element of the map or list of a local value or variable is."""
        known = self._of_values(holder, expr)
        if known is not None:
            return known
        local = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
        return self._inside(local, local.expr, steps, depth + 1) if local is not None else Coding.UNKNOWN

    def _each(self, holder: Element, steps: Sequence[Expr], depth: int) -> Coding:
        """What the copies of a block get: what all elements of its `for_each` are."""
        block = holder.outermost
        loop = block.get("for_each") if isinstance(block, Block) else None
        return self._inside(loop, loop.expr, (None, *steps), depth + 1) if loop is not None else Coding.UNKNOWN

    def _inside(self, holder: Element, expr: Expr, steps: Sequence[Expr | None], depth: int) -> Coding:
        """What an expression contains at the end of some steps; None is a step to any of its elements."""
        if depth > _MAX_DEPTH:
            return Coding.UNKNOWN
        if not steps:
            return self.coding(holder, expr, depth + 1)
        if expr.kind == "paren":
            return self._inside(holder, parenthesized(expr), steps, depth + 1)
        found = traversal_address(expr)
        if found is not None and found[0].startswith("local."):
            local = self.module.locals.get(found[0].removeprefix("local."))
            ahead = (*traversal_steps(expr)[found[1] - 1 :], *steps)
            return self._inside(local, local.expr, ahead, depth + 1) if local is not None else Coding.UNKNOWN
        step, rest = steps[0], steps[1:]
        if expr.kind == "object":
            key = step_key(step) if step is not None else None
            items = [i for i in object_items(expr) if key is None or item_key(i) in (key, None)]
            return self._common(self._inside(holder, item_value(i), rest, depth + 1) for i in items)
        if expr.kind == "tuple":
            return self._common(self._inside(holder, e, rest, depth + 1) for e in call_arguments(expr))
        return Coding.UNKNOWN

    def _rendered(self, address: str) -> Coding:
        block = self.module.find(address)
        if not isinstance(block, Block):
            return Coding.UNKNOWN
        encode = block.get("base64_encode")
        value = self.context.value(encode) if encode is not None else True
        if not isinstance(value, bool):
            return Coding.UNKNOWN
        return Coding.ENCODED if value else Coding.PLAIN

    def _variable(self, name: str, depth: int) -> Coding:
        block = self.module.variables.get(name)
        if block is None:
            return Coding.UNKNOWN
        if re.search(_SAYS_BASE64, name):
            return Coding.ENCODED
        default = block.get("default")
        project = self.context.project
        passed = [(project.module_of(call.file), call.get(name)) for call in project.callers(self.module)]
        if passed:
            return self._common(
                UserData(caller, self.context).coding(given, given.expr, depth + 1)
                if given is not None
                else self._default(default)
                for caller, given in passed
            )
        values = [each.given.get(name, UNKNOWN) for each in self.context.evaluators(self.module).values()]
        codings = [self._default(default) if v is UNKNOWN else _coding_of_value(v) for v in values]
        return self._common([*codings, *([self._default(default)] if default is not None else [])])

    def _default(self, default: Attribute | None) -> Coding:
        """What a variable is where it is not set: its default is a literal, the same in all environments."""
        return _coding_of_value(self.context.value(default)) if default is not None else Coding.UNKNOWN

    def _output(self, call: str, name: str, depth: int) -> Coding:
        block = self.module.find(f"module.{call}")
        module = self.context.project.callee(block) if isinstance(block, Block) else None
        output = module.outputs.get(name) if module is not None else None
        value = output.get("value") if output is not None else None
        if module is None or value is None:
            return Coding.UNKNOWN
        return UserData(module, self.context).coding(value, value.expr, depth + 1)

    @staticmethod
    def _common(codings: Iterable[Coding]) -> Coding:
        """What all of them are, but for those that are nothing."""
        found = set(codings)
        if len(found) > 1:
            found.discard(Coding.NOTHING)
        return found.pop() if len(found) == 1 else Coding.UNKNOWN


def _coding_of_value(value: object) -> Coding:
    return coding_of(value) if isinstance(value, str) or value is None else Coding.UNKNOWN


def coding_of(value: str | None) -> Coding:
    """What a text is, as far as it can be seen from the text."""
    text = (value or "").strip()
    if not text:
        return Coding.NOTHING
    if re.match(_SCRIPT, text):
        return Coding.PLAIN
    if re.fullmatch(_BASE64, text):
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if data.startswith(b"\x1f\x8b") or re.match(_SCRIPT, data.decode("utf-8", "replace")):
            return Coding.ENCODED
    return Coding.PLAIN if re.search(r"\s", text) else Coding.UNKNOWN


def base64encoded(holder: Attribute, payload: Payload, indent: str) -> str:
    """The expression of the payload as base64; after a heredoc the parenthesis closes on a line of its own."""
    text = holder.text(payload.expr)
    if payload.coding in (Coding.ENCODED, Coding.NOTHING):
        return text
    close = f"\n{indent})" if ends_in_heredoc(payload.expr) else ")"
    return f"base64encode({text}{close}"


def ends_in_heredoc(expr: Expr) -> bool:
    """Whether an expression ends with the closing marker of a heredoc, after which the line has to end."""
    while expr.children:
        expr = closing(expr)
    return expr.kind == "CHeredoc"


def comments_around(holder: Element, outer: Expr, inner: Expr) -> list[str]:
    """The comments that are lost when an expression is taken out of another one."""
    text = holder.text(outer)
    before, after = text[: inner.start - outer.start], text[inner.end - outer.start :]
    return [comment.strip() for part in (before, after) for comment in re.findall(_COMMENT, part)]


def _elements(expr: Expr) -> tuple[Expr, ...]:
    return call_arguments(expr) if expr.kind == "tuple" else (expr,)
