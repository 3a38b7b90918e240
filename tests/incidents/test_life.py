"""An incident's life, told from its moves; the checklist; what is promised and when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.incidents.checklist import unmet, unready
from models.incidents.guard import Standing
from models.incidents.life import MAY_BECOME, PUBLIC, Draft, IncidentState, Level
from models.incidents.reminding import (
    DAY_MS,
    postmortem_due,
    postmortem_reminders,
    update_reminders,
)
from models.intervals import MINUTE_MS
from tests.incidents.stories import (
    DRAFT,
    ID,
    LIVE,
    OPENED,
    START,
    STATES,
    WELL,
    guarded,
    published,
    said,
    told,
)


def minutes(number):
    """So many minutes after the start."""
    return START + number * MINUTE_MS


def test_what_the_guard_opens_is_a_draft_with_its_proposal():
    """Service and start stand in its name."""
    incident = told(OPENED)
    assert (incident.service, incident.started_at) == ("api", START)
    assert (incident.state, incident.draft) == (IncidentState.DRAFT, DRAFT)
    assert (incident.clients, incident.said) == (("acme",), None)


def test_a_draft_is_recorded_and_read_without_a_loss():
    """The log holds all of it."""
    assert Draft.of_record(DRAFT.record) == DRAFT


def test_a_silent_end_closes_a_draft_and_a_relapse_opens_it_again():
    """Nobody was told."""
    snoozed = told(OPENED, guarded("snoozed", 9, until=7))
    assert (snoozed.state, snoozed.recovered_at) == (IncidentState.SNOOZED, minutes(7))
    again = told(OPENED, guarded("snoozed", 9, until=7), guarded("reopened", 25))
    assert (again.state, again.recovered_at, again.closed_at) == (IncidentState.DRAFT, None, None)


def test_approved_is_not_yet_published():
    """Readers see it once a page has taken it."""
    approved = told(*LIVE[:2])
    assert (approved.state, approved.link) == (IncidentState.APPROVED, "")
    assert [update.number for update in approved.unpublished("status")] == [1]
    live = told(*LIVE)
    assert (live.state, live.link) == (IncidentState.INVESTIGATING, "https://status.example/inc1")
    assert live.unpublished("status") == ()
    assert [update.number for update in live.unpublished("other")] == [1]


def test_an_incident_goes_on_to_resolved():
    """Identified at 20, resolved at 60."""
    moves = [*LIVE, said("updated", "identified", 20), said("updated", "resolved", 60, WELL)]
    incident = told(*moves)
    assert [update.number for update in incident.updates] == [1, 2, 3]
    assert (incident.state, incident.closed_at) == (IncidentState.RESOLVED, minutes(60))
    assert incident.standing is Standing.RESOLVED


def test_a_state_that_was_changed_at_the_page_by_hand_is_respected():
    """Somebody resolved it there: nothing more may follow."""
    noticed = {"incident": ID, "act": "noticed", "at": OPENED["at"], "state": "resolved"}
    incident = told(*LIVE, {**noticed, "page": "status"})
    assert incident.state is IncidentState.RESOLVED
    assert unready(incident, IncidentState.MONITORING, now=minutes(99)) is not None


def test_a_page_that_is_late_takes_nothing_back():
    """The second page takes the first update after it was resolved."""
    resolved = told(*LIVE, said("updated", "resolved", 60, WELL), published(1, 61, page="other"))
    assert resolved.state is IncidentState.RESOLVED


@pytest.mark.parametrize("state", STATES)
def test_the_guard_knows_how_far_every_state_is(state):
    """What waits for the page is public already: nothing ends it silently."""
    incident = replace(told(OPENED), state=state)
    assert incident.standing in set(Standing)
    assert (incident.standing is Standing.PUBLIC) == (
        state in {*PUBLIC, IncidentState.APPROVED} - {IncidentState.RESOLVED}
    )


# --- The checklist --------------------------------------------------------------------------------


def fields(draft, state=IncidentState.INVESTIGATING, now=START):
    """The fields that do not meet the checklist."""
    return [finding.field for finding in unmet(ID, draft, state, now=now)]


def test_a_full_draft_meets_the_checklist():
    """Also once it is over."""
    assert fields(DRAFT) == []
    assert fields(WELL, IncidentState.RESOLVED) == []


def test_an_empty_draft_is_told_everything_at_once():
    """Scope, impact, mitigation, next update, evidence, components."""
    missing = ["scope", "impact", "mitigation", "next_update_by", "evidence", "components"]
    assert fields(Draft()) == missing


@pytest.mark.parametrize("field", ["scope", "impact", "mitigation"])
def test_blanks_say_nothing(field):
    """A space is no scope."""
    record = {**DRAFT.record, field: "  "}
    assert fields(Draft.of_record(record)) == [field]


def test_the_impact_matches_the_components():
    """A partial outage is major, and not minor."""
    (finding,) = unmet(ID, replace(DRAFT, level=Level.MINOR), PUBLIC[0], now=START)
    assert finding.fact == "is minor, and the components come to major"


def test_a_cause_is_asked_for_once_it_is_identified():
    """Before that nobody can know."""
    assert fields(DRAFT, IncidentState.IDENTIFIED) == ["cause"]


def test_the_next_update_lies_ahead_and_within_a_day():
    """Not now, not a week from now."""
    by = DRAFT.next_update_by
    assert by is not None
    assert fields(DRAFT, now=by) == ["next_update_by"]
    assert fields(DRAFT, now=by - 1) == []
    assert fields(DRAFT, now=by - DAY_MS - 1) == ["next_update_by"]


def test_what_is_resolved_has_no_component_that_is_down():
    """Readers would see both."""
    assert fields(replace(DRAFT, cause="A release."), IncidentState.RESOLVED) == ["components"]


def test_evidence_is_links():
    """A person must be able to follow them."""
    assert fields(replace(DRAFT, evidence=("see Grafana",))) == ["evidence"]


# --- How often, and in which order ----------------------------------------------------------------


def test_the_same_state_is_told_every_half_hour_at_most():
    """Said at 7: again from 37 on; another state at once."""
    live = told(*LIVE)
    assert unready(live, IncidentState.INVESTIGATING, now=minutes(37) - 1) is not None
    assert unready(live, IncidentState.INVESTIGATING, now=minutes(37)) is None
    assert unready(live, IncidentState.IDENTIFIED, now=minutes(8)) is None


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_only_what_may_follow_can_follow(state, to):
    """Whatever is closed stays closed, whoever asks."""
    incident = replace(told(OPENED), state=state)
    refused = unready(incident, to, now=minutes(99)) is not None
    assert refused == (to not in MAY_BECOME[state])


# --- Reminders ------------------------------------------------------------------------------------


def test_a_reminder_comes_ten_minutes_before_the_promised_update():
    """Promised by 40: reminded from 30 on, once; and again when it is late."""
    live = told(*LIVE)
    assert update_reminders(live, now=minutes(30) - 1) == ()
    (before,) = update_reminders(live, now=minutes(30))
    assert (before.key, before.overdue) == (f"{ID}/u1/remind", False)
    (late,) = update_reminders(live, now=minutes(40))
    assert (late.key, late.overdue) == (f"{ID}/u1/remind/late", True)


def test_nobody_is_reminded_of_what_is_over():
    """Resolved promises nothing more; a draft promised nothing yet."""
    resolved = told(*LIVE, said("updated", "resolved", 60, WELL))
    assert update_reminders(resolved, now=minutes(999)) == ()
    assert update_reminders(told(OPENED), now=minutes(999)) == ()


def test_a_postmortem_is_owed_so_many_days_after_the_end():
    """Resolved at 60, five days: reminded two days before, and when it is late."""
    resolved = told(*LIVE, said("updated", "resolved", 60, WELL))
    by = postmortem_due(resolved, days=5)
    assert by == minutes(60) + 5 * DAY_MS
    assert by is not None
    assert postmortem_due(told(*LIVE), days=5) is None

    def due(now, *, written=False):
        return [r.overdue for r in postmortem_reminders(resolved, by=by, written=written, now=now)]

    assert due(by - 2 * DAY_MS - 1) == []
    assert due(by - 2 * DAY_MS) == [False]
    assert due(by) == [True]
    assert due(by, written=True) == []
