"""What leaves for other tools: contracts as tables and SLOs, recorded exclusions as a calendar.

Nothing is asked and nothing recorded: contracts are those of the workspace's files, exclusions
those of its files and those that decisions were made on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.store import Store
from flows.messages.maintenance import WrittenCalendar, exclusion_calendar
from models.contract import Contract
from models.decision import EntryKind
from models.exclusion import ExclusionEvent
from models.intervals import Interval
from models.openslo import exported
from models.period import ServiceMonth
from models.terms import JsonValue


@dataclass(frozen=True, slots=True)
class OpenSlos:
    """Contracts as OpenSLO documents, and what these do not say."""

    documents: tuple[JsonValue, ...]
    contracts: int
    unsaid: tuple[str, ...]


def as_openslo(contracts: Sequence[Contract], *, month: ServiceMonth) -> OpenSlos:
    """The terms in force in a month; a service that several contracts share stands once."""
    documents: dict[str, JsonValue] = {}
    unsaid: list[str] = []
    said = 0
    for contract in contracts:
        version = contract.in_force(month)
        if version is None:
            unsaid.append(f"{contract.id}: is not in force in {month}")
            continue
        found = exported(contract, version)
        unsaid += found.unsaid
        said += bool(found.documents)
        for document in found.documents:
            name = f"{document['kind']}/{document['metadata']['name']}"
            if documents.setdefault(name, document) != document and document["kind"] == "SLO":
                unsaid.append(f"{contract.id}: another contract is called {name} too")
    return OpenSlos(tuple(documents.values()), said, tuple(unsaid))


def as_calendar(
    store: Store, filed: Sequence[ExclusionEvent], *, span: Interval | None
) -> WrittenCalendar:
    """The exclusions of the files, and those that decisions were made on.

    Args:
        store: Holds the decisions.
        filed: What the workspace's own files tell.
        span: Only those that touch it; None for all.
    """
    known = {**_recorded(store), **{event.id: event for event in filed}}
    return exclusion_calendar(
        event for event in known.values() if span is None or _touches(event.interval, span)
    )


def _recorded(store: Store) -> dict[str, ExclusionEvent]:
    """The events that decisions rest on, each as it stood when the latest of them was made."""
    latest: dict[str, tuple[datetime, JsonValue]] = {}
    for entry in store.entries(kinds=[EntryKind.DETERMINED]):
        for event in entry.body["inputs"]["exclusions"]:
            before = latest.get(event["id"])
            if before is None or before[0] <= entry.recorded_at:
                latest[event["id"]] = (entry.recorded_at, event)
    return {name: ExclusionEvent.model_validate(event) for name, (_, event) in latest.items()}


def _touches(interval: Interval, span: Interval) -> bool:
    return interval.start < span.end and span.start < interval.end
