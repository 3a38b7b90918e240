"""The store on SQLite and PostgreSQL: one implementation, every write one transaction.

It stands at both ends of a month's run: it answers what is known and records what was decided. It
must never decide an amount, act on the outside world, or let a password into a message.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    RowMapping,
    Select,
    Table,
    bindparam,
    func,
    insert,
    make_url,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import ArgumentError

from connectors.errors import Misconfigured
from connectors.retry import pause
from connectors.store import (
    Approval,
    Arrival,
    Attempt,
    ChainMovedError,
    ContractChange,
    ContractHistory,
    Effect,
    EffectOutcome,
    EffectPlan,
    Evidence,
    GuardMovedError,
    HeldError,
    KeptGuard,
    MonthLockedError,
    Observation,
    PastAttempt,
    Quarantined,
    Release,
    ReleaseRefusedError,
    ShardBatch,
    Start,
    Store,
    StoredObligation,
    VendorEvent,
    _effects,
    _facts,
    _kept,
    _observed,
    _paces,
    _signals,
    batch_digest,
)
from connectors.store._chains import Chains, Head, heads_of, in_portions
from connectors.store._dialect import Dialect, checked_period
from connectors.store._failures import translated
from connectors.store._migrations import (
    current_revision,
    is_known,
    newest_revision,
    upgrade,
)
from connectors.store._postgresql import PostgreSql
from connectors.store._rows import (
    APPROVAL,
    EFFECT,
    EVIDENCE,
    LOG,
    OBLIGATION,
    TERMS,
    VENDOR_EVENT,
    approval_of,
    approval_row,
    effect_of,
    entry_of,
    event_of,
    event_row,
    obligation_of,
    obligation_row,
    parsed,
)
from connectors.store._sqlite import SqliteFile, SqliteMemory
from models.artifacts import Artifact, KeptMonth, KeptReading
from models.contract import Role
from models.credit import ObligationState
from models.decision import EntryKind, LogEntry
from models.effect import EffectState
from models.incidents.signal import Heard
from models.terms import JsonValue

NewRow = Mapping[str, object]
Query = Select[Any]

OPEN_STATES = frozenset({ObligationState.DRAFT, ObligationState.WITHHELD})

PAGE = 1000
"""Log entries, keys or events that one read of a stream brings."""

NANOSECONDS = 1_000_000_000
MICROSECONDS = 1000
"""Of a millisecond."""

TURN_MS = 50
"""Between two questions whether a lock is free."""


def open_store(url: str, *, lazily: bool = False) -> Store:
    """Open a database, create or upgrade its tables, and answer with the store.

    Args:
        url: `sqlite:///makegood.db` (a path relative to the current folder), `sqlite:////abs/path`,
            `sqlite://` (in memory), or `postgresql://user:password@host/database`.
        lazily: A database file that is not there yet is made by the first question or record, not
            before: a run that is refused leaves nothing behind.

    Raises:
        Misconfigured: The address is not one of these, or the database cannot be opened, or a
            newer Makegood has opened it.
        Retriable: The database cannot be reached.
    """
    store = SqlStore(_dialect(url))
    if lazily and not store.dialect.exists:
        return store
    try:
        store.bring_up_to_date()
    except BaseException:
        store.close()
        raise
    return store


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands, seen without changing it.

    Attributes:
        place: The database as messages name it, without user or password.
        revision: Its tables' revision; None where there are none yet.
        newest: The revision that this program works with.
        known: Whether this program knows the revision, or there is none.
        now: The present instant by the database's clock.
    """

    place: str
    revision: str | None
    newest: str
    known: bool
    now: int


def standing_of(url: str) -> Standing | None:
    """Look at a database and leave its tables as they are; None where there is no file yet.

    Args:
        url: As `open_store` takes it.

    Raises:
        Misconfigured: The address is none, or the database cannot be opened.
        Retriable: The database cannot be reached.
    """
    with closing(_dialect(url)) as dialect:
        if not dialect.exists:
            return None
        with translated(dialect), dialect.engine.connect() as connection:
            revision = current_revision(connection)
            return Standing(
                place=dialect.place,
                revision=revision,
                newest=newest_revision(),
                known=is_known(revision),
                now=dialect.now(connection),
            )


def _dialect(url: str) -> Dialect:
    parsed_url = _parsed(url)
    match parsed_url.drivername:
        case "sqlite" if parsed_url.database in {None, "", ":memory:"}:
            return SqliteMemory()
        case "sqlite":
            return SqliteFile(Path(str(parsed_url.database)))
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return PostgreSql(parsed_url.set(drivername="postgresql+psycopg"))
        case other:
            message = (
                f"database: its address begins with {other}://; sqlite:/// and a path, or "
                "postgresql:// and a server were expected. Write one of these."
            )
            raise Misconfigured(message)


def _parsed(url: str) -> URL:
    with suppress(ArgumentError, ValueError):
        parsed = make_url(url)
        # Of a password with an `@` in it the rest would be taken for the host, and be shown as one.
        if "@" not in (parsed.host or ""):
            return parsed
    message = (
        "database: its address cannot be read; sqlite:///makegood.db or "
        "postgresql://user:password@host/name was expected. "
        "Write `@`, `:`, `/` and `%` in a password as %40, %3A, %2F and %25."
    )
    raise Misconfigured(message)


def _bring_up_to_date(dialect: Dialect) -> None:
    with dialect.engine.connect() as connection:
        if current_revision(connection) == newest_revision():
            return
    with dialect.opening() as connection:
        upgrade(connection, place=dialect.place)


class SqlStore:
    """`connectors.store.Store` over SQLAlchemy; made by `open_store`.

    Attributes:
        dialect: The database underneath; flows have no business with it.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Work on a database whose tables are brought up to date before they are first used."""
        self.dialect = dialect
        self._up_to_date = False
        self._guard = Lock()

    def __repr__(self) -> str:
        """Where it is, without user and password."""
        return f"SqlStore({self.dialect.place})"

    @contextmanager
    def month_lock(self, period: str, *, holder: str) -> Iterator[None]:
        """See `Store.month_lock`."""
        with ExitStack() as held:
            try:
                held.enter_context(self.hold(checked_period(period), holder=holder))
            except HeldError as taken:
                raise MonthLockedError(period, taken.held) from None
            yield

    @contextmanager
    def hold(self, name: str, *, holder: str, wait_seconds: int = 0) -> Iterator[None]:
        """See `Store.hold`."""
        with ExitStack() as held:
            with translated(self.dialect):
                self._take(held, name, holder, wait_seconds)
            yield

    def _take(self, held: ExitStack, name: str, holder: str, wait_seconds: int) -> None:
        until = time.monotonic_ns() + wait_seconds * NANOSECONDS
        while True:
            try:
                held.enter_context(self.dialect.hold(name, holder))
                return
            except HeldError:
                if time.monotonic_ns() >= until:
                    raise
            pause(TURN_MS)

    def bring_up_to_date(self) -> None:
        """Create or upgrade the tables, once.

        Raises:
            Misconfigured: The database cannot be opened, or a newer Makegood has opened it.
            Retriable: The database cannot be reached.
        """
        with self._guard, translated(self.dialect):
            if not self._up_to_date:
                _bring_up_to_date(self.dialect)
                self._up_to_date = True

    def now(self) -> int:
        """See `Store.now`."""
        with self._reading() as connection:
            return self.dialect.now(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self.bring_up_to_date()
        with translated(self.dialect), self.dialect.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, int]]:
        self.bring_up_to_date()
        with translated(self.dialect), self.dialect.writing() as connection:
            yield connection, self.dialect.now(connection)

    def turns(self, name: str, *, gap_us: int, count: int = 1) -> int:
        """See `Store.turns`."""
        if count < 1 or gap_us < 0:
            message = f"{name}: {count} moments {gap_us} us apart; at least one was expected"
            raise ValueError(message)
        with self._writing() as (connection, now):
            return _paces.reserve(connection, name, now * MICROSECONDS, count=count, gap_us=gap_us)

    def hold_off(self, name: str, *, us: int) -> None:
        """See `Store.hold_off`."""
        if us < 0:
            message = f"{name}: left alone for {us} us; 0 or more were expected"
            raise ValueError(message)
        with self._writing() as (connection, now):
            _paces.hold_off(connection, name, now * MICROSECONDS, us=us)

    def history(self, contracts: Sequence[str], period: str) -> Mapping[str, ContractHistory]:
        """See `Store.history`."""
        with self._reading() as connection:
            # Heads come first: whatever is written between these reads moves a head, and `record`
            # then refuses.
            heads = heads_of(connection, contracts)
            determined = {e.contract: e for e in _latest_determined(connection, heads, period)}
            owed: dict[str, list[StoredObligation]] = {}
            for stored in _obligations_of(connection, heads, period):
                owed.setdefault(stored.obligation.contract, []).append(stored)
        return {
            contract: ContractHistory(
                contract=contract,
                head=heads.get(contract),
                determined=determined.get(contract),
                obligations=tuple(owed.get(contract, ())),
            )
            for contract in contracts
        }

    def record(self, batch: ShardBatch) -> None:
        """See `Store.record`."""
        _refuse_contradictions(batch)
        with self._writing() as (connection, now):
            heads = heads_of(connection, [change.contract for change in batch.changes])
            _refuse_moved(batch.changes, heads)
            _insert_absent(connection, EVIDENCE, [_evidence_row(e) for e in batch.evidence])
            terms = [{"digest": t.digest, "body": t.text} for t in batch.terms]
            _insert_absent(connection, TERMS, terms)
            _supersede(connection, batch.changes)
            chains = Chains(heads, recorded_at=now)
            owed = [row for change in batch.changes for row in _appended(chains, change)]
            _insert(connection, OBLIGATION, owed)
            _effects.plan(connection, [p for change in batch.changes for p in change.effects], now)
            chains.write(connection)

    def obligations(
        self,
        period: str | None,
        *,
        clients: Sequence[str] | None = None,
        states: Sequence[ObligationState] | None = None,
        role: Role | None = None,
    ) -> tuple[StoredObligation, ...]:
        """See `Store.obligations`."""
        query = select(OBLIGATION)
        if role is not None:
            query = query.where(OBLIGATION.c.role == role.value)
        if period is not None:
            query = query.where(OBLIGATION.c.period == period)
        if clients is not None:
            query = query.where(OBLIGATION.c.client.in_(clients))
        if states is not None:
            query = query.where(OBLIGATION.c.state.in_([state.value for state in states]))
        query = query.order_by(OBLIGATION.c.contract, OBLIGATION.c.period, OBLIGATION.c.revision)
        with self._reading() as connection:
            return tuple(obligation_of(row) for row in connection.execute(query).mappings())

    def release(
        self,
        keys: Sequence[str],
        *,
        shown: str,
        by: str,
        why: str,
        at: int,
        effects: Sequence[EffectPlan] = (),
    ) -> tuple[StoredObligation, ...]:
        """See `Store.release`."""
        release = Release(by=by, at=at, why=why)
        with self._writing() as (connection, now):
            standing = _obligations_under(connection, keys)
            _refuse_changed(keys, standing, shown)
            approvals = _approvals(connection, shown)
            chains = Chains(
                heads_of(connection, {s.obligation.contract for s in standing.values()}),
                recorded_at=now,
            )
            for stored in standing.values():
                owed = stored.obligation
                body = _facts.released(stored, release, approvals)
                chains.append(owed.contract, owed.period, EntryKind.RELEASED, body)
            _let_go(connection, keys, release)
            _effects.plan(connection, effects, now)
            chains.write(connection)
            released = _obligations_under(connection, keys)
        return tuple(released[key] for key in keys)

    def plan_effects(
        self, plans: Sequence[EffectPlan], *, together: bool = False
    ) -> tuple[Effect, ...]:
        """See `Store.plan_effects`."""
        with self._writing() as (connection, now):
            _effects.plan(connection, plans, now, together=together)
            stored = _effects.effects_under(connection, [plan.key for plan in plans])
        return tuple(stored[plan.key] for plan in plans if plan.key in stored)

    def effects(
        self,
        *,
        period: str | None = None,
        states: Sequence[EffectState] | None = None,
        keys: Sequence[str] | None = None,
    ) -> tuple[Effect, ...]:
        """See `Store.effects`."""
        query = select(EFFECT)
        if period is not None:
            query = query.where(EFFECT.c.period == period)
        if states is not None:
            query = query.where(EFFECT.c.state.in_([state.value for state in states]))
        found: list[Effect] = []
        with self._reading() as connection:
            for narrowed in _effects.narrowed(query, EFFECT, keys):
                found += (effect_of(row) for row in connection.execute(narrowed).mappings())
        return tuple(sorted(found, key=lambda effect: effect.key))

    def effect_keys(
        self,
        *,
        period: str | None = None,
        kinds: Sequence[str] | None = None,
        states: Sequence[EffectState] | None = None,
    ) -> Iterator[str]:
        """See `Store.effect_keys`; each page is a read of its own, so that nobody waits."""
        query = select(EFFECT.c.key).order_by(EFFECT.c.key).limit(PAGE)
        if period is not None:
            query = query.where(EFFECT.c.period == period)
        if kinds is not None:
            query = query.where(EFFECT.c.kind.in_(kinds))
        if states is not None:
            query = query.where(EFFECT.c.state.in_([state.value for state in states]))
        page = self._keys(query)
        while page:
            yield from page
            page = self._keys(query.where(EFFECT.c.key > page[-1])) if len(page) == PAGE else []

    def _keys(self, query: Query) -> list[str]:
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def begin(self, starts: Sequence[str | Start]) -> tuple[Attempt, ...]:
        """See `Store.begin`."""
        with self._writing() as (connection, now):
            return _effects.begin(connection, starts, now)

    def finish(self, outcomes: Sequence[EffectOutcome]) -> tuple[Effect, ...]:
        """See `Store.finish`."""
        with self._writing() as (connection, now):
            return _effects.finish(connection, outcomes, now)

    def resolve(self, key: str, *, as_: EffectState, by: str, why: str) -> Effect:
        """See `Store.resolve`."""
        with self._writing() as (connection, now):
            return _effects.resolve(connection, key, as_=as_, by=by, why=why, now=now)

    def attempts(self, key: str) -> tuple[PastAttempt, ...]:
        """See `Store.attempts`."""
        with self._reading() as connection:
            return _effects.attempts(connection, key)

    def approve(self, approval: Approval) -> tuple[Approval, ...]:
        """See `Store.approve`."""
        with self._writing() as (connection, _):
            given = _approvals(connection, approval.batch)
            if (approval.by, approval.identity) not in {(a.by, a.identity) for a in given}:
                connection.execute(insert(APPROVAL), [approval_row(approval)])
            return _approvals(connection, approval.batch)

    def approvals(self, batch: str) -> tuple[Approval, ...]:
        """See `Store.approvals`."""
        with self._reading() as connection:
            return _approvals(connection, batch)

    def store_event(self, event: VendorEvent) -> bool:
        """See `Store.store_event`."""
        known = select(VENDOR_EVENT.c.event_id).where(
            VENDOR_EVENT.c.vendor == event.vendor, VENDOR_EVENT.c.event_id == event.id
        )
        with self._writing() as (connection, now):
            if connection.execute(known).first() is not None:
                return False
            connection.execute(insert(VENDOR_EVENT), [event_row(event, now)])
        return True

    def events(
        self, vendor: str, *, kinds: Sequence[str] | None = None, since: int | None = None
    ) -> Iterator[VendorEvent]:
        """See `Store.events`; each page is a read of its own, so that nobody waits."""
        place = (VENDOR_EVENT.c.created_at, VENDOR_EVENT.c.event_id)
        query = select(VENDOR_EVENT).where(VENDOR_EVENT.c.vendor == vendor)
        query = query.order_by(*place).limit(PAGE)
        if kinds is not None:
            query = query.where(VENDOR_EVENT.c.kind.in_(kinds))
        if since is not None:
            query = query.where(VENDOR_EVENT.c.created_at >= since)
        page = self._events(query)
        while page:
            yield from page
            beyond = tuple_(*place) > (page[-1].created_at, page[-1].id)
            page = self._events(query.where(beyond)) if len(page) == PAGE else []

    def _events(self, query: Query) -> list[VendorEvent]:
        with self._reading() as connection:
            return [event_of(row) for row in connection.execute(query).mappings()]

    def hear(self, arrivals: Sequence[Arrival]) -> tuple[bool, ...]:
        """See `Store.hear`."""
        self.bring_up_to_date()
        with translated(self.dialect), self.dialect.adding("signal") as connection:
            return _signals.add(connection, self.dialect.now(connection), arrivals)

    def heard(self, sources: Sequence[str], *, after: int) -> Iterator[Heard]:
        """See `Store.heard`; each page is a read of its own, so that nobody waits."""
        page: list[Heard] = []
        while not page or len(page) == PAGE:
            with self._reading() as connection:
                page = list(_signals.heard(connection, sources, after, PAGE))
            yield from page
            if not page:
                return
            after = page[-1].number

    def quarantined(self, *, most: int = 100) -> tuple[Quarantined, ...]:
        """See `Store.quarantined`."""
        with self._reading() as connection:
            return tuple(_signals.quarantined(connection, most))

    def guard(self, service: str) -> KeptGuard | None:
        """See `Store.guard`."""
        with self._reading() as connection:
            return _signals.guard(connection, service)

    def keep_guard(self, kept: KeptGuard, observations: Sequence[Observation] = ()) -> None:
        """See `Store.keep_guard`."""
        _observed.check(observations)
        with self._writing() as (connection, now):
            if not _signals.keep_guard(connection, now, kept):
                raise GuardMovedError(kept.service)
            _observed.observe(connection, observations, now)

    def observe(self, observations: Sequence[Observation]) -> tuple[LogEntry, ...]:
        """See `Store.observe`."""
        _observed.check(observations)
        with self._writing() as (connection, now):
            return _observed.observe(connection, observations, now)

    def observed(
        self,
        kind: EntryKind,
        *,
        periods: Sequence[str] | None = None,
        contracts: Sequence[str] | None = None,
    ) -> Iterator[LogEntry]:
        """See `Store.observed`; each page is a read of its own, so that nobody waits."""
        query = _observed.told_of(kind).limit(PAGE)
        if periods is not None:
            query = query.where(LOG.c.period.in_(periods))
        if contracts is None:
            yield from self._streamed(query)
            return
        for portion in in_portions(sorted(set(contracts))):
            yield from self._streamed(query.where(LOG.c.contract.in_(portion)))

    def entries(
        self,
        *,
        contract: str | None = None,
        period: str | None = None,
        kinds: Sequence[EntryKind] | None = None,
    ) -> Iterator[LogEntry]:
        """See `Store.entries`; each page is a read of its own, so that nobody waits."""
        query = select(LOG).order_by(LOG.c.contract, LOG.c.sequence).limit(PAGE)
        if contract is not None:
            query = query.where(LOG.c.contract == contract)
        if period is not None:
            query = query.where(LOG.c.period == period)
        if kinds is not None:
            query = query.where(LOG.c.kind.in_([kind.value for kind in kinds]))
        yield from self._streamed(query)

    def _streamed(self, query: Query) -> Iterator[LogEntry]:
        page = self._page(query)
        while page:
            yield from page
            last = page[-1]
            beyond = tuple_(LOG.c.contract, LOG.c.sequence) > (last.contract, last.sequence)
            page = self._page(query.where(beyond)) if len(page) == PAGE else []

    def _page(self, query: Query) -> list[LogEntry]:
        with self._reading() as connection:
            return [entry_of(row) for row in connection.execute(query).mappings()]

    def evidence(self, digests: Iterable[str]) -> Mapping[str, Evidence]:
        """See `Store.evidence`."""
        return {
            row["digest"]: Evidence(row["digest"], row["monitor"], row["body"])
            for row in self._under(EVIDENCE, digests)
        }

    def keep(
        self, read: KeptReading, months: Sequence[KeptMonth], contents: Sequence[Artifact]
    ) -> tuple[KeptMonth, ...]:
        """See `Store.keep`."""
        with self._writing() as (connection, now):
            return _kept.keep(connection, now, read, months, contents)

    def kept_reading(self, source: str, rule: str) -> KeptReading | None:
        """See `Store.kept_reading`."""
        if not self.dialect.exists:
            return None
        with self._reading() as connection:
            return _kept.reading(connection, source, rule)

    def kept_months(self, source: str, rule: str) -> tuple[KeptMonth, ...]:
        """See `Store.kept_months`."""
        with self._reading() as connection:
            return tuple(_kept.months(connection, source, rule))

    def artifacts(self, digests: Iterable[str]) -> Mapping[str, Artifact]:
        """See `Store.artifacts`."""
        with self._reading() as connection:
            found = _kept.artifacts(connection, list(digests))
            return {artifact.digest: artifact for artifact in found}

    def terms(self, digests: Iterable[str]) -> Mapping[str, JsonValue]:
        """See `Store.terms`."""
        return {row["digest"]: parsed(row["body"]) for row in self._under(TERMS, digests)}

    def _under(self, table: Table, digests: Iterable[str]) -> Iterator[RowMapping]:
        for portion in in_portions(sorted(set(digests))):
            with self._reading() as connection:
                query = select(table).where(table.c.digest.in_(portion))
                rows = connection.execute(query).mappings().all()
            yield from rows

    def close(self) -> None:
        """See `Store.close`."""
        self.dialect.close()


def _latest_determined(
    connection: Connection, contracts: Iterable[str], period: str
) -> Iterator[LogEntry]:
    for portion in in_portions(contracts):
        chosen = (LOG.c.contract.in_(portion), LOG.c.period == period)
        last = (
            select(LOG.c.contract, func.max(LOG.c.sequence).label("sequence"))
            .where(*chosen, LOG.c.kind == EntryKind.DETERMINED.value)
            .group_by(LOG.c.contract)
            .subquery()
        )
        at_last = (LOG.c.contract == last.c.contract) & (LOG.c.sequence == last.c.sequence)
        for row in connection.execute(select(LOG).join(last, at_last)).mappings():
            yield entry_of(row)


def _obligations_of(
    connection: Connection, contracts: Iterable[str], period: str
) -> Iterator[StoredObligation]:
    for portion in in_portions(contracts):
        query = (
            select(OBLIGATION)
            .where(OBLIGATION.c.contract.in_(portion), OBLIGATION.c.period == period)
            .order_by(OBLIGATION.c.contract, OBLIGATION.c.revision)
        )
        for row in connection.execute(query).mappings():
            yield obligation_of(row)


def _obligations_under(connection: Connection, keys: Sequence[str]) -> dict[str, StoredObligation]:
    found = {}
    for query in _effects.narrowed(select(OBLIGATION), OBLIGATION, keys):
        for row in connection.execute(query).mappings():
            found[row["key"]] = obligation_of(row)
    return found


def _refuse_contradictions(batch: ShardBatch) -> None:
    counted = Counter(change.contract for change in batch.changes)
    if twice := [contract for contract, times in counted.items() if times > 1]:
        message = f"{', '.join(twice)}: more than one change in one shard"
        raise ValueError(message)
    for change in batch.changes:
        _refuse_contradiction(change)


def _refuse_contradiction(change: ContractChange) -> None:
    own = f"{change.contract}/{change.period}/"
    parts = [change.superseded, change.created.obligation if change.created else None]
    strangers = [part.key for part in parts if part is not None and not part.key.startswith(own)]
    if strangers:
        message = f"{', '.join(strangers)}: does not belong to {own[:-1]}"
        raise ValueError(message)
    if change.superseded and change.superseded.state is not ObligationState.SUPERSEDED:
        message = f"{change.superseded.key}: is {change.superseded.state}, not superseded"
        raise ValueError(message)
    if change.created and change.created.obligation.state not in OPEN_STATES:
        message = f"{change.created.obligation.key}: a new obligation is a draft or withheld"
        raise ValueError(message)


def _refuse_moved(changes: Sequence[ContractChange], heads: Mapping[str, Head]) -> None:
    moved = [c.contract for c in changes if heads.get(c.contract) != c.after]
    if moved:
        raise ChainMovedError(moved)


def _appended(chains: Chains, change: ContractChange) -> Iterator[NewRow]:
    contract, period, new = change.contract, change.period, change.created
    decision = chains.append(contract, period, EntryKind.DETERMINED, change.determined).digest
    if change.superseded:
        body = _facts.superseded(change.superseded, by=new.obligation.key if new else None)
        chains.append(contract, period, EntryKind.SUPERSEDED, body)
    if new:
        chains.append(contract, period, EntryKind.DRAFTED, _facts.drafted(new, decision=decision))
        yield obligation_row(change, new, decision)


def _approvals(connection: Connection, batch: str) -> tuple[Approval, ...]:
    query = select(APPROVAL).where(APPROVAL.c.batch == batch)
    rising = query.order_by(APPROVAL.c.at, APPROVAL.c.by, APPROVAL.c.identity)
    return tuple(approval_of(row) for row in connection.execute(rising).mappings())


def _evidence_row(evidence: Evidence) -> NewRow:
    return {"digest": evidence.digest, "monitor": evidence.monitor, "body": evidence.text}


def _insert(connection: Connection, table: Table, rows: Sequence[NewRow]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _insert_absent(
    connection: Connection, table: Table, rows: Sequence[NewRow], *, key: str = "digest"
) -> None:
    # Nobody else writes in this transaction, so what is absent now stays absent until we insert.
    by_key = {row[key]: row for row in rows}
    for portion in in_portions(list(by_key)):
        known = connection.execute(select(table.c[key]).where(table.c[key].in_(portion)))
        for found in known.scalars():
            del by_key[found]
    _insert(connection, table, list(by_key.values()))


def _supersede(connection: Connection, changes: Sequence[ContractChange]) -> None:
    closed = [change.superseded for change in changes if change.superseded]
    standing = _obligations_under(connection, [obligation.key for obligation in closed])
    for obligation in closed:
        stored = standing.get(obligation.key)
        if stored is None or stored.obligation.state not in OPEN_STATES:
            message = f"{obligation.key}: only an open obligation can be superseded"
            raise ValueError(message)
    if closed:
        statement = (
            update(OBLIGATION)
            .where(OBLIGATION.c.key == bindparam("its_key"))
            .values(state=ObligationState.SUPERSEDED.value, reason=bindparam("its_reason"))
        )
        connection.execute(statement, [{"its_key": o.key, "its_reason": o.reason} for o in closed])


def _refuse_changed(
    keys: Sequence[str], standing: Mapping[str, StoredObligation], shown: str
) -> None:
    differences = [fact for key in keys if (fact := _not_releasable(key, standing.get(key)))]
    if len(set(keys)) != len(keys):
        differences.append("a key is named twice")
    if not differences and batch_digest(standing.values()) != shown:
        differences.append("an amount, or the decision behind one, is not what was shown")
    if differences:
        raise ReleaseRefusedError(differences)


def _not_releasable(key: str, stored: StoredObligation | None) -> str:
    if stored is None:
        return f"{key}: there is no such obligation"
    if stored.obligation.state is ObligationState.DRAFT:
        return ""
    who = f" by {stored.release.by}" if stored.release else ""
    return f"{key}: is {stored.obligation.state.value}{who}; only a draft can be released"


def _let_go(connection: Connection, keys: Sequence[str], release: Release) -> None:
    for portion in in_portions(keys):
        connection.execute(
            update(OBLIGATION)
            .where(OBLIGATION.c.key.in_(portion))
            .values(
                state=ObligationState.RELEASED.value,
                released_by=release.by,
                released_at=release.at,
                released_why=release.why,
            )
        )
