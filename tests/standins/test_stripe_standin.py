"""The stand-in for Stripe keeps Stripe's rules: the real client over a socket, rule by rule."""

import json
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import stripe

from tests.standins.stripe import api, shapes
from tests.standins.stripe.client import Account, StandIn, running
from tests.standins.stripe.world import API_VERSION

NOON = 1_780_315_200_000  # 2026-06-01T12:00:00Z in ms
DAY = 86_400
HOUR_MS = 3_600_000

pytestmark = pytest.mark.xdist_group(name="stripe-standin")


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    told, stripe.enable_telemetry = stripe.enable_telemetry, False
    yield
    stripe.enable_telemetry = told


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """One server for all; it fails at the end if one of its answers was not Stripe's."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers for accounts, none twice."""
    return count(1)


@pytest.fixture
def account(stand_in: StandIn, numbers: Iterator[int]) -> Account:
    """An account of its own: one customer in dollars with invoices in every state."""
    made = stand_in.account(f"case{next(numbers)}").reset(now_ms=NOON)
    states = ("draft", "open", "paid", "void", "uncollectible")
    made.seed(
        customers=[{"id": "cus_1", "currency": "usd"}, {"id": "cus_2"}],
        subscriptions=[{"id": "sub_1", "customer": "cus_1"}],
        invoices=[
            {"id": f"in_{state}", "customer": "cus_1", "amount": 10_000, "status": state}
            for state in states
        ],
    )
    return made


@pytest.fixture
def client(account: Account) -> stripe.StripeClient:
    """The real client with a key that opens everything."""
    return account.client(account.secret_key)


def refusal(call: Callable[[], object]) -> tuple[int | None, str | None, str | None]:
    """Status, code and parameter of the error that a call raises."""
    with pytest.raises(stripe.StripeError) as caught:
        call()
    error = caught.value.error
    return caught.value.http_status, getattr(error, "code", None), getattr(error, "param", None)


def credit(client: stripe.StripeClient, *, key: Any = "", **params: Any) -> stripe.CreditNote:
    """Issue a note of 1.00 on the paid invoice, unless told otherwise."""
    usual: Any = {"invoice": "in_paid", "amount": 100, "email_type": "none"}
    whole = {name: value for name, value in (usual | params).items() if value is not None}
    return client.v1.credit_notes.create(whole, {"idempotency_key": key} if key else None)  # type: ignore[arg-type]  # a table's row is looser than the stubs


def send(
    account: Account, method: str, path: str, form: str = "", **headers: str
) -> requests.Response:
    """A request that the client would not send."""
    usual = {
        "Authorization": f"Bearer {account.secret_key}",
        "Stripe-Version": API_VERSION,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    whole = {name: value for name, value in (usual | headers).items() if value}
    if method == "GET":
        return requests.get(f"{account.url}{path}?{form}", headers=whole, timeout=5)
    return requests.request(method, account.url + path, data=form, headers=whole, timeout=5)


# --- Shapes ---------------------------------------------------------------------------------------


def full_note(client: stripe.StripeClient) -> dict[str, Any]:
    """A note as it came over the wire."""
    answer: dict[str, Any] = json.loads(credit(client, credit_amount=100).last_response.body)  # type: ignore[union-attr]  # a fresh answer has its response
    return answer


def test_a_full_credit_note_is_one_of_stripes(client):
    """What the stand-in sends passes the types that the client's own package declares."""
    assert shapes.answer_findings(full_note(client)) == []


@pytest.mark.parametrize(
    ("spoil", "param", "kind"),
    [
        (lambda note: note.pop("total"), "total", "missing"),
        (lambda note: note.update(amount="100"), "amount", "int_type"),
        (lambda note: note.update(amount_cents=100), "amount_cents", "extra_forbidden"),
        (lambda note: note.update(status="gone"), "status", "literal_error"),
        (lambda note: note["lines"]["data"][0].pop("amount"), "lines[data][0][amount]", "missing"),
    ],
)
def test_an_answer_that_is_not_stripes_is_seen(client, spoil, param, kind):
    """A missing total, an amount as text, a key too many, an unknown word: each is named."""
    note = full_note(client)
    spoil(note)
    assert [(f.param, f.kind) for f in shapes.answer_findings(note)] == [(param, kind)]
    with pytest.raises(AssertionError, match="credit_note"):
        api.judge(note)


# --- Strict input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"amonut": 5}, "amonut"),
        ({"idempotency_key": "k"}, "idempotency_key"),
        ({"amount": "12.50"}, "amount"),
        ({"amount": "100.0", "credit_amount": 100}, "amount"),
        ({"amount": "+100", "credit_amount": 100}, "amount"),
        ({"amount": " 100", "credit_amount": 100}, "amount"),
        ({"amount": "\u0661\u0660\u0660", "credit_amount": 100}, "amount"),  # Arabic digits
        ({"amount": -5}, "amount"),
        ({"amount": 0}, "amount"),
        ({"reason": "sla"}, "reason"),
        ({"email_type": "no"}, "email_type"),
        ({"credit_amount": 0}, "credit_amount"),
        ({"credit_amount": 100, "refund_amount": 0}, "refund_amount"),
        ({"credit_amount": 100, "out_of_band_amount": 0}, "out_of_band_amount"),
        ({"lines": [{"type": "invoice_line_item", "amount": 5}]}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": None, "lines": [{"amount": 5}]}, "lines[0][type]"),
        ({"amount": None, "lines": [{"type": "odd"}]}, "lines[0][type]"),
        ({"invoice": None}, "invoice"),
        ({"invoice": "in_none"}, "invoice"),
        ({"memo": "m" * 1001}, "memo"),
        ({"metadata": {f"k{number}": "v" for number in range(51)}}, "metadata"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 501}}, "metadata[k]"),
        ({"expand": ["nothing"], "credit_amount": 100}, "expand"),
    ],
)
def test_a_wrong_parameter_is_named(client, account, changes, param):
    """Nothing unknown is ignored and nothing is repaired; preview judges as creation does."""
    assert refusal(lambda: credit(client, **changes))[::2] == (400, param)
    assert account.dump()["credit_note"] == []


def test_the_largest_metadata_passes(client):
    """50 keys of 40 characters with values of 500 are allowed; an empty value sets nothing."""
    metadata = {f"{number:040d}": "v" * 500 for number in range(50)}
    note = credit(client, credit_amount=100, metadata=metadata | {"empty": ""})
    assert note.metadata is not None
    assert len(note.metadata.to_dict()) == 50


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"status": "issued"}, "status"),
        ({"created": {"since": 5}}, "created[since]"),
        ({"created": {"gte": "today"}}, "created[gte]"),
        ({"starting_after": "cn_none"}, "starting_after"),
        ({"starting_after": "cn_none", "ending_before": "cn_none"}, "starting_after"),
        ({"metadata": {"k": "v"}}, "metadata"),
    ],
)
def test_a_wrong_list_is_refused(client, params, param):
    """There is no filter by metadata or status for notes, and no limit over 100."""
    assert refusal(lambda: client.v1.credit_notes.list(params))[::2] == (400, param)


@pytest.mark.parametrize(
    ("method", "path", "form", "headers", "status"),
    [
        ("POST", "/v1/credit_notes", "amount=1&amount=2", {}, 400),
        ("POST", "/v1/credit_notes", "amount[=1", {}, 400),
        ("POST", "/v1/credit_notes", "{}", {"Content-Type": "application/json"}, 400),
        ("POST", "/v1/credit_notes?amount=1", "", {}, 400),
        ("GET", "/v1/credit_notes", "", {"Stripe-Version": "2020-08-27"}, 400),
        ("GET", "/v1/credit_notes", "", {"Stripe-Version": ""}, 400),
        ("GET", "/v1/credit_notes", "", {"Authorization": ""}, 401),
        ("GET", "/v1/grants", "", {}, 404),
        ("PUT", "/v1/credit_notes", "", {}, 404),
        ("GET", "/v1/invoices/in_none", "", {}, 404),
        ("POST", "/v1/customers/cus_1", "tax_exempt=none", {}, 400),
        ("POST", "/v1/customers", "name=Acme", {"Idempotency-Key": "k" * 256}, 400),
        ("POST", "/v1/customers", "name=Acme", {"Idempotency-Key": "k" * 255}, 200),
    ],
)
def test_a_malformed_request_is_refused(*, account, method, path, form, headers, status):
    """Given twice, broken brackets, JSON, wrong place or version, no key, unknown address, ..."""
    assert send(account, method, path, form, **headers).status_code == status


# --- States, sums, caps ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "void", "uncollectible"])
def test_only_open_and_paid_invoices_are_credited(client, state):
    """A draft, a voided and a written-off invoice refuse."""
    assert refusal(lambda: credit(client, invoice=f"in_{state}"))[::2] == (400, "invoice")


def test_a_payment_on_its_way_refuses_and_its_arrival_makes_the_invoice_paid(client, account):
    """While ACH is in flight nothing is credited; afterwards the whole is post-payment."""
    account.do("begin_payment", invoice="in_open")
    assert refusal(lambda: credit(client, invoice="in_open"))[::2] == (400, "invoice")
    (payment,) = client.v1.invoice_payments.list({"invoice": "in_open", "status": "open"}).data
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert intent.status == "processing"
    account.do("succeed_payment", invoice="in_open")
    assert credit(client, invoice="in_open", credit_amount=100).type == "post_payment"


def test_a_payment_that_fails_leaves_the_invoice_open(client, account):
    """Then the note lowers what remains."""
    account.do("begin_payment", invoice="in_open")
    account.do("fail_payment", invoice="in_open")
    assert credit(client, invoice="in_open").type == "pre_payment"


def test_an_open_invoice_credited_to_zero_turns_paid(client):
    """100.00 open: a note of 40.00 leaves 60.00, one of 60.00 nothing."""
    assert credit(client, invoice="in_open", amount=4_000).pre_payment_amount == 4_000
    assert client.v1.invoices.retrieve("in_open").amount_remaining == 6_000
    credit(client, invoice="in_open", amount=6_000)
    invoice = client.v1.invoices.retrieve("in_open")
    assert (invoice.status, invoice.amount_remaining) == ("paid", 0)
    assert invoice.pre_payment_credit_notes_amount == 10_000


def test_a_partly_paid_invoice_takes_a_mixed_note(client, account):
    """30.00 of 100.00 paid: a note of 80.00 takes the open 70.00 and gives 10.00 back."""
    account.seed(
        invoices=[
            {"id": "in_part", "customer": "cus_1", "amount": 10_000, "status": "open"}
            | {"amount_paid": 3_000}
        ]
    )
    assert refusal(lambda: credit(client, invoice="in_part", amount=8_000))[0] == 400
    note = credit(client, invoice="in_part", amount=8_000, credit_amount=1_000)
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == ("mixed", 7_000, 1_000)
    assert client.v1.invoices.retrieve("in_part").status == "paid"


@pytest.mark.parametrize(
    ("parts", "works"),
    [
        ({}, False),
        ({"credit_amount": 1_000}, True),
        ({"credit_amount": 999}, False),
        ({"credit_amount": 1_001}, False),
        ({"refund_amount": 1_000}, True),
        ({"out_of_band_amount": 1_000}, True),
        ({"credit_amount": 300, "refund_amount": 300, "out_of_band_amount": 400}, True),
    ],
)
def test_the_parts_must_equal_what_was_paid(client, parts, works):
    """On a paid invoice all of the note's 10.00 is post-payment; preview says the same."""
    params: Any = {"invoice": "in_paid", "amount": 1_000, **parts}
    if works:
        assert client.v1.credit_notes.preview(params).total == 1_000
        assert credit(client, **params).post_payment_amount == 1_000
    else:
        assert refusal(lambda: client.v1.credit_notes.preview(params))[0] == 400
        assert refusal(lambda: credit(client, **params))[0] == 400


def test_an_open_invoice_takes_no_parts(client):
    """Nothing was paid, so nothing is given back."""
    assert refusal(lambda: credit(client, invoice="in_open", credit_amount=100))[0] == 400


def test_notes_and_refunds_elsewhere_stay_within_the_invoice(client, account):
    """100.00 paid, 30.00 refunded elsewhere: 70.00 may be credited, 70.01 not, then nothing."""
    account.do("refund", invoice="in_paid", amount=3_000)
    over = {"amount": 7_001, "credit_amount": 7_001}
    assert refusal(lambda: credit(client, **over))[::2] == (400, "amount")
    credit(client, amount=7_000, credit_amount=7_000)
    assert refusal(lambda: credit(client, amount=1, credit_amount=1))[0] == 400


def test_a_refund_that_failed_counts_no_longer(client, account):
    """30.00 refunded elsewhere did not arrive: the whole 100.00 may be credited again."""
    refund = account.do("refund", invoice="in_paid", amount=3_000)
    account.do("fail_refund", refund=refund["id"])
    assert client.v1.refunds.retrieve(refund["id"]).status == "failed"
    credit(client, amount=10_000, credit_amount=10_000)


def test_a_refund_made_elsewhere_may_be_linked_once(client, account):
    """All 100.00 was refunded; a note that links it documents it, a second cannot."""
    refund = account.do("refund", invoice="in_paid", amount=10_000)
    linked = {"amount": 10_000, "refunds": [{"refund": refund["id"]}]}
    assert credit(client, **linked).refunds[0].amount_refunded == 10_000
    assert refusal(lambda: credit(client, **linked))[0] == 400


def test_a_refund_needs_a_charge(client, account):
    """An invoice that was paid outside Stripe has nothing to refund, but may credit."""
    account.seed(
        invoices=[{"id": "in_oob", "customer": "cus_1", "amount": 500, "paid_with": "out_of_band"}]
    )
    call = {"invoice": "in_oob", "amount": 500}
    assert refusal(lambda: credit(client, **call, refund_amount=500))[2] == "refund_amount"
    assert credit(client, **call, credit_amount=500).status == "issued"


def test_a_note_refunds_and_the_charge_knows(client):
    """The refund is listed under the charge; the note links it."""
    note = credit(client, amount=400, refund_amount=400)
    (charge,) = client.v1.charges.list({"customer": "cus_1"}).data
    (refund,) = client.v1.refunds.list({"charge": charge.id}).data
    assert (charge.amount_refunded, refund.amount) == (400, 400)
    assert note.refunds[0].refund == refund.id
    params: Any = {"charge": charge.id, "amount": 9_601}
    assert refusal(lambda: client.v1.refunds.create(params))[2] == "amount"


def test_a_note_is_voided_only_while_its_invoice_is_open(client):
    """Voiding restores what remains, once; a note on a paid invoice stays."""
    note = credit(client, invoice="in_open", amount=4_000)
    assert client.v1.credit_notes.void_credit_note(note.id).status == "void"
    assert client.v1.invoices.retrieve("in_open").amount_remaining == 10_000
    assert refusal(lambda: client.v1.credit_notes.void_credit_note(note.id))[0] == 400
    paid = credit(client, credit_amount=100)
    assert refusal(lambda: client.v1.credit_notes.void_credit_note(paid.id))[0] == 400
    whole = credit(client, invoice="in_open", amount=10_000)
    assert refusal(lambda: client.v1.credit_notes.void_credit_note(whole.id))[0] == 400


def test_only_memo_and_metadata_of_a_note_change(client):
    """An empty value unsets its key; the amount stays."""
    note = credit(client, credit_amount=100, metadata={"a": "1", "b": "2"})
    changed = client.v1.credit_notes.update(note.id, {"memo": "SLA", "metadata": {"a": ""}})
    assert changed.metadata is not None
    assert (changed.memo, changed.metadata.to_dict()) == ("SLA", {"b": "2"})
    odd: Any = {"amount": 5}
    assert refusal(lambda: client.v1.credit_notes.update(note.id, odd))[2] == "amount"


def test_the_customer_is_mailed_unless_told_otherwise(client, account):
    """`email_type` is `credit_note` by default."""
    credit(client, credit_amount=100)
    credit(client, credit_amount=100, email_type=None)
    assert [mail["customer"] for mail in account.dump()["mails"]] == ["cus_1"]


# --- Taxes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tax_behavior", "automatic", "asked", "total", "net"),
    [
        ("exclusive", False, 1_000, 1_190, 1_000),  # 10.00 + 19 %
        ("exclusive", True, 1_000, 1_190, 1_000),
        ("inclusive", False, 1_190, 1_190, 1_000),  # 19/119 of 11.90 is within
        ("inclusive", True, 1_000, 1_190, 1_000),  # under automatic tax the amount excludes it
    ],
)
def test_a_lines_amount_and_the_tax_make_the_total(
    *, client, account, tax_behavior, automatic, asked, total, net
):
    """The note's `amount` includes tax; what the line's includes depends on the invoice."""
    line = {"amount": 11_900, "tax_percent": "19", "tax_behavior": tax_behavior}
    account.seed(
        invoices=[{"id": "in_tax", "customer": "cus_1", "lines": [line]}
                  | {"automatic_tax": automatic}]
    )  # fmt: skip
    (source,) = client.v1.invoices.line_items.list("in_tax").data
    lines = [{"type": "invoice_line_item", "invoice_line_item": source.id, "amount": asked}]
    note = credit(client, invoice="in_tax", amount=None, lines=lines, credit_amount=total)
    assert (note.amount, note.total, note.total_excluding_tax) == (total, total, net)
    assert note.total_taxes is not None
    assert note.total_taxes[0].amount == total - net


def test_rounding_per_line_may_exceed_the_invoice(client, account):
    """3 x 0.33 at 19 % is 3 x 0.06 of tax per line, 1.17; credited by line twice: the cap holds."""
    lines = [{"amount": 33, "tax_percent": "19"}] * 2
    account.seed(invoices=[{"id": "in_cent", "customer": "cus_1", "lines": lines}])
    sources = client.v1.invoices.line_items.list("in_cent").data
    halves = [
        {"type": "invoice_line_item", "invoice_line_item": source.id, "amount": amount}
        for source in sources
        for amount in (16, 17)
    ]
    # By line: 2 x (0.33 + 0.06) = 0.78; by half: 2 x (0.16 + 0.03 + 0.17 + 0.03) = 0.78.
    assert client.v1.invoices.retrieve("in_cent").total == 78
    whole = {"invoice": "in_cent", "amount": None, "lines": halves, "credit_amount": 78}
    assert credit(client, **whole).total == 78
    assert refusal(lambda: credit(client, invoice="in_cent", amount=1, credit_amount=1))[0] == 400


def test_thirds_of_a_line_can_exceed_the_invoice_by_a_cent(client, account):
    """1.50 + 5 % = 1.58, but three times 0.50 + 0.03 are 1.59: refused by the cap."""
    line = {"amount": 150, "tax_percent": "5"}  # 7.5 cents of tax round to 8, 2.5 round to 3
    account.seed(invoices=[{"id": "in_third", "customer": "cus_1", "lines": [line]}])
    (source,) = client.v1.invoices.line_items.list("in_third").data
    third = {"type": "invoice_line_item", "invoice_line_item": source.id, "amount": 50}
    over = {"invoice": "in_third", "amount": None, "lines": [third] * 3, "credit_amount": 159}
    assert refusal(lambda: credit(client, **over))[::2] == (400, "amount")


@pytest.mark.parametrize(
    ("line", "param"),
    [
        ({"amount": 10_001}, "lines[0][amount]"),
        ({"amount": 0}, "lines[0][amount]"),
        ({"quantity": 2}, "lines[0][quantity]"),
        ({"amount": 5, "quantity": 1}, "lines[0][amount]"),
        ({"amount": 5, "description": "SLA"}, "lines[0][description]"),
        ({"amount": 5, "invoice_line_item": "il_none"}, "lines[0][invoice_line_item]"),
        ({"type": "custom_line_item", "unit_amount": 5}, "lines[0][invoice_line_item]"),
    ],
)
def test_a_line_is_credited_up_to_its_amount(client, line, param):
    """More than the line, nothing, too many, both ways at once, or another's line: refused."""
    (source,) = client.v1.invoices.line_items.list("in_paid").data
    whole = {"type": "invoice_line_item", "invoice_line_item": source.id} | line
    assert refusal(lambda: credit(client, amount=None, lines=[whole]))[2] == param


def test_automatic_tax_allows_no_custom_line(client, account):
    """A custom line is fine without automatic tax, and refused with it."""
    account.seed(
        invoices=[
            {"id": "in_auto", "customer": "cus_1", "amount": 9_000, "automatic_tax": True}
        ]
    )  # fmt: skip
    line = {"type": "custom_line_item", "description": "SLA", "quantity": 2, "unit_amount": 50}
    assert credit(client, amount=None, lines=[line], credit_amount=100).total == 100
    refused = {"invoice": "in_auto", "amount": None, "lines": [line], "credit_amount": 100}
    assert refusal(lambda: credit(client, **refused))[2] == "lines[0][type]"


# --- Currencies and balances ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "amount", "works"),
    [
        ("jpy", 1, True),
        ("usd", 1, True),
        ("huf", 1, True),
        ("kwd", 1_230, True),
        ("kwd", 1_234, False),
        ("isk", 100, True),
        ("isk", 150, False),
        ("ugx", 200, True),
        ("ugx", 1, False),
    ],
)
def test_an_amount_must_exist_in_its_currency(client, account, currency, amount, works):
    """Dinars end in 0, kronur and shillings are whole, on balances as on notes."""
    invoice = {"id": "in_cur", "customer": "cus_2", "amount": 10_000, "currency": currency}
    account.seed(invoices=[invoice])
    note = {"invoice": "in_cur", "amount": amount, "credit_amount": amount}
    entry: Any = {"amount": -amount, "currency": currency}
    if works:
        assert credit(client, **note).currency == currency
        booked = client.v1.customers.balance_transactions.create("cus_2", entry)
        assert booked.ending_balance == -2 * amount
    else:
        assert refusal(lambda: credit(client, **note))[::2] == (400, "amount")
        create = client.v1.customers.balance_transactions.create
        assert refusal(lambda: create("cus_2", entry))[::2] == (400, "amount")


@pytest.mark.parametrize(
    ("entry", "param"),
    [
        ({"amount": 0, "currency": "usd"}, "amount"),
        ({"amount": "-1.5", "currency": "usd"}, "amount"),
        ({"amount": -5, "currency": "xxx"}, "currency"),
        ({"amount": -5, "currency": "USD"}, "currency"),
        ({"amount": -5}, "currency"),
        ({"amount": -5, "currency": "usd", "invoice": "in_paid"}, "invoice"),
    ],
)
def test_a_wrong_balance_entry_is_refused(client, entry, param):
    """It needs an amount with a sign and one of Stripe's currencies."""
    create = client.v1.customers.balance_transactions.create
    assert refusal(lambda: create("cus_1", entry))[::2] == (400, param)


def test_a_balance_is_kept_per_currency_and_names_the_customers(client):
    """The first entry gives the customer its currency; another's stands beside it."""
    create = client.v1.customers.balance_transactions.create
    create("cus_2", {"amount": -500, "currency": "eur"})
    create("cus_2", {"amount": -300, "currency": "usd"})
    entry = create("cus_2", {"amount": 200, "currency": "eur"})  # the opposite entry undoes
    customer = client.v1.customers.retrieve("cus_2")
    assert (entry.ending_balance, customer.balance, customer.currency) == (-300, -300, "eur")
    assert customer.invoice_credit_balance is not None
    assert customer.invoice_credit_balance.to_dict() == {"eur": -300, "usd": -300}


def test_an_entrys_amount_never_changes(client):
    """Its description and metadata may."""
    service = client.v1.customers.balance_transactions
    entry = service.create("cus_1", {"amount": -5, "currency": "usd"})
    changed = service.update("cus_1", entry.id, {"description": "SLA", "metadata": {"k": "v"}})
    assert (changed.amount, changed.description) == (-5, "SLA")
    odd: Any = {"amount": 5}
    assert refusal(lambda: service.update("cus_1", entry.id, odd))[2] == "amount"
    assert refusal(lambda: service.retrieve("cus_2", entry.id))[0] == 404


def test_a_credit_amount_books_an_entry_of_its_own_type(client):
    """The entry names the note, and the note the entry."""
    note = credit(client, credit_amount=100)
    (entry,) = client.v1.customers.balance_transactions.list("cus_1").data
    assert (entry.type, entry.amount, entry.credit_note) == ("credit_note", -100, note.id)
    assert note.customer_balance_transaction == entry.id


def test_the_next_invoice_in_the_currency_takes_the_balance(client):
    """12.00 of credit lower the draft's 100.00 to 88.00; euros stay."""
    create = client.v1.customers.balance_transactions.create
    create("cus_1", {"amount": -1_200, "currency": "usd"})
    create("cus_1", {"amount": -900, "currency": "eur"})
    invoice = client.v1.invoices.finalize_invoice("in_draft")
    assert (invoice.status, invoice.amount_due, invoice.starting_balance) == ("open", 8_800, -1_200)
    balances = client.v1.customers.retrieve("cus_1").invoice_credit_balance
    assert balances is not None
    assert balances.to_dict() == {"usd": 0, "eur": -900}
    applied = client.v1.customers.balance_transactions.list("cus_1").data[0]
    assert (applied.type, applied.amount) == ("applied_to_invoice", 1_200)


def test_a_deleted_customer_takes_no_credit(client):
    """Only that it was deleted is told; its balance is closed, its subscriptions have ended."""
    client.v1.customers.delete("cus_1")
    assert client.v1.customers.retrieve("cus_1").deleted
    create = client.v1.customers.balance_transactions.create
    assert refusal(lambda: create("cus_1", {"amount": -5, "currency": "usd"}))[0] == 404
    assert refusal(lambda: credit(client, credit_amount=100))[2] == "credit_amount"
    assert client.v1.subscriptions.retrieve("sub_1").status == "canceled"


# --- Lists ----------------------------------------------------------------------------------------


def notes_over_days(client: stripe.StripeClient, account: Account, number: int) -> list[str]:
    """So many notes, one a day, oldest first."""
    ids = []
    for _ in range(number):
        ids.append(credit(client, amount=10, credit_amount=10).id)
        account.advance(days=1)
    return ids


def test_lists_are_newest_first_in_tens_and_by_cursor(client, account):
    """Twelve notes: ten, then two; backwards from the oldest; the client walks all pages."""
    ids = notes_over_days(client, account, 12)
    first = client.v1.credit_notes.list()
    assert ([note.id for note in first.data], first.has_more) == (ids[:1:-1], True)
    rest = client.v1.credit_notes.list({"starting_after": ids[2]})
    assert ([note.id for note in rest.data], rest.has_more) == (ids[1::-1], False)
    back = client.v1.credit_notes.list({"ending_before": ids[0], "limit": 2})
    assert ([note.id for note in back.data], back.has_more) == ([ids[2], ids[1]], True)
    walked = client.v1.credit_notes.list({"limit": 5, "invoice": "in_paid"})
    assert [note.id for note in walked.auto_paging_iter()] == ids[::-1]


@pytest.mark.parametrize(
    ("bounds", "days"),
    [
        ({"gte": 1}, [2, 1]),
        ({"gt": 1}, [2]),
        ({"lt": 1}, [0]),
        ({"lte": 1}, [1, 0]),
        ({"gte": 1, "lt": 2}, [1]),
        (1, [1]),
    ],
)
def test_created_narrows_a_list(client, account, bounds, days):
    """Bounds in seconds; a bare number means that second."""
    ids = notes_over_days(client, account, 3)
    start = NOON // 1000

    def second(day: int) -> int:
        return start + day * DAY

    created: Any = (
        second(bounds)
        if isinstance(bounds, int)
        else {word: second(day) for word, day in bounds.items()}
    )
    found = client.v1.credit_notes.list({"created": created})
    assert [note.id for note in found.data] == [ids[day] for day in days]


def test_lists_narrow_by_their_own_fields(client, account):
    """Invoices by customer, subscription, state; subscriptions without the cancelled ones."""
    account.seed(invoices=[{"id": "in_sub", "customer": "cus_1", "subscription": "sub_1"}])
    invoices = client.v1.invoices.list
    assert [one.id for one in invoices({"subscription": "sub_1"}).data] == ["in_sub"]
    assert [one.id for one in invoices({"customer": "cus_1", "status": "open"}).data] == ["in_open"]
    assert invoices({"customer": "cus_2"}).data == []
    account.do("cancel_subscription", subscription="sub_1")
    assert client.v1.subscriptions.list({"customer": "cus_1"}).data == []
    (subscription,) = client.v1.subscriptions.list({"status": "all"}).data
    assert (subscription.id, subscription.status) == ("sub_1", "canceled")


def test_ids_expand_into_their_objects(client):
    """At most four levels deep; what is no id stays refused."""
    credit(client, credit_amount=100)
    (note,) = client.v1.credit_notes.list({"expand": ["data.invoice.customer"]}).data
    assert isinstance(note.invoice, stripe.Invoice)
    assert isinstance(note.invoice.customer, stripe.Customer)
    deep: Any = {"expand": ["data.a.b.c.d.e"]}
    assert refusal(lambda: client.v1.credit_notes.list(deep))[::2] == (400, "expand")


# --- Idempotency ----------------------------------------------------------------------------------


def test_a_key_replays_its_first_answer(client, account):
    """Same key, same parameters: the old body with a header, and one note."""
    first = credit(client, credit_amount=100, key="k")
    client.v1.credit_notes.update(first.id, {"memo": "later"})
    again = credit(client, credit_amount=100, key="k")
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert (again.id, again.memo) == (first.id, None)
    assert len(account.dump()["credit_note"]) == 1
    assert [call["replayed"] for call in account.calls(method="POST")] == [False, False, True]


def test_a_key_with_other_parameters_is_refused(client):
    """400 of type `idempotency_error`, also for another address."""
    credit(client, credit_amount=100, key="k")
    with pytest.raises(stripe.IdempotencyError):
        credit(client, amount=200, credit_amount=200, key="k")
    with pytest.raises(stripe.IdempotencyError):
        client.v1.invoices.finalize_invoice("in_draft", None, {"idempotency_key": "k"})


def test_a_refusal_of_something_begun_is_kept_and_failed_validation_is_not(client, account):
    """The cap's 400 is replayed though there is room now; an unknown word's is judged anew."""
    refund = account.do("refund", invoice="in_paid", amount=10_000)
    assert refusal(lambda: credit(client, credit_amount=100, key="k"))[0] == 400
    assert refusal(lambda: credit(client, amount="5.0", key="j"))[0] == 400
    for _ in range(2):
        assert refusal(lambda: credit(client, credit_amount=0, key="i"))[0] == 400
    assert not any(call["replayed"] for call in account.calls())
    account.do("fail_refund", refund=refund["id"])
    assert refusal(lambda: credit(client, credit_amount=100, key="k"))[0] == 400
    assert credit(client, credit_amount=100, key="j").status == "issued"


@pytest.mark.parametrize(("prune_hours", "kept_for"), [(24, 23), (30, 29)])
def test_a_key_is_forgotten_when_its_time_is_over(client, account, prune_hours, kept_for):
    """An hour before it is replayed; at the hour the same request is a new one."""
    account.tell("options", prune_after_ms=prune_hours * HOUR_MS)
    first = credit(client, credit_amount=100, key="k")
    account.advance(hours=kept_for)
    assert credit(client, credit_amount=100, key="k").id == first.id
    account.advance(hours=prune_hours - kept_for)
    assert credit(client, credit_amount=100, key="k").id != first.id


def test_keys_belong_to_one_account(client, stand_in, numbers):
    """The same key elsewhere is another key; so is the other mode's."""
    credit(client, credit_amount=100, key="k")
    other = stand_in.account(f"case{next(numbers)}").reset(now_ms=NOON)
    other.seed(customers=[{"id": "cus_9"}])
    entry: Any = {"amount": -5, "currency": "usd"}
    create = other.client().v1.customers.balance_transactions.create
    assert create("cus_9", entry, {"idempotency_key": "k"}).amount == -5


def in_background(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start a call; its outcome lands in the list."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except stripe.StripeError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def until_logged(account: Account, number: int) -> None:
    """Wait until so many requests have arrived."""
    for _ in range(2_000):
        if len(account.calls()) >= number:
            return
    pytest.fail(f"no request {number} arrived")


def test_a_key_in_flight_is_a_conflict_and_its_objects_are_locked(client, account):
    """While one note is made: same key 409, same invoice 429 `lock_timeout`, others pass."""
    account.tell("options", latency_ms=300)
    thread, outcome = in_background(lambda: credit(client, credit_amount=100, key="k"))
    until_logged(account, 1)
    second = account.client()
    account.tell("options", latency_ms=0)
    conflict = refusal(lambda: credit(second, credit_amount=100, key="k"))
    locked = refusal(lambda: credit(second, credit_amount=100, key="j"))
    entry: Any = {"amount": -5, "currency": "usd"}
    second.v1.customers.balance_transactions.create("cus_2", entry)
    thread.join()
    assert conflict[:2] == (409, "idempotency_key_in_use")
    assert locked[:2] == (429, "lock_timeout")
    assert isinstance(outcome[0], stripe.CreditNote)
    assert credit(second, credit_amount=100, key="j").status == "issued"


# --- Keys and rights ------------------------------------------------------------------------------


def test_a_restricted_key_opens_only_what_it_may(account):
    """Notes, balances and looking work; refunds and payments need more, named in the message."""
    client = account.client()
    assert credit(client, credit_amount=100).status == "issued"
    assert client.v1.refunds.list().data == []
    with pytest.raises(stripe.PermissionError, match="rak_charge_write"):
        credit(client, refund_amount=100)
    with pytest.raises(stripe.PermissionError, match="rak_invoice_write"):
        client.v1.invoices.pay("in_open")
    account.tell("key", secret="rk_test_reader", permissions={"credit_note": "read"})
    reader = account.client("rk_test_reader")
    assert len(reader.v1.credit_notes.list().data) == 1
    assert refusal(lambda: credit(reader, credit_amount=100))[0] == 403


def test_a_key_that_opens_nothing_is_refused(account):
    """An unknown and an expired key: 401, without the key in the message."""
    with pytest.raises(stripe.AuthenticationError, match=r"Invalid API Key") as caught:
        account.client("sk_test_nobody").v1.invoices.list()
    assert "nobody" not in str(caught.value)
    account.tell("key", secret=account.restricted_key, revoked=True)
    assert refusal(account.client().v1.invoices.list)[:2] == (401, "api_key_expired")


def test_test_and_live_do_not_see_each_other(account):
    """A live key does not find a test object, and is told why."""
    live = Account(account.stand_in, account.name, "live")
    with pytest.raises(stripe.InvalidRequestError, match="similar object exists in test mode"):
        live.client().v1.invoices.retrieve("in_paid")
    live.reset().seed(customers=[{"id": "cus_live"}])
    assert live.client().v1.customers.retrieve("cus_live").livemode


# --- Limits ---------------------------------------------------------------------------------------


def reasons(client: stripe.StripeClient, paths: list[str]) -> list[str]:
    """Why requests were limited; an empty text for those that passed."""
    look = {
        "notes": client.v1.credit_notes.list,
        "invoices": client.v1.invoices.list,
        "customers": client.v1.customers.list,
        "events": client.v1.events.list,
        "charges": client.v1.charges.list,
    }
    found = []
    for path in paths:
        try:
            look[path]()
        except stripe.RateLimitError as error:
            found.append((error.headers or {})["Stripe-Rate-Limited-Reason"])
        else:
            found.append("")
    return found


def test_a_sandbox_takes_25_a_second(client, account):
    """The 26th within a second of the account's clock is one too many; a second later it passes."""
    account.tell("limits", published=True, own_clock=True)
    paths = ["notes", "invoices"] * 13
    assert reasons(client, paths) == [""] * 25 + ["global-rate"]
    account.advance(ms=999)
    assert reasons(client, ["events"]) == ["global-rate"]
    account.advance(ms=1)
    assert reasons(client, ["events"]) == [""]


def test_live_takes_100_a_second_and_25_of_one_endpoint(account):
    """Four endpoints of 25 each fill the hundred; the 26th of one is refused before that."""
    live = Account(account.stand_in, account.name, "live").reset(now_ms=NOON)
    live.tell("limits", published=True, own_clock=True)
    client = live.client()
    assert reasons(client, ["notes"] * 26) == [""] * 25 + ["endpoint-rate"]
    others = ["invoices", "customers", "events"] * 25
    assert reasons(client, [*others, "charges"]) == [""] * 75 + ["global-rate"]


def test_too_many_at_once_are_refused(client, account):
    """With one at once allowed, a second meanwhile is refused; limits can be scaled and lifted."""
    account.tell("limits", at_once=1)
    account.tell("options", latency_ms=200)
    thread, _ = in_background(client.v1.events.list)
    until_logged(account, 1)
    assert reasons(account.client(), ["notes"]) == ["global-concurrency"]
    thread.join()
    account.tell("options", latency_ms=0)
    account.tell("limits", published=True, scale=1_000_000)
    assert reasons(client, ["notes"] * 60) == [""] * 60


def test_a_429_is_not_kept_for_its_key(client, account):
    """The same key works when the limit has passed."""
    account.plan({"kind": "rate_limited", "at": 1, "reason": "resource-specific"})
    assert refusal(lambda: credit(client, credit_amount=100, key="k"))[:2] == (429, "rate_limit")
    assert credit(client, credit_amount=100, key="k").status == "issued"


# --- Faults ---------------------------------------------------------------------------------------

NO_ANSWER, API, AUTH = stripe.APIConnectionError, stripe.APIError, stripe.AuthenticationError
RIGHTS, LIMIT, CARD = stripe.PermissionError, stripe.RateLimitError, stripe.CardError


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("cut", NO_ANSWER, None),
        ("reset", NO_ANSWER, None),
        ("short_body", NO_ANSWER, None),
        ("broken_json", API, 200),
        ("unauthorized", AUTH, 401),
        ("forbidden", RIGHTS, 403),
        ("conflict", API, 409),
        ("rate_limited", LIMIT, 429),
        ("lock_timeout", LIMIT, 429),
        ("error_saved", API, 500),
        ("error_unsaved", API, 500),
        ("bad_gateway", API, 502),
        ("proxy_refusal", API, 403),
        ("card_declined", CARD, 402),
    ],
)
def test_a_planned_fault_strikes_once_before_or_after(
    *, client, account, kind, error, status, when
):
    """The second request is struck; the note exists exactly when the fault came after."""
    client.v1.invoices.retrieve("in_paid")
    account.plan({"kind": kind, "when": when, "at": 2})
    with pytest.raises(stripe.StripeError) as caught:
        credit(client, credit_amount=100, key="k")
    assert type(caught.value) is error
    assert caught.value.http_status == status
    made = account.dump()["credit_note"]
    assert len(made) == (when == "after")
    again = outcome_of_retry(client)
    if kind == "error_saved" or (kind, when) == ("card_declined", "before"):
        assert again == status  # the key keeps the error
    elif (kind, when) == ("error_unsaved", "after"):
        assert again != made[0]["id"]  # the key kept nothing: the same request again is a double
    else:
        assert again == account.dump()["credit_note"][0]["id"]


def test_a_replayed_answer_may_be_lost_too(client, account):
    """Done, asked again, and the second answer does not arrive either: still one note."""
    credit(client, credit_amount=100, key="k")
    account.plan({"kind": "cut", "when": "after", "at": 2})
    with pytest.raises(stripe.APIConnectionError):
        credit(client, credit_amount=100, key="k")
    assert [call["replayed"] for call in account.calls()] == [False, True]
    assert len(account.dump()["credit_note"]) == 1


def outcome_of_retry(client: stripe.StripeClient) -> object:
    """The note's id when the same request is sent again, or the error's status."""
    try:
        return credit(client, credit_amount=100, key="k").id
    except stripe.StripeError as error:
        return error.http_status


@pytest.mark.parametrize(
    ("kind", "when", "retried"),
    [("delay", "before", 409), ("delay", "after", "same"), ("late_arrival", "before", "first")],
)
def test_a_delay_outlasts_the_clients_patience(client, account, kind, when, retried):
    """In work the retry conflicts; done, it is replayed; not yet arrived, it is the first."""
    account.plan({"kind": kind, "when": when, "at": 1, "seconds": 0.4})
    hasty = account.client(timeout=0.1)
    with pytest.raises(stripe.APIConnectionError):
        credit(hasty, credit_amount=100, key="k")
    outcome = outcome_of_retry(client)
    if retried == 409:
        assert outcome == 409
    else:
        assert str(outcome).startswith("cn_")
    logged = [call["replayed"] for call in account.calls()]
    assert logged == [False, retried == "same"]
    for _ in range(2_000):
        (first, *_) = account.calls()
        if first["status"] is not None:
            break
    assert len(account.dump()["credit_note"]) == 1


def test_faults_match_routes_and_count(client, account):
    """From the second preview on, twice; other requests pass."""
    path = "/v1/credit_notes/preview"
    account.plan({"kind": "bad_gateway", "method": "GET", "path": path, "nth": 2, "times": 2})
    params: Any = {"invoice": "in_open", "amount": 100}
    outcomes = []
    for _ in range(4):
        client.v1.invoices.retrieve("in_open")
        try:
            outcomes.append(client.v1.credit_notes.preview(params).total)
        except stripe.APIError as error:
            outcomes.append(error.http_status or 0)
    assert outcomes == [100, 502, 502, 100]


def test_something_happens_between_two_requests(client, account):
    """The invoice is paid just before the second request: the split of the preview is stale."""
    account.plan({"kind": "meanwhile", "at": 2, "do": [{"action": "pay", "invoice": "in_open"}]})
    params: Any = {"invoice": "in_open", "amount": 100}
    assert client.v1.credit_notes.preview(params).pre_payment_amount == 100
    assert refusal(lambda: credit(client, invoice="in_open"))[0] == 400


def test_an_answer_may_differ_from_what_was_asked(client, account):
    """200, but another amount; what exists is right."""
    account.plan({"kind": "altered", "at": 1, "change": {"amount": 90, "total": 90}})
    assert credit(client, credit_amount=100).amount == 90
    assert account.dump()["credit_note"][0]["amount"] == 100


def test_an_unknown_fault_is_refused(account):
    """A plan with a typing error would test nothing."""
    for fault in ({"kind": "cutt"}, {"kind": "cut", "when": "later"}, {"kind": "cut", "no": 1}):
        with pytest.raises(AssertionError, match="plan"):
            account.plan(fault)


# --- Events, snapshots, the log -------------------------------------------------------------------


def test_events_tell_what_happened_and_are_signed(client, account):
    """Created, updated, voided, refund failed; the client's own check accepts the signature."""
    note = credit(client, invoice="in_open", key="k")
    client.v1.credit_notes.update(note.id, {"memo": "SLA"})
    client.v1.credit_notes.void_credit_note(note.id)
    refund = account.do("refund", invoice="in_paid", amount=100)
    account.do("fail_refund", refund=refund["id"])
    kinds = ["credit_note.created", "credit_note.updated", "credit_note.voided", "refund.failed"]
    found = client.v1.events.list({"types": kinds}).data
    assert [event.type for event in reversed(found)] == kinds
    assert found[-1].request is not None
    assert found[-1].request.idempotency_key == "k"
    (sent,) = account.tell("webhooks", secret="whsec_1", types=["credit_note.voided"])
    header = sent["headers"]["Stripe-Signature"]
    event = stripe.Webhook.construct_event(sent["body"], header, "whsec_1", tolerance=None)  # type: ignore[arg-type]  # the account's clock is not ours
    assert event.data.object["id"] == note.id
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(sent["body"] + " ", header, "whsec_1", tolerance=None)  # type: ignore[arg-type]  # the account's clock is not ours


def test_events_are_kept_for_30_days(client, account):
    """On the 31st day they are neither listed nor found."""
    (newest, *_) = client.v1.events.list().data
    account.advance(days=31)
    assert client.v1.events.list().data == []
    assert refusal(lambda: client.v1.events.retrieve(newest.id))[0] == 404


def test_a_frozen_world_thaws_into_any_account(client, account, stand_in, numbers):
    """Objects, kept answers and the time return; faults and the log are cleared."""
    credit(client, credit_amount=100, key="k", metadata={"part": "acme/api/2026-05/r0/p1"})
    account.tell("freeze", name=account.name)
    credit(client, credit_amount=100)
    account.advance(days=2)
    copy = stand_in.account(f"case{next(numbers)}")
    for world in (account, copy):
        assert world.tell("thaw", name=account.name) == {"now_ms": NOON}
        ((part, [note]),) = world.money("part").items()
        assert (part, note["amount"], note["object"]) == (
            "acme/api/2026-05/r0/p1", 100, "credit_note"
        )  # fmt: skip
        assert outcome_of_replay(world) == note["id"]
        assert [call["number"] for call in world.calls()] == [1]


def outcome_of_replay(world: Account) -> str:
    """The id that the frozen key answers."""
    metadata = {"part": "acme/api/2026-05/r0/p1"}
    return credit(world.client(), credit_amount=100, key="k", metadata=metadata).id


def test_the_log_tells_what_was_asked_and_what_became_of_it(client, account):
    """Method, route, parameters, key, outcome; the counts sum it up."""
    credit(client, credit_amount=100, key="k")
    (call,) = account.calls()
    assert call["route"] == "POST /v1/credit_notes"
    assert call["params"]["credit_amount"] == "100"
    assert (call["idempotency_key"], call["status"], call["executed"]) == ("k", 200, True)
    assert account.tell("counts")["outcomes"] == {"POST /v1/credit_notes 200": 1}


def test_customers_are_made_found_and_changed(client):
    """Duplicates are listed by their address; metadata merges."""
    create, pay = client.v1.customers.create, "pay@acme.example"
    first, second = (create({"email": pay, "metadata": {"a": "1"}}) for _ in range(2))
    found = client.v1.customers.list({"email": pay}).data
    assert [one.id for one in found] == [second.id, first.id]
    changed = client.v1.customers.update(first.id, {"metadata": {"b": "2"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "b": "2"}


def test_invoices_go_every_way(client):
    """Finalized, written off and paid outside Stripe after all; or voided, and then for good."""
    client.v1.invoices.finalize_invoice("in_draft")
    assert client.v1.invoices.mark_uncollectible("in_draft").status == "uncollectible"
    paid = client.v1.invoices.pay("in_draft", {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe) == ("paid", 10_000)
    assert client.v1.invoices.void_invoice("in_open").status == "void"
    assert refusal(lambda: client.v1.invoices.pay("in_open"))[0] == 400


def test_every_address_answers(client, account):
    """Whatever the table of addresses holds can be asked for, and the answer is Stripe's."""
    note = credit(client, credit_amount=50, refund_amount=50)
    customer = client.v1.customers.create({"name": "Acme"})
    (charge,) = client.v1.charges.list().data
    intent, payment = str(charge.payment_intent), client.v1.invoice_payments.list().data[0]
    (entry,) = client.v1.customers.balance_transactions.list("cus_1").data
    event, refund = client.v1.events.list().data[0], client.v1.refunds.list().data[0]
    for method, path, form in [
        ("GET", "/v1/customers", ""),
        ("GET", f"/v1/customers/{customer.id}", ""),
        ("POST", f"/v1/customers/{customer.id}", "name=Acme+AG"),
        ("POST", f"/v1/customers/{customer.id}/balance_transactions", "amount=-5&currency=usd"),
        ("GET", f"/v1/customers/cus_1/balance_transactions/{entry.id}", ""),
        ("POST", f"/v1/customers/cus_1/balance_transactions/{entry.id}", "description=SLA"),
        ("DELETE", f"/v1/customers/{customer.id}", ""),
        ("GET", "/v1/subscriptions", ""),
        ("GET", "/v1/subscriptions/sub_1", ""),
        ("DELETE", "/v1/subscriptions/sub_1", ""),
        ("GET", "/v1/invoices", ""),
        ("GET", "/v1/invoices/in_open", ""),
        ("GET", "/v1/invoices/in_open/lines", ""),
        ("GET", f"/v1/invoice_payments/{payment.id}", ""),
        ("GET", "/v1/credit_notes", ""),
        ("GET", f"/v1/credit_notes/{note.id}", ""),
        ("POST", f"/v1/credit_notes/{note.id}", "memo=SLA"),
        ("GET", f"/v1/credit_notes/{note.id}/lines", ""),
        ("GET", "/v1/credit_notes/preview", "invoice=in_open&amount=5"),
        ("GET", "/v1/credit_notes/preview/lines", "invoice=in_open&amount=5&limit=1"),
        ("POST", f"/v1/credit_notes/{credit(client, invoice='in_open').id}/void", ""),
        ("POST", "/v1/invoices/in_draft/finalize", ""),
        ("POST", "/v1/invoices/in_draft/mark_uncollectible", ""),
        ("POST", "/v1/invoices/in_draft/pay", "paid_out_of_band=true"),
        ("POST", "/v1/invoices/in_open/void", ""),
        ("GET", f"/v1/charges/{charge.id}", ""),
        ("GET", "/v1/payment_intents", ""),
        ("GET", f"/v1/payment_intents/{intent}", ""),
        ("POST", "/v1/refunds", f"payment_intent={intent}&amount=10"),
        ("GET", f"/v1/refunds/{refund.id}", ""),
        ("GET", f"/v1/events/{event.id}", ""),
    ]:
        answer = send(account, method, path, form)
        assert answer.status_code == 200, answer.text
    asked = {call["route"] for call in account.calls()}
    assert {f"{route.method} {route.template}" for route in api.ROUTES} - asked == set()


def test_a_query_carries_nested_lines(account):
    """`lines[0][amount]` reaches the preview as a list, in whatever order it comes."""
    form = urlencode(
        {"lines[1][quantity]": "1", "lines[1][unit_amount]": "5", "lines[1][description]": "b"}
        | {"lines[0][quantity]": "2", "lines[0][unit_amount]": "5", "lines[0][description]": "a"}
        | {"lines[0][type]": "custom_line_item", "lines[1][type]": "custom_line_item"}
        | {"invoice": "in_open"}
    )
    answer = send(account, "GET", "/v1/credit_notes/preview", form).json()
    assert [line["description"] for line in answer["lines"]["data"]] == ["a", "b"]
    assert answer["total"] == 15  # 2 x 0.05 + 1 x 0.05
