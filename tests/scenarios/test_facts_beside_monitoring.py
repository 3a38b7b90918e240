"""What people record beside the monitoring: tickets, users that were hit, other metrics."""

import json

import pytest

from tests.workspaces import MAKEGOOD, checks

BESIDE = MAKEGOOD.replace(
    "mail:", "  - {id: facts, kind: calculator_payloads, path: facts.json}\nmail:"
)
HEAD = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Relay API}
currency: EUR
billable_amount: 1000
monitors: [api]
"""
TEN_PERCENT = (
    "credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}\n"
)


@pytest.fixture
def decided(lay_out):
    """A function: September's determination under these terms, with these facts."""

    def decide(terms, **facts):
        books = lay_out(HEAD + terms, makegood=BESIDE, checks=checks(api=120))
        told = {"client_id": "acme", "service_id": "api", "month": "2025-09", **facts}
        books.write("facts.json", json.dumps(told if facts else []))
        return books.run()["acme/api"].decided.determination

    return decide


WEIGHED = TEN_PERCENT + "measurement: {weighted_by: affected}\n"
FROM_THE_TICKET = TEN_PERCENT + "measurement: {clock_starts: report}\n"
WHOLE = {"start": "2025-09-01T00:00Z", "end": "2025-10-01T00:00Z"}


def test_an_outage_counts_by_the_users_that_it_hit(decided):
    """120 minutes of a quarter of the users are 30: 99.930555 %, and no breach."""
    found = decided(WEIGHED, notes=[WHOLE | {"affected_percent": 25}])
    assert found.to_record()["uptime_percent"] == "99.930555"
    assert found.breached is False


def test_without_a_word_about_the_users_the_month_waits(decided):
    """Nobody guesses whom an outage hit."""
    found = decided(WEIGHED)
    assert found.withheld == "outages count by whom they hit, and nothing is recorded of that"


def test_an_outage_counts_from_its_ticket(decided):
    """Reported long before, it counts whole; reported by nobody, not at all."""
    told = decided(FROM_THE_TICKET, notes=[WHOLE | {"reported_at": "2025-09-01T00:00Z"}])
    assert told.to_record()["uptime_percent"] == "99.722222"
    never = decided(FROM_THE_TICKET, notes=[WHOLE])
    assert never.breached is False


def test_without_a_word_about_tickets_the_month_waits(decided):
    """The monitoring knows no tickets."""
    found = decided(FROM_THE_TICKET)
    assert found.withheld == "outages count from their reports, and none is recorded"


METRIC = """\
credit_ladder:
  kind: combined
  commitment_percent: 99.9
  take: sum
  parts:
    - ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
    - ladder: {kind: metric_table, metric: latency_ms, target: 40, rows: [{above: 40, credit_percent: 5}]}
"""  # noqa: E501 - a ladder as a person writes it


def test_a_metric_stands_beside_the_measured_uptime(decided):
    """10 % for the uptime that the monitors saw, 5 % for the latency that somebody states."""
    assert str(decided(METRIC, metrics={"latency_ms": 41}).amount) == "150.00 EUR"
    assert str(decided(METRIC, metrics={"latency_ms": 40}).amount) == "100.00 EUR"
    assert decided(METRIC).withheld == "the metric latency_ms is not stated for the period"


def test_a_payload_that_says_how_the_month_went_stands_in_for_the_monitoring(decided):
    """As it always did."""
    assert decided(TEN_PERCENT, uptime_percent="99.95").breached is False
