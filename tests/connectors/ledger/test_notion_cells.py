"""Rows as Notion's properties and back: nothing is lost, nothing runs, nothing is too large.

What the connector writes goes through the stand-in's own reading and writing of cells, which holds
it to Notion's limits, without a socket.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import simplejson
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ledger._notion_cells import (
    LONGEST_CELL,
    LONGEST_TEXT,
    MOST_PIECES,
    differing,
    fitted,
    page_of,
    properties_of,
    units,
)
from connectors.ledger._notion_schema import Columns, compared, configs
from models.ledger import COLUMNS, LedgerRow, LedgerStatus, one_line
from models.money import Currency, Money
from tests.connectors.ledger.conformance import EUR, row
from tests.standins.notion import api, columns
from tests.standins.notion.world import Page, Source, World

CODES = ("EUR", "JPY", "KWD", "USD")
NUMBERS = ("Uptime %", "Credit %", "Credit Days", "Billable Amount", "Credit Amount", "Revision")


def table() -> tuple[World, Source, Columns]:
    """An empty table as the connector makes it, and our columns in it."""
    world = World("cells")
    source = Source("s" * 8, "d" * 8, (), 0, 0, "bot", "bot")
    columns.create(source, configs(CODES), "properties")
    told = {column.name: columns.answer(column) for column in source.columns.values()}
    ours, findings = compared(told, known={}, currencies=CODES, place="here")
    assert findings == ()
    return world, source, ours


WORLD, SOURCE, OURS = table()


def sent(given_row: LedgerRow) -> dict[str, Any]:
    """What goes over the wire, read as JSON is read by anybody."""
    body = simplejson.dumps(properties_of(fitted(given_row), OURS), use_decimal=True)
    read: dict[str, Any] = simplejson.loads(body)
    return read


def through_notion(given_row: LedgerRow):
    """The row as a page, after Notion has kept it and told it again."""
    cells = api.read_cells(SOURCE, sent(given_row), "properties")
    written = {
        column_id: columns.with_new_options(WORLD, SOURCE, column, value)
        if column.kind == "select"
        else value
        for column_id, (column, value) in cells.items()
    }
    page = Page("p" * 8, SOURCE.id, 0, 0, "bot", "ada", written)
    shown = tuple(SOURCE.columns.values())
    return page_of(api.page_answer(SOURCE, page, shown), OURS)


def digits(most: int, places: int):
    """Numbers as people write them, without needless zeros."""
    return st.integers(0, most * 10**places).map(
        lambda n: f"{Decimal(n).scaleb(-places).normalize():f}"
    )


def uptimes():
    """Percentages of six to ten places."""
    return st.integers(0, 100 * 10**10).map(lambda n: f"{Decimal(n).scaleb(-10):f}").map(
        lambda text: text.rstrip("0").ljust(text.index(".") + 7, "0")
    )  # fmt: skip


WORDS = st.text(max_size=300)
NAMES = WORDS.filter(lambda text: bool(one_line(text)))


@st.composite
def rows(draw) -> LedgerRow:
    """Any row that exists, with any words in it."""
    currency = Currency.of(draw(st.sampled_from(CODES)))
    revision = draw(st.integers(0, 40))
    money = st.integers(-(10**12), 10**12).map(lambda minor: Money(minor, currency))
    maybe_date = st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1))
    links = st.text(alphabet="abc:/?#&%=+@'😀", min_size=1, max_size=60)
    return LedgerRow(
        key=f"acme/api/2026-05/r{revision}",
        client=draw(NAMES),
        service=draw(NAMES),
        month=draw(st.dates(date(2000, 1, 1), date(2100, 1, 1))).replace(day=1),
        uptime_percent=draw(st.none() | uptimes()),
        credit_percent=draw(st.none() | digits(100, 4)),
        credit_days=draw(st.none() | digits(60, 2)),
        billable_amount=draw(money),
        credit_amount=draw(st.none() | money),
        claim_by=draw(maybe_date),
        claim_channel=draw(WORDS),
        status=draw(st.sampled_from(LedgerStatus)),
        evidence=tuple(
            draw(st.lists(links | st.just("https://status.example.com/i/1"), max_size=6))
        ),
        notes=draw(WORDS),
        revision=revision,
        posted=draw(WORDS),
    )


@given(rows())
@settings(max_examples=150, deadline=None)
def test_a_row_comes_back_from_notion_as_it_was_sent(given_row):
    """Every cell, as text and as number; and then nothing is left to be written."""
    page = through_notion(given_row)
    wanted = given_row.as_cells
    for name in COLUMNS:
        if name in NUMBERS and wanted[name]:
            assert Decimal(page.cells[name]) == Decimal(wanted[name]), name
        else:
            assert page.cells[name] == wanted[name], name
    assert differing(page, given_row, OURS) == {}
    assert LedgerRow.of_cells(given_row.as_cells).as_cells == wanted


@given(rows(), rows())
@settings(max_examples=80, deadline=None)
def test_what_differs_is_exactly_what_makes_them_equal(before, after):
    """Writing the differing cells over a row makes it the other one, Status by its own rule."""
    page = through_notion(before)
    due = differing(page, after, OURS)
    kept = before.status is not LedgerStatus.TO_REVIEW
    for name in COLUMNS:
        if name == "Status" and kept:
            assert name not in due
        elif name not in due:
            assert page.cells[name] == after.as_cells[name] or name in NUMBERS


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+SUM(A1)",
        "@x",
        "-2",
        "**bold** _it_ [x](https://evil.example) `rm`",
        "<script>alert(1)</script>",
        "{{prop('Credit Amount')}}",
        "a\x00b\x1b[31mc",
        "\u202etxt.exe",
        "👩‍👩‍👧‍👦" * 40,
        "日本語",
        "x" * 5_000,
    ],
)
def test_names_are_content_and_nothing_else(name):
    """No link, no annotation, no expression: only `content`, on one line."""
    properties = sent(row(client=name))
    pieces = properties[OURS.ids["Client"]]["rich_text"]
    assert all(piece.keys() == {"text"} and piece["text"].keys() == {"content"} for piece in pieces)
    assert all(units(piece["text"]["content"]) <= LONGEST_TEXT for piece in pieces)
    assert "".join(p["text"]["content"] for p in pieces) == row(client=name).as_cells["Client"]
    assert through_notion(row(client=name)).cells["Client"] == row(client=name).as_cells["Client"]


def test_no_character_is_broken_in_two():
    """A piece that would end in half a pair ends before it: 1,999 and 2 units are two pieces."""
    pieces = sent(row(client="x" * 1_999 + "😀"))[OURS.ids["Client"]]["rich_text"]
    assert [piece["text"]["content"] for piece in pieces] == ["x" * 1_999, "😀"]


def test_each_address_is_a_link_of_its_own():
    """One piece for each, with the blank that parts it from the next."""
    told = sent(row(evidence=("https://a.example/1", "=1+1", "http://b.example")))
    assert told[OURS.ids["Evidence URLs"]]["rich_text"] == [
        {"text": {"content": "https://a.example/1 ", "link": {"url": "https://a.example/1"}}},
        {"text": {"content": "=1+1 "}},
        {"text": {"content": "http://b.example", "link": {"url": "http://b.example"}}},
    ]


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "file:///etc/passwd", "https://", "https://x<y>", "https://a_b"]
)
def test_what_is_no_plain_address_is_no_link(text):
    """It is shown as text."""
    pieces = sent(row(evidence=(text,)))[OURS.ids["Evidence URLs"]]["rich_text"]
    assert pieces == [{"text": {"content": text}}]


def test_more_links_than_notion_holds_are_counted_and_named():
    """A hundred of 130 are shown; the row says where the others are."""
    links = tuple(f"https://status.example.com/incidents/{n}" for n in range(130))
    cells = through_notion(row(evidence=links)).cells
    assert cells["Evidence URLs"].split() == list(links[:MOST_PIECES])
    assert cells["Notes"] == (
        "Two outages. (30 more links; `makegood explain acme/api 2026-05` and the CSV ledger show "
        "all.)"
    )


def test_a_link_that_is_too_long_is_counted_and_not_cut():
    """Half an address leads nowhere."""
    cells = fitted(row(evidence=("https://a.example/" + "x" * 2_000, "https://b.example")))
    assert cells["Evidence URLs"] == "https://b.example"
    assert "(1 more links;" in cells["Notes"]


def test_the_largest_row_is_within_a_body_of_500_kilobytes():
    """Every text as long as a cell can be, of characters that take most room; it is told as cut."""
    wide = "語" * 32_000
    largest = row(client=wide, service=wide, claim_channel=wide, notes=wide, posted=wide)
    body = simplejson.dumps(
        properties_of(fitted(largest), OURS), use_decimal=True, ensure_ascii=False
    )
    assert len(body.encode()) < 500_000
    cells = through_notion(largest).cells
    assert units(cells["Client"]) <= LONGEST_CELL
    assert cells["Client"].endswith(" … (cut)")
    assert "(A text was cut; `makegood explain acme/api 2026-05`" in cells["Notes"]
    assert differing(through_notion(largest), largest, OURS) == {}


def test_numbers_go_out_with_the_digits_that_they_have():
    """Never by way of a binary fraction: the text on the wire is ours."""
    cells = fitted(row(uptime_percent="99.8978240000", credit_amount=Money(1, EUR)))
    body = simplejson.dumps(properties_of(cells, OURS), use_decimal=True)
    assert '{"number": 99.8978240000}' in body
    assert '{"number": 0.01}' in body


def test_digits_that_a_double_cannot_hold_are_rounded_down_and_told():
    """99.89999999999999999 must never be shown as 99.9, which would be no breach."""
    cells = through_notion(row(uptime_percent="99.89999999999999999")).cells
    assert cells["Uptime %"] == "99.8999999999999"
    assert "is rounded down" in cells["Notes"]


def test_amounts_are_read_in_the_places_of_their_currency():
    """Notion keeps 1000 for 1000.00; a yen has no places."""
    assert through_notion(row()).cells["Billable Amount"] == "1000.00"
    yen = Currency.of("JPY")
    in_yen = row(billable_amount=Money(100_000, yen), credit_amount=Money(1, yen))
    assert through_notion(in_yen).cells["Credit Amount"] == "1"
