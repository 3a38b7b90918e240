"""CloudWatch as a source: which metric says whether a monitor was up, or counts its requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.requests import RequestRule
from models.signals import SignalKind
from models.sources.base import Asked
from models.terms import Exact, Name, Terms, Whole

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
PERIODS_S = (60, 300, 900, 1800, 3600)


def _region(name: str) -> str:
    if REGION.fullmatch(name):
        return name
    expected = "a region of AWS such as eu-central-1"
    remedy = "Write it as Amazon's console shows it in its address."
    raise PydanticCustomError("region", "{expected}", {"expected": expected, "remedy": remedy})


def _period(seconds: int) -> int:
    if seconds in PERIODS_S:
        return seconds
    expected = "60, 300, 900, 1800 or 3600"
    remedy = "Choose one of these; months that are over need 300 or longer."
    raise PydanticCustomError("period", "{expected}", {"expected": expected, "remedy": remedy})


Region = Annotated[str, AfterValidator(_region)]
"""A region of AWS."""

Period = Annotated[Whole, AfterValidator(_period)]
"""A length that CloudWatch keeps points of, in seconds."""


class Statistic(StrEnum):
    """What CloudWatch makes of the values of a period."""

    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    AVERAGE = "Average"
    SUM = "Sum"
    SAMPLE_COUNT = "SampleCount"


class Metric(Terms):
    """One metric, as CloudWatch knows it.

    Attributes:
        namespace: Such as `CloudWatchSynthetics` or `AWS/ApplicationELB`.
        metric: Such as `SuccessPercent`.
        dimensions: All of them; CloudWatch finds a metric by its exact dimensions alone.
    """

    namespace: Name
    metric: Name
    dimensions: Mapping[Name, Name] = Field(default_factory=dict, max_length=30)


class HealthMetric(Metric):
    """A metric of which every period says up or down.

    Attributes:
        statistic: What is made of a period's values; the default lets its worst one stand, for
            metrics that are high when all is well.
        up_at_least: The service is up where the value is at least this.
        up_at_most: The service is up where the value is at most this; one of the two is given.
    """

    statistic: Statistic = Statistic.MINIMUM
    up_at_least: Exact | None = None
    up_at_most: Exact | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> HealthMetric:
        if (self.up_at_least is None) == (self.up_at_most is None):
            raise _not_one("up_at_least", "up_at_most", neither=self.up_at_least is None)
        return self


class CountedMetrics(Terms):
    """Metrics that count requests; the sums of each list are added up.

    Attributes:
        total: All requests.
        failed: Those that failed; a period that names none had none.
        rule: When they mean that the service was down.
    """

    total: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=20)]
    failed: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=20)]
    rule: RequestRule


class CloudWatchMonitor(Terms):
    """How CloudWatch knows a monitor: by its health, or by its requests.

    Attributes:
        health: A metric that says up or down.
        requests: Metrics that count; one of the two is given.
        signal: What kind of witness it is; None for what the source says.
    """

    health: HealthMetric | None = None
    requests: CountedMetrics | None = None
    signal: SignalKind | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> CloudWatchMonitor:
        if (self.health is None) == (self.requests is None):
            raise _not_one("health", "requests", neither=self.health is None)
        return self


class CloudWatch(Asked):
    """Amazon CloudWatch, asked by `GetMetricData` with the credentials that boto3 finds.

    Attributes:
        region: The AWS region that holds the metrics.
        period_seconds: How long a period is. CloudWatch keeps minutes for 15 days, five minutes
            (and 15 and 30) for 63 days, hours for 455 days; what is no longer kept is refused.
        monitors: The contract's name for a monitor to how CloudWatch knows it.
        address: Another address than Amazon's own.
    """

    kind: Literal["cloudwatch"]
    region: Region
    period_seconds: Period = 300
    monitors: Annotated[Mapping[Name, CloudWatchMonitor], Field(min_length=1)]


def _not_one(one: str, other: str, *, neither: bool) -> PydanticCustomError:
    return PydanticCustomError(
        "one_of_two",
        "{expected}",
        {
            "expected": f"either {one} or {other}",
            "fact": "names neither" if neither else "names both",
            "remedy": "Write exactly one of the two.",
        },
    )
