"""The stand-in for Notion keeps Notion's rules: the real client over a socket, rule by rule."""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from notion_client import Client
from notion_client.errors import (
    APIResponseError,
    HTTPResponseError,
    RequestTimeoutError,
    UnknownHTTPResponseError,
)

from tests.standins.notion import limits
from tests.standins.notion.client import NO_CERTIFICATES, Refused, StandIn, Workspace, running
from tests.standins.notion.faults import LIMIT_REASONS
from tests.standins.notion.office import API_VERSION
from tests.standins.notion_types import ANSWERS, REQUESTS, Types, or_skip, types_of
from tests.standins.starting import started

NOON = 1_780_315_200_000  # 2026-06-01T12:00:00Z in ms
NOWHERE = "11111111-2222-4333-8444-555555555555"
COLUMNS: dict[str, Any] = {
    "Key": {"title": {}},
    "Client": {"rich_text": {}},
    "Month": {"date": {}},
    "Amount": {"number": {"format": "number_with_commas"}},
    "Currency": {"select": {"options": [{"name": "USD"}, {"name": "EUR"}]}},
    "Tags": {"multi_select": {"options": [{"name": "api"}]}},
    "Status": {"status": {}},
    "Link": {"url": {}},
    "Release": {"checkbox": {}},
    "Double": {"formula": {"expression": "prop('Amount') * 2"}},
    "Changed": {"last_edited_time": {}},
}

pytestmark = pytest.mark.xdist_group(name="notion-standin")


@pytest.fixture(scope="module")
def types() -> Types:
    """The official types, compiled."""
    return types_of(json.loads(or_skip().read_bytes()))


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """One server for all; it fails at the end if one of its answers was not Notion's."""
    with running() as server:
        stage = server.workspace("stage").reset(now_ms=NOON)
        with_ledger(stage)
        stage.freeze("ledger")
        yield server


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers for workspaces, none twice."""
    return count(1)


@pytest.fixture
def workspace(stand_in: StandIn, numbers: Iterator[int]) -> Workspace:
    """A workspace of its own with an empty ledger; its clock stands still at noon."""
    made = stand_in.workspace(f"case{next(numbers)}").reset(now_ms=NOON)
    made.thaw("ledger")
    return made


@pytest.fixture
def client(workspace: Workspace) -> Iterator[Client]:
    """The real client, without retries."""
    opened = workspace.client()
    yield opened
    opened.close()


@pytest.fixture
def ledger(workspace: Workspace) -> str:
    """The id of the ledger's data source."""
    return str(next(iter(workspace.tell("things")["sources"])))


def rich(*texts: str) -> list[dict[str, Any]]:
    """Rich text as it is sent."""
    return [{"type": "text", "text": {"content": text}} for text in texts]


def with_ledger(workspace: Workspace, columns: Any = None) -> dict[str, Any]:
    """A database on the shared page, as it was answered."""
    client: Any = workspace.client()
    try:
        answer: dict[str, Any] = client.databases.create(
            parent={"type": "page_id", "page_id": workspace.page},
            title=rich("Ledger"),
            initial_data_source={"properties": columns or COLUMNS},
        )
        return answer
    finally:
        client.close()


def row(client: Any, ledger: str, key: str = "acme/api/2026-05/r0", **cells: Any) -> Any:
    """Create a row."""
    return client.pages.create(
        parent={"type": "data_source_id", "data_source_id": ledger},
        properties={"Key": {"title": rich(key)}} | cells,
    )


def found(client: Any, ledger: str, key: str, **more: Any) -> list[dict[str, Any]]:
    """The rows that a search for a title gives."""
    wanted = {"property": "title", "title": {"equals": key}}
    results: list[dict[str, Any]] = client.data_sources.query(ledger, filter=wanted, **more)[
        "results"
    ]
    return results


def titles(answer: Any) -> list[str]:
    """The titles of a query's results."""
    key = "Key"
    return ["".join(t["plain_text"] for t in p["properties"][key]["title"]) for p in answer]


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    """Status and code of the error that a call raises."""
    with pytest.raises(HTTPResponseError) as caught:
        call()
    body = json.loads(caught.value.body)
    assert body["object"] == "error"
    assert body["status"] == caught.value.status
    assert body["message"]
    return caught.value.status, body["code"]


def send(
    workspace: Workspace, method: str, path: str, content: str | bytes = "", **headers: str
) -> httpx.Response:
    """A request that the client would not send."""
    usual = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": API_VERSION}
    whole = {name: value for name, value in (usual | headers).items() if value}
    url = workspace.url + path
    return httpx.request(
        method, url, content=content, headers=whole, timeout=5, verify=NO_CERTIFICATES
    )


# --- The types ------------------------------------------------------------------------------------


def test_every_answer_is_one_of_notions(workspace, client, ledger, types):
    """What the stand-in sends passes the official types, also as the client receives it."""
    page = row(client, ledger, Amount={"number": 12.5}, Tags={"multi_select": [{"name": "api"}]})
    database = client.data_sources.retrieve(ledger)["parent"]["database_id"]
    received = [
        ("PageObject", page),
        ("PageObject", client.pages.retrieve(page["id"])),
        ("PageObject", client.pages.update(page["id"], properties={"Amount": {"number": None}})),
        ("DataSourceObject", client.data_sources.retrieve(ledger)),
        ("DatabaseObject", client.databases.retrieve(database)),
        ("QueryAnswer", client.data_sources.query(ledger)),
        ("OwnUser", client.users.me()),
        ("BlockChildren", client.blocks.children.list(workspace.page)),
        ("PageObject", client.pages.retrieve(workspace.page)),
    ]
    for name, answer in received:
        assert answer.pop("request_id")  # every answer has one, though the types are silent
        assert types.findings(name, answer) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.pop("last_edited_by"),
        lambda page: page.update(in_trash="no"),
        lambda page: page.update(surprise=1),
        lambda page: page["properties"]["Amount"].update(number="12"),
        lambda page: page["properties"]["Key"].update(title="acme"),
    ],
)
def test_an_answer_that_is_not_notions_is_seen(client, ledger, types, spoil):
    """The types that answers are held to can fail."""
    page = row(client, ledger, Amount={"number": 1})
    del page["request_id"]
    spoil(page)
    assert not types.allows("PageObject", page)


def test_every_name_of_the_recipe_is_checked(types):
    """No request and no answer goes unchecked when the schema was made here."""
    lacking = (REQUESTS | ANSWERS).keys() - types.checks.keys()
    # A schema from elsewhere has only pages and data sources among its answers.
    assert lacking <= {"QueryAnswer", "DatabaseObject", "OwnUser", "BlockChildren"}


@pytest.mark.parametrize(
    "properties",
    [
        {"Amount": {"number": "12.50"}},
        {"Currency": {"select": "USD"}},
        {"Month": {"date": "2026-05-01"}},
        {"Release": {"checkbox": "yes"}},
        {"Client": {"rich_text": "Acme"}},
        {"Link": {"url": 7}},
        {"Amount": {"numbre": 12}},
        {"Amount": 12},
    ],
)
def test_a_value_that_is_not_of_notions_types_is_refused(client, ledger, properties):
    """Texts for numbers, plain strings for selects and dates, and slips of the pen."""
    refused = refusal(lambda: row(client, ledger, **properties))
    assert refused == (400, "validation_error")


def test_a_wrong_operator_is_refused(client, ledger):
    """A filter is held to its type too."""
    wanted = {"property": "Amount", "number": {"contains": 1}}
    assert refusal(lambda: client.data_sources.query(ledger, filter=wanted))[0] == 400


def test_a_key_that_the_types_do_not_know_is_refused(workspace, ledger):
    """Also where the client itself would not send it."""
    body = {"parent": {"data_source_id": ledger}, "properties": {}, "bogus": 1}
    answer = send(workspace, "POST", "/v1/pages", json.dumps(body))
    assert answer.status_code == 400
    assert "bogus" in answer.json()["message"]


@pytest.mark.parametrize("name", ["data_source_id", "filter_properties"])
def test_what_belongs_into_the_address_is_refused_in_the_body(workspace, ledger, name):
    """The types mix address, query and body; the stand-in does not."""
    body = {name: [ledger] if name == "filter_properties" else ledger}
    answer = send(workspace, "POST", f"/v1/data_sources/{ledger}/query", json.dumps(body))
    assert answer.status_code == 400
    assert f"body.{name}" in answer.json()["message"]


# --- Who may come in ------------------------------------------------------------------------------


def test_a_wrong_token_is_unauthorized(workspace):
    """401, and nothing is said about what exists."""
    client = workspace.client("ntn_nobody")
    assert refusal(client.users.me) == (401, "unauthorized")
    client.close()


def test_a_revoked_token_is_unauthorized(workspace, client):
    """As it is when somebody removes the connection."""
    workspace.tell("connection", token=workspace.token, revoked=True)
    assert refusal(client.users.me) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": ""}, "unauthorized"),
        ({"Authorization": "Basic ntn"}, "unauthorized"),
        ({"Notion-Version": ""}, "missing_version"),
        ({"Notion-Version": "2022-06-28"}, "validation_error"),
        ({"Notion-Version": "2026-03-11"}, "validation_error"),
    ],
)
def test_token_and_version_are_required(workspace, headers, code):
    """One version is spoken, and it must be named."""
    answer = send(workspace, "GET", "/v1/users/me", **headers)
    assert answer.json()["code"] == code


def test_a_version_that_is_missing_is_unknown_to_the_client(workspace):
    """The client has no word for it, so it raises its error for unknown answers."""
    client = workspace.client()
    del client.client.headers["Notion-Version"]
    with pytest.raises(UnknownHTTPResponseError):
        client.users.me()
    client.close()


def test_what_is_not_shared_is_not_found(workspace, client, ledger):
    """404 for page, database and data source alike, as if they were not there."""
    page = row(client, ledger)["id"]
    database = client.data_sources.retrieve(ledger)["parent"]["database_id"]
    workspace.do("unshare", thing=workspace.page)
    for call in (
        lambda: client.pages.retrieve(page),
        lambda: client.pages.update(page, properties={}),
        lambda: client.databases.retrieve(database),
        lambda: client.data_sources.retrieve(ledger),
        lambda: client.data_sources.query(ledger),
        lambda: row(client, ledger),
        lambda: with_ledger(workspace),
    ):
        assert refusal(call) == (404, "object_not_found")
    workspace.do("share", thing=database)
    assert client.pages.retrieve(page)["id"] == page


def test_another_connection_sees_only_what_is_shared_with_it(workspace, client, ledger):
    """Each connection has its own token, its own user and its own pages."""
    page = row(client, ledger)["id"]
    workspace.tell("connection", token="ntn_other", name="other")
    other = workspace.client("ntn_other")
    assert other.users.me()["id"] != client.users.me()["id"]
    assert refusal(lambda: other.pages.retrieve(page)) == (404, "object_not_found")
    other.close()


@pytest.mark.parametrize(
    ("capability", "call"),
    [
        ("read", lambda client, ledger: client.data_sources.query(ledger)),
        ("insert", row),
        ("update", lambda client, ledger: client.data_sources.update(ledger, title=[])),
    ],
)
def test_a_capability_that_is_missing_restricts(workspace, client, ledger, capability, call):
    """403, as when only reading was ticked for the connection."""
    others = [one for one in ("read", "insert", "update") if one != capability]
    workspace.tell("connection", token=workspace.token, capabilities=others)
    assert refusal(lambda: call(client, ledger)) == (403, "restricted_resource")


# --- Addresses and bodies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/search"), ("DELETE", "/v1/pages/x"), ("POST", "/v2/pages"), ("GET", "/v1/pages")],
)
def test_an_address_that_leads_nowhere_is_refused(workspace, method, path):
    """Also those that Notion knows and the stand-in does not need."""
    answer = send(workspace, method, path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request_url")


def test_ids_may_have_dashes_or_not(client, ledger):
    """Both forms name the same thing; the answer has dashes."""
    page = row(client, ledger)["id"]
    bare = page.replace("-", "").upper()
    assert client.pages.retrieve(bare)["id"] == page
    assert client.data_sources.retrieve(ledger.replace("-", ""))["id"] == ledger


@pytest.mark.parametrize("wrong", ["row-1", "123", "zzzzzzzz-2222-4333-8444-555555555555"])
def test_an_id_that_is_no_uuid_is_refused(workspace, client, ledger, wrong):
    """In the address and in a body."""
    assert refusal(lambda: client.pages.retrieve(wrong)) == (400, "validation_error")
    assert refusal(lambda: row(client, wrong)) == (400, "validation_error")


def test_an_id_that_is_nowhere_is_not_found(client):
    """404, whatever it might have been."""
    assert refusal(lambda: client.pages.retrieve(NOWHERE)) == (404, "object_not_found")
    assert refusal(lambda: row(client, NOWHERE)) == (404, "object_not_found")


@pytest.mark.parametrize("content", ["{", "nonsense", '{"number": NaN}'])
def test_a_body_that_is_no_json_is_refused(workspace, content):
    """400 with a code of its own."""
    answer = send(workspace, "POST", "/v1/pages", content)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


def test_a_body_above_500_kb_is_refused(workspace, client, ledger):
    """Even when each text in it is short enough."""
    full = {"rich_text": rich(*["x" * 2000] * 100)}  # 200 KB
    assert row(client, ledger, Client=full)
    padded = json.dumps(
        {
            "parent": {"data_source_id": ledger},
            "properties": {"Client": full | {"type": "rich_text"}, "Key": {"title": []}},
        }
    )
    answer = send(workspace, "POST", "/v1/pages", padded + " " * (500_001 - len(padded)))
    assert answer.json()["code"] == "validation_error"
    assert "500000 bytes" in answer.json()["message"]


# --- Sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fits", "too_long"),
    [
        ({"Client": {"rich_text": rich("x" * 2000)}}, {"Client": {"rich_text": rich("x" * 2001)}}),
        # An emoji is two UTF-16 units.
        (
            {"Client": {"rich_text": rich("😀" * 1000)}},
            {"Client": {"rich_text": rich("😀" * 1001)}},
        ),
        (
            {"Client": {"rich_text": rich(*["x"] * 100)}},
            {"Client": {"rich_text": rich(*["x"] * 101)}},
        ),
        (
            {"Link": {"url": "https://a.example/" + "x" * 1982}},
            {"Link": {"url": "https://a.example/" + "x" * 1983}},
        ),
        (
            {"Tags": {"multi_select": [{"name": f"t{i}"} for i in range(100)]}},
            {"Tags": {"multi_select": [{"name": f"t{i}"} for i in range(101)]}},
        ),
        (
            {"Currency": {"select": {"name": "x" * 100}}},
            {"Currency": {"select": {"name": "x" * 101}}},
        ),
    ],
)
def test_a_length_is_allowed_up_to_its_limit(client, ledger, fits, too_long):
    """Texts 2000, addresses 2000, lists 100, names of options 100."""
    assert row(client, ledger, **fits)
    assert refusal(lambda: row(client, ledger, **too_long)) == (400, "validation_error")


def test_a_link_is_limited_and_must_be_one(client, ledger):
    """2000 characters, with a scheme and a host."""

    def linked(url: str) -> Any:
        item = {"type": "text", "text": {"content": "evidence", "link": {"url": url}}}
        return row(client, ledger, Client={"rich_text": [item]})

    assert linked("https://a.example/" + "x" * 1982)
    for wrong in ("https://a.example/" + "x" * 1983, "a.example", "https:///", "http://a b"):
        assert refusal(partial(linked, wrong)) == (400, "validation_error")


# --- Databases and columns ------------------------------------------------------------------------


def test_a_database_has_one_data_source_to_begin_with(workspace, client):
    """Its columns are those of `initial_data_source`."""
    made = with_ledger(workspace)
    [source] = made["data_sources"]
    assert source["name"] == "Ledger"
    answer = client.data_sources.retrieve(source["id"])
    assert answer["parent"] == {"type": "database_id", "database_id": made["id"]}
    assert answer["database_parent"] == {"type": "page_id", "page_id": workspace.page}
    assert list(answer["properties"]) == list(COLUMNS)
    assert answer["properties"]["Amount"]["number"] == {"format": "number_with_commas"}
    assert client.databases.retrieve(made["id"])["data_sources"] == made["data_sources"]


def test_columns_beside_the_initial_data_source_are_lost_by_the_client(workspace, client):
    """The trap of the reference: the client drops `properties`, and the title is called Name."""
    made = client.databases.create(
        parent={"type": "page_id", "page_id": workspace.page}, properties=COLUMNS
    )
    source = client.data_sources.retrieve(made["data_sources"][0]["id"])
    assert list(source["properties"]) == ["Name"]


def test_a_page_lists_what_stands_on_it(workspace, client, ledger):
    """Databases and what people wrote, page by page; what is in the trash is left out."""
    line = workspace.do("write_line", page=workspace.page, text="Our ledgers")
    first, second = workspace.tell("things")["databases"], with_ledger(workspace)["id"]
    listed = client.blocks.children.list(workspace.page, page_size=2)
    assert [block["id"] for block in listed["results"]] == [line, *first]
    rest = client.blocks.children.list(workspace.page, start_cursor=listed["next_cursor"])
    [block] = rest["results"]
    assert (block["id"], block["child_database"]) == (second, {"title": "Ledger"})
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    workspace.do("trash_database", database=second)
    assert second not in json.dumps(client.blocks.children.list(workspace.page))
    for wrong in ({"page_size": 0}, {"page_size": "many"}, {"start_cursor": NOWHERE}):
        call = partial(client.blocks.children.list, workspace.page, **wrong)
        assert refusal(call) == (400, "validation_error")
    workspace.do("unshare", thing=workspace.page)
    assert refusal(partial(client.blocks.children.list, workspace.page))[0] == 404


@pytest.mark.parametrize(
    "columns",
    [
        {"Client": {"rich_text": {}}},
        {"Key": {"title": {}}, "Other": {"title": {}}},
        {"Key": {"title": {}}, "Amount": {"number": {"format": "gold"}}},
        {"Key": {"title": {}}, "C": {"select": {"options": [{"name": "a,b"}]}}},
        {"Key": {"title": {}}, "C": {"select": {"options": [{"name": "USD"}, {"name": "usd"}]}}},
        {"Key": {"title": {}}, "C": {"select": {"options": [{"name": ""}]}}},
        {"Key": {"title": {}}, "C": {"multi-text": {}}},
    ],
)
def test_columns_that_are_not_possible_are_refused(workspace, columns):
    """Exactly one title, known formats, options without commas and different in any case."""
    assert refusal(lambda: with_ledger(workspace, columns)) == (400, "validation_error")


def test_the_top_of_the_workspace_takes_no_database(client):
    """An internal connection needs a page that is shared with it."""
    call = partial(client.databases.create, parent={"type": "workspace", "workspace": True})
    assert refusal(call) == (400, "validation_error")


def test_a_renamed_column_keeps_its_id(workspace, client, ledger):
    """People rename; who addresses by id does not notice."""
    before = client.data_sources.retrieve(ledger)["properties"]["Amount"]["id"]
    workspace.do("change_column", column="Amount", name="Credit")
    after = client.data_sources.retrieve(ledger)["properties"]
    assert "Amount" not in after
    assert after["Credit"]["id"] == before
    by_id: Any = {before: {"number": 5}}
    page = row(client, ledger, **by_id)
    assert page["properties"]["Credit"] == {"id": before, "type": "number", "number": 5}
    refused = refusal(lambda: row(client, ledger, Amount={"number": 5}))
    assert refused == (400, "validation_error")


def test_columns_are_added_renamed_and_removed_by_the_client(client, ledger):
    """All of it at once, or nothing."""
    source = client.data_sources.update(
        ledger,
        properties={
            "Notes": {"rich_text": {}},
            "Client": {"name": "Customer"},
            "Tags": None,
            "Amount": {"number": {"format": "euro"}},
        },
    )["properties"]
    assert {"Notes", "Customer"} <= source.keys()
    assert {"Client", "Tags"}.isdisjoint(source.keys())
    assert source["Amount"]["number"] == {"format": "euro"}
    wrong = {"More": {"rich_text": {}}, "Gone": {"name": "Never"}}
    assert refusal(lambda: client.data_sources.update(ledger, properties=wrong))[0] == 400
    assert client.data_sources.retrieve(ledger)["properties"] == source


@pytest.mark.parametrize(
    "change",
    [
        {"Key": None},
        {"Key": {"rich_text": {}}},
        {"Second": {"title": {}}},
        {"Client": {"name": "Amount"}},
        {"Currency": {"select": {"options": [{"name": "USD", "color": "red"}]}}},
        {"Amount": {"number": {"format": "gold"}}},
    ],
)
def test_a_change_of_columns_that_is_not_possible_is_refused(client, ledger, change):
    """The title stays, names are unique, an option keeps its color."""
    if "Currency" in change:
        known = client.data_sources.retrieve(ledger)["properties"]["Currency"]["select"]["options"]
        other = next(c for c in ("red", "green") if c != known[0]["color"])
        change = {"Currency": {"select": {"options": [{"name": "USD", "color": other}]}}}
    call = partial(client.data_sources.update, ledger, properties=change)
    assert refusal(call) == (400, "validation_error")


def test_an_option_that_is_left_out_is_gone(client, ledger):
    """A list of options replaces the one before; cells that had it are empty."""
    page = row(client, ledger, Currency={"select": {"name": "USD"}})["id"]
    change = {"Currency": {"select": {"options": [{"name": "EUR"}]}}}
    client.data_sources.update(ledger, properties=change)
    assert client.pages.retrieve(page)["properties"]["Currency"]["select"] is None


def test_a_column_of_another_type_converts_what_can_be_read(workspace, client, ledger):
    """As when a person makes a number a text, and back."""
    page = row(client, ledger, Amount={"number": 12.5})["id"]
    workspace.do("change_column", column="Amount", type="rich_text")
    cell = client.pages.retrieve(page)["properties"]["Amount"]
    assert cell["rich_text"][0]["plain_text"] == "12.5"
    workspace.do("change_column", column="Amount", type="number")
    assert client.pages.retrieve(page)["properties"]["Amount"]["number"] == 12.5
    column = client.data_sources.retrieve(ledger)["properties"]["Amount"]
    assert column["number"] == {"format": "number"}
    workspace.do("change_column", column="Tags", type="rich_text")
    assert client.pages.retrieve(page)["properties"]["Tags"]["rich_text"] == []


def test_with_a_second_data_source_the_database_is_no_parent(workspace, client, ledger):
    """With one it works; somebody adds another, and it does not any more."""
    database = client.data_sources.retrieve(ledger)["parent"]["database_id"]
    parent = {"type": "database_id", "database_id": database}
    made = client.pages.create(parent=parent, properties={"Key": {"title": rich("one")}})
    assert made["parent"]["data_source_id"] == ledger
    other = workspace.do("add_source")
    assert {s["id"] for s in client.databases.retrieve(database)["data_sources"]} == {ledger, other}
    with pytest.raises(APIResponseError) as caught:
        client.pages.create(parent=parent, properties={"Key": {"title": rich("two")}})
    told = caught.value.additional_data or {}
    assert told["error_type"] == "multiple_data_sources_for_database"
    assert row(client, ledger, "two")


# --- Cells ----------------------------------------------------------------------------------------


def test_a_row_comes_back_as_it_was_written(client, ledger):
    """Every type of column that a ledger needs."""
    link = {"type": "text", "text": {"content": "probe", "link": {"url": "https://a.example/1"}}}
    page = row(
        client,
        ledger,
        Client={"rich_text": [*rich("Acme "), link]},
        Month={"date": {"start": "2026-05-01"}},
        Amount={"number": 1234.56},
        Currency={"select": {"name": "EUR"}},
        Tags={"multi_select": [{"name": "api"}, {"name": "eu"}]},
        Status={"status": {"name": "Done"}},
        Link={"url": "https://a.example/"},
        Release={"checkbox": True},
    )
    cells = client.pages.retrieve(page["id"])["properties"]
    assert [(t["plain_text"], t["href"]) for t in cells["Client"]["rich_text"]] == [
        ("Acme ", None),
        ("probe", "https://a.example/1"),
    ]
    assert cells["Month"]["date"] == {"start": "2026-05-01", "end": None, "time_zone": None}
    assert cells["Amount"]["number"] == 1234.56
    assert cells["Currency"]["select"]["name"] == "EUR"
    assert [tag["name"] for tag in cells["Tags"]["multi_select"]] == ["api", "eu"]
    assert cells["Status"]["status"]["name"] == "Done"
    assert cells["Link"]["url"] == "https://a.example/"
    assert cells["Release"]["checkbox"] is True
    assert page["parent"]["data_source_id"] == ledger


def test_cells_that_nobody_wrote_are_empty(client, ledger):
    """Empty texts and lists, null, and an unticked box."""
    cells = row(client, ledger)["properties"]
    assert cells["Client"]["rich_text"] == cells["Tags"]["multi_select"] == []
    empty = [cells["Amount"]["number"], cells["Month"]["date"], cells["Currency"]["select"]]
    assert empty == [None, None, None]
    assert cells["Release"]["checkbox"] is False


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(100.0, 100), (0.1, 0.1), (2**53 + 1, 2**53), (1e21, 1e21), (-0.005, -0.005)],
)
def test_a_number_is_a_double(client, ledger, sent, kept):
    """It comes back as JavaScript has it: whole numbers bare, large ones rounded."""
    page = row(client, ledger, Amount={"number": sent})
    assert page["properties"]["Amount"]["number"] == kept
    assert type(page["properties"]["Amount"]["number"]) is type(kept)


def test_texts_alike_come_back_as_one(client, ledger):
    """Nobody may rely on where a text was cut; empty parts vanish."""
    texts = row(client, ledger, Client={"rich_text": rich("A", "", "cme")})["properties"]["Client"]
    assert [t["plain_text"] for t in texts["rich_text"]] == ["Acme"]


@pytest.mark.parametrize(
    "properties",
    [
        {"Amount": {"rich_text": rich("12")}},
        {"Client": {"title": rich("Acme")}},
        {"Bogus": {"number": 1}},
        {"Double": {"number": 1}},
        {"Changed": {"date": {"start": "2026-05-01"}}},
        {"Status": {"status": {"name": "Lost"}}},
        {"Currency": {"select": {"name": "U,S"}}},
        {"Currency": {"select": {"id": "nothing"}}},
        {"Month": {"date": {"start": "2026-02-30"}}},
        {"Month": {"date": {"start": "May 2026"}}},
        {"Month": {"date": {"start": "2026-05-02", "end": "2026-05-01"}}},
        {"Link": {"url": ""}},
    ],
)
def test_a_value_that_is_not_for_its_column_is_refused(client, ledger, properties):
    """Other types, unknown columns, formulas, statuses that are not there, days that are none."""
    assert refusal(lambda: row(client, ledger, **properties)) == (400, "validation_error")
    assert client.data_sources.query(ledger)["results"] == []


def test_a_column_is_not_written_twice_in_one_request(client, ledger):
    """By its name and by its id."""
    identity = client.data_sources.retrieve(ledger)["properties"]["Amount"]["id"]
    twice: Any = {"Amount": {"number": 1}, identity: {"number": 2}}
    assert refusal(lambda: row(client, ledger, **twice)) == (400, "validation_error")


def test_an_unknown_option_is_created_without_a_word(client, ledger):
    """A typing error becomes an option for ever; capitals alone make no new one."""

    def options() -> list[str]:
        column = client.data_sources.retrieve(ledger)["properties"]["Currency"]
        return [option["name"] for option in column["select"]["options"]]

    row(client, ledger, Currency={"select": {"name": "UDS"}})
    assert options() == ["USD", "EUR", "UDS"]
    page = row(client, ledger, Currency={"select": {"name": "usd"}})
    assert page["properties"]["Currency"]["select"]["name"] == "USD"
    assert options() == ["USD", "EUR", "UDS"]


def test_only_what_is_named_changes(workspace, client, ledger):
    """A PATCH leaves all other cells alone, also those that people wrote meanwhile."""
    page = row(client, ledger, Client={"rich_text": rich("Acme")}, Amount={"number": 1})["id"]
    workspace.do("edit", row=page, cells={"Client": "Acme Ltd."})
    cells = client.pages.update(page, properties={"Amount": {"number": 2}})["properties"]
    assert cells["Client"]["rich_text"][0]["plain_text"] == "Acme Ltd."
    assert cells["Amount"]["number"] == 2


def test_the_same_row_created_twice_is_two_rows(client, ledger):
    """There is no key that would prevent it."""
    row(client, ledger)
    row(client, ledger)
    assert len(found(client, ledger, "acme/api/2026-05/r0")) == 2


def test_times_are_rounded_down_to_the_minute(workspace, client, ledger):
    """What was made 59.999 s after noon was made at noon."""
    workspace.advance(ms=59_999)
    page = row(client, ledger)
    assert page["created_time"] == page["last_edited_time"] == "2026-06-01T12:00:00.000Z"
    workspace.advance(ms=1)
    changed = client.pages.update(page["id"], properties={"Amount": {"number": 2}})
    assert changed["created_time"] == "2026-06-01T12:00:00.000Z"
    assert changed["last_edited_time"] == "2026-06-01T12:01:00.000Z"
    assert changed["properties"]["Changed"]["last_edited_time"] == "2026-06-01T12:01:00.000Z"


def test_the_last_editor_is_the_pages(workspace, client, ledger):
    """A person who writes a note is the editor of the whole row."""
    page = row(client, ledger)
    assert page["last_edited_by"]["id"] == client.users.me()["id"]
    workspace.do("edit", row=page["id"], cells={"Client": "x"}, by="ben")
    after = client.pages.retrieve(page["id"])
    assert after["created_by"]["id"] == client.users.me()["id"] != after["last_edited_by"]["id"]


def test_an_answer_may_be_narrowed_to_some_columns(workspace, client, ledger):
    """By their ids; an unknown one is refused."""
    page = row(client, ledger)["id"]
    identity = client.data_sources.retrieve(ledger)["properties"]["Amount"]["id"]
    narrow = client.pages.retrieve(page, filter_properties=["title", identity])
    assert narrow["properties"].keys() == {"Key", "Amount"}
    [listed] = client.data_sources.query(ledger, filter_properties=[identity])["results"]
    assert listed["properties"].keys() == {"Amount"}
    wrong = partial(client.pages.retrieve, page, filter_properties=["Amount"])
    assert refusal(wrong) == (400, "validation_error")
    for parameter in ("only=title", "page_size=1"):
        assert send(workspace, "GET", f"/v1/pages/{page}?{parameter}").status_code == 400


# --- The trash ------------------------------------------------------------------------------------


def test_a_trashed_row_is_missing_in_queries_and_refuses_changes(workspace, client, ledger):
    """It can be retrieved, found in the trash, and taken out."""
    page = row(client, ledger)["id"]
    workspace.do("trash", row=page)
    assert client.pages.retrieve(page)["in_trash"] is True
    assert client.data_sources.query(ledger)["results"] == []
    [trashed] = client.data_sources.query(ledger, in_trash=True)["results"]
    assert (trashed["id"], trashed["archived"]) == (page, True)
    for body in ({"properties": {"Amount": {"number": 1}}}, {"in_trash": True}):
        refused = refusal(partial(client.pages.update, page, **body))
        assert refused == (400, "validation_error")
    both = {"in_trash": False, "properties": {"Amount": {"number": 1}}}
    assert refusal(lambda: client.pages.update(page, **both)) == (400, "validation_error")
    assert client.pages.update(page, in_trash=False)["in_trash"] is False
    assert len(client.data_sources.query(ledger)["results"]) == 1


def test_a_row_that_was_deleted_for_good_is_nowhere(workspace, client, ledger):
    """Not by its id, not in queries, not in the trash, also when queries had not seen it yet."""
    kept, gone = row(client, ledger, "kept")["id"], row(client, ledger, "gone")["id"]
    workspace.options(visible_after_ms=1_000)
    unseen = row(client, ledger, "unseen")["id"]
    for page in (gone, unseen):
        workspace.do("delete", row=page)
        assert refusal(partial(client.pages.update, page, in_trash=False))[0] == 404
    workspace.advance(seconds=2)
    assert [page["id"] for page in client.data_sources.query(ledger)["results"]] == [kept]
    assert found(client, ledger, "gone") == found(client, ledger, "gone", in_trash=True) == []


def test_a_row_goes_into_the_trash_by_either_name(client, ledger):
    """`archived` is the older word for it; both must agree."""
    page = row(client, ledger)["id"]
    both = {"in_trash": True, "archived": False}
    assert refusal(lambda: client.pages.update(page, **both)) == (400, "validation_error")
    assert client.pages.update(page, archived=True)["in_trash"] is True


def test_a_trashed_database_takes_no_rows(workspace, client, ledger):
    """It can be retrieved and says so; its rows cannot be queried."""
    workspace.do("trash_database")
    assert client.data_sources.retrieve(ledger)["in_trash"] is True
    assert refusal(lambda: row(client, ledger)) == (400, "validation_error")
    assert refusal(lambda: client.data_sources.query(ledger)) == (404, "object_not_found")
    change: Any = {"More": {"rich_text": {}}}
    assert refusal(lambda: client.data_sources.update(ledger, properties=change))[0] == 400


# --- Queries --------------------------------------------------------------------------------------


def all_titles(client: Any, ledger: str, **query: Any) -> list[str]:
    """The titles of all results, page by page."""
    listed: list[str] = []
    cursor = None
    while True:
        answer = client.data_sources.query(ledger, start_cursor=cursor, **query)
        listed += titles(answer["results"])
        cursor = answer["next_cursor"]
        assert answer["has_more"] is (cursor is not None)
        if cursor is None:
            return listed


def test_pages_of_results_give_every_row_once(workspace, client, ledger):
    """In an order that is promised to nobody, and another one the next time."""
    workspace.do("fill", rows=250)
    names = [f"row {i}" for i in range(250)]
    listed = all_titles(client, ledger, page_size=100)
    assert sorted(listed) == sorted(names)
    assert listed != names
    assert listed != all_titles(client, ledger, page_size=100)


@pytest.mark.parametrize("size", [0, 101, 1.5, -1])
def test_a_page_has_1_to_100_results(client, ledger, size):
    """Anything else is refused."""
    assert refusal(lambda: client.data_sources.query(ledger, page_size=size))[0] == 400


def test_a_cursor_belongs_to_its_query(workspace, client, ledger):
    """With another filter, or made up, it is refused."""
    workspace.do("fill", rows=3)
    cursor = client.data_sources.query(ledger, page_size=1)["next_cursor"]
    wanted = {"property": "Release", "checkbox": {"equals": False}}
    for query in ({"start_cursor": cursor, "filter": wanted}, {"start_cursor": "made-up"}):
        refused = refusal(partial(client.data_sources.query, ledger, **query))
        assert refused == (400, "validation_error")


def test_a_query_ends_at_10_000_results(workspace, client, ledger):
    """It ends like any other one and tells so beside it; a window by time shows the rest."""
    workspace.do("fill", rows=10_050, every_ms=1_000)
    cursor, given = None, 0
    while True:
        answer = client.data_sources.query(ledger, start_cursor=cursor)
        given += len(answer["results"])
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        assert answer["request_status"] == {"type": "complete"}
    assert (given, answer["has_more"]) == (10_000, False)
    assert answer["request_status"] == {
        "type": "incomplete",
        "incomplete_reason": "query_result_limit_reached",
    }
    late = "2026-06-01T14:46:00Z"  # row 9,960 on: 166 minutes after noon
    wanted = {"timestamp": "created_time", "created_time": {"on_or_after": late}}
    rest = client.data_sources.query(ledger, filter=wanted)
    assert (len(rest["results"]), rest["request_status"]) == (90, {"type": "complete"})


@pytest.mark.parametrize(
    ("told", "expected"),
    [("last", [False, True]), ("first", [True, False]), ("every", [True, True])],
)
def test_a_cut_off_query_tells_so_on_a_page_of_its_choice(
    workspace, client, ledger, told, expected
):
    """Notion says that it may be told before the last page."""
    workspace.do("fill", rows=5)
    workspace.options(query_cap=4, cap_told=told)
    first = client.data_sources.query(ledger, page_size=2)
    second = client.data_sources.query(ledger, page_size=2, start_cursor=first["next_cursor"])
    assert second["has_more"] is False
    seen = [answer["request_status"]["type"] == "incomplete" for answer in (first, second)]
    assert seen == expected


def test_exactly_as_many_results_as_allowed_are_complete(workspace, client, ledger):
    """The cap is told only when something is missing."""
    workspace.do("fill", rows=4)
    workspace.options(query_cap=4)
    answer = client.data_sources.query(ledger)
    assert (len(answer["results"]), answer["request_status"]) == (4, {"type": "complete"})


def test_a_title_is_found_whatever_its_capitals(workspace, client, ledger):
    """Undocumented, so who searches compares again; it can be switched."""
    row(client, ledger, "acme/api/2026-05/r0")
    row(client, ledger, "ACME/api/2026-05/r0")
    assert len(found(client, ledger, "acme/api/2026-05/r0")) == 2
    workspace.options(title_equals="exact")
    assert titles(found(client, ledger, "acme/api/2026-05/r0")) == ["acme/api/2026-05/r0"]
    assert found(client, ledger, "acme/api/2026-05") == []


def test_results_are_sorted_by_time_when_asked(workspace, client, ledger):
    """By creation or by the latest change, in both directions, over several pages."""
    workspace.do("fill", rows=6, every_ms=60_000)
    workspace.advance(hours=1)
    workspace.do("edit", row="row 2", cells={"Amount": 1})
    names = [f"row {i}" for i in range(6)]

    def listed(timestamp: str, direction: str) -> list[str]:
        sorts = [{"timestamp": timestamp, "direction": direction}]
        return all_titles(client, ledger, sorts=sorts, page_size=4)

    assert listed("created_time", "ascending") == names
    assert listed("created_time", "descending") == names[::-1]
    edited = [*(name for name in names if name != "row 2"), "row 2"]
    assert listed("last_edited_time", "ascending") == edited
    assert listed("last_edited_time", "descending") == edited[::-1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"on_or_after": "2026-06-01T12:02:00Z"}, {2, 3, 4}),
        ({"after": "2026-06-01T12:02:00Z"}, {3, 4}),
        # Row 2 was made at 12:02:30, and is known as one of 12:02.
        ({"on_or_after": "2026-06-01T12:02:10Z"}, {3, 4}),
        ({"before": "2026-06-01T12:02:00Z"}, {0, 1}),
        ({"on_or_before": "2026-06-01T12:02:00.000Z"}, {0, 1, 2}),
        ({"equals": "2026-06-01T14:02:00+02:00"}, {2}),
        ({"equals": "2026-06-01"}, {0, 1, 2, 3, 4}),
        ({"after": "2026-06-01"}, set()),
    ],
)
def test_a_time_is_compared_by_the_minute(workspace, client, ledger, wanted, expected):
    """Seconds of what was written are not known to a filter."""
    workspace.advance(seconds=30)
    workspace.do("fill", rows=5, every_ms=60_000)
    for timestamp in ("created_time", "last_edited_time"):
        filter_ = {"timestamp": timestamp, timestamp: wanted}
        plain = client.data_sources.query(ledger, filter=filter_)["results"]
        sorts = [{"timestamp": "created_time", "direction": "ascending"}]
        ordered = client.data_sources.query(ledger, filter=filter_, sorts=sorts)["results"]
        assert titles(ordered) == [f"row {i}" for i in sorted(expected)]
        assert sorted(titles(plain)) == titles(ordered)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"property": "Release", "checkbox": {"equals": True}}, ["b"]),
        ({"property": "Currency", "select": {"equals": "EUR"}}, ["b"]),
        ({"property": "Currency", "select": {"is_empty": True}}, ["c"]),
        ({"property": "Tags", "multi_select": {"is_empty": True}}, ["a", "b", "c"]),
        ({"property": "Month", "date": {"is_not_empty": True}}, ["a", "b"]),
        ({"property": "Status", "status": {"does_not_equal": "Done"}}, ["b", "c"]),
        ({"property": "Amount", "number": {"greater_than": 1}}, ["b"]),
        ({"property": "Key", "title": {"starts_with": "A"}}, ["a"]),
        ({"property": "Client", "rich_text": {"contains": "TIME"}}, ["b"]),
        ({"property": "Month", "date": {"on_or_after": "2026-05-01"}}, ["b"]),
        (
            {
                "or": [
                    {"property": "Key", "title": {"equals": "a"}},
                    {
                        "and": [
                            {"property": "Key", "title": {"equals": "b"}},
                            {"property": "Amount", "number": {"equals": 2}},
                        ]
                    },
                ]
            },
            ["a", "b"],
        ),
    ],
)
def test_a_filter_lets_through_what_it_says(client, ledger, wanted, expected):
    """The filters that a ledger may need."""
    row(
        client, ledger, "a", Amount={"number": 1}, Currency={"select": {"name": "USD"}},
        Status={"status": {"name": "Done"}}, Month={"date": {"start": "2026-04-01"}},
    )  # fmt: skip
    row(
        client, ledger, "b", Amount={"number": 2}, Currency={"select": {"name": "EUR"}},
        Release={"checkbox": True}, Client={"rich_text": rich("Big Times")},
        Month={"date": {"start": "2026-05-01"}},
    )  # fmt: skip
    row(client, ledger, "c")
    answer = client.data_sources.query(ledger, filter=wanted)
    assert sorted(titles(answer["results"])) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        {"property": "Gone", "title": {"equals": "a"}},
        {"property": "Amount", "rich_text": {"equals": "a"}},
        {"property": "Currency", "select": {"equals": "Gold"}},
        {"timestamp": "created_time", "created_time": {"before": "noon"}},
        {"or": [{"property": "Key", "title": {"equals": str(i)}} for i in range(101)]},
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(client, ledger, wanted):
    """Unknown columns, other types, options that are not there, more than 100 parts."""
    refused = refusal(lambda: client.data_sources.query(ledger, filter=wanted))
    assert refused == (400, "validation_error")


# --- What queries see, and when -------------------------------------------------------------------


def test_a_new_row_is_retrieved_at_once_and_found_later(workspace, client, ledger):
    """Queries see it after a time of the stand-in's clock."""
    workspace.options(visible_after_ms=3_000)
    page = row(client, ledger, "late")["id"]
    assert client.pages.retrieve(page)["id"] == page
    assert found(client, ledger, "late") == []
    workspace.advance(ms=2_999)
    assert client.data_sources.query(ledger)["results"] == []
    workspace.advance(ms=1)
    assert [one["id"] for one in found(client, ledger, "late")] == [page]


def test_a_change_is_seen_late_by_queries_too(workspace, client, ledger):
    """The title before is found until then, and the trash is late as well."""
    page = row(client, ledger, "old")["id"]
    workspace.options(visible_after_ms=3_000)
    client.pages.update(page, properties={"Key": {"title": rich("new")}})
    workspace.do("trash", row=page)
    assert titles(found(client, ledger, "old")) == ["old"]
    assert found(client, ledger, "new") == []
    workspace.advance(seconds=3)
    assert found(client, ledger, "old") == found(client, ledger, "new") == []
    assert titles(found(client, ledger, "new", in_trash=True)) == ["new"]


def test_a_clock_that_stands_still_may_move_on_with_every_request(workspace, client, ledger):
    """So that who looks again sees more, though nothing is waited for."""
    workspace.options(visible_after_ms=3_000, request_takes_ms=1_000)
    row(client, ledger, "late")
    assert [len(found(client, ledger, "late")) for _ in range(4)] == [0, 0, 1, 1]


def test_later_rows_may_be_seen_earlier(workspace, client, ledger):
    """The delay differs from row to row, and an older version never follows a newer one."""
    workspace.options(visible_after_ms=1_000, visible_spread_ms=5_000)
    pages = [row(client, ledger, f"row {i}")["id"] for i in range(20)]
    client.pages.update(pages[0], properties={"Amount": {"number": 7}})
    seen: list[str] = []
    for _ in range(70):
        workspace.advance(ms=100)
        listed = titles(client.data_sources.query(ledger)["results"])
        seen += [title for title in listed if title not in seen]
    assert sorted(seen) == sorted(f"row {i}" for i in range(20))
    assert seen != [f"row {i}" for i in range(20)]
    assert found(client, ledger, "row 0")[0]["properties"]["Amount"]["number"] == 7


# --- Limits ---------------------------------------------------------------------------------------


def outcomes(client: Client, times: int) -> list[int]:
    """The status of so many requests."""
    seen = []
    for _ in range(times):
        try:
            client.users.me()
            seen.append(200)
        except HTTPResponseError as error:
            seen.append(error.status)
    return seen


def test_a_connection_has_three_requests_a_second_on_average(workspace, client):
    """Thirty in any ten seconds, a hundred and eighty in any minute, on the workspace's clock."""
    workspace.limits(published=True, own_clock=True)
    assert outcomes(client, 31) == [200] * 30 + [429]
    workspace.advance(ms=9_999)
    assert outcomes(client, 1) == [429]
    workspace.advance(ms=1)
    assert outcomes(client, 31) == [200] * 30 + [429]
    assert limits.PUBLISHED == ((30, 10), (180, 60))


def test_too_many_requests_are_told_how_long_to_wait(workspace, client):
    """Whole seconds, which may be more than sixty, and which limit it was."""
    workspace.limits(connection=[[2, 100]], own_clock=True)
    assert outcomes(client, 2) == [200, 200]
    workspace.advance(ms=500)
    with pytest.raises(APIResponseError) as caught:
        client.users.me()
    assert caught.value.headers["Retry-After"] == "100"  # 99.5 s, rounded up
    assert caught.value.code == "rate_limited"
    assert caught.value.additional_data == {"rate_limit_reason": LIMIT_REASONS[0]}
    workspace.advance(seconds=100)
    assert outcomes(client, 1) == [200]


def test_a_workspace_has_a_limit_over_all_its_connections(workspace, client):
    """Another connection uses it up as well."""
    workspace.limits(workspace=[[3, 10]], own_clock=True)
    workspace.tell("connection", token="ntn_second", name="second")
    other = workspace.client("ntn_second")
    assert outcomes(other, 2) == [200, 200]
    assert outcomes(client, 1) == [200]
    with pytest.raises(APIResponseError) as caught:
        client.users.me()
    other.close()
    assert caught.value.additional_data == {"rate_limit_reason": LIMIT_REASONS[1]}


def test_who_does_not_wait_is_counted(workspace, client):
    """A request before the time that was named, also after a planned 429 or 529."""
    workspace.limits(connection=[[1, 5]], own_clock=True)
    assert outcomes(client, 3) == [200, 429, 429]
    assert workspace.counts()["impatient"] == 1
    workspace.advance(seconds=5)
    workspace.plan({"kind": "overloaded", "at": 4, "retry_after": 90})
    assert outcomes(client, 1) == [529]
    workspace.advance(seconds=89)
    assert outcomes(client, 1) == [200]
    assert workspace.counts()["impatient"] == 2


def test_the_limits_may_run_on_a_faster_clock(workspace, client):
    """At a scale of 1,000, ten seconds pass in ten milliseconds."""
    workspace.limits(connection=[[1, 10]], scale=1_000)
    assert outcomes(client, 1) == [200]
    time.sleep(0.011)
    assert outcomes(client, 1) == [200]


# --- Faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        ("refused", 400, "validation_error", APIResponseError),
        ("unauthorized", 401, "unauthorized", APIResponseError),
        ("forbidden", 403, "restricted_resource", APIResponseError),
        ("missing", 404, "object_not_found", APIResponseError),
        ("conflict", 409, "conflict_error", APIResponseError),
        ("rate_limited", 429, "rate_limited", APIResponseError),
        ("error", 500, "internal_server_error", APIResponseError),
        ("unavailable", 503, "service_unavailable", APIResponseError),
        ("gateway_timeout", 504, "gateway_timeout", APIResponseError),
        ("database_unavailable", 503, "database_connection_unavailable", UnknownHTTPResponseError),
        ("overloaded", 529, "service_overload", UnknownHTTPResponseError),
        ("bad_gateway", 502, None, UnknownHTTPResponseError),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_planned_error_comes_before_or_after_the_writing(workspace, client, ledger, case, when):
    """Every error of the reference's table, as the client tells it; the row is there or not."""
    kind, status, code, error = case
    workspace.plan({"kind": kind, "when": when, "operation": "pages.create"})
    with pytest.raises(error) as caught:
        row(client, ledger)
    assert caught.value.status == status
    if code is not None:
        assert json.loads(caught.value.body)["code"] == code
    assert len(workspace.rows()) == (1 if when == "after" else 0)
    assert row(client, ledger, "next")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("cut", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("short_body", httpx.RemoteProtocolError),
        ("broken_json", json.JSONDecodeError),
        ("login_page", json.JSONDecodeError),
        ("silence", RequestTimeoutError),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_planned_break_comes_before_or_after_the_writing(workspace, ledger, kind, error, when):
    """Lost answers, cut ones, pages of a hotel's network, and nothing at all."""
    client = workspace.client(timeout_ms=200)
    workspace.plan({"kind": kind, "when": when, "operation": "pages.create"})
    with pytest.raises(error):
        row(client, ledger)
    assert len(workspace.rows()) == (1 if when == "after" else 0)
    client.close()


def test_a_slow_request_is_carried_out_though_nobody_waits(workspace, ledger):
    """It times out at the client, and the row is there a moment later."""
    client = workspace.client(timeout_ms=50)
    for kind in ("delay", "late_arrival"):
        workspace.plan({"kind": kind, "seconds": 0.15, "operation": "pages.create"})
        with pytest.raises(RequestTimeoutError):
            row(client, ledger, kind)
        assert kind not in [one["cells"]["Key"] for one in workspace.rows()]
        time.sleep(0.15)
        assert kind in [one["cells"]["Key"] for one in workspace.rows()]
    client.close()


def test_two_changes_of_one_row_at_once_conflict(workspace, client, ledger):
    """The second one is told 409 while the first is worked on."""
    page = row(client, ledger)["id"]
    workspace.plan({"kind": "delay", "seconds": 0.2, "operation": "pages.update"})
    first = threading.Thread(
        target=lambda: client.pages.update(page, properties={"Amount": {"number": 1}})
    )
    first.start()
    time.sleep(0.08)
    second = workspace.client()
    change = {"Amount": {"number": 2}}
    assert refusal(lambda: second.pages.update(page, properties=change)) == (409, "conflict_error")
    first.join()
    assert second.pages.update(page, properties=change)["properties"]["Amount"]["number"] == 2
    second.close()


def test_people_act_between_two_requests(workspace, client, ledger):
    """Just before, or just after, a request is carried out."""
    page = row(client, ledger)["id"]
    edit = {"action": "edit", "row": page, "cells": {"Amount": 9}}
    workspace.plan({"kind": "meanwhile", "at": 2, "do": [edit]})
    assert client.pages.retrieve(page)["properties"]["Amount"]["number"] == 9
    workspace.plan(
        {"kind": "meanwhile", "when": "after", "at": 3, "do": [{**edit, "cells": {"Amount": 10}}]}
    )
    assert client.pages.retrieve(page)["properties"]["Amount"]["number"] == 9
    assert client.pages.retrieve(page)["properties"]["Amount"]["number"] == 10


def test_faults_are_addressed_by_number_kind_and_address(workspace, client, ledger):
    """The nth of a kind, so many times; numbers count since the last `forget`."""
    workspace.plan(
        {"kind": "error", "at": 2},
        {"kind": "conflict", "operation": "pages.create", "nth": 2, "times": 2},
        {"kind": "unavailable", "method": "GET", "path": "/v1/data_sources", "times": 0},
    )
    assert row(client, ledger)
    assert refusal(lambda: row(client, ledger))[0] == 500
    assert refusal(lambda: row(client, ledger))[0] == 409
    assert row(client, ledger)
    for _ in range(2):
        assert refusal(lambda: client.data_sources.retrieve(ledger))[0] == 503


def test_a_plan_that_makes_no_sense_is_refused(workspace):
    """A fault that could never happen would prove nothing."""
    for fault in (
        {"kind": "sulk"},
        {"kind": "late_arrival", "when": "after"},
        {"kind": "error", "reason": "none"},
    ):
        with pytest.raises(Refused):
            workspace.plan(fault)
    with pytest.raises(Refused):
        workspace.do("levitate")


# --- People ---------------------------------------------------------------------------------------


def test_people_edit_add_duplicate_and_release(workspace, client, ledger):
    """What happens in a ledger without us."""
    page = row(client, ledger, "acme/r0", Amount={"number": 1})["id"]
    workspace.do("release", row="acme/r0")
    assert client.pages.retrieve(page)["properties"]["Release"]["checkbox"] is True
    workspace.do("release", row="acme/r0", tick=False)
    workspace.do("edit", row="acme/r0", cells={"Currency": "GBP", "Status": "Done", "Client": "A"})
    copy = workspace.do("duplicate", row="acme/r0", by="ben")
    by_hand = workspace.do("add_row", cells={"Key": "mine", "Month": "2026-05-01/2026-05-03"})
    cells = client.pages.retrieve(copy)["properties"]
    assert (cells["Amount"]["number"], cells["Currency"]["select"]["name"]) == (1, "GBP")
    assert client.pages.retrieve(by_hand)["properties"]["Month"]["date"]["end"] == "2026-05-03"
    assert len(found(client, ledger, "acme/r0")) == 2
    column = workspace.do("add_column", column="Owner", type="rich_text")
    workspace.do("edit", row="mine", cells={"Owner": "Ada"})
    assert [one["cells"]["Owner"] for one in workspace.rows()] == ["", "", "Ada"]
    workspace.do("remove_column", column=column)
    assert "Owner" not in client.data_sources.retrieve(ledger)["properties"]


def one_row(server: StandIn, *faults: dict[str, Any]) -> None:
    """Write a row on a server that has something wrong with it."""
    workspace = server.workspace("wrong")
    workspace.plan(*faults)
    source = with_ledger(workspace)["data_sources"][0]["id"]
    client = workspace.client()
    with contextlib.suppress(HTTPResponseError):
        row(client, source)
    client.close()


def test_a_plan_that_cannot_happen_fails_at_the_end():
    """A person who edits a row that is not there would prove nothing."""
    edit = {"action": "edit", "row": "nobody", "cells": {}}
    with pytest.raises(Refused, match="nobody"), running() as server:
        one_row(server, {"kind": "meanwhile", "at": 1, "do": [edit]})


def test_an_answer_that_breaks_the_types_fails_at_the_end(tmp_path):
    """Held to types that want more of a page than Notion does, the stand-in reports itself."""
    schema = json.loads(or_skip().read_bytes())
    schema["definitions"]["PageObjectResponse"]["required"].append("impossible")
    stricter = tmp_path / "stricter.json"
    stricter.write_text(json.dumps(schema))
    told = ("--types", str(stricter))
    server = started("tests.standins.notion", StandIn, extra=told)
    with pytest.raises(Refused, match="not a PageObject"), server as running_server:
        one_row(running_server)


def test_a_row_is_named_by_its_id_when_its_title_is_not_unique(workspace, client, ledger):
    """Otherwise nobody would know which one was meant."""
    row(client, ledger, "twin")
    row(client, ledger, "twin")
    with pytest.raises(Refused, match="2 rows"):
        workspace.do("trash", row="twin")


# --- The stand-in itself --------------------------------------------------------------------------


def test_a_state_returns_as_often_as_wanted(workspace, client, ledger):
    """Rows, columns, what queries do not see yet, and the time; faults and log are cleared."""
    workspace.options(visible_after_ms=1_000)
    row(client, ledger, "kept")
    workspace.freeze("state")
    for _ in range(2):
        row(client, ledger, "lost")
        workspace.do("change_column", column="Amount", name="Credit")
        workspace.advance(hours=1)
        workspace.plan({"kind": "error", "times": 0})
        workspace.thaw("state")
        assert [one["cells"]["Key"] for one in workspace.rows()] == ["kept"]
        assert workspace.tell("clock")["now_ms"] == NOON
        assert workspace.counts()["count"] == 0
        assert found(client, ledger, "kept") == []
        assert "Amount" in client.data_sources.retrieve(ledger)["properties"]


def test_a_state_thaws_in_any_workspace_with_the_same_ids(stand_in, workspace, client, ledger):
    """So that a prepared stage serves thousands of cases, each with its own token."""
    page = row(client, ledger)["id"]
    workspace.freeze("prepared")
    other = stand_in.workspace("elsewhere").reset()
    other.thaw("prepared", keep_clock=True)
    theirs = other.client()
    assert theirs.pages.retrieve(page)["id"] == page
    theirs.close()
    other.do("trash", row=page)
    assert client.pages.retrieve(page)["in_trash"] is False


def test_the_log_tells_what_was_asked_and_what_came(workspace, client, ledger):
    """Requests with their bodies, and how many had which outcome."""
    page = row(client, ledger)["id"]
    refusal(lambda: client.pages.retrieve(NOWHERE))
    first, second = workspace.calls()
    assert (first["operation"], first["status"], first["answer_id"]) == ("pages.create", 200, page)
    assert first["body"]["properties"].keys() == {"Key"}
    assert (second["status"], second["code"]) == (404, "object_not_found")
    assert workspace.counts()["outcomes"] == {"pages.create 200": 1, "pages.retrieve 404": 1}
    send(workspace, "POST", "/v1/pages", "{nonsense")
    assert workspace.calls(since=3)[0]["body"] == "{nonsense"


def test_a_workspace_that_is_dropped_is_a_new_one(workspace, client, ledger):
    """Thousands of cases leave nothing behind."""
    workspace.tell("drop")
    assert refusal(client.users.me) == (401, "unauthorized")
    assert workspace.tell("things")["sources"] == {}
    assert client.users.me()["name"] == "makegood"


def test_a_request_costs_less_than_a_millisecond(stand_in, workspace, client, ledger):
    """Creating, changing and finding, of processor time; a third of that is usual."""
    before = cpu_ms(stand_in.pid)
    for number in range(200):
        page = row(client, ledger, f"row {number}", Amount={"number": number})["id"]
        client.pages.update(page, properties={"Release": {"checkbox": True}})
        assert len(found(client, ledger, f"row {number}")) == 1
    assert (cpu_ms(stand_in.pid) - before) / 600 < 1


def cpu_ms(pid: int) -> int:
    """Processor time used so far, of hundredths of a second each."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - not a file on a disk
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10


def test_memory_stays_flat_with_12_000_pages(stand_in, workspace, client, ledger):
    """Rows cost little, and requests leave nothing behind."""
    workspace.do("fill", rows=12_000)
    workspace.freeze("full")
    peak = stand_in.tell("health", {})["peak_kb"]
    for _ in range(40):
        client.data_sources.query(ledger)
        workspace.thaw("full")
    grown = stand_in.tell("health", {})["peak_kb"] - peak
    assert grown < 20_000
    assert peak < 200_000


def test_every_rule_of_the_readme_has_its_test():
    """Each line of the table names a test that is here."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    table = text.partition("## Notion")[2].partition("### What it enforces")[2].partition("###")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    named = [re.findall(r"`(test_\w+)`", line) for line in rows]
    assert len(rows) > 20
    assert all(named), [line for line, names in zip(rows, named, strict=True) if not names]
    assert [name for names in named for name in names if name not in globals()] == []
