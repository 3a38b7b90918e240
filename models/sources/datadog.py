"""Datadog as a source: which SLO or Synthetics test answers for which monitor."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.requests import RequestRule
from models.signals import SignalKind
from models.sources.base import Asked
from models.terms import Minutes, Name, Terms, Whole

DatadogId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
"""What Datadog calls an SLO (32 hexadecimal digits) or a Synthetics test (`abc-def-ghi`)."""


class DatadogMonitor(Terms):
    """How Datadog knows a monitor. A monitor's past is told by an SLO over it, or not at all.

    Attributes:
        slo: An SLO over monitors, over time slices, or over requests.
        synthetics: Else a Synthetics test, by its public id.
        part: One monitor of an SLO over several, or one group; None for the whole.
        by_group: Each group (a Synthetics test's location) is a region of its own.
        requests: When counted requests mean down; for an SLO over requests, and only for it.
        widest_window_minutes: Datadog itself chooses how long it counts requests together; counts
            over a longer time than this are refused.
        question_hours: For how long requests are asked for at once; the shorter it is, the shorter
            is what Datadog counts together.
        spacing_minutes: How often Datadog looks; the bounds of the uptime are as wide as that.
        signal: What kind of witness it is; None for what the source says.
    """

    slo: DatadogId | None = None
    synthetics: DatadogId | None = None
    part: Name | None = None
    by_group: bool = False
    requests: RequestRule | None = None
    widest_window_minutes: Minutes = Decimal(120)
    question_hours: Annotated[Whole, Field(ge=1, le=24)] = 24
    spacing_minutes: Minutes | None = None
    signal: SignalKind | None = None

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> DatadogMonitor:
        if (self.slo is None) is (self.synthetics is None):
            raise _refused("slo or synthetics, one of the two", "Say which of them answers.")
        if self.by_group and (self.part is not None or self.requests is not None):
            raise _refused("by_group alone", "Leave out part and requests, or by_group.")
        if self.requests is not None and self.part is not None:
            raise _refused("requests of the whole SLO", "Leave out part.")
        if self.synthetics is not None and self.requests is not None:
            raise _refused("requests with an SLO", "Name the slo that counts them.")
        return self


def _refused(expected: str, remedy: str) -> PydanticCustomError:
    context = {"expected": expected, "remedy": remedy}
    return PydanticCustomError("datadog_monitor", "{expected}", context)


class Datadog(Asked):
    """Datadog, asked by its official client.

    Its keys stand in the environment as `MAKEGOOD_SOURCE_<ID>_API_KEY` and `..._APP_KEY`; the
    application key needs `slos_read`, for Synthetics `synthetics_read`. The `address` names the
    site, such as `https://api.datadoghq.eu`.

    Attributes:
        monitors: The contracts' names for monitors, and how Datadog knows them.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("API_KEY", "APP_KEY")

    kind: Literal["datadog"]
    monitors: Annotated[dict[Name, DatadogMonitor], Field(min_length=1)]
