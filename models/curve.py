"""What credit terms earn over the whole range of uptime: for tables, pictures and the linter.

It asks terms of any kind what one uptime after another earns and finds every place where the answer
jumps or bends, so that the curve is a row of stretches, each flat, rising steadily, or without an
answer. It knows no kind by name. The month is one of 30 days that is down in one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

from models.contract import CreditTerms
from models.determination import Determination, determine
from models.ladder import Measured
from models.money import Currency
from models.period import ServiceMonth
from models.terms import Terms

MONTH = ServiceMonth.parse("2026-06")
MONTH_DAYS = 30
MONTH_SECONDS = Fraction(MONTH_DAYS * 86_400)

BOUNDS = ("below", "at_most", "at_least", "above")
"""The fields that bound a tier."""

LENGTHS = {"minutes": 60, "hours": 3600, "seconds": 1}
"""Endings of fields that hold lengths of time, in seconds."""

REPEATED = ("block", "step", "points")
"""Beginnings of fields that name the width of steps; the first steps are looked at one by one."""

MOST_STEPS = 22

MOST_LOOKS = 3_000
"""Where it would take more looks than this to find every step, a stretch is drawn as a line."""

NARROWEST = Fraction(1, 2**44)
"""Two uptimes that are closer than this have no bend between them."""

UNCONDITIONAL: Mapping[str, object] = {
    "eligibility": (),
    "recurrence": None,
    "caps": (),
    "minimum_payout": None,
}
"""Terms that look at more than one period, or at the client."""

LOOKS = (Fraction(1, 2), Fraction(3719, 10_000), Fraction(6181, 10_000), Fraction(1117, 10_000))
"""Where a stretch is looked at; steps of equal width lie on no line through all of them."""

EDGE = Fraction(1, 2**20)
"""How near an end is looked at, as a share of the stretch."""

MOST_STRETCHES = 240
"""Terms with more steps than this are drawn as if they rose steadily."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one uptime earns.

    Attributes:
        earned: Share of the billable amount after the cap, 1 for all of it, or days of service;
            None where the terms have no answer.
        tier: The tier in words; None without a credit.
        capped: Whether the cap cut it.
        breached: Whether the commitment was missed.
        withheld: Why the terms have no answer; "" where they have.
    """

    earned: Fraction | None
    tier: str | None = None
    capped: bool = False
    breached: bool = False
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Uptimes next to each other that one rule answers.

    Attributes:
        lower: Where it starts, as a ratio from 0 to 1.
        upper: Where it ends.
        lower_included: Whether the start itself belongs to it.
        upper_included: Whether the end itself belongs to it.
        at_lower: What it earns at its start, or just above it.
        at_upper: What it earns at its end, or just below it.
    """

    lower: Fraction
    upper: Fraction
    lower_included: bool
    upper_included: bool
    at_lower: Answer
    at_upper: Answer

    @property
    def is_gap(self) -> bool:
        """Whether the terms have no answer here."""
        return self.at_lower.earned is None

    @property
    def is_flat(self) -> bool:
        """Whether all of it earns the same."""
        return self.at_lower.earned == self.at_upper.earned


@dataclass(frozen=True, slots=True)
class Curve:
    """Everything that terms earn by uptime alone.

    Attributes:
        terms: What was asked.
        stretches: From 100 % uptime down to 0, without holes.
        in_days: Whether they earn days of service that stay days.
        unanswered: Why uptime alone tells nothing under these terms; "" where it does.
    """

    terms: CreditTerms
    stretches: tuple[Stretch, ...]
    in_days: bool
    unanswered: str = ""

    @property
    def most(self) -> Fraction:
        """The most that is earned anywhere."""
        ends = (end.earned for one in self.stretches for end in (one.at_lower, one.at_upper))
        return max((earned for earned in ends if earned is not None), default=Fraction(0))


def month_at(uptime: Fraction) -> Measured:
    """A month of 30 days with this uptime, down in one piece."""
    down = (1 - uptime) * MONTH_SECONDS
    return Measured(
        uptime=uptime,
        down_seconds=down,
        measurable_seconds=MONTH_SECONDS,
        period_seconds=MONTH_SECONDS,
        days=MONTH_DAYS,
        outage_seconds=(down,) if down else (),
    )


def answer_at(terms: CreditTerms, uptime: Fraction) -> Answer:
    """What a month with this uptime earns, after the cap, as a share or in days.

    Whoever asks is eligible, has missed often enough, and has earned nothing before.
    """
    found = determine(
        terms=terms.model_copy(update=UNCONDITIONAL),
        measured=month_at(uptime),
        withheld="",
        billable=None,
        currency=Currency.of("USD"),
        month=MONTH,
    )
    return Answer(
        earned=_earned(terms, found),
        tier=found.tier,
        capped=found.capped,
        breached=bool(found.breached),
        withheld=found.withheld,
    )


def _earned(terms: CreditTerms, found: Determination) -> Fraction | None:
    if found.withheld:
        return None
    if terms.days_stay_days:
        return found.days or Fraction(0)
    return found.credit_share or Fraction(0)


def curve_of(terms: CreditTerms) -> Curve:
    """The whole curve of credit terms, exact wherever the terms name their bounds."""
    asked = _Asked(terms)
    known = sorted(bends(terms))
    cuts = list(known)
    for lower, upper in pairwise(known):
        if len(cuts) < MOST_STRETCHES:
            cuts += asked.breaks(lower, upper)
    stretches = tuple(reversed(list(_merged(_places(asked, sorted({*cuts}))))))
    reason = next((one.at_lower.withheld for one in stretches if one.is_gap), "")
    alone = all(one.is_gap or one.at_lower.earned == 0 for one in stretches)
    return Curve(terms, stretches, terms.days_stay_days, reason if alone else "")


def bends(terms: CreditTerms) -> set[Fraction]:
    """Every uptime that the terms name, as bound, commitment or length of downtime; 0 and 1 too.

    A bound may be one of uptime or of minutes, which its name does not tell, so both are taken.
    """
    named = {Fraction(0), Fraction(1), terms.ladder.commitment}
    lengths, widths = set[Fraction](), set[Fraction]()
    for field, number in _numbers("", terms.ladder):
        unit = next((LENGTHS[end] for end in LENGTHS if field.endswith(end)), None)
        ratio = Fraction(number) / 100 if unit is None else Fraction(number) * unit / MONTH_SECONDS
        if field.startswith(REPEATED):
            widths.add(ratio)
        elif unit is not None:
            lengths.add(1 - ratio)
        elif field in BOUNDS or field.endswith("percent"):
            named.add(ratio)
            lengths.add(1 - Fraction(number) * 60 / MONTH_SECONDS)
    steps = {at - width * n for at in named for width in widths for n in range(1, MOST_STEPS)}
    return {uptime for uptime in named | lengths | steps if 0 <= uptime <= 1}


def _numbers(field: str, value: object) -> Iterator[tuple[str, Decimal]]:
    """Every number in terms with the name of its field, at any depth."""
    if isinstance(value, Decimal):
        yield field, value
    elif isinstance(value, Terms):
        for name in type(value).model_fields:
            yield from _numbers(name, getattr(value, name))
    elif isinstance(value, tuple | Mapping):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(field, one)


class _Asked:
    """Terms that remember what they answered."""

    def __init__(self, terms: CreditTerms) -> None:
        self._terms = terms
        self._answers: dict[Fraction, Answer] = {}

    def at(self, uptime: Fraction) -> Answer:
        """What this uptime earns."""
        if uptime not in self._answers:
            self._answers[uptime] = answer_at(self._terms, uptime)
        return self._answers[uptime]

    def breaks(self, lower: Fraction, upper: Fraction) -> list[Fraction]:
        """Where the answer jumps or bends between two uptimes, at most so many places."""
        found: list[Fraction] = []
        waiting = [(lower, upper)]
        while waiting and len(found) < MOST_STRETCHES and len(self._answers) < MOST_LOOKS:
            low, high = waiting.pop()
            if self._is_steady(low, high):
                continue
            if high - low <= NARROWEST:
                found.append(_simplest(low, high))
                continue
            middle = (low + high) / 2
            waiting += [(low, middle), (middle, high)]
        return found

    def inside(self, lower: Fraction, upper: Fraction) -> tuple[Answer, Answer]:
        """What is earned just above the lower and just below the upper of two uptimes."""
        low, high = self._near(lower, upper)
        return self._at_the_ends(low, high) if self._is_steady(lower, upper) else (low, high)

    def _near(self, lower: Fraction, upper: Fraction) -> tuple[Answer, Answer]:
        edge = (upper - lower) * EDGE
        return self.at(lower + edge), self.at(upper - edge)

    def _at_the_ends(self, low: Answer, high: Answer) -> tuple[Answer, Answer]:
        """The line through two answers near the ends, followed to the ends themselves."""
        if low.earned is None or high.earned is None or low.earned == high.earned:
            return low, high
        more = (low.earned - high.earned) / (1 - 2 * EDGE) * EDGE
        return replace(low, earned=low.earned + more), replace(high, earned=high.earned - more)

    def _is_steady(self, lower: Fraction, upper: Fraction) -> bool:
        """Whether all looks between two uptimes lie on one line, or none has an answer."""
        low, high = (one.earned for one in self._at_the_ends(*self._near(lower, upper)))
        for part in LOOKS:
            earned = self.at(lower + (upper - lower) * part).earned
            line = None if low is None or high is None else low + (high - low) * part
            if earned != line:
                return False
        return (low is None) == (high is None)


def _simplest(lower: Fraction, upper: Fraction) -> Fraction:
    """The fraction with the smallest denominator between two others, both included.

    >>> _simplest(Fraction(333, 1000), Fraction(334, 1000))
    Fraction(1, 3)
    """
    whole = floor(lower)
    if whole == lower or whole < floor(upper):
        return Fraction(whole if whole == lower else whole + 1)
    return whole + 1 / _simplest(1 / (upper - whole), 1 / (lower - whole))


def _places(asked: _Asked, cuts: list[Fraction]) -> Iterator[Stretch]:
    """Every cut by itself, and what lies between two of them, rising."""
    for lower, upper in pairwise(cuts):
        at = asked.at(lower)
        yield Stretch(lower, lower, True, True, at, at)  # noqa: FBT003 - both ends are the cut
        low, high = asked.inside(lower, upper)
        yield Stretch(lower, upper, False, False, low, high)  # noqa: FBT003 - neither end is in it
    at = asked.at(cuts[-1])
    yield Stretch(cuts[-1], cuts[-1], True, True, at, at)  # noqa: FBT003 - both ends are the cut


def _merged(places: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours that one rule answers as one stretch."""
    joined: Stretch | None = None
    for place in places:
        if joined is not None and _belong(joined, place):
            joined = replace(
                joined,
                upper=place.upper,
                upper_included=place.upper_included,
                at_upper=place.at_upper,
            )
            continue
        if joined is not None:
            yield joined
        joined = place
    if joined is not None:
        yield joined


def _belong(lower: Stretch, upper: Stretch) -> bool:
    """Whether two neighbours are one stretch: without answer both, equally flat, or one line."""
    if lower.is_gap or upper.is_gap:
        return lower.is_gap and upper.is_gap
    if lower.at_upper.earned != upper.at_lower.earned:
        return False
    if lower.is_flat and upper.is_flat:
        low, high = lower.at_upper, upper.at_lower
        one_rule = (low.tier, low.breached) == (high.tier, high.breached)
        return one_rule or not low.earned or (low.capped and high.capped)
    is_point = lower.lower == lower.upper or upper.lower == upper.upper
    return is_point or _slope(lower) == _slope(upper)


def _slope(one: Stretch) -> Fraction:
    """How much less is earned for more uptime."""
    best, worst = one.at_upper.earned or Fraction(0), one.at_lower.earned or Fraction(0)
    return (best - worst) / (one.upper - one.lower)
