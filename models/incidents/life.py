"""An incident's life: what the guard and people said about it, and the state that follows from it.

The state is never stored. It is told again from the moves that the decision log holds, in order.
What was published stands on a page that others read too, so a state that was changed there by hand
is a move like any other. Nothing here changes what a client is owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from models.incidents.guard import Standing, Verdict
from models.intervals import instant, utc_text
from models.terms import JsonValue


class IncidentState(StrEnum):
    """Where an incident is.

    Draft: only we know. Snoozed: it ended before anybody was told. Rejected: a person said that it
    is nothing. Approved: a person, or the service's own rule, lets it go, and it is not on the page
    yet. The other four are what readers of the page see.
    """

    DRAFT = "draft"
    SNOOZED = "snoozed"
    REJECTED = "rejected"
    APPROVED = "approved"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


PUBLIC = (
    IncidentState.INVESTIGATING,
    IncidentState.IDENTIFIED,
    IncidentState.MONITORING,
    IncidentState.RESOLVED,
)
"""What an update may say, in the usual order."""

ONGOING = frozenset({*PUBLIC, IncidentState.APPROVED}) - {IncidentState.RESOLVED}
"""The states in which readers, or soon they, wait for more."""

CLOSED = frozenset({IncidentState.SNOOZED, IncidentState.REJECTED, IncidentState.RESOLVED})

MAY_BECOME: Mapping[IncidentState, frozenset[IncidentState]] = {
    IncidentState.DRAFT: frozenset(
        {IncidentState.APPROVED, IncidentState.REJECTED, IncidentState.SNOOZED}
    ),
    IncidentState.SNOOZED: frozenset({IncidentState.DRAFT}),
    IncidentState.REJECTED: frozenset(),
    IncidentState.APPROVED: frozenset(PUBLIC),
    IncidentState.INVESTIGATING: frozenset(PUBLIC),
    IncidentState.IDENTIFIED: frozenset(PUBLIC),
    IncidentState.MONITORING: frozenset(PUBLIC),
    IncidentState.RESOLVED: frozenset(),
}
"""What may follow what; a state may be told again, and a cause may turn out to be none."""


class Level(StrEnum):
    """How bad it is for readers, in Statuspage's words."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


class ComponentState(StrEnum):
    """How a component is, in Statuspage's words."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


LEVEL_OF: Mapping[ComponentState, Level] = {
    ComponentState.OPERATIONAL: Level.NONE,
    ComponentState.UNDER_MAINTENANCE: Level.MAINTENANCE,
    ComponentState.DEGRADED: Level.MINOR,
    ComponentState.PARTIAL_OUTAGE: Level.MAJOR,
    ComponentState.MAJOR_OUTAGE: Level.CRITICAL,
}
"""What a component's state alone comes to, mildest first.

Source: Statuspage, top-level status and incident impact calculations.
"""


def level_of(components: Mapping[str, ComponentState]) -> Level:
    """How bad the worst component makes it.

    >>> level_of({"api": ComponentState.PARTIAL_OUTAGE, "web": ComponentState.OPERATIONAL})
    <Level.MAJOR: 'major'>
    """
    order = list(ComponentState)
    worst = max(components.values(), key=order.index, default=ComponentState.OPERATIONAL)
    return LEVEL_OF[worst]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be said, as far as it is known; "" and None stand for what is missing.

    Attributes:
        scope: Which product or part of it.
        impact: What readers may notice.
        mitigation: What is being done.
        cause: Why it happened, once that is known.
        guidance: What readers can do meanwhile.
        next_update_by: Until when more is promised.
        evidence: Links to dashboards and logs; never published.
        level: How bad it is.
        components: The state of each component, by its name in the workspace.
    """

    scope: str = ""
    impact: str = ""
    mitigation: str = ""
    cause: str = ""
    guidance: str = ""
    next_update_by: int | None = None
    evidence: tuple[str, ...] = ()
    level: Level = Level.NONE
    components: Mapping[str, ComponentState] = field(default_factory=lambda: MappingProxyType({}))

    TEXTS = ("scope", "impact", "mitigation", "cause", "guidance")

    @property
    def record(self) -> dict[str, JsonValue]:
        """The draft as canonical JSON values."""
        by = self.next_update_by
        return {
            **{name: getattr(self, name) for name in self.TEXTS},
            "next_update_by": None if by is None else utc_text(by),
            "evidence": list(self.evidence),
            "level": self.level.value,
            "components": {name: state.value for name, state in self.components.items()},
        }

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Draft:
        """The draft that was recorded so.

        Raises:
            KeyError, ValueError: It is no record of a draft.
        """
        by = record["next_update_by"]
        components = {name: ComponentState(state) for name, state in record["components"].items()}
        return cls(
            **{name: record[name] for name in cls.TEXTS},
            next_update_by=None if by is None else _instant(by),
            evidence=tuple(record["evidence"]),
            level=Level(record["level"]),
            components=MappingProxyType(components),
        )


class Act(StrEnum):
    """What a move tells.

    Guarded: the guard decided. Edited, approved, rejected: a person did, or the service's own rule.
    Updated: more is said to readers. Published: an update is on a page. Noticed: the page's state
    was changed there by hand. Noted: something for the postmortem. Written: a version of that.
    """

    GUARDED = "guarded"
    EDITED = "edited"
    APPROVED = "approved"
    REJECTED = "rejected"
    UPDATED = "updated"
    PUBLISHED = "published"
    NOTICED = "noticed"
    NOTED = "noted"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One thing that is said to readers.

    Attributes:
        number: 1 for the first.
        state: What the page is to show.
        at: When it was decided.
        by: Who decided it.
        draft: Everything that it says.
        text: The message, exactly as it is published.
        title: The incident's name on the page.
        notify: Whether subscribers are told.
        pages: By page, what its answer said; empty until it is there.
    """

    number: int
    state: IncidentState
    at: int
    by: str
    draft: Draft
    text: str
    title: str
    notify: bool
    pages: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident as it stands.

    Attributes:
        id: `api/2026-05-10T12:00:00Z`.
        service: Id of the service.
        started_at: When the outage began.
        drafted_at: When the first draft fell due.
        state: Where it is.
        draft: What is proposed, or was said last.
        recovered_at: When witnesses stopped agreeing; None while they agree.
        updates: What was said to readers, in order.
        approved_at: When it was let go; None before.
        closed_at: When it was ended silently, rejected or resolved; None before.
        clients: Who was hit, as the first draft had it.
        history: Every move, in order, as it was recorded.
    """

    id: str
    service: str
    started_at: int
    drafted_at: int
    state: IncidentState
    draft: Draft
    recovered_at: int | None = None
    updates: tuple[Update, ...] = ()
    approved_at: int | None = None
    closed_at: int | None = None
    clients: tuple[str, ...] = ()
    history: tuple[Mapping[str, JsonValue], ...] = field(default=(), repr=False)

    @property
    def said(self) -> Update | None:
        """The latest update; None before the first."""
        return self.updates[-1] if self.updates else None

    @property
    def standing(self) -> Standing:
        """How far it is, as far as the guard asks."""
        if self.state in ONGOING:
            return Standing.PUBLIC
        return Standing(self.state.value)

    @property
    def link(self) -> str:
        """Where readers find it; "" before it is there."""
        pages = [page for update in self.updates for page in update.pages.values()]
        return next((str(page["link"]) for page in pages if page.get("link")), "")

    def unpublished(self, page: str) -> tuple[Update, ...]:
        """The updates that are not on a page yet, in order."""
        return tuple(update for update in self.updates if page not in update.pages)


def incident_id(service: str, started_at: int) -> str:
    """What an incident is called everywhere, for ever.

    >>> incident_id("api", 0)
    'api/1970-01-01T00:00:00Z'
    """
    return f"{service}/{utc_text(started_at)}"


def incidents_of(moves: Iterable[Mapping[str, JsonValue]]) -> dict[str, Incident]:
    """Every incident that moves tell of, by its id, in the order of the first move.

    Raises:
        KeyError, ValueError: A move is no record of one.
    """
    known: dict[str, Incident] = {}
    for move in moves:
        name = move.get("incident")
        if name is not None:
            known[name] = _moved(known.get(name), move)
    return known


def _moved(incident: Incident | None, move: Mapping[str, JsonValue]) -> Incident:
    moved = _first(move) if incident is None else TELLING[Act(move["act"])](incident, move)
    return replace(moved, history=(*moved.history, move))


def _first(move: Mapping[str, JsonValue]) -> Incident:
    service, _, started = move["incident"].rpartition("/")
    return Incident(
        id=move["incident"],
        service=service,
        started_at=_instant(started),
        drafted_at=_instant(move["at"]),
        state=IncidentState.DRAFT,
        draft=Draft.of_record(move["draft"]),
        clients=tuple(move.get("clients", ())),
    )


def _guarded(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    at = _instant(move["at"])
    match Verdict(move["decision"]["verdict"]):
        case Verdict.SNOOZED:
            end = _instant(move["decision"]["agreed_until"])
            return replace(incident, state=IncidentState.SNOOZED, recovered_at=end, closed_at=at)
        case Verdict.REOPENED:
            return replace(incident, state=IncidentState.DRAFT, recovered_at=None, closed_at=None)
        case Verdict.JOINED:
            return replace(incident, recovered_at=None)
        case Verdict.RECOVERED:
            return replace(incident, recovered_at=_instant(move["decision"]["agreed_until"]))
        case _:
            return incident


def _edited(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    return replace(incident, draft=Draft.of_record(move["draft"]))


def _rejected(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    return replace(incident, state=IncidentState.REJECTED, closed_at=_instant(move["at"]))


def _approved(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    approved = replace(incident, state=IncidentState.APPROVED, approved_at=_instant(move["at"]))
    return _said(approved, move)


def _updated(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    said = _said(incident, move)
    if incident.state is IncidentState.APPROVED:
        return said
    return _showing(said, IncidentState(move["state"]), _instant(move["at"]))


def _said(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    draft = Draft.of_record(move["draft"])
    update = Update(
        number=len(incident.updates) + 1,
        state=IncidentState(move["state"]),
        at=_instant(move["at"]),
        by=move["by"],
        draft=draft,
        text=move["text"],
        title=move["title"],
        notify=move["notify"],
    )
    return replace(incident, draft=draft, updates=(*incident.updates, update))


def _published(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    index = move["update"] - 1
    update = incident.updates[index]
    there = replace(update, pages={**update.pages, move["page"]: move["facts"]})
    updates = (*incident.updates[:index], there, *incident.updates[index + 1 :])
    published = replace(incident, updates=updates)
    if incident.state is not IncidentState.APPROVED:
        return published
    return _showing(published, updates[-1].state, updates[-1].at)


def _noticed(incident: Incident, move: Mapping[str, JsonValue]) -> Incident:
    return _showing(incident, IncidentState(move["state"]), _instant(move["at"]))


def _showing(incident: Incident, state: IncidentState, at: int) -> Incident:
    closed_at = at if state is IncidentState.RESOLVED else None
    return replace(incident, state=state, closed_at=closed_at)


def _kept(incident: Incident, _move: Mapping[str, JsonValue]) -> Incident:
    return incident


TELLING = {
    Act.GUARDED: _guarded,
    Act.EDITED: _edited,
    Act.APPROVED: _approved,
    Act.REJECTED: _rejected,
    Act.UPDATED: _updated,
    Act.PUBLISHED: _published,
    Act.NOTICED: _noticed,
    Act.NOTED: _kept,
    Act.WRITTEN: _kept,
}
"""What becomes of an incident by each kind of move."""


def _instant(text: str) -> int:
    return instant(datetime.fromisoformat(text))
