"""A workspace at the stand-in for Notion, and the ledger that is tested on it.

Nothing is waited for: the connector's turns cost nothing unless a test is about them.
"""

from contextlib import contextmanager
from itertools import count
from typing import Any

from connectors.ledger.notion import Clock, LocalTurns, NotionLedger, Turns
from models.workspace_file import NotionTerms
from tests.standins.notion.client import Workspace

CURRENCIES = ("EUR", "JPY", "USD")
_NUMBERS = count()


class StillClock:
    """Time passes only while somebody sleeps."""

    def __init__(self):
        """Begin at nought."""
        self.now = 0
        self.slept: list[int] = []

    @property
    def clock(self) -> Clock:
        """What a connector is given."""
        return Clock(lambda: self.now, self.sleep)

    def sleep(self, duration: int) -> None:
        """Let so many microseconds pass at once."""
        self.slept.append(duration)
        self.now += duration


def fresh_workspace(stand_in) -> Workspace:
    """A workspace that nobody has used; its clock stands still in June 2026."""
    workspace: Workspace = stand_in.workspace(f"books{next(_NUMBERS)}")
    return workspace.reset(now_ms=1_780_315_200_000)


def ledger_at(workspace: Workspace, **said: Any) -> NotionLedger:
    """A ledger on the workspace's page, whose requests wait for nothing."""
    terms = said.pop("terms", None) or NotionTerms(page=workspace.page)
    clock = said.get("clock") or StillClock().clock
    told: dict[str, Any] = {
        "currencies": CURRENCIES,
        "turns": LocalTurns(0, clock).turns,
        "clock": clock,
        "address": workspace.url,
    }
    return NotionLedger(said.pop("token", workspace.token), terms, **(told | said))


@contextmanager
def open_ledger(workspace: Workspace, **said: Any):
    """A ledger that is made already, until the block ends."""
    ledger = ledger_at(workspace, **said)
    try:
        books = ledger.books()
        ledger.open_book(books[0] if books else ledger.make_book())
        yield ledger
    finally:
        ledger.close()


def unlimited() -> Turns:
    """Turns that are always now."""
    return Turns(lambda: 0, lambda _duration: None)
