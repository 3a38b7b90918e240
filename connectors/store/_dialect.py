"""What differs between the databases; everything else is written once, in `sql.py`."""

from __future__ import annotations

import hashlib
import re
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine

PERIOD = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*")

LONGEST_READABLE = 40
"""Letters of a lock's name that its file shows."""


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

    def adding(self, table: str) -> AbstractContextManager[Connection]:
        """A transaction in which nobody else writes to this one table, which only grows.

        Where the database allows it, it waits for no writer of another table.
        """
        ...

    def now(self, connection: Connection) -> int:
        """The present instant by the database's clock."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...

    def hold(self, name: str, holder: str) -> AbstractContextManager[None]:
        """See `connectors.store.Store.hold`; it never waits.

        Raises:
            HeldError: Another one holds it.
        """
        ...


def checked_period(period: str) -> str:
    """The period, fit to name a lock.

    Raises:
        ValueError: It holds anything but letters, digits, points and hyphens.
    """
    if not PERIOD.fullmatch(period):
        message = f"{period!r} is not a period such as 2026-05"
        raise ValueError(message)
    return period


def file_part(name: str) -> str:
    """The name of a lock as part of a file's name; every name has one of its own.

    >>> file_part("2026-05"), file_part("stripe/cus_9s6X")
    ('2026-05', 'stripe-cus-9s6X-bb641109495ea620')
    """
    if PERIOD.fullmatch(name) and len(name) <= LONGEST_READABLE:
        return name
    readable = re.sub(r"[^0-9A-Za-z]+", "-", name)[:LONGEST_READABLE]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
