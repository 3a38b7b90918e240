"""What Stripe tells unasked: an event's envelope, and what it says of notes and refunds.

Only bodies whose signature was verified arrive here. Every event has an envelope, whatever it is
about; only what concerns notes and refunds is read further, and only what reconciling needs of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.billing._metadata import part_key
from connectors.billing._units import from_wire
from connectors.errors import Permanent
from models.money import Money
from models.reconciliation import News, NewsKind
from models.terms import JsonValue

NOTE_NEWS: Mapping[str, NewsKind] = {
    "credit_note.created": NewsKind.MADE,
    "credit_note.updated": NewsKind.CHANGED,
    "credit_note.voided": NewsKind.VOIDED,
}
REFUND_KINDS = ("charge.refund.updated", "refund.created", "refund.failed", "refund.updated")
NEWS_EVENTS = (*NOTE_NEWS, *REFUND_KINDS)
"""The events that reconciling reads. Source: docs.stripe.com/api/events/types."""

DEAD = frozenset({"failed", "canceled"})
WORD = re.compile(r"[A-Za-z0-9_.]{1,255}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every event has.

    Attributes:
        id: Stripe's id of the event; a second delivery has the same.
        kind: Its type, such as `refund.failed`.
        created_at: When it happened.
        live: Whether it is of the live side of the account.
    """

    id: str
    kind: str
    created_at: int
    live: bool


def envelope_of(body: bytes) -> Envelope:
    """The envelope of a verified event.

    Raises:
        Permanent: The body is no event.
    """
    found = _parsed(body)
    identity, kind, at = found.get("id"), found.get("type"), found.get("created")
    live = found.get("livemode")
    if not (_is_word(identity) and _is_word(kind) and _is_whole(at) and isinstance(live, bool)):
        raise Permanent("stripe event: has no id, type, time or side. It was not stored.")
    return Envelope(str(identity), str(kind), int(str(at)) * 1000, live)


def news_of(kind: str, body: str) -> News | None:
    """What an event says of a note or a refund; None when it says nothing that matters.

    Args:
        kind: The event's type.
        body: Its text as it was delivered.

    Raises:
        Permanent: The event cannot be understood.
    """
    if kind not in NEWS_EVENTS:
        return None
    try:
        event = _parsed(body.encode())
        told, at = event["data"], event["created"] * 1000
        thing = told["object"]
        if kind in NOTE_NEWS:
            return _of_note(NOTE_NEWS[kind], told, at)
        return _of_refund(thing, at) if thing.get("status") in DEAD else None
    except (AttributeError, KeyError, TypeError) as error:
        raise Permanent(
            f"stripe event {kind}: cannot be understood ({type(error).__name__}). "
            "Look at it in Stripe; nothing was changed."
        ) from error


def _of_note(kind: NewsKind, told: Mapping[str, JsonValue], at: int) -> News:
    note = told["object"]
    return News(
        kind=kind,
        subject=note["id"],
        at=at,
        amount=_amount(note, "total"),
        refunds=tuple(_refund_ids(note)),
        key=part_key(note),
        changed=tuple(sorted(told.get("previous_attributes") or ())),
    )


def _of_refund(refund: Mapping[str, JsonValue], at: int) -> News:
    amount = _amount(refund, "amount")
    return News(NewsKind.REFUND_FAILED, refund["id"], at, amount, key=part_key(refund))


def _amount(thing: Mapping[str, JsonValue], name: str) -> Money:
    return from_wire(thing[name], thing["currency"])


def _refund_ids(note: Mapping[str, JsonValue]) -> Iterator[str]:
    for link in note.get("refunds") or ():
        refund = link.get("refund")
        identity = refund.get("id") if isinstance(refund, Mapping) else refund
        if isinstance(identity, str):
            yield identity


def _parsed(body: bytes) -> dict[str, JsonValue]:
    try:
        found = json.loads(body.decode(), parse_float=Decimal)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Permanent("stripe event: its body is no JSON object. It was not stored.")
    return found


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(WORD.fullmatch(value))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
