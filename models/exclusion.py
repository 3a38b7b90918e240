"""Exclusions: time that a contract takes out of the sum, always with a reason.

A workspace records *events* (this maintenance, that third-party failure); a contract holds *rules*
(maintenance counts only when announced 48 hours ahead). `apply_rules` joins the two and says for
every event why it does or does not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.intervals import Interval, IntervalSet, instant
from models.printing import duration_text
from models.terms import Exact, Name, Terms, plain

HOUR_MS = 3_600_000


DATED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:")
"""How a written time starts."""


class ExclusionKind(StrEnum):
    """Why time may leave the sum."""

    MAINTENANCE = "maintenance"
    AD_HOC = "ad_hoc"
    THIRD_PARTY = "third_party"


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise PydanticCustomError("aware", "a time with its zone, such as 2026-05-12T02:00Z")
    return value


def _dated(value: object) -> object:
    """Let only dates with a time through: a bare number is never taken for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and DATED.match(value)):
        return value
    raise PydanticCustomError("aware", "a time with its zone, such as 2026-05-12T02:00Z")


Moment = Annotated[datetime, BeforeValidator(_dated), AfterValidator(_aware)]
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
        if instant(self.end) <= instant(self.start):
            raise PydanticCustomError("reversed", "an end at least a millisecond after its start")
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


def apply_rules(
    *,
    events: Sequence[ExclusionEvent],
    rules: Sequence[ExclusionRule],
    service_id: str,
    month: Interval,
) -> tuple[JudgedExclusion, ...]:
    """Hold every event that touches the month and the service against a contract's rules.

    An event counts when one rule of its kind accepts it. Where a rule bounds the hours of a month,
    the earliest time counts; time that several events of one rule cover is counted once.

    Args:
        events: What the workspace recorded, in any order.
        rules: What the contract accepts.
        service_id: The contract's service; events may be limited to some services.
        month: The service month's bounds.

    Returns:
        One judgement per event that touches month and service, by start, end and id.
    """
    touching = [
        event
        for event in events
        if (not event.services or service_id in event.services)
        and event.interval.start < month.end
        and month.start < event.interval.end
    ]
    used: dict[int, IntervalSet] = {}
    rising = sorted(touching, key=lambda event: (event.interval, event.id))
    return tuple(_judge(event, rules, used, month) for event in rising)


def _judge(
    event: ExclusionEvent,
    rules: Sequence[ExclusionRule],
    used: dict[int, IntervalSet],
    month: Interval,
) -> JudgedExclusion:
    """The first acceptance, or every refusal; `used` is what each rule has given so far."""
    of_kind = [(place, rule) for place, rule in enumerate(rules) if rule.kind is event.kind]
    refusals = [] if of_kind else [f"the contract has no rule that excludes {_kind(event)}"]
    for place, rule in of_kind:
        refusal = _refusal(event, rule)
        before = used.get(place, IntervalSet())
        applied, said = _within_bound(event, rule, before, month)
        if not refusal and applied:
            used[place] = before | applied
            return JudgedExclusion(event, applied, event.regions, _accepted(event, rule, said))
        refusals.append(refusal or said)
    return JudgedExclusion(event, IntervalSet(), event.regions, _refused(event, refusals))


def _refusal(event: ExclusionEvent, rule: ExclusionRule) -> str:
    """Why a rule does not accept an event; "" when it does."""
    if rule.dependencies and event.dependency not in rule.dependencies:
        named = event.dependency or "no third party"
        return f"it names {named}, the contract accepts {', '.join(rule.dependencies)}"
    if rule.notice_hours is None:
        return ""
    asked = f"the contract asks for {plain(rule.notice_hours)} h of notice"
    if event.announced_at is None:
        return f"{asked}, and no announcement is recorded"
    notice_ms = event.interval.start - instant(event.announced_at)
    if notice_ms < rule.notice_hours * HOUR_MS:
        given = f"{_spelled(notice_ms)} before" if notice_ms > 0 else "not before"
        return f"{asked}, and it was announced {given} its start"
    return ""


def _within_bound(
    event: ExclusionEvent, rule: ExclusionRule, used: IntervalSet, month: Interval
) -> tuple[IntervalSet, str]:
    """The part of an event in the month that a rule's hours still allow, and what is said of it."""
    whole = IntervalSet.of([event.interval]).clip(month)
    if rule.most_hours_per_month is None:
        return whole, ""
    left = max(int(rule.most_hours_per_month * HOUR_MS) - used.length, 0)
    applied = (whole & used) | (whole - used).earliest(left)
    if applied == whole:
        return whole, ""
    bound = f"the contract's {plain(rule.most_hours_per_month)} h a month"
    return applied, f"only {_spelled(applied.length)} of it is within {bound}"


def _accepted(event: ExclusionEvent, rule: ExclusionRule, bound: str) -> str:
    words = [f"{_named(event)} counts"]
    if rule.notice_hours is not None and event.announced_at is not None:
        notice = _spelled(event.interval.start - instant(event.announced_at))
        words.append(f"announced {notice} ahead, {plain(rule.notice_hours)} h asked")
    if event.regions:
        words.append(f"for {', '.join(event.regions)} only")
    return "; ".join([*words, bound] if bound else words)


def _refused(event: ExclusionEvent, refusals: Sequence[str]) -> str:
    return f"{_named(event)} does not count: {'; '.join(dict.fromkeys(refusals))}"


def _named(event: ExclusionEvent) -> str:
    return f"{_kind(event)} {event.id} ({event.interval}, {event.reason})"


def _kind(event: ExclusionEvent) -> str:
    return event.kind.value.replace("_", "-")


def _spelled(milliseconds: int) -> str:
    return duration_text(Fraction(milliseconds, 1000))
