"""What Stripe knows about a contract's month: customers, invoices, what may still be credited.

Every candidate is shown and none is chosen: `models.payment` decides. Amounts become money here;
what touches the month is judged by the invoice's lines, each by its own period, because an
invoice's own period says when items were collected and not what they are for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from connectors.billing import BillingQuery
from connectors.billing._connection import Connection, Plain
from connectors.billing._metadata import client_named, contracts_named
from connectors.billing._units import from_wire
from connectors.errors import Permanent
from models.intervals import Interval
from models.money import Money
from models.payment import BilledCustomer, Invoice, InvoiceState

INDEX_LASTS_NS = 600 * 1_000_000_000
"""How long the list of customers that name a client or contract is believed."""

KNOWN_OF_ALL = ("id", "currency", "deleted")
"""What is kept of every customer of the account; there may be ten thousands."""

BILLS_AGAIN = frozenset({"active", "trialing", "past_due"})
WHY_NOT = {
    "canceled": "cancelled",
    "incomplete": "never begun",
    "incomplete_expired": "never begun",
    "paused": "paused",
    "unpaid": "unpaid, so that its invoices stay drafts",
}
DEAD_REFUNDS = frozenset({"failed", "canceled"})
NOTHING_LEFT = "no invoice with a credit to be expected"


@dataclass(frozen=True, slots=True)
class Standing:
    """What may still be done to an invoice.

    Attributes:
        creditable: The most that further notes may take, in wire units.
        payment_in_flight: A payment is under way.
    """

    creditable: int
    payment_in_flight: bool


@dataclass(slots=True)
class CustomerIndex:
    """Which customers name which client or contract; read once, for there is no such filter.

    Stripe's search could filter, but lags behind; a list never does.
    """

    by_contract: dict[str, list[Plain]] = field(default_factory=dict)
    by_client: dict[str, list[Plain]] = field(default_factory=dict)
    read_ns: int | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)

    def named(self, line: Connection, query: BillingQuery) -> list[Plain]:
        """Customers that name the contract; where there are none, those that name the client."""
        with self.reading:
            now = time.monotonic_ns()
            if self.read_ns is None or now - self.read_ns > INDEX_LASTS_NS:
                self._read(line)
                self.read_ns = now
            return [*(self.by_contract.get(query.contract) or self.by_client.get(query.client, []))]

    def _read(self, line: Connection) -> None:
        by_contract: dict[str, list[Plain]] = {}
        by_client: dict[str, list[Plain]] = {}
        for told in line.pages("GET /v1/customers", line.v1.customers.list):
            customer = {name: told[name] for name in KNOWN_OF_ALL if name in told}
            for contract in contracts_named(told.get("metadata")):
                by_contract.setdefault(contract, []).append(customer)
            client = client_named(told.get("metadata"))
            if client:
                by_client.setdefault(client, []).append(customer)
        self.by_contract, self.by_client = by_contract, by_client


# --- Customers ------------------------------------------------------------------------------------


def customers_of(line: Connection, query: BillingQuery, index: CustomerIndex) -> list[Plain]:
    """Every customer that the contract may mean, rising by id."""
    if query.customer:
        found = [retrieved_customer(line, query.customer)]
    elif query.subscription:
        found = _customer_of_subscription(line, query.subscription)
    else:
        found = index.named(line, query)
    return sorted(found, key=lambda customer: str(customer["id"]))


def retrieved_customer(line: Connection, identity: str) -> Plain:
    """A customer; one that does not exist counts as deleted, and carries nothing but that."""
    try:
        return line.read("GET /v1/customers/{id}", lambda: line.v1.customers.retrieve(identity))
    except Permanent as error:
        if error.status == _GONE:
            return {"id": identity, "deleted": True}
        raise


_GONE = 404


def _customer_of_subscription(line: Connection, identity: str) -> list[Plain]:
    try:
        found = line.read(
            "GET /v1/subscriptions/{id}", lambda: line.v1.subscriptions.retrieve(identity)
        )
    except Permanent as error:
        if error.status == _GONE:
            return []
        raise
    return [retrieved_customer(line, id_of(found["customer"]))]


def subscriptions_of(line: Connection, customer: str) -> list[Plain]:
    """Every subscription of a customer, the ended ones included."""
    return [
        *line.pages(
            "GET /v1/subscriptions",
            line.v1.subscriptions.list,
            {"customer": customer, "status": "all"},
        )
    ]


def invoices_of(line: Connection, customer: str) -> list[Plain]:
    """Every invoice of a customer."""
    return [*line.pages("GET /v1/invoices", line.v1.invoices.list, {"customer": customer})]


def billed(
    customer: Plain,
    *,
    subscriptions: Sequence[Plain],
    invoices: Sequence[Plain],
    currency: str,
    now_s: int,
) -> BilledCustomer:
    """The customer, and whether a credit on its balance can be used up.

    Args:
        customer: As Stripe knows it.
        subscriptions: All of them.
        invoices: All of them.
        currency: ISO 4217 code of the credit.
        now_s: The present, in seconds since the epoch.
    """
    if customer.get("deleted"):
        return BilledCustomer(customer["id"], True, "", False, "deleted")  # noqa: FBT003 - as named
    why = _why_no_invoice(subscriptions, invoices, currency.lower(), now_s)
    return BilledCustomer(
        id=customer["id"],
        deleted=False,
        currency=(customer.get("currency") or "").upper(),
        next_invoice=not why,
        why_no_invoice=why,
    )


def _why_no_invoice(
    subscriptions: Sequence[Plain], invoices: Sequence[Plain], currency: str, now_s: int
) -> str:
    drafts = (one for one in invoices if one.get("status") == "draft" and one.get("auto_advance"))
    if any(one["currency"] == currency for one in drafts):
        return ""
    reasons = [_why_not_again(one, currency) for one in subscriptions]
    if "" in reasons:
        return ""
    if _prepaid(invoices, now_s):
        return "prepaid"
    return "; ".join(sorted(set(reasons))) or NOTHING_LEFT


def _why_not_again(subscription: Plain, currency: str) -> str:
    """Why a subscription makes no further invoice that uses the balance up; "" when it will."""
    status = subscription["status"]
    if status not in BILLS_AGAIN:
        return WHY_NOT.get(status, str(status))
    if subscription.get("pause_collection"):
        return "paused"
    if subscription["currency"] != currency:
        return f"bills in {subscription['currency'].upper()}"
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    cancel_at = subscription.get("cancel_at")
    stops = cancel_at is not None and all(cancel_at <= end for end in ends)
    return "ends before it renews" if stops or subscription.get("cancel_at_period_end") else ""


def _prepaid(invoices: Sequence[Plain], now_s: int) -> bool:
    """Whether something that is paid lasts beyond the present."""
    paid = (one for one in invoices if one.get("status") == "paid")
    return any(line["period"]["end"] > now_s for one in paid for line in one["lines"]["data"])


# --- Invoices -------------------------------------------------------------------------------------


def candidates(
    line: Connection,
    query: BillingQuery,
    *,
    subscriptions: Iterable[Plain],
    invoices: Iterable[Plain],
) -> Iterator[Invoice]:
    """The invoices that touch the month or name the contract; those of other contracts are not."""
    of_subscription = {one["id"]: one.get("metadata") for one in subscriptions}
    for raw in invoices:
        own, named = _named(raw, of_subscription)
        if named and query.contract not in named:
            continue
        if query.subscription and not own and _subscription(raw) != query.subscription:
            continue
        lines = _lines(line, raw)
        spans = _spans(lines)
        if _touches(spans, query.month) or (own and not spans):
            names = query.contract if named else ""
            found = as_invoice(raw, standing(line, raw), period=_hull(spans), names=names)
            yield replace(found, mixed_tax=_taxed_differently(lines))


def _named(raw: Plain, of_subscription: dict[str, object]) -> tuple[bool, frozenset[str]]:
    """Whether the invoice itself names contracts, and which it or its subscription names."""
    own = contracts_named(raw.get("metadata"))
    if own:
        return True, own
    details = _details(raw)
    now = of_subscription.get(_subscription(raw))
    return False, contracts_named(details.get("metadata")) or contracts_named(now)


def _details(raw: Plain) -> Plain:
    return (raw.get("parent") or {}).get("subscription_details") or {}


def _subscription(raw: Plain) -> str:
    return id_of(_details(raw).get("subscription"))


def _lines(line: Connection, raw: Plain) -> list[Plain]:
    if not raw["lines"]["has_more"]:
        return [*raw["lines"]["data"]]
    return [
        *line.pages(
            "GET /v1/invoices/{id}/lines",
            lambda params: line.v1.invoices.line_items.list(raw["id"], params),
        )
    ]


def _taxed_differently(lines: Iterable[Plain]) -> bool:
    """Whether not all lines that ask for something have the same tax rates, on top or within.

    Source: docs.stripe.com/api/invoice-line-item/object (`taxes`, `tax_rate_details`).
    """
    rates = {
        frozenset(
            (id_of((tax.get("tax_rate_details") or {}).get("tax_rate")), tax["tax_behavior"])
            for tax in one.get("taxes") or []
        )
        for one in lines
        if one["amount"]
    }
    return len(rates) > 1


def _spans(lines: Iterable[Plain]) -> list[tuple[int, int]]:
    """What the lines are for, in milliseconds; lines that are for a moment are for no stretch."""
    periods = [(one["period"]["start"], one["period"]["end"]) for one in lines]
    return [(start * 1000, end * 1000) for start, end in periods if start < end]


def _touches(spans: Iterable[tuple[int, int]], month: Interval) -> bool:
    return any(start < month.end and month.start < end for start, end in spans)


def _hull(spans: Sequence[tuple[int, int]]) -> Interval | None:
    if not spans:
        return None
    return Interval(min(start for start, _ in spans), max(end for _, end in spans))


def as_invoice(raw: Plain, stands: Standing, *, period: Interval | None, names: str) -> Invoice:
    """An invoice in our words and in money."""
    code = raw["currency"]
    before_tax = raw.get("total_excluding_tax")
    tax = 0 if before_tax is None else raw["total"] - before_tax
    return Invoice(
        id=raw["id"],
        state=InvoiceState(raw.get("status") or "draft"),
        total=from_wire(raw["total"], code),
        remaining=from_wire(raw["amount_remaining"], code),
        creditable=_creditable(stands.creditable, code),
        tax=from_wire(tax, code),
        period=period,
        names=names,
        payment_in_flight=stands.payment_in_flight,
    )


def _creditable(wire: int, code: str) -> Money:
    return from_wire(max(wire, 0), code)


def standing(line: Connection, raw: Plain) -> Standing:
    """What may still be credited: the total less notes, and less refunds made without one.

    Source: docs.stripe.com/api/credit_notes/create (refunds made elsewhere lower what is
        creditable), docs.stripe.com/billing/invoices/credit-notes (states).
    """
    if raw.get("status") not in {"open", "paid"}:
        return Standing(0, payment_in_flight=False)
    credited = raw["pre_payment_credit_notes_amount"] + raw["post_payment_credit_notes_amount"]
    if not raw["total"]:
        return Standing(0, payment_in_flight=False)
    payments = _payments(line, raw["id"])
    elsewhere = _refunded_elsewhere(line, raw, payments)
    return Standing(
        creditable=raw["total"] - credited - elsewhere,
        payment_in_flight=raw["status"] == "open" and any(map(_in_flight, payments)),
    )


def _payments(line: Connection, invoice: str) -> list[Plain]:
    asked = {"invoice": invoice, "expand": ["data.payment.payment_intent"]}
    return [*line.pages("GET /v1/invoice_payments", line.v1.invoice_payments.list, asked)]


def _in_flight(payment: Plain) -> bool:
    intent = payment["payment"].get("payment_intent")
    processing = isinstance(intent, dict) and intent.get("status") == "processing"
    return payment["status"] == "open" and processing


def _refunded_elsewhere(line: Connection, raw: Plain, payments: Iterable[Plain]) -> int:
    refunds = [refund for payment in payments for refund in _refunds(line, payment)]
    alive: dict[str, int] = {
        one["id"]: one["amount"] for one in refunds if one["status"] not in DEAD_REFUNDS
    }
    if not alive:
        return 0
    notes = line.pages("GET /v1/credit_notes", line.v1.credit_notes.list, {"invoice": raw["id"]})
    linked: int = sum(
        link["amount_refunded"]
        for note in notes
        if note["status"] != "void"
        for link in note["refunds"]
        if id_of(link["refund"]) in alive
    )
    return sum(alive.values()) - linked


def _refunds(line: Connection, payment: Plain) -> Iterator[Plain]:
    for name in ("payment_intent", "charge"):
        paid_by = id_of(payment["payment"].get(name))
        if paid_by and payment["status"] == "paid":
            yield from line.pages("GET /v1/refunds", line.v1.refunds.list, {name: paid_by})
            return


def id_of(thing: object) -> str:
    """The id of something that may be expanded; "" for nothing."""
    if isinstance(thing, dict):
        return str(thing.get("id", ""))
    return thing if isinstance(thing, str) else ""
