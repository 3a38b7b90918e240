"""An incident's rounds cut off at every statement and every request: the end is the same.

What happens to the process is what a kill does: nothing after that moment. Statements sent to the
database, commits, and requests to the page are struck in turn, requests before and after; a later
round goes on.
"""

import pytest
from sqlalchemy import event

from flows.guard import guard_all
from flows.incidents import Changes, Saying, all_incidents, say
from flows.publishing import publish_all
from flows.verify import verify
from models.effect import Abilities
from models.incidents.life import IncidentState
from models.intervals import MINUTE_MS
from tests.flows.incident_office import INCIDENTS, KIM, down, laid_out, opened
from tests.standins.statuspage import client as statuspage

PAGE = "  pages:\n    - {id: status, kind: statuspage, page: p1, address: ADDRESS}\n"


class Killed(BaseException):
    """The process is gone."""


class Death:
    """Strikes at a moment, counted over statements, commits and requests; 0 never does."""

    def __init__(self, at=0):
        self.at, self.seen = at, 0

    def moment(self, *_):
        """One more moment; the last one of this process when it is its turn."""
        self.seen += 1
        if self.seen == self.at:
            raise Killed

    def watch(self, office, monkeypatch):
        """Strike this office's database and requests."""
        engine = office.store.dialect.engine
        event.listen(engine, "before_cursor_execute", self.moment)
        event.listen(engine, "commit", self.moment)
        send = statuspage_send()

        def sent(page, post):
            self.moment()
            facts = send(page, post)
            self.moment()
            return facts

        monkeypatch.setattr("connectors.status_pages.statuspage.Statuspage.send", sent)


def statuspage_send():
    """The page's own way to send."""
    from connectors.status_pages.statuspage import Statuspage  # noqa: PLC0415  Before it is changed.

    return Statuspage.__dict__["send"]


SEND = statuspage_send()


def life(folder, death, *, later_ms):
    """One process: a round, Kim's yes to a draft, and another round; as far as it comes."""
    with pytest.MonkeyPatch.context() as patch, opened(folder) as office:
        patch.setattr("flows.publishing.pause", lambda _ms: None)
        dialect, now = office.store.dialect, office.store.dialect.now
        patch.setattr(dialect, "now", lambda connection: now(connection) + later_ms)
        patch.setattr("connectors.status_pages.statuspage.Statuspage.send", SEND)
        death.watch(office, patch)
        guard_all(office)
        for incident in all_incidents(office.store):
            if incident.state is IncidentState.DRAFT:
                by = office.store.now() + 20 * MINUTE_MS
                changes = Changes(texts={}, next_update_by=by)
                saying = Saying(by=KIM, now=office.store.now(), changes=changes)
                terms, state = office.workspace.incidents, IncidentState.INVESTIGATING
                say(office.store, terms, incident.id, state, saying)
        publish_all(office)


def lived(folder, page, *, at):
    """A life that is cut off at a moment, and three later ones; how many moments the first had."""
    page.incidents.clear()
    incidents = INCIDENTS[: INCIDENTS.index("  pages:")] + PAGE.replace("ADDRESS", page.url)
    laid_out(folder, incidents=incidents.replace("{PAGES}", "{status: c-api}"))
    with opened(folder) as office:
        down(office.store, "robot/777", "errors/Errors", minutes_ago=6)
    first = Death(at)
    try:
        life(folder, first, later_ms=0)
    except Killed:
        for minutes in (2, 4, 6):
            life(folder, Death(), later_ms=minutes * MINUTE_MS)
    return first.seen


def judged(folder, page):
    """Everything that is not as it should be."""
    with opened(folder) as office:
        incidents = all_incidents(office.store)
        faults = [*verify(office.store).faults]
        states = [(one.state, len(one.updates), sorted(one.updates[0].pages)) for one in incidents]
    if states != [(IncidentState.INVESTIGATING, 1, ["status"])]:
        faults.append(f"the log tells {states}")
    shown = [len(one["incident_updates"]) for one in page.incidents]
    if shown != [1]:
        faults.append(f"the page has incidents with {shown} updates")
    return faults


def test_a_round_that_is_killed_at_any_moment_ends_as_an_undisturbed_one(tmp_path, monkeypatch):
    """One draft, one yes, one incident with one update on the page; the chain is intact."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_STATUS_KEY", statuspage.KEY)
    with statuspage.running() as page:
        moments = lived(tmp_path / "whole", page, at=0)
        assert judged(tmp_path / "whole", page) == []
        assert moments > 60
        # Every third moment, so that it stays short.
        wrong = {}
        for at in range(1, moments + 1, 3):
            folder = tmp_path / str(at)
            lived(folder, page, at=at)
            if faults := judged(folder, page):
                wrong[at] = faults
        assert wrong == {}


def test_a_program_that_repeats_blindly_is_caught(tmp_path, monkeypatch):
    """Without the look before a repeated request there are two incidents; the judge sees them."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_STATUS_KEY", statuspage.KEY)
    blind = Abilities(repeats_are_harmless=True)
    monkeypatch.setattr("connectors.status_pages.statuspage.Statuspage.abilities", blind)
    with statuspage.running() as page:
        moments, faults = lived(tmp_path / "whole", page, at=0), []
        for at in range(moments, 0, -1):
            lived(tmp_path / str(at), page, at=at)
            if faults := judged(tmp_path / str(at), page):
                break
        assert faults == ["the page has incidents with [1, 1] updates"]
