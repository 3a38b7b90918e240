"""What a condition of a contract comes to: it holds, it does not, or nobody can say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a condition.

    Attributes:
        holds: Whether it does; None when a fact that decides it is not known.
        says: Why, in one sentence; "" where there is nothing to say.
    """

    holds: bool | None
    says: str
