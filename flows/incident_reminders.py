"""Reminding ourselves of what was promised: the next update, and postmortems. Each once.

A reminder goes to the operators by mail and to their chat, whichever the workspace has. It goes to
ourselves, so one that comes twice is harmless; one that cannot be sent is left to the next round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from connectors.chat import LONGEST_LINE, Chat, Notice
from connectors.errors import ConnectorError
from connectors.store import EffectPlan
from flows.effects import Unasked, carry_out
from flows.incidents import all_incidents, chain_of
from flows.log import note
from flows.mailing import REMINDER, ToOurselves, send_to_ourselves
from flows.messages.rendering import Rendered
from flows.office import Office
from models.effect import Abilities
from models.incidents.life import Act, Incident
from models.incidents.reminding import (
    Reminder,
    postmortem_due,
    postmortem_reminders,
    update_reminders,
)
from models.incidents.terms import IncidentTerms, ServiceTerms
from models.incidents.wording import moment
from models.intervals import utc_text
from models.language import LanguageCode

CHAT_REMINDER = "incident_reminder"

WORDS: Mapping[LanguageCode, Mapping[str, str]] = {
    LanguageCode.EN: {
        "update": "{incident}: the next update is promised by {about}",
        "update late": "{incident}: the update promised by {about} is late",
        "postmortem": "{incident}: its postmortem is owed by {about}",
        "postmortem late": "{incident}: its postmortem was owed by {about}",
    },
    LanguageCode.DE: {
        "update": "{incident}: die nächste Meldung ist zugesagt bis {about}",
        "update late": "{incident}: die bis {about} zugesagte Meldung ist überfällig",
        "postmortem": "{incident}: der Abschlussbericht ist fällig bis {about}",
        "postmortem late": "{incident}: der Abschlussbericht war fällig bis {about}",
    },
}


def remind_all(office: Office, *, now: int | None = None) -> int:
    """Send every reminder that is due and was not sent; how many went out, by whatever way.

    Args:
        office: What the run talks to.
        now: The present instant; None for the database's clock.
    """
    terms = office.workspace.incidents or IncidentTerms()
    present = office.store.now() if now is None else now
    sent = 0
    for service in terms.services:
        for incident in all_incidents(office.store, service=service.id):
            for what, reminder in due_reminders(service, incident, now=present):
                sent += _send(office, terms, incident, what, reminder)
    return sent


def due_reminders(
    service: ServiceTerms, incident: Incident, *, now: int
) -> Iterator[tuple[str, Reminder]]:
    """What is to be reminded of by now, and which words it has."""
    for reminder in update_reminders(incident, now=now):
        yield f"update{' late' * reminder.overdue}", reminder
    if incident.said is None:
        return
    # The strictest contract counts: one postmortem serves all of them.
    days = min(service.postmortem_within_days.values(), default=None)
    by = None if days is None else postmortem_due(incident, days=days)
    if by is not None:
        written = any(move["act"] == Act.WRITTEN.value for move in incident.history)
        for reminder in postmortem_reminders(incident, by=by, written=written, now=now):
            yield f"postmortem{' late' * reminder.overdue}", reminder


def _send(
    office: Office,
    terms: IncidentTerms,
    incident: Incident,
    what: str,
    reminder: Reminder,
) -> int:
    about = moment(reminder.about, terms.time_zone)
    says = WORDS[terms.language][what].format(incident=incident.id, about=about)
    period = utc_text(incident.started_at)[:7]
    command = "postmortem" if what.startswith("postmortem") else "update"
    commands = (f"makegood incidents {command} {incident.id}",)
    notice = Notice(says[:LONGEST_LINE], (), commands)
    mailed = _mailed(office, reminder, period, says, commands)
    return mailed + _posted(office, incident, reminder, period, notice)


def _mailed(
    office: Office, reminder: Reminder, period: str, says: str, commands: tuple[str, ...]
) -> int:
    if office.mail is None or office.workspace.mail is None:
        return 0
    text = "\n\n".join((says, *commands)) + "\n"
    html = "".join(f"<p>{escape(part)}</p>" for part in (says, *commands))
    whole = f'<!doctype html><html><head><meta charset="utf-8"></head><body>{html}</body></html>'
    letter = ToOurselves(f"{reminder.key}/mail", REMINDER, period, Rendered(says, text, whole))
    try:
        return send_to_ourselves(office, office.mail, office.workspace.mail, letter).done
    except ConnectorError as error:
        note(f"{reminder.incident}: no reminder was mailed: {error}")
        return 0


def _posted(
    office: Office, incident: Incident, reminder: Reminder, period: str, notice: Notice
) -> int:
    if office.chat is None:
        return 0
    plan = EffectPlan(
        f"{reminder.key}/chat", CHAT_REMINDER, chain_of(incident.service), period, notice.intent
    )
    try:
        return carry_out(office.store, [plan], _posting(office.chat)).done
    except ConnectorError as error:
        note(f"{reminder.incident}: no reminder was posted: {error}")
        return 0


def _posting(chat: Chat) -> Unasked:
    return Unasked(
        chat.name,
        lambda plan: chat.post(Notice.from_intent(plan.intent)),
        lambda _plan: Abilities(repeats_are_harmless=True),
    )
