"""Rows at Notion through the engine: each once, whatever fails and whenever, over real sockets.

Three contracts are 120 of September's 43,200 minutes down. The clocks of the database, of the host
and of the stand-in are one, and pass only while somebody waits.
"""

from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from flows.books import remembered_book
from flows.mirroring import Mirrored, mirror_rows
from flows.office import open_office
from flows.pacing import Clocks
from models.effect import EffectState
from tests.connectors.ledger.notion_stage import fresh_workspace, ledger_at
from tests.standins.notion.client import running
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, checks

KEYS = ["acme/api/2025-09/r0", "bluefin/api/2025-09/r0", "cargo/api/2025-09/r0"]
R0 = KEYS[0]
CARGO = ACME.replace("acme", "cargo").replace("Acme GmbH", "Cargo AG")
DAY_MS = 86_400_000


class Killed(BaseException):
    """The program ends here: nothing after this line happens."""


class Firm:
    """A workspace with decided rows, its Notion, and one clock for all."""

    def __init__(self, books, workspace):
        self.books, self.workspace = books, workspace
        self.at = workspace.tell("clock")["now_ms"]
        self.remembered = None

    def pass_by(self, milliseconds):
        """Let time pass for everybody."""
        self.at += milliseconds
        self.workspace.advance(ms=milliseconds)

    @contextmanager
    def office(self, **said):
        """The office with Notion as its only ledger, one row at a time."""
        with open_office(self.books.folder) as office:
            store: Any = office.store
            store.dialect.now = lambda _connection: self.at
            ledger = ledger_at(self.workspace, **said)
            ledger.at_once = 1
            try:
                yield replace(office, ledgers={"notion": ledger})
            finally:
                ledger.close()

    def mirror(self, *, broken=None, times=1):
        """Bring the rows up to date; what came of it at last."""
        came = None
        for _ in range(times):
            with self.office() as office:
                if broken is not None:
                    broken(office.ledgers["notion"])
                clocks = Clocks(boottime_ms=lambda: self.at, pause=self.pass_by)
                came = mirror_rows(office, SEPTEMBER, clocks=clocks)["notion"]
        return came

    @property
    def shown(self):
        """The titles of all rows, those in the trash as well."""
        return sorted(row["cells"]["Key"] for row in self.workspace.rows())

    def cells(self, key=R0):
        """What a row shows."""
        rows = [row["cells"] for row in self.workspace.rows() if row["cells"]["Key"] == key]
        (cells,) = rows
        return cells

    def effect(self, key=R0):
        """The effect that makes a row."""
        with self.office() as office:
            (effect,) = [
                e
                for e in office.store.effects(period=SEPTEMBER)
                if e.plan.kind == "ledger_row" and e.plan.obligation == key
            ]
            return effect

    def writes(self, since=0):
        """How many requests asked for a change."""
        asked = self.workspace.calls(since=since + 1)
        return sum(1 for call in asked if call["operation"] in {"pages.create", "pages.update"})

    @property
    def number(self):
        """How many requests there were so far."""
        return self.workspace.counts()["count"]


@pytest.fixture(scope="module")
def stand_in():
    """One server; each test has a workspace of its own."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """A workspace in which the month is decided; copied for each test."""
    folder = tmp_path_factory.mktemp("decided") / "books"
    folder.mkdir()
    Books.laid_out(folder, ACME, BLUEFIN, CARGO, checks=checks(api=120)).run(notify=False)
    return folder


@pytest.fixture
def firm(decided, tmp_path, stand_in):
    """Three rows to show, and an empty Notion."""
    return _firm(decided, tmp_path, stand_in, count())


def _firm(decided, folder, stand_in, numbers):
    books = folder / f"books{next(numbers)}"
    books.mkdir()
    for path in decided.iterdir():
        if path.is_dir():
            (books / path.name).mkdir()
            for inner in path.iterdir():
                (books / path.name / inner.name).write_bytes(inner.read_bytes())
        else:
            (books / path.name).write_bytes(path.read_bytes())
    return Firm(Books(books), fresh_workspace(stand_in))


def test_the_first_run_makes_the_ledger_and_its_rows_and_the_second_nothing(firm):
    """One database, three rows, and from then on only reading."""
    came = firm.mirror()
    assert (came.added, came.waiting, came.questions) == (3, 0, [])
    assert firm.shown == KEYS
    assert firm.cells()["Credit Amount"] == 200
    assert len(firm.workspace.tell("things")["databases"]) == 1
    before = firm.number
    came = firm.mirror()
    assert (came.unchanged, came.added, came.updated) == (3, 0, 0)
    assert firm.writes(before) == 0


def test_a_second_run_asks_by_the_month_and_not_by_the_row(firm):
    """The table, the month's rows, those in the trash: three questions, for any number of rows."""
    firm.mirror()
    before = firm.number
    firm.mirror()
    assert firm.number - before == 3


def test_what_people_did_stays_and_what_is_ours_is_put_right(firm):
    """Their remark, their column, their tick and their Status; our amount."""
    firm.mirror()
    firm.workspace.do("add_column", column="Owner", type="rich_text")
    theirs = {"Owner": "Kim", "Notes": "called Ada", "Release": True, "Status": "Filed"}
    firm.workspace.do("edit", row=R0, cells=theirs | {"Credit Amount": 900}, at_once=True)
    came = firm.mirror()
    assert (came.updated, came.unchanged) == (1, 2)
    cells = firm.cells()
    assert {name: cells[name] for name in theirs} == theirs
    assert cells["Credit Amount"] == 200


def test_a_release_moves_status_and_a_payment_is_posted(firm):
    """To Review becomes Approved, and the row says when, how much and how."""
    firm.mirror()
    firm.books.release()
    came = firm.mirror()
    assert came.updated == 3
    cells = firm.cells()
    assert cells["Status"] == "Approved"
    assert cells["Posted"].endswith(": 200.00 EUR, journal acme/api/2025-09/r0/p1")


# --- Every fault at every moment ------------------------------------------------------------------

FAULTS = [
    {"kind": "cut", "when": "before"},
    {"kind": "cut", "when": "after"},
    {"kind": "gateway_timeout", "when": "after"},
    {"kind": "bad_gateway", "when": "before"},
    {"kind": "error", "when": "after"},
    {"kind": "conflict", "when": "before"},
    {"kind": "database_unavailable", "when": "after"},
    {"kind": "broken_json", "when": "after"},
    {"kind": "rate_limited", "when": "before", "retry_after": 120},
    {"kind": "overloaded", "when": "before", "retry_after": 3600},
]
MAKES_BOOK, MAKES_ROW = 2, 6
"""Requests of the first run: the page, the database, its columns, two listings, then the rows."""

QUESTIONS = (1, 3, 4, 5)


@pytest.mark.parametrize("moment", [MAKES_BOOK, MAKES_ROW, 0])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f['kind']}-{f['when']}")
def test_every_fault_at_every_write_leaves_one_row_for_each_key(firm, fault, moment):
    """One database, three rows, nobody asked, though queries see what is written minutes late.

    Moment 0 is one of the questions, another one for each fault.
    """
    firm.workspace.options(visible_after_ms=240_000)
    at = moment or QUESTIONS[FAULTS.index(fault) % len(QUESTIONS)]
    firm.workspace.plan(fault | {"at": at})
    firm.mirror()
    for _ in range(2):
        firm.pass_by(400_000)
        firm.mirror()
    firm.pass_by(400_000)
    came = firm.mirror()
    assert firm.shown == KEYS
    assert len(firm.workspace.tell("things")["databases"]) == 1
    assert (came.unchanged, came.waiting, came.questions) == (3, 0, [])


def test_the_moments_are_where_they_are_said_to_be(firm):
    """If the program asks in another order, the test above must name other moments."""
    firm.mirror()
    operations = [call["operation"] for call in firm.workspace.calls()]
    assert operations[MAKES_BOOK - 1] == "databases.create"
    assert operations[MAKES_ROW - 1 :] == ["pages.create"] * 3


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("pause_ms", [0, 1_000, DAY_MS])
@pytest.mark.parametrize("method", ["make_book", "add", "bring_up_to_date"])
def test_a_run_that_is_killed_at_a_write_is_gone_on_with(firm, method, pause_ms, when):
    """Before the request or after it, and whenever the next run comes: nothing is there twice."""
    if method == "bring_up_to_date":
        firm.mirror()
        firm.workspace.do("edit", row=R0, cells={"Credit Amount": 1}, at_once=True)
    with pytest.raises(Killed):
        firm.mirror(broken=lambda ledger: _deadly(ledger, method, when))
    firm.pass_by(pause_ms)
    firm.mirror()
    firm.pass_by(1_000_000)
    firm.mirror()
    came = firm.mirror()
    assert firm.shown == KEYS
    assert len(firm.workspace.tell("things")["databases"]) == 1
    assert (came.unchanged, came.questions) == (3, [])


def _deadly(ledger, method, when):
    act = getattr(ledger, method)

    def die(*arguments):
        if when == "after":
            act(*arguments)
        raise Killed

    setattr(ledger, method, die)


def test_a_row_that_was_made_and_is_not_seen_yet_is_not_made_again(firm):
    """Made, the answer lost, and queries blind for nine minutes: runs wait and look, then see."""
    firm.workspace.options(visible_after_ms=540_000)
    firm.workspace.plan({"kind": "cut", "when": "after", "operation": "pages.create"})
    came = firm.mirror()
    assert came.waiting == 1
    assert "rows wait for the next run" in came.questions[-1]
    firm.pass_by(300_000)
    assert firm.mirror().waiting == 1
    firm.pass_by(240_000)
    assert firm.mirror().waiting == 0
    assert firm.shown == KEYS


def test_a_row_that_was_surely_lost_is_made_after_ten_minutes(firm):
    """Cut before it was carried out: until then it is looked for, then it is made."""
    firm.workspace.plan({"kind": "cut", "when": "before", "operation": "pages.create"})
    assert firm.mirror().waiting == 1
    firm.pass_by(600_000)
    came = firm.mirror()
    assert (came.added, came.unchanged) == (1, 2)
    assert firm.shown == KEYS


# --- What only a person can settle ----------------------------------------------------------------


def test_two_rows_with_one_key_are_an_alarm_and_neither_is_written(firm):
    """The other rows go on; the alarm names both."""
    firm.mirror()
    firm.workspace.do("edit", row=R0, cells={"Credit Amount": 1}, at_once=True)
    firm.workspace.do("duplicate", row=R0, at_once=True)
    came = firm.mirror()
    (question,) = came.questions
    assert question.startswith(f"notion: ALARM: 2 rows {R0}: ")
    assert came.unchanged == 2
    amounts = [r["cells"]["Credit Amount"] for r in firm.workspace.rows()]
    assert amounts.count(1) == 2


def test_no_question_hides_how_many_more_there_are_and_that_rows_wait():
    """Twenty are told, then the number of the others, and last what waits."""
    came = Mirrored(waiting=7)
    for number in range(25):
        came.ask(f"row {number}")
    came.close("notion")
    assert came.questions[:20] == [f"row {number}" for number in range(20)]
    assert came.questions[20:] == [
        "notion: 5 more need a look. Settle these, then run it again.",
        "notion: 7 rows wait for the next run. Run it again.",
    ]


def test_a_row_in_the_trash_is_told_and_gets_no_twin(firm):
    """Until somebody restores it; then it is as before."""
    firm.mirror()
    (identity,) = [r["id"] for r in firm.workspace.rows() if r["cells"]["Key"] == R0]
    firm.workspace.do("trash", row=R0, at_once=True)
    came = firm.mirror()
    assert came.questions == [f"notion: the row {R0} lies in the trash. Restore it there."]
    assert firm.shown == KEYS
    firm.workspace.do("restore", row=identity, at_once=True)
    assert firm.mirror().unchanged == 3


def test_a_row_that_was_deleted_for_good_is_told_and_not_made_again(firm):
    """Whoever emptied the trash meant something by it; the other rows go on."""
    firm.mirror()
    firm.workspace.do("delete", row=R0)
    came = firm.mirror()
    (question,) = came.questions
    assert question.startswith(f"notion: the row {R0} is gone: deleted for good, moved, or not")
    assert (came.unchanged, came.added) == (2, 0)


def test_rows_that_an_empty_database_does_not_know_are_taken_note_of(
    firm, decided, tmp_path, stand_in
):
    """A restored or lost database makes no second rows, and corrects what they say."""
    firm.mirror()
    firm.workspace.do("edit", row=R0, cells={"Credit Amount": 1}, at_once=True)
    lost = _firm(decided, tmp_path, stand_in, count(90))
    lost.workspace = firm.workspace
    came = lost.mirror()
    assert (came.added, came.updated, came.unchanged) == (0, 1, 2)
    assert firm.shown == KEYS
    assert firm.cells()["Credit Amount"] == 200


def test_a_ledger_that_was_renamed_is_found_again_by_an_empty_database(
    firm, decided, tmp_path, stand_in
):
    """By its columns; no second ledger is made beside it."""
    firm.mirror()
    (database,) = firm.workspace.tell("things")["databases"]
    firm.workspace.do("rename_database", database=database, title="Credits 2025")
    lost = _firm(decided, tmp_path, stand_in, count(90))
    lost.workspace = firm.workspace
    assert lost.mirror().unchanged == 3
    assert [*firm.workspace.tell("things")["databases"]] == [database]


def test_a_row_in_the_trash_that_an_empty_database_does_not_know_is_a_question(
    firm, decided, tmp_path, stand_in
):
    """It goes to a person and stays there; no twin."""
    firm.mirror()
    firm.workspace.do("trash", row=R0, at_once=True)
    lost = _firm(decided, tmp_path, stand_in, count(90))
    lost.workspace = firm.workspace
    lost.mirror(times=2)
    assert firm.shown == KEYS
    assert lost.effect().state is EffectState.PERSON
    assert "lies in the trash" in lost.effect().outcome["why"]


def test_a_row_that_notion_refuses_stops_no_other(firm):
    """It stands as refused, for a person to answer."""
    firm.workspace.plan({"kind": "refused", "operation": "pages.create"})
    came = firm.mirror()
    assert came.added == 2
    states = {firm.effect(key).state for key in KEYS}
    assert states == {EffectState.REFUSED, EffectState.DONE}


def test_a_ledger_that_notion_refuses_to_make_is_made_by_the_next_run(firm):
    """Nothing was made, and no answer of a person is waited for: what was wrong may be mended."""
    firm.workspace.plan({"kind": "refused", "operation": "databases.create"})
    came = firm.mirror()
    assert came.waiting == 3
    assert "refused, HTTP 400" in came.questions[0]
    assert firm.mirror().added == 3


def test_columns_that_were_renamed_are_remembered_by_their_ids(firm):
    """From one run to the next, by the database alone."""
    firm.mirror()
    firm.workspace.do("change_column", column="Credit Amount", name="Owed")
    firm.workspace.do("edit", row=R0, cells={"Owed": 1}, at_once=True)
    with firm.office() as office:
        ledger = office.ledgers["notion"]
        book = remembered_book(office.store, "notion", ledger.place)
        assert book is not None
        assert book.columns["Credit Amount"]
    assert firm.mirror().updated == 1
    assert firm.cells()["Owed"] == 200


def test_drift_between_check_and_writing_stops_the_rows_alone(firm):
    """Found at once, told, nothing written; the caller goes on."""
    firm.mirror()
    firm.workspace.do("remove_column", column="Posted")
    before = firm.number
    came = firm.mirror()
    assert came.waiting == 3
    assert "column 'Posted' is missing" in came.questions[0]
    assert firm.writes(before) == 0


def test_a_revoked_token_leaves_everything_to_the_next_run(firm):
    """Nothing is in doubt: the rows are planned, and made once the token is back."""
    firm.workspace.tell("connection", token=firm.workspace.token, revoked=True)
    came = firm.mirror()
    assert came.waiting == 3
    assert "HTTP 401" in came.questions[0]
    firm.workspace.tell("connection", token=firm.workspace.token)
    assert firm.mirror().added == 3


def test_rows_that_cannot_be_brought_up_to_date_wait_and_the_next_run_goes_on(firm):
    """Notion fails at every change: nothing is asked of people but to run again."""
    firm.mirror()
    firm.books.release()
    firm.workspace.plan({"kind": "error", "operation": "pages.update", "times": 0})
    came = firm.mirror()
    assert (came.waiting, came.updated) == (3, 0)
    assert came.questions == ["notion: 3 rows wait for the next run. Run it again."]
    firm.workspace.plan()
    assert firm.mirror().updated == 3


def test_several_rows_are_under_way_at_once(firm):
    """Answers that take a second do not lower the rate; each row is made once all the same."""
    with firm.office() as office:
        office.ledgers["notion"].at_once = 4
        came = mirror_rows(office, SEPTEMBER)["notion"]
    assert came.added == 3
    assert firm.shown == KEYS
