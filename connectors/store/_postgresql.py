"""PostgreSQL: several hosts, one truth.

One writer at a time, as on SQLite: a write transaction first takes the log's table lock, which
readers do not feel. A lock is a session's advisory lock; the server lets go of it when the session
ends in whatever way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from connectors.errors import Retriable
from connectors.store import HeldError
from models.intervals import utc_text

NOW = text("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
ONE_WRITER = text("LOCK TABLE log_entry IN SHARE ROW EXCLUSIVE MODE")
TAKE_OPENING = text("SELECT pg_advisory_xact_lock(:key)")
TAKE = text("SELECT pg_try_advisory_lock(:key)")
GIVE = text("SELECT pg_advisory_unlock(:key)")
FORGET_NAME = text("RESET application_name")
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
        self.engine = _engine(url)
        # Whoever waits for a free connection while holding a lock must never wait for a holder.
        self._sessions = _engine(url, max_overflow=-1)

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

    @contextmanager
    def adding(self, table: str) -> Iterator[Connection]:
        """A transaction that waits for other writers of this table alone."""
        with self.engine.begin() as connection:
            connection.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
            yield connection

    def now(self, connection: Connection) -> int:
        """The server's clock, at this very moment."""
        return int(connection.execute(NOW).scalar_one())

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        self._sessions.dispose()

    @contextmanager
    def hold(self, name: str, holder: str) -> Iterator[None]:
        """Hold an advisory lock on a connection that nobody else uses meanwhile."""
        key = {"key": _key(name)}
        with self._sessions.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
            if not session.execute(TAKE, key).scalar_one():
                held = session.execute(HOLDER, key).scalars().first()
                raise HeldError(name, held or "another run")
            try:
                _name_session(session, f"{holder} since {utc_text(self.now(session))}")
                yield
            finally:
                kept = self._given_back(session, name)
        if not kept:
            message = (
                f"{self.place}: the connection that held the lock on {name} was lost meanwhile; "
                "its holder needs it to the end. Run again: what was recorded is whole."
            )
            raise Retriable(message)

    def _given_back(self, session: Connection, name: str) -> bool:
        # A session that kept the lock or the name must not be used again.
        try:
            kept = bool(session.execute(GIVE, {"key": _key(name)}).scalar_one())
            session.execute(FORGET_NAME)
        except DBAPIError:
            kept = False
        if not kept:
            session.invalidate()
        return kept


def _place(url: URL) -> str:
    shown = url.host or url.query.get("host") or "local"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{shown}{port}/{url.database or ''}"


def _engine(url: URL, *, max_overflow: int = 10) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "keepalives_idle": 30},
        max_overflow=max_overflow,
    )
    event.listen(engine, "connect", _prepare)
    return engine


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
