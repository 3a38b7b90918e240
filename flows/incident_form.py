"""The form in Prefect by which a person lets a draft go, changes it, or rejects it.

A run that asks is suspended: its process ends, and an answer starts it again from the top, where it
finds the answer by the key of the question. The key holds the digest of the draft that was shown,
so that an answer counts for nothing else. A name that is typed into a form is a word that nothing
verifies; the checklist holds here as everywhere.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from prefect import flow
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import BaseModel, Field

from flows.incident_money import at_stake
from flows.incidents import Changes, Saying, all_incidents, edit, find_incident, reject, say
from flows.log import note
from flows.office import Office, open_office
from flows.publishing import publish_all
from models.approval import Identity, Voice
from models.decision import digest_of
from models.findings import UnusableInputError
from models.incidents.checklist import unmet
from models.incidents.life import Incident, IncidentState
from models.incidents.proposal import FIRST_PROMISE_MS
from models.incidents.terms import IncidentTerms
from models.incidents.wording import harmless
from models.intervals import MINUTE_MS, utc_text

WAITS_FOR_S = 24 * 60 * 60
"""How long a question stands before the run gives up; the draft stays."""


class FormRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks about.

    Attributes:
        incident: The incident's id, as the list has it.
        workspace: The folder that holds makegood.yaml.
    """

    incident: str
    workspace: str = "."


class FormChoice(StrEnum):
    """What is to be done with the draft."""

    NOTHING = "nothing yet"
    APPROVE = "approve: publish it now"
    EDIT = "change it, and publish nothing"
    REJECT = "reject: it is nothing"


class IncidentAnswer(RunInput):
    """What a person answers; an empty field leaves what the draft says."""

    decision: FormChoice = Field(default=FormChoice.NOTHING, title="Decision")
    scope: str = Field(default="", title="Scope", description="Which product or part of it.")
    impact: str = Field(default="", title="Impact", description="What readers may notice.")
    mitigation: str = Field(default="", title="Mitigation", description="What is being done.")
    next_update_in: int = Field(
        default=30, ge=1, le=1440, title="Next update in", description="Minutes from your answer."
    )
    notify: bool = Field(default=False, title="Tell subscribers")
    approver: str = Field(title="Your name", description="Kept as a word that nothing verifies.")
    reason: str = Field(default="", title="Reason", description="Needed to reject.")

    def saying(self, now: int) -> Saying:
        """Who says what."""
        names = ("scope", "impact", "mitigation")
        texts = {name: str(getattr(self, name)).strip() or None for name in names}
        promise = now + self.next_update_in * MINUTE_MS
        changes = Changes(texts=texts, next_update_by=promise)
        by = Voice(self.approver.strip(), Identity.FREE_TEXT)
        return Saying(by=by, now=now, changes=changes, notify=self.notify)


@flow(name="incident-approval", persist_result=False)
def incident_approval(request: FormRequest) -> None:
    """Ask a person about a draft, and do what they answer; an answer that cannot be is asked again.

    Args:
        request: The incident and the workspace.

    Raises:
        UnusableInputError: There is no such incident.
        ConnectorError: The database or a page cannot be reached.
    """
    wrong: tuple[str, ...] = ()
    for attempt in range(20):
        with open_office(Path(request.workspace)) as office:
            incident = find_incident(office.store, request.incident)
            if incident.state is not IncidentState.DRAFT:
                note(f"{incident.id}: is {incident.state.value}")
                return
            description = question(office, incident, wrong=wrong)
        form = IncidentAnswer.with_initial_data(description=description)
        key = f"incident-{attempt}-{digest_of(incident.draft.record)[:16]}"
        answer = suspend_flow_run(wait_for_input=form, key=key, timeout=WAITS_FOR_S)
        with open_office(Path(request.workspace)) as office:
            wrong = answered(office, request.incident, answer)
        if not wrong:
            return


def question(office: Office, incident: Incident, *, wrong: tuple[str, ...] = ()) -> str:
    """What a person is shown, in Markdown: the draft, what it misses, and what it may cost."""
    now, draft = office.store.now(), incident.draft
    fresh = now + FIRST_PROMISE_MS
    promised = Changes(texts={}, next_update_by=fresh).of(draft)
    missing = unmet(incident.id, promised, IncidentState.INVESTIGATING, now=now)
    same = all_incidents(office.store, service=incident.service)
    stakes = at_stake(office.contracts, same, incident, now=now)
    over = incident.recovered_at
    lines = [f"- **{fault}**" for fault in wrong]
    lines += ["", f"**{incident.id}**", ""]
    lines += [f"- outage: {utc_text(incident.started_at)}, {'lasts' if over is None else 'over'}"]
    lines += [f"- {name}: {harmless(getattr(draft, name)) or '-'}" for name in draft.TEXTS]
    parts = (f"{name} {state.value}" for name, state in draft.components.items())
    lines += [f"- level: {draft.level.value}; {', '.join(parts)}"]
    lines += [f"- evidence: {', '.join(draft.evidence) or '-'}"]
    lines += [f"- missing: {one.field} {one.fact}" for one in missing]
    lines += [f"- may cost {one.contract}: {one.amount or 'not known'}" for one in stakes]
    return "\n".join(lines)


def answered(office: Office, key: str, answer: IncidentAnswer) -> tuple[str, ...]:
    """Do what was answered; why it cannot be done, in sentences, and then nothing was done."""
    store, terms = office.store, office.workspace.incidents or IncidentTerms()
    if answer.decision is FormChoice.NOTHING:
        return ()
    if not answer.approver.strip():
        return ("Nobody is named: say who you are.",)
    if answer.decision is FormChoice.REJECT and not answer.reason.strip():
        return ("No reason is given: whoever looks next wants to know why it is nothing.",)
    saying = answer.saying(store.now())
    try:
        match answer.decision:
            case FormChoice.REJECT:
                reject(store, key, saying, why=answer.reason.strip())
            case FormChoice.EDIT:
                edit(store, key, saying)
            case _:
                say(store, terms, key, IncidentState.INVESTIGATING, saying)
                publish_all(office, look=False)
    except UnusableInputError as error:
        return tuple(str(finding) for finding in error.findings)
    return ()
