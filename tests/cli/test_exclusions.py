"""`makegood exclusions`: what is announced is seen in time, recorded, and shown."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator

from deployments.cli.schemas import schema_path
from tests.command import makegood
from tests.workspaces import MAKEGOOD, Books, checks

CALENDAR = "exclusion_sources:\n  - {id: ops, kind: calendar, path: ops.ics}\n"
SOON = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(days=20)


def ics(start=SOON, *, summary="New disks"):
    """A calendar with an hour of maintenance in twenty days."""
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x\nBEGIN:VEVENT\nUID:a\n"
        f"SUMMARY:{summary}\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nDURATION:PT1H\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A workspace with a calendar, and a file with one entry of last year."""
    monkeypatch.chdir(tmp_path)
    laid_out = Books.laid_out(tmp_path, checks=checks(api=0), makegood=MAKEGOOD + CALENDAR)
    laid_out.write("ops.ics", ics())
    laid_out.write(
        "exclusions/old.yaml",
        "- id: old\n  kind: maintenance\n  reason: x\n  author: Ana\n"
        "  start: 2025-01-01T00:00Z\n  end: 2025-01-01T01:00Z\n",
    )
    return laid_out


def looked(*arguments):
    """The command's document, held to its schema."""
    ended = makegood("exclusions", "--json", *arguments)
    assert ended.code == 0, ended.err
    schema = json.loads(schema_path("exclusions").read_text())
    Draft202012Validator(schema).validate(json.loads(ended.out))
    return ended.document


def test_what_is_ahead_is_shown_with_the_announcement_that_is_proven(books):
    """The calendar's entry is announced since now; last year's is recorded and not listed."""
    document = looked()
    assert document["new"] == 2
    (one,) = document["exclusions"]
    assert (one["id"], one["reason"], one["proof"]) == ("ops/a", "New disks", "seen")
    assert one["announced_at"] == one["seen_at"] is not None
    assert one["start"] == f"{SOON:%Y-%m-%dT%H:%M:%SZ}"
    assert books.verify().faults == ()


def test_a_second_look_records_nothing_and_keeps_the_first_time(books):
    """Also where the words were mended meanwhile."""
    (first,) = looked()["exclusions"]
    books.write("ops.ics", ics(summary="Newer disks"))
    again = looked()
    assert again["new"] == 0
    assert again["exclusions"] == [{**first, "reason": "Newer disks"}]


def test_a_moved_entry_is_announced_anew(books):
    """An hour later is another announcement."""
    (first,) = looked()["exclusions"]
    books.write("ops.ics", ics(SOON + timedelta(hours=1)))
    again = looked()
    assert again["new"] == 1
    assert again["exclusions"][0]["seen_at"] > first["seen_at"]


def test_a_dry_run_records_nothing(books):
    """Not even a database."""
    document = looked("--dry-run")
    assert (document["new"], len(document["exclusions"])) == (0, 1)
    assert not (books.folder / "makegood.db").exists()


def test_a_person_sees_a_table(books):
    """And what was recorded."""
    ended = makegood("exclusions", "--workspace", books.folder)
    assert "New disks" in ended.out
    assert ended.out.endswith("1 exclusion ahead or running, 2 changes recorded.\n")


def test_a_calendar_that_cannot_be_used_is_refused(books):
    """Exit code 2, with file and line."""
    books.write("ops.ics", ics().replace("SUMMARY:New disks", "SUMMARY:"))
    ended = makegood("exclusions")
    assert ended.code == 2
    assert "ops.ics:5: has an entry without SUMMARY" in ended.err
