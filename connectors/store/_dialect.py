"""What differs between the databases; everything else is written once, in `sql.py`."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine

PERIOD = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*")


class Dialect(Protocol):
    """One kind of database.

    Attributes:
        place: The database as messages name it, without user or password.
        secret: The password; "" when there is none. Messages never hold it.
        engine: Its connections.
    """

    place: str
    secret: str
    engine: Engine

    @property
    def exists(self) -> bool:
        """Whether opening it makes nothing new that others can see."""
        ...

    def opening(self) -> AbstractContextManager[Connection]:
        """A transaction in which this process alone may create or change tables."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction in which nobody else writes."""
        ...

    def now(self, connection: Connection) -> int:
        """The present instant by the database's clock."""
        ...

    def month_lock(self, period: str, holder: str) -> AbstractContextManager[None]:
        """See `connectors.store.Store.month_lock`."""
        ...


def checked_period(period: str) -> str:
    """The period, fit to stand in a file name.

    Raises:
        ValueError: It holds anything but letters, digits, points and hyphens.
    """
    if not PERIOD.fullmatch(period):
        message = f"{period!r} is not a period such as 2026-05"
        raise ValueError(message)
    return period
