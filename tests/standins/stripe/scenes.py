"""How a test sets the stage, and what happens on it meanwhile.

Everything is written in Stripe's own words, shortened; what is left out gets a plain default.
Instants are seconds since the epoch, amounts are in minor units as Stripe takes them.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from tests.standins.stripe import balances, invoices, notes
from tests.standins.stripe.world import Resource, World

Scene: TypeAlias = dict[str, Any]
MONTH = 30 * 86_400


def seed(world: World, scene: Scene) -> dict[str, list[str]]:
    """Put what a scene lists; the ids per kind, in the scene's order.

    Args:
        world: Where.
        scene: `{customers: [...], subscriptions: [...], invoices: [...]}`.
    """
    return {
        kind: [put(world, **described)["id"] for described in scene.get(kind, ())]
        for kind, put in SEEDS.items()
    }


def put_customer(world: World, *, balance: int = 0, **described: Any) -> Resource:
    """A customer; any of Stripe's own fields may be given, and an opening balance."""
    customer = balances.new_customer(world, **described)
    if balance:
        balances.book(
            world,
            customer,
            amount=balance,
            currency=customer["currency"] or "usd",
            kind="adjustment",
        )
    return customer


def put_subscription(
    world: World,
    *,
    customer: str,
    amount: int = 10_000,
    currency: str = "usd",
    period: tuple[int, int] | None = None,
    interval: str = "month",
    quantity: int = 1,
    **described: Any,
) -> Resource:
    """A subscription with one item; `period` is the current one, half-open."""
    identity = described.pop("id", None) or world.new_id("subscription")
    start, end = period or (world.now(), world.now() + MONTH)
    item = _item(world, identity, amount, currency, start=start, end=end)
    item["quantity"] = quantity
    for priced in (item["plan"], item["price"]["recurring"]):
        priced["interval"] = interval
    customer_object = world.find("customer", customer)
    customer_object["currency"] = customer_object["currency"] or currency
    return world.put(
        {
            "id": identity,
            "object": "subscription",
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": start,
            "billing_mode": {"type": "classic", "flexible": None, "updated_at": None},
            "billing_schedules": [],
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "collection_method": "charge_automatically",
            "created": start,
            "currency": currency,
            "customer": customer,
            "days_until_due": None,
            "description": None,
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": _list([item], f"/v1/subscription_items?subscription={identity}"),
            "latest_invoice": None,
            "livemode": world.livemode,
            "metadata": {},
            "pause_collection": None,
            "start_date": start,
            "status": "active",
            "trial_end": None,
            "trial_start": None,
        }
        | described
    )


def _item(
    world: World,
    subscription: str,
    amount: int,
    currency: str,
    *,
    start: int,
    end: int,
) -> Resource:
    shared = {
        "active": True,
        "billing_scheme": "per_unit",
        "created": start,
        "currency": currency,
        "id": f"price_{subscription}",
        "livemode": world.livemode,
        "metadata": {},
        "product": f"prod_{subscription}",
    }
    every = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
    return {
        "id": f"si_{subscription}",
        "object": "subscription_item",
        "created": start,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": {**shared, **every, "object": "plan", "amount": amount},
        "price": {
            **shared,
            "object": "price",
            "recurring": dict(every),
            "type": "recurring",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        },
        "quantity": 1,
        "subscription": subscription,
        "tax_rates": [],
    }


def put_invoice(
    world: World,
    *,
    customer: str,
    lines: list[Scene] | None = None,
    amount: int | None = None,
    currency: str = "usd",
    status: str = "paid",
    paid_with: str = "card",
    amount_paid: int = 0,
    in_flight: bool = False,
    subscription: str | None = None,
    period: tuple[int, int] | None = None,
    automatic_tax: bool = False,
    **described: Any,
) -> Resource:
    """An invoice in any state, with the payments that brought it there.

    Args:
        world: Where.
        customer: Whose.
        lines: Each `{amount, tax_percent?, tax_behavior?, period?, quantity?, description?, id?}`.
        amount: Instead of lines: one untaxed line of this amount.
        currency: Of all lines.
        status: `draft`, `open`, `paid`, `void` or `uncollectible`.
        paid_with: `card` or `out_of_band`.
        amount_paid: On an open invoice, what was paid already, by card.
        in_flight: On an open invoice, whether the rest is on its way.
        subscription: Which one it bills.
        period: Of the lines that name none, half-open.
        automatic_tax: Whether Stripe works the tax out.
        described: Stripe's own fields, such as `id`, `created`, `metadata`.
    """
    invoice = _draft(world, customer, subscription, period, {"currency": currency} | described)
    _put_lines(world, invoice, lines or [{"amount": amount or 0}], automatic_tax=automatic_tax)
    invoice |= described
    world.put(invoice)
    if status != "draft":
        _begin(world, invoice, amount_paid, in_flight=in_flight)
        _bring_to(world, invoice, status, paid_with)
    invoice |= described
    return invoice


def _draft(
    world: World,
    customer: str,
    subscription: str | None,
    period: tuple[int, int] | None,
    described: Scene,
) -> Resource:
    identity = described.get("id") or world.new_id("invoice")
    created = described.get("created", world.now())
    start, end = period or (created - MONTH, created)
    owner, currency = world.find("customer", customer), described["currency"]
    owner["currency"] = owner["currency"] or currency
    return {
        "id": identity,
        "object": "invoice",
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": None,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "billing_reason": "subscription_cycle" if subscription else "manual",
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer,
        "customer_email": owner["email"],
        "customer_name": owner["name"],
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "issuer": {"type": "self"},
        "livemode": world.livemode,
        "metadata": {},
        "number": None,
        "parent": _parent(world, subscription),
        "payment_settings": {},
        "period_end": end,
        "period_start": start,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
    }


def _parent(world: World, subscription: str | None) -> Resource | None:
    if subscription is None:
        return None
    metadata = dict(world.find("subscription", subscription)["metadata"])
    details = {"metadata": metadata, "subscription": subscription}
    return {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }


def _put_lines(
    world: World, invoice: Resource, described: list[Scene], *, automatic_tax: bool
) -> None:
    lines = [_line(world, invoice, one) for one in described]
    taxes = [tax for line in lines for tax in line["taxes"]]
    exclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal + exclusive
    net = total - sum(tax["amount"] for tax in taxes)
    url = f"/v1/invoices/{invoice['id']}/lines"
    shown = lines[: invoices.SHOWN_LINES]
    world.things.lines[invoice["id"]] = lines
    invoice |= {
        "automatic_tax": {
            "enabled": automatic_tax,
            "status": "complete" if automatic_tax else None,
        },
        "lines": _list(shown, url) | {"has_more": len(lines) > len(shown)},
        "subtotal": subtotal,
        "subtotal_excluding_tax": net,
        "total": total,
        "total_excluding_tax": net,
        "total_taxes": taxes,
        "amount_due": total,
        "amount_remaining": total,
    }


def _line(world: World, invoice: Resource, described: Scene) -> Resource:
    described = dict(described)
    percent = described.pop("tax_percent", "0")
    behavior = described.pop("tax_behavior", "exclusive")
    start, end = described.pop("period", (invoice["period_start"], invoice["period_end"]))
    amount = described["amount"]
    return {
        "id": world.new_id("line_item"),
        "object": "line_item",
        "currency": invoice["currency"],
        "description": "Subscription",
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": world.livemode,
        "metadata": {},
        "parent": _line_parent(invoice),
        "period": {"start": start, "end": end},
        "quantity": 1,
        "subscription": _subscription_of(invoice),
        "subtotal": amount,
        "taxes": _taxes(world, amount, percent, behavior),
    } | described


def _taxes(world: World, amount: int, percent: str, behavior: str) -> list[Resource]:
    if percent == "0":
        return []
    rate = f"txr_{behavior}_{percent.replace('.', '_')}"
    world.things.tax_rates[rate] = (percent, behavior)
    tax = invoices.tax_on(amount, percent, behavior)
    return [
        {
            "amount": tax,
            "tax_behavior": behavior,
            "tax_rate_details": {"tax_rate": rate},
            "taxability_reason": "standard_rated",
            "taxable_amount": amount - tax if behavior == "inclusive" else amount,
            "type": "tax_rate_details",
        }
    ]


def _subscription_of(invoice: Resource) -> str | None:
    parent = invoice["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


def _line_parent(invoice: Resource) -> Resource | None:
    subscription = _subscription_of(invoice)
    if subscription is None:
        return None
    return {
        "subscription_item_details": {
            "proration": False,
            "subscription": subscription,
            "subscription_item": f"si_{subscription}",
        },
        "type": "subscription_item_details",
    }


def _begin(world: World, invoice: Resource, amount_paid: int, *, in_flight: bool) -> None:
    invoices.finalize(world, (invoice["id"],), {})
    if amount_paid:
        invoices.charge(world, invoice, amount_paid)
    if in_flight:
        invoices.begin_payment(world, invoice)


def _bring_to(world: World, invoice: Resource, status: str, paid_with: str) -> None:
    ids = (invoice["id"],)
    if status == "paid" and invoice["status"] == "open":
        invoices.pay(world, ids, {"paid_out_of_band": paid_with == "out_of_band"})
    elif status == "void":
        invoices.void(world, ids, {})
    elif status == "uncollectible":
        invoices.write_off(world, ids, {})


def _list(items: list[Resource], url: str) -> Resource:
    return {"object": "list", "data": items, "has_more": False, "url": url}


SEEDS: dict[str, Callable[..., Resource]] = {
    "customers": put_customer,
    "subscriptions": put_subscription,
    "invoices": put_invoice,
}


# --- What happens meanwhile -----------------------------------------------------------------------


def act(world: World, action: Scene) -> Any:
    """Let something happen that no request of ours caused; `ACTIONS` lists what can.

    Raises:
        KeyError: For an action that does not exist.
        Refusal: When Stripe would not let it happen.
    """
    described = dict(action)
    return ACTIONS[described.pop("action")](world, **described)


def _invoice(world: World, invoice: str) -> Resource:
    return world.find("invoice", invoice)


def _succeed(world: World, invoice: str) -> Resource:
    payment = invoices.payment_in_flight(world, _invoice(world, invoice))
    if payment is None:
        raise ValueError(f"{invoice} has no payment on its way")
    return invoices.succeed(world, _invoice(world, invoice), payment)


def _refund(world: World, invoice: str, amount: int, **metadata: str) -> Resource:
    charge = invoices.charges_of(world, _invoice(world, invoice))[0]
    return invoices.refund(world, charge, amount, metadata=metadata)


def _change(world: World, kind: str, id: str, **fields: Any) -> Resource:  # noqa: A002 - the field is called so
    thing = world.find(kind, id)
    thing.update(fields)
    return thing


def _advance(world: World, **amounts: int) -> int:
    units = {"ms": 1, "seconds": 1000, "hours": 3_600_000, "days": 86_400_000}
    later = sum(units[unit] * amount for unit, amount in amounts.items())
    world.clock.set(now_ms=world.clock.now_ms() + later)
    return world.clock.now_ms()


ACTIONS: dict[str, Callable[..., Any]] = {
    "advance": _advance,
    "begin_payment": lambda world, invoice: invoices.begin_payment(world, _invoice(world, invoice)),
    "cancel_subscription": lambda world, subscription: balances.end_subscription(
        world, world.find("subscription", subscription)
    ),
    "change": _change,
    "credit": lambda world, customer, **params: balances.create_entry(world, (customer,), params),
    "delete_customer": lambda world, customer: balances.delete_customer(world, (customer,), {}),
    "fail_payment": lambda world, invoice: invoices.fail_payment(world, _invoice(world, invoice)),
    "fail_refund": lambda world, refund, reason="lost_or_stolen_card": invoices.fail_refund(
        world, world.find("refund", refund), reason
    ),
    "finalize": lambda world, invoice: invoices.finalize(world, (invoice,), {}),
    "issue_note": lambda world, **params: notes.create(world, (), params),
    "mark_uncollectible": lambda world, invoice: invoices.write_off(world, (invoice,), {}),
    "pay": lambda world, invoice, **params: invoices.pay(world, (invoice,), params),
    "refund": _refund,
    "succeed_payment": _succeed,
    "void_invoice": lambda world, invoice: invoices.void(world, (invoice,), {}),
    "void_note": lambda world, note: notes.void(world, (note,), {}),
}
