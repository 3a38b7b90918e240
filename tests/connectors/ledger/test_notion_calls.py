"""Every line of the table of outcomes, by the real client over a socket; and whose turn it is."""

import socket
import threading

import httpx
import pytest
from notion_client.errors import RequestTimeoutError

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.ledger._notion_calls import LimitReached, NotFound, scrubbed, seconds_of
from connectors.ledger._notion_pace import LATE_US, Clock, Line, LocalTurns, Turns, gap_us
from tests.connectors.ledger.conformance import row
from tests.connectors.ledger.notion_stage import StillClock, ledger_at

KEY = "acme/api/2026-05/r0"
SECOND = 1_000_000

# What Notion does, and what that is for whoever asks or changes by id, and for whoever makes a row.
OUTCOMES = [
    ("conflict", Retriable, OutcomeUnknown),
    ("error", Retriable, OutcomeUnknown),
    ("unavailable", Retriable, OutcomeUnknown),
    ("gateway_timeout", Retriable, OutcomeUnknown),
    ("bad_gateway", Retriable, OutcomeUnknown),
    ("database_unavailable", Retriable, OutcomeUnknown),
    ("cut", Retriable, OutcomeUnknown),
    ("reset", Retriable, OutcomeUnknown),
    ("short_body", Retriable, OutcomeUnknown),
    ("broken_json", Retriable, OutcomeUnknown),
    ("login_page", Retriable, OutcomeUnknown),
    ("refused", Permanent, Permanent),
    ("unauthorized", Misconfigured, Misconfigured),
    ("forbidden", Misconfigured, Misconfigured),
    ("missing", NotFound, NotFound),
]


def made(workspace):
    """How many rows there are."""
    return len(workspace.rows())


@pytest.mark.parametrize(("kind", "asking", "making"), OUTCOMES)
def test_an_outcome_of_making_a_row(notion, workspace, kind, asking, making):
    """One request is sent, whatever comes of it."""
    workspace.plan({"kind": kind, "operation": "pages.create", "times": 0})
    with pytest.raises(making) as raised:
        notion.add(row())
    assert type(raised.value) is making
    assert len(workspace.calls(operation="pages.create")) == 1
    assert made(workspace) == 0


@pytest.mark.parametrize(("kind", "asking", "making"), OUTCOMES)
@pytest.mark.parametrize("operation", ["data_sources.query", "pages.update", "pages.retrieve"])
def test_an_outcome_of_asking_or_changing_by_id(  # noqa: PLR0917 - pytest names each of them
    notion, workspace, operation, kind, asking, making
):
    """What may work later is tried three times; all else is told at once."""
    page = notion.add(row())
    attempts = {
        "data_sources.query": lambda: notion.find(KEY),
        "pages.update": lambda: notion.bring_up_to_date(page, row(notes="New.")),
        "pages.retrieve": lambda: notion.page(page.id),
    }
    workspace.plan({"kind": kind, "operation": operation, "times": 0})
    if operation == "pages.retrieve" and asking is NotFound:
        assert attempts[operation]() is None
        return
    with pytest.raises(asking) as raised:
        attempts[operation]()
    assert type(raised.value) is asking
    tries = len(workspace.calls(operation=operation))
    assert tries == (3 if asking is Retriable else 1)


@pytest.mark.parametrize("kind", ["error", "cut", "database_unavailable"])
def test_one_failure_of_a_question_is_not_noticed(notion, workspace, kind):
    """The second try answers."""
    notion.add(row())
    workspace.plan({"kind": kind, "operation": "data_sources.query"})
    assert len(notion.find(KEY)) == 1


def test_a_row_is_not_made_where_nobody_listens(workspace):
    """No connection, nothing sent: it may be tried again without a look."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    ledger = ledger_at(workspace, address=address)
    with pytest.raises(Retriable, match="not connected"):
        ledger.make_book()
    ledger.close()


def test_silence_after_sending_is_unknown(notion, workspace, monkeypatch):
    """The library says timeout; the row may be there."""
    notion.calls.client.client.timeout = httpx.Timeout(0.3)
    workspace.plan({"kind": "delay", "when": "after", "operation": "pages.create", "seconds": 2})
    with pytest.raises(OutcomeUnknown, match=r"timeout.*may have been made"):
        notion.add(row())
    assert made(workspace) == 1


def test_silence_before_a_connection_is_none(notion):
    """What never had a connection was never sent."""

    def no_connection():
        error = RequestTimeoutError()
        error.__context__ = httpx.ConnectTimeout("no answer")
        raise error

    with pytest.raises(Retriable):
        notion.calls.make("row", no_connection)


@pytest.mark.parametrize(("kind", "seconds"), [("rate_limited", 7), ("overloaded", 3600)])
def test_a_limit_is_waited_for_as_long_as_notion_asks(workspace, kind, seconds):
    """To the second, an hour as well; then the question is answered, and no try is counted."""
    still = StillClock()
    turns = LocalTurns(0, still.clock).turns
    ledger = ledger_at(workspace, clock=still.clock, turns=turns)
    ledger.open_book(ledger.make_book())
    fault = {"kind": kind, "operation": "data_sources.query", "times": 5, "retry_after": seconds}
    workspace.plan(fault)
    assert ledger.find(KEY) == []
    assert sum(still.slept) == 5 * seconds * SECOND
    ledger.close()


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
def test_a_limit_met_when_making_a_row_is_surely_nothing(notion, workspace, kind):
    """The caller begins anew; the next request waits for its turn."""
    workspace.plan({"kind": kind, "operation": "pages.create", "retry_after": 9})
    with pytest.raises(LimitReached) as met:
        notion.add(row())
    assert met.value.status == 429
    still = notion.calls.line.clock
    before = still.now_us()
    notion.add(row())
    assert still.now_us() - before == 9 * SECOND
    assert made(workspace) == 1


def test_a_limit_without_a_time_is_left_alone_for_a_second():
    """A part of a second is a whole one, and what is no number is no time."""
    assert seconds_of({"retry-after": "soon"}) is None
    assert seconds_of({"retry-after": "120"}) == 120
    assert seconds_of({"retry-after": "2.5"}) == 3
    assert seconds_of({"retry-after": "2.0"}) == 2
    assert seconds_of({}) is None


def test_words_of_a_vendor_are_cut_and_hold_no_token():
    """One line, three hundred characters."""
    assert scrubbed("API token ntn_1234abcd\nis invalid") == "API token [token] is invalid"
    assert len(scrubbed("x" * 1000)) == 301


# --- Turns ----------------------------------------------------------------------------------------


def test_a_rate_of_180_a_minute_leaves_a_little_between():
    """97 percent of it: 60 s / (180 x 0.97) = 343,643 us, rounded up."""
    assert gap_us(180) == 343_643


def test_turns_are_evenly_spaced_and_bursts_never_saved_up():
    """After a minute of silence the next two are as far apart as ever."""
    still = StillClock()
    line = Line(LocalTurns(300_000, still.clock).turns, still.clock)
    left = []
    for pause in (0, 0, 60 * SECOND, 0):
        still.now += pause
        line.turn()
        left.append(still.now)
    assert left == [0, 300_000, 60_300_000, 60_600_000]


def test_requests_that_were_late_do_not_leave_all_at_once():
    """The program stood still for 20 s: what was due then leaves within the rate, not in a burst.

    18 a minute are 3 in 10 s. The fourth leaves 10.3 s after the first.
    """
    still = StillClock()
    line = Line(Turns(lambda: 0, lambda _: None), still.clock, requests_per_minute=18)
    left = []
    for _ in range(5):
        line.turn()
        left.append(still.now)
    assert left == [0, 0, 0, 10_300_000, 10_300_000]


def test_a_turn_taken_ahead_is_used_once():
    """By the next request of the same thread, at once; the one after that waits."""
    still = StillClock()
    line = Line(LocalTurns(300_000, still.clock).turns, still.clock)
    line.take_ahead()
    line.turn()
    assert still.now == 0
    line.turn()
    assert still.now == 300_000


def test_a_turn_taken_ahead_long_ago_is_lost():
    """A host that slept takes another one."""
    still = StillClock()
    line = Line(LocalTurns(300_000, still.clock).turns, still.clock)
    line.take_ahead()
    line.take_ahead()
    still.now += LATE_US + 1
    line.turn()
    assert still.slept == [300_000]
    line.turn()
    assert still.slept == [300_000, 300_000]


def test_turns_taken_before_a_limit_was_met_are_no_good_after_it():
    """Two threads wait for their moments when a third one is told to wait a minute."""
    taken = [0, 300_000, 60_000_000]
    still = StillClock()

    def sleep(duration):
        if still.now == 0:
            line.limited(60_000_000)
        still.sleep(duration)

    held: list[int] = []
    turns = Turns(take=lambda: taken.pop(0), hold_off=held.append)
    line = Line(turns, Clock(lambda: still.now, sleep))
    line.turn()
    line.turn()
    assert held == [60_000_000]
    assert still.now == 60_300_000
    assert taken == []


def test_a_moment_is_no_good_when_another_program_met_a_limit_meanwhile():
    """Two lines over one source of moments: the second one waits for its moment, and then more."""
    still = StillClock()
    local = LocalTurns(300_000, still.clock)

    def sleep(duration):
        if still.now == 0:
            first.limited(60_000_000)
        still.sleep(duration)

    first = Line(local.turns, still.clock)
    second = Line(local.turns, Clock(lambda: still.now, sleep))
    first.turn()
    second.turn()
    assert still.now >= 60_000_000


def test_a_request_that_was_spread_keeps_a_limit_that_is_met_meanwhile():
    """The fourth in ten seconds waits for 10.3 s; at its beginning Notion asks for a minute."""
    still = StillClock()

    def sleep(duration):
        if still.now == 0:
            line.limited(60_000_000)
        still.sleep(duration)

    turns = Turns(lambda: 0, lambda _: None)
    line = Line(turns, Clock(lambda: still.now, sleep), requests_per_minute=18)
    for _ in range(4):
        line.turn()
    assert still.now >= 60_000_000


def test_two_requests_that_leave_together_take_two_turns():
    """The second moment is waited for, and the next request is as far behind as ever."""
    still = StillClock()
    line = Line(LocalTurns(300_000, still.clock).turns, still.clock)
    line.turn(requests=2)
    assert still.now == 300_000
    line.turn()
    assert still.now == 600_000


def test_a_row_whose_turn_comes_late_is_not_sent(workspace):
    """The engine has noted that it begins now; after ten seconds it must begin anew."""
    still = StillClock()
    ledger = ledger_at(workspace, clock=still.clock)
    ledger.open_book(ledger.make_book())
    ledger.calls.line.limited(11 * SECOND)
    with pytest.raises(Retriable, match="its turn came late; nothing was sent"):
        ledger.add(row())
    assert made(workspace) == 0
    ledger.close()


def test_threads_share_the_turns():
    """Forty turns of eight threads are forty different moments."""
    local = LocalTurns(1_000, Clock(lambda: 0))
    moments: list[int] = []

    def take():
        moments.extend(local.take() for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moments) == [n * 1_000 for n in range(40)]
