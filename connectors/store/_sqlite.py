"""SQLite: one file for one host, or memory for a test and a dry run.

Write transactions are BEGIN IMMEDIATE, so that waiting happens at the start and never in the
middle. A lock is a file lock beside the database.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, text

from connectors.errors import Misconfigured
from connectors.store import HeldError
from connectors.store._dialect import file_part
from connectors.store._locks import FileTakenError, locked_file
from models.intervals import utc_text

BUSY_SECONDS = 60
"""How long a writer waits for another one; a shard takes well under a second."""

NOW = text(
    "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000"
    " + CAST(substr(strftime('%f', 'now'), 4, 3) AS INTEGER)"
)


class SqliteFile:
    """A database in a file; see `connectors.store._dialect.Dialect`."""

    secret = ""

    def __init__(self, path: Path) -> None:
        """Prepare to open the file; it is created when it is not there.

        Raises:
            Misconfigured: Its folder does not exist, or it is a folder itself.
        """
        # One file has one lock, whatever links lead to it.
        self.path = path.resolve()
        self.place = str(path)
        _refuse_hopeless(self.path, self.place)
        self.engine = _engine(URL.create("sqlite", database=str(self.path)), pool_size=5)

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    @contextmanager
    def opening(self) -> Iterator[Connection]:
        """Wait for other processes that open the file, switch to WAL, then write."""
        beside = self.path.with_name(f"{self.path.name}-opening.lock")
        with locked_file(beside, says="", wait=True):
            # Two processes that switch at once would not wait: one hears "locked" immediately.
            with self.engine.connect().execution_options(begin="") as bare:
                bare.exec_driver_sql("PRAGMA journal_mode = WAL")
            with self.writing() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start."""
        with (
            self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection

    def adding(self, table: str) -> AbstractContextManager[Connection]:
        """As `writing`: there is one writer for all tables."""
        return self.writing()

    def now(self, connection: Connection) -> int:
        """The host's clock, as SQLite reads it."""
        return int(connection.execute(NOW).scalar_one())

    @contextmanager
    def hold(self, name: str, holder: str) -> Iterator[None]:
        """Hold a lock file beside the database, which need not be there yet."""
        lock = self.path.with_name(f"{self.path.name}-{file_part(name)}.lock")
        since = utc_text(time.time_ns() // 1_000_000)
        with ExitStack() as held:
            try:
                held.enter_context(locked_file(lock, says=_says(holder, since), wait=False))
            except FileTakenError as taken:
                raise HeldError(name, taken.held or "another run") from None
            yield

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


class SqliteMemory:
    """A database that ends with its store; see `connectors.store._dialect.Dialect`."""

    secret = ""
    place = "the database in memory"
    exists = True

    def __init__(self) -> None:
        """Make an empty one, on the only connection that there will be."""
        self.engine = _engine(URL.create("sqlite", database=":memory:"), pool_size=1)
        self._held: dict[str, str] = {}
        self._guard = Lock()

    @contextmanager
    def opening(self) -> Iterator[Connection]:
        """Nobody else can open it."""
        with self.writing() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only connection: threads wait for each other."""
        with self.engine.begin() as connection:
            yield connection

    def adding(self, table: str) -> AbstractContextManager[Connection]:
        """As `writing`: there is one writer for all tables."""
        return self.writing()

    def now(self, connection: Connection) -> int:
        """The host's clock, as SQLite reads it."""
        return int(connection.execute(NOW).scalar_one())

    @contextmanager
    def hold(self, name: str, holder: str) -> Iterator[None]:
        """Hold the name within this process."""
        with self.engine.connect() as connection:
            since = utc_text(self.now(connection))
        with self._guard:
            if held := self._held.get(name):
                raise HeldError(name, held)
            self._held[name] = _says(holder, since)
        try:
            yield
        finally:
            del self._held[name]

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def _says(holder: str, since: str) -> str:
    return f"{holder} (operating-system process {os.getpid()}) since {since}"


def _refuse_hopeless(path: Path, place: str) -> None:
    if path.is_dir():
        message = f"{place}: is a folder; a database file was expected. Name a file inside it."
        raise Misconfigured(message)
    if not path.parent.is_dir():
        message = (
            f"{place}: the folder {path.parent} does not exist; "
            "a database file is made only in a folder that exists. Make it, or name another file."
        )
        raise Misconfigured(message)


def _engine(url: URL, *, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by itself, and too late; `_begin` does it instead.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin", "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)
