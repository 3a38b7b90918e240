"""What `makegood incidents` shows: documents for scripts, lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors.store import Quarantined, StoredObligation
from deployments.cli.documents import (
    AtStakeDocument,
    GuardDecisionDocument,
    IncidentCreditDocument,
    IncidentDocument,
    IncidentDraftDocument,
    IncidentMoveDocument,
    IncidentsGuardDocument,
    IncidentsQuarantineDocument,
    IncidentUpdateDocument,
    PostsDocument,
    QuarantinedDocument,
)
from deployments.cli.printing import counted, seconds, table, write
from flows.effects import Settlement
from flows.guard import Guarded
from flows.incident_money import AtStake
from flows.publishing import Published, pages_of
from models.incidents.checklist import unmet
from models.incidents.life import CLOSED, Act, Incident, IncidentState, incident_id
from models.incidents.terms import IncidentTerms
from models.intervals import utc_text
from models.terms import JsonValue

WAITING = frozenset({IncidentState.DRAFT, IncidentState.APPROVED})
"""What somebody, or a page, has to do something about."""


def incident_document(incident: Incident, terms: IncidentTerms, *, now: int) -> IncidentDocument:
    """An incident for scripts."""
    return IncidentDocument(
        incident=incident.id,
        service=incident.service,
        state=incident.state.value,
        started_at=utc_text(incident.started_at),
        drafted_at=utc_text(incident.drafted_at),
        recovered_at=_time(incident.recovered_at),
        approved_at=_time(incident.approved_at),
        closed_at=_time(incident.closed_at),
        link=incident.link or None,
        clients=list(incident.clients),
        draft=_draft(incident),
        unmet=[*missing(incident, now=now)],
        updates=[*_updates(incident)],
        waiting=[*waiting_pages(incident, terms)],
    )


def _time(at: int | None) -> str | None:
    return None if at is None else utc_text(at)


def _draft(incident: Incident) -> IncidentDraftDocument:
    draft, record = incident.draft, incident.draft.record
    return IncidentDraftDocument(
        scope=draft.scope,
        impact=draft.impact,
        mitigation=draft.mitigation,
        cause=draft.cause,
        guidance=draft.guidance,
        next_update_by=record["next_update_by"],
        evidence=record["evidence"],
        level=draft.level.value,
        components=record["components"],
    )


def missing(incident: Incident, *, now: int) -> Iterable[str]:
    """What a draft misses before it may be approved, in sentences; nothing for what is public."""
    if incident.state is not IncidentState.DRAFT:
        return
    for finding in unmet(incident.id, incident.draft, IncidentState.INVESTIGATING, now=now):
        yield f"{finding.field} {finding.fact}: {finding.expected}"


def _updates(incident: Incident) -> Iterable[IncidentUpdateDocument]:
    for update in incident.updates:
        yield IncidentUpdateDocument(
            number=update.number,
            state=update.state.value,
            at=utc_text(update.at),
            by=update.by,
            title=update.title,
            text=update.text,
            notify=update.notify,
            pages=sorted(update.pages),
        )


def waiting_pages(incident: Incident, terms: IncidentTerms) -> Iterable[str]:
    """The pages that do not have all of an incident's updates yet."""
    for service in terms.services:
        if service.id == incident.service:
            pages = pages_of(terms, service)
            yield from (page.id for page in pages if incident.unpublished(page.id))


def move_document(move: Mapping[str, JsonValue]) -> IncidentMoveDocument:
    """One entry of an incident's log."""
    return IncidentMoveDocument(
        at=move["at"], act=move["act"], by=str(move.get("by", "")), says=said(move)
    )


def said(move: Mapping[str, JsonValue]) -> str:
    """What a move says, in a few words."""
    match Act(move["act"]):
        case Act.GUARDED:
            says = move["decision"]["verdict"]
        case Act.PUBLISHED:
            skipped = move["facts"].get("skipped")
            says = f"update {move['update']} on {move['page']}{f': {skipped}' if skipped else ''}"
        case Act.NOTICED:
            says = f"{move['page']} shows {move['state']}"
        case Act.APPROVED | Act.UPDATED:
            says = move["state"]
        case Act.NOTED:
            says = move["text"]
        case Act.WRITTEN:
            says = f"a postmortem of {len(move['text']):,} characters"
        case _:
            says = move.get("why", "")
    return str(says)


def stake_document(stake: AtStake) -> AtStakeDocument:
    """What a month may come to."""
    amount = stake.amount
    return AtStakeDocument(
        contract=stake.contract,
        month=str(stake.month),
        down_seconds=seconds(stake.down_ms),
        breached=stake.breached,
        amount=amount.text if amount else None,
        currency=amount.currency.code if amount else None,
    )


def credit_document(stored: StoredObligation) -> IncidentCreditDocument:
    """A credit of the month."""
    amount = stored.obligation.amount
    return IncidentCreditDocument(
        obligation=stored.key,
        state=stored.obligation.state.value,
        amount=amount.text if amount else None,
        currency=amount.currency.code if amount else None,
    )


def posts_document(settlement: Settlement) -> PostsDocument:
    """What became of posts."""
    return PostsDocument(
        done=settlement.done,
        refused=settlement.refused,
        person=settlement.person,
        waiting=settlement.waiting,
        notes=list(settlement.notes),
    )


def guard_document(guarded: Guarded, published: Published) -> IncidentsGuardDocument:
    """What one round did."""
    return IncidentsGuardDocument(
        decisions=[
            GuardDecisionDocument(
                service=service,
                verdict=one.verdict.value,
                due_at=utc_text(one.at),
                incident=None if one.incident is None else incident_id(service, one.incident),
            )
            for service, one in guarded.decisions
        ],
        approved=[incident.id for incident in guarded.published],
        noticed=[name for name, _ in published.noticed],
        next_due_at=_time(guarded.next_due_at),
        posts=posts_document(published.settlement),
    )


def quarantine_document(bodies: Sequence[Quarantined]) -> IncidentsQuarantineDocument:
    """Bodies that are not used."""
    return IncidentsQuarantineDocument(
        bodies=[
            QuarantinedDocument(
                number=one.number,
                source=one.source,
                received_at=utc_text(one.received_at),
                why=one.why,
                body=one.body,
            )
            for one in bodies
        ]
    )


def print_incidents(incidents: Sequence[Incident], *, left_out: int) -> None:
    """A table of incidents."""
    if incidents:
        rows = [
            [
                one.id,
                one.state.value,
                "lasts" if one.recovered_at is None and one.state not in CLOSED else "over",
                ", ".join(one.clients),
                one.link,
            ]
            for one in incidents
        ]
        table("Incidents", ["incident", "state", "outage", "clients", "page"], rows, whole=0)
    else:
        write("No incident is open.")
    if left_out:
        write(f"{counted(left_out, 'closed incident')} left out; --all shows them.")


def print_incident(
    incident: Incident,
    terms: IncidentTerms,
    *,
    now: int,
    stakes: Sequence[AtStake] = (),
    owed: Sequence[StoredObligation] = (),
) -> None:
    """One incident in full: state, draft, what is missing, what it may cost, its history."""
    write(f"{incident.id}: {incident.state.value}", bold=True)
    over = "lasts" if incident.recovered_at is None else f"until {utc_text(incident.recovered_at)}"
    write(f"Outage: {utc_text(incident.started_at)}, {over}")
    if incident.link:
        write(f"Page: {incident.link}")
    for name, value in incident.draft.record.items():
        shown = value if isinstance(value, str | None) else _listed(value)
        write(f"  {name.replace('_', ' ')}: {shown or '-'}")
    for fact in missing(incident, now=now):
        write(f"Missing: {fact}")
    for page in waiting_pages(incident, terms):
        write(f"Waits for {page}")
    for stake in stakes:
        write(f"May cost: {stake.contract} {stake.month}: {stake.amount or 'not known'}")
    for stored in owed:
        amount = stored.obligation.amount or stored.obligation.reason
        write(f"Decided: {stored.key}: {stored.obligation.state.value} {amount}")
    for move in incident.history:
        by = f" by {move['by']}" if move.get("by") else ""
        write(f"{move['at']}  {move['act']}{by}: {said(move)}".rstrip(": "))


def _listed(value: JsonValue) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {state}" for name, state in value.items())
    return ", ".join(str(one) for one in value)
