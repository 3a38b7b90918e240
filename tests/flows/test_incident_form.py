"""What a person is asked about a draft in Prefect's form, and what comes of the answer."""

import json

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import ValidationError

from flows.guard import guard_all
from flows.guarding import GuardRequest, incident_guard
from flows.incident_form import FormChoice, IncidentAnswer, answered, question
from flows.incidents import all_incidents
from models.incidents.life import IncidentState
from tests.flows.incident_office import down, laid_out, opened
from tests.prefect_session import NEEDS_PREFECT

API = ("robot/777", "errors/Errors")


@pytest.fixture
def office(tmp_path):
    """An office with a draft."""
    laid_out(tmp_path)
    with opened(tmp_path) as ready:
        down(ready.store, *API, minutes_ago=6)
        guard_all(ready)
        yield ready


def the_incident(office):
    """The only one."""
    (incident,) = all_incidents(office.store)
    return incident


def answer(decision, **said):
    """Kim's answer."""
    return IncidentAnswer(decision=decision, approver=said.pop("approver", "Kim"), **said)


def test_the_question_shows_the_draft_and_what_it_may_cost(office):
    """And nothing that a reader could click by mistake."""
    text = question(office, the_incident(office))
    for part in ("- scope: API", "- level: critical; api major_outage", "may cost acme/api"):
        assert part in text
    assert "missing" not in text


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (FormChoice.NOTHING, IncidentState.DRAFT),
        (FormChoice.APPROVE, IncidentState.INVESTIGATING),
        (FormChoice.EDIT, IncidentState.DRAFT),
        (FormChoice.REJECT, IncidentState.REJECTED),
    ],
)
def test_an_answer_is_followed(office, decision, state):
    """Approved, it is on the page; edited, it is still a draft."""
    assert answered(office, the_incident(office).id, answer(decision, reason="a test")) == ()
    assert the_incident(office).state is state


def test_what_is_typed_replaces_what_the_draft_says(office):
    """What is left empty stays."""
    answered(office, the_incident(office).id, answer(FormChoice.EDIT, impact="Logins fail."))
    draft = the_incident(office).draft
    assert (draft.impact, draft.scope) == ("Logins fail.", "API")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"approver": " ", "decision": FormChoice.APPROVE}, "Nobody is named"),
        ({"decision": FormChoice.REJECT}, "No reason is given"),
        ({"decision": FormChoice.APPROVE, "impact": "x" * 2001}, "impact is too long"),
    ],
)
def test_an_answer_that_cannot_be_followed_says_why(office, given, why):
    """The form is shown again with it; nothing was done."""
    (fault,) = answered(office, the_incident(office).id, answer(given.pop("decision"), **given))
    assert why in fault
    assert fault in question(office, the_incident(office), wrong=(fault,))
    assert the_incident(office).state is IncidentState.DRAFT


@NEEDS_PREFECT
@pytest.mark.usefixtures("prefect_api")
def test_a_round_under_prefect_leaves_what_is_open_as_a_table(tmp_path):
    """On a real server; a second round decides nothing again."""
    laid_out(tmp_path)
    with opened(tmp_path) as office:
        down(office.store, *API, minutes_ago=6)
    for _ in range(2):
        incident_guard(GuardRequest(workspace=str(tmp_path)))
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["incidents-open"]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    (row,) = json.loads(str(max(found, key=lambda artifact: str(artifact.created)).data))
    assert (row["state"], row["clients"]) == ("draft", "acme, bluefin")
    with pytest.raises(ValidationError):
        GuardRequest.model_validate({"minutes": 1})
