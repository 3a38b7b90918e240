"""One account, several processes: together within the limit, and alone as fast as before."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from connectors.billing._pace import MILLISECOND_NS, SECOND_NS, Pace
from connectors.errors import Retriable
from connectors.store.sql import open_store
from tests.connectors.billing.stage import fresh_account
from tests.connectors.billing.test_pace import Clock, most_within_a_second
from tests.standins.stripe.client import running

NAME = "stripe/test"
TOGETHER, EACH = 3, 60

ASKING = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from connectors.billing._connection import Connection
from connectors.store.sql import open_store
from models.workspace_file import BillingMode

key, url, database, number = sys.argv[1:]
with closing(open_store(database)) as store:
    line = Connection(key, mode=BillingMode.TEST, address=url, shared=store)
    def ask(n):
        if n % 2:
            return line.read("GET /v1/invoices", lambda: line.v1.invoices.list({}))
        return line.read("GET /v1/subscriptions", lambda: line.v1.subscriptions.list({}))
    with ThreadPoolExecutor(8) as pool:
        print(json.dumps(len(list(pool.map(ask, range(int(number)))))))
"""


@pytest.fixture
def clock():
    """At 0."""
    return Clock()


class Shared:
    """A database's side of it, on the same clock; it can be away."""

    def __init__(self, clock):
        self.clock, self.free_us, self.asked, self.away = clock, 0, 0, False

    def turns(self, name, *, gap_us, count=1):
        """As `Store.turns`."""
        assert name == NAME
        if self.away:
            message = "the database cannot be reached"
            raise Retriable(message)
        self.asked += 1
        now_us = self.clock.at // 1000
        first = max(now_us, self.free_us)
        self.free_us = first + count * gap_us
        return first - now_us

    def hold_off(self, name, *, us):
        """As `Store.hold_off`."""
        assert name == NAME
        self.free_us = max(self.free_us, self.clock.at // 1000 + us)


def party(clock, shared, per_second=100):
    """One process: its pace, and its moments."""
    turns = Pace(per_second, clock=clock.now, sleep=clock.sleep)
    return turns, turns.moments(shared, NAME)


def left(clock, party, number):
    """When so many requests of one process leave, to ten endpoints."""
    (turns, moments), found = party, []
    for each in range(number):
        with turns.turn(f"GET /{each % 10}", moments):
            found.append(clock.at)
    return found


def test_whoever_is_alone_is_as_fast_as_without_sharing(clock):
    """980 requests in ten seconds, but for the first three; the database is asked 41 times."""
    shared = Shared(clock)
    assert left(clock, party(clock, shared), 980)[-1] <= 10 * SECOND_NS + SECOND_NS // 5
    assert shared.asked <= 42


def test_two_take_turns_within_the_limit(clock):
    """Both ask as fast as they can; together they are never too many."""
    shared = Shared(clock)
    one, other = party(clock, shared), party(clock, shared)
    found = []
    for _ in range(300):
        found += left(clock, one, 1) + left(clock, other, 1)
    assert most_within_a_second(found) <= 100


def test_moments_that_passed_unused_are_not_made_up_for(clock):
    """After an hour nobody may ask for the hour's requests at once."""
    shared = Shared(clock)
    one = party(clock, shared)
    left(clock, one, 10)
    clock.sleep(3600 * SECOND_NS)
    assert most_within_a_second(left(clock, one, 300)) <= 100


def test_what_the_vendor_asks_one_for_all_hear(clock):
    """`Retry-After: 7` for the account holds for the other process; an endpoint's does not."""
    shared = Shared(clock)
    (turns, moments), other = party(clock, shared), party(clock, shared)
    turns.limited("GET /1", reason="endpoint-rate", wait_ms=9000, moments=moments)
    assert left(clock, other, 1) == [0]
    clock.sleep(SECOND_NS)
    turns.limited("GET /1", reason="global-rate", wait_ms=7000, moments=moments)
    clock.sleep(300 * MILLISECOND_NS)
    assert left(clock, other, 1)[0] >= 8 * SECOND_NS


def test_without_the_database_nothing_leaves(clock):
    """Nobody can tell who else is asking; the place among those under way is given back."""
    shared = Shared(clock)
    turns, moments = party(clock, shared)
    shared.away = True
    for _ in range(turns.most_at_once + 1):
        with pytest.raises(Retriable, match="cannot be reached"), turns.turn("GET /1", moments):
            raise AssertionError
    shared.away = False
    assert left(clock, (turns, moments), 1) == [0]


def test_processes_over_one_database_keep_to_the_accounts_limit(tmp_path):
    """Three of them, 180 requests, the stand-in enforces 25 a second: hardly any is refused.

    Each for itself they meet the limit forty times. How long a request of another process travels
    nobody knows, so on a busy machine a few may meet it all the same; all are answered in the end.
    """
    database = f"sqlite:///{tmp_path}/makegood.db"
    with running() as stand_in, closing(open_store(database)):
        account = fresh_account(stand_in)
        account.tell("limits", published=True)
        where = [account.restricted_key, account.url, database, str(EACH)]
        command = [sys.executable, "-c", ASKING, *where]
        with ThreadPoolExecutor(TOGETHER) as pool:
            ran = [pool.submit(subprocess.check_output, command) for _ in range(TOGETHER)]
            told = [each.result() for each in ran]
        outcomes = account.tell("counts")["outcomes"]
    assert [json.loads(each) for each in told] == [EACH] * TOGETHER
    refused = sum(number for outcome, number in outcomes.items() if outcome.endswith(" 429"))
    assert refused <= TOGETHER * EACH // 20
    assert sum(outcomes.values()) - refused == TOGETHER * EACH
