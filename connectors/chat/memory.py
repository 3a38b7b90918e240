"""A chat that nobody reads: the twin that tests look into."""

from __future__ import annotations

from connectors.chat import Notice
from models.terms import JsonValue


class MemoryChat:
    """Notices in the order in which they were posted."""

    name = "memory"

    def __init__(self) -> None:
        self.posted: list[Notice] = []

    def post(self, notice: Notice) -> JsonValue:
        """Keep the notice."""
        self.posted.append(notice)
        return {"chat": self.name}
