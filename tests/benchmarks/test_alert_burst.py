"""How many alerts a second the receiver takes in, on PostgreSQL whose commits reach the disk."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from connectors.store.sql import open_store
from tests import postgres
from tests.webhooks.burst import killed_in_the_middle, receiver, sent, stored
from tests.webhooks.test_burst import WEBHOOKS
from tests.workspaces import Books

BURST = 20_000


@pytest.fixture
def durable_url(monkeypatch):
    """A database of a server that does what a firm's own would: it waits for the disk."""
    bin_folder = postgres.programs()
    if bin_folder is None:
        postgres.go_without()
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        monkeypatch.setitem(postgres.SETTINGS, name, "on")
    folder = Path(tempfile.mkdtemp(prefix="makegood-pg-"))
    try:
        account = postgres.unprivileged()
        os.chown(folder, account.get("user", -1), account.get("group", -1))
        postgres.initialise(folder, bin_folder)
        with postgres.running(folder, bin_folder) as server:
            url = server.url("postgres")
            open_store(url).close()
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def busy_us(pid):
    """How long a process has used a processor, in microseconds, whoever else wanted it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf("SC_CLK_TCK")


@pytest.mark.benchmark
@pytest.mark.peer
def test_twenty_thousand_alerts_and_the_receiver_is_killed(tmp_path, durable_url):
    """Every event that got a 202 is stored exactly once; then the rate, and how long it takes."""
    Books.laid_out(tmp_path, makegood=WEBHOOKS)
    burst = killed_in_the_middle(tmp_path, durable_url, BURST)
    kept = stored(durable_url)
    assert len(burst.acknowledged) == BURST
    assert sorted(kept) == sorted(burst.acknowledged)
    print(f"\n{BURST:,} with the receiver killed: each stored once, {burst.again:,} sent again")
    with receiver(tmp_path, durable_url) as (port, process):
        sent(port, range(BURST, BURST + 2_000))  # Warm.
        before = busy_us(process.pid)
        fast = sent(port, range(100_000, 100_000 + BURST))
        each = (busy_us(process.pid) - before) // BURST
        print(f"the receiver was busy for {each} us with each, on a machine shared with others")
        print(f"as fast as it goes: {fast.per_second:,}/s, p99 {fast.percentile_us(99) // 1000} ms")
        steady = sent(port, range(200_000, 200_000 + BURST), per_second=1_000)
        print(
            f"at 1,000/s: {steady.per_second:,}/s, "
            f"p50 {steady.percentile_us(50) // 1000} ms, p99 {steady.percentile_us(99) // 1000} ms"
        )
