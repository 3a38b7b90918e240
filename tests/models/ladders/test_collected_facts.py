"""The catalog holds what was collected: every entry that was read has a sheet, with its figures."""

from decimal import Decimal
from fractions import Fraction

import pytest

from models.catalog import Seen
from tests.models.ladders.collected import (
    ENTRIES,
    LEFT_OUT,
    NO_FIGURES,
    READ,
    SAMPLES,
    STANDS_FOR,
    entry_of,
)
from tests.models.ladders.sheets import PATHS, sheet

pytestmark = pytest.mark.skipif(not ENTRIES, reason="the collected facts are not at hand")

NAMES = [path.stem for path in PATHS]
HELD = {*NAMES, *(STANDS_FOR[name] for name in NAMES if name in STANDS_FOR)}

OWN_CLASS = {"aws-dax-single-az": "single_az"}
"""Sheets of another class of service than the one that the entry begins with."""

NO_TARGET = {"firstdigital-latency", "packetfabric-latency", "windstream-mpls-latency", "webflow"}
"""Sheets whose entries name no commitment in percent."""

CHOSEN = {"common-paper"}
"""The commitment is chosen in the order form."""


def test_every_entry_that_was_read_has_a_sheet_or_a_reason():
    """Those on the vendor's page and those that are quoted; nothing is forgotten."""
    read = {name for name, entry in ENTRIES.items() if entry["seen"] in READ}
    assert read - HELD == set(NO_FIGURES)


def test_every_other_entry_has_a_sheet_or_is_left_out_by_name():
    """An open directory alone is a lead and no ground truth."""
    others = {name for name, entry in ENTRIES.items() if entry["seen"] not in READ}
    assert others - HELD == set(LEFT_OUT)


def test_every_sheet_has_an_entry():
    """No sheet is there that nobody collected."""
    assert HELD - set(NAMES) <= {SAMPLES}
    assert {STANDS_FOR.get(name, name) for name in NAMES} <= set(ENTRIES)


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_claims_no_more_than_was_seen(name):
    """What comes from an open directory or from memory is not called verified."""
    if entry_of(name)["seen"] not in READ:
        assert not sheet(name).seen.is_verified
    if entry_of(name)["seen"] == "B":
        assert sheet(name).seen is not Seen.PRIMARY


@pytest.mark.parametrize("name", sorted(set(NAMES) - NO_TARGET - CHOSEN))
def test_a_sheet_promises_what_was_collected(name):
    """The commitment is the entry's target, or that of the sheet's class of service."""
    entry = entry_of(name)
    target = entry.get("alt_target", {}).get(OWN_CLASS.get(name), entry.get("target"))
    assert sheet(name).credit.ladder.commitment_percent == Decimal(target)


@pytest.mark.parametrize("name", [n for n in NAMES if "brackets" in ENTRIES.get(n, {})])
def test_a_sheet_has_the_rows_that_were_collected(name):
    """Bounds, which end is meant, and credit, in the unit of the entry."""
    ladder = sheet(name).credit.ladder
    if ladder.kind == "single_threshold":
        (only,) = ENTRIES[name]["brackets"]
        assert (only["lt"], only["credit"]) == (ladder.commitment_percent, ladder.credit_percent)
    else:
        assert [row_facts(row) for row in ladder.rows] == bracket_facts(ENTRIES[name]["brackets"])


def row_facts(row):
    """Lower cut, upper cut and credit of a row of ours, in percent, days or multiples."""
    multiple = row.bracket.credit_share
    credit = row.bracket.credit if multiple is None else Fraction(multiple)
    return row.lower, row.upper, credit


def bracket_facts(brackets):
    """The same of a collected table; a row without lower bound reaches down to zero."""
    return [
        (
            cut(bracket.get("gt", bracket.get("gte", 0)), after="gt" in bracket),
            cut(bracket.get("lt", bracket.get("lte")), after="lte" in bracket),
            Fraction(bracket["credit"]),
        )
        for bracket in brackets
    ]


def cut(percent, *, after):
    """A percentage as a cut between uptimes."""
    return Fraction(percent) / 100, int(after)


WITH_BLOCKS = [n for n in NAMES if "minutes" in ENTRIES.get(n, {}).get("per_block", {})]


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_a_sheet_has_the_blocks_that_were_collected(name):
    """Length, credit, rounding and cap of a block."""
    credit, block = sheet(name).credit, ENTRIES[name]["per_block"]
    assert credit.ladder.block_minutes == block["minutes"]
    if isinstance(block["credit"], str):
        assert block["credit"].startswith(f"{credit.ladder.credit_days} day")
    else:
        assert (credit.ladder.credit_percent, credit.cap.percent) == (block["credit"], block["cap"])
    if "rounding" in block:
        assert credit.ladder.part_of_block.value == block["rounding"]


def test_vultrs_table_is_the_one_that_was_collected():
    """Minutes of one outage, and hours of service."""
    rows = [
        (row.below or row.at_most, row.credit_hours) for row in sheet("vultr").credit.ladder.rows
    ]
    assert rows == [
        (row.get("lt_minutes") or row.get("lte_minutes"), row["credit"])
        for row in ENTRIES["vultr"]["duration_table_single_outage"]
    ]


def test_8x8s_table_is_the_one_that_was_collected():
    """Three rows with both ends closed; under 99, 30 % and 5 % for each 0.1."""
    *rows, last = sheet("8x8").credit.ladder.brackets
    told = {f"{row.at_least}-{row.at_most}": row.credit_percent for row in rows}
    told |= {"<99.000": "30 + 5 per 0.1% lost, max 50"}
    assert told == ENTRIES["8x8"]["table_as_published"]
    more = (last.more.credit_percent, last.more.points, sheet("8x8").credit.cap.percent)
    assert (last.credit_percent, *more) == (30, 5, Decimal("0.1"), 50)
