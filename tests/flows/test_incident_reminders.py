"""Reminders of the next update and of postmortems: each once, by mail and in the chat."""

from dataclasses import replace

import pytest

from connectors.chat.memory import MemoryChat
from flows.guard import guard_all
from flows.incident_reminders import remind_all
from flows.incidents import Changes, Saying, all_incidents, find_incident, note_down, say
from flows.postmortems import compiled, keep, versions_of
from flows.publishing import publish_all
from models.findings import UnusableInputError
from models.incidents.life import IncidentState
from models.incidents.postmortem import html, markdown
from models.incidents.reminding import DAY_MS
from models.intervals import MINUTE_MS
from tests.flows.incident_office import INCIDENTS, KIM, down, laid_out, opened
from tests.workspaces import Books

OWED = "      name: Relay API\n      postmortem_within_days: {acme: 5, bluefin: 3}\n"


@pytest.fixture
def office(tmp_path):
    """An office with mail and a chat; two contracts are owed postmortems."""
    laid_out(tmp_path, incidents=INCIDENTS.replace("      name: Relay API\n", OWED))
    with opened(tmp_path) as ready:
        yield replace(ready, chat=MemoryChat())


@pytest.fixture
def live(office):
    """An incident on the page; the next update is promised in 30 minutes."""
    down(office.store, "robot/777", "errors/Errors", minutes_ago=6)
    guard_all(office)
    (incident,) = all_incidents(office.store)
    told(office, incident.id, IncidentState.INVESTIGATING, promise=30)
    return incident.id


def told(office, key, state, *, promise=None, **texts):
    """Kim says so, and it is published."""
    now = office.store.now()
    by = None if promise is None else now + promise * MINUTE_MS
    saying = Saying(by=KIM, now=now, changes=Changes(texts=texts, next_update_by=by))
    say(office.store, office.workspace.incidents, key, state, saying)
    publish_all(office)


def reminded(office, *, minutes=0):
    """How many reminders go out by then."""
    return remind_all(office, now=office.store.now() + minutes * MINUTE_MS)


def titles(office):
    """What the chat was told."""
    return [notice.title for notice in office.chat.posted]


def test_the_promised_update_is_reminded_of_before_it_is_due(office, live, tmp_path):
    """Ten minutes before, by mail and in the chat, once however often it runs."""
    assert reminded(office, minutes=19) == 0
    assert reminded(office, minutes=21) == 2
    assert reminded(office, minutes=22) == 0
    (title,) = titles(office)
    assert title.startswith(f"{live}: the next update is promised by ")
    assert office.chat.posted[0].commands == (f"makegood incidents update {live}",)
    assert Books(tmp_path).mails == [("finance@relay.example", title)]


def test_a_late_update_is_reminded_of_once_more(office, live):
    """And a new promise has reminders of its own."""
    assert reminded(office, minutes=31) == 2
    assert "is late" in titles(office)[-1]
    told(office, live, IncidentState.MONITORING, promise=30)
    assert reminded(office) == 0
    assert reminded(office, minutes=25) == 2


def test_a_postmortem_is_reminded_of_until_it_is_written(office, live):
    """Bluefin's three days are stricter than Acme's five."""
    told(office, live, IncidentState.RESOLVED, cause="A release.")
    days = DAY_MS // MINUTE_MS
    assert reminded(office, minutes=days - 5) == 0
    assert reminded(office, minutes=days + 5) == 2
    assert "its postmortem is owed by" in titles(office)[-1]
    keep(office.store, live, "# What happened\n", by=KIM, now=office.store.now())
    assert reminded(office, minutes=3 * days + 5) == 0


# --- Postmortems ----------------------------------------------------------------------------------


def written(office, key, *, shared=False):
    """A postmortem as it is compiled now."""
    incident = find_incident(office.store, key)
    return compiled(office.store, office.workspace.incidents, incident, shared=shared)


def test_a_postmortem_holds_what_is_known_and_gaps_for_the_rest(office, live):
    """Window, times, timeline in both zones, who was hit, evidence."""
    note_down(office.store, live, "The pager was silent.", by=KIM, now=office.store.now())
    told(office, live, IncidentState.RESOLVED, cause="A release.")
    text = markdown(written(office, live))
    for part in (
        "# Relay API: postmortem of",
        "- Until the draft: 5 min",
        "- Component api: major outage at worst",
        "- Until somebody let it go: 6 min",
        "UTC)",
        "the guard: opened (errors/Errors, robot/777)",
        "note by Kim: The pager was silent.",
        "- Clients: acme, bluefin",
        "https://grafana.example/d/api",
        "The month is not decided yet",
        "  outage        #",
        "To be written: why it happened",
        "To be written: what is done so that it does not happen again",
    ):
        assert part in text


def test_a_shared_postmortem_names_nobody_and_nothing_internal(office, live):
    """No clients, monitors, people, notes or dashboards, in either form."""
    note_down(office.store, live, "The pager was silent.", by=KIM, now=office.store.now())
    for text in (form(written(office, live, shared=True)) for form in (markdown, html)):
        assert "Relay API: postmortem of" in text
        for internal in ("acme", "bluefin", "robot", "Kim", "pager", "grafana", "status"):
            assert internal not in text.replace("the page", "")


def test_nothing_that_was_typed_becomes_markup(office, live):
    """In Markdown and in HTML."""
    evil = "<img src=x> **bold** [x](https://evil.example)"
    told(office, live, IncidentState.MONITORING, promise=20, impact=evil)
    told_of = written(office, live)
    assert "<img" not in html(told_of) + markdown(told_of)
    assert "**bold**" not in markdown(told_of)


def test_versions_are_kept_as_people_wrote_them(office, live):
    """The same text again is no version."""
    for text in ("# One", "# Two", "# Two"):
        keep(office.store, live, text, by=KIM, now=office.store.now())
    assert versions_of(find_incident(office.store, live)) == ("# One", "# Two")


def test_a_version_with_gaps_is_not_kept(office, live):
    """People must have filled them."""
    with pytest.raises(UnusableInputError, match="still has 4 gaps"):
        keep(office.store, live, markdown(written(office, live)), by=KIM, now=0)
