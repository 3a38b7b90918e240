"""What one probe tells of a stretch of time, for people who try out a source.

No contract is applied: degraded stays degraded, unknown stays unknown. How long a silence may be is
asked for, because without that no state ever grows old.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from models.intervals import Interval, IntervalSet
from models.measurement import DegradedCounts
from models.outage import State, Timeline
from models.quorum import standing_of


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """One probe of one monitor over a stretch of time.

    Attributes:
        monitor: The monitor's name.
        region: Where the probe stands; "" without regions.
        first_at: Its first observation of all; None without any.
        last_at: Its last one.
        up_ms: Time that it was up.
        degraded_ms: Time that it was degraded.
        down_ms: Time that it was down.
        unknown_ms: Time without a known state.
        longest_silence_ms: The longest silence of those that are kept, in the stretch; None where
            there is none.
        state: What it said last.
    """

    monitor: str
    region: str
    first_at: int | None
    last_at: int | None
    up_ms: int
    degraded_ms: int
    down_ms: int
    unknown_ms: int
    longest_silence_ms: int | None
    state: State

    @property
    def coverage(self) -> Fraction:
        """The share of the stretch with a known state, 0 to 1."""
        known = self.up_ms + self.degraded_ms + self.down_ms
        return Fraction(known, known + self.unknown_ms)


def probe_seen(timeline: Timeline, span: Interval, *, stale_after_ms: int | None) -> ProbeSeen:
    """What a probe tells of a stretch.

    Args:
        timeline: All that it told; it keeps silences as short as `stale_after_ms`.
        span: The stretch.
        stale_after_ms: Silence after which a state is unknown; None never.
    """
    kept = timeline.keeping(stale_after_ms).within(span)
    standings = [
        standing_of(kept, horizon=span, degraded=degraded, stale_after_ms=stale_after_ms)
        for degraded in (DegradedCounts.UP, DegradedCounts.DOWN)
    ]
    down, unknown = standings[0].down.length, standings[0].unknown.length
    degraded = standings[1].down.length - down
    return ProbeSeen(
        monitor=timeline.monitor,
        region=timeline.region,
        first_at=timeline.changes[0][0] if timeline.changes else None,
        last_at=timeline.last_observed_at,
        up_ms=span.length - down - unknown - degraded,
        degraded_ms=degraded,
        down_ms=down,
        unknown_ms=unknown,
        longest_silence_ms=_longest_silence(timeline, span),
        state=timeline.changes[-1][1] if timeline.changes else State.UNKNOWN,
    )


def _longest_silence(timeline: Timeline, span: Interval) -> int | None:
    """The longest silence that touches the stretch, at its whole length."""
    inside = IntervalSet.of([span])
    lengths = [gap.length for gap in timeline.gaps if IntervalSet.of([gap]) & inside]
    return max(lengths, default=None)
