"""Reconciling against Stripe's stand-in: each way in which the three views can part, seeded there.

September 2025: 120 of 43,200 minutes down are 99.72 %, so 10 %: 200.00 EUR of Acme's 2,000.00 and
360.00 USD of Bluefin's 3,600.00. Acme's invoice is open, Bluefin's was paid by card and the
contract pays by refund. Everything goes through the real client, the command and the real store.
"""

import csv
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import copytree

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import create_engine, text

from connectors.billing.stripe import StripeBilling, envelope_of
from connectors.store import VendorEvent
from deployments.cli.schemas import schema_path
from flows.binding import PAYMENT
from models.effect import EffectState
from models.intervals import instant
from models.period import ServiceMonth
from tests.command import makegood
from tests.standins.stripe.client import Account, running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, VENDOR, Books, checks

OCTOBER_3 = instant(datetime(2025, 10, 3, 9, tzinfo=UTC))
MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
PERIOD = (MONTH.start // 1000, MONTH.end // 1000)
ACME_R0, BLUEFIN_R0 = "acme/api/2025-09/r0", "bluefin/api/2025-09/r0"
ACME_P1, BLUEFIN_P1 = f"{ACME_R0}/p1", f"{BLUEFIN_R0}/p1"

STRIPE = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
ACME_BILLED = ACME + "billing: {customer: cus_acme}\n"
BLUEFIN_BILLED = BLUEFIN + "billing: {customer: cus_bluefin}\npayout: refund\n"


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


@dataclass
class Desk:
    """A workspace that books at an account of the stand-in."""

    books: Books
    account: Account

    def note(self, customer: str):
        """The customer's one credit note, as Stripe holds it."""
        notes = self.account.dump()["credit_note"]
        (found,) = (note for note in notes if note["customer"] == customer)
        return found

    def differences(self):
        """What the command finds; its answer must be as published, and its exit code must fit."""
        ended = makegood("reconcile", "--workspace", self.books.folder, "--json")
        document = json.loads(ended.out)
        Draft202012Validator(json.loads(schema_path("reconcile").read_text())).validate(document)
        assert ended.code == (1 if document["differences"] else 0), ended.err
        return document["differences"]

    def kinds(self) -> list[str]:
        """Each difference: its kind and where it is."""
        return [f"{each['kind']} {each['place']}" for each in self.differences()]

    def only(self):
        """The one difference."""
        (difference,) = self.differences()
        return difference

    def tell(self, *kinds: str) -> None:
        """Deliver the account's events of these types; the receiver's own tests are elsewhere."""
        sent = self.account.tell("webhooks", secret="whsec_x", types=list(kinds))
        store = self.books.store()
        try:
            for delivery in sent:
                head = envelope_of(delivery["body"].encode())
                event = VendorEvent("stripe", head.id, head.kind, head.created_at, delivery["body"])
                store.store_event(event)
        finally:
            store.close()


def stage(account: Account) -> None:
    """Acme and Bluefin with a subscription each, and September's invoices."""
    customers = [("cus_acme", "eur", 200_000, "open"), ("cus_bluefin", "usd", 360_000, "paid")]
    account.seed(
        customers=[{"id": identity, "currency": code} for identity, code, _, _ in customers],
        subscriptions=[
            {"id": f"sub_{identity}", "customer": identity, "currency": code}
            for identity, code, _, _ in customers
        ],
        invoices=[
            {
                "id": f"in_{identity}",
                "customer": identity,
                "currency": code,
                "amount": amount,
                "status": status,
                "subscription": f"sub_{identity}",
                "period": PERIOD,
            }
            for identity, code, amount, status in customers
        ],
    )


@pytest.fixture(scope="module")
def released(stand_in, tmp_path_factory):
    """The workspace after the release, and a frozen account in which both credits were made."""
    account = stand_in.account("reconcile").reset(now_ms=OCTOBER_3)
    account.tell(
        "key",
        secret=account.restricted_key,
        permissions={
            "charge": "write",
            "credit_note": "write",
            "customer": "write",
            "invoice": "read",
            "payment_intent": "read",
            "subscription": "read",
        },
    )
    stage(account)
    contracts = (ACME_BILLED, BLUEFIN_BILLED, VENDOR)
    folder = tmp_path_factory.mktemp("released")
    minutes = checks(api=120, hosting=120)
    books = Books.laid_out(folder, *contracts, checks=minutes, makegood=STRIPE)
    with bound(account):
        books.run()
        books.release()
    account.tell("freeze", name="released")
    return Desk(books, account)


@contextmanager
def bound(account: Account):
    """The environment in which Makegood talks to this account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
        patch.setenv("MAKEGOOD_STRIPE_KEY", account.restricted_key)
        patch.setenv("MAKEGOOD_STRIPE_URL", account.url)
        yield


@pytest.fixture
def desk(released, copied):
    """Both credits made as they should be, in the account and in a workspace of the test's own."""
    released.account.tell("thaw", name="released")
    with bound(released.account):
        yield Desk(Books(copied(released.books.folder)), released.account)


@pytest.fixture
def copied(tmp_path):
    """Copies a workspace, database and all."""
    return lambda folder: copytree(folder, tmp_path / "books")


def test_after_a_release_all_views_agree(desk):
    """A note against Acme's open invoice, one with a refund for Bluefin, and three ledger rows."""
    ended = makegood("reconcile", "--workspace", desk.books.folder)
    assert ended.code == 0, ended.err
    assert ended.out == (
        "not looked at: the balances of customers whom no credit of ours touched: the vendor lists "
        "balances customer by customer alone. --all-customers reads them, one request for each\n"
        "stripe, 2025-09 to 2025-09: 3 credits with 2 parts, 2 of the vendor's and 3 ledger rows "
        "compared: no differences.\n"
    )


def test_reconciling_changes_nothing(desk):
    """Neither here, nor there: no effect is planned, and Stripe is only read."""
    credit(desk, amount=-500, metadata={"makegood_part": f"{ACME_R0}/p9"})
    before = desk.books.everything, desk.account.dump()
    assert desk.differences()
    assert (desk.books.everything, desk.account.dump()) == before
    assert {call["method"] for call in desk.account.calls()} == {"GET"}


def test_what_was_not_looked_at_is_said(desk):
    """Balances of strangers, unless they were asked for."""
    for options, said in (((), 1), (("--all-customers",), 0)):
        ended = makegood("reconcile", "--workspace", desk.books.folder, "--json", *options)
        assert len(ended.document["not_looked_at"]) == said


def test_a_note_that_somebody_voided(desk):
    """While Acme's invoice was open."""
    identity = desk.note("cus_acme")["id"]
    desk.account.do("void_note", note=identity)
    difference = desk.only()
    assert (difference["kind"], difference["place"]) == (
        "voided",
        f"stripe {identity} ({ACME_P1})",
    )
    assert difference["at_stake"] == [{"amount": "200.00", "currency": "EUR"}]
    assert difference["proposal"]["kind"] == "pay"


def test_a_refund_that_failed_later(desk):
    """Bluefin's card was lost."""
    note = desk.note("cus_bluefin")
    desk.account.do("fail_refund", refund=note["refunds"][0]["refund"])
    assert desk.kinds() == [f"refund_failed stripe {note['id']} ({BLUEFIN_P1})"]


def test_a_note_under_the_same_key_again(desk):
    """Another program, or an old copy of the database, paid once more: 200.00 EUR twice."""
    desk.account.do(
        "issue_note", invoice="in_cus_acme", amount=20_000, metadata={"makegood_part": ACME_P1}
    )
    difference = desk.only()
    assert (difference["kind"], difference["proposal"]["kind"]) == ("double", "take_back")
    assert difference["at_stake"] == [{"amount": "200.00", "currency": "EUR"}]


def test_a_balance_entry_under_the_same_key(desk):
    """The channel is not in the key, so the double is seen whatever it is."""
    credit(desk, metadata={"makegood_part": ACME_P1})
    assert desk.kinds() == [f"double stripe {ACME_P1}"]


@pytest.mark.parametrize("key", [f"{ACME_R0}/p9", "globex/api/2025-09/r0/p1"])
def test_a_credit_with_a_key_that_nobody_recorded(desk, key):
    """A part that the database has forgotten, or another workspace's."""
    identity = credit(desk, amount=-500, metadata={"makegood_part": key})
    assert desk.kinds() == [f"unknown_here stripe {identity} ({key})"]


def test_a_credit_by_hand_that_looks_like_ours(desk):
    """Support gave 200.00 EUR for the same outage; one of 1.00 EUR is their own business."""
    identity = credit(desk)
    credit(desk, amount=-100)
    assert desk.kinds() == [f"looks_like_ours stripe {identity}"]


def test_a_credit_by_hand_for_a_customer_whom_we_never_credited(desk):
    """It is another customer's, so it is not taken for ours; who wants to know, asks."""
    desk.account.seed(customers=[{"id": "cus_other"}])
    credit(desk, customer="cus_other")
    assert desk.kinds() == []
    key = {"makegood_part": ACME_P1}
    credit(desk, customer="cus_other", metadata=key)
    assert desk.kinds() == []
    ended = makegood("reconcile", "--workspace", desk.books.folder, "--all-customers", "--json")
    assert [each["kind"] for each in ended.document["differences"]] == ["double"]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"total": 19_900}, "amount"),
        ({"total": -20_000}, "wrong_sign"),
        ({"currency": "usd"}, "currency"),
        ({"customer": "cus_bluefin"}, "customer"),
        ({"invoice": "in_cus_bluefin"}, "invoice"),
        ({"metadata": {}}, "unnamed"),
    ],
)
def test_a_note_that_is_otherwise_than_asked(desk, changed, kind):
    """Stripe would not let most of this happen; that it did not is worth a look."""
    identity = desk.note("cus_acme")["id"]
    desk.account.do("change", kind="credit_note", id=identity, **changed)
    assert desk.kinds() == [f"{kind} stripe {identity} ({ACME_P1})"]


def test_a_part_that_the_vendor_has_no_trace_of(desk):
    """The account is as it was before the release: both credits are gone."""
    desk.account.reset(now_ms=OCTOBER_3)
    stage(desk.account)
    assert desk.kinds() == [
        f"missing_at_vendor stripe {ACME_P1}",
        f"missing_at_vendor stripe {BLUEFIN_P1}",
    ]


def test_a_credit_that_stands_but_is_not_recorded_as_paid(desk):
    """A person took the effect for refused; the note is there all the same."""
    with_a_person(desk, ACME_P1)
    (difference,) = (each for each in desk.differences() if each["kind"] == "unrecorded")
    assert difference["theirs"] == "200.00 EUR stands"
    assert difference["proposal"]["kind"] == "record"


def with_a_person(desk: Desk, key: str) -> None:
    """Put an effect back to where a person must settle it, past the store's own rules."""
    engine = create_engine(desk.books.url)
    with engine.begin() as connection:
        done = connection.execute(
            text("UPDATE effect SET state = 'person', done_at = NULL WHERE key = :key"),
            {"key": key},
        )
        assert done.rowcount == 1
    engine.dispose()


def test_a_released_credit_that_cannot_be_paid_yet(lay_out, stand_in):
    """Acme's invoice is a draft: the credit waits, and reconciling says so."""
    account = stand_in.account("waiting").reset(now_ms=OCTOBER_3)
    account.seed(
        customers=[{"id": "cus_acme", "currency": "eur"}],
        invoices=[
            {
                "id": "in_acme",
                "customer": "cus_acme",
                "currency": "eur",
                "amount": 200_000,
                "status": "draft",
                "period": PERIOD,
            }
        ],
    )
    with bound(account):
        books = lay_out(ACME_BILLED, checks=checks(api=120), makegood=STRIPE)
        books.run()
        books.release()
        difference = Desk(books, account).only()
    assert (difference["kind"], difference["theirs"]) == ("unpaid", "0.00 EUR paid")


# --- What is not compared -------------------------------------------------------------------------


def test_what_a_run_is_paying_meanwhile_is_no_difference(lay_out, stand_in, monkeypatch):
    """Our parts are read, a release pays, then Stripe is asked: nobody shall take that back."""
    account = stand_in.account("beside").reset(now_ms=OCTOBER_3)
    stage(account)
    with bound(account):
        books = lay_out(ACME_BILLED, checks=checks(api=120), makegood=STRIPE)
        books.run()
        asked = StripeBilling.credits

        def _later(self, span, *, customers=None):
            monkeypatch.setattr(StripeBilling, "credits", asked)
            books.release()
            return asked(self, span, customers=customers)

        monkeypatch.setattr(StripeBilling, "credits", _later)
        ended = makegood("reconcile", "--workspace", books.folder, "--json")
        assert (ended.code, ended.document["differences"]) == (0, [])
        assert f"{ACME_R0}: a run was at it meanwhile" in ended.document["not_looked_at"][1]
        assert len(account.dump()["credit_note"]) == 1
        assert Desk(books, account).differences() == []


def test_what_the_journal_booked_is_not_missed_at_stripe(lay_out, stand_in):
    """The firm came to Stripe later; told that it was missing, somebody would pay it twice."""
    account = stand_in.account("moved").reset(now_ms=OCTOBER_3)
    stage(account)
    with bound(account):
        books = lay_out(ACME_BILLED, checks=checks(api=120))
        books.run()
        books.release()
        books.write("makegood.yaml", STRIPE)
        ended = makegood("reconcile", "--workspace", books.folder, "--json")
    assert (ended.code, ended.document["differences"]) == (0, [])
    assert ended.document["not_looked_at"][1:] == [
        "what is paid by journal (1), which stripe cannot know of"
    ]


# --- The ledger -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("Credit Amount", "199.00", "ledger_amount"),
        ("Credit Amount", "200,00", "ledger_amount"),
        ("Currency", "USD", "ledger_currency"),
    ],
)
def test_a_ledger_row_that_somebody_changed(desk, column, value, kind):
    """Amounts are ours; the next run would write them again, and nobody would know why."""
    edit_ledger(desk.books, lambda row: row | {column: value} if row["Key"] == ACME_R0 else row)
    assert desk.kinds() == [f"{kind} ledger csv {ACME_R0}"]


def test_a_ledger_row_that_somebody_removed_or_added(desk):
    """One is missing, and one is under a key that nobody knows."""
    stray = "acme/api/2025-09/r5"
    edit_ledger(
        desk.books,
        lambda row: row | {"Key": stray, "Revision": "5"} if row["Key"] == ACME_R0 else row,
    )
    assert desk.kinds() == [
        f"ledger_missing ledger csv {ACME_R0}",
        f"ledger_unknown ledger csv {stray}",
    ]


def edit_ledger(books: Books, change) -> None:
    """Play the person who edits the ledger in a spreadsheet."""
    path = books.folder / "ledger.csv"
    with path.open(encoding="utf-8-sig", newline="") as ledger:
        reader = csv.DictReader(ledger)
        rows = [change(row) for row in reader]
    with path.open("w", encoding="utf-8-sig", newline="") as ledger:
        writer = csv.DictWriter(ledger, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(rows)


# --- What was told --------------------------------------------------------------------------------


def test_a_failed_refund_is_known_by_its_event_when_the_list_forgets(desk):
    """The list shows the refund as it was; the event says that it failed since."""
    note = desk.note("cus_bluefin")
    refund = note["refunds"][0]["refund"]
    desk.account.do("fail_refund", refund=refund)
    desk.tell("credit_note.created", "refund.failed")
    desk.account.do("change", kind="refund", id=refund, status="succeeded")
    assert desk.kinds() == [f"refund_failed stripe {note['id']} ({BLUEFIN_P1})"]


def test_metadata_that_was_changed_is_dated_by_its_event(desk):
    """Who puts the key back wants to know when it went."""
    identity = desk.note("cus_acme")["id"]
    client = desk.account.client(desk.account.secret_key)
    client.v1.credit_notes.update(identity, {"metadata": {"makegood_part": ""}})
    desk.tell("credit_note.updated")
    difference = desk.only()
    assert difference["kind"] == "unnamed"
    assert difference["theirs"] == "names no part, changed on 2025-10-03T09:00:00Z"


def test_events_of_the_accounts_other_side_are_told_and_not_used(desk):
    """They were stored apart when they arrived."""
    store = desk.books.store()
    body = '{"id": "evt_live", "type": "credit_note.voided", "created": 1, "livemode": true}'
    store.store_event(
        VendorEvent("stripe", "evt_live", "credit_note.voided", OCTOBER_3, body, "is live")
    )
    store.close()
    ended = makegood("reconcile", "--workspace", desk.books.folder, "--json")
    assert ended.document["notes"] == ["stripe evt_live: is live"]
    assert ended.code == 0


# --- Endings --------------------------------------------------------------------------------------


def test_a_vendor_that_does_not_answer_is_no_answer(desk):
    """Exit code 3: nothing was compared, and nothing may be concluded."""
    desk.account.plan({"kind": "bad_gateway", "method": "GET", "times": 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StripeBilling, "__init__", impatient(StripeBilling.__init__))
        ended = makegood("reconcile", "--workspace", desk.books.folder, "--json")
    assert (ended.code, ended.out) == (3, "")


def impatient(init):
    """The same beginning of a connector, but one that never waits between two tries."""
    return lambda billing, key, **known: init(billing, key, **known, sleep=lambda _: None)


def test_a_key_of_the_other_side_is_unusable_input(desk, monkeypatch):
    """Nothing is asked with it."""
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", "rk_live_reconcile")
    ended = makegood("reconcile", "--workspace", desk.books.folder)
    assert ended.code == 2
    assert "rk_live_reconcile" not in ended.err


@pytest.mark.parametrize("span", [("--from", "2025-10"), ("--to", "2025-08")])
def test_other_months_are_not_compared(desk, span):
    """September's void note is September's difference."""
    desk.account.do("void_note", note=desk.note("cus_acme")["id"])
    ended = makegood("reconcile", "--workspace", desk.books.folder, *span, "--json")
    assert (ended.code, ended.document["obligations"]) == (0, 0)


def test_months_in_the_wrong_order_are_unusable_input(desk):
    """As for every command."""
    ended = makegood(
        "reconcile", "--workspace", desk.books.folder, "--from", "2025-10", "--to", "2025-09"
    )
    assert ended.code == 2
    assert "Exchange the two" in ended.err


def test_the_parts_of_the_release_are_done(released):
    """What all of this rests on."""
    store = released.books.store()
    effects = store.effects(keys=list(store.effect_keys(kinds=[PAYMENT])))
    store.close()
    assert {effect.key: effect.state for effect in effects} == {
        ACME_P1: EffectState.DONE,
        BLUEFIN_P1: EffectState.DONE,
    }


def credit(desk: Desk, *, customer="cus_acme", amount=-20_000, metadata=None):
    """Somebody at Stripe puts an entry onto a balance; negative is a credit there."""
    made = desk.account.do(
        "credit", customer=customer, amount=amount, currency="eur", metadata=metadata or {}
    )
    return made["id"]
