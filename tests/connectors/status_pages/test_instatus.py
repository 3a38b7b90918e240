"""Instatus, over real sockets, against a strict stand-in."""

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.status_pages.instatus import Instatus
from models.incidents.life import IncidentState
from tests.connectors.status_pages.conformance import FIRST, StatusPageConformance, later
from tests.standins.instatus.client import KEY, PAGE_ID, Fault, running


class TestInstatus(StatusPageConformance):
    """Everything is said: whether it is published, and who is told."""

    @pytest.fixture
    def vendor(self):
        """A page without incidents."""
        with running() as standing:
            yield standing

    @pytest.fixture
    def page(self, vendor):
        """Ours."""
        return Instatus("status", page=PAGE_ID, key=KEY, address=vendor.url)

    def test_nobody_is_told_unless_it_was_asked_for(self, page, vendor):
        """Each update says so."""
        there = page.send(FIRST)["id"]
        assert vendor.told == []
        page.send(later(there, IncidentState.MONITORING, notify=True))
        assert vendor.told == [FIRST.title]

    def test_states_of_components_are_said_in_its_own_words(self, page, vendor):
        """Capitals, and no underscores."""
        page.send(FIRST)
        assert vendor.components == {"c-api": "PARTIALOUTAGE", "c-web": "OPERATIONAL"}

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(401, Misconfigured), (400, Permanent), (429, Retriable), (500, OutcomeUnknown)],
    )
    def test_an_answer_means_what_its_status_says(self, page, vendor, status, kind):
        """With the vendor's words."""
        vendor.plan(Fault(kind="status", status=status, words="no such luck"))
        with pytest.raises(kind, match="no such luck"):
            page.send(FIRST)

    def test_it_cannot_be_asked(self, page):
        """It keeps nothing of ours, so what is in doubt goes to a person."""
        assert not page.abilities.can_be_asked
        with pytest.raises(Permanent):
            page.look(FIRST)
