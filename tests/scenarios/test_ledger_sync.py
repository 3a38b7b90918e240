"""What people write and tick in the ledgers, read back: told once, healed, obeyed only if certain.

120 of 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin, and a claim of
50.00 USD against Cloudways where its monitor was down as long. Beside the CSV file the workspace
has a ledger whose rows have addresses and a Release to tick.
"""

import csv
import json
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from jsonschema import Draft202012Validator

from connectors.errors import Retriable
from connectors.ledger.memory import MemoryRowLedger
from deployments.cli.schemas import schema_path
from flows import ledger_sync, mirroring, month
from flows.bookkeeping import ledger_rows
from flows.claim_mirror import show_in_ledgers
from flows.claims import find_claim, status_move, tell
from flows.declining import decline
from flows.effects import ONCE, settle
from flows.ledger_reading import note_pages, record_tick
from flows.ledger_sync import sync
from flows.month import conduct, directly, month_run
from flows.office import open_office
from flows.release import release, waiting_batch
from models.approval import Identity, Voice
from models.decision import EntryKind
from models.findings import UnusableInputError
from models.ledger import LedgerStatus
from models.period import ServiceMonth
from models.workspace_file import NotionTerms
from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, RELEASED_AT, SEPTEMBER, VENDOR, checks

R0, R1 = "acme/api/2025-09/r0", "acme/api/2025-09/r1"
BLUE, CLAIM = "bluefin/api/2025-09/r0", "cloudways/hosting/2025-09/r0"
MONTH = ServiceMonth.parse(SEPTEMBER)


class Firm:
    """A workspace with both ledgers, and what happens in it."""

    def __init__(self, books, monkeypatch):
        self.books, self.rows, self.switched_on = books, MemoryRowLedger(), True
        monkeypatch.setattr(month, "open_office", self.office)

    @contextmanager
    def office(self, _folder=None, *, read_only=False):
        """The office with the second ledger."""
        with open_office(self.books.folder, read_only=read_only) as office:
            notion = NotionTerms(page="0" * 32, release=self.switched_on)
            terms = office.workspace.ledger.model_copy(update={"notion": notion})
            workspace = office.workspace.model_copy(update={"ledger": terms})
            ledgers = {**office.ledgers, "rows": self.rows}
            yield replace(office, workspace=workspace, ledgers=ledgers)

    def run(self, **minutes):
        """Measure and decide anew; what a person must look at."""
        if minutes:
            self.books.write("checks.csv", checks(**minutes))
        with month_run(
            self.books.folder, month=MONTH, clients=(), dry_run=False, notify=False
        ) as going:
            conduct(going, directly)
            return going.questions

    def sync(self, **options):
        """Read the ledgers back."""
        with self.office() as office:
            return sync(office, month=MONTH, at=RELEASED_AT, **options)

    def id_of(self, key):
        """The address of a row."""
        (page,) = self.rows.find(key)
        return page.id

    def edit(self, key, **cells):
        """A person changes cells of the second ledger."""
        self.rows.edit(self.id_of(key), **cells)

    def tick(self, *keys, by="Kim", release=True):
        """A person ticks Release, or takes the tick away."""
        for key in keys:
            self.rows.mark(self.id_of(key), by=by, release=release)

    def move(self, status):
        """The claim is moved by command; no ledger shows it yet."""
        with self.office() as office:
            claim = find_claim(office.store, CLAIM)
            by = Voice("Ana", Identity.FREE_TEXT)
            tell(office.store, claim, status_move(claim, status, by=by, at=RELEASED_AT))

    def status(self):
        """Where the claim stands."""
        with self.office(read_only=True) as office:
            return find_claim(office.store, CLAIM).status

    def told(self, kind=EntryKind.LEDGER_EDITED):
        """What the log keeps of a kind."""
        with self.office(read_only=True) as office:
            return [entry.body for entry in office.store.entries() if entry.kind is kind]

    def edits_told(self):
        """Column, from and to of every edit that the log keeps."""
        return [(body["column"], body["from"], body["to"]) for body in self.told()]

    def states(self):
        """Where every obligation stands."""
        return {key: state for key, (state, _) in self.books.owed.items()}


@pytest.fixture
def firm(lay_out, monkeypatch):
    """Acme and Bluefin are owed something; Cloudways owes us."""
    firm = Firm(lay_out(ACME, BLUEFIN, VENDOR), monkeypatch)
    firm.run(api=120, hosting=120)
    return firm


def paid(books):
    """What the journal has booked."""
    return sorted(path.name for path in books.folder.glob("journal/**/*") if path.is_file())


# --- Edits ----------------------------------------------------------------------------------------


def test_an_untouched_ledger_has_nothing_to_tell(firm):
    """Both ledgers have three rows of ours."""
    done = firm.sync()
    assert (done.rows, done.edits, done.ticks, done.questions, done.moved) == (6, [], [], [], [])
    assert firm.told() == []


def test_a_changed_cell_is_told_once_and_healed(firm):
    """Which column, from what to what, by whom as far as known; the next run writes it right."""
    firm.edit(R0, **{"Credit Amount": "500.00", "Budget": "4711"})
    (edit,) = firm.sync().edits
    assert (edit.row.key, edit.row.editor) == (R0, "Kim")
    (told,) = firm.told()
    assert told == {
        "id": "rows memory acme/api/2025-09/r0 Credit Amount 0",
        "obligation": R0,
        "ledger": "rows",
        "book": "rows memory",
        "row": "row-1",
        "column": "Credit Amount",
        "from": "200.00",
        "to": "500.00",
        "ours": "200.00",
        "by": "Kim",
        "grounds": "last_editor",
    }
    assert firm.sync().edits == []
    firm.run()
    cells = firm.rows.page(firm.id_of(R0)).cells
    assert (cells["Credit Amount"], cells["Budget"]) == ("200.00", "4711")


def test_healing_and_the_same_edit_again_are_told_each(firm):
    """Otherwise a second change to the same value would go by unseen."""
    for _ in range(2):
        firm.edit(R0, Client="Mallory")
        firm.sync()
        firm.run()
        firm.sync()
    there, back = ("Client", "Acme GmbH", "Mallory"), ("Client", "Mallory", "Acme GmbH")
    assert firm.edits_told() == [there, back, there, back]


def test_a_cell_of_the_csv_file_is_told_as_well(firm):
    """A spreadsheet names no editor."""
    path = firm.books.folder / "ledger.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("200.00", "2000.00"), encoding="utf-8")
    (edit,) = firm.sync().edits
    assert (edit.row.ledger, edit.row.editor) == ("csv", "somebody in csv")
    assert firm.edits_told() == [("Credit Amount", "200.00", "2000.00")]
    assert firm.sync().edits == []


def test_what_we_changed_ourselves_is_no_edit(firm, monkeypatch):
    """The amount was superseded, and the run died before it wrote the ledgers."""

    def dies(_run, _period):
        raise KeyboardInterrupt

    monkeypatch.setattr(month, "WRITE_LEDGER", replace(month.WRITE_LEDGER, function=dies))
    with pytest.raises(KeyboardInterrupt):
        firm.run(api=500, hosting=120)
    assert firm.books.owed[R0][0] == "superseded"
    assert firm.rows.page(firm.id_of(R0)).cells["Credit Amount"] == "200.00"
    firm.edit(R0, Client="Mallory")
    assert [edit.cell.column for edit in firm.sync().edits] == ["Client"]
    monkeypatch.undo()


def test_a_changed_key_is_an_edit_like_any_other(firm):
    """The row is known by its id; a tick on it does not count, and the next run heals it."""
    id_ = firm.id_of(R0)
    firm.rows.edit(id_, Key="mine")
    firm.rows.mark(id_, release=True)
    done = firm.sync()
    assert [(edit.row.key, edit.cell.column, edit.cell.after) for edit in done.edits] == [
        (R0, "Key", "mine")
    ]
    assert "Key says mine" in done.ticks[0].why
    firm.run()
    assert firm.rows.page(id_).cells["Key"] == R0
    assert firm.states()[R0] == "draft"


def test_a_ledger_that_was_moved_and_renamed_is_still_read(firm, monkeypatch):
    """The table is known by its id: nothing is found where it was made."""
    monkeypatch.setattr(MemoryRowLedger, "books", lambda _ledger: ())
    firm.tick(R0)
    assert firm.sync().released == (R0,)


def test_columns_and_rows_of_people_are_none_of_ours(firm):
    """Whatever they write there."""
    firm.edit(R0, Budget="4711", Notes2="=HYPERLINK()")
    firm.rows.rows["own"] = replace(firm.rows.page("row-1"), id="own", key="Sum", cells={})
    done = firm.sync()
    assert (done.edits, done.questions) == ([], [])


# --- Status ---------------------------------------------------------------------------------------


def test_a_status_set_on_our_own_credit_is_kept_and_moves_nothing(firm):
    """Approved is a word; the credit is still a draft, and nothing was paid."""
    firm.edit(R0, Status="Approved")
    (edit,) = firm.sync().edits
    assert (edit.cell.column, edit.cell.before, edit.cell.after) == (
        "Status",
        "To Review",
        "Approved",
    )
    assert firm.states()[R0] == "draft"
    assert paid(firm.books) == []
    firm.run()
    assert firm.rows.page(firm.id_of(R0)).cells["Status"] == "Approved"
    assert firm.sync().edits == []


def test_a_status_that_is_none_is_a_question(firm):
    """A select takes any word."""
    firm.edit(R0, Status="Aproved")
    assert "Status says 'Aproved', which is none of" in firm.sync().questions[0]
    assert firm.edits_told() == [("Status", "To Review", "Aproved")]


def test_a_claims_status_is_told_to_the_claim(firm):
    """By a voice that nothing verifies, once."""
    firm.edit(CLAIM, Status="Filed")
    assert firm.sync().moved == [f"{CLAIM}: To Review to Filed, set by Kim"]
    (moved,) = firm.told(EntryKind.CLAIM_MOVED)
    assert (moved["to"], moved["by"], moved["grounds"]) == ("Filed", "Kim", "last_editor")
    assert firm.sync().moved == []
    with firm.office(read_only=True) as office:
        assert find_claim(office.store, CLAIM).status is LedgerStatus.FILED


def test_a_step_that_a_claim_cannot_take_is_a_question(firm):
    """A vendor answers what was filed."""
    firm.edit(CLAIM, Status="Approved")
    done = firm.sync()
    assert done.moved == []
    assert "cannot become Approved" in done.questions[0]
    assert firm.told(EntryKind.CLAIM_MOVED) == []


def test_a_claim_that_is_set_back_by_hand_is_told_and_not_written_over(firm):
    """Filed by mistake: the ledgers show it as filed, and somebody sets it back to Eligible."""
    firm.move(LedgerStatus.ELIGIBLE)
    firm.move(LedgerStatus.FILED)
    firm.run()
    assert firm.rows.page(firm.id_of(CLAIM)).cells["Status"] == "Filed"
    firm.edit(CLAIM, Status="Eligible")
    firm.run()
    assert firm.rows.page(firm.id_of(CLAIM)).cells["Status"] == "Eligible"
    assert firm.sync().moved == [f"{CLAIM}: Filed to Eligible, set by Kim"]
    firm.run()
    assert (firm.status(), firm.sync().moved) == (LedgerStatus.ELIGIBLE, [])
    assert firm.rows.page(firm.id_of(CLAIM)).cells["Status"] == "Eligible"


def test_a_claim_that_is_set_back_in_the_file_is_told_and_not_written_over(firm):
    """The twin does the same."""
    firm.move(LedgerStatus.ELIGIBLE)
    firm.move(LedgerStatus.FILED)
    firm.run()
    in_the_file(firm.books, CLAIM, Status="Eligible")
    firm.run()
    assert firm.books.rows[CLAIM]["Status"] == "Eligible"
    assert firm.sync().moved == [f"{CLAIM}: Filed to Eligible, set by somebody in csv"]
    firm.run()
    assert (firm.status(), firm.sync().moved) == (LedgerStatus.ELIGIBLE, [])
    assert firm.rows.page(firm.id_of(CLAIM)).cells["Status"] == "Eligible"


@pytest.mark.parametrize("ledger", ["rows", "csv"])
def test_what_was_not_heard_yet_stays_when_other_rows_change(firm, ledger):
    """Acme's draft is superseded meanwhile; the claim's row was left saying what it says."""
    firm.move(LedgerStatus.ELIGIBLE)
    firm.move(LedgerStatus.FILED)
    firm.run()
    if ledger == "rows":
        firm.edit(CLAIM, Status="Eligible")
    else:
        in_the_file(firm.books, CLAIM, Status="Eligible")
    firm.run(api=500, hosting=120)
    assert firm.states()[R1] == "draft"
    who = "Kim" if ledger == "rows" else "somebody in csv"
    assert firm.sync().moved == [f"{CLAIM}: Filed to Eligible, set by {who}"]
    assert firm.status() is LedgerStatus.ELIGIBLE


@pytest.mark.parametrize("ledger", ["rows", "csv"])
def test_a_released_credit_that_people_set_back_to_review_stays_so(firm, ledger):
    """Status has left To Review: from then on it is theirs. It is told, and moves nothing."""
    firm.tick(R0)
    firm.sync()
    if ledger == "rows":
        firm.edit(R0, Status="To Review")
    else:
        in_the_file(firm.books, R0, Status="To Review")
    for _ in range(2):
        firm.run()
    shown = {"rows": firm.rows.page(firm.id_of(R0)).cells, "csv": firm.books.rows[R0]}
    assert {name: cells["Status"] for name, cells in shown.items()} == {
        "rows": "Approved",
        "csv": "Approved",
        ledger: "To Review",
    }
    assert firm.edits_told().count(("Status", "Approved", "To Review")) == 1
    assert firm.states()[R0] == "released"


def test_a_ledger_that_is_behind_sets_no_claim_back(firm):
    """Moved on by command, and no ledger was written since: what they show is what was."""
    firm.move(LedgerStatus.ELIGIBLE)
    firm.run()
    firm.move(LedgerStatus.FILED)
    done = firm.sync()
    assert (done.moved, done.edits, firm.status()) == ([], [], LedgerStatus.FILED)
    firm.run()
    assert firm.rows.page(firm.id_of(CLAIM)).cells["Status"] == "Filed"
    assert firm.books.rows[CLAIM]["Status"] == "Filed"


def test_a_claim_that_comes_back_to_where_it_was_is_not_set_back_by_old_rows(firm):
    """Filed, Eligible and Filed again: the rows say Eligible, which was written meanwhile."""
    for status in (LedgerStatus.ELIGIBLE, LedgerStatus.FILED, LedgerStatus.ELIGIBLE):
        firm.move(status)
        firm.run()
    firm.move(LedgerStatus.FILED)
    done = firm.sync()
    assert (done.moved, done.edits, firm.status()) == ([], [], LedgerStatus.FILED)
    with firm.office() as office:
        assert show_in_ledgers(office, SEPTEMBER) == ""
    assert firm.books.rows[CLAIM]["Status"] == "Filed"


def test_a_list_that_is_behind_sets_no_claim_back(firm, monkeypatch):
    """The far side's list still shows what was there before our last writing; its rows do not."""
    firm.move(LedgerStatus.ELIGIBLE)
    firm.run()
    old = [*firm.rows.pages(MONTH.first_day)]
    firm.move(LedgerStatus.FILED)
    firm.run()
    monkeypatch.setattr(firm.rows, "pages", lambda _month=None: iter(old))
    done = firm.sync()
    assert (done.moved, done.edits, firm.status()) == ([], [], LedgerStatus.FILED)


@pytest.mark.parametrize(
    ("column", "said"),
    [("Credit Amount", "5000.00"), ("Claim By", "2031-01-01"), ("Posted", "yes")],
)
def test_an_edit_of_what_follows_a_claim_is_told(firm, column, said):
    """We may write these columns anew; what they were left saying is known."""
    was = firm.rows.page(firm.id_of(CLAIM)).cells[column]
    firm.edit(CLAIM, **{column: said})
    firm.run()
    assert firm.edits_told() == [(column, was, said)]
    assert firm.rows.page(firm.id_of(CLAIM)).cells[column] == was


def test_an_edit_of_what_was_posted_and_of_what_was_superseded_is_told(firm):
    """Of a credit that was released, and of a draft that a later one has replaced."""
    firm.tick(BLUE)
    firm.sync()
    firm.run(api=500, hosting=120)
    firm.sync()
    firm.edit(BLUE, Posted="never")
    firm.edit(R0, **{"Credit Amount": "200.00"})
    firm.sync()
    told = {(body["obligation"], body["column"], body["to"]) for body in firm.told()}
    assert told >= {(R0, "Credit Amount", "200.00"), (BLUE, "Posted", "never")}


# --- Release --------------------------------------------------------------------------------------


def test_a_tick_releases_pays_and_tells_once(firm):
    """It ends where every release ends; a second sync changes nothing."""
    firm.tick(R0)
    done = firm.sync()
    assert done.released == (R0,)
    assert done.questions == []
    (released,) = firm.told(EntryKind.RELEASED)
    assert (released["by"], released["why"]) == ("Kim", "Release ticked in rows")
    assert firm.states() == {R0: "released", BLUE: "draft", CLAIM: "draft"}
    assert firm.books.mails_to("acme.example") != []
    assert firm.rows.page(firm.id_of(R0)).cells["Status"] == "Approved"
    before = firm.books.everything
    again = firm.sync()
    assert (again.released, again.ticks, again.edits, again.questions) == ((), [], [], [])
    assert firm.books.everything == before


def test_a_tick_does_not_let_go_what_somebody_declined(firm):
    """The row shows nobody's no: a form and `makegood release` do. Bluefin's tick counts."""
    firm.tick(R0, BLUE)
    with firm.office() as office:
        drafts = waiting_batch(office, month=MONTH, clients=["acme"]).waiting
        decline(office.store, drafts, by=Voice("Ana", Identity.FREE_TEXT), why="ours?", at=1_000)
    done = firm.sync()
    assert done.released == (BLUE,)
    assert firm.states()[R0] == "draft"
    (question,) = done.questions
    assert "it was declined by Ana on 1970-01-01T00:00:01Z: ours?" in question
    assert firm.sync().released == ()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"Credit Amount": "500.00"}, "Credit Amount says 500.00, we say 200.00"),
        ({"Currency": "USD"}, "Currency says USD, we say EUR"),
        ({"Client": "Mallory"}, "Client says Mallory, we say Acme GmbH"),
        ({"Uptime %": ""}, "Uptime % says nothing, we say 99.722222"),
        ({"Status": "Denied"}, "Status says Denied, which speaks against it"),
    ],
)
def test_a_tick_on_a_row_that_is_not_ours_any_more_releases_nothing(firm, cells, why):
    """Whoever ticked saw something else than what was decided."""
    firm.edit(R0, **cells)
    firm.tick(R0)
    done = firm.sync()
    assert done.released == ()
    assert why in done.ticks[0].why
    assert why in done.questions[-1]
    assert firm.states()[R0] == "draft"


def test_a_tick_that_did_not_count_does_not_count_once_the_row_is_healed(firm):
    """They ticked at 500.00; that the next run writes 200.00 is no reason to pay it."""
    firm.edit(R0, **{"Credit Amount": "500.00"})
    firm.tick(R0)
    firm.sync()
    firm.run()
    done = firm.sync()
    assert done.released == ()
    assert "Credit Amount says 500.00" in done.questions[0]
    firm.tick(R0, release=False)
    assert firm.sync().questions == []
    firm.tick(R0)
    assert firm.sync().released == (R0,)


def test_a_tick_that_was_healed_before_anybody_synced_does_not_count_either(firm):
    """The run that heals the row reads it first."""
    firm.edit(R0, **{"Credit Amount": "500.00"})
    firm.tick(R0)
    firm.run()
    assert firm.rows.page(firm.id_of(R0)).cells["Credit Amount"] == "200.00"
    done = firm.sync()
    assert done.released == ()
    assert ("Credit Amount", "200.00", "500.00") in firm.edits_told()


def test_a_later_revision_needs_a_tick_of_its_own(firm):
    """The tick on r0 stays where it is."""
    firm.tick(R0)
    firm.sync()
    firm.run(api=500, hosting=120)
    assert firm.states()[R1] == "draft"
    assert firm.sync().released == ()
    firm.tick(R1)
    assert firm.sync().released == (R1,)


def test_a_tick_on_a_superseded_draft_is_worth_nothing(firm):
    """It is said once, and then leaves people in peace."""
    firm.run(api=500, hosting=120)
    firm.tick(R0)
    done = firm.sync()
    assert (done.released, firm.states()[R1]) == ((), "draft")
    assert "it is superseded, no draft" in done.questions[0]
    assert firm.sync().questions == []


def test_ticks_count_only_where_the_workspace_says_so(firm):
    """And switching it on later does not obey old ticks."""
    firm.switched_on = False
    firm.tick(R0)
    assert "ledger.notion.release is off" in firm.sync().questions[0]
    firm.switched_on = True
    assert firm.sync().released == ()
    assert firm.states()[R0] == "draft"


def test_claims_are_never_released(firm):
    """People file them."""
    firm.tick(CLAIM)
    assert "it is a claim against a vendor" in firm.sync().questions[0]
    assert firm.states()[CLAIM] == "draft"


def test_without_a_contract_nothing_is_released(firm):
    """Nothing is let go without terms."""
    firm.books.agree(BLUEFIN, VENDOR)
    firm.tick(R0)
    assert "no contract in force" in firm.sync().questions[0]


def test_two_people_are_two_people(firm):
    """A tick is a word that nothing verifies: towards two it counts for nothing."""
    limits = f"{MAKEGOOD}release: {{two_person_above: {{EUR: 150}}}}\n"
    firm.books.write("makegood.yaml", limits)
    firm.tick(R0, BLUE)
    done = firm.sync()
    assert done.released == (BLUE,)
    assert "so two people must agree" in done.questions[0]
    assert firm.states()[R0] == "draft"
    firm.tick(R0, by="Lee")
    assert firm.sync().released == ()
    with firm.office() as office:
        for name, left in (("ana", True), ("ben", False)):
            batch = waiting_batch(office, month=MONTH, clients=["acme"])
            voice = Voice(name, Identity.TOKEN, "1@books")
            assert bool(release(office, batch, by=voice, why="ok", at=RELEASED_AT).needs) is left
    assert firm.states()[R0] == "released"
    assert firm.sync().questions == []


def test_many_small_ticks_are_judged_by_their_sum(firm):
    """200.00 and 360.00 alone are below; two currencies are not added up, one is."""
    limits = f"{MAKEGOOD}release: {{two_person_above: {{USD: 300, EUR: 300}}}}\n"
    other = ACME.replace("id: api, name: Relay API", "id: web, name: Relay Web")
    firm.books.write("makegood.yaml", limits)
    firm.books.agree(ACME, other)
    firm.run()
    firm.tick(R0, "acme/web/2025-09/r0")
    done = firm.sync()
    assert done.released == ()
    assert "400.00 EUR together is more than 300 EUR" in done.questions[0]


def test_a_sync_that_dies_after_the_release_releases_nothing_twice(firm, monkeypatch):
    """The tick was obeyed and not written down."""

    def dies(*_arguments, **_named):
        raise KeyboardInterrupt

    firm.tick(R0)
    with monkeypatch.context() as dying:
        dying.setattr(ledger_sync, "record_obeyed", dies)
        with pytest.raises(KeyboardInterrupt):
            firm.sync()
    assert firm.states()[R0] == "released"
    booked = firm.books.files
    assert firm.sync().released == ()
    assert firm.books.files == booked


def test_whoever_judges_a_tick_first_is_obeyed(firm, monkeypatch):
    """A sync slept; meanwhile a run saw another amount, told that the tick is none, and healed."""
    honest = record_tick

    def late(office, tick):
        monkeypatch.setattr(ledger_sync, "record_tick", honest)
        firm.edit(R0, **{"Credit Amount": "500.00"})
        pages, rows = [*firm.rows.pages(MONTH.first_day)], ledger_rows(office, SEPTEMBER)
        note_pages(office, SEPTEMBER, firm.rows, pages, rows)
        firm.edit(R0, **{"Credit Amount": "200.00"})
        return honest(office, tick)

    firm.tick(R0)
    monkeypatch.setattr(ledger_sync, "record_tick", late)
    done = firm.sync()
    assert done.released == ()
    assert "Credit Amount says 500.00" in done.questions[0]
    assert firm.states()[R0] == "draft"


def test_a_row_is_read_again_before_its_credit_goes(firm, monkeypatch):
    """They thought better of it while the tick was written down."""
    honest = record_tick

    def unticked(office, tick):
        answer = honest(office, tick)
        firm.tick(R0, release=False)
        return answer

    firm.tick(R0)
    monkeypatch.setattr(ledger_sync, "record_tick", unticked)
    assert firm.sync().released == ()
    monkeypatch.setattr(ledger_sync, "record_tick", honest)
    assert firm.sync().notes == [f"rows {R0}: Release is not ticked any more"]
    assert firm.states()[R0] == "draft"


def test_a_tick_that_is_taken_away_too_late_is_noted(firm):
    """What was released stays released."""
    firm.tick(R0)
    firm.sync()
    firm.tick(R0, release=False)
    done = firm.sync()
    assert done.notes == [f"rows {R0}: Release is not ticked any more"]
    assert firm.states()[R0] == "released"
    assert firm.sync().notes == []


# --- Rows that are not as they should be ----------------------------------------------------------


def test_two_rows_with_one_key_are_a_question_and_neither_counts(firm):
    """Nobody can say which one is meant."""
    firm.tick(R0)
    firm.rows.rows["copy"] = replace(firm.rows.page(firm.id_of(R0)), id="copy")
    done = firm.sync()
    assert done.released == ()
    assert f"rows {R0}: stands in 2 rows: row-1, copy" in done.questions[0]


def test_a_row_in_the_trash_is_a_question_and_does_not_count(firm):
    """Restored, it is a row again."""
    firm.tick(R0)
    firm.rows.mark(firm.id_of(R0), trashed=True)
    done = firm.sync()
    assert done.released == ()
    assert f"rows {R0}: its row lies in the trash" in done.questions[0]
    firm.rows.mark(firm.id_of(R0), trashed=False)
    assert firm.sync().released == (R0,)


def test_a_row_that_the_store_does_not_know_is_listed_and_left(firm):
    """Such as after the database was put back from an older copy."""
    key = "zeta/api/2025-09/r0"
    firm.rows.rows["zeta"] = replace(firm.rows.page("row-1"), id="zeta", key=key, release=True)
    before = firm.rows.page("zeta")
    done = firm.sync()
    assert f"rows {key}: nothing is recorded under this key" in done.questions[0]
    assert done.released == ()
    assert firm.rows.page("zeta") == before


def test_a_csv_file_with_a_key_twice_is_refused(firm):
    """As by every other command."""
    path = firm.books.folder / "ledger.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")
    with pytest.raises(UnusableInputError, match="again, as on line"):
        firm.sync()


def test_a_copy_of_a_row_is_an_alarm_also_when_ours_was_given_another_key(firm):
    """Neither is written: nobody can say which of them is meant."""
    id_ = firm.id_of(R0)
    firm.rows.rows["copy"] = replace(firm.rows.page(id_), id="copy")
    firm.rows.edit("copy", Client="Mallory")
    firm.rows.edit(id_, Key="old")
    questions = firm.run()
    assert any(f"ALARM: 2 rows {R0}: copy, {id_}" in question for question in questions)
    assert firm.rows.page("copy").cells["Client"] == "Mallory"
    assert firm.rows.page(id_).cells["Key"] == "old"


def test_a_row_that_no_list_of_its_month_shows_is_told_before_it_is_healed(firm):
    """Somebody gave it another key and another month."""
    id_ = firm.id_of(R0)
    firm.rows.edit(id_, Key="mine", Month="2019-01-01")
    firm.run()
    assert firm.rows.page(id_).cells["Key"] == R0
    assert ("Key", R0, "mine") in firm.edits_told()


def test_a_row_that_was_planned_earlier_says_what_stands_by_now(firm, monkeypatch):
    """Its making waited for the far side while the draft was superseded."""

    def gone(_row):
        raise Retriable("rows: cannot be asked")

    book = firm.rows = MemoryRowLedger()
    book.place = book.book = "another table"
    with monkeypatch.context() as offline:
        offline.setattr(book, "add", gone)
        offline.setattr(mirroring, "settle", partial(settle, patience=ONCE))
        firm.run()
    assert book.rows == {}
    firm.run(api=500, hosting=120)
    (page,) = book.find(R0)
    assert (page.cells["Credit Amount"], page.cells["Status"]) == ("0.00", "Denied")


# --- The whole, and the command -------------------------------------------------------------------


def test_a_dry_run_says_everything_and_records_nothing(firm):
    """Edits, ticks and claims."""
    firm.edit(BLUE, Client="Mallory")
    firm.edit(CLAIM, Status="Filed")
    firm.tick(R0)
    before = firm.books.everything
    done = firm.sync(dry_run=True)
    assert [edit.cell.after for edit in done.edits] == ["Mallory"]
    assert done.moved == [f"{CLAIM}: Kim says Filed"]
    assert [(one.tick.row.key, one.released, one.why) for one in done.ticks] == [(R0, False, "")]
    assert firm.books.everything == before


def test_every_month_is_read_without_one(firm):
    """Here there is one."""
    firm.edit(R0, Client="Mallory")
    with firm.office() as office:
        done = sync(office, month=None, at=RELEASED_AT)
    assert (done.months, len(done.edits)) == ((MONTH,), 1)


def edited_csv(books, **cells):
    """A person edits Acme's row in a spreadsheet."""
    in_the_file(books, R0, **cells)


def in_the_file(books, key, **cells):
    """A person edits a row in a spreadsheet."""
    path = books.folder / "ledger.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    (row,) = (one for one in rows if one["Key"] == key)
    row |= cells
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_command_prints_its_published_document(lay_out):
    """Exit code 1 only where a person is needed."""
    books = lay_out(checks=checks(api=120))
    books.run()
    edited_csv(books, Status="Eligible")
    done = makegood("sync", SEPTEMBER, "--workspace", str(books.folder), "--json")
    document = done.document
    schema = json.loads(schema_path("sync").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)
    assert done.code == 0
    assert [(e["column"], e["before"], e["after"]) for e in document["edits"]] == [
        ("Status", "To Review", "Eligible")
    ]
    edited_csv(books, Status="Nonsense")
    done = makegood("sync", "--workspace", str(books.folder))
    assert done.code == 1
    assert "csv acme/api/2025-09/r0: Status from Eligible to Nonsense" in done.out
    assert "needs a look: csv acme/api/2025-09/r0: Status says 'Nonsense'" in done.out
    assert makegood("sync", "2025-13", "--workspace", str(books.folder)).code == 2
