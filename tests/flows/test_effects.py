"""Each effect exactly once, or a person is told: the engine against a far side that goes wrong."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from connectors.errors import Misconfigured, OutcomeUnknown, PersonNeeded, Retriable
from connectors.store import EffectPlan
from connectors.store.sql import open_store
from flows import effects
from flows.effects import ONCE, Patience, Unasked, carry_out, settle
from flows.pacing import Clocks, Limits
from flows.verify import verify
from models.effect import OPEN_STATES, WORKSPACE, Abilities, EffectState
from tests.flows.far_side import HOUR, Fault, Killed, Mortal, Vendor, World, payment

NAMES = count(1)
ON_POSTGRESQL = pytest.mark.xdist_group(name="postgresql")
ENDED = {EffectState.DONE, EffectState.REFUSED, EffectState.PERSON}


@pytest.fixture(scope="module")
def store():
    """A store in memory; every story has effects of its own."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@contextmanager
def living_in(store, world):
    """Let the database read this world's clock."""
    clock = store.dialect.now
    store.dialect.now = lambda _connection: world.at
    try:
        yield
    finally:
        store.dialect.now = clock


def planned(store, *, customers=("cus_1",)):
    """One new payment for each customer named."""
    plans = [payment(f"story-{next(NAMES):05d}", customer=customer) for customer in customers]
    store.plan_effects(plans)
    return [plan.key for plan in plans]


def run(store, keys, vendor):
    """One run of the program, which a fault may end."""
    with suppress(Killed, Misconfigured):
        settle(Mortal(store, vendor.world), keys, vendor, clocks=vendor.world.clocks)


def told(store, keys, vendor, runs):
    """Live through runs, each some hours after the one before with its faults, then quiet ones."""
    world = vendor.world
    with living_in(store, world):
        for hours, faults in runs:
            world.pass_by(hours * HOUR)
            world.faults = list(faults)
            run(store, keys, vendor)
        world.faults = []
        for hours in (0, 2, 25):
            world.pass_by(hours * HOUR)
            run(store, keys, vendor)
    return {effect.key: effect for effect in store.effects(keys=keys)}


def doubts(stood, vendor):
    """Everything that is not exactly once, or told to a person; empty as it must be."""
    times = vendor.times()
    for key, effect in stood.items():
        made = times[key]
        right = {EffectState.DONE: made == 1, EffectState.REFUSED: made == 0}
        if made > 1 or not right.get(effect.state, effect.state is EffectState.PERSON):
            yield f"{key}: {effect.state}, made {made} times"


FAULTS = st.lists(st.sampled_from(Fault), max_size=8)
RUNS = st.lists(st.tuples(st.sampled_from([0, 1, 22, 25, 960]), FAULTS), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(RUNS, st.booleans(), st.sampled_from([24 * HOUR, 30 * HOUR]))
def test_whatever_goes_wrong_each_is_made_once_or_a_person_is_told(store, runs, refunds, forgets):
    """Killed, lost, limited, refused, failed, asleep, hours or weeks apart."""
    vendor = Vendor(World(), forgets_after=forgets, refunds=refunds)
    keys = planned(store, customers=("cus_1", "cus_1", "cus_2"))
    assert list(doubts(told(store, keys, vendor, runs), vendor)) == []


@pytest.mark.parametrize("hours", [0, 1, 25, 960])
@pytest.mark.parametrize("fault", list(Fault))
def test_every_single_and_double_fault_at_every_call_is_borne(store, fault, hours):
    """Begin, send, finish, and the looks after them: each hit once, then a second time."""
    for first, second in product(range(3), range(4)):
        runs = [(0, [*[Fault.NONE] * first, fault]), (hours, [*[Fault.NONE] * second, fault])]
        vendor = Vendor(World())
        keys = planned(store)
        assert list(doubts(told(store, keys, vendor, runs), vendor)) == [], runs


@settings(max_examples=30, deadline=None)
@given(RUNS)
def test_six_threads_make_no_more_than_one(store, runs):
    """All of them are given the same effects, and any of them may be killed."""
    vendor = Vendor(World(), limits=Limits(at_once=2))
    keys = planned(store, customers=("cus_1", "cus_2", "cus_2", "cus_3"))
    with living_in(store, vendor.world), ThreadPoolExecutor(6) as pool:
        for hours, faults in runs:
            vendor.world.pass_by(hours * HOUR)
            vendor.world.faults = list(faults)
            list(pool.map(lambda _: run(store, keys, vendor), range(6)))
    assert list(doubts(told(store, keys, vendor, []), vendor)) == []


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.peer, ON_POSTGRESQL])]
)
def test_six_workers_share_one_database(request, tmp_path, database):
    """Each with a store of its own, over the same effects of twenty customers, with faults."""
    sqlite = f"sqlite:///{tmp_path}/makegood.db"
    url = sqlite if database == "sqlite" else request.getfixturevalue("postgres_url")
    stores = [open_store(url) for _ in range(6)]
    world = World([fault for fault in Fault for _ in range(6) if fault is not Fault.SLEPT])
    vendor = Vendor(world, limits=Limits(at_once=3))
    keys = planned(stores[0], customers=[f"cus_{n % 20}" for n in range(60)])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: run(one, keys, vendor), stores))
        world.faults = []
        list(pool.map(lambda one: run(one, keys, vendor), stores))
    stood = told(stores[0], keys, vendor, [])
    assert list(doubts(stood, vendor)) == []
    for one in stores:
        one.close()


# --- The proof proves something ---------------------------------------------------------------


def test_without_looking_a_lost_answer_is_paid_twice(store, monkeypatch):
    """A far side that is not asked after its key was forgotten makes a second one."""
    vendor = Vendor(World())
    monkeypatch.setattr(vendor, "look", lambda _plan: [])
    stood = told(store, planned(store), vendor, [(0, [Fault.NONE, Fault.KILLED_AFTER])])
    assert list(doubts(stood, vendor)) == []
    vendor = Vendor(World())
    monkeypatch.setattr(vendor, "look", lambda _plan: [])
    runs = [(0, [Fault.NONE, Fault.KILLED_AFTER]), (25, [])]
    stood = told(store, planned(store), vendor, runs)
    assert [fault.split(": ")[1] for fault in doubts(stood, vendor)] == ["done, made 2 times"]


def test_with_random_keys_what_shows_late_is_paid_twice(store, monkeypatch):
    """The vendor's own memory is the second belt."""
    keys = (f"random-{n}" for n in count())
    monkeypatch.setattr(effects, "idempotency_key", lambda _key, _generation: next(keys))
    vendor = Vendor(World())
    stood = told(store, planned(store), vendor, [(0, [Fault.NONE, Fault.LOST_AND_SEEN_LATE])])
    assert len(list(doubts(stood, vendor))) == 1


def test_without_the_clocks_a_sleeper_pays_twice(store):
    """It began, slept a day, and another run paid meanwhile."""
    for watchful, times in ((True, 1), (False, 2)):
        vendor = Vendor(World())
        (key,) = planned(store)
        patience = Patience() if watchful else Patience(too_late_ms=1000 * HOUR)
        with living_in(store, vendor.world):
            _sleep_while_another_pays(store, key, vendor, vendor.world.clocks, patience)
        assert vendor.times()[key] == times


@pytest.mark.parametrize("host", ["stopped", "awake"])
def test_the_database_s_clock_tells_what_the_host_s_cannot(store, host):
    """A machine that was stopped as a whole, its clock included, and put back a day later."""
    vendor = Vendor(World())
    world, clocks = vendor.world, vendor.world.clocks
    began = world.at
    if host == "stopped":
        clocks = Clocks(lambda: began + (world.at - began) % (25 * HOUR), world.pass_by)
    (key,) = planned(store)
    with living_in(store, vendor.world):
        _sleep_while_another_pays(store, key, vendor, clocks, Patience())
    assert vendor.times()[key] == 1


def _sleep_while_another_pays(store, key, vendor, clocks, patience):
    world = vendor.world

    class Sleeper(Mortal):
        """Loses its lock in its sleep, as a suspended host does at a server."""

        def begin(self, starts):
            """Begin, then sleep while another run goes on and the vendor forgets."""
            attempts = store.begin(starts)
            if world.faults:
                world.faults.clear()
                settle(store, [key], vendor, clocks=world.clocks)
                world.pass_by(25 * HOUR)
            return attempts

        @contextmanager
        def hold(self, name, *, holder, wait_seconds=0):
            """Hold nothing."""
            yield

    world.faults = [Fault.NONE]
    settle(Sleeper(store, world), [key], vendor, clocks=clocks, patience=patience)


# --- Clauses ----------------------------------------------------------------------------------


def stories(store, vendor, faults, **patience):
    """One effect, one run, these faults: the count and how it stands."""
    (key,) = planned(store)
    vendor.world.faults = list(faults)
    with living_in(store, vendor.world):
        count = settle(
            Mortal(store, vendor.world),
            [key],
            vendor,
            clocks=vendor.world.clocks,
            patience=Patience(**patience),
        )
    return count, store.effects(keys=[key])[0]


def test_a_payment_is_made_once_and_its_facts_are_kept(store):
    """The plain case: begun, sent, done."""
    vendor = Vendor(World())
    count, effect = stories(store, vendor, [])
    assert (count.done, count.waiting, vendor.posts) == (1, 0, 1)
    assert (effect.state, effect.outcome) == (EffectState.DONE, {"id": "cn_0"})


def test_a_limit_is_waited_for_and_never_a_failure(store):
    """Five refusals for the rate, then it goes through in the same run under the same key."""
    vendor = Vendor(World())
    faults = [f for _ in range(5) for f in (Fault.NONE, Fault.LIMITED, Fault.NONE)]
    count, effect = stories(store, vendor, faults)
    assert (count.done, effect.attempt, effect.generation) == (1, 6, 1)
    assert len(vendor.saved) == 1


def test_a_limit_that_does_not_end_leaves_the_effect_planned(store):
    """The next run goes on; nobody is asked anything."""
    vendor = Vendor(World())
    faults = [f for _ in range(9) for f in (Fault.NONE, Fault.LIMITED, Fault.NONE)]
    count, effect = stories(store, vendor, faults, tries=3)
    assert (count.waiting, effect.state, effect.generation_sent_at) == (
        1,
        EffectState.PLANNED,
        None,
    )
    assert "too many requests" in count.notes[0]


def test_an_answer_that_was_lost_is_looked_up_in_the_same_run(store):
    """It was made: its id is adopted, and nothing is sent again."""
    vendor = Vendor(World())
    count, effect = stories(store, vendor, [Fault.NONE, Fault.LOST_AFTER])
    assert (count.done, count.adopted, vendor.posts) == (1, 1, 1)
    assert effect.outcome == {"id": "cn_0", "adopted": True}


def test_a_request_that_was_lost_is_sent_again_under_its_key(store):
    """It was not made: the second attempt has the first one's key."""
    vendor = Vendor(World())
    count, effect = stories(store, vendor, [Fault.NONE, Fault.LOST_BEFORE])
    assert (count.done, vendor.posts, effect.generation) == (1, 2, 1)


def test_what_was_made_otherwise_goes_to_a_person(store):
    """Found, but not as asked: the person reads what differs, and the log has it."""
    vendor = Vendor(World())
    count, effect = stories(store, vendor, [Fault.NONE, Fault.MADE_OTHERWISE])
    assert (count.person, effect.state) == (1, EffectState.PERSON)
    assert "cn_0 is there, but amount" in effect.outcome["why"]
    assert "cn_0 is there, but amount" in count.notes[0]


def test_a_person_s_case_by_its_class_goes_to_a_person_at_once(store, monkeypatch):
    """A reused key with other bytes is our own mistake: no look can settle it."""

    def refuse(*_args, **_kwargs):
        raise PersonNeeded("vendor: the key was used for other parameters", status=400)

    vendor = Vendor(World())
    monkeypatch.setattr(vendor, "send", refuse)
    count, effect = stories(store, vendor, [])
    assert (count.person, effect.outcome["status"]) == (1, 400)


def test_wrong_settings_stop_the_run_with_everything_planned(store):
    """A revoked key is a person's business; nothing is in doubt because of it."""
    vendor = Vendor(World([Fault.NONE, Fault.KEY_REVOKED]))
    keys = planned(store, customers=("cus_1", "cus_2"))
    with living_in(store, vendor.world), pytest.raises(Misconfigured, match="revoked"):
        settle(Mortal(store, vendor.world), keys, vendor, clocks=vendor.world.clocks)
    stood = store.effects(keys=keys)
    assert [effect.state for effect in stood] == [EffectState.PLANNED] * 2
    assert [effect.generation_sent_at for effect in stood] == [None, None]


def test_wrong_settings_after_a_doubt_leave_the_doubt(store):
    """The second attempt surely did nothing; the first may have: the next run looks."""
    vendor = Vendor(World())
    runs = [(0, [Fault.NONE, Fault.KILLED_AFTER]), (0, [*[Fault.NONE] * 2, Fault.KEY_REVOKED])]
    stood = told(store, planned(store), vendor, runs)
    assert list(doubts(stood, vendor)) == []


def test_a_failure_with_a_refund_in_it_never_gets_a_new_key(store):
    """It waits while the key holds, then goes to a person."""
    vendor = Vendor(World(), refunds=True)
    stood = told(store, planned(store), vendor, [(0, [Fault.NONE, Fault.FAILED_AND_SAVED])])
    assert [effect.state for effect in stood.values()] == [EffectState.PERSON]
    assert (vendor.posts, len(vendor.saved)) == (1, 1)


def test_a_failure_that_was_saved_gets_a_new_key_a_day_later(store):
    """The old key would only bring the old answer."""
    vendor = Vendor(World())
    stood = told(store, planned(store), vendor, [(0, [Fault.NONE, Fault.FAILED_AND_SAVED])])
    assert [(e.state, e.generation) for e in stood.values()] == [(EffectState.DONE, 2)]


def test_a_person_s_word_is_checked_where_the_far_side_can_be_asked(store):
    """Planned anew because it is not there, it is adopted: it was there after all."""
    vendor = Vendor(World())
    _, effect = stories(store, vendor, [Fault.NONE, Fault.LOST_AND_SEEN_LATE], tries=1)
    store.resolve(effect.key, as_=EffectState.PLANNED, by="Kim", why="nothing in the dashboard")
    vendor.world.pass_by(2 * HOUR)
    stood = told(store, [effect.key], vendor, [])
    assert list(doubts(stood, vendor)) == []
    assert vendor.posts == 1


def test_somebody_who_goes_on_with_it_during_the_look_ends_no_run(store, monkeypatch):
    """Planned anew by a person, found to be there, and begun by another run just then."""
    vendor = Vendor(World())
    _, effect = stories(store, vendor, [Fault.NONE, Fault.LOST_AND_SEEN_LATE], tries=1)
    store.resolve(effect.key, as_=EffectState.PLANNED, by="Kim", why="nothing in the dashboard")
    vendor.world.pass_by(2 * HOUR)
    look = vendor.look

    def _meanwhile(plan):
        store.begin([plan.key])
        return look(plan)

    with living_in(store, vendor.world), monkeypatch.context() as patched:
        patched.setattr(vendor, "look", _meanwhile)
        count = settle(store, [effect.key], vendor, clocks=vendor.world.clocks, patience=ONCE)
    assert (count.done, count.waiting) == (0, 1)
    assert list(doubts(told(store, [effect.key], vendor, []), vendor)) == []
    assert vendor.posts == 1


def test_a_writer_that_is_busy_elsewhere_is_come_back_to(store):
    """Another run has the customer; the others go on, and it waits its turn."""
    vendor = Vendor(World())
    keys = planned(store, customers=("cus_1", "cus_2"))
    with living_in(store, vendor.world):
        with store.hold("vendor/cus_1", holder="the other run"):
            count = settle(store, keys, vendor, clocks=vendor.world.clocks, patience=Patience(2))
        assert (count.done, count.waiting) == (1, 1)
        assert "the other run" in count.notes[0]
        assert settle(store, keys, vendor, clocks=vendor.world.clocks).done == 1


def mailing(sent, **able):
    """Mail that is lost on its way the first time."""

    def send(plan):
        sent.append(plan.key)
        if len(sent) == 1:
            raise OutcomeUnknown("mail: the connection broke off")
        return {"place": "server"}

    return Unasked("mail", send, lambda _plan: Abilities(**able))


@pytest.mark.parametrize(
    ("able", "state", "times"),
    [
        ({"repeats_are_safe": True}, EffectState.DONE, 2),
        ({"repeats_are_harmless": True}, EffectState.DONE, 2),
        ({}, EffectState.PERSON, 1),
    ],
)
def test_mail_that_may_be_out_is_repeated_only_where_that_is_no_harm(store, able, state, times):
    """An outbox and a summary again; a client's notice goes to a person."""
    sent: list[str] = []
    plan = EffectPlan(f"notice-{next(NAMES)}", "client_notice", WORKSPACE, "2026-05", {})
    assert carry_out(store, [plan], mailing(sent, **able)).waiting == 1
    world = World()
    far = mailing(sent, **able)
    settle(store, [plan.key], far, clocks=world.clocks)
    assert store.effects(keys=[plan.key])[0].state is state
    assert len(sent) == times


def test_a_notice_that_a_person_has_planned_anew_is_sent(store):
    """They found out that it never arrived."""
    sent: list[str] = []
    plan = EffectPlan(f"notice-{next(NAMES)}", "client_notice", WORKSPACE, "2026-05", {})
    carry_out(store, [plan], mailing(sent))
    carry_out(store, [plan], mailing(sent))
    store.resolve(plan.key, as_=EffectState.PLANNED, by="Kim", why="not in the server's log")
    assert carry_out(store, [plan], mailing(sent)).done == 1


def test_what_fails_once_is_left_when_once_was_asked_for(store):
    """A mail server that is down is tried again by the next run."""

    def fail(_plan):
        raise Retriable("mail: connection refused")

    far = Unasked("mail", fail, lambda _plan: Abilities())
    plan = EffectPlan(f"notice-{next(NAMES)}", "client_notice", WORKSPACE, "2026-05", {})
    assert carry_out(store, [plan], far).waiting == 1
    assert store.effects(keys=[plan.key])[0].state is EffectState.PLANNED
    assert ONCE.tries == 1


def test_a_far_side_that_is_gone_is_left_alone(store):
    """After twenty calls without an answer the rest stays planned, instead of falling in doubt."""
    vendor = Vendor(World())
    vendor.world.faults = [Fault.LOST_BEFORE] * 10_000
    keys = planned(store, customers=[f"cus_{n}" for n in range(450)])
    with living_in(store, vendor.world):
        count = settle(store, iter(keys), vendor, clocks=vendor.world.clocks)
    assert (count.done, count.waiting, vendor.posts) == (0, 450, 20)
    assert any("20 calls in a row had no answer" in note for note in count.notes)
    never_sent = [e for e in store.effects(keys=keys) if e.generation_sent_at is None]
    assert len(never_sent) == 430


def test_many_effects_stream_through_many_threads(store):
    """Three pages over a hundred customers, each made once; writers never overlap."""
    busy, overlaps = set(), []

    class Watched(Vendor):
        """Notes when two send to one customer at a time."""

        def send(self, plan, *, idempotency_key):
            """See `Vendor.send`."""
            writer = self.writer(plan)
            overlaps.extend([writer] if writer in busy else [])
            busy.add(writer)
            answer = super().send(plan, idempotency_key=idempotency_key)
            busy.discard(writer)
            return answer

    vendor = Watched(World(), limits=Limits(at_once=8, per_second=100))
    keys = planned(store, customers=[f"cus_{n % 100}" for n in range(450)])
    with living_in(store, vendor.world):
        count = settle(store, iter(keys), vendor, clocks=vendor.world.clocks)
    assert (count.done, count.waiting, overlaps) == (450, 0, [])
    assert set(vendor.times().values()) == {1}
    assert not OPEN_STATES & {effect.state for effect in store.effects(keys=keys)}


# --- The log tells it -------------------------------------------------------------------------


def settled_in_every_way(store):
    """Done, adopted, refused, with a person, and resolved by one in each of the three ways."""
    for faults in (
        [],
        [Fault.NONE, Fault.LOST_AFTER],
        [Fault.NONE, Fault.REFUSED],
        [Fault.NONE, Fault.MADE_OTHERWISE],
    ):
        stories(store, Vendor(World()), faults)
    for said in (EffectState.DONE, EffectState.REFUSED, EffectState.PLANNED):
        _, effect = stories(store, Vendor(World()), [Fault.NONE, Fault.MADE_OTHERWISE])
        store.resolve(effect.key, as_=said, by="Kim", why="seen in the dashboard")


def test_the_log_tells_how_every_effect_ended(tmp_path):
    """Verifying finds nothing, until somebody has a refused effect sent again by hand."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    own = open_store(url)
    settled_in_every_way(own)
    assert verify(own).faults == ()
    (refused, _) = own.effects(states=[EffectState.REFUSED])
    with create_engine(url).begin() as connection:
        changed = text("UPDATE effect SET state = 'planned' WHERE key = :key")
        connection.execute(changed, {"key": refused.key})
    told = f"{refused.key}: is in the log (refused) and not in the table"
    assert verify(own).faults == (told,)
    own.close()
