"""What stands at Stripe decides how a credit is paid: each picture, through the whole program.

200.00 EUR for Acme's September 2025 (10 % of 2,000.00), at Stripe's stand-in, whose clock stands in
June 2026. Nothing is doubled, nothing is more than can be credited, and where no rule decides a
person reads why, with what could be done instead.
"""

import pytest

from models.effect import EffectState
from models.intervals import Interval
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.scenarios import test_paying_by_stripe
from tests.scenarios.test_paying import questions
from tests.scenarios.test_paying_by_stripe import BY_STRIPE, MONTH, R0, credits_of, standing
from tests.scenarios.test_review_reruns import LOGGED
from tests.workspaces import ACME, checks

stand_in = test_paying_by_stripe.stand_in

P1, P2 = f"{R0}/p1", f"{R0}/p2"
POST_NOTE = {"method": "POST", "path": "/v1/credit_notes"}
FOR_EVER = Interval(MONTH.start, MONTH.start + 100 * 365 * 86_400_000)


@pytest.fixture
def scene(stand_in, monkeypatch):
    """An account with nobody in it, whose key is the environment's."""
    made = StripeScene(fresh_account(stand_in))
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.account.restricted_key)
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.account.url)
    return made


@pytest.fixture
def acme(scene):
    """Acme with a subscription that goes on and September's paid invoice over 2,000.00 EUR."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
    return scene


def released(lay_out, terms=ACME):
    """The month is decided, let go, and paid as far as that goes."""
    books = lay_out(terms, checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    books.release()
    return books


# --- A credit that nobody could use ---------------------------------------------------------------


def cancelled(scene):
    """Acme has left."""
    scene.subscription("sub_acme", "cus_acme", cancelled=True)


def ends(scene):
    """Acme leaves before the next invoice."""
    scene.subscription("sub_acme", "cus_acme", ends=True)


def prepaid(scene):
    """Acme has paid for a century, and has no subscription."""
    scene.invoice("in_ever", "cus_acme", 1_200_000, period=FOR_EVER, contract="acme/web")


def never_billed_again(_scene):
    """There is no subscription at all."""


def unpaid(scene):
    """The subscription's invoices stay drafts."""
    scene.account.seed(
        subscriptions=[{"customer": "cus_acme", "currency": "eur", "status": "unpaid"}]
    )


def paused(scene):
    """Nothing is collected."""
    pause = {"behavior": "void", "resumes_at": None}
    scene.account.seed(
        subscriptions=[{"customer": "cus_acme", "currency": "eur", "pause_collection": pause}]
    )


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (cancelled, "cancelled"),
        (ends, "ends before it renews"),
        (prepaid, "prepaid"),
        (never_billed_again, "no invoice with a credit to be expected"),
        (unpaid, "unpaid, so that its invoices stay drafts"),
        (paused, "paused"),
    ],
)
@pytest.mark.parametrize("september", ["paid", "none"])
def test_a_credit_that_nobody_could_use_is_a_refund_or_an_extension(
    lay_out, scene, happens, why, september
):
    """It is offered to a person and not put onto a balance that nothing uses up."""
    scene.customer("cus_acme", client="acme")
    happens(scene)
    if september == "paid":
        scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH, contract="acme/api")
    books = released(lay_out)
    assert credits_of(scene) == []
    asked = questions(books)[P1]
    assert why in asked
    assert "Refund 200.00 EUR, or extend the term by its worth" in asked


def test_a_customer_who_is_billed_in_another_currency_is_asked_about(lay_out, scene):
    """Euros on a balance in dollars would lie there for ever."""
    scene.customer("cus_acme", client="acme", currency="USD")
    scene.subscription("sub_acme", "cus_acme", currency="USD")
    books = released(lay_out)
    assert credits_of(scene) == []
    asked = questions(books)[P1]
    assert "it is in EUR, and the customer is billed in USD" in asked
    assert "Refund 200.00 EUR, or extend" in asked


def test_what_is_still_to_be_paid_is_lowered_for_whoever_leaves(lay_out, scene):
    """September is open: a note of 200.00 EUR is of use to a cancelled customer."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme", cancelled=True)
    scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    released(lay_out)
    assert credits_of(scene) == [(P1, 20_000)]


def test_a_refund_is_of_use_to_whoever_has_left(lay_out, scene):
    """Where the contract pays by refund."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme", cancelled=True)
    scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
    released(lay_out, ACME + "payout: refund\n")
    (note,) = scene.account.dump()["credit_note"]
    assert [link["amount_refunded"] for link in note["refunds"]] == [20_000]


# --- What an invoice can take ---------------------------------------------------------------------


def test_no_more_than_the_invoice_is_credited(lay_out, scene):
    """150.00 EUR were invoiced: the note takes them, 50.00 go onto the balance."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    scene.invoice("in_sep", "cus_acme", 15_000, period=MONTH)
    released(lay_out)
    assert credits_of(scene) == [(P1, 15_000), (P2, -5_000)]


def test_a_payment_under_way_is_waited_for(lay_out, acme):
    """A bank transfer takes days; then the note is made."""
    acme.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open", in_flight=True)
    books = released(lay_out)
    assert credits_of(acme) == []
    acme.account.do("succeed_payment", invoice="in_sep")
    books.run()
    assert credits_of(acme) == [(P1, 20_000)]


@pytest.mark.parametrize(
    ("action", "made"),
    [
        # Paid: the note that lowers what remains is refused, the next one goes by the preference.
        ({"action": "pay", "invoice": "in_sep"}, (P2, 20_000)),
        # Void: nothing can be credited, so the balance takes it.
        ({"action": "void_invoice", "invoice": "in_sep"}, (P2, -20_000)),
    ],
)
def test_what_happens_between_preview_and_note_is_planned_anew(lay_out, acme, action, made):
    """Stripe refuses the note; the next part is planned against what is there then."""
    acme.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    acme.account.plan({"kind": "meanwhile", **POST_NOTE, "do": [action]})
    books = released(lay_out)
    assert credits_of(acme) == [made]
    assert standing(books) == {P1: EffectState.REFUSED, P2: EffectState.DONE}


def test_two_customers_who_say_that_they_are_the_client_are_asked_about(lay_out, acme):
    """Nobody is chosen by luck."""
    acme.customer("cus_twin", client="acme")
    books = released(lay_out)
    assert credits_of(acme) == []
    assert "2 customers: cus_acme, cus_twin" in questions(books)[P1]


def test_tax_on_top_is_the_invoices_own(lay_out, scene):
    """1,680.67 and 19 % are 2,000.00: 200.00 net are 238.00 on the note."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH, tax=38_000)
    released(lay_out, ACME + "billing: {tax: net}\n")
    assert credits_of(scene) == [(P1, 23_800)]


def test_differently_taxed_lines_are_asked_about(lay_out, scene):
    """1,800.00 at 20 % and 200.00 without tax."""
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    scene.invoice("in_sep", "cus_acme", 200_000, period=MONTH, tax=36_000, mixed_tax=True)
    books = released(lay_out, ACME + "billing: {tax: net}\n")
    assert credits_of(scene) == []
    assert "the lines of in_sep are taxed differently" in questions(books)[P1]


# --- What Stripe answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"amount": 20_100, "total": 20_100}, {"total": -20_000}, {"currency": "usd"}]
)
def test_an_answer_of_another_sum_is_not_believed(lay_out, acme, change):
    """Another sum, another sign, another currency: it looks, and what stands is as asked."""
    acme.account.plan({"kind": "altered", **POST_NOTE, "change": change})
    books = released(lay_out)
    assert credits_of(acme) == [(P1, 20_000)]
    assert standing(books) == {P1: EffectState.DONE}


def test_nobody_is_mailed_by_stripe(lay_out, acme):
    """The client is told by our own notice."""
    released(lay_out)
    found = acme.account.dump()
    assert (len(found["credit_note"]), found["mails"]) == (1, [])


def test_a_note_names_the_incidents_behind_it(lay_out, acme):
    """As the outage log calls them, for whoever audits the note."""
    books = lay_out(ACME, makegood=LOGGED + "billing: {kind: stripe, mode: test}\n")
    books.write(
        "log.csv",
        "monitor,started_at,ended_at,incident_id\n"
        "api,2025-09-10T12:00:00Z,2025-09-10T13:00:00Z,INC-7\n"
        "api,2025-09-11T12:00:00Z,2025-09-11T13:00:00Z,INC-8\n",
    )
    books.run()
    books.release()
    (note,) = acme.account.dump()["credit_note"]
    assert note["metadata"]["makegood_incidents"] == "INC-7, INC-8"
    assert note["metadata"]["makegood_part"] == P1
