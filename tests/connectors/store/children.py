"""What other operating-system processes do in the store's tests: hold locks, die, open at once."""

import os
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from sqlalchemy import Engine, event

from connectors.store import EffectOutcome, Store
from connectors.store.sql import open_store
from models.effect import EffectState
from tests.connectors.store.makers import change, notice, release_all, shard, superseded, told

CHILDREN = get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.connectors.store.children"])


def hold(url: str, period: str, pipe: Connection) -> None:
    """Take a month's lock, say so, and keep it until told otherwise."""
    with open_store(url).month_lock(period, holder="the other run"):
        pipe.send("held")
        pipe.recv()


def hold_name(url: str, name: str, pipe: Connection) -> None:
    """Take a lock by name, say so, and keep it until told otherwise."""
    with open_store(url).hold(name, holder="the other worker"):
        pipe.send("held")
        pipe.recv()


def open_together(url: str, barrier: Barrier) -> None:
    """Open the store at the same moment as the others."""
    barrier.wait()
    open_store(url).close()


def take_turns(url: str, times: int, together: Barrier, pipe: Connection) -> None:
    """Take two moments at a time, a minute apart; tell when they are, in microseconds."""
    store = open_store(url)
    together.wait()
    taken = []
    for _ in range(times):
        asked_at_us = store.now() * 1000
        taken.append(asked_at_us + store.turns("notion", gap_us=60_000_000, count=2))
    pipe.send(taken)


def die_while(url: str, act: str, statement: int) -> None:
    """Do one thing and be killed just before its n-th statement, or before its commit."""
    store = open_store(url)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    ACTS[act](store)


def record(store: Store) -> None:
    """Record a revised credit with everything that may hang on it."""
    head = store.history(["acme/api"], "2026-05")["acme/api"].head
    revised = change(
        after=head,
        revision=1,
        minor=99,
        superseded=superseded(),
    )
    store.record(shard(revised, change("zeta/api")))


def release(store: Store) -> None:
    """Release the draft and plan its notice."""
    release_all(store, effects=[notice()])


def finish(store: Store) -> None:
    """Settle the notice as done."""
    store.finish([EffectOutcome(notice().key, 1, EffectState.DONE, {"file": "1.eml"})])


def begin(store: Store) -> None:
    """Begin the notice's first attempt."""
    store.begin([notice().key])


def observe(store: Store) -> None:
    """Tell two things of two contracts."""
    store.observe([told("n"), told("n", contract="zeta/api")])


ACTS = {
    "record": record,
    "release": release,
    "finish": finish,
    "begin": begin,
    "observe": observe,
}
