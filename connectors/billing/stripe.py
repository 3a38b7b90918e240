"""Stripe: credit notes against the service month's invoice, and entries on the customer's balance.

Stands at the very end of a month: what was decided and released is looked for, previewed and made
here, one request for each part. Must never choose an amount or a target, never repeat a request
that moves money, and never let a key into a message. The README beside this page has the key's
permissions and the decisions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from connectors.billing import BillingQuery, Found, Paid, PartIntent, month_of
from connectors.billing._connection import Answer, Connection, Plain, awake_ns
from connectors.billing._events import NEWS_EVENTS, envelope_of, news_of
from connectors.billing._metadata import part_key
from connectors.billing._moments import SharedTurns
from connectors.billing._notes import (
    as_found,
    differences,
    entries,
    entry_intent,
    is_entry,
    note_intent,
    notes,
)
from connectors.billing._pace import Pace
from connectors.billing._permissions import readable
from connectors.billing._picture import (
    CustomerIndex,
    billed,
    candidates,
    customers_of,
    id_of,
    invoices_of,
    retrieved_customer,
    subscriptions_of,
)
from connectors.billing._signature import UnsignedError, require_signed
from connectors.errors import ConnectorError, OutcomeUnknown, Permanent
from models.intervals import Interval
from models.payment import BilledCustomer, BillingPicture, Channel, Invoice, Part
from models.workspace_file import BillingMode

__all__ = [
    "NEWS_EVENTS",
    "Pace",
    "StripeBilling",
    "UnsignedError",
    "envelope_of",
    "news_of",
    "require_signed",
]

FORGETS_KEYS_AFTER_MS = 23 * 3_600_000
"""Stripe may remove keys once they are 24 hours old; an hour is left for clocks and for sending."""

AT_ONCE = 16
"""Enough to keep to the limit of an endpoint while each answer takes half a second."""

DASHBOARD = "https://dashboard.stripe.com"
CREATE_NOTE = "POST /v1/credit_notes"
CREATE_ENTRY = "POST /v1/customers/{id}/balance_transactions"
VOID_NOTE = "POST /v1/credit_notes/{id}/void"


class StripeBilling:
    """One Stripe account on one side; safe to share between threads, not between processes."""

    name = "stripe"
    knows_invoices = True
    at_once = AT_ONCE
    can_be_asked = True
    forgets_keys_after_ms = FORGETS_KEYS_AFTER_MS

    def __init__(
        self,
        key: str,
        *,
        mode: BillingMode,
        address: str = "",
        pace: Pace | None = None,
        shared: SharedTurns | None = None,
        sleep: Callable[[Any], None] = time.sleep,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        awake: Callable[[], int] = awake_ns,
    ) -> None:
        """Check key and address; nothing is asked yet.

        Args:
            key: A restricted or secret key, of the side that the workspace names.
            mode: That side.
            address: Another address than Stripe's own, for tests; "" for Stripe's.
            pace: The turns to keep to; None shares one with everything that uses the same key.
            shared: Where all processes take their turns that use this account; None for alone.
            sleep: Waits so many seconds between two tries of a read.
            now: The present instant.
            awake: Nanoseconds of a clock that counts while the machine sleeps.

        Raises:
            Misconfigured: The key is none, or of the other side, or the address is not safe.
        """
        self._line = Connection(
            key,
            mode=mode,
            address=address,
            pace=pace,
            shared=shared,
            sleep=sleep,
            awake=awake,
        )
        self._mode = mode
        self._now = now
        self._index = CustomerIndex()
        self._known: set[str] = set()

    def __repr__(self) -> str:
        """Name and side, and nothing else."""
        return f"StripeBilling(mode={self._mode.value})"

    def close(self) -> None:
        """Let go of every connection."""
        self._line.close()

    # --- Asking -----------------------------------------------------------------------------------

    def check(self) -> str:
        """See `Billing.check`: what the key lets us read; six requests."""
        return readable(self._line)

    def picture(self, query: BillingQuery) -> BillingPicture:
        """All candidates for a contract's month. Read-only.

        Without a customer or subscription in the contract, customers are meant whose metadata
        names the contract (`makegood_contract`), or else the client (`makegood_client`).

        Raises:
            Retriable: Stripe could not be asked.
            Permanent: Something there cannot be understood, such as an unknown currency.
            Misconfigured: Key, permission or side is wrong.
        """
        seen_at = self._now()
        billed_ones: list[BilledCustomer] = []
        invoices: list[Invoice] = []
        for customer in customers_of(self._line, query, self._index):
            one, found = self._seen(customer, query, seen_at)
            billed_ones.append(one)
            invoices += found
        rising = sorted(invoices, key=lambda invoice: invoice.id)
        return BillingPicture(tuple(billed_ones), tuple(rising), seen_at)

    def _seen(
        self, customer: Plain, query: BillingQuery, seen_at: int
    ) -> tuple[BilledCustomer, tuple[Invoice, ...]]:
        gone = bool(customer.get("deleted"))
        subscriptions = [] if gone else subscriptions_of(self._line, customer["id"])
        invoices = [] if gone else invoices_of(self._line, customer["id"])
        one = billed(
            customer,
            subscriptions=subscriptions,
            invoices=invoices,
            currency=query.currency,
            now_s=seen_at // 1000,
        )
        found = candidates(self._line, query, subscriptions=subscriptions, invoices=invoices)
        return one, tuple(found)

    def prepare(self, part: Part, *, memo: str, metadata: Mapping[str, str]) -> PartIntent:
        """Preview a part and freeze its parameters. Read-only.

        Raises:
            Permanent: Stripe would refuse it, the preview is not what was planned, or the channel
                is none of Stripe's.
            Retriable: Stripe could not be asked.
            Misconfigured: Key, permission or side is wrong.
        """
        match part.channel:
            case Channel.CREDIT_NOTE:
                return note_intent(self._line, part, memo=memo, metadata=metadata)
            case Channel.BALANCE:
                return entry_intent(self._line, part, memo=memo, metadata=metadata)
        raise Permanent(f"stripe {part.key}: cannot pay by {part.channel.value}. Nothing was sent.")

    def look(self, intent: PartIntent) -> tuple[Found, ...]:
        """Every note and balance entry that carries the part's key. Read-only.

        All of the customer's notes are seen, and not only those of the intent's invoice.

        Raises:
            Retriable: Stripe could not be asked.
            Misconfigured: Key, permission or side is wrong.
        """
        found = self._of_customer(intent.part.customer)
        ours = (thing for thing in found if part_key(thing) == intent.part.key)
        return tuple(as_found(thing, intent) for thing in ours)

    def parts_of(self, obligation: str, *, customer: str) -> tuple[Found, ...]:
        """Everything at a customer that carries a part of an obligation's month, ours or not.

        Raises:
            Retriable: Stripe could not be asked.
            Misconfigured: Key, permission or side is wrong.
        """
        found = self._of_customer(customer)
        ours = (thing for thing in found if part_key(thing).startswith(month_of(obligation)))
        return tuple(as_found(thing) for thing in ours)

    def disowns(self, intent: PartIntent) -> str:
        """Why a part is none of this side's of Stripe; "" when it is."""
        if intent.part.channel not in {Channel.CREDIT_NOTE, Channel.BALANCE}:
            return f"it is to be paid by {intent.part.channel.value}, which Stripe does not"
        return self._other_side(intent)

    def strange(self, earlier: PartIntent) -> str:
        """Why a payment was prepared on the other side, or in another account; "" when it was not.

        Stripe keeps customers for ever, also those that were deleted: one that this key does not
        know at all is of another account. The account's own id needs a permission that paying does
        not.

        Raises:
            Retriable: Stripe could not be asked.
            Misconfigured: Key, permission or side is wrong.
        """
        customer = earlier.part.customer
        other = self._other_side(earlier)
        if other or not customer or customer in self._known:
            return other
        if not retrieved_customer(self._line, customer).get("object"):
            return f"its customer {customer} is not in the account of this key"
        self._known.add(customer)
        return ""

    def _other_side(self, intent: PartIntent) -> str:
        if intent.facts.get("livemode", self._line.live) is self._line.live:
            return ""
        here, there = ("live", "test") if self._line.live else ("test", "live")
        return f"it was prepared on the {there} side, and the workspace names {here}"

    def link_of(self, part: Part, id_: str) -> str:
        """A credit note's page in the dashboard, or the customer's for an entry on a balance.

        Source: https://docs.stripe.com/dashboard/basics (the dashboard's test side is `/test`).
        """
        side = DASHBOARD if self._line.live else f"{DASHBOARD}/test"
        match part.channel:
            case Channel.CREDIT_NOTE if id_:
                return f"{side}/credit_notes/{quote(id_, safe='')}"
            case Channel.BALANCE if part.customer:
                return f"{side}/customers/{quote(part.customer, safe='')}"
            case _:
                return ""

    def credits(self, span: Interval, *, customers: Iterable[str] | None = None) -> Iterator[Found]:
        """Every note and balance credit made in a span, ours or not. Read-only.

        Args:
            span: When it was made; Stripe counts whole seconds.
            customers: Whose balances are looked through; None for everybody's, which takes one
                request for each customer of the account.

        Raises:
            Retriable: Stripe could not be asked.
            Misconfigured: Key, permission or side is wrong.
        """
        made = {"created": {"gte": _second(span.start), "lt": _second(span.end)}}
        touched: set[str] = set()
        for note in notes(self._line, made):
            touched.add(id_of(note["customer"]))
            yield as_found(note)
        named = self._everybody() if customers is None else customers
        for customer in sorted(touched | set(named)):
            for entry in entries(self._line, customer, made):
                yield as_found(entry)

    def _everybody(self) -> Iterator[str]:
        for customer in self._line.pages("GET /v1/customers", self._line.v1.customers.list):
            yield customer["id"]

    def _of_customer(self, customer: str) -> Iterator[Plain]:
        yield from notes(self._line, {"customer": customer})
        yield from entries(self._line, customer, {})

    # --- Writing ----------------------------------------------------------------------------------

    def pay(self, intent: PartIntent, *, idempotency_key: str) -> Paid:
        """Make the part: one request, never repeated here.

        Raises:
            Permanent: Refused; nothing was made.
            OutcomeUnknown: It may have been made, or was made otherwise than asked.
            PersonNeeded: The idempotency key was used for something else.
            Retriable: Surely nothing was made, and it may work later (a limit).
            Misconfigured: Key or permission is wrong; surely nothing was made.
        """
        part, options = intent.part, {"idempotency_key": idempotency_key}
        parameters = dict(intent.parameters)
        if part.channel is Channel.CREDIT_NOTE:
            answer = self._line.write(
                CREATE_NOTE,
                part.key,
                lambda: self._line.v1.credit_notes.create(parameters, options),
            )
        elif part.channel is Channel.BALANCE:
            create = self._line.v1.customers.balance_transactions.create
            answer = self._line.write(
                CREATE_ENTRY, part.key, lambda: create(part.customer, parameters, options)
            )
        else:
            raise Permanent(f"stripe {part.key}: cannot pay by {part.channel.value}.")
        return _paid(self._fresh(answer, part.key), answer, intent)

    def void(self, found: Found, *, idempotency_key: str) -> Found:
        """Take a note back; possible only while its invoice is open.

        Raises:
            Permanent: It is no note, or its invoice is not open; nothing was changed.
            OutcomeUnknown: It may have been voided.
            Retriable: Surely nothing was changed, and it may work later.
            Misconfigured: Key or permission is wrong; surely nothing was changed.
        """
        if not found.invoice:
            raise Permanent(
                f"stripe {found.id}: a balance entry stays for ever. Make the opposite entry."
            )
        invoice = self._line.read(
            "GET /v1/invoices/{id}", lambda: self._line.v1.invoices.retrieve(found.invoice)
        )
        if invoice["status"] != "open":
            raise Permanent(
                f"stripe {found.id}: {found.invoice} is {invoice['status']}, and a note is void "
                "only while its invoice is open. Nothing was changed; make an adjustment."
            )
        options = {"idempotency_key": idempotency_key}
        answer = self._line.write(
            VOID_NOTE,
            found.id,
            lambda: self._line.v1.credit_notes.void_credit_note(found.id, {}, options),
        )
        return _voided(self._fresh(answer, found.id), found)

    def _fresh(self, answer: Answer, where: str) -> Plain:
        """What was made, as it is now: a replayed answer is as old as the first one.

        Raises:
            OutcomeUnknown: It cannot be read again.
        """
        body, identity = answer.body, answer.body.get("id")
        if not answer.replayed:
            return body
        try:
            if is_entry(body):
                retrieve = self._line.v1.customers.balance_transactions.retrieve
                owner = id_of(body.get("customer"))
                template = "GET /v1/customers/{id}/balance_transactions/{id}"
                return self._line.read(template, lambda: retrieve(owner, identity))
            expand = {"expand": ["refunds.refund"]}
            return self._line.read(
                "GET /v1/credit_notes/{id}",
                lambda: self._line.v1.credit_notes.retrieve(identity, expand),
            )
        except ConnectorError as error:
            message = f"stripe {where}: was made before, and cannot be read again: {error}"
        raise OutcomeUnknown(message)


def _second(at: int) -> int:
    """The first whole second at or after an instant."""
    return -(-at // 1000)


def _paid(thing: Plain, answer: Answer, intent: PartIntent) -> Paid:
    """What was made, if it is exactly what was asked for.

    Raises:
        OutcomeUnknown: It is not, or nobody can tell.
    """
    try:
        wrong = list(differences(thing, intent))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        wrong = [f"it cannot be compared ({type(error).__name__})"]
    identity = thing.get("id")
    if not isinstance(identity, str) or not identity:
        wrong.append("it has no id")
    if thing.get("status") not in {None, "issued"}:
        wrong.append(f"it is {thing['status']}")
    if wrong:
        raise OutcomeUnknown(
            f"stripe {intent.part.key}: answered with something else than was asked: "
            f"{'; '.join(wrong)}. Look at {identity or 'the customer'} in Stripe."
        )
    facts = {
        "object": thing["object"],
        "number": thing.get("number"),
        "request": answer.request,
        "replayed": answer.replayed,
    }
    return Paid(str(identity), facts)


def _voided(thing: Plain, found: Found) -> Found:
    if thing.get("id") == found.id and thing.get("status") == "void":
        return as_found(thing)
    raise OutcomeUnknown(
        f"stripe {found.id}: asked to be void, and is {thing.get('status')!r}. Look before voiding."
    )
