"""Every rule of the linter finds its fault, where the fault is, and nothing beside it."""

import pytest

from models.defects import Defect
from models.findings import Severity
from models.linting.ladders import lint_terms
from tests.models.ladders.sheets import PATHS, sheet
from tests.models.linting.ladders import broken, findings, table, terms

SOUND = (
    "below: 99.9, at_least: 99.0, credit_percent: 10",
    "below: 99.0, at_least: 95.0, credit_percent: 25",
    "below: 95.0, credit_percent: 100",
)
PER_EVENT = """
ladder: {kind: per_event, commitment_percent: 99.9, qualifying_minutes: 50000, credit_percent: 5}
cap: {percent: 30}
"""
MINUTES = """
ladder:
  kind: duration_table
  commitment_percent: 100
  each: month
  rows:
    - {at_least: 10, credit_percent: 10}
    - {at_least: 60, credit_percent: 20}
    - {at_least: 120, credit_percent: %s}
"""


def test_a_sound_table_has_no_finding():
    """Rows that fall from the commitment down to 0, each one earning more."""
    assert broken(table(*SOUND)) == []


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        (("below: 99.5, credit_percent: 10",), ["first_tier"]),
        (("at_most: 99.9, credit_percent: 10",), ["first_tier"]),
        (("below: 99.9, at_least: 99, credit_percent: 10",), ["gap"]),
        ((SOUND[0], "below: 98.9, credit_percent: 25"), ["gap"]),
        ((SOUND[0], "below: 99.5, credit_percent: 25"), ["overlap"]),
        (
            (SOUND[0], SOUND[0], "below: 99.0, credit_percent: 25"),
            ["disorder", "overlap", "unreachable"],
        ),
        ((SOUND[0], "below: 99.0, credit_percent: 5"), ["shrinking"]),
        (("below: 99.9, credit_percent: 0",), ["pays_nothing"]),
        (
            ("below: 99.9, at_least: 99, credit_percent: 1", "below: 99, credit_percent: 11"),
            ["leap"],
        ),
    ],
)
def test_a_fault_of_a_table_is_named(rows, rules):
    """By the rule that found it; a gap at the commitment is one of the first tier."""
    assert broken(table(*rows)) == rules


def test_a_row_inside_another_one_is_never_the_only_answer():
    """Wherever it holds, the row above it holds as well."""
    inside = table(SOUND[0], "below: 99.5, at_least: 99.2, credit_percent: 10", *SOUND[1:])
    (found,) = findings(inside, Defect.UNREACHABLE)
    assert found.startswith("here: ladder.brackets[1] holds no uptime that is not in another row")


def test_a_cap_below_the_first_tier_makes_all_tiers_one():
    """5 % at the most, where the mildest miss earns 10."""
    capped = table(*SOUND, beside="cap: {percent: 5}")
    assert broken(capped) == ["cap_below_first_tier", "cut_tier"]
    (found,) = findings(capped, Defect.CAP_BELOW_FIRST_TIER)
    assert "ladder.brackets[0].credit_percent is 10, more than the cap of 5" in found


def test_a_tier_above_the_cap_is_never_paid_in_full():
    """The first two are, the last one is not."""
    capped = table(*SOUND, beside="cap: {percent: 50}")
    (found,) = findings(capped, Defect.CUT_TIER)
    assert "ladder.brackets[2].credit_percent is 100, more than the cap of 50" in found
    assert broken(table(*SOUND, beside="cap: {percent: 100}")) == []


def test_a_cap_below_the_first_block_is_found_without_a_table():
    """Every block earns 5 %, and a month 3 at the most."""
    blocks = "{kind: per_block, commitment_percent: 99.9, block_minutes: 30, credit_percent: 5}"
    assert broken(terms(f"ladder: {blocks}\ncap: {{percent: 3}}")) == ["cap_below_first_tier"]
    assert broken(terms(f"ladder: {blocks}\ncap: {{percent: 5}}")) == []


def test_a_promise_without_worth_is_found_for_any_kind():
    """No outage of a month lasts 50,000 minutes."""
    assert broken(terms(PER_EVENT)) == ["pays_nothing"]


def test_a_right_is_worth_something():
    """Terms that give no credit at all say so by their kind."""
    assert broken(terms("ladder: {kind: no_credit, commitment_percent: 99.8}")) == []


def test_a_table_on_minutes_whose_worth_falls_and_rises_is_found():
    """20 % for an hour are 0.33 a minute; 60 % for two hours are 0.5, 30 % are 0.25."""
    assert broken(terms(MINUTES % 60)) == ["uneven"]
    assert broken(terms(MINUTES % 30)) == []


def test_terms_that_uptime_does_not_answer_are_left_alone():
    """Latency earns whatever the uptime is."""
    assert broken("verizon-pip") == []


def test_what_a_table_says_of_its_rows_is_not_said_again_of_its_answers():
    """One finding for one gap, with the field of its row."""
    gap = table(SOUND[0], "below: 98.9, credit_percent: 25")
    (found,) = lint_terms(gap, "here")
    assert (found.rule, found.field) == (Defect.GAP, "ladder.brackets[1].below")


def test_a_bound_of_the_wrong_kind_is_told_to_change_its_kind():
    """99.9 cannot be lowered to 99.9, nor 99 be raised to 99."""
    found = sheet("github-legacy").findings("sheet")
    remedies = {one.field: one.remedy for one in found}
    assert remedies["credit.ladder.brackets[0].at_most"].startswith("Write below: 99.9 instead")
    assert remedies["credit.ladder.brackets[1].below"].startswith("Write at_most: 99 instead")


def test_faults_of_a_published_table_are_warnings():
    """It stays as it was published; the same table of our own is an error."""
    rows = ("below: 99.5, credit_percent: 10",)
    for published, severity in (("false", Severity.ERROR), ("true", Severity.WARNING)):
        given = table(*rows, more=f"  as_published: {published}\n")
        assert {found.severity for found in lint_terms(given, "here")} == {severity}


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_every_finding_about_a_sheet_names_its_rule(name):
    """A script can tell them apart."""
    assert all(rule in set(Defect) for rule in broken(name))
    assert sheet(name).id == name
