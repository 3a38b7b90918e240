"""Rows where each is an effect of its own: a far-side ledger shows what the store knows.

A row is made once, through the engine; its id is kept with the effect. From then on the row is a
mirror: what it shows is read, and only our columns that differ are written. Killed anywhere, the
next run goes on. Whatever the far side does, no money and no other ledger waits for it. No row is
deleted here, and nothing that a person wrote is written over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from typing import TypeVar

from connectors.errors import ConnectorError, Permanent, PersonNeeded, Retriable
from connectors.ledger import Book, LedgerPage, RowLedger
from connectors.store import Effect, EffectPlan, Store
from flows.bookkeeping import ledger_rows
from flows.books import (
    BOOK_MADE,
    ROW,
    begin_showing,
    cells_digest,
    end_showing,
    last_shown,
    made_key,
    remember_book,
    remembered_book,
)
from flows.effects import AT_ONCE, ONCE, Settlement, settle
from flows.ledger_reading import note_pages, shown_book
from flows.log import Progress, note, watcher
from flows.office import Office
from flows.pacing import Clocks, Limits
from models.effect import OPEN_STATES, WORKSPACE, Abilities, EffectState, Match
from models.findings import UnusableInputError
from models.ledger import LedgerRow, as_surely_shown
from models.period import ServiceMonth
from models.terms import JsonValue

T = TypeVar("T")

MOST_LOST = 5
"""After so many rows in a row that could not be brought up to date, the rest waits."""

MOST_NOTES = 20


@dataclass(slots=True)
class Mirrored:
    """What became of a month's rows.

    Attributes:
        added: Made now.
        updated: At least one of our cells was changed.
        unchanged: Said what they should.
        waiting: Left to the next run.
        questions: What a person must look at; the first twenty, how many more, why rows wait.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    questions: list[str] = field(default_factory=list)
    _untold: int = 0

    def __str__(self) -> str:
        """`2 added, 1 updated, 7 unchanged, 3 waiting`."""
        numbers = {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "waiting": self.waiting,
        }
        return ", ".join(f"{n} {word}" for word, n in numbers.items() if n) or "nothing to write"

    def ask(self, question: str) -> None:
        """Leave something to a person."""
        if len(self.questions) < MOST_NOTES:
            self.questions.append(question)
        else:
            self._untold += 1

    def close(self, name: str) -> None:
        """Say at last what must not be lost behind twenty others."""
        if self._untold:
            more = f"{self._untold} more need a look. Settle these, then run it again."
            self.questions.append(f"{name}: {more}")
        if self.waiting:
            waits = f"{self.waiting} rows wait for the next run. Run it again."
            self.questions.append(f"{name}: {waits}")


def mirror_rows(
    office: Office, period: str, *, clocks: Clocks | None = None
) -> Mapping[str, Mirrored]:
    """Bring every ledger that is written row by row up to date with a month; by its name.

    The caller holds the month's lock. What the far side does not take now waits for the next run
    and is told; it never stops the caller.

    Args:
        office: What the run talks to.
        period: The service month.
        clocks: The host's clock; tests bring their own.
    """
    rows = ledger_rows(office, period) if office.row_ledgers else ()
    return {
        ledger.name: _Mirroring(office, ledger, period, rows, clocks).conducted()
        for ledger in office.row_ledgers
    }


def open_book(
    store: Store, ledger: RowLedger, *, period: str, clocks: Clocks | None = None
) -> Book:
    """The table to write to: the one that is remembered or there; else it is made, exactly once.

    Raises:
        UnusableInputError: It is not as a ledger must be; everything that is wrong, at once.
        Retriable: It cannot be asked or made now.
        Misconfigured: Key or permission is wrong.
        PersonNeeded: Several may be meant.
    """
    known = remembered_book(store, ledger.name, ledger.place)
    book = ledger.open_book(known or _found_or_made(store, ledger, period, clocks))
    remember_book(store, ledger.name, ledger.place, book, period=period)
    return book


def _found_or_made(store: Store, ledger: RowLedger, period: str, clocks: Clocks | None) -> Book:
    key = made_key(ledger.name, ledger.place)
    begun = store.effects(keys=[key], states=sorted(OPEN_STATES))
    books = () if begun else ledger.books()
    if len(books) > 1:
        ids = ", ".join(book.id for book in books)
        message = f"{ledger.name}: {len(books)} ledgers at {ledger.place}: {ids}. Name one of them."
        raise PersonNeeded(message)
    if books:
        return books[0]
    intent: JsonValue = {"place": ledger.place}
    plan = EffectPlan(key=key, kind=BOOK_MADE, contract=WORKSPACE, period=period, intent=intent)
    return _made(store, ledger, plan, clocks)


def _made(store: Store, ledger: RowLedger, plan: EffectPlan, clocks: Clocks | None) -> Book:
    key = store.plan_effects([plan])[0].key
    count = settle(store, [key], BookSide(ledger), clocks=clocks)
    for effect in store.effects(keys=[key], states=[EffectState.DONE]):
        if isinstance(effect.outcome, Mapping) and "id" in effect.outcome:
            return Book.of_record(effect.outcome)
    why = count.notes[0] if count.notes else "answer the question about it with `makegood settle`"
    message = f"{ledger.name}: the ledger is not made yet: {why}"
    raise Retriable(message)


@dataclass(frozen=True, slots=True)
class BookSide:
    """A ledger as the engine sees it when it makes the table."""

    ledger: RowLedger

    @property
    def name(self) -> str:
        """See `FarSide.name`."""
        return self.ledger.name

    @property
    def limits(self) -> Limits:
        """See `FarSide.limits`."""
        return Limits(wait_for_turn=self.ledger.wait_for_turn)

    def abilities(self, plan: EffectPlan) -> Abilities:
        """See `FarSide.abilities`."""
        return _abilities(self.ledger)

    def writer(self, plan: EffectPlan) -> str:
        """See `FarSide.writer`."""
        return f"{self.name}/{self.ledger.place}"

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """See `FarSide.hides_refunds`."""
        return False

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """See `FarSide.look`."""
        return [Match(id=book.id, facts=book.record) for book in self.ledger.books()]

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """See `FarSide.send`."""
        return self.ledger.make_book().record


@dataclass(slots=True)
class RowSide:
    """A ledger as the engine sees it when it makes rows.

    Attributes:
        ledger: The connector.
        book: The table.
        seen: What the run's listing showed, by key.
        watch: Whoever watches the run.
        rows: What the ledger should say, by key.
        unsent: Effects that were never sent, before the listing or since: it knows them all.
        made: Keys of the rows that were made now.
        behind: Those of them that were made as an earlier run had planned them, and have to say
            something else by now.
    """

    ledger: RowLedger
    book: str
    seen: Mapping[str, Sequence[LedgerPage]]
    watch: Progress
    rows: Mapping[str, LedgerRow]
    unsent: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    behind: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """See `FarSide.name`."""
        return self.ledger.name

    @property
    def limits(self) -> Limits:
        """See `FarSide.limits`; the ledger keeps to its own rate, shared with other programs."""
        return Limits(at_once=self.ledger.at_once, wait_for_turn=self.ledger.wait_for_turn)

    def abilities(self, plan: EffectPlan) -> Abilities:
        """See `FarSide.abilities`."""
        return _abilities(self.ledger)

    def writer(self, plan: EffectPlan) -> str:
        """See `FarSide.writer`: one for each row."""
        return writer_of(self.ledger, str(plan.obligation))

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """See `FarSide.hides_refunds`."""
        return False

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """See `FarSide.look`; those in the trash count only where no other one is there."""
        key = str(plan.obligation)
        pages = self.seen.get(key, ()) if plan.key in self.unsent else self.ledger.find(key)
        return [_match(page) for page in _live(pages) or pages]

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """See `FarSide.send`; what the listing showed already is taken note of and not made."""
        key = str(plan.obligation)
        there = self.seen.get(key, ())
        if there:
            return {"id": _sole(self.name, key, there).id, "adopted": True}
        self.unsent.discard(plan.key)
        row = LedgerRow.of_cells(plan.intent["cells"])
        page = self.ledger.add(row)
        self.made.add(key)
        if row.as_cells != self.rows[key].as_cells:
            self.behind.add(key)
        self.watch.part(key)
        return {"id": page.id}


def writer_of(ledger: RowLedger, key: str) -> str:
    """What whoever writes to a row holds: one writer for each row of a ledger."""
    return f"{ledger.name}/{ledger.place}/{key}"


def _abilities(ledger: RowLedger) -> Abilities:
    return Abilities(
        can_be_asked=True, forgets_keys_after_ms=0, settles_within_ms=ledger.hidden_for_ms
    )


def _match(page: LedgerPage) -> Match:
    trashed = ("lies in the trash: restore it there, then answer: again",) if page.trashed else ()
    return Match(id=page.id, differs=trashed)


def _live(pages: Iterable[LedgerPage]) -> list[LedgerPage]:
    return [page for page in pages if not page.trashed]


def _sole(name: str, key: str, pages: Sequence[LedgerPage]) -> LedgerPage:
    """The one row that carries a key.

    Raises:
        PersonNeeded: There are several, or it lies in the trash.
    """
    live = _live(pages)
    if len(live) == 1:
        return live[0]
    if live:
        raise PersonNeeded(f"{_doubled(name, key, live)} Then answer: again.")
    message = (
        f"{name}: the row {key} lies in the trash. Restore it there, then answer: again; or "
        "answer: refused, and it is not shown."
    )
    raise PersonNeeded(message)


def _doubled(name: str, key: str, pages: Sequence[LedgerPage]) -> str:
    ids = ", ".join(page.id for page in pages)
    return f"{name}: ALARM: {len(pages)} rows {key}: {ids}. Compare them and delete all but one."


class _End(Enum):
    """How a row came out of being brought up to date."""

    UPDATED = auto()
    UNCHANGED = auto()
    WAITS = auto()
    ASKED = auto()


@dataclass(frozen=True, slots=True)
class _Came:
    end: _End
    says: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept about a row's making: where it stands, and the row's id once it is made."""

    state: EffectState
    id: str = ""

    @classmethod
    def of(cls, effect: Effect) -> _Known:
        """What an effect tells."""
        facts = effect.outcome if isinstance(effect.outcome, Mapping) else {}
        return cls(effect.state, str(facts.get("id", "")))


class _Mirroring:
    """One ledger and month: the listing, the rows to make, the rows to bring up to date."""

    def __init__(
        self,
        office: Office,
        ledger: RowLedger,
        period: str,
        rows: Sequence[LedgerRow],
        clocks: Clocks | None,
    ) -> None:
        self._office, self._ledger, self._period = office, ledger, period
        self._store, self._clocks = office.store, clocks
        self._rows = {row.key: row for row in rows}
        self._watch = watcher()
        self._by_id: dict[str, LedgerPage] = {}
        self._seen: dict[str, list[LedgerPage]] = defaultdict(list)
        self._count = Mirrored()
        self._right: set[str] = set()
        self._lost = 0

    def conducted(self) -> Mirrored:
        """Do it, as far as it goes now."""
        if not self._rows:
            return self._count
        self._watch.begin(f"rows at {self._ledger.name}", len(self._rows))
        try:
            self._conduct()
        except (ConnectorError, UnusableInputError) as error:
            self._count.waiting = max(0, len(self._rows) - self._count.added - self._settled)
            for line in str(error).splitlines():
                self._count.ask(line)
        self._count.close(self._ledger.name)
        return self._count

    @property
    def _settled(self) -> int:
        return self._count.updated + self._count.unchanged

    def _conduct(self) -> None:
        book = open_book(self._store, self._ledger, period=self._period, clocks=self._clocks)
        known = self._known(book.id, self._rows)
        self._list({one.id for one in known.values()})
        self._note_edits()
        table, say = shown_book(self._ledger), {k: _digest(row) for k, row in self._rows.items()}
        self._keep_what_people_set(table, say)
        begin_showing(self._store, table, self._period, say)
        side = RowSide(self._ledger, book.id, self._seen, self._watch, self._rows)
        unmade = [key for key in self._rows if key not in known or known[key].state in OPEN_STATES]
        made = self._make(side, unmade)
        self._right = side.made - side.behind
        known |= self._known(book.id, [key for key in unmade if key not in self._right])
        self._bring_up_to_date(
            {
                key: known[key].id
                for key in self._rows
                if key in known and key not in self._right and known[key].state is EffectState.DONE
            }
        )
        self._count.waiting += made.waiting
        if not self._count.waiting:
            without = self._rows.keys() - self._right
            end_showing(self._store, table, self._period, say, without=without)
        for says in made.notes[: 1 if made.waiting else 0]:
            self._count.ask(says)

    def _keep_what_people_set(self, book: str, say: Mapping[str, str]) -> None:
        """Where it is known what we wrote, a Status that says anything else is a person's."""
        shown = last_shown(self._store, book, self._period)
        for key, digest in say.items():
            if shown.surely(key, digest):
                self._rows[key] = as_surely_shown(self._rows[key])

    def _known(self, book: str, rows: Iterable[str]) -> dict[str, _Known]:
        """What is kept about the making of these rows; those that nobody planned are absent."""
        found = {}
        for page in _in_pages(iter(rows)):
            keys = {_effect_key(key, book): key for key in page}
            for effect in self._store.effects(keys=list(keys)):
                found[keys[effect.key]] = _Known.of(effect)
        return found

    def _list(self, ids: set[str]) -> None:
        """Read what the ledger shows of the month: our rows, by key and by id."""
        month = ServiceMonth.parse(self._period).first_day
        for page in self._ledger.pages(month):
            if page.key in self._rows or page.id in ids:
                self._by_id[page.id] = page
                self._seen[page.key].append(page)

    def _note_edits(self) -> None:
        """Put into the log what people changed, before it is healed."""
        pages, rows = [*self._by_id.values()], [*self._rows.values()]
        note_pages(self._office, self._period, self._ledger, pages, rows)

    def _make(self, side: RowSide, unmade: Sequence[str]) -> Settlement:
        """Make the rows that are not there; what stays in doubt is looked at once more at last."""
        made = settle(self._store, self._planned(side, unmade), side, clocks=self._clocks)
        self._count.added += len(side.made)
        if not made.waiting:
            return made
        before = len(side.made)
        keys = [_effect_key(key, side.book) for key in unmade if key not in side.made]
        known = (effect.key for page in _in_pages(iter(keys)) for effect in self._open(page))
        again = settle(self._store, known, side, patience=ONCE, clocks=self._clocks)
        self._count.added += len(side.made) - before
        return again

    def _open(self, keys: Sequence[str]) -> Sequence[Effect]:
        return self._store.effects(keys=keys, states=sorted(OPEN_STATES))

    def _planned(self, side: RowSide, unmade: Sequence[str]) -> Iterator[str]:
        """The effects that make these rows, planned as they are asked for."""
        for page in _in_pages(iter(unmade)):
            plans = [_plan(self._rows[key], side.book, self._period) for key in page]
            for effect in self._store.plan_effects(plans):
                if effect.generation_sent_at is None:
                    side.unsent.add(effect.key)
                yield effect.key

    def _bring_up_to_date(self, ids: Mapping[str, str]) -> None:
        with ThreadPoolExecutor(self._ledger.at_once) as pool:
            for page in _in_pages(iter(ids.items())):
                for (key, _), came in zip(page, self._brought(pool, page), strict=True):
                    self._counted(key, came)

    def _brought(self, pool: Executor, page: Sequence[tuple[str, str]]) -> Iterator[_Came]:
        return pool.map(lambda one: self._one(self._rows[one[0]], one[1]), page)

    def _counted(self, key: str, came: _Came) -> None:
        self._watch.part(came.says)
        if came.end in {_End.UPDATED, _End.UNCHANGED}:
            self._right.add(key)
        match came.end:
            case _End.UPDATED:
                self._count.updated += 1
            case _End.UNCHANGED:
                self._count.unchanged += 1
            case _End.WAITS:
                self._count.waiting += 1
                if came.says:
                    note(came.says)
            case _End.ASKED:
                self._count.ask(came.says)

    def _one(self, row: LedgerRow, id_: str) -> _Came:
        """Bring one row up to date that was made before, unless the far side is gone."""
        if self._lost >= MOST_LOST:
            return _Came(_End.WAITS)
        try:
            changed = self._changed(row, self._page(row.key, id_))
        except Retriable as error:
            self._lost += 1
            return _Came(_End.WAITS, str(error))
        except (Permanent, PersonNeeded) as error:
            return _Came(_End.ASKED, str(error))
        return _Came(_End.UPDATED if changed else _End.UNCHANGED)

    def _changed(self, row: LedgerRow, page: LedgerPage) -> bool:
        if self._ledger.is_up_to_date(page, row):
            return False
        with self._store.hold(writer_of(self._ledger, row.key), holder="makegood, mirroring"):
            changed = self._ledger.bring_up_to_date(page, row)
        self._lost = 0
        return changed

    def _page(self, key: str, id_: str) -> LedgerPage:
        """What shows a row now: the one under its id, or the only other one with its key.

        Raises:
            PersonNeeded: There are several, it lies in the trash, or it is gone.
        """
        live = _live(self._seen.get(key, ()))
        if any(page.id == id_ for page in live) or (live and not id_):
            return _sole(self._ledger.name, key, live)
        page = self._by_id.get(id_) or self._unlisted(key, id_)
        if live:
            # People made one with its key; ours may stand there under another key.
            return _sole(self._ledger.name, key, [*live, *([page] if page else [])])
        if page is None:
            message = (
                f"{self._ledger.name}: the row {key} is gone: deleted for good, moved, or not "
                "shared. Bring it back; no second one is made."
            )
            raise PersonNeeded(message)
        if page.trashed:
            message = f"{self._ledger.name}: the row {key} lies in the trash. Restore it there."
            raise PersonNeeded(message)
        return page

    def _unlisted(self, key: str, id_: str) -> LedgerPage | None:
        """A row that the month's listing does not show: too new, gone, or given key and month."""
        page = self._ledger.page(id_) if id_ else None
        if page is not None and page.key != key:
            note_pages(self._office, self._period, self._ledger, [page], [*self._rows.values()])
        return page


def _plan(row: LedgerRow, book: str, period: str) -> EffectPlan:
    return EffectPlan(
        key=_effect_key(row.key, book),
        kind=ROW,
        contract=row.key.rsplit("/", 2)[0],
        period=period,
        intent={"book": book, "cells": row.as_cells},
        obligation=row.key,
    )


def _digest(row: LedgerRow) -> str:
    return cells_digest(row.as_cells)


def _effect_key(key: str, book: str) -> str:
    return f"{key}/row/{book}"


def _in_pages(items: Iterator[T]) -> Iterator[list[T]]:
    while page := list(islice(items, AT_ONCE)):
        yield page
