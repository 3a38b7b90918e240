"""`makegood sync` as a user runs it, with the ledger at Notion: people tick and edit, real sockets.

120 of September's 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin.
"""

import pytest

from flows.claims import find_claim, status_move, tell
from flows.office import open_office
from models.approval import Identity, Voice
from models.ledger import LedgerStatus
from tests.command import makegood
from tests.connectors.ledger.notion_stage import fresh_workspace
from tests.standins.notion.client import running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, RELEASED_AT, SEPTEMBER, VENDOR, checks

R0, BLUE = "acme/api/2025-09/r0", "bluefin/api/2025-09/r0"
CLAIM = "cloudways/hosting/2025-09/r0"


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
    """September is decided, and its two rows stand at Notion."""
    ledger = f"ledger: {{notion: {{page: {notion.page}, requests_per_minute: 6000}}}}\n"
    made = lay_out(ACME, BLUEFIN, checks=checks(api=120), makegood=MAKEGOOD + ledger)
    made.run(notify=False)
    return made


@pytest.fixture
def claimed(lay_out, notion):
    """A claim of 50.00 USD against Cloudways, whose row stands at Notion."""
    ledger = f"ledger: {{notion: {{page: {notion.page}, requests_per_minute: 6000}}}}\n"
    made = lay_out(VENDOR, checks=checks(hosting=120), makegood=MAKEGOOD + ledger)
    made.run(notify=False)
    return made


def sync(books, *options):
    """The command; its exit code and its document."""
    done = makegood("sync", SEPTEMBER, "--workspace", str(books.folder), "--json", *options)
    return done.code, done.document


def recorded(books):
    """Everything but whose turn it was to ask Notion."""
    tables, files = books.everything
    return {name: rows for name, rows in tables.items() if name != "pace"}, files


def test_a_tick_at_notion_releases_once_and_an_edit_is_healed(books, notion):
    """Acme's goes, by whoever edited the row last; Bluefin's name is put right on the way."""
    notion.do("release", row=R0, by="kim")
    notion.do("edit", row=BLUE, cells={"Client": "Mallory"})
    code, told = sync(books)
    assert (code, told["released"], told["questions"]) == (0, [R0], [])
    assert [(e["column"], e["before"], e["after"]) for e in told["edits"]] == [
        ("Client", "Bluefin Freight Inc.", "Mallory")
    ]
    rows = {row["cells"]["Key"]: row["cells"] for row in notion.rows()}
    assert (rows[R0]["Status"], rows[R0]["Release"]) == ("Approved", True)
    assert rows[BLUE]["Client"] == "Bluefin Freight Inc."
    assert books.owed == {R0: ("released", "200.00 EUR"), BLUE: ("draft", "360.00 USD")}
    _, healed = sync(books)
    assert [(e["column"], e["after"]) for e in healed["edits"]] == [
        ("Client", "Bluefin Freight Inc.")
    ]
    before = recorded(books)
    code, again = sync(books)
    assert (code, again["released"], again["edits"], again["ticks"]) == (0, [], [], [])
    assert recorded(books) == before


def test_a_tick_on_another_amount_is_a_question_with_exit_code_1(books, notion):
    """Nothing goes, whatever the row says."""
    notion.do("edit", row=R0, cells={"Credit Amount": 500})
    notion.do("release", row=R0)
    code, told = sync(books)
    assert (code, told["released"]) == (1, [])
    assert "Credit Amount says 500.00, we say 200.00" in told["questions"][0]
    assert books.owed[R0] == ("draft", "200.00 EUR")


def test_a_ledger_that_cannot_be_asked_leaves_everything(books, notion):
    """Exit code 2 where a person must mend the token, 3 where it is just run again."""
    notion.do("release", row=R0)
    notion.plan({"kind": "unauthorized", "times": 0, "path": "/v1/"})
    assert makegood("sync", SEPTEMBER, "--workspace", str(books.folder)).code == 2
    notion.plan({"kind": "unavailable", "times": 0, "path": "/v1/"})
    assert makegood("sync", SEPTEMBER, "--workspace", str(books.folder)).code == 3
    assert books.owed[R0] == ("draft", "200.00 EUR")
    notion.plan()
    assert sync(books)[1]["released"] == [R0]


def moved(books, status):
    """The claim is moved by command."""
    with open_office(books.folder) as office:
        claim = find_claim(office.store, CLAIM)
        by = Voice("Ana", Identity.FREE_TEXT)
        tell(office.store, claim, status_move(claim, status, by=by, at=RELEASED_AT))


def test_a_claim_is_set_back_by_people_and_never_by_a_list_that_is_behind(claimed, notion):
    """Notion's lists lag by a minute: they show a filed claim as eligible, and its row does not."""
    moved(claimed, LedgerStatus.ELIGIBLE)
    claimed.run(notify=False)
    notion.options(visible_after_ms=60_000)
    moved(claimed, LedgerStatus.FILED)
    claimed.run(notify=False)
    (row,) = notion.rows()
    assert row["cells"]["Status"] == "Filed"
    assert sync(claimed)[1]["claims"] == []
    notion.do("edit", row=CLAIM, by="kim", cells={"Status": "Eligible"})
    claimed.run(notify=False)
    code, told = sync(claimed)
    assert code == 0
    assert told["claims"] == [f"{CLAIM}: Filed to Eligible, set by {kim(notion)}"]
    assert notion.rows()[0]["cells"]["Status"] == "Eligible"


def kim(notion):
    """By which name Notion knows whoever edited last."""
    return notion.rows()[0]["edited_by"]


def test_rows_that_people_are_done_with_are_not_read_one_by_one(books, notion):
    """An obeyed tick stays, and so does a Status of theirs: a thousand of them are still a list."""
    notion.do("release", row=R0)
    assert sync(books)[1]["released"] == [R0]
    notion.do("edit", row=R0, cells={"Status": "Filed"})
    assert [edit["after"] for edit in sync(books)[1]["edits"]] == ["Filed"]
    number = notion.counts()["count"]
    assert sync(books)[1]["edits"] == []
    books.run(notify=False)
    asked = {call["operation"] for call in notion.calls(since=number + 1)}
    assert asked == {"data_sources.retrieve", "data_sources.query"}
    rows = {row["cells"]["Key"]: row["cells"]["Status"] for row in notion.rows()}
    assert rows == {R0: "Filed", BLUE: "To Review"}


def test_a_dry_run_at_notion_writes_nothing(books, notion):
    """Not even at Notion."""
    notion.do("release", row=R0)
    before, versions = recorded(books), {row["id"]: row["version"] for row in notion.rows()}
    code, told = sync(books, "--dry-run")
    assert (code, told["released"], told["ticks"][0]["why"]) == (0, [], None)
    assert recorded(books) == before
    assert {row["id"]: row["version"] for row in notion.rows()} == versions
