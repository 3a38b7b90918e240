"""The journal: where released credits are booked when no billing vendor is configured.

Each part is one small file, named after its key, that is written once and never changed; a part is
paid when its file is there. The double-entry books that a person imports elsewhere are made from
the store's facts (`models.journal`) and written here, whole or not at all.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from connectors.billing import (
    BillingQuery,
    Found,
    FoundState,
    Paid,
    PartIntent,
)
from connectors.billing._books import MAIN, as_beancount, as_csv, opened_accounts
from connectors.errors import OutcomeUnknown, Permanent
from connectors.files import (
    check_folder,
    flush_folder,
    sole_writer,
    troubles_classed,
    write_whole,
)
from models.decision import canonical
from models.intervals import Interval
from models.journal import JournalEntry
from models.payment import BillingPicture, Channel, Part
from models.period import ServiceMonth
from models.terms import JsonValue

PARTS = "parts"
BOOKS = "books"
KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)+")
FOR_EVER_MS = 100 * 365 * 86_400_000
"""A part's file is never taken away, so its key is recognised for as long as anybody asks."""


class BookFormat(StrEnum):
    """How books are written."""

    CSV = "csv"
    BEANCOUNT = "beancount"


@dataclass(frozen=True, slots=True)
class BookFile:
    """One file of the books.

    Attributes:
        path: Where it lies.
        month: The month that is booked in it; None for one that serves all months.
        entries: How many entries it holds.
        changed: Whether it was written now; it said the same before otherwise.
    """

    path: Path
    month: ServiceMonth | None
    entries: int
    changed: bool


def present_ms() -> int:
    """The present instant by this host's clock."""
    return time.time_ns() // 1_000_000


class JournalBilling:
    """A folder with a file for each part; see `connectors.billing.Billing`."""

    name = "journal"
    knows_invoices = False
    can_be_asked = True
    forgets_keys_after_ms = FOR_EVER_MS
    at_once = 1

    def __init__(self, folder: Path, *, clock: Callable[[], int] = present_ms) -> None:
        self.folder = folder
        self._parts = folder / PARTS
        self._clock = clock

    def check(self) -> str:
        """Find out, without writing, whether parts and books could be written.

        Raises:
            Misconfigured: The folder is a file, or may not be written.
        """
        check_folder(self._parts)
        check_folder(self.folder / BOOKS)
        return "released credits can be booked here"

    def picture(self, query: BillingQuery) -> BillingPicture:
        """Nothing: the journal knows neither customers nor invoices."""
        return BillingPicture(customers=(), invoices=(), seen_at=self._clock())

    def prepare(self, part: Part, *, memo: str, metadata: Mapping[str, str]) -> PartIntent:
        """Freeze what the part's file will say.

        Raises:
            Permanent: The part is to be paid in another way.
        """
        _refuse_strangers(part)
        return PartIntent(part, {"metadata": dict(sorted(metadata.items()))}, memo, {})

    def look(self, intent: PartIntent) -> tuple[Found, ...]:
        """The part's file, when it is there.

        Raises:
            Permanent: The file is damaged.
            Retriable: The disk failed.
        """
        kept = self._kept(self._path(intent.part.key))
        return () if kept is None else (_found(kept, intent),)

    def parts_of(self, obligation: str, *, customer: str) -> tuple[Found, ...]:
        """Every part of an obligation's month that has a file; the journal knows no customers.

        Raises:
            Permanent: A file is damaged.
            Retriable: The disk failed.
        """
        folder = self._path(f"{obligation}/p1").parent.parent
        kept = (self._kept(path) for path in sorted(folder.glob("r*/p*.json")))
        found = (_found(each, None) for each in kept if each is not None)
        return tuple(each for each in found if each.customer == customer)

    def disowns(self, intent: PartIntent) -> str:
        """Why a part is none of the journal's; "" when it is."""
        strange = _strangeness(intent.part)
        return f"it {strange}" if strange else ""

    def strange(self, earlier: PartIntent) -> str:
        """Nothing: the journal has neither sides nor accounts."""
        return ""

    def pay(self, intent: PartIntent, *, idempotency_key: str) -> Paid:
        """Write the part's file, unless it is there already and says the same.

        Raises:
            Permanent: The part is to be paid in another way; nothing was written.
            OutcomeUnknown: The file is there and says something else.
            Misconfigured: The folder may not be written.
            Retriable: Another writer is at it, or the disk failed.
        """
        part = intent.part
        _refuse_strangers(part)
        path = self._path(part.key)
        with sole_writer(self._parts):
            try:
                kept = self._kept(path)
            except Permanent as error:
                raise OutcomeUnknown(str(error)) from error
            if kept is None:
                kept = {"intent": intent.record, "booked_at": self._clock()}
                _make_folder(path.parent)
                write_whole(path, f"{canonical(kept)}\n".encode())
        differs = _found(kept, intent).differs
        if differs:
            raise OutcomeUnknown(f"{path}: is there, but {'; '.join(differs)}. Compare them.")
        return Paid(part.key, {"file": str(path.relative_to(self.folder))})

    def link_of(self, part: Part, id_: str) -> str:
        """Files have no page."""
        return ""

    def credits(self, span: Interval, *, customers: Iterable[str] | None = None) -> Iterator[Found]:
        """Every part that was booked in a span, rising by key; the journal knows no customers.

        Raises:
            Permanent: A file is damaged.
            Retriable: The disk failed.
        """
        for path in sorted(self._parts.rglob("*.json")):
            kept = self._kept(path)
            if kept is not None and span.start <= kept["booked_at"] < span.end:
                yield _found(kept, None)

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise Permanent(f"journal: {key!r} is no part's key, such as acme/api/2026-05/r0/p1.")
        return self._parts / f"{key}.json"

    def _kept(self, path: Path) -> dict[str, JsonValue] | None:
        with troubles_classed(path):
            try:
                text = path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            kept: dict[str, JsonValue] = json.loads(text, parse_float=Decimal)
            PartIntent.of_record(kept["intent"])
            kept["booked_at"] += 0
        except (KeyError, TypeError, ValueError) as error:
            raise Permanent(
                f"{path}: cannot be read ({type(error).__name__}); expected a booked part as it "
                "was written. Restore it from a copy; nothing was changed."
            ) from error
        return kept


def write_books(
    folder: Path,
    months: Mapping[ServiceMonth, Sequence[JournalEntry]],
    *,
    accounts: Sequence[str],
    form: BookFormat,
) -> tuple[BookFile, ...]:
    """Write a file for each month, and what its format needs beside it, each whole or not at all.

    Files that say so already are not touched; months that are not given stay as they are.

    Args:
        folder: The journal's folder.
        months: What is booked in each month; none of a month that has a file empties it.
        accounts: Every account that any month names.
        form: How they are written.

    Raises:
        Misconfigured: The folder may not be written.
        Retriable: Another writer is at it, or the disk failed.
    """
    books = folder / BOOKS
    encode = as_csv if form is BookFormat.CSV else as_beancount
    with sole_writer(books):
        books.mkdir(exist_ok=True)
        files = []
        if form is BookFormat.BEANCOUNT:
            files.append(_book(books / "makegood.beancount", MAIN.encode()))
            files.append(_book(books / "accounts.beancount", opened_accounts(accounts)))
        for month, entries in months.items():
            path = books / f"{month}.{form.value}"
            if entries or path.exists():
                files.append(_book(path, encode(entries), month=month, entries=len(entries)))
        return tuple(files)


def _book(
    path: Path, content: bytes, *, month: ServiceMonth | None = None, entries: int = 0
) -> BookFile:
    changed = not path.exists() or path.read_bytes() != content
    if changed:
        write_whole(path, content)
    return BookFile(path, month, entries, changed)


def _refuse_strangers(part: Part) -> None:
    strange = _strangeness(part)
    if strange:
        raise Permanent(
            f"journal {part.key}: {strange}. Configure that billing system again, or plan the part "
            "anew; nothing was written."
        )


def _strangeness(part: Part) -> str:
    if part.channel is Channel.JOURNAL:
        return ""
    way = part.channel.value.replace("_", " ")
    return f"is to be paid by {way}, and the journal books only its own parts"


def _make_folder(folder: Path) -> None:
    """Make a folder that survives a power cut, with those above it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        flush_folder(each.parent)


def _found(kept: Mapping[str, JsonValue], intent: PartIntent | None) -> Found:
    booked = PartIntent.of_record(kept["intent"])
    differs = () if intent is None else tuple(_differences(booked, intent))
    part = booked.part
    return Found(
        id=part.key,
        key=part.key,
        state=FoundState.LIVE,
        amount=part.total,
        customer=part.customer,
        invoice=part.invoice,
        equal=None if intent is None else not differs,
        differs=differs,
        created_at=kept["booked_at"],
    )


def _differences(booked: PartIntent, intent: PartIntent) -> Iterator[str]:
    pairs = {
        "amount": (booked.part.amount, intent.part.amount),
        "obligation": (booked.part.obligation, intent.part.obligation),
        "memo": (booked.memo, intent.memo),
    }
    for name, (is_, asked) in pairs.items():
        if is_ != asked:
            yield f"its {name} is {is_} instead of {asked}"
    if booked.record != intent.record and all(is_ == asked for is_, asked in pairs.values()):
        yield "its details are not as asked"
