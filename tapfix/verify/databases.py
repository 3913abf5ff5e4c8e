"""Values of databases and functions that AWS refuses only during apply. They are warnings, because the plan succeeds.

Sources: tapfix/schema/engines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapfix.module import Block, expression_references
from tapfix.module.environments import is_absent
from tapfix.module.evaluate import Evaluator
from tapfix.schema import engines
from tapfix.verify.declarations import Declarations


def check_databases(declarations: Declarations, evaluators: Sequence[Evaluator]) -> None:
    """Check the known engines, versions, names, users and passwords of databases, and the runtimes of functions."""
    for type, names in engines.TYPES.items():
        for block in declarations.module.resources(type):
            for evaluator in evaluators:
                if not is_absent(block, evaluator):
                    _check(declarations, evaluator, block, names)
            _check_random_password(declarations, block, names.password)
    for block in declarations.module.resources("aws_lambda_function"):
        for evaluator in evaluators:
            if _text(evaluator, block, "runtime") in engines.BLOCKED_RUNTIMES:
                _warn(declarations, block, "runtime", "AWS makes no new functions in this runtime any more")


def _check(declarations: Declarations, evaluator: Evaluator, block: Block, names: engines.DatabaseArguments) -> None:
    engine = _text(evaluator, block, names.engine) or ("" if block.get(names.engine) else names.default_engine)
    # The provider itself checks the engine of a cluster.
    if engine and block.labels[0] == "aws_db_instance" and (reason := engines.engine_misfit(engine)):
        _warn(declarations, block, names.engine, reason)
        return
    checks: tuple[tuple[str, Callable[[str, str], str | None]], ...] = (
        ("engine_version", engines.version_misfit),
        (names.database, engines.database_misfit),
        (names.user, engines.user_misfit),
        (names.password, engines.password_misfit),
    )
    for name, misfit in checks:
        value = _text(evaluator, block, name)
        if value and (reason := misfit(engine, value)):
            _warn(declarations, block, name, reason)


def _check_random_password(declarations: Declarations, block: Block, name: str) -> None:
    """Check that a generated password has only characters that AWS accepts."""
    attribute = block.get(name) if name else None
    if attribute is None or not attribute.value.startswith("random_password."):
        return
    for reference in expression_references(attribute, attribute.expr):
        drawn = declarations.module.find(reference.address)
        if not isinstance(drawn, Block) or drawn.labels[0] != "random_password":
            continue
        special, override = drawn.get("special"), drawn.get("override_special")
        if special is not None and special.value != "true":
            continue
        value = Evaluator(declarations.module, {}).evaluate(override.expr) if override else ""
        if not isinstance(value, str):
            continue
        if set(value or engines.DEFAULT_SPECIAL_CHARACTERS) & set(engines.FORBIDDEN_IN_PASSWORDS):
            what = (
                f'the password of {block.address} may contain a "/", "@", quotation mark or space, which AWS '
                "does not accept: override_special names the characters that may be drawn"
            )
            declarations.report("values", "doubtful-password", what, override or drawn, severity="warning")


def _text(evaluator: Evaluator, block: Block, name: str) -> str | None:
    """The value of an argument if it is a known string."""
    attribute = block.get(name) if name else None
    value = evaluator.evaluate(attribute.expr) if attribute else None
    return value if isinstance(value, str) else None


def _warn(declarations: Declarations, block: Block, name: str, reason: str) -> None:
    what = f'AWS does not accept this value of "{name}": {reason}'
    declarations.report("values", "doubtful-value", what, block.get(name), severity="warning")
