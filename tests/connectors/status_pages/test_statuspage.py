"""Statuspage, over real sockets, against a strict stand-in."""

from dataclasses import replace

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.status_pages.statuspage import STATES, Statuspage
from models.incidents.life import IncidentState
from tests.connectors.status_pages.conformance import FIRST, StatusPageConformance, later
from tests.incidents.stories import ID
from tests.standins.statuspage.client import KEY, PAGE_ID, Fault, running


class TestStatuspage(StatusPageConformance):
    """The requests are held to the published description where that is there."""

    @pytest.fixture
    def vendor(self):
        """A page without incidents."""
        with running() as standing:
            yield standing

    @pytest.fixture
    def page(self, vendor):
        """Ours."""
        return Statuspage("status", page=PAGE_ID, key=KEY, address=vendor.url)

    def test_nobody_is_told_unless_it_was_asked_for(self, page, vendor):
        """Left out, Statuspage would tell subscribers."""
        there = page.send(FIRST)["id"]
        assert vendor.told == []
        page.send(later(there, IncidentState.MONITORING, notify=True))
        assert vendor.told == [FIRST.title]

    def test_the_incident_carries_our_id_and_changes_components(self, page, vendor):
        """So that a look finds it."""
        page.send(FIRST)
        assert len(vendor.of(ID)) == 1
        assert vendor.components == {"c-api": "partial_outage", "c-web": "operational"}

    def test_an_incident_is_found_among_many(self, page, vendor):
        """On the third page of a hundred."""
        page.send(FIRST)
        for number in range(250):
            vendor.incidents.insert(0, {"id": f"other{number}", "metadata": {}})
        assert len(page.look(FIRST)) == 1

    def test_an_incident_that_says_something_else_first_differs(self, page, vendor):
        """Somebody has rewritten the update there."""
        page.send(FIRST)
        vendor.incidents[0]["incident_updates"][0]["body"] = "rewritten"
        (found,) = page.look(FIRST)
        assert found.differs == ("does not say what was to be said first",)

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (401, Misconfigured),
            (403, Misconfigured),
            (404, Misconfigured),
            (400, Permanent),
            (422, Permanent),
            (420, Retriable),
            (429, Retriable),
            (302, OutcomeUnknown),
            (500, OutcomeUnknown),
            (503, OutcomeUnknown),
        ],
    )
    def test_an_answer_means_what_its_status_says(self, page, vendor, status, kind):
        """With the vendor's words; a rate limit surely did nothing."""
        vendor.plan(Fault(kind="status", status=status, words="no such luck"))
        with pytest.raises(kind) as refused:
            page.send(FIRST)
        assert refused.value.status == status
        assert vendor.incidents == []
        assert KEY not in str(refused.value)

    @pytest.mark.parametrize("kind", ["cut", "reset", "short_body", "broken_json"])
    def test_a_lost_answer_is_unknown(self, page, vendor, kind):
        """It is there; a look finds it."""
        vendor.plan(Fault(kind=kind, when="after"))
        with pytest.raises(OutcomeUnknown):
            page.send(FIRST)
        assert len(page.look(FIRST)) == 1

    def test_a_page_that_is_not_there_is_retried_later(self):
        """Nobody listens."""
        page = Statuspage("status", page=PAGE_ID, key=KEY, address="http://127.0.0.1:9")
        with pytest.raises(Retriable):
            page.send(FIRST)
        with pytest.raises(Retriable):
            page.state_of("inc1")

    def test_a_wrong_key_and_a_wrong_component_are_named(self, vendor):
        """Before anything is made."""
        wrong = Statuspage("status", page=PAGE_ID, key="wrong-key", address=vendor.url)
        with pytest.raises(Misconfigured, match="Could not authenticate"):
            wrong.send(FIRST)
        right = Statuspage("status", page=PAGE_ID, key=KEY, address=vendor.url)
        with pytest.raises(Permanent, match="c-x is not on this page"):
            right.send(replace(FIRST, components={"c-x": FIRST.components["c-api"]}))
        assert vendor.incidents == []

    def test_a_postmortem_there_counts_as_resolved(self):
        """Statuspage's fifth word, which its published description does not have."""
        assert STATES["postmortem"] is IncidentState.RESOLVED
