"""What may be excluded, from files and from outside, with the announcements that are proven.

Everything that is told of the months and of the time ahead is looked at, what is new about it is
recorded with the moment, and only then does a contract's rule ask for notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import Misconfigured
from connectors.exclusions import ExclusionSource
from connectors.store import Observation, Store
from flows.settings import held, looked_for
from flows.sources import datadog_client
from flows.unready import UnreadyExclusions
from models.announcements import (
    FILES,
    Scope,
    Seen,
    Sighting,
    Told,
    as_announced,
    by_event,
    news,
    seen_since,
)
from models.case import Decided
from models.decision import EntryKind, LogEntry
from models.effect import WORKSPACE
from models.exclusion import ExclusionEvent
from models.findings import Finding, UnusableInputError
from models.intervals import Interval, utc, utc_text
from models.sources.exclusions import (
    AlertmanagerSilences,
    Announced,
    AnyExclusionSource,
    DatadogCorrections,
    MaintenanceCalendar,
)
from models.spared import Shared, effect_records
from models.terms import JsonValue
from models.workspace_file import Workspace

if TYPE_CHECKING:
    from flows.office import Office

DAY_MS = 86_400_000

AHEAD_MS = 100 * DAY_MS
"""How far ahead outside sources are looked at, so that what is announced is seen in time."""


@dataclass(frozen=True, slots=True)
class Announcements:
    """Every event with the announcement that counts, and since when Makegood has seen it.

    Attributes:
        events: Files' and outside events, rising by start and id.
        seen_at: By event id, since when it was seen as it stands; events that were never seen so
            are absent.
        proofs: By event id, what proves its announcement.
    """

    events: tuple[ExclusionEvent, ...] = ()
    seen_at: Mapping[str, int] = field(default_factory=dict)
    proofs: Mapping[str, Announced] = field(default_factory=dict)


def exclusion_source_of(terms: AnyExclusionSource, folder: Path) -> ExclusionSource:
    """The connector for one configured source of exclusions."""
    match terms:
        case MaintenanceCalendar():
            # Its libraries take a while to import; only those who use it wait for it.
            from connectors.exclusions.calendars import (  # noqa: PLC0415  As just said.
                CalendarExclusions,
            )

            secret = held(terms.secret_name("ADDRESS"))
            return CalendarExclusions(terms, folder, secret)
        case DatadogCorrections():
            from connectors.exclusions.datadog import (  # noqa: PLC0415  It needs the same ones.
                DatadogExclusions,
            )

            try:
                return DatadogExclusions(terms, datadog_client(terms))
            except Misconfigured as error:
                return UnreadyExclusions(terms.id, error)
        case AlertmanagerSilences():
            return _alertmanager(terms)


def _alertmanager(terms: AlertmanagerSilences) -> ExclusionSource:
    from connectors.exclusions.alertmanager import (  # noqa: PLC0415  It needs Arrow's functions.
        AlertmanagerExclusions,
    )

    name = terms.secret_name("PASSWORD")
    token, password = held(terms.secret_name("TOKEN")), held(name)
    if terms.user and not password:
        message = f"source {terms.id!r}: {name} is not in the environment, or empty."
        message = f"{message} Set it and run again; nothing was asked. {looked_for(name)}"
        why = Misconfigured(message)
        return UnreadyExclusions(terms.id, why)
    return AlertmanagerExclusions(terms=terms, token=token, password=password)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a look ahead found.

    Attributes:
        known: Every event with the announcement that counts.
        coming: Those that are not over.
        new: Changes that were recorded.
    """

    known: Announcements
    coming: tuple[ExclusionEvent, ...]
    new: int


def look_ahead(office: Office, *, now: int, read_only: bool = False) -> Ahead:
    """Look at everything that is announced from now on, and record what is new about it.

    Args:
        office: The workspace, its sources and its store.
        now: The present instant.
        read_only: Nothing is recorded.

    Raises:
        UnusableInputError: A source's content cannot be used, or two tell of one event.
        ConnectorError: A source could not be asked.
    """
    span = asked_span(Interval(now, now + 1), now=now)
    told = told_by_all(office.workspace, office.events, office.exclusion_sources, span)
    before = _sightings(office.store)
    known = announcements(office.store, told, read_only=read_only)
    coming = tuple(event for event in known.events if event.interval.end > now)
    return Ahead(known, coming, _sightings(office.store) - before)


def _sightings(store: Store) -> int:
    return sum(len(sightings) for sightings in seen_before(store).values())


def asked_span(span: Interval, *, now: int) -> Interval:
    """What outside sources are asked for: the months in question, and the time ahead."""
    return Interval(span.start, max(span.end, now + AHEAD_MS))


def told_by_all(
    workspace: Workspace,
    filed: Sequence[ExclusionEvent],
    sources: Mapping[str, ExclusionSource],
    span: Interval,
) -> tuple[Told, ...]:
    """What files and outside sources tell; the files of all times, the sources of a span.

    Args:
        workspace: Says what proves an announcement of each.
        filed: What the workspace's own files tell.
        sources: The outside sources by id.
        span: What these are asked for.

    Raises:
        UnusableInputError: A source's content or configuration cannot be used.
        ConnectorError: A source could not be asked.
    """
    proofs = {terms.id: terms.announced for terms in workspace.exclusion_sources}
    return (
        Told(FILES, workspace.exclusions_announced, tuple(filed)),
        *(Told(name, proofs[name], one.events(span), span) for name, one in sources.items()),
    )


def announcements(store: Store, told: Sequence[Told], *, read_only: bool) -> Announcements:
    """Record what is new about what is told, and say which announcements count.

    Args:
        store: Remembers what was seen, and when.
        told: What each source tells.
        read_only: Nothing is recorded; what is new counts as seen now.

    Raises:
        UnusableInputError: Two sources tell of one event.
    """
    _only_one_tells(told)
    if not any(one.events for one in told) and read_only:
        return Announcements()
    seen, now = seen_before(store), store.now()
    found = [sighting for one in told for sighting in news(one, seen, now=now)]
    if found and not read_only:
        found = [_sighting(entry) for entry in store.observe([_observation(s) for s in found])]
    seen = by_event(chain(chain.from_iterable(seen.values()), found))
    return _as_they_stand(told, seen)


def seen_before(store: Store) -> Seen:
    """Everything that was ever seen of any event."""
    return by_event(_sighting(entry) for entry in store.observed(EntryKind.EXCLUSION_SEEN))


def _as_they_stand(told: Sequence[Told], seen: Seen) -> Announcements:
    everything = [event for one in told for event in one.events]
    since = {event.id: seen_since(event, seen.get(event.id, ())) for event in everything}
    counted = [event for one in told for event in as_announced(one, seen)]
    return Announcements(
        events=tuple(sorted(counted, key=lambda event: (event.interval.start, event.id))),
        seen_at={name: at for name, at in since.items() if at is not None},
        proofs={event.id: one.announced for one in told for event in one.events},
    )


def _observation(sighting: Sighting) -> Observation:
    scope = sighting.scope
    body = {
        "source": sighting.source,
        "event": sighting.event,
        "number": sighting.number,
        "scope": None if scope is None else scope.record,
        "seen_at": sighting.seen_at,
    }
    period = f"{utc(sighting.seen_at):%Y-%m}"
    name = f"{sighting.event}#{sighting.number}"
    return Observation(WORKSPACE, period, EntryKind.EXCLUSION_SEEN, body, name)


def _sighting(entry: LogEntry) -> Sighting:
    body = entry.body
    return Sighting(
        source=body["source"],
        event=body["event"],
        number=body["number"],
        scope=None if body["scope"] is None else Scope.from_record(body["scope"]),
        seen_at=body["seen_at"],
    )


def _only_one_tells(told: Sequence[Told]) -> None:
    first: dict[str, str] = {}
    findings = []
    for one in told:
        for event in one.events:
            other = first.setdefault(event.id, one.source)
            if other != one.source:
                findings.append(_two_tell(event.id, other, one.source))
    if findings:
        raise UnusableInputError(findings)


def _two_tell(event: str, first: str, second: str) -> Finding:
    named = " and ".join(source or "a file of exclusions" for source in (first, second))
    return Finding(
        place="makegood.yaml",
        field="exclusion_sources",
        fact=f"{named} both tell of {event}",
        expected="each exclusion once, under an id of its own",
        remedy="Rename the source, or the event in the file.",
    )


def announcement_records(known: Announcements, events: Sequence[ExclusionEvent]) -> JsonValue:
    """What proves the announcement of each of these events, as the decision log keeps it."""
    return {
        event.id: {
            "proof": known.proofs.get(event.id, Announced.SEEN).value,
            "seen_at": utc_text(known.seen_at[event.id]) if event.id in known.seen_at else None,
        }
        for event in events
    }


def unproven_notice(known: Announcements, decided: Decided, shared: Shared) -> Iterator[str]:
    """Exclusions that change the credit, and whose notice is a late word: a person must look."""
    case = decided.measured.case
    noticed = {rule.kind for rule in case.version.exclusions if rule.notice_hours is not None}
    late = {
        judged.event.id: judged.event
        for judged in decided.measured.judged
        if judged.applied and judged.event.kind in noticed and _is_late_word(known, judged.event)
    }
    if not late:
        return
    credit = decided.determination.amount
    for record in effect_records(decided, shared):
        event = late.get(record["id"])
        if event is not None and record["credit_amount_without"] != (credit and credit.text):
            who = event.author or "whoever wrote it"
            yield f"{event.id} was seen first after it began: its notice is the word of {who}"


def _is_late_word(known: Announcements, event: ExclusionEvent) -> bool:
    if known.proofs.get(event.id) is not Announced.STATED:
        return False
    seen_at = known.seen_at.get(event.id)
    return seen_at is None or seen_at > event.interval.start
