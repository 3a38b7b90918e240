"""Notion beside the CSV ledger as a user has it: the workspace file, the token, real sockets.

120 of September's 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin.
"""

from contextlib import closing

import pytest

from connectors.errors import Misconfigured
from flows.ledger_reading import read_ledgers
from flows.month import conduct, directly, month_run
from flows.office import open_office, shared_turns
from models.findings import UnusableInputError
from models.ledger import COLUMNS
from models.period import ServiceMonth
from tests.command import makegood
from tests.connectors.ledger.notion_stage import fresh_workspace
from tests.standins.notion.client import running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, Books, checks

R0, BLUE = "acme/api/2025-09/r0", "bluefin/api/2025-09/r0"
MONTH = ServiceMonth.parse(SEPTEMBER)
WRITES = {"pages.create", "pages.update", "databases.create", "data_sources.update"}


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has a workspace of its own."""
    with running() as server:
        yield server


@pytest.fixture
def notion(stand_in, monkeypatch):
    """A workspace at Notion whose token is in the environment."""
    workspace = fresh_workspace(stand_in)
    monkeypatch.setenv("MAKEGOOD_NOTION_TOKEN", workspace.token)
    monkeypatch.setenv("MAKEGOOD_NOTION_URL", workspace.url)
    return workspace


@pytest.fixture
def books(lay_out, notion):
    """Two credits to show, in the file and at Notion."""
    return both(lay_out, notion)


def both(lay_out, notion) -> Books:
    """A workspace with both ledgers."""
    ledger = f"ledger: {{notion: {{page: {notion.page}, requests_per_minute: 6000}}}}\n"
    made: Books = lay_out(ACME, BLUEFIN, checks=checks(api=120), makegood=MAKEGOOD + ledger)
    return made


def run(books: Books) -> tuple[str, ...]:
    """Run the month; what a person must look at."""
    month = month_run(books.folder, month=MONTH, clients=(), dry_run=False, notify=False)
    with month as going:
        conduct(going, directly)
        return going.questions


def ledgers(books: Books):
    """What both ledgers say, by name, key and column of ours."""
    with open_office(books.folder) as office:
        return {
            name: {key: {c: cells[c] for c in COLUMNS} for key, cells in ledger.read().items()}
            for name, ledger in office.ledgers.items()
        }


def writes(notion, since=0):
    """The requests that asked for a change."""
    asked = notion.calls(since=since + 1)
    return [call["operation"] for call in asked if call["operation"] in WRITES]


def test_both_ledgers_say_the_same_and_a_rerun_writes_to_neither(lay_out_on_each, notion):
    """The file and Notion show the same two rows, cell by cell."""
    books = both(lay_out_on_each, notion)
    assert run(books) == ()
    said = ledgers(books)
    assert set(said["notion"]) == {R0, BLUE}
    assert said["notion"] == said["csv"]
    before, file = notion.counts()["count"], (books.folder / "ledger.csv").read_bytes()
    assert run(books) == ()
    assert writes(notion, before) == []
    assert (books.folder / "ledger.csv").read_bytes() == file


def test_a_release_shows_in_both_what_was_posted(books, notion):
    """Approved, and the day, the amount and the way of the payment; in the same command."""
    run(books)
    released = books.release()
    assert released.questions == ()
    said = ledgers(books)
    assert said["notion"] == said["csv"]
    assert said["csv"][R0]["Status"] == "Approved"
    assert said["csv"][R0]["Posted"].endswith(": 200.00 EUR, journal acme/api/2025-09/r0/p1")


def test_what_was_posted_is_no_edit_and_an_emptied_status_is(books):
    """The file was surely written since the release: what differs in it a person has written."""
    run(books)
    books.release()
    with open_office(books.folder) as office:
        assert read_ledgers(office, MONTH).edits == []
        path = books.folder / "ledger.csv"
        path.write_text(path.read_text("utf-8-sig").replace("Approved", "", 1), "utf-8-sig")
        (edit,) = read_ledgers(office, MONTH).edits
    assert (edit.cell.column, edit.cell.before, edit.cell.after) == ("Status", "Approved", "")


def test_an_outage_of_notion_stops_neither_the_money_nor_the_file(books, notion):
    """The credit is paid, the file says so; Notion's rows wait, and the next run writes them."""
    run(books)
    notion.plan({"kind": "error", "method": "POST", "times": 0})
    notion.plan({"kind": "error", "method": "GET", "times": 0}, replace=False)
    released = books.release()
    assert released.payments.done == 2
    assert books.rows[R0]["Status"] == "Approved"
    assert "2 rows wait for the next run" in released.questions[-1]
    assert any("HTTP 500" in question for question in released.questions)
    notion.plan()
    assert run(books) == ()
    said = ledgers(books)
    assert said["notion"] == said["csv"]


def test_a_first_run_without_notion_decides_the_month_all_the_same(books, notion):
    """No database is made, nothing is in doubt; it is made once Notion is back."""
    notion.plan({"kind": "database_unavailable", "method": "GET", "times": 0})
    questions = run(books)
    assert set(books.owed) == {R0, BLUE}
    assert set(books.rows) == {R0, BLUE}
    assert any("2 rows wait" in question for question in questions)
    assert writes(notion) == []
    notion.plan()
    assert run(books) == ()
    assert set(ledgers(books)["notion"]) == {R0, BLUE}


def test_drift_stops_a_run_before_anything_is_recorded(books, notion):
    """Every finding at once; the decision, the file and Notion stay as they were."""
    run(books)
    books.write("checks.csv", checks(api=240))
    notion.do("remove_column", column="Posted")
    notion.do("change_column", column="Credit Amount", config={"format": "dollar"})
    before, owed = notion.counts()["count"], books.owed
    with pytest.raises(UnusableInputError) as refused:
        run(books)
    told = [str(finding) for finding in refused.value.findings]
    assert [text.partition(": column ")[2].partition(";")[0] for text in told] == [
        "'Credit Amount' shows its numbers as dollar",
        "'Posted' is missing",
    ]
    assert books.owed == owed
    assert writes(notion, before) == []


def test_drift_ends_a_release_with_exit_code_2_and_the_remedies(books, notion):
    """Place, fact, expected, remedy; nothing was released."""
    run(books)
    notion.do("change_column", column="Release", type="rich_text")
    ended = makegood("release", SEPTEMBER, "--workspace", books.folder, "--yes")
    assert ended.code == 2
    assert ended.err.startswith("notion Makegood ledger (")
    assert "column 'Release' is of type rich_text; checkbox was expected." in ended.err
    assert "Change its type to checkbox" in ended.err
    assert {state for state, _ in books.owed.values()} == {"draft"}


def test_a_workspace_that_names_notion_needs_its_token(books, monkeypatch):
    """Before anything is read or written; the message names the variable."""
    monkeypatch.delenv("MAKEGOOD_NOTION_TOKEN")
    with pytest.raises(Misconfigured, match="MAKEGOOD_NOTION_TOKEN: is not set"):
        run(books)
    assert not (books.folder / "makegood.db").exists()


def test_a_first_run_that_drift_refuses_leaves_no_database(books, notion):
    """A ledger that is not ours stands on the page: exit code 2 leaves the folder as it was."""
    with notion.client() as client:
        title = [{"text": {"content": "Makegood ledger"}}]
        client.databases.create(parent={"type": "page_id", "page_id": notion.page}, title=title)
    with pytest.raises(UnusableInputError, match="column 'Client' is missing"):
        run(books)
    assert not (books.folder / "makegood.db").exists()


def test_a_dry_run_asks_notion_nothing(books, notion):
    """It decides and reports, and that is all."""
    books.run(dry_run=True)
    assert notion.counts()["count"] == 0


def test_a_dry_run_and_an_explanation_need_no_token(books, monkeypatch):
    """Who only reads decisions needs no key to the ledger."""
    run(books)
    monkeypatch.delenv("MAKEGOOD_NOTION_TOKEN")
    books.run(dry_run=True)
    assert makegood("explain", "acme/api", SEPTEMBER, "--workspace", books.folder).code == 0


def test_all_programs_over_one_database_keep_one_rate(books, notion):
    """The moments come from the database: two offices never take the same one."""
    run(books)
    with closing(books.store()) as one, closing(books.store()) as other:
        turns = [shared_turns(store, books.url, notion.token, 180) for store in (one, other)]
        waits = [each.take() for each in (*turns, *turns)]
        assert turns[1].held() == 0
        turns[0].hold_off(60_000_000)
        assert turns[1].take() > 59_000_000
        assert turns[1].held() > 59_000_000
    assert waits == sorted(waits)
    assert len(set(waits)) == 4
