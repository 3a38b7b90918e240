"""Asking a database: one transaction that only reads, rows as they come, time limits, errors.

PostgreSQL is told that the transaction reads only and streams rows from a cursor of the server;
SQLite is opened for reading alone; of every other database the account should be one that only
reads. No message holds the address, its password or a value that was handed over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, NullPool, Row, create_engine, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable

ROWS_AT_ONCE = 20_000
STEPS_BETWEEN_LOOKS = 10_000
NS_PER_SECOND = 1_000_000_000

CANCELED = "57014"
WRITES = frozenset({"25006"})
NOT_ALLOWED = ("28", "3D", "42501")
"""Beginnings of SQLSTATE codes: who asks is unknown, or may not."""

SETTINGS_ARE_WRONG = (
    "authentication failed",
    "does not exist",
    "no password supplied",
    "permission denied",
    "file is not a database",
    "unable to open database file",
    "no pg_hba.conf entry",
    "invalid connection option",
    "could not translate host name",
    "failed to resolve host",
)
PASSES = ("database is locked", "database table is locked", "disk I/O error")
"""What SQLite says when another attempt may help; everything else is the query's own fault."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a query, as they come.

    Attributes:
        header: The names of its columns.
        parts: Some thousand rows at a time, none of them empty.
    """

    header: tuple[str, ...]
    parts: Iterator[Sequence[Row[Any]]]


@dataclass(frozen=True, slots=True)
class Database:
    """Where a source's database is, and how it is asked.

    Attributes:
        place: The source in messages, such as `sql audit`.
        url: Its address.
        folder: Where the path of an SQLite file starts.
        time_zone: Zone of the session, in which the database writes times that have none.
        timeout_seconds: How long it may take for an answer.
    """

    place: str
    url: URL = field(repr=False)
    folder: Path
    time_zone: str
    timeout_seconds: int

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this machine."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_postgresql(self) -> bool:
        """Whether it is a PostgreSQL server."""
        return self.url.get_backend_name() == "postgresql"

    @contextmanager
    def asked(self) -> Iterator[Connection]:
        """A transaction that only reads, until the block ends; it is rolled back.

        Raises:
            Retriable: The database cannot be reached, or is busy.
            Misconfigured: Address, account or rights are wrong, or its driver is missing.
            Permanent: It refuses what is asked in the block, or takes too long.
        """
        with self._translated():
            engine = create_engine(
                self._address(),
                poolclass=NullPool,
                hide_parameters=True,
                connect_args=self._limits(),
            )
            with engine.connect() as connection:
                self._only_reading(connection)
                yield connection
                connection.rollback()

    @contextmanager
    def rows(
        self, connection: Connection, query: str, given: Mapping[str, object]
    ) -> Iterator[Rows]:
        """Ask a query, until the block ends; what is given and not named in it is left out.

        Raises:
            Permanent: It names a value that is not given, or answers with no rows at all.
        """
        statement = text(query)
        named = set(statement.compile().params)
        strange = sorted(named - set(given))
        if strange:
            message = f"{self.place}: the query names :{strange[0]}; :start and :end alone were "
            raise Permanent(f"{message}expected. Write a colon that is no name as \\:.")
        # The option `yield_per` would be ignored: of statements that are text all rows are fetched.
        streaming = connection.execution_options(stream_results=True)
        with closing(streaming.execute(statement, {n: given[n] for n in named})) as result:
            yield Rows(tuple(result.keys()), result.yield_per(ROWS_AT_ONCE).partitions())

    def _address(self) -> URL:
        if self.is_postgresql:
            bare = self.url.drivername in {"postgresql", "postgres"}
            return self.url.set(drivername="postgresql+psycopg") if bare else self.url
        if not self.is_sqlite:
            return self.url
        path = self.folder / str(self.url.database or "")
        if not path.is_file():
            message = f"{self.place}: there is no file {path}; an SQLite database was expected."
            raise Misconfigured(f"{message} Correct its address in the environment.")
        named = f"file:{quote(str(path.absolute()))}"
        return URL.create(self.url.drivername, database=named, query={"mode": "ro", "uri": "true"})

    def _limits(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {"timeout": self.timeout_seconds}
        return {"connect_timeout": self.timeout_seconds} if self.is_postgresql else {}

    def _only_reading(self, connection: Connection) -> None:
        if self.is_postgresql:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            settings = {"zone": self.time_zone, "limit": str(self.timeout_seconds * 1000)}
            connection.execute(
                text(
                    "SELECT set_config('TimeZone', :zone, true),"
                    " set_config('statement_timeout', :limit, true)"
                ),
                settings,
            )
        if self.is_sqlite:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
            until = time.monotonic_ns() + self.timeout_seconds * NS_PER_SECOND
            bare = connection.connection.dbapi_connection
            if bare is not None:
                bare.set_progress_handler(
                    lambda: int(time.monotonic_ns() > until), STEPS_BETWEEN_LOOKS
                )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._classed(error) from None
        except (NoSuchModuleError, ImportError) as error:
            driver = getattr(error, "name", None) or self.url.drivername
            message = f"{self.place}: the driver {driver} is missing. Install its package."
            raise Misconfigured(message) from None
        except SQLAlchemyError as error:
            said = self._shown(error)
            raise Permanent(f"{self.place}: {said} Correct the query of the source.") from None

    def _classed(self, error: DBAPIError) -> ConnectorError:
        said, code = self._shown(error.orig), str(getattr(error.orig, "sqlstate", None) or "")
        if code == CANCELED or said == "interrupted":
            message = f"{self.place}: no answer within {self.timeout_seconds} s. Give the query an "
            return Permanent(f"{message}index, ask for less, or raise timeout_seconds.")
        if code in WRITES or "readonly database" in said:
            message = f"{self.place}: the query writes ({said}); one that only reads was expected."
            return Permanent(f"{message} Nothing was written. Correct the query of the source.")
        passing = isinstance(error, OperationalError | InterfaceError)
        if code.startswith(NOT_ALLOWED) or (
            passing and any(words in said for words in SETTINGS_ARE_WRONG)
        ):
            message = f"{self.place}: the database says: {said}. Mend its address in the "
            return Misconfigured(f"{message}environment, or what its account may read.")
        if passing and (not self.is_sqlite or any(words in said for words in PASSES)):
            return Retriable(f"{self.place}: the database says: {said}. It may answer later.")
        message = f"{self.place}: the database refuses the query: {said}."
        return Permanent(f"{message} Correct the query of the source.")

    def _shown(self, error: object) -> str:
        said = " ".join(str(error).split())
        for secret in (self.url.password, self.url.query.get("password")):
            said = said.replace(str(secret), "***") if secret else said
        return said.removesuffix(".")


def database_of(
    address: str, *, place: str, folder: Path, time_zone: str | None, timeout_seconds: int
) -> Database:
    """The database at an address; nothing is asked yet.

    Raises:
        Misconfigured: It is no address.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        message = (
            f"{place}: its address in the environment "
            f"{'is missing' if not address else 'cannot be read'}; an SQLAlchemy address such as "
            "postgresql://user:password@host/name was expected. "
            "Write `@`, `:`, `/` and `%` in a password as %40, %3A, %2F and %25."
        )
        raise Misconfigured(message) from None
    return Database(place, url, folder, time_zone or "UTC", timeout_seconds)
