"""Drift: everything that people did to our columns is found at once, before anything is written."""

import pytest

from connectors.errors import Misconfigured
from connectors.ledger._notion_schema import wanted
from models.findings import UnusableInputError
from tests.connectors.ledger.conformance import row
from tests.connectors.ledger.notion_stage import ledger_at


def findings(ledger):
    """What a check refuses, each without its place."""
    with pytest.raises(UnusableInputError) as refused:
        ledger.check()
    return [str(finding).partition("): ")[2] for finding in refused.value.findings]


def change(workspace, column, **said):
    """Somebody changes a column."""
    workspace.do("change_column", column=column, **said)


def test_every_drift_is_told_at_once_and_nothing_is_written(notion, workspace):
    """Gone, of another type, computed, shown otherwise, without options, not the title."""
    change(workspace, "Key", name="Obligation")
    workspace.do("remove_column", column="Posted")
    change(workspace, "Service", type="select")
    change(workspace, "Credit %", type="formula", config={"expression": "1"})
    change(workspace, "Billable Amount", config={"format": "euro"})
    change(workspace, "Uptime %", config={"format": "percent"})
    change(
        workspace,
        "Status",
        config={"options": [{"name": n} for n in ("to review", "Filed", "Approved", "Denied")]},
    )
    before = workspace.counts()["count"]
    fresh = ledger_at(workspace)
    assert "\n".join(findings(fresh)) == (
        "column 'Key' is missing; every column of the ledger was expected. "
        "Rename the title column 'Obligation' to Key.\n"
        "column 'Service' is of type select; rich_text was expected. Change its type to "
        "rich_text, or rename it and add a column 'Service' of that type.\n"
        "column 'Uptime %' shows its numbers as percent; number was expected, which is right in "
        "every row. Change its number format.\n"
        "column 'Credit %' is of type formula, which nobody can write; number was expected. "
        "Change its type to number, or rename it and add a column 'Credit %' of that type.\n"
        "column 'Billable Amount' shows its numbers as euro; number_with_commas was expected, "
        "which is right in every row. Change its number format.\n"
        "column 'Status' lacks To Review, Eligible (it has to review); the options To Review, "
        "Eligible, Filed, Approved, Denied were expected, written so. "
        "Add or rename these options.\n"
        "column 'Posted' is missing; every column of the ledger was expected. Add a column "
        "'Posted' of type rich_text."
    )
    with pytest.raises(UnusableInputError):
        fresh.upsert([row()])
    methods = {call["method"] for call in workspace.calls(since=before + 1)}
    assert methods == {"GET"}
    fresh.close()


def test_a_currency_that_cannot_be_chosen_is_told_before_a_row_needs_it(workspace, notion):
    """Notion would add an option in silence; a person does, knowingly."""
    with_more = ledger_at(workspace, currencies=["EUR", "ISK"])
    (told,) = findings(with_more)
    assert told.startswith("column 'Currency' lacks ISK; the options EUR, ISK were expected")
    with_more.close()


def test_people_may_add_columns_options_and_other_names(notion, workspace):
    """All of these are theirs: a check has nothing to say."""
    book = notion.open_book(notion.books()[0])
    workspace.do("add_column", column="Owner", type="rich_text")
    change(workspace, "Client", name="Kunde")
    change(workspace, "Key", name="Schlüssel")
    workspace.do("remove_column", column="Notes")
    notion.upsert([row()])
    workspace.do("edit", row="acme/api/2026-05/r0", cells={"Status": "asked Ada"})
    again = ledger_at(workspace, remembered=lambda _place: book)
    again.check()
    (cells,) = again.read().values()
    assert (cells["Client"], cells["Status"], cells["Owner"]) == ("Acme", "asked Ada", "")
    again.close()


def test_a_column_that_was_deleted_and_made_anew_is_found_by_its_name(notion, workspace):
    """Its id is another one; it has the right name and type."""
    book = notion.open_book(notion.books()[0])
    workspace.do("remove_column", column="Posted")
    workspace.do("add_column", column="Posted", type="rich_text")
    again = ledger_at(workspace, remembered=lambda _place: book)
    now = again.open_book(book)
    assert now.columns["Posted"] != book.columns["Posted"]
    again.close()


def test_a_column_renamed_into_another_of_ours_is_told(notion, workspace):
    """`Posted` was renamed to `Client`, whose own column is gone: one cannot stand for both."""
    book = notion.open_book(notion.books()[0])
    workspace.do("remove_column", column="Client")
    change(workspace, "Posted", name="Client")
    again = ledger_at(workspace, remembered=lambda _place: book)
    (told,) = findings(again)
    assert told == (
        "column 'Client' stands for Client and Posted; a column for each was expected. "
        "Add the one that is missing."
    )
    again.close()


def test_a_ledger_in_the_trash_is_told(notion, workspace):
    """Rows would be written where nobody sees them."""
    book = notion.open_book(notion.books()[0])
    workspace.do("trash_database")
    again = ledger_at(workspace, remembered=lambda _place: book)
    (told,) = findings(again)
    assert told.startswith("lies in the trash;")
    again.close()


def test_a_ledger_that_is_not_shared_any_more_is_told(notion, workspace):
    """With what to do about it."""
    book = notion.open_book(notion.books()[0])
    workspace.do("unshare", thing=workspace.page)
    again = ledger_at(workspace, remembered=lambda _place: book)
    with pytest.raises(Misconfigured, match=r"HTTP 404, object_not_found.*Share it"):
        again.check()
    again.close()


@pytest.mark.parametrize("lacks", ["read", "insert", "update"])
def test_each_capability_is_needed_and_named_when_it_lacks(workspace, lacks):
    """403 leads to the page that lists them."""
    capabilities = sorted({"read", "insert", "update"} - {lacks})
    token = f"{workspace.token}_without_{lacks}"
    workspace.tell("connection", token=token, capabilities=capabilities)
    poor = ledger_at(workspace, token=token)
    with pytest.raises(
        Misconfigured, match=r"HTTP 403.*capabilities that connectors/ledger/README"
    ):
        _everything(poor)
    poor.close()


def _everything(ledger):
    ledger.open_book(ledger.make_book())
    ledger.upsert([row()])
    ledger.upsert([row(notes="New.")])


def test_names_and_options_are_such_as_notion_takes():
    """One title; no commas in options; no two that differ by capitals alone."""
    columns = wanted(["EUR", "USD"])
    assert [column.type for column in columns].count("title") == 1
    assert len({column.title for column in columns}) == len(columns)
    for column in columns:
        folded = [option.casefold() for option in column.options]
        assert len(set(folded)) == len(folded)
        assert not any("," in option for option in column.options)
