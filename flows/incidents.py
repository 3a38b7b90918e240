"""Incidents as the log tells them, and what people say about them.

Every move is one entry of the service's own chain, and is written here and in `flows.guard` alone.
What is to be published is decided here and carried out in `flows.publishing`; no page is spoken to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connectors.errors import Retriable
from connectors.store import Observation, Store
from models.approval import Voice
from models.decision import EntryKind
from models.findings import UnusableInputError, refuse
from models.incidents.checklist import unmet, unready
from models.incidents.life import (
    Act,
    ComponentState,
    Draft,
    Incident,
    IncidentState,
    Level,
    incidents_of,
)
from models.incidents.terms import IncidentTerms, ServiceTerms
from models.incidents.wording import worded
from models.intervals import utc_text
from models.terms import JsonValue, near_miss

LONGEST_WAIT_S = 30
"""For somebody else who is at the same service."""

BY_SETTING = "the service's own setting"
"""Who approves where nobody is asked."""


def chain_of(service: str) -> str:
    """The chain that records a service's incidents.

    >>> chain_of("api")
    '*/api'
    """
    return f"*/{service}"


def all_incidents(store: Store, *, service: str | None = None) -> tuple[Incident, ...]:
    """Every incident, rising by service and start; None does not narrow."""
    chains = None if service is None else [chain_of(service)]
    told = store.observed(EntryKind.INCIDENT_MOVED, contracts=chains)
    known = incidents_of(entry.body for entry in told).values()
    return tuple(sorted(known, key=lambda one: (one.service, one.started_at)))


def find_incident(store: Store, key: str) -> Incident:
    """The incident of that name.

    Raises:
        UnusableInputError: There is none.
    """
    known = {incident.id: incident for incident in all_incidents(store)}
    if key.strip() in known:
        return known[key.strip()]
    raise refuse(
        "KEY",
        f"is {key!r}",
        expected="an incident of this workspace, such as api/2026-05-10T08:00:00Z",
        remedy=near_miss(key, known) or "`makegood incidents list` lists them all.",
    )


@contextmanager
def alone(store: Store, service: str) -> Iterator[None]:
    """Be the only one at a service's incidents: what is read stands until what follows is kept.

    Raises:
        HeldError: Somebody else is at it for too long.
    """
    holder = "makegood, incidents"
    with store.hold(f"incidents/{service}", holder=holder, wait_seconds=LONGEST_WAIT_S):
        yield


def observation(move: Mapping[str, JsonValue], *, service: str, name: str) -> Observation:
    """A move as the store keeps it."""
    period = str(move["at"])[:7]
    return Observation(chain_of(service), period, EntryKind.INCIDENT_MOVED, dict(move), name)


def tell(store: Store, incident: Incident, act: Act, said: Mapping[str, JsonValue]) -> Incident:
    """Write a move down; the incident as it stands then. Whoever calls it is `alone`.

    Raises:
        Retriable: Somebody else wrote meanwhile.
    """
    move = {"incident": incident.id, "act": act.value, **said}
    name = f"{incident.id}/{len(incident.history) + 1}"
    (entry,) = store.observe([observation(move, service=incident.service, name=name)])
    if entry.body != {**move, "id": name}:
        message = f"{incident.id}: somebody else has said something meanwhile. Run again."
        raise Retriable(message)
    return incidents_of([*incident.history, entry.body])[incident.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a person wants said otherwise; None leaves it as it is.

    Attributes:
        texts: By field, what it is to say.
        next_update_by: Until when more is promised.
        evidence: Links that are added.
        level: How bad it is.
        components: Components whose state is another one.
    """

    texts: Mapping[str, str | None]
    next_update_by: int | None = None
    evidence: Sequence[str] = ()
    level: Level | None = None
    components: Mapping[str, ComponentState] | None = None

    def of(self, draft: Draft) -> Draft:
        """The draft with them."""
        texts = {name: text for name, text in self.texts.items() if text is not None}
        return replace(
            draft,
            **texts,
            next_update_by=self.next_update_by or draft.next_update_by,
            evidence=tuple(dict.fromkeys((*draft.evidence, *self.evidence))),
            level=self.level or draft.level,
            components={**draft.components, **(self.components or {})},
        )


NO_CHANGES = Changes(texts={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Who says something about an incident, and how.

    Attributes:
        by: Who.
        now: The present instant.
        changes: What is said otherwise than before.
        notify: Whether subscribers are told.
    """

    by: Voice
    now: int
    changes: Changes = NO_CHANGES
    notify: bool = False


def say(
    store: Store, terms: IncidentTerms, key: str, state: IncidentState, saying: Saying
) -> Incident:
    """Approve an incident, or say more of it; what is said is published afterwards.

    Args:
        store: What is remembered.
        terms: The workspace's.
        key: The incident's id.
        state: What readers are to see.
        saying: Who says it, and what.

    Raises:
        UnusableInputError: It does not meet the checklist, comes too soon, or cannot follow; all
            findings at once. Nothing was written.
        HeldError: Somebody else is at it.
    """
    service = service_of(terms, find_incident(store, key).service)
    with alone(store, service.id):
        incident = find_incident(store, key)
        draft = _drafted(incident, saying.changes, state)
        _refuse_unready(incident, draft, state, saying.now)
        first = incident.state is IncidentState.DRAFT
        over = incident.recovered_at or saying.now
        title, text = worded(
            state,
            draft,
            service=service.name,
            started_at=incident.started_at,
            ended_at=over if state is IncidentState.RESOLVED else None,
            time_zone=terms.time_zone,
            language=terms.language,
        )
        return tell(
            store,
            incident,
            Act.APPROVED if first else Act.UPDATED,
            {
                "at": utc_text(saying.now),
                "by": saying.by.name,
                "grounds": saying.by.grounds,
                "state": state.value,
                "draft": draft.record,
                "title": title,
                "text": text,
                "notify": saying.notify,
            },
        )


def _drafted(incident: Incident, changes: Changes, state: IncidentState) -> Draft:
    """What is to be said; what is over leaves nothing broken unless somebody says so."""
    draft = incident.draft
    if state is IncidentState.RESOLVED:
        well = dict.fromkeys(draft.components, ComponentState.OPERATIONAL)
        draft = replace(draft, components=well, level=Level.NONE, next_update_by=None)
    return changes.of(draft)


def _refuse_unready(incident: Incident, draft: Draft, state: IncidentState, now: int) -> None:
    asked = state
    if incident.state is IncidentState.DRAFT:
        # A draft is approved, whatever it then says first.
        asked = IncidentState.APPROVED
    against = unready(incident, asked, now=now)
    findings = [*([against] if against else []), *unmet(incident.id, draft, state, now=now)]
    if findings:
        raise UnusableInputError(findings)


def edit(store: Store, key: str, saying: Saying) -> Incident:
    """Change what a draft says; nobody else sees it.

    Raises:
        UnusableInputError: It is no draft.
    """
    return _as_draft(store, key, saying, Act.EDITED)


def reject(store: Store, key: str, saying: Saying, *, why: str) -> Incident:
    """Say that a draft is nothing; the outage that goes on opens no other one.

    Raises:
        UnusableInputError: It is no draft.
    """
    return _as_draft(store, key, saying, Act.REJECTED, why=why)


def _as_draft(store: Store, key: str, saying: Saying, act: Act, *, why: str = "") -> Incident:
    with alone(store, find_incident(store, key).service):
        incident = find_incident(store, key)
        if incident.state is not IncidentState.DRAFT:
            fact, remedy = f"is {incident.state.value}", "Say more with makegood incidents update."
            raise refuse(incident.id, fact, expected=f"a draft, to be {act.value}", remedy=remedy)
        said: dict[str, JsonValue] = {
            "at": utc_text(saying.now),
            "by": saying.by.name,
            "grounds": saying.by.grounds,
            "why": why,
            "draft": saying.changes.of(incident.draft).record,
        }
        return tell(store, incident, act, said)


def note_down(store: Store, key: str, text: str, *, by: Voice, now: int) -> Incident:
    """Keep something for the postmortem; readers of the page never see it."""
    with alone(store, find_incident(store, key).service):
        incident = find_incident(store, key)
        said = {"at": utc_text(now), "by": by.name, "grounds": by.grounds, "text": text}
        return tell(store, incident, Act.NOTED, said)


def service_of(terms: IncidentTerms, service: str) -> ServiceTerms:
    """The terms of an incident's service.

    Raises:
        UnusableInputError: The workspace guards no such service any more.
    """
    for one in terms.services:
        if one.id == service:
            return one
    raise refuse(
        "makegood.yaml",
        f"does not guard {service}",
        field="incidents.services",
        expected="every service that has an incident",
        remedy="Write it there again.",
    )
