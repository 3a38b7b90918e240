"""The ledger's row refuses to hold what could not be shown and read back."""

from datetime import date

import pytest

from models.ledger import COLUMNS, LedgerRow, LedgerStatus, brought_up_to_date, one_line
from models.money import Currency, Money

EUR = Currency.of("EUR")
USD = Currency.of("USD")
SOUND = {
    "key": "acme/api/2026-05/r0",
    "client": "Acme",
    "service": "API",
    "month": date(2026, 5, 1),
    "uptime_percent": "99.897824",
    "credit_percent": "10",
    "billable_amount": Money(100_000, EUR),
    "credit_amount": Money(10_000, EUR),
    "claim_by": date(2026, 6, 30),
    "claim_channel": "portal",
    "revision": 0,
}


def row(**fields) -> LedgerRow:
    """A sound row with some fields changed."""
    return LedgerRow(**{**SOUND, **fields})


def test_the_cells_come_in_the_order_of_the_columns():
    """So a writer needs no order of its own."""
    assert tuple(row().as_cells) == COLUMNS


def test_amounts_have_the_decimal_places_of_their_currency():
    """Yen have none, dinars three."""
    yen, dinar = Currency.of("JPY"), Currency.of("KWD")
    assert row(billable_amount=Money(1_000, yen), credit_amount=None).as_cells[
        "Billable Amount"
    ] == ("1000")
    assert row(billable_amount=Money(1_000, dinar), credit_amount=None).as_cells[
        "Billable Amount"
    ] == ("1.000")


def test_a_credit_of_zero_is_shown_and_differs_from_an_unknown_one():
    """A superseded draft shows 0.00, which keeps a column's sum right; a withheld month nothing."""
    assert row(credit_amount=Money(0, EUR)).as_cells["Credit Amount"] == "0.00"
    assert row(credit_amount=None).as_cells["Credit Amount"] == ""


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"key": "acme/api/2026-05"}, "the key must end in"),
        ({"key": "acme/api/2026-05/r1"}, "the key must end in"),
        ({"key": "Acme/api/2026-05/r0"}, "the key must end in"),
        ({"key": "=cmd/api/2026-05/r0"}, "the key must end in"),
        ({"client": "\r\n"}, "need a name"),
        ({"month": date(2026, 5, 2)}, "first day"),
        ({"uptime_percent": "99.90"}, "at least six places"),
        ({"uptime_percent": "=99.897824"}, "at least six places"),
        ({"credit_percent": "10 %"}, "plain digits"),
        ({"credit_days": "-1"}, "plain digits"),
        ({"credit_amount": Money(1, USD)}, "one currency"),
        ({"evidence": ("https://example.com/a b",)}, "no white space"),
        ({"evidence": ("",)}, "no white space"),
        ({"notes": "n" * 32_768}, "at most 32767"),
    ],
)
def test_a_row_that_could_not_be_read_back_does_not_exist(fields, fault):
    """Numbers are digits that no spreadsheet runs; words fit into a cell."""
    with pytest.raises(ValueError, match=fault):
        row(**fields)


def test_all_faults_are_named_at_once():
    """A caller mends them in one go."""
    with pytest.raises(ValueError, match=r"first day.*six places"):
        row(month=date(2026, 5, 2), uptime_percent="99.9")


def test_names_and_notes_come_as_one_line():
    """A line break in a client's name would look like another row."""
    assert one_line("Acme\r\n=1+1\x00\u2028x\x85") == "Acme =1+1 x"
    assert row(client="Acme\nGmbH", notes=" a\tb ").as_cells["Client"] == "Acme GmbH"


@pytest.mark.parametrize(
    ("shown", "becomes"),
    [("", "Approved"), ("To Review", "Approved"), ("Filed", "Filed"), ("to review", "to review")],
)
def test_status_is_ours_until_it_leaves_to_review(shown, becomes):
    """Even a differently written word is a person's."""
    cells = brought_up_to_date({"Status": shown}, row(status=LedgerStatus.APPROVED))
    assert cells["Status"] == becomes


def test_columns_of_others_are_carried_along():
    """Whatever the ledger shows beside ours stays."""
    assert brought_up_to_date({"Your Notes": "x"}, row())["Your Notes"] == "x"
