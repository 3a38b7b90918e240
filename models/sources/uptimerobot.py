"""UptimeRobot as a source: its API, or the alerts that it sent and somebody kept."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from models.signals import SignalKind
from models.sources.base import Asked, FileSource
from models.sources.files import Stretch
from models.terms import Name, Terms, Whole

MonitorNumber = Annotated[Whole, Field(ge=1)]
"""What UptimeRobot calls a monitor: `id` in its answers, `monitorID` in its alerts."""


class UptimeRobotMonitor(Terms):
    """How UptimeRobot knows a monitor.

    Attributes:
        id: Its number.
        signal: What kind of witness it is; None for what the source says.
    """

    id: MonitorNumber
    signal: SignalKind | None = None


class UptimeRobot(Asked):
    """UptimeRobot's API, version 2.

    Its key stands in the environment as `MAKEGOOD_SOURCE_<ID>_API_KEY`; a read-only key suffices.

    Attributes:
        monitors: The contracts' names for monitors, and how UptimeRobot knows them.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("API_KEY",)

    kind: Literal["uptimerobot"]
    monitors: Annotated[dict[Name, UptimeRobotMonitor], Field(min_length=1)]


class UptimeRobotAlerts(FileSource):
    """Alerts that UptimeRobot sent to a webhook, kept as JSON or JSON lines.

    Attributes:
        covers: The stretch for which every alert was kept: time without one was up there.
        monitors: The contracts' names for monitors, and how UptimeRobot knows them; alerts of
            others are counted and left alone.
    """

    kind: Literal["uptimerobot_alerts"]
    covers: Stretch
    monitors: Annotated[dict[Name, UptimeRobotMonitor], Field(min_length=1)]
