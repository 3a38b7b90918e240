"""Exclusions: time that a contract takes out of the sum, always with a reason.

A workspace records *events* (this maintenance, that third-party failure); a contract holds *rules*
(maintenance counts only when announced 48 hours ahead). `apply_rules` joins the two and says for
every event why it does or does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.intervals import Interval, IntervalSet, instant
from models.terms import Exact, Name, Terms


class ExclusionKind(StrEnum):
    """Why time may leave the sum."""

    MAINTENANCE = "maintenance"
    AD_HOC = "ad_hoc"
    THIRD_PARTY = "third_party"


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise PydanticCustomError("aware", "a time with its zone, such as 2026-05-12T02:00Z")
    return value


Moment = Annotated[datetime, AfterValidator(_aware)]
"""An instant with its UTC offset."""


class ExclusionEvent(Terms):
    """Something that happened and may be excluded.

    Attributes:
        id: Unique name of the event in its workspace.
        kind: Why it may leave the sum.
        start: First excluded instant.
        end: First instant after it.
        reason: What people are told; an exclusion without a reason does not exist.
        announced_at: When those affected were told; notice is proven by it or not at all.
        author: Who recorded it.
        dependency: The third party, for that kind.
        services: Service ids that it touches; empty means every service.
        regions: Regions that it touches; empty means every region.
    """

    id: Name
    kind: ExclusionKind
    start: Moment
    end: Moment
    reason: Name
    announced_at: Moment | None = None
    author: Name | None = None
    dependency: Name | None = None
    services: tuple[Name, ...] = ()
    regions: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _ends_after_start(self) -> ExclusionEvent:
        if self.end <= self.start:
            raise PydanticCustomError("reversed", "an end after its start")
        return self

    @property
    def interval(self) -> Interval:
        """The excluded stretch in instants."""
        return Interval(instant(self.start), instant(self.end))


class ExclusionRule(Terms):
    """What a contract accepts of one kind.

    Attributes:
        kind: The kind of event.
        notice_hours: Least notice between announcement and start; None asks for none.
        dependencies: Third parties that count, for that kind; empty means any.
        most_hours_per_month: No more than so many hours count in a month, the earliest first.
    """

    kind: ExclusionKind
    notice_hours: Annotated[Exact, Field(ge=0)] | None = None
    dependencies: tuple[Name, ...] = ()
    most_hours_per_month: Annotated[Exact, Field(gt=0)] | None = None


@dataclass(frozen=True, slots=True)
class JudgedExclusion:
    """An event held against a contract's rules.

    Attributes:
        event: The event.
        applied: The part of it that leaves the sum, clipped to the month; empty when refused.
        regions: Regions it is limited to; empty means all.
        reason: Why it counts or not, as one sentence.
    """

    event: ExclusionEvent
    applied: IntervalSet
    regions: tuple[str, ...]
    reason: str
