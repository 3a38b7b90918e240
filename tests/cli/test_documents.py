"""The JSON documents: their published schemas, and every command's real output against them."""

import json
from io import StringIO

import pytest
from jsonschema import Draft202012Validator

from deployments.cli.schemas import DOCUMENTS, FOLDER, schema_path, schema_text
from tests.command import makegood
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, VENDOR, Books, checks, maintenance

pytestmark = NEEDS_PREFECT


def validated(command, ended):
    """The document that a command printed, after the command's schema has accepted it.

    It is read as any script reads JSON, with binary floats, and again exactly.
    """
    assert ended.out.endswith("}\n")
    Draft202012Validator(json.loads(schema_path(command).read_text())).validate(
        json.loads(ended.out)
    )
    return ended.document


@pytest.mark.parametrize("command", DOCUMENTS)
def test_a_published_schema_is_what_the_types_say(command):
    """When this fails: `python -m deployments.cli.schemas`, and tell the scripts' authors."""
    assert schema_path(command).read_text(encoding="utf-8") == schema_text(command)
    Draft202012Validator.check_schema(json.loads(schema_text(command)))


def test_no_schema_is_left_over():
    """One file for each document."""
    published = {path.name for path in FOLDER.glob("*.json")}
    assert published == {schema_path(command).name for command in DOCUMENTS}


def test_a_document_that_says_more_or_less_is_refused():
    """A schema that accepts everything would prove nothing."""
    validator = Draft202012Validator(json.loads(schema_text("verify")))
    sound: dict[str, object] = {
        "month": None,
        "chains": 0,
        "entries": 0,
        "replayed": 0,
        "faults": [],
    }
    assert validator.is_valid(sound)
    assert not validator.is_valid({**sound, "more": 1})
    assert not validator.is_valid({**sound, "entries": "0"})
    assert not validator.is_valid({name: sound[name] for name in ("chains", "entries")})


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Two clients and a vendor; the hosting was down for two hours, the service for three."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(
        tmp_path / "books", ACME, BLUEFIN, VENDOR, checks=checks(api=180, hosting=120)
    )
    laid_out.write("exclusions/all.yaml", maintenance(30))
    return laid_out


CHANGES = """\
monitor,at,up
api,2025-08-31T00:00:00Z,up
api,2025-09-10T12:00:00.001Z,down
api,2025-09-10T12:04:07.458Z,up
web,2025-09-02T00:00:00Z,up
"""
FIGURES = {
    "aws-s3-standard": '"uptime_percent": 98, "billable_amount": 10',
    "google-workspace": '"down_seconds": 9999.5',
    "auth0-public": '"uptime_percent": 99.985',
    "algolia": '"total_windows": 8928, "error_windows": 31, "billable_amount": 1',
}
WORKSPACE = ("--workspace", "books", "--json")


def test_every_document_of_a_months_life_is_valid(books, prefect_api):
    """Check, run, explain, release, verify and backfill, as a script calls them."""
    assert validated("check", makegood("check", *WORKSPACE))["contracts"] == 3
    dry = validated("run", makegood("run", "--month", SEPTEMBER, "--dry-run", *WORKSPACE))
    assert not (books.folder / "makegood.db").exists()
    run = validated("run", makegood("run", "--month", SEPTEMBER, *WORKSPACE))
    assert {**dry, "dry_run": False}["totals"] == run["totals"]
    # 150 of 43,170 minutes, 180 and 120 of 43,200: 10 % each of 2000.00, 3600.00 and 500.00.
    amounts = {one["contract"]: one["credit_amount"] for one in run["contracts"]}
    assert amounts == {"acme/api": "200.00", "bluefin/api": "360.00", "cloudways/hosting": "50.00"}
    explained = validated("explain", makegood("explain", "acme/api", SEPTEMBER, *WORKSPACE))
    assert explained["obligations"][0]["state"] == "draft"
    released = makegood("release", SEPTEMBER, "--client", "acme", "--yes", *WORKSPACE)
    assert [one["amount"] for one in validated("release", released)["released"]] == ["200.00"]
    again = validated("explain", makegood("explain", "acme/api", SEPTEMBER, *WORKSPACE))
    assert again["obligations"][0]["released_by"]
    assert validated("verify", makegood("verify", *WORKSPACE))["faults"] == []
    backfill = makegood("backfill", "--from", SEPTEMBER, "--to", "2025-10", *WORKSPACE)
    months = validated("backfill", backfill)["months"]
    assert [month["month"] for month in months] == [SEPTEMBER, "2025-10"]
    changes = {one["change"] for one in months[0]["contracts"]}
    assert changes == {"unchanged: decided before on the same inputs"}


def test_a_backfill_opens_no_closed_month_without_a_reason(books, prefect_api):
    """5,000 minutes in place of 120: asked about, and decided again with a reason."""
    makegood("run", "--month", SEPTEMBER, *WORKSPACE)
    makegood("release", SEPTEMBER, "--client", "acme", "--yes", *WORKSPACE)
    books.write("checks.csv", checks(api=5000, hosting=120))
    asked = ("backfill", "--from", SEPTEMBER, "--to", SEPTEMBER, "--client", "acme", *WORKSPACE)
    left = makegood(*asked)
    assert left.code == 1
    assert "the month is closed and would come out otherwise" in left.out
    assert [key for key in books.owed if key.startswith("acme/")] == ["acme/api/2025-09/r0"]
    makegood(*asked, "--reopen", "the monitor was wrong")
    assert [key for key in books.owed if key.startswith("acme/")] == [
        "acme/api/2025-09/r0",
        "acme/api/2025-09/r1",
    ]


def test_a_release_with_json_asks_nobody(books, prefect_api):
    """Without --yes nothing is released: exit code 1, nothing on stdout."""
    makegood("run", "--month", SEPTEMBER, *WORKSPACE)
    ended = makegood("release", SEPTEMBER, *WORKSPACE)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Nothing was released: give --yes.\n"
    assert {state for state, _ in books.owed.values()} == {"draft"}


def test_a_release_shows_what_will_happen_and_asks(books, prefect_api, monkeypatch):
    """A no releases nothing; a yes does; then nothing waits."""
    makegood("run", "--month", SEPTEMBER, *WORKSPACE)
    release = ("release", SEPTEMBER, "--client", "acme", "--workspace", "books")
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    refused = makegood(*release)
    assert (refused.code, refused.err.endswith("Nothing was released.\n")) == (1, True)
    assert "Total: 200.00 EUR" in refused.out
    assert "Release 1 credit, 200.00 EUR? [y/N]" in refused.err
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    agreed = makegood(*release)
    assert (agreed.code, agreed.out.splitlines()[-1].strip()) == (
        0,
        "1 credit released, 1 notice sent.",
    )
    assert makegood(*release).out.startswith("Nothing waits for release in 2025-09.\n")


def test_a_release_that_nobody_can_answer_ends_with_exit_code_3(books, prefect_api, monkeypatch):
    """In a script without --yes there is nobody to ask."""
    makegood("run", "--month", SEPTEMBER, *WORKSPACE)
    monkeypatch.setattr("sys.stdin", StringIO(""))
    ended = makegood("release", SEPTEMBER, "--workspace", "books")
    assert ended.code == 3
    assert ended.err.endswith("stopped before anything was changed.\n")
    assert {state for state, _ in books.owed.values()} == {"draft"}


def test_a_withheld_contract_ends_a_run_with_exit_code_1(books, prefect_api):
    """The document says which and why; the other contracts are decided."""
    books.write("checks.csv", checks(api=180))  # Nothing is known of the hosting.
    ended = makegood("run", "--month", SEPTEMBER, *WORKSPACE)
    document = validated("run", ended)
    assert ended.code == 1
    statuses = {one["contract"]: one["status"] for one in document["contracts"]}
    assert statuses == {
        "acme/api": "credit",
        "bluefin/api": "credit",
        "cloudways/hosting": "withheld",
    }


def test_a_person_reads_the_same_in_words(books, prefect_api):
    """A table, what is owed, and what to do next."""
    said = makegood("run", "--month", SEPTEMBER, "--workspace", "books").out
    assert "We owe 200.00 EUR, 360.00 USD in 2 credits.\n" in said
    assert "We are owed 50.00 USD in 1 credit.\n" in said
    assert "next: makegood release 2025-09 --workspace books\n" in said
    explained = makegood("explain", "acme/api", SEPTEMBER, "--workspace", "books").out
    assert "Calculated\n  1. uptime is" in explained
    proven = makegood("verify", "--workspace", "books").out
    assert proven.endswith("3 decisions replayed: no faults.\n")


def test_measure_and_determine_and_the_catalog_are_valid(tmp_path, monkeypatch):
    """Exact time and windows, a withheld monitor, an ignored outage; percents and days."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks.csv").write_text(CHANGES)
    measure = ("measure", "--checks", "checks.csv", "--month", SEPTEMBER, "--json")
    for options in ((), ("--ignore-outages-under-minutes", "5"), ("--window-minutes", "5")):
        assert len(validated("measure", makegood(*measure, *options))["monitors"]) == 2
    for ladder, figures in FIGURES.items():
        (tmp_path / "payload.json").write_text(f'{{"month": "2026-05", {figures}}}')
        ended = makegood("determine", "--ladder", ladder, "--payload", "payload.json", "--json")
        assert validated("determine", ended)["month"] == "2026-05"
    listed = validated("ladders-list", makegood("ladders", "list", "--json"))["ladders"]
    for ladder in listed:
        validated("ladders-show", makegood("ladders", "show", ladder["id"], "--json"))


def test_the_demos_document_is_valid(tmp_path, prefect_api):
    """Four months of real outages."""
    ended = makegood("demo", "--folder", tmp_path / "demo", "--json")
    document = validated("demo", ended)
    assert ended.code == 0
    assert len(document["months"]) == 4
