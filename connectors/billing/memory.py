"""A billing system that lives in memory: the twin that flows are tested with.

It keeps to the rules that can be observed at Stripe: which invoices take notes, how a note divides,
what may be credited at most, what an idempotency key means and for how long. Beside the promise of
the role it has what a test needs to set a stage and to let things happen. Amounts are money
throughout; there are no wire units.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connectors.billing import (
    PART_KEY,
    BillingQuery,
    Found,
    FoundState,
    LimitReached,
    Paid,
    PartIntent,
    month_of,
)
from connectors.errors import OutcomeUnknown, Permanent, PersonNeeded
from models.contract import Payout
from models.intervals import Interval
from models.money import Currency, Money
from models.payment import BilledCustomer, BillingPicture, Channel, Invoice, InvoiceState, Part
from models.terms import JsonValue

HOUR_MS = 3_600_000
FORGETS_KEYS_AFTER_MS = 23 * HOUR_MS
REMOVES_KEYS_AFTER_MS = 24 * HOUR_MS
TAKES_NOTES = frozenset({InvoiceState.OPEN, InvoiceState.PAID})


class Fault(StrEnum):
    """What may go wrong with the next request that writes.

    LIMITED: refused as one too many. LOST_BEFORE: no answer, and nothing was done. LOST_AFTER: no
    answer, and it was done.
    """

    LIMITED = "limited"
    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"


@dataclass(slots=True)
class _Customer:
    """A customer, and whether it will be billed again."""

    id: str
    currency: str = ""
    client: str = ""
    contract: str = ""
    deleted: bool = False
    why_no_invoice: str = "no invoice with a credit to be expected"
    subscriptions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Invoice:
    """An invoice with what was paid of it and what came back; all in minor units."""

    id: str
    customer: str
    currency: Currency
    total: int
    tax: int
    state: InvoiceState
    period: Interval | None
    names: str
    own_name: bool
    subscription: str
    paid: int = 0
    mixed_tax: bool = False
    credited_before: int = 0
    refunded_elsewhere: int = 0
    in_flight: bool = False

    @property
    def remaining(self) -> int:
        """What is still to be paid."""
        return (
            0 if self.state is InvoiceState.PAID else self.total - self.paid - self.credited_before
        )


@dataclass(frozen=True, slots=True)
class _Made:
    """A note or, without an invoice, a balance entry."""

    id: str
    customer: str
    invoice: str
    amount: Money
    before: int
    payout: str
    words: str
    metadata: Mapping[str, str]
    at: int
    state: FoundState = FoundState.LIVE

    @property
    def key(self) -> str:
        """The part that it pays."""
        return self.metadata.get(PART_KEY, "")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an idempotency key is answered with: an id, or why it was refused."""

    question: JsonValue
    at: int
    made: str
    refused: str = ""


class MemoryBilling:
    """One account; safe to share between threads."""

    name = "memory"
    knows_invoices = True
    at_once = 4
    can_be_asked = True
    forgets_keys_after_ms = FORGETS_KEYS_AFTER_MS

    def __init__(self, *, now: Callable[[], int]) -> None:
        """Begin empty.

        Args:
            now: The present instant; also what keys grow old by.
        """
        self.faults: list[Fault] = []
        self._now = now
        self._guard = threading.RLock()
        self._customers: dict[str, _Customer] = {}
        self._invoices: dict[str, _Invoice] = {}
        self._made: dict[str, _Made] = {}
        self._keys: dict[str, _Kept] = {}

    # --- The promise of the role ------------------------------------------------------------------

    def check(self) -> str:
        """Memory takes everything."""
        return "takes everything, and forgets it"

    def picture(self, query: BillingQuery) -> BillingPicture:
        """See `Billing.picture`."""
        with self._guard:
            meant = sorted(self._meant(query), key=lambda one: one.id)
            ids = {one.id for one in meant if not one.deleted}
            invoices = (one for one in self._invoices.values() if one.customer in ids)
            of_month = (self._as_invoice(one) for one in invoices if _touches(one, query))
            rising = sorted(of_month, key=lambda one: one.id)
            return BillingPicture(
                tuple(_billed(one) for one in meant), tuple(rising), seen_at=self._now()
            )

    def _meant(self, query: BillingQuery) -> list[_Customer]:
        everybody = list(self._customers.values())
        if query.customer:
            known = self._customers.get(query.customer)
            return [known or _Customer(query.customer, deleted=True)]
        if query.subscription:
            return [one for one in everybody if query.subscription in one.subscriptions]
        alive = [one for one in everybody if not one.deleted]
        named = [one for one in alive if one.contract == query.contract]
        return named or [one for one in alive if one.client == query.client]

    def _as_invoice(self, one: _Invoice) -> Invoice:
        return Invoice(
            id=one.id,
            state=one.state,
            total=Money(one.total, one.currency),
            remaining=Money(one.remaining, one.currency),
            creditable=Money(max(self._creditable(one), 0), one.currency),
            tax=Money(one.tax, one.currency),
            period=one.period,
            names=one.names,
            payment_in_flight=one.in_flight,
            mixed_tax=one.mixed_tax,
        )

    def _creditable(self, one: _Invoice) -> int:
        if one.state not in TAKES_NOTES:
            return 0
        noted = sum(note.amount.minor for note in self._notes_of(one.id))
        return one.total - noted - one.refunded_elsewhere

    def _notes_of(self, invoice: str) -> list[_Made]:
        made = self._made.values()
        return [m for m in made if m.invoice == invoice and m.state is not FoundState.VOID]

    def prepare(self, part: Part, *, memo: str, metadata: Mapping[str, str]) -> PartIntent:
        """See `Billing.prepare`."""
        with self._guard:
            before = self._judged(part)
        parameters = {
            "channel": part.channel.value,
            "customer": part.customer,
            "invoice": part.invoice,
            "minor": part.total.minor,
            "currency": part.total.currency.code,
            "before": before,
            "payout": part.payout.value if part.total.minor > before else "",
            "metadata": {**metadata, PART_KEY: part.key},
        }
        return PartIntent(part, parameters, memo, {"seen_at": self._now()})

    def _judged(self, part: Part) -> int:
        """How much of the part lowers what is still to be paid.

        Raises:
            Permanent: It cannot be made.
        """
        if part.channel is Channel.CREDIT_NOTE:
            return self._judged_note(part)
        if part.channel is not Channel.BALANCE:
            raise _refused(part.key, f"cannot pay by {part.channel.value}")
        customer = self._customers.get(part.customer)
        code = part.total.currency.code
        if customer is None or customer.deleted:
            raise _refused(part.key, f"customer {part.customer} does not exist (now)")
        if customer.currency not in {"", code}:
            raise _refused(part.key, f"{customer.id} is billed in {customer.currency}, not {code}")
        if not part.total.minor:
            raise _refused(part.key, "an entry of nothing")
        return 0

    def _judged_note(self, part: Part) -> int:
        invoice = self._invoices.get(part.invoice)
        if invoice is None:
            raise _refused(part.key, f"no such invoice: {part.invoice}")
        wrong = [fact for holds, fact in _conditions(part, invoice) if not holds]
        creditable = self._creditable(invoice)
        if not wrong and part.total.minor > creditable:
            most = Money(creditable, invoice.currency)
            wrong.append(f"{part.total} is more than the {most} that can still be credited")
        if wrong:
            raise _refused(part.key, "; ".join(wrong))
        return min(part.total.minor, invoice.remaining)

    def look(self, intent: PartIntent) -> tuple[Found, ...]:
        """See `Billing.look`."""
        found = self._found(lambda made: made.key == intent.part.key)
        return tuple(_compared(made, intent) for made in found)

    def parts_of(self, obligation: str, *, customer: str) -> tuple[Found, ...]:
        """Everything at a customer that carries a part of an obligation's month."""
        of_month = self._found(lambda made: made.key.startswith(month_of(obligation)))
        return tuple(_as_found(made) for made in of_month if made.customer == customer)

    def disowns(self, intent: PartIntent) -> str:
        """See `Billing.disowns`."""
        return "it is booked from a journal" if intent.part.channel is Channel.JOURNAL else ""

    def strange(self, earlier: PartIntent) -> str:
        """See `Billing.strange`."""
        customer = earlier.part.customer
        known = not customer or customer in self._customers
        return "" if known else f"customer {customer} is not in this account"

    def link_of(self, part: Part, id_: str) -> str:
        """Memory has no page."""
        return ""

    def credits(self, span: Interval, *, customers: Iterable[str] | None = None) -> Iterator[Found]:
        """See `Billing.credits`; customers narrow the balance entries."""
        wanted = None if customers is None else set(customers)
        found = self._found(lambda made: span.start <= made.at < span.end)
        touched = {made.customer for made in found if made.invoice}
        for made in found:
            if made.invoice or wanted is None or made.customer in wanted | touched:
                yield _as_found(made)

    def _found(self, wanted: Callable[[_Made], bool]) -> list[_Made]:
        with self._guard:
            return [made for made in reversed(self._made.values()) if wanted(made)]

    def pay(self, intent: PartIntent, *, idempotency_key: str) -> Paid:
        """See `Billing.pay`."""
        with self._guard:
            return self._written(intent, idempotency_key)

    def _written(self, intent: PartIntent, idempotency_key: str) -> Paid:
        key = intent.part.key
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.LIMITED:
            raise LimitReached(f"memory {key}: too many requests", reason="global-rate")
        if fault is Fault.LOST_BEFORE:
            raise OutcomeUnknown(f"memory {key}: no answer; the credit may exist")
        made = self._answered(intent, idempotency_key)
        if fault is Fault.LOST_AFTER:
            raise OutcomeUnknown(f"memory {key}: no answer; the credit may exist")
        found = _compared(self._made[made], intent)
        if found.differs or found.state is not FoundState.LIVE:
            raise OutcomeUnknown(f"memory {key}: {made} is {found.state}: {found.differs}")
        return Paid(made, {"object": "credit_note" if found.invoice else "entry"})

    def _answered(self, intent: PartIntent, idempotency_key: str) -> str:
        """The id of what was made under this key, now or before."""
        question = {**intent.parameters, "memo": intent.memo}
        kept = self._keys.get(idempotency_key)
        if kept and self._now() - kept.at < REMOVES_KEYS_AFTER_MS:
            return _replayed(kept, question, intent.part.key)
        try:
            made = self._executed(intent)
        except Permanent as refusal:
            kept = _Kept(question, self._now(), "", refused=str(refusal))
            self._keys[idempotency_key] = kept
            raise
        self._keys[idempotency_key] = _Kept(question, self._now(), made)
        return made

    def _executed(self, intent: PartIntent) -> str:
        part, before = intent.part, self._judged(intent.part)
        if before != intent.parameters["before"]:
            raise _refused(part.key, f"{before} lowers the invoice, not what was asked")
        return self._put(
            customer=part.customer,
            invoice=part.invoice,
            amount=part.total,
            before=before,
            payout=intent.parameters["payout"],
            words=intent.memo,
            metadata=intent.parameters["metadata"],
        )

    def _put(
        self,
        *,
        customer: str,
        invoice: str,
        amount: Money,
        before: int,
        payout: str,
        words: str,
        metadata: Mapping[str, str],
    ) -> str:
        kind = "cn" if invoice else "cbtxn"
        identity = f"{kind}_{len(self._made) + 1:06d}"
        self._made[identity] = _Made(
            identity, customer, invoice, amount, before, payout, words, metadata, self._now()
        )
        owner = self._customers[customer]
        owner.currency = owner.currency or amount.currency.code
        if invoice:
            self._lowered(self._invoices[invoice], before)
        return identity

    def _lowered(self, invoice: _Invoice, before: int) -> None:
        invoice.credited_before += before
        if invoice.state is InvoiceState.OPEN and not invoice.remaining:
            invoice.state = InvoiceState.PAID

    def void(self, found: Found, *, idempotency_key: str) -> Found:
        """Take a note back; possible only while its invoice is open.

        Raises:
            Permanent: It is no note, or its invoice is not open.
        """
        with self._guard:
            if not found.invoice:
                raise _refused(found.id, "a balance entry stays for ever")
            invoice = self._invoices[found.invoice]
            if invoice.state is not InvoiceState.OPEN:
                raise _refused(found.id, f"{invoice.id} is {invoice.state.value}, not open")
            self.void_note(found.id)
            return _as_found(self._made[found.id])

    # --- Setting a stage --------------------------------------------------------------------------

    def customer(
        self, identity: str, *, client: str = "", contract: str = "", currency: str = ""
    ) -> str:
        """Put a customer that is not billed again until it has a subscription."""
        self._customers[identity] = _Customer(identity, currency, client, contract)
        return identity

    def subscription(
        self,
        identity: str,
        customer: str,
        *,
        contract: str = "",
        currency: str = "EUR",
        ends: bool = False,
        cancelled: bool = False,
    ) -> str:
        """Put a subscription that bills again, unless it ends with its period or has ended."""
        owner = self._customers[customer]
        owner.currency = owner.currency or currency
        owner.subscriptions[identity] = contract
        owner.why_no_invoice = "cancelled" if cancelled else "ends before it renews" if ends else ""
        return identity

    def invoice(
        self,
        identity: str,
        customer: str,
        amount: int,
        *,
        period: Interval | None,
        currency: str = "EUR",
        state: str = "paid",
        contract: str = "",
        subscription: str = "",
        tax: int = 0,
        paid: int = 0,
        in_flight: bool = False,
        mixed_tax: bool = False,
    ) -> str:
        """Put an invoice; `amount` is before tax, `paid` is what was paid of an open one."""
        owner = self._customers[customer]
        owner.currency = owner.currency or currency
        total, standing = amount + tax, InvoiceState(state)
        self._invoices[identity] = _Invoice(
            id=identity,
            customer=customer,
            currency=Currency.of(currency),
            total=total,
            tax=tax,
            state=standing,
            period=period,
            names=contract or owner.subscriptions.get(subscription, ""),
            own_name=bool(contract),
            subscription=subscription,
            paid=total if standing is InvoiceState.PAID else paid,
            in_flight=in_flight,
            mixed_tax=mixed_tax,
        )
        return identity

    # --- What others do meanwhile -----------------------------------------------------------------

    def pay_invoice(self, identity: str) -> None:
        """The customer pays what is still to be paid."""
        invoice = self._invoices[identity]
        invoice.paid += invoice.remaining
        invoice.state, invoice.in_flight = InvoiceState.PAID, False

    def void_invoice(self, identity: str) -> None:
        """Somebody voids an open invoice."""
        self._invoices[identity].state = InvoiceState.VOID

    def refund(self, identity: str, amount: int) -> None:
        """Somebody refunds a part of an invoice without a credit note."""
        self._invoices[identity].refunded_elsewhere += amount

    def void_note(self, identity: str) -> None:
        """Somebody voids a note of an open invoice."""
        note = self._made[identity]
        self._invoices[note.invoice].credited_before -= note.before
        self._made[identity] = replace(note, state=FoundState.VOID)

    def fail_refund(self, note: str) -> None:
        """The refund of a note does not arrive."""
        self._made[note] = replace(self._made[note], state=FoundState.FAILED)

    def reword(self, note: str, memo: str) -> None:
        """Somebody writes another memo."""
        self._made[note] = replace(self._made[note], words=memo)

    def credit(self, customer: str, amount: Money, metadata: Mapping[str, str]) -> str:
        """Somebody puts an entry onto the balance; positive credits the customer."""
        return self._put(
            customer=customer,
            invoice="",
            amount=amount,
            before=0,
            payout="",
            words="",
            metadata=metadata,
        )

    def note(self, invoice: str, amount: Money, metadata: Mapping[str, str]) -> str:
        """Somebody makes a note, with what is above the rest onto the balance."""
        target = self._invoices[invoice]
        before = min(amount.minor, target.remaining)
        return self._put(
            customer=target.customer,
            invoice=invoice,
            amount=amount,
            before=before,
            payout=Payout.CUSTOMER_BALANCE.value if amount.minor > before else "",
            words="",
            metadata=metadata,
        )

    def delete_customer(self, identity: str) -> None:
        """Somebody deletes a customer."""
        self._customers[identity].deleted = True


def _billed(one: _Customer) -> BilledCustomer:
    if one.deleted:
        return BilledCustomer(one.id, True, "", False, "deleted")  # noqa: FBT003 - as named
    why = one.why_no_invoice
    return BilledCustomer(one.id, False, one.currency, not why, why)  # noqa: FBT003 - as named


def _touches(one: _Invoice, query: BillingQuery) -> bool:
    if one.names not in {"", query.contract}:
        return False
    if query.subscription and not one.own_name and one.subscription != query.subscription:
        return False
    if one.period is None:
        return one.own_name
    return one.period.start < query.month.end and query.month.start < one.period.end


def _conditions(part: Part, invoice: _Invoice) -> Iterator[tuple[bool, str]]:
    yield part.total.minor > 0, f"a note of {part.total} takes nothing back"
    yield invoice.state in TAKES_NOTES, f"{invoice.id} is {invoice.state.value}"
    yield not invoice.in_flight, f"a payment of {invoice.id} is under way"
    yield invoice.currency == part.total.currency, f"{invoice.id} is in {invoice.currency.code}"
    yield invoice.customer == part.customer, f"{invoice.id} is {invoice.customer}'s"


def _refused(place: str, fact: str) -> Permanent:
    return Permanent(f"memory {place}: {fact}. Nothing was made.", status=400)


def _replayed(kept: _Kept, question: JsonValue, place: str) -> str:
    if kept.question != question:
        message = f"memory {place}: the idempotency key was used for another request"
        raise PersonNeeded(message, status=400)
    if kept.refused:
        raise Permanent(kept.refused, status=400)
    return kept.made


def _as_found(made: _Made) -> Found:
    return Found(
        id=made.id,
        key=made.key,
        state=made.state,
        amount=made.amount,
        customer=made.customer,
        invoice=made.invoice,
        equal=None,
        differs=(),
        created_at=made.at,
        returned=_returned(made),
    )


def _returned(made: _Made) -> Money | None:
    if made.state is FoundState.LIVE:
        return None
    before = made.before if made.state is FoundState.FAILED else 0
    return Money(made.amount.minor - before, made.amount.currency)


def _compared(made: _Made, intent: PartIntent) -> Found:
    asked = intent.parameters
    pairs = {
        "customer": (made.customer, asked["customer"]),
        "invoice": (made.invoice, asked["invoice"]),
        "total": (str(made.amount), str(intent.part.total)),
        "pre_payment_amount": (made.before, asked["before"]),
        "payout": (made.payout, asked["payout"]),
        "words": (made.words, intent.memo),
        "metadata": (dict(made.metadata), dict(asked["metadata"])),
    }
    wrong = [
        f"{name} is {is_!r}, asked was {was!r}" for name, (is_, was) in pairs.items() if is_ != was
    ]
    return replace(_as_found(made), equal=not wrong, differs=tuple(wrong))
