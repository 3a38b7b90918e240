"""The append-only record of what was decided, hash-chained per contract.

Every entry carries the digest of the one before it, so that a changed, removed or inserted entry
shows. Bodies are canonical JSON without floats: the same facts always have the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain

from models.intervals import instant, utc_text
from models.terms import JsonValue

GENESIS = "0" * 64
"""The digest that a contract's first entry follows."""


class EntryKind(StrEnum):
    """What an entry records."""

    DETERMINED = "determined"
    DRAFTED = "drafted"
    SUPERSEDED = "superseded"
    RELEASED = "released"
    EFFECT_DONE = "effect_done"
    EFFECT_REFUSED = "effect_refused"
    EFFECT_UNKNOWN = "effect_unknown"
    EFFECT_FOR_A_PERSON = "effect_for_a_person"
    EFFECT_RESOLVED = "effect_resolved"
    CLAIM_MOVED = "claim_moved"
    LEDGER_EDITED = "ledger_edited"
    EXCLUSION_SEEN = "exclusion_seen"
    RELEASE_DECLINED = "release_declined"
    INCIDENT_MOVED = "incident_moved"


OBSERVED = frozenset(
    {
        EntryKind.CLAIM_MOVED,
        EntryKind.LEDGER_EDITED,
        EntryKind.EXCLUSION_SEEN,
        EntryKind.RELEASE_DECLINED,
        EntryKind.INCIDENT_MOVED,
    }
)
"""What people and vendors tell us, beside what was decided and done."""


EXACT = frozenset({str, int, bool, type(None)})
LISTS = {list}


def canonical(value: JsonValue) -> str:
    """Canonical JSON: sorted keys, no spaces, no floats.

    Raises:
        TypeError: The value holds a float or anything else that JSON has no exact form for.
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: JsonValue) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _refuse_floats(value: JsonValue) -> None:
    """Look at everything in the value; records are long and many, so without calling itself."""
    waiting: list[Collection[JsonValue]] = [(value,)]
    for found in waiting:
        kinds = set(map(type, found))
        if kinds == LISTS:
            waiting.append(list(chain.from_iterable(found)))
        elif not kinds <= EXACT:
            waiting += (_inside(each) for each in found if type(each) not in EXACT)


def _inside(value: JsonValue) -> Collection[JsonValue]:
    """What a value holds, when JSON has an exact form for it."""
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, dict) and all(issubclass(kind, str) for kind in set(map(type, value))):
        return value.values()
    if isinstance(value, int | str):
        return ()
    message = f"{type(value).__name__} has no exact form in a record"
    raise TypeError(message)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One link of a contract's chain.

    Attributes:
        contract: The contract's id, `client/service`.
        period: The service period, `2026-05`.
        sequence: 0 for the contract's first entry, then rising by one.
        kind: What it records.
        body: The facts, canonical JSON.
        recorded_at: When it was recorded.
        previous: Digest of the contract's entry before this one.
        digest: SHA-256 over all of the above.
        text: The body as canonical JSON, where it has just been written; "" where it was read.
    """

    contract: str
    period: str
    sequence: int
    kind: EntryKind
    body: JsonValue
    recorded_at: datetime
    previous: str
    digest: str
    text: str = field(default="", compare=False, repr=False)


def link(
    *,
    contract: str,
    period: str,
    kind: EntryKind,
    body: JsonValue,
    recorded_at: datetime,
    after: tuple[int, str] | None,
) -> LogEntry:
    """The entry that follows `after` (sequence and digest), or a chain's first when None."""
    sequence, previous = (after[0] + 1, after[1]) if after else (0, GENESIS)
    text = canonical(body)
    rest = _beside_body(
        contract=contract,
        period=period,
        sequence=sequence,
        kind=kind,
        recorded_at=recorded_at,
        previous=previous,
    )
    digest = _entry_digest(text, rest)
    return LogEntry(contract, period, sequence, kind, body, recorded_at, previous, digest, text)


def entry_digest(
    *,
    contract: str,
    period: str,
    sequence: int,
    kind: EntryKind,
    body: JsonValue,
    recorded_at: datetime,
    previous: str,
) -> str:
    """The digest that an entry with these facts must have."""
    rest = _beside_body(
        contract=contract,
        period=period,
        sequence=sequence,
        kind=kind,
        recorded_at=recorded_at,
        previous=previous,
    )
    return _entry_digest(canonical(body), rest)


def _beside_body(
    *,
    contract: str,
    period: str,
    sequence: int,
    kind: EntryKind,
    recorded_at: datetime,
    previous: str,
) -> Mapping[str, JsonValue]:
    return {
        "contract": contract,
        "period": period,
        "sequence": sequence,
        "kind": kind.value,
        "recorded_at": utc_text(instant(recorded_at)),
        "previous": previous,
    }


def _entry_digest(body: str, rest: Mapping[str, JsonValue]) -> str:
    """SHA-256 of the canonical JSON of all facts, of which `body` is the first by name."""
    text = f'{{"body":{body},{canonical(rest)[1:]}'
    return hashlib.sha256(text.encode()).hexdigest()


def chain_faults(entries: list[LogEntry]) -> list[str]:
    """Every place where one contract's chain does not hold, in order; empty when it is intact."""
    faults = []
    previous = GENESIS
    for expected, entry in enumerate(entries):
        name = f"{entry.contract} entry {entry.sequence} ({entry.period}, {entry.kind.value})"
        faults += [f"{name}: {fault}" for fault in _faults(entry, expected, previous)]
        previous = entry.digest
    return faults


def _faults(entry: LogEntry, expected: int, previous: str) -> list[str]:
    found = {
        f"entry {expected} is missing before it": entry.sequence > expected,
        f"it stands where entry {expected} belongs": entry.sequence < expected,
        "does not follow the entry before it": entry.previous != previous,
        "its content is not what was recorded": recomputed(entry) != entry.digest,
    }
    return [fault for fault, there in found.items() if there]


def recomputed(entry: LogEntry) -> str:
    """The digest that an entry's content has now; any other than its own shows a change."""
    return entry_digest(
        contract=entry.contract,
        period=entry.period,
        sequence=entry.sequence,
        kind=entry.kind,
        body=entry.body,
        recorded_at=entry.recorded_at,
        previous=entry.previous,
    )
