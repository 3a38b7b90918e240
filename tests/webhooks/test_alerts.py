"""The intake of alerts: who is let in, what is stored, and how each ends.

In this process, through Starlette's client;
`test_burst.py` does it over sockets and kills the server.
"""

import json
import logging
from base64 import b64encode

import pytest
from starlette.testclient import TestClient

from connectors.errors import Permanent, Retriable
from connectors.store.sql import open_store
from deployments.intake import MOST_WAITING, SECRET, SIGNATURE, doors_of
from deployments.webhook_description import DESCRIPTION
from deployments.webhooks import create_app, receiving
from models.findings import UnusableInputError
from models.incidents.signal import Condition
from models.incidents.terms import IncidentTerms
from models.intervals import MINUTE_MS
from tests.standins.stripe.webhooks import signature
from tests.webhooks.kept import Kept
from tests.workspaces import MAKEGOOD, Books

NOW = 1_778_400_000_000
OLD, NEW = "secret-of-last-year-4711", "secret-of-this-year-0815"
TERMS = IncidentTerms.model_validate(
    {
        "webhooks": [
            {"id": "own", "kind": "generic"},
            {"id": "robot", "kind": "uptimerobot"},
            {"id": "alerts", "kind": "alertmanager"},
        ]
    }
)
ENVIRONMENT = {f"MAKEGOOD_SOURCE_{name}_WEBHOOK_SECRETS": NEW for name in ("ROBOT", "ALERTS")}
ENVIRONMENT |= {"MAKEGOOD_SOURCE_OWN_WEBHOOK_SECRETS": f"{NEW}, {OLD}"}
EVENT = {"event": "7f3a", "monitor": "checkout", "condition": "down", "at": NOW - 5000}
BEARER = {"Authorization": f"Bearer {NEW}"}


@pytest.fixture
def store(tmp_path):
    """An empty store in a file."""
    opened = open_store(f"sqlite:///{tmp_path / 'makegood.db'}")
    yield opened
    opened.close()


@pytest.fixture
def client(store):
    """A receiver on that store; it is a quarter past eight, always."""
    app = receiving(lambda: Kept(store), doors=doors_of(TERMS, ENVIRONMENT), clock=lambda: NOW)
    with TestClient(app) as ready:
        yield ready


def post(client, document=EVENT, *, to="own", headers=BEARER, body=None):
    """Status and counts of a delivery."""
    content = json.dumps(document).encode() if body is None else body
    answer = client.post(f"/webhooks/alerts/{to}", content=content, headers=headers)
    return answer.status_code, answer.json() if answer.content else None


def counted(stored=0, known=0, apart=0):
    """An answer that acknowledges so much."""
    return 202, {"stored": stored, "known": known, "kept_apart": apart}


def test_an_event_is_stored_and_then_acknowledged(client, store):
    """As it was sent, normalised beside it."""
    assert post(client) == counted(stored=1)
    (heard,) = store.heard(["own"], after=0)
    signal = heard.signal
    assert (signal.source, signal.monitor, signal.at) == ("own", "checkout", NOW - 5000)
    assert signal.condition is Condition.DOWN


def test_a_second_delivery_is_acknowledged_and_not_stored(client, store):
    """Senders repeat when an answer was lost."""
    assert [post(client), post(client)] == [counted(stored=1), counted(known=1)]
    assert len(list(store.heard(["own"], after=0))) == 1


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {"Authorization": f"bearer {OLD}"},
        {"Authorization": "Basic " + b64encode(f"anybody:{NEW}".encode()).decode()},
        {SECRET: OLD},
    ],
)
def test_either_secret_is_good_in_any_place(client, headers):
    """While one replaces the other."""
    assert post(client, headers=headers) == counted(stored=1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SECRET: ""},
        {SECRET: NEW[:-1]},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !!"},
        {"Authorization": f"Digest {NEW}"},
        {SIGNATURE: ""},
        {SIGNATURE: "t=1,v1=00"},
        # A signature that is wrong is not made good by a secret.
        {**BEARER, SIGNATURE: "t=1,v1=00"},
    ],
)
def test_whoever_proves_nothing_is_told_nothing(client, store, headers):
    """Status 401 and an empty body, for a sender that is there and for one that is not."""
    assert post(client, headers=headers) == (401, None)
    assert post(client, to="nobody", headers=BEARER) == (401, None)
    assert (list(store.heard(["own"], after=0)), store.quarantined()) == ([], ())


def test_a_signed_event_needs_no_secret_on_the_line(client):
    """HMAC-SHA256 over time and body, within five minutes, as Stripe signs."""
    body = json.dumps(EVENT).encode()
    at = NOW // 1000

    def signed(moment, over=body, secret=OLD):
        return {SIGNATURE: signature(over, secret=secret, at=moment)}

    assert post(client, body=body, headers=signed(at)) == counted(stored=1)
    assert post(client, body=body, headers=signed(at)) == counted(known=1)
    for wrong in (signed(at - 301), signed(at + 301), signed(at, b"{}"), signed(at, secret="x")):
        assert post(client, body=body, headers=wrong) == (401, None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>", "is no JSON in UTF-8"),
        (b"\xff\x00", "is no JSON in UTF-8"),
        (b"[]", "is no JSON object"),
        (b'{"monitor": "x", "colour": "red"}', "has 'colour', which is not one of its fields"),
    ],
)
def test_what_cannot_be_read_is_kept_apart_with_its_reason(client, store, body, why):
    """It is acknowledged: sent again it would be the same. It is kept once."""
    assert post(client, body=body) == counted(stored=1, apart=1)
    assert post(client, body=body) == counted(known=1, apart=1)
    (kept,) = store.quarantined()
    assert (kept.source, kept.why) == ("own", why)
    assert list(store.heard(["own"], after=0)) == []


def test_an_event_from_the_future_is_kept_apart(client, store):
    """It would drown every true one after it; five minutes ahead is a clock that is off."""
    assert post(client, {**EVENT, "at": NOW + 5 * MINUTE_MS}) == counted(stored=1)
    ahead = {**EVENT, "event": "b", "at": NOW + 5 * MINUTE_MS + 1}
    assert post(client, ahead) == counted(stored=1, apart=1)
    (kept,) = store.quarantined()
    assert "Set the sender's clock." in kept.why


def test_a_corrected_delivery_of_an_event_that_was_kept_apart_is_used(client, store):
    """The clock was set; the sender's id is the same."""
    post(client, {**EVENT, "at": NOW + 10 * MINUTE_MS})
    assert post(client) == counted(stored=1)
    assert len(list(store.heard(["own"], after=0))) == 1


def test_every_sender_writes_in_its_own_way(client, store):
    """A form of UptimeRobot's, a group of Alertmanager's."""
    form = f"monitorID=777&alertType=1&alertDateTime={NOW // 1000}".encode()
    headers = {**BEARER, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert post(client, to="robot", body=form, headers=headers) == counted(stored=1)
    alert = {
        "status": "firing",
        "labels": {"alertname": "Errors"},
        "startsAt": "2026-05-10T08:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    alerts = [{**alert, "fingerprint": "a"}, {**alert, "fingerprint": "b"}]
    assert post(client, {"version": "4", "alerts": alerts}, to="alerts") == counted(stored=2)
    told = [h.signal.monitor for h in store.heard(["robot", "alerts"], after=0)]
    assert told == ["777", "Errors", "Errors"]


def test_a_body_over_a_million_bytes_is_refused(client):
    """Exactly a million are read."""
    body = json.dumps(EVENT).encode()
    assert post(client, body=body + b" " * (1_000_000 - len(body))) == counted(stored=1)
    assert post(client, body=body + b" " * (1_000_001 - len(body))) == (413, None)


def test_while_the_database_is_away_senders_come_again(client, store, monkeypatch):
    """Status 503, with a time."""

    def away(_arrivals):
        raise Retriable("database: did not answer; nothing was written.")

    monkeypatch.setattr(store, "hear", away)
    answer = client.post("/webhooks/alerts/own", json=EVENT, headers=BEARER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_one_body_that_the_database_never_takes_costs_the_others_nothing(
    client, store, monkeypatch
):
    """They waited for the same transaction."""
    hear = store.hear

    def picky(arrivals):
        if any("poison" in one.body for one in arrivals):
            raise Permanent("database: refuses it.")
        return hear(arrivals)

    monkeypatch.setattr(store, "hear", picky)
    assert post(client, {**EVENT, "monitor": "poison"})[0] == 503
    assert post(client) == counted(stored=1)


def test_when_too_many_wait_more_are_sent_away(client, monkeypatch):
    """Memory stays flat."""
    monkeypatch.setattr("deployments.intake.MOST_WAITING", 0)
    assert MOST_WAITING > 0
    assert client.post("/webhooks/alerts/own", json=EVENT, headers=BEARER).status_code == 503


def test_nothing_secret_and_nothing_of_a_body_is_logged(client, caplog):
    """But that there was one, and why it was refused."""
    with caplog.at_level(logging.INFO, logger="makegood.webhooks"):
        post(client, body=b"confidential")
        post(client, headers={SECRET: "a-secret-that-is-wrong"})
    assert "own: kept apart: is no JSON in UTF-8" in caplog.text
    assert "an alert was refused: it does not prove who sends it" in caplog.text
    for secret in (NEW, OLD, "confidential", "a-secret-that-is-wrong"):
        assert secret not in caplog.text


@pytest.mark.parametrize("secret", ["", " , ", "4711", f"{NEW} 4711"])
def test_without_a_usable_secret_nothing_starts(secret):
    """Otherwise anybody could open drafts; all that is wrong is named at once."""
    environment = {"MAKEGOOD_SOURCE_OWN_WEBHOOK_SECRETS": secret}
    with pytest.raises(UnusableInputError) as refused:
        doors_of(TERMS, environment)
    assert [finding.place for finding in refused.value.findings] == [
        "MAKEGOOD_SOURCE_OWN_WEBHOOK_SECRETS",
        "MAKEGOOD_SOURCE_ROBOT_WEBHOOK_SECRETS",
        "MAKEGOOD_SOURCE_ALERTS_WEBHOOK_SECRETS",
    ]
    assert not secret.strip(", ") or secret not in str(refused.value)


def test_a_workspace_of_webhooks_alone_starts_a_receiver(tmp_path, monkeypatch):
    """It needs no Stripe, and answers with its description."""
    incidents = "incidents: {webhooks: [{id: own, kind: generic}]}\n"
    Books.laid_out(tmp_path, makegood=MAKEGOOD + incidents)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    monkeypatch.setenv("MAKEGOOD_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_SOURCE_OWN_WEBHOOK_SECRETS", NEW)
    with TestClient(create_app()) as client:
        assert client.get("/webhooks/openapi.json").json() == DESCRIPTION
        assert client.post("/webhooks/stripe").status_code == 404
        late = {**EVENT, "at": "2026-05-10T08:00:00Z"}
        assert post(client, late) == counted(stored=1)
