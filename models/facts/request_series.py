"""Uptime from a series of counted requests: averages of error rates, bad intervals, or all at once.

Three published formulas give three uptimes for the same counts: the average of every interval's own
error rate, the share of intervals that were not bad, and the share of requests that succeeded. A
contract says which one it means; nothing is averaged unless it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from models.printing import number_text, percent_text
from models.terms import Exact, Minutes, Terms, Whole, plain

Counts = tuple[int, int]
"""Requests and errors of one interval."""


class RequestMethod(StrEnum):
    """What the uptime is made of.

    AVERAGE_OF_RATES: 100 % less the average of the intervals' error rates. BAD_INTERVALS: the share
    of intervals that were not bad. SHARE_OF_REQUESTS: the share of requests that succeeded.
    """

    AVERAGE_OF_RATES = "average_of_rates"
    BAD_INTERVALS = "bad_intervals"
    SHARE_OF_REQUESTS = "share_of_requests"


class EmptyInterval(StrEnum):
    """What an interval without requests is: available, or no part of the sum."""

    UP = "up"
    LEFT_OUT = "left_out"


class RequestTerms(Terms):
    """How counted requests become an uptime.

    Attributes:
        method: Which formula.
        interval_minutes: Length of the intervals that the terms speak of.
        error_rate_percent: An interval is bad when more than this share of its requests failed;
            exactly this much is not bad. Only for bad intervals.
        least_requests: An interval with fewer requests counts as one without any.
        least_in_period: With fewer requests in the whole period nothing is missed.
        empty_interval: What an interval without requests is. Default: available.
        for_intervals: So many bad intervals in a row are needed before any of them counts.
    """

    method: RequestMethod
    interval_minutes: Minutes = Decimal(5)
    error_rate_percent: Annotated[Exact, Field(ge=0, lt=100)] = Decimal(0)
    least_requests: Annotated[Whole, Field(ge=1)] = 1
    least_in_period: Whole = 0
    empty_interval: EmptyInterval = EmptyInterval.UP
    for_intervals: Annotated[Whole, Field(ge=1)] = 1


@dataclass(frozen=True, slots=True)
class CountedUptime:
    """What a series comes to.

    Attributes:
        uptime: Exact, 0 to 1; None when nothing was measurable.
        says: How it was found, or why nothing was.
        down_intervals: How many intervals were bad; None for formulas that know no bad ones.
    """

    uptime: Fraction | None
    says: str
    down_intervals: int | None = None


def uptime_of(series: Sequence[Counts], terms: RequestTerms) -> CountedUptime:
    """The uptime of a period by its counted requests.

    Args:
        series: Requests and errors of every interval, in order of time.
        terms: Which formula, and what counts.

    >>> rates = RequestTerms(method="average_of_rates")
    >>> uptime_of([(100, 0), (100, 50), (0, 0), (100, 0)], rates).uptime
    Fraction(7, 8)
    """
    total = sum(requests for requests, _ in series)
    if total < terms.least_in_period:
        says = f"{total} requests are fewer than {terms.least_in_period}, so nothing is missed"
        return CountedUptime(Fraction(1), says)
    if not series:
        return CountedUptime(None, "no intervals were counted, so nothing was measurable")
    match terms.method:
        case RequestMethod.AVERAGE_OF_RATES:
            return _average(series, terms)
        case RequestMethod.BAD_INTERVALS:
            return _bad(series, terms)
        case RequestMethod.SHARE_OF_REQUESTS:
            return _share(series, total)


def _average(series: Sequence[Counts], terms: RequestTerms) -> CountedUptime:
    rates = [Fraction(errors, n) for n, errors in series if n >= terms.least_requests]
    empty = len(series) - len(rates)
    counted = len(rates) + (empty if terms.empty_interval is EmptyInterval.UP else 0)
    if not counted:
        return CountedUptime(None, "no interval had enough requests, so nothing was measurable")
    uptime = 1 - sum(rates, Fraction(0)) / counted
    words = "count as available" if terms.empty_interval is EmptyInterval.UP else "are left out"
    says = f"the average of {counted} error rates gives {percent_text(uptime)}"
    return CountedUptime(uptime, f"{says}; {empty} empty intervals {words}" if empty else says)


def _bad(series: Sequence[Counts], terms: RequestTerms) -> CountedUptime:
    bound = Fraction(terms.error_rate_percent)
    full = [n >= terms.least_requests for n, _ in series]
    bad = [
        enough and Fraction(errors) * 100 > bound * n
        for enough, (n, errors) in zip(full, series, strict=True)
    ]
    kept = terms.empty_interval is EmptyInterval.UP
    counted = len(series) if kept else sum(full)
    if not counted:
        return CountedUptime(None, "no interval had enough requests, so nothing was measurable")
    down = sum(length for length in _stretches(bad) if length >= terms.for_intervals)
    uptime = 1 - Fraction(down, counted)
    minutes, rate = plain(terms.interval_minutes), plain(terms.error_rate_percent)
    says = f"{down} of {counted} intervals of {minutes} min had more than {rate} % errors"
    return CountedUptime(uptime, f"{says}: {percent_text(uptime)}", down)


def _stretches(bad: Sequence[bool]) -> list[int]:
    """Lengths of the stretches of bad intervals without a break."""
    lengths = [0]
    for one in bad:
        if one:
            lengths[-1] += 1
        elif lengths[-1]:
            lengths.append(0)
    return lengths


def _share(series: Sequence[Counts], total: int) -> CountedUptime:
    if not total:
        return CountedUptime(None, "there were no requests, so nothing was measurable")
    errors = sum(failed for _, failed in series)
    uptime = 1 - Fraction(errors, total)
    says = f"{number_text(Fraction(errors))} of {total} requests failed: {percent_text(uptime)}"
    return CountedUptime(uptime, says)
