"""Credit notes and balance entries: their exact parameters, and whether what is there is as asked.

The parameters are made once, from a fresh preview, and frozen. What is found or answered later is
held against them field by field; nothing is taken for equal that was not compared. A note is made
of a bare amount, tax included, so that what is asked for is the total to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.billing import Found, FoundState, PartIntent
from connectors.billing._connection import STRIPE_VERSION, Connection, Plain
from connectors.billing._metadata import (
    LONGEST_DESCRIPTION,
    LONGEST_MEMO,
    of_part,
    part_key,
    shortened,
    texts,
)
from connectors.billing._picture import (
    DEAD_REFUNDS,
    Standing,
    id_of,
    retrieved_customer,
    standing,
)
from connectors.billing._units import from_wire, to_wire
from connectors.errors import Permanent
from models.contract import Payout
from models.money import Money
from models.payment import Channel, Part
from models.terms import JsonValue

REASON = "product_unsatisfactory"
NO_MAIL = "none"
"""The usual is a mail to the customer; telling clients is the notice's business."""

PAYOUT_FIELDS: Mapping[Payout, str] = {
    Payout.CUSTOMER_BALANCE: "credit_amount",
    Payout.REFUND: "refund_amount",
    Payout.OUT_OF_BAND: "out_of_band_amount",
}
"""Where the part of a note goes that is above what is still to be paid."""

UNSEEN = ("email_type", "memo", "metadata")
"""What a preview need not know: it is a GET, and its address should stay short."""

OWN_ENTRY = "adjustment"
"""The type of a balance entry that somebody made, and not an invoice or a note."""


# --- Freezing the parameters ----------------------------------------------------------------------


def note_intent(
    line: Connection, part: Part, *, memo: str, metadata: Mapping[str, str]
) -> PartIntent:
    """A part as a credit note, previewed.

    Raises:
        Permanent: Stripe would refuse it, or the preview is not what was planned.
        Retriable: Stripe could not be asked.
    """
    _require(part.total.minor > 0, part, f"a note of {part.total} takes nothing back")
    _require(len(memo) <= LONGEST_MEMO, part, f"a memo of {len(memo)} characters is too long")
    invoice = line.read("GET /v1/invoices/{id}", lambda: line.v1.invoices.retrieve(part.invoice))
    stands = standing(line, invoice)
    _require_target(part, invoice, stands)
    split = _Split.of(to_wire(part.total), invoice)
    parameters = {
        "invoice": part.invoice,
        "amount": split.total,
        **({PAYOUT_FIELDS[part.payout]: split.post} if split.post else {}),
        "reason": REASON,
        "email_type": NO_MAIL,
        "metadata": of_part(part.key, metadata),
        **({"memo": memo} if memo.strip() else {}),
    }
    preview = _previewed(line, part, parameters)
    _require_as_planned(part, preview, split)
    return PartIntent(part, parameters, memo, _note_facts(invoice, stands, preview, split))


@dataclass(frozen=True, slots=True)
class _Split:
    """How a note divides, in wire units: what lowers the invoice first, and what goes elsewhere."""

    total: int
    pre: int

    @property
    def post(self) -> int:
        """What is refunded, credited or given outside of Stripe."""
        return self.total - self.pre

    @classmethod
    def of(cls, total: int, invoice: Plain) -> _Split:
        """Source: docs.stripe.com/api/credit_notes/create (`amount_remaining` is lowered first)."""
        remaining = invoice["amount_remaining"] if invoice["status"] == "open" else 0
        return cls(total, min(total, remaining))


def _require(holds: bool, part: Part, fact: str) -> None:  # noqa: FBT001 - a condition, not a switch
    """Raises `Permanent` with the fact unless it holds."""
    if not holds:
        raise Permanent(f"stripe {part.key}: {fact}. Plan it anew; nothing was sent.")


def _require_target(part: Part, invoice: Plain, stands: Standing) -> None:
    status, code = invoice["status"], invoice["currency"].upper()
    _require(status in {"open", "paid"}, part, f"{part.invoice} is {status}, so it takes no note")
    _require(not stands.payment_in_flight, part, f"a payment of {part.invoice} is under way")
    _require(
        code == part.total.currency.code,
        part,
        f"{part.invoice} is in {code}, the part in {part.total.currency.code}",
    )
    owner = id_of(invoice["customer"])
    _require(owner == part.customer, part, f"{part.invoice} is {owner}'s, not {part.customer}'s")
    _require(
        to_wire(part.total) <= stands.creditable,
        part,
        f"{part.total} is more than the {from_wire(max(stands.creditable, 0), code)} that "
        f"can still be credited on {part.invoice}",
    )


def _previewed(line: Connection, part: Part, parameters: Mapping[str, JsonValue]) -> Plain:
    asked = {name: value for name, value in parameters.items() if name not in UNSEEN}
    try:
        return line.read(
            "GET /v1/credit_notes/preview", lambda: line.v1.credit_notes.preview(dict(asked))
        )
    except Permanent as error:
        message = f"stripe {part.key}: the preview is refused: {error}"
    raise Permanent(message, status=400)


def _require_as_planned(part: Part, preview: Plain, split: _Split) -> None:
    shown = {
        "total": (preview.get("total"), split.total),
        "pre_payment_amount": (preview.get("pre_payment_amount"), split.pre),
        "post_payment_amount": (preview.get("post_payment_amount"), split.post),
        "currency": (preview.get("currency"), part.total.currency.code.lower()),
    }
    wrong = [f"{name} {got} for {asked}" for name, (got, asked) in shown.items() if got != asked]
    _require(not wrong, part, f"the preview is not what was planned: {', '.join(wrong)}")


def _note_facts(
    invoice: Plain, stands: Standing, preview: Plain, split: _Split
) -> dict[str, JsonValue]:
    """What the parameters were made from, in wire units."""
    return {
        "stripe_version": STRIPE_VERSION,
        "livemode": bool(invoice.get("livemode")),
        "invoice_status": invoice["status"],
        "invoice_total": invoice["total"],
        "amount_remaining": invoice["amount_remaining"],
        "creditable": stands.creditable,
        "pre_payment_amount": split.pre,
        "post_payment_amount": split.post,
        "total": split.total,
        "total_excluding_tax": preview.get("total_excluding_tax"),
    }


def entry_intent(
    line: Connection, part: Part, *, memo: str, metadata: Mapping[str, str]
) -> PartIntent:
    """A part as an entry on the customer's balance: negative at Stripe is a credit.

    Source: docs.stripe.com/api/customer_balance_transactions/create (sign, currency).

    Raises:
        Permanent: The customer is gone or billed in another currency, or the amount cannot travel.
        Retriable: Stripe could not be asked.
    """
    _require(part.total.minor != 0, part, "an entry of nothing")
    code = part.total.currency.code
    customer = retrieved_customer(line, part.customer)
    _require(not customer.get("deleted"), part, f"customer {part.customer} does not exist (now)")
    bound = (customer.get("currency") or "").upper()
    _require(bound in {"", code}, part, f"{part.customer} is billed in {bound}, not in {code}")
    parameters = {
        "amount": -to_wire(part.total),
        "currency": code.lower(),
        "metadata": of_part(part.key, metadata),
        **({"description": _description(memo)} if memo.strip() else {}),
    }
    facts = {
        "stripe_version": STRIPE_VERSION,
        "livemode": bool(customer.get("livemode")),
        "customer_currency": bound,
        "balance": (customer.get("invoice_credit_balance") or {}).get(code.lower(), 0),
    }
    return PartIntent(part, parameters, memo, facts)


def _description(memo: str) -> str:
    return shortened(memo, longest=LONGEST_DESCRIPTION)


# --- Comparing ------------------------------------------------------------------------------------


def differences(thing: Plain, intent: PartIntent) -> tuple[str, ...]:
    """What is not as the intent asks, one fact each; empty when all is."""
    asked, found = _asked_of(intent), _found_in(thing, intent)
    wrong = [
        f"{name} is {found.get(name)!r}, asked was {value!r}"
        for name, value in asked.items()
        if found.get(name) != value
    ]
    return tuple(wrong)


def _asked_of(intent: PartIntent) -> dict[str, Any]:
    """The fields that must agree, under our own names, in wire units."""
    parameters, part = intent.parameters, intent.part
    common = {
        "kind": "credit_note" if part.channel is Channel.CREDIT_NOTE else OWN_ENTRY,
        "customer": part.customer,
        "currency": part.total.currency.code.lower(),
        "total": parameters["amount"],
        "live": intent.facts["livemode"],
        **{f"metadata.{name}": text for name, text in parameters["metadata"].items()},
    }
    if part.channel is not Channel.CREDIT_NOTE:
        return {**common, "words": parameters.get("description")}
    elsewhere = {field: parameters.get(field, 0) for field in PAYOUT_FIELDS.values()}
    before = parameters["amount"] - sum(elsewhere.values())
    return {
        **common,
        **elsewhere,
        "pre_payment_amount": before,
        "invoice": parameters["invoice"],
        "reason": parameters["reason"],
        "words": parameters.get("memo"),
    }


def _found_in(thing: Plain, intent: PartIntent) -> dict[str, Any]:
    kept = texts(thing.get("metadata"))
    common = {
        "kind": thing.get("type") if is_entry(thing) else thing.get("object"),
        "customer": id_of(thing.get("customer")),
        "currency": thing.get("currency"),
        "live": thing.get("livemode"),
        **{f"metadata.{name}": kept.get(name) for name in intent.parameters["metadata"]},
    }
    if is_entry(thing):
        return {**common, "total": thing.get("amount"), "words": thing.get("description")}
    return {**common, **_parts_of_note(thing)}


def _parts_of_note(note: Plain) -> dict[str, Any]:
    links = note.get("refunds") or []
    refunded = sum(_whole(link.get("amount_refunded")) for link in links)
    outside = _whole(note.get("out_of_band_amount"))
    return {
        "total": note.get("total"),
        "pre_payment_amount": note.get("pre_payment_amount"),
        "refund_amount": refunded,
        "out_of_band_amount": outside,
        "credit_amount": _whole(note.get("post_payment_amount")) - refunded - outside,
        "invoice": id_of(note.get("invoice")),
        "reason": note.get("reason"),
        "words": note.get("memo"),
    }


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


# --- Finding --------------------------------------------------------------------------------------


def is_entry(thing: Plain) -> bool:
    """Whether it is a balance entry, and not a note."""
    return thing.get("object") == "customer_balance_transaction"


def notes(line: Connection, asked: Mapping[str, Any]) -> Iterator[Plain]:
    """Credit notes with their refunds, all pages, newest first."""
    wanted = {**asked, "expand": ["data.refunds.refund"]}
    yield from line.pages("GET /v1/credit_notes", line.v1.credit_notes.list, wanted)


def entries(line: Connection, customer: str, asked: Mapping[str, Any]) -> Iterator[Plain]:
    """What somebody put on a customer's balance, all pages, newest first.

    Entries that notes and invoices made are theirs. A customer that is gone has no balance.
    """
    try:
        for entry in line.pages(
            "GET /v1/customers/{id}/balance_transactions",
            lambda params: line.v1.customers.balance_transactions.list(customer, params),
            asked,
        ):
            if entry.get("type") == OWN_ENTRY:
                yield entry
    except Permanent as error:
        if error.status != _GONE or not retrieved_customer(line, customer).get("deleted"):
            raise


_GONE = 404


def as_found(thing: Plain, intent: PartIntent | None = None) -> Found:
    """A note or an entry in our words, compared with the intent if there is one."""
    wire = -thing["amount"] if is_entry(thing) else thing["total"]
    wrong = differences(thing, intent) if intent else ()
    return Found(
        id=thing["id"],
        key=part_key(thing),
        state=_state(thing),
        amount=from_wire(wire, thing["currency"]),
        customer=id_of(thing.get("customer")),
        invoice="" if is_entry(thing) else id_of(thing.get("invoice")),
        equal=not wrong if intent else None,
        differs=wrong,
        created_at=thing["created"] * 1000,
        returned=_returned(thing),
    )


def _returned(thing: Plain) -> Money | None:
    """How much came back: all of a void note, or what was refunded in vain."""
    if thing.get("status") == "void":
        return from_wire(thing["total"], thing["currency"])
    dead = _dead_refunds(thing)
    sums = sum(_whole(link.get("amount_refunded")) for link in dead)
    return from_wire(sums, thing["currency"]) if dead else None


def _dead_refunds(thing: Plain) -> list[Plain]:
    links = thing.get("refunds") or []
    refunds = [(link, link.get("refund")) for link in links]
    return [
        link for link, one in refunds if isinstance(one, dict) and one.get("status") in DEAD_REFUNDS
    ]


def _state(thing: Plain) -> FoundState:
    if thing.get("status") == "void":
        return FoundState.VOID
    return FoundState.FAILED if _dead_refunds(thing) else FoundState.LIVE
