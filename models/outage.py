"""What was seen: observations of one probe, compacted to a timeline of states.

A timeline is shared by every contract that names its monitor, so it holds no rule of any contract:
only when the state changed, and where the probe was silent for longer than a floor. What silence
means, and what counts as down, is decided in `models.uptime` by the contract's measurement terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.changes import STATES, Changes, Lengths, State
from models.intervals import Interval
from models.signals import SignalKind
from models.terms import JsonValue

__all__ = ["Observation", "State", "Timeline", "compact"]

STATE_NAMES = tuple(state.name.lower() for state in STATES)


@dataclass(frozen=True, slots=True)
class Observation:
    """One check's answer: at this instant the monitor was in this state."""

    at: int
    state: State


@dataclass(frozen=True, slots=True)
class Timeline:
    """One probe's view of one monitor, as changes of state.

    Attributes:
        monitor: The monitor's name, as contracts write it.
        region: Where the probe stands; "" when the source knows no regions.
        changes: (instant, state) pairs, rising; neighbouring states differ. A state holds from its
            instant to the next change, the last one for ever. Before the first, nothing is known.
        gaps: Stretches between neighbouring observations that are at least `gap_floor_ms` apart,
            as (observed, next observed), rising. The silence after the last one is not listed.
        gap_floor_ms: Shorter silences are not kept; None keeps none (no contract asks for them).
        last_observed_at: The last observation's instant; None when there is none at all. In a
            slice (`within`) the slice's end, unless the silence before it is long enough to matter.
        ends_at: The end of a slice, beyond which it says nothing; None for a whole timeline, which
            ends with its last observation.
        unseen_ms: For each change, how long before it the old state was last observed: the state
            really changed somewhere in that stretch. Empty when every change was seen as it
            happened, such as in a log of outages.
        spacing_ms: How often the probe looks at least, where its source says so, also when it only
            writes changes down; None when nobody says.
        signal: What kind of witness the monitor is.
    """

    monitor: str
    region: str = ""
    changes: Sequence[tuple[int, State]] = ()
    gaps: tuple[Interval, ...] = ()
    gap_floor_ms: int | None = None
    last_observed_at: int | None = None
    ends_at: int | None = None
    unseen_ms: Sequence[int] = ()
    spacing_ms: int | None = None
    signal: SignalKind = SignalKind.EXTERNAL

    def __post_init__(self) -> None:
        """Refuse to exist out of order, or with changes and no observation."""
        object.__setattr__(self, "changes", Changes.of(self.changes))
        object.__setattr__(self, "unseen_ms", Lengths.of(self.unseen_ms))
        if not self.columns.rising:
            message = f"changes of {self.monitor!r} must rise in time and differ from neighbours"
            raise ValueError(message)
        if any(a.end > b.start for a, b in pairwise(self.gaps)):
            message = f"gaps of {self.monitor!r} must rise in time and not overlap"
            raise ValueError(message)
        if bool(self.changes) != (self.last_observed_at is not None):
            message = f"{self.monitor!r} must have both changes and a last observation, or neither"
            raise ValueError(message)
        if self.unseen_ms and len(self.unseen_ms) != len(self.changes):
            message = (
                f"{self.monitor!r} must say of each change how long it went unseen, or of none"
            )
            raise ValueError(message)
        if self.known_until is not None and self.changes and self.known_until < self.changes[-1][0]:
            message = f"{self.monitor!r} must not change after all that is known about it"
            raise ValueError(message)

    @classmethod
    def of(
        cls,
        observations: Iterable[Observation],
        *,
        monitor: str,
        region: str = "",
        gap_floor_ms: int | None = None,
        better_wins: bool = False,
    ) -> Timeline:
        """The timeline of observations in any order, duplicates included."""
        listed = list(observations)
        at = np.array([o.at for o in listed], dtype=np.int64)
        states = np.array([int(o.state) for o in listed], dtype=np.int8)
        return compact(
            at,
            states,
            monitor=monitor,
            region=region,
            gap_floor_ms=gap_floor_ms,
            better_wins=better_wins,
        )

    @property
    def columns(self) -> Changes:
        """The changes as they are held."""
        return Changes.of(self.changes)

    @property
    def unseen(self) -> Lengths:
        """How long each change went unseen, as it is held."""
        return Lengths.of(self.unseen_ms)

    @property
    def known_until(self) -> int | None:
        """The end of a slice, else the last observation; None when nothing was ever observed."""
        return self.last_observed_at if self.ends_at is None else self.ends_at

    def keeping(self, silences_ms: int | None) -> Timeline:
        """The same view with only the silences of at least this length; None keeps none.

        A change went unseen no longer than the probe's spacing; where nobody says what that is, no
        longer than a silence; and where no silence counts, what is written down holds as it stands.
        """
        long_enough = (g for g in self.gaps if silences_ms is not None and g.length >= silences_ms)
        longest = silences_ms if self.spacing_ms is None else self.spacing_ms
        unseen = () if longest is None else self.unseen.at_most(longest)
        return replace(self, gaps=tuple(long_enough), gap_floor_ms=silences_ms, unseen_ms=unseen)

    def within(self, stretch: Interval) -> Timeline:
        """The slice that decides every state inside a stretch, and nothing that does not.

        The state at the stretch's start becomes its first change. Later observations, and earlier
        ones that change nothing inside, leave the slice as it is, and so its digest. Whether
        outages reach over the edges is not this method's question: `models.uptime.evidence_of`
        chooses a stretch that holds all that a contract's month depends on.
        """
        changes, unseen = self._changes_in(stretch)
        if not changes or self.last_observed_at is None:
            return Timeline(
                self.monitor,
                self.region,
                gap_floor_ms=self.gap_floor_ms,
                ends_at=stretch.end,
                signal=self.signal,
            )
        gaps, last = self._silence_in(stretch, self.last_observed_at)
        return Timeline(
            self.monitor,
            self.region,
            changes,
            gaps,
            self.gap_floor_ms,
            last,
            stretch.end,
            unseen,
            signal=self.signal,
        )

    def _changes_in(self, stretch: Interval) -> tuple[Changes, Lengths]:
        """The changes inside, led by the state at the start, and how long each went unseen."""
        changes = self.columns
        after_start = int(np.searchsorted(changes.at, stretch.start, side="right"))
        before_end = int(np.searchsorted(changes.at, stretch.end))
        inside = changes[after_start:before_end]
        unseen = self.unseen[after_start:before_end]
        if after_start == 0:
            return inside, unseen
        led = unseen.led_by(0) if self.unseen_ms else unseen
        return inside.led_by(stretch.start, changes[after_start - 1][1]), led

    def _silence_in(self, stretch: Interval, last: int) -> tuple[tuple[Interval, ...], int]:
        """The gaps that can make time in the stretch unknown, and the last observation."""
        floor = self.gap_floor_ms
        if floor is None:
            return (), stretch.end
        gaps = [g for g in self.gaps if g.end > stretch.start and g.start + floor < stretch.end]
        if gaps and gaps[-1].end >= stretch.end:
            return tuple(gaps[:-1]), gaps[-1].start
        return tuple(gaps), last if last + floor < stretch.end else stretch.end

    def to_record(self) -> dict[str, JsonValue]:
        """The timeline as JSON values without floats; equal timelines have equal records."""
        columns = self.columns
        return {
            "monitor": self.monitor,
            "region": self.region,
            "changes": [
                [at, STATE_NAMES[state]]
                for at, state in zip(columns.at.tolist(), columns.states.tolist(), strict=True)
            ],
            "gaps": [[gap.start, gap.end] for gap in self.gaps],
            "gap_floor_ms": self.gap_floor_ms,
            "last_observed_at": self.last_observed_at,
            "ends_at": self.ends_at,
            "unseen_ms": list(self.unseen_ms),
            "signal": self.signal.value,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, JsonValue]) -> Timeline:
        """The timeline that a record describes; the inverse of `to_record`.

        Raises:
            KeyError: The record lacks a field, or names an unknown state.
            ValueError: The record describes no possible timeline.
        """
        return cls(
            monitor=record["monitor"],
            region=record["region"],
            changes=tuple((at, State[name.upper()]) for at, name in record["changes"]),
            gaps=tuple(Interval(start, end) for start, end in record["gaps"]),
            gap_floor_ms=record["gap_floor_ms"],
            last_observed_at=record["last_observed_at"],
            ends_at=record["ends_at"],
            unseen_ms=tuple(record["unseen_ms"]),
            signal=SignalKind(record["signal"]),
        )


def compact(
    at: NDArray[np.int64],
    states: NDArray[np.int8],
    *,
    monitor: str,
    region: str = "",
    gap_floor_ms: int | None = None,
    better_wins: bool = False,
) -> Timeline:
    """Compact one probe's observations; order and duplicates do not matter.

    Args:
        at: Instants in milliseconds, any order, shape (n,).
        states: `State` values, shape (n,).
        monitor: The monitor's name.
        region: The probe's region, "" when unknown.
        gap_floor_ms: Silences of at least this length are kept as gaps; None keeps none.
        better_wins: Of conflicting observations at one instant the better one stands; by default
            the worse one does.
    """
    if at.size == 0:
        return Timeline(monitor, region, gap_floor_ms=gap_floor_ms)
    # What was seen stands over what could not be seen, whichever way conflicts are decided.
    severity = (len(State) - states) % len(State) if better_wins else states
    order = np.lexsort((severity, at))
    at, states = at[order], states[order]
    last_of_instant = np.append(at[1:] != at[:-1], True)
    at, states = at[last_of_instant], states[last_of_instant]
    turns = np.concatenate(([True], states[1:] != states[:-1]))
    return Timeline(
        monitor,
        region,
        Changes(at[turns], states[turns]),
        _gaps(at, gap_floor_ms),
        gap_floor_ms,
        int(at[-1]),
        unseen_ms=Lengths(np.diff(at, prepend=at[:1])[turns]),
    )


def _gaps(at: NDArray[np.int64], floor_ms: int | None) -> tuple[Interval, ...]:
    if floor_ms is None:
        return ()
    wide = np.flatnonzero(np.diff(at) >= max(floor_ms, 1))
    starts, ends = at[wide].tolist(), at[wide + 1].tolist()
    return tuple(Interval(start, end) for start, end in zip(starts, ends, strict=True))
