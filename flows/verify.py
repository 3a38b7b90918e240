"""Prove the past: every chain intact, every decision replayed to the same cents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from connectors.store import Store
from flows.retold import Retold
from models.case import Case, Decided, decide, lay_out, replay_faults
from models.decision import EntryKind, LogEntry, chain_faults
from models.spared import effect_records

Kept = TypeVar("Kept")


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
    """Check every chain, replay the decisions of a period or of all, and compare the tables.

    Chains are always read whole, because a part of a chain proves nothing.

    Args:
        store: What is verified.
        period: Only the decisions of this month are replayed; None replays every one.
    """
    chains = entries = replayed = 0
    faults: list[str] = []
    told = Retold()
    for _, chain in groupby(store.entries(), key=lambda entry: entry.contract):
        listed = list(chain)
        chains += 1
        entries += len(listed)
        faults += chain_faults(listed)
        decisions = [entry for entry in listed if _is_decision(entry, period)]
        replayed += len(decisions)
        faults += _replay_faults(store, decisions)
        told.read(listed)
    faults += told.faults(store)
    return Verification(chains, entries, replayed, tuple(faults))


def _is_decision(entry: LogEntry, period: str | None) -> bool:
    return entry.kind is EntryKind.DETERMINED and period in {None, entry.period}


def _replay_faults(store: Store, decisions: Iterable[LogEntry]) -> Iterator[str]:
    for entry in decisions:
        name = f"{entry.contract} {entry.period} (entry {entry.sequence})"
        try:
            again = decided_again(store, entry)
        except (KeyError, TypeError, ValueError) as error:
            yield f"{name}: cannot be replayed: {error}"
        else:
            yield from (f"{name}: {fault}" for fault in replay_faults(entry.body, again.record))
            effects = entry.body.get("exclusion_effects")
            if effects is not None and effects != effect_records(again):
                yield f"{name}: what its exclusions come to comes out differently when replayed"


def decided_again(store: Store, entry: LogEntry) -> Decided:
    """A recorded decision, decided again from its recorded inputs.

    Raises:
        KeyError, TypeError, ValueError: Terms or evidence are missing, or are not what they were.
    """
    return decide(recorded_case(store, entry))


def recorded_case(store: Store, entry: LogEntry) -> Case:
    """What a recorded decision was made on.

    Raises:
        KeyError, TypeError, ValueError: Terms or evidence are missing, or are not what they were.
    """
    return recorded_together(store, [entry])(entry)


def recorded_together(store: Store, entries: Sequence[LogEntry]) -> Callable[[LogEntry], Case]:
    """What several decisions were made on, fetched at once; called with one, it lays out its case.

    Calling it raises KeyError, TypeError or ValueError where terms or evidence of that one are
    missing, or are not what they were.
    """
    inputs = [entry.body["inputs"] for entry in entries]
    evidence = store.evidence(d for one in inputs for regions in one["evidence"] for d in regions)
    terms = store.terms([one["terms"] for one in inputs])

    def _laid_out(entry: LogEntry) -> Case:
        return lay_out(
            entry.body["inputs"],
            contract=entry.contract,
            terms_of=lambda digest: _found(terms, digest, "terms"),
            evidence_of=lambda digest: json.loads(
                _found(evidence, digest, "evidence").text, parse_float=Decimal
            ),
        )

    return _laid_out


def _found(kept: Mapping[str, Kept], digest: str, what: str) -> Kept:
    if digest not in kept:
        message = f"its {what} {digest[:12]} is missing"
        raise ValueError(message)
    return kept[digest]
