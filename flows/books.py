"""What is remembered of the tables that far-side ledgers keep their rows in.

Where a table was made, and the ids of its columns, are effects: they survive what people rename.
"""

from __future__ import annotations

from itertools import islice

from connectors.ledger import Book
from connectors.store import Effect, EffectPlan, Store
from flows.effects import AT_ONCE, ONCE, Unasked, settle
from models.effect import OPEN_STATES, WORKSPACE, Abilities, EffectState

ROW = "ledger_row"
"""The kind of an effect that makes one row."""

BOOK_MADE = "ledger_book"
"""The kind of the effect that makes a table."""

BOOK_COLUMNS = "ledger_columns"
"""The kind of an effect that notes a table's columns."""

SETTLED_BY_RUNS = frozenset({ROW, BOOK_MADE, BOOK_COLUMNS})
"""Kinds whose open effects every run goes on with: nobody is asked about one of them alone."""

_NOTES = Unasked("books", lambda plan: plan.intent, lambda _plan: Abilities(repeats_are_safe=True))
"""Noting changes nothing outside: that it is recorded is all."""


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


def _notes(store: Store, name: str, place: str) -> list[Effect]:
    """What was noted of a place, the oldest first."""
    begins = f"{name}/{place}/columns/"
    keys = (key for key in store.effect_keys(kinds=[BOOK_COLUMNS]) if key.startswith(begins))
    found: list[Effect] = []
    while page := list(islice(keys, AT_ONCE)):
        found += store.effects(keys=page)
    return sorted(found, key=lambda effect: int(effect.key.removeprefix(begins)))
