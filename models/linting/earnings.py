"""Rules about what terms earn from 100 % uptime down to 0, whatever their kind.

They look at the curve alone, so that they hold for every kind of ladder, also for one that is
written tomorrow. Terms that uptime alone does not answer are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

from models.curve import MONTH_SECONDS, Curve, Stretch
from models.defects import Defect
from models.findings import Finding, Severity
from models.kinds.duration_table import DurationTable
from models.kinds.no_credit import NoCredit
from models.printing import duration_text, number_text, percent_text

LEAP = 10
"""A tier that earns more than so many times the tier above it is looked at."""

EarningsRule = Callable[[Curve, str], Iterator[Finding]]


def uptime_without_tier(curve: Curve, place: str) -> Iterator[Finding]:
    """Uptimes that the terms do not answer, while they answer others."""
    for one in _told(curve):
        if one.is_gap:
            yield _finding(
                place,
                Defect.GAP,
                fact=f"has no answer for {stretch_text(one)}",
                expected="every uptime has exactly one answer",
                remedy="Close the gap, or keep the table as published: such a month is withheld.",
            )


def worse_earns_less(curve: Curve, place: str) -> Iterator[Finding]:
    """Uptimes that earn less than a better month would."""
    answered = [one for one in _told(curve) if not one.is_gap]
    for better, worse in pairwise(answered):
        high, low = better.at_lower.earned or 0, worse.at_upper.earned or 0
        rising = worse.at_lower.earned or 0
        if low < high or rising < low:
            yield _finding(
                place,
                Defect.SHRINKING,
                fact=f"earns less at {stretch_text(worse)} than at {stretch_text(better)}",
                expected="more downtime never earns less",
                remedy="Check the credits of both.",
            )


def promise_without_credit(curve: Curve, place: str) -> Iterator[Finding]:
    """Terms that promise an uptime and pay nothing for a month without any."""
    worst = curve.stretches[-1].at_lower if curve.stretches else None
    if curve.unanswered or worst is None or worst.earned != 0 or not worst.breached:
        return
    if isinstance(curve.terms.ladder, NoCredit):
        return
    promised = percent_text(curve.terms.ladder.commitment)
    yield _finding(
        place,
        Defect.PAYS_NOTHING,
        fact=f"promises {promised} and pays nothing, not even for a month without any uptime",
        expected="a promise that is worth something",
        remedy="Check credit, cap and minimum payout, or record the right that is given instead.",
    )


def first_credit_is_cut(curve: Curve, place: str) -> Iterator[Finding]:
    """A cap so low that even the mildest miss is cut to it."""
    paid = [one for one in curve.stretches if one.at_upper.earned]
    if paid and paid[0].is_flat and paid[0].at_upper.capped:
        least = earned_text(paid[0].at_upper.earned, in_days=curve.in_days)
        yield _finding(
            place,
            Defect.CAP_BELOW_FIRST_TIER,
            field="cap",
            fact=f"lets a month earn {least}, less than the first credit, so that every miss earns "
            "the same",
            expected="a cap at or above the first credit",
            remedy="Check the cap and the first credit.",
        )


def tier_leaps(curve: Curve, place: str) -> Iterator[Finding]:
    """A tier that earns more than ten times as much as the milder one beside it."""
    paid = [one for one in curve.stretches if one.at_upper.earned]
    if not all(one.is_flat for one in paid):
        return
    for milder, harsher in pairwise(paid):
        less, more = milder.at_lower.earned or Fraction(0), harsher.at_upper.earned or Fraction(0)
        if more > less * LEAP:
            times = number_text(more / less, 1)
            yield _finding(
                place,
                Defect.LEAP,
                fact=f"earns {times} times as much at {stretch_text(harsher)} as above it",
                expected=f"tiers that rise by steps of at most {LEAP} times",
                remedy="Check the unit of both tiers.",
            )


def uneven_by_the_minute(curve: Curve, place: str) -> Iterator[Finding]:
    """A table on minutes whose worth by the minute falls and then rises again."""
    if not isinstance(curve.terms.ladder, DurationTable):
        return
    paid = [one for one in curve.stretches if one.at_upper.earned and one.upper < 1]
    worth = [(one.at_upper.earned or Fraction(0)) / (1 - one.upper) for one in paid]
    for before, (one, now) in zip(worth, list(zip(paid, worth, strict=True))[1:], strict=False):
        if now > before:
            begins = duration_text((1 - one.upper) * MONTH_SECONDS)
            yield _finding(
                place,
                Defect.UNEVEN,
                fact=f"earns more for each minute from {begins} on than the tier above does",
                expected="a worth by the minute that falls throughout, or rises throughout",
                remedy="Nothing is wrong with the arithmetic; check that the table is meant so.",
            )


def _told(curve: Curve) -> tuple[Stretch, ...]:
    return () if curve.unanswered else curve.stretches


def stretch_text(one: Stretch) -> str:
    """A stretch of uptime in words and signs.

    >>> from models.curve import Answer
    >>> a, b, ten = Fraction(99, 100), Fraction(999, 1000), Answer(Fraction(1, 10))
    >>> stretch_text(Stretch(a, b, True, False, ten, ten))
    '99 % <= uptime < 99.9 %'
    """
    low, high = percent_text(one.lower, 9), percent_text(one.upper, 9)
    if one.lower == one.upper:
        return f"uptime = {low}"
    least = "" if one.lower == 0 else f"{low} {'<=' if one.lower_included else '<'} "
    most = "" if one.upper == 1 else f" {'<=' if one.upper_included else '<'} {high}"
    return f"{least}uptime{most}" if least or most else "any uptime"


def earned_text(earned: Fraction | None, *, in_days: bool) -> str:
    """What is earned, in percent of the fee or in days.

    >>> earned_text(Fraction(1, 10), in_days=False), earned_text(Fraction(1), in_days=True)
    ('10 %', '1 day')
    """
    if earned is None:
        return "no answer"
    if not in_days:
        return percent_text(earned, 4)
    return f"{number_text(earned, 4)} {'day' if earned == 1 else 'days'}"


def _finding(
    place: str, rule: Defect, *, fact: str, expected: str, remedy: str, field: str = "ladder"
) -> Finding:
    return Finding(
        place=place,
        field=field,
        fact=fact,
        expected=expected,
        remedy=remedy,
        severity=Severity.WARNING,
        rule=rule,
    )


EARNINGS: tuple[EarningsRule, ...] = (
    uptime_without_tier,
    worse_earns_less,
    promise_without_credit,
    first_credit_is_cut,
    tier_leaps,
    uneven_by_the_minute,
)
