"""What people have done in the ledgers, read back and written into the log, each thing once.

An edit is a cell of ours that says something else than was last known of it. Edits, also of Status,
move nothing; ticks of Release are judged here and acted on in `flows.ledger_sync`. Nothing is ever
written to a ledger here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import islice
from typing import cast

from connectors.ledger import Ledger, LedgerPage, RowLedger
from connectors.store import Observation, StoredObligation
from flows.bookkeeping import ledger_rows, surely_written
from flows.books import ROW, Shown, cells_digest, last_shown, remembered_book
from flows.claims import statuses
from flows.declining import Declined, declined
from flows.effects import AT_ONCE
from flows.office import Office
from models.contract import Role
from models.credit import ObligationState
from models.decision import EntryKind
from models.effect import EffectState
from models.intervals import utc_text
from models.ledger import KEY, POSTED, STATUS, LedgerRow, LedgerStatus
from models.ledger_reading import (
    CLEAR,
    OBEYED,
    RELEASE,
    TICKED,
    CellEdit,
    TickedRow,
    against,
    edits,
    moving,
)
from models.period import ServiceMonth
from models.terms import JsonValue


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ledger beside the obligation that it shows.

    Attributes:
        ledger: The ledger's name.
        book: What the log calls the table that it stands in.
        page: The row as it stands there.
        stored: The obligation.
        times: How often each of its columns was told of.
    """

    ledger: str
    book: str
    page: LedgerPage
    stored: StoredObligation
    times: Mapping[str, int]

    @property
    def key(self) -> str:
        """The obligation's key."""
        return self.stored.key

    @property
    def editor(self) -> str:
        """Who changed it last, as far as the ledger tells."""
        return self.page.editor or f"somebody in {self.ledger}"


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit that the log does not have yet."""

    row: Row
    cell: CellEdit


class Stage(Enum):
    """How far a tick of Release has come.

    New: nobody has judged it. Refused: the log says that it does not count. Begun: the log says
    that it counts, and its credit is not released; a sync died, or two people must agree.
    Unfinished: its credit is released, and a sync may have died before it was paid and told. Gone:
    the log has it, and the row is not ticked any more.
    """

    NEW = auto()
    REFUSED = auto()
    BEGUN = auto()
    UNFINISHED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Tick:
    """A row whose Release is ticked, or was.

    Attributes:
        row: The row.
        stage: How far it has come.
        why: Why it does not count; "" when it does.
        on_others: The row says something else than was decided, until it is written right.
    """

    row: Row
    stage: Stage
    why: str = ""
    on_others: bool = False

    @property
    def counts(self) -> bool:
        """Whether it lets the credit go, as far as it was read."""
        return self.stage in {Stage.NEW, Stage.BEGUN} and not self.why

    @property
    def is_open(self) -> bool:
        """Whether its credit still waits for release."""
        return self.row.stored.obligation.state is ObligationState.DRAFT


@dataclass(frozen=True, slots=True)
class StatusSaid:
    """What a row says of a claim against a vendor, and nobody has been told.

    Attributes:
        row: The row.
        status: What it says.
        shown: What we surely wrote there last; None when nobody knows.
    """

    row: Row
    status: LedgerStatus
    shown: LedgerStatus | None = None


@dataclass(slots=True)
class LedgersRead:
    """What the ledgers say of one month.

    Attributes:
        rows: How many rows carry a key of the month.
        edits: Edits that the log does not have yet.
        ticks: Ticks, new and old.
        said: What was set of claims and nobody has heard.
        questions: What only a person can settle, each with its place.
        notes: What is worth knowing and needs nobody.
    """

    rows: int = 0
    edits: list[Edit] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    said: list[StatusSaid] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_ledgers(office: Office, month: ServiceMonth) -> LedgersRead:
    """Read every ledger's rows of a month beside what stands. Read-only.

    Raises:
        UnusableInputError: A ledger is not one of ours.
        ConnectorError: A ledger cannot be asked.
    """
    reader = _Reader(office, month)
    for ledger in office.ledgers.values():
        reader.read(ledger)
    return reader.found


def note_edits(office: Office, period: str) -> None:
    """Write down what people changed in ledgers that are written as a whole, before we heal it.

    The caller holds the month.
    """
    reader = _Reader(office, ServiceMonth.parse(period))
    for ledger in office.ledgers.values():
        if ledger.writes_together:
            reader.read(ledger)
    _note(office, reader.found)


def note_pages(
    office: Office,
    period: str,
    ledger: RowLedger,
    pages: Sequence[LedgerPage],
    rows: Sequence[LedgerRow],
) -> None:
    """Write down what people changed in these rows of a month, before we heal it.

    The caller holds the month.

    Args:
        office: What the caller talks to.
        period: The service month.
        ledger: The ledger, opened.
        pages: Its rows of the month, as they were just read.
        rows: What it should say.
    """
    if pages:
        reader = _Reader(office, ServiceMonth.parse(period), rows)
        reader.read_pages(ledger, pages)
        _note(office, reader.found)


def _note(office: Office, found: LedgersRead) -> None:
    """Write down edits, and ticks on rows that say something else than was decided.

    Once such a row is healed nobody could tell any more. All other ticks wait for a sync.
    """
    record_edits(office, found)
    for tick in found.ticks:
        if tick.on_others and tick.stage is Stage.NEW:
            record_tick(office, tick)


def record_edits(office: Office, found: LedgersRead) -> None:
    """Write down the edits, each once."""
    if found.edits:
        office.store.observe([_observation(edit.row, _told(edit.cell)) for edit in found.edits])


def record_tick(office: Office, tick: Tick) -> str:
    """Write down what a tick means, before anything is done about it; answers why it is worthless.

    Of two who judge it at the same time the first one is kept, and the other obeys: "" is the leave
    to let its credit go.
    """
    gone = tick.stage is Stage.GONE
    before, after = (TICKED, CLEAR) if gone else (CLEAR, TICKED)
    body = {
        **_told(CellEdit(RELEASE, before, after, CLEAR)),
        "counted": not (tick.why or gone),
        "why": tick.why,
    }
    (entry,) = office.store.observe([_observation(tick.row, body)])
    return "" if entry.body["counted"] else str(entry.body["why"] or "it was taken away")


def record_obeyed(office: Office, tick: Tick) -> None:
    """Write down that everything is done that a tick asked for."""
    office.store.observe([_observation(tick.row, _told(CellEdit(OBEYED, CLEAR, TICKED, CLEAR)))])


def judged_again(office: Office, month: ServiceMonth, ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """These ticks as their rows stand now, each read by its id; those that are gone are absent."""
    reader = _Reader(office, month)
    for name in dict.fromkeys(tick.row.ledger for tick in ticks):
        ledger = office.ledgers[name]
        ids = [tick.row.page.id for tick in ticks if tick.row.ledger == name]
        rows = (cast("RowLedger", ledger).page(id_) for id_ in ids)
        reader.read_pages(ledger, [page for page in rows if page is not None], fresh=True)
    return tuple(tick for tick in reader.found.ticks if tick.stage is not Stage.GONE)


class _Reader:
    """One month, ledger by ledger."""

    def __init__(
        self, office: Office, month: ServiceMonth, rows: Sequence[LedgerRow] | None = None
    ) -> None:
        """Read what stands; `rows` is what ledgers should say, where the caller knows it."""
        period = str(month)
        rows = ledger_rows(office, period) if rows is None else rows
        self.found = LedgersRead()
        self._office, self._month = office, month
        self._noes: Mapping[str, Declined] | None = None
        self._stored = {one.key: one for one in office.store.obligations(period)}
        self._rows = {row.key: row for row in rows}
        self._claims = statuses(office.store, period)
        self._written = surely_written(office.store, period, rows)
        self._shown: dict[str, Shown] = {}
        self._governed = {c.id for c in office.contracts if c.in_force(month) is not None}

    def read(self, ledger: Ledger) -> None:
        """One ledger's rows of the month; one that is not made yet has none."""
        if ledger.writes_together or _is_made(self._office, cast("RowLedger", ledger)):
            self.read_pages(ledger, _pages(ledger, self._month))

    def read_pages(
        self, ledger: Ledger, pages: Sequence[LedgerPage], *, fresh: bool = False
    ) -> None:
        """These rows of a ledger; `fresh` says that each was read by its id just now.

        What is known is read after the rows: whoever judged one of them has said so by then.
        """
        known = _known(self._office, str(self._month))
        renamed = self._renamed(ledger, pages)
        keys = {page.id: renamed.get(page.id, page.key) for page in pages}
        times = Counter(keys[page.id] for page in pages if not page.trashed)
        for page in pages:
            key = keys[page.id]
            stored = self._stored.get(key)
            if stored is None:
                self._stranger(ledger.name, page)
            elif page.trashed:
                self._trashed(ledger.name, page, again=bool(times[key]))
            elif times[key] == 1:
                told = known[_book(ledger), key]
                now = page if fresh else self._as_it_is_now(ledger, page, stored, told)
                if now is not None:
                    self._row(ledger, now, stored, told)
        for key, number in times.items():
            if number > 1 and key in self._stored:
                self._doubled(ledger.name, key, [id_ for id_ in keys if keys[id_] == key])

    def _row(
        self, ledger: Ledger, page: LedgerPage, stored: StoredObligation, known: _Known
    ) -> None:
        """One row; `page` is as it stands now, or as a list shows it."""
        self.found.rows += 1
        row = Row(ledger.name, _book(ledger), page, stored, known.times)
        self._compare(ledger, row, known)

    def _renamed(self, ledger: Ledger, pages: Sequence[LedgerPage]) -> Mapping[str, str]:
        """The keys of rows that people have given another one, by the row's id."""
        unknown = {page.id for page in pages if page.key not in self._stored and not page.trashed}
        if ledger.writes_together or not unknown:
            return {}
        store, period, found = self._office.store, str(self._month), {}
        made = store.effect_keys(period=period, kinds=[ROW], states=[EffectState.DONE])
        while page_of_keys := list(islice(made, AT_ONCE)):
            for effect in store.effects(keys=page_of_keys):
                id_ = (effect.outcome or {}).get("id")
                if id_ in unknown and effect.plan.obligation in self._stored:
                    found[id_] = effect.plan.obligation
        return found

    def _stranger(self, name: str, page: LedgerPage) -> None:
        """A row without a key is a person's own; one of another month is that month's matter."""
        if page.trashed or not KEY.fullmatch(page.key) or not _is_of(page.key, self._month):
            return
        self.found.questions.append(
            f"{name} {page.key}: nothing is recorded under this key (row {page.id}). "
            "It is left as it is: restore the database it came from, or delete the row."
        )

    def _trashed(self, name: str, page: LedgerPage, *, again: bool) -> None:
        if not again:
            self.found.questions.append(
                f"{name} {page.key}: its row lies in the trash (row {page.id}); nothing is written "
                "there, and no second row is made. Restore it."
            )

    def _doubled(self, name: str, key: str, ids: Sequence[str]) -> None:
        self.found.questions.append(
            f"{name} {key}: stands in {len(ids)} rows: {', '.join(ids)}. Neither counts; compare "
            "them and delete all but one."
        )

    def _compare(self, ledger: Ledger, row: Row, known: _Known) -> None:
        wanted = self._rows[row.key]
        differing = _differing(ledger, row.page, wanted)
        found = edits(
            shown=row.page.cells,
            ours=wanted.as_cells,
            differing=differing,
            known=known.cells,
            behind=self._behind(ledger, row),
        )
        mine = row.stored.role is Role.PROVIDER
        self.found.edits += [Edit(row, cell) for cell in found if mine or cell.column != STATUS]
        self._read_status(row, certain=self._is_certain(ledger, row.key))
        self._read_tick(row, known, [*_now_differing(row.page, differing)])

    def _behind(self, ledger: Ledger, row: Row) -> frozenset[str]:
        """Columns that may show what we wrote before; rows are written one by one, and later."""
        behind = moving(row.stored.role, row.stored.obligation.state)
        if not self._is_certain(ledger, row.key):
            return behind
        return behind & {POSTED} if ledger.writes_together else frozenset()

    def _is_certain(self, ledger: Ledger, key: str) -> bool:
        """Whether we left the row saying what we would write now: all else is a person's."""
        if ledger.writes_together:
            return key in self._written
        book = shown_book(cast("RowLedger", ledger))
        if book not in self._shown:
            self._shown[book] = last_shown(self._office.store, book, str(self._month))
        return self._shown[book].surely(key, cells_digest(self._rows[key].as_cells))

    def _as_it_is_now(
        self, ledger: Ledger, page: LedgerPage, stored: StoredObligation, known: _Known
    ) -> LedgerPage | None:
        """A row on which much hangs, read by its id: what a list shows may be minutes old.

        None when nobody sees it any more.
        """
        if ledger.writes_together:
            return page
        wrong = cast("RowLedger", ledger).differing(page, self._rows[stored.key])
        hangs = page.release and (bool(wrong) or not known.is_settled)
        if not (hangs or self._looks_old(ledger, page, stored, known)):
            return page
        fresh = cast("RowLedger", ledger).page(page.id)
        if fresh is None or fresh.trashed:
            return None
        return fresh if fresh.key == page.key else replace(fresh, release=False)

    def _looks_old(
        self, ledger: Ledger, page: LedgerPage, stored: StoredObligation, known: _Known
    ) -> bool:
        """Whether it shows what we may have written before and over, and nobody was told of."""
        if not self._is_certain(ledger, stored.key):
            return False
        row = self._rows[stored.key]
        differing = {*cast("RowLedger", ledger).differing(page, row)}
        if page.cells.get(STATUS, "") != row.status.value:
            differing |= {STATUS}
        differing &= moving(stored.role, stored.obligation.state)
        return any(page.cells.get(column, "") != known.cells.get(column) for column in differing)

    def _read_status(self, row: Row, *, certain: bool) -> None:
        """Words that are no status are a question; a claim's status is told to the claim."""
        said = row.page.cells.get(STATUS, "")
        if not said:
            return
        if said not in {status.value for status in LedgerStatus}:
            self.found.questions.append(
                f"{row.ledger} {row.key}: Status says {said!r}, which is none of "
                f"{', '.join(LedgerStatus)}. Choose one of them."
            )
            return
        if row.key in self._claims:
            ours, been = self._claims[row.key]
            status, shown = LedgerStatus(said), ours if certain else None
            if status not in ({ours} if certain else been):
                self.found.said.append(StatusSaid(row, status, shown))

    def _read_tick(self, row: Row, known: _Known, differing: Sequence[CellEdit]) -> None:
        """Nothing is left of a tick whose credit is released, or superseded after all was done."""
        told = known.cells.get(RELEASE) == TICKED
        released = row.stored.obligation.state is ObligationState.RELEASED
        why = against(self._ticked(row, differing))
        tick: Tick | None = None
        if not row.page.release:
            tick = Tick(row, Stage.GONE) if told else None
        elif not told:
            tick = Tick(row, Stage.NEW, why, on_others=bool(differing))
        elif not known.counted:
            tick = Tick(row, Stage.REFUSED, known.why)
        elif not released:
            tick = Tick(row, Stage.BEGUN, why)
        elif known.cells.get(OBEYED) != TICKED:
            tick = Tick(row, Stage.UNFINISHED)
        self.found.ticks += [tick] if tick else []

    def _ticked(self, row: Row, differing: Sequence[CellEdit]) -> TickedRow:
        notion = self._office.workspace.ledger.notion
        return TickedRow(
            state=row.stored.obligation.state,
            role=row.stored.role,
            governed=row.stored.obligation.contract in self._governed,
            switched_on=notion is None or notion.release,
            status=row.page.cells.get(STATUS, ""),
            edits=differing,
            declined=self._declined(row) if row.page.release else "",
        )

    def _declined(self, row: Row) -> str:
        """Who declined it, in words; asked of the log for ticked rows alone."""
        if self._noes is None:
            self._noes = declined(self._office.store, self._month)
        return str(self._noes.get(row.stored.obligation.contract, ""))


@dataclass(slots=True)
class _Known:
    """What the log last knew of one row.

    Attributes:
        cells: What a cell said, by column; only those that were ever edited.
        counted: Whether the last tick counted.
        why: Why it did not; "" when it did.
        times: How often each column was told.
    """

    cells: dict[str, str] = field(default_factory=dict)
    counted: bool = False
    why: str = ""
    times: Counter[str] = field(default_factory=Counter)

    @property
    def is_settled(self) -> bool:
        """Whether nothing comes of its tick any more: it did not count, or was obeyed."""
        obeyed = self.cells.get(OBEYED) == TICKED
        return self.cells.get(RELEASE) == TICKED and (obeyed or not self.counted)


def _known(office: Office, period: str) -> Mapping[tuple[str, str], _Known]:
    """What the log knows of a month's rows, by book and key."""
    found: dict[tuple[str, str], _Known] = defaultdict(_Known)
    for entry in office.store.observed(EntryKind.LEDGER_EDITED, periods=[period]):
        body = entry.body
        known = found[body["book"], body["obligation"]]
        known.cells[body["column"]] = body["to"]
        known.times[body["column"]] += 1
        if body["column"] == RELEASE:
            known.counted, known.why = body["counted"], body["why"]
    return found


def _is_made(office: Office, ledger: RowLedger) -> bool:
    """Whether there is a table: one that was noted may have been moved and renamed since."""
    noted = remembered_book(office.store, ledger.name, ledger.place)
    return noted is not None or bool(ledger.books())


def _pages(ledger: Ledger, month: ServiceMonth) -> Sequence[LedgerPage]:
    """The ledger's rows of a month; where rows have no address, their key is one."""
    if not ledger.writes_together:
        return [*cast("RowLedger", ledger).pages(month.first_day)]
    return [
        LedgerPage(id=key, key=key, cells=cells)
        for key, cells in ledger.read().items()
        if _is_of(key, month)
    ]


def shown_book(ledger: RowLedger) -> str:
    """Under which name it is noted what a table's rows were left saying."""
    return f"{ledger.name}/{ledger.book}"


def _book(ledger: Ledger) -> str:
    """What the log calls the table: another database's rows were never known."""
    if ledger.writes_together:
        return ledger.name
    return f"{ledger.name} {cast('RowLedger', ledger).book}"


def _is_of(key: str, month: ServiceMonth) -> bool:
    return key.split("/")[-2:-1] == [str(month)]


def _differing(ledger: Ledger, page: LedgerPage, row: LedgerRow) -> Mapping[str, str]:
    """Our columns, Status apart, in which the ledger sees a difference, with what it would say."""
    if ledger.writes_together:
        cells = row.as_cells
        found = {c: text for c, text in cells.items() if page.cells.get(c, text) != text}
    else:
        found = {**cast("RowLedger", ledger).differing(page, row)}
    found.pop(STATUS, None)
    return found


def _now_differing(page: LedgerPage, differing: Mapping[str, str]) -> Iterator[CellEdit]:
    """Every cell of ours that is not as we would write it, whatever is known of it."""
    for column, ours in differing.items():
        yield CellEdit(column, ours, page.cells.get(column, ""), ours)


def _told(cell: CellEdit) -> dict[str, JsonValue]:
    return {"column": cell.column, "from": cell.before, "to": cell.after, "ours": cell.ours}


def _observation(row: Row, body: Mapping[str, JsonValue]) -> Observation:
    """What is told of a row; the edits of one cell are counted, so that each is told once."""
    page = row.page
    at = {} if page.edited_at is None else {"at": utc_text(page.edited_at)}
    told = {
        **body,
        **at,
        "obligation": row.key,
        "ledger": row.ledger,
        "book": row.book,
        "row": page.id,
        "by": row.editor,
        "grounds": "last_editor",
    }
    obligation = row.stored.obligation
    column = str(body["column"])
    name = f"{row.book} {row.key} {column} {row.times.get(column, 0)}"
    return Observation(obligation.contract, obligation.period, EntryKind.LEDGER_EDITED, told, name)
