"""What was demanded, as data: the contract of `tapfix.toml`, and what a prompt says."""

from __future__ import annotations

from tapfix.contract.because import Because
from tapfix.contract.clauses import Contract, ContractError

__all__ = ["Because", "Contract", "ContractError"]
