"""Between rows and the values of the store's border: nothing but translation."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from sqlalchemy import RowMapping, Table

from connectors.errors import Permanent
from connectors.store import (
    Approval,
    ContractChange,
    Effect,
    EffectPlan,
    NewObligation,
    PastAttempt,
    Release,
    StoredObligation,
    VendorEvent,
)
from models.contract import Role
from models.credit import Obligation, ObligationKind, ObligationState
from models.decision import EntryKind, LogEntry, canonical, digest_of
from models.effect import EffectState
from models.intervals import instant, utc
from models.money import Currency, Money
from models.tables import Row as Tables
from models.terms import JsonValue

LOG: Table = Tables.metadata.tables["log_entry"]
OBLIGATION: Table = Tables.metadata.tables["obligation"]
EVIDENCE: Table = Tables.metadata.tables["evidence"]
TERMS: Table = Tables.metadata.tables["terms"]
EFFECT: Table = Tables.metadata.tables["effect"]
ATTEMPT: Table = Tables.metadata.tables["attempt"]
APPROVAL: Table = Tables.metadata.tables["approval"]
VENDOR_EVENT: Table = Tables.metadata.tables["vendor_event"]
PACE: Table = Tables.metadata.tables["pace"]
ARTIFACT: Table = Tables.metadata.tables["artifact"]
KEPT_READING: Table = Tables.metadata.tables["kept_reading"]
KEPT_MONTH: Table = Tables.metadata.tables["kept_month"]
SIGNAL: Table = Tables.metadata.tables["signal"]
GUARD: Table = Tables.metadata.tables["guard"]

LARGEST = 2**63 - 1
"""The largest amount of minor units, either sign, that every database holds exactly."""


def entry_row(entry: LogEntry) -> dict[str, object]:
    """A log entry as a row."""
    return {
        "contract": entry.contract,
        "sequence": entry.sequence,
        "period": entry.period,
        "kind": entry.kind.value,
        "body": entry.text or canonical(entry.body),
        "recorded_at": instant(entry.recorded_at),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def entry_of(row: RowMapping) -> LogEntry:
    """The log entry of a row, whatever became of its body.

    Raises:
        Permanent: Its kind or its instant is none that this program knows.
    """
    try:
        kind, recorded_at = EntryKind(row["kind"]), utc(row["recorded_at"])
    except (ValueError, OverflowError) as error:
        message = (
            f"log of {row['contract']}, entry {row['sequence']}: {error}; a kind and an instant "
            "that Makegood writes were expected. Somebody has changed the database by hand: "
            "restore it from a backup. Nothing was changed."
        )
        raise Permanent(message) from None
    return LogEntry(
        contract=row["contract"],
        period=row["period"],
        sequence=row["sequence"],
        kind=kind,
        body=_body_as_it_is(row["body"]),
        recorded_at=recorded_at,
        previous=row["previous"],
        digest=row["digest"],
    )


def _body_as_it_is(text: str) -> JsonValue:
    try:
        return parsed(text)
    except ValueError:
        return {"not canonical JSON": text}


def parsed(text: str) -> JsonValue:
    """Canonical JSON as values.

    Raises:
        ValueError: The text is not JSON, or holds a number that is not whole.
    """
    return json.loads(text, parse_float=_refuse_float, parse_constant=_refuse_float)


def _refuse_float(text: str) -> JsonValue:
    message = f"{text} is no number that a record may hold"
    raise ValueError(message)


def obligation_row(change: ContractChange, new: NewObligation, decision: str) -> dict[str, object]:
    """A new obligation as a row.

    Raises:
        ValueError: The amount is larger than a database can hold.
    """
    obligation = new.obligation
    amount = obligation.amount
    if amount is not None and abs(amount.minor) > LARGEST:
        message = f"{obligation.key}: {amount} is larger than any amount that can be stored"
        raise ValueError(message)
    return {
        "key": obligation.key,
        "contract": change.contract,
        "client": new.client,
        "service": new.service,
        "role": new.role.value,
        "period": change.period,
        "revision": obligation.revision,
        "kind": obligation.kind.value,
        "state": obligation.state.value,
        "amount_minor": amount.minor if amount else None,
        "currency": amount.currency.code if amount else None,
        "reason": obligation.reason,
        "ledger": canonical(new.ledger),
        "decision": decision,
    }


def obligation_of(row: RowMapping) -> StoredObligation:
    """The obligation of a row."""
    currency = row["currency"]
    return StoredObligation(
        obligation=Obligation(
            contract=row["contract"],
            period=row["period"],
            revision=row["revision"],
            kind=ObligationKind(row["kind"]),
            state=ObligationState(row["state"]),
            amount=Money(row["amount_minor"], Currency.of(currency)) if currency else None,
            reason=row["reason"],
        ),
        client=row["client"],
        service=row["service"],
        role=Role(row["role"]),
        ledger=parsed(row["ledger"]),
        decision=row["decision"],
        release=_release_of(row),
    )


def _release_of(row: RowMapping) -> Release | None:
    if row["released_at"] is None:
        return None
    return Release(by=row["released_by"], at=row["released_at"], why=row["released_why"])


def effect_row(plan: EffectPlan, planned_at: int) -> dict[str, object]:
    """A new effect as a row."""
    return {
        "key": plan.key,
        "kind": plan.kind,
        "contract": plan.contract,
        "period": plan.period,
        "obligation": plan.obligation,
        "state": EffectState.PLANNED.value,
        "attempt": 0,
        "intent": canonical(plan.intent),
        "intent_digest": digest_of(plan.intent),
        "planned_at": planned_at,
    }


def effect_of(row: RowMapping) -> Effect:
    """The effect of a row."""
    plan = EffectPlan(
        key=row["key"],
        kind=row["kind"],
        contract=row["contract"],
        period=row["period"],
        intent=parsed(row["intent"]),
        obligation=row["obligation"],
    )
    return Effect(
        plan=plan,
        intent_digest=row["intent_digest"],
        state=EffectState(row["state"]),
        attempt=row["attempt"],
        outcome=None if row["outcome"] is None else parsed(row["outcome"]),
        planned_at=row["planned_at"],
        sent_at=row["sent_at"],
        done_at=row["done_at"],
        generation=row["generation"],
        generation_sent_at=row["generation_sent_at"],
    )


def attempt_of(row: RowMapping) -> PastAttempt:
    """The attempt of a row."""
    return PastAttempt(
        number=row["number"],
        generation=row["generation"],
        begun_at=row["begun_at"],
        state=None if row["state"] is None else EffectState(row["state"]),
        answer=None if row["answer"] is None else parsed(row["answer"]),
        settled_at=row["settled_at"],
    )


def approval_row(approval: Approval) -> dict[str, object]:
    """An approval as a row."""
    return asdict(approval)


def approval_of(row: RowMapping) -> Approval:
    """The approval of a row."""
    return Approval(**row)


def event_row(event: VendorEvent, received_at: int) -> dict[str, object]:
    """A vendor's event as a row."""
    return {
        "vendor": event.vendor,
        "event_id": event.id,
        "kind": event.kind,
        "created_at": event.created_at,
        "received_at": received_at,
        "body": event.body,
        "digest": hashlib.sha256(event.body.encode()).hexdigest(),
        "quarantined": event.quarantined or None,
    }


def event_of(row: RowMapping) -> VendorEvent:
    """The vendor's event of a row."""
    return VendorEvent(
        vendor=row["vendor"],
        id=row["event_id"],
        kind=row["kind"],
        created_at=row["created_at"],
        body=row["body"],
        quarantined=row["quarantined"] or "",
        received_at=row["received_at"],
    )
