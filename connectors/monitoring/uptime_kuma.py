"""Uptime Kuma: heartbeats from its SQLite database, opened read-only, or from JSON.

Version 1 and 2 keep them alike: `heartbeat (monitor_id, status, time)`, the time in UTC as text.
Version 2 forgets uneventful heartbeats after a day, so that what is left tells of changes. An
Uptime Kuma on MariaDB has no such file: ask its database as a source of kind `sql`. Kuma's own
maintenance is no observation: nobody looked.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from connectors.errors import Retriable
from connectors.monitoring import BadRows, Capability, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._unusable import MOST_LISTED, judged
from connectors.retry import with_retries
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.outage import State, Timeline, compact
from models.sources.kuma import KumaMonitor, Pending
from models.terms import JsonValue

SQLITE = b"SQLite format 3\x00"
AT_ONCE = 65_536
EARLIEST, LATEST = np.datetime64("1970-01-01", "ms"), np.datetime64("2200-01-01", "ms")

DOWN, UP, PENDING, MAINTENANCE = range(4)
"""Kuma's numbers of states."""

Beat = tuple[object, object]
"""A heartbeat's time and status, as they are stored."""

LIST_OF_BEATS = "heartbeatList"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,9})?")

REMEDY = "Mend it, or give the source bad_rows: report, which makes such time unknown."


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeKuma:
    """A source that reads what an Uptime Kuma has kept.

    Attributes:
        id: The source's name in the workspace.
        path: `kuma.db` or a JSON file, seen from `folder`.
        folder: The workspace's folder.
        monitors: How Kuma knows each monitor.
        pending: What a pending heartbeat counts as.
        spacing_ms: How often Kuma looks; None where nobody knows.
        bad_rows: What unusable heartbeats do.
    """

    id: str
    path: str
    monitors: Mapping[str, KumaMonitor]
    folder: Path = Path()
    pending: Pending = Pending.UNKNOWN
    spacing_ms: int | None = None
    bad_rows: BadRows = BadRows.REFUSE

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Every heartbeat of the monitors that is still there.

        Raises:
            UnusableInputError: It is no such database or JSON, or heartbeats cannot be used.
            Retriable: The database is busy, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        meanings = {
            DOWN: State.DOWN,
            UP: State.UP,
            PENDING: State.DOWN if self.pending is Pending.DOWN else State.UNKNOWN,
            MAINTENANCE: State.UNKNOWN,
        }
        taken = _Taken(self.path, meanings)
        for name, beats in self._beats():
            taken.add(name, beats)
        unusable = judged(
            taken.findings, unusable=taken.unusable, path=self.path, bad_rows=self.bad_rows
        )
        timelines = {
            name: (self._timeline(name, rows, wanted),)
            for name, rows in sorted(taken.rows.items())
            if rows.at.size and wanted.wants(name)
        }
        findings = (*unusable, *self._never_seen(taken.rows))
        return Reading(timelines=MappingProxyType(timelines), facts=taken.facts(self.id, findings))

    def _beats(self) -> Iterator[tuple[str, Iterable[Beat]]]:
        path = self.folder / self.path
        try:
            with path.open("rb") as file:
                is_database = file.read(len(SQLITE)) == SQLITE
        except OSError as error:
            raise self._refused(f"cannot be read: {error.strerror}") from None
        yield from self._of_database(path) if is_database else self._of_json(path)

    def _of_database(self, path: Path) -> Iterator[tuple[str, Iterable[Beat]]]:
        try:
            with closing(sqlite3.connect(_read_only(path), uri=True)) as database:
                numbers = self._numbers(database)
                for name, number in numbers.items():
                    query = "SELECT time, status FROM heartbeat WHERE monitor_id = ? ORDER BY id"
                    yield name, database.execute(query, (number,))
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                raise self._refused(f"is no Uptime Kuma's: {error}") from None
            message = f"{self.path}: {error}. It may be busy; nothing was changed."
            raise Retriable(message) from None
        except sqlite3.DatabaseError as error:
            raise self._refused(f"is damaged: {error}") from None

    def _numbers(self, database: sqlite3.Connection) -> Mapping[str, int]:
        known = list(database.execute("SELECT id, name FROM monitor"))
        return self._found(known)

    def _found(self, known: Sequence[tuple[int, str]]) -> Mapping[str, int]:
        """The number of each monitor that Kuma knows.

        Raises:
            UnusableInputError: Several of its monitors have a name.
        """
        found = {
            ours: [id_ for id_, name in known if theirs.number == id_ or theirs.name == name]
            for ours, theirs in self.monitors.items()
        }
        twice = [
            Finding(
                place=self.path,
                fact=f"has {len(numbers)} monitors {self.monitors[ours]}",
                expected="one for each name",
                remedy=f"Give {ours} a number: in place of name:.",
            )
            for ours, numbers in found.items()
            if len(numbers) > 1
        ]
        if twice:
            raise UnusableInputError(twice)
        return {ours: numbers[0] for ours, numbers in found.items() if numbers}

    def _of_json(self, path: Path) -> Iterator[tuple[str, Iterable[Beat]]]:
        try:
            told = json.loads(path.read_bytes(), parse_float=Decimal)
        except ValueError:
            raise self._refused("is neither an SQLite database nor JSON") from None
        beats = told.get(LIST_OF_BEATS) if isinstance(told, dict) else None
        if not isinstance(beats, dict):
            raise self._refused(f"has no {LIST_OF_BEATS}, as backups of version 1 have none")
        if not all(isinstance(listed, list) for listed in beats.values()):
            raise self._refused(f"has a {LIST_OF_BEATS} of another shape")
        for name, number in self._found(_listed(told, beats)).items():
            yield name, map(_beat, beats.get(str(number), []))

    def _refused(self, fact: str) -> UnusableInputError:
        expected = "an Uptime Kuma's kuma.db, or JSON with its heartbeats"
        remedy = (
            "Correct path:, or copy the database there; one on MariaDB is a source of kind sql."
        )
        return refuse(self.path, fact, expected=expected, remedy=remedy)

    def _timeline(self, name: str, rows: _Rows, wanted: Wanted) -> Timeline:
        timeline = compact(
            rows.at,
            rows.states,
            monitor=name,
            gap_floor_ms=wanted.gap_floor_ms,
            better_wins=wanted.better_wins,
        )
        return replace(timeline, spacing_ms=self.spacing_ms)

    def _never_seen(self, rows: Mapping[str, _Rows]) -> Iterator[Finding]:
        for name, monitor in self.monitors.items():
            if name not in rows or not rows[name].at.size:
                yield Finding(
                    place=self.path,
                    fact=f"holds no heartbeat of a monitor {monitor}, which {name} is to be",
                    expected="a monitor of this Uptime Kuma",
                    remedy="Correct its number: or name: in makegood.yaml.",
                    severity=Severity.WARNING,
                )


def _read_only(path: Path) -> str:
    """The address of a database that is not to be written; without a journal it is not locked."""
    journal = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if journal.exists() else "mode=ro&immutable=1"
    return f"file:{quote(str(path.absolute()))}?{mode}"


def _listed(told: Mapping[str, JsonValue], beats: Mapping[str, JsonValue]) -> list[tuple[int, str]]:
    """Numbers and names of monitors in JSON; where it names none, the numbers alone."""
    named = told.get("monitorList")
    each = list(named.values()) if isinstance(named, dict) else named
    listed = [one for one in each if isinstance(one, dict)] if isinstance(each, list) else []
    names = {one["id"]: str(one.get("name", "")) for one in listed if "id" in one}
    return [(int(number), names.get(int(number), "")) for number in beats if number.isdecimal()]


def _beat(told: JsonValue) -> Beat:
    return (told.get("time"), told.get("status")) if isinstance(told, dict) else (None, None)


@dataclass(frozen=True, slots=True)
class _Rows:
    """One monitor's heartbeats, in the order in which they were kept."""

    at: NDArray[np.int64]
    states: NDArray[np.int8]


@dataclass(slots=True)
class _Taken:
    """All monitors' heartbeats, and what is wrong with them."""

    place: str
    meanings: Mapping[int, State]
    rows: dict[str, _Rows] = field(default_factory=dict)
    total: int = 0
    unusable: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, name: str, beats: Iterable[Beat]) -> None:
        """Take one monitor's heartbeats."""
        parts = [self._part(name, portion) for portion in _portions(beats)]
        self.rows[name] = _Rows(
            np.concatenate([np.empty(0, np.int64), *(part.at for part in parts)]),
            np.concatenate([np.empty(0, np.int8), *(part.states for part in parts)]),
        )

    def _part(self, name: str, beats: Sequence[Beat]) -> _Rows:
        at = _instants([time for time, _ in beats])
        states = [self._state(status) for _, status in beats]
        bad = np.flatnonzero(np.isnat(at) | np.array([state is None for state in states]))
        self.total += len(beats)
        self.unusable += int(bad.size)
        for row in bad[: max(MOST_LISTED - len(self.findings), 0)].tolist():
            self._note(name, *beats[row])
        kept = np.array([State.UNKNOWN if s is None else s for s in states], dtype=np.int8)
        return _timed(at, kept)

    def _state(self, status: object) -> State | None:
        if not isinstance(status, int) or isinstance(status, bool):
            return None
        return self.meanings.get(status)

    def _note(self, name: str, time: object, status: object) -> None:
        finding = Finding(
            place=self.place,
            fact=f"has a heartbeat of {name} at {time!r} with status {status!r}",
            expected="a time in UTC such as 2026-05-01 00:00:00.000, and a status from 0 to 3",
            remedy=REMEDY,
        )
        self.findings.append(finding)

    def facts(self, source: str, findings: tuple[Finding, ...]) -> SourceFacts:
        """What was read."""
        rows = [one for one in self.rows.values() if one.at.size]
        return SourceFacts(
            files=tuple(_answer(source, name, one) for name, one in sorted(self.rows.items())),
            rows=self.total,
            duplicates=sum(_repeated(one) for one in rows),
            conflicting_duplicates=sum(_conflicting(one) for one in rows),
            out_of_order=sum(int((np.diff(one.at) < 0).sum()) for one in rows),
            unusable=self.unusable,
            findings=findings,
            first_at=min((int(one.at.min()) for one in rows), default=None),
            last_at=max((int(one.at.max()) for one in rows), default=None),
        )


def _timed(at: NDArray[np.datetime64], states: NDArray[np.int8]) -> _Rows:
    """Rows with a time; one without makes the time unknown just after the row before it."""
    has_time = ~np.isnat(at)
    before = np.maximum.accumulate(np.where(has_time, np.arange(at.size), -1))
    found = has_time | (before >= 0)
    instants = at[before[found]].astype(np.int64) + np.where(has_time[found], 0, 1)
    return _Rows(instants, np.where(has_time, states, np.int8(State.UNKNOWN))[found])


def _portions(beats: Iterable[Beat]) -> Iterator[list[Beat]]:
    rest = iter(beats)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion


def _instants(times: Sequence[object]) -> NDArray[np.datetime64]:
    """Times in UTC, to the millisecond; NaT where there is none."""
    try:
        found = np.array([_plain(time) for time in times], dtype="datetime64[ms]")
    except ValueError:
        found = np.array([_instant(time) for time in times], dtype="datetime64[ms]")
    found[(found < EARLIEST) | (found >= LATEST)] = np.datetime64("NaT")
    return found


def _instant(time: object) -> np.datetime64:
    try:
        return np.datetime64(_plain(time), "ms")
    except ValueError:
        return np.datetime64("NaT", "ms")


def _plain(time: object) -> str:
    """A time's text without the sign of UTC; anything but a date with a time is none."""
    text = time.removesuffix("Z") if isinstance(time, str) else ""
    return text if TIME.fullmatch(text) else "NaT"


def _answer(source: str, name: str, rows: _Rows) -> FileFacts:
    digest = hashlib.sha256(rows.at.tobytes() + rows.states.tobytes())
    return FileFacts(f"{source}:{name}", digest.hexdigest(), int(rows.at.size), name)


def _repeated(rows: _Rows) -> int:
    """How many rows say what another one says."""
    return int(rows.at.size - np.unique(np.stack([rows.at, rows.states]), axis=1).shape[1])


def _conflicting(rows: _Rows) -> int:
    """How many rows say something else about an instant than another one."""
    pairs = np.unique(np.stack([rows.at, rows.states.astype(np.int64)]), axis=1)
    return int(pairs.shape[1] - np.unique(rows.at).size)
