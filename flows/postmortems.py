"""Postmortems: compiled from the log, written by people, kept in versions.

What is compiled is a beginning with gaps; what a person has written is kept as it is, version by
version, in the incident's own chain. Nothing of it is ever sent anywhere by itself.
"""

from __future__ import annotations

from connectors.store import Store
from flows.incident_money import credits_of
from flows.incidents import alone, find_incident, service_of, tell
from models.approval import Voice
from models.findings import refuse
from models.incidents.life import Act, Incident
from models.incidents.postmortem import GAP, Cost, Postmortem
from models.incidents.terms import IncidentTerms
from models.intervals import utc_text

LONGEST_TEXT = 200_000
"""Characters of one version."""

GAP_BEGINS = GAP.partition("{")[0]


def compiled(store: Store, terms: IncidentTerms, incident: Incident, *, shared: bool) -> Postmortem:
    """What is known of an incident by now.

    Raises:
        UnusableInputError: The workspace guards its service no more.
    """
    owed = () if shared else credits_of(store, incident, incident.clients)
    return Postmortem(
        incident=incident,
        service=service_of(terms, incident.service).name,
        time_zone=terms.time_zone,
        costs=[
            Cost(
                stored.key,
                f"{stored.obligation.amount or stored.obligation.reason}, "
                f"{stored.obligation.state.value}",
            )
            for stored in owed
        ],
        shared=shared,
    )


def versions_of(incident: Incident) -> tuple[str, ...]:
    """What people have written so far, the oldest first."""
    moves = (move for move in incident.history if move["act"] == Act.WRITTEN.value)
    return tuple(str(move["text"]) for move in moves)


def keep(store: Store, key: str, text: str, *, by: Voice, now: int) -> Incident:
    """Keep what a person has written as the next version; the same text again is none.

    Raises:
        UnusableInputError: Gaps are left in it, or it is too long. Nothing was written.
    """
    place = "--keep"
    if GAP_BEGINS in text:
        fact = f"still has {text.count(GAP_BEGINS)} gaps"
        remedy = "Write what stands behind each of them, or that it is not known."
        raise refuse(place, fact, expected="a postmortem that people have finished", remedy=remedy)
    if not text.strip() or len(text) > LONGEST_TEXT or "\0" in text:
        fact = f"has {len(text):,} characters"
        expected = f"1 to {LONGEST_TEXT:,} characters of text"
        raise refuse(place, fact, expected=expected, remedy="Name another file.")
    with alone(store, find_incident(store, key).service):
        incident = find_incident(store, key)
        known = versions_of(incident)
        if known and known[-1] == text:
            return incident
        said = {"at": utc_text(now), "by": by.name, "grounds": by.grounds, "text": text}
        return tell(store, incident, Act.WRITTEN, said)
