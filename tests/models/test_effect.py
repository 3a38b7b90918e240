"""The next move of an effect: the whole table, and the law that no money moves twice."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.effect import (
    OPEN_STATES,
    SENDS,
    Abilities,
    Adopt,
    AskPerson,
    EffectState,
    Look,
    Match,
    SendAgain,
    SendFirst,
    SendWithNewKey,
    Settled,
    Standing,
    TakeRefusal,
    WaitAndLook,
    idempotency_key,
    next_move,
)

HOUR = 3_600_000
FORGETS = 23 * HOUR
STRIPE = Abilities(can_be_asked=True, forgets_keys_after_ms=FORGETS)
KEYLESS = Abilities(can_be_asked=True, forgets_keys_after_ms=0, settles_within_ms=60_000)
KEEPS_KEYS = Abilities(can_be_asked=True)
OUTBOX = Abilities(repeats_are_safe=True)
SUMMARY_BY_SMTP = Abilities(repeats_are_harmless=True)
NOTICE_BY_SMTP = Abilities()
FAR_SIDES = [STRIPE, KEYLESS, KEEPS_KEYS, OUTBOX, SUMMARY_BY_SMTP, NOTICE_BY_SMTP]

ONE = Match("cn_1")
OTHER_SUM = Match("cn_1", differs=("amount is 1.00 EUR, not 2.00 EUR",))
VOID = Match("cn_1", stands=False)
IN_DOUBT = [EffectState.SENDING, EffectState.UNKNOWN, EffectState.PLANNED]

NOTHING, FAILED = Look(), Look(failed="no answer after 30 s")
FOUND = Look((ONE,))


@pytest.mark.parametrize("able", FAR_SIDES)
@pytest.mark.parametrize("state", sorted(set(EffectState) - OPEN_STATES))
def test_what_is_settled_stays_as_it_is(state, able):
    """Done, refused or with a person: whatever a look would find, nothing is sent."""
    for look in (None, NOTHING, FOUND, FAILED):
        assert next_move(Standing(state, age_ms=HOUR), able, look) == Settled(state)


@pytest.mark.parametrize("able", FAR_SIDES)
def test_what_was_never_sent_is_sent(able):
    """Nothing can be there, so nobody looks."""
    assert next_move(Standing(EffectState.PLANNED), able) == SendFirst()


@pytest.mark.parametrize(
    ("planned", "look", "move"),
    [
        (FORGETS - 1, None, SendFirst),
        (FORGETS, None, WaitAndLook),
        (FORGETS, FAILED, WaitAndLook),
        (FORGETS, NOTHING, SendFirst),
        (FORGETS, FOUND, Adopt),
        (FORGETS, Look((OTHER_SUM,)), AskPerson),
        (FORGETS, Look((ONE, ONE)), AskPerson),
    ],
)
def test_what_was_planned_long_ago_is_looked_for_before_it_is_first_sent(planned, look, move):
    """The database may be an old copy; what was sent since has a key that is forgotten by now."""
    standing = Standing(EffectState.PLANNED, planned_ms=planned)
    assert type(next_move(standing, STRIPE, look)) is move
    assert next_move(standing, NOTICE_BY_SMTP, look) == SendFirst()


@pytest.mark.parametrize(("quiet", "move"), [(59_999, WaitAndLook), (60_000, SendWithNewKey)])
def test_a_new_key_waits_for_the_last_request_and_not_for_the_first(quiet, move):
    """The key is a day old, but an attempt under it was cut off a minute ago and may still run."""
    able = Abilities(can_be_asked=True, forgets_keys_after_ms=FORGETS, settles_within_ms=60_000)
    standing = Standing(EffectState.UNKNOWN, age_ms=FORGETS, quiet_ms=quiet)
    assert type(next_move(standing, able, NOTHING)) is move


@pytest.mark.parametrize(
    ("quiet", "look", "move"),
    [
        (0, NOTHING, WaitAndLook),
        (59_999, NOTHING, WaitAndLook),
        (60_000, NOTHING, TakeRefusal),
        (60_000, None, WaitAndLook),
        (60_000, FAILED, WaitAndLook),
        (60_000, FOUND, Adopt),
        (60_000, Look((OTHER_SUM,)), AskPerson),
        (40 * 24 * HOUR, NOTHING, TakeRefusal),
    ],
)
def test_a_refusal_after_a_doubt_is_taken_only_when_nothing_can_come_any_more(quiet, look, move):
    """The first request may still be under way when the second one is refused."""
    able = Abilities(can_be_asked=True, forgets_keys_after_ms=FORGETS, settles_within_ms=60_000)
    standing = Standing(EffectState.UNKNOWN, age_ms=quiet + HOUR, quiet_ms=quiet, refused=True)
    assert type(next_move(standing, able, look)) is move


GONE = Match("cn_1", stands=False, gone=True)


@pytest.mark.parametrize(
    ("again", "look", "move"),
    [
        (True, Look((GONE,)), TakeRefusal),
        (True, Look((GONE, GONE)), TakeRefusal),
        (True, Look((GONE, ONE)), AskPerson),  # one of them stands
        (True, Look((VOID,)), AskPerson),  # something of it is in force
        (True, FOUND, Adopt),
        (True, NOTHING, SendAgain),
        (True, FAILED, WaitAndLook),
        (False, Look((GONE,)), AskPerson),  # nobody has said so
    ],
)
def test_what_is_gone_is_closed_when_a_person_has_said_again(again, look, move):
    """It may be planned anew then, as the next part: it was voided, and nothing stands."""
    standing = Standing(EffectState.PLANNED, age_ms=HOUR, again=again)
    assert type(next_move(standing, STRIPE, look)) is move


@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN])
def test_an_effect_in_doubt_has_an_age(state):
    """Without the instant of its first sending nobody could tell whether its key still holds."""
    with pytest.raises(ValueError, match="its age is needed"):
        Standing(state)


CASES = [
    # far side, age, refund in doubt, look, move
    (STRIPE, 0, False, None, WaitAndLook),
    (STRIPE, 0, False, FAILED, WaitAndLook),
    (STRIPE, 0, False, FOUND, Adopt),
    (STRIPE, 40 * 24 * HOUR, False, FOUND, Adopt),
    (STRIPE, 0, False, Look((OTHER_SUM,)), AskPerson),
    (STRIPE, 0, False, Look((VOID,)), AskPerson),
    (STRIPE, 0, False, Look((ONE, VOID)), AskPerson),
    (STRIPE, 0, False, Look((ONE, ONE)), AskPerson),
    (STRIPE, 0, False, NOTHING, SendAgain),
    (STRIPE, -HOUR, False, NOTHING, SendAgain),
    (STRIPE, FORGETS - 1, False, NOTHING, SendAgain),
    (STRIPE, FORGETS, False, NOTHING, SendWithNewKey),
    (STRIPE, FORGETS - 1, True, NOTHING, WaitAndLook),
    (STRIPE, FORGETS, True, NOTHING, AskPerson),
    (STRIPE, FORGETS, True, FOUND, Adopt),
    (KEYLESS, 59_999, False, NOTHING, WaitAndLook),
    (KEYLESS, 60_000, False, NOTHING, SendWithNewKey),
    (KEYLESS, 0, False, FOUND, Adopt),
    (KEEPS_KEYS, 40 * 24 * HOUR, False, NOTHING, SendAgain),
    (OUTBOX, 40 * 24 * HOUR, False, None, SendAgain),
    (SUMMARY_BY_SMTP, 40 * 24 * HOUR, False, None, SendAgain),
]


@pytest.mark.parametrize("state", IN_DOUBT)
@pytest.mark.parametrize("case", CASES)
def test_what_is_in_doubt_follows_the_table(state, case):
    """Sending, unknown, and planned anew by a person, where the far side can be asked."""
    able, age, refund, look, move = case
    standing = Standing(state, age_ms=age, refund_in_doubt=refund)
    assert type(next_move(standing, able, look)) is move


def test_a_client_s_notice_in_doubt_goes_to_a_person_once():
    """A mail server cannot be asked; when the person says that it is not there, it is sent."""
    for state in (EffectState.SENDING, EffectState.UNKNOWN):
        move = next_move(Standing(state, age_ms=0), NOTICE_BY_SMTP)
        assert isinstance(move, AskPerson)
        assert not move.alarm
    planned_anew = Standing(EffectState.PLANNED, age_ms=0)
    assert next_move(planned_anew, NOTICE_BY_SMTP) == SendAgain()


def test_who_is_asked_about_what_cannot_be_looked_for_reads_why():
    """A part of another billing system: where to look, and what each answer means."""
    able = Abilities(why_not_asked="it is to be paid by a credit note, and the journal makes none")
    move = next_move(Standing(EffectState.UNKNOWN, age_ms=0), able)
    assert isinstance(move, AskPerson)
    assert move.why == (
        "an attempt may have been carried out, and nobody can be asked here: it is to be paid by a "
        "credit note, and the journal makes none. Look for it where it was to be made, then "
        "answer: done when it is there, again when it is not and shall be planned anew, refused "
        "when it shall not be."
    )


def test_two_where_one_was_asked_for_is_an_alarm():
    """A double is wrong now; the person reads which they are."""
    move = next_move(Standing(EffectState.UNKNOWN, age_ms=0), STRIPE, Look((ONE, Match("cn_2"))))
    assert isinstance(move, AskPerson)
    assert move.alarm
    assert "cn_1, cn_2" in move.why


def test_what_differs_is_named():
    """The person reads what is not as it was asked."""
    standing = Standing(EffectState.SENDING, age_ms=0)
    for match, fact in ((OTHER_SUM, "amount is 1.00 EUR"), (VOID, "is void")):
        move = next_move(standing, STRIPE, Look((match,)))
        assert isinstance(move, AskPerson)
        assert fact in move.why


LOOKS = [None, NOTHING, FAILED, FOUND, Look((VOID,)), Look((OTHER_SUM,)), Look((ONE, ONE))]
AGES = [None, -1, 0, 59_999, 60_000, FORGETS - 1, FORGETS, 40 * 24 * HOUR]


def every_case():
    """All states, far sides, looks, ages and doubts together, as far as they can exist."""
    bits = [False, True]
    able = [
        Abilities(asked, safe, harmless, forgets, settles)
        for asked, safe, harmless in product(bits, bits, bits)
        for forgets, settles in product([None, 0, FORGETS], [0, 60_000])
    ]
    everything = product(EffectState, AGES, bits, bits, able, LOOKS)
    for state, age, refund, refused, far, look in everything:
        if age is not None or state not in {EffectState.SENDING, EffectState.UNKNOWN}:
            yield Standing(state, age, refund, refused=refused), far, look


def test_in_no_case_is_money_moved_without_leave():
    """Every input of the table: what may be written, and what the writing rests on."""
    for standing, able, look in every_case():
        move = next_move(standing, able, look)
        if not isinstance(move, SENDS):
            continue
        assert standing.state in OPEN_STATES
        if isinstance(move, SendFirst):
            assert standing.age_ms is None
            continue
        if able.can_be_asked and not able.repeats_are_safe:
            assert look == NOTHING
            assert not standing.refund_in_doubt
            assert not standing.refused
        if isinstance(move, SendWithNewKey):
            assert look == NOTHING
            assert able.forgets_keys_after_ms is not None
            assert standing.age_ms is not None
            assert standing.age_ms >= able.forgets_keys_after_ms
        elif look is None and not (able.repeats_are_safe or able.repeats_are_harmless):
            assert standing.state is EffectState.PLANNED


def test_every_case_has_a_move_and_a_sentence():
    """Nothing falls through the table, and whoever is asked or waits reads why."""
    seen = set()
    for standing, able, look in every_case():
        move = next_move(standing, able, look)
        seen.add(type(move))
        assert getattr(move, "why", "said") or isinstance(move, TakeRefusal)
    assert seen == {
        Settled,
        SendFirst,
        SendAgain,
        SendWithNewKey,
        Adopt,
        TakeRefusal,
        AskPerson,
        WaitAndLook,
    }


class Far:
    """A far side that makes things under keys, which it forgets after a day."""

    def __init__(self):
        """Nothing was made."""
        self.made, self.keys = [], {}

    def look(self):
        """What is there."""
        return Look(tuple(Match(f"cn_{n}") for n, _ in enumerate(self.made)))

    def send(self, key, at):
        """Make one, unless the key is remembered."""
        if at - self.keys.get(key, at - 25 * HOUR) >= 24 * HOUR:
            self.made.append(key)
            self.keys[key] = at


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 22, 23, 24, 25, 960]),
        st.sampled_from(["arrives", "is lost", "is not sent"]),
        st.sampled_from(["done", "unknown", "killed"]),
        st.booleans(),
    ),
    max_size=12,
)


@given(STEPS)
def test_no_path_makes_two_and_no_key_is_new_without_need(steps):
    """Any number of attempts, lost before or after, hours apart, with looks that may fail."""
    far, state, generation, now = Far(), EffectState.PLANNED, 1, 0
    first_at: int | None = None
    for hours, fate, ends, look_works in steps:
        now += hours * HOUR
        look = far.look() if look_works else FAILED
        age = None if first_at is None else now - first_at
        move = next_move(Standing(state, age), STRIPE, look)
        if isinstance(move, SendWithNewKey):
            assert far.made == []
            assert age is not None
            assert age >= FORGETS
            generation, first_at = generation + 1, now
        if isinstance(move, Adopt):
            state = EffectState.DONE
        if not isinstance(move, SENDS):
            continue
        first_at = now if first_at is None else first_at
        if fate == "arrives":
            far.send(idempotency_key("acme/api/2026-05/r0/p1", generation), now)
        arrived = fate == "arrives" and ends == "done"
        state = EffectState.DONE if arrived else EffectState.UNKNOWN
    assert len(far.made) <= 1
    assert state is not EffectState.DONE or len(far.made) == 1


def test_keys_differ_by_effect_and_generation_and_stay_short():
    """Vendors take up to 255 characters; nobody's name is in it."""
    keys = {
        idempotency_key(key, n)
        for key in ("a/b/2026-05/r0/p1", "a/b/2026-05/r0/p2")
        for n in (1, 2)
    }
    assert len(keys) == 4
    assert all(len(key) <= 60 for key in keys)
    assert idempotency_key("a/b/2026-05/r0/p1", 1) in keys
