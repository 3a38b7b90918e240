"""Databases: a query of one's own that yields checks, counts or outages; the audit-table case.

The answer to a query is read in one transaction that writes nothing, some thousand rows at a time.
Its rows mean what rows of files mean: times are exact, cut to milliseconds and never guessed,
conflicting checks are counted, and outages say for which stretch they are complete. A row about a
monitor that the source does not list is refused: it is a slip, or the list is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from connectors.monitoring import Capability, Reading, Wanted
from connectors.monitoring._cells import LATEST_EPOCH_S
from connectors.monitoring._sql_columns import Part, located, part_of
from connectors.monitoring._sql_rows import Names, OfChecks, OfCounts, OfOutages
from connectors.monitoring._sql_session import Database, Rows, database_of
from connectors.retry import ATTEMPTS, with_retries
from models.intervals import MINUTE_MS, utc, utc_text
from models.sources.sql import SqlDatabase, TimesAs, Yields

DAY_MS = 1440 * MINUTE_MS
LATEST = LATEST_EPOCH_S * 1000


class Taker(Protocol):
    """Takes rows of one kind, and knows in the end what they say."""

    def take(self, part: Part) -> None:
        """Take some rows."""
        ...

    def reading(self) -> Reading:
        """What all rows say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlQueries:
    """A source that asks a database.

    Attributes:
        terms: What is asked, and what the rows are.
        url: The database's address, which may hold a password.
        folder: The workspace's folder, where the path of an SQLite file starts.
        attempts: How often the database is asked at most.
        sleep: Waits so many seconds; tests pass their own.
    """

    terms: SqlDatabase
    url: str = field(repr=False)
    folder: Path = Path()
    attempts: int = ATTEMPTS
    sleep: Callable[[Any], None] = time.sleep

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        return self.terms.id

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines, and the incidents behind outages."""
        if self.terms.yields is Yields.OUTAGES:
            return frozenset({Capability.TIMELINES, Capability.INCIDENTS})
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Ask the queries of the wanted monitors, all in one transaction.

        Raises:
            UnusableInputError: Columns are missing or of the wrong type, or rows cannot be used.
            Retriable: The database could not be asked, several times over.
            Misconfigured: Address, account or rights are wrong, or its driver is missing.
            Permanent: The database refuses a query, or takes too long.
        """
        if not any(wanted.wants(name) for name in self.terms.monitors):
            return Reading()
        return with_retries(lambda: self._read(wanted), attempts=self.attempts, sleep=self.sleep)

    def _read(self, wanted: Wanted) -> Reading:
        database = database_of(
            self.url,
            place=f"sql {self.id}",
            folder=self.folder,
            time_zone=self.terms.time_zone,
            timeout_seconds=self.terms.timeout_seconds,
        )
        taker, given = self._taker(wanted), self._given(wanted, database)
        with database.asked() as connection:
            for query, sole in self._queries(wanted):
                with database.rows(connection, query, given) as rows:
                    self._take(taker, rows, sole)
        return taker.reading()

    def _take(self, taker: Taker, rows: Rows, sole: str) -> None:
        place = f"{self.id}.{sole}" if sole else self.id
        positions = located(rows.header, self.terms.yields, place=place, sole=sole)
        first_row = 1
        for some in rows.parts:
            taker.take(part_of(some, positions, place=place, first_row=first_row, sole=sole))
            first_row += len(some)

    def _taker(self, wanted: Wanted) -> Taker:
        names = Names.of(self.terms, wanted)
        match self.terms.yields:
            case Yields.CHECKS:
                return OfChecks(self.terms, names, wanted)
            case Yields.COUNTS:
                return OfCounts(self.terms, names, wanted)
            case Yields.OUTAGES:
                return OfOutages(self.terms, names, wanted)

    def _queries(self, wanted: Wanted) -> Iterator[tuple[str, str]]:
        """The source's query with "", and those of single monitors with what rows call these."""
        wants = {n: own for n, own in self.terms.monitors.items() if wanted.wants(n)}
        if self.terms.query is not None and any(own.query is None for own in wants.values()):
            yield self.terms.query, ""
        for name, own in wants.items():
            if own.query is not None:
                yield own.query, own.called or name

    def _given(self, wanted: Wanted, database: Database) -> Mapping[str, object]:
        """The edges of what is wanted, and so much more on either side."""
        beside = self.terms.lookback_days * DAY_MS
        start, end = 0, LATEST
        if wanted.span is not None:
            start, end = max(wanted.span.start - beside, 0), min(wanted.span.end + beside, LATEST)
        default = TimesAs.TEXT if database.is_sqlite else TimesAs.INSTANT
        match self.terms.times_as or default:
            case TimesAs.INSTANT:
                return {"start": utc(start), "end": utc(end)}
            case TimesAs.TEXT:
                return {"start": utc_text(start), "end": utc_text(end)}
            case TimesAs.SECONDS:
                return {"start": start // 1000, "end": -(-end // 1000)}
            case TimesAs.MILLISECONDS:
                return MappingProxyType({"start": start, "end": end})
