"""`makegood whatif`: other ladders on what is recorded, as table, document and chart.

September 2025 has 43,200 minutes in UTC. The API was down for 180 of them (99.583333 %), the
hosting for 120 (99.722222 %). October has no outage.
"""

from xml.etree import ElementTree as ET

import pytest

from deployments.charts import Bar, Panel, drawn
from tests.cli.test_documents import validated
from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, VENDOR, Books, checks

MONTHS = ("--from", "2025-09", "--to", "2025-10")
HALF = """\
kind: single_threshold
commitment_percent: 99.7
credit_percent: 50
"""
HOLED = """\
kind: uptime_brackets
commitment_percent: 99.9
as_published: true
brackets:
  - {below: 99.9, at_least: 99.7, credit_percent: 5}
  - {below: 99.0, credit_percent: 50}
"""
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Two clients and a vendor; September is run, October is not, and the checks are gone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(
        tmp_path / "books", ACME, BLUEFIN, VENDOR, checks=checks(api=180, hosting=120)
    )
    laid_out.run()
    laid_out.write("half.yaml", HALF)
    laid_out.write("holed.yaml", HOLED)
    (laid_out.folder / "checks.csv").unlink()
    return laid_out


def asked(*ladders: str, more: tuple[str, ...] = ()):
    """The command with these ladders."""
    given = [word for ladder in ladders for word in ("--ladder", ladder)]
    return makegood("whatif", *given, *MONTHS, "--workspace", "books", *more)


def sums(document) -> dict[tuple[str, str, str], str]:
    """Every sum over all clients: side, currency and ladder, and its amount."""
    return {
        (t["role"], t["currency"], t["ladder"]): t["amount"]
        for t in document["totals"]
        if t["client"] is None
    }


def test_recorded_months_are_decided_again_without_any_source(books):
    """10 % by contract; 50 % of 2000.00 and 3600.00 below 99.7, and the vendor's 99.72 is not."""
    before = books.tables
    document = validated("whatif", asked("contract", "books/half.yaml", more=("--json",)))
    assert sums(document) == {
        ("provider", "EUR", "contract"): "200.00",
        ("provider", "USD", "contract"): "360.00",
        ("customer", "USD", "contract"): "50.00",
        ("provider", "EUR", "books/half.yaml"): "1000.00",
        ("provider", "USD", "books/half.yaml"): "1800.00",
        ("customer", "USD", "books/half.yaml"): "0.00",
    }
    by_client = {(t["client"], t["ladder"]): t["amount"] for t in document["totals"] if t["client"]}
    assert by_client["acme", "books/half.yaml"] == "1000.00"
    assert by_client["cloudways", "contract"] == "50.00"
    uptimes = {
        m["contract"]: m["uptime_percent"] for m in document["months"] if m["answers"][0]["tier"]
    }
    assert uptimes == {
        "acme/api": "99.583333",
        "bluefin/api": "99.583333",
        "cloudways/hosting": "99.722222",
    }
    assert books.tables == before


def test_months_that_were_never_run_are_named_and_in_no_sum(books):
    """October has no outage and no record: three contracts are named, and the command asks."""
    ended = asked("contract", more=("--json",))
    document = validated("whatif", ended)
    assert ended.code == 1
    assert [(o["contract"], o["month"], o["ladder"]) for o in document["open"]] == [
        ("acme/api", "2025-10", None),
        ("bluefin/api", "2025-10", None),
        ("cloudways/hosting", "2025-10", None),
    ]
    assert {o["why"] for o in document["open"]} == {
        "nothing is recorded: run `makegood backfill` for it first"
    }
    assert {(t["months"], t["open"]) for t in document["totals"]} == {(1, 1)}


def test_a_gap_of_one_ladder_is_named_for_that_ladder(books):
    """99.583333 lies between its rows; the vendor's 99.722222 earns 5 % of 500.00."""
    document = asked("contract", "books/holed.yaml", more=("--json",)).document
    of_holed = [o["contract"] for o in document["open"] if o["ladder"] == "books/holed.yaml"]
    assert of_holed == ["acme/api", "bluefin/api"]
    found = sums(document)
    assert found["provider", "EUR", "books/holed.yaml"] == "0.00"
    assert found["customer", "USD", "books/holed.yaml"] == "25.00"


def test_the_answer_for_the_terms_in_force_is_what_was_recorded(books):
    """To the cent, for every contract."""
    document = asked("contract", more=("--json",)).document
    recorded = {
        m["contract"]: m["answers"][0]["credit_amount"]
        for m in document["months"]
        if m["month"] == "2025-09"
    }
    explained = {
        name: makegood("explain", name, "2025-09", "--workspace", "books", "--json").document
        for name in recorded
    }
    assert recorded == {name: one["credit_amount"] for name, one in explained.items()}


def test_an_edition_of_the_catalog_may_be_named(books):
    """With `@` and its version; S3 pays 10 % from 99.9 down to 99.0."""
    document = asked("aws-s3-standard@2023-11-28", more=("--json",)).document
    assert sums(document)["provider", "EUR", "aws-s3-standard@2023-11-28"] == "200.00"


def test_one_client_may_be_asked_for(books):
    """Nobody else is in the answer."""
    document = asked("contract", more=("--client", "acme", "--json")).document
    assert {month["client"] for month in document["months"]} == {"acme"}


def test_everything_that_is_wrong_with_the_question_is_told_at_once(books):
    """A slip in a name, a ladder twice, a client that nobody has, and months that run backwards."""
    ended = asked("contract", "contract", "aws-s3-standart")
    assert ended.code == 2
    assert "--ladder: names contract twice; each ladder once." in ended.err
    assert "Did you mean aws-s3-standard?" in ended.err
    stranger = asked("contract", more=("--client", "acmee"))
    assert (stranger.code, "Did you mean acme?" in stranger.err) == (2, True)
    backwards = makegood(
        "whatif",
        "--ladder",
        "contract",
        "--from",
        "2025-10",
        "--to",
        "2025-09",
        "--workspace",
        "books",
    )
    assert (backwards.code, "--to: is 2025-09, before 2025-10" in backwards.err) == (2, True)


TWICE = """\
credit_ladder: {kind: single_threshold, commitment_percent: 99.9, credit_percent: 10}
recurrence: {missed: 2, of: 2}
"""
SUMMER = """\
monitor,at,up
api,2025-07-31T00:00:00Z,up
api,2025-08-10T12:00:00Z,down
api,2025-08-10T15:00:00Z,up
api,2025-09-10T12:00:00Z,down
api,2025-09-10T15:00:00Z,up
"""


def test_a_ladder_that_looks_back_is_told_of_the_month_before(tmp_path, monkeypatch):
    """September alone is asked for; August, missed too and recorded, is what it hangs on."""
    monkeypatch.chdir(tmp_path)
    books = Books.laid_out(tmp_path / "books", ACME, checks=SUMMER)
    books.write("twice.yaml", TWICE)
    september = ("--from", "2025-09", "--to", "2025-09", "--workspace", "books", "--json")
    asked = ("whatif", "--ladder", "books/twice.yaml", *september)
    books.run("2025-09")
    (alone,) = makegood(*asked).document["open"]
    assert (alone["contract"], alone["ladder"]) == ("acme/api", None)
    books.run("2025-08")
    document = makegood(*asked).document
    assert document["open"] == []
    assert [month["month"] for month in document["months"]] == ["2025-09"]
    assert sums(document) == {("provider", "EUR", "books/twice.yaml"): "200.00"}


def test_a_person_reads_a_table(books):
    """By client, then in sum, each side and currency apart; what is missing stands below."""
    ended = asked("contract", "books/half.yaml")
    rows = [line for line in ended.out.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]
    assert cells == [
        ["by us", "acme", "2", "1", "200.00 EUR", "1000.00 EUR"],
        ["by us", "bluefin", "2", "1", "360.00 USD", "1800.00 USD"],
        ["to us", "cloudways", "2", "1", "50.00 USD", "0.00 USD"],
        ["by us", "all", "2", "1", "200.00 EUR", "1000.00 EUR"],
        ["by us", "all", "2", "1", "360.00 USD", "1800.00 USD"],
        ["to us", "all", "2", "1", "50.00 USD", "0.00 USD"],
    ]
    assert "not counted: acme/api 2025-10: nothing is recorded" in ended.out
    assert ended.out.endswith("3 months without an answer; nothing was asked or recorded.\n")


def test_a_chart_shows_every_month_and_what_is_missing(books, tmp_path):
    """One panel for each side and currency; a bar's height is its amount, and `?` is no height."""
    asked("contract", "books/half.yaml", more=("--chart", "whatif.svg"))
    root = drawing((tmp_path / "whatif.svg").read_text())
    says = [title.text for title in root.iter(f"{SVG}title")]
    assert says[0] == "What if, 2025-09 to 2025-10"
    assert says[1:5] == [
        "2025-09, contract: 200.00 EUR",
        "2025-09, books/half.yaml: 1000.00 EUR",
        "2025-10, contract: ? (1 open)",
        "2025-10, books/half.yaml: ? (1 open)",
    ]
    headings = [t.text for t in root.iter(f"{SVG}text") if t.get("font-weight") == "bold"]
    assert headings == [
        "Credits owed by us, EUR",
        "Credits owed by us, USD",
        "Credits owed to us, USD",
    ]


def drawing(text: str) -> ET.Element:
    """A chart as its elements."""
    return ET.fromstring(text)  # noqa: S314  Our own text.


def bars_of(chart: str) -> list[int]:
    """The heights of a chart's bars, in pixels."""
    bars = [g[1] for g in drawing(chart).iter(f"{SVG}g") if g[0].tag == f"{SVG}title"]
    return [int(bar.attrib["height"]) for bar in bars]


def test_a_bars_height_is_its_share_of_the_axis():
    """The axis of 700 ends at 1000, five steps of 200: 196 px high, so 700 is 137 and 350 is 68."""
    group = ("2026-05", (Bar(700, "a"), Bar(350, "b"), Bar(0, "c"), Bar(None, "d")))
    chart = drawn("Test", [Panel("Test", ("a", "b", "c", "d"), (group,), 2)])
    # 320 - 76 - 48 = 196; 196 x 700 / 1000 = 137.2; the question mark's frame is 24.
    assert bars_of(chart) == [137, 68, 0, 24]
    ticks = [t.text for t in drawing(chart).iter(f"{SVG}text") if t.get("text-anchor") == "end"]
    assert ticks == ["0", "2", "4", "6", "8", "10"]


def test_a_bar_from_which_something_is_missing_says_so():
    """A question mark above it; a bar that is whole has none."""
    group = ("2026-05", (Bar(5, "a", partly=True), Bar(5, "b")))
    texts = drawing(drawn("Test", [Panel("Test", ("a", "b"), (group,), 0)])).iter(f"{SVG}text")
    marks = [text for text in texts if text.text == "?"]
    assert [(mark.attrib["fill"], mark.attrib["text-anchor"]) for mark in marks] == [
        ("#0072b2", "middle")
    ]


def test_words_of_people_do_not_break_a_chart():
    """File names may hold signs that mean something in SVG."""
    panel = Panel("<&>", ("a<b>.yaml",), (("2026-05", (Bar(1, "x & y"),)),), 0)
    root = drawing(drawn("<>", [panel]))
    assert "a<b>.yaml" in [text.text for text in root.iter(f"{SVG}text")]
