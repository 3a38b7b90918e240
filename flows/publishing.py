"""Publishing what was approved: each update once on each page, in order, or a person is told.

A page is looked at before more is said there: a state that somebody changed by hand is noted, and
what was decided before that is not sent any more. What is said was decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.errors import ConnectorError, Misconfigured
from connectors.retry import pause
from connectors.status_pages import Post, StatusPage
from connectors.status_pages.instatus import Instatus
from connectors.status_pages.local import LocalPage
from connectors.status_pages.statuspage import Statuspage
from connectors.store import Effect, EffectPlan, Store
from flows.effects import ONCE, Patience, Settlement, settle
from flows.incidents import all_incidents, alone, chain_of, find_incident, tell
from flows.log import note
from flows.office import Office
from flows.pacing import Limits
from flows.settings import held
from models.effect import Abilities, EffectState, Match
from models.incidents.life import ONGOING, Act, Incident, IncidentState, Update
from models.incidents.terms import IncidentTerms, PageKind, PageTerms, ServiceTerms
from models.intervals import instant, utc_text
from models.terms import JsonValue

INCIDENT_POST = "incident_post"
BY_HAND = "somebody changed the incident's state at the page by hand before this was sent"


@dataclass(slots=True)
class Published:
    """What one round brought to pages.

    Attributes:
        settlement: What became of posts.
        noticed: Incidents whose state was changed at a page by hand, and to what.
    """

    settlement: Settlement = field(default_factory=Settlement)
    noticed: list[tuple[str, IncidentState]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Posting:
    """A page as the engine sees it."""

    page: StatusPage
    store: Store

    @property
    def name(self) -> str:
        """The page's."""
        return self.page.name

    @property
    def limits(self) -> Limits:
        """One request after the other, at the pace that all runs over the database share."""
        return Limits(wait_for_turn=self.turn) if self.page.gap_us else Limits()

    def turn(self) -> None:
        """Wait until one more request may leave."""
        if self.page.gap_us:
            wait_us = self.store.turns(f"{self.page.name}/requests", gap_us=self.page.gap_us)
            pause(-(-wait_us // 1000))

    def abilities(self, plan: EffectPlan) -> Abilities:
        """The page's."""
        return self.page.abilities

    def writer(self, plan: EffectPlan) -> str:
        """One incident on one page: its updates come in order."""
        return f"{self.page.name}/{plan.intent['incident']}"

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """There is no money here."""
        return False

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """Ask the page."""
        return self.page.look(Post.from_intent(plan.intent))

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """Post it."""
        return self.page.send(Post.from_intent(plan.intent))


def publish_all(
    office: Office,
    *,
    pages: Mapping[str, StatusPage] | None = None,
    patience: Patience = ONCE,
    look: bool = True,
) -> Published:
    """Bring every approved update to the pages of its service, and notice what was changed there.

    Args:
        office: What the run talks to.
        pages: The pages, by the workspace's id; None opens them.
        patience: How long to go on about one post.
        look: Whether pages are asked about incidents of which nothing waits.

    Raises:
        Misconfigured: A page's key or id is wrong; what is on other pages by then stays.
        ConnectorError: The database cannot be reached.
    """
    terms = office.workspace.incidents or IncidentTerms()
    known = open_pages(terms, office) if pages is None else pages
    published = Published()
    for incident in all_incidents(office.store):
        service = next((one for one in terms.services if one.id == incident.service), None)
        if service is None or not incident.updates:
            continue
        for page_terms in pages_of(terms, service):
            page = _Posting(known[page_terms.id], office.store)
            run = _Run(office.store, service, page_terms, page, patience, published)
            run.bring(incident.id, look=look)
    return published


@dataclass(frozen=True, slots=True)
class _Run:
    """Brings incidents of one service to one page."""

    store: Store
    service: ServiceTerms
    terms: PageTerms
    posting: _Posting
    patience: Patience
    published: Published

    def bring(self, key: str, *, look: bool) -> None:
        """Bring an incident's updates there, in order, until one cannot be."""
        page = self.terms.id
        incident = find_incident(self.store, key)
        waiting = incident.unpublished(page)
        if not waiting:
            if look and incident.state in ONGOING:
                self._noticed(incident)
            return
        while waiting:
            update = waiting[0]
            if update.number > 1 and not self._tried(incident, update):
                incident = self._noticed(incident)
            facts = self._facts(incident, update)
            if facts is None:
                return
            incident = self._told(key, update, facts)
            waiting = incident.unpublished(page)

    def _facts(self, incident: Incident, update: Update) -> JsonValue:
        """What is kept of an update that is there, or shall not be; None when it waits."""
        there = "" if update.number == 1 else self._there(incident)
        if there is None:
            return None
        if update.at < _noticed_at(incident, self.terms.id):
            return {"id": there, "link": "", "skipped": BY_HAND}
        plan = self._plan(incident, update, there)
        self.store.plan_effects([plan])
        came = settle(self.store, [plan.key], self.posting, patience=self.patience)
        self.published.settlement.add(came)
        (effect,) = self.store.effects(keys=[plan.key])
        return self._kept(effect)

    def _kept(self, effect: Effect) -> JsonValue:
        if effect.state is not EffectState.DONE:
            note(f"{effect.key}: is {effect.state.value}")
            return None
        outcome = effect.outcome if isinstance(effect.outcome, dict) else {}
        return {"id": str(outcome.get("id", "")), "link": str(outcome.get("link", ""))}

    def _there(self, incident: Incident) -> str | None:
        first = incident.updates[0].pages[self.terms.id]
        if not first["id"]:
            note(f"{incident.id}: nobody knows its id on {self.terms.id}; say more there by hand")
        return str(first["id"]) or None

    def _tried(self, incident: Incident, update: Update) -> bool:
        """Whether this update may be what changed the page."""
        found = self.store.effects(keys=[self._key(incident, update)])
        return bool(found and found[0].attempt)

    def _key(self, incident: Incident, update: Update) -> str:
        return f"{incident.id}/{self.terms.id}/u{update.number}"

    def _plan(self, incident: Incident, update: Update, there: str) -> EffectPlan:
        components = self.service.components
        post = Post(
            incident=incident.id,
            number=update.number,
            there=there,
            title=update.title,
            text=update.text,
            state=update.state,
            level=update.draft.level,
            components={
                name: update.draft.components[component]
                for component, name in self._names(components)
                if component in update.draft.components
            },
            notify=update.notify or self.terms.notify,
            started_at=incident.started_at,
        )
        return EffectPlan(
            self._key(incident, update),
            INCIDENT_POST,
            chain_of(incident.service),
            utc_text(incident.started_at)[:7],
            {**post.intent, "page": self.terms.id},
        )

    def _names(self, components: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
        """Our id of each component that the page shows, and what it is there."""
        for component, part in components.items():
            if self.terms.kind is PageKind.LOCAL:
                yield component, part.name
            elif self.terms.id in part.pages:
                yield component, part.pages[self.terms.id]

    def _noticed(self, incident: Incident) -> Incident:
        """The incident, after a look at what the page shows."""
        there = incident.updates[0].pages.get(self.terms.id, {}).get("id")
        if not there:
            return incident
        self.posting.turn()
        try:
            shown = self.posting.page.state_of(there)
        except Misconfigured:
            raise
        except ConnectorError as error:
            note(f"{incident.id}: {self.terms.id} could not be looked at: {error}")
            return incident
        if shown is None or shown is _expected(incident, self.terms.id):
            return incident
        self.published.noticed.append((incident.id, shown))
        said = {"page": self.terms.id, "state": shown.value, "at": utc_text(self.store.now())}
        with alone(self.store, incident.service):
            return tell(self.store, find_incident(self.store, incident.id), Act.NOTICED, said)

    def _told(self, key: str, update: Update, facts: JsonValue) -> Incident:
        with alone(self.store, self.service.id):
            incident = find_incident(self.store, key)
            if self.terms.id in incident.updates[update.number - 1].pages:
                return incident
            said = {
                "page": self.terms.id,
                "update": update.number,
                "facts": facts,
                "at": utc_text(self.store.now()),
            }
            return tell(self.store, incident, Act.PUBLISHED, said)


def _expected(incident: Incident, page: str) -> IncidentState:
    """What a page shows unless somebody has changed it since we looked or wrote last."""
    expected = incident.updates[0].state
    for move in incident.history:
        if move.get("page") != page:
            continue
        if move["act"] == Act.NOTICED.value:
            expected = IncidentState(move["state"])
        elif not move["facts"].get("skipped"):
            expected = incident.updates[move["update"] - 1].state
    return expected


def _noticed_at(incident: Incident, page: str) -> int:
    """When a change by hand was noticed last on a page; 0 when none ever was."""
    moves = [move for move in incident.history if move["act"] == Act.NOTICED.value]
    times = [move["at"] for move in moves if move["page"] == page]
    return max((instant(datetime.fromisoformat(text)) for text in times), default=0)


def pages_of(terms: IncidentTerms, service: ServiceTerms) -> tuple[PageTerms, ...]:
    """The pages that show a service: local ones, and those that know one of its components."""
    named = {page for part in service.components.values() for page in part.pages}
    return tuple(p for p in terms.pages if p.kind is PageKind.LOCAL or p.id in named)


def open_pages(terms: IncidentTerms, office: Office) -> dict[str, StatusPage]:
    """Every page of a workspace, by its id; nothing is asked yet.

    Raises:
        Misconfigured: The key of a vendor's page is missing.
    """
    return {page.id: _opened(page, office.folder, office.workspace.name) for page in terms.pages}


def _opened(terms: PageTerms, folder: Path, title: str) -> StatusPage:
    if terms.kind is PageKind.LOCAL or terms.page is None:
        return LocalPage(terms.id, folder / terms.folder, title=title, link=terms.link or "")
    name = terms.secret_name("KEY")
    key = held(name)
    if not key:
        message = (
            f"{name}: is not set; the key of the page {terms.id} was expected. "
            "Put it into the environment; nothing was published."
        )
        raise Misconfigured(message)
    kind = Statuspage if terms.kind is PageKind.STATUSPAGE else Instatus
    if terms.address is None:
        return kind(terms.id, page=terms.page, key=key)
    return kind(terms.id, page=terms.page, key=key, address=terms.address)
