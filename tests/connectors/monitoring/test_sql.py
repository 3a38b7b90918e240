"""Databases keep the promise of the role: SQLite files, and a real PostgreSQL."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.monitoring import Capability, EvidenceLink, Wanted
from connectors.monitoring._sql_columns import Part
from connectors.monitoring.memory import MemoryMonitoring, Sighting
from connectors.monitoring.sql import SqlQueries
from models.findings import UnusableInputError
from models.intervals import MINUTE_MS, Interval, utc, utc_text
from models.outage import State
from models.sources.sql import SqlDatabase
from tests.connectors.monitoring.conformance import (
    COVERS,
    MAY,
    MonitoringConformance,
    TimelineConformance,
    as_written,
)
from tests.postgres import PASSWORD as POSTGRES_PASSWORD

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
HOUR = 60 * MINUTE_MS
CHECKS = "SELECT monitor, at, up, region FROM checks"
OUTAGES = 'SELECT monitor, started_at AS start, ended_at AS "end" FROM outages'


def source(url, *, folder=".", yields="checks", query=CHECKS, **terms):
    """A source of `web`, `mail` and `cdn` that asks once and waits for nothing."""
    known = {
        "id": "audit",
        "kind": "sql",
        "yields": yields,
        "query": query,
        "monitors": {"web": {}, "mail": {}, "cdn": {}},
        **terms,
    }
    return SqlQueries(terms=SqlDatabase.model_validate(known), url=url, folder=folder, attempts=1)


def outages(url, **terms):
    """A source of outages that are complete from April to June."""
    asked = {"yields": "outages", "query": OUTAGES, "covers": "2026-04-01/2026-07-01"}
    return source(url, **{**asked, **terms})


def sqlite_file(folder, *statements, rows=()):
    """The address of a new file in a folder; the last statement takes the rows."""
    with closing(sqlite3.connect(folder / "audit.db")) as database:
        for statement in statements[:-1]:
            database.execute(statement)
        database.executemany(statements[-1], rows) if rows else database.execute(statements[-1])
        database.commit()
    return "sqlite:///audit.db"


def checks_in_sqlite(folder, rows):
    """A file with a table of checks."""
    table = "CREATE TABLE checks (monitor TEXT, at TEXT, up TEXT, region TEXT)"
    return sqlite_file(
        folder, table, "INSERT INTO checks VALUES (?, ?, ?, ?)", rows=rows or [("x",) * 4]
    )


@pytest.fixture
def postgresql(postgres_server, postgres_database):
    """A function that runs statements in a new database and gives its address."""

    def made(*statements, rows=()):
        name = postgres_database(empty=True)
        with psycopg.connect(f"host={postgres_server.folder} user=postgres dbname={name}") as open_:
            for statement in statements:
                if rows and statement is statements[-1]:
                    open_.cursor().executemany(statement, rows)
                else:
                    open_.execute(statement)
        return postgres_server.url(name)

    return made


class TestSqliteChecks(TimelineConformance):
    """Checks in a file, their times as text."""

    ASKED = True

    @pytest.fixture
    def broken(self, tmp_path):
        """A time that is none."""
        return source(checks_in_sqlite(tmp_path, [("web", "soon", "up", None)]), folder=tmp_path)

    def source_of(self, folder, sightings, scramble=as_written):
        """A table of the sightings, in this order."""
        rows = scramble([(s.monitor, utc_text(s.at), s.state.name, s.region) for s in sightings])
        url = checks_in_sqlite(folder, rows)
        query = CHECKS if rows else f"{CHECKS} WHERE false"
        return source(url, folder=folder, query=query)


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
class TestPostgresqlChecks(TimelineConformance):
    """Checks in a table, their times as `timestamptz`, streamed."""

    ASKED = True

    @pytest.fixture(autouse=True)
    def _database(self, postgresql):
        self.postgresql = postgresql

    @pytest.fixture
    def broken(self):
        """A column that does not exist."""
        table = "CREATE TABLE checks (monitor text, at timestamptz)"
        return source(self.postgresql(table))

    def source_of(self, folder, sightings, scramble=as_written):
        """A table of the sightings, in this order."""
        rows = scramble([(s.monitor, utc(s.at), s.state is UP, s.region) for s in sightings])
        return source(
            self.postgresql(
                "CREATE TABLE checks (monitor text, at timestamptz, up boolean, region text)",
                "INSERT INTO checks VALUES (%s, %s, %s, %s)" if rows else "SELECT 1",
                rows=rows,
            )
        )


class TestOutages(MonitoringConformance):
    """An audit table: when which service was down."""

    ASKED = True

    @pytest.fixture
    def source(self, tmp_path):
        """One outage of `web`; `mail` and `cdn` had none."""
        return outages(audit_table(tmp_path), folder=tmp_path)

    @pytest.fixture
    def broken(self, tmp_path):
        """An end before its start."""
        row = ("web", utc_text(MAY.start + HOUR), utc_text(MAY.start))
        return outages(audit_table(tmp_path, row), folder=tmp_path)


def audit_table(folder, *rows):
    """A file with a table of outages."""
    one = ("web", utc_text(MAY.start + HOUR), utc_text(MAY.start + 2 * HOUR + 5))
    return sqlite_file(
        folder,
        "CREATE TABLE outages (monitor TEXT, started_at TEXT, ended_at TEXT)",
        "INSERT INTO outages VALUES (?, ?, ?)",
        rows=rows or [one],
    )


def changes(asked, monitor="web", span=None):
    """The changes of a monitor's only timeline."""
    (line,) = asked.read(Wanted(span=span)).timelines[monitor]
    return line.changes


def refusal(asked, wanted=None):
    """The sentences with which a source is refused."""
    with pytest.raises(UnusableInputError) as refused:
        asked.read(wanted or Wanted())
    return [str(finding) for finding in refused.value.findings]


def test_a_monitor_without_an_outage_was_up_while_the_table_covers_it(tmp_path):
    """One hour and 5 ms of `web` in May; `mail` never."""
    asked = outages(audit_table(tmp_path), folder=tmp_path)
    assert changes(asked, "mail") == ((COVERS.start, UP), (COVERS.end, UNKNOWN))
    assert changes(asked)[1:3] == ((MAY.start + HOUR, DOWN), (MAY.start + 2 * HOUR + 5, UP))


def test_outages_bring_their_incidents(tmp_path):
    """Id and link, where the query names them."""
    query = (
        "SELECT monitor, started_at, ended_at, 7 AS incident_id,"
        " 'https://status.example.com/7' AS source_link FROM outages"
    )
    asked = outages(audit_table(tmp_path), folder=tmp_path, query=query)
    stretch = Interval(MAY.start + HOUR, MAY.start + 2 * HOUR + 5)
    assert asked.read(Wanted()).evidence == {
        "web": (EvidenceLink(stretch, "7", "https://status.example.com/7"),)
    }
    assert Capability.INCIDENTS in asked.capabilities


def test_an_outage_without_an_end_lasts(tmp_path):
    """NULL is no end."""
    url = audit_table(tmp_path, ("web", utc_text(MAY.start), None))
    assert changes(outages(url, folder=tmp_path))[-2:] == ((MAY.start, DOWN), (COVERS.end, UNKNOWN))


COUNTED = {
    "yields": "counts",
    "query": "SELECT 'web' AS monitor, at, total, failed FROM counts",
    "window_seconds": 60,
    "rule": {"error_rate_percent": "5"},
}


def test_counts_are_judged_by_their_rule(tmp_path):
    """1 of 100 is up, 6 of 100 down, exactly 5 up again; after a silent minute, nobody knows."""
    rows = [(0, 100, 1), (60_000, 100, 6), (120_000, 100, 5), (240_000, 100, 0), (240_000, 100, 0)]
    url = sqlite_file(
        tmp_path,
        "CREATE TABLE counts (at INTEGER, total INTEGER, failed INTEGER)",
        "INSERT INTO counts VALUES (?, ?, ?)",
        rows=[(MAY.start + at, total, failed) for at, total, failed in rows],
    )
    asked = source(url, folder=tmp_path, **COUNTED)
    assert [(at - MAY.start, state) for at, state in changes(asked)] == [
        (0, UP),
        (60_000, DOWN),
        (120_000, UP),
        (180_000, UNKNOWN),
        (240_000, UP),
        (300_000, UNKNOWN),
    ]
    facts = asked.read(Wanted()).facts
    assert (facts.rows, facts.duplicates) == (5, 1)


def test_windows_that_overlap_are_refused(tmp_path):
    """Half a minute apart, and a minute long."""
    url = sqlite_file(
        tmp_path,
        "CREATE TABLE counts (at INTEGER, total INTEGER, failed INTEGER)",
        "INSERT INTO counts VALUES (?, ?, ?)",
        rows=[(MAY.start, 10, 1), (MAY.start + 30_000, 10, 1)],
    )
    (said,) = refusal(source(url, folder=tmp_path, **COUNTED))
    assert said.startswith("audit: at counts a stretch of 'web' twice, and differently")


def test_each_monitor_may_have_a_query_and_a_name_of_its_own(tmp_path):
    """`web` is `svc-1` in a query that need not name it; `mail` is `svc-2` in the common one."""
    url = checks_in_sqlite(
        tmp_path,
        [("svc-1", utc_text(MAY.start), "down", None), ("svc-2", utc_text(MAY.start), "up", None)],
    )
    own = "SELECT at, up FROM checks WHERE monitor = 'svc-1'"
    asked = source(
        url,
        folder=tmp_path,
        query="SELECT * FROM checks WHERE monitor = 'svc-2'",
        monitors={"web": {"called": "svc-1", "query": own}, "mail": {"called": "svc-2"}},
    )
    assert changes(asked) == ((MAY.start, DOWN),)
    assert changes(asked, "mail") == ((MAY.start, UP),)


def test_the_query_is_given_the_edges_of_what_is_wanted_and_a_month_around_them(tmp_path):
    """May and 31 days on either side: from March 31 on."""
    early, april = COVERS.start - 25 * HOUR, COVERS.start + HOUR
    url = checks_in_sqlite(
        tmp_path,
        [("web", utc_text(early), "down", None), ("web", utc_text(april), "up", None)],
    )
    query = f"{CHECKS} WHERE at >= :start AND at < :end"
    asked = source(url, folder=tmp_path, query=query)
    assert changes(asked, span=MAY) == ((april, UP),)
    assert changes(asked) == ((early, DOWN), (april, UP))


@pytest.mark.parametrize(
    ("times_as", "column"),
    [
        ("text", "at"),
        ("seconds", "CAST(strftime('%s', at) AS INTEGER)"),
        ("milliseconds", "CAST(strftime('%s', at) AS INTEGER) * 1000"),
    ],
)
def test_the_edges_come_in_the_form_that_the_table_has(tmp_path, times_as, column):
    """Text, seconds or milliseconds: the same row is left out."""
    rows = [("web", utc_text(at), "up", None) for at in (MAY.start, MAY.end + 40 * 24 * HOUR)]
    query = f"{CHECKS} WHERE {column} BETWEEN :start AND :end"
    asked = source(
        checks_in_sqlite(tmp_path, rows), folder=tmp_path, query=query, times_as=times_as
    )
    assert asked.read(Wanted(span=MAY)).facts.rows == 1


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (1.5, "audit, row 1: at is '1.5', of the type float; a time with its zone, a whole number"),
        (
            "2026-05-01 08:00:00",
            "audit, row 1: at is '2026-05-01 08:00:00', without an offset; a time with its offset",
        ),
        (None, "audit, row 1: at is empty"),
        (b"x", "of the type bytes"),
    ],
)
def test_a_time_that_is_not_exact_is_refused_by_its_row(tmp_path, at, said):
    """A float, a time without a zone, no time, bytes."""
    url = sqlite_file(
        tmp_path,
        "CREATE TABLE checks (monitor, at, up, region)",
        "INSERT INTO checks VALUES (?, ?, ?, ?)",
        rows=[("web", at, 1, None)],
    )
    assert said in refusal(source(url, folder=tmp_path))[0]


def test_a_column_with_and_without_zones_is_refused():
    """Some drivers mix them; the one cannot be taken for the other."""
    both = (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1))  # noqa: DTZ001  That is it.
    part = Part({"monitor": ("web", "web"), "at": both}, lambda row: f"audit, row {row}", 1)
    with pytest.raises(UnusableInputError, match="times with and without a zone"):
        part.arrow("at")


def test_local_times_are_read_in_the_zone_that_the_source_names(tmp_path):
    """08:00 in Berlin is 06:00 in UTC in May; 02:30 of October 25 comes twice and is refused."""
    url = checks_in_sqlite(tmp_path, [("web", "2026-05-01 08:00:00", "up", None)])
    berlin = {"folder": tmp_path, "time_zone": "Europe/Berlin"}
    assert changes(source(url, **berlin)) == ((MAY.start + 6 * HOUR, UP),)
    twice = f"{CHECKS} UNION ALL SELECT 'web', '2026-10-25 02:30:00', 'up', NULL"
    (said,) = refusal(source(url, query=twice, **berlin))
    assert "happens twice or never in Europe/Berlin" in said


def test_a_monitor_that_the_source_does_not_list_is_refused(tmp_path):
    """A slip in a name would else be an outage that nobody sees."""
    url = audit_table(tmp_path, ("wep", utc_text(MAY.start), None))
    (said,) = refusal(outages(url, folder=tmp_path))
    assert said == (
        "audit: monitor is 'wep' in some rows; one of the 3 monitors that the source lists. Did "
        "you mean web? Leave such rows out in the query, or add the name to its monitors."
    )


def test_checks_and_counts_of_strangers_are_refused_as_well(tmp_path):
    """Whatever the rows are."""
    url = checks_in_sqlite(tmp_path, [("wep", utc_text(MAY.start), "up", None)])
    counted = "SELECT monitor, at, 10 AS total, 1 AS failed FROM checks"
    for terms in ({}, {**COUNTED, "query": counted}):
        (said,) = refusal(source(url, folder=tmp_path, **terms))
        assert said.startswith("audit: monitor is 'wep' in some rows")


def test_a_missing_column_is_named_with_what_is_there(tmp_path):
    """And how it is mended: by AS."""
    asked = source(audit_table(tmp_path), folder=tmp_path, query="SELECT monitor, 1 FROM outages")
    said = refusal(asked)
    assert said[0] == (
        "audit: yields no column 'at'; it yields 'monitor', '1'; the columns monitor, at, up. "
        'Name it in the query: ... AS "at".'
    )
    assert len(said) == 2


def test_rows_that_cannot_be_used_may_be_reported_and_are_unknown_then(tmp_path):
    """A state that is none, with bad_rows: report."""
    rows = [
        ("web", utc_text(MAY.start), "up", None),
        ("web", utc_text(MAY.start + HOUR), "?", None),
    ]
    asked = source(checks_in_sqlite(tmp_path, rows), folder=tmp_path, bad_rows="report")
    assert changes(asked) == ((MAY.start, UP), (MAY.start + HOUR, UNKNOWN))
    assert asked.read(Wanted()).facts.unusable == 1


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM checks",
        "SELECT 1; DROP TABLE checks",
        "WITH gone AS (DELETE FROM checks RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM checks",
        "SELECT * FROM checks FOR UPDATE",
        "",
    ],
)
def test_a_query_that_writes_is_refused_before_it_is_asked(query):
    """One statement that reads, and nothing else."""
    with pytest.raises(ValueError, match="one statement that only reads"):
        source("sqlite:///audit.db", query=query)


def test_words_in_texts_names_and_comments_are_no_statements():
    """`update` in double quotes is a column."""
    query = """SELECT 'delete; drop' AS monitor, "update" AS at -- insert
        FROM checks /* truncate */;"""
    assert source("sqlite:///audit.db", query=query).terms.query == query


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"query": None}, "one for the source, or one for every monitor"),
        ({"yields": "outages"}, "every outage is in the rows"),
        ({"yields": "counts"}, "how long the window"),
        ({"yields": "counts", "window_seconds": 60}, "error_rate_percent: 5"),
        ({"monitors": {"a": {}, "b": {"called": "a"}}}, "a name of its own"),
    ],
)
def test_what_a_kind_of_rows_needs_is_asked_for(terms, said):
    """Outages say what they cover, counts how long a window is and what they mean."""
    with pytest.raises(ValueError, match=said):
        source("sqlite:///audit.db", **terms)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "its address in the environment is missing"),
        ("not an address", "cannot be read"),
        ("sqlite:///gone.db", "there is no file .*gone.db"),
        ("oracle://kim:geheim1@host/x", "the driver .* is missing"),
        ("nosuch://kim:geheim1@host/x", "the driver .* is missing"),
    ],
)
def test_an_address_that_leads_nowhere_is_the_workspace_s_fault(tmp_path, url, said):
    """And no message holds its password."""
    with pytest.raises(Misconfigured, match=said) as refused:
        source(url, folder=tmp_path).read(Wanted())
    assert "geheim1" not in str(refused.value)
    assert not (tmp_path / "gone.db").exists()


def test_a_query_that_sqlite_refuses_is_not_asked_again(tmp_path):
    """`no such table`: only a person can mend it."""
    url = checks_in_sqlite(tmp_path, [])
    with pytest.raises(Permanent, match="refuses the query: no such table: nowhere"):
        source(url, folder=tmp_path, query="SELECT * FROM nowhere").read(Wanted())


def test_a_query_that_names_other_values_is_refused(tmp_path):
    """`:since` is not given."""
    query = f"{CHECKS} WHERE at > :since"
    asked = source(checks_in_sqlite(tmp_path, []), folder=tmp_path, query=query)
    with pytest.raises(Permanent, match="names :since; :start and :end alone"):
        asked.read(Wanted())


FOREVER = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
SELECT 'web' AS monitor, count(*) AS at, 1 AS up FROM n
"""


def test_sqlite_has_a_time_limit(tmp_path):
    """A query without an end is ended after a second."""
    asked = source(
        checks_in_sqlite(tmp_path, []), folder=tmp_path, query=FOREVER, timeout_seconds=1
    )
    with pytest.raises(Permanent, match="no answer within 1 s"):
        asked.read(Wanted())


def test_a_locked_sqlite_file_may_answer_later(tmp_path):
    """Another program writes; that passes."""
    url = checks_in_sqlite(tmp_path, [("web", utc_text(MAY.start), "up", None)])
    with closing(sqlite3.connect(tmp_path / "audit.db")) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Retriable, match="database is locked"):
            source(url, folder=tmp_path, timeout_seconds=1).read(Wanted())


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
class TestOnPostgresql:
    """What only a server shows."""

    def test_a_transaction_reads_only_whatever_the_query_calls(self, postgresql):
        """A function that writes is stopped by the server itself."""
        url = postgresql(
            "CREATE SEQUENCE tickets",
            "CREATE FUNCTION sly() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''tickets'')'",
        )
        query = "SELECT 'web' AS monitor, sly() AS at, true AS up"
        with pytest.raises(Permanent, match="the query writes"):
            source(url, query=query).read(Wanted())

    def test_it_cannot_be_talked_out_of_that(self, postgresql):
        """Neither by a setting of the session nor by one of the transaction."""
        url = postgresql("CREATE SEQUENCE tickets")
        query = (
            "SELECT set_config('transaction_read_only', 'off', true) AS monitor,"
            " nextval('tickets') AS at, true AS up"
        )
        with pytest.raises(Permanent):
            source(url, query=query).read(Wanted())

    def test_an_answer_has_a_time_limit(self, postgresql):
        """The server ends it."""
        query = "SELECT 'web' AS monitor, now() AS at, true AS up FROM pg_sleep(20)"
        with pytest.raises(Permanent, match="no answer within 1 s"):
            source(postgresql("SELECT 1"), query=query, timeout_seconds=1).read(Wanted())

    def test_rows_are_streamed(self, postgresql):
        """The first row is refused before the server has come to the one that breaks the query."""
        query = (
            "SELECT 'web' AS monitor, now() AS at, CASE WHEN i = 1 THEN 1.5::float8"
            " WHEN i > 400000 THEN 1 / (i - i) ELSE 1 END AS up"
            " FROM (SELECT generate_series(1, 500000) AS i) AS many"
        )
        (said,) = refusal(source(postgresql("SELECT 1"), query=query))
        assert said.startswith("audit, row 1: up is '1.5', of the type float")

    def test_instants_are_exact_and_cut_to_milliseconds(self, postgresql):
        """`timestamptz` of any session's zone; microseconds are cut as those of files are."""
        query = (
            "SELECT 'web' AS monitor, '2026-05-01T02:00:00.001999+02'::timestamptz AS at,"
            " true AS up"
        )
        asked = source(postgresql("SELECT 1"), query=query, time_zone="Asia/Kathmandu")
        assert changes(asked) == ((MAY.start + 1, UP),)

    def test_a_timestamp_without_a_zone_needs_one(self, postgresql):
        """Refused, or read in the zone that the source names; bounds are in that zone too."""
        url = postgresql(
            "CREATE TABLE checks (monitor text, at timestamp, up boolean, region text)",
            "INSERT INTO checks VALUES ('web', '2026-05-01 00:00', true, '')",
        )
        query = f"{CHECKS} WHERE at >= :start AND at < :end"
        assert "without an offset" in refusal(source(url, query=query))[0]
        asked = source(url, query=query, time_zone="Asia/Kathmandu", lookback_days=0)
        # 00:00 in Kathmandu is 18:15 of the day before in UTC.
        at = MAY.start - (5 * 60 + 45) * MINUTE_MS
        assert changes(asked, span=Interval(at, at + 1)) == ((at, UP),)
        assert asked.read(Wanted(span=Interval(at + 1, at + 2))).timelines == {}

    def test_counts_may_be_numeric(self, postgresql):
        """`sum` of whole numbers is a `numeric`; a float is refused."""
        query = "SELECT 'web' AS monitor, {at} AS at, sum(i) AS total, {failed} AS failed FROM {of}"
        at, of = "'2026-05-01Z'::timestamptz", "generate_series(1, 10) i"
        asked = {**COUNTED, "query": query.format(at=at, failed="sum(i) / 10", of=of)}
        assert changes(source(postgresql("SELECT 1"), **asked))[0] == (MAY.start, DOWN)
        floats = {**COUNTED, "query": query.format(at=at, failed="1.5::float8", of=of)}
        (said,) = refusal(source(postgresql("SELECT 1"), **floats))
        assert "failed is '1.5', of the type float; whole numbers or decimals" in said

    def test_a_wrong_password_is_the_workspace_s_fault_and_is_not_shown(self, postgres_server):
        """`guarded` has another one."""
        url = postgres_server.url("postgres", "guarded").replace("guarded@", "guarded:geheim1@")
        with pytest.raises(Misconfigured, match="authentication failed") as refused:
            source(url).read(Wanted())
        assert "geheim1" not in str(refused.value)
        assert "geheim1" not in repr(source(url))

    def test_the_password_is_hidden_wherever_the_server_repeats_it(self, postgres_server):
        """Here in its complaint about a value of the query."""
        query = f"SELECT 'web' AS monitor, '{POSTGRES_PASSWORD}'::int AS at, true AS up"
        written = quote(POSTGRES_PASSWORD, safe="")
        url = postgres_server.url("postgres", "guarded").replace("guarded@", f"guarded:{written}@")
        with pytest.raises(Permanent, match=r'invalid input syntax .*"\*\*\*"') as refused:
            source(url, query=query).read(Wanted())
        assert POSTGRES_PASSWORD not in str(refused.value)

    def test_what_the_account_may_not_read_is_said(self, postgres_server, postgresql):
        """`permission denied`, by its code."""
        url = postgresql("CREATE TABLE checks (a int)", "CREATE SCHEMA own AUTHORIZATION guarded")
        postgres_server.execute("CREATE ROLE reader LOGIN")
        with pytest.raises(Misconfigured, match="permission denied for table checks"):
            source(url.replace("postgres@", "reader@"), query="SELECT * FROM checks").read(Wanted())

    def test_a_server_that_is_away_may_answer_later(self, tmp_path):
        """Nobody listens on this socket; asked three times."""
        waits: list[object] = []
        asked = source(f"postgresql://kim@/audit?host={tmp_path}")
        tried = SqlQueries(terms=asked.terms, url=asked.url, attempts=3, sleep=waits.append)
        with pytest.raises(Retriable, match="the database says"):
            tried.read(Wanted())
        assert len(waits) == 2


def test_a_digest_is_of_what_rows_say_and_not_of_their_order(tmp_path):
    """Any order, the same digest; another state, another one."""
    numbers = iter("abc")
    rows = [("web", utc_text(MAY.start + n * HOUR), "up", None) for n in range(5)]
    given = [rows, rows[::-1], [*rows[:4], (*rows[4][:2], "down", None)]]
    digests = []
    for some in given:
        folder = tmp_path / next(numbers)
        folder.mkdir()
        (answer,) = (
            source(checks_in_sqlite(folder, some), folder=folder)
            .read(Wanted(monitors=frozenset({"web"})))
            .facts.files
        )
        digests.append(answer.sha256)
    assert digests[0] == digests[1] != digests[2]


SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.sampled_from(["web", "mail"]),
        st.integers(0, 30).map(lambda step: MAY.start + 7 * step),
        st.sampled_from([UP, DOWN, State.DEGRADED]),
        st.sampled_from(["", "eu"]),
    ),
    max_size=25,
)


@given(SIGHTINGS, st.booleans(), st.sampled_from([None, 1, 70]))
@settings(max_examples=40, deadline=None)
def test_a_table_says_what_memory_says_of_the_same_rows(sightings, better_wins, floor):
    """Any rows, conflicts and repetitions among them: the same timelines, the same counts."""
    wanted = Wanted(better_wins=better_wins, gap_floor_ms=floor)
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = [(s.monitor, utc_text(s.at), s.state.name, s.region) for s in sightings]
        query = CHECKS if rows else f"{CHECKS} WHERE false"
        asked = source(checks_in_sqlite(folder, rows), folder=folder, query=query).read(wanted)
    held = MemoryMonitoring(id="audit", sightings=sightings).read(wanted)
    assert asked.timelines == held.timelines
    assert replace(asked.facts, files=()) == held.facts
