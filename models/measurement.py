"""The measurement terms of a contract: what counts as down, and what silence means.

Several questions that contracts leave open change cents. Each is a field here with a documented
default, and the defaults carry a date (`DEFAULTS_EDITION`): a recorded decision keeps every field's
resolved value, so a later edition cannot change a decided month.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from models.business_days import knows
from models.facts.request_series import RequestTerms
from models.intervals import MINUTE_MS
from models.terms import Minutes, Percent, Slug, Terms, Whole


def _country(holidays: str) -> str:
    if knows(holidays):
        return holidays
    raise PydanticCustomError("country", "a country as ISO 3166 writes it, such as US or DE-BY")


Quorum = Annotated[Whole, Field(ge=1)]
"""A number of probes that must be down, at least 1."""

DEFAULTS_EDITION = date(2026, 11, 1)
"""The date of the defaults below; `defaults_edition` in a contract pins them."""


class NoData(StrEnum):
    """What time without a known state means."""

    CARRY = "carry"
    UP = "up"
    DOWN = "down"
    EXCLUDED = "excluded"
    WITHHOLD = "withhold"


class DegradedCounts(StrEnum):
    """What a degraded state counts as."""

    UP = "up"
    DOWN = "down"


class WindowFails(StrEnum):
    """When a counted measurement window is an error: wholly down, or down at any instant."""

    WHOLE = "whole"
    ANY = "any"


class LastWindow(StrEnum):
    """Whether a window cut by the month's end is counted, judged by its part, or left out."""

    COUNTED = "counted"
    IGNORED = "ignored"


class ExclusionMode(StrEnum):
    """What excluded time does: leave numerator and denominator, or count as up in both."""

    LEAVES_BOTH_SIDES = "leaves_both_sides"
    COUNTS_AS_UP = "counts_as_up"


class DownWhen(StrEnum):
    """How many of several probes must be down for the whole to be down."""

    ANY = "any"
    MAJORITY = "majority"
    ALL = "all"


class QuorumBase(StrEnum):
    """Whether a quorum counts all probes that the source knows, or those with a known state."""

    ALL = "all"
    REPORTING = "reporting"


class Duplicates(StrEnum):
    """Which of two conflicting observations at one instant stands."""

    WORSE_WINS = "worse_wins"
    BETTER_WINS = "better_wins"


class JudgedBy(StrEnum):
    """Which length of an outage is held against the minimum.

    WHOLE: its whole length, also outside the month and inside exclusions.
    IN_MONTH: its part inside the service month, exclusions included.
    COUNTED: its part inside the service month that no exclusion covers.
    """

    WHOLE = "whole"
    IN_MONTH = "in_month"
    COUNTED = "counted"


class Reaches(StrEnum):
    """Whether an outage exactly as long as the minimum counts (AT_LEAST) or not (LONGER_THAN)."""

    AT_LEAST = "at_least"
    LONGER_THAN = "longer_than"


class CountsFrom(StrEnum):
    """Whether a qualifying outage counts from its first second or only beyond the minimum."""

    FIRST_SECOND = "first_second"
    AFTER_MINIMUM = "after_minimum"


class UnknownInOutage(StrEnum):
    """Whether unknown time between two down states ends the outage or is bridged by it."""

    BREAKS = "breaks"
    BRIDGES = "bridges"


class PartialOverlap(StrEnum):
    """What an exclusion does to an outage that it covers in part.

    SUBTRACT: only the covered part leaves. WHOLE_OUTAGE: the outage is forgiven altogether.
    """

    SUBTRACT = "subtract"
    WHOLE_OUTAGE = "whole_outage"


class Disagreement(StrEnum):
    """What it means for the bounds of the uptime that probes say different things at one time.

    SETTLED: the vote has the answer, as for the uptime itself. WIDENS: each of them may be right.
    """

    SETTLED = "settled"
    WIDENS = "widens"


class ClockStarts(StrEnum):
    """From when an outage counts: its own start, or when it was reported."""

    OUTAGE = "outage"
    REPORT = "report"


class WeightedBy(StrEnum):
    """Whether an outage counts whole, or by the share of users that it hit."""

    NOTHING = "nothing"
    AFFECTED = "affected"


class PartialMinutes(StrEnum):
    """Whether what an outage has over whole minutes counts."""

    COUNTED = "counted"
    DROPPED = "dropped"


class PartialPeriod(StrEnum):
    """What a period in which the contract ran only in part is a share of.

    FULL_PERIOD: of all of it. ACTIVE_PART: of the part in which the contract ran. Downtime counts
    only in that part either way.
    """

    FULL_PERIOD = "full_period"
    ACTIVE_PART = "active_part"


class CountedOn(StrEnum):
    """On which days time counts at all."""

    EVERY_DAY = "every_day"
    BUSINESS_DAYS = "business_days"


class AlsoMeasured(Terms):
    """Another uptime of the same counted requests, for combined ladders.

    Attributes:
        name: As the ladder's part names it.
        requests: How the counts become this uptime.
    """

    name: Slug
    requests: RequestTerms


class MinimumOutage(Terms):
    """Outages that are too short do not count.

    Attributes:
        minutes: The minimum length.
        judged_by: Which length is compared. Default: the whole outage.
        reaches: Whether exactly the minimum counts. Default: it does.
        counts_from: What part of a qualifying outage counts. Default: from its first second.
    """

    minutes: Minutes
    judged_by: JudgedBy = JudgedBy.WHOLE
    reaches: Reaches = Reaches.AT_LEAST
    counts_from: CountsFrom = CountsFrom.FIRST_SECOND


class MeasurementTerms(Terms):
    """How a contract measures its month.

    Attributes:
        window_minutes: Length of the counted measurement windows; None measures exact time.
        window_fails: When such a window is an error. Default: when the whole of it is down.
        last_window: What becomes of a window cut by the month's end. Default: counted.
        degraded: What a degraded state counts as. Default: up.
        stale_after_minutes: After this much silence a state is unknown; None never.
        no_data: What unknown time means. Default: withhold the month.
        minimum_coverage_percent: Below this share of known time the month goes to review.
        minimum_outage: Outages that are too short to count; None counts every one.
        unknown_in_outage: Whether unknown time ends an outage. Default: it does.
        partial_overlap: What an exclusion does to a partly covered outage. Default: subtract.
        exclusion_mode: What excluded time does to the sum. Default: leaves both sides.
        regions_down_when: How many regions of a monitor must be down. Default: the majority.
        monitors_down_when: How many of several monitors must be down. Default: any.
        corroborated_by: How many kinds of witness (external, first_party, synthetic) must say down
            at the same time; each kind by `monitors_down_when` over its own monitors. Default: the
            monitors vote whatever their kind.
        quorum_base: Over which probes a quorum is counted. Default: all.
        conflicting_duplicates: Which of two contradicting observations stands. Default: the worse.
        disagreement: Whether probes that disagree widen the bounds of the uptime. Default: the vote
            settles it.
        defaults_edition: The edition of these defaults that the contract was written against.
        requests: How counted requests become an uptime; only for series of counts. None where the
            terms know no such thing.
        also: Further measurements by the same counts, each under its own name.
        clock_starts: From when an outage counts. Default: its own start.
        weighted_by: Whether an outage counts by the users that it hit. Default: it counts whole.
        partial_minutes: Whether parts of minutes count. Default: they do.
        counted_on: On which days time counts. Default: every day.
        holidays: Country whose public holidays are no business days; None for none.
        partial_period: What a period is a share of in which the contract ran in part; None lets
            contracts begin and end with whole periods only.
    """

    window_minutes: Annotated[Whole, Field(ge=1, le=1440)] | None = None
    window_fails: WindowFails = WindowFails.WHOLE
    last_window: LastWindow = LastWindow.COUNTED
    degraded: DegradedCounts = DegradedCounts.UP
    stale_after_minutes: Minutes | None = None
    no_data: NoData = NoData.WITHHOLD
    minimum_coverage_percent: Percent | None = None
    minimum_outage: MinimumOutage | None = None
    unknown_in_outage: UnknownInOutage = UnknownInOutage.BREAKS
    partial_overlap: PartialOverlap = PartialOverlap.SUBTRACT
    exclusion_mode: ExclusionMode = ExclusionMode.LEAVES_BOTH_SIDES
    regions_down_when: DownWhen | Quorum = DownWhen.MAJORITY
    monitors_down_when: DownWhen | Quorum = DownWhen.ANY
    corroborated_by: Annotated[Whole, Field(ge=1, le=3)] | None = None
    quorum_base: QuorumBase = QuorumBase.ALL
    conflicting_duplicates: Duplicates = Duplicates.WORSE_WINS
    disagreement: Disagreement = Disagreement.SETTLED
    defaults_edition: date = DEFAULTS_EDITION
    # Terms that do not use what was added later keep the digest that they had before.
    requests: RequestTerms | None = Field(default=None, exclude_if=lambda value: value is None)
    also: tuple[AlsoMeasured, ...] = Field(default=(), exclude_if=lambda value: value == ())
    clock_starts: ClockStarts = Field(
        default=ClockStarts.OUTAGE, exclude_if=lambda value: value is ClockStarts.OUTAGE
    )
    weighted_by: WeightedBy = Field(
        default=WeightedBy.NOTHING, exclude_if=lambda value: value is WeightedBy.NOTHING
    )
    partial_minutes: PartialMinutes = Field(
        default=PartialMinutes.COUNTED, exclude_if=lambda value: value is PartialMinutes.COUNTED
    )
    counted_on: CountedOn = Field(
        default=CountedOn.EVERY_DAY, exclude_if=lambda value: value is CountedOn.EVERY_DAY
    )
    holidays: Annotated[str, AfterValidator(_country)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    partial_period: PartialPeriod | None = Field(
        default=None, exclude_if=lambda value: value is None
    )

    @property
    def stale_after_ms(self) -> int | None:
        """The silence after which a state is unknown, in milliseconds; None when it never is."""
        if self.stale_after_minutes is None:
            return None
        return int(self.stale_after_minutes * MINUTE_MS)
