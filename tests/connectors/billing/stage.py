"""The stage of `conformance.Scene` on the stand-in: what others do, over its own side."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from connectors.billing._units import to_wire
from connectors.billing.stripe import Pace, StripeBilling
from models.intervals import Interval
from models.money import Currency, Money
from models.workspace_file import BillingMode
from tests.connectors.billing.conformance import JUNE, JUNE_3
from tests.standins.stripe.client import Account, StandIn

# What connectors/billing/README.md asks for, with refunds.
PERMISSIONS = {
    "charge": "write",
    "credit_note": "write",
    "customer": "write",
    "invoice": "read",
    "payment_intent": "read",
    "subscription": "read",
}
FAULTS = {
    "limited": {"kind": "rate_limited", "method": "POST"},
    "lost_before": {"kind": "cut", "when": "before", "method": "POST"},
    "lost_after": {"kind": "cut", "when": "after", "method": "POST"},
}
NUMBERS = count(1)


def fresh_account(stand_in: StandIn, *, mode: str = "test") -> Account:
    """An account that nobody has used, whose clock stands still on 3 June 2026."""
    account = stand_in.account(f"billing{next(NUMBERS)}", mode).reset(now_ms=JUNE_3)
    account.tell("key", secret=account.restricted_key, permissions=PERMISSIONS)
    return account


def connector(account: Account, **options) -> StripeBilling:
    """The real connector with the restricted key, at no particular pace and without waiting."""
    usual = {
        "mode": BillingMode(account.mode),
        "address": account.url,
        "pace": Pace(per_second=100_000, per_endpoint=100_000, sleep=lambda _: None),
        "sleep": lambda _: None,
        "now": lambda: account.tell("clock")["now_ms"],
    }
    return StripeBilling(account.restricted_key, **{**usual, **options})


def wire(minor: int, currency: str) -> int:
    """Minor units as Stripe takes them."""
    return to_wire(Money(minor, Currency.of(currency)))


def seconds(span: Interval) -> tuple[int, int]:
    """A stretch of time as Stripe writes it."""
    return span.start // 1000, span.end // 1000


@dataclass
class StripeScene:
    """What others do in an account of the stand-in."""

    account: Account

    def now(self):
        """Where the account's clock stands."""
        return self.account.tell("clock")["now_ms"]

    def advance(self, milliseconds: int) -> None:
        """Move it on."""
        self.account.advance(ms=milliseconds)

    def customer(self, identity, *, client="", contract="", currency=""):
        """Put a customer."""
        named = {"makegood_client": client, "makegood_contract": contract}
        metadata = {name: text for name, text in named.items() if text}
        one = {"id": identity, "metadata": metadata, "currency": currency.lower() or None}
        self.account.seed(customers=[one])
        return identity

    def subscription(
        self, identity, customer, *, contract="", currency="EUR", ends=False, cancelled=False
    ):
        """Put a subscription whose current period is June."""
        one = {
            "id": identity,
            "customer": customer,
            "currency": currency.lower(),
            "period": seconds(JUNE),
            "metadata": {"makegood_contract": contract} if contract else {},
            "cancel_at_period_end": ends,
        }
        self.account.seed(subscriptions=[one])
        if cancelled:
            self.account.do("cancel_subscription", subscription=identity)
        return identity

    def invoice(
        self,
        identity,
        customer,
        amount,
        *,
        period,
        currency="EUR",
        state="paid",
        contract="",
        subscription="",
        tax=0,
        paid=0,
        in_flight=False,
        mixed_tax=False,
    ):
        """Put an invoice of one line; for no stretch of time, one that is for a moment.

        With mixed tax a tenth of it is on a second line, which is not taxed.
        """
        moment = (JUNE.start // 1000, JUNE.start // 1000)
        exempt = amount // 10 if mixed_tax else 0
        line = {
            "amount": wire(amount - exempt, currency),
            "period": seconds(period) if period else moment,
            "tax_percent": str(Fraction(tax * 100, amount - exempt)),
        }
        other = {**line, "amount": wire(exempt, currency), "tax_percent": "0"}
        one = {
            "id": identity,
            "customer": customer,
            "currency": currency.lower(),
            "lines": [line, other] if exempt else [line],
            "status": state,
            "amount_paid": wire(paid, currency),
            "in_flight": in_flight,
            "metadata": {"makegood_contract": contract} if contract else {},
            **({"subscription": subscription} if subscription else {}),
        }
        self.account.seed(invoices=[one])
        return identity

    def pay_invoice(self, identity) -> None:
        """The customer pays the rest by card."""
        self.account.do("pay", invoice=identity)

    def void_invoice(self, identity) -> None:
        """Somebody voids it."""
        self.account.do("void_invoice", invoice=identity)

    def refund(self, identity, amount) -> None:
        """Somebody refunds without a note; amounts of these tests are in euros."""
        self.account.do("refund", invoice=identity, amount=amount)

    def void_note(self, identity) -> None:
        """Somebody voids a note."""
        self.account.do("void_note", note=identity)

    def fail_refund(self, note) -> None:
        """The note's refund does not arrive."""
        (made,) = (one for one in self.account.dump()["credit_note"] if one["id"] == note)
        for link in made["refunds"]:
            self.account.do("fail_refund", refund=link["refund"])

    def reword(self, note, memo) -> None:
        """Somebody writes another memo."""
        self.account.do("change", kind="credit_note", id=note, memo=memo)

    def credit(self, customer, amount: Money, metadata: Mapping[str, str]):
        """Somebody puts an entry onto the balance."""
        return self.account.do(
            "credit",
            customer=customer,
            amount=-to_wire(amount),
            currency=amount.currency.code.lower(),
            metadata=dict(metadata),
        )["id"]

    def note(self, invoice, amount: Money, metadata: Mapping[str, str]):
        """Somebody makes a note of a paid invoice, onto the balance, and mails it."""
        sent = to_wire(amount)
        return self.account.do(
            "issue_note",
            invoice=invoice,
            amount=sent,
            credit_amount=sent,
            metadata=dict(metadata),
        )["id"]

    def delete_customer(self, identity) -> None:
        """Somebody deletes a customer."""
        self.account.do("delete_customer", customer=identity)

    def fault(self, kind) -> None:
        """What befalls the next write."""
        self.account.plan(FAULTS[kind])
