"""Moments at which a vendor may be asked, handed out to all processes by the database's clock.

A name has one row: when the next moment is free, and what the clock said when that was written.
A clock that says less than that now was set back; what had to be waited for then is still to be
waited for, and not more.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from connectors.store._rows import PACE


def reserve(connection: Connection, name: str, now_us: int, *, count: int, gap_us: int) -> int:
    """Take the next moments; how many microseconds the first of them is away."""
    free = _free(connection, name, now_us)
    first = max(now_us, now_us if free is None else free)
    _keep(connection, name, now_us, first + count * gap_us, known=free is not None)
    return first - now_us


def hold_off(connection: Connection, name: str, now_us: int, *, us: int) -> None:
    """Let no moment that is still free be sooner than so many microseconds from now."""
    free = _free(connection, name, now_us)
    later = max(now_us + us, now_us if free is None else free)
    _keep(connection, name, now_us, later, known=free is not None)


def _free(connection: Connection, name: str, now_us: int) -> int | None:
    """The next free moment as the clock counts now; None when the name is new."""
    query = select(PACE.c.free_at_us, PACE.c.seen_at_us).where(PACE.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else row.free_at_us - max(0, row.seen_at_us - now_us)


def _keep(connection: Connection, name: str, now_us: int, free: int, *, known: bool) -> None:
    values = {"free_at_us": free, "seen_at_us": now_us}
    if known:
        connection.execute(update(PACE).where(PACE.c.name == name).values(values))
    else:
        connection.execute(insert(PACE).values(name=name, **values))
