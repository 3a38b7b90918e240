"""A calculator's payload: a month that somebody else has counted already.

It stands where a measurement stands otherwise, and says the month in one of three ways: counted
windows (the copyable template's fields), an uptime percent, or seconds of downtime. Numbers are
read exactly; a list of one value is read as that value. Nothing here looks at raw checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from models.findings import Finding, Severity
from models.ladder import Measured
from models.period import ServiceMonth
from models.printing import number_text
from models.terms import Amount, CurrencyCode, Minutes, Percent, Terms, TimeZone, Whole, plain, sole

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


class CalculatorPayload(Terms):
    """One client's service in one month, as a calculator hands it over.

    Exactly one of `total_windows`, `uptime_percent` and `down_seconds` (or `outages_seconds`) says
    how the month went.

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

    @model_validator(mode="after")
    def _adds_up(self) -> CalculatorPayload:
        wrong = [*self._ways(), *self._window_sums(), *self._second_sums()]
        if wrong:
            raise ValidationError.from_exception_data(type(self).__name__, wrong)
        return self

    def _ways(self) -> Iterator[InitErrorDetails]:
        ways = [name for name, given in self._given_ways.items() if given]
        if len(ways) != 1:
            yield _refusal(
                ways[-1] if ways else "",
                self if not ways else getattr(self, ways[-1]),
                "exactly one of total_windows, uptime_percent and down_seconds",
            )
        needs = {
            "error_windows": "total_windows",
            "excluded_windows": "total_windows",
            "window_minutes": "total_windows",
            "excluded_seconds": "down_seconds",
        }
        for name, way in needs.items():
            if getattr(self, name) is not None and not self._given_ways[way]:
                yield _refusal(name, getattr(self, name), f"{way} beside it")

    @property
    def _given_ways(self) -> dict[str, bool]:
        seconds = self.down_seconds is not None or self.outages_seconds is not None
        return {
            "total_windows": self.total_windows is not None,
            "uptime_percent": self.uptime_percent is not None,
            "down_seconds": seconds,
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
        self, *, time_zone: str = "UTC", affected: Fraction = Fraction(1)
    ) -> tuple[Measured | None, str]:
        """The month as ladders ask for it, or None and why nothing could be measured.

        Args:
            time_zone: The contract's zone, where the payload names none.
            affected: The contract's affected share, 0 to 1, where the payload names none.
        """
        period = self.period_seconds(time_zone)
        if self.affected_percent is not None:
            affected = Fraction(self.affected_percent) / 100
        if self.total_windows is not None:
            return self._from_windows(self.total_windows, period, affected)
        if self.uptime_percent is not None:
            return self._month(Fraction(self.uptime_percent) / 100, period, period, affected), ""
        return self._from_seconds(period, affected)

    def _from_windows(
        self, total: int, period: Fraction, affected: Fraction
    ) -> tuple[Measured | None, str]:
        left = total - (self.excluded_windows or 0)
        if left == 0:
            fact = f"all {total} windows are excluded" if total else "there are no windows"
            return None, f"{fact}, so no time was measurable"
        length = Fraction(self.window_minutes or 0) * 60 or period / total
        uptime = Fraction(left - (self.error_windows or 0), left)
        return self._month(uptime, left * length, period, affected), ""

    def _from_seconds(self, period: Fraction, affected: Fraction) -> tuple[Measured | None, str]:
        left = period - Fraction(self.excluded_seconds or 0)
        if left <= 0:
            return None, f"the whole of {self.month} is excluded, so no time was measurable"
        if self._down > left:
            down, most = _seconds_text(self._down), _seconds_text(left)
            return None, f"{down} s of downtime exceed the {most} s that were measurable"
        return self._month(1 - self._down / left, left, period, affected), ""

    def _month(
        self, uptime: Fraction, measurable: Fraction, period: Fraction, affected: Fraction
    ) -> Measured:
        outages = self.outages_seconds
        return Measured(
            uptime=uptime,
            down_seconds=(1 - uptime) * measurable,
            measurable_seconds=measurable,
            period_seconds=period,
            days=self.service_month.days,
            outage_seconds=None if outages is None else tuple(Fraction(s) for s in outages),
            affected_ratio=affected,
        )

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


def _refusal(field: str, value: object, expected: str) -> InitErrorDetails:
    # A sentence goes in as a value, so that no brace in it is taken for one of the template's.
    context = {"expected": expected, "remedy": "Correct the figures of the payload."}
    error = PydanticCustomError("does_not_add_up", "{expected}", context)
    return InitErrorDetails(type=error, loc=(field,) if field else (), input=value)


def _seconds_text(seconds: Fraction) -> str:
    return number_text(seconds, 3)
