"""What every status page promises; each inherits this suite, the twin in memory first."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.status_pages import Post
from models.incidents.life import PUBLIC, ComponentState, IncidentState, Level
from tests.incidents.stories import ID, START

FIRST = Post(
    incident=ID,
    number=1,
    there="",
    title="Relay API: disruption of the API",
    text="Since 10:00 requests fail.\nWe roll back.",
    state=IncidentState.INVESTIGATING,
    level=Level.MAJOR,
    components={"c-api": ComponentState.PARTIAL_OUTAGE},
    notify=False,
    started_at=START,
)


def later(there, state, *, number=2, text="More of it.", **changed):
    """One update more."""
    return replace(FIRST, number=number, there=there, state=state, text=text, **changed)


class StatusPageConformance:
    """Give a fixture `page`."""

    page: Any

    def test_a_post_makes_an_incident_that_shows_its_state(self, page):
        """With an id for what follows."""
        facts = page.send(FIRST)
        assert facts.keys() == {"id", "link"}
        assert page.state_of(facts["id"]) is IncidentState.INVESTIGATING

    @pytest.mark.parametrize("state", PUBLIC)
    def test_every_state_can_be_shown(self, page, state):
        """First, and later."""
        there = page.send(replace(FIRST, state=state))["id"]
        assert page.state_of(there) is state
        page.send(later(there, state))
        assert page.state_of(there) is state

    @pytest.mark.parametrize("state", ComponentState)
    def test_every_state_of_a_component_is_taken(self, page, state):
        """In the page's own words."""
        page.send(replace(FIRST, components={"c-api": state}))

    @pytest.mark.parametrize("level", Level)
    def test_every_level_is_taken(self, page, level):
        """From none to critical."""
        page.send(replace(FIRST, level=level))

    def test_what_is_not_there_shows_nothing(self, page):
        """Somebody has removed it."""
        assert page.state_of("nothing") is None

    def test_what_can_be_asked_finds_a_post_and_no_other(self, page):
        """By our id, or by what was said."""
        if not page.abilities.can_be_asked:
            pytest.skip("cannot be asked")
        assert list(page.look(FIRST)) == []
        there = page.send(FIRST)["id"]
        (found,) = page.look(FIRST)
        assert (found.id, found.differs, found.facts["id"]) == (there, (), there)
        second = later(there, IncidentState.IDENTIFIED)
        assert list(page.look(second)) == []
        page.send(second)
        assert len(page.look(second)) == 1
        assert len(page.look(FIRST)) == 1

    def test_a_post_is_kept_and_read_without_a_loss(self, page):
        """The intent holds all of it."""
        assert Post.from_intent(FIRST.intent) == FIRST
