"""Uptime brackets: the tier is chosen on the exact value; every uptime has one answer or none."""

from fractions import Fraction

import pytest
from pydantic import ValidationError

from models.findings import Severity
from models.kinds.uptime_brackets import UptimeBrackets
from tests.models.ladders.months import month
from tests.models.ladders.sheets import exact_yaml, sheet


def ladder(rows, *, commitment="99.9", as_published="false"):
    """A ladder from its rows as a person writes them, `below: 99.9, credit_percent: 10`."""
    listed = "".join(f"- {{{row}}}\n" for row in rows)
    head = f"commitment_percent: {commitment}\nas_published: {as_published}\nbrackets:\n"
    return UptimeBrackets.model_validate(exact_yaml(head + listed))


THREE = (
    "below: 99.9, at_least: 99.0, credit_percent: 10",
    "below: 99.0, at_least: 95.0, credit_percent: 25",
    "below: 95.0, credit_percent: 100",
)


def percent_of(table, uptime):
    """The credit percent at an uptime; "gap" where no row answers."""
    assessed = table.assess(month(uptime=uptime))
    return "gap" if assessed.gap else assessed.share * 100


@pytest.mark.parametrize(
    ("uptime", "percent"),
    [
        ("100", 0),
        ("99.9", 0),
        ("99.8999999999", 10),
        ("99.0", 10),
        ("98.9999999999", 25),
        ("95.0", 25),
        ("94.9999999999", 100),
        ("0", 100),
    ],
)
def test_uptime_exactly_on_a_threshold_earns_the_milder_tier(uptime, percent):
    """Lower bounds are included, upper bounds are not."""
    assert percent_of(ladder(THREE), uptime) == percent


def test_the_order_of_rows_does_not_choose_the_tier():
    """Whoever sorts by credit and takes the first minimum that is met pays the top tier always."""
    shuffled = ladder((THREE[2], THREE[0], THREE[1]))
    assert percent_of(shuffled, "99.5") == 10


def test_a_breach_that_prints_as_met_is_a_breach():
    """99.897824 shows as 99.90 with two places; the exact value is below 99.9."""
    assessed = ladder(THREE).assess(month(uptime="99.897824"))
    assert assessed.breached
    assert assessed.reasons == (
        "uptime 99.897824 % is below the commitment of 99.9 %",
        "tier 99 <= uptime < 99.9 earns 10 % of the billable amount",
    )


def test_with_upper_bounds_alone_the_lowest_matching_row_wins():
    """Below 99.99, below 99, below 95: at 94 all three match, and the last one holds."""
    azure = ladder(
        ("below: 99.99, credit_percent: 10", "below: 99, credit_percent: 25",
         "below: 95, credit_percent: 100"),
        commitment="99.99",
    )  # fmt: skip
    assert [percent_of(azure, uptime) for uptime in ("99.99", "99.5", "99", "98", "94")] == [
        0, 10, 10, 25, 100,
    ]  # fmt: skip
    assert azure.findings("azure.yaml") == ()
    assert azure.assess(month(uptime="99.5")).tier == "99 <= uptime < 99.99"


def test_a_commitment_of_100_pays_for_the_smallest_downtime():
    """A millisecond is below 100; nothing is divided by an allowance of zero."""
    arc = sheet("aws-arc").credit.ladder
    assert percent_of(arc, "100") == 0
    assert arc.assess(month(down_minutes=Fraction(1, 60_000))).share == Fraction(10, 100)


def test_bounds_may_be_included_above_and_left_out_below():
    """`at_most` includes its bound, `above` does not."""
    table = ladder(
        ("at_most: 99.9, above: 99, credit_percent: 10", "at_most: 99, credit_percent: 25"),
        as_published="true",
    )
    assert [percent_of(table, uptime) for uptime in ("99.91", "99.9", "99.01", "99")] == [
        0, 10, 10, 25,
    ]  # fmt: skip
    assert [row.tier for row in table.rows] == ["99 < uptime <= 99.9", "uptime <= 99"]


def test_a_published_table_may_pay_at_the_commitment_itself():
    """GitHub's old table starts at 99.9, which meets its commitment: a credit without a breach."""
    assessed = sheet("github-legacy").credit.ladder.assess(month(uptime="99.9"))
    assert (assessed.breached, assessed.share) == (False, Fraction(10, 100))


def test_a_value_in_the_gap_of_a_published_table_has_no_answer():
    """Exactly 99.0 is in no row of GitHub's old table."""
    assessed = sheet("github-legacy").credit.ladder.assess(month(uptime="99.0"))
    assert assessed.gap == "uptime 99 % has no tier: no row of the table holds it"
    assert (assessed.breached, assessed.tier, assessed.share) == (True, None, 0)


def test_rows_that_overlap_and_differ_have_no_answer_where_both_hold():
    """99.9 is in two rows of such a table; elsewhere each row answers."""
    table = ladder(
        ("at_most: 99.99, at_least: 99.9, credit_percent: 5",
         "at_most: 99.9, credit_percent: 10"),
        commitment="100", as_published="true",
    )  # fmt: skip
    assert [percent_of(table, uptime) for uptime in ("99.95", "99.9", "99.8")] == [5, "gap", 10]
    assert "brackets[0] (99.9 <= uptime <= 99.99) and brackets[1]" in (
        table.assess(month(uptime="99.9")).gap
    )


def test_rows_in_days_earn_days_and_no_share():
    """7 days for 98.965278 %."""
    table = ladder(("below: 99.9, credit_days: 3",))
    assessed = table.assess(month(uptime="99"))
    assert (assessed.days, assessed.share, table.in_days) == (3, 0, True)
    assert assessed.reasons[-1] == "tier uptime < 99.9 earns 3 days of service"


def test_a_row_may_earn_nothing():
    """A credit of 0 is an answer, not a missing one."""
    assert percent_of(ladder(("below: 99.9, credit_percent: 0",)), "50") == 0


def sentences(table):
    """The findings of a table, without their common tail."""
    return [f"{one.field} {one.fact}" for one in table.findings("acme.yaml")]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            ("below: 99.5, credit_percent: 10",),
            ["brackets[0].below is 99.5, which leaves a gap up to 99.9"],
        ),
        (
            ("below: 99.9, at_least: 99, credit_percent: 10", "below: 98, credit_percent: 25"),
            ["brackets[1].below is 98, which leaves a gap up to 99"],
        ),
        (
            ("below: 99.9, at_least: 99, credit_percent: 10",),
            ["brackets[0] leaves uptime under 99 without a row"],
        ),
        (
            ("below: 99.9, at_least: 98, credit_percent: 10", "below: 99, credit_percent: 25"),
            ["brackets[1].below is 99, which overlaps the row above it, from 98"],
        ),
        (
            (
                "below: 99.9, at_least: 95, credit_percent: 10",
                "below: 99, at_least: 98, credit_percent: 20",
                "below: 95, credit_percent: 30",
            ),
            ["brackets[1].below is 99, which overlaps the row above it, from 95"],
        ),
        (
            ("below: 99.95, credit_percent: 10",),
            ["brackets[0].below is 99.95, which overlaps the commitment 99.9"],
        ),
        (
            ("at_most: 99.9, credit_percent: 10",),
            ["brackets[0].at_most is 99.9, which overlaps the commitment 99.9"],
        ),
        (
            ("below: 99, credit_percent: 25", "below: 99.9, credit_percent: 10"),
            ["brackets[1].below is 99.9, not under brackets[0].below 99"],
        ),
        (
            ("below: 99.9, credit_percent: 10", "below: 99.9, credit_percent: 25"),
            [
                "brackets[1].below is 99.9, not under brackets[0].below 99.9",
                "brackets[1].below is 99.9, which overlaps the row above it, from 0",
            ],
        ),
        (
            ("below: 99.9, credit_percent: 25", "below: 99, credit_percent: 10"),
            ["brackets[1] earns 10, less than 25 in the row above"],
        ),
        (
            ("below: 99.9, credit_percent: 10", "below: 99, credit_days: 7"),
            ["brackets[1] pays in another unit than brackets[0]",
             "brackets[1] earns 7, less than 10 in the row above"],
        ),
    ],
)  # fmt: skip
def test_a_defective_table_is_an_error_unless_it_was_published_so(rows, found):
    """The same faults are warnings once the table is kept as published; mixed units never are."""
    assert sentences(ladder(rows)) == found
    assert {one.severity for one in ladder(rows).findings("")} == {Severity.ERROR}
    kept = ladder(rows, as_published="true").findings("")
    mixed = {"brackets[1]"} if "another unit" in found[0] else set()
    assert {one.field for one in kept if one.severity is Severity.ERROR} == mixed


def test_a_finding_says_what_to_do():
    """Place, field, value, expectation, remedy."""
    (finding,) = ladder(("below: 99.5, credit_percent: 10",)).findings("acme.yaml:14")
    assert str(finding) == (
        "acme.yaml:14: brackets[0].below is 99.5, which leaves a gap up to 99.9; every uptime "
        "under the commitment has exactly one row. Raise it to 99.9, or keep a table as its vendor "
        "published it with as_published: true."
    )


def test_a_sound_table_has_no_findings():
    """Falling rows that meet at their bounds."""
    assert ladder(THREE).findings("acme.yaml") == ()


@pytest.mark.parametrize(
    "row",
    [
        "credit_percent: 10",
        "at_least: 99, credit_percent: 10",
        "below: 99.9, at_most: 99.9, credit_percent: 10",
        "below: 99.9, at_least: 99, above: 99, credit_percent: 10",
        "below: 99.9",
        "below: 99.9, credit_percent: 10, credit_days: 3",
        "below: 99, at_least: 99.9, credit_percent: 10",
        "below: 99, at_least: 99, credit_percent: 10",
        "below: 99.9, credit_percent: -1",
        "below: 99.9, credit_percent: 101",
        "below: 100.1, credit_percent: 10",
        "below: 99.9, credit_percent: NaN",
        "below: '99,9', credit_percent: 10",
        "below: 99.9, credit_percent: true",
        "under: 99.9, credit_percent: 10",
    ],
)
def test_a_row_that_means_nothing_is_refused(row):
    """No upper bound, two of a kind, no credit, two credits, reversed, out of range, no number."""
    with pytest.raises(ValidationError):
        ladder((row,))
