"""`incidents:` in a workspace, and the draft that is proposed by it."""

import pytest
from pydantic import ValidationError

from models.incidents.checklist import unmet
from models.incidents.life import ComponentState, IncidentState, Level
from models.incidents.proposal import proposed
from models.incidents.terms import IncidentTerms
from models.language import LanguageCode
from models.signals import SignalKind
from models.workspace_file import Workspace
from tests.incidents.stories import START

TERMS = {
    "time_zone": "Europe/Berlin",
    "webhooks": [
        {"id": "robot", "kind": "uptimerobot"},
        {"id": "alerts", "kind": "alertmanager", "signal": "first_party"},
    ],
    "services": [
        {
            "id": "api",
            "name": "Relay API",
            "evidence": ["https://grafana.example/d/api"],
            "components": {
                "api": {"name": "API", "monitors": ["robot/777", "alerts/errors"]},
                "web": {"name": "Web app", "monitors": ["robot/778"], "pages": {"status": "c1"}},
            },
        }
    ],
    "pages": [{"id": "status", "kind": "statuspage", "page": "p1"}],
}


def terms(**changed):
    """The terms with something else in them."""
    return IncidentTerms.model_validate({**TERMS, **changed})


def test_a_monitor_is_the_kind_of_witness_that_its_webhook_is():
    """Unless its own entry says otherwise."""
    known = terms()
    assert known.kinds(known.services[0]) == {
        ("alerts", "errors"): SignalKind.FIRST_PARTY,
        ("robot", "777"): SignalKind.EXTERNAL,
        ("robot", "778"): SignalKind.EXTERNAL,
    }
    webhooks = [
        {"id": "robot", "kind": "uptimerobot", "monitors": {"778": {"signal": "synthetic"}}},
        {"id": "alerts", "kind": "alertmanager"},
    ]
    other = terms(webhooks=webhooks)
    assert other.kinds(other.services[0])["robot", "778"] is SignalKind.SYNTHETIC


def test_nothing_is_published_by_itself_unless_somebody_says_so():
    """Off by default."""
    assert terms().services[0].auto_publish_after_minutes is None
    assert terms().pages[0].notify is False


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"webhooks": []}, "names alerts/errors, robot/777, robot/778"),
        ({"pages": []}, "names status"),
        ({"pages": [*TERMS["pages"], *TERMS["pages"]]}, "repeats an id status"),
        ({"pages": [{"id": "status", "kind": "statuspage"}]}, "has no page"),
        ({"pages": [{"id": "status", "kind": "local", "page": "p"}]}, "is local and has a page"),
    ],
)
def test_names_that_do_not_meet_are_refused(changed, fact):
    """Before anything is guarded."""
    with pytest.raises(ValidationError) as refused:
        terms(**changed)
    assert fact in [error["ctx"]["fact"] for error in refused.value.errors()]


def test_a_webhook_shares_no_id_with_a_source():
    """Its secret would be another one's."""
    source = {"id": "robot", "kind": "checks_file", "path": "checks.csv"}
    with pytest.raises(ValidationError, match="each source id once"):
        Workspace.model_validate({"name": "Relay", "sources": [source], "incidents": TERMS})


def test_a_proposal_meets_the_checklist_as_it_stands():
    """A person may approve it at once; some of the API's monitors are down."""
    service = terms().services[0]
    draft = proposed(service, down={"alerts/errors"}, now=START, language=LanguageCode.EN)
    assert (draft.scope, draft.level) == ("API", Level.MAJOR)
    assert draft.impact == "Requests to API fail or are slow, for some of you."
    assert draft.components["web"] is ComponentState.OPERATIONAL
    assert unmet("api/x", draft, IncidentState.INVESTIGATING, now=START) == ()


def test_a_component_whose_monitors_are_all_down_is_out():
    """Both of the API's."""
    service = terms().services[0]
    down = {"alerts/errors", "robot/777"}
    draft = proposed(service, down=down, now=START, language=LanguageCode.DE)
    assert draft.components["api"] is ComponentState.MAJOR_OUTAGE
    assert (draft.level, draft.impact) == (Level.CRITICAL, "API ist nicht erreichbar.")
