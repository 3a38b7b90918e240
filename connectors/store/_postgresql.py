"""PostgreSQL: several hosts, one truth.

One writer at a time, as on SQLite: a write transaction first takes the log's table lock, which
readers do not feel. The month lock is a session's advisory lock; the server lets go of it when the
session ends in whatever way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from connectors.errors import Retriable
from connectors.store import MonthLockedError
from connectors.store._dialect import checked_period
from models.intervals import utc_text

NOW = text("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
ONE_WRITER = text("LOCK TABLE log_entry IN SHARE ROW EXCLUSIVE MODE")
TAKE_OPENING = text("SELECT pg_advisory_xact_lock(:key)")
TAKE_MONTH = text("SELECT pg_try_advisory_lock(:key)")
GIVE_MONTH = text("SELECT pg_advisory_unlock(:key)")
HOLDER = text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = :key"
)
LONGEST_NAME = 63
"""What the server keeps of a session's name, in bytes."""


class PostgreSql:
    """A database on a server; see `connectors.store._dialect.Dialect`."""

    exists = True

    def __init__(self, url: URL) -> None:
        """Prepare to connect to `postgresql+psycopg://...`."""
        self.place = _place(url)
        self.secret = str(url.password or url.query.get("password", ""))
        self.engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "keepalives_idle": 30},
        )
        event.listen(self.engine, "connect", _prepare)

    @contextmanager
    def opening(self) -> Iterator[Connection]:
        """Wait for other processes that open the database."""
        with self.engine.begin() as connection:
            connection.execute(TAKE_OPENING, {"key": _key("opening")})
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that waits for other writers at its start."""
        with self.engine.begin() as connection:
            connection.execute(ONE_WRITER)
            yield connection

    def now(self, connection: Connection) -> int:
        """The server's clock, at this very moment."""
        return int(connection.execute(NOW).scalar_one())

    @contextmanager
    def month_lock(self, period: str, holder: str) -> Iterator[None]:
        """Hold an advisory lock on a connection of its own."""
        key = {"key": _key(checked_period(period))}
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
            if not session.execute(TAKE_MONTH, key).scalar_one():
                held = session.execute(HOLDER, key).scalars().first()
                raise MonthLockedError(period, held or "another run")
            _name_session(session, f"{holder} since {utc_text(self.now(session))}")
            try:
                yield
                self._give_back(session, period)
            finally:
                # A session that went back to the pool would keep the lock and the name.
                session.invalidate()

    def _give_back(self, session: Connection, period: str) -> None:
        try:
            kept = session.execute(GIVE_MONTH, {"key": _key(period)}).scalar_one()
        except DBAPIError:
            kept = False
        if not kept:
            message = (
                f"{self.place}: the connection that held the lock on {period} was lost meanwhile; "
                "a run holds it to its end. Run again: what was recorded is whole."
            )
            raise Retriable(message)


def _place(url: URL) -> str:
    shown = url.host or url.query.get("host") or "local"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{shown}{port}/{url.database or ''}"


def _key(name: str) -> int:
    digest = hashlib.sha256(f"makegood {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _name_session(session: Connection, name: str) -> None:
    short = name.encode()[:LONGEST_NAME].decode(errors="ignore")
    session.execute(text("SELECT set_config('application_name', :name, false)"), {"name": short})


def _prepare(connection: psycopg.Connection[object], _record: object) -> None:
    connection.autocommit = True
    connection.execute("SET lock_timeout = '60s'")
    connection.autocommit = False
