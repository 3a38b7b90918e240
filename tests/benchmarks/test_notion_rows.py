"""How fast rows are made at Notion: at the rate that Notion publishes, and not above.

The stand-in enforces 30 requests in any 10 seconds and 180 in any minute of a clock that runs
`SCALE` times as fast as ours; so do the turns that the program takes from its database. An answer
takes 300 ms of that clock. The run is killed when half of the rows are there, and a second one goes
on; each is a process of its own, so that its peak memory is its own.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from connectors.ledger.notion import AT_ONCE
from connectors.store import ContractChange, NewObligation, ShardBatch
from connectors.store.sql import open_store
from tests.memory import PEAK
from tests.standins.notion.client import running
from tests.workspaces import ACME, SEPTEMBER, Books, checks

ROWS = int(os.environ.get("MAKEGOOD_BENCH_ROWS", "10000"))
SCALE = int(os.environ.get("MAKEGOOD_BENCH_SCALE", "5"))
"""Fifteen rows a second keep a quarter of a core busy; a machine that is busy itself needs less."""

PER_SECOND = 3
ANSWER_MS = 300
SHARD = 250
MOST_MB = 300

MIRRORING = (
    PEAK
    + """
import json, resource, sys, time
from dataclasses import replace
from pathlib import Path
from connectors.ledger.notion import Clock, NotionLedger, Turns, gap_us
from flows.books import remembered_book
from flows.mirroring import mirror_rows
from flows.office import open_office
from connectors.ledger.notion import AT_ONCE
from models.workspace_file import NotionTerms

folder, month, token, page, url, scale = *sys.argv[1:6], int(sys.argv[6])
clock = Clock(lambda: time.monotonic_ns() // 1000 * scale, lambda us: time.sleep(us / scale / 1e6))
with open_office(Path(folder)) as office:
    gap = gap_us(180) // scale
    def hold_off(us):
        for name in ("notion", "notion/limit"):
            office.store.hold_off(name, us=us // scale)
    turns = Turns(
        take=lambda: office.store.turns("notion", gap_us=gap) * scale,
        hold_off=hold_off,
        held=lambda: office.store.turns("notion/limit", gap_us=0) * scale,
    )
    ledger = NotionLedger(
        token, NotionTerms(page=page), currencies=["EUR"], address=url, clock=clock,
        turns=turns,
        remembered=lambda place: remembered_book(office.store, "notion", place),
    )
    office = replace(office, ledgers={"notion": ledger})
    began = time.monotonic()
    with office.store.month_lock(month, holder="the benchmark"):
        came = mirror_rows(office, month)["notion"]
    took = time.monotonic() - began
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": took, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": peak_kb() // 1024,
    "added": came.added, "unchanged": came.unchanged, "waiting": came.waiting,
    "questions": came.questions,
}))
"""
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened between two moments."""

    requests: int
    refused: int
    seconds: float

    @property
    def ratio(self):
        """The share of the permitted rate that was used; 1 is all of it."""
        return self.requests / (PER_SECOND * self.seconds * SCALE)


def decided(folder):
    """A workspace in which so many credits of 200.00 EUR wait for release."""
    folder.mkdir()
    books = Books.laid_out(folder, ACME, checks=checks(api=120))
    books.run(notify=False)
    with closing(open_store(books.url)) as store:
        (first,) = store.obligations(SEPTEMBER)
        for start in range(1, ROWS, SHARD):
            numbers = range(start, min(start + SHARD, ROWS))
            store.record(ShardBatch(tuple(_change(first, number) for number in numbers)))
    return folder


def _change(first, number):
    client = f"client-{number:05d}"
    facts = {**first.ledger, "client_name": f"Client {number}"}
    owed = replace(first.obligation, contract=f"{client}/api")
    created = NewObligation(owed, client, "api", first.role, facts)
    return ContractChange(owed.contract, SEPTEMBER, None, {"n": number}, created=created)


def begun(workspace, folder):
    """A process that mirrors the month."""
    where = [str(folder), SEPTEMBER, workspace.token, workspace.page, workspace.url, str(SCALE)]
    command = [sys.executable, "-c", MIRRORING, *where]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def so_far(workspace):
    """How many requests came, how many met a limit, and how many made a row."""
    outcomes = workspace.counts()["outcomes"]
    refused = sum(n for outcome, n in outcomes.items() if outcome.endswith(" 429"))
    return sum(outcomes.values()), refused, outcomes.get("pages.create 200", 0)


def killed_half_way(workspace, folder):
    """Run until half of the rows are there, then pull the plug; what was done until then."""
    process = begun(workspace, folder)
    while not so_far(workspace)[2]:
        time.sleep(0.01)
    began, (before, refused_before, _) = time.monotonic(), so_far(workspace)
    while so_far(workspace)[2] < ROWS // 2:
        time.sleep(0.2)
    after, refused, _ = so_far(workspace)
    took = time.monotonic() - began
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return Stretch(after - before, refused - refused_before, took)


def gone_on(workspace, folder):
    """Run to the end; what the process tells, and what was done."""
    before, refused_before, _ = so_far(workspace)
    out, _ = begun(workspace, folder).communicate()
    after, refused, _ = so_far(workspace)
    told = json.loads(out)
    return told, Stretch(after - before, refused - refused_before, told["seconds"])


def _report(name, stretch):
    print(
        f"  {name:12} {stretch.requests:,} requests in {stretch.seconds:.1f} s: "
        f"{stretch.ratio:.1%} of the permitted rate, {stretch.refused} met a limit"
    )


@pytest.mark.benchmark
def test_rows_are_made_at_the_rate_that_is_permitted(tmp_path):
    """At least 95 % of it, through a kill and a fresh start, each row once, in flat memory."""
    folder = decided(tmp_path / "books")
    with running() as server:
        workspace = server.workspace("bench").reset()
        workspace.limits(published=True, scale=SCALE)
        workspace.options(latency_ms=ANSWER_MS // SCALE)
        first = killed_half_way(workspace, folder)
        told, second = gone_on(workspace, folder)
        again, third = gone_on(workspace, folder)
        keys = [row["cells"]["Key"] for row in workspace.rows()]
    print(f"\n{ROWS:,} rows at Notion's published rate, {SCALE} times as fast")
    for name, stretch in (("until killed", first), ("gone on", second), ("once more", third)):
        _report(name, stretch)
    print(f"  memory       {told['peak_mb']} MB at the peak, CPU {told['cpu']:.0f} s")
    # What was under way when the plug was pulled may still arrive, for ten of our own minutes.
    in_doubt = again["waiting"]
    print(f"  in doubt     {in_doubt} rows that were under way when it was killed")
    assert in_doubt <= AT_ONCE
    assert len(keys) == len(set(keys)) == ROWS - in_doubt
    assert told["waiting"] == in_doubt
    assert again["unchanged"] == ROWS - in_doubt
    assert min(first.ratio, second.ratio) >= 0.95
    assert first.refused + second.refused <= ROWS // 1000
    assert told["peak_mb"] < MOST_MB
