"""Credit notes: what they may be, what they do to the invoice, and how they are taken back."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.standins.stripe import invoices
from tests.standins.stripe.balances import book, living_customer
from tests.standins.stripe.currencies import require_possible
from tests.standins.stripe.invoices import tax_on
from tests.standins.stripe.metadata import merged
from tests.standins.stripe.refusals import declined, invalid, missing
from tests.standins.stripe.world import Resource, World

PARTS = ("credit_amount", "refund_amount", "out_of_band_amount")
WAYS = ("amount", "lines", "shipping_cost")
LONGEST_MEMO = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One credited line, worked out.

    Attributes:
        given: What the request asked for.
        amount: Without exclusive tax, with inclusive tax.
        tax: How much tax comes on top or is within.
        behavior: `exclusive` or `inclusive`.
        rate: The tax rate's id, if there is tax.
        source: The id of the invoice's line, if it is one.
    """

    given: dict[str, Any]
    amount: int
    tax: int = 0
    behavior: str = "exclusive"
    rate: str | None = None
    source: str | None = None

    @property
    def total(self) -> int:
        """With all tax."""
        return self.amount + (self.tax if self.behavior == "exclusive" else 0)

    @property
    def net(self) -> int:
        """Without any tax."""
        return self.total - self.tax


def create(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/credit_notes`."""
    plan = _Plan.of(world, params)
    note = plan.note(world.new_id("credit_note"))
    world.put(note)
    _keep_lines(world, note, plan)
    plan.carry_out(note)
    world.announce("credit_note.created", note)
    if params.get("email_type", "credit_note") == "credit_note":
        world.things.mails.append(
            {"kind": "credit_note", "credit_note": note["id"], "customer": note["customer"]}
        )
    return note


def preview(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`GET /v1/credit_notes/preview`: the same judgement, and nothing happens."""
    plan = _Plan.of(world, params)
    note = plan.note("cn_preview")
    note["lines"]["data"] = plan.line_items("cn_preview", lambda: "cnli_preview")
    return note


def void(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/credit_notes/{id}/void`: only while the invoice is open; restores what remains."""
    note = world.find("credit_note", ids[0])
    if note["status"] == "void":
        raise declined("This credit note has already been voided.")
    invoice = world.find("invoice", note["invoice"])
    if invoice["status"] != "open":
        raise declined(
            f"You can only void a credit note of an open invoice; {invoice['id']} is "
            f"{invoice['status']}."
        )
    if invoices.payment_in_flight(world, invoice):
        raise declined("You can't void a credit note while the invoice's payment is processing.")
    note |= {"status": "void", "voided_at": world.now()}
    _reduce(invoice, pre=-note["pre_payment_amount"], post=0)
    world.announce("credit_note.voided", note)
    return note


def update(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/credit_notes/{id}`: memo and metadata alone."""
    note = world.find("credit_note", ids[0])
    before = {name: note[name] for name in params}
    memo = _memo({"memo": note["memo"]} | params)
    note |= {"memo": memo, "metadata": merged(note["metadata"], params.get("metadata", {}))}
    world.announce("credit_note.updated", note, before)
    return note


@dataclass(frozen=True, slots=True)
class _Plan:
    """A credit note that may be issued: judged, but not yet done."""

    world: World
    params: dict[str, Any]
    metadata: dict[str, str]
    invoice: Resource
    lines: tuple[Line, ...]
    total: int
    pre: int

    @classmethod
    def of(cls, world: World, params: dict[str, Any]) -> "_Plan":
        """The plan of a request.

        Raises:
            Refusal: When anything forbids the note.
        """
        _check_form(params)
        metadata = merged({}, params.get("metadata", {}))
        invoice = _creditable_invoice(world, params["invoice"])
        if "credit_amount" in params:
            living_customer(world, invoice["customer"], param="credit_amount")
        lines = _lines(world, invoice, params)
        total = sum(line.total for line in lines)
        if total <= 0:
            raise declined("The credit note's total must be greater than 0.", param="amount")
        _check_currency(params, total, invoice["currency"])
        pre = min(total, invoice["amount_remaining"]) if invoice["status"] == "open" else 0
        plan = cls(world, params, metadata, invoice, lines, total, pre)
        plan._check()
        return plan

    @property
    def post(self) -> int:
        """What must be refunded, credited or given outside Stripe."""
        return self.total - self.pre

    def _check(self) -> None:
        linked = sum(amount for _, amount in self._linked())
        _check_cap(self.world, self.invoice, self.total, linked)
        given = sum(self.params.get(name, 0) for name in PARTS) + linked
        if given != self.post:
            raise declined(
                "The sum of refunds, customer balance credits and out of band amounts "
                f"({given}) must equal the post payment amount ({self.post}).",
                param="amount",
            )
        left = invoices.refundable(self.world, self.invoice)
        if self.params.get("refund_amount", 0) > left:
            raise _too_little_paid(self.params["refund_amount"], left)

    def _linked(self) -> list[tuple[str, int]]:
        """The refunds made before that the note names, and how much of each."""
        parts = []
        used = invoices.linked_refunds(self.world, self.invoice)
        known = {refund["id"]: refund for refund in invoices.refunds_of(self.world, self.invoice)}
        for number, part in enumerate(self.params.get("refunds", [])):
            param = f"refunds[{number}][refund]"
            refund = known.get(part.get("refund", ""))
            if refund is None:
                raise missing("refund", part.get("refund", ""), param=param)
            left = refund["amount"] - used.get(refund["id"], 0)
            amount = part.get("amount_refunded", left)
            if not 0 < amount <= left:
                raise declined(f"Refund {refund['id']} has {left} left to link.", param=param)
            parts.append((refund["id"], amount))
        return parts

    def note(self, identity: str) -> Resource:
        """The note as it is before its parts are carried out."""
        invoice, params, now = self.invoice, self.params, self.world.now()
        count = len(self.world.shelf("credit_note").of(invoice=invoice["id"]))
        return {
            "id": identity,
            "object": "credit_note",
            "amount": self.total,
            "amount_shipping": 0,
            "created": now,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "customer_account": None,
            "customer_balance_transaction": None,
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": params.get("effective_at", now),
            "invoice": invoice["id"],
            "lines": _list([], f"/v1/credit_notes/{identity}/lines"),
            "livemode": self.world.livemode,
            "memo": _memo(params),
            "metadata": self.metadata,
            "number": f"{invoice['number']}-CN-{count + 1:02d}",
            "out_of_band_amount": params.get("out_of_band_amount"),
            "pdf": f"https://pay.stripe.com/credit_notes/acct_{self.world.account}/{identity}/pdf",
            "post_payment_amount": self.post,
            "pre_payment_amount": self.pre,
            "pretax_credit_amounts": [],
            "reason": params.get("reason"),
            "refunds": [_refund_part(refund, amount) for refund, amount in self._linked()],
            "shipping_cost": None,
            "status": "issued",
            "subtotal": sum(line.amount for line in self.lines),
            "subtotal_excluding_tax": sum(line.net for line in self.lines),
            "total": self.total,
            "total_excluding_tax": sum(line.net for line in self.lines),
            "total_taxes": [tax for line in self.lines for tax in _taxes(line)],
            "type": "mixed" if self.pre and self.post else _type(pre=bool(self.pre)),
            "voided_at": None,
        }

    def line_items(self, note: str, new_id: Any) -> list[Resource]:
        """The lines as Stripe shows them."""
        return [_line_item(line, new_id(), livemode=self.world.livemode) for line in self.lines]

    def carry_out(self, note: Resource) -> None:
        """Refund, credit the balance and lower what remains of the invoice."""
        if refund_amount := self.params.get("refund_amount"):
            note["refunds"] += self._refund(refund_amount)
        if credit_amount := self.params.get("credit_amount"):
            entry = book(
                self.world,
                self.world.find("customer", self.invoice["customer"]),
                amount=-credit_amount,
                currency=self.invoice["currency"],
                kind="credit_note",
                credit_note=note["id"],
            )
            note["customer_balance_transaction"] = entry["id"]
        _reduce(self.invoice, pre=self.pre, post=self.post)
        if self.invoice["status"] == "open" and not self.invoice["amount_remaining"]:
            invoices.settle(self.world, self.invoice)

    def _refund(self, amount: int) -> list[Resource]:
        parts = []
        for charge in invoices.charges_of(self.world, self.invoice):
            part = min(amount, charge["amount"] - charge["amount_refunded"])
            if part:
                refund = invoices.refund(self.world, charge, part)
                parts.append(_refund_part(refund["id"], part))
                amount -= part
        return parts


# --- Judging --------------------------------------------------------------------------------------


def _check_form(params: dict[str, Any]) -> None:
    """What is wrong whatever the invoice is like: nothing is begun."""
    given = [name for name in WAYS if name in params]
    if len(given) != 1:
        raise invalid(
            f"You must provide exactly one of amount, lines or shipping_cost, not {given}.",
            param="amount",
        )
    for name in ("amount", *PARTS):
        if params.get(name, 1) <= 0:
            raise invalid(f"Invalid positive integer for {name}.", param=name)
    _memo(params)


def _memo(params: dict[str, Any]) -> str | None:
    memo: str | None = params.get("memo")
    if memo is not None and len(memo) > LONGEST_MEMO:
        raise invalid(f"The memo can have up to {LONGEST_MEMO} characters.", param="memo")
    return memo


def _creditable_invoice(world: World, identity: str) -> Resource:
    invoice = world.find("invoice", identity, param="invoice")
    if invoice["status"] not in {"open", "paid"}:
        raise declined(
            f"You can only create credit notes for open or paid invoices; {identity} is "
            f"{invoice['status']}.",
            param="invoice",
        )
    if invoice["status"] == "open" and invoices.payment_in_flight(world, invoice):
        raise declined(
            f"You can't create a credit note for {identity} while a payment is processing.",
            param="invoice",
        )
    return invoice


def _check_currency(params: dict[str, Any], total: int, currency: str) -> None:
    for name in ("amount", *PARTS):
        if name in params:
            require_possible(params[name], currency, param=name)
    require_possible(total, currency, param="lines")


def _check_cap(world: World, invoice: Resource, total: int, linked: int) -> None:
    notes = world.shelf("credit_note").of(invoice=invoice["id"], status="issued")
    credited = sum(note["total"] for note in notes)
    # A refund that this note links is no longer made elsewhere: it counts once, within the note.
    elsewhere = invoices.refunded_elsewhere(world, invoice) - linked
    left = invoice["total"] - credited - elsewhere
    if total > left:
        raise declined(
            f"The credit note's total ({total}) exceeds the maximum creditable amount ({left}).",
            param="amount",
        )


def _too_little_paid(amount: int, left: int) -> Exception:
    return declined(
        f"The refund amount ({amount}) is greater than what is left of the charges ({left}).",
        param="refund_amount",
    )


# --- Lines ----------------------------------------------------------------------------------------


def _lines(world: World, invoice: Resource, params: dict[str, Any]) -> tuple[Line, ...]:
    if "shipping_cost" in params:
        raise declined("The invoice has no shipping cost.", param="shipping_cost")
    if "amount" in params:
        return (_whole(invoice, params["amount"]),)
    lines = tuple(
        _line(world, invoice, given, f"lines[{number}]")
        for number, given in enumerate(params["lines"])
    )
    _check_line_caps(world, invoice, lines)
    return lines


def _whole(invoice: Resource, amount: int) -> Line:
    """A note of a bare amount; under automatic tax its share of the invoice's tax is within."""
    tax = invoice["total"] - invoice["total_excluding_tax"]
    if not invoice["automatic_tax"]["enabled"] or not tax:
        return Line({"description": "Credit"}, amount)
    share = int(Fraction(amount * tax, invoice["total"]) + Fraction(1, 2))
    rate = invoice["total_taxes"][0]["tax_rate_details"]["tax_rate"]
    return Line({"description": "Credit"}, amount - share, share, "exclusive", rate)


def _line(world: World, invoice: Resource, given: dict[str, Any], param: str) -> Line:
    automatic = invoice["automatic_tax"]["enabled"]
    if automatic and ("tax_amounts" in given or given["type"] == "custom_line_item"):
        raise declined(
            "Neither custom line items nor tax amounts are possible under automatic tax.",
            param=f"{param}[type]",
        )
    if given["type"] == "custom_line_item":
        return _custom_line(world, given, param)
    return _invoice_line(world, invoice, given, param)


def _custom_line(world: World, given: dict[str, Any], param: str) -> Line:
    for name in ("amount", "invoice_line_item"):
        if name in given:
            raise invalid(f"{name} is only valid for invoice_line_item.", param=f"{param}[{name}]")
    if ("unit_amount" in given) == ("unit_amount_decimal" in given):
        raise invalid(
            "One of unit_amount and unit_amount_decimal is needed.", param=f"{param}[unit_amount]"
        )
    if "quantity" not in given or "description" not in given:
        raise invalid("quantity and description are needed.", param=f"{param}[quantity]")
    unit = Fraction(
        given["unit_amount"] if "unit_amount" in given else given["unit_amount_decimal"]
    )
    amount = int(unit * given["quantity"] + Fraction(1, 2))
    rates = given.get("tax_rates") or []
    if len(rates) > 1:
        raise invalid("The stand-in knows one tax rate per line.", param=f"{param}[tax_rates]")
    if not rates:
        return Line(given, amount, *_given_tax(given))
    if rates[0] not in world.things.tax_rates:
        raise missing("tax_rate", rates[0], param=f"{param}[tax_rates][0]")
    percent, behavior = world.things.tax_rates[rates[0]]
    return Line(given, amount, tax_on(amount, percent, behavior), behavior, rates[0])


def _given_tax(given: dict[str, Any]) -> tuple[int, str, str | None]:
    taxes = given.get("tax_amounts") or []
    rate = taxes[0]["tax_rate"] if taxes else None
    return sum(tax["amount"] for tax in taxes), "exclusive", rate


def _invoice_line(world: World, invoice: Resource, given: dict[str, Any], param: str) -> Line:
    for name in ("description", "unit_amount", "unit_amount_decimal", "tax_rates"):
        if name in given:
            raise invalid(f"{name} is only valid for custom_line_item.", param=f"{param}[{name}]")
    if ("amount" in given) == ("quantity" in given):
        raise invalid("One of amount and quantity is needed.", param=f"{param}[amount]")
    lines = {line["id"]: line for line in world.things.lines[invoice["id"]]}
    source = lines.get(given.get("invoice_line_item", ""))
    if source is None:
        raise missing(
            "invoice line item",
            given.get("invoice_line_item", ""),
            param=f"{param}[invoice_line_item]",
        )
    return _share(world, invoice, source, given, param)


def _share(
    world: World, invoice: Resource, source: Resource, given: dict[str, Any], param: str
) -> Line:
    amount = _asked(source, given, param)
    if given.get("tax_amounts"):
        return Line(given, amount, *_given_tax(given), source["id"])
    if not source["taxes"]:
        return Line(given, amount, source=source["id"])
    rate = source["taxes"][0]["tax_rate_details"]["tax_rate"]
    percent, behavior = world.things.tax_rates[rate]
    if behavior == "inclusive" and invoice["automatic_tax"]["enabled"] and "amount" in given:
        # Under automatic tax a given amount excludes the tax that the price includes.
        tax = tax_on(amount, percent, "exclusive")
        return Line(given, amount + tax, tax, behavior, rate, source["id"])
    return Line(given, amount, tax_on(amount, percent, behavior), behavior, rate, source["id"])


def _asked(source: Resource, given: dict[str, Any], param: str) -> int:
    if "amount" in given:
        amount: int = given["amount"]
        if amount <= 0:
            raise invalid("Invalid positive integer", param=f"{param}[amount]")
        return amount
    if not 0 < given["quantity"] <= (source["quantity"] or 0):
        raise declined(
            f"The line has a quantity of {source['quantity']}.", param=f"{param}[quantity]"
        )
    return int(Fraction(source["amount"] * given["quantity"], source["quantity"]) + Fraction(1, 2))


def _check_line_caps(world: World, invoice: Resource, lines: tuple[Line, ...]) -> None:
    credited: dict[str, int] = {}
    for note in world.shelf("credit_note").of(invoice=invoice["id"], status="issued"):
        for item in world.things.note_lines[note["id"]]:
            if source := item["invoice_line_item"]:
                credited[source] = credited.get(source, 0) + item["amount"]
    limits = {line["id"]: line["amount"] for line in world.things.lines[invoice["id"]]}
    for number, line in enumerate(lines):
        if line.source is None:
            continue
        credited[line.source] = credited.get(line.source, 0) + line.amount
        if credited[line.source] > limits[line.source]:
            raise declined(
                f"The credited amount of {line.source} exceeds the line's {limits[line.source]}.",
                param=f"lines[{number}][amount]",
            )


# --- Shapes ---------------------------------------------------------------------------------------


def _keep_lines(world: World, note: Resource, plan: _Plan) -> None:
    items = plan.line_items(note["id"], lambda: world.new_id("line_item").replace("il_", "cnli_"))
    world.things.note_lines[note["id"]] = items
    shown = items[: invoices.SHOWN_LINES]
    note["lines"] |= {"data": shown, "has_more": len(items) > len(shown)}


def _line_item(line: Line, identity: str, *, livemode: bool) -> Resource:
    given = line.given
    decimal = given.get("unit_amount_decimal")
    return {
        "id": identity,
        "object": "credit_note_line_item",
        "amount": line.amount,
        "description": given.get("description"),
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": line.source,
        "livemode": livemode,
        "metadata": given.get("metadata", {}),
        "pretax_credit_amounts": [],
        "quantity": given.get("quantity"),
        "tax_rates": [],
        "taxes": _taxes(line),
        "type": "invoice_line_item" if line.source else "custom_line_item",
        "unit_amount": given.get("unit_amount"),
        "unit_amount_decimal": None if decimal is None else f"{decimal:f}",
    }


def _taxes(line: Line) -> list[Resource]:
    if line.rate is None:
        return []
    return [
        {
            "amount": line.tax,
            "tax_behavior": line.behavior,
            "tax_rate_details": {"tax_rate": line.rate},
            "taxability_reason": "standard_rated",
            "taxable_amount": line.net,
            "type": "tax_rate_details",
        }
    ]


def _type(*, pre: bool) -> str:
    return "pre_payment" if pre else "post_payment"


def _refund_part(refund: str, amount: int) -> Resource:
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund,
        "type": "refund",
    }


def _reduce(invoice: Resource, *, pre: int, post: int) -> None:
    invoice["pre_payment_credit_notes_amount"] += pre
    invoice["post_payment_credit_notes_amount"] += post
    invoice["amount_remaining"] -= pre
    invoice["amount_due"] -= pre


def _list(items: list[Resource], url: str) -> Resource:
    return {"object": "list", "data": items, "has_more": False, "url": url}
