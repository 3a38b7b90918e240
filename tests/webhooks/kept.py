"""A store that outlives the receivers that open it, for tests that look into it afterwards."""

from typing import Any

from connectors.store import Store


class Kept:
    """A store whose closing is left to the test."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        """Not yet."""
