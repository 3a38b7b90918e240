"""What operators read in their chat: each state once, and never in the way of the month itself.

120 of 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin. The chat is a
webhook on a socket.
"""

from datetime import date

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.mail.outbox import OutboxMail
from connectors.store import Effect
from flows.messages import Deadline
from flows.notices import deadline_near
from flows.office import open_office
from flows.questions import unsettled_effects
from flows.reminders import remind
from models.claims.present import Present
from models.effect import EffectState
from models.money import Currency, Money
from tests.standins.slack.client import SECRET_PATH, Fault, running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, checks

NOTICES = f"{MAKEGOOD}notices: {{slack: true}}\n"
PING = ACME.replace("Acme GmbH", '"Acme <!channel> @all"')


@pytest.fixture
def slack(monkeypatch):
    """The operators' channel."""
    with running() as webhook:
        monkeypatch.setenv("MAKEGOOD_SLACK_WEBHOOK", webhook.address)
        yield webhook


def notices_of(books) -> list[Effect]:
    """What the store has of notices."""
    with open_office(books.folder, read_only=True) as office:
        every = office.store.effects(period=SEPTEMBER)
        return [effect for effect in every if effect.plan.kind == "operator_notice"]


def test_a_month_that_is_decided_is_told_once(lay_out, slack):
    """What it came to, and what waits with its command; a rerun tells nothing new."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120), makegood=NOTICES)
    books.run()
    done, waits = slack.read()
    assert done == [
        "2025-09 is decided: 2 contracts, 0 met their commitment",
        "2 credits wait for release (€200.00, $360.00)",
    ]
    assert waits == [
        "2025-09: 2 credits wait for release (€200.00, $360.00)",
        "Bluefin Freight Inc., Relay API: $360.00",
        "Acme GmbH, Relay API: €200.00",
        f"makegood release 2025-09 --workspace {books.folder}",
    ]
    books.run()
    assert len(slack.posted) == 2


def test_a_new_amount_is_a_new_state(lay_out, slack):
    """500 minutes are 25 %: 500.00 EUR wait now."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    books.run()
    books.write("checks.csv", checks(api=500))
    books.run()
    titles = [lines[0] for lines in slack.read()]
    assert titles[1::2] == [
        "2025-09: 1 credit waits for release (€200.00)",
        "2025-09: 1 credit waits for release (€500.00)",
    ]


def test_withheld_months_are_named_with_their_reason(lay_out, slack):
    """Nothing of it waits for release."""
    lay_out(checks="monitor,at,up\n", makegood=NOTICES).run()
    ((title, count, why),) = slack.read()
    assert title == "2025-09 is decided: 1 contract, 0 met their commitment"
    assert count == "1 month is withheld and needs a look:"
    assert why.startswith("- Acme GmbH, Relay API: ")


def test_two_people_are_asked_for(lay_out, slack):
    """Who releases next must be somebody else, so the channel says that two are needed."""
    two = f"{NOTICES}release: {{two_person_above: {{EUR: 150}}}}\n"
    lay_out(checks=checks(api=120), makegood=two).run()
    assert slack.read()[1][1] == (
        "Two people must agree: acme/api/2025-09/r0: 200.00 EUR is more than 150 EUR."
    )


def test_what_needs_a_person_is_told_with_its_command(lay_out, slack, monkeypatch):
    """The client's notice may have arrived: nobody sends it again without a word."""

    def cut(_outbox, _message):
        raise OutcomeUnknown("the line was cut")

    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    books.run()
    monkeypatch.setattr(OutboxMail, "send", cut)
    monkeypatch.setattr(OutboxMail, "repeats_are_safe", False)
    books.release()
    books.release()
    title, what, command = slack.read()[-1]
    assert title == "2025-09: 1 question for a person"
    assert what.startswith("acme/api/2025-09/r0/notice, €200.00: ")
    assert command == f"makegood settle acme/api/2025-09/r0/notice --workspace {books.folder}"
    assert len({lines[0] for lines in slack.read() if "question" in lines[0]}) == 1


def test_a_clients_name_calls_nobody(lay_out, slack):
    """Not the whole channel, in none of the three programs."""
    lay_out(PING, checks=checks(api=120), makegood=NOTICES).run()
    assert all((posted.pings, posted.links) == ((), ()) for posted in slack.posted)
    assert slack.read()[1][1] == "Acme <!channel> @all, Relay API: €200.00"


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(done=True), Fault(status=404)])
def test_a_chat_that_fails_stands_in_nobodys_way(lay_out, slack, fault):
    """The month is decided, the notice is a question of the month, and the next run posts it."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    slack.plan(*[fault] * 12)
    books.run()
    assert books.owed == {"acme/api/2025-09/r0": ("draft", "200.00 EUR")}
    with open_office(books.folder, read_only=True) as office:
        assert len(unsettled_effects(office.store, SEPTEMBER)) == 2
    slack.faults.clear()
    books.run()
    assert {effect.state for effect in notices_of(books)} == {EffectState.DONE}
    assert {lines[0].partition(":")[0] for lines in slack.read()} == {
        "2025-09 is decided",
        "2025-09",
    }


def test_what_slack_refuses_is_a_question(lay_out, slack):
    """Its words would be refused again; whoever looks may answer `again`."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    slack.plan(Fault(status=400, words="invalid_payload"))
    books.run()
    refused = [e for e in notices_of(books) if e.state is EffectState.REFUSED]
    assert ["invalid_payload" in str(e.outcome) for e in refused] == [True]


def test_only_the_kinds_that_are_wanted_are_told(lay_out, slack):
    """Here nothing but what waits for release."""
    wanted = f"{MAKEGOOD}notices: {{slack: true, kinds: [needs_release]}}\n"
    lay_out(checks=checks(api=120), makegood=wanted).run()
    assert [lines[0] for lines in slack.read()] == ["2025-09: 1 credit waits for release (€200.00)"]


def test_nothing_is_told_by_default(lay_out, slack):
    """Not even where an address stands in the environment."""
    lay_out(checks=checks(api=120)).run()
    assert slack.requests == 0


def test_a_part_of_the_clients_is_no_month(lay_out, slack):
    """As with the summary by mail."""
    lay_out(checks=checks(api=120), makegood=NOTICES).run(clients=["acme"])
    assert slack.requests == 0


def test_without_an_address_nothing_begins(lay_out, monkeypatch):
    """The run stops before it decides."""
    monkeypatch.delenv("MAKEGOOD_SLACK_WEBHOOK", raising=False)
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    with pytest.raises(Misconfigured, match="MAKEGOOD_SLACK_WEBHOOK is not set"):
        books.run()
    assert books.owed == {}


def test_the_address_is_in_no_file_and_no_table(lay_out, slack):
    """Neither in what is kept nor in what a failure left."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    slack.plan(Fault(), Fault(500, SECRET_PATH))
    books.run()
    assert SECRET_PATH not in str(books.everything)


def deadlines(*days_left: int) -> list[Deadline]:
    """Zeta's and Cloudways' claims, so many days before their last days."""
    zeta, cloudways = days_left
    return [
        Deadline(
            key="zeta/vm/2025-09/r0",
            vendor="Zeta",
            claim_by=date(2025, 11, 3),
            days_left=zeta,
            overdue=zeta < 0,
            stage="ticket",
            channel="ticket",
        ),
        Deadline(
            key="cloudways/hosting/2025-09/r0",
            vendor="Cloudways",
            claim_by=date(2025, 10, 31),
            days_left=cloudways,
            overdue=cloudways < 0,
            amount=Money(5000, Currency.of("USD")),
            channel="portal",
        ),
    ]


def told(books, *days: tuple[int, int]) -> list[int]:
    """How many notices go out on each of these days."""
    with open_office(books.folder) as office:
        return [deadline_near(office, deadlines(*left)) for left in days]


def test_deadlines_are_told_once_and_again_as_they_come(lay_out, slack):
    """Fourteen days before, the next day not, then a week before and on the last day."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    assert told(books, (17, 14), (16, 13), (10, 7), (3, 0)) == [1, 0, 1, 1]
    with open_office(books.folder) as office:
        assert deadline_near(office, []) == 0
    (title, claim, ticket, command), *_, last = slack.read()
    assert title == "2 claims against vendors must be filed, the first due in 14 days"
    assert claim == (
        "By 31 October 2025. File the claim: Cloudways, $50.00, cloudways/hosting/2025-09/r0, "
        "in the vendor’s portal"
    )
    assert ticket == (
        "By 3 November 2025. Open a ticket: Zeta, amount open, zeta/vm/2025-09/r0, "
        "by support ticket"
    )
    assert command == f"makegood claims --workspace {books.folder}"
    assert last[0].endswith("the first due today")


def test_a_claim_that_was_missed_does_not_hide_the_next_one(lay_out, slack):
    """Cloudways' day has passed; Zeta's comes nearer, and each of its steps is told."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    assert told(books, (2, -1), (1, -2), (0, -3), (0, -3)) == [1, 1, 1, 0]
    assert [lines[0] for lines in slack.read()] == [
        f"1 claim against a vendor must be filed, {left}; 1 claim against a vendor is overdue"
        for left in ("due in 2 days", "due tomorrow", "due today")
    ]
    assert slack.read()[0][1].startswith("Missed on 31 October 2025. File the claim: Cloudways")


def test_what_the_chat_did_not_take_is_posted_by_the_next_reminder(lay_out, slack):
    """September is not run again, and its notice waits no longer than a day."""
    books = lay_out(checks=checks(api=120), makegood=NOTICES)
    slack.plan(*[Fault(status=503)] * 12)
    books.run()
    slack.faults.clear()
    assert slack.posted == []
    with open_office(books.folder) as office:
        done = remind(office, present=Present.on(date(2025, 12, 1)))
    assert (done.posted, len(slack.posted)) == (2, 2)


def test_operators_read_their_own_language(lay_out, slack):
    """The one that mail to them is written in; keys and commands stay as they are typed."""
    german = NOTICES.replace("finance@relay.example}", "finance@relay.example, language: de}")
    books = lay_out(checks=checks(api=120), makegood=german)
    books.run()
    told(books, (17, 14))
    done, waits, near = slack.read()
    assert done == [
        "2025-09 ist entschieden: 1 Vertrag, davon haben 0 ihre Zusage erfüllt",
        "1 Gutschrift wartet auf Freigabe (200,00 €)",
    ]
    assert waits[:2] == [
        "2025-09: 1 Gutschrift wartet auf Freigabe (200,00 €)",
        "Acme GmbH, Relay API: 200,00 €",
    ]
    assert near[0] == "2 Ansprüche gegen Anbieter geltend zu machen, der erste in 14 Tagen fällig"
