"""Posting: who has a message gets it from no later attempt, and a person hears of the refused."""

from contextlib import closing

import pytest

from connectors.mail import Mailbox
from connectors.mail.smtp import SmtpMail, Waits
from connectors.store import EffectPlan
from connectors.store.sql import open_store
from flows.effects import ONCE, settle
from flows.posting import post
from models.effect import EffectState
from tests.connectors.mail.conformance import mail
from tests.connectors.mail.post_office import Fault, post_office
from tests.flows.far_side import World

KEY = "acme/api/2026-05/r0/notice"
A, B, GREY, GONE = "a@acme.example", "b@acme.example", "grey@acme.example", "gone@acme.example"
GREYLISTED, NOBODY = "451 4.7.1 later", "550 5.1.1 no such person"
WHY = "Kim asked them on the phone"


class Desk:
    """A store, a server, and one message on its way."""

    def __init__(self, store, office, sender) -> None:
        self.store, self.office, self.sender = store, office, sender

    def plan(self, *addresses: str, kind: str = "client_notice") -> None:
        """Plan one message to these."""
        message = mail(KEY, to=[Mailbox("", address) for address in addresses])
        plan = EffectPlan(KEY, kind, "acme/api", "2026-05", message.intent)
        self.store.plan_effects([plan])

    def run(self):
        """One run; where the effect stands afterwards."""
        far = post(self.sender, self.store, to_ourselves={"operator_summary"})
        settle(self.store, [KEY], far, patience=ONCE)
        return self.stands

    @property
    def stands(self):
        """Where the effect stands."""
        (effect,) = self.store.effects(keys=[KEY])
        return effect

    @property
    def went_to(self) -> list[list[str]]:
        """Whom each message that the server took was for."""
        return [envelope.rcpt_tos for envelope in self.office.taken]


@pytest.fixture
def desk():
    """With a server that takes everything, until a test says otherwise."""
    waits = Waits(connect_s=5, answer_s=1, taken_s=1, leave_s=1)
    with post_office() as office, closing(open_store("sqlite://")) as store:
        server = office.server(per_minute=6000)
        with closing(SmtpMail(server, local_hostname="n.example", waits=waits)) as sender:
            yield Desk(store, office, sender)


def test_a_receiver_that_waits_gets_it_later_and_the_others_not_again(desk):
    """Three runs: two wait, one waits, none waits; the effect's facts say who has it."""
    desk.office.refuses |= {GREY: GREYLISTED, B: GREYLISTED}
    desk.plan(A, B, GREY)
    assert desk.run().state is EffectState.PLANNED
    del desk.office.refuses[B]
    assert desk.run().state is EffectState.PLANNED
    del desk.office.refuses[GREY]
    done = desk.run()
    assert done.state is EffectState.DONE
    assert done.outcome["taken"] == [A, B, GREY]
    assert desk.went_to == [[A], [B], [GREY]]
    sent = {envelope.original_content for envelope in desk.office.taken}
    assert len(sent) == 1  # One Message-ID, the same bytes.


def test_what_has_happened_so_far_is_kept_with_each_attempt(desk):
    """Who has it, who waits, who never will, and what the server said."""
    desk.office.refuses |= {GREY: GREYLISTED, GONE: NOBODY}
    desk.plan(A, GREY, GONE)
    desk.run()
    (attempt,) = desk.store.attempts(KEY)
    kept = {name: attempt.answer[name] for name in ("taken", "waiting", "refused", "status")}
    assert kept == {
        "taken": [A],
        "waiting": [[GREY, GREYLISTED]],
        "refused": [[GONE, NOBODY]],
        "status": 451,
    }


def test_a_refused_receiver_is_a_question_when_the_others_have_it(desk):
    """It is not asked again while another one waits; then a person hears of it."""
    desk.office.refuses |= {GREY: GREYLISTED, GONE: NOBODY}
    desk.plan(A, GREY, GONE)
    desk.run()
    del desk.office.refuses[GREY]
    desk.office.asked.clear()
    asked = desk.run()
    assert asked.state is EffectState.PERSON
    assert desk.office.asked.count("RCPT") == 1
    assert asked.outcome["taken"] == [A, GREY]
    assert asked.outcome["refused"] == [[GONE, NOBODY]]
    assert f"{A}, {GREY} have the message; without it: {GONE} ({NOBODY})" in asked.outcome["why"]


def test_again_goes_to_those_alone_that_have_it_not(desk):
    """A person has mended the receiver's mailbox."""
    desk.office.refuses[GONE] = NOBODY
    desk.plan(A, GONE)
    assert desk.run().state is EffectState.PERSON
    del desk.office.refuses[GONE]
    desk.store.resolve(KEY, as_=EffectState.PLANNED, by="kim", why=WHY)
    done = desk.run()
    assert (done.state, done.outcome["taken"]) == (EffectState.DONE, [A, GONE])
    assert desk.went_to == [[A], [GONE]]


def test_a_receiver_that_waited_and_is_refused_in_the_end_is_a_question(desk):
    """The others have it, so the message as a whole is not refused."""
    desk.office.refuses[GREY] = GREYLISTED
    desk.plan(A, GREY)
    desk.run()
    desk.office.refuses[GREY] = NOBODY
    asked = desk.run()
    assert asked.state is EffectState.PERSON
    assert asked.outcome["refused"] == [[GREY, NOBODY]]
    assert desk.run().state is EffectState.PERSON
    assert desk.went_to == [[A]]


def test_a_doubt_about_one_receiver_is_asked_and_again_spares_the_others(desk):
    """A has it; whether the other one got it nobody knows, and a person says: again."""
    desk.office.refuses[GREY] = GREYLISTED
    desk.plan(A, GREY)
    desk.run()
    del desk.office.refuses[GREY]
    desk.office.faults["END"] = [Fault.CUT]
    assert desk.run().state is EffectState.UNKNOWN
    assert desk.stands.outcome["in_doubt"] == [GREY]
    assert desk.run().state is EffectState.PERSON
    desk.store.resolve(KEY, as_=EffectState.PLANNED, by="kim", why=WHY)
    assert desk.run().state is EffectState.DONE
    assert desk.went_to == [[A], [GREY], [GREY]]


def test_a_message_to_ourselves_in_doubt_is_resent(desk):
    """Under the same Message-ID, until it is sure."""
    desk.plan(A, kind="operator_summary")
    desk.office.faults["END"] = [Fault.CUT, Fault.CUT]
    assert [desk.run().state for _ in range(3)] == [
        EffectState.UNKNOWN,
        EffectState.UNKNOWN,
        EffectState.DONE,
    ]
    assert len({envelope.original_content for envelope in desk.office.taken}) == 1


def test_a_run_that_died_while_sending_to_a_client_leaves_a_question(desk):
    """The process ended between the attempt and its outcome."""
    desk.plan(A)
    desk.store.begin([KEY])
    assert desk.run().state is EffectState.PERSON
    assert desk.office.taken == []


def test_messages_leave_no_faster_than_the_server_bears(desk):
    """30 in a minute, less three in a hundred: the third one 4.12 s after the first."""
    world = World()
    keys = [f"acme/api/2026-05/r{number}/notice" for number in range(3)]
    plans = [EffectPlan(k, "client_notice", "acme/api", "2026-05", mail(k).intent) for k in keys]
    desk.store.plan_effects(plans)
    desk.sender.per_minute = 30
    far = post(desk.sender, desk.store, to_ourselves=())
    began = world.at
    assert settle(desk.store, keys, far, patience=ONCE, clocks=world.clocks).done == 3
    assert 4_120 <= world.at - began <= 4_130  # 2 x 2,060 ms
    assert desk.office.connections == 1
