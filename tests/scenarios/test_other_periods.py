"""Contracts that judge quarters or look back at earlier months, through the whole month's run."""

from datetime import UTC, datetime, timedelta

import pytest

from models.period import ServiceMonth
from tests.workspaces import SEPTEMBER

HEAD = """\
role: provider
client: {id: acme, name: Acme GmbH, email: ap@acme.example}
service: {id: api, name: Relay API}
currency: EUR
billable_amount: 3000
monitors: [api]
"""
TEN_PERCENT = (
    "credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}\n"
)
JULY, AUGUST = ServiceMonth.parse("2025-07"), ServiceMonth.parse("2025-08")


def outages(**minutes_of):
    """Checks of one monitor from July to September: down from noon of each month's 10th."""
    rows = ["monitor,at,up", "api,2025-06-30T12:00:00Z,up"]
    months = {"july": 7, "august": 8, "september": 9}
    for name, minutes in minutes_of.items():
        start = datetime(2025, months[name], 10, 12, tzinfo=UTC)
        end = start + timedelta(minutes=minutes)
        rows += [f"api,{start.isoformat()},down", f"api,{end.isoformat()},up"]
    return "\n".join([*rows, "api,2025-10-01T12:00:00Z,up"]) + "\n"


def decided(books, month=SEPTEMBER):
    """The determination of a month's run; None where the month closes no period."""
    outcome = books.run(month=str(month)).get("acme/api")
    return outcome and outcome.decided.determination


def test_a_quarter_is_decided_with_the_month_that_closes_it(lay_out):
    """120 of 132,480 minutes are 99.909 %; with 140 it is 99.894 %, 10 % of the quarter's fee."""
    terms = HEAD + TEN_PERCENT + "period: {kind: quarter}\n"
    books = lay_out(terms, checks=outages(july=60, august=60))
    assert decided(books, JULY) is None
    assert decided(books, AUGUST) is None
    assert decided(books).breached is False
    books.write("checks.csv", outages(july=60, august=60, september=20))
    assert str(decided(books).amount) == "300.00 EUR"
    assert books.owed == {"acme/api/2025-09/r0": ("draft", "300.00 EUR")}


def test_hubspots_second_month_in_a_row_pays(lay_out):
    """August alone earns nothing; September after a missed August does."""
    terms = HEAD + TEN_PERCENT + "recurrence: {missed: 2, of: 2}\n"
    books = lay_out(terms, checks=outages(august=60, september=60))
    assert "2 of them" not in str(decided(books, JULY).steps)
    assert str(decided(books, AUGUST).amount) == "0.00 EUR"
    assert str(decided(books).amount) == "300.00 EUR"


def test_an_earlier_month_that_nobody_decided_withholds(lay_out):
    """Without August's decision nobody can say whether September is the second."""
    terms = HEAD + TEN_PERCENT + "recurrence: {missed: 2, of: 2}\n"
    books = lay_out(terms, checks=outages(august=60, september=60))
    answer = decided(books)
    assert answer.withheld == (
        "missed in 1 of the last 2 periods, 2 are asked; 1 of them are not decided"
    )


def test_a_missed_month_that_only_lacks_a_history_counts_for_the_next(lay_out):
    """July was never decided, so August is withheld; that August was missed is known all the same.

    Otherwise a contract that was taken over in the middle would be withheld for ever.
    """
    terms = HEAD + TEN_PERCENT + "recurrence: {missed: 2, of: 2}\n"
    books = lay_out(terms, checks=outages(august=60, september=60))
    assert "not decided" in decided(books, AUGUST).withheld
    assert str(decided(books).amount) == "300.00 EUR"


def test_a_month_that_could_not_be_measured_says_nothing_to_the_next(lay_out):
    """In August the monitor is silent for 20 days, which the terms withhold; nobody was missed."""
    silent = "measurement: {stale_after_minutes: 1440, no_data: withhold}\n"
    terms = HEAD + TEN_PERCENT + silent + "recurrence: {missed: 2, of: 2}\n"
    books = lay_out(terms, checks=outages(july=60, august=60) + watched_in_september())
    assert decided(books, AUGUST).withheld
    assert "not decided" in decided(books).withheld


def watched_in_september():
    """A check each half day of September; down on the 10th for twelve hours."""
    start = datetime(2025, 8, 31, 12, tzinfo=UTC)
    halves = ((start + timedelta(hours=12 * n), n) for n in range(1, 60))
    return "".join(f"api,{at.isoformat()},{'down' if n == 20 else 'up'}\n" for at, n in halves)


def test_a_cap_over_the_quarter_leaves_the_rest_to_its_last_month(lay_out):
    """300.00 a month against 20 % of 3,000.00 a quarter: 300.00, 300.00 and nothing."""
    terms = HEAD + TEN_PERCENT + "caps: [{scope: quarter, percent: 20}]\n"
    books = lay_out(terms, checks=outages(july=60, august=60, september=60))
    paid = [str(decided(books, month).amount) for month in (JULY, AUGUST, SEPTEMBER)]
    assert paid == ["300.00 EUR", "300.00 EUR", "0.00 EUR"]
    assert decided(books).capped


def test_small_credits_wait_until_they_are_large_enough(lay_out):
    """Two months of 300.00 are carried, the third lifts them over 900.00."""
    terms = HEAD + TEN_PERCENT + "minimum_payout: {at_least: 900, otherwise: carried}\n"
    books = lay_out(terms, checks=outages(july=60, august=60, september=60))
    july, august, september = (decided(books, month) for month in (JULY, AUGUST, SEPTEMBER))
    assert [july.carried_minor, august.carried_minor] == [30_000, 60_000]
    assert (str(september.amount), september.carried_minor) == ("900.00 EUR", 0)
    assert september.earned_minor == 30_000


@pytest.mark.parametrize(
    ("partial", "uptime"),
    [("active_part", "99.722222"), ("full_period", "99.861111")],
)
def test_a_contract_that_begins_within_a_month_says_of_what_it_is_a_share(lay_out, partial, uptime):
    """60 minutes of 15 days, 21,600 minutes, or of all 43,200."""
    dated = f"effective_on: 2025-09-16\nmeasurement: {{partial_period: {partial}}}\n"
    books = lay_out(HEAD + TEN_PERCENT + dated, checks=late(60))
    assert decided(books).to_record()["uptime_percent"] == uptime


def test_downtime_before_the_contract_began_does_not_count(lay_out):
    """Down on the 10th, begun on the 16th."""
    dated = "effective_on: 2025-09-16\nmeasurement: {partial_period: active_part}\n"
    books = lay_out(HEAD + TEN_PERCENT + dated, checks=outages(september=60))
    assert decided(books).breached is False


def late(minutes):
    """Down in September from noon of the 20th."""
    start = datetime(2025, 9, 20, 12, tzinfo=UTC)
    end = start + timedelta(minutes=minutes)
    lines = ["monitor,at,up", "api,2025-08-30T12:00:00Z,up"]
    lines += [f"api,{start.isoformat()},down", f"api,{end.isoformat()},up"]
    return "\n".join([*lines, "api,2025-10-01T12:00:00Z,up"]) + "\n"
