"""`makegood incidents`, as a person types it and as a script reads it."""

import json

import pytest
from jsonschema import Draft202012Validator

from connectors.store.sql import open_store
from deployments.cli.schemas import schema_path
from models.intervals import utc_text
from tests.command import makegood
from tests.connectors.store.makers import unreadable
from tests.flows.incident_office import INCIDENTS, down, laid_out, up

API = ("robot/777", "errors/Errors")


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A workspace whose API is guarded."""
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    return laid_out(tmp_path)


def during(books, act):
    """Something happens in the store."""
    store = open_store(books.url)
    try:
        return act(store)
    finally:
        store.close()


@pytest.fixture
def key(books):
    """A draft: the API is down since six minutes."""
    start = during(books, lambda store: down(store, *API, minutes_ago=6))
    ended = makegood("incidents", "guard", "--workspace", books.folder)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "1 decision, no posts published.")
    return f"api/{utc_text(start)}"


def incidents(books, *arguments):
    """The command in this workspace."""
    return makegood("incidents", *arguments, "--workspace", books.folder)


def document(books, *arguments, schema):
    """What it prints with --json, after its schema has accepted it."""
    ended = incidents(books, *arguments, "--json")
    schema = json.loads(schema_path(schema).read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads(ended.out))
    return ended.code, ended.document


def test_without_incidents_nothing_is_open(books):
    """And nothing waits."""
    ended = incidents(books, "list")
    assert (ended.code, ended.out) == (0, "No incident is open.\n")


def test_a_draft_is_listed_and_waits_for_somebody(books, key):
    """Exit code 1."""
    code, listed = document(books, "list", schema="incidents")
    (one,) = listed["incidents"]
    assert (code, one["incident"], one["state"]) == (1, key, "draft")
    assert (one["unmet"], one["waiting"], one["clients"]) == ([], [], ["acme", "bluefin"])


def test_a_draft_shows_what_it_may_cost(books, key):
    """While the outage still lasts; and who said down."""
    code, shown = document(books, "show", key, schema="incidents-show")
    assert code == 1
    assert [stake["contract"] for stake in shown["at_stake"]] == ["acme/api", "bluefin/api"]
    assert [move["says"] for move in shown["history"]] == ["opened"]
    ended = incidents(books, "show", key)
    assert f"{key}: draft" in ended.out
    assert "May cost: acme/api" in ended.out


def test_an_approved_draft_is_on_the_page_at_once(books, key, tmp_path):
    """With what was said otherwise; the promise counts from now."""
    told = ("approve", key, "--impact", "Logins fail.", "--next-update-in", 20)
    code, moved = document(books, *told, schema="incidents-move")
    assert (code, moved["incident"]["state"], moved["posts"]["done"]) == (0, "investigating", 1)
    assert moved["incident"]["updates"][0]["pages"] == ["status"]
    assert "Logins fail." in (tmp_path / "status/index.html").read_text(encoding="utf-8")
    assert makegood("verify", "--workspace", books.folder).code == 0


def test_what_misses_the_checklist_is_refused_with_everything_it_misses(books, key):
    """Exit code 2; nothing was written."""
    told = ("--scope", " ", "--level", "minor", "--component", "web=partial_outage")
    ended = incidents(books, "approve", key, *told, "--next-update-by", "2020-01-01T00:00:00Z")
    assert ended.code == 2
    assert "scope is missing" in ended.err
    assert "next_update_by is 2020-01-01T00:00:00Z" in ended.err
    assert "level is minor, and the components come to critical" in ended.err
    assert "3 findings; nothing was written." in ended.err
    assert document(books, "list", schema="incidents")[1]["incidents"][0]["state"] == "draft"


def test_an_incident_goes_on_to_resolved(books, key):
    """Update, then resolve; it leaves the list."""
    assert incidents(books, "approve", key, "--next-update-in", 30).code == 0
    assert (
        incidents(books, "update", key, "--state", "identified", "--cause", "A release.").code == 0
    )
    again = incidents(books, "update", key, "--state", "identified")
    assert (again.code, "half an hour between two updates" in again.err) == (2, True)
    assert incidents(books, "resolve", key).code == 0
    ended = incidents(books, "list")
    assert (ended.code, ended.out.splitlines()) == (
        0,
        ["No incident is open.", "1 closed incident left out; --all shows them."],
    )
    assert incidents(books, "update", key, "--state", "monitoring").code == 2


def test_a_rejected_draft_leaves_the_list(books, key):
    """The reason is kept."""
    assert incidents(books, "reject", key, "--why", " ").code == 2
    assert incidents(books, "reject", key, "--why", "a test of ours").code == 0
    assert "rejected by" in incidents(books, "show", key).out
    assert "a test of ours" in incidents(books, "show", key).out


def test_an_edited_draft_and_a_note_are_kept(books, key):
    """Nobody is told."""
    assert incidents(books, "edit", key, "--mitigation", "We roll back.").code == 0
    assert incidents(books, "note", key, "Kim was called at nine.").code == 0
    shown = incidents(books, "show", key).out
    assert "mitigation: We roll back." in shown
    assert "Kim was called at nine." in shown


def test_a_round_tells_scripts_what_it_decided(books, key):
    """The recovery, and that nothing more is due."""
    during(books, lambda store: up(store, "robot/777", minutes_ago=3))
    code, told = document(books, "guard", schema="incidents-guard")
    assert code == 0
    assert [one["verdict"] for one in told["decisions"]] == ["snoozed"]
    assert (told["decisions"][0]["incident"], told["next_due_at"]) == (key, None)


def test_bodies_that_cannot_be_used_are_shown(books):
    """Exit code 1 while there are any."""
    assert incidents(books, "quarantine").code == 0
    during(books, lambda store: store.hear([unreadable()]))
    code, shown = document(books, "quarantine", schema="incidents-quarantine")
    (body,) = shown["bodies"]
    assert (code, body["source"], body["why"]) == (1, "robot", "is no JSON")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "api/2020"], "KEY: is 'api/2020'; an incident of this workspace"),
        (["update", "KEY", "--state", "fixed"], "--state: is 'fixed'"),
        (["approve", "KEY", "--component", "api=down"], "--component: is 'api=down'"),
        (["approve", "KEY", "--next-update-by", "soon"], "--next-update-by: is 'soon'"),
    ],
)
def test_what_cannot_be_meant_is_refused(books, key, arguments, says):
    """Exit code 2, with what was expected."""
    ended = incidents(books, *[key if one == "KEY" else one for one in arguments])
    assert ended.code == 2
    assert says in ended.err


def test_a_page_that_is_away_is_told_later(books, key, monkeypatch):
    """What was approved is noted; the next round brings it there. Exit code 3."""
    away = "    - {id: far, kind: statuspage, page: p1, address: 'http://127.0.0.1:9'}\n"
    text = INCIDENTS.replace("{PAGES}", "{far: c1}") + away
    books.write("makegood.yaml", "name: Relay\n" + text)
    monkeypatch.setenv("MAKEGOOD_SOURCE_FAR_KEY", "key")
    ended = incidents(books, "approve", key, "--next-update-in", 20)
    assert ended.code == 3
    assert "cannot be reached" in ended.err
    code, shown = document(books, "show", key, schema="incidents-show")
    assert (code, shown["incident"]["waiting"]) == (0, ["far"])


def test_a_postmortem_is_written_finished_and_kept(books, key, tmp_path):
    """What is compiled goes to a new file; people fill its gaps; a version is kept."""
    file = tmp_path / "postmortem.md"
    assert incidents(books, "postmortem", key, "--write", file).code == 0
    again = incidents(books, "postmortem", key, "--write", file)
    assert (again.code, "is there already" in again.err) == (2, True)
    early = incidents(books, "postmortem", key, "--keep", file)
    assert (early.code, "still has 4 gaps" in early.err) == (2, True)
    file.write_text("# What happened\n\nA release.\n", encoding="utf-8")
    kept = incidents(books, "postmortem", key, "--keep", file)
    assert (kept.code, kept.out) == (0, f"{key}: version 1 is kept.\n")
    assert "a postmortem of 28 characters" in incidents(books, "show", key).out


def test_a_shared_postmortem_is_printed_as_html(books, key):
    """Without clients."""
    ended = incidents(books, "postmortem", key, "--shared", "--format", "html")
    assert (ended.code, "acme" in ended.out) == (0, False)
    assert ended.out.startswith("<!doctype html>")
