"""Typed views of nodes."""

from __future__ import annotations

import pytest

from tapfix.module import compose
from tapfix.module.nodes import is_splat, operands, operators, sole_interpolation, traversal_steps, whole_address


def test_operands_and_operators_of_a_binary_expression() -> None:
    expr = compose.expression("a + 2 * b")
    assert [node.text for node in operands(expr)] == ["a", "2", "b"]
    assert [node.kind for node in operators(expr)] == ["Plus", "Star"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("var.x", "var.x"),
        ("var.x.y", None),
        ("data.aws_ami.a", "data.aws_ami.a"),
        ("data.aws_ami.a.id", None),
        ("aws_vpc.a[0]", None),
        ('"${var.x}"', None),
        ("x", None),
    ],
)
def test_the_whole_address(text: str, address: str | None) -> None:
    assert whole_address(compose.expression(text)) == address


@pytest.mark.parametrize(
    ("text", "inner"), [('"${var.x}"', "var.x"), ('"a${var.x}"', None), ('"a"', None), ('""', None), ("var.x", None)]
)
def test_the_sole_interpolation(text: str, inner: str | None) -> None:
    found = sole_interpolation(compose.expression(text))
    assert (found.text if found is not None else None) == inner


def test_splats() -> None:
    for text in ("a.b[*].c", "a.b.*.c"):
        assert [is_splat(step) for step in traversal_steps(compose.expression(text))] == [False, True, False]
