"""When an exclusion was announced, as far as it is proven: by what was seen of it, and when.

What a calendar or a file says about its own announcement is its author's word, and can be written
afterwards. What Makegood saw, and recorded in a log that only grows, cannot. This stands between
what was told and `models.exclusion`, which judges the notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.exclusion import ExclusionEvent
from models.intervals import Interval, instant, utc
from models.sources.exclusions import Announced
from models.terms import JsonValue

FILES = ""
"""The source of what stands in the workspace's own files."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an announcement says will happen: when, why, and to what.

    Attributes:
        interval: The announced stretch.
        kind: Why it may leave the sum.
        dependency: The third party; "" without one.
        services: Services that it touches; empty means all.
        regions: Regions that it touches; empty means all.
    """

    interval: Interval
    kind: str
    dependency: str = ""
    services: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, event: ExclusionEvent) -> Scope:
        """What an event says; its reason may be worded better at any time."""
        return cls(
            interval=event.interval,
            kind=event.kind.value,
            dependency=event.dependency or "",
            services=frozenset(event.services),
            regions=frozenset(event.regions),
        )

    @property
    def record(self) -> JsonValue:
        """The scope as JSON values; the inverse of `from_record`."""
        return {
            "start": self.interval.start,
            "end": self.interval.end,
            "kind": self.kind,
            "dependency": self.dependency,
            "services": sorted(self.services),
            "regions": sorted(self.regions),
        }

    @classmethod
    def from_record(cls, record: JsonValue) -> Scope:
        """The scope that a record describes.

        Raises:
            KeyError: The record lacks a field.
        """
        return cls(
            interval=Interval(record["start"], record["end"]),
            kind=record["kind"],
            dependency=record["dependency"],
            services=frozenset(record["services"]),
            regions=frozenset(record["regions"]),
        )

    def covers(self, other: Scope) -> bool:
        """Whether who was told of this was told of the other: the same start, and no more than it.

        One that is moved, even to later, or lengthened, or touches more, is another announcement;
        one that ends earlier or touches less is not.
        """
        return (
            self.interval.start == other.interval.start
            and self.interval.end >= other.interval.end
            and (self.kind, self.dependency) == (other.kind, other.dependency)
            and _touches_all_of(self.services, other.services)
            and _touches_all_of(self.regions, other.regions)
        )


def _touches_all_of(announced: frozenset[str], touched: frozenset[str]) -> bool:
    return not announced or (bool(touched) and touched <= announced)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of one event at one moment, where that was new.

    Attributes:
        source: Who told; `FILES` for the workspace's own files.
        event: The event's id.
        number: 0 for the first sighting of the event, then rising by one.
        scope: What was told; None when it was gone.
        seen_at: The moment.
    """

    source: str
    event: str
    number: int
    scope: Scope | None
    seen_at: int


@dataclass(frozen=True, slots=True)
class Told:
    """What one source tells now.

    Attributes:
        source: Its id; `FILES` for the workspace's own files.
        announced: What proves an announcement that it tells of.
        events: Everything that it tells of the span.
        span: What it was asked for; None for everything.
    """

    source: str
    announced: Announced
    events: tuple[ExclusionEvent, ...]
    span: Interval | None = None


Seen = Mapping[str, Sequence[Sighting]]
"""By event id everything that was seen of it, rising."""


def by_event(sightings: Iterable[Sighting]) -> Seen:
    """Sightings by their events, rising."""
    found: dict[str, list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda one: one.number):
        found.setdefault(sighting.event, []).append(sighting)
    return found


def news(told: Told, seen: Seen, *, now: int) -> Iterator[Sighting]:
    """What was not seen so before: new and changed events, and those that are gone."""
    present = {event.id: event for event in told.events}
    for event in present.values():
        known, scope = seen.get(event.id, ()), Scope.of(event)
        if not known or known[-1].scope != scope:
            yield Sighting(told.source, event.id, len(known), scope, now)
    for name, known in seen.items():
        if name not in present and _should_be_there(known[-1], told):
            yield Sighting(told.source, name, len(known), None, now)


def _should_be_there(last: Sighting, told: Told) -> bool:
    if last.source != told.source or last.scope is None:
        return False
    stretch, span = last.scope.interval, told.span
    return span is None or (stretch.start < span.end and span.start < stretch.end)


def seen_since(event: ExclusionEvent, known: Sequence[Sighting]) -> int | None:
    """Since when what an event says was seen without a break; None when it never was.

    An event that was moved away and back, or was gone in between, is seen since its return.
    """
    scope, since = Scope.of(event), None
    for sighting in reversed(known):
        if sighting.scope is None or not sighting.scope.covers(scope):
            break
        since = sighting.seen_at
    return since


def as_announced(told: Told, seen: Seen) -> Iterator[ExclusionEvent]:
    """The events with the announcement that counts: what was seen, or what is stated."""
    for event in told.events:
        if told.announced is not Announced.SEEN:
            yield event
            continue
        since = seen_since(event, seen.get(event.id, ()))
        yield event.model_copy(update={"announced_at": None if since is None else utc(since)})


def proof_text(proof: Mapping[str, JsonValue], event: Mapping[str, JsonValue]) -> str:
    """What proves an event's announcement, in words.

    Args:
        proof: As the decision log keeps it: `proof`, and `seen_at` or None.
        event: The event as the inputs of the decision hold it.
    """
    seen_at = proof["seen_at"]
    if seen_at is None:
        return "Makegood never saw it as it stands"
    seen = f"Makegood saw it first at {seen_at}"
    if proof["proof"] == Announced.SEEN.value or event["announced_at"] is None:
        return seen
    late = instant(datetime.fromisoformat(seen_at)) > instant(
        datetime.fromisoformat(event["start"])
    )
    seen = f"{seen}{', after it began' if late else ''}"
    if proof["proof"] == Announced.RECORDED.value:
        return f"{seen}; the system that holds it wrote down when it was announced"
    who = event["author"] or "whoever wrote it"
    return f"{seen}; its announcement rests on the word of {who}"
