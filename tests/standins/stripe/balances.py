"""The customer's credit balance: immutable entries, per currency; negative is credit."""

from typing import Any

from tests.standins.stripe.currencies import require_known, require_possible
from tests.standins.stripe.metadata import merged
from tests.standins.stripe.refusals import declined, invalid, missing
from tests.standins.stripe.world import Resource, World

LARGEST = 999_999_999_999


def living_customer(world: World, identity: str, *, param: str = "id") -> Resource:
    """The customer with an id.

    Raises:
        Refusal: When there is none, or it was deleted.
    """
    customer = world.find("customer", identity, param=param)
    if customer.get("deleted"):
        raise missing("customer", identity, param=param)
    return customer


def create_entry(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/customers/{customer}/balance_transactions`."""
    amount, currency = params["amount"], params["currency"]
    require_known(currency)
    if not amount:
        raise invalid("The amount must not be 0.", param="amount")
    if abs(amount) > LARGEST:
        raise invalid(f"The amount must be at most {LARGEST}.", param="amount")
    require_possible(amount, currency, param="amount")
    metadata = merged({}, params.get("metadata", {}))
    customer = living_customer(world, ids[0])
    return book(
        world,
        customer,
        amount=amount,
        currency=currency,
        kind="adjustment",
        metadata=metadata,
        description=params.get("description"),
    )


def book(
    world: World,
    customer: Resource,
    *,
    amount: int,
    currency: str,
    kind: str,
    metadata: dict[str, str] | None = None,
    description: str | None = None,
    credit_note: str | None = None,
    invoice: str | None = None,
) -> Resource:
    """Add an entry and move the balance; a customer without currency takes this one."""
    before = {"balance": customer["balance"], "currency": customer["currency"]}
    customer["currency"] = customer["currency"] or currency
    balances = customer["invoice_credit_balance"]
    balances[currency] = balances.get(currency, 0) + amount
    customer["balance"] = balances.get(customer["currency"], 0)
    entry = {
        "id": world.new_id("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": world.now(),
        "credit_note": credit_note,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "description": description,
        "ending_balance": balances[currency],
        "invoice": invoice,
        "livemode": world.livemode,
        "metadata": metadata or {},
        "type": kind,
    }
    world.put(entry)
    world.announce("customer.updated", customer, before)
    return entry


def entry_of(world: World, ids: tuple[str, ...]) -> Resource:
    """An entry of this customer.

    Raises:
        Refusal: When the customer has no such entry.
    """
    entry = world.find("customer_balance_transaction", ids[1])
    if entry["customer"] != ids[0]:
        raise missing("customer_balance_transaction", ids[1])
    return entry


def update_entry(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/customers/{customer}/balance_transactions/{id}`: words alone may change."""
    metadata = params.get("metadata")
    entry = entry_of(world, ids)
    if metadata is not None:
        entry["metadata"] = merged(entry["metadata"], metadata)
    if "description" in params:
        entry["description"] = params["description"]
    return entry


def create_customer(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/customers`."""
    customer = new_customer(world, **{**params, "metadata": merged({}, params.get("metadata", {}))})
    world.announce("customer.created", customer)
    return customer


def new_customer(world: World, **known: Any) -> Resource:
    """Put a customer with some fields of Stripe's own names."""
    identity = known.pop("id", None) or world.new_id("customer")
    customer: Resource = {
        "id": identity,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": world.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": None,
        "invoice_credit_balance": {},
        "invoice_prefix": identity[-8:].upper(),
        "livemode": world.livemode,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    return world.put(customer | known)


def update_customer(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`POST /v1/customers/{id}`."""
    customer = living_customer(world, ids[0])
    before = {name: customer[name] for name in params}
    metadata = merged(customer["metadata"], params.pop("metadata", {}))
    customer |= {**params, "metadata": metadata}
    world.announce("customer.updated", customer, before)
    return customer


def retrieve_customer(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`GET /v1/customers/{id}`: of a deleted one, only that it was deleted."""
    customer = world.find("customer", ids[0])
    if customer.get("deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    return customer


def delete_customer(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    """`DELETE /v1/customers/{id}`: its subscriptions end at once."""
    customer = living_customer(world, ids[0])
    customer["deleted"] = True
    for subscription in world.shelf("subscription").of(customer=ids[0]):
        if subscription["status"] != "canceled":
            end_subscription(world, subscription)
    world.announce("customer.deleted", customer)
    return retrieve_customer(world, ids, params)


def end_subscription(world: World, subscription: Resource) -> Resource:
    """Cancel at once.

    Raises:
        Refusal: When it was cancelled before.
    """
    if subscription["status"] == "canceled":
        raise declined("The subscription is already canceled.", code="resource_missing")
    now = world.now()
    subscription |= {"status": "canceled", "canceled_at": now, "ended_at": now}
    world.announce("customer.subscription.deleted", subscription)
    return subscription
