"""The made-up checks of the sample workspace, written the way monitoring tools export a change log.

Run it with `python -m deployments.demo.make_checks`: it writes `checks/relay.csv` and
`checks/twilio.csv` next to itself, always the same bytes. Nothing in them was ever measured. It
must never be pointed at files that hold real observations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

COLUMNS = ("monitor", "region", "at", "up", "note")
LABEL = "made up for the demo by deployments/demo/make_checks.py"
FIRST_KEEP_ALIVE = datetime(2025, 8, 31, 5, tzinfo=UTC)
LAST_KEEP_ALIVE = datetime(2025, 12, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Down:
    """A made-up outage of one probe.

    Attributes:
        on: The UTC date on which it begins and ends.
        start: UTC time at which a check first failed.
        end: UTC time at which a check first succeeded again.
        note: What the story says about it.
    """

    on: str
    start: str
    end: str
    note: str = ""

    @property
    def turns(self) -> tuple[tuple[datetime, str, str], ...]:
        """The two rows of the change log: instant, state, note."""
        return (_at(self.on, self.start), "down", self.note), (_at(self.on, self.end), "up", "")


@dataclass(frozen=True, slots=True)
class Probe:
    """One monitor as one region sees it.

    Attributes:
        monitor: Its name in contracts.
        region: Where the probe stands; "" when there is only one.
        outages: What it saw, rising.
        silent: UTC dates, first and last, without a keep-alive; None when it never failed.
    """

    monitor: str
    region: str
    outages: Sequence[Down]
    silent: tuple[str, str] | None = None


RELAY_EU = Probe(
    "relay-eu",
    "",
    (
        Down("2025-09-14", "01:10", "03:12", "announced maintenance, overran by 12 minutes"),
        Down("2025-10-12", "20:15", "21:00", "maintenance announced too late"),
        Down("2025-10-20", "06:52", "09:37", "follows the AWS outage"),
        Down("2025-10-29", "15:45", "20:05", "follows the Azure Front Door outage"),
        Down("2025-11-18", "11:31", "14:29", "follows the Cloudflare outage"),
    ),
)
RELAY_US = Probe(
    "relay-us",
    "",
    (
        Down("2025-09-03", "10:00", "10:04", "4 minutes"),
        Down("2025-09-09", "15:30", "15:34", "4 minutes"),
        Down("2025-09-16", "08:12", "08:16", "4 minutes"),
        Down("2025-09-22", "19:20", "19:24", "4 minutes"),
        Down("2025-09-25", "13:00", "13:04:59", "one second short of 5 minutes"),
        Down("2025-09-27", "02:15", "02:20", "exactly 5 minutes"),
        Down("2025-10-20", "06:50", "14:20", "follows the AWS outage"),
        Down("2025-11-18", "11:28", "14:25", "follows the Cloudflare outage"),
    ),
)
RELAY_AP = (
    Probe(
        "relay-ap",
        "tokyo",
        (
            Down("2025-09-05", "12:00", "12:42", "seen from Tokyo alone"),
            Down("2025-09-18", "04:00", "04:51", "seen from two of three"),
            Down("2025-10-20", "06:55", "08:10", "follows the AWS outage"),
            Down("2025-10-31", "14:50", "15:20", "over midnight in Tokyo"),
            Down("2025-11-18", "11:30", "14:30", "follows the Cloudflare outage"),
        ),
    ),
    Probe(
        "relay-ap",
        "singapore",
        (
            Down("2025-09-18", "04:00", "04:53", "seen from two of three"),
            Down("2025-10-20", "06:53", "08:07", "follows the AWS outage"),
            Down("2025-10-31", "14:50", "15:20", "over midnight in Tokyo"),
            Down("2025-11-18", "11:33", "14:20", "follows the Cloudflare outage"),
        ),
    ),
    Probe(
        "relay-ap",
        "sydney",
        (
            Down("2025-10-31", "14:50", "15:20", "over midnight in Tokyo"),
            Down("2025-11-18", "11:25", "14:31", "follows the Cloudflare outage"),
        ),
    ),
)
TWILIO = Probe("twilio-probe", "", (), silent=("2025-10-21", "2025-10-28"))

FILES = {"relay.csv": (RELAY_EU, RELAY_US, *RELAY_AP), "twilio.csv": (TWILIO,)}
"""The files under `checks/` and the probes in them."""


def checks_csv(probes: Sequence[Probe]) -> str:
    """The change log of some probes as CSV, its first row labelled as made up."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [row for probe in probes for row in _rows(probe)]
    rows[0] = (*rows[0][:-1], LABEL)
    writer.writerows(rows)
    return text.getvalue()


def _rows(probe: Probe) -> Iterator[tuple[str, ...]]:
    turns = [turn for outage in probe.outages for turn in outage.turns]
    seen = sorted([*turns, *((at, "up", "") for at in _keep_alives(probe))])
    for at, state, note in seen:
        yield probe.monitor, probe.region, f"{at:%Y-%m-%dT%H:%M:%SZ}", state, note


def _keep_alives(probe: Probe) -> Iterator[datetime]:
    """One row a day; no made-up outage runs at that time of day, so it is always up."""
    at = FIRST_KEEP_ALIVE
    while at <= LAST_KEEP_ALIVE:
        if probe.silent is None or not probe.silent[0] <= f"{at:%Y-%m-%d}" <= probe.silent[1]:
            yield at
        at += timedelta(days=1)


def _at(on: str, clock: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(on), time.fromisoformat(clock), tzinfo=UTC)


if __name__ == "__main__":
    for name, probes in FILES.items():
        Path(__file__).with_name("checks").joinpath(name).write_text(checks_csv(probes))
