"""Whoever alters the past is found: every kind of tampering is named, and nothing else is.

Each test alters the database by hand, past the triggers that would refuse it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.store.sql import open_store
from flows import verify as verification
from models.case import Decided, decide
from models.decision import GENESIS, EntryKind, canonical, entry_digest
from models.money import Money
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, checks

ACME_R0 = "acme/api/2025-09/r0"
BLUEFIN_R0 = "bluefin/api/2025-09/r0"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A month that was drafted, decided again, released and corrected."""
    books = Books.laid_out(
        tmp_path_factory.mktemp("verify") / "books", ACME, BLUEFIN, checks=checks(api=100)
    )
    books.run()
    books.write("checks.csv", checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(api=500))
    books.run()
    return books


@pytest.fixture
def copied(original, tmp_path):
    """A copy of its database, without the triggers that guard it."""
    path = tmp_path / "makegood.db"
    with closing(sqlite3.connect(original.folder / "makegood.db")) as source:
        source.execute("VACUUM INTO ?", (str(path),))
    with changing(path) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f"DROP TRIGGER {name}")
    return path


@contextmanager
def changing(path) -> Iterator[sqlite3.Connection]:
    """Whatever is done to the database in the block."""
    with closing(sqlite3.connect(path)) as database, database:
        yield database


def verified(path, **scope) -> verification.Verification:
    """What is proven of a database."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        return verification.verify(store, **scope)


def only_fault(path) -> str:
    """The one thing that does not hold."""
    (fault,) = verified(path).faults
    return fault


def test_an_honest_month_is_proven(copied):
    """Three decisions for each of two contracts; the workspace has a chain of its own."""
    found = verified(copied)
    assert (found.chains, found.replayed, found.faults) == (3, 6, ())


def test_only_the_decisions_of_the_month_are_replayed(copied):
    """The chains are read whole all the same."""
    assert verified(copied, period="2025-08").replayed == 0
    assert verified(copied, period=SEPTEMBER).replayed == 6
    assert verified(copied, period="2025-08").entries == verified(copied).entries


@pytest.mark.parametrize("kind", ["determined", "drafted", "superseded", "released", "effect_done"])
def test_a_changed_body_is_found_whatever_it_records(copied, kind):
    """One word more in any entry, and the entry is named."""
    with changing(copied) as database:
        sequence, body = database.execute(
            "SELECT sequence, body FROM log_entry WHERE contract = 'acme/api' AND kind = ?"
            " ORDER BY sequence",
            (kind,),
        ).fetchone()
        forged = canonical(json.loads(body) | {"remark": "harmless"})
        database.execute(
            "UPDATE log_entry SET body = ? WHERE contract = 'acme/api' AND sequence = ?",
            (forged, sequence),
        )
    expected = f"acme/api entry {sequence} (2025-09, {kind}): its content is not what was recorded"
    assert only_fault(copied) == expected


@pytest.mark.parametrize(
    ("column", "value"), [("period", "2025-08"), ("recorded_at", 1), ("kind", "released")]
)
def test_what_stands_beside_a_body_is_covered_too(copied, column, value):
    """Month, instant and kind of an entry are in its digest."""
    with changing(copied) as database:
        database.execute(
            f"UPDATE log_entry SET {column} = ? WHERE contract = 'acme/api' AND sequence = 0",  # noqa: S608  The column is written above.
            (value,),
        )
    assert any(
        fault.startswith("acme/api entry 0") and "its content is not what was recorded" in fault
        for fault in verified(copied).faults
    )


def test_a_removed_entry_is_found(copied):
    """The gap is named."""
    with changing(copied) as database:
        database.execute("DELETE FROM log_entry WHERE contract = 'acme/api' AND sequence = 2")
    assert any(
        fault.startswith("acme/api entry 3") and "entry 2 is missing before it" in fault
        for fault in verified(copied).faults
    )


def test_a_removed_last_entry_is_found_by_the_table(copied):
    """The chain is whole; the credit that it should have drafted is in the table."""
    with changing(copied) as database:
        database.execute(
            "DELETE FROM log_entry WHERE contract = 'acme/api' AND sequence ="
            " (SELECT max(sequence) FROM log_entry WHERE contract = 'acme/api')"
        )
    key = "acme/api/2025-09/r2"
    assert only_fault(copied) == f"{key}: is in the table (draft) and not in the log"


def test_a_removed_record_of_an_effect_is_found(copied):
    """A summary that was sent cannot be unsaid."""
    with changing(copied) as database:
        database.execute(
            "DELETE FROM log_entry WHERE contract = '*' AND sequence ="
            " (SELECT max(sequence) FROM log_entry WHERE contract = '*')"
        )
    assert "is in the table (done) and not in the log" in only_fault(copied)


def test_an_inserted_entry_is_found_though_it_is_linked_correctly(copied):
    """A second release by somebody else, appended with the right digests."""
    with changing(copied) as database:
        append(
            database,
            "released",
            {
                "obligation": "acme/api/2025-09/r2",
                "by": "mallory",
                "at": "2025-11-01T00:00:00Z",
                "why": "",
            },
        )
    key, release = "acme/api/2025-09/r2", "['mallory', '2025-11-01T00:00:00Z', '']"
    assert set(verified(copied).faults) == {
        f"{key}: state is released in the log and draft in the table",
        f"{key}: release is {release} in the log and None in the table",
    }


def test_an_entry_that_is_pushed_in_between_is_found(copied):
    """Those after it no longer follow."""
    with changing(copied) as database:
        for sequence in range(20, 1, -1):
            database.execute(
                "UPDATE log_entry SET sequence = sequence + 1"
                " WHERE contract = 'acme/api' AND sequence = ?",
                (sequence,),
            )
        database.execute(
            "INSERT INTO log_entry SELECT contract, 2, period, kind, body, recorded_at, previous,"
            " digest FROM log_entry WHERE contract = 'acme/api' AND sequence = 1"
        )
    assert any("does not follow the entry before it" in fault for fault in verified(copied).faults)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("amount_minor = 99900", "amount is 200.00 in the log and 999.00 in the table"),
        ("currency = 'USD'", "currency is EUR in the log and USD in the table"),
        ("released_by = 'mallory'", "release is ['kim', "),
        ("kind = 'adjustment'", "kind is credit in the log and adjustment in the table"),
        ("reason = 'goodwill'", "reason is the monitoring evidence changed in the log"),
        ("decision = 'other'", "decision is "),
        ("ledger = replace(ledger, '99.722222', '99.999999')", "facts is "),
    ],
)
def test_a_changed_obligation_is_found(copied, change, says):
    """Amount, currency, release, and what the client will read."""
    released = "acme/api/2025-09/r1"
    with changing(copied) as database:
        changed = database.execute(f"UPDATE obligation SET {change} WHERE key = ?", (released,))  # noqa: S608  The change is written above.
        assert changed.rowcount == 1
    assert only_fault(copied).startswith(f"{released}: {says}")


def test_a_removed_obligation_is_found(copied):
    """The log still knows it."""
    with changing(copied) as database:
        database.execute("DELETE FROM obligation WHERE key = 'acme/api/2025-09/r2'")
    assert only_fault(copied) == ("acme/api/2025-09/r2: is in the log (draft) and not in the table")


@pytest.mark.parametrize("month", [SEPTEMBER, "2031-01"])
def test_an_invented_obligation_is_found(copied, month):
    """Also in a month that nobody ever ran."""
    key = f"acme/api/{month}/r9"
    with changing(copied) as database:
        database.execute(
            "INSERT INTO obligation (key, contract, client, service, role, period, revision, kind,"
            " state, amount_minor, currency, reason, ledger, decision)"
            " SELECT ?, contract, client, service, role, ?, 9, kind, 'superseded', amount_minor,"
            " currency, reason, ledger, decision FROM obligation WHERE key = ?",
            (key, month, ACME_R0),
        )
    assert only_fault(copied) == f"{key}: is in the table (superseded) and not in the log"


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("evidence", "UPDATE evidence SET body = replace(body, '1757', '1758')", "was altered"),
        ("evidence", "UPDATE evidence SET body = '{'", "cannot be replayed"),
        ("evidence", "DELETE FROM evidence", "is missing"),
        ("terms", "UPDATE terms SET body = replace(body, '\"2000\"', '\"9000\"')", "was altered"),
        ("terms", "DELETE FROM terms", "is missing"),
    ],
)
def test_altered_evidence_and_terms_are_found(copied, table, change, says):
    """The decisions that rest on them cannot be replayed, and each of them is named."""
    with changing(copied) as database:
        before = database.execute(f"SELECT body FROM {table}").fetchall()  # noqa: S608  The table is written above.
        database.execute(change)
        assert database.execute(f"SELECT body FROM {table}").fetchall() != before  # noqa: S608  As above.
    faults = verified(copied).faults
    assert faults
    assert all("cannot be replayed" in fault and says in fault for fault in faults)
    assert any(fault.startswith("acme/api 2025-09 (entry 0)") for fault in faults)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("intent = replace(intent, '200.00', '900.00')", "its intent is not what was planned"),
        ("state = 'planned', done_at = NULL", "is in the log (done) and not in the table"),
        ("intent_digest = 'x'", "intent is "),
    ],
)
def test_a_changed_effect_is_found(copied, change, says):
    """What was sent to Acme, and that it was sent."""
    key = "acme/api/2025-09/r1/notice"
    with changing(copied) as database:
        changed = database.execute(f"UPDATE effect SET {change} WHERE key = ?", (key,))  # noqa: S608  The change is written above.
        assert changed.rowcount == 1
    assert any(fault.startswith(f"{key}: {says}") for fault in verified(copied).faults)


def test_a_forged_determination_is_found_though_everything_agrees_with_it(copied):
    """Log, table and every digest are made to say 900.00; replaying the inputs says 200.00."""
    with changing(copied) as database:
        rewrite(database, lambda text: text.replace('"200.00"', '"900.00"'))
        database.execute("UPDATE obligation SET amount_minor = 90000 WHERE amount_minor = 20000")
    faults = verified(copied).faults
    replayed = [fault for fault in faults if "determination comes out differently" in fault]
    assert "credit_amount was 900.00, is 200.00" in replayed[0]


def test_a_forged_draft_is_found_though_log_and_table_agree_on_it(copied):
    """Acme's correction is made to pay 700.00: of 500.00 in all, 200.00 were released, 300.00 left.

    The determination, and every digest, are right; only draft and table say something else.
    """
    with changing(copied) as database:
        rewrite(database, lambda text: text.replace('"amount":"300.00"', '"amount":"700.00"'))
        database.execute("UPDATE obligation SET amount_minor = 70000 WHERE amount_minor = 30000")
    assert only_fault(copied) == (
        "acme/api/2025-09/r2: is drafted with 700.00, which its decision and what was released "
        "before do not leave to be paid"
    )


def test_a_program_that_decides_otherwise_is_found(copied, monkeypatch):
    """A mutant: a program that pays one cent more cannot replay what was recorded."""

    def dearer(case):
        decided = decide(case)
        amount = decided.determination.amount
        assert amount is not None
        cent_more = Money(amount.minor + 1, amount.currency)
        return replace(decided, determination=replace(decided.determination, amount=cent_more))

    monkeypatch.setattr(verification, "decide", dearer)
    faults = verified(copied).faults
    assert len(faults) == 6
    assert all("determination comes out differently when replayed" in fault for fault in faults)


def test_a_program_that_words_its_sentences_otherwise_replays_the_same_figures(copied, monkeypatch):
    """A later version explains better: what was decided before still holds."""
    reword_steps(monkeypatch)
    assert verified(copied).faults == ()


def reword_steps(monkeypatch) -> None:
    """Have every step and reason end in other words than those that were recorded."""

    def reworded(case):
        decided = decide(case)
        answer, measured, uptime = decided.determination, decided.measured, decided.measured.uptime
        assert uptime is not None
        steps = tuple(replace(step, says=f"{step.says}, said better") for step in answer.steps)
        reasons = tuple(f"{reason}, said better" for reason in uptime.reasons)
        return Decided(
            replace(measured, uptime=replace(uptime, reasons=reasons)),
            replace(answer, steps=steps),
        )

    monkeypatch.setattr(verification, "decide", reworded)


def append(database: sqlite3.Connection, kind: str, body: dict[str, str]) -> None:
    """Append an entry to Acme's chain, as a careful forger would."""
    sequence, previous = database.execute(
        "SELECT sequence, digest FROM log_entry WHERE contract = 'acme/api'"
        " ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    entry = ["acme/api", sequence + 1, SEPTEMBER, kind, canonical(body), 1_762_000_000_000]
    database.execute(
        "INSERT INTO log_entry (contract, sequence, period, kind, body, recorded_at, previous,"
        " digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry, previous, digest_of_row(entry, previous)),
    )


def rewrite(database: sqlite3.Connection, forge) -> None:
    """Forge the bodies of Acme's chain and link it anew from its first entry on."""
    rows = database.execute(
        "SELECT contract, sequence, period, kind, body, recorded_at, digest FROM log_entry"
        " WHERE contract = 'acme/api' ORDER BY sequence"
    ).fetchall()
    previous, renamed = GENESIS, dict[str, str]()
    for *entry, old in rows:
        forged = forge(entry[4])
        for before, after in renamed.items():
            forged = forged.replace(before, after)
        entry[4] = forged
        digest = digest_of_row(entry, previous)
        database.execute(
            "UPDATE log_entry SET body = ?, previous = ?, digest = ?"
            " WHERE contract = 'acme/api' AND sequence = ?",
            (forged, previous, digest, entry[1]),
        )
        database.execute("UPDATE obligation SET decision = ? WHERE decision = ?", (digest, old))
        renamed[old] = previous = digest


def digest_of_row(entry, previous: str) -> str:
    """The digest that a row of the log must have."""
    contract, sequence, period, kind, body, recorded_at = entry
    return entry_digest(
        contract=contract,
        period=period,
        sequence=sequence,
        kind=EntryKind(kind),
        body=json.loads(body),
        recorded_at=datetime.fromtimestamp(recorded_at / 1000, tz=UTC),
        previous=previous,
    )
