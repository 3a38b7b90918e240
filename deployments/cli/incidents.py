"""`makegood incidents`: drafts of the guard, what readers are told, and what it may cost.

Nothing that is said here reaches anybody before it was approved and meets the checklist. What was
approved goes to the pages at once; what cannot be brought there now is brought by the next round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import ConnectorError
from connectors.files import write_whole
from deployments.cli.approver import present_voice
from deployments.cli.documents import (
    IncidentMovedDocument,
    IncidentsDocument,
    IncidentShowDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.incident_reports import (
    WAITING,
    credit_document,
    guard_document,
    incident_document,
    move_document,
    posts_document,
    print_incident,
    print_incidents,
    quarantine_document,
    stake_document,
)
from deployments.cli.options import Json, Workspace
from deployments.cli.printing import counted, print_json, table, write
from flows import incidents as telling
from flows import postmortems
from flows.guard import guard_all
from flows.incident_money import at_stake, credits_of
from flows.incident_reminders import remind_all
from flows.incidents import Changes, Saying, all_incidents, find_incident
from flows.office import Office, open_office
from flows.publishing import Published, publish_all
from models.approval import Voice
from models.findings import refuse
from models.incidents.life import (
    CLOSED,
    PUBLIC,
    ComponentState,
    Incident,
    IncidentState,
    Level,
)
from models.incidents.postmortem import html, markdown
from models.incidents.terms import IncidentTerms
from models.intervals import MINUTE_MS, instant, utc, utc_text
from models.ledger import one_line
from models.period import zone
from models.terms import near_miss

HERE = Path()
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class Form(StrEnum):
    """How a postmortem is written."""

    MARKDOWN = "markdown"
    HTML = "html"


incidents = typer.Typer(
    rich_markup_mode=None,
    help="Incidents: drafts, and what readers are told.",
    no_args_is_help=True,
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The incident, as the list has it.")]
Scope = Annotated[str | None, typer.Option("--scope", help="Which product or part of it.")]
Impact = Annotated[str | None, typer.Option("--impact", help="What readers may notice.")]
Mitigation = Annotated[str | None, typer.Option("--mitigation", help="What is being done.")]
Cause = Annotated[str | None, typer.Option("--cause", help="Why it happened.")]
Guidance = Annotated[str | None, typer.Option("--guidance", help="What readers can do meanwhile.")]
By = Annotated[
    str | None,
    typer.Option("--next-update-by", metavar="TIME", help="HH:MM in the readers' zone, or ISO."),
]
In = Annotated[
    int | None,
    typer.Option("--next-update-in", metavar="MINUTES", min=1, max=1440, help="Minutes from now."),
]
Proof = Annotated[
    list[str] | None,
    typer.Option("--evidence", metavar="URL", help="A dashboard or log; may be given again."),
]
HowBad = Annotated[Level | None, typer.Option("--level", help="How bad it is for readers.")]
Part = Annotated[
    list[str] | None,
    typer.Option("--component", metavar="NAME=STATE", help="A component; may be given again."),
]
Notify = Annotated[bool, typer.Option("--notify", help="Tell the page's subscribers as well.")]
Token = Annotated[
    bool, typer.Option("--token", help="Ask for your approver's token, to speak by your name.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the command line says otherwise than before."""

    scope: str | None = None
    impact: str | None = None
    mitigation: str | None = None
    cause: str | None = None
    guidance: str | None = None
    by: str | None = None
    within: int | None = None
    evidence: Sequence[str] | None = None
    level: Level | None = None
    parts: Sequence[str] | None = None
    notify: bool = False

    def saying(self, office: Office, incident: Incident, by: Voice, now: int) -> Saying:
        """Who says it, with its times and components read."""
        names = ("scope", "impact", "mitigation", "cause", "guidance")
        given = {name: getattr(self, name) for name in names}
        terms = office.workspace.incidents or IncidentTerms()
        changes = Changes(
            texts={n: text if text is None else one_line(text) for n, text in given.items()},
            next_update_by=_promised(self.by, self.within, terms.time_zone, now),
            evidence=self.evidence or (),
            level=self.level,
            components=dict(_component(part, incident) for part in self.parts or ()),
        )
        return Saying(by=by, now=now, changes=changes, notify=self.notify)


@incidents.command("list")
def list_incidents(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what is closed.")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """List incidents that are open; a draft waits for somebody."""
    with open_office(workspace, read_only=True) as office:
        found = all_incidents(office.store)
        kept = [one for one in found if everything or one.state not in CLOSED]
        terms, now = _terms(office), office.store.now()
    if json:
        documents = [incident_document(one, terms, now=now) for one in kept]
        print_json(IncidentsDocument(incidents=documents))
    else:
        print_incidents(kept, left_out=len(found) - len(kept))
    waits = any(one.state in WAITING for one in kept)
    return Exit.NEEDS_A_PERSON if waits else Exit.DONE


@incidents.command("show")
def show_incident(key: Key, *, workspace: Workspace = HERE, json: Json = False) -> int:
    """Show one incident: draft, checklist, who is hit, what it may cost, and its history."""
    with open_office(workspace, read_only=True) as office:
        incident = find_incident(office.store, key)
        terms, now = _terms(office), office.store.now()
        same = all_incidents(office.store, service=incident.service)
        stakes = at_stake(office.contracts, same, incident, now=now)
        owed = credits_of(office.store, incident, incident.clients)
    if json:
        document = IncidentShowDocument(
            incident=incident_document(incident, terms, now=now),
            history=[move_document(move) for move in incident.history],
            at_stake=[stake_document(stake) for stake in stakes],
            credits=[credit_document(stored) for stored in owed],
        )
        print_json(document)
    else:
        print_incident(incident, terms, now=now, stakes=stakes, owed=owed)
    return Exit.NEEDS_A_PERSON if incident.state in WAITING else Exit.DONE


@incidents.command("approve")
def approve_incident(
    key: Key,
    *,
    state: Annotated[
        str, typer.Option("--state", help="What readers are to see first.")
    ] = IncidentState.INVESTIGATING.value,
    scope: Scope = None,
    impact: Impact = None,
    mitigation: Mitigation = None,
    cause: Cause = None,
    guidance: Guidance = None,
    by: By = None,
    within: In = None,
    evidence: Proof = None,
    level: HowBad = None,
    component: Part = None,
    notify: Notify = False,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Let a draft go: it is published at once, as far as it meets the checklist."""
    said = _Said(
        scope=scope,
        impact=impact,
        mitigation=mitigation,
        cause=cause,
        guidance=guidance,
        by=by,
        within=within,
        evidence=evidence,
        level=level,
        parts=component,
        notify=notify,
    )
    return _publish(key, _state(state), said, token=token, workspace=workspace, json=json)


@incidents.command("update")
def update_incident(
    key: Key,
    *,
    state: Annotated[str, typer.Option("--state", help="investigating, identified, monitoring.")],
    scope: Scope = None,
    impact: Impact = None,
    mitigation: Mitigation = None,
    cause: Cause = None,
    guidance: Guidance = None,
    by: By = None,
    within: In = None,
    evidence: Proof = None,
    level: HowBad = None,
    component: Part = None,
    notify: Notify = False,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Say more of an incident that readers know; the same state every half hour at most."""
    said = _Said(
        scope=scope,
        impact=impact,
        mitigation=mitigation,
        cause=cause,
        guidance=guidance,
        by=by,
        within=within,
        evidence=evidence,
        level=level,
        parts=component,
        notify=notify,
    )
    return _publish(key, _state(state), said, token=token, workspace=workspace, json=json)


@incidents.command("resolve")
def resolve_incident(
    key: Key,
    *,
    cause: Cause = None,
    impact: Impact = None,
    notify: Notify = False,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Tell readers that it is over, and why it happened."""
    said = _Said(cause=cause, impact=impact, notify=notify)
    state = IncidentState.RESOLVED
    return _publish(key, state, said, token=token, workspace=workspace, json=json)


@incidents.command("edit")
def edit_incident(
    key: Key,
    *,
    scope: Scope = None,
    impact: Impact = None,
    mitigation: Mitigation = None,
    evidence: Proof = None,
    level: HowBad = None,
    component: Part = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Change what a draft says; nobody else sees it."""
    said = _Said(
        scope=scope,
        impact=impact,
        mitigation=mitigation,
        evidence=evidence,
        level=level,
        parts=component,
    )
    with open_office(workspace) as office:
        incident, by, now = _asked(office, key, token=token)
        edited = telling.edit(office.store, incident.id, said.saying(office, incident, by, now))
        return _shown(office, edited, Published(), json=json)


@incidents.command("reject")
def reject_incident(
    key: Key,
    *,
    why: Annotated[str, typer.Option("--why", help="Why it is nothing; the log keeps it.")],
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Say that a draft is nothing; the outage that goes on opens no other one."""
    if not one_line(why):
        raise refuse("--why", "is empty", expected="a reason", remedy="Say why it is nothing.")
    with open_office(workspace) as office:
        incident, by, now = _asked(office, key, token=token)
        saying = Saying(by=by, now=now)
        rejected = telling.reject(office.store, incident.id, saying, why=one_line(why))
        return _shown(office, rejected, Published(), json=json)


@incidents.command("note")
def note_on_incident(
    key: Key,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the postmortem is to know.")],
    *,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Keep something for the postmortem; readers of the page never see it."""
    with open_office(workspace) as office:
        incident, by, now = _asked(office, key, token=token)
        noted = telling.note_down(office.store, incident.id, one_line(text), by=by, now=now)
        return _shown(office, noted, Published(), json=json)


@incidents.command("postmortem")
def write_postmortem(
    key: Key,
    *,
    file: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write it to a new file.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Markdown, or HTML.")] = Form.MARKDOWN,
    shared: Annotated[
        bool, typer.Option("--shared", help="Leave out names, clients, money and evidence.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FILE", help="Keep what people have written.")
    ] = None,
    token: Token = False,
    workspace: Workspace = HERE,
) -> int:
    """Compile a postmortem from what is known, or keep a version that people have written.

    What only people know is left as a gap; a version with gaps is not kept.
    """
    with open_office(workspace, read_only=keep is None) as office:
        if keep is not None:
            incident, by, now = _asked(office, key, token=token)
            kept = postmortems.keep(office.store, incident.id, _written(keep), by=by, now=now)
            number = len(postmortems.versions_of(kept))
            write(f"{kept.id}: version {number} is kept.")
            return Exit.DONE
        incident = find_incident(office.store, key)
        told = postmortems.compiled(office.store, _terms(office), incident, shared=shared)
    text = markdown(told) if form is Form.MARKDOWN else html(told)
    if file is None:
        write(text)
        return Exit.DONE
    if file.exists():
        raise refuse(
            "--write",
            f"names {file}, which is there already",
            expected="a new file, because people write in it",
            remedy="Name another one, or move that one away.",
        )
    write_whole(file, text.encode())
    write(f"Written to {file}.")
    return Exit.DONE


def _written(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise refuse(
            "--keep",
            f"names {file}, which cannot be read",
            expected="a text file in UTF-8",
            remedy="Check its path.",
        ) from None


@incidents.command("guard")
def guard_services(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """Hear what is new, decide what is due, publish, remind. Run it every minute."""
    with open_office(workspace) as office:
        guarded = guard_all(office)
        published = publish_all(office)
        remind_all(office)
    if json:
        print_json(guard_document(guarded, published))
    else:
        for service, one in guarded.decisions:
            write(f"{service}: {one.verdict.value}, due {utc_text(one.at)}")
        done = published.settlement.done
        write(f"{counted(len(guarded.decisions), 'decision')}, {counted(done, 'post')} published.")
    return _ended(published)


@incidents.command("quarantine")
def show_quarantine(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """Show what webhooks brought and could not be used, the latest hundred."""
    with open_office(workspace, read_only=True) as office:
        bodies = office.store.quarantined()
    if json:
        print_json(quarantine_document(bodies))
    elif bodies:
        rows = [[one.source, utc_text(one.received_at), one.why] for one in bodies]
        table("Not used", ["webhook", "received", "why"], rows)
    else:
        write("Everything that webhooks brought could be read.")
    return Exit.NEEDS_A_PERSON if bodies else Exit.DONE


def _publish(
    key: str, state: IncidentState, said: _Said, *, token: bool, workspace: Path, json: bool
) -> Exit:
    with open_office(workspace) as office:
        incident, by, now = _asked(office, key, token=token)
        saying = said.saying(office, incident, by, now)
        told = telling.say(office.store, _terms(office), incident.id, state, saying)
        try:
            published = publish_all(office, look=False)
        except ConnectorError as error:
            say(f"{error}\n{told.id}: is noted and waits; run makegood incidents guard.")
            return Exit.COULD_NOT_FINISH
        return _shown(office, find_incident(office.store, told.id), published, json=json)


def _asked(office: Office, key: str, *, token: bool) -> tuple[Incident, Voice, int]:
    incident = find_incident(office.store, key)
    typed = typer.prompt("Token", hide_input=True, err=True) if token else None
    voice = present_voice(office.workspace.release.approvers, token=typed)
    return incident, voice, office.store.now()


def _shown(office: Office, incident: Incident, published: Published, *, json: bool) -> Exit:
    terms, now = _terms(office), office.store.now()
    if json:
        document = IncidentMovedDocument(
            incident=incident_document(incident, terms, now=now),
            posts=posts_document(published.settlement),
        )
        print_json(document)
    else:
        print_incident(incident, terms, now=now)
    return _ended(published)


def _ended(published: Published) -> Exit:
    settlement = published.settlement
    for note in settlement.notes:
        say(note)
    if settlement.unfinished:
        return Exit.COULD_NOT_FINISH
    return Exit.NEEDS_A_PERSON if settlement.person or settlement.refused else Exit.DONE


def _terms(office: Office) -> IncidentTerms:
    return office.workspace.incidents or IncidentTerms()


def _state(text: str) -> IncidentState:
    known = {state.value: state for state in PUBLIC}
    if text in known:
        return known[text]
    raise refuse(
        "--state",
        f"is {text!r}",
        expected=", ".join(known),
        remedy=near_miss(text, known) or "Write one of these.",
    )


def _component(text: str, incident: Incident) -> tuple[str, ComponentState]:
    name, _, state = text.partition("=")
    known = {one.value: one for one in ComponentState}
    if name in incident.draft.components and state in known:
        return name, known[state]
    raise refuse(
        "--component",
        f"is {text!r}",
        expected=f"NAME=STATE with {', '.join(incident.draft.components)} and {', '.join(known)}",
        remedy=near_miss(state, known) or near_miss(name, incident.draft.components) or "Mend it.",
    )


def _promised(by: str | None, within: int | None, time_zone: str, now: int) -> int | None:
    """Until when more is promised: so many minutes from now, the next such time of day, or ISO."""
    if within is not None:
        return now + within * MINUTE_MS
    if by is None:
        return None
    if clock := CLOCK.fullmatch(by.strip()):
        here = utc(now).astimezone(zone(time_zone))
        then = here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return instant(then if then > here else then + timedelta(days=1))
    try:
        return instant(datetime.fromisoformat(by))
    except ValueError:
        raise refuse(
            "--next-update-by",
            f"is {by!r}",
            expected="HH:MM, or ISO 8601 with an offset",
            remedy="Write for example 14:30, or give --next-update-in 30.",
        ) from None
