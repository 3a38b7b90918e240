"""`makegood sources test`: every source is asked, and what it sees is told."""

import json

import pytest
from jsonschema import Draft202012Validator

from deployments.cli.schemas import schema_path
from tests.command import makegood
from tests.standins.door import opened
from tests.standins.wire import Answer
from tests.workspaces import ACME, SEPTEMBER, Books, checks

MAKEGOOD = """\
name: Northwind Relay
sources:
  - {id: checks, kind: checks_file, path: checks.csv}
"""
UPTIMEROBOT = """\
  - {id: robot, kind: uptimerobot, monitors: {web: {id: 7}}}
"""
CALENDAR = """\
exclusion_sources:
  - {id: ops, kind: calendar}
"""
TIMES = "2025-09-01T00:00:00Z", "2025-10-01T00:00:00Z"


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A service that was down for two hours in September."""
    monkeypatch.chdir(tmp_path)
    return Books.laid_out(tmp_path / "books", ACME, checks=checks(api=120), makegood=MAKEGOOD)


def tried(*arguments):
    """The command in the workspace, its document held to the schema."""
    ended = makegood("sources", "test", "--workspace", "books", "--json", *arguments)
    schema = json.loads(schema_path("sources-test").read_text())
    Draft202012Validator(schema).validate(json.loads(ended.out))
    return ended.code, ended.document


def test_what_a_source_sees_of_a_month_is_told(books):
    """Rows, first and last, and two hours of 30 days down; everything answers."""
    code, document = tried("--month", SEPTEMBER)
    assert code == 0
    assert (document["start"], document["end"]) == TIMES
    (source,) = document["sources"]
    assert source["state"] == "answers"
    assert (source["source"], source["kind"], source["place"]) == (
        "checks",
        "checks_file",
        "checks.csv",
    )
    assert (source["rows"], source["unusable_rows"], source["secrets"]) == (3, 0, [])
    (probe,) = source["monitors"]
    assert probe == {
        "monitor": "api",
        "region": "",
        "signal": "external",
        "samples": None,
        "spacing_seconds": None,
        "first_at": "2025-08-31T00:00:00Z",
        "last_at": "2025-09-10T14:00:00Z",
        "up_seconds": 30 * 86_400 - 7200,
        "degraded_seconds": 0,
        "down_seconds": 7200,
        "unknown_seconds": 0,
        "coverage_percent": "100.000000",
        "longest_silence_seconds": 10 * 86_400 + 12 * 3600,
        "last_state": "up",
    }
    assert not (books.folder / "makegood.db").exists()


def test_a_person_sees_a_table(books):
    """The last line counts."""
    ended = makegood("sources", "test", "--workspace", "books", "--month", SEPTEMBER)
    assert ended.code == 0
    assert "checks: answers (checks_file at checks.csv)" in ended.out
    assert "│ api     │ 2025-08-31 00:00 │ 2025-09-10 14:00 │ up   │  2 h │  100.00 │" in ended.out
    assert ended.out.endswith("1 of 1 source answering, no findings.\n")
    assert ended.err == ""


def test_a_monitor_that_nobody_answers_for_is_a_finding(books):
    """With the name that was meant."""
    books.agree(ACME.replace("monitors: [api]", "monitors: [api, appi]"))
    code, document = tried("--month", SEPTEMBER)
    assert code == 1
    (finding,) = document["findings"]
    assert finding["fact"] == "names appi, which no source answers for"
    assert finding["remedy"] == "Did you mean api?"


def test_a_stretch_without_a_known_state_is_a_finding(books):
    """In August it was watched for a day only: 720 of 744 hours are unknown."""
    code, document = tried("--month", "2025-08")
    assert code == 1
    (finding,) = document["findings"]
    assert finding["fact"] == "knows no state of api for 720 h of this time"


def test_secrets_are_named_and_never_shown(books, monkeypatch):
    """One that is missing is told by its name, and the others are asked all the same."""
    monkeypatch.delenv("MAKEGOOD_SOURCE_ROBOT_API_KEY", raising=False)
    monkeypatch.setenv("MAKEGOOD_SOURCE_OPS_ADDRESS", "ftp://s3cret.example/x.ics")
    books.write("makegood.yaml", MAKEGOOD + UPTIMEROBOT + CALENDAR)
    code, document = tried("--month", SEPTEMBER)
    assert code == 2
    assert [(one["source"], one["state"]) for one in document["sources"]] == [
        ("checks", "answers"),
        ("robot", "misconfigured"),
    ]
    assert document["sources"][1]["secrets"] == [
        {"variable": "MAKEGOOD_SOURCE_ROBOT_API_KEY", "is_set": False}
    ]
    assert document["exclusion_sources"][0]["secrets"] == [
        {"variable": "MAKEGOOD_SOURCE_OPS_ADDRESS", "is_set": True}
    ]
    assert "s3cret" not in str(document)


def test_a_source_that_cannot_be_reached_ends_with_three(books, monkeypatch):
    """The database of exclusions is away; a rerun may help."""
    monkeypatch.setattr("connectors.retry.SHORTEST_WAIT_S", 0)
    with opened(lambda _request: Answer(503)) as url:
        served = CALENDAR.replace("calendar}", f'calendar, address: "{url}/ops.ics"}}')
        books.write("makegood.yaml", MAKEGOOD + served)
        code, document = tried("--month", SEPTEMBER)
    assert code == 3
    assert document["exclusion_sources"][0]["state"] == "unreachable"
    assert "answered 503" in document["exclusion_sources"][0]["problem"]


def test_exclusions_that_are_ahead_are_told(books):
    """A weekly night from now on; the next one is named with its reason."""
    books.write(
        "ops.ics",
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x\nBEGIN:VEVENT\nUID:a\nSUMMARY:New disks\n"
        "DTSTART:20250901T010000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\nEND:VEVENT\nEND:VCALENDAR\n",
    )
    books.write(
        "makegood.yaml", MAKEGOOD + CALENDAR.replace("calendar}", "calendar, path: ops.ics}")
    )
    code, document = tried("--month", SEPTEMBER)
    assert code == 0
    (ops,) = document["exclusion_sources"]
    assert ops["events"] > 14
    assert ops["next_reason"] == "New disks"


def test_one_source_may_be_asked_alone(books):
    """Then nothing is said of monitors that others may answer for."""
    books.agree(ACME.replace("monitors: [api]", "monitors: [api, appi]"))
    books.write("makegood.yaml", MAKEGOOD + UPTIMEROBOT)
    code, document = tried("--month", SEPTEMBER, "--source", "checks")
    assert (code, len(document["sources"]), document["findings"]) == (0, 1, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "cheks"), "--source: is 'cheks'; one of checks. Did you mean checks?"),
        (("--month", SEPTEMBER, "--days", "3"), "--days: stands beside --month"),
        (("--days", "0"), "--days: is 0"),
        (("--month", "2999-01"), "has not begun"),
        (("--month", "May"), "--month: is 'May'"),
    ],
)
def test_what_cannot_be_asked_is_refused(books, arguments, said):
    """Exit code 2, with what to write."""
    ended = makegood("sources", "test", "--workspace", books.folder, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
