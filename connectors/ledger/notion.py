"""The ledger as a Notion database that people read, sort, comment and tick.

It is made on first use, or checked before anything is written to it. Only our own columns are
written, each row by its id; what belongs to people is in `README.md` beside this module. It never
makes a row twice by itself, and never repeats a request that makes one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from threading import RLock
from typing import Any

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.ledger import Book, LedgerChange, LedgerPage, refuse_repeated_keys
from connectors.ledger._notion_calls import Calls, NotFound, Plain, require_id
from connectors.ledger._notion_cells import differing, fitted, page_of, properties_of
from connectors.ledger._notion_pace import Clock, Line, LocalTurns, Turns, gap_us
from connectors.ledger._notion_schema import TITLE, Columns, compared, configs, has_our_columns
from models.findings import Finding, UnusableInputError
from models.ledger import KEY, LedgerRow
from models.workspace_file import NotionTerms

__all__ = ["Clock", "LocalTurns", "NotionLedger", "Turns", "gap_us"]

AT_ONCE = 8
"""Rows under way: at three a second, each may take two seconds with its commits and its answer."""

HIDDEN_FOR_MS = 600_000
"""Notion does not say when a new row shows in queries, nor how long a cut request may still run;
it gives up on one after a minute."""

PAGES = "https://www.notion.so"
PAGE = 100
CUT_OFF = "query_result_limit_reached"


class NotionLedger:
    """One data source at Notion, for all contracts and months; safe to share between threads."""

    name = "notion"
    writes_together = False
    at_once = AT_ONCE
    hidden_for_ms = HIDDEN_FOR_MS

    def __init__(
        self,
        token: str,
        terms: NotionTerms,
        *,
        currencies: Sequence[str] = (),
        remembered: Callable[[str], Book | None] = lambda _place: None,
        turns: Turns | None = None,
        clock: Clock | None = None,
        address: str = "",
    ) -> None:
        """Check token and ids; nothing is asked yet.

        Args:
            token: The integration's secret.
            terms: Where the ledger is, or is to be made.
            currencies: The currencies that rows will show.
            remembered: The table that was used before at a place, as far as anybody noted it.
            turns: Who hands out the moments for requests; None for this program alone.
            clock: The host's time; tests bring their own.
            address: Another address than Notion's own, for tests; "" for Notion's.

        Raises:
            Misconfigured: The token is none, or the address is not safe.
        """
        clock = clock or Clock()
        alone = LocalTurns(gap_us(terms.requests_per_minute), clock)
        rate = terms.requests_per_minute
        line = Line(turns or alone.turns, clock, requests_per_minute=rate)
        self.calls = Calls(token, line=line, address=address)
        self._terms = terms
        self._currencies = tuple(sorted(set(currencies)))
        self._remembered = remembered
        self._guard = RLock()
        self._open: tuple[str, Columns] | None = None

    def __repr__(self) -> str:
        """Where it is, without the token."""
        return f"NotionLedger({self.place})"

    @property
    def place(self) -> str:
        """See `RowLedger.place`."""
        terms = self._terms
        return require_id(terms.data_source or terms.database or terms.page or "", "the ledger")

    @property
    def book(self) -> str:
        """See `RowLedger.book`."""
        return self._opened()[0]

    def close(self) -> None:
        """Let go of every connection."""
        self.calls.close()

    def wait_for_turn(self) -> None:
        """See `RowLedger.wait_for_turn`."""
        self.calls.line.take_ahead()

    # --- The table --------------------------------------------------------------------------------

    def check(self) -> None:
        """Find out whether rows could be written; a ledger that is not made yet is fine.

        Raises:
            UnusableInputError: It is not as a ledger must be; everything that is wrong, at once.
            Misconfigured: Token or permission is wrong.
            Retriable: Notion cannot be asked now.
        """
        with self._guard:
            self._open = None
            book = self._known()
            if book is not None:
                self.open_book(book)

    def books(self) -> Sequence[Book]:
        """See `RowLedger.books`."""
        terms = self._terms
        if terms.data_source:
            return (Book(require_id(terms.data_source, "the data source")),)
        if terms.database:
            return (self._sole_source(require_id(terms.database, "the database")),)
        page = require_id(terms.page or "", "the page")
        return [book for block in self._children(page) for book in self._ours(block)]

    def make_book(self) -> Book:
        """See `RowLedger.make_book`."""
        try:
            told = self._made()
        except Permanent as error:
            # It is no row's fault: once the page is another one, the next run makes it.
            raise Misconfigured(str(error), status=error.status) from None
        try:
            return Book(str(told["data_sources"][0]["id"]))
        except (KeyError, IndexError, TypeError):
            message = "notion: the ledger was made, but the answer names no data source. Rerun."
            raise OutcomeUnknown(message) from None

    def _made(self) -> Plain:
        page = require_id(self._terms.page or "", "the page")
        return self.calls.make(
            f"the ledger below page {page}",
            lambda: self.calls.client.databases.create(
                parent={"type": "page_id", "page_id": page},
                title=[{"type": "text", "text": {"content": TITLE}}],
                initial_data_source={"properties": configs(self._currencies)},
            ),
        )

    def open_book(self, book: Book) -> Book:
        """See `RowLedger.open_book`."""
        source = require_id(book.id, "the data source")
        place = f"notion {TITLE} ({source})"
        told = self._source(source)
        columns, findings = compared(
            told["properties"], known=book.columns, currencies=self._currencies, place=place
        )
        if told.get("in_trash") or told.get("archived"):
            findings = (_in_trash(place), *findings)
        if findings:
            raise UnusableInputError(findings)
        self._open = (source, columns)
        return Book(source, columns.ids)

    def _opened(self) -> tuple[str, Columns]:
        with self._guard:
            if self._open is None:
                book = self._known()
                if book is None:
                    raise UnusableInputError([_not_made(f"notion page {self.place}")])
                self.open_book(book)
            return self._open or ("", Columns({}, {}))

    def _known(self) -> Book | None:
        """The table that was noted, or that is there; None where none is made yet.

        Raises:
            UnusableInputError: Several may be meant.
        """
        book = self._remembered(self.place)
        if book is not None:
            return book
        books = self.books()
        if len(books) > 1:
            raise UnusableInputError([_several(self.place, books)])
        return books[0] if books else None

    def _children(self, page: str) -> Iterator[Plain]:
        listed = self.calls.client.blocks.children.list
        asked: dict[str, Any] = {"page_size": PAGE}
        while True:
            told = self.calls.ask(f"page {page}", lambda: listed(block_id=page, **asked))
            yield from told["results"]
            if not told.get("has_more"):
                return
            asked["start_cursor"] = told["next_cursor"]

    def _ours(self, block: Plain) -> Iterator[Book]:
        """A database on the page that is a ledger by its name or, if renamed, by its columns."""
        if block.get("type") != "child_database" or block.get("in_trash"):
            return
        if block["child_database"].get("title") == TITLE:
            yield self._sole_source(block["id"])
            return
        for source in self._database(block["id"])["data_sources"]:
            told = self._source(str(source["id"]))
            if has_our_columns(told["properties"]):
                yield Book(str(source["id"]))

    def _sole_source(self, database: str) -> Book:
        """A database's only data source.

        Raises:
            UnusableInputError: It has several, and none is named.
        """
        sources = self._database(database)["data_sources"]
        if len(sources) != 1:
            raise UnusableInputError([_not_one_source(database, sources)])
        return Book(str(sources[0]["id"]))

    def _database(self, database: str) -> Plain:
        retrieve = self.calls.client.databases.retrieve
        return self.calls.ask(f"database {database}", lambda: retrieve(database_id=database))

    def _source(self, source: str) -> Plain:
        retrieve = self.calls.client.data_sources.retrieve
        place = f"{TITLE} ({source})"
        return self.calls.ask(place, lambda: retrieve(data_source_id=source))

    # --- Rows -------------------------------------------------------------------------------------

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """The rows with a key, people's columns included; nothing where it is not made yet.

        Raises:
            UnusableInputError: It is not as a ledger must be, or holds a key twice.
        """
        if self._open is None and self._known() is None:
            return {}
        found: dict[str, list[LedgerPage]] = defaultdict(list)
        for page in self.pages():
            if KEY.fullmatch(page.key) and not page.trashed:
                found[page.key].append(page)
        doubled = [_doubled(pages) for pages in found.values() if len(pages) > 1]
        if doubled:
            raise UnusableInputError(doubled)
        return {key: pages[0].cells for key, pages in found.items()}

    def pages(self, month: date | None = None) -> Iterator[LedgerPage]:
        """See `RowLedger.pages`."""
        _, columns = self._opened()
        wanted = None if month is None else _of_month(month, columns)
        for trashed in (False, True):
            yield from self._rows(wanted, trashed=trashed)

    def page(self, id_: str) -> LedgerPage | None:
        """See `RowLedger.page`."""
        page_id = require_id(id_, "the row")
        try:
            told = self.calls.ask(
                f"row {page_id}", lambda: self.calls.client.pages.retrieve(page_id=page_id)
            )
        except NotFound:
            return None
        return self._page_of(told)

    def _page_of(self, told: Plain) -> LedgerPage | None:
        """The row that was told; None when it stands in another table."""
        source, columns = self._opened()
        moved = told.get("parent", {}).get("data_source_id", source) != source
        return None if moved else page_of(told, columns)

    def link_of(self, id_: str) -> str:
        """The row as a page at Notion.

        Source: https://developers.notion.com/docs/working-with-page-content (a page's address ends
        in its id without dashes).
        """
        return f"{PAGES}/{id_.replace('-', '')}" if id_ else ""

    def find(self, key: str) -> Sequence[LedgerPage]:
        """See `RowLedger.find`; compared again here, because Notion may ignore capitals."""
        _, columns = self._opened()
        wanted = {"property": columns.ids["Key"], "title": {"equals": key}}
        found = (page for trashed in (False, True) for page in self._rows(wanted, trashed=trashed))
        return [page for page in found if page.key == key]

    def add(self, row: LedgerRow) -> LedgerPage:
        """See `RowLedger.add`."""
        source, columns = self._opened()
        properties = properties_of(fitted(row), columns)
        try:
            told = self.calls.make(
                f"row {row.key}",
                lambda: self.calls.client.pages.create(
                    parent={"type": "data_source_id", "data_source_id": source},
                    properties=properties,
                ),
            )
        except Permanent:
            self._refuse_if_drifted(Book(source, columns.ids))
            raise
        try:
            return page_of(told, columns)
        except (AttributeError, KeyError, TypeError, ValueError):
            message = f"notion row {row.key}: was made, but the answer is no row. Rerun."
            raise OutcomeUnknown(message) from None

    def _refuse_if_drifted(self, book: Book) -> None:
        """What refused one row would refuse each: people changed a column while we wrote.

        Raises:
            Misconfigured: A column is not as it must be; nothing was made.
        """
        try:
            self.open_book(book)
        except UnusableInputError as drift:
            raise Misconfigured(str(drift)) from None
        except Retriable:
            return

    def differing(self, page: LedgerPage, row: LedgerRow) -> Mapping[str, str]:
        """See `RowLedger.differing`."""
        return differing(page, row, self._opened()[1])

    def is_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """See `RowLedger.is_up_to_date`."""
        return not page.trashed and not differing(page, row, self._opened()[1])

    def bring_up_to_date(self, page: LedgerPage, row: LedgerRow) -> bool:
        """See `RowLedger.bring_up_to_date`.

        Where Status is to be written, the row is read again right before, and again before each
        repetition: a person may have changed it since. What they change while that answer and our
        request are on their way is not seen; Notion offers no way to.
        """
        source, columns = self._opened()
        due = differing(page, row, columns)
        if page.trashed and "Status" not in due:
            raise _lies_in_the_trash(row)
        try:
            return self._changed(page, row, due)
        except Permanent as error:
            if error.status is not None:
                self._refuse_if_drifted(Book(source, columns.ids))
            raise

    def _changed(self, page: LedgerPage, row: LedgerRow, due: Mapping[str, str]) -> bool:
        if "Status" in due:
            return self._seen_and_changed(page.id, row)
        if due:
            self.calls.ask(f"row {row.key}", self._change(page.id, due))
        return bool(due)

    def _change(self, id_: str, due: Mapping[str, str]) -> Callable[[], object]:
        properties = properties_of(due, self._opened()[1], list(due))
        return lambda: self.calls.client.pages.update(page_id=id_, properties=properties)

    def _seen_and_changed(self, id_: str, row: LedgerRow) -> bool:
        """Write what differs on the row as it stands now.

        Raises:
            Permanent: It is gone, or lies in the trash; nothing was changed.
        """
        page_id = require_id(id_, "the row")

        def _chosen(told: Plain) -> Callable[[], object] | None:
            page = self._page_of(told)
            if page is None:
                raise _is_gone(row)
            if page.trashed:
                raise _lies_in_the_trash(row)
            due = differing(page, row, self._opened()[1])
            return self._change(page_id, due) if due else None

        retrieve = self.calls.client.pages.retrieve
        try:
            return self.calls.change_seen(
                f"row {row.key}", lambda: retrieve(page_id=page_id), _chosen
            )
        except NotFound:
            raise _is_gone(row) from None

    def upsert(self, rows: Sequence[LedgerRow]) -> LedgerChange:
        """Bring these rows up to date, one after another, each looked for before it is added.

        It may end in the middle: whoever must go on from there makes each new row an effect
        (`flows.mirroring`), as this method cannot.

        Raises:
            ValueError: Two of the given rows have one key.
            UnusableInputError: The ledger is not as it must be, or holds a key twice.
            ConnectorError: As `add` and `bring_up_to_date` raise.
        """
        refuse_repeated_keys(rows)
        done: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
        for row in rows:
            done[self._upserted(row)].append(row.key)
        return LedgerChange(**{what: tuple(keys) for what, keys in done.items()})

    def _upserted(self, row: LedgerRow) -> str:
        found = self.find(row.key)
        if len(found) > 1:
            raise UnusableInputError([_doubled(found)])
        if not found:
            self.add(row)
            return "added"
        return "updated" if self.bring_up_to_date(found[0], row) else "unchanged"

    def _rows(self, wanted: Plain | None, *, trashed: bool) -> Iterator[LedgerPage]:
        """The rows that a filter lets through, in the trash or not, each once.

        A query ends at its ten thousandth result; the next one begins at the minute in which the
        last one that was seen was made.
        """
        columns, seen = self._opened()[1], set[str]()
        since = ""
        while True:
            before, latest = len(seen), since
            for told in self._query(_both(wanted, since), trashed=trashed):
                if told is None:
                    break
                latest = told["created_time"]
                if told["id"] not in seen and bool(told.get("in_trash")) is trashed:
                    yield page_of(told, columns)
                seen.add(told["id"])
            else:
                return
            if len(seen) == before:
                message = (
                    f"notion: more than 10,000 rows were made at {latest}; they cannot be listed"
                )
                raise Permanent(message)
            since = latest

    def _query(self, wanted: Plain | None, *, trashed: bool) -> Iterator[Plain | None]:
        """One query's results, oldest first; None at its end when Notion has cut it off."""
        source, _ = self._opened()
        asked: dict[str, Any] = {
            "page_size": PAGE,
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
            **({"filter": wanted} if wanted else {}),
            **({"in_trash": True} if trashed else {}),
        }
        cut = False
        while True:
            told = self.calls.ask(f"rows of {source}", lambda: self._ask_rows(source, asked))
            yield from (one for one in told["results"] if one["object"] == "page")
            cut = cut or (told.get("request_status") or {}).get("incomplete_reason") == CUT_OFF
            if not told.get("has_more"):
                break
            asked["start_cursor"] = told["next_cursor"]
        if cut:
            yield None

    def _ask_rows(self, source: str, asked: Mapping[str, Any]) -> object:
        return self.calls.client.data_sources.query(data_source_id=source, **asked)


def _of_month(month: date, columns: Columns) -> Plain:
    """Rows of a service month, by their date or, where a person has changed it, by their key."""
    return {
        "or": [
            {"property": columns.ids["Month"], "date": {"equals": month.isoformat()}},
            {"property": columns.ids["Key"], "title": {"contains": f"/{month:%Y-%m}/r"}},
        ]
    }


def _both(wanted: Plain | None, since: str) -> Plain | None:
    if not since:
        return wanted
    later = {"timestamp": "created_time", "created_time": {"on_or_after": since}}
    return {"and": [wanted, later]} if wanted else later


def _not_made(place: str) -> Finding:
    return Finding(
        place=place,
        fact=f"holds no database {TITLE}",
        expected="the ledger was expected",
        remedy="`makegood run` makes it.",
    )


def _in_trash(place: str) -> Finding:
    return Finding(
        place=place,
        fact="lies in the trash",
        expected="a ledger that people see was expected",
        remedy="Restore it in Notion's trash, or name another page in makegood.yaml.",
    )


def _several(page: str, books: Sequence[Book]) -> Finding:
    return Finding(
        place=f"notion page {page}",
        fact=f"holds {len(books)} databases {TITLE}",
        expected="one ledger was expected",
        remedy="Compare them, and name the one to use as ledger.notion.database in makegood.yaml.",
    )


def _not_one_source(database: str, sources: Sequence[Plain]) -> Finding:
    named = ", ".join(f"{one.get('name') or 'unnamed'} ({one['id']})" for one in sources) or "none"
    return Finding(
        place=f"notion database {database}",
        fact=f"has {len(sources)} data sources: {named}",
        expected="exactly one was expected, or one that makegood.yaml names",
        remedy="Name the ledger's as ledger.notion.data_source.",
    )


def _is_gone(row: LedgerRow) -> Permanent:
    return Permanent(f"notion row {row.key}: is gone, or not shared any more. Look for it.")


def _lies_in_the_trash(row: LedgerRow) -> Permanent:
    message = f"notion row {row.key}: lies in the trash. Restore it; nothing was changed."
    return Permanent(message)


def _doubled(pages: Sequence[LedgerPage]) -> Finding:
    ids = ", ".join(page.id for page in pages)
    return Finding(
        place="notion",
        field="column 'Key'",
        fact=f"is {pages[0].key} in {len(pages)} rows: {ids}",
        expected="each key once",
        remedy="Compare the rows and delete all but one; nothing was written.",
    )
