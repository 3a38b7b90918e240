"""Small incidents for tests: a draft that meets the checklist, and moves as the log holds them."""

from dataclasses import replace
from types import MappingProxyType

from models.incidents.life import ComponentState, Draft, IncidentState, Level, incidents_of
from models.intervals import MINUTE_MS, utc_text

START = 1_778_400_000_000
"""2026-05-10, 08:00 UTC: 10:00 in Berlin."""

DRAFT = Draft(
    scope="the API",
    impact="Requests fail.",
    mitigation="We roll back.",
    next_update_by=START + 40 * MINUTE_MS,
    evidence=("https://grafana.example/d/api",),
    level=Level.MAJOR,
    components=MappingProxyType({"api": ComponentState.PARTIAL_OUTAGE}),
)
WELL = replace(
    DRAFT,
    cause="A bad release.",
    level=Level.NONE,
    components=MappingProxyType({"api": ComponentState.OPERATIONAL}),
)
ID = "api/2026-05-10T08:00:00Z"


def at(minutes):
    """So many minutes after the start, in the log's words."""
    return utc_text(START + minutes * MINUTE_MS)


def guarded(verdict, minutes, *, until=None):
    """A move of the guard; the first one holds the proposal."""
    decision = {"verdict": verdict, "agreed_until": None if until is None else at(until)}
    first = {"draft": DRAFT.record, "clients": ["acme"]} if verdict == "opened" else {}
    return {"incident": ID, "act": "guarded", "at": at(minutes), "decision": decision, **first}


def said(act, state, minutes, draft=DRAFT, *, by="Kim"):
    """A move that says something to readers."""
    return {
        "incident": ID,
        "act": act,
        "at": at(minutes),
        "by": by,
        "state": state,
        "draft": draft.record,
        "text": f"{state} at {minutes}",
        "title": "Relay API: disruption of the API",
        "notify": False,
    }


def published(number, minutes, *, page="status"):
    """An update is on a page."""
    facts = {"id": "inc1", "link": "https://status.example/inc1"}
    moved = {"incident": ID, "act": "published", "at": at(minutes)}
    return {**moved, "page": page, "update": number, "facts": facts}


def told(*moves):
    """The one incident that moves tell of."""
    (incident,) = incidents_of(moves).values()
    return incident


OPENED = guarded("opened", 5)
LIVE = (OPENED, said("approved", "investigating", 7), published(1, 8))
STATES = tuple(IncidentState)
