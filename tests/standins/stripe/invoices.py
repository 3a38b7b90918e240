"""Invoices and what pays them: drafted, opened, paid, voided, written off, refunded.

The amounts that later credit notes depend on are kept here: what remains, what was paid with what,
what was given back.
"""

from fractions import Fraction
from typing import Any

from tests.standins.stripe.balances import book, living_customer
from tests.standins.stripe.currencies import require_possible
from tests.standins.stripe.metadata import merged
from tests.standins.stripe.refusals import declined, invalid
from tests.standins.stripe.world import Resource, World

DEAD_REFUNDS = {"failed", "canceled"}
SHOWN_LINES = 10


# --- What is paid, and what may still be given back -----------------------------------------------


def payment_in_flight(world: World, invoice: Resource) -> Resource | None:
    """The payment that is on its way (ACH, SEPA), if one is."""
    for payment in world.shelf("invoice_payment").of(invoice=invoice["id"], status="open"):
        intent = world.find("payment_intent", payment["payment"]["payment_intent"])
        if intent["status"] == "processing":
            return payment
    return None


def charges_of(world: World, invoice: Resource) -> list[Resource]:
    """The charges that paid the invoice."""
    return [
        charge
        for payment in world.shelf("invoice_payment").of(invoice=invoice["id"])
        for charge in world.shelf("charge").of(
            payment_intent=payment["payment"]["payment_intent"], status="succeeded"
        )
    ]


def refunds_of(world: World, invoice: Resource) -> list[Resource]:
    """The refunds of those charges that did not fail."""
    return [
        refund
        for charge in charges_of(world, invoice)
        for refund in world.shelf("refund").of(charge=charge["id"])
        if refund["status"] not in DEAD_REFUNDS
    ]


def linked_refunds(world: World, invoice: Resource) -> dict[str, int]:
    """How much of each refund belongs to a credit note of the invoice."""
    linked: dict[str, int] = {}
    for note in world.shelf("credit_note").of(invoice=invoice["id"], status="issued"):
        for part in note["refunds"]:
            linked[part["refund"]] = linked.get(part["refund"], 0) + part["amount_refunded"]
    return linked


def refunded_elsewhere(world: World, invoice: Resource) -> int:
    """What was refunded without a credit note."""
    linked = linked_refunds(world, invoice)
    return sum(r["amount"] - linked.get(r["id"], 0) for r in refunds_of(world, invoice))


def refundable(world: World, invoice: Resource) -> int:
    """What its charges can still give back."""
    return sum(c["amount"] - c["amount_refunded"] for c in charges_of(world, invoice))


# --- How an invoice goes on -----------------------------------------------------------------------


def finalize(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/invoices/{id}/finalize`: the customer's balance is applied; at 0 it is paid."""
    invoice = world.find("invoice", ids[0])
    _require(invoice, {"draft"}, "finalized")
    _open(world, invoice)
    world.announce("invoice.finalized", invoice)
    if not invoice["amount_remaining"]:
        settle(world, invoice)
    return invoice


def _open(world: World, invoice: Resource) -> None:
    customer = living_customer(world, invoice["customer"], param="customer")
    currency, total = invoice["currency"], invoice["total"]
    balance = customer["invoice_credit_balance"].get(currency, 0)
    applied = max(balance, -total)
    due = total + applied
    invoice |= {
        "status": "open",
        "number": next_number(customer),
        "starting_balance": balance,
        "ending_balance": balance - applied,
        "amount_due": due,
        "amount_remaining": due,
        "auto_advance": True,
        "effective_at": world.now(),
    }
    invoice["status_transitions"]["finalized_at"] = world.now()
    if applied:
        book(
            world,
            customer,
            amount=-applied,
            currency=currency,
            kind="applied_to_invoice",
            invoice=invoice["id"],
        )


def next_number(customer: Resource) -> str:
    """The number that the customer's next invoice gets."""
    number = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    return f"{customer['invoice_prefix']}-{number:04d}"


def pay(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/invoices/{id}/pay`: with a card, or outside Stripe."""
    invoice = world.find("invoice", ids[0])
    _require(invoice, {"open", "uncollectible"}, "paid")
    if payment_in_flight(world, invoice):
        raise declined(
            "The invoice has a payment in progress.", code="invoice_payment_intent_requires_action"
        )
    if params.get("paid_out_of_band"):
        receive(world, invoice, invoice["amount_remaining"], off_stripe=True)
    else:
        charge(world, invoice, invoice["amount_remaining"])
    return invoice


def charge(world: World, invoice: Resource, amount: int) -> Resource:
    """Pay a part of it by card, at once."""
    intent = new_intent(world, invoice, amount, status="processing")
    payment = new_payment(world, invoice, intent)
    return succeed(world, invoice, payment)


def begin_payment(world: World, invoice: Resource) -> Resource:
    """Start a payment that takes days.

    Raises:
        Refusal: Unless the invoice is open.
    """
    _require(invoice, {"open"}, "paid")
    intent = new_intent(world, invoice, invoice["amount_remaining"], status="processing")
    return new_payment(world, invoice, intent)


def succeed(world: World, invoice: Resource, payment: Resource) -> Resource:
    """The money of a payment has arrived."""
    intent = world.find("payment_intent", payment["payment"]["payment_intent"])
    amount = payment["amount_requested"]
    charged = new_charge(world, invoice, intent, amount)
    intent |= {"status": "succeeded", "amount_received": amount, "latest_charge": charged["id"]}
    payment |= {"status": "paid", "amount_paid": amount}
    payment["status_transitions"]["paid_at"] = world.now()
    receive(world, invoice, amount)
    return charged


def fail_payment(world: World, invoice: Resource) -> None:
    """The payment on its way did not arrive; the invoice stays open."""
    payment = payment_in_flight(world, invoice)
    if payment is None:
        raise declined("The invoice has no payment in progress.")
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = world.now()
    world.find("payment_intent", payment["payment"]["payment_intent"])["status"] = "canceled"
    world.announce("invoice.payment_failed", invoice)


def receive(world: World, invoice: Resource, amount: int, *, off_stripe: bool = False) -> None:
    """Count money as paid; with nothing left the invoice is paid."""
    invoice["amount_paid"] += amount
    invoice["amount_remaining"] -= amount
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    if off_stripe:
        invoice["amount_paid_off_stripe"] = (invoice["amount_paid_off_stripe"] or 0) + amount
    if not invoice["amount_remaining"]:
        settle(world, invoice)


def settle(world: World, invoice: Resource) -> None:
    """Mark the invoice paid."""
    invoice["status"] = "paid"
    invoice["auto_advance"] = False
    invoice["status_transitions"]["paid_at"] = world.now()
    world.announce("invoice.paid", invoice)


def void(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/invoices/{id}/void`."""
    invoice = world.find("invoice", ids[0])
    _require(invoice, {"open", "uncollectible"}, "voided")
    if payment_in_flight(world, invoice):
        raise declined("You can't void an invoice whose payment is processing.")
    invoice |= {"status": "void", "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = world.now()
    world.announce("invoice.voided", invoice)
    return invoice


def write_off(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/invoices/{id}/mark_uncollectible`."""
    invoice = world.find("invoice", ids[0])
    _require(invoice, {"open"}, "marked uncollectible")
    invoice |= {"status": "uncollectible", "auto_advance": False}
    invoice["status_transitions"]["marked_uncollectible_at"] = world.now()
    world.announce("invoice.marked_uncollectible", invoice)
    return invoice


def _require(invoice: Resource, states: set[str], verb: str) -> None:
    if invoice["status"] not in states:
        raise declined(
            f"Invoice {invoice['id']} can't be {verb} because it is {invoice['status']}.",
            code="invoice_not_editable",
        )


# --- Refunds --------------------------------------------------------------------------------------


def create_refund(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/refunds`: a refund elsewhere, without a credit note."""
    if ("charge" in params) == ("payment_intent" in params):
        raise invalid("One of charge or payment_intent must be provided.", param="payment_intent")
    metadata = merged({}, params.get("metadata", {}))
    charged = _charge_named(world, params)
    amount = params.get("amount", charged["amount"] - charged["amount_refunded"])
    if amount <= 0:
        raise invalid("Invalid positive integer", param="amount")
    require_possible(amount, charged["currency"], param="amount")
    return refund(world, charged, amount, reason=params.get("reason"), metadata=metadata)


def _charge_named(world: World, params: dict[str, Any]) -> Resource:
    if "charge" in params:
        return world.find("charge", params["charge"], param="charge")
    intent = world.find("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["latest_charge"] is None:
        raise declined("This PaymentIntent does not have a successful charge to refund.")
    return world.find("charge", intent["latest_charge"])


def refund(
    world: World,
    charged: Resource,
    amount: int,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Resource:
    """Give a part of a charge back.

    Raises:
        Refusal: When the charge has less left.
    """
    left = charged["amount"] - charged["amount_refunded"]
    if amount > left:
        raise declined(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
            code="charge_already_refunded" if not left else None,
        )
    refunded = {
        "id": world.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charged["id"],
        "created": world.now(),
        "currency": charged["currency"],
        "metadata": metadata or {},
        "payment_intent": charged["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": world.options.refund_status,
    }
    world.put(refunded)
    charged["amount_refunded"] += amount
    charged["refunded"] = charged["amount_refunded"] == charged["amount"]
    world.announce("refund.created", refunded)
    world.announce("charge.refunded", charged)
    return refunded


def fail_refund(world: World, refunded: Resource, reason: str) -> None:
    """A refund that was given did not arrive: the charge has the money again."""
    if refunded["status"] in DEAD_REFUNDS:
        raise declined("The refund has failed already.")
    before = {"status": refunded["status"]}
    refunded |= {"status": "failed", "failure_reason": reason}
    charged = world.find("charge", refunded["charge"])
    charged["amount_refunded"] -= refunded["amount"]
    charged["refunded"] = False
    for kind in ("refund.updated", "refund.failed", "charge.refund.updated"):
        world.announce(kind, refunded, before if kind != "refund.failed" else None)


# --- New objects ----------------------------------------------------------------------------------


def new_intent(world: World, invoice: Resource, amount: int, *, status: str) -> Resource:
    """Put a PaymentIntent for an invoice."""
    return world.put(
        {
            "id": world.new_id("payment_intent"),
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": "automatic",
            "client_secret": None,
            "confirmation_method": "automatic",
            "created": world.now(),
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "latest_charge": None,
            "livemode": world.livemode,
            "metadata": {},
            "payment_method_types": ["card"],
            "status": status,
        }
    )


def new_payment(world: World, invoice: Resource, intent: Resource) -> Resource:
    """Put the link between an invoice and a PaymentIntent."""
    return world.put(
        {
            "id": world.new_id("invoice_payment"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": intent["amount"],
            "created": world.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": world.livemode,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def new_charge(world: World, invoice: Resource, intent: Resource, amount: int) -> Resource:
    """Put a successful charge."""
    return world.put(
        {
            "id": world.new_id("charge"),
            "object": "charge",
            "amount": amount,
            "amount_captured": amount,
            "amount_refunded": 0,
            "billing_details": {},
            "captured": True,
            "created": world.now(),
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "disputed": False,
            "livemode": world.livemode,
            "metadata": {},
            "paid": True,
            "payment_intent": intent["id"],
            "refunded": False,
            "status": "succeeded",
        }
    )


def tax_on(amount: int, percent: str, behavior: str) -> int:
    """The tax in, or on top of, an amount, rounded half up to a minor unit.

    >>> tax_on(10000, "19", "exclusive"), tax_on(11900, "19", "inclusive")
    (1900, 1900)
    """
    rate = Fraction(percent) / 100
    exact = amount * rate if behavior == "exclusive" else amount * rate / (1 + rate)
    return int(exact + Fraction(1, 2))
