"""When somebody is reminded of what was promised: the next update, and postmortems.

Pure: it answers what is due by a given instant; `flows` sends each once, under the key it has here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.incidents.life import CLOSED, ONGOING, Incident
from models.intervals import MINUTE_MS

BEFORE_MS = 10 * MINUTE_MS
"""How long before the promised update its reminder comes."""

DAY_MS = 24 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something to be told to ourselves, once.

    Attributes:
        key: What it is told under; the same reminder always has the same.
        incident: The incident's id.
        due_at: From when on it is told.
        about: When what was promised is due.
        overdue: Whether that has passed already.
    """

    key: str
    incident: str
    due_at: int
    about: int
    overdue: bool = False


def update_reminders(incident: Incident, *, now: int) -> tuple[Reminder, ...]:
    """The reminders of an incident's next update that are due: one before it, one when it is late.

    An earlier one is left out once the later one is due.
    """
    said = incident.said
    if said is None or incident.state not in ONGOING or said.draft.next_update_by is None:
        return ()
    by = said.draft.next_update_by
    key = f"{incident.id}/u{said.number}/remind"
    if now >= by:
        return (Reminder(f"{key}/late", incident.id, by, by, overdue=True),)
    due_at = max(by - BEFORE_MS, said.at)
    return (Reminder(key, incident.id, due_at, by),) if now >= due_at else ()


def postmortem_due(incident: Incident, *, days: int) -> int | None:
    """Until when a contract wants a postmortem; None while the outage lasts.

    Args:
        incident: The incident.
        days: Days after its end, each of 24 hours.
    """
    ended = incident.closed_at if incident.state in CLOSED else incident.recovered_at
    return None if ended is None else ended + days * DAY_MS


def postmortem_reminders(
    incident: Incident, *, by: int, written: bool, now: int
) -> Iterator[Reminder]:
    """The reminders of a postmortem that are due: two days before, and once it is late."""
    if written:
        return
    key = f"{incident.id}/postmortem/remind"
    if now >= by:
        yield Reminder(f"{key}/late", incident.id, by, by, overdue=True)
    elif now >= by - 2 * DAY_MS:
        yield Reminder(key, incident.id, by - 2 * DAY_MS, by)
