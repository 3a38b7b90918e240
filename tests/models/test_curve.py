"""What terms earn over all uptimes: stretches without holes, exact at every bound."""

from fractions import Fraction
from itertools import pairwise

import pytest

from models.curve import MONTH_SECONDS, answer_at, bends, curve_of
from models.linting.earnings import stretch_text
from tests.models.ladders.sheets import PATHS, sheet
from tests.models.linting.ladders import terms

NAMES = [path.stem for path in PATHS]


def told(given):
    """Every stretch in words, with what it earns at both of its ends, in percent or days."""
    credit = sheet(given).credit if isinstance(given, str) else given
    curve = curve_of(credit)
    unit = 1 if curve.in_days else 100
    ends = [(one.at_upper.earned, one.at_lower.earned) for one in curve.stretches]
    return [
        (stretch_text(one), *(None if end is None else end * unit for end in both))
        for one, both in zip(curve.stretches, ends, strict=True)
    ]


def test_a_table_is_its_rows_from_100_down():
    """Lower ends included, upper ends not."""
    assert told("aws-s3-standard") == [
        ("99.9 % <= uptime", 0, 0),
        ("99 % <= uptime < 99.9 %", 10, 10),
        ("95 % <= uptime < 99 %", 25, 25),
        ("uptime < 95 %", 100, 100),
    ]


def test_a_gap_is_a_stretch_of_its_own():
    """Both of Auth0's, with the ends that the rows leave."""
    gaps = [words for words, earned, _ in told("auth0-public") if earned is None]
    assert gaps == ["99.98 % < uptime < 99.99 %", "98.49 % < uptime < 98.5 %"]


def test_one_uptime_alone_may_be_a_gap():
    """GitHub's 99.0 is in no row, and 99.9 earns although it meets the commitment."""
    assert [words for words, *_ in told("github-legacy")] == [
        "99.9 % < uptime",
        "uptime = 99.9 %",
        "99 % < uptime < 99.9 %",
        "uptime = 99 %",
        "uptime < 99 %",
    ]


def test_a_line_rises_until_its_cap():
    """100 x the lost time: 1 % at the gate of 99.99, the cap of 25 % from 99.75 down."""
    assert told("algolia") == [
        ("99.99 % <= uptime", 0, 0),
        ("99.75 % < uptime < 99.99 %", 1, 25),
        ("uptime <= 99.75 %", 25, 25),
    ]


def test_steps_that_no_field_names_are_found():
    """Blocks of an hour beyond the allowance of 216 minutes: 276 of 43,200 are the first one."""
    (_, first, *_) = told("ovh-kms")
    assert first[1:] == (5, 5)
    second = curve_of(sheet("ovh-kms").credit).stretches[1]
    assert (second.upper, second.upper_included) == (1 - Fraction(276, 43_200), True)


def test_the_greater_of_two_bends_where_they_meet():
    """10 %, or the lost time where that is more: from 90 % uptime down."""
    assert told("coupa")[1:] == [
        ("90 % < uptime < 99.8 %", 10, 10),
        ("uptime <= 90 %", 10, 100),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_stretches_lie_side_by_side(name):
    """From 0 to 1, each where the one below it ends, and every end in exactly one of two."""
    rising = curve_of(sheet(name).credit).stretches[::-1]
    assert rising[0].lower == 0
    assert rising[-1].upper == 1
    assert rising[0].lower_included
    assert rising[-1].upper_included
    for lower, upper in pairwise(rising):
        assert lower.upper == upper.lower
        assert lower.upper_included is not upper.lower_included


@pytest.mark.parametrize("name", NAMES)
def test_a_stretch_says_what_the_terms_say(name):
    """At every uptime that the terms name, and between each two of them."""
    credit = sheet(name).credit
    stretches = curve_of(credit).stretches
    named = sorted(bends(credit))
    for at in [*named, *((low + high) / 2 for low, high in pairwise(named))]:
        (holding,) = [one for one in stretches if holds(one, at)]
        earned = answer_at(credit, at).earned
        best, worst = holding.at_upper.earned, holding.at_lower.earned
        if best is None or worst is None or earned is None:
            assert (best, worst, earned) == (None, None, None)
        else:
            assert best <= earned <= worst


def holds(one, at):
    """Whether an uptime lies in a stretch."""
    above = at >= one.lower if one.lower_included else at > one.lower
    below = at <= one.upper if one.upper_included else at < one.upper
    return above and below


def test_terms_that_look_at_more_than_uptime_say_so():
    """A latency is not known from the uptime; that is no gap of a table."""
    curve = curve_of(sheet("packetfabric-latency").credit)
    assert curve.unanswered == "the metric latency_ms is not stated for the period"


def test_conditions_of_other_periods_are_taken_as_met():
    """HubSpot pays from the second miss on; the curve is what that one earns."""
    assert told("hubspot")[-1][2] == 100


def test_minutes_and_points_are_places_to_look_at():
    """An hour of 30 days, and three tenths of a point below 99.5."""
    blocks = terms(
        "ladder: {kind: per_block, commitment_percent: 99.9, block_minutes: 60, credit_percent: 5}"
    )
    assert 1 - 3600 / MONTH_SECONDS in bends(blocks)
    assert Fraction("0.992") in bends(sheet("cornerstone").credit)
