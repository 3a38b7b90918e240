"""What every billing connector that knows invoices promises; each one's test class inherits this.

A stage is set and things happen on it through `Scene`, in minor units of ISO 4217; what is asked
and paid goes through the connector alone. The service month is May 2026 in UTC.
"""

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import pytest

from connectors.billing import PART_KEY, Billing, BillingQuery, FoundState, LimitReached, PartIntent
from connectors.errors import OutcomeUnknown, Permanent, PersonNeeded
from models.contract import Payout
from models.intervals import Interval, instant
from models.money import Currency, Money
from models.payment import BillingPicture, Channel, InvoiceState, Part

HOUR_MS = 3_600_000


def month(number: int) -> Interval:
    """A month of 2026 in UTC."""
    start = datetime(2026, number, 1, tzinfo=UTC)
    end = datetime(2026, number + 1, 1, tzinfo=UTC)
    return Interval(instant(start), instant(end))


APRIL, MAY, JUNE = month(4), month(5), month(6)
JUNE_3 = instant(datetime(2026, 6, 3, 9, tzinfo=UTC))


class Scene(Protocol):
    """How a test sets the stage, and lets others do things meanwhile."""

    faults: list[str]

    def now(self) -> int: ...  # noqa: D102 - the clock of the far side
    def advance(self, milliseconds: int) -> None: ...  # noqa: D102 - moves that clock
    def customer(self, identity: str, **known: str) -> str: ...  # noqa: D102 - as in memory
    def subscription(self, identity: str, customer: str, **known) -> str: ...  # noqa: D102 - as in memory
    def invoice(self, identity: str, customer: str, amount: int, **known) -> str: ...  # noqa: D102 - as in memory
    def pay_invoice(self, identity: str) -> None: ...  # noqa: D102 - as in memory
    def void_invoice(self, identity: str) -> None: ...  # noqa: D102 - as in memory
    def refund(self, identity: str, amount: int) -> None: ...  # noqa: D102 - as in memory
    def void_note(self, identity: str) -> None: ...  # noqa: D102 - as in memory
    def fail_refund(self, note: str) -> None: ...  # noqa: D102 - as in memory
    def reword(self, note: str, memo: str) -> None: ...  # noqa: D102 - as in memory
    def credit(self, customer: str, amount: Money, metadata: Mapping[str, str]) -> str: ...  # noqa: D102 - as in memory
    def note(self, invoice: str, amount: Money, metadata: Mapping[str, str]) -> str: ...  # noqa: D102 - as in memory
    def delete_customer(self, identity: str) -> None: ...  # noqa: D102 - as in memory
    def fault(self, kind: str) -> None: ...  # noqa: D102 - the next write: limited, lost_before, lost_after


def money(text: str) -> Money:
    """`100.00 EUR` as money."""
    digits, _, code = text.partition(" ")
    currency = Currency.of(code)
    whole, _, part = digits.partition(".")
    sign = -1 if whole.startswith("-") else 1
    minor = abs(int(whole)) * 10**currency.exponent + int(part.ljust(currency.exponent, "0") or 0)
    return Money(sign * minor, currency)


def query(**asked) -> BillingQuery:
    """What is asked about Acme's May, with whatever a test cares about changed."""
    usual = {
        "contract": "acme/api",
        "client": "acme",
        "customer": "cus_acme",
        "subscription": "",
        "month": MAY,
        "currency": "EUR",
    }
    return BillingQuery(**{**usual, **asked})


def a_part(text: str = "100.00 EUR", **asked) -> Part:
    """A part of Acme's May; a note against `in_may` unless the test says otherwise."""
    usual = {
        "obligation": "acme/api/2026-05/r0",
        "number": 1,
        "channel": Channel.CREDIT_NOTE,
        "customer": "cus_acme",
        "invoice": "in_may",
        "amount": money(text),
        "payout": Payout.CUSTOMER_BALANCE,
    }
    return Part(**{**usual, **asked})


def an_entry(text: str = "100.00 EUR", **asked) -> Part:
    """A part that goes onto the balance."""
    return a_part(text, **{"channel": Channel.BALANCE, "invoice": "", **asked})


MEMO = "Service credit for May 2026: 99.20 % of 99.90 % uptime"
METADATA = {"makegood_month": "2026-05", "makegood_incidents": "INC-1, INC-2"}


class BillingConformance:
    """Looking finds what paying made; nothing is made twice, and nothing beyond the invoice."""

    @pytest.fixture
    @abstractmethod
    def scene(self) -> Scene:
        """An empty account on 3 June 2026."""

    @pytest.fixture
    @abstractmethod
    def billing(self, scene) -> Billing:
        """The connector to that account."""

    @pytest.fixture
    def prepare(self, billing) -> Callable[[Part], PartIntent]:
        """Previews a part with the usual words."""
        return lambda part: billing.prepare(part, memo=MEMO, metadata=METADATA)

    @pytest.fixture
    def pay(self, billing, prepare) -> Callable[[Part], str]:
        """Previews and pays a part under a key of its own; answers the id."""
        keys = count(1)

        def paid(part):
            return billing.pay(prepare(part), idempotency_key=f"key-{next(keys)}").id

        return paid

    @pytest.fixture
    def acme(self, scene):
        """Acme with a subscription that goes on and May's paid invoice over 1,000.00 EUR."""
        scene.customer("cus_acme", client="acme")
        scene.subscription("sub_acme", "cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY)
        return scene

    # --- What is known ----------------------------------------------------------------------------

    def test_a_connector_declares_what_it_can(self, billing):
        """The engine relies on these words, and never on the connector's type."""
        assert billing.knows_invoices
        assert billing.can_be_asked
        assert billing.at_once >= 1
        assert 22 * HOUR_MS <= billing.forgets_keys_after_ms < 24 * HOUR_MS

    def test_what_may_be_done_is_found_out_without_writing(self, acme, billing):
        """A sentence; and nothing is there afterwards."""
        assert billing.check()
        assert [*billing.credits(Interval(0, JUNE_3 + HOUR_MS))] == []

    def test_a_picture_shows_the_months_invoice_in_money(self, acme, billing):
        """Total, what is still to be paid, what may be credited, and what it is for."""
        picture = billing.picture(query())
        (customer,), (invoice,) = picture.customers, picture.invoices
        assert (customer.id, customer.currency, customer.deleted) == ("cus_acme", "EUR", False)
        assert (invoice.id, invoice.state) == ("in_may", InvoiceState.PAID)
        assert (str(invoice.total), str(invoice.remaining)) == ("1000.00 EUR", "0.00 EUR")
        assert (str(invoice.creditable), str(invoice.tax)) == ("1000.00 EUR", "0.00 EUR")
        assert (invoice.period, invoice.names) == (MAY, "")

    def test_other_months_invoices_are_not_shown(self, acme, billing):
        """Months touch, but share no moment."""
        acme.invoice("in_april", "cus_acme", 100_000, period=APRIL)
        acme.invoice("in_june", "cus_acme", 100_000, period=JUNE, state="open")
        assert ids(billing.picture(query())) == ["in_may"]

    def test_every_invoice_that_touches_the_month_is_shown(self, acme, billing):
        """Rising by id; the planning chooses, or asks."""
        acme.invoice("in_b", "cus_acme", 500, period=Interval(APRIL.start, MAY.start + 1000))
        acme.invoice("in_a", "cus_acme", 500, period=Interval(APRIL.start, JUNE.end), state="open")
        assert ids(billing.picture(query())) == ["in_a", "in_b", "in_may"]

    def test_an_invoice_that_names_the_contract_says_so(self, acme, billing):
        """By its own metadata, or by its subscription's."""
        acme.subscription("sub_api", "cus_acme", contract="acme/api")
        acme.invoice("in_own", "cus_acme", 700, period=MAY, contract="acme/api")
        acme.invoice("in_sub", "cus_acme", 700, period=MAY, subscription="sub_api")
        names = {one.id: one.names for one in billing.picture(query()).invoices}
        assert names == {"in_may": "", "in_own": "acme/api", "in_sub": "acme/api"}

    def test_an_invoice_that_names_another_contract_is_not_shown(self, acme, billing):
        """It is certainly not this one's."""
        acme.invoice("in_web", "cus_acme", 700, period=MAY, contract="acme/web")
        assert ids(billing.picture(query())) == ["in_may"]

    def test_a_named_invoice_for_no_stretch_of_time_is_shown(self, acme, billing):
        """A person wrote it by hand, and said which contract it is for."""
        acme.invoice("in_hand", "cus_acme", 700, period=None, contract="acme/api")
        acme.invoice("in_fee", "cus_acme", 700, period=None)
        shown = {one.id: one.period for one in billing.picture(query()).invoices}
        assert shown == {"in_may": MAY, "in_hand": None}

    def test_a_subscription_of_the_contract_leaves_out_other_subscriptions(self, acme, billing):
        """The contract says which one bills the service."""
        acme.subscription("sub_api", "cus_acme")
        acme.invoice("in_sub", "cus_acme", 700, period=MAY, subscription="sub_api")
        assert ids(billing.picture(query(subscription="sub_api"))) == ["in_sub"]

    def test_the_customer_of_a_subscription_is_found(self, acme, billing):
        """Without a customer in the contract."""
        picture = billing.picture(query(customer="", subscription="sub_acme"))
        assert [one.id for one in picture.customers] == ["cus_acme"]

    def test_customers_are_found_by_what_they_name(self, acme, billing):
        """Without either; two that name the client are both shown, for a person to choose."""
        acme.customer("cus_twin", client="acme")
        acme.customer("cus_other", client="globex")
        picture = billing.picture(query(customer=""))
        assert [one.id for one in picture.customers] == ["cus_acme", "cus_twin"]

    def test_a_customer_that_names_the_contract_comes_before_one_that_names_the_client(
        self, acme, billing
    ):
        """The narrower name is the clearer one."""
        acme.customer("cus_api", contract="acme/api")
        picture = billing.picture(query(customer=""))
        assert [one.id for one in picture.customers] == ["cus_api"]

    def test_nobody_is_found_where_nobody_is_named(self, acme, billing):
        """And nobody is guessed."""
        picture = billing.picture(query(customer="", client="globex", contract="globex/api"))
        assert (picture.customers, picture.invoices) == ((), ())

    def test_a_deleted_customer_is_shown_as_such(self, acme, billing):
        """Also one that never was."""
        acme.delete_customer("cus_acme")
        for identity in ("cus_acme", "cus_never"):
            (customer,) = billing.picture(query(customer=identity)).customers
            assert (customer.id, customer.deleted) == (identity, True)
            assert not customer.next_invoice

    def test_a_subscription_that_goes_on_bills_again(self, acme, billing):
        """So a credit on the balance will be used up."""
        (customer,) = billing.picture(query()).customers
        assert (customer.next_invoice, customer.why_no_invoice) == (True, "")

    @pytest.mark.parametrize(
        ("known", "why"),
        [
            ({"ends": True}, "ends before it renews"),
            ({"cancelled": True}, "cancelled"),
            (None, "no invoice with a credit to be expected"),
        ],
    )
    def test_a_balance_that_nobody_can_use_is_told_with_its_reason(
        self, scene, billing, known, why
    ):
        """The client would hold a credit for ever."""
        scene.customer("cus_acme")
        if known is not None:
            scene.subscription("sub_acme", "cus_acme", **known)
        (customer,) = billing.picture(query()).customers
        assert (customer.next_invoice, customer.why_no_invoice) == (False, why)

    def test_a_payment_under_way_is_told(self, acme, billing):
        """A bank takes days, and until then no note can be made."""
        acme.invoice("in_bank", "cus_acme", 700, period=MAY, state="open", in_flight=True)
        flying = {one.id: one.payment_in_flight for one in billing.picture(query()).invoices}
        assert flying == {"in_bank": True, "in_may": False}

    def test_notes_and_refunds_lower_what_may_be_credited(self, acme, billing, pay):
        """1,000.00 less a note of 300.00 less 200.00 that somebody refunded: 500.00."""
        pay(a_part("300.00 EUR"))
        acme.refund("in_may", 20_000)
        (invoice,) = billing.picture(query()).invoices
        assert str(invoice.creditable) == "500.00 EUR"

    def test_a_refund_by_a_note_is_counted_once(self, acme, billing, pay):
        """It belongs to the note: 1,000.00 less 300.00."""
        pay(a_part("300.00 EUR", payout=Payout.REFUND))
        (invoice,) = billing.picture(query()).invoices
        assert str(invoice.creditable) == "700.00 EUR"

    @pytest.mark.parametrize("state", ["draft", "void", "uncollectible"])
    def test_an_invoice_that_takes_no_note_is_shown_with_its_state(self, scene, billing, state):
        """The planning says what follows."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state=state)
        (invoice,) = billing.picture(query()).invoices
        assert (invoice.state, invoice.creditable.minor) == (InvoiceState(state), 0)

    def test_the_tax_in_an_invoice_is_told(self, scene, billing):
        """1,000.00 and 190.00 on top."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, tax=19_000)
        (invoice,) = billing.picture(query()).invoices
        assert (str(invoice.total), str(invoice.tax)) == ("1190.00 EUR", "190.00 EUR")
        assert not invoice.mixed_tax

    def test_an_invoice_whose_lines_are_taxed_differently_says_so(self, scene, billing):
        """900.00 at 20 % and 100.00 without tax."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, tax=18_000, mixed_tax=True)
        (invoice,) = billing.picture(query()).invoices
        assert (str(invoice.total), invoice.mixed_tax) == ("1180.00 EUR", True)

    # --- Paying -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("payout", list(Payout))
    def test_a_paid_invoice_gives_back_by_the_contracts_preference(
        self, acme, billing, prepare, payout
    ):
        """Balance, refund or outside; afterwards one live note is there, all as asked."""
        intent = prepare(a_part(payout=payout))
        paid = billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert (found.id, found.key) == (paid.id, "acme/api/2026-05/r0/p1")
        assert (found.state, found.equal, found.differs) == (FoundState.LIVE, True, ())
        assert (found.customer, found.invoice) == ("cus_acme", "in_may")
        assert (str(found.amount), found.created_at) == ("100.00 EUR", JUNE_3)

    def test_an_open_invoice_is_lowered_first(self, scene, billing, pay):
        """1,000.00 to be paid become 900.00, and nothing goes elsewhere."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        pay(a_part())
        (invoice,) = billing.picture(query()).invoices
        assert (str(invoice.remaining), str(invoice.creditable)) == ("900.00 EUR", "900.00 EUR")

    def test_what_is_above_the_rest_goes_by_the_preference(self, scene, billing, prepare):
        """Of 1,000.00 950.00 are paid: 50.00 lower the invoice, 50.00 are refunded."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open", paid=95_000)
        intent = prepare(a_part(payout=Payout.REFUND))
        billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert (found.equal, found.differs) == (True, ())
        (invoice,) = billing.picture(query()).invoices
        assert (invoice.state, invoice.remaining.minor) == (InvoiceState.PAID, 0)

    def test_a_whole_invoice_can_be_credited_and_not_a_cent_more(self, acme, pay, prepare):
        """1,000.00 in two parts of 600.00 and 400.00; then nothing is left."""
        pay(a_part("600.00 EUR"))
        with pytest.raises(Permanent, match=r"600\.00 EUR is more than the 400\.00 EUR"):
            prepare(a_part("600.00 EUR", number=2))
        pay(a_part("400.00 EUR", number=2))
        with pytest.raises(Permanent, match=r"more than the 0\.00 EUR"):
            prepare(a_part("0.01 EUR", number=3))

    @pytest.mark.parametrize("text", ["100.00 EUR", "-30.00 EUR"])
    def test_a_balance_entry_is_found_with_its_sign(self, acme, billing, prepare, text):
        """A credit, and one that takes back."""
        intent = prepare(an_entry(text))
        paid = billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert (found.id, str(found.amount), found.invoice) == (paid.id, text, "")
        assert (found.equal, found.differs, found.state) == (True, (), FoundState.LIVE)

    @pytest.mark.parametrize(
        "text",
        ["1200 JPY", "12.340 KWD", "1200 ISK", "120000 UGX", "120.50 HUF", "120.00 MGA"],
    )
    def test_every_kind_of_currency_is_paid_to_the_last_unit(self, scene, billing, prepare, text):
        """Whole, in hundredths, in thousandths: what is found is what was asked."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 500_000, period=MAY, currency=text[-3:])
        for part in (a_part(text), an_entry(text, number=2)):
            intent = prepare(part)
            billing.pay(intent, idempotency_key=part.key)
            (found,) = billing.look(intent)
            assert (str(found.amount), found.equal) == (text, True)

    def test_the_document_is_made_out_for_the_total_with_tax(self, scene, billing, prepare):
        """Of a credit of 100.00 before tax, 119.00 stand on the note."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, tax=19_000)
        intent = prepare(a_part(with_tax=money("119.00 EUR")))
        billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert (str(found.amount), found.equal) == ("119.00 EUR", True)

    def test_a_stored_intent_pays_as_a_fresh_one(self, acme, billing, prepare):
        """It went through JSON, and a rerun days later computes nothing anew."""
        stored = json.dumps(prepare(a_part()).record)
        intent = PartIntent.of_record(json.loads(stored, parse_float=str))
        billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert found.equal

    # --- Refusals ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("state", ["draft", "void", "uncollectible"])
    def test_an_invoice_that_takes_no_note_is_refused(self, scene, prepare, state):
        """Before anything is sent."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state=state)
        with pytest.raises(Permanent, match=f"in_may is {state}"):
            prepare(a_part())

    def test_a_payment_under_way_refuses_a_note(self, scene, prepare):
        """Whether it arrives is not known yet."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 700, period=MAY, state="open", in_flight=True)
        with pytest.raises(Permanent, match="a payment of in_may is under way"):
            prepare(a_part("1.00 EUR"))

    @pytest.mark.parametrize(
        ("part", "fact"),
        [
            (a_part("-1.00 EUR"), "takes nothing back"),
            (a_part("0.00 EUR"), "takes nothing back"),
            (an_entry("0.00 EUR"), "an entry of nothing"),
            (a_part("1.00 USD"), "in_may is in EUR"),
            (an_entry("1.00 USD"), "cus_acme is billed in EUR"),
            (a_part(invoice="in_never"), "in_never"),
            (an_entry(customer="cus_never"), "cus_never does not exist"),
            (a_part(channel=Channel.JOURNAL, invoice=""), "cannot pay by journal"),
        ],
    )
    def test_a_part_that_cannot_be_is_refused(self, acme, billing, prepare, part, fact):
        """Sign, nothing, currency, target, channel."""
        with pytest.raises(Permanent, match=fact):
            prepare(part)
        assert billing.look(PartIntent(part, {"metadata": {}}, "", {})) == ()

    def test_an_invoice_of_somebody_else_is_refused(self, acme, prepare):
        """Also when the part names it."""
        acme.customer("cus_globex")
        with pytest.raises(Permanent, match="in_may is cus_acme's"):
            prepare(a_part(customer="cus_globex"))

    def test_an_invoice_paid_in_between_is_refused_and_nothing_is_made(
        self, scene, billing, prepare
    ):
        """The parameters divided the note for an open invoice; a new plan is needed."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        intent = prepare(a_part())
        scene.pay_invoice("in_may")
        with pytest.raises(Permanent, match="Nothing was made"):
            billing.pay(intent, idempotency_key="key-1")
        assert billing.look(intent) == ()

    def test_an_invoice_voided_in_between_is_refused(self, scene, billing, prepare):
        """Nothing is left to credit."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        intent = prepare(a_part())
        scene.void_invoice("in_may")
        with pytest.raises(Permanent, match="Nothing was made"):
            billing.pay(intent, idempotency_key="key-1")
        assert billing.look(intent) == ()

    def test_a_customer_deleted_in_between_is_refused(self, acme, billing, prepare):
        """And looking there afterwards is no failure."""
        intent = prepare(an_entry())
        acme.delete_customer("cus_acme")
        with pytest.raises(Permanent):
            billing.pay(intent, idempotency_key="key-1")
        assert billing.look(intent) == ()

    # --- Keys, limits and lost answers ------------------------------------------------------------

    @pytest.mark.parametrize("part", [a_part(), an_entry()])
    def test_the_same_key_pays_once(self, acme, billing, prepare, part):
        """Sent twice, there is one, with one id."""
        intent = prepare(part)
        first = billing.pay(intent, idempotency_key="key-1")
        again = billing.pay(intent, idempotency_key="key-1")
        assert first.id == again.id
        assert len(billing.look(intent)) == 1

    def test_a_key_is_recognised_as_long_as_declared_and_forgotten_later(
        self, acme, billing, prepare
    ):
        """After that a repeated request is a new one: this is why one looks before writing."""
        intent = prepare(a_part())
        billing.pay(intent, idempotency_key="key-1")
        acme.advance(billing.forgets_keys_after_ms)
        billing.pay(intent, idempotency_key="key-1")
        assert len(billing.look(intent)) == 1
        acme.advance(2 * HOUR_MS)
        billing.pay(intent, idempotency_key="key-1")
        assert len(billing.look(intent)) == 2

    def test_a_key_used_for_something_else_asks_a_person(self, acme, billing, prepare):
        """It must never happen; nothing more is made."""
        billing.pay(prepare(a_part()), idempotency_key="key-1")
        other = prepare(a_part("50.00 EUR", number=2))
        with pytest.raises(PersonNeeded, match="idempotency key was used for another request"):
            billing.pay(other, idempotency_key="key-1")
        assert billing.look(other) == ()

    def test_a_replayed_note_that_was_voided_meanwhile_is_not_taken_for_paid(
        self, scene, billing, prepare
    ):
        """A replay repeats the first answer; what stands now is another matter."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        intent = prepare(a_part())
        paid = billing.pay(intent, idempotency_key="key-1")
        scene.void_note(paid.id)
        with pytest.raises(OutcomeUnknown, match="void"):
            billing.pay(intent, idempotency_key="key-1")

    def test_a_limit_is_retriable_and_nothing_was_made(self, acme, billing, prepare):
        """One request, and no more by itself."""
        intent = prepare(a_part())
        acme.fault("limited")
        with pytest.raises(LimitReached) as caught:
            billing.pay(intent, idempotency_key="key-1")
        assert (caught.value.reason, caught.value.status) == ("global-rate", 429)
        assert billing.look(intent) == ()
        billing.pay(intent, idempotency_key="key-1")

    @pytest.mark.parametrize(("kind", "made"), [("lost_before", 0), ("lost_after", 1)])
    def test_a_lost_answer_is_unknown_until_one_looks(self, acme, billing, prepare, kind, made):
        """It may be there or not; the same key then makes it one."""
        intent = prepare(a_part())
        acme.fault(kind)
        with pytest.raises(OutcomeUnknown):
            billing.pay(intent, idempotency_key="key-1")
        assert len(billing.look(intent)) == made
        billing.pay(intent, idempotency_key="key-1")
        assert len(billing.look(intent)) == 1

    # --- Looking ----------------------------------------------------------------------------------

    def test_looking_finds_nothing_of_other_parts(self, acme, billing, pay, prepare):
        """Neither p2's nor somebody's own."""
        intent = prepare(a_part())
        pay(a_part("5.00 EUR", number=2))
        pay(an_entry("5.00 EUR", number=11))
        acme.note("in_may", money("1.00 EUR"), {})
        assert billing.look(intent) == ()

    def test_looking_finds_every_page(self, acme, billing, pay, prepare):
        """Behind 120 notes and entries that others made since."""
        intent = prepare(a_part())
        billing.pay(intent, idempotency_key="key-1")
        entry = prepare(an_entry(number=2))
        billing.pay(entry, idempotency_key="key-2")
        for _ in range(120):
            acme.note("in_may", money("0.01 EUR"), {})
            acme.credit("cus_acme", money("0.01 EUR"), {})
        assert [one.equal for one in billing.look(intent)] == [True]
        assert [one.equal for one in billing.look(entry)] == [True]

    def test_two_of_one_part_are_both_found(self, acme, billing, prepare, pay):
        """A double is an alarm, whichever way it was made."""
        intent = prepare(a_part())
        billing.pay(intent, idempotency_key="key-1")
        acme.credit("cus_acme", money("100.00 EUR"), {PART_KEY: intent.part.key})
        found = billing.look(intent)
        assert len(found) == 2
        assert sorted(one.equal for one in found) == [False, True]

    def test_what_differs_is_told(self, acme, billing, prepare):
        """Somebody else's note under our key: amount, words and metadata."""
        intent = prepare(a_part())
        acme.note("in_may", money("99.00 EUR"), {PART_KEY: intent.part.key})
        (found,) = billing.look(intent)
        assert found.equal is False
        told = " ".join(found.differs)
        assert "total" in told
        assert "words" in told
        assert "metadata" in told

    def test_other_words_are_told(self, acme, billing, prepare):
        """A memo that a person wrote anew."""
        intent = prepare(a_part())
        paid = billing.pay(intent, idempotency_key="key-1")
        acme.reword(paid.id, "Sorry!")
        (found,) = billing.look(intent)
        (told,) = found.differs
        assert told == f"words is 'Sorry!', asked was {MEMO!r}"

    def test_a_voided_note_is_found_as_void(self, scene, billing, prepare):
        """It is there, and pays nothing."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        intent = prepare(a_part())
        scene.void_note(billing.pay(intent, idempotency_key="key-1").id)
        (found,) = billing.look(intent)
        assert found.state is FoundState.VOID

    def test_a_refund_that_failed_later_is_found_as_failed(self, acme, billing, prepare):
        """The client never got it."""
        intent = prepare(a_part(payout=Payout.REFUND))
        acme.fail_refund(billing.pay(intent, idempotency_key="key-1").id)
        (found,) = billing.look(intent)
        assert found.state is FoundState.FAILED
        assert (found.returned, found.is_gone) == (found.amount, True)

    def test_of_a_failed_refund_only_what_was_refunded_came_back(self, scene, billing, prepare):
        """400.00 were still to be paid and are lowered for good; 100.00 were refunded in vain."""
        scene.customer("cus_acme", client="acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open", paid=60_000)
        intent = prepare(a_part("500.00 EUR", payout=Payout.REFUND))
        scene.fail_refund(billing.pay(intent, idempotency_key="key-1").id)
        (found,) = billing.look(intent)
        assert (str(found.returned), found.is_gone) == ("100.00 EUR", False)

    def test_all_parts_of_an_obligation_are_found_planned_or_not(self, acme, billing, pay):
        """Of whatever revision, so that an unknown part can go to a person."""
        pay(a_part("5.00 EUR"))
        pay(an_entry("6.00 EUR", number=2))
        acme.credit("cus_acme", money("7.00 EUR"), {PART_KEY: "acme/api/2026-05/r0/p7"})
        acme.credit("cus_acme", money("8.00 EUR"), {PART_KEY: "acme/api/2026-05/r1/p1"})
        acme.credit("cus_acme", money("9.00 EUR"), {PART_KEY: "acme/api/2026-06/r0/p1"})
        found = billing.parts_of("acme/api/2026-05/r0", customer="cus_acme")
        assert sorted((one.key[-5:], str(one.amount)) for one in found) == [
            ("r0/p1", "5.00 EUR"),
            ("r0/p2", "6.00 EUR"),
            ("r0/p7", "7.00 EUR"),
            ("r1/p1", "8.00 EUR"),
        ]

    def test_what_is_booked_from_a_journal_is_nobody_else_s(self, acme, billing, prepare):
        """A part of another billing system is neither looked for nor made here."""
        intent = prepare(a_part())
        journal = replace(intent, part=replace(intent.part, channel=Channel.JOURNAL))
        assert (billing.disowns(intent), bool(billing.disowns(journal))) == ("", True)

    def test_a_payment_of_another_account_is_strange(self, acme, billing, prepare):
        """Its customer is not there; one that was deleted was."""
        intent = prepare(a_part())
        assert billing.strange(intent) == ""
        elsewhere = replace(intent, part=replace(intent.part, customer="cus_of_somebody_else"))
        assert "cus_of_somebody_else is not in" in billing.strange(elsewhere)
        acme.customer("cus_gone", currency="EUR")
        acme.delete_customer("cus_gone")
        gone = replace(intent, part=replace(intent.part, customer="cus_gone"))
        assert billing.strange(gone) == ""

    # --- Reconciling ------------------------------------------------------------------------------

    def test_credits_lists_what_was_made_in_a_span(self, acme, billing, pay):
        """Ours and others', notes and entries; what a note put onto the balance is the note's."""
        pay(a_part())
        acme.advance(HOUR_MS)
        own = pay(an_entry("-3.00 EUR", number=2))
        foreign = acme.note("in_may", money("2.00 EUR"), {})
        by_hand = acme.credit("cus_acme", money("4.00 EUR"), {})
        span = Interval(JUNE_3 + HOUR_MS, JUNE_3 + 2 * HOUR_MS)
        found = {one.id: (one.key[-2:], str(one.amount)) for one in billing.credits(span)}
        assert found == {
            own: ("p2", "-3.00 EUR"),
            foreign: ("", "2.00 EUR"),
            by_hand: ("", "4.00 EUR"),
        }
        assert all(one.equal is None for one in billing.credits(span))

    def test_balances_of_named_customers_alone_are_looked_through(self, acme, billing):
        """One request for each customer is worth saving."""
        acme.customer("cus_globex", currency="EUR")
        acme.credit("cus_acme", money("4.00 EUR"), {})
        acme.credit("cus_globex", money("5.00 EUR"), {})
        span = Interval(JUNE_3, JUNE_3 + HOUR_MS)
        assert len(list(billing.credits(span))) == 2
        (found,) = billing.credits(span, customers=["cus_globex"])
        assert str(found.amount) == "5.00 EUR"

    def test_a_note_is_void_only_while_its_invoice_is_open(self, scene, billing, prepare):
        """Afterwards the invoice asks for the whole again; once paid it is too late."""
        scene.customer("cus_acme")
        scene.invoice("in_may", "cus_acme", 100_000, period=MAY, state="open")
        for number in (1, 2):
            billing.pay(prepare(a_part(number=number)), idempotency_key=f"key-{number}")
        second, first = billing.parts_of("acme/api/2026-05/r0", customer="cus_acme")
        assert billing.void(first, idempotency_key="void-1").state is FoundState.VOID
        (invoice,) = billing.picture(query()).invoices
        assert str(invoice.remaining) == "900.00 EUR"
        scene.pay_invoice("in_may")
        with pytest.raises(Permanent, match="in_may is paid"):
            billing.void(second, idempotency_key="void-2")

    def test_a_balance_entry_is_never_void(self, acme, billing, prepare):
        """It stays for ever; the opposite entry takes it back."""
        intent = prepare(an_entry())
        billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        with pytest.raises(Permanent, match="stays for ever"):
            billing.void(replace(found), idempotency_key="void-1")


def ids(picture: BillingPicture) -> list[str]:
    """The invoices of a picture."""
    return [invoice.id for invoice in picture.invoices]
