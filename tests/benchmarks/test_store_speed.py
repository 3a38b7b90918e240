"""How fast a month of 10,000 contracts is recorded, read and released; reported, not judged."""

import time

import pytest

from connectors.store import ContractChange, Evidence, NewObligation, ShardBatch, batch_digest
from connectors.store.sql import open_store
from models.contract import Role
from models.credit import Obligation, ObligationKind, ObligationState
from models.money import Currency, Money

MONTH = "2026-05"
SHARDS, PER_SHARD, MONITORS = 40, 250, 1_000
EUR = Currency.of("EUR")
STEPS = [f"step {n}: 99.8978 % is below the commitment of 99.9 %, so it counts" for n in range(28)]


def timeline(monitor):
    """About 2 KB of changes."""
    return Evidence.of(f"m-{monitor}", [[n * 300_000, monitor % 4] for n in range(150)])


def changes(shard, *, drafts):
    """A shard's determinations of about 2 KB each; every tenth earns a credit when asked for."""
    for n in range(PER_SHARD):
        contract = f"client-{shard:02d}-{n:03d}/api"
        amount = Money(12_345, EUR)
        owed = Obligation(
            contract, MONTH, 0, ObligationKind.CREDIT, ObligationState.DRAFT, amount, "first"
        )
        new = NewObligation(
            owed, owed.contract[:-4], "api", Role.PROVIDER, {"uptime_percent": "99.8978"}
        )
        yield ContractChange(
            contract,
            MONTH,
            after=None,
            determined={"contract": contract, "steps": STEPS},
            created=new if drafts and n % 10 == 0 else None,
        )


def batches(*, drafts):
    """All shards; each brings the 250 timelines that it refers to, so that most come four times."""
    timelines = [timeline(monitor) for monitor in range(MONITORS)]
    return [
        ShardBatch(
            changes=tuple(changes(shard, drafts=drafts)),
            evidence=tuple(timelines[(shard * 25 + n) % MONITORS] for n in range(PER_SHARD)),
        )
        for shard in range(SHARDS)
    ]


def timed(name, act):
    """Run something once and print how long it took."""
    began = time.perf_counter()
    answer = act()
    print(f"  {name}: {time.perf_counter() - began:.2f} s")
    return answer


@pytest.mark.benchmark
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
@pytest.mark.parametrize("drafts", [False, True], ids=["log alone", "with drafts"])
def test_a_month_of_ten_thousand_contracts(request, tmp_path, database, drafts):
    """Record 40 shards of 250, read the histories, stream the log, release the drafts."""
    sqlite = f"sqlite:///{tmp_path}/makegood.db"
    url = sqlite if database == "sqlite" else request.getfixturevalue("postgres_url")
    print(f"\n{database}, {'every tenth drafts a credit' if drafts else 'the log alone'}")
    store = timed("open", lambda: open_store(url))
    shards = timed("prepare (not the store's time)", lambda: batches(drafts=drafts))
    timed("record", lambda: [store.record(batch) for batch in shards])
    named = [[change.contract for change in batch.changes] for batch in shards]
    known = timed("history", lambda: [store.history(part, MONTH) for part in named])
    assert sum(len(part) for part in known) == SHARDS * PER_SHARD
    entries = timed("stream the log", lambda: sum(1 for _ in store.entries()))
    shown = store.obligations(MONTH)
    assert entries == SHARDS * PER_SHARD + len(shown)
    if shown:
        keys = [draft.key for draft in shown]
        digest = batch_digest(shown)
        timed(
            f"release {len(keys)}",
            lambda: store.release(keys, shown=digest, by="Kim", why="checked", at=0),
        )
    store.close()
