"""Every defect that was collected is found by the linter, and nothing is found in sound ladders.

`data/vendor-ladders.yaml` beside the project names what is odd about 97 ladders. Each oddity is
here: a defect with the rules that find it, a way of paying with what the sheet answers, or a fact
with the note that tells it. A new oddity, or one that is no longer there, fails.
"""

from fractions import Fraction

import pytest

from models.curve import answer_at
from models.defects import Defect
from models.findings import Severity
from models.linting.ladders import lint_sheet, lint_terms
from models.published_kinds import kinds_of
from tests.models.ladders.collected import ENTRIES, LEFT_OUT, NO_FIGURES, STANDS_FOR
from tests.models.ladders.sheets import PATHS, sheet
from tests.models.linting.ladders import broken, table, terms

pytestmark = pytest.mark.skipif(not ENTRIES, reason="the collected facts are not at hand")

NAMES = [path.stem for path in PATHS]
DEFECTIVE = {name for name, entry in ENTRIES.items() if "K36" in entry["kinds"]}

DEFECTS = {
    "8x8/0": {Defect.FIRST_TIER, Defect.GAP},
    "auth0-public/0": {Defect.FIRST_TIER, Defect.GAP},
    "crucial/0": {Defect.MINUTES_DISAGREE},
    "expertsystems/0": {Defect.TRIGGER_DISAGREES},
    "expertsystems/1": {Defect.EXAMPLE_DISAGREES},
    "fastly-network/0": {Defect.MINUTES_DISAGREE},
    "github-legacy/0": {Defect.FIRST_TIER},
    "github-legacy/1": {Defect.GAP},
    "splunk-cloud/0": {Defect.FIRST_TIER},
    "splunk-cloud/1": {Defect.OVERLAP},
    "splunk-cloud/2": {Defect.LEAP},
    "vultr/0": {Defect.GAP},
    "vultr/1": {Defect.LENGTH_MISNAMED},
    "vultr/2": {Defect.UNEVEN},
}
"""Oddities that are defects, with the rules that find them in the sheet."""

PAYS: dict[str, tuple[str, dict[str, int | Fraction]]] = {
    "8x8/1": ("8x8", {"98.9": 35, "98.6": 50, "90": 50}),
    "algolia/0": ("algolia", {"99.751": Fraction("24.9"), "99.75": 25, "99.7": 25}),
    "aws-arc/0": ("aws-arc", {"100": 0, "99.9999999999": 10}),
    "aws-ec2-region/0": ("aws-ec2-region", {"98": 30}),
    "aws-ec2-region/1": ("aws-ec2-region", {"94": 100}),
    "azure-vm-zones/0": ("azure-vm-zones", {"99.5": 10, "98.5": 25, "94.5": 100}),
    "cloudflare-business/0": ("cloudflare-business", {"95": 5}),
    "crucial/1": ("crucial", {"99.7": 5}),
    "google-workspace/0": ("google-workspace", {"99.5": 3, "98": 7, "94": 15}),
    "microsoft-365/0": ("microsoft-365", {"99.5": 25}),
    "rackspace-network/0": ("rackspace-network", {"99.9537": 0}),  # 20 of 43,200 minutes
    "rackspace-network/1": ("arcustech", {"99.9537": 5}),
    "slack-plus-legacy/0": ("slack-plus-legacy", {"99.5": 50}),
    "slack-plus-legacy/1": ("slack-plus-legacy", {"99.99": 0, "99.98": 2}),
    "supabase/0": ("supabase", {"99.5": 10, "98.5": 15, "97": 20, "95": 30}),
    "twilio-apis/0": ("twilio-apis", {"99.94": 10, "50": 10}),
}
"""Oddities that are ways of paying: the sheet, and what it answers in percent, or in days."""

USES = {
    "aws-ec2-2008-annual/0": ("aws-ec2-2008-annual", "K22"),
    "aws-ec2-instance/0": ("aws-ec2-instance-hours", "K30"),
    "gcp-ml-api-template/0": ("gcp-ml-api-template", "K20"),
    "snowflake/1": ("snowflake", "K32"),
    "twilio-apis/1": ("twilio-apis-2021", "K23"),
    "twilio-apis/2": ("twilio-apis-by-edition", "K05"),
}
"""Oddities that are a kind of rule, and the sheet that uses it."""

NOTES = {
    "atlassian-premium/0": "the customer's own requests",
    "atlassian-premium/1": "Months are UTC",
    "atlassian-premium/2": "the invoice that the credit lands on",
    "auth0-public/1": "3, 7 and 15 days",
    "aws-dynamodb-global/0": "two independent quotations contradict it",
    "aws-ec2-2008-annual/1": "may not be used for another claim",
    "aws-s3-infrequent/0": "a ladder of their own: aws-s3-infrequent",
    "azure-vm-zones/1": "March 2017",
    "cloudflare-business/1": "all of the fee under 100",
    "digitalocean-droplet/0": "digitalocean-droplet-undated",
    "github-legacy/2": "share of executions instead",
    "google-workspace/1": "google-apps-isp",
    "microsoft-365/1": "filtering",
    "slack-2024/0": "2024-07-11",
    "snowflake/0": "Two goals hold at once",
    "supabase/1": "more than 1 % of projects",
    "supabase/2": "names 20 as the most",
}
"""Oddities that are facts about a text, and the words of the sheet's note."""

TELLS_IT = {"aws-s3-infrequent/0": "aws-s3-standard"}
"""Where another sheet than the entry's own has the note."""

COHERE = table(
    "below: 99.5, at_least: 98, credit_percent: 10",
    "at_most: 97.99, at_least: 95, credit_percent: 20",
    "below: 94.99, credit_percent: 30",
    commitment="99.5",
    more="  as_published: true\n",
)
"""As the directory has it; there is no sheet, because nothing else bears it out."""


def oddities():
    """Every oddity of the collection, by its entry and its place."""
    return {
        f"{name}/{place}": words
        for name, entry in ENTRIES.items()
        for place, words in enumerate(entry.get("oddities", ()))
    }


def test_every_oddity_is_accounted_for():
    """Found, answered, used, told, or in an entry that has no sheet, which is named with why."""
    without_sheet = {key for key in oddities() if key.split("/")[0] in {*LEFT_OUT, *NO_FIGURES}}
    told = [*DEFECTS, *PAYS, *USES, *NOTES, *without_sheet]
    assert sorted(told) == sorted(oddities())


@pytest.mark.parametrize("key", DEFECTS)
def test_a_defect_is_found(key):
    """By its rules; the published table keeps it, as a warning."""
    name = key.split("/")[0]
    assert DEFECTS[key] <= set(broken(name))
    assert {found.severity for found in lint_sheet(sheet(name), name)} == {Severity.WARNING}


@pytest.mark.parametrize("name", sorted(DEFECTIVE))
def test_a_defective_table_has_findings(name):
    """Every entry of the kind K36, also the one that has no sheet."""
    found = lint_terms(COHERE, name) if name == "cohere" else lint_sheet(sheet(name), name)
    assert found


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_false_alarm(name):
    """A ladder that is not one of the kind K36 is sound."""
    if STANDS_FOR.get(name, name) not in DEFECTIVE:
        assert [str(found) for found in lint_sheet(sheet(name), name)] == []


def test_the_gaps_of_a_table_without_a_sheet_are_found():
    """Between 97.99 and 98, and between 94.99 and 95."""
    found = [str(one) for one in lint_terms(COHERE, "cohere")]
    assert ["leaves a gap up to 98;" in found[0], "leaves a gap up to 95;" in found[1]] == [
        True
    ] * 2
    assert len(found) == 2


def test_a_cap_under_the_highest_tier_is_found():
    """An open directory's own contradiction: at most 20, and a tier of 30."""
    capped = sheet("supabase").credit.model_copy(update={"cap": terms(CAPPED).cap})
    assert [found.rule for found in lint_terms(capped, "supabase")] == [Defect.CUT_TIER]


CAPPED = """
ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
cap: {percent: 20}
"""


def test_the_rows_of_a_defect_are_named():
    """GitHub's 99.0 and 99.9, Splunk's four shared bounds and the one between 99.999 and 100."""
    github = [str(found) for found in lint_sheet(sheet("github-legacy"), "github-legacy")]
    assert "is 99.9, which overlaps the commitment 99.9" in github[0]
    assert "is 99, which leaves a gap up to 99 included" in github[1]
    splunk = [str(found) for found in lint_sheet(sheet("splunk-cloud"), "splunk-cloud")]
    assert "is 99.999, which leaves a gap up to 100" in splunk[0]
    shared = [f"from {bound};" in found for bound, found in zip(SHARED, splunk[1:], strict=False)]
    assert shared == [True] * 4


SHARED = ("99.99", "99.9", "99", "95")


@pytest.mark.parametrize("key", PAYS)
def test_an_odd_way_of_paying_is_what_the_sheet_answers(key):
    """In percent of the billable amount, or in days."""
    name, answers = PAYS[key]
    credit = sheet(name).credit
    for uptime, expected in answers.items():
        found = answer_at(credit, Fraction(uptime) / 100).earned
        assert found is not None
        assert found * (1 if credit.days_stay_days else 100) == expected, uptime


@pytest.mark.parametrize("key", USES)
def test_an_odd_rule_is_one_that_the_sheet_uses(key):
    """A kind of rule, not a defect."""
    name, kind = USES[key]
    assert kind in kinds_of(sheet(name))


@pytest.mark.parametrize("key", NOTES)
def test_an_odd_fact_is_told_in_a_note(key):
    """In the sheet of the entry, or where it says."""
    name = TELLS_IT.get(key, key.split("/")[0])
    assert any(NOTES[key] in note for note in sheet(name).notes)
