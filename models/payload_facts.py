"""What a calculator's payload may say beside one figure: outages, counts, metrics, earlier periods.

Each is a fact of the period as somebody recorded it; what becomes of it is a matter of the terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.circumstances import Past
from models.exclusion import Moment
from models.facts.outages import OutageFacts
from models.facts.request_series import Counts, RequestMethod, RequestTerms
from models.intervals import MINUTE_MS, Interval, IntervalSet, instant
from models.kinds.reward import Share
from models.measurement import JudgedBy, MeasurementTerms, Reaches
from models.money import Currency
from models.period import ServiceMonth
from models.terms import Amount, Exact, Minutes, Percent, Slug, Terms, Whole, plain


class PayloadOutage(Terms):
    """One outage.

    Attributes:
        start: Its first instant.
        end: The first instant after it.
        affected_percent: The share of users that it hit, in percent; None for all of them.
        affected_share: The same as an exact share, such as 1/3.
        reported_at: When it was reported; None when nobody did.
    """

    start: Moment
    end: Moment
    affected_percent: Percent | None = None
    affected_share: Share | None = None
    reported_at: Moment | None = None

    @model_validator(mode="after")
    def _sound(self) -> PayloadOutage:
        if instant(self.end) <= instant(self.start):
            raise PydanticCustomError("reversed", "an end at least a millisecond after its start")
        if None not in {self.affected_percent, self.affected_share}:
            raise PydanticCustomError("one_share", "either affected_percent or affected_share")
        if self.affected_share is not None and Fraction(self.affected_share) > 1:
            raise PydanticCustomError("share", "a share of at most 1")
        return self

    @property
    def interval(self) -> Interval:
        """Its instants."""
        return Interval(instant(self.start), instant(self.end))

    @property
    def affected(self) -> Fraction:
        """The share of users that it hit, 0 to 1."""
        if self.affected_share is not None:
            return Fraction(self.affected_share)
        return (
            Fraction(Decimal(100) if self.affected_percent is None else self.affected_percent) / 100
        )


class PayloadRequests(Terms):
    """A series of counted requests.

    Attributes:
        interval_minutes: Length of an interval; None for the one that the terms speak of.
        counts: Requests and errors of every interval, in order of time.
    """

    interval_minutes: Minutes | None = Field(default=None, exclude_if=lambda value: value is None)
    counts: tuple[tuple[Whole, Whole], ...]

    @model_validator(mode="after")
    def _errors_are_requests(self) -> PayloadRequests:
        for place, (requests, errors) in enumerate(self.counts):
            if errors > requests:
                raise PydanticCustomError(
                    "errors",
                    "at most as many errors as requests; interval {place} has {errors} of "
                    "{requests}",
                    {"place": place, "errors": errors, "requests": requests},
                )
        return self

    def unlike(self, terms: RequestTerms) -> str:
        """Why the intervals are not those of the terms; "" where they are, or do not matter."""
        told, asked = self.interval_minutes, terms.interval_minutes
        if told in (None, asked) or terms.method is RequestMethod.SHARE_OF_REQUESTS:
            return ""
        lengths = f"{plain(told or asked)} min, and the terms judge intervals of {plain(asked)} min"
        return f"requests were counted in intervals of {lengths}"

    @property
    def series(self) -> Sequence[Counts]:
        """The counts."""
        return self.counts


class PayloadPast(Terms):
    """An earlier period.

    Attributes:
        month: The month that closed it.
        uptime_percent: Its uptime.
        breached: Whether its commitment was missed; None goes by the uptime.
        credit_amount: What it earned, in major units.
        credit_days: Days of service that it earned.
        carried_amount: What was too small to be issued and was carried on.
    """

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    uptime_percent: Percent | None = None
    breached: bool | None = None
    credit_amount: Amount = Decimal(0)
    credit_days: Amount = Decimal(0)
    carried_amount: Amount = Decimal(0)

    def past(self, currency: Currency) -> Past:
        """The period as terms look back at it, amounts cut to minor units."""
        ratio = None if self.uptime_percent is None else Fraction(self.uptime_percent) / 100
        return Past(
            period=self.month,
            breached=self.breached,
            uptime=ratio,
            credit_minor=int(currency.minor(self.credit_amount)),
            credit_days=Fraction(self.credit_days),
            carried_minor=int(currency.minor(self.carried_amount)),
        )


class OtherMeasurement(Terms):
    """Another measurement of the same service, by the name that a ladder's part gives it."""

    uptime_percent: Percent


def _texts(written: object) -> object:
    if not isinstance(written, Mapping):
        return written
    return {
        name: str(value) if isinstance(value, int | Decimal) else value
        for name, value in written.items()
    }


Properties = Annotated[
    Mapping[Slug, Annotated[str, Field(min_length=1, max_length=200)]], BeforeValidator(_texts)
]
"""Attributes of the contract, by name."""

Figures = Mapping[Slug, Exact]
"""Metrics of the period, by name."""

AmountsByName = Mapping[Slug, Amount]
"""Amounts in major units, by name."""


def earlier_of(
    history: Sequence[PayloadPast], month: ServiceMonth, *, step: int, currency: Currency
) -> tuple[Past | None, ...]:
    """The earlier periods, latest first, up to the oldest that is told; None for those left out.

    Args:
        history: What is told, in any order.
        month: The month that closes the present period.
        step: Months from one period to the next.
        currency: Of the amounts.
    """
    told = {one.month: one.past(currency) for one in history}
    if not told:
        return ()
    oldest, found, back = min(told), [], month.plus(-step)
    while str(back) >= oldest:
        found.append(told.get(str(back)))
        back = back.plus(-step)
    return tuple(found)


def overlapping(outages: Sequence[PayloadOutage]) -> bool:
    """Whether two outages share an instant, so that nobody knows how it is to be weighed."""
    rising = sorted(one.interval for one in outages)
    return any(later.start < earlier.end for earlier, later in pairwise(rising))


def counted_outages(
    outages: Sequence[PayloadOutage], period: Interval, terms: MeasurementTerms
) -> list[OutageFacts]:
    """The outages that are long enough, as far as they lie in the period, rising."""
    return [
        OutageFacts(
            IntervalSet.of([one.interval]).clip(period),
            one.affected,
            None if one.reported_at is None else instant(one.reported_at),
        )
        for one in long_enough(outages, period, terms)
    ]


def long_enough(
    outages: Sequence[PayloadOutage], period: Interval, terms: MeasurementTerms
) -> list[PayloadOutage]:
    """The outages that touch the period and are long enough, rising."""
    kept = []
    for one in sorted(outages, key=lambda one: one.interval):
        inside = IntervalSet.of([one.interval]).clip(period)
        if inside and _is_long_enough(one.interval, inside, terms):
            kept.append(one)
    return kept


def annotated(
    outages: Sequence[OutageFacts], notes: Sequence[PayloadOutage]
) -> tuple[OutageFacts, ...]:
    """Measured outages with what notes say of them, rising.

    A note says whom the part of an outage hit that it covers; the rest hit everybody, and both are
    still one outage. A report of any part is a report of the outage.
    """
    found: list[OutageFacts] = []
    for one in outages:
        touching = [note for note in notes if one.counted & IntervalSet.of([note.interval])]
        reports = [instant(note.reported_at) for note in touching if note.reported_at]
        at = min(reports, default=None)
        pieces = [(one.counted & IntervalSet.of([n.interval]), n.affected) for n in touching]
        rest = one.counted
        for piece, _ in pieces:
            rest = rest - piece
        pieces += [(rest, Fraction(1))] if rest else []
        rising = sorted(pieces, key=lambda piece: piece[0].spans)
        found += [
            OutageFacts(piece, affected, at, goes_on=number > 0)
            for number, (piece, affected) in enumerate(rising)
        ]
    return tuple(found)


def _is_long_enough(whole: Interval, inside: IntervalSet, terms: MeasurementTerms) -> bool:
    minimum = terms.minimum_outage
    if minimum is None:
        return True
    length = whole.length if minimum.judged_by is JudgedBy.WHOLE else inside.length
    least = Fraction(minimum.minutes) * MINUTE_MS
    return length >= least if minimum.reaches is Reaches.AT_LEAST else length > least
