"""What a finding rests on. Nothing is changed that rests on nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple

Ground = Literal["terraform", "aws", "prompt", "contract", "built-in"]
"""Who demands it: Terraform or AWS refuses the stack otherwise, a sentence of the prompt asks for it, a clause of a
contract file does, or the built-in contract does, which demands what nobody has to say.
"""


class Because(NamedTuple):
    """The ground of a finding. For a prompt or a contract file, `file` and `line` (from 1) name the place."""

    source: Ground
    text: str = ""
    """The sentence of the prompt, the clause of the contract (`tags.keys`), or what Terraform or AWS requires, in one
    sentence.
    """
    file: str = ""
    line: int = 0
    reference: str = ""
    """The address of the documentation that says so, for Terraform and AWS; else empty."""
