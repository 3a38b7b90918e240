"""One database, one account: what earlier payments were prepared for is what later ones are for.

Checked at the door of everything that releases, pays or reconciles. A database that has paid on the
test side would otherwise take what was tried there for paid, and nobody would be paid for real.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from connectors.billing import Billing, PartIntent
from connectors.errors import Permanent, Retriable
from connectors.store import Effect, Store
from flows.office import Office
from models.findings import refuse

PAYMENT = "payment"
"""The kind of the effects that move money."""

AT_ONCE = 20


def check_account(office: Office) -> None:
    """Find out, before anything is written, whether this database may pay there.

    That the vendor cannot be asked now stands in nobody's way: it is asked again before it is paid.

    Raises:
        UnusableInputError: Its payments were prepared on the other side, or in another account.
        Misconfigured: Key, permission or mode is wrong.
    """
    if office.billing is not None:
        with suppress(Retriable):
            refuse_another_account(office.store, office.billing)


def refuse_another_account(store: Store, billing: Billing) -> None:
    """Refuse billing for which the payments in this database were not prepared. Read-only.

    Any one of them tells; the first that names a customer is asked about.

    Raises:
        UnusableInputError: They were prepared on the other side, or in another account.
        Misconfigured: Key, permission or mode is wrong.
        Retriable: The vendor or the database cannot be asked now, or the vendor refuses to say.
    """
    earlier = _first_payment(store) if billing.knows_invoices else None
    strange = _why_strange(billing, earlier) if earlier else ""
    if earlier and strange:
        raise refuse(
            "makegood.yaml: billing",
            f"{earlier.key} in this database is a payment of another account or side: {strange}",
            expected="the one account, test or live, in which this database has paid before",
            remedy="Give this one a database of its own (database: in makegood.yaml, or "
            "MAKEGOOD_DATABASE_URL), or go back to the other with its key.",
        )


def _why_strange(billing: Billing, earlier: Effect) -> str:
    try:
        return billing.strange(PartIntent.of_record(earlier.plan.intent))
    except Permanent as error:
        # Whose account it is nobody knows then; one question that is refused ends no run.
        message = f"nobody can tell whether it is the account of {earlier.key}: {error}"
    raise Retriable(message)


def _first_payment(store: Store) -> Effect | None:
    """The first payment for a customer of the vendor; None before there is one."""
    keys = store.effect_keys(kinds=[PAYMENT])
    while page := list(islice(keys, AT_ONCE)):
        for effect in store.effects(keys=page):
            if effect.plan.intent["part"]["customer"]:
                return effect
    return None
