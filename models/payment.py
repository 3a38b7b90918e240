"""How a released credit is paid: which document, against what, in which parts.

Pure planning: a picture of the customer's billing goes in, parts to pay or a question for a person
come out. The vendor's wire words and units stay in the connector; here money is `Money`. Nothing is
guessed: where a choice would be needed that no rule makes, a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from models.contract import Payout
from models.intervals import Interval
from models.money import Currency, Money
from models.terms import JsonValue


class Channel(StrEnum):
    """How one part of a credit reaches the client; frozen in the part's intent, never in its key.

    CREDIT_NOTE: a document against an invoice. BALANCE: an entry on the customer's balance, which
    the next invoice uses up; a positive part is a credit, a negative one takes back.
    JOURNAL: booked by a person in another billing system from the exported journal.
    BY_HAND: a question to a person, who pays it or decides that it is not paid; no program does.
    """

    CREDIT_NOTE = "credit_note"
    BALANCE = "balance"
    JOURNAL = "journal"
    BY_HAND = "by_hand"


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that may be the service month's.

    Attributes:
        id: The vendor's id.
        state: Where it stands.
        total: What it asks for, tax included.
        remaining: What is still to be paid.
        creditable: The most that further notes may take: total less notes and refunds made before.
        tax: The tax in the total.
        period: The stretch that its lines are for; None when they name none.
        names: The contract's id, when the invoice (or its subscription) names it in its metadata.
        payment_in_flight: A payment is under way, so that no note can be made now.
    """

    id: str
    state: InvoiceState
    total: Money
    remaining: Money
    creditable: Money
    tax: Money
    period: Interval | None
    names: str = ""
    payment_in_flight: bool = False


@dataclass(frozen=True, slots=True)
class BilledCustomer:
    """A customer at the billing vendor.

    Attributes:
        id: The vendor's id.
        deleted: It no longer exists for billing.
        currency: The currency that its balance is bound to; "" when it has none yet.
        next_invoice: Whether a future invoice is to be expected, so that a balance can be used up:
            an active subscription that does not end before it bills again.
        why_no_invoice: Why none is expected (`cancelled`, `ends before it renews`, `prepaid`); "".
    """

    id: str
    deleted: bool
    currency: str
    next_invoice: bool
    why_no_invoice: str = ""


@dataclass(frozen=True, slots=True)
class BillingPicture:
    """What the billing vendor knows about a contract's month, all candidates included.

    Attributes:
        customers: Every customer that the contract may mean; rising by id.
        invoices: Invoices of these customers that touch the month or name the contract.
        seen_at: The instant of the look.
    """

    customers: tuple[BilledCustomer, ...]
    invoices: tuple[Invoice, ...]
    seen_at: int


@dataclass(frozen=True, slots=True)
class Part:
    """One payment of an obligation.

    Attributes:
        obligation: `acme/api/2026-05/r0`.
        number: 1, then rising; a remainder, or a new plan after a refusal, is the next part.
        channel: How it is paid.
        customer: The vendor's customer id; "" for the journal.
        invoice: The vendor's invoice id for a credit note; "" otherwise.
        amount: What this part settles of the obligation, signed: positive credits the client. It
            holds the tax or not, as the obligation does.
        payout: What becomes of the part of a note that is above the amount still to be paid.
        with_tax: What the vendor's document is made out for, where that is not `amount`: tax comes
            on top of it. None where both are the same.
    """

    obligation: str
    number: int
    channel: Channel
    customer: str
    invoice: str
    amount: Money
    payout: Payout
    with_tax: Money | None = None

    @property
    def total(self) -> Money:
        """What the vendor's document is made out for, tax included: what a preview must show."""
        return self.with_tax or self.amount

    @property
    def record(self) -> JsonValue:
        """The part as JSON values, amounts in minor units."""
        return {
            "obligation": self.obligation,
            "number": self.number,
            "channel": self.channel.value,
            "customer": self.customer,
            "invoice": self.invoice,
            "amount_minor": self.amount.minor,
            "total_minor": self.total.minor,
            "currency": self.amount.currency.code,
            "payout": self.payout.value,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Self:
        """The part that a record tells of."""
        currency = Currency.of(record["currency"])
        amount = Money(record["amount_minor"], currency)
        total = Money(record["total_minor"], currency)
        return cls(
            obligation=record["obligation"],
            number=record["number"],
            channel=Channel(record["channel"]),
            customer=record["customer"],
            invoice=record["invoice"],
            amount=amount,
            payout=Payout(record["payout"]),
            with_tax=None if total == amount else total,
        )

    @property
    def key(self) -> str:
        """`acme/api/2026-05/r0/p1`: the same whatever the channel, so that one look finds it."""
        return f"{self.obligation}/p{self.number}"


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """How an obligation is paid.

    Attributes:
        parts: What is paid now; their sum never exceeds the obligation.
        ask: Why a person must decide (about all of it, or about what the parts leave); "".
        wait: Why nothing can be done now but may be later (a payment in flight, a draft); "".
        proposal: What the person is offered, such as a refund or an extension; "".
        reasons: How the plan came about, one sentence per step.
    """

    parts: tuple[Part, ...]
    ask: str
    wait: str
    proposal: str
    reasons: tuple[str, ...]
