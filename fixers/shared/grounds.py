"""What a finding rests on, where a clause of the contract asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapfix.fixer import Because

if TYPE_CHECKING:
    from tapfix.contract import Contract


def stated_by(contract: Contract, clause: str) -> Because:
    """Who states a clause, named as `table.key`, that differs from the built-in contract.

    A contract that was made in code has no place in a file: its clause is the ground.
    """
    return contract.because(clause) or Because("contract", clause)
