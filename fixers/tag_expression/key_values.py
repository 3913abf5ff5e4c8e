"""The value of a tag that a clause demands by key: what the stack or the sentence says, and never a guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tapfix.fixer import Because, Context
from tapfix.module import (
    Attribute,
    Expr,
    Module,
    compose,
    expression_references,
    item_key,
    item_value,
    object_items,
)
from tapfix.module.environments import environment_variable
from tapfix.module.evaluate import is_known

from .maps import flattened, plain_address
from .work import TagWork

_ENVIRONMENT_KEYS = frozenset({"environment", "env", "environmentname", "stage"})
"""Keys, without case, `_` and `-`, whose value distinguishes the environments."""

_FREE = r"(?:var|local|terraform|path)\.|data\.aws_(?:caller_identity|region|partition)\."
"""How the address of something begins that no resource of the module makes."""


def plain(name: str) -> str:
    """A key or a variable's name without case, `_`, `-` and spaces, to compare spellings."""
    return re.sub(r"[_\s-]", "", name).casefold()


class KeyValues:
    """The values of keys in one module, as text of HCL."""

    def __init__(self, work: TagWork) -> None:
        self.work = work
        self.module: Module = work.module
        self.context: Context = work.context
        self._known: dict[str, str | None] = {}

    def of(self, key: str) -> str | None:
        """The value of a key; None if nobody knows it."""
        if key not in self._known:
            self._known[key] = self._given(key) or self._given_by_root(key) or self._decided(key)
        return self._known[key]

    def _given(self, key: str) -> str | None:
        """The value that the module gives the key already, wherever it does: in every map the same."""
        found: Counter[str] = Counter()
        for holder, expr in (*self.work.maps_of_tags(), *self._local_maps()):
            for part in flattened(holder, expr):
                for item in object_items(part) if part.kind == "object" else ():
                    if item_key(item) == key:
                        value = item_value(item)
                        found[holder.text(value) if self._is_free(holder, value) else ""] += 1
        return next(iter(found)) if len(found) == 1 else None

    def _given_by_root(self, key: str) -> str | None:
        """The text that the root module gives the key, if it is the same everywhere and refers to nothing."""
        root = self.context.project.root
        if root is self.module:
            return None
        text = KeyValues(TagWork(self.work.fixer, root, self.context, self.work.contract, self.work.because))._given(
            key
        )
        return text if text is not None and re.fullmatch(r'"[^"$%\\]*"', text) else None

    def _local_maps(self) -> Iterator[tuple[Attribute, Expr]]:
        """The local values that the maps of tags merge."""
        todo = [address for holder, expr in self.work.maps_of_tags() for address in _addresses(holder, expr)]
        seen: set[str] = set()
        while todo:
            address = todo.pop()
            local = self.module.locals.get(address.removeprefix("local.")) if address.startswith("local.") else None
            if local is not None and address not in seen:
                seen.add(address)
                todo += _addresses(local, local.expr)
                yield local, local.expr

    def _is_free(self, holder: Attribute, value: Expr) -> bool:
        """Whether a value can be written at any place of the module: no resource and no loop leads to it."""
        todo = list(expression_references(holder, value))
        seen: set[str] = set()
        while todo:
            reference = todo.pop()
            if not re.match(_FREE, reference.address):
                return False
            local = self.module.locals.get(reference.address.removeprefix("local."))
            if reference.address.startswith("local.") and local is not None and reference.address not in seen:
                seen.add(reference.address)
                todo += expression_references(local, local.expr)
        return "each." not in holder.text(value) and "count." not in holder.text(value)

    def _decided(self, key: str) -> str | None:
        """The value by the sentence that asks for the key, by a variable, or by what the key means."""
        stated, variable = stated_value(self.work.because, key), self._variable(key)
        if stated is not None and (variable is None or self._contradicts(variable, stated)):
            return compose.quoted(stated)
        if variable is not None:
            return variable
        # Whoever asks for the tag of a stack that Terraform makes knows what it says.
        return '"terraform"' if plain(key) == "managedby" else None

    def _variable(self, key: str) -> str | None:
        """The variable or the local value that has the key's name, or that distinguishes the environments."""
        if plain(key) in _ENVIRONMENT_KEYS:
            block = environment_variable(self.module)
            if block is not None:
                return f"var.{block.name}"
        wanted = (plain(key), f"{plain(key)}name")
        for name, variable in self.module.variables.items():
            type = variable.get("type")
            if plain(name) in wanted and (type is None or type.value == "string"):
                return f"var.{name}"
        for name, local in self.module.locals.items():
            if plain(name) in wanted and self._is_text(local):
                return f"local.{name}"
        return None

    def _is_text(self, local: Attribute) -> bool:
        values = self.context.values(local).values()
        return self._is_free(local, local.expr) and all(isinstance(value, str) for value in values)

    def _contradicts(self, address: str, stated: str) -> bool:
        """Whether a variable certainly has another value than the sentence says, and not one for each environment."""
        evaluators = self.context.evaluators(self.module)
        scope, _, name = address.partition(".")
        if scope == "local":
            return self.context.value(self.module.locals[name]) != stated
        values = [evaluator.variable(name) for evaluator in evaluators.values()]
        return len(values) == 1 and is_known(values[0]) and values[0] != stated


def stated_value(because: Because, key: str) -> str | None:
    """The value that a sentence of the prompt writes beside a key: `Environment=Production`, `Owner: "ops"`."""
    if because.source != "prompt":
        return None
    match = re.search(
        rf"(?<![\w-]){re.escape(key)}[`'\"*]*\s?[:=]\s?[`'\"]?(?P<value>[A-Za-z][\w.@/+-]*[\w+])(?!\w*[({{])",
        because.text,
    )
    if match is None or re.match(r"(?:var|local)\.", match["value"]):
        return None
    return match["value"]


def _addresses(holder: Attribute, expr: Expr) -> list[str]:
    return [address for part in flattened(holder, expr) if (address := plain_address(part)) is not None]
