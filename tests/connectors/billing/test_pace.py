"""Turns: within the limits, as near to them as is safe, and slower after a complaint."""

import threading
from itertools import pairwise

import pytest

from connectors.billing._connection import Connection
from connectors.billing._pace import MILLISECOND_NS, SECOND_NS, Pace, shared_pace
from models.workspace_file import BillingMode
from tests.connectors.billing.stage import fresh_account
from tests.standins.stripe.client import running

FULL = 25 * 60 * 98 // 100  # requests a minute
NOTES, INVOICES = "POST /v1/credit_notes", "GET /v1/invoices"


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        """Where it stands."""
        return self.at

    def sleep(self, duration: int) -> None:
        """Let time pass."""
        self.at += duration


@pytest.fixture
def clock():
    """At 0."""
    return Clock()


def pace(clock, per_second=100, **limits) -> Pace:
    """Turns by that clock."""
    return Pace(per_second, clock=clock.now, sleep=clock.sleep, **limits)


def moments(turns, clock, endpoints):
    """When requests to these endpoints leave, one after the other."""
    left = []
    for endpoint in endpoints:
        with turns.turn(endpoint):
            left.append(clock.at)
    return left


def most_within_a_second(left):
    """The most requests in any second."""
    return max(sum(at <= other < at + SECOND_NS for other in left) for at in left)


def test_one_endpoint_gets_nearly_its_limit_and_never_more(clock):
    """250 requests at 24.5 a second: 98 % of 25, evenly spaced."""
    left = moments(pace(clock), clock, [NOTES] * 250)
    assert most_within_a_second(left) <= 25
    assert len({b - a for a, b in pairwise(left)}) == 1
    assert left[-1] <= 249 * SECOND_NS * 100 // (98 * 25)


def test_slow_answers_leave_the_whole_limit(clock):
    """Half a second each, many under way: their way is long, but the same for all."""
    turns = pace(clock)
    opened, left = [], []
    for _ in range(250):
        turn = turns.turn(NOTES)
        turn.__enter__()
        opened.append(turn)
        left.append(clock.at)
        if len(opened) > 12:
            opened.pop(0).__exit__(None, None, None)
    assert most_within_a_second(left) <= 25
    assert left[-1] <= 249 * SECOND_NS * 100 // (95 * 25)


def test_a_request_that_was_late_moves_the_one_that_follows_a_limit_later(clock):
    """A busy machine held one of five up for 300 ms: it may have been counted as late as that."""
    turns = pace(clock, per_second=5)
    moments(turns, clock, [NOTES])
    with turns.turn(NOTES):
        clock.sleep(300 * MILLISECOND_NS)
        back = clock.at
    left = moments(turns, clock, [NOTES] * 5)
    assert left[-1] == back + SECOND_NS


@pytest.mark.parametrize("per_second", [25, 100])
def test_all_endpoints_together_keep_to_the_accounts_limit(clock, per_second):
    """Live 100, test 25; ten endpoints share it."""
    left = moments(pace(clock, per_second), clock, [f"GET /{n % 10}" for n in range(1000)])
    assert most_within_a_second(left) <= per_second
    assert left[-1] <= 999 * SECOND_NS * 100 // (95 * per_second)


def test_an_endpoint_that_nobody_used_need_not_wait(clock):
    """Beyond the account's own spacing."""
    turns = pace(clock)
    (_, *_, busy) = moments(turns, clock, [NOTES] * 10)
    (other,) = moments(turns, clock, [INVOICES])
    assert other - busy <= SECOND_NS // 98


def test_who_leaves_a_little_late_makes_nobody_else_late(clock):
    """One of two comes 30 ms late; the one behind it leaves as if it had not."""
    turns, turn = pace(clock), 60 * SECOND_NS // FULL
    (first,) = moments(turns, clock, [NOTES])
    for _ in range(100):
        clock.sleep(turn + 30 * MILLISECOND_NS)
        moments(turns, clock, [NOTES] * 2)
    assert clock.at - first <= 200 * turn * 102 // 100


def test_a_stall_is_made_up_for_within_the_limit(clock):
    """A busy machine loses 300 ms in each second: 200 of them come back, and never too many."""
    turns, left = pace(clock), list[int]()
    for _ in range(10):
        left += moments(turns, clock, [f"GET /{n % 10}" for n in range(98)])
        clock.sleep(300 * MILLISECOND_NS)
    assert most_within_a_second(left) <= 100
    assert clock.at <= 11 * SECOND_NS + 300 * MILLISECOND_NS


def test_who_waits_for_one_endpoint_holds_no_other_up(clock):
    """The note's turn is 40.8 ms after the last one; meanwhile an invoice is asked for."""
    meanwhile, left = [INVOICES], list[int]()

    def sleep(duration):
        while meanwhile:
            left.extend(moments(turns, clock, [meanwhile.pop()]))
        clock.sleep(duration)

    turns = Pace(100, clock=clock.now, sleep=sleep)
    moments(turns, clock, [NOTES])
    moments(turns, clock, [NOTES])
    assert left == [SECOND_NS // 98]


def test_a_complaint_halves_the_rate_and_success_brings_it_back(clock):
    """24.5 a second, then half; a hundred good answers later the whole again, in small steps."""
    turns = pace(clock)
    assert turns.per_minute(NOTES) == FULL
    turns.limited(NOTES, reason="endpoint-rate")
    assert turns.per_minute(NOTES) == FULL // 2
    rates = []
    for _ in range(110):
        turns.went_well(NOTES)
        rates.append(turns.per_minute(NOTES))
    assert max(b - a for a, b in pairwise(rates)) <= FULL // 100
    assert rates[-1] == FULL


def test_complaints_about_one_burst_count_once(clock):
    """Sixteen requests were under way; the rate is not lowered sixteen times."""
    turns = pace(clock)
    for _ in range(16):
        turns.limited(NOTES, reason="endpoint-rate")
    assert turns.per_minute(NOTES) == FULL // 2
    clock.sleep(SECOND_NS)
    turns.limited(NOTES, reason="endpoint-rate")
    assert turns.per_minute(NOTES) == FULL // 4


def test_however_many_complaints_a_request_still_leaves(clock):
    """At least one in a second: a limit is never the end."""
    turns = pace(clock)
    for _ in range(50):
        clock.sleep(SECOND_NS)
        turns.limited(NOTES, reason="endpoint-rate")
    first, second = moments(turns, clock, [NOTES] * 2)
    assert second - first <= SECOND_NS


def test_a_complaint_of_one_endpoint_leaves_the_others_alone(clock):
    """What is met is what is lowered."""
    turns = pace(clock)
    turns.limited(NOTES, reason="endpoint-rate")
    assert turns.per_minute(INVOICES) == FULL
    turns.limited(NOTES, reason="global-rate")
    assert turns.per_minute(INVOICES) == FULL
    clock.sleep(SECOND_NS)
    turns.limited(NOTES, reason="global-rate")
    clock.sleep(SECOND_NS)
    turns.limited(NOTES, reason="global-rate")
    assert turns.per_minute(INVOICES) == FULL // 2


@pytest.mark.parametrize("reason", ["lock_timeout", "resource-specific"])
def test_an_object_in_use_is_nobodys_speed(clock, reason):
    """Another request holds it; going slower elsewhere helps nobody."""
    turns = pace(clock)
    turns.limited(NOTES, reason=reason)
    assert turns.per_minute(NOTES) == FULL


def test_the_vendors_own_time_is_kept(clock):
    """`Retry-After: 7` is seven seconds without a request."""
    turns = pace(clock)
    turns.limited(NOTES, reason="global-rate", wait_ms=7000)
    assert moments(turns, clock, [NOTES]) == [7000 * MILLISECOND_NS]


def test_too_many_at_once_are_halved_and_come_back_one_by_one(clock):
    """40, then 20, then 21 after twenty good answers."""
    turns = pace(clock, at_once=40)
    turns.limited(NOTES, reason="global-concurrency")
    assert turns.most_at_once == 20
    for _ in range(20):
        turns.went_well(NOTES)
    assert turns.most_at_once == 21


def test_no_more_are_under_way_than_may_be():
    """Thirty threads, three at a time."""
    turns = Pace(100_000, per_endpoint=100_000, at_once=3)
    under_way, seen = [], []

    def visit() -> None:
        with turns.turn(NOTES):
            under_way.append(1)
            seen.append(len(under_way))
            under_way.pop()

    threads = [threading.Thread(target=visit) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 30
    assert max(seen) <= 3


def test_one_key_has_one_pace_in_a_program():
    """However many connectors use it; another key, address or program has its own."""
    one = shared_pace("rk_test_1", "https://a", live=False)
    assert shared_pace("rk_test_1", "https://a", live=False) is one
    assert shared_pace("rk_test_2", "https://a", live=False) is not one
    assert shared_pace("rk_test_1", "https://b", live=False) is not one
    assert one.per_second == 25
    assert shared_pace("rk_live_1", "https://a", live=True).per_second == 100


def test_stripes_limits_are_never_met_at_full_speed():
    """64 reads by eight threads, with the published limits enforced, in about 2.6 s."""
    with running() as stand_in:
        account = fresh_account(stand_in)
        account.tell("limits", published=True)
        line = connection(account, Pace(25))
        threads = [threading.Thread(target=read, args=(line, 8)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        line.close()
        outcomes = account.tell("counts")["outcomes"]
        assert outcomes[f"{INVOICES} 200"] == 64
        # None at rest; a machine that is busy elsewhere may hold an answer back for longer.
        assert outcomes.get(f"{INVOICES} 429", 0) <= 1


def test_where_others_use_the_account_too_every_read_still_succeeds():
    """80 a second are left of 250: some complaints, no failure, and a pace that fits."""
    with running() as stand_in:
        account = fresh_account(stand_in)
        account.tell("limits", per_second=8, scale=10)
        turns = Pace(250, per_endpoint=250)
        line = connection(account, turns)
        read(line, 40)
        line.close()
        outcomes = account.tell("counts")["outcomes"]
        assert outcomes[f"{INVOICES} 200"] == 40
        assert 1 <= outcomes[f"{INVOICES} 429"] <= 6
        assert turns.per_minute(INVOICES) < 250 * 60 * 98 // 100


def connection(account, turns) -> Connection:
    """The line to an account."""
    return Connection(
        account.restricted_key, mode=BillingMode.TEST, address=account.url, pace=turns
    )


def read(line, times) -> None:
    """Ask for a list so many times."""
    for _ in range(times):
        list(line.pages(INVOICES, line.v1.invoices.list))
