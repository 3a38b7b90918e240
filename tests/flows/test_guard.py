"""The guard at work in a workspace: drafts, silence, people, and pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.store import KeptGuard
from connectors.store.sql import open_store
from flows.exclusions import announcements
from flows.guard import guard_all, maintenance_of
from flows.incidents import Changes, Saying, all_incidents, edit, find_incident, reject, say
from flows.publishing import publish_all
from flows.verify import verify
from models.announcements import Told
from models.decision import EntryKind
from models.exclusion import ExclusionEvent
from models.findings import UnusableInputError
from models.incidents.guard import Verdict
from models.incidents.life import ComponentState, IncidentState
from models.incidents.memory import recorded, remembered
from models.intervals import MINUTE_MS, utc_text
from models.sources.exclusions import Announced
from tests.flows.incident_office import INCIDENTS, KIM, down, laid_out, opened, up

API = ("robot/777", "errors/Errors")


@pytest.fixture
def office(tmp_path):
    """An office in which nothing has happened yet."""
    laid_out(tmp_path)
    with opened(tmp_path) as ready:
        yield ready


def guarded(office, *, in_minutes=0):
    """One round, now or later; the verdicts."""
    now = office.store.now() + in_minutes * MINUTE_MS
    return [decision.verdict for _, decision in guard_all(office, now=now).decisions]


def the_incident(office):
    """The only one."""
    (incident,) = all_incidents(office.store)
    return incident


def saying(office, **changed):
    """Kim says something, now."""
    changes = Changes(texts={}, next_update_by=office.store.now() + 20 * MINUTE_MS)
    return Saying(by=KIM, now=office.store.now(), changes=changed.pop("changes", changes))


def approved(office):
    """The draft, let go by Kim and brought to the page."""
    terms = office.workspace.incidents
    say(office.store, terms, the_incident(office).id, IncidentState.INVESTIGATING, saying(office))
    publish_all(office)
    return the_incident(office)


def test_an_outage_becomes_a_draft_with_a_proposal(office):
    """It started when the two kinds began to agree; both clients of the API are named."""
    start = down(office.store, *API, minutes_ago=6)
    assert guarded(office) == [Verdict.OPENED]
    incident = the_incident(office)
    assert incident.id == f"api/{utc_text(start)}"
    assert (incident.state, incident.clients) == (IncidentState.DRAFT, ("acme", "bluefin"))
    assert incident.draft.components["api"] is ComponentState.MAJOR_OUTAGE
    assert incident.draft.scope == "API"


def test_a_second_round_decides_nothing_again(office):
    """However often it runs."""
    down(office.store, *API, minutes_ago=6)
    assert [guarded(office) for _ in range(3)] == [[Verdict.OPENED], [], []]


def test_the_log_holds_what_a_decision_rests_on(office):
    """Who said down, the rule, and no maintenance."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    (entry,) = office.store.observed(EntryKind.INCIDENT_MOVED)
    assert entry.contract == "*/api"
    told = entry.body["decision"]["down"]
    assert [(one["source"], one["monitor"]) for one in told] == [
        ("errors", "Errors"),
        ("robot", "777"),
    ]
    assert entry.body["rule"]["agree_ms"] == 5 * MINUTE_MS
    assert entry.body["maintenance"] == []


def test_a_draft_ends_silently_when_the_service_recovers_soon(office):
    """Down for six minutes, up for one: in another minute it is no flap any more."""
    down(office.store, *API, minutes_ago=7)
    up(office.store, "robot/777", minutes_ago=1)
    assert guarded(office) == [Verdict.OPENED]
    assert guarded(office, in_minutes=2) == [Verdict.SNOOZED]
    assert the_incident(office).state is IncidentState.SNOOZED
    assert publish_all(office).settlement.done == 0


def test_announced_maintenance_holds_a_draft_back(tmp_path):
    """The workspace's own files announce it."""
    books = laid_out(tmp_path)
    store = open_store(f"sqlite:///{tmp_path / 'makegood.db'}")
    start = down(store, *API, minutes_ago=6)
    books.write(
        "exclusions/now.yaml",
        "exclusions:\n  - {id: m1, kind: maintenance, reason: Upgrade, "
        f"start: {utc_text(start - MINUTE_MS)}, end: {utc_text(start + 60 * MINUTE_MS)}}}\n",
    )
    with opened(tmp_path) as office:
        assert guarded(office) == [Verdict.SUPPRESSED]
        (entry,) = office.store.observed(EntryKind.INCIDENT_MOVED)
        assert len(entry.body["maintenance"]) == 1
    store.close()


def test_maintenance_that_was_seen_in_a_calendar_holds_a_draft_back(tmp_path):
    """A run of `makegood exclusions` has seen it; another service's holds nothing back."""
    laid_out(tmp_path)
    with opened(tmp_path) as office:
        start = down(office.store, *API, minutes_ago=6)
        event = ExclusionEvent.model_validate(
            {
                "id": "cal1",
                "kind": "maintenance",
                "reason": "Upgrade",
                "start": utc_text(start - MINUTE_MS),
                "end": utc_text(start + 60 * MINUTE_MS),
                "services": ["api"],
            }
        )
        seen = [Told("calendar", Announced.SEEN, (event,), event.interval)]
        announcements(office.store, seen, read_only=False)
        assert len(maintenance_of(office, "api").spans) == 1
        assert maintenance_of(office, "web").spans == ()
        assert guarded(office) == [Verdict.SUPPRESSED]


def test_two_rounds_at_once_open_one_draft(office, tmp_path):
    """Several hosts may sweep; a service has one guard at a time."""
    down(office.store, *API, minutes_ago=6)

    def sweep(_):
        with opened(tmp_path) as own:
            return guarded(own)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(len, pool.map(sweep, range(4)))) == [0, 0, 0, 1]
    assert len(all_incidents(office.store)) == 1


def test_what_the_guard_remembers_is_kept_without_a_loss(office):
    """The next round goes on from there."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    kept = office.store.guard("api")
    assert isinstance(kept, KeptGuard)
    assert recorded(remembered(kept.body)) == kept.body


def test_the_chain_of_incidents_is_proven_with_the_others(office):
    """`makegood verify` reads it as it stands."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    approved(office)
    proof = verify(office.store)
    assert (proof.faults, proof.chains) == ((), 1)


# --- People ---------------------------------------------------------------------------------------


def test_an_approved_incident_stands_on_the_page(office, tmp_path):
    """With its link; nobody was told of it before."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    publish_all(office)
    assert not (tmp_path / "status").exists()
    incident = approved(office)
    assert incident.state is IncidentState.INVESTIGATING
    assert incident.link.startswith("https://status.example#api-")
    page = (tmp_path / "status/index.html").read_text(encoding="utf-8")
    assert "Relay API: disruption of API" in page
    assert "API: major outage" in page


def test_what_does_not_meet_the_checklist_is_not_approved(office):
    """All that is missing is said; nothing is written."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    key = the_incident(office).id
    empty = Changes(texts={"scope": " ", "impact": ""}, next_update_by=office.store.now() - 1)
    with pytest.raises(UnusableInputError) as refused:
        say(
            office.store,
            office.workspace.incidents,
            key,
            IncidentState.INVESTIGATING,
            saying(office, changes=empty),
        )
    fields = [finding.field for finding in refused.value.findings]
    assert fields == ["scope", "impact", "next_update_by"]
    assert the_incident(office).state is IncidentState.DRAFT


def test_a_draft_may_be_edited_before_it_is_approved(office):
    """The page shows the words of the last edit."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    key = the_incident(office).id
    edit(office.store, key, saying(office, changes=Changes(texts={"impact": "Logins fail."})))
    assert "Logins fail." in approved(office).updates[0].text


def test_a_rejected_draft_stays_rejected_while_the_outage_lasts(office):
    """And while it flaps."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    reject(office.store, the_incident(office).id, saying(office), why="a test of ours")
    up(office.store, "robot/777", minutes_ago=0)
    assert guarded(office, in_minutes=3) == [Verdict.RECOVERED]
    assert the_incident(office).state is IncidentState.REJECTED


def test_an_incident_goes_on_until_it_is_resolved(office, tmp_path):
    """Identified, then resolved: nothing on the page is broken any more."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    key = approved(office).id
    terms, store = office.workspace.incidents, office.store
    cause = Changes(texts={"cause": "A bad release."}, next_update_by=store.now() + MINUTE_MS)
    say(store, terms, key, IncidentState.IDENTIFIED, saying(office, changes=cause))
    say(store, terms, key, IncidentState.RESOLVED, saying(office, changes=Changes(texts={})))
    assert publish_all(office).settlement.done == 2
    incident = find_incident(store, key)
    assert incident.state is IncidentState.RESOLVED
    page = (tmp_path / "status/index.html").read_text(encoding="utf-8")
    assert "Why it happened: A bad release." in page
    assert "outage" not in page.split("<h2>")[1].split("</div>")[0]


def test_the_same_state_is_not_told_twice_within_half_an_hour(office):
    """Unless the state changes."""
    down(office.store, *API, minutes_ago=6)
    guarded(office)
    key = approved(office).id
    terms, store = office.workspace.incidents, office.store
    with pytest.raises(UnusableInputError, match="half an hour between two updates"):
        say(store, terms, key, IncidentState.INVESTIGATING, saying(office))
    say(store, terms, key, IncidentState.MONITORING, saying(office))


def test_nothing_is_published_by_itself(office):
    """A draft waits for ever, unless its service says otherwise."""
    down(office.store, *API, minutes_ago=600)
    guarded(office)
    assert the_incident(office).state is IncidentState.DRAFT


def test_a_service_may_publish_by_itself_after_its_own_delay(tmp_path):
    """Ten minutes after the draft fell due; who approved it is said."""
    minutes = "      name: Relay API\n      auto_publish_after_minutes: 10\n"
    laid_out(tmp_path, incidents=INCIDENTS.replace("      name: Relay API\n", minutes))
    with opened(tmp_path) as office:
        down(office.store, *API, minutes_ago=6)
        guarded(office, in_minutes=8)
        assert the_incident(office).state is IncidentState.DRAFT
        guarded(office, in_minutes=10)
        incident = the_incident(office)
        assert incident.state is IncidentState.APPROVED
        assert incident.said is not None
        assert incident.said.by == "the service's own setting"
