"""Publishing to vendors' pages under every fault at every request: never two incidents for one."""

import pytest

from connectors.errors import Misconfigured
from flows.guard import guard_all
from flows.incidents import Changes, Saying, all_incidents, find_incident, say
from flows.publishing import publish_all
from models.effect import EffectState
from models.incidents.life import IncidentState
from models.intervals import MINUTE_MS
from tests.flows.incident_office import INCIDENTS, KIM, down, laid_out, opened
from tests.standins.instatus import client as instatus
from tests.standins.statuspage import client as statuspage

API = ("robot/777", "errors/Errors")
PAGES = """\
  pages:
    - {id: status, kind: KIND, page: PAGE, address: ADDRESS}
"""
KINDS = {"statuspage": statuspage, "instatus": instatus}


class Story:
    """An incident that is approved and resolved, and a page that takes it; time can pass."""

    def __init__(self, office, monkeypatch):
        self.office, self.later_ms = office, 0
        dialect, now = office.store.dialect, office.store.dialect.now
        monkeypatch.setattr(
            dialect, "now", lambda connection: now(connection) + self.later_ms, raising=True
        )
        # The pace of one request a second is the same for all runs, and has a test of its own.
        monkeypatch.setattr("flows.publishing.pause", lambda _ms: None)
        down(office.store, *API, minutes_ago=6)
        guard_all(office)
        (incident,) = all_incidents(office.store)
        self.key = incident.id

    def says(self, state, **texts):
        """Kim says so, now."""
        store, terms = self.office.store, self.office.workspace.incidents
        promise = None if state is IncidentState.RESOLVED else store.now() + 20 * MINUTE_MS
        changes = Changes(texts=texts, next_update_by=promise)
        say(store, terms, self.key, state, Saying(by=KIM, now=store.now(), changes=changes))

    def published(self, *, after_minutes=0):
        """A round, so many minutes later."""
        self.later_ms += after_minutes * MINUTE_MS
        return publish_all(self.office)

    @property
    def incident(self):
        """As it stands."""
        return find_incident(self.office.store, self.key)

    def states(self):
        """The state of each effect, in order."""
        return [effect.state for effect in self.office.store.effects()]


@pytest.fixture
def story(request, tmp_path, monkeypatch):
    """A story, and the vendor's page that is to tell it."""
    name = getattr(request, "param", "statuspage")
    vendor = KINDS[name]
    with vendor.running() as page:
        pages = PAGES.replace("KIND", name).replace("PAGE", vendor.PAGE_ID)
        incidents = INCIDENTS[: INCIDENTS.index("  pages:")] + pages.replace("ADDRESS", page.url)
        laid_out(tmp_path, incidents=incidents.replace("{PAGES}", "{status: c-api}"))
        monkeypatch.setenv("MAKEGOOD_SOURCE_STATUS_KEY", vendor.KEY)
        with opened(tmp_path) as office:
            yield Story(office, monkeypatch), page


BOTH = pytest.mark.parametrize("story", list(KINDS), indirect=True)


def incidents_of(page):
    """How many incidents a page has, and how many updates they have together."""
    found = page.incidents if isinstance(page.incidents, list) else [*page.incidents.values()]
    updates = [one.get("incident_updates", one.get("updates")) for one in found]
    return len(found), sum(map(len, updates))


@BOTH
def test_a_whole_incident_is_told_once(story):
    """Investigating, identified, resolved: one incident with three updates, components well."""
    told, page = story
    told.says(IncidentState.INVESTIGATING)
    told.published()
    told.says(IncidentState.IDENTIFIED, cause="A bad release.")
    told.says(IncidentState.RESOLVED)
    told.published()
    told.published()
    assert incidents_of(page) == (1, 3)
    assert told.incident.state is IncidentState.RESOLVED
    assert {*page.components.values()} <= {"operational", "OPERATIONAL"}
    assert page.told == []


@BOTH
def test_a_draft_is_never_sent(story):
    """Whatever is sent is public."""
    told, page = story
    told.published()
    assert page.requests == 0


FAULTS = [
    statuspage.Fault(kind="cut", when="before"),
    statuspage.Fault(kind="cut", when="after"),
    statuspage.Fault(kind="broken_json"),
    statuspage.Fault(kind="short_body"),
    statuspage.Fault(kind="status", status=420),
    statuspage.Fault(kind="status", status=500),
]
"""A reset ends as a cut does, 429 as 420, 503 as 500: `tests/connectors/status_pages`."""


def named(fault):
    """What a fault is called."""
    return (
        f"{fault.kind}-{fault.when}-{fault.status}"
        if fault.kind == "status"
        else (f"{fault.kind}-{fault.when}")
    )


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_at_statuspage_no_fault_makes_a_second_incident(story, fault, at):
    """Each fault at each request; later runs look, and go on. Nobody has to be asked."""
    told, page = story
    kinds = {"kind": fault.kind, "when": fault.when, "status": fault.status}
    page.plan(statuspage.Fault(at=at, **kinds))
    told.says(IncidentState.INVESTIGATING)
    told.published()
    told.says(IncidentState.IDENTIFIED, cause="A bad release.")
    for _ in range(3):
        told.published(after_minutes=2)
    told.says(IncidentState.RESOLVED)
    for _ in range(3):
        told.published(after_minutes=2)
    assert incidents_of(page) == (1, 3)
    assert {*told.states()} == {EffectState.DONE}
    assert told.incident.state is IncidentState.RESOLVED


@pytest.mark.parametrize("story", ["instatus"], indirect=True)
@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_at_instatus_no_fault_makes_a_second_incident(story, fault, at):
    """It cannot be asked: what may be there goes to a person, and nothing is sent twice."""
    told, page = story
    kinds = {"kind": fault.kind, "when": fault.when, "status": fault.status}
    page.plan(instatus.Fault(at=at, **kinds))
    told.says(IncidentState.INVESTIGATING)
    told.published()
    told.says(IncidentState.IDENTIFIED, cause="A bad release.")
    for _ in range(3):
        told.published(after_minutes=2)
    made, updates = incidents_of(page)
    assert made <= 1
    assert updates <= 2
    surely_nothing = fault.kind == "status" and fault.status == 420
    asked = EffectState.PERSON in told.states()
    # The second request of a whole story only looks.
    assert asked == (at != 2 and not surely_nothing)
    assert asked or updates == 2


def test_a_wrong_key_stops_the_run_and_loses_nothing(story, monkeypatch):
    """A person mends it; then it goes out."""
    told, page = story
    told.says(IncidentState.INVESTIGATING)
    monkeypatch.setenv("MAKEGOOD_SOURCE_STATUS_KEY", "wrong")
    with pytest.raises(Misconfigured, match="Could not authenticate"):
        told.published()
    monkeypatch.delenv("MAKEGOOD_SOURCE_STATUS_KEY")
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_STATUS_KEY: is not set"):
        told.published()
    monkeypatch.setenv("MAKEGOOD_SOURCE_STATUS_KEY", statuspage.KEY)
    told.published()
    assert incidents_of(page) == (1, 1)


@BOTH
def test_a_state_that_was_changed_at_the_page_by_hand_is_respected(story):
    """Resolved there: what was decided before that is not sent, and nothing more can be said."""
    told, page = story
    told.says(IncidentState.INVESTIGATING)
    told.published()
    told.says(IncidentState.IDENTIFIED, cause="A bad release.")
    (there,) = {page["id"] for u in told.incident.updates for page in u.pages.values()}
    page.by_hand(there, "resolved")
    before = incidents_of(page)
    (noticed,) = told.published(after_minutes=1).noticed
    assert noticed == (told.key, IncidentState.RESOLVED)
    assert incidents_of(page) == before
    assert told.incident.state is IncidentState.RESOLVED
    assert told.incident.updates[1].pages["status"]["skipped"]
    assert told.published(after_minutes=1).noticed == []


def test_a_change_by_hand_is_noticed_though_nothing_waits(story):
    """The sweep looks; a later update of ours is sent again."""
    told, page = story
    told.says(IncidentState.INVESTIGATING)
    told.published()
    page.by_hand("inc1", "monitoring")
    assert told.published(after_minutes=1).noticed == [(told.key, IncidentState.MONITORING)]
    told.later_ms += MINUTE_MS
    told.says(IncidentState.IDENTIFIED, cause="A bad release.")
    told.published()
    assert page.incidents[0]["status"] == "identified"


def test_requests_to_statuspage_leave_one_a_second(story, monkeypatch):
    """All runs over the database share the pace."""
    told, page = story
    waits: list[int] = []
    monkeypatch.setattr("flows.publishing.pause", waits.append)
    told.says(IncidentState.INVESTIGATING)
    told.published()
    for _ in range(3):
        told.published()
    # The first one leaves at once; each later one about a second after the one before it.
    assert page.requests == 4
    assert sum(waits) >= 2 * 1030
