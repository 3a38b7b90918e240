"""What recorded months would have come to under other ladders; no source is asked again.

Months are laid out from the decision log, with the terms and the evidence that they were decided
on. A contract that was in force in a month that nobody has run is named as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectors.store import Store
from connectors.terms.files import WorkspaceFolder
from flows.planning import SHARD_SIZE
from flows.verify import recorded_together
from models.case import Case
from models.contract import Contract, Role
from models.decision import EntryKind, LogEntry
from models.findings import Finding, UnusableInputError
from models.money import Currency
from models.period import ServiceMonth
from models.terms import near_miss
from models.whatif import IN_FORCE, MonthAnswers, RecordedMonth, Supposed, what_if

NOT_RUN = "nothing is recorded: run `makegood backfill` for it first"


def whatif_months(
    *,
    store: Store,
    contracts: Sequence[Contract],
    ladders: Sequence[str],
    months: Sequence[ServiceMonth],
    clients: Sequence[str] = (),
) -> tuple[MonthAnswers, ...]:
    """Every recorded month under every ladder, rising by contract and month.

    Args:
        store: Holds decisions, terms and evidence.
        contracts: The workspace's, to name the months that were never run.
        ladders: `contract` for each contract's own terms, ids of the catalog (with `@` and a
            version, or without), or files.
        months: The service months.
        clients: Only these clients; empty means all.

    Raises:
        UnusableInputError: A ladder or a client is unknown, or a ladder is named twice.
    """
    supposed = supposed_ladders(ladders)
    asked = [*_before(months[0], supposed), *months]
    found = [month for each in asked for month in _recorded(store, contracts, each)]
    _known(clients, {month.client for month in found} | {c.client.id for c in contracts})
    chosen = [month for month in found if not clients or month.client in clients]
    answered = what_if(sorted(chosen, key=lambda one: (one.contract, one.month)), supposed)
    return tuple(one for one in answered if one.recorded.month >= months[0])


def _before(first: ServiceMonth, ladders: Sequence[Supposed]) -> list[ServiceMonth]:
    """The earlier months that some ladder looks back at; they are asked about, and not answered."""
    back = [one.terms.looks_back(first) * one.terms.period.months for one in ladders if one.terms]
    return [first.plus(-number) for number in range(max(back, default=0), 0, -1)]


def supposed_ladders(names: Sequence[str]) -> tuple[Supposed, ...]:
    """The ladders that people name.

    Raises:
        UnusableInputError: One is unknown or cannot be used, or is named twice.
    """
    findings: list[Finding] = []
    found: dict[str, Supposed] = {}
    for name in names:
        if name in found:
            findings.append(_twice(name))
        try:
            terms = None if name == IN_FORCE else WorkspaceFolder(Path()).ladder(name)
            found[name] = Supposed(name, terms)
        except UnusableInputError as error:
            findings += error.findings
    if findings:
        raise UnusableInputError(findings)
    return tuple(found.values())


def _twice(name: str) -> Finding:
    return Finding(
        place="--ladder",
        fact=f"names {name} twice",
        expected="each ladder once",
        remedy="Leave one of them out.",
    )


def _recorded(
    store: Store, contracts: Sequence[Contract], month: ServiceMonth
) -> Iterator[RecordedMonth]:
    """The months of all contracts that have been decided, and those that should have been."""
    entries = store.entries(period=str(month), kinds=[EntryKind.DETERMINED])
    latest: Mapping[str, LogEntry] = {entry.contract: entry for entry in entries}
    cases = _cases(store, list(latest.values()))
    begun = {contract.id: contract.begins_on for contract in contracts}
    yield from (
        replace(_laid_out(case_of, entry, month), begins_on=begun.get(entry.contract))
        for case_of, entry in cases
    )
    for contract in contracts:
        governing = None if contract.id in latest else contract.governing(month)
        if governing is not None:
            currency = governing.version.billable
            yield RecordedMonth(contract.id, contract.role, month, currency, None, NOT_RUN)


def _cases(
    store: Store, entries: Sequence[LogEntry]
) -> Iterator[tuple[Callable[[LogEntry], Case], LogEntry]]:
    """Each decision with what lays out its case; terms and evidence are fetched by the shard."""
    for start in range(0, len(entries), SHARD_SIZE):
        shard = entries[start : start + SHARD_SIZE]
        case_of = recorded_together(store, shard)
        yield from ((case_of, entry) for entry in shard)


def _laid_out(
    case_of: Callable[[LogEntry], Case], entry: LogEntry, month: ServiceMonth
) -> RecordedMonth:
    role = Role(entry.body["inputs"]["told"]["role"])
    currency = Currency.of(entry.body["determination"]["currency"])
    try:
        case = case_of(entry)
    except (KeyError, TypeError, ValueError) as error:
        missing = f"its record cannot be read: {error}; see `makegood verify {month}`"
        return RecordedMonth(entry.contract, role, month, currency, None, missing)
    return RecordedMonth(entry.contract, role, month, currency, case)


def _known(clients: Sequence[str], known: set[str]) -> None:
    strangers = [client for client in clients if client not in known]
    if strangers:
        raise UnusableInputError([_stranger(client, known) for client in strangers])


def _stranger(client: str, known: set[str]) -> Finding:
    return Finding(
        place="--client",
        fact=f"is {client!r}",
        expected="the id of a client with a contract or a recorded month",
        remedy=near_miss(client, sorted(known)) or "See `makegood check` for all.",
    )
