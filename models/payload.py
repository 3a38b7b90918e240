"""A calculator's payload: a month that somebody else has counted already.

It stands where a measurement stands otherwise, and says the month in one of three ways: counted
windows (the copyable template's fields), an uptime percent, or seconds of downtime. Numbers are
read exactly; a list of one value is read as that value. Nothing here looks at raw checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from models.circumstances import NOTHING_ELSE, Circumstances
from models.facts.outages import refine
from models.facts.request_series import uptime_of
from models.findings import Finding, Severity
from models.intervals import Interval
from models.ladder import Measured
from models.measurement import ExclusionMode, MeasurementTerms
from models.money import Currency
from models.payload_facts import (
    AmountsByName,
    Figures,
    OtherMeasurement,
    PayloadOutage,
    PayloadPast,
    PayloadRequests,
    Properties,
    counted_outages,
    earlier_of,
    long_enough,
    overlapping,
)
from models.period import ServiceMonth, end_of_day
from models.printing import number_text
from models.service_period import MONTHLY, PeriodTerms, ServicePeriod
from models.terms import (
    Amount,
    CurrencyCode,
    Day,
    Minutes,
    Percent,
    Slug,
    Terms,
    TimeZone,
    Whole,
    plain,
    sole,
)

PLACEHOLDER = re.compile(r"^\[[A-Z][^\[\]a-z]*\]$")
"""A template's slot that nobody filled, such as `[CLIENT_ID]`."""


def _filled(text: str) -> str:
    if PLACEHOLDER.match(text):
        raise PydanticCustomError(
            "placeholder",
            "a value in place of the placeholder {placeholder}",
            {"placeholder": text, "remedy": "Fill it in."},
        )
    return text


def _month(text: str) -> str:
    try:
        return str(ServiceMonth.parse(_filled(text)))
    except ValueError:
        raise PydanticCustomError("month", "a month as YYYY-MM, such as 2026-05") from None


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[
    str,
    BeforeValidator(sole),
    Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_filled),
]
"""One line of text; a placeholder of the template is refused."""

Lines = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
"""Lines of text; a single one may stand without a list."""

Month = Annotated[str, BeforeValidator(sole), AfterValidator(_month)]
"""A service month, `YYYY-MM`."""

Zone = Annotated[TimeZone, BeforeValidator(sole)]
"""An IANA time zone; a list of one is read as that one."""

Seconds = Annotated[tuple[Annotated[Amount, Field(gt=0)], ...], Field(min_length=1)]
"""Lengths in seconds, each more than zero."""


def _absent(value: object) -> bool:
    return value is None


def _empty(value: Sized) -> bool:
    return not value


class CalculatorPayload(Terms):
    """One client's service in one month, as a calculator hands it over.

    Exactly one of `total_windows`, `uptime_percent`, `down_seconds` (or `outages_seconds`),
    `outages` and `requests` says how the month went, or the longer period that holds it.

    Attributes:
        client_id: The client, as the contracts name it.
        service_id: The service, as the contracts name it.
        month: The service month.
        time_zone: The zone that the month is of; by default the contract's, or UTC without one.
        window_minutes: Length of a measurement window; by default the windows divide the month.
        total_windows: All windows of the month.
        error_windows: Windows that failed, counted outside the excluded ones.
        excluded_windows: Windows that leave both sides of the sum.
        uptime_percent: The month's uptime, exact.
        down_seconds: Counted downtime, outside the excluded time.
        excluded_seconds: Time that leaves both sides of the sum.
        outages_seconds: Length of each counted outage; together they are `down_seconds`.
        affected_percent: The share of the billable amount that the downtime hit; by default the
            contract's, or all of it.
        billable_amount: What the credit percent applies to, in major units.
        currency: The currency of the billable amount.
        calculation_notes: How it was counted, in words.
        evidence: Addresses of dashboards and log exports.
        outages: Single outages with their times, disjoint.
        requests: A series of counted requests.
        others: Other measurements of the service, by name, for combined ladders.
        active_from: First day on which the contract ran, where it began within the period.
        active_until: Last day on which it ran, where it ended within the period.
        attributes: What the contract is and has, where terms ask for it.
        metrics: Figures that are no uptime, by name.
        amounts: Amounts beside the billable one, by name.
        history: Earlier periods.
        notes: What people recorded of outages that the monitoring sees: when they were reported,
            whom they hit. A payload with such facts alone stands beside the monitoring.
    """

    client_id: Text | None = None
    service_id: Text | None = None
    month: Month
    time_zone: Zone | None = None
    window_minutes: Minutes | None = None
    total_windows: Whole | None = None
    error_windows: Whole | None = None
    excluded_windows: Whole | None = None
    uptime_percent: Percent | None = None
    down_seconds: Amount | None = None
    excluded_seconds: Amount | None = None
    outages_seconds: Seconds | None = None
    affected_percent: Percent | None = None
    billable_amount: Amount | None = None
    currency: CurrencyCode | None = None
    calculation_notes: Lines = ()
    evidence: Lines = ()
    # Payloads that do not use what was added later keep the digest that they had before.
    outages: tuple[PayloadOutage, ...] | None = Field(default=None, exclude_if=_absent)
    requests: PayloadRequests | None = Field(default=None, exclude_if=_absent)
    others: Mapping[Slug, OtherMeasurement] = Field(default={}, exclude_if=_empty)
    active_from: Day | None = Field(default=None, exclude_if=_absent)
    active_until: Day | None = Field(default=None, exclude_if=_absent)
    attributes: Properties = Field(default={}, exclude_if=_empty)
    metrics: Figures = Field(default={}, exclude_if=_empty)
    amounts: AmountsByName = Field(default={}, exclude_if=_empty)
    history: tuple[PayloadPast, ...] = Field(default=(), exclude_if=_empty)
    notes: tuple[PayloadOutage, ...] = Field(default=(), exclude_if=_empty)

    @model_validator(mode="after")
    def _adds_up(self) -> CalculatorPayload:
        wrong = [*self._ways(), *self._window_sums(), *self._second_sums(), *self._facts()]
        if wrong:
            raise ValidationError.from_exception_data(type(self).__name__, wrong)
        return self

    def _ways(self) -> Iterator[InitErrorDetails]:
        ways = [name for name, given in self._given_ways.items() if given]
        if len(ways) != 1 and not self.beside:
            yield _refusal(
                ways[-1] if ways else "",
                self if not ways else getattr(self, ways[-1]),
                "exactly one of total_windows, uptime_percent, down_seconds, outages and requests",
            )
        needs = {
            "error_windows": "total_windows",
            "excluded_windows": "total_windows",
            "window_minutes": "total_windows",
            "excluded_seconds": "down_seconds" if self.outages is None else "outages",
        }
        for name, way in needs.items():
            if getattr(self, name) is not None and not self._given_ways[way]:
                yield _refusal(name, getattr(self, name), f"{way} beside it")

    @property
    def beside(self) -> bool:
        """Whether it holds facts alone, and the monitoring says how the period went."""
        facts = self.notes or self.metrics or self.amounts or self.attributes or self.others
        return bool(facts) and not any(self._given_ways.values())

    def _facts(self) -> Iterator[InitErrorDetails]:
        for name in ("outages", "notes"):
            told = getattr(self, name) or ()
            if overlapping(told):
                yield _refusal(name, len(told), f"{name} that do not overlap")
        begins, ends = self.active_from, self.active_until
        if begins is not None and ends is not None and ends < begins:
            yield _refusal("active_until", str(ends), f"a day on or after active_from {begins}")

    @property
    def _given_ways(self) -> dict[str, bool]:
        seconds = self.down_seconds is not None or self.outages_seconds is not None
        return {
            "total_windows": self.total_windows is not None,
            "uptime_percent": self.uptime_percent is not None,
            "down_seconds": seconds,
            "outages": self.outages is not None,
            "requests": self.requests is not None,
        }

    def _window_sums(self) -> Iterator[InitErrorDetails]:
        if self.total_windows is None:
            return
        if self.error_windows is None:
            yield _refusal("error_windows", None, "the number of windows that failed; 0 for none")
        errors, excluded = self.error_windows or 0, self.excluded_windows or 0
        left = self.total_windows - excluded
        if left < 0:
            most = f"at most the {self.total_windows} windows of the month"
            yield _refusal("excluded_windows", excluded, most)
        elif errors > left:
            of = f"{self.total_windows} windows less {excluded} excluded"
            most = f"at most {left}, which is {of}: errors are counted outside exclusions"
            yield _refusal("error_windows", errors, most)

    def _second_sums(self) -> Iterator[InitErrorDetails]:
        if not self._given_ways["down_seconds"]:
            return
        listed = sum((Fraction(length) for length in self.outages_seconds or ()), Fraction(0))
        if None not in {self.down_seconds, self.outages_seconds} and listed != self._down:
            total = f"{_seconds_text(listed)}, the sum of outages_seconds"
            yield _refusal("down_seconds", self.down_seconds, total)
        excluded = Fraction(self.excluded_seconds or 0)
        period = self.period_seconds()
        if excluded > period:
            most = f"at most the {_seconds_text(period)} seconds of {self.month}"
            yield _refusal("excluded_seconds", self.excluded_seconds, most)
        elif self._down > period - excluded:
            left = f"at most {_seconds_text(period - excluded)}, the seconds of {self.month}"
            less = f" less {_seconds_text(excluded)} excluded" if excluded else ""
            yield _refusal("down_seconds", _seconds_text(self._down), f"{left}{less}")

    @property
    def service_month(self) -> ServiceMonth:
        """The month, not yet in its zone."""
        return ServiceMonth.parse(self.month)

    def period_seconds(self, time_zone: str = "UTC") -> Fraction:
        """Length of the month in its zone, or in the one given where the payload names none."""
        bounds = self.service_month.bounds(self.time_zone or time_zone)
        return Fraction(bounds.length, 1000)

    @property
    def _down(self) -> Fraction:
        if self.down_seconds is not None:
            return Fraction(self.down_seconds)
        return sum((Fraction(length) for length in self.outages_seconds or ()), Fraction(0))

    def measured(
        self,
        *,
        time_zone: str = "UTC",
        affected: Fraction = Fraction(1),
        period: PeriodTerms = MONTHLY,
        measurement: MeasurementTerms | None = None,
        stated: Circumstances = NOTHING_ELSE,
        currency: Currency | None = None,
        exclusion_mode: ExclusionMode = ExclusionMode.LEAVES_BOTH_SIDES,
    ) -> tuple[Measured | None, str]:
        """The period as ladders ask for it, or None and why nothing could be measured.

        Args:
            time_zone: The contract's zone, where the payload names none.
            affected: The contract's affected share, 0 to 1, where the payload names none.
            period: What the ladder judges: the period that holds the payload's month.
            measurement: How single outages and counted requests count.
            stated: What the contract states and the store knows; the payload's own facts go first.
            currency: Of the amounts of earlier periods, where the payload names none.
            exclusion_mode: What excluded windows and seconds do.
        """
        if self.beside:
            return None, "the payload holds facts alone, and nothing says how the period went"
        whole = period.holding(self.service_month)
        blank = self._blank(whole, self.time_zone or time_zone, affected)
        known = Currency.of(self.currency) if self.currency else currency or Currency.of("USD")
        facts = self.circumstances(stated, whole.closes, step=period.months, currency=known)
        blank = replace(blank, circumstances=facts, others=self.measured_otherwise(blank))
        terms = measurement or MeasurementTerms()
        if self.total_windows is not None:
            return self._from_windows(self.total_windows, blank, exclusion_mode)
        if self.uptime_percent is not None:
            return _with_uptime(blank, Fraction(self.uptime_percent) / 100), ""
        if self.requests is not None:
            return self._from_requests(self.requests, blank, terms)
        if self.outages is not None:
            used = period.used_until(facts.earlier, blank.time_zone)
            mode = exclusion_mode
            return self._from_outages(self.outages, blank, terms, used=used, mode=mode)
        return self._from_seconds(blank, exclusion_mode)

    def _blank(self, whole: ServicePeriod, time_zone: str, affected: Fraction) -> Measured:
        """The period without any downtime."""
        if self.affected_percent is not None:
            affected = Fraction(self.affected_percent) / 100
        bounds = whole.bounds(time_zone)
        seconds = Fraction(bounds.length, 1000)
        lengths = self.outages_seconds
        return Measured(
            uptime=Fraction(1),
            down_seconds=Fraction(0),
            measurable_seconds=seconds,
            period_seconds=seconds,
            days=whole.days,
            outage_seconds=None if lengths is None else tuple(Fraction(s) for s in lengths),
            affected_ratio=affected,
            period=bounds,
            time_zone=time_zone,
            months=whole.months,
        )

    def circumstances(
        self, stated: Circumstances, month: ServiceMonth, *, step: int, currency: Currency
    ) -> Circumstances:
        """What is known beside a measurement; the payload's own facts go first.

        Args:
            stated: What the contract states and the store knows.
            month: The month that closes the period.
            step: Months from one period to the next.
            currency: Of the amounts of earlier periods.
        """
        told = earlier_of(self.history, month, step=step, currency=currency)
        return Circumstances(
            attributes={**stated.attributes, **self.attributes},
            metrics={name: Fraction(value) for name, value in self.metrics.items()},
            amounts={**stated.amounts, **self.amounts},
            earlier=told or stated.earlier,
        )

    def measured_otherwise(self, blank: Measured) -> Mapping[str, Measured]:
        """The other measurements of the service, in the period of this one."""
        return {
            name: _with_uptime(blank, Fraction(one.uptime_percent) / 100)
            for name, one in self.others.items()
        }

    def _from_windows(
        self, total: int, blank: Measured, mode: ExclusionMode
    ) -> tuple[Measured | None, str]:
        left = total - (self.excluded_windows or 0)
        if left == 0:
            fact = f"all {total} windows are excluded" if total else "there are no windows"
            return None, f"{fact}, so no time was measurable"
        length = Fraction(self.window_minutes or 0) * 60 or blank.period_seconds / total
        left = left if mode is ExclusionMode.LEAVES_BOTH_SIDES else total
        uptime = Fraction(left - (self.error_windows or 0), left)
        return _with_uptime(replace(blank, measurable_seconds=left * length), uptime), ""

    def _from_seconds(self, blank: Measured, mode: ExclusionMode) -> tuple[Measured | None, str]:
        left = blank.period_seconds - Fraction(self.excluded_seconds or 0)
        if left <= 0:
            return None, f"the whole of {self.month} is excluded, so no time was measurable"
        if self._down > left:
            down, most = _seconds_text(self._down), _seconds_text(left)
            return None, f"{down} s of downtime exceed the {most} s that were measurable"
        left = left if mode is ExclusionMode.LEAVES_BOTH_SIDES else blank.period_seconds
        uptime = 1 - self._down / left
        return _with_uptime(replace(blank, measurable_seconds=left), uptime), ""

    def _from_requests(
        self, requests: PayloadRequests, blank: Measured, terms: MeasurementTerms
    ) -> tuple[Measured | None, str]:
        if terms.requests is None:
            return None, "requests were counted, and the terms do not say what uptime they make"
        if unlike := requests.unlike(terms.requests):
            return None, unlike
        found = uptime_of(requests.series, terms.requests)
        if found.uptime is None:
            return None, found.says
        others = dict(blank.others)
        for also in (one for one in terms.also if not requests.unlike(one.requests)):
            other = uptime_of(requests.series, also.requests)
            if other.uptime is not None:
                others[also.name] = _with_uptime(blank, other.uptime)
        return replace(_with_uptime(blank, found.uptime), others=others), ""

    def _from_outages(
        self,
        outages: Sequence[PayloadOutage],
        blank: Measured,
        terms: MeasurementTerms,
        *,
        used: int | None,
        mode: ExclusionMode,
    ) -> tuple[Measured | None, str]:
        left = blank.period_seconds - Fraction(self.excluded_seconds or 0)
        if left <= 0 or blank.period is None:
            return None, f"the whole of {self.month} is excluded, so no time was measurable"
        active = self._active(blank.period, blank.time_zone, used)
        if active is None:
            return None, f"the contract did not run in {self.month}"
        counted = counted_outages(outages, blank.period, terms)
        left = left if mode is ExclusionMode.LEAVES_BOTH_SIDES else blank.period_seconds
        begun = replace(blank, measurable_seconds=left)
        found = refine(begun, counted, terms, active=active)
        return found.measured, "" if found.measured else found.reasons[0]

    def told_outages(
        self, terms: MeasurementTerms, period: PeriodTerms = MONTHLY, *, time_zone: str = "UTC"
    ) -> tuple[Interval, ...]:
        """The single outages that are long enough and touch the period, whole and rising.

        Args:
            terms: How long an outage must be.
            period: What the ladder judges: the period that holds the payload's month.
            time_zone: The contract's zone, where the payload names none.
        """
        whole = period.holding(self.service_month).bounds(self.time_zone or time_zone)
        return tuple(one.interval for one in long_enough(self.outages or (), whole, terms))

    def _active(self, period: Interval, time_zone: str, used: int | None) -> Interval | None:
        """The part of the period whose downtime counts; None for none of it."""
        start, end = max(period.start, used or period.start), period.end
        if self.active_from is not None:
            start = max(start, end_of_day(self.active_from - timedelta(days=1), time_zone))
        if self.active_until is not None:
            end = min(end, end_of_day(self.active_until, time_zone))
        return Interval(start, end) if start < end else None

    def findings(self, place: str) -> tuple[Finding, ...]:
        """What asks for a look although it can be used."""
        return tuple(self._unlike_the_month(place))

    def _unlike_the_month(self, place: str) -> Iterator[Finding]:
        if self.total_windows is None or self.window_minutes is None:
            return
        fitting = self.period_seconds() / (Fraction(self.window_minutes) * 60)
        if self.total_windows in {floor(fitting), ceil(fitting)}:
            return
        minutes, month = plain(self.window_minutes), f"{self.month} in {self.time_zone or 'UTC'}"
        yield Finding(
            place=place,
            field="total_windows",
            fact=f"is {self.total_windows}",
            expected=f"{month} has {ceil(fitting)} windows of {minutes} min",
            remedy="Check the month, its zone and the window; the counts are used as they stand.",
            severity=Severity.WARNING,
        )


def _with_uptime(blank: Measured, uptime: Fraction) -> Measured:
    """The period with this uptime of its measurable time, and the downtime that follows from it."""
    return replace(blank, uptime=uptime, down_seconds=(1 - uptime) * blank.measurable_seconds)


def _refusal(field: str, value: object, expected: str) -> InitErrorDetails:
    # A sentence goes in as a value, so that no brace in it is taken for one of the template's.
    context = {"expected": expected, "remedy": "Correct the figures of the payload."}
    error = PydanticCustomError("does_not_add_up", "{expected}", context)
    return InitErrorDetails(type=error, loc=(field,) if field else (), input=value)


def _seconds_text(seconds: Fraction) -> str:
    return number_text(seconds, 3)
