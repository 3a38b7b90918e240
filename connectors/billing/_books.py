"""Journal entries as text for other programs: CSV for spreadsheets and imports, and beancount.

One file for each month that is booked in, the same bytes for the same entries. Nothing here rounds
or sums: amounts are written exactly, in the decimal places of their currency.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from models.cells import guarded
from models.journal import JournalEntry, Posting
from models.ledger import one_line

COLUMNS = (
    "Entry",
    "Date",
    "Kind",
    "Account",
    "Debit",
    "Credit",
    "Currency",
    "Client",
    "Service",
    "Obligation",
    "Text",
)
OPENED_ON = "1970-01-01"
"""Accounts are open from the beginning, so that a backfilled month never precedes its account."""

MAIN = """\
; Everything that Makegood has booked. Include this file, or the others in this folder alone.
option "title" "SLA credits"
include "accounts.beancount"
include "[0-9]*.beancount"
"""


def as_csv(entries: Iterable[JournalEntry]) -> bytes:
    """A line for each posting; RFC 4180 in UTF-8, with the mark that makes Excel read it as UTF-8.

    An amount stands under Debit or under Credit and is never negative.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerows(_cells(entry, posting) for posting in entry.postings)
    return text.getvalue().encode("utf-8-sig")


def _cells(entry: JournalEntry, posting: Posting) -> list[str]:
    amount = posting.amount
    is_debit = amount.minor > 0
    size = amount.text.removeprefix("-")
    return [
        guarded(entry.id),
        entry.on.isoformat(),
        entry.kind.value,
        guarded(posting.account),
        size if is_debit else "",
        "" if is_debit else size,
        amount.currency.code,
        guarded(entry.client),
        guarded(entry.service),
        guarded(entry.obligation),
        guarded(one_line(entry.says)),
    ]


def as_beancount(entries: Iterable[JournalEntry]) -> bytes:
    """A transaction for each entry, linked by the obligation's key."""
    return "\n".join(["; Written whole by Makegood.", *map(_transaction, entries), ""]).encode()


def _transaction(entry: JournalEntry) -> str:
    head = f"{entry.on} * {_quoted(entry.client)} {_quoted(entry.says)} ^{entry.obligation}"
    return "\n".join(["", head, *_lines(entry)])


def _lines(entry: JournalEntry) -> Iterator[str]:
    yield f"  entry: {_quoted(entry.id)}"
    yield f"  kind: {_quoted(entry.kind.value)}"
    yield f"  service: {_quoted(entry.service)}"
    for posting in entry.postings:
        yield f"  {posting.account}  {posting.amount.text} {posting.amount.currency.code}"


def opened_accounts(accounts: Sequence[str]) -> bytes:
    """The directives that open accounts, rising by name."""
    lines = [f"{OPENED_ON} open {account}" for account in sorted(set(accounts))]
    return "\n".join(["; Written whole by Makegood.", *lines, ""]).encode()


def _quoted(text: str) -> str:
    r"""A text in quotes.

    >>> print(_quoted('the "new" C:\\ drive'))
    "the \"new\" C:\\ drive"
    """
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
