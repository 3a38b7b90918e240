"""Incidents, outages and credits refer to each other, and no amount depends on what was published.

September 2025 has 43,200 minutes; an hour of downtime is 99.861 % uptime, which earns Acme 10 % of
2000.00 EUR: 200.00.
"""

import pytest

from connectors.store import Observation
from flows.incident_money import at_stake, credits_of
from flows.incidents import all_incidents, chain_of
from flows.mailing import notice_of
from models.decision import EntryKind
from models.incidents.life import incidents_of
from models.intervals import MINUTE_MS
from tests.flows.incident_office import opened
from tests.incidents.stories import DRAFT
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, VENDOR, Books, checks

ID = "api/2025-09-10T12:00:00Z"
LINK = "https://status.example/inc1"
GUARDED = MAKEGOOD + "incidents: {services: [{id: api, name: Relay API, components: {}}]}\n"


def at(clock):
    """A time on the tenth of September 2025."""
    return f"2025-09-10T{clock}:00Z"


def moved(act, clock, **said):
    """A move of the incident."""
    return {"incident": ID, "act": act, "at": at(clock), **said}


def decided(verdict, clock, until=None):
    """A move of the guard."""
    decision = {"verdict": verdict, "agreed_until": until and at(until)}
    return moved("guarded", clock, decision=decision, draft=DRAFT.record, clients=["acme"])


DRAFTED = (decided("opened", "12:05"), decided("recovered", "13:02", "13:00"))
LETTING_GO = moved(
    "approved",
    "12:10",
    by="Kim",
    state="investigating",
    draft=DRAFT.record,
    title="Relay API: disruption",
    text="Words.",
    notify=False,
)
ON_THE_PAGE = moved("published", "12:11", page="status", update=1, facts={"id": "1", "link": LINK})
PUBLISHED = (*DRAFTED, LETTING_GO, ON_THE_PAGE)


def told(books, moves):
    """The log holds these moves."""
    store = books.store()
    try:
        kind = EntryKind.INCIDENT_MOVED
        store.observe(
            [Observation(chain_of("api"), "2025-09", kind, m, str(n)) for n, m in enumerate(moves)]
        )
    finally:
        store.close()


@pytest.fixture
def books(tmp_path):
    """A workspace in which the API was down for an hour."""
    return Books.laid_out(
        tmp_path, ACME, BLUEFIN, VENDOR, makegood=GUARDED, checks=checks(api=60, hosting=0)
    )


def test_a_credit_names_the_incident_that_readers_were_told_of(books):
    """In the ledger's evidence, for both clients of the API and for no vendor's claim."""
    told(books, PUBLISHED)
    books.run()
    assert books.owed["acme/api/2025-09/r0"] == ("draft", "200.00 EUR")
    rows = books.rows
    assert rows["acme/api/2025-09/r0"]["Evidence URLs"] == LINK
    assert rows["bluefin/api/2025-09/r0"]["Evidence URLs"] == LINK
    assert books.verify().faults == ()


def test_a_client_is_told_where_readers_were_told(books, tmp_path):
    """The incident's page, and none of our dashboards."""
    dashboard = "evidence: [https://grafana.example/d/api]\n"
    books.agree(ACME + dashboard, BLUEFIN, VENDOR)
    told(books, PUBLISHED)
    books.run()
    assert "grafana" in books.rows["acme/api/2025-09/r0"]["Evidence URLs"]
    with opened(tmp_path) as office:
        (stored,) = office.store.obligations("2025-09", clients=["acme"])
        letter = notice_of(office, stored)
    assert f"What we said while it lasted: {LINK}" in letter.text
    assert f'href="{LINK}"' in letter.html
    assert "grafana" not in letter.text + letter.html


@pytest.mark.parametrize("moves", [(), DRAFTED, PUBLISHED])
def test_no_amount_depends_on_what_was_published(books, moves):
    """Nothing, a draft, or an incident on the page."""
    told(books, moves)
    books.run()
    assert {key: amount for key, (_, amount) in books.owed.items()} == {
        "acme/api/2025-09/r0": "200.00 EUR",
        "bluefin/api/2025-09/r0": "360.00 USD",
    }


def test_a_draft_is_nobodys_evidence(books):
    """It never left us."""
    told(books, DRAFTED)
    books.run()
    assert books.rows["acme/api/2025-09/r0"]["Evidence URLs"] == ""


def test_what_is_published_after_the_month_was_decided_changes_no_amount(books):
    """The next run names it, and says why the draft was made anew."""
    books.run()
    told(books, PUBLISHED)
    outcome = books.run()["acme/api"]
    assert "incidents" in outcome.says
    standing = [amount for state, amount in books.owed.values() if state == "draft"]
    assert standing == ["200.00 EUR", "360.00 USD"]


def test_an_incident_names_its_credits_and_what_it_is_worth_meanwhile(books, tmp_path):
    """Forty minutes after the start it is 40 of 43.2 allowed minutes; after sixty, 200.00 EUR."""
    told(books, DRAFTED[:1])
    with opened(tmp_path) as office:
        (incident,) = all_incidents(office.store)

        def stake(minutes):
            now = incident.started_at + minutes * MINUTE_MS
            told_of = at_stake(office.contracts, [incident], incident, now=now)
            return [(one.contract, one.breached, str(one.amount)) for one in told_of]

        assert stake(40)[0] == ("acme/api", False, "0.00 EUR")
        assert stake(60) == [
            ("acme/api", True, "200.00 EUR"),
            ("bluefin/api", True, "360.00 USD"),
        ]
    books.run()
    with opened(tmp_path) as office:
        (incident,) = incidents_of(DRAFTED).values()
        owed = credits_of(office.store, incident, ["acme", "bluefin"])
        assert [stored.key for stored in owed] == ["acme/api/2025-09/r0", "bluefin/api/2025-09/r0"]
