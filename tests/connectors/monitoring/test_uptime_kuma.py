"""Uptime Kuma: heartbeats of both versions' databases, and of JSON."""

import json
import sqlite3
from contextlib import closing

import pytest

from connectors.errors import Retriable
from connectors.monitoring import BadRows, Wanted
from connectors.monitoring.uptime_kuma import UptimeKuma
from models.findings import UnusableInputError
from models.intervals import utc
from models.outage import State
from models.sources.kuma import KumaMonitor, Pending
from tests.connectors.monitoring.conformance import (
    DOWN,
    HOUR,
    MAY,
    UP,
    TimelineConformance,
    as_written,
)

UNKNOWN = State.UNKNOWN
NUMBERS = {State.DOWN: 0, State.UP: 1}
VERSION_1 = """
CREATE TABLE monitor (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(150), interval INTEGER);
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY AUTOINCREMENT, important BOOLEAN NOT NULL DEFAULT 0,
    monitor_id INTEGER NOT NULL, status SMALLINT NOT NULL, msg TEXT, time DATETIME NOT NULL,
    ping INTEGER, duration INTEGER NOT NULL DEFAULT 0);
"""
VERSION_2 = f"""
{VERSION_1}
ALTER TABLE heartbeat ADD COLUMN end_time DATETIME DEFAULT NULL;
ALTER TABLE heartbeat ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
"""


def text(at):
    """A time as Kuma writes it."""
    return f"{utc(at):%Y-%m-%d %H:%M:%S}.{at % 1000:03d}"


def database(folder, *beats, names=("web", "mail"), schema=VERSION_1):
    """A database with these heartbeats: monitor, time and status."""
    with closing(sqlite3.connect(folder / "kuma.db")) as kuma, kuma:
        kuma.executescript(schema)
        kuma.executemany("INSERT INTO monitor (name) VALUES (?)", [(name,) for name in names])
        numbers = dict(kuma.execute("SELECT name, id FROM monitor"))
        kuma.executemany(
            "INSERT INTO heartbeat (monitor_id, time, status) VALUES (?, ?, ?)",
            [(numbers[name], time, status) for name, time, status in beats],
        )


def source(folder, *names, path="kuma.db", **settings):
    """The source; each monitor has its own name at Kuma's."""
    monitors = {name: KumaMonitor(name=name) for name in names or ("web",)}
    return UptimeKuma(id="kuma", path=path, folder=folder, **{"monitors": monitors, **settings})


def changes(source):
    """What the source says of the web."""
    (timeline,) = source.read(Wanted()).timelines["web"]
    return timeline.changes


class KumaConformance(TimelineConformance):
    """What both versions keep."""

    schema = VERSION_1

    def source_of(self, folder, sightings, scramble=as_written):
        """Each row is a heartbeat."""
        beats = [
            (row.monitor, text(row.at), NUMBERS[row.state]) for row in scramble(list(sightings))
        ]
        names = sorted({row.monitor for row in sightings}) or ["web"]
        database(folder, *beats, names=names, schema=self.schema)
        return source(folder, *names)

    @pytest.fixture
    def broken(self, tmp_path):
        """A state that Kuma does not have."""
        database(tmp_path, ("web", text(MAY.start), 9))
        return source(tmp_path)

    def test_each_region_has_its_own_timeline(self, tmp_path):
        """A Kuma looks from one place."""
        pytest.skip("Uptime Kuma knows no regions")


class TestVersion1(KumaConformance):
    """The database of version 1."""


class TestVersion2(KumaConformance):
    """The database of version 2, on SQLite."""

    schema = VERSION_2


STATES = [(0, 1), (1, 2), (2, 0), (3, 3), (4, 1)]
"""Up, pending, down, maintenance, up; an hour apart."""


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        (Pending.UNKNOWN, [UP, UNKNOWN, DOWN, UNKNOWN, UP]),
        (Pending.DOWN, [UP, DOWN, UNKNOWN, UP]),
    ],
)
def test_pending_is_what_the_workspace_says_and_maintenance_is_unknown(tmp_path, pending, expected):
    """During Kuma's own maintenance nobody looks, and that it was announced is not proven."""
    beats = [("web", text(MAY.start + hour * HOUR), status) for hour, status in STATES]
    database(tmp_path, *beats)
    assert [state for _, state in changes(source(tmp_path, pending=pending))] == expected


def test_a_monitor_may_be_named_by_its_number(tmp_path):
    """Where two have one name, only that tells them apart."""
    database(tmp_path, ("web", text(MAY.start), 1), names=["web", "twin", "twin"])
    assert changes(source(tmp_path, monitors={"web": KumaMonitor(number=1)}))
    with pytest.raises(UnusableInputError, match='has 2 monitors "twin"'):
        source(tmp_path, "twin").read(Wanted())


def test_a_monitor_that_kuma_does_not_have_is_a_warning(tmp_path):
    """The others are read."""
    database(tmp_path, ("web", text(MAY.start), 1))
    reading = source(tmp_path, "web", "wbe").read(Wanted())
    assert set(reading.timelines) == {"web"}
    (finding,) = reading.facts.findings
    assert 'no heartbeat of a monitor "wbe"' in str(finding)


@pytest.mark.parametrize("settings", [{}, {"number": 1, "name": "web"}])
def test_a_monitor_has_a_number_or_a_name(settings):
    """Not both, and not neither."""
    with pytest.raises(ValueError, match="a number or a name"):
        KumaMonitor(**settings)


def test_a_database_in_use_is_read_with_its_journal_and_not_changed(tmp_path):
    """A running Kuma writes ahead; what it has committed is read, and nothing else."""
    database(tmp_path, ("web", text(MAY.start), 1))
    running = sqlite3.connect(tmp_path / "kuma.db")
    with closing(running):
        running.execute("PRAGMA journal_mode = WAL")
        insert = "INSERT INTO heartbeat (monitor_id, time, status) VALUES (1, ?, 0)"
        with running:
            running.execute(insert, (text(MAY.start + HOUR),))
        running.execute(insert, (text(MAY.start + 2 * HOUR),))
        before = (tmp_path / "kuma.db").read_bytes()
        assert changes(source(tmp_path)) == ((MAY.start, UP), (MAY.start + HOUR, DOWN))
        assert (tmp_path / "kuma.db").read_bytes() == before


def test_a_locked_database_is_asked_again(tmp_path, monkeypatch):
    """And then it says that it is busy."""
    database(tmp_path, ("web", text(MAY.start), 1))
    (tmp_path / "kuma.db-wal").touch()
    with closing(sqlite3.connect(tmp_path / "kuma.db", isolation_level=None)) as running:
        running.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(
            "connectors.monitoring.uptime_kuma.with_retries", lambda call, **_: call()
        )
        with pytest.raises(Retriable, match=r"kuma\.db: database is locked"):
            source(tmp_path).read(Wanted())


@pytest.mark.parametrize(
    ("time", "status", "said"),
    [
        ("2026-05-01", 1, "at '2026-05-01' with status 1"),
        ("2026-13-01 00:00:00", 1, "2026-13-01"),
        ("yesterday", 1, "yesterday"),
        (1_777_593_600, 1, "1777593600"),
        ("2026-05-01 01:00:00+02:00", 1, "+02:00"),
        ("2026-05-01 01:00:00", "up", "status 'up'"),
        ("2026-05-01 01:00:00", 4, "status 4"),
    ],
)
def test_a_heartbeat_that_cannot_be_used_is_refused_or_reported(tmp_path, time, status, said):
    """Reported, it makes the time unknown until the next heartbeat."""
    beats = [("web", text(MAY.start), 0), ("web", time, status), ("web", text(MAY.end), 1)]
    database(tmp_path, *beats)
    with pytest.raises(UnusableInputError, match="a heartbeat of web") as refused:
        source(tmp_path).read(Wanted())
    assert said in str(refused.value)
    found = source(tmp_path, bad_rows=BadRows.REPORT)
    (_, unknown, up) = changes(found)
    assert unknown[1] is UNKNOWN
    assert MAY.start < unknown[0] <= MAY.start + HOUR
    assert up == (MAY.end, UP)
    assert (found.read(Wanted()).facts.unusable, found.read(Wanted()).facts.rows) == (1, 3)


def test_json_with_heartbeats_is_read_too(tmp_path):
    """As a status page answers it; a list of monitors gives them names."""
    told = {
        "monitorList": {"7": {"id": 7, "name": "web"}},
        "heartbeatList": {
            "7": [
                {"status": 1, "time": text(MAY.start), "msg": "", "ping": 12},
                {"status": 0, "time": text(MAY.start + HOUR), "msg": "", "ping": None},
            ]
        },
    }
    (tmp_path / "kuma.json").write_text(json.dumps(told))
    expected = ((MAY.start, UP), (MAY.start + HOUR, DOWN))
    assert changes(source(tmp_path, path="kuma.json")) == expected
    del told["monitorList"]
    (tmp_path / "kuma.json").write_text(json.dumps(told))
    numbered = {"web": KumaMonitor(number=7)}
    assert changes(source(tmp_path, path="kuma.json", monitors=numbered)) == expected


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (None, "cannot be read"),
        (b"", "is neither an SQLite database nor JSON"),
        (b'{"version": "1.23", "monitorList": []}', "has no heartbeatList"),
        (b'{"heartbeatList": {"1": null}}', "has a heartbeatList of another shape"),
        (b"SQLite format 3\x00 cut", "is damaged"),
    ],
)
def test_what_holds_no_heartbeats_is_refused(tmp_path, content, fact):
    """With what is to be done where Kuma is on MariaDB."""
    if content is not None:
        (tmp_path / "kuma.db").write_bytes(content)
    with pytest.raises(UnusableInputError, match=fact) as refused:
        source(tmp_path).read(Wanted())
    assert "one on MariaDB is a source of kind sql" in str(refused.value)


def test_another_database_is_refused(tmp_path):
    """Tables that it does not have are named."""
    with closing(sqlite3.connect(tmp_path / "kuma.db")) as other, other:
        other.execute("CREATE TABLE pages (id INTEGER)")
    with pytest.raises(UnusableInputError, match="no such table: monitor"):
        source(tmp_path).read(Wanted())
