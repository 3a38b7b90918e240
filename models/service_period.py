"""The service period: what stretch of the calendar a ladder judges, and the month that closes it.

Most contracts judge calendar months. Others judge quarters, fiscal ones among them, years, the
last 365 or 30 days, or months that begin on the billing day. Every period belongs to exactly one
calendar month, the one that holds its last day: with that month it is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.circumstances import Past
from models.intervals import Interval, instant
from models.period import ServiceMonth, zone
from models.terms import Terms, Whole

DAY = timedelta(days=1)
SHORTEST_MONTH = 28
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12, "billing_month": 1}


class PeriodKind(StrEnum):
    """What the uptime is judged over."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TRAILING_DAYS = "trailing_days"
    BILLING_MONTH = "billing_month"


@dataclass(frozen=True, slots=True)
class ServicePeriod:
    """A stretch of whole days, not yet in any zone.

    Attributes:
        name: `2026-05`, `2026-Q2`, `2026`, or its days as `2026-05-03..2026-06-02`.
        first: Its first date.
        after: The first date after it.
        closes: The month that holds its last date.
        months: How many months it stands for, at least 1.
    """

    name: str
    first: date
    after: date
    closes: ServiceMonth
    months: int = 1

    def __str__(self) -> str:
        """Its name."""
        return self.name

    @property
    def days(self) -> int:
        """Calendar days."""
        return (self.after - self.first).days

    @property
    def last_day(self) -> date:
        """The last date."""
        return self.after - DAY

    def bounds(self, time_zone: str) -> Interval:
        """From local midnight of the first date to local midnight after the last.

        Raises:
            ValueError: The zone is not an IANA time zone.
        """
        return Interval(_midnight(self.first, time_zone), _midnight(self.after, time_zone))


class PeriodTerms(Terms):
    """What period a ladder judges.

    Attributes:
        kind: Calendar month, quarter, year, so many days up to a month's end, or a month that
            begins on the billing day.
        starts_in_month: The month in which a fiscal year begins; quarters and years follow it.
        days: How many trailing days.
        day: The day on which a billing month begins; a month's last one where it has no such day.
        credited_once: Whether downtime that earned a credit leaves later periods that hold it, too;
            only for trailing days.
    """

    kind: PeriodKind = PeriodKind.MONTH
    starts_in_month: Annotated[Whole, Field(ge=1, le=12)] = 1
    days: Annotated[Whole, Field(ge=1, le=1100)] | None = None
    day: Annotated[Whole, Field(ge=1, le=31)] | None = None
    credited_once: bool = False

    @model_validator(mode="after")
    def _fields_of_the_kind(self) -> PeriodTerms:
        fits = {
            "days": (self.days is not None) == (self.kind is PeriodKind.TRAILING_DAYS),
            "day": (self.day is not None) == (self.kind is PeriodKind.BILLING_MONTH),
            "starts_in_month": self.starts_in_month == 1 or self._is_of_a_year,
            "credited_once": self.trails or not self.credited_once,
        }
        for field in (name for name, right in fits.items() if not right):
            raise PydanticCustomError(
                "period_field",
                "{field} with the kind of period that it belongs to, and with no other",
                {"field": field},
            )
        return self

    @property
    def _is_of_a_year(self) -> bool:
        return self.kind in {PeriodKind.QUARTER, PeriodKind.YEAR}

    @property
    def trails(self) -> bool:
        """Whether periods overlap, each trailing behind a month's end."""
        return self.kind is PeriodKind.TRAILING_DAYS

    @property
    def looks_back(self) -> int:
        """How many earlier periods may have credited the same downtime."""
        return -(-(self.days or 0) // SHORTEST_MONTH) if self.credited_once else 0

    def used_until(self, earlier: Sequence[Past | None], time_zone: str) -> int | None:
        """Until which instant downtime has earned its credit already; None for no such instant.

        Args:
            earlier: The earlier periods, latest first; one that is not known used nothing.
            time_zone: In which days end.
        """
        if not self.credited_once:
            return None
        paid = [past for past in earlier if past and (past.credit_minor or past.credit_days)]
        if not paid:
            return None
        return ServiceMonth.parse(paid[0].period).bounds(time_zone).end

    @property
    def months(self) -> int:
        """How many months lie between one period and the next."""
        return MONTHS_OF.get(self.kind.value, 1)

    def closing_in(self, month: ServiceMonth) -> ServicePeriod | None:
        """The period that a month closes; None when the month lies within a longer one.

        >>> fiscal = PeriodTerms(kind="quarter", starts_in_month=2)
        >>> fiscal.closing_in(ServiceMonth.parse("2021-01")).name
        '2020-11..2021-01'
        >>> fiscal.closing_in(ServiceMonth.parse("2020-12")) is None
        True
        """
        period = self.holding(month)
        return period if period.closes == month else None

    def holding(self, month: ServiceMonth) -> ServicePeriod:
        """The period that a month belongs to; of overlapping ones the one that it closes."""
        match self.kind:
            case PeriodKind.TRAILING_DAYS:
                after = month.plus(1).first_day
                return _of_days(after - timedelta(days=self.days or 1), after, month)
            case PeriodKind.BILLING_MONTH:
                first, after = (self._billing_day(month.plus(shift)) for shift in (-1, 0))
                if self.day == 1:
                    return _of_months(month, 1)
                return _of_days(first, after, month, months=1)
            case _:
                into = (month.month - self.starts_in_month) % self.months
                return _of_months(month.plus(-into), self.months)

    def _billing_day(self, month: ServiceMonth) -> date:
        return month.first_day.replace(day=min(self.day or 1, month.days))


MONTHLY = PeriodTerms()
"""The calendar month."""


def _of_months(first: ServiceMonth, months: int) -> ServicePeriod:
    closes = first.plus(months - 1)
    return ServicePeriod(
        name=_name(first, closes, months),
        first=first.first_day,
        after=closes.plus(1).first_day,
        closes=closes,
        months=months,
    )


def _name(first: ServiceMonth, closes: ServiceMonth, months: int) -> str:
    if months == 1:
        return str(first)
    if first.year != closes.year or (first.month - 1) % months:
        return f"{first}..{closes}"
    whole_year = months == MONTHS_OF["year"]
    return f"{first.year}" if whole_year else f"{first.year}-Q{closes.month // months}"


def _of_days(
    first: date, after: date, closes: ServiceMonth, months: int | None = None
) -> ServicePeriod:
    counted = max((after - first).days * 12 // 365, 1) if months is None else months
    return ServicePeriod(f"{first}..{after - DAY}", first, after, closes, counted)


def _midnight(day: date, time_zone: str) -> int:
    return instant(datetime(day.year, day.month, day.day, tzinfo=zone(time_zone)))
