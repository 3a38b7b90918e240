"""Prove the past: every chain intact, every decision replayed to the same cents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from connectors.store import Store, StoredObligation
from models.case import decide, lay_out
from models.decision import EntryKind, LogEntry, chain_faults
from models.terms import JsonValue

COMPARED = ("uptime", "exclusions", "determination")

STATE_TOLD = {
    EntryKind.DRAFTED: "draft",
    EntryKind.SUPERSEDED: "superseded",
    EntryKind.RELEASED: "released",
}
"""The entries that tell where an obligation stands; a drafted one says itself which it is."""

Told = tuple[str, str, str | None, str | None]
"""Period, state, amount and currency of an obligation."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was proven, and what was not.

    Attributes:
        chains: Contracts whose chains were read.
        entries: Log entries read.
        replayed: Decisions that were decided again from their recorded inputs.
        faults: Everything that does not hold, one sentence each; empty when all does.
    """

    chains: int
    entries: int
    replayed: int
    faults: tuple[str, ...]


def verify(store: Store, *, period: str | None = None) -> Verification:
    """Check every chain, replay the decisions of a period or of all, and compare the obligations.

    Chains are always read whole, because a part of a chain proves nothing.

    Args:
        store: What is verified.
        period: Only the decisions of this month are replayed; None replays every one.
    """
    chains = entries = replayed = 0
    faults: list[str] = []
    told: dict[str, Told] = {}
    for _, chain in groupby(store.entries(), key=lambda entry: entry.contract):
        listed = list(chain)
        chains += 1
        entries += len(listed)
        broken = chain_faults(listed)
        faults += broken
        decisions = [entry for entry in listed if _is_decision(entry, period)]
        replayed += len(decisions)
        faults += _replay_faults(store, decisions)
        if not broken:
            told.update(_told_obligations(listed))
    faults += _obligation_faults(store, told)
    return Verification(chains, entries, replayed, tuple(faults))


def _is_decision(entry: LogEntry, period: str | None) -> bool:
    return entry.kind is EntryKind.DETERMINED and period in {None, entry.period}


def _replay_faults(store: Store, decisions: Iterable[LogEntry]) -> Iterator[str]:
    for entry in decisions:
        name = f"{entry.contract} {entry.period} (entry {entry.sequence})"
        try:
            again = _replayed(store, entry)
        except (KeyError, TypeError, ValueError) as error:
            yield f"{name}: cannot be replayed: {error}"
        else:
            differing = [part for part in COMPARED if again[part] != entry.body[part]]
            yield from (f"{name}: {part} comes out differently when replayed" for part in differing)


def _replayed(store: Store, entry: LogEntry) -> Mapping[str, JsonValue]:
    inputs = entry.body["inputs"]
    evidence = store.evidence(digest for regions in inputs["evidence"] for digest in regions)
    terms = store.terms([inputs["terms"]])
    case = lay_out(
        inputs,
        contract=entry.contract,
        terms_of=lambda digest: terms[digest],
        evidence_of=lambda digest: json.loads(evidence[digest].text),
    )
    return decide(case).record


def _told_obligations(chain: Iterable[LogEntry]) -> Mapping[str, Told]:
    told: dict[str, Told] = {}
    for entry in chain:
        if entry.kind in STATE_TOLD:
            body = entry.body
            state = body["state"] if entry.kind is EntryKind.DRAFTED else STATE_TOLD[entry.kind]
            told[body["obligation"]] = (entry.period, state, body["amount"], body["currency"])
    return told


def _obligation_faults(store: Store, told: Mapping[str, Told]) -> Iterator[str]:
    kept: dict[str, Told] = {}
    for period in sorted({period for period, *_ in told.values()}):
        kept.update((stored.key, _kept(stored)) for stored in store.obligations(period))
    for key in sorted(told.keys() | kept.keys()):
        if told.get(key) != kept.get(key):
            yield f"{key}: the log says {told.get(key)}, the table says {kept.get(key)}"


def _kept(stored: StoredObligation) -> Told:
    obligation = stored.obligation
    amount = obligation.amount
    return (
        obligation.period,
        obligation.state.value,
        amount.text if amount else None,
        amount.currency.code if amount else None,
    )
