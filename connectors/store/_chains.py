"""Appending to many contracts' chains inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sqlalchemy import Connection, func, insert, select

from connectors.store._rows import LOG, entry_row
from models.decision import EntryKind, LogEntry, link
from models.intervals import utc
from models.terms import JsonValue

Head = tuple[int, str]
T = TypeVar("T")

AT_ONCE = 500
"""How many values one statement names: far below what any database takes."""


def in_portions(items: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def heads_of(connection: Connection, contracts: Iterable[str]) -> dict[str, Head]:
    """Sequence and digest of the last entry of each contract that has one."""
    heads: dict[str, Head] = {}
    for portion in in_portions(contracts):
        last = (
            select(LOG.c.contract, func.max(LOG.c.sequence).label("sequence"))
            .where(LOG.c.contract.in_(portion))
            .group_by(LOG.c.contract)
            .subquery()
        )
        at_last = (LOG.c.contract == last.c.contract) & (LOG.c.sequence == last.c.sequence)
        query = select(LOG.c.contract, LOG.c.sequence, LOG.c.digest).join(last, at_last)
        for contract, sequence, digest in connection.execute(query):
            heads[contract] = (sequence, digest)
    return heads


class Chains:
    """The chains of some contracts, growing inside a transaction that nobody else writes in.

    Entries are linked in memory and written together by `write`.
    """

    def __init__(self, heads: Mapping[str, Head], *, recorded_at: int) -> None:
        """Start at these heads; every entry carries this instant of the database's clock."""
        self._heads = dict(heads)
        self._recorded_at = utc(recorded_at)
        self._entries: list[LogEntry] = []

    def append(self, contract: str, period: str, kind: EntryKind, body: JsonValue) -> LogEntry:
        """Link one more entry to a contract's chain."""
        entry = link(
            contract=contract,
            period=period,
            kind=kind,
            body=body,
            recorded_at=self._recorded_at,
            after=self._heads.get(contract),
        )
        self._heads[contract] = (entry.sequence, entry.digest)
        self._entries.append(entry)
        return entry

    def write(self, connection: Connection) -> None:
        """Insert every entry that was appended."""
        if self._entries:
            connection.execute(insert(LOG), [entry_row(entry) for entry in self._entries])
