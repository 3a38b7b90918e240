"""What people and vendors tell: found by its id, appended when it is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from connectors.store import Observation
from connectors.store._chains import Chains, heads_of, in_portions
from connectors.store._rows import LOG, entry_of
from models.decision import OBSERVED, EntryKind, LogEntry
from models.tables import OBSERVED as INDEXED

Name = tuple[str, str, EntryKind, str]


def check(observations: Iterable[Observation]) -> None:
    """Refuse what could not be found again.

    Raises:
        ValueError: A kind, an id or a body is not what `Store.observe` promises to keep.
    """
    for told in observations:
        if told.kind not in OBSERVED:
            message = f"{told.contract}: {told.kind.value} is decided or done, not observed"
            raise ValueError(message)
        if not told.id or not isinstance(told.body, dict) or "id" in told.body:
            message = f"{told.contract}: an observation has an id, and a body of facts without one"
            raise ValueError(message)


def observe(
    connection: Connection, observations: Sequence[Observation], now: int
) -> tuple[LogEntry, ...]:
    """Append what is new; answer with the entry of each."""
    contracts = sorted({told.contract for told in observations})
    known = {_name_of(entry): entry for entry in _known(connection, contracts, observations)}
    chains = Chains(heads_of(connection, contracts), recorded_at=now)
    for told in observations:
        name = (told.contract, told.period, told.kind, told.id)
        if name not in known:
            body = {**told.body, "id": told.id}
            known[name] = chains.append(told.contract, told.period, told.kind, body)
    chains.write(connection)
    return tuple(known[(t.contract, t.period, t.kind, t.id)] for t in observations)


def _known(
    connection: Connection, contracts: Sequence[str], observations: Sequence[Observation]
) -> Iterator[LogEntry]:
    periods = sorted({told.period for told in observations})
    for kind in sorted({told.kind for told in observations}):
        for portion in in_portions(contracts):
            query = told_of(kind).where(LOG.c.contract.in_(portion), LOG.c.period.in_(periods))
            for row in connection.execute(query).mappings():
                yield entry_of(row)


def _name_of(entry: LogEntry) -> Name:
    return (entry.contract, entry.period, entry.kind, str(entry.body.get("id")))


def told_of(kind: EntryKind) -> Select[Any]:
    """The question for all that was told of a kind; worded so that its own index answers it."""
    query = select(LOG).where(INDEXED, LOG.c.kind == kind.value)
    return query.order_by(LOG.c.contract, LOG.c.sequence)
