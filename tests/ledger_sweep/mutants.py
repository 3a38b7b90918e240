"""Programs that are not safe, each by one mistake: the sweep must find every one of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from secrets import token_hex

import pytest

from connectors.ledger import _notion_cells, notion
from connectors.ledger.notion import NotionLedger
from flows import ledger_reading, mirroring
from flows.mirroring import RowSide
from models import ledger_reading as rules
from models.ledger import STATUS
from tests.ledger_sweep.scenes import PLAN


def as_it_is(_changes: pytest.MonkeyPatch) -> None:
    """No mutant."""


def no_look(changes: pytest.MonkeyPatch) -> None:
    """Whatever may be there is never looked for before a row is made."""
    send = RowSide.send

    def blind(side, plan, *, idempotency_key):
        return send(replace(side, seen={}), plan, idempotency_key=idempotency_key)

    changes.setattr(RowSide, "look", lambda _side, _plan: [])
    changes.setattr(RowSide, "send", blind)


def page_id_forgotten(changes: pytest.MonkeyPatch) -> None:
    """Which rows were made is not remembered: only what a query shows is there."""
    key, conduct = mirroring._effect_key, mirroring._Mirroring.conducted  # noqa: SLF001  A mutant changes what is private.
    run = [""]

    def conducted(self):
        run[0] = token_hex(4)
        return conduct(self)

    changes.setattr(mirroring._Mirroring, "conducted", conducted)  # noqa: SLF001  As above.
    changes.setattr(mirroring, "_effect_key", lambda k, book: f"{key(k, book)}/{run[0]}")


def all_columns(changes: pytest.MonkeyPatch) -> None:
    """A row that differs is written as a whole, people's columns included."""
    honest = _notion_cells.properties_of

    def whole(cells, columns, names=None):
        written = honest(cells, columns, names)
        return written if names is None else {**written, PLAN: {"rich_text": []}}

    changes.setattr(notion, "properties_of", whole)


def status_written_over(changes: pytest.MonkeyPatch) -> None:
    """Status is brought up to date like every other column."""
    honest = _notion_cells.differing

    def insisting(page, row, columns):
        due, says = honest(page, row, columns), row.as_cells[STATUS]
        return due if page.cells.get(STATUS) == says else {**due, STATUS: says}

    changes.setattr(notion, "differing", insisting)


def query_trusted(changes: pytest.MonkeyPatch) -> None:
    """What a query does not show right after a row was made is not there."""
    changes.setattr(NotionLedger, "hidden_for_ms", 0)


def changed_values_released(changes: pytest.MonkeyPatch) -> None:
    """A tick counts whatever the row says."""
    changes.setattr(ledger_reading, "against", lambda row: rules.against(replace(row, edits=())))


MUTANTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "": as_it_is,
    "no look": no_look,
    "page id forgotten": page_id_forgotten,
    "all columns": all_columns,
    "status written over": status_written_over,
    "query trusted": query_trusted,
    "changed values released": changed_values_released,
}
