"""Checks the values that the tfvars files give to variables."""

from __future__ import annotations

from tapfix.module.environments import is_automatic
from tapfix.module.variables import is_sensitive
from tapfix.verify.declarations import Declarations
from tapfix.verify.expressions import Typer
from tapfix.verify.types import DYNAMIC, misfit


def check_values(declarations: Declarations) -> None:
    """Check that each key of a tfvars file is declared and fits, and that each environment sets all required variables.

    A sensitive variable may be missing: its value comes from the environment of the process (`TF_VAR_name`), not a
    file.
    """
    module = declarations.module
    typer = Typer(declarations)
    for file in module.tfvars:
        for name, attribute in file.attributes.items():
            if not declarations.declares(f"var.{name}"):
                declarations.report(
                    "values", "undeclared-value", f'the variable "{name}" that is set here is not declared', attribute
                )
                continue
            reason = misfit(typer.value(attribute.expr, attribute, {}), declarations.variable_types.get(name, DYNAMIC))
            if reason:
                declarations.report(
                    "values", "wrong-value", f'the value of "{name}" does not fit its type: {reason}', attribute
                )
    environments = [file for file in module.tfvars if not is_automatic(module, file)]
    always = {name for file in module.tfvars if is_automatic(module, file) for name in file.attributes}
    for name, block in module.variables.items():
        if block.get("default") is not None or name in always or is_sensitive(block):
            continue
        for file in environments:
            if name not in file.attributes and not file.tree.diagnostics:
                what = f'{file.path} does not set the variable "{name}", which has no default'
                declarations.report("values", "unset-variable", what, block)
