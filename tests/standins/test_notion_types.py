"""The types that the stand-in for Notion is held to are the official ones, and can be had."""

import json
from pathlib import Path

import pytest

from tests.standins import notion_types
from tests.standins.notion_types import (
    ANSWERS,
    REQUESTS,
    SHARED,
    TypesMissing,
    made_schema,
    or_skip,
    schema_file,
    types_of,
)

pytestmark = pytest.mark.xdist_group(name="notion-standin")
PARENT = {"type": "data_source_id", "data_source_id": "11111111-2222-4333-8444-555555555555"}


def test_the_schema_is_made_from_the_official_client():
    """Every request and every answer that the stand-in knows has its definition."""
    schema = json.loads(or_skip(made_schema).read_bytes())
    assert types_of(schema).checks.keys() == REQUESTS.keys() | ANSWERS.keys()


@pytest.mark.skipif(not SHARED.is_file(), reason=f"there is no {SHARED.name} to compare with")
def test_the_schema_is_the_one_that_was_made_elsewhere():
    """Made twice by the same recipe, each definition is the same."""
    made = json.loads(or_skip(made_schema).read_bytes())["definitions"]
    theirs = json.loads(SHARED.read_bytes())["definitions"]
    assert {name: made.get(name) for name in theirs} == theirs


@pytest.mark.parametrize(
    ("properties", "allowed"),
    [
        ({"Amount": {"number": 12.5}}, True),
        ({"Amount": {"number": "12.5"}}, False),
        ({"Currency": {"select": "USD"}}, False),
        ({"Month": {"date": "2026-05"}}, False),
    ],
)
def test_the_types_tell_right_from_wrong(properties, allowed):
    """They are closed: texts for numbers and plain strings for objects do not pass."""
    types = types_of(json.loads(or_skip().read_bytes()))
    assert types.allows("CreatePage", {"parent": PARENT, "properties": properties}) is allowed
    assert bool(types.findings("CreatePage", {"parent": PARENT, "properties": properties})) is (
        not allowed
    )


def test_without_npm_the_schema_from_elsewhere_is_used(monkeypatch, tmp_path):
    """Its lack is told with what to do about it when that one is missing too."""
    brought = tmp_path / "notion.json"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(notion_types, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(notion_types, "SHARED", brought)
    with pytest.raises(TypesMissing, match="no npm in PATH"):
        schema_file()
    brought.write_text("{}")
    assert schema_file() == brought


@pytest.mark.parametrize("required", [False, True])
def test_without_the_types_tests_are_skipped_or_fail(monkeypatch, required):
    """Skipped at a desk; failed where peers are required."""

    def missing() -> Path:
        raise TypesMissing("no npm in PATH")

    monkeypatch.setattr(notion_types, "REQUIRED", required)
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match="apt-get install npm"):
        or_skip(missing)
