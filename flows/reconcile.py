"""Reconcile: our obligations, the vendor's credits and the ledgers, held against each other.

At the vendor and in the ledgers it only reads. What differs is reported with what a person could do
about it; a payment that came back is left as a question, which is all that is written. What the
vendor told by webhook counts beside what it lists now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.billing import Billing, Found, PartIntent
from connectors.errors import Permanent
from connectors.ledger import Ledger
from connectors.store import Effect, Store, StoredObligation
from flows.binding import PAYMENT, refuse_another_account
from flows.correcting import corrections, outcome_of, propose_corrections, returned_of
from flows.effects import AT_ONCE
from flows.office import Office, open_billing, open_office
from models.contract import Contract
from models.effect import EffectState
from models.intervals import Interval
from models.payment import Channel
from models.period import ServiceMonth
from models.reconciliation import (
    LedgerLine,
    News,
    OurCredit,
    OurPart,
    Reconciliation,
    VendorCredit,
    VendorState,
    Views,
    reconcile,
)
from models.workspace_file import BillingKind

STRIPE = "stripe"
"""Under which name events of Stripe are stored."""

STRANGERS_BALANCES = (
    "the balances of customers whom no credit of ours touched: the vendor lists balances customer "
    "by customer alone. --all-customers reads them, one request for each"
)

HOUR_MS = 3_600_000
EARLIEST_ZONE_MS = 14 * HOUR_MS
"""No zone begins a month earlier than this before UTC does."""

MOST_NAMED = 5
"""Keys that one sentence names."""

AHEAD_MS = 366 * 24 * HOUR_MS
"""What the vendor dates later than our clock shows is there all the same: ours may be wrong."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was compared, and what came of it.

    Attributes:
        vendor: The billing connector's name.
        months: The first and the last service month.
        result: The differences.
        unread: Events that could not be understood, one sentence each.
        asked: Keys of the questions about payments that came back.
        not_looked_at: What was not compared, one sentence each.
    """

    vendor: str
    months: tuple[ServiceMonth, ServiceMonth]
    result: Reconciliation
    unread: tuple[str, ...]
    asked: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def reconcile_books(
    folder: Path,
    *,
    now: int,
    first: ServiceMonth | None = None,
    last: ServiceMonth | None = None,
    everybody: bool = False,
) -> Reconciled:
    """Compare everything of some service months, in both directions.

    Read-only, but for the questions about payments that came back.

    Args:
        folder: The workspace.
        now: The present instant.
        first: The first service month; None for the first that anything is recorded of.
        last: The last one, included; None for the last. What carries a key of ours and is unknown
            is reported of any month that is not left out here: a database that is lost, or was put
            back from a copy, does not know which months there were.
        everybody: Look through the balances of all customers of the vendor, also of those that no
            credit of ours ever touched; one request for each.

    Raises:
        UnusableInputError: The workspace or a ledger cannot be used, or the database has paid in
            another account.
        Misconfigured: Key, permission or mode is wrong.
        ConnectorError: The database or the vendor cannot be reached.
    """
    with (
        open_office(folder, read_only=True) as office,
        open_billing(office.workspace, folder) as billing,
    ):
        refuse_another_account(office.store, billing)
        stored = office.store.obligations(None)
        months = _months(stored, first, last, now)
        before = _ours(office, billing, months)
        anything = first is not None or bool(stored)
        since = months[0].bounds("UTC").start - EARLIEST_ZONE_MS if anything else 0
        span = Interval(since, now + AHEAD_MS)
        news, unread = _news(office, span.start)
        listed = _listed(billing, span, None if everybody else _customers(before))
        ledgers = {name: _lines(ledger) for name, ledger in office.ledgers.items()}
        # What a run is paying beside this shows one thing here and another there.
        ours, moved = _at_rest(before, _ours(office, billing, months))
        views = Views(
            vendor=billing.name,
            months=months,
            asked=(first, last),
            ours=ours,
            listed=tuple(one for one in listed if one.key.rpartition("/")[0] not in moved),
            news=news,
            ledgers={name: _without(rows, moved) for name, rows in ledgers.items()},
        )
        result = reconcile(views)
        asked = propose_corrections(office.store, result.returned)
        left_out = _left_out(billing, ours, moved, everybody=everybody)
        return Reconciled(billing.name, months, result, unread, asked, tuple(left_out))


def _at_rest(
    before: Sequence[OurCredit], after: Sequence[OurCredit]
) -> tuple[tuple[OurCredit, ...], frozenset[str]]:
    """The credits that were the same before and after the others were asked, and all other keys."""
    first = {credit.obligation.key: credit for credit in before}
    last = {credit.obligation.key: credit for credit in after}
    moved = {key for key in first.keys() | last.keys() if first.get(key) != last.get(key)}
    return tuple(one for one in after if one.obligation.key not in moved), frozenset(moved)


def _without(rows: Mapping[str, LedgerLine], moved: Collection[str]) -> Mapping[str, LedgerLine]:
    return {key: line for key, line in rows.items() if key not in moved}


def _left_out(
    billing: Billing, ours: Sequence[OurCredit], moved: Collection[str], *, everybody: bool
) -> Iterator[str]:
    """What was not compared, one sentence each."""
    if billing.knows_invoices and not everybody:
        yield STRANGERS_BALANCES
    elsewhere = [part.part for credit in ours for part in credit.parts if part.elsewhere]
    if elsewhere:
        ways = ", ".join(sorted({part.channel.value.replace("_", " ") for part in elsewhere}))
        yield f"what is paid by {ways} ({len(elsewhere)}), which {billing.name} cannot know of"
    if moved:
        named = ", ".join(sorted(moved)[:MOST_NAMED]) + (" ..." if len(moved) > MOST_NAMED else "")
        yield f"{named}: a run was at it meanwhile. Reconcile again when it has ended"


def _months(
    stored: Sequence[StoredObligation],
    first: ServiceMonth | None,
    last: ServiceMonth | None,
    now: int,
) -> tuple[ServiceMonth, ServiceMonth]:
    """The months that were asked for, or those that anything is recorded of."""
    known = [ServiceMonth.parse(one.obligation.period) for one in stored]
    present = ServiceMonth.containing(now, "UTC")
    earliest = first or min(known, default=last or present)
    latest = last or max([*known, earliest])
    return min(earliest, latest), latest


def _is_of(stored: StoredObligation, months: tuple[ServiceMonth, ServiceMonth]) -> bool:
    return months[0] <= ServiceMonth.parse(stored.obligation.period) <= months[1]


# --- Ours -----------------------------------------------------------------------------------------


def _ours(
    office: Office, billing: Billing, months: tuple[ServiceMonth, ServiceMonth]
) -> tuple[OurCredit, ...]:
    stored = [one for one in office.store.obligations(None) if _is_of(one, months)]
    parts = _parts(office.store, billing, {one.obligation.period for one in stored})
    returned = corrections(office.store)
    contracts = {contract.id: contract for contract in office.contracts}
    return tuple(
        OurCredit(
            obligation=one.obligation,
            role=one.role,
            month=_month_of(one).bounds(one.ledger["time_zone"]),
            customer=_named_customer(contracts.get(one.obligation.contract), one),
            parts=tuple(_with_correction(part, returned) for part in parts.get(one.key, ())),
        )
        for one in stored
    )


def _month_of(stored: StoredObligation) -> ServiceMonth:
    return ServiceMonth.parse(stored.obligation.period)


def _parts(store: Store, billing: Billing, periods: set[str]) -> Mapping[str, Sequence[OurPart]]:
    """The parts of every obligation of these periods, by its key."""
    found: dict[str, list[OurPart]] = defaultdict(list)
    for period in sorted(periods):
        keys = list(store.effect_keys(period=period, kinds=[PAYMENT]))
        for start in range(0, len(keys), AT_ONCE):
            for effect in store.effects(keys=keys[start : start + AT_ONCE]):
                found[effect.plan.obligation or ""].append(_our_part(effect, billing))
    return found


def _our_part(effect: Effect, billing: Billing) -> OurPart:
    outcome = effect.outcome if isinstance(effect.outcome, Mapping) else {}
    refused = effect.state is EffectState.REFUSED
    intent = PartIntent.of_record(effect.plan.intent)
    by_hand = intent.part.channel is Channel.BY_HAND
    return OurPart(
        part=intent.part,
        state=effect.state,
        vendor_id=str(outcome.get("id", "")) if effect.state is EffectState.DONE else "",
        waived=refused and "resolved" in outcome,
        elsewhere=not by_hand and bool(billing.disowns(intent)),
    )


def _with_correction(ours: OurPart, returned: Mapping[str, Effect]) -> OurPart:
    correction = returned.get(ours.part.key)
    if correction is None:
        return ours
    back = returned_of(correction)
    return replace(
        ours,
        came_back=back.amount,
        document_back=back.document,
        correction=outcome_of(correction),
    )


def _named_customer(contract: Contract | None, stored: StoredObligation) -> str:
    """The vendor's customer, where the terms in force in the month name one."""
    version = contract.in_force(_month_of(stored)) if contract else None
    return (version.billing.customer or "") if version else ""


def _customers(ours: Sequence[OurCredit]) -> list[str]:
    """The vendor's customers that our credits touch, or would."""
    named = {credit.customer for credit in ours}
    paid = {one.part.customer for credit in ours for one in credit.parts}
    return sorted((named | paid) - {""})


# --- The vendor -----------------------------------------------------------------------------------


def _listed(
    billing: Billing, span: Interval, customers: Sequence[str] | None
) -> tuple[VendorCredit, ...]:
    return tuple(_vendor_credit(found) for found in billing.credits(span, customers=customers))


def _vendor_credit(found: Found) -> VendorCredit:
    return VendorCredit(
        id=found.id,
        key=found.key,
        state=VendorState(found.state.value),
        amount=found.amount,
        customer=found.customer,
        invoice=found.invoice,
        created_at=found.created_at,
        returned=found.returned,
    )


def _news(office: Office, since: int) -> tuple[tuple[News, ...], tuple[str, ...]]:
    """What the vendor's events tell, rising by time, and those that nobody can understand."""
    if office.workspace.billing.kind is not BillingKind.STRIPE:
        return (), ()
    # Stripe's package takes half a second to import; only those who use it wait for it.
    from connectors.billing.stripe import NEWS_EVENTS, news_of  # noqa: PLC0415  As just said.

    told, unread = [], []
    for event in office.store.events(STRIPE, kinds=NEWS_EVENTS, since=since):
        if event.quarantined:
            unread.append(f"{STRIPE} {event.id}: {event.quarantined}")
            continue
        try:
            news = news_of(event.kind, event.body)
        except Permanent as error:
            unread.append(f"{event.id}: {error}")
            continue
        if news is not None:
            told.append(news)
    return tuple(told), tuple(unread)


# --- The ledgers ----------------------------------------------------------------------------------


def _lines(ledger: Ledger) -> Mapping[str, LedgerLine]:
    return {
        key: LedgerLine(cells.get("Credit Amount", ""), cells.get("Currency", ""))
        for key, cells in ledger.read().items()
    }
