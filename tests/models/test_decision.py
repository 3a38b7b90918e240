"""The decision log: equal facts have equal digests, and a chain shows every change to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from models.decision import GENESIS, EntryKind, canonical, chain_faults, digest_of, link

AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def chain(length=3):
    """A chain of acme/api with one entry a month."""
    entries, last = [], None
    for number in range(length):
        entry = link(
            contract="acme/api",
            period=f"2026-{number + 1:02d}",
            kind=EntryKind.DETERMINED,
            body={"credit_minor": 100 * number, "steps": ["measured"]},
            recorded_at=AT + timedelta(days=number),
            after=last,
        )
        entries.append(entry)
        last = (entry.sequence, entry.digest)
    return entries


def test_canonical_json_has_one_form():
    """Sorted keys, no blanks, letters as they are."""
    assert canonical({"b": [1, None, True], "a": "é"}) == '{"a":"é","b":[1,null,true]}'
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of((1, 2)) == digest_of([1, 2])


@pytest.mark.parametrize("value", [1.5, Decimal(1), {"a": [0.1]}, {1: "a"}, AT, {"a"}])
def test_what_has_no_exact_form_is_refused(value):
    """A float, a Decimal, a date or a key that is no text never enters a record."""
    with pytest.raises(TypeError, match="has no exact form in a record"):
        canonical(value)


def test_a_chain_starts_at_the_beginning_and_follows_itself():
    """Each entry names the digest of the one before."""
    first, second, third = chain()
    assert (first.sequence, first.previous) == (0, GENESIS)
    assert second.previous == first.digest
    assert third.previous == second.digest
    assert chain_faults([first, second, third]) == []
    assert chain_faults([]) == []


def test_the_same_instant_in_another_zone_is_the_same_entry():
    """A database may hand the instant back in a zone of its own."""
    entry = chain(1)[0]
    moved = replace(entry, recorded_at=entry.recorded_at.astimezone(timezone(timedelta(hours=2))))
    assert chain_faults([moved]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"credit_minor": 101, "steps": ["measured"]}},
        {"period": "2026-12"},
        {"kind": EntryKind.RELEASED},
        {"recorded_at": AT},
        {"contract": "globex/api"},
        {"digest": "f" * 64},
    ],
)
def test_a_changed_entry_shows(change):
    """Every fact is under the digest."""
    entries = chain()
    entries[1] = replace(entries[1], **change)
    assert any("its content is not what was recorded" in fault for fault in chain_faults(entries))


def test_a_rewritten_entry_shows_in_the_one_after_it():
    """Whoever recomputes one digest must recompute them all."""
    entries = chain()
    entries[1] = link(
        contract="acme/api",
        period="2026-02",
        kind=EntryKind.DETERMINED,
        body={"credit_minor": 0},
        recorded_at=AT,
        after=(0, entries[0].digest),
    )
    assert chain_faults(entries) == [
        "acme/api entry 2 (2026-03, determined): does not follow the entry before it"
    ]


def test_a_missing_entry_shows():
    """The second of three is gone."""
    first, _, third = chain()
    assert chain_faults([first, third]) == [
        "acme/api entry 2 (2026-03, determined): entry 1 is missing before it",
        "acme/api entry 2 (2026-03, determined): does not follow the entry before it",
    ]


def test_a_repeated_entry_shows():
    """The same entry twice is not a chain."""
    first, second, _ = chain()
    faults = chain_faults([first, second, second])
    assert "acme/api entry 1 (2026-02, determined): it stands where entry 2 belongs" in faults
