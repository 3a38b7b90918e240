"""What is remembered of the tables that far-side ledgers keep their rows in.

Where a table was made, and the ids of its columns, are effects: they survive what people rename. So
is what its rows were last brought to say: whatever else one says, a person has written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from connectors.ledger import Book
from connectors.store import Effect, EffectPlan, Store
from flows.effects import AT_ONCE, ONCE, Unasked, settle
from models.decision import canonical
from models.effect import OPEN_STATES, WORKSPACE, Abilities, EffectState

ROW = "ledger_row"
"""The kind of an effect that makes one row."""

BOOK_MADE = "ledger_book"
"""The kind of the effect that makes a table."""

BOOK_COLUMNS = "ledger_columns"
"""The kind of an effect that notes a table's columns."""

SHOWN = "ledger_shown"
"""The kind of an effect that brings a table's rows of a month to say something new."""

SETTLED_BY_RUNS = frozenset({ROW, BOOK_MADE, BOOK_COLUMNS, SHOWN})
"""Kinds whose open effects every run goes on with: nobody is asked about one of them alone."""

_NOTES = Unasked("books", lambda plan: plan.intent, lambda _plan: Abilities(repeats_are_safe=True))
"""Noting changes nothing outside: that it is recorded is all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a table's rows of one month were last brought to say.

    Attributes:
        rows: A digest of each row's cells, by key; those that are being brought to something else
            are absent.
        without: Keys of the rows that could not be written.
    """

    rows: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    def surely(self, key: str, digest: str) -> bool:
        """Whether we left the row saying this: whatever else it says now, a person has written."""
        return key not in self.without and self.rows.get(key) == digest


def made_key(name: str, place: str) -> str:
    """The key of the effect that makes a ledger's table at a place."""
    return f"{name}/{place}/book"


def remembered_book(store: Store, name: str, place: str) -> Book | None:
    """The table that a ledger used last at a place; None when none was noted. Read-only."""
    noted = _notes(store, name, place)
    if noted:
        return Book.of_record(noted[-1].plan.intent)
    made = store.effects(keys=[made_key(name, place)], states=[EffectState.DONE])
    return next((Book.of_record(e.outcome) for e in made if "id" in (e.outcome or {})), None)


def remember_book(store: Store, name: str, place: str, book: Book, *, period: str) -> None:
    """Note a table and its columns as they stand now, unless that is noted; finish what is open."""
    notes = _notes(store, name, place)
    if not notes or Book.of_record(notes[-1].plan.intent) != book:
        plan = EffectPlan(
            key=f"{name}/{place}/columns/{len(notes)}",
            kind=BOOK_COLUMNS,
            contract=WORKSPACE,
            period=period,
            intent=book.record,
        )
        notes = [*notes, *store.plan_effects([plan])]
    settle(store, [e.key for e in notes if e.state in OPEN_STATES], _NOTES, patience=ONCE)


def cells_digest(cells: Mapping[str, str]) -> str:
    """What tells one state of a row from another."""
    return hashlib.sha256(canonical(cells).encode()).hexdigest()[:16]


def last_shown(store: Store, book: str, period: str) -> Shown:
    """What a table's rows surely said when they were last written; nothing while nobody can tell.

    Args:
        store: Where it was noted.
        book: The table, with its ledger's name.
        period: The service month.
    """
    notes, _ = _shown(store, book, period)
    if not notes or notes[0].state is not EffectState.DONE:
        return Shown()
    first, *begun = [note.plan.intent["rows"] for note in notes]
    kept = {k: digest for k, digest in first.items() if all(d.get(k) == digest for d in begun)}
    return Shown(kept, frozenset((notes[0].outcome or {}).get("without", ())))


def begin_showing(store: Store, book: str, period: str, rows: Mapping[str, str]) -> None:
    """Note that rows are about to be brought to say something, unless they all say it already.

    Args:
        store: Where it is noted.
        book: The table, with its ledger's name.
        period: The service month.
        rows: A digest of what each is to say, by key.
    """
    notes, number = _shown(store, book, period)
    if notes and notes[-1].plan.intent["rows"] == rows:
        return
    plan = EffectPlan(
        key=f"{book}/{period}/shown/{number}",
        kind=SHOWN,
        contract=WORKSPACE,
        period=period,
        intent={"book": book, "rows": {**rows}},
    )
    store.plan_effects([plan])


def end_showing(
    store: Store, book: str, period: str, rows: Mapping[str, str], *, without: Iterable[str]
) -> None:
    """Note that they say it, unless somebody has begun to bring them to something else since.

    Args:
        store: Where it is noted.
        book: The table, with its ledger's name.
        period: The service month.
        rows: What was begun.
        without: Keys of the rows that could not be written.
    """
    notes, _ = _shown(store, book, period)
    if not notes or notes[-1].plan.intent["rows"] != rows:
        return
    facts = {"without": sorted(without)}
    far = Unasked("books", lambda _plan: facts, _NOTES.able)
    # Those that an earlier run began and died in are over as well: the last one says what stands.
    settle(store, [e.key for e in notes if e.state in OPEN_STATES], far, patience=ONCE)


def _shown(store: Store, book: str, period: str) -> tuple[list[Effect], int]:
    """The notes from the last one on that was ended, the oldest first; how many there are at all.

    One that was ended stands first, if there is any; each holds every row, so no more are read.
    """
    begins = f"{book}/{period}/shown/"
    keys = [k for k in store.effect_keys(period=period, kinds=[SHOWN]) if k.startswith(begins)]
    found: list[Effect] = []
    for number in reversed(range(len(keys))):
        found = [*store.effects(keys=[f"{begins}{number}"]), *found]
        if found[0].state is EffectState.DONE:
            break
    return found, len(keys)


def _notes(store: Store, name: str, place: str) -> list[Effect]:
    """What was noted of a place, the oldest first."""
    begins = f"{name}/{place}/columns/"
    keys = (key for key in store.effect_keys(kinds=[BOOK_COLUMNS]) if key.startswith(begins))
    found: list[Effect] = []
    while page := list(islice(keys, AT_ONCE)):
        found += store.effects(keys=page)
    return sorted(found, key=lambda effect: int(effect.key.removeprefix(begins)))
