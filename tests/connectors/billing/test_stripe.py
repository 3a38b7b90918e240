"""Stripe, by the real client over real sockets: the role's promise, and every kind of answer."""

import json
import logging
import re
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stripe

import connectors.billing
from connectors.billing import LimitReached, PartIntent, _connection
from connectors.billing._pace import SECOND_NS
from connectors.billing.stripe import Pace, StripeBilling
from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from models.contract import Payout
from models.intervals import Interval
from models.workspace_file import BillingMode
from tests.connectors.billing.conformance import (
    APRIL,
    JUNE,
    MAY,
    MEMO,
    METADATA,
    BillingConformance,
    a_part,
    an_entry,
    query,
)
from tests.connectors.billing.stage import (
    PERMISSIONS,
    StripeScene,
    connector,
    fresh_account,
    seconds,
)
from tests.standins.stripe.client import running
from tests.standins.stripe.faults import LIMIT_REASONS


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


class TestStripeBilling(BillingConformance):
    """The promise, kept against the strict stand-in."""

    @pytest.fixture
    def scene(self, stand_in):
        """An account that nobody has used."""
        return StripeScene(fresh_account(stand_in))

    @pytest.fixture
    def billing(self, scene):
        """The connector with the documented permissions and no more."""
        billing = connector(scene.account)
        yield billing
        billing.close()


# --- What every answer means --------------------------------------------------------------------

WRITTEN = [
    # fault, class, HTTP status, how many are there afterwards
    ({"kind": "cut", "when": "before"}, OutcomeUnknown, None, 0),
    ({"kind": "cut", "when": "after"}, OutcomeUnknown, None, 1),
    ({"kind": "reset", "when": "before"}, OutcomeUnknown, None, 0),
    ({"kind": "reset", "when": "after"}, OutcomeUnknown, None, 1),
    ({"kind": "delay", "when": "before", "seconds": 2}, OutcomeUnknown, None, None),
    ({"kind": "delay", "when": "after", "seconds": 2}, OutcomeUnknown, None, 1),
    ({"kind": "short_body", "when": "after"}, OutcomeUnknown, None, 1),
    ({"kind": "broken_json", "when": "after"}, OutcomeUnknown, 200, 1),
    ({"kind": "altered", "when": "after", "change": {"total": 1}}, OutcomeUnknown, None, 1),
    ({"kind": "altered", "when": "after", "change": {"id": ""}}, OutcomeUnknown, None, 1),
    ({"kind": "altered", "when": "after", "change": {"refunds": 7}}, OutcomeUnknown, None, 1),
    ({"kind": "altered", "when": "after", "change": {"status": "void"}}, OutcomeUnknown, None, 1),
    ({"kind": "altered", "when": "after", "change": {"livemode": True}}, OutcomeUnknown, None, 1),
    ({"kind": "error_saved", "when": "before"}, OutcomeUnknown, 500, 0),
    ({"kind": "error_saved", "when": "after"}, OutcomeUnknown, 500, 1),
    ({"kind": "error_unsaved", "when": "before"}, OutcomeUnknown, 500, 0),
    ({"kind": "error_unsaved", "when": "after"}, OutcomeUnknown, 500, 1),
    ({"kind": "bad_gateway", "when": "before"}, OutcomeUnknown, 502, 0),
    ({"kind": "bad_gateway", "when": "after"}, OutcomeUnknown, 502, 1),
    ({"kind": "proxy_refusal", "when": "before"}, OutcomeUnknown, 403, 0),
    ({"kind": "proxy_refusal", "when": "before", "status": 401}, OutcomeUnknown, 401, 0),
    ({"kind": "proxy_refusal", "when": "before", "status": 429}, OutcomeUnknown, 429, 0),
    ({"kind": "proxy_refusal", "when": "after", "status": 404}, OutcomeUnknown, 404, 1),
    ({"kind": "conflict"}, OutcomeUnknown, 409, 0),
    ({"kind": "unauthorized"}, Misconfigured, 401, 0),
    ({"kind": "forbidden"}, Misconfigured, 403, 0),
    ({"kind": "card_declined"}, Permanent, 402, 0),
    ({"kind": "rate_limited", "reason": "endpoint-rate"}, LimitReached, 429, 0),
    ({"kind": "lock_timeout"}, LimitReached, 429, 0),
]


def named(case) -> str:
    """A test's name for a planned fault."""
    fault = case[0] if isinstance(case, tuple) else case
    return "-".join(str(value) for value in fault.values())


@pytest.fixture
def acme(stand_in):
    """Acme with May's paid invoice over 1,000.00 EUR."""
    scene = StripeScene(fresh_account(stand_in))
    scene.customer("cus_acme", client="acme")
    scene.subscription("sub_acme", "cus_acme")
    scene.invoice("in_may", "cus_acme", 100_000, period=MAY)
    return scene


@pytest.fixture
def billing(acme, monkeypatch):
    """The connector, with a second's patience for an answer."""
    monkeypatch.setattr(_connection, "ANSWER_S", 1)
    billing = connector(acme.account)
    yield billing
    billing.close()


@pytest.fixture
def intent(billing):
    """100.00 EUR of May, previewed."""
    return billing.prepare(a_part(), memo=MEMO, metadata=METADATA)


@pytest.mark.parametrize("case", WRITTEN, ids=named)
def test_an_answer_to_a_write_is_classed_by_what_is_certain(acme, billing, intent, caplog, case):
    """Whatever is not surely harmless is unknown; one request leaves; no key is told anywhere."""
    fault, expected, status, made = case
    caplog.set_level(logging.DEBUG)
    acme.account.plan({"method": "POST", **fault})
    before = len(acme.account.calls())
    with pytest.raises(expected) as caught:
        billing.pay(intent, idempotency_key="key-1")
    calls = acme.account.calls(since=before + 1)
    assert [call["method"] for call in calls] == ["POST"]
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert_silent_about_keys(caught.value, caplog, acme.account)
    if made is not None:
        assert len(billing.look(intent)) == made


def assert_silent_about_keys(error, caplog, account) -> None:
    """Neither message, repr, traceback nor log holds the key, or the library's error."""
    told = [str(error), repr(error), *traceback.format_exception(error), caplog.text]
    assert not [text for text in told if account.restricted_key in text]
    assert (error.__cause__, error.__context__) == (None, None)
    assert "\n" not in str(error)


@pytest.mark.parametrize("reason", LIMIT_REASONS)
def test_a_limit_names_its_reason_and_how_long_to_wait(acme, billing, intent, reason):
    """In the vendor's words; the engine waits."""
    fault = {"kind": "rate_limited", "method": "POST", "reason": reason, "retry_after": 7}
    acme.account.plan(fault)
    with pytest.raises(LimitReached, match=reason) as caught:
        billing.pay(intent, idempotency_key="key-1")
    assert (caught.value.reason, caught.value.wait_ms) == (reason, 7000)


def test_a_saved_failure_is_replayed_until_somebody_looks(acme, billing, intent):
    """The same key answers 500 for a day, though the note is there: a look finds it."""
    acme.account.plan({"kind": "error_saved", "when": "after", "method": "POST"})
    for _ in range(2):
        with pytest.raises(OutcomeUnknown) as caught:
            billing.pay(intent, idempotency_key="key-1")
        assert caught.value.status == 500
    (found,) = billing.look(intent)
    assert found.equal


def test_a_saved_refusal_is_replayed_as_a_refusal(acme, billing, intent):
    """Nothing was made the first time, and nothing is made now."""
    acme.refund("in_may", 95_000)
    for _ in range(2):
        with pytest.raises(Permanent, match=r"Nothing was made") as caught:
            billing.pay(intent, idempotency_key="key-1")
        assert caught.value.status == 400
    assert acme.account.calls()[-1]["replayed"]


def test_another_sender_with_the_same_key_is_unknown(acme, billing, intent):
    """While the first is still at it, nobody knows how it ends; afterwards there is one."""
    acme.account.plan({"kind": "delay", "when": "before", "method": "POST", "seconds": 0.5})
    first = threading.Thread(target=billing.pay, args=(intent,), kwargs={"idempotency_key": "k"})
    first.start()
    wait_for(lambda: any(call["method"] == "POST" for call in acme.account.calls()))
    with pytest.raises(OutcomeUnknown, match="idempotency_key_in_use"):
        billing.pay(intent, idempotency_key="k")
    first.join()
    assert len(billing.look(intent)) == 1


def wait_for(holds) -> None:
    """Until something holds, five seconds at most."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never held")


READ = [
    ({"kind": "cut"}, Retriable),
    ({"kind": "reset"}, Retriable),
    ({"kind": "broken_json", "when": "after"}, Retriable),
    ({"kind": "short_body", "when": "after"}, Retriable),
    ({"kind": "error_unsaved"}, Retriable),
    ({"kind": "bad_gateway"}, Retriable),
    ({"kind": "conflict"}, Retriable),
    ({"kind": "proxy_refusal"}, Retriable),
    ({"kind": "rate_limited"}, LimitReached),
    ({"kind": "unauthorized"}, Misconfigured),
    ({"kind": "forbidden"}, Misconfigured),
    ({"kind": "card_declined"}, Permanent),
]


@pytest.mark.parametrize("case", READ, ids=named)
def test_a_read_that_fails_for_ever_says_how(acme, billing, intent, caplog, case):
    """Repeated a few times where that may help; a failed look is never an empty one."""
    fault, expected = case
    caplog.set_level(logging.DEBUG)
    acme.account.plan({"method": "GET", "times": 0, **fault})
    with pytest.raises(expected) as caught:
        billing.look(intent)
    assert type(caught.value) is expected
    assert_silent_about_keys(caught.value, caplog, acme.account)


@pytest.mark.parametrize(
    "case", [case for case in READ if issubclass(case[1], Retriable)], ids=named
)
def test_a_read_that_fails_now_and_then_succeeds(acme, billing, intent, case):
    """By the one retry policy, with waits in between."""
    billing.pay(intent, idempotency_key="key-1")
    acme.account.plan({"method": "GET", "times": 2, **case[0]})
    assert len(billing.look(intent)) == 1


def test_a_limit_is_no_failure_of_a_read_until_it_lasts(acme, intent):
    """Eight turns are waited for before the retry policy hears of it, and no wait is skipped."""
    waits: list[int] = []
    turns = Pace(1000, per_endpoint=1000, sleep=waits.append)
    patient = connector(acme.account, pace=turns)
    acme.account.plan({"method": "GET", "kind": "rate_limited", "times": 8})
    assert patient.look(intent) == ()
    patient.close()
    assert len(waits) >= 8


def test_a_write_whose_turn_comes_too_late_is_not_sent(acme, intent):
    """The machine slept, or the queue was long: the caller begins anew."""
    moments = iter([0, 11 * SECOND_NS])
    late = connector(acme.account, awake=lambda: next(moments))
    before = len(acme.account.calls())
    with pytest.raises(Retriable, match="nothing was sent"):
        late.pay(intent, idempotency_key="key-1")
    late.close()
    assert len(acme.account.calls()) == before


def test_a_machine_that_slept_is_noticed(intent):
    """The clock counts while it sleeps, and never goes back."""
    first = _connection.awake_ns()
    assert 0 < first <= _connection.awake_ns()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, b"[]"),
        (200, {}, b"null"),
        (200, {}, b'"cn_1"'),
        (200, {}, b"\xff\xfe"),
        (200, {}, b""),
        (200, {}, b"{}"),
        (204, {}, b""),
        (301, {"Location": "https://elsewhere.invalid/"}, b""),
        (302, {"Location": "/v1/elsewhere"}, b"{}"),
        (307, {"Location": "/v1/credit_notes"}, b"{}"),
        (400, {}, b'{"error": "no"}'),
        (400, {}, b'{"error": {}}'),
        (400, {}, b"[]"),
        (422, {}, b'{"error": {"type": "invalid_request_error"}}'),
        (503, {"Retry-After": "3"}, b"Service unavailable"),
    ],
)
def test_answers_that_nobody_expects_are_unknown(intent, caplog, status, headers, body):
    """Also from something on the way that only looks like Stripe; nobody is followed elsewhere."""
    caplog.set_level(logging.DEBUG)
    with answering(status, headers, body) as (address, seen):
        strange = StripeBilling(
            "rk_test_strange", mode=BillingMode.TEST, address=address, sleep=lambda _: None
        )
        with pytest.raises(OutcomeUnknown) as caught:
            strange.pay(intent, idempotency_key="key-1")
        strange.close()
    assert seen == ["POST /v1/credit_notes"]
    assert "rk_test_strange" not in f"{caught.value!r} {caplog.text}"


@contextmanager
def answering(status, headers, body):
    """A server on this machine that answers everything alike; its address, and what it saw."""
    seen = []

    class Alike(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            seen.append(f"{self.command} {self.path}")
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - the server's own names

        def log_message(self, *_) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Alike) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


# --- Keys and sides -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "mode", "fact"),
    [
        ("rk_live_secret1", "test", "is a live key, the workspace names test"),
        ("sk_test_secret1", "live", "is a test key, the workspace names live"),
        ("pk_test_secret1", "test", "is no key of Stripe's for programs"),
        ("whsec_secret1", "test", "is no key of Stripe's for programs"),
        ("rk_test_secret1\n", "test", "is no key of Stripe's for programs"),
        ("", "test", "is no key of Stripe's for programs"),
    ],
)
def test_a_key_of_the_other_side_is_refused(key, mode, fact):
    """Before anything is asked; the key is not shown."""
    with pytest.raises(Misconfigured, match=fact) as caught:
        StripeBilling(key, mode=BillingMode(mode))
    assert "secret1" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.stripe.com",
        "http://10.0.0.1:12111",
        "http://localhost.evil.example",
        "https://user:pw@proxy.example",
        "https://proxy.example/v1",
        "https://proxy.example?x=1",
        "https://",
        "ftp://localhost",
        "localhost:12111",
    ],
)
def test_a_key_goes_to_safe_addresses_alone(address):
    """Encrypted, or on this machine."""
    with pytest.raises(Misconfigured, match="MAKEGOOD_STRIPE_URL"):
        StripeBilling("rk_test_1", mode=BillingMode.TEST, address=address)


@pytest.mark.parametrize(
    "address",
    ["https://proxy.example", "http://localhost:1", "http://127.0.0.1:1/", "http://[::1]:1"],
)
def test_a_safe_address_is_taken(address):
    """A proxy of one's own, or a stand-in."""
    StripeBilling("rk_test_1", mode=BillingMode.TEST, address=address).close()


def test_the_connector_shows_nothing_of_its_key():
    """Its side alone."""
    billing = StripeBilling("rk_test_secret1", mode=BillingMode.TEST, address="http://localhost:1")
    assert repr(billing) == str(billing) == "StripeBilling(mode=test)"
    billing.close()


def test_an_answer_of_the_other_side_stops_the_run(acme, billing):
    """A proxy, or a wrong stand-in: what is seen there is not ours."""
    acme.account.plan(
        {"kind": "altered", "when": "after", "method": "GET", "change": {"livemode": True}}
    )
    with pytest.raises(Misconfigured, match="is of the live side, the workspace names test"):
        billing.picture(query())


def test_the_live_side_is_served_by_a_live_key(stand_in):
    """The same rules there."""
    scene = StripeScene(fresh_account(stand_in, mode="live"))
    scene.customer("cus_acme")
    scene.invoice("in_may", "cus_acme", 100_000, period=MAY)
    billing = connector(scene.account)
    intent = billing.prepare(a_part(), memo=MEMO, metadata=METADATA)
    billing.pay(intent, idempotency_key="key-1")
    assert billing.look(intent)[0].equal
    billing.close()


# The stand-in lets whoever may read invoice payments expand what paid them.
@pytest.mark.parametrize("missing", sorted({*PERMISSIONS} - {"payment_intent"}))
def test_every_documented_permission_is_needed_and_its_lack_is_told(acme, intent, missing):
    """Without any of them something says 403, by name."""
    held = {name: level for name, level in PERMISSIONS.items() if name != missing}
    acme.account.tell("key", secret=acme.account.restricted_key, permissions=held)
    poor = connector(acme.account)

    def month() -> None:
        poor.picture(query())
        poor.look(intent)
        refund = a_part(number=2, payout=Payout.REFUND)
        ready = poor.prepare(refund, memo=MEMO, metadata=METADATA)
        poor.pay(ready, idempotency_key="key-1")

    with pytest.raises(Misconfigured, match=f"rak_{missing}_"):
        month()
    poor.close()


def test_the_readme_lists_exactly_the_permissions_that_these_tests_hold():
    """Documentation that would drift is none."""
    text = Path(connectors.billing.__file__).with_name("README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| [^|]+ \| `(\w+)` \| (read|write)\b", text, re.MULTILINE))
    assert listed == PERMISSIONS


# --- The bytes that leave -----------------------------------------------------------------------


def test_a_note_is_sent_with_exactly_these_parameters(acme, billing, intent):
    """No mail to the customer, no zero parts, one total; the same bytes each time."""
    billing.pay(intent, idempotency_key="mg:1:a1")
    billing.pay(PartIntent.of_record(intent.record), idempotency_key="mg:1:a1")
    first, second = acme.account.calls(method="POST")
    assert first["path"] == "/v1/credit_notes"
    assert first["params"] == {
        "invoice": "in_may",
        "amount": "10000",
        "credit_amount": "10000",
        "reason": "product_unsatisfactory",
        "email_type": "none",
        "memo": MEMO,
        "metadata": {**METADATA, "makegood_part": "acme/api/2026-05/r0/p1"},
    }
    assert first["idempotency_key"] == "mg:1:a1"
    assert second["params"] == first["params"]
    assert second["replayed"]
    assert acme.account.dump()["mails"] == []


def test_an_entry_is_sent_with_exactly_these_parameters(acme, billing):
    """Negative is a credit at Stripe."""
    ready = billing.prepare(an_entry(), memo="Credit\nfor May", metadata={"makegood_month": ""})
    billing.pay(ready, idempotency_key="mg:1:a1")
    (sent,) = acme.account.calls(method="POST")
    assert sent["path"] == "/v1/customers/cus_acme/balance_transactions"
    assert sent["params"] == {
        "amount": "-10000",
        "currency": "eur",
        "description": "Credit for May",
        "metadata": {"makegood_part": "acme/api/2026-05/r0/p1"},
    }
    assert acme.account.dump()["balances"] == {"cus_acme": {"eur": -10000}}


@pytest.mark.parametrize(
    ("paid", "payout", "parts"),
    [
        (0, Payout.REFUND, {}),
        (95_000, Payout.REFUND, {"refund_amount": "5000"}),
        (95_000, Payout.CUSTOMER_BALANCE, {"credit_amount": "5000"}),
        (95_000, Payout.OUT_OF_BAND, {"out_of_band_amount": "5000"}),
    ],
)
def test_parts_of_nothing_are_left_out(acme, billing, paid, payout, parts):
    """Stripe refuses an explicit 0."""
    acme.invoice("in_open", "cus_acme", 100_000, period=MAY, state="open", paid=paid)
    part = a_part(invoice="in_open", payout=payout)
    ready = billing.prepare(part, memo=MEMO, metadata={})
    fields = {"credit_amount", "refund_amount", "out_of_band_amount"}
    assert {name: str(ready.parameters[name]) for name in fields & set(ready.parameters)} == parts
    billing.pay(ready, idempotency_key="key-1")
    assert billing.look(ready)[0].equal


def test_an_intent_is_plain_json_without_floats(intent):
    """It is stored and digested before anything is sent."""
    text = json.dumps(intent.record, sort_keys=True)
    assert json.loads(text, parse_float=pytest.fail) == intent.record
    assert intent.facts["stripe_version"] == "2026-10-28.endive"


def test_a_preview_shows_no_words_to_the_address(acme, billing, intent):
    """A GET's address is short, and nothing of a client's stands in logs on the way."""
    (asked,) = [call for call in acme.account.calls() if call["path"].endswith("/preview")]
    assert set(asked["params"]) == {"invoice", "amount", "credit_amount", "reason"}


def test_long_metadata_is_cut_visibly_and_long_words_are_refused(billing):
    """500 characters of incidents, a thousand of memo."""
    many = ", ".join(f"INC-{number:04d}" for number in range(90))
    ready = billing.prepare(a_part(), memo=MEMO, metadata={"makegood_incidents": many})
    kept = ready.parameters["metadata"]["makegood_incidents"]
    assert len(kept) == 500
    assert kept.endswith(" … (shortened)")
    with pytest.raises(Permanent, match="a memo of 1001 characters is too long"):
        billing.prepare(a_part(), memo="x" * 1001, metadata={})
    with pytest.raises(Permanent, match="metadata has 2 names, too long are"):
        billing.prepare(a_part(), memo="", metadata={"x" * 41: "y"})


def test_a_preview_that_differs_is_refused(acme, billing):
    """What is planned and what Stripe would make must be one."""
    acme.account.plan(
        {
            "kind": "altered",
            "when": "after",
            "method": "GET",
            "path": "/v1/credit_notes/preview",
            "change": {"total": 10001},
        }
    )
    with pytest.raises(Permanent, match="preview is not what was planned: total 10001 for 10000"):
        billing.prepare(a_part(), memo=MEMO, metadata={})


def test_an_out_of_band_payment_cannot_be_refunded(acme, billing):
    """There is no charge to give back; the preview says so, and a person decides."""
    acme.account.seed(
        invoices=[
            {
                "id": "in_bank",
                "customer": "cus_acme",
                "amount": 5_000,
                "currency": "eur",
                "paid_with": "out_of_band",
            }
        ]
    )
    part = a_part("10.00 EUR", invoice="in_bank", payout=Payout.REFUND)
    with pytest.raises(Permanent, match="the preview is refused"):
        billing.prepare(part, memo=MEMO, metadata={})


# --- Large accounts -----------------------------------------------------------------------------


def test_customers_are_found_among_many(acme, billing):
    """On the third page; the list is read once for all contracts."""
    acme.account.seed(customers=[{"id": f"cus_{n}"} for n in range(230)])
    for _ in range(3):
        assert [one.id for one in billing.picture(query(customer="")).customers] == ["cus_acme"]
    lists = [call for call in acme.account.calls() if call["path"] == "/v1/customers"]
    assert len(lists) == 3


def test_an_invoice_of_many_lines_is_read_whole(acme, billing):
    """Its eleventh line alone is for May."""
    april, may = seconds(APRIL), seconds(MAY)
    lines = [{"amount": 100, "period": april} for _ in range(10)]
    many = {"id": "in_many", "customer": "cus_acme", "currency": "eur"}
    acme.account.seed(invoices=[{**many, "lines": [*lines, {"amount": 100, "period": may}]}])
    shown = {one.id: one.period for one in billing.picture(query()).invoices}
    assert shown["in_many"] == Interval(APRIL.start, MAY.end)


@pytest.mark.parametrize(
    ("lines", "mixed"),
    [
        ([{"amount": 900, "tax_percent": "19"}, {"amount": 33, "tax_percent": "19"}], False),
        ([{"amount": 900, "tax_percent": "19"}, {"amount": 100, "tax_percent": "7"}], True),
        ([{"amount": 900, "tax_percent": "19"}, {"amount": 0}], False),  # asks for nothing
        ([{"amount": 900, "tax_percent": "19"}, {"amount": 100}], True),
        ([{"amount": 900}, {"amount": 100}], False),
        (
            [
                {"amount": 900, "tax_percent": "19"},
                {"amount": 100, "tax_percent": "19", "tax_behavior": "inclusive"},
            ],
            True,
        ),
        ([{"amount": 1, "tax_percent": "19"}] * 11 + [{"amount": 1}], True),  # on the second page
    ],
)
def test_lines_are_taxed_alike_when_they_have_the_same_rates(acme, billing, lines, mixed):
    """The rates are compared and not the amounts, which are rounded line by line."""
    one = {"id": "in_taxed", "customer": "cus_acme", "currency": "eur"}
    may = [{**line, "period": seconds(MAY)} for line in lines]
    acme.account.seed(invoices=[{**one, "lines": may}])
    shown = {one.id: one.mixed_tax for one in billing.picture(query()).invoices}
    assert shown["in_taxed"] is mixed


def test_an_invoice_around_the_month_but_not_for_it_is_not_shown(acme, billing):
    """Lines for April and June share a page with nothing of May."""
    lines = [{"amount": 100, "period": seconds(span)} for span in (APRIL, JUNE)]
    around = {"id": "in_around", "customer": "cus_acme", "currency": "eur", "lines": lines}
    acme.account.seed(invoices=[around])
    assert [one.id for one in billing.picture(query()).invoices] == ["in_may"]


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"status": "unpaid"}, "unpaid, so that its invoices stay drafts"),
        ({"status": "paused"}, "paused"),
        ({"pause_collection": {"behavior": "void", "resumes_at": None}}, "paused"),
        ({"currency": "usd"}, "bills in USD"),
        ({"cancel_at": JUNE.end // 1000}, "ends before it renews"),
        ({"cancel_at": JUNE.end // 1000 + 1}, ""),
        ({"status": "past_due"}, ""),
        ({"status": "trialing"}, ""),
    ],
)
def test_a_subscription_bills_again_or_says_why_not(stand_in, described, why):
    """State, pause, currency, and an end that comes before its next invoice."""
    scene = StripeScene(fresh_account(stand_in))
    scene.customer("cus_acme")
    usual = {"customer": "cus_acme", "currency": "eur", "period": seconds(JUNE)}
    scene.account.seed(subscriptions=[{**usual, **described}])
    billing = connector(scene.account)
    (customer,) = billing.picture(query()).customers
    billing.close()
    assert (customer.next_invoice, customer.why_no_invoice) == (not why, why)


def test_what_is_paid_for_the_future_is_prepaid_and_a_draft_is_a_next_invoice(stand_in):
    """A year's invoice and no subscription; then a draft that Stripe will finalize by itself."""
    scene = StripeScene(fresh_account(stand_in))
    scene.customer("cus_acme")
    scene.invoice("in_year", "cus_acme", 100_000, period=Interval(MAY.start, JUNE.end))
    billing = connector(scene.account)
    assert billing.picture(query()).customers[0].why_no_invoice == "prepaid"
    draft = {"customer": "cus_acme", "currency": "eur", "status": "draft", "auto_advance": True}
    scene.account.seed(invoices=[draft])
    assert billing.picture(query()).customers[0].next_invoice
    billing.close()


def test_threads_may_share_a_connector(acme, billing):
    """Forty parts by eight threads: each is there once."""
    parts = [an_entry("1.00 EUR", number=number) for number in range(1, 41)]

    def paid(part):
        ready = billing.prepare(part, memo=MEMO, metadata={})
        for _ in range(50):
            # Stripe takes one write to a customer at a time; the engine does, too.
            with suppress(LimitReached):
                return billing.pay(ready, idempotency_key=part.key).id
        raise AssertionError("one write at a time, and never this one")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(paid, parts))
    assert len(set(found)) == 40
    assert acme.account.dump()["balances"] == {"cus_acme": {"eur": -4000}}


def test_the_library_is_switched_to_one_request_and_the_pinned_version():
    """Its own retries, telemetry and redirects are off."""
    line = _connection.Connection("rk_test_1", mode=BillingMode.TEST, address="http://localhost:1")
    options = line._client._requestor._options  # noqa: SLF001 - the library shows it nowhere else
    assert options.max_network_retries == 0
    assert options.stripe_version == _connection.STRIPE_VERSION == stripe.api_version
    assert stripe.enable_telemetry is False
    line.close()
