"""UptimeRobot's alerts, as its webhook sent them and somebody kept them: JSON or JSON lines.

An alert says that a monitor went down (type 1) or came up again (type 2), and when; one about
coming up also says for how long it had been down, so that an alert that was lost costs nothing.
Who keeps them says for which stretch all were kept; there a monitor without an alert was up.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.monitoring import Capability, FileFacts, Reading, SourceFacts, Wanted
from connectors.monitoring._documents import read_documents
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._unusable import MOST_LISTED
from connectors.retry import with_retries
from models.findings import Finding, UnusableInputError
from models.intervals import Interval, IntervalSet
from models.located import Document
from models.outage import State, Timeline
from models.sources.uptimerobot import UptimeRobotMonitor
from models.terms import Whole

SECOND_MS = 1000
DOWN, UP = 1, 2

SHORTEST_CHECK_MS = 30 * SECOND_MS
"""UptimeRobot looks no more often, so two outages are at least so far apart."""


def _given(value: Any) -> Any:  # noqa: ANN401  Whatever stands there.
    """None for an empty text and for a variable that UptimeRobot had nothing for."""
    left_out = isinstance(value, str) and (not value.strip() or value.startswith("*"))
    return None if left_out else value


class _Alert(BaseModel):
    """What is read of an alert; whoever set the webhook up may have added more.

    Attributes:
        number: The monitor's number.
        kind: 1 is down, 2 is up; others, such as an expiring certificate, are no outage.
        at: When, in seconds since 1970.
        lasted: For how many seconds it had been down; for alerts about coming up.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    number: Annotated[Whole, Field(alias="monitorID")]
    kind: Annotated[Whole, Field(alias="alertType")]
    at: Annotated[Whole, Field(alias="alertDateTime")]
    lasted: Annotated[Whole | None, BeforeValidator(_given), Field(alias="alertDuration")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeRobotAlerts:
    """A source that reads kept alerts.

    Attributes:
        id: The source's name in the workspace.
        path: A file or a pattern of files, seen from `folder`.
        covers: The stretch for which every alert was kept.
        monitors: The contracts' names for monitors, and how UptimeRobot knows them.
        folder: The workspace's folder.
    """

    id: str
    path: str
    covers: Interval
    monitors: Mapping[str, UptimeRobotMonitor]
    folder: Path = Path()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> Reading:
        """Read every alert and lay the outages on the stretch that was kept.

        Raises:
            UnusableInputError: A file or alert cannot be used; every finding is listed.
            Retriable: The file system failed, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        kept = _Kept(self.covers)
        files = read_each(
            find_files(self.path, folder=self.folder), lambda file: _read_file(file, kept)
        )
        if kept.findings:
            raise UnusableInputError(kept.findings)
        timelines = {
            name: (_timeline(name, kept.alerts[monitor.id], self.covers, wanted),)
            for name, monitor in sorted(self.monitors.items())
            if wanted.wants(name)
        }
        return Reading(timelines=MappingProxyType(timelines), facts=kept.facts(files))


@dataclass(slots=True)
class _Kept:
    """The alerts so far.

    Attributes:
        covers: The stretch that they must lie in.
        rows: How many there were.
        alerts: The usable ones, by the monitor's number, in the order of reading.
        findings: What is wrong with the first of the others.
    """

    covers: Interval
    rows: int = 0
    alerts: dict[int, list[_Alert]] = field(default_factory=lambda: defaultdict(list))
    findings: list[Finding] = field(default_factory=list)

    def add(self, document: Document) -> None:
        """Take one alert."""
        self.rows += 1
        if len(self.findings) >= MOST_LISTED:
            return
        validated = document.validate(_Alert)
        alert = validated.model
        if alert is None:
            self.findings += validated.findings
        elif self.covers.start <= alert.at * SECOND_MS < self.covers.end:
            self.alerts[alert.number].append(alert)
        else:
            self.findings.append(self._outside(document, alert))

    def _outside(self, document: Document, alert: _Alert) -> Finding:
        return document.finding(
            ("alertDateTime",),
            f"is {alert.at}, outside of what the alerts cover",
            expected=f"a time in {self.covers}",
            remedy="Remove the alert, or widen the source's covers.",
        )

    def facts(self, files: tuple[FileFacts, ...]) -> SourceFacts:
        """What the files held."""
        instants = [alert.at * SECOND_MS for alerts in self.alerts.values() for alert in alerts]
        return SourceFacts(
            files=files,
            rows=self.rows,
            duplicates=sum(len(a) - len(set(a)) for a in self.alerts.values()),
            conflicting_duplicates=sum(_conflicts(a) for a in self.alerts.values()),
            out_of_order=sum(
                later.at < earlier.at
                for alerts in self.alerts.values()
                for earlier, later in pairwise(alerts)
            ),
            first_at=min(instants, default=None),
            last_at=max(instants, default=None),
        )


def _read_file(file: SourceFile, kept: _Kept) -> FileFacts:
    digest, before = hashlib.sha256(), kept.rows
    for document in read_documents(file, digest):
        kept.add(document)
    return FileFacts(file.shown, digest.hexdigest(), kept.rows - before)


def _conflicts(alerts: Iterable[_Alert]) -> int:
    told = {(alert.at, alert.kind) for alert in alerts if alert.kind in {DOWN, UP}}
    return sum(many - 1 for many in Counter(at for at, _ in told).values())


def _timeline(name: str, alerts: Sequence[_Alert], covers: Interval, wanted: Wanted) -> Timeline:
    """The timeline of a monitor; every alert is a change, so there is no silence in it."""
    down, unknown = _stretches(alerts, covers, better_wins=wanted.better_wins)
    doubted = unknown - down
    up = (down | doubted).complement(covers)
    named = ((down, State.DOWN), (doubted, State.UNKNOWN), (up, State.UP))
    changes = sorted((start, state) for time, state in named for start, _ in time.spans)
    return Timeline(
        monitor=name,
        changes=(*changes, *_the_end(changes, covers)),
        gap_floor_ms=wanted.gap_floor_ms,
        last_observed_at=covers.end,
    )


def _the_end(changes: Sequence[tuple[int, State]], covers: Interval) -> Iterator[tuple[int, State]]:
    if changes[-1][1] is not State.UNKNOWN:
        yield covers.end, State.UNKNOWN


def _stretches(
    alerts: Iterable[_Alert], covers: Interval, *, better_wins: bool
) -> tuple[IntervalSet, IntervalSet]:
    """When a monitor was down, and when it may have been because an alert is missing."""
    down, unknown = [], []
    since, before = None, covers.start
    for at, lasted in _standing(alerts, better_wins=better_wins):
        if lasted is None:
            since = at if since is None else since
            continue
        began = at - lasted if lasted else since
        if began is None:
            unknown.append((before, at))
        elif since is not None and began - since >= SHORTEST_CHECK_MS:
            # It went down anew, later than we first heard: it came up in between, unheard.
            unknown.append((since, began))
            down.append((began, at))
        else:
            down.append((began if since is None else min(since, began), at))
        since, before = None, at
    down += [] if since is None else [(since, covers.end)]
    return _within(down, covers), _within(unknown, covers)


def _standing(alerts: Iterable[_Alert], *, better_wins: bool) -> Iterator[tuple[int, int | None]]:
    """Per instant, rising, the alert that stands: None for down, else how long it had been down."""
    told: dict[int, list[int | None]] = defaultdict(list)
    for alert in alerts:
        if alert.kind in {DOWN, UP}:
            lasted = None if alert.kind == DOWN else (alert.lasted or 0) * SECOND_MS
            told[alert.at * SECOND_MS].append(lasted)
    for at, said in sorted(told.items()):
        lengths = [lasted for lasted in said if lasted is not None]
        went_down = len(lengths) < len(said)
        # Down and up again within a second: it was down before, and it is down or not after.
        yield at, None if went_down and not (better_wins and lengths) else max(lengths)


def _within(spans: Iterable[tuple[int, int]], covers: Interval) -> IntervalSet:
    made = IntervalSet.of(Interval(start, end) for start, end in spans if start < end)
    return made.clip(covers)
