"""`makegood ladders`: the catalog as a list, a table, a picture, and what is wrong with it."""

import xml.etree.ElementTree as ET

import pytest

from tests.command import makegood

SVG = "{http://www.w3.org/2000/svg}"
SHOW = ("ladders", "show")
LINT = ("ladders", "lint")
SCREEN = 80

OVERLAPPING = """\
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {below: 99.9, at_least: 99.0, credit_percent: 10}
    - {below: 99.5, credit_percent: 25}
cap: {percent: 5}
"""


def listed(*options):
    """The ids of a list."""
    document = makegood("ladders", "list", *options, "--json").document
    return {ladder["id"] for ladder in document["ladders"]}


def test_the_list_is_filtered_by_vendor_kind_and_seen():
    """A part of the vendor's name; a kind of ours or of the collection; how well it was seen."""
    assert {"twilio-apis", "sendgrid"} <= listed("--vendor", "twilio")
    assert listed("--kind", "per_event") == {"webflow"}
    assert listed("--kind", "k30") == {"aws-ec2-2018-hourly", "aws-ec2-instance-hours"}
    assert listed("--vendor", "AWS", "--seen", "unconfirmed") == {
        "aws-lambda",
        "aws-messaging",
        "aws-route53",
        "aws-s3-2007",
    }
    assert makegood("ladders", "list", "--vendor", "nobody").out == "no ladders.\n"


def test_an_unknown_kind_is_refused():
    """With those that there are."""
    ended = makegood("ladders", "list", "--kind", "uptime_bracket")
    assert (ended.code, ended.out) == (2, "")
    assert "--kind: is 'uptime_bracket'; one of by_class, clock_hours" in ended.err
    assert "Did you mean uptime_brackets?" in ended.err


def test_what_nobody_verified_is_marked():
    """In the list, in the page, and in the document."""
    shown = makegood(*SHOW, "fastly-network")
    assert "seen dataset, unverified on 2026-11-20" in shown.out
    assert makegood(*SHOW, "fastly-network", "--json").document["verified"] is False
    assert makegood(*SHOW, "auth0-public", "--json").document["verified"] is True
    assert "dataset, unverified" in makegood("ladders", "list", "--vendor", "fastly").out


@pytest.mark.parametrize("name", ["aws-s3-standard", "8x8", "algolia", "vultr", "verizon-pip"])
def test_a_page_fits_on_eighty_columns(name):
    """But for addresses, which are not cut."""
    lines = makegood(*SHOW, name).out.splitlines()
    assert [line for line in lines if len(line) > SCREEN and "https://" not in line] == []


def test_a_page_holds_the_table_the_source_the_notes_and_the_example():
    """Everything that a person needs to trust a ladder, or not to."""
    said = " ".join(makegood(*SHOW, "auth0-public").out.split())
    for part in (
        "https://auth0.com/docs/troubleshoot/customer-support/services-level-descriptions",
        "│ 98.49 % < uptime < 98.5 % │ 10 h 48 min to 10 h 52 min 19.2 s │ withheld │",
        "│ 97 % <= uptime <= 98.49 % │ 10 h 52 min 19.2 s to 21 h 36 min │ 10 │",
        "note: As published, uptime between 98.49 and 98.50",
        "gap: credit.ladder.brackets[1].at_most is 98.49, which leaves a gap up to 98.5",
        "example: 98.49 is the upper end of the second row, so 10 % of 1,000.",
        "3. tier 97 <= uptime <= 98.49 earns 10 % of the billable amount",
    ):
        assert part in said


def test_the_document_of_a_ladder_holds_the_same():
    """Tiers from 100 % down, the example as the terms answer it now, and what is wrong."""
    shown = makegood(*SHOW, "auth0-public", "--json").document
    earned = [(tier["uptime"], tier["earns_most"]) for tier in shown["tiers"]]
    assert earned[2:4] == [
        ("98.5 % <= uptime <= 99.98 %", "5"),
        ("98.49 % < uptime < 98.5 %", None),
    ]
    assert "no row of the table holds it" in shown["tiers"][3]["withheld"]
    assert shown["example"]["credit_amount"] == "100.00"
    assert [found["rule"] for found in shown["findings"]] == ["first_tier", "gap"]
    assert shown["kinds"] == ["K01", "K33", "K36"]


def test_a_ladder_that_uptime_does_not_answer_says_so():
    """There is no table of uptimes for a latency."""
    ended = makegood(*SHOW, "verizon-pip")
    assert "Not by uptime alone: the metric latency_ms is not stated for the period." in ended.out
    assert makegood(*SHOW, "verizon-pip", "--json").document["tiers"] == []


def drawing(name, folder):
    """The picture of a ladder, parsed."""
    path = folder / f"{name}.svg"
    ended = makegood(*SHOW, name, "--svg", path)
    assert (ended.code, ended.err) == (0, "")
    return ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - we wrote it ourselves


def of_kind(picture, tag, kind):
    """The elements of a class."""
    return [one for one in picture.iter(f"{SVG}{tag}") if one.get("class") == kind]


def test_the_picture_has_a_line_for_each_tier_and_its_ends(tmp_path):
    """Four tiers of S3: at 99.9, 99 and 95 the upper end is open and the lower one filled."""
    picture = drawing("aws-s3-standard", tmp_path)
    assert len(of_kind(picture, "polyline", "line")) == 4
    # Three upper ends, and one in the legend; three lower ends, 100 %, and one in the legend.
    assert len(of_kind(picture, "circle", "open")) == 3 + 1
    assert len(of_kind(picture, "circle", "full")) == 3 + 1 + 1
    written = [one.text for one in of_kind(picture, "text", "credit")]
    assert written == ["100 %", "25 %", "10 %", "95 %"]


def test_the_picture_gives_the_nines_the_same_room(tmp_path):
    """From 90 to 99 is as far as from 99 to 99.9."""
    picture = drawing("aws-s3-standard", tmp_path)
    marks = {one.text: one.get("x") for one in of_kind(picture, "text", "ink")}
    ninety, nine, nines = (int(float(marks[f"{at} %"])) for at in ("90", "99", "99.9"))
    assert abs((nine - ninety) - (nines - nine)) <= 1
    assert nine - ninety > 150


def test_the_picture_shades_what_has_no_tier(tmp_path):
    """Both gaps of Auth0, with their ends filled, because the rows include them."""
    picture = drawing("auth0-public", tmp_path)
    assert len(of_kind(picture, "rect", "gap")) == 3  # two gaps and the legend
    assert [one.text for one in of_kind(picture, "text", "none")] == ["no tier", "no tier"]


def test_the_picture_says_where_a_line_goes_on_beyond_the_whole_fee(tmp_path):
    """A hundred times the lost time has no cap."""
    (said,) = of_kind(drawing("slack-plus-legacy", tmp_path), "text", "none")
    assert said.text == "goes on, up to 10000 %"


def test_a_picture_that_cannot_be_written_is_told(tmp_path):
    """Exit code 2, and nothing on stdout."""
    ended = makegood(*SHOW, "algolia", "--svg", tmp_path / "none" / "a.svg")
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be written: No such file or directory" in ended.err


def test_the_catalog_is_linted_as_published():
    """Warnings alone: exit code 1, and each finding with its rule."""
    ended = makegood(*LINT, "--json")
    assert ended.code == 1
    found = ended.document["findings"]
    assert {one["severity"] for one in found} == {"warning"}
    assert {one["rule"] for one in found} == {
        "example_disagrees",
        "first_tier",
        "gap",
        "leap",
        "length_misnamed",
        "minutes_disagree",
        "overlap",
        "trigger_disagrees",
        "uneven",
    }


def test_a_sound_ladder_has_nothing_to_say():
    """Exit code 0."""
    ended = makegood(*LINT, "aws-s3-standard")
    assert (ended.code, ended.out) == (0, "1 ladder, no findings.\n")


def test_a_ladder_of_ones_own_is_linted_with_its_lines(tmp_path):
    """Errors and oddities at once: exit code 2."""
    path = tmp_path / "ladder.yaml"
    path.write_text(OVERLAPPING)
    ended = makegood(*LINT, path, "--json")
    assert ended.code == 2
    found = [
        (one["place"].rpartition(":")[2], one["field"], one["rule"])
        for one in ended.document["findings"]
    ]
    assert found == [
        ("5", "credit_ladder.brackets[0].credit_percent", "cap_below_first_tier"),
        ("6", "credit_ladder.brackets[1].below", "overlap"),
        ("6", "credit_ladder.brackets[1].credit_percent", "cut_tier"),
    ]
    assert "[cap_below_first_tier]" in makegood(*LINT, path).out


def test_a_ladder_that_is_not_there_is_refused():
    """By its id, with the nearest one."""
    ended = makegood(*LINT, "aws-s3-standart")
    assert (ended.code, ended.out) == (2, "")
    assert "Did you mean aws-s3-standard?" in ended.err
