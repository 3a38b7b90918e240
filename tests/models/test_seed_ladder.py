"""The kit's ladder blocks load as they stand, and what is wrong with one is said field by field."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from models.claims.terms import ClaimTerms
from models.contract import CreditTerms
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import Bracket, UptimeBrackets
from models.seed_ladder import indented_form, is_seed_ladder, seed_terms
from tests.models.ladders.sheets import SHARED, exact_yaml, sheet

SEED = next(iter(sorted((SHARED / "seeds").glob("004_*.txt"))), Path("absent"))

TABLE = {
    "vendor": "Amazon S3",
    "threshold_kind": "uptime_brackets",
    "brackets": [
        {"range": "<99.9% and ≥99.0%", "credit_percent": 10},
        {"range": "<99.0% and ≥95.0%", "credit_percent": 25},
        {"range": "<95.0%", "credit_percent": 100},
    ],
    "notes": ["Claim window: by end of the [SECOND BILLING CYCLE] following the incident month."],
}
STEP = {
    "vendor": "Twilio APIs",
    "threshold_kind": "availability_threshold",
    "monthly_threshold_percent": Decimal("99.95"),
    "brackets": [{"when_actual_below_threshold": True, "credit_percent": [10]}],
    "notes": ["Claim window: within [30 DAYS] after end of month. Confirm current SLA."],
}


def terms_of(block):
    """The terms of a block without findings."""
    terms, found = seed_terms(block, place="acme.yaml")
    assert [str(finding) for finding in found] == []
    return terms


def brackets_of(terms):
    """The rows of a table."""
    return terms.ladder.brackets


def findings_of(block):
    """The findings of a block that cannot be used, as the sentences that people read."""
    terms, found = seed_terms(block, place="acme.yaml")
    assert terms is None
    return [str(finding) for finding in found]


def test_the_table_of_the_kit_is_the_catalogs_ladder():
    """Amazon S3 in the kit's words and in ours is one ladder with one deadline."""
    terms = terms_of(TABLE)
    assert terms.ladder == sheet("aws-s3-standard").credit.ladder
    assert terms.claim.billing_cycles == 2


def test_the_single_threshold_of_the_kit_is_the_catalogs_ladder():
    """Twilio in the kit's words and in ours; `[10]` is 10. The sheet also says how to claim."""
    terms, known = terms_of(STEP), sheet("twilio-apis").credit
    assert terms == known.model_copy(update={"claim": terms.claim})
    assert terms.claim.rules == known.claim.rules


def test_a_table_may_start_below_a_threshold():
    """`when_actual_below_threshold` in a table is the row below the monthly threshold."""
    rows = [{"when_actual_below_threshold": True, "credit_percent": 5}]
    ladder = terms_of(
        TABLE | {"monthly_threshold_percent": "99.5", "brackets": rows, "notes": None}
    ).ladder
    assert [row.tier for row in ladder.rows] == ["uptime < 99.5"]


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ("<99.9% and ≥99.0%", {"below": "99.9", "at_least": "99.0"}),
        ("< 99.9 % and >= 99.0 %", {"below": "99.9", "at_least": "99.0"}),
        ("≤99.9 and >99", {"at_most": "99.9", "above": "99"}),
        (">=99.0%, <99.9%", {"below": "99.9", "at_least": "99.0"}),
        ("=<99.9% & =>99.0%", {"at_most": "99.9", "at_least": "99.0"}),
        (["<99.9%"], {"below": "99.9"}),
    ],
)
def test_ranges_are_read_in_every_spelling(written, bounds):
    """With and without %, blanks and either sign; a list of one is that one."""
    block = TABLE | {"as_published": True, "brackets": [{"range": written, "credit_percent": 10}]}
    terms, _ = seed_terms(block, place="acme.yaml")
    (bracket,) = brackets_of(terms)
    assert bracket == Bracket.model_validate({**bounds, "credit_percent": 10})


@pytest.mark.parametrize(
    "written",
    [
        "99.0-99.9",
        "<99,9%",
        "below 99",
        "<",
        "<101% and",
        "<99 and <95",
        "",
        ">=95.0%",
        "<95 and ≥99",
    ],
)
def test_a_range_that_cannot_be_read_is_a_finding_at_its_field(written):
    """Signs, order and digits are demanded; nothing is guessed."""
    rows = [*TABLE["brackets"][:2], {"range": written, "credit_percent": 100}]
    found = findings_of(TABLE | {"brackets": rows})
    assert all(sentence.startswith("acme.yaml: brackets[2].range is") for sentence in found)
    assert found


def test_a_gap_between_ranges_is_a_finding_in_the_kits_words():
    """99.0 down to 98.0 has no row; the finding names `range`, not our own bounds."""
    rows = [TABLE["brackets"][0], {"range": "<98.0%", "credit_percent": 25}]
    (found,) = findings_of(TABLE | {"brackets": rows})
    assert found == (
        "acme.yaml: brackets[1].range is 98, which leaves a gap up to 99; every uptime under the "
        "commitment has exactly one row. Raise it to 99, or keep a table as its vendor published "
        "it with as_published: true."
    )


def test_every_unfilled_placeholder_is_named():
    """The kit's own "Add your own" block, as YAML reads it: a slot is a list of one word."""
    block = {
        "vendor": ["YOUR SLA NAME"],
        "threshold_kind": ["availability_threshold|uptime_brackets"],
        "monthly_threshold_percent": ["OPTIONAL"],
        "brackets": [{"range": "[<X% and ≥Y%]", "credit_percent": ["N"]}],
    }
    assert [re.findall(r"placeholder (\[.*?\]);", one) for one in findings_of(block)] == [
        ["[YOUR SLA NAME]"],
        ["[OPTIONAL]"],
        ["[N]"],
        ["[<X% and ≥Y%]"],
        ["[availability_threshold|uptime_brackets]"],
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold_kind": "tiers"}, "threshold_kind is 'tiers'; availability_threshold or"),
        ({"threshold_kind": "availability_threshold"}, "monthly_threshold_percent is missing;"),
        ({"brackets": []}, "brackets is []; a list of rows"),
        ({"brackets": None}, "brackets is None; a list of rows"),
        ({"brackets": ["<99%"]}, "brackets[0] is '<99%'; a row with range"),
        ({"brackets": [{"credit_percent": 5}]}, "brackets[0] has both or neither; either a range"),
        ({"brackets": [{"range": "<99.9%"}]}, "brackets[0].credit_percent is missing;"),
        (
            {"brackets": [{"range": "<99.9%", "credit_percent": 120}]},
            "brackets[0].credit_percent is 120; a percentage from 0 to 100",
        ),
        (
            {"brackets": [{"range": "<99.9%", "credit_percent": 5, "credit": 5}]},
            "brackets[0].credit is no field of a row; one of range",
        ),
        (
            {"brackets": [{"when_actual_below_threshold": True, "credit_percent": 5}]},
            "brackets[0].when_actual_below_threshold is true; monthly_threshold_percent beside it",
        ),
        ({"ladder": 1}, "ladder is no field of a credit_ladder; one of vendor"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(change, sentence):
    """One fault, and its sentence is among the findings."""
    assert any(one.startswith(f"acme.yaml: {sentence}") for one in findings_of(TABLE | change))


def test_a_single_threshold_takes_no_ranges():
    """A table under availability_threshold is a mistake of kind."""
    block = STEP | {"brackets": TABLE["brackets"]}
    (found,) = findings_of(block)
    assert "brackets are ranges or several rows" in found


def test_something_else_than_a_block_is_refused():
    """A flattened block leaves nothing under `credit_ladder`."""
    assert findings_of(None) == [
        "acme.yaml: is None; a block with vendor, threshold_kind and brackets. Correct it."
    ]


def test_a_claim_window_that_cannot_be_read_is_a_warning():
    """Six weeks are no window of the kit's; the terms are used without a deadline."""
    notes = "Claim within 6 weeks."
    terms, (found,) = seed_terms(STEP | {"notes": notes}, place="acme.yaml")
    assert terms == CreditTerms(ladder=sheet("twilio-apis").credit.ladder, claim=ClaimTerms())
    assert str(found).startswith("acme.yaml: notes name a claim window that could not be read")


def test_only_the_kits_words_are_taken_for_the_kits_block():
    """Our own kinds say `kind`, the kit says `threshold_kind`."""
    assert is_seed_ladder(TABLE)
    assert not is_seed_ladder({"kind": "uptime_brackets"})
    assert not is_seed_ladder(None)


INDENTED = """\
service_id: api
credit_ladder:
  vendor: Amazon S3
  threshold_kind: uptime_brackets
  brackets:
    - range: "<99.9% and ≥99.0%"
      credit_percent: 10
    - range: "<99.0%"
      credit_percent: 25
  notes:
    - Applies to all classes.
service_name: API
"""


def test_a_flattened_block_is_shown_as_it_was_meant():
    """Every line of the block gets its column back; what stands around it stays."""
    flattened = "\n".join(line.strip() for line in INDENTED.split("\n"))
    assert indented_form(flattened) == INDENTED


@pytest.mark.parametrize("text", [INDENTED, "service_id: api\n", "", "credit_ladder: {}\n"])
def test_a_text_that_is_not_flattened_has_no_other_form(text):
    """There is nothing to show."""
    assert indented_form(text) is None


def test_comments_and_blank_lines_survive():
    """They keep their place between the lines of the block."""
    text = "credit_ladder:\nvendor: A\n\n# mine\nthreshold_kind: uptime_brackets"
    assert indented_form(text) == (
        "credit_ladder:\n  vendor: A\n\n# mine\n  threshold_kind: uptime_brackets"
    )


def seed_blocks():
    """The three filled ladder blocks of the kit, as its text has them."""
    text = SEED.read_text(encoding="utf-8")
    section = text[text.index("Template: SLA Credit Ladders") : text.index("Add your own:")]
    blocks = section.split("credit_ladder:\n")[1:]
    ends = [re.split(r"\n[A-Z].*:\n?$", block)[0] for block in blocks]
    return [f"credit_ladder:\n{block}".rstrip() for block in ends]


@pytest.mark.skipif(not SEED.is_file(), reason="the kit's text is not at hand")
@pytest.mark.parametrize(
    ("number", "kind", "percents", "claim"),
    [
        (0, SingleThreshold, [10], {"within_days": 30}),
        (1, UptimeBrackets, [10, 25, 100], {"billing_cycles": 2}),
        (2, UptimeBrackets, [10, 25, 50], {}),
    ],
)
def test_the_kits_own_blocks_load_once_indented(number, kind, percents, claim):
    """Flattened in the text; with the indentation given back they load without a finding."""
    shown = indented_form(seed_blocks()[number])
    terms = terms_of(exact_yaml(shown)["credit_ladder"])
    assert isinstance(terms, CreditTerms)
    assert isinstance(terms.ladder, kind)
    assert terms.claim.model_dump(exclude_none=True) == claim
    rows = getattr(terms.ladder, "brackets", [terms.ladder])
    assert [row.credit_percent for row in rows] == percents
