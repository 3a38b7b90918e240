"""Evidence outlives the vendor: what sources that are asked have told is kept by month."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from connectors.errors import Permanent, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring.memory import MemoryMonitoring, Sighting
from connectors.monitoring.sql import SqlQueries
from flows.keeping import read_source
from flows.month import conduct, directly, month_run
from models.findings import UnusableInputError
from models.intervals import instant
from models.outage import State
from models.period import ServiceMonth
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, checks

R0, R1 = "acme/api/2025-09/r0", "acme/api/2025-09/r1"
SEPTEMBER, OCTOBER = "2025-09", "2025-10"
WORSE = "worse_wins"
NOON = datetime(2025, 9, 10, 12, tzinfo=UTC)
BEGIN = datetime(2025, 8, 25, tzinfo=UTC)
END = datetime(2025, 11, 5, tzinfo=UTC)
STEP = timedelta(minutes=5)

_, _, REST = MAKEGOOD.partition("path: checks.csv}\n")
CHECKS = """\
name: Northwind Relay
sources:
  - id: probes
    kind: sql
    yields: checks
    query: SELECT monitor, at, up FROM probe WHERE at BETWEEN :start AND :end
    monitors: {api: {}, mail: {}}
REST""".replace("REST", REST)
OUTAGES = """\
name: Northwind Relay
sources:
  - id: probes
    kind: sql
    yields: outages
    covers: COVERS/2025-12-01
    query: SELECT * FROM outage
    monitors: {api: {}}
REST""".replace("REST", REST)


class Probes:
    """A database that holds checks every five minutes, until somebody deletes them."""

    def __init__(self, folder):
        self.path = folder / "probes.db"
        folder.mkdir(parents=True, exist_ok=True)
        self.do("CREATE TABLE probe (monitor TEXT, at TEXT, up TEXT)")
        self.do(
            "CREATE TABLE outage"
            " (monitor TEXT, started_at TEXT, ended_at TEXT, incident_id TEXT, source_link TEXT)"
        )

    def do(self, statement, *rows):
        """Write to it."""
        with closing(sqlite3.connect(self.path)) as database:
            database.executemany(statement, rows) if rows else database.execute(statement)
            database.commit()

    def check(self, *outages, monitor="api", begin=BEGIN, end=END):
        """Checks that see these outages, as beginnings and minutes."""
        down = [(start, start + timedelta(minutes=minutes)) for start, minutes in outages]
        steps = (end - begin) // STEP
        rows = [
            (monitor, f"{at:%FT%TZ}", "down" if any(a <= at < b for a, b in down) else "up")
            for at in (begin + n * STEP for n in range(steps))
        ]
        self.do("INSERT INTO probe VALUES (?, ?, ?)", *rows)

    def break_down(self, start, minutes):
        """Late rows: from now on it says that these checks saw an outage."""
        until = start + timedelta(minutes=minutes)
        times = (f"{start:%FT%TZ}", f"{until:%FT%TZ}")
        self.do("UPDATE probe SET up = 'down' WHERE at >= ? AND at < ?", times)

    def forget(self, before):
        """What was seen before an instant expires."""
        self.do("DELETE FROM probe WHERE at < ?", (f"{before:%FT%TZ}",))


@pytest.fixture
def probes(tmp_path, monkeypatch):
    """The database, under the workspace's folder."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_PROBES_URL", "sqlite:///probes.db")
    return Probes(tmp_path / "books")


def downtime(outcomes, contract="acme/api"):
    """The downtime in minutes."""
    return outcomes[contract].decided.measured.uptime.down.length // 60_000


def kept(books):
    """Month and version of all that is kept."""
    store = books.store()
    try:
        return {(m.monitor, m.month): m.version for m in store.kept_months("probes", WORSE)}
    finally:
        store.close()


def warnings(books, month=SEPTEMBER):
    """What a dry run of a month warns of."""
    asked = ServiceMonth.parse(month)
    with month_run(books.folder, month=asked, clients=(), dry_run=True, notify=False) as going:
        conduct(going, directly)
        return going.warnings


def refusing(monkeypatch, error):
    """From now on the source raises this when it is asked."""

    def refuse(*_):
        raise error

    monkeypatch.setattr(SqlQueries, "read", refuse)


def test_a_second_run_finds_the_same_and_keeps_nothing_new(lay_out_on_each, probes):
    """To its last row: evidence, decision, artifacts."""
    books = lay_out_on_each(makegood=CHECKS)
    probes.check((NOON, 120))
    assert downtime(books.run()) == 120
    before = books.everything
    assert books.run()["acme/api"].says == "unchanged: decided before on the same inputs"
    assert books.everything == before
    assert kept(books)["api", SEPTEMBER] == 1


def test_a_month_that_expired_is_what_it_was(lay_out_on_each, probes):
    """All of its rows are gone, and somebody is told; nothing is decided anew."""
    books = lay_out_on_each(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    before = books.tables
    probes.forget(END)
    assert "does not tell any more what it told of api" in " ".join(warnings(books))
    assert books.run()["acme/api"].change is None
    assert books.tables == before


def test_a_month_of_which_a_part_expired_is_what_it_was(lay_out, probes):
    """The rows are gone up to the middle of the outage."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    before = books.tables
    probes.forget(NOON + timedelta(minutes=62))
    assert books.run()["acme/api"].change is None
    assert books.tables == before


def test_late_rows_make_a_new_version_and_a_revision_and_what_was_released_stays(
    lay_out_on_each, probes
):
    """The outage lasted 500 minutes, not 120: 500.00 where 200.00 were released."""
    books = lay_out_on_each(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    books.release()
    probes.break_down(NOON, 500)
    assert "tells 2025-09 (UTC) differently than before, of api" in " ".join(warnings(books))
    assert kept(books)["api", SEPTEMBER] == 1
    assert "the monitoring evidence changed" in books.run()["acme/api"].says
    assert kept(books)["api", SEPTEMBER] == 2
    assert books.owed[R0] == ("released", "200.00 EUR")
    assert books.owed[R1] == ("draft", "300.00 EUR")
    assert warnings(books) == ()


def test_late_rows_count_also_where_others_expired(lay_out, probes):
    """The hour of the 10th is kept, that of the 20th is new."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 60))
    books.run()
    probes.forget(NOON + timedelta(days=3))
    probes.break_down(NOON + timedelta(days=10), 60)
    assert downtime(books.run()) == 120


def test_more_rows_after_the_month_are_no_other_telling(lay_out, probes):
    """On October 2 half a day more is known than in the night before."""
    books = lay_out(makegood=CHECKS)
    first = datetime(2025, 10, 1, 1, tzinfo=UTC)
    probes.check((NOON, 120), end=first)
    books.run()
    probes.check(begin=first)
    assert warnings(books) == ()
    assert books.run()["acme/api"].change is None


def test_other_terms_are_measured_from_what_is_kept_alone(lay_out, probes):
    """120 minutes of 43,200 are 99.72 %: 10 % of 3,600."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    probes.forget(END)
    books.agree(BLUEFIN)
    outcome = books.run()["bluefin/api"]
    assert str(outcome.decided.determination.amount) == "360.00 USD"


def test_two_zones_share_what_is_kept_of_a_month(lay_out, probes):
    """An outage of 180 minutes from 21:00 UTC on: of October in Berlin from 22:00 on.

    Both months are asked for one after the other, expire, and are the same.
    """
    berlin = ACME.replace("acme", "berlin").replace(
        "monitors:", "time_zone: Europe/Berlin\nmonitors:"
    )
    books = lay_out(ACME, berlin, makegood=CHECKS)
    probes.check((datetime(2025, 9, 30, 21, tzinfo=UTC), 180))
    contracts = ("acme/api", "berlin/api")
    found = {m: books.run(m) for m in (SEPTEMBER, OCTOBER)}
    minutes = [downtime(found[m], c) for m in found for c in contracts]
    assert minutes == [180, 60, 0, 120]
    probes.forget(END)
    for month in (SEPTEMBER, OCTOBER):
        assert [o.change for o in books.run(month).values()] == [None, None]


def test_months_may_be_asked_for_in_any_order(lay_out, probes):
    """October first, then September: an outage over their edge counts for both."""
    books = lay_out(makegood=CHECKS)
    probes.check((datetime(2025, 9, 30, 23, tzinfo=UTC), 120))
    assert [downtime(books.run(month)) for month in (OCTOBER, SEPTEMBER)] == [60, 60]
    assert {m: books.run(m)["acme/api"].change for m in (OCTOBER, SEPTEMBER)} == {
        OCTOBER: None,
        SEPTEMBER: None,
    }
    probes.forget(END)
    assert [books.run(month)["acme/api"].change for month in (OCTOBER, SEPTEMBER)] == [None, None]


def test_a_source_may_become_one_of_files_and_again_one_that_is_asked(lay_out, probes):
    """Under one name; whoever is there tells, and nobody trips over what the other one kept."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    files = MAKEGOOD.replace("id: checks", "id: probes")
    books.write("checks.csv", checks(api=60))
    found = []
    for makegood in (CHECKS, files, CHECKS, files):
        books.write("makegood.yaml", makegood)
        found.append(downtime(books.run()))
    assert found == [120, 60, 120, 60]


def test_two_runs_at_one_time_keep_both_of_their_months(lay_out):
    """Both ask while nothing is kept, and keep one after the other; then all is forgotten."""
    books = lay_out(makegood=CHECKS)
    steps = (END - BEGIN) // STEP
    looks = [
        Sighting("api", instant(BEGIN + n * STEP), State.DOWN if n % 1000 == 0 else State.UP)
        for n in range(steps)
    ]
    source = MemoryMonitoring(id="probes", sightings=looks)
    waiting: list[Callable[[], object]] = []
    spans = [ServiceMonth.parse(month).bounds("UTC") for month in (SEPTEMBER, OCTOBER)]
    store = books.store()
    try:
        asked = partial(read_source, store=store, read_only=False, later=waiting.append)
        told = [asked(source, wanted=Wanted(span=span)).timelines["api"] for span in spans]
        for keep in waiting:
            keep()
        silent = MemoryMonitoring(id="probes")
        for span, (line,) in zip(spans, told, strict=True):
            (kept_line,) = asked(silent, wanted=Wanted(span=span)).timelines["api"]
            assert kept_line.within(span) == line.within(span)
    finally:
        store.close()


def test_a_dry_run_keeps_nothing(lay_out, probes):
    """It decides and reports, and that is all."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run(dry_run=True)
    assert not (books.folder / "makegood.db").exists()
    books.run()
    before = books.tables
    probes.break_down(NOON, 500)
    assert downtime(books.run(dry_run=True)) == 500
    assert books.tables == before


def test_what_is_kept_counts_where_the_source_refuses(lay_out, probes, monkeypatch):
    """Somebody is told why; what was never asked for is refused as ever."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    before = books.tables
    refusing(monkeypatch, Permanent("the table is gone"))
    assert "(the table is gone); the evidence kept of it was used" in " ".join(warnings(books))
    assert books.run()["acme/api"].change is None
    assert books.tables == before
    with pytest.raises(Permanent, match="the table is gone"):
        books.run(OCTOBER)
    books.agree(ACME.replace("[api]", "[api, mail]"))
    with pytest.raises(Permanent, match="the table is gone"):
        books.run()


def test_a_source_that_cannot_be_reached_is_no_source_that_forgot(lay_out, probes, monkeypatch):
    """It may tell something else when it answers again."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    refusing(monkeypatch, Retriable("no answer"))
    with pytest.raises(Retriable):
        books.run()


def test_states_that_are_stale_sooner_than_was_kept_are_refused_in_words(lay_out, probes):
    """Silences from 15 minutes were kept; the rows that told of shorter ones are gone."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    books.agree(f"{ACME}measurement: {{stale_after_minutes: 6}}\n")
    assert downtime(books.run(dry_run=True)) == 120
    probes.forget(END)
    with pytest.raises(UnusableInputError, match="Raise stale_after_minutes"):
        books.run()


def test_shorter_silences_alone_are_no_other_telling(lay_out, probes):
    """The same rows, asked for silences from six minutes on: nobody is told of a change."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    probes.do("DELETE FROM probe WHERE at = ?", (f"{NOON + timedelta(days=2):%FT%TZ}",))
    books.run()
    books.agree(f"{ACME}measurement: {{stale_after_minutes: 6}}\n")
    assert warnings(books) == ()
    books.run()
    before = books.tables
    probes.forget(END)
    assert books.run()["acme/api"].change is None
    assert books.tables == before


def test_kept_answers_that_were_altered_are_noticed(lay_out, probes):
    """Their digest is their name."""
    books = lay_out(makegood=CHECKS)
    probes.check((NOON, 120))
    books.run()
    engine = create_engine(books.url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER artifact_update"))
        connection.execute(text("UPDATE artifact SET body = x'00' WHERE kind = 'runs'"))
    engine.dispose()
    with pytest.raises(UnusableInputError, match="is not what was stored"):
        books.run()


def test_a_log_of_outages_keeps_its_incidents(lay_out, probes):
    """The table is emptied and says so by what it covers; link and hour stay."""
    books = lay_out(makegood=OUTAGES.replace("COVERS", "2025-08-01"))
    until = NOON + timedelta(minutes=60)
    link = "https://status.example/i/7"
    row = ("api", f"{NOON:%FT%TZ}", f"{until:%FT%TZ}", "7", link)
    probes.do("INSERT INTO outage VALUES (?, ?, ?, ?, ?)", row)
    assert downtime(books.run()) == 60
    before = books.tables
    probes.do("DELETE FROM outage")
    books.write("makegood.yaml", OUTAGES.replace("COVERS", "2025-11-01"))
    assert books.run()["acme/api"].change is None
    assert books.tables == before


def test_an_outage_that_is_taken_back_is_no_outage_that_expired(lay_out, probes):
    """The log still covers the month, and says that it was up."""
    books = lay_out(makegood=OUTAGES.replace("COVERS", "2025-08-01"))
    until = NOON + timedelta(minutes=60)
    row = ("api", f"{NOON:%FT%TZ}", f"{until:%FT%TZ}", "7", "https://status.example/i/7")
    probes.do("INSERT INTO outage VALUES (?, ?, ?, ?, ?)", row)
    books.run()
    probes.do("DELETE FROM outage")
    assert "differently than before, of api" in " ".join(warnings(books))
    assert downtime(books.run()) == 0
