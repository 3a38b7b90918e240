"""Caps of every scope: what an event, a day, a period, a quarter or a year may earn at the most.

A cap over several periods holds for what they earned together, so that the last of them gets what
is left. Where an earlier period is not decided, nobody can say what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.circumstances import Circumstances, Past
from models.kinds.by_day import day_of
from models.ladder import Earning
from models.money import Currency, payable_within
from models.period import ServiceMonth
from models.printing import number_text
from models.terms import Amount, Percent, Slug, Terms, plain
from models.worth import Worth, major_text


class CapScope(StrEnum):
    """What a cap holds for.

    QUARTER and YEAR are of the calendar; ROLLING_YEAR is the last twelve months, SUBSCRIPTION all
    periods of the contract, INVOICE the invoice that the credit is put on.
    """

    EVENT = "event"
    DAY = "day"
    PERIOD = "period"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING_YEAR = "rolling_year"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"


OF_EVENTS = frozenset({CapScope.EVENT, CapScope.DAY})
OVER_PERIODS = frozenset(
    {CapScope.QUARTER, CapScope.YEAR, CapScope.ROLLING_YEAR, CapScope.SUBSCRIPTION}
)
MONTHS_OF_A_YEAR = 12
NEXT_INVOICE = "next_invoice"
"""The amount that a cap on the invoice is of."""


class ScopedCap(Terms):
    """The most that a scope may earn.

    Attributes:
        scope: What it holds for.
        percent: Of the credit's base, or of the amount named by `of`.
        amount: In the contract's currency.
        days: Days of service, for credits in that unit.
        of: The name of the amount that `percent` is of; None for the credit's base.
    """

    scope: CapScope
    percent: Percent | None = None
    amount: Amount | None = None
    days: Amount | None = None
    of: Slug | None = Field(default=None)

    @model_validator(mode="after")
    def _one_bound(self) -> ScopedCap:
        if sum(one is not None for one in (self.percent, self.amount, self.days)) != 1:
            raise PydanticCustomError("one_bound", "one of percent, amount and days")
        if self.of is not None and self.percent is None:
            raise PydanticCustomError("of_percent", "of only beside percent")
        return self

    @property
    def base_name(self) -> str | None:
        """The name of the amount that the percent is of; None for the credit's base."""
        if self.of is None and self.scope is CapScope.INVOICE:
            return NEXT_INVOICE
        return self.of

    @property
    def words(self) -> str:
        """The cap in words: `100 % a quarter`."""
        if self.days is not None:
            most = f"{plain(self.days)} days"
        elif self.amount is not None:
            most = plain(self.amount)
        else:
            of = f" of {self.base_name}" if self.base_name else ""
            most = f"{plain(self.percent or Decimal(0))} %{of}"
        article = "an" if self.scope in {CapScope.EVENT, CapScope.INVOICE} else "a"
        return f"{most} {article} {self.scope.value.replace('_', ' ')}"

    def looks_back(self, month: ServiceMonth, step: int) -> int:
        """How many earlier periods belong to the scope, for periods of so many months."""
        return sum(1 for _ in _within(self.scope, month, step))


@dataclass(frozen=True, slots=True)
class Capped:
    """What caps are held against.

    Attributes:
        currency: Of base and amounts.
        circumstances: Named amounts and earlier periods.
        month: The month that closes the period.
        step: Months from one period to the next.
        time_zone: Zone in which days begin.
        keeps_days: Whether the credit stays in days of service.
    """

    currency: Currency
    circumstances: Circumstances
    month: ServiceMonth
    step: int
    time_zone: str
    keeps_days: bool


def cap_events(
    worth: Worth, caps: Sequence[ScopedCap], events: Sequence[Earning], asked: Capped
) -> Worth:
    """The credit with every event, and every day, cut to what it may earn."""
    for cap in (cap for cap in caps if cap.scope in OF_EVENTS):
        if not events:
            why = f"the cap of {cap.words} needs single outages, and only their sum is known"
            return replace(worth, held=why)
        if cap.scope is CapScope.DAY and any(one.at is None for one in events):
            return replace(worth, held=f"the cap of {cap.words} needs the outages' dates")
        worth, events = _cut(worth, cap, events, asked)
        if worth.held:
            return worth
    return worth


def _cut(
    worth: Worth, cap: ScopedCap, events: Sequence[Earning], asked: Capped
) -> tuple[Worth, Sequence[Earning]]:
    most = _most(cap, worth, asked)
    if isinstance(most, str):
        return replace(worth, held=most), events
    groups: dict[date | int, Fraction] = defaultdict(Fraction)
    kept = []
    for number, one in enumerate(events):
        day = cap.scope is CapScope.DAY and one.at is not None
        group = day_of(one.at, asked.time_zone) if day and one.at is not None else number
        earned = one.days if cap.days is not None else one.share
        left = earned if most is None else min(earned, most - groups[group])
        groups[group] += left
        kept.append(replace(one, days=left) if cap.days is not None else replace(one, share=left))
    share = sum((one.share for one in kept), Fraction(0))
    days = sum((one.days for one in kept), Fraction(0))
    was = worth.days if cap.days is not None else worth.share
    less = (days if cap.days is not None else share) < (was or 0)
    cut = replace(
        worth,
        share=share if cap.days is None else worth.share,
        days=days if worth.days is not None and cap.days is not None else worth.days,
        capped=worth.capped or less,
    )
    says = "cuts what single outages earn" if less else "is reached by none"
    return cut.with_step("cap", f"the cap of {cap.words} {says}"), kept


def cap_periods(worth: Worth, caps: Sequence[ScopedCap], asked: Capped) -> Worth:
    """The credit, cut to what the period, and the scopes that it lies in, have left."""
    for cap in (cap for cap in caps if cap.scope not in OF_EVENTS):
        if (cap.days is not None) != asked.keeps_days or not worth.earns:
            continue
        worth = _cap_one(worth, cap, asked)
        if worth.held:
            return worth
    return worth


def _cap_one(worth: Worth, cap: ScopedCap, asked: Capped) -> Worth:
    if cap.base_name == NEXT_INVOICE and NEXT_INVOICE not in asked.circumstances.amounts:
        return worth.with_step("cap", f"the cap of {cap.words} is held against it once it is known")
    most = _most(cap, worth, asked)
    if isinstance(most, str):
        return replace(worth, held=most)
    if most is None:
        return worth
    earlier = asked.circumstances.earlier
    places = list(_within(cap.scope, asked.month, asked.step))
    if cap.scope is CapScope.SUBSCRIPTION:
        places = places[: len(earlier)]
    known = [earlier[i] for i in places if i < len(earlier)]
    # A withheld period may yet earn what this one would take from under the cap.
    lacking = sum(1 for past in known if past is None or past.is_withheld)
    if lacking:
        why = f"the cap of {cap.words} needs {lacking} earlier periods that are not decided"
        return replace(worth, held=why)
    if len(known) < len(places):
        lost = len(places) - len(known)
        worth = worth.with_step("cap", f"of {lost} earlier periods of its scope nothing is stated")
    return _left(worth, cap, most, [past for past in known if past is not None], asked)


def _left(
    worth: Worth, cap: ScopedCap, most: Fraction, earlier: Sequence[Past], asked: Capped
) -> Worth:
    """The credit, cut to what earlier periods of the scope have left."""
    if cap.days is not None:
        used = sum((past.credit_days for past in earlier), Fraction(0))
        before = f", {number_text(used)} of them earned before" if used else ""
        return worth.within_days(max(most - used, Fraction(0)), f"{cap.words}{before}")
    paid = Fraction(sum(past.credit_minor for past in earlier))
    left = most
    if worth.base_minor and cap.scope in OVER_PERIODS:
        whole = payable_within(most * worth.base_minor, asked.currency)
        left = (whole - paid) / worth.base_minor
    before = f", of which {major_text(paid, asked.currency)} was earned before" if paid else ""
    return worth.within(max(left, Fraction(0)), f"{cap.words}{before}", asked.currency)


def _most(cap: ScopedCap, worth: Worth, asked: Capped) -> Fraction | str | None:
    """The cap as a share of the base, or in days; None for no bound, a text for why nobody knows.

    Of an amount that cannot be paid exactly the payable part holds, or rounding would pass it.
    """
    if cap.days is not None:
        return Fraction(cap.days)
    share = Fraction(cap.percent or 0) / 100
    if cap.amount is None and cap.base_name is None:
        return share
    named = asked.circumstances.amounts.get(cap.base_name or "")
    if cap.amount is None and named is None:
        return f"the cap of {cap.words} is of an amount that is not stated: {cap.base_name}"
    if not worth.base_minor:
        return None
    most = cap.amount if cap.amount is not None else named
    whole = asked.currency.minor(most or Decimal(0)) * (1 if cap.amount is not None else share)
    return payable_within(whole, asked.currency) / worth.base_minor


def _within(scope: CapScope, month: ServiceMonth, step: int) -> Iterator[int]:
    """The places of the earlier periods, latest first, that belong to the scope of this one."""
    months = {
        CapScope.QUARTER: (month.month - 1) % 3,
        CapScope.YEAR: month.month - 1,
        CapScope.ROLLING_YEAR: MONTHS_OF_A_YEAR - 1,
    }
    if scope is CapScope.SUBSCRIPTION:
        since = (month.year - 1970) * MONTHS_OF_A_YEAR
        yield from range(min(since // step, ALL_PERIODS))
        return
    yield from range(months.get(scope, 0) // step)


ALL_PERIODS = 120
"""How far back a subscription is looked at: ten years of months."""
