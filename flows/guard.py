"""Guarding services: what was heard becomes decisions, drafts, and drafts that end silently.

It may run at any moment, as often as anybody likes, on several hosts: what falls due is decided
once, at the instant at which it was due. Nothing here speaks to a page or moves money.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from connectors.store import KeptGuard, Observation, Store
from flows.exclusions import seen_before
from flows.incidents import BY_SETTING, Changes, Saying, all_incidents, alone, observation, say
from flows.log import note
from flows.office import Office
from models.announcements import Scope
from models.approval import Identity, Voice
from models.contract import Contract, Role
from models.exclusion import ExclusionKind
from models.findings import UnusableInputError
from models.incidents.checklist import unmet
from models.incidents.guard import (
    Decision,
    Guard,
    Verdict,
    Watched,
    hear,
    next_due,
    stands,
    until,
)
from models.incidents.life import Act, Incident, IncidentState, incident_id
from models.incidents.memory import recorded, remembered
from models.incidents.proposal import FIRST_PROMISE_MS, proposed
from models.incidents.terms import IncidentTerms, ServiceTerms
from models.intervals import MINUTE_MS, IntervalSet, utc_text
from models.terms import JsonValue

AT_ONCE = 5_000
"""Events that are heard before what was decided by them is kept."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What one round decided.

    Attributes:
        decisions: Every decision, by service, in order.
        published: Incidents that were approved by their service's own setting.
        next_due_at: When the next decision falls due if nothing is heard; None when none does.
    """

    decisions: tuple[tuple[str, Decision], ...]
    published: tuple[Incident, ...]
    next_due_at: int | None


def guard_all(office: Office, *, now: int | None = None) -> Guarded:
    """Hear what is new for every service, and decide what is due.

    Args:
        office: What the run talks to.
        now: The present instant; None for the database's clock.

    Raises:
        HeldError: Somebody else guards a service for too long; run again.
        ConnectorError: The database cannot be reached.
    """
    terms = office.workspace.incidents or IncidentTerms()
    present = office.store.now() if now is None else now
    decisions: list[tuple[str, Decision]] = []
    dues: list[int] = []
    published: list[Incident] = []
    for service in terms.services:
        decided, due = guard_service(office, terms, service, now=present)
        decisions += [(service.id, one) for one in decided]
        dues += [] if due is None else [due]
        published += _by_setting(office.store, terms, service, present)
    return Guarded(tuple(decisions), tuple(published), min(dues, default=None))


def guard_service(
    office: Office, terms: IncidentTerms, service: ServiceTerms, *, now: int
) -> tuple[tuple[Decision, ...], int | None]:
    """Guard one service, alone; its decisions, and when the next one falls due."""
    watched = Watched(service.guard.rule, terms.kinds(service), maintenance_of(office, service.id))
    scribe = _Scribe(terms, service, watched, clients_of(office.contracts, service.id), now)
    decided: list[Decision] = []
    with alone(office.store, service.id):
        more, decisions, guard = _round(office.store, watched, scribe, now)
        decided += decisions
        while more:
            more, decisions, guard = _round(office.store, watched, scribe, now)
            decided += decisions
    for decision in decided:
        note(f"{service.id}: {decision.verdict.value} at {utc_text(decision.at)}")
    return tuple(decided), next_due(guard, watched)


def _round(
    store: Store, watched: Watched, scribe: _Scribe, now: int
) -> tuple[bool, Sequence[Decision], Guard]:
    """Hear some events and keep what they lead to; whether there may be more of them."""
    service = scribe.service.id
    kept = store.guard(service) or KeptGuard(service, 0, 0, None)
    guard = _after_people(remembered(kept.body), store, service)
    sources = sorted({source for source, _ in watched.kinds})
    heard = list(islice(store.heard(sources, after=kept.heard), AT_ONCE))
    decisions: list[Decision] = []
    for event in heard:
        guard, made = hear(guard, event, watched)
        decisions += made
    more = len(heard) == AT_ONCE
    if not more:
        guard, made = until(guard, now, watched)
        decisions += made
    if heard or decisions:
        number = heard[-1].number if heard else kept.heard
        store.keep_guard(
            KeptGuard(service, kept.version, number, recorded(guard)),
            [scribe.written(decision) for decision in decisions],
        )
    return more, decisions, guard


def _after_people(guard: Guard, store: Store, service: str) -> Guard:
    """The guard, told how far people have brought the latest incident."""
    if guard.latest is None:
        return guard
    name = incident_id(service, guard.latest.started_at)
    for incident in all_incidents(store, service=service):
        if incident.id == name:
            return stands(guard, incident.standing, started_at=incident.started_at)
    return guard


@dataclass(frozen=True, slots=True)
class _Scribe:
    """Writes decisions down, each with everything that it rests on."""

    terms: IncidentTerms
    service: ServiceTerms
    watched: Watched
    clients: tuple[str, ...]
    now: int

    def written(self, decision: Decision) -> Observation:
        """The move that a decision is; its name is the same whoever decides it."""
        name = f"{decision.verdict.value} {decision.at} {decision.number}"
        return observation(self._move(decision), service=self.service.id, name=name)

    def _move(self, decision: Decision) -> dict[str, JsonValue]:
        move: dict[str, JsonValue] = {
            "act": Act.GUARDED.value,
            "at": utc_text(decision.at),
            "decision": decision.record,
            "rule": self.watched.rule.record,
            "maintenance": [*self._maintenance(decision)],
        }
        if decision.incident is not None:
            move["incident"] = incident_id(self.service.id, decision.incident)
        if decision.verdict is Verdict.OPENED:
            down = {f"{place[0]}/{place[1]}" for _, place, _ in decision.down}
            draft = proposed(self.service, down=down, now=self.now, language=self.terms.language)
            move |= {"draft": draft.record, "clients": list(self.clients)}
        return move

    def _maintenance(self, decision: Decision) -> Iterator[str]:
        """The maintenance that the decision may have depended on."""
        for span in self.watched.maintenance:
            if span.start <= decision.at and span.end > decision.start:
                yield str(span)


def _by_setting(
    store: Store, terms: IncidentTerms, service: ServiceTerms, now: int
) -> Iterator[Incident]:
    """Approve drafts that have waited for as long as their service lets them."""
    minutes = service.auto_publish_after_minutes
    if minutes is None:
        return
    for incident in all_incidents(store, service=service.id):
        waited = now - incident.drafted_at >= minutes * MINUTE_MS
        if incident.state is IncidentState.DRAFT and incident.recovered_at is None and waited:
            yield from _approved(store, terms, incident, now)


def _approved(
    store: Store, terms: IncidentTerms, incident: Incident, now: int
) -> Iterator[Incident]:
    promise = Changes(texts={}, next_update_by=now + FIRST_PROMISE_MS)
    draft = replace(incident.draft, next_update_by=promise.next_update_by)
    state = IncidentState.INVESTIGATING
    if findings := unmet(incident.id, draft, state, now=now):
        note(f"{incident.id}: is not published by itself: {findings[0]}")
        return
    by = Voice(BY_SETTING, Identity.FREE_TEXT)
    try:
        yield say(store, terms, incident.id, state, Saying(by=by, now=now, changes=promise))
    except UnusableInputError as error:
        # A person was there first, or it ended silently meanwhile.
        note(f"{incident.id}: is not published by itself: {error}")


def maintenance_of(office: Office, service: str) -> IntervalSet:
    """When a service is maintained: as the files announce it, and calendars when they were seen.

    `makegood exclusions` looks at calendars and the like; nobody is asked over the network here.
    """
    filed = (Scope.of(event) for event in office.events)
    latest = (known[-1].scope for known in seen_before(office.store).values())
    return IntervalSet.of(
        scope.interval
        for scope in (*filed, *(one for one in latest if one is not None))
        if scope.kind == ExclusionKind.MAINTENANCE.value
        and (not scope.services or service in scope.services)
        and not scope.regions
    )


def clients_of(contracts: Sequence[Contract], service: str) -> tuple[str, ...]:
    """The clients that we owe credits for a service, rising."""
    return tuple(
        sorted(
            {
                contract.client.id
                for contract in contracts
                if contract.service.id == service and contract.role is Role.PROVIDER
            }
        )
    )
