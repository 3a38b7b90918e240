"""A scene of the sweep, prepared: its credits are released and recorded, and nothing is paid yet.

It is prepared once; each case begins with a copy of its database and of the vendor's state.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.billing.stripe import Pace, StripeBilling
from connectors.errors import Misconfigured, Retriable
from connectors.store import MonthLockedError, Store, batch_digest
from connectors.store.sql import SqlStore, open_store
from flows import paying, reconcile
from flows.office import Office, read_terms
from flows.settings import DATABASE_URL
from models.credit import ObligationState
from models.workspace_file import BillingMode, Workspace
from tests.connectors.billing.conformance import JUNE_3
from tests.connectors.billing.stage import PERMISSIONS, StripeScene
from tests.postgres import Server
from tests.standins.stripe.client import Account, StandIn, running
from tests.sweep import life
from tests.sweep.life import CHANGES
from tests.sweep.scenes import SCENES, Scene, measured
from tests.workspaces import RELEASED_AT, SEPTEMBER, Books

MEMORY = Path("/dev/shm")  # noqa: S108  Databases that live for a second need no disk.
UNLIMITED = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the databases are.

    Attributes:
        folder: The workspace; SQLite's files lie in it.
        server: PostgreSQL's server; None for SQLite.
        name: A prefix of the databases' names.
    """

    folder: Path
    server: Server | None
    name: str

    @property
    def original(self) -> str:
        """The address of the database that is copied."""
        return self._url(self.name)

    @property
    def copy(self) -> str:
        """The address where each case has its own."""
        return self._url(f"{self.name}_case")

    def _url(self, name: str) -> str:
        return self.server.url(name) if self.server else f"sqlite:///{self.folder / name}.db"

    @contextmanager
    def copied(self) -> Iterator[None]:
        """A fresh copy, until the block ends."""
        copy = f"{self.name}_case"
        if self.server:
            self.server.execute(f"CREATE DATABASE {copy} TEMPLATE {self.name}")
            yield
            self.server.execute(f"DROP DATABASE {copy} WITH (FORCE)")
            return
        shutil.copyfile(self.folder / f"{self.name}.db", self.folder / f"{copy}.db")
        yield
        for path in self.folder.glob(f"{copy}.db*"):
            path.unlink()

    def lose_locks(self) -> None:
        """Take every lock away from whoever holds it."""
        for lock in self.folder.glob(f"{self.name}_case.db-*.lock"):
            lock.unlink()


@dataclass(frozen=True, slots=True)
class Ready:
    """A scene that is prepared.

    Attributes:
        scene: Which one.
        place: Where its databases are.
        account: The vendor's account, whose state is frozen.
        now_ms: What its clock shows at the beginning.
        store: On the place of the copy, without a connection: a child uses it at once.
    """

    scene: Scene
    place: Place
    account: Account
    now_ms: int
    store: Store

    @property
    def late(self) -> Path:
        """Where a request lies that has not arrived yet."""
        return self.place.folder / "late"

    @contextmanager
    def begun(self) -> Iterator[None]:
        """The beginning of a case: database and vendor as they were."""
        self.account.tell("thaw", name=self.account.name)
        self.late.unlink(missing_ok=True)
        with self.place.copied():
            yield
            disconnect(self.store)

    def pay(self, *, at_once: int = 1) -> None:
        """One payment run, as `release` and `run` do it; that it cannot finish is no fault."""
        pay(self, self.store, at_once=at_once)


@contextmanager
def prepared(name: str, server: Server | None, vendor: str = "") -> Iterator[Ready]:
    """A scene that is prepared, until the block ends; `vendor` is a running stand-in's address."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="makegood-sweep-", dir=memory))
    place = Place(folder, server, f"sweep_{os.getpid()}")
    try:
        with nullcontext(StandIn(vendor, 0)) if vendor else running() as stand_in:
            yield _ready(SCENES[name], place, _account(stand_in))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account(stand_in: StandIn) -> Account:
    """An account of this process's own, whose clock stands still on 3 June 2026."""
    account = stand_in.account(f"sweep{os.getpid()}").reset(now_ms=JUNE_3)
    account.tell("key", secret=account.restricted_key, permissions=PERMISSIONS)
    return account


def _ready(scene: Scene, place: Place, account: Account) -> Ready:
    if place.server:
        place.server.execute(f"CREATE DATABASE {place.name}")
    CHANGES.setenv(DATABASE_URL, place.original)
    books = Books.laid_out(place.folder, *scene.contracts)
    scene.stage(StripeScene(account))
    now_ms = account.tell("clock")["now_ms"]
    with closing(open_store(place.original)) as store:
        ready = Ready(scene, place, account, now_ms, store)
        if scene.before is not None:
            _release(books, store, scene.before)
            pay(ready, store)
        _release(books, store, scene.minutes_down)
    account.tell("freeze", name=account.name)
    return _warmed(ready)


def _release(books: Books, store: Store, minutes: int) -> None:
    """Run the month and record the release of what it owes, and nothing more."""
    books.write("checks.csv", measured(minutes))
    books.run(notify=False)
    drafts = store.obligations(SEPTEMBER, states=[ObligationState.DRAFT])
    keys = [draft.key for draft in drafts]
    store.release(keys, shown=batch_digest(drafts), by="kim", why="reviewed", at=RELEASED_AT)


def _warmed(ready: Ready) -> Ready:
    """Do everything once, so that no child has to import or compile."""
    with ready.place.copied():
        store = open_store(ready.place.copy)
        pay(ready, store)
        disconnect(store)
    # What is there by now stays: a child that counts it would copy it.
    gc.collect()
    gc.freeze()
    return Ready(ready.scene, ready.place, ready.account, ready.now_ms, store)


def disconnect(store: Store) -> None:
    """Close every connection; the store opens new ones when it is used."""
    if not isinstance(store, SqlStore):
        raise TypeError("the sweep runs on a database")
    store.close()


def pay(ready: Ready, store: Store, *, at_once: int = 1) -> None:
    """See `Ready.pay`."""
    with closing(billing_of(ready, at_once)) as billing:
        office = _office(ready, store, billing)
        life.LIFE.running = True
        with (
            suppress(MonthLockedError, Retriable, Misconfigured),
            store.month_lock(SEPTEMBER, holder="the sweep"),
        ):
            paying.pay_released(office, SEPTEMBER)


def differences(ready: Ready) -> list[str]:
    """What `makegood reconcile` finds, ledgers apart: the sweep writes none."""

    @contextmanager
    def office(_folder: Path, *, read_only: bool) -> Iterator[Office]:
        yield _office(ready, ready.store, None)

    @contextmanager
    def billing(_workspace: Workspace, _folder: Path) -> Iterator[StripeBilling]:
        with closing(billing_of(ready, 1)) as opened:
            yield opened

    with pytest.MonkeyPatch.context() as changes:
        changes.setattr(reconcile, "open_office", office)
        changes.setattr(reconcile, "open_billing", billing)
        now = ready.now_ms + life.LIFE.moved_ms
        found = reconcile.reconcile_books(ready.place.folder, now=now)
    return [str(difference) for difference in found.result.differences]


def _office(ready: Ready, store: Store, billing: StripeBilling | None) -> Office:
    folder = ready.place.folder
    workspace, contracts, events = read_terms(folder)
    return Office(folder, workspace, contracts, events, {}, store, {}, None, billing)


def billing_of(ready: Ready, at_once: int) -> StripeBilling:
    """The real connector at no particular pace, on this life's clocks."""
    billing = StripeBilling(
        ready.account.restricted_key,
        mode=BillingMode.TEST,
        address=ready.account.url,
        pace=Pace(per_second=UNLIMITED, per_endpoint=UNLIMITED, sleep=lambda _: None),
        sleep=lambda seconds: life.LIFE.pause(round(seconds * 1000)),
        now=lambda: ready.now_ms + life.LIFE.moved_ms,
        awake=lambda: life.LIFE.boottime_ms() * 1_000_000,
    )
    billing.at_once = at_once
    return billing
