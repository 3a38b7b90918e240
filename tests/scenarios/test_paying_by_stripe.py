"""Paying by Stripe as a user has it: the workspace file, the key in the environment, real sockets.

The stories of `test_paying.py` again, the few that show that everything is wired: 200.00 EUR for
Acme's September 2025, whose account's clock stands in June 2026.
"""

from functools import partial

import pytest

from connectors.store._sqlite import SqliteFile
from flows.binding import PAYMENT
from flows.effects import ONCE, settle
from flows.paying import SETTLES_WITHIN_MS
from models.effect import EffectState, idempotency_key
from models.period import ServiceMonth
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.standins.stripe.client import running
from tests.workspaces import ACME, MAKEGOOD, SEPTEMBER, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
BY_STRIPE = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
R0 = "acme/api/2025-09/r0"


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


@pytest.fixture
def scene(stand_in, monkeypatch):
    """Acme at Stripe, with September's paid invoice over 2,000.00 EUR."""
    made = StripeScene(fresh_account(stand_in))
    made.customer("cus_acme", client="acme")
    made.subscription("sub_acme", "cus_acme")
    made.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.account.restricted_key)
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.account.url)
    return made


def credits_of(scene):
    """Every note and balance entry of ours: the part's key and the amount on the wire."""
    found = scene.account.dump()
    notes = [(n["metadata"].get("makegood_part"), n["amount"]) for n in found["credit_note"]]
    entries = [
        (e["metadata"].get("makegood_part"), e["amount"])
        for e in found["customer_balance_transaction"]
        if e["type"] == "adjustment"
    ]
    return sorted([*notes, *entries])


def test_a_release_makes_one_note_and_a_rerun_none(lay_out, scene):
    """And nobody is mailed by Stripe."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    assert credits_of(scene) == []
    assert books.release().payments.done == 1
    books.run()
    books.release()
    assert credits_of(scene) == [(f"{R0}/p1", 20_000)]
    (note,) = scene.account.dump()["credit_note"]
    assert note["memo"] == "SLA credit, Relay API, 2025-09: 99.722222 % uptime, 99.9 % promised"
    assert note["metadata"]["makegood_contract"] == "acme/api"
    assert note["metadata"]["makegood_month"] == SEPTEMBER
    assert len(note["metadata"]["makegood_decision"]) == 64


def test_a_remainder_goes_onto_the_balance(lay_out, scene):
    """1,950.00 were refunded: 50.00 by note, 150.00 by balance, which Stripe counts as negative."""
    scene.refund("in_sep", 195_000)
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    books.release()
    assert credits_of(scene) == [(f"{R0}/p1", 5_000), (f"{R0}/p2", -15_000)]


def test_a_credit_on_the_balance_is_taken_back_by_the_opposite_entry(lay_out, scene):
    """The month met its commitment after all."""
    scene.refund("in_sep", 200_000)
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    books.release()
    books.write("checks.csv", checks(api=10))
    books.run()
    books.release()
    assert credits_of(scene) == [(f"{R0}/p1", -20_000), ("acme/api/2025-09/r1/p1", 20_000)]


@pytest.mark.parametrize("kind", ["limited", "lost_before", "lost_after"])
def test_a_fault_of_a_write_loses_and_doubles_nothing(lay_out, scene, kind):
    """The run looks, and goes on."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    scene.fault(kind)
    books.release()
    books.run()
    assert credits_of(scene) == [(f"{R0}/p1", 20_000)]


@pytest.mark.parametrize(
    ("fee", "wire"),
    [
        ("20000 JPY", 2_000),
        ("2000.500 KWD", 200_050),
        ("20000 ISK", 200_000),
        ("20005 UGX", 200_100),  # 2,000.5 shillings, half up, as hundredths
    ],
)
def test_amounts_travel_in_stripes_units(lay_out, scene, fee, wire):
    """10 % of the fee."""
    fee, code = fee.split()
    scene.customer("cus_far", client="far")
    scene.subscription("sub_far", "cus_far", currency=code)
    scene.invoice(
        "in_far", "cus_far", int(fee.replace(".", "")) // 10 * 10, period=MONTH, currency=code
    )
    terms = ACME.replace("id: acme", "id: far").replace("EUR", code).replace(": 2000", f": {fee}")
    books = lay_out(terms, checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    books.release()
    assert credits_of(scene) == [("far/api/2025-09/r0/p1", wire)]


def test_the_command_shows_the_invoice_before_it_asks(lay_out, scene, monkeypatch):
    """Channel, invoice and amount, as Stripe knows them now."""
    monkeypatch.setattr("typer.confirm", lambda *_args, **_facts: False)
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    ended = makegood("release", SEPTEMBER, "--workspace", books.folder)
    assert "a credit note of" in ended.out
    assert "in_sep" in ended.out
    assert credits_of(scene) == []


@pytest.mark.parametrize("key", ["", "rk_live_somebody", "rk_test_nobody"])
def test_a_wrong_key_is_found_before_anything_is_released(lay_out, scene, monkeypatch, key):
    """Missing, of the other side, or unknown at Stripe."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", key)
    ended = makegood("release", SEPTEMBER, "--workspace", books.folder, "--yes")
    assert ended.code == 2
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", scene.account.restricted_key)
    assert books.owed[R0] == ("draft", "200.00 EUR")


# --- Refused while an earlier request may still be carried out ------------------------------------


class Clock:
    """How far the database's clock is ahead, for every store that is opened."""

    def __init__(self, monkeypatch):
        """It tells the host's time at first."""
        self.ahead_ms, now = 0, SqliteFile.now
        monkeypatch.setattr(SqliteFile, "now", lambda one, line: now(one, line) + self.ahead_ms)


@pytest.fixture
def clock(monkeypatch):
    """The database's clock, which a story may set forward."""
    return Clock(monkeypatch)


def standing(books):
    """Every part, by its key, and where it stands."""
    store = books.store()
    try:
        keys = list(store.effect_keys(kinds=[PAYMENT]))
        return {effect.key: effect.state for effect in store.effects(keys=keys)}
    finally:
        store.close()


@pytest.fixture
def refused_after_a_doubt(lay_out, scene, clock):
    """The first request was cut off before it arrived; the second one is refused."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    post = {"method": "POST", "path": "/v1/credit_notes"}
    scene.account.plan({"kind": "cut", "when": "before", **post, "nth": 1})
    scene.account.plan({"kind": "refused", **post, "nth": 2}, replace=False)
    done = books.release()
    assert (done.payments.refused, done.payments.waiting, done.payments.unfinished) == (0, 1, 0)
    return books


def test_a_refusal_after_a_doubt_is_not_planned_anew_while_the_first_may_still_come(
    refused_after_a_doubt, scene
):
    """Neither in the same run nor in the next: one part, and nobody knows what became of it."""
    books = refused_after_a_doubt
    books.run()
    assert standing(books) == {f"{R0}/p1": EffectState.UNKNOWN}
    assert credits_of(scene) == []


def test_the_first_request_that_arrives_late_is_the_only_one(refused_after_a_doubt, scene, clock):
    """It is carried out minutes after the refusal, and the next look finds it."""
    books = refused_after_a_doubt
    (first, _) = scene.account.calls(method="POST")
    assert (first["executed"], first["path"]) == (False, "/v1/credit_notes")
    store = books.store()
    (effect,) = store.effects(keys=[f"{R0}/p1"])
    store.close()
    key = idempotency_key(effect.key, 1)
    parameters = effect.plan.intent["parameters"]
    scene.account.client().v1.credit_notes.create(parameters, {"idempotency_key": key})
    clock.ahead_ms = SETTLES_WITHIN_MS
    books.run()
    assert standing(books) == {f"{R0}/p1": EffectState.DONE}
    assert credits_of(scene) == [(f"{R0}/p1", 20_000)]


def test_when_nothing_has_come_the_refusal_is_taken_and_the_credit_planned_anew(
    refused_after_a_doubt, scene, clock
):
    """After the time in which a cut-off request may still be carried out, and a look."""
    books = refused_after_a_doubt
    clock.ahead_ms = SETTLES_WITHIN_MS
    books.run()
    assert standing(books) == {f"{R0}/p1": EffectState.REFUSED, f"{R0}/p2": EffectState.DONE}
    assert credits_of(scene) == [(f"{R0}/p2", 20_000)]


def test_a_refusal_long_after_a_doubt_is_taken_at_once(lay_out, scene, clock):
    """The request of an hour ago cannot come any more: refused, looked for, planned anew."""
    books = lay_out(checks=checks(api=120), makegood=BY_STRIPE)
    books.run()
    post = {"method": "POST", "path": "/v1/credit_notes", "times": 100}
    scene.account.plan({"kind": "cut", "when": "before", **post})
    with_one_try = partial(settle, patience=ONCE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("flows.paying.settle", with_one_try)
        books.release()
    assert standing(books) == {f"{R0}/p1": EffectState.UNKNOWN}
    clock.ahead_ms = 3_600_000
    scene.account.plan({"kind": "refused", "method": "POST", "path": "/v1/credit_notes"})
    books.run()
    assert credits_of(scene) == [(f"{R0}/p2", 20_000)]
