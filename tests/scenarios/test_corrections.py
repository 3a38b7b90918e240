"""Payments that came back: a note that somebody voided, a refund that did not arrive.

The workspace and the account of `test_reconcile`: 200.00 EUR by a note against Acme's open invoice,
360.00 USD by a note with a refund for Bluefin, whose invoice was paid by card.
"""

import json
import time
from collections import defaultdict
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from connectors.billing.stripe import StripeBilling
from connectors.errors import OutcomeUnknown
from deployments.webhooks import PATH, create_app
from models.effect import EffectState
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.scenarios import test_reconcile
from tests.scenarios.test_paying_by_stripe import standing
from tests.scenarios.test_reconcile import ACME_BILLED, ACME_P1, ACME_R0, BLUEFIN_P1, STRIPE, bound
from tests.workspaces import ACME, SEPTEMBER, checks

stand_in = test_reconcile.stand_in
released = test_reconcile.released
copied = test_reconcile.copied
agreed = test_reconcile.desk

ACME_BACK, BLUEFIN_BACK = f"{ACME_P1}/returned", f"{BLUEFIN_P1}/returned"
ACME_PAYABLE, BLUEFIN_PAYABLE = (
    f"Liabilities:SLA-Credits-Payable:{client}" for client in ("Acme", "Bluefin")
)
ACME_SETTLED = "Assets:Accounts-Receivable:Acme"


@pytest.fixture
def desk(agreed):
    """The desk after the release; afterwards everything must be provable."""
    yield agreed
    assert agreed.books.verify().faults == ()


def voided(desk):
    """Somebody voids Acme's note, and the reconciliation finds it."""
    desk.account.do("void_note", note=desk.note("cus_acme")["id"])
    return desk.differences()


def failed(desk):
    """Bluefin's refund does not arrive, and the reconciliation finds it."""
    desk.account.do("fail_refund", refund=desk.note("cus_bluefin")["refunds"][0]["refund"])
    return desk.differences()


def settled(desk, key, answer):
    """A person's answer."""
    ended = makegood(
        "settle", key, "--as", answer, "--why", "looked at it", "--yes",
        "--workspace", desk.books.folder,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return ended.out


def asked(desk):
    """What people are asked."""
    ended = makegood("settle", "--workspace", desk.books.folder, "--json")
    return {one["key"]: one for one in json.loads(ended.out)["questions"]}


def booked(desk):
    """What the books leave on each account."""
    ended = makegood("journal", "--workspace", desk.books.folder, "--json")
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in json.loads(ended.out)["balances"]:
        sums[one["account"]] += Decimal(one["amount"])
    return sums


def notes(desk, customer):
    """The customer's notes: the part's key, the amount and the state."""
    return sorted(
        (one["metadata"]["makegood_part"], one["amount"], one["status"])
        for one in desk.account.dump()["credit_note"]
        if one["customer"] == customer
    )


def test_a_voided_note_becomes_a_question_once(desk):
    """What came back, of which part, and what each answer does; it is asked once."""
    (difference,) = voided(desk)
    assert f"makegood settle {ACME_BACK}" in difference["proposal"]["says"]
    (question,) = asked(desk).values()
    identity = desk.note("cus_acme")["id"]
    assert (question["key"], question["amount"], question["state"]) == (
        ACME_BACK,
        "200.00",
        "person",
    )
    assert question["why"].startswith(f"{identity} is void: 200.00 EUR that it paid came back")
    assert question["answers"]["again"].startswith("the next run looks once more")
    before = desk.books.everything
    assert [one["kind"] for one in desk.differences()] == ["voided"]
    assert desk.books.everything == before


def test_the_books_do_not_show_as_paid_what_came_back(desk):
    """From the day on which it was found; entries that were written stay as they are."""
    before = booked(desk)
    assert (before[ACME_PAYABLE], before[ACME_SETTLED]) == (0, -200)
    voided(desk)
    after = booked(desk)
    assert (after[ACME_PAYABLE], after[ACME_SETTLED]) == (-200, 0)
    assert after[BLUEFIN_PAYABLE] == 0


def test_a_run_says_that_a_payment_came_back(desk):
    """It is a question of the month, and nothing is paid anew without an answer."""
    voided(desk)
    desk.books.run()
    assert notes(desk, "cus_acme") == [(ACME_P1, 20_000, "void")]
    ended = makegood("release", SEPTEMBER, "--yes", "--workspace", desk.books.folder, "--json")
    assert ended.code == 1
    assert [q.split(" ")[0] for q in ended.document["questions"]] == [ACME_BACK]


def test_a_void_part_is_paid_anew_as_the_next_one_after_a_look(desk):
    """The invoice takes 200.00 EUR again; books, vendor and store agree afterwards."""
    voided(desk)
    assert "the next run looks once more" in settled(desk, ACME_BACK, "again")
    assert notes(desk, "cus_acme") == [(ACME_P1, 20_000, "void")]
    desk.books.run()
    desk.books.run()
    assert notes(desk, "cus_acme") == [
        (ACME_P1, 20_000, "void"),
        (f"{ACME_R0}/p2", 20_000, "issued"),
    ]
    assert desk.differences() == []
    after = booked(desk)
    assert (after[ACME_PAYABLE], after[ACME_SETTLED]) == (0, -200)


def test_what_is_paid_anew_may_come_back_again(desk):
    """Each part is asked about by itself."""
    voided(desk)
    settled(desk, ACME_BACK, "again")
    desk.books.run()
    (second,) = (n for n in desk.account.dump()["credit_note"] if n["status"] == "issued"
                 and n["customer"] == "cus_acme")  # fmt: skip
    desk.account.do("void_note", note=second["id"])
    desk.differences()
    assert list(asked(desk)) == [f"{ACME_R0}/p2/returned"]
    settled(desk, f"{ACME_R0}/p2/returned", "again")
    desk.books.run()
    assert [key[-2:] for key, _, state in notes(desk, "cus_acme") if state == "issued"] == ["p3"]
    assert booked(desk)[ACME_PAYABLE] == 0


def test_what_stands_after_all_is_not_paid_anew(desk):
    """An event said that the refund failed, and Stripe shows it as succeeded: a person looks."""
    refund = desk.note("cus_bluefin")["refunds"][0]["refund"]
    desk.account.do("fail_refund", refund=refund)
    desk.tell("credit_note.created", "refund.failed")
    desk.account.do("change", kind="refund", id=refund, status="succeeded")
    desk.differences()
    settled(desk, BLUEFIN_BACK, "again")
    desk.books.run()
    assert notes(desk, "cus_bluefin") == [(BLUEFIN_P1, 36_000, "issued")]
    assert "stands. Look at it by hand" in asked(desk)[BLUEFIN_BACK]["why"]


def test_a_refund_that_failed_is_paid_anew(desk):
    """The first note stays issued at Stripe; 3,240.00 USD of the invoice can still be credited."""
    failed(desk)
    assert booked(desk)[BLUEFIN_PAYABLE] == -360
    settled(desk, BLUEFIN_BACK, "again")
    desk.books.run()
    second = (f"{BLUEFIN_P1[:-1]}2", 36_000, "issued")
    assert notes(desk, "cus_bluefin") == [(BLUEFIN_P1, 36_000, "issued"), second]
    assert booked(desk)[BLUEFIN_PAYABLE] == 0
    assert desk.differences() == []


def test_what_reached_the_client_in_another_way_is_settled_again(desk):
    """A transfer by hand: nothing is owed, and no difference is left."""
    failed(desk)
    assert booked(desk)[BLUEFIN_PAYABLE] == -360
    settled(desk, BLUEFIN_BACK, "done")
    desk.books.run()
    assert booked(desk)[BLUEFIN_PAYABLE] == 0
    assert (desk.differences(), asked(desk)) == ([], {})
    assert notes(desk, "cus_bluefin") == [(BLUEFIN_P1, 36_000, "issued")]


def test_what_is_not_owed_any_more_leaves_the_books(desk):
    """Neither payable nor a credit against revenue, and no run pays it."""
    voided(desk)
    settled(desk, ACME_BACK, "refused")
    desk.books.run()
    after = booked(desk)
    assert (after[ACME_PAYABLE], after[ACME_SETTLED]) == (0, 0)
    assert after["Income:SLA-Credits:Api"] == 360  # Bluefin's alone
    assert (desk.differences(), asked(desk)) == ([], {})
    assert notes(desk, "cus_acme") == [(ACME_P1, 20_000, "void")]


def test_what_came_in_by_webhook_is_used_and_a_second_delivery_changes_nothing(desk, monkeypatch):
    """Signed events through the receiver; the list shows the refund as if it had arrived."""
    refund = desk.note("cus_bluefin")["refunds"][0]["refund"]
    desk.account.do("fail_refund", refund=refund)
    kinds = ["credit_note.created", "refund.failed"]
    at = time.time_ns() // 1_000_000_000
    sent = desk.account.tell("webhooks", secret="whsec_x", types=kinds, at=at)
    desk.account.do("change", kind="refund", id=refund, status="succeeded")
    monkeypatch.setenv("MAKEGOOD_WORKSPACE", str(desk.books.folder))
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", "whsec_x")
    assert desk.differences() == []
    with TestClient(create_app()) as door:
        for delivery in [*sent, *sent]:
            body = delivery["body"].encode()
            answer = door.post(PATH, content=body, headers=delivery["headers"])
            assert answer.status_code == 200
            strange = door.post(PATH, content=body + b" ", headers=delivery["headers"])
            assert strange.status_code == 400
    assert desk.kinds() == [f"refund_failed stripe {desk.note('cus_bluefin')['id']} ({BLUEFIN_P1})"]
    assert list(asked(desk)) == [BLUEFIN_BACK]


def test_a_vendor_that_is_away_leaves_the_answer_for_the_next_run(desk, monkeypatch):
    """Nothing is paid without the look, and the answer is not lost."""
    voided(desk)
    settled(desk, ACME_BACK, "again")
    desk.account.plan({"kind": "bad_gateway", "method": "GET", "times": 1000})
    hasty = {**(StripeBilling.__init__.__kwdefaults__ or {}), "sleep": lambda _seconds: None}
    monkeypatch.setattr(StripeBilling.__init__, "__kwdefaults__", hasty)
    desk.books.run()
    desk.account.tell("forget")
    assert notes(desk, "cus_acme") == [(ACME_P1, 20_000, "void")]
    desk.books.run()
    assert len(notes(desk, "cus_acme")) == 2


@pytest.fixture
def lost_and_voided(stand_in, lay_out, monkeypatch):
    """The answer was lost, and a colleague voided the note before the next look found it."""
    account = stand_in.account("lost").reset(now_ms=test_reconcile.OCTOBER_3)
    test_reconcile.stage(account)
    pay = StripeBilling.pay

    def _lost(self, intent, *, idempotency_key):
        paid = pay(self, intent, idempotency_key=idempotency_key)
        account.do("void_note", note=paid.id)
        message = "stripe: no answer after 30 s"
        raise OutcomeUnknown(message)

    with bound(account):
        books = lay_out(ACME_BILLED, checks=checks(api=120), makegood=STRIPE)
        books.run()
        with monkeypatch.context() as patched:
            patched.setattr(StripeBilling, "pay", _lost)
            books.release()
        yield test_reconcile.Desk(books, account)


def test_a_part_that_is_found_void_is_paid_anew_when_a_person_says_so(lost_and_voided):
    """It was never recorded as paid: a person is asked, and the next part pays it after a look."""
    desk = lost_and_voided
    assert standing(desk.books) == {ACME_P1: EffectState.PERSON}
    settled(desk, ACME_P1, "again")
    desk.books.run()
    assert standing(desk.books) == {
        ACME_P1: EffectState.REFUSED,
        f"{ACME_R0}/p2": EffectState.DONE,
    }
    assert notes(desk, "cus_acme") == [
        (ACME_P1, 20_000, "void"),
        (f"{ACME_R0}/p2", 20_000, "issued"),
    ]
    assert desk.differences() == []


def test_a_part_that_shall_not_be_paid_leaves_the_books(lost_and_voided):
    """What a person answers with "refused" is not payable any more, nor a credit."""
    desk = lost_and_voided
    assert booked(desk)[ACME_PAYABLE] == -200
    settled(desk, ACME_P1, "refused")
    after = booked(desk)
    assert (after[ACME_PAYABLE], after["Income:SLA-Credits:Api"]) == (0, 0)


def test_only_what_came_back_is_paid_anew(lay_out, stand_in, monkeypatch):
    """100.00 EUR lowered what was to be paid, 100.00 were refunded in vain: those come again."""
    scene = StripeScene(fresh_account(stand_in))
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    open_one = {"period": test_reconcile.MONTH, "state": "open", "paid": 190_000}
    scene.invoice("in_sep", "cus_acme", 200_000, **open_one)
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", scene.account.restricted_key)
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", scene.account.url)
    books = lay_out(ACME + "payout: refund\n", checks=checks(api=120), makegood=STRIPE)
    books.run()
    books.release()
    there = test_reconcile.Desk(books, scene.account)
    scene.fail_refund(there.note("cus_acme")["id"])
    assert there.only()["at_stake"] == [{"amount": "100.00", "currency": "EUR"}]
    assert asked(there)[ACME_BACK]["amount"] == "100.00"
    assert booked(there)[ACME_PAYABLE] == -100
    settled(there, ACME_BACK, "again")
    books.run()
    books.run()
    assert [amount for _, amount, _ in notes(there, "cus_acme")] == [20_000, 10_000]
    assert booked(there)[ACME_PAYABLE] == 0
    assert there.differences() == []
