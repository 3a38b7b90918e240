"""The database's tables, brought to the newest revision by themselves: a step of every upgrade."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.store.sql import open_store, standing_of
from flows.office import database_url, read_terms


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a database.

    Attributes:
        place: The database, without user or password.
        before: The revision that it was at; None where it was empty or not there.
        now: The revision that it is at.
    """

    place: str
    before: str | None
    now: str


def bring_up_to_date(folder: Path) -> Brought:
    """Create or upgrade the tables of a workspace's database.

    Args:
        folder: The folder that holds makegood.yaml.

    Raises:
        UnusableInputError: The workspace cannot be used.
        Misconfigured: The database cannot be opened, or a newer Makegood has opened it.
        Retriable: The database cannot be reached.
    """
    url = database_url(folder, read_terms(folder)[0])
    before = standing_of(url)
    open_store(url).close()
    after = standing_of(url)
    if after is None or after.revision is None:
        message = "a database that was just opened has tables"
        raise RuntimeError(message)
    return Brought(after.place, before.revision if before else None, after.revision)
