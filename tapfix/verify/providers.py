"""Checks the provider configurations that blocks name: each is an address, and is declared."""

from __future__ import annotations

from tapfix.module import Attribute, Expr, item_value, object_items, string_value
from tapfix.verify.declarations import Declarations


def check_providers(declarations: Declarations) -> None:
    """Report wrong addresses, and undeclared aliases as warnings: the caller of the module may supply them."""
    module = declarations.module
    declared = {_alias(block.get("alias"), block.name) for block in module.blocks_of("provider") if block.labels}
    declared |= {f"provider.{name}" for name in declarations.required_providers} | _configuration_aliases(declarations)
    for block in module.blocks:
        if block.type not in ("resource", "data", "module", "ephemeral"):
            continue
        attribute = block.get("providers" if block.type == "module" else "provider")
        if attribute is None:
            continue
        named = (
            [attribute.expr] if block.type != "module" else [item_value(item) for item in object_items(attribute.expr)]
        )
        for expr in named:
            address = _address(expr)
            if address is None:
                what = "a provider is named by its type and its alias, such as aws.west: nothing can be filled in"
                declarations.report("references", "invalid-provider", what, attribute, expr)
            elif "." in address and f"provider.{address}" not in declared:
                what = f"the provider configuration {address} is not declared"
                declarations.report("references", "undeclared-provider", what, attribute, expr, severity="warning")


def _alias(attribute: Attribute | None, name: str) -> str:
    return f"provider.{name}.{string_value(attribute.expr) or attribute.value}" if attribute else f"provider.{name}"


def _configuration_aliases(declarations: Declarations) -> set[str]:
    """The configurations that the module expects from its caller (`configuration_aliases = [aws.west]`)."""
    found = set()
    for block in declarations.module.blocks_of("terraform"):
        for nested in block.blocks_of("required_providers"):
            for attribute in nested.attributes.values():
                for item in object_items(attribute.expr):
                    found |= {
                        f"provider.{attribute.text(child)}"
                        for child in item_value(item).children
                        if child.kind == "traversal"
                    }
    return found


def _address(expr: Expr) -> str | None:
    """The address that an expression spells, `aws` or `aws.west`; None if it is not an address."""
    if expr.kind == "Identifier":
        return expr.text
    if expr.kind == "template":
        return string_value(expr)
    if expr.kind == "traversal" and [child.kind for child in expr.children] == ["Identifier", "get_attr"]:
        return expr.text
    return None
