"""A database as a source: a query of one's own that yields checks, counts or outages.

Its address, which holds a password, stands in the environment; here stands what is asked. What can
be seen in a query before it is asked is refused here: one that writes, or that is several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.requests import RequestRule
from models.signals import SignalKind
from models.sources.base import Source
from models.sources.files import BadRows, Stretch
from models.terms import Minutes, Name, Terms, TimeZone, Whole

QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL
)
"""Texts, quoted names and comments: nothing in them is a word of SQL."""

WORD = re.compile(r"[A-Za-z_]+")
ASKS = frozenset({"select", "with", "values", "table"})
WRITES = re.compile(
    "alter|analyze|attach|call|copy|create|delete|detach|do|drop|execute|grant|insert|into|lock"
    "|merge|pragma|refresh|reindex|revoke|set|truncate|update|vacuum"
)
LONGEST_QUERY = 20_000


def _query(text: str) -> str:
    bare = QUOTED.sub(" '' ", text).strip().removesuffix(";")
    words = [word.lower() for word in WORD.findall(bare)]
    if not words or words[0] not in ASKS:
        raise _not_asking(f"begins with {words[0] if words else 'nothing'!r}")
    writing = next((word for word in words if WRITES.fullmatch(word)), "")
    if writing:
        raise _not_asking(f"holds the word {writing!r}")
    if ";" in bare:
        raise _not_asking("is more than one statement")
    return text


def _not_asking(fact: str) -> PydanticCustomError:
    return PydanticCustomError(
        "asking_query",
        "{expected}",
        {
            "expected": "one statement that only reads: SELECT, WITH, VALUES or TABLE",
            "fact": fact,
            "remedy": "Ask for rows and change none; put a column of that name in double quotes.",
        },
    )


Query = Annotated[str, Field(max_length=LONGEST_QUERY), AfterValidator(_query)]
"""One statement of SQL that reads; `:start` and `:end` in it are the edges of what is wanted."""


class Yields(StrEnum):
    """What the rows of a query are.

    CHECKS: `monitor, at, up`, and `region` where there are any. COUNTS: `monitor, at, total,
    failed`, each row a window that starts at `at`. OUTAGES: `monitor, started_at, ended_at` (or
    `start, "end"`), and `region, incident_id, source_link` where there are any.
    """

    CHECKS = "checks"
    COUNTS = "counts"
    OUTAGES = "outages"


class TimesAs(StrEnum):
    """How `:start` and `:end` are handed to the database.

    INSTANT: as times with their zone. TEXT: as `2026-05-01T00:00:00Z`. SECONDS, MILLISECONDS: as
    whole numbers since 1970.
    """

    INSTANT = "instant"
    TEXT = "text"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


class SqlMonitor(Terms):
    """How a database knows a monitor.

    Attributes:
        called: What its rows call it; None for the contract's own name.
        query: A query for it alone, whose rows need not name it; None for the source's.
        rule: When its counts mean that it was down; None for the source's.
        signal: What kind of witness it is; None for what the source says.
    """

    called: Name | None = None
    query: Query | None = None
    rule: RequestRule | None = None
    signal: SignalKind | None = None


class SqlDatabase(Source):
    """Any database that SQLAlchemy reaches; its address is `MAKEGOOD_SOURCE_<ID>_URL`.

    Attributes:
        yields: What the rows are.
        query: What is asked; None where each monitor has a query of its own.
        monitors: The contract's name for a monitor to how the database knows it.
        covers: Outages: the stretch that they are complete for.
        regions: Outages: where was looked from; None for the regions that rows name.
        window_seconds: Counts: how long each row's window is.
        rule: Counts: when they mean that a service was down.
        spacing_minutes: Checks: how often the probes look at least; None where nobody knows.
        time_zone: Zone of times that are kept without one; None refuses such times.
        bad_rows: What unusable rows do.
        times_as: How `:start` and `:end` are handed over; None for texts to SQLite, and for
            instants to all others.
        lookback_days: How much further than wanted `:start` and `:end` reach on either side, for
            the state before and for outages over the edges.
        timeout_seconds: How long the database may take for an answer.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("URL",)

    kind: Literal["sql"]
    yields: Yields
    query: Query | None = None
    monitors: Annotated[Mapping[Name, SqlMonitor], Field(min_length=1)]
    covers: Stretch | None = None
    regions: tuple[Name, ...] | None = None
    window_seconds: Annotated[Whole, Field(ge=1, le=86_400)] | None = None
    rule: RequestRule | None = None
    spacing_minutes: Minutes | None = None
    time_zone: TimeZone | None = None
    bad_rows: BadRows = BadRows.REFUSE
    times_as: TimesAs | None = None
    lookback_days: Annotated[Whole, Field(le=400)] = 31
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60

    @model_validator(mode="after")
    def _complete(self) -> SqlDatabase:
        for lacks, expected in self._missing():
            context = {"fact": f"lacks {lacks}", "expected": expected, "remedy": "Add it."}
            raise PydanticCustomError("incomplete_query", "{expected}", context)
        called = [monitor.called or name for name, monitor in self.monitors.items()]
        if len(set(called)) < len(called):
            raise PydanticCustomError(
                "called_twice",
                "a name of its own for each monitor",
                {"fact": "calls two monitors alike", "remedy": "Correct one `called`."},
            )
        return self

    def _missing(self) -> Iterator[tuple[str, str]]:
        """What it lacks, and what queries of its kind cannot do without."""
        if self.query is None and any(own.query is None for own in self.monitors.values()):
            yield "a query", "one for the source, or one for every monitor"
        if self.yields is Yields.OUTAGES and self.covers is None:
            stretch = "the stretch in which every outage is in the rows"
            yield "covers", f"{stretch}, such as 2025-09-01/2026-09-01"
        if self.yields is Yields.COUNTS and self.window_seconds is None:
            yield "window_seconds", "how long the window of a row is"
        ruled = self.rule is not None or all(own.rule is not None for own in self.monitors.values())
        if self.yields is Yields.COUNTS and not ruled:
            yield "a rule", "such as {error_rate_percent: 5}, for the source or every monitor"
