"""Stripe's addresses: what each takes, needs and does.

A parameter that Stripe knows and the stand-in does not is refused by name: nothing is ignored.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.standins.stripe import balances, invoices, lists, notes, shapes
from tests.standins.stripe.refusals import Refusal, invalid, missing
from tests.standins.stripe.world import Resource, World

Operation: TypeAlias = Callable[[World, tuple[str, ...], dict[str, Any]], Resource]
Locks: TypeAlias = Callable[[World, tuple[str, ...], dict[str, Any]], Iterator[str]]

PAGING = ("created", "limit", "starting_after", "ending_before", "expand")
EVENTS_KEPT = 30 * 86_400
NOTE = "amount credit_amount effective_at email_type invoice lines memo metadata out_of_band_amount"
NOTE_PARAMS = (*NOTE.split(), "reason", "refund_amount", "refunds", "shipping_cost", "expand")
DEEPEST = 4
EXPANDABLE = {
    "charge": "charge",
    "customer": "customer",
    "customer_balance_transaction": "customer_balance_transaction",
    "credit_note": "credit_note",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "refund": "refund",
    "subscription": "subscription",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API.

    Attributes:
        method: GET, POST or DELETE.
        template: The path; a part in braces stands for an id.
        permission: What a restricted key needs, as `credit_note:write`.
        takes: Module and class of its parameters under `stripe.params`.
        supported: Which of these the stand-in knows.
        run: Does it.
        locks: The ids that it holds while it is executed.
    """

    method: str
    template: str
    permission: str
    takes: str
    supported: frozenset[str]
    run: Operation
    locks: Locks

    def read(self, decoded: dict[str, Any]) -> dict[str, Any]:
        """The typed parameters.

        Raises:
            Refusal: For the first thing that is wrong with them.
        """
        typed, findings = shapes.read_request(self.takes, decoded)
        if typed is None:
            raise _refusal(findings[0])
        for name in typed:
            if name not in self.supported:
                raise invalid(
                    f"The stand-in does not know the parameter {name}, which Stripe has.",
                    param=name,
                    code="standin_unsupported",
                )
        return typed


def _refusal(finding: shapes.Finding) -> Refusal:
    if finding.kind == "extra_forbidden":
        return invalid(
            f"Received unknown parameter: {finding.param}",
            param=finding.param,
            code="parameter_unknown",
        )
    if finding.kind == "missing":
        return invalid(
            f"Missing required param: {finding.param}.",
            param=finding.param,
            code="parameter_missing",
        )
    return invalid(f"Invalid {finding.param}: {finding.message}", param=finding.param)


def _retrieve(kind: str) -> Operation:
    return lambda world, ids, params: world.find(kind, ids[0])


def _list(
    kind: str, *filters: str, url: str = "", tests: Any = lambda world, params: ()
) -> Operation:
    def run(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
        return lists.page(
            world,
            kind,
            params,
            url=url or f"/v1/{kind}s",
            filters={name: params[name] for name in filters if name in params},
            tests=tests(world, params),
        )

    return run


# --- Lists with rules of their own ----------------------------------------------------------------


def _entries(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    balances.living_customer(world, ids[0])
    filters = {"customer": ids[0]} | ({"invoice": params["invoice"]} if "invoice" in params else {})
    url = f"/v1/customers/{ids[0]}/balance_transactions"
    return lists.page(world, "customer_balance_transaction", params, url=url, filters=filters)


def _invoice_lines(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    world.find("invoice", ids[0])
    url = f"/v1/invoices/{ids[0]}/lines"
    return lists.slice_of(world.things.lines[ids[0]], params, url=url)


def _note_lines(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    world.find("credit_note", ids[0])
    url = f"/v1/credit_notes/{ids[0]}/lines"
    return lists.slice_of(world.things.note_lines[ids[0]], params, url=url)


def _preview_lines(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    paging = {name: params.pop(name) for name in PAGING if name in params and name != "expand"}
    items = notes.preview(world, ids, params)["lines"]["data"]
    return lists.slice_of(items, paging, url="/v1/credit_notes/preview/lines")


def _living(world: World, params: dict[str, Any]) -> Iterator[lists.Test]:
    yield lambda customer: not customer.get("deleted")


def _subscription_states(world: World, params: dict[str, Any]) -> Iterator[lists.Test]:
    """Cancelled subscriptions are listed only when asked for."""
    status = params.get("status", "not canceled")
    if status == "not canceled":
        yield lambda subscription: subscription["status"] != "canceled"
    elif status == "ended":
        yield lambda subscription: subscription["status"] in {"canceled", "incomplete_expired"}
    elif status != "all":
        yield lambda subscription: subscription["status"] == status


def _payments(world: World, params: dict[str, Any]) -> Iterator[lists.Test]:
    if wanted := params.get("payment", {}).get("payment_intent"):
        yield lambda payment: payment["payment"]["payment_intent"] == wanted


def _recent_events(world: World, params: dict[str, Any]) -> Iterator[lists.Test]:
    """Events are kept for 30 days."""
    oldest = world.now() - EVENTS_KEPT
    yield lambda event: event["created"] >= oldest
    wanted = params.get("types")
    if wanted is not None:
        yield lambda event: event["type"] in wanted


def _event(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    event = world.find("event", ids[0])
    if event["created"] < world.now() - EVENTS_KEPT:
        raise missing("event", ids[0])
    return event


def _cancel(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    return balances.end_subscription(world, world.find("subscription", ids[0]))


def _entry(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Resource:
    return balances.entry_of(world, ids)


# --- What an operation holds ----------------------------------------------------------------------


def _nothing(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Iterator[str]:
    yield from ()


def _named(world: World, ids: tuple[str, ...], params: dict[str, Any]) -> Iterator[str]:
    yield ids[0]


def _invoice_and_customer(
    world: World, ids: tuple[str, ...], params: dict[str, Any]
) -> Iterator[str]:
    identity = params.get("invoice") or (ids[0] if ids else "")
    note = world.shelf("credit_note").things.get(identity)
    invoice = world.shelf("invoice").things.get(note["invoice"] if note else identity)
    if invoice is not None:
        yield from (invoice["id"], invoice["customer"])


def _route(*described: Any) -> Route:
    """A row of the table below: the fields of `Route`, with `run` before what may be left out."""
    method, template, permission, takes, run, *others = described
    supported = others[0] if others else ()
    locks = others[1] if len(others) > 1 else _nothing
    known = frozenset(supported) | {"expand"}
    return Route(method, template, permission, takes, known, run, locks)


PARTY = ("name", "email", "description", "phone", "metadata")
ROUTES = (
    # Customers and their balance
    _route(
        "GET", "/v1/customers", "customer:read", "_customer_list_params:CustomerListParams",
        _list("customer", "email", tests=_living), (*PAGING, "email"),
    ),
    _route(
        "POST", "/v1/customers", "customer:write", "_customer_create_params:CustomerCreateParams",
        balances.create_customer, PARTY,
    ),
    _route(
        "GET", "/v1/customers/{id}", "customer:read",
        "_customer_retrieve_params:CustomerRetrieveParams", balances.retrieve_customer,
    ),
    _route(
        "POST", "/v1/customers/{id}", "customer:write",
        "_customer_update_params:CustomerUpdateParams", balances.update_customer, PARTY, _named,
    ),
    _route(
        "DELETE", "/v1/customers/{id}", "customer:write",
        "_customer_delete_params:CustomerDeleteParams", balances.delete_customer, (), _named,
    ),
    _route(
        "GET", "/v1/customers/{id}/balance_transactions", "customer:read",
        "_customer_balance_transaction_list_params:CustomerBalanceTransactionListParams",
        _entries, (*PAGING, "invoice"),
    ),
    _route(
        "POST", "/v1/customers/{id}/balance_transactions", "customer:write",
        "_customer_balance_transaction_create_params:CustomerBalanceTransactionCreateParams",
        balances.create_entry, ("amount", "currency", "description", "metadata"), _named,
    ),
    _route(
        "GET", "/v1/customers/{id}/balance_transactions/{id}", "customer:read",
        "_customer_balance_transaction_retrieve_params:CustomerBalanceTransactionRetrieveParams",
        _entry,
    ),
    _route(
        "POST", "/v1/customers/{id}/balance_transactions/{id}", "customer:write",
        "_customer_balance_transaction_update_params:CustomerBalanceTransactionUpdateParams",
        balances.update_entry, ("description", "metadata"), _named,
    ),
    # Subscriptions
    _route(
        "GET", "/v1/subscriptions", "subscription:read",
        "_subscription_list_params:SubscriptionListParams",
        _list("subscription", "customer", "collection_method", tests=_subscription_states),
        (*PAGING, "customer", "collection_method", "status"),
    ),
    _route(
        "GET", "/v1/subscriptions/{id}", "subscription:read",
        "_subscription_retrieve_params:SubscriptionRetrieveParams", _retrieve("subscription"),
    ),
    _route(
        "DELETE", "/v1/subscriptions/{id}", "subscription:write",
        "_subscription_cancel_params:SubscriptionCancelParams", _cancel, (), _named,
    ),
    # Invoices
    _route(
        "GET", "/v1/invoices", "invoice:read", "_invoice_list_params:InvoiceListParams",
        _list("invoice", "subscription", "customer", "status", "collection_method"),
        (*PAGING, "subscription", "customer", "status", "collection_method", "due_date"),
    ),
    _route(
        "GET", "/v1/invoices/{id}", "invoice:read",
        "_invoice_retrieve_params:InvoiceRetrieveParams", _retrieve("invoice"),
    ),
    _route(
        "GET", "/v1/invoices/{id}/lines", "invoice:read",
        "_invoice_list_lines_params:InvoiceListLinesParams", _invoice_lines, PAGING,
    ),
    _route(
        "POST", "/v1/invoices/{id}/finalize", "invoice:write",
        "_invoice_finalize_invoice_params:InvoiceFinalizeInvoiceParams", invoices.finalize, (),
        _invoice_and_customer,
    ),
    _route(
        "POST", "/v1/invoices/{id}/pay", "invoice:write", "_invoice_pay_params:InvoicePayParams",
        invoices.pay, ("paid_out_of_band",), _invoice_and_customer,
    ),
    _route(
        "POST", "/v1/invoices/{id}/void", "invoice:write",
        "_invoice_void_invoice_params:InvoiceVoidInvoiceParams", invoices.void, (),
        _invoice_and_customer,
    ),
    _route(
        "POST", "/v1/invoices/{id}/mark_uncollectible", "invoice:write",
        "_invoice_mark_uncollectible_params:InvoiceMarkUncollectibleParams", invoices.write_off,
        (), _invoice_and_customer,
    ),
    _route(
        "GET", "/v1/invoice_payments", "invoice:read",
        "_invoice_payment_list_params:InvoicePaymentListParams",
        _list("invoice_payment", "invoice", "status", tests=_payments),
        (*PAGING, "invoice", "status", "payment"),
    ),
    _route(
        "GET", "/v1/invoice_payments/{id}", "invoice:read",
        "_invoice_payment_retrieve_params:InvoicePaymentRetrieveParams",
        _retrieve("invoice_payment"),
    ),
    # Credit notes
    _route(
        "GET", "/v1/credit_notes", "credit_note:read",
        "_credit_note_list_params:CreditNoteListParams",
        _list("credit_note", "invoice", "customer"), (*PAGING, "invoice", "customer"),
    ),
    _route(
        "POST", "/v1/credit_notes", "credit_note:write",
        "_credit_note_create_params:CreditNoteCreateParams", notes.create, NOTE_PARAMS,
        _invoice_and_customer,
    ),
    _route(
        "GET", "/v1/credit_notes/preview", "credit_note:read",
        "_credit_note_preview_params:CreditNotePreviewParams", notes.preview, NOTE_PARAMS,
    ),
    _route(
        "GET", "/v1/credit_notes/preview/lines", "credit_note:read",
        "_credit_note_preview_lines_list_params:CreditNotePreviewLinesListParams",
        _preview_lines, (*NOTE_PARAMS, *PAGING),
    ),
    _route(
        "GET", "/v1/credit_notes/{id}", "credit_note:read",
        "_credit_note_retrieve_params:CreditNoteRetrieveParams", _retrieve("credit_note"),
    ),
    _route(
        "POST", "/v1/credit_notes/{id}", "credit_note:write",
        "_credit_note_update_params:CreditNoteUpdateParams", notes.update, ("memo", "metadata"),
        _invoice_and_customer,
    ),
    _route(
        "POST", "/v1/credit_notes/{id}/void", "credit_note:write",
        "_credit_note_void_credit_note_params:CreditNoteVoidCreditNoteParams", notes.void, (),
        _invoice_and_customer,
    ),
    _route(
        "GET", "/v1/credit_notes/{id}/lines", "credit_note:read",
        "_credit_note_line_item_list_params:CreditNoteLineItemListParams", _note_lines, PAGING,
    ),
    # Payments and refunds
    _route(
        "GET", "/v1/charges", "charge:read", "_charge_list_params:ChargeListParams",
        _list("charge", "payment_intent", "customer"), (*PAGING, "payment_intent", "customer"),
    ),
    _route(
        "GET", "/v1/charges/{id}", "charge:read", "_charge_retrieve_params:ChargeRetrieveParams",
        _retrieve("charge"),
    ),
    _route(
        "GET", "/v1/payment_intents", "payment_intent:read",
        "_payment_intent_list_params:PaymentIntentListParams",
        _list("payment_intent", "customer"), (*PAGING, "customer"),
    ),
    _route(
        "GET", "/v1/payment_intents/{id}", "payment_intent:read",
        "_payment_intent_retrieve_params:PaymentIntentRetrieveParams", _retrieve("payment_intent"),
    ),
    _route(
        "GET", "/v1/refunds", "charge:read", "_refund_list_params:RefundListParams",
        _list("refund", "charge", "payment_intent"), (*PAGING, "charge", "payment_intent"),
    ),
    _route(
        "POST", "/v1/refunds", "charge:write", "_refund_create_params:RefundCreateParams",
        invoices.create_refund, ("amount", "charge", "metadata", "payment_intent", "reason"),
    ),
    _route(
        "GET", "/v1/refunds/{id}", "charge:read", "_refund_retrieve_params:RefundRetrieveParams",
        _retrieve("refund"),
    ),
    # Events
    _route(
        "GET", "/v1/events", "event:read", "_event_list_params:EventListParams",
        _list("event", "type", tests=_recent_events), (*PAGING, "type", "types"),
    ),
    _route(
        "GET", "/v1/events/{id}", "event:read", "_event_retrieve_params:EventRetrieveParams",
        _event,
    ),
)  # fmt: skip
BY_SHAPE: dict[tuple[str, int], list[tuple[tuple[str, ...], Route]]] = {}
for _one in ROUTES:
    _parts = tuple(_one.template.split("/"))
    BY_SHAPE.setdefault((_one.method, len(_parts)), []).append((_parts, _one))


def matched(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route of a request and the ids in its address.

    Raises:
        Refusal: For an address that the stand-in does not have.
    """
    parts = path.split("/")
    for template, route in BY_SHAPE.get((method, len(parts)), ()):
        ids = tuple(part for known, part in zip(template, parts, strict=True) if known == "{id}")
        if all(known in ("{id}", part) for known, part in zip(template, parts, strict=True)):
            return route, ids
    raise Refusal(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({method}: {path}). Please see https://docs.stripe.com or we can"
        " help at https://support.stripe.com/.",
    )


def carried_out(
    world: World, route: Route, ids: tuple[str, ...], params: dict[str, Any]
) -> Resource:
    """Do it, and judge and expand the answer.

    Raises:
        Refusal: When Stripe would refuse.
        AssertionError: When the answer is not one of Stripe's; a fault of the stand-in.
    """
    wanted = params.pop("expand", [])
    # A path that cannot be expanded shows only in the answer; nothing may have happened then.
    before = world.freeze() if wanted and route.method != "GET" else None
    answer = route.run(world, ids, params)
    judge(answer)
    try:
        return expanded(world, answer, wanted) if wanted else answer
    except Refusal:
        if before is not None:
            world.thaw(before, keep_clock=True)
        raise


def judge(answer: Resource) -> None:
    """Hold an answer to Stripe's types.

    Raises:
        AssertionError: When it is not one of Stripe's answers.
    """
    for one in answer["data"] if answer["object"] == "list" else [answer]:
        if one.get("deleted"):
            continue
        findings = shapes.answer_findings(one)
        if findings:
            raise AssertionError(f"{one['object']} {one.get('id')}: {findings}")


# --- Expanding ------------------------------------------------------------------------------------


def expanded(world: World, answer: Resource, wanted: list[str]) -> Resource:
    """A copy with ids replaced by their objects.

    Raises:
        Refusal: For a path that cannot be expanded.
    """
    for path in wanted:
        parts = path.split(".")
        if len(parts) - (parts[0] == "data") > DEEPEST:
            raise invalid(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        answer = _expand(world, answer, parts, path)
    return answer


def _expand(world: World, thing: Resource, parts: list[str], path: str) -> Resource:
    first, *others = parts
    if thing.get("object") == "invoice" and first == "payments":
        thing = thing | {"payments": _payments_of(world, thing)}
    if first not in thing:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    value = thing[first]
    if isinstance(value, str):
        if first not in EXPANDABLE:
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        value = world.find(EXPANDABLE[first], value)
    if others and isinstance(value, list):
        value = [_expand(world, member, others, path) for member in value]
    elif others and value is not None:
        value = _expand(world, value, others, path)
    return thing | {first: value}


def _payments_of(world: World, invoice: Resource) -> Resource:
    found = world.shelf("invoice_payment").of(invoice=invoice["id"])
    url = f"/v1/invoice_payments?invoice={invoice['id']}"
    return {"object": "list", "data": found[::-1], "has_more": False, "url": url}
