"""What a key of Stripe's lets us read, asked resource by resource.

Stripe tells nobody what a restricted key may do. Reading a single object shows the reading half;
the writing half shows itself with the first credit, which is then refused, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.billing._connection import KEY_VARIABLE, Connection
from connectors.errors import Misconfigured

FORBIDDEN = 403
ONE = {"limit": 1}
UNSEEN = "what it may write (credit notes, customers' balances) Stripe shows with the first credit"


def readable(line: Connection) -> str:
    """What the key may read, as a sentence.

    Raises:
        Misconfigured: The key is wrong, or lacks permissions; all of them are named.
        Retriable: Stripe could not be asked.
    """
    missing = [name for name, ask in _lists(line).items() if _is_forbidden(line, name, ask)]
    if missing:
        message = (
            f"{KEY_VARIABLE}: may not read {', '.join(missing)}. Give it the permissions that "
            "connectors/billing/README.md lists; nothing was changed."
        )
        raise Misconfigured(message)
    side = "live" if line.live else "test"
    return f"the {side} key reads {', '.join(_lists(line))}; {UNSEEN}"


def _lists(line: Connection) -> Mapping[str, Callable[[], Any]]:
    payments = {**ONE, "expand": ["data.payment.payment_intent"]}
    return {
        "customers": lambda: line.v1.customers.list(ONE),
        "invoices": lambda: line.v1.invoices.list(ONE),
        "payments of invoices": lambda: line.v1.invoice_payments.list(payments),
        "subscriptions": lambda: line.v1.subscriptions.list(ONE),
        "credit notes": lambda: line.v1.credit_notes.list(ONE),
        "refunds": lambda: line.v1.refunds.list(ONE),
    }


def _is_forbidden(line: Connection, name: str, ask: Callable[[], Any]) -> bool:
    try:
        line.read(f"the list of {name}", ask)
    except Misconfigured as error:
        if error.status != FORBIDDEN:
            raise
        return True
    return False
