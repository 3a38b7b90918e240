"""The ledger at Notion: rows by key, people's work left alone, and what becomes of trouble."""

from datetime import date

import httpx
import pytest
from notion_client.errors import APIResponseError

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent
from connectors.ledger.notion import LocalTurns, NotionLedger
from models.findings import UnusableInputError
from models.ledger import LedgerStatus
from models.money import Money
from models.workspace_file import NotionTerms
from tests.connectors.ledger.conformance import EUR, LedgerConformance, row
from tests.connectors.ledger.notion_stage import (
    StillClock,
    fresh_workspace,
    ledger_at,
    open_ledger,
    unlimited,
)

KEY = "acme/api/2026-05/r0"
OURS_AT_NOTION = {"Evidence URLs": "Evidence", "Notes": "Makegood Notes"}


class TestNotionLedger(LedgerConformance):
    """The promise of every ledger, kept over a socket."""

    @pytest.fixture
    def ledger(self, notion):
        """A ledger that was just made."""
        return notion

    @pytest.fixture
    def person_writes(self, workspace):
        """Somebody types into a cell, in a column that they add if need be."""

        def write(key, column, cell):
            name = OURS_AT_NOTION.get(column, column)
            (source,) = workspace.tell("things")["sources"].values()
            if name not in source:
                workspace.do("add_column", column=name, type="rich_text")
            typed = float(cell) if column.endswith("Amount") else cell or None
            workspace.do("edit", row=key, cells={name: typed}, at_once=True)

        return write


def cells_at(workspace):
    """What Notion shows, by key."""
    return {row["cells"]["Key"]: row["cells"] for row in workspace.rows() if not row["in_trash"]}


def asked(workspace, operation):
    """The bodies of all requests of one kind."""
    return [call["body"] for call in workspace.calls(operation=operation)]


# --- Making and finding it ------------------------------------------------------------------------


def test_the_ledger_is_made_with_every_column_and_one_for_people(workspace):
    """Exactly the columns of the set-up, in their types; the page's own title names it."""
    ledger = ledger_at(workspace)
    assert ledger.books() == []
    book = ledger.make_book()
    assert ledger.books() == [book]
    (told,) = asked(workspace, "databases.create")
    columns = told["initial_data_source"]["properties"]
    assert {name: next(iter(config)) for name, config in columns.items()} == {
        "Key": "title",
        "Client": "rich_text",
        "Service": "rich_text",
        "Month": "date",
        "Uptime %": "number",
        "Credit %": "number",
        "Credit Days": "number",
        "Billable Amount": "number",
        "Credit Amount": "number",
        "Currency": "select",
        "Claim By": "date",
        "Claim Channel": "rich_text",
        "Status": "select",
        "Evidence": "rich_text",
        "Makegood Notes": "rich_text",
        "Revision": "number",
        "Posted": "rich_text",
        "Release": "checkbox",
        "Notes": "rich_text",
    }
    assert columns["Uptime %"]["number"] == {"format": "number"}
    assert columns["Credit Amount"]["number"] == {"format": "number_with_commas"}
    assert [one["name"] for one in columns["Status"]["select"]["options"]] == [*LedgerStatus]
    ledger.close()


def test_a_check_writes_nothing_and_lets_a_page_without_ledger_pass(workspace):
    """It is made by the first run, not by a look."""
    ledger = ledger_at(workspace)
    ledger.check()
    assert ledger.read() == {}
    assert workspace.tell("things")["databases"] == {}
    ledger.close()


def test_two_ledgers_on_one_page_are_refused(workspace):
    """Nobody can say which is meant; both are named."""
    with open_ledger(workspace) as ledger:
        ledger.make_book()
        with pytest.raises(UnusableInputError, match="2 databases Makegood ledger") as refused:
            ledger.check()
        assert "ledger.notion.database" in str(refused.value)


def test_a_database_that_is_named_is_used_as_it_is(workspace):
    """And a second data source in it must be chosen from."""
    with open_ledger(workspace) as made:
        (database,) = workspace.tell("things")["databases"]
        named = ledger_at(workspace, terms=NotionTerms(database=database))
        assert named.book == made.book
        workspace.do("add_source", name="Archive")
        with pytest.raises(UnusableInputError, match=r"has 2 data sources: .*Archive"):
            named.check()
        chosen = ledger_at(workspace, terms=NotionTerms(database=database, data_source=made.book))
        chosen.check()
        for ledger in (named, chosen):
            ledger.close()


def test_a_page_that_is_not_shared_is_told_with_the_remedy(workspace):
    """Notion does not say whether it is missing or closed; both remedies are named."""
    hidden = workspace.do("add_page", title="Hidden")
    ledger = ledger_at(workspace, terms=NotionTerms(page=hidden))
    with pytest.raises(Misconfigured, match=r"HTTP 404.*Share it with the integration"):
        ledger.check()
    ledger.close()


# --- Rows -----------------------------------------------------------------------------------------


def test_rows_are_addressed_by_the_columns_ids(notion, workspace):
    """So that a person may rename a column between two requests."""
    notion.upsert([row()])
    (body,) = asked(workspace, "pages.create")
    (ids,) = workspace.tell("things")["sources"].values()
    assert set(body["properties"]) == set(ids.values()) - {ids["Release"], ids["Notes"]}
    assert body["parent"] == {"type": "data_source_id", "data_source_id": notion.book}


def test_a_renamed_column_is_still_ours(notion, workspace):
    """By its id, which was noted, its name does not matter; nor does one that takes its name."""
    notion.upsert([row()])
    book = notion.open_book(notion.books()[0])
    workspace.do("change_column", column="Credit Amount", name="Owed")
    workspace.do("add_column", column="Credit Amount", type="rich_text")
    workspace.do("edit", row=KEY, cells={"Credit Amount": "about 100?"}, at_once=True)
    again = ledger_at(workspace, remembered=lambda _place: book)
    again.check()
    assert again.upsert([row(credit_amount=Money(1_200, EUR))]).updated
    cells = cells_at(workspace)[KEY]
    assert (cells["Owed"], cells["Credit Amount"]) == (12, "about 100?")
    assert again.read()[KEY]["Credit Amount (yours)"] == "about 100?"
    again.close()


def test_only_what_differs_is_written(notion, workspace):
    """A change of one amount is one column of one request; people's columns are in no request."""
    notion.upsert([row()])
    workspace.do("edit", row=KEY, cells={"Notes": "called Ada", "Release": True}, at_once=True)
    notion.upsert([row(credit_amount=Money(0, EUR))])
    (body,) = asked(workspace, "pages.update")
    (ids,) = workspace.tell("things")["sources"].values()
    assert body == {"properties": {ids["Credit Amount"]: {"number": 0}}}
    cells = cells_at(workspace)[KEY]
    assert (cells["Notes"], cells["Release"], cells["Credit Amount"]) == ("called Ada", True, 0)


def test_status_is_read_again_before_it_is_written(notion, workspace):
    """Somebody filed it after the listing: their word stands, the other cells are written."""
    notion.upsert([row()])
    (listed,) = notion.find(KEY)
    workspace.do("edit", row=KEY, cells={"Status": "Filed"}, at_once=True)
    changed = row(status=LedgerStatus.APPROVED, notes="Paid.")
    assert notion.bring_up_to_date(listed, changed)
    cells = cells_at(workspace)[KEY]
    assert (cells["Status"], cells["Makegood Notes"]) == ("Filed", "Paid.")


FILED = {"action": "edit", "row": KEY, "cells": {"Status": "Filed"}, "at_once": True}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "rate_limited", "retry_after": 600},
        {"kind": "overloaded", "retry_after": 60},
        {"kind": "error"},
        {"kind": "cut"},
        {"kind": "reset", "when": "after"},
    ],
)
def test_status_is_read_again_before_each_repetition(notion, workspace, fault):
    """While our change waits for its next try somebody files it: their word stands."""
    listed = notion.add(row())
    when = {"when": fault.get("when", "before"), "operation": "pages.update"}
    workspace.plan({"kind": "meanwhile", "do": [FILED], **when}, {**fault, **when})
    notion.bring_up_to_date(listed, row(status=LedgerStatus.APPROVED, notes="Paid."))
    cells = cells_at(workspace)[KEY]
    assert (cells["Status"], cells["Makegood Notes"]) == ("Filed", "Paid.")


def test_nothing_is_waited_for_between_the_look_and_the_change(workspace):
    """Turns a minute apart: both are waited for before the row is read."""
    still = StillClock()
    ledger = ledger_at(workspace, clock=still.clock)
    ledger.open_book(ledger.make_book())
    listed = ledger.add(row())
    ledger.calls.line.turns = LocalTurns(60_000_000, still.clock).turns
    seen: list[int] = []
    client = ledger.calls.client
    client.client.event_hooks["request"] = [lambda _request: seen.append(still.now)]
    assert ledger.bring_up_to_date(listed, row(status=LedgerStatus.APPROVED))
    assert len(seen) == 2
    assert seen[0] == seen[1]
    ledger.close()


def test_a_limit_that_others_met_between_the_look_and_the_change_is_kept(workspace):
    """The change does not leave then: after the time that Notion asks for it looks again."""
    still = StillClock()
    ledger = ledger_at(workspace, clock=still.clock)
    ledger.open_book(ledger.make_book())
    listed = ledger.add(row())
    left: list[tuple[str, int]] = []

    def leaving(request):
        left.append((request.method, still.now))
        if len(left) == 1:
            ledger.calls.line.limited(7_000_000)

    ledger.calls.client.client.event_hooks["request"] = [leaving]
    assert ledger.bring_up_to_date(listed, row(status=LedgerStatus.APPROVED))
    assert left == [("GET", 0), ("GET", 7_000_000), ("PATCH", 7_000_000)]
    ledger.close()


def test_a_column_that_drifts_while_we_write_is_no_row_s_fault(notion, workspace):
    """Notion refuses each row then: a person mends the column, and no row is given up."""
    page = notion.add(row("acme/web/2026-05/r0"))
    workspace.do("change_column", column="Service", type="url")
    for attempt in (
        lambda: notion.add(row()),
        lambda: notion.bring_up_to_date(page, row("acme/web/2026-05/r0", service="Web")),
    ):
        with pytest.raises(Misconfigured, match="column 'Service' is of type url"):
            attempt()
    assert len(workspace.rows()) == 1


def test_two_rows_with_one_key_are_an_alarm(notion, workspace):
    """Both ids are named, and nothing is written to either."""
    notion.upsert([row()])
    workspace.do("duplicate", row=KEY, at_once=True)
    for attempt in (lambda: notion.upsert([row(notes="New.")]), notion.read):
        with pytest.raises(UnusableInputError, match=f"is {KEY} in 2 rows: .*-.*, .*-"):
            attempt()
    assert asked(workspace, "pages.update") == []


def test_a_row_in_the_trash_is_found_and_not_written(notion, workspace):
    """No second row is made; a person is told."""
    notion.upsert([row()])
    workspace.do("trash", row=KEY, at_once=True)
    (found,) = notion.find(KEY)
    assert found.trashed
    assert [page.trashed for page in notion.pages()] == [True]
    assert notion.read() == {}
    with pytest.raises(Permanent, match=f"{KEY}: lies in the trash. Restore it"):
        notion.upsert([row(notes="New.")])
    assert len(workspace.rows()) == 1


def test_a_row_that_was_put_into_the_trash_meanwhile_is_not_written(notion, workspace):
    """The refusal of Notion is told as what it is."""
    notion.upsert([row()])
    (listed,) = notion.find(KEY)
    workspace.do("trash", row=KEY, at_once=True)
    with pytest.raises(Permanent, match="refused, HTTP 400"):
        notion.bring_up_to_date(listed, row(notes="New."))


def test_keys_are_compared_by_us_as_well(notion, workspace):
    """Notion's search may ignore capitals; a person's row is not taken for ours."""
    workspace.do("add_row", cells={"Key": KEY.upper()}, at_once=True)
    assert notion.find(KEY) == []
    assert notion.upsert([row()]).added == (KEY,)


def test_rows_of_people_are_left_alone(notion, workspace):
    """A row without one of our keys is none of ours, whatever its title."""
    workspace.do("add_row", cells={"Key": "Total", "Credit Amount": 5}, at_once=True)
    notion.upsert([row()])
    assert set(notion.read()) == {KEY}


def test_a_month_is_read_by_date_and_by_key(notion, workspace):
    """A row whose month a person has changed is still among its month's rows."""
    notion.upsert([row(), row("acme/api/2026-06/r0", month=date(2026, 6, 1))])
    workspace.do("edit", row=KEY, cells={"Month": "2019-01-01"}, at_once=True)
    assert [page.key for page in notion.pages(date(2026, 5, 1))] == [KEY]
    assert notion.upsert([row()]).updated == (KEY,)


def test_a_new_row_is_read_by_its_id_before_queries_show_it(notion, workspace):
    """Queries lag behind; the id does not."""
    workspace.options(visible_after_ms=60_000)
    made = notion.add(row())
    assert list(notion.pages()) == []
    assert notion.find(KEY) == []
    seen = notion.page(made.id)
    assert seen is not None
    assert seen.key == KEY
    workspace.advance(seconds=61)
    assert [page.id for page in notion.find(KEY)] == [made.id]


def test_a_row_that_is_not_there_is_none(notion):
    """A deleted row, or one of somebody else."""
    assert notion.page("0" * 32) is None


@pytest.mark.parametrize("told", ["last", "first", "every"])
def test_more_rows_than_a_query_gives_are_all_read(stand_in, told):
    """Wherever Notion says that it cut the query off; each row comes once."""
    workspace = fresh_workspace(stand_in)
    with open_ledger(workspace) as ledger:
        workspace.do("fill", rows=950, title="t/a/2026-05/r{}", every_ms=7_000)
        workspace.options(query_cap=300, cap_told=told)
        keys = [page.key for page in ledger.pages()]
    assert len(keys) == 950
    assert set(keys) == {f"t/a/2026-05/r{number}" for number in range(950)}


def test_a_minute_with_more_rows_than_a_query_gives_is_told(stand_in):
    """Times of creation are whole minutes: nothing finer can be asked for."""
    workspace = fresh_workspace(stand_in)
    with open_ledger(workspace) as ledger:
        workspace.do("fill", rows=350, title="t/a/2026-05/r{}")
        workspace.options(query_cap=300)
        with pytest.raises(Permanent, match="cannot be listed"):
            list(ledger.pages())


def test_who_edited_last_and_when_is_told(notion, workspace):
    """As far as Notion tells: the minute, and the last editor of the row."""
    notion.upsert([row()])
    workspace.do("release", row=KEY, by="ada", at_once=True)
    (page,) = notion.pages()
    assert page.release
    assert page.edited_at == 1_780_315_200_000
    assert page.editor == workspace.rows()[0]["edited_by"]


# --- What must not get out, or in -----------------------------------------------------------------


def test_no_message_and_no_name_of_it_shows_the_token(workspace):
    """Neither an error nor its causes, nor what a debugger prints."""
    token = f"{workspace.token}_secret"
    ledger = ledger_at(workspace, token=token)
    with pytest.raises(Misconfigured, match=r"HTTP 401.*MAKEGOOD_NOTION_TOKEN") as refused:
        ledger.check()
    told = [repr(ledger), str(refused.value), repr(refused.value.__context__)]
    assert not any(token in text for text in told)
    assert refused.value.__cause__ is None
    ledger.close()


def test_a_token_of_any_look_is_taken_out_of_what_notion_says(notion):
    """Also one without the usual beginning, and where it came to stand as an id."""
    token = "0123456789-another-kind-of-token"
    ledger = NotionLedger(token, NotionTerms(page="0" * 32), turns=unlimited())

    def echo():
        request = httpx.Request("GET", "https://api.notion.com")
        response = httpx.Response(400, headers={"x": "y"}, request=request)
        raise APIResponseError(
            "validation_error", response.status_code, f"no {token} here", response.headers, ""
        )

    with pytest.raises(Permanent, match=r"no \[token\] here") as refused:
        ledger.calls.ask("row", echo)
    assert token not in str(refused.value)
    with pytest.raises(Misconfigured) as refused_id:
        notion.page("ntn_1234567890abcdefghij")
    assert "ntn_1234" not in str(refused_id.value)
    ledger.close()


@pytest.mark.parametrize("token", ["", "ntn_ü", "Bearer ntn_12345678", "ntn_1\nX: 1"])
def test_a_token_that_is_none_is_refused_unseen(token):
    """Before anything is asked, and without repeating it."""
    with pytest.raises(Misconfigured, match="MAKEGOOD_NOTION_TOKEN") as refused:
        NotionLedger(token, NotionTerms(page="0" * 32), turns=unlimited())
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["http://example.com", "https://u:p@example.com", "https://example.com/v1", "ftp://x"],
)
def test_a_token_is_not_sent_to_an_unsafe_address(address):
    """Only https, or this machine."""
    with pytest.raises(Misconfigured, match="MAKEGOOD_NOTION_URL"):
        NotionLedger("ntn_12345678", NotionTerms(page="0" * 32), address=address)


def test_what_is_no_id_never_enters_an_address(notion):
    """A noted id is checked like any other."""
    with pytest.raises(Misconfigured, match="a UUID was expected"):
        notion.page("../users")


# --- A row that may have been made ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "gateway_timeout", "broken_json", "bad_gateway", "error"])
def test_a_row_whose_making_had_no_good_answer_is_unknown_and_found(notion, workspace, kind):
    """One request, never repeated; the row is there and a look finds it."""
    workspace.plan({"kind": kind, "when": "after", "operation": "pages.create"})
    with pytest.raises(OutcomeUnknown, match="may have been made"):
        notion.add(row())
    assert len(asked(workspace, "pages.create")) == 1
    assert [page.key for page in notion.find(KEY)] == [KEY]
