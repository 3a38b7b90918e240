"""Ways in which a credit was paid twice, or on the wrong side, found by a reviewer.

Each is a story that no fault of the network tells: a database put back from a copy, a billing
system that was exchanged. 120 of 43,200 minutes down earn 200.00 EUR, 500 minutes 500.00 EUR.
"""

import shutil

import pytest

from connectors.billing.stripe import StripeBilling
from connectors.errors import Misconfigured
from connectors.store import EffectOutcome
from connectors.store.sql import SqlStore
from flows.office import open_office
from models.effect import EffectState
from models.findings import UnusableInputError
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.scenarios import test_paying, test_paying_by_stripe
from tests.scenarios.test_paying import (
    HOUR,
    MONTH,
    R0,
    decided_anew,
    drafted,
    parts,
    questions,
    resolve,
)
from tests.scenarios.test_paying_by_stripe import BY_STRIPE, credits_of
from tests.workspaces import MAKEGOOD, checks

DAY = 24 * HOUR

account = test_paying.account
scene = test_paying_by_stripe.scene
stand_in = test_paying_by_stripe.stand_in


def _lost(books):
    """Lose the database, and what was written from it."""
    for path in books.folder.glob("makegood.db*"):
        path.unlink()
    shutil.rmtree(books.folder / "outbox", ignore_errors=True)
    (books.folder / "ledger.csv").unlink()


def _dies_in_payment(books, monkeypatch, *, sent):
    """Release, and be killed just before or just after the vendor was asked to pay."""
    pay = StripeBilling.pay

    def _killed(self, intent, *, idempotency_key):
        if sent:
            pay(self, intent, idempotency_key=idempotency_key)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StripeBilling, "pay", _killed)
        with pytest.raises(KeyboardInterrupt):
            books.release()


def test_a_database_that_counts_its_revisions_anew_pays_nothing_twice(lay_out, account):
    """500.00 were paid as the second revision; without its past the month begins again."""
    books = drafted(lay_out)
    books.write("checks.csv", checks(api=500))
    books.run()
    books.release()
    assert account.credits == ["acme/api/2025-09/r1/p1 cn in_sep 500.00 EUR"]
    _lost(books)
    books.run()
    books.release()
    assert len(account.credits) == 1
    assert "acme/api/2025-09/r1/p1" in questions(books)[f"{R0}/p1"]
    assert "whether it is paid already" in questions(books)[f"{R0}/p1"]


def test_a_lost_database_is_told_of_its_note_also_where_it_would_only_ask(lay_out, account):
    """Nobody could use a credit any more, so no part is planned; the note is named all the same."""
    books = drafted(lay_out)
    books.release()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    _lost(books)
    account.billing.void_invoice("in_sep")
    account.billing.subscription("sub_acme", "cus_acme", cancelled=True)
    books.run()
    books.release()
    assert len(account.credits) == 1
    asked = questions(books)[f"{R0}/p1"]
    assert f"({R0}/p1) at cus_acme pays it" in asked
    assert "was the database put back from a copy" in asked


@pytest.mark.parametrize("days", [0, 40])
def test_an_old_copy_with_a_plan_that_was_sent_since_pays_nothing_twice(
    lay_out,
    account,
    monkeypatch,
    days,
):
    """The copy was made while the key was wrong: planned, and never sent as far as it knows."""
    books = drafted(lay_out)

    def _wrong(*_args, **_facts):
        message = "the key may not do that"
        raise Misconfigured(message)

    with monkeypatch.context() as patched:
        patched.setattr(account.billing, "pay", _wrong)
        with pytest.raises(Misconfigured):
            books.release()
    assert parts(books) == {f"{R0}/p1": EffectState.PLANNED}
    copy = shutil.copytree(books.folder, books.folder.with_name("copy"))
    books.run()
    for path in books.folder.glob("makegood.db*"):
        path.unlink()
    for path in copy.glob("makegood.db*"):
        shutil.copy(path, books.folder)
    account.now += days * DAY
    now = SqlStore.now
    monkeypatch.setattr(SqlStore, "now", lambda store: now(store) + days * DAY)
    books.run()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}


def test_a_note_in_doubt_is_not_booked_by_the_journal_as_well(lay_out, scene, monkeypatch):
    """Killed after Stripe made it; then the workspace gives Stripe up. Nobody can ask: a person."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    _dies_in_payment(books, monkeypatch, sent=True)
    books.write("makegood.yaml", MAKEGOOD)
    books.run()
    assert parts(books) == {f"{R0}/p1": EffectState.PERSON}
    assert not list(books.folder.rglob("p*.json"))
    assert credits_of(scene) == [(f"{R0}/p1", 20_000)]
    asked = questions(books)[f"{R0}/p1"]
    assert "it is to be paid by credit note, and the journal books only its own parts" in asked
    assert "Look for it where it was to be made" in asked


def test_a_note_that_is_surely_not_there_is_booked_by_the_journal(lay_out, scene, monkeypatch):
    """The person has looked: the first part is given up, the journal books the second."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    _dies_in_payment(books, monkeypatch, sent=False)
    books.write("makegood.yaml", MAKEGOOD)
    books.run()
    resolve(books, f"{R0}/p1", EffectState.PLANNED)
    books.run()
    assert parts(books) == {f"{R0}/p1": EffectState.REFUSED, f"{R0}/p2": EffectState.DONE}
    assert credits_of(scene) == []


def test_what_was_begun_in_test_is_not_made_live(lay_out, scene, stand_in, monkeypatch):
    """A part whose parameters are of the test side moves no real money, and nothing else does."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    _dies_in_payment(books, monkeypatch, sent=False)
    live = StripeScene(fresh_account(stand_in, mode="live"))
    live.customer("cus_acme", client="acme")
    live.subscription("sub_acme", "cus_acme")
    live.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", live.account.restricted_key)
    books.write("makegood.yaml", BY_STRIPE.replace("mode: test", "mode: live"))
    before = books.everything
    with pytest.raises(UnusableInputError, match="prepared on the test side"):
        books.run()
    assert books.everything == before
    assert (credits_of(scene), credits_of(live)) == ([], [])
    assert parts(books) == {f"{R0}/p1": EffectState.SENDING}


def test_a_lost_database_is_told_what_it_has_forgotten(lay_out, scene):
    """Nothing is recorded, so no month is named: all that carries a key of ours is unknown."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    books.release()
    for path in books.folder.glob("makegood.db*"):
        path.unlink()
    kinds = [each["kind"] for each in _differences(books)]
    assert kinds == ["ledger_unknown", "unknown_here"]


def test_an_old_copy_is_told_of_the_months_that_came_after_it(lay_out, scene):
    """The copy ends with August; September's note is there, and September's row."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run("2025-08")
    copy = shutil.copytree(books.folder, books.folder.with_name("copy"))
    books.run()
    books.release()
    for path in copy.glob("makegood.db*"):
        shutil.copy(path, books.folder)
    kinds = [each["kind"] for each in _differences(books)]
    assert kinds == ["ledger_unknown", "unknown_here"]
    assert _differences(books, "--to", "2025-08") == []


def _differences(books, *span):
    ended = makegood("reconcile", "--workspace", books.folder, "--json", *span)
    assert ended.code == (1 if ended.document["differences"] else 0)
    return ended.document["differences"]


def test_what_is_not_paid_yet_is_taken_back_only_afterwards(lay_out, account):
    """200.00 wait for a draft invoice; the month meets its commitment after all: -200.00.

    The 50.00 that the invoice can take are a note, which stands; 150.00 on the balance go back.
    """
    account.billing.invoice("in_sep", "cus_acme", 5_000, period=MONTH, state="draft")
    books = drafted(lay_out)
    books.release()
    books.write("checks.csv", checks(api=10))
    books.run()
    waiting = books.release().payments
    assert (account.credits, parts(books), waiting.waiting) == ([], {}, 2)
    assert f"takes back what is not paid yet: {R0}" in waiting.notes[1]
    account.billing.invoice("in_sep", "cus_acme", 5_000, period=MONTH, state="paid")
    books.run()
    r1 = R0.replace("r0", "r1")
    assert account.credits == [
        f"{R0}/p1 cn in_sep 50.00 EUR",
        f"{R0}/p2 cb cus_acme 150.00 EUR",
        f"{r1}/p1 cb cus_acme -150.00 EUR",
    ]
    assert questions(books)[f"{r1}/p2"].startswith("-50.00 EUR is not paid")


def test_a_run_that_lost_its_lock_adds_nothing_to_what_another_one_planned(
    lay_out, account, monkeypatch
):
    """A note of 50.00 and an entry of 150.00 are planned, and the host sleeps before the commit.

    Meanwhile the invoice can take all of it again, and another host pays 200.00 by one note.
    """
    billing = account.billing
    billing.refund("in_sep", 195_000)
    books = drafted(lay_out)
    prepare = billing.prepare

    def _asleep(part, **words):
        intent = prepare(part, **words)
        if part.number == 2:
            for lock in books.folder.glob("*.lock"):
                lock.unlink()
            billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
            books.run()
        return intent

    with monkeypatch.context() as patched:
        patched.setattr(billing, "prepare", _asleep)
        books.release()
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    assert parts(books) == {f"{R0}/p1": EffectState.DONE}
    books.run()
    assert len(account.credits) == 1


def test_what_shall_not_be_paid_is_not_taken_back(lay_out, account, monkeypatch):
    """Nobody knows of the entry; a person says that it is not there and shall not be.

    Then the month meets its commitment after all: there is nothing that a debit could take back.
    """
    account.billing.void_invoice("in_sep")
    books = drafted(lay_out)

    def _killed(*_args, **_facts):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(account.billing, "pay", _killed)
        with pytest.raises(KeyboardInterrupt):
            books.release()
    with open_office(books.folder) as office:
        office.store.finish([EffectOutcome(f"{R0}/p1", 1, EffectState.UNKNOWN, {"error": "lost"})])
    resolve(books, f"{R0}/p1", EffectState.REFUSED)
    decided_anew(books, 10)
    assert account.credits == []
    assert "only what was put onto the balance" in questions(books)[f"{R0[:-1]}1/p1"]


def test_what_the_client_has_kept_is_not_paid_once_more(lay_out, account):
    """A note of 200.00; the month is met after all, and a person lets the client keep them.

    Then it is not met: 200.00 are owed again, and the client has them.
    """
    r1, r2 = (f"{R0[:-1]}{number}" for number in (1, 2))
    books = drafted(lay_out)
    books.release()
    decided_anew(books, 10)
    resolve(books, f"{r1}/p1", EffectState.REFUSED)
    decided_anew(books, 120)
    assert account.credits == [f"{R0}/p1 cn in_sep 200.00 EUR"]
    asked = questions(books)[f"{r2}/p1"]
    assert f"still has 200.00 EUR of this month that was not taken back ({r1}/p1)" in asked


def test_again_after_three_refusals_begins_anew(lay_out, account, monkeypatch):
    """A person has mended what stood in the way: the next run plans, and does not ask once more."""
    billing = account.billing
    billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, state="open")
    prepare = billing.prepare

    def _always_late(part, **words):
        intent = prepare(part, **words)
        intent.parameters["before"] += 1
        return intent

    books = drafted(lay_out)
    with monkeypatch.context() as patched:
        patched.setattr(billing, "prepare", _always_late)
        books.release()
        assert "refused 3 times" in questions(books)[f"{R0}/p4"]
        resolve(books, f"{R0}/p4", EffectState.PLANNED)
        books.run()
        assert "refused 3 times" in questions(books)[f"{R0}/p8"]
    resolve(books, f"{R0}/p8", EffectState.PLANNED)
    books.run()
    assert account.credits == [f"{R0}/p9 cn in_sep 200.00 EUR"]
    assert questions(books) == {}
